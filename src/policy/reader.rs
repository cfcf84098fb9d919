//! Typed values out of a policy's tree; whatever does not fit becomes a mistake at its place.

use std::borrow::Cow;
use std::str::FromStr as _;

use jiff::SignedDuration;
use jiff::civil::Date;

use super::duration;
use super::glob::{Globs, MAX_GLOBS};
use super::keys::Section;
use super::mistake::{MAX_MISTAKES, Mistake};
use super::nearest::{meant, nearest};
use crate::text::tree::{Document, Kind, Value};
use crate::text::{Lines, Position, Span};

/// Mistakes that are collected; the first of them are reported.
const MAX_COLLECTED: usize = 10_000;

/// Collects mistakes while values are read.
pub(super) struct Reader<'d> {
    text: &'d str,
    lines: Lines<'d>,
    mistakes: Vec<Collected>,
    /// The place that was asked for last.
    last: (u32, Position),
    /// Where the text could not be read any further: a key that is missing may be behind it.
    stopped: Option<Span>,
}

/// A mistake whose place is still counted in bytes.
struct Collected {
    span: Span,
    key: String,
    message: String,
    hint: String,
}

/// A value and the keys that lead to it.
pub(super) struct Field<'d> {
    pub(super) value: Value<'d>,
    pub(super) path: String,
}

/// A mapping whose keys are known.
pub(super) struct Fields<'d> {
    pub(super) whole: Field<'d>,
    fields: Vec<(&'static str, Value<'d>)>,
}

impl<'d> Fields<'d> {
    /// The value under `key`.
    pub(super) fn get(&self, key: &'static str) -> Option<Field<'d>> {
        let (_, value) = self.fields.iter().find(|(known, _)| *known == key)?;
        Some(Field {
            value: *value,
            path: below(&self.whole.path, key),
        })
    }
}

/// What globs are about, which decides how they must not look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// Paths from the top of the repository.
    Paths,
    /// Short names of refs.
    Refs,
    /// Names of packages.
    Names,
}

impl<'d> Reader<'d> {
    /// For a document over `text`, whose problems are the first mistakes.
    pub(super) fn new(text: &'d str, document: &Document<'_>) -> Self {
        let mut reader = Self {
            text,
            lines: Lines::of(text),
            mistakes: Vec::new(),
            last: (0, Position::START),
            stopped: document.stopped,
        };
        for problem in &document.problems {
            reader.mistake(
                problem.span,
                "",
                problem.message.clone(),
                "Correct the YAML here.",
            );
        }
        reader
    }

    /// The mistakes in the order of their places.
    pub(super) fn into_mistakes(mut self) -> Vec<Mistake> {
        self.mistakes.sort_by_key(|mistake| mistake.span.start);
        // An alias repeats its anchor's mistakes under other keys.
        self.mistakes
            .dedup_by(|next, last| next.span.start == last.span.start && next.message == last.message);
        let more = self.mistakes.len() > MAX_MISTAKES;
        self.mistakes.truncate(MAX_MISTAKES);
        let mut mistakes: Vec<Mistake> = std::mem::take(&mut self.mistakes)
            .into_iter()
            .map(|collected| Mistake {
                position: self.position(collected.span),
                key: collected.key,
                message: collected.message,
                hint: collected.hint,
            })
            .collect();
        if let Some(position) = mistakes.last().map(|last| last.position).filter(|_| more) {
            mistakes.push(Mistake {
                position,
                key: String::new(),
                message: "more mistakes follow; the rest is not listed".into(),
                hint: "Correct those above first.".into(),
            });
        }
        mistakes
    }

    /// Where `span` begins. Asked in the order of the text, a long line is walked once and not for each place in it.
    pub(super) fn position(&mut self, span: Span) -> Position {
        let (before, last) = self.last;
        let between = self.text.get(before as usize..span.start as usize);
        let position = match between.filter(|between| !between.contains('\n')) {
            Some(between) => Position {
                line: last.line,
                column: last.column.saturating_add(between.chars().count() as u32),
            },
            None => self.lines.position(span.start),
        };
        self.last = (span.start, position);
        position
    }

    /// The line in which `span` begins.
    pub(super) fn line(&self, span: Span) -> u32 {
        self.lines.number(span.start)
    }

