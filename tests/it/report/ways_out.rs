//! What a person reads where a run cannot go on: what is asked of the wrong command, without a network, without a database.

use crate::support::program::{Ran, Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// Commands that need an advisory database.
pub(super) const ASKING: &[&[&str]] = &[
    &["scan"],
    &["status"],
    &["gate", "--release", "main"],
    &["explain", "GHSA-bad"],
    &["plan"],
    &["fix"],
    &["backport"],
];

fn bad() -> [serde_json::Value; 1] {
    [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))]
}

/// A work tree with one affected package, committed on `main`.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "x"]);
    sandbox
}

/// Everything that was printed, with each space once.
fn told(ran: &Ran) -> String {
    let text = format!("{}{}", ran.out, ran.err);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_run_without_the_network_is_sent_to_files_first() {
    let sandbox = repository();
    sandbox.index("whole.lkdb", &bad(), NOW);
    let cache = sandbox.path("cache");
    let environment = [("LOCKKEEPER_CACHE", cache.to_str().expect("a path"))];
    for command in ASKING {
        let arguments = [&["--offline"], *command].concat();
        let ran = sandbox.run_with(&arguments, &environment);
        assert_eq!(ran.code, 3, "{command:?} {}{}", ran.out, ran.err);
        let told = told(&ran);
        let at = |words: &str| told.find(words);
        let (build, update) = (at("`lockkeeper db build SOURCE…`"), at("`lockkeeper db update`"));
        assert!(build.is_some() && build < update, "{command:?} {told}");
    }
    let built = sandbox.run_with(
        &["db", "build", "../whole.lkdb-osv", "--as-of", NOW],
        &environment,
    );
    assert_eq!(built.code, 0, "{}", built.err);
    let ran = sandbox.run_with(&["--offline", "scan", "--now", NOW], &environment);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
}

#[test]
fn a_format_of_another_command_is_not_taken_for_a_misspelt_one() {
    let sandbox = repository();
    for (command, format) in [
        (&["status"][..], "sarif"),
        (&["gate", "--release", "main"], "openvex"),
        (&["plan"], "html"),
        (&["backport"], "sarif"),
    ] {
        let ran = sandbox.run(&[command, &["--format", format]].concat());
        let told = told(&ran);
        assert_eq!(ran.code, 2, "{told}");
        assert!(
            told.contains(&format!("this command writes no {format}")),
            "{told}"
        );
        assert!(
            told.contains("hint: Give one of: ") && !told.contains("did you mean"),
            "{told}"
        );
    }
    let ran = sandbox.run(&["scan", "--format", "sariff"]);
    assert!(told(&ran).contains("did you mean `sarif`?"), "{}", told(&ran));
}

#[test]
fn plans_of_release_lines_without_a_database_are_whole_documents() {
    let sandbox = repository();
    let index = sandbox.path("none.lkdb");
    let index = index.to_str().expect("a path");
    for command in [
        &["backport"][..],
        &["plan", "--refs", "main"],
        &["fix", "--refs", "main"],
    ] {
        let ran = sandbox.run(&[command, &["--db", index, "--now", NOW, "--format", "json"]].concat());
        assert_eq!(ran.code, 3, "{command:?} {}", ran.err);
        let plan = ran.json();
        assert_eq!(
            (&plan["verdict"], &plan["exit_code"]),
            (&"incomplete".into(), &3.into()),
            "{command:?}"
        );
        assert_eq!(plan["targets"][0]["ref"], "refs/heads/main", "{command:?} {plan}");
        assert_eq!(plan["lines"][0]["state"], "unknown", "{command:?} {plan}");
    }
}

#[test]
fn two_paths_to_one_place_are_read_once() {
    let sandbox = repository();
    let index = sandbox.index("index.lkdb", &bad(), NOW);
    let work = sandbox.work();
    let work = work.to_str().expect("a path");
    let scan = |paths: &[&str]| {
        let rest = ["--db", &index, "--now", NOW, "--format", "json"];
        sandbox.run(&[&["scan"], paths, &rest].concat()).json()
    };
    let once = scan(&["."]);
    assert_eq!(once["counts"]["findings"], 1);
    for paths in [&[".", "."][..], &[".", work], &["./Cargo.lock", "Cargo.lock"]] {
        let twice = scan(paths);
        assert_eq!(twice["counts"], once["counts"], "{paths:?}");
        assert_eq!(twice["targets"].as_array().map(Vec::len), Some(1), "{paths:?}");
    }
    #[cfg(unix)]
    {
        let link = sandbox.path("link");
        std::os::unix::fs::symlink(work, &link).expect("a link");
        let link = link.to_str().expect("a path");
        assert_eq!(scan(&[link, work])["counts"], once["counts"]);
    }
    // Two places are two.
    sandbox.write("other/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    assert_eq!(scan(&["Cargo.lock", "other"])["counts"]["findings"], 2);
}

#[test]
fn what_no_advisory_can_speak_of_is_not_called_unpinned() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.write(
        "Chart.lock",
        "dependencies:\n- name: redis\n  repository: https://registry.example/charts\n  version: 18.1.0\n",
    );
    let index = sandbox.index("index.lkdb", &bad(), NOW);
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW]);
    let told = told(&ran);
    assert!(told.contains("Not checked in full: "), "{told}");
    assert!(told.contains("1 of 2 dependencies checked"), "{told}");
    assert!(!told.contains("not pinned"), "{told}");
}

#[test]
fn what_is_done_by_hand_stands_beside_the_command_of_other_folders() {
    let sandbox = Sandbox::new();
    let berry = |range: &str| {
        format!(
            "__metadata:\n  version: 8\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  \
             dependencies:\n    top: \"npm:^1.0.0\"\n  linkType: soft\n\n\"left@npm:{range}\":\n  version: 1.0.0\n  resolution: \
             \"left@npm:1.0.0\"\n  linkType: hard\n\n\"top@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"top@npm:1.0.0\"\n  \
             dependencies:\n    left: \"npm:{range}\"\n  linkType: hard\n"
        )
    };
    sandbox.write("one/yarn.lock", berry("^1.0.0"));
    sandbox.write("two/yarn.lock", berry("1.0.0"));
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-left", "npm", "left", "0", Some("1.1.0"))],
        NOW,
    );
    let rest = ["--db", &index, "--now", NOW];
    let run = |words: &[&str]| sandbox.run(&[&["scan"], words, &rest].concat());
    for text in [
        told(&run(&[])),
        run(&["--format", "markdown"]).out,
        run(&["--format", "html"]).out,
    ] {
        assert!(text.contains("yarn up -R left"), "{text}");
        assert!(
            text.contains("In other folders: What brings it does not allow that version"),
            "{text}"
        );
    }
    // With `-v` the second place is listed too.
    assert!(!told(&run(&[])).contains("two/yarn.lock"), "{}", run(&[]).out);
    assert!(
        told(&run(&["-v"])).contains("two/yarn.lock:"),
        "{}",
        run(&["-v"]).out
    );
}
