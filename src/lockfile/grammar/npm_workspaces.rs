//! `workspaces` of a `package.json` (npm, Yarn, Bun): globs of folders that are modules of our own.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::text::Span;
use crate::text::tree::Value;

/// More globs than this are not read; a folder that only they match counts as a package with a path.
const MAX_GLOBS: usize = 1_000;

/// More globs with a wildcard than this are not read: each is tried on every folder.
const MAX_WILD: usize = 100;

/// A longer glob is not read.
const MAX_GLOB_LENGTH: usize = 512;

/// A glob with more wildcards is not read.
const MAX_WILDCARDS: usize = 8;

/// Which folders are workspaces. A `!` takes out again what globs before it took in.
#[derive(Debug)]
pub struct Workspaces {
    globs: GlobSet,
    takes_out: Vec<bool>,
    /// The first glob that is not read.
    pub cut: Option<Span>,
}

impl Workspaces {
    /// Reads the field: a list, or an object with the list under `packages`.
    #[must_use]
    pub fn of(field: Option<Value<'_>>) -> Self {
        let mut set = GlobSetBuilder::new();
        let mut takes_out = Vec::new();
        let list = field.map(|field| field.get("packages").unwrap_or(field));
        let mut cut = None;
        let mut wild = 0_usize;
        for (number, item) in list.into_iter().flat_map(Value::items).enumerate() {
            let Some(text) = item.as_str() else {
                continue;
            };
            let wildcards = text
                .bytes()
                .filter(|byte| matches!(byte, b'*' | b'?' | b'[' | b'{' | b','))
                .count();
            wild = wild.saturating_add(usize::from(wildcards > 0));
            if number >= MAX_GLOBS
                || text.len() > MAX_GLOB_LENGTH
                || wildcards > MAX_WILDCARDS
                || (wildcards > 0 && wild > MAX_WILD)
            {
                cut.get_or_insert(item.span());
                continue;
            }
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
            cut,
        }
    }

    /// The folder at `path` is a workspace.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        let last = self.globs.matches(path).into_iter().max();
        last.is_some_and(|last| self.takes_out.get(last) == Some(&false))
    }
}
