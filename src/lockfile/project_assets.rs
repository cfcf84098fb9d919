//! `project.assets.json`, what a restore of NuGet decided, and `*.deps.json`, which a build puts beside a program for the runtime.
//!
//! Both have `targets` (for each target framework, with a runtime or without, what is in it and what that needs) and `libraries`
//! (each of them once, by `Name/Version`). NuGet's and the runtime's own readers decide: `LockFileFormat`, `DependencyContextJsonReader`.
//!
//! - A package stands once, at its version in the key of `libraries`; one that only a target has, there.
//! - What a target's entry needs is the entry of that name in the same target, in any case of the letters.
//! - `project.assets.json` says in `projectFileDependencyGroups` what the project asks for. In `*.deps.json` it is the entry of the
//!   project itself: the one that the file is called after, else each project that nothing needs.
//! - A `project` is a module of our own. A `runtimepack` is the package behind that word. Any other type is an assembly from somewhere
//!   else, and is not matched.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree, TreePath};
use crate::text::tree::Value;
use crate::text::{Span, json};

/// What was restored for a project, or built with a program.
#[derive(Debug, Clone, Copy)]
pub struct ProjectAssets;

const DAMAGED: &str = "Run `dotnet restore` or build the project again: the file is made anew.";

impl Format for ProjectAssets {
    fn name(&self) -> &'static str {
        "project.assets.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NUGET
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["project.assets.json", "*.deps.json"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Upgrade it in the project, and restore or build that again: the file is made anew.".into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let mut part = |name: &str| {
            let value = root.get(name).filter(|value| value.is_object());
            if value.is_none() {
                let message = format!("the file has no object `{name}`");
                parsed.blind(root.span(), message, DAMAGED);
            }
            value
        };
        if let (Some(targets), Some(libraries)) = (part("targets"), part("libraries")) {
            let mut assets = Assets {
                program: program(file.path),
                ..Assets::default()
            };
            for (key, value) in libraries.entries() {
                assets.library(&key, value, &mut parsed);
            }
            for (name, target) in targets.entries() {
                assets.target(name, target, &mut parsed);
            }
            assets.add_edges(&mut parsed);
            match root.get("projectFileDependencyGroups") {
                Some(groups) => assets.add_asked(groups, root, &mut parsed),
                None => assets.add_program(&mut parsed),
            }
        }
        parsed
    }
}

/// A library as an entry of a target names it.
#[derive(Clone, Copy)]
struct Library<'d> {
    value: Value<'d>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Package,
    Project,
    RuntimePack,
    Assembly,
}

impl Kind {
    fn of(value: Value<'_>) -> Self {
        match value.str("type").as_deref() {
            Some("project" | "msbuildProject") => Self::Project,
            Some("runtimepack") => Self::RuntimePack,
            Some("reference" | "referenceassembly" | "assembly" | "platform") => Self::Assembly,
            // What is not said is taken for what advisories speak of.
            Some(_) | None => Self::Package,
        }
    }
}

/// An entry of a target.
struct Entry<'d> {
    target: usize,
    node: NodeId,
    value: Value<'d>,
}

#[derive(Default)]
struct Assets<'d> {
    /// The name of the program, in small letters, if the file is called after one.
    program: Option<String>,
    /// By their keys, in small letters.
    libraries: HashMap<String, NodeId>,
    /// Modules of our own.
    projects: Vec<NodeId>,
    /// Names of the targets.
    targets: Vec<Cow<'d, str>>,
    entries: Vec<Entry<'d>>,
    /// By target and name, in small letters.
    by_name: HashMap<(usize, String), NodeId>,
    needed: Vec<NodeId>,
}

/// `tool` of `tool.deps.json`.
fn program(path: &TreePath) -> Option<String> {
    let name = String::from_utf8_lossy(path.file_name()).to_lowercase();
    Some(name.strip_suffix(".deps.json")?.to_owned())
}

fn small(text: &str) -> String {
    normalise(&Ecosystem::NUGET, text).into_owned()
}

/// The target framework of a target.
fn framework(target: &str) -> &str {
    target.split_once('/').map_or(target, |(framework, _)| framework)
}

/// Name and version of a key, and the bytes of the version in it.
fn split(key: &str) -> Option<(&str, &str, Range<usize>)> {
    let (name, version) = key.split_once('/')?;
    let range = name.len().saturating_add(1)..key.len();
    (!name.is_empty() && !version.is_empty()).then_some((name, version, range))
}

impl<'d> Assets<'d> {
    /// A library of the list, or an entry of a target that the list does not have.
    fn library(&mut self, key: &str, value: Value<'d>, parsed: &mut Parsed) -> Option<NodeId> {
        let whole = value.key_span().join(value.span());
        let Some((name, version, range)) = split(key) else {
            parsed.blind(whole, "an entry is not called by a name and a version", DAMAGED);
            return None;
        };
        let library = Library {
            value,
            kind: Kind::of(value),
        };
        let node = match library.kind {
            Kind::Project => {
                let node = match self.program.as_ref() == Some(&small(name)) {
                    true => parsed.graph.add_root(name, version),
                    false => parsed.graph.add_own(name, version),
                };
                self.projects.push(node);
                node
            }
            Kind::Package | Kind::RuntimePack | Kind::Assembly => {
                parsed.graph.add_package(library.package(name, version, range))
            }
        };
        self.libraries.insert(small(key), node);
        Some(node)
    }

