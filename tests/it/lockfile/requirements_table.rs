//! `lines.txt` line by line as pip reads it; `tests/tables/requirements/read_lines.py` writes the table.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::ecosystem::normalise;
use lockkeeper::lockfile;
use lockkeeper::model::{Cost, Ecosystem, Source, TreePath};
use lockkeeper::text::Lines;

use crate::support::memory_tree::{MemoryTree, tree_path};

const TEXT: &str = include_str!("../../tables/requirements/lines.txt");
const TABLE: &str = include_str!("../../tables/requirements/lines.tsv");

#[test]
fn each_line_means_what_pip_makes_of_it() {
    let format = lockfile::format("requirements.txt").expect("the format");
    let path = TreePath::new("lines/requirements.txt").expect("a path");
    let mut tree = MemoryTree::of([("lines/other.txt", ""), ("lines/constraints.txt", "")]);
    tree.insert(&tree_path("lines/requirements.txt"), TEXT.as_bytes());
    let reading = lockfile::read(format, &path, TEXT.as_bytes(), &tree);
    let lines = Lines::of(&reading.text);
    let mut found: BTreeMap<u32, BTreeSet<(String, String, String)>> = BTreeMap::new();
    let mut add = |offset: u32, kind: &str, name: &str, version: &str| {
        let row = (
            kind.to_owned(),
            normalise(&Ecosystem::PYPI, name).into_owned(),
            version.to_owned(),
        );
        found.entry(lines.position(offset).line).or_default().insert(row);
    };
    for (_, package) in reading.parsed.graph.packages() {
        let kind = match &package.source {
            // An archive on the host of the index that the file names: the registry's here, an address for pip.
            Source::Registry(_) if package.spans.source.is_some() => "url",
            Source::Registry(_) => "pinned",
            Source::OtherRegistry(_) => panic!("no other registry"),
            Source::Git(_) => "git",
            Source::Path(_) => "file",
            Source::Url(address) if address.contains("hg.example") => "hg",
            Source::Url(_) => "url",
        };
        let version = if kind == "pinned" { &package.version } else { "" };
        let entry = package.spans.entry.expect("an entry");
        add(entry.start, kind, &package.name, version);
    }
    for problem in &reading.parsed.problems {
        match problem.cost {
            // pip takes what there is; whoever wrote it meant to go on.
            Cost::Blind if problem.message == "the file ends behind a `\\`" => {}
            Cost::Partial => {
                let name = problem
                    .message
                    .strip_suffix(" has no exact pin")
                    .expect("an open requirement");
                add(problem.span.start, "open", name, "");
            }
            Cost::Blind | Cost::Nothing => add(problem.span.start, "refused", "", ""),
        }
    }
    let mut wrong = Vec::new();
    for row in TABLE.lines() {
        let fields: Vec<&str> = row.split('\t').collect();
        let [line, kind, name, version] = fields[..] else {
            panic!("{row:?}")
        };
        let number: u32 = line.parse().expect("a line number");
        let here = found.remove(&number).unwrap_or_default();
        let agrees = match kind {
            "option" => here.is_empty(),
            // Where pip has to build the archive to know its name, ours is only a label.
            _ if name.is_empty() => here.len() == 1 && here.iter().all(|(found, ..)| found == kind),
            _ => {
                let name = normalise(&Ecosystem::PYPI, name).into_owned();
                here == BTreeSet::from([(kind.to_owned(), name, version.to_owned())])
            }
        };
        if !agrees {
            wrong.push(format!("{row}: {here:?}"));
        }
    }
    assert!(wrong.is_empty(), "pip reads otherwise:\n{}", wrong.join("\n"));
    assert!(found.is_empty(), "pip sees nothing here: {found:?}");
    assert!(TABLE.lines().count() > 70, "the table is short");
}
