//! The architecture that the documentation of `src/lib.rs` states, held against the sources: layers, sizes,
//! names, and what may stand nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::rust_source::Source;

/// A source file has at most so many lines of code, tests and comments apart.
const MOST_LINES: usize = 500;

/// Names that say nothing about what a file holds.
const NO_NAMES: [&str; 4] = ["utils", "helpers", "common", "types"];

/// Modules that never panic, whatever they are given.
const NEVER_PANIC: [&str; 5] = ["advisory", "lockfile", "schema", "text", "version"];

/// Modules with files that import each other in a circle. One that has no such files any more goes from this list.
const CIRCLES: [&str; 0] = [];

/// What panics, or may.
const PANICS: [&str; 9] = [
    ".unwrap()",
    ".unwrap_err()",
    "panic!(",
    "unreachable!(",
    "todo!(",
    "unimplemented!(",
    "assert!(",
    "assert_eq!(",
    "assert_ne!(",
];

#[test]
fn the_sources_are_as_the_documentation_says() {
    let sources = sources();
    let documentation = read("src/lib.rs");
    let layers = Layers::read(&documentation);
    let broken = broken(&layers, &sources);
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    for module in layers.0.keys() {
        assert!(
            sources.iter().any(|source| source.module() == Some(module)),
            "the layers of src/lib.rs name `{module}`, which is not in src"
        );
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = circles(&sources());
    let of = |circle: &[String], module: &str| circle.iter().any(|path| path.starts_with(module));
    let new: Vec<&Vec<String>> = circles
        .iter()
        .filter(|circle| !CIRCLES.iter().any(|module| of(circle, &format!("{module}/"))))
        .collect();
    assert!(new.is_empty(), "files that import each other: {new:#?}");
    for module in CIRCLES {
        assert!(
            circles.iter().any(|circle| of(circle, &format!("{module}/"))),
            "`{module}` has no circle any more: take it out of CIRCLES"
        );
    }
}

#[test]
fn made_up_circles_are_named() {
    let named = |files: &[(&str, &str)]| {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        circles(&sources)
    };
    let straight = ("a/c.rs", "use super::d::D;\n");
    let round = [
        ("a/mod.rs", "mod b; use b::B;\n"),
        ("a/b.rs", "use super::{A, c};\nfn f() { c::C }\n"),
        straight,
        ("a/d/mod.rs", "fn f() -> crate::a::b::B {}\n"),
    ];
    assert_eq!(named(&round), [["a/b.rs", "a/c.rs", "a/d/mod.rs"]]);
    // A module may list what it declares, tests may use anything, and a name alone is no use.
    let straight = [
        ("a/mod.rs", "mod b;\nstatic LIST: &[&dyn A] = &[&b::B];\n"),
        ("a/b.rs", "use super::A;\nuse super::d;\n"),
        straight,
        (
            "a/d.rs",
            "#[cfg(test)]\nmod tests {\n    use super::super::c::C;\n}\n",
        ),
    ];
    assert_eq!(named(&straight), Vec::<Vec<String>>::new());
}

#[test]
fn every_dependency_has_a_reason_above_it() {
    let mut section = String::new();
    let mut above = String::new();
    let mut without = Vec::new();
    for line in read("Cargo.toml").lines() {
        if line.starts_with('[') {
            section = line.to_owned();
        }
        let dependency = section.contains("dependencies") && line.contains(" = ");
        if dependency && line.starts_with(char::is_alphanumeric) && !above.starts_with("# ") {
            without.push(line.to_owned());
        }
        above = line.to_owned();
    }
    assert!(
        without.is_empty(),
        "no reason stands above these lines of Cargo.toml:\n{}",
        without.join("\n")
    );
}

#[test]
fn nothing_banned_is_locked() {
    let rules = read("deny.toml");
    let banned: Vec<&str> = rules
        .lines()
        .filter(|line| line.contains("reason = "))
        .filter_map(|line| line.split_once("{ crate = \"")?.1.split('"').next())
        .collect();
    assert!(banned.contains(&"openssl-sys"), "{banned:?}");
    let locked = read("Cargo.lock");
    for banned in banned {
        assert!(
            !locked.contains(&format!("\nname = \"{banned}\"\n")),
            "Cargo.lock holds {banned}"
        );
    }
}

#[test]
fn made_up_violations_are_named() {
    let layers = Layers::read(
        "//! | # | modules | what |\n//! |--:|---|---|\n//! | 0 | `text` | a |\n//! | 1 | `model` | b |\n\
         //! | 2 | `schema` · `version` | c |\n//! | 3 | `lockfile` | d |\n//! | 4 | `report` · `action` | e |\n\
         //!\n//! | 5 | `stray` | of another table |\n",
    );
    let made_up = [
        (
            "text/mod.rs",
            "//! Text.\nuse crate::{text::span, model::{Graph, path}};\n",
            "src/text/mod.rs:2: `text` uses `model`, which is not below it",
        ),
        (
            "version/go.rs",
            "//! Go.\nfn f() { crate::schema::g() }\n",
            "src/version/go.rs:2: `version` uses `schema`, which is not below it",
        ),
        (
            "model/a/b.rs",
            "//! B.\nuse super::super::super::report::Report;\n",
            "src/model/a/b.rs:2: `model` uses `report`, which is not below it",
        ),
        (
            "schema/all.rs",
            "//! All.\nuse crate::*;\n",
            "src/schema/all.rs:2: `schema` uses `*`, which is not below it",
        ),
        (
            "forge.rs",
            "//! A forge.\n",
            "src/forge.rs:1: `forge` belongs to no layer",
        ),
        (
            "stray.rs",
            "//! Named in another table only.\n",
            "src/stray.rs:1: `stray` belongs to no layer",
        ),
        (
            "lib.rs",
            "//! The crate.\npub use crate::model::Graph;\n",
            "src/lib.rs:2: only `pub mod` lines stand here",
        ),
        (
            "schema/bare.rs",
            "use std::fmt;\n",
            "src/schema/bare.rs:1: does not open with `//!`",
        ),
        (
            "schema/utils.rs",
            "//! Things.\n",
            "src/schema/utils.rs:1: `utils` is no name",
        ),
        (
            "report/common/x.rs",
            "//! Things.\n",
            "src/report/common/x.rs:1: `common` is no name",
        ),
        (
            "report/annotate.rs",
            "//! Annotations.\nconst C: &str = \"::error file={}\";\n",
            "src/report/annotate.rs:2: a workflow command outside of report/workflow_commands.rs",
        ),
        (
            "report/commands.rs",
            "//! Annotations.\nconst C: &str = \"a\\n::add-mask::\";\n",
            "src/report/commands.rs:2: a workflow command outside of report/workflow_commands.rs",
        ),
        (
            "report/package.rs",
            "//! Packages.\nfn f() -> PackageUrl { PackageUrl::of_parts(&parts) }\n",
            "src/report/package.rs:2: a package URL made outside of `ecosystem`",
        ),
        (
            "report/environment.rs",
            "//! Environment.\nconst C: &str = \"GITHUB_SHA\";\n",
            "src/report/environment.rs:2: `GITHUB_` outside of action",
        ),
        (
            "report/program.rs",
            "//! Git.\nfn f() { std::process::Command::new(\"git\"); }\n",
            "src/report/program.rs:2: a program is started",
        ),
        (
            "lockfile/unwrap.rs",
            "//! U.\nfn f(x: Option<u8>) { x.unwrap(); }\n",
            "src/lockfile/unwrap.rs:2: `.unwrap()` may panic",
        ),
        (
            "lockfile/expect.rs",
            "//! E.\nfn f(x: Option<u8>) {\n    x\n        .expect(\"some\");\n}\n",
            "src/lockfile/expect.rs:4: `.expect(` may panic",
        ),
        (
            "version/index.rs",
            "//! I.\nfn f(x: &[u8]) -> u8 { x[0] }\n",
            "src/version/index.rs:2: an index or slice may panic",
        ),
        (
            "version/slice.rs",
            "//! S.\nfn f(x: &str) -> &str { &g(x)[1..] }\n",
            "src/version/slice.rs:2: an index or slice may panic",
        ),
        (
            "schema/reach.rs",
            "//! R.\nfn f() { unreachable!() }\n",
            "src/schema/reach.rs:2: `unreachable!(` may panic",
        ),
        (
            "model/out.rs",
            "//! O.\n#[derive(serde::Serialize)]\npub struct Out;\n",
            "src/model/out.rs:2: a type of model is serializable",
        ),
        (
            "report/lint.rs",
            "//! L.\n#[allow(dead_code)]\nfn f() {}\n",
            "src/report/lint.rs:2: `allow` instead of `expect`",
        ),
    ];
    for (path, text, expected) in made_up {
        assert_eq!(broken(&layers, &[Source::new(path, text)]), [expected]);
    }
    let long = format!(
        "//! Long.\n{}",
        "const A: u8 = 0; // one\n// none\n\n".repeat(501)
    );
    assert_eq!(
        broken(&layers, &[Source::new("report/long.rs", &long)]),
        ["src/report/long.rs:1: 501 lines of code, at most 500"]
    );
    let harmless = "//! Harmless, whatever `x.unwrap()` and crate::report say here.\nuse crate::{model, text::Span};\n\
                    const A: [u8; 2] = [1, 2];\nfn f(_: &[u8]) -> Vec<u8> { vec![0][..].p.expect(b(1, 2), \"c\") } // x[0]\n\
                    #[expect(dead_code, reason = \"a::b\")]\nfn g() { let [_, _] = A; }\n\
                    #[cfg(test)]\nmod tests {\n    fn t(x: &[u8]) { x[0]; crate::report::r().unwrap(); }\n}\n";
    let harmless = Source::new("lockfile/harmless.rs", harmless);
    assert_eq!(broken(&layers, &[harmless]), Vec::<String>::new());
    let allowed = "//! Commands.\nconst C: &str = \"::notice\";\n";
    let allowed = Source::new("report/workflow_commands.rs", allowed);
    assert_eq!(broken(&layers, &[allowed]), Vec::<String>::new());
}

/// Modules and the numbers of their layers.
struct Layers(BTreeMap<String, usize>);

impl Layers {
    /// Reads the first table of the documentation whose second column is called `modules`.
    fn read(documentation: &str) -> Self {
        let mut layers = BTreeMap::new();
        let rows = documentation
            .lines()
            .filter_map(|line| line.strip_prefix("//!"))
            .map(str::trim)
            .skip_while(|line| !line.starts_with("| # | modules |"))
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        for (number, row) in rows.enumerate() {
            let modules = row.split('|').nth(2).unwrap_or_default();
            for module in modules.split('`').skip(1).step_by(2) {
                let twice = layers.insert(module.to_owned(), number);
                assert_eq!(twice, None, "`{module}` stands in two layers");
            }
        }
        assert!(!layers.is_empty(), "no table of layers");
        Self(layers)
    }

    /// `module` lies on a line above that of `user`, as the table is written: it is the lower layer.
    fn below(&self, module: &str, user: &str) -> bool {
        match (self.0.get(module), self.0.get(user)) {
            (Some(module), Some(user)) => module < user,
            (None, _) | (_, None) => false,
        }
    }
}

/// Files that lead to each other through what they name, a list for each circle. What a module names of the modules
/// below itself does not count: it declares them, and may hold the list of them.
fn circles(sources: &[Source]) -> Vec<Vec<String>> {
    let files: BTreeMap<Vec<String>, &str> = sources
        .iter()
        .map(|source| (source.module_path(), source.path.as_str()))
        .collect();
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        let home = source.module_path();
        let named = source.paths(|path| files.contains_key(path)).into_iter();
        let modules = named.filter_map(|path| {
            // A module is used where something in it is named.
            let length = (1..=path.len())
                .rev()
                .find(|length| files.contains_key(&path[..*length]))?;
            let used = length < path.len() && !path[..length].starts_with(&home);
            used.then_some(files[&path[..length]])
        });
        names.insert(&source.path, modules.collect());
    }
    let reached = |start: &str| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = names[start].iter().copied().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(&names[next]);
            }
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> = names.keys().map(|path| (*path, reached(path))).collect();
    let circles: BTreeSet<Vec<String>> = names
        .keys()
        .filter(|path| reached[*path].contains(*path))
        .map(|path| {
            let circle = reached[path]
                .iter()
                .filter(|other| reached[*other].contains(path));
            circle.map(|path| (*path).to_owned()).collect()
        })
        .collect();
    circles.into_iter().collect()
}

