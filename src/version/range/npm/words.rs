//! The words of a range of npm: what is between white space, once build metadata is out and operators have taken what is
//! behind them.

use std::borrow::Cow;

use super::version::Partial;

/// One side of a hyphen.
pub(super) struct Edge<'a> {
    pub(super) partial: Partial<'a>,
    /// `v` or `=` stand in a word of their own in front, which takes the operator with it when it is passed over.
    pub(super) has_front: bool,
    /// It is `0.0.0` and nothing else.
    pub(super) is_zero: bool,
}

/// `1.2 - 2.0`, when that is all there is.
pub(super) fn hyphen<'a>(words: &'a [Cow<'_, str>]) -> Option<(Edge<'a>, Edge<'a>)> {
    let mut words = words.iter().map(AsRef::as_ref);
    let from = cut_edge(&mut words)?;
    if words.next()? != "-" {
        return None;
    }
    let to = cut_edge(&mut words)?;
    words.all(str::is_empty).then_some((from, to))
}

fn cut_edge<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Edge<'a>> {
    let mut has_front = false;
    loop {
        let word = words.next()?;
        if is_front(word) {
            has_front |= !word.is_empty();
        } else {
            let partial = Partial::read(word)?;
            let is_zero = word == "0.0.0" && !has_front;
            return Some(Edge {
                partial,
                has_front,
                is_zero,
            });
        }
    }
}

/// Nothing but what may stand in front of a version.
fn is_front(word: &str) -> bool {
    word.trim_start_matches(['v', '=']).is_empty()
}

/// The words, once operators have taken what is behind them.
pub(super) fn joined(words: &[Cow<'_, str>]) -> Vec<String> {
    // Whether a version begins at each word or behind what may stand in front of one.
    let mut begins = vec![false; words.len().saturating_add(1)];
    let mut behind = false;
    for (begins, word) in begins.iter_mut().zip(words).rev() {
        behind = match word.trim_start_matches(['v', '=']) {
            "" => behind,
            rest => {
                rest.starts_with(|first: char| first.is_ascii_digit() || matches!(first, 'x' | 'X' | '*'))
            }
        };
        *begins = behind;
    }
    let mut compared: Vec<String> = Vec::with_capacity(words.len());
    let mut takes = false;
    for (word, version_follows) in words.iter().zip(begins.iter().skip(1)) {
        let was_taken = takes;
        push(&mut compared, word, was_taken);
        let is_done = was_taken && is_front(word);
        takes = *version_follows && !is_done && ends_in_comparison(word);
    }
    let tilde = |word: &str| word.strip_suffix("~>").or(word.strip_suffix('~')).map(str::len);
    let compared = reach_on(compared, "~", tilde);
    reach_on(compared, "^", |word| word.strip_suffix('^').map(str::len))
}

/// Words that end in a sign, whose length without it `cut` gives, take the next one behind `sign`.
fn reach_on(words: Vec<String>, sign: &str, cut: impl Fn(&str) -> Option<usize>) -> Vec<String> {
    let count = words.len();
    let mut reached: Vec<String> = Vec::with_capacity(count);
    let mut takes = false;
    for (place, word) in words.iter().enumerate() {
        let without = cut(word).filter(|_| place.saturating_add(1) < count);
        push(&mut reached, word, takes);
        takes = without.is_some();
        if let (Some(without), Some(last)) = (without, reached.last_mut()) {
            let sign_was = word.len().saturating_sub(without);
            last.truncate(last.len().saturating_sub(sign_was));
            last.push_str(sign);
        }
    }
    reached
}

fn push(words: &mut Vec<String>, word: &str, takes: bool) {
    match words.last_mut() {
        Some(last) if takes => last.push_str(word),
        Some(_) | None => words.push(word.to_owned()),
    }
}

/// `>`, `<=`, `=` at the end, unless they belong to the front of a version.
fn ends_in_comparison(word: &str) -> bool {
    let head = word.trim_end_matches(['v', '=']);
    let run = word.strip_prefix(head).unwrap_or_default();
    match head.ends_with(['<', '>']) {
        true => matches!(run, "" | "="),
        false => run == "=",
    }
}

/// Without every `+build`; what was nothing else stays as an empty word.
pub(super) fn without_build(text: &str) -> Cow<'_, str> {
    if !text.contains('+') {
        return Cow::Borrowed(text);
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let cut_identifier = |text: &str| {
        let end = text.bytes().position(|byte| !is_part(byte)).unwrap_or(text.len());
        text.split_at_checked(end)
            .filter(|(identifier, _)| !identifier.is_empty())
            .map(|(_, rest)| rest.len())
    };
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('+') {
        kept.push_str(before);
        let mut end = cut_identifier(after);
        if end.is_none() {
            kept.push('+');
        }
        let mut left = after.len();
        while let Some(length) = end {
            left = length;
            let tail = after.get(after.len().saturating_sub(left)..).unwrap_or_default();
            end = tail.strip_prefix('.').and_then(cut_identifier);
        }
        rest = after.get(after.len().saturating_sub(left)..).unwrap_or_default();
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}
