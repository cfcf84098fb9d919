//! `plan` and `fix` where `overrides` of `package.json` decide about what is affected.

use serde_json::{Value, json};

use super::fix_npm::Project;
use crate::support::program::record;

const WORLD: &str = "
    app 1.0.0: jar 1.0.0
    tool 1.0.0: jar 0.9.0
    jar 0.9.0
    jar 1.0.0
    jar 1.0.5: lid ^2.0.0
    jar 1.1.0
    jar 2.0.0
    lid 1.2.0
    lid 2.0.0
";

/// A project that asks for `app` and `tool`, locks `folders`, and has these `overrides`; `jar` is fixed in `fixed`.
fn project(overrides: &Value, folders: &str, fixed: &str) -> Project {
    let records = [record("GHSA-jar", "npm", "jar", "0", Some(fixed))];
    let project = Project::new(WORLD, "app ^1.0.0, tool ^1.0.0", folders, &records);
    let text = file(&project, "package.json");
    let mut manifest: Value = serde_json::from_str(&text).expect("JSON");
    manifest["overrides"] = overrides.clone();
    let text = serde_json::to_string_pretty(&manifest).expect("JSON");
    project.sandbox.write("package.json", text + "\n");
    project.sandbox.git(&["commit", "-q", "-a", "-m", "overrides"]);
    project
}

fn file(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.sandbox.work().join(name)).expect("a file")
}

/// The target of `plan --format json`.
fn target(project: &Project) -> Value {
    project.run(&["plan", "--format", "json"]).json()["targets"][0].clone()
}

#[test]
fn a_range_of_overrides_is_what_everything_asks_for() {
    // What `app` and `tool` ask for does not count: 1.1.0 is in the range of the entry.
    let project = project(
        &json!({"jar": "^1.0.0"}),
        "app@1.0.0, tool@1.0.0, jar@1.0.0",
        "1.1.0",
    );
    assert_eq!(project.plan(0), ["jar 1.0.0 → 1.1.0"]);
    let target = target(&project);
    assert_eq!(target["moves"][0]["strategy"], "in_range", "{target}");
    assert_eq!(
        (&target["overrides"], &target["ranges"]),
        (&json!([]), &json!([]))
    );
    let manifest = file(&project, "package.json");
    assert_eq!(project.run(&["fix", "-q"]).code, 0);
    assert_eq!(file(&project, "package.json"), manifest);
    assert_eq!(project.run(&["scan", "-q"]).code, 0);
}

#[test]
fn an_entry_is_raised_as_it_is_written() {
    for (before, after) in [
        ("1.0.0", "1.1.0"),
        ("~1.0.0", "~1.1.0"),
        ("=1.0.0", "=1.1.0"),
        ("^1.0.0 ", ""),
        (">=1.0.0 <1.1.0", ""),
        ("1.0.0 || 0.9.0", ""),
    ] {
        let project = project(
            &json!({"other": "1.0.0", "jar": before}),
            "app@1.0.0, tool@1.0.0, jar@1.0.0",
            "1.1.0",
        );
        let manifest = file(&project, "package.json");
        if before.starts_with('^') {
            assert_eq!(project.plan(0), ["jar 1.0.0 → 1.1.0"]);
            continue;
        }
        if after.is_empty() {
            let plan = project.plan(1);
            let reason = format!("`overrides` in package.json ask for jar {before}, which is no plain range");
            assert!(plan[0].contains(&reason), "{plan:#?}");
            continue;
        }
        let target = target(&project);
        assert_eq!(target["moves"][0]["strategy"], "manifest", "{target}");
        assert_eq!(
            target["overrides"],
            json!([{
                "manifest": "package.json", "under": null, "name": "jar", "from": before, "to": after,
                "file": "package-lock.json",
            }])
        );
        let words = format!("package.json overrides jar with {after} instead of {before}");
        assert!(project.run(&["plan"]).out.contains(&words), "{words}");
        assert_eq!(project.run(&["fix", "-q"]).code, 0);
        let changed = manifest.replace(
            &format!("\"jar\": \"{before}\""),
            &format!("\"jar\": \"{after}\""),
        );
        assert_eq!(file(&project, "package.json"), changed);
        assert_eq!(project.run(&["scan", "-q"]).code, 0);
        assert_eq!(project.run(&["plan", "-q"]).code, 0);
    }
}

#[test]
fn every_copy_moves_with_the_entry_and_what_comes_in_is_overridden_too() {
    let project = project(
        &json!({"jar": "1.0.0", "lid": "1.2.0"}),
        "app@1.0.0, tool@1.0.0, app/jar@1.0.0, tool/jar@1.0.0",
        "1.0.5",
    );
    assert_eq!(project.plan(0), ["jar 1.0.0 → 1.0.5"]);
    assert_eq!(project.run(&["fix", "-q"]).code, 0);
    let lock: Value = serde_json::from_str(&file(&project, "package-lock.json")).expect("JSON");
    let packages = lock["packages"].as_object().expect("a table");
    let mut versions: Vec<String> = packages
        .iter()
        .filter(|(place, _)| place.ends_with("/jar") || place.ends_with("/lid"))
        .map(|(place, entry)| {
            let name = place.rsplit('/').next().unwrap_or_default();
            format!("{name} {}", entry["version"].as_str().unwrap_or_default())
        })
        .collect();
    versions.sort();
    versions.dedup();
    // It asks for `lid ^2.0.0`, and gets what the entry says.
    assert_eq!(versions, ["jar 1.0.5", "lid 1.2.0"]);
}

#[test]
fn an_entry_stays_where_manifests_do_and_goes_no_further_than_the_level() {
    let alone = project(
        &json!({"jar": "1.0.0"}),
        "app@1.0.0, tool@1.0.0, jar@1.0.0",
        "1.1.0",
    );
    let ran = alone.run(&["plan", "--keep-manifests"]);
    assert_eq!(ran.code, 1);
    let told = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains(
            "jar 1.1.0 would help, `overrides` in package.json ask for 1.0.0, and package.json is not to be changed"
        ),
        "{told}"
    );
    let far = project(
        &json!({"jar": "1.0.0"}),
        "app@1.0.0, tool@1.0.0, jar@1.0.0",
        "2.0.0",
    );
    let plan = far.plan(1);
    assert!(
        plan[0].contains("further away than `--level minor` goes"),
        "{plan:#?}"
    );
    let ran = far.run(&["plan", "--level", "major", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.json()["targets"][0]["overrides"][0]["to"], "2.0.0");
}

#[test]
fn entries_of_another_kind_decide() {
    for overrides in [
        json!({"app": {"jar": "1.0.0"}}),
        json!({"jar@1": "1.0.0"}),
        json!({"jar": "$app"}),
        json!({"jar": "npm:other@1.0.0"}),
        json!({"jar": "latest"}),
        json!({"jar": {".": "1.0.0"}}),
        json!({"jar": "1.0.0", "tool": {"jar": "0.9.0"}}),
    ] {
        let project = project(&overrides, "app@1.0.0, tool@1.0.0, jar@1.0.0", "1.1.0");
        let plan = project.plan(1);
        assert!(
            plan[0].contains("`overrides` in package.json decide about jar: change them there"),
            "{overrides} {plan:#?}"
        );
    }
}
