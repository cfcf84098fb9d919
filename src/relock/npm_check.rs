//! What a changed lockfile of npm has to be, checked by reading it anew.
//!
//! `npm ci` accepts stale dependencies, missing hashes and missing fields, so it is no proof; this is. For every entry that
//! changed: it locks the release of the plan, has its hash, and needs what the registry's document says. For every entry: what
//! it needs is where Node looks for it, in range, unless it was not before either. Nothing is left that nothing leads to,
//! unless it was before.

use std::collections::{BTreeMap, BTreeSet};

use crate::lockfile::package_lock::installed::{Installed, installed};
use crate::model::{Requirement, RequirementKind};
use crate::plan::{EntryEdit, Plan};
use crate::text::json;
use crate::text::tree::Value;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// The folders by their paths.
type Folders<'i> = BTreeMap<&'i str, &'i Installed>;

/// Checks the text `after` of a lockfile that was `before`.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn check(before: &str, after: &str, plan: &Plan) -> Result<(), String> {
    let old = installed(before)?;
    let new = installed(after)?;
    let (old, new) = (by_place(&old), by_place(&new));
    for change in &plan.entries {
        let entry = new.get(change.place.as_str());
        match (&change.edit, entry) {
            (EntryEdit::Drop, None) => {}
            (EntryEdit::Drop, Some(_)) => return Err(format!("The entry {} did not leave.", change.place)),
            (EntryEdit::Lock(..) | EntryEdit::Flags(_), None) => {
                return Err(format!("The entry {} is missing.", change.place));
            }
            (EntryEdit::Flags(_), Some(_)) => {}
            (EntryEdit::Pin(_) | EntryEdit::Go(_), _) => {
                return Err("The plan is one of another ecosystem.".to_owned());
            }
            (EntryEdit::Crate(_), _) => return Err(format!("The entry {} is not one of npm.", change.place)),
            (EntryEdit::Lock(release, _), Some(entry)) => {
                if entry.version != *release.version || entry.name != change.name {
                    return Err(format!(
                        "The entry {} locks {} {}.",
                        change.place, entry.name, entry.version
                    ));
                }
                if set(&entry.requirements) != set(&release.dependencies) {
                    return Err(format!(
                        "The entry {} does not need what the registry says.",
                        change.place
                    ));
                }
            }
        }
    }
    hashes(after, plan)?;
    let changed: BTreeSet<&str> = plan.entries.iter().map(|change| change.place.as_str()).collect();
    for (place, entry) in &new {
        if !changed.contains(place) && !old.contains_key(place) {
            return Err(format!("The entry {place} came in by itself."));
        }
        for requirement in &entry.requirements {
            let wrong = wrong(&new, place, requirement);
            let was_wrong = || {
                let entry = old.get(place).filter(|_| !changed.contains(place));
                entry.is_some() && self::wrong(&old, place, requirement).is_some()
            };
            if let Some(wrong) = wrong
                && !was_wrong()
            {
                return Err(wrong);
            }
        }
    }
    let (reached_before, reached) = (reached(&old), reached(&new));
    let unreached = new.keys().find(|place| {
        !reached.contains(*place) && (reached_before.contains(*place) || !old.contains_key(*place))
    });
    match unreached {
        Some(place) => Err(format!("Nothing needs the entry {place} any more.")),
        None => Ok(()),
    }
}

fn by_place(all: &[Installed]) -> Folders<'_> {
    all.iter().map(|folder| (folder.place.as_str(), folder)).collect()
}

/// What is needed by name, range and kind. What lies in the package's own archive is listed elsewhere.
fn set(requirements: &[Requirement]) -> BTreeSet<(String, String, String, RequirementKind)> {
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

/// Every entry with a new release has its hash.
fn hashes(after: &str, plan: &Plan) -> Result<(), String> {
    let document = json::read(after);
    let packages = document.root().get("packages");
    for change in &plan.entries {
        let EntryEdit::Lock(release, _) = &change.edit else {
            continue;
        };
        let manifest = json::read(&release.document);
        let expected = manifest
            .root()
            .get("dist")
            .and_then(|dist| Some(dist.get("integrity")?.as_str()?.into_owned()));
        let entry = packages.and_then(|packages| packages.get(&change.place));
        let locked = entry.and_then(|entry| Some(entry.get("integrity")?.as_str()?.into_owned()));
        if locked.is_none() || locked != expected {
            return Err(format!(
                "The entry {} has not the hash of its release.",
                change.place
            ));
        }
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
fn wrong(folders: &Folders<'_>, place: &str, requirement: &Requirement) -> Option<String> {
    let is_needed = match requirement.kind {
        RequirementKind::Runtime | RequirementKind::Dev | RequirementKind::Peer => true,
        RequirementKind::Optional | RequirementKind::OptionalPeer => false,
        RequirementKind::Bundled => return None,
    };
    let (name, range) = (&requirement.name, &requirement.range);
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

/// The folder that `name` means at `place`: in the `node_modules` there, else above.
fn find<'i>(folders: &Folders<'i>, place: &str, name: &str) -> Option<&'i Installed> {
    let mut at = place;
    loop {
        let candidate = match at {
            "" => format!("node_modules/{name}"),
            at => format!("{at}/node_modules/{name}"),
        };
        if let Some(found) = folders.get(candidate.as_str()) {
            return match &found.link {
                Some(target) => folders.get(target.as_str()).copied(),
                None => Some(found),
            };
        }
        if at.is_empty() || at.starts_with("..") {
            return None;
        }
        at = match (at.rfind("/node_modules/"), at.starts_with("node_modules/")) {
            (Some(slash), _) => at.get(..slash)?,
            (None, true) => "",
            (None, false) => at
                .rfind('/')
                .and_then(|slash| at.get(..slash))
                .unwrap_or_default(),
        };
    }
}

/// What one's own folders lead to.
fn reached<'i>(folders: &Folders<'i>) -> BTreeSet<&'i str> {
    let own = folders.values().filter(|folder| folder.is_own);
    let mut open: Vec<&Installed> = own.copied().collect();
    let mut reached: BTreeSet<&str> = open.iter().map(|folder| folder.place.as_str()).collect();
    while let Some(folder) = open.pop() {
        for requirement in &folder.requirements {
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
