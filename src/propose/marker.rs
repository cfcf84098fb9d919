//! The first line of a pull request's text, which is not rendered: what it is for.

use std::collections::BTreeSet;

use super::Wanted;
use crate::text::escape;

/// What the line begins with.
const BEGIN: &str = "<!-- lockkeeper:fix:";
const END: &str = " -->";

/// What stands before the id of an advisory that stays.
const BLOCKED: &str = "blocked=";

/// So many ids stand in it, for each of the two kinds, and so many bytes of them.
const MAX_IDS: usize = 500;
const MAX_BYTES: usize = 12_000;

/// What the line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    /// What the text was written for: hexadecimal digits.
    pub(super) text: String,
    /// Labels, reviewers and so on are there.
    pub(super) is_dressed: bool,
    /// It was closed by us, since there was nothing left to fix.
    pub(super) is_moot: bool,
    /// The ids of the advisories that it fixes.
    pub(super) advisories: BTreeSet<String>,
    /// The ids of those that it could not fix.
    pub(super) blocked: BTreeSet<String>,
}

impl Marker {
    /// That of a pull request which is opened now.
    pub(super) fn of(wanted: &Wanted, plan: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(plan.as_bytes());
        for text in [&wanted.title, &wanted.message] {
            hasher.update(b"\n").update(text.as_bytes());
        }
        if let Some(number) = wanted.table {
            hasher.update(format!("\n#{number}").as_bytes());
        }
        Self {
            text: hasher.finalize().to_hex().chars().take(16).collect(),
            is_dressed: false,
            is_moot: false,
            advisories: some_of(&wanted.advisories).cloned().collect(),
            blocked: some_of(&wanted.blocked).cloned().collect(),
        }
    }

    /// The line, without its end.
    pub(super) fn line(&self) -> String {
        let mut line = format!("{BEGIN}{}", self.text);
        for (word, is_set) in [("dressed", self.is_dressed), ("moot", self.is_moot)] {
            if is_set {
                line.push(' ');
                line.push_str(word);
            }
        }
        for id in &self.advisories {
            line.push(' ');
            line.push_str(id);
        }
        for id in &self.blocked {
            line.push(' ');
            line.push_str(BLOCKED);
            line.push_str(id);
        }
        line.push_str(END);
        line
    }
}

/// Those of `ids` for which there is room.
fn some_of(ids: &BTreeSet<String>) -> impl Iterator<Item = &String> {
    let mut bytes = 0;
    let ids = ids.iter().filter(|id| is_id(id)).take(MAX_IDS);
    ids.take_while(move |id| {
        bytes += BLOCKED.len() + id.len() + 1;
        bytes <= MAX_BYTES
    })
}

/// The longest that the line is about these, in bytes, with its end.
pub(super) fn longest(advisories: &BTreeSet<String>, blocked: &BTreeSet<String>) -> usize {
    let ids = [advisories, blocked].into_iter().flat_map(some_of);
    let ids: usize = ids.map(|id| BLOCKED.len() + id.len() + 1).sum();
    // A digest, and what was done with the request.
    BEGIN.len() + END.len() + ids + 40
}

/// Ids that can stand in a comment of HTML.
fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.');
    id.bytes().all(is_plain) && !id.contains("--") && id.len() <= 100 && !id.chars().any(escape::is_hidden)
}

/// What the first line of `body` says, if it is ours.
pub(super) fn read(body: &str) -> Option<Marker> {
    let line = body.trim_start().lines().next()?;
    let inside = line.trim_end().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut words = inside.split(' ');
    let text = words.next()?.to_owned();
    let mut marker = Marker {
        text,
        is_dressed: false,
        is_moot: false,
        advisories: BTreeSet::new(),
        blocked: BTreeSet::new(),
    };
    for word in words {
        match word {
            "dressed" => marker.is_dressed = true,
            "moot" => marker.is_moot = true,
            id => match id.strip_prefix(BLOCKED) {
                Some(id) => {
                    marker.blocked.insert(id.to_owned());
                }
                None => {
                    marker.advisories.insert(id.to_owned());
                }
            },
        }
    }
    Some(marker)
}

/// The text without its first line, if that is ours.
pub(super) fn rest(body: &str) -> &str {
    match read(body) {
        Some(_) => body.trim_start().split_once('\n').map_or("", |(_, rest)| rest),
        None => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_no_longer_than_what_is_left_free_for_it() {
        let ids = |count: usize, length: usize| -> BTreeSet<String> {
            (0..count)
                .map(|number| format!("GHSA-{number:0length$}"))
                .collect()
        };
        for (count, length) in [(0, 1), (3, 14), (1_000, 14), (1_000, 90), (400, 300)] {
            let wanted = Wanted {
                advisories: ids(count, length),
                blocked: ids(count, length),
                ..Wanted::default()
            };
            let mut marker = Marker::of(&wanted, "0123456789abcdef");
            (marker.is_dressed, marker.is_moot) = (true, true);
            let line = marker.line();
            let free = longest(&wanted.advisories, &wanted.blocked);
            assert!(line.len() <= free && free < 25_000, "{}: {free}", line.len());
            let again = read(&line).expect("a line of ours");
            assert_eq!(again.advisories, marker.advisories);
            assert_eq!(again.blocked.len(), marker.blocked.len());
        }
    }
}
