//! `db build`: from sources to the index, in one pass, without ever holding more than a wave of documents.

use std::io::Read;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::archive::{
    ArchiveError, EntryError, MAX_ENTRIES, MAX_RECORD, MAX_TAR, Spoilt, Within, Zip, bounded,
};
use super::source::{self, FoundSource, NoSource, SourceKind, is_rustsec};
use crate::advisory::import::kev::KevError;
use crate::advisory::import::{self, Imported, Rejected};
use crate::advisory::{Added, Authority, Compiler, Facts, Loss, SourceNumber, TooLarge};
use crate::model::Ecosystem;
use crate::sys::file::{self, FileError};
use crate::sys::positional::Positional;

/// What was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// What is in the index, source by source.
    pub facts: Facts,
    /// The first documents of each source that could not be read, with the source's name.
    pub rejected: Vec<(String, Rejected)>,
    /// `sha256:…` of the index.
    pub digest: String,
}

/// So many rejected documents of a source are named; all are counted.
pub const MAX_NAMED: usize = 20;

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'s> {
    /// The source that is read.
    pub source: &'s str,
    /// Documents read of it.
    pub done: u64,
    /// Documents in it; 0 if that is not known beforehand.
    pub total: u64,
}

/// Why no index was built. The old one is still in its place.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A path is no source.
    #[error(transparent)]
    NoSource(#[from] NoSource),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A source as a whole cannot be read.
    #[error("{}: {source}", path.display())]
    Broken {
        /// The source.
        path: PathBuf,
        /// Why not.
        source: SourceError,
    },
    /// Too much of a source or an ecosystem could not be read.
    #[error("{} could not be read", list(losses))]
    Lost {
        /// Of what, and how much.
        losses: Vec<Loss>,
        /// The first documents that could not be read, with their source's name.
        rejected: Vec<(String, Rejected)>,
    },
    /// No source gave a single record.
    #[error("the sources hold no advisory")]
    Empty,
    /// The index would be too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Why a source as a whole cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A zip.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// KEV.
    #[error(transparent)]
    Kev(#[from] KevError),
    /// EPSS, or a tar.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// It has more than this many bytes.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    /// It holds nothing of RustSec.
    #[error("it holds no advisory of RustSec")]
    NoRustsec,
}

/// What was lost, in words.
pub(super) fn list(losses: &[Loss]) -> String {
    let words: Vec<String> = losses.iter().take(MAX_NAMED).map(Loss::to_string).collect();
    words.join(", ")
}

/// What becomes of an index of which too much could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Losses {
    /// It is not made.
    Refused,
    /// It is made, and lists them.
    Allowed,
}

/// Builds the index of `sources` as of `built` and puts it in place of the file at `output`. The same sources, in
/// the same order, and the same time give the same bytes.
///
/// # Errors
/// [`BuildError`]; a document that cannot be read is none.
pub fn build(
    sources: &[PathBuf],
    built: Timestamp,
    output: &Path,
    losses: Losses,
    progress: &mut dyn FnMut(Step<'_>),
) -> Result<Built, BuildError> {
    let mut found = Vec::new();
    for path in sources {
        found.extend(source::find(path)?);
    }
    let mut builder = Builder {
        compiler: Compiler::new(),
        rejected: Vec::new(),
        progress,
    };
    for found in &found {
        builder.read(found)?;
    }
    let Builder {
        compiler, rejected, ..
    } = builder;
    let lost = compiler.losses();
    if losses == Losses::Refused && !lost.is_empty() {
        return Err(BuildError::Lost {
            losses: lost,
            rejected,
        });
    }
    if compiler.records().next().is_none() {
        return Err(BuildError::Empty);
    }
    let compiled = compiler.finish(built)?;
    file::replace(output, |file| compiled.write(file))?;
    Ok(Built {
        digest: compiled.digest(),
        facts: compiled.facts,
        rejected,
    })
}

struct Builder<'p> {
    compiler: Compiler,
    rejected: Vec<(String, Rejected)>,
    progress: &'p mut dyn FnMut(Step<'_>),
}

/// Documents of one wave: read on every core, then taken in one after the other.
const WAVE: usize = 8192;

