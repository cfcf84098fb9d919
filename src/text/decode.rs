//! Bytes to text: UTF-8 and UTF-16 with their byte order marks, and what the declaration of an XML file says.

use std::borrow::Cow;

use super::{Problem, Span};

/// A decoded text. Spans and places count in `text`, where no byte order mark is left.
#[derive(Debug)]
pub struct Decoded<'b> {
    /// The text without its byte order mark.
    pub text: Cow<'b, str>,
    /// How the bytes were read.
    pub encoding: Encoding,
    /// The first byte sequence that the encoding does not allow.
    pub problem: Option<Problem>,
}

/// The encodings that lockfiles come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-8 behind `EF BB BF`.
    Utf8Bom,
    /// UTF-16, little endian, behind `FF FE`: what PowerShell's `>` writes.
    Utf16Le,
    /// UTF-16, big endian, behind `FE FF`.
    Utf16Be,
    /// One byte a character, as the declaration of an XML file says.
    OneByte,
}

/// Decodes `bytes`. Whatever cannot be decoded becomes U+FFFD and the first such place a problem.
#[must_use]
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, Encoding::Utf16Le, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, Encoding::Utf16Be, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, Encoding::Utf8Bom),
        _ if let Some(table) = declared(bytes).filter(|_| !bytes.is_ascii()) => one_byte(bytes, table),
        _ => utf8(bytes, Encoding::Utf8),
    }
}

fn utf8(bytes: &[u8], encoding: Encoding) -> Decoded<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded {
            text: Cow::Borrowed(text),
            encoding,
            problem: None,
        },
        Err(error) => {
            let start = error.valid_up_to();
            // The span counts in the text, where U+FFFD stands for the sequence.
            let length = char::REPLACEMENT_CHARACTER.len_utf8();
            Decoded {
                text: String::from_utf8_lossy(bytes),
                encoding,
                problem: Some(Problem {
                    span: Span::new(start, start.saturating_add(length)),
                    message: "a byte sequence is not UTF-8".into(),
                }),
            }
        }
    }
}

/// What XML may be declared as here, with one byte a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Ascii,
    Latin1,
    Latin9,
    Windows1252,
}

/// A declaration is not longer.
const MAX_DECLARATION: usize = 1024;

/// The table that the declaration at the start of an XML file names.
fn declared(bytes: &[u8]) -> Option<Table> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    let rest = rest.get(..MAX_DECLARATION).unwrap_or(rest);
    let end = memchr::memmem::find(rest, b"?>")?;
    let declaration = std::str::from_utf8(rest.get(..end)?).ok()?;
    let (before, value) = declaration.split_once("encoding")?;
    if !before.ends_with([' ', '\t', '\r', '\n']) {
        return None;
    }
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (name, _) = value.get(1..)?.split_once(quote)?;
    match name.to_ascii_lowercase().as_str() {
        "us-ascii" | "ascii" => Some(Table::Ascii),
        "iso-8859-1" | "iso8859-1" | "iso8859_1" | "iso_8859-1" | "latin1" | "latin-1" => Some(Table::Latin1),
        "iso-8859-15" | "iso8859-15" | "iso8859_15" | "iso_8859-15" | "latin9" | "latin-9" => {
            Some(Table::Latin9)
        }
        "windows-1252" | "cp1252" => Some(Table::Windows1252),
        _ => None,
    }
}

/// What Windows-1252 has from 0x80 on in the place of control characters; five are free.
const WINDOWS_1252: [Option<char>; 32] = {
    const NONE: Option<char> = None;
    [
        Some('€'),
        NONE,
        Some('‚'),
        Some('ƒ'),
        Some('„'),
        Some('…'),
        Some('†'),
        Some('‡'),
        Some('ˆ'),
        Some('‰'),
        Some('Š'),
        Some('‹'),
        Some('Œ'),
        NONE,
        Some('Ž'),
        NONE,
        NONE,
        Some('‘'),
        Some('’'),
        Some('“'),
        Some('”'),
        Some('•'),
        Some('–'),
        Some('—'),
        Some('˜'),
        Some('™'),
        Some('š'),
        Some('›'),
        Some('œ'),
        NONE,
        Some('ž'),
        Some('Ÿ'),
    ]
};

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Ascii => "US-ASCII",
            Self::Latin1 => "ISO-8859-1",
            Self::Latin9 => "ISO-8859-15",
            Self::Windows1252 => "windows-1252",
        }
    }

    fn of(self, byte: u8) -> Option<char> {
        match (self, byte) {
            (_, ..0x80) => Some(char::from(byte)),
            (Self::Ascii, _) => None,
            (Self::Latin9, 0xA4) => Some('€'),
            (Self::Latin9, 0xA6) => Some('Š'),
            (Self::Latin9, 0xA8) => Some('š'),
            (Self::Latin9, 0xB4) => Some('Ž'),
            (Self::Latin9, 0xB8) => Some('ž'),
            (Self::Latin9, 0xBC) => Some('Œ'),
            (Self::Latin9, 0xBD) => Some('œ'),
            (Self::Latin9, 0xBE) => Some('Ÿ'),
            (Self::Windows1252, 0x80..0xA0) => {
                let at = usize::from(byte).saturating_sub(0x80);
                WINDOWS_1252.get(at).copied().flatten()
            }
            (Self::Latin1 | Self::Latin9 | Self::Windows1252, _) => Some(char::from(byte)),
        }
    }
}

