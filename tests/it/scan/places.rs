//! Where code scanning shows what was found: under which category, and at which file where a lockfile is a symbolic link.
#![cfg(unix)]

use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::action::step::step;
use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("9.0.0"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q", "-b", "main"]);
    (sandbox, index)
}

fn commit(sandbox: &Sandbox) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "--date=2026-01-20T00:00:00Z", "-m", "one"]);
}

fn bad(sandbox: &Sandbox, name: &str) {
    sandbox.write(name, cargo_lock(&[("bad", "1.0.0")]));
}

fn sarif(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> Value {
    let mut all = vec!["scan", "--db", index, "--now", NOW, "--format", "sarif"];
    all.extend(arguments);
    sandbox.run(&all).json()
}

fn category(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> String {
    let report = sarif(sandbox, index, arguments);
    report["runs"][0]["automationDetails"]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

#[test]
fn the_category_tells_what_was_scanned() {
    let (sandbox, index) = prepared();
    for name in [
        "Cargo.lock",
        "web/Cargo.lock",
        "web/requirements.txt",
        "api/Cargo.lock",
        "a+b/Cargo.lock",
    ] {
        sandbox.write(
            name,
            if name.ends_with("txt") {
                "x==1\n".to_owned()
            } else {
                cargo_lock(&[("bad", "1.0.0")])
            },
        );
    }
    commit(&sandbox);
    for (paths, expected) in [
        (vec![], "lockkeeper/"),
        (vec!["."], "lockkeeper/"),
        (vec!["web"], "lockkeeper/web/"),
        (vec!["web/"], "lockkeeper/web/"),
        (vec!["Cargo.lock"], "lockkeeper/Cargo.lock/"),
        (vec!["web/Cargo.lock"], "lockkeeper/web/Cargo.lock/"),
        (vec!["web/requirements.txt"], "lockkeeper/web/requirements.txt/"),
        (vec!["web", "api"], "lockkeeper/api+web/"),
        (vec!["api", "web"], "lockkeeper/api+web/"),
        (
            vec!["web/Cargo.lock", "api", "api"],
            "lockkeeper/api+web/Cargo.lock/",
        ),
        (vec!["a+b"], "lockkeeper/a%2Bb/"),
        (vec!["web", "."], "lockkeeper/"),
        (vec!["web", "--category", "nightly"], "lockkeeper/nightly/"),
        (vec!["--category", "/team/api/ "], "lockkeeper/team/api/"),
        (vec!["web", "--category=größe 2"], "lockkeeper/größe 2/"),
    ] {
        assert_eq!(category(&sandbox, &index, &paths), expected, "{paths:?}");
    }
    // The same on every ref.
    sandbox.git(&["branch", "release/1.0"]);
    for name in ["main", "release/1.0"] {
        let one = category(&sandbox, &index, &["web/Cargo.lock", "--refs", name]);
        assert_eq!(one, "lockkeeper/web/Cargo.lock/", "{name}");
    }
    // Long lists stay different, and short.
    let deep = "d/".repeat(150);
    let names = ["one", "two"].map(|name| {
        bad(&sandbox, &format!("{deep}{name}/Cargo.lock"));
        category(&sandbox, &index, &[&format!("{deep}{name}")])
    });
    assert!(
        names[0] != names[1] && names.iter().all(|name| name.len() < 240),
        "{names:?}"
    );
    // What cannot be seen in a name is spelled out.
    bad(&sandbox, "line\nbreak/Cargo.lock");
    assert_eq!(
        category(&sandbox, &index, &["line\nbreak"]),
        "lockkeeper/line%0Abreak/"
    );
}

#[test]
fn a_category_is_a_short_name_on_one_line() {
    let (sandbox, index) = prepared();
    bad(&sandbox, "Cargo.lock");
    let long = "x".repeat(201);
    for name in ["", " / ", "a\nb", "a\u{1b}[31mb", "a\u{202e}b", &long] {
        let ran = sandbox.run(&[
            "scan",
            "--db",
            &index,
            "--now",
            NOW,
            &format!("--category={name}"),
        ]);
        assert_eq!(ran.code, 2, "{name:?} {}", ran.err);
        assert!(ran.err.contains("--category"), "{}", ran.err);
    }
    let id = category(&sandbox, &index, &["--category", &long[1..]]);
    assert_eq!(id, format!("lockkeeper/{}/", &long[1..]));
}

#[test]
fn the_step_has_the_category_as_an_input() {
    let (sandbox, index) = prepared();
    bad(&sandbox, "Cargo.lock");
    commit(&sandbox);
    let ran = step(
        &sandbox,
        &[("INPUT_DATABASE", &index), ("INPUT_CATEGORY", "strict")],
    );
    assert_eq!(ran.code, 1, "{}", ran.err);
    let written = std::fs::read(sandbox.work().join("lockkeeper.sarif")).expect("a report");
    let report: Value = serde_json::from_slice(&written).expect("SARIF");
    assert_eq!(report["runs"][0]["automationDetails"]["id"], "lockkeeper/strict/");
    for mode in ["gate", "status"] {
        let ran = step(
            &sandbox,
            &[
                ("INPUT_DATABASE", &index),
                ("INPUT_CATEGORY", "x"),
                ("INPUT_MODE", mode),
            ],
        );
        assert_eq!(ran.code, 2, "{mode} {}", ran.err);
    }
}

/// File, fingerprint and message of each result.
fn results(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let results = report["runs"][0]["results"].as_array().expect("results");
    let one = |result: &Value| {
        (
            text(&result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]),
            text(&result["partialFingerprints"]["primaryLocationLineHash"]),
            text(&result["message"]["text"]),
        )
    };
    results.iter().map(one).collect()
}

#[test]
fn a_linked_lockfile_is_one_result_where_the_link_leads() {
    let (sandbox, index) = prepared();
    bad(&sandbox, "shared/Cargo.lock");
    for folder in ["app", "far/off"] {
        std::fs::create_dir_all(sandbox.work().join(folder)).expect("a folder");
    }
    symlink("../shared/Cargo.lock", sandbox.work().join("app/Cargo.lock")).expect("a link");
    // A link to a link.
    symlink("../../app/Cargo.lock", sandbox.work().join("far/off/Cargo.lock")).expect("a link");
    sandbox.git(&["add", "-A"]);
    let alone = results(&sarif(&sandbox, &index, &["shared"]));
    let whole = results(&sarif(&sandbox, &index, &[]));
    assert_eq!((alone.len(), whole.len()), (1, 1), "{whole:?}");
    commit(&sandbox);
    let on_refs = ["--refs", "main"];
    for paths in [
        &[][..],
        &["app"],
        &["app/Cargo.lock"],
        &["far/off"],
        &["far"],
        &["app", "shared"],
    ] {
        for taken in [&[][..], &["--staged"], &on_refs] {
            // One file tells of one ref.
            if paths.len() > 1 && taken.first() == Some(&"--refs") {
                continue;
            }
            let arguments: Vec<&str> = paths.iter().chain(taken).copied().collect();
            let found = results(&sarif(&sandbox, &index, &arguments));
            let [(file, fingerprint, message)] = found.as_slice() else {
                panic!("{arguments:?} {found:?}");
            };
            assert_eq!(
                (file.as_str(), fingerprint),
                ("shared/Cargo.lock", &alone[0].1),
                "{arguments:?}"
            );
            let link = match paths.first() {
                Some(first) if first.starts_with("far") => "far/off/Cargo.lock",
                Some(_) | None => "app/Cargo.lock",
            };
            assert!(message.contains(link), "{arguments:?} {message}");
        }
    }
    assert!(!alone[0].2.contains("app/"), "{alone:?}");
    // One annotation too, at the file itself.
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index)]);
    let told: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.starts_with("::error"))
        .collect();
    assert!(
        told.len() == 1 && told[0].contains("file=shared/Cargo.lock"),
        "{}",
        ran.out
    );
}

