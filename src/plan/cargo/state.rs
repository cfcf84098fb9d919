//! The packages that a plan has locked so far.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher as _};
use std::rc::Rc;

use crate::lockfile::cargo_lock::locked::{CrateId, LockedCrate};

/// Ranges of one's own manifests that change, by folder and name: the old and the new one.
pub(super) type Ranges = BTreeMap<(String, String), (String, String)>;

/// What may move for a package that is new to the lockfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Moving {
    /// Everything stays where it is locked.
    Nothing,
    /// What is locked where another version has to be.
    #[default]
    Others,
}

/// Packages and who needs whom. A copy is cheap.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// What may move for what comes in.
    pub(super) moving: Moving,
    needs: BTreeMap<CrateId, Rc<BTreeSet<CrateId>>>,
    users: BTreeMap<CrateId, Rc<BTreeSet<CrateId>>>,
    /// What one's own manifests are to ask for.
    pub(super) ranges: Ranges,
    /// Packages that need one out of their range, for as long as they have not moved themselves.
    pub(super) loose: BTreeSet<(CrateId, CrateId)>,
    /// Packages that stay although nothing leads to them: what needed them is being listed anew. The last ones that were put in are the
    /// first that are taken out.
    pub(super) held: Vec<CrateId>,
    /// What became of packages that were exchanged, by what they were at the beginning.
    pub(super) moved: BTreeMap<CrateId, CrateId>,
}

impl State {
    pub(super) fn of(crates: &[LockedCrate]) -> Self {
        let mut state = Self::default();
        for one in crates {
            state.set_needs(&one.id, one.needs.clone());
        }
        state
    }

    /// `user` needs `needed` out of its range, for now.
    pub(super) fn is_loose(&self, user: &CrateId, needed: &CrateId) -> bool {
        !self.loose.is_empty() && self.loose.contains(&(user.clone(), needed.clone()))
    }

    /// Equal for states with the same changes from `before`.
    pub(super) fn fingerprint(&self, before: &Self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        for (id, needs) in &self.needs {
            let is_same = before
                .needs
                .get(id)
                .is_some_and(|old| Rc::ptr_eq(old, needs) || old == needs);
            if !is_same {
                (id, needs).hash(&mut hasher);
            }
        }
        for id in before.ids().filter(|id| !self.has(id)) {
            id.hash(&mut hasher);
        }
        (&self.ranges, &self.moved).hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &CrateId> {
        self.needs.keys()
    }

    pub(super) fn has(&self, id: &CrateId) -> bool {
        self.needs.contains_key(id)
    }

    pub(super) fn needs(&self, id: &CrateId) -> Rc<BTreeSet<CrateId>> {
        self.needs.get(id).cloned().unwrap_or_default()
    }

    /// What needs the package.
    pub(super) fn users(&self, id: &CrateId) -> Rc<BTreeSet<CrateId>> {
        self.users.get(id).cloned().unwrap_or_default()
    }

    /// The packages called `name`, lowest text of a version first.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &CrateId> {
        let first = CrateId {
            name: name.into(),
            version: "".into(),
            source: None,
        };
        let name = name.to_owned();
        let from = self.needs.range(first..).map(|(id, _)| id);
        from.take_while(move |id| *id.name == *name)
    }

    pub(super) fn set_needs(&mut self, id: &CrateId, needs: BTreeSet<CrateId>) {
        let before = self.needs(id);
        for gone in before.difference(&needs) {
            if let Some(users) = self.users.get_mut(gone) {
                Rc::make_mut(users).remove(id);
            }
        }
        for new in needs.difference(&before) {
            Rc::make_mut(self.users.entry(new.clone()).or_default()).insert(id.clone());
        }
        self.needs.insert(id.clone(), Rc::new(needs));
    }

    pub(super) fn add_need(&mut self, id: &CrateId, need: &CrateId) {
        let mut needs = (*self.needs(id)).clone();
        if needs.insert(need.clone()) {
            self.set_needs(id, needs);
        }
    }

    /// Has `user` need `new` instead of `old`.
    pub(super) fn exchange_need(&mut self, user: &CrateId, old: &CrateId, new: &CrateId) {
        let mut needs = (*self.needs(user)).clone();
        needs.remove(old);
        needs.insert(new.clone());
        self.set_needs(user, needs);
    }

    /// Takes a package out, and what it needs of others with it.
    pub(super) fn remove(&mut self, id: &CrateId) {
        self.set_needs(id, BTreeSet::new());
        self.needs.remove(id);
        self.users.remove(id);
        self.loose.retain(|(user, needed)| user != id && needed != id);
    }

    /// Notes that `new` takes the place of `old`.
    pub(super) fn note_move(&mut self, old: &CrateId, new: &CrateId) {
        for held in self.held.iter_mut().filter(|held| *held == old) {
            held.clone_from(new);
        }
        let origins: Vec<CrateId> = self
            .moved
            .iter()
            .filter(|(_, now)| *now == old)
            .map(|(origin, _)| origin.clone())
            .collect();
        let origins = match origins.is_empty() {
            true => vec![old.clone()],
            false => origins,
        };
        for origin in origins {
            self.moved.insert(origin, new.clone());
        }
    }

    /// What one's own packages and those that are held lead to, themselves included.
    pub(super) fn reached(&self) -> BTreeSet<CrateId> {
        let mut open: Vec<&CrateId> = self.ids().filter(|id| id.source.is_none()).collect();
        open.extend(self.held.iter().filter(|id| self.has(id)));
        let mut reached: BTreeSet<CrateId> = BTreeSet::new();
        while let Some(id) = open.pop() {
            if reached.insert(id.clone())
                && let Some(needs) = self.needs.get(id)
            {
                open.extend(needs.iter());
            }
        }
        reached
    }
}
