//! What a changed `yarn.lock` has to be, checked by reading it anew.
//!
//! Yarn's frozen mode looks at what manifests ask for and at nothing below that, so it is no proof; this is. Every entry that changed locks the
//! release of the plan, has its hash, needs what the registry's document says, and answers to what the plan says. Every other entry is as it
//! was. Whatever anything asks for has an entry, in range, unless it had none before. Every key is asked for, unless it was not before.

use std::collections::{BTreeMap, BTreeSet};

use super::yarn_classic::table;
use crate::lockfile::package_lock::installed::requirement;
use crate::lockfile::yarn_lock::catalogs::Catalogs;
use crate::lockfile::yarn_lock::locked::{
    Asked, Dialect, Locked, LockedEntry, OwnManifest, cataloged, decoded, locked, own_manifest, parts,
    patched, plain, unbound,
};
use crate::model::{Release, RequirementKind, TreePath};
use crate::plan::{Edited, EntryEdit, OwnEdit, Plan, ResolutionEdit};
use crate::text::json;
use crate::text::tree::Value;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// A lockfile and the manifests of the project.
struct Project {
    locked: Locked,
    manifests: Vec<OwnManifest>,
}

/// A name, and a range of it.
type Key<'k> = (&'k str, &'k str);

/// Checks `edited`, of which the first is the lockfile at `path`.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub(super) fn check(
    path: &TreePath,
    edited: &[Edited],
    plan: &Plan,
    read: &dyn Fn(&TreePath) -> Option<String>,
) -> Result<(), String> {
    let lockfile = edited.first().ok_or("There is no lockfile.")?;
    let before = |path: &TreePath| {
        let changed = edited.iter().find(|edited| edited.path == *path);
        changed.map(|edited| edited.before.clone()).or_else(|| read(path))
    };
    let after = |path: &TreePath| {
        let changed = edited.iter().find(|edited| edited.path == *path);
        changed.map(|edited| edited.after.clone()).or_else(|| read(path))
    };
    let old = Project::of(path, &lockfile.before, plan, &before)?;
    let new = Project::of(path, &lockfile.after, plan, &after)?;
    if old.locked.dialect != new.locked.dialect {
        return Err("The lockfile would get another version.".to_owned());
    }
    entries(&old, &new, plan)?;
    needs(&old, &new)?;
    keys(&old, &new)?;
    owners(&old, &new)
}

impl Project {
    fn of(
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Self, String> {
        let manifest = |folder: &String| {
            let path = path
                .parent()
                .join(&**folder)
                .and_then(|folder| folder.join("package.json"));
            let text = path.and_then(|path| read(&path));
            let manifest = text.and_then(|text| own_manifest(folder, &text));
            manifest.ok_or_else(|| format!("The package.json in `{folder}` cannot be read."))
        };
        let manifests: Result<Vec<OwnManifest>, String> = plan.manifests.iter().map(manifest).collect();
        let (locked, mut manifests) = (locked(text)?, manifests?);
        if locked.dialect != Dialect::Classic {
            let settings = path.parent().join(".yarnrc.yml").and_then(|path| read(&path));
            let catalogs = Catalogs::of(settings.as_deref().unwrap_or_default());
            for manifest in &mut manifests {
                cataloged(manifest, &catalogs)?;
            }
        }
        Ok(Self { locked, manifests })
    }

    /// The entries by what they answer to; of a key that stands twice the last counts.
    fn by_key(&self) -> BTreeMap<Key<'_>, &LockedEntry> {
        let entries = self.locked.entries.iter();
        entries
            .flat_map(|entry| entry.keys.iter().map(move |key| (parts(key), entry)))
            .collect()
    }

