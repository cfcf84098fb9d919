//! The REST API that forges share: Gitea's follows GitHub's, so that comments, issues and pull requests have the same
//! requests. What differs is in each forge's own file.

use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Call, Client, Transport, route};
use super::error::one_line;
use super::response;
use super::{
    ApiError, Comment, ForgeError, Issue, IssueState, Permission, Pull, PullDetails, RepositoryName,
};

/// One repository behind a transport.
pub(super) struct Rest<W> {
    pub client: Client<W>,
    pub repository: RepositoryName,
}

/// The `state` of an issue or pull request.
fn as_str(state: IssueState) -> &'static str {
    match state {
        IssueState::Open => "open",
        IssueState::Closed => "closed",
    }
}

/// A text that only quotes a marker is not ours.
fn begins_with(body: &str, marker: &str) -> bool {
    body.trim_start().starts_with(marker)
}

impl<W: Transport> Rest<W> {
    /// A path below the repository.
    pub fn route(&self, segments: &[&str], query: &[(&str, &str)]) -> String {
        let mut all = vec!["repos", self.repository.owner(), self.repository.name()];
        all.extend(segments);
        route(&all, query)
    }

    /// Something of the repository that is read.
    pub fn read(&self, doing: &'static str, segments: &[&str], query: &[(&str, &str)]) -> Call {
        Call::read(doing, self.route(segments, query))
    }

    /// Something of the repository that is written.
    pub fn write(
        &self,
        doing: &'static str,
        needs: Permission,
        method: Method,
        segments: &[&str],
        body: Option<Value>,
    ) -> Call {
        Call::write(doing, needs, method, self.route(segments, &[]), body)
    }

    /// The issues that `query` asks for, that `is_own` takes for our own and whose text begins with `marker`.
    pub async fn issues(
        &self,
        marker: &str,
        query: &[(&str, &str)],
        is_own: impl Fn(Option<&response::Account>) -> bool,
    ) -> Result<Vec<Issue>, ForgeError> {
        let call = self
            .read("looking for an issue", &["issues"], query)
            .needing(Permission::WriteIssues);
        let issues: Vec<response::Issue> = self.client.pages(call).await?;
        let own = issues.into_iter().filter(|issue| {
            issue.pull_request.is_none()
                && is_own(issue.user.as_ref())
                && issue
                    .body
                    .as_deref()
                    .is_some_and(|body| begins_with(body, marker))
        });
        Ok(own.map(response::Issue::into_resource).collect())
    }

    /// The oldest comment that `is_own` takes for our own and whose text begins with `marker`.
    pub async fn find_comment(
        &self,
        number: u64,
        marker: &str,
        query: &[(&str, &str)],
        is_own: impl Fn(Option<&response::Account>) -> bool,
    ) -> Result<Option<Comment>, ForgeError> {
        let number = number.to_string();
        let call = self
            .read("looking for the comment", &["issues", &number, "comments"], query)
            .needing(Permission::WritePullRequests);
        let comments: Vec<response::Comment> = self.client.pages(call).await?;
        let own = comments.into_iter().find(|comment| {
            is_own(comment.user.as_ref())
                && comment
                    .body
                    .as_deref()
                    .is_some_and(|body| begins_with(body, marker))
        });
        Ok(own.map(response::Comment::into_resource))
    }

    /// Adds a comment.
    pub async fn add_comment(&self, number: u64, body: &str) -> Result<Comment, ForgeError> {
        let number = number.to_string();
        let call = self.write(
            "commenting",
            Permission::WritePullRequests,
            Method::POST,
            &["issues", &number, "comments"],
            Some(json!({ "body": body })),
        );
        let comment: response::Comment = self.client.ask(&call).await?;
        Ok(comment.into_resource())
    }

    /// Replaces the text of a comment.
    pub async fn edit_comment(&self, comment: &Comment, body: &str) -> Result<(), ForgeError> {
        let id = comment.id.to_string();
        let call = self.write(
            "editing the comment",
            Permission::WritePullRequests,
            Method::PATCH,
            &["issues", "comments", &id],
            Some(json!({ "body": body })),
        );
        self.client.send(&call).await.map(drop)
    }

    /// Opens an issue under labels, as the forge names those.
    pub async fn add_issue(&self, title: &str, body: &str, labels: &Value) -> Result<Issue, ForgeError> {
        let call = self.write(
            "opening an issue",
            Permission::WriteIssues,
            Method::POST,
            &["issues"],
            Some(json!({ "title": title, "body": body, "labels": labels })),
        );
        let issue: response::Issue = self.client.ask(&call).await?;
        Ok(issue.into_resource())
    }

    /// Replaces title, text and state of an issue.
    pub async fn edit_issue(
        &self,
        number: u64,
        title: &str,
        body: &str,
        state: IssueState,
    ) -> Result<Issue, ForgeError> {
        let number = number.to_string();
        let call = self.write(
            "editing the issue",
            Permission::WriteIssues,
            Method::PATCH,
            &["issues", &number],
            Some(json!({ "title": title, "body": body, "state": as_str(state) })),
        );
        let issue: response::Issue = self.client.ask(&call).await?;
        Ok(issue.into_resource())
    }

    /// Puts labels, as the forge names them, on an issue or pull request.
    pub async fn add_labels(&self, number: u64, labels: &Value) -> Result<(), ForgeError> {
        let number = number.to_string();
        let call = self
            .write(
                "labelling",
                Permission::WriteIssues,
                Method::POST,
                &["issues", &number, "labels"],
                Some(json!({ "labels": labels })),
            )
            .repeated();
        self.client.send(&call).await.map(drop)
    }

