//! A version and a group of records: affected or not, and why (docs/semantics.md, "Groups").
//!
//! Versions are ordered against what an advisory names by [`Scheme::compare_with_bound`], and those that advisories name
//! among each other by [`Scheme::compare`].

pub mod upgrade;

use std::cmp::Ordering;

use crate::advisory::{Candidate, Claim, Damage, End, Interval, Member, Undecided, order};
use crate::model::Ecosystem;
use crate::version::{self, Scheme};

/// What a group says of a version, in texts of the index.
#[derive(Debug, Clone)]
pub enum Judgement<'i> {
    /// A record says that it is affected.
    Affected {
        /// Versions above it that the sources call fixed and that leave what every record says, lowest first.
        fixed: Vec<&'i str>,
        /// Which record, and by which part of it.
        because: Because<'i>,
    },
    /// No record says so.
    NotAffected,
    /// No record says so, and a range could not be asked.
    Undecided {
        /// Why, as a fragment.
        reason: String,
    },
}

/// The record that holds a version affected.
#[derive(Debug, Clone, Copy)]
pub struct Because<'i> {
    member: Member<'i>,
    part: Part<'i>,
}

/// The part of a record that holds a version affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'i> {
    Listed(&'i str),
    Inside(Interval<&'i str>),
}

impl Because<'_> {
    /// Which record and which range, as a sentence without a stop.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds the record.
    pub fn reason(&self) -> Result<String, Damage> {
        let id = self.member.id()?;
        Ok(match &self.part {
            Part::Listed(version) => format!("{id} affects {version}"),
            Part::Inside(interval) => format!("{id} affects {interval}"),
        })
    }
}

impl PartialEq for Because<'_> {
    /// Of one index: the same record says it with the same words.
    fn eq(&self, other: &Self) -> bool {
        self.member.is(&other.member) && self.part == other.part
    }
}

/// Judges a held `version` as it is written in a lockfile; `scheme` is its ecosystem's order, if there is one.
///
/// It is affected if it is listed (as the same text or, by the order, as the same version) or inside a range.
/// Where a range could not be asked, a list beside it decides.
///
/// # Errors
/// [`Damage`] of the index, if the record that matched could not be named: then nothing is known.
pub fn judge<'i>(
    version: &str,
    scheme: Option<&dyn Scheme>,
    candidate: &Candidate<'i>,
) -> Result<Judgement<'i>, Damage> {
    let held = Held::new(version, scheme, candidate);
    let mut undecided = None;
    for member in candidate.members() {
        for claim in member.claims() {
            match held.against(&claim) {
                Answer::Inside(part) => {
                    return Ok(Judgement::Affected {
                        fixed: held.fixed(candidate),
                        because: Because { member, part },
                    });
                }
                Answer::Outside => {}
                Answer::Unknown(reason) => {
                    undecided.get_or_insert((member, reason));
                }
            }
        }
    }
    match undecided {
        None => Ok(Judgement::NotAffected),
        Some((member, reason)) => Ok(Judgement::Undecided {
            reason: format!("{} cannot be decided: {reason}", member.id()?),
        }),
    }
}

/// The version that is asked about, as the scheme reads it.
struct Held<'v> {
    version: std::borrow::Cow<'v, str>,
    scheme: Option<&'v dyn Scheme>,
    /// Why it cannot be ordered.
    unorderable: Option<String>,
}

enum Answer<'i> {
    Inside(Part<'i>),
    Outside,
    Unknown(String),
}

impl<'v> Held<'v> {
    fn new(version: &'v str, scheme: Option<&'v dyn Scheme>, candidate: &Candidate<'_>) -> Self {
        // The version of Go itself is written in another way than those of modules.
        let of_go = candidate.ecosystem() == Ecosystem::GO.as_str()
            && matches!(candidate.name(), "stdlib" | "toolchain");
        let version = if of_go {
            version::go::toolchain(version)
        } else {
            version.into()
        };
        let unorderable = scheme.and_then(|scheme| scheme.compare(&version, &version).err());
        Self {
            version,
            scheme,
            unorderable: unorderable.map(|error| error.to_string()),
        }
    }

