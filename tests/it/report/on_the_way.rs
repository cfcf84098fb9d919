//! What a person reads on the way to a verdict: what a package is for, what was checked, progress, and where to go on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use super::ways_out::ASKING;
use crate::action::step::step;
use crate::support::program::{Sandbox, cargo_lock, record};
use crate::support::server::Server;

const NOW: &str = "2026-02-01T00:00:00Z";

fn bad() -> [serde_json::Value; 1] {
    [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))]
}

/// A proxy that nobody answers at.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[test]
fn what_a_package_is_for_stands_with_its_upgrade() {
    let sandbox = Sandbox::new();
    let entry = |name: &str, mark: &str| {
        format!(
            "\"node_modules/{name}\": {{\"version\": \"1.0.0\", \"resolved\": \"https://registry.example/{name}/-/{name}-1.0.0.tgz\"{mark}}}"
        )
    };
    let entries = [
        entry("runs", ""),
        entry("tests", ", \"dev\": true, \"dependencies\": {\"both\": \"^1\"}"),
        entry(
            "maybe",
            ", \"optional\": true, \"dependencies\": {\"both\": \"^1\"}",
        ),
        entry("leaps", ""),
        entry("both", ", \"devOptional\": true"),
    ];
    sandbox.write(
        "package-lock.json",
        format!(
            "{{\"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {{\"\": {{\"name\": \"app\", \"dependencies\": {{\"runs\": \"^1\", \
             \"leaps\": \"^1\"}}, \"devDependencies\": {{\"tests\": \"^1\"}}, \"optionalDependencies\": {{\"maybe\": \"^1\"}}}}, {}}}}}\n",
            entries.join(", ")
        ),
    );
    let records = ["runs", "tests", "maybe", "both"]
        .map(|name| record(&format!("GHSA-{name}"), "npm", name, "0", Some("1.0.1")));
    let leaps = record("GHSA-leaps", "npm", "leaps", "0", Some("2.0.0"));
    let records: Vec<_> = records.into_iter().chain([leaps]).collect();
    let index = sandbox.index("index.lkdb", &records, NOW);
    let told = sandbox.run(&["scan", "--db", &index, "--now", NOW]).out;
    for words in [
        "tests 1.0.0 → 1.0.1 (dev)",
        "maybe 1.0.0 → 1.0.1 (optional)",
        "both 1.0.0 → 1.0.1 (dev, optional)",
        "leaps 1.0.0 → 2.0.0 (major)",
        "runs 1.0.0 → 1.0.1 ",
    ] {
        assert!(told.contains(words), "no {words:?} in {told}");
    }
    let markdown = sandbox
        .run(&["scan", "--db", &index, "--now", NOW, "--format", "markdown"])
        .out;
    for words in [
        "/tests/1.0.0) (dev)",
        "/maybe/1.0.0) (optional)",
        "/both/1.0.0) (dev, optional)",
        "`2.0.0` (major)",
    ] {
        assert!(markdown.contains(words), "no {words:?} in {markdown}");
    }
}

#[test]
fn a_pass_of_a_part_is_yellow_and_counts_it() {
    let sandbox = Sandbox::new();
    sandbox.write("requirements.txt", "pinned==1.0.0\nopen>=1\n");
    let index = sandbox.index(
        "index.lkdb",
        &[record("PYSEC-1", "PyPI", "other", "0", Some("1.0.1"))],
        NOW,
    );
    let scan = || sandbox.run(&["scan", "--db", &index, "--now", NOW, "--color", "always"]);
    let ran = scan();
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.starts_with("\u{1b}[33m✓ PASS\u{1b}[0m"), "{:?}", ran.out);
    assert!(ran.out.contains("1 of 2 dependencies checked"), "{}", ran.out);
    // What would make the file whole.
    assert!(ran.out.contains("Pin it with `==`"), "{}", ran.out);
    sandbox.write("requirements.txt", "pinned==1.0.0\n");
    let ran = scan();
    assert!(
        ran.out.starts_with("\u{1b}[1;32m✓ PASS\u{1b}[0m"),
        "{:?}",
        ran.out
    );
    assert!(!ran.out.contains("checked"), "{}", ran.out);
}

