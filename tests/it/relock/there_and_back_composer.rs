//! Plans that move one package of a `composer.lock`, and back: the repository says of both versions what the lockfile has.

use std::collections::BTreeMap;

use lockkeeper::model::Release;
use lockkeeper::plan::{EntryChange, EntryEdit, Plan};
use serde_json::Value;
use serde_json::value::RawValue;

use super::there_and_back::{Pair, next, of};

/// The plans for each package that comes from a repository.
pub(super) fn packages(text: &str) -> Vec<(String, Pair)> {
    let lists: BTreeMap<&str, &RawValue> = serde_json::from_str(text).unwrap_or_default();
    let lists = ["packages", "packages-dev"].map(|key| lists.get(key).map_or("[]", |list| list.get()));
    let all = lists
        .iter()
        .flat_map(|list| serde_json::from_str::<Vec<&RawValue>>(list).unwrap_or_default());
    let pairs = all.filter_map(|entry| {
        let said: Value = serde_json::from_str(entry.get()).expect("JSON");
        let (name, version) = (said["name"].as_str()?, said["version"].as_str()?);
        let is_release = version
            .trim_start_matches('v')
            .starts_with(|one: char| one.is_ascii_digit());
        // As Composer writes it: what it puts elsewhere the edit moves, and it always puts a type.
        let kind = entry.get().find("\n            \"type\"");
        let is_of_registry = kind.is_some() && entry.get().find("notification-url") > kind;
        let plan = |to: &str| plan(name, entry.get(), version, to);
        (is_release && is_of_registry).then(|| (name.to_owned(), (plan(&next(version)), plan(version))))
    });
    pairs.collect()
}

fn plan(name: &str, entry: &str, from: &str, to: &str) -> Plan {
    let place = name.to_lowercase();
    let document = entry.replacen(
        &format!("\"version\": \"{from}\""),
        &format!("\"version\": \"{to}\""),
        1,
    );
    of(vec![EntryChange {
        name: place.clone(),
        place,
        edit: EntryEdit::Lock(
            Box::new(Release {
                version: to.into(),
                document: document.into(),
                ..Release::default()
            }),
            None,
        ),
    }])
}
