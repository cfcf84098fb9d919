//! The branch of a pull request: what a commit of ours puts there, and whether it still does.
//!
//! The last line of the message is `Lockkeeper-Plan: DIGEST`, over the paths that differ from the parent and their objects. A
//! commit on top of it, or one that was changed, has another one or none.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{Run, Wanted};
use crate::forge::{ApiError, Change, ForgeError};
use crate::git;
use crate::policy::FixSettings;

/// What the last line begins with.
const TRAILER: &str = "Lockkeeper-Plan: ";

/// What the names of branches begin with, behind the policy's prefix: of those of pull requests, and of those on which their
/// next commit is made.
const FIX: &str = "fix-";
const NEXT: &str = "next-";
/// Of those of pull requests with carried commits.
const CARRY: &str = "carry-";

/// The name of the branch from which a pull request into `base` comes; `key` is empty for all upgrades, else the package's URL.
#[must_use]
pub fn branch_name(settings: &FixSettings, base: &str, key: &str) -> String {
    named(settings, FIX, base, key)
}

/// The name of the branch from which the pull request with carried commits into `base` comes; `key` says what is carried.
pub(super) fn series_name(settings: &FixSettings, base: &str, key: &str) -> String {
    named(settings, CARRY, base, key)
}

/// The name of a branch beside that one.
pub(super) fn next_name(settings: &FixSettings, base: &str, key: &str) -> String {
    named(settings, NEXT, base, &format!("{CARRY}{key}"))
}

fn named(settings: &FixSettings, family: &str, base: &str, key: &str) -> String {
    let prefix = &settings.branch_prefix;
    match key {
        "" => format!("{prefix}{family}{}", slug(base)),
        key => format!("{prefix}{family}{}-{}", slug(base), slug(key)),
    }
}

/// What became of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It was right.
    There,
    /// It is right now.
    Made,
    /// It has a commit of another author.
    Foreign,
}

/// The object that `bytes` are, written as `id` is.
pub(super) fn blob_like(id: &str, bytes: &[u8]) -> Option<String> {
    git::blob_id(id.len(), bytes)
}

/// The digest over files and their objects; `-` for one that is gone.
fn digest<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> String {
    let mut hasher = Sha256::new();
    let files: BTreeSet<(&str, &str)> = files.into_iter().collect();
    for (path, id) in files {
        hasher.update(format!("{}:{path}\n{id}\n", path.len()));
    }
    hex::encode(hasher.finalize()).chars().take(32).collect()
}

/// A name in which every character is one that branches may have: letters, digits, `.`, `_` and `-`. Two names that would
/// read the same end differently.
fn slug(name: &str) -> String {
    let plain = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => character,
        _ => '-',
    };
    let slug: String = name.chars().take(60).map(plain).collect();
    if slug == name {
        return slug;
    }
    let mark = hex::encode(Sha256::digest(name.as_bytes()));
    format!("{slug}-{}", mark.get(..8).unwrap_or_default())
}

