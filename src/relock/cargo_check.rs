//! What a changed lockfile of Cargo has to be, checked by reading it anew.
//!
//! `cargo update --workspace --locked` finds nearly everything that is wrong, but no order, no spelling and no withdrawn
//! version; and it is not there. For every entry of the plan: it locks that version, has its checksum, and needs what its
//! registry or its manifest says, in range. Of versions that are compatible one is locked. Every other entry is what it was.
//! Nothing is left that nothing leads to, unless it was before; everything is written in Cargo's order and no longer than it
//! has to be.

use std::collections::{BTreeMap, BTreeSet};

use semver::{Version, VersionReq};

use super::cargo_text::order;
use crate::lockfile::cargo_lock::declared::{Declared, Dependency, DependencyKind, IndexLine, Origin};
use crate::lockfile::cargo_lock::locked::{CrateId, LockedCrate, LockedCrates, locked};
use crate::lockfile::cargo_lock::workspace::{Standing, package, patched_by, shown};
use crate::plan::{CrateEdit, EntryEdit, OwnEdit, Plan};
use crate::text::toml;
use crate::text::tree::Value;

type Entries<'e> = BTreeMap<&'e CrateId, &'e LockedCrate>;

/// Checks the text `after` of a lockfile that was `before`. `manifest` gives the text of the manifest in a folder as it is to
/// be.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn check(
    before: &str,
    after: &str,
    plan: &Plan,
    manifest: &dyn Fn(&str) -> Option<String>,
) -> Result<(), String> {
    let (old, new) = (locked(before)?, locked(after)?);
    if format_of(before) != format_of(after) || old.unused != new.unused {
        return Err("The lockfile would change beside its packages.".to_owned());
    }
    let (was, is) = (by_id(&old), by_id(&new));
    let root = manifest("").unwrap_or_default();
    let places: BTreeMap<String, &CrateId> = was.keys().map(|id| (id.place(), *id)).collect();
    let known = Known {
        patched: patched_by(&root),
        declared: declared(plan)?,
    };
    let mut named: BTreeSet<&CrateId> = BTreeSet::new();
    for change in &plan.entries {
        match &change.edit {
            EntryEdit::Drop => {
                let id = places.get(&change.place).copied();
                if id.is_none_or(|id| is.contains_key(id)) {
                    return Err(format!("The entry {} did not leave.", change.place));
                }
                named.extend(id);
            }
            EntryEdit::Own(OwnEdit::Crate(edit)) => {
                named.extend(places.get(&change.place).copied());
                named.insert(&edit.id);
                let entry = is.get(&edit.id);
                let entry = entry.ok_or_else(|| format!("The entry {} is missing.", edit.id))?;
                entry_is_right(entry, edit, was.get(&edit.id), &known)?;
                if let Some(folder) = &edit.folder {
                    let text =
                        manifest(folder).ok_or_else(|| format!("{} cannot be read.", shown(folder)))?;
                    let own = package(&root, folder, &text)?;
                    needs_are_declared(entry, &own.declared, Standing::Member, &known)?;
                }
            }
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err(format!("The entry {} is not one of Cargo.", change.place));
            }
        }
    }
    for (id, entry) in &is {
        if !named.contains(*id) && was.get(id) != Some(entry) {
            return Err(format!("The entry {id} changed by itself."));
        }
    }
    if let Some(id) = was
        .keys()
        .find(|id| !named.contains(*id) && !is.contains_key(*id))
    {
        return Err(format!("The entry {id} left by itself."));
    }
    one_in_each_place(&new, &was)?;
    reached_is_right(&was, &is)?;
    written_is_right(before, after, &old, &new)
}

fn format_of(text: &str) -> Option<u64> {
    toml::read(text).root().get("version").and_then(Value::as_u64)
}

fn by_id(locked: &LockedCrates) -> Entries<'_> {
    locked.crates.iter().map(|one| (&one.id, one)).collect()
}

/// What ranges and features are held against.
struct Known<'p> {
    /// The names of packages that one's own root manifest patches.
    patched: BTreeSet<String>,
    /// What the packages of the plan are said to have by their registry.
    declared: BTreeMap<&'p CrateId, Declared>,
}

