//! A locked version and an advisory, assessed once: affected, fixed, not affected or undecided, and by which record
//! (docs/semantics.md, "Groups").
//!
//! Versions are ordered against what an advisory names by [`Scheme::compare_with_bound`], and those that advisories name
//! among each other by [`Scheme::compare`].

mod release;
pub mod upgrade;

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::advisory::{Candidate, Claim, Damage, End, Interval, Member, Undecided, order};
use crate::model::Ecosystem;
use crate::version::{self, Scheme};
use release::Release;

/// What the records of one group say about a version, in texts of the index.
#[derive(Debug, Clone)]
pub enum Assessment<'i> {
    /// A record affects it.
    Affected {
        /// Versions above it that the sources call fixed and that no record of the group affects, lowest first.
        fixed: Vec<&'i str>,
        /// No fixed version is named, and every range of the group ends: an unaffected version may come after the last of them.
        ends: bool,
        /// Which record affects it, and by which part.
        because: Because<'i>,
    },
    /// No record affects it, and it is at or above a fixed version of one.
    Fixed,
    /// No record affects it, and it is below or between the affected ranges.
    NotAffected,
    /// No record affects it as far as is known, and a range could not be evaluated.
    Undecided {
        /// Why, as a fragment.
        reason: String,
    },
}

/// The record that affects a version.
#[derive(Debug, Clone, Copy)]
pub struct Because<'i> {
    member: Member<'i>,
    /// The record is the one that names the group.
    is_first: bool,
    part: Part<'i>,
}

/// The part of a record that affects a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'i> {
    Listed(&'i str),
    Inside(Interval<&'i str>),
}

impl<'i> Because<'i> {
    /// The id of the record that affects the version, where that is another one than `advisory`, which the group is
    /// called by.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds the record.
    pub fn record(&self, advisory: &str) -> Result<Option<String>, Damage> {
        if self.is_first {
            return Ok(None);
        }
        Ok(Some(self.member.id()?).filter(|id| id != advisory))
    }

    /// Which record and which range, as a sentence without a stop; `id` is the record's.
    #[must_use]
    pub fn reason(&self, id: &str) -> String {
        match &self.part {
            Part::Listed(version) => format!("{id} affects {version}"),
            Part::Inside(interval) => format!("{id} affects {interval}"),
        }
    }
}

impl PartialEq for Because<'_> {
    /// Of one index: the same record says it with the same words.
    fn eq(&self, other: &Self) -> bool {
        self.member.is(&other.member) && self.part == other.part
    }
}

/// Assesses a locked `version`, as it is written in the lockfile; `scheme` is its ecosystem's order, if there is one.
///
/// # Errors
/// Those of [`Locked::assess`].
pub fn assess<'i>(
    version: &str,
    scheme: Option<&dyn Scheme>,
    candidate: &Candidate<'i>,
) -> Result<Assessment<'i>, Damage> {
    Locked::of(version, scheme, candidate.ecosystem(), candidate.name()).assess(candidate)
}

/// A locked version, as its scheme reads it: made once for all advisories of its package.
pub struct Locked<'v> {
    version: Cow<'v, str>,
    scheme: Option<&'v dyn Scheme>,
    numbers: Option<[u64; 3]>,
    /// Why it cannot be ordered.
    unorderable: Option<String>,
}

/// What one claim says about the version.
enum Answer<'i> {
    Affected(Part<'i>),
    Fixed,
    NotAffected,
    Unknown(String),
}

/// How a version lies towards an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    Inside,
    After,
}

impl<'v> Locked<'v> {
    /// The `version` of a package as it is written in the lockfile; `scheme` is the ecosystem's order, if there is one, and
    /// `name` is normalised.
    #[must_use]
    pub fn of(version: &'v str, scheme: Option<&'v dyn Scheme>, ecosystem: &str, name: &str) -> Self {
        // The version of Go itself is written in another way than those of modules.
        let of_go = ecosystem == Ecosystem::GO.as_str() && matches!(name, "stdlib" | "toolchain");
        let version = if of_go {
            version::go::toolchain(version)
        } else {
            version.into()
        };
        let numbers = scheme.and_then(|scheme| scheme.plain(&version));
        let unorderable = match numbers {
            Some(_) => None,
            None => scheme.and_then(|scheme| scheme.compare_with_bound(&version, &version).err()),
        };
        Self {
            version,
            scheme,
            numbers,
            unorderable: unorderable.map(|error| error.to_string()),
        }
    }

