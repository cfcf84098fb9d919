//! Commits of GitHub's REST API for git's objects: trees and commits are made loose, and no branch shows any of them before all are
//! there.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::forge::client::Transport;
use crate::forge::response::Object;
use crate::forge::rest::Rest;
use crate::forge::{ApiError, EntryKind, ForgeError, NewCommit, NewEntry, Permission, Series};

/// Makes the commits, and gives the id of the last one.
pub(super) async fn series(rest: &Rest<impl Transport>, series: &Series) -> Result<String, ForgeError> {
    let mut parent = series.parent.clone();
    let mut tree = series.tree.clone();
    for commit in &series.commits {
        if !commit.changes.is_empty() {
            tree = self::tree(rest, &tree, commit).await?;
        }
        parent = self::commit(rest, &parent, &tree, commit).await?;
    }
    Ok(parent)
}

/// The tree of a commit on the tree `base`.
async fn tree(rest: &Rest<impl Transport>, base: &str, commit: &NewCommit) -> Result<String, ForgeError> {
    let mut entries = Vec::new();
    for change in &commit.changes {
        entries.push(match &change.to {
            None => json!({ "path": change.path, "mode": "100644", "type": "blob", "sha": null }),
            Some(entry) => self::entry(rest, &change.path, entry).await?,
        });
    }
    let call = rest.write(
        "writing a tree",
        Permission::WriteContents,
        Method::POST,
        &["git", "trees"],
        Some(json!({ "base_tree": base, "tree": entries })),
    );
    let made: Object = rest.client.ask(&call.repeated()).await?;
    match made.sha == commit.tree {
        true => Ok(made.sha),
        false => Err(ForgeError {
            doing: "writing a tree",
            needs: None,
            error: ApiError::Unreadable(format!(
                "the tree is {} there, and {} here: nothing was put on a branch",
                made.sha, commit.tree
            )),
        }),
    }
}

/// An entry of a tree; bytes that are no text are handed in before.
async fn entry(rest: &Rest<impl Transport>, path: &str, entry: &NewEntry) -> Result<Value, ForgeError> {
    let mode = entry.kind.mode();
    let text = std::str::from_utf8(&entry.bytes);
    Ok(match (entry.kind, text) {
        (EntryKind::Submodule, Ok(id)) => json!({ "path": path, "mode": mode, "type": "commit", "sha": id }),
        (_, Ok(text)) => json!({ "path": path, "mode": mode, "type": "blob", "content": text }),
        (_, Err(_)) => {
            let body = json!({ "content": BASE64_STANDARD.encode(&entry.bytes), "encoding": "base64" });
            let call = rest.write(
                "writing a file",
                Permission::WriteContents,
                Method::POST,
                &["git", "blobs"],
                Some(body),
            );
            let blob: Object = rest.client.ask(&call.repeated()).await?;
            json!({ "path": path, "mode": mode, "type": "blob", "sha": blob.sha })
        }
    })
}

/// A commit. The committer is left to GitHub.
async fn commit(
    rest: &Rest<impl Transport>,
    parent: &str,
    tree: &str,
    commit: &NewCommit,
) -> Result<String, ForgeError> {
    let mut body = json!({ "message": commit.message, "tree": tree, "parents": [parent] });
    if let (Some(author), Some(body)) = (&commit.author, body.as_object_mut()) {
        let author = json!({ "name": author.name, "email": author.email, "date": author.date });
        body.insert("author".to_owned(), author);
    }
    let call = rest.write(
        "committing",
        Permission::WriteContents,
        Method::POST,
        &["git", "commits"],
        Some(body),
    );
    // A commit that nothing names does no harm.
    let made: Object = rest.client.ask(&call.repeated()).await?;
    Ok(made.sha)
}
