//! `db update`: brings an index up to date over the web, fetching only what changed.
//!
//! What was fetched when is in the index's own notes ([`state`]); the list of changes of each ecosystem is held
//! against what the index has ([`plan`]), what differs is fetched ([`fetch`]) and taken in ([`apply`]). Several
//! addresses are tried in order, each for the whole update. The old index stays in place until the new one is
//! complete, and one update at a time works in a folder. A publication ([`publication`]) is not followed record by
//! record: the files of the ecosystems that are wanted are fetched, held against its manifest and put together.

mod apply;
mod base;
mod error;
mod exploitation;
mod export_zip;
mod fetch;
mod origin;
mod plan;
mod publication;
mod ready_made;
mod request;
mod state;

use std::path::PathBuf;
use std::sync::Arc;

use crate::advisory::Facts;
use crate::database::build::Losses;
use crate::feed::osv_export::OsvExport;
use crate::sys::file::{self, FileError};
use crate::sys::lock::Lock;
use crate::sys::web::{self, Address, Validator, Web};

pub use apply::Tally;
pub use error::{FailedOrigin, KEPT, UpdateError};
pub use origin::{BadOrigin, Origin, Signer};
pub use publication::Piece;
pub use request::{Demanded, Event, Progress, Quiet, Request, Trust};

use apply::Applying;
use base::{Base, Loaded};
use error::OriginError;
use fetch::{Fetched, Fetcher};
use plan::Backward;
use publication::{Publication, PublicationPlace};
use ready_made::Local;
use request::Job;

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

/// Brings the index up to date.
///
/// # Errors
/// [`UpdateError`]; the old index is still in place then, and what was fetched is kept for the next time.
pub fn update(request: &Request<'_>, web: Web, progress: &dyn Progress) -> Result<Done, UpdateError> {
    file::make_folder(request.downloads)?;
    let _lock = Lock::take(&request.downloads.join("lock"), || {
        progress.report(&Event::Waiting {
            folder: request.downloads,
        });
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
                ready_made::install(self.request, origin, &path, validator)?;
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
                done.facts = Some(self.request.write(compiler, self.request.now)?);
                // What is in the index need not be kept beside it.
                self.request.clear_downloads(&[])?;
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
            Origin::Index(address) => {
                let index = ready_made::fetch_index(self, address, base, backward).await?;
                Ok(index.map_or(Taken::Same, |(path, validator)| Taken::Index(path, validator)))
            }
            Origin::Published(address, signer) => {
                let place = PublicationPlace::Web(address);
                let publication = publication::take(self, &place, signer, base, backward).await?;
                Ok(publication.map_or(Taken::Same, Taken::Publication))
            }
            Origin::Path(path) => match publication::folder(path) {
                Some(folder) => {
                    let place = PublicationPlace::Folder(folder);
                    let publication =
                        publication::take(self, &place, &Signer::Trusted, base, backward).await?;
                    Ok(publication.map_or(Taken::Same, Taken::Publication))
                }
                None => Ok(
                    match ready_made::local(path, base, backward, warnings, self.request)? {
                        Local::Index => Taken::Index(path.to_owned(), None),
                        Local::Same => Taken::Same,
                        Local::Records(fetched) => Taken::Records(fetched, None),
                    },
                ),
            },
        }
    }
}

fn skipped(nothing: &FailedOrigin) -> String {
    format!("{} was passed over: {}.", nothing.from, nothing.reason)
}
