//! What a changed `pnpm-lock.yaml` has to be, checked by reading it anew.
//!
//! `pnpm install --frozen-lockfile` looks at what projects ask for and at little below, so it is no proof; this is. Every package that came in has the
//! hash, the peers and the platforms of the registry's document, and its snapshots need what that says, in range. Every other package has the lines
//! that it had, and its snapshots need what they needed, but for what the plan moves, which is in the range that is asked for. The peers in each key
//! are those that its package and what that needs have beside them. Everything is needed by something. Where the plan overrides what is asked for,
//! the range of the override is what counts, and the lockfile and one manifest both have it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::pnpm_build::place_of;
use super::pnpm_names::{items, split};
use super::pnpm_overrides;
use super::pnpm_text;
use crate::lockfile::package_lock::installed::requirement;
use crate::lockfile::pnpm_lock::locked::{Locked, Snapshot, locked};
use crate::model::{Release, RequirementKind};
use crate::plan::{Edited, EntryEdit, Lead, LeadEdit, OwnEdit, Plan};
use crate::text::tree::{Document, Value};
use crate::text::{json, yaml};
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// Checks `edited`, of which the first is the lockfile.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn check(edited: &[Edited], plan: &Plan) -> Result<(), String> {
    let lockfile = edited.first().ok_or("There is no lockfile.")?;
    let (old, new) = (locked(&lockfile.before)?, locked(&lockfile.after)?);
    let texts = (
        lockfile.before.replace("\r\n", "\n"),
        lockfile.after.replace("\r\n", "\n"),
    );
    let read = (locked(&texts.0)?, locked(&texts.1)?);
    rest((&texts.0, &read.0), (&texts.1, &read.1))?;
    let mut leads: HashMap<&str, &LeadEdit> = HashMap::new();
    for change in &plan.entries {
        let EntryEdit::Own(OwnEdit::Lead(edit)) = &change.edit else {
            return Err("The plan is one of another format.".to_owned());
        };
        leads.insert(&change.place, edit);
    }
    overrides((&old, &new), edited, plan)?;
    packages((&texts.0, &read.0), (&texts.1, &read.1), &leads)?;
    importers(&old, &new, plan, &leads)?;
    snapshots(&old, &new, plan, &leads)?;
    peers(&old, &new)?;
    used(&new)
}

/// The range of an override of the plan about `name`, else `range`.
fn ruled<'r>(plan: &'r Plan, name: &str, range: &'r str) -> &'r str {
    let mut overrides = plan.overrides.iter();
    let one = overrides.find(|one| one.name == name);
    one.map_or(range, |one| one.to.as_str())
}

/// The overrides of the lockfile and those of the manifest are the ones of before and those of the plan, in one order.
fn overrides((old, new): (&Locked, &Locked), edited: &[Edited], plan: &Plan) -> Result<(), String> {
    let further = plan
        .overrides
        .iter()
        .map(|one| (one.name.clone(), one.to.clone()));
    let further: Vec<(String, String)> = further.collect();
    if [old.overrides.clone(), further.clone()].concat() != new.overrides {
        return Err("The overrides of the lockfile are not those of the plan.".to_owned());
    }
    let Some(first) = plan.overrides.first() else {
        return Ok(());
    };
    if plan
        .overrides
        .iter()
        .any(|one| one.manifest != first.manifest || one.under.is_some() || one.from.is_some())
    {
        return Err("The overrides of the plan are not those of one manifest.".to_owned());
    }
    let file = first.manifest.as_bytes();
    let manifest = edited
        .iter()
        .skip(1)
        .find(|edited| edited.path.file_name() == file);
    let manifest = manifest.ok_or_else(|| format!("{} has no overrides.", first.manifest))?;
    let of = |text: &str| -> Vec<(String, String)> {
        let document = match first.manifest.ends_with(".json") {
            true => json::read(text),
            false => yaml::read(text, yaml::Bounds::UNTRUSTED),
        };
        let root = match first.manifest.ends_with(".json") {
            true => document.root().get("pnpm"),
            false => Some(document.root()),
        };
        let entries = root
            .and_then(|root| root.get("overrides"))
            .into_iter()
            .flat_map(Value::entries);
        entries
            .map(|(name, value)| (name.into_owned(), value.as_str().unwrap_or_default().into_owned()))
            .collect()
    };
    match [of(&manifest.before), further].concat() == of(&manifest.after) {
        true => Ok(()),
        false => Err(format!(
            "The overrides of {} are not those of the plan.",
            first.manifest
        )),
    }
}

