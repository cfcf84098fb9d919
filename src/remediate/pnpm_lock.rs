//! pnpm's `pnpm-lock.yaml` of version 9, with the `package.json` files of the workspace.
//!
//! The file says what each dependent leads to, and not what it asks for: of packages that is what registries say of the locked version. Only what
//! asks for a package that is to move is asked about.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::npm_archives::{Archives, toolchain};
use super::pnpm_overrides::{WORKSPACE, named, new_rules, others};
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
