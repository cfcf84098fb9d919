//! Ranges and markers of core metadata as Poetry writes them into its lockfile.
//!
//! A range is a set of versions for Poetry: the lowest and the highest one and what is left out in between, in this order. What a
//! prefix (`==1.2.*`) or `~=` asks for is written with its bounds. Markers have double quotes, and parentheses only around an
//! "or" inside an "and".

use std::cmp::Ordering;

use super::poetry_entries::Style;
use crate::lockfile::grammar::marker::Marker;
use crate::lockfile::grammar::pep508::{self, Operator};
use crate::version::Scheme as _;
use crate::version::pep440::{self, Pep440};

/// A range in its parts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Bounds {
    exact: Option<String>,
    lower: Option<Bound>,
    upper: Option<Bound>,
    /// What is left out between them.
    holes: Vec<Hole>,
}

/// What a range leaves out: a version, or all that begin with it up to another one.
#[derive(Debug, PartialEq, Eq)]
struct Hole {
    version: String,
    next: Option<String>,
    /// Exactly those that begin with the version.
    is_prefix: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    version: String,
    is_included: bool,
    /// It is the first version of a prefix, below its pre-releases.
    of_prefix: Option<String>,
}

/// What stands for `range`, specifiers of PEP 440, in `[package.dependencies]`; `None` for one that Poetry does not read.
pub(super) fn constraint(range: &str, style: Style) -> Option<String> {
    let bounds = Bounds::of(range, style)?;
    if let Some(exact) = bounds.exact {
        return Some(exact);
    }
    if let Some(prefix) = bounds.prefix() {
        return Some(format!("=={prefix}.*"));
    }
    Some(
        match (
            bounds.lower.is_some() || bounds.upper.is_some(),
            bounds.holes.as_slice(),
        ) {
            (false, []) => "*".to_owned(),
            (false, [hole]) => hole.shown(style),
            (_, _) => bounds.unions(style),
        },
    )
}

/// What stands for it behind a name in `[package.extras]`; empty for any version.
pub(super) fn specifiers(range: &str, style: Style) -> Option<String> {
    let bounds = Bounds::of(range, style)?;
    if let Some(exact) = bounds.exact {
        return Some(format!("=={exact}"));
    }
    if let Some(prefix) = bounds.prefix() {
        return Some(format!("=={prefix}.*"));
    }
    let mut parts = Vec::new();
    parts.extend(bounds.lower.iter().map(|bound| bound.shown('>', style)));
    parts.extend(bounds.holes.iter().map(|hole| hole.shown(style)));
    parts.extend(bounds.upper.iter().map(|bound| bound.shown('<', style)));
    Some(parts.join(","))
}

impl Bounds {
    fn of(range: &str, style: Style) -> Option<Self> {
        let text = format!("x{range}");
        let read = pep508::read(&text).ok()?;
        let mut bounds = Self::default();
        for specifier in &read.specifiers {
            let written = specifier.version.of(&text);
            // From Poetry 2.5 on versions have their one spelling.
            let version = match (written.strip_suffix(".*"), style.has_holes) {
                (_, false) => written.to_owned(),
                (None, true) => pep440::normalised(written)?,
                (Some(prefix), true) => format!("{}.*", pep440::normalised(prefix)?),
            };
            let version = version.as_str();
            let prefix = version.strip_suffix(".*");
            let bound = |is_included: bool| Bound {
                version: prefix.unwrap_or(version).to_owned(),
                is_included,
                of_prefix: None,
            };
            match (specifier.operator, prefix) {
                (Operator::Identical, _) => return None,
                (Operator::Equal, None) => bounds.exact = Some(version.to_owned()),
                (Operator::Equal, Some(prefix)) => {
                    let of_prefix = Some(prefix.to_owned());
                    let first = |version: &str| Bound {
                        version: format!("{version}.dev0"),
                        is_included: false,
                        of_prefix: of_prefix.clone(),
                    };
                    bounds.rise(Bound {
                        is_included: true,
                        ..first(prefix)
                    })?;
                    bounds.sink(first(&next(prefix, 0)?))?;
                }
                (Operator::NotEqual, _) => {
                    let hole = Hole {
                        version: prefix.unwrap_or(version).to_owned(),
                        next: prefix
                            .map(|prefix| next(prefix, 0))
                            .map_or(Some(None), |next| next.map(Some))?,
                        is_prefix: prefix.is_some(),
                    };
                    if !bounds.holes.contains(&hole) {
                        bounds.holes.push(hole);
                    }
                }
                (Operator::Compatible, _) => {
                    bounds.rise(bound(true))?;
                    bounds.sink(Bound {
                        version: next(version, 1)?,
                        is_included: false,
                        of_prefix: None,
                    })?;
                }
                (Operator::AtLeast, _) => bounds.rise(bound(true))?,
                (Operator::Above, _) => bounds.rise(bound(false))?,
                (Operator::AtMost, _) => bounds.sink(bound(true))?,
                (Operator::Below, _) => bounds.sink(bound(false))?,
            }
        }
        bounds.close()?;
        Some(bounds)
    }

