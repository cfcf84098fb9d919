//! A package as a lockfile holds it.

use std::fmt;

use super::{Ecosystem, TreePath};
use crate::text::Span;

/// One locked package at one place. Two places of the same version are two packages here; a finding joins them.
#[derive(Debug, Clone)]
pub struct Package {
    /// The ecosystem whose advisories speak of it.
    pub ecosystem: Ecosystem,
    /// The name as written, after aliases and `replace` are resolved. Not normalised.
    pub name: Box<str>,
    /// The version as written.
    pub version: Box<str>,
    /// Where it comes from; only [`Source::Registry`] is matched.
    pub source: Source,
    /// What it is used for, where the format says so; empty where it does not.
    pub scopes: Scopes,
    /// A root asks for it by name.
    pub direct: bool,
    /// The own module that uses it, where it stands in the file of another one (Go, Maven).
    pub used_by: Option<Box<str>>,
    place: FileSpan,
    /// What a surgical edit changes.
    pub spans: Spans,
    /// What another version takes, where the usual command of the ecosystem's tool does not do it.
    pub upgrade_by: Option<Box<UpgradeBy>>,
}

/// What another version of a package takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpgradeBy {
    /// No command does it.
    Hand,
    /// A parent or BOM of a repository says the version: `groupId:artifactId version` (Maven).
    Managed(Box<str>),
    /// Another value of a property or directive with this name (Maven, Go).
    Property(Box<str>),
    /// Another version in the `replace` line of this module, with `@version` where the line is for one version alone (Go).
    Replace(Box<str>),
    /// These ask for it, not the root's manifest alone by the package's own name (npm and its like). Empty where only packages of
    /// several workspaces do (pnpm).
    Askers(Vec<Asker>),
    /// An override says that its version is in these ranges, whatever else is asked for (npm and its like).
    Overridden(Ranges),
    /// Its source is in the tree as well: the usual command, or that of `by`, and then this one (Go).
    Vendored {
        /// The command that copies it anew.
        command: &'static str,
        /// What it takes beside that.
        by: Option<Box<UpgradeBy>>,
    },
    /// What asks for it allows the versions in these ranges, in the language of its manifests.
    Within(Ranges),
}

/// Who asks for a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    /// The manifest in this folder, by the package's name; the root's is the empty one.
    Manifest(Box<str>),
    /// The manifest in this folder, by another name.
    Alias {
        /// The folder, as above.
        folder: Box<str>,
        /// The other name.
        name: Box<str>,
    },
    /// Another package (Yarn 1).
    Package,
}

impl Asker {
    /// The root's manifest, by the package's name.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self, Self::Manifest(folder) if folder.is_empty())
    }
}

/// Ranges of versions, as they are written; those that all of them allow are allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Box<str>>);

impl Ranges {
    /// Of a package for which more different ones are asked, the first ones count.
    pub const MAX: usize = 64;

    /// One range.
    #[must_use]
    pub fn of(range: &str) -> Self {
        Self(vec![range.into()])
    }

    /// Every range allows what `allows` is asked about; a range of which that is not known (`None`) does.
    #[must_use]
    pub fn all(&self, allows: impl Fn(&str) -> Option<bool>) -> bool {
        self.0.iter().all(|range| allows(range) != Some(false))
    }

    /// There are ranges, and it is known of each that it allows what `allows` is asked about.
    #[must_use]
    pub fn all_surely(&self, allows: impl Fn(&str) -> Option<bool>) -> bool {
        !self.0.is_empty() && self.0.iter().all(|range| allows(range) == Some(true))
    }

    fn with(mut self, other: Self) -> Self {
        for range in other.0 {
            self.add(&range);
        }
        self
    }

    fn add(&mut self, range: &str) {
        if self.0.len() < Self::MAX && self.0.iter().all(|known| **known != *range) {
            self.0.push(range.into());
        }
    }
}

impl UpgradeBy {
    /// What asks for it allows the version that `allows` asks about, as far as that is known.
    #[must_use]
    pub fn allows(by: Option<&Self>, allows: impl Fn(&str) -> Option<bool>) -> bool {
        match by {
            Some(Self::Within(ranges)) => ranges.all(allows),
            Some(
                Self::Askers(_)
                | Self::Hand
                | Self::Managed(_)
                | Self::Overridden(_)
                | Self::Property(_)
                | Self::Replace(_)
                | Self::Vendored { .. },
            )
            | None => true,
        }
    }

    /// What both take.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Vendored { command, by }, other) | (other, Self::Vendored { command, by }) => {
                let both = match by {
                    Some(by) => by.with(other),
                    None => other,
                };
                Self::Vendored {
                    command,
                    by: Some(Box::new(both)),
                }
            }
            (Self::Overridden(ranges), Self::Overridden(others)) => Self::Overridden(ranges.with(others)),
            (Self::Overridden(ranges), _) | (_, Self::Overridden(ranges)) => Self::Overridden(ranges),
            (Self::Hand, _) | (_, Self::Hand) => Self::Hand,
            (Self::Askers(mut askers), Self::Askers(others)) => {
                askers.extend(others);
                askers.sort_unstable();
                askers.dedup();
                Self::Askers(askers)
            }
            // Who asks for it by name decides.
            (Self::Askers(askers), Self::Within(_)) | (Self::Within(_), Self::Askers(askers)) => {
                Self::Askers(askers)
            }
            (Self::Within(ranges), Self::Within(others)) => Self::Within(ranges.with(others)),
            (Self::Property(name), Self::Property(other)) if name == other => Self::Property(name),
            (Self::Managed(name), Self::Managed(other)) if name == other => Self::Managed(name),
            (Self::Replace(old), Self::Replace(other)) if old == other => Self::Replace(old),
            (Self::Property(_) | Self::Managed(_) | Self::Replace(_), _)
            | (_, Self::Property(_) | Self::Managed(_) | Self::Replace(_)) => Self::Hand,
        }
    }
}

