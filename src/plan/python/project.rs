//! A project of Python as a plan sees it: what is locked, and what its own files ask for.

use std::collections::BTreeSet;

use jiff::Timestamp;

/// What is locked, and for whom.
#[derive(Debug, Default)]
pub struct Project {
    /// What is locked. A name is there several times where markers tell which one is meant.
    pub pins: Vec<Pin>,
    /// What one's own files ask for.
    pub asked: Vec<Asked>,
    /// What a package needs that is not locked.
    pub others: Others,
    /// Whether markers of packages decide, or did when the file was made.
    pub platforms: Platforms,
    /// Whether the file has every extra that is asked for.
    pub extras: Extras,
    /// No version that was published later, as the project itself says.
    pub published_before: Option<Timestamp>,
    /// The versions of Python that it is for, if something says so.
    pub python: Option<String>,
    /// The marker of the platforms that it is for; empty for all.
    pub marker: String,
}

/// What is done about a package that is needed and not locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Others {
    /// Everything that is needed is locked: it comes in.
    #[default]
    ComeIn,
    /// The file lists only what somebody wrote down: the installer finds it.
    AreFound,
}

/// Whether a lockfile has every extra that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extras {
    /// It has.
    #[default]
    Written,
    /// Tools may have left them out.
    PerhapsNot,
}

/// For which platforms everything that is needed is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Platforms {
    /// For all: a marker says where a package is meant.
    #[default]
    All,
    /// For one that is not named: what its markers left out is not locked.
    One,
}

/// A locked version.
#[derive(Debug, Clone, Default)]
pub struct Pin {
    /// Where it stands; no two have one place.
    pub place: String,
    /// The name, normalised.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// The marker of the environments in which it is meant; empty for all.
    pub marker: String,
    /// The extras that are asked for, normalised, as far as the file says.
    pub extras: BTreeSet<String>,
    /// Names of the packages that need it; `None` where the file does not say.
    pub needed_by: Option<BTreeSet<String>>,
    /// A file of one's own asks for it.
    pub is_asked: bool,
    /// Why it cannot be exchanged.
    pub fixed: Option<&'static str>,
}

/// What one's own file asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The file, from the folder of the lockfile: `requirements.in`.
    pub file: String,
    /// The name, normalised.
    pub name: String,
    /// The name as the file spells it.
    pub written: String,
    /// What the version must be; empty for any.
    pub range: String,
    /// Its marker; empty for none.
    pub marker: String,
}
