//! The lines of a requirements file with what an edit of them needs: where the version, the hashes and the comments of each stand,
//! what the comments name, and how the file was made.

use std::ops::Range;

use super::lines::{Line, lines};
use super::options::{Opt, Words};
use super::via::{Comments, Via};
use crate::ecosystem::normalise;
use crate::lockfile::grammar::pep508;
use crate::model::Ecosystem;
use crate::text::Span;

/// A requirements file, a file of constraints or an input of pip-compile.
#[derive(Debug, Default)]
pub struct PinFile {
    /// Its requirements by name, in the order of the file.
    pub entries: Vec<Entry>,
    /// The files that it refers to, as written.
    pub includes: Vec<(Included, String)>,
    /// How it was made.
    pub header: Header,
    /// It asks for hashes, without having one.
    pub wants_hashes: bool,
}

/// What a file is referred to for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Included {
    /// Its requirements are installed too (`-r`).
    Requirements,
    /// It says which versions (`-c`).
    Constraints,
}

/// A requirement. Ranges count bytes of the file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name as written.
    pub name: String,
    /// The extras as written.
    pub extras: Vec<String>,
    /// What the version must be, without spaces: `==1.0`.
    pub range: String,
    /// The exact version and where it stands, without its operator.
    pub version: Option<(String, Range<usize>)>,
    /// Where each specifier stands, from its operator on.
    pub specifiers: Vec<Range<usize>>,
    /// The marker behind `;`; empty for none.
    pub marker: String,
    /// It is an address.
    pub is_located: bool,
    /// Where the requirement stands, without its options.
    pub requirement: Range<usize>,
    /// Each hash, with where its whole option stands.
    pub hashes: Vec<(String, Range<usize>)>,
    /// From the start of its first line to that of the line behind its comments.
    pub block: Range<usize>,
    /// Why it is there, if comments say so.
    pub via: Option<Annotation>,
}

/// `# via` comments.
#[derive(Debug, Clone)]
pub struct Annotation {
    /// From the first `#` to the end of the last line.
    pub at: Range<usize>,
    /// On the line of the requirement.
    pub is_inline: bool,
    /// What is named, as written: `flask`, `-r requirements.in`.
    pub items: Vec<String>,
    /// The names of packages among them, normalised, and of the files.
    pub names: Vec<Named>,
}

/// Whom a comment names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A package, by its normalised name.
    Package(String),
    /// A file of requirements or a project.
    Own(String),
}

/// How a file was made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Header {
    /// The words of the command behind the tool's name; none where it was written by hand.
    pub command: Vec<String>,
    /// `3.11`
    pub python: Option<String>,
    /// It holds for every platform.
    pub is_universal: bool,
}

impl Entry {
    /// The normalised name.
    #[must_use]
    pub fn key(&self) -> String {
        normalise(&Ecosystem::PYPI, &self.name).into_owned()
    }
}

impl Header {
    /// A tool wrote the file.
    #[must_use]
    pub fn is_written_by_tool(&self) -> bool {
        !self.command.is_empty() || self.python.is_some()
    }

    /// The value of an option of the command.
    #[must_use]
    pub fn option(&self, names: &[&str]) -> Option<&str> {
        let mut words = self.command.iter();
        while let Some(word) = words.next() {
            if names.contains(&word.as_str()) {
                return words.next().map(String::as_str);
            }
            let value = word.split_once('=').filter(|(name, _)| names.contains(name));
            if let Some((_, value)) = value {
                return Some(value);
            }
        }
        None
    }
}

