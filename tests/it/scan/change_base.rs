//! What a change is held against: both sides by one policy, the merge base and the tip, submodules by their commits, and a
//! clone that lacks what the base had.

use serde_json::{Value, json};

use crate::action::step::{outputs, step};
use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [
        record("GHSA-pot", "npm", "cracked-pot", "0", Some("2.0.0")),
        record("GHSA-wheel", "crates.io", "loose-wheel", "0", Some("2.0.0")),
        record("GHSA-axle", "crates.io", "bent-axle", "0", Some("2.0.0")),
        record("MAL-2026-7", "npm", "thief", "0", None),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    (sandbox, index)
}

fn commit(sandbox: &Sandbox, message: &str) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", message]);
}

fn scan(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["scan", "--db", index, "--now", NOW, "--format", "json"];
    all.extend(arguments);
    sandbox.run(&all)
}

/// `package file: change decision` of each finding.
fn changes(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let mut lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            format!(
                "{} {}: {} {}",
                text(&finding["package"]["name"]),
                text(&finding["file"]),
                text(&finding["change"]),
                text(&finding["decision"]),
            )
        })
        .collect();
    lines.sort();
    lines
}

/// A package-lock.json with `cracked-pot` 1.0.0 in `list`, and what else its entry says.
fn npm_lock(list: &str, marks: Value) -> String {
    let mut entry = json!({"version": "1.0.0"});
    let marks = marks.as_object().expect("an object").clone();
    entry.as_object_mut().expect("an object").extend(marks);
    let mut root = json!({"name": "shop", "version": "1.0.0"});
    root[list] = json!({"cracked-pot": "^1.0.0"});
    json!({
        "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {"": root, "node_modules/cracked-pot": entry},
    })
    .to_string()
}

fn for_development() -> String {
    npm_lock("devDependencies", json!({"dev": true}))
}

fn shipped() -> String {
    npm_lock("dependencies", json!({}))
}

const DEV_WARNS: &str =
    "rules:\n  - name: tools-warn\n    when: {class: vulnerability, scope: dev}\n    then: warn\n";

#[test]
fn what_ships_now_is_escalated_in_every_report() {
    let (sandbox, index) = prepared();
    sandbox.write("lockkeeper.yml", DEV_WARNS);
    sandbox.write("package-lock.json", for_development());
    commit(&sandbox, "Begin");
    assert_eq!(scan(&sandbox, &index, &[]).code, 0, "main passes");
    sandbox.git(&["checkout", "-qb", "topic"]);
    sandbox.write("package-lock.json", shipped());
    commit(&sandbox, "Ship it");
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        (ran.code, changes(&ran)),
        (
            1,
            vec!["cracked-pot package-lock.json: escalated fail".to_owned()]
        )
    );
    let reason = ran.json()["targets"][0]["findings"][0]["reason"].to_string();
    assert!(reason.contains("tools-warn"), "{reason}");
    for (format, word) in [
        ("terminal", "1 escalated"),
        ("markdown", "**escalated since the base**"),
        ("html", "escalated since the base"),
        ("sarif", "\"updated\""),
    ] {
        let arguments = [
            "scan", "--db", &index, "--now", NOW, "--base", "main", "--format", format,
        ];
        let ran = sandbox.run(&arguments);
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains(word), "{format}: {}", ran.out);
    }
    // The other way round nothing gets worse, and what stays is no change.
    sandbox.write("package-lock.json", for_development());
    assert_eq!(
        changes(&scan(&sandbox, &index, &["--base", "main"])),
        ["cracked-pot package-lock.json: pre_existing warn"]
    );
}

