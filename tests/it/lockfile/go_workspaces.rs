//! Workspaces of Go against what `go list -m all` selected in them: `tests/crosscheck/go_workspaces.py` records it in
//! `tests/tables/go_workspaces`. What is listed without a gap is what Go builds; what is listed lower has a gap.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use lockkeeper::lockfile::{self, Problem};
use lockkeeper::model::{Cost, Package, Source, Tree, TreePath, Unread};
use lockkeeper::version::{Scheme, go};

use crate::support::memory_tree::{MemoryTree, tree_path};
use crate::support::program::Sandbox;

/// Workspaces of which every version is certain from the tree alone.
const CERTAIN: [&str; 5] = [
    "in_step",
    "one_folder_in_other_words",
    "one_module",
    "vendored",
    "work_overrides",
];

/// Workspaces in which Go takes a higher version than any file of the tree requires.
const RAISED: [&str; 8] = [
    "highest",
    "other_lines",
    "outside",
    "published_member",
    "raised_from_outside",
    "remembered",
    "replaced_by_another_member",
    "unpruned",
];

/// A recorded workspace.
struct Table {
    name: String,
    tree: MemoryTree,
    /// What Go selects: module to version and replacement; `None` where it refuses.
    list: Option<BTreeMap<String, String>>,
    members: Vec<String>,
}

/// What the members of a workspace give.
#[derive(Default)]
struct Read {
    packages: Vec<Package>,
    problems: Vec<Problem>,
}

#[test]
fn what_is_listed_is_what_go_builds_or_has_a_gap() {
    let tables = tables();
    assert!(tables.len() >= 25, "{} tables", tables.len());
    let (mut packages, mut raised, mut uncertain) = (0, BTreeSet::new(), BTreeSet::new());
    let mut wrong = String::new();
    for table in &tables {
        let read = read(table);
        let gaps: Vec<&Problem> = read
            .problems
            .iter()
            .filter(|problem| problem.cost != Cost::Nothing)
            .collect();
        if !gaps.is_empty() {
            uncertain.insert(table.name.as_str());
        }
        let Some(list) = &table.list else {
            assert!(
                !gaps.is_empty(),
                "{}: Go refuses it, and there is no gap",
                table.name
            );
            continue;
        };
        assert!(!read.packages.is_empty(), "{}", table.name);
        for package in &read.packages {
            packages += 1;
            match differs(package, list) {
                None => {}
                Some((ordering, _)) if ordering == Ordering::Less && !gaps.is_empty() => {
                    raised.insert(table.name.as_str());
                }
                Some((_, theirs)) => {
                    let _ = writeln!(
                        wrong,
                        "{}: {} {} here, {theirs} in Go",
                        table.name, package.name, package.version
                    );
                }
            }
        }
    }
    assert_eq!(wrong, "");
    assert_eq!(raised, BTreeSet::from(RAISED), "raised from outside of the tree");
    for name in CERTAIN {
        assert!(!uncertain.contains(name), "{name} has a gap");
    }
    println!("{packages} packages of {} workspaces", tables.len());
}

#[test]
fn what_go_refuses_is_told_where_it_stands() {
    let told = |name: &str| {
        let table = tables().into_iter().find(|table| table.name == name);
        let table = table.unwrap_or_else(|| panic!("no table {name}"));
        assert!(table.list.is_none(), "{name}: Go builds it");
        let mut told: Vec<String> = read(&table)
            .problems
            .iter()
            .map(|problem| {
                let file = problem
                    .file
                    .as_ref()
                    .map_or_else(String::new, ToString::to_string);
                format!("{:?} {file}: {}", problem.cost, problem.message)
            })
            .collect();
        told.sort();
        told.dedup();
        told.retain(|line| !line.contains("this workspace requires may be built"));
        told
    };
    let text = "golang.org/x/text is replaced here by another module than in api/go.mod";
    assert_eq!(told("conflict"), [format!("Blind web/go.mod: {text}")]);
    assert_eq!(
        told("conflict_of_folders"),
        [format!("Blind deep/web/go.mod: {text}")]
    );
    assert_eq!(
        told("conflict_of_version_and_all"),
        [format!("Blind web/go.mod: {text}")]
    );
    assert_eq!(
        told("go_below_its_modules"),
        [
            "Partial go.work: api/go.mod asks for go 1.24.0, which is later than the workspace's 1.21: Go refuses to build"
        ]
    );
    assert_eq!(
        told("go_not_said"),
        [
            "Partial go.work: api/go.mod asks for go 1.24.0, which is later than the workspace's 1.18: Go refuses to build"
        ]
    );
    assert_eq!(
        told("member_missing"),
        [
            "Partial go.work: web/go.mod is not in the tree: what this module requires and replaces is not known"
        ]
    );
    assert_eq!(
        told("member_replaced"),
        ["Blind go.work: example.com/api is a module of the workspace and replaced, which Go refuses"]
    );
    assert_eq!(
        told("one_path_twice"),
        ["Blind go.work: the module example.com/api is here more than once, which Go refuses"]
    );
    assert_eq!(
        told("used_twice"),
        ["Blind go.work: ./web/../api is used twice, which Go refuses"]
    );
}