    fn rise(&mut self, bound: Bound) -> Option<()> {
        let is_higher = match &self.lower {
            None => true,
            Some(known) => match Pep440.compare(&known.version, &bound.version).ok()? {
                Ordering::Less => true,
                Ordering::Equal => known.is_included && !bound.is_included,
                Ordering::Greater => false,
            },
        };
        if is_higher {
            self.lower = Some(bound);
        }
        Some(())
    }

    fn sink(&mut self, bound: Bound) -> Option<()> {
        let is_lower = match &self.upper {
            None => true,
            Some(known) => match Pep440.compare(&known.version, &bound.version).ok()? {
                Ordering::Greater => true,
                Ordering::Equal => known.is_included && !bound.is_included,
                Ordering::Less => false,
            },
        };
        if is_lower {
            self.upper = Some(bound);
        }
        Some(())
    }

    /// Leaves holes out that are outside anyway, and puts the others in order. `None` where nothing is left.
    fn close(&mut self) -> Option<()> {
        if self.exact.is_some() {
            return Some(());
        }
        let compare = |left: &str, right: &str| Pep440.compare(left, right).ok();
        if let (Some(lower), Some(upper)) = (&self.lower, &self.upper) {
            let order = compare(&lower.version, &upper.version)?;
            if order.is_eq() && lower.is_included && upper.is_included {
                self.exact = Some(lower.version.clone());
                return Some(());
            }
            if order.is_ge() {
                return None;
            }
        }
        // A bound that is left out itself is none of the versions.
        for bound in [&mut self.lower, &mut self.upper].into_iter().flatten() {
            let is_out = |hole: &&Hole| {
                let order = compare(&hole.version, &bound.version);
                hole.next.is_none() && order.is_some_and(Ordering::is_eq)
            };
            if let Some(hole) = self.holes.iter().find(is_out) {
                bound.version.clone_from(&hole.version);
                bound.is_included = false;
            }
        }
        let mut holes: Vec<Hole> = Vec::new();
        for hole in std::mem::take(&mut self.holes) {
            let is_above = match &self.lower {
                None => true,
                Some(lower) => match compare(&hole.version, &lower.version)? {
                    Ordering::Greater => true,
                    Ordering::Equal => hole.next.is_some(),
                    Ordering::Less => false,
                },
            };
            let is_below = match &self.upper {
                None => true,
                Some(upper) => compare(&hole.version, &upper.version)?.is_lt(),
            };
            compare(&hole.version, "0")?;
            if is_above && is_below {
                holes.push(hole);
            }
        }
        holes.sort_by(|left, right| compare(&left.version, &right.version).unwrap_or(Ordering::Equal));
        // Prefixes that follow each other are one hole.
        for hole in holes {
            match self.holes.last_mut() {
                Some(last)
                    if last.next.is_some()
                        && hole.next.is_some()
                        && last
                            .next
                            .as_deref()
                            .and_then(|next| compare(next, &hole.version))
                            .is_some_and(Ordering::is_eq) =>
                {
                    last.next = hole.next;
                    last.is_prefix = false;
                }
                Some(_) | None => self.holes.push(hole),
            }
        }
        Some(())
    }

