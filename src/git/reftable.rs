//! Refs that are kept as a reftable (`extensions.refStorage = reftable`): a stack of files, of which a later one goes
//! before an earlier one. Read after git's `Documentation/technical/reftable`, versions 1 and 2; of each file the blocks of
//! refs, in order and as a whole.

use std::collections::BTreeMap;
use std::path::Path;

use gix::refs::{FullName, Target};

use super::error::GitError;
use crate::sys::file;

/// A longer file is not read.
const MAX_BYTES: u64 = 256 << 20;

/// More files are no stack: git compacts a stack so that its height is logarithmic in the number of refs.
const MAX_TABLES: usize = 10_000;

/// A longer chain of symbolic refs is a circle; git's own limit is 5.
const MAX_STEPS: usize = 8;

/// The refs of a repository, by full name; `HEAD` and its like among them.
#[derive(Debug, Default)]
pub(super) struct Reftable(BTreeMap<Vec<u8>, Target>);

impl Reftable {
    /// Reads the stack of a repository, and that of the work tree at `git_folder` if it is a linked one.
    ///
    /// # Errors
    /// [`GitError::Broken`], which names the file.
    pub(super) fn read(common: &Path, git_folder: &Path) -> Result<Self, GitError> {
        let mut refs = stack(&common.join("reftable"))?;
        if git_folder != common {
            // What belongs to another work tree alone is that of the main one.
            refs.remove(b"HEAD".as_slice());
            refs.append(&mut stack(&git_folder.join("reftable"))?);
        }
        Ok(Self(refs))
    }

    /// What the ref of this full name holds.
    pub(super) fn get(&self, name: &[u8]) -> Option<&Target> {
        self.0.get(name)
    }

    /// The object that a ref leads to; `None` if it leads nowhere.
    pub(super) fn follow(&self, name: &[u8]) -> Option<gix::ObjectId> {
        let mut name = name;
        for _ in 0..MAX_STEPS {
            match self.0.get(name)? {
                Target::Object(id) => return Some(*id),
                Target::Symbolic(next) => name = next.as_bstr(),
            }
        }
        None
    }

    /// Every ref.
    pub(super) fn all(&self) -> impl Iterator<Item = (&[u8], &Target)> {
        self.0.iter().map(|(name, target)| (name.as_slice(), target))
    }
}

/// The files that `tables.list` names, oldest first, one over the other.
fn stack(folder: &Path) -> Result<BTreeMap<Vec<u8>, Target>, GitError> {
    let list = folder.join("tables.list");
    let names = bytes(&list)?;
    let names = String::from_utf8(names).map_err(|_| broken(&list, "it is no text"))?;
    let mut refs = BTreeMap::new();
    for (number, name) in names.lines().enumerate() {
        if number >= MAX_TABLES || name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(broken(&list, "it names what is no table"));
        }
        let path = folder.join(name);
        table(&bytes(&path)?, &mut refs).map_err(|reason| broken(&path, reason))?;
    }
    Ok(refs)
}

fn bytes(path: &Path) -> Result<Vec<u8>, GitError> {
    match file::read_plain(path, MAX_BYTES) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(broken(path, "it is no regular file, or too long")),
        Err(error) => Err(broken(path, &error.source.to_string())),
    }
}

fn broken(path: &Path, reason: &str) -> GitError {
    GitError::Broken(format!(
        "the reftable {} cannot be read: {reason}",
        path.display()
    ))
}

const SHORT: &str = "it ends too early";

