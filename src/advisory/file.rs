//! The bytes of an index: header, block table and key directory are verified when it is opened, every other block
//! when it is first touched.

use std::borrow::Cow;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::blocks::Blocks;
use super::format::block::{BLOCK_HASH, Items, TABLE_ROW, block_hash, position};
use super::format::bytes::Cursor;
use super::format::directory::Directory;
use super::format::header::{BadHeader, HASH, HEADER, Header, LAYOUT, Section, digest};

/// An open file.
pub(super) struct IndexFile {
    bytes: Box<dyn Blocks>,
    header: Header,
    digest: String,
    rows: Vec<TableRow>,
    directory: Vec<u8>,
    touched: Vec<OnceLock<Box<[u8]>>>,
    /// Blocks that were found to be what was written, and that may not be kept.
    verified: Vec<AtomicBool>,
    /// Where each item of a block begins, of those that were asked for one by its number.
    starts: Vec<OnceLock<Box<[u16]>>>,
}

/// Most records have fewer bytes than this.
const SHORT: usize = 256;

#[derive(Debug, Clone, Copy)]
struct TableRow {
    offset: u64,
    length: u32,
    hash: [u8; BLOCK_HASH],
}

/// ` of 4096`; empty where it is not known how many there were.
fn of(expected: u64) -> String {
    match expected {
        0 => String::new(),
        expected => format!(" of {expected}"),
    }
}

/// Why bytes are not taken for an index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It begins with something else.
    #[error("this is not an advisory database of lockkeeper")]
    NotAnIndex,
    /// It ends before its end.
    #[error("the advisory database is cut short: {length}{} bytes are there", of(*expected))]
    CutShort {
        /// Bytes that are there.
        length: u64,
        /// Bytes that were written; 0 if not even that is there.
        expected: u64,
    },
    /// A byte is not what was written.
    #[error("the advisory database is damaged: {what}")]
    Damaged {
        /// Which part, as a fragment.
        what: String,
    },
    /// A newer program wrote it in a layout that this one does not read.
    #[error("the advisory database has layout {version}, and this program reads up to {LAYOUT}")]
    Newer {
        /// The oldest layout whose readers can read it.
        version: u32,
    },
    /// The bytes could not be read.
    #[error("the advisory database cannot be read: {0}")]
    Unreadable(String),
}

/// A part of an open index is not what was written, or can no longer be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the advisory database is damaged: {what}")]
pub struct Damage {
    /// Which part, as a fragment.
    pub what: String,
}

impl From<Damage> for OpenError {
    fn from(Damage { what }: Damage) -> Self {
        Self::Damaged { what }
    }
}

