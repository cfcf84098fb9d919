//! The words of a file in Ruby, as far as a plain `Gemfile` uses the language. What is written in another way (heredocs, regular
//! expressions, instance variables, splats) is [`Token::Odd`], and whoever meets it has not understood the file.

/// A word of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A name or a keyword: `gem`, `ENV`, `exist?`.
    Word(&'t str),
    /// `group:`.
    Label(&'t str),
    /// `:group`.
    Symbol(&'t str),
    /// A text in quotes.
    Text(Text<'t>),
    /// `%w[a b]` and `%i[a b]`.
    List(Vec<&'t str>),
    Number,
    /// An operator or a bracket.
    Mark(&'t str),
    /// The end of a statement.
    End,
    Odd,
}

/// A text in quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text<'t> {
    /// What it says, where nothing in it is escaped or computed.
    pub(super) literal: Option<&'t str>,
    /// The names in what is computed (`#{…}`).
    pub(super) names: Vec<&'t str>,
}

/// Marks of more than one character, the longest first.
const MARKS: [&str; 16] = [
    "||=", "<=>", "===", "=>", "==", "=~", "!=", "<=", ">=", "&&", "||", "::", "..", "+=", "<<", "**",
];

/// Marks that a plain file uses.
const PLAIN: &str = "()[]{},.=<>!|?:+-;";

/// Reads the words of `text`, with one [`Token::End`] at the end.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        text,
        rest: text,
        tokens: Vec::new(),
    };
    while lexer.step() {}
    lexer.tokens.push(Token::End);
    lexer.tokens
}

struct Lexer<'t> {
    text: &'t str,
    rest: &'t str,
    tokens: Vec<Token<'t>>,
}

impl<'t> Lexer<'t> {
    /// Reads one word; `false` at the end.
    fn step(&mut self) -> bool {
        let rest = self.rest;
        let Some(first) = rest.chars().next() else {
            return false;
        };
        match first {
            '\n' => {
                self.line_end();
                self.take(1);
                self.block_comment();
            }
            ' ' | '\t' | '\r' => {
                self.take(1);
            }
            '\\' if rest.starts_with("\\\n") || rest.starts_with("\\\r\n") => {
                self.take(if rest.starts_with("\\\n") { 2 } else { 3 });
            }
            '#' => {
                let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
                self.take(end);
            }
            '\'' | '"' => self.quoted(first),
            '%' => self.list(),
            ':' if !rest.starts_with("::") => self.symbol(),
            '0'..='9' => {
                let end = rest.find(|next: char| !next.is_ascii_alphanumeric() && next != '_');
                self.take(end.unwrap_or(rest.len()));
                self.tokens.push(Token::Number);
            }
            'a'..='z' | 'A'..='Z' | '_' => self.word(),
            _ => self.mark(first),
        }
        true
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// A line end ends a statement, unless that goes on by its last word.
    fn line_end(&mut self) {
        let goes_on = match self.tokens.last() {
            None | Some(Token::End | Token::Label(_)) => true,
            Some(Token::Mark(mark)) => !matches!(*mark, ")" | "]" | "}" | "|" | "?" | "!"),
            Some(Token::Word(word)) => matches!(*word, "and" | "or" | "not"),
            Some(_) => false,
        };
        if !goes_on {
            self.tokens.push(Token::End);
        }
    }

    /// Passes over `=begin` to `=end`, and leaves out what stands behind `__END__`, at the start of a line.
    fn block_comment(&mut self) {
        if self.rest.starts_with("=begin") {
            let end = memchr::memmem::find(self.rest.as_bytes(), b"\n=end");
            self.take(end.map_or(self.rest.len(), |end| end.saturating_add("\n=end".len())));
        } else if self
            .rest
            .strip_prefix("__END__")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['\n', '\r']))
        {
            self.rest = "";
        }
    }

    fn word(&mut self) {
        let end = self
            .rest
            .find(|next: char| !next.is_ascii_alphanumeric() && next != '_');
        let mut end = end.unwrap_or(self.rest.len());
        let behind = self.rest.get(end..).unwrap_or_default();
        if behind.starts_with(['?', '!']) && !behind.starts_with("!=") && !behind.starts_with("?:") {
            end = end.saturating_add(1);
        }
        let word = self.take(end);
        let is_label = self.rest.starts_with(':') && !self.rest.starts_with("::");
        if is_label {
            self.take(1);
        }
        self.tokens.push(match is_label {
            true => Token::Label(word),
            false => Token::Word(word),
        });
    }

    /// `:name`, or a colon alone.
    fn symbol(&mut self) {
        self.take(1);
        let end = self
            .rest
            .find(|next: char| !next.is_ascii_alphanumeric() && next != '_');
        let name = self
            .rest
            .get(..end.unwrap_or(self.rest.len()))
            .unwrap_or_default();
        if name.starts_with(|first: char| !first.is_ascii_digit()) {
            self.take(name.len());
            self.tokens.push(Token::Symbol(name));
        } else if let Some(quote @ ('"' | '\'')) = self.rest.chars().next() {
            self.quoted(quote);
            let symbol = match self.tokens.pop() {
                Some(Token::Text(Text {
                    literal: Some(name), ..
                })) => Token::Symbol(name),
                _ => Token::Odd,
            };
            self.tokens.push(symbol);
        } else {
            self.tokens.push(Token::Mark(":"));
        }
    }

    fn quoted(&mut self, quote: char) {
        self.take(1);
        let inside = self.rest;
        let mut escaped = false;
        let mut is_literal = true;
        let end = inside.char_indices().find(|(_, character)| {
            let closes = *character == quote && !escaped;
            is_literal &= *character != '\\' && (*character != '#' || quote == '\'');
            escaped = !escaped && *character == '\\';
            closes
        });
        let Some((end, _)) = end else {
            self.rest = "";
            self.tokens.push(Token::Odd);
            return;
        };
        let inside = self.take(end);
        self.take(1);
        let names = match is_literal || quote == '\'' {
            true => Some(Vec::new()),
            false => names(inside),
        };
        self.tokens.push(names.map_or(Token::Odd, |names| {
            Token::Text(Text {
                literal: is_literal.then_some(inside),
                names,
            })
        }));
    }

    /// `%w[a b]`, `%i(a b)`.
    fn list(&mut self) {
        let mut letters = self.rest.chars().skip(1);
        let close = match (letters.next(), letters.next()) {
            (Some('w' | 'i'), Some('[')) => ']',
            (Some('w' | 'i'), Some('(')) => ')',
            (Some('w' | 'i'), Some('{')) => '}',
            (Some('w' | 'i'), Some('<')) => '>',
            _ => return self.odd(1),
        };
        self.take(3);
        let Some(end) = self.rest.find(close) else {
            self.rest = "";
            self.tokens.push(Token::Odd);
            return;
        };
        let inside = self.take(end);
        self.take(1);
        let token = match inside.contains(['\\', '[', '(', '{', '<']) {
            true => Token::Odd,
            false => Token::List(inside.split_ascii_whitespace().collect()),
        };
        self.tokens.push(token);
    }

    fn mark(&mut self, first: char) {
        let known = MARKS.iter().find(|mark| self.rest.starts_with(**mark));
        match known {
            // A heredoc or a shift; a splat.
            Some(&("<<" | "**")) => self.odd(2),
            Some(mark) => {
                self.take(mark.len());
                self.tokens.push(Token::Mark(mark));
            }
            None if first == ';' => {
                self.take(1);
                self.tokens.push(Token::End);
            }
            None if PLAIN.contains(first) => {
                let mark = self.take(1);
                self.tokens.push(Token::Mark(mark));
            }
            None if first == '\u{feff}' && self.rest.len() == self.text.len() => {
                self.take(first.len_utf8());
            }
            None => self.odd(first.len_utf8()),
        }
    }

    fn odd(&mut self, length: usize) {
        self.take(length);
        self.tokens.push(Token::Odd);
    }
}

/// The names in the computed parts of a text; `None` where these are more than names, calls and keys.
fn names(inside: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut parts = inside.split("#{");
    parts.next();
    for part in parts {
        let (code, _) = part.split_once('}')?;
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.?![]'\": ,()-".contains(letter);
        if !code.chars().all(is_plain) {
            return None;
        }
        let words = code.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_?!".contains(letter));
        names.extend(words.filter(|word| word.starts_with(|first: char| !first.is_ascii_digit())));
    }
    Some(names)
}