#[test]
fn a_build_says_what_it_begins_and_a_quiet_one_does_not() {
    let sandbox = Sandbox::new();
    sandbox.index("first.lkdb", &bad(), NOW);
    let build = |flags: &[&str]| {
        let arguments = [
            "db",
            "build",
            "../first.lkdb-osv",
            "--db",
            "built.lkdb",
            "--as-of",
            NOW,
        ];
        let ran = sandbox.run(&[&arguments[..], flags].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran
    };
    let ran = build(&[]);
    assert_eq!(ran.err, "building the advisory database from 1 source\n");
    assert!(ran.out.contains("1 "), "{}", ran.out);
    assert_eq!(build(&["--quiet"]).err, "");
}

#[test]
fn an_update_from_a_closed_address_names_what_does_without_it() {
    let sandbox = Sandbox::new();
    let address = closed();
    let ran = sandbox.run(&[
        "db",
        "update",
        "--from",
        &address,
        "--db",
        "new.lkdb",
        "--ecosystem",
        "crates.io",
    ]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(
        ran.err.contains("lockkeeper db build --db new.lkdb SOURCE…"),
        "{}",
        ran.err
    );
    // Not what has just failed.
    assert!(!ran.err.contains("--from ADDRESS"), "{}", ran.err);
    let ran = sandbox.run_with(
        &["db", "update", "--db", "new.lkdb", "--ecosystem", "crates.io"],
        &[("HTTPS_PROXY", &address)],
    );
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(
        ran.err
            .contains("lockkeeper db update --db new.lkdb --from ADDRESS"),
        "{}",
        ran.err
    );
}

/// A damaged database in the cache is fetched again; where that is not possible, the file is named.
#[test]
fn a_damaged_cache_without_a_network_is_named_with_ways_out_that_work() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "x"]);
    let whole = std::fs::read(sandbox.index("whole.lkdb", &bad(), NOW)).expect("the index");
    let cache = sandbox.path("cache");
    std::fs::create_dir_all(&cache).expect("a folder");
    let file = cache.join("advisories.lkdb");
    let cache = cache.to_str().expect("a path").to_owned();
    let proxy = closed();
    let environment = [
        ("LOCKKEEPER_CACHE", cache.as_str()),
        ("HTTPS_PROXY", proxy.as_str()),
    ];
    let mut damaged = whole.clone();
    damaged[100] ^= 0xff;
    for bytes in [&whole[..whole.len() / 2], &damaged, b"text"] {
        for command in ASKING {
            std::fs::write(&file, bytes).expect("a file");
            let ran = sandbox.run_with(command, &environment);
            assert!(matches!(ran.code, 3 | 5), "{command:?} {}{}", ran.out, ran.err);
            let told = format!("{}{}", ran.out, ran.err);
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                told.contains(file.to_str().expect("a path")),
                "{command:?} {told}"
            );
            let message = ran.err.split("error: ").nth(1).unwrap_or_default();
            let lines = message
                .lines()
                .map(|line| line.chars().count().div_ceil(80).max(1));
            assert!(lines.sum::<usize>() <= 10, "{command:?} {message}");
            assert!(
                told.contains("`lockkeeper db build SOURCE…`"),
                "{command:?} {told}"
            );
        }
        let built = sandbox.run_with(
            &["db", "build", "../whole.lkdb-osv", "--as-of", NOW],
            &environment,
        );
        assert_eq!(built.code, 0, "{}", built.err);
        assert_eq!(sandbox.run_with(&["scan", "--now", NOW], &environment).code, 1);
    }
}

#[test]
fn the_hint_of_a_misspelt_release_names_the_nearest_real_one() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    let index = sandbox.index("index.lkdb", &bad(), NOW);
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "x"]);
    sandbox.git(&["branch", "release/1.3"]);
    sandbox.git(&["tag", "v1.3.0"]);
    for (wanted, nearest) in [
        ("relase/1.3", "release/1.3"),
        ("v1.3.1", "v1.3.0"),
        ("release", ""),
    ] {
        let ran = sandbox.run(&["gate", "--release", wanted, "--db", &index, "--now", NOW]);
        assert_eq!(ran.code, 3, "{}", ran.err);
        let (_, hint) = ran.err.split_once("hint: ").expect("a hint");
        assert!(hint.contains("fetch-depth"), "{hint}");
        match nearest {
            "" => assert!(hint.contains("`git fetch origin release:release`"), "{hint}"),
            nearest => {
                assert!(hint.contains(&format!("`{nearest}`")), "{hint}");
                assert!(!hint.contains(wanted), "{hint}");
            }
        }
    }
}

#[test]
fn the_summary_of_a_run_that_failed_shows_commands_as_code() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    let proxy = closed();
    let ran = step(&sandbox, &[("HTTPS_PROXY", &proxy)]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    let summary = std::fs::read_to_string(sandbox.path("summary.md")).expect("a summary");
    assert!(!summary.contains("\\`"), "{summary}");
    assert!(summary.contains("`lockkeeper db build SOURCE…`"), "{summary}");
}

