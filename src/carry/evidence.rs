//! What the commits of a line say of commits of another branch: which change the same, which undo them, and which say so of themselves.
//!
//! A change is the same where [`Workspace::identity_of`] is. What a person picked with a conflict differs, and is known by the line that `git cherry-pick
//! -x` writes into its message, as is a revert by `This reverts commit`. A message is a claim and no proof, so that reports say which it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::identity;
use crate::git::merge::Workspace;
use crate::git::{GitError, ObjectId, Repository};

/// A commit of the line: how many others are newer, and its id.
type Place = (usize, ObjectId);

/// What the commits of a line say, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    by_identity: HashMap<String, Vec<Place>>,
    /// By the commit that they say they were picked from.
    by_origin: HashMap<ObjectId, Vec<Place>>,
    /// By the commit that they say they revert.
    by_reverted: HashMap<ObjectId, Vec<Place>>,
    count: usize,
    /// The history was not read to its end.
    pub is_cut: bool,
}

/// A change as it is looked for: what it is, and what undoes it.
#[derive(Debug, Clone)]
pub struct Sought {
    /// The commit.
    pub id: ObjectId,
    identity: Option<String>,
    reverse: Option<String>,
}

/// A commit of a line that has a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Having {
    /// How many commits of the line are newer.
    place: usize,
    /// The commit.
    pub by: ObjectId,
    /// Its message alone says so.
    pub is_said: bool,
}

/// Commits that have a change, and commits that undid it.
#[derive(Debug, Clone, Default)]
pub struct Events {
    /// What brought it.
    pub having: BTreeSet<ObjectId>,
    /// What took it away.
    pub undoing: BTreeSet<ObjectId>,
}

impl Sought {
    /// That of `commit`, compared with its first parent; `None` for the first of a history.
    ///
    /// # Errors
    /// [`GitError`] if an object is missing or cannot be read.
    pub fn of(
        repository: &Repository,
        workspace: &Workspace,
        id: ObjectId,
    ) -> Result<Option<Self>, GitError> {
        let parents = repository.parents(id)?;
        let Some(parent) = parents.ids.first().copied().filter(|_| !parents.is_cut) else {
            return Ok(None);
        };
        Ok(Some(Self {
            id,
            identity: identity(workspace, parent, id)?,
            reverse: identity(workspace, id, parent)?,
        }))
    }
}

impl Evidence {
    /// That of the commits of `tip` that `known` do not build on, at most `limit` of them.
    ///
    /// # Errors
    /// [`GitError`] if an object is missing or cannot be read.
    pub fn of(
        repository: &Repository,
        workspace: &Workspace,
        (known, tip): (&[ObjectId], ObjectId),
        limit: usize,
    ) -> Result<Self, GitError> {
        let beyond = repository.beyond(known, tip, limit)?;
        let mut evidence = Self {
            is_cut: beyond.is_cut,
            ..Self::default()
        };
        for commit in beyond.commits {
            let place = (evidence.count, commit);
            evidence.count += 1;
            let parents = repository.parents(commit)?;
            if let (Some(parent), false) = (parents.ids.first(), parents.is_cut)
                && let Some(identity) = identity(workspace, *parent, commit)?
            {
                evidence.by_identity.entry(identity).or_default().push(place);
            }
            let message = repository.commit_text(commit)?.message;
            for (start, table) in [
                (PICKED, &mut evidence.by_origin),
                (REVERTS, &mut evidence.by_reverted),
            ] {
                for id in named(&message, start) {
                    table.entry(id).or_default().push(place);
                }
            }
        }
        Ok(evidence)
    }

    /// Some commit changes what `identity` does.
    #[must_use]
    pub fn has_identity(&self, identity: &str) -> bool {
        self.by_identity.contains_key(identity)
    }

    /// The newest commit of the line that has the change.
    #[must_use]
    pub fn having(&self, sought: &Sought) -> Option<Having> {
        let same = sought
            .identity
            .as_ref()
            .and_then(|identity| self.by_identity.get(identity));
        let said = self.by_origin.get(&sought.id);
        let newest = |places: Option<&Vec<Place>>, is_said: bool| {
            let (place, by) = *places?.first()?;
            Some(Having { place, by, is_said })
        };
        let (same, said) = (newest(same, false), newest(said, true));
        match (same, said) {
            (Some(same), Some(said)) if said.place < same.place => Some(said),
            (same, said) => same.or(said),
        }
    }

