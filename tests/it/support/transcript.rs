//! A test as a page: files, commands, and all that they print.
//!
//! ```text
//! ## requirements.txt
//! flask==1.0
//! ## advisories
//! PYSEC-1 PyPI flask 0 1.0.1
//! $ lockkeeper scan
//! what it prints, to both streams
//! exit 1
//! ```
//!
//! `## PATH` begins a file of the work folder; `## advisories` has a record a line: id, ecosystem, package, the first version that it
//! affects, and the one that fixes it, if there is one. `$ lockkeeper` and `$ git` run there; what they print follows, and `exit`, where the
//! code is not 0. Blank lines of the page count but for those at its ends. What differs from run to run is replaced: digests, the
//! sandbox's folder (`/sandbox`), commits (`<commit>`).

use super::program::{Sandbox, git_with, record};

/// The clock of all commands that give no other, a day after the records.
const NOW: &str = "2026-02-01T00:00:00Z";
/// The time of all commits.
const COMMITTED: &str = "2026-01-15T00:00:00Z";

/// Runs the commands of a page and holds what they print against it.
///
/// # Panics
/// Where something else is printed, with the page as it would have to be.
#[track_caller]
pub(crate) fn check(page: &str) {
    let page = unindented(page);
    let actual = played(&page);
    if actual != page {
        panic!(
            "the page is now:\n\n{actual}\n\n{}",
            first_difference(&page, &actual)
        );
    }
}

fn first_difference(page: &str, actual: &str) -> String {
    let mut pairs = page.lines().zip(actual.lines());
    match pairs.find(|(expected, found)| expected != found) {
        Some((expected, found)) => format!("expected {expected:?}\nfound    {found:?}"),
        None => "one of them ends earlier".to_owned(),
    }
}

/// The lines without the blanks that they all begin with, and without blank lines at the ends.
fn unindented(page: &str) -> String {
    let lines: Vec<&str> = page.trim_end().trim_start_matches('\n').lines().collect();
    let blanks = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let indent = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(blanks)
        .min();
    let cut = |line: &&str| line.get(indent.unwrap_or(0)..).unwrap_or("").to_owned();
    lines.iter().map(cut).collect::<Vec<_>>().join("\n")
}

/// The page with what its commands print now.
fn played(page: &str) -> String {
    let sandbox = Sandbox::new();
    let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in page.lines() {
        let begins = line.starts_with("## ") || line.starts_with("$ ");
        match blocks.last_mut() {
            Some((_, lines)) if !begins => lines.push(line),
            _ => blocks.push((line, Vec::new())),
        }
    }
    let mut database = None;
    let mut actual = Vec::new();
    for (head, lines) in blocks {
        actual.push(head.to_owned());
        match head.strip_prefix("$ ") {
            Some(command) => actual.extend(answer(&sandbox, command, database.as_deref())),
            None => {
                let name = head.strip_prefix("## ").expect("a page begins with a file");
                let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                match name {
                    "advisories" => database = Some(index(&sandbox, &lines)),
                    name => drop(sandbox.write(name, text)),
                }
                actual.extend(lines.iter().map(ToString::to_string));
            }
        }
    }
    actual.join("\n").trim_end().to_owned()
}

fn index(sandbox: &Sandbox, lines: &[&str]) -> String {
    let records: Vec<_> = lines
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| !fields.is_empty())
        .map(|fields| match fields[..] {
            [id, ecosystem, name, introduced] => record(id, ecosystem, name, introduced, None),
            [id, ecosystem, name, introduced, fixed] => record(id, ecosystem, name, introduced, Some(fixed)),
            _ => panic!("{fields:?} is no record"),
        })
        .collect();
    sandbox.index("advisories.lkdb", &records, NOW)
}

/// What a command prints, line by line.
fn answer(sandbox: &Sandbox, command: &str, database: Option<&str>) -> Vec<String> {
    let words: Vec<&str> = command.split(' ').collect();
    let text = match words.split_first() {
        Some((&"git", arguments)) => {
            let times = ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"].map(|name| (name, COMMITTED));
            git_with(&sandbox.work(), arguments, &times)
        }
        Some((&"lockkeeper", arguments)) => {
            let environment: Vec<_> = database.map(|file| ("LOCKKEEPER_DB", file)).into_iter().collect();
            let now: &[&str] = match arguments.contains(&"--now") {
                true => &[],
                false => &["--now", NOW],
            };
            let ran = sandbox.run_with(&[arguments, now].concat(), &environment);
            let code = match ran.code {
                0 => String::new(),
                code => format!("exit {code}\n"),
            };
            format!("{}{}{code}", ran.out, ran.err)
        }
        _ => panic!("{command:?} is no command of a page"),
    };
    let folder = sandbox.path("");
    let folder = folder.to_str().expect("a path").trim_end_matches('/');
    let text = text.replace(folder, "/sandbox");
    text.lines().map(|line| steady(line.trim_end())).collect()
}

/// The line without what differs from run to run: runs of 12 and more hexadecimal digits.
fn steady(line: &str) -> String {
    let mut steady = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|letter: char| !letter.is_ascii_hexdigit())
            .unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        steady.push_str(before);
        match digits.len() {
            0..12 => steady.push_str(digits),
            12..64 => steady.push_str("<commit>"),
            _ => steady.push_str("<digest>"),
        }
        rest = after;
    }
    steady.push_str(rest);
    steady
}
