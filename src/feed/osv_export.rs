//! The export of the OSV database, or a mirror of the same layout (<https://google.github.io/osv.dev/data/>):
//!
//! - `<base>/ecosystems.txt`: the names of the folders, one a line;
//! - `<base>/<ecosystem>/all.zip`: every record of the ecosystem, withdrawn ones too, as `<id>.json`;
//! - `<base>/<ecosystem>/modified_id.csv`: a line `<RFC 3339 time>,<id>` for each record, newest first;
//! - `<base>/<ecosystem>/<id>.json`: one record.
//!
//! A record that affects packages of several ecosystems is in the folder of each. `Debian:12` and its like have
//! no folder; their records are in `Debian`.

use std::sync::Arc;

use jiff::Timestamp;

use super::{FeedError, FormatError};
use crate::sys::web::{Address, Reply, Request, Validator, Web, WebError};

/// The public export.
pub const PUBLIC: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// The largest archive that is fetched; the whole database has some 2 GB.
pub const ARCHIVE_LIMIT: u64 = 2 << 30;

/// The largest list of changes; 1.8 million records have some 100 MB.
const LISTING_LIMIT: u64 = 512 << 20;

/// The largest single record.
const RECORD_LIMIT: u64 = 64 << 20;

/// A list of changes is read in slices that begin with this many bytes (about 1,200 records) …
const FIRST_SLICE: u64 = 64 << 10;

/// … and grow fourfold up to this many.
const MAX_SLICE: u64 = 4 << 20;

/// The export below one address.
#[derive(Clone)]
pub struct OsvExport {
    web: Arc<Web>,
    base: Address,
}

/// How far to read a list of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To its end.
    Everything,
    /// Down to the first record that was not changed at or after this time.
    Since(Timestamp),
}

/// The list of changes, or the newest part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Newest first.
    pub rows: Vec<ListingRow>,
    /// The rows are all there are.
    pub complete: bool,
    /// What identifies this state of the list.
    pub validator: Option<Validator>,
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRow {
    /// When the record was last changed.
    pub modified: Timestamp,
    /// The record's id.
    pub id: String,
}

impl OsvExport {
    /// The export below `base`.
    #[must_use]
    pub fn new(web: Arc<Web>, base: Address) -> Self {
        Self { web, base }
    }

    /// The address that it is below.
    #[must_use]
    pub fn base(&self) -> &Address {
        &self.base
    }

    /// The archive of all records of `ecosystem`.
    #[must_use]
    pub fn archive(&self, ecosystem: &str) -> Address {
        self.base.below([ecosystem, "all.zip"])
    }

    /// The names of the ecosystems that it has.
    ///
    /// # Errors
    /// Those of [`Web::get`], or text that is not UTF-8.
    pub async fn ecosystems(&self) -> Result<Vec<String>, FeedError> {
        let address = self.base.below(["ecosystems.txt"]);
        let mut bytes = Vec::new();
        self.web
            .get(&Request::whole(address.clone(), 1 << 20), &mut bytes)
            .await?;
        let text = String::from_utf8(bytes).map_err(|_| FeedError::Damaged {
            address,
            source: FormatError::Utf8,
        })?;
        Ok(text
            .lines()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// The record `id`; `None` if the export no longer has it.
    ///
    /// # Errors
    /// Those of [`Web::get`].
    pub async fn record(&self, ecosystem: &str, id: &str) -> Result<Option<Vec<u8>>, WebError> {
        let address = self.base.below([ecosystem, &format!("{id}.json")]);
        let mut bytes = Vec::new();
        match self
            .web
            .get(&Request::whole(address, RECORD_LIMIT), &mut bytes)
            .await
        {
            Ok(_) => Ok(Some(bytes)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The list of changes of `ecosystem`, fetched as far as `reach` says; `None` if it is still as `unless`
    /// knows it. A list that is not in its order is read to the end.
    ///
    /// # Errors
    /// Those of [`Web::get`], or a line that is none.
    pub async fn listing(
        &self,
        ecosystem: &str,
        reach: Reach,
        unless: Option<Validator>,
    ) -> Result<Option<Listing>, FeedError> {
        let address = self.base.below([ecosystem, "modified_id.csv"]);
        let mut request = Request::whole(address.clone(), LISTING_LIMIT);
        request.unless = unless;
        let mut bytes = Vec::new();
        let mut slice = match reach {
            Reach::Everything => None,
            Reach::Since(_) => Some(FIRST_SLICE),
        };
        loop {
            request.until = slice.map(|slice| request.from.saturating_add(slice));
            let (held, total, validator) = match self.web.get(&request, &mut bytes).await? {
                Reply::NotModified => return Ok(None),
                Reply::Received {
                    held,
                    total,
                    validator,
                } => (held, total, validator),
            };
            let complete = match (total, request.until) {
                (Some(total), _) => held >= total,
                (None, Some(until)) => held < until,
                (None, None) => true,
            };
            let rows = rows(&bytes, complete).map_err(|source| FeedError::Damaged {
                address: address.clone(),
                source,
            })?;
            let in_order = rows.is_sorted_by(|above, below| above.modified >= below.modified);
            let far_enough = match reach {
                Reach::Everything => false,
                Reach::Since(time) => in_order && rows.last().is_some_and(|last| last.modified < time),
            };
            if complete || far_enough {
                return Ok(Some(Listing {
                    rows,
                    complete,
                    validator,
                }));
            }
            slice = match in_order {
                true => slice.map(|slice| slice.saturating_mul(4).min(MAX_SLICE)),
                false => None,
            };
            request.from = held;
            request.validator = validator;
            request.unless = None;
        }
    }
}

/// The lines in `bytes`, without the last one if it may not be `complete`.
fn rows(bytes: &[u8], complete: bool) -> Result<Vec<ListingRow>, FormatError> {
    let end = match complete {
        true => bytes.len(),
        false => memchr::memrchr(b'\n', bytes).map_or(0, |last| last + 1),
    };
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| FormatError::Utf8)?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| row(line).ok_or(FormatError::Line(number + 1)))
        .collect()
}

fn row(line: &str) -> Option<ListingRow> {
    let (time, id) = line.split_once(',')?;
    // Ids become parts of addresses; these letters are those that real ones have.
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+' | '~');
    let fits = !id.is_empty() && id.len() <= 255 && id.chars().all(sound) && !id.starts_with('.');
    Some(ListingRow {
        modified: time.parse().ok()?,
        id: fits.then(|| id.to_owned())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_times_and_ids() {
        let text =
            b"2026-11-22T01:02:03.123456789Z,GHSA-aaaa-bbbb-cccc\r\n2026-11-21T00:00:00Z,MAL-2026-1\n2026-1";
        let read = rows(text, false).unwrap();
        assert_eq!(
            read.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(),
            ["GHSA-aaaa-bbbb-cccc", "MAL-2026-1"]
        );
        assert_eq!(
            read[0].modified,
            "2026-11-22T01:02:03.123456789Z".parse().unwrap()
        );
        assert_eq!(rows(text, true), Err(FormatError::Line(3)));
        assert_eq!(rows(b"", true), Ok(Vec::new()));
    }

    #[test]
    fn ids_that_lead_elsewhere_are_refused() {
        for id in ["", "../x", "a/b", "..", "a\\b", "a b", "a%2fb", "\u{202e}x"] {
            assert_eq!(row(&format!("2026-11-22T01:02:03Z,{id}")), None, "{id}");
        }
    }
}
