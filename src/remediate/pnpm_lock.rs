//! pnpm's `pnpm-lock.yaml` of version 9, with the `package.json` files of the workspace.
//!
//! The file says what each dependent leads to, and not what it asks for: of packages that is what registries say of the locked version. Only what
//! asks for a package that is to move is asked about.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::npm_archives::{Archives, toolchain};
use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::package_lock::installed::requirement;
use crate::lockfile::pnpm_lock::locked::{self, PackageEntry, locked};
use crate::model::{Query, Requirement, RequirementKind};
use crate::plan::npm_graph::{self, Described, Locked, Memory, Module, Need, NewRules, Rules, UNKNOWN};
use crate::plan::{Bounds, Descriptor, Known, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::text::json;
use crate::text::tree::Value;
use crate::text::yaml;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// Plans lockfiles of pnpm.
pub struct PnpmLock;

/// The settings of a workspace.
const WORKSPACE: &str = "pnpm-workspace.yaml";

impl Fixer for PnpmLock {
    fn format(&self) -> &'static str {
        "pnpm-lock.yaml"
    }

    fn takes_out(&self) -> bool {
        true
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let locked = locked(files.text)?;
        for (field, reason) in HOOKS {
            if locked.fields.contains(field) {
                return Err(reason.to_owned());
            }
        }
        if let Some(folder) = injected(&locked) {
            return Err(format!(
                "The lockfile has a copy of the workspace's project in `{folder}` (`injectWorkspacePackages`), which has to move with it: upgrade with pnpm."
            ));
        }
        let addresses = locked.packages.iter().filter(|package| package.is_of_registry);
        let addresses =
            addresses.map(|package| (&*package.name, &*package.version, package.tarball.as_deref()));
        let archives = Archives::of(addresses);
        let workspace = files.beside(WORKSPACE);
        let mut configuration: Vec<ConfigFile> = files.configuration(".npmrc").into_iter().collect();
        configuration.extend(files.configuration(WORKSPACE).map(|file| ConfigFile {
            text: registries(&file.text),
            place: file.place,
        }));
        let manifest = files.beside("package.json").unwrap_or_default();
        Ok(Box::new(PnpmProject {
            closed: closed(&locked, &manifest, workspace.as_deref()),
            new_rules: new_rules(&locked, &manifest, workspace.as_deref()),
            modules: modules(&locked, files)?,
            locked,
            archives,
            toolchain: toolchain(&manifest),
            configuration,
            known: RefCell::default(),
        }))
    }
}

/// The folder of a project of the workspace that another project has as a copy (`dependenciesMeta.*.injected`). pnpm refuses
/// the lockfile where the copy's dependencies are not those of the project.
fn injected(locked: &locked::Locked) -> Option<&str> {
    let copies = locked.packages.iter().filter_map(|package| {
        let (_, folder) = package.id.split_once("file:")?;
        Some(folder.trim_start_matches("./"))
    });
    let is_project = |folder: &&str| {
        let mut importers = locked.importers.iter();
        importers.any(|importer| importer.folder == **folder)
    };
    copies.into_iter().find(is_project)
}

/// Fields of the lockfile that say that what registries say of packages is not all, each with the reason.
const HOOKS: [(&str, &str); 2] = [
    (
        "pnpmfileChecksum",
        "A `.pnpmfile.cjs` changes what packages need, which only pnpm can run: upgrade with pnpm.",
    ),
    (
        "time",
        "The lockfile has a `time` section (`resolution-mode`), by which pnpm chooses versions: upgrade with pnpm.",
    ),
];

/// The name and version of each project of the workspace.
fn modules(locked: &locked::Locked, files: &ProjectFiles<'_>) -> Result<Vec<(String, String)>, String> {
    let of = |importer: &locked::Importer| {
        let path = files.path.parent().join(&importer.folder);
        let text = path
            .and_then(|folder| folder.join("package.json"))
            .and_then(|path| (files.read)(&path));
        let text =
            text.ok_or_else(|| format!("The package.json in `{}` cannot be read.", importer.folder))?;
        let document = json::read(&text);
        let field = |name: &str| document.root().str(name).unwrap_or_default().into_owned();
        Ok((field("name"), field("version")))
    };
    locked.importers.iter().map(of).collect()
}