    /// Everything that is asked for, with what asks for it.
    fn asked(&self) -> impl Iterator<Item = (String, &Asked)> {
        let own = self.manifests.iter().flat_map(|manifest| {
            let label = match manifest.folder.as_str() {
                "" => "package.json".to_owned(),
                folder => format!("{folder}/package.json"),
            };
            manifest.needs.iter().map(move |need| (label.clone(), need))
        });
        let packages = self.locked.entries.iter().flat_map(|entry| {
            let label = format!("{} {}", entry.name, entry.version);
            entry.needs.iter().map(move |need| (label.clone(), need))
        });
        own.chain(packages)
    }

    /// The names that `resolutions` speak of.
    fn ruled(&self) -> BTreeSet<&str> {
        let root = self
            .manifests
            .iter()
            .filter(|manifest| manifest.folder.is_empty());
        root.flat_map(|manifest| &manifest.resolutions)
            .map(|(pattern, _)| {
                let start = pattern.rfind('/').map_or(0, |slash| {
                    // A scope and its slash belong to the name.
                    let before = pattern.get(..slash).unwrap_or_default();
                    let scope = before.rfind('/').map_or(0, |slash| slash + 1);
                    match before.get(scope..).is_some_and(|part| part.starts_with('@')) {
                        true => scope,
                        false => slash + 1,
                    }
                });
                parts(pattern.get(start..).unwrap_or_default()).0
            })
            .collect()
    }
}

/// Every entry that changed is as the plan says, and every other as it was.
fn entries(old: &Project, new: &Project, plan: &Plan) -> Result<(), String> {
    let (was, is) = (old.by_key(), new.by_key());
    let mut named: BTreeSet<(String, String)> = BTreeSet::new();
    let mut left: BTreeSet<(String, String)> = BTreeSet::new();
    for change in &plan.entries {
        let before = was.get(&parts(&change.place));
        match &change.edit {
            EntryEdit::Own(OwnEdit::Resolve(edit)) => {
                let mut found = edit
                    .descriptors
                    .iter()
                    .map(|one| is.get(&(&*one.name, &*one.range)));
                let first = found.next().flatten().copied();
                let entry = first.ok_or_else(|| format!("The entry {} is missing.", change.place))?;
                if found.any(|other| !other.is_some_and(|other| std::ptr::eq(*other, entry))) {
                    return Err(format!("The keys of {} lead to several entries.", change.place));
                }
                is_right(entry, &change.name, edit)?;
                match (&edit.release, before) {
                    (Some(release), _) if old.locked.dialect == Dialect::Classic => {
                        is_hashed(entry, release)?;
                        is_of_release(entry, release)?;
                    }
                    (Some(release), _) => {
                        is_resolved(entry)?;
                        is_of_release(entry, release)?;
                    }
                    (None, Some(before)) if is_same(before, entry) => {}
                    (None, _) => return Err(format!("The entry {} changed by itself.", change.place)),
                }
                named.insert((entry.name.clone(), entry.version.clone()));
            }
            EntryEdit::Drop => {
                let before = before.ok_or_else(|| format!("The lockfile has no entry {}.", change.place))?;
                left.insert((before.name.clone(), before.version.clone()));
            }
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err("The plan is one of another format.".to_owned());
            }
        }
    }
    let lists = |project: &Project| -> BTreeSet<(String, String)> {
        let entries = project.locked.entries.iter();
        entries
            .map(|entry| (entry.name.clone(), entry.version.clone()))
            .collect()
    };
    let (listed_before, listed) = (lists(old), lists(new));
    if let Some((name, version)) = left
        .iter()
        .find(|one| listed.contains(*one) && !named.contains(*one))
    {
        // Another entry has the same version, from elsewhere.
        let count = |project: &Project| {
            let entries = project.locked.entries.iter();
            entries
                .filter(|entry| entry.name == *name && entry.version == *version)
                .count()
        };
        if count(old) == count(new) {
            return Err(format!("{name} {version} did not leave."));
        }
    }
    for entry in &new.locked.entries {
        let id = (entry.name.clone(), entry.version.clone());
        if named.contains(&id) {
            continue;
        }
        let Some(key) = entry.keys.first() else { continue };
        let before = was.get(&parts(key));
        if let (Some(before), Some(folder)) = (before, &entry.module) {
            let asks = needs_with(before, plan, folder);
            if asks == entry.needs && before.keys == entry.keys && before.origin == entry.origin {
                continue;
            }
        }
        if !before.is_some_and(|before| is_same(before, entry) && before.keys == entry.keys) {
            return Err(format!("The entry {key} changed by itself."));
        }
    }
    let gone = listed_before.difference(&listed).find(|one| !left.contains(*one));
    match gone {
        Some((name, version)) => Err(format!("{name} {version} left by itself.")),
        None => Ok(()),
    }
}

