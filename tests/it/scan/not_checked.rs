//! What is not matched never counts as clean: packages from elsewhere than the registry, and runs that checked nothing.

use serde_json::{Value, json};

use crate::support::program::{Ran, Sandbox, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [
        record("GHSA-lib", "npm", "lib", "0", None),
        record("GHSA-wheel", "PyPI", "wheelhouse", "0", None),
        record("GHSA-tool", "crates.io", "tool", "0", None),
        record("GHSA-other", "crates.io", "other", "0", None),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    (sandbox, index)
}

fn scan(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["scan", "--db", index, "--now", NOW];
    all.extend(arguments);
    sandbox.run(&all)
}

fn reasons(report: &Value) -> Vec<String> {
    let partial = report["coverage"]["partial"].as_array().expect("gaps");
    let told = partial.iter().map(|gap| {
        let text = |key: &str| gap[key].as_str().expect("a text").to_owned();
        format!("{}:{} {}", text("file"), gap["line"], text("reason"))
    });
    told.collect()
}

/// A `Cargo.lock` of these (name, version, source), all under one root.
fn cargo_lock(packages: &[(&str, &str, &str)]) -> String {
    let mut text =
        String::from("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n");
    for (name, ..) in packages {
        text.push_str(&format!(" \"{name}\",\n"));
    }
    text.push_str("]\n");
    for (name, version, source) in packages {
        text.push_str(&format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\n"
        ));
    }
    text
}

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";
const COMMIT: &str = "0123456789012345678901234567890123456789";

fn npm_lock() -> String {
    let git = |name: &str| format!("git+ssh://git@files.example/{name}.git#{COMMIT}");
    json!({"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"fine": "1", "lib": "git", "second": "git"}},
        "node_modules/fine": {"version": "1.0.0", "resolved": "https://registry.example/fine/-/fine-1.0.0.tgz"},
        "node_modules/lib": {"version": "1.0.0", "resolved": git("lib")},
        "node_modules/second": {"version": "2.0.0", "resolved": git("second")},
    }})
    .to_string()
}

#[test]
fn packages_from_elsewhere_are_gaps_of_their_kind() {
    let (sandbox, index) = prepared();
    sandbox.write("web/package-lock.json", npm_lock());
    sandbox.write(
        "tools/Cargo.lock",
        cargo_lock(&[
            ("fine", "1.0.0", REGISTRY),
            ("other", "1.0.0", "registry+https://registry.example/index"),
            (
                "tool",
                "1.0.0",
                &format!("git+https://files.example/tool?branch=x#{COMMIT}"),
            ),
        ]),
    );
    let ran = scan(&sandbox, &index, &["--format", "json"]);
    let report = ran.json();
    assert_eq!(
        (ran.code, report["verdict"].as_str()),
        (0, Some("pass")),
        "{}",
        ran.err
    );
    assert_eq!(
        reasons(&report),
        [
            "tools/Cargo.lock:19 1 package from another registry was not checked: other",
            "tools/Cargo.lock:24 1 package from git was not checked: tool",
            "web/package-lock.json:1 2 packages from git were not checked: lib, second",
        ]
    );
    let counts = &report["counts"];
    assert_eq!(
        (&counts["packages"], &counts["checked"], &counts["unchecked"]),
        (&json!(6), &json!(2), &json!(4))
    );
    assert_eq!(report["coverage"]["complete"], true);
    assert_eq!(report["targets"][0]["files"][0]["state"], "partial");

    let terminal = scan(&sandbox, &index, &[]).out;
    assert!(terminal.starts_with("✓ PASS"), "{terminal}");
    let headline = terminal.split("\n\n").next().unwrap_or_default();
    assert!(headline.contains("2 of 6 dependencies checked"), "{terminal}");
    let markdown = scan(&sandbox, &index, &["--format", "markdown"]).out;
    assert!(markdown.contains("2 of 6 dependencies checked."), "{markdown}");
    assert!(
        markdown.contains("2 packages from git were not checked"),
        "{markdown}"
    );
    let html = scan(&sandbox, &index, &["--format", "html"]).out;
    assert!(html.contains("2 of 6 dependencies checked"), "{html}");
    let sarif = scan(&sandbox, &index, &["--format", "sarif"]).json();
    let told = sarif["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert_eq!(told.matches("not checked").count(), 3, "{told}");

    sandbox.write("lockkeeper.yml", "coverage: strict\n");
    let strict = scan(&sandbox, &index, &["--format", "json"]);
    assert_eq!(
        (strict.code, strict.json()["verdict"].as_str()),
        (3, Some("incomplete"))
    );
}

#[test]
fn a_gap_names_a_few_packages_and_counts_the_rest() {
    let (sandbox, index) = prepared();
    let names: Vec<String> = (10..60).map(|number| format!("crate-{number}")).collect();
    let source = format!("git+https://files.example/all#{COMMIT}");
    let mut packages: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "1.0.0", source.as_str()))
        .collect();
    packages.push(("fine", "1.0.0", REGISTRY));
    sandbox.write("Cargo.lock", cargo_lock(&packages));
    let report = scan(&sandbox, &index, &["--format", "json"]).json();
    let told = reasons(&report);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("50 packages from git were not checked: crate-10, crate-11"),
        "{told:?}"
    );
    assert!(told[0].ends_with("crate-19 and 40 more"), "{told:?}");
    assert_eq!(report["counts"]["unchecked"], 50);
}

