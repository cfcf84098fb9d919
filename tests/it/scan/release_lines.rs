//! Which lines are live, and why.

use std::time::Duration;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use lockkeeper::model::grid::Standing;
use lockkeeper::model::lines::{Candidate, Choice, Rules};
use lockkeeper::scan::lines::{Chosen, choose, unmatched};
use proptest::prelude::*;

const NOW: &str = "2026-11-21T12:00:00Z";
const DAY: u64 = 24 * 60 * 60;

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

/// A ref by its short name, with its last commit so many days ago.
fn candidate(short: &str, days: i64) -> Candidate {
    let ref_name = match short.strip_prefix("tags/") {
        Some(tag) => format!("refs/tags/{tag}"),
        None => format!("refs/heads/{short}"),
    };
    Candidate {
        ref_name,
        commit: "0".repeat(40),
        committed: now() - SignedDuration::from_hours(24 * days),
    }
}

fn candidates(names: &[&str]) -> Vec<Candidate> {
    names.iter().map(|name| candidate(name, 10)).collect()
}

fn chosen(candidates: &[Candidate], choice: &Choice) -> Chosen {
    choose(candidates, Some("refs/heads/main"), choice, now()).expect("globs")
}

fn rules(change: impl FnOnce(&mut Rules)) -> Choice {
    let mut rules = Rules::default();
    change(&mut rules);
    Choice::Rules(rules)
}

/// `+ name: reason` for what is in, `- name: reason` for the rest.
fn told(chosen: &Chosen) -> Vec<String> {
    let lines = chosen.lines.iter();
    lines
        .map(|line| {
            let sign = match line.standing {
                Standing::Live => '+',
                Standing::LeftOut | Standing::Out => '-',
            };
            let short = line.ref_name.trim_start_matches("refs/heads/");
            format!("{sign} {}: {}", short.trim_start_matches("refs/"), line.reason)
        })
        .collect()
}

#[test]
fn without_settings_the_newest_active_lines_of_each_prefix_are_live() {
    let mut all = candidates(&[
        "release/1.9",
        "release/1.10",
        "release-1.2",
        "stable/1.4",
        "stable-1.3",
        "2.x",
        "1.11",
        "main",
        "topic/1.4",
        "fix-1.2",
        "release/1.0/hotfix",
        "tags/1.9.0",
        "tags/v2.0.0",
    ]);
    all.push(candidate("release/1.12", 366));
    all.push(candidate("9.9", 1000));
    assert_eq!(
        told(&chosen(&all, &Choice::Rules(Rules::default()))),
        [
            "+ main: the default branch",
            "- 9.9: no commit since 2024-02-25, more than 365 days",
            "+ 2.x: matches *.x, the newest",
            "- release/1.12: no commit since 2025-11-20, more than 365 days",
            "+ 1.11: matches [0-9]*.[0-9]*, the 2nd newest",
            "+ release/1.10: matches release/*, the newest",
            "+ release/1.9: matches release/*, the 2nd newest",
            "+ stable/1.4: matches stable/*, the newest",
            "- topic/1.4: matches no pattern",
            "+ stable-1.3: matches stable-*, the newest",
            "- fix-1.2: matches no pattern",
            "+ release-1.2: matches release-*, the newest",
            "- release/1.0/hotfix: matches no pattern",
            "- tags/v2.0.0: matches no pattern",
            "- tags/1.9.0: matches no pattern",
        ]
    );
}

