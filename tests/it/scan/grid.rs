//! The grid over the release lines of repositories that the tests make, and of real ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::scan::real_data;
use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// A repository with a line for each state of a cell, and an index.
fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let mut other = record("GHSA-other", "crates.io", "bad", "0", Some("1.5.0"));
    other["aliases"] = json!(["CVE-2026-1"]);
    let mut same = record("GHSA-npm", "npm", "bad", "0", Some("2.0.0"));
    same["aliases"] = json!(["CVE-2026-1"]);
    let records = [
        other,
        same,
        record("MAL-2026-9", "npm", "left-pod", "0", None),
        record("GHSA-late", "crates.io", "late", "2.0.0", Some("3.0.0")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    sandbox.git(&["init", "-q"]);
    line(&sandbox, "main", &[("bad", "1.2.0"), ("late", "2.1.0")]);
    line(&sandbox, "release/3.0", &[("bad", "1.6.0"), ("late", "3.1.0")]);
    line(&sandbox, "release/2.0", &[("late", "1.0.0")]);
    line(&sandbox, "release/1.0", &[("bad", "1.0.0")]);
    sandbox.write("Cargo.lock", "version = 4\n[[package]\n");
    commit(&sandbox, "release/0.9");
    (sandbox, index)
}

/// A branch whose only lockfile holds these packages.
fn line(sandbox: &Sandbox, branch: &str, packages: &[(&str, &str)]) {
    sandbox.write("Cargo.lock", cargo_lock(packages));
    commit(sandbox, branch);
}

fn commit(sandbox: &Sandbox, branch: &str) {
    sandbox.git(&["checkout", "-q", "-B", branch]);
    sandbox.git(&["add", "-A"]);
    let output = std::process::Command::new("git")
        .args([
            "-c",
            "user.name=T",
            "-c",
            "user.email=t@example.org",
            "commit",
            "-qm",
            branch,
        ])
        .current_dir(sandbox.work())
        .env("GIT_COMMITTER_DATE", "2026-01-15T00:00:00Z")
        .env("GIT_AUTHOR_DATE", "2026-01-15T00:00:00Z")
        .output()
        .expect("git is installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn run(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> Ran {
    let mut all: Vec<&str> = arguments.to_vec();
    all.extend(["--db", index, "--now", NOW]);
    sandbox.run(&all)
}

/// The cells of the row `id`, as `short ref: state`, after it was seen that each has a reason.
fn cells(report: &Value, id: &str) -> BTreeMap<String, String> {
    let rows = report["rows"].as_array().expect("rows");
    let row = rows
        .iter()
        .find(|row| row["id"] == id)
        .unwrap_or_else(|| panic!("no row {id}"));
    let cells = row["cells"].as_object().expect("cells");
    cells
        .iter()
        .map(|(name, cell)| {
            assert!(
                cell["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
                "{name}: {cell}"
            );
            let short = name.trim_start_matches("refs/heads/").to_owned();
            (short, cell["state"].as_str().expect("a state").to_owned())
        })
        .collect()
}

fn expected(cells: &[(&str, &str)]) -> BTreeMap<String, String> {
    cells
        .iter()
        .map(|(name, state)| ((*name).to_owned(), (*state).to_owned()))
        .collect()
}

#[test]
fn every_cell_has_a_state_and_a_reason() {
    let (sandbox, index) = prepared();
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: CVE-2026-1, reason: fed by us alone, expires: 2026-12-31, ref: release/1.0}\n",
    );
    let ran = run(&sandbox, &index, &["status", "--format", "json"]);
    // A line that could not be judged makes the grid incomplete; that something is affected does not.
    assert_eq!(ran.code, 3, "{}", ran.err);
    let report = ran.json();
    assert_eq!(report["schema"], "lockkeeper.status/1");
    assert_eq!(
        cells(&report, "GHSA-other"),
        expected(&[
            ("main", "affected"),
            ("release/3.0", "fixed"),
            ("release/2.0", "absent"),
            ("release/1.0", "excepted"),
            ("release/0.9", "unknown"),
        ])
    );
    assert_eq!(
        cells(&report, "GHSA-late"),
        expected(&[
            ("main", "affected"),
            ("release/3.0", "fixed"),
            ("release/2.0", "not_affected"),
            ("release/1.0", "absent"),
            ("release/0.9", "unknown"),
        ])
    );
    let row = &report["rows"].as_array().expect("rows")[0]["cells"]["refs/heads/main"];
    assert_eq!(row["occurrences"][0]["file"], "Cargo.lock");
    let unknown = report["rows"][0]["cells"]["refs/heads/release/0.9"]["reason"]
        .as_str()
        .expect("a reason");
    assert!(unknown.contains("Cargo.lock"), "{unknown}");
    sandbox.git(&["branch", "-q", "-D", "release/0.9"]);
    assert_eq!(run(&sandbox, &index, &["status"]).code, 0);
}

#[test]
fn rows_that_share_a_cve_name_each_other() {
    let (sandbox, index) = prepared();
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write(
        "package-lock.json",
        json!({"lockfileVersion": 3, "packages": {"": {}, "node_modules/bad": {"version": "1.0.0"}}})
            .to_string(),
    );
    commit(&sandbox, "main");
    let report = run(
        &sandbox,
        &index,
        &["status", "--refs", "main", "--format", "json"],
    )
    .json();
    let related: BTreeMap<&str, &Value> = report["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (row["id"].as_str().expect("an id"), &row["related"]))
        .collect();
    assert_eq!(related["GHSA-other"], &json!(["GHSA-npm"]));
    assert_eq!(related["GHSA-npm"], &json!(["GHSA-other"]));
    assert_eq!(related["GHSA-late"], &json!([]));
}

#[test]
fn one_run_scans_every_line_and_no_branch_is_special() {
    let (sandbox, index) = prepared();
    let scan = |arguments: &[&str]| {
        run(
            &sandbox,
            &index,
            &[&["scan", "--format", "json"], arguments].concat(),
        )
    };
    let ran = scan(&["--refs", "release/*,main"]);
    assert_eq!(ran.code, 1);
    let report = ran.json();
    let found: BTreeMap<&str, usize> = report["targets"]
        .as_array()
        .expect("targets")
        .iter()
        .map(|target| {
            assert!(
                target["commit"].as_str().is_some_and(|commit| commit.len() == 40),
                "{target}"
            );
            (
                target["ref"].as_str().expect("a ref"),
                target["findings"].as_array().map_or(0, Vec::len),
            )
        })
        .collect();
    assert_eq!(
        found,
        BTreeMap::from([
            ("refs/heads/main", 2),
            ("refs/heads/release/3.0", 0),
            ("refs/heads/release/2.0", 0),
            ("refs/heads/release/1.0", 1),
            ("refs/heads/release/0.9", 0),
        ])
    );
    // A bare repository and a mirror tell the same, wherever their HEAD points.
    git(
        &sandbox.work(),
        &["clone", "-q", "--mirror", ".", "../mirror.git"],
    );
    let mirror = sandbox.path("mirror.git");
    git(&mirror, &["symbolic-ref", "HEAD", "refs/heads/release/1.0"]);
    let mirrored = scan(&[mirror.to_str().expect("a path"), "--refs", "release/*,main"]).json();
    let findings = |report: &Value| -> BTreeSet<String> {
        let targets = report["targets"].as_array().expect("targets");
        targets
            .iter()
            .map(|target| format!("{} {}", target["ref"], target["findings"]))
            .collect()
    };
    assert_eq!(findings(&mirrored), findings(&report));
    // Nothing of that name is a mistake, and no clean scan.
    assert_eq!(scan(&["--refs", "nothing/*"]).code, 2);
}

#[test]
#[cfg(unix)]
fn the_same_lockfile_is_judged_anew_where_what_it_refers_to_differs() {
    let sandbox = Sandbox::new();
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-py", "PyPI", "flask", "0", Some("2.0"))],
        NOW,
    );
    sandbox.git(&["init", "-q"]);
    // On every line the lockfile is the same blob; the file that it includes, and that a link leads to, is not.
    for (branch, version) in [("1.x", "1.0"), ("2.x", "2.0"), ("3.x", "1.0")] {
        sandbox.write("requirements.txt", "-r pins/base.in\n");
        sandbox.write("pins/base.in", format!("flask=={version}\n"));
        sandbox.write("linked/real", format!("flask=={version}\n"));
        let link = sandbox.work().join("linked/requirements.txt");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink("real", &link).expect("a link");
        commit(&sandbox, branch);
    }
    let ran = run(&sandbox, &index, &["scan", "--refs", "*.x", "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let held: BTreeMap<String, usize> = ran.json()["targets"]
        .as_array()
        .expect("targets")
        .iter()
        .map(|target| {
            let name = target["ref"].as_str().expect("a ref").to_owned();
            (name, target["findings"].as_array().map_or(0, Vec::len))
        })
        .collect();
    let named = [
        ("refs/heads/1.x", 2),
        ("refs/heads/2.x", 0),
        ("refs/heads/3.x", 2),
    ];
    assert_eq!(held, named.map(|(name, count)| (name.to_owned(), count)).into());
}

#[test]
fn refs_says_why_each_is_in_or_out() {
    let (sandbox, index) = prepared();
    sandbox.git(&["branch", "-q", "topic/x", "main"]);
    sandbox.write(
        "lockkeeper.yml",
        "lines: {include: [\"release/*\"], newest: 2, end-of-support: {\"release/3.0\": 2026-01-31}}\n",
    );
    let ran = run(&sandbox, &index, &["status", "--format", "json"]);
    let of_status: BTreeSet<String> = ran.json()["targets"]
        .as_array()
        .expect("targets")
        .iter()
        .map(|target| target["ref"].as_str().expect("a ref").to_owned())
        .collect();
    let ran = sandbox.run(&["refs", "--format", "json", "--now", NOW]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let report = ran.json();
    assert_eq!(report["schema"], "lockkeeper.refs/1");
    let refs = report["refs"].as_array().expect("refs");
    let live: BTreeSet<String> = refs
        .iter()
        .filter(|line| line["live"] == true)
        .map(|line| line["ref"].as_str().expect("a ref").to_owned())
        .collect();
    let named = [
        "refs/heads/main",
        "refs/heads/release/1.0",
        "refs/heads/release/2.0",
    ];
    assert_eq!(live, named.map(str::to_owned).into());
    assert_eq!(of_status, live);
    for line in refs {
        assert!(
            line["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
            "{line}"
        );
        assert!(line["committed"].as_str().is_some(), "{line}");
    }
    let warned = report["warnings"].to_string();
    assert!(
        warned.contains("release/3.0"),
        "a newer line is left out: {warned}"
    );
}

#[test]
fn what_a_clone_lacks_is_blind_and_not_clean() {
    let (sandbox, index) = prepared();
    let from = format!("file://{}", sandbox.work().display());
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    sandbox.git(&["checkout", "-q", "main"]);
    git(
        sandbox.path("").as_path(),
        &[
            "clone",
            "-q",
            "--filter=blob:none",
            "-b",
            "main",
            &from,
            "partial",
        ],
    );
    let partial = sandbox.path("partial");
    git(&partial, &["remote", "set-url", "origin", "/nowhere"]);
    let ran = run(
        &sandbox,
        &index,
        &["status", partial.to_str().expect("a path"), "--format", "json"],
    );
    assert_eq!(ran.code, 3, "{}", ran.err);
    let cells = cells(&ran.json(), "GHSA-other");
    assert_eq!(cells["main"], "affected");
    assert_eq!(cells["release/3.0"], "unknown", "its blob is not in this clone");
    // A clone of one branch has one line, and the release that it lacks is named with the way to fetch it.
    git(
        sandbox.path("").as_path(),
        &["clone", "-q", "--depth=1", "-b", "main", &from, "shallow"],
    );
    let shallow = sandbox.path("shallow");
    let shallow = shallow.to_str().expect("a path");
    let gate = run(&sandbox, &index, &["gate", shallow, "--release", "release/3.0"]);
    assert_eq!(gate.code, 3, "{}", gate.out);
    let told = run(
        &sandbox,
        &index,
        &["gate", shallow, "--release", "release/3.0", "--format", "json"],
    );
    assert_eq!(told.json()["verdict"], "incomplete");
    assert!(
        gate.err.contains("release/3.0") && gate.err.contains("fetch-depth"),
        "{}",
        gate.err
    );
}

#[test]
fn a_line_that_cannot_be_read_is_never_clean() {
    let (sandbox, index) = prepared();
    sandbox.git(&["checkout", "-q", "release/3.0"]);
    let scan = |refs: &str| run(&sandbox, &index, &["scan", "--refs", refs, "--format", "json"]);
    assert_eq!(scan("release/3.0").code, 0);
    for broken in ["2222222222222222222222222222222222222222\n", "garbage\n", ""] {
        std::fs::write(sandbox.work().join(".git/refs/heads/release/4.0"), broken).expect("a ref");
        for refs in ["release/3.0,release/4.0", "release/4.0"] {
            let ran = scan(refs);
            assert_eq!(ran.code, 3, "{broken:?} {refs}: {}{}", ran.out, ran.err);
            let report = ran.json();
            assert_eq!(report["coverage"]["complete"], false);
            assert!(
                report["targets"].to_string().contains("refs/heads/release/4.0"),
                "{}",
                report["targets"]
            );
        }
        // One that nobody asked for costs nothing.
        assert_eq!(scan("release/3.0").code, 0, "{broken:?}");
        let status = run(&sandbox, &index, &["status", "--refs", "release/3.0,release/4.0"]);
        assert_eq!(status.code, 3, "{}", status.out);
    }
}

#[test]
fn a_repository_that_cannot_be_opened_is_not_none() {
    let (sandbox, index) = prepared();
    sandbox.git(&["checkout", "-q", "release/3.0"]);
    let git = sandbox.work().join(".git");
    for part in ["HEAD", "objects", "refs"] {
        std::fs::rename(git.join(part), git.join("away")).expect("moved");
        let ran = run(&sandbox, &index, &["scan", "--format", "json"]);
        assert_eq!(ran.code, 3, "{part}: {}{}", ran.out, ran.err);
        std::fs::rename(git.join("away"), git.join(part)).expect("moved back");
    }
    assert_eq!(run(&sandbox, &index, &["scan"]).code, 0);
}

#[test]
fn each_ref_has_a_sarif_file_of_its_own_with_one_category() {
    let (sandbox, index) = prepared();
    let refused = run(
        &sandbox,
        &index,
        &["scan", "--refs", "release/*", "--format", "sarif"],
    );
    assert_eq!(refused.code, 2, "{}", refused.out);
    let pattern = "out/{ref}.sarif";
    std::fs::create_dir(sandbox.work().join("out")).expect("a folder");
    let ran = run(
        &sandbox,
        &index,
        &[
            "scan",
            "--refs",
            "main,release/*",
            "--format",
            "sarif",
            "--output",
            pattern,
        ],
    );
    assert_eq!(ran.code, 1, "{}", ran.err);
    let mut categories = BTreeSet::new();
    for (name, results, complete) in [
        ("main", 2, true),
        ("release-3.0", 0, true),
        ("release-1.0", 1, true),
        ("release-0.9", 0, false),
    ] {
        let path = sandbox.work().join(format!("out/{name}.sarif"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let run = &serde_json::from_str::<Value>(&text).expect("JSON")["runs"][0];
        assert_eq!(run["results"].as_array().map(Vec::len), Some(results), "{name}");
        assert_eq!(run["invocations"][0]["executionSuccessful"], complete, "{name}");
        categories.insert(run["automationDetails"]["id"].to_string());
        let commit = sandbox.git(&["rev-parse", &name.replace("release-", "release/")]);
        assert!(text.contains(&commit), "{name}: the commit is told");
    }
    assert_eq!(categories.len(), 1, "{categories:?}");
}

#[test]
fn history_names_commits_tags_and_lines_of_what_was_once_held() {
    let (sandbox, index) = prepared();
    sandbox.git(&["checkout", "-q", "--orphan", "main2"]);
    let lock = |version: Option<&str>| {
        let mut packages = json!({"": {}});
        if let Some(version) = version {
            packages["node_modules/left-pod"] = json!({"version": version});
        }
        json!({"lockfileVersion": 3, "packages": packages}).to_string()
    };
    let _ = std::fs::remove_file(sandbox.work().join("Cargo.lock"));
    let mut commits = Vec::new();
    for (number, version) in [None, Some("1.3.1"), Some("1.3.1"), None, None]
        .into_iter()
        .enumerate()
    {
        sandbox.write("package-lock.json", lock(version));
        sandbox.write("README.md", number.to_string());
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "step"]);
        commits.push(sandbox.git(&["rev-parse", "HEAD"]));
        sandbox.git(&["tag", &format!("v{number}")]);
        if number == 2 {
            sandbox.git(&["branch", "-q", "9.x"]);
        }
    }
    sandbox.git(&["branch", "-q", "-M", "main2", "main"]);
    let ran = run(
        &sandbox,
        &index,
        &["status", "--history", "--refs", "main,9.x", "--format", "json"],
    );
    let report = ran.json();
    let history = report["history"].as_array().expect("history");
    let of = |name: &str| -> Vec<&Value> {
        let own = history.iter().filter(|entry| entry["ref"] == name);
        own.filter(|entry| entry["package"] == "pkg:npm/left-pod@1.3.1")
            .collect()
    };
    let main = of("refs/heads/main");
    assert_eq!(main.len(), 1, "{history:?}");
    assert_eq!(main[0]["ids"][0], "MAL-2026-9");
    assert_eq!(main[0]["introduced_by"], commits[1].as_str());
    assert_eq!(main[0]["removed_by"], commits[3].as_str());
    assert_eq!(main[0]["tags"], json!(["v1", "v2"]));
    // The other line left before the package went, and holds it still.
    let other = of("refs/heads/9.x");
    assert_eq!((other.len(), &other[0]["removed_by"]), (1, &Value::Null));
    let shown = run(&sandbox, &index, &["status", "--history", "--refs", "main,9.x"]);
    assert!(
        shown.out.contains("left-pod") && shown.out.contains("v2"),
        "{}",
        shown.out
    );
}

#[test]
fn the_grid_tells_when_a_line_was_last_scanned() {
    let (sandbox, index) = prepared();
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.write("lockkeeper.yml", "lines: {scanned-within: 7d}\n");
    let cache = sandbox.path("cache");
    let environment = [("LOCKKEEPER_CACHE", cache.to_str().expect("a path"))];
    let scan = |refs: &str| {
        let arguments = ["scan", "--refs", refs, "--db", &index, "--now", NOW];
        sandbox.run_with(&arguments, &environment)
    };
    let status = |now: &str| {
        let arguments = [
            "status",
            "--refs",
            "main,release/*",
            "--db",
            &index,
            "--format",
            "json",
            "--now",
            now,
        ];
        sandbox.run_with(&arguments, &environment).json()
    };
    // Nothing is noted where there is no cache folder.
    scan("main");
    assert!(!cache.exists());
    std::fs::create_dir(&cache).expect("a folder");
    scan("main,release/0.9");
    let noted = std::fs::read_to_string(cache.join("heartbeat.json")).expect("a note");
    assert!(
        noted.contains("refs/heads/main") && !noted.contains("work"),
        "{noted}"
    );
    let report = status("2026-02-03");
    let lines = report["lines"].as_array().expect("lines");
    let of =
        |name: &str| lines.iter().find(|line| line["ref"] == name).expect("a line")["last_scanned"].clone();
    assert_eq!(of("refs/heads/main"), NOW);
    // What could not be judged in whole was not scanned.
    assert_eq!(of("refs/heads/release/0.9"), Value::Null);
    let warned = |report: &Value, name: &str| {
        let warnings = report["warnings"].as_array().expect("warnings");
        warnings.iter().any(|warning| {
            warning
                .as_str()
                .is_some_and(|warning| warning.starts_with(name) && warning.contains("scan"))
        })
    };
    assert!(
        !warned(&report, "main") && warned(&report, "release/3.0"),
        "{}",
        report["warnings"]
    );
    let later = status("2026-02-09");
    assert!(warned(&later, "main"), "{}", later["warnings"]);
    // A damaged note is none, and the cache knows what is ours.
    std::fs::write(cache.join("heartbeat.json"), "{").expect("a file");
    assert!(warned(&status("2026-02-03"), "main"));
    let cleaned = sandbox.run_with(&["cache", "clean"], &environment);
    assert!(cleaned.out.contains("heartbeat.json"), "{}", cleaned.out);
}

#[test]
fn a_release_is_gated_by_what_its_own_tree_holds() {
    let (sandbox, index) = prepared();
    sandbox.git(&["tag", "v3.0.0", "release/3.0"]);
    sandbox.git(&["tag", "-am", "one", "v1.0.0", "release/1.0"]);
    let gate = |release: &str| {
        run(
            &sandbox,
            &index,
            &["gate", "--release", release, "--format", "json"],
        )
    };
    for release in ["v3.0.0", "release/3.0", "refs/heads/release/3.0", "tags/v3.0.0"] {
        let ran = gate(release);
        assert_eq!(
            (ran.code, ran.json()["verdict"].as_str()),
            (0, Some("pass")),
            "{release}: {}",
            ran.err
        );
    }
    for release in ["v1.0.0", "release/1.0"] {
        let ran = gate(release);
        assert_eq!(ran.code, 1, "{release}: {}", ran.err);
        let report = ran.json();
        assert_eq!(report["schema"], "lockkeeper.gate/1");
        assert_eq!(
            (&report["release"], report["exit_code"].as_u64()),
            (&json!(release), Some(1))
        );
        let blocking = report["blocking"].as_array().expect("blocking");
        assert_eq!(blocking.len(), 1);
        assert_eq!(
            (&blocking[0]["id"], &blocking[0]["file"]),
            (&json!("GHSA-other"), &json!("Cargo.lock"))
        );
        assert!(
            blocking[0]["unblock"].to_string().contains("1.5.0"),
            "{}",
            blocking[0]
        );
    }
    assert_eq!(gate("release/0.9").code, 3);
    // The policy is that of where the command runs, not of the release.
    sandbox.write(
        "lockkeeper.yml",
        "exceptions: [{id: GHSA-other, reason: a, expires: 2026-12-31}]\n",
    );
    assert_eq!(gate("v1.0.0").code, 0);
}

#[test]
fn real_lines_tell_what_their_checkouts_tell() {
    let Some(data) = real_data::data("real_lines_tell_what_their_checkouts_tell") else {
        return;
    };
    let sandbox = Sandbox::new();
    let index = sandbox.path("real.lkdb");
    let index = index.to_str().expect("a path");
    let osv = data.join("osv");
    let built = sandbox.run(&[
        "db",
        "build",
        osv.to_str().expect("a path"),
        "--db",
        index,
        "--as-of",
        NOW,
    ]);
    assert_eq!(built.code, 0, "{}", built.err);
    for project in ["cert-manager", "cloud-hypervisor"] {
        let repository = sandbox.path(project);
        std::fs::create_dir(&repository).expect("a folder");
        git(&repository, &["init", "-q"]);
        let corpus = data.join("corpus").join(project);
        let mut lines: Vec<_> = std::fs::read_dir(&corpus)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .collect();
        lines.sort();
        for line in &lines {
            git(&repository, &["checkout", "-q", "-B", line]);
            git(&repository, &["rm", "-rfq", "--ignore-unmatch", "."]);
            copy(&corpus.join(line), &repository);
            git(&repository, &["add", "-Af"]);
            git(&repository, &["commit", "-qm", line]);
        }
        let path = repository.to_str().expect("a path");
        let globs = lines.join(",");
        let status = run(
            &sandbox,
            index,
            &["status", path, "--refs", &globs, "--format", "json"],
        )
        .json();
        let rows = status["rows"].as_array().expect("rows");
        assert!(!rows.is_empty());
        for line in &lines {
            let full = format!("refs/heads/{line}");
            git(&repository, &["checkout", "-q", "-f", line]);
            let own = run(&sandbox, index, &["scan", path, "--format", "json"]).json();
            let target = status["targets"]
                .as_array()
                .expect("targets")
                .iter()
                .find(|target| target["ref"] == full)
                .expect("a target");
            for key in ["findings", "files", "commit", "coverage"] {
                assert_eq!(target[key], own["targets"][0][key], "{project} {line} {key}");
            }
            let mut affected: BTreeSet<&str> = BTreeSet::new();
            for row in rows {
                let cell = &row["cells"][&full];
                assert!(
                    cell["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
                    "{line}: {row}"
                );
                if cell["state"] == "affected" {
                    affected.insert(row["id"].as_str().expect("an id"));
                }
            }
            let found: BTreeSet<&str> = own["targets"][0]["findings"]
                .as_array()
                .expect("findings")
                .iter()
                .filter_map(|finding| finding["id"].as_str())
                .collect();
            assert_eq!(affected, found, "{project} {line}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            std::fs::create_dir_all(&to).expect("a folder");
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).expect("a file");
        }
    }
}
