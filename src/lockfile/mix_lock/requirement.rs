//! What a package allows of another one: `~> 1.0 or >= 2.1.0 and < 3.0.0`, as Elixir's `Version.Requirement` reads it. Where Mix
//! resolves, pre-releases are allowed only by a bound that is one; here a version that is locked is asked about, and they pass.

use crate::version::Scheme as _;
use crate::version::hex::Hex;

/// Longer requirements and versions are not looked into.
const MAX_LENGTH: usize = 256;

/// `requirement` allows `version`; `None` if one of the two cannot be read.
pub(in crate::lockfile) fn allows(requirement: &str, version: &str) -> Option<bool> {
    if requirement.len() > MAX_LENGTH || version.len() > MAX_LENGTH {
        return None;
    }
    let mut any = false;
    for alternative in requirement.split(" or ") {
        let mut all = true;
        for clause in alternative.split(" and ").map(str::trim) {
            all &= allows_clause(clause, version)?;
        }
        any |= all;
    }
    Some(any)
}

fn allows_clause(clause: &str, version: &str) -> Option<bool> {
    let end = clause.find(|character| !"=!<>~".contains(character))?;
    let (operator, bound) = clause.split_at_checked(end)?;
    let bound = bound.trim();
    if operator == "~>" {
        let (numbers, rest) = bound.split_at_checked(bound.find(['-', '+']).unwrap_or(bound.len()))?;
        let parts: Vec<&str> = numbers.split('.').collect();
        let (least, raised) = match parts.as_slice() {
            [major, minor] => (
                format!("{major}.{minor}.0{rest}"),
                format!("{}.0.0-0", next(major)?),
            ),
            [major, minor, _] => (bound.to_owned(), format!("{major}.{}.0-0", next(minor)?)),
            _ => return None,
        };
        let is_above = Hex.compare(version, &least).ok()?.is_ge();
        return Some(is_above && Hex.compare(version, &raised).ok()?.is_lt());
    }
    let order = Hex.compare(version, bound).ok()?;
    Some(match operator {
        "" | "==" => order.is_eq(),
        "!=" => order.is_ne(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        _ => return None,
    })
}

fn next(number: &str) -> Option<u64> {
    number.parse::<u64>().ok()?.checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::allows;

    /// What `Version.match?/2` says (Elixir 1.14.0).
    #[test]
    fn requirements_allow_what_elixir_allows() {
        for (requirement, version, expected) in [
            ("~> 2.0", "2.1.0", Some(true)),
            ("~> 2.0", "3.0.0", Some(false)),
            ("~> 2.0.0", "2.0.5", Some(true)),
            ("~> 2.0.0", "2.1.0", Some(false)),
            ("~> 2.1.2-dev", "2.1.6-dev", Some(true)),
            ("~> 2.1-dev", "2.2.0-dev", Some(true)),
            ("~> 2.0", "3.0.0-rc.1", Some(false)),
            (">= 2.1.0-dev", "2.2.6-dev", Some(true)),
            ("1.0.0", "1.0.0+x", Some(true)),
            ("== 1.0.0", "1.0.1", Some(false)),
            ("!= 1.0.0", "1.0.1", Some(true)),
            ("~> 0.3.7 or ~> 0.4 or ~> 1.0", "1.1.0", Some(true)),
            (">= 1.0.0 and < 1.2.0", "1.2.0", Some(false)),
            ("~> 1.0 and != 1.3.0 or 3.0.0", "3.0.0", Some(true)),
            ("> 1.0", "1.1.0", None),
            ("^1.0", "1.1.0", None),
        ] {
            assert_eq!(allows(requirement, version), expected, "{requirement} {version}");
        }
    }
}
