//! Ranges of `package.json`, as npm decides whether a locked version is what a dependent asks for: `satisfies` of its
//! `semver` package, loose, behind `depValid` of Arborist, for which `*` and no text at all take every version.
//!
//! The package rewrites a range with one regular expression after the other, and loose means that a word which is no
//! bound at the end is passed over. So the steps are taken here in its order, each over the words between white space:
//!
//! 1. build metadata is cut out;
//! 2. `1.2 - 2.0` becomes two bounds;
//! 3. an operator takes the white space behind it, then `~` and `~>`, then `^`;
//! 4. each word becomes bounds: `^`, `~`, a range of `x`, `X` or `*`, or a comparison;
//! 5. of what is still none, the first star goes, and what then is no bound is passed over.
//!
//! A pre-release is in a set of bounds only where one of them is a pre-release of the same three numbers.

mod version;
mod words;

use std::borrow::Cow;
use std::cmp::Ordering;

use self::version::{Part, Partial, Version, next, number};
use self::words::{Edge, hyphen, joined, without_build};
use super::{BadRange, RangeSyntax, shortened};
use crate::version::Unorderable;
use crate::version::npm::{LONGEST, is_white_space};

/// The ranges of `package.json`.
#[derive(Debug, Clone, Copy)]
pub struct Npm;

/// How a version has to stand to the one of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    Above,
    Below,
    AtLeast,
    AtMost,
}

/// Where a word stands in its set: only at its ends does a word that allows everything count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    End,
    Middle,
}

/// What stands between two `||`, decided for one version.
struct Set<'v> {
    version: Version<'v>,
    /// There is a bound.
    bound: bool,
    /// There is a word that allows everything.
    any: bool,
    /// Every bound so far has the version.
    within: bool,
    /// A bound is a pre-release of the version's own numbers.
    admits_prerelease: bool,
}

impl RangeSyntax for Npm {
    fn name(&self) -> &'static str {
        "npm"
    }

    fn contains(&self, range: &str, version: &str) -> Result<bool, BadRange> {
        if range.is_empty() || range.trim_matches(is_white_space) == "*" {
            return Ok(true);
        }
        if is_address(range) {
            let address = shortened(range);
            return Err(BadRange::Address { address });
        }
        let read = Version::read(version).map_err(|reason| Unorderable::new(version, reason))?;
        let (mut is_range, mut is_any, mut within) = (false, false, false);
        for text in range.split("||") {
            let mut set = Set::new(read);
            set.add_all(text)
                .map_err(|reason| BadRange::unreadable(range, reason))?;
            is_range |= set.bound || set.any;
            is_any |= set.any && !set.bound;
            within |= set.takes();
        }
        match (is_range, is_any) {
            (true, false) => Ok(within),
            // Beside a set that allows everything the others count no more.
            (true, true) => Ok(read.prerelease.is_empty()),
            (false, _) => Err(not_a_range(range)),
        }
    }
}

