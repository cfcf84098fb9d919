//! Records that could not be read when the database was built: counted, told by every scan, blind where they name a package;
//! and an index that lies in the tree that it judges.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::program::{Ran, Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// An export of crates.io with `good` sound records and these odd ones.
fn export(sandbox: &Sandbox, good: usize, odd: &[(&str, String)]) -> String {
    let folder = sandbox.path("crates.io");
    std::fs::create_dir_all(&folder).expect("a folder");
    for number in 0..good {
        let sound = record(
            &format!("GHSA-{number}"),
            "crates.io",
            &format!("crate-{number}"),
            "0",
            None,
        );
        std::fs::write(folder.join(format!("GHSA-{number}.json")), sound.to_string()).expect("a record");
    }
    for (name, text) in odd {
        std::fs::write(folder.join(name), text).expect("a record");
    }
    folder.to_str().expect("a path").to_owned()
}

/// A record whose severity is a number.
fn odd(id: &str, package: &str) -> (String, String) {
    let mut record = record(id, "crates.io", package, "0", None);
    record["severity"] = json!(7);
    (format!("{id}.json"), record.to_string())
}

fn build(sandbox: &Sandbox, source: &str, more: &[&str]) -> (Ran, String) {
    let index = sandbox.path("i.lkdb").to_str().expect("a path").to_owned();
    let mut arguments = vec!["db", "build", source, "--db", &index, "--as-of", NOW];
    arguments.extend(more);
    (sandbox.run(&arguments), index)
}

fn scan(sandbox: &Sandbox, index: &str, more: &[&str]) -> (i32, Value) {
    let mut arguments = vec!["scan", "--db", index, "--now", NOW, "--format", "json"];
    arguments.extend(more);
    let ran = sandbox.run(&arguments);
    (ran.code, ran.json())
}

#[test]
fn more_than_one_in_a_hundred_is_too_much() {
    let sandbox = Sandbox::new();
    let (first, second) = (odd("GHSA-odd-1", "odd-1"), odd("GHSA-odd-2", "odd-2"));
    let files = [
        (first.0.as_str(), first.1.clone()),
        (second.0.as_str(), second.1.clone()),
    ];
    let source = export(&sandbox, 150, &files);
    let (ran, index) = build(&sandbox, &source, &[]);
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(
        ran.err
            .contains("2 of 152 records of crates.io could not be read")
            && ran.err.contains("--allow-rejected"),
        "{}",
        ran.err
    );
    assert!(!Path::new(&index).exists());
    assert_eq!(build(&sandbox, &source, &["--allow-rejected"]).0.code, 0);
    // A hundredth is not more than one in a hundred.
    export(&sandbox, 198, &[]);
    assert_eq!(build(&sandbox, &source, &[]).0.code, 0);
}

#[test]
fn a_package_that_an_unread_record_names_is_blind() {
    let sandbox = Sandbox::new();
    let (name, text) = odd("GHSA-odd", "Odd_Crate");
    let source = export(&sandbox, 120, &[(&name, text)]);
    let (ran, index) = build(&sandbox, &source, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    sandbox.write(
        "held/Cargo.lock",
        cargo_lock(&[("Odd_Crate", "1.0.0"), ("fine", "1.0.0")]),
    );
    sandbox.write("free/Cargo.lock", cargo_lock(&[("fine", "1.0.0")]));
    let (code, report) = scan(&sandbox, &index, &["held"]);
    assert_eq!(code, 3);
    let blind = &report["coverage"]["blind"];
    assert_eq!(blind.as_array().map(Vec::len), Some(1));
    let reason = blind[0]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("Odd_Crate 1.0.0: the record GHSA-odd"),
        "{reason}"
    );
    let (code, report) = scan(&sandbox, &index, &["free"]);
    assert_eq!(code, 0);
    assert!(
        report
            .to_string()
            .contains("1 record of osv/crates.io could not be read"),
        "{report}"
    );
    let status = sandbox.run(&["db", "verify", "--db", &index]);
    assert_eq!(status.code, 0, "{}", status.err);
}

