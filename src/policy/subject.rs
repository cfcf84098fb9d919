//! What is decided about, and under which circumstances.

use std::cell::OnceCell;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::glob::Globs;
use crate::model::lines::short_name;
use crate::model::{Finding, TreePath};

/// What a decision rests on beside the finding.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The moment that days and grace are counted from.
    pub now: Timestamp,
    /// The full name of the ref; `None` outside git and on a detached head.
    pub ref_name: Option<&'a str>,
    /// Where the root of the target is in its repository: globs are about paths from the top.
    pub prefix: &'a TreePath,
}

impl Circumstances<'_> {
    /// The day of `now`, in UTC.
    pub(super) fn today(&self) -> Date {
        day(self.now)
    }
}

/// The day of `moment`, in UTC.
pub(super) fn day(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

/// A finding under circumstances.
pub(super) struct Subject<'a> {
    finding: &'a Finding,
    circumstances: &'a Circumstances<'a>,
    /// The file from the top of the repository, made when a glob is first asked.
    path: OnceCell<String>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(finding: &'a Finding, circumstances: &'a Circumstances<'a>) -> Self {
        Self {
            finding,
            circumstances,
            path: OnceCell::new(),
        }
    }

    pub(super) fn finding(&self) -> &'a Finding {
        self.finding
    }

    pub(super) fn circumstances(&self) -> &'a Circumstances<'a> {
        self.circumstances
    }

    pub(super) fn path_fits(&self, globs: &Globs) -> bool {
        let path = self.path.get_or_init(|| {
            let file = &self.finding.file;
            let path = self.circumstances.prefix.join(file.as_bytes());
            path.as_ref().unwrap_or(file).display().into_owned()
        });
        globs.match_any(path)
    }

    pub(super) fn short_ref(&self) -> Option<&'a str> {
        self.circumstances.ref_name.map(short_name)
    }
}
