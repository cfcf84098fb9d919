//! A run that is killed, aborts or is refused leaves no report that passes: neither one of its own nor one of an earlier run.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// Every form of every command that gives a verdict, with the file that it is asked for in.
const REPORTS: &[(&str, &str, &str)] = &[
    ("scan", "json", "scan.json"),
    ("scan", "sarif", "scan.sarif"),
    ("scan", "markdown", "scan.md"),
    ("scan", "html", "scan.html"),
    ("scan", "terminal", "scan.txt"),
    ("gate", "json", "gate.json"),
    ("gate", "markdown", "gate.md"),
    ("gate", "terminal", "gate.txt"),
    ("status", "json", "status.json"),
    ("status", "html", "status.html"),
    ("status", "markdown", "status.md"),
    ("status", "terminal", "status.txt"),
];

const COMMANDS: [&str; 3] = ["scan", "gate", "status"];

/// A repository that passes, its index, and where an index would be fetched from that never comes.
struct Place {
    sandbox: Sandbox,
    index: String,
    silent: TcpListener,
}

impl Place {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let records = [record("GHSA-bad", "crates.io", "bad", "0", Some("1.0.1"))];
        let index = sandbox.index("index.lkdb", &records, NOW);
        sandbox.write("Cargo.lock", cargo_lock(&[("good", "1.0.0")]));
        // Connections are taken by the system, and nobody answers.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = silent.local_addr().expect("an address");
        sandbox.write(
            "lockkeeper.yml",
            format!("database: {{sources: [\"http://{address}/osv\"]}}\n"),
        );
        sandbox.git(&["init", "-q"]);
        sandbox.git(&["add", "Cargo.lock", "lockkeeper.yml"]);
        sandbox.git(&["commit", "-q", "-m", "first"]);
        Self {
            sandbox,
            index,
            silent,
        }
    }

    /// The words of `command` with each of its reports asked for.
    fn line(&self, command: &str, further: &[&str]) -> Vec<String> {
        let mut line: Vec<String> = vec![command.into(), "--now".into(), NOW.into()];
        for (_, format, file) in REPORTS.iter().filter(|(of, _, _)| *of == command) {
            line.extend(["--format", *format, "--output", *file].map(String::from));
        }
        if command == "gate" {
            line.extend(["--release", "main"].map(String::from));
        }
        line.extend(further.iter().copied().map(String::from));
        line
    }

    fn run(&self, command: &str, further: &[&str]) -> crate::support::program::Ran {
        let line = self.line(command, further);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        self.sandbox.run(&line)
    }

    /// Reports of an earlier run, which passed.
    fn passed(&self) {
        for command in COMMANDS {
            let ran = self.run(command, &["--db", &self.index]);
            assert_eq!(ran.code, 0, "{command}: {}{}", ran.out, ran.err);
        }
        for (command, format, file) in REPORTS {
            let path = self.sandbox.work().join(file);
            assert!(
                passes(&path, format),
                "{command} {format}: the earlier run passed"
            );
        }
    }

    fn each_report(&self, check: impl Fn(&Path, &str, &str)) {
        for (command, format, file) in REPORTS {
            check(&self.sandbox.work().join(file), format, command);
        }
    }

    /// Starts `line` where no index is there, waits until a first report is another one, and sends `signal`.
    fn stopped(&self, mut command: Command, first: &Path, signal: &str) -> ExitStatus {
        let before = std::fs::read(first).ok();
        let mut child = command.spawn().expect("the program starts");
        let until = Instant::now() + Duration::from_secs(60);
        while std::fs::read(first).ok() == before && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Now it waits for a server that says nothing.
        std::thread::sleep(Duration::from_millis(100));
        assert!(child.try_wait().expect("a state").is_none(), "it ended by itself");
        let id = child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill");
        assert!(sent.success());
        child.wait().expect("an end")
    }
}

/// The line with the verdict: below the heading of a page about a scan, in that of another page, else the first.
fn verdict_line(text: &str) -> &str {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    match first.strip_prefix("## lockkeeper: ") {
        Some(verdict) if verdict.starts_with(['✓', '✗', '?', '!', '∅']) => verdict,
        Some(_) => lines.next().unwrap_or_default(),
        None => first,
    }
}

