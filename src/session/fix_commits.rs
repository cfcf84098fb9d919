//! The commits that fix a problem of the repository itself: which branches and tags have them, or others that change the same.

use std::collections::BTreeSet;

use crate::advisory::own::OwnStanding;
use crate::carry::evidence::{Events, Evidence, Sought};
use crate::carry::{self, Line, Settings};
use crate::git::merge::Workspace;
use crate::git::refs::Candidate;
use crate::git::{ObjectId, Repository};
use crate::model::Failure;
use crate::model::lines::short_name;

/// A file with more bytes is not compared line by line.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// So many commits behind a fix are looked at for what it was before.
const MAX_BEHIND: usize = 200;

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
    /// Commits that change the same, or say that they were picked from it.
    pub(super) copies: BTreeSet<ObjectId>,
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
            copies: BTreeSet::new(),
            reverts: BTreeSet::new(),
        }
    }

    /// Looks on every branch, on tags that are on none, and behind the fixes, for commits that change the same as a fix or undo it.
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
        let mut events = Events::default();
        let mut sought = Vec::new();
        for fix in &self.fixes {
            let found = Sought::of(self.repository, &workspace, *fix).map_err(Failure::from)?;
            sought.extend(found);
        }
        // It may have been there before, and undone.
        for fix in &sought {
            let behind = Evidence::of(self.repository, &workspace, (&[], fix.id), MAX_BEHIND);
            // What a clone lacks of it is of no use.
            if let Ok(behind) = behind {
                self.add(&workspace, &behind, &sought, &mut events)?;
            }
        }
        for line in tips {
            let carried = carry::carry(
                self.repository,
                &mut workspace,
                &self.fixes,
                &line,
                &Settings::default(),
            );
            match carried {
                Ok(carried) => {
                    self.add(&workspace, &carried.evidence, &sought, &mut events)?;
                    for (fix, _) in carried.undone.iter().filter(|(_, by)| by.is_none()) {
                        notes.push(format!(
                            "{fix} is on {}, and its change is not there as it was: it was moved, or taken out by hand.",
                            line.name
                        ));
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
        self.copies = events.having;
        for fix in &self.fixes {
            self.copies.remove(fix);
        }
        self.reverts = events.undoing;
        Ok(())
    }

    fn add(
        &self,
        workspace: &Workspace,
        evidence: &Evidence,
        sought: &[Sought],
        events: &mut Events,
    ) -> Result<(), Failure> {
        for fix in sought {
            let added = evidence.add_events(self.repository, workspace, fix, events);
            added.map_err(Failure::from)?;
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
        let fixing: Vec<ObjectId> = self.fixes.iter().chain(&self.copies).copied().collect();
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
        let reverts: Vec<ObjectId> = self.reverts.iter().copied().collect();
        let later = self
            .repository
            .tags_containing(&fixing, &reverts)
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
            // What was undone after it came counts no more; what came back after that does.
            let is_left = |number: usize| {
                let mut later = later.get(number).into_iter().flat_map(|later| &later.tags);
                !later.any(|revert| {
                    undone
                        .get(*revert)
                        .is_some_and(|undone| undone.tags.contains(&place))
                })
            };
            let left = fixed
                .iter()
                .enumerate()
                .position(|(number, mark)| mark.tags.contains(&place) && is_left(number));
            match left {
                Some(number) => {
                    let by = fixing.get(number).map(ToString::to_string).unwrap_or_default();
                    OwnStanding::Fixed { by }
                }
                None if may_have(fixed) => OwnStanding::Unknown,
                _ if !is_reached && (self.is_beginning_unknown || may_have(introduced)) => {
                    OwnStanding::Unknown
                }
                _ if !is_reached => OwnStanding::NotAffected,
                None => OwnStanding::Affected,
            }
        };
        Ok((0..commits.len()).map(standing).collect())
    }
}
