//! Responses of Gitea's API, as far as it is read.

use jiff::Timestamp;
use serde::Deserialize;

use crate::forge::resource;
use crate::forge::response::Object;

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
    pub fn into_resource(self) -> Option<resource::RemoteRef> {
        let commit = self.commit?;
        Some(resource::RemoteRef {
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
    /// When the commit was made. Of a tag with an object of its own the server gives the time of that object.
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
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Signature {
    date: Timestamp,
}

impl Commit {
    /// The commit; `None` without a tree or a time.
    pub fn into_resource(self) -> Option<resource::Commit> {
        let inside = self.commit?;
        Some(resource::Commit {
            id: self.sha,
            tree: inside.tree?.sha,
            parents: self
                .parents
                .unwrap_or_default()
                .into_iter()
                .map(|parent| parent.sha)
                .collect(),
            committed: inside.committer?.date,
            message: inside.message,
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
