//! Fetches what an update needs of one ecosystem, from one address. Nothing is changed yet.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::error::OriginError;
use super::export_zip;
use super::plan::{self, Backward, Followed, KnownRecords, Plan};
use super::request::{Event, Progress};
use super::state::State;
use crate::feed::FeedError;
use crate::feed::osv_export::{ARCHIVE_LIMIT, Listing, ListingRow, OsvExport, Reach};
use crate::sys::file;
use crate::sys::web::{Validator, Web, WebError, discard, download};

/// Single records that are fetched at the same time.
const PARALLEL: usize = 16;

/// What was fetched of one ecosystem.
pub(super) enum Fetched {
    /// All its records.
    Archive {
        /// A zip that was read once, to its end.
        path: PathBuf,
        /// Ids that are held and not in it.
        gone: Vec<String>,
        /// Records that were in the folder and are now in that of another ecosystem only.
        moved: Vec<(String, Vec<u8>)>,
    },
    /// What changed.
    Changes(Changes),
}

/// What changed in one ecosystem.
#[derive(Default)]
pub(super) struct Changes {
    /// Records as they are now.
    pub(super) records: Vec<(ListingRow, Vec<u8>)>,
    /// Ids that are no longer listed.
    pub(super) gone: Vec<String>,
    /// Records that are listed for another ecosystem only.
    pub(super) moved: Vec<(String, Vec<u8>)>,
    /// The newest change in the list; `None` if the list is as it was.
    pub(super) newest: Option<Timestamp>,
    /// Everything was compared.
    pub(super) compared: bool,
    /// What the list came with.
    pub(super) listing: Option<Validator>,
}

/// What is needed besides the ecosystem.
pub(super) struct Fetcher<'g> {
    pub(super) web: &'g Web,
    pub(super) export: &'g OsvExport,
    /// Where unfinished downloads are.
    pub(super) downloads: &'g Path,
    pub(super) now: Timestamp,
    pub(super) backward: Backward,
    pub(super) progress: &'g dyn Progress,
}

