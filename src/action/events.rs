//! The event that started the job: its kind, who caused it, what is compared, and what is released.
//!
//! The event's file is untrusted text in part: titles, names of branches and of accounts. Only ids and names are taken
//! from it, and each is checked before it goes anywhere: an id has 40 or 64 hexadecimal digits, a name is one that git
//! allows and that no command line takes for a flag.

use serde::Deserialize;

use crate::git::refs::is_ref_name;
use crate::model::Failure;

/// A larger file of an event is not read: 16 MiB.
pub const LIMIT: u64 = 16 << 20;

/// What the runner says about the event. An empty text stands for a variable that is not set.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// `GITHUB_EVENT_NAME`.
    pub name: &'a str,
    /// The bytes of the file at `GITHUB_EVENT_PATH`; `None` if there is none, or if it is larger than [`LIMIT`].
    pub payload: Option<&'a [u8]>,
    /// `GITHUB_REF`.
    pub ref_name: &'a str,
    /// `GITHUB_SHA`.
    pub sha: &'a str,
    /// `GITHUB_BASE_REF`.
    pub base_ref: &'a str,
}

/// An event, as far as a scan cares for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// Who caused it.
    pub trust: Trust,
    /// What the step compares by itself; `None` where everything counts.
    pub change: Option<Change>,
    /// The full name of the tag that the event is about: `refs/tags/v1`.
    pub release: Option<String>,
    /// The number of the pull request that the event is about.
    pub number: Option<u64>,
    /// The short name of the repository's default branch.
    pub default_branch: Option<String>,
    /// A pull request was closed or given a label, which may ask to carry it.
    pub is_carrying: bool,
    /// The merged pull request that the event is about, as far as it says so.
    pub merged: Option<Merged>,
    /// A comment on a pull request.
    pub comment: Option<Comment>,
}

/// A pull request that was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The names of its labels.
    pub labels: Vec<String>,
    /// The label that was put on it just now.
    pub label: Option<String>,
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The number of the pull request.
    pub number: u64,
    /// Who wrote it.
    pub author: String,
    /// What it says: untrusted text.
    pub body: String,
}

impl Event {
    /// The tip of the pull request that the event is about.
    #[must_use]
    pub fn head(&self) -> Option<&str> {
        match &self.change {
            Some(Change::Request { head, .. }) => head.as_deref(),
            Some(Change::Group { .. }) | None => None,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody asks to merge.
    PullRequest,
    /// A queue is about to merge.
    MergeGroup,
    /// A branch moved.
    Push,
    /// A tag was pushed.
    Tag,
    /// A release was made of a tag.
    Release,
    /// The clock.
    Schedule,
    /// Somebody pressed the button.
    WorkflowDispatch,
    /// A comment on an issue or pull request.
    IssueComment,
    /// Another event, or none.
    Other,
}

impl Kind {
    /// GitHub's name of the event; `tag` for the push of one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PullRequest => "pull_request",
            Self::MergeGroup => "merge_group",
            Self::Push => "push",
            Self::Tag => "tag",
            Self::Release => "release",
            Self::Schedule => "schedule",
            Self::WorkflowDispatch => "workflow_dispatch",
            Self::IssueComment => "issue_comment",
            Self::Other => "other",
        }
    }
}

/// Who caused an event. It changes no verdict: it says only what the job's token cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Somebody who may write to the repository.
    Own,
    /// Somebody with a repository of their own: the token reads only.
    Fork,
    /// Dependabot: the token reads only, unless the workflow asks for more.
    Dependabot,
}

/// A change that is judged by what it introduces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A pull request.
    Request {
        /// The commit that the run is about: the merge that the forge made, where it made one.
        run: Option<String>,
        /// The tip of the request's own branch.
        head: Option<String>,
        /// The tip of the branch that it goes to, as the event knew it.
        base: Option<String>,
        /// The short name of that branch.
        branch: Option<String>,
    },
    /// What a merge queue is about to put on a branch.
    Group {
        /// The short name of that branch.
        branch: Option<String>,
    },
}

/// A way to name the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// A revision of git.
    pub name: String,
    /// What it is, in words.
    pub what: &'static str,
}

