//! The index as it is asked: for a package, for a record, for the long texts of one.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::blocks::Blocks;
use super::candidates::Candidates;
use super::file::{Damage, IndexFile, OpenError};
use super::format::block::OFFSET_BITS;
use super::format::directory::key_hash;
use super::format::header::{Header, Section};
use super::format::texts::{PackedBlock, text_at};
use super::record_view::RecordView;
use crate::ecosystem;
use crate::model::Ecosystem;
use crate::model::advisory::{TextKey, Texts};

/// An open index. It can be asked from several threads at once.
pub struct Index {
    pub(super) file: IndexFile,
    /// The block of texts that was unpacked last, with its number.
    unpacked: Mutex<Option<(u32, Vec<u8>)>>,
}

impl Index {
    /// Opens what `bytes` hold.
    ///
    /// # Errors
    /// [`OpenError`] names why not.
    pub fn open(bytes: impl Blocks + 'static) -> Result<Self, OpenError> {
        Ok(Self {
            file: IndexFile::open(Box::new(bytes))?,
            unpacked: Mutex::new(None),
        })
    }

    /// Gives back the memory of every block that was read. A block that is asked for again is read and verified anew.
    pub fn forget(&mut self) {
        self.file.forget();
        *self.unpacked.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// `sha256:` of the header page, which names every byte of the file through its hashes.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.file.digest()
    }

    /// When it was built.
    #[must_use]
    pub fn built(&self) -> Timestamp {
        self.file.header().built
    }

    /// What the header page says.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.file.header()
    }

    /// What is known of a package. The name is normalised here; an unknown package has no groups,
    /// and asking for one touches the directory only.
    ///
    /// # Errors
    /// [`Damage`] of a block that had to be read: nothing is known then.
    pub fn candidates(&self, ecosystem: &Ecosystem, name: &str) -> Result<Candidates<'_>, Damage> {
        let name = ecosystem::normalise(ecosystem, name);
        let directory = self.file.directory();
        let hash = key_hash(ecosystem.as_str(), &name);
        // Seldom one too many.
        for number in directory.marked(hash).ok_or_else(bad_directory)? {
            let (block, before) = directory.block_of(number).ok_or_else(bad_directory)?;
            let candidates = Candidates::read(&self.file, self.file.entry(block, before)?)?;
            if (candidates.ecosystem(), candidates.name()) == (ecosystem.as_str(), name.as_ref()) {
                return Ok(candidates);
            }
        }
        Ok(Candidates::none(&self.file))
    }

    /// The long texts of an advisory that this index gave.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn texts(&self, key: TextKey) -> Result<Texts, Damage> {
        let address = u32::try_from(key.0).map_err(|_| Damage::of("a text key is of another database"))?;
        let Some(address) = RecordView::at(&self.file, address)?.text() else {
            return Ok(Texts::default());
        };
        let bad = || Damage::of("a text is not readable");
        // One block serves many texts that are asked for in order.
        let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if unpacked.as_ref().is_none_or(|(block, _)| *block != address.block) {
            let packed = self.file.read_block(Section::Texts, address.block)?;
            *unpacked = Some((address.block, PackedBlock::unpack(&packed).ok_or_else(bad)?));
        }
        unpacked
            .as_ref()
            .and_then(|(_, raw)| text_at(raw, address.offset))
            .ok_or_else(bad)
    }

    /// The record called `id`.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn find(&self, id: &str) -> Result<Option<RecordView<'_>>, Damage> {
        // The last block whose first record is not after `id`.
        let (mut low, mut high) = (0, self.file.blocks_of(Section::Records));
        while low < high {
            let middle = low.midpoint(high);
            if RecordView::at(&self.file, middle << OFFSET_BITS)?.id() <= id {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let Some(block) = low.checked_sub(1) else {
            return Ok(None);
        };
        for record in RecordView::in_block(&self.file, block)? {
            let record = record?;
            if record.id() == id {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Every package's entry, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = Result<Candidates<'_>, Damage>> {
        (0..self.file.blocks_of(Section::Entries)).flat_map(|block| Candidates::in_block(&self.file, block))
    }

    /// Every record in place, by id.
    pub fn record_views(&self) -> impl Iterator<Item = Result<RecordView<'_>, Damage>> {
        (0..self.file.blocks_of(Section::Records)).flat_map(|block| {
            match RecordView::in_block(&self.file, block) {
                Ok(records) => records.collect::<Vec<_>>(),
                Err(damage) => vec![Err(damage)],
            }
        })
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.file.fmt(formatter)
    }
}

fn bad_directory() -> Damage {
    Damage::of("the key directory does not hold what it says")
}
