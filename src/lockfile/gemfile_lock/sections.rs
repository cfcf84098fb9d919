//! The sections of the file, line by line, as Bundler's `LockfileParser` takes them apart: where a section begins at the start
//! of a line, a gem stands behind four spaces, and what it needs behind six.
//!
//! Bundler passes over a line that it does not understand. Here such a line makes the file blind.

use foldhash::{HashMap, HashMapExt as _};

use super::super::Parsed;
use crate::text::Span;

pub(super) const DAMAGED: &str = "Restore the file from its last good commit, or run `bundle lock`.";

/// What git writes at the start of a line; Bundler refuses a file with any of them.
const CONFLICT: [&str; 4] = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"];

/// What the file says.
#[derive(Default)]
pub(super) struct Lock<'t> {
    /// Every line of a gem, in the order of the file.
    pub(super) gems: Vec<Gem<'t>>,
    /// What the gems need, in the order of the file, so that those of one gem stand together.
    pub(super) needs: Vec<Need<'t>>,
    /// The sources, in the order of the file.
    pub(super) sources: Vec<Source<'t>>,
    /// What the project asks for.
    pub(super) dependencies: Vec<Need<'t>>,
    /// The gems that CHECKSUMS names.
    checksums: Vec<(Named<'t>, Vec<Span>)>,
    has_dependencies: bool,
    /// A section follows that Bundler writes behind the dependencies.
    pub(super) has_end: bool,
}

/// A gem of one platform.
pub(super) struct Gem<'t> {
    pub(super) name: &'t str,
    /// Empty if there is none.
    pub(super) version: &'t str,
    pub(super) place: Span,
    /// Empty for any.
    pub(super) platform: &'t str,
    /// The number of its source.
    pub(super) source: usize,
    /// From its line to the last one of what it needs.
    pub(super) entry: Span,
    /// The first of its needs.
    pub(super) needs: usize,
    pub(super) checksums: Vec<Span>,
}

/// A dependency: its name and the versions that it allows.
pub(super) struct Need<'t> {
    pub(super) name: &'t str,
    pub(super) place: Span,
    /// Empty for any.
    pub(super) requirement: &'t str,
}

/// What a block of gems comes from.
#[derive(Default)]
pub(super) struct Source<'t> {
    pub(super) kind: Kind,
    /// The addresses; several in files of old versions of Bundler.
    pub(super) remotes: Vec<(&'t str, Span)>,
    pub(super) revision: &'t str,
}

/// The word that a source begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    Gem,
    Git,
    Path,
    Plugin,
}

/// The section that a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Before its `specs:`.
    Source,
    Specs,
    Platforms,
    Dependencies,
    Checksums,
    /// One line, of which nothing is used: the version of Ruby or of Bundler.
    Value,
    Unknown,
}

/// A line without its indent and its end.
struct Line<'t> {
    indent: usize,
    text: &'t str,
    /// Where the text stands.
    span: Span,
}

impl<'t> Lock<'t> {
    pub(super) fn read(text: &'t str, parsed: &mut Parsed) -> Self {
        let mut lock = Self::default();
        let mut section = Section::Unknown;
        let mut last = None;
        for line in lines(text) {
            if CONFLICT.iter().any(|mark| line.text.starts_with(mark)) && line.indent == 0 {
                // Both sides are read.
                parsed.blind(
                    line.span,
                    "merge conflict markers",
                    "Resolve the conflict and lock again.",
                );
            } else if line.indent == 0 && !line.text.starts_with(char::is_whitespace) {
                section = lock.begin(&line, parsed);
            } else {
                lock.line(&mut section, &line, parsed);
            }
            last = Some((section, line));
        }
        lock.add_checksums();
        lock.end(text, last, parsed);
        lock
    }