/// Reads `text` of a file. What is no requirement by name is passed over.
#[must_use]
pub fn read(text: &str) -> PinFile {
    let mut file = PinFile::default();
    let mut comments = Comments::Before;
    let mut is_open = false;
    let mut has_code = false;
    for line in lines(text) {
        if line.code().trim_start().is_empty() {
            match (line.comment(), file.entries.last_mut().filter(|_| is_open)) {
                (Some(comment), Some(entry)) => {
                    let span = line.comment_span().unwrap_or_default();
                    // An empty line in between ends what belongs to the requirement.
                    is_open = line_start(text, span.start as usize) == entry.block.end;
                    if is_open {
                        annotate(entry, &mut comments, comment, span, Place::Below, text);
                    }
                }
                (Some(comment), None) if !has_code => header(comment, &mut file.header),
                (Some(_) | None, _) => is_open = false,
            }
            continue;
        }
        has_code = true;
        is_open = false;
        comments = Comments::Before;
        let words = Words::of(line.code());
        for given in &words.options {
            match given.option {
                Opt::Requirement => file.includes.push((Included::Requirements, given.value.clone())),
                Opt::Constraint => file.includes.push((Included::Constraints, given.value.clone())),
                Opt::Editable
                | Opt::Index
                | Opt::ExtraIndex
                | Opt::FindLinks
                | Opt::NoIndex
                | Opt::Hash
                | Opt::Other => {}
            }
        }
        file.wants_hashes |= words.requirement.is_empty() && line.code().contains("--require-hashes");
        let Some(mut entry) = entry(&line, &words, text) else {
            continue;
        };
        if let (Some(comment), Some(span)) = (line.comment(), line.comment_span()) {
            annotate(&mut entry, &mut comments, comment, span, Place::Beside, text);
        }
        file.entries.push(entry);
        is_open = true;
    }
    file
}

/// The index and the further indexes that the options of a file name, as written.
#[must_use]
pub fn indexes(text: &str) -> (Option<String>, Vec<String>) {
    let (mut index, mut further) = (None, Vec::new());
    for line in lines(text) {
        for given in Words::of(line.code()).options {
            match given.option {
                Opt::Index => index = Some(given.value),
                Opt::ExtraIndex => further.push(given.value),
                Opt::Requirement
                | Opt::Constraint
                | Opt::Editable
                | Opt::FindLinks
                | Opt::NoIndex
                | Opt::Hash
                | Opt::Other => {}
            }
        }
    }
    (index, further)
}

fn entry(line: &Line<'_>, words: &Words, text: &str) -> Option<Entry> {
    let code = line.code();
    let base = words.requirement.start;
    let written = code
        .get(words.requirement.clone())
        .filter(|text| !text.is_empty())?;
    let read = pep508::read(written).ok()?;
    let place = |span: Span| {
        let start = base.saturating_add(span.start as usize);
        bytes(line.span(start..base.saturating_add(span.end as usize)))
    };
    let specifiers = read.specifiers.iter().map(|specifier| {
        let sign = specifier.operator.as_str();
        let version = specifier.version.start as usize;
        let before = written.get(..version).and_then(|before| before.rfind(sign));
        place(Span::new(
            before.unwrap_or(version),
            specifier.version.end as usize,
        ))
    });
    let hashes = words
        .options
        .iter()
        .filter(|given| given.option == Opt::Hash)
        .map(|given| {
            let before = code.get(..given.range.start).unwrap_or_default();
            let start = before.rfind("--hash").unwrap_or(given.range.start);
            (given.value.clone(), bytes(line.span(start..given.range.end)))
        });
    let whole = bytes(line.code_span());
    Some(Entry {
        name: read.name.of(written).to_owned(),
        extras: read
            .extras
            .iter()
            .map(|extra| extra.of(written).to_owned())
            .collect(),
        range: read.range(written),
        version: read
            .exact(written)
            .map(|span| (span.of(written).to_owned(), place(span))),
        specifiers: specifiers.collect(),
        marker: read.marker.map_or("", |marker| marker.of(written)).to_owned(),
        is_located: read.address.is_some(),
        requirement: bytes(line.span(words.requirement.clone())),
        hashes: hashes.collect(),
        block: line_start(text, whole.start)..line_end(text, whole.end),
        via: None,
    })
}

/// Where a comment stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On the line of the requirement.
    Beside,
    /// On a line of its own.
    Below,
}

fn annotate(entry: &mut Entry, comments: &mut Comments, comment: &str, span: Span, place: Place, text: &str) {
    let mut found = Vec::new();
    comments.read(comment, &mut found);
    if *comments == Comments::Before {
        return;
    }
    let at = bytes(span);
    let annotation = entry.via.get_or_insert_with(|| Annotation {
        at: at.clone(),
        is_inline: place == Place::Beside
            && line_start(text, at.start) == line_start(text, entry.requirement.end),
        items: Vec::new(),
        names: Vec::new(),
    });
    annotation.at.end = at.end;
    let words = comment.trim();
    let words = match (annotation.items.is_empty(), words.strip_prefix("via")) {
        (true, Some(rest)) => rest,
        (true, None) | (false, _) => words,
    };
    let items = words.split(',').map(str::trim).filter(|item| !item.is_empty());
    annotation.items.extend(items.map(str::to_owned));
    annotation.names.extend(found.into_iter().map(|via| match via {
        Via::Package(name) => Named::Package(normalise(&Ecosystem::PYPI, &name).into_owned()),
        Via::Own(name) => Named::Own(name),
    }));
    entry.block.end = line_end(text, at.end);
}

