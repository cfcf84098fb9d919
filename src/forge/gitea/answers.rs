//! What Gitea's API answers, as far as it is read.

use jiff::Timestamp;
use serde::Deserialize;

use crate::forge::words::{self, EntryKind, IssueState};

#[derive(Deserialize)]
pub(super) struct Repository {
    pub default_branch: String,
    pub private: Option<bool>,
    pub permissions: Option<Permissions>,
}

#[derive(Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub push: bool,
}

#[derive(Deserialize)]
pub(super) struct Server {
    pub version: String,
}

#[derive(Deserialize)]
pub(super) struct Account {
    pub login: String,
}

#[derive(Deserialize)]
pub(super) struct Label {
    pub id: u64,
    pub name: String,
}

#[derive(Deserialize)]
pub(super) struct Branch {
    name: String,
    pub commit: Option<Tip>,
}

#[derive(Deserialize)]
pub(super) struct Tip {
    pub id: String,
    timestamp: Option<Timestamp>,
}

impl Branch {
    pub fn told(self) -> Option<words::RemoteRef> {
        let commit = self.commit?;
        Some(words::RemoteRef {
            name: format!("refs/heads/{}", self.name),
            commit: commit.id,
            committed: commit.timestamp,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Tag {
    pub name: String,
    /// The object of the tag's own, or the commit itself.
    id: Option<String>,
    pub commit: Option<TagTip>,
}

#[derive(Deserialize)]
pub(super) struct TagTip {
    pub sha: String,
    created: Option<Timestamp>,
}

impl Tag {
    /// When the commit was made. Of a tag with an object of its own the server tells when that was made.
    pub fn committed(&self) -> Option<Timestamp> {
        let commit = self.commit.as_ref()?;
        commit.created.filter(|_| self.id.as_ref() == Some(&commit.sha))
    }
}

#[derive(Deserialize)]
pub(super) struct Object {
    pub sha: String,
}

#[derive(Deserialize)]
pub(super) struct Commit {
    sha: String,
    commit: Option<Inside>,
    #[serde(default)]
    parents: Option<Vec<Object>>,
}

#[derive(Deserialize)]
struct Inside {
    tree: Option<Object>,
    committer: Option<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    date: Timestamp,
}

impl Commit {
    /// The commit; `None` if it does not say what it holds and when it was made.
    pub fn told(self) -> Option<words::Commit> {
        let inside = self.commit?;
        Some(words::Commit {
            id: self.sha,
            tree: inside.tree?.sha,
            parents: self
                .parents
                .unwrap_or_default()
                .into_iter()
                .map(|parent| parent.sha)
                .collect(),
            committed: inside.committer?.date,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Tree {
    /// Null for a tree of nothing.
    pub tree: Option<Vec<Item>>,
    #[serde(default)]
    pub truncated: bool,
}

#[derive(Deserialize)]
pub(super) struct Item {
    path: String,
    mode: String,
    sha: String,
    size: Option<u64>,
}

impl Item {
    /// The entry; `None` for a folder.
    pub fn entry(self) -> Option<words::Entry> {
        let kind = match self.mode.as_str() {
            "100644" | "100664" => EntryKind::File,
            "100755" => EntryKind::Program,
            "120000" => EntryKind::Link,
            "160000" => EntryKind::Submodule,
            _ => return None,
        };
        Some(words::Entry {
            path: self.path,
            kind,
            id: self.sha,
            size: self.size,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Blob {
    pub content: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Comment {
    id: u64,
    pub body: Option<String>,
    pub user: Option<Account>,
}

impl Comment {
    pub fn told(self) -> words::Comment {
        words::Comment {
            id: self.id,
            node: String::new(),
            body: self.body.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Issue {
    number: u64,
    state: String,
    title: String,
    pub body: Option<String>,
    #[serde(default)]
    html_url: String,
    pub user: Option<Account>,
}

impl Issue {
    pub fn told(self) -> words::Issue {
        words::Issue {
            number: self.number,
            state: state(&self.state),
            title: self.title,
            body: self.body.unwrap_or_default(),
            page: self.html_url,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Pull {
    number: u64,
    state: String,
    title: String,
    body: Option<String>,
    #[serde(default)]
    html_url: String,
    pub head: End,
    pub base: End,
}

#[derive(Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    pub name: String,
    #[serde(default)]
    sha: String,
}

impl Pull {
    pub fn told(self) -> words::Pull {
        words::Pull {
            number: self.number,
            head: self.head.sha,
            state: state(&self.state),
            title: self.title,
            body: self.body.unwrap_or_default(),
            page: self.html_url,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Made {
    pub commit: Object,
}

fn state(word: &str) -> IssueState {
    match word {
        "open" => IssueState::Open,
        _ => IssueState::Closed,
    }
}