/// Reads one file into `refs`.
fn table(bytes: &[u8], refs: &mut BTreeMap<Vec<u8>, Target>) -> Result<(), &'static str> {
    let mut header = Cursor { bytes, at: 0 };
    if header.take(4)? != b"REFT" {
        return Err("it does not begin as a reftable");
    }
    let (header_length, footer_length, hash_length) = match header.number(1)? {
        1 => (24, 68, 20),
        2 => (
            28,
            72,
            if bytes.get(24..28) == Some(b"s256") {
                32
            } else {
                20
            },
        ),
        _ => return Err("it is of a newer version"),
    };
    let block_size = header.number(3)?;
    let end = bytes.len().checked_sub(footer_length).ok_or(SHORT)?;
    let footer = bytes.get(end..).ok_or(SHORT)?;
    let (told, sum) = footer.split_at_checked(footer_length - 4).ok_or(SHORT)?;
    if told.get(..header_length) != bytes.get(..header_length) || crc32(told).to_be_bytes() != *sum {
        return Err("its end does not fit its beginning");
    }
    // Where the refs end: at their own index, the objects, or the logs, whatever there is first.
    let mut rest = Cursor {
        bytes: told,
        at: header_length,
    };
    let mut sections = Vec::new();
    for number in 0..5 {
        let position = rest.number(8)?;
        // The one of objects has the length of their ids in its last five bits.
        sections.push(if number == 1 { position >> 5 } else { position });
    }
    let end = sections
        .into_iter()
        .filter(|position| *position > 0)
        .fold(end, usize::min);
    let mut start = 0;
    while start < end {
        let head = if start == 0 { header_length } else { 0 };
        let mut block = Cursor {
            bytes,
            at: start + head,
        };
        if block.number(1)? != usize::from(b'r') {
            break;
        }
        let length = block.number(3)?;
        let whole = bytes
            .get(start..start.saturating_add(length).min(end))
            .filter(|whole| whole.len() == length && length > head)
            .ok_or(SHORT)?;
        records(whole, head + 4, hash_length, refs)?;
        let is_padded = length < block_size && bytes.get(start + length).is_none_or(|next| *next == 0);
        start += if is_padded { block_size } else { length };
    }
    Ok(())
}

/// Reads the records of a block, whose restart points at its end are of no use to who reads all.
fn records(
    block: &[u8],
    start: usize,
    hash_length: usize,
    refs: &mut BTreeMap<Vec<u8>, Target>,
) -> Result<(), &'static str> {
    let count = block
        .last_chunk::<2>()
        .map(|count| usize::from(u16::from_be_bytes(*count)))
        .ok_or(SHORT)?;
    let end = block.len().checked_sub(2 + 3 * count).ok_or(SHORT)?;
    let mut records = Cursor {
        bytes: block.get(..end).ok_or(SHORT)?,
        at: start,
    };
    let mut name: Vec<u8> = Vec::new();
    while records.at < end {
        let shared = records.varint()?;
        let word = records.varint()?;
        let suffix = records.take(word >> 3)?;
        if shared > name.len() {
            return Err("a name begins like none");
        }
        name.truncate(shared);
        name.extend_from_slice(suffix);
        records.varint()?;
        let target = match word & 7 {
            0 => None,
            kind @ (1 | 2) => {
                let id = gix::ObjectId::try_from(records.take(hash_length)?).map_err(|_| "an id is none")?;
                if kind == 2 {
                    records.take(hash_length)?;
                }
                Some(Target::Object(id))
            }
            3 => {
                let length = records.varint()?;
                let target = records.take(length)?;
                let target = gix::bstr::BStr::new(target);
                Some(Target::Symbolic(
                    FullName::try_from(target).map_err(|_| "a symbolic ref names no ref")?,
                ))
            }
            _ => return Err("a ref is of a kind that is not known"),
        };
        match target {
            Some(target) => refs.insert(name.clone(), target),
            None => refs.remove(&name),
        };
    }
    Ok(())
}

struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Cursor<'b> {
    fn take(&mut self, length: usize) -> Result<&'b [u8], &'static str> {
        let end = self.at.checked_add(length).ok_or(SHORT)?;
        let taken = self.bytes.get(self.at..end).ok_or(SHORT)?;
        self.at = end;
        Ok(taken)
    }

    /// A number of so many bytes, the highest first.
    fn number(&mut self, length: usize) -> Result<usize, &'static str> {
        let bytes = self.take(length)?;
        let number = bytes
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        usize::try_from(number).map_err(|_| "a number is too large")
    }

    /// Seven bits a byte, the highest first, each step one more than what the shorter ones can say.
    fn varint(&mut self) -> Result<usize, &'static str> {
        let mut number = 0_usize;
        for step in 0..9 {
            let byte = self.number(1)?;
            if step > 0 {
                number = number.checked_add(1).ok_or(SHORT)?;
            }
            number = number.checked_mul(128).ok_or("a number is too large")? | (byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number is too large")
    }
}

