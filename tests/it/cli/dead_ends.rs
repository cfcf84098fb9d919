//! Messages where something is missing, damaged or misspelt: the counts are right, the file is named, and what is proposed works.

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// The words of a text, whatever its lines.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_dependency_without_a_version_counts_and_not_the_listed_ones_alone() {
    let sandbox = Sandbox::new();
    let index = sandbox.index("index.lkdb", &[record("GHSA-x", "PyPI", "x", "0", None)], NOW);
    let mut text = String::new();
    for number in 0..97 {
        text.push_str(&format!("exact-{number}==1.0\n"));
    }
    for number in 0..261 {
        text.push_str(&format!("open-{number}>=1.0\n"));
    }
    sandbox.write("requirements.txt", text);
    // It reads the same lines, and each of them is one dependency.
    sandbox.write("requirements-dev.txt", "-r requirements.txt\n");
    let scan = |flags: &[&str]| {
        let arguments = ["scan", "--db", &index, "--now", NOW];
        sandbox.run(&[&arguments[..], flags].concat())
    };
    let ran = scan(&[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        words(&ran.out).contains("97 of 358 dependencies checked"),
        "{}",
        ran.out
    );
    let counts = scan(&["--format", "json"]).json()["counts"].clone();
    assert_eq!(
        (&counts["checked"], &counts["unchecked"]),
        (&97.into(), &261.into())
    );
    // With -v each entry is listed, and what makes the file whole.
    let full = scan(&["-v"]);
    assert!(full.out.contains("open-42 has no exact pin"), "{}", full.out);
    assert!(full.out.contains("Pin it with `==`"), "{}", full.out);
    let mut text = String::from("module example.com/a\n\ngo 1.20\n\nrequire (\n");
    for number in 0..150 {
        text.push_str(&format!("\texample.com/open{number} latest\n"));
    }
    sandbox.write("go.mod", text + ")\n");
    sandbox.index("go.lkdb", &[record("GO-1", "Go", "x", "0", None)], NOW);
    let index = index.replace("index.lkdb", "go.lkdb");
    let ran = sandbox.run(&["scan", "go.mod", "--db", &index, "--now", NOW]);
    assert!(
        words(&ran.out).contains("of 151 dependencies checked"),
        "{}",
        ran.out
    );
}
