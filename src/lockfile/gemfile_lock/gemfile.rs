//! What a `Gemfile` says of groups, as far as it is plain: `gem "x"`, `group :test do`, conditions and blocks around them.
//!
//! It is a program in Ruby, and is not run. A gem counts as less than runtime only where every statement of the file is
//! understood, so that no other one can ask for the gem too: the words of a statement are those of Bundler's own language, names of
//! constants and of variables that the file sets, and calls that only compute ([`HARMLESS`]). Methods that the file defines, other
//! files that it loads, and gems whose names are computed are not understood, and then nothing is known of any gem.
//!
//! - `development` and `test` are dev; other groups are runtime, unless they are `optional`.
//! - `gemspec` asks for the project's own gems as runtime, and for what their gemspecs ask for with
//!   `add_development_dependency` in the group `development`.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::ruby::{Token, tokens};
use crate::model::{Scope, Scopes, Tree, TreePath};
use crate::text::decode;

/// The file that a lockfile of this name locks.
#[must_use]
pub fn name_of(lockfile: &str) -> &str {
    let end = lockfile.len().saturating_sub(".lock".len());
    match lockfile.split_at_checked(end) {
        Some((name, end)) if end.eq_ignore_ascii_case(".lock") => name,
        Some(_) | None if lockfile.eq_ignore_ascii_case("gems.locked") => "gems.rb",
        Some(_) | None => "Gemfile",
    }
}

/// The groups that nobody needs to run the product.
const DEV: [&str; 2] = ["development", "test"];

/// Calls that compute something and ask for no gem.
const HARMLESS: &[&str] = &[
    "__FILE__",
    "__dir__",
    "abort",
    "and",
    "any?",
    "basename",
    "between?",
    "case",
    "chomp",
    "defined?",
    "directory?",
    "dirname",
    "downcase",
    "each",
    "else",
    "elsif",
    "empty?",
    "end_with?",
    "exist?",
    "exists?",
    "expand_path",
    "false",
    "fetch",
    "file?",
    "first",
    "freeze",
    "has_key?",
    "if",
    "include?",
    "is_a?",
    "join",
    "key?",
    "last",
    "linux?",
    "local",
    "mac?",
    "match?",
    "new",
    "nil",
    "nil?",
    "none?",
    "not",
    "or",
    "os",
    "platform",
    "puts",
    "raise",
    "read",
    "release",
    "segments",
    "size",
    "split",
    "start_with?",
    "strip",
    "then",
    "to_f",
    "to_i",
    "to_s",
    "to_sym",
    "true",
    "unless",
    "upcase",
    "version",
    "warn",
    "when",
    "win_platform?",
];

/// Groups around a gem; a file with more is not plain.
const MAX_GROUPS: usize = 64;

/// What the gems that a `Gemfile` asks for are used for.
#[derive(Debug, Default)]
pub struct Gemfile {
    scopes: BTreeMap<String, Scopes>,
    for_some_platforms: HashSet<String>,
}

impl Gemfile {
    /// The file beside `lockfile`; `None` where there is none that can be understood. `own` are the names and folders of the
    /// project's own gems.
    pub(super) fn beside(lockfile: &TreePath, own: &[(&str, &str)], tree: &dyn Tree) -> Option<Self> {
        let name = std::str::from_utf8(lockfile.file_name()).ok()?;
        let folder = lockfile.parent();
        let text = text(&folder.join(name_of(name))?, tree)?;
        let mut reader = Reader::default();
        reader.read(&tokens(&text))?;
        if let Some(group) = reader.gemspec.take() {
            for (name, inside) in own {
                let path = folder
                    .join(inside)
                    .and_then(|folder| folder.join(format!("{name}.gemspec")));
                let gemspec = path.and_then(|path| self::text(&path, tree));
                for dependency in development_dependencies(gemspec.as_deref().unwrap_or_default()) {
                    reader.gems.push(Asked {
                        name: dependency.to_owned(),
                        groups: vec![group.clone()],
                    });
                }
            }
        }
        Some(reader.finish())
    }

    /// Reads the text of a `Gemfile`; `None` where it cannot be understood.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader::default();
        reader.read(&tokens(text))?;
        Some(reader.finish())
    }

    /// What the gem called `name` is used for. One that is not asked for here is one of the project's own.
    #[must_use]
    pub fn scopes(&self, name: &str) -> Scopes {
        let scopes = self.scopes.get(name).copied();
        scopes.unwrap_or(Scopes::only(Scope::Runtime))
    }

    /// The gems that it asks for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.scopes.keys().map(String::as_str)
    }

    /// It asks for the gem on some platforms only.
    #[must_use]
    pub fn is_for_some_platforms(&self, name: &str) -> bool {
        self.for_some_platforms.contains(name)
    }
}

