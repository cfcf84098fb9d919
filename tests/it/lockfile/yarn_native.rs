//! Our reader of `yarn.lock` against what Yarn itself lists, recorded by `tests/fixtures/make/yarn`: the same packages, edges,
//! direct packages and development scopes.

use std::collections::BTreeSet;
use std::path::Path;

use lockkeeper::lockfile;
use lockkeeper::model::graph::Node;
use lockkeeper::model::{Cost, Graph, NodeId, Scope, Scopes};

use crate::support::memory_tree::{MemoryTree, tree_path};

/// Dependencies that Yarn adds by itself (its list of package extensions): no lockfile says who needs what they bring.
const EXTENDED: [(&str, &str, &str); 1] = [(
    "berry-4.18.1-web",
    "@babel/parser 7.0.0-beta.51",
    "@babel/types 7.29.15",
)];

/// Lines of a recorded listing.
struct Listing {
    packages: BTreeSet<String>,
    /// Those that an installation for production leaves out.
    left_out: BTreeSet<String>,
    edges: BTreeSet<String>,
    direct: BTreeSet<String>,
}

fn listing(text: &str) -> Listing {
    let mut listing = Listing {
        packages: BTreeSet::new(),
        left_out: BTreeSet::new(),
        edges: BTreeSet::new(),
        direct: BTreeSet::new(),
    };
    for line in text.lines() {
        let (kind, rest) = line.split_once(' ').expect("a kind");
        match kind {
            "edge" => assert!(listing.edges.insert(rest.to_owned())),
            "direct" => assert!(listing.direct.insert(rest.to_owned())),
            "package" => {
                let words: Vec<&str> = rest.split(' ').collect();
                let package = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
                if words.len() > 2 {
                    listing.left_out.insert(package.clone());
                }
                listing.packages.insert(package);
            }
            other => panic!("{other}"),
        }
    }
    listing
}

#[test]
fn the_reader_says_what_yarn_lists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut count = (0, 0);
    let mut cases: Vec<_> = std::fs::read_dir(root.join("listings/yarn"))
        .expect("the listings")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    cases.sort();
    for path in cases {
        let case = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let is_classic = case.starts_with("yarn-1");
        let mut theirs = listing(&std::fs::read_to_string(&path).expect("a listing"));
        let folder = root.join("lockfile/yarn_lock").join(&case);
        let tree = MemoryTree::from_folder(&folder);
        let format = lockfile::format("yarn.lock").expect("the format");
        let bytes = std::fs::read(folder.join("yarn.lock")).expect("a lockfile");
        let reading = lockfile::read(format, &tree_path("yarn.lock"), &bytes, &tree);
        assert!(
            reading
                .parsed
                .problems
                .iter()
                .all(|problem| problem.cost == Cost::Nothing),
            "{case}: {:?}",
            reading.parsed.problems
        );
        let graph = &reading.parsed.graph;
        let mut own: BTreeSet<String> = BTreeSet::new();
        let mut packages: BTreeSet<String> = BTreeSet::new();
        let mut only_dev: BTreeSet<String> = BTreeSet::new();
        let mut optional: BTreeSet<String> = BTreeSet::new();
        for (id, node) in graph.nodes() {
            match node {
                Node::Own { .. } => {
                    own.insert(label(graph, id, is_classic));
                }
                Node::Package(package) => {
                    let name = label(graph, id, is_classic);
                    if package.scopes == Scopes::only(Scope::Dev) {
                        only_dev.insert(name.clone());
                    }
                    if package.scopes.holds(Scope::Optional) {
                        optional.insert(name.clone());
                    }
                    packages.insert(name);
                }
            }
        }
        let top = label(graph, graph.roots()[0], is_classic);
        let edges: BTreeSet<String> = graph
            .edges()
            .iter()
            .map(|edge| {
                (
                    label(graph, edge.from, is_classic),
                    label(graph, edge.to, is_classic),
                )
            })
            // A patch and what it patches, which Yarn does not call a dependency.
            .filter(|(from, to)| from != to)
            .filter(|(from, _)| !is_classic || *from != top)
            .map(|(from, to)| format!("{from} -> {to}"))
            .collect();
        let mut unknown: BTreeSet<String> = BTreeSet::new();
        for (_, from, to) in EXTENDED.iter().filter(|(extended, ..)| *extended == case) {
            assert!(theirs.edges.remove(&format!("{from} -> {to}")), "{case}: {from}");
            let mut open = vec![(*to).to_owned()];
            while let Some(at) = open.pop() {
                let start = format!("{at} -> ");
                open.extend(
                    theirs
                        .edges
                        .iter()
                        .filter_map(|edge| Some(edge.strip_prefix(&start)?.to_owned())),
                );
                unknown.insert(at);
            }
        }
        let theirs_packages: BTreeSet<String> = theirs.packages.difference(&own).cloned().collect();
        same(&case, "packages", &packages, &theirs_packages);
        same(&case, "edges", &edges, &theirs.edges);
        if is_classic {
            let direct: BTreeSet<String> = graph
                .edges()
                .iter()
                .filter(|edge| label(graph, edge.from, is_classic) == top)
                .map(|edge| label(graph, edge.to, is_classic))
                .collect();
            let theirs_direct: BTreeSet<String> = theirs.direct.difference(&own).cloned().collect();
            // Yarn prints in bold what is direct, and of larger projects some more.
            let not_bold: Vec<&String> = direct
                .difference(&theirs_direct)
                .filter(|it| !own.contains(*it))
                .collect();
            assert!(
                not_bold.is_empty(),
                "{case}: Yarn knows no {not_bold:?} as direct"
            );
        }
        let left_out: BTreeSet<String> = theirs.left_out.difference(&own).cloned().collect();
        let softened: Vec<&String> = only_dev.difference(&left_out).collect();
        assert!(softened.is_empty(), "{case}: production has {softened:?}");
        // What does not fit the machine, and what an optional package brings, is left out, too.
        let hardened: Vec<&String> = left_out
            .difference(&only_dev)
            .filter(|it| !optional.contains(*it) && !unknown.contains(*it))
            .collect();
        assert!(hardened.is_empty(), "{case}: production has none of {hardened:?}");
        match is_classic {
            true => count.0 += 1,
            false => count.1 += 1,
        }
    }
    assert!(count.0 >= 5 && count.1 >= 5, "{count:?}");
}

fn same(case: &str, what: &str, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) {
    let more: Vec<&String> = ours.difference(theirs).collect();
    let fewer: Vec<&String> = theirs.difference(ours).collect();
    assert!(
        more.is_empty() && fewer.is_empty(),
        "{case}: {what}: only ours {more:#?}, only Yarn's {fewer:#?}"
    );
}

/// The name and version; of a module of our own what Yarn calls it.
fn label(graph: &Graph, id: NodeId, is_classic: bool) -> String {
    match graph.nodes().find(|(other, _)| *other == id) {
        Some((_, Node::Own { name, version })) if is_classic => format!("{name} {version}"),
        Some((_, Node::Own { name, .. })) => name.clone(),
        Some((_, Node::Package(package))) => format!("{} {}", package.name, package.version),
        None => panic!("{id:?} is no node"),
    }
}
