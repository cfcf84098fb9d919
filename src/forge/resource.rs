//! What a forge's API reads and writes. Ids of git objects are hexadecimal, in lower case.

use std::fmt;

use jiff::Timestamp;

/// `OWNER/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepositoryName {
    owner: String,
    name: String,
}

impl RepositoryName {
    /// Reads `OWNER/NAME`; `None` for what no forge would call a repository.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let sound = |part: &str| {
            !part.is_empty()
                && part.len() <= 255
                && part != "."
                && part != ".."
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        (sound(owner) && sound(name)).then(|| Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Who it belongs to.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

/// Who asks, and what the repository lets them do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The account of the token; `None` without one, or where the forge does not say.
    pub login: Option<String>,
    /// How the account signs a commit, `NAME <ADDRESS>`; `None` where the forge does not say who it is.
    pub signature: Option<String>,
    /// What sort of token it is.
    pub token: TokenKind,
    /// The short name of the default branch.
    pub default_branch: String,
    /// Whether only members may read the repository.
    pub private: Option<bool>,
    /// Whether the account may write to it. A token of a workflow can have fewer rights than this: what it may not
    /// do is known once it is refused.
    pub may_write: Option<bool>,
    /// The version of a self-hosted server.
    pub server: Option<String>,
}

/// The kind of a token (at GitHub by its prefix and its account).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// None.
    Nothing,
    /// The one that every job of a workflow is given.
    Workflow,
    /// That of an installed app.
    App,
    /// A person's, for single repositories and permissions.
    FineGrained,
    /// A person's, with scopes.
    Classic,
    /// A person's, through an app.
    User,
    /// Of a kind that the forge does not say.
    Other,
}

/// Whether workflows run on a pull request that is opened with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runs {
    /// By themselves.
    Yes,
    /// Once somebody with write access approves them.
    AfterApproval,
    /// Only when somebody closes and reopens the pull request.
    AfterReopening,
    /// Not known.
    Unknown,
}

impl Runs {
    /// In words, for a summary.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Yes => "Workflows run on it by themselves.",
            Self::AfterApproval => {
                "It was opened with the workflow's own token: its workflows wait for \"Approve and run workflows\". A token of \
                 an app or of a person starts them by itself."
            }
            Self::AfterReopening => {
                "It was opened with the workflow's own token, with which this server starts no workflows: close and reopen \
                 the pull request, or use a token of an app or of a person."
            }
            Self::Unknown => "The token does not show whether workflows run on it.",
        }
    }
}

impl Access {
    /// Whether workflows run on a pull request that is opened with this token. On github.com those of the workflow's own
    /// token wait for approval; on a server of one's own none are started.
    #[must_use]
    pub fn runs(&self) -> Runs {
        match (self.token, &self.server) {
            (TokenKind::App | TokenKind::FineGrained | TokenKind::Classic | TokenKind::User, _) => Runs::Yes,
            (TokenKind::Workflow, None) => Runs::AfterApproval,
            (TokenKind::Workflow, Some(_)) => Runs::AfterReopening,
            (TokenKind::Nothing | TokenKind::Other, _) => Runs::Unknown,
        }
    }
}

/// A branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef {
    /// Its full name.
    pub name: String,
    /// The commit; of a tag with an object of its own, the commit behind it.
    pub commit: String,
    /// When that was committed.
    pub committed: Option<Timestamp>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// Its tree.
    pub tree: String,
    /// Its parents, in order.
    pub parents: Vec<String>,
    /// When it was committed.
    pub committed: Timestamp,
    /// Its whole message.
    pub message: String,
}

