//! Archives of strangers, read in place: nothing is unpacked to disk, every size is bounded.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use flate2::{Crc, Decompress, FlushDecompress, Status};
use zip::{CompressionMethod, ZipArchive};

use crate::advisory::Blocks as _;
use crate::sys::positional::Positional;

/// A record larger than this is refused, in bytes after inflation. The largest real ones have some 10 MiB.
pub(super) const MAX_RECORD: u64 = 64 << 20;

/// An archive of more entries than this is refused.
pub(super) const MAX_ENTRIES: usize = 10_000_000;

/// An archive inflates to at most so many bytes.
pub(super) const MAX_INFLATED: u64 = 64 << 30;

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
pub(super) struct Zip(ZipArchive<Window>);

/// Reads entries of a [`Zip`] one after another, with buffers that are used again and again: a decoder made
/// anew for each of some hundred thousand small entries costs more than what it decodes.
pub(super) struct ZipReader {
    archive: ZipArchive<Window>,
    inflate: Decompress,
    packed: Vec<u8>,
    json: Vec<u8>,
}

impl Zip {
    /// Opens the archive.
    pub(super) fn open(file: Positional) -> Result<Self, String> {
        let archive = ZipArchive::new(Window::new(Arc::new(file))).map_err(|error| error.to_string())?;
        if archive.len() > MAX_ENTRIES {
            return Err(format!("it holds more than {MAX_ENTRIES} entries"));
        }
        Ok(Self(archive))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A reader with a place of its own in the file.
    pub(super) fn reader(&self) -> ZipReader {
        ZipReader {
            archive: self.0.clone(),
            inflate: Decompress::new(false),
            packed: Vec::new(),
            json: Vec::new(),
        }
    }
}

impl ZipReader {
    /// The name and the bytes of entry `number` if it is a JSON document.
    pub(super) fn json(&mut self, number: usize) -> Option<(String, Result<&[u8], String>)> {
        let mut entry = match self.archive.by_index_raw(number) {
            Ok(entry) => entry,
            Err(error) => return Some((format!("entry {number}"), Err(error.to_string()))),
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
            (Err(error), _) => Err(error.to_string()),
            (Ok(_), CompressionMethod::Stored) => {
                std::mem::swap(&mut self.packed, &mut self.json);
                Ok(())
            }
            (Ok(_), CompressionMethod::Deflated) => inflate(&mut self.inflate, &self.packed, &mut self.json),
            (Ok(_), method) => Err(format!("packed with {method}, which is not read")),
        };
        let checked = read.and_then(|()| {
            if self.json.len() as u64 > MAX_RECORD {
                return Err(too_large(MAX_RECORD));
            }
            let mut crc = Crc::new();
            crc.update(&self.json);
            if crc.sum() == entry.crc32() {
                Ok(self.json.as_slice())
            } else {
                Err("its checksum is not that of the archive".to_owned())
            }
        });
        Some((name, checked))
    }
}

/// Inflates all of `packed`, at most one byte more than [`MAX_RECORD`].
fn inflate(inflate: &mut Decompress, packed: &[u8], json: &mut Vec<u8>) -> Result<(), String> {
    inflate.reset(false);
    loop {
        let read = usize::try_from(inflate.total_in()).unwrap_or(usize::MAX);
        let rest = packed.get(read..).unwrap_or_default();
        json.reserve(rest.len().saturating_mul(4).max(4096));
        let before = (inflate.total_in(), inflate.total_out());
        let status = inflate
            .decompress_vec(rest, json, FlushDecompress::None)
            .map_err(|error| error.to_string())?;
        match status {
            Status::StreamEnd => return Ok(()),
            Status::Ok | Status::BufError => {
                if json.len() as u64 > MAX_RECORD {
                    return Err(too_large(MAX_RECORD));
                }
                if before == (inflate.total_in(), inflate.total_out()) {
                    return Err("it ends before its end".to_owned());
                }
            }
        }
    }
}

/// Reads to the end, at most `limit` bytes. `size` is what the archive says and nothing to rely on.
pub(super) fn bounded(entry: &mut impl Read, size: u64, limit: u64) -> Result<Vec<u8>, String> {
    let expected = usize::try_from(size.min(1 << 20)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(expected);
    entry
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

fn too_large(limit: u64) -> String {
    format!("larger than the limit of {limit} bytes")
}