#[test]
fn a_newer_line_that_is_left_out_is_warned_about() {
    let mut all = candidates(&["main", "release/1.8", "release/1.9", "9.1-test"]);
    all.push(candidate("release/2.0", 400));
    all.push(candidate("release/1.7", 400));
    let told = chosen(&all, &rules(|rules| rules.exclude = vec!["*-test".into()]));
    assert_eq!(
        told.warnings,
        [
            "release/2.0 is newer than release/1.9, which is scanned, but it is left out: \
             no commit since 2025-10-17, more than 365 days."
        ]
    );
    // A pattern that somebody wrote when there was no 2.0 yet.
    let all = candidates(&["main", "release/1.8", "release/1.9", "release/2.0", "topic-3.0"]);
    let narrow = rules(|rules| rules.include = vec!["release/1.*".into()]);
    assert_eq!(
        chosen(&all, &narrow).warnings,
        ["release/2.0 is newer than release/1.9, which is scanned, but it is left out: matches no pattern."]
    );
    // An older one that was left out on purpose is none.
    let late = rules(|rules| rules.include = vec!["release/2.*".into()]);
    assert_eq!(chosen(&all, &late).warnings, [""; 0]);
    let ended = rules(|rules| rules.end_of_support = vec![("release/1.9".into(), date(2026, 11, 20))]);
    assert_eq!(
        chosen(&candidates(&["main", "release/1.8", "release/1.9"]), &ended).warnings,
        [
            "release/1.9 is newer than release/1.8, which is scanned, but it is left out: end of support was 2026-11-20."
        ]
    );
}

#[test]
fn each_rule_holds_to_its_edge() {
    let lines = |choice: &Choice, names: &[&str]| {
        let chosen = chosen(&candidates(names), choice);
        chosen
            .live()
            .map(|line| line.ref_name.trim_start_matches("refs/").to_owned())
            .collect::<Vec<_>>()
    };
    let ends = |ends: &[(&str, Date)]| {
        let ends = ends
            .iter()
            .map(|(glob, date)| ((*glob).to_owned(), *date))
            .collect();
        rules(|rules| rules.end_of_support = ends)
    };
    let today = date(2026, 11, 21);
    let yesterday = date(2026, 11, 20);
    let both = ["heads/release/2.0", "heads/release/1.0"];
    let names = ["release/1.0", "release/2.0"];
    // The last day of support is one of support.
    assert_eq!(lines(&ends(&[("release/1.0", today)]), &names), both);
    assert_eq!(lines(&ends(&[("release/1.0", yesterday)]), &names), both[..1]);
    assert_eq!(
        lines(&ends(&[("refs/heads/release/1.0", yesterday)]), &names),
        both[..1]
    );
    // A name goes before a glob, an early day before a late one.
    assert_eq!(
        lines(&ends(&[("release/*", yesterday), ("release/1.0", today)]), &names),
        both[1..]
    );
    assert_eq!(
        lines(&ends(&[("release/*", today), ("release/1.*", yesterday)]), &names),
        both[..1]
    );
    // What is out for another reason takes no place among the newest.
    let newest_one = rules(|rules| {
        rules.newest = 1;
        rules.end_of_support = vec![("release/2.0".into(), yesterday)];
    });
    assert_eq!(lines(&newest_one, &names), both[1..]);
    // The default branch takes none either, and no rule but `exclude` keeps it out.
    let none = rules(|rules| {
        rules.newest = 0;
        rules.include = vec![];
        rules.active_within = Duration::ZERO;
        rules.end_of_support = vec![("main".into(), yesterday)];
    });
    assert_eq!(lines(&none, &["main", "release/1.0"]), ["heads/main"]);
    let without = rules(|rules| rules.exclude = vec!["main".into()]);
    assert_eq!(lines(&without, &["main", "release/1.0"]), ["heads/release/1.0"]);
    // To the second.
    let active = |seconds: u64| rules(|rules| rules.active_within = Duration::from_secs(seconds));
    assert_eq!(lines(&active(10 * DAY), &["1.0"]), ["heads/1.0"]);
    assert_eq!(lines(&active(10 * DAY - 1), &["1.0"]), [""; 0]);
    // A commit from a clock that is ahead is no old one.
    let ahead = [candidate("1.0", -40)];
    assert_eq!(chosen(&ahead, &active(DAY)).live().count(), 1);
    // Branches and tags are counted apart.
    let tagged = rules(|rules| {
        rules.newest = 1;
        rules.include = vec!["release/*".into(), "tags/v*".into()];
    });
    assert_eq!(
        lines(&tagged, &["release/1.0", "release/2.0", "tags/v1", "tags/v3"]),
        ["heads/release/2.0", "tags/v3"]
    );
    assert_eq!(
        told(&chosen(&candidates(&["1.0"]), &active(36 * 3600))),
        ["- 1.0: no commit since 2026-11-11, more than 36 hours"]
    );
}

