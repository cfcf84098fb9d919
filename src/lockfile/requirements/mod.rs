//! `requirements.txt` and its kin: what pip installs, read as pip reads it.
//!
//! **Files.** `*.txt` whose name starts with `requirements`, or holds it as a word of its own between `-`, `_` and `.`
//! (`requirements-dev.txt`, `dev_requirements.txt`, `app.requirements.txt`), and every `*.txt` in a folder called
//! `requirements`; but none whose name starts with `constraints`, since those install nothing. Rye writes the same into
//! `requirements.lock` and `requirements-dev.lock`. Case does not matter.
//! Inputs of pip-compile (`*.in`) are manifests; they are read only where a file above includes them.
//!
//! **Included files** (`-r`) that the same scan reads on their own are left to it; the packages of all others, a file that is
//! ignored or excluded among them, stand in the file that includes them, placed where they are written. Constraints (`-c`)
//! install nothing: an exact pin there gives its version, and its place, to a requirement that has none itself. Where all
//! such pins hang on markers, the requirement stays open beside them. A file that is
//! missing or at an address is a blind spot if it is included, and a partial gap if it constrains, since
//! each requirement that stays open is a gap by itself.
//!
//! **Versions.** Exact pins are packages, several pins of one name (distinguished by markers) are several. A requirement
//! that leaves its version open is a partial gap. For repositories the version is the revision as written, for
//! archives the one in the file's name; folders have none and stand at their address. The folder `.` is the
//! project itself; what its `pyproject.toml` asks for and the file does not list is a partial gap. An archive on the host of an
//! index that the options or settings in the tree name ([`index_settings`]), or in a registry's store of archives, is the
//! registry's package, by the name and version in its file name.
//!
//! **Edges** come from the comments of pip-compile and uv (`# via`); files without them hold none, and each package
//! counts as direct. Scopes are not recorded. If the options name one index and nothing else to look in, that is
//! the registry; with several it is not known which one serves a package.
//!
//! **The end of a file.** Nothing marks it, and a last line without its line end is legal: `django==2` may be what is left of
//! `django==2.0`, and no reader can know. Blind is a file that ends behind a `\`, one whose last line breaks off in an option
//! or a hash, and one whose last line has no line end and no hash while others have (pip refuses that file).

mod include;
mod lines;
mod locator;
mod options;
mod own;
mod packages;
pub mod pins;
pub mod project;
mod via;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use self::include::{Include, Role};
use self::lines::{Line, lines};
use self::locator::Located;
use self::options::{Given, Opt, Words};
use self::via::{Comments, Via};
use super::chart_lock::ChartLock;
use super::grammar::distribution::is_archive;
use super::grammar::rfc3986::without_secrets;
use super::grammar::simple_repository::Indexes;
use super::grammar::{index_settings, pep508};
use super::{File, Format, Parsed, Problem, file_names};
use crate::ecosystem::normalise;
use crate::model::package::{FileSpan, Spans};
use crate::model::{Cost, Ecosystem, Source, Tree, TreePath};
use crate::text::{MAX_PROBLEMS, Span};

/// What the format is called.
const NAME: &str = "requirements.txt";

const FILE_NAMES: &[&str] = &[
    NAME,
    "requirements.lock",
    "requirements-dev.lock",
    "requirements*.txt",
    "*requirements.txt",
    "*requirements*.txt",
    "requirements/*.txt",
];

/// pip's requirements files.
#[derive(Debug, Clone, Copy)]
pub struct Requirements;

impl Format for Requirements {
    fn name(&self) -> &'static str {
        NAME
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        FILE_NAMES
    }

    fn claims(&self, path: &TreePath) -> bool {
        claims(path)
    }

    fn upgrade_command(&self, upgrade: &super::Upgrade<'_>) -> super::UpgradeCommand {
        super::UpgradeCommand::ByHand(
            format!(
                "No command of pip changes a pin: change it and its hashes in the file, or run `lockkeeper fix`. With pip-compile or uv, compile it \
                 again with `--upgrade-package {}=={}`.",
                upgrade.name, upgrade.to
            )
            .into(),
        )
    }

    fn companions(&self) -> &'static [&'static str] {
        &index_settings::FILES
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        if is_of_helm(file) {
            return ChartLock.read(file, tree);
        }
        let mut reader = Reader::new(file.path);
        reader.text(file.path, file.text, Role::Requirements);
        while let Some(include) = reader.pending.pop() {
            reader.include(include, tree);
        }
        reader.own_requirements(tree);
        reader.indexes_of_tree(tree);
        reader.finish()
    }
}