    /// Nothing is wrong so far.
    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.is_empty() && self.stopped.is_none()
    }

    pub(super) fn mistake(
        &mut self,
        span: Span,
        path: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        if self.mistakes.len() < MAX_COLLECTED {
            self.mistakes.push(Collected {
                span,
                key: path.to_owned(),
                message: message.into(),
                hint: hint.into(),
            });
        }
    }

    fn wrong(&mut self, field: &Field<'d>, message: impl Into<String>, hint: impl Into<String>) {
        self.mistake(field.value.span(), &field.path, message, hint);
    }

    /// A required key that is missing: reported at the mapping's first line.
    pub(super) fn missing(&mut self, fields: &Fields<'d>, key: &'static str, hint: &str) {
        if self.stopped.is_none() {
            let path = below(&fields.whole.path, key);
            self.mistake(
                fields.whole.value.span(),
                &path,
                format!("`{key}` is missing"),
                hint,
            );
        }
    }

    /// The mapping with the keys of `section`; every other key is a mistake.
    pub(super) fn fields(&mut self, field: Field<'d>, section: &Section) -> Option<Fields<'d>> {
        if !self.is(&field, Kind::Object, "a mapping") {
            return None;
        }
        let mut fields = Vec::new();
        for (name, value) in field.value.entries() {
            match section.keys.iter().find(|known| **known == name) {
                Some(known) => fields.push((*known, value)),
                None => match section.later.iter().find(|later| **later == name) {
                    Some(later) => self.later(&field.path, later, value),
                    None => self.unknown(&field.path, &name, value, section),
                },
            }
        }
        Some(Fields { whole: field, fields })
    }

    fn later(&mut self, path: &str, later: &str, value: Value<'d>) {
        self.mistake(
            value.key_span(),
            &below(path, later),
            format!("`{later}` comes with a later version and is not supported yet"),
            format!("Delete `{later}` until then."),
        );
    }

    fn unknown(&mut self, path: &str, name: &str, value: Value<'d>, section: &Section) {
        let shown: String = name.chars().take(80).collect();
        let path = below(path, &shown);
        let near = meant(nearest(name, section.keys.iter().copied()));
        self.mistake(
            value.key_span(),
            &path,
            format!("{shown:?} is no key here{near}"),
            format!("The keys here are {}.", section.keys.join(", ")),
        );
    }

    /// The entries of a mapping whose keys are free.
    pub(super) fn entries(&mut self, field: &Field<'d>) -> Vec<(String, Field<'d>)> {
        if !self.is(field, Kind::Object, "a mapping") {
            return Vec::new();
        }
        let entry = |(key, value): (Cow<'_, str>, Value<'d>)| {
            let path = below(&field.path, &key);
            (key.into_owned(), Field { value, path })
        };
        field.value.entries().map(entry).collect()
    }

    /// The items of a list.
    pub(super) fn items(&mut self, field: &Field<'d>) -> Vec<Field<'d>> {
        if !self.is(field, Kind::Array, "a list") {
            return Vec::new();
        }
        let item = |(number, value)| Field {
            value,
            path: format!("{}[{number}]", field.path),
        };
        field.value.items().enumerate().map(item).collect()
    }

    fn is(&mut self, field: &Field<'d>, kind: Kind, what: &str) -> bool {
        let fits = field.value.kind() == kind;
        if !fits {
            let found = described(field.value);
            self.wrong(
                field,
                format!("expected {what}, found {found}"),
                format!("Write {what}."),
            );
        }
        fits
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, field: &Field<'d>) -> Option<String> {
        match (field.value.as_str(), field.value.kind()) {
            (Some(text), _) if text.trim().is_empty() => {
                self.wrong(field, "the text is empty", "Write a text, or delete the key.");
                None
            }
            (Some(text), _) => Some(text.into_owned()),
            (None, Kind::Number | Kind::Bool) => {
                let raw: String = field.value.raw().chars().take(80).collect();
                let found = described(field.value);
                self.wrong(
                    field,
                    format!("expected a text, found {found}"),
                    format!("Put it in quotes: \"{raw}\"."),
                );
                None
            }
            (None, _) => {
                let found = described(field.value);
                self.wrong(field, format!("expected a text, found {found}"), "Write a text.");
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, field: &Field<'d>) -> Option<bool> {
        let truth = field.value.as_bool();
        if truth.is_none() {
            let found = described(field.value);
            self.wrong(
                field,
                format!("expected `true` or `false`, found {found}"),
                "Write true or false, without quotes.",
            );
        }
        truth
    }

    /// A whole number from 1 to 1,000,000.
    pub(super) fn count(&mut self, field: &Field<'d>) -> Option<u32> {
        let number = field
            .value
            .as_u64()
            .filter(|number| (1..=1_000_000).contains(number));
        if number.is_none() {
            let hint = "Write a whole number from 1 to 1000000, without quotes.";
            self.wrong(field, "a whole number from 1 to 1000000 belongs here", hint);
        }
        number.and_then(|number| u32::try_from(number).ok())
    }

    /// A number from 0 to 1.
    pub(super) fn probability(&mut self, field: &Field<'d>) -> Option<f64> {
        let number = match field.value.kind() {
            Kind::Number => field.value.raw().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (0.0..=1.0).contains(number));
        if number.is_none() {
            let hint = "Write a probability such as 0.1, without quotes.";
            self.wrong(field, "a number from 0 to 1 belongs here", hint);
        }
        number
    }

    /// A day, as `2026-12-31`.
    pub(super) fn date(&mut self, field: &Field<'d>) -> Option<Date> {
        let text = field.value.as_str().unwrap_or_default();
        let shape = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let date = Some(text)
            .filter(|_| shape)
            .and_then(|text| Date::from_str(&text).ok());
        if date.is_none() {
            self.wrong(
                field,
                format!("{} is no date", quoted(field.value)),
                "Write a day of the calendar as 2026-12-31.",
            );
        }
        date
    }

    /// A length of time, as `7d`.
    pub(super) fn duration(&mut self, field: &Field<'d>) -> Option<SignedDuration> {
        let duration = field.value.as_str().and_then(|text| duration::read(&text));
        if duration.is_none() {
            self.wrong(
                field,
                format!("{} is no length of time", quoted(field.value)),
                "Write hours, days or weeks as 36h, 7d or 2w.",
            );
        }
        duration
    }

    /// One of `words`.
    pub(super) fn word<T: Copy>(&mut self, field: &Field<'d>, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(field)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known = || words.iter().map(|(word, _)| *word);
            let near = meant(nearest(&text, known()));
            let list: Vec<&str> = known().collect();
            self.wrong(
                field,
                format!("{} is not allowed here{near}", quoted(field.value)),
                format!("Allowed are {}.", list.join(", ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// One glob.
    pub(super) fn glob(&mut self, field: Field<'d>, about: About) -> Option<Globs> {
        let pattern = self.text(&field)?;
        match self.may_match(field.value.span(), &field.path, &pattern, about) {
            true => self.joined(&field, vec![pattern]),
            false => None,
        }
    }

    /// A list of globs.
    pub(super) fn globs(&mut self, field: &Field<'d>, about: About) -> Option<Globs> {
        let items = self.items(field);
        if items.len() > MAX_GLOBS {
            self.too_many(field);
            return None;
        }
        let mut patterns = Vec::with_capacity(items.len());
        for item in &items {
            if let Some(pattern) = self.text(item)
                && self.is_glob(item.value.span(), &item.path, &pattern, about)
            {
                patterns.push(pattern);
            }
        }
        self.joined(field, patterns)
    }

    /// The values of a mapping whose keys are globs.
    pub(super) fn by_glob(&mut self, field: &Field<'d>, about: About) -> Vec<(String, Field<'d>)> {
        let mut entries = self.entries(field);
        if entries.len() > MAX_GLOBS {
            self.too_many(field);
            return Vec::new();
        }
        entries.retain(|(glob, entry)| self.is_glob(entry.value.key_span(), &entry.path, glob, about));
        entries
    }

    fn too_many(&mut self, field: &Field<'d>) {
        let message = format!("more than {MAX_GLOBS} globs");
        self.wrong(field, message, "Write fewer globs: `**` crosses folders.");
    }

    /// Looks at one glob on its own, so that each broken one of a list is reported.
    fn is_glob(&mut self, at: Span, path: &str, pattern: &str, about: About) -> bool {
        match Globs::new(vec![pattern.to_owned()]) {
            Ok(_) => self.may_match(at, path, pattern, about),
            Err(bad) => {
                self.mistake(at, path, bad.to_string(), GLOB_HINT);
                false
            }
        }
    }

    /// A glob that never matches is a trap.
    fn may_match(&mut self, at: Span, path: &str, pattern: &str, about: About) -> bool {
        let trap = match about {
            About::Paths if pattern.starts_with('/') || pattern.starts_with("./") => Some((
                "the glob begins with `/` or `./`",
                "Leave it out: globs are about paths from the top of the repository.",
            )),
            About::Paths if pattern.ends_with('/') => Some((
                "the glob ends with `/`, and only files are matched",
                "Write `/**` at its end for everything in a folder.",
            )),
            About::Refs if pattern.starts_with("refs/") => Some((
                "the glob begins with `refs/`",
                "Write the short name: `release/*` for branches, `tags/v*` for tags.",
            )),
            About::Paths | About::Refs | About::Names => None,
        };
        if let Some((message, hint)) = trap {
            self.mistake(at, path, message, hint);
        }
        trap.is_none()
    }

    /// All globs of one list.
    pub(super) fn joined(&mut self, field: &Field<'d>, patterns: Vec<String>) -> Option<Globs> {
        match Globs::new(patterns) {
            Ok(globs) => Some(globs),
            Err(bad) => {
                self.wrong(field, bad.to_string(), GLOB_HINT);
                None
            }
        }
    }
}

const GLOB_HINT: &str = "Write a glob such as `apps/**`: `*` stays within a folder, `**` does not.";

fn below(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn described(value: Value<'_>) -> &'static str {
    match value.kind() {
        Kind::Null => "nothing",
        Kind::Bool => "a truth value",
        Kind::Number => "a number",
        Kind::PlainString | Kind::JsonString | Kind::TomlString | Kind::YamlString => "a text",
        Kind::Datetime => "a time",
        Kind::Array => "a list",
        Kind::Object => "a mapping",
    }
}

/// What was found, for a message.
fn quoted(value: Value<'_>) -> String {
    match value.as_str() {
        Some(text) => format!("{:?}", text.chars().take(80).collect::<String>()),
        None if value.kind() == Kind::Number => value.raw().chars().take(80).collect(),
        None => described(value).to_owned(),
    }
}
