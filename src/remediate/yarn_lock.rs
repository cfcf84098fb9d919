//! Yarn's `yarn.lock`, with the `package.json` files of the project and the settings beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::npm_archives::{Archives, toolchain};
use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::yarn_lock::catalogs::Catalogs;
use crate::lockfile::yarn_lock::locked::{
    self, Asked, Dialect, LockedEntry, OwnManifest, cataloged, decoded, own_manifest, own_manifests, parts,
    patched, plain, unbound,
};
use crate::plan::npm_graph::{self, Described, Locked, Module, Need, NewRules, Patch, Rules};
use crate::plan::{Bounds, Descriptor, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::yarn_lock::{RESOLUTIONS, place};
use crate::text::tree::Value;
use crate::text::yaml;

/// Plans lockfiles of Yarn.
pub struct YarnLock;

impl Fixer for YarnLock {
    fn format(&self) -> &'static str {
        "yarn.lock"
    }

    fn takes_out(&self) -> bool {
        true
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let locked = locked::locked(files.text)?;
        let mut manifests = match locked.dialect {
            Dialect::Classic => own_manifests(&files.path.parent(), files.read, files.list)?,
            Dialect::Berry(number) if (OLDEST..=NEWEST).contains(&number) => listed(files, &locked.entries)?,
            Dialect::Berry(number) => {
                return Err(format!("Lockfiles of version {number} of Yarn are not edited."));
            }
        };
        let settings = files
            .beside(SETTINGS)
            .filter(|_| locked.dialect != Dialect::Classic);
        let cataloged = match locked.dialect {
            Dialect::Classic => BTreeSet::new(),
            Dialect::Berry(_) => from_catalogs(&mut manifests, settings.as_deref().unwrap_or_default())?,
        };
        let registered = locked.entries.iter().filter(|entry| entry.is_of_registry);
        let addresses = registered.map(|entry| {
            let address = entry
                .origin
                .as_deref()
                .and_then(|origin| origin.split('#').next());
            (&*entry.name, &*entry.version, address)
        });
        let archives = Archives::of(addresses);
        let mut configuration: Vec<ConfigFile> = files.configuration(".npmrc").into_iter().collect();
        configuration.extend(match locked.dialect {
            Dialect::Classic => files
                .configuration(".yarnrc")
                .map(|file| as_npmrc(file, of_yarnrc)),
            Dialect::Berry(_) => files
                .configuration(SETTINGS)
                .map(|file| as_npmrc(file, of_settings)),
        });
        Ok(Box::new(YarnProject {
            described: described(&locked, &manifests, &cataloged, settings.as_deref()),
            archives,
            toolchain: toolchain(&files.beside("package.json").unwrap_or_default()),
            configuration,
            memory: npm_graph::Memory::default(),
        }))
    }
}

/// The settings of Yarn 2 and later.
const SETTINGS: &str = ".yarnrc.yml";

/// The numbers of lockfiles of Yarn 2 and later that are edited: those of Yarn 2.4 to 4.
const OLDEST: u64 = 4;
const NEWEST: u64 = 10;

/// The manifests that the lockfile of Yarn 2 and later lists, that of the root first.
fn listed(files: &ProjectFiles<'_>, entries: &[LockedEntry]) -> Result<Vec<OwnManifest>, String> {
    let folders: BTreeSet<&String> = entries.iter().filter_map(|entry| entry.module.as_ref()).collect();
    let manifest = |folder: &&String| {
        let path = files.path.parent().join(folder.as_str());
        let path = path.and_then(|folder| folder.join("package.json"));
        let text = path.and_then(|path| (files.read)(&path));
        let manifest = text.and_then(|text| own_manifest(folder, &text));
        manifest.ok_or_else(|| format!("The package.json in `{folder}` cannot be read."))
    };
    folders.iter().map(manifest).collect()
}

/// Puts what catalogs of the settings say into the manifests, and gives what comes from them, by folder and name.
fn from_catalogs(
    manifests: &mut [OwnManifest],
    settings: &str,
) -> Result<BTreeSet<(String, String)>, String> {
    let catalogs = Catalogs::of(settings);
    let mut all = BTreeSet::new();
    for manifest in manifests {
        let names = cataloged(manifest, &catalogs)?;
        all.extend(names.into_iter().map(|name| (manifest.folder.clone(), name)));
    }
    Ok(all)
}

