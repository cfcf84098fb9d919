//! The `pyproject.toml` of a project of Poetry: ranges in it, and the hash of what it asks for, which stands in the lockfile.
//!
//! The hash (`content-hash`) is the SHA-256 of what Python's `json.dumps(…, sort_keys=True)` makes of the tables that matter. Which
//! these are has changed: Poetry 1 takes `[tool.poetry]` alone, Poetry 2 `[project]` too, and from 2.3 on `[dependency-groups]`. For a
//! project that has none of the others, all say the same.

use sha2::{Digest as _, Sha256};

use super::poetry_entries::normal;
use super::python_json::{Spacing, json, object};
use super::python_manifest;
use super::splice::{Splice, apply};
use crate::lockfile::poetry_lock::project;
use crate::plan::NewRange;
use crate::text::toml;
use crate::text::tree::Value;

/// A `pyproject.toml` with other ranges; `None` where one of the old ones does not stand there in a way that is edited.
pub(super) fn with(text: &str, ranges: &[&NewRange]) -> Option<String> {
    let mut edited = text.to_owned();
    for range in ranges {
        let project = project::read_text(&edited)?;
        let own = project
            .dependencies
            .iter()
            .filter(|asked| normal(&asked.name) == normal(&range.name) && asked.constraint == range.from);
        let splices: Vec<Splice> = own
            .filter_map(|asked| asked.span)
            .map(|span| Splice {
                at: span.start as usize..span.end as usize,
                text: range.to.clone(),
            })
            .collect();
        let is_own = !splices.is_empty();
        let with_own = apply(&edited, splices)?;
        edited = match python_manifest::pyproject_with(&with_own, &[*range]) {
            Some(further) => further,
            None if is_own => with_own,
            None => return None,
        };
    }
    Some(edited)
}

/// Which tables count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// `[tool.poetry]`
    Tool,
    /// And `[project]`.
    Project,
    /// And `[dependency-groups]`.
    Groups,
}

/// The hash of `after`, a `pyproject.toml` that was `before`, counted as the one of `before` was, which is `known`. `None` where that is
/// not the hash of `before`.
pub(super) fn content_hash(before: &str, after: &str, known: &str) -> Option<String> {
    let all = [Counted::Groups, Counted::Project, Counted::Tool];
    let counted = all
        .into_iter()
        .find(|counted| hash(before, *counted).as_deref() == Some(known))?;
    hash(after, counted)
}

fn hash(text: &str, counted: Counted) -> Option<String> {
    let document = toml::read(text);
    if !document.problems.is_empty() {
        return None;
    }
    let root = document.root();
    let of = |table: Option<Value<'_>>, key: &str| -> Option<Option<String>> {
        match table.and_then(|table| table.get(key)) {
            None => Some(None),
            Some(value) => json(value, Spacing::Wide).map(Some),
        }
    };
    let mut project = Vec::new();
    if counted != Counted::Tool {
        for key in ["dependencies", "optional-dependencies", "requires-python"] {
            project.extend(of(root.get("project"), key)?.map(|value| (key, value)));
        }
    }
    let groups = match counted {
        Counted::Groups => root.get("dependency-groups").filter(|groups| groups.count() > 0),
        Counted::Tool | Counted::Project => None,
    };
    let is_old = project.is_empty() && groups.is_none();
    let poetry = root.get("tool").and_then(|tool| tool.get("poetry"));
    let mut own = Vec::new();
    for key in ["dependencies", "dev-dependencies", "extras", "group", "source"] {
        match of(poetry, key)? {
            Some(value) => own.push((key, value)),
            // What was always counted is named where it is missing.
            None if is_old && key != "group" => own.push((key, "null".to_owned())),
            None => {}
        }
    }
    let own = object(&own, Spacing::Wide);
    let content = match is_old {
        true => own,
        false => {
            let mut parts = Vec::new();
            if let Some(groups) = groups {
                parts.push(("dependency-groups", json(groups, Spacing::Wide)?));
            }
            if !project.is_empty() {
                parts.push(("project", object(&project, Spacing::Wide)));
            }
            parts.push(("tool", object(&[("poetry", own)], Spacing::Wide)));
            object(&parts, Spacing::Wide)
        }
    };
    Some(hex::encode(Sha256::digest(content)))
}

#[cfg(test)]
mod tests {
    use super::{Counted, hash};

    /// What Poetry 1.8.5, 2.2.1 and 2.5.1 compute of made-up projects.
    #[test]
    fn hashes_are_those_of_poetry() {
        let cases = include_str!("../../tests/tables/poetry/hashes.txt");
        let mut count = 0;
        for case in cases.split("\n#### ").skip(1) {
            let (hashes, text) = case.split_once('\n').unwrap_or_default();
            let hashes: Vec<&str> = hashes.split(' ').collect();
            for (counted, expected) in [Counted::Tool, Counted::Project, Counted::Groups]
                .into_iter()
                .zip(hashes)
            {
                if expected != "-" {
                    assert_eq!(
                        hash(text, counted).as_deref(),
                        Some(expected),
                        "{counted:?}\n{text}"
                    );
                    count += 1;
                }
            }
        }
        assert!(count > 60, "{count}");
    }

    #[test]
    fn what_has_no_hash_is_not_guessed() {
        for text in [
            "[tool.poetry.dependencies]\na = 1.5\n",
            "[tool.poetry.dependencies]\na = 0x1f\n",
            "[tool.poetry.dependencies]\na = 2026-11-29\n",
            "[tool.poetry.dependencies\n",
        ] {
            assert_eq!(hash(text, Counted::Groups), None, "{text}");
        }
    }
}
