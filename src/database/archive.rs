//! Archives that others made, read in place: nothing is unpacked to disk, every size is bounded.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::{Crc, Decompress, DecompressError, FlushDecompress, Status};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use crate::advisory::Blocks as _;
use crate::sys::positional::Positional;

/// A record larger than this is refused, in bytes after inflation. The largest real ones have some 10 MiB.
pub(super) const MAX_RECORD: u64 = 64 << 20;

/// An archive of more entries than this is refused.
pub(super) const MAX_ENTRIES: usize = 10_000_000;

/// A longer tar is refused, in bytes. RustSec's has some 10 MB.
pub(super) const MAX_TAR: u64 = 2 << 30;

/// A zip inflates to at most this many bytes …
const MAX_INFLATED: u64 = 1 << 30;

/// … or to this many times its own size: JSON packs to a tenth.
const MAX_RATIO: u64 = 100;

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file cannot be opened.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It is no zip.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// It has too many entries.
    #[error("it holds more than {MAX_ENTRIES} entries")]
    TooManyEntries,
    /// Two entries share bytes: each would unpack them once more.
    #[error("its entries {0:?} and {1:?} overlap")]
    Overlap(String, String),
}

/// Why an entry of an archive is not what was packed.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// The archive does not have it where it says.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// It cannot be unpacked.
    #[error(transparent)]
    Inflate(#[from] DecompressError),
    /// It has a kind of compression that is not read.
    #[error("packed with {0}, which is not read")]
    Compression(CompressionMethod),
    /// It is cut short.
    #[error("it ends before its end")]
    CutShort,
    /// It is not what was packed.
    #[error("its checksum is not that of the archive")]
    Checksum,
    /// It is larger than this many bytes.
    #[error("larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// The archive as a whole unpacks to more than this many bytes.
    #[error("the archive unpacks to more than {0} bytes")]
    ArchiveTooLarge(u64),
}

/// Bytes up to a limit: more are an error, and no end that comes early.
pub(super) struct Within<R> {
    inner: R,
    left: u64,
    limit: u64,
}

impl<R> Within<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self {
            inner,
            left: limit,
            limit,
        }
    }
}

impl<R: Read> Read for Within<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("it holds more than {} bytes", self.limit),
            )
        })?;
        Ok(read)
    }
}

/// A file as a stream with a place of its own; clones share the file and nothing else.
#[derive(Debug)]
pub(super) struct Window {
    file: Arc<Positional>,
    position: u64,
    /// What was read ahead, from `start` on.
    ahead: Vec<u8>,
    start: u64,
}

/// So many bytes are read at once.
const AHEAD: usize = 256 << 10;

impl Window {
    pub(super) fn new(file: Arc<Positional>) -> Self {
        Self {
            file,
            position: 0,
            ahead: Vec::new(),
            start: 0,
        }
    }

    fn fill(&mut self) -> io::Result<&[u8]> {
        let within = self
            .position
            .checked_sub(self.start)
            .and_then(|offset| usize::try_from(offset).ok());
        let have = within.filter(|offset| *offset < self.ahead.len());
        let offset = match have {
            Some(offset) => offset,
            None => {
                self.ahead.resize(AHEAD, 0);
                self.start = self.position;
                let read = self.file.read(&mut self.ahead, self.position)?;
                self.ahead.truncate(read);
                0
            }
        };
        Ok(self.ahead.get(offset..).unwrap_or_default())
    }
}

