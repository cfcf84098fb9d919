//! What `overrides` of a `package.json` make of ranges, for the check.
//!
//! Rules of Arborist (npm 11.19.1, `override-set.js`), for entries that name a package without a version, at the top or inside of
//! one such entry. What others say is not known, and the ranges stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::npm_tree::{Folders, find};
use crate::text::json;
use crate::text::tree::Value;

/// Ranges in the place of others.
#[derive(Default)]
pub(super) struct Rules {
    /// By name, for what everything asks for.
    all: BTreeMap<String, String>,
    /// By name, for what packages in these places ask for.
    below: Vec<(BTreeSet<String>, String, String)>,
}

impl Rules {
    pub(super) fn of(manifest: &str, folders: &Folders<'_>) -> Self {
        let document = json::read(manifest);
        let mut rules = Self::default();
        let entries = document
            .root()
            .get("overrides")
            .into_iter()
            .flat_map(Value::entries);
        for (name, value) in entries.filter(|(name, _)| is_plain(name)) {
            if let Some(range) = value.as_str() {
                rules.all.insert(name.into_owned(), range.into_owned());
                continue;
            }
            let places = reached(folders, &name);
            for (inner, value) in value.entries().filter(|(inner, _)| is_plain(inner)) {
                if let Some(range) = value.as_str() {
                    match &*inner {
                        "." => rules.all.insert(name.clone().into_owned(), range.into_owned()),
                        _ => {
                            rules
                                .below
                                .push((places.clone(), inner.into_owned(), range.into_owned()));
                            None
                        }
                    };
                }
            }
        }
        rules
    }

    /// The range that decides about `name` in the folder at `place`; `None` for that of the folder itself.
    pub(super) fn range(&self, place: &str, name: &str) -> Option<&str> {
        // What the root asks for is not overridden.
        if place.is_empty() {
            return None;
        }
        let mut below = self.below.iter();
        let below = below.find(|(places, inner, _)| inner == name && places.contains(place));
        let range = below.map(|(_, _, range)| range).or_else(|| self.all.get(name));
        // A reference is to what the root asks for, which is checked there.
        range.filter(|range| !range.starts_with('$')).map(String::as_str)
    }
}

/// It names a package and no version of it.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && !key.get(1..).is_some_and(|rest| rest.contains('@'))
}

/// The places of packages called `name`, and of what these lead to.
fn reached(folders: &Folders<'_>, name: &str) -> BTreeSet<String> {
    let mut open: Vec<&str> = folders
        .values()
        .filter(|folder| folder.name == name && !folder.is_own)
        .map(|folder| folder.place.as_str())
        .collect();
    let mut reached: BTreeSet<String> = open.iter().map(|place| (*place).to_owned()).collect();
    while let Some(place) = open.pop() {
        let needs = folders
            .get(place)
            .into_iter()
            .flat_map(|folder| &folder.requirements);
        for requirement in needs {
            if let Some(found) = find(folders, place, &requirement.name)
                && reached.insert(found.place.clone())
            {
                open.push(&found.place);
            }
        }
    }
    reached
}
