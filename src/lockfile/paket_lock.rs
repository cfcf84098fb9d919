//! `paket.lock` of Paket.
//!
//! Paket's own writer and reader (`LockFileSerializer`, `LockFileParser`) decide: options, then sections (`NUGET`, `GITHUB`, `GIT`,
//! `GIST`, `HTTP`) with `remote:` lines, entries below them, and what these need one step further in; then the same for each `GROUP`.
//!
//! - A package of a `NUGET` section is the registry's. Files and repositories from elsewhere are listed by their commit, and not matched.
//! - What an entry needs is the package of that name in the same group.
//! - Direct is what `paket.dependencies` beside it asks for in that group; without that file every package counts as direct.
//! - The file has no mark at its end, and no line end there: it is cut where its last line is no line, or a bracket in it is open.

use std::collections::{HashMap, HashSet};

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree, TreePath};
use crate::text::{Span, decode};

/// The lockfile of Paket.
#[derive(Debug, Clone, Copy)]
pub struct PaketLock;

const DAMAGED: &str = "Restore the file from its last good commit, or run `dotnet paket install`.";

impl Format for PaketLock {
    fn name(&self) -> &'static str {
        "paket.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NUGET
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["paket.lock"]
    }

    fn companions(&self) -> &'static [&'static str] {
        &["paket.dependencies"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Have paket.dependencies allow that version, and run `dotnet paket update` with the name.".into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut lock = Lock {
            asked: asked(file.path, tree),
            ..Lock::default()
        };
        let mut start = 0_usize;
        for whole in file.text.split_inclusive('\n') {
            let indent = whole.len().saturating_sub(whole.trim_start_matches(' ').len());
            let line = Line {
                text: whole.trim(),
                start: start.saturating_add(indent),
                indent,
            };
            start = start.saturating_add(whole.len());
            if !line.text.is_empty() {
                lock.line(&line);
            }
        }
        if file.text.trim().is_empty() {
            let start = Span::at(0);
            match lock.asked.as_ref().map(HashSet::is_empty) {
                Some(true) => {}
                Some(false) => lock.parsed.blind(
                    start,
                    "the file is empty, and locks nothing of what paket.dependencies asks for",
                    "Run `dotnet paket install`.",
                ),
                None => lock.parsed.blind(start, "the file is empty", DAMAGED),
            }
        }
        lock.finish()
    }
}

/// A line without white space around it.
struct Line<'t> {
    text: &'t str,
    start: usize,
    indent: usize,
}

impl Line<'_> {
    fn span(&self) -> Span {
        self.inside(0, self.text.len())
    }

    fn inside(&self, from: usize, to: usize) -> Span {
        Span::new(self.start.saturating_add(from), self.start.saturating_add(to))
    }

    /// Every bracket is closed.
    fn is_closed(&self) -> bool {
        let count = |bracket: u8| self.text.bytes().filter(|byte| *byte == bracket).count();
        count(b'(') == count(b')')
    }
}

/// An entry needs a package of a group.
struct Need {
    from: NodeId,
    group: String,
    name: String,
    span: Span,
}

#[derive(Default)]
struct Lock {
    group: String,
    section: String,
    remote: String,
    last: Option<NodeId>,
    asked: Option<HashSet<(String, String)>>,
    nodes: HashMap<(String, String), NodeId>,
    needs: Vec<Need>,
    parsed: Parsed,
}

/// An id of a NuGet package: words of letters and digits with `.`, `-` or `_` between them.
fn is_id(name: &str) -> bool {
    let is_allowed = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
    !name.is_empty() && name.chars().all(is_allowed)
}

fn small(text: &str) -> String {
    normalise(&Ecosystem::NUGET, text).into_owned()
}

impl Lock {
    fn line(&mut self, line: &Line<'_>) {
        // A lone carriage return ends a line for .NET, and none here: what it parts is not read.
        let is_known = !line.text.contains('\r')
            && match line.indent {
                0 => self.header(line.text),
                1..=3 => self.remote(line.text),
                4 | 5 => self.entry(line),
                _deeper => self.need(line),
            };
        if !is_known {
            self.parsed
                .blind(line.span(), "this is no line of a paket.lock", DAMAGED);
        }
    }

    fn header(&mut self, text: &str) -> bool {
        self.last = None;
        if matches!(text, "NUGET" | "GITHUB" | "GIT" | "GIST" | "HTTP") {
            text.clone_into(&mut self.section);
            self.remote.clear();
            return true;
        }
        if let Some(group) = text.strip_prefix("GROUP ") {
            self.group = small(group.trim());
            self.section.clear();
            return true;
        }
        let option = text.split_once(':').map(|(option, _)| option);
        option.is_some_and(|option| {
            option
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'))
        })
    }

