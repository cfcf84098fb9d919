//! `.yarnrc.yml`: which registry Yarn 2 and later take packages from, and what its catalogs say.

use foldhash::HashMap;

use super::catalogs::Catalogs;
use crate::model::{Source, Tree, TreePath};
use crate::text::decode;
use crate::text::tree::Value;
use crate::text::yaml::{self, Bounds};

/// What the settings beside a lockfile say.
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) registries: Registries,
    pub(super) catalogs: Catalogs,
}

/// The registries that the settings name.
#[derive(Debug, Default)]
pub(super) struct Registries {
    all: Option<String>,
    /// By scope, with its `@`.
    scopes: HashMap<String, String>,
}

/// The settings that name a registry.
const SERVER: &str = "npmRegistryServer";

impl Settings {
    pub(super) fn of(folder: &TreePath, tree: &dyn Tree) -> Self {
        let Some(bytes) = folder.join(".yarnrc.yml").and_then(|path| tree.read(&path).ok()) else {
            return Self::default();
        };
        let decoded = decode::decode(&bytes);
        let document = yaml::read(&decoded.text, Bounds::UNTRUSTED);
        let root = document.root();
        Self {
            registries: Registries::of(root),
            catalogs: Catalogs::of_root(root),
        }
    }
}

impl Registries {
    fn of(root: Value<'_>) -> Self {
        let server = |of: Value<'_>| of.str(SERVER).map(|server| server.into_owned());
        let scopes = root.get("npmScopes").into_iter().flat_map(Value::entries);
        Self {
            all: server(root),
            scopes: scopes
                .filter_map(|(scope, value)| Some((format!("@{scope}"), server(value)?)))
                .collect(),
        }
    }

    /// Where a package called `name` comes from.
    pub(super) fn source(&self, name: &str) -> Source {
        if self.scopes.is_empty() {
            return Source::Registry(self.all.clone());
        }
        let scope = name.split_once('/').map_or("", |(scope, _)| scope);
        let of_scope = self.scopes.get(scope);
        Source::Registry(of_scope.or(self.all.as_ref()).cloned())
    }
}
