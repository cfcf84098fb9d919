//! What a lockfile of Bun locks, entry by entry, for those who change it.
//!
//! A key is a path through folders, as npm's: `a/b` is the package `b` in the `node_modules` of `a`, and what is below a project's name
//! is in the folder of that project.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::super::grammar::npm_archive as archive;
use super::super::package_lock::installed::{Described, Installed, Layout, requirement};
use super::place::first_name;
use super::{MAX_ITEMS, NEWEST, is_archive, is_version};
use crate::model::{Requirement, RequirementKind};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// A lockfile.
#[derive(Debug)]
pub struct Locked {
    /// Its version.
    pub version: u64,
    /// The projects, that of the root first.
    pub members: Vec<Member>,
    /// What is in `packages`, in the order of the file.
    pub entries: Vec<Entry>,
    /// The names that `overrides` speak of.
    pub overridden: BTreeSet<String>,
    /// What `patchedDependencies` name: `name@version`.
    pub patched: BTreeSet<String>,
    /// The names in `trustedDependencies`.
    pub trusted: BTreeSet<String>,
}

/// A project.
#[derive(Debug)]
pub struct Member {
    /// Its folder; empty for the root.
    pub folder: String,
    /// Its name.
    pub name: String,
    /// Its version, where the file has it.
    pub version: String,
    /// What it asks for.
    pub needs: Vec<Need>,
}

/// An entry of `packages`.
#[derive(Debug)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its first item: `name@1.0.0`.
    pub said: String,
    /// The package's own name.
    pub name: String,
    /// What follows the name in the first item.
    pub version: String,
    /// What it is.
    pub what: What,
    /// The address of its archive or registry, if the file has one.
    pub address: Option<String>,
    /// The hash of its archive.
    pub integrity: Option<String>,
    /// It is bundled in the archive of another package.
    pub is_bundled: bool,
    /// What it needs.
    pub needs: Vec<Need>,
    /// From the quote before the key to the end of the value.
    pub at: Range<usize>,
    /// Where the value starts.
    pub value: usize,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A package of a registry.
    Registered,
    /// The project in this folder.
    Project(String),
    /// A folder that is copied.
    Folder,
    /// Something else.
    Other,
}

/// What is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The name.
    pub name: String,
    /// As it is written.
    pub range: String,
    /// The range that it stands for: that of the catalog.
    pub meant: String,
    /// The table that it is in.
    pub kind: RequirementKind,
}

const TABLES: [(&str, RequirementKind); 4] = [
    ("dependencies", RequirementKind::Runtime),
    ("devDependencies", RequirementKind::Dev),
    ("optionalDependencies", RequirementKind::Optional),
    ("peerDependencies", RequirementKind::Peer),
];

/// The lockfile with the text `text`.
///
/// # Errors
/// Why nothing can be planned with it, as a sentence.
pub fn locked(text: &str) -> Result<Locked, String> {
    const DAMAGED: &str = "The lockfile is damaged.";
    let document = json::read_with_comments(text);
    if !document.problems.is_empty() {
        return Err(DAMAGED.to_owned());
    }
    let root = document.root();
    let version = root.get("lockfileVersion").and_then(Value::as_u64);
    let version = version.ok_or("The lockfile does not say which version it has.")?;
    if version > NEWEST {
        return Err("The lockfile has a form that is newer than what is known here.".to_owned());
    }
    let catalogs = Catalogs::of(root);
    let workspaces = root.get("workspaces").ok_or(DAMAGED)?;
    let mut members: Vec<Member> = workspaces
        .entries()
        .map(|(folder, project)| Member {
            name: project.str("name").unwrap_or_default().into_owned(),
            version: project.str("version").unwrap_or_default().into_owned(),
            needs: needs(project, &catalogs),
            folder: folder.into_owned(),
        })
        .collect();
    members.sort_by(|left, right| left.folder.cmp(&right.folder));
    if members.first().is_none_or(|first| !first.folder.is_empty()) {
        return Err("The lockfile does not say what its project asks for.".to_owned());
    }
    check_folders(&members)?;
    let packages = root.get("packages").into_iter().flat_map(Value::entries);
    let mut keys = BTreeSet::new();
    let mut entries = Vec::new();
    for (key, value) in packages {
        if !keys.insert(key.clone().into_owned()) {
            return Err(DAMAGED.to_owned());
        }
        entries.push(entry(&key, value, &catalogs).ok_or(DAMAGED)?);
    }
    let names = |key: &str| root.get(key).into_iter().flat_map(Value::entries);
    let locked = Locked {
        version,
        members,
        entries,
        overridden: overridden(root),
        patched: names("patchedDependencies")
            .map(|(name, _)| name.into_owned())
            .collect(),
        trusted: root
            .get("trustedDependencies")
            .into_iter()
            .flat_map(Value::items)
            .filter_map(|name| Some(name.as_str()?.into_owned()))
            .collect(),
    };
    check_projects(&locked)?;
    Ok(locked)
}

