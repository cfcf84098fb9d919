//! Archives of strangers, read in place: nothing is unpacked to disk, every size is bounded.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use zip::ZipArchive;

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
        let within = self.position.checked_sub(self.start).and_then(|offset| usize::try_from(offset).ok());
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
#[derive(Debug, Clone)]
pub(super) struct Zip(ZipArchive<Window>);

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

    /// The name and the bytes of entry `number` if it is a JSON document.
    pub(super) fn json(&mut self, number: usize) -> Option<(String, Result<Vec<u8>, String>)> {
        let mut entry = match self.0.by_index(number) {
            Ok(entry) => entry,
            Err(error) => return Some((format!("entry {number}"), Err(error.to_string()))),
        };
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.is_dir() || !name.ends_with(".json") {
            return None;
        }
        let size = entry.size();
        Some((name, bounded(&mut entry, size, MAX_RECORD)))
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
        return Err(format!("larger than the limit of {limit} bytes"));
    }
    Ok(bytes)
}