#[test]
fn a_step_names_the_database_that_it_cannot_use() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.write("cut.lkdb", "LOCKKEEP");
    for (name, reason) in [
        ("none.lkdb", "there is no advisory database"),
        ("cut.lkdb", "cut short"),
    ] {
        let ran = step(&sandbox, &[("INPUT_DATABASE", name)]);
        assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
        let error = ran.out.lines().find(|line| line.starts_with("::error "));
        let error = error.unwrap_or_else(|| panic!("no annotation in {}", ran.out));
        for part in [name, reason, "The input `database` names the file"] {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    }
}

/// The line that replaces a module has its version, and the manifest goes on to require what it did.
#[test]
fn a_replaced_module_is_upgraded_in_its_line() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "go.mod",
        "module example.com/app\n\ngo 1.22\n\nrequire (\n\texample.com/a v1.0.0\n\texample.com/b v1.0.0\n)\n\nreplace (\n\
         \texample.com/a => example.com/fork v1.0.0\n\texample.com/b v1.0.0 => example.com/b v1.0.5\n)\n",
    );
    sandbox.write(
        "work/go.work",
        "go 1.22\n\nuse ./m\n\nreplace example.com/a => example.com/fork v1.0.0\n",
    );
    sandbox.write(
        "work/m/go.mod",
        "module example.com/m\n\ngo 1.22\n\nrequire example.com/a v1.0.0\n",
    );
    let records = [
        record("GHSA-a", "Go", "example.com/fork", "0", Some("1.0.1")),
        record("GHSA-b", "Go", "example.com/b", "0", Some("1.0.6")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    let json = sandbox
        .run(&["scan", "--db", &index, "--now", NOW, "--format", "json"])
        .json();
    let upgrades = json["upgrades"].as_array().expect("upgrades");
    let of = |name: &str| {
        let upgrade = upgrades.iter().find(|upgrade| upgrade["package"]["name"] == name);
        upgrade.unwrap_or_else(|| panic!("{name} in {upgrades:?}"))["command"].as_str()
    };
    assert_eq!(
        of("example.com/fork"),
        Some("go mod edit -replace=example.com/a=example.com/fork@v1.0.1 && go mod tidy")
    );
    assert_eq!(
        of("example.com/b"),
        Some("go mod edit -replace=example.com/b@v1.0.0=example.com/b@v1.0.6 && go mod tidy")
    );
}

#[test]
fn a_version_that_a_pom_takes_from_elsewhere_can_be_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "pom.xml",
        "<project><modelVersion>4.0.0</modelVersion><parent><groupId>org.example</groupId><artifactId>parent</artifactId>\
         <version>1</version><relativePath/></parent><artifactId>app</artifactId><dependencies><dependency>\
         <groupId>org.example</groupId><artifactId>library</artifactId></dependency></dependencies></project>\n",
    );
    let index = sandbox.index(
        "index.lkdb",
        &[record("GHSA-x", "Maven", "org.example:library", "0", Some("2"))],
        NOW,
    );
    let told = sandbox.run(&["scan", "--db", &index, "--now", NOW]).out;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("managed outside the tree"), "{told}");
    assert!(
        told.contains("`lockkeeper scan --resolve` asks Maven's repositories for it"),
        "{told}"
    );
}

#[test]
fn a_server_that_stops_amid_its_answer_is_named_soon() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept() {
            let mut asked = [0; 4096];
            if stream.read(&mut asked).is_ok() {
                let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nPK";
                let _ = stream.write_all(begun);
            }
            held.push(stream);
        }
    });
    let mut child = sandbox
        .command(&["db", "update", "--ecosystem", "npm", "--from", &address])
        .spawn()
        .expect("the program starts");
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let told = lines
        .map(|line| line.expect("UTF-8"))
        .find(|line| line.contains("no answer yet from ") || line.starts_with("error"));
    child.kill().expect("the program runs");
    child.wait().expect("the program ends");
    let told = told.expect("a line");
    assert!(told.contains(&format!("no answer yet from {address}")), "{told}");
}

