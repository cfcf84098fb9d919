//! The version to upgrade a package to.

use std::cmp::Ordering;

use super::{Locked, affects};
use crate::advisory::{Candidates, Claim, End, order};
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
pub fn upgrade<'i>(
    version: &str,
    scheme: Option<&dyn Scheme>,
    package: &Candidates<'i>,
) -> Option<Upgrade<'i>> {
    let scheme = scheme?;
    let locked = Locked::new(version, Some(scheme), &package.groups().next()?);
    let claims: Vec<(IndexKey, Claim<'i>)> = package
        .groups()
        .flat_map(|group| {
            let claims = group.members().flat_map(|member| member.claims());
            claims.map(move |claim| (group.key(), claim))
        })
        .collect();
    let affecting = |version: &str, most: usize| -> Vec<IndexKey> {
        claims
            .chunk_by(|(left, _), (right, _)| left == right)
            .filter(|group| group.iter().any(|(_, claim)| affects(claim, version, scheme)))
            .filter_map(|group| Some(group.first()?.0))
            .take(most)
            .collect()
    };
    if affecting(&locked.version, 1).is_empty() {
        return None;
    }
    let tried = above(&locked, scheme, &claims);
    // What is above the locked version and below the end of a range that contains it is in that range too.
    let floor = floor(&locked, scheme, &claims);
    let is_below =
        |version: &str| floor.is_some_and(|floor| scheme.compare(version, floor) == Ok(Ordering::Less));
    let mut candidates = tried.iter().filter(|version| !is_below(version));
    if let Some(version) = candidates.find(|version| affecting(version, 1).is_empty()) {
        return Some(Upgrade {
            version,
            leaves: Vec::new(),
        });
    }
    let known = affecting(&locked.version, usize::MAX);
    let mut best: Option<Upgrade<'i>> = None;
    for version in tried {
        let most = best.as_ref().map_or(usize::MAX, |best| best.leaves.len());
        let leaves = affecting(version, most);
        if leaves.len() < most && known.iter().any(|group| !leaves.contains(group)) {
            best = Some(Upgrade { version, leaves });
        }
    }
    best
}

/// The highest version that a range that affects the locked version ends before.
fn floor<'i>(locked: &Locked<'_>, scheme: &dyn Scheme, claims: &[(IndexKey, Claim<'i>)]) -> Option<&'i str> {
    let mut floor: Option<&'i str> = None;
    for stretch in claims.iter().flat_map(|(_, claim)| claim.intervals()) {
        let (End::Fixed(end) | End::Limit(end)) = stretch.until else {
            continue;
        };
        let is_higher = floor.is_none_or(|floor| scheme.compare(floor, end) == Ok(Ordering::Less));
        if is_higher && locked.is_inside(&stretch) == Some(true) {
            floor = Some(end);
        }
    }
    floor
}

/// Every fixed version above `locked` that may be a target, those of the same major first, the lowest first.
fn above<'i>(locked: &Locked<'_>, scheme: &dyn Scheme, claims: &[(IndexKey, Claim<'i>)]) -> Vec<&'i str> {
    let may_be_early = scheme.is_prerelease(&locked.version);
    let mut fixed: Vec<&'i str> = Vec::new();
    for (_, claim) in claims {
        let above = claim.fixed().filter(|fixed| {
            locked.compare(fixed) == Some(Ordering::Less) && (may_be_early || !scheme.is_prerelease(fixed))
        });
        fixed.extend(above);
    }
    if fixed.len() < 2 {
        return fixed;
    }
    fixed.sort_unstable();
    fixed.dedup();
    let sorted = order::sort_by(fixed, &mut |left, right| scheme.compare(left, right)).unwrap_or_default();
    let major = scheme.major(&locked.version);
    let (mut same, other): (Vec<&str>, Vec<&str>) = sorted
        .into_iter()
        .partition(|version| scheme.major(version) == major);
    same.extend(other);
    same.truncate(MAX_TRIED);
    same
}
