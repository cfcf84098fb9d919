//! Reads commits of one repository, up to the end of a shallow clone.

use std::collections::HashSet;

use gix::objs::{Find as _, Kind};

use super::commit::{self, Commit};
use super::entry::ObjectId;
use super::error::{GitError, broken};
use super::odb::Odb;
use super::repository::Repository;

/// Reads commits of one repository.
pub(super) struct CommitReader {
    pub(super) odb: Odb,
    shallow: HashSet<gix::ObjectId>,
    buffer: Vec<u8>,
}

impl CommitReader {
    /// Reads the end of a shallow clone too.
    pub(super) fn new(repository: &Repository) -> Result<Self, GitError> {
        let odb = repository.local_odb();
        let shallow = odb.shallow_commits().map_err(broken)?;
        Ok(Self {
            odb,
            shallow: shallow
                .map(|commits| commits.iter().copied().collect())
                .unwrap_or_default(),
            buffer: Vec::new(),
        })
    }

    /// The commit `id`.
    pub(super) fn read(&mut self, id: gix::ObjectId) -> Result<Commit, GitError> {
        let object = self.odb.load(id, &mut self.buffer)?;
        match object.kind {
            Kind::Commit => commit::parse(id, object.data),
            Kind::Tree | Kind::Blob | Kind::Tag => Err(GitError::Broken(format!("{id} is no commit"))),
        }
    }

    /// The clone was cut behind `id`: its parents do not count as part of the history.
    pub(super) fn is_cut(&self, id: gix::ObjectId) -> bool {
        self.shallow.contains(&id)
    }

    /// There is an object `id`.
    pub(super) fn holds(&mut self, id: gix::ObjectId) -> bool {
        self.odb
            .objects
            .try_find(&id, &mut self.buffer)
            .is_ok_and(|found| found.is_some())
    }

    /// The clone was cut behind some commit.
    pub(super) fn is_shallow(&self) -> bool {
        !self.shallow.is_empty()
    }

    /// Why the parent `parent` of `id` cannot be read.
    pub(super) fn lacks(&self, id: gix::ObjectId, parent: gix::ObjectId) -> GitError {
        if self.is_cut(id) {
            GitError::Shallow { at: ObjectId(id) }
        } else {
            GitError::Missing {
                object: ObjectId(parent),
            }
        }
    }
}
