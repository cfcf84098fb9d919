//! `1.2.3-beta1` as it is written in a range, and the bounds that `^` and `~` make of it.

use super::{Bound, End, Operator};

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A version as ranges have it, with its numbers as they are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) numbers: [Option<&'a str>; 4],
    /// A stability, `dev` or `x-dev` stands behind the numbers.
    pub(super) names_stability: bool,
    /// It is `1.x-dev`.
    pub(super) is_open: bool,
}

/// What may stand behind numbers; longer ones first where one begins another.
const WORDS: [&str; 9] = ["stable", "beta", "b", "rc", "alpha", "a", "patch", "pl", "p"];

impl<'a> Written<'a> {
    /// `text`, if it is a version and nothing else.
    pub(super) fn whole(text: &'a str) -> Option<Self> {
        let mut rest = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let mut numbers = [None; 4];
        for (place, number) in numbers.iter_mut().enumerate() {
            let behind = match place {
                0 => rest,
                _ => match rest.strip_prefix('.') {
                    Some(behind) => behind,
                    None => break,
                },
            };
            let end = behind
                .find(|letter: char| !letter.is_ascii_digit())
                .unwrap_or(behind.len());
            let (digits, behind) = behind.split_at_checked(end)?;
            if digits.is_empty() {
                break;
            }
            *number = Some(digits);
            rest = behind;
        }
        numbers.first().copied().flatten()?;
        let names_stability = Self::stability(rest);
        let is_open = Self::is_open(rest);
        let names_stability = match (names_stability, is_open) {
            (Some(names), _) => names,
            (None, true) => true,
            (None, false) => return None,
        };
        Some(Self {
            numbers,
            names_stability,
            is_open: is_open && Self::stability(rest).is_none(),
        })
    }

    /// Whether `rest` names a stability; `None` where it is anything else.
    fn stability(rest: &str) -> Option<bool> {
        let mut rest = rest.strip_prefix(['.', '_', '-']).unwrap_or(rest);
        let word = WORDS.iter().find_map(|word| {
            let (front, behind) = rest.split_at_checked(word.len())?;
            front.eq_ignore_ascii_case(word).then_some(behind)
        });
        if let Some(behind) = word {
            rest = behind;
            loop {
                let behind = rest.strip_prefix(['.', '-']).unwrap_or(rest);
                let end = behind
                    .find(|letter: char| !letter.is_ascii_digit())
                    .unwrap_or(behind.len());
                match behind.get(end..).filter(|_| end > 0) {
                    Some(behind) => rest = behind,
                    None => break,
                }
            }
        }
        let dev = rest.strip_prefix(['.', '-']).unwrap_or(rest).split_at_checked(3);
        let dev = dev.filter(|(front, _)| front.eq_ignore_ascii_case("dev"));
        let rest = dev.map_or(rest, |(_, behind)| behind);
        is_build(rest).then_some(word.is_some() || dev.is_some())
    }

    /// `rest` is `.x-dev`.
    fn is_open(rest: &str) -> bool {
        let split = || {
            let rest = rest.strip_prefix('.')?.strip_prefix(['x', 'X', '*'])?;
            let (dev, behind) = rest
                .strip_prefix(['.', '-'])
                .unwrap_or(rest)
                .split_at_checked(3)?;
            Some(dev.eq_ignore_ascii_case("dev") && is_build(behind))
        };
        split().unwrap_or(false)
    }

    /// How many numbers there are.
    fn count(&self) -> usize {
        self.numbers.iter().flatten().count()
    }

    /// The numbers up to `place`, the one there made greater by `more`, and zeros behind it.
    pub(super) fn moved(&self, place: usize, more: u64) -> Result<String, &'static str> {
        let mut shown = String::new();
        for (at, number) in (1_usize..).zip(self.numbers) {
            if at > 1 {
                shown.push('.');
            }
            let number = number.filter(|_| at <= place).unwrap_or("0");
            if at == place && more > 0 {
                let number: u64 = number.parse().map_err(|_| "a number in it is too large")?;
                let number = number
                    .checked_add(more)
                    .filter(|number| i64::try_from(*number).is_ok());
                shown.push_str(&number.ok_or("a number in it is too large")?.to_string());
            } else {
                shown.push_str(number);
            }
        }
        Ok(shown)
    }

    /// Below the next one at `place`.
    pub(super) fn high(&self, place: usize) -> Result<Bound, &'static str> {
        let high = format!("{}-dev", self.moved(place, 1)?);
        Ok(Bound::new(Operator::Below, End::numbered(high)))
    }

    fn low(&self, text: &str) -> Result<Bound, &'static str> {
        let suffix = match self.names_stability {
            true => "",
            false => "-dev",
        };
        let low = End::of(&format!("{text}{suffix}")).ok_or("no version of Composer behind its sign")?;
        Ok(Bound::new(Operator::AtLeast, low))
    }

    pub(super) fn tilde(&self, text: &str) -> Result<Vec<Bound>, &'static str> {
        let place = self.count().saturating_add(usize::from(self.is_open));
        Ok(vec![self.low(text)?, self.high(place.saturating_sub(1).max(1))?])
    }

    pub(super) fn caret(&self, text: &str) -> Result<Vec<Bound>, &'static str> {
        let [first, second, third, _] = self.numbers;
        let place = match (first, second, third) {
            (Some("0"), Some("0"), Some(_)) => 3,
            (Some("0"), Some(_), _) => 2,
            _ => 1,
        };
        Ok(vec![self.low(text)?, self.high(place)?])
    }
}

/// Nothing, or build metadata.
fn is_build(rest: &str) -> bool {
    let is_blank = |letter: char| matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
    rest.is_empty()
        || rest
            .strip_prefix('+')
            .is_some_and(|build| !build.is_empty() && !build.contains(is_blank))
}
