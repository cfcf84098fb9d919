//! Plans: the fewest packages of one lockfile that have to move so that findings end.
//!
//! Pure: a planner takes the packages of a lockfile, what registries answered, and what it may do. Where an answer is
//! missing it says which ([`Step::Ask`]); whoever asks registries asks for these and plans again. A plan is the same on every run.
//!
//! The order of means, and the first that helps is taken:
//!
//! 1. a version that everything that needs the package accepts: the lowest that no known advisory affects;
//! 2. the nearest dependent that can be upgraded so far that it accepts one;
//! 3. another range in a manifest of one's own, where that is allowed;
//! 4. a manifest of one's own that overrides what other packages ask for, where that is allowed.
//!
//! What none of them ends is [`Blocked`], with every range that is in the way.

pub mod actions;
pub mod bundler;
pub mod cargo;
pub mod composer;
mod failure;
pub mod go;
pub mod lines;
pub mod maven;
pub mod npm;
mod npm_catalogue;
pub mod npm_graph;
mod proposal;
pub mod python;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::lockfile::cargo_lock::locked::CrateId;
use crate::model::{Query, Release, SharedStr};
use crate::version::Distance;

pub use proposal::{Edited, LockfilePlan, Progress, Proposal, PullRequest};

/// What registries answered.
pub trait Releases {
    /// What is known of the versions of the package called `name`.
    fn versions(&self, name: &str) -> Known<'_, [Release]>;

    /// What is known of what `version` of the package `name` needs, where the list of versions does not say it.
    fn metadata(&self, name: &str, version: &str) -> Known<'_, Release>;

    /// What is known of what only the archive of `version` of the package `name` tells.
    fn archive(&self, name: &str, version: &str) -> Known<'_, Release>;

    /// What is known of when `version` of the package `name` was published, where the list of versions does not say it.
    fn time(&self, name: &str, version: &str) -> Known<'_, Release> {
        let _ = (name, version);
        Known::Failed("the list of versions says it, or nothing does")
    }

    /// What is known of what a public log says of the hashes of `version` of the package `name`.
    fn proof(&self, name: &str, version: &str) -> Known<'_, Release> {
        let _ = (name, version);
        Known::Failed("no public log is asked")
    }
}

/// What is known.
#[derive(Debug)]
pub enum Known<'r, T: ?Sized> {
    /// What a registry answered.
    Answer(&'r T),
    /// Nobody has asked yet: the plan says that it has to know it.
    NotAsked,
    /// It could not be learnt, and why.
    Failed(&'r str),
}

/// What a plan may do.
pub struct Bounds<'b> {
    /// A known advisory affects this version of the package of that name.
    pub is_affected: &'b dyn Fn(&str, &str) -> bool,
    /// No version that was published later, but where it fixes the package itself ([`Bounds::is_old_enough`]); `None` for no
    /// such bound.
    pub published_before: Option<Timestamp>,
    /// The toolchains that every package has to run on: `node` and a version of it.
    pub toolchain: &'b [(String, String)],
    /// How far a package may go that a manifest of one's own asks for.
    pub level: Distance,
    /// What may change in manifests of one's own.
    pub manifests: Manifests,
    /// A plan that fulfils one wish less is of no use: where one is blocked, the plan need say no more than that.
    pub all_or_nothing: bool,
}

