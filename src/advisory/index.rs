//! The index as it is read: header, block table and key directory are verified when it is opened, every other
//! block when it is first touched.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use super::blocks::Blocks;
use super::directory::Directory;
use super::layout::{
    BLOCK_HASH, BadHeader, Cursor, HEADER, Header, LAYOUT, ROW, Section, block_hash, digest, key_hash, place,
};
use super::recorded::RecordView;
use super::texts::{PackedBlock, text_at};
use super::view::Candidates;
use crate::ecosystem;
use crate::model::Ecosystem;
use crate::model::advisory::{TextKey, Texts};

/// An open index. It can be asked from several threads at once.
pub struct Index {
    bytes: Box<dyn Blocks>,
    header: Header,
    digest: String,
    rows: Vec<Row>,
    directory: Vec<u8>,
    touched: Vec<OnceLock<Box<[u8]>>>,
    unpacked: Mutex<Option<(u32, Vec<u8>)>>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    offset: u64,
    length: u32,
    hash: [u8; BLOCK_HASH],
}

/// Why bytes are not taken for an index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It begins with something else.
    #[error("this is no lockkeeper index")]
    NotAnIndex,
    /// It ends before its end.
    #[error("the index is cut short: {length} of {expected} bytes are there")]
    CutShort {
        /// Bytes that are there.
        length: u64,
        /// Bytes that were written; 0 if not even that is there.
        expected: u64,
    },
    /// A byte is not what was written.
    #[error("the index is damaged: {what}")]
    Damaged {
        /// Which part, as a fragment.
        what: String,
    },
    /// A newer program wrote it in a layout that this one does not read.
    #[error("the index has layout {version}, and this program reads up to {LAYOUT}")]
    Newer {
        /// The oldest layout whose readers can read it.
        version: u32,
    },
    /// The bytes could not be read.
    #[error("the index cannot be read: {0}")]
    Unreadable(String),
}

/// A part of an open index is not what was written, or can no longer be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the index is damaged: {what}")]
pub struct Damage {
    /// Which part, as a fragment.
    pub what: String,
}

impl Damage {
    pub(super) fn of(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

impl Index {
    /// Opens what `bytes` hold.
    ///
    /// # Errors
    /// [`OpenError`] names why not.
    pub fn open(bytes: impl Blocks + 'static) -> Result<Self, OpenError> {
        Self::open_box(Box::new(bytes))
    }

    fn open_box(bytes: Box<dyn Blocks>) -> Result<Self, OpenError> {
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
        let index = Self {
            bytes,
            header,
            digest: digest(&page),
            rows,
            directory,
            touched,
            unpacked: Mutex::new(None),
        };
        if index.directory().is_whole() {
            Ok(index)
        } else {
            Err(damaged("the key directory does not hold what it says"))
        }
    }

    /// `sha256:` of the header page, which names every byte of the file through its hashes.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// When it was built.
    #[must_use]
    pub fn built(&self) -> Timestamp {
        self.header.built
    }

    /// What the header page says.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is known of a package's versions. The name is normalised here; an unknown package has no groups,
    /// and asking for one touches the directory only.
    ///
    /// # Errors
    /// [`Damage`] of a block that had to be read: nothing is known then.
    pub fn candidates(&self, ecosystem: &Ecosystem, name: &str) -> Result<Candidates<'_>, Damage> {
        let name = ecosystem::normalise(ecosystem, name);
        let directory = self.directory();
        let hash = key_hash(ecosystem.as_str(), &name);
        // Seldom one too many.
        for number in directory.marked(hash).ok_or_else(bad_directory)? {
            let (block, before) = directory.block_of(number).ok_or_else(bad_directory)?;
            // An entry tells its length: those before it in its block are stepped over.
            let mut cursor = Cursor::new(self.block(Section::Entries, block)?);
            for _ in 0..before {
                cursor.bytes().ok_or_else(bad_directory)?;
            }
            let entry = cursor.bytes().ok_or_else(bad_directory)?;
            let candidates = Candidates::read(self, entry)?;
            if candidates.is_of(ecosystem.as_str(), &name) {
                return Ok(candidates);
            }
        }
        Ok(Candidates::none(self))
    }

    /// The long texts of an advisory that this index gave.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn texts(&self, key: TextKey) -> Result<Texts, Damage> {
        let address = u32::try_from(key.0).map_err(|_| Damage::of("a text key is of another index"))?;
        let Some(place) = self.record(address)?.text() else {
            return Ok(Texts::default());
        };
        let bad = || Damage::of("a text is not readable");
        // One block serves many texts that are asked for in order.
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if unpacked.as_ref().is_none_or(|(block, _)| *block != place.block) {
            let packed = self.read_block(Section::Texts, place.block)?;
            *unpacked = Some((place.block, PackedBlock::unpack(&packed).ok_or_else(bad)?));
        }
        unpacked
            .as_ref()
            .and_then(|(_, raw)| text_at(raw, place.offset))
            .ok_or_else(bad)
    }

