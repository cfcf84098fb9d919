//! What differs between what was locked and what is to be.

use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use super::state::State;
use crate::model::Release;
use crate::plan::failure::Failure;
use crate::plan::{Collateral, EntryChange, EntryEdit, Move, NewRange, Plan, Strategy, Wish};
use crate::schema::compact_index::variant;

impl Planner<'_> {
    /// Puts what differs into `plan`.
    pub(super) fn differences(
        &self,
        state: &State,
        wishes: &[Wish],
        strategies: &BTreeMap<(String, String), Strategy>,
        plan: &mut Plan,
    ) -> Result<(), Failure> {
        let (before, after) = (self.live(&State::default()), self.live(state));
        let mut changed: BTreeSet<&str> = before.difference(&after).map(String::as_str).collect();
        changed.extend(state.versions.keys().map(String::as_str));
        for name in changed {
            let locked = self.bundle.gems.get(name);
            let is_used = after.contains(name) || (locked.is_some() && !before.contains(name));
            let to = state.versions.get(name).filter(|_| is_used);
            if locked.is_none() && to.is_none() {
                continue;
            }
            let release = match to {
                Some(to) => Some(self.entry(name, to)?),
                None => None,
            };
            let edit = match &release {
                Some(release) => EntryEdit::Lock(Box::new(release.clone()), None),
                None => EntryEdit::Drop,
            };
            plan.entries.push(EntryChange {
                place: name.to_owned(),
                name: name.to_owned(),
                edit,
            });
            let from = locked.map(|gem| gem.version.clone());
            let wish = wishes.iter().find(|wish| wish.name == *name);
            let ended = wish.map(|wish| wish.ended(to)).unwrap_or_default();
            match wish.filter(|_| !ended.is_empty()) {
                Some(wish) => {
                    let key = (wish.name.clone(), wish.version.clone());
                    plan.moves.push(Move {
                        strategy: strategies.get(&key).copied().unwrap_or(Strategy::Parent),
                        name: key.0,
                        from: key.1,
                        to: to.cloned(),
                        fixes: ended,
                        published: release.and_then(|release| release.published),
                    });
                }
                None => plan.collateral.push(Collateral {
                    name: name.to_owned(),
                    from,
                    to: to.cloned(),
                }),
            }
        }
        plan.moves
            .sort_by(|left, right| (&left.name, &left.from).cmp(&(&right.name, &right.from)));
        plan.collateral.sort();
        plan.ranges = state
            .ranges
            .iter()
            .filter_map(|(number, to)| {
                let root = self.bundle.roots.get(*number)?;
                Some(NewRange {
                    folder: String::new(),
                    file: self.bundle.manifest.clone(),
                    name: root.need.name.clone(),
                    from: root.need.range.clone(),
                    to: to.clone(),
                })
            })
            .collect();
        Ok(())
    }

    /// The release with the variants alone that are to be locked.
    fn entry(&self, name: &str, version: &str) -> Result<Release, Failure> {
        let releases = self.catalogue.releases(name)?;
        let found = releases.into_iter().find(|release| *release.version == *version);
        let release =
            found.ok_or_else(|| Failure::because(format!("The registry does not have {name} {version}.")))?;
        let chosen = self.catalogue.chosen(name, release)?;
        let is_chosen = |line: &&str| variant(line).is_ok_and(|variant| chosen.variants.contains(&variant));
        let lines: Vec<&str> = release.document.lines().filter(is_chosen).collect();
        Ok(Release {
            document: lines.join("\n").into(),
            ..self.catalogue.dated(name, release)?
        })
    }
}
