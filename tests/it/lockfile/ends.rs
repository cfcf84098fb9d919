//! What must never count as a lockfile without findings: a file that is cut, one that is no lockfile of its name,
//! and entries that say something else than what the client installs.

use std::path::Path;

use lockkeeper::lockfile::{self, Claim};
use lockkeeper::model::{Cost, Scope, Source};
use rayon::prelude::*;

use crate::support::memory_tree::{MemoryTree, tree_path};

/// Name, version and kind of source of each package, and whether something is blind.
fn read(format: &str, path: &str, text: &str, tree: &MemoryTree) -> (Vec<String>, bool) {
    let format = lockfile::format(format).expect("the format");
    let reading = lockfile::read(format, &tree_path(path), text.as_bytes(), tree);
    let packages = reading
        .parsed
        .graph
        .packages()
        .map(|(_, package)| format!("{} {} {}", package.name, package.version, package.source.as_str()));
    let problems = &reading.parsed.problems;
    (
        packages.collect(),
        problems.iter().any(|problem| problem.cost == Cost::Blind),
    )
}

/// Formats of one document of YAML.
const YAML: [&str; 8] = [
    ".pre-commit-config.yaml",
    "Chart.lock",
    "Podfile.lock",
    "conda-lock.yml",
    "pixi.lock",
    "pubspec.lock",
    "shard.lock",
    "stack.yaml.lock",
];

#[test]
fn a_cut_cargo_lock_is_blind_or_whole() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/cargo_lock");
    for case in ["version-1", "version-2", "workspace", "circle"] {
        let tree = MemoryTree::from_folder(&fixtures.join(case));
        let text = std::fs::read_to_string(fixtures.join(case).join("Cargo.lock")).expect("a lockfile");
        let cuts: Vec<usize> = (0..=text.len())
            .filter(|cut| text.is_char_boundary(*cut))
            .collect();
        cuts.par_iter().for_each(|cut| {
            let cut_text = &text[..*cut];
            let (_, blind) = read("Cargo.lock", "Cargo.lock", cut_text, &tree);
            // What the crate refuses, Cargo refuses too.
            let whole = cut_text.parse::<cargo_lock::Lockfile>().is_ok();
            assert!(whole || blind, "{case}: cut at {cut}");
        });
    }
}

#[test]
fn a_cut_package_lock_is_blind() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/package_lock");
    for case in ["npm-peers-1", "npm-peers-2", "npm-workspaces-3", "sources"] {
        let tree = MemoryTree::from_folder(&fixtures.join(case));
        let text =
            std::fs::read_to_string(fixtures.join(case).join("package-lock.json")).expect("a lockfile");
        let end = text.trim_end().len();
        let cuts: Vec<usize> = (0..end).filter(|cut| text.is_char_boundary(*cut)).collect();
        cuts.par_iter().for_each(|cut| {
            let (_, blind) = read("package-lock.json", "package-lock.json", &text[..*cut], &tree);
            assert!(blind, "{case}: cut at {cut}");
        });
    }
}

#[test]
fn a_cut_pnpm_lock_is_blind_or_holds_every_package() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/pnpm_lock");
    for case in [
        "version-5.2",
        "version-5.4",
        "version-6.0",
        "version-9.0-pnpm-12",
        "pnpm-12-documents",
        "sources-5",
        "sources-6",
        "sources-9",
        "formatted",
    ] {
        let tree = MemoryTree::from_folder(&fixtures.join(case));
        let text = std::fs::read_to_string(fixtures.join(case).join("pnpm-lock.yaml")).expect("a lockfile");
        let (whole, _) = read("pnpm-lock.yaml", "pnpm-lock.yaml", &text, &tree);
        let cuts: Vec<usize> = (0..=text.len())
            .filter(|cut| text.is_char_boundary(*cut))
            .collect();
        cuts.par_iter().for_each(|cut| {
            let (packages, blind) = read("pnpm-lock.yaml", "pnpm-lock.yaml", &text[..*cut], &tree);
            // What ends without a line break is a gap.
            let is_told = blind || !text[..*cut].ends_with('\n');
            assert!(is_told || packages == whole, "{case}: cut at {cut}: {packages:?}");
        });
    }
}

