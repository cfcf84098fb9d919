//! A record but for what it says of packages: who says it, when, how severe it is, in which words, and the addresses of
//! its packages' entries.

use std::borrow::Cow;

use jiff::Timestamp;

use super::block::TooLarge;
use super::bytes::{Cursor, List, put_text, put_texts, put_time, put_u32, put_varint};
use super::rating;
use super::strings::{Shared, SharedTexts};
use super::texts::TextAddress;
use crate::advisory::record::{IndexedRecord, Rating, Record};
use crate::model::Class;

/// Stands in a shared summary for the name of the record's only package.
pub const NAME: char = '\u{1}';

/// Classes by their code. The last one is never written: no source says it of a package, a policy does.
const CLASSES: [Class; 7] = [
    Class::Notice,
    Class::Yanked,
    Class::Unmaintained,
    Class::Unsound,
    Class::Vulnerability,
    Class::Malicious,
    Class::Confusion,
];

/// The summary with [`NAME`] in place of the last mention of the record's only package; many records say the
/// same of different packages.
#[must_use]
pub fn pattern<'r>(record: &'r Record) -> Cow<'r, str> {
    let summary = &record.summary;
    let mut names = record.affected.iter();
    let Some(only) = names.next() else {
        return Cow::Borrowed(summary);
    };
    let alone = names.all(|other| other.name == only.name && other.ecosystem == only.ecosystem);
    if !alone || summary.contains(NAME) {
        return Cow::Borrowed(summary);
    }
    match summary.rsplit_once(only.name.as_str()) {
        Some((before, after)) => Cow::Owned(format!("{before}{NAME}{after}")),
        None => Cow::Borrowed(summary),
    }
}

/// Counts the texts of a record that may be shared.
pub fn count<'t>(texts: &mut SharedTexts<'t>, indexed: &'t IndexedRecord, pattern: &'t str) {
    if let Some(Rating::Vector { vector, .. }) = &indexed.record.rating {
        texts.count(vector);
    }
    texts.count(pattern);
}

/// Writes a record whose summary has this [`pattern`], with the addresses of its packages' entries.
///
/// # Errors
/// [`TooLarge`].
pub fn write<'t>(
    bytes: &mut Vec<u8>,
    indexed: &'t IndexedRecord,
    pattern: &'t str,
    entries: &[u32],
    texts: &mut SharedTexts<'t>,
) -> Result<(), TooLarge> {
    let record = &indexed.record;
    put_text(bytes, &record.id);
    bytes.extend(
        (0..)
            .zip(CLASSES)
            .find(|(_, class)| *class == record.class)
            .map(|(code, _)| code),
    );
    put_varint(bytes, u64::from(indexed.source.0));
    put_time(bytes, record.published);
    put_time(bytes, record.modified);
    put_texts(bytes, &record.aliases);
    if let Some(vector) = rating::write(bytes, record.rating.as_ref()) {
        texts.write(bytes, vector)?;
    }
    // What is not shared is written out, since a pattern that occurs once saves nothing.
    let summary = match texts.is_shared(pattern) {
        true => pattern,
        false => record.summary.as_str(),
    };
    texts.write(bytes, summary)?;
    match indexed.text {
        None => put_varint(bytes, 0),
        Some(address) => {
            put_varint(bytes, u64::from(address.block).saturating_add(1));
            put_varint(bytes, u64::from(address.offset));
        }
    }
    put_varint(bytes, entries.len() as u64);
    for entry in entries {
        put_u32(bytes, *entry);
    }
    Ok(())
}

/// A record as it is read.
#[derive(Debug, Clone, Copy)]
pub struct StoredRecord<'b> {
    /// Its id.
    pub id: &'b str,
    /// What kind of statement it makes.
    pub class: Class,
    /// The number of its source.
    pub source: u32,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// Ids of the same problem elsewhere.
    pub aliases: List<'b>,
    /// The severity that holds for all its packages.
    pub rating: Option<Rating<Shared<'b>>>,
    /// Its summary; a shared one has [`NAME`] in it.
    pub summary: Shared<'b>,
    /// Where its long texts are.
    pub text: Option<TextAddress>,
    entries: &'b [u8],
}

impl<'b> StoredRecord<'b> {
    /// Reads what [`write`] wrote.
    pub fn read(record: &'b [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(record);
        Some(Self {
            id: cursor.text()?,
            class: *CLASSES.get(usize::from(cursor.u8()?))?,
            source: u32::try_from(cursor.varint()?).ok()?,
            published: cursor.time()?,
            modified: cursor.time()?,
            aliases: List::of_texts(&mut cursor)?,
            rating: rating::read(&mut cursor, Shared::read)?,
            summary: Shared::read(&mut cursor)?,
            text: match cursor.varint()?.checked_sub(1) {
                None => None,
                Some(block) => Some(TextAddress {
                    block: u32::try_from(block).ok()?,
                    offset: u32::try_from(cursor.varint()?).ok()?,
                }),
            },
            entries: {
                let length = cursor.count()?.checked_mul(4)?;
                cursor.take(length)?
            },
        })
    }

    /// The addresses of its packages' entries.
    pub fn entries(self) -> impl Iterator<Item = u32> {
        let mut cursor = Cursor::new(self.entries);
        std::iter::from_fn(move || cursor.u32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::record::VectorKind;
    use crate::advisory::source::SourceNumber;
    use crate::model::advisory::Texts;

    #[test]
    fn records_survive_and_none_that_is_cut_is_read() {
        let indexed = IndexedRecord {
            record: Record {
                id: "GHSA-1".to_owned(),
                aliases: vec!["CVE-2021-1".to_owned(), "PYSEC-1".to_owned()],
                published: Some(Timestamp::UNIX_EPOCH),
                modified: None,
                class: Class::Malicious,
                rating: Some(Rating::Vector {
                    kind: VectorKind::V4,
                    tenths: 71,
                    vector: "CVSS:4.0/AV:N".to_owned(),
                }),
                summary: "a summary".to_owned(),
                affected: Vec::new(),
                texts: Texts::default(),
            },
            source: SourceNumber(300),
            text: Some(TextAddress {
                block: 7,
                offset: 8000,
            }),
        };
        let mut bytes = Vec::new();
        write(
            &mut bytes,
            &indexed,
            "a summary",
            &[9, 10],
            &mut SharedTexts::default(),
        )
        .unwrap();
        let read = StoredRecord::read(&bytes).unwrap();
        let record = &indexed.record;
        assert_eq!(
            (read.id, read.class, read.source),
            ("GHSA-1", Class::Malicious, 300)
        );
        assert_eq!(
            (read.published, read.modified),
            (record.published, record.modified)
        );
        assert_eq!(read.aliases.texts().collect::<Vec<_>>(), record.aliases);
        let vector = Rating::Vector {
            kind: VectorKind::V4,
            tenths: 71,
            vector: Shared::Here("CVSS:4.0/AV:N"),
        };
        assert_eq!(read.rating, Some(vector));
        assert_eq!(read.summary, Shared::Here("a summary"));
        assert_eq!(read.text, indexed.text);
        assert_eq!(read.entries().collect::<Vec<_>>(), [9, 10]);
        for end in 0..bytes.len() {
            assert!(StoredRecord::read(&bytes[..end]).is_none(), "{end}");
        }
    }
}
