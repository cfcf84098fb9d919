//! Every lockfile format over every fixture: golden, placed, unharmed by damage; and what is registered is
//! what lies in the folders.
//!
//! `tests/fixtures/lockfile/<module>/<case>/` is a small tree. Each file in it that the format claims is
//! read, and `expected.txt` says what must come out. `LOCKKEEPER_BLESS=1` writes it anew; look at the
//! difference before it is committed. `LOCKKEEPER_EVERY_BYTE=1` puts each of the 256 values at each place
//! of each fixture, which takes long.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use lockkeeper::lockfile::{self, Claim, FORMATS, Format, Reading, unsupported};
use lockkeeper::model::graph::Node;
use lockkeeper::model::{Cost, Graph, NodeId, Package, Source, Tree, TreePath};
use lockkeeper::text::{Lines, Span, decode, escape};
use rayon::prelude::*;

use crate::architecture::read;
use crate::support::memory_tree::{MemoryTree, tree_path};

/// Packages whose place does not hold the version word for word: module, case, package, and why.
const PLACED_OTHERWISE: &[(&str, &str, &str, &str)] = &[
    ("pubspec_lock", "hostile", "escaped", "written with an escape"),
    ("bom", "debian", "gcc-12", "the version of its source package"),
    ("bom", "debian", "shadow", "the version of its source package"),
    ("bom", "distributions", "openssl-libs", "the epoch stands apart"),
    (
        "composer_lock",
        "hostile",
        "acme/escaped",
        "written with an escape",
    ),
    ("composer_lock", "hostile", "no-vendor", "written with an escape"),
    (
        "composer_lock",
        "hostile",
        "../../etc/passwd",
        "written with an escape",
    ),
    ("bun_lock", "hostile", "escaped", "written with an escape"),
    ("bun_lock", "later", "escaped", "written with an escape"),
    ("cargo_lock", "hostile", "escaped", "written with an escape"),
    (
        "csproj",
        "hostile",
        "Acme.Dot",
        "written with a reference to a character",
    ),
    ("csproj", "hostile", "Acme.Data", "written as CDATA"),
    (
        "csproj",
        "properties",
        "Acme.Mixed",
        "the version is put together from a property and more",
    ),
    (
        "csproj",
        "properties",
        "Acme.Joined",
        "the version is put together from a property and more",
    ),
    (
        "csproj",
        "properties-composed",
        "Acme.Joined",
        "the version is put together from a property and more",
    ),
    (
        "csproj",
        "properties-composed",
        "Acme.Deep",
        "the version is put together from a property and more",
    ),
    (
        "libs_versions",
        "hostile",
        "com.example.lib:escaped",
        "written with an escape",
    ),
    (
        "libs_versions",
        "hostile",
        "com.example\u{1b}[31m:colour",
        "the string has an escape",
    ),
    (
        "libs_versions",
        "hostile",
        "com.example.lib:multi",
        "a part of a string over several lines",
    ),
    ("deno_lock", "hostile", "zeta", "written with an escape"),
    ("pixi_lock", "hostile", "x", "the address is percent-encoded"),
    (
        "pixi_lock",
        "hostile",
        "real-name",
        "the address is percent-encoded",
    ),
    ("pixi_lock", "hostile", "escaped", "written with an escape"),
    (
        "julia_manifest",
        "hostile",
        "a\u{1b}[31m",
        "written with an escape",
    ),
    ("renv_lock", "hostile", "a\u{1b}[31m", "written with an escape"),
    ("package_lock", "hostile", "escaped", "written with an escape"),
    (
        "packages_config",
        "hostile",
        "Acme.Dot",
        "written with a reference to a character",
    ),
    (
        "package_resolved",
        "hostile",
        "git.example/../../x.git",
        "written with an escape",
    ),
    ("package_resolved", "hostile", "../../c", "written with an escape"),
    (
        "package_lock",
        "hostile",
        "needs-circle",
        "written with an escape",
    ),
    (
        "project_assets",
        "hostile",
        "E\u{1b}[31m",
        "name and version are one string with an escape",
    ),
    ("actions_lock", "hostile", "a/b", "written with an escape"),
    (
        "actions_lock",
        "hostile",
        "evil\u{1b}[31m/x",
        "written with an escape",
    ),
    (
        "github_workflows",
        "hostile",
        "evil\u{1b}[31m/x",
        "written with an escape",
    ),
    (
        "github_workflows",
        "references",
        "a/escaped",
        "written with an escape",
    ),
    ("opam_locked", "hostile", "ev\u{1b}il", "written with an escape"),
    ("stack_yaml", "hostile", "ev\u{1b}il", "written with an escape"),
    ("conan_lock", "hostile", "ev\u{1b}il", "written with an escape"),
    ("shard_lock", "hostile", "ev\u{1b}il", "written with an escape"),
    ("nimble_lock", "hostile", "ev\u{1b}il", "written with an escape"),
    ("vcpkg_json", "hostile", "ev\u{1b}il", "written with an escape"),
    (
        "dotnet_tools",
        "hostile",
        "acme.escaped",
        "written with an escape",
    ),
    ("pdm_lock", "hostile", "evil", "written with an escape"),
    ("pipfile_lock", "sections", "ours", "a folder has no version"),
    ("pnpm_lock", "hostile", "escaped", "written with an escape"),
    ("pipfile_lock", "alone", "ours", "a folder has no version"),
    (
        "pipfile_lock",
        "damaged",
        "b",
        "the version is written with an escape",
    ),
    (
        "pylock",
        "uv-0.7.2-sources",
        "from-path",
        "a folder has no version",
    ),
    (
        "pylock",
        "uv-0.13.9-sources",
        "from-path",
        "a folder has no version",
    ),
    ("pylock", "uv-0.13.9-sources", "member", "a folder has no version"),
    ("pylock", "pip-25.1.1", "from-path", "a folder has no version"),
    ("pylock", "pip-26.3", "from-path", "a folder has no version"),
    ("pylock", "windows", "from-path", "a folder has no version"),
    ("pylock", "hostile", "out", "a folder has no version"),
    ("pylock", "hostile", "nowhere", "a folder has no version"),
    ("pylock", "standard", "from-zip", "its file name has no version"),
    (
        "requirements",
        "handwritten",
        "./libs/ours",
        "a folder has no version",
    ),
    (
        "requirements",
        "handwritten",
        "git+https://git.example/team/nameless.git",
        "the newest commit of a repository has no name",
    ),
    (
        "uv_lock",
        "damaged",
        "dynamic",
        "a folder's version may be left to its build",
    ),
    (
        "verification_metadata",
        "hostile",
        "com.example:escaped",
        "written with a reference to a character",
    ),
    (
        "pom",
        "single",
        "org.lib:composed",
        "the version is put together from a property and more",
    ),
    (
        "pom",
        "circles",
        "org.lib:folded",
        "the version is put together from a property and more",
    ),
    ("yarn_lock", "hostile-1", "@t/eta", "written with an escape"),
    ("yarn_lock", "hostile-1", "kappa", "written with an escape"),
    (
        "yarn_lock",
        "hostile-berry",
        "delta",
        "the version is that of the address, which is percent-encoded",
    ),
];

