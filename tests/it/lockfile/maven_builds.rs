//! Small builds against what Maven's `dependency:list` says of them: `tests/tables/reactors` holds both, and the
//! script that asks Maven again.
//!
//! Only direct dependencies can be compared. A dependency that Maven lists is a package here, or a gap names it;
//! a build that every Maven refuses is never without a gap.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lockkeeper::lockfile;
use lockkeeper::model::Cost;

use crate::support::memory_tree::{MemoryTree, tree_path};

/// Refused by Maven for reasons that hide no package: nothing has to be said of these.
const HARMLESS: [&str; 5] = [
    "text-no-model-version",
    "text-prefix",
    "module-of-a-jar",
    "config-bom",
    "config-no-break-space",
];

/// Poms of these are read by themselves and are built by nobody.
const PARENTS_WITH_MORE: [&str; 2] = ["dependency-twice-with-a-parent", "property-from-the-child"];

/// Refused, and a gap of the kind that changes no exit code: what is missing may come from outside the tree, or no
/// repository holds it.
const FROM_OUTSIDE: [&str; 6] = [
    "config-comment-after",
    "config-quoted-value",
    "text-version-of-a-list",
    "module-missing",
    "version-that-is-not-defined",
    "text-empty-version",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tables/reactors")
}

/// The files of each build.
fn builds() -> BTreeMap<String, MemoryTree> {
    let text = fs::read_to_string(folder().join("builds.txt")).expect("the builds");
    let mut builds = BTreeMap::new();
    for build in text.split("=== ").skip(1) {
        let (name, rest) = build.split_once('\n').expect("a name");
        let mut tree = MemoryTree::default();
        for file in rest.split("--- ").skip(1) {
            let (path, content) = file.split_once('\n').expect("a path");
            let content = unescaped(content.strip_suffix("\\\n").expect("an end"));
            tree.insert(&tree_path(path), content.as_bytes());
        }
        builds.insert(name.to_owned(), tree);
    }
    builds
}

/// Takes back Python's `unicode_escape`.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        let digits = match rest.next().expect("an escape") {
            'x' => 2,
            'u' => 4,
            'r' => {
                plain.push('\r');
                continue;
            }
            't' => {
                plain.push('\t');
                continue;
            }
            other => {
                plain.push(other);
                continue;
            }
        };
        let code: String = rest.by_ref().take(digits).collect();
        let code = u32::from_str_radix(&code, 16).expect("hexadecimal");
        plain.push(char::from_u32(code).expect("a character"));
    }
    plain
}

struct Found {
    packages: BTreeSet<String>,
    blind: bool,
    messages: Vec<String>,
}

fn read(tree: &MemoryTree) -> Found {
    let format = lockfile::format("pom.xml").expect("the format");
    let mut found = Found {
        packages: BTreeSet::new(),
        blind: false,
        messages: Vec::new(),
    };
    for (path, bytes) in tree.files() {
        if path.file_name() != b"pom.xml" {
            continue;
        }
        let reading = lockfile::read(format, path, bytes, tree);
        for (_, package) in reading.parsed.graph.packages() {
            found
                .packages
                .insert(format!("{}:{}", package.name, package.version));
        }
        for problem in reading.parsed.problems {
            found.blind |= problem.cost == Cost::Blind;
            found.messages.push(problem.message);
        }
    }
    found
}

