//! Edits of `bun.lock` and of the `package.json` files of the project.
//!
//! A plan is one of folders, as npm has them. What it makes of who needs whom is what counts: where each package then is, is laid out anew, by Bun's
//! own rule. That is done only where that rule gives the file as it is, too. Every entry that does not change keeps its bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::bun_check::{Side, check};
use super::bun_entry::{Says, entry};
use super::bun_layout::lay_out;
use super::npm_fields::{archive_path, of_changed};
use super::npm_json::quoted;
use super::npm_ranges::{folders, manifests, range_splices};
use super::splice::{Splice, apply};
use super::{Refused, Relock};
use crate::lockfile::bun_lock::locked::{Entry, Locked, What, locked};
use crate::model::{Release, TreePath};
use crate::plan::{Edited, EntryChange, EntryEdit, NewRange, Plan};
use crate::text::json;
use crate::text::tree::Value;

/// Edits lockfiles of Bun.
pub struct BunLock;

impl Relock for BunLock {
    fn format(&self) -> &'static str {
        "bun.lock"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let before = locked(text).map_err(Refused)?;
        let own = path.parent().join("package.json").and_then(|own| read(&own));
        let after = Edit::of(text, &before)?.lockfile(plan, own.as_deref())?;
        let mut edited = vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        }];
        edited.extend(manifests(path, plan, &["overrides"], read)?);
        Ok(edited)
    }
}

/// A lockfile that is edited.
struct Edit<'t> {
    text: &'t str,
    locked: &'t Locked,
    /// From the first key of `packages` to the end of the last value.
    body: Range<usize>,
    /// What is between two entries.
    between: &'t str,
}

impl<'t> Edit<'t> {
    /// Refuses a file that Bun would write otherwise.
    fn of(text: &'t str, locked: &'t Locked) -> Result<Self, Refused> {
        const OTHERWISE: &str =
            "Bun would write this file otherwise: run `bun install --lockfile-only` first.";
        let otherwise = |why: &str| Refused(format!("{OTHERWISE} {why}").trim_end().to_owned());
        let (Some(first), Some(last)) = (locked.entries.first(), locked.entries.last()) else {
            return Err(Refused("The lockfile has no packages.".to_owned()));
        };
        let body = first.at.start..last.at.end;
        let between = match locked.entries.get(1) {
            Some(second) => text.get(first.at.end..second.at.start).unwrap_or_default(),
            None if text.contains("\r\n") => ",\r\n\r\n    ",
            None => ",\n\n    ",
        };
        let edit = Self {
            text,
            locked,
            body,
            between,
        };
        let own: Vec<(&str, &str)> = locked
            .entries
            .iter()
            .map(|entry| (entry.key.as_str(), edit.value(entry)))
            .collect();
        if edit.assembled(&own)? != text {
            return Err(otherwise("Its entries stand in a form of their own."));
        }
        let laid_out = lay_out(locked).map_err(|why| otherwise(&why))?;
        let said = |number: usize| locked.entries.get(number).map(|entry| entry.said.as_str());
        let there = laid_out.iter().map(|(key, number)| (key.as_str(), said(*number)));
        let here = locked
            .entries
            .iter()
            .map(|entry| (entry.key.as_str(), Some(entry.said.as_str())));
        if !there.eq(here) {
            return Err(otherwise("It would put packages at other places."));
        }
        Ok(edit)
    }

