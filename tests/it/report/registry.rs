//! The list of reports is what lies in the folder, and annotations keep to their number and grammar.

use std::collections::BTreeSet;

use lockkeeper::model::Outcome;
use lockkeeper::report::workflow_commands::{Asides, MAX_ANNOTATIONS, annotations, inert};
use lockkeeper::report::{REPORTS, report};
use lockkeeper::text::escape::is_hidden;

use crate::support::outcomes;

/// Files of `src/report` that are no report but a subject of several.
const SUBJECTS: &[&str] = &[
    "gate",
    "grid",
    "headline",
    "links",
    "mod",
    "moves",
    "ours",
    "phrases",
    "places",
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
fn there_are_at_most_ten_annotations_and_each_says_how_many_more() {
    let notices = ["The upload was refused: grant `security-events: write`.".to_owned()];
    let written = annotated(&outcomes::huge(500), &notices);
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines.len(), MAX_ANNOTATIONS);
    assert!(
        lines
            .iter()
            .all(|line| line.ends_with("%0A491 more: see the job's summary.")),
        "{written}"
    );
    assert!(lines[0].starts_with("::notice title=lockkeeper::The upload"));
    assert!(lines[1].starts_with("::error file=m"), "{}", lines[1]);

    let written = annotated(&outcomes::blocked(), &[]);
    assert_eq!(written.lines().count(), 7);
    assert!(!written.contains(" more: "));
    assert!(written.starts_with(
        "::error file=web/package-lock.json,line=88,col=12,title=MAL-2030-7 in left-pod 1.3.1::"
    ));
    assert!(written.contains("::warning file=Cargo.lock,line=1800"));
    assert_eq!(annotated(&outcomes::clean(), &[]), "");
    assert!(annotated(&outcomes::two_targets(), &[]).contains("file=services/one/go.mod,line=7,"));
}

#[test]
fn what_blocks_is_annotated_first_and_what_was_accepted_not_at_all() {
    let written = annotated(&outcomes::compared(), &[]);
    let named: Vec<&str> = written
        .lines()
        .map(|line| {
            let title = line.split_once("title=").expect("a title").1;
            title.split(' ').next().expect("an id")
        })
        .collect();
    assert_eq!(
        named,
        [
            "RUSTSEC-2030-0301",
            "MAL-2030-9",
            "RUSTSEC-2030-0302",
            "RUSTSEC-2030-0303",
            "RUSTSEC-2030-0304",
            "RUSTSEC-2030-0305"
        ],
        "{written}"
    );
    assert!(written.contains("fails from 2030-03-01"), "{written}");
    assert_eq!(written.matches("::error ").count(), 2, "{written}");
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