/// All but the keys is the same.
fn is_same(before: &LockedEntry, after: &LockedEntry) -> bool {
    (
        &before.name,
        &before.version,
        &before.origin,
        &before.checksum,
        &before.needs,
    ) == (
        &after.name,
        &after.version,
        &after.origin,
        &after.checksum,
        &after.needs,
    )
}

/// The entry locks the version and answers to what the plan says.
fn is_right(entry: &LockedEntry, name: &str, edit: &ResolutionEdit) -> Result<(), String> {
    if entry.name != name || entry.version != edit.version {
        return Err(format!(
            "An entry of {name} locks {} {}.",
            entry.name, entry.version
        ));
    }
    let keys: BTreeSet<Key<'_>> = entry.keys.iter().map(|key| parts(key)).collect();
    let planned: BTreeSet<Key<'_>> = edit
        .descriptors
        .iter()
        .map(|one| (&*one.name, &*one.range))
        .collect();
    match keys == planned {
        true => Ok(()),
        false => Err(format!(
            "The entry of {name} {} answers to something else.",
            entry.version
        )),
    }
}

/// What a module of one's own asks for, with the ranges of the plan.
fn needs_with(before: &LockedEntry, plan: &Plan, folder: &str) -> Vec<Asked> {
    let mut needs = before.needs.clone();
    for range in plan.ranges.iter().filter(|range| range.folder == *folder) {
        for need in needs.iter_mut().filter(|need| need.name == range.name) {
            if let Some(start) = need.range.strip_suffix(range.from.as_str()) {
                need.range = format!("{start}{}", range.to);
            }
        }
    }
    needs
}

/// Yarn installs what the entry says.
fn is_resolved(entry: &LockedEntry) -> Result<(), String> {
    let expected = format!("{}@npm:{}", entry.name, entry.version);
    match (entry.origin.as_deref() == Some(&*expected), &entry.checksum) {
        (true, None) => Ok(()),
        (false, _) => Err(format!(
            "The entry of {} {} installs something else.",
            entry.name, entry.version
        )),
        (_, Some(_)) => Err(format!(
            "The entry of {} {} has a hash that was not computed.",
            entry.name, entry.version
        )),
    }
}

/// The entry has the hash of the release.
fn is_hashed(entry: &LockedEntry, release: &Release) -> Result<(), String> {
    let document = json::read(&release.document);
    let manifest = document.root();
    let dist = |field: &str| Some(manifest.get("dist")?.get(field)?.as_str()?.into_owned());
    if entry.checksum.is_some() && entry.checksum != dist("integrity") {
        return Err(format!(
            "The entry of {} {} has not the hash of its release.",
            entry.name, entry.version
        ));
    }
    let sum = entry
        .origin
        .as_deref()
        .and_then(|origin| origin.split_once('#'))
        .map(|(_, sum)| sum);
    if sum.is_some() && sum != dist("shasum").as_deref() {
        return Err(format!(
            "The address of {} {} has not the hash of its release.",
            entry.name, entry.version
        ));
    }
    if sum.is_none() && entry.checksum.is_none() {
        return Err(format!(
            "The entry of {} {} would have no hash.",
            entry.name, entry.version
        ));
    }
    Ok(())
}

