//! The commits that fix a problem of the repository itself: which branches and tags have them, or others that change the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::advisory::own::OwnStanding;
use crate::carry::{self, Line, Settings};
use crate::git::merge::Workspace;
use crate::git::refs::Candidate;
use crate::git::{ObjectId, Repository};
use crate::model::Failure;
use crate::model::lines::short_name;

/// A file with more bytes is not compared line by line.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// So many branches, and tags on no branch, are looked at for the same change.
const MAX_TIPS: usize = 200;

/// The commits of this clone that `ids` name, each once; of the others a note.
pub(super) fn resolved(repository: &Repository, ids: &[String], notes: &mut Vec<String>) -> Vec<ObjectId> {
    let mut commits = Vec::new();
    for id in ids {
        match repository.resolve(id) {
            Ok(commit) if commits.contains(&commit) => {}
            Ok(commit) => commits.push(commit),
            Err(error) => notes.push(format!("{id} does not count: {error}.")),
        }
    }
    commits
}

/// What is known of the change.
pub(super) struct FixCommits<'r> {
    repository: &'r Repository,
    pub(super) fixes: Vec<ObjectId>,
    pub(super) introduced: Vec<ObjectId>,
    /// The record names commits that brought it in which this clone lacks.
    is_beginning_unknown: bool,
    /// Commits that change the same, with the fix that they are copies of.
    pub(super) copies: BTreeMap<ObjectId, ObjectId>,
    /// Commits that undid it.
    reverts: BTreeSet<ObjectId>,
}

impl<'r> FixCommits<'r> {
    /// The fix is `fixes`; `introduced` brought the problem in, and there are more of those where `is_beginning_unknown`.
    pub(super) fn new(
        repository: &'r Repository,
        fixes: Vec<ObjectId>,
        introduced: Vec<ObjectId>,
        is_beginning_unknown: bool,
    ) -> Self {
        Self {
            repository,
            fixes,
            introduced,
            is_beginning_unknown,
            copies: BTreeMap::new(),
            reverts: BTreeSet::new(),
        }
    }

    /// Looks on every branch, and on tags that are on none, for commits that change the same as a fix.
    pub(super) fn look_for_copies(
        &mut self,
        heads: &[&Candidate],
        tags: &[&Candidate],
        notes: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let of_tags: Vec<ObjectId> = tags.iter().map(|tag| tag.commit).collect();
        let all: Vec<ObjectId> = heads
            .iter()
            .chain(tags)
            .map(|candidate| candidate.commit)
            .collect();
        let containing = self
            .repository
            .tags_containing(&of_tags, &all)
            .map_err(Failure::from)?;
        // A tag is on a branch, or on a later tag, that is looked at itself.
        let is_inside = |number: usize, tag: &Candidate| {
            let later = containing.get(number).map(|containing| &containing.tags);
            let mut later = later
                .into_iter()
                .flatten()
                .filter_map(|place| all.get(*place).map(|id| (*place, *id)));
            later.any(|(place, id)| id != tag.commit || place < heads.len().saturating_add(number))
        };
        let alone = tags
            .iter()
            .enumerate()
            .filter(|(number, tag)| !is_inside(*number, tag));
        let tips: Vec<&Candidate> = heads.iter().copied().chain(alone.map(|(_, tag)| *tag)).collect();
        if tips.len() > MAX_TIPS {
            notes.push(format!(
                "Only {MAX_TIPS} of {} branches and tags were looked at for copies of the fix.",
                tips.len()
            ));
        }
        let mut workspace = Workspace::new(self.repository, MAX_BYTES);
        let tips = tips.into_iter().take(MAX_TIPS).map(|tip| Line {
            name: short_name(&tip.name).to_owned(),
            tip: tip.commit,
        });
        let mut open: Vec<Line> = tips.collect();
        while let Some(line) = open.pop() {
            let carried = carry::carry(
                self.repository,
                &mut workspace,
                &self.fixes,
                &line,
                &Settings::default(),
            );
            match carried {
                Ok(carried) => {
                    for (fix, there) in carried.there {
                        if fix != there {
                            self.copies.insert(there, fix);
                        }
                    }
                    for (fix, by) in carried.undone {
                        match by {
                            // What it was before is looked for behind it.
                            Some(by) if self.reverts.insert(by) => {
                                let parents = self.repository.parents(by).map_err(Failure::from)?;
                                open.extend(parents.ids.first().map(|parent| Line {
                                    name: line.name.clone(),
                                    tip: *parent,
                                }));
                            }
                            Some(_) => {}
                            None => notes.push(format!(
                                "{fix} was undone on {}, and it is not known since when.",
                                line.name
                            )),
                        }
                    }
                    if carried.is_cut {
                        notes.push(format!("The history of {} was not read to its end.", line.name));
                    }
                }
                Err(error) => notes.push(format!(
                    "{} was not looked at for copies of the fix: {error}.",
                    line.name
                )),
            }
        }
        Ok(())
    }

