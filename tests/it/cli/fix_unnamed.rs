//! `plan` and `fix` where advisories name no fixed version, and say which version is the last affected one.

use serde_json::{Value, json};

use super::fix_npm::Project;
use crate::support::program::record;

/// An advisory of `name` whose last affected version is `last`.
fn until(id: &str, name: &str, last: &str) -> Value {
    let mut record = record(id, "npm", name, "0", None);
    record["affected"][0]["ranges"][0]["events"] = json!([{"introduced": "0"}, {"last_affected": last}]);
    record
}

#[test]
fn what_follows_the_last_affected_version_fixes_it() {
    let world = "
        app 1.0.0: jar ^1.0.0
        jar 1.0.0
        jar 1.0.1
        jar 1.0.2
        jar 2.0.0
    ";
    let project = Project::new(
        world,
        "app ^1.0.0",
        "app@1.0.0, jar@1.0.0",
        &[until("GHSA-jar", "jar", "1.0.1")],
    );
    assert_eq!(project.plan(0), ["jar 1.0.0 → 1.0.2"]);
    assert_eq!(project.run(&["fix", "-q"]).code, 0);
    assert_eq!(project.run(&["scan", "-q"]).code, 0);
}

#[test]
fn a_list_of_versions_ends_too() {
    let mut listed = record("GHSA-jar", "npm", "jar", "0", None);
    listed["affected"][0]["ranges"] = json!([]);
    listed["affected"][0]["versions"] = json!(["1.0.0", "1.1.0"]);
    let world = "
        jar 1.0.0
        jar 1.1.0
        jar 1.2.0
    ";
    let project = Project::new(world, "jar ^1.0.0", "jar@1.0.0", &[listed]);
    assert_eq!(project.plan(0), ["jar 1.0.0 → 1.2.0"]);
}

#[test]
fn without_a_later_version_the_package_leaves_where_it_can() {
    let world = "
        app 1.0.0: mid ^1.0.0
        mid 1.0.0: old ^1.0.0
        mid 1.1.0: new ^1.0.0
        old 1.0.0
        new 1.0.0
    ";
    let folders = "app@1.0.0, mid@1.0.0, old@1.0.0";
    let records = [until("GHSA-old", "old", "1.0.0")];
    let project = Project::new(world, "app ^1.0.0", folders, &records);
    assert_eq!(project.plan(0), ["old 1.0.0 → -"]);

    let project = Project::new("old 1.0.0", "old ^1.0.0", "old@1.0.0", &records);
    let plan = project.plan(1);
    assert_eq!(plan.len(), 1, "{plan:#?}");
    let reason = "stays old: No advisory names a version that fixes it. package.json asks for it by name";
    assert!(plan[0].starts_with(reason), "{plan:#?}");
}

#[test]
fn a_later_version_that_a_range_keeps_out_is_in_the_reason() {
    let world = "
        app 1.0.0: jar ~1.0.0
        jar 1.0.0
        jar 1.1.0
    ";
    let project = Project::new(
        world,
        "app ^1.0.0",
        "app@1.0.0, jar@1.0.0",
        &[until("GHSA-jar", "jar", "1.0.0")],
    );
    let ran = project.run(&["plan", "--format", "json"]);
    let stays = &ran.json()["targets"][0]["unfixable"][0];
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert_eq!(
        stays["blocked_by"],
        json!([{"dependent": "app 1.0.0", "name": "jar", "range": "~1.0.0"}])
    );
    let reason = stays["reason"].as_str().expect("a reason");
    assert!(reason.contains("With `override` in `fix.allow`"), "{reason}");
}

#[test]
fn an_upgrade_that_another_advisory_names_ends_it_too() {
    let world = "
        jar 1.0.0
        jar 1.0.1
        jar 1.2.0
    ";
    let records = [
        until("GHSA-last", "jar", "1.0.1"),
        record("GHSA-fixed", "npm", "jar", "0", Some("1.0.1")),
    ];
    let project = Project::new(world, "jar ^1.0.0", "jar@1.0.0", &records);
    assert_eq!(project.plan(0), ["jar 1.0.0 → 1.2.0"]);
}

#[test]
fn no_report_says_that_there_is_no_fix() {
    let project = Project::new(
        "jar 1.0.0",
        "jar ^1.0.0",
        "jar@1.0.0",
        &[until("GHSA-jar", "jar", "1.0.0")],
    );
    let part = |line: &[&str]| {
        project
            .run(line)
            .out
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (line, words) in [
        (&["scan"][..], "no fix named"),
        (&["scan", "--format", "markdown"], "no fixed version named"),
        (&["scan", "--format", "html"], "no fix named"),
        (&["explain", "GHSA-jar"], "No advisory names a fixed version."),
    ] {
        let text = part(line);
        assert!(text.contains(words), "{line:?}: {text}");
        assert!(
            !text.contains("no fix yet") && !text.contains("no fixed version yet"),
            "{line:?}: {text}"
        );
    }
}
