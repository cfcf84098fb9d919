//! What a gem is used for: what the groups of the `Gemfile` lead to. A gem that is locked for several platforms counts once.

use foldhash::{HashMap, HashMapExt as _};

use super::gemfile::Gemfile;
use super::sections::Lock;
use crate::model::{Scope, Scopes};

/// The names of the file, each with a number, and what a gem of that name needs on any platform.
pub(super) struct Names<'t> {
    numbers: HashMap<&'t str, usize>,
    /// The gems of each name.
    gems: Vec<Vec<usize>>,
    /// The number of the name of each gem.
    of_gems: Vec<usize>,
}

impl<'t> Names<'t> {
    pub(super) fn of(lock: &Lock<'t>) -> Self {
        let mut names = Self {
            numbers: HashMap::with_capacity(lock.gems.len()),
            gems: Vec::new(),
            of_gems: Vec::with_capacity(lock.gems.len()),
        };
        for (gem, entry) in lock.gems.iter().enumerate() {
            let next = names.gems.len();
            let number = *names.numbers.entry(entry.name).or_insert(next);
            if number == next {
                names.gems.push(Vec::new());
            }
            names.of_gems.push(number);
            if let Some(gems) = names.gems.get_mut(number) {
                gems.push(gem);
            }
        }
        names
    }

    /// The gems called `name`, in the order of the file.
    pub(super) fn gems(&self, name: &str) -> &[usize] {
        let number = self.numbers.get(name);
        number
            .and_then(|number| self.gems.get(*number))
            .map_or(&[], Vec::as_slice)
    }

    /// The number of the name of a gem.
    pub(super) fn number_of(&self, gem: usize) -> Option<usize> {
        self.of_gems.get(gem).copied()
    }

    /// For each name, what it is used for.
    pub(super) fn scopes(&self, lock: &Lock<'t>, gemfile: &Gemfile) -> Vec<Scopes> {
        let mut scopes = vec![Scopes::default(); self.gems.len()];
        for scope in [Scope::Runtime, Scope::Dev, Scope::Optional] {
            // What the Gemfile asks for counts too, whatever the lockfile lists.
            let listed = lock.dependencies.iter().map(|need| need.name);
            let starts = listed
                .chain(gemfile.names())
                .filter(|name| gemfile.scopes(name).holds(scope));
            for number in self.reached(lock, starts) {
                if let Some(scopes) = scopes.get_mut(number) {
                    scopes.add(scope);
                }
            }
        }
        scopes
    }

    /// There are gems that no dependency of the project leads to.
    pub(super) fn has_orphan(&self, lock: &Lock<'t>) -> bool {
        let starts = lock.dependencies.iter().map(|need| need.name);
        self.reached(lock, starts).len() < self.gems.len()
    }

    /// The numbers of the names that are reached from `starts`.
    fn reached<'n>(&self, lock: &Lock<'t>, starts: impl Iterator<Item = &'n str>) -> Vec<usize> {
        let mut reached = vec![false; self.gems.len()];
        let mut open: Vec<usize> = Vec::new();
        let mut visit = |name: &str, open: &mut Vec<usize>| {
            let Some(number) = self.numbers.get(name) else {
                return;
            };
            if let Some(reached) = reached.get_mut(*number).filter(|reached| !**reached) {
                *reached = true;
                open.push(*number);
            }
        };
        for name in starts {
            visit(name, &mut open);
        }
        let mut at = 0;
        while let Some(number) = open.get(at).copied() {
            at = at.saturating_add(1);
            for gem in self.gems.get(number).into_iter().flatten() {
                for need in lock.needs_of(*gem) {
                    visit(need.name, &mut open);
                }
            }
        }
        open
    }
}
