//! What a forge knows: one repository with its issues, pull requests, comments, labels and uploads, and who may do what.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use serde_json::Value;

use super::repository::{Repository, from_base64};

/// The state, as tests arrange it and look at it.
pub(crate) struct State {
    pub(crate) owner: String,
    pub(crate) name: String,
    /// Requests for this `owner/name` are sent to the repository's number.
    pub(crate) former_name: Option<String>,
    pub(crate) private: bool,
    pub(crate) archived: bool,
    pub(crate) has_issues: bool,
    pub(crate) default_branch: String,
    pub(crate) protected: BTreeSet<String>,
    pub(crate) repository: Repository,
    /// By the secret.
    pub(crate) tokens: BTreeMap<String, Token>,
    /// Whether it is no fault to ask without a token.
    pub(crate) anonymous: bool,
    /// Who can be asked for a review, and may write.
    pub(crate) collaborators: BTreeSet<String>,
    pub(crate) teams: BTreeSet<String>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) comments: Vec<Comment>,
    pub(crate) labels: Vec<Label>,
    /// Titles of milestones, by number.
    pub(crate) milestones: BTreeMap<u64, String>,
    /// The descriptions of the advisories about the repository, by id; they are drafts, and only who may read security events sees them.
    pub(crate) advisories: BTreeMap<String, String>,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) scanning: Scanning,
    /// How often an upload is said to be pending.
    pub(crate) pending: u32,
    /// What the processing of uploads complains of; they fail if there is anything.
    pub(crate) complaints: Vec<String>,
    /// Whether workflows may open pull requests, which is a setting of the repository.
    pub(crate) workflows_open_pulls: bool,
    /// GitHub cuts a tree with more entries; Gitea gives no more on one page.
    pub(crate) tree_limit: usize,
    /// Requests that are left in this hour.
    pub(crate) remaining: u64,
    /// When the hour ends, in seconds since 1970.
    pub(crate) reset: i64,
    next: u64,
}

/// What a token may do with one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    None,
    Read,
    Write,
}

/// Where a token comes from; refusals differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `GITHUB_TOKEN` of a workflow.
    Workflow,
    /// The installation of an app.
    App,
    FineGrained,
    /// With its scopes.
    Classic(&'static str),
}

/// Whose token, and what it may do.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) login: String,
    pub(crate) kind: Kind,
    pub(crate) contents: Access,
    pub(crate) issues: Access,
    pub(crate) pulls: Access,
    pub(crate) security: Access,
}

/// Whether the repository takes SARIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scanning {
    Enabled,
    /// A private repository without the licence.
    NotLicensed,
    /// Switched off.
    Disabled,
}

#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) open: bool,
    pub(crate) locked: bool,
    pub(crate) author: String,
    pub(crate) labels: BTreeSet<String>,
    pub(crate) assignees: BTreeSet<String>,
    pub(crate) milestone: Option<u64>,
    pub(crate) created: String,
    pub(crate) updated: String,
    pub(crate) pull: Option<Pull>,
}

#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) head: String,
    /// The branch is one of a fork.
    pub(crate) is_from_fork: bool,
    pub(crate) base: String,
    pub(crate) draft: bool,
    pub(crate) merged: bool,
    /// The commit with which it was merged, and its own ones.
    pub(crate) merge: Option<String>,
    pub(crate) commits: Vec<String>,
    pub(crate) reviewers: BTreeSet<String>,
    pub(crate) teams: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) issue: u64,
    pub(crate) author: String,
    pub(crate) body: String,
    /// Why it is hidden, if it is.
    pub(crate) minimized: Option<String>,
    pub(crate) created: String,
    pub(crate) updated: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) color: String,
    pub(crate) description: String,
}

/// An uploaded SARIF file.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) commit: String,
    pub(crate) reference: String,
    /// The body as it came.
    pub(crate) request: Value,
    /// The report, unpacked.
    pub(crate) sarif: Vec<u8>,
    pub(crate) asked: u32,
}

impl Token {
    /// A workflow's token that may do everything that is asked here.
    pub(crate) fn workflow() -> Self {
        Self {
            login: "github-actions[bot]".to_owned(),
            kind: Kind::Workflow,
            contents: Access::Write,
            issues: Access::Write,
            pulls: Access::Write,
            security: Access::Write,
        }
    }

    /// A workflow's token of a fork's pull request.
    pub(crate) fn reading() -> Self {
        Self {
            contents: Access::Read,
            issues: Access::Read,
            pulls: Access::Read,
            security: Access::Read,
            ..Self::workflow()
        }
    }

