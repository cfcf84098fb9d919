//! A tree with some files exchanged.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Contents, Derivation, Derived, Tree, TreePath, Unread};
use crate::plan::Edited;

/// A tree in which edited files have their new text.
pub struct Overlay {
    below: Box<dyn Tree + Send>,
    files: BTreeMap<TreePath, Arc<[u8]>>,
}

impl Overlay {
    /// `below` with the texts of `edited`.
    #[must_use]
    pub fn new<'e>(below: Box<dyn Tree + Send>, edited: impl IntoIterator<Item = &'e Edited>) -> Self {
        let files = edited.into_iter();
        Self {
            below,
            files: files
                .map(|file| (file.path.clone(), file.after.as_bytes().into()))
                .collect(),
        }
    }
}

impl Tree for Overlay {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        match self.files.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.below.read(path),
        }
    }

    fn derived(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        match self.files.get(path) {
            Some(bytes) => Ok(how.derive(path, bytes)),
            None => self.below.derived(path, how),
        }
    }

    fn holds(&self, path: &TreePath) -> bool {
        self.files.contains_key(path) || self.below.holds(path)
    }

    fn contents(&self, path: &TreePath) -> Option<Contents> {
        self.below.contents(path)
    }

    fn submodule(&self, path: &TreePath) -> Option<String> {
        self.below.submodule(path)
    }

    fn leads_to(&self, path: &TreePath) -> Option<TreePath> {
        self.below.leads_to(path)
    }

    fn is_scanned(&self, path: &TreePath, format: &str) -> bool {
        self.below.is_scanned(path, format)
    }

    fn is_left_out(&self, path: &TreePath) -> bool {
        self.below.is_left_out(path)
    }

    fn published(&self, by: &TreePath, group: &str, artifact: &str, version: &str) -> Option<TreePath> {
        self.below.published(by, group, artifact, version)
    }

    fn is_above(&self, name: &[u8]) -> bool {
        self.below.is_above(name)
    }
}
