//! What is done where not every advisory can be ended.

use serde_json::Value;

use super::fix::{NOW, Project};
use crate::support::program::record;

fn planned(project: &mut Project, records: &[Value]) -> Value {
    project.index = project.sandbox.index("y.lkdb", records, NOW);
    let plan = project.run(&["plan", "--format", "json"]);
    plan.json()["targets"][0].clone()
}

fn moved(target: &Value) -> Vec<String> {
    let moves = target["moves"].as_array().expect("moves").iter();
    moves
        .map(|one| format!("{} {} {}", one["name"], one["from"], one["to"]).replace('"', ""))
        .collect()
}

fn stays(target: &Value) -> Vec<String> {
    let stays = target["unfixable"].as_array().expect("those that stay").iter();
    stays
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn the_version_that_ends_the_most_is_taken_where_none_ends_all() {
    let mut project = Project::new("^4.0.0");
    let target = planned(
        &mut project,
        &[
            record("GHSA-1", "npm", "cookie", "0", Some("4.1.3")),
            record("GHSA-2", "npm", "cookie", "0", Some("4.1.4")),
            record("GHSA-3", "npm", "cookie", "0", Some("5.0.0")),
        ],
    );
    assert_eq!(moved(&target), ["cookie 4.0.0 4.1.4"], "{target}");
    assert_eq!(stays(&target), ["GHSA-3"], "{target}");
    let reason = target["unfixable"][0]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("The plan moves it from 4.0.0 to 4.1.4, which the advisory affects, too."),
        "{reason}"
    );
}

#[test]
fn what_moves_beside_an_upgrade_may_keep_the_advisories_that_it_has() {
    let mut project = Project::new("^4.0.0");
    let bad = record("GHSA-1", "npm", "cookie", "0", Some("4.1.3"));
    // No version of `case` is fixed, or one that cannot be had: neither keeps `cookie` where it is.
    for fixed in [None, Some("9.0.0")] {
        let target = planned(
            &mut project,
            &[bad.clone(), record("GHSA-2", "npm", "case", "0", fixed)],
        );
        assert_eq!(moved(&target), ["cookie 4.0.0 4.1.3"], "{target}");
        assert_eq!(stays(&target), ["GHSA-2"], "{target}");
    }
    // One that only its new version has is brought in by nothing.
    let target = planned(
        &mut project,
        &[bad, record("GHSA-2", "npm", "case", "0.2.0", None)],
    );
    assert_eq!(moved(&target), [""; 0], "{target}");
    assert_eq!(stays(&target), ["GHSA-1"], "{target}");
}