impl Package {
    /// A package whose version's text stands at `place`. There is no package without one.
    #[must_use]
    pub fn new(
        ecosystem: Ecosystem,
        name: impl Into<Box<str>>,
        version: impl Into<Box<str>>,
        place: FileSpan,
    ) -> Self {
        Self {
            ecosystem,
            name: name.into(),
            version: version.into(),
            source: Source::Registry(None),
            scopes: Scopes::default(),
            direct: false,
            used_by: None,
            place,
            spans: Spans::default(),
            upgrade_by: None,
        }
    }

    /// What asks for it allows the versions in `range` alone.
    pub fn asked_within(&mut self, range: &str) {
        match self.upgrade_by.as_deref_mut() {
            Some(UpgradeBy::Within(ranges)) => ranges.add(range),
            Some(_) | None => self.asked_by(UpgradeBy::Within(Ranges::of(range))),
        }
    }

    /// Another version takes `by`, beside what is known.
    pub fn asked_by(&mut self, by: UpgradeBy) {
        match &mut self.upgrade_by {
            Some(known) => {
                let before = std::mem::replace(&mut **known, UpgradeBy::Hand);
                **known = before.with(by);
            }
            None => self.upgrade_by = Some(Box::new(by)),
        }
    }

    /// Where the version's text stands.
    #[must_use]
    pub fn place(&self) -> &FileSpan {
        &self.place
    }
}

/// A span in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSpan {
    /// The file, if it is not the one that is being read (a parent pom, an included requirements file).
    pub file: Option<TreePath>,
    /// The bytes of the version's text, in the decoded text of the file.
    pub span: Span,
}

impl FileSpan {
    /// In the file that is being read.
    #[must_use]
    pub fn here(span: Span) -> Self {
        Self { file: None, span }
    }

    /// In another file of the tree.
    #[must_use]
    pub fn elsewhere(file: TreePath, span: Span) -> Self {
        Self {
            file: Some(file),
            span,
        }
    }
}

/// Further spans of an entry, in the same file as its [`FileSpan`].
#[derive(Debug, Clone, Default)]
pub struct Spans {
    /// The whole entry.
    pub entry: Option<Span>,
    /// The address or source field's value.
    pub source: Option<Span>,
    /// Integrity hashes or checksums, each value.
    pub checksums: Checksums,
    /// The list or table of its dependencies.
    pub edges: Option<Span>,
}

/// The spans of an entry's checksums, as a slice. A single one, which most entries have, takes no memory of its own.
#[derive(Debug, Clone, Default)]
pub struct Checksums(Few);

#[derive(Debug, Clone, Default)]
enum Few {
    #[default]
    None,
    One(Span),
    Many(Box<[Span]>),
}

impl std::ops::Deref for Checksums {
    type Target = [Span];

    fn deref(&self) -> &[Span] {
        match &self.0 {
            Few::None => &[],
            Few::One(span) => std::slice::from_ref(span),
            Few::Many(spans) => spans,
        }
    }
}

impl FromIterator<Span> for Checksums {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut spans = spans.into_iter();
        let few = match (spans.next(), spans.next()) {
            (None, _) => Few::None,
            (Some(one), None) => Few::One(one),
            (Some(first), Some(second)) => Few::Many([first, second].into_iter().chain(spans).collect()),
        };
        Self(few)
    }
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The ecosystem's registry or a mirror of it; the address if the lockfile records one.
    Registry(Option<String>),
    /// Another registry than the ecosystem's default one, where the format tells them apart (Cargo).
    OtherRegistry(String),
    /// A git repository: address and, if known, the commit.
    Git(String),
    /// A folder or archive inside or beside the tree.
    Path(String),
    /// An archive at an address that is no registry.
    Url(String),
}

impl Source {
    /// Advisories of the ecosystem speak of packages from here.
    #[must_use]
    pub fn is_matched(&self) -> bool {
        match self {
            Self::Registry(_) => true,
            Self::OtherRegistry(_) | Self::Git(_) | Self::Path(_) | Self::Url(_) => false,
        }
    }

    /// `registry`, `other-registry`, `git`, `path`, `url`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Registry(_) => "registry",
            Self::OtherRegistry(_) => "other-registry",
            Self::Git(_) => "git",
            Self::Path(_) => "path",
            Self::Url(_) => "url",
        }
    }
}

/// What a package is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// When the product runs.
    Runtime,
    /// Only when it is developed or tested.
    Dev,
    /// Only when it is built.
    Build,
    /// Only if an optional part is asked for.
    Optional,
}

impl Scope {
    /// Every scope, in the order in which reports list them.
    pub const ALL: [Self; 4] = [Self::Runtime, Self::Dev, Self::Build, Self::Optional];

    /// `runtime`, `dev`, `build`, `optional`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Dev => "dev",
            Self::Build => "build",
            Self::Optional => "optional",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Runtime => 1,
            Self::Dev => 2,
            Self::Build => 4,
            Self::Optional => 8,
        }
    }
}

/// A set of [`Scope`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// The set of one.
    #[must_use]
    pub fn only(scope: Scope) -> Self {
        Self(scope.bit())
    }

    /// Both sets.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Adds one.
    pub fn add(&mut self, scope: Scope) {
        self.0 |= scope.bit();
    }

    /// Holds `scope`.
    #[must_use]
    pub fn holds(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The format does not say.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.holds(*scope))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_set()
            .entries(self.iter().map(Scope::as_str))
            .finish()
    }
}