    /// The prefix that is asked for, and nothing else.
    fn prefix(&self) -> Option<&str> {
        let of = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.of_prefix.clone());
        let is_one = self.holes.is_empty() && of(&self.lower) == of(&self.upper);
        self.lower.as_ref()?.of_prefix.as_deref().filter(|_| is_one)
    }

    /// The ranges between what is left out.
    fn unions(&self, style: Style) -> String {
        let mut ranges: Vec<Vec<String>> =
            vec![self.lower.iter().map(|bound| bound.shown('>', style)).collect()];
        for hole in &self.holes {
            let (end, start) = match &hole.next {
                None if style.has_holes => (format!("!={}", hole.version), None),
                None => (format!("<{}", hole.version), Some(format!(">{}", hole.version))),
                Some(next) => (hole.end(style), Some(format!(">={next}.dev0"))),
            };
            if let Some(last) = ranges.last_mut() {
                last.push(end);
            }
            ranges.extend(start.map(|start| vec![start]));
        }
        if let (Some(upper), Some(last)) = (&self.upper, ranges.last_mut()) {
            last.push(upper.shown('<', style));
        }
        let ranges: Vec<String> = ranges.iter().map(|range| range.join(",")).collect();
        ranges.join(" || ")
    }
}

impl Hole {
    /// The upper end of what is below it.
    fn end(&self, style: Style) -> String {
        let end = if style.has_holes { "" } else { ".dev0" };
        format!("<{}{end}", self.version)
    }

    /// By itself.
    fn shown(&self, style: Style) -> String {
        match &self.next {
            None => format!("!={}", self.version),
            Some(_) if self.is_prefix => format!("!={}.*", self.version),
            Some(next) => format!("{} || >={next}.dev0", self.end(style)),
        }
    }
}

impl Bound {
    /// With its sign, `>` or `<`.
    fn shown(&self, sign: char, style: Style) -> String {
        let equal = if self.is_included { "=" } else { "" };
        let version = match (sign, style.has_holes) {
            ('<', true) if !self.is_included => self.version.strip_suffix(".dev0").unwrap_or(&self.version),
            _ => self.version.as_str(),
        };
        format!("{sign}{equal}{version}")
    }
}

/// The version that follows all that begin with `version` but for its last `dropped` numbers, which are zeros then.
fn next(version: &str, dropped: usize) -> Option<String> {
    let end = version.find(|character: char| !(character.is_ascii_digit() || character == '.'));
    let release = version.get(..end.unwrap_or(version.len()))?.trim_end_matches('.');
    let mut numbers: Vec<u64> = release
        .split('.')
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    let at = numbers.len().checked_sub(dropped.saturating_add(1))?;
    for (place, number) in numbers.iter_mut().enumerate() {
        match place.cmp(&at) {
            Ordering::Less => {}
            Ordering::Equal => *number = number.checked_add(1)?,
            Ordering::Greater => *number = 0,
        }
    }
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Some(numbers.join("."))
}

/// A marker as Poetry writes it; empty for one that always holds.
pub(super) fn marker(marker: &Marker, style: Style) -> String {
    shown(&flat(marker), false, style)
}

/// The same without what it says of extras.
pub(super) fn without_extras(text: &str, style: Style) -> Option<String> {
    let rest = Marker::read(text).ok()?.without_extras();
    Some(rest.map(|rest| marker(&rest, style)).unwrap_or_default())
}

/// Where both hold: their texts, of which either may be empty.
pub(super) fn both(left: &str, right: &str, style: Style) -> Option<String> {
    let parts = [left, right].into_iter().filter(|text| !text.is_empty());
    let parts: Vec<Marker> = parts.map(Marker::read).collect::<Result<_, _>>().ok()?;
    Some(marker(&Marker::All(parts), style))
}

