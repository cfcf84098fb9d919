//! Escapes hostile text, one function a medium.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// Characters that change what a reader sees without being seen: C0, C1, U+007F, bidirectional controls
/// and other format characters (Unicode general categories Cc and Cf), the line separators, and the
/// letters and marks that draw nothing (property Default_Ignorable_Code_Point).
#[must_use]
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}'
        | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}'
        | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// JSON text in which every hidden character of its strings is written as `\uXXXX`.
///
/// `json` is what a serializer wrote: characters outside strings are its own, so that only those above
/// ASCII and U+007F are left to escape.
#[must_use]
pub fn json(json: &str) -> Cow<'_, str> {
    let hidden = |character: char| character >= '\u{7f}' && is_hidden(character);
    if is_below_delete(json.as_bytes()) || !json.contains(hidden) {
        return json.into();
    }
    let mut escaped = String::with_capacity(json.len().saturating_add(64));
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

/// The highest bit of each of eight bytes.
const HIGH: u64 = 0x8080_8080_8080_8080;
/// One in each of eight bytes.
const ONES: u64 = 0x0101_0101_0101_0101;

/// No byte of this UTF-8 is U+007F or above, eight at a time: no byte of UTF-8 is 0xff, so adding one to each of eight carries
/// nothing over, and sets the highest bit of those from 0x7f on.
fn is_below_delete(text: &[u8]) -> bool {
    let (chunks, rest) = text.as_chunks::<8>();
    let high = chunks.iter().fold(0, |high, chunk| {
        high | u64::from_ne_bytes(*chunk).wrapping_add(ONES)
    });
    let rest = rest.iter().fold(0, |high, byte| high | byte.wrapping_add(1));
    high & HIGH == 0 && rest < 0x80
}

/// JSON writes `text` as it is, and no reader has to guess what it sees: it is ASCII from the space on, without a quote, a
/// backslash and U+007F. Eight bytes at a time: taking one from each sets the highest bit of those that were zero.
#[must_use]
pub fn is_plain_json(text: &str) -> bool {
    let is_special = |byte: u8| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\');
    let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    let special = chunks.iter().fold(0, |special, chunk| {
        let bytes = u64::from_ne_bytes(*chunk);
        let quote = zero(bytes ^ (ONES * u64::from(b'"')));
        let backslash = zero(bytes ^ (ONES * u64::from(b'\\')));
        let control = bytes.wrapping_sub(ONES * u64::from(b' ')) & !bytes;
        special | bytes.wrapping_add(ONES) | quote | backslash | control
    });
    special & HIGH == 0 && !rest.iter().copied().any(is_special)
}

