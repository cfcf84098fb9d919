//! `db update`: brings an index up to date over the web, fetching only what changed.
//!
//! What was fetched when lies in the index's own notes ([`state`]); the list of changes of each ecosystem is held
//! against what the index has ([`plan`]), what differs is fetched ([`fetch`]) and taken in ([`apply`]). Several
//! addresses are tried in order, each for the whole update. The old index stays in place until the new one is
//! complete, and one update at a time works in a folder. A publication ([`publication`]) is not followed record by
//! record: the files of the ecosystems that are wanted are fetched, held against its manifest and put together.

mod apply;
mod base;
mod exploitation;
mod export_zip;
mod fetch;
mod origin;
mod plan;
mod publication;
mod state;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::advisory::{Compiler, Facts, Index, Loss, OpenError, TooLarge};
use crate::database::archive::ArchiveError;
use crate::database::build::{self, Losses};
use crate::database::signature::PublicKey;
use crate::feed::osv_export::OsvExport;
use crate::sys::file::{self, FileError};
use crate::sys::lock::Lock;
use crate::sys::positional::Positional;
use crate::sys::web::{self, Address, Validator, Web};

pub use apply::Tally;
pub use origin::{BadOrigin, Origin, Signer};
pub use publication::Piece;

use apply::Applying;
use base::{Base, Followed, Loaded};
use fetch::{Fetched, Fetcher, OriginError};
use plan::Backward;
use publication::{Publication, PublicationPlace};

/// What to bring up to date, and from where.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The index; it need not exist.
    pub index: &'r Path,
    /// A folder for unfinished downloads and the lock.
    pub downloads: &'r Path,
    /// OSV's names, without suffixes. Empty: those that the index follows already.
    pub ecosystems: &'r [String],
    /// What is taken where nothing is asked for and there is no index: of a publication, as far as it has them.
    pub usual: &'r [String],
    /// Tried in order.
    pub from: &'r [Origin],
    /// Whose signature a publication must bear.
    pub trust: &'r Trust,
    /// Where CISA's list lies; `None` leaves it as it is.
    pub exploited: Option<Address>,
    /// Where FIRST's scores lie; `None` leaves them as they are.
    pub scores: Option<Address>,
    /// What becomes of an index of which too much could not be read.
    pub losses: Losses,
    /// The time now, which becomes the time of the index.
    pub now: Timestamp,
}

/// Whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// Any of these keys.
    pub keys: Vec<PublicKey>,
    /// Of what.
    pub demanded: Demanded,
}

/// Which publications must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demanded {
    /// Those on the web; whoever can write into a folder of this machine needs no other way in.
    #[default]
    OnTheWeb,
    /// Those in folders too, since somebody said whose they must be.
    Everywhere,
}

/// What is going on, for whoever shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'e> {
    /// Another update has the folder.
    Waiting,
    /// The list of changes of an ecosystem is read.
    Listing {
        /// Whose.
        ecosystem: &'e str,
    },
    /// All records of an ecosystem are fetched.
    Archive {
        /// Whose.
        ecosystem: &'e str,
        /// Bytes so far.
        held: u64,
        /// Bytes in all, if known.
        total: Option<u64>,
    },
    /// Single records are fetched.
    Records {
        /// Of which ecosystem.
        ecosystem: &'e str,
        /// So many are there.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// A ready-made index is fetched.
    Index {
        /// Bytes so far.
        held: u64,
        /// Bytes in all, if known.
        total: Option<u64>,
    },
    /// KEV or EPSS is fetched.
    Document {
        /// Which.
        name: &'static str,
    },
    /// The index is written.
    Compiling,
}

/// Hears what is going on.
pub trait Progress: Send + Sync {
    /// It comes often; show it at leisure.
    fn report(&self, event: &Event<'_>);
}

/// Nobody wants to know.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn report(&self, _: &Event<'_>) {}
}

/// An update that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The address that gave it, without secrets.
    pub from: String,
    /// What became of each ecosystem, in the order asked; empty for a ready-made index.
    pub ecosystems: Vec<(String, Tally)>,
    /// What is in the index now; `None` for a ready-made one.
    pub facts: Option<Facts>,
    /// The files of a publication that the index is made of; empty for anything else, and if the index was so already.
    pub pieces: Vec<Piece>,
    /// What a person should know, one sentence each.
    pub warnings: Vec<String>,
}

