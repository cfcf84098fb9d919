//! What an index does not know of is not clean: ecosystems that it holds nothing of, lists that it lacks, old records.

use serde_json::{Value, json};

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn npm_lock(packages: &[(&str, &str)]) -> String {
    let mut held = serde_json::Map::new();
    let wanted: serde_json::Map<String, Value> = packages
        .iter()
        .map(|(name, version)| ((*name).to_owned(), json!(version)))
        .collect();
    held.insert(
        String::new(),
        json!({"name": "app", "version": "1.0.0", "dependencies": wanted}),
    );
    for (name, version) in packages {
        held.insert(
            format!("node_modules/{name}"),
            json!({
                "version": version,
                "resolved": format!("https://registry.example/{name}/-/{name}-{version}.tgz"),
            }),
        );
    }
    json!({"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": held})
        .to_string()
}

/// An index of npm alone.
fn of_npm(sandbox: &Sandbox) -> String {
    let records = [record("GHSA-npm", "npm", "bad", "0", Some("2.0.0"))];
    sandbox.index("npm.lkdb", &records, NOW)
}

fn scan(sandbox: &Sandbox, index: &str, more: &[&str]) -> (i32, Value) {
    let mut arguments = vec!["scan", "--db", index, "--now", NOW, "--format", "json"];
    arguments.extend(more);
    let ran = sandbox.run(&arguments);
    (ran.code, ran.json())
}

fn reasons(report: &Value, list: &str) -> Vec<String> {
    let gaps = report["coverage"][list].as_array().expect("a list");
    let words = |gap: &Value| {
        let reason = gap["reason"].as_str().or(gap["message"].as_str());
        format!(
            "{} {}",
            gap["file"].as_str().expect("a file"),
            reason.expect("a reason")
        )
    };
    gaps.iter().map(words).collect()
}

#[test]
fn an_ecosystem_that_the_index_holds_nothing_of_is_blind() {
    let sandbox = Sandbox::new();
    let index = of_npm(&sandbox);
    for (name, text) in [
        ("Cargo.lock", cargo_lock(&[("good", "1.0.0")])),
        ("requirements.txt", "requests==2.31.0\n".to_owned()),
        (
            "go.mod",
            "module a.example/b\n\ngo 1.22\n\nrequire c.example/d v1.0.0\n".to_owned(),
        ),
    ] {
        sandbox.write(name, text);
        let (code, report) = scan(&sandbox, &index, &[name]);
        assert_eq!(code, 3, "{name}");
        assert_eq!(report["verdict"], "incomplete");
        assert_eq!(report["coverage"]["index"]["state"], "fresh");
        let blind = reasons(&report, "blind");
        assert_eq!(blind.len(), 1, "{blind:?}");
        assert!(
            blind[0].starts_with(&format!("{name} the advisory database has nothing for ")),
            "{blind:?}"
        );
        assert_eq!(report["targets"][0]["files"][0]["state"], "blind");
        let hint = report["coverage"]["problems"][0]["hint"]
            .as_str()
            .expect("a hint");
        let update = format!("lockkeeper db update --db {index} --ecosystem");
        assert!(hint.contains(&update), "{hint}");
    }
    // However the index is named, and wherever it lies.
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    let arguments = ["scan", "Cargo.lock", "--now", NOW];
    assert_eq!(
        sandbox
            .run_with(&arguments, &[("LOCKKEEPER_DB", index.as_str())])
            .code,
        3
    );
    let cache = sandbox.path("cache");
    std::fs::create_dir_all(&cache).expect("a folder");
    std::fs::copy(&index, cache.join("advisories.lkdb")).expect("an index");
    let cache = [("LOCKKEEPER_CACHE", cache.to_str().expect("a path"))];
    let offline = ["scan", "Cargo.lock", "--now", NOW, "--offline"];
    let ran = sandbox.run_with(&offline, &cache);
    assert_eq!(ran.code, 3);
    assert!(
        ran.out
            .contains("the advisory database has nothing for crates.io"),
        "{}",
        ran.out
    );
    sandbox.write("never.yml", "database: {update: never}\n");
    let never = ["scan", "Cargo.lock", "--now", NOW, "--policy", "never.yml"];
    assert_eq!(sandbox.run_with(&never, &cache).code, 3);
}

