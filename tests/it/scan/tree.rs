//! The main job on repositories that the tests make: what is found, what is read, what is said.

use serde_json::Value;

use crate::support::program::{Ran, Sandbox, cargo_lock, git, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let records = [
        record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1")),
        record("GHSA-npm", "npm", "bad", "0", Some("2.0.0")),
        record("GHSA-py", "PyPI", "bad-thing", "0", Some("2.0")),
    ];
    let index = sandbox.index("index.lkdb", &records, NOW);
    (sandbox, index)
}

fn json(sandbox: &Sandbox, index: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["scan", "--db", index, "--now", NOW, "--format", "json"];
    all.extend(arguments);
    sandbox.run(&all)
}

fn files(report: &Value) -> Vec<String> {
    let files = report["targets"][0]["files"].as_array().expect("files");
    files
        .iter()
        .map(|file| file["path"].as_str().expect("a path").to_owned())
        .collect()
}

#[test]
fn a_finding_says_where_why_and_what_to_do() {
    let (sandbox, index) = prepared();
    sandbox.write(
        "app/Cargo.lock",
        cargo_lock(&[("good", "1.0.0"), ("bad", "1.0.0")]),
    );
    let ran = json(&sandbox, &index, &[]);
    let report = ran.json();
    assert_eq!(ran.code, 1);
    let finding = &report["targets"][0]["findings"][0];
    assert_eq!(finding["id"], "GHSA-bad");
    assert_eq!(finding["file"], "app/Cargo.lock");
    assert_eq!((&finding["line"], &finding["column"]), (&19.into(), &12.into()));
    assert_eq!(finding["package"]["purl"], "pkg:cargo/bad@1.0.0");
    assert_eq!(finding["fixed"], serde_json::json!(["1.0.1"]));
    assert_eq!(finding["paths"], serde_json::json!([["app", "bad@1.0.0"]]));
    assert_eq!(finding["severity"]["source"], "assumed");
    assert_eq!(finding["severity"]["level"], "high");
    assert_eq!(report["targets"][0]["root"], ".");
    assert!(
        report["database"]["digest"]
            .as_str()
            .expect("a digest")
            .starts_with("sha256:")
    );
    assert!(
        report["policy"]["digest"]
            .as_str()
            .expect("a digest")
            .starts_with("sha256:")
    );
    // Same sources, same moment: same bytes.
    assert_eq!(json(&sandbox, &index, &[]).out, ran.out);
}