/// The entry needs what the registry says of the release.
fn is_of_release(entry: &LockedEntry, release: &Release) -> Result<(), String> {
    let document = json::read(&release.document);
    let manifest = document.root();
    let optional = needs_of(manifest, "optionalDependencies", true);
    let names: BTreeSet<String> = optional.iter().map(|need| need.name.clone()).collect();
    let mut said = needs_of(manifest, "dependencies", false);
    said.retain(|need| !names.contains(&need.name));
    said.extend(optional);
    let mut needs: BTreeSet<Asked> = entry.needs.iter().cloned().collect();
    // Yarn 2 and later have what builds itself need this, which the registry's short document does not show.
    needs.retain(|need| said.contains(need) || need.name != "node-gyp" || need.range != "latest");
    match needs == said {
        true => Ok(()),
        false => Err(format!(
            "The entry of {} {} does not need what the registry says.",
            entry.name, entry.version
        )),
    }
}

fn needs_of(manifest: Value<'_>, field: &str, is_optional: bool) -> BTreeSet<Asked> {
    let needs = table(manifest, field).into_iter().map(|(name, range)| Asked {
        name,
        range: plain(&range).to_owned(),
        is_optional,
    });
    needs.collect()
}

/// Whatever is asked for has an entry in range, unless it had none before.
fn needs(old: &Project, new: &Project) -> Result<(), String> {
    let (was, is) = (old.by_key(), new.by_key());
    let ruled = new.ruled();
    // Yarn 2 and later have the rule alone as a key.
    let is_replaced = new.locked.dialect != Dialect::Classic;
    let modules: BTreeSet<&str> = new
        .manifests
        .iter()
        .map(|manifest| manifest.name.as_str())
        .collect();
    let wrong = |project: &BTreeMap<Key<'_>, &LockedEntry>, need: &Asked| match project
        .get(&(need.name.as_str(), need.range.as_str()))
    {
        None => !(modules.contains(need.name.as_str()) || is_replaced && ruled.contains(need.name.as_str())),
        Some(found) => {
            let asks = requirement(&need.name, &need.range, RequirementKind::Runtime);
            // Other ranges are those of git, files and tags.
            let is_in = Npm.contains(&asks.range, &found.version).unwrap_or(true);
            !is_in && !ruled.contains(need.name.as_str())
        }
    };
    let asked_before: BTreeSet<&Asked> = old.asked().map(|(_, need)| need).collect();
    let (patched_before, patched) = (built_in(old), built_in(new));
    let names: BTreeSet<&String> = patched_before.iter().map(|(name, _)| name).collect();
    for (label, need) in new.asked() {
        if wrong(&is, need) && !(asked_before.contains(need) && wrong(&was, need)) {
            return Err(format!(
                "{label} needs {} {}, which the lockfile does not have.",
                need.name, need.range
            ));
        }
        let key = (need.name.clone(), need.range.clone());
        let lacked = asked_before.contains(need) && !patched_before.contains(&key);
        if names.contains(&need.name) && !patched.contains(&key) && !lacked {
            return Err(format!(
                "{label} needs {} {}, of which the lockfile does not have the patch.",
                need.name, need.range
            ));
        }
    }
    Ok(())
}

/// The names and ranges of which Yarn's own patches are locked.
fn built_in(project: &Project) -> BTreeSet<(String, String)> {
    let keys = project.locked.entries.iter().flat_map(|entry| &entry.keys);
    let own = keys.filter(|key| key.contains("builtin<"));
    own.filter_map(|key| patched(key)).collect()
}

/// Every key is asked for by something that one's own manifests lead to, unless it was not before.
fn keys(old: &Project, new: &Project) -> Result<(), String> {
    let ruled = new.ruled();
    let (led_before, led) = (led(old), led(new));
    let (was, is) = (old.by_key(), new.by_key());
    let unasked = is.keys().find(|key| {
        let was_unasked = was.contains_key(*key) && !led_before.contains(&owned(key));
        !led.contains(&owned(key)) && !was_unasked && !ruled.contains(key.0)
    });
    match unasked {
        Some((name, range)) => Err(format!("Nothing needs the entry {name}@{range} any more.")),
        None => Ok(()),
    }
}

