//! Hostile text made inert, one function a medium.

use std::fmt::Write as _;

/// Characters that change what a reader sees without being seen: C0, C1, U+007F, bidirectional controls
/// and other format characters (Unicode general categories Cc and Cf, and the line separators).
#[must_use]
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

/// JSON text in which every hidden character of its strings is written as `\uXXXX`.
///
/// `json` is what a serializer wrote: characters outside strings are its own, so that only those above
/// ASCII and U+007F are left to escape.
#[must_use]
pub fn json(json: &str) -> std::borrow::Cow<'_, str> {
    let hidden = |character: char| character >= '\u{7f}' && is_hidden(character);
    if json.is_ascii() && !json.as_bytes().contains(&0x7f) || !json.contains(hidden) {
        return json.into();
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped.into()
}

/// One line for a terminal: hidden characters as `\u{…}`, so that no escape sequence gets through.
#[must_use]
pub fn terminal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => escaped.push(' '),
            _ if is_hidden(character) => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// One line of GitHub-flavoured Markdown that shows `text` and nothing else: no markup, no mention, no
/// link, no HTML, no reference to an issue.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => escaped.push(' '),
            _ if is_hidden(character) => {
                let _ = write!(escaped, "\\\\u{{{:x}}}", u32::from(character));
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // A zero-width joiner would hide what is there; an entity breaks mentions, links and references.
            '@' => escaped.push_str("&#64;"),
            '#' => escaped.push_str("&#35;"),
            ':' => escaped.push_str("&#58;"),
            '.' if before == 'w' || before == 'W' => escaped.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '+' | '-' | '!' | '|' | '~'
            | '$' | '=' => {
                escaped.extend(['\\', character]);
            }
            _ => escaped.push(character),
        }
        before = character;
    }
    escaped
}

/// Text between the tags of HTML, or inside a quoted attribute.
#[must_use]
pub fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push('\n'),
            _ if is_hidden(character) => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hidden_gets_through() {
        let hostile = "a\u{1b}[31m\u{202e}b\u{7f}\u{9b}\u{e0001}\n@you #1 [x](y) <b> | www.x";
        for escaped in [terminal(hostile), markdown(hostile)] {
            assert!(!escaped.contains(is_hidden), "{escaped:?}");
        }
        assert!(!html(hostile).contains(|character| character != '\n' && is_hidden(character)));
        let encoded = serde_json::to_string(hostile).expect("a string");
        let inert = json(&encoded);
        assert!(inert.is_ascii() && !inert.contains('\u{7f}'));
        assert_eq!(serde_json::from_str::<String>(&inert).expect("JSON"), hostile);
        let shown = markdown(hostile);
        assert!(
            !shown.contains('@') && !shown.contains("#1") && !shown.contains("<b>") && !shown.contains(" | ")
        );
    }
}