#[test]
fn what_names_no_package_is_a_partial_gap() {
    let sandbox = Sandbox::new();
    let source = export(&sandbox, 120, &[("broken.json", "{{{{".to_owned())]);
    let (ran, index) = build(&sandbox, &source, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    sandbox.write("Cargo.lock", cargo_lock(&[("fine", "1.0.0")]));
    let (code, report) = scan(&sandbox, &index, &[]);
    assert_eq!(code, 0);
    let partial = report["coverage"]["partial"].to_string();
    assert!(
        partial.contains("for 1 it is unknown which packages they name"),
        "{partial}"
    );
    sandbox.write("strict.yml", "coverage: strict\n");
    assert_eq!(scan(&sandbox, &index, &["--policy", "strict.yml"]).0, 3);
}

/// A zip of these records, one of them with a byte that its checksum does not fit.
fn spoilt_zip(path: &Path, records: &[(String, String)], spoilt: &str) {
    let file = std::fs::File::create(path).expect("a file");
    let mut zip = zip::ZipWriter::new(file);
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in records {
        zip.start_file(name.as_str(), options).expect("an entry");
        zip.write_all(text.as_bytes()).expect("bytes");
    }
    zip.finish().expect("a zip");
    let mut bytes = std::fs::read(path).expect("bytes");
    let place = bytes
        .windows(spoilt.len())
        .position(|window| window == spoilt.as_bytes())
        .expect("the text");
    bytes[place] ^= 1;
    std::fs::write(path, bytes).expect("a file");
}

#[test]
fn a_spoilt_record_of_an_archive_is_one_that_could_not_be_read() {
    let sandbox = Sandbox::new();
    let mut records: Vec<(String, String)> = (0..120)
        .map(|number| {
            let id = format!("GHSA-{number}");
            let sound = record(&id, "crates.io", &format!("crate-{number}"), "0", None);
            (format!("{id}.json"), sound.to_string())
        })
        .collect();
    let mut spoilt = record("GHSA-spoilt", "crates.io", "spoilt", "0", None);
    spoilt["summary"] = json!("the marked one");
    records.push(("GHSA-spoilt.json".into(), spoilt.to_string()));
    let folder = sandbox.path("mirror");
    std::fs::create_dir_all(folder.join("crates.io")).expect("a folder");
    spoilt_zip(&folder.join("crates.io/all.zip"), &records, "the marked one");
    let folder = folder.to_str().expect("a path");
    sandbox.write("Cargo.lock", cargo_lock(&[("spoilt", "1.0.0")]));

    let (ran, index) = build(&sandbox, folder, &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(scan(&sandbox, &index, &[]).0, 3);
    let updated = sandbox.path("updated.lkdb");
    let updated = updated.to_str().expect("a path");
    let ran = sandbox.run(&[
        "db",
        "update",
        "--from",
        folder,
        "--ecosystem",
        "crates.io",
        "--db",
        updated,
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = sandbox.run(&["scan", "--db", updated, "--format", "json"]);
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(ran.out.contains("the record GHSA-spoilt names it"), "{}", ran.out);

    // Too many of them, and the update ends as the build does.
    records.truncate(40);
    records.push(("GHSA-spoilt.json".into(), spoilt.to_string()));
    spoilt_zip(
        &PathBuf::from(folder).join("crates.io/all.zip"),
        &records,
        "the marked one",
    );
    let fresh = sandbox.path("fresh.lkdb");
    let fresh = fresh.to_str().expect("a path");
    let mut arguments = vec![
        "db",
        "update",
        "--from",
        folder,
        "--ecosystem",
        "crates.io",
        "--db",
        fresh,
    ];
    let ran = sandbox.run(&arguments);
    assert_eq!(ran.code, 5, "{}", ran.out);
    assert!(ran.err.contains("1 of 41 records of"), "{}", ran.err);
    assert_eq!(build(&sandbox, folder, &[]).0.code, 5);
    arguments.push("--allow-rejected");
    assert_eq!(sandbox.run(&arguments).code, 0);
}

#[test]
fn entries_that_share_bytes_are_refused_by_name() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("all.zip");
    let file = std::fs::File::create(&path).expect("a file");
    let mut zip = zip::ZipWriter::new(file);
    zip.start_file("first.json", zip::write::SimpleFileOptions::default())
        .expect("an entry");
    let text = record("GHSA-1", "npm", "a", "0", None).to_string();
    zip.write_all(text.as_bytes()).expect("bytes");
    zip.shallow_copy_file("first.json", "second.json")
        .expect("a copy");
    zip.finish().expect("a zip");
    let (ran, _) = build(&sandbox, path.to_str().expect("a path"), &[]);
    assert_ne!(ran.code, 0);
    assert!(
        ran.err.contains("first.json") && ran.err.contains("second.json") && ran.err.contains("overlap"),
        "{}",
        ran.err
    );
}

#[test]
fn an_index_that_the_tree_brings_is_not_believed() {
    let sandbox = Sandbox::new();
    let records = [record("GHSA-1", "crates.io", "bad", "0", None)];
    let index = sandbox.index("i.lkdb", &records, NOW);
    sandbox.write("Cargo.lock", cargo_lock(&[("fine", "1.0.0")]));
    sandbox.git(&["init", "--quiet"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "-m", "one"]);
    std::fs::create_dir_all(sandbox.work().join("cache")).expect("a folder");
    let inside = sandbox.work().join("cache/advisories.lkdb");
    std::fs::copy(&index, &inside).expect("an index");
    // A cache in the work tree that nobody committed is the runner's own.
    assert_eq!(scan(&sandbox, "cache/advisories.lkdb", &[]).0, 0);
    sandbox.git(&["add", "--force", "cache"]);
    sandbox.git(&["commit", "--quiet", "-m", "two"]);
    let (code, report) = scan(&sandbox, "cache/advisories.lkdb", &[]);
    assert_eq!(code, 3);
    assert!(
        report["coverage"]["blind"][0]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("git tracks the advisory database")),
        "{report}"
    );
    let offline = ["scan", "--now", NOW, "--offline"];
    let cache = sandbox.work().join("cache");
    let cached = [("LOCKKEEPER_CACHE", cache.to_str().expect("a path"))];
    assert_eq!(sandbox.run_with(&offline, &cached).code, 3);
    // By a link that is tracked, too.
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&index, sandbox.work().join("linked.lkdb")).expect("a link");
        assert_eq!(scan(&sandbox, "linked.lkdb", &[]).0, 0);
        sandbox.git(&["add", "linked.lkdb"]);
        assert_eq!(scan(&sandbox, "linked.lkdb", &[]).0, 3);
    }
    // The policy may name it.
    let digest = report["database"]["digest"].as_str().expect("a digest");
    sandbox.write("pinned.yml", format!("database: {{digest: \"{digest}\"}}\n"));
    assert_eq!(
        scan(&sandbox, "cache/advisories.lkdb", &["--policy", "pinned.yml"]).0,
        0
    );
}