impl Bounds<'_> {
    /// The release may be taken for something that is not fixed by it: it was published long enough ago.
    #[must_use]
    pub fn is_old_enough(&self, release: &Release) -> bool {
        self.published_before
            .is_none_or(|bound| release.published.is_some_and(|published| published <= bound))
    }

    /// Why `release` of the package `name`, which would help and which no advisory affects, is not taken, as a sentence.
    /// `withdrawn` is the ecosystem's word for what is to be taken no more, and `needs` a toolchain that is later than the one that the project asks for.
    fn kept_out(&self, name: &str, release: &Release, withdrawn: &str, needs: Option<&str>) -> String {
        let why = match (&release.retired, needs) {
            (Some(_), _) => format!("is {withdrawn}"),
            (None, Some(needs)) => format!("needs {needs}, more than the project asks for"),
            (None, None) => match release.published {
                Some(_) => "is younger than `min-release-age` of the policy allows".to_owned(),
                None => "the registry does not say when it was published, which `min-release-age` asks for"
                    .to_owned(),
            },
        };
        format!("{name} {} would help, and {why}.", release.version)
    }

    /// Why `release` of the package `name`, which nothing but its age keeps out, is not taken.
    fn too_new(&self, name: &str, release: &Release) -> String {
        match release.published {
            Some(_) => format!(
                "{name} {} is younger than `min-release-age` of the policy allows, and no older version in that range may be taken.",
                release.version
            ),
            None => format!(
                "The registry does not say when the versions of {name} were published, and `min-release-age` of the policy asks for it."
            ),
        }
    }
}

/// What may change in manifests of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manifests {
    /// Ranges.
    Change,
    /// They may override what other packages ask for; their own ranges stay.
    Override,
    /// Both.
    ChangeAndOverride,
    /// Nothing.
    Keep,
}

impl Manifests {
    /// Ranges may change.
    #[must_use]
    pub fn change_ranges(self) -> bool {
        matches!(self, Self::Change | Self::ChangeAndOverride)
    }

    /// They may override what other packages ask for.
    #[must_use]
    pub fn add_overrides(self) -> bool {
        matches!(self, Self::Override | Self::ChangeAndOverride)
    }
}

/// A version that is to leave a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    /// The package's name.
    pub name: String,
    /// The locked version.
    pub version: String,
    /// The version that ends most of its findings, if there is one.
    pub to: Option<String>,
    /// Ids of the advisories that another version ends.
    pub fixes: Vec<String>,
    /// Ids of those that no version ends: what needs the package has to do without it.
    pub without: Vec<String>,
}

impl Wish {
    /// The wish that the package leaves, and nothing else; `None` where another version is all that is wished.
    #[must_use]
    pub fn leaving(&self) -> Option<Self> {
        (!self.without.is_empty()).then(|| Self {
            to: None,
            fixes: self.without.clone(),
            ..self.clone()
        })
    }

    /// `blocked` says why the package cannot leave.
    #[must_use]
    pub fn is_leaving(&self, blocked: &Blocked) -> bool {
        !self.without.is_empty()
            && (&self.name, &self.version, &self.without) == (&blocked.name, &blocked.version, &blocked.fixes)
    }

    /// Another version of the package is wished.
    #[must_use]
    pub fn is_for_another(&self) -> bool {
        !self.fixes.is_empty()
    }

    /// Ids of all of its advisories.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.ended(None)
    }

    /// Ids of the advisories that end if the package is to be `to` from now on, or to leave.
    fn ended(&self, to: Option<&String>) -> Vec<String> {
        let without = self.without.iter().filter(|_| to.is_none());
        self.fixes.iter().chain(without).cloned().collect()
    }
}

/// What a planner says.
#[derive(Debug)]
pub enum Step {
    /// It has to know this.
    Ask(BTreeSet<Query>),
    /// It is done.
    Done(Plan),
}

/// What is to change in one lockfile, and what cannot be fixed.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Upgrades of packages with findings.
    pub moves: Vec<Move>,
    /// What else comes in, moves or leaves because of them.
    pub collateral: Vec<Collateral>,
    /// Ranges in manifests of one's own that change.
    pub ranges: Vec<NewRange>,
    /// What manifests of one's own override from now on.
    pub overrides: Vec<NewOverride>,
    /// What stays as it is.
    pub blocked: Vec<Blocked>,
    /// The entries of the lockfile that change, by place.
    pub entries: Vec<EntryChange>,
    /// The folders of one's own manifests, from that of the lockfile, where that may not list them.
    pub manifests: Vec<String>,
}

