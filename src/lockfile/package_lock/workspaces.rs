//! The root's `workspaces`: globs of folders that are modules of our own.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::text::tree::Value;

/// More globs than this are not read; a folder that only they match counts as a package with a path.
const MAX_GLOBS: usize = 1_000;

/// A longer glob is not read.
const MAX_GLOB_LENGTH: usize = 512;

/// Which folders are workspaces. A `!` takes out again what globs before it took in.
pub(super) struct Workspaces {
    globs: GlobSet,
    takes_out: Vec<bool>,
}

impl Workspaces {
    /// Reads the field: a list, or an object with the list under `packages`.
    pub(super) fn of(field: Option<Value<'_>>) -> Self {
        let mut set = GlobSetBuilder::new();
        let mut takes_out = Vec::new();
        let list = field.map(|field| field.get("packages").unwrap_or(field));
        for item in list.into_iter().flat_map(Value::items).take(MAX_GLOBS) {
            let Some(text) = item.as_str().filter(|text| text.len() <= MAX_GLOB_LENGTH) else {
                continue;
            };
            let (negated, glob) = match text.strip_prefix('!') {
                Some(glob) => (true, glob),
                None => (false, text.as_ref()),
            };
            let glob = glob.trim_start_matches("./").trim_matches('/');
            if let Ok(glob) = GlobBuilder::new(glob).literal_separator(true).build() {
                set.add(glob);
                takes_out.push(negated);
            }
        }
        Self {
            globs: set.build().unwrap_or_default(),
            takes_out,
        }
    }

    /// The folder at `path` is a workspace.
    pub(super) fn hold(&self, path: &str) -> bool {
        let last = self.globs.matches(path).into_iter().max();
        last.is_some_and(|last| self.takes_out.get(last) == Some(&false))
    }
}
