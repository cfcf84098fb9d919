//! What a changed `go.mod` and `go.sum` have to be, checked by reading them anew.
//!
//! Go's commands accept stale lines of `go.sum` and modules that nothing needs. This checks: only what the plan names changed;
//! nothing was lowered; each module that changed finds at least the versions and the Go that its own `go.mod` asks for; `go.sum` has
//! both hashes of it, and that of its `go.mod` is right.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::lockfile::go_mod::file::GoModFile;
use crate::lockfile::go_mod::sum::{self, SumLine};
use crate::plan::go::GoEdit;
use crate::plan::{EntryEdit, OwnEdit, Plan};
use crate::version::Scheme as _;
use crate::version::go::{Go, toolchain};

/// A file before and after.
#[derive(Debug, Default)]
pub(super) struct Pair {
    pub(super) before: String,
    pub(super) after: String,
}

/// The version of each module and whether it is marked indirect.
type Listed<'f> = BTreeMap<&'f str, (&'f str, bool)>;

/// The hashes of `go.sum`, by module and version.
type Hashes<'s> = BTreeMap<(&'s str, &'s str), &'s str>;

/// Checks both files.
///
/// # Errors
/// What is wrong, as a sentence.
pub(super) fn check(file: &Pair, sums: &Pair, plan: &Plan) -> Result<(), String> {
    let read = |text: &str| GoModFile::read(text).map_err(|reason| format!("go.mod is damaged: {reason}."));
    let (old, new) = (read(&file.before)?, read(&file.after)?);
    let (old_listed, new_listed) = (listed(&old), listed(&new));
    if rest(&file.before) != rest(&file.after) {
        return Err("Another line of go.mod changed.".to_owned());
    }
    let mut expected = old_listed.clone();
    let (mut go, mut tools) = (go_of(&old), old.toolchain.as_ref().map(|line| line.text.as_str()));
    let mut raised: Vec<(&str, &str, &str)> = Vec::new();
    for change in plan.entries.iter().filter(|change| change.place == "go.mod") {
        let name = change.name.as_str();
        match &change.edit {
            EntryEdit::Own(OwnEdit::Go(GoEdit::Require { version, file })) => {
                let indirect = expected.get(name).is_none_or(|(_, indirect)| *indirect);
                if let Some((before, _)) = expected.insert(name, (version, indirect))
                    && Go.compare(before, version) != Ok(Ordering::Less)
                {
                    return Err(format!("{name} would go from {before} down to {version}."));
                }
                raised.extend(file.as_deref().map(|file| (name, version.as_str(), file)));
            }
            EntryEdit::Own(OwnEdit::Go(GoEdit::Version(version))) => {
                if order_of_go(go, version) != Ordering::Less {
                    return Err(format!("The go line would go from {go} down to {version}."));
                }
                go = version;
            }
            EntryEdit::Drop if name == "toolchain" => tools = None,
            EntryEdit::Drop => {
                expected.remove(name);
            }
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err(format!("{name} is no line of go.mod."));
            }
        }
    }
    if new_listed != expected || new_listed.len() != new.requires.len() {
        return Err("go.mod does not require what was planned.".to_owned());
    }
    if go_of(&new) != go || new.toolchain.as_ref().map(|line| line.text.as_str()) != tools {
        return Err("go.mod does not ask for the Go that was planned.".to_owned());
    }
    let sum_lines = sum::lines(&sums.after).map_err(|line| format!("go.sum is damaged in line {line}."))?;
    let hashes: Hashes<'_> = sum_lines
        .iter()
        .map(|line| ((line.path.as_str(), line.version.as_str()), line.hash.as_str()))
        .collect();
    for (path, version, text) in raised {
        needs(&new, &new_listed, path, version, text)?;
        if !sums.after.is_empty() {
            has_hashes(&new, &hashes, (path, version), text)?;
        }
    }
    of_sums(sums, &sum_lines, plan)
}

fn listed(file: &GoModFile) -> Listed<'_> {
    let lines = file.requires.iter();
    lines
        .map(|line| (line.path.as_str(), (line.version.text.as_str(), line.indirect)))
        .collect()
}

fn go_of(file: &GoModFile) -> &str {
    file.go.as_ref().map_or("1.16", |go| go.text.as_str())
}

