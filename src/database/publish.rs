//! `db publish`: makes of an index a folder that any web server can serve.
//!
//! The folder holds the whole index, an index of each ecosystem, a [`manifest`](super::manifest) and its signature. Every
//! file but the manifest is named by its bytes, and the manifest is replaced last: a reader meanwhile finds the old
//! publication or the new one. The files of the publication before stay until the next, for those who have its manifest
//! in hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::DatabaseError;
use super::manifest::{
    self, BadManifest, File, INDEX_ENDING, INDEX_LIMIT, LIMIT, Manifest, NAME, SIGNATURE_ENDING, is_sha256,
};
use super::signature::{KeyId, SecretKey};
use crate::advisory::{Damage, Index, Parts, TooLarge};
use crate::sys::file::{self, FileError, FileKind};
use crate::sys::lock::Lock;
use crate::text::escape;

/// What to publish.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// The index.
    pub index: &'r Path,
    /// The folder; it is made if it is not there.
    pub folder: &'r Path,
    /// Who signs.
    pub signer: Signer<'r>,
}

/// Who signs.
#[derive(Debug, Clone, Copy)]
pub enum Signer<'r> {
    /// The owner of this key.
    Key(&'r SecretKey),
    /// Nobody.
    Nobody,
}

/// A publication that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What it holds.
    pub manifest: Manifest,
    /// The SHA-256 of the manifest.
    pub sha256: String,
    /// The key that signed it.
    pub key: Option<KeyId>,
    /// Files of earlier publications that were removed.
    pub removed: Vec<String>,
}

/// Why nothing was published. What was published before is still in place.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The index cannot be used.
    #[error("{}: {error}", path.display())]
    Index {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        error: DatabaseError,
    },
    /// It follows no ecosystem of an export.
    #[error("{}: the advisory database follows no ecosystem that an OSV export gave", .0.display())]
    NoEcosystem(PathBuf),
    /// The folder's publication is newer.
    #[error("{}: what is published there is of {published}, and the advisory database is of {built}", folder.display())]
    Older {
        /// The folder.
        folder: PathBuf,
        /// When the published index was built.
        published: Timestamp,
        /// When this one was built.
        built: Timestamp,
    },
    /// The folder's manifest cannot be read.
    #[error("{}: {bad}", folder.join(NAME).display())]
    Manifest {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        bad: BadManifest,
    },
    /// The index is larger than a publication may hold.
    #[error("{}: an advisory database of more than {INDEX_LIMIT} bytes", .0.display())]
    TooLarge(PathBuf),
    /// An ecosystem's part is larger than an index may be.
    #[error(transparent)]
    Part(#[from] TooLarge),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl PublishError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Index { path, error } => {
                return error.hint(&format!(" --db {}", escape::shell(&path.to_string_lossy())));
            }
            Self::NoEcosystem(_) => {
                "Build the advisory database with `lockkeeper db update`, or from zips of the OSV export that are called by their ecosystem."
            }
            Self::Older { .. } => "Bring the advisory database up to date, or publish into another folder.",
            Self::Manifest { .. } => "Publish into another folder, or remove that file.",
            Self::TooLarge(_) | Self::Part(_) => "Publish an advisory database of fewer ecosystems.",
            Self::File(_) => "Check that the folder can be written and has room.",
        };
        hint.to_owned()
    }
}