/// The files in `src/lockfile` that are no format.
const NO_FORMAT: [&str; 5] = ["file_names", "grammar", "manifest", "mod", "unsupported"];

/// Bytes put in the place of others, chosen to break strings, containers, lines and encodings.
const HOSTILE: [u8; 7] = [0, b'"', b'[', b'}', b'\n', 0xFF, 0x80];

/// Bytes read for the damage of one fixture file; a file that would need more is sampled.
const DAMAGE_BUDGET: usize = 12 << 20;

struct Case {
    module: String,
    format: &'static dyn Format,
    name: String,
    folder: PathBuf,
    tree: MemoryTree,
}

impl Case {
    /// The files of the case that its format claims.
    fn claimed(&self) -> impl Iterator<Item = (&TreePath, &[u8])> {
        self.tree
            .files()
            .filter(|(path, _)| {
                // A file whose name is not enough is known by what lies beside it.
                let is_started = || {
                    matches!(
                        self.format.name(),
                        "gleam/manifest.toml"
                            | "global.json"
                            | "julia/Manifest.toml"
                            | "pants.toml"
                            | "pants/jvm.lock"
                            | "pex.lock"
                    ) && self.format.starts(path, &self.tree)
                };
                self.format.claims(path) || is_started()
            })
            .map(|(path, bytes)| (path, bytes.as_ref()))
    }
}

