//! The lines of `go.sum` that change (`keepSums` of Go 1.26): of each version whose `go.mod` decides about the build, the hash of
//! that file; of each module that provides a package, or that tests of other modules import, the hash of its archive too.
//!
//! Only what differs before and after is written: lines that were needless before stay.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::Planner;
use super::graph::{Graph, Pruning, graph, order_of_go};
use super::modules::{Asks, Place, Version, Versions};
use super::packages::Used;
use super::settle::{Settled, is_for_1_16};
use crate::lockfile::go_mod::sum::hash_of_mod;
use crate::plan::failure::Failure;

/// Each line that changes, `MODULE VERSION` with `/go.mod` behind it or not: its hash, or nothing where it leaves.
pub(super) type Sums = BTreeMap<String, Option<String>>;

/// From this version of the `go` line on, `go.sum` has the `go.mod` of whatever it has the archive of.
const MODS_OF_ARCHIVES: &str = "1.21";

impl Planner<'_> {
    /// What changes in `go.sum`.
    pub(super) fn sums(&self, settled: &Settled) -> Result<Sums, Failure> {
        let project = self.modules.project;
        let original = self.listed();
        let old_graph = graph(self.modules, &original, Pruning::Pruned)?;
        let old_zips = self.archives_of(&original, &settled.before);
        let new_zips = self.archives_of(&settled.listed, &settled.after);
        let own_go = project
            .file
            .go
            .as_ref()
            .map(|go| go.text.as_str())
            .unwrap_or_default();
        let new_go = settled.go.as_deref().unwrap_or(own_go);
        let mut asks = Asks::default();
        let old_mods = asks.known(self.files_of(&old_graph, &original, &old_zips, own_go))?;
        let new_mods = asks.known(self.files_of(&settled.graph, &settled.listed, &new_zips, new_go))?;
        let (old_mods, new_mods) = (old_mods.unwrap_or_default(), new_mods.unwrap_or_default());
        let mut sums = Sums::new();
        let has = |path: &str, version: &str| self.modules.is_summed(path, version);
        for (path, version) in old_zips
            .difference(&new_zips)
            .filter(|(path, version)| has(path, version))
        {
            sums.insert(format!("{path} {version}"), None);
        }
        // What was needed before, and had no line, had none for a reason; what is listed now has to have one.
        let no_use = Used::default();
        let listed_before = self.archives_of(&original, &no_use);
        let mut listed_now = self.archives_of(&settled.listed, &no_use);
        listed_now.retain(|at| !listed_before.contains(at));
        let is_new = |at: &Version, old: &BTreeSet<Version>| listed_now.contains(at) || !old.contains(at);
        let zips = new_zips.iter().filter(|at| is_new(at, &old_zips));
        for at in zips.filter(|(path, version)| !has(path, version)) {
            let line = format!("{} {}", at.0, at.1);
            match asks.known(self.modules.archive(at)) {
                Ok(None) => {}
                Ok(Some(archive)) => {
                    asks.known(self.modules.is_proven(at, &line, &archive.hash))?;
                    sums.insert(line, Some(archive.hash.clone()));
                }
                // Of what only tests of others need the public log is enough.
                Err(_) if settled.after.tests.contains(at) => {
                    let hash = asks.known(self.modules.logged(at, &line))?;
                    sums.extend(hash.flatten().map(|hash| (line, Some(hash))));
                }
                Err(failure) => return Err(failure),
            }
        }
        // What a file that is not known requires may need the line.
        if settled.graph.unknown.is_empty() {
            for (path, version) in old_mods.difference(&new_mods) {
                let version = format!("{version}/go.mod");
                if has(path, &version) {
                    sums.insert(format!("{path} {version}"), None);
                }
            }
        }
        for at in new_mods.iter().filter(|at| is_new(at, &old_mods)) {
            let version = format!("{}/go.mod", at.1);
            if !has(&at.0, &version)
                && let Some(text) = asks.known(self.modules.text(at))?
            {
                let (line, hash) = (format!("{} {version}", at.0), hash_of_mod(text));
                asks.known(self.modules.is_proven(at, &line, &hash))?;
                sums.insert(line, Some(hash));
            }
        }
        asks.settle()?;
        Ok(sums)
    }

    /// The versions whose archives are needed: of what is listed, and of what tests need.
    fn archives_of(&self, listed: &Versions, used: &Used) -> BTreeSet<Version> {
        let listed = listed
            .iter()
            .filter_map(|(path, version)| self.of_proxy(path, version));
        listed.chain(used.tests.iter().cloned()).collect()
    }

    pub(super) fn of_proxy(&self, path: &str, version: &str) -> Option<Version> {
        match self.modules.place(path, version) {
            Place::Proxy(at) => Some(at),
            Place::Folder(_) => None,
        }
    }

    /// The versions whose `go.mod` is needed.
    fn files_of(
        &self,
        of: &Graph,
        listed: &Versions,
        archives: &BTreeSet<Version>,
        go: &str,
    ) -> Result<BTreeSet<Version>, Failure> {
        let mut files: BTreeSet<Version> = of
            .loaded
            .iter()
            .filter_map(|(path, version)| self.of_proxy(path, version))
            .collect();
        if order_of_go(go, MODS_OF_ARCHIVES) != Ordering::Less {
            files.extend(archives.iter().cloned());
        }
        // Go 1.17 keeps what Go 1.16 needs, which follows every requirement.
        if is_for_1_16(go) {
            let whole = graph(self.modules, listed, Pruning::Whole)?;
            files.extend(
                whole
                    .loaded
                    .iter()
                    .filter_map(|(path, version)| self.of_proxy(path, version)),
            );
        }
        Ok(files)
    }
}
