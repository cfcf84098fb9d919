//! One thing is there once, what can be done comes first, and ids lead to their pages in every form for a terminal.

use std::collections::HashMap;

use lockkeeper::model::explanation::Explanation;
use lockkeeper::model::finding::Change;
use lockkeeper::model::{Advisory, Class, Decision, Finding, Outcome};
use lockkeeper::report::workflow_commands::{Asides, annotations};
use lockkeeper::report::{Colour, Length, Style, gate, grid, terminal};
use serde_json::Value;

use super::grid::{of_gate, written as of_grid};
use crate::support::{grids, outcomes};

/// A finding of `name` 1.0.0 at a line of Cargo.lock, fixed by 1.0.1 where `is_fixed`.
fn finding(id: &str, name: &str, line: u32, score: f64, is_fixed: bool) -> Finding {
    let advisory = outcomes::advisory(id, "reads past the end", score);
    let mut finding = outcomes::finding(&advisory, name, "1.0.0", "Cargo.lock", line);
    finding.purl = outcomes::purl(&format!("pkg:cargo/{name}@1.0.0"));
    if is_fixed {
        finding.fixed = vec!["1.0.1".into()].into();
        finding.upgrade = Some("1.0.1".into());
    }
    finding
}

fn warning(mut finding: Finding, class: Class) -> Finding {
    let advisory = Advisory {
        class,
        ..(*finding.advisory).clone()
    };
    finding.advisory = advisory.into();
    finding.decision = Decision::Warn;
    finding.rule = format!("built-in: {class}").into();
    finding
}

/// What blocks most has no fix; `sound` blocks and warns; `old` only warns, and the base has it.
fn mixed() -> Outcome {
    let mut outcome = outcomes::blocked();
    let mut old = warning(finding("GHSA-old", "old", 40, 5.0, true), Class::Unmaintained);
    old.change = Some(Change::PreExisting);
    let mut findings = vec![
        finding("GHSA-none", "hopeless", 10, 9.8, false),
        finding("GHSA-some", "sound", 20, 7.5, true),
        warning(finding("GHSA-also", "sound", 20, 0.0, true), Class::Unsound),
        warning(finding("GHSA-lone", "lone", 30, 0.0, true), Class::Unsound),
    ];
    for finding in &mut findings {
        finding.change = Some(Change::Introduced);
    }
    findings.push(old);
    outcome.targets[0].findings = findings;
    outcome
}

/// The part of `text` behind `title` and before the next heading of `others`.
fn section<'t>(text: &'t str, title: &str, others: &[&str]) -> &'t str {
    let (_, rest) = text
        .split_once(title)
        .unwrap_or_else(|| panic!("no {title} in {text}"));
    let ends = others.iter().filter_map(|other| rest.find(other));
    &rest[..ends.min().unwrap_or(rest.len())]
}

#[test]
fn an_upgrade_that_ends_warnings_too_is_there_once_and_what_has_no_fix_comes_last() {
    let outcome = mixed();
    let titles = [
        "\nRecommended upgrades",
        "\nWithout a fixed version",
        "\nWarnings",
        "\nAlready in",
    ];
    let text = outcomes::written("terminal", &outcome, 120, Length::Normal);
    let starts: Vec<usize> = titles
        .iter()
        .map(|title| text.find(title).unwrap_or_else(|| panic!("no {title} in {text}")))
        .collect();
    assert!(starts.is_sorted(), "{text}");
    let upgrades = section(&text, titles[0], &titles);
    assert!(
        upgrades.contains("sound 1.0.0 → 1.0.1") && !upgrades.contains("hopeless"),
        "{text}"
    );
    assert!(
        upgrades.contains("and ends 1 that only warns (1 unsound)"),
        "{text}"
    );
    assert!(
        section(&text, titles[1], &titles).contains("hopeless 1.0.0"),
        "{text}"
    );
    let warnings = section(&text, titles[2], &titles);
    assert!(warnings.contains("lone 1.0.0 → 1.0.1"), "{text}");
    assert!(
        !warnings.contains("sound 1.0.0") && !warnings.contains("old 1.0.0"),
        "{text}"
    );
    assert_eq!(text.matches("sound 1.0.0 → 1.0.1").count(), 1, "{text}");
    // With -v they are listed, with the reason why they warn.
    let full = outcomes::written("terminal", &outcome, 120, Length::Full);
    let upgrades = section(&full, titles[0], &titles);
    assert!(
        upgrades.contains("GHSA-also") && upgrades.contains("the class unsound does not fail by default"),
        "{full}"
    );
}