/// Documents that one core reads in a row.
const CHUNK: usize = 256;

impl Builder<'_> {
    fn read(&mut self, found: &FoundSource) -> Result<(), BuildError> {
        let open = || {
            Positional::open(&found.path).map_err(|source| FileError {
                path: found.path.clone(),
                source,
            })
        };
        match &found.kind {
            SourceKind::OsvZip => {
                let zip = Zip::open(open()?).map_err(|error| broken(found, error))?;
                let number = self.compiler.source(&found.name, Authority::Export);
                let of_zip = |from: usize, to: usize| {
                    let mut zip = zip.reader();
                    (from..to)
                        .filter_map(|entry| {
                            let (name, json) = zip.json(entry)?;
                            Some(of_osv(json, &name))
                        })
                        .collect()
                };
                self.waves(found, number, zip.len(), &of_zip);
            }
            SourceKind::OsvFiles(files) => {
                let number = self.compiler.source(&found.name, Authority::Export);
                self.files(found, number, files, &osv);
            }
            SourceKind::RustsecFiles(files) => {
                let number = self.compiler.source(&found.name, Authority::Origin);
                self.files(found, number, files, &rustsec);
            }
            SourceKind::RustsecTar(packing) => {
                let number = self.compiler.source(&found.name, Authority::Origin);
                self.rustsec_tar(found, number, packing.open(open()?))?;
            }
            SourceKind::Kev => {
                let json = file::read(&found.path, MAX_RECORD)?;
                let json = json.ok_or_else(|| broken(found, SourceError::TooLarge(MAX_RECORD)))?;
                let exploited = import::kev::read(&json).map_err(|error| broken(found, error))?;
                let number = self.compiler.source(&found.name, Authority::Origin);
                self.compiler.set_exploited(number, &exploited);
            }
            SourceKind::Epss(packing) => {
                let csv = packing.open(open()?);
                let scores = import::epss::read(csv).map_err(|error| broken(found, error))?;
                let number = self.compiler.source(&found.name, Authority::Origin);
                self.compiler.set_scores(number, &scores);
            }
        }
        Ok(())
    }

    /// Reads `total` documents in waves, the next one on the other cores while this one is taken in.
    fn waves(
        &mut self,
        found: &FoundSource,
        number: SourceNumber,
        total: usize,
        read: &(impl Fn(usize, usize) -> Vec<Imported> + Sync),
    ) {
        let wave = |start: usize| -> Vec<Vec<Imported>> {
            let end = start.saturating_add(WAVE).min(total);
            let chunks: Vec<usize> = (start..end).step_by(CHUNK).collect();
            chunks
                .into_par_iter()
                .map(|from| read(from, from.saturating_add(CHUNK).min(end)))
                .collect()
        };
        let mut current = wave(0);
        for start in (0..total).step_by(WAVE) {
            let next = start.saturating_add(WAVE);
            (self.progress)(Step {
                source: &found.name,
                done: start as u64,
                total: total as u64,
            });
            let (compiler, rejected) = (&mut self.compiler, &mut self.rejected);
            let ((), following) = rayon::join(
                || {
                    for imported in current.into_iter().flatten() {
                        take(compiler, rejected, found, number, imported);
                    }
                },
                || if next < total { wave(next) } else { Vec::new() },
            );
            current = following;
        }
        (self.progress)(Step {
            source: &found.name,
            done: total as u64,
            total: total as u64,
        });
    }

    fn files(
        &mut self,
        found: &FoundSource,
        number: SourceNumber,
        files: &[PathBuf],
        import: &(impl Fn(Result<Vec<u8>, EntryError>, &str) -> Imported + Sync),
    ) {
        let read = |from: usize, to: usize| {
            let files = files.get(from..to).unwrap_or_default();
            files
                .iter()
                .map(|path| {
                    let inside = path.strip_prefix(&found.path).unwrap_or(path);
                    if matches!(found.kind, SourceKind::RustsecFiles(_)) && inside.starts_with("rust") {
                        return Imported::Skipped;
                    }
                    // A source that is one file is named as it was given.
                    let name = if inside.as_os_str().is_empty() {
                        path
                    } else {
                        inside
                    };
                    let name = name.display().to_string();
                    let bytes = match file::read(path, MAX_RECORD) {
                        Ok(Some(bytes)) => Ok(bytes),
                        Ok(None) => Err(EntryError::TooLarge(MAX_RECORD)),
                        Err(error) => Err(error.source.into()),
                    };
                    import(bytes, &name)
                })
                .collect()
        };
        self.waves(found, number, files.len(), &read);
    }

    fn rustsec_tar(
        &mut self,
        found: &FoundSource,
        number: SourceNumber,
        tar: Box<dyn Read>,
    ) -> Result<(), BuildError> {
        let failed = |error: std::io::Error| broken(found, error);
        let mut archive = tar::Archive::new(Within::new(tar, MAX_TAR));
        let mut seen = 0u64;
        for (count, entry) in archive.entries().map_err(failed)?.enumerate() {
            if count >= MAX_ENTRIES {
                return Err(broken(found, ArchiveError::TooManyEntries));
            }
            let mut entry = entry.map_err(failed)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if !entry.header().entry_type().is_file() || !is_rustsec(Path::new(&name)) {
                continue;
            }
            let collection = name.rsplit('/').nth(2).unwrap_or_default();
            let imported = if collection == "crates" {
                let size = entry.size();
                rustsec(bounded(&mut entry, size, MAX_RECORD), &name)
            } else {
                Imported::Skipped
            };
            take(&mut self.compiler, &mut self.rejected, found, number, imported);
            seen = seen.saturating_add(1);
        }
        (self.progress)(Step {
            source: &found.name,
            done: seen,
            total: seen,
        });
        if seen == 0 {
            return Err(broken(found, SourceError::NoRustsec));
        }
        Ok(())
    }
}