impl Plan {
    /// Adds what keeps one place of a version to what is known of the others.
    fn block(&mut self, wish: &Wish, by: Vec<Constraint>, reason: String) {
        let mut known = self.blocked.iter_mut();
        match known.find(|known| {
            (&known.name, &known.version, &known.fixes) == (&wish.name, &wish.version, &wish.fixes)
        }) {
            Some(known) => {
                let further: Vec<Constraint> = by.into_iter().filter(|one| !known.by.contains(one)).collect();
                known.by.extend(further);
            }
            None => self.blocked.push(Blocked {
                name: wish.name.clone(),
                version: wish.version.clone(),
                fixes: wish.fixes.clone(),
                by,
                reason,
            }),
        }
    }
}

/// An upgrade that ends findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The package's name.
    pub name: String,
    /// The locked version.
    pub from: String,
    /// The new one; `None` where nothing needs the package any more.
    pub to: Option<String>,
    /// Which of the means it is.
    pub strategy: Strategy,
    /// Ids of the advisories that it ends.
    pub fixes: Vec<String>,
    /// When the new version was published, if the registry says.
    pub published: Option<Timestamp>,
}

/// The means of a move, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strategy {
    /// Inside the ranges of everything that needs it.
    InRange,
    /// A dependent moves too, and accepts it then.
    Parent,
    /// A manifest of one's own asks for another range.
    Manifest,
    /// A manifest of one's own overrides what others ask for.
    Override,
}

impl Strategy {
    /// `in_range`, `parent`, `manifest`, `override`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InRange => "in_range",
            Self::Parent => "parent",
            Self::Manifest => "manifest",
            Self::Override => "override",
        }
    }
}

/// A package that changes because of a move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collateral {
    /// The package's name.
    pub name: String,
    /// The locked version; `None` for one that comes in.
    pub from: Option<String>,
    /// The new version; `None` for one that leaves.
    pub to: Option<String>,
}

/// A range in a manifest of one's own that changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewRange {
    /// The folder of the manifest, from that of the lockfile; empty for that itself.
    pub folder: String,
    /// The name of the manifest: `package.json`.
    pub file: String,
    /// The dependency as the manifest calls it.
    pub name: String,
    /// What it asks for.
    pub from: String,
    /// What it is to ask for.
    pub to: String,
}

impl NewRange {
    /// The manifest, from the folder of the lockfile.
    #[must_use]
    pub fn manifest(&self) -> String {
        match self.folder.as_str() {
            "" => self.file.clone(),
            folder => format!("{folder}/{}", self.file),
        }
    }
}

/// An override that a manifest of one's own gets, or that changes there: what other packages ask for does not count any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewOverride {
    /// The manifest, from the folder of the lockfile.
    pub manifest: String,
    /// Only for what this package needs, and what that needs; `None` for everything.
    pub under: Option<String>,
    /// The package.
    pub name: String,
    /// What the manifest overrides it with today; `None` for a new override.
    pub from: Option<String>,
    /// What is asked for instead.
    pub to: String,
}

/// `package.json overrides qs with ^6.5.3`, `package.json overrides qs with ^6.5.3 instead of ^6.5.2`.
impl std::fmt::Display for NewOverride {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} overrides {} with {}",
            self.manifest, self.name, self.to
        )?;
        if let Some(from) = &self.from {
            write!(formatter, " instead of {from}")?;
        }
        match &self.under {
            Some(under) => write!(formatter, " for {under}"),
            None => Ok(()),
        }
    }
}

/// An entry of the lockfile that changes.
#[derive(Debug, Clone)]
pub struct EntryChange {
    /// Its place: the key for npm.
    pub place: String,
    /// The package's own name.
    pub name: String,
    /// What is done with it.
    pub edit: EntryEdit,
}

/// What is done with an entry.
#[derive(Debug, Clone)]
pub enum EntryEdit {
    /// It locks this release; with flags where those differ from before.
    Lock(Box<Release>, Option<Flags>),
    /// Only its flags change.
    Flags(Flags),
    /// It changes as formats like this one alone do.
    Own(OwnEdit),
    /// It leaves.
    Drop,
}

