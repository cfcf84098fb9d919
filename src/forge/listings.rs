//! One answer of a forge that lists refs or files, without asking for it: what its reader takes from these bytes.
//!
//! Whoever tries these readers with bytes that no forge would send does it here.

use super::answers::Tree;
use super::words::{Entry, RemoteRef};
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

/// The refs below `prefix` of a page of GitHub's list: what stands in the answer's `data`.
///
/// # Errors
/// Why the page cannot be read.
pub fn github_refs(page: &[u8], prefix: &str) -> Result<Vec<RemoteRef>, serde_json::Error> {
    github::refs(page, prefix)
}