#[test]
fn names_are_in_the_order_of_their_numbers() {
    let newest_first = [
        "2026.1",
        "release/10",
        "stable-3.0",
        "v2.x",
        "2.10",
        "release-2.9.x",
        "2.9.12",
        "release/2.9.2",
        "2.9",
        "release/2.9-rc1",
        "2.8-lts",
        "1.x",
        "release/v1.10",
        "py3-1.9",
        "release1.8",
        "stable/1.7",
        "team/2/release-1.6",
        "0.0.1",
    ];
    let mut names = newest_first.to_vec();
    for turn in 0..newest_first.len() {
        names.rotate_left(1);
        names.swap(0, turn);
        let told: Vec<String> = chosen(&candidates(&names), &Choice::Globs("**".into()))
            .lines
            .into_iter()
            .map(|line| line.ref_name.trim_start_matches("refs/heads/").to_owned())
            .collect();
        assert_eq!(told, newest_first);
    }
    // Without a number, the one that was worked on last; a number of any length.
    let mut all = vec![
        candidate("stable/zed", 3),
        candidate("stable/yoga", 2),
        candidate("stable/antelope", 3),
    ];
    all.extend(candidates(&[
        "stable/99999999999999999999999999999999999999",
        "stable/8",
    ]));
    assert_eq!(
        told(&chosen(&all, &rules(|rules| rules.newest = 4))),
        [
            "+ stable/99999999999999999999999999999999999999: matches stable/*, the newest",
            "+ stable/8: matches stable/*, the 2nd newest",
            "+ stable/yoga: matches stable/*, the 3rd newest",
            "+ stable/antelope: matches stable/*, the 4th newest",
            "- stable/zed: matches stable/*, older than the newest 4",
        ]
    );
}

