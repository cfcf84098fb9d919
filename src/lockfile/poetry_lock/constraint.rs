//! Poetry's version constraints: the operators of PEP 440, `^`, `~`, wildcards, a version alone for exactly that one, `,` or white
//! space for "and", and `||` for "or".
//!
//! Each clause has the meaning of one or two specifiers of PEP 440, as Poetry's own parser gives it a lower and an upper bound, and
//! is decided by these.

use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// Longer versions and constraints are not looked into, so that hostile ones cost nothing.
const MAX_LENGTH: usize = 256;

/// `constraint` lets `version` pass; `None` if that is not known.
#[must_use]
pub fn allows(constraint: &str, version: &str) -> Option<bool> {
    if constraint.len() > MAX_LENGTH || version.len() > MAX_LENGTH {
        return None;
    }
    let mut any = false;
    for alternative in specifiers(constraint)? {
        any = any || Pep440.contains(&alternative, version).ok()?;
    }
    Some(any || constraint.trim().is_empty())
}

/// `constraint` in specifiers of PEP 440, of which one has to let a version pass; `None` where it has no such meaning.
#[must_use]
pub fn specifiers(constraint: &str) -> Option<Vec<String>> {
    let all = alternatives(constraint).map(|alternative| {
        let parts = clauses(alternative)?;
        let parts: Vec<String> = parts.iter().map(Clause::specifiers).collect::<Option<_>>()?;
        let parts: Vec<&str> = parts
            .iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        Some(parts.join(","))
    });
    all.collect()
}

/// The parts of `constraint` of which one has to let a version pass.
pub fn alternatives(constraint: &str) -> impl Iterator<Item = &str> {
    let parts = constraint.split('|').map(str::trim);
    parts.filter(|part| !part.is_empty())
}

/// An operator with the version behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clause<'c> {
    /// `^`; empty for a version alone.
    pub operator: &'c str,
    /// The version, or its beginning with a wildcard behind it.
    pub bound: &'c str,
}

/// The clauses of one alternative, all of which have to let a version pass; `None` for what is none.
#[must_use]
pub fn clauses(alternative: &str) -> Option<Vec<Clause<'_>>> {
    let mut clauses = Vec::new();
    let mut rest = alternative.trim_start();
    while !rest.is_empty() {
        let operator_end = rest
            .find(|character: char| !matches!(character, '=' | '<' | '>' | '!' | '~' | '^'))
            .unwrap_or(rest.len());
        let (operator, behind) = rest.split_at_checked(operator_end)?;
        let behind = behind.trim_start();
        let end = behind
            .find(|character: char| character == ',' || character.is_whitespace())
            .unwrap_or(behind.len());
        let (bound, behind) = behind.split_at_checked(end)?;
        if bound.is_empty() {
            return None;
        }
        clauses.push(Clause { operator, bound });
        rest = behind.trim_start_matches(|character: char| character == ',' || character.is_whitespace());
    }
    Some(clauses)
}

impl Clause<'_> {
    /// The same in specifiers of PEP 440; empty for any version, `None` where it has no such meaning.
    fn specifiers(&self) -> Option<String> {
        let Self { operator, bound } = self;
        if let Some(prefix) = bound.strip_suffix('*') {
            let prefix = prefix.trim_end_matches(['.', '*']);
            return match (*operator, prefix) {
                ("" | "=" | "==", "") => Some(String::new()),
                ("" | "=" | "==", _) => Some(format!("=={prefix}.*")),
                ("!=", _) if !prefix.is_empty() => Some(format!("!={prefix}.*")),
                _ => None,
            };
        }
        let numbers = numbers(bound);
        let below = |at: usize| Some(format!(">={bound},<{}", raised(&numbers, at)?));
        match *operator {
            "" | "=" | "==" | "===" => Some(format!("=={bound}")),
            "!=" | "<" | "<=" | ">" | ">=" => Some(format!("{operator}{bound}")),
            "^" => {
                let heads = numbers.iter().take(3);
                let last = numbers.len().min(3).checked_sub(1)?;
                below(heads.clone().position(|number| *number != 0).unwrap_or(last))
            }
            "~" => below(1.min(numbers.len().checked_sub(1)?)),
            "~=" => below(numbers.len().saturating_sub(2)),
            _ => None,
        }
    }
}

/// The numbers at the start of a version.
fn numbers(version: &str) -> Vec<u64> {
    let version = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let end = version.find(|character: char| !(character.is_ascii_digit() || character == '.'));
    let release = version.get(..end.unwrap_or(version.len())).unwrap_or_default();
    release.split('.').map_while(|part| part.parse().ok()).collect()
}

/// `numbers` up to number `at`, which is raised by one.
fn raised(numbers: &[u64], at: usize) -> Option<String> {
    let mut parts: Vec<String> = numbers.iter().take(at).map(u64::to_string).collect();
    parts.push(numbers.get(at)?.checked_add(1)?.to_string());
    Some(parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator() {
        for (constraint, version, allowed) in [
            ("*", "1.0", Some(true)),
            ("", "1.0", Some(true)),
            ("1.21.6", "1.21.6", Some(true)),
            ("1.21.6", "1.23.5", Some(false)),
            ("==1.13.1", "1.13.1+cu117", Some(true)),
            ("==1.13.1+cpu", "1.13.1+cu117", Some(false)),
            (">=1.5.6,<1.5.7 || >1.5.7", "1.5.7", Some(false)),
            (">=1.5.6,<1.5.7 || >1.5.7", "1.7.1", Some(true)),
            (">=1.0 <2.0", "1.5", Some(true)),
            (">=1.0 <2.0", "2.5", Some(false)),
            ("^1.2.3", "1.9", Some(true)),
            ("^1.2.3", "2.0", Some(false)),
            ("^0.2.3", "0.3", Some(false)),
            ("^0.0.3", "0.0.4", Some(false)),
            ("^0", "0.9", Some(true)),
            ("~1.2.3", "1.2.9", Some(true)),
            ("~1.2.3", "1.3", Some(false)),
            ("~1", "1.9", Some(true)),
            ("~=1.4.2", "1.4.9", Some(true)),
            ("~=1.4.2", "1.5", Some(false)),
            ("~=2", "2.9", Some(true)),
            ("^1.2", "2.0a1", Some(false)),
            ("^0.0.3b1", "0.0.3", Some(true)),
            ("^0.0.3b1", "0.0.4", Some(false)),
            ("^1.0 | ^3.0", "3.1", Some(true)),
            ("^1.0 || ^3.0", "2.1", Some(false)),
            ("1.2.*", "1.2.9", Some(true)),
            ("!=1.2.*", "1.2.9", Some(false)),
            ("==1.*", "2.0", Some(false)),
            ("1.0", "no version", None),
            ("?1", "1", None),
        ] {
            assert_eq!(allows(constraint, version), allowed, "{constraint} {version}");
        }
    }
}