    fn target(&mut self, target: Cow<'d, str>, value: Value<'d>, parsed: &mut Parsed) {
        if !value.is_object() {
            parsed.blind(value.span(), format!("the target {target} is no object"), DAMAGED);
        }
        let number = self.targets.len();
        self.targets.push(target);
        for (key, value) in value.entries() {
            let known = self.libraries.get(&small(&key)).copied();
            let Some(node) = known.or_else(|| self.library(&key, value, parsed)) else {
                continue;
            };
            let name = split(&key).map(|(name, _, _)| small(name)).unwrap_or_default();
            self.by_name.insert((number, name), node);
            self.entries.push(Entry {
                target: number,
                node,
                value,
            });
        }
    }

    /// The entry called `name` in `target`.
    fn find(&self, target: usize, name: &str) -> Option<NodeId> {
        let name = small(name);
        let pack = format!("runtimepack.{name}");
        let found = self.by_name.get(&(target, name));
        found.or_else(|| self.by_name.get(&(target, pack))).copied()
    }

    fn add_edges(&mut self, parsed: &mut Parsed) {
        let mut needed = Vec::new();
        for entry in &self.entries {
            for (name, asked) in entry
                .value
                .get("dependencies")
                .into_iter()
                .flat_map(Value::entries)
            {
                // What the runtime brings itself is left out of the file, and still asked for.
                if let Some(to) = self.find(entry.target, &name) {
                    needed.push(to);
                    parsed.graph.add_edge(entry.node, to, asked.key_span());
                }
            }
        }
        needed.sort_unstable();
        needed.dedup();
        self.needed = needed;
    }

    /// What the project asks for, by target framework: `Name >= 1.0.0`.
    fn add_asked(&self, groups: Value<'d>, root: Value<'d>, parsed: &mut Parsed) {
        let restore = root.get("project").and_then(|project| project.get("restore"));
        let name = restore.and_then(|restore| restore.str("projectName"));
        let project = parsed.graph.add_root(name.unwrap_or_default(), "");
        let by_framework = self.by_framework();
        let frameworks: HashSet<&str> = self.targets.iter().map(|target| framework(target)).collect();
        let mut told = HashSet::new();
        for (group, list) in groups.entries() {
            // The newest versions name groups otherwise than targets, and the oldest have one for all.
            let is_framework = frameworks.contains(&*group);
            let group = if is_framework { group } else { Cow::Borrowed("") };
            for item in list.items() {
                let text = item.as_str().unwrap_or_default();
                let name = small(text.split_whitespace().next().unwrap_or_default());
                let key = (group.clone().into_owned(), name);
                let nodes = by_framework.get(&key).into_iter().flatten();
                if !told.insert(key.clone()) {
                    continue;
                }
                for node in nodes {
                    parsed.graph.add_edge(project, *node, item.text_span());
                    if let Some(package) = parsed.graph.package_mut(*node) {
                        package.direct = true;
                    }
                }
            }
        }
    }

    /// The nodes of a name in each target framework, and in all under the empty one.
    fn by_framework(&self) -> HashMap<(String, String), BTreeSet<NodeId>> {
        let mut nodes: HashMap<(String, String), BTreeSet<NodeId>> = HashMap::new();
        for ((target, name), node) in &self.by_name {
            let target = self.targets.get(*target).map_or("", |target| framework(target));
            for framework in [target, ""] {
                let key = (framework.to_owned(), name.clone());
                nodes.entry(key).or_default().insert(*node);
            }
        }
        nodes
    }

    /// The project that a program was built from asks for what it is built from.
    fn add_program(&self, parsed: &mut Parsed) {
        let mut own: HashSet<NodeId> = parsed.graph.roots().iter().copied().collect();
        if own.is_empty() {
            let root = parsed.graph.add_root("", "");
            let first = |node: &&NodeId| self.needed.binary_search(node).is_err();
            for node in self.projects.iter().filter(first) {
                parsed.graph.add_edge(root, *node, Span::default());
                own.insert(*node);
            }
        }
        for entry in self.entries.iter().filter(|entry| own.contains(&entry.node)) {
            for (name, _) in entry
                .value
                .get("dependencies")
                .into_iter()
                .flat_map(Value::entries)
            {
                let node = self.find(entry.target, &name);
                if let Some(package) = node.and_then(|node| parsed.graph.package_mut(node)) {
                    package.direct = true;
                }
            }
        }
    }
}

impl Library<'_> {
    fn package(&self, name: &str, version: &str, range: Range<usize>) -> Package {
        let value = self.value;
        let key = value.key_span();
        // With an escape in it the whole key is the place.
        let is_plain = key.len() == range.end;
        let place = match is_plain {
            true => key.inside(range),
            false => key,
        };
        let bare = match self.kind {
            Kind::RuntimePack => name.strip_prefix("runtimepack.").unwrap_or(name),
            Kind::Package | Kind::Project | Kind::Assembly => name,
        };
        let mut package = Package::new(Ecosystem::NUGET, bare, version, FileSpan::here(place));
        if self.kind == Kind::Assembly {
            package.source = Source::Path(name.to_owned());
        }
        let checksum = value.get("sha512").map(Value::text_span);
        package.spans = Spans {
            entry: Some(key.join(value.span())),
            source: None,
            checksums: checksum.filter(|span| !span.is_empty()).into_iter().collect(),
            edges: None,
        };
        package
    }
}
