//! Checks an edited lockfile of Bundler against what the registry says, without the planner.

use std::collections::{BTreeMap, BTreeSet};

use super::gemfile_text::{full_name, needs, own_name, platform_name};
use crate::lockfile::gemfile_lock::literal;
use crate::lockfile::gemfile_lock::locked::{Locked, LockedGem, in_order, lock_name, locked, written};
use crate::lockfile::gemfile_lock::platform::Platform;
use crate::plan::{Edited, EntryEdit, Plan};
use crate::schema::compact_index::variants;
use crate::version::range::RangeSyntax as _;
use crate::version::range::rubygems::Rubygems as Range;

/// Refuses what is not as it should be, with the reason as a sentence. The lockfile comes first, then the manifest.
pub(super) fn check(edited: &[Edited], plan: &Plan) -> Result<(), String> {
    let [lockfile, manifests @ ..] = edited else {
        return Err("There is no lockfile.".to_owned());
    };
    let (was, is) = (locked(&lockfile.before)?, locked(&lockfile.after)?);
    let names: BTreeSet<&str> = plan.entries.iter().map(|change| change.name.as_str()).collect();
    rest_is_same(&was, &is, &lockfile.before, &lockfile.after)?;
    others_are_same(&was, &is, &names)?;
    changes_are_right(&was, &is, plan)?;
    needs_are_met(&was, &is, &names)?;
    all_is_reached(&was, &is, &names)?;
    is_in_order(&was, &is)?;
    dependencies_are_right(&was, &is, plan)?;
    for range in &plan.ranges {
        let written = manifests
            .first()
            .and_then(|manifest| literal::range(&manifest.after, &range.name));
        if written.as_deref() != Some(&in_order(&range.to)) {
            return Err(format!(
                "The {} does not ask for {} {}.",
                range.file, range.name, range.to
            ));
        }
    }
    Ok(())
}

/// What is no line of a gem, of a dependency or of CHECKSUMS is as it was.
fn rest_is_same(was: &Locked, is: &Locked, before: &str, after: &str) -> Result<(), String> {
    let rest = |locked: &Locked, text: &str| {
        let gems = locked.gems.iter().map(|gem| gem.at.clone());
        let asked = locked.dependencies.iter().map(|line| line.at.clone());
        let sums = locked.checksums.iter().flatten().map(|sum| sum.at.clone());
        let mut lines: Vec<std::ops::Range<usize>> = gems.chain(asked).chain(sums).collect();
        lines.sort_by_key(|at| at.start);
        let mut rest = String::new();
        let mut done = 0;
        for at in lines {
            rest.push_str(text.get(done..at.start).unwrap_or_default());
            done = at.end;
        }
        rest.push_str(text.get(done..).unwrap_or_default());
        rest
    };
    match rest(was, before) == rest(is, after) {
        true => Ok(()),
        false => Err("Lines changed that are none of a gem.".to_owned()),
    }
}

/// Gems that the plan does not name are as they were, with their checksums.
fn others_are_same(was: &Locked, is: &Locked, names: &BTreeSet<&str>) -> Result<(), String> {
    let others = |locked: &Locked| -> Vec<(String, String, String, usize, String)> {
        let gems = locked.gems.iter().filter(|gem| !names.contains(&*gem.name));
        gems.map(|gem| {
            let needs: Vec<String> = gem.needs.iter().map(|need| format!("{need:?}")).collect();
            let own = lock_name(&gem.name, &gem.version, &gem.platform);
            (
                own.clone(),
                needs.join(" "),
                sums_of(locked, &own).join(" "),
                gem.section,
                own_name(gem),
            )
        })
        .collect()
    };
    match others(was) == others(is) {
        true => Ok(()),
        false => Err("A gem changed that the plan does not name.".to_owned()),
    }
}

fn sums_of<'l>(locked: &'l Locked, gem: &str) -> Vec<&'l str> {
    let sums = locked.checksums.iter().flatten();
    sums.filter(|sum| sum.gem == gem)
        .map(|sum| sum.sums.as_str())
        .collect()
}

