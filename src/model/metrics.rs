//! How long advisories took on each release line: from publication to a pull request, to a fixed lockfile, to a release.
//!
//! Words are those of `docs/metrics.md`. A time that is not known is no number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Advisory, PackageUrl};

/// What each advisory took on each release line that it affects, or affected.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// By release line in the grid's order, then by publication and id.
    pub rows: Vec<MetricsRow>,
    /// Release lines of which not everything is known.
    pub gaps: Vec<LineGap>,
}

/// One advisory on one release line.
#[derive(Debug, Clone)]
pub struct MetricsRow {
    /// The advisory.
    pub advisory: Arc<Advisory>,
    /// Its packages that the line locks, or locked: URLs without version.
    pub packages: Vec<PackageUrl>,
    /// The full name of the branch.
    pub ref_name: String,
    /// How the line stands now, a state of a cell of the grid.
    pub standing: &'static str,
    /// Since when the line locks an affected version, and the commit that brought it in; `None` where that is not known.
    pub affected_since: Option<(Timestamp, String)>,
    /// From when time is counted; `None` where that is not known, and where the line was fixed before.
    pub counted_from: Option<Timestamp>,
    /// A pull request that fixes it was opened.
    pub proposed: Stage,
    /// The line locks no affected version any more.
    pub merged: Stage,
    /// A tag contains that.
    pub released: Stage,
}

/// A release line of which not everything is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineGap {
    /// Its full name.
    pub ref_name: String,
    /// What is not known, as a lowercase fragment.
    pub reason: String,
}

/// How far one advisory has come on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// It has come here.
    Done {
        /// When.
        at: Timestamp,
        /// The commit, the tag or the page of the pull request.
        by: String,
        /// Since time is counted.
        seconds: u64,
    },
    /// Not yet.
    Open {
        /// Since time is counted.
        seconds: u64,
    },
    /// Not yet, and the policy accepts that.
    Accepted {
        /// Since time is counted.
        seconds: u64,
    },
    /// It was fixed before the advisory was published.
    Early,
    /// It was not needed for what came behind it, with the reason.
    Skipped(&'static str),
    /// That is not known, with the reason.
    Unknown(String),
}

impl Stage {
    /// `done`, `open`, `accepted`, `early`, `skipped`, `unknown`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Open { .. } => "open",
            Self::Accepted { .. } => "accepted",
            Self::Early => "early",
            Self::Skipped(_) => "skipped",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The time that it took, or has taken so far.
    #[must_use]
    pub fn seconds(&self) -> Option<u64> {
        match self {
            Self::Done { seconds, .. } | Self::Open { seconds } | Self::Accepted { seconds } => {
                Some(*seconds)
            }
            Self::Early | Self::Skipped(_) | Self::Unknown(_) => None,
        }
    }

    /// When it was done.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Done { at, .. } => Some(*at),
            Self::Open { .. } | Self::Accepted { .. } | Self::Early | Self::Skipped(_) | Self::Unknown(_) => {
                None
            }
        }
    }

    /// The commit, the tag or the page of the pull request.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::Done { by, .. } => Some(by),
            Self::Open { .. } | Self::Accepted { .. } | Self::Early | Self::Skipped(_) | Self::Unknown(_) => {
                None
            }
        }
    }

    /// Why there is no time.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Early => Some("the line was fixed before the advisory was published"),
            Self::Skipped(reason) => Some(reason),
            Self::Unknown(reason) => Some(reason),
            Self::Done { .. } | Self::Open { .. } | Self::Accepted { .. } => None,
        }
    }

    /// Done at `at`, counted from `from`; unknown where the one is before the other.
    #[must_use]
    pub fn done(from: Timestamp, at: Timestamp, by: String) -> Self {
        match between(from, at) {
            Some(seconds) => Self::Done { at, by, seconds },
            None => Self::Unknown("the dates of the commits run backwards".to_owned()),
        }
    }

    /// Open at `now`, counted from `from`.
    #[must_use]
    pub fn open(from: Timestamp, now: Timestamp) -> Self {
        match between(from, now) {
            Some(seconds) => Self::Open { seconds },
            None => Self::Unknown("it began after the time of this run".to_owned()),
        }
    }
}

