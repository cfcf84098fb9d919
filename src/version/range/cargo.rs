//! Requirements of Cargo, read and decided by the crate that Cargo itself does it with: `^1.2` is what a bare `1.2`
//! means, `~`, `=`, `>`, `>=`, `<`, `<=`, `1.*`, and commas for "and".
//!
//! Build metadata has no part in it. A pre-release is in a requirement only where one of its bounds is a pre-release of
//! the same three numbers, so that even `*` has none. More than 32 bounds are refused.

use semver::{Version, VersionReq};

use super::{BadRange, RangeSyntax};
use crate::version::Unorderable;

/// The requirements of `Cargo.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Cargo;

impl RangeSyntax for Cargo {
    fn name(&self) -> &'static str {
        "cargo"
    }

    fn contains(&self, range: &str, version: &str) -> Result<bool, BadRange> {
        let requirement =
            VersionReq::parse(range).map_err(|error| BadRange::unreadable(range, error.to_string()))?;
        let version = Version::parse(version)
            .map_err(|_| Unorderable::new(version, "not a version of three numbers (SemVer 2.0.0)"))?;
        Ok(requirement.matches(&version))
    }
}