/// Projects lie beside each other in the folder of the lockfile.
fn check_folders(members: &[Member]) -> Result<(), String> {
    for member in members.iter().skip(1) {
        let mut parts = member.folder.split('/');
        if parts.any(|part| matches!(part, "" | "." | ".." | "node_modules")) {
            return Err(format!(
                "The workspace in `{}` is not below the folder of the lockfile.",
                member.folder
            ));
        }
        if member.name.is_empty() {
            return Err(format!("The workspace in `{}` has no name.", member.folder));
        }
        let is_above = |other: &&Member| {
            let rest = member.folder.strip_prefix(other.folder.as_str());
            !other.folder.is_empty() && rest.is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(above) = members.iter().find(is_above) {
            return Err(format!(
                "The workspace in `{}` is inside of that in `{}`: what it finds there is not known.",
                member.folder, above.folder
            ));
        }
    }
    Ok(())
}

/// Each project is where its name leads to.
fn check_projects(locked: &Locked) -> Result<(), String> {
    let by_folder: BTreeMap<&str, &Member> = locked
        .members
        .iter()
        .map(|member| (member.folder.as_str(), member))
        .collect();
    let mut aliases = BTreeSet::new();
    for entry in &locked.entries {
        let What::Project(folder) = &entry.what else {
            continue;
        };
        let Some(member) = by_folder.get(folder.as_str()) else {
            return Err(format!("`workspaces` does not have the project in `{folder}`."));
        };
        if !first_name(&entry.key).1.is_empty() {
            return Err(format!(
                "The workspace in `{folder}` is at a second place, {}.",
                entry.key
            ));
        }
        if member.folder.is_empty() || member.name != entry.key {
            aliases.insert(entry.key.as_str());
        }
    }
    let mut inside = locked.entries.iter().filter(|entry| {
        let (first, rest) = first_name(&entry.key);
        !rest.is_empty() && aliases.contains(first)
    });
    match inside.next() {
        Some(entry) => Err(format!("{} is below another name of a project.", entry.key)),
        None => Ok(()),
    }
}

/// What `catalog` and `catalogs` say.
struct Catalogs {
    ranges: BTreeMap<(String, String), String>,
}

impl Catalogs {
    fn of(root: Value<'_>) -> Self {
        let mut ranges = BTreeMap::new();
        let unnamed = root.get("catalog").map(|table| (String::new(), table));
        let named = root.get("catalogs").into_iter().flat_map(Value::entries);
        let named = named.map(|(name, table)| (name.into_owned(), table));
        for (catalog, table) in unnamed.into_iter().chain(named) {
            for (name, range) in table.entries() {
                let range = range.as_str().unwrap_or_default().into_owned();
                ranges.insert((catalog.clone(), name.into_owned()), range);
            }
        }
        Self { ranges }
    }

    fn range(&self, name: &str, range: &str) -> String {
        let catalog = range.strip_prefix("catalog:");
        let known =
            catalog.and_then(|catalog| self.ranges.get(&(catalog.trim().to_owned(), name.to_owned())));
        known.map_or(range, String::as_str).to_owned()
    }
}

/// What `tables` ask for, in the order of the file.
fn needs(tables: Value<'_>, catalogs: &Catalogs) -> Vec<Need> {
    let absent: BTreeSet<String> = tables
        .get("optionalPeers")
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|name| Some(name.as_str()?.into_owned()))
        .collect();
    let mut needs = Vec::new();
    for (key, kind) in TABLES {
        for (name, range) in tables.get(key).into_iter().flat_map(Value::entries) {
            let range = range.as_str().unwrap_or_default().into_owned();
            needs.push(Need {
                kind: match kind {
                    RequirementKind::Peer if absent.contains(&*name) => RequirementKind::OptionalPeer,
                    kind => kind,
                },
                meant: catalogs.range(&name, &range),
                name: name.into_owned(),
                range,
            });
        }
    }
    needs
}

fn entry(key: &str, value: Value<'_>, catalogs: &Catalogs) -> Option<Entry> {
    let mut items = value.items();
    let said = items.next()?.as_str()?.into_owned();
    let at = said.char_indices().skip(1).find(|(_, letter)| *letter == '@')?.0;
    let (name, version) = (
        said.get(..at)?.to_owned(),
        said.get(at.saturating_add(1)..)?.to_owned(),
    );
    let rest: Vec<Value<'_>> = items.take(MAX_ITEMS).collect();
    let tables = rest.iter().copied().find(|item| item.kind() == Kind::Object);
    let what = if let Some(folder) = version.strip_prefix("workspace:") {
        What::Project(folder.to_owned())
    } else if version.starts_with("root:") {
        What::Project(String::new())
    } else if is_version(&version) && leads_here(rest.first(), &name, &version) {
        What::Registered
    } else if version.starts_with("file:") && !is_archive(&version) {
        What::Folder
    } else {
        What::Other
    };
    let is_registered = what == What::Registered;
    let strings = || rest.iter().filter_map(|item| Some(item.as_str()?.into_owned()));
    let own = match what {
        What::Project(_) => None,
        What::Registered | What::Folder | What::Other => tables,
    };
    Some(Entry {
        key: key.to_owned(),
        address: strings()
            .next()
            .filter(|address| is_registered && !address.is_empty() && !address.starts_with("sha")),
        integrity: strings().find(|text| text.starts_with("sha") && text.contains('-')),
        is_bundled: tables.and_then(|tables| tables.get("bundled")?.as_bool()) == Some(true),
        needs: own.map(|own| needs(own, catalogs)).unwrap_or_default(),
        at: (value.key_span().start as usize).saturating_sub(1)..value.span().end as usize,
        value: value.span().start as usize,
        said,
        name,
        version,
        what,
    })
}

