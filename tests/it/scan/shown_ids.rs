//! The id that people read first is that of a record that affects the locked version.

use serde_json::{Value, json};

use crate::support::program::{Sandbox, cargo_lock, record};

const NOW: &str = "2026-02-01T00:00:00Z";

/// One advisory of two records: `GHSA-1`, which names it, affects up to 1.2.0, and `GHSA-2` up to 2.0.0.
fn tree(locked: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let mut first = record("GHSA-1", "crates.io", "left", "0", Some("1.2.0"));
    first["published"] = json!("2025-01-01T00:00:00Z");
    first["aliases"] = json!(["CVE-2025-1"]);
    let mut second = record("GHSA-2", "crates.io", "left", "0", Some("2.0.0"));
    second["aliases"] = json!(["CVE-2025-1"]);
    let index = sandbox.index("index.lkdb", &[first, second], NOW);
    sandbox.write("Cargo.lock", cargo_lock(&[("left", locked)]));
    (sandbox, index)
}

fn scan(sandbox: &Sandbox, index: &str, format: &str) -> String {
    let ran = sandbox.run(&["scan", "--db", index, "--now", NOW, "--format", format]);
    assert!(matches!(ran.code, 0 | 1), "{}", ran.err);
    ran.out
}

/// The places of `ids` in `text`, which has them all.
fn places(text: &str, ids: &[&str]) -> Vec<usize> {
    let place = |id: &&str| text.find(*id).unwrap_or_else(|| panic!("{id} is not in {text}"));
    ids.iter().map(place).collect()
}

#[test]
fn the_record_that_affects_the_version_comes_first() {
    for (locked, order) in [
        ("1.5.0", ["GHSA-2", "GHSA-1", "CVE-2025-1"]),
        ("1.0.0", ["GHSA-1", "CVE-2025-1", "GHSA-2"]),
    ] {
        let (sandbox, index) = tree(locked);
        for format in ["terminal", "markdown"] {
            let text = scan(&sandbox, &index, format);
            assert!(places(&text, &order).is_sorted(), "{locked}: {text}");
        }
        let html = scan(&sandbox, &index, "html");
        let shown = format!("class=\"id\">{}</span>", order[0]);
        let hidden = format!("class=\"id\">{}</span>", order[1]);
        assert!(html.contains(&shown) && !html.contains(&hidden), "{locked}");
    }
}

#[test]
fn the_grid_shows_the_same_id_first() {
    for (locked, shown, other) in [("1.5.0", "GHSA-2", "GHSA-1"), ("1.0.0", "GHSA-1", "GHSA-2")] {
        let (sandbox, index) = tree(locked);
        for words in [
            &["init", "-q", "-b", "main"][..],
            &["add", "."],
            &["commit", "-q", "-m", "x"],
        ] {
            sandbox.git(words);
        }
        let status = |format: &str| {
            let ran = sandbox.run(&["status", "--db", &index, "--now", NOW, "--format", format]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            ran.out
        };
        for format in ["terminal", "html"] {
            let text = status(format);
            assert!(places(&text, &[shown, other]).is_sorted(), "{locked}: {text}");
            assert!(!text.contains(&format!("class=\"id\">{other}<")), "{locked}");
        }
        let markdown = status("markdown");
        assert!(
            markdown.contains(shown) && !markdown.contains(other),
            "{locked}: {markdown}"
        );
        let next = format!("lockkeeper explain {shown}");
        assert!(status("terminal").contains(&next), "{locked}");
        let json: Value = serde_json::from_str(&status("json")).expect("JSON");
        assert_eq!(json["rows"][0]["id"], "GHSA-1");
    }
}

#[test]
fn documents_keep_the_id_of_the_advisory() {
    let (sandbox, index) = tree("1.5.0");
    let json: Value = serde_json::from_str(&scan(&sandbox, &index, "json")).expect("JSON");
    let finding = &json["targets"][0]["findings"][0];
    assert_eq!(finding["id"], "GHSA-1");
    assert_eq!(finding["aliases"], json!(["CVE-2025-1", "GHSA-2"]));
    assert_eq!(finding["reason"], "GHSA-2 affects < 2.0.0");
    let sarif: Value = serde_json::from_str(&scan(&sandbox, &index, "sarif")).expect("SARIF");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "GHSA-1");
    let message = result["message"]["text"].as_str().expect("a message");
    assert!(
        message.contains("GHSA-2") && !message.contains("GHSA-1"),
        "{message}"
    );
}

#[test]
fn an_exception_covers_it_by_any_of_its_ids() {
    for id in ["GHSA-1", "GHSA-2", "CVE-2025-1"] {
        let (sandbox, index) = tree("1.5.0");
        sandbox.write(
            "lockkeeper.yml",
            format!("schema: lockkeeper.policy/1\nexceptions:\n  - id: {id}\n    reason: not reachable\n    owner: us\n    expires: 2026-06-01\n"),
        );
        let ran = sandbox.run(&["scan", "--db", &index, "--now", NOW]);
        assert_eq!(ran.code, 0, "{id}: {}{}", ran.out, ran.err);
    }
}
