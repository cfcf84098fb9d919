//! A published index through the program: keys, `db publish`, `db update`, a scan and the step.

use crate::action::step::{outputs, step};
use crate::database::published::{compile, day, key};
use crate::support::program::{Ran, Sandbox, cargo_lock};
use crate::support::server::{Server, Trouble};

/// A sandbox with an index, and a key as a file.
fn prepared() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    compile(&sandbox.path("source.lkdb"), 1);
    let secret = key(1).to_text();
    std::fs::write(sandbox.path("secret"), &secret).expect("a file");
    (sandbox, secret)
}

fn text(path: &std::path::Path) -> String {
    path.to_str().expect("a path").to_owned()
}

fn publish(sandbox: &Sandbox) -> Ran {
    let (index, secret) = (text(&sandbox.path("source.lkdb")), text(&sandbox.path("secret")));
    let ran = sandbox.run(&[
        "db", "publish", "site", "--db", &index, "--key", &secret, "--format", "json",
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    ran
}

fn serve(sandbox: &Sandbox, server: &Server) -> String {
    for entry in std::fs::read_dir(sandbox.work().join("site")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        server.put(&format!("/site/{name}"), std::fs::read(path).expect("a file"));
    }
    server.address("/site/lockkeeper-index.json")
}

fn fetched(server: &Server) -> usize {
    server
        .hits()
        .iter()
        .filter(|hit| hit.path.ends_with(".lkdb"))
        .count()
}

#[test]
fn a_key_is_made_once_and_never_shown() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(&["db", "key", "secret"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let secret = std::fs::read_to_string(sandbox.work().join("secret")).expect("a key");
    let seed = secret
        .trim()
        .strip_prefix("lockkeeper-secret-key:")
        .expect("a secret key");
    assert!(
        made.out.starts_with("RW") && made.out.trim().len() == 56,
        "{}",
        made.out
    );
    assert!(!made.out.contains(seed) && !made.err.contains(seed));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(sandbox.work().join("secret"))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = sandbox.run(&["db", "key", "secret", "--errors", "json"]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("never written over"), "{}", again.err);
    assert_eq!(
        std::fs::read_to_string(sandbox.work().join("secret")).expect("a key"),
        secret
    );
    let other = sandbox.run(&["db", "key", "other", "--format", "json"]).json();
    assert_eq!(other["schema"], "lockkeeper.db-key/1");
    assert_ne!(other["key"], made.out.trim());

    // A secret in the wrong place is not repeated.
    compile(&sandbox.path("source.lkdb"), 1);
    let index = text(&sandbox.path("source.lkdb"));
    for arguments in [
        vec!["db", "update", "--from", ".", "--key", secret.trim()],
        vec!["db", "publish", "site", "--db", &index, "--key", secret.trim()],
    ] {
        let ran = sandbox.run(&arguments);
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(!ran.out.contains(seed) && !ran.err.contains(seed), "{}", ran.err);
    }
    for (name, value) in [
        ("LOCKKEEPER_INDEX_KEY", secret.trim()),
        ("LOCKKEEPER_INDEX_KEY", "/nowhere"),
    ] {
        let ran = sandbox.run_with(&["db", "update", "--from", "."], &[(name, value)]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(name) && !ran.err.contains(seed), "{}", ran.err);
    }
    let broken = format!("{}x", secret.trim());
    let ran = sandbox.run_with(
        &["-vv", "db", "publish", "site", "--db", &index],
        &[("LOCKKEEPER_INDEX_SECRET_KEY", &broken), ("RUST_LOG", "trace")],
    );
    assert_eq!(ran.code, 2);
    assert!(!ran.err.contains(seed), "{}", ran.err);
    let ran = sandbox.run_with(
        &["-vv", "db", "publish", "site", "--db", &index],
        &[("LOCKKEEPER_INDEX_SECRET_KEY", &secret), ("RUST_LOG", "trace")],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains(made.out.trim()), "{}", ran.out);
    assert!(!ran.err.contains(seed) && !ran.out.contains(seed));
    for entry in std::fs::read_dir(sandbox.work().join("site")).expect("a folder") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        assert!(memchr::memmem::find(&bytes, seed.as_bytes()).is_none());
    }
}

#[test]
fn a_publication_is_made_taken_and_scanned_with() {
    let (sandbox, _) = prepared();
    let told = publish(&sandbox).json();
    assert_eq!(told["schema"], "lockkeeper.db-publish/1");
    assert_eq!(told["key"], key(1).public().to_string());
    assert_eq!(told["files"].as_array().map(Vec::len), Some(5));
    let manifest: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(sandbox.work().join("site/lockkeeper-index.json")).expect("a manifest"),
    )
    .expect("JSON");
    assert_eq!(manifest["schema"], "lockkeeper.index/1");
    assert_eq!(manifest["built"], day(1).to_string());
    assert_eq!(manifest["files"][0]["name"], told["files"][0]["name"]);

    let server = Server::start();
    let address = serve(&sandbox, &server);
    let public = key(1).public().to_string();
    sandbox.write(
        "Cargo.lock",
        cargo_lock(&[("package-1", "1.0.0"), ("package-2", "3.0.0")]),
    );
    sandbox.write("requirements.txt", "package-3==1.0\nboth==1\n");
    let now = day(2).to_string();

    let parts = text(&sandbox.path("parts.lkdb"));
    let update = [
        "db",
        "update",
        "--db",
        &parts,
        "--ecosystem",
        "PyPI,crates.io",
        "--from",
        &address,
        "--now",
        &now,
    ];
    let refused = sandbox.run(&update);
    assert_eq!(refused.code, 5, "{}", refused.err);
    assert!(refused.err.contains("no key is trusted"), "{}", refused.err);
    let updated = sandbox.run(&[&update[..], &["--key", &public, "--format", "json"]].concat());
    assert_eq!(updated.code, 0, "{}", updated.err);
    let updated = updated.json();
    assert_eq!(updated["files"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (
            &updated["files"][0]["fetched"],
            &updated["files"][0]["ecosystems"][0]
        ),
        (&true.into(), &"PyPI".into())
    );

    let scan = |index: &str| {
        let mut scanned = sandbox
            .run(&["scan", "--db", index, "--format", "json", "--now", &now])
            .json();
        let digest = scanned["database"].take();
        assert!(
            digest["digest"]
                .as_str()
                .is_some_and(|digest| digest.starts_with("sha256:"))
        );
        // They tell where the index lies.
        scanned["coverage"]["problems"].take();
        scanned
    };
    let whole = scan(&text(&sandbox.path("source.lkdb")));
    assert_eq!(whole["verdict"], "blocked");
    assert_eq!(whole["targets"][0]["findings"].as_array().map(Vec::len), Some(3));
    assert_eq!(scan(&parts), whole);

    // From a folder, without a network; and from an address that is not one.
    let folder = text(&sandbox.path("folder.lkdb"));
    let offline = [
        "db",
        "update",
        "--offline",
        "--db",
        &folder,
        "--now",
        &now,
        "--from",
    ];
    let ran = sandbox.run(&[&offline[..], &["site", "--ecosystem", "PyPI,crates.io"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        std::fs::read(&folder).expect("an index"),
        std::fs::read(&parts).expect("an index")
    );
    assert_eq!(sandbox.run(&[&offline[..], &[&address]].concat()).code, 2);
    let by_key = sandbox.run(&[&offline[..], &["site", "--key", "/nowhere"]].concat());
    assert_eq!(by_key.code, 2, "{}", by_key.err);

    // Without a key nothing is published, and nothing by accident.
    let index = text(&sandbox.path("source.lkdb"));
    let ran = sandbox.run(&["db", "publish", "unsigned", "--db", &index]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("LOCKKEEPER_INDEX_SECRET_KEY") && ran.err.contains("--unsigned"),
        "{}",
        ran.err
    );
    assert!(!sandbox.work().join("unsigned").exists());
    let ran = sandbox.run(&["db", "publish", "unsigned", "--db", &index, "--unsigned"]);
    assert!(
        ran.code == 0 && ran.out.contains("not signed"),
        "{}{}",
        ran.out,
        ran.err
    );
    let missing = sandbox.run(&["db", "publish", "x", "--db", "nowhere", "--unsigned"]);
    assert_eq!(missing.code, 3, "{}", missing.err);
}

#[test]
fn a_scan_takes_what_its_tree_needs_from_the_addresses_of_the_policy() {
    let (sandbox, _) = prepared();
    publish(&sandbox);
    let server = Server::start();
    let address = serve(&sandbox, &server);
    let public = key(1).public();
    let dead = "http://127.0.0.1:9/lockkeeper-index.json";
    sandbox.write(
        "lockkeeper.yml",
        format!("schema: lockkeeper.policy/1\ndatabase: {{sources: [\"{dead}\", \"{address}#{public}\"]}}\n"),
    );
    sandbox.write("Cargo.lock", cargo_lock(&[("package-1", "1.0.0")]));
    let now = day(2).to_string();
    let scan = ["scan", "--format", "json", "--now", &now];
    let scanned = sandbox.run(&scan);
    assert_eq!(scanned.code, 1, "{}", scanned.err);
    assert!(scanned.err.contains("was passed over"), "{}", scanned.err);
    assert_eq!(fetched(&server), 1);
    let names = |scanned: &Ran| -> Vec<String> {
        let json = scanned.json();
        let sources = json["database"]["sources"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        sources
            .iter()
            .filter_map(|source| Some(source["name"].as_str()?.to_owned()))
            .collect()
    };
    assert!(names(&scanned).contains(&"osv/crates.io".to_owned()));
    assert!(!names(&scanned).contains(&"osv/npm".to_owned()));
    assert_eq!(sandbox.run(&scan).code, 1);
    assert!(server.hits().is_empty(), "it is there");

    // The tree has PyPI now, and the index has nothing of it: that is no clean tree.
    sandbox.write("requirements.txt", "package-3==1.0\n");
    let scanned = sandbox.run(&scan);
    assert_eq!((scanned.code, fetched(&server)), (1, 1), "{}", scanned.err);
    assert!(
        names(&scanned).contains(&"osv/PyPI".to_owned())
            && names(&scanned).contains(&"osv/crates.io".to_owned())
    );
    assert_eq!(
        scanned.json()["targets"][0]["findings"].as_array().map(Vec::len),
        Some(2)
    );
    sandbox.write("go.mod", "module x\n\ngo 1.21\n\nrequire package-1 v1.0.0\n");
    server.trouble("", 100, Trouble::Status(500, None));
    let failed = sandbox.run(&scan);
    assert_eq!(failed.code, 5, "{}{}", failed.out, failed.err);
}

#[test]
fn the_step_takes_what_its_tree_needs_and_goes_on_with_a_good_index() {
    let (sandbox, _) = prepared();
    publish(&sandbox);
    let server = Server::start();
    let address = serve(&sandbox, &server);
    let public = key(1).public().to_string();
    let cache = text(&sandbox.path("cache"));
    sandbox.write("Cargo.lock", cargo_lock(&[("package-1", "1.0.0")]));
    let now = format!("--now {}", day(2));
    let run = |database: &str, keys: &str| {
        step(
            &sandbox,
            &[
                ("INPUT_DATABASE", database),
                ("INPUT_CACHE-DIR", &cache),
                ("INPUT_ARGS", &now),
                ("LOCKKEEPER_INDEX_KEY", keys),
            ],
        )
    };
    let ran = run(&address, "");
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    let ran = run(&address, &public);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(outputs(&sandbox)["findings"], "1");
    assert_eq!(fetched(&server), 1, "crates.io and nothing else");
    // Again: what is held is as good.
    assert_eq!(run(&format!("{address}#{public}"), "").code, 1);
    assert_eq!(fetched(&server), 0);
    // A server that fails loses nothing: the index is there, and says how old it is.
    server.trouble("", 100, Trouble::Status(500, None));
    let ran = run(&address, &public);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("warning: the advisory database stays as it was"),
        "{}",
        ran.err
    );
    server.calm();

    // A folder is as good as an address.
    let other = text(&sandbox.path("other-cache"));
    let site = text(&sandbox.work().join("site"));
    let ran = step(
        &sandbox,
        &[
            ("INPUT_DATABASE", &site),
            ("INPUT_CACHE-DIR", &other),
            ("INPUT_ARGS", &now),
        ],
    );
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(sandbox.path("other-cache/advisories.lkdb").is_file());
}

#[test]
fn the_cache_is_emptied_of_pieces_too() {
    let (sandbox, _) = prepared();
    publish(&sandbox);
    let cache = text(&sandbox.path("cache"));
    let with = |arguments: &[&str]| sandbox.run_with(arguments, &[("LOCKKEEPER_CACHE", &cache)]);
    let ran = with(&[
        "db",
        "update",
        "--offline",
        "--from",
        "site",
        "--ecosystem",
        "npm,Go",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let held = || {
        std::fs::read_dir(sandbox.path("cache/downloads"))
            .expect("a folder")
            .count()
    };
    assert_eq!(held(), 3, "two files and a lock");
    let status = with(&["cache", "status"]);
    assert_eq!(status.out.matches(".lkdb").count(), 3, "{}", status.out);
    assert_eq!(with(&["cache", "clean"]).code, 0);
    assert_eq!(held(), 1);
    assert!(!sandbox.path("cache/advisories.lkdb").exists());
}

#[cfg(unix)]
#[test]
fn a_step_without_a_home_keeps_its_index_where_nobody_else_knew() {
    use std::os::unix::fs::PermissionsExt as _;
    let (sandbox, _) = prepared();
    sandbox.run(&["db", "key", &text(&sandbox.path("own-secret"))]);
    let source = text(&sandbox.path("source.lkdb"));
    let site = sandbox.run(&["db", "publish", "unsigned-site", "--db", &source, "--unsigned"]);
    assert_eq!(site.code, 0, "{}", site.err);
    sandbox.write("repo/Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    let temporary = sandbox.path("tmp");
    // Another user waits for the step with an index of that name.
    std::fs::create_dir_all(temporary.join("lockkeeper")).expect("a folder");
    let planted = temporary.join("lockkeeper/advisories.lkdb");
    std::fs::write(&planted, "planted").expect("a file");
    let step = |runner: Option<&std::path::Path>| {
        let mut command = sandbox.command(&["action"]);
        command
            .env_remove("HOME")
            .env("TMPDIR", &temporary)
            .env("INPUT_PATH", "repo")
            .env("INPUT_DATABASE", "unsigned-site")
            .env("INPUT_ARGS", "--now 2026-11-22T00:00:00Z");
        if let Some(folder) = runner {
            command.env("RUNNER_TEMP", folder);
        }
        command.output().expect("the program starts")
    };
    let indexes = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let entries = entries.map(|entry| entry.expect("an entry").path());
        entries
            .filter(|path| path.join("advisories.lkdb").is_file())
            .collect()
    };
    let ran = step(None);
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(
        matches!(ran.status.code(), Some(0 | 1)),
        "{:?} {told}",
        ran.status.code()
    );
    assert_eq!(std::fs::read_to_string(&planted).expect("a file"), "planted");
    let own: Vec<_> = indexes(&temporary)
        .into_iter()
        .filter(|path| !path.ends_with("lockkeeper"))
        .collect();
    let [own] = own.as_slice() else {
        panic!("{own:?} {told}")
    };
    let mode = std::fs::metadata(own).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else may enter it");
    let job = sandbox.path("job");
    std::fs::create_dir(&job).expect("a folder");
    let ran = step(Some(&job));
    assert!(
        matches!(ran.status.code(), Some(0 | 1)),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(job.join("lockkeeper/advisories.lkdb").is_file());
}