    /// What begins with `line`.
    fn begin(&mut self, line: &Line<'t>, parsed: &mut Parsed) -> Section {
        let kind = match line.text {
            "GEM" => Kind::Gem,
            "GIT" => Kind::Git,
            "PATH" => Kind::Path,
            "PLUGIN SOURCE" => Kind::Plugin,
            "PLATFORMS" => return Section::Platforms,
            "DEPENDENCIES" => {
                self.has_dependencies = true;
                return Section::Dependencies;
            }
            "CHECKSUMS" => {
                self.has_end |= self.has_dependencies;
                return Section::Checksums;
            }
            "RUBY VERSION" | "BUNDLED WITH" => {
                self.has_end |= self.has_dependencies;
                return Section::Value;
            }
            _ => {
                parsed.remark(
                    line.span,
                    "Bundler knows no section of this name and passes over it",
                    "Run `bundle lock`, or update lockkeeper if a newer Bundler wrote it.",
                );
                return Section::Unknown;
            }
        };
        self.sources.push(Source {
            kind,
            ..Source::default()
        });
        Section::Source
    }

    fn line(&mut self, section: &mut Section, line: &Line<'t>, parsed: &mut Parsed) {
        match section {
            Section::Source if (line.indent, line.text) == (2, "specs:") => {
                let is_told = |source: &Source<'_>| source.kind == Kind::Gem || !source.remotes.is_empty();
                if !self.sources.last().is_some_and(is_told) {
                    parsed.blind(
                        line.span,
                        "the section does not say where its gems come from",
                        DAMAGED,
                    );
                }
                *section = Section::Specs;
            }
            Section::Source => self.option(line, parsed),
            Section::Specs => self.spec(line, parsed),
            Section::Dependencies => match Named::of(line.text).filter(|_| line.indent == 2) {
                Some(named) => self.dependencies.push(named.need(line)),
                None => unread(line, parsed),
            },
            Section::Checksums => match Named::of(line.text).filter(|_| line.indent == 2) {
                Some(named) => {
                    let places = named.checksums(line);
                    self.checksums.push((named, places));
                }
                None => unread(line, parsed),
            },
            Section::Platforms | Section::Value => {}
            // No section that Bundler passes over has gems, unless its name is damaged.
            Section::Unknown if line.indent >= 4 || line.text == "specs:" => unread(line, parsed),
            Section::Unknown => {}
        }
    }

    /// `  remote: https://host/`.
    fn option(&mut self, line: &Line<'t>, parsed: &mut Parsed) {
        let option = line.text.split_once(": ").filter(|_| line.indent == 2);
        let (Some((key, value)), Some(source)) = (option, self.sources.last_mut()) else {
            return unread(line, parsed);
        };
        let start = line.text.len().saturating_sub(value.len());
        match key {
            "remote" => source
                .remotes
                .push((value, line.span.inside(start..line.text.len()))),
            "revision" => source.revision = value,
            _ => {}
        }
    }

    fn spec(&mut self, line: &Line<'t>, parsed: &mut Parsed) {
        let Some(named) = Named::of(line.text) else {
            return unread(line, parsed);
        };
        match (line.indent, self.gems.last_mut()) {
            (4, _) => {
                let start = named.name.len().saturating_add(2);
                let place = line.span.inside(start..start.saturating_add(named.version.len()));
                self.gems.push(Gem {
                    name: named.name,
                    version: named.version,
                    place: if named.version.is_empty() {
                        line.span
                    } else {
                        place
                    },
                    platform: named.platform,
                    source: self.sources.len().saturating_sub(1),
                    entry: line.span,
                    needs: self.needs.len(),
                    checksums: Vec::new(),
                });
            }
            (6, Some(gem)) if gem.source.saturating_add(1) == self.sources.len() => {
                gem.entry = gem.entry.join(line.span);
                self.needs.push(named.need(line));
            }
            _ => unread(line, parsed),
        }
    }

    fn add_checksums(&mut self) {
        let mut gems: HashMap<(&str, &str, &str), usize> = HashMap::new();
        if !self.checksums.is_empty() {
            let numbered = self.gems.iter().enumerate();
            gems.extend(numbered.map(|(number, gem)| ((gem.name, gem.version, gem.platform), number)));
        }
        for (named, places) in std::mem::take(&mut self.checksums) {
            let number = gems.get(&(named.name, named.version, named.platform));
            if let Some(gem) = number.and_then(|number| self.gems.get_mut(*number)) {
                gem.checksums.extend(places);
            }
        }
    }

