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

/// Bun does not list what is optional apart from what is needed.
#[test]
fn bun_lists_the_same() {
    agree("bun", "bun.lock", 5);
}

/// Lines of theirs that we do not have: project, line, and why.
const KNOWN: [(&str, &str, &str); 2] = [
    (
        "bun/workspace-2",
        "edge zustand 4.4.7 -> react 17.0.2",
        "the file has one place for it, from where Node finds another; where Bun isolates packages it gives each dependent its own",
    ),
    (
        "bun/workspace-2",
        "edge use-sync-external-store 1.2.0 -> react 17.0.2",
        "as before",
    ),
];

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
        let mut theirs: BTreeSet<String> = listing.lines().map(str::to_owned).collect();
        let mut ours = described(&reading.parsed.graph, tool);
        for (project, line, why) in KNOWN {
            if folder.ends_with(project) {
                assert!(
                    theirs.remove(line),
                    "{name}: {line} is no difference any more ({why})"
                );
            }
        }
        // That may be either: optional for development, or optional for the product and needed for development.
        let either: Vec<String> = ours
            .iter()
            .filter(|line| line.ends_with(": either"))
            .cloned()
            .collect();
        for line in either {
            ours.remove(&line);
            let package = line.trim_end_matches("either");
            let one_of = ["dev", "product"]
                .iter()
                .any(|word| theirs.remove(&format!("{package}{word}")));
            assert!(one_of, "{name}: {line}");
        }
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
fn described(graph: &Graph, tool: &str) -> BTreeSet<String> {
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
        let scopes = match (tool, scopes.join(" ")) {
            ("bun", scopes) if scopes == "dev optional" => "either".to_owned(),
            ("bun", scopes) if scopes == "dev" => scopes,
            ("bun", _) => "product".to_owned(),
            (_, scopes) => scopes,
        };
        lines.insert(format!("scope {package}: {scopes}"));
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
