//! The step on GitHub and its siblings.

pub(crate) mod backports;
pub(crate) mod carries;
pub(crate) mod elsewhere;
pub(crate) mod events;
pub(crate) mod forge;
pub(crate) mod merge_group;
pub(crate) mod pull_requests;
pub(crate) mod recorded;
pub(crate) mod step;
pub(crate) mod workflows;