/// The report says that something passed.
fn passes(path: &Path, format: &str) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else {
        return false;
    };
    match format {
        "json" => {
            let report: Value = serde_json::from_str(&text).expect("JSON");
            // A grid has no verdict of its own: it is whole or not.
            report["verdict"] == "pass" || report["coverage"]["complete"] == true
        }
        "sarif" => {
            let report: Value = serde_json::from_str(&text).expect("JSON");
            report["runs"][0]["invocations"][0]["executionSuccessful"] == true
        }
        "html" => text.contains("data-verdict=\"pass\""),
        _ => verdict_line(&text).contains("PASS"),
    }
}

/// The report says that the run failed, and why.
fn fails(path: &Path, format: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let word = match format {
        "json" => "\"complete\": false",
        "sarif" => "executionSuccessful\":false",
        "html" => "data-verdict=\"failed\"",
        _ => "! FAILED",
    };
    let told = text.contains("the run did not reach its end");
    text.contains(word) && told && !text.contains("db update") && !text.contains("Without an index")
}

/// The report says that not everything could be judged.
fn is_incomplete(path: &Path, format: &str) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let first = verdict_line(&text);
    match format {
        "json" => text.contains("\"complete\": false"),
        "sarif" => text.contains("executionSuccessful\":false"),
        "html" => text.contains("data-verdict=\"incomplete\""),
        _ => first.contains("INCOMPLETE"),
    }
}

#[test]
fn a_run_that_is_stopped_leaves_reports_that_fail() {
    for (signal, code) in [
        ("-KILL", None),
        ("-TERM", Some(130)),
        ("-INT", Some(130)),
        ("-ABRT", None),
    ] {
        let place = Place::new();
        place.passed();
        for command in COMMANDS {
            let line = place.line(command, &[]);
            let first = REPORTS
                .iter()
                .rfind(|(of, _, _)| *of == command)
                .expect("a report");
            let program = place.sandbox.command(&line);
            let ended = place.stopped(program, &place.sandbox.work().join(first.2), signal);
            assert_eq!(ended.code(), code, "{command} {signal}");
        }
        place.each_report(|path, format, command| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            assert!(!passes(path, format), "{signal} {command} {format}: {text}");
            assert!(fails(path, format), "{signal} {command} {format}: {text}");
        });
        drop(place.silent);
    }
}

#[test]
fn a_report_of_a_run_that_was_stopped_keeps_its_shape() {
    let place = Place::new();
    for command in COMMANDS {
        let line = place.line(command, &[]);
        let first = REPORTS
            .iter()
            .rfind(|(of, _, _)| *of == command)
            .expect("a report");
        place.stopped(
            place.sandbox.command(&line),
            &place.sandbox.work().join(first.2),
            "-KILL",
        );
    }
    let read = |file: &str| -> Value {
        let text = std::fs::read(place.sandbox.work().join(file)).expect(file);
        serde_json::from_slice(&text).expect("JSON")
    };
    for file in ["scan.json", "gate.json"] {
        let report = read(file);
        assert_eq!(report["verdict"], "failed", "{file}");
        assert_eq!(report["exit_code"], 70, "{file}");
        assert_eq!(report["coverage"]["complete"], false, "{file}");
        assert_eq!(
            report["coverage"]["blind"][0]["reason"], "the run did not reach its end",
            "{file}"
        );
    }
    assert_eq!(read("status.json")["coverage"]["complete"], false);
    let run = &read("scan.sarif")["runs"][0];
    assert_eq!(run["invocations"][0]["exitCode"], 70);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(
        run["invocations"][0]["toolExecutionNotifications"]
            .as_array()
            .map(Vec::len),
        Some(1),
        "{run}"
    );
}

/// Runs `line` in a shell that sets `limit` first.
fn limited(sandbox: &Sandbox, limit: &str, line: &[String]) -> Command {
    let mut command = sandbox.command(&[""; 0]);
    let program = command.get_program().to_owned();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{limit}; exec \"$0\" \"$@\"")])
        .arg(program)
        .args(line)
        .current_dir(sandbox.work())
        .env_clear()
        .env("HOME", sandbox.path("home"))
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command = shell;
    command
}

