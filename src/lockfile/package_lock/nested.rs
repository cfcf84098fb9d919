//! The folders of an npm project as nested `dependencies` describe them: lockfile version 1, and what version 2 repeats of itself
//! for npm 6.
//!
//! `requires` does not say whether a need is optional. Where what is needed is marked `optional` and what needs it is not, it
//! has to be (npm 6.14.18, `lib/shrinkwrap.js`: an entry is marked where everything that needs it does so optionally).

use std::collections::HashMap;

use super::entry::{self, Entry, EntryPlace};
use super::folder::{Installed, of_entry, requirement};
use super::source;
use crate::model::{Requirement, RequirementKind, Source};
use crate::text::tree::Value;

/// The folders in `dependencies`, in the order of the file; before them the project's own, if there is its `manifest`.
pub(super) fn folders(dependencies: Value<'_>, manifest: Option<Value<'_>>) -> Vec<Installed> {
    let entries = entry::of_dependencies(dependencies);
    let mut places: Vec<String> = Vec::with_capacity(entries.len());
    for entry in &entries {
        let above = match entry.place {
            EntryPlace::Path | EntryPlace::InRoot => None,
            EntryPlace::Inside(parent) => places.get(parent as usize),
        };
        places.push(match above {
            Some(above) => format!("{above}/node_modules/{}", entry.key),
            None => format!("node_modules/{}", entry.key),
        });
    }
    let tree = Tree {
        numbers: places
            .iter()
            .enumerate()
            .map(|(number, place)| (place.as_str(), number))
            .collect(),
        entries: &entries,
    };
    let root = manifest.map(|manifest| Installed {
        is_own: true,
        is_of_registry: false,
        link: None,
        resolved: None,
        ..of_entry(&entry::of_manifest(manifest))
    });
    let nested = entries.iter().zip(&places);
    root.into_iter()
        .chain(nested.map(|(entry, place)| tree.folder(entry, place)))
        .collect()
}

struct Tree<'t> {
    entries: &'t [Entry<'t>],
    numbers: HashMap<&'t str, usize>,
}

impl Tree<'_> {
    fn folder(&self, entry: &Entry<'_>, place: &str) -> Installed {
        let text = |value: Option<Value<'_>>| value.and_then(Value::as_str).map(std::borrow::Cow::into_owned);
        let field = text(entry.version()).unwrap_or_default();
        let resolved = text(entry.resolved());
        let pin = source::pin(&entry.key, &field, resolved.as_deref());
        // Anything else than a version is an address, which says itself what is installed.
        let is_version = field.starts_with(|first: char| first.is_ascii_digit()) || field.starts_with("npm:");
        Installed {
            place: place.to_owned(),
            name: pin.name.unwrap_or(&entry.key).to_owned(),
            version: pin.version.to_owned(),
            link: None,
            is_own: false,
            is_bundled: flag(entry, "bundled"),
            is_patched: false,
            is_of_registry: is_version && matches!(pin.source, Source::Registry(_)),
            requirements: self.requirements(entry, place),
            integrity: text(entry.integrity()),
            resolved,
        }
    }

    fn requirements(&self, entry: &Entry<'_>, place: &str) -> Vec<Requirement> {
        let needs = entry.dependencies().into_iter().flat_map(Value::entries);
        let is_optional = flag(entry, "optional");
        needs
            .map(|(name, range)| {
                let kind = match self.find(place, &name) {
                    None => RequirementKind::Optional,
                    Some(found) if flag(found, "bundled") => RequirementKind::Bundled,
                    Some(found) if !is_optional && flag(found, "optional") => RequirementKind::Optional,
                    Some(_) => RequirementKind::Runtime,
                };
                requirement(&name, &range.as_str().unwrap_or_default(), kind)
            })
            .collect()
    }

    /// What `name` means in the folder at `place`.
    fn find(&self, place: &str, name: &str) -> Option<&Entry<'_>> {
        let mut folder = Some(place);
        while let Some(at) = folder {
            let candidate = match at {
                "" => format!("node_modules/{name}"),
                at => format!("{at}/node_modules/{name}"),
            };
            if let Some(number) = self.numbers.get(candidate.as_str()) {
                return self.entries.get(*number);
            }
            folder = match at {
                "" => None,
                at => Some(at.rsplit_once("/node_modules/").map_or("", |(above, _)| above)),
            };
        }
        None
    }
}

fn flag(entry: &Entry<'_>, name: &str) -> bool {
    entry.value.get(name).and_then(Value::as_bool) == Some(true)
}
