//! Gitea and Forgejo (API version 1). They show no SARIF and minimize no comment; labels go by number, a commit through
//! the API names the file that it replaces, and a draft is known by its title.

mod response;
mod series;
mod transport;

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::client::{Call, Client, LIST_LIMIT, bearer, route};
use super::resource::Readiness;
use super::response::{Account, Repository, Tree};
use super::rest::Rest;
use super::{
    Access, ApiError, Change, CodeScanning, Comment, Commit, Entry, Forge, ForgeError, ForgeFuture, Issue,
    IssueState, Kind, Label, Permission, Processing, Pull, PullDetails, PullDraft, RemoteRef, RunPage,
    SarifUpload, Series, Site, TokenKind, Visibility,
};
use transport::GiteaTransport;

/// Gitea and Forgejo.
pub const KIND: Kind = Kind {
    name: "gitea",
    title: "Gitea or Forgejo",
    code_scanning: CodeScanning::Unknown,
    file_page: "src/commit",
    run_page: RunPage::ByNumber,
    connect: |site| Ok(Box::new(Gitea::new(site)?)),
};

/// The accounts behind the token that every job of a workflow is given.
const WORKFLOW_LOGINS: [&str; 2] = ["gitea-actions", "forgejo-actions"];

/// Items of one page; servers give no more than they are set to.
const PAGE: &str = "50";

/// The pull requests that were closed, the one that changed last first.
const CLOSED: [(&str, &str); 3] = [("state", "closed"), ("sort", "recentupdate"), ("limit", PAGE)];

/// More pages of one tree are not read.
const MAX_TREE_PAGES: u32 = 500;

/// One repository on Gitea or Forgejo.
pub struct Gitea {
    rest: Rest<GiteaTransport>,
    token: TokenKind,
    account: OnceCell<Option<Account>>,
}

impl Gitea {
    /// Connects to nothing yet.
    ///
    /// # Errors
    /// [`ApiError::Unusable`] for a token that no request can carry.
    pub fn new(site: Site) -> Result<Self, ForgeError> {
        let token = site
            .token
            .as_ref()
            .map(|token| bearer("token", token))
            .transpose()?;
        let kind = match token {
            None => TokenKind::Nothing,
            Some(_) => TokenKind::Other,
        };
        Ok(Self {
            token: kind,
            account: OnceCell::new(),
            rest: Rest {
                repository: site.repository,
                client: Client::new(GiteaTransport::new(site.web.clone(), site.api, token), site.web),
            },
        })
    }

    /// The account behind the token; `None` where the token may not ask, as that of a workflow may not.
    async fn account(&self) -> Result<Option<&Account>, ForgeError> {
        let account = self.account.get_or_try_init(|| async {
            if self.token == TokenKind::Nothing {
                return Ok(None);
            }
            let call = Call::read("asking who the token belongs to", route(&["user"], &[]));
            match self.rest.client.ask::<Account>(&call).await {
                Ok(account) => Ok(Some(account)),
                Err(error) if error.is_refusal() => Ok(None),
                Err(error) => Err(error),
            }
        });
        Ok(account.await?.as_ref())
    }

    async fn login(&self) -> Result<Option<String>, ForgeError> {
        Ok(self.account().await?.map(|account| account.login.clone()))
    }

    fn is_own(author: Option<&Account>, login: Option<&str>) -> bool {
        match (author, login) {
            (Some(author), Some(login)) => author.login == login,
            (Some(author), None) => WORKFLOW_LOGINS.contains(&author.login.as_str()),
            (None, _) => false,
        }
    }

    async fn labels(&self) -> Result<HashMap<String, u64>, ForgeError> {
        let call = self.rest.read("reading labels", &["labels"], &[("limit", PAGE)]);
        let labels: Vec<response::Label> = self.rest.client.pages(call).await?;
        Ok(labels.into_iter().map(|label| (label.name, label.id)).collect())
    }