#[test]
fn fixtures_give_what_is_expected() {
    let bless = std::env::var_os("LOCKKEEPER_BLESS").is_some();
    let mut wrong = String::new();
    for case in cases() {
        assert!(
            case.claimed().next().is_some(),
            "{}: no file that {} claims",
            case.folder.display(),
            case.format.name()
        );
        let mut found = String::new();
        for (path, bytes) in case.claimed() {
            let reading = lockfile::read(case.format, path, bytes, &case.tree);
            found.push_str(&describe(path, &reading, &case.tree));
        }
        let golden = case.folder.join("expected.txt");
        if bless {
            std::fs::write(&golden, &found).expect("expected.txt is written");
            continue;
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if expected != found {
            let line = expected
                .lines()
                .chain([""])
                .zip(found.lines().chain([""]))
                .find(|(expected, found)| expected != found);
            let (expected, found) = line.unwrap_or(("", "another number of lines"));
            let _ = writeln!(
                wrong,
                "{}:\n  expected {expected}\n  found    {found}",
                golden.display()
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong}run with LOCKKEEPER_BLESS=1 if what was found is right"
    );
}

#[test]
fn every_version_stands_at_its_place() {
    let used = RefCell::new(BTreeSet::new());
    for case in cases() {
        for (path, bytes) in case.claimed() {
            let reading = lockfile::read(case.format, path, bytes, &case.tree);
            let otherwise = |package: &Package| {
                let found = PLACED_OTHERWISE.iter().position(|(module, name, exempt, _)| {
                    (*module, *name, *exempt) == (&case.module, &case.name, &package.name)
                });
                used.borrow_mut().extend(found);
                found.is_some()
            };
            if let Err(misplaced) = placed(path, &reading, &case.tree, &otherwise) {
                panic!("{}/{}: {misplaced}", case.module, case.name);
            }
        }
    }
    for (number, (module, case, package, why)) in PLACED_OTHERWISE.iter().enumerate() {
        assert!(
            used.borrow().contains(&number),
            "{module}/{case}: {package} needs no exemption ({why})"
        );
    }
}

#[test]
fn damage_never_panics_and_spans_stay_inside() {
    let every_byte = std::env::var_os("LOCKKEEPER_EVERY_BYTE").is_some();
    let all: Vec<u8> = (0..=255).collect();
    let hostile: &[u8] = if every_byte { &all } else { &HOSTILE };
    let cases = cases();
    let files: Vec<(&Case, &TreePath, &[u8])> = cases
        .iter()
        .flat_map(|case| {
            case.tree
                .files()
                .map(move |(path, bytes)| (case, path, bytes.as_ref()))
        })
        .collect();
    files.par_iter().for_each(|(case, path, bytes)| {
        let work = bytes.len().saturating_mul(bytes.len()) * (HOSTILE.len() + 1);
        let step = if every_byte {
            1
        } else {
            work.div_ceil(DAMAGE_BUDGET).max(1)
        };
        for at in (0..bytes.len()).step_by(step) {
            survives(case, path, &bytes[..at], &format!("cut at {at}"));
            let mut damaged = bytes.to_vec();
            for byte in hostile {
                damaged[at] = *byte;
                survives(case, path, &damaged, &format!("byte {at} as {byte:#04x}"));
            }
        }
    });
}

#[test]
fn hostile_shapes_end() {
    const WIDE: usize = 8 << 20;
    let mut shapes: Vec<(&str, String)> = vec![
        ("empty", String::new()),
        ("one byte order mark", "\u{feff}".into()),
        ("objects in objects", "{\"packages\":".repeat(100_000)),
        ("lists in lists", "[".repeat(100_000)),
        (
            "lists in lists, closed",
            format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ),
        ("lists in a table", format!("a = {}", "[".repeat(100_000))),
        ("tables in a table", format!("a = {}", "{a=".repeat(100_000))),
        ("a header of many keys", format!("[{}a]\n", "a.".repeat(100_000))),
        ("elements in elements", "<a>".repeat(100_000)),
        (
            "entities",
            "<!DOCTYPE a [<!ENTITY b \"&b;&b;\">]><project>&b;</project>".into(),
        ),
        ("brackets in brackets", "require (".repeat(100_000)),
        ("extras in extras", format!("a{}", "[a".repeat(100_000))),
        ("conflicts", "<<<<<<< a\n=======\n>>>>>>> b\n".repeat(100_000)),
    ];
    for (name, unit) in [
        ("one line of letters", "a"),
        ("one line of quotes", "\""),
        ("one line of backslashes", "\\"),
        ("one line of spaces", " "),
        ("one line of commas", ","),
        ("empty lines", "\n"),
        ("one line of comments", "#"),
    ] {
        shapes.push((name, unit.repeat(WIDE)));
    }
    // A string that is never closed, behind what each kind of document starts with.
    for (name, start) in [
        (
            "an endless JSON string",
            "{\"packages\": {\"a\": {\"version\": \"",
        ),
        (
            "an endless TOML string",
            "[[package]]\nname = \"a\"\nversion = \"",
        ),
        ("an endless attribute", "<project a=\""),
        ("an endless comment", "<project><!--"),
    ] {
        shapes.push((name, format!("{start}{}", "1".repeat(WIDE))));
    }
    let places = one_path_of_each_format();
    // What a shape could by chance refer to, itself among it.
    let tree = MemoryTree::of([
        ("a", "a\n"),
        ("pom.xml", "<project/>"),
        ("requirements.txt", "-r requirements.txt\n"),
    ]);
    for (path, format) in &places {
        for (name, text) in &shapes {
            let read = || lockfile::read(*format, path, text.as_bytes(), &tree);
            match catch_unwind(AssertUnwindSafe(read)) {
                Ok(reading) => inside(path, &reading, &tree)
                    .unwrap_or_else(|problem| panic!("{path} as {name}: {problem}")),
                Err(_) => panic!("{path} as {name}: a panic"),
            }
        }
    }
}

#[test]
fn very_many_entries_end() {
    const LEAST: usize = 4 << 20;
    for case in first_case_of_each_format() {
        for (path, bytes) in case.claimed() {
            let times = LEAST / bytes.len().max(1) + 1;
            // The same text over and over: for some formats a long list, for others a long tail of damage.
            let text = bytes.repeat(times);
            let reading = lockfile::read(case.format, path, &text, &case.tree);
            if let Err(problem) = inside(path, &reading, &case.tree) {
                panic!("{}/{} {times} times: {problem}", case.module, case.name);
            }
        }
    }
}

#[test]
fn what_is_registered_is_what_lies_in_the_folders() {
    let modules = modules();
    let mut named = BTreeMap::new();
    for module in &modules {
        let format = format_of(module);
        let before = named.insert(format.name(), module);
        assert!(before.is_none(), "{} is claimed by two modules", format.name());
    }
    for format in FORMATS {
        assert!(
            named.contains_key(format.name()),
            "{} has no file of its name in src/lockfile",
            format.name()
        );
        assert!(lockfile::format(format.name()).is_some(), "{}", format.name());
    }
    let fixtures: BTreeSet<String> = folders(&fixture_folder()).into_iter().collect();
    assert_eq!(
        modules, fixtures,
        "src/lockfile and tests/fixtures/lockfile differ"
    );
    for case in cases() {
        assert!(
            case.folder.join("expected.txt").is_file(),
            "{}",
            case.folder.display()
        );
    }
    let names: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
    let mut sorted = names.clone();
    sorted.sort_by_key(|name| name.to_lowercase());
    assert_eq!(names, sorted, "FORMATS is not in alphabetical order");
    let names: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        rows("README.md"),
        names,
        "the table of README.md and FORMATS differ"
    );
    let page = read("docs/lockfiles.md");
    for row in unsupported::ROWS.iter().chain(unsupported::PATTERNS) {
        let name = format!("`{}`", row.file_name);
        assert!(page.contains(&name), "docs/lockfiles.md does not list {name}");
    }
}

#[test]
fn no_two_formats_claim_one_path() {
    let mut paths: BTreeSet<TreePath> = cases()
        .iter()
        .flat_map(|case| case.tree.files().map(|(path, _)| path.clone()))
        .collect();
    for row in unsupported::ROWS {
        paths.insert(tree_path(row.file_name));
        paths.insert(tree_path(&format!("a/b/{}", row.file_name)));
    }
    if let Some(corpus) = corpus() {
        paths.extend(corpus.files().map(|(path, _)| path.clone()));
    }
    for path in &paths {
        let mut names: Vec<String> = FORMATS
            .iter()
            .filter(|format| format.claims(path))
            .map(|format| format.name().to_owned())
            .collect();
        if let Some(row) = unsupported::row(path) {
            names.push(format!("unsupported {}", row.file_name));
        }
        assert!(names.len() <= 1, "{path} is claimed by {names:?}");
        // What is no folder of ours must not matter, and a claim never depends on the case of the disk.
        let inside = tree_path("some/folder").join(path.as_bytes()).expect("a path");
        if FORMATS.iter().any(|format| format.claims(path)) {
            assert!(lockfile::may_claim(path.file_name()), "{path}");
            assert!(matches!(lockfile::claim(&inside), Claim::Read(_)), "{inside}");
        }
    }
    for nothing in [
        "",
        "lock",
        "Cargo.lock/a",
        "xCargo.lock",
        ".package-lock.json",
        "modules.txt",
    ] {
        assert!(
            matches!(lockfile::claim(&tree_path(nothing)), Claim::Nothing),
            "{nothing}"
        );
    }
}

#[test]
fn the_corpus_is_read_and_placed() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut read = 0;
    for (path, bytes) in corpus.files() {
        let Claim::Read(format) = lockfile::claim(path) else {
            continue;
        };
        read += 1;
        let reading = catch_unwind(AssertUnwindSafe(|| lockfile::read(format, path, bytes, &corpus)))
            .unwrap_or_else(|_| panic!("{path}: a panic"));
        inside(path, &reading, &corpus).unwrap_or_else(|problem| panic!("{path}: {problem}"));
        placed(path, &reading, &corpus, &|_| false).unwrap_or_else(|problem| panic!("{path}: {problem}"));
    }
    assert!(read > 0 || FORMATS.is_empty(), "the corpus holds no lockfile");
}