    /// The commit itself, which the line builds on, behind all that it has beyond.
    #[must_use]
    pub fn below(&self, id: ObjectId) -> Having {
        Having {
            place: self.count,
            by: id,
            is_said: false,
        }
    }

    /// The newest commit that undid the change after `having` brought it.
    ///
    /// # Errors
    /// [`GitError`] if an object is missing or cannot be read.
    pub fn undoing(
        &self,
        repository: &Repository,
        workspace: &Workspace,
        sought: &Sought,
        having: Having,
    ) -> Result<Option<ObjectId>, GitError> {
        let own = match having.is_said {
            true => Sought::of(repository, workspace, having.by)?,
            false => None,
        };
        let reverses = [Some(sought), own.as_ref()].into_iter().flatten();
        let places = reverses.flat_map(|sought| self.undone(sought));
        let after = places.filter(|(place, _)| *place < having.place);
        Ok(after.min().map(|(_, commit)| commit))
    }

    /// The commits that undo a change, where that is not what brings it too: one of white space alone is.
    fn undone<'e>(&'e self, sought: &'e Sought) -> impl Iterator<Item = Place> + 'e {
        let reverse = sought
            .reverse
            .as_ref()
            .filter(|reverse| Some(*reverse) != sought.identity.as_ref());
        let same = reverse.and_then(|reverse| self.by_identity.get(reverse));
        let said = self.by_reverted.get(&sought.id);
        same.into_iter().chain(said).flatten().copied()
    }

    /// Adds everything that had the change at some time, and everything that undid it; what reverts a revert brings it back.
    ///
    /// # Errors
    /// [`GitError`] if an object is missing or cannot be read.
    pub fn add_events(
        &self,
        repository: &Repository,
        workspace: &Workspace,
        sought: &Sought,
        events: &mut Events,
    ) -> Result<(), GitError> {
        let mut open: BTreeMap<ObjectId, bool> = BTreeMap::new();
        let same = sought
            .identity
            .as_ref()
            .and_then(|identity| self.by_identity.get(identity));
        let said = self.by_origin.get(&sought.id);
        for (_, commit) in same.into_iter().chain(said).flatten() {
            open.insert(*commit, true);
        }
        for (_, commit) in self.undone(sought) {
            open.insert(commit, false);
        }
        while let Some((commit, brings)) = open.pop_first() {
            let all = match brings {
                true => &mut events.having,
                false => &mut events.undoing,
            };
            if !all.insert(commit) {
                continue;
            }
            if let Some(own) = Sought::of(repository, workspace, commit)? {
                for (_, commit) in self.undone(&own) {
                    open.insert(commit, !brings);
                }
            }
        }
        Ok(())
    }
}

const PICKED: &[u8] = b"(cherry picked from commit ";
const REVERTS: &[u8] = b"This reverts commit ";

/// The commits that lines of `message` name behind `start`, whole ids alone.
fn named(message: &[u8], start: &[u8]) -> Vec<ObjectId> {
    let lines = message.split(|byte| *byte == b'\n');
    let rests = lines.filter_map(|line| line.trim_ascii().strip_prefix(start));
    rests
        .filter_map(|rest| {
            let end = rest.iter().position(|byte| !byte.is_ascii_hexdigit());
            let id = rest.get(..end.unwrap_or(rest.len()))?;
            ObjectId::parse(std::str::from_utf8(id).ok()?)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_commits_by_whole_ids_on_lines_of_their_own() {
        let one = "0123456789abcdef0123456789abcdef01234567";
        let of = |text: &str, start| named(text.as_bytes(), start).len();
        assert_eq!(
            of(&format!("T\n\n(cherry picked from commit {one})\n"), PICKED),
            1
        );
        assert_eq!(
            of(&format!("T\n\n  (cherry picked from commit {one})\r\n"), PICKED),
            1
        );
        assert_eq!(
            of(
                &format!("T\n\nThis reverts commit {one}, reversing\nchanges\n"),
                REVERTS
            ),
            1
        );
        for other in [
            format!("T\n\n(cherry picked from commit {})\n", &one[..12]),
            format!("T\n\nAs in (cherry picked from commit {one})\n"),
            "T\n\n(cherry picked from commit \n".to_owned(),
        ] {
            assert_eq!(of(&other, PICKED), 0, "{other}");
        }
    }
}
