//! The known word nearest to a mistyped one.

/// A longer word is no typing error of a known one.
const MAX_LETTERS: usize = 40;

/// The word of `known` that is nearest to `word`, if one is near: one edit in a short word, up to three in a long one. Case and
/// `_` for `-` are no edits.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let letters = plain(word);
    if letters.is_empty() || letters.chars().count() > MAX_LETTERS {
        return None;
    }
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&letters, &plain(known)), known))
        .filter(|(distance, known)| {
            let length = letters.chars().count().max(known.len());
            *distance <= (length / 3).clamp(1, 3)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Whether [`nearest`] would take `known` for `word`.
#[must_use]
pub fn is_near(word: &str, known: &str) -> bool {
    nearest(word, [known]).is_some()
}

/// Appends the question that names the nearest word.
#[must_use]
pub fn meant(nearest: Option<&str>) -> String {
    nearest
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

fn plain(word: &str) -> String {
    let plain = |character: char| match character {
        '_' => '-',
        character => character.to_ascii_lowercase(),
    };
    word.chars()
        .take(MAX_LETTERS.saturating_add(1))
        .map(plain)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_named() {
        let known = ["high", "fixable", "known-exploited", "end-of-support"];
        assert_eq!(nearest("hihg", known), Some("high"));
        assert_eq!(nearest("Known_Exploited", known), Some("known-exploited"));
        assert_eq!(nearest("knownexploited", known), Some("known-exploited"));
        assert_eq!(nearest("end-of-suport", known), Some("end-of-support"));
        assert_eq!(nearest("low", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"high".repeat(100_000), known), None);
        assert_eq!(meant(nearest("hihg", known)), "; did you mean `high`?");
    }
}
