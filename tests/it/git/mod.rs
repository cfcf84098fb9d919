//! Refs, history and trees, read in process.

pub(crate) mod history;
pub(crate) mod history_links;
pub(crate) mod history_random;
pub(crate) mod lfs;
pub(crate) mod lfs_history;
pub(crate) mod merge;
pub(crate) mod past;
pub(crate) mod reactor_history;
pub(crate) mod refs;
pub(crate) mod refs_named;
