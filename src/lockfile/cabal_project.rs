//! `cabal.project.freeze` and `*.project.freeze`, as `cabal freeze` writes them (Haskell).
//!
//! Source of the rules: Cabal's user guide (`cabal.project` files, `constraints`) and what its releases write.
//!
//! - `any.name ==1.2.3` locks a package, for the project and for what it is built with; what is only for a custom `Setup.hs`
//!   (`setup.name`, `other:setup.name`) is build. Flags (`name +flag`) lock no version.
//! - A range, or `installed`, is no exact version. The packages that come with GHC are in the file like all others.
//! - The file holds no edges and no scopes: every package stands for itself.
//! - The file has the syntax of `cabal.project`: what stands in `if`, `elif` and `else` counts whatever the system is, and what stands in other
//!   stanzas (`package name`) locks nothing. A file without `constraints` locks nothing.
//! - cabal writes a comma behind each constraint but the last: a file that ends behind a comma, or without a line break, is cut. A constraint
//!   in the value of another field lost the line with `constraints`.

use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Scope, Scopes, Spans, Tree};
use crate::text::Span;

/// The lockfile of cabal.
#[derive(Debug, Clone, Copy)]
pub struct CabalProject;

const DAMAGED: &str = "Restore the file from its last good commit, or run `cabal freeze`.";

impl Format for CabalProject {
    fn name(&self) -> &'static str {
        "cabal.project.freeze"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::HACKAGE
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["cabal.project.freeze", "*.project.freeze"]
    }

    /// cabal keeps what the file says until its line is gone.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Write `any.{} =={}` in the file, and run `cabal build --dry-run` to see whether all packages allow it.",
                upgrade.name, upgrade.to
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        parsed.ends_with_line_break(file, DAMAGED);
        let mut reader = Reader {
            parsed,
            ..Reader::default()
        };
        let mut start = 0_usize;
        for line in file.text.split_inclusive('\n') {
            reader.line(line, start);
            start = start.saturating_add(line.len());
        }
        let end = Span::at(file.text.len());
        if reader.ends_with_comma {
            reader.parsed.blind(
                end,
                "the file ends behind a comma: constraints are missing",
                DAMAGED,
            );
        } else if !reader.has_constraints && reader.may_go_on {
            reader
                .parsed
                .blind(end, "no whole file of cabal: it has no `constraints`", DAMAGED);
        } else if !reader.has_constraints {
            reader.parsed.partial(
                Span::at(0),
                "the file has no `constraints`: it locks no package",
                "Run `cabal freeze`, which writes the version of each package.",
            );
        }
        reader.parsed
    }
}

struct Reader {
    parsed: Parsed,
    /// The stanzas around the line, each with how far it is indented, and whether it is a condition.
    stanzas: Vec<(usize, bool)>,
    /// How far the field is indented that the lines belong to.
    field: Option<usize>,
    /// What that field is.
    kind: Kind,
    has_constraints: bool,
    /// The constraints end behind a comma so far.
    ends_with_comma: bool,
    /// So far there is nothing that cabal would write behind the constraints.
    may_go_on: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `constraints` of the project.
    Constraints,
    /// Another field of the project, which holds no versions of packages.
    Plain,
    /// `preferences`, which lock nothing, and what is in a stanza for something else.
    Other,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            parsed: Parsed::default(),
            stanzas: Vec::new(),
            field: None,
            kind: Kind::Other,
            has_constraints: false,
            ends_with_comma: false,
            may_go_on: true,
        }
    }
}

/// What a stanza begins with, and whether it is a condition.
const STANZAS: [(&str, bool); 9] = [
    ("if", true),
    ("elif", true),
    ("else", true),
    ("package", false),
    ("source-repository-package", false),
    ("repository", false),
    ("program-options", false),
    ("program-locations", false),
    ("haddock", false),
];

/// Whether `text` begins a stanza that is a condition, or another one.
fn stanza(text: &str) -> Option<bool> {
    let end = text
        .find(|next: char| next.is_whitespace() || matches!(next, '(' | '!' | ':'))
        .unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    if rest.trim_start().starts_with(':') {
        return None;
    }
    let known = STANZAS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name));
    known.map(|(_, is_condition)| *is_condition)
}

