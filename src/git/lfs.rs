//! Git LFS: pointers, and the files that they stand for as far as the clone has them.
//!
//! Where a lockfile is kept in Git LFS, a commit has a pointer in its place (`docs/spec.md` of git-lfs), and the file lies in
//! `lfs/objects` of the repository once it was fetched. It is named after its digest, so that nothing has to be believed.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::lockfile::LFS_POINTERS;
use crate::model::Unread;
use crate::sys::file::{self, FileKind};

/// A pointer is shorter.
const MAX_LENGTH: usize = 1_024;

/// A file of Git LFS, by what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    /// SHA-256.
    oid: gix::ObjectId,
    /// In bytes.
    size: u64,
}

impl Pointer {
    /// The pointer that `bytes` are.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(Some(bytes).filter(|bytes| bytes.len() < MAX_LENGTH)?).ok()?;
        let mut lines = text.lines();
        let first = lines.next()?;
        let version = LFS_POINTERS.iter().find_map(|start| first.strip_prefix(start));
        (version == Some("v1")).then_some(())?;
        let value = |key: &str| lines.clone().find_map(|line| line.strip_prefix(key));
        let oid = value("oid sha256:")?;
        let is_oid = oid.len() == 64 && oid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_oid.then_some(())?;
        Some(Self {
            oid: gix::ObjectId::from_hex(oid.as_bytes()).ok()?,
            size: value("size ")?.parse().ok()?,
        })
    }

    /// It stands for `bytes`.
    pub(super) fn is_of(&self, bytes: &[u8]) -> bool {
        bytes.len() as u64 == self.size && self.oid.as_bytes() == &*Sha256::digest(bytes)
    }

    /// The file, if the repository whose common folder is `folder` has it as the pointer says.
    ///
    /// # Errors
    /// [`Unread::TooLarge`].
    pub(super) fn read(&self, folder: &Path, limit: u64) -> Result<Option<Arc<[u8]>>, Unread> {
        if self.size > limit {
            return Err(Unread::TooLarge { limit });
        }
        let oid = self.oid.to_string();
        let (Some(first), Some(second)) = (oid.get(..2), oid.get(2..4)) else {
            return Ok(None);
        };
        let path = folder.join("lfs/objects").join(first).join(second).join(&oid);
        let read = match file::kind(&path) {
            Ok(FileKind::File(_)) => file::read(&path, limit).ok().flatten(),
            Ok(FileKind::Folder | FileKind::Other | FileKind::Missing) | Err(_) => None,
        };
        Ok(read.filter(|bytes| self.is_of(bytes)).map(Arc::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_whole_is_a_pointer() {
        let oid = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let [new, old] = LFS_POINTERS.map(|start| format!("{start}v1"));
        for text in [
            format!("{new}\noid sha256:{oid}\nsize 0\n"),
            format!("{old}\noid sha256:{oid}\nsize 0\n"),
            format!("{new}\next-0-foo sha256:{oid}\noid sha256:{oid}\nsize 0\n"),
        ] {
            let pointer = Pointer::of(text.as_bytes()).expect("a pointer");
            assert!(pointer.is_of(b"") && !pointer.is_of(b"x"), "{text}");
        }
        for text in [
            String::new(),
            format!("{new}\n"),
            format!("{new}\noid sha256:{oid}\n"),
            format!("{new}\noid sha256:{}\nsize 0\n", &oid[1..]),
            format!("{new}\noid sha256:../{}\nsize 0\n", &oid[3..]),
            format!("{new}\noid sha256:{}\nsize 0\n", oid.to_uppercase()),
            format!("{new}\noid sha256:{oid}\nsize -1\n"),
            format!("\n{new}\noid sha256:{oid}\nsize 0\n"),
            format!("{new}\noid sha256:{oid}\nsize 0\n{}", "x".repeat(1_024)),
        ] {
            assert_eq!(Pointer::of(text.as_bytes()), None, "{text}");
        }
    }
}
