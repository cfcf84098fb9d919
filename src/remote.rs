//! Use case: a shallow clone and its forge as one repository. What the clone lacks of refs, trees and files is read through
//! the forge's API, so that every release line can be judged from a checkout of one.
//!
//! Each tree is requested once and as a whole; it and every file are verified against their ids. A forge that does not
//! answer is not asked again.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::forge::{ApiError, Entry, EntryKind, Forge, ForgeError};
use crate::git::refs::is_ref_name;
use crate::git::remote::{Object, ObjectKind, Remote, RemoteRefs};
use crate::git::tree_listing::{ListedFile, ListingError, trees};
use crate::git::{RemoteError, TrackedKind};
use crate::sys::clock::Stopwatch;

/// A repository at its forge.
pub struct ForgeRemote {
    forge: Box<dyn Forge>,
    /// There until it is dropped.
    runtime: Option<Runtime>,
    /// A longer file is not read, in bytes.
    limit: u64,
    known: Mutex<Known>,
    /// All requests together take at most this long …
    time: Duration,
    /// … from here on.
    begun: Stopwatch,
}

/// Requests to one forge together take at most this long.
const MAX_TIME: Duration = Duration::from_secs(300);

#[derive(Default)]
struct Known {
    /// Tips of refs.
    commits: HashSet<String>,
    /// Trees of commits, which were not requested yet.
    roots: HashSet<String>,
    /// Trees, as git writes them.
    trees: HashMap<String, Vec<u8>>,
    /// Files of those trees.
    blobs: HashSet<String>,
    /// Why nothing more is requested.
    silent: Option<RemoteError>,
}

