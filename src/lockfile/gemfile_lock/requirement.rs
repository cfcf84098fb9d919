//! What a gem allows of another one: `>= 1.6, < 2`, as `Gem::Requirement` reads and decides it.

use std::cmp::Ordering;

use crate::version::Scheme as _;
use crate::version::rubygems::Rubygems;

/// Longer requirements and versions are not looked into.
const MAX_LENGTH: usize = 256;

/// `requirement` allows `version`; `None` if one of the two cannot be read.
pub(super) fn allows(requirement: &str, version: &str) -> Option<bool> {
    if requirement.len() > MAX_LENGTH || version.len() > MAX_LENGTH {
        return None;
    }
    let mut all = true;
    for clause in requirement
        .split(',')
        .map(str::trim)
        .filter(|clause| !clause.is_empty())
    {
        let end = clause.find(|character| !"=!<>~".contains(character))?;
        let (operator, bound) = clause.split_at_checked(end)?;
        let bound = bound.trim();
        let order = Rubygems.compare(version, bound).ok()?;
        all &= match operator {
            "" | "=" => order.is_eq(),
            "!=" => order.is_ne(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            "~>" => {
                order.is_ge() && Rubygems.compare(release(version), &bumped(bound)?).ok()? == Ordering::Less
            }
            _ => return None,
        };
    }
    Some(all)
}

/// The numbers of a version before its first letter.
fn release(version: &str) -> &str {
    let version = version.trim();
    let end = version.find(|character: char| !matches!(character, '0'..='9' | '.'));
    let front = version.get(..end.unwrap_or(version.len())).unwrap_or_default();
    front.trim_end_matches('.')
}

/// `Gem::Version#bump`: without the last of its numbers, if there are several, and with one more of the last that is left.
fn bumped(bound: &str) -> Option<String> {
    let mut numbers: Vec<&str> = release(bound).split('.').collect();
    if numbers.len() > 1 {
        numbers.pop();
    }
    let last = numbers.pop()?.parse::<u64>().ok()?.checked_add(1)?.to_string();
    numbers.push(&last);
    Some(numbers.join("."))
}

#[cfg(test)]
mod tests {
    use super::allows;

    /// What `Gem::Requirement.new(…).satisfied_by?` gives (RubyGems 3.3.15 and 4.0.3).
    #[test]
    fn requirements_allow_what_rubygems_allows() {
        for (requirement, version, expected) in [
            ("", "1.0", Some(true)),
            (">= 0", "1.0.a", Some(true)),
            ("1.0", "1.0.0", Some(true)),
            ("= 1.0", "1.0.1", Some(false)),
            ("!= 1.0", "1.0.0", Some(false)),
            (">= 1.6, < 2", "1.9", Some(true)),
            (">= 1.6, < 2", "2.0.0.rc1", Some(true)),
            (">= 1.6, < 2", "2.0", Some(false)),
            ("~> 2.0, >= 2.0.5", "2.0.4", Some(false)),
            ("~> 2.0, >= 2.0.5", "2.9", Some(true)),
            ("~> 2.0.5", "2.0.9", Some(true)),
            ("~> 2.0.5", "2.1", Some(false)),
            ("~> 2", "2.9", Some(true)),
            ("~> 2", "3.0", Some(false)),
            ("~> 2.1", "3.0.a", Some(false)),
            ("~> 2.0.0.rc1", "2.0.0.rc2", Some(true)),
            ("~> 2.0.0.rc1", "2.1.0", Some(false)),
            ("~>1.0", "1.5", Some(true)),
            ("^1.0", "1.5", None),
            ("> x", "1.5", None),
        ] {
            assert_eq!(allows(requirement, version), expected, "{requirement} {version}");
        }
    }
}
