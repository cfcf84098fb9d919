//! Answers of registries as files: what came, and what proves that it is still right. A file that is damaged in any way
//! counts as none.
//!
//! The folder is for its owner alone, for answers of private registries lie there too.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::sys::file::{self, FileError};
use crate::sys::web::Validator;

/// The folder of answers.
pub(super) struct Cache(PathBuf);

/// An answer as it was kept.
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) validator: Option<Validator>,
}

/// The first line of each file.
const MAGIC: &str = "lockkeeper registry answer 1";

/// More than what stands before an answer.
const HEAD: u64 = 16 << 10;

impl Cache {
    /// In the user's cache folder.
    pub(super) fn below(folder: &Path) -> Self {
        Self(folder.join("registry"))
    }

    /// What is kept under `name`, at most `limit` bytes of it.
    pub(super) fn read(&self, name: &str, limit: u64) -> Option<Kept> {
        let bytes = file::read(&self.0.join(name), limit.saturating_add(HEAD)).ok()??;
        let (head, body) = split(&bytes)?;
        let mut lines = head.split('\n');
        let is_whole =
            lines.next() == Some(MAGIC) && lines.next() == Some(name) && body.len() as u64 <= limit;
        let validator = lines.next()?;
        let is_whole = is_whole && lines.next() == Some(digest(validator, body).as_str());
        is_whole.then(|| Kept {
            bytes: body.to_vec(),
            validator: Validator::parse(validator),
        })
    }

    /// Keeps `bytes` under `name`, in one step.
    pub(super) fn write(
        &self,
        name: &str,
        validator: Option<&Validator>,
        bytes: &[u8],
    ) -> Result<(), FileError> {
        let validator = validator.map_or_else(|| "none".to_owned(), Validator::to_text);
        let head = format!("{MAGIC}\n{name}\n{validator}\n{}\n\n", digest(&validator, bytes));
        file::make_private_folder(&self.0)?;
        file::replace(&self.0.join(name), |file| {
            file.write_all(head.as_bytes())?;
            file.write_all(bytes)
        })
    }
}

fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = memchr::memmem::find(bytes, b"\n\n")?;
    let (head, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(head).ok()?, rest.get(2..)?))
}

fn digest(validator: &str, bytes: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(validator.as_bytes()).update(b"\n").update(bytes);
    hasher.finalize().to_hex().to_string()
}
