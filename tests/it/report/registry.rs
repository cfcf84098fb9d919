//! The list of reports is what lies in the folder, and annotations keep to their number and grammar.

use std::collections::BTreeSet;

use lockkeeper::model::{Decision, Outcome};
use lockkeeper::report::workflow_commands::{Asides, MAX_ANNOTATIONS, annotations, inert};
use lockkeeper::report::{REPORTS, report};
use lockkeeper::text::escape::is_hidden;

use crate::support::outcomes;

/// Files of `src/report` that are no report but a subject of several.
const SUBJECTS: &[&str] = &[
    "bill",
    "carried",
    "exceptions",
    "gate",
    "grid",
    "headline",
    "job",
    "lines",
    "links",
    "mod",
    "moves",
    "osv",
    "ours",
    "phrases",
    "places",
    "plan",
    "workflow_commands",
    "worst",
];

#[test]
fn the_list_is_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report");
    let held: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| {
            let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
            name.trim_end_matches(".rs").to_owned()
        })
        .filter(|name| !SUBJECTS.contains(&name.as_str()))
        .collect();
    let names: Vec<&str> = REPORTS.iter().map(|report| report.name()).collect();
    assert!(names.is_sorted());
    assert_eq!(held, names.iter().map(ToString::to_string).collect());
    for name in names {
        assert_eq!(report(name).map(|report| report.name()), Some(name));
        let tests = format!("{}/tests/it/report/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        assert!(
            std::fs::exists(&tests).expect("a folder that can be read"),
            "{tests} is missing"
        );
    }
    assert!(report("nonsense").is_none());
}

#[test]
fn there_are_at_most_ten_annotations_and_the_last_says_how_many_more() {
    let notices = ["The upload was refused: grant `security-events: write`.".to_owned()];
    let written = annotated(&outcomes::huge(500), &notices);
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines.len(), MAX_ANNOTATIONS);
    assert!(lines[0].starts_with("::error file=m"), "{}", lines[0]);
    let (last, others) = lines.split_last().expect("ten");
    assert!(
        last.starts_with("::notice title=lockkeeper::The upload"),
        "{last}"
    );
    // Four advisories of each package are one upgrade.
    assert!(last.ends_with("%0A116 more: see the job's summary."), "{last}");
    assert!(!others.iter().any(|line| line.contains(" more: ")), "{written}");
    // Notices alone are ten at most too.
    let many = vec!["Something was not uploaded.".to_owned(); 30];
    let written = annotated(&outcomes::clean(), &many);
    assert_eq!(written.lines().count(), MAX_ANNOTATIONS);
    assert_eq!(written.matches("20 more: ").count(), 1);
}

#[test]
fn an_upgrade_is_one_annotation_whatever_files_have_it() {
    let written = annotated(&outcomes::blocked(), &[]);
    let heads: Vec<&str> = written
        .lines()
        .map(|line| line.rsplit_once("::").map_or(line, |(head, _)| head))
        .collect();
    assert_eq!(
        heads,
        [
            "::error file=web/package-lock.json,line=88,col=12,title=Remove left-pod 1.3.1",
            "::error file=Cargo.lock,line=1204,col=12,title=Upgrade examplelib from 0.10.30 to 0.10.81",
            "::error file=Cargo.lock,line=2190,col=12,title=No version fixes unpacker 4.0.0 yet",
            "::warning file=Cargo.lock,line=1800,col=12,title=No version fixes oldcrate 0.1.9 yet",
        ],
        "{written}"
    );
    for part in [
        "::4 vulnerabilities (1 critical, 1 high, 1 medium, 1 low)%0Acritical 9.1 RUSTSEC-2030-0001: use after free",
        "%0Alow 3.1 RUSTSEC-2030-0004: reads past",
    ] {
        assert!(written.contains(part), "{part} in {written}");
    }
    assert!(!written.contains(" more: "));
    assert_eq!(annotated(&outcomes::clean(), &[]), "");
    let two = annotated(&outcomes::two_targets(), &[]);
    assert!(
        two.contains("file=services/one/go.mod,line=7,") && !two.contains("file=services/two/go.mod"),
        "{two}"
    );
    assert!(two.contains("%0AIt is also at services/two/go.mod:7."), "{two}");
}

