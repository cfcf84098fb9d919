//! Use case: the index is brought up to date, by a command or by a scan that needs it.

use std::path::Path;

use super::{Observer, Session};
use crate::config::trust;
use crate::database::build::Losses;
use crate::database::update::{self, Done, Event, Origin, Progress, Request};
use crate::ecosystem;
use crate::feed::document::{EXPLOIT_PREDICTION, KNOWN_EXPLOITED};
use crate::model::Failure;
use crate::report::phrases::counted;
use crate::sys::web::{Address, Settings, Web};

/// The folder of unfinished downloads and of a publication's files, beside the index.
pub const DOWNLOADS: &str = "downloads";

/// What is fetched, and from where.
#[derive(Debug, Clone)]
pub struct UpdateRequest {
    /// OSV's names; none: what the index follows, else what the program can read.
    pub ecosystems: Vec<String>,
    /// Addresses and paths, tried in this order; none: the public export, with KEV and EPSS from their publishers.
    pub from: Vec<String>,
    /// Public keys, or files of them, that may sign publications; none: those that are configured.
    pub keys: Vec<String>,
    /// How many records may be lost.
    pub losses: Losses,
}

impl Session<'_> {
    /// Brings the index up to date.
    ///
    /// # Errors
    /// A [`Failure`] of usage for a bad address or key, a request for nothing, a file in the way, or where the network is
    /// needed and not to be used; of the feed otherwise.
    pub fn update(&self, request: &UpdateRequest) -> Result<Done, Failure> {
        let from = origins(&request.from)?;
        if self.offline && !from.iter().all(|origin| matches!(origin, Origin::Path(_))) {
            return Err(Failure::usage(
                "an update needs the network, and --offline forbids it",
                "Leave --offline out, take it from a folder with --from, or build the advisory database from files with `lockkeeper db build`.",
            ));
        }
        // Where a mirror is named, nobody else is asked.
        let public = |address: &str| {
            let is_public = request.from.is_empty();
            is_public.then(|| Address::parse(address).ok()).flatten()
        };
        let path = self.location.path.as_path();
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let usual: Vec<String> = ecosystem::usual().map(ToString::to_string).collect();
        let request = Request {
            index: path,
            downloads: &folder.join(DOWNLOADS),
            ecosystems: &request.ecosystems,
            usual: &usual,
            from: &from,
            trust: &trust::trust(&request.keys)?,
            exploited: public(KNOWN_EXPLOITED.address),
            scores: public(EXPLOIT_PREDICTION.address),
            losses: request.losses,
            now: self.now,
        };
        let named = from
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let start = match request.ecosystems {
            [] => format!("fetching the advisory database from {named}"),
            ecosystems => format!("fetching advisories of {} from {named}", ecosystems.join(", ")),
        };
        self.observer.note(&start);
        self.observer.working(&start);
        let web = Web::new(Settings::default()).on_silence(self.observer.silence());
        let done = update::update(&request, web, &Shown(self.observer));
        self.observer.finished();
        if let Ok(done) = &done {
            self.observer.note(&match &done.facts {
                Some(facts) => format!(
                    "fetched {}",
                    counted(facts.records as usize, "advisory", "advisories")
                ),
                None => "the advisory database is up to date".to_owned(),
            });
        }
        done.map_err(|failure| match failure {
            update::UpdateError::NoEcosystem | update::UpdateError::NotReplaceable { .. } => {
                Failure::usage(failure.to_string(), failure.hint())
            }
            update::UpdateError::NoOrigin(_)
            | update::UpdateError::Lost { .. }
            | update::UpdateError::File(_)
            | update::UpdateError::Archive { .. }
            | update::UpdateError::Piece { .. }
            | update::UpdateError::TooLarge(_) => Failure::remote(failure.to_string(), failure.hint()),
        })
    }
}

/// Progress, shown by the session's observer.
struct Shown<'o>(&'o dyn Observer);

impl Progress for Shown<'_> {
    fn report(&self, event: &Event<'_>) {
        self.0.progress(event);
    }
}

/// The addresses to try, in order; the usual ones if none is given.
fn origins(from: &[String]) -> Result<Vec<Origin>, Failure> {
    let texts: Vec<&str> = match from {
        [] => trust::usual_addresses(),
        from => from.iter().map(String::as_str).collect(),
    };
    let origin = |text: &str| {
        Origin::parse(text).map_err(|error| {
            Failure::usage(
                format!("--from: {error}"),
                "Give an https address of a publication (…/lockkeeper-index.json), of an advisory database (….lkdb) or of an OSV export, or a path.",
            )
        })
    };
    texts.into_iter().map(origin).collect()
}