fn text(path: &TreePath, tree: &dyn Tree) -> Option<String> {
    let bytes = tree.read(path).ok()?;
    let decoded = decode::decode(&bytes);
    decoded.problem.is_none().then(|| decoded.text.into_owned())
}

/// The names in calls of `add_development_dependency`.
fn development_dependencies(gemspec: &str) -> impl Iterator<Item = &str> {
    let lines = gemspec.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.filter_map(|line| {
        let (_, call) = line.split_once(".add_development_dependency")?;
        let call = call.trim_start_matches([' ', '\t', '(']);
        let quote = call.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (name, _) = call.get(1..)?.split_once(quote)?;
        (!name.contains(['#', '\\'])).then_some(name)
    })
}

/// A gem with the groups that it is asked for in.
struct Asked {
    name: String,
    groups: Vec<String>,
}

#[derive(Default)]
struct Reader {
    gems: Vec<Asked>,
    for_some_platforms: HashSet<String>,
    /// Groups that are installed only when they are asked for.
    optional: HashSet<String>,
    variables: HashSet<String>,
    /// The groups that are open.
    groups: Vec<String>,
    /// For each open block, how many groups are open outside of it, and whether it is for some platforms.
    blocks: Vec<(usize, bool)>,
    /// The group of what gemspecs ask for.
    gemspec: Option<String>,
}

impl Reader {
    fn finish(self) -> Gemfile {
        let mut gemfile = Gemfile {
            for_some_platforms: self.for_some_platforms,
            ..Gemfile::default()
        };
        for Asked { name, groups } in self.gems {
            let scopes = gemfile.scopes.entry(name).or_default();
            if groups.is_empty() {
                scopes.add(Scope::Runtime);
            }
            for group in groups {
                scopes.add(if DEV.contains(&group.as_str()) {
                    Scope::Dev
                } else if self.optional.contains(&group) {
                    Scope::Optional
                } else {
                    Scope::Runtime
                });
            }
        }
        gemfile
    }