/// What npm takes from elsewhere than a registry (`npm-package-arg`).
fn is_address(range: &str) -> bool {
    let has_scheme = range.split_once(':').is_some_and(|(scheme, _)| {
        let scheme = scheme.strip_prefix("git+").unwrap_or(scheme);
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|end| {
        let start = range.len().checked_sub(end.len());
        start
            .and_then(|start| range.get(start..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    });
    range.starts_with('.') || range.contains('/') || has_scheme || is_archive
}

fn not_a_range(range: &str) -> BadRange {
    let name = range.trim_matches(is_white_space);
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte);
    match name.bytes().all(is_unreserved) {
        true => BadRange::Tag { tag: shortened(name) },
        false => BadRange::unreadable(range, "nothing in it is a bound"),
    }
}

impl<'v> Set<'v> {
    fn new(version: Version<'v>) -> Self {
        Self {
            version,
            bound: false,
            any: false,
            within: true,
            admits_prerelease: false,
        }
    }

    fn takes(&self) -> bool {
        let allowed = self.version.prerelease.is_empty() || self.admits_prerelease;
        (self.bound || self.any) && self.within && allowed
    }

    /// Adds everything between two `||`.
    fn add_all(&mut self, text: &str) -> Result<(), &'static str> {
        let words = || text.split(is_white_space).filter(|word| !word.is_empty());
        let reaches_on = |word: &str| word == "-" || word.ends_with(['<', '>', '=', '~', '^']);
        if words().any(reaches_on) || text.contains('+') {
            return self.add_joined(&words().map(without_build).collect::<Vec<_>>());
        }
        let mut place = Stand::End;
        let mut words = words().peekable();
        self.any |= words.peek().is_none();
        while let Some(word) = words.next() {
            self.add(word, words.peek().map_or(Stand::End, |_| place))?;
            place = Stand::Middle;
        }
        Ok(())
    }

    fn add_joined(&mut self, words: &[Cow<'_, str>]) -> Result<(), &'static str> {
        if let Some((from, to)) = hyphen(words) {
            return self.add_hyphen(&from, &to);
        }
        let words = joined(words);
        let end = words.len().saturating_sub(1);
        for (place, word) in words.iter().enumerate() {
            let stand = match place == 0 || place == end {
                true => Stand::End,
                false => Stand::Middle,
            };
            self.add(word, stand)?;
        }
        Ok(())
    }

    fn add(&mut self, word: &str, stand: Stand) -> Result<(), &'static str> {
        if word.is_empty() {
            self.everything(stand);
            return Ok(());
        }
        if let Some(rest) = word.strip_prefix('^')
            && let Some(partial) = Partial::read(rest)
        {
            return self.caret(&partial, stand);
        }
        if let Some(rest) = word.strip_prefix('~')
            && let Some(partial) = Partial::read(rest.strip_prefix('>').unwrap_or(rest))
        {
            return self.tilde(&partial, stand);
        }
        let (operator, rest) = Operator::cut(word);
        if let Some(partial) = Partial::read(rest)
            && !partial.has_number_behind_gap()
        {
            match partial.full()? {
                Some(version) => self.full(word, rest, operator, version),
                None => self.open(&partial, operator, stand),
            }
        } else {
            self.without_star(word, stand)
        }
    }

    /// A comparison with a full version, of which `>=0.0.0` allows everything.
    fn full(
        &mut self,
        word: &str,
        text: &str,
        operator: Operator,
        version: Version<'_>,
    ) -> Result<(), &'static str> {
        if text.len() > LONGEST {
            return Err("a version of more than 256 characters");
        }
        match word == ">=0.0.0" {
            true => self.any = true,
            false => self.bound(operator, version),
        }
        Ok(())
    }

    /// What is no bound: without its first star it may be one, but no range any more.
    fn without_star(&mut self, word: &str, stand: Stand) -> Result<(), &'static str> {
        let Some((before, after)) = word.split_once('*') else {
            return Ok(());
        };
        let before = before.strip_suffix('=').unwrap_or(before);
        let before = before.strip_suffix(['<', '>']).unwrap_or(before);
        let word = [before, after].concat();
        if word.is_empty() {
            self.everything(stand);
            return Ok(());
        }
        let (operator, rest) = Operator::cut(&word);
        match Partial::read(rest).map(|partial| partial.full()).transpose()? {
            Some(Some(version)) => self.full(&word, rest, operator, version),
            Some(None) | None => Ok(()),
        }
    }

    fn caret(&mut self, partial: &Partial<'_>, stand: Stand) -> Result<(), &'static str> {
        let [major, minor, patch] = partial.parts;
        let Part::Number(major) = major else {
            self.everything(stand);
            return Ok(());
        };
        let (is_zero, first) = (major == "0", number(major)?);
        let Part::Number(minor) = minor else {
            self.below([next(first)?, 0, 0]);
            self.at_least(partial, [first, 0, 0]);
            return Ok(());
        };
        let second = number(minor)?;
        let from = [first, second, patch.number()?];
        // Zeros are told by their text: `^00.1` is no `^0.1`.
        let below = match (is_zero, minor == "0", patch) {
            (true, true, Part::Number(_)) => {
                let [first, second, third] = from;
                [first, second, next(third)?]
            }
            (true, ..) => [first, next(second)?, 0],
            (false, ..) => [next(first)?, 0, 0],
        };
        self.below(below);
        self.at_least(partial, from);
        Ok(())
    }

    fn tilde(&mut self, partial: &Partial<'_>, stand: Stand) -> Result<(), &'static str> {
        let [major, minor, patch] = partial.parts;
        let Part::Number(major) = major else {
            self.everything(stand);
            return Ok(());
        };
        let first = number(major)?;
        let Part::Number(minor) = minor else {
            self.below([next(first)?, 0, 0]);
            self.at_least(partial, [first, 0, 0]);
            return Ok(());
        };
        let second = number(minor)?;
        let from = [first, second, patch.number()?];
        self.below([first, next(second)?, 0]);
        self.at_least(partial, from);
        Ok(())
    }

    /// `1.x`, `>1`, `<=1.2`: what is open counts as all of it.
    fn open(&mut self, partial: &Partial<'_>, operator: Operator, stand: Stand) -> Result<(), &'static str> {
        let [major, minor, _patch] = partial.parts;
        let Part::Number(major) = major else {
            match operator {
                Operator::Above | Operator::Below => self.below([0, 0, 0]),
                Operator::Is | Operator::AtLeast | Operator::AtMost => self.everything(stand),
            }
            return Ok(());
        };
        let first = number(major)?;
        let from = [first, minor.number()?, 0];
        let behind = || match minor {
            Part::Any => Ok::<_, &'static str>([next(first)?, 0, 0]),
            Part::Number(_) => {
                let [first, second, _] = from;
                Ok([first, next(second)?, 0])
            }
        };
        match operator {
            Operator::Is => {
                self.below(behind()?);
                self.at_least(partial, from);
            }
            Operator::Above => self.bound(Operator::AtLeast, Version::release(behind()?)),
            Operator::AtLeast => self.at_least(partial, from),
            Operator::Below => self.below(from),
            // npm writes `<2.0.0-0` for `<=1`.
            Operator::AtMost => self.below(behind()?),
        }
        Ok(())
    }

    fn add_hyphen(&mut self, from: &Edge<'_>, to: &Edge<'_>) -> Result<(), &'static str> {
        let open = |edge: &Edge<'_>| matches!(edge.partial.parts, [Part::Any, ..]);
        if open(from) && open(to) {
            self.any = true;
            return Ok(());
        }
        if let [Part::Number(major), minor, _patch] = from.partial.parts {
            match from.partial.full()? {
                Some(_) if from.is_zero => self.any = true,
                Some(version) => self.bound(from.operator(Operator::AtLeast), version),
                None => self.at_least(&from.partial, [number(major)?, minor.number()?, 0]),
            }
        }
        match to.partial.parts {
            [Part::Any, ..] => {}
            [Part::Number(major), Part::Any, _] => self.below([next(number(major)?)?, 0, 0]),
            [Part::Number(major), Part::Number(minor), Part::Any] => {
                self.below([number(major)?, next(number(minor)?)?, 0]);
            }
            [Part::Number(_), Part::Number(_), Part::Number(_)] => {
                if let Some(version) = to.partial.full()? {
                    let operator = match version.prerelease.is_empty() {
                        true => to.operator(Operator::AtMost),
                        false => Operator::AtMost,
                    };
                    self.bound(operator, version);
                }
            }
        }
        Ok(())
    }

    fn everything(&mut self, stand: Stand) {
        self.any |= stand == Stand::End;
    }

    /// What `partial` was filled up to; from `0.0.0` on is everything.
    fn at_least(&mut self, partial: &Partial<'_>, numbers: [u64; 3]) {
        let prerelease = partial.prerelease_of_full();
        match partial.is_zero() {
            true => self.any = true,
            false => self.bound(Operator::AtLeast, Version { numbers, prerelease }),
        }
    }

    /// Below the first pre-release that these numbers can have.
    fn below(&mut self, numbers: [u64; 3]) {
        let prerelease = "0";
        self.bound(Operator::Below, Version { numbers, prerelease });
    }

    fn bound(&mut self, operator: Operator, named: Version<'_>) {
        self.bound = true;
        self.within &= operator.takes(self.version.order(&named));
        self.admits_prerelease |= !named.prerelease.is_empty() && named.numbers == self.version.numbers;
    }
}

impl Operator {
    /// Cuts an operator off the front of a word; `=` is as good as none.
    fn cut(word: &str) -> (Self, &str) {
        for (sign, operator) in [
            (">=", Self::AtLeast),
            ("<=", Self::AtMost),
            (">", Self::Above),
            ("<", Self::Below),
            ("=", Self::Is),
        ] {
            if let Some(rest) = word.strip_prefix(sign) {
                return (operator, rest);
            }
        }
        (Self::Is, word)
    }

    fn takes(self, order: Ordering) -> bool {
        match self {
            Self::Is => order.is_eq(),
            Self::Above => order.is_gt(),
            Self::Below => order.is_lt(),
            Self::AtLeast => order.is_ge(),
            Self::AtMost => order.is_le(),
        }
    }
}

impl Edge<'_> {
    fn operator(&self, operator: Operator) -> Operator {
        match self.has_front {
            true => Operator::Is,
            false => operator,
        }
    }
}