    fn value(&self, entry: &Entry) -> &'t str {
        self.text.get(entry.value..entry.at.end).unwrap_or_default()
    }

    /// The lockfile with these keys and values in `packages`.
    fn assembled(&self, entries: &[(&str, &str)]) -> Result<String, Refused> {
        let lines: Vec<String> = entries
            .iter()
            .map(|(key, value)| format!("{}: {value}", quoted(key)))
            .collect();
        let splice = Splice {
            at: self.body.clone(),
            text: lines.join(self.between),
        };
        apply(self.text, vec![splice]).ok_or_else(|| Refused("The lockfile is damaged.".to_owned()))
    }

    /// The lockfile with the plan carried out.
    fn lockfile(&self, plan: &Plan, manifest: Option<&str>) -> Result<String, Refused> {
        if !plan.overrides.is_empty() {
            return Err(Refused("Overrides of Bun are not written.".to_owned()));
        }
        let mut values: BTreeMap<String, String> = self
            .locked
            .entries
            .iter()
            .map(|entry| (entry.key.clone(), self.value(entry).to_owned()))
            .collect();
        for change in &plan.entries {
            let key = self.locked.key(&change.place);
            let key = key.ok_or_else(|| Refused(format!("The lockfile has no place {}.", change.place)))?;
            match &change.edit {
                EntryEdit::Lock(release, _) => {
                    let value = self.release(change, &key, release)?;
                    values.insert(key, value);
                }
                EntryEdit::Drop => {
                    values
                        .remove(&key)
                        .ok_or_else(|| Refused(format!("The lockfile has no entry {key}.")))?;
                }
                EntryEdit::Flags(_) => {}
                EntryEdit::Own(_) => {
                    return Err(Refused("The plan is one of another ecosystem.".to_owned()));
                }
            }
        }
        if values.is_empty() {
            return Err(Refused("Nothing would be left in the lockfile.".to_owned()));
        }
        let mut planned: Vec<(&str, &str)> = Vec::new();
        // Those that stay first, as the order says which place of a package counts.
        for entry in &self.locked.entries {
            let value = values.get_key_value(&entry.key);
            planned.extend(value.map(|(key, value)| (key.as_str(), value.as_str())));
        }
        let known: BTreeSet<&str> = self
            .locked
            .entries
            .iter()
            .map(|entry| entry.key.as_str())
            .collect();
        let new = values.iter().filter(|(key, _)| !known.contains(key.as_str()));
        planned.extend(new.map(|(key, value)| (key.as_str(), value.as_str())));
        let text = self.assembled(&planned)?;
        let between = locked(&text).map_err(Refused)?;
        let laid_out = lay_out(&between).map_err(Refused)?;
        let places: BTreeMap<&str, &Entry> = between
            .entries
            .iter()
            .map(|entry| (entry.key.as_str(), entry))
            .collect();
        let mut entries: Vec<(&str, &str)> = Vec::new();
        for (key, number) in &laid_out {
            let Some(entry) = between.entries.get(*number) else {
                return Err(Refused(format!("There is no entry for {key}.")));
            };
            let same = places.get(key.as_str()).filter(|other| other.said == entry.said);
            if same.is_none() && entry.is_bundled {
                return Err(Refused(format!(
                    "{} would leave the archive that it is in.",
                    entry.said
                )));
            }
            let from = same.copied().unwrap_or(entry);
            entries.push((key, text.get(from.value..from.at.end).unwrap_or_default()));
        }
        let mut after = self.assembled(&entries)?;
        after = with_ranges(&after, plan, self.locked)?;
        let new = locked(&after).map_err(Refused)?;
        self.check_names(&new, manifest)?;
        let side = |text, locked| Side { text, locked };
        check(side(self.text, self.locked), side(&after, &new), plan).map_err(Refused)?;
        Ok(after)
    }

    /// The value for a release at `key`.
    fn release(&self, change: &EntryChange, key: &str, release: &Release) -> Result<String, Refused> {
        let old = self.locked.entries.iter().find(|entry| entry.key == key);
        let old = old.filter(|old| old.name == change.name);
        let address = match old {
            Some(old) => match &old.address {
                Some(address) => {
                    let document = json::read(&release.document);
                    of_changed(address, change, &old.version, release, document.root())?
                }
                None => String::new(),
            },
            None => self.address(&change.name, &release.version)?,
        };
        let has = |field: &str| self.text.contains(&format!("\"{field}\": "));
        let says = Says {
            scripts: self.locked.version >= 2 || has("hasInstallScript"),
            libc: self.locked.version >= 2 || has("libc"),
        };
        entry(change, release, &address, says)
    }

    /// Where the archive of a package is that is new to the file: as others of its scope have it.
    fn address(&self, name: &str, version: &str) -> Result<String, Refused> {
        let scope = |name: &str| name.split_once('/').map(|(scope, _)| scope.to_owned());
        let own = scope(name);
        let all = self.locked.entries.iter();
        let registered = || all.clone().filter(|entry| entry.what == What::Registered);
        let mut alike = registered().filter(|entry| scope(&entry.name) == own);
        let known = alike.next().or_else(|| {
            let is_default = registered().all(|entry| entry.address.is_none());
            registered().next().filter(|_| is_default)
        });
        let address = known.and_then(|known| match &known.address {
            Some(address) => {
                let path = archive_path(&known.name, &known.version);
                let registry = address.strip_suffix(path.as_str())?;
                Some(format!("{registry}{}", archive_path(name, version)))
            }
            None => Some(String::new()),
        });
        address.ok_or_else(|| {
            Refused(format!(
                "The lockfile does not show from which registry Bun would take {name}."
            ))
        })
    }

    /// What the file says of packages by their names stays true.
    fn check_names(&self, after: &Locked, manifest: Option<&str>) -> Result<(), Refused> {
        let document = json::read(manifest.unwrap_or_default());
        let trusted = document.root().get("trustedDependencies").into_iter();
        let trusted = trusted.flat_map(Value::items).filter_map(Value::as_str);
        let mut trusted: BTreeSet<String> = trusted.map(std::borrow::Cow::into_owned).collect();
        trusted.extend(self.locked.trusted.iter().cloned());
        let there = |locked: &Locked| -> BTreeSet<String> {
            let names = locked.entries.iter().map(|entry| {
                let last = entry.key.rsplit('/').next().unwrap_or_default();
                let scoped = entry
                    .key
                    .rsplit('/')
                    .nth(1)
                    .filter(|scope| scope.starts_with('@'));
                scoped.map_or_else(|| last.to_owned(), |scope| format!("{scope}/{last}"))
            });
            names.filter(|name| trusted.contains(name)).collect()
        };
        let (old, new) = (there(self.locked), there(after));
        if let Some(name) = old.symmetric_difference(&new).next() {
            return Err(Refused(format!(
                "`trustedDependencies` name {name}, which comes in or leaves: that is for `bun install` to do."
            )));
        }
        let has = |said: &&String| after.entries.iter().any(|entry| entry.said == **said);
        match self.locked.patched.iter().find(|said| !has(said)) {
            Some(said) => Err(Refused(format!("The project has a patch for {said}."))),
            None => Ok(()),
        }
    }
}

