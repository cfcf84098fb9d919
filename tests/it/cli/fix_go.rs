//! `plan` and `fix` of Go modules as a user runs them, with a proxy and a checksum database on this machine.

use std::io::{Cursor, Write as _};

use lockkeeper::lockfile::go_mod::sum;

use crate::support::program::{Ran, Sandbox, record};
use crate::support::server::Server;

const NOW: &str = "2026-02-01T00:00:00Z";

/// A shop that requires `a.example/Net` v1.0.0 and, for its own test, `b.example/check`; v1.1.0 is fixed and imports
/// `c.example/text`.
struct Project {
    sandbox: Sandbox,
    server: Server,
    index: String,
}

/// Of a version: the line of `go.sum` of its archive, and that of its `go.mod`.
fn put(server: &Server, path: &str, version: &str, file: &str, source: &str) -> String {
    let files =
        [("go.mod", file), ("a.go", source)].map(|(name, text)| (format!("{path}@{version}/{name}"), text));
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in &files {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .expect("a file");
        zip.write_all(text.as_bytes()).expect("bytes");
    }
    let escaped: String = path
        .chars()
        .flat_map(|letter| match letter.is_ascii_uppercase() {
            true => vec!['!', letter.to_ascii_lowercase()],
            false => vec![letter],
        })
        .collect();
    let at = |end: &str| format!("/{escaped}/@v/{version}.{end}");
    server.put(&at("mod"), file);
    server.put(&at("zip"), zip.finish().expect("a zip").into_inner());
    server.put(
        &at("info"),
        format!("{{\"Version\":\"{version}\",\"Time\":\"2026-01-02T03:04:05Z\"}}"),
    );
    let digests = files.map(|(name, text)| (name, sum::digest(text.as_bytes())));
    let sums = format!(
        "{path} {version} {}\n{path} {version}/go.mod {}\n",
        sum::hash(digests.to_vec()),
        sum::hash_of_mod(file)
    );
    server.put(
        &format!("/sumdb/sums.example/lookup/{escaped}@{version}"),
        format!("17\n{sums}\ngo.sum database tree\n18\n"),
    );
    sums
}

impl Project {
    /// The project, and what `go.sum` is to be.
    fn new() -> (Self, String) {
        let (sandbox, server) = (Sandbox::new(), Server::start());
        let old = put(
            &server,
            "a.example/Net",
            "v1.0.0",
            "module a.example/Net\n\ngo 1.21\n",
            "package net\n",
        );
        let needs = "module a.example/Net\n\ngo 1.21\n\nrequire c.example/text v0.2.0\n";
        let new = put(
            &server,
            "a.example/Net",
            "v1.1.0",
            needs,
            "package net\n\nimport \"c.example/text\"\n",
        );
        let check = put(
            &server,
            "b.example/check",
            "v1.0.0",
            "module b.example/check\n",
            "package check\n",
        );
        let text = put(
            &server,
            "c.example/text",
            "v0.2.0",
            "module c.example/text\n",
            "package text\n",
        );
        server.put("/a.example/!net/@v/list", "v1.0.0\nv1.1.0\nv1.2.0-rc.1\n");
        sandbox.write("go.mod", GO_MOD);
        sandbox.write("go.sum", format!("{old}{check}"));
        sandbox.write(
            "main.go",
            "package main\n\nimport _ \"a.example/Net\"\n\nfunc main() {}\n",
        );
        sandbox.write("main_test.go", "package main\n\nimport _ \"b.example/check\"\n");
        let index = sandbox.index(
            "x.lkdb",
            &[record("GO-bad", "Go", "a.example/Net", "0", Some("1.1.0"))],
            NOW,
        );
        let sums = format!("{new}{check}{text}");
        (
            Self {
                sandbox,
                server,
                index,
            },
            sums,
        )
    }

    fn run(&self, words: &[&str], environment: &[(&str, &str)]) -> Ran {
        let proxy = self.server.address("");
        let line: Vec<&str> = words
            .iter()
            .copied()
            .chain(["--db", &self.index, "--now", NOW])
            .collect();
        let own = [
            ("GOPROXY", proxy.as_str()),
            ("GOSUMDB", "sums.example"),
            ("GOENV", "off"),
        ];
        let all: Vec<(&str, &str)> = own.into_iter().chain(environment.iter().copied()).collect();
        self.sandbox.run_with(&line, &all)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.work().join(name)).expect("a file")
    }
}

