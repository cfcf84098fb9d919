//! A record in place.

use std::borrow::Cow;

use jiff::Timestamp;

use super::file::{Damage, IndexFile};
use super::format::header::Section;
use super::format::record::{NAME, StoredRecord};
use super::format::strings::Shared;
use super::format::texts::TextAddress;
use super::record::{Rating, known};
use crate::model::Class;
use crate::model::advisory::TextKey;

/// A record in place.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'i> {
    file: &'i IndexFile,
    address: u32,
    record: StoredRecord<'i>,
}

/// The bytes of a record. Matching asks for each record once and for few of a block, so that its block is not kept: all
/// of them together would be most of the index.
pub(super) struct RecordBytes<'i> {
    file: &'i IndexFile,
    address: u32,
    bytes: Cow<'i, [u8]>,
}

impl<'i> RecordBytes<'i> {
    /// Those of the record at `address`.
    pub(super) fn at(file: &'i IndexFile, address: u32) -> Result<Self, Damage> {
        let bytes = file.item_once(Section::Records, address)?;
        Ok(Self { file, address, bytes })
    }

    /// The record.
    pub(super) fn view(&self) -> Result<RecordView<'_>, Damage> {
        RecordView::read(self.file, self.address, &self.bytes)
    }
}

impl<'i> RecordView<'i> {
    /// The record at `address`.
    pub(super) fn at(file: &'i IndexFile, address: u32) -> Result<Self, Damage> {
        Self::read(file, address, file.item(Section::Records, address)?)
    }

    /// The records that begin in a block.
    pub(super) fn in_block(
        file: &'i IndexFile,
        block: u32,
    ) -> Result<impl Iterator<Item = Result<Self, Damage>>, Damage> {
        let items = file.items(Section::Records, block)?;
        Ok(items.map(|item| item.and_then(|(address, bytes)| Self::read(file, address, bytes))))
    }

    fn read(file: &'i IndexFile, address: u32, bytes: &'i [u8]) -> Result<Self, Damage> {
        let record = StoredRecord::read(bytes).ok_or_else(|| Damage::of("a record is not readable"))?;
        Ok(Self {
            file,
            address,
            record,
        })
    }

    pub(super) fn address(&self) -> u32 {
        self.address
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &'i str {
        self.record.id
    }

    /// What kind of statement it makes.
    #[must_use]
    pub fn class(&self) -> Class {
        self.record.class
    }

    /// The number of its source among [`super::Bookkeeping::sources`].
    #[must_use]
    pub fn source(&self) -> u32 {
        self.record.source
    }

    /// When it was published.
    #[must_use]
    pub fn published(&self) -> Option<Timestamp> {
        self.record.published.and_then(known)
    }

    /// When it was last changed.
    #[must_use]
    pub fn modified(&self) -> Option<Timestamp> {
        self.record.modified
    }

    /// Ids of the same problem elsewhere.
    pub fn aliases(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        self.record.aliases.texts()
    }

    /// Where its long texts are.
    pub(super) fn text(&self) -> Option<TextAddress> {
        self.record.text
    }

    /// The key of its long texts; `None` if it has none.
    #[must_use]
    pub fn text_key(&self) -> Option<TextKey> {
        self.record.text.map(|_| TextKey(u64::from(self.address)))
    }

    /// The severity that holds for all its packages.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds it.
    pub fn rating(&self) -> Result<Option<Rating<&'i str>>, Damage> {
        let rating = self.record.rating;
        rating
            .map(|rating| rating.try_map(|vector| self.resolve(vector)))
            .transpose()
    }

    /// Its summary; `name` is that of its only package, if it has only one.
    ///
    /// # Errors
    /// [`Damage`] of the block that holds it.
    pub fn summary(&self, name: &str) -> Result<String, Damage> {
        let text = self.pattern()?;
        Ok(match self.record.summary {
            Shared::Here(_) => text.to_owned(),
            Shared::At(_) => text.replace(NAME, name),
        })
    }

    /// Its summary as it is stored, with [`NAME`] for the name of its only package.
    pub(super) fn pattern(&self) -> Result<&'i str, Damage> {
        self.resolve(self.record.summary)
    }

    /// The addresses of its packages' entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = u32> + use<'i> {
        self.record.entries()
    }

    fn resolve(&self, text: Shared<'i>) -> Result<&'i str, Damage> {
        match text {
            Shared::Here(text) => Ok(text),
            Shared::At(address) => self.file.string(address),
        }
    }
}
