//! What a changed `composer.lock` has to be, checked by reading it anew: what is in it is believed when Composer installs.
//!
//! Every entry that changed is what the repository says of the version of the plan, field by field; every other one, and everything
//! outside of the two lists, is as before. Whatever the project or a package needs is there in range, or was not there before either; nothing
//! that changed stands beside what it refuses; nothing is left over; what runs stands in `packages`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::composer_manifest::content_hash;
use crate::lockfile::composer_lock::locked::{Asked, Link, Locked, LockedPackage, locked};
use crate::plan::{EntryEdit, Plan};
use crate::version::range::RangeSyntax as _;
use crate::version::range::packagist::{Packagist as Range, intersects};

/// Checks the lockfile and the manifest `after` an edit.
///
/// # Errors
/// What is wrong with them, as a sentence.
pub(super) fn check(
    (before, manifest_before): (&str, &str),
    (after, manifest): (&str, &str),
    plan: &Plan,
) -> Result<(), String> {
    let (old, old_asked) = locked(before, manifest_before)?;
    let (new, asked) = locked(after, manifest)?;
    let (old_json, new_json) = (object(before)?, object(after)?);
    outside((&old_json, &new_json), (manifest_before, manifest))?;
    entries((before, &old), (after, &new), &new_json, plan)?;
    let was_sorted = |locked: &Locked, is_dev: bool| {
        let list = locked.packages.iter().filter(move |one| one.is_dev == is_dev);
        list.map(|one| one.written.as_str()).is_sorted()
    };
    for is_dev in [false, true] {
        if was_sorted(&old, is_dev) && !was_sorted(&new, is_dev) {
            return Err("The packages are not in order.".to_owned());
        }
    }
    needs((&old, &old_asked), (&new, &asked))?;
    let (reached, runs) = (reached(&new, &asked, true), reached(&new, &asked, false));
    let (had, ran) = (
        self::reached(&old, &old_asked, true),
        self::reached(&old, &old_asked, false),
    );
    for package in &new.packages {
        let name = &package.name;
        let known = old.packages.iter().find(|one| one.name == *name);
        if !reached.contains(name) && (known.is_none() || had.contains(name)) {
            return Err(format!("Nothing needs {} any more.", package.written));
        }
        let was_right = known.is_none_or(|one| one.is_dev != ran.contains(name));
        if was_right && reached.contains(name) && package.is_dev == runs.contains(name) {
            return Err(format!("{} stands in the wrong list.", package.written));
        }
    }
    Ok(())
}

fn object(text: &str) -> Result<Map<String, Json>, String> {
    match serde_json::from_str(text) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) | Err(_) => Err("The edited lockfile is no JSON.".to_owned()),
    }
}

/// Everything but the lists of packages is as before, and the hash is that of the manifest if it was.
fn outside(
    (old, new): (&Map<String, Json>, &Map<String, Json>),
    (manifest_before, manifest): (&str, &str),
) -> Result<(), String> {
    let rest = |object: &Map<String, Json>| {
        let mut rest = object.clone();
        for key in ["packages", "packages-dev", "content-hash"] {
            rest.remove(key);
        }
        rest
    };
    let hash = |object: &Map<String, Json>| {
        let hash = object.get("content-hash").and_then(Json::as_str);
        hash.unwrap_or_default().to_owned()
    };
    let is_right = match manifest_before == manifest {
        true => hash(old) == hash(new),
        false => content_hash(manifest).as_deref() == Some(hash(new).as_str()),
    };
    match rest(old) == rest(new) && is_right {
        true => Ok(()),
        false => Err("Something besides the packages changed.".to_owned()),
    }
}