/// Why no update was made. The old index is still in place.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Neither the caller nor the index names an ecosystem.
    #[error("no ecosystem to update")]
    NoEcosystem,
    /// There is a file that must not be replaced.
    #[error("{}: {reason}", path.display())]
    NotReplaceable {
        /// The index's path.
        path: PathBuf,
        /// It belongs to a newer program, or is no index.
        reason: OpenError,
    },
    /// No address gave what was needed.
    #[error("{}", list(.0))]
    NoOrigin(Vec<FailedOrigin>),
    /// Too much of a source or an ecosystem could not be read.
    #[error("{} could not be read{}", build::list(losses), rejected.as_ref().map_or_else(String::new, |first| format!(" ({first})")))]
    Lost {
        /// Of what, and how much.
        losses: Vec<Loss>,
        /// The first document that could not be read, with the reason.
        rejected: Option<String>,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// An archive that was read once cannot be read again.
    #[error("{}: is no zip that can be read: {source}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why not.
        source: ArchiveError,
    },
    /// A file of a publication that was verified cannot be read again.
    #[error("{}: {source}", path.display())]
    Piece {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: OpenError,
    },
    /// The new index would be too large.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// An address that gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedOrigin {
    /// The address, without secrets; the message may repeat it.
    pub from: String,
    /// What was wrong, a fragment.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl UpdateError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoEcosystem => "Name the ecosystems to fetch, for example npm or crates.io.".into(),
            Self::NotReplaceable { .. } => {
                "Name another file with --db, update lockkeeper, or remove the file.".into()
            }
            Self::NoOrigin(all) => match all.last() {
                Some(last) => format!("{} The old index, if there is one, is still in place.", last.hint),
                None => "Name an address with --from.".into(),
            },
            Self::File(error) if error.source.kind() == std::io::ErrorKind::TimedOut => {
                "Wait until the other one is done, or end it; then run this again.".into()
            }
            Self::File(_) => "Check that the folder can be written and has room.".into(),
            Self::Lost { .. } => {
                "Update lockkeeper, which may be too old for these records, or take what can be read with \
                `lockkeeper db update --allow-rejected`."
                    .into()
            }
            Self::Archive { .. } | Self::Piece { .. } => "Run it again.".into(),
            Self::TooLarge(_) => "Fetch fewer ecosystems.".into(),
        }
    }
}

fn list(all: &[FailedOrigin]) -> String {
    match all {
        [] => "no address to update from".to_owned(),
        all => all
            .iter()
            .map(|one| one.reason.as_str())
            .collect::<Vec<_>>()
            .join("; "),
    }
}

/// Brings the index up to date.
///
/// # Errors
/// [`UpdateError`]; the old index is still in place then, and what was fetched is kept for the next time.
pub fn update(request: &Request<'_>, web: Web, progress: &dyn Progress) -> Result<Done, UpdateError> {
    file::make_folder(request.downloads)?;
    let _lock = Lock::take(&request.downloads.join("lock"), || {
        progress.report(&Event::Waiting)
    })?;
    let runtime = web::runtime().map_err(|source| FileError {
        path: PathBuf::from("the network"),
        source,
    })?;
    let web = Arc::new(web);
    let mut warnings = Vec::new();
    let base = Base::read(request, &mut warnings)?;
    let job = Job {
        request,
        web,
        progress,
    };
    runtime.block_on(job.run(base, warnings))
}

/// The note that holds an ecosystem's state.
fn note_of(ecosystem: &str) -> String {
    format!("osv/{ecosystem}")
}

struct Job<'j> {
    request: &'j Request<'j>,
    web: Arc<Web>,
    progress: &'j dyn Progress,
}

/// What an address gave.
enum Taken {
    /// What was fetched of each ecosystem, and from which address.
    Records(Vec<Fetched>, Option<Address>),
    /// A ready-made index, verified.
    Index(PathBuf, Option<Validator>),
    /// Files of a publication, verified.
    Publication(Publication),
    /// The ready-made index is the one that we have.
    Same,
}