/// What is not as it should be, a line each.
fn broken(layers: &Layers, sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let mut found = Vec::new();
        let mut say = |line: usize, what: String| found.push((line, what));
        layer(layers, source, &mut say);
        shape(source, &mut say);
        forbidden(source, &mut say);
        if source
            .module()
            .is_some_and(|module| NEVER_PANIC.contains(&module))
        {
            panics(source, &mut say);
        }
        found.sort();
        found.dedup();
        broken.extend(
            found
                .into_iter()
                .map(|(line, what)| format!("src/{}:{line}: {what}", source.path)),
        );
    }
    broken
}

fn layer(layers: &Layers, source: &Source, say: &mut dyn FnMut(usize, String)) {
    let Some(module) = source.module() else {
        if source.path == "lib.rs" {
            let mut lines = source.code.lines().enumerate();
            let other = lines.find(|(_, line)| !line.trim().is_empty() && !line.starts_with("pub mod "));
            if let Some((before, _)) = other {
                say(before + 1, "only `pub mod` lines stand here".to_owned());
            }
        }
        return;
    };
    if !layers.0.contains_key(module) {
        say(1, format!("`{module}` belongs to no layer"));
        return;
    }
    for (line, used) in source.uses() {
        if used != module && !layers.below(&used, module) {
            say(line, format!("`{module}` uses `{used}`, which is not below it"));
        }
    }
}

