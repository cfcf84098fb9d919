//! `packages.lock.json`, versions 1 to 3, and `packages.<project>.lock.json`, where several projects lie in one folder.
//!
//! The format has no specification; NuGet's own reader and writer decide (`NuGet.ProjectModel`, `PackagesLockFileFormat`).
//!
//! - Versions 1 and 2 have an object `dependencies` of sections; in version 3 each other key is one, with its packages under
//!   `dependencies` beside `framework`.
//! - A section is a target framework, or one with a runtime (`net8.0/linux-x64`), which holds only what differs from the section
//!   without it. A package stands in each section that has it, at a version of its own.
//! - `Direct` is what the project asks for, `Transitive` what that needs, `CentralTransitive` the same at a version of the central
//!   list. An entry without a type is `Direct`, as NuGet reads it. `Project` is a project of the same solution: a module of our own,
//!   unless it has a version, which NuGet never gives it.
//! - Names match in any case: NuGet writes projects in small letters, and asks for them as they are called.
//! - A dependency that is not in the file makes it blind: NuGet then ends with an error (NU1101), locked or not.
//! - The file says neither what a package is used for nor which source it comes from.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The lockfile of NuGet.
#[derive(Debug, Clone, Copy)]
pub struct PackagesLock;

/// From this version on the sections stand at the top.
const SECTIONS_AT_THE_TOP: u64 = 3;

const DAMAGED: &str = "Restore the file from its last good commit, or run `dotnet restore --force-evaluate`.";

impl Format for PackagesLock {
    fn name(&self) -> &'static str {
        "packages.lock.json"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NUGET
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["packages.lock.json", "packages.*.lock.json"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        // With several projects in the folder the command refuses to choose one.
        let is_only = upgrade.file_name.eq_ignore_ascii_case("packages.lock.json");
        match (upgrade.direct, is_only) {
            (true, true) => UpgradeCommand::Run(format!("dotnet add package {name} --version {to}")),
            (true, false) => UpgradeCommand::ByHand(
                "Run `dotnet add` with the project's file, and `package` with the name and `--version` with the version behind it.".into(),
            ),
            // A reference of the project's own wins over what its packages ask for.
            (false, _) => UpgradeCommand::ByHand(
                format!(
                    "Upgrade the package that brings it, or have the project ask for it itself: `dotnet add package {name} --version {to}`."
                )
                .into(),
            ),
        }
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let sections = sections(document.root(), &mut parsed);
        let mut entries = Vec::new();
        for (number, (_, packages)) in sections.iter().enumerate() {
            for (name, value) in packages.entries() {
                entries.extend(Entry::of(number, name, value, &mut parsed));
            }
        }
        add(&entries, &Bases::of(&sections), &mut parsed);
        parsed
    }
}

/// The sections of the file: the framework, with a runtime behind a slash or without, and its packages.
fn sections<'d>(root: Value<'d>, parsed: &mut Parsed) -> Vec<(Cow<'d, str>, Value<'d>)> {
    let mut sections = Vec::new();
    if !root.is_object() {
        parsed.blind(root.span(), "the file holds no object", DAMAGED);
        return sections;
    }
    let version = root.get("version");
    let number =
        version.and_then(|version| version.as_u64().or_else(|| version.as_str()?.trim().parse().ok()));
    let Some(number) = number else {
        parsed.blind(
            version.map_or(root.span(), Value::span),
            "no lockfile of NuGet: it has no `version` that is a number",
            DAMAGED,
        );
        return sections;
    };
    if number < SECTIONS_AT_THE_TOP {
        let Some(packages) = root.get("dependencies").filter(|value| value.is_object()) else {
            parsed.blind(
                root.span(),
                "no lockfile of NuGet: it has no `dependencies`",
                DAMAGED,
            );
            return sections;
        };
        for (name, section) in packages.entries() {
            match section.is_object() {
                true => sections.push((name, section)),
                false => parsed.blind(section.span(), format!("{name} is no object"), DAMAGED),
            }
        }
        return sections;
    }
    for (name, section) in root.entries().filter(|(_, section)| section.is_object()) {
        let packages = section.get("dependencies").filter(|value| value.is_object());
        match (packages, section.str("framework")) {
            (Some(packages), Some(_)) => sections.push((name, packages)),
            // NuGet passes over what has no framework.
            (Some(_) | None, _) => parsed.blind(
                section.span(),
                format!("{name} is no target framework with `framework` and `dependencies`"),
                DAMAGED,
            ),
        }
    }
    if sections.is_empty() {
        parsed.blind(root.span(), "the file has no target framework", DAMAGED);
    }
    sections
}

/// For each section with a runtime the number of the one without.
struct Bases(Vec<Option<usize>>);

impl Bases {
    fn of(sections: &[(Cow<'_, str>, Value<'_>)]) -> Self {
        let numbers = sections.iter().enumerate();
        let by_name: HashMap<&str, usize> = numbers.map(|(number, (name, _))| (&**name, number)).collect();
        let base = |name: &str| Some(*by_name.get(name.split_once('/')?.0)?);
        Self(sections.iter().map(|(name, _)| base(name)).collect())
    }

