//! lockkeeper reads every lockfile of a repository, matches it against an advisory index and says
//! whether the release may go out.

pub mod advisory;
pub mod ecosystem;
pub mod feed;
pub mod lockfile;
pub mod model;
pub mod report;
pub mod sys;
pub mod text;
pub mod version;
pub mod wire;