    /// Reads all statements; `None` at the first that is not understood.
    fn read(&mut self, tokens: &[Token<'_>]) -> Option<()> {
        let mut rest = tokens;
        while let Some(first) = rest.first() {
            let next = rest.get(1..)?;
            rest = match first {
                Token::End => next,
                Token::Word("end") | Token::Mark("}") => {
                    let (groups, _) = self.blocks.pop()?;
                    self.groups.truncate(groups);
                    match next.first()? {
                        Token::End => next,
                        _ => return None,
                    }
                }
                Token::Word("gem") => self.gem(next)?,
                Token::Word("group") => self.group(next)?,
                Token::Word("gemspec") => self.read_gemspec(next)?,
                Token::Word("platforms" | "platform" | "install_if") => self.statement(next, true)?,
                Token::Word(
                    "source" | "path" | "git" | "github" | "env" | "plugin" | "ruby" | "git_source",
                ) => self.statement(next, false)?,
                Token::Word("if" | "unless" | "case") => {
                    let rest = self.expression(next, |_| false)?;
                    self.open(false)?;
                    rest
                }
                Token::Word("else" | "elsif" | "when") => self.expression(next, |_| false)?,
                Token::Word(name) if matches!(next.first(), Some(Token::Mark("=" | "||="))) => {
                    self.variables.insert((*name).to_owned());
                    self.expression(next.get(1..)?, |_| false)?
                }
                _ => self.statement(rest, false)?,
            };
        }
        self.blocks.is_empty().then_some(())
    }

    fn open(&mut self, is_for_some_platforms: bool) -> Option<()> {
        self.blocks.push((self.groups.len(), is_for_some_platforms));
        Some(())
    }

    /// A call that asks for no gem, and that may open a block.
    fn statement<'r, 't>(
        &mut self,
        tokens: &'r [Token<'t>],
        is_for_some_platforms: bool,
    ) -> Option<&'r [Token<'t>]> {
        let rest = self.expression(tokens, |token| *token == Token::Word("do"))?;
        match rest.first()? {
            Token::Word("do") => {
                self.open(is_for_some_platforms)?;
                self.parameters(rest.get(1..)?)
            }
            _ => Some(rest),
        }
    }

    /// `|a, b|` at the start of a block.
    fn parameters<'r, 't>(&mut self, tokens: &'r [Token<'t>]) -> Option<&'r [Token<'t>]> {
        let Some(mut rest) = tokens.strip_prefix(&[Token::Mark("|")]) else {
            return Some(tokens);
        };
        loop {
            let (first, next) = rest.split_first()?;
            rest = next;
            match first {
                Token::Word(name) => {
                    self.variables.insert((*name).to_owned());
                }
                Token::Mark(",") => {}
                Token::Mark("|") => return Some(rest),
                _ => return None,
            }
        }
    }

    /// Passes over what asks for no gem, up to the end of the statement or where `ends` says so, outside of brackets.
    fn expression<'r, 't>(
        &mut self,
        tokens: &'r [Token<'t>],
        ends: impl Fn(&Token<'_>) -> bool,
    ) -> Option<&'r [Token<'t>]> {
        let mut depth = 0_usize;
        let mut rest = tokens;
        loop {
            let (first, next) = rest.split_first()?;
            if depth == 0 && (*first == Token::End || ends(first)) {
                return Some(rest);
            }
            match first {
                Token::Odd | Token::Mark("*") => return None,
                Token::Mark("(" | "[") => depth = depth.saturating_add(1),
                Token::Mark("{") => {
                    depth = depth.saturating_add(1);
                    rest = self.parameters(next)?;
                    continue;
                }
                Token::Mark(")" | "]" | "}") => depth = depth.checked_sub(1)?,
                Token::Word(word) => self.harmless(word, next)?,
                Token::Text(text) => {
                    for name in &text.names {
                        self.harmless(name, &[])?;
                    }
                }
                Token::End
                | Token::Label(_)
                | Token::Symbol(_)
                | Token::List(_)
                | Token::Number
                | Token::Mark(_) => {}
            }
            rest = next;
        }
    }

    /// The word asks for no gem, whatever follows it.
    fn harmless(&self, word: &str, next: &[Token<'_>]) -> Option<()> {
        let is_constant = word.starts_with(|first: char| first.is_ascii_uppercase());
        // A variable with arguments is none, but a call.
        let is_call = matches!(
            next.first(),
            Some(
                Token::Text(_)
                    | Token::Symbol(_)
                    | Token::List(_)
                    | Token::Number
                    | Token::Label(_)
                    | Token::Mark("(")
            )
        );
        let is_known = HARMLESS.contains(&word) || (is_constant || self.variables.contains(word)) && !is_call;
        is_known.then_some(())
    }

    /// `gem "name", "~> 1.0", group: :test`.
    fn gem<'r, 't>(&mut self, tokens: &'r [Token<'t>]) -> Option<&'r [Token<'t>]> {
        let parenthesis = tokens.strip_prefix(&[Token::Mark("(")]);
        let is_closed = parenthesis.is_some();
        let (Token::Text(name), mut rest) = parenthesis.unwrap_or(tokens).split_first()? else {
            return None;
        };
        let mut asked = Asked {
            name: name.literal?.to_owned(),
            groups: self.groups.clone(),
        };
        let mut is_for_some_platforms = self.blocks.iter().any(|(_, is)| *is);
        let ends = |token: &Token<'_>| {
            matches!(
                token,
                Token::Mark("," | ")" | "}") | Token::Word("if" | "unless" | "do" | "end")
            )
        };
        while let Some(next) = rest.strip_prefix(&[Token::Mark(",")]) {
            let next = skip_line_ends(next);
            let (key, value) = match next {
                [Token::Label(key), value @ ..] | [Token::Symbol(key), Token::Mark("=>"), value @ ..] => {
                    (*key, value)
                }
                _ => ("", next),
            };
            is_for_some_platforms |= matches!(key, "platform" | "platforms" | "install_if");
            rest = match key {
                "group" | "groups" => literals(value, &mut asked.groups)?,
                _ => self.expression(value, ends)?,
            };
            if is_closed {
                rest = skip_line_ends(rest);
            }
        }
        if is_closed {
            rest = skip_line_ends(rest).strip_prefix(&[Token::Mark(")")])?;
        }
        let rest = match rest.first()? {
            Token::Word("if" | "unless") => self.expression(rest, |_| false)?,
            Token::End | Token::Mark("}") | Token::Word("end") => rest,
            _ => return None,
        };
        if is_for_some_platforms {
            self.for_some_platforms.insert(asked.name.clone());
        }
        if asked.groups.len() > MAX_GROUPS {
            return None;
        }
        self.gems.push(asked);
        Some(rest)
    }

    /// `group :development, :test do`.
    fn group<'r, 't>(&mut self, tokens: &'r [Token<'t>]) -> Option<&'r [Token<'t>]> {
        let outside = self.groups.len();
        let parenthesis = tokens.strip_prefix(&[Token::Mark("(")]);
        let mut rest = parenthesis.unwrap_or(tokens);
        let mut is_optional = false;
        loop {
            rest = match rest {
                [
                    Token::Label("optional"),
                    Token::Word(word @ ("true" | "false")),
                    rest @ ..,
                ]
                | [
                    Token::Symbol("optional"),
                    Token::Mark("=>"),
                    Token::Word(word @ ("true" | "false")),
                    rest @ ..,
                ] => {
                    is_optional |= *word == "true";
                    rest
                }
                _ => literals(rest, &mut self.groups)?,
            };
            match rest.strip_prefix(&[Token::Mark(",")]) {
                Some(next) => rest = skip_line_ends(next),
                None => break,
            }
        }
        if parenthesis.is_some() {
            rest = rest.strip_prefix(&[Token::Mark(")")])?;
        }
        let inside = self.groups.get(outside..)?;
        if is_optional {
            self.optional.extend(inside.iter().cloned());
        }
        self.blocks.push((outside, false));
        match rest.split_first()? {
            _ if inside.is_empty() || self.groups.len() > MAX_GROUPS => None,
            (Token::Word("do"), rest) => Some(rest),
            (Token::Mark("{"), rest) if parenthesis.is_some() => Some(rest),
            _ => None,
        }
    }

    /// `gemspec development_group: :dev`.
    fn read_gemspec<'r, 't>(&mut self, tokens: &'r [Token<'t>]) -> Option<&'r [Token<'t>]> {
        if !self.groups.is_empty() {
            return None;
        }
        let rest = self.expression(tokens, |_| false)?;
        let read = tokens.get(..tokens.len().saturating_sub(rest.len()))?;
        let mut groups = Vec::new();
        for (place, token) in read.iter().enumerate() {
            if matches!(
                token,
                Token::Label("development_group") | Token::Symbol("development_group")
            ) {
                let behind = read.get(place.saturating_add(1)..)?;
                literals(
                    behind.strip_prefix(&[Token::Mark("=>")]).unwrap_or(behind),
                    &mut groups,
                )?;
            }
        }
        self.gemspec = Some(groups.pop().unwrap_or_else(|| "development".to_owned()));
        Some(rest)
    }
}

