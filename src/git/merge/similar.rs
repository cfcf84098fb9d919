//! How much of a file is in another one, as git measures it to find renames: pieces of at most 64 bytes that end with a line,
//! counted by a hash.

use super::lines;

/// The score of equal files.
pub(super) const MAX_SCORE: u64 = 60_000;

/// Pieces of a file: hashes, and how many bytes have each.
pub(super) struct Pieces {
    size: u64,
    counts: Vec<(u32, u64)>,
}

/// How many hashes there are.
const HASHES: u32 = 107_927;

/// A piece has at most this many bytes.
const MAX_PIECE: u64 = 64;

impl Pieces {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let is_text = !lines::is_binary(bytes);
        let mut counts = Vec::new();
        let (mut low, mut high, mut count) = (0_u32, 0_u32, 0);
        let mut following = bytes.iter().copied().peekable();
        while let Some(byte) = following.next() {
            if is_text && byte == b'\r' && following.peek() == Some(&b'\n') {
                continue;
            }
            let before = low;
            low = (low << 7) ^ (high >> 25);
            high = (high << 7) ^ (before >> 25);
            low = low.wrapping_add(u32::from(byte));
            count += 1;
            if count == MAX_PIECE || byte == b'\n' {
                counts.push((hash(low, high), count));
                (low, high, count) = (0, 0, 0);
            }
        }
        if count > 0 {
            counts.push((hash(low, high), count));
        }
        counts.sort_unstable();
        counts.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1 += next.1;
            }
            is_same
        });
        Self {
            size: bytes.len() as u64,
            counts,
        }
    }

    /// The score of `self` becoming `other`, 0 where it is known to be below `minimum`.
    pub(super) fn score(&self, other: &Self, minimum: u64) -> u64 {
        let largest = self.size.max(other.size);
        let difference = largest - self.size.min(other.size);
        if other.size == 0 || largest * (MAX_SCORE - minimum) < difference * MAX_SCORE {
            return 0;
        }
        let mut copied = 0;
        let mut theirs = other.counts.iter().peekable();
        for (hash, count) in &self.counts {
            while theirs.next_if(|(other, _)| other < hash).is_some() {}
            if let Some((_, other)) = theirs.next_if(|(other, _)| other == hash) {
                copied += count.min(other);
            }
        }
        copied * MAX_SCORE / largest
    }
}

fn hash(low: u32, high: u32) -> u32 {
    low.wrapping_add(high.wrapping_mul(0x61)) % HASHES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_part_that_stayed() {
        let score = |one: &str, other: &str, minimum| {
            Pieces::of(one.as_bytes()).score(&Pieces::of(other.as_bytes()), minimum)
        };
        assert_eq!(score("a\nb\nc\nd\n", "a\nb\nc\nd\n", 30_000), MAX_SCORE);
        assert_eq!(score("a\nb\nc\nd\n", "a\nb\nc\ne\n", 30_000), 45_000);
        assert_eq!(score("a\r\nb\r\n", "a\nb\n", 0), 4 * MAX_SCORE / 6);
        assert_eq!(score("a\n", "a\nb\nc\nd\n", 30_000), 0);
        assert_eq!(score("", "", 30_000), 0);
    }
}
