//! Messages where something is missing, damaged or misspelt: the counts are right, the file is named, and what is proposed works.

use std::net::TcpListener;

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn bad() -> [serde_json::Value; 1] {
    [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))]
}

fn shop() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0"), ("good", "1.0.0")]));
    let index = sandbox.index("index.lkdb", &bad(), NOW);
    (sandbox, index)
}

fn committed(sandbox: &Sandbox) {
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "x"]);
}

/// An address that nobody listens at.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

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
    let mut text = String::from(
        "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>b</artifactId><version>1</version><dependencies>\n",
    );
    for number in 0..1_500 {
        text.push_str(&format!(
            "<dependency><groupId>g</groupId><artifactId>open-{number}</artifactId></dependency>\n"
        ));
    }
    sandbox.write("pom.xml", text + "</dependencies></project>\n");
    sandbox.index("maven.lkdb", &[record("M-1", "Maven", "x:y", "0", None)], NOW);
    let index = index.replace("go.lkdb", "maven.lkdb");
    let json = sandbox.run(&[
        "scan", "pom.xml", "--db", &index, "--now", NOW, "--format", "json",
    ]);
    assert_eq!(json.json()["counts"]["unchecked"], 1_500);
}

#[test]
fn what_comes_next_uses_the_database_of_this_run() {
    let (sandbox, index) = shop();
    committed(&sandbox);
    for command in [
        &["scan"][..],
        &["status"],
        &["gate", "--release", "main"],
        &["explain", "bad"],
    ] {
        let arguments = [command, &["--db", &index, "--now", NOW]].concat();
        let ran = sandbox.run_with(&arguments, &[("COLUMNS", "400")]);
        let next = ran.out.lines().find_map(|line| line.strip_prefix("Next: "));
        let Some(next) = next else {
            // One advisory is explained whole.
            assert_eq!(command[0], "explain", "{}{}", ran.out, ran.err);
            continue;
        };
        for command in next.split(" · ") {
            let arguments: Vec<&str> = command.split(' ').skip(1).collect();
            let ran = sandbox.run(&[&arguments[..], &["--now", NOW, "--offline"]].concat());
            assert!(ran.code < 2, "{command}: {} {}", ran.code, ran.err);
        }
    }
    // What is told with the reason is not told again, and never for another file.
    sandbox.write("cut.lkdb", "LOCKKEEP");
    for command in ["scan", "status"] {
        let ran = sandbox.run(&[command, "--db", "cut.lkdb", "--now", NOW]);
        assert!(
            words(&ran.out).contains("`lockkeeper db build --db cut.lkdb SOURCE…`"),
            "{}",
            ran.out
        );
        assert!(!ran.out.contains("Next:"), "{}", ran.out);
        assert!(ran.out.contains("cut short: 8 bytes are there"), "{}", ran.out);
    }
}

#[test]
fn a_failure_is_told_once() {
    let (sandbox, index) = shop();
    committed(&sandbox);
    for arguments in [&["gate", "--release", "mian"][..], &["scan", "--base", "mian"]] {
        let arguments = [arguments, &["--db", &index, "--now", NOW]].concat();
        let ran = sandbox.run(&arguments);
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
        assert_eq!(ran.err.matches("did you mean `main`?").count(), 1, "{}", ran.err);
        // Documents have it all the same.
        let json = sandbox
            .run(&[&arguments[..], &["--format", "json"]].concat())
            .json();
        assert_eq!(json["exit_code"], 3);
    }
}