    fn of_section(&self, number: usize) -> Option<usize> {
        self.0.get(number).copied().flatten()
    }
}

/// A package or project of a section.
struct Entry<'d> {
    section: usize,
    name: Cow<'d, str>,
    value: Value<'d>,
    is_direct: bool,
    /// The version; none for a project.
    resolved: Option<(Cow<'d, str>, Span)>,
    requested: Option<Value<'d>>,
    checksum: Option<Value<'d>>,
    dependencies: Option<Value<'d>>,
}

impl<'d> Entry<'d> {
    fn of(section: usize, name: Cow<'d, str>, value: Value<'d>, parsed: &mut Parsed) -> Option<Self> {
        if name.is_empty() || !value.is_object() {
            let message = match name.is_empty() {
                true => "an entry has no name".to_owned(),
                false => format!("{name} is no object"),
            };
            parsed.blind(value.key_span().join(value.span()), message, DAMAGED);
            return None;
        }
        let (mut kind, mut resolved) = (None, None);
        let (mut requested, mut checksum, mut dependencies) = (None, None, None);
        for (key, value) in value.entries() {
            match key.as_ref() {
                "type" => kind = value.as_str(),
                "resolved" => resolved = Some(value),
                "requested" => requested = Some(value),
                "contentHash" => checksum = Some(value),
                "dependencies" => dependencies = Some(value),
                _ => {}
            }
        }
        let is = |other: &str| kind.as_ref().is_some_and(|kind| kind.eq_ignore_ascii_case(other));
        let version = resolved.and_then(|value| {
            let text = value.as_str().filter(|text| !text.is_empty())?;
            Some((text, value.text_span()))
        });
        if version.is_none() && (!is("Project") || resolved.is_some_and(|value| value.kind() != Kind::Null)) {
            parsed.partial(
                value.key_span().join(value.span()),
                format!("{name} has no exact version"),
                "Run `dotnet restore --force-evaluate`, which writes one for each package.",
            );
            return None;
        }
        Some(Self {
            section,
            is_direct: !["Transitive", "CentralTransitive", "Project"].into_iter().any(is),
            name,
            value,
            resolved: version,
            requested,
            checksum,
            dependencies,
        })
    }

    fn add(&self, parsed: &mut Parsed) -> NodeId {
        let Some((version, place)) = &self.resolved else {
            return parsed.graph.add_own(&*self.name, "");
        };
        let mut package = Package::new(Ecosystem::NUGET, &*self.name, &**version, FileSpan::here(*place));
        package.direct = self.is_direct;
        package.spans = Spans {
            entry: Some(self.value.key_span().join(self.value.span())),
            source: None,
            checksums: self.checksum.map(Value::text_span).into_iter().collect(),
            edges: self.dependencies.map(Value::span),
        };
        parsed.graph.add_package(package)
    }
}

/// Adds the entries and who needs whom.
fn add(entries: &[Entry<'_>], bases: &Bases, parsed: &mut Parsed) {
    let root = parsed.graph.add_root("", "");
    let nodes: Vec<NodeId> = entries.iter().map(|entry| entry.add(parsed)).collect();
    let named = |name: &str| normalise(&Ecosystem::NUGET, name).into_owned();
    let by_name: HashMap<(usize, String), NodeId> = entries
        .iter()
        .zip(&nodes)
        .map(|(entry, node)| ((entry.section, named(&entry.name)), *node))
        .collect();
    let mut needed = HashSet::new();
    // The first that asks for a name in a section.
    let mut asking: HashMap<(usize, String), (NodeId, Span)> = HashMap::new();
    for (entry, from) in entries.iter().zip(&nodes) {
        if entry.is_direct {
            let span = entry.requested.map_or(entry.value.key_span(), Value::text_span);
            parsed.graph.add_edge(root, *from, span);
        }
        for (name, asked) in entry.dependencies.into_iter().flat_map(Value::entries) {
            let mut key = (entry.section, named(&name));
            let mut found = by_name.get(&key);
            if let (None, Some(base)) = (found, bases.of_section(entry.section)) {
                key.0 = base;
                found = by_name.get(&key);
            }
            match found {
                Some(to) => {
                    needed.insert(*to);
                    parsed.graph.add_edge(*from, *to, asked.key_span());
                    asking.entry(key).or_insert((*from, asked.key_span()));
                }
                None => parsed.blind(
                    asked.key_span(),
                    format!("this dependency is not in the file: {name}"),
                    DAMAGED,
                ),
            }
        }
    }
    for (entry, node) in entries.iter().zip(&nodes) {
        if entry.is_direct || needed.contains(node) {
            continue;
        }
        if entry.resolved.is_none() {
            // Which projects it asks for itself the file does not say: at least those that nothing else of the file does.
            parsed.graph.add_edge(root, *node, entry.value.key_span());
        } else if let Some(base) = bases.of_section(entry.section)
            && let Some((from, span)) = asking.get(&(base, named(&entry.name)))
        {
            // What asks for it is the same with every runtime, and stands in the section without one.
            parsed.graph.add_edge(*from, *node, *span);
        }
    }
}
