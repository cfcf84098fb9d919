//! Decimal numbers of any length, ordered as text so that none overflows.

use std::cmp::Ordering;

/// Orders two runs of ASCII digits by value; the empty run is zero.
pub(in crate::version) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (significant(left), significant(right));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// The digits without leading zeros; zero itself is empty.
pub(in crate::version) fn significant(digits: &str) -> &str {
    digits.trim_start_matches('0')
}

/// Whether `text` is one or more ASCII digits and nothing else.
pub(in crate::version) fn only(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Splits the leading ASCII digits of `text` from what follows them; either may be empty.
pub(in crate::version) fn cut(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The numbers of a version that is one to three numbers of at most 15 digits with dots between them, each with any zeros in front; a number
/// that is left out is zero. `None` says nothing of any other text.
pub(in crate::version) fn filled(version: &str) -> Option<[u64; 3]> {
    let mut numbers = [0_u64; 3];
    let (mut slots, mut digits) = (numbers.iter_mut(), 0_u8);
    let mut slot = slots.next()?;
    for byte in version.bytes() {
        match byte {
            b'0'..=b'9' if digits < 15 => {
                *slot = slot.checked_mul(10)?.checked_add(u64::from(byte & 0xf))?;
                digits = digits.saturating_add(1);
            }
            b'.' if digits > 0 => {
                slot = slots.next()?;
                digits = 0;
            }
            _ => return None,
        }
    }
    (digits > 0).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_any_length() {
        let long = "9".repeat(5000);
        assert_eq!(compare("0010", "9"), Ordering::Greater);
        assert_eq!(compare("", "000"), Ordering::Equal);
        assert_eq!(compare(&long, "18446744073709551616"), Ordering::Greater);
        assert_eq!(compare(&long, &format!("0{long}")), Ordering::Equal);
        assert_eq!(compare("19", "20"), Ordering::Less);
    }

    #[test]
    fn leading_digits_are_cut() {
        assert_eq!(cut("12rc3"), ("12", "rc3"));
        assert_eq!(cut("rc3"), ("", "rc3"));
        assert_eq!(cut("12"), ("12", ""));
        assert_eq!(cut("1é"), ("1", "é"));
    }
}
