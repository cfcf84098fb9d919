//! Plans that move one gem of a lockfile of Bundler, and back: the registry's index of both versions says what the lockfile has.

use std::collections::BTreeSet;

use lockkeeper::lockfile::gemfile_lock::locked::{Locked, LockedGem, in_order, lock_name, locked};
use lockkeeper::lockfile::gemfile_lock::platform::Platform;
use lockkeeper::model::Release;
use lockkeeper::plan::{EntryChange, EntryEdit, Plan};

use super::there_and_back::{Pair, next, of};

/// The plans for each gem that comes from a registry.
pub(super) fn gems(text: &str) -> Vec<(String, Pair)> {
    let Ok(all) = locked(text) else { return Vec::new() };
    let names: BTreeSet<&str> = all.gems.iter().map(|gem| gem.name.as_str()).collect();
    let pairs = names.into_iter().filter_map(|name| {
        let gems: Vec<&LockedGem> = all.gems.iter().filter(|gem| gem.name == name).collect();
        let is_usual = |gem: &&LockedGem| {
            let section = &all.sections[gem.section];
            let lines: Vec<String> = gem
                .needs
                .iter()
                .map(|need| format!("{} ({})", need.name, need.range))
                .collect();
            let is_written = gem
                .needs
                .iter()
                .all(|need| need.range.is_empty() || in_order(&need.range) == need.range);
            let is_plain = gem.platform.is_empty() || Platform::of(&gem.platform).to_string() == gem.platform;
            section.registry().is_some()
                && gem.version == gems[0].version
                && (all.checksums.is_none() || sum(&all, gem).is_some())
                && lines.is_sorted()
                && is_written
                && is_plain
        };
        gems.iter().all(is_usual).then(|| {
            let version = &gems[0].version;
            let there = plan(&gems, &next(version), &|_| Some("b".repeat(64)));
            let back = plan(&gems, version, &|gem| sum(&all, gem));
            (name.to_owned(), (there, back))
        })
    });
    pairs.collect()
}

fn sum(all: &Locked, gem: &LockedGem) -> Option<String> {
    let name = lock_name(&gem.name, &gem.version, &gem.platform);
    let line = all.checksums.as_ref()?.iter().find(|sum| sum.gem == name)?;
    Some(line.sums.strip_prefix("sha256=")?.to_owned()).filter(|sum| sum.len() == 64)
}

/// The plan that exchanges the variants of a gem for those of `version`.
fn plan(gems: &[&LockedGem], version: &str, sum: &dyn Fn(&LockedGem) -> Option<String>) -> Plan {
    let lines = gems.iter().map(|gem| {
        let needs: Vec<String> = gem
            .needs
            .iter()
            .map(|need| match need.range.as_str() {
                "" => format!("{}:>= 0", need.name),
                range => format!("{}:{}", need.name, range.replace(", ", "&")),
            })
            .collect();
        let platform = match gem.platform.as_str() {
            "" => String::new(),
            platform => format!("-{platform}"),
        };
        let sum = sum(gem).map_or_else(String::new, |sum| format!("checksum:{sum}"));
        format!("{version}{platform} {}|{sum}", needs.join(","))
    });
    let lines: Vec<String> = lines.collect();
    of(vec![EntryChange {
        place: gems[0].name.clone(),
        name: gems[0].name.clone(),
        edit: EntryEdit::Lock(
            Box::new(Release {
                version: version.into(),
                document: lines.join("\n").into(),
                ..Release::default()
            }),
            None,
        ),
    }])
}