/// Yarn 2 and later give some packages further needs, by a list that only they have. All that is seen of it is a key that nothing asks for, whose owner
/// is not known: as long as there is one, no package leaves with its last version of a major one.
fn owners(old: &Project, new: &Project) -> Result<(), String> {
    if new.locked.dialect == Dialect::Classic {
        return Ok(());
    }
    let (ruled, led) = (old.ruled(), led(old));
    let of_registry = old.locked.entries.iter().filter(|entry| entry.is_of_registry);
    let mut keys = of_registry.flat_map(|entry| &entry.keys);
    let given = keys.find(|key| !led.contains(&owned(&parts(key))) && !ruled.contains(parts(key).0));
    let Some(given) = given else { return Ok(()) };
    let lines = |project: &Project| -> BTreeMap<(String, String), String> {
        let entries = project.locked.entries.iter().filter(|entry| entry.is_of_registry);
        entries
            .map(|entry| {
                (
                    (entry.name.clone(), line(&entry.version).to_owned()),
                    entry.version.clone(),
                )
            })
            .collect()
    };
    let stay = lines(new);
    match lines(old).iter().find(|(line, _)| !stay.contains_key(line)) {
        Some(((name, _), version)) => Err(format!(
            "Yarn itself has some package need {given}, which nothing in the lockfile asks for. That may be {name} {version}, which would leave."
        )),
        None => Ok(()),
    }
}

/// What versions have in common that a range such as `^1.2.3` has together.
fn line(version: &str) -> &str {
    let dots = if version.starts_with("0.") { 2 } else { 1 };
    let end = version.match_indices('.').nth(dots - 1).map(|(at, _)| at);
    end.and_then(|end| version.get(..end)).unwrap_or(version)
}

/// The keys that one's own manifests lead to.
fn led(project: &Project) -> BTreeSet<(String, String)> {
    let by_key = project.by_key();
    let mut patches: BTreeMap<Key<'_>, Vec<Key<'_>>> = BTreeMap::new();
    let inner: Vec<(Option<(String, String)>, Key<'_>)> = project
        .locked
        .entries
        .iter()
        .flat_map(|entry| &entry.keys)
        .map(|key| (patched(key), parts(key)))
        .collect();
    for (inner, key) in &inner {
        if let Some((name, range)) = inner {
            patches.entry((name, range)).or_default().push(*key);
            patches.entry(*key).or_default().push((name, range));
        }
    }
    let mut bound: BTreeMap<(String, String), Vec<Key<'_>>> = BTreeMap::new();
    for key in project.locked.entries.iter().flat_map(|entry| &entry.keys) {
        if let Some(need) = unbound(key) {
            bound.entry(need).or_default().push(parts(key));
        }
    }
    let own = project.manifests.iter().flat_map(|manifest| &manifest.needs);
    let mut open: Vec<Key<'_>> = own
        .map(|need| (need.name.as_str(), need.range.as_str()))
        .collect();
    let mut led = BTreeSet::new();
    while let Some(key) = open.pop() {
        if !led.insert(key) {
            continue;
        }
        // What Yarn patches of itself, it takes the patch for.
        open.extend(patches.get(&key).into_iter().flatten());
        let bound = bound.get(&(key.0.to_owned(), decoded(key.1)));
        open.extend(bound.into_iter().flatten());
        let entry = by_key.get(&key).into_iter();
        let needs = entry.flat_map(|entry| &entry.needs);
        open.extend(needs.map(|need| (need.name.as_str(), need.range.as_str())));
    }
    led.iter().map(owned).collect()
}

fn owned((name, range): &Key<'_>) -> (String, String) {
    ((*name).to_owned(), (*range).to_owned())
}
