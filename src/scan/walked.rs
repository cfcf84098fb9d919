//! A tree whose scan is known: which of its files are read on their own.

use std::sync::Arc;

use super::discovered::DiscoveredTree;
use super::reader::Reader;
use crate::model::tree::Contents;
use crate::model::{Derivation, Derived, Tree, TreePath, Unread};

/// The tree of what was found. A file that the scan leaves out (it is ignored, excluded, or one file alone was asked for)
/// is read where another one includes it.
pub(super) struct Walked<'f>(pub(super) &'f DiscoveredTree);

impl Tree for Walked<'_> {
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
        self.0.tree.read(path)
    }

    fn derived(&self, path: &TreePath, how: &'static dyn Derivation) -> Result<Derived, Unread> {
        self.0.tree.derived(path, how)
    }

    fn holds(&self, path: &TreePath) -> bool {
        self.0.tree.holds(path)
    }

    fn contents(&self, path: &TreePath) -> Option<Contents> {
        self.0.tree.contents(path)
    }

    fn submodule(&self, path: &TreePath) -> Option<String> {
        self.0.tree.submodule(path)
    }

    fn published(&self, by: &TreePath, group: &str, artifact: &str, version: &str) -> Option<TreePath> {
        self.0.tree.published(by, group, artifact, version)
    }

    fn is_above(&self, name: &[u8]) -> bool {
        self.0.tree.is_above(name)
    }

    fn is_scanned(&self, path: &TreePath, format: &str) -> bool {
        match self.0.files.get(path) {
            Some(Reader::Format(reader)) => reader.name() == format,
            Some(Reader::Unsupported(_)) | None => false,
        }
    }

    fn is_left_out(&self, path: &TreePath) -> bool {
        self.0.only.is_some() || self.0.is_excluded(path)
    }
}
