//! What several schemes read in the same way: no scheme of its own, hence no file beside them.

pub(super) mod debian;
pub(super) mod digits;
pub(super) mod semver;
