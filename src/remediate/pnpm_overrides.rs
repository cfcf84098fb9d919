//! `overrides` of a project of pnpm: what they speak of, and where a new one goes.

use std::collections::{BTreeMap, BTreeSet};

use super::pinned::package_manager;
use crate::lockfile::pnpm_lock::locked;
use crate::plan::npm_graph::NewRules;
use crate::text::tree::Value;
use crate::text::{json, yaml};

/// The settings of a workspace.
pub(super) const WORKSPACE: &str = "pnpm-workspace.yaml";

/// Where pnpm reads `overrides`: up to version 10 in `package.json`, where that has some, else in the settings of the workspace; from 11 on in
/// these alone (run with 9.15.9, 10.34.9, 11.28.11 and 12.23.0). One that reads them elsewhere refuses the lockfile.
pub(super) fn new_rules(locked: &locked::Locked, manifest: &str, workspace: Option<&str>) -> NewRules {
    let document = json::read(manifest);
    let settings = yaml::read(workspace.unwrap_or_default(), yaml::Bounds::UNTRUSTED);
    let own = document.root().get("pnpm");
    let in_manifest = selectors(own.and_then(|own| own.get("overrides")));
    let in_workspace = selectors(settings.root().get("overrides"));
    let in_lockfile: BTreeSet<String> = locked
        .overrides
        .iter()
        .map(|(selector, _)| selector.clone())
        .collect();
    let pinned = pinned(document.root());
    let of_manifest = NewRules::In {
        manifest: "package.json",
        field: "pnpm.overrides",
    };
    let of_workspace = match workspace {
        Some(_) => NewRules::In {
            manifest: WORKSPACE,
            field: "overrides",
        },
        None => NewRules::Nowhere(format!(
            "pnpm 11 and later read `overrides` in {WORKSPACE}, which is not there: add it."
        )),
    };
    let is_before_11 = pinned.is_some_and(|major| major < 11);
    let is_later = pinned.is_some_and(|major| major >= 11);
    let differs = || {
        NewRules::Nowhere(
            "The `overrides` of the lockfile are not those of the project: run `pnpm install --lockfile-only` first."
                .to_owned(),
        )
    };
    // Settings in there are read by pnpm 10.5 and later alone.
    let has_settings = settings
        .root()
        .entries()
        .any(|(name, _)| !matches!(&*name, "packages" | "catalog" | "catalogs"));
    let unknown = || {
        NewRules::Nowhere(
            "Which pnpm the project uses is not said, and with it where that reads `overrides`: add `packageManager` to package.json."
                .to_owned(),
        )
    };
    let has_both = !in_manifest.is_empty() && !in_workspace.is_empty();
    match in_lockfile.is_empty() {
        false if has_both && pinned.is_none() => unknown(),
        false if !is_later && in_lockfile == in_manifest => of_manifest,
        false if in_lockfile == in_workspace && (is_later || in_manifest.is_empty()) => of_workspace,
        false => differs(),
        true if !in_workspace.is_empty() || !in_manifest.is_empty() && !is_later => differs(),
        true if is_before_11 => of_manifest,
        true if is_later || has_settings => of_workspace,
        true if own.is_some() => of_manifest,
        true => unknown(),
    }
}

/// What entries of `overrides` are about.
fn selectors(overrides: Option<Value<'_>>) -> BTreeSet<String> {
    let entries = overrides.into_iter().flat_map(Value::entries);
    entries.map(|(selector, _)| selector.into_owned()).collect()
}

/// The major version of pnpm that a manifest pins.
fn pinned(manifest: Value<'_>) -> Option<u64> {
    let (_, release) = package_manager(manifest, "pnpm")?;
    let digits = release.trim_start_matches(|letter: char| "^~>=v ".contains(letter));
    let end = digits
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

/// The name in front of a range.
pub(super) fn named(selector: &str) -> &str {
    let at = selector.char_indices().skip(1).find(|(_, letter)| *letter == '@');
    at.and_then(|(at, _)| selector.get(..at)).unwrap_or(selector)
}

/// Every name that the selector of an override has: `a`, `b@1>a@2`.
fn selected(selector: &str) -> impl Iterator<Item = String> {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = selector;
    // A range may begin with `>`.
    while let Some(end) = rest
        .char_indices()
        .find(|(at, letter)| {
            *letter == '>'
                && *at > 0
                && !rest
                    .get(..*at)
                    .is_some_and(|before| before.ends_with(['@', ' ', '|']))
                && !rest
                    .get(at + 1..)
                    .is_some_and(|after| after.starts_with(['=', ' ']))
        })
        .map(|(at, _)| at)
    {
        parts.push(rest[..end].to_owned());
        rest = &rest[end + 1..];
    }
    parts.push(rest.to_owned());
    parts.into_iter().map(|part| named(&part).to_owned())
}

/// The names in `overrides`, with the ranges that they put in the place of what is asked for.
pub(super) fn others(overrides: &[(String, String)]) -> BTreeMap<String, Option<Vec<String>>> {
    let mut others: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
    for (selector, value) in overrides {
        let mut names: Vec<String> = selected(selector).collect();
        let Some(name) = names.pop() else { continue };
        // Which packages a rule is for is not known where they move.
        others.extend(names.into_iter().map(|parent| (parent, None)));
        // `-` takes the package out, and `npm:`, `link:` and others put another in its place.
        let is_range = !value.contains(':') && !value.starts_with(['-', '$']);
        let ranges = others.entry(name).or_insert_with(|| Some(Vec::new()));
        match ranges {
            Some(ranges) if is_range => ranges.push(value.clone()),
            _ => *ranges = None,
        }
    }
    others
}