/// Packages for which nothing new is asked, each with why.
fn closed(locked: &locked::Locked, manifest: &str, workspace: Option<&str>) -> BTreeMap<String, String> {
    let mut closed: BTreeMap<String, String> = BTreeMap::new();
    let document = json::read(manifest);
    let settings = yaml::read(workspace.unwrap_or_default(), yaml::Bounds::UNTRUSTED);
    let own = document
        .root()
        .get("pnpm")
        .and_then(|pnpm| pnpm.get("packageExtensions"));
    let extensions = own.into_iter().chain(settings.root().get("packageExtensions"));
    for (selector, _) in extensions.flat_map(Value::entries) {
        let name = named(&selector).to_owned();
        let reason = format!("`packageExtensions` change what {name} needs.");
        closed.insert(name, reason);
    }
    for name in &locked.ignored {
        closed.insert(
            name.clone(),
            format!("`ignoredOptionalDependencies` leave {name} out."),
        );
    }
    closed
}

/// Where pnpm reads `overrides`: up to version 10 in `package.json`, where that has some, else in the settings of the workspace; from 11 on in
/// these alone (run with 9.15.9, 10.34.9, 11.28.11 and 12.23.0). One that reads them elsewhere refuses the lockfile.
fn new_rules(locked: &locked::Locked, manifest: &str, workspace: Option<&str>) -> NewRules {
    let document = json::read(manifest);
    let settings = yaml::read(workspace.unwrap_or_default(), yaml::Bounds::UNTRUSTED);
    let own = document.root().get("pnpm");
    let in_manifest = selectors(own.and_then(|own| own.get("overrides")));
    let in_workspace = selectors(settings.root().get("overrides"));
    let in_lockfile: BTreeSet<String> = locked
        .overrides
        .iter()
        .map(|(selector, _)| selector.clone())
        .collect();
    let pinned = pinned(document.root());
    let of_manifest = NewRules::In {
        manifest: "package.json",
        field: "pnpm.overrides",
    };
    let of_workspace = match workspace {
        Some(_) => NewRules::In {
            manifest: WORKSPACE,
            field: "overrides",
        },
        None => NewRules::Nowhere(format!(
            "pnpm 11 and later read `overrides` in {WORKSPACE}, which is not there: add it."
        )),
    };
    let is_before_11 = pinned.is_some_and(|major| major < 11);
    let is_later = pinned.is_some_and(|major| major >= 11);
    let differs = || {
        NewRules::Nowhere(
            "The `overrides` of the lockfile are not those of the project: run `pnpm install --lockfile-only` first."
                .to_owned(),
        )
    };
    // Settings in there are read by pnpm 10.5 and later alone.
    let has_settings = settings
        .root()
        .entries()
        .any(|(name, _)| !matches!(&*name, "packages" | "catalog" | "catalogs"));
    let unknown = || {
        NewRules::Nowhere(
            "Which pnpm the project uses is not said, and with it where that reads `overrides`: add `packageManager` to package.json."
                .to_owned(),
        )
    };
    let has_both = !in_manifest.is_empty() && !in_workspace.is_empty();
    match in_lockfile.is_empty() {
        false if has_both && pinned.is_none() => unknown(),
        false if !is_later && in_lockfile == in_manifest => of_manifest,
        false if in_lockfile == in_workspace && (is_later || in_manifest.is_empty()) => of_workspace,
        false => differs(),
        true if !in_workspace.is_empty() || !in_manifest.is_empty() && !is_later => differs(),
        true if is_before_11 => of_manifest,
        true if is_later || has_settings => of_workspace,
        true if own.is_some() => of_manifest,
        true => unknown(),
    }
}

/// What entries of `overrides` are about.
fn selectors(overrides: Option<Value<'_>>) -> BTreeSet<String> {
    let entries = overrides.into_iter().flat_map(Value::entries);
    entries.map(|(selector, _)| selector.into_owned()).collect()
}

