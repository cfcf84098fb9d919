//! Constraints of Composer, as `VersionParser::parseConstraints` of composer/semver 3.4 reads them and `Semver::satisfies` decides them.
//!
//! Groups between `|` or `||`, of which one has to hold, are made of parts between commas or blanks, of which all have to. A part is
//! one of `^1.2`, `~1.2`, `1.2.*`, `1.0 - 2.0`, `>=1.0` and its like, a version, a branch (`dev-main`) or `*`.
//!
//! - Bounds without a stability begin before the pre-releases of their version: `^1.2` is `>=1.2.0.0-dev <2.0.0.0-dev`.
//! - `dev-main` is in ranges that name it, in `*`, and in nothing else. `1.x-dev` is a version above all of `1`.
//! - `@beta` says how finished a version may be, which is no question of the range; behind `>=1.0` it is a part of the bound.
//!   What follows `#` or `as` is passed over.

mod written;

use std::cmp::Ordering;

use self::written::{Written, is_number};
use super::{BadRange, RangeSyntax};
use crate::version::Unorderable;
use crate::version::packagist::{self, Normal};

/// The constraints of `require` in `composer.json`.
#[derive(Debug, Clone, Copy)]
pub struct Packagist;

impl RangeSyntax for Packagist {
    fn name(&self) -> &'static str {
        "packagist"
    }

    fn contains(&self, range: &str, version: &str) -> Result<bool, BadRange> {
        let groups = groups(range)?;
        let held = End::of(version).ok_or_else(|| unread(version))?;
        Ok(groups
            .iter()
            .any(|group| group.iter().all(|bound| bound.takes(&held))))
    }
}

/// Whether some version may be in both ranges, as what one package provides is in what another asks for.
///
/// # Errors
/// Which of them cannot be read, and why.
pub fn intersects(one: &str, other: &str) -> Result<bool, BadRange> {
    let (ours, theirs) = (groups(one)?, groups(other)?);
    let together = |left: &Vec<Bound>| theirs.iter().any(|right| is_possible(left, right));
    Ok(ours.iter().any(together))
}

/// The lowest version that `range` names as its lower end, without `-dev`; `None` for one without such an end.
#[must_use]
pub fn lowest(range: &str) -> Option<String> {
    let groups = groups(range).ok()?;
    let mut lowest: Option<End> = None;
    for group in &groups {
        let ends = group
            .iter()
            .filter(|bound| matches!(bound.operator, Operator::Is | Operator::Above | Operator::AtLeast));
        let highest = ends
            .map(|bound| &bound.end)
            .reduce(|one, other| match one.order(other) {
                Some(Ordering::Less) => other,
                Some(_) | None => one,
            })?;
        if lowest
            .as_ref()
            .is_none_or(|known| highest.order(known) == Some(Ordering::Less))
        {
            lowest = Some(highest.clone());
        }
    }
    match lowest? {
        End::Numbered(text, _) => Some(text.trim_end_matches("-dev").to_owned()),
        End::Branch(_) => None,
    }
}

fn unread(version: &str) -> BadRange {
    BadRange::Version(Unorderable::new(version, "Composer reads no version in it"))
}

/// A version, as a bound or as what is held against it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// The branch's name.
    Branch(String),
    /// The text, and how often `-dev` stands behind that.
    Numbered(String, usize),
}

impl End {
    fn of(text: &str) -> Option<Self> {
        Some(match packagist::normal(text)? {
            Normal::Branch(name) => Self::Branch(name.to_owned()),
            Normal::Numbered => Self::numbered(text),
        })
    }

    fn numbered(text: impl Into<String>) -> Self {
        Self::Numbered(text.into(), 0)
    }

    /// With `-dev` behind it.
    fn with_dev(self) -> Self {
        match self {
            Self::Numbered(text, devs) => Self::Numbered(text, devs.saturating_add(1)),
            branch @ Self::Branch(_) => branch,
        }
    }

    /// With a stability behind it, where it has none.
    fn with_flag(self, flag: &str) -> Self {
        match self {
            Self::Numbered(text, devs) => Self::Numbered(format!("{}-{flag}", bare(&text)), devs),
            branch @ Self::Branch(_) => branch,
        }
    }

    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Numbered(left, more), Self::Numbered(right, others)) => {
                packagist::order_with_devs((left, *more), (right, *others))
            }
            (Self::Branch(_), _) | (_, Self::Branch(_)) => None,
        }
    }
}