#[test]
fn a_cut_actions_lock_is_blind_or_holds_every_action() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/actions_lock");
    let path = ".github/workflows/actions.lock";
    for case in ["version-0.0.1", "version-0.0.2", "transitive", "newer", "windows"] {
        let tree = MemoryTree::from_folder(&fixtures.join(case));
        let text = std::fs::read_to_string(fixtures.join(case).join(path)).expect("a lockfile");
        let (whole, is_blind) = read("actions.lock", path, &text, &tree);
        assert!(!is_blind && !whole.is_empty(), "{case}");
        let cuts: Vec<usize> = (0..=text.len()).collect();
        cuts.par_iter().for_each(|cut| {
            let (packages, blind) = read("actions.lock", path, &text[..*cut], &tree);
            // What ends without a line break is a gap.
            let is_told = blind || *cut > 0 && !text[..*cut].ends_with('\n');
            assert!(is_told || packages == whole, "{case}: cut at {cut}: {packages:?}");
        });
    }
}

#[test]
fn a_cut_bun_lock_is_blind() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/bun_lock");
    for case in ["version-0", "version-2", "sources"] {
        let tree = MemoryTree::from_folder(&fixtures.join(case));
        let text = std::fs::read_to_string(fixtures.join(case).join("bun.lock")).expect("a lockfile");
        let end = text.trim_end().len();
        let cuts: Vec<usize> = (0..end).filter(|cut| text.is_char_boundary(*cut)).collect();
        cuts.par_iter().for_each(|cut| {
            let (_, blind) = read("bun.lock", "bun.lock", &text[..*cut], &tree);
            assert!(blind, "{case}: cut at {cut}");
        });
    }
}

#[test]
fn a_file_without_the_marks_is_no_lockfile() {
    let none = MemoryTree::of([]);
    for text in [
        "[[",
        "foo = 1\n",
        "[[packages]]\nname = \"a\"\nversion = \"1.0.0\"\n",
        "[metadata]\n",
        "# a\n",
    ] {
        assert!(read("Cargo.lock", "Cargo.lock", text, &none).1, "{text}");
    }
    for text in [
        "{\"lockfileVersion\": 3}",
        "{\"lockfileVersion\": 2, \"requires\": true}",
        "{\"name\": \"a\"}",
        "[]",
        "{\"lockfileVersion\": 3, \"packages\": []}",
    ] {
        assert!(
            read("package-lock.json", "package-lock.json", text, &none).1,
            "{text}"
        );
    }
    for (format, text) in [
        ("Cargo.lock", "version = 4\n"),
        (
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n",
        ),
        ("package-lock.json", "{\"lockfileVersion\": 1}"),
        ("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}"),
    ] {
        assert_eq!(read(format, format, text, &none), (Vec::new(), false), "{text}");
    }
}

#[test]
fn a_dependency_that_is_not_in_a_cargo_lock_is_blind() {
    let none = MemoryTree::of([]);
    let own =
        "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\n \"alpha\",\n]\n";
    assert!(read("Cargo.lock", "Cargo.lock", own, &none).1);
    let other = format!(
        "{}\n[[package]]\nname = \"alpha\"\nversion = \"1.0.0\"\n",
        own.replace("alpha", "alpha 2.0.0")
    );
    assert!(read("Cargo.lock", "Cargo.lock", &other, &none).1);
    let whole = format!("{own}\n[[package]]\nname = \"alpha\"\nversion = \"1.0.0\"\n");
    assert!(!read("Cargo.lock", "Cargo.lock", &whole, &none).1);
}

#[test]
fn every_spelling_of_the_default_index_is_the_default_index() {
    let none = MemoryTree::of([]);
    let kind = |source: &str| {
        let text = format!(
            "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\n \"alpha\",\n]\n\n\
             [[package]]\nname = \"alpha\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n"
        );
        read("Cargo.lock", "Cargo.lock", &text, &none).0.concat()
    };
    let path = "github.com/rust-lang/crates.io-index";
    for scheme in ["https", "http", "git", "ssh", "ftp"] {
        for end in ["", "/", ".git", ".git/"] {
            for path in [
                path.to_owned(),
                path.replace("rust-lang", "Rust-Lang"),
                path.replace("index", "INDEX"),
            ] {
                let source = format!("registry+{scheme}://{path}{end}");
                assert_eq!(kind(&source), "alpha 1.0.0 registry", "{source}");
            }
        }
    }
    for source in [
        format!("registry+https://{path}?x=1"),
        format!("registry+https://{path}#x"),
        format!("registry+https://{path}//"),
        format!("registry+https://{path}2"),
        format!("registry+https://user@{path}"),
        "registry+https://git.example/rust-lang/crates.io-index".to_owned(),
        "sparse+https://registry.example/".to_owned(),
    ] {
        assert_eq!(kind(&source), "alpha 1.0.0 other-registry", "{source}");
    }
    assert_eq!(kind(&format!("git+https://{path}#0123")), "alpha 1.0.0 git");
}