#[test]
fn refs_takes_globs_on_short_names_and_nothing_else() {
    let all = candidates(&[
        "main",
        "release/1.4",
        "release/1.4/hotfix",
        "release-old",
        "1.x",
        "tags/v1.4",
        "tags/nightly/1",
        "a,b",
    ]);
    let live = |globs: &str| {
        let chosen = chosen(&all, &Choice::Globs(globs.into()));
        chosen
            .live()
            .map(|line| {
                line.ref_name
                    .trim_start_matches("refs/heads/")
                    .trim_start_matches("refs/")
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(live("release/*"), ["release/1.4"]);
    assert_eq!(live("release/**"), ["release/1.4", "release/1.4/hotfix"]);
    assert_eq!(
        live("release**"),
        ["release/1.4", "release/1.4/hotfix", "release-old"]
    );
    assert_eq!(live("**.4"), ["release/1.4", "tags/v1.4"]);
    assert_eq!(
        live("**1.4**"),
        ["release/1.4", "release/1.4/hotfix", "tags/v1.4"]
    );
    assert_eq!(live("*"), ["main", "1.x", "a,b", "release-old"]);
    assert_eq!(live("**").len(), all.len());
    assert_eq!(live("tags/*"), ["tags/v1.4"]);
    assert_eq!(live("v1.4"), [""; 0]);
    assert_eq!(live(" main , 1.x,,tags/v* "), ["main", "1.x", "tags/v1.4"]);
    assert_eq!(live("{main,1.x}"), ["main", "1.x"]);
    assert_eq!(
        live("refs/heads/release/*,refs/tags/v*"),
        ["release/1.4", "tags/v1.4"]
    );
    assert_eq!(live("[0-9].?"), ["1.x"]);
    assert_eq!(live("MAIN"), [""; 0]);
    assert_eq!(live(""), [""; 0]);
    let choice = Choice::Globs("main,gone/*".into());
    let chosen = chosen(&all, &choice);
    let names: Vec<&str> = all.iter().map(|candidate| candidate.ref_name.as_str()).collect();
    assert_eq!(unmatched(&choice, &names), Ok(vec!["gone/*".to_owned()]));
    assert_eq!(
        (told(&chosen)[0].as_str(), told(&chosen)[1].as_str()),
        (
            "+ main: matches main of --refs",
            "- 1.x: matches no glob of --refs"
        )
    );
    for bad in ["[a", "{a", "a["] {
        let error = choose(&all, None, &Choice::Globs(bad.into()), now()).expect_err(bad);
        assert_eq!(error.glob, bad);
        assert!(error.to_string().contains("is no glob"), "{error}");
    }
}

/// Labels and comments name lines, and so does a run that found them: each word by itself.
#[test]
fn names_are_those_of_lines_first_and_globs_else() {
    let all = candidates(&["main", "release/x", "release/{x}", "a,b", "1.4", "1.5"]);
    let live = |wanted: &[&str]| {
        let choice = Choice::Names(wanted.iter().map(|one| (*one).to_owned()).collect());
        let chosen = chosen(&all, &choice);
        let live = chosen
            .live()
            .map(|line| line.ref_name.trim_start_matches("refs/heads/").to_owned());
        let names: Vec<&str> = all.iter().map(|candidate| candidate.ref_name.as_str()).collect();
        (
            live.collect::<Vec<_>>(),
            unmatched(&choice, &names).expect("no glob is too bad"),
        )
    };
    for (wanted, lines, absent) in [
        (&["release/{x}", "a,b"][..], &["a,b", "release/{x}"][..], &[][..]),
        (&["release/x"], &["release/x"], &[]),
        (&["1.*"], &["1.5", "1.4"], &[]),
        (&["[bad", "1.4", "gone"], &["1.4"], &["[bad", "gone"]),
    ] {
        let (found, missing) = live(wanted);
        assert_eq!(
            (found.iter().map(String::as_str).collect::<Vec<_>>(), missing),
            (
                lines.to_vec(),
                absent.iter().map(|one| (*one).to_owned()).collect()
            ),
            "{wanted:?}"
        );
    }
}

proptest! {
    #[test]
    fn every_candidate_has_a_place_and_a_reason(
        names in proptest::collection::btree_set("(release/|stable-|tags/|)[0-9a-z.*\\[{\\-]{1,8}", 0..20),
        globs in "[a-z0-9*?/\\[\\]{},\\\\.]{0,12}",
        newest in 0_usize..4,
        days in 0_i64..800,
    ) {
        let all: Vec<Candidate> = names
            .iter()
            .enumerate()
            .map(|(number, name)| candidate(name, days * i64::try_from(number).expect("small") / 10))
            .collect();
        let rules = rules(|rules| {
            rules.newest = newest;
            rules.exclude = vec![globs.clone()];
        });
        for choice in [rules, Choice::Rules(Rules::default()), Choice::Globs(globs.clone())] {
            let Ok(chosen) = choose(&all, all.first().map(|one| &*one.ref_name), &choice, now()) else {
                continue;
            };
            let mut lines: Vec<&str> = chosen.lines.iter().map(|line| &*line.ref_name).collect();
            let mut expected: Vec<&str> = all.iter().map(|one| &*one.ref_name).collect();
            lines.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(lines, expected);
            prop_assert!(chosen.lines.iter().all(|line| !line.reason.is_empty()));
            let mut turned = all.clone();
            turned.reverse();
            let again = choose(&turned, all.first().map(|one| &*one.ref_name), &choice, now());
            prop_assert_eq!(Ok(chosen), again);
        }
    }
}