/// Nothing else than projects, overrides, packages, snapshots and what catalogs lead to changed.
fn rest((before, old): (&str, &Locked), (after, new): (&str, &Locked)) -> Result<(), String> {
    let outside = |text: &str, locked: &Locked| -> Option<String> {
        let mut holes = Vec::new();
        for importer in &locked.importers {
            for wish in &importer.needs {
                holes.push(wish.specifier.at.clone());
                holes.push(wish.version.at.clone());
            }
        }
        let section = pnpm_overrides::section(text);
        holes.push(section.clone());
        holes.extend(locked.catalogs.iter().map(|entry| entry.version.at.clone()));
        holes.push(locked.packages.first()?.at.start..locked.packages.last()?.at.end);
        holes.push(locked.snapshots.first()?.at.start..locked.snapshots.last()?.at.end);
        holes.sort_by_key(|hole| hole.start);
        let (mut result, mut done) = (String::new(), 0);
        for hole in holes {
            result.push_str(text.get(done..hole.start)?);
            result.push('\0');
            done = hole.end;
            // An empty line follows a section.
            if !hole.is_empty() && hole == section {
                done += usize::from(text.get(done..)?.starts_with('\n'));
            }
        }
        result.push_str(text.get(done..)?);
        Some(result)
    };
    match (outside(before, old), outside(after, new)) {
        (Some(before), Some(after)) if before == after => Ok(()),
        (_, _) => Err("Something else in the lockfile would change.".to_owned()),
    }
}

/// Every package is the one it was, or the release of the plan.
fn packages(
    (before, old): (&str, &Locked),
    (after, new): (&str, &Locked),
    leads: &HashMap<&str, &LeadEdit>,
) -> Result<(), String> {
    let was: HashMap<&str, &str> = old
        .packages
        .iter()
        .filter_map(|package| Some((package.id.as_str(), before.get(package.at.clone())?)))
        .collect();
    for package in &new.packages {
        if let Some(was) = was.get(package.id.as_str()) {
            if after.get(package.at.clone()) != Some(was) {
                return Err(format!("The entry of {} changed by itself.", package.id));
            }
            continue;
        }
        let release = leads
            .get(package.id.as_str())
            .and_then(|edit| edit.release.as_ref());
        let release = release.ok_or_else(|| format!("{} came in by itself.", package.id))?;
        let document = json::read(&release.document);
        let root = document.root();
        let wrong = |what: &str| {
            Err(format!(
                "The entry of {} has not the {what} of its release.",
                package.id
            ))
        };
        let hash = root.get("dist").and_then(|dist| dist.str("integrity"));
        if *release.version != *package.version
            || hash.is_none()
            || hash.as_deref() != package.integrity.as_deref()
        {
            return wrong("hash");
        }
        let said = pnpm_text::peers(root);
        let ranges = said.iter().map(|(name, (range, _))| (name, range));
        if !ranges.eq(package.peers.iter()) {
            return wrong("peers");
        }
        let optional = said
            .iter()
            .filter(|(_, (_, is_optional))| *is_optional)
            .map(|(name, _)| name);
        if !optional.eq(package.optional_peers.iter()) {
            return wrong("optional peers");
        }
        let written = yaml::read_stream(after.get(package.at.clone()).unwrap_or_default());
        let entry = first(&written);
        let entry = entry.filter(|_| written.problems.is_empty());
        if let Some(field) = entry.map_or(Some("fields"), |entry| unlike(entry, root)) {
            return wrong(field);
        }
    }
    Ok(())
}

/// The entry that the text is of.
fn first<'d>(written: &'d Document<'_>) -> Option<Value<'d>> {
    let (_, entry) = written.root().items().next()?.entries().next()?;
    Some(entry)
}

