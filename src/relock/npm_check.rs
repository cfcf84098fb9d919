//! What a changed lockfile of npm has to be, checked by reading it anew.
//!
//! `npm ci` accepts stale dependencies, missing hashes and missing fields, so it is no proof; this is. For every entry that
//! changed: it locks the release of the plan, has its hash, and needs what the registry's document says. For every entry: what
//! it needs is where Node looks for it, in range, unless it was not before either. Nothing is left that nothing leads to,
//! unless it was before.

use std::collections::BTreeSet;

use super::npm_overrides::Rules;
use super::npm_tree::{Folders, find};
use crate::lockfile::package_lock::installed::{Described, Installed, Layout, described, repeated};
use crate::model::{Release, Requirement, RequirementKind};
use crate::plan::{EntryEdit, Plan};
use crate::text::json;
use crate::text::tree::Value;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// A lockfile and the `package.json` beside it.
#[derive(Clone, Copy)]
pub(super) struct Files<'f> {
    pub(super) lockfile: &'f str,
    pub(super) manifest: Option<&'f str>,
}

impl Files<'_> {
    fn read(self) -> Result<Described, &'static str> {
        described(self.lockfile, self.manifest)
    }
}

/// Checks the files `after` that were `before`.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub(super) fn check(before: Files<'_>, after: Files<'_>, plan: &Plan) -> Result<(), String> {
    let (old, new) = (before.read()?, after.read()?);
    let layout = new.layout;
    if layout != old.layout {
        return Err("The lockfile would get another version.".to_owned());
    }
    if layout == Layout::Both {
        repetition(before, after, &new.folders, plan)?;
    }
    let (old, new) = (by_place(&old.folders), by_place(&new.folders));
    for change in &plan.entries {
        let entry = new.get(change.place.as_str());
        match (&change.edit, entry) {
            (EntryEdit::Drop, None) => {}
            (EntryEdit::Drop, Some(_)) => return Err(format!("The entry {} did not leave.", change.place)),
            (EntryEdit::Lock(..) | EntryEdit::Flags(_), None) => {
                return Err(format!("The entry {} is missing.", change.place));
            }
            (EntryEdit::Flags(_), Some(_)) => {}
            (EntryEdit::Own(_), _) => {
                return Err("The plan is one of another ecosystem.".to_owned());
            }
            (EntryEdit::Lock(release, _), Some(entry)) => {
                if entry.version != *release.version || entry.name != change.name {
                    return Err(format!(
                        "The entry {} locks {} {}.",
                        change.place, entry.name, entry.version
                    ));
                }
                let same = match layout {
                    Layout::Nested => required(&entry.requirements) == required(&release.dependencies),
                    Layout::Both | Layout::Flat | Layout::Bun => {
                        set(&entry.requirements) == set(&release.dependencies)
                    }
                };
                if !same {
                    return Err(format!(
                        "The entry {} does not need what the registry says.",
                        change.place
                    ));
                }
                is_hashed(entry, release)?;
            }
        }
    }
    if layout != Layout::Nested {
        fields(after.lockfile, plan)?;
    }
    let old_rules = Rules::of(before.manifest.unwrap_or_default(), &old);
    let rules = Rules::of(after.manifest.unwrap_or_default(), &new);
    let changed: BTreeSet<&str> = plan.entries.iter().map(|change| change.place.as_str()).collect();
    for (place, entry) in &new {
        if !changed.contains(place) && !old.contains_key(place) {
            return Err(format!("The entry {place} came in by itself."));
        }
        for requirement in &entry.requirements {
            let wrong = wrong(&new, &rules, place, requirement);
            let was_wrong = || {
                let entry = old.get(place).filter(|_| !changed.contains(place));
                entry.is_some() && self::wrong(&old, &old_rules, place, requirement).is_some()
            };
            if let Some(wrong) = wrong
                && !was_wrong()
            {
                return Err(wrong);
            }
        }
    }
    let now = reached(&new);
    let mut unreached = new.keys().filter(|place| !now.contains(*place)).peekable();
    if unreached.peek().is_none() {
        return Ok(());
    }
    let before = reached(&old);
    let unreached = unreached.find(|place| before.contains(*place) || !old.contains_key(*place));
    match unreached {
        Some(place) => Err(format!("Nothing needs the entry {place} any more.")),
        None => Ok(()),
    }
}