fn npm(text: &str, tree: &MemoryTree) -> (Vec<String>, Vec<String>) {
    let format = lockfile::format("package-lock.json").expect("the format");
    let reading = lockfile::read(format, &tree_path("package-lock.json"), text.as_bytes(), tree);
    let packages = reading.parsed.graph.packages().map(|(_, package)| {
        let scopes: Vec<&str> = package.scopes.iter().map(Scope::as_str).collect();
        assert!(matches!(package.source, Source::Registry(_)), "{package:?}");
        assert_eq!(*package.place().span.of(&reading.text), *package.version);
        format!("{} {} {}", package.name, package.version, scopes.join(" "))
    });
    let problems = reading
        .parsed
        .problems
        .iter()
        .map(|problem| problem.message.clone());
    (packages.collect(), problems.collect())
}

#[test]
fn what_resolved_names_is_what_npm_installs() {
    let none = MemoryTree::of([]);
    for (key, fields, installed, told) in [
        (
            "alpha",
            "\"version\": \"2.0.0\"",
            "alpha/-/alpha-1.0.0.tgz alpha 1.0.0",
            true,
        ),
        (
            "alpha",
            "\"version\": \"1.0.0\"",
            "beta/-/beta-1.0.0.tgz beta 1.0.0",
            false,
        ),
        (
            "alpha",
            "\"name\": \"gamma\", \"version\": \"1.0.0\"",
            "beta/-/beta-1.0.0.tgz beta 1.0.0",
            true,
        ),
        (
            "alpha",
            "\"version\": \"1.0.0\"",
            "@t/beta/-/beta-1.0.0.tgz @t/beta 1.0.0",
            false,
        ),
        (
            "@t/beta",
            "\"version\": \"1.0.0\"",
            "@t/beta/-/@t/beta-1.0.0.tgz @t/beta 1.0.0",
            false,
        ),
        (
            "@t/beta",
            "\"version\": \"2.0.0\"",
            "@t%2fbeta/-/beta-1.0.0.tgz @t/beta 1.0.0",
            true,
        ),
        (
            "alpha",
            "\"version\": \"1.0.0+b.1\"",
            "alpha/-/alpha-1.0.0.tgz alpha 1.0.0+b.1",
            false,
        ),
        (
            "alpha",
            "\"version\": \"1.0.0\"",
            "download/alpha/1.0.0/abc alpha 1.0.0",
            false,
        ),
    ] {
        let (path, installed) = installed.split_once(' ').expect("two parts");
        let text = format!(
            "{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"dependencies\": {{\"{key}\": \"1\"}}}}, \
             \"node_modules/{key}\": {{{fields}, \"resolved\": \"https://registry.example/{path}\"}}}}}}"
        );
        let (packages, problems) = npm(&text, &none);
        assert_eq!(packages, [format!("{installed} runtime")], "{text}");
        assert_eq!(!problems.is_empty(), told, "{text}: {problems:?}");
    }
    let one = "{\"lockfileVersion\": 1, \"dependencies\": {\"alpha\": {\"version\": \"1.0.0\", \
               \"resolved\": \"https://registry.example/beta/-/beta-1.0.0.tgz\"}}}";
    assert_eq!(npm(one, &none).0, ["beta 1.0.0 runtime"]);
}

