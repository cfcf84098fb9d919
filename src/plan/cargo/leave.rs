//! Features that are given no more, and packages that nothing needs any more.

use std::collections::BTreeSet;

use super::features::gives;
use super::planner::{Asked, Failure, Planner};
use super::state::State;
use crate::lockfile::cargo_lock::locked::CrateId;

/// Features are passed on at most so often.
const MAX_DEPTH: usize = 60;

impl Planner<'_> {
    /// One that needed a locked package gives it some features no more.
    pub(super) fn lose(
        &self,
        state: &mut State,
        id: &CrateId,
        features: &BTreeSet<String>,
        depth: usize,
    ) -> Result<(), Failure> {
        self.step()?;
        let is_settled = features.is_empty() || !state.has(id) || self.is_member(id);
        if is_settled || state.users(id).is_empty() || state.needs(id).is_empty() {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(Failure::because(
                "The features of a package are passed on too often.",
            ));
        }
        let declared = self.declared(id)?;
        let lost = declared.switched(features.iter().map(String::as_str));
        let is_still = |now: &crate::lockfile::cargo_lock::declared::Switched| {
            let passed = lost
                .passed
                .iter()
                .all(|(name, passed)| now.passed.get(name).is_some_and(|now| passed.is_subset(now)));
            lost.wanted.is_subset(&now.wanted) && passed
        };
        if lost.wanted.is_empty() || is_still(&self.switched_by_known(state, id, &declared)) {
            return Ok(());
        }
        let now = self.switched(state, id)?;
        if is_still(&now) {
            return Ok(());
        }
        let active = self.active(id, &declared, &now);
        let before = state.needs(id);
        let leading = |need: &CrateId| self.leading(state, (id, &declared), need);
        let is_needed = |need: &&CrateId| leading(need).iter().any(|one| active.contains(one));
        let needs: BTreeSet<CrateId> = before.iter().filter(is_needed).cloned().collect();
        let mut lost_by: Vec<(CrateId, BTreeSet<String>)> = Vec::new();
        for need in before.iter() {
            let of_it = leading(need).into_iter().flat_map(|one| {
                let passed = lost.passed.get(&one.name).cloned().unwrap_or_default();
                let kept = now.passed.get(&one.name).cloned().unwrap_or_default();
                match needs.contains(need) {
                    true => passed.difference(&kept).cloned().collect(),
                    false => gives(one, &lost),
                }
            });
            lost_by.push((need.clone(), of_it.collect()));
        }
        state.set_needs(id, needs);
        let mut asked = Asked::default();
        for (need, lost) in lost_by {
            asked.gather(self.lose(state, &need, &lost, depth + 1))?;
        }
        asked.done()
    }

    /// Takes out what nothing leads to any more, and did at the beginning or was not there.
    pub(super) fn finish(&self, state: &mut State) -> Result<(), Failure> {
        let needed_before = self.before.reached();
        loop {
            let reached = state.reached();
            let gone: Vec<CrateId> = state
                .ids()
                .filter(|id| !reached.contains(*id))
                .filter(|id| needed_before.contains(*id) || !self.before.has(id))
                .cloned()
                .collect();
            if gone.is_empty() {
                return Ok(());
            }
            let mut left: Vec<(CrateId, CrateId)> = Vec::new();
            for id in &gone {
                for need in state.needs(id).iter().filter(|need| reached.contains(*need)) {
                    left.push((id.clone(), need.clone()));
                }
            }
            for id in &gone {
                state.remove(id);
            }
            // What does not need anything needs nothing less.
            left.retain(|(_, need)| !state.needs(need).is_empty() && !self.is_member(need));
            self.lose_all(state, &left)?;
        }
    }

    /// Each of the first, which is gone, gives the second no features any more.
    fn lose_all(&self, state: &mut State, left: &[(CrateId, CrateId)]) -> Result<(), Failure> {
        let mut asked = Asked::default();
        for (_, need) in left {
            asked.add(self, need);
        }
        asked.done()?;
        let mut telling: Vec<(&CrateId, &CrateId, BTreeSet<String>)> = Vec::new();
        for (id, need) in left {
            let declared = self.declared(need)?;
            let features: BTreeSet<String> = declared.telling().into_iter().map(str::to_owned).collect();
            if !features.is_empty() {
                telling.push((id, need, features));
            }
        }
        let mut asked = Asked::default();
        for (id, _, _) in &telling {
            asked.add(self, id);
        }
        asked.done()?;
        let mut asked = Asked::default();
        for (id, need, features) in telling {
            let declared = self.declared(id)?;
            let all = declared.switched(declared.features());
            let leading = self.leading(state, (id, &declared), need);
            let gave = leading.into_iter().flat_map(|one| gives(one, &all));
            let lost: BTreeSet<String> = gave.filter(|feature| features.contains(feature)).collect();
            asked.gather(self.lose(state, need, &lost, 0))?;
        }
        asked.done()
    }
}