fn between(from: Timestamp, to: Timestamp) -> Option<u64> {
    u64::try_from(to.as_second().checked_sub(from.as_second())?).ok()
}

/// A pull request that fixes or fixed something, open or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRequest {
    /// Its page.
    pub page: String,
    /// The full name of the branch that it goes to.
    pub ref_name: String,
    /// The ids of the advisories that it fixes.
    pub advisories: BTreeSet<String>,
    /// When it was opened; `None` where the forge does not say.
    pub opened: Option<Timestamp>,
}

/// What a forge said of pull requests into one release line: those of lockkeeper, or why they are not known.
pub type Requests = Result<Vec<PastRequest>, String>;

impl Metrics {
    /// Puts when a pull request was opened to each row, with what the forge says of the pull requests into each line.
    pub fn propose(&mut self, of_lines: &BTreeMap<String, Requests>, now: Timestamp) {
        for row in &mut self.rows {
            if let Some(requests) = of_lines.get(&row.ref_name) {
                row.proposed = row.proposed_by(requests, now);
            }
        }
    }

    /// What the rows come to: all, those of each severity, those of each line, and those of each severity of each line.
    #[must_use]
    pub fn summaries(&self) -> Vec<Summary> {
        let mut ranks: Vec<(u8, &'static str)> = self.rows.iter().map(|row| rank(&row.advisory)).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let mut lines: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !lines.contains(&row.ref_name.as_str()) {
                lines.push(&row.ref_name);
            }
        }
        let of_lines = std::iter::once(None).chain(lines.into_iter().map(Some));
        let of_ranks = || std::iter::once(None).chain(ranks.iter().map(|(_, rank)| Some(*rank)));
        of_lines
            .flat_map(|line| of_ranks().map(move |rank| (line, rank)))
            .filter_map(|(line, rank)| self.summary(line, rank))
            .collect()
    }

    fn summary(&self, line: Option<&str>, severity: Option<&'static str>) -> Option<Summary> {
        let is_meant = |row: &&MetricsRow| {
            line.is_none_or(|line| row.ref_name == line)
                && severity.is_none_or(|severity| rank(&row.advisory).1 == severity)
        };
        let rows: Vec<&MetricsRow> = self.rows.iter().filter(is_meant).collect();
        let of = |stage: fn(&MetricsRow) -> &Stage| Times::of(rows.iter().map(|row| stage(row)));
        (!rows.is_empty() || (line.is_none() && severity.is_none())).then(|| Summary {
            ref_name: line.map(str::to_owned),
            severity,
            rows: rows.len(),
            proposed: of(|row| &row.proposed),
            merged: of(|row| &row.merged),
            released: of(|row| &row.released),
        })
    }
}

/// Worst first: the severity of a vulnerability, the class of what is none.
fn rank(advisory: &Advisory) -> (u8, &'static str) {
    (advisory.rank_order(), advisory.rank())
}

impl MetricsRow {
    fn proposed_by(&self, requests: &Requests, now: Timestamp) -> Stage {
        if self.merged == Stage::Early {
            return Stage::Early;
        }
        let Some(from) = self.counted_from else {
            return self.proposed.clone();
        };
        let requests = match requests {
            Ok(requests) => requests,
            Err(reason) => return Stage::Unknown(reason.clone()),
        };
        let is_own = |id: &String| *id == self.advisory.id || self.advisory.aliases.contains(id);
        let own = || {
            requests
                .iter()
                .filter(|request| request.advisories.iter().any(is_own))
        };
        let opened = own().filter_map(|request| Some((request.opened?, &request.page)));
        if let Some((at, page)) = opened.filter(|(at, _)| *at >= from).min() {
            return Stage::done(from, at, page.clone());
        }
        match (own().next(), &self.merged) {
            (Some(_), _) => Stage::Unknown(
                "the pull request was opened before and brought up to date since: when is not recorded"
                    .to_owned(),
            ),
            (None, Stage::Done { .. }) => Stage::Skipped("it was fixed without a pull request of lockkeeper"),
            (None, Stage::Open { .. }) => Stage::open(from, now),
            (None, other) => other.clone(),
        }
    }
}