/// What the planner takes from the lockfile, the manifests and the settings; `cataloged` come from catalogs.
fn described(
    locked: &locked::Locked,
    manifests: &[OwnManifest],
    cataloged: &BTreeSet<(String, String)>,
    settings: Option<&str>,
) -> Described {
    let is_berry = locked.dialect != Dialect::Classic;
    let patches = Patches::of(&locked.entries);
    let modules = manifests.iter().map(|manifest| Module {
        folder: manifest.folder.clone(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        needs: patches.with(needs(&manifest.needs)),
        kept: cataloged
            .iter()
            .filter(|(folder, _)| *folder == manifest.folder)
            .map(|(_, name)| (name.clone(), kept(name)))
            .collect(),
    });
    let mut closed = extended(settings);
    if is_berry {
        closed.extend(PATCHED.map(|name| {
            (
                name.to_owned(),
                format!("Yarn patches {name}: it has to say what a new range of it leads to, where no version in that range is locked with its patch."),
            )
        }));
    }
    Described {
        modules: modules.collect(),
        entries: locked
            .entries
            .iter()
            .map(|entry| of_entry(entry, &patches))
            .collect(),
        rules: Rules {
            replace: is_berry,
            ..rules(manifests.first())
        },
        lists_modules: is_berry,
        closed,
        patches: match is_berry {
            true => PATCHED
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), built_in(name, &locked.entries)?)))
                .collect(),
            false => BTreeMap::new(),
        },
        leads: false,
    }
}

/// Why the range of what comes from a catalog stays.
fn kept(name: &str) -> String {
    format!("{name} comes from a catalog of {SETTINGS}: change the range there.")
}

/// What Yarn 2 and later patch of themselves.
const PATCHED: [&str; 3] = ["fsevents", "resolve", "typescript"];

/// How the file asks for Yarn's own patch of the package `name`, if it does in one way.
fn built_in(name: &str, entries: &[LockedEntry]) -> Option<Patch> {
    let keys = entries.iter().flat_map(|entry| &entry.keys);
    let ranges = keys.map(|key| parts(key)).filter(|(other, _)| *other == name);
    let patches: Option<BTreeSet<(&str, &str)>> = ranges
        .filter(|(_, range)| range.starts_with("patch:"))
        .map(|(_, range)| {
            let (inner, patch) = range.split_once('#')?;
            let start = [format!("patch:{name}@npm%3A"), format!("patch:{name}@")];
            let start = start
                .iter()
                .find(|start| inner.starts_with(start.as_str()))?
                .len();
            Some((range.get(..start)?, patch))
                .filter(|_| patch.contains("builtin<") && !patch.contains(['&', ',']))
        })
        .collect();
    let patches = patches?;
    let one = patches.first().filter(|_| patches.len() == 1);
    one.map(|(before, patch)| Patch {
        before: (*before).to_owned(),
        after: format!("#{patch}"),
    })
}

/// Packages that settings change, each with why nothing new of it comes in.
fn extended(settings: Option<&str>) -> BTreeMap<String, String> {
    let document = yaml::read(settings.unwrap_or_default(), yaml::Bounds::UNTRUSTED);
    let extensions = document.root().get("packageExtensions");
    let names = extensions.into_iter().flat_map(Value::entries);
    names
        .map(|(key, _)| {
            let name = parts(&key).0.to_owned();
            let reason = format!("`packageExtensions` in {SETTINGS} change what {name} needs.");
            (name, reason)
        })
        .collect()
}

/// What is patched: descriptors, with those of the patches; and what is bound to who asks for it.
struct Patches {
    of: BTreeMap<Descriptor, Vec<Descriptor>>,
    bound: BTreeMap<(String, String), Vec<Descriptor>>,
    names: BTreeSet<String>,
}

impl Patches {
    fn of(entries: &[LockedEntry]) -> Self {
        let mut patches = Self {
            of: BTreeMap::new(),
            bound: BTreeMap::new(),
            names: BTreeSet::new(),
        };
        for key in entries.iter().flat_map(|entry| &entry.keys) {
            if let Some(need) = unbound(key) {
                patches.bound.entry(need).or_default().push(descriptor(key));
            }
            let Some((name, range)) = patched(key) else {
                continue;
            };
            let inner = Descriptor::new(name.as_str(), range);
            patches.of.entry(inner).or_default().push(descriptor(key));
            patches.names.insert(name);
        }
        patches
    }

    /// The needs, with the patches of what is needed, for which Yarn takes those.
    fn with(&self, mut needs: Vec<Need>) -> Vec<Need> {
        let patches = needs
            .iter()
            .filter_map(|need| self.of.get(&need.descriptor))
            .flatten();
        let bound = needs.iter().filter_map(|need| {
            let Descriptor { name, range, .. } = &need.descriptor;
            self.bound.get(&(name.to_string(), decoded(range)))
        });
        let patches = patches.chain(bound.flatten());
        let patches: Vec<Need> = patches.cloned().map(|descriptor| Need { descriptor }).collect();
        needs.extend(patches);
        needs
    }
}

fn descriptor(key: &str) -> Descriptor {
    let (name, range) = parts(key);
    Descriptor::new(name, range)
}

