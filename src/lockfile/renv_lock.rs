//! `renv.lock`, as every version of renv writes it (R).
//!
//! Source of the rules: renv's own schema of the file (`inst/schema/draft-07.renv.lock.schema.json`) and its reader of records
//! (`R/lockfile-read.R`, `R/records.R`).
//!
//! - `Source` says where a package comes from. `Repository` is CRAN or a mirror of it, unless the name of the `Repository` is one of Bioconductor's;
//!   `Bioconductor` is that, an ecosystem of its own in OSV. `GitHub`, `GitLab`, `Bitbucket` and `Git` are repositories, `Local`, `Cellar` and a path are
//!   folders and archives, `URL` is an address.
//! - What a package needs stands in `Requirements` or, since renv 1.1, in the fields of its DESCRIPTION: `Depends`, `Imports` and `LinkingTo`. What R
//!   brings (`methods`, `stats`) is in no lockfile.
//! - The file does not say what was asked for: direct is what no other package needs.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The lockfile of renv.
#[derive(Debug, Clone, Copy)]
pub struct RenvLock;

const DAMAGED: &str = "Restore the file from its last good commit, or run `renv::snapshot()` in R.";

/// The fields with what a package needs.
const NEEDS: [&str; 4] = ["Requirements", "Depends", "Imports", "LinkingTo"];

impl Format for RenvLock {
    fn name(&self) -> &'static str {
        "renv.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::CRAN
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["renv.lock"]
    }

    /// R is no shell: its commands are what a person types into it.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "In R, run `renv::install(\"{}@{}\")` and `renv::snapshot()`.",
                upgrade.name, upgrade.to
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let packages = root.get("Packages");
        // renv writes an empty list where nothing is locked.
        let is_list = |packages: Value<'_>| {
            packages.is_object() || packages.kind() == Kind::Array && packages.count() == 0
        };
        let Some(packages) = packages.filter(|packages| is_list(*packages)) else {
            parsed.blind(
                Span::at(0),
                "no lockfile of renv: it has no object `Packages`",
                DAMAGED,
            );
            return parsed;
        };
        if root.get("R").is_none() {
            parsed.blind(Span::at(0), "no lockfile of renv: it has no `R`", DAMAGED);
        }
        let repositories = Repositories::of(root);
        let mut nodes: HashMap<Cow<'_, str>, NodeId> = HashMap::with_capacity(packages.count());
        let mut entries = Vec::new();
        for (name, entry) in packages.entries() {
            let Some(package) = package(&name, entry, &repositories, &mut parsed) else {
                continue;
            };
            let node = parsed.graph.add_package(package);
            nodes.insert(name, node);
            entries.push((node, entry));
        }
        for (from, entry) in entries {
            for (key, list) in entry.entries() {
                if NEEDS.contains(&key.as_ref()) {
                    add_edges(from, list, &nodes, &mut parsed);
                }
            }
        }
        if !nodes.is_empty() {
            parsed.ask_for_unneeded("");
        }
        parsed
    }
}

/// The addresses of `R.Repositories`, by name.
struct Repositories<'d>(HashMap<Cow<'d, str>, Cow<'d, str>>);

impl<'d> Repositories<'d> {
    fn of(root: Value<'d>) -> Self {
        let list = root.get("R").and_then(|r| r.get("Repositories"));
        let named = list.into_iter().flat_map(Value::items);
        // The first versions of renv wrote an object.
        let keyed = list.into_iter().flat_map(Value::entries);
        let keyed = keyed.filter_map(|(name, address)| Some((name, address.as_str()?)));
        let named = named.filter_map(|one| Some((one.str("Name")?, one.str("URL")?)));
        Self(named.chain(keyed).collect())
    }

    /// The address of the repository that is called `name`; the name itself may be one.
    fn address(&self, name: &str) -> Option<String> {
        let address = self.0.get(name).map(AsRef::as_ref);
        let address = address.or(name.contains("://").then_some(name));
        address.map(|address| without_secrets(address).into_owned())
    }
}

