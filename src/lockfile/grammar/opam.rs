//! The format of opam files (opam's manual, "Common file format"): what a package depends on, with places.
//!
//! Of the fields only those are kept that say what is needed. What is damaged is a problem; nothing is nested without a bound, since
//! lists in lists are counted and not followed.

use crate::text::{Problems, Span};

/// An opam file.
#[derive(Debug, Default)]
pub struct Opam {
    /// It has a field `opam-version`.
    pub has_version: bool,
    /// It has a field `depends`.
    pub has_depends: bool,
    /// What `depends` lists.
    pub depends: Vec<Item>,
    /// What `pin-depends` lists: the texts of each inner list.
    pub pins: Vec<Vec<(String, Span)>>,
    /// What was damaged.
    pub problems: Vec<crate::text::Problem>,
}

/// A package with the filter in the braces behind it.
#[derive(Debug)]
pub struct Item {
    /// The name.
    pub name: String,
    /// From the name to the end of the braces.
    pub span: Span,
    /// What is in the braces.
    filter: Vec<(Token, Span)>,
}

impl Item {
    /// The version, where the filter asks for exactly one, and where it stands.
    #[must_use]
    pub fn exact(&self) -> Option<(&str, Span)> {
        let mut found = None;
        let mut of_variable = false;
        let mut tokens = self.filter.iter();
        while let Some((token, _)) = tokens.next() {
            match token {
                Token::Word(_) => {
                    of_variable = true;
                    continue;
                }
                Token::Sign(sign) if matches!(sign.as_str(), "&" | "!" | "?") => {}
                // A choice leaves the version open.
                Token::Sign(sign) if sign == "|" => return None,
                // `os = "linux"` says nothing of the version.
                Token::Sign(_) if of_variable => {
                    tokens.next();
                }
                Token::Sign(sign) if sign == "=" => match (tokens.next(), &found) {
                    (Some((Token::Text(version), span)), None) if !version.is_empty() => {
                        found = Some((version.as_str(), *span));
                    }
                    _ => return None,
                },
                Token::Sign(_) | Token::Text(_) | Token::Mark(_) => return None,
            }
            of_variable = false;
        }
        found
    }

    /// The filter has this variable.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.filter
            .iter()
            .any(|(token, _)| matches!(token, Token::Word(text) if text == word))
    }
}

/// A part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A string, without its quotes and unescaped.
    Text(String),
    /// A name, a number or a variable.
    Word(String),
    /// `=`, `>=`, `&`, `|`, `!`, `?`.
    Sign(String),
    /// `[`, `]`, `{`, `}`, `(`, `)`, `:`.
    Mark(u8),
}

/// Reads an opam file.
#[must_use]
pub fn read(text: &str) -> Opam {
    let mut problems = Problems::default();
    let tokens = tokens(text, &mut problems);
    let mut opam = Opam::default();
    let mut depth = 0_usize;
    let mut field: Option<&str> = None;
    let mut in_filter = 0_usize;
    let mut last_end = None;
    for (number, (token, span)) in tokens.iter().enumerate() {
        let at = |number: usize| tokens.get(number).map(|(token, _)| token);
        let next = at(number.saturating_add(1));
        let previous = number.checked_sub(1).and_then(at);
        let is_misplaced = match token {
            // A section: `url {`, `extra-source "name" {`.
            Token::Word(_) if next != Some(&Token::Mark(b':')) => {
                let behind = match next {
                    Some(Token::Text(_)) => at(number.saturating_add(2)),
                    other => other,
                };
                behind != Some(&Token::Mark(b'{')) && !begins_a_value(previous)
            }
            Token::Text(_) | Token::Mark(b'[') => {
                !begins_a_value(previous) && !matches!(previous, Some(Token::Word(_)))
            }
            Token::Word(_) | Token::Sign(_) | Token::Mark(_) => false,
        };
        if depth == 0 && is_misplaced {
            problems.add(*span, "a value without a field");
        }
        match token {
            Token::Word(word) if depth == 0 && next == Some(&Token::Mark(b':')) => {
                opam.has_version |= word == "opam-version";
                opam.has_depends |= word == "depends";
                field = Some(word);
            }
            Token::Mark(mark @ (b'[' | b'{' | b'(')) => {
                depth = depth.saturating_add(1);
                if *mark == b'{' || in_filter > 0 {
                    in_filter = in_filter.saturating_add(1);
                }
                if *mark == b'[' && depth == 2 && field == Some("pin-depends") {
                    opam.pins.push(Vec::new());
                }
            }
            Token::Mark(b']' | b'}' | b')') => {
                if depth == 0 {
                    problems.add(*span, "nothing is open that this closes");
                }
                depth = depth.saturating_sub(1);
                in_filter = in_filter.saturating_sub(1);
                if in_filter == 0
                    && let Some(item) = opam.depends.last_mut().filter(|_| field == Some("depends"))
                    && *token == Token::Mark(b'}')
                {
                    item.span = item.span.join(*span);
                }
            }
            token if in_filter > 0 => {
                if let Some(item) = opam.depends.last_mut().filter(|_| field == Some("depends")) {
                    item.filter.push((token.clone(), *span));
                }
            }
            Token::Text(name) if field == Some("depends") => opam.depends.push(Item {
                name: name.clone(),
                span: *span,
                filter: Vec::new(),
            }),
            Token::Text(part) if field == Some("pin-depends") => {
                if let Some(pin) = opam.pins.last_mut().filter(|_| depth == 2) {
                    pin.push((part.clone(), *span));
                }
            }
            Token::Sign(_) if field == Some("depends") && depth > 0 => {
                problems.add(*span, "a choice between packages, where each is to be locked");
            }
            Token::Text(_) | Token::Word(_) | Token::Sign(_) | Token::Mark(_) => {}
        }
        last_end = Some(span.end as usize);
    }
    if depth > 0 {
        problems.add(
            Span::at(last_end.unwrap_or_default()),
            "the file ends inside of a list",
        );
    }
    opam.problems = problems.into_vec();
    opam
}