/// The entries are those of the plan.
fn entries(
    (before, old): (&str, &Locked),
    (after, new): (&str, &Locked),
    new_json: &Map<String, Json>,
    plan: &Plan,
) -> Result<(), String> {
    let texts = |text: &str, locked: &Locked| -> BTreeMap<String, (bool, String)> {
        let of = |one: &LockedPackage| {
            let own = text.get(one.span.start as usize..one.span.end as usize);
            (one.name.clone(), (one.is_dev, own.unwrap_or_default().to_owned()))
        };
        locked.packages.iter().map(of).collect()
    };
    let mut expected = texts(before, old);
    let found = texts(after, new);
    let mut released = Vec::new();
    for change in &plan.entries {
        let known = expected.remove(&change.name);
        match &change.edit {
            EntryEdit::Drop => {}
            EntryEdit::Flags(flags) => {
                let (_, text) = known.ok_or_else(|| format!("{} was not there.", change.name))?;
                expected.insert(change.name.clone(), (flags.dev, text));
            }
            EntryEdit::Lock(release, flags) => {
                let is_dev = flags.map(|flags| flags.dev).or(known.map(|(is_dev, _)| is_dev));
                let own = found.get(&change.name);
                let (_, text) = own
                    .filter(|(dev, _)| Some(*dev) == is_dev)
                    .ok_or_else(|| format!("{} does not stand where the plan has it.", change.name))?;
                expected.insert(change.name.clone(), (is_dev.unwrap_or(false), text.clone()));
                released.push((&change.name, release));
            }
            EntryEdit::Own(_) => return Err("The plan is one of another ecosystem.".to_owned()),
        }
    }
    if expected != found {
        return Err("The packages are not those of the plan.".to_owned());
    }
    let lists = ["packages", "packages-dev"].map(|key| new_json.get(key).and_then(Json::as_array));
    let all: Vec<&Json> = lists.into_iter().flatten().flatten().collect();
    for (name, release) in released {
        let named = |entry: &&&Json| {
            let own = entry.get("name").and_then(Json::as_str).unwrap_or_default();
            own.eq_ignore_ascii_case(name)
        };
        let entry = all.iter().find(named).and_then(|entry| entry.as_object());
        let document: Json = serde_json::from_str(&release.document).unwrap_or_default();
        let (Some(entry), Some(document)) = (entry, document.as_object()) else {
            return Err(format!("The entry of {name} cannot be read."));
        };
        is_as_said(name, entry, document)?;
    }
    Ok(())
}

/// The entry says what the repository says, in every field.
fn is_as_said(name: &str, entry: &Map<String, Json>, document: &Map<String, Json>) -> Result<(), String> {
    const LINKS: [&str; 5] = ["require", "require-dev", "conflict", "replace", "provide"];
    /// What else a repository says Composer does not lock.
    const LOCKED: [&str; 28] = [
        "name",
        "version",
        "target-dir",
        "source",
        "dist",
        "require",
        "conflict",
        "provide",
        "replace",
        "require-dev",
        "suggest",
        "default-branch",
        "bin",
        "type",
        "extra",
        "autoload",
        "autoload-dev",
        "notification-url",
        "include-path",
        "license",
        "authors",
        "description",
        "homepage",
        "keywords",
        "support",
        "funding",
        "abandoned",
        "time",
    ];
    let keys: BTreeSet<&str> = entry.keys().map(String::as_str).chain(LOCKED).collect();
    for key in keys {
        let said = |object: &Map<String, Json>| {
            let value = object.get(key).cloned().unwrap_or(Json::Null);
            plain(match (key, value) {
                ("version_normalized" | "uid", _) => Json::Null,
                ("type", Json::Null) => Json::from("library"),
                ("type", Json::String(text)) => Json::from(text.to_lowercase()),
                ("bin" | "license", Json::String(text)) => Json::from(vec![text]),
                ("source" | "dist", Json::Object(mut place)) => {
                    place.retain(|_, value| !value.is_null());
                    Json::Object(place)
                }
                ("keywords", Json::Array(mut words)) => {
                    words.sort_by_key(Json::to_string);
                    Json::Array(words)
                }
                // What the time is, whatever it is written like, is compared when it is read.
                ("time", Json::String(text)) => Json::from(text.get(..10).unwrap_or_default()),
                (links, Json::Object(table)) if LINKS.contains(&links) => table
                    .into_iter()
                    .map(|(target, range)| (target.to_lowercase(), range))
                    .filter(|(target, _)| *target != name)
                    .collect(),
                (_, value) => value,
            })
        };
        if said(entry) != said(document) {
            return Err(format!("`{key}` of {name} is not what the repository says."));
        }
    }
    Ok(())
}