/// The major version of pnpm that a manifest pins, by `packageManager` or `devEngines`.
fn pinned(manifest: Value<'_>) -> Option<u64> {
    let major = |version: &str| {
        let digits = version.trim_start_matches(|letter: char| "^~>=v ".contains(letter));
        let end = digits
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(digits.len());
        digits.get(..end)?.parse::<u64>().ok()
    };
    if let Some(pinned) = manifest.str("packageManager") {
        return pinned.strip_prefix("pnpm@").and_then(major);
    }
    let engine = manifest.get("devEngines")?.get("packageManager")?;
    let mut engines = std::iter::once(engine).chain(engine.items());
    let engine = engines.find(|engine| engine.str("name").as_deref() == Some("pnpm"))?;
    engine.str("version").as_deref().and_then(major)
}

/// The name in front of a range.
fn named(selector: &str) -> &str {
    let at = selector.char_indices().skip(1).find(|(_, letter)| *letter == '@');
    at.and_then(|(at, _)| selector.get(..at)).unwrap_or(selector)
}

/// Every name that the selector of an override has: `a`, `b@1>a@2`.
fn selected(selector: &str) -> impl Iterator<Item = String> {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = selector;
    // A range may begin with `>`.
    while let Some(end) = rest
        .char_indices()
        .find(|(at, letter)| {
            *letter == '>'
                && *at > 0
                && !rest
                    .get(..*at)
                    .is_some_and(|before| before.ends_with(['@', ' ', '|']))
                && !rest
                    .get(at + 1..)
                    .is_some_and(|after| after.starts_with(['=', ' ']))
        })
        .map(|(at, _)| at)
    {
        parts.push(rest[..end].to_owned());
        rest = &rest[end + 1..];
    }
    parts.push(rest.to_owned());
    parts.into_iter().map(|part| named(&part).to_owned())
}

/// The names in `overrides`, with the ranges that they put in the place of what is asked for.
fn others(overrides: &[(String, String)]) -> BTreeMap<String, Option<Vec<String>>> {
    let mut others: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
    for (selector, value) in overrides {
        let mut names: Vec<String> = selected(selector).collect();
        let Some(name) = names.pop() else { continue };
        // Which packages a rule is for is not known where they move.
        others.extend(names.into_iter().map(|parent| (parent, None)));
        // `-` takes the package out, and `npm:`, `link:` and others put another in its place.
        let is_range = !value.contains(':') && !value.starts_with(['-', '$']);
        let ranges = others.entry(name).or_insert_with(|| Some(Vec::new()));
        match ranges {
            Some(ranges) if is_range => ranges.push(value.clone()),
            _ => *ranges = None,
        }
    }
    others
}

/// `registries` of the workspace's settings in the form of an `.npmrc`.
fn registries(text: &str) -> String {
    let document = yaml::read(text, yaml::Bounds::UNTRUSTED);
    let root = document.root();
    let mut lines = String::new();
    let mut line = |key: String, value: Option<std::borrow::Cow<'_, str>>| {
        if let Some(value) = value.filter(|value| !value.contains('\n') && !key.contains('\n')) {
            lines.push_str(&format!("{key}={value}\n"));
        }
    };
    line("registry".to_owned(), root.str("registry"));
    for (scope, value) in root.get("registries").into_iter().flat_map(Value::entries) {
        let key = match &*scope {
            "default" => "registry".to_owned(),
            scope => format!("{scope}:registry"),
        };
        line(key, value.as_str());
    }
    lines
}

struct PnpmProject {
    locked: locked::Locked,
    /// Name and version of each importer.
    modules: Vec<(String, String)>,
    closed: BTreeMap<String, String>,
    new_rules: NewRules,
    archives: Archives,
    toolchain: Vec<(String, String)>,
    configuration: Vec<ConfigFile>,
    known: RefCell<Round>,
}

/// What is planned with.
#[derive(Default)]
struct Round {
    /// Packages of which it is known what is asked for.
    names: BTreeSet<String>,
    described: Option<Described>,
    memory: Memory,
}

