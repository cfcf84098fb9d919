//! From events to intervals, as OSV evaluates them (OSV schema 1.7, "Evaluation").

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::advisory::order;
use crate::advisory::record::{End, Interval, Statement, Undecided};
use crate::schema::osv;
use crate::version::{Scheme, Unorderable};

/// One event of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// Affected from here on; `0` is before every version.
    Introduced(&'a str),
    /// No more affected from here on.
    Fixed(&'a str),
    /// No more affected after this one.
    LastAffected(&'a str),
    /// Whatever is said before ends here.
    Limit(&'a str),
}

impl<'a> Event<'a> {
    /// The events of a range. The schema wants one a table; of several all are taken.
    pub fn of_range(range: &'a osv::Range<'_>) -> Vec<Self> {
        let mut events = Vec::with_capacity(range.events.0.len());
        for event in &range.events.0 {
            events.extend(
                event
                    .introduced
                    .as_ref()
                    .map(|text| Self::Introduced(text.0.as_ref())),
            );
            events.extend(event.fixed.as_ref().map(|text| Self::Fixed(text.0.as_ref())));
            events.extend(
                event
                    .last_affected
                    .as_ref()
                    .map(|text| Self::LastAffected(text.0.as_ref())),
            );
            events.extend(event.limit.as_ref().map(|text| Self::Limit(text.0.as_ref())));
        }
        events
    }

    fn version(self) -> &'a str {
        match self {
            Self::Introduced(version)
            | Self::Fixed(version)
            | Self::LastAffected(version)
            | Self::Limit(version) => version,
        }
    }

    fn with(self, version: &str) -> Event<'_> {
        match self {
            Self::Introduced(_) => Event::Introduced(version),
            Self::Fixed(_) => Event::Fixed(version),
            Self::LastAffected(_) => Event::LastAffected(version),
            Self::Limit(_) => Event::Limit(version),
        }
    }

    /// `0` and `*` are OSV's own words and no versions.
    fn spelling(self, scheme: &dyn Scheme) -> Cow<'a, str> {
        match self {
            Self::Introduced("0") => Cow::Borrowed("0"),
            Self::Limit("*") => Cow::Borrowed("*"),
            Self::Introduced(version)
            | Self::Fixed(version)
            | Self::LastAffected(version)
            | Self::Limit(version) => scheme.event(version),
        }
    }

    fn is_everything(self) -> bool {
        self == Event::Introduced("0")
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Introduced(_) => "introduced",
            Self::Fixed(_) => "fixed",
            Self::LastAffected(_) => "last_affected",
            Self::Limit(_) => "limit",
        }
    }
}

/// Adds one range to what a record says; returns how many of its events cannot be ordered.
///
/// A range with such an event holds no interval: part of it would be a guess.
pub fn add(statement: &mut Statement, events: &[Event<'_>], scheme: Option<&dyn Scheme>) -> u64 {
    if events.is_empty() {
        return 0;
    }
    if events.iter().all(|event| event.is_everything()) {
        // True in any order, and of versions that cannot be ordered.
        statement.intervals.push(Interval::EVERYTHING);
        return 0;
    }
    let Some(scheme) = scheme else {
        statement.undecided.get_or_insert(Undecided::NoScheme);
        return 0;
    };
    let spelt: Vec<(Event<'_>, Cow<'_, str>)> = events
        .iter()
        .map(|event| (*event, event.spelling(scheme)))
        .collect();
    let events: Vec<Event<'_>> = spelt.iter().map(|(event, version)| event.with(version)).collect();
    let unread = |event: &&Event<'_>| {
        !event.is_everything() && scheme.compare(event.version(), event.version()).is_err()
    };
    let unread: Vec<&Event<'_>> = events
        .iter()
        .filter(|event| **event != Event::Limit("*"))
        .filter(unread)
        .collect();
    if let Some(first) = unread.first() {
        let text = format!(
            "{} {:?} cannot be ordered",
            first.as_str(),
            shortened(first.version())
        );
        statement.undecided.get_or_insert(Undecided::Event(text));
        return unread.len() as u64;
    }
    match evaluate(&events, scheme) {
        Ok(range) => {
            statement.intervals.extend(range.intervals);
            statement.further_fixed.extend(range.further_fixed);
            0
        }
        Err(error) => {
            statement
                .undecided
                .get_or_insert(Undecided::Event(error.to_string()));
            1
        }
    }
}

