//! Bills of materials: what they list is what the lockfiles lock, read back by our own readers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lockkeeper::ecosystem;
use lockkeeper::lockfile;
use lockkeeper::model::bill::{BillNode, BillPackage};
use lockkeeper::model::graph::Node;
use lockkeeper::model::outcome::Database;
use lockkeeper::model::{Ecosystem, IndexState, Outcome, Scope, Scopes, TreePath};
use lockkeeper::policy::Policy;
use lockkeeper::report::Length;
use lockkeeper::scan::discover::{Root, discover};
use lockkeeper::scan::{self, Advisories, ExitOptions, FILE_LIMIT, Keep, Knowledge, Request, ScanTree};
use rayon::prelude::*;

use crate::support::memory_tree::MemoryTree;
use crate::support::outcomes;

/// What is locked at `path`, judged by no index.
pub(crate) fn outcome(path: &Path) -> Outcome {
    let found = discover(&Root::Path(path.to_owned()), FILE_LIMIT).expect("a tree");
    let policy = Policy::built_in();
    let request = Request {
        judge: Advisories {
            index: None,
            state: IndexState::Missing,
            age_days: None,
            database: Database::default(),
            knowledge: Knowledge::default(),
            place: String::new(),
        },
        remarks: Vec::new(),
        now: "2030-02-01T00:00:00.123Z".parse().expect("a time"),
        exit: ExitOptions::default(),
        keep: Keep::Bill,
    };
    let tree = ScanTree {
        found: &found,
        policy: &policy,
        base: None,
    };
    scan::scan(&request, &[tree])
}

/// What is locked in the folder of each case of each format.
pub(crate) static CASES: LazyLock<Vec<(String, Outcome)>> = LazyLock::new(|| {
    let cases = cases();
    let outcomes = cases
        .par_iter()
        .map(|case| (case.display().to_string(), outcome(case)));
    outcomes.collect()
});

/// The folder of each case of each format.
fn cases() -> Vec<PathBuf> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lockfile");
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        paths.filter(|path| path.is_dir()).collect()
    };
    let mut cases: Vec<PathBuf> = folders(Path::new(fixtures))
        .iter()
        .flat_map(|format| folders(format))
        .collect();
    cases.sort();
    cases
}

/// What advisories see of a package.
type Seen = (Ecosystem, String, String);

fn seen(ecosystem: &Ecosystem, name: &str, version: &str) -> Seen {
    let name = ecosystem::normalise(ecosystem, name);
    (ecosystem.clone(), name.into_owned(), version.to_owned())
}

fn packages(outcome: &Outcome) -> impl Iterator<Item = &BillPackage> {
    let bills = outcome.targets.iter().flat_map(|target| &target.bill);
    let nodes = bills.flat_map(|bill| &bill.files).flat_map(|file| &file.nodes);
    nodes.filter_map(|node| match node {
        BillNode::Package(package) => Some(package),
        BillNode::Own { .. } => None,
    })
}

/// What is matched of the lockfiles, with all that each is used for; none where it is not known of one place.
fn locked(outcome: &Outcome) -> BTreeMap<Seen, Option<Scopes>> {
    let mut locked: BTreeMap<Seen, Option<Scopes>> = BTreeMap::new();
    for package in packages(outcome) {
        let has_rules = ecosystem::rules(&package.ecosystem).is_some();
        // Package URLs of distributions say the release in a qualifier, which is not written yet: they are not checked then.
        let is_of_release = package.ecosystem.as_str().contains(':');
        if !package.source.is_matched() || !has_rules || package.version.is_empty() || is_of_release {
            continue;
        }
        let own = (!package.scopes.is_empty()).then_some(package.scopes);
        locked
            .entry(seen(&package.ecosystem, &package.name, &package.version))
            .and_modify(|known| *known = known.zip(own).map(|(known, own)| known.with(own)))
            .or_insert(own);
    }
    locked
}

/// The same, as the reader of `format` sees it in the file called `name`.
fn read_back(text: &str, format: &str, name: &str) -> (BTreeMap<Seen, Option<Scopes>>, Vec<String>) {
    let format = lockfile::format(format).expect("a format");
    let path = TreePath::new(name).expect("a path");
    let tree = MemoryTree::default();
    let reading = lockfile::read(format, &path, text.as_bytes(), &tree);
    let mut locked = BTreeMap::new();
    for (_, package) in reading.parsed.graph.packages() {
        if package.source.is_matched() {
            let own = (!package.scopes.is_empty()).then_some(package.scopes);
            let seen = seen(&package.ecosystem, &package.name, &package.version);
            let twice = locked.insert(seen, own);
            assert!(twice.is_none(), "{} stands twice", package.name);
        }
    }
    let problems = reading.parsed.problems.iter();
    (locked, problems.map(|problem| problem.message.clone()).collect())
}

