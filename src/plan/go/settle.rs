//! From raised requirements to a `go.mod` that Go accepts as it is: everything that is listed stands at the version that is selected,
//! everything that provides a package is listed, and nothing else came in.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Pruning, graph, is_later, order_of_go};
use super::modules::{Asks, Place, Versions};
use super::packages::{Archives, Build, Seeds, Used, Whole, ancestors, possible};
use super::{Candidates, Planner};
use crate::plan::Constraint;
use crate::plan::failure::Failure;
use crate::version::Distance;

/// A plan is given up after so many steps.
const MAX_STEPS: usize = 60;

/// A `go.mod` that can be written.
#[derive(Debug)]
pub(super) struct Settled {
    /// What it lists.
    pub(super) listed: Versions,
    /// Modules that were listed and are not any more.
    pub(super) dropped: BTreeSet<String>,
    /// The version of Go that it has to ask for instead of its own.
    pub(super) go: Option<String>,
    pub(super) graph: Graph,
    /// What was in use before, and is after.
    pub(super) before: Used,
    pub(super) after: Used,
}

/// A list of modules with the graphs that it makes.
struct State {
    listed: Versions,
    graph: Graph,
    /// Where the module is kept fit for Go 1.16.
    whole: Option<Graph>,
}

impl Planner<'_> {
    /// The modules that the file lists, each at its version.
    pub(super) fn listed(&self) -> Versions {
        self.modules.project.listed()
    }

    fn state(&self, listed: &Versions, is_for_whole: IsForWhole) -> Result<State, Failure> {
        let pruned = graph(self.modules, listed, Pruning::Pruned)?;
        // Not where the `go` line rises above it.
        let is_for_1_16 = self.go_line(&pruned).is_none_or(|go| is_for_1_16(&go));
        let whole = match is_for_whole {
            IsForWhole::Yes if is_for_1_16 => Some(graph(self.modules, listed, Pruning::Whole)?),
            IsForWhole::Yes | IsForWhole::No => None,
        };
        Ok(State {
            listed: listed.clone(),
            graph: pruned,
            whole,
        })
    }

    /// Raises `raises`, and whatever else has to change.
    pub(super) fn settle(&self, raises: &Versions) -> Result<Settled, Failure> {
        let original = self.listed();
        let is_for_whole = self.is_for_whole(&original)?;
        let old = self.state(&original, is_for_whole)?;
        let mut listed = original.clone();
        listed.extend(
            raises
                .iter()
                .map(|(path, version)| (path.clone(), version.clone())),
        );
        let mut dropped: BTreeSet<String> = BTreeSet::new();
        // Modules whose every dependent is read.
        let mut watched: BTreeSet<String> = BTreeSet::new();
        for _ in 0..MAX_STEPS {
            let new = self.state(&listed, is_for_whole)?;
            self.is_known(&new.graph, &original, &listed)?;
            let mut has_raised = raise_to_selected(&mut listed, &new.graph);
            if let Some(whole) = &new.whole {
                has_raised |= raise_to_selected(&mut listed, whole);
            }
            if has_raised || self.raise_to_good(&mut listed, &original)? {
                continue;
            }
            self.within_go(&new.graph)?;
            watched.extend(self.moved(&old, &new));
            let (before, after) = self.in_use(&old, &new, &watched)?;
            if !after.added.is_empty() {
                for path in &after.added {
                    // What cannot be read may require a later version of what comes in.
                    if let Some((unread, reason)) = new.graph.unknown.iter().next() {
                        return Err(Failure::because(format!(
                            "{path} comes in, and at which version is not known: the go.mod of {unread} could not be learnt: {reason}."
                        )));
                    }
                    dropped.remove(path);
                    let version = new.graph.selected.get(path).cloned();
                    listed.extend(version.map(|version| (path.clone(), version)));
                }
                continue;
            }
            let lost = self.lost(&before, &after, &new);
            let mut further = self.leading_on(before.less(&after), &old)?;
            further.extend(lost.iter().cloned());
            if further.iter().any(|path| !watched.contains(path)) {
                watched.extend(further);
                continue;
            }
            // Older modules may import what their go.mod does not say: that is read before anything leaves.
            if !lost.is_empty() {
                let older = self.older(&new)?;
                if older.iter().any(|path| !watched.contains(path)) {
                    watched.extend(older);
                    continue;
                }
            }
            let needless: Vec<String> = lost
                .into_iter()
                .filter(|path| listed.contains_key(path))
                .collect();
            if !needless.is_empty() {
                for path in needless {
                    listed.remove(&path);
                    dropped.insert(path);
                }
                continue;
            }
            self.is_old_enough(raises, &original, &listed)?;
            return Ok(Settled {
                go: self.go_line(&new.graph),
                listed,
                dropped,
                graph: new.graph,
                before,
                after,
            });
        }
        Err(Failure::because("Too many other modules would have to move."))
    }

    /// `go mod tidy` of a module for Go 1.17 refuses what Go 1.16, which follows every requirement, would build at another version.
    fn is_for_whole(&self, original: &Versions) -> Result<IsForWhole, Failure> {
        let go = self.modules.project.file.go.as_ref();
        if !go.is_some_and(|go| is_for_1_16(&go.text)) {
            return Ok(IsForWhole::No);
        }
        let whole = graph(self.modules, original, Pruning::Whole)?;
        Ok(match raise_to_selected(&mut original.clone(), &whole) {
            true => IsForWhole::No,
            false => IsForWhole::Yes,
        })
    }

    /// Modules that are not listed, and of which `go.sum` has the archive for tests of others.
    fn summed(&self, state: &State) -> Versions {
        let lines = self.modules.project.sums.iter();
        let archives = lines.filter(|line| !line.version.ends_with("/go.mod"));
        archives
            .filter(|line| !state.listed.contains_key(&line.path))
            .filter(|line| state.graph.selected.get(&line.path) == Some(&line.version))
            .map(|line| (line.path.clone(), line.version.clone()))
            .collect()
    }

    /// Modules whose content is another one after: listed ones, and those that only tests of others import.
    fn moved(&self, old: &State, new: &State) -> BTreeSet<String> {
        let listed = new
            .listed
            .iter()
            .filter(|(path, version)| self.has_moved(path, old.listed.get(*path), version));
        let mut moved: BTreeSet<String> = listed.map(|(path, _)| path.clone()).collect();
        for (path, version) in self.summed(old) {
            let now = new.graph.selected.get(&path);
            if now.is_none_or(|now| self.has_moved(&path, Some(&version), now)) {
                moved.insert(path);
            }
        }
        moved
    }

    /// What is in use before and after, as far as it leads to one of `watched`.
    fn in_use(&self, old: &State, new: &State, watched: &BTreeSet<String>) -> Result<(Used, Used), Failure> {
        let mut versions = self.summed(old);
        versions.extend(old.listed.clone());
        let (mut read, mut whole) = ancestors(self.modules, &versions, watched)?;
        let (old_archives, new_archives) = loop {
            let is_bounded = whole == Whole::InPart || self.modules.project.imports.is_none();
            if is_bounded {
                // Which packages are in use is only bounded then, by everything that is listed.
                read.extend(versions.keys().cloned());
            }
            let mut asks = Asks::default();
            let old_archives = asks.known(self.archives(&read, old, (old, new), &mut whole))?;
            let new_archives = asks.known(self.archives(&read, new, (old, new), &mut whole))?;
            asks.settle()?;
            // One that cannot be had may have been the first that is missing.
            if is_bounded || whole == Whole::Known {
                break (old_archives.unwrap_or_default(), new_archives.unwrap_or_default());
            }
        };
        let modules = self.modules;
        let old_build = Build {
            modules,
            listed: &old.listed,
            graph: &old.graph,
            whole: old.whole.as_ref(),
            archives: &old_archives,
        };
        let new_build = Build {
            modules,
            listed: &new.listed,
            graph: &new.graph,
            whole: new.whole.as_ref(),
            archives: &new_archives,
        };
        let imports = self.modules.project.imports.as_ref();
        let packages;
        let seeds = match imports.filter(|_| whole == Whole::Known) {
            Some(imports) => Seeds::Imports(imports),
            None => {
                packages = possible(old_build);
                Seeds::Packages(&packages)
            }
        };
        let before = old_build.used(seeds, None)?;
        let after = new_build.used(seeds, Some(&before))?;
        Ok((before, after))
    }

    /// The archives of the modules `read` in one of both states. One that stays and cannot be learnt is done without.
    fn archives(
        &self,
        read: &BTreeSet<String>,
        state: &State,
        (old, new): (&State, &State),
        whole: &mut Whole,
    ) -> Result<Archives, Failure> {
        let mut asks = Asks::default();
        let mut archives = Archives::new();
        for path in read {
            let version = state.listed.get(path).or_else(|| state.graph.selected.get(path));
            let Some(version) = version else { continue };
            let at = match self.modules.place(path, version) {
                Place::Proxy(at) => at,
                Place::Folder(folder) => {
                    match self.modules.project.folder_archives.get(&folder) {
                        Some(archive) => {
                            archives.insert(path.clone(), std::rc::Rc::clone(archive));
                        }
                        None => *whole = Whole::InPart,
                    }
                    continue;
                }
            };
            let has_moved = new
                .listed
                .get(path)
                .is_some_and(|version| self.has_moved(path, old.listed.get(path), version));
            match asks.known(self.modules.archive(&at)) {
                Ok(archive) => archives.extend(archive.map(|archive| (path.clone(), archive))),
                Err(failure) if has_moved => return Err(failure),
                Err(_) if new.listed.contains_key(path) => *whole = Whole::InPart,
                Err(_) => {}
            }
        }
        asks.settle()?;
        Ok(archives)
    }

    /// Listed modules from before Go 1.17.
    fn older(&self, state: &State) -> Result<BTreeSet<String>, Failure> {
        let mut asks = Asks::default();
        let mut older = BTreeSet::new();
        for (path, version) in &state.listed {
            if let Some(Ok(file)) = asks.known(self.modules.file(path, version))?
                && !file.is_complete()
            {
                older.insert(path.clone());
            }
        }
        asks.settle()?;
        Ok(older)
    }

    /// Those of `paths` that import anything themselves: what they led to may be lost with a package of theirs.
    fn leading_on(&self, paths: BTreeSet<String>, old: &State) -> Result<BTreeSet<String>, Failure> {
        let mut asks = Asks::default();
        let mut leading = BTreeSet::new();
        for path in paths {
            let version = old.listed.get(&path).or_else(|| old.graph.selected.get(&path));
            let Some(version) = version else { continue };
            if let Some(Ok(file)) = asks.known(self.modules.file(&path, version))?
                && !file.requires.is_empty()
            {
                leading.insert(path);
            }
        }
        asks.settle()?;
        Ok(leading)
    }

    /// What something led to before, and nothing that was read does any more: listed modules, and archives for tests.
    fn lost(&self, before: &Used, after: &Used, new: &State) -> BTreeSet<String> {
        let file = &self.modules.project.file;
        let is_tool = |path: &str| {
            let mut below = file.tools.iter().filter_map(|tool| tool.strip_prefix(path));
            below.any(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let may_go = |path: &str| {
            let mut lines = file.requires.iter();
            lines.any(|line| line.path == path && line.indirect) && !is_tool(path)
        };
        // `go mod tidy` also lists what tests of other modules import and none of them requires.
        let is_lost = |path: &str| {
            let was = before.providers.contains(path);
            let for_tests = before.test_providers.contains(path) && !after.test_providers.contains(path);
            !after.providers.contains(path) && (was || for_tests)
        };
        let listed = new.listed.keys().filter(|path| is_lost(path) && may_go(path));
        let mut lost: BTreeSet<String> = listed.cloned().collect();
        let tested =
            |used: &Used| -> BTreeSet<String> { used.tests.iter().map(|(path, _)| path.clone()).collect() };
        let (before, after) = (tested(before), tested(after));
        // What is listed now has its archive for that.
        let archives = before
            .difference(&after)
            .filter(|path| !new.listed.contains_key(*path));
        lost.extend(archives.cloned());
        lost
    }

    /// The content of a module is another one than before.
    fn has_moved(&self, path: &str, before: Option<&String>, version: &str) -> bool {
        let place = |version: &str| self.modules.place(path, version);
        before.is_none_or(|before| before != version && place(before) != place(version))
    }

    /// The `go.mod` of everything that moved has to be known; one that stays said nothing new.
    fn is_known(&self, graph: &Graph, original: &Versions, listed: &Versions) -> Result<(), Failure> {
        for (path, reason) in &graph.unknown {
            let has_moved = match listed.get(path) {
                Some(version) => self.has_moved(path, original.get(path), version),
                None => false,
            };
            if has_moved {
                return Err(Failure::because(format!(
                    "The go.mod of {path} could not be learnt: {reason}."
                )));
            }
        }
        Ok(())
    }

    /// Raises what moved to a version that an advisory affects, further.
    fn raise_to_good(&self, listed: &mut Versions, original: &Versions) -> Result<bool, Failure> {
        let mut asks = Asks::default();
        let mut raised = Versions::new();
        for (path, version) in listed.iter() {
            let before = original.get(path);
            if before == Some(version) || !(self.bounds.is_affected)(path, version) {
                continue;
            }
            let was_affected = before.is_some_and(|before| (self.bounds.is_affected)(path, before));
            match asks.known(self.candidates(path, version, None))? {
                None => {}
                Some(Candidates { versions, .. }) if !versions.is_empty() => {
                    raised.extend(versions.into_iter().next().map(|version| (path.clone(), version)));
                }
                Some(_) if was_affected => {}
                Some(_) => {
                    return Err(Failure::because(format!(
                        "{path} {version} would come in, which a known advisory affects, and no later version is better."
                    )));
                }
            }
        }
        asks.settle()?;
        let has_raised = !raised.is_empty();
        listed.extend(raised);
        Ok(has_raised)
    }

    /// What else moves or comes in was published long enough ago.
    fn is_old_enough(
        &self,
        raises: &Versions,
        original: &Versions,
        listed: &Versions,
    ) -> Result<(), Failure> {
        let Some(bound) = self.bounds.published_before else {
            return Ok(());
        };
        let mut asks = Asks::default();
        for (path, version) in listed {
            let Place::Proxy(at) = self.modules.place(path, version) else {
                continue;
            };
            if raises.contains_key(path) || !self.has_moved(path, original.get(path), version) {
                continue;
            }
            match asks.known(self.modules.published(&at))? {
                None => {}
                Some(Some(published)) if published <= bound => {}
                Some(Some(_)) => {
                    return Err(Failure::because(format!(
                        "{path} {version} would come in, and is younger than `min-release-age` of the policy allows."
                    )));
                }
                Some(None) => {
                    return Err(Failure::because(format!(
                        "The registry does not say when {path} {version} was published, and `min-release-age` of the policy asks for it."
                    )));
                }
            }
        }
        asks.settle()
    }

    /// No module needs a later Go than the project has.
    fn within_go(&self, graph: &Graph) -> Result<(), Failure> {
        let Some((needed, (path, version))) = &graph.go else {
            return Ok(());
        };
        let file = &self.modules.project.file;
        let own = file.go.as_ref().map_or("1.16", |go| go.text.as_str());
        if order_of_go(needed, own) != Ordering::Greater {
            return Ok(());
        }
        let by = || {
            vec![Constraint {
                dependent: format!("{path} {version}"),
                name: "go".to_owned(),
                range: needed.clone(),
            }]
        };
        if !self.bounds.manifests.change_ranges() {
            return Err(Failure::Blocked {
                by: by(),
                reason: format!("The go line of go.mod is {own}, and is not to be changed."),
            });
        }
        let toolchain = file.toolchain.as_ref().map(|toolchain| toolchain.text.as_str());
        let is_built_with = toolchain
            .filter(|toolchain| toolchain.starts_with("go"))
            .is_some_and(|toolchain| order_of_go(needed, toolchain) != Ordering::Greater);
        match is_built_with || self.bounds.level == Distance::Major {
            true => Ok(()),
            false => Err(Failure::Blocked {
                by: by(),
                reason: format!(
                    "The project is built with go {}, and `--level major` raises that.",
                    toolchain.unwrap_or(own)
                ),
            }),
        }
    }

    fn go_line(&self, graph: &Graph) -> Option<String> {
        let own = self.modules.project.file.go.as_ref()?;
        let (needed, _) = graph.go.as_ref()?;
        (order_of_go(needed, &own.text) == Ordering::Greater).then(|| needed.clone())
    }
}

/// Whether Go 1.16 has to build the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum IsForWhole {
    Yes,
    No,
}

/// With this `go` line a module is kept fit for Go 1.16 (`go mod tidy -compat`).
pub(super) fn is_for_1_16(go: &str) -> bool {
    go == "1.17" || go.starts_with("1.17.")
}

/// Lists everything at the version that is selected.
fn raise_to_selected(listed: &mut Versions, graph: &Graph) -> bool {
    let mut raised = BTreeMap::new();
    for (path, version) in listed.iter() {
        if let Some(selected) = graph.selected.get(path)
            && is_later(selected, version)
        {
            raised.insert(path.clone(), selected.clone());
        }
    }
    let has_raised = !raised.is_empty();
    listed.extend(raised);
    has_raised
}