/// Reads the case with `bytes` at `path`; panics with the damage's name if the reader does.
fn survives(case: &Case, path: &TreePath, bytes: &[u8], damage: &str) {
    let mut tree = case.tree.clone();
    tree.insert(path, bytes);
    let companion = !case.claimed().any(|(claimed, _)| claimed == path);
    for (claimed, _) in case
        .claimed()
        .filter(|(claimed, _)| companion || *claimed == path)
    {
        let claimed_bytes = tree.read(claimed).expect("a file of the case");
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let reading = lockfile::read(case.format, claimed, &claimed_bytes, &tree);
            inside(claimed, &reading, &tree)
        }));
        let place = format!("{}/{}: {path} {damage}", case.module, case.name);
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => panic!("{place}: {problem}"),
            Err(_) => panic!("{place}: a panic"),
        }
    }
}

/// Every span that the reading gives lies inside its text and cuts no character.
fn inside(path: &TreePath, reading: &Reading<'_>, tree: &dyn Tree) -> Result<(), String> {
    let mut texts = Texts::new(path, reading, tree);
    let mut check = |file: Option<&TreePath>, span: Span, what: &str| {
        let text = texts.of(file);
        match text.get(span.start as usize..span.end as usize) {
            Some(_) => Ok(()),
            None => Err(format!(
                "the span of {what} is outside: {span:?} of {}",
                text.len()
            )),
        }
    };
    let graph = &reading.parsed.graph;
    for (_, package) in graph.packages() {
        let file = package.place().file.as_ref();
        check(file, package.place().span, "a version")?;
        let spans = &package.spans;
        for (span, what) in [
            (spans.entry, "an entry"),
            (spans.source, "a source"),
            (spans.edges, "a list of dependencies"),
        ] {
            check(file, span.unwrap_or_default(), what)?;
        }
        for span in spans.checksums.iter() {
            check(file, *span, "a checksum")?;
        }
    }
    let nodes = graph.nodes().count();
    for edge in graph.edges() {
        let file = graph
            .package(edge.from)
            .and_then(|package| package.place().file.as_ref());
        check(file, edge.span, "an edge")?;
    }
    if graph.roots().len() > nodes {
        return Err("more roots than nodes".into());
    }
    for problem in &reading.parsed.problems {
        check(problem.file.as_ref(), problem.span, "a problem")?;
        if problem.message.is_empty() || problem.hint.is_empty() {
            return Err(format!("a problem without a word or a way out: {problem:?}"));
        }
    }
    Ok(())
}