#[test]
fn markdown_lists_what_the_base_has_once() {
    let outcome = mixed();
    let text = outcomes::written("markdown", &outcome, 120, Length::Normal);
    let warnings = section(&text, "<summary>Warnings", &["</details>"]);
    assert!(warnings.contains("`lone`"), "{text}");
    assert!(
        !warnings.contains("`old`") && !warnings.contains("`sound`"),
        "{text}"
    );
    assert_eq!(text.matches("`old`").count(), 1, "{text}");
    let rows: Vec<&str> = text
        .split("<details>")
        .next()
        .expect("a start")
        .lines()
        .filter(|line| line.starts_with("| ["))
        .collect();
    let [sound, hopeless] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert!(
        sound.contains("`sound`") && sound.contains("and ends 1 that only warns"),
        "{sound}"
    );
    assert!(hopeless.contains("no fixed version yet"), "{hopeless}");
    let html = outcomes::written("html", &outcome, 120, Length::Normal);
    let upgrades = section(&html, "id=\"upgrades\"", &["</section>"]);
    assert!(
        upgrades.contains("sound 1.0.0 → 1.0.1") && !upgrades.contains("hopeless"),
        "{upgrades}"
    );
    assert!(upgrades.contains("and ends 1 that only warns"), "{upgrades}");
    assert!(section(&html, "id=\"unfixed\"", &["</section>"]).contains("hopeless 1.0.0"));
}

/// Of a warning that the base has, a passing run says so once.
#[test]
fn what_the_base_has_is_not_counted_as_a_warning_too() {
    let mut outcome = mixed();
    outcome.targets[0]
        .findings
        .retain(|finding| finding.decision == Decision::Warn);
    outcome.verdict = lockkeeper::model::Verdict::Pass;
    let text = outcomes::written("terminal", &outcome, 120, Length::Verdict);
    assert!(text.contains("nothing blocks; 2 warnings"), "{text}");
    assert!(text.contains("1 already in the base"), "{text}");
}

#[test]
fn an_upgrade_is_one_annotation_with_its_further_files_and_what_only_warns() {
    let mut outcome = mixed();
    let mut elsewhere = outcome.targets[0].findings[1].clone();
    elsewhere.file = outcomes::tree_path("a/Cargo.lock");
    outcome.targets[0].findings.insert(0, elsewhere);
    let mut bytes = Vec::new();
    annotations(&outcome, &Asides::default(), "the summary", &mut bytes).expect("a Vec takes everything");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let heads: Vec<&str> = text
        .lines()
        .map(|line| line.rsplit_once("::").map_or(line, |(head, _)| head))
        .collect();
    assert_eq!(
        heads,
        [
            "::error file=Cargo.lock,line=20,col=12,title=Upgrade sound from 1.0.0 to 1.0.1",
            "::error file=Cargo.lock,line=10,col=12,title=No version fixes hopeless 1.0.0 yet",
            "::warning file=Cargo.lock,line=30,col=12,title=Upgrade lone from 1.0.0 to 1.0.1",
        ],
        "{text}"
    );
    assert!(text.contains("%0AIt is also at a/Cargo.lock:20."), "{text}");
    assert!(text.contains("::2 advisories (1 high, 1 unsound)%0A"), "{text}");
}

