//! Edits of requirements files, of the files that they include, and of those that they were compiled from.
//!
//! Of a pin the version changes and, where it has hashes, all of them: one for each file of the release, by the algorithm of the file,
//! in the order of their texts (as pip-compile 7 and uv 0.13 write them). Markers, extras, options and the way in which
//! lines go on stay. A `# via` comment changes where what needs the package does. What comes in gets a block like those around
//! it, in its place by name; what leaves takes its block along.

use std::collections::BTreeSet;

use super::python_hashes::{algorithm, hashes};
use super::python_manifest;
use super::requirements_check;
use super::splice::{Splice, apply};
use super::{Refused, Relock};
use crate::ecosystem::normalise;
use crate::lockfile::requirements::pins::{Annotation, Entry, Named};
use crate::lockfile::requirements::project::{Loaded, Role, gather};
use crate::model::{Ecosystem, TreePath};
use crate::plan::python::PinChange;
use crate::plan::{Edited, EntryChange, EntryEdit, NewRange, OwnEdit, Plan};

/// Edits requirements files.
pub struct Requirements;

impl Relock for Requirements {
    fn format(&self) -> &'static str {
        "requirements.txt"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let files = gather(path, text, read);
        let mut after: Vec<String> = Vec::new();
        for (number, loaded) in files.iter().enumerate() {
            let splices = match loaded.role {
                Role::Requirements | Role::Constraints => splices(&files, number, plan)?,
                Role::Input | Role::Manifest => Vec::new(),
            };
            let edited = apply(&loaded.text, splices);
            after.push(edited.ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))?);
        }
        for (number, loaded) in files.iter().enumerate() {
            let ranges: Vec<&NewRange> = plan
                .ranges
                .iter()
                .filter(|range| range.manifest() == loaded.shown(path))
                .collect();
            let Some(text) = after.get_mut(number).filter(|_| !ranges.is_empty()) else {
                continue;
            };
            let with = match loaded.role {
                Role::Manifest => python_manifest::pyproject_with(text, &ranges),
                Role::Requirements | Role::Constraints | Role::Input => {
                    python_manifest::input_with(text, &ranges)
                }
            };
            *text = with.ok_or_else(|| {
                Refused(format!(
                    "{} does not ask for what the plan says in a way that is edited.",
                    loaded.path
                ))
            })?;
        }
        requirements_check::check(&files, &after, plan).map_err(Refused)?;
        let edited = files.into_iter().zip(after).map(|(loaded, after)| Edited {
            path: loaded.path,
            before: loaded.text,
            after,
        });
        Ok(edited.filter(|edited| edited.before != edited.after).collect())
    }
}

/// What changes in file `number`.
fn splices(files: &[Loaded], number: usize, plan: &Plan) -> Result<Vec<Splice>, Refused> {
    let Some(loaded) = files.get(number) else {
        return Ok(Vec::new());
    };
    let style = Style::of(loaded);
    let mut splices = Vec::new();
    for entry in &loaded.file.entries {
        let place = loaded.place(entry);
        for change in plan.entries.iter().filter(|change| change.place == place) {
            match &change.edit {
                EntryEdit::Drop => splices.push(Splice {
                    at: entry.block.clone(),
                    text: String::new(),
                }),
                EntryEdit::Own(OwnEdit::Pin(pin)) => splices.extend(style.exchanged(entry, pin)?),
                EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                    return Err(Refused("The plan is one of another ecosystem.".to_owned()));
                }
            }
        }
    }
    if home(files, plan) == Some(number) {
        for change in plan.entries.iter().filter(|change| change.place.is_empty()) {
            if let EntryEdit::Own(OwnEdit::Pin(pin)) = &change.edit {
                splices.push(style.inserted(change, pin)?);
            }
        }
    }
    Ok(splices)
}

