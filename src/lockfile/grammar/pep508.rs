//! Dependency specifiers of Python packages (PEP 508), and as much of version specifiers (PEP 440) as identifies an
//! exact pin from a range.
//!
//! Lenient where it costs nothing: a version is any run of its characters, since files of years ago hold versions
//! that no tool of today would take. Markers are kept as text and never evaluated, since one lockfile serves
//! many machines.

use crate::text::{Problem, Span};

/// One specifier, as spans of the text that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The package's name as written.
    pub name: Span,
    /// The extras asked for.
    pub extras: Vec<Span>,
    /// What the version must be; empty for any version and for a direct reference.
    pub specifiers: Vec<Specifier>,
    /// The address of a direct reference (`name @ address`).
    pub address: Option<Span>,
    /// The environment marker behind `;`.
    pub marker: Option<Span>,
}

/// One clause of a version specifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Specifier {
    /// How versions are compared with [`Specifier::version`].
    pub operator: Operator,
    /// The version's text without its operator.
    pub version: Span,
}

/// The operators of PEP 440.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `===`: the same text.
    Identical,
    /// `==`, also with a trailing `.*`.
    Equal,
    /// `~=`
    Compatible,
    /// `!=`
    NotEqual,
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `>`
    Above,
}

impl Requirement {
    /// The version's text if the specifiers of the requirement, which was read from `text`, let exactly one version
    /// pass. `==1.2.*` and a version that the environment sets (`==${VERSION}`) are no exact pins, two
    /// different pins neither.
    #[must_use]
    pub fn exact(&self, text: &str) -> Option<Span> {
        let mut pins = self
            .specifiers
            .iter()
            .filter(|specifier| specifier.is_exact(text))
            .map(|specifier| specifier.version);
        let first = pins.next()?;
        pins.all(|pin| pin.of(text) == first.of(text)).then_some(first)
    }
}

impl Operator {
    /// As it is written: `==`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        let sign = OPERATORS.iter().find(|(_, operator)| *operator == self);
        sign.map_or("", |(sign, _)| sign)
    }
}

impl Requirement {
    /// The specifiers of the requirement, which was read from `text`, without spaces: `>=1,<2`; empty for none.
    #[must_use]
    pub fn range(&self, text: &str) -> String {
        let parts = self.specifiers.iter();
        let parts = parts.map(|part| format!("{}{}", part.operator.as_str(), part.version.of(text)));
        parts.collect::<Vec<String>>().join(",")
    }
}

impl Specifier {
    fn is_exact(&self, text: &str) -> bool {
        let version = self.version.of(text);
        match self.operator {
            Operator::Identical => !version.contains('$'),
            Operator::Equal => !version.contains(['$', '*']),
            Operator::Compatible
            | Operator::NotEqual
            | Operator::AtMost
            | Operator::AtLeast
            | Operator::Below
            | Operator::Above => false,
        }
    }
}

/// Reads `text`, which holds one specifier and nothing else.
///
/// # Errors
/// The first thing that no specifier holds at its place; spans count in `text`.
pub fn read(text: &str) -> Result<Requirement, Problem> {
    let mut cursor = Cursor { text, offset: 0 };
    cursor.spaces();
    let name = cursor.identifier("a package name is missing")?;
    cursor.spaces();
    let extras = if cursor.takes("[") {
        cursor.extras()?
    } else {
        Vec::new()
    };
    cursor.spaces();
    let (specifiers, address) = if cursor.takes("@") {
        cursor.spaces();
        (Vec::new(), Some(cursor.address()?))
    } else if cursor.takes("(") {
        let specifiers = cursor.specifiers()?;
        cursor.expect(")", "a parenthesis is not closed")?;
        (specifiers, None)
    } else {
        (cursor.specifiers()?, None)
    };
    cursor.spaces();
    let marker = if cursor.takes(";") { cursor.marker() } else { None };
    cursor.spaces();
    match cursor.rest() {
        "" => Ok(Requirement {
            name,
            extras,
            specifiers,
            address,
            marker,
        }),
        rest => Err(Problem {
            span: Span::new(cursor.offset, cursor.offset.saturating_add(rest.len())),
            message: "text that is no part of a requirement".into(),
        }),
    }
}

/// Longest first where one begins another.
const OPERATORS: [(&str, Operator); 8] = [
    ("===", Operator::Identical),
    ("==", Operator::Equal),
    ("~=", Operator::Compatible),
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Below),
    (">", Operator::Above),
];

