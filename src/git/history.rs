//! Revisions, parents and merge bases: the ancestors of one commit.
//!
//! Of git's ways to write a revision, those are understood that name one commit at a cost that is known beforehand:
//! names, ids, `@`, `^`, `~`, `@{upstream}` and entries of a log. Searches through messages, dates and paths are not.

use std::collections::HashSet;

use gix::bstr::ByteSlice as _;
use gix::objs::Kind;
use jiff::Timestamp;

use super::commit::{Commit, timestamp};
use super::commit_reader::CommitReader;
use super::entry::ObjectId;
use super::error::{GitError, broken, first_line};
use super::merge_base;
use super::repository::Repository;

/// Longer revisions are no revisions.
const MAX_BYTES: usize = 1024;

/// The parents of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parents {
    /// As the commit itself names them, whether the clone holds them or not.
    pub ids: Vec<ObjectId>,
    /// The clone is shallow and was cut behind this commit.
    pub is_cut: bool,
}

impl Repository {
    /// The commit that a revision names: `main`, `origin/main`, `v1^2`, `HEAD~3`, an id or its beginning.
    ///
    /// Names are looked for where git looks for them, and then among the branches of `origin`, which is where a
    /// workflow's checkout puts them.
    ///
    /// # Errors
    /// [`GitError`], which names what could not be found.
    pub fn resolve(&self, revision: &str) -> Result<ObjectId, GitError> {
        let mut resolver = Resolver {
            commits: CommitReader::new(self)?,
            revision,
        };
        resolver.resolve().map(ObjectId)
    }

    /// The full name of the branch or tag that `revision` is, as git looks for it; that of a branch of `origin` is the branch's.
    /// `None` if it is something else, or if there is none.
    #[must_use]
    pub fn full_name(&self, revision: &str) -> Option<String> {
        let odb = self.local_odb();
        let found = odb.try_find_reference(revision).ok()??;
        let name = found.name().as_bstr().to_str_lossy().into_owned();
        match name.strip_prefix("refs/remotes/origin/") {
            Some("HEAD") => None,
            Some(branch) => Some(format!("refs/heads/{branch}")),
            None => name.starts_with("refs/").then_some(name),
        }
    }

    /// The best common ancestor of two commits, the one that `git merge-base` prints; `None` if there is none.
    ///
    /// # Errors
    /// [`GitError::Shallow`] if the clone is cut before that is known, [`GitError::Missing`] if it lacks a commit.
    pub fn merge_base(&self, one: ObjectId, other: ObjectId) -> Result<Option<ObjectId>, GitError> {
        let base = merge_base::merge_base(&mut CommitReader::new(self)?, one.0, other.0)?;
        Ok(base.map(ObjectId))
    }

    /// `ancestor` is `descendant` or one of its ancestors.
    ///
    /// # Errors
    /// As [`Repository::merge_base`].
    pub fn is_ancestor(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool, GitError> {
        merge_base::is_ancestor(&mut CommitReader::new(self)?, ancestor.0, descendant.0)
    }

    /// The clone holds its history up to a certain depth only.
    ///
    /// # Errors
    /// [`GitError`] if the list of ends cannot be read.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(CommitReader::new(self)?.is_shallow())
    }

    /// When a commit was made.
    ///
    /// # Errors
    /// [`GitError`] if the clone lacks the commit.
    pub fn commit_time(&self, commit: ObjectId) -> Result<Timestamp, GitError> {
        let commit = CommitReader::new(self)?.read(commit.0)?;
        Ok(timestamp(commit.seconds))
    }

    /// The parents of a commit. A merge that a forge made for a pull request (`refs/pull/7/merge`) has two: the tip of
    /// the base, and the head of the request.
    ///
    /// # Errors
    /// [`GitError`] if the clone lacks the commit.
    pub fn parents(&self, commit: ObjectId) -> Result<Parents, GitError> {
        let mut commits = CommitReader::new(self)?;
        let Commit { parents, .. } = commits.read(commit.0)?;
        Ok(Parents {
            ids: parents.into_iter().map(ObjectId).collect(),
            is_cut: commits.is_cut(commit.0),
        })
    }
}