/// One line for a terminal or a log: hidden characters as `\u{…}`, so that no escape sequence gets
/// through, at most [`MARKS`] combining marks on a character, and no `##[`, which a runner of GitHub
/// Actions obeys wherever it stands in a line.
///
/// Each character of the result takes the columns that `unicode-width` says of it alone, or fewer.
#[must_use]
pub fn terminal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut marks = 0_usize;
    for character in text.chars() {
        marks = match character.width() {
            Some(0) => marks.saturating_add(1),
            Some(_) | None => 0,
        };
        match character {
            '\n' | '\r' | '\t' => escaped.push(' '),
            '[' if escaped.ends_with("##") => escaped.push_str("\\["),
            _ if is_hidden(character) || marks > MARKS => push_hidden(&mut escaped, character),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// So many combining marks are shown on one character; further ones would cover the lines around it.
pub const MARKS: usize = 2;

/// One line of GitHub-flavoured Markdown that shows `text` and nothing else: no markup, no mention, no
/// link, no HTML, no reference to an issue. It begins no block when it stands at the start of a line.
///
/// Backslashes and entities keep Markdown quiet. They do not keep GitHub quiet, which looks for mentions,
/// references and addresses in the text of the finished page; there only an element between the parts
/// helps, so that what such a word hangs on stands in a `<span>` of its own.
#[must_use]
pub fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().saturating_add(16));
    let mut characters = text.chars().peekable();
    let mut before = ['\n'; 3];
    while let Some(character) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        let [_, second, third] = before;
        match character {
            '\n' | '\r' | '\t' | ' ' if escaped.is_empty() => {}
            '\n' | '\r' | '\t' => escaped.push(' '),
            _ if is_hidden(character) => {
                let _ = write!(escaped, "\\\\u{{{:x}}}", u32::from(character));
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' => escaped.push_str("<span>&#64;</span>"),
            '#' => escaped.push_str("<span>&#35;</span>"),
            // Addresses (`https://`), emoji (`:bug:`).
            ':' if !next.is_whitespace() => escaped.push_str("<span>&#58;</span>"),
            '/' if third == '/' => escaped.push_str("<span>/</span>"),
            // Addresses without a scheme.
            '.' if before.iter().all(|character| matches!(character, 'w' | 'W')) => {
                escaped.push_str("<span>&#46;</span>");
            }
            // References like `GH-1`.
            '-' if next.is_ascii_digit() && matches!(before, [_, 'g' | 'G', 'h' | 'H']) => {
                escaped.push_str("<span>&#45;</span>");
            }
            // A numbered list.
            '.' if next.is_whitespace() && escaped.bytes().all(|byte| byte.is_ascii_digit()) => {
                escaped.push_str("\\.");
            }
            // A list, a rule, the line under a heading.
            '-' | '+' | '=' if escaped.is_empty() => escaped.extend(['\\', character]),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '$' => {
                escaped.extend(['\\', character]);
            }
            _ => escaped.push(character),
        }
        before = [second, third, character];
    }
    escaped
}

/// Like [`markdown`], in the letters of code.
#[must_use]
pub fn markdown_code(text: &str) -> String {
    let quiet = |character: char| !is_hidden(character) && !matches!(character, '`' | '|' | '\\' | '@' | '<');
    // What a page or a log would not show as it stands. A log obeys `##[` wherever it stands.
    let spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ") || text.contains("##[");
    if !text.is_empty() && !spaced && text.chars().all(quiet) {
        return format!("`{text}`");
    }
    // In a table, a bar or a backslash inside backquotes cannot be written in every case.
    format!("<code>{}</code>", markdown(text))
}

/// A sentence of ours in Markdown: what stands between two backquotes is code.
#[must_use]
pub fn markdown_sentence(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().saturating_add(16));
    let mut rest = text;
    while let Some((before, (code, after))) = rest
        .split_once('`')
        .and_then(|(before, after)| Some((before, after.split_once('`')?)))
    {
        escaped.push_str(&part(before, escaped.is_empty()));
        escaped.push_str(&markdown_code(code));
        rest = after;
    }
    escaped.push_str(&part(rest, escaped.is_empty()));
    escaped
}

/// [`markdown`] of a part of a line. Only the first one could begin a block.
fn part(text: &str, is_first: bool) -> String {
    if is_first {
        return markdown(text);
    }
    let escaped = markdown(&format!("a{text}"));
    escaped.strip_prefix('a').unwrap_or(&escaped).to_owned()
}

/// One field of a table for spreadsheets, in quotes. What would make a cell a formula (`=`, `+`, `-`, `@`, in full width too, and
/// in some programs a tab) has an apostrophe before it; hidden characters are written as `\u{…}`, line ends among them.
#[must_use]
pub fn csv(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().saturating_add(2));
    escaped.push('"');
    let first = text.trim_start().chars().next();
    if matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')) {
        escaped.push('\'');
    }
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\"\""),
            _ if is_hidden(character) => push_hidden(&mut escaped, character),
            _ => escaped.push(character),
        }
    }
    escaped.push('"');
    escaped
}

