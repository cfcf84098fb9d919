//! What is decided about, and in which context.

use std::cell::OnceCell;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::glob::Globs;
use crate::model::lines::short_name;
use crate::model::{Finding, TreePath};

/// What a decision rests on beside the finding.
#[derive(Debug, Clone, Copy)]
pub struct DecisionContext<'a> {
    /// The moment that days and grace are counted from.
    pub now: Timestamp,
    /// The full name of the ref; `None` outside git and on a detached head.
    pub ref_name: Option<&'a str>,
    /// Where the root of the target is in its repository: globs are about paths from the top.
    pub prefix: &'a TreePath,
}

impl DecisionContext<'_> {
    /// The day of `now`, in UTC.
    pub(super) fn today(&self) -> Date {
        day(self.now)
    }
}

/// The day of `moment`, in UTC.
pub(super) fn day(moment: Timestamp) -> Date {
    moment.to_zoned(TimeZone::UTC).date()
}

/// A finding in its context.
pub(super) struct Subject<'a> {
    finding: &'a Finding,
    context: &'a DecisionContext<'a>,
    /// The file from the top of the repository, made when a glob is first asked.
    path: OnceCell<String>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(finding: &'a Finding, context: &'a DecisionContext<'a>) -> Self {
        Self {
            finding,
            context,
            path: OnceCell::new(),
        }
    }

    pub(super) fn finding(&self) -> &'a Finding {
        self.finding
    }

    pub(super) fn context(&self) -> &'a DecisionContext<'a> {
        self.context
    }

    pub(super) fn path_fits(&self, globs: &Globs) -> bool {
        let path = self.path.get_or_init(|| {
            let file = &self.finding.file;
            let path = self.context.prefix.join(file.as_bytes());
            path.as_ref().unwrap_or(file).display().into_owned()
        });
        globs.match_any(path)
    }

    pub(super) fn short_ref(&self) -> Option<&'a str> {
        self.context.ref_name.map(short_name)
    }
}
