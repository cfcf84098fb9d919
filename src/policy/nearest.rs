//! The known word that somebody may have meant.

/// Words longer than this were not mistyped from a known one.
const LONGEST: usize = 40;

/// The word of `known` that is nearest to `word`, if one is near: a slip in a short word, a few in a long one. Case and
/// `_` for `-` are no slips.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let letters = plain(word);
    if letters.is_empty() || letters.len() > LONGEST {
        return None;
    }
    known
        .into_iter()
        .map(|known| (distance(&letters, &plain(known)), known))
        .filter(|(distance, known)| {
            let length = letters.len().max(known.len());
            *distance <= (length / 3).clamp(1, 3)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Appends the question that names the nearest word.
#[must_use]
pub fn meant(nearest: Option<&str>) -> String {
    nearest
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

fn plain(word: &str) -> Vec<char> {
    let plain = |character: char| match character {
        '_' => '-',
        character => character.to_ascii_lowercase(),
    };
    word.chars().take(LONGEST.saturating_add(1)).map(plain).collect()
}

/// Insertions, deletions, replacements and swaps of neighbours that make one word of the other (Damerau and
/// Levenshtein, each letter touched once).
fn distance(left: &[char], right: &[char]) -> usize {
    let first: Vec<usize> = (0..=right.len()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above = first;
    let mut last: Option<char> = None;
    for (row, letter) in left.iter().enumerate() {
        let mut current = vec![row.saturating_add(1)];
        let mut previous: Option<char> = None;
        for (column, other) in right.iter().enumerate() {
            let at = |row: &[usize], column: Option<usize>| {
                column
                    .and_then(|column| row.get(column))
                    .copied()
                    .unwrap_or(usize::MAX)
            };
            let replaced = at(&above, Some(column)).saturating_add(usize::from(letter != other));
            let inserted = at(&current, Some(column)).saturating_add(1);
            let deleted = at(&above, column.checked_add(1)).saturating_add(1);
            let swapped = match (last == Some(*other), previous == Some(*letter)) {
                (true, true) => at(&before, column.checked_sub(1)).saturating_add(1),
                (_, _) => usize::MAX,
            };
            current.push(replaced.min(inserted).min(deleted).min(swapped));
            previous = Some(*other);
        }
        before = std::mem::replace(&mut above, current);
        last = Some(*letter);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("hihg", "high", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
            ("expires", "expiers", 1),
            ("abcd", "badc", 2),
        ] {
            assert_eq!(distance(&plain(left), &plain(right)), expected, "{left} {right}");
            assert_eq!(distance(&plain(right), &plain(left)), expected, "{right} {left}");
        }
    }

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
