//! What an update has to know of the one before; it is in the notes of the index.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;

use crate::feed::osv_export::ListingRow;
use crate::sys::web::Validator;

/// How far the records of one ecosystem were followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    /// The newest change that was seen.
    pub(super) newest: Timestamp,
    /// When everything was last compared, or fetched whole.
    pub(super) compared: Timestamp,
    /// The list of changes as it was last read: the address's fingerprint and what it came with.
    pub(super) listing: Option<(String, Validator)>,
    /// Records that were read and gave nothing to keep.
    pub(super) ignored: Ignored,
}

/// A set of (id, time of change) that is kept as hashes: withdrawn records are many, and only asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ignored(BTreeSet<u64>);

/// Of 64 bits 48 are kept: among 300,000 records and as many ignored ones, one in 3,000 updates errs, and then
/// waits for that record's next change.
const KEPT: u64 = (1 << 48) - 1;

impl Ignored {
    pub(super) fn insert(&mut self, id: &str, modified: Option<Timestamp>) {
        self.0.insert(fingerprint(id, modified));
    }

    pub(super) fn holds(&self, row: &ListingRow) -> bool {
        self.0.contains(&fingerprint(&row.id, Some(row.modified)))
    }
}

/// The note that has an ecosystem's state.
pub(super) fn note_of(ecosystem: &str) -> String {
    format!("osv/{ecosystem}")
}

impl State {
    /// The note's text.
    pub(super) fn to_note(&self) -> String {
        let mut text = format!("newest {}\ncompared {}\n", self.newest, self.compared);
        if let Some((address, validator)) = &self.listing {
            text.push_str(&format!("listing {address} {}\n", validator.to_text()));
        }
        text.push_str("ignored ");
        for hash in &self.ignored.0 {
            // Writing to a string does not fail.
            let _ = write!(text, "{hash:012x}");
        }
        text.push('\n');
        text
    }

    /// Reads what [`State::to_note`] wrote; `None` for anything else, which then is fetched whole.
    pub(super) fn of_note(text: &str) -> Option<Self> {
        let line = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        };
        let ignored = line("ignored")?;
        let hashes = ignored.as_bytes().chunks(12);
        let hashes = hashes.map(|digits| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        Some(Self {
            newest: line("newest")?.parse().ok()?,
            compared: line("compared")?.parse().ok()?,
            listing: line("listing").and_then(|text| {
                let (address, validator) = text.split_once(' ')?;
                Some((address.to_owned(), Validator::parse(validator)?))
            }),
            ignored: Ignored(hashes.collect::<Option<_>>()?),
        })
    }
}

/// Seconds are all that the index keeps of a time.
fn fingerprint(id: &str, modified: Option<Timestamp>) -> u64 {
    let text = format!("{} {id}", modified.map_or(0, Timestamp::as_second));
    let hash = blake3::hash(text.as_bytes());
    hash.as_bytes()
        .first_chunk()
        .map_or(0, |first| u64::from_le_bytes(*first))
        & KEPT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_back() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut state = State {
            newest: time("2026-11-22T01:02:03.5Z"),
            compared: time("2026-11-20T00:00:00Z"),
            listing: Some(("00ff".into(), Validator::Tag("W/\"a b\"".into()))),
            ignored: Ignored::default(),
        };
        assert_eq!(State::of_note(&state.to_note()), Some(state.clone()));
        state
            .ignored
            .insert("GHSA-1", Some(time("2026-11-20T00:00:00.7Z")));
        state.ignored.insert("GHSA-2", None);
        state.listing = None;
        let read = State::of_note(&state.to_note()).unwrap();
        assert_eq!(read, state);
        let row = |id: &str, modified: &str| ListingRow {
            id: id.into(),
            modified: time(modified),
        };
        assert!(read.ignored.holds(&row("GHSA-1", "2026-11-20T00:00:00Z")));
        assert!(!read.ignored.holds(&row("GHSA-1", "2026-11-20T00:00:01Z")));
        assert!(!read.ignored.holds(&row("GHSA-3", "2026-11-20T00:00:00Z")));
        for text in [
            "",
            "newest 2026-11-22T01:02:03.5Z",
            "newest x\ncompared y\nignored ",
        ] {
            assert_eq!(State::of_note(text), None, "{text}");
        }
    }
}