/// The number of the file that gets what comes in: that of the first pin that moves.
fn home(files: &[Loaded], plan: &Plan) -> Option<usize> {
    let moves = |change: &&EntryChange| match &change.edit {
        EntryEdit::Own(OwnEdit::Pin(pin)) => pin.release.is_some() && !change.place.is_empty(),
        EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => false,
    };
    let place = &plan.entries.iter().find(moves)?.place;
    files.iter().position(|loaded| {
        let mut entries = loaded.file.entries.iter();
        loaded.role == Role::Requirements && entries.any(|entry| loaded.place(entry) == *place)
    })
}

/// How a file is written.
struct Style<'l> {
    text: &'l str,
    entries: &'l [Entry],
    line_end: &'static str,
}

impl<'l> Style<'l> {
    fn of(loaded: &'l Loaded) -> Self {
        let has_carriage_returns = loaded
            .text
            .split_once('\n')
            .is_some_and(|(line, _)| line.ends_with('\r'));
        Self {
            text: &loaded.text,
            entries: &loaded.file.entries,
            line_end: if has_carriage_returns { "\r\n" } else { "\n" },
        }
    }

    /// The pin with another release, or with other comments alone.
    fn exchanged(&self, entry: &Entry, pin: &PinChange) -> Result<Vec<Splice>, Refused> {
        let mut splices = Vec::new();
        if let Some(release) = &pin.release {
            let (_, at) = entry
                .version
                .clone()
                .ok_or_else(|| Refused(format!("{} is not pinned.", entry.name)))?;
            splices.extend(self.padding(entry, at.len(), release.version.len()));
            splices.push(Splice {
                at,
                text: release.version.to_string(),
            });
            if let (Some((first, start)), Some((_, end))) = (entry.hashes.first(), entry.hashes.last()) {
                let hashes = hashes(release, algorithm(first), &entry.name)?;
                splices.push(Splice {
                    at: start.start..end.end,
                    text: self.listed(&hashes, self.gap(entry)),
                });
            }
        }
        if let (Some(names), Some(via)) = (&pin.needed_by, &entry.via) {
            let items = items_with(via, names);
            if items != via.items {
                splices.push(Splice {
                    at: via.at.clone(),
                    text: self.comment(&items, via.is_inline, self.indent(via)),
                });
            }
        }
        Ok(splices)
    }

    /// The blanks in front of a comment on the line of the requirement, where they are what pip-compile puts there.
    fn padding(&self, entry: &Entry, old: usize, new: usize) -> Option<Splice> {
        let via = entry
            .via
            .as_ref()
            .filter(|via| via.is_inline && entry.hashes.is_empty())?;
        let at = entry.requirement.end..via.at.start;
        let blanks = self.text.get(at.clone())?;
        let width = entry.requirement.end.checked_sub(entry.block.start)?;
        let is_filled = blanks.bytes().all(|byte| byte == b' ') && blanks.len() == filled(width);
        is_filled.then(|| Splice {
            at,
            text: " ".repeat(filled((width + new).saturating_sub(old))),
        })
    }