/// What is done with an entry in formats of one kind.
#[derive(Debug, Clone)]
pub enum OwnEdit {
    /// It is one of Python, and changes so.
    Pin(Box<python::PinChange>),
    /// A line of `go.mod` or `go.sum`.
    Go(go::GoEdit),
    /// A text of a pom becomes another.
    Pom(Box<maven::PomEdit>),
    /// It leads from descriptors to a version.
    Resolve(Box<ResolutionEdit>),
    /// What it needs leads to other versions, or it is new.
    Lead(Box<LeadEdit>),
    /// It is a package of Cargo that is to be this.
    Crate(Box<CrateEdit>),
}

/// What is asked for: a package by the name that the dependent has for it, and a range as the dependent writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Descriptor {
    /// The name.
    pub name: SharedStr,
    /// The range, without a protocol that stands for no other; `npm:other@^1` for another package by that name.
    pub range: SharedStr,
    /// The version that the lockfile has for it, where the lockfile may have several for one name and range: it distinguishes them; else
    /// empty.
    pub led: SharedStr,
}

impl Descriptor {
    /// The name and the range of what is asked for.
    pub fn new(name: impl Into<SharedStr>, range: impl Into<SharedStr>) -> Self {
        Self {
            name: name.into(),
            range: range.into(),
            led: SharedStr::default(),
        }
    }
}

impl std::fmt::Display for Descriptor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}@{}", self.name, self.range)
    }
}

/// An entry of a lockfile that says which version descriptors lead to, as it is to be.
#[derive(Debug, Clone)]
pub struct ResolutionEdit {
    /// What leads to it.
    pub descriptors: BTreeSet<Descriptor>,
    /// The version.
    pub version: String,
    /// What its registry says of that; `None` where the version is locked already.
    pub release: Option<Release>,
    /// What that says of the version in whose place it comes, or of another that is locked.
    pub before: Option<Release>,
}

/// What a package, or a manifest of one's own, needs leads to these versions.
#[derive(Debug, Clone, Default)]
pub struct LeadEdit {
    /// What its registry says of a package that is new to the lockfile.
    pub release: Option<Release>,
    /// What leads to another version than before; all that a new package needs.
    pub leads: Vec<Lead>,
}

/// What a dependent asks for under one name leads to a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lead {
    /// The name that the dependent has for it.
    pub name: String,
    /// The version that was locked; empty for what is new.
    pub from: String,
    /// The package's own name.
    pub package: String,
    /// The version that is to be locked.
    pub to: String,
    /// What is asked for; empty where anything will do.
    pub range: String,
}

/// A package of a `Cargo.lock` as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrateEdit {
    /// Which package it locks.
    pub id: CrateId,
    /// What it needs.
    pub needs: BTreeSet<CrateId>,
    /// What its registry says of the version; `None` for what comes from none.
    pub release: Option<Release>,
    /// The folder of its manifest, from that of the lockfile, where it is one's own.
    pub folder: Option<String>,
}

/// Why a package is installed, as npm writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// Only for development.
    pub dev: bool,
    /// Only for what is optional.
    pub optional: bool,
    /// For development and for what is optional, and for nothing else.
    pub dev_optional: bool,
    /// Only because something expects it beside itself.
    pub peer: bool,
}

/// A version with findings that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// The package's name.
    pub name: String,
    /// The locked version.
    pub version: String,
    /// Ids of the advisories that stay.
    pub fixes: Vec<String>,
    /// What is in the way.
    pub by: Vec<Constraint>,
    /// Why, as a sentence.
    pub reason: String,
}

/// A range that keeps a fixed version out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Constraint {
    /// What needs the package: `markdownlint-cli 0.49.0`, `package.json`.
    pub dependent: String,
    /// The package as it calls it.
    pub name: String,
    /// The range.
    pub range: String,
}

impl std::fmt::Display for Constraint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} needs {} {}", self.dependent, self.name, self.range)
    }
}