/// What stands before a value at the top.
fn begins_a_value(previous: Option<&Token>) -> bool {
    matches!(previous, Some(Token::Mark(b':') | Token::Sign(_)))
}

fn tokens(text: &str, problems: &mut Problems) -> Vec<(Token, Span)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0_usize;
    while let Some(byte) = bytes.get(at).copied() {
        let rest = text.get(at..).unwrap_or_default();
        let length = match byte {
            byte if byte.is_ascii_whitespace() => 1,
            b'#' => rest.find(['\n', '\r']).unwrap_or(rest.len()),
            b'(' if rest.starts_with("(*") => match rest.find("*)") {
                Some(end) => end.saturating_add(2),
                None => {
                    problems.add(Span::at(at), "a comment is not closed");
                    rest.len()
                }
            },
            b'[' | b']' | b'{' | b'}' | b'(' | b')' | b':' => {
                tokens.push((Token::Mark(byte), Span::new(at, at.saturating_add(1))));
                1
            }
            b'"' => string(rest, at, &mut tokens, problems),
            b'=' | b'<' | b'>' | b'!' | b'&' | b'|' | b'?' | b'~' => {
                let is_sign = |next: char| matches!(next, '=' | '<' | '>' | '!' | '&' | '|' | '?' | '~');
                let end = rest.find(|next| !is_sign(next)).unwrap_or(rest.len());
                let sign = rest.get(..end).unwrap_or_default().to_owned();
                tokens.push((Token::Sign(sign), Span::new(at, at.saturating_add(end))));
                end
            }
            _ => {
                let is_end = |next: char| next.is_whitespace() || "[]{}()\":=<>!&|?~#".contains(next);
                let end = rest.find(is_end).unwrap_or(rest.len()).max(1);
                let word = rest.get(..end).unwrap_or_default().to_owned();
                tokens.push((Token::Word(word), Span::new(at, at.saturating_add(end))));
                end
            }
        };
        at = at.saturating_add(length.max(1));
    }
    tokens
}

/// A string, of one line or between three quotes; gives its length.
fn string(rest: &str, at: usize, tokens: &mut Vec<(Token, Span)>, problems: &mut Problems) -> usize {
    let quotes = if rest.starts_with("\"\"\"") { 3 } else { 1 };
    let quote = rest.get(..quotes).unwrap_or_default();
    let inside = rest.get(quotes..).unwrap_or_default();
    let mut end = None;
    let mut is_escaped = false;
    for (offset, byte) in inside.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' if quotes == 1 || inside.get(offset..).is_some_and(|rest| rest.starts_with(quote)) => {
                end = Some(offset);
                break;
            }
            _ => {}
        }
    }
    let Some(end) = end else {
        problems.add(Span::at(at), "a string is not closed");
        return rest.len();
    };
    let raw = inside.get(..end).unwrap_or_default();
    let start = at.saturating_add(quotes);
    tokens.push((
        Token::Text(unescaped(raw)),
        Span::new(start, start.saturating_add(end)),
    ));
    end.saturating_add(quotes).saturating_add(quotes)
}

fn unescaped(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            // `\027` is a character by its decimal number.
            Some(digit) if digit.is_ascii_digit() => {
                let digits: String = std::iter::once(digit)
                    .chain(characters.by_ref().take(2))
                    .collect();
                text.extend(digits.parse::<u8>().ok().map(char::from));
            }
            // A line break that is escaped is none.
            Some('\n') | None => {}
            Some(other) => text.push(other),
        }
    }
    text
}
