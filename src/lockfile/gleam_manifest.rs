//! The `manifest.toml` of Gleam, which its build tool writes beside a `gleam.toml`.
//!
//! Other tools call other files so: without a `gleam.toml` in the same folder the file is none of Gleam's, and is not read at all.
//! The rules are those of Gleam's own writer (`compiler-core/src/manifest.rs`).
//!
//! - `packages` are of Hex, of a folder (`local`) or of a git repository; what each needs stands in its `requirements`.
//! - Direct is what `[requirements]` lists, which ends the file. Scopes follow from `gleam.toml`: what its `[dependencies]` do not
//!   lead to, and its `[dev_dependencies]` (or `dev-dependencies`) do, is dev.

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _, HashSet};

use super::grammar::rfc3986::without_secrets;
use super::mix_lock::requirement::allows;
use super::{Digests, File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Scope, Source, Spans, Tree, TreePath, UpgradeBy};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, decode, toml};

/// The lockfile of Gleam.
#[derive(Debug, Clone, Copy)]
pub struct GleamManifest;

const DAMAGED: &str = "Restore the file from its last good commit, or run `gleam deps download`.";

impl Format for GleamManifest {
    fn name(&self) -> &'static str {
        "gleam/manifest.toml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::HEX
    }

    /// None: its name is not enough.
    fn file_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn starts(&self, path: &TreePath, tree: &dyn Tree) -> bool {
        path.file_name() == b"manifest.toml"
            && path
                .parent()
                .join("gleam.toml")
                .is_some_and(|project| tree.holds(&project))
    }

    fn companions(&self) -> &'static [&'static str] {
        &["gleam.toml", "manifest.toml"]
    }

    fn digests(&self) -> Digests {
        Digests::Sha256
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        match UpgradeBy::allows(upgrade.by, |range| allows(range, upgrade.to)) {
            true => UpgradeCommand::Run(format!("gleam deps update {}", upgrade.name)),
            false => UpgradeCommand::ByHand(
                "What asks for it does not allow that version: change gleam.toml and run `gleam deps download`, or upgrade the package that brings it.".into(),
            ),
        }
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let (document, mut parsed) = Parsed::of_toml(file, DAMAGED);
        let root = document.root();
        let is_empty = file.text.trim().is_empty();
        let list = root.get("packages").filter(|list| list.kind() == Kind::Array);
        let requirements = root.get("requirements").filter(|table| table.is_object());
        if !is_empty && (list.is_none() || requirements.is_none()) {
            parsed.blind(
                Span::at(file.text.len()),
                "no whole manifest of Gleam: it has no list `packages` or no table `requirements`",
                DAMAGED,
            );
        }
        let mut entries = Vec::new();
        for table in list.into_iter().flat_map(Value::items) {
            match entry(table) {
                Some(entry) => entries.push(entry),
                None => parsed.blind(
                    table.span(),
                    "a package without a name or a version, or from a source that is not known here",
                    DAMAGED,
                ),
            }
        }
        let project = Project::beside(file.path, tree);
        add(&entries, requirements, &project, &mut parsed);
        parsed
    }
}

/// A package.
struct Entry<'d> {
    name: Cow<'d, str>,
    package: Package,
    needs: Option<Value<'d>>,
}

