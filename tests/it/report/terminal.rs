//! The terminal's report: narrow enough, whole ids, nothing that acts, and what a person sees first.

use std::collections::BTreeSet;

use lockkeeper::model::Outcome;
use lockkeeper::report::{Colour, Length, Style, report, terminal};
use lockkeeper::text::escape::is_hidden;
use unicode_width::UnicodeWidthStr;

use crate::support::outcomes;

#[test]
fn no_line_is_wider_than_the_terminal_and_nothing_acts() {
    for (name, outcome) in outcomes::all().into_iter().chain([("huge", outcomes::huge(500))]) {
        for width in [40, 60, 80, 100, 160] {
            for length in [Length::Verdict, Length::Normal, Length::Full] {
                let text = outcomes::written("terminal", &outcome, width, length);
                for line in text.lines() {
                    assert!(
                        line.width() <= width,
                        "{name} at {width}: {} columns in {line:?}",
                        line.width()
                    );
                    assert!(!line.contains(is_hidden), "{name}: {line:?}");
                    assert!(!line.trim_start().starts_with("::"), "{name}: {line:?}");
                    assert!(!line.contains("##["), "{name}: {line:?}");
                    assert!(!line.ends_with(' '), "{name}: {line:?}");
                }
            }
        }
    }
}

#[test]
fn ids_are_never_cut() {
    let long = format!("LONG-{}", "0123456789".repeat(12));
    let mut outcome = outcomes::blocked();
    if let Some(finding) = outcome
        .targets
        .first_mut()
        .and_then(|target| target.findings.first_mut())
    {
        let mut advisory = (*finding.advisory).clone();
        advisory.aliases.push(long.clone());
        finding.advisory = advisory.into();
    }
    for width in [60, 80, 160] {
        let text = outcomes::written("terminal", &outcome, width, Length::Normal);
        for id in [
            "RUSTSEC-2030-0001",
            "GHSA-aaaa-bbbb-cccc",
            "MAL-2030-7",
            "RUSTSEC-2030-0100",
        ] {
            assert!(text.contains(id), "{id} at {width}:\n{text}");
        }
        let joined: String = text.split_whitespace().collect();
        assert!(joined.contains(&long), "at {width}:\n{text}");
    }
}

/// Words of a narrow page that are no words of a wide one: cut inside, and not marked as a path that lost its start.
pub(crate) fn cut_words(outcome: &Outcome, width: usize) -> Vec<String> {
    let wide = outcomes::written("terminal", outcome, 4_000, Length::Normal);
    let words: BTreeSet<&str> = wide.split_whitespace().collect();
    let text = outcomes::written("terminal", outcome, width, Length::Normal);
    let is_whole = |word: &str| {
        let kept = word.trim_end_matches('…');
        // A part of what no line has room for, or a path that goes on behind a slash.
        let of_long = |long: &&str| {
            (long.width() + 6 >= width && long.contains(kept))
                || (kept.ends_with(['/', ':', '-', '.']) && long.starts_with(kept))
        };
        if words.iter().any(of_long) {
            return true;
        }
        let is_a_word = |kept: &str| {
            words.contains(kept)
                || words
                    .iter()
                    .any(|word| word.trim_end_matches(',') == kept && word.ends_with(','))
        };
        match word.strip_prefix('…') {
            // A shortened path of packages: `… 3 more …`.
            Some("") => true,
            Some(end) => words.iter().any(|word| word.ends_with(end)),
            None => is_a_word(kept) || word == "\\" || kept == "more" || kept.parse::<usize>().is_ok(),
        }
    };
    let cut = text.split_whitespace().filter(|word| {
        // What is wider than a line has to go on in the next one.
        word.width() + 6 < width && !is_whole(word)
    });
    cut.map(str::to_owned).collect()
}

#[test]
fn no_word_is_cut_inside() {
    for (name, outcome) in outcomes::all().into_iter().filter(|(name, _)| *name != "hostile") {
        for width in [80, 120, 160] {
            let cut = cut_words(&outcome, width);
            assert!(cut.is_empty(), "{name} at {width}: {cut:?}");
        }
    }
}