fn order_of_go(left: &str, right: &str) -> Ordering {
    Go.compare(&toolchain(left), &toolchain(right))
        .unwrap_or(Ordering::Equal)
}

/// The lines that no plan changes. Those of `require` are compared as what they say.
fn rest(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let words = line.split_once("//").map_or(line, |(words, _)| words).trim();
        let first = words.split_ascii_whitespace().next().unwrap_or_default();
        match first {
            "require" => is_inside = words.ends_with('('),
            _ if is_inside => is_inside = !first.starts_with(')'),
            "" | "go" | "toolchain" => {}
            _ => lines.push(line),
        }
    }
    lines
}

/// What the `go.mod` of a module asks for is listed, at that version or a later one, or not at all.
fn needs(new: &GoModFile, listed: &Listed<'_>, path: &str, version: &str, text: &str) -> Result<(), String> {
    let file = GoModFile::read_foreign(text)
        .map_err(|reason| format!("The go.mod of {path} {version} is damaged: {reason}."))?;
    for line in &file.requires {
        let asked = line.version.text.as_str();
        let is_excluded = new
            .excludes
            .iter()
            .any(|(path, version)| *path == line.path && version == asked);
        if let Some((has, _)) = listed.get(line.path.as_str())
            && !is_excluded
            && Go.compare(has, asked) == Ok(Ordering::Less)
        {
            return Err(format!(
                "{path} {version} needs {} {asked}, and go.mod lists {has}.",
                line.path
            ));
        }
    }
    if let Some(go) = &file.go
        && order_of_go(&go.text, "1.21") != Ordering::Less
        && order_of_go(go_of(new), &go.text) == Ordering::Less
    {
        return Err(format!("{path} {version} needs go {}.", go.text));
    }
    Ok(())
}

/// `go.sum` has both hashes of what is built.
fn has_hashes(
    new: &GoModFile,
    lines: &Hashes<'_>,
    (path, version): (&str, &str),
    text: &str,
) -> Result<(), String> {
    let replaced = new.replacement(path, version);
    let (path, version) = match replaced {
        None => (path, version),
        Some(line) => match &line.new_version {
            Some(version) => (line.new.as_str(), version.as_str()),
            None => return Ok(()),
        },
    };
    let of_file = format!("{version}/go.mod");
    let hash = |version: &str| lines.get(&(path, version)).copied();
    if hash(version).is_none_or(|hash| !hash.starts_with("h1:")) {
        return Err(format!("go.sum has no hash of {path} {version}."));
    }
    match hash(&of_file) {
        Some(known) if known == sum::hash_of_mod(text) => Ok(()),
        Some(_) | None => Err(format!(
            "go.sum has not the hash of the go.mod of {path} {version}."
        )),
    }
}

/// Only lines of the plan came in and left.
fn of_sums(sums: &Pair, new: &[SumLine], plan: &Plan) -> Result<(), String> {
    let old = sum::lines(&sums.before).map_err(|line| format!("go.sum is damaged in line {line}."))?;
    let name = |line: &SumLine| format!("{} {}", line.path, line.version);
    let mut hashes: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for change in plan.entries.iter().filter(|change| change.place == "go.sum") {
        let hash = match &change.edit {
            EntryEdit::Own(OwnEdit::Go(GoEdit::Sum(hash))) => Some(hash.as_str()),
            EntryEdit::Drop => None,
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                return Err(format!("{} is no line of go.sum.", change.name));
            }
        };
        hashes.insert(&change.name, hash);
    }
    let stay = |lines: &[SumLine]| -> Vec<(String, String)> {
        let kept = lines
            .iter()
            .filter(|line| !hashes.contains_key(name(line).as_str()));
        kept.map(|line| (name(line), line.hash.clone())).collect()
    };
    if stay(&old) != stay(new) {
        return Err("Another line of go.sum changed.".to_owned());
    }
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in new {
        found.entry(name(line)).or_default().push(&line.hash);
    }
    for (wanted, hash) in hashes {
        let found = found.get(wanted).map(Vec::as_slice).unwrap_or_default();
        if found != hash.as_slice() {
            return Err(format!("go.sum has not the planned line of {wanted}."));
        }
    }
    Ok(())
}
