//! `.gitmodules` of git: the repositories that are submodules, at the commits that the tree has for them.
//!
//! Source of the rules: git's documentation (`gitmodules(5)`, `gitsubmodules(7)`, and `git-config(1)`, "CONFIGURATION FILE", for the syntax).
//!
//! - A section `[submodule "name"]` has `path` and `url`. The package is the repository at its address. What of it is used is the commit that the tree has at the
//!   path, and not the `branch`, which an update alone looks at. A relative address counts from that of the repository itself, and stays as written.
//! - A section whose path has no submodule in the tree says nothing to git. In a file at the top of what is scanned it is a partial gap, since
//!   outside of git no commit is known; in folders, where copies of other projects have such files, it is left out.
//! - What a submodule locks is read where it is checked out. No advisories are published for repositories as such.

use std::borrow::Cow;

use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand, Writer};
use crate::ecosystem::swift::location;
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans, Tree, TreePath};
use crate::text::Span;

/// The submodules of git.
#[derive(Debug, Clone, Copy)]
pub struct Gitmodules;

/// Repositories at commits.
const ECOSYSTEM: Ecosystem = Ecosystem::constant("git");

const DAMAGED: &str = "Correct the line: `git submodule status` shows what git makes of the file.";

impl Format for Gitmodules {
    fn name(&self) -> &'static str {
        ".gitmodules"
    }

    fn ecosystem(&self) -> Ecosystem {
        ECOSYSTEM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &[".gitmodules"]
    }

    fn upgrade_command(&self, _: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            "Check out that commit in the folder of the submodule, and commit the folder.".into(),
        )
    }

    fn writer(&self) -> Writer {
        Writer::Person
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let mut section: Option<Section<'_>> = None;
        let mut start = 0_usize;
        for whole in file.text.split_inclusive('\n') {
            let line = whole.trim_end();
            let span = Span::new(start, start.saturating_add(line.len()));
            start = start.saturating_add(whole.len());
            match Line::of(line, span) {
                Line::Nothing => {}
                Line::Submodule(name) => {
                    settle(section.replace(Section::new(name, span)), file, tree, &mut parsed)
                }
                Line::Section => settle(section.take(), file, tree, &mut parsed),
                Line::Value(key, value, place) => {
                    if let Some(section) = &mut section {
                        section.take(key, value, place);
                    }
                }
                Line::Damaged => parsed.blind(span, "this is no line of a configuration of git", DAMAGED),
            }
        }
        settle(section, file, tree, &mut parsed);
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            let end = Span::at(file.text.len());
            parsed.partial(
                end,
                "the file ends here without a line end, and may be cut",
                "End the file with a line end.",
            );
        }
        parsed
    }
}

enum Line<'t> {
    Nothing,
    Submodule(Cow<'t, str>),
    /// Another section.
    Section,
    /// A key, its value, and where that stands.
    Value(&'t str, Cow<'t, str>, Span),
    Damaged,
}

impl<'t> Line<'t> {
    fn of(line: &'t str, span: Span) -> Self {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            return Self::Nothing;
        }
        if trimmed.contains('\r') {
            return Self::Damaged;
        }
        if let Some(header) = trimmed.strip_prefix('[') {
            let Some((header, _)) = header.rsplit_once(']') else {
                return Self::Damaged;
            };
            let name = header
                .split_once(char::is_whitespace)
                .filter(|(kind, _)| kind.eq_ignore_ascii_case("submodule"))
                .and_then(|(_, name)| name.trim().strip_prefix('"')?.strip_suffix('"'));
            return name.map_or(Self::Section, |name| Self::Submodule(unescaped(name)));
        }
        let Some((key, value)) = trimmed.split_once('=') else {
            // A key alone is the truth.
            return match trimmed
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            {
                true => Self::Nothing,
                false => Self::Damaged,
            };
        };
        let value = value.trim();
        let at = line.len().saturating_sub(value.len());
        let place = span.inside(at..line.len());
        match (value.strip_prefix('"'), value.ends_with('\\')) {
            (_, true) => Self::Damaged,
            (Some(quoted), false) => match quoted.strip_suffix('"') {
                Some(inside) => Self::Value(key.trim(), unescaped(inside), place),
                None => Self::Damaged,
            },
            (None, false) => {
                let end = value.find([' ', '\t']).filter(|end| {
                    let rest = value.get(*end..).unwrap_or_default().trim_start();
                    rest.starts_with(['#', ';'])
                });
                Self::Value(
                    key.trim(),
                    unescaped(value.get(..end.unwrap_or(value.len())).unwrap_or(value)),
                    place,
                )
            }
        }
    }
}