fn skip_line_ends<'r, 't>(mut tokens: &'r [Token<'t>]) -> &'r [Token<'t>] {
    while let Some(rest) = tokens.strip_prefix(&[Token::End]) {
        tokens = rest;
    }
    tokens
}

/// One name, or a list of names, in front of `tokens`; `None` for what is computed.
fn literals<'r, 't>(tokens: &'r [Token<'t>], names: &mut Vec<String>) -> Option<&'r [Token<'t>]> {
    let (first, rest) = tokens.split_first()?;
    match first {
        Token::Symbol(name) => names.push((*name).to_owned()),
        Token::Text(text) => names.push(text.literal?.to_owned()),
        Token::List(list) => names.extend(list.iter().map(|name| (*name).to_owned())),
        Token::Mark("[") => {
            let mut rest = skip_line_ends(rest);
            loop {
                rest = match rest.split_first()? {
                    (Token::Symbol(name), rest) => {
                        names.push((*name).to_owned());
                        rest
                    }
                    (Token::Text(text), rest) => {
                        names.push(text.literal?.to_owned());
                        rest
                    }
                    (Token::Mark("]"), rest) => return ended(rest),
                    _ => return None,
                };
                rest = skip_line_ends(rest);
                rest = skip_line_ends(rest.strip_prefix(&[Token::Mark(",")]).unwrap_or(rest));
            }
        }
        _ => return None,
    }
    ended(rest)
}

/// The value is all that stands there: nothing is called on it.
fn ended<'r, 't>(rest: &'r [Token<'t>]) -> Option<&'r [Token<'t>]> {
    let ends = matches!(
        rest.first()?,
        Token::End | Token::Mark("," | ")" | "{" | "}") | Token::Word("do" | "if" | "unless" | "end")
    );
    ends.then_some(rest)
}

/// What each gem of a `Gemfile` is used for, by name: nothing where the file cannot be understood.
#[must_use]
pub fn scopes_of(text: &str) -> HashMap<String, Scopes> {
    let gemfile = Gemfile::read(text).unwrap_or_default();
    gemfile.scopes.into_iter().collect()
}
