//! Ranges in the `package.json` files of a project, what that of the root overrides, and where a lockfile of npm repeats ranges.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Refused;
use super::npm_json::{Field, Style, inside_quotes};
use super::splice::{Splice, apply};
use crate::model::TreePath;
use crate::plan::npm::Overrides;
use crate::plan::{Edited, NewOverride, NewRange, Plan};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// The folders with ranges that change, in order.
pub(super) fn folders(ranges: &[NewRange]) -> Vec<String> {
    let mut folders: Vec<String> = ranges.iter().map(|range| range.folder.clone()).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// What npm, Yarn, pnpm and Bun call a manifest.
pub(super) const MANIFEST: &str = "package.json";

/// The tables of a manifest in which dependencies stand.
const TABLES: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

/// The `package.json` files around the lockfile at `path` that `plan` changes. `field` leads to the overrides of the root's.
pub(super) fn manifests(
    path: &TreePath,
    plan: &Plan,
    field: &[&str],
    read: &dyn Fn(&TreePath) -> Option<String>,
) -> Result<Vec<Edited>, Refused> {
    let mut edited = Vec::new();
    let mut folders = folders(&plan.ranges);
    let overrides = plan.overrides.iter().filter(|one| one.manifest == MANIFEST);
    let overrides: Vec<&NewOverride> = overrides.collect();
    if !overrides.is_empty() && !folders.iter().any(String::is_empty) {
        folders.insert(0, String::new());
    }
    for folder in folders {
        let ranges: Vec<&NewRange> = plan
            .ranges
            .iter()
            .filter(|range| range.folder == folder)
            .collect();
        let manifest = path
            .parent()
            .join(&*folder)
            .and_then(|folder| folder.join(MANIFEST));
        let manifest = manifest.ok_or_else(|| Refused(format!("{folder} is outside of the repository.")))?;
        let before = read(&manifest).ok_or_else(|| Refused(format!("{manifest} cannot be read.")))?;
        let overrides = match folder.is_empty() {
            true => overrides.as_slice(),
            false => &[],
        };
        let after = manifest_with(&before, &ranges, (field, overrides))
            .ok_or_else(|| Refused(format!("{manifest} does not ask for what the lockfile says.")))?;
        edited.push(Edited {
            path: manifest,
            before,
            after,
        });
    }
    Ok(edited)
}

/// The manifest with other ranges and further overrides; `None` where one of the old ranges does not stand there, or something is
/// overridden that is already.
fn manifest_with(
    text: &str,
    ranges: &[&NewRange],
    (field, overrides): (&[&str], &[&NewOverride]),
) -> Option<String> {
    let document = json::read(text);
    if !document.problems.is_empty() {
        return None;
    }
    let mut splices = range_splices(document.root(), ranges)?;
    splices.extend(override_splices(text, document.root(), field, overrides)?);
    apply(text, splices)
}

/// What makes `overrides` of the field of `manifest` to which `path` leads: new ones behind the last of its overrides, else behind the last
/// of its tables of dependencies.
fn override_splices(
    text: &str,
    manifest: Value<'_>,
    path: &[&str],
    overrides: &[&NewOverride],
) -> Option<Vec<Splice>> {
    let mut splices = Vec::new();
    let style = Style::of(text);
    // The object on the way that is there, as deep as it goes.
    let mut inner = (manifest, 0);
    for name in path {
        match inner.0.get(name) {
            Some(value) if value.kind() != Kind::Object => return None,
            Some(value) => inner = (value, inner.1 + 1),
            None => break,
        }
    }
    let depth = path.len();
    let known = Some(inner.0).filter(|_| inner.1 == depth);
    let mut entries: BTreeMap<&str, BTreeMap<Option<&str>, &str>> = BTreeMap::new();
    for one in overrides {
        let (outer, inner) = match &one.under {
            Some(under) => (under.as_str(), Some(one.name.as_str())),
            None => (one.name.as_str(), None),
        };
        if let Some(from) = &one.from {
            // Yarn takes `**/name` for the same.
            let everywhere = format!("**/{outer}");
            let mut values = [outer, &everywhere].into_iter().filter_map(|key| known?.get(key));
            let at = values.find_map(|value| range_of(value, from));
            splices.push(Splice {
                at: at.filter(|_| inner.is_none())?,
                text: inside_quotes(&one.to),
            });
            continue;
        }
        if known.is_some_and(|known| known.get(outer).is_some()) {
            return None;
        }
        entries.entry(outer).or_default().insert(inner, &one.to);
    }
    if entries.is_empty() {
        return Some(splices);
    }
    let fields: Vec<Field> = entries
        .iter()
        .map(|(outer, inner)| {
            if let (Some(to), 1) = (inner.get(&None), inner.len()) {
                return Field::text(outer, to);
            }
            let inner: Vec<Field> = inner
                .iter()
                .map(|(name, to)| Field::text(name.unwrap_or("."), to))
                .collect();
            Field {
                key: (*outer).to_owned(),
                text: style.listed(&inner, depth + 1),
                is_object: true,
            }
        })
        .collect();
    let last_of = |table: Value<'_>| table.entries().last().map(|(_, value)| end(value));
    splices.push(match known {
        Some(known) => match last_of(known) {
            Some(at) => Splice {
                at: at..at,
                text: fields
                    .iter()
                    .map(|field| style.further(field, depth + 1))
                    .collect(),
            },
            None => Splice {
                at: known.span().start as usize..known.span().end as usize,
                text: style.listed(&fields, depth),
            },
        },
        None => {
            let (parent, above) = inner;
            let tables = [
                "dependencies",
                "devDependencies",
                "optionalDependencies",
                "peerDependencies",
            ];
            let tables = tables.iter().filter_map(|name| manifest.get(name));
            let behind = match above {
                0 => tables.map(end).max(),
                _ => None,
            };
            let missing = path.get(above..)?.iter().enumerate().rev();
            let field = missing.fold(None, |below: Option<Field>, (number, name)| {
                let text = match below {
                    Some(field) => style.listed(&[field], above + number + 1),
                    None => style.listed(&fields, above + number + 1),
                };
                Some(Field {
                    key: (*name).to_owned(),
                    text,
                    is_object: true,
                })
            })?;
            match behind.or_else(|| last_of(parent)) {
                Some(at) => Splice {
                    at: at..at,
                    text: style.further(&field, above + 1),
                },
                None => Splice {
                    at: parent.span().start as usize..parent.span().end as usize,
                    text: style.listed(&[field], above),
                },
            }
        }
    });
    Some(splices)
}

/// Where `range` stands in the value of an entry: behind `npm:`, else it is the whole.
fn range_of(value: Value<'_>, range: &str) -> Option<Range<usize>> {
    let text = value.as_str()?;
    let whole = value.span().start as usize..value.span().end as usize;
    match text.strip_suffix(range)? {
        "" => Some(whole),
        "npm:" if text.len() == whole.len() => Some(whole.end - range.len()..whole.end),
        _ => None,
    }
}

/// Where a value ends, with the quote of one that has such.
fn end(value: Value<'_>) -> usize {
    let end = value.span().end as usize;
    match value.kind() {
        Kind::PlainString | Kind::JsonString => end + 1,
        _ => end,
    }
}

/// The names that `overrides` of a manifest speak of.
#[must_use]
pub fn overridden(manifest: &str) -> BTreeSet<String> {
    let Overrides { plain, mut others } = overrides(manifest);
    others.extend(plain.into_keys());
    others
}

/// What `overrides` of a manifest say.
#[must_use]
pub fn overrides(manifest: &str) -> Overrides {
    let document = json::read(manifest);
    let mut overrides = Overrides::default();
    let top = document.root().get("overrides");
    let mut open: Vec<(Value<'_>, bool)> = top.map(|table| (table, true)).into_iter().collect();
    while let Some((table, is_top)) = open.pop() {
        for (key, value) in table.entries() {
            let at = key.rfind('@').filter(|at| *at > 0);
            let name = at.and_then(|at| key.get(..at)).unwrap_or(&key);
            let range = value
                .as_str()
                .filter(|range| is_top && at.is_none() && is_range(range));
            match range {
                Some(range) => {
                    overrides.plain.insert(name.to_owned(), range.into_owned());
                }
                None => {
                    overrides.others.insert(name.to_owned());
                }
            }
            open.push((value, false));
        }
    }
    overrides.plain.retain(|name, _| !overrides.others.contains(name));
    overrides
}

/// It asks for versions of the registry, and neither for all nor for a tag.
fn is_range(text: &str) -> bool {
    let text = text.trim();
    let starts = text.starts_with(|first: char| first.is_ascii_digit() || "^~=<>v".contains(first));
    starts && text.contains(|letter: char| letter.is_ascii_digit()) && !text.contains([':', '/', '$'])
}

/// What changes `ranges` in the tables of `manifest`.
pub(super) fn range_splices(manifest: Value<'_>, ranges: &[&NewRange]) -> Option<Vec<Splice>> {
    let mut splices = Vec::new();
    for range in ranges {
        let stands = TABLES
            .iter()
            .filter_map(|table| manifest.get(table)?.get(&range.name));
        let before = splices.len();
        splices.extend(
            stands
                .filter_map(|value| place_of(value, &range.from))
                .map(|at| Splice {
                    at,
                    text: inside_quotes(&range.to),
                }),
        );
        if splices.len() == before {
            return None;
        }
    }
    Some(splices)
}

/// Where `range` stands in what a manifest asks for: behind `npm:other@` of an alias, else it is the whole.
fn place_of(value: Value<'_>, range: &str) -> Option<Range<usize>> {
    let text = value.as_str()?;
    let whole = value.span().start as usize..value.span().end as usize;
    if *text == *range {
        return Some(whole);
    }
    let other = text.strip_suffix(range)?.strip_suffix('@')?;
    let is_alias = other
        .get(..4)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("npm:"));
    let has_no_escapes = text.len() == whole.len();
    (is_alias && other.len() > 4 && has_no_escapes).then(|| whole.end - range.len()..whole.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_an_alias_stands_behind_its_package() {
        let range = NewRange {
            folder: String::new(),
            file: "package.json".to_owned(),
            name: "left".to_owned(),
            from: "~1.2.0".to_owned(),
            to: "~1.2.7".to_owned(),
        };
        for (before, after) in [
            ("~1.2.0", Some("~1.2.7")),
            ("npm:other@~1.2.0", Some("npm:other@~1.2.7")),
            ("NPM:@acme/other@~1.2.0", Some("NPM:@acme/other@~1.2.7")),
            ("npm:@~1.2.0", None),
            ("git:other@~1.2.0", None),
            ("npm:other@1 || ~1.2.0", None),
        ] {
            let manifest =
                |range: &str| format!(r#"{{"dependencies": {{"left": "{range}", "right": "1"}}}}"#);
            assert_eq!(
                manifest_with(&manifest(before), &[&range], (&["overrides"], &[])),
                after.map(manifest),
                "{before}"
            );
        }
    }
}
