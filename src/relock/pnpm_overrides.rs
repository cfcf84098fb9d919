//! `overrides` of pnpm: where `pnpm-lock.yaml` repeats them, and in a `pnpm-workspace.yaml`.
//!
//! pnpm 9.15.9, 10.34.9, 11.28.11 and 12.23.0 write the section behind `lockfileVersion`, `settings` and `catalogs`, in the order of the manifest,
//! and put the range of an entry in the place of what a project asks for itself. They refuse a lockfile whose section differs from the manifest.

use std::ops::Range;

use super::Refused;
use super::pnpm_text::scalar;
use super::splice::Splice;
use crate::plan::NewOverride;
use crate::text::tree::{Kind, Value};
use crate::text::yaml;

/// The sections that pnpm writes in front of that of overrides.
const BEFORE: [&str; 3] = ["lockfileVersion:", "settings:", "catalogs:"];
const SECTION: &str = "overrides:";

/// Where the section stands in the lockfile, to the end of its last line, or where it would be: between two bytes.
pub(super) fn section(text: &str) -> Range<usize> {
    // pnpm itself may be locked in a document in front.
    let start = text.rfind("\n---\n").map_or(0, |at| at + "\n---\n".len());
    let mut at = start;
    let mut found: Option<usize> = None;
    for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let is_key = line.starts_with(|first: char| first.is_alphanumeric());
        match found {
            Some(found) if !line.starts_with(' ') => return found..at,
            None if line.trim_end() == SECTION => found = Some(at),
            None if is_key && !BEFORE.iter().any(|section| line.starts_with(section)) => return at..at,
            Some(_) | None => {}
        }
        at += line.len();
    }
    found.unwrap_or(at)..at
}

/// What adds `overrides` to the lockfile `text`.
pub(super) fn in_lockfile(text: &str, overrides: &[NewOverride]) -> Result<Splice, Refused> {
    let at = section(text);
    let lines = lines(overrides, "  ", "\n")?;
    Ok(match at.is_empty() {
        true => Splice {
            at,
            text: format!("{SECTION}\n{lines}\n"),
        },
        false => Splice {
            at: at.end..at.end,
            text: lines,
        },
    })
}

/// The settings `text` of a workspace with further `overrides`.
pub(super) fn in_workspace(text: &str, overrides: &[&NewOverride]) -> Result<String, Refused> {
    let unclear = || Refused("`overrides` in pnpm-workspace.yaml are not written line by line.".to_owned());
    let document = yaml::read(text, yaml::Bounds::UNTRUSTED);
    if !document.problems.is_empty() {
        return Err(Refused("pnpm-workspace.yaml cannot be read.".to_owned()));
    }
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let known = document.root().get("overrides");
    let Some(known) = known.filter(|known| known.kind() != Kind::Null) else {
        let is_said = document.root().entries().any(|(name, _)| name == "overrides");
        let ends = text.lines().any(|line| line.trim_end() == "...");
        if is_said || ends || document.root().kind() != Kind::Object && !text.trim().is_empty() {
            return Err(unclear());
        }
        let open = match text.is_empty() || text.ends_with('\n') {
            true => "",
            false => line_end,
        };
        let between = if text.trim().is_empty() { "" } else { line_end };
        let lines = lines(overrides.iter().copied(), "  ", line_end)?;
        return Ok(format!("{text}{open}{between}{SECTION}{line_end}{lines}"));
    };
    let last = known.entries().last().map(|(_, value)| value);
    let last = last
        .filter(|value| value.kind() != Kind::Object)
        .ok_or_else(unclear)?;
    let (line, end) = line_of(text, last);
    let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
    let is_own_line = !indent.is_empty() && line.contains(':');
    if !is_own_line {
        return Err(unclear());
    }
    let (head, tail) = text.split_at(end);
    let open = if head.ends_with('\n') { "" } else { line_end };
    let lines = lines(overrides.iter().copied(), &indent, line_end)?;
    let after = format!("{head}{open}{lines}{tail}");
    // The lines belong to the section only where it is in the block form.
    let read = yaml::read(&after, yaml::Bounds::UNTRUSTED);
    let entries = read
        .root()
        .get("overrides")
        .map_or(0, |all| all.entries().count());
    match read.problems.is_empty() && entries == known.entries().count() + overrides.len() {
        true => Ok(after),
        false => Err(unclear()),
    }
}

