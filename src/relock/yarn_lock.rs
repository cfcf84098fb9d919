//! Edits of `yarn.lock` and of the `package.json` files of the project.
//!
//! An entry that comes in stands where Yarn puts it, by its first key. Keys that join or leave an entry change its first line and nothing else.
//! Every other byte stays.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::npm_ranges::manifests;
use super::yarn_berry::Berry;
use super::yarn_check;
use super::yarn_classic::Classic;
use super::{Refused, Relock};
use crate::lockfile::yarn_lock::locked::{Dialect, Locked, LockedEntry, locked};
use crate::model::{Release, TreePath};
use crate::plan::{Descriptor, Edited, EntryChange, EntryEdit, OwnEdit, Plan, ResolutionEdit};

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
        edited.extend(manifests(path, plan, &[RESOLUTIONS], read)?);
        yarn_check::check(path, &edited, plan, read).map_err(Refused)?;
        Ok(edited)
    }
}

/// How the file is written.
enum Style {
    Classic(Classic),
    Berry(Berry),
}

impl Style {
    fn of(text: &str, before: &Locked) -> Self {
        match before.dialect {
            Dialect::Classic => Self::Classic(Classic::of(text, &before.entries)),
            Dialect::Berry(_) => Self::Berry(Berry::of(text, before)),
        }
    }

    /// The keys as Yarn writes and sorts them.
    fn keys(&self, edit: &ResolutionEdit) -> Vec<String> {
        match self {
            Self::Classic(_) => {
                let mut keys: Vec<String> = edit.descriptors.iter().map(Descriptor::to_string).collect();
                keys.sort_by(|left, right| left.encode_utf16().cmp(right.encode_utf16()));
                keys
            }
            Self::Berry(_) => Berry::keys(edit),
        }
    }

    fn head(&self, keys: &[String]) -> String {
        match self {
            Self::Classic(_) => Classic::head(keys),
            Self::Berry(_) => Berry::head(keys),
        }
    }

    /// By what an entry is sorted.
    fn order(&self, keys: &[String]) -> String {
        match self {
            Self::Classic(_) => smallest(keys),
            // It sorts the whole line.
            Self::Berry(_) => keys.join(", "),
        }
    }

    /// The entry of `release` in the place of what `before` has of the package.
    fn entry(
        &self,
        keys: &[String],
        (change, edit): (&EntryChange, &ResolutionEdit),
        release: &Release,
        (text, before): (&str, &Locked),
    ) -> Result<String, Refused> {
        let of_name = before
            .entries
            .iter()
            .filter(|entry| entry.name == change.name && entry.is_of_registry);
        // The one in whose place it comes in says best how it is written.
        let old = of_name
            .clone()
            .find(|entry| entry.keys.iter().any(|key| keys.contains(key)))
            .or_else(|| of_name.clone().next());
        match self {
            Self::Classic(classic) => classic.entry(keys, change, release, old),
            Self::Berry(berry) => {
                let known = edit.before.as_ref();
                let old = known.and_then(|known| {
                    let mut of_name = of_name.clone();
                    let entry = of_name.find(|entry| *entry.version == *known.version)?;
                    Some((entry, text.get(entry.at.clone())?, known))
                });
                berry.entry(keys, change, release, old)
            }
        }
    }

    /// What stands between two entries.
    fn between(&self) -> String {
        match self {
            Self::Classic(classic) => classic.between(),
            Self::Berry(berry) => berry.between(),
        }
    }
}

/// An entry as it is to stand in the file.
struct Block<'t> {
    /// By which it is sorted.
    first: String,
    text: Cow<'t, str>,
    /// Its number in the file as it was, if it stays where it was.
    number: Option<usize>,
}

/// The lockfile with the plan carried out.
fn lockfile(text: &str, before: &Locked, plan: &Plan) -> Result<String, Refused> {
    let (Some(first), Some(last)) = (before.entries.first(), before.entries.last()) else {
        return Err(Refused("The lockfile locks nothing.".to_owned()));
    };
    let style = Style::of(text, before);
    let mut changes: BTreeMap<&str, &EntryChange> = BTreeMap::new();
    let mut new: Vec<(&EntryChange, &ResolutionEdit)> = Vec::new();
    for change in &plan.entries {
        match &change.edit {
            EntryEdit::Own(OwnEdit::Resolve(edit)) if edit.release.is_some() => new.push((change, edit)),
            EntryEdit::Own(OwnEdit::Resolve(_)) | EntryEdit::Drop => {
                changes.insert(&change.place, change);
            }
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err(Refused("The plan is one of another format.".to_owned()));
            }
        }
    }
    let mut blocks: Vec<Block<'_>> = Vec::with_capacity(before.entries.len());
    let mut moved: Vec<Block<'_>> = Vec::new();
    for (number, entry) in before.entries.iter().enumerate() {
        let own = text.get(entry.at.clone()).unwrap_or_default();
        let change = changes.remove(place(entry)).map(|change| &change.edit);
        let first = style.order(&entry.keys);
        match change {
            None => blocks.push(Block {
                first,
                text: asking(own, entry, plan)?,
                number: Some(number),
            }),
            Some(EntryEdit::Own(OwnEdit::Resolve(_))) if own.starts_with("? ") => {
                return Err(Refused(format!(
                    "The keys of {} stand on several lines.",
                    place(entry)
                )));
            }
            Some(EntryEdit::Own(OwnEdit::Resolve(edit))) => {
                let keys = style.keys(edit);
                let rest = own
                    .find(['\r', '\n'])
                    .and_then(|end| own.get(end..))
                    .unwrap_or_default();
                let block = Block {
                    text: format!("{}{rest}", style.head(&keys)).into(),
                    number: Some(number),
                    first: style.order(&keys),
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
        let keys = style.keys(edit);
        moved.push(Block {
            text: style
                .entry(&keys, (change, edit), release, (text, before))?
                .into(),
            number: None,
            first: style.order(&keys),
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
            (Some(_), _) => after.push_str(&style.between()),
        }
        after.push_str(&block.text);
        previous = Some(block.number);
    }
    after.push_str(text.get(last.at.end..).unwrap_or_default());
    Ok(after)
}

/// The entry of a module of one's own with the ranges that its manifest is to have; any other as it is.
fn asking<'t>(own: &'t str, entry: &LockedEntry, plan: &Plan) -> Result<Cow<'t, str>, Refused> {
    let Some(folder) = &entry.module else {
        return Ok(own.into());
    };
    let mut text = Cow::Borrowed(own);
    for range in plan.ranges.iter().filter(|range| range.folder == *folder) {
        let changed = Berry::asking(&text, range);
        text = Cow::Owned(changed.ok_or_else(|| {
            Refused(format!(
                "The lockfile does not have what {} asks for.",
                range.manifest()
            ))
        })?);
    }
    Ok(text)
}

/// What names an entry among the others.
#[must_use]
pub fn place(entry: &LockedEntry) -> &str {
    entry.keys.first().map_or("", String::as_str)
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