/// The text at each package's place is its version, word for word.
fn placed(
    path: &TreePath,
    reading: &Reading<'_>,
    tree: &dyn Tree,
    otherwise: &dyn Fn(&Package) -> bool,
) -> Result<(), String> {
    let mut texts = Texts::new(path, reading, tree);
    for (_, package) in reading.parsed.graph.packages() {
        let place = package.place();
        let literal = place.span.of(texts.of(place.file.as_ref()));
        if literal.is_empty() || (literal != &*package.version && !otherwise(package)) {
            return Err(format!(
                "{} {} stands at {:?}, where the text is {literal:?}",
                package.name, package.version, place
            ));
        }
    }
    Ok(())
}

/// The decoded texts of the file that is read and of those that it refers to.
struct Texts<'r> {
    own: &'r str,
    path: &'r TreePath,
    others: BTreeMap<TreePath, String>,
    tree: &'r dyn Tree,
}

impl<'r> Texts<'r> {
    fn new(path: &'r TreePath, reading: &'r Reading<'_>, tree: &'r dyn Tree) -> Self {
        Self {
            own: &reading.text,
            path,
            others: BTreeMap::new(),
            tree,
        }
    }

    fn of(&mut self, file: Option<&TreePath>) -> &str {
        match file {
            None => self.own,
            Some(file) => {
                assert_ne!(file, self.path, "the file that is read is named as another one");
                let tree = self.tree;
                self.others.entry(file.clone()).or_insert_with(|| {
                    let bytes = tree.read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
                    decode::decode(&bytes).text.into_owned()
                })
            }
        }
    }
}