/// A field of an entry that is not what the registry says: where the package runs, what it brings, whether it is given up, where it is.
fn unlike(entry: Value<'_>, said: Value<'_>) -> Option<&'static str> {
    let yes = |value: Option<Value<'_>>| value.and_then(Value::as_bool) == Some(true);
    let engines = |of: Value<'_>| {
        let mut engines = pnpm_text::table(of, "engines");
        engines.retain(|_, range| range != "*");
        engines
    };
    if engines(entry) != engines(said) {
        return Some("engines");
    }
    for field in ["cpu", "os", "libc"] {
        if pnpm_text::texts(entry.get(field)) != pnpm_text::texts(said.get(field)) {
            return Some(field);
        }
    }
    if entry.str("deprecated") != said.str("deprecated").filter(|reason| !reason.is_empty()) {
        return Some("deprecated");
    }
    if yes(entry.get("hasBin")) != pnpm_text::has_bin(said) {
        return Some("hasBin");
    }
    let own = entry.get("bundledDependencies");
    let bundled = said
        .get("bundledDependencies")
        .or_else(|| said.get("bundleDependencies"));
    if yes(own) != yes(bundled) || pnpm_text::texts(own) != pnpm_text::texts(bundled) {
        return Some("bundledDependencies");
    }
    let address = entry.get("resolution").and_then(|place| place.str("tarball"));
    let archive = said.get("dist").and_then(|dist| dist.str("tarball"));
    (address.is_some() && address != archive).then_some("tarball")
}

/// Projects ask for what they did, but for the ranges of the plan, and lead to what the plan says.
fn importers(
    old: &Locked,
    new: &Locked,
    plan: &Plan,
    leads: &HashMap<&str, &LeadEdit>,
) -> Result<(), String> {
    for (before, after) in old.importers.iter().zip(&new.importers) {
        let folder = place_of(&before.folder);
        let changes = leads.get(folder).map_or(&[][..], |edit| edit.leads.as_slice());
        for (was, is) in before.needs.iter().zip(&after.needs) {
            let mut ranges = plan.ranges.iter();
            let range = ranges.find(|range| range.folder == folder && range.name == was.name);
            let asked = match range {
                None if is.to.is_some() => Some(ruled(plan, &was.name, &was.specifier.text).to_owned()),
                None => Some(was.specifier.text.clone()),
                Some(range) => {
                    let start = was.specifier.text.strip_suffix(range.from.as_str());
                    start.map(|start| format!("{start}{}", range.to))
                }
            };
            if asked.as_deref() != Some(&*is.specifier.text) || was.name != is.name {
                return Err(format!(
                    "What `{}` asks for of {} is not as planned.",
                    before.folder, was.name
                ));
            }
            led(&before.folder, &was.name, (old, was.to), (new, is.to), changes)?;
            let asks = match new.cataloged(&is.specifier.text, &is.name) {
                Some(entry) => &entry.specifier.text,
                None => &is.specifier.text,
            };
            let asks = requirement(&is.name, asks, RequirementKind::Runtime);
            if let Some(to) = is
                .to
                .filter(|to| is.version != was.version && is_changed((old, was.to), (new, Some(*to))))
            {
                in_range(&before.folder, &asks.range, new, to)?;
            }
        }
        if before.needs.len() != after.needs.len() || before.folder != after.folder {
            return Err("The projects of the workspace changed.".to_owned());
        }
    }
    Ok(())
}

fn id(locked: &Locked, snapshot: usize) -> (&str, &str) {
    let package = &locked.packages[locked.snapshots[snapshot].package];
    (&package.name, &package.version)
}

fn is_changed((old, was): (&Locked, Option<usize>), (new, is): (&Locked, Option<usize>)) -> bool {
    was.map(|was| id(old, was)) != is.map(|is| id(new, is))
}

/// A need leads where it led, or where the plan has it lead.
fn led(
    dependent: &str,
    name: &str,
    (old, was): (&Locked, Option<usize>),
    (new, is): (&Locked, Option<usize>),
    changes: &[Lead],
) -> Result<(), String> {
    let (Some(was), Some(is)) = (was, is) else {
        return match was.is_none() && is.is_none() {
            true => Ok(()),
            false => Err(format!("{name} of {dependent} is no package any more.")),
        };
    };
    let ((_, from), (package, to)) = (id(old, was), id(new, is));
    let lead = changes.iter().find(|lead| lead.name == name && lead.from == from);
    let is_right = match lead {
        Some(lead) => (lead.package.as_str(), lead.to.as_str()) == (package, to),
        None => id(old, was) == (package, to),
    };
    match is_right {
        true => Ok(()),
        false => Err(format!(
            "{name} of {dependent} would lead to {package} {to}, which is not planned."
        )),
    }
}

fn in_range(dependent: &str, range: &str, new: &Locked, to: usize) -> Result<(), String> {
    let (name, version) = id(new, to);
    match Npm.contains(range, version) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(format!(
            "{dependent} asks for {name} {range}, which {version} is not in."
        )),
    }
}