#[test]
fn what_is_known_beside_it_is_judged() {
    let sandbox = Sandbox::new();
    let index = of_npm(&sandbox);
    sandbox.write("web/package-lock.json", npm_lock(&[("bad", "1.0.0")]));
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    let (code, report) = scan(&sandbox, &index, &[]);
    assert_eq!(code, 1);
    assert_eq!(report["coverage"]["complete"], false);
    let npm = report["targets"][0]["findings"].as_array().expect("findings");
    assert_eq!(npm.len(), 1);
    assert_eq!(
        reasons(&report, "blind"),
        ["Cargo.lock the advisory database has nothing for crates.io: none of its packages was checked"]
    );
    assert_eq!(scan(&sandbox, &index, &["web"]).0, 1);
}

#[test]
fn a_lockfile_without_a_package_asks_for_nothing() {
    let sandbox = Sandbox::new();
    let index = of_npm(&sandbox);
    sandbox.write("Cargo.lock", cargo_lock(&[]));
    let (code, report) = scan(&sandbox, &index, &[]);
    assert_eq!((code, &report["verdict"]), (0, &json!("pass")));
    assert_eq!(report["coverage"]["complete"], true);
}

#[test]
fn one_source_of_an_ecosystem_is_enough() {
    let sandbox = Sandbox::new();
    let advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"bad\"\ndate = \"2026-01-31\"\n\n\
                    [versions]\npatched = [\">= 1.0.1\"]\n```\n\n# A flaw\n";
    let folder = sandbox.path("db/crates/bad");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("RUSTSEC-2026-0001.md"), advisory).expect("an advisory");
    let index = sandbox.path("rustsec.lkdb");
    let (source, index) = (sandbox.path("db"), index.to_str().expect("a path"));
    let built = sandbox.run(&[
        "db",
        "build",
        source.to_str().expect("a path"),
        "--db",
        index,
        "--as-of",
        NOW,
    ]);
    assert_eq!(built.code, 0, "{}", built.err);
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.1"), ("good", "1.0.0")]));
    assert_eq!(scan(&sandbox, index, &[]).0, 0);
}

#[test]
fn lines_and_releases_are_blind_too() {
    let sandbox = Sandbox::new();
    let index = of_npm(&sandbox);
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "one"]);
    sandbox.git(&["branch", "release/1.0"]);
    let gate = sandbox.run(&[
        "gate",
        "--release",
        "release/1.0",
        "--db",
        &index,
        "--now",
        NOW,
        "--format",
        "json",
    ]);
    assert_eq!(gate.code, 3, "{}", gate.out);
    assert_eq!(gate.json()["verdict"], "incomplete");
    let status = sandbox.run(&[
        "status", "--db", &index, "--now", NOW, "--refs", "**", "--format", "json",
    ]);
    assert_eq!(status.code, 3, "{}", status.out);
    // A row that an npm record opens on one line is unknown where its other package could not be judged.
    let both = json!({
        "id": "GHSA-both", "modified": NOW, "published": NOW,
        "affected": [
            {"package": {"ecosystem": "npm", "name": "bad"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]},
        ],
    });
    let index = sandbox.index("both.lkdb", &[both], NOW);
    sandbox.git(&["checkout", "--quiet", "-b", "release/2.0"]);
    sandbox.write("package-lock.json", npm_lock(&[("bad", "1.0.0")]));
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "two"]);
    let status = sandbox.run(&[
        "status", "--db", &index, "--now", NOW, "--refs", "**", "--format", "json",
    ]);
    assert_eq!(status.code, 3, "{}", status.out);
    let cells = &status.json()["rows"][0]["cells"];
    assert_eq!(cells["refs/heads/release/2.0"]["state"], "affected");
    assert_eq!(cells["refs/heads/release/1.0"]["state"], "absent");
}