/// Why a forge does not give what a clone lacks.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{0}. {hint}", hint = .0.hint())]
    Forge(#[source] ForgeError),
    #[error("it took more than {} s", .0.as_secs())]
    TooLong(Duration),
    #[error("the forge is not asked any more")]
    Closed,
    #[error("it names a ref that git would not")]
    RefName,
    #[error(transparent)]
    Listing(#[from] ListingError),
}

impl From<FetchError> for RemoteError {
    fn from(error: FetchError) -> Self {
        Self::new(error)
    }
}

impl ForgeRemote {
    /// Reads through `forge`, files up to `limit` bytes.
    #[must_use]
    pub fn new(forge: Box<dyn Forge>, runtime: Runtime, limit: u64) -> Self {
        Self {
            forge,
            runtime: Some(runtime),
            limit,
            known: Mutex::new(Known::default()),
            time: MAX_TIME,
            begun: Stopwatch::start(),
        }
    }

    /// Waits for an answer. No lock is held meanwhile, so that several threads may wait.
    fn wait<T>(&self, answer: impl Future<Output = Result<T, ForgeError>>) -> Result<T, RemoteError> {
        if let Some(error) = self.with(|known| known.silent.clone()) {
            return Err(error);
        }
        let Some(runtime) = &self.runtime else {
            return Err(FetchError::Closed.into());
        };
        let left = self.time.saturating_sub(self.begun.elapsed());
        let answer = runtime.block_on(async { tokio::time::timeout(left, answer).await });
        let (error, is_final) = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => {
                let is_final = matches!(
                    error.error,
                    ApiError::Http(_)
                        | ApiError::RateLimited { .. }
                        | ApiError::Unauthorized
                        | ApiError::Server { .. }
                );
                (FetchError::Forge(error), is_final)
            }
            Err(_) => (FetchError::TooLong(MAX_TIME), true),
        };
        let error = RemoteError::from(error);
        if is_final {
            self.with(|known| known.silent.get_or_insert_with(|| error.clone()).clone());
        }
        Err(error)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Requests every tree below `root`.
    fn fetch_trees(&self, root: &str) -> Result<(), RemoteError> {
        let entries = self.wait(self.forge.tree(root))?;
        let listing = listed(entries);
        let written = trees(root, &listing).map_err(FetchError::from)?;
        self.with(|known| {
            known.trees.extend(written);
            let files = listing
                .into_iter()
                .filter(|entry| entry.kind != TrackedKind::Submodule);
            known.blobs.extend(files.map(|file| file.id));
            known.roots.remove(root);
        });
        Ok(())
    }
}

impl Drop for ForgeRemote {
    fn drop(&mut self) {
        // A name that is still being looked up must not keep the program.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What is known of an object before it is requested.
enum Lead {
    Commit,
    Root,
    Tree(Vec<u8>),
    Blob,
    Nothing,
}

impl Remote for ForgeRemote {
    fn refs(&self) -> Result<RemoteRefs, RemoteError> {
        let default = self.wait(self.forge.access())?.default_branch;
        let mut refs = Vec::new();
        for found in self.wait(self.forge.refs())? {
            if !is_ref_name(&found.name) {
                return Err(FetchError::RefName.into());
            }
            let committed = match found.committed {
                Some(committed) => committed,
                None => self.wait(self.forge.commit(&found.commit))?.committed,
            };
            refs.push((found.name, found.commit, committed));
        }
        self.with(|known| {
            known
                .commits
                .extend(refs.iter().map(|(_, commit, _)| commit.clone()));
        });
        Ok(RemoteRefs {
            refs,
            default: Some(default),
        })
    }

    fn allow(&self, id: &str, kind: ObjectKind) {
        self.with(|known| match kind {
            ObjectKind::Blob => {
                known.blobs.insert(id.to_owned());
            }
            ObjectKind::RootTree => {
                if !known.trees.contains_key(id) {
                    known.roots.insert(id.to_owned());
                }
            }
        });
    }

    fn object(&self, id: &str) -> Result<Option<Object>, RemoteError> {
        let lead = self.with(|known| {
            if let Some(tree) = known.trees.get(id) {
                Lead::Tree(tree.clone())
            } else if known.roots.contains(id) {
                Lead::Root
            } else if known.commits.contains(id) {
                Lead::Commit
            } else if known.blobs.contains(id) {
                Lead::Blob
            } else {
                Lead::Nothing
            }
        });
        match lead {
            Lead::Tree(tree) => Ok(Some(Object::Tree(tree))),
            Lead::Commit => {
                let commit = self.wait(self.forge.commit(id))?;
                self.with(|known| {
                    if !known.trees.contains_key(&commit.tree) {
                        known.roots.insert(commit.tree.clone());
                    }
                });
                Ok(Some(Object::commit(
                    &commit.tree,
                    &commit.parents,
                    commit.committed,
                )))
            }
            Lead::Root => {
                self.fetch_trees(id)?;
                Ok(self.with(|known| known.trees.get(id).cloned()).map(Object::Tree))
            }
            Lead::Blob => {
                let bytes = self.wait(self.forge.blob(id, self.limit))?;
                Ok(Some(Object::Blob(bytes)))
            }
            Lead::Nothing => Ok(None),
        }
    }
}

/// The entries of a tree, as [`trees`] takes them.
#[must_use]
pub fn listed(entries: Vec<Entry>) -> Vec<ListedFile> {
    let kind = |kind: EntryKind| match kind {
        EntryKind::File => (TrackedKind::File, false),
        EntryKind::Program => (TrackedKind::File, true),
        EntryKind::Link => (TrackedKind::Link, false),
        EntryKind::Submodule => (TrackedKind::Submodule, false),
    };
    let entries = entries.into_iter();
    let listing = entries.map(|entry| {
        let (kind, is_program) = kind(entry.kind);
        ListedFile {
            path: entry.path,
            kind,
            is_program,
            id: entry.id,
        }
    });
    listing.collect()
}

/// A forge that no request can be sent to, and why.
pub struct Unreachable(pub RemoteError);

impl Remote for Unreachable {
    fn refs(&self) -> Result<RemoteRefs, RemoteError> {
        Err(self.0.clone())
    }

    fn object(&self, _: &str) -> Result<Option<Object>, RemoteError> {
        Err(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use super::*;
    use crate::forge::{RepositoryName, Site, gitea};
    use crate::sys::web::{self, Address, Web};

    /// A forge that nothing is sent to.
    fn remote() -> ForgeRemote {
        let site = Site {
            web: Arc::new(Web::new(web::Settings::default())),
            api: Address::parse("http://127.0.0.1:9/api/v1").expect("an address"),
            graphql: None,
            repository: RepositoryName::parse("acme/shop").expect("a name"),
            token: None,
        };
        let forge = (gitea::KIND.connect)(site).expect("a forge");
        ForgeRemote::new(forge, web::runtime().expect("a runtime"), 1)
    }

    #[test]
    fn everything_that_is_read_through_a_forge_has_one_end() {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut remote = remote();
            assert_eq!(remote.wait(std::future::ready(Ok(1))), Ok(1));
            remote.time = Duration::ZERO;
            let late = remote.wait(std::future::pending::<Result<(), ForgeError>>());
            // Nothing more is asked, whatever would answer.
            let after = remote.wait(std::future::ready(Ok(())));
            drop(sender.send((late, after)));
        });
        let (late, after) = receiver
            .recv_timeout(Duration::from_secs(20))
            .expect("it does not wait for ever");
        let late = late.map_err(|error| error.to_string());
        assert_eq!(late, Err("it took more than 300 s".to_owned()));
        let after = after.map_err(|error| error.to_string());
        assert_eq!(after, late);
    }

    #[test]
    fn a_forge_that_fails_is_not_asked_again_and_one_that_refuses_is() {
        let fails = |error: ApiError| {
            let remote = remote();
            let error = ForgeError {
                doing: "reading",
                needs: None,
                error,
            };
            assert!(remote.wait(std::future::ready(Err::<(), _>(error))).is_err());
            remote.wait(std::future::ready(Ok(()))).is_err()
        };
        assert!(fails(ApiError::Unauthorized));
        assert!(fails(ApiError::Server {
            code: 503,
            message: String::new()
        }));
        assert!(!fails(ApiError::Unreadable("no answer".into())));
    }
}
