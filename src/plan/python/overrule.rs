//! The last means: `override-dependencies` of uv, where the policy allows it.
//!
//! What uv overrides counts instead of what every package asks for, one's own included, markers and all (uv 0.13.9,
//! `crates/uv-configuration/src/overrides.rs`). So a package is overridden that is locked once, that everything needs without a
//! marker, and that one's own files ask for in ranges which take the new version anyway.

use super::planner::{Planner, Tried};
use super::state::{State, Who};
use crate::lockfile::grammar::marker::Marker;
use crate::model::Release;
use crate::plan::failure::Failure;
use crate::plan::{Strategy, Wish};
use crate::version::Scheme as _;
use crate::version::pep440::Pep440;

/// So many versions are tried.
const MAX_CANDIDATES: usize = 6;

/// Whether the lockfile's tool can override what packages ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overrides {
    /// It cannot.
    Never,
    /// As uv does.
    OfUv,
}

impl Planner<'_> {
    /// Has the project override what keeps a fixed version of `pin` out, which cannot be upgraded otherwise because of `failure`.
    pub(super) fn overruled(&self, state: &State, wish: &Wish, pin: usize, failure: Failure) -> Tried {
        let Failure::Blocked { by, reason } = failure else {
            return Err(failure);
        };
        let is_of_others = by.iter().any(|one| !one.dependent.ends_with(".toml"));
        if !self.bounds.manifests.add_overrides() {
            let hint = " With `override` in `fix.allow` of the policy, `override-dependencies` in pyproject.toml would decide about it.";
            let hint = match is_of_others && self.pin(pin).fixed.is_none() {
                true => hint,
                false => "",
            };
            return Err(Failure::Blocked {
                by,
                reason: format!("{reason}{hint}"),
            });
        }
        match self.overrule(state, wish, pin) {
            Ok(next) => Ok((next, Strategy::Override)),
            Err(asks @ Failure::Ask(_)) => Err(asks),
            Err(Failure::Blocked { reason: further, .. }) => Err(Failure::Blocked {
                by,
                reason: format!("{reason} It cannot be overridden either: {further}"),
            }),
        }
    }

    fn overrule(&self, state: &State, wish: &Wish, number: usize) -> Result<State, Failure> {
        let pin = self.pin(number);
        if let Some(reason) = pin.fixed {
            return Err(Failure::because(format!("{reason}.")));
        }
        if self
            .by_name
            .get(pin.name.as_str())
            .is_none_or(|pins| pins.len() != 1)
            || !pin.marker.is_empty()
        {
            return Err(Failure::because("It is locked several times, or under a marker."));
        }
        let before = self.overrides();
        let version = self.version(state, number);
        let scope = self.scope(number)?;
        let rated = self.rated(&pin.name)?;
        let candidates: Vec<&Release> = rated
            .iter()
            .filter(|rated| rated.is_clean || wish.to.as_deref() == Some(&*rated.release.version))
            .map(|rated| rated.release)
            .filter(|release| release.retired.is_none() && !Pep440.is_prerelease(&release.version))
            .filter(|release| {
                Pep440
                    .compare(version, &release.version)
                    .is_ok_and(std::cmp::Ordering::is_lt)
            })
            .filter(|release| Pep440.distance(version, &release.version) <= self.bounds.level)
            .filter(|release| self.runs(release, &scope.environments))
            .take(MAX_CANDIDATES)
            .collect();
        let mut failure = None;
        for release in candidates {
            let range = match next_major(&release.version) {
                Some(major) => format!(">={},<{major}", release.version),
                None => format!(">={}", release.version),
            };
            self.set_override(&pin.name, Some(&range));
            match self.with_override(state, number, release) {
                Ok(next) => return Ok(next),
                Err(other) => {
                    self.set_override(&pin.name, before.get(&pin.name).map(String::as_str));
                    match other {
                        asks @ Failure::Ask(_) => return Err(asks),
                        blocked => failure = failure.or(Some(blocked)),
                    }
                }
            }
        }
        Err(failure.unwrap_or_else(|| {
            Failure::because(format!(
                "No version of {} that helps is as near as `--level {}` asks.",
                pin.name,
                self.bounds.level.as_str()
            ))
        }))
    }

    fn with_override(&self, state: &State, number: usize, release: &Release) -> Result<State, Failure> {
        let name = &self.pin(number).name;
        for dependent in self.dependents(state, number)? {
            match &dependent.who {
                Who::Own(_) if !Self::in_range(&dependent.constraint.range, &release.version) => {
                    return Err(Failure::because(format!(
                        "{} itself asks for it.",
                        dependent.constraint
                    )));
                }
                Who::Own(asked) if !self.project.asked[*asked].marker.is_empty() => {
                    return Err(Failure::because(format!(
                        "{} under a marker.",
                        dependent.constraint
                    )));
                }
                Who::Own(_) => {}
                Who::Pin(other) => {
                    let other_name = &self.pin(*other).name;
                    self.asks_plainly(other_name, self.version(state, *other), name)?;
                }
                Who::Added(other) => {
                    let added = state.added.get(other);
                    self.asks_plainly(other, added.map_or("", |added| &added.version), name)?;
                }
            }
        }
        self.put(state, number, release, 0)
    }

    /// `dependent` asks for `name` without a marker, but for extras.
    fn asks_plainly(&self, dependent: &str, version: &str, name: &str) -> Result<(), Failure> {
        let metadata = self.metadata(dependent, version)?;
        let is_marked = |marker: &str| {
            let read = Marker::read(marker).ok();
            !marker.is_empty()
                && read.is_none_or(|read| !read.asks_for_extras() || read.without_extras().is_some())
        };
        let mut needs = metadata.needs.iter().filter(|need| need.name == name);
        match needs.find(|need| is_marked(&need.marker)) {
            Some(_) => Err(Failure::because(format!("{dependent} needs it under a marker."))),
            None => Ok(()),
        }
    }
}

/// The first number of `version`, one higher.
fn next_major(version: &str) -> Option<u64> {
    version.split('.').next()?.parse::<u64>().ok()?.checked_add(1)
}
