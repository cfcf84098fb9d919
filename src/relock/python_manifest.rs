//! Ranges in the files that lockfiles of Python are compiled from: inputs of pip-compile, and `pyproject.toml`.

use crate::ecosystem::normalise;
use crate::lockfile::grammar::pep508;
use crate::lockfile::requirements::pins;
use crate::lockfile::requirements::project::wanted;
use crate::model::Ecosystem;
use crate::plan::NewRange;
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

use super::splice::{Splice, apply};

/// An input of pip-compile, or a file of constraints, with other ranges; `None` where one of the old ones does not stand there.
pub(super) fn input_with(text: &str, ranges: &[&NewRange]) -> Option<String> {
    let file = pins::read(text);
    let mut splices = Vec::new();
    for range in ranges {
        let before = splices.len();
        for entry in &file.entries {
            if entry.key() == normal(&range.name) && is_same_range(&entry.range, &range.from) {
                splices.extend(exchanged(text, &entry.specifiers, range)?);
            }
        }
        if splices.len() == before {
            return None;
        }
    }
    apply(text, splices)
}

/// A `pyproject.toml` with other ranges; `None` where one of the old ones does not stand there, or stands there with escapes.
pub(super) fn pyproject_with(text: &str, ranges: &[&NewRange]) -> Option<String> {
    let mut splices = Vec::new();
    for range in ranges {
        let before = splices.len();
        for wanted in wanted(text) {
            let read = pep508::read(&wanted.text).ok()?;
            if normal(read.name.of(&wanted.text)) != normal(&range.name)
                || !is_same_range(&read.range(&wanted.text), &range.from)
            {
                continue;
            }
            let start = wanted.start?;
            let specifiers: Vec<_> = read
                .specifiers
                .iter()
                .map(|specifier| {
                    let version = specifier.version;
                    start + version.start as usize..start + version.end as usize
                })
                .collect();
            splices.extend(exchanged(text, &specifiers, range)?);
        }
        if splices.len() == before {
            return None;
        }
    }
    apply(text, splices)
}

/// The two have the same specifiers, in any order.
fn is_same_range(left: &str, right: &str) -> bool {
    let sorted = |range: &str| {
        let mut parts: Vec<String> = range.split(',').map(str::to_owned).collect();
        parts.sort();
        parts
    };
    sorted(left) == sorted(right)
}

/// Exchanges the version of each specifier that differs; the operators stay. `specifiers` end where their versions do.
fn exchanged(text: &str, specifiers: &[std::ops::Range<usize>], range: &NewRange) -> Option<Vec<Splice>> {
    let (from, to): (Vec<&str>, Vec<&str>) = (range.from.split(',').collect(), range.to.split(',').collect());
    if from.len() != to.len() || from.len() != specifiers.len() {
        return None;
    }
    let version = |specifier: &str| specifier.trim_start_matches(['=', '<', '>', '~', '!']).to_owned();
    let mut splices = Vec::new();
    for (from, to) in from.into_iter().zip(to) {
        let (old, new) = (version(from), version(to));
        if old == new {
            continue;
        }
        // A version may stand behind several operators; the one in front of it decides.
        let operator = from.strip_suffix(old.as_str())?;
        let at = specifiers.iter().find_map(|at| {
            let start = at.end.checked_sub(old.len())?;
            let before = text.get(..start)?.trim_end();
            let is_it = text.get(start..at.end)? == old && ends_with_operator(before, operator);
            is_it.then_some(start..at.end)
        })?;
        splices.push(Splice { at, text: new });
    }
    Some(splices)
}

/// `text` ends with `operator`, and not with a longer one.
fn ends_with_operator(text: &str, operator: &str) -> bool {
    let start = text.trim_end_matches(['=', '<', '>', '~', '!']);
    text.strip_prefix(start) == Some(operator)
}

/// Whether what `text` of an input asks for `name` without a marker takes `version`.
pub(super) fn input_takes(text: &str, name: &str, version: &str) -> bool {
    let file = pins::read(text);
    let mut own = file
        .entries
        .iter()
        .filter(|entry| entry.key() == name && entry.marker.is_empty());
    own.all(|entry| takes(&entry.range, version))
}

/// The same of a `pyproject.toml`.
pub(super) fn pyproject_takes(text: &str, name: &str, version: &str) -> bool {
    wanted(text).iter().all(|wanted| {
        let text = &wanted.text;
        pep508::read(text).is_ok_and(|read| {
            normal(read.name.of(text)) != name || read.marker.is_some() || takes(&read.range(text), version)
        })
    })
}

pub(super) fn takes(range: &str, version: &str) -> bool {
    range.is_empty() || Pep440.contains(range, version).unwrap_or(false)
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}