/// Where one of them holds.
pub(super) fn either(texts: &[String], style: Style) -> Option<String> {
    let mut parts: Vec<Marker> = Vec::new();
    for text in texts {
        if text.is_empty() {
            return Some(String::new());
        }
        let part = flat(&Marker::read(text).ok()?);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Some(marker(&Marker::Any(parts), style))
}

/// The same without an "and" in an "and", an "or" in an "or", and without a part that is there twice.
fn flat(marker: &Marker) -> Marker {
    let joined = |parts: &[Marker], is_all: bool| {
        let mut flattened: Vec<Marker> = Vec::new();
        for part in parts {
            let inner = match (flat(part), is_all) {
                (Marker::All(inner), true) | (Marker::Any(inner), false) => inner,
                (part, _) => vec![part],
            };
            for part in inner {
                if !flattened.contains(&part) {
                    flattened.push(part);
                }
            }
        }
        flattened
    };
    match marker {
        Marker::All(parts) => match joined(parts, true) {
            mut one if one.len() == 1 => one.swap_remove(0),
            parts => Marker::All(parts),
        },
        Marker::Any(parts) => match joined(parts, false) {
            mut one if one.len() == 1 => one.swap_remove(0),
            parts => Marker::Any(parts),
        },
        Marker::Comparison(comparison) => Marker::Comparison(comparison.clone()),
    }
}

fn shown(marker: &Marker, in_and: bool, style: Style) -> String {
    let join = |parts: &[Marker], word: &str, in_and: bool| {
        let parts = parts.iter().map(|part| shown(part, in_and, style));
        parts.collect::<Vec<String>>().join(word)
    };
    match marker {
        Marker::All(parts) => join(parts, " and ", true),
        Marker::Any(parts) if in_and => format!("({})", join(parts, " or ", false)),
        Marker::Any(parts) => join(parts, " or ", false),
        Marker::Comparison(_) => {
            let text = marker.to_string();
            let text = match text.contains('"') {
                true => text,
                false => text.replace('\'', "\""),
            };
            match text
                .strip_suffix('"')
                .filter(|text| style.has_groups && is_short(text))
            {
                // From Poetry 2.1 on a full version has three numbers.
                Some(text) => format!("{text}.0\""),
                None => text,
            }
        }
    }
}

/// `python_full_version < "3.11`
fn is_short(text: &str) -> bool {
    let version = text
        .strip_prefix("python_full_version ")
        .and_then(|rest| rest.split_once('"'));
    version.is_some_and(|(_, version)| {
        version.split('.').count() == 2 && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(has_holes: bool) -> Style {
        Style {
            has_groups: true,
            has_holes,
        }
    }

    /// What poetry-core 1.9.1 and 2.5.0 make of ranges that real packages ask for.
    #[test]
    fn ranges_are_written_as_poetry_writes_them() {
        let rows = include_str!("../../tests/tables/poetry/ranges.tsv");
        let mut count = 0;
        for row in rows.lines().filter(|row| !row.starts_with('#')) {
            let cells: Vec<&str> = row.split('\t').collect();
            let [range, old, new, old_extra, new_extra] = cells.as_slice() else {
                panic!("{row}");
            };
            let ours = [
                constraint(range, style(false)),
                constraint(range, style(true)),
                specifiers(range, style(false)),
                specifiers(range, style(true)),
            ];
            let theirs = [old, new, old_extra, new_extra].map(|text| Some((*text).to_owned()));
            assert_eq!(ours, theirs, "{range}");
            count += 1;
        }
        assert!(count > 400, "{count}");
    }

    /// What poetry-core 2.5.0 makes of markers of real packages.
    #[test]
    fn markers_are_written_as_poetry_writes_them() {
        let rows = include_str!("../../tests/tables/poetry/markers.tsv");
        for row in rows.lines().filter(|row| !row.starts_with('#')) {
            let cells: Vec<&str> = row.split('\t').collect();
            let [text, expected, without] = cells.as_slice() else {
                panic!("{row}");
            };
            let read = Marker::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(marker(&read, style(true)), *expected, "{text}");
            let rest = read.without_extras();
            let rest = rest.map(|rest| marker(&rest, style(true))).unwrap_or_default();
            assert_eq!(rest, *without, "{text}");
        }
    }
}