/// An entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path, with `/`.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its object.
    pub id: String,
    /// Its size in bytes, if the forge says it.
    pub size: Option<u64>,
}

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A file.
    File,
    /// A file that may be run.
    Program,
    /// A symbolic link.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// A SARIF document for one ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SarifUpload {
    /// The document, as it is.
    pub sarif: Vec<u8>,
    /// The full name of the ref: `refs/heads/main`, `refs/pull/7/merge`.
    pub ref_name: String,
    /// The commit, all 40 digits of it.
    pub commit: String,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Processing {
    /// Nothing yet.
    Pending,
    /// It is in.
    Complete,
    /// It is not.
    Failed(Vec<String>),
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Its name in the GraphQL API; empty where there is none.
    pub node: String,
    /// Its text.
    pub body: String,
}

/// Whether a comment is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// In full.
    Shown,
    /// Minimized, as resolved.
    Minimized,
}

/// An issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Open or closed.
    pub state: IssueState,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Its page.
    pub page: String,
}

/// Whether an issue or a pull request is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IssueState {
    /// It is.
    Open,
    /// It is not.
    Closed,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Six hexadecimal digits.
    pub colour: &'static str,
    /// What it is for.
    pub description: &'static str,
}

/// One commit that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The short name of the branch.
    pub branch: String,
    /// The commit that the branch must be at.
    pub parent: String,
    /// The first line of the message.
    pub headline: String,
    /// The rest of the message.
    pub body: String,
    /// Files that are put in or replaced: path and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// Files that go.
    pub removed: Vec<String>,
}

/// A pull request that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullDraft {
    /// The branch, of this repository.
    pub branch: String,
    /// The branch that it goes to.
    pub base: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Whether it is not ready to be merged.
    pub readiness: Readiness,
}

/// Whether a pull request is ready to be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Readiness {
    /// It is.
    Ready,
    /// It is a draft.
    Draft,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// The branch that it comes from.
    pub branch: String,
    /// The branch that it goes to.
    pub base: String,
    /// The commit at its head.
    pub head: String,
    /// Whether it was merged, or closed without that.
    pub merged: bool,
    /// When it was opened, if the forge says it.
    pub opened: Option<Timestamp>,
    /// Open or closed.
    pub state: IssueState,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Its page.
    pub page: String,
}

/// A pull request with what only a question for it alone says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullDetails {
    /// The pull request.
    pub pull: Pull,
    /// Who opened it.
    pub author: Option<String>,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// The commit with which it was merged; `None` for one that was not.
    pub merge: Option<String>,
}

/// Commits that are to be all that a branch has beyond another commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The short name of the branch.
    pub branch: String,
    /// Where the branch must be; `None` where there must be none.
    pub from: Option<String>,
    /// The commit on which they begin.
    pub parent: String,
    /// The tree of that commit.
    pub tree: String,
    /// The short name of a branch on which a forge without loose commits makes them.
    pub beside: String,
    /// The commits, in order; at least one.
    pub commits: Vec<NewCommit>,
}

/// A commit that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// Its whole message.
    pub message: String,
    /// Its author, and when; without one the account of the token.
    pub author: Option<Author>,
    /// What it changes; nothing for one that only says something.
    pub changes: Vec<PathChange>,
    /// Its tree, which the forge must come to.
    pub tree: String,
}

/// Who wrote a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// When, as RFC 3339 has it.
    pub date: String,
}

/// What a commit does to one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathChange {
    /// The path, with `/`.
    pub path: String,
    /// What is to stand there; `None` for what goes.
    pub to: Option<NewEntry>,
}

/// What is to stand at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// What it is.
    pub kind: EntryKind,
    /// Its bytes: of a link, where it leads to; of a submodule, the id of its commit.
    pub bytes: Vec<u8>,
}

impl EntryKind {
    /// It has bytes of its own.
    #[must_use]
    pub fn is_text(self) -> bool {
        match self {
            Self::File | Self::Program => true,
            Self::Link | Self::Submodule => false,
        }
    }

    /// The mode of such an entry, as git writes it.
    #[must_use]
    pub fn mode(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Program => "100755",
            Self::Link => "120000",
            Self::Submodule => "160000",
        }
    }
}