    /// Whether the file ends where Bundler ends it.
    fn end(&mut self, text: &str, last: Option<(Section, Line<'_>)>, parsed: &mut Parsed) {
        let end = Span::at(text.len());
        let Some((section, line)) = last else {
            return parsed.blind(end, "the file is empty", DAMAGED);
        };
        let is_cut = match section {
            // A value is the last of the file, and says nothing of a gem.
            Section::Value => line.indent == 0,
            _ => !text.ends_with('\n'),
        };
        if !self.has_dependencies {
            parsed.blind(
                end,
                "no whole lockfile of Bundler: it has no section DEPENDENCIES",
                DAMAGED,
            );
        } else if is_cut {
            parsed.blind(end, "the file ends inside a section", DAMAGED);
        }
    }

    /// The needs of the gem of this number.
    pub(super) fn needs_of(&self, number: usize) -> &[Need<'t>] {
        let start = self.gems.get(number).map_or(0, |gem| gem.needs);
        let next = self.gems.get(number.saturating_add(1));
        let end = next.map_or(self.needs.len(), |gem| gem.needs);
        self.needs.get(start..end).unwrap_or_default()
    }
}

fn unread(line: &Line<'_>, parsed: &mut Parsed) {
    parsed.blind(line.span, "Bundler does not read this line", DAMAGED);
}

/// A line that names a gem: `name (1.2.3-platform)!`, in CHECKSUMS with `sha256=…` behind it.
struct Named<'t> {
    name: &'t str,
    /// What stands in the parentheses before a hyphen; empty without any.
    version: &'t str,
    /// What stands behind that hyphen.
    platform: &'t str,
    /// What stands in the parentheses.
    requirement: &'t str,
    checksums: &'t str,
}

impl<'t> Named<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let (name, inside, behind) = match text.split_once(" (") {
            Some((name, rest)) => {
                let (inside, behind) = rest.rsplit_once(')')?;
                (name, inside, behind)
            }
            None => {
                let end = text.find(['!', ' ']).unwrap_or(text.len());
                let (name, behind) = text.split_at_checked(end)?;
                (name, "", behind)
            }
        };
        let behind = behind.strip_prefix('!').unwrap_or(behind);
        let checksums = match behind {
            "" => "",
            _ => behind
                .strip_prefix(' ')
                .filter(|rest| !rest.is_empty() && !rest.contains(' '))?,
        };
        let (version, platform) = inside.split_once('-').unwrap_or((inside, ""));
        (!name.is_empty() && !name.contains([' ', '(', ')'])).then_some(Self {
            name,
            version,
            platform,
            requirement: inside,
            checksums,
        })
    }

    fn need(&self, line: &Line<'t>) -> Need<'t> {
        Need {
            name: self.name,
            place: line.span.inside(0..self.name.len()),
            requirement: self.requirement,
        }
    }

    /// The places of the checksums at the end of the line, with commas between them.
    fn checksums(&self, line: &Line<'_>) -> Vec<Span> {
        let mut start = line.text.len().saturating_sub(self.checksums.len());
        let parts = self.checksums.split(',').map(|part| {
            let end = start.saturating_add(part.len());
            let span = line.span.inside(start..end);
            start = end.saturating_add(1);
            span
        });
        parts.filter(|span| !span.is_empty()).collect()
    }
}

/// The lines that are not empty.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0_usize;
    text.split('\n').filter_map(move |whole| {
        let at = start;
        start = start.saturating_add(whole.len()).saturating_add(1);
        let whole = whole.strip_suffix('\r').unwrap_or(whole);
        let line = whole.trim_start_matches(' ');
        let indent = whole.len().saturating_sub(line.len());
        let at = at.saturating_add(indent);
        (!line.trim().is_empty()).then(|| Line {
            indent,
            text: line,
            span: Span::new(at, at.saturating_add(line.len())),
        })
    })
}