#[test]
fn a_run_without_memory_leaves_reports_that_fail() {
    let place = Place::new();
    place.passed();
    let names: Vec<String> = (0..120_000).map(|number| format!("package-{number}")).collect();
    let packages: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1.0.0")).collect();
    place.sandbox.write("Cargo.lock", cargo_lock(&packages));
    place.sandbox.git(&["commit", "-q", "-a", "-m", "many"]);
    // Its own bytes are a part of what it takes.
    let program = std::fs::metadata(env!("CARGO_BIN_EXE_lockkeeper")).expect("the program");
    let begins = program.len() / 1024 + 60_000;
    for command in COMMANDS {
        let mut short = 0;
        let mut reported = BTreeSet::new();
        // How much is too little hangs on how the program was built: from where it can begin up to where it is enough.
        for kibibytes in (begins.max(150_000)..begins + 400_000).step_by(10_000) {
            let line = place.line(command, &["--db", &place.index]);
            let output = limited(&place.sandbox, &format!("ulimit -v {kibibytes}"), &line)
                .output()
                .expect("a shell");
            let told = String::from_utf8_lossy(&output.stderr);
            if matches!(output.status.code(), Some(0..=2 | 4..=6)) {
                break;
            }
            short += 1;
            for (_, format, file) in REPORTS.iter().filter(|(of, _, _)| *of == command) {
                let path = place.sandbox.work().join(file);
                assert!(!passes(&path, format), "{command} {format} {kibibytes}: {told}");
                // A library that asks whether there is memory for a file has the file reported as one that cannot be
                // read, and the run may still end for want of memory when the next report is made. With less than it takes
                // to begin there is no report.
                if fails(&path, format) || is_incomplete(&path, format) {
                    reported.insert(*format);
                }
            }
        }
        assert!(short > 0, "{command}: it always had enough");
        for (_, format, _) in REPORTS.iter().filter(|(of, _, _)| *of == command) {
            assert!(
                reported.contains(format),
                "{command} {format}: {reported:?} of {short} runs"
            );
        }
    }
}

#[test]
fn a_thread_without_stack_leaves_a_report_that_fails() {
    let place = Place::new();
    place.passed();
    for number in 0..40 {
        let lock = serde_json::json!({"lockfileVersion": 3, "packages": {"": {"name": "app"},
            "node_modules/a": {"version": "1.0.0"}}});
        place
            .sandbox
            .write(&format!("app-{number}/package-lock.json"), lock.to_string());
    }
    let line = place.line("scan", &["--db", &place.index]);
    let mut command = limited(&place.sandbox, "true", &line);
    command.env("RUST_MIN_STACK", "16384");
    let output = command.output().expect("a shell");
    let told = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || matches!(output.status.code(), Some(1..=6)) {
        // A machine whose smallest stack is enough proves nothing.
        return;
    }
    assert!(told.contains("overflowed its stack"), "{told}");
    for (_, format, file) in REPORTS.iter().filter(|(of, _, _)| *of == "scan") {
        assert!(fails(&place.sandbox.work().join(file), format), "{format}");
    }
}

#[test]
fn wrong_usage_leaves_no_report_of_ours_and_what_is_no_report() {
    let wrong: &[&[&str]] = &[
        &["--nonsense"],
        &["--color", "perhaps"],
        &["--now", "yesterday"],
        &["--policy", "nowhere.yml"],
        &["--fail-on", "everything"],
        &["nowhere"],
    ];
    for further in wrong {
        let place = Place::new();
        place.passed();
        place
            .sandbox
            .write("notes.md", "# Release notes\n\nIt must PASS.\n");
        place
            .sandbox
            .write("data.json", "{\"schema\": \"other/1\", \"tool\": \"lockkeeper\"}");
        for command in COMMANDS {
            let ran = place.run(command, &[&["--db", &place.index], *further].concat());
            assert_eq!(ran.code, 2, "{command} {further:?}: {}", ran.err);
        }
        place.each_report(|path, format, command| {
            assert!(!path.exists(), "{command} {format} {further:?}");
        });
        let kept = ["notes.md", "data.json", "Cargo.lock"];
        let mut line = vec!["scan", "--nonsense"];
        line.extend(
            kept.iter()
                .flat_map(|file| ["--format", "json", "--output", *file]),
        );
        assert_eq!(place.sandbox.run(&line).code, 2);
        for file in kept {
            assert!(place.sandbox.work().join(file).is_file(), "{file} is no report");
        }
    }
}

