//! Edits of `package-lock.json` and `npm-shrinkwrap.json`, lockfile version 3, and of the `package.json` files of the project.
//!
//! An entry gets what npm takes from the registry's document about the new version: without `bin`, `hasInstallScript`, `os` and
//! `cpu` `npm ci` installs it otherwise, and nothing restores them. Keys stand in npm's order (`json-stringify-nice`), in the
//! file's own indentation and line ends. `resolved` is written where the file has it, and keeps the address that the file uses
//! for the registry.

use std::cmp::Ordering;

use super::npm_check;
use super::npm_json::{Field, Style, inside_quotes, is_said, order, quoted};
use super::splice::{Splice, apply};
use super::{Refused, Relock};
use crate::model::{Release, TreePath};
use crate::plan::{Edited, EntryChange, EntryEdit, Flags, NewRange, Plan};
use crate::text::json;
use crate::text::tree::{Document, Kind, Value};

/// Edits lockfiles of npm.
pub struct PackageLock;

impl Relock for PackageLock {
    fn format(&self) -> &'static str {
        "package-lock.json"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let document = json::read(text);
        let root = document.root();
        if root.get("dependencies").is_some() {
            return Err(Refused(
                "Lockfile version 2 lists everything twice, and editing both is not supported yet: run `npm install --package-lock-only --lockfile-version 3`, or upgrade with npm."
                    .to_owned(),
            ));
        }
        let packages = root
            .get("packages")
            .filter(|packages| document.problems.is_empty() && packages.kind() == Kind::Object)
            .ok_or_else(|| Refused("The lockfile is damaged.".to_owned()))?;
        let file = LockText::of(text, packages);
        let after = file.edit(plan)?;
        npm_check::check(text, &after, plan).map_err(Refused)?;
        let mut edited = vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        }];
        for folder in folders(&plan.ranges) {
            let ranges: Vec<&NewRange> = plan
                .ranges
                .iter()
                .filter(|range| range.folder == folder)
                .collect();
            let manifest = path
                .parent()
                .join(&*folder)
                .and_then(|folder| folder.join("package.json"));
            let manifest =
                manifest.ok_or_else(|| Refused(format!("{folder} is outside of the repository.")))?;
            let before = read(&manifest).ok_or_else(|| Refused(format!("{manifest} cannot be read.")))?;
            let after = manifest_with(&before, &ranges)
                .ok_or_else(|| Refused(format!("{manifest} does not ask for what the lockfile says.")))?;
            edited.push(Edited {
                path: manifest,
                before,
                after,
            });
        }
        Ok(edited)
    }
}

