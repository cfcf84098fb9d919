//! How long advisories took on each release line, against what `git` itself says of the same histories.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::git_repository::Dice;
use crate::support::program::{Ran, Sandbox, cargo_lock, git_with, record};

const NOW: &str = "2026-03-01T00:00:00Z";
const DAY: f64 = 86_400.0;

/// A repository that tests write day by day, and an index.
struct History {
    sandbox: Sandbox,
    index: String,
}

impl History {
    fn new(records: &[Value]) -> Self {
        let sandbox = Sandbox::new();
        let index = sandbox.index("index.lkdb", records, NOW);
        sandbox.git(&["init", "-q"]);
        Self { sandbox, index }
    }

    fn git_on(&self, day: &str, arguments: &[&str]) -> String {
        let time = format!("{day}T12:00:00Z");
        let dates = [
            ("GIT_COMMITTER_DATE", time.as_str()),
            ("GIT_AUTHOR_DATE", time.as_str()),
        ];
        git_with(&self.sandbox.work(), arguments, &dates)
    }

    /// A commit on the branch that is checked out, whose lockfile holds `bad` at this version.
    fn commit(&self, day: &str, bad: &str) -> String {
        let packages = [("bad", bad), ("other", "1.0.0")];
        let packages = if bad.is_empty() {
            &packages[1..]
        } else {
            &packages[..]
        };
        self.write(day, &cargo_lock(packages))
    }

    fn write(&self, day: &str, lock: &str) -> String {
        self.sandbox.write("Cargo.lock", lock);
        self.sandbox.write("day", day);
        self.sandbox.git(&["add", "-A"]);
        self.git_on(day, &["commit", "-qm", day]);
        self.sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn branch(&self, name: &str, from: &str) {
        self.sandbox.git(&["checkout", "-q", "-b", name, from]);
    }

    fn status(&self, more: &[&str]) -> Ran {
        let refs = [
            "status",
            "--metrics",
            "--refs",
            "main,release/*",
            "--db",
            &self.index,
            "--now",
            NOW,
        ];
        self.sandbox.run(&[&refs[..], more].concat())
    }

    fn json(&self) -> Value {
        self.status(&["--format", "json"]).json()["metrics"].clone()
    }
}

fn published(id: &str, fixed: Option<&str>, day: &str) -> Value {
    let mut record = record(id, "crates.io", "bad", "0", fixed);
    record["published"] = json!(format!("{day}T12:00:00Z"));
    record
}

fn row<'m>(metrics: &'m Value, line: &str) -> &'m Value {
    let rows = metrics["rows"].as_array().expect("rows");
    let name = format!("refs/heads/{line}");
    rows.iter()
        .find(|row| row["ref"] == name.as_str())
        .unwrap_or_else(|| panic!("no row of {line} in {metrics:#}"))
}

