//! How a lockfile of Bundler writes gems and what they need.

use crate::lockfile::gemfile_lock::locked::{LockedGem, written};
use crate::lockfile::gemfile_lock::platform::Platform;
use crate::schema::compact_index::Variant;

/// What a variant needs, as Bundler writes and sorts it.
pub(super) fn needs(variant: &Variant) -> Vec<String> {
    let mut needs: Vec<(String, String)> = variant
        .needs
        .iter()
        .map(|need| (format!("{} ({})", need.name, need.range), written(need)))
        .collect();
    needs.sort();
    let mut lines: Vec<String> = needs.into_iter().map(|(_, line)| line).collect();
    lines.dedup();
    lines
}

/// How a lockfile spells the platform of a variant; empty for any.
pub(super) fn platform_name(variant: &Variant) -> String {
    match Platform::of(&variant.platform) {
        Platform::Ruby => String::new(),
        platform => platform.to_string(),
    }
}

/// By which gems are sorted.
pub(super) fn full_name(name: &str, version: &str, platform: &str) -> String {
    match platform {
        "" => format!("{name}-{version}"),
        platform => format!("{name}-{version}-{platform}"),
    }
}

/// The same of one that is locked.
pub(super) fn own_name(gem: &LockedGem) -> String {
    full_name(&gem.name, &gem.version, &gem.platform)
}