impl Damage {
    pub(super) fn of(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

impl IndexFile {
    pub(super) fn open(bytes: Box<dyn Blocks>) -> Result<Self, OpenError> {
        let length = bytes.len();
        let mut page = vec![0; HEADER.min(usize::try_from(length).unwrap_or(HEADER))];
        bytes.read_at(0, &mut page).map_err(unreadable)?;
        let header = Header::read(&page).map_err(|bad| match bad {
            BadHeader::Foreign => OpenError::NotAnIndex,
            BadHeader::Newer(version) => OpenError::Newer { version },
            BadHeader::Damaged if page.len() < HEADER => OpenError::CutShort { length, expected: 0 },
            BadHeader::Damaged => damaged("the header page is not what was written"),
        })?;
        if length < header.length {
            let expected = header.length;
            return Err(OpenError::CutShort { length, expected });
        }
        if length > header.length {
            return Err(damaged("there is more after its end"));
        }
        let table = front(
            &*bytes,
            HEADER as u64,
            header.table,
            header.table_hash,
            "the block table",
        )?;
        let directory_at = (HEADER as u64).saturating_add(header.table);
        let directory = front(
            &*bytes,
            directory_at,
            header.directory,
            header.directory_hash,
            "the key directory",
        )?;
        let rows = rows(&table, directory_at.saturating_add(header.directory))
            .filter(|(_, end)| *end == header.length)
            .map(|(rows, _)| rows)
            .ok_or_else(|| damaged("the block table does not cover the file"))?;
        let touched = std::iter::repeat_with(OnceLock::new).take(rows.len()).collect();
        let verified = std::iter::repeat_with(AtomicBool::default)
            .take(rows.len())
            .collect();
        let entries = header.run(Section::Entries).map_or(0, |run| run.count);
        let starts = std::iter::repeat_with(OnceLock::new)
            .take((entries as usize).min(rows.len()))
            .collect();
        let file = Self {
            bytes,
            header,
            digest: digest(&page),
            rows,
            directory,
            touched,
            verified,
            starts,
        };
        if file.directory().is_whole() {
            Ok(file)
        } else {
            Err(damaged("the key directory does not hold what it says"))
        }
    }

    /// `sha256:` of the header page, which names every byte of the file through its hashes.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn directory(&self) -> Directory<'_> {
        Directory {
            bytes: &self.directory,
            bits: self.header.bucket_bits,
            keys: self.header.keys,
            blocks: self.blocks_of(Section::Entries),
        }
    }

    /// Verifies every block.
    pub(super) fn verify(&self) -> Result<(), Damage> {
        use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
        (0..self.rows.len())
            .into_par_iter()
            .try_for_each(|number| self.fresh(number).map(drop))
    }

    /// The shared text at `address`.
    pub(super) fn string(&self, address: u32) -> Result<&str, Damage> {
        std::str::from_utf8(self.item(Section::Strings, address)?)
            .map_err(|_| Damage::of("a shared text is not UTF-8"))
    }

    /// The item at `address` of a section.
    pub(super) fn item(&self, section: Section, address: u32) -> Result<&[u8], Damage> {
        let (block, offset) = position(address);
        item_at(self.block(section, block)?, offset).ok_or_else(|| Damage::of("an address leads nowhere"))
    }

    /// The same, without keeping its block: the first item of a block verifies it, each further one is read by itself.
    pub(super) fn item_once(&self, section: Section, address: u32) -> Result<Cow<'_, [u8]>, Damage> {
        let nowhere = || Damage::of("an address leads nowhere");
        let (block, offset) = position(address);
        let number = self.number(section, block)?;
        if let Some(block) = self.touched.get(number).and_then(OnceLock::get) {
            return item_at(block, offset).map(Cow::Borrowed).ok_or_else(nowhere);
        }
        let verified = self.verified.get(number).ok_or_else(|| no_block(number))?;
        if verified.load(Ordering::Relaxed)
            && let Some(item) = self.item_alone(number, offset)?
        {
            return Ok(Cow::Owned(item));
        }
        let block = self.fresh(number)?;
        verified.store(true, Ordering::Relaxed);
        let item = item_at(&block, offset).ok_or_else(nowhere)?;
        Ok(Cow::Owned(item.to_vec()))
    }

    /// The item at `offset` of a block that was verified; `None` where it is longer than most.
    fn item_alone(&self, number: usize, offset: usize) -> Result<Option<Vec<u8>>, Damage> {
        let row = self.rows.get(number).ok_or_else(|| no_block(number))?;
        let mut most = [0; SHORT];
        let length = (row.length as usize).saturating_sub(offset).min(SHORT);
        let Some(start) = most.get_mut(..length) else {
            return Ok(None);
        };
        self.read(number, row.offset.saturating_add(offset as u64), start)?;
        Ok(item_at(start, 0).map(<[u8]>::to_vec))
    }

    /// The entry numbered `number` of the entries' block `block`.
    pub(super) fn entry(&self, block: u32, number: u64) -> Result<&[u8], Damage> {
        let bad = || Damage::of("the key directory does not hold what it says");
        let bytes = self.block(Section::Entries, block)?;
        let starts = self
            .starts
            .get(block as usize)
            .ok_or_else(bad)?
            .get_or_init(|| starts(bytes));
        let start = usize::try_from(number).ok().and_then(|number| starts.get(number));
        let rest = start.and_then(|start| bytes.get(usize::from(*start)..));
        rest.and_then(|rest| Cursor::new(rest).bytes()).ok_or_else(bad)
    }

    /// The items of a section's block, each with its address.
    pub(super) fn items(
        &self,
        section: Section,
        block: u32,
    ) -> Result<impl Iterator<Item = Result<(u32, &[u8]), Damage>>, Damage> {
        let items = Items::of(self.block(section, block)?, block);
        Ok(items.map(|item| item.ok_or_else(|| Damage::of("a block ends in the middle of an item"))))
    }