/// The address behind the first item, if there is one, is not that of another package or version.
fn leads_here(address: Option<&Value<'_>>, name: &str, version: &str) -> bool {
    let text = address.and_then(|address| address.as_str());
    let found = text.as_deref().and_then(archive::archive);
    found.is_none_or(|found| found.name == name && archive::is_version(&found.version, version))
}

/// The names that `overrides` speak of, at any depth.
fn overridden(root: Value<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open: Vec<Value<'_>> = root.get("overrides").into_iter().collect();
    while let Some(table) = open.pop() {
        for (key, value) in table.entries() {
            // `a/b@1` is the `b` that `a` needs.
            let mut rest: &str = &key;
            while !rest.is_empty() {
                let (one, behind) = first_name(rest);
                let at = one.char_indices().skip(1).find(|(_, letter)| *letter == '@');
                let name = at.and_then(|(at, _)| one.get(..at)).unwrap_or(one);
                names.insert(name.to_owned());
                rest = behind;
            }
            names.insert(key.clone().into_owned());
            open.push(value);
        }
    }
    names
}

impl Locked {
    /// The folder, as npm's lockfile calls it, that the entry with the key `key` is.
    #[must_use]
    pub fn place(&self, key: &str) -> String {
        let (first, mut rest) = first_name(key);
        let member = self.members.iter().skip(1).find(|member| member.name == first);
        let mut place = match member.filter(|_| !rest.is_empty()) {
            Some(member) => member.folder.clone(),
            None => format!("node_modules/{first}"),
        };
        while !rest.is_empty() {
            let (name, behind) = first_name(rest);
            place.push_str("/node_modules/");
            place.push_str(name);
            rest = behind;
        }
        place
    }

    /// The key of what is in the folder that npm's lockfile calls `place`.
    #[must_use]
    pub fn key(&self, place: &str) -> Option<String> {
        let inside = place.strip_prefix("node_modules/").map(str::to_owned);
        let in_member = || {
            let (folder, inside) = place.split_once("/node_modules/")?;
            let member = self.members.iter().find(|member| member.folder == folder)?;
            Some(format!("{}/{inside}", member.name))
        };
        let key = inside.or_else(in_member)?;
        Some(key.replace("/node_modules/", "/"))
    }

    /// The folders, as npm's lockfile would describe them.
    #[must_use]
    pub fn described(&self) -> Described {
        let members = self.members.iter().map(|member| Installed {
            place: member.folder.clone(),
            name: member.name.clone(),
            version: member.version.clone(),
            link: None,
            is_own: true,
            is_bundled: false,
            is_patched: false,
            is_of_registry: false,
            resolved: None,
            integrity: None,
            requirements: member
                .needs
                .iter()
                .map(|need| requirement(&need.name, &need.meant, need.kind))
                .collect(),
        });
        let bundled: BTreeSet<&str> = self
            .entries
            .iter()
            .filter(|entry| entry.is_bundled)
            .map(|entry| entry.key.as_str())
            .collect();
        let entries = self.entries.iter().map(|entry| Installed {
            place: self.place(&entry.key),
            name: entry.name.clone(),
            version: entry.version.clone(),
            link: match &entry.what {
                What::Project(folder) => Some(folder.clone()),
                What::Registered | What::Folder | What::Other => None,
            },
            is_own: false,
            is_bundled: entry.is_bundled,
            is_patched: self.patched.contains(&entry.said),
            is_of_registry: entry.what == What::Registered,
            resolved: entry.address.clone(),
            integrity: entry.integrity.clone(),
            requirements: entry
                .requirements(|name| bundled.contains(format!("{}/{name}", entry.key).as_str())),
        });
        Described {
            layout: Layout::Bun,
            folders: members.chain(entries).collect(),
        }
    }
}

impl Entry {
    /// What it needs, once by each name: as a registry says it. `is_bundled` is what its archive has.
    fn requirements(&self, is_bundled: impl Fn(&str) -> bool) -> Vec<Requirement> {
        let mut needs: BTreeMap<&str, Requirement> = BTreeMap::new();
        let order = |need: &&Need| match need.kind {
            RequirementKind::Peer | RequirementKind::OptionalPeer => 0,
            RequirementKind::Optional => 2,
            RequirementKind::Runtime | RequirementKind::Dev | RequirementKind::Bundled => 1,
        };
        let mut sorted: Vec<&Need> = self.needs.iter().collect();
        sorted.sort_by_key(order);
        for need in sorted {
            let kind = match is_bundled(&need.name) {
                true => RequirementKind::Bundled,
                false => need.kind,
            };
            needs.insert(&need.name, requirement(&need.name, &need.meant, kind));
        }
        needs.into_values().collect()
    }
}