/// Helm 2 calls its lockfile `requirements.lock` too. pip takes no line that begins as it does.
fn is_of_helm(file: &File<'_>) -> bool {
    let mut lines = file.text.lines().map(str::trim_end);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    file.path.file_name() == b"requirements.lock" && first == Some("dependencies:")
}

/// One of [`FILE_NAMES`] in which `requirements` is a word of its own; a list of constraints installs nothing.
fn claims(path: &TreePath) -> bool {
    if !FILE_NAMES.iter().any(|name| file_names::fits(name, path)) {
        return false;
    }
    let name = path.file_name().to_ascii_lowercase();
    let Some(stem) = name.strip_suffix(b".txt") else {
        return true;
    };
    let is_word = stem
        .split(|byte| matches!(byte, b'-' | b'_' | b'.'))
        .any(|word| word == b"requirements");
    !stem.starts_with(b"constraints")
        && (is_word
            || stem.starts_with(b"requirements")
            || path.parent().file_name().eq_ignore_ascii_case(b"requirements"))
}

/// One requirement.
struct Entry {
    name: String,
    /// The version; `None` if it is left open.
    version: Option<String>,
    /// Where the version stands, else the name.
    place: FileSpan,
    source: Source,
    spans: Spans,
    via: Vec<Via>,
    /// What it is in the registry, if the archive that it names is the registry's.
    archive: Option<Archive>,
    /// The environment marker; empty if there is none.
    marker: String,
}

/// What the file name of an archive at an address says.
struct Archive {
    name: String,
    version: String,
    /// Where the version stands.
    place: FileSpan,
}

struct Reader<'f> {
    /// The file that is read, which packages in it do not name.
    own: &'f TreePath,
    seen: HashSet<(TreePath, Role)>,
    /// How many of `seen` the scan reads on its own.
    scanned: usize,
    included_bytes: usize,
    /// Included files yet to be read, the next one last.
    pending: Vec<Include>,
    entries: Vec<Entry>,
    constraints: HashMap<String, Vec<Entry>>,
    /// Folders of our own that are installed, by name.
    modules: Vec<String>,
    /// Where the first of them stands.
    own_place: Option<FileSpan>,
    index: Option<String>,
    has_further_index: bool,
    /// Every index that is named.
    indexes: Indexes,
    unread_lines: usize,
    problems: Vec<Problem>,
}

impl<'f> Reader<'f> {
    fn new(own: &'f TreePath) -> Self {
        Self {
            own,
            seen: HashSet::from([(own.clone(), Role::Requirements)]),
            scanned: 0,
            included_bytes: 0,
            pending: Vec::new(),
            entries: Vec::new(),
            constraints: HashMap::new(),
            modules: Vec::new(),
            own_place: None,
            index: None,
            has_further_index: false,
            indexes: Indexes::default(),
            unread_lines: 0,
            problems: Vec::new(),
        }
    }

    /// Reads the text of one file.
    fn text(&mut self, path: &TreePath, text: &str, role: Role) {
        let mut included = Vec::new();
        // Comments belong to the requirement before them, up to an empty line.
        let mut commented: Option<usize> = None;
        let mut comments = Comments::Before;
        let mut hashed = false;
        let mut last = None;
        for line in lines(text) {
            if line.code().trim_start().is_empty() {
                match (line.comment(), commented.and_then(|at| self.entries.get_mut(at))) {
                    (Some(comment), Some(entry)) => comments.read(comment, &mut entry.via),
                    (Some(_) | None, _) => commented = None,
                }
                continue;
            }
            commented = None;
            comments = Comments::Before;
            let words = Words::of(line.code());
            if let Some((range, message, cost)) = &words.problem {
                self.problem(
                    *cost,
                    path,
                    line.span(range.clone()),
                    *message,
                    "Correct the option, or remove it if pip no longer has it.",
                );
            }
            last = Some((line.code_span(), words.end(hashed)));
            hashed |= words.first(Opt::Hash).is_some();
            let entry = if !words.requirement.is_empty() {
                self.requirement(path, &line, &words)
            } else if let Some(editable) = words.first(Opt::Editable) {
                self.editable(path, &line, editable)
            } else {
                let file = words
                    .first(Opt::Requirement)
                    .map(|given| (given, Role::Requirements))
                    .or_else(|| {
                        words
                            .first(Opt::Constraint)
                            .map(|given| (given, Role::Constraints))
                    });
                if let Some((given, role)) = file {
                    included.push(Include {
                        role,
                        written: given.value.clone(),
                        from: path.clone(),
                        span: line.span(given.range.clone()),
                    });
                } else {
                    self.indexes(&words);
                }
                None
            };
            let Some(mut entry) = entry else { continue };
            if role == Role::Constraints {
                let name = normalise(&Ecosystem::PYPI, &entry.name).into_owned();
                self.constraints.entry(name).or_default().push(entry);
                continue;
            }
            if let Some(comment) = line.comment() {
                comments.read(comment, &mut entry.via);
            }
            commented = Some(self.entries.len());
            self.entries.push(entry);
        }
        self.end(path, text, last);
        // The last one is read next: the order of the file is kept.
        self.pending.extend(included.into_iter().rev());
    }

