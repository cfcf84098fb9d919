//! The header page: which layout the file has, what is in it, and where its sections begin.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::bytes::{Cursor, put_u32, put_u64};

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
    /// Exploited vulnerabilities and probabilities, by name of CVE.
    Exploits = 5,
    /// Sources, ecosystems and notes.
    Bookkeeping = 6,
    /// Documents that could not be read when the database was built.
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
    /// Why not. That a file is newer comes before anything else, since the rest may mean something else.
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

/// The digest that names an index: `sha256:` of its header page, in hexadecimal digits.
#[must_use]
pub fn digest(page: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_survives() {
        let header = Header {
            length: 1 << 40,
            built: Timestamp::from_second(1_700_000_000).unwrap(),
            keys: 7,
            records: 8,
            groups: 9,
            bucket_bits: 3,
            directory: 10,
            directory_hash: [1; HASH],
            table: 11,
            table_hash: [2; HASH],
            sections: [1, 2, 3, 4, 5, 6, 7].map(|first| Run {
                first,
                count: first * 2,
            }),
        };
        let page = header.page();
        assert_eq!(page.len(), HEADER);
        assert_eq!(Header::read(&page), Ok(header));
        for at in MAGIC.len() + 8..HEADER {
            let mut altered = page.clone();
            altered[at] ^= 1;
            assert_eq!(Header::read(&altered), Err(BadHeader::Damaged), "{at}");
        }
    }
}