    /// A person's token that may do everything.
    pub(crate) fn person(login: &str) -> Self {
        Self {
            login: login.to_owned(),
            kind: Kind::FineGrained,
            ..Self::workflow()
        }
    }
}

impl State {
    pub(crate) fn new(repository: Repository) -> Self {
        Self {
            owner: "acme".to_owned(),
            name: "shop".to_owned(),
            former_name: None,
            private: false,
            archived: false,
            has_issues: true,
            default_branch: "main".to_owned(),
            protected: BTreeSet::new(),
            repository,
            tokens: BTreeMap::new(),
            anonymous: false,
            collaborators: BTreeSet::from(["alice".to_owned(), "bob".to_owned()]),
            teams: BTreeSet::from(["security".to_owned()]),
            issues: Vec::new(),
            comments: Vec::new(),
            labels: Vec::new(),
            milestones: BTreeMap::new(),
            advisories: BTreeMap::new(),
            uploads: Vec::new(),
            scanning: Scanning::Enabled,
            pending: 0,
            complaints: Vec::new(),
            workflows_open_pulls: true,
            tree_limit: 100_000,
            remaining: 5000,
            reset: 4_102_444_800,
            next: 0,
        }
    }

    /// A number that was not used before.
    pub(crate) fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A moment that is later than all before.
    pub(crate) fn moment(&mut self) -> String {
        let seconds = i64::try_from(self.fresh()).expect("a small number");
        jiff::Timestamp::from_second(1_790_000_000 + seconds)
            .expect("a time")
            .to_string()
    }

    /// Opens an issue and gives its number.
    pub(crate) fn open_issue(&mut self, author: &str, title: &str, body: &str) -> u64 {
        let created = self.moment();
        let number = 1 + self.issues.iter().map(|issue| issue.number).max().unwrap_or(0);
        self.issues.push(Issue {
            number,
            title: title.to_owned(),
            body: body.to_owned(),
            open: true,
            locked: false,
            author: author.to_owned(),
            labels: BTreeSet::new(),
            assignees: BTreeSet::new(),
            milestone: None,
            updated: created.clone(),
            created,
            pull: None,
        });
        number
    }

    /// Opens a pull request and gives its number.
    pub(crate) fn open_pull(&mut self, author: &str, title: &str, head: &str, base: &str) -> u64 {
        let number = self.open_issue(author, title, "");
        self.issue_mut(number).expect("an issue").pull = Some(Pull {
            head: head.to_owned(),
            is_from_fork: false,
            base: base.to_owned(),
            draft: false,
            merged: false,
            merge: None,
            commits: Vec::new(),
            reviewers: BTreeSet::new(),
            teams: BTreeSet::new(),
        });
        number
    }

    pub(crate) fn comment(&mut self, issue: u64, author: &str, body: &str) -> u64 {
        let (id, created) = (self.fresh(), self.moment());
        self.comments.push(Comment {
            id,
            issue,
            author: author.to_owned(),
            body: body.to_owned(),
            minimized: None,
            updated: created.clone(),
            created,
        });
        id
    }

    pub(crate) fn label(&mut self, name: &str, color: &str, description: &str) -> Label {
        let label = Label {
            id: self.fresh(),
            name: name.to_owned(),
            color: color.to_owned(),
            description: description.to_owned(),
        };
        self.labels.push(label.clone());
        label
    }

    /// The label of this name; forges do not tell cases apart.
    pub(crate) fn find_label(&self, name: &str) -> Option<&Label> {
        self.labels
            .iter()
            .find(|label| label.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn issue(&self, number: u64) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.number == number)
    }

    pub(crate) fn issue_mut(&mut self, number: u64) -> Option<&mut Issue> {
        self.issues.iter_mut().find(|issue| issue.number == number)
    }

    /// Keeps an upload and gives its id, or says what is wrong with it.
    pub(crate) fn upload(&mut self, request: &Value) -> Result<String, String> {
        let packed = from_base64(request["sarif"].as_str().unwrap_or_default())?;
        let mut sarif = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice())
            .read_to_end(&mut sarif)
            .map_err(|error| error.to_string())?;
        serde_json::from_slice::<Value>(&sarif).map_err(|error| error.to_string())?;
        let id = format!("{:08x}-0000-4000-8000-000000000000", self.fresh());
        self.uploads.push(Upload {
            id: id.clone(),
            commit: request["commit_sha"].as_str().unwrap_or_default().to_owned(),
            reference: request["ref"].as_str().unwrap_or_default().to_owned(),
            request: request.clone(),
            sarif,
            asked: 0,
        });
        Ok(id)
    }

    /// `owner/name`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}
