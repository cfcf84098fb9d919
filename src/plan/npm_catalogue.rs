//! What planners of npm's packages share: the releases of each, which of them may be taken, and ranges.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::{Bounds, Constraint, Known, Releases, Wish};
use crate::model::Release;
use crate::version::Scheme as _;
use crate::version::npm::Npm;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm as NpmRange;

/// What was found out of releases, for the next plan of the same lockfile with more answers.
#[derive(Debug, Default)]
pub(super) struct RatedReleases {
    /// The numbers of a package's releases, lowest first, each with whether it may be taken.
    rated: RefCell<HashMap<String, Vec<(usize, bool)>>>,
    /// Answers about ranges and versions.
    known: RefCell<HashMap<String, HashMap<String, bool>>>,
}

/// Why a step is not possible.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    /// These packages are not known yet.
    Ask(BTreeSet<String>),
    /// There is no place for a package, as long as others are where they are; why, as a sentence.
    Crowded(String),
    Blocked {
        by: Vec<Constraint>,
        reason: String,
    },
}

impl Failure {
    /// What is in the way, and why, as a sentence.
    pub(super) fn into_reason(self) -> (Vec<Constraint>, String) {
        match self {
            Self::Ask(names) => (
                Vec::new(),
                format!(
                    "Nothing is known of {}.",
                    names.into_iter().collect::<Vec<_>>().join(", ")
                ),
            ),
            Self::Crowded(reason) => (Vec::new(), reason),
            Self::Blocked { by, reason } => (by, reason),
        }
    }

    /// The same with a further sentence.
    pub(super) fn with(self, sentence: &str) -> Self {
        let (by, reason) = self.into_reason();
        Self::Blocked {
            by,
            reason: format!("{reason} {sentence}"),
        }
    }

    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self::Blocked {
            by: Vec::new(),
            reason: reason.into(),
        }
    }
}

/// A release, and whether it may be taken at all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rated<'p> {
    pub(super) release: &'p Release,
    pub(super) is_good: bool,
}

/// Which releases help.
pub(super) type Accepts<'a> = &'a dyn Fn(&Rated<'_>) -> bool;

/// The releases of packages, and what a plan may take of them.
pub(super) struct Catalogue<'p> {
    releases: &'p dyn Releases,
    pub(super) bounds: &'p Bounds<'p>,
    memory: &'p RatedReleases,
}

impl<'p> Catalogue<'p> {
    pub(super) fn new(releases: &'p dyn Releases, bounds: &'p Bounds<'p>, memory: &'p RatedReleases) -> Self {
        Self {
            releases,
            bounds,
            memory,
        }
    }

