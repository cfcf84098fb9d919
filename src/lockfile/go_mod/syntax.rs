//! The line syntax that `go.mod` and `go.work` share: words, strings, comments and blocks in parentheses.
//!
//! The rules are those of the lexer in `golang.org/x/mod/modfile`. No token crosses a line, so that a
//! damaged line costs that line only.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::text::{Problems, Span};

/// One word of a line.
#[derive(Debug, Clone)]
pub(super) struct Word<'t> {
    /// What it says, without quotes.
    pub(super) text: Cow<'t, str>,
    /// Where that stands, inside the quotes.
    pub(super) span: Span,
    /// The whole word, quotes and all.
    whole: Span,
}

/// A directive: a line of its own, or one line of a block.
#[derive(Debug)]
pub(super) struct Statement<'w, 't> {
    /// The directive's name.
    pub(super) verb: &'w str,
    /// What follows the name.
    pub(super) words: &'w [Word<'t>],
    /// From the first to the last word of the line.
    pub(super) span: Span,
    /// What follows `//` at the end of the line.
    pub(super) comment: &'t str,
}

/// Gives each statement of `text` to `each`, until that breaks. `blocks` are the directives that may open a block.
pub(super) fn read<'t>(
    text: &'t str,
    blocks: &[&str],
    problems: &mut Problems,
    mut each: impl FnMut(Statement<'_, 't>, &mut Problems) -> ControlFlow<()>,
) {
    let mut block: Option<Block> = None;
    let mut words = Vec::new();
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        words.clear();
        let comment = tokens(line, start, &mut words, problems);
        start = start.saturating_add(line.len());
        let Some(comment) = comment else {
            continue;
        };
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            continue;
        };
        let span = first.whole.join(last.whole);
        match &block {
            Some(open) => {
                if first.is(")") {
                    if words.len() > 1 {
                        problems.add(span, "a line goes on after a closing parenthesis");
                    }
                    block = None;
                } else if let Some(verb) = &open.verb {
                    let statement = Statement {
                        verb,
                        words: &words,
                        span,
                        comment,
                    };
                    if each(statement, problems).is_break() {
                        return;
                    }
                }
            }
            None => match words.as_slice() {
                [opened @ .., parenthesis] if parenthesis.is("(") && !opened.is_empty() => {
                    block = Some(Block::open(opened, span, blocks, problems));
                }
                [opened @ .., left, right] if left.is("(") && right.is(")") && !opened.is_empty() => {
                    Block::open(opened, span, blocks, problems);
                }
                [verb, rest @ ..] => {
                    let statement = Statement {
                        verb: &verb.text,
                        words: rest,
                        span,
                        comment,
                    };
                    if each(statement, problems).is_break() {
                        return;
                    }
                }
                [] => {}
            },
        }
    }
    if let Some(open) = block {
        problems.add(open.span, "the file ends inside this block");
    }
}

/// A block that is open.
struct Block {
    /// The directive that its lines belong to; `None` if they are not understood.
    verb: Option<String>,
    span: Span,
}

impl Block {
    fn open(words: &[Word<'_>], span: Span, blocks: &[&str], problems: &mut Problems) -> Self {
        let verb = match words {
            [verb] if blocks.iter().any(|block| verb.is(block)) => Some(verb.text.to_string()),
            _ => {
                problems.add(span, "no such block is known; what stands inside is not read");
                None
            }
        };
        Self { verb, span }
    }
}

impl Word<'_> {
    fn is(&self, text: &str) -> bool {
        self.text == text
    }
}

/// Cuts a line into words and gives what follows `//`, which is empty if nothing does. `None` where the line is damaged.
fn tokens<'t>(
    line: &'t str,
    start: usize,
    words: &mut Vec<Word<'t>>,
    problems: &mut Problems,
) -> Option<&'t str> {
    let end = start.saturating_add(line.len());
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let at = end.saturating_sub(rest.len());
        if let Some(comment) = rest.strip_prefix("//") {
            return Some(comment);
        }
        let length = match rest.as_bytes() {
            [] => return Some(""),
            [b'/', b'*', ..] => {
                problems.add(
                    Span::new(at, at.saturating_add(2)),
                    "only // comments are allowed here",
                );
                return None;
            }
            [b'(' | b')' | b'[' | b']' | b'{' | b'}' | b',', ..] => 1,
            [quote @ (b'"' | b'`'), inside @ ..] => match closing(*quote, inside) {
                Some(inner) => inner.saturating_add(2),
                None => {
                    problems.add(Span::new(at, end), "a string is not closed on its line");
                    return None;
                }
            },
            _ => identifier(rest),
        };
        let Some((token, after)) = rest
            .split_at_checked(length)
            .filter(|(token, _)| !token.is_empty())
        else {
            problems.add(Span::at(at), "this character may not stand here");
            return None;
        };
        words.push(word(token, Span::new(at, at.saturating_add(length)), problems)?);
        rest = after;
    }
}

/// The length of what stands before the closing quote.
fn closing(quote: u8, inside: &[u8]) -> Option<usize> {
    let mut escaped = false;
    inside.iter().position(|byte| {
        let closes = *byte == quote && !escaped;
        escaped = !escaped && *byte == b'\\' && quote == b'"';
        closes
    })
}

