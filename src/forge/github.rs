//! GitHub: github.com, Enterprise Cloud and Enterprise Server, through `octocrab` (REST API version 2022-11-28, and GraphQL
//! for what REST lacks: the dates of refs in one question, minimizing comments, commits that GitHub signs).

mod graphql;
mod objects;
mod response;
mod transport;

use std::collections::HashSet;
use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::json;
use tokio::sync::OnceCell;

use super::client::{Client, LIST_LIMIT, read};
use super::resource::Readiness;
use super::response::{Account, Repository, Tree};
use super::rest::Rest;
use super::{
    Access, ApiError, Change, CodeScanning, Comment, Commit, Entry, Forge, ForgeError, ForgeFuture, Issue,
    IssueState, Kind, Label, Permission, Processing, Pull, PullDetails, PullDraft, RemoteRef, RunPage,
    SarifUpload, Series, Site, TokenKind, Visibility,
};
pub(super) use graphql::page_of_refs as refs;
use transport::GitHubTransport;

/// GitHub.
pub const KIND: Kind = Kind {
    name: "github",
    title: "GitHub",
    code_scanning: CodeScanning::Offered,
    file_page: "blob",
    run_page: RunPage::ById,
    connect: |site| Ok(Box::new(GitHub::new(site)?)),
};

/// The account behind the token that every job of a workflow is given.
const WORKFLOW_LOGIN: &str = "github-actions[bot]";

/// More questions than this are not asked for one tree that the forge does not give in one answer.
const MAX_TREES: usize = 1_000;

/// One repository on GitHub.
pub struct GitHub {
    rest: Rest<GitHubTransport>,
    token: TokenKind,
    /// Where a server of one's own is.
    host: Option<String>,
    viewer: OnceCell<Option<graphql::Viewer>>,
}

