//! Requirements files that others include, and a folder called `requirements`, through the program.

use serde_json::Value;

use crate::support::program::{Ran, Sandbox, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

struct Scan {
    sandbox: Sandbox,
    index: String,
}

impl Scan {
    fn new(files: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::new();
        let records = [record("GHSA-kiln", "PyPI", "kiln", "0", Some("4.2"))];
        let index = sandbox.index("index.lkdb", &records, NOW);
        for (path, text) in files {
            sandbox.write(path, text);
        }
        Self { sandbox, index }
    }

    fn arguments<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["scan", "--db", &self.index, "--now", NOW, "--format", "json"];
        all.extend(arguments);
        all
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(&self.arguments(arguments))
    }

    /// The exit code, and the findings as `file:line`.
    fn findings(&self, arguments: &[&str]) -> (i32, Vec<String>) {
        let ran = self.run(arguments);
        let report = ran.json();
        (ran.code, findings(&report))
    }
}

fn findings(report: &Value) -> Vec<String> {
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let place = |finding: &Value| {
        format!(
            "{}:{}",
            finding["file"].as_str().expect("a file"),
            finding["line"]
        )
    };
    findings.iter().map(place).collect()
}

const INCLUDING: &str = "-r requirements-base.txt\nok==1.0\n";
const BASE: &str = "# base\nkiln==2.0\n";

#[test]
fn one_file_is_scanned_with_what_it_includes() {
    let scan = Scan::new(&[
        ("requirements.txt", INCLUDING),
        ("deps.list", INCLUDING),
        ("requirements-base.txt", BASE),
        ("app/requirements.txt", "--requirement=../requirements-base.txt\n"),
    ]);
    let found = (1, vec!["requirements-base.txt:2".to_owned()]);
    assert_eq!(scan.findings(&["requirements.txt"]), found);
    assert_eq!(scan.findings(&["--as", "requirements.txt", "deps.list"]), found);
    // All of the folder: the included file is a lockfile of its own, and found once.
    assert_eq!(scan.findings(&[]), found);
    // It lies outside of what was asked for, and outside of git nothing says how far the tree goes.
    let ran = scan.run(&["app"]);
    assert_eq!(ran.code, 3);
    assert!(ran.out.contains("is outside the tree"), "{}", ran.out);
    let ran = scan.sandbox.run_on(
        &scan.arguments(&["--stdin", "requirements.txt"]),
        INCLUDING.as_bytes(),
    );
    assert_eq!(ran.code, 3);
}

#[test]
fn an_included_file_that_is_ignored_is_read() {
    let scan = Scan::new(&[
        (
            "requirements.txt",
            "-r requirements-base.txt\n-r gen/requirements.txt\nok==1.0\n",
        ),
        ("requirements-base.txt", BASE),
        ("gen/requirements.txt", "kiln==3.0\n"),
        (".gitignore", "requirements-base.txt\ngen/\n"),
    ]);
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "x"]] {
        scan.sandbox.git(arguments);
    }
    let found = vec![
        "gen/requirements.txt:1".to_owned(),
        "requirements-base.txt:2".to_owned(),
    ];
    assert_eq!(scan.findings(&[]), (1, found));
    // The commit has none of them.
    let ran = scan.run(&["--refs", "main"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
}

#[test]
fn an_included_file_that_is_excluded_is_read() {
    let scan = Scan::new(&[
        ("setup.txt", "kiln==2.0\n"),
        (
            "requirements.txt",
            "-r requirements/base.txt\n-c requirements/pins.txt\nok==1.0\nglaze\n",
        ),
        ("requirements/base.txt", "kiln==2.0\n"),
        ("requirements/pins.txt", "glaze==1.0\n"),
        (
            "lockkeeper.yml",
            "schema: lockkeeper.policy/1\nexclude: [\"requirements/**\"]\n",
        ),
    ]);
    assert_eq!(
        scan.findings(&[]),
        (1, vec!["requirements/base.txt:1".to_owned()])
    );
    // One that nothing includes stays out.
    scan.sandbox.write("requirements.txt", "ok==1.0\n");
    assert_eq!(scan.findings(&[]), (0, Vec::new()));
}

#[test]
fn a_circle_of_includes_ends() {
    let scan = Scan::new(&[
        ("requirements.txt", "-r requirements-base.txt\n"),
        ("requirements-base.txt", "-r requirements.txt\nkiln==2.0\n"),
    ]);
    let found = (1, vec!["requirements-base.txt:2".to_owned()]);
    assert_eq!(scan.findings(&["requirements.txt"]), found);
    assert_eq!(scan.findings(&["requirements-base.txt"]), found);
    assert_eq!(scan.findings(&[]), found);
}

#[test]
fn a_folder_called_requirements_is_what_it_is_from_wherever_it_is_named() {
    let scan = Scan::new(&[
        ("requirements/dev.txt", "kiln==2.0\n"),
        ("requirements/deep/dev.txt", "kiln==2.0\n"),
        ("other/dev.txt", "kiln==2.0\n"),
    ]);
    let whole = (1, vec!["requirements/dev.txt:1".to_owned()]);
    let inside = (1, vec!["dev.txt:1".to_owned()]);
    let from_inside = |scan: &Scan| {
        let mut command = scan.sandbox.command(&scan.arguments(&["."]));
        let output = command
            .current_dir(scan.sandbox.work().join("requirements"))
            .output()
            .expect("the program runs");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code().unwrap_or(-1), findings(&report))
    };
    let check = |scan: &Scan| {
        assert_eq!(scan.findings(&[]), whole);
        assert_eq!(scan.findings(&["requirements"]), inside);
        assert_eq!(scan.findings(&["requirements/dev.txt"]), inside);
        assert_eq!(from_inside(scan), inside);
        assert_eq!(scan.run(&["other"]).code, 4);
        assert_eq!(scan.run(&["other/dev.txt"]).code, 2);
    };
    check(&scan);
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "x"]] {
        scan.sandbox.git(arguments);
    }
    check(&scan);
    assert_eq!(scan.findings(&["requirements", "--refs", "main"]), inside);
    assert_eq!(scan.findings(&["requirements/dev.txt", "--refs", "main"]), inside);
}

/// What a clone is called says nothing of what is in it.
#[test]
fn a_clone_called_requirements_is_no_such_folder() {
    let scan = Scan::new(&[("requirements/notes.txt", "kiln==2.0\n")]);
    let clone = scan.sandbox.work().join("requirements");
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "x"]] {
        git(&clone, arguments);
    }
    assert_eq!(scan.run(&["requirements"]).code, 4);
}
