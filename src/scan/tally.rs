//! How many packages there are, and how many of them were checked: each counts once, in however many files it stands.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};

use foldhash::quality::FixedState;

use super::read::Opened;
use super::unmatched::Unmatched;
use crate::ecosystem;
use crate::model::{Coverage, Ecosystem, Package};

/// The packages of one lockfile, counted whether or not there is an index.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// A number for each package that is matched.
    checked: Vec<u64>,
    /// A number for each package of an ecosystem that the index has nothing of, where that is no blind spot.
    unknown: Vec<u64>,
    /// The packages that are not.
    pub(super) unmatched: Vec<Unmatched>,
}

impl Listed {
    /// The packages of `opened`, of which `is_unknown` says what the index has nothing of.
    pub(super) fn of(opened: &Opened<'_>, is_unknown: impl Fn(&Ecosystem) -> bool) -> Self {
        let mut listed = Self {
            checked: Vec::with_capacity(opened.parsed.graph.nodes().len()),
            unknown: Vec::new(),
            unmatched: Vec::new(),
        };
        for (_, package) in opened.parsed.graph.packages() {
            // Wherever it comes from.
            if ecosystem::has_no_advisories(&package.ecosystem) && is_unknown(&package.ecosystem) {
                listed.unknown.push(number(package));
                continue;
            }
            match Unmatched::of(opened, package) {
                None if is_unknown(&package.ecosystem) => listed.unknown.push(number(package)),
                None => listed.checked.push(number(package)),
                Some(unmatched) => listed.unmatched.push(unmatched),
            }
        }
        listed
    }
}

/// Distinct packages of a target or a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    checked: Vec<u64>,
    unchecked: Vec<u64>,
    /// Dependencies without an exact version.
    open: usize,
}

impl Tally {
    /// Adds the packages of a file that are matched, and those that nothing is known of.
    pub(super) fn add(&mut self, listed: &Listed) {
        self.checked.extend(&listed.checked);
        self.unchecked.extend(&listed.unknown);
    }

    /// Adds a package that is the policy's own: no advisory speaks of it, and none has to.
    pub(super) fn add_own(&mut self, package: &Unmatched) {
        self.checked.push(of_unmatched(package));
    }

    /// Adds a package that is not matched.
    pub(super) fn add_unmatched(&mut self, package: &Unmatched) {
        self.unchecked.push(of_unmatched(package));
    }

    /// Adds the dependencies of a target of which it is not known what they resolve to, as [`super::gap_number`] numbers them.
    pub(super) fn add_open(&mut self, mut open: Vec<u64>) {
        distinct(&mut open);
        self.open = self.open.saturating_add(open.len());
    }

    /// Adds everything of `other`.
    pub(super) fn join(&mut self, other: Self) {
        for (own, others) in [
            (&mut self.checked, other.checked),
            (&mut self.unchecked, other.unchecked),
        ] {
            match own.is_empty() {
                true => *own = others,
                false => own.extend(others),
            }
        }
        self.open = self.open.saturating_add(other.open);
    }

    /// Distinct packages; of them those that were checked; dependencies that were not, those without an exact version among
    /// them. Without an index nothing was checked.
    pub(super) fn counts(&mut self, has_index: bool) -> Counts {
        distinct(&mut self.checked);
        distinct(&mut self.unchecked);
        let (checked, unchecked) = (self.checked.len(), self.unchecked.len());
        let packages = checked.saturating_add(unchecked);
        let checked = if has_index { checked } else { 0 };
        Counts {
            packages,
            checked,
            unchecked: packages.saturating_sub(checked).saturating_add(self.open),
        }
    }
}

/// Leaves each of `numbers` once, without memory for a second list of them.
fn distinct(numbers: &mut Vec<u64>) {
    numbers.sort_unstable();
    numbers.dedup();
}

/// What [`Tally::counts`] gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) packages: usize,
    pub(super) checked: usize,
    pub(super) unchecked: usize,
}

impl Counts {
    /// Writes them into `coverage`.
    pub(super) fn put_into(self, coverage: &mut Coverage) {
        coverage.packages = self.packages;
        coverage.checked = self.checked;
        coverage.unchecked = self.unchecked;
    }
}

fn number(package: &Package) -> u64 {
    let Package {
        ecosystem,
        name,
        version,
        ..
    } = package;
    hashed(ecosystem, name, version, None)
}

fn of_unmatched(package: &Unmatched) -> u64 {
    // The same name and version from elsewhere is another package.
    let origin = package.address().unwrap_or_default();
    hashed(
        package.ecosystem(),
        package.name(),
        package.version(),
        Some(origin),
    )
}

/// The same number for the same package, and in every run.
fn hashed(ecosystem: &Ecosystem, name: &str, version: &str, origin: Option<&str>) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    ecosystem.as_str().hash(&mut hasher);
    ecosystem::normalise(ecosystem, name).hash(&mut hasher);
    version.hash(&mut hasher);
    origin.hash(&mut hasher);
    hasher.finish()
}
