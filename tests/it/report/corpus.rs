//! The reports of real trees agree with each other: numbers, levels, sizes, places and versions.
//!
//! The advisories are made for the test, one for every few of the packages that the trees of `LOCKKEEPER_DATA` lock.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use lockkeeper::cli::arguments::Arguments;
use lockkeeper::cli::console::Console;
use lockkeeper::config::index::{Location, Origin};
use lockkeeper::model::{Finding, Outcome};
use lockkeeper::remediation::{Kind, remediations};
use lockkeeper::report::job::JobPages;
use lockkeeper::report::workflow_commands::{Asides, MAX_ANNOTATIONS, annotations};
use lockkeeper::report::{Length, headline, markdown, phrases};
use lockkeeper::session::{Input, ScanRequest};
use serde_json::{Value, json};

use crate::report::terminal::cut_words;
use crate::scan::real_data::data;
use crate::support::outcomes::written;
use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// An index that knows of every fifth package of `trees`: of each class, with and without a severity and a fix.
fn index(sandbox: &Sandbox, trees: &Path) -> String {
    let ran = sandbox.run(&["packages", trees.to_str().expect("a path"), "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    let text = |package: &Value, key: &str| package[key].as_str().expect("a text").to_owned();
    let packages: BTreeSet<(String, String)> = report["files"]
        .as_array()
        .expect("files")
        .iter()
        .flat_map(|file| file["packages"].as_array().expect("packages"))
        .map(|package| (text(package, "ecosystem"), text(package, "name")))
        .collect();
    let records: Vec<Value> = packages
        .iter()
        .step_by(5)
        .enumerate()
        .flat_map(|(number, (ecosystem, name))| {
            (0..=number % 3).map(move |further| (number, further, ecosystem, name))
        })
        .map(|(number, further, ecosystem, name)| {
            let fixed = format!("9999.{}.{further}", 20_260_101 + number);
            let fixed = (number % 7 > 0).then_some(fixed.as_str());
            let mut record = record(
                &format!("GHSA-{number:04}-{further}"),
                ecosystem,
                name,
                "0",
                fixed,
            );
            let words = ["CRITICAL", "HIGH", "MODERATE", "LOW"];
            if let Some(word) = words.get(number % 5) {
                record["database_specific"] = json!({"severity": word});
            }
            record
        })
        .collect();
    assert!(records.len() > 500, "{}", records.len());
    sandbox.index("corpus.lkdb", &records, NOW)
}

fn scanned(tree: &Path, index: &str) -> Outcome {
    let options = Arguments::try_parse_from(["lockkeeper", "scan", "--offline", "-q"])
        .expect("flags")
        .options;
    let location = Location {
        path: index.into(),
        origin: Origin::Flag,
        address: None,
    };
    let request = ScanRequest {
        input: Input::path(Some(tree)),
        ..ScanRequest::default()
    };
    let console = Console::new(&options);
    let session = console.session(&location, NOW.parse().expect("a time"));
    let scanned = session.scan(&request, |_| Ok(()));
    match scanned {
        Ok(scanned) => scanned.outcome,
        Err(failed) => panic!("{}: {}", tree.display(), failed.failure),
    }
}

#[test]
fn the_reports_of_every_tree_of_the_corpus_agree() {
    let Some(data) = data("the_reports_of_every_tree_of_the_corpus_agree") else {
        return;
    };
    let corpus = data.join("corpus");
    let sandbox = Sandbox::new();
    let index = index(&sandbox, &corpus);
    let mut trees: Vec<PathBuf> = std::fs::read_dir(&corpus)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    trees.sort();
    let mut blocked = 0;
    for tree in &trees {
        let outcome = scanned(tree, &index);
        let name = tree.file_name().and_then(|name| name.to_str()).expect("a name");
        let json: Value = serde_json::from_str(&written("json", &outcome, 120, Length::Full)).expect("JSON");
        numbers(name, &outcome, &json);
        levels(name, &outcome);
        sizes(name, &outcome);
        places(name, &outcome);
        targets(name, &outcome, &json);
        blocked += usize::from(outcome.findings().any(|(_, finding)| finding.blocks()));
    }
    assert!(trees.len() > 10 && blocked > 10, "{} {blocked}", trees.len());
}

/// `text` in one line, without what Markdown and HTML put into it.
fn flat(text: &str) -> String {
    let text = text.replace("\\(", "(").replace("\\)", ")").replace("&#39;", "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The numbers of the headline are the same in each report, and those of the JSON.
fn numbers(name: &str, outcome: &Outcome, json: &Value) {
    let failing = remediations(outcome, Finding::blocks);
    let headline = headline::words(outcome, &failing)
        .first()
        .cloned()
        .expect("words");
    for width in [80, 120, 160] {
        let terminal = flat(&written("terminal", outcome, width, Length::Normal));
        assert!(
            terminal.contains(&headline),
            "{name} {width}: {headline}\n{terminal}"
        );
    }
    for format in ["markdown", "html"] {
        let text = flat(&written(format, outcome, 120, Length::Normal)).to_lowercase();
        assert!(
            text.contains(&headline.to_lowercase()),
            "{name} {format}: {headline}"
        );
    }
    if failing.is_empty() {
        return;
    }
    let counts = &json["counts"]["blocking"];
    let number = |value: &Value| phrases::thousands(value.as_u64().expect("a number"));
    let mut parts = vec![
        format!("{} ", number(&counts["advisories"])),
        format!(" in {} of ", number(&counts["packages"])),
    ];
    for level in ["critical", "high", "medium", "low"] {
        if counts["by_severity"][level] != 0 {
            parts.push(format!("{} {level}", number(&counts["by_severity"][level])));
        }
    }
    if counts["upgrades"] != 0 {
        parts.push(format!("; {} upgrade", number(&counts["upgrades"])));
    }
    for part in parts {
        assert!(headline.contains(&part), "{name}: {part:?} in {headline}");
    }
}

/// SARIF has a result for each advisory, package and file, or one for several `go.mod`, at the level of its decision.
fn levels(name: &str, outcome: &Outcome) {
    let sarif: Value = serde_json::from_str(&written("sarif", outcome, 120, Length::Normal)).expect("SARIF");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let mut seen = BTreeSet::new();
    let mut files = 0;
    for result in results {
        let further = result["relatedLocations"].as_array().cloned().unwrap_or_default();
        let places = further.iter().chain([&result["locations"][0]]);
        let of_result: BTreeSet<String> = places
            .map(|place| place["physicalLocation"]["artifactLocation"]["uri"].to_string())
            .collect();
        let is_joined = of_result.iter().all(|file| file.ends_with("go.mod\""));
        assert!(of_result.len() == 1 || is_joined, "{name}: {result}");
        files += of_result.len();
        let level = match result["properties"]["decision"].as_str() {
            Some("fail") => "error",
            Some("warn") => "warning",
            Some("note") => "note",
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(result["level"], level, "{name}: {result}");
        assert!(
            seen.insert(result["partialFingerprints"]["primaryLocationLineHash"].to_string()),
            "{name}: twice {result}"
        );
        let rule = &sarif["runs"][0]["tool"]["driver"]["rules"]
            [result["ruleIndex"].as_u64().expect("an index") as usize];
        let has_number = rule["properties"]["security-severity"].is_string();
        let is_assumed = rule["properties"]["severity-source"] == "assumed";
        assert_eq!(has_number, !is_assumed, "{name}: {rule}");
    }
    let expected: BTreeSet<_> = outcome
        .findings()
        .map(|(target, finding)| {
            let file = lockkeeper::report::places::bytes_in_repository(target, &finding.file);
            (
                file,
                finding.advisory.id.clone(),
                finding.ecosystem.clone(),
                finding.name.to_string(),
            )
        })
        .collect();
    assert!(results.len() <= 5_000, "{name}: {}", results.len());
    if results.len() < 5_000 {
        assert_eq!(files, expected.len(), "{name}");
    }
}

/// The comment is short, the summary within its limit, and no row of its first table is wider than a page.
fn sizes(name: &str, outcome: &Outcome) {
    let pages = JobPages {
        run: Some("https://forge.example/acme/app/actions/runs/42".into()),
        commits: Some("https://forge.example/acme/app/commit/".into()),
        files: Some("https://forge.example/acme/app/blob/".into()),
        event: None,
    };
    let comment = markdown::comment(outcome, &pages, markdown::COMMENT);
    assert!(comment.len() < markdown::COMMENT, "{name}: {}", comment.len());
    let summary = markdown::within(outcome, &pages, markdown::SUMMARY);
    assert!(summary.len() < markdown::SUMMARY, "{name}: {}", summary.len());
    let rows = |text: &str| {
        let open = text.split("<details>").next().unwrap_or_default();
        open.lines().filter(|line| line.starts_with("| ")).count()
    };
    for text in [&comment, &summary] {
        // Its head is one of them.
        assert!(rows(text) <= 16, "{name}: {}", rows(text));
    }
}

/// At most ten annotations, one for each upgrade, each at a line of its own where SARIF has an alert.
fn places(name: &str, outcome: &Outcome) {
    let mut bytes = Vec::new();
    annotations(outcome, &Asides::default(), "the summary", &mut bytes).expect("a Vec takes everything");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let sarif: Value = serde_json::from_str(&written("sarif", outcome, 120, Length::Normal)).expect("SARIF");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let alerts: BTreeSet<String> = results
        .iter()
        .flat_map(|result| {
            let further = result["relatedLocations"].as_array().cloned().unwrap_or_default();
            further.into_iter().chain([result["locations"][0].clone()])
        })
        .map(|location| {
            let place = &location["physicalLocation"];
            let region = &place["region"];
            format!(
                "file={},line={},col={}",
                place["artifactLocation"]["uri"].as_str().expect("a file"),
                region["startLine"],
                region["startColumn"]
            )
        })
        .collect();
    let (mut seen, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        let (place, title) = line.split_once(",title=").expect("a place");
        let place = place.split_once(' ').expect("properties").1;
        let upgrade = title.split_once("::").expect("a message").0;
        assert!(
            seen.insert(place.split(",col=").next().expect("a line").to_owned()),
            "{name}: {line}"
        );
        assert!(titles.insert(upgrade.to_owned()), "{name}: {line}");
        assert!(results.len() >= 5_000 || alerts.contains(place), "{name}: {line}");
    }
    let expected = outcome.findings().any(|(_, finding)| finding.is_affected());
    assert!(
        seen.len() <= MAX_ANNOTATIONS && seen.is_empty() != expected,
        "{name}: {text}"
    );
}

/// No width cuts the version to upgrade to.
fn targets(name: &str, outcome: &Outcome, json: &Value) {
    let steps = remediations(outcome, Finding::blocks);
    let upgrades = steps.iter().filter_map(|step| match step.kind {
        Kind::Upgrade(to) => Some((step.name, step.version, to)),
        Kind::Remove | Kind::OwnRegistry | Kind::NoFix => None,
    });
    let upgrades: Vec<_> = upgrades.collect();
    for width in [80, 120, 160] {
        let cut = cut_words(outcome, width);
        assert!(cut.is_empty(), "{name} {width}: {cut:?}");
        let text = flat(&written("terminal", outcome, width, Length::Full));
        for (package, _, to) in &upgrades {
            assert!(
                text.contains(&format!("→ {to}")),
                "{name} {width}: {package} → {to}"
            );
        }
    }
    let listed = json["upgrades"].as_array().expect("upgrades");
    for (package, from, to) in upgrades {
        let is_listed = |upgrade: &&Value| {
            upgrade["package"]["name"] == package && upgrade["from"] == from && upgrade["to"] == to
        };
        assert!(
            listed.iter().any(|upgrade| is_listed(&upgrade)),
            "{name}: {package} {from} → {to}"
        );
    }
}
