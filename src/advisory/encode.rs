//! From what the compiler kept to the file: groups, entries, records, directory, header.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelIterator as _, IntoParallelRefIterator as _,
    ParallelIterator as _,
};
use rayon::slice::ParallelSliceMut as _;

use super::compile::{Compiled, Compiler, Facts};
use super::format::block::{BLOCK_HASH, BlockWriter, TABLE_ROW, TooLarge, block_hash};
use super::format::bytes::put_u32;
use super::format::directory::{self, key_hash};
use super::format::entry::{EntryWriter, fill_slot};
use super::format::header::{HEADER, Header, Run, Section};
use super::format::strings::SharedTexts;
use super::format::texts::{PackedBlock, Packer, text_at};
use super::format::{bookkeeping, exploit, record, unread};
use super::group::{self, Named};
use super::record::{Affected, IndexedRecord};
use super::source::{Authority, Bookkeeping};

impl Compiler {
    /// The index, built at `built`.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn finish(mut self, built: Timestamp) -> Result<Compiled, TooLarge> {
        let mut records: Vec<Box<IndexedRecord>> =
            std::mem::take(&mut self.records).into_iter().flatten().collect();
        // An update is sorted but for its end, which a stable sort is quick with.
        records.par_sort_by(|left, right| left.record.id.cmp(&right.record.id));
        count_sources(&mut self, &records);
        let texts = repack(std::mem::take(&mut self.packer).finish(), &mut records);

        let mut entries = write_entries(&records, &keys(&records))?;
        let written = write_records(&records, &entries)?;
        for (entry, offset, record) in &entries.slots {
            let address = written.addresses.get(*record as usize).ok_or(TooLarge)?;
            let entry = entries.writer.item_mut(*entry).ok_or(TooLarge)?;
            fill_slot(entry, *offset, *address).ok_or(TooLarge)?;
        }

        let mut bookkeeping = Bookkeeping {
            withdrawn: self.withdrawn_by_origin(),
            sources: self.sources,
            ecosystems: entries.ecosystems,
            notes: self.notes,
        };
        let sections = Sections {
            entries: entries.writer.blocks,
            records: written.blocks,
            strings: written.strings,
            texts: texts.into_iter().map(|block| block.0).collect(),
            exploits: exploit::write(&self.exploits),
            bookkeeping: vec![bookkeeping::write(&bookkeeping)],
            unread: unread::write(&self.unread),
        };
        let mut facts = Facts {
            records: records.len() as u64,
            packages: entries.directory.len() as u64,
            groups: entries.groups,
            merged_groups: entries.merged_groups,
            length: 0,
            sources: std::mem::take(&mut bookkeeping.sources),
        };
        let (front, blocks) = sections.assemble(&mut facts, &entries.directory, built)?;
        // Giving back millions of small pieces takes as long as writing them.
        let slots = self.slots;
        rayon::join(|| drop(slots), || records.into_par_iter().for_each(drop));
        Ok(Compiled { front, blocks, facts })
    }
}

/// Counts each source's records and finds the newest. KEV and EPSS were counted when they came.
fn count_sources(compiler: &mut Compiler, records: &[Box<IndexedRecord>]) {
    let mut counted = vec![(0u64, 0u64, None); compiler.sources.len()];
    for indexed in records {
        if let Some((count, dated, newest)) = counted.get_mut(indexed.source.0 as usize) {
            let date = indexed.record.changed().max(indexed.record.published);
            *count = count.saturating_add(1);
            *dated = dated.saturating_add(u64::from(date.is_some()));
            *newest = (*newest).max(date);
        }
    }
    for (source, (count, dated, newest)) in compiler.sources.iter_mut().zip(counted) {
        // Where most records have no date, the newest of the others says nothing about the source.
        let newest = newest.filter(|_| dated >= count.div_ceil(2));
        let listed = matches!(source.name.as_str(), "kev" | "epss") && source.authority == Authority::Origin;
        if !listed {
            source.counts.records = count;
            source.newest = newest;
        }
    }
}