#[test]
fn what_go_wrote_down_is_read() {
    let tables = tables();
    let of = |name: &str| read(tables.iter().find(|table| table.name == name).expect("the table"));
    let vendored = of("vendored");
    let manual = vendored
        .packages
        .iter()
        .find(|package| &*package.name == "github.com/cpuguy83/go-md2man/v2")
        .expect("the module");
    assert_eq!(&*manual.version, "v2.0.3");
    assert_eq!(manual.place().file, Some(tree_path("vendor/modules.txt")));
    assert_eq!(manual.used_by.as_deref(), Some("example.com/api"));

    let remembered: Vec<String> = of("remembered")
        .problems
        .iter()
        .filter(|problem| problem.file == Some(tree_path("go.work.sum")))
        .map(|problem| problem.message.clone())
        .collect();
    assert_eq!(
        remembered,
        ["github.com/cpuguy83/go-md2man/v2 was built at v2.0.3, and no go.mod of the workspace requires more than v2.0.2";
            2],
        "once for each module"
    );
}

#[test]
fn a_version_of_another_module_stands_there() {
    let tables = tables();
    let table = tables
        .iter()
        .find(|table| table.name == "highest")
        .expect("the table");
    let packages = packages(table, "api/go.mod").packages;
    let text = packages
        .iter()
        .find(|package| &*package.name == "golang.org/x/text")
        .expect("the module");
    assert_eq!(&*text.version, "v0.16.0");
    assert_eq!(text.place().file, Some(tree_path("web/go.mod")));
    let crypto = packages
        .iter()
        .find(|package| &*package.name == "golang.org/x/crypto")
        .expect("the module");
    assert_eq!(crypto.place().file, None);
}

#[test]
fn a_workspace_is_bounded_and_says_so() {
    let mut tree = MemoryTree::default();
    let mut work = String::from("go 1.24.0\n\nuse (\n");
    for number in 0..600 {
        let _ = writeln!(work, "\t./m{number}");
        let text =
            format!("module example.com/m{number}\n\ngo 1.24.0\n\nrequire example.com/x v1.{number}.0\n");
        tree.insert(&tree_path(&format!("m{number}/go.mod")), text.as_bytes());
    }
    work.push_str(")\n");
    tree.insert(&tree_path("go.work"), work.as_bytes());
    let read = read_one(&tree, "m0/go.mod");
    let blind: Vec<&str> = read
        .problems
        .iter()
        .filter(|problem| problem.cost == Cost::Blind)
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(
        blind,
        ["the workspace is larger than 512 modules or 4 MiB, and not read in whole"]
    );

    // One module of many bytes is as bad.
    let mut large = String::from("module example.com/m1\n\ngo 1.24.0\n");
    while large.len() < 5 << 20 {
        large.push_str("// nothing that matters to anybody who builds this module\n");
    }
    let tree = MemoryTree::of([
        ("go.work", "go 1.24.0\n\nuse ./m0\nuse ./m1\n"),
        (
            "m0/go.mod",
            "module example.com/m0\n\ngo 1.24.0\n\nrequire example.com/x v1.0.0\n",
        ),
        ("m1/go.mod", &large),
    ]);
    assert!(
        read_one(&tree, "m0/go.mod")
            .problems
            .iter()
            .any(|problem| problem.cost == Cost::Blind)
    );
}

