//! Forges, over real HTTP and git.

pub(crate) mod contract;
pub(crate) mod failures;
pub(crate) mod hostile;
pub(crate) mod series;
pub(crate) mod server_itself;
