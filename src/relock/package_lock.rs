//! Edits of `package-lock.json` and `npm-shrinkwrap.json` and of the `package.json` files of the project.
//!
//! An entry gets what npm takes from the registry's document about the new version: without `bin`, `hasInstallScript`, `os` and
//! `cpu` `npm ci` installs it otherwise, and nothing restores them. Keys stand in npm's order (`json-stringify-nice`), in the
//! file's own indentation and line ends. `resolved` is written where the file has it, and keeps the address that the file uses
//! for the registry. Lockfile version 2 has all of it twice, and both change.

use std::collections::BTreeSet;

use super::npm_check::{self, Files};
use super::npm_nested::Nested;
use super::npm_packages::Packages;
use super::npm_ranges::manifests;
use super::splice::apply;
use super::{Refused, Relock};
use crate::lockfile::package_lock::installed::Layout;
use crate::model::TreePath;
use crate::plan::{Edited, EntryChange, EntryEdit, Plan};
use crate::text::json;
use crate::text::tree::{Kind, Value};

pub use super::npm_fields::archive_path;
pub use super::npm_ranges::{overridden, overrides};

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
        let own = path.parent().join("package.json");
        let own_before = own.as_ref().and_then(read);
        let mut edited = vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after: lockfile(text, plan, &overridden(own_before.as_deref().unwrap_or_default()))?,
        }];
        edited.extend(manifests(path, plan, &["overrides"], read)?);
        let changed = edited.iter().find(|edited| Some(&edited.path) == own.as_ref());
        let own_after = changed
            .map(|edited| edited.after.clone())
            .or_else(|| own_before.clone());
        let before = Files {
            lockfile: text,
            manifest: own_before.as_deref(),
        };
        let after = Files {
            lockfile: edited.first().map_or("", |edited| &edited.after),
            manifest: own_after.as_deref(),
        };
        npm_check::check(before, after, plan).map_err(Refused)?;
        Ok(edited)
    }
}

/// The lockfile with the plan carried out; `overridden` are the names that `overrides` speak of.
fn lockfile(text: &str, plan: &Plan, overridden: &BTreeSet<String>) -> Result<String, Refused> {
    let document = json::read(text);
    if !document.problems.is_empty() {
        return Err(Refused("The lockfile is damaged.".to_owned()));
    }
    let root = document.root();
    let table = |name: &str| root.get(name).filter(|table| table.kind() == Kind::Object);
    let packages = table("packages").map(|packages| Packages::of(text, packages));
    let mut splices = match &packages {
        Some(packages) => packages.splices(plan)?,
        None => Vec::new(),
    };
    let layout = match root.get("lockfileVersion").and_then(Value::as_u64) {
        Some(1) => Layout::Nested,
        _ => Layout::Both,
    };
    match table("dependencies") {
        Some(dependencies) => {
            if let Some(name) = plan
                .entries
                .iter()
                .find_map(|change| needs_one_of(change, overridden))
            {
                return Err(Refused(format!(
                    "`overrides` decide about {name}, and what they make of `requires` in lockfile version 2 is not known: run `npm install --package-lock-only --lockfile-version 3` first."
                )));
            }
            let links = packages.as_ref().map(Packages::links).unwrap_or_default();
            splices.extend(Nested::of(text, dependencies, layout).splices(plan, &links)?);
        }
        None if packages.is_none() => {
            return Err(Refused(
                "The lockfile has neither `packages` nor `dependencies`.".to_owned(),
            ));
        }
        None => {}
    }
    apply(text, splices).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))
}

/// A name of `names` that the release of `change` needs.
fn needs_one_of<'p>(change: &'p EntryChange, names: &BTreeSet<String>) -> Option<&'p str> {
    let EntryEdit::Lock(release, _) = &change.edit else {
        return None;
    };
    let mut needs = release.dependencies.iter().map(|one| &*one.name);
    needs.find(|name| names.contains(*name))
}