fn needs(asked: &[Asked]) -> Vec<Need> {
    let needs = asked.iter().map(|asked| Need {
        descriptor: Descriptor::new(asked.name.as_str(), asked.range.as_str()),
    });
    needs.collect()
}

fn of_entry(entry: &LockedEntry, patches: &Patches) -> Locked {
    let address = entry.origin.as_deref().unwrap_or_default();
    let is_fixed = match entry.is_of_registry {
        _ if entry.module.is_some() => Some("it is a module of the project"),
        _ if patches.names.contains(&entry.name) => Some("Yarn patches it"),
        false => Some("it does not come from a registry"),
        true if !address.is_empty() && !address.contains(':') => {
            Some("its archive is taken from a folder, in which no other is")
        }
        true => None,
    };
    // Its manifest asks.
    let own = match entry.module {
        Some(_) => Vec::new(),
        None => patches.with(needs(&entry.needs)),
    };
    // What asks for a package that Yarn patches of itself asks for both.
    let inner = entry
        .keys
        .iter()
        .filter(|key| !key.contains("builtin<"))
        .filter_map(|key| patched(key))
        .map(|(name, range)| Need {
            descriptor: Descriptor::new(name, range),
        });
    Locked {
        place: place(entry).to_owned(),
        name: entry.name.clone(),
        version: entry.version.clone(),
        descriptors: entry.keys.iter().map(|key| descriptor(key)).collect(),
        needs: own.into_iter().chain(inner).collect(),
        peers: entry.peers.clone(),
        is_fixed,
    }
}

/// What `resolutions` of the root say.
fn rules(root: Option<&OwnManifest>) -> Rules {
    let mut rules = Rules {
        field: RESOLUTIONS,
        new: NewRules::In {
            manifest: "package.json",
            field: RESOLUTIONS,
        },
        ..Rules::default()
    };
    for (pattern, range) in root.into_iter().flat_map(|root| &root.resolutions) {
        let name = pattern.strip_prefix("**/").unwrap_or(pattern);
        let slashes = name.matches('/').count();
        let is_plain = slashes == usize::from(name.starts_with('@'))
            && !name.get(1..).is_some_and(|rest| rest.contains(['@', '*']));
        match is_plain {
            // Of two that say the same with other words the first counts.
            true => {
                let known = rules.all.entry(name.to_owned());
                known.or_insert_with(|| plain(range).to_owned());
            }
            false => rules
                .others
                .extend(names(pattern).into_iter().map(|name| (name, None))),
        }
    }
    rules
}

/// Every name that a pattern has.
fn names(pattern: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut scope: Option<&str> = None;
    for part in pattern.split('/') {
        let name = match scope.take() {
            Some(scope) => format!("{scope}/{part}"),
            None if part.starts_with('@') => {
                scope = Some(part);
                continue;
            }
            None => part.to_owned(),
        };
        names.push(parts(&name).0.to_owned());
    }
    names
}

/// The registries of a file in the form of an `.npmrc`: `registry=ADDRESS`, `@scope:registry=ADDRESS`.
fn as_npmrc(file: ConfigFile, read: fn(&str) -> Vec<(String, String)>) -> ConfigFile {
    let lines = read(&file.text)
        .into_iter()
        .filter(|(_, value)| !value.contains('\n'));
    ConfigFile {
        text: lines.map(|(key, value)| format!("{key}={value}\n")).collect(),
        place: file.place,
    }
}

/// What `.yarnrc` of Yarn 1 sets: `registry "ADDRESS"`.
fn of_yarnrc(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once(char::is_whitespace)?;
        let key = key.trim_matches('"');
        let is_registry = key == "registry" || (key.starts_with('@') && key.ends_with(":registry"));
        is_registry.then(|| (key.to_owned(), value.trim().trim_matches('"').to_owned()))
    });
    lines.collect()
}

/// What `.yarnrc.yml` sets: `npmRegistryServer`, also of `npmScopes`.
fn of_settings(text: &str) -> Vec<(String, String)> {
    const SERVER: &str = "npmRegistryServer";
    let document = yaml::read(text, yaml::Bounds::UNTRUSTED);
    let root = document.root();
    let of = |value: Value<'_>| value.str(SERVER).map(std::borrow::Cow::into_owned);
    let mut all: Vec<(String, String)> = of(root)
        .map(|server| ("registry".to_owned(), server))
        .into_iter()
        .collect();
    let scopes = root.get("npmScopes").into_iter().flat_map(Value::entries);
    all.extend(scopes.filter_map(|(scope, value)| Some((format!("@{scope}:registry"), of(value)?))));
    all
}

struct YarnProject {
    described: Described,
    archives: Archives,
    toolchain: Vec<(String, String)>,
    configuration: Vec<ConfigFile>,
    memory: npm_graph::Memory,
}

impl Project for YarnProject {
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
        npm_graph::plan(&self.described, wishes, releases, bounds, &self.memory)
    }
}