/// The checksum of zlib.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by JGit 6.10's `ReftableWriter`: blocks of 4096 bytes with padding between, and of 512 without; then a table
    /// over it that removes one ref and moves another.
    const ALIGNED: &[u8] = include_bytes!("../../tests/fixtures/reftable/aligned.ref");
    const UNALIGNED: &[u8] = include_bytes!("../../tests/fixtures/reftable/unaligned.ref");
    const LATER: &[u8] = include_bytes!("../../tests/fixtures/reftable/later.ref");

    fn id(number: u32) -> gix::ObjectId {
        gix::ObjectId::from_hex(format!("{:040x}", number + 1).as_bytes()).expect("an id")
    }

    #[test]
    fn tables_of_many_blocks_are_read() {
        for bytes in [ALIGNED, UNALIGNED] {
            let mut refs = BTreeMap::new();
            table(bytes, &mut refs).expect("a table");
            assert_eq!(refs.len(), 332);
            for number in 0..300 {
                let name = format!("refs/heads/topic/{number:04}/x");
                assert_eq!(
                    refs.get(name.as_bytes()),
                    Some(&Target::Object(id(number))),
                    "{name}"
                );
            }
            for number in 0..30 {
                let name = format!("refs/tags/v1.{number}");
                assert_eq!(
                    refs.get(name.as_bytes()),
                    Some(&Target::Object(id(10_000 + number))),
                    "{name}"
                );
            }
            table(LATER, &mut refs).expect("a table");
            let refs = Reftable(refs);
            assert_eq!(refs.get(b"refs/heads/topic/0001/x"), None);
            assert_eq!(refs.follow(b"refs/heads/topic/0002/x"), Some(id(424_242)));
            assert_eq!(refs.follow(b"HEAD"), Some(id(7)));
            assert_eq!(refs.all().count(), 331);
        }
    }

    #[test]
    fn a_table_that_is_cut_or_altered_is_no_table_and_no_panic() {
        for bytes in [ALIGNED, UNALIGNED, LATER] {
            for end in (0..bytes.len()).step_by(7).chain(bytes.len() - 80..bytes.len()) {
                let cut = bytes.get(..end).expect("a part");
                assert!(table(cut, &mut BTreeMap::new()).is_err(), "cut at {end}");
            }
            for at in 0..bytes.len().min(2_000) {
                for flip in [1_u8, 0x80, 0xff] {
                    let mut altered = bytes.to_vec();
                    altered[at] ^= flip;
                    let _ = table(&altered, &mut BTreeMap::new());
                }
            }
        }
    }

    #[test]
    fn a_circle_of_names_leads_nowhere() {
        let name = |name: &str| FullName::try_from(name).expect("a name");
        let refs = Reftable(BTreeMap::from([
            (b"HEAD".to_vec(), Target::Symbolic(name("refs/heads/a"))),
            (b"refs/heads/a".to_vec(), Target::Symbolic(name("HEAD"))),
        ]));
        assert_eq!(refs.follow(b"HEAD"), None);
    }

    #[test]
    fn numbers_are_those_of_the_format() {
        for (bytes, number) in [
            (&[0x00][..], 0),
            (&[0x7f], 127),
            (&[0x80, 0x00], 128),
            (&[0x80, 0x7f], 255),
            (&[0x81, 0x00], 256),
            (&[0x80, 0x80, 0x00], 16_512),
        ] {
            assert_eq!(Cursor { bytes, at: 0 }.varint(), Ok(number));
        }
        assert!(
            Cursor {
                bytes: &[0xff; 12],
                at: 0
            }
            .varint()
            .is_err()
        );
        assert!(
            Cursor {
                bytes: &[0x80],
                at: 0
            }
            .varint()
            .is_err()
        );
    }
}
