//! `override-dependencies` in `[tool.uv]` of a `pyproject.toml`, and where `uv.lock` repeats them.
//!
//! uv 0.13.9 writes them into `[manifest]`, in the order of their names, one on the line of its key and several on lines of
//! their own.

use super::splice::{Splice, apply};
use super::uv_entries::{document, normal};
use crate::plan::NewOverride;
use crate::text::toml;
use crate::text::tree::{Kind, Value};

/// The key of the settings.
const KEY: &str = "override-dependencies";

/// The lines of `[manifest]` that uv writes before those of overrides.
const BEFORE: [&str; 3] = ["members", "requirements", "constraints"];

/// The manifest with further overrides; `None` where they cannot be put in.
pub(super) fn pyproject_with(text: &str, overrides: &[&NewOverride]) -> Option<String> {
    if overrides.is_empty() {
        return Some(text.to_owned());
    }
    let line_end = line_end(text);
    let written: Vec<String> = overrides
        .iter()
        .map(|one| format!("\"{}{}\"", one.name, one.to))
        .collect();
    let document = toml::read(text);
    if !document.problems.is_empty() {
        return None;
    }
    let settings = document.root().get("tool").and_then(|tool| tool.get("uv"));
    let splice = match (settings, settings.and_then(|settings| settings.get(KEY))) {
        (_, Some(list)) => Splice {
            at: behind_the_last(list)?..behind_the_last(list)?,
            text: match list.items().next() {
                Some(_) => format!(", {}", written.join(", ")),
                None => written.join(", "),
            },
        },
        (Some(_), None) => {
            let at = behind_header(text, "[tool.uv]")?;
            Splice {
                at: at..at,
                text: format!("{KEY} = [{}]{line_end}", written.join(", ")),
            }
        }
        (None, None) => {
            let gap = match text.is_empty() || text.ends_with('\n') {
                true => line_end.to_owned(),
                false => format!("{line_end}{line_end}"),
            };
            Splice {
                at: text.len()..text.len(),
                text: format!(
                    "{gap}[tool.uv]{line_end}{KEY} = [{}]{line_end}",
                    written.join(", ")
                ),
            }
        }
    };
    let after = apply(text, vec![splice])?;
    let read = toml::read(&after);
    let settings = read.root().get("tool").and_then(|tool| tool.get("uv"));
    let list = settings.and_then(|settings| settings.get(KEY));
    let items: Vec<String> = list
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|item| Some(format!("\"{}\"", item.as_str()?)))
        .collect();
    (read.problems.is_empty() && written.iter().all(|one| items.contains(one))).then_some(after)
}

/// What adds `overrides` to the lockfile `text`; `None` where its own are not as uv writes them.
pub(super) fn in_lockfile(text: &str, overrides: &[NewOverride], line_end: &str) -> Option<Splice> {
    let read = document(text);
    let manifest = read.root().get("manifest");
    let known = manifest.and_then(|manifest| manifest.get("overrides"));
    let mut items: Vec<(String, String)> = Vec::new();
    for item in known.into_iter().flat_map(Value::items) {
        let span = item.span();
        let raw = text.get(span.start as usize..span.end as usize)?;
        items.push((normal(&item.str("name")?), raw.to_owned()));
    }
    for one in overrides {
        if items.iter().any(|(name, _)| *name == one.name) {
            return None;
        }
        let item = format!("{{ name = \"{}\", specifier = \"{}\" }}", one.name, one.to);
        items.push((one.name.clone(), item));
    }
    items.sort();
    let list = match items.as_slice() {
        [(_, only)] => format!("[{only}]"),
        several => {
            let lines: String = several
                .iter()
                .map(|(_, item)| format!("    {item},{line_end}"))
                .collect();
            format!("[{line_end}{lines}]")
        }
    };
    if let Some(known) = known {
        let span = known.span();
        return Some(Splice {
            at: span.start as usize..span.end as usize,
            text: list,
        });
    }
    let line = format!("overrides = {list}{line_end}");
    match manifest {
        Some(manifest) => {
            let before = BEFORE.iter().rev().find_map(|key| manifest.get(key));
            let at = match before {
                Some(value) => next_line(text, value.span().end as usize)?,
                None => behind_header(text, "[manifest]")?,
            };
            Some(Splice {
                at: at..at,
                text: line,
            })
        }
        None => {
            let at = text.find("[[package]]")?;
            Some(Splice {
                at: at..at,
                text: format!("[manifest]{line_end}{line}{line_end}"),
            })
        }
    }
}

