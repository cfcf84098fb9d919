//! Forges: where a repository is hosted, and where findings are reported. One file per kind of forge, each a [`Forge`].
//!
//! - `github.rs`: github.com, GitHub Enterprise Cloud and Server, through `octocrab`;
//! - `gitea.rs`: Gitea and Forgejo.
//!
//! [`resource`] has what the API reads and writes, [`error`] its errors and what a person does about them, `rest` and
//! `response` what the REST APIs have in common, and `client` how a request is sent: reads are retried, writes go one after
//! the other at least a second apart, and a rate limit is waited for as long as the forge asks.
//!
//! Addresses and the token come from the caller. Text of a forge is untrusted.

mod client;
pub mod error;
pub mod gitea;
pub mod github;
pub mod pages;
pub mod resource;
mod response;
mod rest;

use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;

use crate::sys::web::{Address, Web};
pub use error::{ApiError, ForgeError, Permission};
pub use resource::{
    Access, Author, Change, Comment, Commit, Entry, EntryKind, Issue, IssueState, Label, NewCommit, NewEntry,
    PathChange, Processing, Pull, PullDetails, PullDraft, Readiness, RemoteRef, RepositoryName, Runs,
    SarifUpload, Series, TokenKind, Visibility,
};

/// A response that is on its way.
pub type ForgeFuture<'f, T> = Pin<Box<dyn Future<Output = Result<T, ForgeError>> + Send + 'f>>;

/// One repository on a forge.
///
/// Every function needs a tokio runtime with its timer on. A write is not retried where the forge may have done it already;
/// calling the function again finds what was done.
pub trait Forge: Send + Sync {
    /// The kind of forge.
    fn kind(&self) -> &'static Kind;

    /// Who asks, and what the repository lets them do.
    fn access(&self) -> ForgeFuture<'_, Access>;

    /// Every branch and every tag, with its commit.
    fn refs(&self) -> ForgeFuture<'_, Vec<RemoteRef>>;

    /// A commit.
    fn commit<'f>(&'f self, id: &'f str) -> ForgeFuture<'f, Commit>;

    /// Every entry below a tree, folders left out, paths counted from that tree.
    fn tree<'f>(&'f self, id: &'f str) -> ForgeFuture<'f, Vec<Entry>>;

    /// The bytes of a file, at most `limit` of them.
    fn blob<'f>(&'f self, id: &'f str, limit: u64) -> ForgeFuture<'f, Vec<u8>>;

    /// Hands in a SARIF document for a ref, and gives the name of what becomes of it.
    fn upload_sarif<'f>(&'f self, upload: &'f SarifUpload) -> ForgeFuture<'f, String>;

    /// What became of an upload.
    fn processing<'f>(&'f self, upload: &'f str) -> ForgeFuture<'f, Processing>;

    /// The oldest comment of our own on the issue or pull request `number` whose text begins with `marker`.
    fn find_comment<'f>(&'f self, number: u64, marker: &'f str) -> ForgeFuture<'f, Option<Comment>>;

    /// Adds a comment.
    fn add_comment<'f>(&'f self, number: u64, body: &'f str) -> ForgeFuture<'f, Comment>;

