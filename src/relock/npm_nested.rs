//! Edits of nested `dependencies`: lockfile version 1 of npm, and what version 2 repeats for npm 6.
//!
//! An entry has `version`, `resolved`, `integrity`, the marks `dev`, `optional` and what is needed (`requires`), and those in its
//! own `node_modules` (`dependencies`). Rules of npm 6.14.18 (`lib/shrinkwrap.js`) and of Arborist
//! (`lib/shrinkwrap.js`, `buildLegacyLockfile`): an alias is in the version (`npm:name@1.0.0`), peers are not in `requires`, and
//! Arborist writes `requires` without a need where there are peers alone.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::Refused;
use super::npm_fields::{Addresses, FLAGS, flag_fields, integrity, of_changed};
use super::npm_json::{Field, Style, inside_quotes, order, raw};
use super::npm_object::{Change, splices};
use super::splice::Splice;
use crate::lockfile::package_lock::installed::Layout;
use crate::model::Release;
use crate::plan::{EntryChange, EntryEdit, Flags, NewRange, Plan};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// The tree of entries and how it is written.
pub(super) struct Nested<'d> {
    text: &'d str,
    table: Value<'d>,
    style: Style<'d>,
    layout: Layout,
    addresses: Addresses,
    order: fn(&str, &str) -> Ordering,
}

/// What becomes of an entry, and of those inside it by their names.
#[derive(Default)]
struct Changes<'p> {
    own: Option<&'p EntryChange>,
    /// Ranges of the folder that a link leads to.
    ranges: Vec<&'p NewRange>,
    inside: BTreeMap<String, Changes<'p>>,
}

/// The depth of the names of the outermost entries.
const NAMES: usize = 2;

/// Fields that say what is locked.
const FROM_REGISTRY: [&str; 4] = ["version", "resolved", "integrity", "requires"];

impl<'d> Nested<'d> {
    /// `table` is `dependencies` of the lockfile `text`.
    pub(super) fn of(text: &'d str, table: Value<'d>, layout: Layout) -> Self {
        let mut names = Vec::new();
        let mut known = Vec::new();
        let mut open = vec![table];
        while let Some(table) = open.pop() {
            for (name, entry) in table.entries() {
                let field = |key: &str| Some(entry.get(key)?.as_str()?.into_owned());
                let version = field("version").unwrap_or_default();
                let (name_there, version) = match version
                    .strip_prefix("npm:")
                    .and_then(|alias| alias.rsplit_once('@'))
                {
                    Some((name, version)) => (name.to_owned(), version.to_owned()),
                    None => (name.clone().into_owned(), version),
                };
                known.push((name_there, version, field("resolved")));
                open.extend(entry.get("dependencies"));
                names.push(name.into_owned());
            }
        }
        let outermost: Vec<String> = table.entries().map(|(name, _)| name.into_owned()).collect();
        Self {
            text,
            table,
            style: Style::of(text),
            layout,
            addresses: Addresses::of(known.into_iter()),
            order: order_of(&outermost, layout),
        }
    }

    /// What carries out `plan`; `links` are the folders that links lead to, with where these are.
    pub(super) fn splices(
        &self,
        plan: &Plan,
        links: &BTreeMap<String, String>,
    ) -> Result<Vec<Splice>, Refused> {
        let mut all = Changes::default();
        for change in &plan.entries {
            at(&mut all, &path(&change.place, links)?).own = Some(change);
        }
        for range in plan.ranges.iter().filter(|range| !range.folder.is_empty()) {
            at(&mut all, &path(&range.folder, links)?).ranges.push(range);
        }
        self.table_splices(self.table, &all.inside, NAMES)
    }

    /// What carries out `changes` in a table whose names stand at `depth`.
    fn table_splices(
        &self,
        table: Value<'d>,
        changes: &BTreeMap<String, Changes<'_>>,
        depth: usize,
    ) -> Result<Vec<Splice>, Refused> {
        let entries: Vec<(String, Value<'d>)> = table
            .entries()
            .map(|(name, value)| (name.into_owned(), value))
            .collect();
        let mut inside = Vec::new();
        let mut own: BTreeMap<usize, Change> = BTreeMap::new();
        let mut new: Vec<(String, String)> = Vec::new();
        for (name, change) in changes {
            let at = entries.iter().position(|(known, _)| known == name);
            let entry = at.and_then(|at| entries.get(at));
            match (at.zip(entry), change.own.map(|own| &own.edit)) {
                (Some((at, _)), Some(EntryEdit::Drop)) => {
                    own.insert(at, Change::Remove);
                }
                (Some((_, (_, entry))), None) if !self.is_anew(*entry, change) => {
                    if let Some(table) = entry.get("dependencies") {
                        inside.extend(self.table_splices(table, &change.inside, depth + 2)?);
                    }
                    inside.extend(range_splices(*entry, &change.ranges)?);
                }
                (Some((at, (_, entry))), _) => {
                    own.insert(at, Change::Replace(self.anew(name, Some(*entry), change, depth)?));
                }
                (None, Some(EntryEdit::Lock(..))) => {
                    new.push((name.clone(), self.anew(name, None, change, depth)?));
                }
                (None, _) => return Err(missing(name)),
            }
        }
        inside.extend(splices(self.style, depth, &entries, &own, new, self.order));
        Ok(inside)
    }

    /// The entry gets its first, or loses its last in `dependencies`.
    fn is_anew(&self, entry: Value<'_>, change: &Changes<'_>) -> bool {
        let names = |table: Value<'_>| {
            table
                .entries()
                .map(|(name, _)| name.into_owned())
                .collect::<Vec<_>>()
        };
        let before = entry.get("dependencies").map(names).unwrap_or_default();
        let is_dropped = |name: &String| {
            let change = change.inside.get(name).and_then(|change| change.own);
            change.is_some_and(|change| matches!(change.edit, EntryEdit::Drop))
        };
        let is_left = before.iter().any(|name| !is_dropped(name));
        !change.inside.is_empty() && (before.is_empty() || !is_left)
    }