/// The line in which `value` ends, and where that ends.
fn line_of<'t>(text: &'t str, value: Value<'_>) -> (&'t str, usize) {
    let at = (value.span().end as usize).min(text.len());
    let (head, tail) = (
        text.get(..at).unwrap_or_default(),
        text.get(at..).unwrap_or_default(),
    );
    let start = head.rfind('\n').map_or(0, |at| at + 1);
    let end = tail.find('\n').map_or(text.len(), |end| at + end + 1);
    (text.get(start..end).unwrap_or_default(), end)
}

/// A line for each of `overrides`.
fn lines<'o>(
    overrides: impl IntoIterator<Item = &'o NewOverride>,
    indent: &str,
    line_end: &str,
) -> Result<String, Refused> {
    let line = |one: &NewOverride| {
        let (name, range) = (scalar(&one.name, false)?, scalar(&one.to, false)?);
        Ok(format!("{indent}{name}: {range}{line_end}"))
    };
    overrides.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, to: &str) -> NewOverride {
        NewOverride {
            manifest: "pnpm-workspace.yaml".to_owned(),
            under: None,
            name: name.to_owned(),
            from: None,
            to: to.to_owned(),
        }
    }

    #[test]
    fn the_section_of_a_lockfile_is_where_pnpm_has_it() {
        let head = "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n\n";
        let rest = "importers:\n\n  .: {}\n";
        let text = format!("{head}{rest}");
        assert_eq!(section(&text), head.len()..head.len());
        let block = "overrides:\n  a: 1.0.0\n  '@b/c': ^2.0.0\n";
        let text = format!("{head}{block}\n{rest}");
        assert_eq!(&text[section(&text)], block);
        let text = format!("{head}pnpmfileChecksum: x\n\n{rest}");
        assert_eq!(section(&text), head.len()..head.len());
        // What is locked of pnpm itself stands in front.
        let front = format!("---\n{head}{block}\n{rest}---\n");
        let text = format!("{front}{head}{rest}");
        assert_eq!(section(&text).start, front.len() + head.len());
    }

    #[test]
    fn a_workspace_gets_further_lines_in_its_own_form() {
        let two = [of("@a/b", "^1.2.0"), of("c", "^2.0.0")];
        let two: Vec<&NewOverride> = two.iter().collect();
        for (before, after) in [
            ("", "overrides:\n  '@a/b': ^1.2.0\n  c: ^2.0.0\n"),
            (
                "packages:\n  - x/*\n",
                "packages:\n  - x/*\n\noverrides:\n  '@a/b': ^1.2.0\n  c: ^2.0.0\n",
            ),
            (
                "packages:\r\n  - x/*",
                "packages:\r\n  - x/*\r\n\r\noverrides:\r\n  '@a/b': ^1.2.0\r\n  c: ^2.0.0\r\n",
            ),
            (
                "overrides:\n    d: '1.0.0' # so\n    # and\ncatalog: {}\n",
                "overrides:\n    d: '1.0.0' # so\n    '@a/b': ^1.2.0\n    c: ^2.0.0\n    # and\ncatalog: {}\n",
            ),
            (
                "overrides:\n  d: 1.0.0",
                "overrides:\n  d: 1.0.0\n  '@a/b': ^1.2.0\n  c: ^2.0.0\n",
            ),
        ] {
            assert_eq!(in_workspace(before, &two).expect(before), after);
        }
        for unclear in [
            "overrides: {d: 1.0.0}\n",
            "overrides:\n  {d: 1.0.0,\n   e: 2.0.0}\n",
            "overrides:\n",
            "overrides: {}\n",
            "a: 1\n...\n",
            "- a\n",
            "a: [\n",
        ] {
            assert!(in_workspace(unclear, &two).is_err(), "{unclear}");
        }
    }
}