#[test]
fn whatever_let_it_pass_at_the_base_and_does_not_here_is_escalated() {
    for (policy, before, after) in [
        // From an option to what always ships.
        (
            "rules: [{when: {scope: optional}, then: warn}]\n",
            (
                "package-lock.json",
                npm_lock("optionalDependencies", json!({"optional": true})),
            ),
            ("package-lock.json", shipped()),
        ),
        // To a path that the exception does not cover.
        (
            "exceptions: [{id: GHSA-pot, path: 'tools/**', reason: only tools, expires: 2026-12-31}]\n",
            ("tools/package-lock.json", shipped()),
            ("shop/package-lock.json", shipped()),
        ),
        // To one that the rule does not reach.
        (
            "rules: [{when: {path: 'tools/**'}, then: note}]\n",
            ("tools/package-lock.json", shipped()),
            ("package-lock.json", shipped()),
        ),
        // From the base's ref to one that the rule does not speak of.
        (
            "rules: [{when: {ref: main}, then: warn}]\n",
            ("package-lock.json", shipped()),
            ("package-lock.json", shipped()),
        ),
    ] {
        let (sandbox, index) = prepared();
        sandbox.write("lockkeeper.yml", policy);
        sandbox.write(before.0, before.1);
        commit(&sandbox, "Begin");
        assert_eq!(scan(&sandbox, &index, &[]).code, 0, "{policy}");
        sandbox.git(&["checkout", "-qb", "topic"]);
        std::fs::remove_file(sandbox.work().join(before.0)).expect("a file");
        sandbox.write(after.0, after.1);
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-q", "--allow-empty", "-m", "Change"]);
        let ran = scan(&sandbox, &index, &["--base", "main"]);
        assert_eq!(
            (ran.code, changes(&ran)),
            (1, vec![format!("cracked-pot {}: escalated fail", after.0)]),
            "{policy}"
        );
    }
}

#[test]
fn time_alone_escalates_nothing() {
    for policy in [
        "rules: [{when: {class: vulnerability}, then: fail, after: 365d}]\n",
        "exceptions: [{id: GHSA-pot, reason: until then, expires: 2026-01-31}]\n",
    ] {
        let (sandbox, index) = prepared();
        sandbox.write("lockkeeper.yml", policy);
        sandbox.write("package-lock.json", shipped());
        commit(&sandbox, "Begin");
        sandbox.git(&["checkout", "-qb", "topic"]);
        sandbox.write("README.md", "hello\n");
        for now in ["2026-01-15T00:00:00Z", NOW, "2026-01-31T23:59:59Z"] {
            let ran = sandbox.run(&[
                "scan", "--db", &index, "--now", now, "--format", "json", "--base", "main",
            ]);
            assert!(
                changes(&ran)[0].contains(": pre_existing "),
                "{policy}: {:?}",
                changes(&ran)
            );
        }
    }
}

#[test]
fn what_ships_as_well_is_not_for_development_only() {
    let (sandbox, index) = prepared();
    sandbox.write("lockkeeper.yml", DEV_WARNS);
    // One place for development, one that ships, the same version.
    let mut lock: Value = serde_json::from_str(&for_development()).expect("JSON");
    lock["packages"][""]["dependencies"] = json!({"kiln": "^1.0.0"});
    lock["packages"]["node_modules/kiln"] =
        json!({"version": "1.0.0", "dependencies": {"cracked-pot": "^1.0.0"}});
    lock["packages"]["node_modules/kiln/node_modules/cracked-pot"] = json!({"version": "1.0.0"});
    sandbox.write("package-lock.json", lock.to_string());
    let ran = scan(&sandbox, &index, &[]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
}

#[test]
fn what_the_tip_has_is_not_introduced() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("calm", "1.0.0")]));
    commit(&sandbox, "Begin");
    sandbox.git(&["checkout", "-qb", "topic"]);
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("calm", "1.0.0"), ("loose-wheel", "1.0.0")]),
    );
    commit(&sandbox, "Take a wheel");
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("calm", "1.0.0"), ("loose-wheel", "1.0.0")]),
    );
    commit(&sandbox, "Take the same wheel");
    sandbox.git(&["checkout", "-q", "topic"]);
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        (ran.code, changes(&ran)),
        (0, vec!["loose-wheel Cargo.lock: pre_existing warn".to_owned()])
    );
    // What neither of the two has is brought in.
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("calm", "1.0.0")]));
    commit(&sandbox, "Take it off again");
    sandbox.git(&["checkout", "-q", "topic"]);
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("bent-axle", "1.0.0"), ("loose-wheel", "1.0.0")]),
    );
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        changes(&ran),
        [
            "bent-axle Cargo.lock: introduced fail",
            "loose-wheel Cargo.lock: introduced fail"
        ]
    );
}