#[test]
fn a_mistake_of_the_policy_or_of_a_place_leaves_no_report() {
    let place = Place::new();
    place.passed();
    // The last place cannot be written; what was written before it is no report of a run that ended with 2.
    let ran = place.run(
        "scan",
        &[
            "--db",
            &place.index,
            "--format",
            "json",
            "--output",
            "Cargo.lock/x.json",
        ],
    );
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("Cargo.lock/x.json"), "{}", ran.err);
    let own = |file: &str| place.sandbox.work().join(file);
    assert!(!own("scan.json").exists() && !own("scan.html").exists());
    place.sandbox.write("lockkeeper.yml", "rules: 1\n");
    for command in ["gate", "status"] {
        assert_eq!(place.run(command, &["--db", &place.index]).code, 2);
    }
    place.each_report(|path, format, command| assert!(!path.exists(), "{command} {format}"));
}

#[test]
fn a_device_gets_one_report_and_a_link_stays_one() {
    let place = Place::new();
    let line = [
        "scan",
        "--db",
        &place.index,
        "--now",
        NOW,
        "--format",
        "json",
        "--output",
        "/dev/stdout",
    ];
    let ran = place.sandbox.run(&line);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.json()["verdict"], "pass");
    let target = place.sandbox.write("kept/real.json", "{}");
    let link = place.sandbox.work().join("link.json");
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    let to_link = [
        "scan",
        "--db",
        &place.index,
        "--now",
        NOW,
        "--format",
        "json",
        "--output",
        "link.json",
    ];
    assert_eq!(place.sandbox.run(&to_link).code, 0);
    assert!(link.is_symlink() && passes(&target, "json"));
    assert_eq!(place.sandbox.run(&[&to_link[..], &["nowhere"]].concat()).code, 2);
    assert!(!passes(&target, "json") && link.is_symlink());
}

#[test]
fn lists_of_an_earlier_run_do_not_stay_either() {
    let place = Place::new();
    for command in ["packages", "refs"] {
        let line = [command, "--format", "json", "--output", "list.json"];
        assert_eq!(place.sandbox.run(&line).code, 0, "{command}");
        let list = place.sandbox.work().join("list.json");
        assert!(list.is_file());
        assert_eq!(
            place.sandbox.run(&[&line[..], &["nowhere"]].concat()).code,
            2,
            "{command}"
        );
        assert!(!list.exists(), "{command}");
    }
}

