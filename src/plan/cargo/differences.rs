//! What a plan changes: the packages before and after, compared.

use std::collections::{BTreeMap, BTreeSet};

use super::planner::Planner;
use super::state::State;
use crate::lockfile::cargo_lock::locked::CrateId;
use crate::plan::{
    Collateral, CrateEdit, EntryChange, EntryEdit, Move, NewRange, OwnEdit, Plan, Strategy, Wish,
};

impl Planner<'_> {
    /// Adds what changes from what was locked to `after`.
    pub(super) fn differences(
        &self,
        after: &State,
        wishes: &[Wish],
        strategies: &BTreeMap<(String, String), Strategy>,
        plan: &mut Plan,
    ) {
        let gone: Vec<&CrateId> = self.before.ids().filter(|id| !after.has(id)).collect();
        let mut arrived: BTreeSet<&CrateId> = after.ids().filter(|id| !self.before.has(id)).collect();
        for id in gone {
            let now = after.moved.get(id).filter(|now| after.has(now));
            let to = now.map(|now| now.version.to_string());
            let wish = wishes
                .iter()
                .find(|wish| *wish.name == *id.name && *wish.version == *id.version)
                .map(|wish| (wish, wish.ended(to.as_ref())))
                .filter(|(_, ended)| !ended.is_empty());
            match wish {
                Some((wish, fixes)) => {
                    let key = (wish.name.clone(), wish.version.clone());
                    plan.moves.push(Move {
                        name: wish.name.clone(),
                        from: wish.version.clone(),
                        strategy: strategies.get(&key).copied().unwrap_or(Strategy::Parent),
                        fixes,
                        published: now
                            .and_then(|now| self.release(now).ok())
                            .and_then(|release| release.published),
                        to,
                    });
                }
                None => plan.collateral.push(Collateral {
                    name: id.name.to_string(),
                    from: Some(id.version.to_string()),
                    to,
                }),
            }
            match now.filter(|now| arrived.remove(now)) {
                Some(now) => plan.entries.push(self.entry(after, id, now)),
                None => plan.entries.push(EntryChange {
                    place: id.place(),
                    name: id.name.to_string(),
                    edit: EntryEdit::Drop,
                }),
            }
        }
        for id in arrived {
            plan.collateral.push(Collateral {
                name: id.name.to_string(),
                from: None,
                to: Some(id.version.to_string()),
            });
            plan.entries.push(self.entry(after, id, id));
        }
        for id in after.ids().filter(|id| self.before.has(id)) {
            if after.needs(id) != self.before.needs(id) {
                plan.entries.push(self.entry(after, id, id));
            }
        }
        plan.moves
            .sort_by(|left, right| (&left.name, &left.from).cmp(&(&right.name, &right.from)));
        plan.collateral.sort();
        plan.entries.sort_by(|left, right| left.place.cmp(&right.place));
        let ranges = after.ranges.iter();
        plan.ranges = ranges
            .map(|((folder, name), (from, to))| NewRange {
                folder: folder.clone(),
                file: "Cargo.toml".to_owned(),
                name: name.clone(),
                from: from.clone(),
                to: to.clone(),
            })
            .collect();
    }

    /// The entry of `id` as that of `now`.
    fn entry(&self, after: &State, id: &CrateId, now: &CrateId) -> EntryChange {
        EntryChange {
            place: id.place(),
            name: now.name.to_string(),
            edit: EntryEdit::Own(OwnEdit::Crate(Box::new(CrateEdit {
                id: now.clone(),
                needs: (*after.needs(now)).clone(),
                release: match now.is_of_registry() {
                    true => self.release(now).ok().cloned(),
                    false => None,
                },
                folder: self.own(now).map(|own| own.folder.clone()),
            }))),
        }
    }
}