/// A clone of a repository whose `main` holds a flaw, with the request's merge checked out, as a workflow does it.
fn clone(sandbox: &Sandbox, name: &str, filter: &[&str]) -> std::path::PathBuf {
    let folder = sandbox.path(name);
    std::fs::create_dir(&folder).expect("a folder");
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    sandbox.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let origin = format!("file://{}", sandbox.work().display());
    git(&folder, &["init", "-q"]);
    git(&folder, &["remote", "add", "origin", &origin]);
    let mut fetch = vec!["fetch", "-q", "--no-tags"];
    fetch.extend(filter);
    fetch.extend(["origin", "+refs/heads/*:refs/remotes/origin/*"]);
    git(&folder, &fetch);
    git(&folder, &["checkout", "-q", "--detach", "origin/topic"]);
    folder
}

#[test]
fn what_a_filter_left_out_of_the_base_is_never_called_introduced() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("loose-wheel", "1.0.0")]));
    commit(&sandbox, "Begin");
    sandbox.git(&["checkout", "-qb", "topic"]);
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("loose-wheel", "1.0.0"), ("calm", "1.0.0")]),
    );
    commit(&sandbox, "Be calm");
    let run = |folder: &std::path::Path, format: &str| {
        let folder = folder.to_str().expect("a path");
        sandbox.run(&[
            "scan",
            folder,
            "--db",
            &index,
            "--now",
            NOW,
            "--base",
            "origin/main",
            "--format",
            format,
        ])
    };
    assert_eq!(run(&clone(&sandbox, "whole", &[]), "json").code, 0);
    let blobless = clone(&sandbox, "blobless", &["--filter=blob:none"]);
    let ran = run(&blobless, "json");
    assert_eq!(
        (ran.code, changes(&ran)),
        (3, vec!["loose-wheel Cargo.lock: unknown warn".to_owned()])
    );
    let blind = ran.json()["coverage"]["blind"].to_string();
    let id = sandbox.git(&["rev-parse", "main:Cargo.lock"]);
    for word in [id.as_str(), "filter", "git fetch --refetch --no-filter"] {
        assert!(blind.contains(word) || ran.out.contains(word), "{word}: {blind}");
    }
    for format in ["terminal", "markdown", "html", "sarif"] {
        assert_eq!(run(&blobless, format).code, 3, "{format}");
    }
    let sarif: Value = serde_json::from_str(&run(&blobless, "sarif").out).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"][0].get("baselineState"), None);
    // Without the filter it is known; the way that the hint tells is the one that works.
    git(&blobless, &["fetch", "-q", "origin"]);
    assert_eq!(run(&blobless, "json").code, 3, "a plain fetch brings nothing");
    git(&blobless, &["fetch", "-q", "--refetch", "--no-filter"]);
    let ran = run(&blobless, "json");
    assert_eq!(
        (ran.code, changes(&ran)),
        (0, vec!["loose-wheel Cargo.lock: pre_existing warn".to_owned()])
    );
    // A clone without trees lacks the base itself.
    let treeless = clone(&sandbox, "treeless", &["--filter=tree:0"]);
    let ran = run(&treeless, "json");
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("--no-filter"), "{}", ran.err);
}

