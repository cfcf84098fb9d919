//! Reading the index as a whole: for updates, for `db verify`, and for people who ask what is in it.

use std::collections::{BTreeMap, BTreeSet};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::compile::{Authority, Counts, Exploit, Kept, Source, SourceNumber};
use super::index::{Damage, Index};
use super::layout::{Cursor, EXPLOIT_ROW, NAME, OFFSET_BITS, Section};
use super::record::{Affected, Cve, Interval, Record, Statement, Undecided, Until};
use super::recorded::RecordView;
use super::view::{Candidates, Claim, End, Unknown};
use crate::model::Ecosystem;
use crate::model::advisory::Texts;

/// What the index tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bookkeeping {
    /// The sources, by number.
    pub sources: Vec<Source>,
    /// Ids that a source which publishes them itself took back, with its number.
    pub withdrawn: Vec<(String, u32)>,
    /// Packages that have an entry, by ecosystem.
    pub ecosystems: BTreeMap<String, u64>,
    /// What whoever updates the index left in it.
    pub notes: BTreeMap<String, String>,
}

impl Bookkeeping {
    /// The ecosystems that an export gave: a source is called like each (`osv/npm`), and it has packages, or an update
    /// left a note. An index that was built from a folder of any name has a source of that name too.
    #[must_use]
    pub fn exports(&self) -> BTreeSet<String> {
        let names = self
            .sources
            .iter()
            .filter_map(|source| source.name.strip_prefix("osv/"));
        names
            .filter(|name| self.has_packages_of(name) || self.notes.contains_key(&format!("osv/{name}")))
            .map(str::to_owned)
            .collect()
    }

    /// Whether there is a package of an ecosystem, whatever its suffix.
    #[must_use]
    pub fn has_packages_of(&self, ecosystem: &str) -> bool {
        self.ecosystems.keys().any(|name| family(name) == ecosystem)
    }
}

/// The name of an ecosystem without its suffix: `Debian` for `Debian:12`.
pub(super) fn family(ecosystem: &str) -> &str {
    ecosystem.split(':').next().unwrap_or(ecosystem)
}

/// A record and its address.
type Addressed = (u32, Box<Kept>);