#[test]
fn flags_of_a_package_lock_soften_nothing() {
    let none = MemoryTree::of([]);
    let text = "{\"lockfileVersion\": 3, \"packages\": {\
        \"\": {\"dependencies\": {\"a\": \"1\"}, \"devDependencies\": {\"d\": \"1\"}, \"optionalDependencies\": {\"o\": \"1\"}},\
        \"node_modules/a\": {\"version\": \"1.0.0\", \"dev\": true, \"dependencies\": {\"b\": \"1\"}},\
        \"node_modules/b\": {\"version\": \"1.0.1\", \"optional\": true},\
        \"node_modules/c\": {\"version\": \"1.0.2\"},\
        \"node_modules/d\": {\"version\": \"1.0.3\", \"dependencies\": {\"c\": \"1\"}},\
        \"node_modules/o\": {\"version\": \"1.0.4\", \"dependencies\": {\"both\": \"1\"}},\
        \"node_modules/both\": {\"version\": \"1.0.5\", \"dependencies\": {\"o\": \"1\"}},\
        \"node_modules/alone\": {\"version\": \"1.0.6\", \"dev\": true}}}";
    let expected = [
        "a 1.0.0 runtime",
        "b 1.0.1 runtime",
        "c 1.0.2 dev",
        "d 1.0.3 dev",
        "o 1.0.4 optional",
        "both 1.0.5 optional",
        "alone 1.0.6 runtime",
    ];
    assert_eq!(npm(text, &none).0, expected);
    // The manifest asks for more than the lockfile repeats.
    let manifest = MemoryTree::of([("package.json", "{\"dependencies\": {\"d\": \"1\"}}")]);
    let packages = npm(text, &manifest).0;
    assert!(packages.contains(&"d 1.0.3 runtime".to_owned()), "{packages:?}");
    assert!(packages.contains(&"c 1.0.2 runtime".to_owned()), "{packages:?}");
    let shared = text.replace("{\"d\": \"1\"}, \"opt", "{\"d\": \"1\", \"both\": \"1\"}, \"opt");
    let packages = npm(&shared, &none).0;
    assert!(
        packages.contains(&"both 1.0.5 dev optional".to_owned()),
        "{packages:?}"
    );
}

#[test]
fn two_lockfiles_of_npm_that_differ_are_told() {
    let text = "{\"lockfileVersion\": 3, \"packages\": {}}";
    let told = |other: &str| npm(text, &MemoryTree::of([("npm-shrinkwrap.json", other)])).1;
    assert_eq!(told(text), Vec::<String>::new());
    assert_eq!(
        told("{\"lockfileVersion\": 3, \"packages\": {\"\": {}}}").len(),
        1
    );
    assert_eq!(told("").len(), 1);
}

#[test]
fn globs_of_workspaces_end() {
    let stars = format!("\"{}\"", "*a".repeat(40));
    let globs = vec![stars; 1_000].join(",");
    let folders: String = (0..2_000)
        .map(|number| format!(",\"{}{number}\": {{\"version\": \"1.0.0\"}}", "a".repeat(200)))
        .collect();
    let text =
        format!("{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"workspaces\": [{globs}]}}{folders}}}}}");
    let format = lockfile::format("package-lock.json").expect("the format");
    let none = MemoryTree::of([]);
    let reading = lockfile::read(format, &tree_path("package-lock.json"), text.as_bytes(), &none);
    let partial = reading
        .parsed
        .problems
        .iter()
        .filter(|problem| problem.cost == Cost::Partial);
    assert_eq!(partial.count(), 1);
}

#[test]
fn lockfiles_beside_the_known_names_are_known() {
    for name in ["Gopkg.lock", "glide.lock", "bun.lockb"] {
        for path in [name.to_owned(), format!("some/folder/{name}")] {
            assert!(
                matches!(lockfile::claim(&tree_path(&path)), Claim::Unsupported(_)),
                "{path}"
            );
        }
    }
    for name in [
        "pylock..toml.txt",
        ".gemfile.lock",
        "runtimeClasspath.lockfile",
        "pnpm-lock..yaml",
        "packages.lock.jsonc",
        "composer-.lock",
        "mycomposer-dev.lock",
    ] {
        assert!(
            matches!(lockfile::claim(&tree_path(name)), Claim::Nothing),
            "{name}"
        );
    }
}

/// What stands in a document behind the one that the tool reads must not be passed over in silence. (pnpm reads several.)
#[test]
fn a_second_document_of_yaml_is_blind() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile");
    let mut formats = Vec::new();
    for folder in std::fs::read_dir(&root).expect("fixtures") {
        for case in std::fs::read_dir(folder.expect("a folder").path()).expect("cases") {
            let case = case.expect("a case").path();
            let tree = MemoryTree::from_folder(&case);
            for format in lockfile::FORMATS {
                let names = format.file_names().iter().filter(|name| !name.contains('*'));
                for name in names.filter(|name| YAML.contains(&format.name()) && case.join(name).is_file()) {
                    let text = std::fs::read_to_string(case.join(name)).expect("a lockfile");
                    if text.is_empty() || read(format.name(), name, &text, &tree).1 {
                        continue;
                    }
                    let (_, is_blind) = read(format.name(), name, &format!("{text}---\nversion: 1\n"), &tree);
                    assert!(is_blind, "{}", case.display());
                    formats.push(format.name());
                }
            }
        }
    }
    for name in YAML {
        assert!(formats.contains(&name), "{name}: no fixture was tried");
    }
}