#[test]
fn what_does_not_hang_on_the_base_is_judged_without_it() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("loose-wheel", "1.0.0")]));
    sandbox.write("other/Cargo.lock", cargo_lock(&[("calm", "1.0.0")]));
    commit(&sandbox, "Begin");
    sandbox.git(&["checkout", "-qb", "topic"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("loose-wheel", "2.0.0")]));
    sandbox.write("README.md", "mended\n");
    commit(&sandbox, "Upgrade");
    let blobless = clone(&sandbox, "blobless", &["--filter=blob:none"]);
    let folder = blobless.to_str().expect("a path");
    let arguments = [
        "scan",
        folder,
        "--db",
        &index,
        "--now",
        NOW,
        "--base",
        "origin/main",
    ];
    assert_eq!(sandbox.run(&arguments).code, 0, "nothing is left to bring in");
    // A file that is the same on both sides is in the clone, and one that came beside it is introduced.
    std::fs::create_dir(blobless.join("new")).expect("a folder");
    std::fs::write(
        blobless.join("new/Cargo.lock"),
        cargo_lock(&[("bent-axle", "1.0.0")]),
    )
    .expect("a file");
    let mut json = arguments.to_vec();
    json.extend(["--format", "json"]);
    let ran = sandbox.run(&json);
    assert_eq!(
        (ran.code, changes(&ran)),
        (1, vec!["bent-axle new/Cargo.lock: introduced fail".to_owned()])
    );
}

#[test]
fn the_step_counts_what_escalates_among_what_blocks() {
    let (sandbox, index) = prepared();
    sandbox.write("lockkeeper.yml", DEV_WARNS);
    sandbox.write("package-lock.json", for_development());
    commit(&sandbox, "Begin");
    sandbox.git(&["checkout", "-qb", "topic"]);
    sandbox.write("package-lock.json", shipped());
    commit(&sandbox, "Ship it");
    let ran = step(&sandbox, &[("INPUT_DATABASE", &index), ("INPUT_BASE", "main")]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let outputs = outputs(&sandbox);
    assert_eq!(
        [&outputs["findings"], &outputs["blocking"], &outputs["introduced"]],
        ["1", "1", "0"]
    );
}

/// `lib` as a submodule at `vendor/lib` with a flaw, which has a submodule with another one; `topic` is checked out.
fn with_submodules(sandbox: &Sandbox) -> std::path::PathBuf {
    let make = |name: &str, package: &str| {
        let folder = sandbox.path(name);
        std::fs::create_dir(&folder).expect("a folder");
        git(&folder, &["init", "-q"]);
        std::fs::write(folder.join("Cargo.lock"), cargo_lock(&[(package, "1.0.0")])).expect("a file");
        git(&folder, &["add", "-A"]);
        git(&folder, &["commit", "-qm", "Begin"]);
        folder
    };
    let (deep, lib) = (make("deep", "bent-axle"), make("lib", "loose-wheel"));
    let add = |folder: &std::path::Path, from: &std::path::Path, at: &str| {
        let from = from.to_str().expect("a path");
        git(folder, &["submodule", "--quiet", "add", from, at]);
        git(folder, &["commit", "-qm", "Take a submodule"]);
    };
    add(&lib, &deep, "deps/deep");
    sandbox.write("README.md", "one\n");
    commit(sandbox, "Begin");
    add(&sandbox.work(), &lib, "vendor/lib");
    sandbox.git(&["submodule", "--quiet", "update", "--init", "--recursive"]);
    sandbox.git(&["checkout", "-qb", "topic"]);
    lib
}

#[test]
fn a_submodule_that_did_not_move_brings_nothing_in() {
    let (sandbox, index) = prepared();
    let lib = with_submodules(&sandbox);
    sandbox.write("README.md", "two\n");
    sandbox.git(&["commit", "-qam", "Say more"]);
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        (ran.code, changes(&ran)),
        (
            0,
            vec![
                "bent-axle vendor/lib/deps/deep/Cargo.lock: pre_existing warn".to_owned(),
                "loose-wheel vendor/lib/Cargo.lock: pre_existing warn".to_owned(),
            ]
        ),
        "{}",
        ran.err
    );
    // One that moves to another folder brings nothing in either.
    sandbox.git(&["mv", "vendor/lib", "third"]);
    sandbox.git(&["commit", "-qam", "Move the folder"]);
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert!(
        changes(&ran).contains(&"loose-wheel third/Cargo.lock: moved warn".to_owned()),
        "{:?}",
        changes(&ran)
    );
    std::fs::remove_dir_all(sandbox.work().join("third")).expect("a folder");
    // One that moves to another commit answers for what that brings, and for nothing else.
    sandbox.git(&["checkout", "-q", "-f", "-B", "topic", "main"]);
    sandbox.git(&["submodule", "--quiet", "update", "--init", "--recursive"]);
    std::fs::write(
        lib.join("Cargo.lock"),
        cargo_lock(&[("loose-wheel", "1.0.0"), ("bent-axle", "1.0.0")]),
    )
    .expect("a file");
    git(&lib, &["commit", "-qam", "Take an axle"]);
    let inside = sandbox.work().join("vendor/lib");
    git(&inside, &["fetch", "-q", "origin"]);
    git(&inside, &["checkout", "-q", "origin/main"]);
    sandbox.git(&["commit", "-qam", "Move the submodule"]);
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        (ran.code, changes(&ran)),
        (
            1,
            vec![
                "bent-axle vendor/lib/Cargo.lock: introduced fail".to_owned(),
                "bent-axle vendor/lib/deps/deep/Cargo.lock: pre_existing warn".to_owned(),
                "loose-wheel vendor/lib/Cargo.lock: pre_existing warn".to_owned(),
            ]
        )
    );
}