/// A stable version without build metadata and `stable`.
fn bare(text: &str) -> &str {
    const STABLE: &str = "stable";
    let text = text.trim();
    let text = text.split('+').next().unwrap_or(text);
    let split = text.len().checked_sub(STABLE.len());
    match split.and_then(|split| text.split_at_checked(split)) {
        Some((front, end)) if end.eq_ignore_ascii_case(STABLE) => {
            front.strip_suffix(['.', '_', '-']).unwrap_or(front)
        }
        Some(_) | None => text,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// Longer ones first where one begins another.
const OPERATORS: [(&str, Operator); 8] = [
    ("<>", Operator::IsNot),
    ("!=", Operator::IsNot),
    (">=", Operator::AtLeast),
    (">", Operator::Above),
    ("<=", Operator::AtMost),
    ("<", Operator::Below),
    ("==", Operator::Is),
    ("=", Operator::Is),
];

#[derive(Debug, Clone)]
struct Bound {
    operator: Operator,
    end: End,
}

impl Bound {
    fn new(operator: Operator, end: End) -> Self {
        Self { operator, end }
    }

    fn takes(&self, held: &End) -> bool {
        let Some(order) = held.order(&self.end) else {
            return match self.operator {
                Operator::Is => *held == self.end,
                Operator::IsNot => *held != self.end,
                Operator::Above | Operator::AtLeast | Operator::Below | Operator::AtMost => false,
            };
        };
        match self.operator {
            Operator::Is => order.is_eq(),
            Operator::IsNot => order.is_ne(),
            Operator::Above => order.is_gt(),
            Operator::AtLeast => order.is_ge(),
            Operator::Below => order.is_lt(),
            Operator::AtMost => order.is_le(),
        }
    }
}

/// A version that all bounds of both groups take may exist.
fn is_possible(one: &[Bound], other: &[Bound]) -> bool {
    let all = || one.iter().chain(other);
    let takes = |end: &End| all().all(|bound| bound.takes(end));
    if let Some(exact) = all().find(|bound| bound.operator == Operator::Is) {
        return takes(&exact.end);
    }
    let is_lower = |bound: &&Bound| matches!(bound.operator, Operator::Above | Operator::AtLeast);
    let is_upper = |bound: &&Bound| matches!(bound.operator, Operator::Below | Operator::AtMost);
    // Between any two versions is another one.
    all().filter(is_lower).all(|lower| {
        all()
            .filter(is_upper)
            .all(|upper| match lower.end.order(&upper.end) {
                Some(Ordering::Less) => true,
                Some(Ordering::Equal) => {
                    lower.operator == Operator::AtLeast && upper.operator == Operator::AtMost
                }
                Some(Ordering::Greater) | None => false,
            })
    })
}

const BLANKS: [char; 6] = [' ', '\t', '\n', '\r', '\0', '\u{b}'];

/// The groups of a range with their bounds; a group without bounds takes everything.
fn groups(range: &str) -> Result<Vec<Vec<Bound>>, BadRange> {
    let refused = |reason: &'static str| BadRange::unreadable(range, reason);
    let mut groups = Vec::new();
    for group in alternatives(range.trim_matches(BLANKS)) {
        let mut bounds = Vec::new();
        for part in parts(group) {
            bounds.extend(bounds_of(part).map_err(refused)?);
        }
        groups.push(bounds);
    }
    Ok(groups)
}

/// What stands between `|` and `||`, without the white space around these.
fn alternatives(text: &str) -> Vec<&str> {
    let is_blank = |letter: char| matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
    let mut all = Vec::new();
    let mut rest = text;
    let mut is_first = true;
    loop {
        let (group, behind) = match rest.split_once('|') {
            Some((group, behind)) => (group, Some(behind.strip_prefix('|').unwrap_or(behind))),
            None => (rest, None),
        };
        let group = match is_first {
            true => group,
            false => group.trim_start_matches(is_blank),
        };
        is_first = false;
        match behind {
            Some(behind) => {
                all.push(group.trim_end_matches(is_blank));
                rest = behind;
            }
            None => {
                all.push(group);
                return all;
            }
        }
    }
}

/// What stands between commas and blanks that separate parts: none behind an operator, and neither around `as` nor ` - `.
fn parts(group: &str) -> Vec<&str> {
    let bytes = group.as_bytes();
    let at = |place: usize| bytes.get(place).copied();
    let before = |place: usize| place.checked_sub(1).and_then(at);
    let blanks = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| **byte == b' ').count()
    };
    let is_open = |place: usize| {
        let front = bytes.get(..place).unwrap_or_default();
        !front.is_empty()
            && !front.ends_with(b"as")
            && !matches!(before(place), Some(b'=' | b'>' | b'<' | b' ' | b','))
    };
    let end_of = |start: usize| {
        let most = blanks(start);
        (0..=most).rev().find_map(|count| {
            let mark = start.saturating_add(count);
            let behind = mark.saturating_add(1);
            let is_mark = matches!(at(mark), Some(b',' | b' '));
            if !is_mark || before(mark) == Some(b'-') || at(behind) == Some(b'-') {
                return None;
            }
            (0..=blanks(behind)).rev().find_map(|count| {
                let end = behind.saturating_add(count);
                let rest = bytes.get(end..).unwrap_or_default();
                let is_end = rest.is_empty() || rest.starts_with(b",") || rest.starts_with(b"as");
                (!is_end).then_some(end)
            })
        })
    };
    let mut all = Vec::new();
    let (mut start, mut place) = (0, 0);
    while place < bytes.len() {
        match end_of(place).filter(|_| matches!(at(place), Some(b',' | b' ')) && is_open(place)) {
            Some(end) => {
                all.push(group.get(start..place).unwrap_or_default());
                (start, place) = (end, end);
            }
            None => place = place.saturating_add(1),
        }
    }
    all.push(group.get(start..).unwrap_or_default());
    all
}

