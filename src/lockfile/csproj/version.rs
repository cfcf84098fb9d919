//! The version that NuGet restores for a reference: the lowest that it allows.

use std::ops::Range;

/// The bytes of `asked` that say the lowest version which it allows, if that one is in it: `1.2` of `1.2`, `[1.2]` and `[1.2, 2.0)`.
pub(super) fn lowest(asked: &str) -> Option<Range<usize>> {
    let start = asked.len().saturating_sub(asked.trim_start().len());
    let text = asked.trim();
    let (from, version) = match text.strip_prefix('[') {
        Some(inside) => {
            let end = inside.strip_suffix([']', ')'])?;
            let (low, high) = end.split_once(',').unwrap_or((end, ""));
            // `[1.0)` is no range.
            let is_range = end.contains(',') || inside.ends_with(']');
            if !is_range || high.contains(',') {
                return None;
            }
            let space = low.len().saturating_sub(low.trim_start().len());
            (start.saturating_add(1).saturating_add(space), low.trim())
        }
        None => (start, text),
    };
    let is_version = version.starts_with(|first: char| first.is_ascii_digit())
        && !version.contains(['*', '(', ')', '[', ']', ',', '$', '%', '@', ' ']);
    is_version.then(|| from..from.saturating_add(version.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_version_is_restored() {
        for (asked, version) in [
            ("1.2.3", Some("1.2.3")),
            (" 1.2.3-beta.1+b ", Some("1.2.3-beta.1+b")),
            ("[1.2.3]", Some("1.2.3")),
            ("[1.2.3,]", Some("1.2.3")),
            ("[ 1.2.3 , 2.0.0 )", Some("1.2.3")),
            ("[1.2.3,)", Some("1.2.3")),
            ("(1.2.3,)", None),
            ("(,2.0.0]", None),
            ("[,2.0.0]", None),
            ("[1.2.3)", None),
            ("[1.2.3", None),
            ("[1,2,3]", None),
            ("1.*", None),
            ("*", None),
            ("[1.*, 2.0)", None),
            ("$(Version)", None),
            ("v1.0", None),
            ("", None),
            ("[", None),
            ("[]", None),
        ] {
            let found = lowest(asked).map(|range| asked.get(range).expect("a part"));
            assert_eq!(found, version, "{asked}");
        }
    }
}