impl Change {
    /// Ways to name the base of the commit `head`, which has these `parents`, the best one first. The first that the clone
    /// holds counts.
    ///
    /// A checkout of a pull request is as a rule the merge that the forge made: the base is its first parent, the very
    /// commit that the request was merged with. Such a merge is known by its second parent, which is the tip of the
    /// request, and it is what the run is about: a branch that moved on since could bring a merge of its own making.
    #[must_use]
    pub fn bases(&self, head: &str, parents: &[String]) -> Vec<Revision> {
        match self {
            Self::Request {
                run,
                head: tip,
                base,
                branch,
            } => {
                let is_of_the_run = run.as_ref().is_none_or(|run| run == head);
                if let ([_, second], Some(tip)) = (parents, tip)
                    && second == tip
                    && is_of_the_run
                {
                    return vec![Revision {
                        name: format!("{head}^1"),
                        what: "the commit that the forge merged the pull request with",
                    }];
                }
                let base = base.as_ref().map(|base| Revision {
                    name: base.clone(),
                    what: "the base that the event names",
                });
                let branch = branch.as_ref().map(|branch| Revision {
                    name: format!("origin/{branch}"),
                    what: "the branch that the pull request goes to",
                });
                base.into_iter().chain(branch).collect()
            }
            // The commit that the event calls the base is the entry before, which may have failed: the queue can let pass
            // a group by its last entry, and then all of it lands.
            Self::Group { branch } => {
                let named = |prefix: &str, branch: &String| Revision {
                    name: format!("{prefix}{branch}"),
                    what: "the branch that the merge group will land on",
                };
                let branch = branch.as_ref();
                let prefixes = ["refs/remotes/origin/", "refs/heads/"];
                prefixes
                    .iter()
                    .filter_map(|prefix| branch.map(|branch| named(prefix, branch)))
                    .collect()
            }
        }
    }
}

/// Reads an event. Without a readable file the event has fewer parts.
///
/// # Errors
/// A [`Failure`] of usage for `pull_request_target`.
pub fn read(given: &Given<'_>) -> Result<Event, Failure> {
    let payload: Payload = given
        .payload
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .unwrap_or_default();
    let tag = tag(given.ref_name);
    let kind = match given.name {
        "pull_request" => Kind::PullRequest,
        "pull_request_target" => {
            return Err(Failure::usage(
                "on `pull_request_target` the step would read an untrusted user's tree with the rights of the base",
                "Run the step on `pull_request`, which checks the same change without those rights.",
            ));
        }
        "merge_group" => Kind::MergeGroup,
        "push" if tag.is_some() => Kind::Tag,
        "push" => Kind::Push,
        "release" => Kind::Release,
        "schedule" => Kind::Schedule,
        "workflow_dispatch" => Kind::WorkflowDispatch,
        "issue_comment" => Kind::IssueComment,
        _ => Kind::Other,
    };
    let change = match kind {
        Kind::PullRequest => Some(payload.request(given)),
        Kind::MergeGroup => Some(Change::Group {
            branch: payload
                .merge_group
                .as_ref()
                .and_then(|group| group.base_ref.strip_prefix("refs/heads/"))
                .and_then(branch),
        }),
        Kind::Push
        | Kind::Tag
        | Kind::Release
        | Kind::Schedule
        | Kind::WorkflowDispatch
        | Kind::IssueComment
        | Kind::Other => None,
    };
    let released = payload
        .release
        .as_ref()
        .and_then(|release| self::tag(&format!("refs/tags/{}", release.tag_name)));
    let own = payload.repository.as_ref();
    Ok(Event {
        default_branch: own.and_then(|own| own.default_branch.as_deref()).and_then(branch),
        number: payload.number(kind),
        is_carrying: payload.is_carrying(kind),
        merged: payload.merged(kind),
        comment: payload.comment(kind),
        kind,
        trust: payload.trust(),
        change,
        release: tag.or(released),
    })
}

/// The full name of a tag, if it is one.
fn tag(name: &str) -> Option<String> {
    name.strip_prefix("refs/tags/").and_then(branch)?;
    Some(name.to_owned())
}

/// A full object id, in lower case.
fn id(text: &str) -> Option<String> {
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text.to_ascii_lowercase())
}

/// A name of a branch or tag that git allows (`git check-ref-format --branch`).
fn branch(name: &str) -> Option<String> {
    let is_name = name != "@" && !name.starts_with('-') && is_ref_name(&format!("refs/heads/{name}"));
    is_name.then(|| name.to_owned())
}