    fn remote(&mut self, text: &str) -> bool {
        self.last = None;
        if let Some(remote) = text.strip_prefix("remote:") {
            let remote = remote.trim();
            self.remote = without_secrets(remote.trim_matches('"')).into_owned();
            // A folder with packages may have a space in its name, an address has none.
            return self.section == "NUGET" || !remote.contains(char::is_whitespace);
        }
        // Written by the first versions.
        text == "specs:"
    }

    /// `Name (1.2.3) - restriction: …`, `path/file.fs (commit) key`.
    fn entry(&mut self, line: &Line<'_>) -> bool {
        self.last = None;
        if !line.is_closed() || self.section.is_empty() {
            return false;
        }
        let open = line.text.find('(');
        let held = open.and_then(|open| {
            let from = open.saturating_add(1);
            let length = line.text.get(from..)?.find(')')?;
            let to = from.saturating_add(length);
            Some((
                line.text.get(..open)?.trim(),
                line.text.get(from..to)?,
                line.inside(from, to),
            ))
        });
        let Some((name, version, place)) = held.filter(|(_, version, _)| !version.is_empty()) else {
            if self.section == "HTTP" {
                let hint = "Check what it has with another tool.";
                self.parsed.remark(
                    line.span(),
                    "a file from an address has no version, and is not matched",
                    hint,
                );
                return true;
            }
            return false;
        };
        let is_package = self.section == "NUGET";
        if is_package && !is_id(name) {
            return false;
        }
        let named = if is_package { name } else { self.remote.as_str() };
        if named.is_empty() {
            return false;
        }
        let mut package = Package::new(Ecosystem::NUGET, named, version, FileSpan::here(place));
        package.source = match is_package {
            true => Source::Registry((!self.remote.is_empty()).then(|| self.remote.clone())),
            false => Source::Git(format!("{}#{version}", self.remote)),
        };
        let key = (self.group.clone(), small(named));
        package.direct = self
            .asked
            .as_ref()
            .is_none_or(|asked| !is_package || asked.contains(&key));
        package.spans = Spans {
            entry: Some(line.span()),
            ..Spans::default()
        };
        let node = self.parsed.graph.add_package(package);
        if is_package {
            self.nodes.insert(key, node);
        }
        self.last = Some(node);
        true
    }

    /// `Name (>= 1.0)`, or what is to be done with a file.
    fn need(&mut self, line: &Line<'_>) -> bool {
        let end = line
            .text
            .find(|letter: char| letter.is_whitespace() || letter == '(');
        let name = line
            .text
            .get(..end.unwrap_or(line.text.len()))
            .unwrap_or_default();
        if let (Some(from), false) = (self.last, name.ends_with(':')) {
            self.needs.push(Need {
                from,
                group: self.group.clone(),
                name: small(name),
                span: line.inside(0, name.len()),
            });
        }
        line.is_closed() && !name.is_empty()
    }

    fn finish(mut self) -> Parsed {
        let graph = &mut self.parsed.graph;
        let root = graph.add_root("", "");
        let direct: Vec<NodeId> = graph
            .packages()
            .filter(|(_, package)| package.direct)
            .map(|(node, _)| node)
            .collect();
        if self.asked.is_some() {
            for node in direct {
                graph.add_edge(root, node, Span::default());
            }
        }
        for need in self.needs {
            // What its framework excludes is asked for and not locked.
            if let Some(to) = self.nodes.get(&(need.group, need.name)) {
                graph.add_edge(need.from, *to, need.span);
            }
        }
        self.parsed
    }
}

/// What `paket.dependencies` beside the lockfile asks for, by group and name; `None` if there is none that can be read.
fn asked(lockfile: &TreePath, tree: &dyn Tree) -> Option<HashSet<(String, String)>> {
    let path = lockfile.parent().join("paket.dependencies")?;
    let bytes = tree.read(&path).ok()?;
    let decoded = decode::decode(&bytes);
    let (mut asked, mut group) = (HashSet::new(), String::new());
    for line in decoded.text.lines() {
        let mut words = line.split_whitespace();
        let word = words.next().unwrap_or_default().to_lowercase();
        let Some(name) = words.next() else { continue };
        match word.as_str() {
            // The first group may be called by its name.
            "group" if name.eq_ignore_ascii_case("main") => group.clear(),
            "group" => group = small(name),
            "nuget" | "clitool" => {
                asked.insert((group.clone(), small(name)));
            }
            _ => {}
        }
    }
    Some(asked)
}
