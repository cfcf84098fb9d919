//! The key directory: from a package's hash to its entry. It is small, since it is read and verified whole whenever an
//! index is opened: two bytes a package say whether there may be an entry, and where the entry is follows from its number,
//! since entries are in the order of their hashes.

use super::block::position;
use super::bytes::{Cursor, put_u32};

/// Writes the directory, and returns the bits that name a bucket with it: where each bucket begins, where each block of entries begins, then each key's mark. `keys` are
/// sorted by hash, as the entries are; a bucket holds those that begin with its bits.
#[must_use]
pub fn write(keys: &[(u64, u32)], entry_blocks: usize) -> (u32, Vec<u8>) {
    let bits = (keys.len() / BUCKET_KEYS).checked_ilog2().unwrap_or(0);
    let mut bytes = Vec::with_capacity(keys.len().saturating_mul(3));
    put_starts(&mut bytes, keys, (1 << bits) + 1, |(hash, _)| {
        bucket_of(*hash, bits)
    });
    put_starts(&mut bytes, keys, entry_blocks as u64, |(_, address)| {
        u64::from(position(*address).0)
    });
    for (hash, _) in keys {
        bytes.extend_from_slice(&mark_of(*hash).to_le_bytes());
    }
    (bits, bytes)
}

/// For each of `count` runs the number of its first key, or of the next run's where it has none.
fn put_starts(bytes: &mut Vec<u8>, keys: &[(u64, u32)], count: u64, run_of: impl Fn(&(u64, u32)) -> u64) {
    let mut start = 0usize;
    for run in 0..count {
        while keys.get(start).is_some_and(|key| run_of(key) < run) {
            start = start.saturating_add(1);
        }
        put_u32(bytes, start as u32);
    }
}

/// Keys that share a bucket, on average.
const BUCKET_KEYS: usize = 8;

/// What the directory keeps of a key's hash: its low bits.
fn mark_of(hash: u64) -> u16 {
    (hash & 0xffff) as u16
}

/// The bucket of a key: the first bits of its hash.
fn bucket_of(hash: u64, bits: u32) -> u64 {
    hash.checked_shr(64u32.saturating_sub(bits)).unwrap_or(0)
}

/// A directory as it is read.
#[derive(Debug, Clone, Copy)]
pub struct Directory<'i> {
    /// What [`write`] wrote.
    pub bytes: &'i [u8],
    /// There are two to this power buckets.
    pub bits: u32,
    /// How many keys there are.
    pub keys: u64,
    /// Blocks of entries.
    pub blocks: u32,
}

impl Directory<'_> {
    /// It has the length that its numbers ask for.
    pub fn is_whole(&self) -> bool {
        let words = self.marks_at();
        words.saturating_add(self.keys.saturating_mul(2)) == self.bytes.len() as u64
    }

    /// The numbers of the keys that may have this hash; `None` where the directory does not hold what it says.
    pub fn marked(&self, hash: u64) -> Option<impl Iterator<Item = u64>> {
        let bucket = bucket_of(hash, self.bits);
        let (start, end) = (self.word(bucket)?, self.word(bucket.saturating_add(1))?);
        let marks_at = self.marks_at();
        let mark = mark_of(hash).to_le_bytes();
        let from = marks_at.saturating_add(u64::from(start).saturating_mul(2));
        let to = marks_at.saturating_add(u64::from(end).saturating_mul(2));
        let marks = self
            .bytes
            .get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)?;
        let numbers = (u64::from(start)..).zip(marks.chunks_exact(2));
        Some(
            numbers
                .filter(move |(_, own)| **own == mark)
                .map(|(number, _)| number),
        )
    }

    /// The block that holds the entry of the key numbered `number`, and how many entries come before it there.
    pub fn block_of(&self, number: u64) -> Option<(u32, u64)> {
        let first = |block: u32| self.word(self.buckets().saturating_add(u64::from(block)));
        // The last block that does not begin after it.
        let (mut low, mut high) = (0, self.blocks);
        while low < high {
            let middle = low.midpoint(high);
            if u64::from(first(middle)?) <= number {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        let block = low.checked_sub(1)?;
        Some((block, number.checked_sub(u64::from(first(block)?))?))
    }

    /// How many numbers say where buckets begin; the last one is the number of keys.
    fn buckets(&self) -> u64 {
        (1u64 << self.bits).saturating_add(1)
    }

    fn marks_at(&self) -> u64 {
        self.buckets()
            .saturating_add(u64::from(self.blocks))
            .saturating_mul(4)
    }

    fn word(&self, number: u64) -> Option<u32> {
        let start = usize::try_from(number).ok()?.checked_mul(4)?;
        Cursor::new(self.bytes.get(start..)?).u32()
    }
}

/// The hash under which a package is in the key directory.
#[must_use]
pub fn key_hash(ecosystem: &str, name: &str) -> u64 {
    let parts = [ecosystem.as_bytes(), &[0], name.as_bytes()];
    // Asked for each package of each lockfile: no memory is taken for what is not long.
    let mut short = [0; 128];
    let mut rest = short.as_mut_slice();
    let fits = parts.iter().all(|part| {
        std::mem::take(&mut rest)
            .split_at_mut_checked(part.len())
            .is_some_and(|(place, after)| {
                place.copy_from_slice(part);
                rest = after;
                true
            })
    });
    let unused = rest.len();
    let hash = match short.get(..short.len().saturating_sub(unused)).filter(|_| fits) {
        Some(key) => blake3::hash(key),
        None => blake3::hash(&parts.concat()),
    };
    hash.as_bytes()
        .first_chunk()
        .map_or(0, |first| u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::format::block;

    #[test]
    fn names_of_any_length_have_the_hash_of_their_bytes() {
        for length in [0, 1, 124, 125, 126, 127, 128, 129, 1000] {
            let name = "x".repeat(length);
            let whole = blake3::hash(format!("npm\0{name}").as_bytes());
            let first = whole.as_bytes().first_chunk().copied().unwrap_or_default();
            assert_eq!(key_hash("npm", &name), u64::from_le_bytes(first), "{length}");
        }
    }

    #[test]
    fn every_key_is_found_in_its_block() {
        let mut keys: Vec<(u64, u32)> = (0..1000)
            .map(|number| (key_hash("npm", &format!("package-{number}")), 0))
            .collect();
        keys.sort_unstable();
        for (number, (_, address)) in keys.iter_mut().enumerate() {
            *address = block::address(number / 7, number % 7).unwrap();
        }
        let (bits, bytes) = write(&keys, 143);
        let directory = Directory {
            bytes: &bytes,
            bits,
            keys: 1000,
            blocks: 143,
        };
        assert!(directory.is_whole());
        for (number, (hash, address)) in (0..).zip(&keys) {
            assert!(directory.marked(*hash).unwrap().any(|marked| marked == number));
            let (block, before) = directory.block_of(number).unwrap();
            assert_eq!((block, before as usize), position(*address));
        }
        let few = directory.marked(key_hash("npm", "unknown")).unwrap().count();
        assert!(few < 2, "{few}");
    }
}
