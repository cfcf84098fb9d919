//! `requirements.txt` and its kin: what pip installs, read as pip reads it.
//!
//! **Files.** `*.txt` whose name starts with `requirements`, or holds it as a word of its own between `-`, `_` and `.`
//! (`requirements-dev.txt`, `dev_requirements.txt`, `app.requirements.txt`), and every `*.txt` in a folder called
//! `requirements`; but none whose name starts with `constraints`, since those install nothing. Case does not matter.
//! Inputs of pip-compile (`*.in`) are manifests; they are read only where a file above includes them.
//!
//! **Included files** (`-r`) that are claimed by their own name are read on their own; the packages of all others
//! stand in the file that includes them, placed where they are written. Constraints (`-c`) install nothing:
//! an exact pin there gives its version, and its place, to a requirement that has none itself. A file that is
//! missing or lies at an address is a blind spot if it is included, and a partial gap if it constrains, since
//! each requirement that stays open is a gap by itself.
//!
//! **Versions.** Exact pins are packages, several pins of one name (told apart by markers) are several. A requirement
//! that leaves its version open is a partial gap. For repositories the version is the revision as written, for
//! archives the one in the file's name; folders have none and stand at their address. The folder `.` is the
//! project itself.
//!
//! **Edges** come from the comments of pip-compile and uv (`# via`); files without them hold none, and each package
//! counts as direct. Scopes are not recorded. If the options name one index and no other beside it, that is
//! the registry; with several nobody can tell which one serves a package.

mod lines;
mod locator;
mod options;
mod via;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use self::lines::{Line, lines};
use self::locator::Located;
use self::options::{Given, Opt, Words};
use self::via::{Comments, Via};
use super::grammar::pep508;
use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Problem};
use crate::ecosystem::normalise;
use crate::model::package::{Place, Spans};
use crate::model::{Cost, Ecosystem, NodeId, Package, Source, Tree, TreePath};
use crate::text::{MAX_PROBLEMS, Span, decode};

/// pip's requirements files.
#[derive(Debug, Clone, Copy)]
pub struct Requirements;

impl Format for Requirements {
    fn name(&self) -> &'static str {
        "requirements.txt"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn claims(&self, path: &TreePath) -> bool {
        claims(path)
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut reader = Reader::new(file.path);
        reader.text(file.path, file.text, Role::Requirements);
        while let Some(include) = reader.pending.pop() {
            reader.include(include, tree);
        }
        reader.finish()
    }
}

fn claims(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let Some(stem) = name.strip_suffix(b".txt") else {
        return false;
    };
    let folder = path.parent();
    let is_word = stem
        .split(|byte| matches!(byte, b'-' | b'_' | b'.'))
        .any(|word| word == b"requirements");
    !stem.starts_with(b"constraints")
        && (is_word
            || stem.starts_with(b"requirements")
            || folder.file_name().eq_ignore_ascii_case(b"requirements"))
}

/// What a file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    /// What it names is installed.
    Requirements,
    /// It only says which versions.
    Constraints,
}

/// A file that another one refers to.
struct Include {
    role: Role,
    /// The path as written.
    written: String,
    /// Where it is written.
    from: TreePath,
    span: Span,
}

/// One requirement.
struct Entry {
    name: String,
    /// The version; `None` if it is left open.
    version: Option<String>,
    /// Where the version stands, else the name.
    place: Place,
    source: Source,
    spans: Spans,
    via: Vec<Via>,
}

struct Reader<'f> {
    /// The file that is read, which packages in it do not name.
    own: &'f TreePath,
    seen: HashSet<(TreePath, Role)>,
    /// How many of `seen` are read as lockfiles of their own.
    claimed: usize,
    included_bytes: usize,
    /// Included files yet to be read, the next one last.
    pending: Vec<Include>,
    entries: Vec<Entry>,
    constraints: HashMap<String, Vec<Entry>>,
    /// Folders of our own that are installed, by name.
    modules: Vec<String>,
    index: Option<String>,
    has_further_index: bool,
    unread_lines: usize,
    problems: Vec<Problem>,
}