    /// Looks at how a file ends; `last` is its last line and what is wrong with that if it is cut there.
    fn end(&mut self, path: &TreePath, text: &str, last: Option<(Span, Option<&'static str>)>) {
        let goes_on = text
            .trim_end()
            .rsplit(['\n', '\r'])
            .next()
            .filter(|line| !line.split_whitespace().any(|word| word.starts_with('#')))
            .is_some_and(|line| line.ends_with('\\'));
        let is_cut = !text.ends_with(['\n', '\r']);
        let found = match last {
            _ if goes_on => Some((
                Span::at(text.trim_end().len().saturating_sub(1)),
                "the file ends behind a `\\`",
            )),
            Some((span, Some(message))) if is_cut && span.end as usize == text.trim_end().len() => {
                Some((span, message))
            }
            Some(_) | None => None,
        };
        if let Some((span, message)) = found {
            self.problem(
                Cost::Blind,
                path,
                span,
                message,
                "Restore the file from its last good commit, or compile it again; end its last line with a line end.",
            );
        }
    }

    /// A requirement by name, or by an address or path.
    fn requirement(&mut self, path: &TreePath, line: &Line<'_>, words: &Words) -> Option<Entry> {
        let code = line.code();
        let base = words.requirement.start;
        let text = code.get(words.requirement.clone()).unwrap_or_default();
        let shifted = |span: Span| {
            line.span(base.saturating_add(span.start as usize)..base.saturating_add(span.end as usize))
        };
        let mut entry = match pep508::read(text) {
            Ok(read) if read.specifiers.is_empty() && is_archive(read.name.of(text)) => {
                self.located(path, line, base, None, locator::address(text, None))?
            }
            Ok(read) => {
                let name = read.name.of(text);
                let mut entry = match read.address {
                    Some(span) => {
                        let located = locator::address(span.of(text), Some(name));
                        let start = base.saturating_add(span.start as usize);
                        self.located(path, line, start, Some(name), located)?
                    }
                    None => {
                        let exact = read.exact(text);
                        Entry {
                            name: name.to_owned(),
                            version: exact.map(|span| span.of(text).to_owned()),
                            place: self.place(path, shifted(exact.unwrap_or(read.name))),
                            source: Source::Registry(None),
                            spans: Spans::default(),
                            via: Vec::new(),
                            archive: None,
                            marker: String::new(),
                        }
                    }
                };
                entry.marker = read.marker.map_or("", |marker| marker.of(text)).to_owned();
                entry
            }
            Err(problem) => match locator::locate(text) {
                Some(located) => self.located(path, line, base, None, located)?,
                None => {
                    self.unread(path, shifted(problem.span), &problem.message);
                    return None;
                }
            },
        };
        entry.spans.entry = Some(line.code_span());
        entry.spans.checksums = words
            .options
            .iter()
            .filter(|given| given.option == Opt::Hash)
            .map(|given| line.span(given.range.clone()))
            .collect();
        Some(entry)
    }

    /// `-e`: a folder or a repository, with or without `name @` before it.
    fn editable(&mut self, path: &TreePath, line: &Line<'_>, given: &Given) -> Option<Entry> {
        let plain = line.code().get(given.range.clone()) == Some(&given.value);
        // Quotes and escapes move characters: then the whole word is the place.
        let whole = || given.range.clone();
        let reference = pep508::read(&given.value)
            .ok()
            .and_then(|read| Some((read.name.of(&given.value), read.address?)));
        let (name, start, mut located) = match reference {
            Some((name, span)) => {
                let start = given.range.start.saturating_add(span.start as usize);
                (
                    Some(name),
                    start,
                    locator::address(span.of(&given.value), Some(name)),
                )
            }
            None => (None, given.range.start, locator::address(&given.value, None)),
        };
        if !plain {
            (located.version, located.archive) = (None, None);
        }
        let mut entry = self.located(path, line, start, name, located)?;
        if !plain {
            entry.place.span = line.span(whole());
            entry.spans.source = Some(entry.place.span);
        }
        entry.spans.entry = Some(line.code_span());
        Some(entry)
    }

    /// A package from `located`, whose ranges count from byte `start` of the line's code. `None` for the project itself.
    fn located(
        &mut self,
        path: &TreePath,
        line: &Line<'_>,
        start: usize,
        name: Option<&str>,
        located: Located,
    ) -> Option<Entry> {
        let in_line =
            |range: Range<usize>| start.saturating_add(range.start)..start.saturating_add(range.end);
        let address = in_line(located.address);
        let text = line.code().get(address.clone()).unwrap_or_default();
        let found = located.name.as_ref().map(|part| part.text.as_str());
        let name = name.or(found).filter(|name| !name.is_empty());
        if located.is_own {
            let place = self.place(path, line.span(address.clone()));
            self.own_place.get_or_insert(place);
            self.modules.push(name.unwrap_or(text).to_owned());
            return None;
        }
        let place = |range: Range<usize>| self.place(path, line.span(in_line(range)));
        let archive = located.archive.map(|found| Archive {
            name: found.name.text,
            version: found.version.text,
            place: place(found.version.range),
        });
        let (version, place) = match located.version {
            Some(part) => (part.text, place(part.range)),
            None => (String::new(), self.place(path, line.span(address.clone()))),
        };
        Some(Entry {
            name: name.map_or_else(|| without_secrets(text).into_owned(), str::to_owned),
            version: Some(version),
            place,
            source: located.source,
            spans: Spans {
                source: Some(line.span(address)),
                ..Spans::default()
            },
            via: Vec::new(),
            archive,
            marker: String::new(),
        })
    }

    fn indexes(&mut self, words: &Words) {
        for given in &words.options {
            match given.option {
                Opt::Index => {
                    self.index = Some(without_secrets(&given.value).into_owned());
                    self.indexes.add(&given.value);
                }
                Opt::ExtraIndex => {
                    self.has_further_index = true;
                    self.indexes.add(&given.value);
                }
                // No index serves the packages, or something else beside it.
                Opt::FindLinks | Opt::NoIndex => self.has_further_index = true,
                Opt::Requirement | Opt::Constraint | Opt::Editable | Opt::Hash | Opt::Other => {}
            }
        }
    }

    /// Adds the indexes that settings in the tree name, if an archive at an address may be from one of them.
    fn indexes_of_tree(&mut self, tree: &dyn Tree) {
        let mut entries = self.entries.iter().chain(self.constraints.values().flatten());
        let is_open = entries.any(|entry| match &entry.source {
            Source::Url(address) => entry.archive.is_some() && !self.indexes.serve(address),
            Source::Registry(_) | Source::OtherRegistry(_) | Source::Git(_) | Source::Path(_) => false,
        });
        if is_open {
            self.indexes.add_named(&self.own.parent(), tree);
        }
    }

    fn place(&self, path: &TreePath, span: Span) -> FileSpan {
        if path == self.own {
            FileSpan::here(span)
        } else {
            FileSpan::elsewhere(path.clone(), span)
        }
    }

    /// A line that is no requirement.
    fn unread(&mut self, path: &TreePath, span: Span, message: &str) {
        self.unread_lines = self.unread_lines.saturating_add(1);
        let message = match self.unread_lines.cmp(&MAX_PROBLEMS) {
            std::cmp::Ordering::Less => message,
            std::cmp::Ordering::Equal => "more lines are no requirements; the rest is not listed",
            std::cmp::Ordering::Greater => return,
        };
        self.problem(
            Cost::Blind,
            path,
            span,
            message,
            "Write the line as pip reads it: `name==version`, an address, a path or an option.",
        );
    }

    fn problem(&mut self, cost: Cost, path: &TreePath, span: Span, message: impl Into<String>, hint: &str) {
        self.problems.push(Problem {
            cost,
            file: (path != self.own).then(|| path.clone()),
            span,
            message: message.into(),
            hint: hint.into(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_strict() {
        let claimed = |path: &str| claims(&TreePath::new(path).expect("a path"));
        for path in [
            "requirements.txt",
            "a/requirements-dev.txt",
            "requirements_test.txt",
            "requirements.prod.txt",
            "requirements3.txt",
            "dev-requirements.txt",
            "dev_requirements.txt",
            "dev-requirements-py3.txt",
            "app.requirements.txt",
            "requirements/base.txt",
            "Requirements.TXT",
        ] {
            assert!(claimed(path), "{path}");
        }
        for path in [
            "requirements.in",
            "requirements",
            "constraints.txt",
            "requirements/constraints.txt",
            "requirements/a/b.txt",
            "myrequirements.txt",
            "requirements.txt/a",
            "requirement.txt",
        ] {
            assert!(!claimed(path), "{path}");
        }
    }
}
