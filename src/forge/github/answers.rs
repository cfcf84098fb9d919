//! What GitHub's REST API answers, as far as it is read.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use crate::forge::words::{self, EntryKind, IssueState, Processing};

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
pub(super) struct Account {
    pub login: String,
}

#[derive(Deserialize)]
pub(super) struct Object {
    pub sha: String,
}

#[derive(Deserialize)]
pub(super) struct Reference {
    pub object: Object,
}

#[derive(Deserialize)]
pub(super) struct Commit {
    sha: String,
    tree: Object,
    parents: Vec<Object>,
    committer: Signature,
}

#[derive(Deserialize)]
struct Signature {
    date: Timestamp,
}

impl Commit {
    pub fn told(self) -> words::Commit {
        words::Commit {
            id: self.sha,
            tree: self.tree.sha,
            parents: self.parents.into_iter().map(|parent| parent.sha).collect(),
            committed: self.committer.date,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Tree {
    pub tree: Vec<Item>,
    #[serde(default)]
    pub truncated: bool,
}

#[derive(Deserialize)]
pub(super) struct Item {
    pub path: String,
    mode: String,
    pub sha: String,
    size: Option<u64>,
}

impl Item {
    pub fn is_tree(&self) -> bool {
        self.mode == "040000"
    }

    /// The entry, below `folder`; `None` for a folder.
    pub fn entry(self, folder: &str) -> Option<words::Entry> {
        let kind = match self.mode.as_str() {
            "100644" | "100664" => EntryKind::File,
            "100755" => EntryKind::Program,
            "120000" => EntryKind::Link,
            "160000" => EntryKind::Submodule,
            _ => return None,
        };
        Some(words::Entry {
            path: format!("{folder}{}", self.path),
            kind,
            id: self.sha,
            size: self.size,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Blob {
    content: String,
    encoding: String,
}

impl Blob {
    /// Its bytes, or why there are none.
    pub fn bytes(self) -> Result<Vec<u8>, String> {
        match self.encoding.as_str() {
            "base64" => {
                let dense: Vec<u8> = self
                    .content
                    .bytes()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .collect();
                BASE64_STANDARD
                    .decode(dense)
                    .map_err(|_| "a file's content is no base64".into())
            }
            "utf-8" => Ok(self.content.into_bytes()),
            _ => Err("a file's content is in an unknown encoding".into()),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Receipt {
    pub id: String,
}

#[derive(Deserialize)]
pub(super) struct Upload {
    processing_status: Option<String>,
    errors: Option<Vec<String>>,
}

impl Upload {
    pub fn told(self) -> Processing {
        match self.processing_status.as_deref() {
            Some("complete") => Processing::Complete,
            Some("failed") => Processing::Failed(self.errors.unwrap_or_default()),
            Some(_) | None => Processing::Pending,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Comment {
    id: u64,
    #[serde(default)]
    node_id: String,
    pub body: Option<String>,
    pub user: Option<Account>,
}

impl Comment {
    pub fn told(self) -> words::Comment {
        words::Comment {
            id: self.id,
            node: self.node_id,
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
    html_url: String,
    pub user: Option<Account>,
    pub pull_request: Option<serde::de::IgnoredAny>,
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
    html_url: String,
    pub head: End,
}

#[derive(Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    pub name: String,
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

fn state(word: &str) -> IssueState {
    match word {
        "open" => IssueState::Open,
        _ => IssueState::Closed,
    }
}
