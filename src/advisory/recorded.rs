//! A record in place, as the index keeps it.

use jiff::Timestamp;

use super::index::{Damage, Index};
use super::layout::{Cursor, NAME};
use super::record::{Rating, VectorKind};
use super::texts::TextPlace;
use super::view::{List, list};
use crate::model::advisory::TextKey;
use crate::model::{Class, Level};

/// A record in place.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'i> {
    index: &'i Index,
    address: u32,
    id: &'i str,
    class: Class,
    source: u32,
    published: Option<Timestamp>,
    modified: Option<Timestamp>,
    aliases: List<'i>,
    rated: Cursor<'i>,
    summary: Shared<'i>,
    text: Option<TextPlace>,
    entries: &'i [u8],
}

#[derive(Debug, Clone, Copy)]
enum Shared<'i> {
    Here(&'i str),
    At(u32),
}

impl<'i> RecordView<'i> {
    pub(super) fn read(index: &'i Index, address: u32, record: &'i [u8]) -> Result<Self, Damage> {
        Self::fields(index, address, record).ok_or_else(|| Damage::of("a record is not readable"))
    }

    fn fields(index: &'i Index, address: u32, record: &'i [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(record);
        let id = cursor.text()?;
        let class = match cursor.u8()? {
            0 => Class::Notice,
            1 => Class::Yanked,
            2 => Class::Unmaintained,
            3 => Class::Unsound,
            4 => Class::Vulnerability,
            5 => Class::Malicious,
            _ => return None,
        };
        let source = u32::try_from(cursor.varint()?).ok()?;
        let (published, modified) = (cursor.time()?, cursor.time()?);
        let aliases = list(&mut cursor, |cursor| cursor.text().map(drop))?;
        let rated = cursor;
        // The vector may lie elsewhere; here it is only walked over.
        rating(&mut cursor, |cursor| shared(cursor).map(|_| ""))?;
        let summary = shared(&mut cursor)?;
        let text = match cursor.varint()?.checked_sub(1) {
            None => None,
            Some(block) => Some(TextPlace {
                block: u32::try_from(block).ok()?,
                offset: u32::try_from(cursor.varint()?).ok()?,
            }),
        };
        let entries = cursor.count()?.checked_mul(4)?;
        Some(Self {
            index,
            address,
            id,
            class,
            source,
            published,
            modified,
            aliases,
            rated,
            summary,
            text,
            entries: cursor.take(entries)?,
        })
    }

    pub(super) fn address(&self) -> u32 {
        self.address
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &'i str {
        self.id
    }

    /// What kind of statement it makes.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// The number of its source among [`super::stored::Bookkeeping::sources`].
    #[must_use]
    pub fn source(&self) -> u32 {
        self.source
    }

    /// When it was published.
    #[must_use]
    pub fn published(&self) -> Option<Timestamp> {
        self.published
    }

    /// When it was last changed.
    #[must_use]
    pub fn modified(&self) -> Option<Timestamp> {
        self.modified
    }

    /// Ids of the same flaw elsewhere.
    pub fn aliases(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        self.aliases.texts()
    }

    /// Where its long texts lie.
    #[must_use]
    pub fn text(&self) -> Option<TextPlace> {
        self.text
    }

    /// The key of its long texts; `None` if it has none.
    #[must_use]
    pub fn text_key(&self) -> Option<TextKey> {
        self.text.map(|_| TextKey(u64::from(self.address)))
    }

    /// The severity that holds for all its packages.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds it.
    pub fn rating(&self) -> Result<Option<Rating>, Damage> {
        let mut place = None;
        let mut cursor = self.rated;
        let read = rating(&mut cursor, |cursor| {
            place = shared(cursor);
            Some("")
        });
        let read = read.ok_or_else(|| Damage::of("a severity is not readable"))?;
        Ok(match (read, place) {
            (Some(Rating::Vector { kind, tenths, .. }), Some(place)) => Some(Rating::Vector {
                kind,
                tenths,
                vector: self.resolve(place)?.to_owned(),
            }),
            (other, _) => other,
        })
    }

    /// Its summary; `name` is that of its only package, if it has only one.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds it.
    pub fn summary(&self, name: &str) -> Result<String, Damage> {
        let text = self.resolve(self.summary)?;
        Ok(match self.summary {
            Shared::Here(_) => text.to_owned(),
            Shared::At(_) => text.replace(NAME, name),
        })
    }

    /// Its summary as it stands, with [`NAME`] for the name of its only package.
    pub(super) fn pattern(&self) -> Result<&'i str, Damage> {
        self.resolve(self.summary)
    }

    /// The entries of its packages.
    pub(super) fn entries(&self) -> impl Iterator<Item = u32> + use<'i> {
        let mut cursor = Cursor::new(self.entries);
        std::iter::from_fn(move || cursor.u32())
    }

    fn resolve(&self, shared: Shared<'i>) -> Result<&'i str, Damage> {
        match shared {
            Shared::Here(text) => Ok(text),
            Shared::At(address) => self.index.string(address),
        }
    }
}

fn shared<'i>(cursor: &mut Cursor<'i>) -> Option<Shared<'i>> {
    match cursor.varint()?.checked_sub(1) {
        None => cursor.text().map(Shared::Here),
        Some(address) => u32::try_from(address).ok().map(Shared::At),
    }
}

/// A rating; the outer `None` is one that cannot be read.
#[expect(clippy::option_option, reason = "unreadable and absent are told apart")]
pub(super) fn rating<'i>(
    cursor: &mut Cursor<'i>,
    vector: impl FnOnce(&mut Cursor<'i>) -> Option<&'i str>,
) -> Option<Option<Rating>> {
    let kind = match cursor.u8()? {
        0 => return Some(None),
        1 => VectorKind::V2,
        2 => VectorKind::V3,
        3 => VectorKind::V4,
        4 => {
            let level = match cursor.u8()? {
                0 => Level::None,
                1 => Level::Low,
                2 => Level::Medium,
                3 => Level::High,
                4 => Level::Critical,
                _ => return None,
            };
            return Some(Some(Rating::Word(level)));
        }
        _ => return None,
    };
    Some(Some(Rating::Vector {
        kind,
        tenths: cursor.u8()?,
        vector: vector(cursor)?.to_owned(),
    }))
}
