//! The layout of the index file: the header page, and how numbers and texts are written.
//! `docs/index-format.md` tells it in words; the two change together.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// The first bytes of every index, of this layout and of later ones.
pub const MAGIC: [u8; 8] = *b"LOCKKEEP";
/// The layout that this program writes.
pub const LAYOUT: u32 = 2;
/// The oldest layout whose readers can read what this program writes: they pass over a section that is new.
pub const READABLE_BY: u32 = 1;
/// The header page, in bytes. The same in every layout, so that the digest is.
pub const HEADER: usize = 4096;
/// The hash at the end of the header page, in bytes.
pub const HASH: usize = 32;
/// A block's hash, in bytes.
pub const BLOCK_HASH: usize = 16;
/// A row of the block table: the block's length and its hash.
pub const ROW: usize = 4 + BLOCK_HASH;
/// A block is closed when it holds so many bytes; what begins in it may end beyond.
pub const BLOCK: usize = 1 << OFFSET_BITS;
/// The low bits of an address tell where in a block something begins.
pub const OFFSET_BITS: u32 = 12;
/// A block of texts is closed when it holds so many bytes before compression.
pub const TEXT_BLOCK: usize = 32 << 10;
/// A row of the table of exploited flaws: year, number, flags, probability.
pub const EXPLOIT_ROW: usize = 2 + 4 + 1 + 4;
/// Stands in a summary for the name of the record's only package.
pub const NAME: char = '\u{1}';

/// Ecosystems that are written as one byte: their place in this list plus one. New ones are added at its end.
pub const ECOSYSTEMS: [&str; 14] = [
    "crates.io",
    "Go",
    "Maven",
    "npm",
    "PyPI",
    "RubyGems",
    "Packagist",
    "NuGet",
    "Pub",
    "Hex",
    "SwiftURL",
    "Hackage",
    "Julia",
    "GitHub Actions",
];

/// What a run of blocks holds. A reader passes over kinds that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Section {
    /// One entry a package: its groups, members and what they say of versions.
    Entries = 1,
    /// One record after another, by id.
    Records = 2,
    /// Texts that several records share.
    Strings = 3,
    /// Details and references, compressed.
    Texts = 4,
    /// Exploited flaws and probabilities, by name of CVE.
    Exploits = 5,
    /// Sources, ecosystems and notes.
    Bookkeeping = 6,
    /// Documents that could not be read when the index was made.
    Unread = 7,
}

impl Section {
    /// Every kind, in the order of the file.
    pub const ALL: [Self; 7] = [
        Self::Entries,
        Self::Records,
        Self::Strings,
        Self::Texts,
        Self::Exploits,
        Self::Bookkeeping,
        Self::Unread,
    ];
}

/// A run of blocks of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Run {
    /// The number of its first block.
    pub first: u32,
    /// How many blocks it has.
    pub count: u32,
}

/// What the header page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The whole file, in bytes.
    pub length: u64,
    /// When the index was built.
    pub built: Timestamp,
    /// Packages that have an entry.
    pub keys: u64,
    /// Records.
    pub records: u64,
    /// Groups over all packages.
    pub groups: u64,
    /// The key directory has two to this power buckets.
    pub bucket_bits: u32,
    /// The key directory, in bytes.
    pub directory: u64,
    /// Its hash.
    pub directory_hash: [u8; HASH],
    /// The block table, in bytes.
    pub table: u64,
    /// Its hash.
    pub table_hash: [u8; HASH],
    /// One run for each of [`Section::ALL`].
    pub sections: [Run; 7],
}

/// Why a page is no header that this program reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadHeader {
    /// It does not begin with [`MAGIC`].
    Foreign,
    /// It asks for a program that reads this layout.
    Newer(u32),
    /// It is not what was written.
    Damaged,
}

impl Header {
    /// The run of blocks of `section`.
    #[must_use]
    pub fn run(&self, section: Section) -> Option<Run> {
        // Sections are numbered from one, in the order of `ALL`.
        self.sections.get((section as usize).checked_sub(1)?).copied()
    }

    /// The header page.
    #[must_use]
    pub fn page(&self) -> Vec<u8> {
        let mut page = Vec::with_capacity(HEADER);
        page.extend_from_slice(&MAGIC);
        put_u32(&mut page, LAYOUT);
        put_u32(&mut page, READABLE_BY);
        put_u64(&mut page, self.length);
        page.extend_from_slice(&self.built.as_second().to_le_bytes());
        put_u64(&mut page, self.keys);
        put_u64(&mut page, self.records);
        put_u64(&mut page, self.groups);
        put_u32(&mut page, self.bucket_bits);
        put_u32(&mut page, self.sections.len() as u32);
        put_u64(&mut page, self.directory);
        page.extend_from_slice(&self.directory_hash);
        put_u64(&mut page, self.table);
        page.extend_from_slice(&self.table_hash);
        for (section, run) in Section::ALL.into_iter().zip(&self.sections) {
            put_u32(&mut page, section as u32);
            put_u32(&mut page, run.first);
            put_u32(&mut page, run.count);
        }
        page.resize(HEADER.saturating_sub(HASH), 0);
        let hash = blake3::hash(&page);
        page.extend_from_slice(hash.as_bytes());
        page
    }