/// The lockfile with the ranges of the plan in `workspaces`.
fn with_ranges(text: &str, plan: &Plan, locked: &Locked) -> Result<String, Refused> {
    if plan.ranges.is_empty() {
        return Ok(text.to_owned());
    }
    if locked.version == 0 {
        return Err(Refused(
            "Lockfile version 0 has ranges of projects twice: run `bun install --lockfile-only` first, which makes version 1 of it.".to_owned(),
        ));
    }
    let document = json::read_with_comments(text);
    let workspaces = document.root().get("workspaces");
    let mut splices = Vec::new();
    for folder in folders(&plan.ranges) {
        let ranges: Vec<&NewRange> = plan
            .ranges
            .iter()
            .filter(|range| range.folder == folder)
            .collect();
        let member = locked.members.iter().find(|member| member.folder == folder);
        let needs = member.map(|member| &member.needs).into_iter().flatten();
        let of_catalog = needs
            .filter(|need| need.range.starts_with("catalog:"))
            .find(|need| ranges.iter().any(|range| range.name == need.name));
        if let Some(need) = of_catalog {
            return Err(Refused(format!(
                "A catalog says the range of {}: change it there, then run `bun install`.",
                need.name
            )));
        }
        let table = workspaces.and_then(|workspaces| workspaces.get(&folder));
        let spliced = table.and_then(|table| range_splices(table, &ranges));
        splices.extend(spliced.ok_or_else(|| {
            Refused(format!(
                "The lockfile does not repeat what {folder}/package.json asks for."
            ))
        })?);
    }
    apply(text, splices).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))
}
