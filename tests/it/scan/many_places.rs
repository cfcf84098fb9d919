//! One lockfile with a finding at thousands of places, or at the end of a path of thousands of steps: all is listed, and
//! what is written stays in proportion.

use serde_json::{Value, json};

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

fn scanned(lockfile: &Value) -> (Value, usize) {
    let sandbox = Sandbox::new();
    let index = sandbox.index("index.lkdb", &[record("GHSA-pad", "npm", "pad", "0", None)], NOW);
    sandbox.write("package-lock.json", lockfile.to_string());
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    (ran.json(), ran.out.len())
}

#[test]
fn every_place_of_a_version_is_listed_once_and_in_order() {
    let count = 3_000;
    let mut packages = serde_json::Map::new();
    packages.insert(String::new(), json!({"name": "app"}));
    for number in 0..count {
        packages.insert(
            format!("node_modules/ä{number}/node_modules/pad"),
            json!({"version": "1.0.0"}),
        );
    }
    let lockfile = json!({"lockfileVersion": 3, "packages": packages});
    let (report, _) = scanned(&lockfile);
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 1);
    let places = findings[0]["places"].as_array().expect("places");
    // All of it is one line: each place is the column, in code points, at which a version's text begins.
    let text = lockfile.to_string();
    let versions: Vec<Value> = text
        .match_indices("\"1.0.0\"")
        .map(|(offset, _)| json!({"line": 1, "column": text[..offset].chars().count() + 2}))
        .collect();
    assert_eq!(versions.len(), count);
    assert_eq!(*places, versions);
}

#[test]
fn a_path_of_any_length_is_shown_by_its_ends() {
    let length = 1_500;
    let mut packages = serde_json::Map::new();
    packages.insert(String::new(), json!({"name": "app", "dependencies": {"p0": "1"}}));
    for number in 0..length {
        let next = format!("p{}", number + 1);
        packages.insert(
            format!("node_modules/p{number}"),
            json!({"version": "1.0.0", "dependencies": {next: "1", "pad": "4"}}),
        );
        packages.insert(
            format!("node_modules/p{number}/node_modules/pad"),
            json!({"version": format!("4.1.{number}")}),
        );
    }
    let (report, size) = scanned(&json!({"lockfileVersion": 3, "packages": packages}));
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), length);
    assert!(size < length * 4_000, "{size} bytes");
    for finding in findings {
        let version = finding["package"]["version"].as_str().expect("a version");
        let number: usize = version["4.1.".len()..].parse().expect("a number");
        assert_eq!(finding["paths_total"], 1, "{version}");
        let path: Vec<&str> = finding["paths"][0]
            .as_array()
            .expect("a path")
            .iter()
            .map(|step| step.as_str().expect("a step"))
            .collect();
        let whole: Vec<String> = std::iter::once("app".to_owned())
            .chain((0..=number).map(|step| format!("p{step}@1.0.0")))
            .chain([format!("pad@{version}")])
            .collect();
        let expected = match whole.len().checked_sub(32) {
            None | Some(0) => whole,
            Some(more) => [
                &whole[..16],
                &[format!("… {more} more …")],
                &whole[whole.len() - 16..],
            ]
            .concat(),
        };
        assert_eq!(path, expected, "{version}");
    }
}
