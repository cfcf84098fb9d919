//! `Podfile.lock` of CocoaPods.
//!
//! Source of the rules: CocoaPods' own reader and writer (`Pod::Lockfile`, `Specification.name_and_version_from_string`).
//!
//! - `PODS` lists `Name (1.2.3)`, or `Name/Subspec (1.2.3)`, with what each needs below it. The package is the pod (`Name`): its parts have one version,
//!   which stands at several places.
//! - Direct is what `DEPENDENCIES` has: what the `Podfile` asks for.
//! - `SPEC REPOS` says which repository of specs a pod is from, `EXTERNAL SOURCES` that it is from git, an address or a folder,
//!   `CHECKOUT OPTIONS` which commit of git.
//! - `COCOAPODS` is the last key: a file without it is cut.
//! - OSV has no ecosystem for pods. Advisories of a repository that is a Swift package as well name that, by an address that this file does not have.

use foldhash::{HashMap, HashSet};

use super::grammar::rfc3986::without_secrets;
use super::grammar::yaml_document;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, yaml};

/// The lockfile of CocoaPods.
#[derive(Debug, Clone, Copy)]
pub struct PodfileLock;

/// Pods.
const ECOSYSTEM: Ecosystem = Ecosystem::constant("CocoaPods");

const DAMAGED: &str = "Restore the file from its last good commit, or run `pod install`.";

impl Format for PodfileLock {
    fn name(&self) -> &'static str {
        "Podfile.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        ECOSYSTEM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["Podfile.lock"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Let the Podfile allow that version, then run `pod update {}`.",
                upgrade.name
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = yaml_document::only(&document, &mut parsed, DAMAGED).unwrap_or(document.root());
        if root.get("COCOAPODS").is_none() {
            parsed.blind(
                root.span(),
                "the file has no last line, `COCOAPODS`: it is cut",
                DAMAGED,
            );
        }
        let pods = root.get("PODS").filter(|pods| pods.kind() == Kind::Array);
        let asked = root.get("DEPENDENCIES");
        if pods.is_none() && (asked.is_some() || root.get("PODS").is_some()) {
            parsed.blind(root.span(), "the file has no list of `PODS`", DAMAGED);
        }
        let sources = Sources::of(root);
        let mut nodes: HashMap<String, NodeId> = HashMap::default();
        let mut needs: Vec<(NodeId, Value<'_>)> = Vec::new();
        for item in pods.into_iter().flat_map(Value::items) {
            let (text, value, below) = match item.entries().next() {
                Some((key, below)) => (key.into_owned(), Place::Key(below), Some(below)),
                None => (
                    item.as_str().unwrap_or_default().into_owned(),
                    Place::Item(item),
                    None,
                ),
            };
            let Some((name, version)) = pod(&text) else {
                parsed.blind(item.span(), "this is no pod with its version", DAMAGED);
                continue;
            };
            let at = text.len().saturating_sub(version.len()).saturating_sub(1);
            let place = value.span_of(at..at.saturating_add(version.len()), &text, file.text);
            let package_name = of_pod(name);
            let mut package = Package::new(ECOSYSTEM, package_name, version, FileSpan::here(place));
            package.source = sources.source(package_name);
            package.spans = Spans {
                entry: Some(item.span()),
                checksums: sources.checksums.get(package_name).copied().into_iter().collect(),
                ..Spans::default()
            };
            let id = parsed.graph.add_package(package);
            nodes.insert(name.to_owned(), id);
            needs.extend(below.map(|below| (id, below)));
        }
        let find = |text: &str| {
            let name = text.split(" (").next().unwrap_or_default();
            (name.to_owned(), nodes.get(name).copied())
        };
        for (from, list) in needs {
            for item in list.items() {
                let text = item.as_str().unwrap_or_default();
                match find(&text) {
                    (_, Some(to)) => parsed.graph.add_edge(from, to, item.text_span()),
                    (name, None) if is_of_another_platform(&name, &nodes) => {}
                    (name, None) => parsed.partial(
                        item.text_span(),
                        format!("{name} is needed, and the file does not lock it"),
                        DAMAGED,
                    ),
                }
            }
        }
        let top = parsed.graph.add_root("", "");
        let mut seen = HashSet::default();
        for item in asked.into_iter().flat_map(Value::items) {
            let text = item.as_str().unwrap_or_default();
            match find(&text) {
                (_, Some(to)) if seen.insert(to) => parsed.graph.add_edge(top, to, item.text_span()),
                (_, Some(_)) => {}
                (name, None) => parsed.partial(
                    item.text_span(),
                    format!("{name} is asked for, and the file does not lock it"),
                    DAMAGED,
                ),
            }
        }
        parsed.graph.mark_direct();
        parsed
    }
}