impl Project for PnpmProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        self.archives.own(package).map(str::to_owned)
    }

    fn likely_address(&self, package: &str) -> Option<String> {
        self.archives.like(package)
    }

    fn toolchain(&self) -> &[(String, String)] {
        &self.toolchain
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        let mut round = self.known.borrow_mut();
        let wished: BTreeSet<String> = wishes.iter().map(|wish| wish.name.clone()).collect();
        if !wished.is_subset(&round.names) {
            round.names.extend(wished);
            round.described = None;
        }
        loop {
            let asking = self.asking(&round.names).into_iter();
            let missing: BTreeSet<Query> = asking
                .filter(|name| matches!(releases.versions(name), Known::NotAsked))
                .map(Query::versions)
                .collect();
            if !missing.is_empty() {
                return Step::Ask(missing);
            }
            if round.described.is_none() {
                round.described = Some(self.described(&round.names, releases));
                round.memory = Memory::default();
            }
            let Some(described) = &round.described else {
                continue;
            };
            let step = npm_graph::plan(described, wishes, releases, bounds, &round.memory);
            let unknown = round.memory.unknown();
            if unknown.is_subset(&round.names) {
                return step;
            }
            round.names.extend(unknown);
            round.described = None;
        }
    }
}

/// The locked version of an edge is what it leads to.
type Edges<'l> = Vec<(&'l locked::Edge, &'l PackageEntry)>;

impl PnpmProject {
    fn package(&self, snapshot: usize) -> &PackageEntry {
        &self.locked.packages[self.locked.snapshots[snapshot].package]
    }

    /// The packages of registries that ask for one of `names`.
    fn asking(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let snapshots = self.locked.snapshots.iter();
        let asking = snapshots.filter(|snapshot| {
            let mut needs = snapshot.needs.iter().filter_map(|need| need.to);
            needs.any(|to| names.contains(&self.package(to).name))
        });
        asking
            .map(|snapshot| &self.locked.packages[snapshot.package])
            .filter(|package| package.is_of_registry)
            .map(|package| package.name.clone())
            .collect()
    }

    fn described(&self, names: &BTreeSet<String>, releases: &dyn Releases) -> Described {
        let snapshots = self.locked.snapshots.iter();
        let patched: BTreeSet<usize> = snapshots
            .filter(|snapshot| snapshot.key.contains("(patch_hash="))
            .filter(|snapshot| {
                let id = &self.locked.packages[snapshot.package].id;
                snapshot
                    .key
                    .get(id.len()..)
                    .is_some_and(|rest| rest.starts_with("(patch_hash="))
            })
            .map(|snapshot| snapshot.package)
            .collect();
        let packages = self.locked.packages.iter().enumerate();
        let mut entries: Vec<Locked> = packages
            .map(|(number, package)| entry(package, patched.contains(&number)))
            .collect();
        // What each package needs, over all of its snapshots.
        let mut edges: Vec<Edges<'_>> = vec![Vec::new(); entries.len()];
        for snapshot in &self.locked.snapshots {
            for need in &snapshot.needs {
                let Some(to) = need.to.map(|to| self.package(to)) else {
                    continue;
                };
                let of_package = &mut edges[snapshot.package];
                let is_known = |(other, other_to): &(&locked::Edge, &PackageEntry)| {
                    other.name == need.name && std::ptr::eq(*other_to, to)
                };
                if !of_package.iter().any(is_known) {
                    of_package.push((need, to));
                }
            }
        }
        let mut led: Vec<BTreeSet<Descriptor>> = vec![BTreeSet::new(); entries.len()];
        let numbers: BTreeMap<&str, usize> = self
            .locked
            .packages
            .iter()
            .enumerate()
            .map(|(number, package)| (&*package.id, number))
            .collect();
        for ((package, edges), entry) in self.locked.packages.iter().zip(&edges).zip(&mut entries) {
            let asked: Vec<Requirement> = match edges.iter().any(|(_, to)| names.contains(&to.name)) {
                true => asked(package, releases),
                false => Vec::new(),
            };
            for (need, to) in edges {
                let descriptor = match names.contains(&to.name) {
                    true => descriptor(package, &asked, need, to),
                    false => unknown(need, to),
                };
                led[numbers[&*to.id]].insert(descriptor.clone());
                entry.needs.push(Need { descriptor });
            }
        }
        let modules: Vec<Module> = self
            .locked
            .importers
            .iter()
            .zip(&self.modules)
            .map(|(importer, module)| self.module(importer, module))
            .collect();
        for need in modules.iter().flat_map(|module| &module.needs) {
            if let Some(number) = numbers.get(&*need.descriptor.led) {
                led[*number].insert(need.descriptor.clone());
            }
        }
        for (entry, led) in entries.iter_mut().zip(led) {
            entry.descriptors = led.into_iter().collect();
        }
        Described {
            modules,
            entries,
            rules: Rules {
                field: "overrides",
                others: others(&self.locked.overrides),
                new: self.new_rules.clone(),
                ..Rules::default()
            },
            lists_modules: false,
            closed: self.closed.clone(),
            leads: true,
            patches: BTreeMap::new(),
        }
    }

