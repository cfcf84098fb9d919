//! `plan` and `fix` of real projects, whose package managers wrote the lockfiles and took the result, with what registries
//! answered then (`tests/native/record`) on this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use lockkeeper::sys::web::Address;
use serde::Deserialize;
use serde_json::Value;

use crate::support::program::{Ran, Sandbox};
use crate::support::server::Server;

/// What stands in a fixture for the address of the server.
const PLACE: &str = "https://registry.example/";

/// A fixture is at most so long, in bytes, and all together.
const MAX_BYTES: u64 = 60_000;
const MAX_TOGETHER: u64 = 3_000_000;

/// A project as it was recorded.
#[derive(Deserialize)]
struct Recorded {
    /// The day on which it was.
    now: String,
    /// `--level`.
    level: String,
    /// Variables that send the client to the registry.
    environment: BTreeMap<String, String>,
    /// Files of the home folder that do.
    home: BTreeMap<String, String>,
    /// The project.
    before: BTreeMap<String, String>,
    /// OSV records.
    advisories: Vec<Value>,
    /// What registries answered, by the path.
    answers: BTreeMap<String, String>,
    /// What is kept of archives, by the path.
    archives: BTreeMap<String, String>,
    /// What may be asked for and is not there.
    left_out: BTreeSet<String>,
    /// The exit code.
    code: i32,
    moves: Vec<Move>,
    /// Advisory, package and version of what stays.
    stays: Vec<[String; 3]>,
    /// The files that change, as the package manager took them.
    after: BTreeMap<String, String>,
    compared: Compared,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Move {
    name: String,
    from: String,
    to: Option<String>,
    strategy: String,
    fixes: Vec<String>,
}

/// Packages and lines that change, with `fix` and with the package manager.
#[derive(Deserialize)]
struct Compared {
    ours: Counted,
    theirs: Option<Counted>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Counted {
    packages: u32,
    lines: u32,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

fn read(path: &Path) -> Recorded {
    let bytes = std::fs::read(path).expect("a fixture");
    let mut text = String::new();
    GzDecoder::new(&*bytes)
        .read_to_string(&mut text)
        .expect("packed text");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn fixtures(format: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join(format)).expect("a folder of fixtures");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// A project on disk, and its registry.
struct Project<'r> {
    recorded: &'r Recorded,
    sandbox: Sandbox,
    server: Server,
    index: String,
}

impl<'r> Project<'r> {
    fn new(recorded: &'r Recorded) -> Self {
        let (sandbox, server) = (Sandbox::new(), Server::start());
        let index = sandbox.index("x.lkdb", &recorded.advisories, &recorded.now);
        let project = Self {
            recorded,
            sandbox,
            server,
            index,
        };
        for (path, answer) in &recorded.answers {
            project.server.put(&format!("/{path}"), project.here(answer));
        }
        for (name, text) in &recorded.before {
            project.sandbox.write(name, project.here(text));
        }
        for (name, text) in &recorded.home {
            project
                .sandbox
                .write(&format!("../home/{name}"), project.here(text));
        }
        for (path, text) in &recorded.archives {
            project.keep_archive(path, text);
        }
        project
    }

    /// A text of the fixture with the address of the server.
    fn here(&self, text: &str) -> String {
        text.replace(PLACE, &self.server.address("/"))
    }

    /// Archives are not in the fixture: what the program keeps of them is, and stands in its cache.
    fn keep_archive(&self, path: &str, text: &str) {
        let address = Address::parse(&self.server.address(&format!("/{path}"))).expect("an address");
        let name = format!("{}-archive", address.fingerprint());
        let digest = blake3::hash(format!("none\n{text}").as_bytes()).to_hex();
        let kept = format!("lockkeeper registry answer 1\n{name}\nnone\n{digest}\n\n{text}");
        let path = format!("../home/.cache/lockkeeper/registry/{name}");
        self.sandbox.write(&path, kept);
    }

    fn run(&self, command: &[&str]) -> Ran {
        let further = [
            "--db",
            &self.index,
            "--now",
            &self.recorded.now,
            "--format",
            "json",
        ];
        let level = ["--level", &self.recorded.level];
        let line: Vec<&str> = command.iter().copied().chain(further).chain(level).collect();
        let variables = self.recorded.environment.iter();
        let variables: Vec<(&str, String)> = variables
            .map(|(name, value)| (name.as_str(), self.here(value)))
            .collect();
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.sandbox.run_with(&line, &variables)
    }

    /// Every file of the project is as `expected` has it.
    fn holds(&self, name: &str, expected: &BTreeMap<String, String>) {
        for (file, text) in expected {
            let written = std::fs::read_to_string(self.sandbox.work().join(file)).expect("a file");
            let expected = self.here(text);
            assert!(
                written == expected,
                "{name}: {file}:\n{}",
                first_difference(&expected, &written)
            );
        }
    }

    /// Nothing was asked for that is not in the fixture.
    fn asked_nothing_else(&self, name: &str) {
        for hit in self.server.hits() {
            let path = hit.path.trim_start_matches('/');
            let is_known = hit.status != 404 || self.recorded.left_out.contains(path);
            assert!(is_known, "{name}: {path} was asked for, and is not recorded");
        }
    }
}

fn first_difference(expected: &str, written: &str) -> String {
    let (mut expected, mut written) = (expected.lines(), written.lines());
    for number in 1.. {
        match (expected.next(), written.next()) {
            (None, None) => break,
            (one, other) if one == other => {}
            (one, other) => return format!("line {number}: expected {one:?}\n        written {other:?}"),
        }
    }
    "line ends".to_owned()
}

/// Each project of a format: the plan, the files byte by byte, and nothing more to do after it.
fn every_project(format: &str) {
    let fixtures = fixtures(format);
    assert!(fixtures.len() >= 12, "{format}: {} projects", fixtures.len());
    let mut wrong = Vec::new();
    for path in fixtures {
        // All that differ are of interest, not the first alone.
        if std::panic::catch_unwind(|| is_fixed_as_recorded(format, &path)).is_err() {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "{format}: {wrong:?}");
}

/// The project recorded at `path`: what is planned and written, and that nothing is left to do.
fn is_fixed_as_recorded(format: &str, path: &Path) {
    let recorded = read(path);
    let name = format!("{format}/{}", path.file_name().expect("a name").to_string_lossy());
    let project = Project::new(&recorded);
    let planned = project.run(&["plan"]);
    project.asked_nothing_else(&name);
    project.holds(&name, &recorded.before);
    assert_eq!(
        planned.code, recorded.code,
        "{name}: {}{}",
        planned.out, planned.err
    );

    let fixed = project.run(&["fix", "--allow-dirty"]);
    project.asked_nothing_else(&name);
    assert_eq!(fixed.code, recorded.code, "{name}: {}{}", fixed.out, fixed.err);
    let (plan, fix) = (planned.json(), fixed.json());
    assert_eq!(plan["targets"], fix["targets"], "{name}: `plan` and `fix` differ");
    let target = &fix["targets"][0];
    let moves: Vec<Move> = serde_json::from_value(target["moves"].clone()).expect("moves");
    assert_eq!(moves, recorded.moves, "{name}");
    assert_eq!(stays(target), recorded.stays, "{name}");
    let mut expected = recorded.before.clone();
    expected.extend(recorded.after.clone());
    project.holds(&name, &expected);

    let again = project.run(&["fix", "--allow-dirty"]);
    project.asked_nothing_else(&name);
    // What stays may be such that it does not block.
    let left = if recorded.code == 0 { 0 } else { 1 };
    assert_eq!(again.code, left, "{name}: {}{}", again.out, again.err);
    assert_eq!(
        again.json()["targets"][0]["moves"],
        Value::Array(Vec::new()),
        "{name}"
    );
    project.holds(&name, &expected);
}

fn stays(target: &Value) -> Vec<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let unfixable = target["unfixable"].as_array().expect("a list").iter();
    let mut stays: Vec<[String; 3]> = unfixable
        .map(|one| {
            [
                text(&one["id"]),
                text(&one["package"]["name"]),
                text(&one["package"]["version"]),
            ]
        })
        .collect();
    stays.sort();
    stays
}

#[test]
fn projects_of_npm_are_fixed_as_npm_took_them() {
    every_project("package_lock");
}

#[test]
fn projects_of_cargo_are_fixed_as_cargo_took_them() {
    every_project("cargo_lock");
}

#[test]
fn projects_of_go_are_fixed_as_go_took_them() {
    every_project("go_mod");
}

#[test]
fn requirements_files_are_fixed_as_their_tools_took_them() {
    every_project("requirements");
}

#[test]
fn projects_of_uv_are_fixed_as_uv_took_them() {
    every_project("uv_lock");
}

#[test]
fn projects_of_poetry_are_fixed_as_poetry_took_them() {
    every_project("poetry_lock");
}

#[test]
fn projects_of_pipenv_are_fixed_as_pipenv_took_them() {
    every_project("pipfile_lock");
}

#[test]
fn builds_of_maven_are_fixed_as_maven_took_them() {
    every_project("pom");
}

#[test]
fn fixtures_are_small_name_no_registry_and_are_in_the_summary() {
    let text = std::fs::read_to_string(folder().join("summary.tsv")).expect("the summary");
    let rows: BTreeSet<&str> = text.lines().skip(1).collect();
    let mut found = BTreeSet::new();
    let mut together = 0;
    let formats = std::fs::read_dir(folder())
        .expect("a folder")
        .map(|entry| entry.expect("an entry"));
    for format in formats.filter(|entry| entry.path().is_dir()) {
        let format = format.file_name().to_string_lossy().into_owned();
        for path in fixtures(&format) {
            let length = std::fs::metadata(&path).expect("a file").len();
            assert!(length <= MAX_BYTES, "{}: {length} bytes", path.display());
            together += length;
            let recorded = read(&path);
            let name = path.file_name().expect("a name").to_string_lossy();
            let Compared { ours, theirs } = &recorded.compared;
            let number = |count: Option<u32>| count.map_or("-".to_owned(), |count| count.to_string());
            let (packages, lines) = (
                number(theirs.as_ref().map(|theirs| theirs.packages)),
                number(theirs.as_ref().map(|theirs| theirs.lines)),
            );
            found.insert(format!(
                "{format}\t{}\t{}\t{}\t{}\t{packages}\t{lines}\t{}\t{length}",
                name.trim_end_matches(".json.gz"),
                recorded.moves.len(),
                ours.packages,
                ours.lines,
                recorded.code
            ));
            // What is not at the server stands in no lockfile.
            for text in recorded.answers.values().chain(recorded.after.values()) {
                for place in [
                    "\"tarball\": \"",
                    "\"resolved\": \"http",
                    "url = \"",
                    "\"url\": \"",
                ] {
                    let addresses = text.match_indices(place).map(|(at, _)| &text[at + place.len()..]);
                    // Licenses and funding have addresses too, of pages.
                    let is_archive = |address: &&str| {
                        let whole = address.split('"').next().unwrap_or_default();
                        [".tgz", ".whl", ".gz", ".zip"]
                            .iter()
                            .any(|ending| whole.ends_with(ending))
                    };
                    for address in addresses.filter(is_archive) {
                        let address = address.trim_start_matches("http");
                        let is_kept = address.starts_with(PLACE.trim_start_matches("http"));
                        assert!(
                            is_kept,
                            "{}: {}",
                            path.display(),
                            &address[..address.len().min(60)]
                        );
                    }
                }
            }
        }
    }
    assert!(together <= MAX_TOGETHER, "{together} bytes");
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, rows, "tests/native/record --summary writes it");
}
