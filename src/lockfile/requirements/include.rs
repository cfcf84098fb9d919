//! Files that a requirements file refers to: those that it includes (`-r`) and those that constrain it (`-c`).

use super::{NAME, Reader};
use crate::lockfile::grammar::rfc3986::without_secrets;
use crate::model::{Cost, Tree, TreePath};
use crate::text::{Span, decode};

/// What a file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// What it names is installed.
    Requirements,
    /// It only says which versions.
    Constraints,
}

/// A file that another one refers to.
pub(super) struct Include {
    pub(super) role: Role,
    /// The path as written.
    pub(super) written: String,
    /// Where it is written.
    pub(super) from: TreePath,
    pub(super) span: Span,
}

/// One file includes at most so many others: a link to a folder around it makes them endless.
const MAX_INCLUDED: usize = 256;

/// No further file is included behind this many bytes.
const MAX_INCLUDED_BYTES: usize = 64 << 20;

impl Reader<'_> {
    /// Reads a file that another one refers to, once.
    pub(super) fn include(&mut self, include: Include, tree: &dyn Tree) {
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
        if role == Role::Requirements && tree.is_scanned(&path, NAME) {
            self.scanned = self.scanned.saturating_add(1);
            return;
        }
        if self.seen.len().saturating_sub(self.scanned) > MAX_INCLUDED
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
}

/// The path in the tree that `written`, in the file `from`, leads to; else why there is none, and a hint.
pub(super) fn reach(from: &TreePath, written: &str) -> Result<TreePath, (String, &'static str)> {
    let scheme = written
        .split_once("://")
        .map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("http" | "https" | "ftp")) {
        return Err((
            format!("is at {}, and a scan fetches nothing", without_secrets(written)),
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
                format!("is outside the tree: {written}"),
                "Scan from the folder that holds both files.",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::super::Requirements;
    use super::*;
    use crate::lockfile::{File, Format as _};

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