/// What is accepted at one end of a link is not accepted at the other.
#[test]
fn the_worst_of_a_linked_lockfile_counts() {
    for accepted in ["shared", "app"] {
        let (sandbox, index) = prepared();
        bad(&sandbox, "shared/Cargo.lock");
        std::fs::create_dir_all(sandbox.work().join("app")).expect("a folder");
        symlink("../shared/Cargo.lock", sandbox.work().join("app/Cargo.lock")).expect("a link");
        sandbox.write(
            "lockkeeper.yml",
            format!(
                "exceptions: [{{id: GHSA-bad, reason: a, expires: 2026-12-31, path: '{accepted}/**'}}]\n"
            ),
        );
        let report = sarif(&sandbox, &index, &[]);
        let results = report["runs"][0]["results"].as_array().expect("results");
        assert_eq!(results.len(), 1, "{accepted}");
        assert_eq!(results[0]["properties"]["state"], "affected", "{accepted}");
        assert!(
            results[0]["suppressions"].as_array().is_none_or(Vec::is_empty),
            "{accepted}"
        );
    }
}

#[test]
fn links_that_lead_out_or_round_stay_gaps() {
    let (sandbox, index) = prepared();
    std::fs::write(sandbox.path("Cargo.lock"), cargo_lock(&[("bad", "1.0.0")])).expect("a file");
    std::fs::create_dir_all(sandbox.work().join("app")).expect("a folder");
    symlink("../../Cargo.lock", sandbox.work().join("app/Cargo.lock")).expect("a link");
    symlink("Cargo.lock", sandbox.work().join("Cargo.lock")).expect("a link");
    std::fs::create_dir_all(sandbox.work().join("gone")).expect("a folder");
    symlink("nowhere", sandbox.work().join("gone/Cargo.lock")).expect("a link");
    commit(&sandbox);
    for taken in [&[][..], &["--staged"], &["--refs", "main"]] {
        let mut all = vec!["scan", "--db", &index, "--now", NOW, "--format", "json"];
        all.extend(taken);
        let ran = sandbox.run(&all);
        let report = ran.json();
        assert_eq!(
            (ran.code, &report["counts"]["findings"]),
            (3, &Value::from(0)),
            "{taken:?}"
        );
        let mut blind: Vec<&str> = report["coverage"]["blind"]
            .as_array()
            .expect("gaps")
            .iter()
            .map(|gap| gap["file"].as_str().expect("a file"))
            .collect();
        blind.sort_unstable();
        assert_eq!(
            blind,
            ["Cargo.lock", "app/Cargo.lock", "gone/Cargo.lock"],
            "{taken:?}"
        );
        let found = results(&sarif(&sandbox, &index, taken));
        assert_eq!(found, [], "{taken:?}");
    }
}
