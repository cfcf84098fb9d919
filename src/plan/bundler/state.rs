//! What a plan has changed so far, what is in use then, and which needs are not met.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Planner;
use super::catalogue::Chosen;
use crate::plan::Constraint;
use crate::schema::compact_index::Need;

/// What a plan has changed so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// Versions of gems that moved or came in.
    pub(super) versions: BTreeMap<String, String>,
    /// What the manifest asks for, by the number of the root.
    pub(super) ranges: BTreeMap<usize, String>,
    /// Gems that are to leave.
    pub(super) banned: BTreeSet<String>,
    /// Gems whose version is chosen already, in the search for the wish in hand.
    pub(super) decided: BTreeSet<String>,
}

impl State {
    /// The same with another version of a gem, which is decided then.
    pub(super) fn with(&self, name: &str, version: &str) -> Self {
        let mut next = self.clone();
        next.versions.insert(name.to_owned(), version.to_owned());
        next.decided.insert(name.to_owned());
        next
    }

    /// The same without a gem.
    pub(super) fn without(&self, name: &str) -> Self {
        let mut next = self.clone();
        next.banned.insert(name.to_owned());
        next
    }
}

/// Who needs something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Who {
    /// The manifest, by the number of the root.
    Root(usize),
    /// A gem.
    Gem(String),
}

/// A need that is not met.
#[derive(Debug, Clone)]
pub(super) struct Unmet {
    pub(super) who: Who,
    pub(super) need: Need,
}

impl Planner<'_> {
    /// The versions of a gem: as it is now, or all that are locked.
    pub(super) fn versions<'s>(&'s self, state: &'s State, name: &str) -> Vec<&'s str> {
        match (state.versions.get(name), self.bundle.gems.get(name)) {
            (Some(version), _) => vec![version],
            (None, Some(gem)) => {
                let others = gem.others.iter().map(String::as_str);
                std::iter::once(gem.version.as_str()).chain(others).collect()
            }
            (None, None) => Vec::new(),
        }
    }

    /// What a gem needs as it is now, Bundler itself apart; nothing where its release is not known.
    pub(super) fn needs(&self, state: &State, name: &str) -> Needs<'_> {
        match (state.versions.get(name), self.bundle.gems.get(name)) {
            (Some(version), _) => {
                let releases = self.catalogue.releases(name).unwrap_or_default();
                let release = releases.into_iter().find(|release| *release.version == **version);
                let chosen = release.and_then(|release| self.catalogue.chosen(name, release).ok());
                Needs::Chosen(chosen.unwrap_or_default())
            }
            (None, Some(gem)) => Needs::Locked(&gem.needs),
            (None, None) => Needs::Locked(&[]),
        }
    }

    /// The gem is there: locked, or come in.
    fn is_there(&self, state: &State, name: &str) -> bool {
        state.versions.contains_key(name) || self.bundle.gems.contains_key(name)
    }

    /// What the manifest leads to.
    pub(super) fn live(&self, state: &State) -> BTreeSet<String> {
        let mut live = BTreeSet::new();
        let roots = self.bundle.roots.iter();
        let mut open: Vec<String> = roots.map(|root| root.need.name.clone()).collect();
        while let Some(name) = open.pop() {
            if live.contains(&name) || !self.is_there(state, &name) {
                continue;
            }
            let needs = self.needs(state, &name);
            open.extend(needs.all().map(|need| need.name.clone()));
            live.insert(name);
        }
        live
    }

    /// What the manifest asks of the root of this number.
    pub(super) fn asked<'s>(&'s self, state: &'s State, number: usize) -> &'s str {
        let root = self.bundle.roots.get(number);
        let own = root.map_or("", |root| root.need.range.as_str());
        state.ranges.get(&number).map_or(own, String::as_str)
    }

    /// Who needs the gem called `name`, and what each asks for.
    pub(super) fn users(&self, state: &State, name: &str) -> Vec<(Who, String)> {
        let roots = self.bundle.roots.iter().enumerate();
        let mut users: Vec<(Who, String)> = roots
            .filter(|(_, root)| root.need.name == name)
            .map(|(number, _)| (Who::Root(number), self.asked(state, number).to_owned()))
            .collect();
        for user in self.live(state) {
            for need in self.needs(state, &user).all() {
                if need.name == name {
                    users.push((Who::Gem(user.clone()), need.range.clone()));
                }
            }
        }
        users
    }

    /// The needs that the plan so far leaves unmet. What was not met before is no matter of the plan.
    pub(super) fn unmet(&self, state: &State) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        let is_met = |need_name: &str, range: &str| {
            !state.banned.contains(need_name) && {
                let versions = self.versions(state, need_name);
                let mut versions = versions.iter();
                versions.any(|version| self.catalogue.in_range(range, version))
            }
        };
        let is_changed = |name: &str| state.versions.contains_key(name) || state.banned.contains(name);
        for (number, root) in self.bundle.roots.iter().enumerate() {
            let name = &root.need.name;
            let range = self.asked(state, number);
            if is_changed(name) && !is_met(name, range) {
                unmet.push(Unmet {
                    who: Who::Root(number),
                    need: Need {
                        name: name.clone(),
                        range: range.to_owned(),
                    },
                });
            }
        }
        // What is to leave has no needs: those who need it are not met until it has left.
        let staying = self.live(state).into_iter();
        for user in staying.filter(|user| !state.banned.contains(user)) {
            for need in self.needs(state, &user).all() {
                if (is_changed(&user) || is_changed(&need.name)) && !is_met(&need.name, &need.range) {
                    unmet.push(Unmet {
                        who: Who::Gem(user.clone()),
                        need: need.clone(),
                    });
                }
            }
        }
        unmet
    }

    /// The gem may get another version in the search for the wish in hand.
    pub(super) fn may_move(&self, state: &State, name: &str) -> bool {
        let gem = self.bundle.gems.get(name);
        !state.decided.contains(name) && gem.is_none_or(|gem| gem.is_fixed.is_none())
    }

    /// The gem is one that the manifest asks for.
    pub(super) fn is_root(&self, name: &str) -> bool {
        self.bundle.roots.iter().any(|root| root.need.name == name)
    }

    /// How messages call who needs something.
    pub(super) fn label(&self, state: &State, who: &Who) -> String {
        match who {
            Who::Root(_) => self.bundle.manifest.clone(),
            Who::Gem(name) => {
                let versions = self.versions(state, name);
                format!("{name} {}", versions.first().copied().unwrap_or_default())
            }
        }
    }

    /// What `who` asks for, as something that is in the way.
    pub(super) fn constraint(&self, state: &State, who: &Who, name: &str, range: &str) -> Constraint {
        Constraint {
            dependent: self.label(state, who),
            name: name.to_owned(),
            range: if range.is_empty() { ">= 0" } else { range }.to_owned(),
        }
    }
}

/// What a gem needs.
pub(super) enum Needs<'p> {
    /// As the lockfile has it.
    Locked(&'p [Need]),
    /// As its release says.
    Chosen(Rc<Chosen>),
}

impl Needs<'_> {
    /// Each of them, but for Bundler, which is never locked.
    pub(super) fn all(&self) -> impl Iterator<Item = &Need> {
        let all = match self {
            Self::Locked(needs) => needs,
            Self::Chosen(chosen) => chosen.needs.as_slice(),
        };
        all.iter().filter(|need| need.name != "bundler")
    }
}