    /// It is affected if it is listed (as the same text or, by the order, as the same version) or inside a range.
    /// Where a range could not be evaluated, a list beside it decides.
    ///
    /// # Errors
    /// [`Damage`] of the index, if the record that matched could not be named: then nothing is known.
    pub fn assess<'i>(&self, candidate: &Candidate<'i>) -> Result<Assessment<'i>, Damage> {
        let mut undecided = None;
        let mut is_fixed = false;
        for (number, member) in candidate.members().enumerate() {
            for claim in member.claims() {
                match self.against(&claim) {
                    Answer::Affected(part) => {
                        let fixed = self.fixed(candidate);
                        return Ok(Assessment::Affected {
                            ends: fixed.is_empty() && ends(candidate),
                            fixed,
                            because: Because {
                                member,
                                is_first: number == 0,
                                part,
                            },
                        });
                    }
                    Answer::Fixed => is_fixed = true,
                    Answer::NotAffected => {}
                    Answer::Unknown(reason) => {
                        undecided.get_or_insert((member, reason));
                    }
                }
            }
        }
        match undecided {
            None if is_fixed => Ok(Assessment::Fixed),
            None => Ok(Assessment::NotAffected),
            Some((member, reason)) => Ok(Assessment::Undecided {
                reason: format!("{} cannot be decided: {reason}", member.id()?),
            }),
        }
    }

    fn release(&self) -> Release<'_> {
        Release::known(&self.version, self.numbers)
    }

    fn against<'i>(&self, claim: &Claim<'i>) -> Answer<'i> {
        if let Some(same) = claim.versions().find(|listed| self.is(listed)) {
            return Answer::Affected(Part::Listed(same));
        }
        let mut unknown = match claim.undecided {
            Some(Undecided::NoScheme) => Some("versions of this ecosystem cannot be ordered".to_owned()),
            Some(Undecided::Event(reason)) => Some(reason.to_owned()),
            None => None,
        };
        let mut is_fixed = false;
        for interval in claim.intervals() {
            match self.side(&interval) {
                Some(Side::Inside) => return Answer::Affected(Part::Inside(interval)),
                Some(Side::After) => is_fixed |= matches!(interval.until, End::Fixed(_)),
                Some(Side::Before) => {}
                None => {
                    let reason = self.unorderable.clone();
                    unknown.get_or_insert(reason.unwrap_or_else(|| format!("{interval} cannot be ordered")));
                }
            }
        }
        match unknown {
            Some(reason) if !claim.listed => return Answer::Unknown(reason),
            Some(_) | None => {}
        }
        let mut further = claim.further_fixed();
        if is_fixed || further.any(|fixed| self.compare(fixed).is_some_and(Ordering::is_ge)) {
            Answer::Fixed
        } else {
            Answer::NotAffected
        }
    }

    fn is(&self, listed: &str) -> bool {
        self.version == listed
            || self
                .scheme
                .filter(|_| self.unorderable.is_none())
                .is_some_and(|scheme| self.release().is(&Release::of(listed, scheme), scheme))
    }

    /// `None` if that cannot be decided.
    fn side(&self, interval: &Interval<&str>) -> Option<Side> {
        match self.scheme {
            Some(scheme) => {
                let interval = interval.map(|bound| Release::of(bound, scheme));
                side(&self.release(), &interval, scheme)
            }
            None => interval.is_everything().then_some(Side::Inside),
        }
    }

    fn compare(&self, other: &str) -> Option<Ordering> {
        let scheme = self.scheme.filter(|_| self.unorderable.is_none())?;
        self.release()
            .compare_with_bound(&Release::of(other, scheme), scheme)
    }

    /// Fixed versions above the locked one that no record of the group affects.
    fn fixed<'i>(&self, candidate: &Candidate<'i>) -> Vec<&'i str> {
        let Some(scheme) = self.scheme else {
            return Vec::new();
        };
        let claims = || candidate.members().flat_map(|member| member.claims());
        let mut above: Vec<Release<'i>> = claims()
            .flat_map(|claim| claim.fixed())
            .filter_map(|fixed| self.is_below(fixed, scheme))
            .collect();
        if above.len() > 1 {
            above.sort_unstable_by_key(|fixed| fixed.text);
            above.dedup_by_key(|fixed| fixed.text);
        }
        above.retain(|fixed| !claims().any(|claim| affects(&claim, fixed, scheme)));
        if above.len() > 1 {
            above = sorted(above, scheme);
            above.dedup_by(|later, earlier| earlier.compare(later, scheme) == Some(Ordering::Equal));
        }
        above.into_iter().map(|fixed| fixed.text).collect()
    }

    /// `fixed`, if it is above the locked version.
    fn is_below<'i>(&self, fixed: &'i str, scheme: &dyn Scheme) -> Option<Release<'i>> {
        let fixed = Release::of(fixed, scheme);
        let order = self.release().compare_with_bound(&fixed, scheme);
        (order == Some(Ordering::Less) && self.unorderable.is_none()).then_some(fixed)
    }
}

/// Every range of the group ends before some version.
fn ends(candidate: &Candidate<'_>) -> bool {
    let goes_on = |interval: Interval<&str>| match interval.until {
        End::Never => true,
        End::Fixed(end) | End::Limit(end) | End::LastAffected(end) => upgrade::is_never(end),
    };
    let mut claims = candidate.members().flat_map(|member| member.claims());
    claims.all(|claim| claim.undecided.is_none() && !claim.intervals().any(goes_on))
}

/// `releases`, lowest first; none if two of them cannot be ordered.
fn sorted<'i>(releases: Vec<Release<'i>>, scheme: &dyn Scheme) -> Vec<Release<'i>> {
    let mut compare = |left: &Release<'_>, right: &Release<'_>| left.compare(right, scheme).ok_or(());
    order::sort_by(releases, &mut compare).unwrap_or_default()
}

/// `version` is affected by `claim`; what cannot be told is no hindrance to a fixed version.
fn affects(claim: &Claim<'_>, version: &Release<'_>, scheme: &dyn Scheme) -> bool {
    let listed = |listed: &str| version.is(&Release::of(listed, scheme), scheme);
    let inside = |interval: Interval<&str>| {
        let interval = interval.map(|bound| Release::of(bound, scheme));
        side(version, &interval, scheme) == Some(Side::Inside)
    };
    claim.versions().any(listed) || claim.intervals().any(inside)
}

/// `None` if that cannot be decided.
fn side(version: &Release<'_>, interval: &Interval<Release<'_>>, scheme: &dyn Scheme) -> Option<Side> {
    let compare = |bound: &Release<'_>| version.compare_with_bound(bound, scheme);
    if let Some(from) = &interval.from
        && compare(from)?.is_lt()
    {
        return Some(Side::Before);
    }
    let is_inside = match &interval.until {
        End::Never => true,
        End::Fixed(end) | End::Limit(end) => compare(end)?.is_lt(),
        End::LastAffected(end) => compare(end)?.is_le(),
    };
    Some(if is_inside { Side::Inside } else { Side::After })
}
