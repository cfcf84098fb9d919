//! Questions about markers that others than the planner have: whether they may hold somewhere at once, and whether they are the same.

use super::environments::{Environments, Set};
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// The environments that a lockfile is for.
pub struct Sample {
    environments: Environments,
    everywhere: Set,
}

impl Sample {
    /// Those with a Python in the range `python` where `marker` holds. What is asked about later is distinguished by releases of Python as
    /// far as `markers` name them.
    pub fn of<'m>(markers: impl Iterator<Item = &'m str>, python: &str, marker: &str) -> Self {
        let environments = Environments::of(markers);
        let takes = |version: &str| python.is_empty() || Pep440.contains(python, version).unwrap_or(true);
        let everywhere = environments
            .of_marker(marker, [])
            .and(&environments.of_pythons_that(takes));
        let everywhere = match everywhere.is_empty() {
            true => environments.all(),
            false => everywhere,
        };
        Self {
            environments,
            everywhere,
        }
    }

    /// All of `markers` may hold in one environment, without extras.
    #[must_use]
    pub fn meets(&self, markers: &[&str]) -> bool {
        let mut markers = markers.iter().filter(|marker| !marker.is_empty());
        let Some(first) = markers.next() else { return true };
        let first = self.everywhere.and(&self.environments.of_marker(first, []));
        let set = markers.fold(first, |set, marker| {
            set.and(&self.environments.of_marker(marker, []))
        });
        !set.is_empty()
    }

    /// Both hold in the same environments, without extras.
    #[must_use]
    pub fn are_same(&self, left: &str, right: &str) -> bool {
        self.environments.of_marker(left, []) == self.environments.of_marker(right, [])
    }
}