/// One locked package; `None` for what is none.
fn package(
    name: &str,
    entry: Value<'_>,
    repositories: &Repositories<'_>,
    parsed: &mut Parsed,
) -> Option<Package> {
    if !entry.is_object() || name.is_empty() {
        parsed.blind(entry.span(), "a package without a name or fields", DAMAGED);
        return None;
    }
    let (mut named, mut version, mut source, mut repository, mut hash) = (None, None, None, None, None);
    let mut remote: HashMap<Cow<'_, str>, Cow<'_, str>> = HashMap::new();
    for (key, value) in entry.entries() {
        match key.as_ref() {
            "Package" => named = value.as_str(),
            "Version" => version = value.as_str().map(|text| (text, value.text_span())),
            "Source" => source = value.as_str().map(|text| (text, value.text_span())),
            "Repository" => repository = value.as_str(),
            "Hash" => hash = Some(value.text_span()),
            key_ if key_.starts_with("Remote") => {
                remote.extend(value.as_str().map(|text| (key, text)));
            }
            _ => {}
        }
    }
    let name = named
        .filter(|named| !named.is_empty())
        .unwrap_or(Cow::Borrowed(name));
    let Some((version, place)) = version.filter(|(text, _)| !text.is_empty()) else {
        let hint = "Run `renv::snapshot()` in R, which writes one for each package.";
        parsed.partial(entry.key_span(), format!("{name} has no exact version"), hint);
        return None;
    };
    let repository = repository.unwrap_or_default();
    let address = || repositories.address(&repository);
    let remote = |key: &str| remote.get(key).map(AsRef::as_ref);
    let (ecosystem, from) = match source
        .as_ref()
        .map(|(text, _)| text.to_ascii_lowercase())
        .as_deref()
    {
        Some("bioconductor") => (Ecosystem::BIOCONDUCTOR, Source::Registry(None)),
        Some("repository" | "cran") if is_of_bioconductor(&repository) => {
            (Ecosystem::BIOCONDUCTOR, Source::Registry(address()))
        }
        Some("repository" | "cran") => (Ecosystem::CRAN, Source::Registry(address())),
        Some("github" | "gitlab" | "bitbucket" | "git" | "git2r" | "xgit") => {
            (Ecosystem::CRAN, Source::Git(git(&remote)))
        }
        Some("url") => {
            let url = remote("RemoteUrl").unwrap_or_default();
            (Ecosystem::CRAN, Source::Url(without_secrets(url).into_owned()))
        }
        Some("local" | "cellar") => (
            Ecosystem::CRAN,
            Source::Path(remote("RemoteUrl").unwrap_or("local").to_owned()),
        ),
        // What has no source is looked for in the repositories.
        None => (Ecosystem::CRAN, Source::Registry(None)),
        Some("unknown") => {
            let at = source.as_ref().map_or(place, |(_, span)| *span);
            parsed.partial(
                at,
                format!("it is not known where {name} comes from"),
                "Install it from a repository with `renv::install()` in R, and run `renv::snapshot()`.",
            );
            (Ecosystem::CRAN, Source::OtherRegistry("unknown".to_owned()))
        }
        Some(_) => {
            let text = source.as_ref().map(|(text, _)| text.as_ref()).unwrap_or_default();
            let shown = without_secrets(text).into_owned();
            let source = match text.contains("://") {
                true => Source::Url(shown),
                false if text.contains(['/', '\\']) => Source::Path(shown),
                false => Source::OtherRegistry(shown),
            };
            (Ecosystem::CRAN, source)
        }
    };
    let mut package = Package::new(ecosystem, &*name, &*version, FileSpan::here(place));
    package.source = from;
    package.spans = Spans {
        entry: Some(entry.key_span().join(entry.span())),
        source: source.map(|(_, span)| span),
        checksums: hash.into_iter().collect(),
        edges: NEEDS.iter().find_map(|key| entry.get(key)).map(Value::span),
    };
    Some(package)
}

/// The names of Bioconductor's repositories: `BioCsoft`, `Bioconductor 3.18`, and their addresses.
fn is_of_bioconductor(repository: &str) -> bool {
    let name = repository.to_ascii_lowercase();
    name.starts_with("bioc") || name.contains("bioconductor")
}

/// The address and commit of a repository.
fn git<'r>(remote: &impl Fn(&str) -> Option<&'r str>) -> String {
    let mut shown = match remote("RemoteUrl") {
        Some(url) => without_secrets(url).into_owned(),
        None => {
            let host = remote("RemoteHost").unwrap_or("api.github.com");
            let host = host.trim_end_matches("/api/v3");
            let host = if host == "api.github.com" {
                "github.com"
            } else {
                host
            };
            let of = |key| remote(key).unwrap_or_default();
            format!("https://{host}/{}/{}", of("RemoteUsername"), of("RemoteRepo"))
        }
    };
    if let Some(commit) = remote("RemoteSha").or_else(|| remote("RemoteRef")) {
        shown.push('#');
        shown.push_str(commit);
    }
    shown
}

/// A list of names with ranges, `R (>= 4.1)`, or one text with commas.
fn add_edges(from: NodeId, list: Value<'_>, nodes: &HashMap<Cow<'_, str>, NodeId>, parsed: &mut Parsed) {
    let mut add = |text: &str, span: Span| {
        let name = text
            .split(['(', ' ', '\n'])
            .find(|part| !part.is_empty())
            .unwrap_or_default();
        if let Some(to) = nodes.get(name) {
            parsed.graph.add_edge(from, *to, span);
        }
    };
    for item in list.items() {
        add(&item.as_str().unwrap_or_default(), item.text_span());
    }
    if let Some(text) = list.as_str() {
        for part in text.split(',') {
            add(part, list.text_span());
        }
    }
}
