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
    // What stands in both is optional.
    let optional: Vec<SharedStr> = all
        .iter()
        .filter(|one| one.kind == RequirementKind::Optional)
        .map(|one| one.name.clone())
        .collect();
    all.retain(|one| one.kind != RequirementKind::Runtime || !optional.contains(&one.name));
    all
}

/// What `range` under `name` asks for: `npm:other@^1` is another package.
#[must_use]
pub fn requirement(name: &str, range: &str, kind: RequirementKind) -> Requirement {
    let alias = range.strip_prefix("npm:").map(|alias| match alias.rfind('@') {
        Some(at) if at > 0 => (alias.get(..at), alias.get(at + 1..)),
        Some(_) | None => (Some(alias), None),
    });
    let (package, range) = match alias {
        Some((package, range)) => (package, range.unwrap_or_default()),
        None => (None, range),
    };
    Requirement {
        name: name.into(),
        package: package.filter(|package| *package != name).map(Into::into),
        range: range.into(),
        kind,
    }
}