#[test]
fn the_verdict_comes_first_and_alone_when_quiet() {
    for (name, outcome) in outcomes::all() {
        let word = match name {
            "clean" | "warnings" => "✓ PASS",
            "incomplete" | "missing_index" => "? INCOMPLETE",
            "nothing" => "∅ NOTHING TO SCAN",
            _ => "✗ BLOCKED",
        };
        let text = outcomes::written("terminal", &outcome, 80, Length::Normal);
        assert!(text.starts_with(word), "{name}: {text}");
        let quiet = outcomes::written("terminal", &outcome, 240, Length::Verdict);
        assert!(
            quiet.starts_with(word) && quiet.lines().count() == 1,
            "{name}: {quiet}"
        );
    }
}

#[test]
fn colour_changes_no_word() {
    let texts = outcomes::texts();
    for (name, outcome) in outcomes::all() {
        let mut bytes = Vec::new();
        let style = Style {
            width: 80,
            colour: Colour::Ansi,
            length: Length::Full,
            texts: &texts,
            is_dated: true,
        };
        report("terminal")
            .expect("a report")
            .write(&outcome, &style, &mut bytes)
            .expect("a Vec takes everything");
        let coloured = String::from_utf8(bytes).expect("UTF-8");
        assert!(coloured.contains("\u{1b}["), "{name}");
        let mut plain = String::new();
        for (number, part) in coloured.split("\u{1b}[").enumerate() {
            let shown = if number == 0 {
                part
            } else {
                part.split_once('m').expect("SGR").1
            };
            plain.push_str(shown);
        }
        assert!(!plain.contains('\u{1b}'));
        assert_eq!(
            plain,
            outcomes::written("terminal", &outcome, 80, Length::Full),
            "{name}"
        );
    }
}

#[test]
fn an_upgrade_that_fixes_several_advisories_is_one_entry() {
    let text = outcomes::written("terminal", &outcomes::blocked(), 80, Length::Normal);
    assert!(text.contains("3 of 880 packages"), "{text}");
    assert!(text.contains("1 upgrade and 1 removal fix 5 of them"), "{text}");
    assert_eq!(text.matches("examplelib 0.10.30 → 0.10.81").count(), 1, "{text}");
    assert!(text.contains("fixes 4"), "{text}");
    let remove = text.find("remove left-pod 1.3.1").expect("the malicious one");
    assert!(remove < text.find("examplelib").expect("the upgrade"), "{text}");
    assert!(text.contains("no fix yet"), "{text}");
    assert!(
        text.contains("app → client 0.11.4 → tls-glue 0.2.8 → examplelib"),
        "{text}"
    );
}

#[test]
fn what_was_accepted_stays_listed_and_is_never_to_be_done() {
    for length in [Length::Normal, Length::Full] {
        let text = outcomes::written("terminal", &outcomes::compared(), 80, length);
        assert!(
            text.contains("2 advisories introduced (1 does not block), 4 already in the base"),
            "{text}"
        );
        assert!(text.contains("2 accepted"), "{text}");
        assert!(text.contains("2 of 970 packages"), "{text}");
        let (to_do, others) = text.split_once("\nWarnings").expect("warnings");
        assert!(
            to_do.contains("MAL-2030-9") && to_do.contains("RUSTSEC-2030-0301"),
            "{text}"
        );
        assert!(!to_do.contains("RUSTSEC-2030-0306") && !to_do.contains("RUSTSEC-2030-0302"));
        assert!(others.contains("fails from 2030-03-01"), "{text}");
        let (_, excepted) = others.split_once("\nAccepted: 2 findings").expect("exceptions");
        assert!(
            excepted.contains("until 2030-12-31 by @acme/security: the parser only reads trusted input"),
            "{text}"
        );
        assert!(
            excepted.contains("until 2030-02-28: only the demo uses it"),
            "{text}"
        );
        let listed = others.contains("RUSTSEC-2030-0305");
        assert_eq!(listed, length == Length::Full, "{text}");
        assert!(others.contains("Already in the base"), "{text}");
    }
    let mut only = outcomes::compared();
    only.targets[0].findings.retain(|finding| !finding.is_affected());
    only.verdict = lockkeeper::model::Verdict::Pass;
    let text = outcomes::written("terminal", &only, 80, Length::Normal);
    assert!(
        text.starts_with("✓ PASS  nothing blocks · 2 accepted\n"),
        "{text}"
    );
    assert!(!text.contains("Recommended upgrades"), "{text}");
}

