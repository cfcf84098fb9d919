//! Commits of Gitea's API for contents: each goes to a branch at once, so that several are made on a branch beside, which then gives
//! its commit to the right one.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Gitea, response};
use crate::forge::{
    ApiError, Entry, EntryKind, Forge as _, ForgeError, NewCommit, PathChange, Permission, Series,
};

const DOING: &str = "committing";

impl Gitea {
    /// Has a branch be the series, and gives the id of its last commit.
    pub(super) async fn series(&self, series: &Series) -> Result<String, ForgeError> {
        // A commit without a change is none here: the branch then is where it begins.
        let commits: Vec<&NewCommit> = series
            .commits
            .iter()
            .filter(|commit| !commit.changes.is_empty())
            .collect();
        let is_at_start = series.from.as_ref().is_none_or(|from| *from == series.parent);
        if is_at_start && commits.len() < 2 {
            if series.from.is_none() {
                self.make_branch(&series.branch, &series.parent).await?;
            }
            let made = self.on(&series.branch, series, &commits).await;
            if made.is_err() && series.from.is_none() {
                // What came of it is not what was meant.
                self.remove_branch(&series.branch).await?;
            }
            return made;
        }
        self.remove_branch(&series.beside).await?;
        self.make_branch(&series.beside, &series.parent).await?;
        let made = self.on(&series.beside, series, &commits).await;
        let placed = match (&made, &series.from) {
            (Ok(made), None) => self.make_branch(&series.branch, made).await,
            (Ok(made), Some(from)) => self.move_branch(&series.branch, from, made).await,
            (Err(_), _) => Ok(()),
        };
        self.remove_branch(&series.beside).await?;
        placed?;
        made
    }

    /// Makes the commits on a branch that is at the parent.
    async fn on(&self, branch: &str, series: &Series, commits: &[&NewCommit]) -> Result<String, ForgeError> {
        let mut tip = series.parent.clone();
        let mut tree = series.tree.clone();
        for commit in commits {
            tip = self.one(branch, (&tip, &tree), commit).await?;
            tree.clone_from(&commit.tree);
        }
        Ok(tip)
    }

    async fn one(
        &self,
        branch: &str,
        (tip, tree): (&str, &str),
        commit: &NewCommit,
    ) -> Result<String, ForgeError> {
        let held = self.tree(tree).await?.into_iter();
        let held: HashMap<String, Entry> = held.map(|entry| (entry.path.clone(), entry)).collect();
        let files = commit.changes.iter().map(|change| operation(change, &held));
        let files: Vec<Value> = files.collect::<Result<_, _>>()?;
        let mut body = json!({ "branch": branch, "message": commit.message, "files": files });
        if let (Some(author), Some(body)) = (&commit.author, body.as_object_mut()) {
            // Of two people of whom one is named, the server makes that one both.
            if let Some(account) = self.account().await?
                && let Some(email) = account.email.as_deref().filter(|email| !email.is_empty())
            {
                let committer = json!({ "name": account.login, "email": email });
                body.insert("committer".to_owned(), committer);
            }
            body.insert(
                "author".to_owned(),
                json!({ "name": author.name, "email": author.email }),
            );
            body.insert("dates".to_owned(), json!({ "author": author.date }));
        }
        let call = self.rest.write(
            DOING,
            Permission::WriteContents,
            Method::POST,
            &["contents"],
            Some(body),
        );
        // The API takes no commit that the branch must be at; each file's own id guards what is replaced.
        if self.branch_tip(branch).await?.as_deref() != Some(tip) {
            return Err(call.error(ApiError::Conflict {
                code: 409,
                message: "the branch has moved on".into(),
            }));
        }
        let made: response::Made = self.rest.client.ask(&call).await?;
        let written = self.commit(&made.commit.sha).await?;
        match written.tree == commit.tree {
            true => Ok(made.commit.sha),
            false => Err(call.error(ApiError::Unreadable(format!(
                "the tree is {} there, and {} here",
                written.tree, commit.tree
            )))),
        }
    }
}

/// What is done to one path.
fn operation(change: &PathChange, held: &HashMap<String, Entry>) -> Result<Value, ForgeError> {
    let path = &change.path;
    let there = held.get(path);
    let Some(entry) = &change.to else {
        let id = there.map(|entry| entry.id.as_str());
        return Ok(json!({ "operation": "delete", "path": path, "sha": id }));
    };
    let content = BASE64_STANDARD.encode(&entry.bytes);
    match (entry.kind, there) {
        (EntryKind::File, None) => Ok(json!({ "operation": "create", "path": path, "content": content })),
        (EntryKind::File | EntryKind::Program, Some(old)) if old.kind == entry.kind => {
            Ok(json!({ "operation": "update", "path": path, "content": content, "sha": old.id }))
        }
        _ => Err(ForgeError {
            doing: DOING,
            needs: None,
            error: ApiError::Unusable(format!(
                "this forge writes neither links nor submodules nor the right to run a file, and {path} needs that"
            )),
        }),
    }
}