    /// The whole entry called `name`, which stands at `depth`, as it is to be.
    fn anew(
        &self,
        name: &str,
        entry: Option<Value<'d>>,
        change: &Changes<'_>,
        depth: usize,
    ) -> Result<String, Refused> {
        let old = entry.into_iter().flat_map(Value::entries);
        let mut fields: Vec<Field> = old
            .map(|(key, value)| Field {
                key: key.into_owned(),
                text: raw(self.text, value).to_owned(),
                is_object: value.kind() == Kind::Object,
            })
            .collect();
        match change.own.map(|own| (own, &own.edit)) {
            Some((own, EntryEdit::Lock(release, flags))) => {
                fields.retain(|field| !FROM_REGISTRY.contains(&field.key.as_str()));
                fields.extend(self.of_release(name, entry, own, release, depth)?);
                let is_new = entry.is_none();
                if let Some(flags) = flags.or(is_new.then(Flags::default)) {
                    self.mark(&mut fields, flags);
                }
            }
            Some((_, EntryEdit::Flags(flags))) => self.mark(&mut fields, *flags),
            Some((_, EntryEdit::Drop | EntryEdit::Own(_))) => {
                return Err(Refused("The plan is one of another ecosystem.".to_owned()));
            }
            None => {}
        }
        if !change.ranges.is_empty() {
            let requires = entry.and_then(|entry| entry.get("requires"));
            let needs = requires
                .into_iter()
                .flat_map(Value::entries)
                .map(|(name, range)| {
                    let new = change.ranges.iter().find(|new| new.name == name);
                    let range = range.as_str().unwrap_or_default();
                    Field::text(&name, new.map_or(&*range, |new| &new.to))
                });
            let text = self.style.nested(needs.collect(), depth + 1);
            fields.retain(|field| field.key != "requires");
            fields.push(object("requires", text));
        }
        if !change.inside.is_empty() {
            let table = entry.and_then(|entry| entry.get("dependencies"));
            fields.retain(|field| field.key != "dependencies");
            fields.extend(self.table_anew(table, &change.inside, depth + 1)?);
        }
        Ok(self.style.nested(fields, depth))
    }

    /// `dependencies` at `depth` as they are to be; `None` where nothing is left in them.
    fn table_anew(
        &self,
        table: Option<Value<'d>>,
        changes: &BTreeMap<String, Changes<'_>>,
        depth: usize,
    ) -> Result<Option<Field>, Refused> {
        let old: BTreeMap<String, Value<'d>> = table
            .into_iter()
            .flat_map(Value::entries)
            .map(|(name, value)| (name.into_owned(), value))
            .collect();
        let mut fields = Vec::new();
        for (name, value) in &old {
            let text = match changes.get(name) {
                None => raw(self.text, *value).to_owned(),
                Some(change) => match change.own.map(|own| &own.edit) {
                    Some(EntryEdit::Drop) => continue,
                    _ => self.anew(name, Some(*value), change, depth + 1)?,
                },
            };
            fields.push(object(name, text));
        }
        for (name, change) in changes.iter().filter(|(name, _)| !old.contains_key(*name)) {
            match change.own.map(|own| &own.edit) {
                Some(EntryEdit::Lock(..)) => {
                    fields.push(object(name, self.anew(name, None, change, depth + 1)?))
                }
                _ => return Err(missing(name)),
            }
        }
        fields.sort_by(|left, right| (self.order)(&left.key, &right.key));
        let text = self.style.listed(&fields, depth);
        Ok((!fields.is_empty()).then(|| object("dependencies", text)))
    }