fn shape(source: &Source, say: &mut dyn FnMut(usize, String)) {
    if !source.text.starts_with("//! ") {
        say(1, "does not open with `//!`".to_owned());
    }
    let length = source.length();
    if length > MOST_LINES {
        say(1, format!("{length} lines of code, at most {MOST_LINES}"));
    }
    let path = source.path.trim_end_matches(".rs");
    for name in path.split('/').filter(|name| NO_NAMES.contains(name)) {
        say(1, format!("`{name}` is no name"));
    }
}

fn forbidden(source: &Source, say: &mut dyn FnMut(usize, String)) {
    for (line, string) in &source.strings {
        if source.path != "report/workflow_commands.rs" && workflow_command(string) {
            let what = "a workflow command outside of report/workflow_commands.rs";
            say(*line, what.to_owned());
        }
        if source.module() != Some("action") && string.contains("GITHUB_") {
            say(*line, "`GITHUB_` outside of action".to_owned());
        }
    }
    if !["ecosystem/purl.rs", "model/package_url.rs"].contains(&source.path.as_str()) {
        for line in source.lines_with("of_parts") {
            say(line, "a package URL made outside of `ecosystem`".to_owned());
        }
    }
    if source.path != "sys/program.rs" {
        for line in source.lines_with("Command::new") {
            say(line, "a program is started".to_owned());
        }
    }
    for attribute in ["#[allow", "#![allow", ", allow("] {
        for line in source.lines_with(attribute) {
            say(line, "`allow` instead of `expect`".to_owned());
        }
    }
    if source.module() == Some("model") {
        for line in source.lines_with("Serialize") {
            say(line, "a type of model is serializable".to_owned());
        }
    }
}

/// The string starts a line with `::` and the name of a command.
fn workflow_command(string: &str) -> bool {
    let commands = string.split("\\n").flat_map(str::lines);
    commands
        .filter_map(|line| line.trim_start().strip_prefix("::"))
        .any(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '{'))
}

fn panics(source: &Source, say: &mut dyn FnMut(usize, String)) {
    for what in PANICS {
        for line in source.lines_with(what) {
            say(line, format!("`{what}` may panic"));
        }
    }
    for method in ["expect", "expect_err"] {
        for line in source.calls_with_one_argument(method) {
            say(line, format!("`.{method}(` may panic"));
        }
    }
    for line in source.indexings() {
        say(line, "an index or slice may panic".to_owned());
    }
}

/// Every source file of the crate.
pub(crate) fn sources() -> Vec<Source> {
    let root = root().join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder is read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let below = path.strip_prefix(&root).expect("a path below src");
                let below = below.to_str().expect("a path of ours").replace('\\', "/");
                sources.push(Source::new(&below, &text));
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}