impl<'f> Reader<'f> {
    fn new(own: &'f TreePath) -> Self {
        Self {
            own,
            seen: HashSet::from([(own.clone(), Role::Requirements)]),
            claimed: 0,
            included_bytes: 0,
            pending: Vec::new(),
            entries: Vec::new(),
            constraints: HashMap::new(),
            modules: Vec::new(),
            index: None,
            has_further_index: false,
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
            if let Some((range, message)) = &words.problem {
                self.problem(
                    Cost::Nothing,
                    path,
                    line.span(range.clone()),
                    *message,
                    "Correct the option, or remove it if pip no longer has it.",
                );
            }
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
        // The last one is read next: the order of the file is kept.
        self.pending.extend(included.into_iter().rev());
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
            Ok(read) if read.specifiers.is_empty() && locator::is_archive(read.name.of(text)) => {
                self.located(path, line, base, None, locator::address(text))?
            }
            Ok(read) => match read.address {
                Some(span) => {
                    let located = locator::address(span.of(text));
                    let start = base.saturating_add(span.start as usize);
                    self.located(path, line, start, Some(read.name.of(text)), located)?
                }
                None => {
                    let exact = read.exact(text);
                    Entry {
                        name: read.name.of(text).to_owned(),
                        version: exact.map(|span| span.of(text).to_owned()),
                        place: self.place(path, shifted(exact.unwrap_or(read.name))),
                        source: Source::Registry(None),
                        spans: Spans::default(),
                        via: Vec::new(),
                    }
                }
            },
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
                (Some(name), start, locator::address(span.of(&given.value)))
            }
            None => (None, given.range.start, locator::address(&given.value)),
        };
        if !plain {
            located.version = None;
        }
        let mut entry = self.located(
            path,
            line,
            start,
            name.or(located_name(&given.value, &located)),
            located,
        )?;
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
        let text = |range: Range<usize>| line.code().get(range).unwrap_or_default();
        let address = in_line(located.address);
        let found = located.name.map(|range| text(in_line(range)));
        let name = name.or(found).filter(|name| !name.is_empty());
        if located.is_own {
            self.modules.push(name.unwrap_or(text(address)).to_owned());
            return None;
        }
        let version = located.version.map(in_line);
        let place = line.span(version.clone().unwrap_or(address.clone()));
        Some(Entry {
            name: match name {
                Some(name) => name.to_owned(),
                None => without_secrets(text(address.clone())).into_owned(),
            },
            version: Some(version.map(text).unwrap_or_default().to_owned()),
            place: self.place(path, place),
            source: located.source,
            spans: Spans {
                source: Some(line.span(address)),
                ..Spans::default()
            },
            via: Vec::new(),
        })
    }

    fn indexes(&mut self, words: &Words) {
        for given in &words.options {
            match given.option {
                Opt::Index => self.index = Some(without_secrets(&given.value).into_owned()),
                Opt::ExtraIndex => self.has_further_index = true,
                Opt::NoIndex => self.index = None,
                Opt::Requirement | Opt::Constraint | Opt::Editable | Opt::Hash | Opt::Other => {}
            }
        }
    }

    /// Reads a file that another one refers to, once.
    fn include(&mut self, include: Include, tree: &dyn Tree) {
        let Include {
            role,
            written,
            from,
            span,
        } = include;
        let (cost, what) = match role {
            Role::Requirements => (Cost::Blind, "the included file"),
            Role::Constraints => (Cost::Partial, "the file of constraints"),
        };
        let path = match reach(&from, &written) {
            Ok(path) => path,
            Err((message, hint)) => {
                return self.problem(cost, &from, span, format!("{what} {message}"), hint);
            }
        };
        if !self.seen.insert((path.clone(), role)) {
            return;
        }
        if role == Role::Requirements && claims(&path) && tree.holds(&path) {
            self.claimed = self.claimed.saturating_add(1);
            return;
        }
        if self.seen.len().saturating_sub(self.claimed) > MAX_INCLUDED
            || self.included_bytes > MAX_INCLUDED_BYTES
        {
            self.pending.clear();
            return self.problem(
                Cost::Blind,
                &from,
                span,
                "too many files are included; this one and those after it are not read",
                "Include fewer files, and none through a circle of links.",
            );
        }
        let bytes = match tree.read(&path) {
            Ok(bytes) => bytes,
            Err(unread) => {
                let message = format!("{what} {path} cannot be read: {unread}");
                return self.problem(
                    cost,
                    &from,
                    span,
                    message,
                    "Put the file where the line looks for it, or correct the line.",
                );
            }
        };
        self.included_bytes = self.included_bytes.saturating_add(bytes.len());
        let decoded = decode::decode(&bytes);
        if let Some(problem) = decoded.problem {
            self.problem(
                Cost::Blind,
                &path,
                problem.span,
                problem.message,
                "Save the file as UTF-8.",
            );
        }
        self.text(&path, &decoded.text, role);
    }

    fn place(&self, path: &TreePath, span: Span) -> Place {
        if path == self.own {
            Place::here(span)
        } else {
            Place::elsewhere(path.clone(), span)
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

    /// Packages in the order of the file, versions from constraints, edges from comments.
    fn finish(mut self) -> Parsed {
        let mut parsed = Parsed::default();
        let registry = self.index.take().filter(|_| !self.has_further_index);
        let mut nodes: HashMap<String, Vec<NodeId>> = HashMap::new();
        let mut asked: Vec<(NodeId, Vec<Via>)> = Vec::new();
        // Two requirements may lean on one constraint, which is one place all the same.
        let mut leant_on: HashSet<(Option<TreePath>, Span)> = HashSet::new();
        for name in std::mem::take(&mut self.modules) {
            parsed.graph.add_own(name, "");
        }
        for entry in std::mem::take(&mut self.entries) {
            let name = normalise(&Ecosystem::PYPI, &entry.name).into_owned();
            let held = match &entry.version {
                Some(_) => std::slice::from_ref(&entry),
                None => match self.constraints.get(&name).map(Vec::as_slice) {
                    Some(pins) if pins.iter().any(|pin| pin.version.is_some()) => pins,
                    Some(_) | None => {
                        self.problems.push(open(&entry));
                        continue;
                    }
                },
            };
            for pin in held.iter().take(MAX_SAME_NAME) {
                let Some(version) = &pin.version else { continue };
                let place = (pin.place.file.clone(), pin.place.span);
                if entry.version.is_none() && !leant_on.insert(place) {
                    continue;
                }
                let mut package = Package::new(Ecosystem::PYPI, &entry.name, version, pin.place.clone());
                package.source = match &pin.source {
                    Source::Registry(_) => Source::Registry(registry.clone()),
                    other => other.clone(),
                };
                package.spans = pin.spans.clone();
                package.direct = entry.via.is_empty();
                let node = parsed.graph.add_package(package);
                nodes.entry(name.clone()).or_default().push(node);
                asked.push((node, entry.via.clone()));
            }
        }
        connect(&mut parsed, &nodes, asked);
        self.problems
            .sort_by(|left, right| (&left.file, left.span).cmp(&(&right.file, right.span)));
        parsed.problems = self.problems;
        parsed
    }
}

/// One file includes at most so many others: a link to a folder around it makes them endless.
const MAX_INCLUDED: usize = 256;

/// No further file is included behind this many bytes.
const MAX_INCLUDED_BYTES: usize = 64 << 20;

/// Of more pins of one name than this, only the first ones are taken for an open requirement or an edge, so that
/// hostile files cost no more than their size.
const MAX_SAME_NAME: usize = 64;

/// Adds the edges that comments tell of. A name that is no package of the file is a project of our own.
fn connect(parsed: &mut Parsed, nodes: &HashMap<String, Vec<NodeId>>, asked: Vec<(NodeId, Vec<Via>)>) {
    let mut roots: HashMap<String, NodeId> = HashMap::new();
    for (node, via) in asked {
        for via in via {
            let name = match via {
                Via::Own(name) => name,
                Via::Package(name) => match nodes.get(normalise(&Ecosystem::PYPI, &name).as_ref()) {
                    Some(dependents) => {
                        for dependent in dependents.iter().take(MAX_SAME_NAME) {
                            parsed.graph.add_edge(*dependent, node, Span::default());
                        }
                        continue;
                    }
                    None => name,
                },
            };
            let root = match roots.get(&name) {
                Some(root) => *root,
                None => {
                    let root = parsed.graph.add_root(&name, "");
                    roots.insert(name, root);
                    root
                }
            };
            parsed.graph.add_edge(root, node, Span::default());
        }
    }
    parsed.graph.mark_direct();
}

/// The gap of a requirement whose version stays open.
fn open(entry: &Entry) -> Problem {
    Problem {
        cost: Cost::Partial,
        file: entry.place.file.clone(),
        span: entry.place.span,
        message: format!("{} has no exact pin", entry.name),
        hint: "Pin it with `==`, or compile the file with pip-compile or `uv pip compile`.".into(),
    }
}

fn located_name<'v>(value: &'v str, located: &Located) -> Option<&'v str> {
    value.get(located.name.clone()?)
}