#[test]
fn what_a_clone_lacks_is_fetched_by_the_command_that_is_named() {
    let (sandbox, index) = shop();
    committed(&sandbox);
    sandbox.git(&["branch", "release/1.0"]);
    sandbox.git(&["tag", "v1.0"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "y"]);
    let address = format!("file://{}", sandbox.work().display());
    let clone = sandbox.path("clone");
    let place = clone.to_str().expect("a path");
    sandbox.git(&["clone", "-q", "--depth", "1", "--no-tags", &address, place]);
    for (command, name) in [
        (&["gate", "--release"][..], "release/1.0"),
        (&["gate", "--release"], "v1.0"),
        (&["scan", "--base"], "origin/release/1.0"),
    ] {
        let arguments = [command, &[name, place, "--db", &index, "--now", NOW]].concat();
        let ran = sandbox.run(&arguments);
        assert_eq!(ran.code, 3, "{}", ran.err);
        let fetch = ran.err.split('`').find(|words| words.starts_with("git fetch "));
        let fetch = fetch.unwrap_or_else(|| panic!("{}", ran.err));
        let fetch: Vec<&str> = fetch.split(' ').skip(1).collect();
        sandbox.git(&[&["-C", place][..], &fetch].concat());
        let ran = sandbox.run(&arguments);
        assert!(!ran.err.contains("no commit of this clone"), "{}", ran.err);
    }
}

