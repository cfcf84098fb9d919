//! Ranges of one's own files, moved up in the form that they have.

use super::Language;
use crate::lockfile::grammar::pep508::{self, Operator};
use crate::lockfile::poetry_lock::constraint::{Clause, alternatives, clauses};
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// `range` so that `version` is in it, in its language.
pub(super) fn wider(language: Language, range: &str, version: &str) -> Option<String> {
    match language {
        Language::Pep440 => wider_specifiers(range, version),
        Language::Poetry => wider_constraint(range, version),
    }
}

/// The same of a constraint of Poetry's: `^1.2` becomes `^2.3`, `1.2.3` becomes `1.3.0`. What stands between its clauses stays.
fn wider_constraint(range: &str, version: &str) -> Option<String> {
    let mut all = alternatives(range);
    let (Some(alternative), None) = (all.next(), all.next()) else {
        return None;
    };
    let mut wider = String::new();
    let mut rest = alternative;
    for clause in clauses(alternative)? {
        let Clause { operator, bound } = clause;
        if !bound.starts_with(|letter: char| letter.is_ascii_digit() || letter == '*') {
            return None;
        }
        let (before, behind) = rest.split_at_checked(rest.find(bound)?)?;
        wider.push_str(before);
        rest = behind.get(bound.len()..)?;
        if Language::Poetry.takes(&format!("{operator}{bound}"), version) {
            wider.push_str(bound);
            continue;
        }
        match (operator, bound.strip_suffix(".*")) {
            ("" | "=" | "==", Some(prefix)) => {
                wider.push_str(&format!("{}.*", cut(version, prefix.split('.').count())?));
            }
            ("" | "=" | "==" | "===" | "<=", None) => wider.push_str(version),
            ("^" | "~", None) => wider.push_str(&padded(version, bound.split('.').count())?),
            _ => {
                let moved = wider_specifiers(&format!("{operator}{bound}"), version)?;
                wider.push_str(moved.strip_prefix(operator)?);
            }
        }
    }
    wider.push_str(rest);
    Language::Poetry.takes(&wider, version).then_some(wider)
}

/// `range` so that `version` is in it: `==1.2` becomes `==1.3`, `~=1.2.3` becomes `~=1.4.0`, and of `>=1,<2` the upper bound moves to
/// the next number in the same place. `None` where it has no form that could be moved.
fn wider_specifiers(range: &str, version: &str) -> Option<String> {
    let text = format!("x{range}");
    let read = pep508::read(&text).ok()?;
    let mut parts = Vec::new();
    for specifier in &read.specifiers {
        let named = specifier.version.of(&text);
        let written = format!("{}{named}", specifier.operator.as_str());
        if Pep440.contains(&written, version).ok()? {
            parts.push(written);
            continue;
        }
        parts.push(match (specifier.operator, named.strip_suffix(".*")) {
            (Operator::Equal, Some(prefix)) => format!("=={}.*", cut(version, prefix.split('.').count())?),
            (Operator::Equal | Operator::Identical, _) => format!("{}{version}", specifier.operator.as_str()),
            (Operator::Compatible, _) => {
                let count = named.split('.').count();
                format!("~={}", padded(version, count.max(2))?)
            }
            (Operator::AtMost, _) => format!("<={version}"),
            (Operator::Below, _) => format!("<{}", above(named, version)?),
            (Operator::NotEqual | Operator::AtLeast | Operator::Above, _) => return None,
        });
    }
    let wider = parts.join(",");
    (!read.specifiers.is_empty() && Pep440.contains(&wider, version).ok()?).then_some(wider)
}

/// The numbers of a plain version.
fn numbers(version: &str) -> Option<Vec<u64>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// The first `count` numbers of `version`.
fn cut(version: &str, count: usize) -> Option<String> {
    let numbers: Vec<&str> = version.split('.').take(count).collect();
    let is_plain = numbers.len() == count && numbers.iter().all(|part| part.parse::<u64>().is_ok());
    is_plain.then(|| numbers.join("."))
}

/// `version` with at least `count` numbers, and no more where those behind are not needed.
fn padded(version: &str, count: usize) -> Option<String> {
    let mut numbers = numbers(version)?;
    while numbers.len() < count {
        numbers.push(0);
    }
    // More numbers would close the range further than before: the ones behind are left out.
    numbers.truncate(count);
    Some(shown(&numbers))
}

/// The bound in the form of `bound` that is above `version`.
fn above(bound: &str, version: &str) -> Option<String> {
    let (old, new) = (numbers(bound)?, numbers(version)?);
    let last = old.iter().rposition(|number| *number != 0)?;
    let mut raised: Vec<u64> = (0..=last).map(|at| new.get(at).copied().unwrap_or(0)).collect();
    let end = raised.last_mut()?;
    *end = end.checked_add(1)?;
    raised.resize(old.len(), 0);
    Some(shown(&raised))
}

fn shown(numbers: &[u64]) -> String {
    let parts: Vec<String> = numbers.iter().map(u64::to_string).collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::{Language, wider};

    #[test]
    fn ranges_keep_their_form() {
        for (range, version, expected) in [
            ("==1.2.3", "1.3.0", Some("==1.3.0")),
            ("===1.2.3", "1.3.0", Some("===1.3.0")),
            ("==1.2.*", "1.3.4", Some("==1.3.*")),
            ("~=1.2.3", "2.4.5", Some("~=2.4.5")),
            ("~=1.2", "2.4.5", Some("~=2.4")),
            (">=1.0,<2", "2.4.5", Some(">=1.0,<3")),
            (">=1.0,<2.0", "2.4.5", Some(">=1.0,<3.0")),
            ("<1.27,>=1.21.1", "2.0.7", Some("<2.1,>=1.21.1")),
            ("<=1.2", "1.3", Some("<=1.3")),
            (">=1,!=1.5,<1.6", "1.7", Some(">=1,!=1.5,<1.8")),
            ("!=1.5", "1.5", None),
            (">2", "1", None),
            ("", "1", None),
            ("nonsense", "1", None),
        ] {
            let wider = wider(Language::Pep440, range, version);
            assert_eq!(wider.as_deref(), expected, "{range} {version}");
        }
    }

    #[test]
    fn constraints_of_poetry_keep_their_form() {
        for (range, version, expected) in [
            ("^1.2.3", "2.0.4", Some("^2.0.4")),
            ("^1.2", "2.0.4", Some("^2.0")),
            ("^1", "2.0.4", Some("^2")),
            ("^0.2", "0.3.1", Some("^0.3")),
            ("~1.2.3", "1.3.0", Some("~1.3.0")),
            ("~1.2", "1.3.1", Some("~1.3")),
            ("1.2.3", "1.3.0", Some("1.3.0")),
            ("1.2.*", "1.3.4", Some("1.3.*")),
            (">=1.0 <2", "2.4.5", Some(">=1.0 <3")),
            (">= 1.0, < 2.0", "2.4.5", Some(">= 1.0, < 3.0")),
            (">=1.0,<2", "2.4.5", Some(">=1.0,<3")),
            ("^1.2 || ^2.0", "3.0.0", None),
            ("*", "1.0", Some("*")),
            ("latest", "1.0", None),
        ] {
            let wider = wider(Language::Poetry, range, version);
            assert_eq!(wider.as_deref(), expected, "{range} {version}");
        }
    }
}