fn one_byte(bytes: &[u8], table: Table) -> Decoded<'static> {
    let mut text = String::with_capacity(bytes.len().saturating_add(bytes.len() / 8));
    let mut problem = None;
    for byte in bytes {
        text.push(table.of(*byte).unwrap_or_else(|| {
            problem.get_or_insert(Problem {
                span: Span::at(text.len()),
                message: format!("a byte is not {}, as the file says", table.name()),
            });
            char::REPLACEMENT_CHARACTER
        }));
    }
    Decoded {
        text: Cow::Owned(text),
        encoding: Encoding::OneByte,
        problem,
    }
}

fn utf16(bytes: &[u8], encoding: Encoding, unit: fn([u8; 2]) -> u16) -> Decoded<'static> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let mut problem = None;
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(decoded.unwrap_or_else(|_| {
            problem.get_or_insert(Problem {
                span: Span::at(text.len()),
                message: "a surrogate of UTF-16 stands alone".into(),
            });
            char::REPLACEMENT_CHARACTER
        }));
    }
    if !odd.is_empty() {
        problem.get_or_insert(Problem {
            span: Span::at(text.len()),
            message: "the last character of UTF-16 is cut in half".into(),
        });
    }
    Decoded {
        text: Cow::Owned(text),
        encoding,
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_decide() {
        assert_eq!(decode(b"\xEF\xBB\xBFa").text, "a");
        assert_eq!(decode(b"\xFF\xFEa\0\n\0").text, "a\n");
        assert_eq!(decode(b"\xFE\xFF\0a").text, "a");
        assert!(decode(b"\xFF\xFEa").problem.is_some());
        assert!(
            decode(b"a\xFFb")
                .problem
                .is_some_and(|problem| problem.span.start == 1)
        );
        assert!(decode(b"\xFF\xFE\x00\xD8a\0").problem.is_some());
    }

    #[test]
    fn xml_says_which_table_it_has() {
        let said = |encoding: &str, rest: &[u8]| {
            let mut bytes = format!("<?xml version=\"1.0\" encoding={encoding}?>").into_bytes();
            let start = bytes.len();
            bytes.extend_from_slice(rest);
            let decoded = decode(&bytes);
            let problem = decoded.problem.map(|problem| problem.message);
            (decoded.text.get(start..).unwrap_or_default().to_owned(), problem)
        };
        for (encoding, bytes, text) in [
            ("\"ISO-8859-1\"", &b"Andr\xE9 \x85\xA4"[..], "André \u{85}¤"),
            ("'latin1'", b"\xFC", "ü"),
            ("\"iso-8859-15\"", b"\xA4\xE9", "€é"),
            ("\"Windows-1252\"", b"\x80\x9F\xE9", "€Ÿé"),
            ("\"Cp1252\"", b"\xFF", "ÿ"),
            ("\"US-ASCII\"", b"a", "a"),
            ("\"utf-8\"", "é".as_bytes(), "é"),
            ("\"ISO-8859-1\"", "é".as_bytes(), "Ã©"),
            ("\"US-ASCII\" standalone=\"yes\"", b"a", "a"),
        ] {
            assert_eq!(said(encoding, bytes), (text.to_owned(), None), "{encoding}");
        }
        for (encoding, bytes, message) in [
            (
                "\"US-ASCII\"",
                &b"\xE9"[..],
                "a byte is not US-ASCII, as the file says",
            ),
            (
                "\"windows-1252\"",
                b"\x81",
                "a byte is not windows-1252, as the file says",
            ),
            ("\"ISO-8859-5\"", b"\xE9", "a byte sequence is not UTF-8"),
            ("\"utf-8\"", b"\xE9", "a byte sequence is not UTF-8"),
            ("\"latin1'", b"\xE9", "a byte sequence is not UTF-8"),
        ] {
            assert_eq!(said(encoding, bytes).1.as_deref(), Some(message), "{encoding}");
        }
        // Only at the start, and a byte order mark comes first.
        assert!(decode(b" <?xml encoding=\"latin1\"?>\xE9").problem.is_some());
        assert!(
            decode(b"\xEF\xBB\xBF<?xml encoding=\"latin1\"?>\xE9")
                .problem
                .is_some()
        );
        assert!(decode(b"encoding=\"latin1\" \xE9").problem.is_some());
    }
}
