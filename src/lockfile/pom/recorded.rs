//! How versions are written, noted while packages are found.

use std::collections::BTreeSet;

use crate::model::{Scopes, TreePath};
use crate::text::Span;

/// What a module asks for, under every choice of profiles.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Each dependency, plugin and extension that has one version.
    pub declarations: Vec<Declaration>,
    /// What is managed at one version, jars without a classifier: there no other pom decides.
    pub managed: Vec<Declaration>,
    /// Parents and BOMs that the tree does not have.
    pub references: BTreeSet<Reference>,
}

/// A parent or BOM that the tree does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The pom that has the text of its version.
    pub file: TreePath,
    /// Where in it: the first byte and the one behind the last.
    pub at: (u32, u32),
    /// `groupId:artifactId`.
    pub name: String,
    /// The version.
    pub version: String,
}

/// A dependency, plugin or extension at its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// `groupId:artifactId`.
    pub name: String,
    /// The version, without brackets.
    pub version: String,
    /// What it is used for.
    pub scopes: Scopes,
    /// The pom whose literal that is.
    pub file: TreePath,
    /// The literal.
    pub at: Span,
    /// How it is written.
    pub form: Form,
    /// The expression that stands for the version, if one does and nothing else.
    pub asked: Option<Expression>,
}

/// An expression in place of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The pom.
    pub file: TreePath,
    /// Where in it.
    pub at: Span,
    /// As it is written.
    pub text: String,
}

/// How a version is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// Where it counts.
    Literal,
    /// As the value of a property with this name.
    Property(String),
    /// Put together of several, or as the version of a module.
    Other,
}
