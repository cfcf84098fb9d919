//! `db update`: brings an index up to date over the web, fetching only what changed.
//!
//! What was fetched when lies in the index's own notes ([`state`]); the list of changes of each ecosystem is held
//! against what the index has ([`plan`]), what differs is fetched ([`gather`]) and taken in ([`apply`]). Several
//! addresses are tried in order, each for the whole update. The old index stays in place until the new one is
//! complete, and one update at a time works in a folder.

mod apply;
mod documents;
mod gather;
mod origin;
mod plan;
mod state;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::advisory::{Compiler, Facts, Index, OpenError};
use crate::feed::osv_export::OsvExport;
use crate::sys::file::{self, FileError, Lies};
use crate::sys::lock::Lock;
use crate::sys::positional::Positional;
use crate::sys::web::{Address, Validator, Web};

pub use apply::Tally;
pub use origin::{BadOrigin, Origin};

use apply::Applying;
use gather::{Gathered, Gathering, Miss};
use plan::{Backward, Held};
use state::State;

/// What to bring up to date, and from where.
#[derive(Debug, Clone)]
pub struct Request<'r> {
    /// The index; it need not exist.
    pub index: &'r Path,
    /// A folder for unfinished downloads and the lock.
    pub downloads: &'r Path,
    /// OSV's names, without suffixes. Empty: those that the index follows already.
    pub ecosystems: &'r [String],
    /// Tried in order.
    pub from: &'r [Origin],
    /// Where CISA's list lies; `None` leaves it as it is.
    pub exploited: Option<Address>,
    /// Where FIRST's scores lie; `None` leaves them as they are.
    pub scores: Option<Address>,
    /// The time now, which becomes the time of the index.
    pub now: Timestamp,
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
    fn hear(&self, event: &Event<'_>);
}

/// Nobody wants to know.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Progress for Quiet {
    fn hear(&self, _: &Event<'_>) {}
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
    /// What a person should know, one sentence each.
    pub warnings: Vec<String>,
}

/// Why no update was made. The old index is still in place.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Neither the caller nor the index names an ecosystem.
    #[error("no ecosystem to update")]
    NothingAsked,
    /// There is a file that must not be replaced.
    #[error("{}: {reason}", path.display())]
    InTheWay {
        /// The index's path.
        path: PathBuf,
        /// It belongs to a newer program, or is no index.
        reason: OpenError,
    },
    /// No address gave what was needed.
    #[error("{}", list(.0))]
    Nowhere(Vec<Nothing>),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The new index cannot be written.
    #[error("{0}")]
    Compile(String),
}

/// An address that gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nothing {
    /// The address, without secrets; the message may repeat it.
    pub from: String,
    /// What was wrong, a fragment.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl Failure {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NothingAsked => "Name the ecosystems to fetch, for example npm or crates.io.".into(),
            Self::InTheWay { .. } => {
                "Name another file with --db, update lockkeeper, or remove the file.".into()
            }
            Self::Nowhere(all) => match all.last() {
                Some(last) => format!("{} The old index, if there is one, is still in place.", last.hint),
                None => "Name an address with --from.".into(),
            },
            Self::File(_) => "Check that the folder can be written and has room.".into(),
            Self::Compile(_) => "Fetch fewer ecosystems.".into(),
        }
    }
}

