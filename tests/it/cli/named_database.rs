//! A database that is named, and is none: what it is, and a way out that works when it is followed.

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn shop() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.lock", cargo_lock(&[("bad", "1.0.0")]));
    let bad = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))];
    sandbox.index("other.lkdb", &bad, NOW);
    let osv = sandbox.path("other.lkdb-osv");
    (sandbox, osv.to_str().expect("a path").to_owned())
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_folder_is_called_one_and_the_file_in_it_is_named() {
    let (sandbox, osv) = shop();
    std::fs::create_dir(sandbox.work().join("its db")).expect("a folder");
    let scan = |db: &str, flags: &[&str]| {
        let arguments = ["scan", "--db", db, "--now", NOW];
        sandbox.run(&[&arguments[..], flags].concat())
    };
    let ran = scan("its db", &[]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        ran.out
            .starts_with("? INCOMPLETE  at the path of the advisory database is a folder\n"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("damaged"), "{}", ran.out);
    let build = "lockkeeper db build --db 'its db/advisories.lkdb' SOURCE…";
    assert!(words(&ran.out).contains(build), "{}", ran.out);
    let json = scan("its db", &["--format", "json"]).json();
    assert_eq!(json["coverage"]["index"]["state"], "missing");
    let sarif = scan("its db", &["--format", "sarif"]).json();
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(
        invocation["toolExecutionNotifications"][0]["message"]["text"],
        "at the path of the advisory database is a folder"
    );
    for (format, file) in [("markdown", "report.md"), ("html", "report.html")] {
        scan("its db", &["--format", format, "--output", file]);
        let text = std::fs::read_to_string(sandbox.work().join(file)).expect("a report");
        assert!(
            text.contains("is a folder") && !text.contains("damaged"),
            "{text}"
        );
    }
    // The first way out, and what then is said of the folder.
    let built = sandbox.run(&[
        "db",
        "build",
        "--db",
        "its db/advisories.lkdb",
        &osv,
        "--as-of",
        NOW,
    ]);
    assert_eq!(built.code, 0, "{}", built.err);
    let ran = scan("its db", &[]);
    assert!(
        words(&ran.out).contains("Name the file in it: `--db 'its db/advisories.lkdb'`."),
        "{}",
        ran.out
    );
    assert_eq!(scan("its db/advisories.lkdb", &[]).code, 1);
    for command in [&["db", "status"][..], &["db", "verify"], &["explain", "GHSA-bad"]] {
        let ran = sandbox.run(&[command, &["--db", "its db"]].concat());
        assert_eq!(ran.code, 3, "{command:?}: {}", ran.err);
        assert!(ran.err.contains("it is a folder"), "{command:?}: {}", ran.err);
        assert!(
            ran.err.contains("its db/advisories.lkdb"),
            "{command:?}: {}",
            ran.err
        );
    }
    let ran = sandbox.run(&["db", "build", "--db", "its db", &osv]);
    assert!(ran.code != 0 && ran.err.contains("it is a folder"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn a_pipe_and_a_device_are_not_read_for_a_database() {
    let (sandbox, osv) = shop();
    let _socket = std::os::unix::net::UnixListener::bind(sandbox.work().join("socket")).expect("a socket");
    for db in ["/dev/zero", "socket"] {
        let ran = sandbox.run(&["scan", "--db", db, "--now", NOW]);
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(
            ran.out.starts_with(
                "? INCOMPLETE  at the path of the advisory database is a device, pipe or socket\n"
            ),
            "{}",
            ran.out
        );
        assert!(
            words(&ran.out).contains("build one there: `lockkeeper db build --db FILE SOURCE…`"),
            "{}",
            ran.out
        );
    }
    let built = sandbox.run(&["db", "build", "--db", "FILE", &osv, "--as-of", NOW]);
    assert_eq!(built.code, 0, "{}", built.err);
    assert_eq!(sandbox.run(&["scan", "--db", "FILE", "--now", NOW]).code, 1);
}

/// Whatever a plain build or update gives, the policy that `init` writes judges with it.
#[test]
fn the_policy_of_init_needs_no_list_that_a_database_may_lack() {
    let (sandbox, osv) = shop();
    let index = sandbox.path("plain.lkdb").to_str().expect("a path").to_owned();
    let built = sandbox.run(&["db", "build", "--db", &index, &osv, "--as-of", NOW]);
    assert_eq!(built.code, 0, "{}", built.err);
    assert_eq!(sandbox.run(&["init", "--yes"]).code, 0);
    let scan = || sandbox.run(&["scan", "--db", &index, "--now", NOW]);
    let ran = scan();
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.starts_with("✗ BLOCKED"), "{}", ran.out);
    assert!(!ran.out.contains("more may be hidden"), "{}", ran.out);
    // Where a rule needs more, the policy says so, and the run says it too.
    let policy = sandbox.work().join(".github/lockkeeper.yml");
    let text = std::fs::read_to_string(&policy).expect("a policy");
    let rule = "#  - name: exploited-now\n#    when: {known-exploited: true}\n#    then: fail\n";
    let (before, _) = text.split_once(rule).expect("the rule, in comments");
    assert!(
        before.ends_with("this rule makes every verdict incomplete.\n"),
        "{before}"
    );
    std::fs::write(&policy, text.replace(rule, &rule.replace('#', ""))).expect("a policy");
    let ran = scan();
    assert!(words(&ran.out).contains("more may be hidden"), "{}", ran.out);
    assert!(
        words(&ran.out).contains("Build the advisory database with CISA's catalogue"),
        "{}",
        ran.out
    );
}
