//! Which refs are scanned: each candidate is in or out, and has a reason.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::grid::{ReleaseLine, Standing};
use crate::model::lines::{Candidate, Choice, INCLUDE, Rules, short_name};
use crate::policy::nearest;

/// Which lines there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Every candidate, in or out: the default branch, then branches, then tags; the newest first by the number in the
    /// name, those without a number last and by age, equal ones by name.
    pub lines: Vec<ReleaseLine>,
    /// What is odd about the choice, each a sentence.
    pub warnings: Vec<String>,
}

impl Chosen {
    /// The lines that are in.
    pub fn live(&self) -> impl Iterator<Item = &ReleaseLine> {
        self.lines.iter().filter(|line| line.standing == Standing::Live)
    }

    /// The lines that are in, and those that were or will be.
    pub fn ever(&self) -> impl Iterator<Item = &ReleaseLine> {
        self.lines.iter().filter(|line| line.standing != Standing::Out)
    }
}

/// A glob that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{glob:?} is no glob: {reason}")]
pub struct BadGlob {
    /// As it was written.
    pub glob: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Chooses among `candidates`, of which the one with the full name `default` is the default branch.
///
/// # Errors
/// [`BadGlob`] for the first glob that cannot be read.
pub fn choose(
    candidates: &[Candidate],
    default: Option<&str>,
    choice: &Choice,
    now: Timestamp,
) -> Result<Chosen, BadGlob> {
    let mut sorted: Vec<Seen<'_>> = candidates
        .iter()
        .map(|candidate| Seen::new(candidate, default))
        .collect();
    sorted.sort_by(|left, right| left.order().cmp(&right.order()));
    match choice {
        Choice::Globs(globs) => named(&sorted, globs),
        Choice::Names(names) => Ok(exact(&sorted, names)),
        Choice::Rules(rules) => ruled(&sorted, rules, now),
    }
}

/// By `--refs` alone.
fn named(sorted: &[Seen<'_>], globs: &str) -> Result<Chosen, BadGlob> {
    let globs = Globs::new(split(globs).into_iter())?;
    let lines: Vec<ReleaseLine> = sorted
        .iter()
        .map(|seen| match globs.first(seen.name) {
            Some(glob) => seen.line(Standing::Live, format!("matches {glob} of --refs")),
            None => seen.line(Standing::Out, "matches no glob of --refs".into()),
        })
        .collect();
    Ok(Chosen {
        warnings: Vec::new(),
        lines,
    })
}

/// One after the other: a name that is no glob spoils no other.
fn exact(sorted: &[Seen<'_>], names: &[String]) -> Chosen {
    let wanted = names
        .iter()
        .map(|name| Wanted::of(name, |name| sorted.iter().any(|seen| seen.name == name)));
    let wanted: Vec<Wanted<'_>> = wanted.collect();
    let line = |seen: &Seen<'_>| match wanted.iter().find(|wanted| wanted.is_met_by(seen.name)) {
        Some(wanted) => seen.line(Standing::Live, format!("is asked for as {}", wanted.name)),
        None => seen.line(Standing::Out, "is not asked for".into()),
    };
    Chosen {
        warnings: Vec::new(),
        lines: sorted.iter().map(line).collect(),
    }
}

/// A name, and what it matches where no line is called that and it is a glob.
struct Wanted<'n> {
    name: &'n str,
    matcher: Option<GlobMatcher>,
}

impl<'n> Wanted<'n> {
    fn of(name: &'n str, is_there: impl Fn(&str) -> bool) -> Self {
        Self {
            name,
            matcher: (!is_there(name)).then(|| matcher(name).ok()).flatten(),
        }
    }