#[test]
fn several_paths_are_several_targets() {
    let (sandbox, index) = prepared();
    sandbox.write("a/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.write("b/requirements.txt", "bad_thing==1.0\n");
    let report = json(&sandbox, &index, &["a", "b/requirements.txt"]).json();
    let targets = report["targets"].as_array().expect("targets");
    assert_eq!(targets.len(), 2);
    assert_eq!(
        (&targets[0]["root"], &targets[1]["root"]),
        (&"a".into(), &"b".into())
    );
    assert_eq!(targets[1]["findings"][0]["file"], "requirements.txt");
    assert_eq!(targets[1]["findings"][0]["package"]["name"], "bad_thing");
}

#[test]
fn standard_input_and_odd_names_are_read() {
    let (sandbox, index) = prepared();
    let lock = cargo_lock(&[("bad", "1.0.0")]);
    let arguments = [
        "scan",
        "--db",
        &index,
        "--now",
        NOW,
        "--format",
        "json",
        "--stdin",
        "Cargo.lock",
    ];
    let ran = sandbox.run_on(&arguments, lock.as_bytes());
    assert_eq!(
        (ran.code, &ran.json()["targets"][0]["findings"][0]["file"]),
        (1, &"Cargo.lock".into())
    );
    sandbox.write("locked.bak", &lock);
    assert_eq!(json(&sandbox, &index, &["locked.bak"]).code, 2);
    assert_eq!(
        json(&sandbox, &index, &["--as", "Cargo.lock", "locked.bak"]).code,
        1
    );
    assert_eq!(json(&sandbox, &index, &["--as", "nothing", "locked.bak"]).code, 2);
}

/// Ignored means untracked and ignored by the repository's own rules.
#[test]
fn what_git_tracks_is_read_even_if_ignored() {
    let (sandbox, index) = prepared();
    sandbox.write("tracked/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.write("untracked/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.write("kept/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.write(".ignore", "kept/\n");
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "tracked"]);
    sandbox.git(&["commit", "-qm", "one"]);
    sandbox.write(".gitignore", "tracked/\nuntracked/\n");
    let ran = json(&sandbox, &index, &[]);
    assert_eq!(files(&ran.json()), ["kept/Cargo.lock", "tracked/Cargo.lock"]);
    // A PATH given explicitly is always read.
    assert_eq!(
        files(&json(&sandbox, &index, &["untracked"]).json()),
        ["Cargo.lock"]
    );
    assert_eq!(
        files(&json(&sandbox, &index, &["untracked/Cargo.lock"]).json()),
        ["Cargo.lock"]
    );
}

#[test]
fn sparse_checkouts_are_read_from_objects() {
    let (sandbox, index) = prepared();
    sandbox.write("in/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.write("out/deep/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.git(&["init", "-q"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "one"]);
    for sparse in [
        &["sparse-checkout", "set", "in"][..],
        &["sparse-checkout", "set", "--cone", "--sparse-index", "in"],
    ] {
        sandbox.git(sparse);
        assert!(!sandbox.work().join("out").exists());
        let ran = json(&sandbox, &index, &[]);
        let report = ran.json();
        assert_eq!(
            files(&report),
            ["in/Cargo.lock", "out/deep/Cargo.lock"],
            "{sparse:?}"
        );
        assert_eq!(ran.code, 1);
        assert_eq!(report["targets"][0]["dirty"], false);
    }
    // An object that is gone is a blind spot, never clean.
    let blob = sandbox.git(&["rev-parse", "HEAD:out/deep/Cargo.lock"]);
    let object = sandbox
        .work()
        .join(".git/objects")
        .join(&blob[..2])
        .join(&blob[2..]);
    std::fs::remove_file(object).expect("a loose object");
    let ran = json(&sandbox, &index, &[]);
    assert_eq!(
        (ran.code, &ran.json()["coverage"]["blind"][0]["file"]),
        (3, &"out/deep/Cargo.lock".into())
    );
}

#[test]
fn submodules_that_are_not_there_are_listed() {
    let (sandbox, index) = prepared();
    let other = sandbox.path("other");
    std::fs::create_dir(&other).expect("a folder");
    git(&other, &["init", "-q"]);
    git(&other, &["commit", "-q", "--allow-empty", "-m", "one"]);
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.git(&["init", "-q"]);
    sandbox.git(&[
        "submodule",
        "--quiet",
        "add",
        other.to_str().expect("a path"),
        "vendor/other",
    ]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "one"]);
    sandbox.git(&["submodule", "--quiet", "deinit", "-f", "vendor/other"]);
    let report = json(&sandbox, &index, &[]).json();
    let partial = report["coverage"]["partial"].as_array().expect("gaps");
    assert!(
        partial.iter().any(|gap| gap["file"] == "vendor/other"),
        "{}",
        report["coverage"]
    );
}

/// Links never lead out of the tree.
#[cfg(unix)]
#[test]
fn links_stay_inside() {
    use std::os::unix::fs::symlink;
    let (sandbox, index) = prepared();
    std::fs::write(sandbox.path("outside.lock"), cargo_lock(&[("bad", "1.0.0")])).expect("a file");
    std::fs::create_dir(sandbox.path("outside")).expect("a folder");
    std::fs::write(
        sandbox.path("outside/Cargo.lock"),
        cargo_lock(&[("bad", "1.0.0")]),
    )
    .expect("a file");
    sandbox.write("real/Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    std::fs::create_dir(sandbox.work().join("a")).expect("a folder");
    symlink(sandbox.path("outside.lock"), sandbox.work().join("a/Cargo.lock")).expect("a link");
    symlink(sandbox.path("outside"), sandbox.work().join("folder")).expect("a link");
    let ran = json(&sandbox, &index, &[]);
    let report = ran.json();
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert_eq!(report["targets"][0]["findings"], serde_json::json!([]));
    assert_eq!(report["coverage"]["blind"][0]["file"], "a/Cargo.lock");
    assert_eq!(files(&report), ["a/Cargo.lock", "real/Cargo.lock"]);
}

#[test]
fn git_says_which_commit_was_judged() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.git(&["init", "-q"]);
    let target = |ran: Ran| ran.json()["targets"][0].clone();
    let fresh = target(json(&sandbox, &index, &[]));
    assert_eq!(
        (&fresh["ref"], &fresh["commit"]),
        (&"refs/heads/main".into(), &Value::Null)
    );
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "one"]);
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let clean = target(json(&sandbox, &index, &[]));
    assert_eq!(
        (&clean["ref"], &clean["commit"], &clean["dirty"]),
        (&"refs/heads/main".into(), &commit.as_str().into(), &false.into())
    );
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.1")]));
    assert_eq!(target(json(&sandbox, &index, &[]))["dirty"], true);
    // A lockfile that was deleted and not committed is judged as git holds it, and that is said.
    std::fs::remove_file(sandbox.work().join("Cargo.lock")).expect("a file");
    let deleted = target(json(&sandbox, &index, &[]));
    assert_eq!(deleted["dirty"], true);
    assert_eq!(deleted["files"].as_array().map(Vec::len), Some(1), "{deleted}");
    sandbox.git(&["checkout", "-q", "--detach"]);
    assert_eq!(target(json(&sandbox, &index, &[]))["ref"], Value::Null);
    // A bare repository is read at its head.
    git(&sandbox.work(), &["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = sandbox.path("bare.git");
    let report = json(&sandbox, &index, &[bare.to_str().expect("a path")]);
    assert_eq!(report.code, 0, "{}", report.err);
    assert_eq!(report.json()["targets"][0]["commit"], commit.as_str());
}

#[test]
fn what_cannot_be_read_is_never_clean() {
    let (sandbox, index) = prepared();
    let blind = |name: &str, content: &[u8], cause: &str| {
        let path = sandbox.write(name, content);
        let ran = json(&sandbox, &index, &[]);
        let gaps = ran.json()["coverage"]["blind"].as_array().expect("gaps").clone();
        assert_eq!(ran.code, 3, "{name}");
        let said = gaps
            .iter()
            .any(|gap| gap["file"] == name && gap["reason"].as_str().expect("a reason").contains(cause));
        assert!(said, "{name}: {gaps:?}");
        std::fs::remove_file(path).expect("the file");
    };
    blind(
        "Cargo.lock",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "LFS",
    );
    blind(
        "package-lock.json",
        b"{\n<<<<<<< ours\n  \"lockfileVersion\": 3\n=======\n>>>>>>> theirs\n}\n",
        "conflict",
    );
    blind("glide.lock", b"{}", "not supported");
    blind(
        "Cargo.lock",
        b"version = 4\n[[package]]\nname = \"a\nversion = \"1.0.0\"\n",
        "",
    );
    blind(
        "Cargo.lock",
        b"version = 4\n\n[[package]]\nname = \"a\xFF\"\nversion = \"1.0.0\"\n",
        "UTF-8",
    );
    let big = sandbox.write("Cargo.lock", "");
    std::fs::File::options()
        .write(true)
        .open(&big)
        .expect("the file")
        .set_len((64 << 20) + 1)
        .expect("a long file");
    let ran = json(&sandbox, &index, &[]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.json()["coverage"]["blind"][0]["reason"]
            .as_str()
            .expect("a reason")
            .contains("67108864")
    );
}

#[test]
fn a_manifest_without_its_lockfile_is_partial() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
    sandbox.write("member/Cargo.toml", "[dependencies]\ngood = \"1\"\n");
    sandbox.write("web/package.json", "{\"dependencies\": {\"a\": \"1\"}}");
    sandbox.write("tool/pyproject.toml", "[tool.black]\nline-length = 100\n");
    let ran = json(&sandbox, &index, &[]);
    let report = ran.json();
    assert_eq!(ran.code, 0);
    let partial = report["coverage"]["partial"].as_array().expect("gaps");
    assert_eq!(partial.len(), 1, "{partial:?}");
    assert_eq!(partial[0]["file"], "web/package.json");
}

