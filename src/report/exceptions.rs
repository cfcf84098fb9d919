//! An exception in the policy's shape, ready to be pasted and filled in.

use jiff::{Timestamp, ToSpan as _};

use super::phrases::short;
use crate::text::escape::yaml;

/// The days that a proposed exception lasts.
pub const DAYS: i64 = 30;

/// One for the advisory `id`, and for the package URL `package` alone if one is given.
#[must_use]
pub fn exception(id: &str, package: Option<&str>, now: Timestamp) -> String {
    let expires = now.checked_add((DAYS * 24).hours()).unwrap_or(now);
    let mut text = format!(
        "exceptions:\n  - id: {}\n    reason: \"why this is no danger here\"\n    owner: \"@your-team\"\n    expires: {}",
        scalar(id),
        expires.strftime("%Y-%m-%d"),
    );
    if let Some(package) = package {
        text.push_str(&format!("\n    package: {}", scalar(package)));
    }
    text
}

/// A YAML scalar, in quotes if it needs them.
fn scalar(text: &str) -> String {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./%:".contains(&byte);
    let safe = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(letter)
        && !text.ends_with(':');
    match safe {
        true => text.to_owned(),
        false => yaml(&short(text, 300)),
    }
}