    /// Replaces the text of a comment.
    fn edit_comment<'f>(&'f self, comment: &'f Comment, body: &'f str) -> ForgeFuture<'f, ()>;

    /// Minimizes a comment, or shows it again. Nothing happens on a forge that cannot.
    fn set_visibility<'f>(&'f self, comment: &'f Comment, shown: Visibility) -> ForgeFuture<'f, ()>;

    /// The issues of our own whose text begins with `marker`, under `label` or open without it: open ones first, then the
    /// newest.
    fn find_issues<'f>(&'f self, marker: &'f str, label: &'f str) -> ForgeFuture<'f, Vec<Issue>>;

    /// Opens an issue under labels that exist.
    fn add_issue<'f>(&'f self, title: &'f str, body: &'f str, labels: &'f [String])
    -> ForgeFuture<'f, Issue>;

    /// Replaces title, text and state of an issue.
    fn edit_issue<'f>(
        &'f self,
        number: u64,
        title: &'f str,
        body: &'f str,
        state: IssueState,
    ) -> ForgeFuture<'f, Issue>;

    /// Makes a label, if there is none of that name.
    fn make_label<'f>(&'f self, label: &'f Label) -> ForgeFuture<'f, ()>;

    /// Puts labels that exist on an issue or pull request, beside those that it has.
    fn add_labels<'f>(&'f self, number: u64, labels: &'f [String]) -> ForgeFuture<'f, ()>;

    /// The commit at the tip of a branch.
    fn branch<'f>(&'f self, branch: &'f str) -> ForgeFuture<'f, Option<String>>;

    /// Makes a branch at a commit; a branch of that name that is somewhere else is a conflict.
    fn make_branch<'f>(&'f self, branch: &'f str, commit: &'f str) -> ForgeFuture<'f, ()>;

    /// Moves a branch that is at the commit `from` to the commit `to`, whichever it is; a branch that is somewhere else is a
    /// conflict.
    fn move_branch<'f>(&'f self, branch: &'f str, from: &'f str, to: &'f str) -> ForgeFuture<'f, ()>;

    /// Removes a branch; one that is not there is fine.
    fn remove_branch<'f>(&'f self, branch: &'f str) -> ForgeFuture<'f, ()>;

    /// Puts one commit on a branch whose tip is [`Change::parent`], and gives its id. A branch that moved on is a conflict.
    fn commit_files<'f>(&'f self, change: &'f Change) -> ForgeFuture<'f, String>;

    /// Has a branch be a series of commits, and gives the id of the last one. A branch that is not where it must be is a conflict,
    /// and stays as it is. What a forge cannot write (a link, a submodule) is an error, and nothing of the branch is changed.
    fn put_series<'f>(&'f self, series: &'f Series) -> ForgeFuture<'f, String>;

    /// A pull request, of a fork too.
    fn pull(&self, number: u64) -> ForgeFuture<'_, PullDetails>;

    /// The ids of the commits of a pull request, in order; a forge gives at most some hundred.
    fn pull_commits(&self, number: u64) -> ForgeFuture<'_, Vec<String>>;

    /// The document of an advisory about the repository, published or not; `None` where there is none that the token may see, and on
    /// a forge that has no advisories.
    fn advisory<'f>(&'f self, id: &'f str) -> ForgeFuture<'f, Option<Vec<u8>>>;

    /// Whether an account may write to the repository.
    fn may_write<'f>(&'f self, login: &'f str) -> ForgeFuture<'f, bool>;

    /// The pull requests from `branch` of this repository into `base`, open and closed, the newest first. A forge that cannot
    /// be asked for a branch gives of the closed ones only those among the hundred that changed last.
    fn find_pulls<'f>(&'f self, branch: &'f str, base: &'f str) -> ForgeFuture<'f, Vec<Pull>>;

    /// Every open pull request from a branch of this repository.
    fn open_pulls(&self) -> ForgeFuture<'_, Vec<Pull>>;

    /// The pull requests from branches of this repository into `base` that are closed: of those that changed last at least a hundred.
    fn closed_pulls<'f>(&'f self, base: &'f str) -> ForgeFuture<'f, Vec<Pull>>;

    /// Opens a pull request.
    fn open_pull<'f>(&'f self, draft: &'f PullDraft) -> ForgeFuture<'f, Pull>;

    /// Replaces title and text of a pull request, and closes or reopens it.
    fn edit_pull<'f>(
        &'f self,
        number: u64,
        title: &'f str,
        body: &'f str,
        state: IssueState,
    ) -> ForgeFuture<'f, Pull>;

    /// Assigns an issue or pull request to people, and puts it into the open milestone of that title. A milestone that is not
    /// there is one that is missing.
    fn assign<'f>(
        &'f self,
        number: u64,
        people: &'f [String],
        milestone: Option<&'f str>,
    ) -> ForgeFuture<'f, ()>;

    /// Asks people and teams to review a pull request.
    fn ask_review<'f>(
        &'f self,
        number: u64,
        people: &'f [String],
        teams: &'f [String],
    ) -> ForgeFuture<'f, ()>;
}

/// A kind of forge.
pub struct Kind {
    /// Its name, which is that of its file.
    pub name: &'static str,
    /// How people call it.
    pub title: &'static str,
    /// Whether it shows SARIF.
    pub code_scanning: CodeScanning,
    /// What stands between a repository and a commit in the address of a file's page.
    pub file_page: &'static str,
    /// What names a run in the address of its page.
    pub run_page: RunPage,
    /// Connects to a repository.
    pub connect: fn(Site) -> Result<Box<dyn Forge>, ForgeError>,
}

/// Whether a kind of forge shows SARIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeScanning {
    /// Where the repository allows it.
    Offered,
    /// Never.
    Unknown,
}

/// What names a run of a workflow in the address of its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunPage {
    /// Its id, unique on the forge.
    ById,
    /// Its number, counted in the repository.
    ByNumber,
}

/// Where a repository lives, and as whom to ask.
pub struct Site {
    /// Sends the requests.
    pub web: Arc<Web>,
    /// The base of the API: `https://api.github.com`, `https://HOST/api/v3`, `https://HOST/api/v1`.
    pub api: Address,
    /// The base of the GraphQL API, where the forge has one and it does not follow from `api`.
    pub graphql: Option<Address>,
    /// The repository.
    pub repository: RepositoryName,
    /// The token; requests are anonymous without one.
    pub token: Option<SecretString>,
}

/// Every kind of forge.
pub const FORGES: &[Kind] = &[github::KIND, gitea::KIND];

/// The kind that an address of an API belongs to: Gitea's ends in `/api/v1`, everything else is GitHub's.
#[must_use]
pub fn kind_at(api: &Address) -> &'static Kind {
    let is_gitea = api.to_string().trim_end_matches('/').ends_with("/api/v1");
    let name = if is_gitea { "gitea" } else { "github" };
    FORGES
        .iter()
        .find(|kind| kind.name == name)
        .unwrap_or(&github::KIND)
}
