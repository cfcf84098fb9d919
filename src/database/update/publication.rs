//! A publication as an update takes it: its manifest is held against a signature, the files of the ecosystems that are
//! wanted are fetched and held against the manifest, and they become the one index that scans open.
//!
//! Files are kept among the downloads under their SHA-256 until another publication names others. What is there, or in the
//! place of the index, is proven by its bytes before it is taken for what the manifest names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::base::{Base, open};
use super::error::{OriginError, UpdateError};
use super::origin::Signer;
use super::plan::Backward;
use super::request::{Demanded, Event, Job, Request};
use crate::advisory::{Compiler, Facts, OpenError};
use crate::database::manifest::{self, File, LIMIT, Manifest, NAME};
use crate::database::signature::{self, PublicKey, SIGNATURE_LIMIT, SignatureError};
use crate::sys::file::{self, FileKind};
use crate::sys::web::{self, Address, Request as Wanted};

/// The note of an index that was put together: the SHA-256 of each of its pieces.
const NOTE: &str = "publication";

/// Where a publication is.
pub(super) enum PublicationPlace<'p> {
    /// Its manifest's address.
    Web(&'p Address),
    /// Its folder.
    Folder(&'p Path),
}

/// A file of a publication that an index is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it holds.
    pub ecosystems: Vec<String>,
    /// Its size.
    pub bytes: u64,
    /// Whether it was fetched now; else it was here.
    pub fetched: bool,
}

/// Verified files of a publication.
pub(super) struct Publication {
    /// Told of each, in the order of `paths`.
    pub(super) pieces: Vec<Piece>,
    built: Timestamp,
    files: Vec<File>,
    paths: Vec<PathBuf>,
    sources: BTreeSet<String>,
}

/// The folder of a publication, if `path` is one or a manifest in one.
pub(super) fn folder(path: &Path) -> Option<&Path> {
    if path.file_name().is_some_and(|name| name == NAME) {
        return path.parent();
    }
    matches!(file::kind(&path.join(NAME)), Ok(FileKind::File(_))).then_some(path)
}

/// Takes what is wanted of the publication at `place`.
pub(super) async fn take(
    job: &Job<'_>,
    place: &PublicationPlace<'_>,
    signer: &Signer,
    base: &Base,
    backward: Backward,
) -> Result<Option<Publication>, OriginError> {
    let bytes = place.read(job, NAME, LIMIT).await?;
    place.authentic(job, signer, &bytes).await?;
    let manifest = Manifest::parse(&bytes).map_err(|bad| {
        let hint = match bad {
            manifest::BadManifest::Newer => "Install a newer lockkeeper, or name another address.",
            manifest::BadManifest::Foreign(_) | manifest::BadManifest::Unsound(_) => "Name another address.",
        };
        unusable(bad.to_string(), hint)
    })?;

    let wanted = wanted(job.request, base, &manifest)?;
    if job.request.is_of_the_future(manifest.built) {
        return Err(unusable(
            format!("it is dated {}, which has not come yet", manifest.built),
            "Set the clock of this machine, or name another address.",
        ));
    }
    // What is held and dated in the future would outrank everything.
    let held = base.built.filter(|built| !job.request.is_of_the_future(*built));
    if held.is_some_and(|built| manifest.built < built) {
        let exports = base.bookkeeping.exports();
        let held = wanted.iter().all(|name| exports.contains(*name));
        return match backward {
            Backward::Accepted if held && base.is_sound() => Ok(None),
            Backward::Accepted | Backward::Refused => Err(OriginError::Behind(Some(manifest.built))),
        };
    }
    let files = manifest.choose(&wanted).map_err(|name| lacks(&name))?;
    if is_same(job.request, base, &files) {
        return Ok(None);
    }
    let mut publication = Publication {
        pieces: Vec::new(),
        built: manifest.built,
        files: files.iter().map(|file| (*file).clone()).collect(),
        paths: Vec::new(),
        sources: BTreeSet::new(),
    };
    for file in files {
        let VerifiedPiece {
            path,
            fetched,
            sources,
        } = piece(job, place, base, file, manifest.built).await?;
        publication.paths.push(path);
        publication.sources.extend(sources);
        publication.pieces.push(Piece {
            ecosystems: file.ecosystems.clone(),
            bytes: file.bytes,
            fetched,
        });
    }
    Ok(Some(publication))
}

