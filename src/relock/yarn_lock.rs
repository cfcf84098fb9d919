//! Edits of `yarn.lock` and of the `package.json` files of the project.
//!
//! An entry that comes in stands where Yarn puts it, by its first key. Keys that join or leave an entry change its first line and nothing else.
//! Every other byte stays.

use std::collections::BTreeMap;

use super::npm_ranges::manifests;
use super::yarn_check;
use super::yarn_classic::Classic;
use super::{Refused, Relock};
use crate::lockfile::yarn_lock::locked::{Dialect, Locked, LockedEntry, locked};
use crate::model::TreePath;
use crate::plan::{Descriptor, Edited, EntryChange, EntryEdit, Plan, ResolutionEdit};

/// How the root's manifest calls what it says in the place of what is asked for.
pub const RESOLUTIONS: &str = "resolutions";

/// Edits lockfiles of Yarn.
pub struct YarnLock;

impl Relock for YarnLock {
    fn format(&self) -> &'static str {
        "yarn.lock"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let refused = |reason: &'static str| Refused(reason.to_owned());
        let before = locked(text).map_err(refused)?;
        let mut edited = vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after: lockfile(text, &before, plan)?,
        }];
        edited.extend(manifests(path, plan, RESOLUTIONS, read)?);
        yarn_check::check(path, &edited, plan, read).map_err(Refused)?;
        Ok(edited)
    }
}

/// An entry as it is to stand in the file.
struct Block<'t> {
    /// By which it is sorted.
    first: String,
    text: std::borrow::Cow<'t, str>,
    /// Its number in the file as it was, if it stays where it was.
    number: Option<usize>,
}

/// The lockfile with the plan carried out.
fn lockfile(text: &str, before: &Locked, plan: &Plan) -> Result<String, Refused> {
    if before.dialect != Dialect::Classic {
        return Err(Refused(
            "Lockfiles of Yarn 2 and later are not edited yet.".to_owned(),
        ));
    }
    let (Some(first), Some(last)) = (before.entries.first(), before.entries.last()) else {
        return Err(Refused("The lockfile locks nothing.".to_owned()));
    };
    let classic = Classic::of(text, &before.entries);
    let mut changes: BTreeMap<&str, &EntryChange> = BTreeMap::new();
    let mut new: Vec<(&EntryChange, &ResolutionEdit)> = Vec::new();
    for change in &plan.entries {
        match &change.edit {
            EntryEdit::Resolve(edit) if edit.release.is_some() => new.push((change, edit)),
            EntryEdit::Resolve(_) | EntryEdit::Drop => {
                changes.insert(&change.place, change);
            }
            EntryEdit::Lock(..)
            | EntryEdit::Flags(_)
            | EntryEdit::Pin(_)
            | EntryEdit::Go(_)
            | EntryEdit::Pom(_)
            | EntryEdit::Crate(_) => return Err(Refused("The plan is one of another format.".to_owned())),
        }
    }
    let mut blocks: Vec<Block<'_>> = Vec::with_capacity(before.entries.len());
    let mut moved: Vec<Block<'_>> = Vec::new();
    for (number, entry) in before.entries.iter().enumerate() {
        let own = text.get(entry.at.clone()).unwrap_or_default();
        let change = changes.remove(place(entry)).map(|change| &change.edit);
        let first = smallest(&entry.keys);
        match change {
            None => blocks.push(Block {
                first,
                text: own.into(),
                number: Some(number),
            }),
            Some(EntryEdit::Resolve(edit)) => {
                let keys = keys(edit);
                let rest = own
                    .find(['\r', '\n'])
                    .and_then(|end| own.get(end..))
                    .unwrap_or_default();
                let block = Block {
                    text: format!("{}{rest}", Classic::head(&keys)).into(),
                    number: Some(number),
                    first: smallest(&keys),
                };
                match block.first == first {
                    true => blocks.push(block),
                    false => moved.push(Block {
                        number: None,
                        ..block
                    }),
                }
            }
            Some(_) => {}
        }
    }
    if let Some(place) = changes.keys().next() {
        return Err(Refused(format!("The lockfile has no entry {place}.")));
    }
    for (change, edit) in new {
        let Some(release) = &edit.release else { continue };
        let keys = keys(edit);
        let of_name = before
            .entries
            .iter()
            .filter(|entry| entry.name == change.name && entry.is_of_registry);
        // The one in whose place it comes in says best how it is written.
        let old = of_name
            .clone()
            .find(|entry| entry.keys.iter().any(|key| keys.contains(key)));
        let old = old.or_else(|| of_name.clone().next());
        moved.push(Block {
            text: classic.entry(&keys, change, release, old)?.into(),
            number: None,
            first: smallest(&keys),
        });
    }
    for block in moved {
        let at = blocks
            .iter()
            .position(|other| is_before(&block.first, &other.first));
        blocks.insert(at.unwrap_or(blocks.len()), block);
    }
    let mut after = text.get(..first.at.start).unwrap_or_default().to_owned();
    let mut previous: Option<Option<usize>> = None;
    for block in &blocks {
        match (previous, block.number) {
            (None, _) => {}
            (Some(Some(one)), Some(other)) if one + 1 == other => {
                let ends = before.entries.get(one).map_or(0, |entry| entry.at.end);
                let starts = before.entries.get(other).map_or(0, |entry| entry.at.start);
                after.push_str(text.get(ends..starts).unwrap_or_default());
            }
            (Some(_), _) => after.push_str(&classic.between()),
        }
        after.push_str(&block.text);
        previous = Some(block.number);
    }
    after.push_str(text.get(last.at.end..).unwrap_or_default());
    Ok(after)
}

/// What names an entry among the others.
#[must_use]
pub fn place(entry: &LockedEntry) -> &str {
    entry.keys.first().map_or("", String::as_str)
}

/// The keys as Yarn writes and sorts them.
fn keys(edit: &ResolutionEdit) -> Vec<String> {
    let mut keys: Vec<String> = edit.descriptors.iter().map(Descriptor::to_string).collect();
    keys.sort_by(|left, right| left.encode_utf16().cmp(right.encode_utf16()));
    keys
}

fn smallest(keys: &[String]) -> String {
    let smallest = keys
        .iter()
        .min_by(|left, right| left.encode_utf16().cmp(right.encode_utf16()));
    smallest.cloned().unwrap_or_default()
}

fn is_before(left: &str, right: &str) -> bool {
    left.encode_utf16().lt(right.encode_utf16())
}