#[test]
fn a_lockfile_above_locks_the_folders_that_it_names() {
    let (sandbox, index) = prepared();
    let asks = "{\"dependencies\": {\"a\": \"1\"}}";
    for file in [
        "npm/packages/in",
        "npm/tools/out",
        "classic/packages/in",
        "classic/tools/out",
        "alone/tools/out",
        "rush/apps/in",
        "rush/out",
        "spaces/apps/in",
        "spaces/apps/out",
        "npm/node_modules/in",
    ] {
        sandbox.write(&format!("{file}/package.json"), asks);
    }
    let npm = r#"{"name": "a", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "a", "workspaces": ["packages/*"]},
        "node_modules/in": {"resolved": "packages/in", "link": true}, "packages/in": {"version": "1.0.0"}}}"#;
    sandbox.write("npm/package-lock.json", npm);
    let classic = "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n\
                   good@1:\n  version \"1.0.0\"\n";
    sandbox.write("classic/yarn.lock", classic);
    sandbox.write(
        "classic/package.json",
        "{\"workspaces\": [\"packages/*\"], \"dependencies\": {\"good\": \"1\"}}",
    );
    sandbox.write("alone/yarn.lock", classic);
    sandbox.write("alone/package.json", "{\"dependencies\": {\"good\": \"1\"}}");
    let rush = "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  ../../../apps/in:\n    dependencies:\n      a:\n        \
                specifier: '1'\n        version: 1.0.0\n\npackages:\n\n  a@1.0.0:\n    resolution: {integrity: sha512-AA==}\n\n\
                snapshots:\n\n  a@1.0.0: {}\n";
    sandbox.write(
        "rush/common/config/rush/pnpm-lock.yaml",
        rush.replace("../../../", "../../"),
    );
    sandbox.write("spaces/common/config/subspaces/default/pnpm-lock.yaml", rush);
    let pixi = "version: 6\nenvironments:\n  default:\n    channels:\n    - url: https://conda.example/main/\n    packages:\n      \
                linux-64:\n      - pypi: ./python/in\npackages:\n- pypi: ./python/in\n  name: in\n  version: 0.1.0\n";
    sandbox.write("pixi/pixi.lock", pixi);
    for project in ["pixi/python/in", "pixi/python/out"] {
        sandbox.write(
            &format!("{project}/pyproject.toml"),
            "[project]\ndependencies = [\"a\"]\n",
        );
    }
    for folder in ["elixir", "elixir/apps/one", "elixir/apps/two"] {
        sandbox.write(&format!("{folder}/mix.exs"), "defp deps do\nend\n");
    }
    sandbox.write("ruby/Gemfile.lock", "GEM\n  remote: https://registry.example/\n  specs:\n    rack (2.0.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n");
    sandbox.write("ruby/tools/Gemfile", "gem 'rack'\n");
    sandbox.write(
        "gradle/build.gradle.kts",
        "dependencies { implementation(\"g:a:1\") }\n",
    );
    let report = json(&sandbox, &index, &[]).json();
    let partial = report["coverage"]["partial"].as_array().expect("gaps");
    let reason = "a manifest without its lockfile";
    let files: Vec<&str> = partial
        .iter()
        .filter(|gap| gap["reason"].as_str().is_some_and(|text| text.contains(reason)))
        .filter_map(|gap| gap["file"].as_str())
        .collect();
    let expected = [
        "alone/tools/out/package.json",
        "classic/tools/out/package.json",
        "elixir/mix.exs",
        "gradle/build.gradle.kts",
        "npm/tools/out/package.json",
        "pixi/python/out/pyproject.toml",
        "ruby/tools/Gemfile",
        "rush/out/package.json",
        "spaces/apps/out/package.json",
    ];
    assert_eq!(files, expected);
}