/// Drops listed versions that an interval holds already, every build of them; what cannot be ordered stays. Some records list
/// tens of thousands of both.
pub fn drop_covered(statement: &mut Statement, scheme: Option<&dyn Scheme>) {
    let Statement {
        intervals, versions, ..
    } = statement;
    if intervals.iter().any(Interval::is_everything) {
        versions.clear();
    } else if let Some(scheme) = scheme.filter(|_| !versions.is_empty())
        && let Ok(cover) = Cover::of(intervals, scheme)
    {
        versions.retain(|version| !cover.holds(version));
    }
}

/// Intervals by their starts, each with the furthest end of those up to it.
struct Cover<'i> {
    scheme: &'i dyn Scheme,
    parts: Vec<(Option<&'i str>, &'i Interval)>,
}

impl<'i> Cover<'i> {
    fn of(intervals: &'i [Interval], scheme: &'i dyn Scheme) -> Result<Self, Unorderable> {
        let starts: Vec<&Interval> = intervals.iter().collect();
        let sorted = order::sort_by(starts, &mut |left: &&Interval, right: &&Interval| match (
            &left.from,
            &right.from,
        ) {
            (None, None) => Ok(Ordering::Equal),
            (None, Some(_)) => Ok(Ordering::Less),
            (Some(_), None) => Ok(Ordering::Greater),
            (Some(left), Some(right)) => scheme.compare(left, right),
        })?;
        let mut parts: Vec<(Option<&str>, &Interval)> = Vec::with_capacity(sorted.len());
        for interval in sorted {
            let furthest = match parts.last() {
                Some((_, before)) if !is_further(&interval.until, &before.until, scheme)? => *before,
                Some(_) | None => interval,
            };
            parts.push((interval.from.as_deref(), furthest));
        }
        Ok(Self { scheme, parts })
    }

    /// An interval holds `version`: the last one that begins before it, or one before that reaches further.
    fn holds(&self, version: &str) -> bool {
        let at_least = |bound: &str| self.scheme.compare(version, bound).is_ok_and(Ordering::is_ge);
        let begun = self.parts.partition_point(|(from, _)| from.is_none_or(at_least));
        let last = begun.checked_sub(1).and_then(|last| self.parts.get(last));
        // Asked once more, since not every order is one: what no interval holds is never dropped.
        last.is_some_and(|(_, interval)| holds(interval, version, self.scheme))
    }
}

fn holds(interval: &Interval, version: &str, scheme: &dyn Scheme) -> bool {
    let order = |version: &str, bound: &str| scheme.compare_with_bound(version, bound).ok();
    // A bound that names a build of the very version parts the builds: then the version has to stay listed.
    let before = |bound: &str| order(bound, version).is_some_and(Ordering::is_gt);
    let is = |bound: &str, side: fn(Ordering) -> bool| order(version, bound).is_some_and(side);
    interval
        .from
        .as_deref()
        .is_none_or(|from| is(from, Ordering::is_ge))
        && match &interval.until {
            End::Never => true,
            // A pre-release of the bound may be equal to it (Composer).
            End::Fixed(bound) | End::Limit(bound) => before(bound) && is(bound, Ordering::is_lt),
            End::LastAffected(bound) => before(bound) || is(bound, Ordering::is_eq),
        }
}

/// Whether `end` is after `other`.
fn is_further(end: &End, other: &End, scheme: &dyn Scheme) -> Result<bool, Unorderable> {
    /// The bound, and whether it is still affected itself.
    fn bound(until: &End) -> Option<(&str, bool)> {
        match until {
            End::Never => None,
            End::Fixed(bound) | End::Limit(bound) => Some((bound, false)),
            End::LastAffected(bound) => Some((bound, true)),
        }
    }
    Ok(match (bound(end), bound(other)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some((end, is_in)), Some((other, is_other_in))) => match scheme.compare(end, other)? {
            Ordering::Less => false,
            Ordering::Equal => is_in && !is_other_in,
            Ordering::Greater => true,
        },
    })
}

#[derive(Debug, Default)]
struct Evaluated {
    intervals: Vec<Interval>,
    further_fixed: Vec<String>,
}