fn folders(ranges: &[NewRange]) -> Vec<String> {
    let mut folders: Vec<String> = ranges.iter().map(|range| range.folder.clone()).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// The tables of a manifest in which dependencies stand.
const TABLES: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

/// The manifest with other ranges; `None` where one of the old ones does not stand there.
fn manifest_with(text: &str, ranges: &[&NewRange]) -> Option<String> {
    let document = json::read(text);
    if !document.problems.is_empty() {
        return None;
    }
    apply(text, range_splices(document.root(), ranges)?)
}

/// What changes `ranges` in the tables of `manifest`.
fn range_splices(manifest: Value<'_>, ranges: &[&NewRange]) -> Option<Vec<Splice>> {
    let mut splices = Vec::new();
    for range in ranges {
        let stands = TABLES
            .iter()
            .filter_map(|table| manifest.get(table)?.get(&range.name));
        let before = splices.len();
        for value in stands.filter(|value| value.as_str().as_deref() == Some(&range.from)) {
            splices.push(Splice {
                at: value.span().start as usize..value.span().end as usize,
                text: inside_quotes(&range.to),
            });
        }
        if splices.len() == before {
            return None;
        }
    }
    Some(splices)
}

/// The lockfile, its entries and how it is written.
struct LockText<'d> {
    text: &'d str,
    entries: Vec<(String, Value<'d>)>,
    style: Style<'d>,
    /// Some entry says where its archive is.
    has_addresses: bool,
}

/// The depth of an entry's own fields.
const FIELDS: usize = 3;

impl<'d> LockText<'d> {
    fn of(text: &'d str, packages: Value<'d>) -> Self {
        let entries: Vec<(String, Value<'d>)> = packages
            .entries()
            .map(|(key, value)| (key.into_owned(), value))
            .collect();
        let has_addresses = entries
            .iter()
            .any(|(_, value)| value.get("resolved").is_some() && value.get("link").is_none());
        Self {
            text,
            entries,
            style: Style::of(text),
            has_addresses,
        }
    }

    fn edit(&self, plan: &Plan) -> Result<String, Refused> {
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
                (EntryEdit::Pin(_) | EntryEdit::Go(_), _) => {
                    return Err(Refused("The plan is one of another ecosystem.".to_owned()));
                }
                (EntryEdit::Drop | EntryEdit::Flags(_), None) | (EntryEdit::Crate(_), _) => {
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
        apply(self.text, splices).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))
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
                text: self.raw(value).to_owned(),
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
            let resolved = old.map(|old| {
                address_like(&old, &change.name, &old_version, &release.version)
                    .or_else(|| archive(manifest))
                    .unwrap_or_default()
            });
            fields.extend(self.of_release(change, release, &document, resolved)?);
        }
        Ok(Splice {
            at: value.span().start as usize..value.span().end as usize,
            text: self.object(fields),
        })
    }

    /// A new entry in its place by name.
    fn inserted(&self, change: &EntryChange, release: &Release, flags: Flags) -> Result<Splice, Refused> {
        let document = json::read(&release.document);
        let resolved = self
            .has_addresses
            .then(|| {
                self.address_of_new(change, release)
                    .or_else(|| archive(document.root()))
            })
            .flatten();
        let mut fields = self.of_release(change, release, &document, resolved)?;
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
                self.object(fields)
            ),
        })
    }

    /// The address of a new package, in the way in which the file has those of others.
    fn address_of_new(&self, change: &EntryChange, release: &Release) -> Option<String> {
        let scope = |name: &str| name.split_once('/').map(|(scope, _)| scope.to_owned());
        let others = self
            .entries
            .iter()
            .filter(|(key, _)| key.contains("node_modules/"));
        let registry_of = |(key, value): &(String, Value<'_>)| {
            let name = match value.get("name").and_then(Value::as_str) {
                Some(name) => name.into_owned(),
                None => key.rsplit("node_modules/").next().unwrap_or_default().to_owned(),
            };
            let version = value.get("version").and_then(Value::as_str)?;
            let address = value.get("resolved").and_then(Value::as_str)?;
            let end = archive_path(&name, &version);
            Some((scope(&name), address.strip_suffix(end.as_str())?.to_owned()))
        };
        let known: Vec<(Option<String>, String)> = others.filter_map(registry_of).collect();
        let own = scope(&change.name);
        let same = known.iter().find(|(scope, _)| *scope == own);
        let (_, registry) = same.or(known.iter().find(|(scope, _)| scope.is_none() && own.is_none()))?;
        Some(format!(
            "{registry}{}",
            archive_path(&change.name, &release.version)
        ))
    }

    /// The fields that npm takes from the registry.
    fn of_release(
        &self,
        change: &EntryChange,
        release: &Release,
        document: &Document<'_>,
        resolved: Option<String>,
    ) -> Result<Vec<Field>, Refused> {
        let manifest = document.root();
        let integrity = manifest
            .get("dist")
            .and_then(|dist| dist.get("integrity"))
            .and_then(Value::as_str)
            .ok_or_else(|| {
                Refused(format!(
                    "The registry gives no integrity hash of {} {}.",
                    change.name, release.version
                ))
            })?;
        let mut fields = vec![
            Field::text("version", &release.version),
            Field::text("integrity", &integrity),
        ];
        fields.extend(resolved.map(|resolved| Field::text("resolved", &resolved)));
        for key in [
            "license",
            "deprecated",
            "engines",
            "os",
            "cpu",
            "libc",
            "funding",
            "hasInstallScript",
        ] {
            if let Some(value) = manifest.get(key).filter(|value| is_said(*value)) {
                fields.push(self.cosmetic(key, value));
            }
        }
        if let Some(bin) = manifest.get("bin") {
            fields.extend(self.bin(&change.name, bin));
        }
        let optional = manifest.get("optionalDependencies");
        let is_optional = |name: &str| optional.is_some_and(|optional| optional.get(name).is_some());
        for key in [
            "dependencies",
            "optionalDependencies",
            "peerDependencies",
            "peerDependenciesMeta",
            "bundleDependencies",
        ] {
            let Some(value) = manifest.get(key).filter(|value| is_said(*value)) else {
                continue;
            };
            if key != "dependencies" {
                fields.push(self.field(key, value));
                continue;
            }
            // A registry repeats the optional ones among them.
            let own: Vec<Field> = value
                .entries()
                .filter(|(name, _)| !is_optional(name))
                .map(|(name, range)| self.style.field_at(&name, range, FIELDS + 1))
                .collect();
            if !own.is_empty() {
                fields.push(Field {
                    key: key.to_owned(),
                    text: self.style.nested(own, FIELDS),
                    is_object: true,
                });
            }
        }
        Ok(fields)
    }

    /// A field as npm writes it: of a license its name alone, of an address for funding an object.
    fn cosmetic(&self, key: &str, value: Value<'_>) -> Field {
        match (key, value.kind()) {
            ("license", Kind::Object) => match value.get("type").and_then(Value::as_str) {
                Some(name) => Field::text(key, &name),
                None => self.field(key, value),
            },
            ("funding", Kind::PlainString | Kind::JsonString) => {
                let address = Field::text("url", &value.as_str().unwrap_or_default());
                Field {
                    key: key.to_owned(),
                    text: self.style.nested(vec![address], FIELDS),
                    is_object: true,
                }
            }
            _ => self.field(key, value),
        }
    }

    /// `bin` as npm writes it: names and paths inside the package.
    fn bin(&self, name: &str, bin: Value<'_>) -> Option<Field> {
        let base = name.rsplit('/').next().unwrap_or(name);
        let path = |value: Value<'_>| {
            let path = value.as_str()?.into_owned();
            let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
            Some(parts.collect::<Vec<_>>().join("/"))
        };
        let own: Vec<Field> = match bin.kind() {
            Kind::Object => bin
                .entries()
                .filter_map(|(name, value)| {
                    let name = name.rsplit('/').next()?.to_owned();
                    Some(Field::text(&name, &path(value)?))
                })
                .collect(),
            _ => vec![Field::text(base, &path(bin)?)],
        };
        (!own.is_empty()).then(|| Field {
            key: "bin".to_owned(),
            text: self.style.nested(own, FIELDS),
            is_object: true,
        })
    }

    fn raw(&self, value: Value<'_>) -> &'d str {
        let span = value.span();
        let (start, end) = (span.start as usize, span.end as usize);
        match value.kind() {
            // Its span is inside the quotes.
            Kind::PlainString | Kind::JsonString => self.text.get(start.saturating_sub(1)..end + 1),
            _ => self.text.get(start..end),
        }
        .unwrap_or_default()
    }

    fn field(&self, key: &str, value: Value<'_>) -> Field {
        self.style.field_at(key, value, FIELDS)
    }

    /// An entry: its fields stand one level below it.
    fn object(&self, fields: Vec<Field>) -> String {
        self.style.nested(fields, FIELDS - 1)
    }
}

