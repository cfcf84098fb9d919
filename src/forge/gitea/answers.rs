//! What Gitea's API answers, as far as it is read.

use jiff::Timestamp;
use serde::Deserialize;

use crate::forge::answers::Object;
use crate::forge::words;

#[derive(Deserialize)]
pub(super) struct Server {
    pub version: String,
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
pub(super) struct Blob {
    pub content: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Made {
    pub commit: Object,
}