/// What several rows come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The release line; `None` for all.
    pub ref_name: Option<String>,
    /// The severity of vulnerabilities, the class of what is none; `None` for all.
    pub severity: Option<&'static str>,
    /// How many they are: pairs of an advisory and a release line.
    pub rows: usize,
    /// To a pull request.
    pub proposed: Times,
    /// To a fixed lockfile.
    pub merged: Times,
    /// To a release.
    pub released: Times,
}

/// What one stage of several rows comes to. The counts add up to the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times {
    /// The seconds of those that have come here, in order.
    done: Vec<u64>,
    /// The age in seconds of those that have not, in order.
    open: Vec<u64>,
    /// Those that the policy accepts.
    pub accepted: usize,
    /// Those that were fixed before publication.
    pub early: usize,
    /// Those that did without.
    pub skipped: usize,
    /// Those of which it is not known.
    pub unknown: usize,
}

impl Times {
    fn of<'s>(stages: impl Iterator<Item = &'s Stage>) -> Self {
        let mut times = Self::default();
        for stage in stages {
            match stage {
                Stage::Done { seconds, .. } => times.done.push(*seconds),
                Stage::Open { seconds } => times.open.push(*seconds),
                Stage::Accepted { .. } => times.accepted = times.accepted.saturating_add(1),
                Stage::Early => times.early = times.early.saturating_add(1),
                Stage::Skipped(_) => times.skipped = times.skipped.saturating_add(1),
                Stage::Unknown(_) => times.unknown = times.unknown.saturating_add(1),
            }
        }
        times.done.sort_unstable();
        times.open.sort_unstable();
        times
    }

    /// How many have come here.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done.len()
    }

    /// How many have not.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// The median time of those that have come here, in seconds.
    #[must_use]
    pub fn median(&self) -> Option<u64> {
        median(&self.done)
    }

    /// The longest time of those that have come here.
    #[must_use]
    pub fn maximum(&self) -> Option<u64> {
        self.done.last().copied()
    }

    /// The median age of those that have not.
    #[must_use]
    pub fn open_median(&self) -> Option<u64> {
        median(&self.open)
    }

    /// The age of the oldest of those that have not.
    #[must_use]
    pub fn open_maximum(&self) -> Option<u64> {
        self.open.last().copied()
    }
}

/// The middle of a sorted list; of an even number, half way between the two in the middle.
fn median(sorted: &[u64]) -> Option<u64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = match sorted.len() % 2 {
        0 => *sorted.get((sorted.len() / 2).checked_sub(1)?)?,
        _ => upper,
    };
    Some(lower.midpoint(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3]), Some(3));
        assert_eq!(median(&[1, 4]), Some(2));
        assert_eq!(median(&[1, 2, 9]), Some(2));
        assert_eq!(median(&[1, 2, 4, 9]), Some(3));
    }

    #[test]
    fn time_does_not_run_backwards() {
        let at = |seconds: i64| Timestamp::from_second(seconds).expect("a time");
        assert_eq!(Stage::done(at(5), at(9), "c".into()).seconds(), Some(4));
        assert_eq!(Stage::done(at(9), at(5), "c".into()).as_str(), "unknown");
        assert_eq!(Stage::open(at(9), at(5)).as_str(), "unknown");
        assert_eq!(Stage::open(at(9), at(9)).seconds(), Some(0));
    }
}
