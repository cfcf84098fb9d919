//! What one value of YAML is and where its text stands.

use saphyr_parser::ScalarStyle;

use crate::text::Span;
use crate::text::tree::Kind;

/// Whether an anchor or a tag stands before a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Properties {
    /// Neither.
    None,
    /// At least one of them.
    Some,
}

/// The span of a scalar's text within its token: inside the quotes; of a block from its first line.
pub(super) fn inside(text: &str, token: Span, style: ScalarStyle, properties: Properties) -> Span {
    let span = behind(text, token, properties);
    let token = span.of(text);
    match style {
        ScalarStyle::Plain => span,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            span.inside(1..closing_quote(token.as_bytes()))
        }
        ScalarStyle::Literal | ScalarStyle::Folded => {
            // Behind an anchor or a tag the parser begins with the header, else with the first line.
            let from = match (properties, token.find('\n')) {
                (Properties::None, _) | (Properties::Some, None) => 0,
                (Properties::Some, Some(header)) => {
                    let body = token.get(header..).unwrap_or_default().trim_start();
                    token.len().saturating_sub(body.len())
                }
            };
            span.inside(from..token.trim_end().len().max(from))
        }
    }
}

/// A token without the anchor and the tag that stand before the value.
pub(super) fn behind(text: &str, token: Span, properties: Properties) -> Span {
    match properties {
        Properties::None => return token,
        Properties::Some => {}
    }
    let whole = token.of(text);
    let mut rest = whole;
    loop {
        rest = rest.trim_start();
        rest = match rest.bytes().next() {
            Some(b'#') => rest
                .find('\n')
                .and_then(|end| rest.get(end..))
                .unwrap_or_default(),
            Some(b'&' | b'!') => rest
                .find(|character: char| character.is_ascii_whitespace() || ",[]{}".contains(character))
                .and_then(|end| rest.get(end..))
                .unwrap_or_default(),
            Some(_) | None => break,
        };
    }
    token.inside(whole.len().saturating_sub(rest.len())..whole.len())
}

/// Where the quote that closes a quoted scalar stands; the scalar begins with the one that opens it.
fn closing_quote(token: &[u8]) -> usize {
    let quote = token.first().copied().unwrap_or(b'"');
    let mut at = 1_usize;
    while let Some(byte) = token.get(at) {
        let width = match byte {
            b'\\' if quote == b'"' => 2,
            b'\'' if quote == b'\'' && token.get(at.saturating_add(1)) == Some(&b'\'') => 2,
            byte if *byte == quote => return at,
            _ => 1,
        };
        at = at.saturating_add(width);
    }
    token.len()
}

/// What a plain scalar is (YAML 1.2.2, section 10.3.2).
pub(super) fn core(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Kind::Bool,
        _ if is_number(text) => Kind::Number,
        _ => Kind::PlainString,
    }
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match (text.get(..2), text.get(2..)) {
        (Some("0o"), Some(rest)) => {
            return !rest.is_empty() && rest.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        }
        (Some("0x"), Some(rest)) => {
            return !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit());
        }
        (_, _) => {}
    }
    if matches!(text, ".nan" | ".NaN" | ".NAN") || matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let exponent = exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)));
    let mantissa = match mantissa.split_once('.') {
        None => digits(mantissa),
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
    };
    mantissa && exponent
}