/// Text between the tags of HTML, or inside a quoted attribute. A line of the page never begins with it, and
/// a log obeys none of it: line breaks are references, `##[` is none. At most [`MARKS`] combining marks stand
/// on a character.
#[must_use]
pub fn html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().saturating_add(16));
    let mut marks = 0_usize;
    for character in text.chars() {
        marks = match character.width() {
            Some(0) => marks.saturating_add(1),
            Some(_) | None => 0,
        };
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push_str("&#10;"),
            '[' if escaped.ends_with("##") => escaped.push_str("&#91;"),
            _ if is_hidden(character) || marks > MARKS => push_hidden(&mut escaped, character),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The value of a YAML scalar in double quotes, quotes included (YAML 1.2, section 5.7).
#[must_use]
pub fn yaml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().saturating_add(2));
    escaped.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => escaped.extend(['\\', character]),
            _ if is_hidden(character) => {
                let _ = write!(escaped, "\\U{:08x}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped.push('"');
    escaped
}

/// A word for a POSIX shell: in quotes where it needs them.
#[must_use]
pub fn shell(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./@:+=,".contains(&byte);
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("'{}'", text.replace('\'', "'\\''"))),
    }
}

fn push_hidden(escaped: &mut String, character: char) {
    let _ = write!(escaped, "\\u{{{:x}}}", u32::from(character));
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[31m\u{202e}b\u{7f}\u{9b}\u{e0001}\u{fe0f}\u{3164}\n@you #1 GH-2 [x](y) <b> <!-- | www.x ##[x]";

    #[test]
    fn nothing_hidden_gets_through() {
        for escaped in [
            terminal(HOSTILE),
            markdown(HOSTILE),
            yaml(HOSTILE),
            markdown_code(HOSTILE),
        ] {
            assert!(!escaped.contains(is_hidden), "{escaped:?}");
        }
        assert!(!html(HOSTILE).contains(is_hidden));
        let encoded = serde_json::to_string(HOSTILE).expect("a string");
        let escaped = json(&encoded);
        assert!(escaped.is_ascii() && !escaped.contains('\u{7f}'));
        assert_eq!(serde_json::from_str::<String>(&escaped).expect("JSON"), HOSTILE);
    }

    #[test]
    fn a_sentence_has_its_code_and_no_other_markup() {
        let text = "Run `a b`, or `c|d`. 1. *x* `e";
        let escaped = markdown_sentence(text);
        assert_eq!(escaped, "Run `a b`, or <code>c\\|d</code>. 1. \\*x\\* \\`e");
        assert_eq!(markdown_sentence("- `x`- y"), "\\- `x`- y");
    }

    #[test]
    fn markdown_does_nothing() {
        let shown = markdown(HOSTILE);
        for live in ["@", "#1", "<b>", " | ", "GH-2", "<!--", "www.", "[x](y)"] {
            assert!(!shown.contains(live), "{live} in {shown}");
        }
        assert_eq!(
            markdown("https://a.example"),
            "https<span>&#58;</span>/<span>/</span>a.example"
        );
        assert_eq!(markdown("note: 1.2 and std"), "note: 1.2 and std");
        assert_eq!(markdown("1. one"), "1\\. one");
        assert_eq!(markdown("  # one"), "<span>&#35;</span> one");
        assert_eq!(markdown("0.10.48"), "0.10.48");
        assert_eq!(markdown_code("serde_json 1.0"), "`serde_json 1.0`");
        assert!(!markdown_code("##[error]").contains("##["));
        assert_eq!(markdown_code("a|b`"), "<code>a\\|b\\`</code>");
    }

    #[test]
    fn html_is_text_and_nothing_else() {
        let shown = html(HOSTILE);
        for live in ["<", ">", "\"", "'", "\n", "##["] {
            assert!(!shown.contains(live), "{live} in {shown}");
        }
        assert_eq!(html("a\n::error::b"), "a&#10;::error::b");
        assert_eq!(
            html("x' onerror=\"y\" &lt;"),
            "x&#39; onerror=&quot;y&quot; &amp;lt;"
        );
        assert_eq!(html("caf\u{e9} \u{6f22} 1.2"), "caf\u{e9} \u{6f22} 1.2");
    }

    #[test]
    fn a_log_obeys_nothing() {
        assert_eq!(terminal("##[error]x ###[y"), "##\\[error]x ###\\[y");
        let heap = format!("Z{}", "\u{301}".repeat(4));
        assert_eq!(terminal(&heap), "Z\u{301}\u{301}\\u{301}\\u{301}");
    }
}