/// Where the text of a pod stands: as an item of the list, or as the key of what it needs.
enum Place<'d> {
    Item(Value<'d>),
    Key(Value<'d>),
}

impl Place<'_> {
    /// The bytes `range` of `said`, which is the text there.
    fn span_of(&self, range: std::ops::Range<usize>, said: &str, text: &str) -> Span {
        let whole = match self {
            Self::Item(value) => value.text_span(),
            Self::Key(value) => value.key_span(),
        };
        match whole.of(text) == said {
            true => whole.inside(range),
            false => whole,
        }
    }
}

/// `Name/Subspec (1.2.3)`.
fn pod(text: &str) -> Option<(&str, &str)> {
    let (name, version) = text.strip_suffix(')')?.split_once(" (")?;
    let is_whole = !name.is_empty() && !version.is_empty() && !version.contains(['(', ')', ' ']);
    (is_whole && !name.contains(['(', ')'])).then_some((name, version))
}

/// The pod that `name` is a part of.
fn of_pod(name: &str) -> &str {
    name.split('/')
        .next()
        .filter(|pod| !pod.is_empty())
        .unwrap_or(name)
}

/// Where pods come from, by their names.
struct Sources<'d> {
    repositories: HashMap<String, String>,
    external: HashMap<String, Value<'d>>,
    commits: HashMap<String, Value<'d>>,
    checksums: HashMap<String, Span>,
}

impl<'d> Sources<'d> {
    fn of(root: Value<'d>) -> Self {
        let table = |name: &str| root.get(name).into_iter().flat_map(Value::entries);
        let mut repositories = HashMap::default();
        for (repository, pods) in table("SPEC REPOS") {
            for pod in pods.items().filter_map(Value::as_str) {
                repositories.insert(pod.into_owned(), repository.clone().into_owned());
            }
        }
        let owned = |(name, value): (std::borrow::Cow<'d, str>, Value<'d>)| (name.into_owned(), value);
        Self {
            repositories,
            external: table("EXTERNAL SOURCES").map(owned).collect(),
            commits: table("CHECKOUT OPTIONS").map(owned).collect(),
            checksums: table("SPEC CHECKSUMS")
                .map(|(name, sum)| (name.into_owned(), sum.text_span()))
                .collect(),
        }
    }

    fn source(&self, name: &str) -> Source {
        let shown = |address: &str| without_secrets(address).into_owned();
        if let Some(external) = self.external.get(name) {
            let option = |key: &str| external.str(key).filter(|text| !text.is_empty());
            if let Some(path) = option(":path") {
                return Source::Path(path.into_owned());
            }
            if let Some(address) = option(":git") {
                let commit = self.commits.get(name).and_then(|options| options.str(":commit"));
                let commit = commit.map(|commit| format!("#{commit}")).unwrap_or_default();
                return Source::Git(format!("{}{commit}", shown(&address)));
            }
            let address = option(":http")
                .or_else(|| option(":podspec"))
                .or_else(|| option(":svn"));
            return Source::Url(address.map(|address| shown(&address)).unwrap_or_default());
        }
        match self.repositories.get(name).map(String::as_str) {
            Some("trunk") | None => Source::Registry(None),
            Some(repository) => Source::Registry(Some(shown(repository))),
        }
    }
}

/// Plugins of Flutter need the one pod on iOS and the other on macOS, and CocoaPods writes down what is needed on any platform.
fn is_of_another_platform(name: &str, nodes: &HashMap<String, NodeId>) -> bool {
    match name {
        "Flutter" => nodes.contains_key("FlutterMacOS"),
        "FlutterMacOS" => nodes.contains_key("Flutter"),
        _ => false,
    }
}
