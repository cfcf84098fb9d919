//! GitHub's GraphQL API, where REST lacks something or asks once for each ref.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::forge::client::{Call, Client, Effect, LIST_LIMIT, Repeat, Side, Transport};
use crate::forge::error::one_line;
use crate::forge::resource::RemoteRef;
use crate::forge::{ApiError, Change, Comment, ForgeError, Permission, RepositoryName, Visibility};
use crate::sys::web::HttpResponse;
use reqwest::Method;

const LOGIN: &str = "query { viewer { login databaseId } }";

/// A tag's own object stands before its commit; one may stand before another.
const REFS: &str = "query ($owner: String!, $name: String!, $prefix: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    refs(refPrefix: $prefix, first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        name
        target {
          oid
          ... on Commit { committedDate }
          ... on Tag { target { oid ... on Commit { committedDate } ... on Tag { target { oid ... on Commit { committedDate } } } } }
        }
      }
    }
  }
}";

const MINIMIZE: &str = "mutation ($subject: ID!) {
  minimizeComment(input: { subjectId: $subject, classifier: RESOLVED }) { minimizedComment { isMinimized } }
}";

const SHOW: &str = "mutation ($subject: ID!) {
  unminimizeComment(input: { subjectId: $subject }) { unminimizedComment { isMinimized } }
}";

const COMMIT: &str = "mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}";

const REPOSITORY: &str =
    "query ($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { id } }";

const MOVE: &str = "mutation ($input: UpdateRefsInput!) {
  updateRefs(input: $input) { clientMutationId }
}";

/// More pages of branches than this are not read, and as many of tags: 100 refs each.
const MAX_PAGES: usize = 500;

fn query(doing: &'static str, text: &str, variables: Value) -> Call {
    let mut call = Call::read(doing, String::new());
    call.method = Method::POST;
    call.side = Side::Graph;
    call.body = Some(json!({ "query": text, "variables": variables }));
    call
}

fn mutation(doing: &'static str, needs: Permission, text: &str, variables: Value) -> Call {
    let mut call = query(doing, text, variables);
    call.effect = Effect::Writes;
    call.repeat = Repeat::Never;
    call.needing(needs)
}

/// An account.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Viewer {
    pub login: String,
    #[serde(rename = "databaseId")]
    pub id: Option<u64>,
}

/// The account behind the token.
pub(super) async fn viewer(client: &Client<impl Transport>) -> Result<Viewer, ForgeError> {
    #[derive(Deserialize)]
    struct Answer {
        viewer: Viewer,
    }
    let call = query("asking who the token belongs to", LOGIN, json!({}));
    let answer: Answer = data(client, &call).await?;
    Ok(answer.viewer)
}

/// Every branch and tag.
pub(super) async fn refs(
    client: &Client<impl Transport>,
    repository: &RepositoryName,
) -> Result<Vec<RemoteRef>, ForgeError> {
    refs_within(client, repository, LIST_LIMIT).await
}

async fn refs_within(
    client: &Client<impl Transport>,
    repository: &RepositoryName,
    mut left: u64,
) -> Result<Vec<RemoteRef>, ForgeError> {
    let mut refs = Vec::new();
    for prefix in ["refs/heads/", "refs/tags/"] {
        let mut after: Option<String> = None;
        for number in 1.. {
            let variables = json!({
                "owner": repository.owner(),
                "name": repository.name(),
                "prefix": prefix,
                "after": after,
            });
            let call = query("reading branches and tags", REFS, variables).needing(Permission::ReadContents);
            let answer: Whole<Refs> = client.ask_part(&call, &mut left).await?;
            let Some(page) = answer.data.repository.and_then(|repository| repository.refs) else {
                return Err(call.error(ApiError::NotFound {
                    message: String::new(),
                }));
            };
            let next = page.page.end_cursor.clone().filter(|_| page.page.has_next_page);
            refs.extend(page.into_resource(prefix));
            if next.is_none() {
                break;
            }
            // Half of the refs are none: a line that is not seen would be clean. A page that leads to itself has no end.
            if number >= MAX_PAGES || next == after {
                return Err(call.error(ApiError::Unreadable("there are more refs than are read".into())));
            }
            after = next;
        }
    }
    Ok(refs)
}

/// The refs below `prefix` of one page.
///
/// # Errors
/// Why the page cannot be read.
pub(in crate::forge) fn page_of_refs(page: &[u8], prefix: &str) -> Result<Vec<RemoteRef>, serde_json::Error> {
    let answer: Refs = serde_json::from_slice(page)?;
    let page = answer.repository.and_then(|repository| repository.refs);
    Ok(page.map(|page| page.into_resource(prefix)).unwrap_or_default())
}