/// Where a further item of an array goes.
fn behind_the_last(list: Value<'_>) -> Option<usize> {
    if list.kind() != Kind::Array {
        return None;
    }
    match list.items().last() {
        Some(last) => {
            let end = last.span().end as usize;
            // The span of a plain string is inside of its quotes.
            Some(end.saturating_add(usize::from(last.kind() == Kind::PlainString)))
        }
        None => Some((list.span().end as usize).checked_sub(1)?),
    }
}

/// The start of the line behind the one that is `header`.
fn behind_header(text: &str, header: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        start += line.len();
        let code = line.split('#').next().unwrap_or_default();
        if code.trim() == header && line.ends_with('\n') {
            return Some(start);
        }
    }
    None
}

/// The start of the line behind that of `at`.
fn next_line(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    Some(at + rest.find('\n')? + 1)
}

fn line_end(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((line, _)) if line.ends_with('\r') => "\r\n",
        Some(_) | None => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, to: &str) -> NewOverride {
        NewOverride {
            manifest: "pyproject.toml".to_owned(),
            under: None,
            from: None,
            name: name.to_owned(),
            to: to.to_owned(),
        }
    }

    #[test]
    fn a_manifest_gets_the_setting_in_whatever_form_it_has() {
        let (a, b) = (one("a", ">=1,<2"), one("b", ">=3,<4"));
        for (before, after) in [
            (
                "[project]\n",
                "[project]\n\n[tool.uv]\noverride-dependencies = [\"a>=1,<2\", \"b>=3,<4\"]\n",
            ),
            (
                "[tool.uv] # why\r\npackage = false\r\n",
                "[tool.uv] # why\r\noverride-dependencies = [\"a>=1,<2\", \"b>=3,<4\"]\r\npackage = false\r\n",
            ),
            (
                "[tool.uv]\noverride-dependencies = [\n  \"c==1\", # c\n]\n",
                "[tool.uv]\noverride-dependencies = [\n  \"c==1\", \"a>=1,<2\", \"b>=3,<4\", # c\n]\n",
            ),
            (
                "[tool.uv]\noverride-dependencies = []\n",
                "[tool.uv]\noverride-dependencies = [\"a>=1,<2\", \"b>=3,<4\"]\n",
            ),
        ] {
            assert_eq!(
                pyproject_with(before, &[&a, &b]).as_deref(),
                Some(after),
                "{before}"
            );
        }
        assert_eq!(pyproject_with("[tool]\nuv = { package = false }\n", &[&a]), None);
    }

    #[test]
    fn a_lockfile_repeats_it_where_uv_does() {
        let with = |text: &str, overrides: &[NewOverride]| {
            let splice = in_lockfile(text, overrides, "\n").expect("a place");
            apply(text, vec![splice]).expect("a text")
        };
        let (a, b) = (one("a", ">=1,<2"), one("b", ">=3,<4"));
        let first = with("version = 1\n\n[[package]]\n", std::slice::from_ref(&b));
        assert_eq!(
            first,
            "version = 1\n\n[manifest]\noverrides = [{ name = \"b\", specifier = \">=3,<4\" }]\n\n[[package]]\n"
        );
        assert_eq!(
            with(&first, std::slice::from_ref(&a)),
            "version = 1\n\n[manifest]\noverrides = [\n    { name = \"a\", specifier = \">=1,<2\" },\n    { name = \"b\", specifier = \">=3,<4\" },\n]\n\n[[package]]\n"
        );
        assert!(in_lockfile(&first, std::slice::from_ref(&b), "\n").is_none());
        assert_eq!(
            with(
                "[manifest]\nmembers = [\n    \"x\",\n]\n\n[[package]]\n",
                std::slice::from_ref(&a)
            ),
            "[manifest]\nmembers = [\n    \"x\",\n]\noverrides = [{ name = \"a\", specifier = \">=1,<2\" }]\n\n[[package]]\n"
        );
    }
}