    /// The record called `id`.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn find(&self, id: &str) -> Result<Option<RecordView<'_>>, Damage> {
        // The last block whose first record is not after `id`; a block may begin with the end of another's record
        // in none: what begins in a block is whole in it.
        let (mut low, mut high) = (0, self.blocks_of(Section::Records));
        while low < high {
            let middle = low.midpoint(high);
            if self.record(middle << super::layout::OFFSET_BITS)?.id() <= id {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let Some(block) = low.checked_sub(1) else {
            return Ok(None);
        };
        for record in self.records_in(block)? {
            let record = record?;
            if record.id() == id {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Verifies every block, and that every entry and record can be read.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn verify(&self) -> Result<(), Damage> {
        use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
        (0..self.rows.len())
            .into_par_iter()
            .try_for_each(|number| self.fresh(number).map(drop))?;
        self.read_everything()
    }

    fn directory(&self) -> Directory<'_> {
        Directory {
            bytes: &self.directory,
            bits: self.header.bucket_bits,
            keys: self.header.keys,
            blocks: self.blocks_of(Section::Entries),
        }
    }

    /// The entry at `address`.
    pub(super) fn entry(&self, address: u32) -> Result<Candidates<'_>, Damage> {
        Candidates::read(self, self.thing(Section::Entries, address)?)
    }

    /// The record at `address`.
    pub(super) fn record(&self, address: u32) -> Result<RecordView<'_>, Damage> {
        RecordView::read(self, address, self.thing(Section::Records, address)?)
    }

    /// The shared text at `address`.
    pub(super) fn string(&self, address: u32) -> Result<&str, Damage> {
        std::str::from_utf8(self.thing(Section::Strings, address)?)
            .map_err(|_| Damage::of("a shared text is not UTF-8"))
    }

    /// What begins at `address` of a section and tells its own length.
    fn thing(&self, section: Section, address: u32) -> Result<&[u8], Damage> {
        let (block, offset) = place(address);
        let bytes = self.block(section, block)?;
        bytes
            .get(offset..)
            .and_then(|rest| Cursor::new(rest).bytes())
            .ok_or_else(|| Damage::of("an address leads nowhere"))
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

    fn fresh(&self, number: usize) -> Result<Box<[u8]>, Damage> {
        let row = self.rows.get(number).ok_or_else(|| no_block(number))?;
        let mut block = vec![0; row.length as usize].into_boxed_slice();
        self.bytes
            .read_at(row.offset, &mut block)
            .map_err(|error| Damage::of(format!("block {number} cannot be read: {error}")))?;
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

impl std::fmt::Debug for Index {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Index")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

fn unreadable(error: io::Error) -> OpenError {
    OpenError::Unreadable(error.to_string())
}

fn front(
    bytes: &dyn Blocks,
    offset: u64,
    length: u64,
    hash: [u8; super::layout::HASH],
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

/// The rows of the block table and where the last block ends.
fn rows(table: &[u8], mut offset: u64) -> Option<(Vec<Row>, u64)> {
    let mut rows = Vec::with_capacity(table.len() / ROW);
    for row in table.chunks(ROW) {
        let mut cursor = Cursor::new(row);
        let (length, hash) = (cursor.u32()?, cursor.array()?);
        rows.push(Row { offset, length, hash });
        offset = offset.checked_add(u64::from(length))?;
    }
    Some((rows, offset))
}

fn damaged(what: &str) -> OpenError {
    OpenError::Damaged {
        what: what.to_owned(),
    }
}

fn bad_directory() -> Damage {
    Damage::of("the key directory does not hold what it says")
}

fn no_block(number: usize) -> Damage {
    Damage::of(format!("there is no block {number}"))
}
