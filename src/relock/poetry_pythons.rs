//! Markers by the versions of Python that a project runs on.

use super::poetry_entries::Style;
use super::poetry_text::marker;
use crate::lockfile::grammar::marker::Marker;
use crate::lockfile::poetry_lock::constraint::allows;

/// The marker `text` as poetry-core since 2.1 writes it for a project that runs on `pythons` (`reduce_by_python_constraint`): what holds
/// for all of these is left out, and where one minor version of Python is left of them it is named.
pub(super) fn for_project(text: &str, pythons: &str, style: Style) -> Option<String> {
    let read = match text {
        "" => return Some(String::new()),
        text => Marker::read(text).ok()?,
    };
    Some(match reduced(&read, &Pythons::of(pythons)) {
        Reduced::Always => String::new(),
        Reduced::Never => marker(&read, style),
        Reduced::To(rest) => marker(&rest, style),
    })
}

/// What is left of a marker.
enum Reduced {
    Always,
    Never,
    To(Marker),
}

fn reduced(marker: &Marker, pythons: &Pythons) -> Reduced {
    let mut rest = Vec::new();
    match marker {
        Marker::All(parts) => {
            for part in parts {
                match reduced(part, pythons) {
                    Reduced::Always => {}
                    Reduced::Never => return Reduced::Never,
                    Reduced::To(part) => rest.push(part),
                }
            }
            match rest.is_empty() {
                true => Reduced::Always,
                false => Reduced::To(Marker::All(rest)),
            }
        }
        Marker::Any(parts) => {
            for part in parts {
                match reduced(part, pythons) {
                    Reduced::Always => return Reduced::Always,
                    Reduced::Never => {}
                    Reduced::To(part) => rest.push(part),
                }
            }
            match rest.is_empty() {
                true => Reduced::Never,
                false => Reduced::To(Marker::Any(rest)),
            }
        }
        Marker::Comparison(_) => pythons.reduced(marker),
    }
}

/// Two numbers of a version of Python.
type Minor = (u32, u32);

/// No patch of Python is later.
const LAST_PATCH: u32 = 99;

/// The minor versions of Python that a project runs on.
struct Pythons {
    /// Those of which it runs on some patch, lowest first.
    some: Vec<Minor>,
    /// Those of which it runs on every patch.
    whole: Vec<Minor>,
    /// A bound of it stands between patches, which poetry-core compares as a full version.
    has_patches: bool,
}

impl Pythons {
    fn of(constraint: &str) -> Self {
        let all = (0..8)
            .map(|minor| (2, minor))
            .chain((0..40).map(|minor| (3, minor)))
            .chain([(4, 0), (4, 1), (5, 0)]);
        let runs = |(major, minor): Minor, patch: u32| {
            allows(constraint, &format!("{major}.{minor}.{patch}")) == Some(true)
        };
        let mut words = constraint.split([',', ' ', '|']);
        let has_patch = |word: &str| word.split('.').count() > 2 && !word.ends_with(".*");
        let mut pythons = Self {
            some: Vec::new(),
            whole: Vec::new(),
            has_patches: words.any(has_patch),
        };
        for minor in all {
            let patches = (0..=LAST_PATCH).filter(|patch| runs(minor, *patch)).count();
            if patches > 0 {
                pythons.some.push(minor);
            }
            if patches > LAST_PATCH as usize {
                pythons.whole.push(minor);
            }
        }
        pythons
    }