/// What a reading holds, a line a fact, in the order of the file; edges sorted.
fn describe(path: &TreePath, reading: &Reading<'_>, tree: &dyn Tree) -> String {
    let mut texts = Texts::new(path, reading, tree);
    let mut lines = format!("# {path}\n");
    let graph = &reading.parsed.graph;
    for (_, package) in graph.packages() {
        let file = package.place().file.as_ref();
        let positions = Lines::of(texts.of(file));
        let at = |span: Span| {
            let position = positions.position(span.start);
            format!("{}:{}", position.line, position.column)
        };
        let sized = |span: Span| format!("{}+{}", at(span), span.len());
        let _ = write!(
            lines,
            "{} {} {} {} {}",
            package.ecosystem,
            escape::terminal(&package.name),
            escape::terminal(&package.version),
            at(package.place().span),
            source(&package.source)
        );
        for scope in package.scopes.iter() {
            let _ = write!(lines, " {}", scope.as_str());
        }
        lines.push_str(if package.direct { " direct" } else { " indirect" });
        if let Some(file) = file {
            let _ = write!(lines, " in {file}");
        }
        if let Some(module) = &package.used_by {
            let _ = write!(lines, " used-by {module}");
        }
        lines.push('\n');
        let mut spans = String::new();
        if let Some(entry) = package.spans.entry {
            let end = Span::at(entry.end.saturating_sub(1) as usize);
            let _ = write!(spans, " entry {}-{}", at(entry), at(end));
        }
        if let Some(span) = package.spans.source {
            let _ = write!(spans, " source {}", sized(span));
        }
        for span in package.spans.checksums.iter() {
            let _ = write!(spans, " checksum {}", sized(*span));
        }
        if let Some(span) = package.spans.edges {
            let _ = write!(spans, " edges {}", sized(span));
        }
        if !spans.is_empty() {
            let _ = writeln!(lines, "   {spans}");
        }
    }
    for (id, node) in graph.nodes() {
        if let Node::Own { .. } = node {
            let word = if graph.roots().contains(&id) {
                "root"
            } else {
                "own"
            };
            let _ = writeln!(lines, "{word} {}", label(graph, id));
        }
    }
    for root in graph
        .roots()
        .iter()
        .filter(|root| graph.package(**root).is_some())
    {
        let _ = writeln!(lines, "root {}", label(graph, *root));
    }
    let mut edges: Vec<String> = graph
        .edges()
        .iter()
        .map(|edge| {
            let file = graph
                .package(edge.from)
                .and_then(|package| package.place().file.as_ref());
            let position = Lines::of(texts.of(file)).position(edge.span.start);
            format!(
                "{} -> {} {}:{}\n",
                label(graph, edge.from),
                label(graph, edge.to),
                position.line,
                position.column
            )
        })
        .collect();
    edges.sort();
    lines.extend(edges);
    for problem in &reading.parsed.problems {
        let position = Lines::of(texts.of(problem.file.as_ref())).position(problem.span.start);
        let cost = match problem.cost {
            Cost::Nothing => "nothing",
            Cost::Partial => "partial",
            Cost::Blind => "blind",
        };
        let file = problem
            .file
            .as_ref()
            .map(|file| format!("{file}:"))
            .unwrap_or_default();
        let _ = writeln!(
            lines,
            "problem {cost} {file}{}:{} {} | {}",
            position.line,
            position.column,
            escape::terminal(&problem.message),
            escape::terminal(&problem.hint)
        );
    }
    lines
}