impl Job<'_> {
    async fn run(&self, mut base: Base, mut warnings: Vec<String>) -> Result<Done, UpdateError> {
        let (origin, taken) = self.take(&mut base, &mut warnings).await?;
        let mut done = Done {
            from: origin.to_string(),
            ecosystems: Vec::new(),
            facts: None,
            pieces: Vec::new(),
            warnings,
        };
        match taken {
            Taken::Same => Ok(done),
            Taken::Index(path, validator) => {
                self.progress.report(&Event::Compiling);
                drop(base);
                origin::install(self.request, origin, &path, validator)?;
                Ok(done)
            }
            Taken::Publication(publication) => {
                self.progress.report(&Event::Compiling);
                done.warnings.extend(publication.lost(&base));
                // The file that is replaced is closed before.
                drop(base);
                done.facts = publication.install(self.request)?;
                done.pieces = publication.pieces;
                Ok(done)
            }
            Taken::Records(fetched, address) => {
                let Loaded {
                    mut compiler,
                    ecosystems,
                } = base.into_loaded(&mut done.warnings);
                let names: Vec<String> = ecosystems.iter().map(|followed| followed.name.clone()).collect();
                for (followed, fetched) in ecosystems.into_iter().zip(fetched) {
                    let mut applying =
                        Applying::new(&mut compiler, &names, self.request.now, address.as_ref());
                    let name = followed.name.clone();
                    done.ecosystems.push((name, applying.take_in(followed, fetched)?));
                }
                let losses = compiler.losses();
                if self.request.losses == Losses::Refused && !losses.is_empty() {
                    let mut first = done.ecosystems.iter().flat_map(|(_, tally)| &tally.rejected);
                    return Err(UpdateError::Lost {
                        losses,
                        rejected: first.next().cloned(),
                    });
                }
                for (name, tally) in &done.ecosystems {
                    done.warnings.extend(tally.warnings(name));
                }
                self.exploited(&mut compiler, &mut done.warnings).await;
                self.scores(&mut compiler, &mut done.warnings).await;
                self.progress.report(&Event::Compiling);
                done.facts = Some(write(self.request, compiler, self.request.now)?);
                // What is in the index need not lie beside it.
                origin::clear(self.request.downloads, &[])?;
                Ok(done)
            }
        }
    }

    /// Takes from the first address that has it all; from one that has only old data, if there is none better.
    async fn take(
        &self,
        base: &mut Base,
        warnings: &mut Vec<String>,
    ) -> Result<(&Origin, Taken), UpdateError> {
        let mut nothing = Vec::new();
        let mut old = Vec::new();
        for origin in self.request.from {
            match self.attempt(origin, base, Backward::Refused, warnings).await {
                Ok(taken) => {
                    warnings.extend(nothing.iter().map(skipped));
                    warnings.extend(origin.warning());
                    return Ok((origin, taken));
                }
                Err(error) => {
                    if matches!(error, OriginError::Behind(_)) {
                        old.push(origin);
                    }
                    nothing.push(error.into_failed(origin));
                }
            }
        }
        for origin in old {
            if let Ok(taken) = self.attempt(origin, base, Backward::Accepted, warnings).await {
                warnings.extend(nothing.iter().map(skipped));
                warnings.extend(origin.warning());
                return Ok((origin, taken));
            }
        }
        Err(UpdateError::NoOrigin(nothing))
    }

    async fn attempt(
        &self,
        origin: &Origin,
        base: &mut Base,
        backward: Backward,
        warnings: &mut Vec<String>,
    ) -> Result<Taken, OriginError> {
        match origin {
            Origin::Export(address) => {
                let export = OsvExport::new(Arc::clone(&self.web), address.clone());
                let fetcher = Fetcher {
                    web: &self.web,
                    export: &export,
                    downloads: self.request.downloads,
                    now: self.request.now,
                    backward,
                    progress: self.progress,
                };
                let loaded = base.load(warnings);
                let mut fetched = Vec::with_capacity(loaded.ecosystems.len());
                for followed in &loaded.ecosystems {
                    fetched.push(fetcher.ecosystem(followed).await?);
                }
                Ok(Taken::Records(fetched, Some(address.clone())))
            }
            Origin::Index(address) => origin::fetch_index(self, address, base, backward).await,
            Origin::Published(address, signer) => {
                publication::take(self, &PublicationPlace::Web(address), signer, base, backward).await
            }
            Origin::Path(path) => match publication::folder(path) {
                Some(folder) => {
                    let place = PublicationPlace::Folder(folder);
                    publication::take(self, &place, &Signer::Trusted, base, backward).await
                }
                None => origin::local(path, base, backward, warnings, self.request.now),
            },
        }
    }
}

fn write(request: &Request<'_>, compiler: Compiler, built: Timestamp) -> Result<Facts, UpdateError> {
    let compiled = compiler.finish(built)?;
    file::replace(request.index, |writer| compiled.write(writer))?;
    Ok(compiled.facts)
}

fn skipped(nothing: &FailedOrigin) -> String {
    format!("{} was passed over: {}.", nothing.from, nothing.reason)
}

fn open(path: &Path) -> Result<Index, OpenError> {
    let file = Positional::open(path).map_err(|error| OpenError::Unreadable(error.to_string()))?;
    Index::open(file)
}