#[test]
fn own_modules_are_no_gap() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"member\",\n]\n\n\
         [[package]]\nname = \"member\"\nversion = \"0.1.0\"\n",
    );
    let ran = scan(&sandbox, &index, &["--format", "json"]);
    assert_eq!((ran.code, reasons(&ran.json()).len()), (0, 0), "{}", ran.out);
    assert_eq!(ran.json()["counts"]["unchecked"], 0);
}

#[test]
fn a_run_that_could_check_nothing_is_incomplete() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "requirements.txt",
        "one>=1\ntwo\nwheelhouse @ git+https://files.example/wheelhouse@v1\n",
    );
    let ran = scan(&sandbox, &index, &["--format", "json"]);
    let report = ran.json();
    assert_eq!(
        (ran.code, report["verdict"].as_str()),
        (3, Some("incomplete")),
        "{}",
        ran.out
    );
    assert_eq!(report["coverage"]["complete"], false);
    assert_eq!(report["targets"][0]["coverage"]["complete"], false);
    assert_eq!(
        (&report["counts"]["checked"], &report["counts"]["unchecked"]),
        (&json!(0), &json!(3))
    );
    for format in ["terminal", "markdown", "html"] {
        let told = scan(&sandbox, &index, &["--format", format]).out;
        assert!(told.contains("0 of 3 dependencies checked"), "{format}: {told}");
    }
    let sarif = scan(&sandbox, &index, &["--format", "sarif"]).json();
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told = invocation["toolExecutionNotifications"]
        .as_array()
        .expect("notifications");
    assert!(told.iter().any(|each| each["level"] == "error"), "{told:?}");

    // One that can be checked is enough for a verdict; the rest is told.
    sandbox.write("other/requirements.txt", "fine==1.0\n");
    let ran = scan(&sandbox, &index, &["--format", "json"]);
    assert_eq!(
        (ran.code, ran.json()["coverage"]["complete"].as_bool()),
        (0, Some(true))
    );
    // Nothing listed is nothing left out.
    sandbox.write("requirements.txt", "# nothing yet\n");
    let ran = scan(&sandbox, &index, &["--format", "json", "requirements.txt"]);
    assert_eq!(
        (ran.code, ran.json()["counts"]["unchecked"].as_u64()),
        (0, Some(0))
    );
}

#[test]
fn a_line_without_a_checked_dependency_is_unknown_and_not_clean() {
    let (sandbox, index) = prepared();
    sandbox.write("requirements.txt", "wheelhouse==1.0\n");
    let work = sandbox.work();
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "."],
        &["commit", "--quiet", "--message", "one"],
    ] {
        git(&work, arguments);
    }
    git(&work, &["checkout", "--quiet", "-b", "release/1"]);
    sandbox.write(
        "requirements.txt",
        "wheelhouse @ git+https://files.example/wheelhouse@v1\n",
    );
    git(&work, &["commit", "--quiet", "--all", "--message", "two"]);
    let ran = sandbox.run(&[
        "status",
        "--db",
        &index,
        "--now",
        NOW,
        "--refs",
        "main,release/1",
        "--format",
        "json",
    ]);
    let cells = &ran.json()["rows"][0]["cells"];
    assert_eq!(cells["refs/heads/main"]["state"], "affected", "{}", ran.out);
    assert_eq!(cells["refs/heads/release/1"]["state"], "unknown", "{}", ran.out);
    let gate = sandbox.run(&["gate", "--release", "release/1", "--db", &index, "--now", NOW]);
    assert_eq!(gate.code, 3, "{}{}", gate.out, gate.err);
}

#[test]
fn a_package_counts_once_in_however_many_files_it_stands() {
    let (sandbox, index) = prepared();
    let records = [
        record("GHSA-one", "PyPI", "one", "0", None),
        record("GHSA-two", "PyPI", "two-parts", "0", None),
    ];
    let index_of_two = sandbox.index("two.lkdb", &records, NOW);
    sandbox.write("a/requirements.txt", "one==1.0\ntwo_parts==2.0\n");
    sandbox.write("b/requirements.txt", "one==1.0\nTwo.Parts==2.0\n");
    let report = scan(&sandbox, &index_of_two, &["--format", "json"]).json();
    assert_eq!(report["counts"]["packages"], 2);
    assert_eq!(report["counts"]["findings"], 4);
    assert_eq!(report["counts"]["advisories"], 2);
    assert_eq!(report["counts"]["by_severity"]["high"], 4);
    assert_eq!(
        report["counts"]["by_decision"],
        json!({"fail": 4, "note": 0, "warn": 0})
    );
    for format in ["terminal", "markdown", "html"] {
        let told = scan(&sandbox, &index_of_two, &["--format", format]).out;
        assert!(told.contains("in 2 of 2 packages"), "{format}: {told}");
    }
    // A copied lockfile, given twice as PATH too.
    sandbox.write("c/Cargo.lock", cargo_lock(&[("tool", "1.0.0", REGISTRY)]));
    sandbox.write("d/Cargo.lock", cargo_lock(&[("tool", "1.0.0", REGISTRY)]));
    let told = scan(&sandbox, &index, &["c", "d"]).out;
    assert!(told.contains("in 1 of 1 package"), "{told}");
}
