//! Requirements that stand in a `Gemfile` as plain texts behind the name of a gem: `gem "rack", "~> 2.2", ">= 2.2.3"`.

use std::ops::Range;

use super::locked::in_order;
use crate::version::range::rubygems::clauses;

/// Where the requirements of a gem stand in a `Gemfile`, each without its quotes.
///
/// # Errors
/// Why they cannot be changed there, as a sentence.
pub fn literals(text: &str, name: &str) -> Result<Vec<Range<usize>>, String> {
    let mut found: Option<Vec<Range<usize>>> = None;
    let mut start = 0_usize;
    for whole in text.split_inclusive('\n') {
        let at = start;
        start = start.saturating_add(whole.len());
        let Some(behind) = behind_name(whole, name) else {
            continue;
        };
        if found.is_some() {
            return Err(format!("The Gemfile asks for {name} at several places."));
        }
        found = Some(texts(whole, behind, at));
    }
    let mentions = text
        .match_indices(name)
        .filter(|(at, _)| {
            let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
            let after = text.as_bytes().get(at.saturating_add(name.len()));
            matches!(
                (before, after),
                (Some(b'"'), Some(b'"')) | (Some(b'\''), Some(b'\''))
            )
        })
        .count();
    match found {
        Some(_) if mentions > 1 => Err(format!("The Gemfile names {name} at several places.")),
        Some(found) if found.is_empty() => Err(format!("The Gemfile writes no plain range for {name}.")),
        Some(found) => Ok(found),
        None => Err(format!("The Gemfile does not ask for {name} in plain words.")),
    }
}

/// What the `Gemfile` asks for of a gem, as a lockfile writes it; `None` where it does not do so in plain texts.
#[must_use]
pub fn range(text: &str, name: &str) -> Option<String> {
    let literals = literals(text, name).ok()?;
    let parts: Option<Vec<&str>> = literals.into_iter().map(|at| text.get(at)).collect();
    let joined = parts?.join(", ");
    clauses(&joined).ok()?;
    Some(in_order(&joined))
}

/// The texts that stand in the place of each of the requirements, where `from` is to be `to`; both have as many clauses, in the same order.
/// `None` where the `Gemfile` does not ask for `from`.
#[must_use]
pub fn exchanged(text: &str, name: &str, from: &str, to: &str) -> Option<Vec<(Range<usize>, String)>> {
    if range(text, name)? != in_order(from) {
        return None;
    }
    let (from, to) = (clauses(from).ok()?, clauses(to).ok()?);
    if from.len() != to.len() {
        return None;
    }
    let mut edits = Vec::new();
    for at in literals(text, name).ok()? {
        let written = text.get(at.clone())?;
        let [clause] = *clauses(written).ok()?.as_slice() else {
            return None;
        };
        let (_, new) = from.iter().zip(&to).find(|(old, _)| **old == clause)?;
        if *new == clause {
            continue;
        }
        if new.operator != clause.operator {
            return None;
        }
        let front = written.trim_end().strip_suffix(clause.version)?;
        edits.push((at, format!("{front}{}", new.version)));
    }
    Some(edits)
}

/// Where the text behind `gem "name"` begins in a line, if it is one of that.
fn behind_name(line: &str, name: &str) -> Option<usize> {
    let call = line.trim_start().strip_prefix("gem")?;
    let open = call.trim_start_matches([' ', '\t']);
    let inside = match open.strip_prefix('(') {
        Some(inside) => inside.trim_start_matches([' ', '\t']),
        None if open.len() < call.len() => open,
        None => return None,
    };
    let quote = inside
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let rest = inside.get(1..)?.strip_prefix(name)?.strip_prefix(quote)?;
    Some(line.len().saturating_sub(rest.len()))
}

/// The texts that follow from `behind` on in a line, with commas in front of each.
fn texts(line: &str, behind: usize, start: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = behind;
    while let Some(rest) = line.get(at..) {
        let plain = rest.trim_start_matches([' ', '\t']);
        let Some(plain) = plain.strip_prefix(',') else {
            break;
        };
        let plain = plain.trim_start_matches([' ', '\t']);
        let Some(quote) = plain.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else {
            break;
        };
        let Some((text, after)) = plain.get(1..).and_then(|plain| plain.split_once(quote)) else {
            break;
        };
        // `"key" => value`, and what is computed, are no requirements.
        if text.contains(['#', '\\']) || after.trim_start().starts_with("=>") {
            break;
        }
        let end = line.len().saturating_sub(after.len());
        let from = end.saturating_sub(text.len()).saturating_sub(1);
        found.push(start.saturating_add(from)..start.saturating_add(end).saturating_sub(1));
        at = end;
    }
    found
}

/// The version of Ruby that a `Gemfile` asks for in plain words: the lowest of it.
#[must_use]
pub fn ruby(text: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim);
    let asked = lines.find_map(|line| line.strip_prefix("ruby "))?.trim_start();
    let quote = asked.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (asked, _) = asked.get(1..)?.split_once(quote)?;
    let clauses = clauses(asked).ok()?;
    let lowest = clauses
        .iter()
        .find(|clause| matches!(clause.operator, "=" | "~>" | ">="))?;
    Some(lowest.version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEMFILE: &str = "source 'https://registry.example'\nruby '~> 3.1.2'\ngem \"rack\", \"~> 2.2\", \">= 2.2.3\", require: false\n  gem('rake', '13.0')\ngem 'a'\ngem 'b', \"#{x}\"\ngem 'c', '1'\ngem 'c', '2'\ngem 'd', '=> 1' => 2\n";

    #[test]
    fn plain_requirements_are_exchanged() {
        assert_eq!(range(GEMFILE, "rack").as_deref(), Some("~> 2.2, >= 2.2.3"));
        assert_eq!(range(GEMFILE, "rake").as_deref(), Some("= 13.0"));
        let edits = exchanged(GEMFILE, "rack", ">= 2.2.3, ~> 2.2", ">= 2.2.3, ~> 3.0").unwrap();
        assert_eq!(edits.len(), 1);
        assert_eq!((&GEMFILE[edits[0].0.clone()], &*edits[0].1), ("~> 2.2", "~> 3.0"));
        let edits = exchanged(GEMFILE, "rake", "= 13.0", "= 13.1").unwrap();
        assert_eq!((&GEMFILE[edits[0].0.clone()], &*edits[0].1), ("13.0", "13.1"));
        assert_eq!(exchanged(GEMFILE, "rake", "= 12.0", "= 13.1"), None);
        assert_eq!(ruby(GEMFILE).as_deref(), Some("3.1.2"));
    }

    #[test]
    fn others_say_why_not() {
        for (name, reason) in [
            ("a", "The Gemfile writes no plain range for a."),
            ("b", "The Gemfile writes no plain range for b."),
            ("c", "The Gemfile asks for c at several places."),
            ("d", "The Gemfile writes no plain range for d."),
            ("e", "The Gemfile does not ask for e in plain words."),
        ] {
            assert_eq!(literals(GEMFILE, name).unwrap_err(), reason);
        }
    }
}