#[derive(Deserialize)]
struct Refs {
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    refs: Option<Page>,
}

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "pageInfo")]
    page: PageInfo,
    nodes: Vec<Option<Node>>,
}

impl Page {
    fn into_resource(self, prefix: &str) -> Vec<RemoteRef> {
        let nodes = self.nodes.into_iter().flatten();
        nodes.filter_map(|node| node.into_resource(prefix)).collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Node {
    name: String,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    oid: String,
    #[serde(rename = "committedDate")]
    committed: Option<Timestamp>,
    target: Option<Box<Target>>,
}

impl Node {
    /// The ref, if it leads to a commit; a tag may name a tree or a file.
    fn into_resource(self, prefix: &str) -> Option<RemoteRef> {
        let mut target = self.target?;
        while let Some(behind) = target.target {
            target = *behind;
        }
        Some(RemoteRef {
            name: format!("{prefix}{}", self.name),
            commit: target.oid,
            committed: Some(target.committed?),
        })
    }
}

/// Minimizes a comment, or shows it.
pub(super) async fn show(
    client: &Client<impl Transport>,
    comment: &Comment,
    shown: Visibility,
) -> Result<(), ForgeError> {
    let (doing, text) = match shown {
        Visibility::Minimized => ("minimizing the comment", MINIMIZE),
        Visibility::Shown => ("showing the comment", SHOW),
    };
    let variables = json!({ "subject": comment.node });
    let call = mutation(doing, Permission::WritePullRequests, text, variables).repeated();
    client.send(&call).await.map(drop)
}

/// One commit on a branch, which GitHub signs.
pub(super) async fn commit(
    client: &Client<impl Transport>,
    repository: &RepositoryName,
    change: &Change,
) -> Result<String, ForgeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        create_commit_on_branch: Option<Made>,
    }
    #[derive(Deserialize)]
    struct Made {
        commit: Option<Commit>,
    }
    #[derive(Deserialize)]
    struct Commit {
        oid: String,
    }
    let additions: Vec<Value> = change
        .files
        .iter()
        .map(|(path, bytes)| json!({ "path": path, "contents": BASE64_STANDARD.encode(bytes) }))
        .collect();
    let deletions: Vec<Value> = change
        .removed
        .iter()
        .map(|path| json!({ "path": path }))
        .collect();
    let variables = json!({ "input": {
        "branch": { "repositoryNameWithOwner": repository.to_string(), "branchName": change.branch },
        "expectedHeadOid": change.parent,
        "message": { "headline": change.headline, "body": change.body },
        "fileChanges": { "additions": additions, "deletions": deletions },
    }});
    let call = mutation("committing", Permission::WriteContents, COMMIT, variables);
    let answer: Answer = data(client, &call).await?;
    let made = answer.create_commit_on_branch.and_then(|made| made.commit);
    made.map(|commit| commit.oid)
        .ok_or_else(|| call.error(ApiError::Unreadable("there is no commit in it".into())))
}

/// Moves a branch from a commit, where it must be, to another.
pub(super) async fn move_branch(
    client: &Client<impl Transport>,
    repository: &RepositoryName,
    (branch, from, to): (&str, &str, &str),
) -> Result<(), ForgeError> {
    #[derive(Deserialize)]
    struct Answer {
        repository: Option<Found>,
    }
    #[derive(Deserialize)]
    struct Found {
        id: String,
    }
    let variables = json!({ "owner": repository.owner(), "name": repository.name() });
    let call = query("looking at the repository", REPOSITORY, variables).needing(Permission::ReadContents);
    let answer: Answer = data(client, &call).await?;
    let found = answer.repository.ok_or_else(|| {
        call.error(ApiError::NotFound {
            message: String::new(),
        })
    })?;
    let variables = json!({ "input": {
        "repositoryId": found.id,
        "refUpdates": [{
            "name": format!("refs/heads/{branch}"),
            "beforeOid": from,
            "afterOid": to,
            "force": true,
        }],
    }});
    let call = mutation("moving a branch", Permission::WriteContents, MOVE, variables);
    let _: serde::de::IgnoredAny = data(client, &call).await?;
    Ok(())
}

/// An answer that holds no error.
#[derive(Deserialize)]
struct Whole<T> {
    data: T,
}

async fn data<T: DeserializeOwned>(client: &Client<impl Transport>, call: &Call) -> Result<T, ForgeError> {
    let whole: Whole<T> = client.ask(call).await?;
    Ok(whole.data)
}

