//! The summary: within its limits, every table whole, nothing that acts.

use lockkeeper::model::Outcome;
use lockkeeper::report::{Length, markdown};
use lockkeeper::text::escape::is_hidden;

use crate::support::outcomes;

#[test]
fn the_verdict_heads_it_and_provenance_ends_it() {
    for (name, outcome) in outcomes::all() {
        let text = written(&outcome);
        assert!(text.starts_with("## "), "{name}");
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

#[test]
fn nothing_in_it_acts() {
    let text = written(&outcomes::hostile());
    assert!(
        !text.contains(|character| character != '\n' && is_hidden(character)),
        "{text:?}"
    );
    for live in [
        "<script", "<img", "<!--", "@acme", "@evil", "](", "https://", "www.evil", "#1", "#2", "GH-3",
        "**bold", "[^1]", "##[",
    ] {
        assert!(!text.contains(live), "{live} in {text}");
    }
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
    }
    // All tags are ours, and all that open close.
    let mut open = Vec::new();
    for tag in text.split('<').skip(1) {
        let name = tag.split('>').next().unwrap_or_default();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "in {tag}"),
            None => {
                assert!(["details", "summary", "code", "span"].contains(&name), "{name}");
                open.push(name);
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn what_was_accepted_has_a_table_of_its_own() {
    let text = written(&outcomes::compared());
    let (findings, excepted) = text.split_once("\n### Accepted\n").expect("exceptions");
    for id in ["0306", "0307"] {
        let id = format!("RUSTSEC-2030-{id}");
        assert!(excepted.contains(&id) && !findings.contains(&id), "{text}");
    }
    assert!(excepted.contains("| 2030-12-31 | <code><span>&#64;</span>acme/security</code> | the parser"));
    assert!(
        findings.contains("| warn, fails from 2030-03-01 | **introduced** |"),
        "{text}"
    );
    assert!(findings.contains("| warn | moved since the base |"), "{text}");
    assert!(
        findings.contains("2 introduced, 4 already in the base."),
        "{text}"
    );
    assert!(!written(&outcomes::blocked()).contains("Since the base"));
}

#[test]
fn it_stays_within_its_limit_and_says_what_it_left_out() {
    let huge = outcomes::huge(60_000);
    for (limit, outcome) in [
        (markdown::SUMMARY, &huge),
        (markdown::COMMENT, &huge),
        (markdown::COMMENT, &outcomes::hostile()),
        (10_000, &outcomes::hostile()),
    ] {
        let text = markdown::within(outcome, limit);
        assert!(text.len() < limit, "{} of {limit}", text.len());
        assert!(text.ends_with("</details>\n"));
    }
    let text = markdown::within(&huge, markdown::SUMMARY);
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
