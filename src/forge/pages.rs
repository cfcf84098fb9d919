//! One page of a forge's list of refs or files, read without a request: for fuzzing.

use super::resource::{Entry, RemoteRef};
use super::response::Tree;
use super::{gitea, github};

/// The files of one page of a tree, paths counted from it, and whether the forge says that there are more.
///
/// # Errors
/// Why the page cannot be read.
pub fn tree(page: &[u8]) -> Result<(Vec<Entry>, bool), serde_json::Error> {
    let tree: Tree = serde_json::from_slice(page)?;
    let items = tree.tree.unwrap_or_default();
    let entries = items.into_iter().filter_map(|item| item.entry(""));
    Ok((entries.collect(), tree.truncated))
}

/// The branches of a page of Gitea's or Forgejo's list.
///
/// # Errors
/// Why the page cannot be read.
pub fn gitea_branches(page: &[u8]) -> Result<Vec<RemoteRef>, serde_json::Error> {
    gitea::branches(page)
}

/// The refs below `prefix` of a page of GitHub's list: the `data` of the response.
///
/// # Errors
/// Why the page cannot be read.
pub fn github_refs(page: &[u8], prefix: &str) -> Result<Vec<RemoteRef>, serde_json::Error> {
    github::refs(page, prefix)
}