    fn against<'i>(&self, claim: &Claim<'i>) -> Answer<'i> {
        if let Some(same) = claim.versions().find(|listed| self.is(listed)) {
            return Answer::Inside(Part::Listed(same));
        }
        let mut unknown = match claim.undecided {
            Some(Undecided::NoScheme) => Some("versions of this ecosystem cannot be ordered".to_owned()),
            Some(Undecided::Event(reason)) => Some(reason.to_owned()),
            None => None,
        };
        for interval in claim.intervals() {
            match self.is_inside(&interval) {
                Some(true) => return Answer::Inside(Part::Inside(interval)),
                Some(false) => {}
                None => {
                    let reason = self.unorderable.clone();
                    unknown.get_or_insert(reason.unwrap_or_else(|| format!("{interval} cannot be ordered")));
                }
            }
        }
        match unknown {
            Some(reason) if !claim.listed => Answer::Unknown(reason),
            Some(_) | None => Answer::Outside,
        }
    }

    fn is(&self, listed: &str) -> bool {
        self.version == listed || self.compare(listed) == Some(Ordering::Equal)
    }

    /// `None` if that cannot be told.
    fn is_inside(&self, interval: &Interval<&str>) -> Option<bool> {
        is_inside(&self.version, interval, self.scheme)
    }

    fn compare(&self, other: &str) -> Option<Ordering> {
        if self.unorderable.is_some() {
            return None;
        }
        self.scheme?.compare_with_bound(&self.version, other).ok()
    }

    /// Fixed versions above the held one that no record of the group holds affected.
    fn fixed<'i>(&self, candidate: &Candidate<'i>) -> Vec<&'i str> {
        let Some(scheme) = self.scheme else {
            return Vec::new();
        };
        let claims = || candidate.members().flat_map(|member| member.claims());
        let mut above: Vec<&str> = claims()
            .flat_map(|claim| claim.fixed())
            .filter(|fixed| self.compare(fixed) == Some(Ordering::Less))
            .collect();
        above.sort_unstable();
        above.dedup();
        above.retain(|fixed| !claims().any(|claim| holds(&claim, fixed, scheme)));
        if above.len() <= 1 {
            return above;
        }
        let sorted = order::sort_by(above, &mut |left: &&str, right: &&str| {
            scheme.compare(left, right)
        });
        let mut sorted = sorted.unwrap_or_default();
        sorted.dedup_by(|later, earlier| scheme.compare(earlier, later).is_ok_and(Ordering::is_eq));
        sorted
    }
}

/// `version`, which no record of the group holds affected, is at or above one that a record calls fixed.
#[must_use]
pub fn is_mended(version: &str, scheme: Option<&dyn Scheme>, candidate: &Candidate<'_>) -> bool {
    let held = Held::new(version, scheme, candidate);
    candidate
        .members()
        .flat_map(|member| member.claims())
        .any(|claim| {
            claim
                .fixed()
                .any(|fixed| held.compare(fixed).is_some_and(Ordering::is_ge))
        })
}

/// `version` is affected by `claim`; what cannot be told is no hindrance to a fixed version.
fn holds(claim: &Claim<'_>, version: &str, scheme: &dyn Scheme) -> bool {
    let listed = |listed: &str| {
        listed == version
            || scheme
                .compare_with_bound(version, listed)
                .is_ok_and(Ordering::is_eq)
    };
    claim.versions().any(listed)
        || claim
            .intervals()
            .any(|interval| is_inside(version, &interval, Some(scheme)) == Some(true))
}

fn is_inside(version: &str, interval: &Interval<&str>, scheme: Option<&dyn Scheme>) -> Option<bool> {
    let compare = |bound: &str| scheme?.compare_with_bound(version, bound).ok();
    let after_start = match interval.from {
        None => true,
        Some(from) => compare(from)?.is_ge(),
    };
    if !after_start {
        return Some(false);
    }
    match interval.until {
        End::Never => Some(true),
        End::Fixed(end) | End::Limit(end) => Some(compare(end)?.is_lt()),
        End::LastAffected(end) => Some(compare(end)?.is_le()),
    }
}