fn source(source: &Source) -> String {
    match source {
        Source::Registry(None) => source.as_str().to_owned(),
        Source::Registry(Some(address))
        | Source::OtherRegistry(address)
        | Source::Git(address)
        | Source::Path(address)
        | Source::Url(address) => format!("{}={}", source.as_str(), escape::terminal(address)),
    }
}

fn label(graph: &Graph, id: NodeId) -> String {
    let (name, version) = match graph.nodes().find(|(other, _)| *other == id) {
        Some((_, Node::Package(package))) => (&*package.name, &*package.version),
        Some((_, Node::Own { name, version })) => (name.as_str(), version.as_str()),
        None => panic!("an edge or a root to a node that is not there: {id:?}"),
    };
    escape::terminal(&format!("{name} {version}")).trim().to_owned()
}

/// The modules in `src/lockfile` that are formats.
fn modules() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lockfile");
    std::fs::read_dir(&folder)
        .expect("src/lockfile")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_str()
                .expect("UTF-8")
                .to_owned()
        })
        .filter(|module| !NO_FORMAT.contains(&module.as_str()))
        .collect()
}

/// The format of a module: the one whose name starts as the module's does (`go_mod`: `go.mod`).
fn format_of(module: &str) -> &'static dyn Format {
    let spelled = |format: &&&'static dyn Format| {
        let name = format.name().to_lowercase();
        let name = name.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
        name.trim_start_matches('_').starts_with(module)
    };
    let found: Vec<&&dyn Format> = FORMATS.iter().filter(spelled).collect();
    match found.as_slice() {
        [format] => **format,
        _ => panic!(
            "src/lockfile/{module}: {} formats in FORMATS are called like it",
            found.len()
        ),
    }
}

fn fixture_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile")
}

fn folders(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_type().expect("its kind").is_dir())
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for module in folders(&fixture_folder()) {
        let format = format_of(&module);
        for name in folders(&fixture_folder().join(&module)) {
            let folder = fixture_folder().join(&module).join(&name);
            let mut tree = MemoryTree::from_folder(&folder);
            tree.remove(&tree_path("expected.txt"));
            cases.push(Case {
                module: module.clone(),
                format,
                name,
                folder,
                tree,
            });
        }
    }
    cases
}

fn first_case_of_each_format() -> Vec<Case> {
    let mut cases = cases();
    cases.dedup_by(|later, first| later.module == first.module);
    cases
}

fn one_path_of_each_format() -> Vec<(TreePath, &'static dyn Format)> {
    first_case_of_each_format()
        .iter()
        .filter_map(|case| Some((case.claimed().next()?.0.clone(), case.format)))
        .collect()
}

/// The first names in code marks of the page's table whose first column is called "Lockfile".
fn rows(page: &str) -> BTreeSet<String> {
    let text = read(page);
    let rows = text.lines().skip_while(|line| !line.starts_with("| Lockfile"));
    let names = rows
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.split('`').nth(1).unwrap_or_default().to_owned());
    names.collect()
}

fn corpus() -> Option<MemoryTree> {
    match std::env::var_os("LOCKKEEPER_DATA") {
        Some(data) => Some(MemoryTree::from_folder(&Path::new(&data).join("corpus"))),
        None => {
            println!("skipped: LOCKKEEPER_DATA is not set");
            None
        }
    }
}