/// What the plan names is as the registry has it.
fn changes_are_right(was: &Locked, is: &Locked, plan: &Plan) -> Result<(), String> {
    for change in &plan.entries {
        let name = &change.name;
        let of = |locked: &'_ Locked| -> Vec<LockedGem> {
            locked
                .gems
                .iter()
                .filter(|gem| gem.name == *name)
                .cloned()
                .collect()
        };
        let (old, new) = (of(was), of(is));
        let release = match &change.edit {
            EntryEdit::Drop if new.is_empty() => {
                let is_left = is
                    .checksums
                    .iter()
                    .flatten()
                    .any(|sum| sum.gem.starts_with(&format!("{name} (")));
                match is_left {
                    false => continue,
                    true => return Err(format!("CHECKSUMS still has {name}.")),
                }
            }
            EntryEdit::Drop => return Err(format!("{name} is still there.")),
            EntryEdit::Lock(release, None) => release,
            _ => return Err("The plan is one of another format.".to_owned()),
        };
        let listed = variants(&release.document);
        if listed.len() != new.len() || listed.is_empty() {
            return Err(format!("{name} does not have the variants that the plan names."));
        }
        for variant in &listed {
            let platform = platform_name(variant);
            let gem = new
                .iter()
                .find(|gem| gem.platform == platform && gem.version == variant.version);
            let Some(gem) = gem.filter(|gem| *gem.version == *release.version) else {
                return Err(format!(
                    "{} is not there.",
                    full_name(name, &variant.version, &platform)
                ));
            };
            let lines: Vec<String> = gem.needs.iter().map(written).collect();
            if lines != needs(variant) {
                return Err(format!("{} does not need what the registry says.", own_name(gem)));
            }
            if old.first().is_some_and(|old| old.section != gem.section) {
                return Err(format!("{name} changed its source."));
            }
            if is.checksums.is_some() {
                let own = lock_name(name, &gem.version, &gem.platform);
                let sum = variant.checksum.as_ref().map(|sum| format!("sha256={sum}"));
                if sum.is_none() || sums_of(is, &own) != sum.as_deref().into_iter().collect::<Vec<_>>() {
                    return Err(format!(
                        "CHECKSUMS does not have what the registry says of {own}."
                    ));
                }
            }
        }
        let stale = old.iter().any(|old| {
            let own = lock_name(name, &old.version, &old.platform);
            !new.iter()
                .any(|gem| lock_name(name, &gem.version, &gem.platform) == own)
                && !sums_of(is, &own).is_empty()
        });
        if stale {
            return Err(format!("CHECKSUMS still has the version of {name} before."));
        }
        for user in is.platforms.iter().map(|platform| Platform::of(platform)) {
            let has = |gems: &[LockedGem]| {
                let mut platforms = gems.iter().map(|gem| Platform::of(&gem.platform));
                platforms.any(|platform| platform.is_usable_on(&user))
            };
            if has(&old) && !has(&new) {
                return Err(format!("{name} has no variant for {user} any more."));
            }
        }
    }
    Ok(())
}

/// What changed gems need, and what is asked of them, is there.
fn needs_are_met(was: &Locked, is: &Locked, names: &BTreeSet<&str>) -> Result<(), String> {
    let by_name = is.by_name();
    let is_met = |name: &str, range: &str| {
        let gems = by_name.get(name).into_iter().flatten();
        let mut versions = gems.filter_map(|number| is.gems.get(*number));
        versions.any(|gem| Range.contains(range, &gem.version).unwrap_or(false))
    };
    for gem in &is.gems {
        for need in gem.needs.iter().filter(|need| need.name != "bundler") {
            let is_changed = names.contains(&*gem.name) || names.contains(&*need.name);
            if is_changed && !is_met(&need.name, &need.range) {
                return Err(format!("{} needs {} {}.", own_name(gem), need.name, need.range));
            }
        }
    }
    for line in is.dependencies.iter().filter(|line| names.contains(&*line.name)) {
        let was_there = was.gems.iter().any(|gem| gem.name == line.name);
        if was_there && !is_met(&line.name, &line.range) {
            return Err(format!("DEPENDENCIES asks for {} {}.", line.name, line.range));
        }
    }
    Ok(())
}

/// Nothing is there that nothing leads to, unless it was so before.
fn all_is_reached(was: &Locked, is: &Locked, names: &BTreeSet<&str>) -> Result<(), String> {
    let (before, after) = (reached(was), reached(is));
    let left = is.gems.iter().find(|gem| {
        !after.contains(&*gem.name) && (before.contains(&*gem.name) || names.contains(&*gem.name))
    });
    match left.filter(|gem| !was.gems.iter().any(|old| old.name == gem.name) || before.contains(&*gem.name)) {
        Some(gem) => Err(format!("Nothing needs {} any more.", own_name(gem))),
        None => Ok(()),
    }
}

fn reached(locked: &Locked) -> BTreeSet<&str> {
    let by_name = locked.by_name();
    let mut open: Vec<&str> = locked
        .dependencies
        .iter()
        .map(|line| line.name.as_str())
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        let Some(gems) = by_name.get(name) else { continue };
        if reached.insert(name) {
            let gems = gems.iter().filter_map(|number| locked.gems.get(*number));
            open.extend(gems.flat_map(|gem| gem.needs.iter().map(|need| need.name.as_str())));
        }
    }
    reached
}

/// What stood in order does so still.
fn is_in_order(was: &Locked, is: &Locked) -> Result<(), String> {
    let sections = |locked: &Locked| {
        let mut sections: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for gem in &locked.gems {
            sections.entry(gem.section).or_default().push(own_name(gem));
        }
        sections
    };
    let new = sections(is);
    for (number, names) in sections(was) {
        if names.is_sorted() && !new.get(&number).is_none_or(|names| names.is_sorted()) {
            return Err("The gems do not stand in order.".to_owned());
        }
    }
    let sums = |locked: &Locked| {
        let sums = locked.checksums.iter().flatten();
        sums.map(|sum| sum.gem.clone()).collect::<Vec<_>>().is_sorted()
    };
    match sums(was) && !sums(is) {
        true => Err("CHECKSUMS does not stand in order.".to_owned()),
        false => Ok(()),
    }
}

/// DEPENDENCIES has the ranges of the plan, and otherwise what it had.
fn dependencies_are_right(was: &Locked, is: &Locked, plan: &Plan) -> Result<(), String> {
    let expected = was.dependencies.iter().map(|line| {
        let new = plan.ranges.iter().find(|range| range.name == line.name);
        let range = new.map_or_else(|| line.range.clone(), |range| in_order(&range.to));
        (line.name.clone(), range, line.is_pinned)
    });
    let found = is
        .dependencies
        .iter()
        .map(|line| (line.name.clone(), line.range.clone(), line.is_pinned));
    match expected.eq(found) {
        true => Ok(()),
        false => Err("DEPENDENCIES is not what the plan says.".to_owned()),
    }
}
