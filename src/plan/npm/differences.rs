//! What differs between the folders before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::flags;
use super::state::State;
use super::tree::{FolderTree, Node, folder_name};
use crate::plan::{Collateral, EntryChange, EntryEdit, Move, NewOverride, NewRange, Plan, Strategy, Wish};

/// Puts what differs between the tree and overrides of before and those of `state` into `plan`.
pub(super) fn differences(
    (before, overrides): (&FolderTree, &BTreeMap<String, String>),
    state: &State,
    fulfilled: Fulfilled<'_>,
    plan: &mut Plan,
) {
    let (wishes, _) = fulfilled;
    let (flags_before, flags) = (flags::flags(before), flags::flags(&state.tree));
    let places: BTreeSet<&str> = before
        .nodes()
        .chain(state.tree.nodes())
        .map(|(place, _)| place)
        .collect();
    for place in places {
        let (old, new) = (before.node(place), state.tree.node(place));
        let new_flags = flags.get(place).copied();
        let changed_flags = new_flags.filter(|flags| flags_before.get(place) != Some(flags));
        let release = new.and_then(|new| new.release.as_deref());
        let edit = match (old, new, release) {
            (Some(old), Some(new), _) if old.version == new.version && old.name == new.name => {
                match changed_flags.filter(|_| !new.is_own) {
                    Some(flags) => EntryEdit::Flags(flags),
                    None => continue,
                }
            }
            (_, Some(_), Some(release)) => EntryEdit::Lock(Box::new(release.clone()), changed_flags),
            (Some(_), None, _) => EntryEdit::Drop,
            (_, Some(_), None) | (None, None, _) => continue,
        };
        let Some(node) = new.or(old) else { continue };
        let is_version = !matches!(edit, EntryEdit::Flags(_));
        plan.entries.push(EntryChange {
            place: place.to_owned(),
            name: node.name.clone(),
            edit,
        });
        if is_version && node.link.is_none() {
            let version = |node: Option<&Rc<Node>>| node.map(|node| node.version.clone());
            let is_wished = |wish: &Wish| wish.name == node.name && wish.version == node.version;
            let new = match new {
                None if wishes.iter().any(is_wished) => found_instead(before, state, place),
                new => new,
            };
            let release = new.and_then(|new| new.release.as_deref());
            let published = release.and_then(|release| release.published);
            list(node, (version(old), version(new)), published, fulfilled, plan);
        }
    }
    plan.collateral.sort();
    let known = |under: &Option<String>, name: &String| match under {
        None => overrides.get(name),
        Some(_) => None,
    };
    plan.overrides = state
        .overrides
        .iter()
        .filter(|((under, name), to)| known(under, name) != Some(*to))
        .map(|((under, name), to)| NewOverride {
            manifest: "package.json".to_owned(),
            under: under.clone(),
            name: name.clone(),
            from: known(under, name).cloned(),
            to: to.clone(),
        })
        .collect();
    plan.ranges = state
        .ranges
        .iter()
        .map(|((folder, name), (from, to))| NewRange {
            folder: folder.clone(),
            file: "package.json".to_owned(),
            name: name.clone(),
            from: from.clone(),
            to: to.clone(),
        })
        .collect();
}

/// What those find now that needed the folder at `place`, which was taken out.
fn found_instead<'s>(before: &FolderTree, state: &'s State, place: &str) -> Option<&'s Rc<Node>> {
    let name = folder_name(place);
    before.dependents(place).into_iter().find_map(|dependent| {
        let requirements = &state.tree.node(dependent.place)?.requirements;
        requirements.iter().find(|one| &*one.name == name)?;
        state.tree.node(state.tree.resolve(dependent.place, name)?)
    })
}

/// Wishes, and the means that fulfilled each.
type Fulfilled<'w> = (&'w [Wish], &'w BTreeMap<(String, String), Strategy>);

/// Lists the change of a version among the moves, if it was wished, else among what moves with them.
fn list(
    node: &Node,
    (from, to): (Option<String>, Option<String>),
    published: Option<jiff::Timestamp>,
    (wishes, strategies): Fulfilled<'_>,
    plan: &mut Plan,
) {
    let wish = wishes
        .iter()
        .find(|wish| wish.name == node.name && Some(&wish.version) == from.as_ref())
        .map(|wish| (wish, wish.ended(to.as_ref())))
        .filter(|(_, ended)| !ended.is_empty());
    match (wish, from) {
        (Some((wish, fixes)), Some(from)) => {
            let strategy = strategies
                .get(&(wish.name.clone(), wish.version.clone()))
                .copied();
            let one = Move {
                name: node.name.clone(),
                from,
                to,
                strategy: strategy.unwrap_or(Strategy::Parent),
                fixes,
                published,
            };
            if !plan.moves.contains(&one) {
                plan.moves.push(one);
            }
        }
        (_, from) => {
            let one = Collateral {
                name: node.name.clone(),
                from,
                to,
            };
            if !plan.collateral.contains(&one) {
                plan.collateral.push(one);
            }
        }
    }
}