#[test]
fn explaining_and_updating_name_the_other_ways_and_the_proxy() {
    let (sandbox, _) = shop();
    let proxy = closed();
    let environment = [("HTTPS_PROXY", proxy.as_str())];
    let explained = sandbox.run_with(&["explain", "bad"], &environment);
    assert_eq!(explained.code, 5, "{}", explained.err);
    assert!(
        explained
            .err
            .contains("2 packages in 1 lockfile were not checked"),
        "{}",
        explained.err
    );
    let updated = sandbox.run_with(&["db", "update"], &environment);
    assert_eq!(updated.code, 5, "{}", updated.err);
    for ran in [explained, updated] {
        assert!(ran.err.contains("lockkeeper db build"), "{}", ran.err);
        assert!(
            ran.err.contains(&format!("(HTTPS_PROXY is {proxy})")),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_log_is_told_that_another_update_is_waited_for() {
    let (sandbox, index) = shop();
    let downloads = sandbox.work().join("downloads");
    std::fs::create_dir_all(&downloads).expect("a folder");
    let held = std::fs::File::create(downloads.join("lock")).expect("a lock");
    held.lock().expect("a lock");
    let arguments = ["db", "update", "--from", &index, "--db", "new.lkdb", "--now", NOW];
    let child = sandbox.command(&arguments).spawn().expect("the program starts");
    std::thread::sleep(std::time::Duration::from_millis(1_000));
    drop(held);
    let output = child.wait_with_output().expect("the program ends");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("another update works in "), "{told}");
    assert!(told.contains("downloads; waiting for it to end"), "{told}");
}

#[test]
fn a_policy_that_leaves_nothing_says_so() {
    let (sandbox, index) = shop();
    committed(&sandbox);
    sandbox.write("lockkeeper.yml", "exclude: [\"**\"]\n");
    for command in [&["scan"][..], &["status"], &["gate", "--release", "main"]] {
        let ran = sandbox.run(&[command, &["--db", &index, "--now", NOW]].concat());
        assert_eq!(ran.code, 4, "{}", ran.err);
        assert!(ran.out.contains("the policy excludes 1 path"), "{}", ran.out);
        assert!(!ran.out.contains("scan FOLDER"), "{}", ran.out);
    }
    let allowed = sandbox.run(&["scan", "--allow-empty", "--db", &index, "--now", NOW]);
    assert_eq!(allowed.code, 0);
    assert!(!allowed.out.contains("Next:"), "{}", allowed.out);
}

#[test]
fn a_repository_without_branches_says_so() {
    let (sandbox, index) = shop();
    sandbox.git(&["init", "-q", "-b", "main"]);
    let ran = sandbox.run(&["status", "--db", &index, "--now", NOW]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("has no branch and no tag"), "{}", ran.err);
    committed(&sandbox);
    assert_eq!(sandbox.run(&["status", "--db", &index, "--now", NOW]).code, 0);
}

#[test]
fn an_exception_goes_to_the_policy_that_decides() {
    let (sandbox, index) = shop();
    committed(&sandbox);
    sandbox.write(".github/lockkeeper.yml", "schema: lockkeeper.policy/1\n");
    for command in [&["explain", "GHSA-bad"][..], &["gate", "--release", "main"]] {
        let ran = sandbox.run(&[command, &["--db", &index, "--now", NOW]].concat());
        assert!(
            words(&ran.out).contains("exception for GHSA-bad to .github/lockkeeper.yml,"),
            "{}",
            ran.out
        );
    }
}

#[test]
fn a_database_that_the_policy_does_not_ask_for_has_a_whole_way_out() {
    let (sandbox, index) = shop();
    let digest = format!("sha256:{}", "0".repeat(64));
    sandbox.write("lockkeeper.yml", format!("database: {{digest: {digest:?}}}\n"));
    let arguments = ["scan", "--db", &index, "--now", NOW];
    let ran = sandbox.run_with(&arguments, &[("COLUMNS", "80")]);
    assert_eq!(ran.code, 3);
    assert!(
        words(&ran.out).contains("or change `database.digest` in the policy."),
        "{}",
        ran.out
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_said_to_be_missing() {
    let (sandbox, index) = shop();
    std::os::unix::fs::symlink("nowhere", sandbox.work().join("package-lock.json")).expect("a link");
    let socket = std::os::unix::net::UnixListener::bind(sandbox.work().join("uv.lock"));
    let arguments = ["--db", &index, "--now", NOW];
    let ran = sandbox.run(&[&["scan", "package-lock.json"][..], &arguments].concat());
    assert!(
        ran.err.contains("is a symbolic link that leads nowhere"),
        "{}",
        ran.err
    );
    let ran = sandbox.run(&[&["scan", "uv.lock"][..], &arguments].concat());
    assert!(ran.err.contains("is neither a file nor a folder"), "{}", ran.err);
    drop(socket);
    let ran = sandbox.run(&[&["scan"][..], &arguments].concat());
    assert!(
        words(&ran.out).contains("Put a file there that can be read"),
        "{}",
        ran.out
    );
}

#[test]
fn unsupported_lockfiles_are_one_entry_of_the_grid_for_each_format() {
    let (sandbox, index) = shop();
    for file in ["glide.lock", "a/glide.lock", "b/glide.lock"] {
        sandbox.write(file, "x");
    }
    committed(&sandbox);
    let ran = sandbox.run(&["status", "--db", &index, "--now", NOW]);
    assert_eq!(
        ran.out.matches("glide.lock is not supported").count(),
        1,
        "{}",
        ran.out
    );
    assert!(ran.out.contains("a/glide.lock:1, and 2 more"), "{}", ran.out);
}

#[test]
fn packages_count_once() {
    let sandbox = Sandbox::new();
    let text = r#"{"name": "a", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "a"},
        "node_modules/x": {"version": "1.0.0"}, "node_modules/y": {"version": "1.0.0"},
        "node_modules/y/node_modules/x": {"version": "1.0.0"}}}"#;
    sandbox.write("package-lock.json", text);
    let ran = sandbox.run(&["packages"]);
    assert!(ran.out.starts_with("2 packages in 1 lockfile"), "{}", ran.out);
    assert!(ran.out.contains("2 packages in 3 locations"), "{}", ran.out);
}

#[test]
fn misspelt_names_have_the_nearest() {
    let (sandbox, index) = shop();
    let policy = sandbox.write("folder/policy.yml", "schema: lockkeeper.policy/1\n");
    let policy = policy
        .to_str()
        .expect("a path")
        .replace("policy.yml", "polcy.yml");
    let db = index.replace("index.lkdb", "indxe.lkdb");
    for (arguments, nearest) in [
        (&["scan", "Crgo.lock", "--db", &index][..], "Cargo.lock"),
        (&["scan", "--policy", &policy, "--db", &index], "policy.yml"),
        (&["scan", "--db", &db], "index.lkdb"),
        (&["db", "status", "--db", &db], "index.lkdb"),
        (&["scan", "--format", "jsno", "--db", &index], "json"),
        (
            &["scan", "--as", "Cargo.lok", "Cargo.lock", "--db", &index],
            "Cargo.lock",
        ),
        (&["explain", "GHSA-bda", "--db", &index], "GHSA-bad"),
        (&["explain", "badd", "--db", &index], "bad"),
        (&["explain", "pkg:carg/bad", "--db", &index], "cargo"),
        (&["db", "show", "GSHA-bad", "--db", &index], "GHSA-bad"),
        (&["version", "nmp", "1", "2"], "npm"),
        (&["man", "scna"], "scan"),
    ] {
        let ran = sandbox.run(arguments);
        let told = words(&format!("{}{}", ran.out, ran.err));
        assert!(ran.code > 1, "{arguments:?}");
        assert!(
            told.contains("did you mean `") && told.contains(&format!("{nearest}`?")),
            "{arguments:?}: {told}"
        );
    }
    let ran = sandbox.run(&["scan", "--ignore", "GHSA-bda", "--db", &index, "--now", NOW]);
    assert!(
        words(&ran.out).contains("no finding has this id; did you mean `GHSA-bad`?"),
        "{}",
        ran.out
    );
    // Another number is another advisory.
    let ran = sandbox.run(&["db", "show", "CVE-2021-44229", "--db", &index]);
    assert!(!ran.out.contains("did you mean"), "{}", ran.out);
}

#[test]
fn a_file_that_is_in_no_tree_is_named_whole() {
    let (sandbox, index) = shop();
    committed(&sandbox);
    let arguments = ["--db", &index, "--now", "2026-02-28"];
    let ask =
        "database: {refuse-age: 20d}\nrules:\n  - {name: a, when: {known-exploited: true}, then: fail}\n";
    let policy = sandbox.path("policy.yml");
    std::fs::write(&policy, ask).expect("a policy");
    let policy = policy.to_str().expect("a path");
    for command in [
        &["scan"][..],
        &["scan", "."],
        &["status"],
        &["explain", "GHSA-bad"],
    ] {
        let ran = sandbox.run(&[command, &["--policy", policy], &arguments].concat());
        let told = ran.out.lines().any(|line| {
            let line = line.trim_start();
            line == index || line.starts_with(&format!("{index}  "))
        });
        assert!(told, "{command:?}: {}{}", ran.out, ran.err);
    }
    let json = sandbox.run(&[&["scan", "--policy", policy, "--format", "json"][..], &arguments].concat());
    assert_eq!(json.json()["coverage"]["blind"][0]["file"], index);
    std::fs::write(policy, "rulez: []\n").expect("a policy");
    let ran = sandbox.run(&[&["scan", "--policy", policy][..], &arguments].concat());
    assert!(ran.err.contains(&format!("error: {policy}:1:1: ")), "{}", ran.err);
}

#[test]
fn a_database_with_one_byte_changed_is_named_wherever_it_is_met() {
    let (sandbox, index) = shop();
    let good = std::fs::read(&index).expect("the index");
    // What is opened is whole: the damage is met when a block is touched.
    let mut met = 0;
    for at in (0..good.len()).rev().step_by(150) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        std::fs::write(&index, &bytes).expect("the index");
        for command in [&["scan"][..], &["explain", "bad"], &["db", "show", "GHSA-bad"]] {
            let ran = sandbox.run(&[command, &["--db", &index, "--now", NOW]].concat());
            let told = words(&format!("{}{}", ran.out, ran.err));
            if ran.code < 3 {
                continue;
            }
            met += 1;
            assert!(told.contains(&format!("{index}: ")), "{command:?} {at}: {told}");
            assert!(
                told.contains(&format!("--db {index}")),
                "{command:?} {at}: {told}"
            );
        }
        let built = sandbox.run(&[
            "db",
            "build",
            &format!("{index}-osv"),
            "--db",
            &index,
            "--as-of",
            NOW,
        ]);
        assert_eq!(built.code, 0, "{at}: {}", built.err);
    }
    assert!(met > 20, "{met}");
}

#[test]
fn a_log_has_two_lines_of_what_takes_long() {
    let (sandbox, index) = shop();
    let arguments = ["scan", "--stdin", "Cargo.lock", "--db", &index, "--now", NOW];
    let slow = |flags: &[&str]| {
        let mut child = sandbox
            .command(&[&arguments[..], flags].concat())
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(std::time::Duration::from_millis(3_200));
        drop(child.stdin.take());
        let output = child.wait_with_output().expect("the program ends");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let told = slow(&[]);
    let told: Vec<&str> = told.lines().collect();
    assert!(told.len() == 2 && told[0] == "reading lockfiles", "{told:?}");
    assert!(told[1].starts_with("done after "), "{told:?}");
    assert_eq!(slow(&["--quiet"]), "");
}

#[test]
fn the_next_command_looks_at_the_same_place() {
    let (sandbox, index) = shop();
    sandbox.write("shop/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.write("own.yml", "rules: [{name: all, then: warn}]\n");
    std::fs::remove_file(sandbox.work().join("Cargo.lock")).expect("a file");
    committed(&sandbox);
    let two = sandbox.index(
        "two.lkdb",
        &[
            record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1")),
            record("GHSA-old", "crates.io", "bad", "0", Some("0.9.0")),
        ],
        NOW,
    );
    let next = |line: &[&str], db: &str| {
        let ran = sandbox.run(&[line, &["--db", db, "--now", NOW]].concat());
        let out = words(&ran.out.replace(" ·", ""));
        let (_, next) = out
            .split_once("Next: ")
            .unwrap_or_else(|| panic!("{}{}", ran.out, ran.err));
        next.to_owned()
    };
    let same = format!("shop --db {index}");
    let gate = next(&["gate", "--release", "main", "shop"], &index);
    assert!(
        gate.starts_with(&format!(
            "lockkeeper explain GHSA-bad {same} lockkeeper status {same}"
        )),
        "{gate}"
    );
    let status = next(&["status", "shop"], &index);
    assert!(
        status.starts_with(&format!(
            "lockkeeper gate --release main {same} lockkeeper explain GHSA-bad {same}"
        )),
        "{status}"
    );
    let explain = next(&["explain", "bad", "shop", "--policy", "own.yml"], &two);
    assert!(
        explain.starts_with(&format!(
            "lockkeeper explain GHSA-bad shop --policy own.yml --db {two}"
        )),
        "{explain}"
    );
}

#[test]
fn a_pre_release_that_fixes_it_is_named() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("early", "1.0.0")]));
    let early = record("GHSA-early", "crates.io", "early", "0", Some("2.0.0-alpha.1"));
    let index = sandbox.index("index.lkdb", &[early], NOW);
    let run = |line: &[&str]| words(&sandbox.run(&[line, &["--db", &index, "--now", NOW]].concat()).out);
    let scan = run(&["scan"]);
    assert!(scan.contains("only a pre-release fixes it"), "{scan}");
    let explain = run(&["explain", "GHSA-early"]);
    assert!(
        explain.contains("Only a pre-release is known to fix it: 2.0.0-alpha.1."),
        "{explain}"
    );
    assert!(
        explain.contains("or take the pre-release 2.0.0-alpha.1"),
        "{explain}"
    );
    let markdown = run(&["scan", "--format", "markdown"]);
    assert!(markdown.contains("only a pre-release fixes it"), "{markdown}");
    for text in [scan, explain, markdown] {
        assert!(
            !text.contains("no fix yet") && !text.contains("no fixed version"),
            "{text}"
        );
    }
}
