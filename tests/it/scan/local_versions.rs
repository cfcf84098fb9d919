//! Versions of PyPI with a local part (`2.5.1+cu121`) against advisories that name releases, and builds.

use serde_json::{Value, json};

use crate::support::program::{Sandbox, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// An advisory of `name` with this `affected` entry beside its package.
fn advisory(id: &str, name: &str, affected: Value) -> Value {
    let mut record = record(id, "PyPI", name, "0", None);
    let mut entry = json!({"package": {"ecosystem": "PyPI", "name": name}});
    for (key, value) in affected.as_object().expect("an object") {
        entry[key] = value.clone();
    }
    record["affected"] = json!([entry]);
    record
}

fn range(events: Value) -> Value {
    json!({"ranges": [{"type": "ECOSYSTEM", "events": events}]})
}

/// The findings of `requirements.txt` with these lines, as `version id`.
fn findings(records: &[Value], lines: &[&str]) -> (i32, Vec<String>) {
    let sandbox = Sandbox::new();
    let index = sandbox.index("index.lkdb", records, NOW);
    sandbox.write("requirements.txt", lines.join("\n"));
    let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW, "--format", "json"]);
    let report = ran.json();
    let findings = report["targets"][0]["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut found: Vec<String> = findings
        .iter()
        .map(|finding| {
            format!(
                "{} {}",
                text(&finding["package"]["version"]),
                text(&finding["id"])
            )
        })
        .collect();
    found.sort();
    (ran.code, found)
}

#[test]
fn a_bound_without_a_local_part_means_every_build() {
    let records = [
        advisory(
            "PYSEC-last",
            "kiln",
            range(json!([{"introduced": "0"}, {"last_affected": "2.5.1"}])),
        ),
        advisory(
            "PYSEC-listed",
            "kiln",
            json!({"versions": ["2.4.0", "2.5.1", "2.6.0"]}),
        ),
        advisory(
            "PYSEC-fixed",
            "kiln",
            range(json!([{"introduced": "2.6.0"}, {"fixed": "2.6.1"}])),
        ),
    ];
    for (version, ids) in [
        ("2.5.1", &["PYSEC-last", "PYSEC-listed"][..]),
        ("2.5.1+cu121", &["PYSEC-last", "PYSEC-listed"]),
        ("2.5.1+CPU.1", &["PYSEC-last", "PYSEC-listed"]),
        ("v2.5.1.0+cu121", &["PYSEC-last", "PYSEC-listed"]),
        ("2.5.1.post1", &[]),
        ("2.5.1.post1+cu121", &[]),
        ("2.5.2+cu121", &[]),
        ("2.6.0+cu124", &["PYSEC-fixed", "PYSEC-listed"]),
        ("2.6.1+cu124", &[]),
        ("2.6.1rc1+cu124", &["PYSEC-fixed"]),
    ] {
        let (code, found) = findings(&records, &[&format!("kiln=={version}")]);
        let mut wanted: Vec<String> = ids.iter().map(|id| format!("{version} {id}")).collect();
        wanted.sort();
        assert_eq!(found, wanted, "{version}");
        assert_eq!(code, i32::from(!ids.is_empty()), "{version}");
    }
}

#[test]
fn a_bound_with_a_local_part_means_that_build() {
    let records = [
        advisory("PYSEC-one", "kiln", json!({"versions": ["1.0+cu118"]})),
        // The list and the range speak of one release: what the range says of its builds does not hide the list.
        advisory(
            "PYSEC-both",
            "kiln",
            json!({
                "versions": ["3.0"],
                "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.9"}, {"fixed": "3.0+sec.1"}]}],
            }),
        ),
        // A fix that is a build of the last affected release.
        advisory(
            "PYSEC-fix",
            "kiln",
            range(json!([{"introduced": "4.0"}, {"last_affected": "4.1"}, {"fixed": "4.1+sec.2"}])),
        ),
    ];
    for (version, ids) in [
        ("1.0", &[][..]),
        ("1.0+cu118", &["PYSEC-one"]),
        ("1.0+CU118", &["PYSEC-one"]),
        ("1.0+cu121", &[]),
        ("2.9+a", &["PYSEC-both"]),
        ("3.0", &["PYSEC-both"]),
        ("3.0+zz", &["PYSEC-both"]),
        ("4.1", &["PYSEC-fix"]),
        ("4.1+sec.1", &["PYSEC-fix"]),
        ("4.1+sec.2", &[]),
    ] {
        let (_, found) = findings(&records, &[&format!("kiln=={version}")]);
        let wanted: Vec<String> = ids.iter().map(|id| format!("{version} {id}")).collect();
        assert_eq!(found, wanted, "{version}");
    }
}
