//! GitHub's GraphQL API, where REST lacks something or asks once for each ref.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::wire::Octo;
use crate::forge::exchange::{Call, Effect, Exchange, Repeat, Side};
use crate::forge::trouble::words_of;
use crate::forge::words::RemoteRef;
use crate::forge::{Change, Comment, ForgeError, Permission, RepositoryName, Shown, Trouble};
use crate::sys::web::Answered;
use reqwest::Method;

const LOGIN: &str = "query { viewer { login } }";

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

const MINIMISE: &str = "mutation ($subject: ID!) {
  minimizeComment(input: { subjectId: $subject, classifier: RESOLVED }) { minimizedComment { isMinimized } }
}";

const SHOW: &str = "mutation ($subject: ID!) {
  unminimizeComment(input: { subjectId: $subject }) { unminimizedComment { isMinimized } }
}";

const COMMIT: &str = "mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}";

/// More pages than this are not read: 100 refs each.
const MOST_PAGES: usize = 100;

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

/// The account behind the token.
pub(super) async fn login(exchange: &Exchange<Octo>) -> Result<String, ForgeError> {
    #[derive(Deserialize)]
    struct Answer {
        viewer: Viewer,
    }
    #[derive(Deserialize)]
    struct Viewer {
        login: String,
    }
    let call = query("asking who the token belongs to", LOGIN, json!({}));
    let answer: Answer = data(exchange, &call).await?;
    Ok(answer.viewer.login)
}

/// Every branch and tag.
pub(super) async fn refs(
    exchange: &Exchange<Octo>,
    repository: &RepositoryName,
) -> Result<Vec<RemoteRef>, ForgeError> {
    let mut refs = Vec::new();
    for prefix in ["refs/heads/", "refs/tags/"] {
        let mut after: Option<String> = None;
        for number in 0.. {
            let variables = json!({
                "owner": repository.owner(),
                "name": repository.name(),
                "prefix": prefix,
                "after": after,
            });
            let call = query("reading branches and tags", REFS, variables).needing(Permission::ReadContents);
            let answer: Refs = data(exchange, &call).await?;
            let Some(page) = answer.repository.and_then(|repository| repository.refs) else {
                return Err(call.error(Trouble::Missing { said: String::new() }));
            };
            after = page.page.end_cursor.clone().filter(|_| page.page.has_next_page);
            refs.extend(page.told(prefix));
            if after.is_none() {
                break;
            }
            // Half of the refs are none: a line that is not seen would be clean.
            if number >= MOST_PAGES {
                return Err(call.error(Trouble::Garbled("there are more refs than are read".into())));
            }
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
    Ok(page.map(|page| page.told(prefix)).unwrap_or_default())
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
    fn told(self, prefix: &str) -> Vec<RemoteRef> {
        let nodes = self.nodes.into_iter().flatten();
        nodes.filter_map(|node| node.told(prefix)).collect()
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
    fn told(self, prefix: &str) -> Option<RemoteRef> {
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

/// Folds a comment away, or shows it.
pub(super) async fn show(
    exchange: &Exchange<Octo>,
    comment: &Comment,
    shown: Shown,
) -> Result<(), ForgeError> {
    let (doing, text) = match shown {
        Shown::Minimised => ("folding the comment away", MINIMISE),
        Shown::Whole => ("showing the comment", SHOW),
    };
    let variables = json!({ "subject": comment.node });
    let call = mutation(doing, Permission::WritePullRequests, text, variables).repeated();
    exchange.send(&call).await.map(drop)
}

/// One commit on a branch, which GitHub signs.
pub(super) async fn commit(
    exchange: &Exchange<Octo>,
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
    let answer: Answer = data(exchange, &call).await?;
    let made = answer.create_commit_on_branch.and_then(|made| made.commit);
    made.map(|commit| commit.oid)
        .ok_or_else(|| call.error(Trouble::Garbled("there is no commit in it".into())))
}

async fn data<T: DeserializeOwned>(exchange: &Exchange<Octo>, call: &Call) -> Result<T, ForgeError> {
    #[derive(Deserialize)]
    struct Whole<T> {
        data: T,
    }
    let whole: Whole<T> = exchange.ask(call).await?;
    Ok(whole.data)
}

/// GraphQL tells of failures with status 200.
pub(super) fn checked(answered: Answered) -> Result<Answered, Trouble> {
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
    if answered.status != 200 {
        return Ok(answered);
    }
    let failed: Failed = serde_json::from_slice(&answered.body)
        .map_err(|error| Trouble::Garbled(words_of(&error.to_string())))?;
    let Some(first) = failed.errors.first() else {
        return Ok(answered);
    };
    let said = words_of(&first.message);
    let code = answered.status;
    Err(match first.kind.as_str() {
        "FORBIDDEN" | "INSUFFICIENT_SCOPES" => Trouble::Forbidden { said },
        "NOT_FOUND" => Trouble::Missing { said },
        "RATE_LIMITED" => Trouble::Throttled { code, wait: None },
        "STALE_DATA" => Trouble::Conflict { code, said },
        _ if said.contains("Expected branch to point to") => Trouble::Conflict { code, said },
        _ if said.contains("not accessible by") => Trouble::Forbidden { said },
        _ => Trouble::Invalid { code, said },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_hide_behind_status_200() {
        let trouble = |body: &str| {
            checked(Answered {
                status: 200,
                body: body.into(),
                ..Answered::default()
            })
            .err()
        };
        assert!(trouble(r#"{"data":{}}"#).is_none());
        let of = |kind: &str, message: &str| {
            trouble(&json!({ "data": null, "errors": [{ "type": kind, "message": message }] }).to_string())
        };
        assert!(matches!(of("FORBIDDEN", "x"), Some(Trouble::Forbidden { .. })));
        assert!(matches!(of("NOT_FOUND", "x"), Some(Trouble::Missing { .. })));
        assert!(matches!(of("RATE_LIMITED", "x"), Some(Trouble::Throttled { .. })));
        assert!(matches!(of("STALE_DATA", "x"), Some(Trouble::Conflict { .. })));
        assert!(matches!(
            of("", "Resource not accessible by integration"),
            Some(Trouble::Forbidden { .. })
        ));
        assert!(matches!(of("", "x"), Some(Trouble::Invalid { .. })));
        assert!(matches!(trouble("<html>"), Some(Trouble::Garbled(_))));
    }
}
