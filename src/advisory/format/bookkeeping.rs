//! Sources, ids that a source withdrew, ecosystems with their packages, and notes.

use super::bytes::{Cursor, put_text, put_time, put_varint};
use crate::advisory::source::{Authority, Bookkeeping, Counts, Source};

/// Writes the section's only block.
#[must_use]
pub fn write(bookkeeping: &Bookkeeping) -> Vec<u8> {
    let Bookkeeping {
        sources,
        withdrawn,
        ecosystems,
        notes,
    } = bookkeeping;
    let mut bytes = Vec::new();
    put_varint(&mut bytes, sources.len() as u64);
    for source in sources {
        write_source(&mut bytes, source);
    }
    put_varint(&mut bytes, withdrawn.len() as u64);
    for (id, source) in withdrawn {
        put_text(&mut bytes, id);
        put_varint(&mut bytes, u64::from(*source));
    }
    put_varint(&mut bytes, ecosystems.len() as u64);
    for (name, packages) in ecosystems {
        put_text(&mut bytes, name);
        put_varint(&mut bytes, *packages);
    }
    put_varint(&mut bytes, notes.len() as u64);
    for (key, value) in notes {
        put_text(&mut bytes, key);
        put_text(&mut bytes, value);
    }
    bytes
}

/// Reads what [`write`] wrote.
pub fn read(block: &[u8]) -> Option<Bookkeeping> {
    let mut cursor = Cursor::new(block);
    let mut read = Bookkeeping::default();
    for _ in 0..cursor.varint()? {
        read.sources.push(read_source(&mut cursor)?);
    }
    for _ in 0..cursor.varint()? {
        let id = cursor.text()?.to_owned();
        read.withdrawn.push((id, u32::try_from(cursor.varint()?).ok()?));
    }
    for _ in 0..cursor.varint()? {
        let name = cursor.text()?.to_owned();
        read.ecosystems.insert(name, cursor.varint()?);
    }
    for _ in 0..cursor.varint()? {
        let key = cursor.text()?.to_owned();
        read.notes.insert(key, cursor.text()?.to_owned());
    }
    Some(read)
}

fn write_source(bytes: &mut Vec<u8>, source: &Source) {
    put_text(bytes, &source.name);
    bytes.push(match source.authority {
        Authority::Export => 0,
        Authority::Origin => 1,
    });
    put_time(bytes, source.newest);
    let counts = &source.counts;
    for count in [
        counts.records,
        counts.withdrawn,
        counts.rejected,
        counts.skipped,
        counts.superseded,
        counts.git_ranges,
        counts.unorderable_events,
        counts.bad_severities,
    ] {
        put_varint(bytes, count);
    }
}

fn read_source(cursor: &mut Cursor<'_>) -> Option<Source> {
    Some(Source {
        name: cursor.text()?.to_owned(),
        authority: match cursor.u8()? {
            0 => Authority::Export,
            1 => Authority::Origin,
            _ => return None,
        },
        newest: cursor.time()?,
        counts: Counts {
            records: cursor.varint()?,
            withdrawn: cursor.varint()?,
            rejected: cursor.varint()?,
            skipped: cursor.varint()?,
            superseded: cursor.varint()?,
            git_ranges: cursor.varint()?,
            unorderable_events: cursor.varint()?,
            bad_severities: cursor.varint()?,
        },
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn bookkeeping_survives_and_none_that_is_cut_is_read() {
        let source = |name: &str, authority, newest| Source {
            name: name.to_owned(),
            authority,
            newest,
            counts: Counts {
                records: 1,
                withdrawn: 2,
                rejected: 3,
                skipped: 4,
                superseded: 5,
                git_ranges: 6,
                unorderable_events: 7,
                bad_severities: 800,
            },
        };
        let bookkeeping = Bookkeeping {
            sources: vec![
                source("osv/npm", Authority::Export, None),
                source("rustsec", Authority::Origin, Some(Timestamp::UNIX_EPOCH)),
            ],
            withdrawn: vec![("RUSTSEC-2026-0001".to_owned(), 1)],
            ecosystems: [("npm".to_owned(), 7), ("Debian:12".to_owned(), 300)].into(),
            notes: [("osv/npm".to_owned(), "a note".to_owned())].into(),
        };
        let bytes = write(&bookkeeping);
        assert_eq!(read(&bytes), Some(bookkeeping));
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
    }
}