/// A comment in front of the first requirement.
fn header(comment: &str, header: &mut Header) {
    let comment = comment.trim();
    let lower = comment.to_ascii_lowercase();
    if let Some((_, python)) = lower.split_once("pip-compile with python ") {
        header.python = python.split_whitespace().next().map(str::to_owned);
    }
    let mut words = comment.split_whitespace().map(str::to_owned);
    let is_tool = |word: &str| word.rsplit('/').next() == Some("pip-compile");
    let command: Vec<String> = if is_tool(comment.split_whitespace().next().unwrap_or_default()) {
        words.by_ref().skip(1).collect()
    } else if comment.starts_with("uv pip compile") {
        words.by_ref().skip(3).collect()
    } else if comment.starts_with("uv export") {
        header.is_universal = true;
        words.by_ref().skip(2).collect()
    } else {
        return;
    };
    header.command = command;
    header.is_universal |= header.command.iter().any(|word| word == "--universal");
    let python = header
        .option(&["--python-version", "--python", "-p"])
        .map(str::to_owned);
    if header.python.is_none() {
        header.python = python.filter(|python| python.starts_with(|first: char| first.is_ascii_digit()));
    }
}

fn bytes(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.rfind('\n').map_or(0, |end| end.saturating_add(1))
}

/// Behind the line end.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find('\n')
        .map_or(text.len(), |end| at.saturating_add(end).saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_knows_where_its_parts_stand() {
        let text = "#\n# This file is autogenerated by pip-compile with Python 3.11\n# by the following command:\n#\n#    pip-compile --generate-hashes requirements.in\n#\n\
            a[x]==1.0 ; python_version < '3.12' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via\n    #   -r requirements.in\n    #   b\n\
            b == 2.0  # via c\n\n# no more\n-r more.txt\nc @ https://files.example/c-1.0.zip\n";
        let file = read(text);
        assert_eq!(file.header.python.as_deref(), Some("3.11"));
        assert_eq!(file.header.command, ["--generate-hashes", "requirements.in"]);
        assert_eq!(file.includes, [(Included::Requirements, "more.txt".to_owned())]);
        let [a, b, c] = file.entries.as_slice() else {
            panic!("{:?}", file.entries);
        };
        assert_eq!(
            (a.name.as_str(), a.range.as_str(), a.marker.as_str()),
            ("a", "==1.0", "python_version < '3.12'")
        );
        let (version, at) = a.version.clone().expect("a version");
        assert_eq!((version.as_str(), &text[at]), ("1.0", "1.0"));
        assert_eq!(&text[a.specifiers[0].clone()], "==1.0");
        let hashes: Vec<&str> = a.hashes.iter().map(|(_, at)| &text[at.clone()]).collect();
        assert_eq!(hashes, ["--hash=sha256:aa", "--hash=sha256:bb"]);
        assert!(text[a.block.clone()].starts_with("a[x]") && text[a.block.clone()].ends_with("#   b\n"));
        let via = a.via.as_ref().expect("comments");
        assert_eq!(
            (via.is_inline, via.items.clone()),
            (false, vec!["-r requirements.in".to_owned(), "b".to_owned()])
        );
        assert!(text[via.at.clone()].starts_with("# via\n") && text[via.at.clone()].ends_with("#   b"));
        let via = b.via.as_ref().expect("a comment");
        assert_eq!(
            (via.is_inline, via.names.clone()),
            (true, vec![Named::Package("c".to_owned())])
        );
        assert_eq!(&text[b.block.clone()], "b == 2.0  # via c\n");
        assert!(c.is_located && c.version.is_none());
    }

    #[test]
    fn the_command_says_what_the_file_is_for() {
        let text = "# This file was autogenerated by uv via the following command:\n#    uv pip compile --universal --python-version 3.9 r.in -o r.txt\na==1\n";
        let header = read(text).header;
        assert!(header.is_universal && header.is_written_by_tool());
        assert_eq!(header.python.as_deref(), Some("3.9"));
        assert!(!read("# written by hand\na==1\n").header.is_written_by_tool());
    }
}
