//! The entries of a `yarn.lock`, read in one pass over its lines: of both syntaxes the same.

use std::borrow::Cow;
use std::ops::Range;

use foldhash::HashSet;

use super::lines::{Field, Line, Scalar, Syntax, classic_keys, field, lines};
use crate::text::{Problem, Problems, Span};

/// What the file holds. Keys and dependencies of all entries lie in one list each.
#[derive(Debug)]
pub(super) struct Entries<'t> {
    pub(super) syntax: Syntax,
    /// `version` of `__metadata`, or the number of Yarn 1's comment.
    pub(super) format: Option<(Cow<'t, str>, Span)>,
    pub(super) entries: Vec<Entry<'t>>,
    pub(super) keys: Vec<Key<'t>>,
    pub(super) dependencies: Vec<Dependency<'t>>,
    pub(super) problems: Vec<Problem>,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry<'t> {
    /// From its keys to the end of its last line.
    pub(super) span: Span,
    /// Where its keys stand.
    pub(super) head: Span,
    pub(super) keys: Range<u32>,
    pub(super) dependencies: Range<u32>,
    pub(super) name: Option<Scalar<'t>>,
    pub(super) version: Option<Scalar<'t>>,
    /// `resolved` of Yarn 1, `resolution` of the others.
    pub(super) origin: Option<Scalar<'t>>,
    pub(super) checksum: Option<Span>,
    /// The first list of its dependencies.
    pub(super) list: Option<Span>,
    /// The field that ends every entry of Yarn 2 and later is there.
    pub(super) has_link_type: bool,
}

/// A descriptor that an entry answers to: `name@range`.
#[derive(Debug)]
pub(super) struct Key<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) entry: u32,
}

/// What an entry needs.
#[derive(Debug)]
pub(super) struct Dependency<'t> {
    pub(super) name: Cow<'t, str>,
    pub(super) range: Cow<'t, str>,
    /// Where its name stands.
    pub(super) span: Span,
    pub(super) is_optional: bool,
}

/// Which list of an entry the lines are in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Dependencies,
    Optional,
    Meta,
    Other,
}

const ODD: &str = "a line is not as Yarn writes it";

/// Reads `text`, in time linear in its length.
pub(super) fn read(text: &str, syntax: Syntax) -> Entries<'_> {
    // An entry takes 250 bytes or more, in nearly every file.
    let room = text.len() / 300;
    let mut reader = Reader {
        all: Entries {
            syntax,
            format: None,
            entries: Vec::with_capacity(room),
            keys: Vec::with_capacity(room),
            dependencies: Vec::with_capacity(room.saturating_mul(2)),
            problems: Vec::new(),
        },
        problems: Problems::default(),
        section: Section::None,
        level: Level::Top,
        optional: HashSet::default(),
        meta: None,
        opened: None,
        long_key: None,
    };
    for line in lines(text) {
        reader.line(&line);
    }
    // Every Yarn ends the last line.
    if !text.ends_with('\n') {
        reader.problems.add(
            Span::at(text.len()),
            "the file ends inside of a line: it may be cut",
        );
    }
    reader.finish()
}

/// What the last line of the first level began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Metadata,
    Entry,
    /// What could not be read: its lines say nothing.
    Lost,
}

