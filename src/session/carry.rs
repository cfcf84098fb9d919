//! Use case: what carrying commits to each live release line would do.

use jiff::Timestamp;

use super::{Input, PolicyRequest, trees};
use crate::carry::{self, Carried, Line, Settings};
use crate::config::policy;
use crate::git::GitError;
use crate::git::merge::Workspace;
use crate::model::Failure;
use crate::scan::columns::{are_there, lines};

/// Which commits are to be carried, and to which lines.
#[derive(Debug, Clone, Default)]
pub struct CarryRequest {
    /// The repository.
    pub input: Input,
    /// Comma-separated globs on short names; else the policy chooses.
    pub refs: Option<String>,
    /// Its `lines` and `fix.sign-off` count.
    pub policy: PolicyRequest,
    /// Revisions, in the order in which they are carried.
    pub commits: Vec<String>,
}

/// One line: what carrying came to, or why it could not be looked at.
pub type CarriedLine = (String, Result<Carried, GitError>);

/// A file with more bytes is not merged line by line.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Carries commits to every live branch, in memory. Nothing is written.
///
/// # Errors
/// A [`Failure`] of usage outside of git, for a commit that is not there, and for globs that match nothing.
pub fn carry(request: &CarryRequest, now: Timestamp) -> Result<Vec<CarriedLine>, Failure> {
    let found = trees::one(&request.input)?;
    let policy = policy::effective(&found, &request.policy, None)?.policy;
    let choice = trees::choice(request.refs.as_deref(), &policy);
    let (chosen, refs) = lines(&found, &choice, trees::prefer(), now)?;
    if request.refs.is_some() {
        are_there(&chosen, &[], &refs, &choice)?;
    }
    let repository = found
        .repository
        .as_ref()
        .ok_or_else(|| Failure::usage("commits are carried in a git repository", "Give a folder of one."))?;
    let commits = request
        .commits
        .iter()
        .map(|revision| repository.resolve(revision));
    let commits: Vec<_> = commits.collect::<Result<_, _>>().map_err(|error| {
        let hint = "Give the id of a commit, or fetch the branch that has it.";
        Failure::usage(error.to_string(), hint)
    })?;
    let settings = Settings {
        signer: None,
        signs_off: policy.fix.sign_off,
    };
    let mut carried = Vec::new();
    for line in chosen.live() {
        let Some(name) = line.ref_name.strip_prefix("refs/heads/") else {
            return Err(Failure::usage(
                format!(
                    "{} is no branch, and commits are carried to branches",
                    line.ref_name
                ),
                "Leave it out of `--refs`.",
            ));
        };
        let answer = repository.resolve(&line.commit).and_then(|tip| {
            let line = Line {
                name: name.to_owned(),
                tip,
            };
            let mut workspace = Workspace::new(repository, MAX_BYTES);
            carry::carry(repository, &mut workspace, &commits, &line, &settings)
        });
        carried.push((name.to_owned(), answer));
    }
    Ok(carried)
}
