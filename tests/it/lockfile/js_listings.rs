//! Our readers of the lockfiles of pnpm and Bun against what these tools list of the same projects, recorded in `tests/tables/pnpm` and
//! `tests/tables/bun` (`tests/fixtures/make/pnpm_lock`, `tests/fixtures/make/bun_lock`): the same edges, direct dependencies and scopes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lockkeeper::lockfile;
use lockkeeper::model::graph::Node;
use lockkeeper::model::{Cost, Graph, NodeId, Scope, Source};

use crate::support::memory_tree::{MemoryTree, tree_path};

#[test]
fn pnpm_lists_the_same() {
    agree("pnpm", "pnpm-lock.yaml", 7);
}

fn agree(tool: &str, file: &str, least: usize) {
    let tables = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tables")
        .join(tool);
    let mut projects = 0;
    for entry in std::fs::read_dir(&tables).expect("the recordings") {
        let folder = entry.expect("an entry").path();
        let name = folder.display();
        let text = std::fs::read(folder.join(file)).expect("a lockfile");
        let format = lockfile::format(file).expect("the format");
        let reading = lockfile::read(format, &tree_path(file), &text, &MemoryTree::of([]));
        let problems = &reading.parsed.problems;
        assert!(
            problems.iter().all(|problem| problem.cost == Cost::Nothing),
            "{name}: {problems:?}"
        );
        let listing = std::fs::read_to_string(folder.join("listing.txt")).expect("a listing");
        let theirs: BTreeSet<String> = listing.lines().map(str::to_owned).collect();
        let ours = described(&reading.parsed.graph);
        let more: Vec<&String> = ours.difference(&theirs).collect();
        let fewer: Vec<&String> = theirs.difference(&ours).collect();
        assert!(
            more.is_empty() && fewer.is_empty(),
            "{name}: only ours {more:#?}, only theirs {fewer:#?}"
        );
        projects += 1;
    }
    assert!(projects >= least, "{projects} projects");
}

/// The lines of a listing.
fn described(graph: &Graph) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for edge in graph.edges() {
        lines.insert(format!(
            "edge {} -> {}",
            label(graph, edge.from),
            label(graph, edge.to)
        ));
    }
    // The tools list a package once, whichever peers it is installed with: it is used for what any of them is.
    let mut scopes: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (id, package) in graph.packages() {
        let of = scopes.entry(label(graph, id)).or_default();
        of.extend(package.scopes.iter().map(Scope::as_str));
    }
    for (package, scopes) in scopes {
        let scopes: Vec<&str> = match scopes.contains("runtime") {
            true => vec!["runtime"],
            false => scopes.into_iter().collect(),
        };
        lines.insert(format!("scope {package}: {}", scopes.join(" ")));
    }
    let direct = graph.packages().filter(|(_, package)| package.direct);
    for (id, package) in direct {
        let is_asked = graph
            .edges()
            .iter()
            .any(|edge| edge.to == id && graph.package(edge.from).is_none());
        assert!(is_asked, "{package:?}");
    }
    lines
}

fn label(graph: &Graph, id: NodeId) -> String {
    match graph.nodes().find(|(other, _)| *other == id) {
        Some((_, Node::Own { name, .. })) => name.clone(),
        Some((_, Node::Package(package))) => match package.source {
            Source::Registry(_) => format!("{} {}", package.name, package.version),
            _ => package.name.to_string(),
        },
        None => panic!("{id:?} is no node"),
    }
}
