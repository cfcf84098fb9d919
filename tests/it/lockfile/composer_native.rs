//! What Composer itself lists of a project: direct packages, what needs what, and what only development has.
//!
//! The listings are written by `tests/fixtures/make/composer_lock`. `LOCKKEEPER_COMPOSER_LISTINGS` is a folder of further projects, each with
//! `composer.json`, `composer.lock` and what `make/composer_lock --list` wrote.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its tables and its settings itself and says what it skips"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use lockkeeper::lockfile::{self, Reading};
use lockkeeper::model::{NodeId, Scope};
use serde_json::Value;

use crate::support::memory_tree::{MemoryTree, tree_path};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn composer_lists_the_same() {
    let mut projects = 0;
    for entry in fs::read_dir(Path::new(ROOT).join("tests/fixtures/listings/composer")).unwrap() {
        let listing = entry.unwrap().path();
        let case = listing.file_stem().unwrap().to_owned();
        let folder = Path::new(ROOT)
            .join("tests/fixtures/lockfile/composer_lock")
            .join(case);
        agrees(&folder, &listing);
        projects += 1;
    }
    assert!(projects >= 8, "{projects} projects");
}

#[test]
fn composer_lists_the_same_of_further_projects() {
    let Some(folder) = std::env::var_os("LOCKKEEPER_COMPOSER_LISTINGS") else {
        println!("skipped: LOCKKEEPER_COMPOSER_LISTINGS is not set");
        return;
    };
    for entry in fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        let (packages, edges) = agrees(&folder, &folder.join("listing.json"));
        println!("{}: {packages} packages, {edges} dependencies", folder.display());
    }
}

/// Numbers of packages and of dependencies that both say.
fn agrees(folder: &Path, listing: &Path) -> (usize, usize) {
    let label = folder.display();
    let listing: Value = serde_json::from_slice(&fs::read(listing).unwrap()).unwrap();
    let mut tree = MemoryTree::of([]);
    for name in ["composer.json", "composer.lock"] {
        tree.insert(&tree_path(name), &fs::read(folder.join(name)).unwrap());
    }
    let bytes = fs::read(folder.join("composer.lock")).unwrap();
    let format = lockfile::format("composer.lock").unwrap();
    let reading = lockfile::read(format, &tree_path("composer.lock"), &bytes, &tree);
    let graph = &reading.parsed.graph;

    let names = |wanted: &dyn Fn(Scope) -> bool| -> BTreeSet<String> {
        let is_wanted = |id: &NodeId| graph.package(*id).unwrap().scopes.iter().any(wanted);
        let wanted = graph.packages().filter(|(id, _)| is_wanted(id));
        wanted.map(|(_, package)| package.name.to_lowercase()).collect()
    };
    assert_eq!(names(&|_| true), listed(&listing["all"]), "{label}: packages");
    assert_eq!(
        names(&|scope| scope == Scope::Runtime),
        listed(&listing["runtime"]),
        "{label}: without development"
    );

    // Composer shows the packages of the project's requirements by their own names alone.
    let tops: BTreeSet<String> = nodes(&listing["tree"]).map(|(name, _)| name).collect();
    let direct: BTreeSet<String> = graph
        .packages()
        .filter(|(_, package)| package.direct)
        .map(|(_, package)| package.name.to_lowercase())
        .collect();
    assert_eq!(direct, tops, "{label}: direct");

    let mut theirs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, node) in nodes(&listing["tree"]) {
        collect(&name, node, &mut theirs);
    }
    let ours = needed(&reading);
    let mut edges = 0;
    for (name, needs) in &theirs {
        let none = BTreeSet::new();
        let ours = ours.get(name).unwrap_or(&none);
        let missing: Vec<_> = needs.difference(ours).collect();
        assert!(
            ours.is_subset(needs),
            "{label}: {name} needs {needs:?}, and here {ours:?}"
        );
        // What nothing in the file stands for is no edge.
        let locked = listed(&listing["all"]);
        assert!(
            missing.iter().all(|need| !locked.contains(*need)),
            "{label}: {name} {missing:?}"
        );
        edges += ours.len();
    }
    (listed(&listing["all"]).len(), edges)
}

fn listed(names: &Value) -> BTreeSet<String> {
    let names = names.as_array().into_iter().flatten();
    names.map(|name| name.as_str().unwrap().to_lowercase()).collect()
}

fn nodes(list: &Value) -> impl Iterator<Item = (String, &Value)> {
    let nodes = list.as_array().into_iter().flatten();
    nodes.map(|node| (node["name"].as_str().unwrap().to_lowercase(), node))
}

fn collect(name: &str, node: &Value, needs: &mut BTreeMap<String, BTreeSet<String>>) {
    for (need, below) in nodes(&node["requires"]) {
        if need.contains('/') {
            needs.entry(name.to_owned()).or_default().insert(need.clone());
        }
        collect(&need, below, needs);
    }
}

/// The names of what each package needs, as its entry writes them.
fn needed(reading: &Reading<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let graph = &reading.parsed.graph;
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for edge in graph.edges() {
        if let Some(package) = graph.package(edge.from) {
            let need = edge.span.of(&reading.text).replace("\\/", "/");
            needs
                .entry(package.name.to_lowercase())
                .or_default()
                .insert(need.to_lowercase());
        }
    }
    needs
}