#[test]
fn pnpm_is_told_to_look_at_all_projects_where_there_are_several() {
    let lock = |projects: &str| {
        format!(
            "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n\nimporters:\n\n{projects}\n\
             packages:\n\n  left@1.0.0:\n    resolution: {{integrity: sha512-AAAA}}\n\n  parent@1.0.0:\n    resolution: {{integrity: sha512-AAAA}}\n\n\
             snapshots:\n\n  left@1.0.0: {{}}\n\n  parent@1.0.0:\n    dependencies:\n      left: 1.0.0\n"
        )
    };
    let project = |folder: &str| {
        format!(
            "  {folder}:\n    dependencies:\n      parent:\n        specifier: ^1.0.0\n        version: 1.0.0\n"
        )
    };
    let sandbox = Sandbox::new();
    let records = [record("GHSA-left", "npm", "left", "0", Some("1.0.1"))];
    let index = sandbox.index("index.lkdb", &records, NOW);
    for (projects, command) in [
        (project("."), "pnpm update left"),
        (
            format!("{}\n{}", project("."), project("web")),
            "pnpm -r update left",
        ),
    ] {
        sandbox.write("pnpm-lock.yaml", lock(&projects));
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert_eq!(ran.json()["upgrades"][0]["command"], command);
    }
}

#[test]
fn a_candidate_of_go_is_named_as_go_does() {
    let sandbox = Sandbox::new();
    let mut flaw = record("GO-1", "Go", "stdlib", "0", Some("1.27.0-rc.3"));
    flaw["affected"][0]["ranges"][0]["type"] = "SEMVER".into();
    let index = sandbox.index("index.lkdb", &[flaw], NOW);
    for (directives, command) in [
        ("go 1.27", "go get go@1.27rc3"),
        ("go 1.26.0\n\ntoolchain go1.27rc1", "go get toolchain@go1.27rc3"),
        ("go 1.27rc1\n\ntoolchain go1.26.0", "go get go@1.27rc3"),
    ] {
        sandbox.write("go.mod", format!("module code.example/shop\n\n{directives}\n"));
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
        let upgrade = &ran.json()["upgrades"][0];
        assert_eq!(upgrade["command"], command, "{}{}", ran.out, ran.err);
        assert_eq!(upgrade["to"], "1.27rc3");
    }
}

#[test]
fn a_workspace_of_go_has_commands_of_its_own() {
    let sandbox = Sandbox::new();
    let mut flaw = record("GO-1", "Go", "stdlib", "0", Some("1.22.2"));
    flaw["affected"][0]["ranges"][0]["type"] = "SEMVER".into();
    let index = sandbox.index("index.lkdb", &[flaw], NOW);
    sandbox.write("one/go.mod", "module code.example/one\n\ngo 1.22.0\n");
    for (directives, command) in [
        ("go 1.22.0", "go work edit -go=1.22.2"),
        (
            "go 1.21.0\n\ntoolchain go1.22.0",
            "go work edit -toolchain=go1.22.2",
        ),
    ] {
        sandbox.write("go.work", format!("{directives}\n\nuse ./one\n"));
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
        assert_eq!(
            ran.json()["upgrades"][0]["command"],
            command,
            "{}{}",
            ran.out,
            ran.err
        );
    }
}

#[test]
fn a_plan_without_a_database_is_a_whole_document() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    let index = sandbox.path("none.lkdb");
    let index = index.to_str().expect("a path");
    let ran = sandbox.run(&["plan", "--db", index, "--now", NOW, "--format", "json"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let plan = ran.json();
    assert_eq!(
        (&plan["verdict"], &plan["exit_code"]),
        (&"incomplete".into(), &3.into())
    );
    assert!(
        plan["coverage"]["blind"][0]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("none.lkdb")),
        "{plan}"
    );
}

#[test]
fn a_mirror_that_lacks_an_ecosystem_names_the_flag() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let address = server.address("/");
    let ran = sandbox.run(&["db", "update", "--ecosystem", "npm", "--from", &address]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("npm/all.zip"), "{}", ran.err);
    let told = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("name only the ecosystems that it has with `--ecosystem NAME`"),
        "{told}"
    );
}

#[test]
fn the_database_counts_in_thousands() {
    let sandbox = Sandbox::new();
    let records: Vec<serde_json::Value> = (0..1_200)
        .map(|number| {
            record(
                &format!("GHSA-{number:04}"),
                "crates.io",
                &format!("name-{number}"),
                "0",
                Some("1.0.1"),
            )
        })
        .collect();
    let index = sandbox.index("index.lkdb", &records, NOW);
    let build = sandbox.run(&["db", "build", "--db", &index, "../index.lkdb-osv", "--as-of", NOW]);
    let status = sandbox.run(&["db", "status", "--db", &index, "--now", NOW]);
    for ran in [&build, &status] {
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains("1,200 records of 1,200 packages"), "{}", ran.out);
        assert!(!ran.out.contains("1200"), "{}", ran.out);
    }
    assert!(
        status.out.contains("    1,200  packages of crates.io"),
        "{}",
        status.out
    );
}
