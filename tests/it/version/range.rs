//! Whether versions are in ranges, against the tools that read them: the tables are made by `tests/tables/make`, and a
//! further one is checked when `LOCKKEEPER_RANGE_TABLE` is `SYNTAX=FILE`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test reads its tables and its settings itself and says what it skips"
)]

use std::collections::BTreeSet;
use std::path::Path;

use lockkeeper::version::range::pep440::{self, Prereleases};
use lockkeeper::version::range::{BadRange, RANGES, RangeSyntax, range_syntax};
use proptest::prelude::*;

use super::order::{Row, plain, table};

#[test]
fn languages_are_exactly_the_files_and_the_tables() {
    let names: Vec<_> = RANGES.iter().map(|syntax| syntax.name()).collect();
    assert!(names.is_sorted(), "RANGES are in alphabetical order");
    let names: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
    assert_eq!(stems("src/version/range", ".rs"), names);
    assert_eq!(stems("tests/tables/ranges", ".tsv.gz"), names);
    assert_eq!(stems("tests/tables/asked", ".txt"), names);
    for name in &names {
        assert_eq!(range_syntax(name).map(RangeSyntax::name), Some(name.as_str()));
    }
}

#[test]
fn each_language_agrees_with_its_own_tool() {
    for syntax in RANGES {
        let rows = table(&format!("tests/tables/ranges/{}.tsv.gz", syntax.name()));
        agrees(*syntax, &rows);
    }
}

#[test]
fn a_further_table_of_ranges_agrees() {
    let Ok(given) = std::env::var("LOCKKEEPER_RANGE_TABLE") else {
        println!("skipped: LOCKKEEPER_RANGE_TABLE is not set");
        return;
    };
    let (name, file) = given.split_once('=').expect("SYNTAX=FILE");
    agrees(range_syntax(name).expect("a language"), &table(file));
}

#[test]
fn what_is_no_range_is_told_apart() {
    let npm = range_syntax("npm").unwrap();
    for tag in ["latest", "next-14", "beta", "lts_old"] {
        assert!(
            matches!(npm.contains(tag, "1.2.3"), Err(BadRange::Tag { .. })),
            "{tag}"
        );
    }
    for address in [
        "file:../a",
        "npm:other@^1.0.0",
        "git+ssh://git@host/a.git",
        "owner/repository",
        "https://host.example/a.tgz",
        "./a",
        "a.tgz",
    ] {
        let answer = npm.contains(address, "1.2.3");
        assert!(
            matches!(answer, Err(BadRange::Address { .. })),
            "{address}: {answer:?}"
        );
    }
    for (name, range, version, message) in [
        (
            "npm",
            "^1.2.3",
            "new",
            "version \"new\" cannot be ordered: not a version of three numbers",
        ),
        (
            "npm",
            "a b",
            "1.2.3",
            "\"a b\" is not a range of versions: nothing in it is a bound",
        ),
        (
            "npm",
            "9007199254740992.0.0",
            "1.2.3",
            "\"9007199254740992.0.0\" is not a range of versions: a number above 9007199254740991",
        ),
        (
            "cargo",
            "1.2.3 2",
            "1.2.3",
            "\"1.2.3 2\" is not a range of versions: expected comma after patch version number, found '2'",
        ),
        (
            "pep440",
            "1.2",
            "1.2",
            "\"1.2\" is not a range of versions: no operator of PEP 440 in front of a version",
        ),
    ] {
        let answer = range_syntax(name).unwrap().contains(range, version);
        assert_eq!(answer.unwrap_err().to_string(), message);
    }
}

#[test]
fn a_long_range_takes_no_longer_than_its_length() {
    let started = std::time::Instant::now();
    for part in [
        "v ", "= ", "> ", "~ ", "^", "||", "1.2.3 - ", "+", "+a.", "*", "1.", ",", ">=1,", "1 || ",
    ] {
        let long = part.repeat(100_000);
        for syntax in RANGES {
            let _answer = syntax.contains(&long, "1.2.3");
            let _answer = syntax.contains(">=1", &long);
        }
    }
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

proptest! {
    #[test]
    fn nothing_panics(range in ".{0,40}", version in ".{0,20}") {
        for syntax in RANGES {
            let _answer = syntax.contains(&range, &version);
        }
        let _answer = pep440::asks_for_prereleases(&range);
    }

    #[test]
    fn what_looks_like_a_range_does_not_panic(
        range in "[ ]{0,1}([<>=~^!v]{0,3}[ ]{0,1}[0-9xX*]{1,3}(\\.[0-9xX*]{1,2}){0,3}[-+a-b.]{0,3}( - | \\|\\| |, ?| ){0,1}){0,4}",
        version in "[v=]{0,1}[0-9]{1,2}(\\.[0-9]{1,2}){0,3}[-+a-b.0-2]{0,4}",
    ) {
        for syntax in RANGES {
            let _answer = syntax.contains(&range, &version);
        }
    }
}

fn agrees(syntax: &dyn RangeSyntax, rows: &[Row]) {
    let (mut within, mut without, mut refused, mut wrong) = (0, 0, 0, Vec::new());
    for Row {
        left: range,
        order: version,
        right: answer,
    } in rows
    {
        let version = &plain(version);
        let ours = match syntax.contains(range, version) {
            Ok(contains) => u8::from(contains).to_string(),
            Err(BadRange::Tag { .. }) => "t".to_owned(),
            Err(BadRange::Unreadable { .. } | BadRange::Address { .. } | BadRange::Version(_)) => {
                "!".to_owned()
            }
        };
        let ours = match (syntax.name(), ours.as_str()) {
            ("pep440", "0" | "1") => {
                let bit = |answer: Result<bool, BadRange>| u8::from(answer.unwrap());
                let refused = bit(pep440::contains(range, version, Prereleases::Refused));
                format!("{ours}{refused}{}", bit(pep440::asks_for_prereleases(range)))
            }
            // What npm cannot read is a tag to it, if its letters allow; we say what cannot be read.
            ("npm", "!") if answer == "t" => "t".to_owned(),
            // JavaScript writes numbers from 10^21 on as `1e+21`, which is no bound and passed over; we refuse them.
            ("npm", "!") if has_long_number(range) => answer.clone(),
            _ => ours,
        };
        match answer.chars().next() {
            Some('1') => within += 1,
            Some('0') => without += 1,
            _ => refused += 1,
        }
        if ours != *answer {
            wrong.push(format!("{range:?} {version:?}: {ours}, not {answer}"));
        }
    }
    let name = syntax.name();
    println!("{name}: {within} within, {without} without, {refused} refused");
    wrong.truncate(40);
    assert!(
        within > 3_000 && without > 3_000,
        "{name}: {within} within, {without} without"
    );
    assert!(wrong.is_empty(), "{name}: {wrong:#?}");
}

fn has_long_number(range: &str) -> bool {
    range
        .split(|letter: char| !letter.is_ascii_digit())
        .any(|digits| digits.len() > 21)
}

fn stems(folder: &str, end: &str) -> BTreeSet<String> {
    std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(end).unwrap_or(&name).to_owned())
        .filter(|stem| stem != "mod")
        .collect()
}