/// GraphQL reports errors with status 200.
pub(super) fn checked(response: HttpResponse) -> Result<HttpResponse, ApiError> {
    #[derive(Deserialize)]
    struct Failed {
        #[serde(default)]
        errors: Vec<Complaint>,
    }
    #[derive(Deserialize)]
    struct Complaint {
        #[serde(rename = "type", default)]
        kind: String,
        #[serde(default)]
        message: String,
    }
    if response.status != 200 {
        return Ok(response);
    }
    let failed: Failed = serde_json::from_slice(&response.body)
        .map_err(|error| ApiError::Unreadable(one_line(&error.to_string())))?;
    let Some(first) = failed.errors.first() else {
        return Ok(response);
    };
    let message = one_line(&first.message);
    let code = response.status;
    Err(match first.kind.as_str() {
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" => ApiError::Forbidden { message },
        "NOT_FOUND" => ApiError::NotFound { message },
        "RATE_LIMITED" => ApiError::RateLimited { code, wait: None },
        "STALE_DATA" => ApiError::Conflict { code, message },
        _ if message.contains("Expected branch to point to") => ApiError::Conflict { code, message },
        _ if message.contains("not accessible by") => ApiError::Forbidden { message },
        _ => ApiError::Invalid { code, message },
    })
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::sys::web::{Settings, Web};

    /// Gives pages of one ref and about 300 bytes; `pages` of them, then the last one. `stuck` ones lead to themselves.
    struct Pages {
        pages: u64,
        stuck: bool,
        asked: AtomicU64,
    }

    impl Transport for Pages {
        fn send<'w>(
            &'w self,
            _: &'w Call,
        ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, ApiError>> + Send + 'w>> {
            let page = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            let cursor = if self.stuck { 0 } else { page };
            let node = json!({ "name": format!("{page:0200}"), "target": { "oid": "0", "committedDate": "2026-01-01T00:00:00Z" } });
            let info =
                json!({ "hasNextPage": !page.is_multiple_of(self.pages), "endCursor": cursor.to_string() });
            let body = json!({ "data": { "repository": { "refs": { "pageInfo": info, "nodes": [node] } } } });
            Box::pin(std::future::ready(Ok(HttpResponse {
                status: 200,
                body: body.to_string().into(),
                ..HttpResponse::default()
            })))
        }
    }

    #[test]
    fn a_list_of_refs_ends_or_is_none() {
        let runtime = crate::sys::web::runtime().expect("a runtime");
        let repository = RepositoryName::parse("acme/shop").expect("a name");
        let read = |pages: u64, stuck: bool, limit: u64| {
            let web = Arc::new(Web::new(Settings::default()));
            let asked = AtomicU64::new(0);
            let client = Client::new(Pages { pages, stuck, asked }, web);
            let refs = runtime.block_on(refs_within(&client, &repository, limit));
            let asked = client.transport.asked.load(Ordering::SeqCst);
            (
                refs.map(|refs| refs.len()).map_err(|error| error.to_string()),
                asked,
            )
        };
        assert_eq!(read(3, false, 4_000), (Ok(6), 6));
        assert_eq!(read(500, false, LIST_LIMIT), (Ok(1_000), 1_000));
        for (pages, stuck, limit, asked, expected) in [
            (3, false, 1_000, 3, "longer than what is read"),
            (501, false, LIST_LIMIT, 500, "more refs than are read"),
            (u64::MAX, true, LIST_LIMIT, 2, "more refs than are read"),
        ] {
            let (refs, requests) = read(pages, stuck, limit);
            let error = refs.expect_err("too long");
            assert!(error.contains(expected), "{error}");
            assert_eq!(requests, asked, "{expected}");
        }
    }

    #[test]
    fn failures_hide_behind_status_200() {
        let error = |body: &str| {
            checked(HttpResponse {
                status: 200,
                body: body.into(),
                ..HttpResponse::default()
            })
            .err()
        };
        assert!(error(r#"{"data":{}}"#).is_none());
        let of = |kind: &str, message: &str| {
            error(&json!({ "data": null, "errors": [{ "type": kind, "message": message }] }).to_string())
        };
        assert!(matches!(of("FORBIDDEN", "x"), Some(ApiError::Forbidden { .. })));
        assert!(matches!(of("NOT_FOUND", "x"), Some(ApiError::NotFound { .. })));
        assert!(matches!(
            of("RATE_LIMITED", "x"),
            Some(ApiError::RateLimited { .. })
        ));
        assert!(matches!(of("STALE_DATA", "x"), Some(ApiError::Conflict { .. })));
        assert!(matches!(
            of("", "Resource not accessible by integration"),
            Some(ApiError::Forbidden { .. })
        ));
        assert!(matches!(of("", "x"), Some(ApiError::Invalid { .. })));
        assert!(matches!(error("<html>"), Some(ApiError::Unreadable(_))));
    }
}