#[test]
fn each_ref_of_a_run_that_was_stopped_fails_and_those_of_other_runs_stay() {
    let place = Place::new();
    for branch in ["release/1.0", "release/2.0", "release/3.0", "topic"] {
        place.sandbox.git(&["branch", branch]);
    }
    let pattern = "sarif/{ref}.sarif";
    let line = |refs: &str, further: &[&str]| -> Vec<String> {
        let words = [
            "scan", "--now", NOW, "--refs", refs, "--format", "sarif", "--output", pattern,
        ];
        words
            .iter()
            .chain(further)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let all = line("main,topic,release/*", &["--db", &place.index]);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(place.sandbox.run(&all).code, 0);
    let own = |name: &str| place.sandbox.work().join(format!("sarif/{name}.sarif"));
    place
        .sandbox
        .write("sarif/release-notes.sarif", "{\"$schema\":\"x\",\"runs\":[]}");
    // A line that is no more, whose report would be uploaded with the others.
    place.sandbox.git(&["branch", "-D", "release/3.0"]);
    let stopped = place.sandbox.command(&line("release/*", &[]));
    place.stopped(stopped, &own("release-2.0"), "-KILL");
    for name in ["release-1.0", "release-2.0"] {
        assert!(fails(&own(name), "sarif"), "{name}");
    }
    assert!(!own("release-3.0").exists());
    for name in ["main", "topic"] {
        assert!(passes(&own(name), "sarif"), "{name} is of another run");
    }
    assert!(own("release-notes").is_file(), "what is not ours stays");
    // A line that nobody understands takes its reports away too.
    let wrong = line("main", &["--nonsense"]);
    let wrong: Vec<&str> = wrong.iter().map(String::as_str).collect();
    assert_eq!(place.sandbox.run(&wrong).code, 2);
    assert!(!own("main").exists() && own("topic").is_file());
    // Several refs and one place are refused before a tree is read.
    let one = [
        "scan",
        "--refs",
        "release/*",
        "--format",
        "sarif",
        "--output",
        "one.sarif",
    ];
    let refused = place.sandbox.run(&one);
    assert!(
        refused.code == 2 && refused.err.contains("{ref}"),
        "{}",
        refused.err
    );
}

#[test]
fn a_step_that_is_stopped_tells_the_next_that_it_failed() {
    let place = Place::new();
    let text = |path: &Path| path.to_str().expect("a path").to_owned();
    let (summary, output) = (place.sandbox.path("summary.md"), place.sandbox.path("output.txt"));
    std::fs::write(&summary, "Of another program.\n").expect("a file");
    let environment = |further: &[(&str, &str)]| -> Vec<(String, String)> {
        let own = [
            ("GITHUB_STEP_SUMMARY", text(&summary)),
            ("GITHUB_OUTPUT", text(&output)),
            (
                "INPUT_ARGS",
                format!("--now {NOW} --format json --output args.json"),
            ),
            ("INPUT_REPORT-FILE", "report.md".to_owned()),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        own.chain(
            further
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        )
        .collect()
    };
    let step = |further: &[(&str, &str)]| {
        let mut command = place.sandbox.command(&["action"]);
        command.envs(environment(further));
        command
    };
    let told = |name: &str| {
        let lines = std::fs::read_to_string(&output).expect("outputs");
        let prefix = format!("{name}=");
        lines
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix))
            .next_back()
            .map(str::to_owned)
    };
    let database = ("INPUT_DATABASE", place.index.as_str());
    let ran = step(&[database]).output().expect("the program starts");
    assert_eq!(
        ran.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(told("verdict").as_deref(), Some("pass"));
    let page = std::fs::read_to_string(&summary).expect("a summary");
    assert!(
        page.starts_with("Of another program.\n## lockkeeper: no known vulnerabilities\n\n**✓ PASS**")
            && !page.contains("FAILED"),
        "{page}"
    );
    let own = |file: &str| place.sandbox.work().join(file);
    for (file, format) in [
        ("report.md", "markdown"),
        ("args.json", "json"),
        ("lockkeeper.sarif", "sarif"),
    ] {
        assert!(passes(&own(file), format), "{file}");
    }
    std::fs::remove_file(&output).expect("removed");
    let address = format!("http://{}/osv", place.silent.local_addr().expect("an address"));
    let hanging = [("INPUT_DATABASE", address.as_str()), ("INPUT_CACHE-DIR", "cache")];
    place.stopped(step(&hanging), &own("args.json"), "-KILL");
    assert_eq!(told("verdict").as_deref(), Some("failed"));
    assert_eq!(told("exit-code").as_deref(), Some("70"));
    assert_eq!(told("sarif-file"), None);
    let page = std::fs::read_to_string(&summary).expect("a summary");
    assert!(
        page.contains("## lockkeeper: ! FAILED\n\nthe run did not reach its end\n"),
        "{page}"
    );
    assert!(fails(&own("report.md"), "markdown") && fails(&own("args.json"), "json"));
    // Nobody asked for it by name, and that of the step before is not of this one.
    assert!(!own("lockkeeper.sarif").exists());
    let named = [hanging[0], hanging[1], ("INPUT_SARIF-FILE", "named.sarif")];
    place.stopped(step(&named), &own("named.sarif"), "-TERM");
    assert!(fails(&own("named.sarif"), "sarif"));
    // An input that is wrong leaves no report, and says so.
    assert!(step(&[database]).status().expect("the program starts").success());
    let wrong = step(&[database, ("INPUT_SARIFFILE", "x")])
        .status()
        .expect("the program starts");
    assert_eq!(wrong.code(), Some(2));
    assert_eq!(told("verdict").as_deref(), Some("failed"));
    for file in ["report.md", "args.json", "lockkeeper.sarif"] {
        assert!(!own(file).exists(), "{file}");
    }
}