pub(super) fn by_place(all: &[Installed]) -> Folders<'_> {
    all.iter().map(|folder| (folder.place.as_str(), folder)).collect()
}

/// What is needed by name, range and kind. What lies in the package's own archive is listed elsewhere.
pub(super) fn set(requirements: &[Requirement]) -> BTreeSet<(String, String, String, RequirementKind)> {
    let shown = requirements
        .iter()
        .filter(|requirement| !matches!(requirement.kind, RequirementKind::Dev | RequirementKind::Bundled));
    shown
        .map(|requirement| {
            (
                requirement.name.to_string(),
                requirement.package().to_owned(),
                requirement.range.to_string(),
                requirement.kind,
            )
        })
        .collect()
}

/// The same for `requires`, which has no peers and does not say what is optional.
fn required(requirements: &[Requirement]) -> BTreeSet<(String, String, String)> {
    let is_in = |requirement: &&Requirement| match requirement.kind {
        RequirementKind::Runtime | RequirementKind::Optional | RequirementKind::Bundled => true,
        RequirementKind::Peer | RequirementKind::OptionalPeer | RequirementKind::Dev => false,
    };
    let required = requirements.iter().filter(is_in);
    let shown = required.map(|one| {
        (
            one.name.to_string(),
            one.package().to_owned(),
            one.range.to_string(),
        )
    });
    shown.collect()
}

/// What version 2 repeats for npm 6 is what it says itself.
fn repetition(before: Files<'_>, after: Files<'_>, new: &[Installed], plan: &Plan) -> Result<(), String> {
    let (old, repeated) = (repeated(before.lockfile), repeated(after.lockfile));
    let links: Vec<(&str, &str)> = new
        .iter()
        .filter_map(|folder| Some((folder.link.as_deref()?, folder.place.as_str())))
        .collect();
    // A folder that a link leads to is repeated where the link is.
    let place_in_tree = |place: &str| {
        let link = links.iter().find_map(|(target, link)| {
            let inside = place.strip_prefix(target).filter(|_| !target.is_empty())?;
            (inside.is_empty() || inside.starts_with('/')).then(|| format!("{link}{inside}"))
        });
        link.unwrap_or_else(|| place.to_owned())
    };
    let (old, mut left) = (by_place(&old), by_place(&repeated));
    for change in &plan.entries {
        let place = place_in_tree(&change.place);
        let entry = left.remove(place.as_str());
        let is_right = match (&change.edit, entry) {
            (EntryEdit::Lock(release, _), Some(entry)) => {
                is_hashed(entry, release)?;
                entry.name == change.name
                    && entry.version == *release.version
                    && required(&entry.requirements) == required(&release.dependencies)
            }
            (EntryEdit::Drop, entry) => entry.is_none(),
            (EntryEdit::Flags(_), Some(entry)) => old
                .get(place.as_str())
                .is_some_and(|old| old.version == entry.version),
            (EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_), _) => false,
        };
        if !is_right {
            return Err(format!(
                "What `dependencies` says of {place} is not what `packages` says."
            ));
        }
    }
    let ranges: Vec<String> = plan
        .ranges
        .iter()
        .map(|range| place_in_tree(&range.folder))
        .collect();
    for (place, entry) in left {
        let same = |old: &&&Installed| {
            let needs_same = required(&old.requirements) == required(&entry.requirements);
            (&old.name, &old.version, &old.integrity) == (&entry.name, &entry.version, &entry.integrity)
                && (needs_same || ranges.iter().any(|range| range == place))
        };
        if old.get(place).filter(same).is_none() {
            return Err(format!("The entry {place} in `dependencies` changed by itself."));
        }
    }
    Ok(())
}

