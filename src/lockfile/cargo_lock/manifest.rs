//! Which versions the `Cargo.toml` beside a lockfile asks for, and those of the members that it lists by name.
//!
//! The lockfile itself does not say. A member that only a glob or another member names is not read: then less is known.

use std::borrow::Cow;

use crate::model::{Tree, TreePath};
use crate::text::tree::Value;
use crate::text::{decode, toml};

/// At most so many members are read.
const MAX_MEMBERS: usize = 100;

/// A package that a manifest asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// The package's own name.
    pub(super) name: String,
    /// A requirement of Cargo.
    pub(super) range: String,
}

/// What the manifests in `folder` and of its members ask of registries, in no order.
pub(super) fn wishes(folder: &TreePath, tree: &dyn Tree) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let members = read(folder, tree, &mut wishes);
    for member in members.iter().take(MAX_MEMBERS) {
        if let Some(folder) = folder.join(member) {
            read(&folder, tree, &mut wishes);
        }
    }
    wishes
}

/// Adds the wishes of the manifest in `folder`, and gives the members that it lists without a glob.
fn read(folder: &TreePath, tree: &dyn Tree, wishes: &mut Vec<Wish>) -> Vec<String> {
    let path = folder.join("Cargo.toml");
    let Some(bytes) = path.and_then(|path| tree.read(&path).ok()) else {
        return Vec::new();
    };
    let decoded = decode::decode(&bytes);
    let document = toml::read(&decoded.text);
    let root = document.root();
    let workspace = root.get("workspace");
    let targets = root.get("target").into_iter().flat_map(Value::entries);
    let tables = targets
        .map(|(_, target)| target)
        .chain([root])
        .flat_map(|table| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(move |key| table.get(key))
        })
        .chain(workspace.and_then(|workspace| workspace.get("dependencies")));
    wishes.extend(
        tables
            .flat_map(Value::entries)
            .filter_map(|(key, wish)| of(key, wish)),
    );
    let members = workspace.and_then(|workspace| workspace.get("members"));
    let members = members
        .into_iter()
        .flat_map(Value::items)
        .filter_map(Value::as_str);
    members
        .filter(|member| !member.contains(['*', '?', '[']))
        .map(Cow::into_owned)
        .collect()
}

/// `key = "range"`, or a table with `version`; what comes from a folder or a repository asks no registry.
fn of(key: Cow<'_, str>, wish: Value<'_>) -> Option<Wish> {
    if ["path", "git"]
        .into_iter()
        .any(|source| wish.get(source).is_some())
    {
        return None;
    }
    Some(Wish {
        range: wish.as_str().or_else(|| wish.str("version"))?.into_owned(),
        name: wish.str("package").unwrap_or(key).into_owned(),
    })
}
