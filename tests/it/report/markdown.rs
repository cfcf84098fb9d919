//! The summary: within its limits, every table whole, nothing that acts.

use lockkeeper::model::advisory::IndexKey;
use lockkeeper::model::finding::Change;
use lockkeeper::model::{Outcome, Verdict};
use lockkeeper::report::job::JobPages;
use lockkeeper::report::{Length, markdown};
use lockkeeper::text::escape::is_hidden;

use crate::support::outcomes;

#[test]
fn the_verdict_heads_it_and_provenance_ends_it() {
    for (name, outcome) in outcomes::all() {
        let text = written(&outcome);
        assert!(text.starts_with("## lockkeeper: "), "{name}");
        assert!(text.contains("lockkeeper 0.1.0"), "{name}");
        assert!(text.contains(&outcome.policy.digest), "{name}");
        if let Some(digest) = &outcome.database.digest {
            assert!(text.contains(digest), "{name}");
        }
    }
}

#[test]
fn every_row_has_as_many_cells_as_its_table() {
    for (name, outcome) in outcomes::all() {
        let text = written(&outcome);
        let mut cells = None;
        for line in text.lines() {
            if !line.starts_with('|') {
                cells = None;
                continue;
            }
            let found = bars(line);
            assert_eq!(*cells.get_or_insert(found), found, "{name}: {line}");
        }
    }
}

/// As a job of the repository `acme/app` has them.
fn pages() -> JobPages {
    JobPages {
        run: Some("https://forge.example/acme/app/actions/runs/42".into()),
        commits: Some("https://forge.example/acme/app/commit/".into()),
        files: Some("https://forge.example/acme/app/blob/".into()),
        event: None,
    }
}

/// The same with a page for each advisory.
fn with_pages(mut outcome: Outcome) -> Outcome {
    for finding in outcome.targets.iter_mut().flat_map(|target| &mut target.findings) {
        finding.group = Some(IndexKey::new(1, 1));
    }
    outcome
}

#[test]
fn nothing_in_it_acts() {
    let hostile = with_pages(outcomes::hostile());
    for text in [
        written(&hostile),
        markdown::within(&hostile, &pages(), 100_000),
        markdown::comment(&hostile, &pages(), markdown::COMMENT),
        markdown::comment(&hostile, &pages(), 50_000),
    ] {
        acts_nowhere(&text);
    }
}

/// The text without its links, each of which leads to a page that the report itself names.
fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("](") {
        let (address, after) = after.split_once(')').expect("an end");
        let known = [
            "https://forge.example/acme/app/",
            "https://osv.dev/vulnerability/",
            "https://osv.dev/list?q=",
            "https://deps.dev/",
        ];
        assert!(known.iter().any(|known| address.starts_with(known)), "{address}");
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/@+,=%#?&".contains(&byte);
        assert!(address.bytes().all(is_plain), "{address}");
        kept.push_str(before);
        rest = after;
    }
    kept + rest
}