/// Names that no package URL has: control characters are refused when they are read.
fn has_no_purl(seen: &Seen) -> bool {
    let bad = |text: &str| text.contains(char::is_control) || text.is_empty();
    bad(&seen.1) || bad(&seen.2)
}

#[test]
fn a_bill_of_each_fixture_gives_the_packages_of_its_lockfiles() {
    let mut compared = 0;
    for (case, outcome) in CASES.iter() {
        let mut locked = locked(outcome);
        locked.retain(|seen, _| !has_no_purl(seen));
        for (report, format, name) in [
            ("cyclonedx", "bom.json", "x.cdx.json"),
            ("spdx", "sbom.spdx.json", "x.spdx.json"),
        ] {
            let text = outcomes::written(report, outcome, 80, Length::Normal);
            let (mut read, problems) = read_back(&text, format, name);
            read.retain(|seen, _| !has_no_purl(seen));
            let names = |map: &BTreeMap<Seen, Option<Scopes>>| -> BTreeSet<String> {
                map.keys()
                    .map(|(ecosystem, name, version)| format!("{} {name} {version}", ecosystem.as_str()))
                    .collect()
            };
            let (own, back) = (names(&locked), names(&read));
            let lost: Vec<&String> = own.difference(&back).collect();
            let gained: Vec<&String> = back.difference(&own).collect();
            assert!(
                lost.is_empty() && gained.is_empty(),
                "{case} {report}: lost {lost:?}, gained {gained:?}; {problems:?}"
            );
            compared += own.len();
            // Edges of SPDX say what a package is for, and where there are none it stays open.
            if report == "cyclonedx" {
                for (seen, scopes) in &locked {
                    assert_eq!(read.get(seen), Some(scopes), "{case} {report}: {seen:?}");
                }
            }
        }
    }
    assert!(compared > 2_000, "{compared}");
}

/// What could not be read is never complete.
#[test]
fn a_bill_that_lacks_something_says_so() {
    let mut incomplete = 0;
    for (case, outcome) in CASES.iter() {
        let bill = outcome.targets[0].bill.as_ref().expect("a bill");
        let cyclonedx = outcomes::written("cyclonedx", outcome, 80, Length::Normal);
        let spdx = outcomes::written("spdx", outcome, 80, Length::Normal);
        let is_open = !bill.gaps.is_empty();
        assert_eq!(
            cyclonedx.contains("\"aggregate\": \"incomplete\""),
            is_open,
            "{case}"
        );
        assert_eq!(
            spdx.contains("\"relatedSpdxElement\": \"NOASSERTION\""),
            is_open,
            "{case}"
        );
        assert_eq!(
            spdx.matches("\"comment\": \"Incomplete: ").count(),
            bill.gaps.len(),
            "{case}"
        );
        if is_open {
            incomplete += 1;
            assert!(!cyclonedx.contains("\"aggregate\": \"complete\""), "{case}");
            for (text, format, name) in [
                (&cyclonedx, "bom.json", "x.cdx.json"),
                (&spdx, "sbom.spdx.json", "x.spdx.json"),
            ] {
                let (_, problems) = read_back(text, format, name);
                let says = problems
                    .iter()
                    .any(|problem| problem.contains("does not list everything"));
                assert!(says, "{case}: {problems:?}");
            }
        }
    }
    assert!(incomplete > 50, "{incomplete}");
}

/// Nodes of the graph as it is read back: own modules are none that advisories speak of.
#[test]
fn own_modules_and_what_no_registry_has_are_not_matched() {
    let mut own = 0;
    for (case, outcome) in CASES.iter() {
        let text = outcomes::written("cyclonedx", outcome, 80, Length::Normal);
        let format = lockfile::format("bom.json").expect("a format");
        let path = TreePath::new("x.cdx.json").expect("a path");
        let tree = MemoryTree::default();
        let reading = lockfile::read(format, &path, text.as_bytes(), &tree);
        let read_own = reading
            .parsed
            .graph
            .nodes()
            .filter(|(_, node)| matches!(node, Node::Own { .. }))
            .count();
        assert!(read_own >= 1, "{case}");
        own += read_own - 1;
    }
    assert!(own > 50, "{own}");
}

#[test]
fn scopes_come_back_where_edges_say_them() {
    let fixture = |case: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lockfile");
        outcome(&Path::new(folder).join(case))
    };
    let outcome = fixture("package_lock/npm-workspaces-3");
    let text = outcomes::written("spdx", &outcome, 80, Length::Normal);
    let (read, _) = read_back(&text, "sbom.spdx.json", "x.spdx.json");
    let mut dev = 0;
    for (seen, scopes) in locked(&outcome) {
        if scopes == Some(Scopes::only(Scope::Dev)) {
            dev += 1;
            assert_eq!(read.get(&seen), Some(&scopes), "{seen:?}");
        }
    }
    assert!(dev > 0);
}