impl Publication {
    /// Puts the files in the place of the index: one as it is, several as one.
    pub(super) fn install(&self, request: &Request<'_>) -> Result<Option<Facts>, UpdateError> {
        let mut keep = Vec::new();
        let facts = match self.paths.as_slice() {
            [only] => {
                let mut file = file::open(only)?;
                file::replace(request.index, |writer| std::io::copy(&mut file, writer).map(drop))?;
                None
            }
            several => {
                let mut compiler = Compiler::new();
                for path in several {
                    let taken = open(path).and_then(|index| Ok(compiler.take_in(&index)?));
                    taken.map_err(|source| UpdateError::Piece {
                        path: path.clone(),
                        source,
                    })?;
                }
                compiler.set_note(NOTE, &note(&self.files));
                keep = self.files.iter().map(File::name).collect();
                Some(request.write(compiler, self.built)?)
            }
        };
        request.clear_downloads(&keep)?;
        Ok(facts)
    }

    /// Says which sources the index had that the publication does not have.
    pub(super) fn lost(&self, base: &Base) -> Option<String> {
        let had = base
            .bookkeeping
            .sources
            .iter()
            .filter(|source| source.counts.records > 0);
        let lost: Vec<&str> = had
            .map(|source| source.name.as_str())
            .filter(|name| !self.sources.contains(*name))
            .collect();
        (!lost.is_empty()).then(|| {
            format!(
                "The publication replaces the advisory database, and does not have what came from {}.",
                lost.join(", ")
            )
        })
    }
}

impl PublicationPlace<'_> {
    /// A small file.
    async fn read(&self, job: &Job<'_>, name: &str, limit: u64) -> Result<Vec<u8>, OriginError> {
        match self {
            Self::Web(manifest) => {
                let address = match name {
                    NAME => (*manifest).clone(),
                    name => manifest.beside(name),
                };
                let mut bytes = Vec::new();
                job.web.get(&Wanted::whole(address, limit), &mut bytes).await?;
                Ok(bytes)
            }
            Self::Folder(folder) => match file::read(&folder.join(name), limit) {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => Err(unusable(format!("{name} has more than {limit} bytes"), AGAIN)),
                Err(error) => Err(unusable(format!("{name}: {}", error.source), AGAIN)),
            },
        }
    }

    /// Holds a manifest against its signature.
    async fn authentic(&self, job: &Job<'_>, signer: &Signer, manifest: &[u8]) -> Result<(), OriginError> {
        let trust = job.request.trust;
        let keys: &[PublicKey] = match (self, signer, trust.demanded) {
            (_, Signer::Nobody, _) | (Self::Folder(_), Signer::Trusted, Demanded::OnTheWeb) => return Ok(()),
            (_, Signer::Key(key), _) => std::slice::from_ref(key),
            (_, Signer::Trusted, _) => &trust.keys,
        };
        if keys.is_empty() {
            return Err(unsigned(&SignatureError::NoKey));
        }
        let name = manifest::signature_name(manifest);
        let missing =
            "Have its publisher sign it (`lockkeeper db publish` with a key), or name another address.";
        let bytes = match self.read(job, &name, SIGNATURE_LIMIT).await {
            Ok(bytes) => bytes,
            Err(OriginError::Failed(crate::feed::FeedError::Web(error))) if error.is_missing() => {
                return Err(unusable(format!("it is not signed: {error}"), missing));
            }
            Err(OriginError::Unusable { reason, .. }) => {
                return Err(unusable(format!("it is not signed: {reason}"), missing));
            }
            Err(error) => return Err(error),
        };
        let text = String::from_utf8(bytes).map_err(|_| unsigned(&SignatureError::Unreadable))?;
        match signature::verify(manifest, &text, keys) {
            Ok(_) => Ok(()),
            Err(refused) => Err(unsigned(&refused)),
        }
    }
}