/// The entry has the hash of the release.
pub(super) fn is_hashed(entry: &Installed, release: &Release) -> Result<(), String> {
    let manifest = json::read(&release.document);
    let dist = manifest.root().get("dist");
    let expected = dist.and_then(|dist| Some(dist.get("integrity")?.as_str()?.into_owned()));
    match entry.integrity.is_some() && entry.integrity == expected {
        true => Ok(()),
        false => Err(format!(
            "The entry {} has not the hash of its release.",
            entry.place
        )),
    }
}

/// Every entry with a new release has the fields that npm takes from it alone.
fn fields(after: &str, plan: &Plan) -> Result<(), String> {
    let document = json::read(after);
    let packages = document.root().get("packages");
    for change in &plan.entries {
        let EntryEdit::Lock(release, _) = &change.edit else {
            continue;
        };
        let manifest = json::read(&release.document);
        let entry = packages.and_then(|packages| packages.get(&change.place));
        for field in ["os", "cpu", "hasInstallScript", "bin"] {
            let is_there = |value: Option<Value<'_>>| value.and_then(|value| value.get(field)).is_some();
            if is_there(Some(manifest.root())) && !is_there(entry) {
                let is_empty = manifest.root().get(field).is_some_and(|value| {
                    value.count() == 0
                        && value.as_str().is_none_or(|text| text.is_empty())
                        && value.as_bool() != Some(true)
                });
                if !is_empty {
                    return Err(format!("The entry {} lacks `{field}`.", change.place));
                }
            }
        }
    }
    Ok(())
}

/// What is wrong with a requirement of the folder at `place`.
pub(super) fn wrong(
    folders: &Folders<'_>,
    rules: &Rules,
    place: &str,
    requirement: &Requirement,
) -> Option<String> {
    let is_needed = match requirement.kind {
        RequirementKind::Runtime | RequirementKind::Dev | RequirementKind::Peer => true,
        RequirementKind::Optional | RequirementKind::OptionalPeer => false,
        RequirementKind::Bundled => return None,
    };
    let name = &requirement.name;
    let range = rules.range(place, name).unwrap_or(&requirement.range);
    let Some(found) = find(folders, place, name) else {
        return is_needed.then(|| format!("{name}, which {} needs, is not there.", shown(place)));
    };
    // Other ranges are those of git, files and tags.
    let is_in = Npm.contains(range, &found.version).unwrap_or(true);
    (!is_in).then(|| {
        format!(
            "{} needs {name} {range} and finds {}.",
            shown(place),
            found.version
        )
    })
}

fn shown(place: &str) -> &str {
    match place {
        "" => "package.json",
        place => place,
    }
}

/// What one's own folders lead to.
pub(super) fn reached<'i>(folders: &Folders<'i>) -> BTreeSet<&'i str> {
    let own = folders.values().filter(|folder| folder.is_own);
    let mut open: Vec<&Installed> = own.copied().collect();
    let mut reached: BTreeSet<&str> = open.iter().map(|folder| folder.place.as_str()).collect();
    while let Some(folder) = open.pop() {
        // Optional peers hold nothing (Arborist's `calc-dep-flags.js`, npm 11.11.1).
        let holding = folder
            .requirements
            .iter()
            .filter(|requirement| requirement.kind != RequirementKind::OptionalPeer);
        for requirement in holding {
            if let Some(found) = find(folders, &folder.place, &requirement.name)
                && reached.insert(&found.place)
            {
                open.push(found);
            }
        }
    }
    let links = folders.values().filter(|folder| {
        folder
            .link
            .as_deref()
            .is_some_and(|target| reached.contains(target))
    });
    let links: Vec<&str> = links.map(|folder| folder.place.as_str()).collect();
    reached.extend(links);
    reached
}