#[test]
fn builds_hold_what_maven_lists() {
    let builds = builds();
    let mut accepted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut refused: BTreeSet<String> = BTreeSet::new();
    let mut versions = 0;
    for entry in fs::read_dir(folder()).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "tsv") {
            continue;
        }
        versions += 1;
        for line in fs::read_to_string(&path).expect("answers").lines() {
            let mut fields = line.split('\t');
            let name = fields.next().expect("a build").to_owned();
            let answers: Vec<&str> = fields.collect();
            if answers == ["refused"] {
                refused.insert(name);
                continue;
            }
            let listed = answers.into_iter().map(|answer| {
                let (_, package) = answer.split_once(' ').expect("a module");
                let (package, _) = package.rsplit_once(' ').expect("a scope");
                package.to_owned()
            });
            accepted.entry(name).or_default().extend(listed);
        }
    }
    let mut wrong = Vec::new();
    let mut exact = 0;
    for (name, tree) in &builds {
        let found = read(tree);
        let Some(listed) = accepted.get(name) else {
            let told = match FROM_OUTSIDE.contains(&name.as_str()) {
                true => !found.messages.is_empty(),
                false => found.blind || HARMLESS.contains(&name.as_str()),
            };
            if refused.contains(name) && !told {
                wrong.push(format!(
                    "{name}: Maven refuses it: {:?} {:?}",
                    found.packages, found.messages
                ));
            }
            continue;
        };
        for package in listed {
            let named = found.messages.iter().any(|message| {
                message.contains(&format!("{} ", package.rsplit_once(':').expect("a version").0))
            });
            if !found.packages.contains(package) && !found.blind && !named {
                wrong.push(format!(
                    "{name}: {package} is missing: {:?} {:?}",
                    found.packages, found.messages
                ));
            }
        }
        let more: Vec<&String> = found.packages.difference(listed).collect();
        // A `pom.xml` that another pom replaces may be built all the same, and profiles all count.
        let may_have_more = name.starts_with("config-") || PARENTS_WITH_MORE.contains(&name.as_str());
        if !more.is_empty() && !may_have_more {
            wrong.push(format!("{name}: Maven has no {more:?}"));
        }
        exact += usize::from(more.is_empty() && found.messages.is_empty());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        builds.len() > 100 && versions > 0 && exact > 60,
        "{exact} of {}",
        builds.len()
    );
}

#[test]
fn a_pom_that_ends_early_is_blind() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/pom");
    let format = lockfile::format("pom.xml").expect("the format");
    let path = tree_path("pom.xml");
    let mut prefixes = 0;
    for fixture in [
        "single/pom.xml",
        "plugins/pom.xml",
        "profiles/pom.xml",
        "parents/pom.xml",
    ] {
        let text = fs::read(fixtures.join(fixture)).expect("a pom");
        let end = text.trim_ascii_end().len();
        for cut in 0..end {
            let part = &text[..cut];
            let mut tree = MemoryTree::default();
            tree.insert(&path, part);
            let reading = lockfile::read(format, &path, part, &tree);
            let blind = reading
                .parsed
                .problems
                .iter()
                .any(|problem| problem.cost == Cost::Blind);
            assert!(blind, "{fixture} cut at {cut}");
            prefixes += 1;
        }
    }
    assert!(prefixes > 4_000, "{prefixes}");
}

/// What `dependency` is under the nearest `.mvn` and under that of a folder above: a build may start in either.
#[test]
fn each_folder_with_arguments_counts() {
    let pom = "<project><modelVersion>4.0.0</modelVersion><groupId>com.acme</groupId><artifactId>a</artifactId>\
               <version>1</version><dependencies><dependency><groupId>org.lib</groupId><artifactId>b</artifactId>\
               <version>${v}</version></dependency></dependencies></project>";
    let mut tree = MemoryTree::default();
    tree.insert(&tree_path("sub/pom.xml"), pom.as_bytes());
    tree.insert(&tree_path(".mvn/maven.config"), b"-Dv=1\n");
    tree.insert(&tree_path("sub/.mvn/maven.config"), b"--define\nv=2\n");
    let found = read(&tree);
    let expected = ["org.lib:b:1", "org.lib:b:2"].map(String::from);
    assert_eq!(found.packages, BTreeSet::from(expected), "{:?}", found.messages);
    assert!(!found.blind);
}

/// A pom that nobody builds together with another one is no module of it, whatever it calls itself.
#[test]
fn a_pom_above_takes_no_dependency_away() {
    let pom = |name: &str, inside: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>org.lib</groupId><artifactId>{name}</artifactId>\
             <version>1</version>{inside}</project>"
        )
        .into_bytes()
    };
    let uses = "<dependencies><dependency><groupId>org.lib</groupId><artifactId>top</artifactId><version>1</version>\
                </dependency></dependencies>";
    for (modules, packages) in [("", 1), ("<modules><module>sub</module></modules>", 0)] {
        let mut tree = MemoryTree::default();
        tree.insert(&tree_path("pom.xml"), &pom("top", modules));
        tree.insert(&tree_path("sub/pom.xml"), &pom("sub", uses));
        let found = read(&tree);
        assert_eq!(found.packages.len(), packages, "{modules}: {:?}", found.messages);
    }
}
