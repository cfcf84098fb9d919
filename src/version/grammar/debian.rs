//! How Debian orders one part of a version (deb-version(7)); opam has it too.

use std::cmp::Ordering;

use super::digits;

/// Orders two parts: what is no digit as text, then digits as a number, and so on. A tilde comes before everything, even before the end;
/// letters come before what is neither letter nor digit.
pub(in crate::version) fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (text, rest) = cut_text(left);
        let (other_text, other_rest) = cut_text(right);
        let (number, rest) = digits::cut(rest);
        let (other_number, other_rest) = digits::cut(other_rest);
        let order = compare_text(text, other_text).then_with(|| digits::compare(number, other_number));
        if order.is_ne() || rest.is_empty() && other_rest.is_empty() {
            return order;
        }
        (left, right) = (rest, other_rest);
    }
}

/// Splits what comes before the first digit from the rest.
fn cut_text(part: &str) -> (&str, &str) {
    let end = part.bytes().position(|byte| byte.is_ascii_digit());
    part.split_at_checked(end.unwrap_or(part.len()))
        .unwrap_or((part, ""))
}

fn compare_text(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.bytes(), right.bytes());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => match weight(one).cmp(&weight(other)) {
                Ordering::Equal => {}
                order @ (Ordering::Less | Ordering::Greater) => return order,
            },
        }
    }
}

/// `order` of dpkg: the end counts as a digit does. A byte that is not ASCII is negative there, and so below what is.
fn weight(byte: Option<u8>) -> i32 {
    match byte {
        None => 0,
        Some(b'~') => -1,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(letter),
        Some(other) if other.is_ascii() => i32::from(other).saturating_add(256),
        Some(other) => i32::from(other),
    }
}