/// What each snapshot needs.
fn snapshots(
    old: &Locked,
    new: &Locked,
    plan: &Plan,
    leads: &HashMap<&str, &LeadEdit>,
) -> Result<(), String> {
    let mut was: HashMap<&str, Vec<&Snapshot>> = HashMap::new();
    for snapshot in &old.snapshots {
        was.entry(&old.packages[snapshot.package].id)
            .or_default()
            .push(snapshot);
    }
    for snapshot in &new.snapshots {
        let package = &new.packages[snapshot.package];
        let edit = leads.get(package.id.as_str());
        let changes = edit.map_or(&[][..], |edit| edit.leads.as_slice());
        let own = snapshot
            .needs
            .iter()
            .filter(|need| !package.peers.contains_key(&need.name));
        let names: BTreeMap<&str, bool> = own
            .clone()
            .map(|need| (need.name.as_str(), need.is_optional))
            .collect();
        for need in own.clone() {
            let Some(to) = need.to else { continue };
            let (name, version) = id(new, to);
            let mut changes = changes.iter();
            if let Some(lead) =
                changes.find(|lead| lead.name == need.name && lead.package == name && lead.to == version)
            {
                in_range(&package.id, ruled(plan, &need.name, &lead.range), new, to)?;
            }
        }
        match (
            was.get(package.id.as_str()),
            edit.and_then(|edit| edit.release.as_ref()),
        ) {
            (Some(before), _) => {
                let before = before.first().ok_or("A package has no snapshot.")?;
                let needed = before
                    .needs
                    .iter()
                    .filter(|need| !package.peers.contains_key(&need.name));
                let needed: BTreeMap<&str, _> = needed.map(|need| (need.name.as_str(), need)).collect();
                if !needed
                    .iter()
                    .map(|(name, need)| (*name, need.is_optional))
                    .eq(names)
                {
                    return Err(format!("{} would need something else.", package.id));
                }
                for need in own {
                    let before = needed.get(need.name.as_str()).and_then(|need| need.to);
                    led(&package.id, &need.name, (old, before), (new, need.to), changes)?;
                }
            }
            (None, Some(release)) => {
                if names != needs_of(release) {
                    return Err(format!("{} would not need what the registry says.", package.id));
                }
                for need in own {
                    let asked = release.dependencies.iter().find(|asks| *asks.name == *need.name);
                    let (Some(asked), Some(to)) = (asked, need.to) else {
                        return Err(format!("{} of {} leads nowhere.", need.name, package.id));
                    };
                    if id(new, to).0 != asked.package() {
                        return Err(format!(
                            "{} of {} leads to another package.",
                            need.name, package.id
                        ));
                    }
                    in_range(&package.id, ruled(plan, &need.name, &asked.range), new, to)?;
                }
            }
            (None, None) => return Err(format!("{} came in by itself.", package.id)),
        }
    }
    Ok(())
}

/// What a release needs, and whether it can do without.
fn needs_of(release: &Release) -> BTreeMap<&str, bool> {
    let needs = release.dependencies.iter().filter_map(|asks| match asks.kind {
        RequirementKind::Runtime => Some((&*asks.name, false)),
        RequirementKind::Optional => Some((&*asks.name, true)),
        _ => None,
    });
    needs.collect()
}

/// A package and a version: an item in the brackets of a key, without what is in its own.
type Item = String;

fn beside(key: &str) -> BTreeSet<Item> {
    let items = items(split(key).1).into_iter();
    items
        .filter(|item| !item.starts_with("patch_hash="))
        .map(|item| split(item).0.to_owned())
        .collect()
}