fn evaluate(events: &[Event<'_>], scheme: &dyn Scheme) -> Result<Evaluated, Unorderable> {
    let mut limit: Option<&str> = None;
    let mut unlimited = false;
    let mut timeline = Vec::with_capacity(events.len());
    for event in events {
        match event {
            Event::Limit("*") => unlimited = true,
            Event::Limit(version) => {
                // A version counts if it is before any of the limits: the highest one is what matters.
                limit = Some(match limit {
                    Some(highest) if scheme.compare(highest, version)?.is_ge() => highest,
                    Some(_) | None => version,
                });
            }
            Event::Introduced(_) | Event::Fixed(_) | Event::LastAffected(_) => timeline.push(*event),
        }
    }
    let timeline = order::sort_by(timeline, &mut |left: &Event<'_>, right: &Event<'_>| match (
        left.is_everything(),
        right.is_everything(),
    ) {
        (true, true) => Ok(Ordering::Equal),
        (true, false) => Ok(Ordering::Less),
        (false, true) => Ok(Ordering::Greater),
        (false, false) => scheme.compare(left.version(), right.version()),
    })?;

    let mut evaluated = walk(&timeline, scheme)?;
    if let Some(limit) = limit.filter(|_| !unlimited) {
        evaluated.intervals = below(evaluated.intervals, limit, scheme)?;
    }
    Ok(evaluated)
}

/// Walks the sorted events once. OSV asks of each version which events stand at or before it (`last_affected`:
/// before it) and lets the last of them decide; the intervals are the versions for which that says "affected".
///
/// Among equals the order of the document decides, with one exception: where something is open, its end comes
/// before a new start. `2..3, 1..2` are two stretches that touch, and 2 itself is affected.
fn walk(timeline: &[Event<'_>], scheme: &dyn Scheme) -> Result<Evaluated, Unorderable> {
    let mut evaluated = Evaluated::default();
    let mut open: Option<Option<&str>> = None;
    let equal = |left: &Event<'_>, right: &Event<'_>| {
        let order = scheme.compare(left.version(), right.version());
        left.is_everything() == right.is_everything() && order.is_ok_and(Ordering::is_eq)
    };
    for equals in timeline.chunk_by(equal) {
        let starts_last = open.is_some();
        let is_late = |event: &&Event<'_>| starts_last && matches!(event, Event::Introduced(_));
        let first = equals.iter().filter(|event| !is_late(event));
        let late = equals.iter().filter(is_late);
        for event in first.chain(late) {
            step(*event, &mut open, &mut evaluated, scheme)?;
        }
    }
    if let Some(from) = open {
        evaluated.intervals.push(interval(from, End::Never));
    }
    Ok(evaluated)
}

/// What one event ends or begins; `open` is the start of the stretch that has no end yet.
fn step<'e>(
    event: Event<'e>,
    open: &mut Option<Option<&'e str>>,
    evaluated: &mut Evaluated,
    scheme: &dyn Scheme,
) -> Result<(), Unorderable> {
    match event {
        Event::Introduced("0") => {
            open.get_or_insert(None);
        }
        Event::Introduced(version) => {
            open.get_or_insert(Some(version));
        }
        Event::Fixed(version) => {
            let mut used = false;
            if let Some(from) = open.take() {
                used = is_before(from, version, scheme)?;
                if used {
                    evaluated
                        .intervals
                        .push(interval(from, End::Fixed(version.to_owned())));
                }
            }
            // An earlier interval that ends with this very version loses it.
            if let Some(last) = evaluated.intervals.last_mut()
                && let End::LastAffected(end) = &last.until
                && scheme.compare_with_bound(version, end)?.is_eq()
            {
                last.until = End::Fixed(version.to_owned());
                used = true;
                if !is_before(last.from.as_deref(), version, scheme)? {
                    evaluated.intervals.pop();
                }
            }
            if !used {
                evaluated.further_fixed.push(version.to_owned());
            }
        }
        Event::LastAffected(version) => {
            if let Some(from) = open.take() {
                evaluated
                    .intervals
                    .push(interval(from, End::LastAffected(version.to_owned())));
            }
        }
        Event::Limit(_) => {}
    }
    Ok(())
}

/// The intervals as far as they are before `limit`.
fn below(intervals: Vec<Interval>, limit: &str, scheme: &dyn Scheme) -> Result<Vec<Interval>, Unorderable> {
    let mut kept = Vec::with_capacity(intervals.len());
    for mut interval in intervals {
        if !is_before(interval.from.as_deref(), limit, scheme)? {
            continue;
        }
        let within = match &interval.until {
            End::Never => false,
            End::Fixed(end) | End::Limit(end) => scheme.compare(end, limit)?.is_le(),
            End::LastAffected(end) => scheme.compare_with_bound(limit, end)?.is_gt(),
        };
        if !within {
            interval.until = End::Limit(limit.to_owned());
        }
        kept.push(interval);
    }
    Ok(kept)
}

fn is_before(from: Option<&str>, version: &str, scheme: &dyn Scheme) -> Result<bool, Unorderable> {
    match from {
        None => Ok(true),
        Some(from) => Ok(scheme.compare(from, version)?.is_lt()),
    }
}

fn interval(from: Option<&str>, until: End) -> Interval {
    Interval {
        from: from.map(str::to_owned),
        until,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::scheme;

    fn said(events: &[Event<'_>]) -> Vec<String> {
        let mut statement = Statement::default();
        add(&mut statement, events, scheme("semver"));
        assert_eq!(statement.undecided, None);
        let mut lines: Vec<String> = statement
            .intervals
            .iter()
            .map(|interval| {
                let from = interval.from.as_deref().unwrap_or("");
                match &interval.until {
                    End::Never => format!("{from}.."),
                    End::Fixed(end) => format!("{from}..{end}"),
                    End::LastAffected(end) => format!("{from}..={end}"),
                    End::Limit(end) => format!("{from}..!{end}"),
                }
            })
            .collect();
        lines.extend(
            statement
                .further_fixed
                .iter()
                .map(|fixed| format!("also {fixed}")),
        );
        lines
    }

    #[test]
    fn ordinary_ranges() {
        use Event::{Fixed, Introduced, LastAffected};
        assert_eq!(said(&[Introduced("0")]), [".."]);
        assert_eq!(said(&[Introduced("0"), Fixed("1.2.0")]), ["..1.2.0"]);
        assert_eq!(
            said(&[Introduced("1.0.0"), LastAffected("1.2.0")]),
            ["1.0.0..=1.2.0"]
        );
        assert_eq!(
            said(&[
                Fixed("2.1.0"),
                Introduced("2.0.0"),
                Fixed("1.1.0"),
                Introduced("0")
            ]),
            ["..1.1.0", "2.0.0..2.1.0"]
        );
    }

    #[test]
    fn nasty_ranges() {
        use Event::{Fixed, Introduced, LastAffected, Limit};
        assert_eq!(
            said(&[Introduced("0"), Fixed("1.0.0"), Fixed("2.0.0")]),
            ["..1.0.0", "also 2.0.0"]
        );
        assert_eq!(
            said(&[Introduced("0"), Introduced("1.0.0"), Fixed("2.0.0")]),
            ["..2.0.0"]
        );
        // Nothing is introduced.
        assert_eq!(said(&[Fixed("2.0.0")]), ["also 2.0.0"]);
        // The order of the document decides among equals,
        assert_eq!(said(&[Introduced("1.0.0"), Fixed("1.0.0")]), ["also 1.0.0"]);
        assert_eq!(
            said(&[Fixed("1.0.0"), Introduced("1.0.0")]),
            ["1.0.0..", "also 1.0.0"]
        );
        assert_eq!(
            said(&[Introduced("0"), Fixed("1.0.0"), Introduced("1.0.0")]),
            ["..1.0.0", "1.0.0.."]
        );
        // unless that would hide a stretch behind the end of the one before it.
        assert_eq!(
            said(&[
                Introduced("2.0.0"),
                Fixed("3.0.0"),
                Introduced("1.0.0"),
                Fixed("2.0.0")
            ]),
            ["1.0.0..2.0.0", "2.0.0..3.0.0"]
        );
        assert_eq!(
            said(&[Introduced("1.0.0"), LastAffected("1.0.0")]),
            ["1.0.0..=1.0.0"]
        );
        assert_eq!(
            said(&[Introduced("0"), LastAffected("1.0.0"), Fixed("1.0.0")]),
            ["..1.0.0"]
        );
        assert_eq!(
            said(&[Introduced("1.0.0"), LastAffected("1.0.0"), Fixed("1.0.0")]),
            Vec::<String>::new()
        );
        assert_eq!(
            said(&[Introduced("0"), Limit("1.0.0"), Limit("2.0.0")]),
            ["..!2.0.0"]
        );
        assert_eq!(said(&[Introduced("0"), Limit("1.0.0"), Limit("*")]), [".."]);
        assert_eq!(
            said(&[
                Introduced("0"),
                Fixed("1.0.0"),
                Introduced("3.0.0"),
                Limit("2.0.0")
            ]),
            ["..1.0.0"]
        );
    }

    #[test]
    fn what_cannot_be_ordered_is_undecided() {
        let mut statement = Statement::default();
        let events = [Event::Introduced("0"), Event::Fixed("next tuesday")];
        assert_eq!(add(&mut statement, &events, scheme("semver")), 1);
        assert!(statement.intervals.is_empty());
        assert!(
            matches!(&statement.undecided, Some(Undecided::Event(text)) if text.contains("next tuesday"))
        );
        let mut statement = Statement::default();
        assert_eq!(add(&mut statement, &events, None), 0);
        assert_eq!(statement.undecided, Some(Undecided::NoScheme));
    }

    #[test]
    fn what_an_earlier_and_longer_interval_holds_is_dropped_too() {
        let of = |from: Option<&str>, until: End| interval(from, until);
        let mut statement = Statement {
            intervals: vec![
                of(Some("3.0.0"), End::Fixed("3.1.0".into())),
                of(Some("1.0.0"), End::LastAffected("5.0.0".into())),
                of(Some("2.0.0"), End::Fixed("5.0.0".into())),
                of(Some("7.0.0"), End::Never),
            ],
            versions: [
                "0.9.0", "1.0.0", "4.0.0", "5.0.0", "5.0.1", "6.9.9", "7.0.0", "9.0.0", "odd",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..Statement::default()
        };
        drop_covered(&mut statement, scheme("semver"));
        assert_eq!(statement.versions, ["0.9.0", "5.0.1", "6.9.9", "odd"]);
    }

    /// By the range `1.0.0-RC1` is fixed, as `composer audit` has it, and by the list it is affected: the list says more.
    #[test]
    fn a_listed_pre_release_of_the_fixed_version_stays_listed() {
        let mut statement = Statement {
            versions: ["0.9.0", "1.0.0-RC1", "1.0.0"].map(str::to_owned).to_vec(),
            ..Statement::default()
        };
        let events = [Event::Introduced("0"), Event::Fixed("1.0.0")];
        add(&mut statement, &events, scheme("packagist"));
        drop_covered(&mut statement, scheme("packagist"));
        assert_eq!(statement.versions, ["1.0.0-RC1", "1.0.0"]);
    }

    #[test]
    fn tens_of_thousands_of_both_take_no_time() {
        let mut events = Vec::new();
        let texts: Vec<String> = (0..40_000).map(|number| format!("{number}.0.0")).collect();
        for pair in texts.chunks(2) {
            events.extend([Event::Introduced(&pair[0]), Event::Fixed(&pair[1])]);
        }
        let mut statement = Statement {
            versions: (0..40_000).map(|number| format!("{number}.5.0")).collect(),
            ..Statement::default()
        };
        // Each against each would take minutes.
        add(&mut statement, &events, scheme("semver"));
        drop_covered(&mut statement, scheme("semver"));
        assert_eq!(
            (statement.intervals.len(), statement.versions.len()),
            (20_000, 20_000)
        );
    }

    #[test]
    fn listed_versions_inside_an_interval_are_dropped() {
        let mut statement = Statement {
            versions: ["0.9.0", "1.0.0", "odd"].map(str::to_owned).to_vec(),
            ..Statement::default()
        };
        add(
            &mut statement,
            &[Event::Introduced("0"), Event::Fixed("1.0.0")],
            scheme("semver"),
        );
        drop_covered(&mut statement, scheme("semver"));
        assert_eq!(statement.versions, ["1.0.0", "odd"]);
    }
}
