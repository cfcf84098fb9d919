//! Forges: where a repository lives, and where what was found is said. One file a kind of forge, each a [`Forge`].
//!
//! - `github.rs`: github.com, GitHub Enterprise Cloud and Server, through `octocrab`;
//! - `gitea.rs`: Gitea and Forgejo.
//!
//! What every kind needs lies beside them: [`words`] are what is asked and answered, [`trouble`] what goes wrong and what a
//! person does about it, `rest` and `answers` what their REST APIs have in common, `exchange` how a request is sent: reads are tried again, writes go one after the other at
//! least a second apart, and whoever is throttled waits as long as it is told to, or says so.
//!
//! Everything here takes its addresses and its token from the caller. Text that a forge gives is a stranger's.

mod answers;
mod exchange;
pub mod gitea;
pub mod github;
pub mod listings;
mod rest;
pub mod trouble;
pub mod words;

use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;

use crate::sys::web::{Address, Web};
pub use trouble::{ForgeError, Permission, Trouble};
pub use words::{
    Access, Change, Comment, Commit, Entry, EntryKind, Issue, IssueState, Label, Processing, Pull, PullDraft,
    Readiness, RemoteRef, RepositoryName, Runs, SarifUpload, Shown, TokenKind,
};

/// An answer that is on its way.
pub type Asked<'f, T> = Pin<Box<dyn Future<Output = Result<T, ForgeError>> + Send + 'f>>;

/// One repository on a forge.
///
/// Every function needs a tokio runtime with its timer on. A function that writes is never tried again where the forge
/// may have done it already; it is made so that whoever asks once more finds what was done.
pub trait Forge: Send + Sync {
    /// The kind of forge.
    fn kind(&self) -> &'static Kind;

    /// Who asks, and what the repository lets them do.
    fn access(&self) -> Asked<'_, Access>;

    /// Every branch and every tag, with the commit that it stands for.
    fn refs(&self) -> Asked<'_, Vec<RemoteRef>>;

    /// A commit.
    fn commit<'f>(&'f self, id: &'f str) -> Asked<'f, Commit>;

    /// Every entry below a tree, folders left out, paths counted from that tree.
    fn tree<'f>(&'f self, id: &'f str) -> Asked<'f, Vec<Entry>>;

    /// The bytes of a file, at most `limit` of them.
    fn blob<'f>(&'f self, id: &'f str, limit: u64) -> Asked<'f, Vec<u8>>;

    /// Hands in a SARIF document for a ref, and gives the name of what becomes of it.
    fn upload_sarif<'f>(&'f self, upload: &'f SarifUpload) -> Asked<'f, String>;

    /// What became of an upload.
    fn processing<'f>(&'f self, upload: &'f str) -> Asked<'f, Processing>;

    /// The oldest comment of our own on the issue or pull request `number` whose text begins with `marker`.
    fn find_comment<'f>(&'f self, number: u64, marker: &'f str) -> Asked<'f, Option<Comment>>;

    /// Adds a comment.
    fn add_comment<'f>(&'f self, number: u64, body: &'f str) -> Asked<'f, Comment>;

    /// Replaces the text of a comment.
    fn edit_comment<'f>(&'f self, comment: &'f Comment, body: &'f str) -> Asked<'f, ()>;

    /// Folds a comment away, or shows it again. A forge that cannot leaves it as it is.
    fn show_comment<'f>(&'f self, comment: &'f Comment, shown: Shown) -> Asked<'f, ()>;

    /// The issues of our own whose text begins with `marker`, under `label` or open without it: open ones first, then the
    /// newest.
    fn find_issues<'f>(&'f self, marker: &'f str, label: &'f str) -> Asked<'f, Vec<Issue>>;

    /// Opens an issue under labels that exist.
    fn add_issue<'f>(&'f self, title: &'f str, body: &'f str, labels: &'f [String]) -> Asked<'f, Issue>;

    /// Replaces title, text and state of an issue.
    fn edit_issue<'f>(
        &'f self,
        number: u64,
        title: &'f str,
        body: &'f str,
        state: IssueState,
    ) -> Asked<'f, Issue>;

    /// Makes a label, if there is none of that name.
    fn make_label<'f>(&'f self, label: &'f Label) -> Asked<'f, ()>;

    /// Puts labels that exist on an issue or pull request, beside those that it has.
    fn add_labels<'f>(&'f self, number: u64, labels: &'f [String]) -> Asked<'f, ()>;

    /// Makes a branch at a commit; a branch of that name that is somewhere else is a conflict.
    fn make_branch<'f>(&'f self, branch: &'f str, commit: &'f str) -> Asked<'f, ()>;

    /// Removes a branch; one that is not there is fine.
    fn remove_branch<'f>(&'f self, branch: &'f str) -> Asked<'f, ()>;

    /// Puts one commit on a branch whose tip is [`Change::parent`], and gives its id. A branch that moved on is a conflict.
    fn commit_files<'f>(&'f self, change: &'f Change) -> Asked<'f, String>;

    /// The open pull request from `branch` of this repository into `base`.
    fn find_pull<'f>(&'f self, branch: &'f str, base: &'f str) -> Asked<'f, Option<Pull>>;

    /// Opens a pull request.
    fn open_pull<'f>(&'f self, draft: &'f PullDraft) -> Asked<'f, Pull>;

    /// Replaces title and text of a pull request, and closes or reopens it.
    fn edit_pull<'f>(
        &'f self,
        number: u64,
        title: &'f str,
        body: &'f str,
        state: IssueState,
    ) -> Asked<'f, Pull>;

    /// Asks people and teams to review a pull request.
    fn ask_review<'f>(&'f self, number: u64, people: &'f [String], teams: &'f [String]) -> Asked<'f, ()>;
}

/// A kind of forge.
pub struct Kind {
    /// Its name, which is that of its file.
    pub name: &'static str,
    /// How people call it.
    pub title: &'static str,
    /// Whether it shows SARIF.
    pub code_scanning: CodeScanning,
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
    /// As whom; nobody in particular if there is none.
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
