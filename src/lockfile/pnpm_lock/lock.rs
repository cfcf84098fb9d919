//! One document of the file: its version, its shape, and what it lacks.

use std::borrow::Cow;

use foldhash::HashSet;

use super::DAMAGED;
use super::key::Style;
use super::source::text;
use crate::lockfile::{File, Parsed};
use crate::model::Tree;
use crate::text::tree::{Kind, Value};
use crate::text::{Span, decode, json};

/// The newest lockfile version whose shape is known here.
const NEWEST: u64 = 9;

/// One document.
pub(super) struct Lock<'d> {
    pub(super) root: Value<'d>,
    pub(super) style: Style,
    settings: Option<Value<'d>>,
    pub(super) importers: Option<Value<'d>>,
    pub(super) packages: Option<Value<'d>>,
    pub(super) snapshots: Option<Value<'d>>,
    pub(super) overrides: Option<Value<'d>>,
    /// The dependencies of a project alone stand at the top.
    is_single: bool,
}

impl<'d> Lock<'d> {
    /// `None` for what is no lockfile, or of a shape that is not known; that has been reported.
    pub(super) fn of(root: Value<'d>, parsed: &mut Parsed) -> Option<Self> {
        let mut lock = Self {
            root,
            style: Style::At,
            settings: None,
            importers: None,
            packages: None,
            snapshots: None,
            overrides: None,
            is_single: false,
        };
        let mut version = None;
        let mut has_projects = false;
        for (key, value) in root.entries() {
            match key.as_ref() {
                "lockfileVersion" => version = Some(value),
                "settings" => lock.settings = Some(value),
                "importers" => lock.importers = Some(value),
                "packages" => lock.packages = Some(value),
                "snapshots" => lock.snapshots = Some(value),
                "overrides" => lock.overrides = Some(value),
                "projects" => has_projects = true,
                "specifiers" | "dependencies" | "devDependencies" | "optionalDependencies" => {
                    lock.is_single = true;
                }
                _ => {}
            }
        }
        let Some(version) = version else {
            parsed.blind(
                root.span(),
                "there is no `lockfileVersion`: this is no lockfile of pnpm",
                DAMAGED,
            );
            return None;
        };
        let spelled = text(version).unwrap_or_default();
        let number = spelled
            .split(['.', '-'])
            .next()
            .and_then(|major| major.parse::<u64>().ok());
        let Some(number) = number else {
            parsed.blind(version.span(), "`lockfileVersion` is no number", DAMAGED);
            return None;
        };
        for (name, value) in [
            ("importers", lock.importers),
            ("packages", lock.packages),
            ("snapshots", lock.snapshots),
        ] {
            if let Some(value) = value.filter(|value| value.kind() != Kind::Object) {
                parsed.blind(value.key_span(), format!("`{name}` is no mapping"), DAMAGED);
            }
        }
        lock.style = match number {
            0..=5 => Style::Slash,
            6 => Style::SlashAt,
            _ => Style::At,
        };
        let fits = lock.importers.is_some() && (lock.packages.is_none() || lock.snapshots.is_some());
        if number > NEWEST && (has_projects || !fits) {
            parsed.blind(
                version.span(),
                format!("lockfile version {spelled} is newer than {NEWEST}.0, the newest one known here, and has another shape"),
                "Update lockkeeper, or have pnpm write version 9.0 (without `lockfile.format` in pnpm-workspace.yaml).",
            );
            return None;
        }
        Some(lock)
    }

    /// Reports what the last document lacks.
    pub(super) fn check(&self, is_first: bool, file: &File<'_>, tree: &dyn Tree, parsed: &mut Parsed) {
        let importers = self.importers.into_iter().flat_map(Value::entries);
        let is_config = |(_, importer): (_, Value<'_>)| {
            importer
                .entries()
                .any(|(key, _)| matches!(&*key, "configDependencies" | "packageManagerDependencies"))
        };
        if is_first && importers.into_iter().any(is_config) {
            parsed.blind(
                Span::new(file.text.len(), file.text.len()),
                "the document of the project is missing; there is only that of its config dependencies",
                DAMAGED,
            );
        }
        if self.packages.is_none() && self.asks_for_more(file, tree) {
            let message = "there are no packages, and package.json asks for some that are not in the file";
            parsed.blind(self.root.span(), message, DAMAGED);
        }
        let is_empty = self.importers.is_none_or(|importers| importers.count() == 0) && !self.is_single;
        // pnpm 8 writes nothing more for a project without dependencies.
        let may_be_empty = self.style == Style::SlashAt && self.packages.is_none() && self.settings.is_some();
        if is_empty && !may_be_empty {
            parsed.blind(
                self.root.span(),
                "no project is in the file, and pnpm always writes one",
                DAMAGED,
            );
        }
    }

    /// A manifest asks for packages that its project does not name here.
    fn asks_for_more(&self, file: &File<'_>, tree: &dyn Tree) -> bool {
        let all = self.importers.into_iter().flat_map(Value::entries);
        let own = self
            .importers
            .is_none()
            .then_some((Cow::Borrowed("."), self.root));
        all.chain(own).any(|(folder, importer)| {
            let folder = file.path.parent().join(&*folder);
            let path = folder.and_then(|folder| folder.join("package.json"));
            let Some(bytes) = path.and_then(|path| tree.read(&path).ok()) else {
                // Without the manifest beside it nothing says that a file is whole that names no project.
                return self.importers.is_none() && !self.is_single;
            };
            let decoded = decode::decode(&bytes);
            let document = json::read(&decoded.text);
            let named: HashSet<Cow<'_, str>> = tables(importer)
                .flat_map(Value::entries)
                .map(|(name, _)| name)
                .collect();
            tables(document.root())
                .flat_map(Value::entries)
                .any(|(name, _)| !named.contains(&name))
        })
    }
}

/// The tables of dependencies of a project.
fn tables(project: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let tables = project.entries().filter(|(key, _)| Table::of(key).is_some());
    tables.map(|(_, table)| table)
}

/// Why a project or package names another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Runtime,
    Dev,
    Optional,
}

impl Table {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "dependencies" => Some(Self::Runtime),
            "devDependencies" | "configDependencies" | "packageManagerDependencies" => Some(Self::Dev),
            "optionalDependencies" => Some(Self::Optional),
            _ => None,
        }
    }
}
