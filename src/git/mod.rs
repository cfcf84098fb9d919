//! Git repositories, read in process; no program is started.
//!
//! [`Repository`] is opened where `discovery` finds it. `odb` reads objects, of the clone and of its [`remote`]. Above them:
//! `index` what is tracked and [`staged`], [`refs`] what could be a release line, [`history`] revisions, parents and merge
//! bases, [`merge`] three-way merges of trees, [`listing`] the lockfiles of many commits with each tree read once, [`commit_tree`] the files of one commit,
//! [`line_history`] which commit introduced or removed something, and [`containing`] which tags contain a commit.

mod blob_cache;
mod commit;
mod commit_reader;
mod commit_text;
pub mod commit_tree;
pub mod containing;
mod discovery;
mod entry;
mod error;
pub mod file_list;
pub mod history;
mod index;
mod lfs;
pub mod line_history;
mod links;
pub mod listing;
pub mod merge;
mod merge_base;
mod odb;
mod presence;
pub mod refs;
mod reftable;
pub mod remote;
mod repository;
pub mod staged;
pub mod tree_listing;

pub use commit_text::{Beyond, CommitText};
pub use entry::{ObjectId, Tracked, TrackedKind, blob_id};
pub use error::{GitError, RemoteError};
pub use links::End;
pub use repository::{Head, Repository};
