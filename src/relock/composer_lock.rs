//! Edits of `composer.lock`, and of the `composer.json` beside it.
//!
//! A package that moves is written anew as Composer writes it, with all that the repository says of the version; one whose entry is not as
//! Composer writes it is refused. What comes in stands in its place by name, and what only development needs stands in
//! `packages-dev`. `content-hash` is of `composer.json` and changes with that alone; everything else stays.

use super::composer_json::{ENTRY_DEPTH, Style};
use super::splice::{Splice, apply};
use super::{Refused, Relock, composer_check, composer_manifest};
use crate::lockfile::composer_lock::locked::{Locked, LockedPackage, locked};
use crate::model::{Release, TreePath};
use crate::plan::{Edited, EntryEdit, Plan};
use crate::text::json;
use crate::text::tree::Value;

/// Edits lockfiles of Composer.
pub struct ComposerLock;

/// The name of the manifest beside the lockfile at `path`.
#[must_use]
pub fn manifest_of(path: &TreePath) -> Option<TreePath> {
    let name = path.file_name();
    let stem = name.get(..name.len().checked_sub(b".lock".len())?)?;
    path.parent().join([stem, b".json"].concat())
}

impl Relock for ComposerLock {
    fn format(&self) -> &'static str {
        "composer.lock"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let manifest_path =
            manifest_of(path).ok_or_else(|| Refused("The lockfile has an odd name.".to_owned()))?;
        let manifest =
            read(&manifest_path).ok_or_else(|| Refused(format!("{manifest_path} cannot be read.")))?;
        let edited_manifest = match plan.ranges.is_empty() {
            true => None,
            false => Some(composer_manifest::with(&manifest, &plan.ranges).map_err(Refused)?),
        };
        let asks = edited_manifest.as_deref().unwrap_or(&manifest);
        let (before, _) = locked(text, &manifest).map_err(Refused)?;
        let mut splices = sections(text, &before, plan)?;
        if let Some(after) = &edited_manifest {
            splices.push(composer_manifest::hash(text, &manifest, after).map_err(Refused)?);
        }
        let after = apply(text, splices).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))?;
        composer_check::check((text, &manifest), (&after, asks), plan).map_err(Refused)?;
        let lockfile = Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        };
        let manifest = edited_manifest.map(|after| Edited {
            path: manifest_path,
            before: manifest,
            after,
        });
        Ok(std::iter::once(lockfile).chain(manifest).collect())
    }
}

/// An entry of a list: the name as it is written, and its text.
type Item = (String, String);

/// The lists of packages as the plan has them.
fn sections(text: &str, before: &Locked, plan: &Plan) -> Result<Vec<Splice>, Refused> {
    let style =
        Style::of(text).ok_or_else(|| Refused("The lockfile is not as Composer writes it.".to_owned()))?;
    let document = json::read(text);
    let mut lists: [Vec<Item>; 2] = [Vec::new(), Vec::new()];
    let mut moved: Vec<(bool, Item)> = Vec::new();
    for package in &before.packages {
        let own = text
            .get(package.span.start as usize..package.span.end as usize)
            .unwrap_or_default();
        let is_dev = usize::from(package.is_dev);
        let mut keep = |text: &str| {
            if let Some(list) = lists.get_mut(is_dev) {
                list.push((package.written.clone(), text.to_owned()));
            }
        };
        let change = plan.entries.iter().find(|change| change.place == package.name);
        let Some(change) = change else {
            keep(own);
            continue;
        };
        is_as_written(&document.root(), style, package, own)?;
        let (item, flags) = match &change.edit {
            EntryEdit::Drop => continue,
            EntryEdit::Flags(flags) => ((package.written.clone(), own.to_owned()), Some(*flags)),
            EntryEdit::Lock(release, flags) => (entry(style, release)?, *flags),
            EntryEdit::Own(_) => return Err(Refused("The plan is one of another ecosystem.".to_owned())),
        };
        match flags.filter(|flags| flags.dev != package.is_dev) {
            Some(flags) => moved.push((flags.dev, item)),
            None if item.0 == package.written => keep(&item.1),
            None => moved.push((package.is_dev, item)),
        }
    }
    for change in plan.entries.iter().filter(|change| change.place.is_empty()) {
        match &change.edit {
            EntryEdit::Lock(release, Some(flags)) => moved.push((flags.dev, entry(style, release)?)),
            _ => return Err(Refused(format!("{} comes in without a version.", change.name))),
        }
    }
    for (is_dev, item) in moved {
        if let Some(list) = lists.get_mut(usize::from(is_dev)) {
            let place = list.iter().position(|(name, _)| *name > item.0);
            list.insert(place.unwrap_or(list.len()), item);
        }
    }
    let mut splices = Vec::new();
    for (key, list) in ["packages", "packages-dev"].into_iter().zip(lists) {
        let list: Vec<String> = list.into_iter().map(|(_, text)| text).collect();
        splices.extend(section(text, document.root(), style, key, &list)?);
    }
    Ok(splices)
}

/// The list under `key` with these texts, if it is another.
fn section(
    text: &str,
    root: Value<'_>,
    style: Style<'_>,
    key: &str,
    list: &[String],
) -> Result<Option<Splice>, Refused> {
    let refused = || Refused(format!("`{key}` of the lockfile is not as Composer writes it."));
    let value = root.get(key).ok_or_else(refused)?;
    let at = value.span().start as usize..value.span().end as usize;
    let old = text.get(at.clone()).ok_or_else(refused)?;
    let entries = value.items().map(|item| {
        let span = item.span();
        text.get(span.start as usize..span.end as usize)
            .unwrap_or_default()
            .to_owned()
    });
    let entries: Vec<String> = entries.collect();
    if entries == list {
        return Ok(None);
    }
    match style.list(&entries, ENTRY_DEPTH - 1) == old {
        true => Ok(Some(Splice {
            at,
            text: style.list(list, ENTRY_DEPTH - 1),
        })),
        false => Err(refused()),
    }
}

/// The entry would be written as it stands.
fn is_as_written(
    root: &Value<'_>,
    style: Style<'_>,
    package: &LockedPackage,
    own: &str,
) -> Result<(), Refused> {
    let lists = ["packages", "packages-dev"].map(|key| root.get(key));
    let mut values = lists.into_iter().flatten().flat_map(Value::items);
    let value = values.find(|value| value.span() == package.span);
    match value.and_then(|value| style.written(value, ENTRY_DEPTH)) {
        Some(written) if written == own => Ok(()),
        Some(_) | None => Err(Refused(format!(
            "The entry of {} is not as Composer writes it.",
            package.written
        ))),
    }
}

/// The entry of a release.
fn entry(style: Style<'_>, release: &Release) -> Result<Item, Refused> {
    let document = json::read(&release.document);
    let name = document.root().str("name").unwrap_or_default().into_owned();
    Ok((name, style.entry(document.root()).map_err(Refused)?))
}