pub(crate) fn acts_nowhere(text: &str) {
    assert!(
        !text.contains(|character| character != '\n' && is_hidden(character)),
        "{text:?}"
    );
    let text = without_links(text);
    for live in [
        "<script", "<img", "<!--", "@acme", "@evil", "](", "https://", "www.evil", "#1", "#2", "GH-3",
        "**bold", "##[",
    ] {
        assert!(!text.contains(live), "{live} in {text}");
    }
    // In code it is no footnote.
    let prose: String = text.replace("```", "").split('`').step_by(2).collect();
    assert!(!prose.contains("[^1]"), "{prose}");
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
    }
    // All tags are ours, and all that open close.
    let mut open = Vec::new();
    for tag in text.split('<').skip(1) {
        let name = tag.split('>').next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "in {tag}"),
            None if name == "br" || name == "wbr" => {}
            None => {
                assert!(["details", "summary", "code", "span"].contains(&name), "{name}");
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_heading_counts_what_blocks_and_says_whether_it_is_new() {
    let heading = |outcome: &Outcome| written(outcome).lines().next().expect("a line").to_owned();
    assert_eq!(
        heading(&outcomes::blocked()),
        "## lockkeeper: 6 advisories (1 malicious, 1 critical, 1 high, 2 medium, 1 low)"
    );
    assert_eq!(
        heading(&outcomes::clean()),
        "## lockkeeper: no known vulnerabilities"
    );
    assert_eq!(
        heading(&outcomes::incomplete()),
        "## lockkeeper: not everything was checked \\(1 gap\\)"
    );
    // A malicious package of the base is not new, and blocks.
    let mut compared = outcomes::compared();
    assert!(!heading(&compared).contains(" new "), "{}", heading(&compared));
    compared.targets[0]
        .findings
        .retain(|finding| finding.name != *"left-pod");
    assert_eq!(heading(&compared), "## lockkeeper: 1 new vulnerability (1 high)");
    compared.targets[0].findings.retain(|finding| !finding.blocks());
    compared.verdict = Verdict::Pass;
    assert_eq!(heading(&compared), "## lockkeeper: no new vulnerabilities");
}

#[test]
fn it_links_to_the_run_the_commit_the_line_and_each_advisory() {
    let outcome = with_pages(outcomes::blocked());
    let commit = "0123456789abcdef0123456789abcdef01234567";
    for text in [
        markdown::within(&outcome, &pages(), markdown::SUMMARY),
        markdown::comment(&outcome, &pages(), markdown::COMMENT),
    ] {
        for part in [
            "\n`main` at [`0123456`](https://forge.example/acme/app/commit/".to_owned() + commit + ") · [this run](https://forge.example/acme/app/actions/runs/42) · ",
            format!("<br>[`Cargo.lock:1204`](https://forge.example/acme/app/blob/{commit}/Cargo.lock#L1204) |"),
            "| [`examplelib`](https://deps.dev/cargo/examplelib/0.10.30)".to_owned(),
            "| `0.10.30`\u{a0}→\u{a0}`0.10.81` | [`RUSTSEC-2030-0001`](https://osv.dev/vulnerability/RUSTSEC-2030-0001), ".to_owned(),
            "```yaml\nexceptions:\n  - id: RUSTSEC-2030-0001\n".to_owned(),
        ] {
            assert!(text.contains(&part), "{part} in {text}");
        }
        // A file that differs from the commit is not there.
        let mut dirty = outcome.clone();
        dirty.targets[0].dirty = true;
        assert!(!markdown::within(&dirty, &pages(), markdown::SUMMARY).contains("#L"));
    }
}

#[test]
fn the_upgrades_come_first_and_are_fifteen_at_most() {
    let text = written(&outcomes::huge(500));
    let (open, below) = text.split_once("<details>").expect("details");
    let rows = open
        .lines()
        .filter(|line| line.starts_with("| [`package-"))
        .count();
    assert_eq!(rows, 15, "{open}");
    assert!(open.contains("… and 110 more upgrades"), "{open}");
    assert!(!open.contains("advisory number"), "{open}");
    assert!(below.contains("advisory number 499"), "{below}");
    // All else is closed.
    assert_eq!(
        below.matches("<details").count() + 1,
        below.matches("</details>").count()
    );
    for part in below.split("</details>") {
        let between = part.split("<details>").next().unwrap_or_default();
        assert!(between.trim().is_empty() || below.starts_with(part), "{between}");
    }
}

#[test]
fn what_has_no_upgrade_is_not_counted_as_one() {
    let mut outcome = outcomes::huge(500);
    for (number, finding) in outcome.targets[0].findings.iter_mut().enumerate() {
        if number / 4 % 3 == 0 {
            finding.upgrade = None;
        }
    }
    let outcome = with_pages(outcome);
    let text = written(&outcome);
    let (open, _) = text.split_once("<details>").expect("details");
    let more = open.split_once("… and ").expect("what was left out").1;
    let (upgrades, others) = more.split_once(" more upgrades and ").expect("two numbers");
    let (others, _) = others.split_once(" packages without one").expect("packages");
    let number = |text: &str| text.replace(',', "").parse::<usize>().expect("a number");
    let rows: Vec<&str> = open
        .lines()
        .filter(|line| line.starts_with("| [`package-"))
        .collect();
    let shown = rows
        .iter()
        .filter(|row| !row.contains("no fixed version"))
        .count();
    let headline = text.split_once(" upgrades fix").expect("the headline").0;
    let headline = headline.rsplit(' ').next().expect("a number");
    assert_eq!(shown + number(upgrades), number(headline), "{open}");
    assert_eq!(rows.len() - shown + number(others), 42, "{open}");
}

#[test]
fn a_comment_is_short_and_names_what_has_the_rest() {
    let outcome = with_pages(outcomes::huge(100));
    let mut deep = outcome.clone();
    for finding in &mut deep.targets[0].findings {
        let file = format!("services/{}/frontend/application/package-lock.json", finding.name);
        *finding = outcomes::finding(
            &finding.advisory,
            &finding.name,
            "1.0.0-rc.20300101",
            &file,
            12_345,
        );
        finding.upgrade = Some("2.0.0-rc.20300202".into());
    }
    let deep = with_pages(deep);
    for outcome in [
        &outcome,
        &deep,
        &with_pages(outcomes::hostile()),
        &outcomes::huge(60_000),
    ] {
        let text = markdown::comment(outcome, &pages(), markdown::COMMENT);
        assert!(text.len() < markdown::COMMENT, "{}", text.len());
        assert!(
            text.ends_with(
                "[The summary of the run](https://forge.example/acme/app/actions/runs/42) lists everything.\n"
            ),
            "{text}"
        );
        assert!(text.contains(", left out for length"), "{text}");
    }
    let rows = |outcome| {
        let text = markdown::comment(outcome, &pages(), markdown::COMMENT);
        text.lines()
            .filter(|line| line.starts_with("| [`package-"))
            .count()
    };
    assert!(
        (8..=15).contains(&rows(&outcome)) && (5..=15).contains(&rows(&deep)),
        "{} {}",
        rows(&outcome),
        rows(&deep)
    );
}

#[test]
fn what_was_accepted_has_a_table_of_its_own() {
    let text = written(&outcomes::compared());
    let (findings, excepted) = text
        .split_once("<summary>Accepted: 2 findings</summary>")
        .expect("exceptions");
    for id in ["0306", "0307"] {
        let id = format!("RUSTSEC-2030-{id}");
        assert!(excepted.contains(&id) && !findings.contains(&id), "{text}");
    }
    assert!(excepted.contains("| 2030-12-31 | <code><span>&#64;</span>acme/security</code>: the parser"));
    assert!(
        findings.contains("<br>warn, fails from 2030-03-01, **introduced** |"),
        "{text}"
    );
    assert!(findings.contains("<br>warn, moved since the base |"), "{text}");
    assert!(
        findings.contains("<summary>Already in the base: 4 findings</summary>"),
        "{text}"
    );
    assert!(
        findings.contains("2 advisories introduced \\(1 does not block\\), 4 already in the base."),
        "{text}"
    );
    assert!(!written(&outcomes::blocked()).contains("in the base"));
}

#[test]
fn it_stays_within_its_limit_and_says_what_it_left_out() {
    let huge = outcomes::huge(60_000);
    for (limit, outcome) in [
        (markdown::SUMMARY, &huge),
        (markdown::ISSUE, &huge),
        (markdown::ISSUE, &outcomes::hostile()),
        (10_000, &outcomes::hostile()),
    ] {
        let text = markdown::within(outcome, &pages(), limit);
        assert!(text.len() < limit, "{} of {limit}", text.len());
        assert!(text.ends_with("</details>\n"));
    }
    let text = markdown::within(&huge, &pages(), markdown::SUMMARY);
    let told = text.lines().filter(|line| line.starts_with("| **")).count();
    let left = format!("… and {} findings more", thousands(60_000 - told));
    assert!(text.contains(&left), "{told} told; no {left}");
}

#[test]
fn looks() {
    for (name, outcome) in outcomes::all() {
        if name != "hostile" {
            insta::assert_snapshot!(format!("markdown_{name}"), written(&outcome));
        }
    }
}

/// Bars that divide cells (GitHub Flavored Markdown, section 4.10: an escaped bar divides nothing).
fn bars(line: &str) -> usize {
    let mut bars = 0;
    let mut escaped = false;
    for character in line.chars() {
        match character {
            '\\' => escaped = !escaped,
            '|' if !escaped => bars += 1,
            _ => escaped = false,
        }
    }
    bars
}

fn thousands(number: usize) -> String {
    let text = number.to_string();
    let (head, tail) = text.split_at(text.len() - 3);
    format!("{head},{tail}")
}

fn written(outcome: &Outcome) -> String {
    outcomes::written("markdown", outcome, 80, Length::Normal)
}

/// The headline has one unit: what is in several files counts once, whatever the sentence says of it.
#[test]
fn every_number_of_the_headline_counts_advisories() {
    let mut outcome = outcomes::compared();
    let target = &mut outcome.targets[0];
    let mut again = target.findings.clone();
    for finding in &mut again {
        finding.file = outcomes::tree_path("sub/Cargo.lock");
    }
    target.findings.extend(again);
    for length in [Length::Verdict, Length::Normal] {
        let text = outcomes::written("terminal", &outcome, 160, length);
        assert_eq!(
            text.lines().take(2).collect::<Vec<_>>(),
            outcomes::written("terminal", &outcomes::compared(), 160, length)
                .lines()
                .take(2)
                .collect::<Vec<_>>()
        );
        for words in [
            "2 advisories (1 malicious, 1 high)",
            "2 advisories introduced (1 does not block), 4 already in the base",
            "2 accepted",
        ] {
            assert!(text.contains(words), "no {words:?} in {text}");
        }
    }
    let mut old = outcomes::compared();
    old.targets[0]
        .findings
        .retain(|finding| finding.change == Some(Change::PreExisting));
    let text = outcomes::written("terminal", &old, 160, Length::Verdict);
    assert!(
        text.contains("no advisory introduced, 2 already in the base"),
        "{text}"
    );
}
