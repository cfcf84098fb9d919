//! A file that is read by position: no cursor, no lock, no mapping.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::advisory::Blocks;

/// An open file of a length that was taken when it was opened.
#[derive(Debug)]
pub struct Positional {
    file: File,
    length: u64,
}

impl Positional {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        super::file::refuse_pipe(path)?;
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        Ok(Self {
            file,
            length: metadata.len(),
        })
    }

    /// Reads at most as many bytes as `buffer` holds from `offset` on; 0 at the end.
    ///
    /// # Errors
    /// The system's.
    pub fn read(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        #[cfg(unix)]
        {
            std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)
        }
        #[cfg(windows)]
        {
            std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)
        }
    }
}

impl Blocks for Positional {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read(buffer, offset) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the file ends before",
                    ));
                }
                Ok(read) => {
                    offset = offset.saturating_add(read as u64);
                    buffer = buffer.get_mut(read..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