/// Fields that come from the registry's document.
const FROM_REGISTRY: [&str; 18] = [
    "version",
    "resolved",
    "integrity",
    "license",
    "deprecated",
    "engines",
    "os",
    "cpu",
    "libc",
    "funding",
    "hasInstallScript",
    "hasShrinkwrap",
    "bin",
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bundleDependencies",
];

/// Fields that say why a package is installed.
const FLAGS: [&str; 4] = ["dev", "optional", "devOptional", "peer"];

fn flag_fields(flags: Flags) -> impl Iterator<Item = Field> {
    let set = [flags.dev, flags.optional, flags.dev_optional, flags.peer];
    let named = FLAGS.into_iter().zip(set);
    named.filter(|(_, is_set)| *is_set).map(|(key, _)| Field {
        key: key.to_owned(),
        text: "true".to_owned(),
        is_object: false,
    })
}

/// Where in the registry the archive of a version lies, as nearly every registry has it.
#[must_use]
pub fn archive_path(name: &str, version: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name);
    format!("/{name}/-/{base}-{version}.tgz")
}

/// `address`, which is that of the archive of another version, with the new one.
fn address_like(address: &str, name: &str, from: &str, to: &str) -> Option<String> {
    let registry = address.strip_suffix(archive_path(name, from).as_str())?;
    Some(format!("{registry}{}", archive_path(name, to)))
}

/// The address that the registry gives itself.
fn archive(manifest: Value<'_>) -> Option<String> {
    let address = manifest.get("dist")?.get("tarball")?.as_str()?;
    Some(address.into_owned())
}