    /// Which of `commits` contain one that undid the fix, even where another brought it back.
    pub(super) fn undone(&self, commits: &[ObjectId]) -> Result<Vec<bool>, Failure> {
        let reverts: Vec<ObjectId> = self.reverts.iter().copied().collect();
        let containing = self
            .repository
            .tags_containing(&reverts, commits)
            .map_err(Failure::from)?;
        let is_in = |place: usize| containing.iter().any(|revert| revert.tags.contains(&place));
        Ok((0..commits.len()).map(is_in).collect())
    }

    /// Those of the fixes that `tip` contains.
    pub(super) fn on(&self, tip: ObjectId) -> Result<Vec<ObjectId>, Failure> {
        let containing = self
            .repository
            .tags_containing(&self.fixes, &[tip])
            .map_err(Failure::from)?;
        let on = self.fixes.iter().zip(containing);
        Ok(on
            .filter(|(_, containing)| !containing.tags.is_empty())
            .map(|(fix, _)| *fix)
            .collect())
    }

    /// How each of `commits` stands.
    pub(super) fn standings(&self, commits: &[ObjectId]) -> Result<Vec<OwnStanding>, Failure> {
        let fixing: Vec<ObjectId> = self.fixes.iter().chain(self.copies.keys()).copied().collect();
        let marks: Vec<ObjectId> = fixing
            .iter()
            .chain(&self.reverts)
            .chain(&self.introduced)
            .copied()
            .collect();
        let containing = self
            .repository
            .tags_containing(&marks, commits)
            .map_err(Failure::from)?;
        let (fixed, rest) = containing.split_at_checked(fixing.len()).unwrap_or_default();
        let (undone, introduced) = rest.split_at_checked(self.reverts.len()).unwrap_or_default();
        let has = |marks: &[crate::git::containing::Containing], place: usize| {
            marks.iter().position(|mark| mark.tags.contains(&place))
        };
        let standing = |place: usize| {
            let may_have = |marks: &[crate::git::containing::Containing]| {
                marks.iter().any(|mark| mark.unclear.contains(&place))
            };
            let is_reached = match self.introduced.is_empty() {
                true => !self.is_beginning_unknown,
                false => has(introduced, place).is_some(),
            };
            match (has(fixed, place), has(undone, place)) {
                (Some(number), None) => {
                    let by = fixing.get(number).map(ToString::to_string).unwrap_or_default();
                    OwnStanding::Fixed { by }
                }
                (None, _) if may_have(fixed) => OwnStanding::Unknown,
                _ if !is_reached && (self.is_beginning_unknown || may_have(introduced)) => {
                    OwnStanding::Unknown
                }
                _ if !is_reached => OwnStanding::NotAffected,
                (Some(_) | None, _) => OwnStanding::Affected,
            }
        };
        Ok((0..commits.len()).map(standing).collect())
    }
}