fn list(all: &[Nothing]) -> String {
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
/// [`Failure`]; the old index is still in place then, and what was fetched is kept for the next time.
pub fn update(request: &Request<'_>, web: Web, progress: &dyn Progress) -> Result<Done, Failure> {
    file::make_folder(request.downloads)?;
    let _lock = Lock::take(&request.downloads.join("lock"), || progress.hear(&Event::Waiting))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| FileError {
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

/// The index as it is.
struct Base {
    compiler: Compiler,
    built: Option<Timestamp>,
    digest: Option<String>,
    /// The ecosystems to follow.
    ecosystems: Vec<Followed>,
}

/// One ecosystem as the index has it.
struct Followed {
    name: String,
    state: Option<State>,
    held: Held,
}

/// The note that holds an ecosystem's state.
fn note_of(ecosystem: &str) -> String {
    format!("osv/{ecosystem}")
}

impl Base {
    fn read(request: &Request<'_>, warnings: &mut Vec<String>) -> Result<Self, Failure> {
        let index = match file::look(request.index)? {
            Lies::Nothing => None,
            Lies::File(_) | Lies::Folder | Lies::Other => Some(open(request.index)),
        };
        let in_the_way = |reason| Failure::InTheWay {
            path: request.index.to_owned(),
            reason,
        };
        let mut base = match index {
            None => Self::nothing(),
            Some(Ok(index)) => match Compiler::from_index(&index) {
                Ok(compiler) => Self {
                    compiler,
                    built: Some(index.built()),
                    digest: Some(index.digest().to_owned()),
                    ecosystems: Vec::new(),
                },
                Err(damage) => Self::after_damage(&damage.to_string(), warnings),
            },
            Some(Err(
                error @ (OpenError::NotAnIndex | OpenError::Newer { .. } | OpenError::Unreadable(_)),
            )) => {
                return Err(in_the_way(error));
            }
            Some(Err(error @ (OpenError::CutShort { .. } | OpenError::Damaged { .. }))) => {
                Self::after_damage(&error.to_string(), warnings)
            }
        };
        base.follow(request.ecosystems);
        match base.ecosystems.is_empty() {
            true => Err(Failure::NothingAsked),
            false => Ok(base),
        }
    }

    fn nothing() -> Self {
        Self {
            compiler: Compiler::new(),
            built: None,
            digest: None,
            ecosystems: Vec::new(),
        }
    }

    fn after_damage(damage: &str, warnings: &mut Vec<String>) -> Self {
        warnings.push(format!(
            "The old index was not readable ({damage}), so that everything is fetched anew."
        ));
        Self::nothing()
    }

    fn follow(&mut self, asked: &[String]) {
        let mut names: Vec<String> = match asked.is_empty() {
            true => apply::followed(&self.compiler),
            false => asked.to_vec(),
        };
        names.sort();
        names.dedup();
        let mut held = apply::held(&mut self.compiler, &names);
        for name in names {
            self.ecosystems.push(Followed {
                state: self.compiler.note(&note_of(&name)).and_then(State::of_note),
                held: held.remove(&name).unwrap_or_default(),
                name,
            });
        }
    }
}

struct Job<'j> {
    request: &'j Request<'j>,
    web: Arc<Web>,
    progress: &'j dyn Progress,
}

/// What an address gave.
enum Taken {
    /// What was fetched of each ecosystem, and from which address.
    Records(Vec<Gathered>, Option<Address>),
    /// A ready-made index, verified.
    Index(PathBuf, Option<Validator>),
    /// The ready-made index is the one that we have.
    Same,
}

impl Job<'_> {
    async fn run(&self, base: Base, mut warnings: Vec<String>) -> Result<Done, Failure> {
        let (origin, taken) = self.take(&base, &mut warnings).await?;
        let from = origin.to_string();
        let mut done = Done {
            from,
            ecosystems: Vec::new(),
            facts: None,
            warnings,
        };
        match taken {
            Taken::Same => Ok(done),
            Taken::Index(path, validator) => {
                self.progress.hear(&Event::Compiling);
                drop(base);
                origin::install(self.request, origin, &path, validator)?;
                Ok(done)
            }
            Taken::Records(gathered, address) => {
                let mut compiler = base.compiler;
                let names: Vec<String> = base
                    .ecosystems
                    .iter()
                    .map(|followed| followed.name.clone())
                    .collect();
                for (followed, gathered) in base.ecosystems.into_iter().zip(gathered) {
                    let mut applying =
                        Applying::new(&mut compiler, &names, self.request.now, address.as_ref());
                    let name = followed.name.clone();
                    done.ecosystems
                        .push((name, applying.take_in(followed, gathered)?));
                }
                for (name, tally) in &done.ecosystems {
                    done.warnings.extend(tally.warnings(name));
                }
                self.exploited(&mut compiler, &mut done.warnings).await;
                self.scores(&mut compiler, &mut done.warnings).await;
                self.progress.hear(&Event::Compiling);
                done.facts = Some(self.write(compiler)?);
                // What is in the index need not lie beside it.
                origin::clear(self.request.downloads)?;
                Ok(done)
            }
        }
    }

    /// Takes from the first address that has it all; from one that has only old data, if there is none better.
    async fn take(&self, base: &Base, warnings: &mut Vec<String>) -> Result<(&Origin, Taken), Failure> {
        let mut nothing = Vec::new();
        let mut old = Vec::new();
        for origin in self.request.from {
            match self.attempt(origin, base, Backward::Refused).await {
                Ok(taken) => {
                    warnings.extend(nothing.iter().map(skipped));
                    warnings.extend(origin.warning());
                    return Ok((origin, taken));
                }
                Err(miss) => {
                    if matches!(miss, Miss::Behind(_)) {
                        old.push(origin);
                    }
                    nothing.push(miss.told(origin));
                }
            }
        }
        for origin in old {
            if let Ok(taken) = self.attempt(origin, base, Backward::Accepted).await {
                warnings.extend(nothing.iter().map(skipped));
                warnings.extend(origin.warning());
                return Ok((origin, taken));
            }
        }
        Err(Failure::Nowhere(nothing))
    }

    async fn attempt(&self, origin: &Origin, base: &Base, backward: Backward) -> Result<Taken, Miss> {
        match origin {
            Origin::Export(address) => {
                let export = OsvExport::new(Arc::clone(&self.web), address.clone());
                let gathering = Gathering {
                    web: &self.web,
                    export: &export,
                    downloads: self.request.downloads,
                    now: self.request.now,
                    backward,
                    progress: self.progress,
                };
                let mut gathered = Vec::with_capacity(base.ecosystems.len());
                for followed in &base.ecosystems {
                    gathered.push(gathering.ecosystem(followed).await?);
                }
                Ok(Taken::Records(gathered, Some(address.clone())))
            }
            Origin::Index(address) => origin::fetch_index(self, address, base, backward).await,
            Origin::Path(path) => origin::local(path, base, backward),
        }
    }

    fn write(&self, compiler: Compiler) -> Result<Facts, Failure> {
        let compiled = compiler
            .finish(self.request.now)
            .map_err(|error| Failure::Compile(error.to_string()))?;
        file::replace(self.request.index, |writer| compiled.write(writer))?;
        Ok(compiled.facts)
    }
}

fn skipped(nothing: &Nothing) -> String {
    format!("{} was passed over: {}.", nothing.from, nothing.reason)
}

fn open(path: &Path) -> Result<Index, OpenError> {
    let file = Positional::open(path).map_err(|error| OpenError::Unreadable(error.to_string()))?;
    Index::open(file)
}
