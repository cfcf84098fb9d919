//! The pages of a forge that a report of a job links to: the run, and files at their commits.

use super::places;
use crate::model::{Finding, Target};

/// Where a job's run and files are shown; nothing for a report that is no job's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobPages {
    /// The page of the run.
    pub run: Option<String>,
    /// What precedes the id in the address of a commit: `https://forge.example/acme/app/commit/`.
    pub commits: Option<String>,
    /// What precedes a commit in the address of a file: `https://forge.example/acme/app/blob/`.
    pub files: Option<String>,
    /// The commit of the event, and the ref that it is on: a runner checks it out without a branch.
    pub event: Option<(String, String)>,
}

impl JobPages {
    /// The full name of the ref that was scanned.
    #[must_use]
    pub fn ref_name<'a>(&'a self, target: &'a Target) -> Option<&'a str> {
        let of_event = self
            .event
            .as_ref()
            .filter(|(commit, _)| target.commit.as_ref() == Some(commit));
        target
            .ref_name
            .as_deref()
            .or(of_event.map(|(_, name)| name.as_str()))
    }

    /// The line of the finding in its file at the commit that was scanned; `None` where the file may differ from it.
    #[must_use]
    pub fn line(&self, target: &Target, finding: &Finding) -> Option<String> {
        let commit = target.commit.as_ref().filter(|_| !target.dirty)?;
        let file = places::uri(&places::bytes_in_repository(target, &finding.file));
        let line = finding.place().line;
        Some(format!("{}{commit}/{file}#L{line}", self.files.as_ref()?))
    }
}