#[cfg(unix)]
#[test]
fn pipes_are_refused_and_nobody_waits_at_them() {
    let sandbox = Sandbox::new();
    let index = sandbox.index("i.lkdb", &[record("GHSA-1", "crates.io", "bad", "0", None)], NOW);
    sandbox.write("Cargo.lock", cargo_lock(&[("fine", "1.0.0")]));
    let pipe = sandbox.path("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .expect("mkfifo");
    assert!(made.success());
    let pipe = pipe.to_str().expect("a path");
    for (arguments, code) in [
        (vec!["scan", "--db", pipe], 3),
        (vec!["scan", "--db", &index, "--policy", pipe], 2),
        (vec!["db", "build", pipe, "--db", "new.lkdb"], 2),
        (vec!["db", "status", "--db", pipe], 3),
        (
            vec![
                "db",
                "update",
                "--from",
                "https://mirror.example/lockkeeper-index.json",
                "--key",
                pipe,
            ],
            2,
        ),
    ] {
        let mut child = sandbox.command(&arguments).spawn().expect("the program starts");
        let begun = std::time::Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a status") {
                break status;
            }
            if begun.elapsed() > std::time::Duration::from_secs(30) {
                child.kill().expect("it ends");
                panic!("{arguments:?} waits for ever");
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}
