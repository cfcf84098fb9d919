//! From what the compiler kept to the file: groups, entries, records, directory, header.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelIterator as _, IntoParallelRefIterator as _,
    ParallelIterator as _,
};
use rayon::slice::ParallelSliceMut as _;

use super::compile::{Authority, Compiled, Compiler, Facts, Kept, TooLarge};
use super::directory;
use super::group::{self, Named};
use super::layout::{
    BLOCK_HASH, HEADER, Header, ROW, Run, Section, block_hash, key_hash, place, put_u32, put_varint,
};
use super::pack::{self, Filler, Strings};
use super::record::{Affected, Rating};
use super::texts::{PackedBlock, Packer, text_at};
use super::unread;

/// Compiles the index.
///
/// # Errors
/// [`TooLarge`].
pub(super) fn index(mut compiler: Compiler, built: Timestamp) -> Result<Compiled, TooLarge> {
    let mut records: Vec<Box<Kept>> = std::mem::take(&mut compiler.kept).into_iter().flatten().collect();
    // An update is sorted but for its end, which a stable sort is quick with.
    records.par_sort_by(|left, right| left.record.id.cmp(&right.record.id));
    count_sources(&mut compiler, &records);
    let packed = std::mem::take(&mut compiler.packer).finish();
    let texts = repack(packed, &mut records);

    let keys = keys(&records);
    let mut entries = write_entries(&records, &keys)?;
    let addresses = write_records(&records, &entries)?;
    for (block, offset, record) in &entries.patches {
        let address = addresses.records.get(*record as usize).copied().ok_or(TooLarge)?;
        let slot = entries
            .filler
            .blocks
            .get_mut(*block as usize)
            .and_then(|block| block.get_mut(*offset as usize..(*offset as usize).checked_add(4)?));
        slot.ok_or(TooLarge)?.copy_from_slice(&address.to_le_bytes());
    }

    let bookkeeping = pack::bookkeeping(&compiler, &entries.ecosystems);
    let sections = Sections {
        entries: std::mem::take(&mut entries.filler.blocks),
        records: addresses.blocks,
        strings: addresses.strings,
        texts: texts.into_iter().map(|block| block.0).collect(),
        exploits: pack::exploit_blocks(&compiler.exploits),
        bookkeeping: vec![bookkeeping],
        unread: unread::blocks(&compiler.unread),
    };
    let mut facts = Facts {
        records: records.len() as u64,
        packages: entries.directory.len() as u64,
        groups: entries.groups,
        merged_groups: entries.merged_groups,
        length: 0,
        sources: std::mem::take(&mut compiler.sources),
    };
    let (front, blocks) = sections.assemble(&mut facts, &entries.directory, built)?;
    // Giving back millions of small pieces takes as long as writing them.
    let slots = std::mem::take(&mut compiler.slots);
    rayon::join(|| drop(slots), || records.into_par_iter().for_each(drop));
    Ok(Compiled { front, blocks, facts })
}

/// Counts each source's records and finds the newest. Lists of exploited flaws were counted when they came.
fn count_sources(compiler: &mut Compiler, records: &[Box<Kept>]) {
    let mut counted = vec![(0u64, None); compiler.sources.len()];
    for kept in records {
        if let Some((count, newest)) = counted.get_mut(kept.source.0 as usize) {
            *count = count.saturating_add(1);
            *newest = (*newest).max(kept.record.modified);
        }
    }
    for (source, (count, newest)) in compiler.sources.iter_mut().zip(counted) {
        let listed = matches!(source.name.as_str(), "kev" | "epss") && source.authority == Authority::Origin;
        if !listed {
            source.counts.records = count;
            source.newest = newest;
        }
    }
}