    /// What an entry at `depth` says of its release.
    fn of_release(
        &self,
        name: &str,
        entry: Option<Value<'_>>,
        change: &EntryChange,
        release: &Release,
        depth: usize,
    ) -> Result<Vec<Field>, Refused> {
        let document = json::read(&release.document);
        let manifest = document.root();
        let version = match *name == change.name {
            true => release.version.to_string(),
            false => format!("npm:{}@{}", change.name, release.version),
        };
        let mut fields = vec![
            Field::text("version", &version),
            Field::text("integrity", &integrity(change, release, manifest)?),
        ];
        let field = |key: &str| Some(entry?.get(key)?.as_str()?.into_owned());
        let address = match (entry, field("resolved")) {
            (None, _) => self.addresses.of_new(&change.name, &release.version, manifest),
            (Some(_), None) => None,
            (Some(_), Some(old)) => {
                let from = field("version").unwrap_or_default();
                let from = from
                    .rsplit_once('@')
                    .map_or(from.as_str(), |(_, version)| version);
                Some(of_changed(&old, change, from, release, manifest)?)
            }
        };
        fields.extend(address.map(|address| Field::text("resolved", &address)));
        let table = |key: &str| manifest.get(key).into_iter().flat_map(Value::entries);
        let mut needs: BTreeMap<String, String> = BTreeMap::new();
        for (name, range) in table("dependencies").chain(table("optionalDependencies")) {
            needs.insert(name.into_owned(), range.as_str().unwrap_or_default().into_owned());
        }
        let has_peers = self.layout == Layout::Both && table("peerDependencies").next().is_some();
        if !needs.is_empty() || has_peers {
            let mut needs: Vec<Field> = needs
                .iter()
                .map(|(name, range)| Field::text(name, range))
                .collect();
            let text = match self.layout {
                Layout::Nested => {
                    needs.sort_by(|left, right| (self.order)(&left.key, &right.key));
                    self.style.listed(&needs, depth + 1)
                }
                Layout::Both | Layout::Flat | Layout::Bun => self.style.nested(needs, depth + 1),
            };
            fields.push(object("requires", text));
        }
        Ok(fields)
    }

    /// Exchanges the marks that say why a package is installed.
    fn mark(&self, fields: &mut Vec<Field>, flags: Flags) {
        fields.retain(|field| !FLAGS.contains(&field.key.as_str()));
        // npm 6 knows two of them.
        let known = match self.layout {
            Layout::Nested => Flags {
                dev_optional: false,
                peer: false,
                ..flags
            },
            Layout::Both | Layout::Flat | Layout::Bun => flags,
        };
        fields.extend(flag_fields(known));
    }
}

/// The order of names: Arborist's, and in version 1 that of code units, in which npm 6 sorts, unless the file has the other.
fn order_of(names: &[String], layout: Layout) -> fn(&str, &str) -> Ordering {
    let by_units: fn(&str, &str) -> Ordering = |left, right| left.encode_utf16().cmp(right.encode_utf16());
    let is_sorted = |order: fn(&str, &str) -> Ordering| {
        names.is_sorted_by(|left, right| order(left, right) != Ordering::Greater)
    };
    match layout {
        Layout::Nested if is_sorted(by_units) || !is_sorted(order) => by_units,
        Layout::Nested | Layout::Both | Layout::Flat | Layout::Bun => order,
    }
}

/// The names that lead to the entry of the folder at `place`.
fn path(place: &str, links: &BTreeMap<String, String>) -> Result<Vec<String>, Refused> {
    let unknown = || Refused(format!("The lockfile does not repeat {place}."));
    let mut names = Vec::new();
    let mut rest = place;
    if !place.starts_with("node_modules/") {
        let (folder, inside) = match place.split_once("/node_modules/") {
            Some((folder, _)) => (folder, place.get(folder.len() + 1..).unwrap_or_default()),
            None => (place, ""),
        };
        let link = links.get(folder).ok_or_else(unknown)?;
        names.extend(parts(link));
        rest = inside;
    }
    names.extend(parts(rest));
    match names.is_empty() {
        true => Err(unknown()),
        false => Ok(names),
    }
}

fn parts(place: &str) -> impl Iterator<Item = String> {
    let parts = place
        .split("node_modules/")
        .map(|part| part.trim_end_matches('/'));
    parts.filter(|part| !part.is_empty()).map(str::to_owned)
}

fn at<'c, 'p>(all: &'c mut Changes<'p>, names: &[String]) -> &'c mut Changes<'p> {
    let mut changes = all;
    for name in names {
        changes = changes.inside.entry(name.clone()).or_default();
    }
    changes
}

/// What changes ranges that the entry of a link repeats.
fn range_splices(entry: Value<'_>, ranges: &[&NewRange]) -> Result<Vec<Splice>, Refused> {
    let mut splices = Vec::new();
    for range in ranges {
        let value = entry
            .get("requires")
            .and_then(|requires| requires.get(&range.name));
        let value = value.filter(|value| value.as_str().as_deref() == Some(&range.from));
        let span = value.map(Value::span).ok_or_else(|| missing(&range.name))?;
        splices.push(Splice {
            at: span.start as usize..span.end as usize,
            text: inside_quotes(&range.to),
        });
    }
    Ok(splices)
}

fn object(name: &str, text: String) -> Field {
    Field {
        key: name.to_owned(),
        text,
        is_object: true,
    }
}

fn missing(name: &str) -> Refused {
    Refused(format!(
        "`dependencies` of the lockfile has no {name} where `packages` has it."
    ))
}
