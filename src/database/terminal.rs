//! The answers of [`super::query`] and [`super::build`] for a terminal. Texts of advisories are escaped.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::build::Built;
use super::query::{Difference, PackageAdvisories, SearchResult, ShownRecord, Status};
use crate::advisory::Source;
use crate::advisory::record::{Affected, Interval, Statement, Undecided};
use crate::advisory::severity;
use crate::model::{Advisory, Class};
use crate::policy::nearest::meant;
use crate::text::count::{counted, thousands};
use crate::text::escape::terminal;

/// What was built, source by source.
#[must_use]
pub fn built(built: &Built) -> String {
    let facts = &built.facts;
    let mut text = sources(&facts.sources);
    for (source, rejected) in &built.rejected {
        let _ = writeln!(
            text,
            "  rejected  {}: {}",
            terminal(source),
            terminal(&rejected.to_string())
        );
    }
    let _ = writeln!(
        text,
        "{} in {}, {} of them merged from several records; {}",
        held(facts.records, facts.packages),
        number(facts.groups, "group", "groups"),
        thousands(facts.merged_groups),
        size(facts.length)
    );
    let _ = writeln!(text, "{}", built.digest);
    text
}

/// `412,310 records of 60,100 packages`.
#[must_use]
pub fn held(records: u64, packages: u64) -> String {
    format!(
        "{} of {}",
        number(records, "record", "records"),
        number(packages, "package", "packages")
    )
}

fn number(count: u64, one: &str, many: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), one, many)
}

/// How the index is, at `now`.
#[must_use]
pub fn status(status: &Status, now: Timestamp) -> String {
    let age = now.duration_since(status.built).as_hours().max(0);
    let mut text = format!(
        "built {} ({} old), {}\n",
        status.built,
        span(age),
        size(status.length)
    );
    let _ = writeln!(text, "{}", status.digest);
    let _ = writeln!(
        text,
        "{} in {}",
        held(status.records, status.packages),
        number(status.groups, "group", "groups")
    );
    text.push_str(&sources(&status.sources));
    for (ecosystem, packages) in &status.ecosystems {
        let packages = thousands(*packages);
        let _ = writeln!(text, "  {packages:>9}  packages of {}", terminal(ecosystem));
    }
    text
}

/// Records in full; one line if there are none, with the id that may have been meant.
#[must_use]
pub fn shown(shown: &[ShownRecord], id: &str, near: Option<&str>) -> String {
    if shown.is_empty() {
        let meant = terminal(&meant(near));
        return format!("{} is not in the advisory database{meant}\n", terminal(id));
    }
    let mut text = String::new();
    for ShownRecord { record, source } in shown {
        let _ = writeln!(
            text,
            "{}  {}  ({})",
            terminal(&record.id),
            record.class,
            terminal(source)
        );
        if !record.summary.is_empty() {
            let _ = writeln!(text, "  {}", terminal(&record.summary));
        }
        if !record.aliases.is_empty() {
            let _ = writeln!(text, "  also {}", terminal(&record.aliases.join(", ")));
        }
        let said = severity::severity(record.rating.as_ref());
        // Nobody rates what is no vulnerability.
        if record.rating.is_some() || record.class == Class::Vulnerability {
            let _ = write!(text, "  {} ({}", said.level, said.source);
            if let Some(vector) = said.vector {
                let _ = write!(text, ": {}", terminal(&vector));
            }
            text.push_str(")\n");
        }
        for (word, time) in [("published", record.published), ("changed", record.changed())] {
            if let Some(time) = time {
                let _ = writeln!(text, "  {word} {time}");
            }
        }
        for affected in &record.affected {
            let _ = writeln!(text, "  {}", terminal(&said_of(affected)));
        }
        for line in record.texts.details.lines() {
            let _ = writeln!(text, "    {}", terminal(line));
        }
        for (kind, address) in &record.texts.references {
            let _ = writeln!(text, "  {}  {}", terminal(kind), terminal(address));
        }
        text.push('\n');
    }
    text
}

/// The packages that were found and what is known of them.
#[must_use]
pub fn searched(searched: &SearchResult, wanted: &str) -> String {
    let mut text = String::new();
    for PackageAdvisories {
        ecosystem,
        name,
        advisories,
    } in &searched.packages
    {
        let _ = writeln!(text, "{} {}", terminal(ecosystem), terminal(name));
        for advisory in advisories {
            let _ = writeln!(
                text,
                "  {}  {}  {}",
                terminal(&advisory.id),
                rated(advisory),
                terminal(&advisory.summary)
            );
        }
    }
    if searched.packages.is_empty() {
        let _ = writeln!(text, "no package is called {}", terminal(wanted));
        for (ecosystem, name) in &searched.near {
            let _ = writeln!(text, "  similar: {} {}", terminal(ecosystem), terminal(name));
        }
    }
    text
}

/// What changed, one id a line.
#[must_use]
pub fn difference(difference: &Difference) -> String {
    let mut text = String::new();
    for (sign, ids) in [
        ('+', &difference.added),
        ('-', &difference.removed),
        ('~', &difference.changed),
    ] {
        for (id, summary) in ids {
            let _ = writeln!(text, "{sign} {}  {}", terminal(id), terminal(summary));
        }
    }
    let _ = writeln!(
        text,
        "{} added, {} removed, {} changed",
        difference.added.len(),
        difference.removed.len(),
        difference.changed.len()
    );
    text
}

fn sources(sources: &[Source]) -> String {
    let mut text = String::new();
    for source in sources {
        let counts = &source.counts;
        let records = thousands(counts.records);
        let _ = write!(text, "  {records:>9}  {}", terminal(&source.name));
        let newest = source.newest.map(|newest| format!(", newest of {newest}"));
        text.push_str(&newest.unwrap_or_default());
        for (count, what) in [
            (counts.withdrawn, "withdrawn"),
            (counts.rejected, "rejected"),
            (counts.skipped, "left out"),
            (counts.superseded, "known better elsewhere"),
            (counts.git_ranges, "ranges of commits"),
            (counts.unorderable_events, "events that cannot be ordered"),
            (counts.bad_severities, "severities that are not valid"),
        ] {
            if count > 0 {
                let _ = write!(text, ", {} {what}", thousands(count));
            }
        }
        text.push('\n');
    }
    text
}

/// `vulnerability high`; the class of what nobody rated.
fn rated(advisory: &Advisory) -> String {
    let is_assumed = advisory.severity.source == "assumed" && advisory.class != Class::Vulnerability;
    match is_assumed {
        true => advisory.class.to_string(),
        false => format!("{} {}", advisory.class, advisory.severity.level),
    }
}

/// `npm left: >= 1.0.0, < 1.2.0; 3.0.0`.
fn said_of(affected: &Affected) -> String {
    let Statement {
        intervals,
        further_fixed: _,
        versions,
        listed: _,
        undecided,
    } = &affected.statement;
    let mut parts: Vec<String> = intervals.iter().map(Interval::to_string).collect();
    parts.extend(versions.iter().cloned());
    parts.extend(undecided.as_ref().map(|undecided| match undecided {
        Undecided::NoScheme => "a range that cannot be ordered".to_owned(),
        Undecided::Event(reason) => format!("a range that is not decided: {reason}"),
    }));
    format!("{} {}: {}", affected.ecosystem, affected.name, parts.join("; "))
}

fn span(hours: i64) -> String {
    match hours {
        0 => "less than an hour".to_owned(),
        1..48 => format!("{hours} h"),
        _ => format!("{} d", hours / 24),
    }
}

fn size(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}