/// What is read of an event's file.
#[derive(Debug, Default, Deserialize)]
struct Payload {
    number: Option<u64>,
    pull_request: Option<PullRequest>,
    merge_group: Option<MergeGroup>,
    release: Option<Release>,
    repository: Option<Repository>,
    sender: Option<Account>,
    action: Option<String>,
    label: Option<Label>,
    issue: Option<Issue>,
    comment: Option<Written>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Issue {
    number: u64,
    /// Only there for a pull request.
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Written {
    body: Option<String>,
    user: Option<Account>,
}

#[derive(Debug, Deserialize)]
struct PullRequest {
    head: Side,
    base: Side,
    user: Option<Account>,
    #[serde(default)]
    merged: bool,
    #[serde(default)]
    labels: Vec<Label>,
}

/// One side of a pull request.
#[derive(Debug, Deserialize)]
struct Side {
    sha: String,
    r#ref: String,
    /// The repository of the branch; none if it was deleted since.
    repo: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct MergeGroup {
    base_ref: String,
}

#[derive(Debug, Deserialize)]
struct Release {
    tag_name: String,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    default_branch: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Account {
    login: String,
}

impl Payload {
    fn request(&self, given: &Given<'_>) -> Change {
        let request = self.pull_request.as_ref();
        let named = request.and_then(|request| branch(&request.base.r#ref));
        Change::Request {
            run: id(given.sha),
            head: request.and_then(|request| id(&request.head.sha)),
            base: request.and_then(|request| id(&request.base.sha)),
            branch: named.or_else(|| branch(given.base_ref)),
        }
    }

    /// The number of the pull request. Other events count other things.
    fn number(&self, kind: Kind) -> Option<u64> {
        match kind {
            Kind::PullRequest => self.number,
            Kind::MergeGroup
            | Kind::Push
            | Kind::Tag
            | Kind::Release
            | Kind::Schedule
            | Kind::WorkflowDispatch
            | Kind::IssueComment
            | Kind::Other => None,
        }
    }

    /// A pull request was closed or given a label.
    fn is_carrying(&self, kind: Kind) -> bool {
        kind == Kind::PullRequest && matches!(self.action.as_deref(), Some("closed" | "labeled"))
    }

    /// The pull request, if it is merged.
    fn merged(&self, kind: Kind) -> Option<Merged> {
        let request = self.pull_request.as_ref().filter(|request| request.merged)?;
        let is_labelled = self.action.as_deref() == Some("labeled");
        let label = self.label.as_ref().filter(|_| is_labelled);
        (kind == Kind::PullRequest).then(|| Merged {
            labels: request.labels.iter().map(|label| label.name.clone()).collect(),
            label: label.map(|label| label.name.clone()),
        })
    }

    /// What was just written below a pull request.
    fn comment(&self, kind: Kind) -> Option<Comment> {
        let issue = self.issue.as_ref().filter(|issue| issue.pull_request.is_some())?;
        let comment = self.comment.as_ref()?;
        let is_new = kind == Kind::IssueComment && self.action.as_deref() == Some("created");
        let author = comment.user.as_ref()?.login.clone();
        is_new.then(|| Comment {
            number: issue.number,
            author,
            body: comment.body.clone().unwrap_or_default(),
        })
    }

    fn trust(&self) -> Trust {
        let request = self.pull_request.as_ref();
        let author = request.and_then(|request| request.user.as_ref());
        let accounts = self.sender.iter().chain(author);
        if accounts
            .into_iter()
            .any(|account| account.login == "dependabot[bot]")
        {
            return Trust::Dependabot;
        }
        let Some(request) = request else {
            return Trust::Own;
        };
        let own = request.base.repo.as_ref().or(self.repository.as_ref());
        match (&request.head.repo, own) {
            (Some(theirs), Some(own)) if theirs.full_name.eq_ignore_ascii_case(&own.full_name) => Trust::Own,
            (Some(_) | None, _) => Trust::Fork,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_are_those_of_git() {
        for good in [
            "main",
            "release/1.4",
            "dependabot/npm_and_yarn/a-1.0",
            "ä",
            "a@b",
            "v1.lock.2",
        ] {
            assert_eq!(branch(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "-x",
            "--upload-pack=x",
            "a..b",
            "a^1",
            "a~1",
            "a:b",
            "a b",
            "a\nb",
            "@",
            "a@{1}",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.lock",
            "a.",
            "a*",
            "a?",
            "a[",
            "a\\b",
            "a\u{7f}",
        ] {
            assert_eq!(branch(bad), None, "{bad:?}");
        }
        assert_eq!(branch(&"a".repeat(2_000)), None);
        assert_eq!(id(&"AB".repeat(20)), Some("ab".repeat(20)));
        assert_eq!(id(&"0".repeat(64)), Some("0".repeat(64)));
        for bad in ["", "0", "HEAD", &"g".repeat(40), &"0".repeat(41)] {
            assert_eq!(id(bad), None, "{bad:?}");
        }
    }
}
