//! The places of `packages`, and Node's way of finding a package from one of them.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// The place of the root project.
pub(super) const ROOT: u32 = 0;

/// Places looked at on the way up before the search is given up: a bound keeps hostile files linear.
const MAX_STEPS: usize = 96;

/// A tree of places. A place is a number.
pub(super) struct Places {
    places: Vec<Place>,
    children: HashTable<u32>,
    hasher: RandomState,
}

struct Place {
    name: Box<str>,
    above: u32,
    entry: Option<u32>,
}

impl Places {
    pub(super) fn new() -> Self {
        let root = Place {
            name: "".into(),
            above: ROOT,
            entry: None,
        };
        Self {
            places: vec![root],
            children: HashTable::new(),
            hasher: RandomState::default(),
        }
    }

    /// The place of a key.
    pub(super) fn enter(&mut self, key: &str) -> u32 {
        let mut at = ROOT;
        let mut rest = key;
        while !rest.is_empty() {
            let (name, behind) = first_name(rest);
            rest = behind;
            at = match self.child(at, name) {
                Some(child) => child,
                None => self.add(at, name),
            };
        }
        at
    }

    pub(super) fn entry(&self, place: u32) -> Option<u32> {
        self.places.get(place as usize)?.entry
    }

    pub(super) fn set(&mut self, place: u32, entry: u32) {
        if let Some(place) = self.places.get_mut(place as usize) {
            place.entry = Some(entry);
        }
    }

    /// The entry that `name` means at a place.
    pub(super) fn resolve(&self, place: u32, name: &str) -> Option<u32> {
        let mut at = place;
        for _ in 0..MAX_STEPS {
            if let Some(entry) = self.child(at, name).and_then(|child| self.entry(child)) {
                return Some(entry);
            }
            if at == ROOT {
                return None;
            }
            at = self.places.get(at as usize)?.above;
        }
        None
    }

    fn child(&self, place: u32, name: &str) -> Option<u32> {
        let is_it = |number: &u32| {
            let child = self.places.get(*number as usize);
            child.is_some_and(|child| child.above == place && *child.name == *name)
        };
        self.children.find(self.hash(place, name), is_it).copied()
    }

    fn hash(&self, place: u32, name: &str) -> u64 {
        self.hasher.hash_one((place, name))
    }

    fn add(&mut self, above: u32, name: &str) -> u32 {
        let number = u32::try_from(self.places.len()).unwrap_or(ROOT);
        self.places.push(Place {
            name: name.into(),
            above,
            entry: None,
        });
        let hash = self.hash(above, name);
        let (places, hasher) = (&self.places, &self.hasher);
        self.children.insert_unique(hash, number, |number| {
            let place = places.get(*number as usize);
            hasher.hash_one(place.map_or((ROOT, ""), |place| (place.above, &*place.name)))
        });
        number
    }
}

/// The first name of a key, with its scope, and the rest.
pub(super) fn first_name(key: &str) -> (&str, &str) {
    let slash = |from: usize| {
        let rest = key.get(from..)?;
        rest.find('/').map(|slash| from.saturating_add(slash))
    };
    let end = match key.starts_with('@') {
        true => slash(0).and_then(|scope| slash(scope.saturating_add(1))),
        false => slash(0),
    };
    match end {
        Some(end) => (
            key.get(..end).unwrap_or_default(),
            key.get(end.saturating_add(1)..).unwrap_or_default(),
        ),
        None => (key, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_place_counts() {
        let mut places = Places::new();
        for (entry, key) in ["a", "b", "@s/c", "b/a", "b/@s/c/d", "b/@s/c/d/a"]
            .iter()
            .enumerate()
        {
            let place = places.enter(key);
            places.set(place, entry as u32);
        }
        for (from, name, expected) in [
            ("", "a", Some(0)),
            ("b", "a", Some(3)),
            ("@s/c", "a", Some(0)),
            ("b/@s/c/d", "a", Some(5)),
            ("b/@s/c/d", "@s/c", Some(2)),
            ("b", "d", None),
        ] {
            let place = places.enter(from);
            assert_eq!(places.resolve(place, name), expected, "{name} from {from}");
        }
    }
}