#[test]
fn a_submodule_without_the_commit_of_the_base_is_not_compared() {
    let (sandbox, index) = prepared();
    let lib = with_submodules(&sandbox);
    std::fs::write(lib.join("README.md"), "more\n").expect("a file");
    git(&lib, &["add", "-A"]);
    git(&lib, &["commit", "-qm", "Say more"]);
    let inside = sandbox.work().join("vendor/lib");
    git(&inside, &["fetch", "-q", "origin"]);
    git(&inside, &["checkout", "-q", "origin/main"]);
    sandbox.git(&["commit", "-qam", "Move the submodule"]);
    assert_eq!(scan(&sandbox, &index, &["--base", "main"]).code, 0);
    // A workflow's checkout of depth 1 has the new commit only.
    std::fs::remove_dir_all(&inside).expect("a folder");
    let from = format!("file://{}", lib.display());
    let to = inside.to_str().expect("a path");
    sandbox.git(&["clone", "-q", "--depth=1", &from, to]);
    let ran = scan(&sandbox, &index, &["--base", "main"]);
    assert_eq!(
        (ran.code, changes(&ran)),
        (
            3,
            vec!["loose-wheel vendor/lib/Cargo.lock: unknown warn".to_owned()]
        ),
        "{}",
        ran.err
    );
    assert!(
        ran.json()["coverage"]["blind"]
            .to_string()
            .contains("git -C vendor/lib fetch origin")
    );
}

#[test]
fn a_base_that_is_the_head_says_so() {
    let (sandbox, index) = prepared();
    sandbox.write("package-lock.json", shipped());
    commit(&sandbox, "Begin");
    for base in ["HEAD", "main"] {
        let ran = scan(&sandbox, &index, &["--base", base]);
        let problems = ran.json()["coverage"]["problems"].to_string();
        assert!(
            problems.contains("is the commit that is checked out"),
            "{base}: {problems}"
        );
    }
    // What is not committed is compared all the same.
    sandbox.write("Cargo.lock", cargo_lock(&[("loose-wheel", "1.0.0")]));
    assert_eq!(scan(&sandbox, &index, &["--base", "HEAD"]).code, 1);
}
