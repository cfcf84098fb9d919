//! Responses of REST APIs that forges share, as far as it is read.

use serde::Deserialize;

use super::resource::{self, EntryKind, IssueState};

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
    pub email: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Object {
    pub sha: String,
}

#[derive(Deserialize)]
pub(super) struct Tree {
    /// Null for a tree of nothing, on Gitea.
    pub tree: Option<Vec<Item>>,
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
    pub fn entry(self, folder: &str) -> Option<resource::Entry> {
        let kind = match self.mode.as_str() {
            "100644" | "100664" => EntryKind::File,
            "100755" => EntryKind::Program,
            "120000" => EntryKind::Link,
            "160000" => EntryKind::Submodule,
            _ => return None,
        };
        Some(resource::Entry {
            path: format!("{folder}{}", self.path),
            kind,
            id: self.sha,
            size: self.size,
        })
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
    pub fn into_resource(self) -> resource::Comment {
        resource::Comment {
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
    #[serde(default)]
    html_url: String,
    pub user: Option<Account>,
    pub pull_request: Option<serde::de::IgnoredAny>,
}

impl Issue {
    pub fn into_resource(self) -> resource::Issue {
        resource::Issue {
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
    /// Gitea says that it was, GitHub when.
    #[serde(default)]
    merged: bool,
    merged_at: Option<String>,
    /// Of one that is not merged, GitHub gives the commit of a trial.
    merge_commit_sha: Option<String>,
    user: Option<Account>,
    #[serde(default)]
    labels: Vec<LabelName>,
    created_at: Option<String>,
    pub head: End,
    pub base: End,
}

#[derive(Deserialize)]
struct LabelName {
    name: String,
}

/// What an account may do.
#[derive(Deserialize)]
pub(super) struct Collaborator {
    permission: String,
}

impl Collaborator {
    /// Every forge calls the rights to write alike; `maintain` is `write` there.
    pub fn may_write(&self) -> bool {
        matches!(self.permission.as_str(), "admin" | "write" | "owner" | "maintain")
    }
}

#[derive(Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    pub name: String,
    #[serde(default)]
    sha: String,
    /// None where the repository is gone.
    repo: Option<Side>,
}

/// The repository of one side.
#[derive(Deserialize, PartialEq, Eq)]
struct Side {
    id: u64,
}

impl Pull {
    /// Both sides are branches of one repository. Who opens one from a fork chooses its branch, title and text.
    pub fn is_from_here(&self) -> bool {
        self.head.repo.is_some() && self.head.repo == self.base.repo
    }

    /// With what a list leaves out.
    pub fn into_details(mut self) -> resource::PullDetails {
        let author = self.user.take().map(|user| user.login);
        let labels = std::mem::take(&mut self.labels);
        let merge = self.merge_commit_sha.take();
        let pull = self.into_resource();
        resource::PullDetails {
            author,
            labels: labels.into_iter().map(|label| label.name).collect(),
            merge: merge.filter(|_| pull.merged),
            pull,
        }
    }

    pub fn into_resource(self) -> resource::Pull {
        resource::Pull {
            number: self.number,
            branch: self.head.name,
            base: self.base.name,
            head: self.head.sha,
            merged: self.merged || self.merged_at.is_some(),
            opened: self.created_at.and_then(|time| time.parse().ok()),
            state: state(&self.state),
            title: self.title,
            body: self.body.unwrap_or_default(),
            page: self.html_url,
        }
    }
}

/// A milestone: GitHub names it by its number, Gitea by its id.
#[derive(Deserialize)]
pub(super) struct Milestone {
    pub id: u64,
    pub number: Option<u64>,
    pub title: String,
}

fn state(word: &str) -> IssueState {
    match word {
        "open" => IssueState::Open,
        _ => IssueState::Closed,
    }
}