impl Clone for Window {
    fn clone(&self) -> Self {
        Self {
            file: Arc::clone(&self.file),
            position: self.position,
            ahead: Vec::new(),
            start: 0,
        }
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ahead = self.fill()?;
        let count = ahead.len().min(buffer.len());
        let (Some(from), Some(to)) = (ahead.get(..count), buffer.get_mut(..count)) else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(offset) => self.file.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = place.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

/// An OSV export: one JSON document an entry.
pub(super) struct Zip {
    archive: ZipArchive<Window>,
    /// Bytes that may still be inflated, by all readers together.
    left: Arc<AtomicU64>,
    limit: u64,
}

/// An entry that is not what was packed.
pub(super) struct Spoilt<'b> {
    /// Why.
    pub(super) error: EntryError,
    /// What there is of it, which may be nothing.
    pub(super) bytes: &'b [u8],
}

/// Reads entries of a [`Zip`] one after another, with buffers that are used again and again: a decoder made
/// anew for each of some hundred thousand small entries costs more than what it decodes.
pub(super) struct ZipReader {
    archive: ZipArchive<Window>,
    left: Arc<AtomicU64>,
    limit: u64,
    inflate: Decompress,
    packed: Vec<u8>,
    json: Vec<u8>,
}

impl Zip {
    /// Opens the archive. One whose entries share bytes is refused: each would unpack them once more.
    pub(super) fn open(file: Positional) -> Result<Self, ArchiveError> {
        let limit = file.len().saturating_mul(MAX_RATIO).max(MAX_INFLATED);
        let mut archive = ZipArchive::new(Window::new(Arc::new(file)))?;
        if archive.len() > MAX_ENTRIES {
            return Err(ArchiveError::TooManyEntries);
        }
        if let Some((one, other)) = overlap(&mut archive) {
            return Err(ArchiveError::Overlap(one, other));
        }
        Ok(Self {
            archive,
            left: Arc::new(AtomicU64::new(limit)),
            limit,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.archive.len()
    }

    /// A reader with a place of its own in the file.
    pub(super) fn reader(&self) -> ZipReader {
        ZipReader {
            archive: self.archive.clone(),
            left: Arc::clone(&self.left),
            limit: self.limit,
            inflate: Decompress::new(false),
            packed: Vec::new(),
            json: Vec::new(),
        }
    }
}

impl ZipReader {
    /// The name and the bytes of entry `number` if it is a JSON document.
    pub(super) fn json(&mut self, number: usize) -> Option<(String, Result<&[u8], Spoilt<'_>>)> {
        let mut entry = match self.archive.by_index_raw(number) {
            Ok(entry) => entry,
            Err(error) => {
                let error = error.into();
                return Some((format!("entry {number}"), Err(Spoilt { error, bytes: &[] })));
            }
        };
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.is_dir() || !name.ends_with(".json") {
            return None;
        }
        self.packed.clear();
        self.json.clear();
        let read = (&mut entry)
            .take(MAX_RECORD.saturating_add(1))
            .read_to_end(&mut self.packed);
        let read = match (read, entry.compression()) {
            (Err(error), _) => Err(error.into()),
            (Ok(_), _) if self.left.load(Ordering::Relaxed) == 0 => {
                Err(EntryError::ArchiveTooLarge(self.limit))
            }
            (Ok(_), CompressionMethod::Stored) => {
                std::mem::swap(&mut self.packed, &mut self.json);
                Ok(())
            }
            (Ok(_), CompressionMethod::Deflated) => inflate(&mut self.inflate, &self.packed, &mut self.json),
            (Ok(_), method) => Err(EntryError::Compression(method)),
        };
        let inflated = self.json.len() as u64;
        // What remains is refused from the next entry on.
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_sub(inflated))
            });
        let checked = read.and_then(|()| {
            if inflated > MAX_RECORD {
                return Err(EntryError::TooLarge(MAX_RECORD));
            }
            let mut crc = Crc::new();
            crc.update(&self.json);
            if crc.sum() == entry.crc32() {
                Ok(())
            } else {
                Err(EntryError::Checksum)
            }
        });
        let bytes = self.json.as_slice();
        Some((
            name,
            checked.map(|()| bytes).map_err(|error| Spoilt { error, bytes }),
        ))
    }
}

/// The names of two entries that share bytes. What cannot be located is refused when it is read.
fn overlap(archive: &mut ZipArchive<Window>) -> Option<(String, String)> {
    let mut ranges: Vec<(u64, u64, usize)> = Vec::with_capacity(archive.len());
    for number in 0..archive.len() {
        let Ok(entry) = archive.by_index_raw(number) else {
            continue;
        };
        if let Some(start) = entry.data_start() {
            ranges.push((start, start.saturating_add(entry.compressed_size()), number));
        }
    }
    ranges.retain(|(start, end, _)| start < end);
    ranges.sort_unstable();
    let pair = ranges
        .windows(2)
        .find(|pair| matches!(pair, [(_, end, _), (next, _, _)] if end > next))?;
    let mut name = |number: usize| {
        let entry = archive.by_index_raw(number).ok()?;
        Some(String::from_utf8_lossy(entry.name_raw()).into_owned())
    };
    let (one, other) = (pair.first()?.2, pair.last()?.2);
    Some((name(one)?, name(other)?))
}

/// Inflates all of `packed`, at most one byte more than [`MAX_RECORD`].
fn inflate(inflate: &mut Decompress, packed: &[u8], json: &mut Vec<u8>) -> Result<(), EntryError> {
    inflate.reset(false);
    loop {
        let read = usize::try_from(inflate.total_in()).unwrap_or(usize::MAX);
        let rest = packed.get(read..).unwrap_or_default();
        json.reserve(rest.len().saturating_mul(4).max(4096));
        let before = (inflate.total_in(), inflate.total_out());
        match inflate.decompress_vec(rest, json, FlushDecompress::None)? {
            Status::StreamEnd => return Ok(()),
            Status::Ok | Status::BufError => {
                if json.len() as u64 > MAX_RECORD {
                    return Err(EntryError::TooLarge(MAX_RECORD));
                }
                if before == (inflate.total_in(), inflate.total_out()) {
                    return Err(EntryError::CutShort);
                }
            }
        }
    }
}

/// Reads to the end, at most `limit` bytes. `size` is what the archive says and nothing to rely on.
pub(super) fn bounded(entry: &mut impl Read, size: u64, limit: u64) -> Result<Vec<u8>, EntryError> {
    let expected = usize::try_from(size.min(1 << 20)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(expected);
    entry.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(EntryError::TooLarge(limit));
    }
    Ok(bytes)
}
