//! RustSec's own files, read and judged by the `rustsec` crate.

use jiff::Timestamp;
use rustsec::advisory::Informational;
use rustsec::osv::ranges_for_advisory;

use super::{Imported, Noted, Rejected, packages};
use crate::advisory::record::{Affected, End, Interval, Rating, Record, Statement, known};
use crate::advisory::severity;
use crate::ecosystem;
use crate::model::advisory::Texts;
use crate::model::{Class, Ecosystem};

/// Reads one `RUSTSEC-….md` of the folder `crates/<package>/`. `file` names it where it cannot be read.
///
/// The intervals are those by which the crate itself decides whether a version is vulnerable.
#[must_use]
pub fn read(markdown: &[u8], file: &str) -> Imported {
    let reject = |reason: String| {
        Imported::Rejected(Rejected {
            name: file.to_owned(),
            reason,
            packages: packages::of_rustsec(file),
        })
    };
    let text = match std::str::from_utf8(markdown) {
        Ok(text) => text.replace("\r\n", "\n"),
        Err(error) => return reject(format!("not UTF-8 at byte {}", error.valid_up_to())),
    };
    // The crate cuts any other text at its 20th byte, and panics where that is inside of a character.
    if !text.starts_with("```toml") {
        return reject("does not begin with a block of TOML".to_owned());
    }
    let advisory: rustsec::Advisory = match text.parse() {
        Ok(advisory) => advisory,
        Err(error) => return reject(error.to_string()),
    };
    let metadata = &advisory.metadata;
    let toolchain = metadata.collection == Some(rustsec::Collection::Rust);
    if metadata.id.is_placeholder() || toolchain {
        return Imported::Skipped;
    }
    let published = date(&metadata.date);
    if let Some(withdrawn) = &metadata.withdrawn {
        return Imported::Withdrawn {
            id: metadata.id.to_string(),
            modified: date(withdrawn),
        };
    }
    let mut noted = Noted::default();
    let rating = metadata
        .cvss
        .as_ref()
        .and_then(|vector| rating(&vector.to_string()));
    if metadata.cvss.is_some() && rating.is_none() {
        noted.bad_severities = 1;
    }
    let name = ecosystem::normalise(&Ecosystem::CRATES_IO, metadata.package.as_str()).into_owned();
    Imported::Record(
        Box::new(Record {
            id: metadata.id.to_string(),
            aliases: metadata.aliases.iter().map(ToString::to_string).collect(),
            published,
            modified: published,
            class: class(metadata.informational.as_ref()),
            rating,
            summary: advisory.title().to_owned(),
            affected: vec![Affected {
                ecosystem: Ecosystem::CRATES_IO,
                name,
                rating: None,
                statement: statement(&advisory.versions),
            }],
            texts: Texts {
                details: advisory.description().to_owned(),
                references: references(metadata),
            },
        }),
        noted,
    )
}

fn statement(versions: &rustsec::advisory::Versions) -> Statement {
    let intervals = ranges_for_advisory(versions).into_iter().map(|range| Interval {
        from: range.introduced.map(|version| version.to_string()),
        until: range
            .fixed
            .map_or(End::Never, |version| End::Fixed(version.to_string())),
    });
    Statement {
        intervals: intervals.collect(),
        ..Statement::default()
    }
}

fn rating(vector: &str) -> Option<Rating> {
    let kind = if vector.starts_with("CVSS:4") {
        "CVSS_V4"
    } else {
        "CVSS_V3"
    };
    severity::of_vector(kind, vector)
}

/// A word that the crate does not know is the mildest class: it is no vulnerability, says RustSec.
fn class(informational: Option<&Informational>) -> Class {
    match informational {
        None => Class::Vulnerability,
        Some(word) if word.is_unmaintained() => Class::Unmaintained,
        Some(word) if word.is_unsound() => Class::Unsound,
        Some(_) => Class::Notice,
    }
}

fn references(metadata: &rustsec::advisory::Metadata) -> Vec<(String, String)> {
    let page = format!("https://rustsec.org/advisories/{}.html", metadata.id);
    let mut references = vec![("ADVISORY".to_owned(), page)];
    let further = metadata.url.iter().chain(&metadata.references);
    references.extend(further.map(|address| ("WEB".to_owned(), address.to_string())));
    references
}

/// Noon UTC, as RustSec's own export to OSV has it.
fn date(date: &rustsec::advisory::Date) -> Option<Timestamp> {
    format!(
        "{:04}-{:02}-{:02}T12:00:00Z",
        date.year(),
        date.month(),
        date.day()
    )
    .parse()
    .ok()
    .and_then(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_advisory_is_refused() {
        for text in [
            "",
            "# a title",
            "nineteen bytes are ab\u{574}",
            "```toml",
            "```toml\n```\n# \n",
        ] {
            let imported = read(text.as_bytes(), "a.md");
            assert!(
                matches!(imported, Imported::Rejected(_)),
                "{text:?}: {imported:?}"
            );
        }
        let cut_inside = "0123456789abcdefghi\u{574}";
        assert!(!cut_inside.is_char_boundary(20));
        assert!(matches!(
            read(cut_inside.as_bytes(), "a.md"),
            Imported::Rejected(_)
        ));
    }
}
