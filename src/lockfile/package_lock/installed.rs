//! The folders of an npm project as its lockfile describes them, for those who plan changes.

use super::folder::of_entry;
use super::{entry, nested};
use crate::text::json;
use crate::text::tree::{Kind, Value};

pub use super::folder::{Installed, requirement};

/// How a lockfile lists packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Version 1: in `dependencies`, each inside the one in whose `node_modules` it is.
    Nested,
    /// Version 2: in `packages`, and in `dependencies` again.
    Both,
    /// Version 3: in `packages`, by their paths.
    Flat,
    /// That of Bun: in `packages`, by paths without `node_modules`.
    Bun,
}

/// What a lockfile describes.
#[derive(Debug)]
pub struct Described {
    /// How it lists that.
    pub layout: Layout,
    /// The folders, in the order of the file.
    pub folders: Vec<Installed>,
}

/// The folders that the lockfile `text` describes, in the order of the file; versions 2 and 3.
///
/// # Errors
/// Why nothing can be planned with it, as a sentence.
pub fn installed(text: &str) -> Result<Vec<Installed>, &'static str> {
    Ok(described(text, None)?.folders)
}

/// What the lockfile `text` beside the `package.json` with the text `manifest` describes. Version 1 does not repeat what that
/// asks for.
///
/// # Errors
/// Why nothing can be planned with it, as a sentence.
pub fn described(text: &str, manifest: Option<&str>) -> Result<Described, &'static str> {
    const DAMAGED: &str = "The lockfile is damaged.";
    let document = json::read(text);
    if !document.problems.is_empty() {
        return Err(DAMAGED);
    }
    let root = document.root();
    let table = |name: &str| root.get(name).filter(|table| table.kind() == Kind::Object);
    let layout = match root.get("lockfileVersion").and_then(Value::as_u64) {
        Some(3) => Layout::Flat,
        Some(2) => Layout::Both,
        Some(1) => Layout::Nested,
        None => return Err("The lockfile does not say which version it has."),
        Some(_) => return Err("The lockfile has a form that is newer than what is known here."),
    };
    let folders = match (layout, table("packages"), table("dependencies")) {
        (Layout::Flat, Some(packages), _) | (Layout::Both, Some(packages), Some(_)) => {
            entry::of_packages(packages).iter().map(of_entry).collect()
        }
        (Layout::Nested, None, Some(dependencies)) => {
            let manifest = manifest.map(json::read).ok_or(
                "A lockfile of version 1 does not say what its project asks for, and there is no package.json beside it.",
            )?;
            if !manifest.problems.is_empty() {
                return Err("The package.json beside the lockfile is damaged.");
            }
            nested::folders(dependencies, Some(manifest.root()))
        }
        (Layout::Flat | Layout::Both, None, _) => return Err("The lockfile has no `packages`."),
        (Layout::Both, _, None) | (Layout::Nested, _, None) => {
            return Err("The lockfile has no `dependencies`.");
        }
        (Layout::Nested, Some(_), _) | (Layout::Bun, ..) => return Err(DAMAGED),
    };
    Ok(Described { layout, folders })
}

/// What `dependencies` of the lockfile `text`, version 2, repeats; none in other versions.
#[must_use]
pub fn repeated(text: &str) -> Vec<Installed> {
    let document = json::read(text);
    let dependencies = document.root().get("dependencies");
    let dependencies = dependencies.filter(|table| table.kind() == Kind::Object);
    dependencies.map_or_else(Vec::new, |table| nested::folders(table, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RequirementKind;

    #[test]
    fn an_alias_names_another_package() {
        for (range, package, rest) in [
            ("npm:other@^1.0.0", Some("other"), "^1.0.0"),
            ("npm:@scope/other@1 || 2", Some("@scope/other"), "1 || 2"),
            ("NPM:other", Some("other"), "*"),
            ("npm:@scope/other", Some("@scope/other"), "*"),
            ("npm:é@1", Some("é"), "1"),
            ("^1.0.0", None, "^1.0.0"),
            ("", None, ""),
        ] {
            let need = requirement("name", range, RequirementKind::Runtime);
            assert_eq!(
                (need.package.as_deref(), need.range.as_str()),
                (package, rest),
                "{range}"
            );
        }
    }

    #[test]
    fn what_stands_in_several_tables_is_needed_once() {
        let lock = r#"{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0",
            "dependencies": {"b": "^1.0.0", "c": "^1.0.0"}, "optionalDependencies": {"c": "^2.0.0"},
            "peerDependencies": {"b": "^1.1.0", "d": "*"}}}}"#;
        let installed = installed(lock).expect("a lockfile");
        let mut kinds: Vec<_> = installed[0]
            .requirements
            .iter()
            .map(|one| (one.name.as_str(), one.range.as_str(), one.kind))
            .collect();
        kinds.sort();
        assert_eq!(
            kinds,
            [
                ("b", "^1.0.0", RequirementKind::Runtime),
                ("c", "^2.0.0", RequirementKind::Optional),
                ("d", "*", RequirementKind::Peer),
            ]
        );
    }
}