/// The length of the identifier at the start of `text`: printable characters without white space or punctuation.
fn identifier(text: &str) -> usize {
    let mut before = '\0';
    text.char_indices()
        .find(|(_, character)| {
            let comment = before == '/' && matches!(character, '/' | '*');
            before = *character;
            comment
                || matches!(character, '(' | ')' | '[' | ']' | '{' | '}' | ',')
                || character.is_whitespace()
                || character.is_control()
        })
        .map_or(text.len(), |(at, character)| match character {
            // The comment began one character earlier.
            '/' | '*' => at.saturating_sub(1),
            _ => at,
        })
}

/// What a token says. Go refuses quotes other than a whole string in `"`.
fn word<'t>(token: &'t str, span: Span, problems: &mut Problems) -> Option<Word<'t>> {
    let inner = Span {
        start: span.start.saturating_add(1),
        end: span.end.saturating_sub(1),
    };
    if let Some(inside) = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let Some(text) = unescape(inside) else {
            problems.add(span, "this string holds an escape that Go does not know");
            return None;
        };
        return Some(Word {
            text,
            span: inner,
            whole: span,
        });
    }
    if let Some(inside) = token.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        problems.add(span, "Go reads strings in \" here, not in `");
        return Some(Word {
            text: Cow::Borrowed(inside),
            span: inner,
            whole: span,
        });
    }
    if token.contains(['"', '\'', '`']) {
        problems.add(span, "a quote may not stand inside a word");
        return None;
    }
    Some(Word {
        text: Cow::Borrowed(token),
        span,
        whole: span,
    })
}

/// The text of an interpreted string (Go specification, "String literals"), where it is UTF-8.
fn unescape(inside: &str) -> Option<Cow<'_, str>> {
    if !inside.contains('\\') {
        return Some(Cow::Borrowed(inside));
    }
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let kind = escape.chars().next()?;
        let after = escape.get(kind.len_utf8()..)?;
        let (digits, radix, from) = match kind {
            'x' => (2, 16, after),
            'u' => (4, 16, after),
            'U' => (8, 16, after),
            '0'..='7' => (3, 8, escape),
            _ => {
                text.push(match kind {
                    'a' => '\x07',
                    'b' => '\x08',
                    'f' => '\x0C',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\x0B',
                    '\\' | '"' => kind,
                    _ => return None,
                });
                rest = after;
                continue;
            }
        };
        let (number, after) = from.split_at_checked(digits)?;
        // A sign is no digit, though `from_str_radix` would take it.
        let code = u32::from_str_radix(number.strip_prefix('+').map_or(number, |_| ""), radix).ok()?;
        // Bytes above ASCII are pieces of characters, which no module path or version holds.
        if matches!(kind, 'x' | '0'..='7') && code > 0x7F {
            return None;
        }
        text.push(char::from_u32(code)?);
        rest = after;
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> (Vec<String>, Vec<String>) {
        let mut problems = Problems::default();
        let mut list = Vec::new();
        read(text, &["require", "retract"], &mut problems, |statement, _| {
            let words: Vec<String> = statement
                .words
                .iter()
                .map(|word| format!("{}@{}", word.text, word.span.start))
                .collect();
            list.push(format!(
                "{} {} //{}",
                statement.verb,
                words.join(" "),
                statement.comment
            ));
            ControlFlow::Continue(())
        });
        let problems = problems
            .into_vec()
            .into_iter()
            .map(|problem| format!("{}: {}", problem.span.start, problem.message))
            .collect();
        (list, problems)
    }

    #[test]
    fn lines_blocks_and_comments() {
        let (list, problems) = statements(
            "// head\nmodule \"m\"\r\nrequire ( // open\n\ta v1//indirect\n\n // c\n\tb/c v2 // d\n) // end\nrequire ()\nretract [v1, v2]\n",
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(
            list,
            [
                "module m@16 //",
                "require a@39 v1@41 //indirect\n",
                "require b/c@62 v2@66 // d\n",
                "retract [@102 v1@103 ,@105 v2@107 ]@109 //",
            ]
        );
    }

    #[test]
    fn damage_costs_a_line() {
        let (list, problems) =
            statements("a \"x\nb /* c */\nc d\x01e\ngo (\nx\n)\nrequire `p` q'r\nrequire (\nz\n");
        assert_eq!(list, ["require z@56 //"]);
        assert_eq!(
            problems,
            [
                "2: a string is not closed on its line",
                "7: only // comments are allowed here",
                "18: this character may not stand here",
                "21: no such block is known; what stands inside is not read",
                "38: Go reads strings in \" here, not in `",
                "42: a quote may not stand inside a word",
                "46: the file ends inside this block",
            ]
        );
    }

    #[test]
    fn strings_are_unescaped() {
        assert_eq!(unescape(r"a\x2fb\u0063\144\\\n").as_deref(), Some("a/bcd\\\n"));
        for refused in [r"\'", r"\", r"\x2", r"\x+f", r"\xff", r"\q", r"\ud800", "\\é"] {
            assert_eq!(unescape(refused), None, "{refused}");
        }
    }

    #[test]
    fn identifiers_end_at_comments() {
        assert_eq!(identifier("a/b//c"), 3);
        assert_eq!(identifier("a/*"), 1);
        assert_eq!(identifier("https://x"), 6);
        assert_eq!(identifier("a"), 1);
        assert_eq!(identifier("é(b"), 2);
        assert_eq!(identifier("\u{1}"), 0);
        assert_eq!(identifier("/a"), 2);
    }
}