impl Run<'_> {
    /// The name of the branch for `wanted`.
    pub(super) fn branch_of(&self, wanted: &Wanted) -> String {
        branch_name(self.settings, self.base, &wanted.key)
    }

    /// The branch on which the next commit for `wanted` is made: no pull request has its name.
    fn beside(&self, wanted: &Wanted) -> String {
        named(self.settings, NEXT, self.base, &wanted.key)
    }

    /// The base is a branch that a run made.
    pub(super) fn is_own_branch(&self) -> bool {
        let name = self.base.strip_prefix(self.settings.branch_prefix.as_str());
        name.is_some_and(|name| [FIX, NEXT, CARRY].iter().any(|family| name.starts_with(family)))
    }

    /// The digest of what `wanted` puts on the tip of the base.
    pub(super) fn plan_of(&self, wanted: &Wanted) -> String {
        let ids: Vec<(&str, String)> = wanted
            .files
            .iter()
            .filter_map(|(path, text)| {
                let here = self.files.get(path)?;
                Some((path.as_str(), blob_like(here, text.after.as_bytes())?))
            })
            .collect();
        digest(ids.iter().map(|(path, id)| (*path, id.as_str())))
    }

    /// Has `branch` be one commit with the files of `wanted` on the tip of the base.
    pub(super) async fn put_on_branch(&self, branch: &str, wanted: &Wanted) -> Result<Put, ForgeError> {
        let plan = self.plan_of(wanted);
        let Some(tip) = self.forge.branch(branch).await? else {
            self.forge.make_branch(branch, &self.tip).await?;
            self.commit(branch, wanted, &plan).await?;
            return Ok(Put::Made);
        };
        if tip == self.tip {
            // An earlier run was stopped before its commit.
            self.commit(branch, wanted, &plan).await?;
            return Ok(Put::Made);
        }
        match self.ours(&tip).await? {
            None => Ok(Put::Foreign),
            Some((parent, held)) if parent == self.tip && held == plan => Ok(Put::There),
            Some(_) => {
                let beside = self.beside(wanted);
                self.forge.remove_branch(&beside).await?;
                self.forge.make_branch(&beside, &self.tip).await?;
                let made = self.commit(&beside, wanted, &plan).await?;
                self.forge.move_branch(branch, &tip, &made).await?;
                self.forge.remove_branch(&beside).await?;
                Ok(Put::Made)
            }
        }
    }

    async fn commit(&self, branch: &str, wanted: &Wanted, plan: &str) -> Result<String, ForgeError> {
        let files = wanted.files.iter();
        let mut body = format!("{}\n\n", wanted.message);
        if self.settings.sign_off {
            body.push_str(&format!("Signed-off-by: {}\n", self.signature().await?));
        }
        body.push_str(&format!("{TRAILER}{plan}"));
        let change = Change {
            branch: branch.to_owned(),
            parent: self.tip.clone(),
            headline: wanted.headline.clone(),
            body,
            files: files
                .map(|(path, text)| (path.clone(), text.after.clone().into_bytes()))
                .collect(),
            removed: Vec::new(),
        };
        self.forge.commit_files(&change).await
    }

    /// Name and address of who signs: the account behind the token.
    async fn signature(&self) -> Result<String, ForgeError> {
        let access = self.forge.access().await?;
        access.signature.ok_or_else(|| ForgeError {
            doing: "signing off",
            needs: None,
            error: ApiError::Unusable(
                "the forge does not say whose token it is, and `fix.sign-off` asks for it".into(),
            ),
        })
    }

    /// The parent of a commit of ours, and what it puts there; `None` where it is another author's.
    pub(super) async fn ours(&self, tip: &str) -> Result<Option<(String, String)>, ForgeError> {
        let commit = self.forge.commit(tip).await?;
        let last = commit.message.trim_end().lines().last();
        let Some(plan) = last.and_then(|line| line.strip_prefix(TRAILER)) else {
            return Ok(None);
        };
        let [parent] = commit.parents.as_slice() else {
            return Ok(None);
        };
        let before = self.files_at(parent).await?;
        let after: BTreeMap<String, String> = self.files_of(&commit.tree).await?;
        let put = after.iter().filter(|(path, id)| before.get(*path) != Some(id));
        let put = put.map(|(path, id)| (path.as_str(), id.as_str()));
        let gone = before.keys().filter(|path| !after.contains_key(*path));
        let gone = gone.map(|path| (path.as_str(), "-"));
        let is_ours = digest(put.chain(gone)) == plan;
        Ok(is_ours.then(|| (parent.clone(), plan.to_owned())))
    }

    async fn files_at(&self, commit: &str) -> Result<BTreeMap<String, String>, ForgeError> {
        if commit == self.tip {
            return Ok(self.files.clone());
        }
        let commit = self.forge.commit(commit).await?;
        self.files_of(&commit.tree).await
    }

    async fn files_of(&self, tree: &str) -> Result<BTreeMap<String, String>, ForgeError> {
        let entries = self.forge.tree(tree).await?.into_iter();
        Ok(entries.map(|entry| (entry.path, entry.id)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_branches_are_plain_and_distinct() {
        let names = ["main", "release/1.4", "release-1.4", "a b", "ünï", "pkg:npm/@a/b"];
        let slugs: BTreeSet<String> = names.iter().map(|name| slug(name)).collect();
        assert_eq!(slugs.len(), names.len());
        assert_eq!(slug("main"), "main");
        assert_eq!(slug("release-1_4"), "release-1_4");
        assert_eq!(slug("release/1.4").len(), "release-1-4-".len() + 8);
        for slug in slugs {
            assert!(!slug.contains("..") && slug.is_ascii(), "{slug}");
        }
    }

    #[test]
    fn a_digest_tells_paths_and_objects_apart() {
        let all = [
            digest([("a", "1"), ("b", "2")]),
            digest([("a", "1")]),
            digest([("a", "2")]),
            digest([("b", "1")]),
            digest([("a", "-")]),
        ];
        assert_eq!(BTreeSet::from(all.clone()).len(), all.len());
        assert_eq!(all[0], digest([("b", "2"), ("a", "1")]));
    }
}