/// Drops blocks of texts that no record needs any more, packs half-empty and small ones anew, and updates where the
/// texts of the records are.
fn repack(packed: Vec<PackedBlock>, records: &mut [Box<IndexedRecord>]) -> Vec<PackedBlock> {
    let mut needed = vec![0u64; packed.len()];
    for address in records.iter().filter_map(|indexed| indexed.text) {
        if let Some(count) = needed.get_mut(address.block as usize) {
            *count = count.saturating_add(1);
        }
    }
    let sizes: Vec<(usize, u64)> = packed
        .iter()
        .map(|block| block.sizes().unwrap_or_default())
        .collect();
    let several_small = sizes
        .iter()
        .filter(|(length, _)| PackedBlock::is_small(*length))
        .count()
        > 1;
    // A block stays, or is packed anew.
    let stays: Vec<bool> = sizes
        .iter()
        .zip(&needed)
        .map(|((length, texts), needed)| {
            needed.saturating_mul(2) > *texts && !(several_small && PackedBlock::is_small(*length))
        })
        .collect();
    if stays.iter().all(|stays| *stays) {
        return packed;
    }
    let mut renumbered = Vec::with_capacity(packed.len());
    let mut kept_blocks = Vec::with_capacity(packed.len());
    let mut opened: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for (number, ((block, stays), needed)) in (0u32..).zip(packed.into_iter().zip(&stays).zip(&needed)) {
        renumbered.push(u32::try_from(kept_blocks.len()).unwrap_or(u32::MAX));
        if *stays {
            kept_blocks.push(block);
        } else if *needed > 0 {
            opened.insert(number, PackedBlock::unpack(&block.0).unwrap_or_default());
        }
    }
    let mut packer = Packer::after(kept_blocks);
    for indexed in records {
        let Some(address) = &mut indexed.text else {
            continue;
        };
        match opened.get(&address.block) {
            Some(raw) => indexed.text = text_at(raw, address.offset).and_then(|texts| packer.add(&texts)),
            None => {
                address.block = renumbered
                    .get(address.block as usize)
                    .copied()
                    .unwrap_or(u32::MAX)
            }
        }
    }
    packer.finish()
}

/// One (package, record, statement), by the package's hash.
#[derive(Debug, Clone, Copy)]
struct Key {
    hash: u64,
    record: u32,
    affected: u32,
}

fn keys(records: &[Box<IndexedRecord>]) -> Vec<Key> {
    let of_record = |(record, indexed): (usize, &IndexedRecord)| -> Vec<Key> {
        let affected = (0u32..).zip(&indexed.record.affected);
        affected
            .map(|(number, affected)| Key {
                hash: key_hash(affected.ecosystem.as_str(), &affected.name),
                record: record as u32,
                affected: number,
            })
            .collect()
    };
    let mut keys: Vec<Key> = records
        .par_iter()
        .map(AsRef::as_ref)
        .enumerate()
        .flat_map_iter(of_record)
        .collect();
    let package = |key: &Key| affected(records, key).map(|affected| (&affected.ecosystem, &affected.name));
    keys.par_sort_unstable_by(|left, right| {
        left.hash
            .cmp(&right.hash)
            .then_with(|| package(left).cmp(&package(right)))
            .then_with(|| (left.record, left.affected).cmp(&(right.record, right.affected)))
    });
    keys
}

fn affected<'r>(records: &'r [Box<IndexedRecord>], key: &Key) -> Option<&'r Affected> {
    let record = &records.get(key.record as usize)?.record;
    record.affected.get(key.affected as usize)
}

#[derive(Debug, Default)]
struct Entries {
    writer: BlockWriter,
    /// (address of the entry, offset in it, record): where a record's address is to be written.
    slots: Vec<(u32, u32, u32)>,
    /// (hash, address of the entry), in this order.
    directory: Vec<(u64, u32)>,
    /// (record, address of the entry), in the order of the directory.
    of_record: Vec<(u32, u32)>,
    ecosystems: BTreeMap<String, u64>,
    groups: u64,
    merged_groups: u64,
}

fn write_entries(records: &[Box<IndexedRecord>], keys: &[Key]) -> Result<Entries, TooLarge> {
    let mut entries = Entries::default();
    let mut entry = EntryWriter::default();
    let same_package = |left: &Key, right: &Key| {
        left.hash == right.hash
            && affected(records, left).map(|affected| (&affected.ecosystem, &affected.name))
                == affected(records, right).map(|affected| (&affected.ecosystem, &affected.name))
    };
    for run in keys.chunk_by(same_package) {
        write_entry(&mut entries, &mut entry, records, run)?;
    }
    entries.of_record.sort_unstable();
    Ok(entries)
}

/// Writes the entry of the package that all of `run` are about.
fn write_entry(
    entries: &mut Entries,
    entry: &mut EntryWriter,
    records: &[Box<IndexedRecord>],
    run: &[Key],
) -> Result<(), TooLarge> {
    let (first, package) = run
        .first()
        .and_then(|first| Some((first, affected(records, first)?)))
        .ok_or(TooLarge)?;
    // The statements of one record stand together.
    let members: Vec<&[Key]> = run.chunk_by(|left, right| left.record == right.record).collect();
    let record = |member: &[Key]| member.first().and_then(|key| records.get(key.record as usize));
    let named: Vec<Named<'_>> = members
        .iter()
        .filter_map(|member| record(member))
        .map(|indexed| Named {
            id: &indexed.record.id,
            aliases: &indexed.record.aliases,
            published: indexed.record.published,
        })
        .collect();
    let groups = group::groups(&named);

    entry.start(package.ecosystem.as_str(), &package.name, groups.len());
    for group in &groups {
        entry.group(group.len());
        for member in group.iter().filter_map(|number| members.get(*number)) {
            let number = member.first().map_or(0, |key| key.record);
            let statements = member.iter().filter_map(|key| affected(records, key));
            entry.member(number, member.len(), statements);
        }
    }
    let address = entries.writer.add(entry.bytes())?;
    for (offset, number) in entry.slots() {
        entries.slots.push((address, *offset, *number));
        entries.of_record.push((*number, address));
    }
    entries.directory.push((first.hash, address));
    match entries.ecosystems.get_mut(package.ecosystem.as_str()) {
        Some(packages) => *packages = packages.saturating_add(1),
        None => drop(
            entries
                .ecosystems
                .insert(package.ecosystem.as_str().to_owned(), 1),
        ),
    }
    entries.groups = entries.groups.saturating_add(groups.len() as u64);
    let merged = groups.iter().filter(|group| group.len() > 1).count();
    entries.merged_groups = entries.merged_groups.saturating_add(merged as u64);
    Ok(())
}

