//! Our reader of npm's lockfiles against Arborist, npm's own reader, where npm is installed: the same packages,
//! own modules, scopes and edges.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lockkeeper::lockfile;
use lockkeeper::model::graph::Node;
use lockkeeper::model::{Cost, Graph, NodeId, Source};
use serde_json::Value;

use crate::support::memory_tree::{MemoryTree, tree_path};

#[test]
fn fixtures_are_what_npm_reads() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/package_lock");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&fixtures)
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").path())
        // What npm itself wrote.
        .filter(|path| path.to_string_lossy().contains("npm-"))
        .collect();
    folders.sort();
    assert!(folders.len() >= 9, "{folders:?}");
    agree(&folders);
}

#[test]
fn the_corpus_is_what_npm_reads() {
    let Some(data) = std::env::var_os("LOCKKEEPER_DATA") else {
        println!("skipped: LOCKKEEPER_DATA is not set");
        return;
    };
    let corpus = Path::new(&data).join("corpus");
    let folders: Vec<PathBuf> = MemoryTree::from_folder(&corpus)
        .files()
        .filter(|(path, _)| path.file_name() == b"package-lock.json")
        .map(|(path, _)| corpus.join(path.parent().to_string()))
        .collect();
    assert!(folders.len() >= 10, "{folders:?}");
    agree(&folders);
}

fn agree(folders: &[PathBuf]) {
    let Some(theirs) = arborist(folders) else {
        return;
    };
    assert_eq!(folders.len(), theirs.len());
    for (folder, theirs) in folders.iter().zip(theirs) {
        let place = folder.display();
        assert_eq!(theirs["error"], Value::Null, "{place}");
        let format = lockfile::format("package-lock.json").expect("the format");
        let tree = MemoryTree::from_folder(folder);
        let path = tree_path("package-lock.json");
        let bytes = std::fs::read(folder.join("package-lock.json")).expect("a lockfile");
        let reading = lockfile::read(format, &path, &bytes, &tree);
        let problems = &reading.parsed.problems;
        assert!(
            problems.iter().all(|problem| problem.cost == Cost::Nothing),
            "{place}: {problems:?}"
        );
        let graph = &reading.parsed.graph;
        let nodes: Vec<String> = graph.nodes().map(|(id, node)| row(graph, id, node)).collect();
        let is_version_1 = reading.text.contains("\"lockfileVersion\": 1,");
        let expected = theirs["nodes"].as_array().expect("nodes").iter().map(|node| {
            let text = |field: &str| node[field].as_str().expect("a text").to_owned();
            match text("kind").as_str() {
                "own" => format!("own {}", text("label")),
                // Of version 1 npm believes which requirement is an optional one; we do not, and never say less.
                kind => {
                    let hard = format!("{kind} {} runtime", text("label"));
                    match is_version_1 && nodes.contains(&hard) {
                        true => hard,
                        false => format!("{kind} {} {}", text("label"), text("scopes")),
                    }
                }
            }
        });
        let expected = sorted(expected.collect());
        assert_same(sorted(nodes), expected, &format!("{place}: nodes"));
        let edges = graph
            .edges()
            .iter()
            .map(|edge| format!("{} -> {}", label(graph, edge.from), label(graph, edge.to)));
        let expected = theirs["edges"].as_array().expect("edges").iter();
        let expected = expected.map(|edge| edge.as_str().expect("a text").to_owned());
        let (mut edges, mut expected) = (sorted(edges.collect()), sorted(expected.collect()));
        // Without its package.json a lockfile of version 1 does not tell what the root asks for: npm leaves it
        // open, and we take what nobody else needs.
        if !folder.join("package.json").exists() && !expected.iter().any(|edge| from_a_root(graph, edge)) {
            edges.retain(|edge| !from_a_root(graph, edge));
        }
        // A package named both as a dependency and as a peer is one edge there and two here.
        edges.dedup();
        expected.dedup();
        assert_same(edges, expected, &format!("{place}: edges"));
    }
}

fn from_a_root(graph: &Graph, edge: &str) -> bool {
    graph
        .roots()
        .iter()
        .any(|root| edge.starts_with(&format!("{} -> ", label(graph, *root))))
}

fn assert_same(ours: Vec<String>, theirs: Vec<String>, what: &str) {
    let more: Vec<&String> = ours.iter().filter(|row| !theirs.contains(row)).collect();
    let fewer: Vec<&String> = theirs.iter().filter(|row| !ours.contains(row)).collect();
    assert!(
        ours == theirs,
        "{what}: only ours {more:#?}, only npm's {fewer:#?}"
    );
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

fn row(graph: &Graph, id: NodeId, node: &Node) -> String {
    match node {
        Node::Own { .. } => format!("own {}", label(graph, id)),
        Node::Package(package) => {
            let kind = match package.source {
                Source::Path(_) => "path",
                _ => "package",
            };
            let scopes: Vec<&str> = package.scopes.iter().map(|scope| scope.as_str()).collect();
            format!("{kind} {} {}", label(graph, id), scopes.join(" "))
        }
    }
}

fn label(graph: &Graph, id: NodeId) -> String {
    match graph.nodes().find(|(other, _)| *other == id) {
        Some((_, Node::Own { name, .. })) => name.clone(),
        Some((_, Node::Package(package))) => match package.source {
            Source::Path(_) => package.name.to_string(),
            _ => format!("{} {}", package.name, package.version),
        },
        None => panic!("{id:?} is no node"),
    }
}

/// What Arborist says of each folder; `None` where there is no npm.
fn arborist(folders: &[PathBuf]) -> Option<Vec<Value>> {
    let root = Command::new("npm").args(["root", "--global"]).output();
    let Some(root) = root.ok().filter(|output| output.status.success()) else {
        println!("skipped: npm is not installed");
        return None;
    };
    let npm = Path::new(String::from_utf8_lossy(&root.stdout).trim()).join("npm");
    if !npm.join("node_modules/@npmcli/arborist").is_dir() {
        println!("skipped: {} holds no Arborist", npm.display());
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/native/arborist.js");
    let mut node = Command::new("node")
        .args([&script, &npm])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts where npm is");
    let list: String = folders
        .iter()
        .map(|folder| format!("{}\n", folder.display()))
        .collect();
    node.stdin
        .take()
        .expect("its input")
        .write_all(list.as_bytes())
        .expect("the folders");
    let output = node.wait_with_output().expect("its answer");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect(),
    )
}