/// What is wanted of a publication: all that is required, else what is usual and there.
fn wanted<'m>(
    request: &Request<'_>,
    base: &Base,
    manifest: &'m Manifest,
) -> Result<BTreeSet<&'m str>, OriginError> {
    let given = manifest.ecosystems();
    let required = base.required(request);
    if required.is_empty() {
        let usual = given
            .into_iter()
            .filter(|name| request.usual.iter().any(|usual| usual == name));
        let usual: BTreeSet<&str> = usual.collect();
        return match usual.is_empty() {
            false => Ok(usual),
            true => Err(unusable("it holds no ecosystem that is read here".into(), AGAIN)),
        };
    }
    required
        .iter()
        .map(|name| given.get(name.as_str()).copied().ok_or_else(|| lacks(name)))
        .collect()
}

/// Whether the index is made of these very files, and every byte of it is as it was.
fn is_same(request: &Request<'_>, base: &Base, files: &[&File]) -> bool {
    match files {
        [only] => {
            base.digest.as_deref() == Some(only.digest.as_str())
                && matches!(is_proven(request.index, only), Ok(true))
        }
        several => {
            let files: Vec<File> = several.iter().map(|file| (*file).clone()).collect();
            base.bookkeeping.notes.get(NOTE) == Some(&note(&files)) && base.is_sound()
        }
    }
}

fn note(files: &[File]) -> String {
    let hashes: Vec<&str> = files.iter().map(|file| file.sha256.as_str()).collect();
    hashes.join(" ")
}

/// A file that is what the manifest names.
struct VerifiedPiece {
    path: PathBuf,
    fetched: bool,
    sources: Vec<String>,
}

/// The file that a manifest names: as it is here, else fetched.
async fn piece(
    job: &Job<'_>,
    place: &PublicationPlace<'_>,
    base: &Base,
    file: &File,
    built: Timestamp,
) -> Result<VerifiedPiece, OriginError> {
    let downloads = job.request.downloads;
    let kept = downloads.join(file.name());
    let proven = |fetched| {
        let sources = sound(&kept, file, built)
            .map_err(|error| unusable(format!("{}: {error}", file.name()), AGAIN))?;
        Ok(VerifiedPiece {
            path: kept.clone(),
            fetched,
            sources,
        })
    };
    if matches!(is_proven(&kept, file), Ok(true)) {
        return proven(false);
    }
    // The index may be this very file; it stays among the downloads while a larger index takes its place.
    if base.digest.as_deref() == Some(file.digest.as_str())
        && matches!(is_proven(job.request.index, file), Ok(true))
    {
        copy(job.request.index, &kept)?;
        return proven(false);
    }
    let part = downloads.join(format!("{}.part", file.sha256));
    // If what an earlier run left does not fit the rest, it is fetched once more from the start.
    let mut old = matches!(file::kind(&part), Ok(FileKind::File(1..)));
    loop {
        let fetched = match place {
            PublicationPlace::Web(manifest) => {
                let address = manifest.beside(&file.name());
                let mut report = |held, total| job.progress.report(&Event::Index { held, total });
                web::download(&job.web, &address, &part, file.bytes, None, &mut report)
                    .await
                    .map(drop)
                    .map_err(OriginError::from)
            }
            PublicationPlace::Folder(folder) => copy(&folder.join(file.name()), &part),
        };
        let reason = match (fetched, is_proven(&part, file)) {
            (Ok(()), Ok(true)) => break,
            (Ok(()), Ok(false)) => "its bytes are not those that the manifest names".to_owned(),
            (Ok(()), Err(error)) => error.to_string(),
            // More bytes than the manifest names: those of an earlier run may be to blame.
            (Err(_), Ok(false)) if old && is_full(&part, file) => String::new(),
            (Err(error), _) => return Err(error),
        };
        drop(web::discard(&part));
        if !std::mem::take(&mut old) {
            return Err(unusable(format!("{}: {reason}", file.name()), AGAIN));
        }
    }
    let moved = file::rename(&part, &kept).map_err(|error| unusable(error.to_string(), ROOM));
    drop(web::discard(&part));
    moved?;
    match proven(true) {
        Ok(proven) => Ok(proven),
        Err(error) => {
            // It would be no better the next time.
            drop(file::remove(&kept));
            Err(error)
        }
    }
}

