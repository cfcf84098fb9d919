//! Poetry's version constraints, as far as they distinguish several locked versions of one package.

use std::cmp::Ordering;

use crate::version::{Scheme, scheme};

/// Longer versions and constraints are not looked into, so that hostile ones cost nothing.
const MAX_LENGTH: usize = 256;

/// `constraint` lets `version` pass; `None` if that is not known.
///
/// Read are the operators of PEP 440, `^`, `~`, wildcards, a version alone for exactly that one, `,` or white
/// space for "and", and `||` for "or".
pub(super) fn allows(constraint: &str, version: &str) -> Option<bool> {
    if constraint.len() > MAX_LENGTH || version.len() > MAX_LENGTH {
        return None;
    }
    let scheme = scheme("pep440")?;
    let mut any = false;
    for alternative in constraint.split("||").flat_map(|part| part.split('|')) {
        if !alternative.trim().is_empty() {
            any = any || all(scheme, alternative, version)?;
        }
    }
    Some(any || constraint.trim().is_empty())
}

/// Every clause of one alternative lets the version pass.
fn all(scheme: &dyn Scheme, alternative: &str, version: &str) -> Option<bool> {
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
        if !clause(scheme, operator, bound, version)? {
            return Some(false);
        }
        rest = behind.trim_start_matches(|character: char| character == ',' || character.is_whitespace());
    }
    Some(true)
}

fn clause(scheme: &dyn Scheme, operator: &str, bound: &str, version: &str) -> Option<bool> {
    if let Some(prefix) = bound.strip_suffix('*') {
        let prefix = prefix.trim_end_matches('.');
        let inside = prefix.is_empty() || within(scheme, prefix, &raised(prefix, usize::MAX)?, version)?;
        return match operator {
            "" | "==" => Some(inside),
            "!=" => Some(!inside),
            _ => None,
        };
    }
    // A local label counts only where the constraint has one too.
    let version = match bound.contains('+') {
        true => version,
        false => version.split_once('+').map_or(version, |(public, _)| public),
    };
    let parts = bound.split('.').count();
    match operator {
        "^" => {
            let first = bound
                .split('.')
                .position(|part| !part.trim_matches('0').is_empty());
            within(
                scheme,
                bound,
                &raised(bound, first.unwrap_or(parts.saturating_sub(1)))?,
                version,
            )
        }
        "~" => within(
            scheme,
            bound,
            &raised(bound, 1.min(parts.saturating_sub(1)))?,
            version,
        ),
        "~=" => within(scheme, bound, &raised(bound, parts.checked_sub(2)?)?, version),
        _ => {
            let order = scheme.compare(version, bound).ok()?;
            match operator {
                "" | "=" | "==" | "===" => Some(order == Ordering::Equal),
                "!=" => Some(order != Ordering::Equal),
                "<" => Some(order == Ordering::Less),
                "<=" => Some(order != Ordering::Greater),
                ">" => Some(order == Ordering::Greater),
                ">=" => Some(order != Ordering::Less),
                _ => None,
            }
        }
    }
}

/// `version` is at least `lower` and below `upper`.
fn within(scheme: &dyn Scheme, lower: &str, upper: &str, version: &str) -> Option<bool> {
    let above = scheme.compare(version, lower).ok()? != Ordering::Less;
    Some(above && scheme.compare(version, upper).ok()? == Ordering::Less)
}

/// `bound` up to its part number `at` (or its last one), which is raised by one.
fn raised(bound: &str, at: usize) -> Option<String> {
    let numbers: Vec<u64> = bound.split('.').map_while(|part| part.parse().ok()).collect();
    let last = at.min(numbers.len().checked_sub(1)?);
    let mut parts: Vec<String> = numbers.iter().take(last).map(u64::to_string).collect();
    parts.push(numbers.get(last)?.checked_add(1)?.to_string());
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