/// `state` and days of the stages.
fn stage(row: &Value, stage: &str) -> String {
    let stage = &row[stage];
    match stage["days"].as_f64() {
        Some(days) => format!("{} {days}", stage["state"].as_str().expect("a state")),
        None => {
            assert!(
                stage["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
                "{stage}"
            );
            stage["state"].as_str().expect("a state").to_owned()
        }
    }
}

fn told() -> History {
    let history = History::new(&[published("GHSA-a", Some("1.5.0"), "2026-01-10")]);
    let first = history.commit("2026-01-01", "1.2.0");
    // Fixed after three days, and in a release after five; the tag is younger than its commit.
    history.sandbox.git(&["checkout", "-q", "-B", "main"]);
    history.commit("2026-01-13", "1.6.0");
    history.git_on("2026-01-15", &["tag", "-a", "-m", "two", "v2"]);
    history.git_on("2026-01-20", &["tag", "-a", "-m", "three", "v3"]);
    // Never.
    history.branch("release/1.0", &first);
    history.commit("2026-01-02", "1.2.1");
    // By a merge, a day after the commit that it merges.
    history.branch("release/2.0", &first);
    history.commit("2026-01-03", "1.2.1");
    history.branch("topic", "release/2.0");
    history.commit("2026-01-11", "1.5.0");
    history.sandbox.git(&["checkout", "-q", "release/2.0"]);
    history.git_on("2026-01-14", &["merge", "-q", "--no-ff", "-m", "merge", "topic"]);
    // Before publication.
    history.branch("release/3.0", &first);
    history.commit("2026-01-05", "1.5.1");
    // It came to it later.
    history.branch("release/4.0", "release/3.0");
    history.commit("2026-01-20", "1.4.0");
    history.commit("2026-01-22", "1.5.0");
    // One cannot say which of two commits fixed it.
    history.branch("release/5.0", &first);
    history.write("2026-01-12", "version = 4\n[[package]\n");
    history.commit("2026-01-14", "1.5.0");
    // Fixed, back again, and fixed in the end by leaving the package out.
    history.branch("release/6.0", &first);
    history.commit("2026-01-12", "1.5.0");
    history.commit("2026-01-20", "1.4.9");
    history.commit("2026-01-25", "");
    history.sandbox.git(&["tag", "light"]);
    // Accepted.
    history.branch("release/7.0", &first);
    history.commit("2026-01-02", "1.0.0");
    history.sandbox.git(&["checkout", "-q", "main"]);
    history.sandbox.write(
        "lockkeeper.yml",
        "exceptions:\n  - {id: GHSA-a, reason: not reached, expires: 2026-12-31, ref: release/7.0}\n",
    );
    history
}

#[test]
fn each_line_says_when_it_was_fixed_and_released() {
    let history = told();
    let metrics = history.json();
    for (line, merged, released) in [
        ("main", "done 3", "done 5"),
        ("release/1.0", "open 49.5", "open 49.5"),
        ("release/2.0", "done 4", "open 49.5"),
        ("release/3.0", "early", "early"),
        ("release/4.0", "done 2", "open 39.5"),
        ("release/5.0", "unknown", "unknown"),
        ("release/6.0", "done 15", "done 15"),
        ("release/7.0", "accepted 49.5", "accepted 49.5"),
    ] {
        let row = row(&metrics, line);
        assert_eq!(stage(row, "merged"), merged, "{line}: {row:#}");
        assert_eq!(stage(row, "released"), released, "{line}: {row:#}");
        // No forge was asked.
        let proposed = if merged == "early" { "early" } else { "unknown" };
        assert_eq!(stage(row, "proposed"), proposed, "{line}");
    }
    assert_eq!(row(&metrics, "main")["released"]["by"], "v2");
    assert_eq!(row(&metrics, "release/6.0")["released"]["by"], "light");
    assert_eq!(row(&metrics, "main")["counted_from"], "2026-01-10T12:00:00Z");
    assert_eq!(
        row(&metrics, "release/4.0")["counted_from"],
        "2026-01-20T12:00:00Z"
    );
    let merge = history.sandbox.git(&["rev-parse", "release/2.0"]);
    assert_eq!(row(&metrics, "release/2.0")["merged"]["by"], merge.trim());
    // 2, 3, 4 and 15 days; one open, one accepted, one before, one unknown.
    let all = &metrics["summary"][0];
    assert_eq!(
        (&all["ref"], &all["severity"], &all["rows"]),
        (&Value::Null, &Value::Null, &json!(8))
    );
    assert_eq!(
        all["merged"],
        json!({
            "done": 4, "median_days": 3.5, "maximum_days": 15.0, "open": 1, "open_median_days": 49.5,
            "open_maximum_days": 49.5, "accepted": 1, "early": 1, "skipped": 0, "unknown": 1,
        })
    );
    assert_eq!(metrics["gaps"], json!([]));
}

#[test]
fn now_is_an_argument_and_the_reports_agree() {
    let history = told();
    let line = [
        "status",
        "--metrics",
        "--refs",
        "release/1.0",
        "--db",
        &history.index,
    ];
    let at = |now: &str| {
        let ran = history
            .sandbox
            .run(&[&line[..], &["--format", "json", "--now", now]].concat());
        stage(row(&ran.json()["metrics"], "release/1.0"), "merged")
    };
    assert_eq!(at("2026-01-20T12:00:00Z"), "open 10");
    assert_eq!(at("2026-01-09T00:00:00Z"), "unknown");

    let terminal = history.status(&[]).out;
    assert!(
        terminal.contains("4 in a median of 3.5 days, at most 15 days")
            && terminal.contains("1 open for 49.5 days"),
        "{terminal}"
    );
    let full = history.status(&["-v"]).out;
    assert!(full.contains("merged after 3 days by"), "{full}");
    let markdown = history.status(&["--format", "markdown"]).out;
    assert!(
        markdown.contains("| all | all | 8 |")
            && markdown.contains("4 in a median of 3.5 days, at most 15 days"),
        "{markdown}"
    );
    let page = history.status(&["--format", "html"]).out;
    assert!(
        page.contains("4 in a median of 3.5 days, at most 15 days"),
        "{page}"
    );

    let table = history.status(&["--format", "csv"]);
    assert_eq!(table.code, 0, "{}", table.err);
    let table = read(&table.out);
    let rows = history.json()["rows"].as_array().expect("rows").clone();
    assert_eq!(table.len(), rows.len());
    for (told, row) in table.iter().zip(&rows) {
        for (column, value) in [
            ("id", &row["id"]),
            ("ref", &row["ref"]),
            ("state", &row["state"]),
            ("published", &row["published"]),
            ("counted_from", &row["counted_from"]),
            ("merged_state", &row["merged"]["state"]),
            ("merged_at", &row["merged"]["at"]),
            ("merged_by", &row["merged"]["by"]),
            ("released_by", &row["released"]["by"]),
        ] {
            assert_eq!(told[column], value.as_str().unwrap_or_default(), "{column}");
        }
        let days = told["merged_days"].parse::<f64>().ok();
        assert_eq!(days, row["merged"]["days"].as_f64());
    }
}

#[test]
fn a_table_needs_metrics_and_says_what_is_not_known() {
    let history = told();
    let ran = history
        .sandbox
        .run(&["status", "--format", "csv", "--db", &history.index]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.err.contains("--metrics"), "{}", ran.err);
    let ran = history.sandbox.run(&[
        "status",
        "--metrics",
        "--format",
        "csv",
        "--db",
        "missing",
        "--offline",
    ]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let table = read(&ran.out);
    assert!(
        !table.is_empty()
            && table
                .iter()
                .all(|row| row["state"] == "unknown" && !row["reason"].is_empty()),
        "{table:?}"
    );
    // A line with a lockfile that cannot be read has a row of its own.
    history.branch("release/0.1", "main");
    history.write("2026-02-01", "version = 4\n[[package]\n");
    let table = read(&history.status(&["--format", "csv"]).out);
    let own = table
        .iter()
        .find(|row| row["ref"] == "refs/heads/release/0.1" && row["id"].is_empty());
    assert!(
        own.is_some_and(|row| row["reason"].contains("Cargo.lock")),
        "{table:?}"
    );
}

#[test]
fn a_clone_that_was_cut_or_lacks_tags_makes_up_no_number() {
    let history = told();
    let origin = format!("file://{}", history.sandbox.work().display());
    let clone = |name: &str, flags: &[&str]| {
        let to = history.sandbox.path(name);
        let to = to.to_str().expect("a path").to_owned();
        history
            .sandbox
            .git(&[&["clone", "-q"], flags, &[origin.as_str(), to.as_str()]].concat());
        let ran = history.sandbox.run(&[
            "status",
            "--metrics",
            &to,
            "--refs",
            "main,release/*",
            "--db",
            &history.index,
            "--now",
            NOW,
            "--format",
            "json",
        ]);
        ran.json()["metrics"].clone()
    };
    let metrics = clone("without-tags", &["--no-tags"]);
    assert_eq!(stage(row(&metrics, "main"), "merged"), "done 3");
    assert_eq!(stage(row(&metrics, "main"), "released"), "unknown");
    let metrics = clone("shallow", &["--depth=2", "--no-single-branch"]);
    // The commit before the fix is there, and affected before publication.
    assert_eq!(stage(row(&metrics, "main"), "merged"), "done 3");
    assert_eq!(stage(row(&metrics, "main"), "released"), "done 5");
    // The oldest commit that is there came after publication: since when it was affected is not known.
    assert_eq!(stage(row(&metrics, "release/6.0"), "merged"), "unknown");
    let gaps = metrics["gaps"].as_array().expect("gaps");
    assert!(gaps.iter().any(|gap| gap["ref"] == "refs/heads/main"), "{gaps:?}");
}

#[test]
fn excluded_lockfiles_do_not_count() {
    let history = told();
    history.sandbox.write("lockkeeper.yml", "exclude: [Cargo.lock]\n");
    assert_eq!(history.json()["rows"], json!([]));
}

/// What git says: the commits of a line and what each locks, and the tags that contain one.
#[test]
fn random_histories_are_measured_as_git_tells_them() {
    for seed in 1..=3 {
        let history = History::new(&[
            published("GHSA-a", Some("1.5.0"), "2026-01-10"),
            published("GHSA-b", Some("1.3.0"), "2026-01-20"),
        ]);
        let mut dice = Dice::new(seed);
        let versions = ["1.0.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0"];
        history.commit("2025-12-30", versions[dice.below(5)]);
        let mut lines = vec!["main".to_owned()];
        for day in 1..=45 {
            let month = if day <= 31 { "01" } else { "02" };
            let date = format!("2026-{month}-{:02}", if day <= 31 { day } else { day - 31 });
            let line = lines[dice.below(lines.len())].clone();
            history.sandbox.git(&["checkout", "-q", &line]);
            match dice.below(6) {
                0 if lines.len() < 4 => {
                    let name = format!("release/{}.0", lines.len());
                    history.branch(&name, &line);
                    lines.push(name);
                }
                1 => {
                    history.git_on(&date, &["tag", "-a", "-m", "t", &format!("v{day}")]);
                }
                2 => {
                    let other = lines[dice.below(lines.len())].clone();
                    let flags = ["merge", "-q", "--no-ff", "-X", "theirs", "-m", "merge", &other];
                    history.git_on(&date, &flags);
                }
                _ => {
                    history.commit(&date, versions[dice.below(5)]);
                }
            }
        }
        let metrics = history.json();
        let mut seen = 0;
        for row in metrics["rows"].as_array().expect("rows") {
            let line = row["ref"].as_str().expect("a ref");
            let (below, published) = match row["id"].as_str().expect("an id") {
                "GHSA-a" => ("1.5.0", "2026-01-10"),
                _ => ("1.3.0", "2026-01-20"),
            };
            let expected = by_git(&history, line, below, published);
            assert_eq!(
                (stage(row, "merged"), stage(row, "released")),
                expected,
                "seed {seed}: {line} {row:#}"
            );
            seen += 1;
        }
        assert!(seen >= lines.len(), "{metrics:#}");
    }
}

/// The two stages, from `git log --first-parent`, `git show` and `git tag --contains`.
fn by_git(history: &History, line: &str, below: &str, published: &str) -> (String, String) {
    let git = |arguments: &[&str]| history.sandbox.git(arguments);
    let seconds = |text: &str| text.trim().parse::<f64>().expect("seconds");
    let noon = |day: &str| {
        let time: jiff::Timestamp = format!("{day}T12:00:00Z").parse().expect("a time");
        time.as_second() as f64
    };
    let published = noon(published);
    let now: jiff::Timestamp = NOW.parse().expect("a time");
    let now = now.as_second() as f64;
    let log = git(&["log", "--first-parent", "--reverse", "--format=%H %ct", line]);
    let commits: Vec<(String, f64, bool)> = log
        .lines()
        .map(|entry| {
            let (id, time) = entry.split_once(' ').expect("a time");
            let lock = git(&["show", &format!("{id}:Cargo.lock")]);
            let version = lock
                .split("name = \"bad\"\nversion = \"")
                .nth(1)
                .map(|rest| rest[..5].to_owned());
            (
                id.to_owned(),
                seconds(time),
                version.is_some_and(|version| version.as_str() < below),
            )
        })
        .collect();
    // Affected at each moment: by the newest commit before it.
    let mut from = None;
    for (number, (_, time, affected)) in commits.iter().enumerate() {
        let until = commits.get(number + 1).map_or(f64::MAX, |(_, time, _)| *time);
        if *affected && until > published && from.is_none() {
            from = Some(time.max(published));
        }
    }
    let days = |seconds: f64| (seconds / DAY * 100.0).round() / 100.0;
    let Some(from) = from else {
        return ("early".into(), "early".into());
    };
    let open = format!("open {}", days(now - from));
    if commits.last().is_some_and(|(_, _, affected)| *affected) {
        return (open.clone(), open);
    }
    let last = commits
        .iter()
        .rposition(|(_, _, affected)| *affected)
        .expect("it was affected");
    let (fix, time, _) = &commits[last + 1];
    let tags = git(&["tag", "--contains", fix, "--format=%(taggerdate:unix)"]);
    let first = tags.lines().map(seconds).min_by(f64::total_cmp);
    let released = first.map_or(open, |first| format!("done {}", days(first.max(*time) - from)));
    (format!("done {}", days(time - from)), released)
}

/// Reads a table as RFC 4180 says, and looks at every field as a spreadsheet would.
pub(crate) fn read(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines: Vec<Vec<String>> = vec![Vec::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                let mut field = String::new();
                loop {
                    match characters.next().expect("a field that ends") {
                        '"' if characters.peek() == Some(&'"') => {
                            characters.next();
                            field.push('"');
                        }
                        '"' => break,
                        character => field.push(character),
                    }
                }
                assert!(
                    !field.starts_with(['=', '+', '-', '@', '\t', '\r']),
                    "a formula: {field}"
                );
                assert!(!field.contains(char::is_control), "{field:?}");
                lines.last_mut().expect("a line").push(field);
            }
            ',' => {}
            '\r' => {
                assert_eq!(characters.next(), Some('\n'));
                lines.push(Vec::new());
            }
            other => panic!("{other:?} outside of quotes"),
        }
    }
    assert_eq!(lines.pop(), Some(Vec::new()), "the last line ends");
    let heads = lines.remove(0);
    let distinct: BTreeSet<&String> = heads.iter().collect();
    assert_eq!(distinct.len(), heads.len());
    lines
        .into_iter()
        .map(|fields| {
            assert_eq!(fields.len(), heads.len(), "{fields:?}");
            heads.iter().cloned().zip(fields).collect()
        })
        .collect()
}
