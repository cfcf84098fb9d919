//! The `pyproject.toml` of a project of PDM, and the hash of what it asks for, which stands in the lockfile.
//!
//! The hash (`content_hash`) is the SHA-256 of what Python's `json.dumps(…, sort_keys=True)` makes of the tables that matter. Until PDM
//! 2.16 `overrides` are one of them, from then on all of `[tool.pdm.resolution]`; from 2.20 on `[dependency-groups]` are among the
//! groups for development, whose names are normalised. That of a workspace has the hashes of its members in it, and is not computed here.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::poetry_entries::normal;
use super::python_json::{Spacing, json, object};
use crate::text::toml;
use crate::text::tree::Value;

/// Which tables count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    /// `[dependency-groups]` do.
    groups: bool,
    /// All of `[tool.pdm.resolution]` does, and not the overrides alone.
    resolution: bool,
}

/// The hash of `after`, a `pyproject.toml` that was `before`, counted as the one of `before` was, which is `known`. `None` where that is
/// not the hash of `before`.
pub(super) fn content_hash(before: &str, after: &str, known: &str) -> Option<String> {
    let all = [(true, true), (false, true), (false, false)];
    let mut all = all
        .into_iter()
        .map(|(groups, resolution)| Counted { groups, resolution });
    let counted = all.find(|counted| hash(before, *counted).as_deref() == Some(known))?;
    hash(after, counted)
}

fn hash(text: &str, counted: Counted) -> Option<String> {
    let document = toml::read(text);
    if !document.problems.is_empty() {
        return None;
    }
    let root = document.root();
    let project = root.get("project");
    let of_project = |key: &str| project.and_then(|project| project.get(key));
    let pdm = root.get("tool").and_then(|tool| tool.get("pdm"));
    let of_pdm = |key: &str| pdm.and_then(|pdm| pdm.get(key));
    let or = |value: Option<Value<'_>>, missing: &str| match value {
        None => Some(missing.to_owned()),
        Some(value) => json(value, Spacing::Wide),
    };
    let resolution = of_pdm("resolution");
    let (key, rules) = match counted.resolution {
        true => ("resolution", resolution),
        false => (
            "overrides",
            resolution.and_then(|resolution| resolution.get("overrides")),
        ),
    };
    let content = object(
        &[
            ("sources", or(of_pdm("source"), "[]")?),
            ("dependencies", or(of_project("dependencies"), "[]")?),
            (
                "dev-dependencies",
                groups(root, of_pdm("dev-dependencies"), counted)?,
            ),
            (
                "optional-dependencies",
                or(of_project("optional-dependencies"), "{}")?,
            ),
            ("requires-python", or(of_project("requires-python"), "\"\"")?),
            (key, or(rules, "{}")?),
        ],
        Spacing::Wide,
    );
    Some(format!("sha256:{}", hex::encode(Sha256::digest(content))))
}

/// The groups for development.
fn groups(root: Value<'_>, of_pdm: Option<Value<'_>>, counted: Counted) -> Option<String> {
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let own = root.get("dependency-groups").filter(|_| counted.groups);
    for (group, list) in [own, of_pdm].into_iter().flatten().flat_map(Value::entries) {
        let name = match counted.groups {
            true => normal(&group),
            false => group.into_owned(),
        };
        let items: Option<Vec<String>> = list.items().map(|item| json(item, Spacing::Wide)).collect();
        lists.entry(name).or_default().extend(items?);
    }
    let lists: Vec<(&str, String)> = lists
        .iter()
        .map(|(name, items)| (name.as_str(), format!("[{}]", items.join(", "))))
        .collect();
    Some(object(&lists, Spacing::Wide))
}

#[cfg(test)]
mod tests {
    use super::{Counted, hash};

    /// What PDM 2.15.4, 2.18.2 and 2.29.4 compute of made-up projects.
    #[test]
    fn hashes_are_those_of_pdm() {
        let cases = include_str!("../../tests/tables/pdm_hashes.txt");
        let mut count = 0;
        for case in cases.split("\n#### ").skip(1) {
            let (hashes, text) = case.split_once('\n').unwrap_or_default();
            let counted = [(false, false), (false, true), (true, true)];
            for ((groups, resolution), expected) in counted.into_iter().zip(hashes.split(' ')) {
                let counted = Counted { groups, resolution };
                let expected = (expected != "-").then(|| format!("sha256:{expected}"));
                assert_eq!(hash(text, counted), expected, "{counted:?}\n{text}");
                count += 1;
            }
        }
        assert!(count >= 36, "{count}");
    }
}