fn entry(table: Value<'_>) -> Option<Entry<'_>> {
    let filled = |key: &str| table.str(key).filter(|text| !text.is_empty());
    let (name, version) = (filled("name")?, filled("version")?);
    let place = table.get("version")?.text_span();
    let mut package = Package::new(Ecosystem::HEX, &*name, &*version, FileSpan::here(place));
    let address = match filled("source")?.as_ref() {
        "hex" => None,
        "git" => {
            let address = without_secrets(&table.str("repo")?).into_owned();
            package.source = Source::Git(format!("{address}#{}", table.str("commit")?));
            table.get("repo")
        }
        "local" => {
            package.source = Source::Path(table.str("path")?.into_owned());
            table.get("path")
        }
        _ => return None,
    };
    let needs = table.get("requirements");
    package.spans = Spans {
        entry: Some(table.span()),
        source: address.map(Value::text_span),
        checksums: table
            .get("outer_checksum")
            .map(Value::text_span)
            .into_iter()
            .collect(),
        edges: needs.map(Value::span),
    };
    Some(Entry { name, package, needs })
}

/// What `gleam.toml` says.
#[derive(Default)]
struct Project {
    name: String,
    version: String,
    runtime: HashSet<String>,
    dev: HashSet<String>,
    is_read: bool,
}

impl Project {
    fn beside(path: &TreePath, tree: &dyn Tree) -> Self {
        let path = path.parent().join("gleam.toml");
        let Some(bytes) = path.and_then(|path| tree.read(&path).ok()) else {
            return Self::default();
        };
        let decoded = decode::decode(&bytes);
        let document = toml::read(&decoded.text);
        if decoded.problem.is_some() || !document.problems.is_empty() {
            return Self::default();
        }
        let root = document.root();
        let names = |key: &str| -> HashSet<String> {
            let table = root.get(key).into_iter().flat_map(Value::entries);
            table.map(|(name, _)| name.into_owned()).collect()
        };
        let mut dev = names("dev_dependencies");
        dev.extend(names("dev-dependencies"));
        Self {
            name: root.str("name").unwrap_or_default().into_owned(),
            version: root.str("version").unwrap_or_default().into_owned(),
            runtime: names("dependencies"),
            dev,
            is_read: true,
        }
    }
}

fn add(entries: &[Entry<'_>], requirements: Option<Value<'_>>, project: &Project, parsed: &mut Parsed) {
    if entries.is_empty() {
        return;
    }
    let root = parsed.graph.add_root(&*project.name, &*project.version);
    let mut nodes: HashMap<&str, (usize, NodeId)> = HashMap::with_capacity(entries.len());
    let mut ids = Vec::with_capacity(entries.len());
    for (number, entry) in entries.iter().enumerate() {
        let node = parsed.graph.add_package(entry.package.clone());
        ids.push(node);
        nodes.insert(&entry.name, (number, node));
    }
    let mut targets: Vec<Vec<usize>> = vec![Vec::new(); entries.len()];
    for ((entry, from), targets) in entries.iter().zip(&ids).zip(&mut targets) {
        for need in entry.needs.into_iter().flat_map(Value::items) {
            let name = need.as_str().unwrap_or_default();
            match nodes.get(name.as_ref()) {
                Some((number, to)) => {
                    parsed.graph.add_edge(*from, *to, need.text_span());
                    targets.push(*number);
                }
                None => parsed.blind(
                    need.span(),
                    "this package is not in the file",
                    "Run `gleam deps download` to have Gleam complete the file.",
                ),
            }
        }
    }
    let mut starts = [Vec::new(), Vec::new()];
    for (name, requirement) in requirements.into_iter().flat_map(Value::entries) {
        let Some((number, to)) = nodes.get(name.as_ref()) else {
            parsed.partial(
                requirement.key_span(),
                format!("{name} is asked for and not locked"),
                "Run `gleam deps download` to have Gleam complete the file.",
            );
            continue;
        };
        parsed.graph.add_edge(root, *to, requirement.key_span());
        let range = requirement.as_str().or_else(|| requirement.str("version"));
        if let (Some(package), Some(range)) = (parsed.graph.package_mut(*to), range) {
            package.asked_within(&range);
        }
        let is_dev = project.dev.contains(name.as_ref()) && !project.runtime.contains(name.as_ref());
        let [runtime, dev] = &mut starts;
        (if is_dev { dev } else { runtime }).push(*number);
    }
    if project.is_read {
        for (scope, starts) in [Scope::Runtime, Scope::Dev].into_iter().zip(starts) {
            for (node, reached) in ids.iter().zip(reached(starts, &targets)) {
                if let Some(package) = parsed.graph.package_mut(*node).filter(|_| reached) {
                    package.scopes.add(scope);
                }
            }
        }
    }
    parsed.graph.mark_direct();
}

/// Which entries `starts` lead to.
fn reached(starts: Vec<usize>, targets: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; targets.len()];
    let mut open = starts;
    while let Some(number) = open.pop() {
        match reached.get_mut(number) {
            Some(reached) if !*reached => *reached = true,
            Some(_) | None => continue,
        }
        open.extend(targets.get(number).into_iter().flatten());
    }
    reached
}