fn declared(plan: &Plan) -> Result<BTreeMap<&CrateId, Declared>, String> {
    let mut all = BTreeMap::new();
    for change in &plan.entries {
        let EntryEdit::Own(OwnEdit::Crate(edit)) = &change.edit else {
            continue;
        };
        if let Some(release) = &edit.release {
            all.insert(&edit.id, line(&edit.id, &release.document)?.declared);
        }
    }
    Ok(all)
}

fn line(id: &CrateId, document: &str) -> Result<IndexLine, String> {
    IndexLine::read(document)
        .map_err(|reason| format!("What the registry says of {id} cannot be read: {reason}."))
}

/// The entry is what the registry says of its version, or was what it is but for what it needs.
fn entry_is_right(
    entry: &LockedCrate,
    edit: &CrateEdit,
    was: Option<&&LockedCrate>,
    known: &Known<'_>,
) -> Result<(), String> {
    let id = &entry.id;
    if entry.needs != edit.needs {
        return Err(format!("The entry {id} does not need what the plan says."));
    }
    match (&edit.release, was) {
        (Some(release), was) => {
            let line = line(id, &release.document)?;
            if line.version != *id.version || !line.name.eq_ignore_ascii_case(&id.name) {
                return Err(format!(
                    "What the registry says of {id} is about another version."
                ));
            }
            if entry.checksum.as_deref() != Some(&*line.checksum) {
                return Err(format!("The entry {id} has not the checksum of its version."));
            }
            if line.is_yanked && was.is_none() {
                return Err(format!("{id} is withdrawn."));
            }
            needs_are_declared(entry, &line.declared, Standing::Dependency, known)
        }
        (None, Some(was)) if was.checksum == entry.checksum => Ok(()),
        (None, _) => Err(format!("Nothing says what {id} is.")),
    }
}

/// Everything that is needed is asked for in range, with features that are there, and everything that has to be there is.
fn needs_are_declared(
    entry: &LockedCrate,
    declared: &Declared,
    standing: Standing,
    known: &Known<'_>,
) -> Result<(), String> {
    let counts = |one: &&Dependency| one.kind != DependencyKind::Dev || standing == Standing::Member;
    let counting = || declared.dependencies.iter().filter(counts);
    let takes = |one: &Dependency, need: &CrateId| {
        let is_free = !need.is_of_registry()
            && (one.origin == Origin::Elsewhere || known.patched.contains(&one.package));
        *one.package == *need.name && (is_free || is_in_range(one, need))
    };
    for need in &entry.needs {
        let taking: Vec<&Dependency> = counting().filter(|one| takes(one, need)).collect();
        if taking.is_empty() {
            return Err(format!("{} does not ask for {need}.", entry.id));
        }
        let features = taking.iter().flat_map(|one| &one.features);
        let has = known.declared.get(need);
        let lacks = |feature: &&String| has.is_some_and(|has| !has.has_feature(feature));
        let is_wanted = taking.iter().all(|one| !one.is_optional);
        if let Some(feature) = features.into_iter().find(lacks).filter(|_| is_wanted) {
            return Err(format!(
                "{} asks for the feature `{feature}`, which {need} does not have.",
                entry.id
            ));
        }
    }
    for one in counting().filter(|one| !one.is_optional) {
        if !entry.needs.iter().any(|need| takes(one, need)) {
            return Err(format!(
                "{} needs {} {}, which is not there.",
                entry.id, one.package, one.range
            ));
        }
    }
    Ok(())
}

fn is_in_range(dependency: &Dependency, need: &CrateId) -> bool {
    match (
        VersionReq::parse(&dependency.range),
        Version::parse(&need.version),
    ) {
        (Ok(range), Ok(version)) => range.matches(&version),
        (_, _) => false,
    }
}