/// Drops blocks of texts that nobody asks for any more, packs half-empty and small ones anew, and tells the
/// records where their texts lie now.
fn repack(packed: Vec<PackedBlock>, records: &mut [Box<Kept>]) -> Vec<PackedBlock> {
    let mut asked = vec![0u64; packed.len()];
    for place in records.iter().filter_map(|kept| kept.text) {
        if let Some(count) = asked.get_mut(place.block as usize) {
            *count = count.saturating_add(1);
        }
    }
    let sizes: Vec<(usize, u64)> = packed
        .iter()
        .map(|block| block.sizes().unwrap_or_default())
        .collect();
    let small = |length: usize| length < super::layout::TEXT_BLOCK;
    let several_small = sizes.iter().filter(|(length, _)| small(*length)).count() > 1;
    // A block stays, or is packed anew.
    let stays: Vec<bool> = sizes
        .iter()
        .zip(&asked)
        .map(|((length, texts), asked)| {
            asked.saturating_mul(2) > *texts && !(several_small && small(*length))
        })
        .collect();
    if stays.iter().all(|stays| *stays) {
        return packed;
    }
    let mut renumbered = Vec::with_capacity(packed.len());
    let mut kept_blocks = Vec::with_capacity(packed.len());
    let mut opened: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for (number, ((block, stays), asked)) in (0u32..).zip(packed.into_iter().zip(&stays).zip(&asked)) {
        renumbered.push(u32::try_from(kept_blocks.len()).unwrap_or(u32::MAX));
        if *stays {
            kept_blocks.push(block);
        } else if *asked > 0 {
            opened.insert(number, PackedBlock::unpack(&block.0).unwrap_or_default());
        }
    }
    let mut packer = Packer::after(kept_blocks);
    for kept in records {
        let Some(place) = &mut kept.text else { continue };
        match opened.get(&place.block) {
            Some(raw) => kept.text = text_at(raw, place.offset).and_then(|texts| packer.add(&texts)),
            None => place.block = renumbered.get(place.block as usize).copied().unwrap_or(u32::MAX),
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

fn keys(records: &[Box<Kept>]) -> Vec<Key> {
    let of_record = |(record, kept): (usize, &Kept)| -> Vec<Key> {
        let affected = (0u32..).zip(&kept.record.affected);
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

fn affected<'r>(records: &'r [Box<Kept>], key: &Key) -> Option<&'r Affected> {
    let record = &records.get(key.record as usize)?.record;
    record.affected.get(key.affected as usize)
}

#[derive(Debug, Default)]
struct Entries<'r> {
    filler: Filler,
    /// (block, offset, record): where a record's address is to be written.
    patches: Vec<(u32, u32, u32)>,
    /// (hash, address of the entry), in this order.
    directory: Vec<(u64, u32)>,
    /// (record, address of the entry), in the order of the directory.
    of_record: Vec<(u32, u32)>,
    ecosystems: BTreeMap<&'r str, u64>,
    groups: u64,
    merged_groups: u64,
}

fn write_entries<'r>(records: &'r [Box<Kept>], keys: &[Key]) -> Result<Entries<'r>, TooLarge> {
    let mut entries = Entries::default();
    let mut scratch = Scratch::default();
    let same_package = |left: &Key, right: &Key| {
        left.hash == right.hash
            && affected(records, left).map(|affected| (&affected.ecosystem, &affected.name))
                == affected(records, right).map(|affected| (&affected.ecosystem, &affected.name))
    };
    for run in keys.chunk_by(same_package) {
        write_entry(&mut entries, &mut scratch, records, run)?;
    }
    entries.of_record.sort_unstable();
    Ok(entries)
}

/// Buffers that every entry is put together in.
#[derive(Debug, Default)]
struct Scratch {
    body: Vec<u8>,
    said: Vec<u8>,
    slots: Vec<(usize, u32)>,
    bytes: Vec<u8>,
}