struct Cursor<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Cursor<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn spaces(&mut self) {
        self.run(char::is_whitespace);
    }

    fn takes(&mut self, token: &str) -> bool {
        let taken = self.rest().starts_with(token);
        if taken {
            self.offset = self.offset.saturating_add(token.len());
        }
        taken
    }

    /// Goes over all characters that `belongs` accepts.
    fn run(&mut self, belongs: impl Fn(char) -> bool) -> Span {
        let start = self.offset;
        let rest = self.rest();
        let length = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
        self.offset = start.saturating_add(length);
        Span::new(start, self.offset)
    }

    fn expect(&mut self, token: &str, missing: &str) -> Result<(), Problem> {
        self.spaces();
        if self.takes(token) {
            Ok(())
        } else {
            Err(self.problem(missing))
        }
    }

    /// Letters, digits, `.`, `-` and `_`; the first and the last one a letter or digit.
    fn identifier(&mut self, missing: &str) -> Result<Span, Problem> {
        let start = self.offset;
        let span =
            self.run(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_'));
        let edges = |character: char| character.is_ascii_alphanumeric();
        let name = span.of(self.text);
        if name.starts_with(edges) && name.ends_with(edges) {
            return Ok(span);
        }
        self.offset = start;
        Err(self.problem(missing))
    }

    fn extras(&mut self) -> Result<Vec<Span>, Problem> {
        let mut extras = Vec::new();
        self.spaces();
        while !self.takes("]") {
            extras.push(self.identifier("a list of extras is not closed")?);
            self.spaces();
            if !self.takes(",") {
                self.expect("]", "a list of extras is not closed")?;
                break;
            }
            self.spaces();
        }
        Ok(extras)
    }

    fn address(&mut self) -> Result<Span, Problem> {
        let span = self.run(|character| !character.is_whitespace());
        if span.is_empty() {
            return Err(self.problem("an address is missing"));
        }
        Ok(span)
    }

    fn specifiers(&mut self) -> Result<Vec<Specifier>, Problem> {
        let mut specifiers = Vec::new();
        loop {
            self.spaces();
            let found = OPERATORS.iter().find(|(token, _)| self.rest().starts_with(token));
            let Some((token, operator)) = found else {
                return Ok(specifiers);
            };
            self.offset = self.offset.saturating_add(token.len());
            self.spaces();
            let version = match operator {
                Operator::Identical => {
                    self.run(|character| !character.is_whitespace() && !matches!(character, ',' | ';' | ')'))
                }
                Operator::Equal
                | Operator::Compatible
                | Operator::NotEqual
                | Operator::AtMost
                | Operator::AtLeast
                | Operator::Below
                | Operator::Above => self.run(is_version_character),
            };
            if version.is_empty() {
                return Err(self.problem("a version is missing"));
            }
            specifiers.push(Specifier {
                operator: *operator,
                version,
            });
            self.spaces();
            if !self.takes(",") {
                return Ok(specifiers);
            }
        }
    }

    /// The rest of the text; a `;` with nothing behind it is no marker, as for pip.
    fn marker(&mut self) -> Option<Span> {
        self.spaces();
        let marker = self.rest().trim_end();
        let start = self.offset;
        self.offset = start.saturating_add(marker.len());
        (!marker.is_empty()).then(|| Span::new(start, self.offset))
    }

    fn problem(&self, message: &str) -> Problem {
        let character = self.rest().chars().next().map_or(0, char::len_utf8);
        Problem {
            span: Span::new(self.offset, self.offset.saturating_add(character)),
            message: message.into(),
        }
    }
}

/// PEP 440 versions, a trailing `.*`, and the environment variables that pip would put in (`${VERSION}`).
fn is_version_character(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '.' | '-' | '_' | '+' | '!' | '*' | '$' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Option<&str> {
        let requirement = read(text).unwrap_or_else(|problem| panic!("{text}: {problem:?}"));
        requirement.exact(text).map(|span| span.of(text))
    }

    #[test]
    fn exact_pins() {
        for (text, version) in [
            ("a==1.2.3", Some("1.2.3")),
            ("a == 1.2.3", Some("1.2.3")),
            ("a===1.2.3", Some("1.2.3")),
            ("a===weird/version", Some("weird/version")),
            ("a (==1.2)", Some("1.2")),
            ("a[x, y-z]==1!2.0+cu118", Some("1!2.0+cu118")),
            ("a==1.0,!=2.0,", Some("1.0")),
            ("a>=1,==1.5", Some("1.5")),
            ("a==1.5,==1.5", Some("1.5")),
            ("a==1.5,==1.6", None),
            ("a==1.2.*", None),
            ("a==${A_VERSION}", None),
            ("a===${A_VERSION}", None),
            ("a~=1.2", None),
            ("a>=1,<2", None),
            ("a", None),
            ("a==1 ;", Some("1")),
            ("a[]", None),
            ("a @ https://registry.example/a-1.0.zip", None),
        ] {
            assert_eq!(exact(text), version, "{text}");
        }
    }

    #[test]
    fn parts_have_spans() {
        let text = " A.b-c [x] @ git+ssh://g@h/r.git@main#egg=a ; python_version < '3' ";
        let requirement = read(text).expect("a requirement");
        assert_eq!(requirement.name.of(text), "A.b-c");
        assert_eq!(
            requirement
                .extras
                .iter()
                .map(|extra| extra.of(text))
                .collect::<Vec<_>>(),
            ["x"]
        );
        assert_eq!(
            requirement.address.map(|address| address.of(text)),
            Some("git+ssh://g@h/r.git@main#egg=a")
        );
        assert_eq!(
            requirement.marker.map(|marker| marker.of(text)),
            Some("python_version < '3'")
        );
    }

    #[test]
    fn what_is_no_requirement() {
        for text in [
            "",
            " ",
            "-a",
            "a-",
            "a==",
            "a=1",
            "a b",
            "a==1 b",
            "a[",
            "a[x",
            "a[x y]",
            "a (==1",
            "a @",
            "\"a==1\"",
            "ä==1",
            "<<<<<<< HEAD",
            "a>",
            "a 1.0",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
