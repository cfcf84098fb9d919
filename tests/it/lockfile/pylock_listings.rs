//! Fixtures of PEP 751 as the tools that wrote them list their packages: `tests/tables/pylock`, which
//! `tests/fixtures/make/pylock` wrote, and for PDM's own the listing of the same project in `tests/tables/pdm`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lockkeeper::lockfile::{self, Reading};
use lockkeeper::model::{Package, Scope, Source, TreePath};

use crate::support::memory_tree::MemoryTree;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn case(name: &str, check: impl FnOnce(&Reading<'_>, &TreePath)) {
    let tree = MemoryTree::from_folder(&tests().join("fixtures/lockfile/pylock").join(name));
    let format = lockfile::format("pylock.toml").expect("the format");
    let (path, bytes) = tree
        .files()
        .find(|(path, _)| format.claims(path))
        .expect("a lockfile");
    check(&lockfile::read(format, path, bytes, &tree), path);
}

/// A package as uv and PDM write it into a list of requirements.
fn requirement(package: &Package) -> String {
    let name = &package.name;
    match &package.source {
        Source::Registry(Some(address)) if address.contains("/packages/") => format!("{name} @ {address}"),
        Source::Registry(_) | Source::OtherRegistry(_) => format!("{name}=={}", package.version),
        Source::Git(address) => format!("{name} @ git+{}", address.replace('#', "@")),
        Source::Url(address) => format!("{name} @ {address}"),
        Source::Path(path) => format!("./{path}"),
    }
}

#[test]
fn packages_are_those_that_uv_lists() {
    let mut listings = 0;
    for listing in std::fs::read_dir(tests().join("tables/pylock")).expect("listings") {
        let listing = listing.expect("a listing").path();
        let name = listing
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name");
        case(name, |reading, _| {
            let packages = reading.parsed.graph.packages();
            let found: BTreeSet<String> = packages.map(|(_, package)| requirement(package)).collect();
            let text = std::fs::read_to_string(&listing).expect("a text");
            let listed = text.lines().skip(1).filter(|line| *line != "-e .");
            let listed: BTreeSet<String> = listed
                .map(|line| {
                    let line = line.strip_prefix("-e ").unwrap_or(line);
                    let line = line.split("#subdirectory").next().unwrap_or(line);
                    line.to_owned()
                })
                .collect();
            assert_eq!(found, listed, "{name}");
        });
        listings += 1;
    }
    assert!(listings >= 5, "only {listings} listings");
}

/// PDM's own file says more: it is held against what PDM lists of the same project.
#[test]
fn scopes_and_edges_are_those_that_pdm_lists() {
    let listing = std::fs::read_to_string(tests().join("tables/pdm/groups.tsv")).expect("a listing");
    let rows = |kind: &str| -> Vec<Vec<&str>> {
        let rows = listing
            .lines()
            .skip(1)
            .map(|line| line.split('\t').collect::<Vec<&str>>());
        rows.filter(|row| row[0] == kind).collect()
    };
    case("pdm-2.29.4-groups", |reading, _| {
        let graph = &reading.parsed.graph;
        let depends_on_machine = |package: &Package| {
            let entry = package.spans.entry.expect("an entry").of(&reading.text);
            entry.contains("sys_platform")
                || entry.contains("platform_system")
                || entry.contains("python_version")
        };
        for (kind, scope) in [
            ("runtime", Scope::Runtime),
            ("optional", Scope::Optional),
            ("dev", Scope::Dev),
        ] {
            let listed: BTreeSet<String> = rows(kind)
                .iter()
                .map(|row| {
                    let (name, version) = row[1].split_once("==").expect("a version");
                    format!("{}=={version}", name.split('[').next().expect("a name"))
                })
                .collect();
            let found: Vec<&Package> = graph
                .packages()
                .map(|(_, package)| package)
                .filter(|package| package.scopes.holds(scope))
                .collect();
            let all: BTreeSet<String> = found.iter().map(|package| requirement(package)).collect();
            assert_eq!(listed.difference(&all).next(), None, "{kind}");
            for package in found {
                let is_listed = listed.contains(&requirement(package));
                assert!(is_listed || depends_on_machine(package), "{kind}: {package:?}");
            }
        }
        let name = |id| graph.package(id).map(|package| package.name.to_string());
        let edges: BTreeSet<(String, String)> = graph
            .edges()
            .iter()
            .filter_map(|edge| Some((name(edge.from)?, name(edge.to)?)))
            .collect();
        for row in rows("edge") {
            assert!(edges.contains(&(row[1].to_owned(), row[2].to_owned())), "{row:?}");
        }
        let direct: BTreeSet<&str> = graph
            .packages()
            .filter(|(_, package)| package.direct)
            .map(|(_, package)| &*package.name)
            .collect();
        assert_eq!(
            direct,
            BTreeSet::from(["click", "httpx", "markdown-it-py", "pytest", "sniffio", "tqdm"])
        );
    });
}