fn nth_parent(
    commits: &mut CommitReader,
    id: gix::ObjectId,
    number: usize,
) -> Result<Option<gix::ObjectId>, GitError> {
    let Some(parent) = commits.read(id)?.parents.get(number).copied() else {
        return Ok(None);
    };
    if commits.holds(parent) {
        Ok(Some(parent))
    } else {
        Err(commits.lacks(id, parent))
    }
}

/// Looks for one revision.
struct Resolver<'a> {
    commits: CommitReader,
    revision: &'a str,
}

impl Resolver<'_> {
    fn resolve(&mut self) -> Result<gix::ObjectId, GitError> {
        let revision = self.revision;
        if revision.len() > MAX_BYTES || revision.contains(char::is_control) {
            return Err(self.none("this is no revision"));
        }
        if revision.contains("..") || revision.starts_with('^') {
            return Err(self.other("it is a range"));
        }
        if revision.contains(':') {
            return Err(self.other("paths and searches are not looked for"));
        }
        let end = revision.find(['^', '~']).unwrap_or(revision.len());
        let (name, steps) = revision.split_at_checked(end).unwrap_or((revision, ""));
        let id = self.named(name)?;
        let id = self.commit(id, name)?;
        self.walk(id, steps)
    }

    /// The commit that `steps` lead to: `^`, `^2`, `~3`, `^{commit}`, `^{}`, any number of them.
    fn walk(&mut self, id: gix::ObjectId, steps: &str) -> Result<gix::ObjectId, GitError> {
        let mut id = id;
        let mut rest = steps;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("^{") {
                let (kind, after) = after.split_once('}').ok_or_else(|| self.none("`}` is missing"))?;
                if !matches!(kind, "" | "commit" | "object") {
                    return Err(self.other("only `^{commit}` and `^{}` are understood"));
                }
                rest = after;
            } else if let Some(after) = rest.strip_prefix('^') {
                let (number, after) = digits(after);
                rest = after;
                if number != Some(0) {
                    id = self.parent(id, number.unwrap_or(1))?;
                }
            } else if let Some(after) = rest.strip_prefix('~') {
                let (number, after) = digits(after);
                rest = after;
                for _ in 0..number.unwrap_or(1) {
                    id = self.parent(id, 1)?;
                }
            } else {
                return Err(self.none(&format!("{rest:?} cannot be understood")));
            }
        }
        Ok(id)
    }

    /// The parent of that number, counted from 1.
    fn parent(&mut self, id: gix::ObjectId, number: usize) -> Result<gix::ObjectId, GitError> {
        let parent = nth_parent(&mut self.commits, id, number.saturating_sub(1))?;
        parent.ok_or_else(|| match number {
            1 => self.none(&format!("the history ends at {id}")),
            _ => self.none(&format!("{id} has no parent of number {number}")),
        })
    }

    /// The commit that `id` is, or that a tag of this id speaks of.
    fn commit(&mut self, id: gix::ObjectId, name: &str) -> Result<gix::ObjectId, GitError> {
        let mut buffer = Vec::new();
        let id = self.commits.odb.peel(id, &mut buffer)?;
        let kind = self.commits.odb.load(id, &mut buffer)?.kind;
        match kind {
            Kind::Commit => Ok(id),
            Kind::Tree | Kind::Blob | Kind::Tag => Err(self.other(&format!("{name:?} is a {kind}"))),
        }
    }

    /// What a name stands for: in git's own order, and then a branch of `origin`.
    fn named(&mut self, name: &str) -> Result<gix::ObjectId, GitError> {
        if name.is_empty() {
            return Err(self.none("it names nothing"));
        }
        if name.contains("@{") {
            return self.logged(name);
        }
        let whole = self.commits.odb.object_hash().len_in_hex();
        if name.len() == whole && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let id = gix::ObjectId::from_hex(name.as_bytes()).map_err(broken)?;
            return if self.commits.holds(id) {
                Ok(id)
            } else {
                Err(self.none("no object of this clone has that id"))
            };
        }
        if let Some(id) = self.reference(if name == "@" { "HEAD" } else { name })? {
            return Ok(id);
        }
        if let Some(id) = self.shortened(name)? {
            return Ok(id);
        }
        let short = name.strip_prefix("refs/heads/").unwrap_or(name);
        let origin = format!("refs/remotes/origin/{short}");
        if let Some(id) = self.reference(&origin)? {
            return Ok(id);
        }
        Err(self.none(&format!(
            "{name:?} is no branch, no tag and no commit of this clone"
        )))
    }

    /// What a ref of this name points to.
    fn reference(&self, name: &str) -> Result<Option<gix::ObjectId>, GitError> {
        if let Some(table) = &self.commits.odb.table {
            // In the order of gitrevisions(7).
            let places = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
            let names = places.iter().map(|place| format!("{place}{name}"));
            let names = names.chain([format!("refs/remotes/{name}/HEAD")]);
            let full = names
                .into_iter()
                .find(|name| table.get(name.as_bytes()).is_some());
            return match full {
                None => Ok(None),
                Some(full) => match table.follow(full.as_bytes()) {
                    Some(id) => Ok(Some(id)),
                    None => Err(self.none(&format!("{full:?} points to a ref that is not there"))),
                },
            };
        }
        // What is no valid name is the name of nothing.
        let Ok(name) = <&gix::refs::PartialNameRef>::try_from(name) else {
            return Ok(None);
        };
        match self.commits.odb.try_find_reference(name) {
            Ok(None) => Ok(None),
            Ok(Some(mut reference)) => match reference.follow_to_object() {
                Ok(id) => Ok(Some(id.detach())),
                Err(error) if error.is_not_found() => {
                    let name = reference.name().as_bstr();
                    Err(self.none(&format!(
                        "{:?} points to a ref that is not there",
                        name.to_string()
                    )))
                }
                Err(error) => Err(broken(error)),
            },
            Err(error) => Err(broken(error)),
        }
    }

    /// The one commit whose id begins so. `v1-4-g1234567`, as `git describe` writes it, ends in such a beginning.
    fn shortened(&mut self, name: &str) -> Result<Option<gix::ObjectId>, GitError> {
        let described = name.rsplit_once("-g").and_then(|(before, hex)| {
            let (_, number) = before.rsplit_once('-')?;
            number.bytes().all(|byte| byte.is_ascii_digit()).then_some(hex)
        });
        let hex = described.unwrap_or(name);
        let Ok(prefix) = gix::hash::Prefix::from_hex(hex) else {
            return Ok(None);
        };
        let mut found = HashSet::new();
        let odb = &self.commits.odb;
        odb.objects
            .lookup_prefix(prefix, Some(&mut found))
            .map_err(broken)?;
        let mut buffer = Vec::new();
        let mut named = HashSet::new();
        for id in &found {
            // A tag and the commit that it speaks of may begin alike.
            let id = odb.peel(*id, &mut buffer)?;
            if odb.load(id, &mut buffer)?.kind == Kind::Commit {
                named.insert(id);
            }
        }
        let mut named: Vec<gix::ObjectId> = named.into_iter().collect();
        named.sort();
        match named.as_slice() {
            [] if found.is_empty() => Ok(None),
            [] => Err(self.other(&format!("no commit begins with {hex:?}"))),
            [id] => Ok(Some(*id)),
            [one, other, ..] => Err(self.other(&format!("{one} and {other} both begin so"))),
        }
    }

    /// `main@{upstream}`, `@{u}`, `main@{1}`, `@{-1}`.
    fn logged(&self, name: &str) -> Result<gix::ObjectId, GitError> {
        let query = name
            .split_once("@{")
            .and_then(|(_, query)| query.strip_suffix('}'));
        let known = query.is_some_and(|query| {
            let number = query.strip_prefix('-').unwrap_or(query);
            matches!(query, "u" | "upstream" | "push")
                || (1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if !known {
            return Err(self.other("of `@{…}`, only `@{upstream}`, `@{push}` and numbers are understood"));
        }
        if self.commits.odb.table.is_some() {
            return Err(self.other("`@{…}` is not read where refs are kept as a reftable"));
        }
        match self.commits.odb.rev_parse_single(name) {
            Ok(id) => Ok(id.detach()),
            Err(error) => Err(self.none(&first_line(&error))),
        }
    }

    fn none(&self, reason: &str) -> GitError {
        GitError::NoSuchRevision {
            revision: self.revision.to_owned(),
            reason: reason.to_owned(),
        }
    }

    fn other(&self, reason: &str) -> GitError {
        GitError::NotACommit {
            revision: self.revision.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// The number at the start, and what follows it.
fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).unwrap_or(("", text));
    match digits {
        "" => (None, rest),
        // A number that no history is as long as.
        _ => (Some(digits.parse().unwrap_or(usize::MAX)), rest),
    }
}