    /// What stands between two hashes of an entry, or in front of its only one.
    fn gap(&self, entry: &Entry) -> &'l str {
        let between = match entry.hashes.as_slice() {
            [(_, first), (_, second), ..] => first.end..second.start,
            [(_, only)] => entry.requirement.end..only.start,
            [] => 0..0,
        };
        self.text.get(between).unwrap_or(" ")
    }

    fn listed(&self, hashes: &BTreeSet<String>, gap: &str) -> String {
        let options: Vec<String> = hashes.iter().map(|hash| format!("--hash={hash}")).collect();
        options.join(gap)
    }

    /// What stands in front of a comment on its line.
    fn indent(&self, via: &Annotation) -> &'l str {
        let before = self.text.get(..via.at.start).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default()
    }

    /// A `# via` comment, from its `#` on.
    fn comment(&self, items: &[String], is_inline: bool, indent: &str) -> String {
        match items {
            [one] => format!("# via {one}"),
            _ if is_inline || self.lists_on_one_line() => format!("# via {}", items.join(", ")),
            _ => {
                let line_end = self.line_end;
                let lines = items.iter().map(|item| format!("{line_end}{indent}#   {item}"));
                format!("# via{}", lines.collect::<String>())
            }
        }
    }

    /// Some comment of the file names several on one line.
    fn lists_on_one_line(&self) -> bool {
        let mut all = self.entries.iter().filter_map(|entry| entry.via.as_ref());
        all.any(|via| {
            via.items.len() > 1 && !self.text.get(via.at.clone()).unwrap_or_default().contains('\n')
        })
    }

    /// A new block in its place by name.
    fn inserted(&self, change: &EntryChange, pin: &PinChange) -> Result<Splice, Refused> {
        let release = pin
            .release
            .as_ref()
            .ok_or_else(|| Refused(format!("{} has no version.", change.name)))?;
        let mut block = format!("{}=={}", change.name, release.version);
        if !pin.marker.is_empty() {
            block.push_str(" ; ");
            block.push_str(&pin.marker);
        }
        let sample = self.entries.iter().find(|entry| !entry.hashes.is_empty());
        if let Some((first, at)) = sample.and_then(|entry| entry.hashes.first()) {
            let hashes = hashes(release, algorithm(first), &change.name)?;
            let requirement = sample.map_or(at.start, |entry| entry.requirement.end);
            let lead = self.text.get(requirement..at.start).unwrap_or(" ");
            block.push_str(lead);
            let gap = sample.map_or(lead, |entry| match entry.hashes.len() {
                1 => lead,
                _ => self.gap(entry),
            });
            block.push_str(&self.listed(&hashes, gap));
        }
        let items: Vec<String> = pin.needed_by.iter().flatten().cloned().collect();
        if let Some(via) = self.entries.iter().find_map(|entry| entry.via.as_ref())
            && !items.is_empty()
        {
            match via.is_inline {
                true => {
                    block.push_str(&" ".repeat(filled(block.len())));
                    block.push_str(&self.comment(&items, true, ""));
                }
                false => {
                    let indent = self.indent(via);
                    block.push_str(self.line_end);
                    block.push_str(indent);
                    block.push_str(&self.comment(&items, false, indent));
                }
            }
        }
        block.push_str(self.line_end);
        let next = self.entries.iter().find(|entry| entry.key() > change.name);
        let end = self
            .entries
            .last()
            .map_or(self.text.len(), |entry| entry.block.end);
        let at = next.map_or(end, |entry| entry.block.start);
        // The last line of a file may have no end.
        let before = self.text.get(..at).unwrap_or_default();
        if !before.is_empty() && !before.ends_with('\n') {
            block.insert_str(0, self.line_end);
        }
        Ok(Splice {
            at: at..at,
            text: block,
        })
    }
}

/// The blanks that pip-compile puts between a requirement of this width and the comment on its line.
fn filled(width: usize) -> usize {
    24_usize.saturating_sub(width) + 2
}

/// The items of a comment where these packages are named: the others stay in their places.
fn items_with(via: &Annotation, names: &BTreeSet<String>) -> Vec<String> {
    // Constraints and files are items, and no names of packages.
    let named = |item: &String| {
        via.names.iter().find_map(|name| match name {
            Named::Package(name) if is_item_of(item, name) => Some(name.clone()),
            Named::Package(_) | Named::Own(_) => None,
        })
    };
    let mut items: Vec<(String, Option<String>)> = via
        .items
        .iter()
        .map(|item| (item.clone(), named(item)))
        .filter(|(_, name)| name.as_ref().is_none_or(|name| names.contains(name)))
        .collect();
    for name in names {
        if items.iter().any(|(_, known)| known.as_ref() == Some(name)) {
            continue;
        }
        let later = items
            .iter()
            .position(|(_, known)| known.as_ref().is_some_and(|known| known > name));
        let at = later.unwrap_or(items.len());
        items.insert(at, (name.clone(), Some(name.clone())));
    }
    items.into_iter().map(|(item, _)| item).collect()
}

/// The item names the package, with or without extras.
fn is_item_of(item: &str, name: &str) -> bool {
    let bare = item.split(['[', ' ']).next().unwrap_or_default();
    normalise(&Ecosystem::PYPI, bare) == name
}
