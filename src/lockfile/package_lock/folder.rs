//! A folder of an npm project, as an entry describes it.

use super::entry::{Entry, EntryPlace, Need};
use super::source;
use crate::model::{Requirement, RequirementKind, SharedStr, Source};
use crate::text::tree::Value;

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
    /// The archive of another package contains it.
    pub is_bundled: bool,
    /// The project has a patch for it.
    pub is_patched: bool,
    /// It comes from a registry.
    pub is_of_registry: bool,
    /// Where its archive is, if the file says.
    pub resolved: Option<String>,
    /// The hash of its archive.
    pub integrity: Option<String>,
    /// What it needs; development dependencies of one's own folders alone.
    pub requirements: Vec<Requirement>,
}

pub(super) fn of_entry(entry: &Entry<'_>) -> Installed {
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
        is_patched: false,
        is_of_registry: !is_own && !entry.link && matches!(pin.source, Source::Registry(_)),
        requirements: requirements(entry),
        integrity: text(entry.integrity()),
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
