//! Bytes to text: UTF-8 and UTF-16 with their byte order marks.

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
}

/// Decodes `bytes`. Whatever cannot be decoded becomes U+FFFD and the first such place a problem.
#[must_use]
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, Encoding::Utf16Le, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, Encoding::Utf16Be, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, Encoding::Utf8Bom),
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
}