#[test]
fn a_file_that_may_be_cut_is_never_silent() {
    let tables = tables();
    let mut prefixes = 0;
    for table in tables.iter().filter(|table| table.list.is_some()) {
        for (path, bytes) in table.tree.files() {
            let name = path.file_name();
            if name != b"go.mod" && name != b"go.work" {
                continue;
            }
            let member = match name {
                b"go.mod" => path.to_string(),
                _ => table.members[0].clone(),
            };
            if !table.members.contains(&member) {
                continue;
            }
            let whole = keys(&read_one(&table.tree, &member));
            for end in 0..bytes.len() {
                let cut = &bytes[..end];
                let mut tree = table.tree.clone();
                tree.insert(path, cut);
                let read = read_one(&tree, &member);
                prefixes += 1;
                let is_said = read.problems.iter().any(|problem| {
                    problem.cost == Cost::Blind
                        || problem.message.contains("without a line break")
                        || problem.message.contains("uses no module")
                });
                // Behind a line break a file is as whole as any.
                let is_whole = cut.ends_with(b"\n")
                    || String::from_utf8_lossy(cut)
                        .lines()
                        .next_back()
                        .is_none_or(|line| line.trim().is_empty() || line.trim() == ")" || is_remark(line));
                assert!(
                    is_said || is_whole,
                    "{}: {path} cut at {end} says nothing: {:?}",
                    table.name,
                    read.problems
                );
                if name == b"go.mod" && !is_said {
                    let listed: BTreeSet<String> = keys(&read).into_iter().map(|(name, _)| name).collect();
                    let all: BTreeSet<String> = whole.iter().map(|(name, _)| name.clone()).collect();
                    assert!(listed.is_subset(&all), "{}: {path} cut at {end}", table.name);
                }
            }
        }
    }
    assert!(prefixes > 3000, "{prefixes}");
    println!("{prefixes} prefixes");
}

/// The whole line is a comment.
fn is_remark(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

fn keys(read: &Read) -> BTreeSet<(String, String)> {
    let packages = read.packages.iter();
    packages
        .map(|package| (package.name.to_string(), package.version.to_string()))
        .collect()
}

/// How a package stands to what Go selects of its module, where that is not the same.
fn differs(package: &Package, list: &BTreeMap<String, String>) -> Option<(Ordering, String)> {
    // A module that replaces another stands under its own name; here each replaces itself.
    let theirs = list.get(&*package.name).map_or("nothing", String::as_str);
    let (version, new) = theirs
        .split_once(" => ")
        .map_or((theirs, None), |(version, new)| (version, Some(new)));
    match (&package.source, new) {
        (Source::Path(_), Some(new)) if new.starts_with('.') => None,
        (_, Some(new)) if new == format!("{} {}", package.name, package.version) => None,
        (_, None) if version == &*package.version => None,
        (_, None) => {
            let ordering = go::Go.compare(&package.version, version);
            Some((ordering.unwrap_or(Ordering::Greater), theirs.to_owned()))
        }
        (_, Some(_)) => Some((Ordering::Greater, theirs.to_owned())),
    }
}

fn read(table: &Table) -> Read {
    let mut all = Read::default();
    for member in &table.members {
        let read = packages(table, member);
        all.packages.extend(read.packages);
        all.problems.extend(read.problems);
    }
    all
}

fn packages(table: &Table, member: &str) -> Read {
    read_one(&table.tree, member)
}

fn read_one(tree: &MemoryTree, member: &str) -> Read {
    let path = tree_path(member);
    let format = lockfile::format("go.mod").expect("the format");
    let bytes = tree
        .files()
        .find(|(file, _)| **file == path)
        .map(|(_, bytes)| bytes.clone())
        .expect("the file");
    let parsed = lockfile::read(format, &path, &bytes, tree).parsed;
    Read {
        packages: parsed
            .graph
            .packages()
            .map(|(_, package)| package.clone())
            .filter(|package| &*package.name != "stdlib")
            .collect(),
        problems: parsed
            .problems
            .into_iter()
            .map(|problem| Problem {
                file: problem.file.or_else(|| Some(path.clone())),
                ..problem
            })
            .collect(),
    }
}

fn tables() -> Vec<Table> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/go_workspaces");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the tables")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    names
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("a table");
            table(path.file_stem().expect("a name").to_str().expect("UTF-8"), &text)
        })
        .collect()
}

