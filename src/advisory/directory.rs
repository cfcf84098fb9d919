//! The key directory: from a package's hash to its entry. It is small, since it is read and verified whole whenever an
//! index is opened: two bytes a package tell whether there may be an entry, and the entry's place follows from
//! its number, for entries lie in the order of their hashes.

use super::layout::{place, put_u32};

/// The key directory: where each bucket begins, where each block of entries begins, then each key's mark. `keys` are
/// sorted by hash, as the entries are; a bucket holds those that begin with its bits.
#[must_use]
pub(super) fn written(keys: &[(u64, u32)], entry_blocks: usize) -> (u32, Vec<u8>) {
    let bits = (keys.len() / BUCKET_KEYS).checked_ilog2().unwrap_or(0);
    let mut bytes = Vec::with_capacity(keys.len().saturating_mul(3));
    put_starts(&mut bytes, keys, (1 << bits) + 1, |(hash, _)| {
        bucket_of(*hash, bits)
    });
    put_starts(&mut bytes, keys, entry_blocks as u64, |(_, address)| {
        u64::from(place(*address).0)
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

/// So many keys share a bucket, more or less.
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
pub(super) struct Directory<'i> {
    pub(super) bytes: &'i [u8],
    /// There are two to this power buckets.
    pub(super) bits: u32,
    pub(super) keys: u64,
    /// Blocks of entries.
    pub(super) blocks: u32,
}

impl Directory<'_> {
    /// It has the length that its numbers ask for.
    pub(super) fn is_whole(&self) -> bool {
        let words = self.marks_at();
        words.saturating_add(self.keys.saturating_mul(2)) == self.bytes.len() as u64
    }

    /// The numbers of the keys that may have this hash; `None` where the directory does not hold what it says.
    pub(super) fn marked(&self, hash: u64) -> Option<impl Iterator<Item = u64>> {
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
    pub(super) fn block_of(&self, number: u64) -> Option<(u32, u64)> {
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

    /// How many numbers tell where buckets begin; the last one is the number of keys.
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
        let word = self.bytes.get(start..start.checked_add(4)?)?;
        Some(u32::from_le_bytes(word.try_into().ok()?))
    }
}