/// Of versions of a crate that are compatible one is locked, unless it was otherwise before.
fn one_in_each_place(new: &LockedCrates, was: &Entries<'_>) -> Result<(), String> {
    let mut places: BTreeMap<(&str, Option<&str>, [u64; 3]), &CrateId> = BTreeMap::new();
    for one in &new.crates {
        let Ok(version) = Version::parse(&one.id.version) else {
            continue;
        };
        let place = match (version.major, version.minor) {
            (0, 0) => [0, 0, version.patch],
            (0, minor) => [0, minor, 0],
            (major, _) => [major, 0, 0],
        };
        let key = (&*one.id.name, one.id.source.as_deref(), place);
        if let Some(other) = places.insert(key, &one.id)
            && !(was.contains_key(other) && was.contains_key(&one.id))
        {
            return Err(format!(
                "{other} and {} cannot be locked beside each other.",
                one.id
            ));
        }
    }
    Ok(())
}

fn reached_is_right(was: &Entries<'_>, is: &Entries<'_>) -> Result<(), String> {
    let (reached_before, reached) = (reached(was), reached(is));
    let left = is
        .keys()
        .find(|id| !reached.contains(*id) && (reached_before.contains(*id) || !was.contains_key(*id)));
    match left {
        Some(id) => Err(format!("Nothing needs the entry {id} any more.")),
        None => Ok(()),
    }
}

/// What one's own packages lead to.
fn reached<'e>(entries: &Entries<'e>) -> BTreeSet<&'e CrateId> {
    let own = entries.keys().filter(|id| id.source.is_none());
    let mut open: Vec<&CrateId> = own.copied().collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id)
            && let Some(entry) = entries.get(id)
        {
            open.extend(entry.needs.iter());
        }
    }
    reached
}

/// The entries stand in order where they did, and each names what it needs in order and no longer than it has to.
fn written_is_right(before: &str, after: &str, old: &LockedCrates, new: &LockedCrates) -> Result<(), String> {
    let is_sorted = |locked: &LockedCrates| {
        let mut pairs = locked.crates.windows(2);
        pairs.all(|pair| pair.first().map(|one| &one.id) < pair.last().map(|one| &one.id) || in_order(pair))
    };
    if is_sorted(old) && !is_sorted(new) {
        return Err("The entries do not stand in order.".to_owned());
    }
    // How many packages there are, by name and version.
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for one in &new.crates {
        *counts
            .entry(&one.id.name)
            .or_default()
            .entry(&one.id.version)
            .or_default() += 1;
    }
    let known: BTreeSet<String> = lists(before).into_iter().flatten().collect();
    for list in lists(after) {
        let is_sorted = list.iter().map(|text| parts(text)).is_sorted();
        if !is_sorted && list.iter().any(|text| !known.contains(text)) {
            return Err("What an entry needs does not stand in order.".to_owned());
        }
        for text in list {
            let (name, version, source) = parts(&text);
            let versions = counts.get(name);
            let of_name: usize = versions.map_or(0, BTreeMap::len);
            let same = |versions: &BTreeMap<&str, usize>| versions.get(version?).copied();
            let of_version = versions.and_then(same).unwrap_or_default();
            let is_right = match (version, source) {
                (None, _) => of_name == 1,
                (Some(_), None) => of_name > 1 && of_version == 1,
                (Some(_), Some(_)) => of_version > 1,
            };
            // A package of one's own beside one of a registry has no source to name.
            let is_own = version.is_some() && source.is_none() && of_version > 1;
            if !is_right && !is_own {
                return Err(format!("{text} is not how Cargo names that package here."));
            }
        }
    }
    Ok(())
}

/// Name, version and source of what is needed, as far as they are written.
fn parts(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let mut parts = text.splitn(3, ' ');
    (parts.next().unwrap_or_default(), parts.next(), parts.next())
}

fn in_order(pair: &[LockedCrate]) -> bool {
    match pair {
        [left, right] => order(&left.id, &right.id).is_le(),
        _ => true,
    }
}

/// What each entry needs, as it is written.
fn lists(text: &str) -> Vec<Vec<String>> {
    let document = toml::read(text);
    let packages = document.root().get("package");
    let lists = packages.into_iter().flat_map(Value::items).map(|entry| {
        let items = entry.get("dependencies").into_iter().flat_map(Value::items);
        items
            .filter_map(|item| Some(item.as_str()?.into_owned()))
            .collect()
    });
    lists.collect()
}