impl Fetcher<'_> {
    /// Fetches one ecosystem: what changed, or everything.
    pub(super) async fn ecosystem(&self, followed: &Followed) -> Result<Fetched, OriginError> {
        let Followed { name, state, held } = followed;
        let Some(state) = state else {
            return self.archive(name, held).await;
        };
        let reach = plan::reach(state, self.now);
        let listing = match self.listing(name, reach, state).await {
            Ok(Some(listing)) => listing,
            Ok(None) => return Ok(Fetched::Changes(Changes::default())),
            // The archive may be sound all the same, and says more.
            Err(FeedError::Damaged { source, .. }) => {
                tracing::warn!(
                    ecosystem = name,
                    reason = %source,
                    "the list of changes is damaged, fetching everything"
                );
                return self.archive(name, held).await;
            }
            Err(error) => return Err(error.into()),
        };
        let (fetch, gone) = match plan::plan(&listing, reach, state, held, self.backward) {
            Plan::Archive => return self.archive(name, held).await,
            Plan::Behind(newest) => return Err(OriginError::Behind(newest)),
            Plan::Records { fetch, gone } => (fetch, gone),
        };
        Ok(Fetched::Changes(Changes {
            records: self.records(name, fetch).await?,
            moved: self.moved(&gone, held).await?,
            gone,
            newest: listing.rows.iter().map(|row| row.modified).max(),
            compared: reach == Reach::Everything,
            listing: listing.validator,
        }))
    }

    async fn listing(
        &self,
        ecosystem: &str,
        reach: Reach,
        state: &State,
    ) -> Result<Option<Listing>, FeedError> {
        self.progress.report(&Event::Listing { ecosystem });
        let fingerprint = self.export.base().fingerprint();
        let unless = match (reach, &state.listing) {
            (Reach::Since(_), Some((address, validator))) if *address == fingerprint => {
                Some(validator.clone())
            }
            // What was read in part then is to be read whole now.
            (Reach::Since(_) | Reach::Everything, _) => None,
        };
        self.export.listing(ecosystem, reach, unless).await
    }

    async fn archive(&self, ecosystem: &str, held: &KnownRecords) -> Result<Fetched, OriginError> {
        let address = self.export.archive(ecosystem);
        let path = self.downloads.join(format!("{}.part", address.fingerprint()));
        self.progress.report(&Event::Asking {
            address: &address.to_string(),
        });
        let mut report = |held, total| {
            self.progress.report(&Event::Archive {
                ecosystem,
                held,
                total,
            });
        };
        // If what an earlier run left does not fit the rest, it is fetched once more from the start.
        let mut old = matches!(file::kind(&path), Ok(file::FileKind::File(1..)));
        let mut spoilt = false;
        let ids = loop {
            match download(self.web, &address, &path, ARCHIVE_LIMIT, None, &mut report).await {
                Err(error) if error.is_missing() => return Err(self.no_such(ecosystem, error).await),
                Err(error) => return Err(error.into()),
                Ok(_) => {}
            }
            match export_zip::verified(&path) {
                Ok(verified) if verified.spoilt.is_none() || spoilt => break verified.ids,
                // A record that is spoilt a second time is so at the server: it is reported, and the others are taken.
                Ok(_) => {
                    spoilt = true;
                    old = false;
                    drop(discard(&path));
                }
                Err(error) => {
                    drop(discard(&path));
                    if !std::mem::take(&mut old) {
                        return Err(OriginError::Archive(address, error));
                    }
                }
            }
        };
        let gone = held.iter().filter(|(id, known)| known.ours && !ids.contains(*id));
        let mut gone: Vec<String> = gone.map(|(id, _)| id.clone()).collect();
        gone.sort();
        Ok(Fetched::Archive {
            path,
            moved: self.moved(&gone, held).await?,
            gone,
        })
    }

    /// Says which ecosystems there are, if the export lists them.
    async fn no_such(&self, ecosystem: &str, error: WebError) -> OriginError {
        let Ok(names) = self.export.ecosystems().await else {
            return error.into();
        };
        if names.iter().any(|name| name == ecosystem) {
            return error.into();
        }
        let alike = names.iter().find(|name| name.eq_ignore_ascii_case(ecosystem));
        OriginError::Unusable {
            reason: format!("it has no ecosystem `{ecosystem}`"),
            hint: match alike {
                Some(name) => format!("Did you mean `{name}`?"),
                None => format!("Choose among {}.", names.join(", ")),
            },
        }
    }

    /// A record that left the folder may still be in those of its other ecosystems.
    async fn moved(&self, gone: &[String], held: &KnownRecords) -> Result<Vec<(String, Vec<u8>)>, WebError> {
        let mut moved = Vec::new();
        for id in gone {
            for ecosystem in held.get(id).iter().flat_map(|known| &known.elsewhere) {
                if let Some(bytes) = self.export.record(ecosystem, id).await? {
                    moved.push((id.clone(), bytes));
                    break;
                }
            }
        }
        Ok(moved)
    }

    /// Fetches records, several at a time, and returns those that exist in the order of `rows`. One that is
    /// missing although it is listed is left as it is: the list is rewritten later than the records.
    async fn records(
        &self,
        ecosystem: &str,
        rows: Vec<ListingRow>,
    ) -> Result<Vec<(ListingRow, Vec<u8>)>, WebError> {
        let of = rows.len();
        let ecosystem_name: Arc<str> = ecosystem.into();
        let mut waiting = rows.into_iter().enumerate();
        let mut under_way = JoinSet::new();
        let mut fetched = Vec::with_capacity(of);
        for done in 0..=of {
            self.progress.report(&Event::Records { ecosystem, done, of });
            for (number, row) in waiting.by_ref().take(PARALLEL.saturating_sub(under_way.len())) {
                let (export, ecosystem) = (self.export.clone(), Arc::clone(&ecosystem_name));
                under_way.spawn(async move {
                    let record = export.record(&ecosystem, &row.id).await;
                    (number, row, record)
                });
            }
            match under_way.join_next().await {
                None => break,
                Some(Ok((number, row, record))) => {
                    fetched.extend(record?.map(|bytes| (number, row, bytes)));
                }
                // Nobody cancels them, so it panicked.
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        fetched.sort_by_key(|(number, _, _)| *number);
        Ok(fetched.into_iter().map(|(_, row, bytes)| (row, bytes)).collect())
    }
}
