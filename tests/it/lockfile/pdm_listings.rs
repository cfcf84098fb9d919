//! Fixtures of PDM as PDM lists them. Each file in `tests/tables/pdm` is called after a fixture; `tests/fixtures/make/pdm` wrote both.
//!
//! PDM leaves out what the machine does not need: whatever is ours alone has a marker. It shows a package with extras without what
//! these bring, and roots are what nothing else of its tree needs.

use std::collections::BTreeSet;
use std::path::Path;

use lockkeeper::lockfile;
use lockkeeper::lockfile::Parsed;
use lockkeeper::model::graph::Node;
use lockkeeper::model::{NodeId, Scope};

use crate::support::memory_tree::{MemoryTree, tree_path};

/// A locked package, or a member of the workspace.
struct Locked {
    id: NodeId,
    name: String,
    version: String,
    /// Its entry says where it is needed.
    has_marker: bool,
    has_extras: bool,
}

fn locked(parsed: &Parsed, text: &str) -> Vec<Locked> {
    let nodes = parsed.graph.nodes().filter_map(|(id, node)| match node {
        Node::Own { name, .. } => (!parsed.graph.roots().starts_with(&[id])).then(|| Locked {
            id,
            name: name.clone(),
            version: String::new(),
            has_marker: false,
            has_extras: false,
        }),
        Node::Package(package) => {
            let entry = package.spans.entry.expect("an entry").of(text);
            Some(Locked {
                id,
                name: package.name.to_string(),
                version: match package.source.is_matched() {
                    true => package.version.to_string(),
                    false => String::new(),
                },
                has_marker: entry.contains("\nmarker = "),
                has_extras: entry.contains("\nextras = "),
            })
        }
    });
    nodes.collect()
}

/// Name and version of a line of requirements; without a version where it comes from elsewhere.
fn requirement(line: &str) -> (String, String) {
    if let Some((_, egg)) = line.split_once("#egg=") {
        return (egg.to_owned(), String::new());
    }
    let (name, version) = line
        .split_once("==")
        .or_else(|| line.split_once(" @ "))
        .expect("a version or an address");
    let version = match line.contains("==") {
        true => version,
        // An archive of the index is the registry's package.
        false if version.contains("registry.example") => "3.10",
        false => "",
    };
    let name = name.split('[').next().expect("a name");
    (name.to_owned(), version.to_owned())
}

#[test]
fn packages_scopes_and_edges_are_those_that_pdm_lists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut listings = 0;
    for listing in std::fs::read_dir(folder.join("tables/pdm")).expect("listings") {
        let listing = listing.expect("a listing").path();
        let case = listing
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name");
        let tree = MemoryTree::from_folder(&folder.join("fixtures/lockfile/pdm_lock").join(case));
        let path = tree_path("pdm.lock");
        let format = lockfile::format("pdm.lock").expect("the format");
        let (_, bytes) = tree
            .files()
            .find(|(other, _)| **other == path)
            .expect("a lockfile");
        let reading = lockfile::read(format, &path, bytes, &tree);
        let graph = &reading.parsed.graph;
        let locked = locked(&reading.parsed, &reading.text);
        let text = std::fs::read_to_string(&listing).expect("a listing");
        let rows: Vec<Vec<&str>> = text
            .lines()
            .skip(1)
            .map(|line| line.split('\t').collect())
            .collect();
        let listed = |kind: &str| -> Vec<&[&str]> {
            let rows = rows.iter().filter(|row| row[0] == kind);
            rows.map(|row| &row[1..]).collect()
        };
        for (kind, scope) in [
            ("all", None),
            ("runtime", Some(Scope::Runtime)),
            ("optional", Some(Scope::Optional)),
            ("dev", Some(Scope::Dev)),
        ] {
            let expected: BTreeSet<(String, String)> = listed(kind)
                .iter()
                .map(|row| requirement(row[0]))
                .filter(|(name, _)| !name.starts_with("member-") || scope.is_none())
                .collect();
            let belongs = |one: &&Locked| match scope {
                None => true,
                Some(scope) => graph
                    .package(one.id)
                    .is_some_and(|package| package.scopes.holds(scope)),
            };
            let found: Vec<&Locked> = locked.iter().filter(belongs).collect();
            let all: BTreeSet<(String, String)> = found
                .iter()
                .map(|one| (one.name.clone(), one.version.clone()))
                .collect();
            let unmarked: BTreeSet<(String, String)> = found
                .iter()
                .filter(|one| !one.has_marker)
                .map(|one| (one.name.clone(), one.version.clone()))
                .collect();
            assert_eq!(expected.difference(&all).next(), None, "{case}: {kind}");
            assert_eq!(unmarked.difference(&expected).next(), None, "{case}: {kind}");
        }
        let name = |id: NodeId| locked.iter().find(|one| one.id == id);
        let installed: BTreeSet<String> = listed("all").iter().map(|row| requirement(row[0]).0).collect();
        let edges: BTreeSet<(String, String)> = graph
            .edges()
            .iter()
            .filter_map(|edge| Some((name(edge.from)?, name(edge.to)?)))
            .filter(|(from, to)| !from.has_extras && from.name != to.name)
            .map(|(from, to)| (from.name.clone(), to.name.clone()))
            .filter(|(from, to)| installed.contains(from) && installed.contains(to))
            .collect();
        let expected: BTreeSet<(String, String)> = listed("edge")
            .iter()
            .map(|row| (row[0].to_owned(), row[1].to_owned()))
            .collect();
        assert_eq!(edges, expected, "{case}");
        // What nothing needs is asked for, or an extra brings it.
        let brought: BTreeSet<&str> = graph
            .edges()
            .iter()
            .filter_map(|edge| Some((name(edge.from)?, name(edge.to)?)))
            .filter(|(from, _)| from.has_extras)
            .map(|(_, to)| to.name.as_str())
            .collect();
        for row in listed("root") {
            let is_direct = locked
                .iter()
                .any(|one| one.name == row[0] && graph.package(one.id).is_none_or(|package| package.direct));
            assert!(is_direct || brought.contains(row[0]), "{case}: {}", row[0]);
        }
        listings += 1;
    }
    assert!(listings >= 5, "only {listings} listings");
}
