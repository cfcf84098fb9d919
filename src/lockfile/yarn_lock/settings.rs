//! `.yarnrc.yml`: which registry Yarn 2 and later take packages from.

use foldhash::HashMap;

use crate::model::{Source, Tree, TreePath};
use crate::text::decode;
use crate::text::tree::Value;
use crate::text::yaml::{self, Bounds};

/// The registries that the settings beside a lockfile name.
#[derive(Debug, Default)]
pub(super) struct Registries {
    all: Option<String>,
    /// By scope, with its `@`.
    scopes: HashMap<String, String>,
}

/// The settings that name a registry.
const SERVER: &str = "npmRegistryServer";

impl Registries {
    pub(super) fn of(folder: &TreePath, tree: &dyn Tree) -> Self {
        let Some(bytes) = folder.join(".yarnrc.yml").and_then(|path| tree.read(&path).ok()) else {
            return Self::default();
        };
        let decoded = decode::decode(&bytes);
        let document = yaml::read(&decoded.text, Bounds::STRANGER);
        let root = document.root();
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