/// The peers in the key of every snapshot that changed are those of its package and of what that needs.
fn peers(old: &Locked, new: &Locked) -> Result<(), String> {
    let was: HashMap<&str, &Snapshot> = old
        .snapshots
        .iter()
        .map(|snapshot| (snapshot.key.as_str(), snapshot))
        .collect();
    for snapshot in &new.snapshots {
        let is_same = |was: &&Snapshot| {
            let versions = |all: &Snapshot| -> Vec<(String, String)> {
                all.needs
                    .iter()
                    .map(|need| (need.name.clone(), need.version.clone()))
                    .collect()
            };
            versions(was) == versions(snapshot) && was.transitive == snapshot.transitive
        };
        if was.get(snapshot.key.as_str()).is_some_and(is_same) {
            continue;
        }
        let package = &new.packages[snapshot.package];
        let written = beside(&snapshot.key);
        let mut expected: BTreeSet<Item> = BTreeSet::new();
        let mut own: BTreeSet<&str> = BTreeSet::from([package.name.as_str()]);
        for need in snapshot
            .needs
            .iter()
            .filter(|need| !package.peers.contains_key(&need.name))
        {
            own.insert(&need.name);
            own.extend(need.to.map(|to| id(new, to).0));
        }
        for need in &snapshot.needs {
            let Some(to) = need.to else { continue };
            let (name, version) = id(new, to);
            if package.peers.contains_key(&need.name) {
                expected.insert(format!("{name}@{version}"));
                if need.is_optional != package.optional_peers.contains(&need.name) {
                    return Err(format!(
                        "The peer {name} of {} stands in the wrong place.",
                        snapshot.key
                    ));
                }
                continue;
            }
            let around = beside(&new.snapshots[to].key);
            expected.extend(around.into_iter().filter(|item| {
                let name = item.char_indices().skip(1).find(|(_, letter)| *letter == '@');
                !own.contains(name.and_then(|(at, _)| item.get(..at)).unwrap_or(item))
            }));
        }
        // Folders stand in another form; what pnpm left out before may be left out.
        let is_package = |item: &&Item| new.packages.iter().any(|package| package.id == **item);
        let lost = expected.iter().find(|item| !written.contains(*item));
        let more = written
            .iter()
            .filter(is_package)
            .find(|item| !expected.contains(*item));
        if let Some(item) = lost.or(more) {
            return Err(format!("Whether {item} is beside {} is not clear.", snapshot.key));
        }
    }
    Ok(())
}

/// Everything is needed.
fn used(new: &Locked) -> Result<(), String> {
    let importers = new.importers.iter().flat_map(|importer| &importer.needs);
    let mut open: Vec<usize> = importers.filter_map(|wish| wish.to).collect();
    let mut seen = vec![false; new.snapshots.len()];
    let mut packages = vec![false; new.packages.len()];
    while let Some(number) = open.pop() {
        if !std::mem::replace(&mut seen[number], true) {
            let snapshot = &new.snapshots[number];
            packages[snapshot.package] = true;
            open.extend(snapshot.needs.iter().filter_map(|need| need.to));
        }
    }
    let lost = seen
        .iter()
        .position(|seen| !seen)
        .map(|number| &new.snapshots[number].key);
    let lost = lost.or_else(|| {
        packages
            .iter()
            .position(|used| !used)
            .map(|number| &new.packages[number].id)
    });
    match lost {
        Some(lost) => Err(format!("Nothing needs {lost} any more.")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_an_entry_is_what_the_registry_says() {
        let said = r#"{"engines": {"node": ">=6", "npm": "*"}, "cpu": ["x64"], "os": ["linux"], "libc": "glibc", "deprecated": "use b",
            "bin": "./cli.js", "bundleDependencies": ["c"], "dist": {"tarball": "https://registry.example/a-1.0.0.tgz"}}"#;
        let said = json::read(said);
        let lines = [
            "    resolution: {integrity: sha512-A, tarball: https://registry.example/a-1.0.0.tgz}",
            "    engines: {node: '>=6'}",
            "    cpu: [x64]",
            "    os: [linux]",
            "    libc: [glibc]",
            "    deprecated: use b",
            "    hasBin: true",
            "    bundledDependencies:\n      - c",
        ];
        let of = |lines: &[String]| {
            let text = format!("  a@1.0.0:\n{}\n", lines.join("\n"));
            let written = yaml::read_stream(&text);
            unlike(first(&written).expect("an entry"), said.root())
        };
        assert_eq!(of(&lines.map(str::to_owned)), None);
        let others = [
            ("registry.example", "elsewhere.example", "tarball"),
            (">=6", ">=4", "engines"),
            ("x64", "arm64", "cpu"),
            ("linux", "darwin", "os"),
            ("glibc", "musl", "libc"),
            ("use b", "use c", "deprecated"),
            ("true", "false", "hasBin"),
            ("- c", "- d", "bundledDependencies"),
        ];
        for (number, (from, to, field)) in others.into_iter().enumerate() {
            let mut changed = lines.map(str::to_owned);
            changed[number] = changed[number].replace(from, to);
            assert_eq!(of(&changed), Some(field));
            // The address is written where the lockfile has addresses.
            changed[number] = "    version: 1.0.0".to_owned();
            let expected = Some(field).filter(|field| *field != "tarball");
            assert_eq!(of(&changed), expected, "without {field}");
        }
    }
}
