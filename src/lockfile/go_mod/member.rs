//! What a `go.mod` of a workspace brings into the selection of versions.

use super::directives::Directives;
use super::syntax::Word;
use crate::model::TreePath;
use crate::text::Span;

/// A module that a workspace uses, or a folder that replaces a module.
#[derive(Debug)]
pub(super) struct Member {
    /// Its `go.mod`.
    pub(super) path: TreePath,
    /// The module's path.
    pub(super) name: String,
    /// The version of its `go` line.
    pub(super) go: Option<String>,
    /// What it requires.
    pub(super) requires: Vec<Required>,
    /// What no requirement may name: module and version.
    pub(super) excludes: Vec<(String, String)>,
}

/// A requirement, and where it stands in its `go.mod`.
#[derive(Debug, Clone)]
pub(super) struct Required {
    pub(super) path: String,
    pub(super) version: String,
    /// The version.
    pub(super) span: Span,
    /// The whole line.
    pub(super) entry: Span,
}

impl Member {
    /// The module whose `go.mod` at `path` reads as `directives`.
    pub(super) fn new(path: TreePath, directives: &Directives<'_>) -> Self {
        let text = |word: &Word<'_>| word.text.to_string();
        Self {
            path,
            name: directives.module.as_ref().map(text).unwrap_or_default(),
            go: directives.go.as_ref().map(text),
            requires: directives
                .requires
                .iter()
                .map(|require| Required {
                    path: text(&require.path),
                    version: text(&require.version),
                    span: require.version.span,
                    entry: require.span,
                })
                .collect(),
            excludes: directives
                .excludes
                .iter()
                .map(|exclude| (text(&exclude.path), text(&exclude.version)))
                .collect(),
        }
    }
}
