//! Our reader of `Cargo.lock` against the `cargo-lock` crate: the same packages, edges and roots.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_lock::{Lockfile, SourceId};
use lockkeeper::lockfile;
use lockkeeper::model::graph::Node;
use lockkeeper::model::{Cost, Graph, NodeId, Source};

use crate::support::memory_tree::{MemoryTree, tree_path};

/// Name, version, kind of source.
type Label = (String, String, &'static str);

#[test]
fn fixtures_agree_with_the_cargo_lock_crate() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/cargo_lock");
    // What is damaged, newer or replaced, the crate refuses or does not follow.
    for case in ["version-1", "version-2", "workspace", "circle"] {
        agree(&MemoryTree::from_folder(&fixtures.join(case)));
    }
}

#[test]
fn the_corpus_agrees_with_the_cargo_lock_crate() {
    match std::env::var_os("LOCKKEEPER_DATA") {
        Some(data) => {
            let files = agree(&MemoryTree::from_folder(&Path::new(&data).join("corpus")));
            assert!(files >= 40, "only {files} files");
        }
        None => println!("skipped: LOCKKEEPER_DATA is not set"),
    }
}

#[test]
fn only_its_own_name_is_claimed() {
    let format = lockfile::format("Cargo.lock").expect("the format");
    for (path, claimed) in [
        ("Cargo.lock", true),
        ("a/b/Cargo.lock", true),
        // Where file names ignore case, Cargo reads it.
        ("cargo.lock", true),
        ("Cargo.lock.orig", false),
        ("Cargo.lock/a", false),
    ] {
        assert_eq!(format.claims(&tree_path(path)), claimed, "{path}");
    }
}

/// Compares every `Cargo.lock` of the tree and returns how many there were.
fn agree(tree: &MemoryTree) -> usize {
    let format = lockfile::format("Cargo.lock").expect("the format");
    let mut files = 0;
    for (path, bytes) in tree.files().filter(|(path, _)| format.claims(path)) {
        files += 1;
        let reading = lockfile::read(format, path, bytes, tree);
        let graph = &reading.parsed.graph;
        let blind = reading
            .parsed
            .problems
            .iter()
            .any(|problem| problem.cost == Cost::Blind);
        assert!(!blind, "{path}: {:?}", reading.parsed.problems);
        let theirs: Lockfile = reading
            .text
            .parse()
            .unwrap_or_else(|error| panic!("{path}: {error}"));

        let mut packages: Vec<Label> = graph.nodes().map(|(id, _)| label(graph, id)).collect();
        let mut expected: Vec<Label> = theirs
            .packages
            .iter()
            .chain(&theirs.root)
            .map(|package| {
                (
                    package.name.to_string(),
                    package.version.to_string(),
                    kind(package.source.as_ref()),
                )
            })
            .collect();
        packages.sort();
        expected.sort();
        assert_eq!(packages, expected, "{path}: packages");

        let mut edges: Vec<(Label, Label)> = graph
            .edges()
            .iter()
            .map(|edge| (label(graph, edge.from), label(graph, edge.to)))
            .collect();
        let mut expected: Vec<(Label, Label)> = Vec::new();
        for package in theirs.packages.iter().chain(&theirs.root) {
            let from = (
                package.name.to_string(),
                package.version.to_string(),
                kind(package.source.as_ref()),
            );
            for need in &package.dependencies {
                let to = (
                    need.name.to_string(),
                    need.version.to_string(),
                    kind(need.source.as_ref()),
                );
                if from != to {
                    expected.push((from.clone(), to));
                }
            }
        }
        edges.sort();
        expected.sort();
        assert_eq!(edges, expected, "{path}: edges");

        let roots: BTreeSet<Label> = graph.roots().iter().map(|root| label(graph, *root)).collect();
        let needed: BTreeSet<&Label> = expected.iter().map(|(_, to)| to).collect();
        let their_roots: BTreeSet<Label> = packages
            .iter()
            .filter(|package| package.2 == "own" && !needed.contains(package))
            .cloned()
            .collect();
        // The crate knows a tree of `[[package]]` alone: with `[root]` it has none to compare.
        if theirs.root.is_none() {
            let tree = theirs.dependency_tree().expect("their tree");
            let crate_roots: BTreeSet<Label> = tree
                .roots()
                .into_iter()
                .map(|index| &tree.graph()[index])
                .filter(|package| package.source.is_none())
                .map(|package| (package.name.to_string(), package.version.to_string(), "own"))
                .collect();
            let alone: BTreeSet<Label> = their_roots
                .iter()
                // A module that needs only itself is a root of ours.
                .filter(|root| crate_roots.contains(*root))
                .cloned()
                .collect();
            assert_eq!(alone, crate_roots, "{path}: roots");
        }
        assert!(
            roots.is_superset(&their_roots),
            "{path}: {roots:?} {their_roots:?}"
        );
        let own: Vec<NodeId> = graph
            .nodes()
            .filter(|(_, node)| matches!(node, Node::Own { .. }))
            .map(|(id, _)| id)
            .take(if graph.roots().len() > 64 { 0 } else { usize::MAX })
            .collect();
        let targets: Vec<&[NodeId]> = own.chunks(1).collect();
        let (_, ends) = graph.shortest_paths(&targets);
        for (id, ends) in own.iter().zip(ends) {
            assert!(
                !ends.is_empty(),
                "{path}: no root leads to the own module {:?}",
                label(graph, *id)
            );
        }
    }
    files
}

fn kind(source: Option<&SourceId>) -> &'static str {
    match source {
        None => "own",
        Some(source) if source.is_default_registry() => "registry",
        Some(source) if source.is_git() => "git",
        Some(source) if source.is_registry() => "other-registry",
        Some(source) => panic!("{source}"),
    }
}

fn label(graph: &Graph, id: NodeId) -> Label {
    match graph.nodes().find(|(other, _)| *other == id) {
        Some((_, Node::Package(package))) => {
            assert!(!matches!(package.source, Source::Path(_) | Source::Url(_)));
            (
                package.name.to_string(),
                package.version.to_string(),
                package.source.as_str(),
            )
        }
        Some((_, Node::Own { name, version })) => (name.clone(), version.clone(), "own"),
        None => panic!("{id:?} is no node"),
    }
}