/// The severities of the headline are those of the JSON.
#[test]
fn the_grid_counts_severities() {
    let grid = grids::small();
    let text = of_grid("terminal", &grid, 120, Length::Verdict);
    assert!(
        text.contains("3 advisories (1 malicious, 1 critical, 1 medium) block 3 of 5 release lines"),
        "{text}"
    );
    let json: Value = serde_json::from_str(&of_grid("json", &grid, 80, Length::Normal)).expect("JSON");
    let blocking = &json["counts"]["blocking"];
    assert_eq!(blocking["advisories"], 3, "{blocking}");
    assert_eq!(blocking["by_severity"]["critical"], 1, "{blocking}");
    assert_eq!(blocking["by_severity"]["medium"], 1, "{blocking}");
    let (name, blocked) = grids::gates().swap_remove(0);
    let json: Value = serde_json::from_str(&of_gate("json", &blocked, 80, Length::Normal)).expect("JSON");
    assert!(json["counts"]["blocking"]["advisories"].is_u64(), "{name}");
}

/// What `write` writes for a terminal that shows links.
fn linked(write: impl FnOnce(&Style<'_>, &mut Vec<u8>)) -> String {
    let texts = HashMap::new();
    let style = Style {
        width: 160,
        colour: Colour::AnsiAndLinks,
        length: Length::Full,
        texts: &texts,
        is_dated: true,
    };
    let mut bytes = Vec::new();
    write(&style, &mut bytes);
    String::from_utf8(bytes).expect("UTF-8")
}

/// The lines of `text` that show `id`, of which each has to lead to its page.
fn leads(text: &str, id: &str) {
    let link = format!("\u{1b}]8;;https://osv.dev/vulnerability/{id}\u{1b}\\");
    let lines = text.lines().filter(|line| line.contains(id));
    let bare: Vec<&str> = lines
        .filter(|line| {
            !line.contains(&link) && !line.contains("lockkeeper explain") && !line.contains("exception for")
        })
        // What shares a CVE with it, and sentences of reasons.
        .filter(|line| {
            !line.contains("shares a CVE") && !line.contains(&format!("{id}:")) && !line.contains(" affects ")
        })
        .collect();
    assert!(text.contains(&link), "no link to {id} in {text:?}");
    assert!(bare.is_empty(), "{bare:#?}");
}

#[test]
fn ids_of_every_form_for_a_terminal_lead_to_their_pages() {
    let small = grids::small();
    let write = grid::FORMS
        .iter()
        .find(|form| form.name == "terminal")
        .expect("a form")
        .write;
    let text = linked(|style, out| write(&small, style, out).expect("a Vec takes everything"));
    leads(&text, "RUSTSEC-2030-0001");
    let (_, table) = text.split_once("verdict").expect("a table");
    let row = table
        .lines()
        .find(|line| line.contains("MAL-2030-7"))
        .expect("a row");
    assert!(
        row.contains("\u{1b}]8;;https://osv.dev/vulnerability/MAL-2030-7"),
        "{row:?}"
    );
    for (name, blocked) in grids::gates() {
        let write = gate::FORMS
            .iter()
            .find(|form| form.name == "terminal")
            .expect("a form")
            .write;
        let text = linked(|style, out| write(&blocked, style, out).expect("a Vec takes everything"));
        if let Some(first) = blocked.blocking.first().filter(|_| name != "hostile") {
            leads(&text, &first.id);
        }
    }
    let explanation: Explanation = outcomes::explanation();
    let id = explanation.advisory.as_ref().expect("an advisory").id.clone();
    let text = linked(|style, out| {
        terminal::explain_package(&[explanation], &[], "", style, out).expect("a Vec takes everything");
    });
    leads(&text, &id);
    let text = linked(|style, out| {
        terminal::explain(&outcomes::explanation(), style, out).expect("a Vec takes everything");
    });
    leads(&text, &id);
    assert!(text.contains("\u{1b}]8;;https://"), "{text:?}");
}