struct WrittenRecords {
    /// The address of each record.
    addresses: Vec<u32>,
    blocks: Vec<Vec<u8>>,
    strings: Vec<Vec<u8>>,
}

fn write_records(records: &[Box<IndexedRecord>], entries: &Entries) -> Result<WrittenRecords, TooLarge> {
    let patterns: Vec<Cow<'_, str>> = records
        .par_iter()
        .map(|indexed| record::pattern(&indexed.record))
        .collect();
    let mut texts = SharedTexts::default();
    for (indexed, pattern) in records.iter().zip(&patterns) {
        record::count(&mut texts, indexed, pattern);
    }
    let mut writer = BlockWriter::default();
    let mut addresses = Vec::with_capacity(records.len());
    let mut rest = entries.of_record.as_slice();
    let (mut bytes, mut own) = (Vec::new(), Vec::new());
    for (number, (indexed, pattern)) in (0u32..).zip(records.iter().zip(&patterns)) {
        own.clear();
        while let Some(((_, entry), further)) =
            rest.split_first().filter(|((record, _), _)| *record == number)
        {
            own.push(*entry);
            rest = further;
        }
        bytes.clear();
        record::write(&mut bytes, indexed, pattern, &own, &mut texts)?;
        addresses.push(writer.add(&bytes)?);
    }
    Ok(WrittenRecords {
        addresses,
        blocks: writer.blocks,
        strings: texts.writer.blocks,
    })
}

struct Sections {
    entries: Vec<Vec<u8>>,
    records: Vec<Vec<u8>>,
    strings: Vec<Vec<u8>>,
    texts: Vec<Vec<u8>>,
    exploits: Vec<Vec<u8>>,
    bookkeeping: Vec<Vec<u8>>,
    unread: Vec<Vec<u8>>,
}

impl Sections {
    fn of(&mut self, section: Section) -> &mut Vec<Vec<u8>> {
        match section {
            Section::Entries => &mut self.entries,
            Section::Records => &mut self.records,
            Section::Strings => &mut self.strings,
            Section::Texts => &mut self.texts,
            Section::Exploits => &mut self.exploits,
            Section::Bookkeeping => &mut self.bookkeeping,
            Section::Unread => &mut self.unread,
        }
    }

    /// Header page, block table and directory in one piece, and the blocks.
    fn assemble(
        mut self,
        facts: &mut Facts,
        keys: &[(u64, u32)],
        built: Timestamp,
    ) -> Result<(Vec<u8>, Vec<Vec<u8>>), TooLarge> {
        let entry_blocks = self.entries.len();
        let mut blocks = Vec::new();
        let mut sections = [Run::default(); 7];
        for (section, run) in Section::ALL.into_iter().zip(&mut sections) {
            run.first = u32::try_from(blocks.len()).map_err(|_| TooLarge)?;
            blocks.append(self.of(section));
            let end = u32::try_from(blocks.len()).map_err(|_| TooLarge)?;
            run.count = end.saturating_sub(run.first);
        }
        let hashes: Vec<[u8; BLOCK_HASH]> = blocks.par_iter().map(|block| block_hash(block)).collect();
        let mut table = Vec::with_capacity(blocks.len().saturating_mul(TABLE_ROW));
        let mut length = 0u64;
        for (block, hash) in blocks.iter().zip(hashes) {
            put_u32(&mut table, u32::try_from(block.len()).map_err(|_| TooLarge)?);
            table.extend_from_slice(&hash);
            length = length.saturating_add(block.len() as u64);
        }
        let (bucket_bits, directory) = directory::write(keys, entry_blocks);
        let front = [HEADER, table.len(), directory.len()];
        let length = front
            .iter()
            .fold(length, |sum, part| sum.saturating_add(*part as u64));
        facts.length = length;
        let header = Header {
            length,
            built,
            keys: facts.packages,
            records: facts.records,
            groups: facts.groups,
            bucket_bits,
            directory: directory.len() as u64,
            directory_hash: *blake3::hash(&directory).as_bytes(),
            table: table.len() as u64,
            table_hash: *blake3::hash(&table).as_bytes(),
            sections,
        };
        let mut front = header.page();
        front.extend_from_slice(&table);
        front.extend_from_slice(&directory);
        Ok((front, blocks))
    }
}