/// The value as PHP has it: nothing that is empty differs from what is not there.
fn plain(value: Json) -> Json {
    match value {
        Json::Bool(false) => Json::Null,
        Json::String(text) if text.is_empty() => Json::Null,
        Json::Array(list) if list.is_empty() => Json::Null,
        Json::Object(object) if object.is_empty() => Json::Null,
        Json::Array(list) => Json::Array(list.into_iter().map(plain).collect()),
        Json::Object(object) => {
            let fields = object.into_iter().map(|(key, value)| (key, plain(value)));
            Json::Object(fields.collect())
        }
        value => value,
    }
}

/// Who needs, and what.
type Need<'l> = (Option<&'l LockedPackage>, &'l Link);

fn all_needs<'l>(locked: &'l Locked, asked: &'l Asked) -> impl Iterator<Item = Need<'l>> {
    let own = asked
        .links
        .require
        .iter()
        .chain(&asked.dev)
        .map(|link| (None, link));
    let others = locked.packages.iter().flat_map(|one| {
        let needs = one.links.require.iter();
        needs.map(move |link| (Some(one), link))
    });
    own.chain(others).filter(|(_, link)| !link.is_platform())
}

fn is_in(package: &LockedPackage, range: &str) -> bool {
    let mut versions = std::iter::once(&package.version).chain(&package.aliases);
    versions.any(|version| Range.contains(range, version).unwrap_or(false))
}

/// The package is `name`, or stands for it, in the range.
fn meets(package: &LockedPackage, link: &Link) -> bool {
    let mut others = package.links.replace.iter().chain(&package.links.provide);
    (package.name == link.name && is_in(package, &link.range))
        || others
            .any(|other| other.name == link.name && intersects(&other.range, &link.range).unwrap_or(false))
}

/// Every need is met, or was not before and is the same; nothing stands beside what it refuses.
fn needs((old, old_asked): (&Locked, &Asked), (new, asked): (&Locked, &Asked)) -> Result<(), String> {
    let is_met = |locked: &Locked, link: &Link| locked.packages.iter().any(|one| meets(one, link));
    let who = |from: Option<&LockedPackage>| from.map(|one| (one.name.clone(), one.version.clone()));
    let known: BTreeSet<_> = all_needs(old, old_asked)
        .filter(|(_, link)| !is_met(old, link))
        .map(|(from, link)| (who(from), link.clone()))
        .collect();
    for (from, link) in all_needs(new, asked) {
        if !is_met(new, link) && !known.contains(&(who(from), link.clone())) {
            let from = from.map_or("The project", |one| &one.written);
            return Err(format!(
                "{from} needs {} {}, which is not locked.",
                link.name, link.range
            ));
        }
    }
    let refused = |locked: &Locked| -> BTreeSet<(String, String, String)> {
        let mut all = BTreeSet::new();
        for one in &locked.packages {
            for other in locked.packages.iter().filter(|other| other.name != one.name) {
                let is_refused = one
                    .links
                    .conflict
                    .iter()
                    .any(|link| link.name == other.name && is_in(other, &link.range))
                    || one.links.replace.iter().any(|link| link.name == other.name);
                if is_refused {
                    all.insert((
                        one.name.clone(),
                        one.version.clone(),
                        format!("{} {}", other.name, other.version),
                    ));
                }
            }
        }
        all
    };
    let before = refused(old);
    match refused(new).difference(&before).next() {
        Some((one, version, other)) => Err(format!("{one} {version} is not installed beside {other}.")),
        None => Ok(()),
    }
}

/// The names of what the project leads to.
fn reached(locked: &Locked, asked: &Asked, with_dev: bool) -> BTreeSet<String> {
    let dev = asked.dev.iter().filter(|_| with_dev);
    let mut open: Vec<&Link> = asked.links.require.iter().chain(dev).collect();
    let mut reached = BTreeSet::new();
    while let Some(link) = open.pop() {
        let stands_for = |one: &&LockedPackage| {
            let mut others = one.links.replace.iter().chain(&one.links.provide);
            one.name == link.name || others.any(|other| other.name == link.name)
        };
        for package in locked.packages.iter().filter(stands_for) {
            if reached.insert(package.name.clone()) {
                open.extend(&package.links.require);
            }
        }
    }
    reached
}
