//! The folders of an npm project as its lockfile describes them, for those who plan changes: versions 2 and 3.

use super::entry::{self, Entry, EntryPlace, Need};
use super::source;
use crate::model::{Requirement, RequirementKind, SharedStr, Source};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// A folder of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its path from the folder of the lockfile; empty for that itself.
    pub place: String,
    /// The package's own name.
    pub name: String,
    /// Its version; empty where there is none.
    pub version: String,
    /// Where a link leads.
    pub link: Option<String>,
    /// A folder of one's own: the root, or a workspace.
    pub is_own: bool,
    /// It lies in the archive of another package.
    pub is_bundled: bool,
    /// It comes from a registry.
    pub is_of_registry: bool,
    /// Where its archive is, if the file says.
    pub resolved: Option<String>,
    /// What it needs; development dependencies of one's own folders alone.
    pub requirements: Vec<Requirement>,
}

/// The folders that the lockfile `text` describes, in the order of the file.
///
/// # Errors
/// Why nothing can be planned with it, as a sentence.
pub fn installed(text: &str) -> Result<Vec<Installed>, &'static str> {
    let document = json::read(text);
    if !document.problems.is_empty() {
        return Err("The lockfile is damaged.");
    }
    let root = document.root();
    match root.get("lockfileVersion").and_then(Value::as_u64) {
        Some(2 | 3) => {}
        Some(1) | None => {
            return Err(
                "The lockfile has the form of npm 6: run `npm install --package-lock-only` with a later npm first.",
            );
        }
        Some(_) => return Err("The lockfile has a form that is newer than what is known here."),
    }
    let Some(packages) = root
        .get("packages")
        .filter(|packages| packages.kind() == Kind::Object)
    else {
        return Err("The lockfile has no `packages`.");
    };
    Ok(entry::of_packages(packages).iter().map(of_entry).collect())
}

fn of_entry(entry: &Entry<'_>) -> Installed {
    let text = |value: Option<Value<'_>>| value.and_then(Value::as_str).map(std::borrow::Cow::into_owned);
    let resolved = text(entry.resolved());
    let version = text(entry.version()).unwrap_or_default();
    let name = entry.own_name().into_owned();
    let is_own = entry.place == EntryPlace::Path && entry.local_path().is_some();
    let flag = |name: &str| entry.value.get(name).and_then(Value::as_bool) == Some(true);
    let pin = source::pin(&name, &version, resolved.as_deref());
    Installed {
        place: entry.key.clone().into_owned(),
        link: entry.link.then(|| resolved.clone().unwrap_or_default()),
        is_own,
        is_bundled: flag("inBundle"),
        is_of_registry: !is_own && !entry.link && matches!(pin.source, Source::Registry(_)),
        requirements: requirements(entry),
        resolved,
        name,
        version,
    }
}

fn requirements(entry: &Entry<'_>) -> Vec<Requirement> {
    let absent = entry.peers_that_may_be_absent();
    let bundled: Vec<String> = ["bundleDependencies", "bundledDependencies"]
        .into_iter()
        .filter_map(|field| entry.value.get(field))
        .flat_map(Value::items)
        .filter_map(|name| Some(name.as_str()?.into_owned()))
        .collect();
    let mut all: Vec<Requirement> = Vec::new();
    for (need, table) in entry.needs() {
        for (name, range) in table.entries() {
            let kind = match need {
                _ if bundled.iter().any(|bundled| *bundled == *name) => RequirementKind::Bundled,
                Need::Runtime | Need::Unknown => RequirementKind::Runtime,
                Need::Dev => RequirementKind::Dev,
                Need::Optional => RequirementKind::Optional,
                Need::Peer if absent.contains(&name) => RequirementKind::OptionalPeer,
                Need::Peer => RequirementKind::Peer,
            };
            all.push(requirement(&name, &range.as_str().unwrap_or_default(), kind));
        }
    }
    // What stands in several tables is optional first, then needed, and only then expected beside it: as npm takes it.
    let of = |kind: RequirementKind| -> Vec<SharedStr> {
        let those = all.iter().filter(|one| one.kind == kind);
        those.map(|one| one.name.clone()).collect()
    };
    let (optional, runtime) = (of(RequirementKind::Optional), of(RequirementKind::Runtime));
    all.retain(|one| match one.kind {
        RequirementKind::Runtime => !optional.contains(&one.name),
        RequirementKind::Peer | RequirementKind::OptionalPeer => {
            !optional.contains(&one.name) && !runtime.contains(&one.name)
        }
        RequirementKind::Optional | RequirementKind::Dev | RequirementKind::Bundled => true,
    });
    all
}

/// What `range` under `name` asks for: `npm:other@^1` is another package by this name.
#[must_use]
pub fn requirement(name: &str, range: &str, kind: RequirementKind) -> Requirement {
    let is_alias = range
        .get(..4)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("npm:"));
    let (package, range) = match range.get(4..).filter(|_| is_alias) {
        Some(target) => {
            // The scope begins with one, too.
            let at = target.char_indices().skip(1).find(|(_, letter)| *letter == '@');
            let (package, range) = at
                .and_then(|(at, _)| Some((target.get(..at)?, target.get(at + 1..)?)))
                .unwrap_or((target, "*"));
            (Some(package.into()), range)
        }
        None => (None, range),
    };
    Requirement {
        name: name.into(),
        package,
        range: range.into(),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
