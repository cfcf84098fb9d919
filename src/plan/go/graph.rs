//! Minimal version selection ("Minimal version selection (MVS)" and "Module graph pruning", Go Modules Reference; `readModGraph`
//! of Go 1.26).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::modules::{Asks, Modules, Version, Versions};
use crate::plan::failure::Failure;
use crate::version::Scheme as _;
use crate::version::go::{Go, toolchain};

/// A graph of more `go.mod` files than this is not followed.
const MAX_MODULES: usize = 8000;

/// From this version on a module asks for a version of Go as for another module.
const STRICT: &str = "1.21";

/// Which modules' requirements are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pruning {
    /// Those of modules that list their own build are not: the main module lists what it needs of them.
    Pruned,
    /// All are.
    Whole,
}

/// The modules of a build.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    /// The version of each module that is required by anything.
    pub(super) selected: Versions,
    /// Every version whose requirements count.
    pub(super) loaded: BTreeSet<Version>,
    /// The latest version of Go that one of them asks for, and which.
    pub(super) go: Option<(String, Version)>,
    /// Modules whose `go.mod` could not be learnt, and why.
    pub(super) unknown: BTreeMap<String, String>,
}

/// The graph of a main module that requires `roots`.
pub(super) fn graph(modules: Modules<'_>, roots: &Versions, pruning: Pruning) -> Result<Graph, Failure> {
    let file = &modules.project.file;
    let excluded: HashSet<(&str, &str)> = file
        .excludes
        .iter()
        .map(|(path, version)| (path.as_str(), version.as_str()))
        .collect();
    let mut graph = Graph::default();
    let mut asks = Asks::default();
    let mut open: Vec<(Version, Pruning)> = Vec::new();
    for (path, version) in roots {
        select(&mut graph.selected, path, version);
        open.push(((path.clone(), version.clone()), pruning));
    }
    // Where a version is reached both ways, the whole of its requirements counts.
    let mut whole: HashSet<Version> = HashSet::new();
    while let Some((at, pruning)) = open.pop() {
        if pruning == Pruning::Whole && !whole.insert(at.clone()) {
            continue;
        }
        if !graph.loaded.contains(&at) && graph.loaded.len() >= MAX_MODULES {
            return Err(Failure::because(format!(
                "The module graph has more than {MAX_MODULES} files."
            )));
        }
        graph.loaded.insert(at.clone());
        let required = match asks.known(modules.file(&at.0, &at.1))? {
            None => continue,
            Some(Err(reason)) => {
                graph.unknown.insert(at.0, reason);
                continue;
            }
            Some(Ok(required)) => required,
        };
        if let Some(go) = &required.go
            && order_of_go(&go.text, STRICT) != Ordering::Less
            && graph
                .go
                .as_ref()
                .is_none_or(|(highest, _)| order_of_go(&go.text, highest) == Ordering::Greater)
        {
            graph.go = Some((go.text.clone(), at.clone()));
        }
        let is_followed = pruning == Pruning::Whole || !required.is_complete();
        for line in &required.requires {
            let (path, version) = (&line.path, &line.version.text);
            if *path == file.module || excluded.contains(&(path.as_str(), version.as_str())) {
                continue;
            }
            select(&mut graph.selected, path, version);
            if is_followed {
                open.push(((path.clone(), version.clone()), Pruning::Whole));
            }
        }
    }
    asks.settle()?;
    Ok(graph)
}

fn select(selected: &mut Versions, path: &str, version: &str) {
    match selected.get_mut(path) {
        None => {
            selected.insert(path.to_owned(), version.to_owned());
        }
        Some(known) => {
            if is_later(version, known) {
                version.clone_into(known);
            }
        }
    }
}

/// `version` of a module comes after `than`.
pub(super) fn is_later(version: &str, than: &str) -> bool {
    Go.compare(version, than) == Ok(Ordering::Greater)
}

/// The order of two versions of Go.
pub(super) fn order_of_go(version: &str, than: &str) -> Ordering {
    Go.compare(&toolchain(version), &toolchain(than))
        .unwrap_or(Ordering::Equal)
}