#[test]
fn reports_go_where_they_are_sent() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    let ran = sandbox.run(&[
        "scan",
        "--db",
        &index,
        "--now",
        NOW,
        "--format",
        "json",
        "--format",
        "sarif",
        "--format",
        "markdown",
        "--output",
        "a.json",
        "--output",
        "deep/b.sarif",
    ]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.out.contains("GHSA"),
        "markdown on standard output: {}",
        ran.out
    );
    for name in ["a.json", "deep/b.sarif"] {
        let text = std::fs::read_to_string(sandbox.work().join(name)).expect("a report");
        assert!(serde_json::from_str::<Value>(&text).is_ok(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn devices_and_links_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt as _, symlink};
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    sandbox.write("real.json", "old");
    symlink("real.json", sandbox.work().join("link.json")).expect("a link");
    let pipe = sandbox.path("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo");
    assert!(made.success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).expect("a report")
    });
    let pipe = pipe.to_str().expect("a path");
    let ran = sandbox.run(&[
        "scan",
        "--db",
        &index,
        "--now",
        NOW,
        "--format",
        "json",
        "--output",
        pipe,
        "--format",
        "sarif",
        "--output",
        "link.json",
    ]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(reader.join().expect("a reader").contains("GHSA-bad"));
    assert!(std::fs::metadata(pipe).expect("the pipe").file_type().is_fifo());
    assert!(sandbox.work().join("link.json").is_symlink());
    assert!(
        std::fs::read_to_string(sandbox.work().join("real.json"))
            .expect("a file")
            .contains("sarif")
    );
}