    /// Opens the pull request that `body` describes.
    pub async fn open_pull(&self, body: Value) -> Result<Pull, ForgeError> {
        let call = self.write(
            "opening a pull request",
            Permission::WritePullRequests,
            Method::POST,
            &["pulls"],
            Some(body),
        );
        let pull: response::Pull = self.client.ask(&call).await?;
        Ok(pull.into_resource())
    }

    /// Replaces title, text and state of a pull request.
    pub async fn edit_pull(
        &self,
        number: u64,
        title: &str,
        body: &str,
        state: IssueState,
    ) -> Result<Pull, ForgeError> {
        let number = number.to_string();
        let call = self.write(
            "editing a pull request",
            Permission::WritePullRequests,
            Method::PATCH,
            &["pulls", &number],
            Some(json!({ "title": title, "body": body, "state": as_str(state) })),
        );
        let pull: response::Pull = self.client.ask(&call).await?;
        Ok(pull.into_resource())
    }

    /// Assigns an issue or pull request, and puts it into the milestone that `query` lists.
    pub async fn assign(
        &self,
        number: u64,
        people: &[String],
        milestone: Option<&str>,
        query: &[(&str, &str)],
    ) -> Result<(), ForgeError> {
        let mut body = serde_json::Map::new();
        if !people.is_empty() {
            body.insert("assignees".to_owned(), json!(people));
        }
        if let Some(title) = milestone {
            let call = || {
                self.read("looking for the milestone", &["milestones"], query)
                    .needing(Permission::WriteIssues)
            };
            let all: Vec<response::Milestone> = self.client.pages(call()).await?;
            let found = all.iter().find(|milestone| milestone.title == title);
            let found = found.ok_or_else(|| {
                call().error(ApiError::Invalid {
                    code: 404,
                    message: one_line(&format!("no open milestone has the title {title}")),
                })
            })?;
            let named = found.number.unwrap_or(found.id);
            body.insert("milestone".to_owned(), json!(named));
        }
        let number = number.to_string();
        let call = self
            .write(
                "assigning",
                Permission::WriteIssues,
                Method::PATCH,
                &["issues", &number],
                Some(Value::Object(body)),
            )
            .repeated();
        self.client.send(&call).await.map(drop)
    }

    /// The pull requests that `query` lists, but those from forks.
    pub async fn pulls(&self, query: &[(&str, &str)]) -> Result<Vec<Pull>, ForgeError> {
        let call = self.read("looking for pull requests", &["pulls"], query);
        let pulls: Vec<response::Pull> = self.client.pages(call).await?;
        let own = pulls.into_iter().filter(response::Pull::is_from_here);
        Ok(own.map(response::Pull::into_resource).collect())
    }

    /// The first two pages of pull requests.
    pub async fn latest_pulls(&self, query: &[(&str, &str)]) -> Result<Vec<Pull>, ForgeError> {
        let mut pulls = Vec::new();
        for page in ["1", "2"] {
            let query: Vec<(&str, &str)> = query.iter().copied().chain([("page", page)]).collect();
            let call = self.read("looking for pull requests", &["pulls"], &query);
            let of_page: Vec<response::Pull> = self.client.ask(&call).await?;
            if of_page.is_empty() {
                break;
            }
            let own = of_page.into_iter().filter(response::Pull::is_from_here);
            pulls.extend(own.map(response::Pull::into_resource));
        }
        Ok(pulls)
    }

    /// One pull request.
    pub async fn pull(&self, number: u64) -> Result<PullDetails, ForgeError> {
        let number = number.to_string();
        let call = self.read("reading a pull request", &["pulls", &number], &[]);
        let pull: response::Pull = self.client.ask(&call).await?;
        Ok(pull.into_details())
    }

    /// The ids of the commits of a pull request.
    pub async fn pull_commits(&self, number: u64, query: &[(&str, &str)]) -> Result<Vec<String>, ForgeError> {
        let number = number.to_string();
        let call = self.read(
            "reading the commits of a pull request",
            &["pulls", &number, "commits"],
            query,
        );
        let commits: Vec<response::Object> = self.client.pages(call).await?;
        Ok(commits.into_iter().map(|commit| commit.sha).collect())
    }

    /// Whether an account may write to the repository; one that the forge does not know may not.
    pub async fn may_write(&self, login: &str) -> Result<bool, ForgeError> {
        let call = self.read(
            "asking what an account may do",
            &["collaborators", login, "permission"],
            &[],
        );
        match self.client.ask::<response::Collaborator>(&call).await {
            Ok(collaborator) => Ok(collaborator.may_write()),
            Err(error) if error.is_missing() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The document of an advisory about the repository.
    pub async fn advisory(&self, id: &str) -> Result<Option<Vec<u8>>, ForgeError> {
        let call = self.read("reading an advisory", &["security-advisories", id], &[]);
        match self.client.send(&call).await {
            Ok(response) => Ok(Some(response.body)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks people and teams to review a pull request.
    pub async fn ask_review(
        &self,
        number: u64,
        people: &[String],
        teams: &[String],
    ) -> Result<(), ForgeError> {
        let number = number.to_string();
        let call = self
            .write(
                "asking for a review",
                Permission::WritePullRequests,
                Method::POST,
                &["pulls", &number, "requested_reviewers"],
                Some(json!({ "reviewers": people, "team_reviewers": teams })),
            )
            .repeated();
        self.client.send(&call).await.map(drop)
    }
}
