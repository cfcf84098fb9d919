//! Records of the OSV schema.

use std::borrow::Cow;

use jiff::Timestamp;

use super::{Imported, Noted, Rejected, events, packages};
use crate::advisory::record::{Affected, Rating, Record, Statement, known};
use crate::advisory::severity;
use crate::ecosystem;
use crate::model::advisory::Texts;
use crate::model::{Class, Ecosystem};
use crate::schema::osv::{self, Document};

/// Reads one document. `file` names it where it has no readable id.
#[must_use]
pub fn read(json: &[u8], file: &str) -> Imported {
    let reject = |reason: String| {
        Imported::Rejected(Rejected {
            name: file.to_owned(),
            reason,
            packages: packages::of_osv(json),
        })
    };
    // One check for the whole document is faster than one for each of its strings.
    let text = match std::str::from_utf8(json) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(error) => return reject(format!("not UTF-8 at byte {}", error.valid_up_to())),
    };
    match serde_json::from_str::<Document<'_>>(text) {
        Ok(document) if document.id.0.trim().is_empty() => reject("the id is empty".to_owned()),
        Ok(document) => record(&document),
        Err(error) => reject(error.to_string()),
    }
}

fn record(document: &Document<'_>) -> Imported {
    let id = document.id.0.trim();
    let modified = time(document.modified.text());
    if document.withdrawn.is_some() {
        return Imported::Withdrawn {
            id: id.to_owned(),
            modified,
        };
    }
    let mut noted = Noted::default();
    let word = severity::of_word(document.database_specific.severity.text());
    let rating = severity::higher(ratings(&document.severity.0, &mut noted), word);
    let affected: Vec<Affected> = document
        .affected
        .0
        .iter()
        .filter_map(|entry| affected(entry, &mut noted))
        .collect();
    Imported::Record(
        Box::new(Record {
            id: id.to_owned(),
            aliases: document
                .aliases
                .0
                .iter()
                .map(|alias| alias.0.trim())
                .filter(|alias| !alias.is_empty() && *alias != id)
                .map(str::to_owned)
                .collect(),
            published: time(document.published.text()).and_then(known),
            modified,
            class: class(document, id),
            rating,
            summary: document.summary.text().trim().to_owned(),
            affected,
            texts: texts(document),
        }),
        noted,
    )
}

fn affected(entry: &osv::Affected<'_>, noted: &mut Noted) -> Option<Affected> {
    let versioned = entry.ranges.0.iter().filter(|range| !is_git(range));
    let git = entry.ranges.0.iter().filter(|range| is_git(range)).count();
    noted.git_ranges = noted.git_ranges.saturating_add(git as u64);
    let package = entry.package.as_ref()?;
    let (ecosystem, name) = (package.ecosystem.text().trim(), package.name.text().trim());
    if ecosystem.is_empty() || name.is_empty() {
        return None;
    }
    let ecosystem = Ecosystem::named(ecosystem);
    let scheme = ecosystem::scheme(&ecosystem);
    let mut statement = Statement {
        listed: !entry.versions.0.is_empty(),
        versions: entry
            .versions
            .0
            .iter()
            .map(|version| version.0.as_ref().to_owned())
            .collect(),
        ..Statement::default()
    };
    for range in versioned {
        let unread = events::add(&mut statement, &events::Event::of_range(range), scheme);
        noted.unorderable_events = noted.unorderable_events.saturating_add(unread);
    }
    statement.versions.sort_unstable();
    statement.versions.dedup();
    events::drop_covered(&mut statement, scheme);
    let name = ecosystem::normalise(&ecosystem, name).into_owned();
    Some(Affected {
        ecosystem,
        name,
        rating: ratings(&entry.severity.0, noted),
        statement,
    })
}

fn is_git(range: &osv::Range<'_>) -> bool {
    range.kind.text() == "GIT"
}

fn ratings(severities: &[osv::Severity<'_>], noted: &mut Noted) -> Option<Rating> {
    let mut best = None;
    for entry in severities {
        let rating = severity::of_vector(entry.kind.text(), entry.score.text());
        if rating.is_none() {
            noted.bad_severities = noted.bad_severities.saturating_add(1);
        }
        best = severity::higher(best, rating);
    }
    best
}

/// Malicious by its id; RustSec's copies say in each `affected` what else they are; the worst counts.
fn class(document: &Document<'_>, id: &str) -> Class {
    if id.starts_with("MAL-") {
        return Class::Malicious;
    }
    let words = document
        .affected
        .0
        .iter()
        .map(|entry| entry.database_specific.informational.text());
    words.map(informational).max().unwrap_or(Class::Vulnerability)
}

fn informational(word: &str) -> Class {
    match word {
        "unmaintained" => Class::Unmaintained,
        "unsound" => Class::Unsound,
        "notice" => Class::Notice,
        _ => Class::Vulnerability,
    }
}

fn texts(document: &Document<'_>) -> Texts {
    let reference = |entry: &osv::Reference<'_>| {
        let address = entry.url.text();
        (!address.is_empty()).then(|| (entry.kind.text().to_owned(), address.to_owned()))
    };
    Texts {
        details: document
            .details
            .0
            .clone()
            .map_or_else(String::new, Cow::into_owned),
        references: document.references.0.iter().filter_map(reference).collect(),
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