/// Whether the file at `path` has the bytes that the manifest names.
fn is_proven(path: &Path, file: &File) -> std::io::Result<bool> {
    let looked = file::kind(path).map_err(|error| error.source)?;
    if looked != FileKind::File(file.bytes) {
        return Ok(false);
    }
    let mut hash = Sha256::new();
    file::read_pieces(path, |piece| hash.update(piece)).map_err(|error| error.source)?;
    Ok(hex::encode(hash.finalize()) == file.sha256)
}

fn is_full(path: &Path, file: &File) -> bool {
    matches!(file::kind(path), Ok(FileKind::File(bytes)) if bytes >= file.bytes)
}

/// Why a file is not the index that the manifest names.
#[derive(Debug, thiserror::Error)]
enum PieceError {
    /// It is none.
    #[error(transparent)]
    Index(#[from] OpenError),
    /// It lacks an ecosystem.
    #[error("it does not hold {0}, as the manifest says")]
    Lacks(String),
    /// It has another digest or time.
    #[error("it is another advisory database than the manifest says")]
    Other,
}

/// Reads every byte of a file as an index, and says which sources it has.
fn sound(path: &Path, file: &File, built: Timestamp) -> Result<Vec<String>, PieceError> {
    let index = open(path)?;
    index.verify().map_err(OpenError::from)?;
    let bookkeeping = index.bookkeeping().map_err(OpenError::from)?;
    let exports = bookkeeping.exports();
    if let Some(name) = file.ecosystems.iter().find(|name| !exports.contains(*name)) {
        return Err(PieceError::Lacks(name.clone()));
    }
    if index.digest() != file.digest || index.built() != built {
        return Err(PieceError::Other);
    }
    Ok(bookkeeping
        .sources
        .into_iter()
        .map(|source| source.name)
        .collect())
}

fn copy(from: &Path, to: &Path) -> Result<(), OriginError> {
    let copied = file::open(from)
        .and_then(|mut file| file::replace(to, |writer| std::io::copy(&mut file, writer).map(drop)));
    copied.map_err(|error| unusable(error.to_string(), ROOM))
}

const AGAIN: &str = "Run it again later, or name another address.";
const ROOM: &str = "Check that the folders can be read and written, and have room.";

fn unusable(reason: String, hint: &str) -> OriginError {
    OriginError::Unusable {
        reason,
        hint: hint.to_owned(),
    }
}

fn lacks(ecosystem: &str) -> OriginError {
    unusable(
        format!("it does not hold {ecosystem}"),
        "Name another address, or only what it holds with `--ecosystem NAME`, once for each; an advisory database that follows it is removed by `lockkeeper cache clean`.",
    )
}

fn unsigned(refused: &SignatureError) -> OriginError {
    let hint = match refused {
        SignatureError::NoKey => {
            "Give the public key of its publisher with --key or in LOCKKEEPER_INDEX_KEY, or after a `#` at the address."
        }
        SignatureError::UnknownKey { .. } => {
            "If you know that key to be the publisher's, give it with --key or in LOCKKEEPER_INDEX_KEY; otherwise another user made it."
        }
        SignatureError::Unreadable | SignatureError::Prehashed | SignatureError::Wrong(_) => {
            "Name another address: it was altered, or signed in another way than `lockkeeper db publish` does."
        }
    };
    unusable(refused.to_string(), hint)
}