/// Writes the entry of the package that all of `run` speak of.
fn write_entry<'r>(
    entries: &mut Entries<'r>,
    scratch: &mut Scratch,
    records: &'r [Box<Kept>],
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
        .map(|kept| Named {
            id: &kept.record.id,
            aliases: &kept.record.aliases,
            published: kept.record.published,
        })
        .collect();
    let groups = group::groups(&named);

    let Scratch {
        body,
        said,
        slots,
        bytes,
    } = scratch;
    body.clear();
    slots.clear();
    pack::put_package(body, &package.ecosystem, &package.name);
    put_varint(body, groups.len() as u64);
    for group in &groups {
        put_varint(body, group.len() as u64);
        for member in group.iter().filter_map(|number| members.get(*number)) {
            said.clear();
            put_varint(said, member.len() as u64);
            for affected in member.iter().filter_map(|key| affected(records, key)) {
                pack::put_statement(said, &affected.statement, affected.rating.as_ref());
            }
            put_varint(body, said.len().saturating_add(4) as u64);
            let number = member.first().map_or(0, |key| key.record);
            slots.push((body.len(), number));
            put_u32(body, 0);
            body.extend_from_slice(said);
        }
    }
    bytes.clear();
    put_varint(bytes, body.len() as u64);
    let lead = bytes.len();
    bytes.extend_from_slice(body);

    let address = entries.filler.add(bytes)?;
    let (block, offset) = place(address);
    for (slot, number) in slots.drain(..) {
        let offset = offset.saturating_add(lead).saturating_add(slot);
        entries
            .patches
            .push((block, u32::try_from(offset).map_err(|_| TooLarge)?, number));
        entries.of_record.push((number, address));
    }
    entries.directory.push((first.hash, address));
    let packages = entries.ecosystems.entry(package.ecosystem.as_str()).or_default();
    *packages = packages.saturating_add(1);
    entries.groups = entries.groups.saturating_add(groups.len() as u64);
    let merged = groups.iter().filter(|group| group.len() > 1).count();
    entries.merged_groups = entries.merged_groups.saturating_add(merged as u64);
    Ok(())
}

struct WrittenRecords {
    /// The address of each record.
    records: Vec<u32>,
    blocks: Vec<Vec<u8>>,
    strings: Vec<Vec<u8>>,
}

fn write_records(records: &[Box<Kept>], entries: &Entries<'_>) -> Result<WrittenRecords, TooLarge> {
    let patterns: Vec<Cow<'_, str>> = records
        .par_iter()
        .map(|kept| pack::pattern(&kept.record))
        .collect();
    let mut strings = Strings::default();
    for (kept, pattern) in records.iter().zip(&patterns) {
        if let Some(Rating::Vector { vector, .. }) = &kept.record.rating {
            strings.count(vector);
        }
        strings.count(pattern);
    }
    let mut filler = Filler::default();
    let mut addresses = Vec::with_capacity(records.len());
    let mut rest = entries.of_record.as_slice();
    let (mut body, mut bytes, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (kept, pattern)) in (0u32..).zip(records.iter().zip(&patterns)) {
        own.clear();
        while let Some(((_, entry), further)) =
            rest.split_first().filter(|((record, _), _)| *record == number)
        {
            own.push(*entry);
            rest = further;
        }
        body.clear();
        bytes.clear();
        pack::put_record(&mut body, kept, pattern, &own, &mut strings)?;
        put_varint(&mut bytes, body.len() as u64);
        bytes.extend_from_slice(&body);
        addresses.push(filler.add(&bytes)?);
    }
    Ok(WrittenRecords {
        records: addresses,
        blocks: filler.blocks,
        strings: strings.filler.blocks,
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
        let mut table = Vec::with_capacity(blocks.len().saturating_mul(ROW));
        let mut length = 0u64;
        for (block, hash) in blocks.iter().zip(hashes) {
            put_u32(&mut table, u32::try_from(block.len()).map_err(|_| TooLarge)?);
            table.extend_from_slice(&hash);
            length = length.saturating_add(block.len() as u64);
        }
        let (bucket_bits, directory) = directory::written(keys, entry_blocks);
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