    fn module(&self, importer: &locked::Importer, (name, version): &(String, String)) -> Module {
        let mut module = Module {
            folder: match importer.folder.as_str() {
                "." => String::new(),
                folder => folder.to_owned(),
            },
            name: name.clone(),
            version: version.clone(),
            ..Module::default()
        };
        for wish in &importer.needs {
            let Some(to) = wish.to.map(|to| self.package(to)) else {
                continue;
            };
            let specifier = &wish.specifier.text;
            let range = match self.locked.cataloged(specifier, &wish.name) {
                Some(entry) => {
                    let reason = format!(
                        "A catalog in {WORKSPACE} asks for {}: change the range there.",
                        wish.name
                    );
                    module.kept.insert(wish.name.clone(), reason);
                    &entry.specifier.text
                }
                None => specifier,
            };
            module.needs.push(Need {
                descriptor: Descriptor {
                    led: to.id.as_str().into(),
                    ..Descriptor::new(wish.name.as_str(), range.as_str())
                },
            });
        }
        module
    }
}

fn entry(package: &PackageEntry, is_patched: bool) -> Locked {
    let peers = package.peers.iter().map(|(name, range)| {
        let kind = match package.optional_peers.contains(name) {
            true => RequirementKind::OptionalPeer,
            false => RequirementKind::Peer,
        };
        requirement(name, range, kind)
    });
    Locked {
        place: package.id.clone(),
        name: package.name.clone(),
        version: package.version.clone(),
        descriptors: Vec::new(),
        needs: Vec::new(),
        peers: peers.collect(),
        is_fixed: match package.is_of_registry {
            false => Some("it does not come from the registry of the others"),
            true if is_patched => Some("`patchedDependencies` change it"),
            true => None,
        },
    }
}

/// What registries say that the locked version of a package needs; nothing where they do not know it.
fn asked(package: &PackageEntry, releases: &dyn Releases) -> Vec<Requirement> {
    if !package.is_of_registry {
        return Vec::new();
    }
    let Known::Answer(all) = releases.versions(&package.name) else {
        return Vec::new();
    };
    let own = all.iter().find(|release| *release.version == *package.version);
    own.map(|release| release.dependencies.clone())
        .unwrap_or_default()
}

/// What is asked for by `need` of `package`.
fn descriptor(
    package: &PackageEntry,
    asked: &[Requirement],
    need: &locked::Edge,
    to: &PackageEntry,
) -> Descriptor {
    let led = |range: &str| Descriptor {
        led: to.id.as_str().into(),
        ..Descriptor::new(need.name.as_str(), range)
    };
    if let Some(range) = package.peers.get(&need.name) {
        // One that never fitted goes wherever the others go.
        return match Npm.contains(range, &to.version) {
            Ok(true) => led(range),
            Ok(false) | Err(_) => led("*"),
        };
    }
    let is_peer = |kind| matches!(kind, RequirementKind::Peer | RequirementKind::OptionalPeer);
    match asked
        .iter()
        .find(|asks| *asks.name == *need.name && !is_peer(asks.kind))
    {
        None => unknown(need, to),
        Some(asks) => match &asks.package {
            None => led(&asks.range),
            Some(package) => led(&format!("npm:{package}@{}", asks.range)),
        },
    }
}

fn unknown(need: &locked::Edge, to: &PackageEntry) -> Descriptor {
    let range = match to.name == need.name {
        true => UNKNOWN.to_owned(),
        false => format!("npm:{}@{UNKNOWN}", to.name),
    };
    Descriptor {
        led: to.id.as_str().into(),
        ..Descriptor::new(need.name.as_str(), range)
    }
}
