//! Requirements of RubyGems, as `Gem::Requirement` reads and decides them: `~> 2.1`, `>= 1.6, < 2`, `!= 1.0.3`.
//!
//! A comma means "and"; what stands behind the last one may be empty. A bare version means that version, and no text at all means any. A
//! pre-release is in a requirement where its place in the order is: whether one is taken is for who asks to say. `~>` compares the
//! release of a version, so that `3.0.0.rc1` is not in `~> 2.1`.

use std::cmp::Ordering;

use super::{BadRange, RangeSyntax};
use crate::version::rubygems::Rubygems as Order;
use crate::version::{Scheme as _, Unorderable};

/// The requirements of gems and of a `Gemfile`.
#[derive(Debug, Clone, Copy)]
pub struct Rubygems;

/// A part of a requirement: `~> 2.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clause<'r> {
    /// `=`, `!=`, `>`, `>=`, `<`, `<=` or `~>`.
    pub operator: &'r str,
    /// The version behind it.
    pub version: &'r str,
}

impl RangeSyntax for Rubygems {
    fn name(&self) -> &'static str {
        "rubygems"
    }

    fn contains(&self, range: &str, version: &str) -> Result<bool, BadRange> {
        Order.compare(version, version)?;
        let mut all = true;
        for clause in clauses(range)? {
            all &= satisfies(clause, version)?;
        }
        Ok(all)
    }
}

/// The parts of a requirement, in its order; none for any version.
///
/// # Errors
/// [`BadRange::Unreadable`] where RubyGems refuses it.
pub fn clauses(range: &str) -> Result<Vec<Clause<'_>>, BadRange> {
    // Ruby's `split` leaves out what is empty at the end.
    let listed = range.trim_end_matches(',');
    let mut clauses = Vec::new();
    if listed.is_empty() {
        return Ok(clauses);
    }
    for text in listed.split(',') {
        let clause = clause(text).ok_or_else(|| {
            BadRange::unreadable(
                range,
                "RubyGems wants versions with `=`, `!=`, `>`, `>=`, `<`, `<=` or `~>` in front, and commas between them",
            )
        })?;
        clauses.push(clause);
    }
    Ok(clauses)
}

/// The requirement asks for pre-releases, as one of its versions is one.
#[must_use]
pub fn asks_for_prereleases(range: &str) -> bool {
    clauses(range).is_ok_and(|clauses| clauses.iter().any(|clause| Order.is_prerelease(clause.version)))
}

fn clause(text: &str) -> Option<Clause<'_>> {
    let text = text.trim_matches(is_white_space);
    let operator = ["~>", "!=", ">=", "<=", "=", ">", "<"]
        .into_iter()
        .find(|operator| text.starts_with(operator))
        .unwrap_or_default();
    let version = text.strip_prefix(operator)?.trim_start_matches(is_white_space);
    let is_version = !version.is_empty() && Order.compare(version, version).is_ok();
    is_version.then_some(Clause {
        operator: if operator.is_empty() { "=" } else { operator },
        version,
    })
}

/// What `\s` matches in Ruby's regular expressions.
fn is_white_space(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

fn satisfies(
    Clause {
        operator,
        version: bound,
    }: Clause<'_>,
    version: &str,
) -> Result<bool, Unorderable> {
    let order = Order.compare(version, bound)?;
    Ok(match operator {
        "!=" => order.is_ne(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        "~>" => order.is_ge() && Order.compare(release(version), &bumped(bound))? == Ordering::Less,
        _ => order.is_eq(),
    })
}

/// `Gem::Version#release`: the numbers of a version before its first letter.
fn release(version: &str) -> &str {
    let version = version.trim_matches(is_white_space);
    let end = version.find(|character: char| !matches!(character, '0'..='9' | '.'));
    let front = version.get(..end.unwrap_or(version.len())).unwrap_or_default();
    front.trim_end_matches('.')
}

/// `Gem::Version#bump`: without the last of its numbers, if there are several, and with one more of the last that is left.
fn bumped(bound: &str) -> String {
    let numbers = release(bound);
    let kept = numbers.rsplit_once('.').map_or(numbers, |(kept, _)| kept);
    let (front, last) = match kept.rsplit_once('.') {
        Some((front, last)) => (format!("{front}."), last),
        None => (String::new(), kept),
    };
    format!("{front}{}", one_more(last))
}

/// The number after `number`, of any length.
fn one_more(number: &str) -> String {
    let kept = number.trim_end_matches('9');
    let nines = number.len().saturating_sub(kept.len());
    let raised = match kept.as_bytes().split_last() {
        Some((last, front)) => {
            let front = String::from_utf8_lossy(front);
            format!("{front}{}", char::from(last.saturating_add(1)))
        }
        None => "1".to_owned(),
    };
    format!("{raised}{}", "0".repeat(nines))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_raised() {
        for (number, next) in [
            ("0", "1"),
            ("9", "10"),
            ("199", "200"),
            ("099", "100"),
            ("99999999999999999999", "100000000000000000000"),
        ] {
            assert_eq!(one_more(number), next);
        }
        assert_eq!(bumped("1.2.3.rc1"), "1.3");
        assert_eq!(bumped("2"), "3");
    }

    #[test]
    fn requirements_ask_for_prereleases_by_a_letter() {
        assert!(asks_for_prereleases(">= 1.0.a"));
        assert!(asks_for_prereleases("~> 2.0, != 2.0.0.rc1"));
        assert!(!asks_for_prereleases(">= 1.0"));
        assert!(!asks_for_prereleases("^1.0.a"));
    }
}
