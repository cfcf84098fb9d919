//! `*`, `?` and `**` in the path of an import, as MSBuild reads them: every file of the tree that fits, in the order of the paths
//! without regard to case.

use crate::model::{Tree, TreePath};

/// Folders that are listed for one file that is read.
const MAX_FOLDERS: usize = 10_000;

/// How much may still be listed.
pub(super) struct Wildcards {
    folders: usize,
}

impl Default for Wildcards {
    fn default() -> Self {
        Self { folders: MAX_FOLDERS }
    }
}

impl Wildcards {
    /// The files that `pattern` stands for in a file in `home`; `None` where that is not known.
    pub(super) fn files(&mut self, pattern: &str, home: &TreePath, tree: &dyn Tree) -> Option<Vec<TreePath>> {
        let is_from_top = pattern.starts_with(['/', '\\']);
        let mut open = vec![if is_from_top {
            TreePath::root()
        } else {
            home.clone()
        }];
        let mut parts = pattern.split(['/', '\\']).filter(|part| !part.is_empty());
        let mut last = parts.next_back()?;
        let mut folders: Vec<&str> = parts.collect();
        if last == "**" {
            (last, _) = ("*", folders.push("**"));
        }
        for part in folders {
            let mut next = Vec::new();
            for folder in open {
                if part == "**" {
                    next.extend(self.below(folder, tree)?);
                } else if part.contains(['*', '?']) {
                    let inside = self.contents(&folder, tree)?.folders;
                    next.extend(inside.into_iter().filter(|path| fits(part, path)));
                } else {
                    next.push(folder.join(part)?);
                }
            }
            // Two `**` lead to one folder in several ways.
            next.sort_unstable();
            next.dedup();
            open = next;
        }
        let mut found = Vec::new();
        for folder in open {
            if last.contains(['*', '?']) {
                let inside = self.contents(&folder, tree)?.files;
                found.extend(inside.into_iter().filter(|path| fits(last, path)));
            } else {
                found.extend(folder.join(last).filter(|path| tree.holds(path)));
            }
        }
        found.sort_by_cached_key(|path| path.as_bytes().to_ascii_lowercase());
        Some(found)
    }

    /// `folder` and all folders below it.
    fn below(&mut self, folder: TreePath, tree: &dyn Tree) -> Option<Vec<TreePath>> {
        let mut all = Vec::new();
        let mut open = vec![folder];
        while let Some(folder) = open.pop() {
            open.extend(self.contents(&folder, tree)?.folders);
            all.push(folder);
        }
        Some(all)
    }

    fn contents(&mut self, folder: &TreePath, tree: &dyn Tree) -> Option<crate::model::Contents> {
        self.folders = self.folders.checked_sub(1)?;
        tree.contents(folder)
    }
}

/// The name of `path` is one that `pattern` stands for, in any case.
fn fits(pattern: &str, path: &TreePath) -> bool {
    let (mut pattern, mut name) = (pattern.as_bytes(), path.file_name());
    // Where the last `*` was, and what it stood for.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, name) {
            ([b'*', rest @ ..], _) => {
                star = Some((rest, name));
                pattern = rest;
            }
            ([sign, rest @ ..], [byte, after @ ..]) if *sign == b'?' || sign.eq_ignore_ascii_case(byte) => {
                (pattern, name) = (rest, after);
            }
            ([], []) => return true,
            _ => {
                let Some((rest, [_, after @ ..])) = star else {
                    return false;
                };
                star = Some((rest, after));
                (pattern, name) = (rest, after);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns() {
        for (pattern, name, expected) in [
            ("*.props", "a.props", true),
            ("*.props", "A.PROPS", true),
            ("*.props", ".props", true),
            ("*.props", "a.props.bak", false),
            ("?.props", "a.props", true),
            ("?.props", "ab.props", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXc", false),
            ("*", "x", true),
            ("x", "x", true),
            ("x", "xy", false),
        ] {
            let path = TreePath::new(name).expect("a path");
            assert_eq!(fits(pattern, &path), expected, "{pattern} {name}");
        }
    }
}