impl GitHub {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`ApiError::Unusable`] for a token that no request can carry.
    pub fn new(site: Site) -> Result<Self, ForgeError> {
        let token = transport::token_kind(site.token.as_ref());
        let host = site.api.host().map(str::to_owned);
        Ok(Self {
            token,
            host,
            viewer: OnceCell::new(),
            rest: Rest {
                repository: site.repository,
                client: Client::new(
                    GitHubTransport::new(site.web.clone(), site.api, site.graphql, site.token)?,
                    site.web,
                ),
            },
        })
    }

    /// The account behind the token; `None` without one.
    async fn viewer(&self) -> Result<Option<&graphql::Viewer>, ForgeError> {
        let viewer = self.viewer.get_or_try_init(|| async {
            match self.token {
                TokenKind::Nothing => Ok(None),
                TokenKind::Workflow
                | TokenKind::App
                | TokenKind::FineGrained
                | TokenKind::Classic
                | TokenKind::User
                | TokenKind::Other => graphql::viewer(&self.rest.client).await.map(Some),
            }
        });
        Ok(viewer.await?.as_ref())
    }

    async fn login(&self) -> Result<Option<String>, ForgeError> {
        Ok(self.viewer().await?.map(|viewer| viewer.login.clone()))
    }

    /// Whether an account is the one behind the token.
    fn is_own(author: Option<&Account>, login: Option<&String>) -> bool {
        match (author, login) {
            (Some(author), Some(login)) => author.login == *login,
            (Some(_) | None, None) | (None, Some(_)) => false,
        }
    }

    /// One level of a tree, or all of it where the forge gives that.
    async fn level(&self, id: &str, depth: Depth, left: &mut u64) -> Result<Tree, ForgeError> {
        let query: &[(&str, &str)] = match depth {
            Depth::One => &[],
            Depth::All => &[("recursive", "1")],
        };
        let call = self.rest.read("reading a tree", &["git", "trees", id], query);
        self.rest.client.ask_part(&call, left).await
    }

    async fn whole_tree(&self, id: &str) -> Result<Vec<Entry>, ForgeError> {
        let mut entries = Vec::new();
        let mut waiting = vec![(String::new(), id.to_owned())];
        let mut asked = 0;
        let mut left = LIST_LIMIT;
        while let Some((folder, id)) = waiting.pop() {
            asked += 2;
            let mut tree = self.level(&id, Depth::All, &mut left).await?;
            if tree.truncated {
                tree = self.level(&id, Depth::One, &mut left).await?;
                for item in tree.tree.iter().flatten().filter(|item| item.is_tree()) {
                    waiting.push((format!("{folder}{}/", item.path), item.sha.clone()));
                }
            }
            if asked > MAX_TREES || tree.truncated {
                let call = self.rest.read("reading a tree", &[], &[]);
                return Err(call.error(ApiError::Unreadable("the tree is too large to be read so".into())));
            }
            entries.extend(
                tree.tree
                    .into_iter()
                    .flatten()
                    .filter_map(|item| item.entry(&folder)),
            );
        }
        Ok(entries)
    }

    async fn branch_tip(&self, branch: &str) -> Result<Option<String>, ForgeError> {
        let name = format!("heads/{branch}");
        let call = self.rest.read("reading a branch", &["git", "ref", &name], &[]);
        match self.rest.client.ask::<response::Reference>(&call).await {
            Ok(found) => Ok(Some(found.object.sha)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How deep a tree is asked for.
#[derive(Clone, Copy)]
enum Depth {
    One,
    All,
}

impl Forge for GitHub {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn access(&self) -> ForgeFuture<'_, Access> {
        Box::pin(async move {
            let call = self
                .rest
                .read("looking at the repository", &[], &[])
                .needing(Permission::ReadContents);
            let response = self.rest.client.send(&call).await?;
            let repository: Repository = read(&call, &response)?;
            let login = self.login().await?;
            let token = match (self.token, login.as_deref()) {
                (TokenKind::App, Some(WORKFLOW_LOGIN)) => TokenKind::Workflow,
                (token, _) => token,
            };
            let server = response.header("x-github-enterprise-version").map(str::to_owned);
            // The address that GitHub itself gives an account which shows none.
            let host = match server {
                None => Some("github.com"),
                Some(_) => self.host.as_deref(),
            };
            let signature = self.viewer().await?.and_then(|viewer| {
                let (login, id) = (&viewer.login, viewer.id?);
                Some(format!("{login} <{id}+{login}@users.noreply.{}>", host?))
            });
            Ok(Access {
                login,
                signature,
                token,
                default_branch: repository.default_branch,
                private: repository.private,
                may_write: repository.permissions.map(|permissions| permissions.push),
                server,
            })
        })
    }

    fn refs(&self) -> ForgeFuture<'_, Vec<RemoteRef>> {
        Box::pin(graphql::refs(&self.rest.client, &self.rest.repository))
    }

    fn commit<'f>(&'f self, id: &'f str) -> ForgeFuture<'f, Commit> {
        Box::pin(async move {
            let call = self.rest.read("reading a commit", &["git", "commits", id], &[]);
            let commit: response::Commit = self.rest.client.ask(&call).await?;
            Ok(commit.into_resource())
        })
    }

    fn tree<'f>(&'f self, id: &'f str) -> ForgeFuture<'f, Vec<Entry>> {
        Box::pin(self.whole_tree(id))
    }

    fn blob<'f>(&'f self, id: &'f str, limit: u64) -> ForgeFuture<'f, Vec<u8>> {
        Box::pin(async move {
            let mut call = self.rest.read("reading a file", &["git", "blobs", id], &[]);
            // Base64 in lines of 60, and what stands around it.
            call.limit = limit.saturating_mul(7) / 5 + (64 << 10);
            let blob: response::Blob = self.rest.client.ask(&call).await?;
            blob.bytes().map_err(|error| call.error(error))
        })
    }

    fn upload_sarif<'f>(&'f self, upload: &'f SarifUpload) -> ForgeFuture<'f, String> {
        Box::pin(async move {
            let mut packed = GzEncoder::new(Vec::new(), Compression::best());
            let packed = match packed.write_all(&upload.sarif) {
                Ok(()) => packed.finish().unwrap_or_default(),
                Err(_) => Vec::new(),
            };
            let body = json!({
                "commit_sha": upload.commit,
                "ref": upload.ref_name,
                "sarif": BASE64_STANDARD.encode(packed),
                "tool_name": "lockkeeper",
            });
            let call = self
                .rest
                .write(
                    "uploading SARIF",
                    Permission::WriteSecurityEvents,
                    Method::POST,
                    &["code-scanning", "sarifs"],
                    Some(body),
                )
                .repeated();
            let receipt: response::Receipt = self.rest.client.ask(&call).await?;
            Ok(receipt.id)
        })
    }

    fn processing<'f>(&'f self, upload: &'f str) -> ForgeFuture<'f, Processing> {
        Box::pin(async move {
            let call = self
                .rest
                .read("asking for the upload", &["code-scanning", "sarifs", upload], &[]);
            let state: response::Upload = self.rest.client.ask(&call).await?;
            Ok(state.into_resource())
        })
    }

    fn find_comment<'f>(&'f self, number: u64, marker: &'f str) -> ForgeFuture<'f, Option<Comment>> {
        Box::pin(async move {
            let login = self.login().await?;
            let is_own = |author: Option<&Account>| Self::is_own(author, login.as_ref());
            self.rest
                .find_comment(number, marker, &[("per_page", "100")], is_own)
                .await
        })
    }

    fn add_comment<'f>(&'f self, number: u64, body: &'f str) -> ForgeFuture<'f, Comment> {
        Box::pin(self.rest.add_comment(number, body))
    }

    fn edit_comment<'f>(&'f self, comment: &'f Comment, body: &'f str) -> ForgeFuture<'f, ()> {
        Box::pin(self.rest.edit_comment(comment, body))
    }

    fn set_visibility<'f>(&'f self, comment: &'f Comment, shown: Visibility) -> ForgeFuture<'f, ()> {
        Box::pin(graphql::show(&self.rest.client, comment, shown))
    }

    fn find_issues<'f>(&'f self, marker: &'f str, label: &'f str) -> ForgeFuture<'f, Vec<Issue>> {
        Box::pin(async move {
            let login = self.login().await?;
            let is_own = |author: Option<&Account>| Self::is_own(author, login.as_ref());
            let labelled = [("labels", label), ("state", "all"), ("per_page", "100")];
            let mut found = self.rest.issues(marker, &labelled, is_own).await?;
            if !found.iter().any(|issue| issue.state == IssueState::Open)
                && let Some(login) = &login
            {
                // Somebody may have taken the label off.
                let own = [
                    ("creator", login.as_str()),
                    ("state", "open"),
                    ("per_page", "100"),
                ];
                found.extend(self.rest.issues(marker, &own, is_own).await?);
            }
            let mut seen = HashSet::new();
            found.retain(|issue| seen.insert(issue.number));
            found.sort_by_key(|issue| (issue.state == IssueState::Closed, std::cmp::Reverse(issue.number)));
            Ok(found)
        })
    }

    fn add_issue<'f>(
        &'f self,
        title: &'f str,
        body: &'f str,
        labels: &'f [String],
    ) -> ForgeFuture<'f, Issue> {
        Box::pin(async move { self.rest.add_issue(title, body, &json!(labels)).await })
    }

    fn edit_issue<'f>(
        &'f self,
        number: u64,
        title: &'f str,
        body: &'f str,
        state: IssueState,
    ) -> ForgeFuture<'f, Issue> {
        Box::pin(self.rest.edit_issue(number, title, body, state))
    }

    fn make_label<'f>(&'f self, label: &'f Label) -> ForgeFuture<'f, ()> {
        Box::pin(async move {
            let body = json!({ "name": label.name, "color": label.colour, "description": label.description });
            let call = self.rest.write(
                "making a label",
                Permission::WriteIssues,
                Method::POST,
                &["labels"],
                Some(body),
            );
            match self.rest.client.send(&call).await {
                Err(ForgeError {
                    error: ApiError::Invalid { message, .. },
                    ..
                }) if message.contains("already_exists") => Ok(()),
                answer => answer.map(drop),
            }
        })
    }

    fn add_labels<'f>(&'f self, number: u64, labels: &'f [String]) -> ForgeFuture<'f, ()> {
        Box::pin(async move { self.rest.add_labels(number, &json!(labels)).await })
    }

    fn branch<'f>(&'f self, branch: &'f str) -> ForgeFuture<'f, Option<String>> {
        Box::pin(self.branch_tip(branch))
    }

    fn move_branch<'f>(&'f self, branch: &'f str, from: &'f str, to: &'f str) -> ForgeFuture<'f, ()> {
        Box::pin(async move {
            let (client, repository) = (&self.rest.client, &self.rest.repository);
            match graphql::move_branch(client, repository, (branch, from, to)).await {
                // It may be that it was moved and that the answer was lost.
                Err(
                    error @ ForgeError {
                        error: ApiError::Conflict { .. },
                        ..
                    },
                ) => match self.branch_tip(branch).await? {
                    Some(tip) if tip == to => Ok(()),
                    Some(_) | None => Err(error),
                },
                answer => answer,
            }
        })
    }

    fn make_branch<'f>(&'f self, branch: &'f str, commit: &'f str) -> ForgeFuture<'f, ()> {
        Box::pin(async move {
            let body = json!({ "ref": format!("refs/heads/{branch}"), "sha": commit });
            let call = self.rest.write(
                "making a branch",
                Permission::WriteContents,
                Method::POST,
                &["git", "refs"],
                Some(body),
            );
            match self.rest.client.send(&call).await {
                Err(ForgeError {
                    error: ApiError::Invalid { code, message },
                    ..
                }) if message.contains("already exists") => match self.branch_tip(branch).await? {
                    Some(tip) if tip == commit => Ok(()),
                    Some(_) | None => Err(call.error(ApiError::Conflict { code, message })),
                },
                answer => answer.map(drop),
            }
        })
    }

    fn remove_branch<'f>(&'f self, branch: &'f str) -> ForgeFuture<'f, ()> {
        Box::pin(async move {
            let name = format!("heads/{branch}");
            let call = self.rest.write(
                "removing a branch",
                Permission::WriteContents,
                Method::DELETE,
                &["git", "refs", &name],
                None,
            );
            match self.rest.client.send(&call).await {
                Err(ForgeError {
                    error: ApiError::Invalid { message, .. },
                    ..
                }) if message.contains("does not exist") => Ok(()),
                answer => answer.map(drop),
            }
        })
    }

    fn commit_files<'f>(&'f self, change: &'f Change) -> ForgeFuture<'f, String> {
        Box::pin(graphql::commit(&self.rest.client, &self.rest.repository, change))
    }

    fn put_series<'f>(&'f self, series: &'f Series) -> ForgeFuture<'f, String> {
        Box::pin(async move {
            let made = objects::series(&self.rest, series).await?;
            match &series.from {
                None => self.make_branch(&series.branch, &made).await?,
                Some(from) => self.move_branch(&series.branch, from, &made).await?,
            }
            Ok(made)
        })
    }

    fn pull(&self, number: u64) -> ForgeFuture<'_, PullDetails> {
        Box::pin(self.rest.pull(number))
    }

    fn pull_commits(&self, number: u64) -> ForgeFuture<'_, Vec<String>> {
        Box::pin(self.rest.pull_commits(number, &[("per_page", "100")]))
    }

    fn advisory<'f>(&'f self, id: &'f str) -> ForgeFuture<'f, Option<Vec<u8>>> {
        Box::pin(self.rest.advisory(id))
    }

    fn may_write<'f>(&'f self, login: &'f str) -> ForgeFuture<'f, bool> {
        Box::pin(self.rest.may_write(login))
    }

    fn find_pulls<'f>(&'f self, branch: &'f str, base: &'f str) -> ForgeFuture<'f, Vec<Pull>> {
        Box::pin(async move {
            let head = format!("{}:{branch}", self.rest.repository.owner());
            let query = [
                ("state", "all"),
                ("head", head.as_str()),
                ("base", base),
                ("per_page", "100"),
            ];
            let mut pulls = self.rest.pulls(&query).await?;
            pulls.retain(|pull| pull.branch == branch);
            pulls.sort_by_key(|pull| std::cmp::Reverse(pull.number));
            Ok(pulls)
        })
    }

    fn open_pulls(&self) -> ForgeFuture<'_, Vec<Pull>> {
        Box::pin(self.rest.pulls(&[("state", "open"), ("per_page", "100")]))
    }

    fn closed_pulls<'f>(&'f self, base: &'f str) -> ForgeFuture<'f, Vec<Pull>> {
        Box::pin(async move {
            let query = [
                ("state", "closed"),
                ("base", base),
                ("sort", "updated"),
                ("direction", "desc"),
                ("per_page", "100"),
            ];
            self.rest.latest_pulls(&query).await
        })
    }

    fn assign<'f>(
        &'f self,
        number: u64,
        people: &'f [String],
        milestone: Option<&'f str>,
    ) -> ForgeFuture<'f, ()> {
        let query = &[("state", "open"), ("per_page", "100")];
        Box::pin(self.rest.assign(number, people, milestone, query))
    }

    fn open_pull<'f>(&'f self, draft: &'f PullDraft) -> ForgeFuture<'f, Pull> {
        Box::pin(async move {
            let body = json!({
                "title": draft.title,
                "body": draft.body,
                "head": draft.branch,
                "base": draft.base,
                "draft": draft.readiness == Readiness::Draft,
            });
            self.rest.open_pull(body).await
        })
    }

    fn edit_pull<'f>(
        &'f self,
        number: u64,
        title: &'f str,
        body: &'f str,
        state: IssueState,
    ) -> ForgeFuture<'f, Pull> {
        Box::pin(self.rest.edit_pull(number, title, body, state))
    }

    fn ask_review<'f>(
        &'f self,
        number: u64,
        people: &'f [String],
        teams: &'f [String],
    ) -> ForgeFuture<'f, ()> {
        Box::pin(self.rest.ask_review(number, people, teams))
    }
}
