//! What pipenv makes of `Requires-Python`: the marker that stands with a package, each specifier for itself.

use std::cmp::Ordering;

use crate::lockfile::grammar::pep508::{self, Operator};

/// The marker for a `Requires-Python`, in the order of the versions; `None` for one of another form.
pub(super) fn of_pythons(range: &str) -> Option<String> {
    let text = format!("x {range}");
    let read = pep508::read(&text).ok()?;
    let mut clauses: Vec<(Vec<u64>, String, &str)> = Vec::new();
    for specifier in &read.specifiers {
        let written = specifier.version.of(&text);
        let version = written.strip_suffix(".*").unwrap_or(written);
        let mut numbers: Vec<u64> = version
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<_>>()?;
        let (sign, version) = match specifier.operator {
            // Ranges without their start, and with their end, are those up to the next minor version.
            Operator::Above | Operator::AtMost => {
                numbers.truncate(2);
                match numbers.as_mut_slice() {
                    [_, minor] => *minor = minor.checked_add(1)?,
                    _ => numbers.push(1),
                }
                let sign = if specifier.operator == Operator::Above {
                    ">="
                } else {
                    "<"
                };
                let parts: Vec<String> = numbers.iter().map(u64::to_string).collect();
                (sign, parts.join("."))
            }
            operator => (operator.as_str(), version.to_owned()),
        };
        let clause = (numbers, version, sign);
        if !clauses.contains(&clause) {
            clauses.push(clause);
        }
    }
    let is_single = |sign: &str| {
        let same = |other: &str| match sign {
            ">" | ">=" => matches!(other, ">" | ">="),
            "<" | "<=" => matches!(other, "<" | "<="),
            _ => other == sign,
        };
        clauses.iter().filter(|(_, _, other)| same(other)).count() == 1
    };
    if clauses.is_empty()
        || !clauses
            .iter()
            .all(|(_, _, sign)| *sign == "!=" || is_single(sign))
    {
        return None;
    }
    clauses.sort_by(|left, right| match left.0.cmp(&right.0) {
        Ordering::Equal => left.1.cmp(&right.1),
        other => other,
    });
    let shown = clauses.iter().map(|(_, version, sign)| {
        let variable = match version.split('.').count() > 2 {
            true => "python_full_version",
            false => "python_version",
        };
        format!("{variable} {sign} '{version}'")
    });
    Some(shown.collect::<Vec<String>>().join(" and "))
}

/// The `marker` of a version that is for the Pythons `before`, as it stands with one that is for those `after`; empty for none. What in it
/// does not come from the Pythons stays.
pub(super) fn followed(marker: &str, before: Option<&str>, after: Option<&str>) -> String {
    let of = |pythons: Option<&str>| pythons.map_or(Some(String::new()), of_pythons);
    let (Some(old), Some(new)) = (of(before), of(after)) else {
        return marker.to_owned();
    };
    if old == new {
        return marker.to_owned();
    }
    if marker == old {
        // A file that leaves the Pythons out goes on to.
        return match (marker.is_empty(), before.is_some()) {
            (true, true) => String::new(),
            (_, _) => new,
        };
    }
    if marker.is_empty() {
        return String::new();
    }
    if old.is_empty() {
        return format!("{marker} and {new}");
    }
    let parts: Vec<&str> = marker.split(" and ").collect();
    let own: Vec<&str> = old.split(" and ").collect();
    let at = parts
        .windows(own.len())
        .position(|window| window == own.as_slice());
    match at {
        Some(at) if !marker.contains(" or ") => {
            let (head, tail) = parts.split_at(at);
            let tail = tail.iter().skip(own.len());
            let middle = (!new.is_empty()).then_some(new.as_str());
            let parts = head.iter().copied().chain(middle).chain(tail.copied());
            parts.collect::<Vec<&str>>().join(" and ")
        }
        Some(_) | None => marker.to_owned(),
    }
}

/// The marker of a package that comes in where `need` holds, for the Pythons of its version.
pub(super) fn fresh(need: &str, pythons: Option<&str>) -> String {
    let pythons = pythons.and_then(of_pythons).unwrap_or_default();
    match (need.is_empty(), pythons.is_empty()) {
        (true, _) => pythons,
        (false, true) => need.to_owned(),
        (false, false) if need.contains(" or ") => format!("({need}) and {pythons}"),
        (false, false) => format!("{need} and {pythons}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_those_of_pipenv() {
        let rows = include_str!("../../tests/tables/pipenv/markers.tsv");
        let mut count = 0;
        for row in rows.lines().filter(|row| !row.starts_with('#')) {
            let (range, expected) = row.split_once('\t').unwrap_or_default();
            // What is no longer a version of PEP 440 stays as it is.
            if let Some(ours) = of_pythons(range) {
                assert_eq!(ours, expected, "{range}");
                count += 1;
            }
        }
        assert!(count > 100, "{count}");
    }

    #[test]
    fn markers_follow_the_pythons() {
        for (marker, before, after, expected) in [
            (
                "python_version >= '3.7'",
                Some(">=3.7"),
                Some(">=3.8"),
                "python_version >= '3.8'",
            ),
            (
                "python_version >= '3.7'",
                Some(">=3.7"),
                Some(">= 3.7"),
                "python_version >= '3.7'",
            ),
            ("python_version >= '3.7'", Some(">=3.7"), None, ""),
            ("", None, Some(">=3.8"), "python_version >= '3.8'"),
            ("", Some(">=3.7"), Some(">=3.8"), ""),
            (
                "os_name == 'nt' and python_version >= '3.7' and python_version < '4'",
                Some(">=3.7,<4"),
                Some(">=3.9"),
                "os_name == 'nt' and python_version >= '3.9'",
            ),
            (
                "python_version < '3.11'",
                Some(">=3.7"),
                Some(">=3.8"),
                "python_version < '3.11'",
            ),
            (
                "python_version >= '3.7' or os_name == 'nt'",
                Some(">=3.7"),
                Some(">=3.8"),
                "python_version >= '3.7' or os_name == 'nt'",
            ),
        ] {
            assert_eq!(
                followed(marker, before, after),
                expected,
                "{marker} {before:?} {after:?}"
            );
        }
        assert_eq!(fresh("", Some(">=3.8")), "python_version >= '3.8'");
        assert_eq!(fresh("os_name == 'nt'", None), "os_name == 'nt'");
    }
}