    fn is_met_by(&self, short: &str) -> bool {
        short == self.name
            || self
                .matcher
                .as_ref()
                .is_some_and(|matcher| matcher.is_match(short))
    }
}

/// The globs that somebody asked for and that match none of these full names.
///
/// # Errors
/// [`BadGlob`] for the first glob that cannot be read.
pub fn unmatched(choice: &Choice, names: &[&str]) -> Result<Vec<String>, BadGlob> {
    let globs = match choice {
        Choice::Globs(globs) => Globs::new(split(globs).into_iter())?,
        Choice::Names(wanted) => {
            let is_met = |one: &&String| {
                let one = Wanted::of(one, |one| names.iter().any(|name| short_name(name) == one));
                names.iter().any(|name| one.is_met_by(short_name(name)))
            };
            return Ok(wanted.iter().filter(|one| !is_met(one)).cloned().collect());
        }
        Choice::Rules(rules) if rules.include == INCLUDE => return Ok(Vec::new()),
        Choice::Rules(rules) => Globs::new(rules.include.iter().map(String::as_str))?,
    };
    let idle = globs
        .0
        .into_iter()
        .filter(|(_, matcher)| !names.iter().any(|name| matcher.is_match(short_name(name))));
    Ok(idle.map(|(glob, _)| glob).collect())
}

/// What names of branches of a remote begin with in git, of the usual remotes.
const REMOTES: [&str; 2] = ["origin/", "upstream/"];

/// The question that names the ref or pattern nearest to `wanted`, which is none of the refs with these short names; empty if
/// none is near. `origin/main` is meant as `main`: branches of a remote have no other name here.
pub fn meant<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> String {
    let mut known = BTreeSet::new();
    let behind_remote = REMOTES.iter().find_map(|remote| wanted.strip_prefix(remote));
    let behind_remote = behind_remote.unwrap_or_default();
    let matcher = Globs::new([behind_remote].into_iter()).ok();
    for name in names {
        if matcher
            .as_ref()
            .is_some_and(|matcher| matcher.first(name).is_some())
        {
            return nearest::meant(Some(behind_remote));
        }
        let folder = name.rsplit_once('/').map(|(folder, _)| format!("{folder}/*"));
        let series = name.split_once(|character: char| character.is_ascii_digit());
        let series = series
            .map(|(before, _)| before)
            .filter(|before| !before.is_empty());
        known.extend([
            Some(name.to_owned()),
            folder,
            series.map(|before| format!("{before}*")),
        ]);
    }
    let known = known.iter().flatten().map(String::as_str);
    let near = nearest::nearest(as_short_name(wanted), known.clone());
    nearest::meant(near.or_else(|| nearest::nearest(behind_remote, known)))
}

/// A full name stands for the short one.
fn as_short_name(glob: &str) -> &str {
    glob.strip_prefix("refs/heads/")
        .or_else(|| {
            glob.strip_prefix("refs/")
                .filter(|short| short.starts_with("tags/"))
        })
        .unwrap_or(glob)
}

/// By the rules.
fn ruled(sorted: &[Seen<'_>], rules: &Rules, now: Timestamp) -> Result<Chosen, BadGlob> {
    let include = Globs::new(rules.include.iter().map(String::as_str))?;
    let exclude = Globs::new(rules.exclude.iter().map(String::as_str))?;
    let built_in = Globs::new(INCLUDE.into_iter())?;
    let support = Support::new(rules)?;
    let today = day(now);
    let mut counts: HashMap<(bool, &str, &str), usize> = HashMap::new();
    let mut verdicts: Vec<(&Seen<'_>, Place, String)> = Vec::with_capacity(sorted.len());
    for seen in sorted {
        let (before, after) = seen.series();
        let kept = counts.entry((seen.is_tag, before, after)).or_default();
        let ended = support.end(seen.name).filter(|end| *end < today);
        let idle = idle(seen, rules.active_within, now);
        let (place, reason) = match (exclude.first(seen.name), include.first(seen.name)) {
            (Some(glob), _) => (Place::Excluded, format!("excluded by {glob}")),
            (None, _) if seen.is_default => (Place::In, "the default branch".to_owned()),
            (None, Some(glob)) => match (ended, idle) {
                (Some(end), _) => (Place::LeftOut, format!("end of support was {end}")),
                (None, Some(idle)) => (Place::LeftOut, idle),
                (None, None) if *kept < rules.newest => {
                    *kept += 1;
                    (Place::In, format!("matches {glob}, {}", nth_newest(*kept)))
                }
                (None, None) => {
                    let reason = format!("matches {glob}, older than the newest {}", rules.newest);
                    (Place::LeftOut, reason)
                }
            },
            (None, None) => {
                let looks_like_one = built_in.first(seen.name).is_some();
                let place = match (looks_like_one, ended, idle) {
                    (true, None, None) => Place::Overlooked,
                    (true, _, _) | (false, _, _) => Place::Unmatched,
                };
                (place, "matches no pattern".to_owned())
            }
        };
        verdicts.push((seen, place, reason));
    }
    Ok(Chosen {
        warnings: newer_ones(&verdicts),
        lines: verdicts
            .iter()
            .map(|(seen, place, reason)| seen.line(place.standing(), reason.clone()))
            .collect(),
    })
}

/// Where the rules put a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    In,
    /// It matches, and another rule keeps it out.
    LeftOut,
    /// A person said so.
    Excluded,
    /// It matches no pattern, but those that hold where nobody says otherwise, and it is active.
    Overlooked,
    Unmatched,
}

impl Place {
    fn standing(self) -> Standing {
        match self {
            Self::In => Standing::Live,
            Self::LeftOut => Standing::LeftOut,
            Self::Excluded | Self::Overlooked | Self::Unmatched => Standing::Out,
        }
    }
}

/// Warns of branches that are left out while older ones are in. A person who excludes one by name knows.
fn newer_ones(verdicts: &[(&Seen<'_>, Place, String)]) -> Vec<String> {
    let branches = || {
        verdicts
            .iter()
            .filter(|(seen, ..)| !seen.is_tag && !seen.is_default)
    };
    let live: Vec<(&Seen<'_>, &Number)> = branches()
        .filter(|(_, place, _)| *place == Place::In)
        .filter_map(|(seen, ..)| Some((*seen, seen.number.as_ref()?)))
        .collect();
    let mut warnings = Vec::new();
    for (seen, place, reason) in branches() {
        let Some(number) = &seen.number else { continue };
        // What may have been forgotten is newer than all that is in; what a rule keeps out is newer than one.
        let mut older = live.iter().filter(|(_, live)| *live < number);
        let older = match place {
            Place::LeftOut => older.find(|(live, _)| live.series() == seen.series()),
            Place::Overlooked => older
                .next()
                .filter(|_| live.first().is_some_and(|(_, live)| *live < number)),
            Place::In | Place::Excluded | Place::Unmatched => None,
        };
        if let Some((older, _)) = older {
            let (name, older) = (seen.name, older.name);
            warnings.push(format!(
                "{name} is newer than {older}, which is scanned, but it is left out: {reason}."
            ));
        }
    }
    warnings
}

/// Why a candidate is too old, if it is.
fn idle(seen: &Seen<'_>, active_within: Duration, now: Timestamp) -> Option<String> {
    let committed = seen.candidate.committed;
    let age = now.duration_since(committed);
    let is_old = Duration::try_from(age).is_ok_and(|age| age > active_within);
    let hours = active_within.as_secs() / 3600;
    let limit = match (hours / 24, hours % 24) {
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        _ => format!("{hours} hours"),
    };
    is_old.then(|| format!("no commit since {}, more than {limit}", day(committed)))
}

fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn nth_newest(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    match number {
        1 => "the newest".to_owned(),
        _ => format!("the {number}{ending} newest"),
    }
}

/// The last days of support.
struct Support(Vec<(GlobMatcher, Date, Reach)>);

/// How much a glob can match.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// One name.
    One,
    /// Any number of names.
    Many,
}

impl Support {
    fn new(rules: &Rules) -> Result<Self, BadGlob> {
        let ends = rules.end_of_support.iter().map(|(glob, date)| {
            let reach = if glob.contains(['*', '?', '[', '{', '\\']) {
                Reach::Many
            } else {
                Reach::One
            };
            Ok((matcher(glob)?, *date, reach))
        });
        Ok(Self(ends.collect::<Result<_, _>>()?))
    }

    fn end(&self, name: &str) -> Option<Date> {
        let fitting = self.0.iter().filter(|(matcher, ..)| matcher.is_match(name));
        let (_, date, _) = fitting.min_by_key(|(_, date, reach)| (*reach, *date))?;
        Some(*date)
    }
}

/// Globs as they were written, and what they match.
struct Globs(Vec<(String, GlobMatcher)>);

impl Globs {
    fn new<'g>(globs: impl Iterator<Item = &'g str>) -> Result<Self, BadGlob> {
        let read = globs.map(|glob| Ok((glob.to_owned(), matcher(glob)?)));
        Ok(Self(read.collect::<Result<_, _>>()?))
    }

    /// The first one that matches `name`.
    fn first(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(_, matcher)| matcher.is_match(name));
        found.map(|(glob, _)| glob.as_str())
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher, BadGlob> {
    let read = GlobBuilder::new(&crossing(as_short_name(glob)))
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    match read {
        Ok(read) => Ok(read.compile_matcher()),
        Err(error) => Err(BadGlob {
            glob: glob.to_owned(),
            reason: error.kind().to_string(),
        }),
    }
}

/// `**` crosses `/` wherever it stands. In the globs that are read here it does so only between slashes.
fn crossing(glob: &str) -> String {
    let mut written = String::with_capacity(glob.len());
    let mut rest = glob;
    let mut is_class = false;
    while let Some(character) = rest.chars().next() {
        let stars = rest.len() - rest.trim_start_matches('*').len();
        if stars >= 2 && !is_class {
            let after = rest.trim_start_matches('*');
            let alone = (written.is_empty() || written.ends_with('/'))
                && (after.is_empty() || after.starts_with('/'));
            written.push_str(if alone { "**" } else { "{*,*/**/*}" });
            rest = after;
            continue;
        }
        written.push(character);
        rest = rest.strip_prefix(character).unwrap_or_default();
        match character {
            '\\' => {
                if let Some(escaped) = rest.chars().next() {
                    written.push(escaped);
                    rest = rest.strip_prefix(escaped).unwrap_or_default();
                }
            }
            '[' => is_class = true,
            ']' => is_class = false,
            _ => {}
        }
    }
    written
}

/// The globs of a list, which commas divide, but not inside of braces.
fn split(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = list.split(|character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A candidate and what the choice looks at.
struct Seen<'a> {
    candidate: &'a Candidate,
    name: &'a str,
    is_default: bool,
    is_tag: bool,
    number: Option<Number>,
}

impl<'a> Seen<'a> {
    fn new(candidate: &'a Candidate, default: Option<&str>) -> Self {
        let name = short_name(&candidate.ref_name);
        Self {
            candidate,
            name,
            is_default: default == Some(candidate.ref_name.as_str()),
            is_tag: candidate.ref_name.starts_with("refs/tags/"),
            number: Number::of(name),
        }
    }

    fn order(&self) -> impl Ord + use<'_, 'a> {
        let age = match &self.number {
            Some(_) => None,
            None => Some(Reverse(self.candidate.committed)),
        };
        (
            !self.is_default,
            self.is_tag,
            Reverse(self.number.as_ref()),
            age,
            &self.candidate.ref_name,
        )
    }

    /// What it is a number of: the name before the number and the folders behind it. Lines of one series follow each other;
    /// those of two, as `api/release/1.2` and `web/release/7.0`, have nothing to do with each other.
    fn series(&self) -> (&'a str, &'a str) {
        let mut end = self.name.len();
        while let Some(before) = self.name.get(..end) {
            let start = before.rfind('/').map_or(0, |slash| slash + 1);
            let component = before.get(start..).unwrap_or_default();
            if let Some(number) = Number::start(component) {
                let prefix = self.name.get(..start + number).unwrap_or_default();
                let prefix = prefix.strip_suffix(['v', 'V']).unwrap_or(prefix);
                return (prefix, self.name.get(end..).unwrap_or_default());
            }
            let Some(next) = start.checked_sub(1) else { break };
            end = next;
        }
        let folder = self.name.rfind('/').map_or(0, |slash| slash + 1);
        (self.name.get(..folder).unwrap_or_default(), "")
    }

    fn line(&self, standing: Standing, reason: String) -> ReleaseLine {
        ReleaseLine {
            ref_name: self.candidate.ref_name.clone(),
            commit: self.candidate.commit.clone(),
            committed: self.candidate.committed,
            standing,
            reason,
            last_scanned: None,
        }
    }
}

/// The number in a name, in the order of versions: `release-1.9` < `release/1.10-rc` < `1.10` < `1.x` < `2.0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Number {
    parts: Vec<Part>,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Digits without leading zeros: of two, the longer one is larger.
    Digits(usize, String),
    /// `x`: every number that is still to come.
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Before,
    Released,
}

impl Number {
    /// The number of the last component that has one.
    fn of(name: &str) -> Option<Self> {
        name.rsplit('/').find_map(Self::of_component)
    }

    /// Where the number of a component begins.
    fn start(name: &str) -> Option<usize> {
        let starts = name
            .char_indices()
            .filter(|(at, character)| character.is_ascii_digit() && !follows_digit(name, *at));
        // `py3-1.4` is 1.4, `release3` is 3.
        let start = starts
            .clone()
            .find(|(at, _)| begins_number(name, *at))
            .or_else(|| starts.clone().next());
        start.map(|(start, _)| start)
    }

    fn of_component(name: &str) -> Option<Self> {
        let start = Self::start(name)?;
        let mut rest = name.get(start..)?;
        let mut parts = Vec::new();
        loop {
            let digits = rest.len()
                - rest
                    .trim_start_matches(|digit: char| digit.is_ascii_digit())
                    .len();
            let (part, after) = match (rest.split_at_checked(digits), rest.strip_prefix(['x', 'X'])) {
                (Some((digits, after)), _) if !digits.is_empty() => {
                    let digits = digits.trim_start_matches('0');
                    (Part::Digits(digits.len(), digits.to_owned()), after)
                }
                (_, Some(after)) if !after.starts_with(char::is_alphanumeric) => (Part::Any, after),
                (_, _) => break,
            };
            parts.push(part);
            rest = after;
            match after.strip_prefix(['.', '-', '_']) {
                Some(next)
                    if next
                        .starts_with(|first: char| first.is_ascii_digit() || matches!(first, 'x' | 'X')) =>
                {
                    rest = next;
                }
                Some(_) | None => break,
            }
        }
        let word = rest.trim_start_matches(['.', '-', '_']).to_ascii_lowercase();
        let early = ["alpha", "beta", "rc", "pre", "dev", "snapshot", "nightly"];
        let stage = if early.iter().any(|early| word.starts_with(early)) {
            Stage::Before
        } else {
            Stage::Released
        };
        Some(Self { parts, stage })
    }
}

/// The digit there goes on with a number: `4` and `2` of `14.2` do, and `1` does not.
fn follows_digit(name: &str, at: usize) -> bool {
    let before = name.get(..at).unwrap_or_default();
    let before = before.strip_suffix('.').unwrap_or(before);
    before.ends_with(|character: char| character.is_ascii_digit())
}

/// A number begins a word, or follows a `v` that does.
fn begins_number(name: &str, at: usize) -> bool {
    let before = name.get(..at).unwrap_or_default();
    let before = before.strip_suffix(['v', 'V']).unwrap_or(before);
    !before.ends_with(char::is_alphanumeric)
}