    /// How many blocks a section has.
    pub(super) fn blocks_of(&self, section: Section) -> u32 {
        self.header.run(section).map_or(0, |run| run.count)
    }

    /// A section's block, verified once and kept.
    pub(super) fn block(&self, section: Section, number: u32) -> Result<&[u8], Damage> {
        let number = self.number(section, number)?;
        let slot = self.touched.get(number).ok_or_else(|| no_block(number))?;
        if let Some(block) = slot.get() {
            return Ok(block);
        }
        let block = self.fresh(number)?;
        Ok(slot.get_or_init(|| block))
    }

    /// Keeps no block any more.
    pub(super) fn forget(&mut self) {
        for slot in &mut self.touched {
            slot.take();
        }
        for slot in &mut self.starts {
            slot.take();
        }
        for verified in &mut self.verified {
            *verified.get_mut() = false;
        }
    }

    /// A section's block, verified and not kept.
    pub(super) fn read_block(&self, section: Section, number: u32) -> Result<Box<[u8]>, Damage> {
        self.fresh(self.number(section, number)?)
    }

    fn number(&self, section: Section, number: u32) -> Result<usize, Damage> {
        self.header
            .run(section)
            .filter(|run| number < run.count)
            .and_then(|run| usize::try_from(run.first.checked_add(number)?).ok())
            .ok_or_else(|| no_block(number as usize))
    }

    fn read(&self, number: usize, offset: u64, buffer: &mut [u8]) -> Result<(), Damage> {
        self.bytes
            .read_at(offset, buffer)
            .map_err(|error| Damage::of(format!("block {number} cannot be read: {error}")))
    }

    fn fresh(&self, number: usize) -> Result<Box<[u8]>, Damage> {
        let row = self.rows.get(number).ok_or_else(|| no_block(number))?;
        let mut block = vec![0; row.length as usize].into_boxed_slice();
        self.read(number, row.offset, &mut block)?;
        if block_hash(&block) == row.hash {
            Ok(block)
        } else {
            Err(Damage::of(format!(
                "block {number}, at byte {}, is not what was written",
                row.offset
            )))
        }
    }
}

impl std::fmt::Debug for IndexFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Index")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// The item that begins at `offset` of a block.
fn item_at(block: &[u8], offset: usize) -> Option<&[u8]> {
    Cursor::new(block.get(offset..)?).bytes()
}

fn unreadable(error: io::Error) -> OpenError {
    OpenError::Unreadable(error.to_string())
}

fn front(
    bytes: &dyn Blocks,
    offset: u64,
    length: u64,
    hash: [u8; HASH],
    what: &str,
) -> Result<Vec<u8>, OpenError> {
    let end = offset.checked_add(length).filter(|end| *end <= bytes.len());
    let length = end.and_then(|_| usize::try_from(length).ok());
    let mut part = vec![0; length.ok_or_else(|| damaged(&format!("{what} leads beyond the end")))?];
    bytes.read_at(offset, &mut part).map_err(unreadable)?;
    if *blake3::hash(&part).as_bytes() == hash {
        Ok(part)
    } else {
        Err(damaged(&format!("{what} is not what was written")))
    }
}

/// Where each item of `block` begins: no item begins where a number of two bytes does not reach.
fn starts(block: &[u8]) -> Box<[u16]> {
    let mut cursor = Cursor::new(block);
    let next = move || {
        let start = block.len().checked_sub(cursor.rest().len())?;
        cursor.bytes()?;
        u16::try_from(start).ok()
    };
    std::iter::from_fn(next).collect()
}

/// The rows of the block table and where the last block ends.
fn rows(table: &[u8], mut offset: u64) -> Option<(Vec<TableRow>, u64)> {
    let mut rows = Vec::with_capacity(table.len() / TABLE_ROW);
    for row in table.chunks(TABLE_ROW) {
        let mut cursor = Cursor::new(row);
        let (length, hash) = (cursor.u32()?, cursor.array()?);
        rows.push(TableRow { offset, length, hash });
        offset = offset.checked_add(u64::from(length))?;
    }
    Some((rows, offset))
}

fn damaged(what: &str) -> OpenError {
    OpenError::Damaged {
        what: what.to_owned(),
    }
}

fn no_block(number: usize) -> Damage {
    Damage::of(format!("there is no block {number}"))
}