const GO_MOD: &str = "module shop.example\n\ngo 1.21\n\nrequire (\n\ta.example/Net v1.0.0\n\tb.example/check v1.0.0 // for tests\n)\n";

fn told(ran: &Ran) -> String {
    ran.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_fix_changes_the_lines_that_have_to() {
    let (project, sums) = Project::new();
    let plan = project.run(&["plan", "--format", "json"], &[]);
    assert_eq!(plan.code, 0, "{}{}", plan.out, plan.err);
    let target = &plan.json()["targets"][0];
    assert_eq!(target["moves"][0]["to"], "v1.1.0");
    assert_eq!(target["moves"][0]["age_days"], 29);
    assert_eq!(target["collateral"][0]["name"], "c.example/text");
    assert!(!plan.err.contains("not compared"), "{}", plan.err);
    let fix = project.run(&["fix", "--allow-dirty"], &[]);
    assert_eq!(fix.code, 0, "{}{}", fix.out, fix.err);
    let expected =
        GO_MOD.replace("Net v1.0.0", "Net v1.1.0") + "\nrequire c.example/text v0.2.0 // indirect\n";
    assert_eq!(project.text("go.mod"), expected);
    assert_eq!(project.text("go.sum"), sums);
    // Everything is known now.
    project.sandbox.write("go.mod", GO_MOD);
    project.server.hits();
    let offline = project.run(&["plan", "--offline"], &[]);
    assert_eq!(
        (offline.code, project.server.hits().len()),
        (0, 0),
        "{}",
        offline.err
    );
}

#[test]
fn another_hash_in_the_checksum_database_stops_the_fix() {
    let (project, _) = Project::new();
    let lookup = "/sumdb/sums.example/lookup/a.example/!net@v1.1.0";
    project.server.put(
        lookup,
        "17\na.example/Net v1.1.0 h1:other=\na.example/Net v1.1.0/go.mod h1:other=\n",
    );
    let fix = project.run(&["fix", "--allow-dirty"], &[]);
    assert_eq!(fix.code, 1, "{}", fix.out);
    assert!(
        told(&fix).contains("The checksum database has another hash of a.example/Net v1.1.0"),
        "{}",
        fix.out
    );
    assert_eq!(project.text("go.mod"), GO_MOD);
    // One that is not asked is named.
    for environment in [("GOSUMDB", "off"), ("GONOSUMDB", "a.example")] {
        let plan = project.run(&["plan"], &[environment]);
        assert_eq!(plan.code, 0, "{}", plan.out);
        let expected = "hashes of a.example/Net were not compared with a public log";
        assert!(plan.err.contains(expected), "{}", plan.err);
    }
}

#[test]
fn what_is_not_edited_says_why() {
    let (project, _) = Project::new();
    let reason = |files: &[(&str, &str)], environment: &[(&str, &str)]| {
        for (name, text) in files {
            project.sandbox.write(name, text);
        }
        let plan = project.run(&["plan"], environment);
        for (name, _) in files {
            std::fs::remove_file(project.sandbox.work().join(name)).expect("a file");
        }
        project.sandbox.write("go.mod", GO_MOD);
        assert_eq!(plan.code, 1, "{}{}", plan.out, plan.err);
        told(&plan)
    };
    let said = reason(&[("vendor/modules.txt", "# x\n")], &[]);
    assert!(
        said.contains("vendor/ holds the sources that are built"),
        "{said}"
    );
    let said = reason(&[("go.work", "go 1.21\n\nuse .\n")], &[]);
    assert!(
        said.contains("go.work builds it together with other modules"),
        "{said}"
    );
    let said = reason(&[("go.mod", &GO_MOD.replace("go 1.21", "go 1.16"))], &[]);
    assert!(said.contains("With a go line below 1.17"), "{said}");
    let said = reason(&[], &[("GOPRIVATE", "a.example")]);
    assert!(said.contains("GOPRIVATE says that no proxy has it"), "{said}");
    let said = reason(&[], &[("GOPROXY", "off")]);
    assert!(said.contains("GOPROXY is off"), "{said}");
}