#[test]
fn what_was_not_judged_is_told() {
    let text = outcomes::written("terminal", &outcomes::incomplete(), 80, Length::Normal);
    assert!(
        text.contains("web/package-lock.json:88  string is not closed"),
        "{text}"
    );
    assert!(
        text.contains("requirements.txt:1  requirement without an exact version, and 11 more"),
        "{text}"
    );
    let text = outcomes::written("terminal", &outcomes::blocked_incomplete(), 80, Length::Normal);
    assert!(text.contains("more may be hidden"), "{text}");
    let text = outcomes::written("terminal", &outcomes::missing_index(), 80, Length::Normal);
    assert!(text.contains("lockkeeper db update"), "{text}");
}

#[test]
fn long_lists_say_how_much_more_there_is() {
    let text = outcomes::written("terminal", &outcomes::huge(60_000), 80, Length::Normal);
    assert!(text.lines().count() < 250, "{}", text.lines().count());
    assert!(
        text.contains("more; -v shows them, --format json lists all"),
        "{text}"
    );
}

#[test]
fn packages_and_explanations_fit_too() {
    let texts = outcomes::texts();
    let mut hostile = outcomes::explanation();
    hostile.findings = outcomes::hostile().targets.remove(0).findings;
    hostile.texts.details = outcomes::HOSTILE.join("\n");
    let mut inventory = outcomes::inventory();
    for text in outcomes::HOSTILE {
        let mut held = inventory.files[0].packages[0].clone();
        held.name = (*text).to_owned();
        inventory.files[0].packages.push(held);
        inventory.files[0]
            .problems
            .push(outcomes::gap("x", 1, text, text));
    }
    for width in [40, 80, 160] {
        let style = Style {
            width,
            colour: Colour::Plain,
            length: Length::Full,
            texts: &texts,
            is_dated: true,
        };
        let mut bytes = Vec::new();
        terminal::packages(&inventory, &style, &mut bytes).expect("a Vec takes everything");
        terminal::explain(&outcomes::explanation(), &style, &mut bytes).expect("a Vec takes everything");
        terminal::explain(&hostile, &style, &mut bytes).expect("a Vec takes everything");
        let text = String::from_utf8(bytes).expect("UTF-8");
        for line in text.lines() {
            assert!(line.width() <= width && !line.contains(is_hidden), "{line:?}");
            assert!(
                !line.trim_start().starts_with("::") && !line.contains("##["),
                "{line:?}"
            );
        }
    }
    let style = Style {
        width: 80,
        colour: Colour::Plain,
        length: Length::Normal,
        texts: &texts,
        is_dated: true,
    };
    let mut bytes = Vec::new();
    terminal::packages(&outcomes::inventory(), &style, &mut bytes).expect("a Vec takes everything");
    insta::assert_snapshot!("terminal_packages", String::from_utf8(bytes).expect("UTF-8"));
    let mut bytes = Vec::new();
    terminal::explain(&outcomes::explanation(), &style, &mut bytes).expect("a Vec takes everything");
    insta::assert_snapshot!("terminal_explain", String::from_utf8(bytes).expect("UTF-8"));
}

#[test]
fn looks() {
    for (name, outcome) in outcomes::all() {
        for width in [80, 160] {
            let text = outcomes::written("terminal", &outcome, width, Length::Normal);
            insta::assert_snapshot!(format!("terminal_{name}_{width}"), text);
        }
    }
}

#[test]
fn ids_lead_to_their_pages_where_the_terminal_can_show_links() {
    let written = |colour| {
        let style = Style {
            width: 120,
            colour,
            length: Length::Normal,
            texts: &outcomes::texts(),
            is_dated: true,
        };
        let mut bytes = Vec::new();
        report("terminal")
            .expect("a report")
            .write(&outcomes::blocked(), &style, &mut bytes)
            .expect("a Vec takes everything");
        String::from_utf8(bytes).expect("UTF-8")
    };
    let link = "\u{1b}]8;;https://osv.dev/vulnerability/RUSTSEC-2030-0001\u{1b}\\";
    let linked = written(Colour::AnsiAndLinks);
    assert!(linked.contains(link), "{linked:?}");
    // Every link ends.
    assert_eq!(
        linked.matches("\u{1b}]8;;http").count(),
        linked.matches("\u{1b}]8;;\u{1b}").count()
    );
    assert!(!written(Colour::Ansi).contains("osv.dev"));
}