#[test]
fn explain_says_why_and_what_would_change_it() {
    let (sandbox, index) = prepared();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    for subject in ["ghsa-bad", "pkg:cargo/bad", "pkg:cargo/bad@1.0.0"] {
        let ran = sandbox.run(&[
            "explain", subject, "--db", &index, "--now", NOW, "--format", "json",
        ]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let document = ran.json();
        assert_eq!(document["schema"], "lockkeeper.explain/1");
        assert_eq!(document["findings"][0]["id"], "GHSA-bad");
        assert!(
            document["would_change"][0]
                .as_str()
                .expect("a way")
                .contains("1.0.1")
        );
        let decided: Vec<_> = document["decisions"]
            .as_array()
            .expect("decisions")
            .iter()
            .filter(|row| row["matched"] == true)
            .collect();
        assert_eq!(decided.len(), 1, "{document}");
    }
    let text = sandbox
        .run(&["explain", "GHSA-bad", "--db", &index, "--now", NOW])
        .out;
    assert!(
        text.contains("Cargo.lock:12") && text.contains("app → bad") && text.contains("Long words"),
        "{text}"
    );
    assert_eq!(
        sandbox
            .run(&["explain", "GHSA-py", "--db", &index, "--now", NOW])
            .code,
        0
    );
    assert_eq!(
        sandbox
            .run(&["explain", "CVE-1", "--db", &index, "--now", NOW])
            .code,
        2
    );
}

#[test]
fn the_index_is_asked_in_json_too() {
    let (sandbox, index) = prepared();
    let ask = |arguments: &[&str]| {
        let ran = sandbox.run(
            &[
                &["db"],
                arguments,
                &["--db", &index, "--now", NOW, "--format", "json"],
            ]
            .concat(),
        );
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.err);
        ran.json()
    };
    let shown = ask(&["show", "GHSA-bad"]);
    assert_eq!(shown["schema"], "lockkeeper.db-show/1");
    assert_eq!(shown["records"][0]["affected"][0]["name"], "bad");
    assert_eq!(
        shown["records"][0]["affected"][0]["ranges"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let searched = ask(&["search", "pkg:npm/bad"]);
    assert_eq!(searched["packages"][0]["advisories"][0]["id"], "GHSA-npm");
    assert!(
        ask(&["verify"])["digest"]
            .as_str()
            .is_some_and(|digest| digest.starts_with("sha256:"))
    );
    assert!(ask(&["status"])["warnings"].as_array().is_some());
    let wrong = sandbox.run(&["db", "verify", "--db", &index, "--format", "xml"]);
    assert_eq!(wrong.code, 2, "{}", wrong.out);
}

#[test]
fn the_demo_overwrites_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write("kept/pom.xml", "mine");
    let ran = sandbox.run(&["demo", "--keep", "kept"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    let kept = std::fs::read_to_string(sandbox.work().join("kept/pom.xml")).expect("a file");
    assert_eq!(kept, "mine");
    assert_eq!(sandbox.run(&["demo", "--keep", "new"]).code, 0);
}

#[test]
fn the_demo_works_offline() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["demo", "--offline"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    for word in [
        "CVE-2021-44228",
        "no verdict on real code",
        "BLOCKED",
        "ua-parser-js",
        "SARIF",
    ] {
        assert!(ran.out.contains(word), "no {word:?} in {}", ran.out);
    }
    // The scan, the grid and the plan say so.
    assert_eq!(ran.out.matches("no verdict on real code").count(), 3);
    assert!(
        std::fs::read_dir(sandbox.work())
            .expect("a folder")
            .next()
            .is_none()
    );
    let kept = sandbox.path("kept");
    assert_eq!(
        sandbox
            .run(&["demo", "--keep", kept.to_str().expect("a path")])
            .code,
        0
    );
    assert!(kept.join("lockkeeper.sarif").is_file());
}
