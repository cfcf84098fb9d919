//! `.terraform.lock.hcl` of Terraform and OpenTofu: the providers of a configuration.
//!
//! Source of the rules: the documentation of both ("Dependency Lock File") and OpenTofu's own reader (`internal/depsfile`).
//!
//! - A block `provider "host/namespace/type"` has `version`, `constraints` and `hashes`, and nothing else. `module` is kept for
//!   later. The package is called by the whole address.
//! - Of HCL only what the tools write is read: blocks, text without templates, lists of text, comments. Anything else is blind, as it is
//!   an error for them, and so is a version that is no text.
//! - Modules are locked nowhere. What asks for a provider the file does not say: each counts as direct.
//! - Nothing marks the end: a file that was cut behind a block looks whole.
//! - No advisories are published for providers.

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans, Tree};
use crate::text::Span;

/// The lockfile of Terraform and OpenTofu.
#[derive(Debug, Clone, Copy)]
pub struct TerraformLock;

/// Providers.
const ECOSYSTEM: Ecosystem = Ecosystem::constant("Terraform");

const DAMAGED: &str = "Restore the file from its last good commit, or run `terraform init` or `tofu init`.";

impl Format for TerraformLock {
    fn name(&self) -> &'static str {
        ".terraform.lock.hcl"
    }

    fn ecosystem(&self) -> Ecosystem {
        ECOSYSTEM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[".terraform.lock.hcl"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Let `required_providers` allow that version, then run `terraform init -upgrade` or `tofu init -upgrade`.".into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut reader = Reader {
            tokens: Tokens {
                text: file.text,
                at: 0,
            },
            parsed: Parsed::default(),
        };
        if file.text.trim().is_empty() {
            reader.parsed.blind(Span::at(0), "the file is empty", DAMAGED);
        }
        if let Err(at) = reader.blocks() {
            reader.parsed.blind(at, "this is no lockfile of Terraform: it ends here, or something stands here that does not belong here", DAMAGED);
        }
        reader.parsed
    }
}

/// Where something else had to stand.
type Unexpected = Span;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// A name.
    Name(Span),
    /// A text, without its quotes.
    Text(Span),
    /// One of `{ } [ ] = ,`.
    Sign(u8, Span),
    /// Anything else.
    Other(Span),
    End(Span),
}

impl Token {
    fn span(self) -> Span {
        match self {
            Self::Name(span)
            | Self::Text(span)
            | Self::Sign(_, span)
            | Self::Other(span)
            | Self::End(span) => span,
        }
    }
}

struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl Tokens<'_> {
    fn next(&mut self) -> Token {
        self.skip();
        let bytes = self.text.as_bytes();
        let start = self.at;
        let rest = bytes.get(start..).unwrap_or_default();
        let span = |length: usize| Span::new(start, start.saturating_add(length));
        let Some(first) = rest.first() else {
            return Token::End(Span::at(start));
        };
        let (token, length) = match first {
            b'{' | b'}' | b'[' | b']' | b'=' | b',' => (Token::Sign(*first, span(1)), 1),
            b'"' => {
                let inside = rest.get(1..).unwrap_or_default();
                let end = inside
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'$' | b'%'));
                match end.filter(|end| inside.get(*end) == Some(&b'"')) {
                    Some(end) => {
                        let from = start.saturating_add(1);
                        let text = Span::new(from, from.saturating_add(end));
                        (Token::Text(text), end.saturating_add(2))
                    }
                    // Not closed, or with a template or an escape, of which the tools write none.
                    None => (Token::Other(span(1)), 1),
                }
            }
            byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                (Token::Name(span(length)), length)
            }
            _ => {
                let first = self.text.get(start..).and_then(|rest| rest.chars().next());
                let length = first.map_or(1, char::len_utf8);
                (Token::Other(span(length)), length)
            }
        };
        self.at = start.saturating_add(length);
        token
    }

    /// Goes over white space and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let length = match rest {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => 1,
                [b'#', ..] | [b'/', b'/', ..] => memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()),
                [b'/', b'*', inside @ ..] => match memchr::memmem::find(inside, b"*/") {
                    Some(end) => end.saturating_add(4),
                    None => return,
                },
                _ => return,
            };
            self.at = self.at.saturating_add(length);
        }
    }
}

struct Reader<'t> {
    tokens: Tokens<'t>,
    parsed: Parsed,
}

impl Reader<'_> {
    fn sign(&mut self, sign: u8) -> Result<Span, Unexpected> {
        match self.tokens.next() {
            Token::Sign(found, span) if found == sign => Ok(span),
            other => Err(other.span()),
        }
    }

    fn blocks(&mut self) -> Result<(), Unexpected> {
        loop {
            let (kind, label) = match self.tokens.next() {
                Token::End(_) => return Ok(()),
                Token::Name(kind) => match self.tokens.next() {
                    Token::Text(label) => (kind, label),
                    other => return Err(other.span()),
                },
                other => return Err(other.span()),
            };
            match kind.of(self.tokens.text) {
                "provider" => self.provider(kind, label)?,
                "module" => {
                    let message = "modules are not read here";
                    self.parsed.blind(
                        kind,
                        message,
                        "Update lockkeeper: Terraform locked none when this was written.",
                    );
                    self.sign(b'{')?;
                    loop {
                        match self.tokens.next() {
                            Token::Sign(b'}', _) => break,
                            Token::End(at) => return Err(at),
                            Token::Name(_) | Token::Text(_) | Token::Sign(..) | Token::Other(_) => {}
                        }
                    }
                }
                _ => return Err(kind),
            }
        }
    }

    fn provider(&mut self, start: Span, label: Span) -> Result<(), Unexpected> {
        self.sign(b'{')?;
        let text = self.tokens.text;
        let (mut version, mut hashes) = (None, Vec::new());
        let end = loop {
            let name = match self.tokens.next() {
                Token::Sign(b'}', span) => break span,
                Token::Name(name) => name,
                other => return Err(other.span()),
            };
            self.sign(b'=')?;
            match (name.of(text), self.tokens.next()) {
                ("version", Token::Text(value)) if version.is_none() => version = Some(value),
                ("constraints", Token::Text(_)) => {}
                ("hashes", Token::Sign(b'[', _)) => loop {
                    match self.tokens.next() {
                        Token::Text(hash) => {
                            hashes.push(hash);
                            match self.tokens.next() {
                                Token::Sign(b',', _) => {}
                                Token::Sign(b']', _) => break,
                                other => return Err(other.span()),
                            }
                        }
                        Token::Sign(b']', _) => break,
                        other => return Err(other.span()),
                    }
                },
                _ => return Err(name),
            }
        };
        let name = label.of(text);
        if name.is_empty() {
            return Err(label);
        }
        let entry = start.join(end);
        let Some(version) = version.filter(|version| !version.is_empty()) else {
            self.parsed
                .partial(entry, format!("{name} has no exact version"), DAMAGED);
            return Ok(());
        };
        let mut package = Package::new(ECOSYSTEM, name, version.of(text), FileSpan::here(version));
        let host = name
            .split('/')
            .next()
            .filter(|host| host.contains('.') && !host.starts_with('.'));
        package.source = Source::Registry(host.map(|host| format!("https://{host}")));
        package.direct = true;
        package.spans = Spans {
            entry: Some(entry),
            checksums: hashes.into_iter().collect(),
            ..Spans::default()
        };
        self.parsed.graph.add_package(package);
        Ok(())
    }
}