/// The path in the tree that `written`, in the file `from`, leads to; else why there is none, and the way out.
fn reach(from: &TreePath, written: &str) -> Result<TreePath, (String, &'static str)> {
    let scheme = written.split_once("://").map(|(scheme, _)| scheme);
    if matches!(scheme, Some("http" | "https" | "ftp")) {
        return Err((
            format!("lies at {}, and a scan asks no address", without_secrets(written)),
            "Keep a copy of the file in the repository and refer to that.",
        ));
    }
    if written.contains("${") {
        return Err((
            format!("is named by the environment: {written}"),
            "Name the file without a variable.",
        ));
    }
    let path = written.strip_prefix("file:").unwrap_or(written);
    let path = path
        .strip_prefix("//")
        .filter(|_| path != written)
        .unwrap_or(path);
    let folder = from.parent();
    folder
        .join(path)
        .or_else(|| folder.join(path.replace('\\', "/")))
        .filter(|path| *path != TreePath::root())
        .ok_or_else(|| {
            (
                format!("lies outside the tree: {written}"),
                "Scan from the folder that holds both files.",
            )
        })
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

    /// As a folder does that holds a link to itself: every path has the same two includes.
    struct Endless;

    impl Tree for Endless {
        fn read(&self, _: &TreePath) -> Result<std::sync::Arc<[u8]>, crate::model::Unread> {
            Ok((*b"-r a/more.in\n-r b/more.in\nc==1.0\n").into())
        }
    }

    #[test]
    fn endless_includes_end() {
        let path = TreePath::new("requirements.txt").expect("a path");
        let text = "-r a/more.in\n";
        let parsed = Requirements.read(&File { path: &path, text }, &Endless);
        assert!(parsed.graph.packages().count() < 2 * MAX_INCLUDED);
        let blind = parsed.problems.iter().find(|problem| problem.cost == Cost::Blind);
        assert!(blind.is_some_and(|problem| problem.message.contains("too many files")));
    }

    #[test]
    fn included_files_are_reached_inside_the_tree_only() {
        let from = TreePath::new("a/requirements.txt").expect("a path");
        let reached = |written: &str| reach(&from, written).map(|path| path.to_string()).ok();
        assert_eq!(reached("../b.txt").as_deref(), Some("b.txt"));
        assert_eq!(reached("file:b.txt").as_deref(), Some("a/b.txt"));
        for written in [
            "../../b.txt",
            "/b.txt",
            "https://registry.example/b.txt",
            "${B}.txt",
            "file:///b.txt",
        ] {
            assert_eq!(reached(written), None, "{written}");
        }
    }
}
