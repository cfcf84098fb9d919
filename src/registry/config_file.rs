//! A file of a client's configuration on this machine.

use std::io::ErrorKind;
use std::path::Path;

use super::ConfigFile;
use crate::sys::file;

/// A longer file is not read.
const LIMIT: u64 = 4 << 20;

impl ConfigFile {
    /// The file of `client` at `path`; `None` where there is none, and with a note where it cannot be read.
    pub(super) fn read(path: &Path, client: &str, notes: &mut Vec<String>) -> Option<Self> {
        let place = path.display().to_string();
        match file::read(path, LIMIT) {
            Ok(Some(bytes)) => Some(Self {
                place,
                text: String::from_utf8_lossy(&bytes).into_owned(),
            }),
            Ok(None) => {
                notes.push(format!("{place}: too long to be a configuration of {client}"));
                None
            }
            // Also where a folder above it is a file.
            Err(error)
                if matches!(
                    error.source.kind(),
                    ErrorKind::NotFound | ErrorKind::NotADirectory
                ) =>
            {
                None
            }
            Err(error) => {
                notes.push(error.to_string());
                None
            }
        }
    }
}