/// A lockfile on one line, and a file that several refs have.
#[test]
fn a_line_is_annotated_once_whatever_is_locked_on_it() {
    let mut outcome = outcomes::blocked();
    let target = &mut outcome.targets[0];
    let first = target.findings[0].clone();
    let mut findings = Vec::new();
    for (name, decision) in [
        ("left", Decision::Warn),
        ("middle", Decision::Fail),
        ("right", Decision::Warn),
    ] {
        let mut finding = outcomes::finding(&first.advisory, name, "1.0.0", "Cargo.lock", 1);
        finding.decision = decision;
        findings.push(finding);
    }
    target.findings = findings;
    let mut other = target.clone();
    other.ref_name = Some("refs/heads/release/1.0".into());
    outcome.targets.push(other);
    let written = annotated(&outcome, &[]);
    assert_eq!(written.lines().count(), 1, "{written}");
    assert!(
        written
            .starts_with("::error file=Cargo.lock,line=1,col=12,title=No version fixes middle 1.0.0 yet::"),
        "{written}"
    );
    for part in [
        "%0ANo version fixes left 1.0.0 yet:%0A1 vulnerability",
        "%0ANo version fixes right 1.0.0 yet:%0A1 vulnerability",
        "%0AIt is on refs/heads/main, refs/heads/release/1.0.",
    ] {
        assert!(written.contains(part), "{part} in {written}");
    }
}

#[test]
fn what_blocks_is_annotated_first_and_what_was_accepted_not_at_all() {
    let written = annotated(&outcomes::compared(), &[]);
    let named: Vec<&str> = written
        .lines()
        .map(|line| {
            let title = line.split_once("title=").expect("a title").1;
            title.split([' ', ':']).nth(1).expect("a name")
        })
        .collect();
    assert_eq!(named, ["left-pod", "newcomer", "graceful"], "{written}");
    assert!(written.contains("fails from 2030-03-01"), "{written}");
    assert_eq!(written.matches("::error ").count(), 2, "{written}");
    assert!(
        !written.contains("0306") && !written.contains("0307"),
        "{written}"
    );
}

#[test]
fn a_hostile_name_starts_no_command() {
    let written = annotated(&outcomes::hostile(), &["a\n::error::b".to_owned()]);
    assert_eq!(written.lines().count(), MAX_ANNOTATIONS);
    for line in written.lines() {
        assert!(!line.contains(is_hidden) && !line.contains("##["), "{line:?}");
        let command = line.strip_prefix("::").expect("a command");
        // The runner takes the first two colons after the name for the end of the properties.
        let (head, _) = command.split_once("::").expect("a message");
        let (name, properties) = head.split_once(' ').expect("properties");
        assert!(["error", "warning", "notice"].contains(&name), "{line}");
        let keys: Vec<&str> = properties
            .split(',')
            .map(|property| property.split_once('=').expect("key=value").0)
            .collect();
        assert!(
            matches!(keys.as_slice(), ["title"] | ["file", "line", "col", "title"]),
            "{line}"
        );
    }
    for text in outcomes::HOSTILE {
        let safe = inert(text);
        for line in safe.split(['\n', '\r']) {
            assert!(
                !line.trim_start().starts_with("::") && !line.contains("##["),
                "{line:?}"
            );
        }
    }
}

fn annotated(outcome: &Outcome, notices: &[String]) -> String {
    let mut bytes = Vec::new();
    annotations(
        outcome,
        &Asides { errors: &[], notices },
        "the job's summary",
        &mut bytes,
    )
    .expect("a Vec takes everything");
    String::from_utf8(bytes).expect("UTF-8")
}
