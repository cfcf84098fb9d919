//! Lengths of time as policies write them: `36h`, `7d`, `2w`.

use jiff::SignedDuration;

/// Hours in a day: clocks are UTC, so that every day has as many.
const DAY: i64 = 24;

/// The length of time in `text`: at most five digits and `h`, `d` or `w`.
#[must_use]
pub fn read(text: &str) -> Option<SignedDuration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let hours = match text.get(digits.len()..)? {
        "h" => 1,
        "d" => DAY,
        "w" => 7 * DAY,
        _ => return None,
    };
    let plain = (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = if plain { digits.parse().ok()? } else { return None };
    Some(SignedDuration::from_hours(number.checked_mul(hours)?))
}

/// The shortest spelling that [`read`] understands: days if they are whole.
#[must_use]
pub fn written(duration: SignedDuration) -> String {
    let hours = duration.as_hours();
    match hours % DAY {
        // Five digits of weeks are six of days.
        0 if hours / DAY > 99_999 => format!("{}w", hours / DAY / 7),
        0 => format!("{}d", hours / DAY),
        _ => format!("{hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_written() {
        for (text, canonical) in [
            ("7d", "7d"),
            ("0d", "0d"),
            ("2w", "14d"),
            ("48h", "2d"),
            ("36h", "36h"),
            ("007d", "7d"),
            ("99999w", "99999w"),
            ("99999h", "99999h"),
        ] {
            let duration = read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(written(duration), canonical);
            assert_eq!(read(canonical), Some(duration));
        }
        for text in [
            "", "7", "d", "7D", "7m", "7 d", "-7d", "+7d", "1.5d", "100000d", "7dd", "7d1h",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
