//! The members of a workspace of Deno, and what they ask for.

use foldhash::HashSet;

use super::tables::{Tables, split};
use crate::model::{Tree, TreePath};
use crate::text::tree::{Document, Value};
use crate::text::{decode, json};

/// A member of the workspace, the root among them.
pub(super) struct Member<'d> {
    /// Its name; without a `package.json` that has one, its folder.
    pub(super) name: String,
    /// The specifiers that it names, and whether its `package.json` does.
    pub(super) asks: Vec<(Value<'d>, bool)>,
    /// Names that its `package.json` has under `devDependencies` alone.
    pub(super) dev: HashSet<String>,
}

pub(super) struct Members<'d> {
    pub(super) list: Vec<Member<'d>>,
}

impl<'d> Members<'d> {
    pub(super) fn of(parts: &Tables<'d>, folder: &TreePath, tree: &dyn Tree) -> Self {
        let mut list = Vec::new();
        list.extend(parts.workspace.map(|root| member(root, "", folder, tree)));
        if list.is_empty() {
            list.push(Member {
                name: String::new(),
                asks: Vec::new(),
                dev: HashSet::default(),
            });
        }
        let members = parts.workspace.and_then(|workspace| workspace.get("members"));
        for (path, value) in members.into_iter().flat_map(Value::entries) {
            list.push(member(value, &path, folder, tree));
        }
        Self { list }
    }
}

fn member<'d>(value: Value<'d>, path: &str, folder: &TreePath, tree: &dyn Tree) -> Member<'d> {
    let of_manifest = value.get("packageJson").and_then(|it| it.get("dependencies"));
    let lists = [(value.get("dependencies"), false), (of_manifest, true)];
    let asks = lists
        .into_iter()
        .flat_map(|(list, of_manifest)| {
            let items = list.into_iter().flat_map(Value::items);
            items.map(move |item| (item, of_manifest))
        })
        .collect();
    let inside = match path {
        "" => Some(folder.clone()),
        path => folder.join(path),
    };
    let read = |name: &str| {
        let bytes = tree.read(&inside.as_ref()?.join(name)?).ok()?;
        Some(decode::decode(&bytes).text.into_owned())
    };
    let mut name = path.to_owned();
    let mut dev = HashSet::default();
    if let Some(text) = read("package.json") {
        let document = json::read(&text);
        let root = document.root();
        name = own_name(&document).unwrap_or(name);
        let names = |field: &str| -> HashSet<String> {
            let table = root.get(field).into_iter().flat_map(Value::entries);
            // Its real name, which is what Deno writes.
            table
                .filter_map(|(name, range)| {
                    let range = range.as_str()?;
                    let alias = range.strip_prefix("npm:").map(|alias| split(alias).0.to_owned());
                    Some(alias.unwrap_or_else(|| name.into_owned()))
                })
                .collect()
        };
        let ships: HashSet<String> = names("dependencies");
        let optional: HashSet<String> = names("optionalDependencies");
        dev = names("devDependencies");
        dev.retain(|name| !ships.contains(name) && !optional.contains(name));
    }
    for file in ["deno.json", "deno.jsonc"] {
        if let Some(text) = read(file) {
            name = own_name(&json::read(&text)).unwrap_or(name);
        }
    }
    Member { name, asks, dev }
}

fn own_name(document: &Document<'_>) -> Option<String> {
    let name = document.root().str("name")?;
    (!name.is_empty()).then(|| name.into_owned())
}