struct Reader<'t> {
    all: Entries<'t>,
    problems: Problems,
    section: Section,
    level: Level,
    /// Names that `dependenciesMeta` of this entry calls optional.
    optional: HashSet<Cow<'t, str>>,
    /// The name that `dependenciesMeta` is about.
    meta: Option<Cow<'t, str>>,
    /// The last line, if it is one that others must follow, or that may be cut.
    opened: Option<(Span, &'static str)>,
    /// A key that is so long that its colon stands on the next line.
    long_key: Option<Scalar<'t>>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: &Line<'t>) {
        self.opened = None;
        match line.indent {
            0 => self.top(line),
            2 if self.level != Level::Top => self.field(line),
            4 | 6 if self.section != Section::None => self.item(line),
            _ if self.level == Level::Lost || self.section == Section::Other => {}
            _ => self.problems.add(line.span(), ODD),
        }
        self.end_entry_at(line);
    }

    /// A line of the first level: the keys of an entry.
    fn top(&mut self, line: &Line<'t>) {
        self.close();
        self.section = Section::None;
        let read = match self.all.syntax {
            Syntax::Classic => self.classic(line),
            Syntax::Berry => self.berry(line),
        };
        if read.is_none() {
            self.level = Level::Lost;
            self.problems.add(line.span(), ODD);
        }
    }

    fn classic(&mut self, line: &Line<'t>) -> Option<()> {
        let before = self.all.keys.len();
        let entry = self.all.entries.len() as u32;
        let keys = &mut self.all.keys;
        let read = classic_keys(line, &mut |key| {
            keys.push(Key {
                text: key.text,
                entry,
            });
        });
        if read.is_none() {
            self.all.keys.truncate(before);
        }
        read?;
        self.open(line.span(), before);
        Some(())
    }

    fn berry(&mut self, line: &Line<'t>) -> Option<()> {
        // Yarn writes a key of more than 1,024 characters as `? key`, and its colon on the next line.
        if let Some(rest) = line.text.strip_prefix("? ") {
            let text = format!("{rest}:");
            let at = line.start.saturating_add(2);
            self.opened = Some((line.span(), "the file ends after these keys"));
            self.level = Level::Lost;
            let key = long_key(rest, at, &text)?;
            self.long_key = Some(key);
            return Some(());
        }
        let key = match (line.text, self.long_key.take()) {
            (":", Some(key)) => key,
            (_, None) => {
                let Field { key, value } = field(line, Syntax::Berry)?;
                if value.is_some() {
                    return None;
                }
                key
            }
            (_, Some(_)) => return None,
        };
        if key.text == "__metadata" {
            self.level = Level::Metadata;
            self.opened = Some((line.span(), "the file ends inside of `__metadata`"));
            return Some(());
        }
        let before = self.all.keys.len();
        let entry = self.all.entries.len() as u32;
        let span = key.span.join(line.span());
        let mut add = |text: Cow<'t, str>| self.all.keys.push(Key { text, entry });
        match key.text {
            Cow::Borrowed(text) => text.split(", ").for_each(|key| add(Cow::Borrowed(key))),
            Cow::Owned(text) => text.split(", ").for_each(|key| add(Cow::Owned(key.to_owned()))),
        }
        self.open(span, before);
        Some(())
    }

    fn open(&mut self, head: Span, first_key: usize) {
        let dependencies = self.all.dependencies.len() as u32;
        self.level = Level::Entry;
        self.opened = Some((head, "the file ends after these keys"));
        self.all.entries.push(Entry {
            span: head,
            head,
            keys: first_key as u32..self.all.keys.len() as u32,
            dependencies: dependencies..dependencies,
            name: None,
            version: None,
            origin: None,
            checksum: None,
            list: None,
            has_link_type: false,
        });
    }

    /// A line of the second level: a field of an entry.
    fn field(&mut self, line: &Line<'t>) {
        self.section = Section::None;
        if self.level == Level::Lost {
            self.section = Section::Other;
            return;
        }
        let Some(Field { key, value }) = field(line, self.all.syntax) else {
            self.problems.add(line.span(), ODD);
            self.section = Section::Other;
            return;
        };
        self.may_be_cut(&key, value.as_ref());
        if self.level == Level::Metadata {
            if key.text == "version" {
                self.all.format = value.map(|value| (value.text, value.span));
            }
            return;
        }
        let Some(entry) = self.all.entries.last_mut() else {
            return;
        };
        let Some(value) = value else {
            self.section = match (self.all.syntax, key.text.as_ref()) {
                (_, "dependencies") => Section::Dependencies,
                (Syntax::Classic, "optionalDependencies") => Section::Optional,
                (Syntax::Berry, "dependenciesMeta") => Section::Meta,
                _ => Section::Other,
            };
            return;
        };
        let slot = match (self.all.syntax, key.text.as_ref()) {
            (_, "version") => &mut entry.version,
            (Syntax::Classic, "resolved") | (Syntax::Berry, "resolution") => &mut entry.origin,
            (Syntax::Classic, "name") => &mut entry.name,
            (Syntax::Classic, "integrity") | (Syntax::Berry, "checksum") => {
                entry.checksum = Some(value.span);
                return;
            }
            (Syntax::Berry, "linkType") => {
                entry.has_link_type = true;
                return;
            }
            _ => return,
        };
        // Yarn takes the last; it writes none twice, and what is gone was once locked.
        if slot.replace(value).is_some() {
            self.problems
                .add(key.span, format!("`{}` is written twice", key.text));
        }
    }

    /// A line of a list of an entry.
    fn item(&mut self, line: &Line<'t>) {
        if self.section == Section::Other {
            return;
        }
        let Some(Field { key, value }) = field(line, self.all.syntax) else {
            self.problems.add(line.span(), ODD);
            return;
        };
        self.may_be_cut(&key, value.as_ref());
        match (self.section, line.indent, value) {
            (Section::Dependencies | Section::Optional, 4, Some(value)) => {
                let Some(entry) = self.all.entries.last_mut() else {
                    return;
                };
                let end = line.span();
                let list = entry.list.map_or(end, |list| list.join(end));
                entry.list = Some(list);
                self.all.dependencies.push(Dependency {
                    name: key.text,
                    range: value.text,
                    span: key.span,
                    is_optional: self.section == Section::Optional,
                });
            }
            (Section::Meta, 4, None) => self.meta = Some(key.text),
            (Section::Meta, 6, Some(value)) => {
                if key.text == "optional"
                    && value.text == "true"
                    && let Some(name) = &self.meta
                {
                    self.optional.insert(name.clone());
                }
            }
            _ => self.problems.add(line.span(), ODD),
        }
    }

    /// Takes note of what the file must not end with.
    fn may_be_cut(&mut self, key: &Scalar<'t>, value: Option<&Scalar<'t>>) {
        self.opened = match value {
            None => Some((key.span, "the file ends before what belongs to this")),
            Some(_) => None,
        };
    }

    fn end_entry_at(&mut self, line: &Line<'t>) {
        if line.indent > 0
            && self.level == Level::Entry
            && let Some(entry) = self.all.entries.last_mut()
        {
            entry.span = entry.span.join(line.span());
        }
    }

    /// Ends the entry that is open.
    fn close(&mut self) {
        self.meta = None;
        let Some(entry) = self.all.entries.last_mut().filter(|_| self.level == Level::Entry) else {
            return;
        };
        entry.dependencies.end = self.all.dependencies.len() as u32;
        if self.optional.is_empty() {
            return;
        }
        let start = entry.dependencies.start as usize;
        for dependency in self.all.dependencies.get_mut(start..).unwrap_or_default() {
            dependency.is_optional |= self.optional.contains(&dependency.name);
        }
        self.optional.clear();
    }

    fn finish(mut self) -> Entries<'t> {
        self.close();
        if let Some((span, what)) = self.opened {
            self.problems.add(span, what);
        }
        self.all.problems = self.problems.into_vec();
        self.all
    }
}

/// A key that stands behind `? `, which starts at `at`; `text` is it with a colon.
fn long_key<'t>(rest: &'t str, at: usize, text: &str) -> Option<Scalar<'t>> {
    let line = Line {
        indent: 0,
        start: at,
        text,
    };
    let read = field(&line, Syntax::Berry)?;
    if read.value.is_some() {
        return None;
    }
    let key = read.key;
    let text = match key.is_plain {
        true => Cow::Borrowed(rest.get(usize::from(key.is_quoted)..)?.get(..key.text.len())?),
        false => Cow::Owned(key.text.into_owned()),
    };
    Some(Scalar {
        text,
        span: key.span,
        is_plain: key.is_plain,
        is_quoted: key.is_quoted,
    })
}
