//! Ranges of a manifest that are moved up.

use crate::version::range::RangeSyntax as _;
use crate::version::range::packagist::Packagist as Range;

/// `range` moved up to `version`, in the form that it has: `^1.2.3`, `~1.2`, `1.2.*`, `1.2.3`.
pub(super) fn wider(range: &str, version: &str) -> Option<String> {
    let plain = range.trim();
    let digit = plain.find(|letter: char| letter.is_ascii_digit())?;
    let (operator, rest) = plain.split_at_checked(digit)?;
    let bare = version.trim_start_matches(['v', 'V']);
    let is_version = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    };
    let numbers: Vec<&str> = bare
        .split(['-', '+'])
        .next()
        .unwrap_or_default()
        .split('.')
        .collect();
    let written = rest.split('.').count();
    let first = |count: usize| numbers.iter().take(count).copied().collect::<Vec<_>>().join(".");
    let wider = match (operator, rest.strip_suffix(".*")) {
        ("^" | "" | "v" | "=", None) if is_version(rest) => format!("{operator}{bare}"),
        ("~", None) if is_version(rest) => format!("~{}", first(written.max(2))),
        ("" | "v", Some(front)) if is_version(front) => format!("{operator}{}.*", first(written - 1)),
        _ => return None,
    };
    Range.contains(&wider, version).unwrap_or(false).then_some(wider)
}