fn osv(json: Result<Vec<u8>, EntryError>, name: &str) -> Imported {
    match json {
        Ok(json) => of_osv(Ok(&json), name),
        Err(error) => of_osv(Err(Spoilt { error, bytes: &[] }), name),
    }
}

/// What a document of an export is, whether it could be unpacked or not.
pub(super) fn of_osv(json: Result<&[u8], Spoilt<'_>>, name: &str) -> Imported {
    let packages = |bytes| import::packages::of_osv(bytes);
    match json {
        Ok(json) => guarded(|| import::osv::read(json, name))
            .unwrap_or_else(|| unread(name, BUG.to_owned(), packages(json))),
        Err(Spoilt { error, bytes }) => unread(name, error.to_string(), packages(bytes)),
    }
}

fn rustsec(markdown: Result<Vec<u8>, EntryError>, name: &str) -> Imported {
    let packages = || import::packages::of_rustsec(name);
    match markdown {
        Ok(markdown) => guarded(|| import::rustsec::read(&markdown, name))
            .unwrap_or_else(|| unread(name, BUG.to_owned(), packages())),
        Err(error) => unread(name, error.to_string(), packages()),
    }
}

const BUG: &str = "a bug in lockkeeper";

/// A bug that one document brings out, here or in a library, must not cost the others.
fn guarded(import: impl FnOnce() -> Imported) -> Option<Imported> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(import)).ok()
}

fn unread(name: &str, reason: String, packages: Vec<(Ecosystem, String)>) -> Imported {
    Imported::Rejected(Rejected {
        name: name.to_owned(),
        reason,
        packages,
    })
}

fn take(
    compiler: &mut Compiler,
    named: &mut Vec<(String, Rejected)>,
    found: &FoundSource,
    number: SourceNumber,
    imported: Imported,
) {
    match compiler.add(number, imported) {
        Added::Rejected(rejected) => {
            if named.iter().filter(|(source, _)| *source == found.name).count() < MAX_NAMED {
                named.push((found.name.clone(), rejected));
            }
        }
        Added::Record | Added::Superseded | Added::Withdrawn | Added::Skipped => {}
    }
}

fn broken(found: &FoundSource, error: impl Into<SourceError>) -> BuildError {
    BuildError::Broken {
        path: found.path.clone(),
        source: error.into(),
    }
}
