//! Reading the index as a whole: for updates, for `db verify`, and for people who ask what is in it.

use std::collections::BTreeMap;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::candidates::Candidates;
use super::exploits;
use super::file::Damage;
use super::format::header::Section;
use super::format::record::NAME;
use super::format::statement::Claim;
use super::format::{bookkeeping, unread};
use super::index::Index;
use super::record::{Affected, Cve, Exploit, IndexedRecord, Record};
use super::record_view::RecordView;
use super::source::{Bookkeeping, SourceNumber};
use super::unread::Unread;
use crate::model::Ecosystem;
use crate::model::advisory::Texts;

/// A record and its address.
type Addressed = (u32, Box<IndexedRecord>);

impl Index {
    /// Sources, ecosystems and notes.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn bookkeeping(&self) -> Result<Bookkeeping, Damage> {
        let block = self.file.block(Section::Bookkeeping, 0)?;
        bookkeeping::read(block).ok_or_else(|| Damage::of("the bookkeeping is not readable"))
    }

    /// Every record with what it says of its packages, by id. Its long texts stay where they are.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn records(&self) -> Result<Vec<Box<IndexedRecord>>, Damage> {
        let blocks = (0..self.file.blocks_of(Section::Records)).into_par_iter();
        let read: Result<Vec<Vec<Addressed>>, Damage> = blocks
            .map(|block| {
                RecordView::in_block(&self.file, block)?
                    .map(|view| view.and_then(|view| Ok((view.address(), Box::new(indexed(&view)?)))))
                    .collect()
            })
            .collect();
        // Addresses rise in the order of the file.
        let (addresses, mut records): (Vec<u32>, Vec<Box<IndexedRecord>>) =
            read?.into_iter().flatten().unzip();

        let blocks = (0..self.file.blocks_of(Section::Entries)).into_par_iter();
        let affected: Result<Vec<Vec<(usize, Affected)>>, Damage> =
            blocks.map(|block| self.affected_in(block, &addresses)).collect();
        for (number, affected) in affected?.into_iter().flatten() {
            if let Some(indexed) = records.get_mut(number) {
                // Most records name one package; a list set aside for several costs memory.
                indexed.record.affected.reserve_exact(1);
                indexed.record.affected.push(affected);
            }
        }
        for record in records.iter_mut().map(|indexed| &mut indexed.record) {
            if record.summary.contains(NAME) {
                let name = record.affected.first().map_or("", |only| only.name.as_str());
                record.summary = record.summary.replace(NAME, name);
            }
        }
        Ok(records)
    }

    /// What the entries of a block say, with the number of each record among `addresses`.
    fn affected_in(&self, block: u32, addresses: &[u32]) -> Result<Vec<(usize, Affected)>, Damage> {
        let mut all = Vec::new();
        for candidates in Candidates::in_block(&self.file, block) {
            let candidates = candidates?;
            for member in candidates.groups().flat_map(|group| group.members()) {
                let number = addresses
                    .binary_search(&member.address())
                    .map_err(|_| Damage::of("an entry names no record"))?;
                all.extend(
                    member
                        .claims()
                        .map(|claim| (number, affected(&candidates, &claim))),
                );
            }
        }
        Ok(all)
    }

    /// What one record says of its packages.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn affected_by(&self, view: &RecordView<'_>) -> Result<Vec<Affected>, Damage> {
        let mut all = Vec::new();
        for address in view.entries() {
            let candidates = Candidates::at(&self.file, address)?;
            let members = candidates.groups().flat_map(|group| group.members());
            for member in members.filter(|member| member.address() == view.address()) {
                all.extend(member.claims().map(|claim| affected(&candidates, &claim)));
            }
        }
        Ok(all)
    }

    /// The blocks of texts, still packed.
    pub(super) fn text_blocks(&self) -> impl Iterator<Item = Result<Vec<u8>, Damage>> {
        (0..self.file.blocks_of(Section::Texts))
            .map(|block| Ok(self.file.read_block(Section::Texts, block)?.into_vec()))
    }

    /// Everything that is known of exploitation.
    pub(super) fn exploits(&self) -> Result<BTreeMap<Cve, Exploit>, Damage> {
        exploits::all(&self.file)
    }

    /// What is known of the exploitation of one vulnerability.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn exploit(&self, cve: Cve) -> Result<Option<Exploit>, Damage> {
        exploits::find(&self.file, cve)
    }

    /// The documents that could not be read when it was made.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn unread(&self) -> Result<Vec<Unread>, Damage> {
        let mut all = Vec::new();
        for block in 0..self.file.blocks_of(Section::Unread) {
            let read = unread::read(&self.file.read_block(Section::Unread, block)?);
            all.extend(read.ok_or_else(|| Damage::of("the list of unread records is not readable"))?);
        }
        Ok(all)
    }

    /// Verifies every block, and that every entry and record can be read.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn verify(&self) -> Result<(), Damage> {
        self.file.verify()?;
        self.read_everything()
    }

    /// Reads every entry, record, exploit and the bookkeeping.
    fn read_everything(&self) -> Result<(), Damage> {
        let bookkeeping = self.bookkeeping()?;
        let records = self.records()?;
        if records.len() as u64 != self.header().records {
            return Err(Damage::of("there are not as many records as the header says"));
        }
        let sources = bookkeeping.sources.len();
        if records.iter().any(|indexed| indexed.source.0 as usize >= sources) {
            return Err(Damage::of("a record names no source"));
        }
        let mut keys = 0u64;
        for candidates in self.entries() {
            let candidates = candidates?;
            let found = self.candidates(&Ecosystem::named(candidates.ecosystem()), candidates.name())?;
            if found.key() != candidates.key() {
                return Err(Damage::of("a package is not in the key directory"));
            }
            keys = keys.saturating_add(1);
        }
        if keys != self.header().keys {
            return Err(Damage::of("there are not as many packages as the header says"));
        }
        let unread = self.unread()?;
        if unread.iter().any(|unread| unread.source as usize >= sources) {
            return Err(Damage::of("an unread record names no source"));
        }
        self.exploits().map(drop)
    }
}

fn indexed(view: &RecordView<'_>) -> Result<IndexedRecord, Damage> {
    Ok(IndexedRecord {
        record: Record {
            id: view.id().to_owned(),
            aliases: view.aliases().map(str::to_owned).collect(),
            published: view.published(),
            modified: view.modified(),
            class: view.class(),
            rating: view.rating()?.map(|rating| rating.map(str::to_owned)),
            summary: view.pattern()?.to_owned(),
            affected: Vec::new(),
            texts: Texts::default(),
        },
        source: SourceNumber(view.source()),
        text: view.text(),
    })
}

fn affected(candidates: &Candidates<'_>, claim: &Claim<'_>) -> Affected {
    Affected {
        ecosystem: Ecosystem::named(candidates.ecosystem()),
        name: candidates.name().to_owned(),
        rating: claim.rating.map(|rating| rating.map(str::to_owned)),
        statement: claim.to_statement(),
    }
}
