//! Exchanging parts of a text.

use std::ops::Range;

/// A part of a text and what is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Bytes of the old text; empty where something is inserted.
    pub at: Range<usize>,
    /// The new text.
    pub text: String,
}

/// The text with all splices made. Two at the same place stand in the order of the list. `None` where two overlap, or one is not
/// at the borders of characters.
#[must_use]
pub fn apply(text: &str, mut splices: Vec<Splice>) -> Option<String> {
    splices.sort_by_key(|splice| (splice.at.start, splice.at.end));
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for splice in &splices {
        result.push_str(text.get(done..splice.at.start)?);
        result.push_str(&splice.text);
        done = splice.at.end;
        text.get(splice.at.clone())?;
    }
    result.push_str(text.get(done..)?);
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_exchanged_and_overlaps_refused() {
        let splice = |at: Range<usize>, text: &str| Splice {
            at,
            text: text.to_owned(),
        };
        let all = vec![
            splice(4..5, "E"),
            splice(1..1, "-"),
            splice(1..2, ""),
            splice(1..1, "+"),
        ];
        assert_eq!(apply("abcdef", all).as_deref(), Some("a-+cdEf"));
        assert_eq!(apply("abcdef", vec![splice(1..3, "x"), splice(2..4, "y")]), None);
        assert_eq!(apply("aä", vec![splice(2..2, "x")]), None);
        assert_eq!(apply("a", vec![splice(1..9, "x")]), None);
        assert_eq!(apply("a", Vec::new()).as_deref(), Some("a"));
    }
}
