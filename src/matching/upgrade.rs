//! The version to upgrade a package to.

use std::cmp::Ordering;
use std::ops::Range;

use super::release::Release;
use super::{Locked, Side, side, sorted};
use crate::advisory::{Candidates, End, Interval};
use crate::model::IndexKey;
use crate::version::Scheme;

/// At most so many fixed versions are tried.
const MAX_TRIED: usize = 512;

/// A version that fewer advisories affect than the locked one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade<'i> {
    /// As the advisory that names it as fixed spells it.
    pub version: &'i str,
    /// The groups that affect it all the same.
    pub leaves: Vec<IndexKey>,
}

/// The lowest version above `version` that no known advisory of the package affects, on the same major if there is one, and a
/// pre-release only where `version` is one. Where every fixed version is affected by something, the one that fewest
/// advisories affect. `None` where no fixed version leaves an advisory behind that affects `version`.
#[must_use]
pub fn upgrade<'i>(locked: &Locked<'_>, package: &Candidates<'i>) -> Option<Upgrade<'i>> {
    let scheme = locked.scheme?;
    let known = Known::of(package, scheme);
    let version = locked.release();
    known.affecting(&version, scheme).next()?;
    let tried = known.above(locked, scheme);
    // What is above the locked version and below the end of a range that contains it is in that range too.
    let floor = known.floor(&version, scheme);
    let is_below = |release: &Release<'_>| {
        floor.is_some_and(|floor| release.compare(&floor, scheme) == Some(Ordering::Less))
    };
    let mut candidates = tried.iter().filter(|release| !is_below(release));
    if let Some(release) = candidates.find(|release| known.affecting(release, scheme).next().is_none()) {
        return Some(Upgrade {
            version: release.text,
            leaves: Vec::new(),
        });
    }
    let ended: Vec<IndexKey> = known.affecting(&version, scheme).collect();
    let mut best: Option<Upgrade<'i>> = None;
    for release in tried {
        let most = best.as_ref().map_or(usize::MAX, |best| best.leaves.len());
        let leaves: Vec<IndexKey> = known.affecting(&release, scheme).take(most).collect();
        if leaves.len() < most && ended.iter().any(|group| !leaves.contains(group)) {
            best = Some(Upgrade {
                version: release.text,
                leaves,
            });
        }
    }
    best
}

/// `999.999.999`, with which records say that no version fixes it (GHSA-m2h2-264f-f486).
pub(super) fn is_never(version: &str) -> bool {
    let mut parts = version.split('.');
    parts.clone().count() > 1 && parts.all(|part| part.len() > 2 && part.bytes().all(|byte| byte == b'9'))
}

/// What all advisories of a package say, read once.
struct Known<'i> {
    groups: Vec<(IndexKey, Range<usize>)>,
    parts: Vec<Part<'i>>,
    fixed: Vec<Release<'i>>,
}

/// What one of them calls affected.
enum Part<'i> {
    Listed(Release<'i>),
    Inside(Interval<Release<'i>>),
}

impl<'i> Known<'i> {
    fn of(package: &Candidates<'i>, scheme: &dyn Scheme) -> Self {
        let mut known = Self {
            groups: Vec::with_capacity(package.count()),
            parts: Vec::with_capacity(package.count()),
            fixed: Vec::with_capacity(package.count()),
        };
        let release = |text: &'i str| Release::of(text, scheme);
        for group in package.groups() {
            let start = known.parts.len();
            for claim in group.members().flat_map(|member| member.claims()) {
                for interval in claim.intervals() {
                    let interval = interval.map(release);
                    if let End::Fixed(fixed) = interval.until {
                        known.fixed.push(fixed);
                    }
                    known.parts.push(Part::Inside(interval));
                }
                known.fixed.extend(claim.further_fixed().map(release));
                let listed = claim.versions().map(release);
                known.parts.extend(listed.map(Part::Listed));
            }
            known.groups.push((group.key(), start..known.parts.len()));
        }
        known
    }

    /// The groups that affect `version`.
    fn affecting(&self, version: &Release<'_>, scheme: &dyn Scheme) -> impl Iterator<Item = IndexKey> {
        let affects = move |part: &Part<'_>| match part {
            Part::Listed(listed) => version.is(listed, scheme),
            Part::Inside(interval) => side(version, interval, scheme) == Some(Side::Inside),
        };
        self.groups
            .iter()
            .filter(move |(_, parts)| {
                let parts = self.parts.get(parts.clone()).unwrap_or_default();
                parts.iter().any(affects)
            })
            .map(|(key, _)| *key)
    }

    /// The highest version that a range that affects the locked `version` ends before.
    fn floor(&self, version: &Release<'_>, scheme: &dyn Scheme) -> Option<Release<'i>> {
        let mut floor: Option<Release<'i>> = None;
        for part in &self.parts {
            let Part::Inside(interval) = part else { continue };
            let (End::Fixed(end) | End::Limit(end)) = interval.until else {
                continue;
            };
            let is_higher = floor.is_none_or(|floor| floor.compare(&end, scheme) == Some(Ordering::Less));
            if is_higher && side(version, interval, scheme) == Some(Side::Inside) {
                floor = Some(end);
            }
        }
        floor
    }

    /// Every fixed version above `locked` that may be a target, those of the same major first, the lowest first.
    fn above(&self, locked: &Locked<'_>, scheme: &dyn Scheme) -> Vec<Release<'i>> {
        let version = locked.release();
        let may_be_early = scheme.is_prerelease(version.text);
        let is_early = |release: &Release<'_>| !release.is_plain() && scheme.is_prerelease(release.text);
        let is_above = |release: &Release<'_>| {
            locked.unorderable.is_none()
                && version.compare_with_bound(release, scheme) == Some(Ordering::Less)
                && (may_be_early || !is_early(release))
                && !is_never(release.text)
        };
        let mut fixed: Vec<Release<'i>> = self
            .fixed
            .iter()
            .filter(|release| is_above(release))
            .copied()
            .collect();
        if fixed.len() < 2 {
            return fixed;
        }
        fixed.sort_unstable_by_key(|release| release.text);
        fixed.dedup_by_key(|release| release.text);
        let sorted = sorted(fixed, scheme);
        let major = scheme.major(version.text);
        let (mut same, other): (Vec<Release<'i>>, Vec<Release<'i>>) = sorted
            .into_iter()
            .partition(|release| scheme.major(release.text) == major);
        same.extend(other);
        same.truncate(MAX_TRIED);
        same
    }
}