    /// The numbers of labels by their names; those that do not exist are left out.
    async fn label_ids(&self, names: &[String]) -> Result<Vec<u64>, ForgeError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.labels().await?;
        Ok(names.iter().filter_map(|name| known.get(name).copied()).collect())
    }

    async fn branch_tip(&self, branch: &str) -> Result<Option<String>, ForgeError> {
        let call = self.rest.read("reading a branch", &["branches", branch], &[]);
        match self.rest.client.ask::<response::Branch>(&call).await {
            Ok(found) => Ok(found.commit.map(|commit| commit.id)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The branches of a page of the list.
///
/// # Errors
/// Why the page cannot be read.
pub(super) fn branches(page: &[u8]) -> Result<Vec<RemoteRef>, serde_json::Error> {
    let branches: Vec<response::Branch> = serde_json::from_slice(page)?;
    Ok(branches
        .into_iter()
        .filter_map(response::Branch::into_resource)
        .collect())
}

impl Forge for Gitea {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn access(&self) -> ForgeFuture<'_, Access> {
        Box::pin(async move {
            let call = self
                .rest
                .read("looking at the repository", &[], &[])
                .needing(Permission::ReadContents);
            let repository: Repository = self.rest.client.ask(&call).await?;
            let call = Call::read("asking for the version", route(&["version"], &[]));
            let server: response::Server = self.rest.client.ask(&call).await?;
            let login = self.login().await?;
            let token = match (self.token, &login) {
                (TokenKind::Nothing, _) => TokenKind::Nothing,
                (_, Some(login)) if !WORKFLOW_LOGINS.contains(&login.as_str()) => TokenKind::Classic,
                (_, Some(_) | None) => TokenKind::Workflow,
            };
            let signature = self.account().await?.and_then(|account| {
                let email = account.email.as_deref().filter(|email| !email.is_empty())?;
                Some(format!("{} <{email}>", account.login))
            });
            Ok(Access {
                login,
                signature,
                token,
                default_branch: repository.default_branch,
                private: repository.private,
                may_write: repository.permissions.map(|permissions| permissions.push),
                server: Some(server.version),
            })
        })
    }

    fn refs(&self) -> ForgeFuture<'_, Vec<RemoteRef>> {
        Box::pin(async move {
            let call = self
                .rest
                .read("reading branches", &["branches"], &[("limit", PAGE)]);
            let branches: Vec<response::Branch> = self.rest.client.pages(call).await?;
            let call = self.rest.read("reading tags", &["tags"], &[("limit", PAGE)]);
            let tags: Vec<response::Tag> = self.rest.client.pages(call).await?;
            let mut refs: Vec<RemoteRef> = branches
                .into_iter()
                .filter_map(response::Branch::into_resource)
                .collect();
            for tag in tags {
                let committed = tag.committed();
                let Some(tip) = tag.commit else { continue };
                let (commit, committed) = match committed {
                    Some(committed) => (tip.sha, committed),
                    None => match self.commit(&tip.sha).await {
                        Ok(commit) => (commit.id, commit.committed),
                        // A tag of something that is no commit.
                        Err(error) if error.is_missing() => continue,
                        Err(error) => return Err(error),
                    },
                };
                refs.push(RemoteRef {
                    name: format!("refs/tags/{}", tag.name),
                    commit,
                    committed: Some(committed),
                });
            }
            Ok(refs)
        })
    }

    fn commit<'f>(&'f self, id: &'f str) -> ForgeFuture<'f, Commit> {
        Box::pin(async move {
            let call = self.rest.read("reading a commit", &["git", "commits", id], &[]);
            let commit: response::Commit = self.rest.client.ask(&call).await?;
            commit
                .into_resource()
                .ok_or_else(|| call.error(ApiError::Unreadable("the commit has no tree or no date".into())))
        })
    }

    fn tree<'f>(&'f self, id: &'f str) -> ForgeFuture<'f, Vec<Entry>> {
        Box::pin(async move {
            let mut entries = Vec::new();
            let mut left = LIST_LIMIT;
            for page in 1..=MAX_TREE_PAGES {
                let page = page.to_string();
                let query = [
                    ("recursive", "true"),
                    ("page", page.as_str()),
                    ("per_page", "1000"),
                ];
                let call = self.rest.read("reading a tree", &["git", "trees", id], &query);
                let tree: Tree = self.rest.client.ask_part(&call, &mut left).await?;
                let items = tree.tree.unwrap_or_default();
                let is_last = !tree.truncated || items.is_empty();
                entries.extend(items.into_iter().filter_map(|item| item.entry("")));
                if is_last {
                    return Ok(entries);
                }
            }
            let call = self.rest.read("reading a tree", &[], &[]);
            Err(call.error(ApiError::Unreadable("the tree is too large to be read so".into())))
        })
    }

    fn blob<'f>(&'f self, id: &'f str, limit: u64) -> ForgeFuture<'f, Vec<u8>> {
        Box::pin(async move {
            let mut call = self.rest.read("reading a file", &["git", "blobs", id], &[]);
            call.limit = limit.saturating_mul(7) / 5 + (64 << 10);
            let blob: response::Blob = self.rest.client.ask(&call).await?;
            BASE64_STANDARD
                .decode(blob.content.unwrap_or_default())
                .map_err(|_| call.error(ApiError::Unreadable("a file's content is no base64".into())))
        })
    }

    fn upload_sarif<'f>(&'f self, _: &'f SarifUpload) -> ForgeFuture<'f, String> {
        Box::pin(async {
            Err(ForgeError {
                doing: "uploading SARIF",
                needs: None,
                error: ApiError::Unsupported(KIND.title),
            })
        })
    }

    fn processing<'f>(&'f self, _: &'f str) -> ForgeFuture<'f, Processing> {
        Box::pin(async {
            Err(ForgeError {
                doing: "asking for the upload",
                needs: None,
                error: ApiError::Unsupported(KIND.title),
            })
        })
    }

    fn find_comment<'f>(&'f self, number: u64, marker: &'f str) -> ForgeFuture<'f, Option<Comment>> {
        Box::pin(async move {
            let login = self.login().await?;
            let is_own = |author: Option<&Account>| Self::is_own(author, login.as_deref());
            self.rest.find_comment(number, marker, &[], is_own).await
        })
    }

    fn add_comment<'f>(&'f self, number: u64, body: &'f str) -> ForgeFuture<'f, Comment> {
        Box::pin(self.rest.add_comment(number, body))
    }

    fn edit_comment<'f>(&'f self, comment: &'f Comment, body: &'f str) -> ForgeFuture<'f, ()> {
        Box::pin(self.rest.edit_comment(comment, body))
    }

    fn set_visibility<'f>(&'f self, _: &'f Comment, _: Visibility) -> ForgeFuture<'f, ()> {
        Box::pin(async { Ok(()) })
    }

    fn find_issues<'f>(&'f self, marker: &'f str, label: &'f str) -> ForgeFuture<'f, Vec<Issue>> {
        Box::pin(async move {
            let of = |state| [("type", "issues"), ("state", state), ("limit", PAGE)];
            let login = self.login().await?;
            let is_own = |author: Option<&Account>| Self::is_own(author, login.as_deref());
            let mut labelled = of("all").to_vec();
            labelled.push(("labels", label));
            let mut found = self.rest.issues(marker, &labelled, is_own).await?;
            if !found.iter().any(|issue| issue.state == IssueState::Open) {
                // Somebody may have taken the label off.
                found.extend(self.rest.issues(marker, &of("open"), is_own).await?);
            }
            found.sort_by_key(|issue| (issue.state == IssueState::Closed, std::cmp::Reverse(issue.number)));
            found.dedup_by_key(|issue| issue.number);
            Ok(found)
        })
    }

    fn add_issue<'f>(
        &'f self,
        title: &'f str,
        body: &'f str,
        labels: &'f [String],
    ) -> ForgeFuture<'f, Issue> {
        Box::pin(async move {
            let labels = self.label_ids(labels).await?;
            self.rest.add_issue(title, body, &json!(labels)).await
        })
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
            // The server takes a second label of the same name.
            if self.labels().await?.contains_key(&label.name) {
                return Ok(());
            }
            let colour = format!("#{}", label.colour);
            let call = self.rest.write(
                "making a label",
                Permission::WriteIssues,
                Method::POST,
                &["labels"],
                Some(json!({ "name": label.name, "color": colour, "description": label.description })),
            );
            self.rest.client.send(&call).await.map(drop)
        })
    }

    fn add_labels<'f>(&'f self, number: u64, labels: &'f [String]) -> ForgeFuture<'f, ()> {
        Box::pin(async move {
            let labels = self.label_ids(labels).await?;
            self.rest.add_labels(number, &json!(labels)).await
        })
    }

    fn branch<'f>(&'f self, branch: &'f str) -> ForgeFuture<'f, Option<String>> {
        Box::pin(self.branch_tip(branch))
    }

    fn move_branch<'f>(&'f self, branch: &'f str, from: &'f str, to: &'f str) -> ForgeFuture<'f, ()> {
        Box::pin(async move {
            let body = json!({ "old_commit_id": from, "new_commit_id": to, "force": true });
            let call = self.rest.write(
                "moving a branch",
                Permission::WriteContents,
                Method::PUT,
                &["branches", branch],
                Some(body),
            );
            match self.rest.client.send(&call).await {
                Err(ForgeError {
                    error: ApiError::Conflict { .. },
                    ..
                }) if self.branch_tip(branch).await?.as_deref() == Some(to) => Ok(()),
                answer => answer.map(drop),
            }
        })
    }

    fn make_branch<'f>(&'f self, branch: &'f str, commit: &'f str) -> ForgeFuture<'f, ()> {
        Box::pin(async move {
            let call = self.rest.write(
                "making a branch",
                Permission::WriteContents,
                Method::POST,
                &["branches"],
                Some(json!({ "new_branch_name": branch, "old_ref_name": commit })),
            );
            match self.rest.client.send(&call).await {
                Err(ForgeError {
                    error: ApiError::Conflict { code, message },
                    ..
                }) => match self.branch_tip(branch).await? {
                    Some(tip) if tip == commit => Ok(()),
                    Some(_) | None => Err(call.error(ApiError::Conflict { code, message })),
                },
                answer => answer.map(drop),
            }
        })
    }

    fn remove_branch<'f>(&'f self, branch: &'f str) -> ForgeFuture<'f, ()> {
        Box::pin(async move {
            let call = self.rest.write(
                "removing a branch",
                Permission::WriteContents,
                Method::DELETE,
                &["branches", branch],
                None,
            );
            match self.rest.client.send(&call).await {
                Err(error) if error.is_missing() => Ok(()),
                answer => answer.map(drop),
            }
        })
    }

    fn commit_files<'f>(&'f self, change: &'f Change) -> ForgeFuture<'f, String> {
        Box::pin(async move {
            let parent = self.commit(&change.parent).await?;
            let held: HashMap<String, String> = self
                .tree(&parent.tree)
                .await?
                .into_iter()
                .map(|entry| (entry.path, entry.id))
                .collect();
            let put = change.files.iter().map(|(path, bytes)| {
                let content = BASE64_STANDARD.encode(bytes);
                match held.get(path) {
                    Some(id) => json!({ "operation": "update", "path": path, "content": content, "sha": id }),
                    None => json!({ "operation": "create", "path": path, "content": content }),
                }
            });
            let removed = change.removed.iter().filter_map(|path| {
                let id = held.get(path)?;
                Some(json!({ "operation": "delete", "path": path, "sha": id }))
            });
            let files: Vec<Value> = put.chain(removed).collect();
            let message = format!("{}\n\n{}", change.headline, change.body);
            let call = self.rest.write(
                "committing",
                Permission::WriteContents,
                Method::POST,
                &["contents"],
                Some(json!({ "branch": change.branch, "message": message.trim_end(), "files": files })),
            );
            // The API takes no commit that the branch must be at; each file's own id guards what is replaced.
            match self.branch_tip(&change.branch).await? {
                Some(tip) if tip == change.parent => {}
                Some(_) | None => {
                    return Err(call.error(ApiError::Conflict {
                        code: 409,
                        message: "the branch has moved on".into(),
                    }));
                }
            }
            let made: response::Made = self.rest.client.ask(&call).await?;
            Ok(made.commit.sha)
        })
    }

    fn put_series<'f>(&'f self, series: &'f Series) -> ForgeFuture<'f, String> {
        Box::pin(self.series(series))
    }

    fn pull(&self, number: u64) -> ForgeFuture<'_, PullDetails> {
        Box::pin(self.rest.pull(number))
    }

    fn pull_commits(&self, number: u64) -> ForgeFuture<'_, Vec<String>> {
        Box::pin(self.rest.pull_commits(
            number,
            &[("files", "false"), ("verification", "false"), ("limit", PAGE)],
        ))
    }

    fn advisory<'f>(&'f self, _: &'f str) -> ForgeFuture<'f, Option<Vec<u8>>> {
        Box::pin(async { Ok(None) })
    }

    fn may_write<'f>(&'f self, login: &'f str) -> ForgeFuture<'f, bool> {
        Box::pin(self.rest.may_write(login))
    }

    fn find_pulls<'f>(&'f self, branch: &'f str, base: &'f str) -> ForgeFuture<'f, Vec<Pull>> {
        Box::pin(async move {
            let mut pulls = self.rest.pulls(&[("state", "open"), ("limit", PAGE)]).await?;
            pulls.extend(self.rest.latest_pulls(&CLOSED).await?);
            pulls.retain(|pull| pull.branch == branch && pull.base == base);
            pulls.sort_by_key(|pull| std::cmp::Reverse(pull.number));
            pulls.dedup_by_key(|pull| pull.number);
            Ok(pulls)
        })
    }

    fn open_pulls(&self) -> ForgeFuture<'_, Vec<Pull>> {
        Box::pin(self.rest.pulls(&[("state", "open"), ("limit", PAGE)]))
    }

    fn closed_pulls<'f>(&'f self, base: &'f str) -> ForgeFuture<'f, Vec<Pull>> {
        Box::pin(async move {
            let mut pulls = self.rest.latest_pulls(&CLOSED).await?;
            pulls.retain(|pull| pull.base == base);
            Ok(pulls)
        })
    }

    fn assign<'f>(
        &'f self,
        number: u64,
        people: &'f [String],
        milestone: Option<&'f str>,
    ) -> ForgeFuture<'f, ()> {
        let query = &[("state", "open"), ("limit", PAGE)];
        Box::pin(self.rest.assign(number, people, milestone, query))
    }

    fn open_pull<'f>(&'f self, draft: &'f PullDraft) -> ForgeFuture<'f, Pull> {
        Box::pin(async move {
            let title = match draft.readiness {
                Readiness::Ready => draft.title.clone(),
                Readiness::Draft => format!("WIP: {}", draft.title),
            };
            let body =
                json!({ "title": title, "body": draft.body, "head": draft.branch, "base": draft.base });
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
