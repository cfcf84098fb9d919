//! Edits of `packages` in a lockfile of npm, versions 2 and 3.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::Refused;
use super::npm_fields::{Addresses, FIELDS, FLAGS, FROM_REGISTRY, flag_fields, of_changed};
use super::npm_json::{Field, Style, order, quoted, raw};
use super::npm_ranges::{folders, range_splices};
use super::splice::Splice;
use crate::model::Release;
use crate::plan::{EntryChange, EntryEdit, Flags, NewRange, Plan};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// The entries and how they are written.
pub(super) struct Packages<'d> {
    text: &'d str,
    entries: Vec<(String, Value<'d>)>,
    style: Style<'d>,
    addresses: Addresses,
}

impl<'d> Packages<'d> {
    /// `packages` of the lockfile `text`.
    pub(super) fn of(text: &'d str, packages: Value<'d>) -> Self {
        let entries: Vec<(String, Value<'d>)> = packages
            .entries()
            .map(|(key, value)| (key.into_owned(), value))
            .collect();
        let written = |value: &Value<'_>, key: &str| Some(value.get(key)?.as_str()?.into_owned());
        let installed = entries.iter().filter_map(|(key, value)| {
            let (_, folder) = key.rsplit_once("node_modules/")?;
            let name = written(value, "name").unwrap_or_else(|| folder.to_owned());
            let is_link = value.get("link").is_some();
            let address = written(value, "resolved").filter(|_| !is_link);
            Some((name, written(value, "version").unwrap_or_default(), address))
        });
        Self {
            text,
            addresses: Addresses::of(installed),
            entries,
            style: Style::of(text),
        }
    }

    /// The folders that links lead to, each with where the first of its links is.
    pub(super) fn links(&self) -> BTreeMap<String, String> {
        let mut links = BTreeMap::new();
        for (key, value) in &self.entries {
            let target = value.get("resolved").filter(|_| value.get("link").is_some());
            if let Some(target) = target.and_then(Value::as_str) {
                links.entry(target.into_owned()).or_insert_with(|| key.clone());
            }
        }
        links
    }

    /// What carries out `plan`.
    pub(super) fn splices(&self, plan: &Plan) -> Result<Vec<Splice>, Refused> {
        let mut splices = Vec::new();
        for change in &plan.entries {
            let at = self.entries.iter().position(|(key, _)| *key == change.place);
            match (&change.edit, at) {
                (EntryEdit::Drop, Some(at)) => splices.push(self.without(at)),
                (EntryEdit::Lock(release, flags), Some(at)) => {
                    splices.push(self.exchanged(at, change, Some(release), *flags)?);
                }
                (EntryEdit::Flags(flags), Some(at)) => {
                    splices.push(self.exchanged(at, change, None, Some(*flags))?);
                }
                (EntryEdit::Lock(release, flags), None) => {
                    splices.push(self.inserted(change, release, flags.unwrap_or_default())?);
                }
                (EntryEdit::Own(_), _) => {
                    return Err(Refused("The plan is one of another ecosystem.".to_owned()));
                }
                (EntryEdit::Drop | EntryEdit::Flags(_), None) => {
                    return Err(Refused(format!("The lockfile has no entry {}.", change.place)));
                }
            }
        }
        for folder in folders(&plan.ranges) {
            let ranges: Vec<&NewRange> = plan
                .ranges
                .iter()
                .filter(|range| range.folder == folder)
                .collect();
            let entry = self.entries.iter().find(|(key, _)| *key == folder);
            let spliced = entry.and_then(|(_, entry)| range_splices(*entry, &ranges));
            splices.extend(spliced.ok_or_else(|| {
                Refused(format!(
                    "The lockfile does not repeat what {folder}/package.json asks for."
                ))
            })?);
        }
        Ok(splices)
    }

    /// Takes the entry out, with the comma before or behind it.
    fn without(&self, at: usize) -> Splice {
        let end = |number: usize| {
            self.entries
                .get(number)
                .map(|(_, value)| value.span().end as usize)
        };
        let start = |number: usize| {
            let key = self.entries.get(number).map(|(_, value)| value.key_span());
            key.map(|key| (key.start as usize).saturating_sub(1))
        };
        let own_end = end(at).unwrap_or_default();
        let range = match (at.checked_sub(1).and_then(end), start(at), start(at + 1)) {
            (Some(before), _, _) => before..own_end,
            (None, Some(own), Some(next)) => own..next,
            (None, own, None) => own.unwrap_or(own_end)..own_end,
            (None, None, Some(_)) => own_end..own_end,
        };
        Splice {
            at: range,
            text: String::new(),
        }
    }

    /// The entry with another release, or with other flags alone.
    fn exchanged(
        &self,
        at: usize,
        change: &EntryChange,
        release: Option<&Release>,
        flags: Option<Flags>,
    ) -> Result<Splice, Refused> {
        let Some((_, value)) = self.entries.get(at) else {
            return Err(Refused(format!("The lockfile has no entry {}.", change.place)));
        };
        let mut fields: Vec<Field> = value
            .entries()
            .map(|(key, value)| Field {
                key: key.into_owned(),
                text: raw(self.text, value).to_owned(),
                is_object: value.kind() == Kind::Object,
            })
            .collect();
        if let Some(flags) = flags {
            fields.retain(|field| !FLAGS.contains(&field.key.as_str()));
            fields.extend(flag_fields(flags));
        }
        if let Some(release) = release {
            let document = json::read(&release.document);
            let manifest = document.root();
            let has_license = manifest.get("license").is_some();
            fields.retain(|field| {
                !FROM_REGISTRY.contains(&field.key.as_str()) || (field.key == "license" && !has_license)
            });
            let old = value.get("resolved").and_then(Value::as_str);
            let old_version = value.get("version").and_then(Value::as_str).unwrap_or_default();
            let resolved = old.map(|old| of_changed(&old, change, &old_version, release, manifest));
            let resolved = resolved.transpose()?;
            fields.extend(self.style.of_release(change, release, &document, resolved)?);
        }
        Ok(Splice {
            at: value.span().start as usize..value.span().end as usize,
            text: self.style.nested(fields, FIELDS - 1),
        })
    }

    /// A new entry in its place by name.
    fn inserted(&self, change: &EntryChange, release: &Release, flags: Flags) -> Result<Splice, Refused> {
        let document = json::read(&release.document);
        let resolved = self
            .addresses
            .of_new(&change.name, &release.version, document.root());
        let mut fields = self.style.of_release(change, release, &document, resolved)?;
        fields.extend(flag_fields(flags));
        let folder = change.place.rsplit("node_modules/").next().unwrap_or_default();
        if folder != change.name {
            fields.push(Field::text("name", &change.name));
        }
        let before = self
            .entries
            .iter()
            .rev()
            .find(|(key, _)| order(key, &change.place) == Ordering::Less);
        let Some((_, before)) = before else {
            return Err(Refused(
                "The lockfile has no entry for its own folder.".to_owned(),
            ));
        };
        let end = before.span().end as usize;
        Ok(Splice {
            at: end..end,
            text: format!(
                ",{}{}{}{}",
                self.style.line(FIELDS - 1),
                quoted(&change.place),
                self.style.colon(),
                self.style.nested(fields, FIELDS - 1)
            ),
        })
    }
}
