//! A project of Python as a plan sees it: what is locked, and what its own files ask for.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::lockfile::poetry_lock::constraint::allows;
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// What is locked, and for whom.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// What is locked. A name is there several times where markers tell which one is meant.
    pub pins: Vec<Pin>,
    /// What one's own files ask for.
    pub asked: Vec<Asked>,
    /// What a package needs that is not locked.
    pub others: Others,
    /// Whether markers of packages decide, or did when the file was made.
    pub platforms: Platforms,
    /// Who says which package needs which.
    pub edges: Edges,
    /// Whether the file has every extra that is asked for.
    pub extras: Extras,
    /// No version that was published later, as the project itself says.
    pub published_before: Option<Timestamp>,
    /// The versions of Python that it is for, if something says so, in the language of one's own files.
    pub python: Option<String>,
    /// On which of them everything has to run.
    pub pythons: Pythons,
    /// The language of the ranges in one's own files.
    pub language: Language,
    /// The marker of the platforms that it is for; empty for all.
    pub marker: String,
}

/// The language of ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Specifiers of PEP 440.
    #[default]
    Pep440,
    /// Poetry's constraints, which take those of PEP 440 too.
    Poetry,
}

impl Language {
    /// `version` is in `range`, which is empty for any; a range that cannot be read takes none.
    #[must_use]
    pub fn takes(self, range: &str, version: &str) -> bool {
        match self {
            Self::Pep440 => range.is_empty() || Pep440.contains(range, version).unwrap_or(false),
            Self::Poetry => allows(range, version).unwrap_or(false),
        }
    }
}

/// On which versions of Python every package has to run that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pythons {
    /// The lowest that the project is for.
    #[default]
    Lowest,
    /// All that the project is for, also those that are not released yet.
    Every,
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

/// Who says which package needs which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edges {
    /// The file, as far as it does.
    #[default]
    Written,
    /// The metadata of everything that is locked, which is asked for.
    Learnt,
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