    /// The versions of a package, lowest first, each with whether it may be taken.
    pub(super) fn releases(&self, name: &str) -> Result<Vec<Rated<'p>>, Failure> {
        let releases = match self.releases.versions(name) {
            Known::Answer(releases) => releases,
            Known::NotAsked => return Err(Failure::Ask(BTreeSet::from([name.to_owned()]))),
            Known::Failed(reason) => {
                return Err(Failure::because(format!(
                    "What versions {name} has could not be learnt: {reason}."
                )));
            }
        };
        let rated = |(number, is_good): &(usize, bool)| {
            let release = releases.get(*number)?;
            Some(Rated {
                release,
                is_good: *is_good,
            })
        };
        if let Some(known) = self.memory.rated.borrow().get(name) {
            return Ok(known.iter().filter_map(rated).collect());
        }
        let mut all: Vec<(usize, bool)> = releases
            .iter()
            .enumerate()
            // One that npm cannot order has no place among the others: `3.0.0beta4` of express.
            .filter(|(_, release)| Npm.compare(&release.version, &release.version).is_ok())
            .map(|(number, release)| (number, self.is_good(name, release)))
            .collect();
        all.sort_by(
            |(left, _), (right, _)| match (releases.get(*left), releases.get(*right)) {
                (Some(left), Some(right)) => {
                    let order = Npm.compare(&left.version, &right.version);
                    order.unwrap_or(std::cmp::Ordering::Equal)
                }
                (_, _) => std::cmp::Ordering::Equal,
            },
        );
        let result = all.iter().filter_map(rated).collect();
        self.memory.rated.borrow_mut().insert(name.to_owned(), all);
        Ok(result)
    }

    /// `version` is in `range`. What is no range of versions (a tag, an address) takes no version.
    pub(super) fn in_range(&self, range: &str, version: &str) -> bool {
        let mut known = self.memory.known.borrow_mut();
        if let Some(is_in) = known.get(range).and_then(|of_range| of_range.get(version)) {
            return *is_in;
        }
        let is_in = NpmRange.contains(range, version).unwrap_or(false);
        known
            .entry(range.to_owned())
            .or_default()
            .insert(version.to_owned(), is_in);
        is_in
    }

    /// A toolchain, and which of its versions the release needs, where the project allows another.
    pub(super) fn needed_toolchain<'r>(&self, release: &'r Release) -> Option<(&'r str, &'r str)> {
        let tools = release.toolchain.iter().map(|(tool, range)| (&**tool, &**range));
        tools.into_iter().find(|(tool, range)| {
            let mut here = self.bounds.toolchain.iter().filter(|(known, _)| known == tool);
            !here.all(|(_, version)| self.in_range(range, version))
        })
    }

    /// The release may be installed, whatever affects it.
    pub(super) fn is_installable(&self, release: &Release) -> bool {
        release.retired.is_none() && self.needed_toolchain(release).is_none()
    }

    /// The release may be taken.
    pub(super) fn is_good(&self, name: &str, release: &Release) -> bool {
        self.bounds.is_old_enough(release) && self.is_clean(name, release)
    }

    /// The release may be taken to fix the package itself, however new it is.
    pub(super) fn is_clean(&self, name: &str, release: &Release) -> bool {
        self.is_installable(release) && !(self.bounds.is_affected)(name, &release.version)
    }

    /// The release ends what is wished.
    pub(super) fn fixes(&self, wish: &Wish, rated: &Rated<'_>) -> bool {
        let release = rated.release;
        rated.is_good
            || self.is_clean(&wish.name, release)
            || (wish.to.as_deref() == Some(&*release.version) && self.is_installable(release))
    }

    /// Why no version after `version` of the package `name` is taken: what keeps the lowest out that `accepts` would take.
    pub(super) fn none_later(
        &self,
        (name, version): (&str, &str),
        accepts: Accepts<'_>,
    ) -> Result<String, Failure> {
        let releases = self.releases(name)?;
        let would_help = |rated: &&Rated<'_>| {
            let later = &rated.release.version;
            let good = Rated {
                is_good: true,
                ..**rated
            };
            is_later(version, later)
                && (!Npm.is_prerelease(later) || Npm.is_prerelease(version))
                && !(self.bounds.is_affected)(name, later)
                && accepts(&good)
        };
        Ok(match releases.iter().find(would_help) {
            Some(rated) => {
                let needs = self.needed_toolchain(rated.release);
                let needs = needs.map(|(tool, range)| format!("{tool} {range}"));
                self.bounds
                    .kept_out(name, rated.release, "deprecated", needs.as_deref())
            }
            None => format!("The registry has no later version of {name} that helps."),
        })
    }

    /// Why no version of `name` in `range` is taken.
    pub(super) fn none_of(&self, name: &str, range: &str) -> Result<String, Failure> {
        let rated = self.releases(name)?;
        let too_young = |rated: &&Rated<'_>| {
            self.is_clean(name, rated.release) && self.in_range(range, &rated.release.version)
        };
        let young = rated.iter().rev().find(too_young);
        Ok(match young {
            Some(young) => self.bounds.too_new(name, young.release),
            None => format!("No version of {name} in that range may be taken."),
        })
    }
}

pub(super) fn is_later(version: &str, than: &str) -> bool {
    Npm.compare(version, than).is_ok_and(std::cmp::Ordering::is_lt)
}

/// `range` moved up to `version`, in the form that it has: `^1.2.3`, `~1.2.3` or `1.2.3`.
pub(super) fn wider(range: &str, version: &str) -> Option<String> {
    let plain = range.trim();
    let operator = plain
        .find(|character: char| character.is_ascii_digit())
        .and_then(|digit| plain.get(..digit))?;
    let rest = plain.get(operator.len()..)?;
    let is_version = rest
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'));
    match operator {
        "^" | "~" | "" | "=" | "v" if is_version => Some(format!("{operator}{version}")),
        ">=" if is_version => Some(format!("^{version}")),
        _ => None,
    }
}
