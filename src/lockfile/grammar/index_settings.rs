//! Indexes of Python packages that a tree names in files beside a lockfile or above it: `uv.toml`, `[tool.uv]` and the
//! `source` tables of Poetry and PDM in `pyproject.toml`, `Pipfile`, and pip's configuration (`pip.conf`, `pip.ini`, those in
//! `.pip` too).
//!
//! Which of them an installer reads hangs on what nobody sees here: `uv pip` reads the nearest `uv.toml`, else `[tool.uv]`;
//! `uv lock` takes the project's own indexes besides; pip reads its file only from a home, a virtual environment or where
//! `PIP_CONFIG_FILE` says (uv 0.13.9, pip 26.3). So all of them count, and for one thing only: that an index of theirs serves
//! the archives on its host. From which index a package comes that is asked for by name, they do not say.

use super::simple_repository::Indexes;
use crate::model::{Tree, TreePath};
use crate::text::tree::Value;
use crate::text::{decode, toml};

/// The files that name indexes.
pub const FILES: [&str; 5] = ["uv.toml", "pyproject.toml", "Pipfile", "pip.conf", "pip.ini"];

/// Folders in which pip's configuration lies.
const FOLDERS_OF_PIP: [&str; 2] = ["", ".pip"];

/// A longer file names none.
const MAX_LENGTH: usize = 1 << 20;

impl Indexes {
    /// Adds those that `tree` names in `folder` and in the folders above it.
    pub fn add_named(&mut self, folder: &TreePath, tree: &dyn Tree) {
        for folder in std::iter::once(folder.clone()).chain(folder.above()) {
            for name in FILES {
                match name {
                    "pip.conf" | "pip.ini" => {
                        for below in FOLDERS_OF_PIP {
                            let folder = folder.join(below);
                            self.read(folder.and_then(|folder| folder.join(name)), tree, Self::pip);
                        }
                    }
                    "uv.toml" => self.read(folder.join(name), tree, |indexes, text| {
                        indexes.uv(toml::read(text).root());
                    }),
                    _ => self.read(folder.join(name), tree, |indexes, text| {
                        indexes.project(toml::read(text).root());
                    }),
                }
            }
        }
    }

    fn read(&mut self, path: Option<TreePath>, tree: &dyn Tree, read: impl FnOnce(&mut Self, &str)) {
        let bytes = path.and_then(|path| tree.read(&path).ok());
        if let Some(bytes) = bytes.filter(|bytes| bytes.len() <= MAX_LENGTH) {
            read(self, &decode::decode(&bytes).text);
        }
    }

    /// `pyproject.toml`, or a `Pipfile`, whose sources stand at the top.
    fn project(&mut self, root: Value<'_>) {
        let tool = root.get("tool");
        let of = |name: &str| tool.and_then(|tool| tool.get(name));
        for table in [Some(root), of("poetry"), of("pdm")].into_iter().flatten() {
            self.tables(table.get("source"));
        }
        if let Some(uv) = of("uv") {
            self.uv(uv);
        }
    }

    /// uv's settings, and those of `uv pip` among them.
    fn uv(&mut self, settings: Value<'_>) {
        self.tables(settings.get("index"));
        for settings in [Some(settings), settings.get("pip")].into_iter().flatten() {
            for key in ["index-url", "extra-index-url"] {
                let value = settings.get(key);
                let listed = value.into_iter().flat_map(Value::items);
                let addresses = value.into_iter().chain(listed).filter_map(Value::as_str);
                addresses.for_each(|address| self.add(&address));
            }
        }
    }

    /// Tables that each name an index by its address.
    fn tables(&mut self, list: Option<Value<'_>>) {
        let tables = list.into_iter().flat_map(Value::items);
        tables
            .filter_map(|table| table.str("url"))
            .for_each(|address| self.add(&address));
    }

    /// pip's configuration, as Python's `configparser` reads it: `key = value` or `key: value` in sections, a value goes on in
    /// lines that are indented, comments have lines of their own. pip writes `-` for `_` in keys. Every section counts, since
    /// each is that of a command.
    fn pip(&mut self, text: &str) {
        let mut names_index = false;
        for line in text.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            let value = match line.starts_with([' ', '\t']) {
                true => trimmed,
                false => {
                    let (key, value) = trimmed.split_once(['=', ':']).unwrap_or_default();
                    let key = key.trim().to_ascii_lowercase().replace('_', "-");
                    names_index = matches!(key.trim_start_matches("--"), "index-url" | "extra-index-url");
                    value
                }
            };
            if names_index {
                value.split_whitespace().for_each(|address| self.add(address));
            }
        }
    }
}
