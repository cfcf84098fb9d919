//! The version to upgrade a package to.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::{Held, holds};
use crate::advisory::{Candidate, CandidateKey, Candidates, order};
use crate::version::Scheme;

/// At most so many fixed versions are tried.
const MAX_TRIED: usize = 512;

/// A version that fewer advisories affect than the locked one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade<'i> {
    /// As the advisory that names it as fixed spells it.
    pub version: &'i str,
    /// The groups that affect it all the same.
    pub leaves: Vec<CandidateKey>,
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
    let groups: Vec<Candidate<'i>> = package.groups().collect();
    let held = Held::new(version, Some(scheme), groups.first()?);
    let affects = |group: &Candidate<'i>, version: &str| {
        let mut claims = group.members().flat_map(|member| member.claims());
        claims.any(|claim| holds(&claim, version, scheme))
    };
    let affecting: Vec<&Candidate<'i>> = groups
        .iter()
        .filter(|group| affects(group, &held.version))
        .collect();
    let mut best: Option<Upgrade<'i>> = None;
    for version in above(&held, scheme, &groups) {
        let most = best.as_ref().map_or(usize::MAX, |best| best.leaves.len());
        let leaves: Vec<CandidateKey> = groups
            .iter()
            .filter(|group| affects(group, version))
            .take(most)
            .map(Candidate::key)
            .collect();
        let ends_one = affecting.iter().any(|group| !leaves.contains(&group.key()));
        if leaves.len() < most && ends_one {
            let is_clean = leaves.is_empty();
            best = Some(Upgrade { version, leaves });
            if is_clean {
                break;
            }
        }
    }
    best
}

/// Every fixed version above `held` that may be a target, those of the same major first, the lowest first.
fn above<'i>(held: &Held<'_>, scheme: &dyn Scheme, groups: &[Candidate<'i>]) -> Vec<&'i str> {
    let may_be_early = scheme.is_prerelease(&held.version);
    let major = scheme.major(&held.version);
    let fixed: BTreeSet<&'i str> = groups
        .iter()
        .flat_map(Candidate::members)
        .flat_map(|member| {
            member
                .claims()
                .flat_map(|claim| claim.fixed().collect::<Vec<_>>())
        })
        .filter(|fixed| may_be_early || !scheme.is_prerelease(fixed))
        .filter(|fixed| held.compare(fixed) == Some(Ordering::Less))
        .collect();
    let by_order = &mut |left: &&str, right: &&str| scheme.compare(left, right);
    let sorted = order::sort_by(fixed.into_iter().collect(), by_order).unwrap_or_default();
    let (mut same, other): (Vec<&str>, Vec<&str>) = sorted
        .into_iter()
        .partition(|version| scheme.major(version) == major);
    same.extend(other);
    same.truncate(MAX_TRIED);
    same
}