/// `\"` and `\\` are read, other escapes say nothing in a path or address.
fn unescaped(text: &str) -> Cow<'_, str> {
    match text.contains('\\') {
        true => Cow::Owned(text.replace("\\\"", "\"").replace("\\\\", "\\")),
        false => Cow::Borrowed(text),
    }
}

struct Section<'t> {
    name: Cow<'t, str>,
    span: Span,
    path: Option<(Cow<'t, str>, Span)>,
    url: Option<(Cow<'t, str>, Span)>,
}

impl<'t> Section<'t> {
    fn new(name: Cow<'t, str>, span: Span) -> Self {
        Self {
            name,
            span,
            path: None,
            url: None,
        }
    }

    /// Of a key that is written twice the last counts.
    fn take(&mut self, key: &str, value: Cow<'t, str>, place: Span) {
        self.span = self.span.join(place);
        if key.eq_ignore_ascii_case("path") {
            self.path = Some((value, place));
        } else if key.eq_ignore_ascii_case("url") {
            self.url = Some((value, place));
        }
    }
}

/// Adds the submodule of a section.
fn settle(section: Option<Section<'_>>, file: &File<'_>, tree: &dyn Tree, parsed: &mut Parsed) {
    let Some(section) = section else { return };
    let Some((path, place)) = section.path.filter(|(path, _)| !path.is_empty()) else {
        parsed.partial(
            section.span,
            format!("the submodule {} has no path", section.name),
            DAMAGED,
        );
        return;
    };
    let folder = file.path.parent();
    let commit = folder
        .join(path.as_bytes())
        .filter(|path| *path != TreePath::root())
        .and_then(|path| tree.submodule(&path));
    let Some(commit) = commit else {
        if folder == TreePath::root() {
            let message = format!("it is not known which commit the submodule at {path} has");
            parsed.partial(
                place,
                message,
                "Scan the repository, which has it, or remove the section.",
            );
        }
        return;
    };
    let url = section
        .url
        .as_ref()
        .map(|(url, _)| without_secrets(url).into_owned());
    let is_remote = |url: &String| {
        url.contains("://") && !url.starts_with("file:") || !url.starts_with(['.', '/']) && url.contains(':')
    };
    let (name, source) = match url {
        Some(url) if is_remote(&url) => (
            location(&url).into_owned(),
            Source::Git(format!("{url}#{commit}")),
        ),
        Some(url) => (url.clone(), Source::Path(url)),
        None => (section.name.clone().into_owned(), Source::Path(path.into_owned())),
    };
    let name = if name.is_empty() {
        section.name.into_owned()
    } else {
        name
    };
    let mut package = Package::new(ECOSYSTEM, name, commit, FileSpan::here(place));
    package.source = source;
    package.direct = true;
    package.spans = Spans {
        entry: Some(section.span),
        source: section.url.map(|(_, url)| url),
        ..Spans::default()
    };
    parsed.graph.add_package(package);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Unread;

    struct Repository;

    impl Tree for Repository {
        fn read(&self, _: &TreePath) -> Result<Arc<[u8]>, Unread> {
            Err(Unread::Absent)
        }

        fn submodule(&self, path: &TreePath) -> Option<String> {
            path.as_bytes().starts_with(b"lib/").then(|| "c0ffee".repeat(6))
        }
    }

    #[test]
    fn a_submodule_is_the_repository_at_its_commit() {
        let text = "[submodule \"a\"]\n\tpath = lib/a\n\turl = https://u:p@git.example/team/a.git\n\tbranch = main\n\
            [submodule \"b\"]\n\tpath = \"lib/b\"\n\turl = ../b.git ; beside\n[core]\n\tpath = lib/x\n\
            [SUBMODULE \"c\"]\n\turl = git@git.example:team/c\n\tPath = lib/c # a comment\n[submodule \"d\"]\n\tpath = gone\n\turl = x\n";
        let read = |path: &str| {
            let path = TreePath::new(path).expect("a path");
            Gitmodules.read(&File { path: &path, text }, &Repository)
        };
        let parsed = read(".gitmodules");
        let names: Vec<String> = parsed
            .graph
            .packages()
            .map(|(_, package)| format!("{} {}", package.name, package.source.as_str()))
            .collect();
        assert_eq!(
            names,
            [
                "git.example/team/a git",
                "../b.git path",
                "git.example/team/c git"
            ]
        );
        assert!(
            parsed
                .graph
                .packages()
                .all(|(_, package)| *package.version == *"c0ffee".repeat(6))
        );
        let messages: Vec<&str> = parsed
            .problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        assert_eq!(
            messages,
            ["it is not known which commit the submodule at gone has"]
        );
        assert!(read("copy/.gitmodules").problems.is_empty());
    }
}
