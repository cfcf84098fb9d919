//! What comes along with another version of an artifact: its dependencies, as the pom of the new version has them and as that of the
//! old one had.
//!
//! Maven takes the version that is nearest to the module; what the module itself asks for or manages is decided there and left
//! out here. Another dependency may be nearer to what is found, which only a whole resolution would show.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Collateral, Known, Releases};
use crate::lockfile::pom::declared;
use crate::lockfile::pom::snapshot::{Repository, Snapshot};
use crate::model::Query;

/// Dependencies of dependencies are followed so deep.
const MAX_DEPTH: usize = 4;

/// So many artifacts are compared.
const MAX_COMPARED: usize = 60;

/// Poms lead to others at most so many times before one of them is known.
const MAX_ROUNDS: usize = 40;

/// Compares what versions of artifacts bring.
pub(super) struct Brings<'b> {
    releases: &'b dyn Releases,
    /// Whether the modules themselves say the version of an artifact.
    decided: &'b dyn Fn(&str) -> Decided,
    snapshot: Snapshot,
    asked: BTreeSet<Query>,
    /// By name: the old version and the new one.
    found: BTreeMap<String, (Option<String>, Option<String>)>,
    needed: Vec<Need>,
}

/// Whether modules say the version of an artifact themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decided {
    /// None of them does.
    Nowhere,
    /// Some do.
    Somewhere,
    /// All of them do.
    Everywhere,
}

/// What a new version needs of an artifact whose version the modules say themselves.
pub(super) struct Need {
    pub(super) name: String,
    /// The version that the old version asked for, if it asked.
    pub(super) from: Option<String>,
    /// The version that it asks for.
    pub(super) to: String,
    /// What asks: the artifact, and its new version.
    pub(super) by: (String, String),
}

/// An artifact in two versions, and how far it is from what moves.
struct Pair {
    name: String,
    from: Option<String>,
    to: Option<String>,
    depth: usize,
}

impl<'b> Brings<'b> {
    pub(super) fn new(releases: &'b dyn Releases, decided: &'b dyn Fn(&str) -> Decided) -> Self {
        Self {
            releases,
            decided,
            snapshot: Snapshot::new(Repository::Asked),
            asked: BTreeSet::new(),
            found: BTreeMap::new(),
            needed: Vec::new(),
        }
    }

    /// Compares what `name` brings at `from` and at `to`.
    pub(super) fn compare(&mut self, name: &str, from: &str, to: &str) {
        let mut open = vec![Pair {
            name: name.to_owned(),
            from: Some(from.to_owned()),
            to: Some(to.to_owned()),
            depth: 0,
        }];
        let mut next = 0;
        while let Some(pair) = open.get(next) {
            next += 1;
            if next > MAX_COMPARED {
                break;
            }
            let (name, depth) = (pair.name.clone(), pair.depth);
            let (from, to) = (pair.from.clone(), pair.to.clone());
            let by = to.clone().map(|version| (name.clone(), version));
            let mut needs = |version: Option<String>| match version {
                Some(version) => self.needs(&name, &version),
                None => Some(BTreeMap::new()),
            };
            let (old, new) = (needs(from), needs(to));
            // What is not known is not compared.
            let (Some(old), Some(new)) = (old, new) else {
                continue;
            };
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                let (from, to) = (old.get(name), new.get(name));
                let decided = (self.decided)(name);
                // Further below it is the business of what is in between.
                if decided != Decided::Nowhere
                    && let (0, Some(to), Some(asked)) = (depth, to, &by)
                {
                    self.needed.push(Need {
                        name: name.clone(),
                        from: from.cloned(),
                        to: to.clone(),
                        by: asked.clone(),
                    });
                }
                if from == to || decided == Decided::Everywhere || self.found.contains_key(name) {
                    continue;
                }
                self.found.insert(name.clone(), (from.cloned(), to.cloned()));
                if depth < MAX_DEPTH {
                    open.push(Pair {
                        name: name.clone(),
                        from: from.cloned(),
                        to: to.cloned(),
                        depth: depth + 1,
                    });
                }
            }
        }
    }

    /// What was found, and what is needed of artifacts whose version is said; or what has to be asked first.
    pub(super) fn finish(self) -> Result<(Vec<Collateral>, Vec<Need>), BTreeSet<Query>> {
        if !self.asked.is_empty() {
            return Err(self.asked);
        }
        let found = self.found.into_iter();
        let found = found.map(|(name, (from, to))| Collateral { name, from, to });
        Ok((found.collect(), self.needed))
    }

    /// What an artifact brings; nothing where it has to be asked for, or is not to be had.
    fn needs(&mut self, name: &str, version: &str) -> Option<BTreeMap<String, String>> {
        let mut needs = declared::needs(name, version, &self.snapshot);
        for _ in 0..MAX_ROUNDS {
            let wanted = self.snapshot.take_wanted().poms;
            if wanted.is_empty() {
                return needs;
            }
            let mut is_new = false;
            for (name, version) in wanted {
                match self.releases.metadata(&name, &version) {
                    Known::Answer(release) => self.snapshot.publish(&name, &version, Some(&release.document)),
                    Known::Failed(_) => self.snapshot.publish(&name, &version, None),
                    Known::NotAsked => {
                        self.asked.insert(Query::metadata(name, version));
                        continue;
                    }
                }
                is_new = true;
            }
            if !is_new {
                return None;
            }
            needs = declared::needs(name, version, &self.snapshot);
        }
        None
    }
}
