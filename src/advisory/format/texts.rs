//! Long texts: packed into compressed blocks, unpacked one block at a time, copied as they are by an update.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::bytes::{Cursor, put_text, put_varint};
use crate::model::advisory::Texts;

/// A block of texts is closed at this many bytes before compression.
const TEXT_BLOCK: usize = 32 << 10;

/// Where a text is: its block in the section and the offset in the block's unpacked bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextAddress {
    /// The block.
    pub block: u32,
    /// The offset.
    pub offset: u32,
}

/// A block as the file holds it: unpacked length, number of texts, deflated bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedBlock(pub Vec<u8>);

impl PackedBlock {
    fn pack(raw: &RawBlock) -> Self {
        let mut bytes = Vec::with_capacity(raw.bytes.len() / 3);
        put_varint(&mut bytes, raw.bytes.len() as u64);
        put_varint(&mut bytes, u64::from(raw.texts));
        let mut encoder = DeflateEncoder::new(bytes, Compression::new(6));
        let written = encoder.write_all(&raw.bytes).and_then(|()| encoder.finish());
        // Writing to memory does not fail; should it, the block is refused when it is read.
        let mut packed = written.unwrap_or_default();
        packed.shrink_to_fit();
        Self(packed)
    }

    /// The bytes that were packed; `None` if these are not what was written.
    #[must_use]
    pub fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut cursor = Cursor::new(bytes);
        let length = cursor.count()?;
        cursor.varint()?;
        // The stated length bounds what is unpacked, and the packed one what is set aside for it.
        let mut raw = Vec::with_capacity(length.min(bytes.len().saturating_mul(1032)));
        let limit = (length as u64).saturating_add(1);
        DeflateDecoder::new(cursor.rest())
            .take(limit)
            .read_to_end(&mut raw)
            .ok()?;
        (raw.len() == length).then_some(raw)
    }

    /// Less than a block that was closed because it was full.
    #[must_use]
    pub fn is_small(length: usize) -> bool {
        length < TEXT_BLOCK
    }

    /// Unpacked length and number of texts.
    #[must_use]
    pub fn sizes(&self) -> Option<(usize, u64)> {
        let mut cursor = Cursor::new(&self.0);
        Some((cursor.count()?, cursor.varint()?))
    }
}

/// The text at `offset` of unpacked bytes.
#[must_use]
pub fn text_at(raw: &[u8], offset: u32) -> Option<Texts> {
    let mut cursor = Cursor::new(raw.get(usize::try_from(offset).ok()?..)?);
    let details = cursor.text()?.to_owned();
    let count = cursor.count()?;
    let mut references = Vec::with_capacity(count.min(1024));
    for _ in 0..count {
        references.push((cursor.text()?.to_owned(), cursor.text()?.to_owned()));
    }
    Some(Texts { details, references })
}

/// Packs texts in the order in which they come, several blocks at once.
#[derive(Debug, Default)]
pub struct Packer {
    packed: Vec<PackedBlock>,
    waiting: Vec<RawBlock>,
    open: RawBlock,
}

#[derive(Debug, Default)]
struct RawBlock {
    bytes: Vec<u8>,
    texts: u32,
}

/// Blocks that wait until they are packed together, on every core.
const BATCH: usize = 64;

impl Packer {
    /// Goes on after blocks that are packed already.
    #[must_use]
    pub fn after(packed: Vec<PackedBlock>) -> Self {
        Self {
            packed,
            ..Self::default()
        }
    }

    /// Takes in blocks that are packed already, and returns the number that the first of them has now; `None` if there
    /// are too many to be numbered.
    pub fn append(&mut self, packed: Vec<PackedBlock>) -> Option<u32> {
        if self.open.texts > 0 {
            self.waiting.push(std::mem::take(&mut self.open));
        }
        self.pack_waiting();
        let first = u32::try_from(self.packed.len()).ok()?;
        self.packed.extend(packed);
        Some(first)
    }

    /// Adds a text; `None` for one that says nothing.
    pub fn add(&mut self, texts: &Texts) -> Option<TextAddress> {
        if texts.details.is_empty() && texts.references.is_empty() {
            return None;
        }
        let block = self.packed.len().checked_add(self.waiting.len())?;
        let address = TextAddress {
            block: u32::try_from(block).ok()?,
            offset: u32::try_from(self.open.bytes.len()).ok()?,
        };
        let bytes = &mut self.open.bytes;
        put_text(bytes, &texts.details);
        put_varint(bytes, texts.references.len() as u64);
        for (kind, url) in &texts.references {
            put_text(bytes, kind);
            put_text(bytes, url);
        }
        self.open.texts = self.open.texts.saturating_add(1);
        if self.open.bytes.len() >= TEXT_BLOCK {
            self.waiting.push(std::mem::take(&mut self.open));
            if self.waiting.len() >= BATCH {
                self.pack_waiting();
            }
        }
        Some(address)
    }

    /// Every block, packed.
    #[must_use]
    pub fn finish(mut self) -> Vec<PackedBlock> {
        if self.open.texts > 0 {
            self.waiting.push(std::mem::take(&mut self.open));
        }
        self.pack_waiting();
        self.packed
    }

    fn pack_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let packed: Vec<PackedBlock> = waiting
            .into_par_iter()
            .map(|raw| PackedBlock::pack(&raw))
            .collect();
        self.packed.extend(packed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive() {
        let texts: Vec<Texts> = (0..3000)
            .map(|number| Texts {
                details: format!("text {number} ").repeat(number % 50),
                references: vec![("WEB".to_owned(), format!("https://example.org/{number}")); number % 3],
            })
            .collect();
        let mut packer = Packer::default();
        let addresses: Vec<Option<TextAddress>> = texts.iter().map(|text| packer.add(text)).collect();
        let blocks = packer.finish();
        assert!(blocks.len() > 3);
        for (text, address) in texts.iter().zip(addresses) {
            let read = address.map_or_else(Texts::default, |address| {
                let raw = PackedBlock::unpack(&blocks[address.block as usize].0).unwrap();
                text_at(&raw, address.offset).unwrap()
            });
            assert_eq!(read, *text);
        }
    }
}