/// Publishes an index.
///
/// # Errors
/// [`PublishError`].
pub fn publish(request: &Request<'_>, hear: &mut dyn FnMut(&str)) -> Result<Published, PublishError> {
    let Request {
        index: path,
        folder,
        signer,
    } = *request;
    let unusable = |error| PublishError::Index {
        path: path.to_owned(),
        error,
    };
    let damaged = |damage: Damage| unusable(DatabaseError::Refused(damage.into()));
    hear("reading the advisory database");
    if file::kind(path)? == FileKind::Missing {
        return Err(unusable(DatabaseError::Missing));
    }
    // One look at the file: what is verified is what is published, should it be replaced meanwhile.
    let too_large = || PublishError::TooLarge(path.to_owned());
    let bytes: Arc<[u8]> = file::read(path, INDEX_LIMIT)?.ok_or_else(too_large)?.into();
    let index =
        Index::open(Arc::clone(&bytes)).map_err(|refused| unusable(DatabaseError::Refused(refused)))?;
    index.verify().map_err(damaged)?;
    let exports = index.bookkeeping().map_err(damaged)?.exports();
    if exports.is_empty() {
        return Err(PublishError::NoEcosystem(path.to_owned()));
    }
    file::make_folder(folder)?;
    let _lock = Lock::take(&folder.join(LOCK), || {
        hear("another publication works here; waiting for it")
    })?;
    let before = previous(folder)?;
    let built = index.built();
    match &before {
        Some((manifest, _)) if manifest.built > built => {
            return Err(PublishError::Older {
                folder: folder.to_owned(),
                published: manifest.built,
                built,
            });
        }
        Some(_) | None => {}
    }

    let whole = described(&bytes, exports.iter().cloned().collect(), index.digest());
    put(&folder.join(whole.name()), &bytes)?;
    let mut files = vec![whole];
    let parts = Parts::of(&index).map_err(damaged)?;
    drop((index, bytes));
    for ecosystem in &exports {
        hear(ecosystem);
        let part = parts.part(ecosystem).finish(built)?;
        let digest = part.digest();
        let bytes = part.into_bytes();
        let file = described(&bytes, vec![ecosystem.clone()], &digest);
        put(&folder.join(file.name()), &bytes)?;
        files.push(file);
    }

    let manifest = Manifest { built, files };
    let bytes = manifest.to_bytes();
    let sha256 = manifest::sha256(&bytes);
    let key = match signer {
        Signer::Key(key) => {
            let comment = format!("timestamp:{}\tfile:{NAME}", built.as_second());
            let text = key.sign(&bytes, &comment);
            put(&folder.join(manifest::signature_name(&bytes)), text.as_bytes())?;
            Some(key.public().id())
        }
        Signer::Nobody => None,
    };
    // From here on it is published.
    put(&folder.join(NAME), &bytes)?;
    let removed = match before {
        // The same again: who reads the publication before still finds it.
        Some((_, before)) if before == sha256 => Vec::new(),
        before => prune(folder, &manifest, &sha256, before.as_ref())?,
    };
    Ok(Published {
        manifest,
        sha256,
        key,
        removed,
    })
}

fn described(bytes: &[u8], ecosystems: Vec<String>, digest: &str) -> File {
    File {
        ecosystems,
        bytes: bytes.len() as u64,
        sha256: manifest::sha256(bytes),
        digest: digest.to_owned(),
    }
}

/// The manifest in the folder, and its SHA-256.
fn previous(folder: &Path) -> Result<Option<(Manifest, String)>, PublishError> {
    let path = folder.join(NAME);
    if file::kind(&path)? == FileKind::Missing {
        return Ok(None);
    }
    let bad = |bad| PublishError::Manifest {
        folder: folder.to_owned(),
        bad,
    };
    let bytes = file::read(&path, LIMIT)?;
    let bytes = bytes.ok_or_else(|| bad(BadManifest::Foreign(format!("it has more than {LIMIT} bytes"))))?;
    let manifest = Manifest::parse(&bytes).map_err(bad)?;
    Ok(Some((manifest, manifest::sha256(&bytes))))
}

/// Removes the files of publications before the one that was just replaced.
fn prune(
    folder: &Path,
    manifest: &Manifest,
    sha256: &str,
    before: Option<&(Manifest, String)>,
) -> Result<Vec<String>, PublishError> {
    let mut keep: BTreeSet<String> = manifest.files.iter().map(File::name).collect();
    keep.insert(format!("{sha256}{SIGNATURE_ENDING}"));
    if let Some((before, sha256)) = before {
        keep.extend(before.files.iter().map(File::name));
        keep.insert(format!("{sha256}{SIGNATURE_ENDING}"));
    }
    let mut removed = Vec::new();
    for (name, _) in file::list(folder)? {
        let Some(name) = name.to_str() else { continue };
        let stem = [INDEX_ENDING, SIGNATURE_ENDING]
            .iter()
            .find_map(|ending| name.strip_suffix(ending));
        if stem.is_some_and(is_sha256) && !keep.contains(name) && file::remove(&folder.join(name))? {
            removed.push(name.to_owned());
        }
    }
    Ok(removed)
}

/// One publication at a time works in a folder.
const LOCK: &str = ".lockkeeper-lock";

fn put(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    // A link would lead the bytes out of the folder.
    if file::is_link(path) {
        file::remove(path)?;
    }
    file::replace(path, |writer| std::io::Write::write_all(writer, bytes))
}