fn rules(sandbox: &Sandbox, when: &str) -> String {
    let text = format!("rules:\n  - name: odd\n    when: {when}\n    then: fail\n");
    sandbox.write("rules.yml", text);
    "rules.yml".into()
}

#[test]
fn a_list_that_the_policy_asks_for_is_there_or_the_answer_is_incomplete() {
    let sandbox = Sandbox::new();
    let bare = of_npm(&sandbox);
    sandbox.write("package-lock.json", npm_lock(&[("bad", "1.0.0")]));
    let kev = sandbox.path("kev.json");
    std::fs::write(&kev, r#"{"catalogVersion": "2026.01.31", "dateReleased": "2026-01-31T00:00:00Z", "vulnerabilities": [{"cveID": "CVE-2021-44228"}]}"#)
        .expect("a catalogue");
    let epss = sandbox.path("epss.csv");
    std::fs::write(
        &epss,
        "#model_version:v1,score_date:2026-01-31T00:00:00Z\ncve,epss,percentile\nCVE-2021-44228,0.9,0.9\n",
    )
    .expect("scores");
    let with = |list: &std::path::Path, name: &str| {
        let index = sandbox.path(name).to_str().expect("a path").to_owned();
        let records = sandbox.path("npm.lkdb-osv");
        let built = sandbox.run(&[
            "db",
            "build",
            records.to_str().expect("a path"),
            list.to_str().expect("a path"),
            "--db",
            &index,
            "--as-of",
            NOW,
        ]);
        assert_eq!(built.code, 0, "{}", built.err);
        index
    };
    let (exploited, scored) = (with(&kev, "kev.lkdb"), with(&epss, "epss.lkdb"));

    let listed = ["--fail-on", "known-exploited"];
    let (code, report) = scan(&sandbox, &bare, &listed);
    assert_eq!(code, 3);
    assert!(
        reasons(&report, "blind")[0]
            .contains("--fail-on asks which vulnerabilities are known to be exploited"),
        "{report}"
    );
    assert_eq!(scan(&sandbox, &scored, &listed).0, 3);
    assert_eq!(scan(&sandbox, &exploited, &listed).0, 0);

    for (when, fine, lacking) in [
        ("{known-exploited: true}", &exploited, &scored),
        ("{known-exploited: false}", &exploited, &bare),
        ("{epss: 0.1}", &scored, &exploited),
    ] {
        let policy = rules(&sandbox, when);
        let none = ["--policy", policy.as_str(), "--fail-on", "none"];
        let (code, report) = scan(&sandbox, lacking, &none);
        assert_eq!(report["coverage"]["complete"], false, "{when}");
        assert!(code == 3 || code == 1, "{when}: {code}");
        assert!(
            reasons(&report, "blind")[0].contains("the rule \"odd\" asks"),
            "{when}"
        );
        assert_eq!(
            scan(&sandbox, fine, &none).1["coverage"]["complete"],
            true,
            "{when}"
        );
    }
    // What nobody asks for is not missed.
    assert_eq!(scan(&sandbox, &bare, &["--fail-on", "none"]).0, 0);
}

#[test]
fn old_records_in_a_new_index_are_told_per_ecosystem() {
    let sandbox = Sandbox::new();
    let mut old = record("GHSA-old", "npm", "bad", "0", Some("2.0.0"));
    old["modified"] = json!("2026-01-10T00:00:00Z");
    let mut fresh = record("GHSA-new", "PyPI", "bad", "0", Some("2.0.0"));
    fresh["modified"] = json!("2026-01-31T00:00:00Z");
    let export = |name: &str, record: &Value| {
        let folder = sandbox.path("osv").join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("1.json"), record.to_string()).expect("a record");
        folder.to_str().expect("a path").to_owned()
    };
    let (npm, pypi) = (export("npm", &old), export("PyPI", &fresh));
    // Of an ecosystem that has no lockfiles here, and newer than all.
    let mut other = record("JLSEC-1", "Julia", "Bad", "0", Some("2.0.0"));
    other["modified"] = json!("2026-01-31T00:00:00Z");
    let julia = export("Julia", &other);
    let index = sandbox.path("i.lkdb").to_str().expect("a path").to_owned();
    let built = sandbox.run(&["db", "build", &npm, &pypi, &julia, "--db", &index, "--as-of", NOW]);
    assert_eq!(built.code, 0, "{}", built.err);
    sandbox.write("package-lock.json", npm_lock(&[("good", "1.0.0")]));
    sandbox.write("requirements.txt", "good==1.0\n");

    let told = |report: &Value| -> Vec<String> {
        let problems = reasons(report, "problems").into_iter();
        problems
            .filter(|problem| problem.contains("the newest record of"))
            .collect()
    };
    let (code, report) = scan(&sandbox, &index, &[]);
    assert_eq!(code, 0);
    let warnings = told(&report);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("of npm in the advisory database is of 2026-01-10, more than 14d ago"),
        "{warnings:?}"
    );
    assert!(told(&scan(&sandbox, &index, &["requirements.txt"]).1).is_empty());
    // Both at once are one message.
    sandbox.write("hasty.yml", "database: {refuse-age: 12h}\n");
    let warnings = told(&scan(&sandbox, &index, &["--policy", "hasty.yml"]).1);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains(
            "of npm in the advisory database is of 2026-01-10, that of PyPI of 2026-01-31, more than 12h ago"
        ),
        "{warnings:?}"
    );
    sandbox.write("patient.yml", "database: {refuse-age: 60d}\n");
    assert!(told(&scan(&sandbox, &index, &["--policy", "patient.yml"]).1).is_empty());
    let words = sandbox.run(&["scan", "--db", &index, "--now", NOW]);
    assert!(words.out.contains("the newest record of npm"), "{}", words.out);
    assert!(words.out.contains("data of 2026-01-31"), "{}", words.out);
    let words = sandbox.run(&["scan", "--db", &index, "--now", NOW, "package-lock.json"]);
    assert!(words.out.contains("the newest record of npm"), "{}", words.out);

    let status = sandbox.run(&["db", "status", "--db", &index, "--now", NOW]);
    assert!(!status.out.contains("warning: "), "{}", status.out);
    let status = sandbox.run(&["db", "status", "--db", &index, "--now", "2026-02-14T12:00:00Z"]);
    assert!(
        status
            .out
            .contains("warning: the newest record of all sources is of 2026-01-31"),
        "{}",
        status.out
    );
}

#[test]
fn an_index_that_the_policy_does_not_ask_for_is_another() {
    let sandbox = Sandbox::new();
    let index = of_npm(&sandbox);
    sandbox.write("package-lock.json", npm_lock(&[("good", "1.0.0")]));
    sandbox.write(
        "pinned.yml",
        format!("database: {{digest: \"sha256:{}\"}}\n", "0".repeat(64)),
    );
    let (code, report) = scan(&sandbox, &index, &["--policy", "pinned.yml"]);
    assert_eq!(
        (code, &report["coverage"]["index"]["state"]),
        (3, &json!("other"))
    );
    assert_eq!(report["coverage"]["complete"], false);
    let gone = sandbox.path("gone.lkdb");
    let (code, report) = scan(&sandbox, gone.to_str().expect("a path"), &[]);
    assert_eq!(
        (code, &report["coverage"]["index"]["state"]),
        (3, &json!("missing"))
    );
}
