//! Versions of opam packages (OCaml), as opam orders them: Debian's order without epochs.
//!
//! What follows the last hyphen is compared after what is before it. Only a tilde marks what comes before a release: `1.0~rc1` < `1.0`, but
//! `1.0-rc1` > `1.0`.

use std::cmp::Ordering;

use super::grammar::debian;
use super::{Scheme, Unorderable};

/// The order of opam.
#[derive(Debug, Clone, Copy)]
pub struct Opam;

impl Scheme for Opam {
    fn name(&self) -> &'static str {
        "opam"
    }

    fn compare(&self, left: &str, right: &str) -> Result<Ordering, Unorderable> {
        let (version, revision) = read(left)?;
        let (other_version, other_revision) = read(right)?;
        Ok(debian::compare(version, other_version).then_with(|| debian::compare(revision, other_revision)))
    }

    fn is_prerelease(&self, version: &str) -> bool {
        version.contains('~')
    }
}

/// What comes before the last hyphen, and what follows it.
fn read(text: &str) -> Result<(&str, &str), Unorderable> {
    let is_read = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+.~".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_read) {
        return Err(Unorderable::new(text, "opam wants letters, digits and -_+.~"));
    }
    Ok(text.rsplit_once('-').unwrap_or((text, "")))
}