fn table(name: &str, text: &str) -> Table {
    let mut files: Vec<(&str, String)> = Vec::new();
    let mut root = String::new();
    for line in text.split_inclusive('\n') {
        let header = line
            .strip_prefix("-- ")
            .and_then(|line| line.strip_suffix(" --\n"));
        match (header, files.last_mut()) {
            (Some(path), _) => files.push((path, String::new())),
            (None, Some((_, file))) => file.push_str(line),
            (None, None) => {
                if let Some(folder) = line.strip_prefix("root: ") {
                    root = format!("{}/", folder.trim());
                }
            }
        }
    }
    let mut tree = MemoryTree::default();
    let mut list = None;
    let mut members = Vec::new();
    for (path, text) in &files {
        match (*path, path.strip_prefix(&root)) {
            ("list", _) => {
                let rows = text.lines().filter_map(|line| line.split_once(' '));
                list = Some(
                    rows.map(|(module, rest)| (module.to_owned(), rest.to_owned()))
                        .collect(),
                );
            }
            ("refused", _) | (_, None) => {}
            (_, Some(inside)) => {
                tree.insert(&tree_path(inside), text.as_bytes());
                let folder = inside.strip_suffix("/go.mod").unwrap_or(inside);
                let used = files.iter().any(|(path, text)| {
                    path.ends_with("go.work")
                        && text.lines().any(|line| {
                            let used = line.trim().trim_start_matches("./");
                            used == folder || (inside == "go.mod" && line.trim() == ".")
                        })
                });
                if used && inside.ends_with("go.mod") {
                    members.push(inside.to_owned());
                }
            }
        }
    }
    assert!(!members.is_empty(), "{name}: nothing is used");
    Table {
        name: name.to_owned(),
        tree,
        list,
        members,
    }
}

/// A tree with a `go.work` above it.
struct Below(MemoryTree);

impl Tree for Below {
    fn read(&self, path: &TreePath) -> Result<std::sync::Arc<[u8]>, Unread> {
        self.0.read(path)
    }

    fn is_above(&self, name: &[u8]) -> bool {
        name == b"go.work"
    }
}

#[test]
fn a_workspace_above_the_tree_is_a_gap() {
    let text = "module example.com/m\n\ngo 1.24.0\n\nrequire example.com/x v1.0.0\n";
    let format = lockfile::format("go.mod").expect("the format");
    let reading = |files: MemoryTree| {
        let parsed = lockfile::read(format, &tree_path("m/go.mod"), text.as_bytes(), &Below(files)).parsed;
        let problems: Vec<String> = parsed
            .problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect();
        (parsed.graph.packages().count(), problems)
    };
    let (packages, problems) = reading(MemoryTree::of([("m/go.mod", text)]));
    assert_eq!(packages, 2);
    assert_eq!(
        problems,
        ["a go.work above the scanned folder decides versions and replacements, and is not read"]
    );
    // A nearer one decides.
    let near = MemoryTree::of([("m/go.mod", text), ("go.work", "go 1.24.0\n\nuse ./m\n")]);
    assert_eq!(reading(near).1, Vec::<String>::new());
}

#[test]
fn a_workspace_above_path_is_told_on_disk_and_in_commits() {
    let sandbox = Sandbox::new();
    sandbox.write("go.work", "go 1.24.0\n\nuse ./apps/shop\n");
    sandbox.write(
        "apps/shop/go.mod",
        "module example.com/shop\n\ngo 1.24.0\n\nrequire example.com/x v1.0.0\n",
    );
    let gap = "a go.work above the scanned folder";
    let says = |arguments: &[&str]| {
        let ran = sandbox.run(arguments);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        ran.out.contains(gap)
    };
    let record = serde_json::json!({
        "id": "GO-2025-0001",
        "modified": "2025-01-01T00:00:00Z",
        "affected": [{
            "package": {"ecosystem": "Go", "name": "example.com/other"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
        }],
    });
    let index = sandbox.index("index", &[record], "2026-01-01T00:00:00Z");
    let partial = |arguments: &[&str]| {
        let command = [
            arguments,
            &[
                "--db",
                &index,
                "--now",
                "2026-01-01T00:00:00Z",
                "--format",
                "json",
            ],
        ];
        sandbox.run(&command.concat()).out.contains(gap)
    };
    // Outside of git too, as the go command looks.
    assert!(says(&["packages", "apps/shop", "--format", "json"]));
    assert!(says(&["packages", "apps", "--format", "json"]));
    assert!(!says(&["packages", ".", "--format", "json"]));
    sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message=one"]);
    assert!(says(&["packages", "apps/shop", "--format", "json"]));
    assert!(partial(&["scan", "apps/shop"]));
    assert!(partial(&["scan", "apps/shop/go.mod"]));
    assert!(partial(&["scan", "apps/shop", "--refs", "main"]));
    assert!(partial(&["scan", "apps/shop", "--staged"]));
    assert!(!partial(&["scan", "."]));
    assert!(!partial(&["scan", ".", "--refs", "main"]));
}