    /// Reads a header page, which may be cut short.
    ///
    /// # Errors
    /// Why not. That a file is newer is told before anything else, since the rest may mean something else.
    pub fn read(page: &[u8]) -> Result<Self, BadHeader> {
        let mut cursor = Cursor::new(page);
        if cursor.take(MAGIC.len()) != Some(&MAGIC) {
            return Err(BadHeader::Foreign);
        }
        let (_layout, readable_by) = (
            cursor.u32().ok_or(BadHeader::Damaged)?,
            cursor.u32().ok_or(BadHeader::Damaged)?,
        );
        if readable_by > LAYOUT {
            return Err(BadHeader::Newer(readable_by));
        }
        let covered = page
            .get(..HEADER.saturating_sub(HASH))
            .ok_or(BadHeader::Damaged)?;
        if page.get(HEADER.saturating_sub(HASH)..HEADER) != Some(blake3::hash(covered).as_bytes()) {
            return Err(BadHeader::Damaged);
        }
        Self::fields(&mut cursor).ok_or(BadHeader::Damaged)
    }

    fn fields(cursor: &mut Cursor<'_>) -> Option<Self> {
        let length = cursor.u64()?;
        let built = i64::from_le_bytes(cursor.array()?);
        let (keys, records, groups) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        let (bucket_bits, runs) = (cursor.u32()?, cursor.u32()?);
        let (directory, directory_hash) = (cursor.u64()?, cursor.array()?);
        let (table, table_hash) = (cursor.u64()?, cursor.array()?);
        let mut sections = [Run::default(); 7];
        for _ in 0..runs {
            let (kind, first, count) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
            let known = Section::ALL
                .into_iter()
                .zip(&mut sections)
                .find(|(section, _)| *section as u32 == kind);
            if let Some((_, run)) = known {
                *run = Run { first, count };
            }
        }
        Some(Self {
            length,
            built: Timestamp::from_second(built).ok()?,
            keys,
            records,
            groups,
            bucket_bits: Some(bucket_bits).filter(|bits| *bits <= 30)?,
            directory,
            directory_hash,
            table,
            table_hash,
            sections,
        })
    }
}

/// The name under which a package stands in the key directory.
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

/// The digest that names an index: `sha256:` of its header page, in hexadecimal digits.
#[must_use]
pub fn digest(page: &[u8]) -> String {
    let mut digest = String::from("sha256:");
    for byte in Sha256::digest(page) {
        digest.extend(
            [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or_default()),
        );
    }
    digest
}

/// A block's hash.
#[must_use]
pub fn block_hash(block: &[u8]) -> [u8; BLOCK_HASH] {
    blake3::hash(block)
        .as_bytes()
        .first_chunk()
        .copied()
        .unwrap_or_default()
}

/// The address of what begins at `offset` of the section's block `block`; `None` beyond what an address can tell.
#[must_use]
pub fn address(block: usize, offset: usize) -> Option<u32> {
    let block = u32::try_from(block)
        .ok()
        .filter(|block| *block < 1 << (32 - OFFSET_BITS))?;
    let offset = u32::try_from(offset)
        .ok()
        .filter(|offset| *offset < 1 << OFFSET_BITS)?;
    Some(block << OFFSET_BITS | offset)
}

/// The section's block and the offset in it that `address` tells.
#[must_use]
pub fn place(address: u32) -> (u32, usize) {
    (
        address >> OFFSET_BITS,
        (address & ((1 << OFFSET_BITS) - 1)) as usize,
    )
}

/// Four bytes, little-endian.
pub fn put_u32(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

/// Eight bytes, little-endian.
pub fn put_u64(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

/// Seven bits a byte, lowest first; the high bit says that more follow.
pub fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A length, then as many bytes of UTF-8.
pub fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_varint(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Seconds since 1970 as a varint: 0 for none, else twice the distance plus one, plus one more before 1970.
pub fn put_time(bytes: &mut Vec<u8>, time: Option<Timestamp>) {
    let number = time.map_or(0, |time| {
        let second = time.as_second();
        let distance = second.unsigned_abs().saturating_mul(2).saturating_add(1);
        if second < 0 {
            distance.saturating_add(1)
        } else {
            distance
        }
    });
    put_varint(bytes, number);
}

/// Reads what the functions above wrote. Every answer is `None` where the bytes do not hold it.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// What [`put_varint`] wrote.
    pub fn varint(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A varint that counts things in memory.
    pub fn count(&mut self) -> Option<usize> {
        self.varint()?.try_into().ok()
    }

    /// A length, then as many bytes.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    /// What [`put_text`] wrote.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// What [`put_time`] wrote.
    pub fn time(&mut self) -> Option<Option<Timestamp>> {
        let number = self.varint()?;
        let Some(distance) = number.checked_sub(1) else {
            return Some(None);
        };
        let second = i64::try_from(distance / 2).ok()?;
        let second = if distance % 2 == 0 {
            second
        } else {
            second.checked_neg()?
        };
        Timestamp::from_second(second).ok().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn numbers_and_times_survive() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            assert_eq!(Cursor::new(&bytes).varint(), Some(number));
            bytes.pop();
            assert_eq!(Cursor::new(&bytes).varint(), None);
        }
        for second in [0, 1, -1, 1_700_000_000, -62_000_000_000] {
            let time = Timestamp::from_second(second).ok();
            let mut bytes = Vec::new();
            put_time(&mut bytes, time);
            assert_eq!(Cursor::new(&bytes).time(), Some(time));
        }
        assert_eq!(Cursor::new(&[0]).time(), Some(None));
    }

    #[test]
    fn addresses_survive() {
        assert_eq!(address(5, 4095).map(place), Some((5, 4095)));
        assert_eq!(address(5, 4096), None);
        assert_eq!(address(1 << 20, 0), None);
    }
}