    fn reduced(&self, comparison: &Marker) -> Reduced {
        let kept = || Reduced::To(comparison.clone());
        let text = comparison.to_string();
        let words: Vec<&str> = text.split(' ').collect();
        let ["python_version", operator, value] = words.as_slice() else {
            return kept();
        };
        let Some(bound) = minor_of(value.trim_matches(['"', '\''])) else {
            return kept();
        };
        let holds: fn(&Minor, &Minor) -> bool = match *operator {
            "<" => |python, bound| python < bound,
            "<=" => |python, bound| python <= bound,
            ">" => |python, bound| python > bound,
            ">=" => |python, bound| python >= bound,
            "==" => |python, bound| python == bound,
            "!=" => |python, bound| python != bound,
            _ => return kept(),
        };
        let left: Vec<&Minor> = self.some.iter().filter(|python| holds(python, &bound)).collect();
        // `>` and `!=` stay as they are.
        let may_be_exact = matches!(*operator, "<" | "<=" | ">=") && !self.has_patches;
        match left.as_slice() {
            [] => Reduced::Never,
            left if left.len() == self.some.len() => Reduced::Always,
            [only] if may_be_exact && self.whole.contains(only) => {
                let exact = format!("python_version == \"{}.{}\"", only.0, only.1);
                Marker::read(&exact).map_or_else(|_| kept(), Reduced::To)
            }
            _ => kept(),
        }
    }
}

/// `3.10`, or `3` for `3.0`.
fn minor_of(version: &str) -> Option<Minor> {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style {
        has_groups: true,
        has_holes: true,
    };

    /// What `reduce_by_python_constraint` of poetry-core 2.5.0 makes of markers.
    #[test]
    fn a_marker_that_leaves_one_python_names_it() {
        for (marker, pythons, expected) in [
            (
                "python_version < \"3.10\"",
                ">=3.9,<3.12",
                "python_version == \"3.9\"",
            ),
            ("python_version < \"3.10\"", "^3.9", "python_version == \"3.9\""),
            ("python_version <= \"3.9\"", ">=3.9", "python_version == \"3.9\""),
            (
                "python_version >= \"3.11\"",
                ">=3.9,<3.12",
                "python_version == \"3.11\"",
            ),
            (
                "python_version > \"3.10\"",
                ">=3.9,<3.12",
                "python_version > \"3.10\"",
            ),
            (
                "python_version < \"3.10\"",
                ">=3.9,!=3.9.7",
                "python_version < \"3.10\"",
            ),
            (
                "python_version < \"3.10\"",
                ">=3.9.0",
                "python_version < \"3.10\"",
            ),
            (
                "python_version < \"3.10\"",
                ">=3.9,!=3.11.*,<3.13",
                "python_version == \"3.9\"",
            ),
            (
                "python_version < \"3.10\"",
                "~3.9 || ~3.12",
                "python_version == \"3.9\"",
            ),
            (
                "python_version >= \"3.12\"",
                "~3.9 || ~3.12",
                "python_version == \"3.12\"",
            ),
            ("python_version >= \"3.9\"", ">=3.9", ""),
            (
                "python_version >= \"3.9\" or sys_platform == \"win32\"",
                ">=3.9",
                "",
            ),
            (
                "python_version >= \"3.9\" and sys_platform == \"win32\"",
                ">=3.9",
                "sys_platform == \"win32\"",
            ),
            (
                "python_version < \"3.10\" or sys_platform == \"win32\"",
                ">=3.9",
                "python_version == \"3.9\" or sys_platform == \"win32\"",
            ),
            (
                "python_version != \"3.9\"",
                ">=3.9,<3.11",
                "python_version != \"3.9\"",
            ),
            (
                "python_version < \"3.10\" and sys_platform == \"win32\"",
                ">=3.9",
                "python_version == \"3.9\" and sys_platform == \"win32\"",
            ),
            ("python_version < \"3.11\"", ">=3.9", "python_version < \"3.11\""),
            (
                "python_version >= \"3.11\"",
                ">=3.9,<3.13",
                "python_version >= \"3.11\"",
            ),
            (
                "python_version >= \"3.11\"",
                ">=3.9,<4",
                "python_version >= \"3.11\"",
            ),
            (
                "python_version < \"3.10\"",
                ">=3.9.2",
                "python_version < \"3.10\"",
            ),
            (
                "python_version < \"3.10\"",
                ">=2.7,!=3.0.*,!=3.1.*",
                "python_version < \"3.10\"",
            ),
            ("sys_platform == \"win32\"", ">=3.9", "sys_platform == \"win32\""),
            ("", ">=3.9", ""),
        ] {
            let ours = for_project(marker, pythons, STYLE);
            assert_eq!(ours.as_deref(), Some(expected), "{marker} {pythons}");
        }
    }
}