/// The bounds of one part; none for one that takes everything.
fn bounds_of(part: &str) -> Result<Vec<Bound>, &'static str> {
    let part = without_alias(part);
    let (part, flag) = match flagged(part) {
        Some(("", flag)) => ("*", Some(flag)),
        Some((part, flag)) => (part, Some(flag)),
        None => (part, None),
    };
    let part = without_reference(part);
    if let Some(bounds) = wildcard(part) {
        return Ok(bounds);
    }
    if let Some(rest) = part.strip_prefix('~') {
        let rest = rest.strip_prefix('>').map_or((rest, false), |rest| (rest, true));
        if let Some(version) = Written::whole(rest.0) {
            return match rest.1 {
                true => Err("`~>` is no operator of Composer"),
                false => version.tilde(rest.0),
            };
        }
    }
    if let Some(rest) = part.strip_prefix('^')
        && let Some(version) = Written::whole(rest)
    {
        return version.caret(rest);
    }
    if let Some(bounds) = numbers_and_wildcards(part)? {
        return Ok(bounds);
    }
    if let Some(bounds) = between(part)? {
        return Ok(bounds);
    }
    compared(part, flag)
}

/// `dev-main as 1.0` is `dev-main`.
fn without_alias(part: &str) -> &str {
    let is_token =
        |text: &str| !text.is_empty() && !text.contains([',', ' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let split = || {
        let (name, rest) = part.split_once(' ')?;
        let alias = rest.trim_start_matches(' ').strip_prefix("as ")?;
        (is_token(name) && is_token(alias.trim_start_matches(' '))).then_some(name)
    };
    split().unwrap_or(part)
}

/// `1.0@beta` in its two halves.
fn flagged(part: &str) -> Option<(&str, &str)> {
    let (version, flag) = part.rsplit_once('@')?;
    let known = ["stable", "RC", "beta", "alpha", "dev"];
    let is_known = known.iter().any(|one| one.eq_ignore_ascii_case(flag));
    let is_token = !version.contains([',', ' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    (is_known && is_token).then_some((version, flag))
}

/// `dev-main#4f1c` is `dev-main`.
fn without_reference(part: &str) -> &str {
    let split = || {
        let (name, reference) = part.split_once('#')?;
        let lower = name.to_ascii_lowercase();
        let is_branch = (lower.starts_with("dev-") && lower.len() > "dev-".len())
            || (lower.ends_with(".x-dev") && lower.len() > ".x-dev".len());
        let is_token = !name.contains([',', '@', ' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
        (is_branch && is_token && !reference.is_empty()).then_some(name)
    };
    split().unwrap_or(part)
}

fn is_wildcard(text: &str) -> bool {
    matches!(text, "x" | "X" | "*")
}

/// `*` takes everything, `*.*` all that has numbers.
fn wildcard(part: &str) -> Option<Vec<Bound>> {
    let bare = part.strip_prefix(['v', 'V']).unwrap_or(part);
    if !bare.split('.').all(is_wildcard) {
        return None;
    }
    Some(match bare.len() == 1 && bare.len() == part.len() {
        true => Vec::new(),
        false => vec![Bound::new(Operator::AtLeast, End::numbered("0.0.0.0-dev"))],
    })
}

/// `1.2.*`
fn numbers_and_wildcards(part: &str) -> Result<Option<Vec<Bound>>, &'static str> {
    let mut numbers = [None; 4];
    let bare = part.strip_prefix('v').unwrap_or(part);
    let (mut count, mut wildcards) = (0_usize, 0_usize);
    for text in bare.split('.') {
        match (is_wildcard(text), numbers.get_mut(count)) {
            (true, _) => wildcards = wildcards.saturating_add(1),
            (false, Some(place)) if count < 3 && wildcards == 0 && is_number(text) => {
                *place = Some(text);
                count = count.saturating_add(1);
            }
            (false, _) => return Ok(None),
        }
    }
    if count == 0 || wildcards == 0 {
        return Ok(None);
    }
    let version = Written {
        numbers,
        names_stability: false,
        is_open: false,
    };
    let low = format!("{}-dev", version.moved(count, 0)?);
    let high = version.high(count)?;
    Ok(Some(match low == "0.0.0.0-dev" {
        true => vec![high],
        false => vec![Bound::new(Operator::AtLeast, End::numbered(low)), high],
    }))
}

/// `1.0 - 2.0`
fn between(part: &str) -> Result<Option<Vec<Bound>>, &'static str> {
    let Some((from, to)) = ends(part) else {
        return Ok(None);
    };
    let (Some(low), Some(high)) = (Written::whole(from), Written::whole(to)) else {
        return Ok(None);
    };
    let read = |text: &str| End::of(text).ok_or("one of its ends is no version of Composer");
    let lower = match low.names_stability {
        true => read(from)?,
        false => read(from)?.with_dev(),
    };
    let lower = Bound::new(Operator::AtLeast, lower);
    let end = read(to)?;
    let [_, second, third, _] = high.numbers;
    let upper = match (second, third, high.names_stability) {
        (Some(_), Some(_), _) | (_, _, true) => Bound::new(Operator::AtMost, end),
        (second, _, false) => high.high(if second.is_some() { 2 } else { 1 })?,
    };
    Ok(Some(vec![lower, upper]))
}

/// What stands around ` - `.
fn ends(part: &str) -> Option<(&str, &str)> {
    let (from, to) = part.split_once(" - ")?;
    Some((from.trim_end_matches(' '), to.trim_start_matches(' ')))
}

/// `>=1.0`, `1.0`, `dev-main`
fn compared(part: &str, flag: Option<&str>) -> Result<Vec<Bound>, &'static str> {
    let found = OPERATORS
        .into_iter()
        .find_map(|(sign, operator)| Some((Some(operator), part.strip_prefix(sign)?)));
    let (operator, text) = found.unwrap_or((None, part));
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let end = End::of(text).or_else(|| {
        // `main-dev` is `dev-main`.
        let name = text.strip_suffix("-dev")?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/');
        name.bytes().all(is_plain).then(|| End::Branch(name.to_owned()))
    });
    let end = end.ok_or("no version or range of Composer")?;
    let operator = operator.unwrap_or(Operator::Is);
    let is_equality = operator == Operator::Is;
    let flag = flag.filter(|flag| *flag != "stable" && !is_equality);
    let is_stable = || packagist::stability(text) == Some(packagist::Stability::Stable);
    let end = match flag.filter(|_| is_stable()) {
        Some(flag) => end.with_flag(flag),
        None => match operator {
            Operator::Below | Operator::AtLeast if !packagist::names_stability(text) => end.with_dev(),
            _ => end,
        },
    };
    Ok(vec![Bound::new(operator, end)])
}