impl Reader {
    /// A line that begins at `start`.
    fn line(&mut self, line: &str, start: usize) {
        let text = line.trim_end();
        let inside = text.trim_start();
        if inside.is_empty() || inside.starts_with("--") {
            return;
        }
        let indent = text.len().saturating_sub(inside.len());
        let (value, at) = match self.field.is_some_and(|field| indent > field) {
            true => (text, start),
            false => {
                while self.stanzas.pop_if(|(outer, _)| *outer >= indent).is_some() {}
                self.kind = Kind::Other;
                if let Some(is_condition) = stanza(inside) {
                    self.stanzas.push((indent, is_condition));
                    self.field = None;
                    self.may_go_on = false;
                    return;
                }
                self.field = Some(indent);
                let Some((name, value)) = text.split_once(':') else {
                    self.parsed.blind(
                        Span::new(start.saturating_add(indent), start.saturating_add(text.len())),
                        "this line is no field",
                        DAMAGED,
                    );
                    return;
                };
                let name_text = name.trim();
                self.kind = match self.stanzas.iter().all(|(_, is_condition)| *is_condition) {
                    true if name_text.eq_ignore_ascii_case("constraints") => Kind::Constraints,
                    true if !name_text.eq_ignore_ascii_case("preferences") => Kind::Plain,
                    _ => Kind::Other,
                };
                self.may_go_on = name_text.eq_ignore_ascii_case("active-repositories");
                (value, start.saturating_add(name.len()).saturating_add(1))
            }
        };
        match self.kind {
            Kind::Constraints => {}
            Kind::Plain => return self.plain(value, at),
            Kind::Other => return,
        }
        self.ends_with_comma = value.ends_with(',');
        let mut at = at;
        for item in value.split(',') {
            self.constraint(item, at);
            at = at.saturating_add(item.len()).saturating_add(1);
        }
    }

    /// The value, or a part of it, of a field that is not `constraints`.
    fn plain(&mut self, value: &str, start: usize) {
        if value.contains("==") {
            let before = value.len().saturating_sub(value.trim_start().len());
            self.parsed.blind(
                Span::new(start.saturating_add(before), start.saturating_add(value.len())),
                "a constraint in another field than `constraints`",
                DAMAGED,
            );
        }
    }

    /// `any.name ==1.2.3`, which begins at `start`.
    fn constraint(&mut self, item: &str, start: usize) {
        let trimmed = item.trim();
        if trimmed.is_empty() {
            return;
        }
        self.has_constraints = true;
        let before = item.len().saturating_sub(item.trim_start().len());
        let start = start.saturating_add(before);
        let span = Span::new(start, start.saturating_add(trimmed.len()));
        let end = trimmed
            .find(|next: char| next.is_whitespace() || matches!(next, '=' | '<' | '>' | '^'))
            .unwrap_or(trimmed.len());
        let (name, rest) = trimmed.split_at_checked(end).unwrap_or((trimmed, ""));
        let rest = rest.trim();
        if rest.starts_with(['+', '-']) || matches!(rest, "test" | "bench" | "source") {
            return;
        }
        let (name, scopes) = match name.rsplit_once("setup.") {
            Some(("", name)) => (name, Scopes::only(Scope::Build)),
            Some((before, name)) if before.ends_with(':') => (name, Scopes::only(Scope::Build)),
            Some(_) | None => (name.strip_prefix("any.").unwrap_or(name), Scopes::default()),
        };
        let is_version = |version: &str| {
            !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        };
        let version = rest
            .strip_prefix("==")
            .map(str::trim)
            .filter(|text| is_version(text));
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        match version {
            _ if !is_name => self.parsed.blind(span, "this is no constraint", DAMAGED),
            Some(version) => {
                let end = span.end as usize;
                let place = Span::new(end.saturating_sub(version.len()), end);
                let mut package = Package::new(Ecosystem::HACKAGE, name, version, FileSpan::here(place));
                package.scopes = scopes;
                package.direct = true;
                package.spans = Spans {
                    entry: Some(span),
                    ..Spans::default()
                };
                self.parsed.graph.add_package(package);
            }
            None => self.parsed.partial(
                span,
                format!("{name} has no exact version"),
                "Run `cabal freeze`, which writes the version of each package.",
            ),
        }
    }
}
