//! Yarn's `yarn.lock`, with the `package.json` files of the project and the settings beside it.

use super::npm_archives::{Archives, toolchain};
use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::yarn_lock::locked::{
    Asked, Dialect, LockedEntry, OwnManifest, locked, own_manifests, parts, plain,
};
use crate::plan::npm_graph::{self, Described, Locked, Module, Need, Rules};
use crate::plan::{Bounds, Descriptor, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::yarn_lock::{RESOLUTIONS, place};

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
        let locked = locked(files.text)?;
        if locked.dialect != Dialect::Classic {
            return Err("lockkeeper edits lockfiles of Yarn 1 alone: upgrade it with the command that `lockkeeper scan` shows.".to_owned());
        }
        let manifests = own_manifests(&files.path.parent(), files.read, files.list)?;
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
        configuration.extend(files.configuration(".yarnrc").map(as_npmrc));
        Ok(Box::new(YarnProject {
            described: described(&locked.entries, &manifests),
            archives,
            toolchain: toolchain(&files.beside("package.json").unwrap_or_default()),
            configuration,
            memory: npm_graph::Memory::default(),
        }))
    }
}

/// What the planner takes from the lockfile and the manifests.
fn described(entries: &[LockedEntry], manifests: &[OwnManifest]) -> Described {
    let modules = manifests.iter().map(|manifest| Module {
        folder: manifest.folder.clone(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        needs: needs(&manifest.needs),
    });
    Described {
        modules: modules.collect(),
        entries: entries.iter().map(of_entry).collect(),
        rules: rules(manifests.first()),
    }
}

fn needs(asked: &[Asked]) -> Vec<Need> {
    let needs = asked.iter().map(|asked| Need {
        descriptor: Descriptor {
            name: asked.name.as_str().into(),
            range: asked.range.as_str().into(),
        },
    });
    needs.collect()
}

fn of_entry(entry: &LockedEntry) -> Locked {
    let descriptors = entry.keys.iter().map(|key| {
        let (name, range) = parts(key);
        Descriptor {
            name: name.into(),
            range: range.into(),
        }
    });
    let address = entry.origin.as_deref().unwrap_or_default();
    let is_fixed = match entry.is_of_registry {
        false => Some("it does not come from a registry"),
        true if !address.is_empty() && !address.contains("://") => {
            Some("its archive is taken from a folder, in which no other is")
        }
        true => None,
    };
    Locked {
        place: place(entry).to_owned(),
        name: entry.name.clone(),
        version: entry.version.clone(),
        descriptors: descriptors.collect(),
        needs: needs(&entry.needs),
        peers: entry.peers.clone(),
        is_fixed,
    }
}

/// What `resolutions` of the root say.
fn rules(root: Option<&OwnManifest>) -> Rules {
    let mut rules = Rules {
        field: RESOLUTIONS,
        ..Rules::default()
    };
    for (pattern, range) in root.into_iter().flat_map(|root| &root.resolutions) {
        let name = pattern.strip_prefix("**/").unwrap_or(pattern);
        let slashes = name.matches('/').count();
        let is_plain = slashes == usize::from(name.starts_with('@'))
            && !name.get(1..).is_some_and(|rest| rest.contains(['@', '*']));
        match is_plain {
            true => {
                rules.all.insert(name.to_owned(), plain(range).to_owned());
            }
            false => rules.others.extend(names(pattern)),
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

/// `.yarnrc` of Yarn 1 in the form of an `.npmrc`: `registry "ADDRESS"` becomes `registry=ADDRESS`.
fn as_npmrc(file: ConfigFile) -> ConfigFile {
    let lines = file.text.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once(char::is_whitespace)?;
        let key = key.trim_matches('"');
        let is_registry = key == "registry" || (key.starts_with('@') && key.ends_with(":registry"));
        is_registry.then(|| format!("{key}={}\n", value.trim().trim_matches('"')))
    });
    ConfigFile {
        text: lines.collect(),
        place: file.place,
    }
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