impl Index {
    /// Sources, ecosystems and notes.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn bookkeeping(&self) -> Result<Bookkeeping, Damage> {
        let block = self.block(Section::Bookkeeping, 0)?;
        bookkeeping(&mut Cursor::new(block)).ok_or_else(|| Damage::of("the bookkeeping is not readable"))
    }

    /// Every record with what it says of its packages, by id. Its texts stay where they are.
    ///
    /// # Errors
    /// The first [`Damage`].
    pub fn records(&self) -> Result<Vec<Box<Kept>>, Damage> {
        let blocks = (0..self.blocks_of(Section::Records)).into_par_iter();
        let read: Result<Vec<Vec<Addressed>>, Damage> = blocks
            .map(|block| {
                let views = self.records_in(block)?;
                views
                    .map(|view| view.and_then(|view| Ok((view.address(), Box::new(kept(&view)?)))))
                    .collect()
            })
            .collect();
        // Addresses rise in the order of the file.
        let (addresses, mut records): (Vec<u32>, Vec<Box<Kept>>) = read?.into_iter().flatten().unzip();

        let blocks = (0..self.blocks_of(Section::Entries)).into_par_iter();
        let told: Result<Vec<Vec<(usize, Affected)>>, Damage> =
            blocks.map(|block| self.told_in(block, &addresses)).collect();
        for (number, affected) in told?.into_iter().flatten() {
            if let Some(kept) = records.get_mut(number) {
                // Most records speak of one package; a list set aside for several costs memory.
                kept.record.affected.reserve_exact(1);
                kept.record.affected.push(affected);
            }
        }
        for record in records.iter_mut().map(|kept| &mut kept.record) {
            if record.summary.contains(NAME) {
                let name = record.affected.first().map_or("", |only| only.name.as_str());
                record.summary = record.summary.replace(NAME, name);
            }
        }
        Ok(records)
    }

    /// What the entries of a block say, with the number of each record among `addresses`.
    fn told_in(&self, block: u32, addresses: &[u32]) -> Result<Vec<(usize, Affected)>, Damage> {
        let mut told = Vec::new();
        for thing in Things::of(self.block(Section::Entries, block)?, block) {
            let candidates = Candidates::read(self, thing?.1)?;
            for member in candidates.groups().flat_map(|group| group.members()) {
                let number = addresses
                    .binary_search(&member.address())
                    .map_err(|_| Damage::of("an entry names no record"))?;
                told.extend(
                    member
                        .claims()
                        .map(|claim| (number, affected(&candidates, &claim))),
                );
            }
        }
        Ok(told)
    }

    /// Every package's entry, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = Result<Candidates<'_>, Damage>> {
        (0..self.blocks_of(Section::Entries)).flat_map(move |block| {
            match self.block(Section::Entries, block) {
                Ok(bytes) => Things::of(bytes, block)
                    .map(move |thing| thing.and_then(|(_, bytes)| Candidates::read(self, bytes)))
                    .collect::<Vec<_>>(),
                Err(damage) => vec![Err(damage)],
            }
        })
    }

    /// Every record in place, by id.
    pub fn record_views(&self) -> impl Iterator<Item = Result<RecordView<'_>, Damage>> {
        (0..self.blocks_of(Section::Records)).flat_map(move |block| match self.records_in(block) {
            Ok(records) => records.collect::<Vec<_>>(),
            Err(damage) => vec![Err(damage)],
        })
    }

    /// What one record says of its packages.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn affected_by(&self, view: &RecordView<'_>) -> Result<Vec<Affected>, Damage> {
        let mut told = Vec::new();
        for address in view.entries() {
            let candidates = self.entry(address)?;
            let members = candidates.groups().flat_map(|group| group.members());
            for member in members.filter(|member| member.address() == view.address()) {
                told.extend(member.claims().map(|claim| affected(&candidates, &claim)));
            }
        }
        Ok(told)
    }

    /// The records that begin in a block.
    pub(super) fn records_in(
        &self,
        block: u32,
    ) -> Result<impl Iterator<Item = Result<RecordView<'_>, Damage>>, Damage> {
        let bytes = self.block(Section::Records, block)?;
        Ok(Things::of(bytes, block)
            .map(move |thing| thing.and_then(|(address, bytes)| RecordView::read(self, address, bytes))))
    }

    /// The blocks of texts, still packed.
    pub(super) fn text_blocks(&self) -> impl Iterator<Item = Result<Vec<u8>, Damage>> {
        (0..self.blocks_of(Section::Texts))
            .map(|block| Ok(self.read_block(Section::Texts, block)?.into_vec()))
    }

    /// Everything that is known of exploitation.
    pub(super) fn exploits(&self) -> Result<BTreeMap<Cve, Exploit>, Damage> {
        let mut exploits = BTreeMap::new();
        for block in 0..self.blocks_of(Section::Exploits) {
            for row in self.block(Section::Exploits, block)?.chunks(EXPLOIT_ROW) {
                exploits.extend([exploit_row(row).ok_or_else(bad_exploit)?]);
            }
        }
        Ok(exploits)
    }

    /// What is known of the exploitation of one flaw.
    ///
    /// # Errors
    /// [`Damage`].
    pub fn exploit(&self, cve: Cve) -> Result<Option<Exploit>, Damage> {
        // The last block whose first row is not after it, then the row.
        let (mut low, mut high) = (0, self.blocks_of(Section::Exploits));
        while low < high {
            let middle = low.midpoint(high);
            let first = self.block(Section::Exploits, middle)?.chunks(EXPLOIT_ROW).next();
            if first.and_then(exploit_row).ok_or_else(bad_exploit)?.0 <= cve {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let Some(block) = low.checked_sub(1) else {
            return Ok(None);
        };
        for row in self.block(Section::Exploits, block)?.chunks(EXPLOIT_ROW) {
            let (found, exploit) = exploit_row(row).ok_or_else(bad_exploit)?;
            if found == cve {
                return Ok(Some(exploit));
            }
        }
        Ok(None)
    }

    /// Reads every entry, record, exploit and the bookkeeping.
    pub(super) fn read_everything(&self) -> Result<(), Damage> {
        let bookkeeping = self.bookkeeping()?;
        let records = self.records()?;
        if records.len() as u64 != self.header().records {
            return Err(Damage::of("there are not as many records as the header says"));
        }
        let sources = bookkeeping.sources.len();
        if records.iter().any(|kept| kept.source.0 as usize >= sources) {
            return Err(Damage::of("a record names no source"));
        }
        let mut keys = 0u64;
        for candidates in self.entries() {
            let candidates = candidates?;
            let found = self.candidates(&Ecosystem::named(candidates.ecosystem()), candidates.name())?;
            if !found.is_of(candidates.ecosystem(), candidates.name()) {
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

/// The things of a block, each with its address; every one tells its own length.
struct Things<'b> {
    cursor: Cursor<'b>,
    length: usize,
    block: u32,
}

impl<'b> Things<'b> {
    fn of(bytes: &'b [u8], block: u32) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            length: bytes.len(),
            block,
        }
    }
}

impl<'b> Iterator for Things<'b> {
    type Item = Result<(u32, &'b [u8]), Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.cursor.rest().len();
        if rest == 0 {
            return None;
        }
        let offset = u32::try_from(self.length.saturating_sub(rest)).unwrap_or(u32::MAX);
        Some(match self.cursor.bytes() {
            Some(bytes) => Ok((self.block << OFFSET_BITS | offset, bytes)),
            None => {
                self.cursor = Cursor::new(&[]);
                Err(Damage::of("a block ends in the middle of something"))
            }
        })
    }
}

fn kept(view: &RecordView<'_>) -> Result<Kept, Damage> {
    Ok(Kept {
        record: Record {
            id: view.id().to_owned(),
            aliases: view.aliases().map(str::to_owned).collect(),
            published: view.published(),
            modified: view.modified(),
            class: view.class(),
            rating: view.rating()?,
            summary: view.pattern()?.to_owned(),
            affected: Vec::new(),
            texts: Texts::default(),
        },
        source: SourceNumber(view.source()),
        text: view.text(),
    })
}

fn affected(candidates: &Candidates<'_>, claim: &Claim<'_>) -> Affected {
    let intervals = claim.intervals().map(|stretch| Interval {
        from: stretch.from.map(str::to_owned),
        until: match stretch.until {
            End::Never => Until::Never,
            End::Fixed(version) => Until::Fixed(version.to_owned()),
            End::LastAffected(version) => Until::LastAffected(version.to_owned()),
            End::Limit(version) => Until::Limit(version.to_owned()),
        },
    });
    let mut intervals: Vec<Interval> = intervals.collect();
    intervals.shrink_to_fit();
    Affected {
        ecosystem: Ecosystem::named(candidates.ecosystem()),
        name: candidates.name().to_owned(),
        rating: claim.rating.clone(),
        statement: Statement {
            intervals,
            further_fixed: claim.further_fixed().map(str::to_owned).collect(),
            versions: claim.versions().map(str::to_owned).collect(),
            listed: claim.listed,
            undecided: claim.undecided.map(|unknown| match unknown {
                Unknown::NoScheme => Undecided::NoScheme,
                Unknown::Event(reason) => Undecided::Event(reason.to_owned()),
            }),
        },
    }
}

fn exploit_row(row: &[u8]) -> Option<(Cve, Exploit)> {
    let mut cursor = Cursor::new(row);
    let cve = Cve {
        year: u16::from_le_bytes(cursor.array()?),
        number: cursor.u32()?,
    };
    let (flags, probability) = (cursor.u8()?, cursor.u32()?);
    let exploit = Exploit {
        known: flags & 1 != 0,
        probability: (flags & 2 != 0).then_some(probability),
    };
    Some((cve, exploit))
}

fn bad_exploit() -> Damage {
    Damage::of("the table of exploited flaws is not readable")
}

fn bookkeeping(cursor: &mut Cursor<'_>) -> Option<Bookkeeping> {
    let mut told = Bookkeeping::default();
    for _ in 0..cursor.varint()? {
        let name = cursor.text()?.to_owned();
        let authority = match cursor.u8()? {
            0 => Authority::Export,
            1 => Authority::Origin,
            _ => return None,
        };
        let newest = cursor.time()?;
        let counts = Counts {
            records: cursor.varint()?,
            withdrawn: cursor.varint()?,
            rejected: cursor.varint()?,
            skipped: cursor.varint()?,
            superseded: cursor.varint()?,
            git_ranges: cursor.varint()?,
            unorderable_events: cursor.varint()?,
            bad_severities: cursor.varint()?,
        };
        told.sources.push(Source {
            name,
            authority,
            newest,
            counts,
        });
    }
    for _ in 0..cursor.varint()? {
        let id = cursor.text()?.to_owned();
        told.withdrawn.push((id, u32::try_from(cursor.varint()?).ok()?));
    }
    for _ in 0..cursor.varint()? {
        let name = cursor.text()?.to_owned();
        told.ecosystems.insert(name, cursor.varint()?);
    }
    for _ in 0..cursor.varint()? {
        let key = cursor.text()?.to_owned();
        told.notes.insert(key, cursor.text()?.to_owned());
    }
    Some(told)
}
