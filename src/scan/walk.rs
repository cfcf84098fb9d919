//! The files of a folder on disk that may matter.
//!
//! `.gitignore` hides what the repository that the file lies in does not track, and nothing else: a submodule or another
//! repository inside of the tree has rules of its own and an index of its own, whatever the outer one ignores. Where it
//! cannot be told what is tracked, nothing is hidden.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::reader::is_wanted;
use crate::git::{Repository, Tracked, TrackedKind};
use crate::model::Location;
use crate::model::TreePath;
use crate::model::coverage::Gap;
use crate::sys::file::{self, Entry, FileKind};
use crate::text::Position;

/// A longer file of rules hides nothing.
const MAX_RULES: u64 = 1 << 20;

/// A repository that is no submodule is looked for in an ignored folder and in the folders right below it: what build tools
/// and package managers clone lies deeper.
const LEVELS_OF_IGNORED: u8 = 1;

/// What a walk saw.
#[derive(Default)]
pub(super) struct Walked {
    /// Files that may matter, relative to the root.
    pub files: Vec<TreePath>,
    /// Folders that could not be listed, and repositories whose index cannot be read: each a blind spot.
    pub unlisted: Vec<Gap>,
    /// What the repository of the root tracks.
    pub tracked: Vec<Tracked>,
    /// Other repositories in the tree, with what they track.
    pub nested: Vec<Nested>,
    /// Submodules without a repository on disk.
    pub not_checked_out: Vec<TreePath>,
    /// Links to folders outside of the root, which nobody looks into, and to what is not there.
    pub links_out: Vec<TreePath>,
}

/// A repository inside of the tree.
pub(super) struct Nested {
    /// Where its work tree begins, relative to the root.
    pub path: TreePath,
    /// It; `None` if it cannot be used.
    pub repository: Option<Arc<Repository>>,
    /// What it tracks, relative to its own top.
    pub tracked: Vec<Tracked>,
}

/// Rules of one file, and those that stand behind them.
struct Rules {
    own: Gitignore,
    behind: Option<Arc<Self>>,
}

/// What hides files in a folder: the rules of its repository, if that can be told.
#[derive(Clone)]
struct Owner {
    /// `None` where nothing is hidden.
    repository: Option<Arc<Repository>>,
    rules: Option<Arc<Rules>>,
    /// Submodules, relative to the root of the walk.
    submodules: Arc<BTreeSet<TreePath>>,
}

/// How a folder is looked through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// For what is wanted.
    All,
    /// For repositories alone, so many levels deep: the folder is ignored.
    Repositories(u8),
}

struct Folder {
    on_disk: PathBuf,
    path: TreePath,
    owner: Owner,
    look: Look,
}

/// Walks `root`, which lies in `repository`, at `prefix` of its work tree.
///
/// # Errors
/// [`crate::git::GitError`] if it cannot be told what the repository tracks.
pub(super) fn walk(
    root: &Path,
    repository: Option<&Arc<Repository>>,
    prefix: &TreePath,
) -> Result<Walked, crate::git::GitError> {
    let mut walked = Walked::default();
    let owner = match repository {
        None => Owner::nobody(),
        Some(repository) => {
            walked.tracked = repository.tracked(is_wanted)?;
            let submodules = walked
                .tracked
                .iter()
                .filter(|entry| entry.kind == TrackedKind::Submodule);
            let submodules = submodules.filter_map(|entry| super::discovered::relative(prefix, &entry.path));
            let top = repository.work_folder().and_then(|top| file::resolve(&top).ok());
            Owner {
                rules: outer(repository, top.as_deref().unwrap_or(root), root),
                repository: Some(repository.clone()),
                submodules: Arc::new(submodules.collect()),
            }
        }
    };
    let mut folders = vec![Folder {
        on_disk: root.to_owned(),
        path: TreePath::root(),
        owner,
        look: Look::All,
    }];
    while let Some(folder) = folders.pop() {
        walked.enter(root, folder, &mut folders);
    }
    Ok(walked)
}

impl Walked {
    fn enter(&mut self, root: &Path, folder: Folder, folders: &mut Vec<Folder>) {
        let Folder {
            on_disk,
            path,
            mut owner,
            mut look,
        } = folder;
        let entries = match file::entries(&on_disk) {
            Ok(entries) => entries,
            Err(_) if look != Look::All => return,
            Err(error) => {
                self.unlisted.push(Gap {
                    location: Some(Location {
                        file: path,
                        position: Position::START,
                    }),
                    reason: format!("this folder could not be listed: {}", error.source),
                    hint: "Make the folder readable.".into(),
                });
                return;
            }
        };
        let is_root = path == TreePath::root();
        let is_submodule = owner.submodules.contains(&path);
        let has_git = entries.iter().any(|entry| entry.name == ".git");
        if !is_root && (has_git || is_submodule) {
            match self.nested(&on_disk, &path, &owner, is_submodule, look) {
                Some(of_its_own) => {
                    owner = of_its_own;
                    look = Look::All;
                }
                None if is_submodule => {
                    // What lies in its place is tracked by nobody who can be asked.
                    owner = Owner::nobody();
                    look = Look::All;
                }
                None => {}
            }
        }
        if owner.repository.is_some()
            && let Some(entry) = entries.iter().find(|entry| entry.name == ".gitignore")
            && entry.is_file
            && let Some(own) = rules(&on_disk, &on_disk.join(".gitignore"))
        {
            owner.rules = Some(Arc::new(Rules {
                own,
                behind: owner.rules.take(),
            }));
        }
        for Entry {
            name,
            is_folder,
            is_file,
        } in entries
        {
            let is_wanted = is_wanted(name.as_encoded_bytes());
            if name == ".git" || (is_file && !is_wanted) {
                continue;
            }
            let Some(path) = path.join(name.as_encoded_bytes()) else {
                continue;
            };
            let on_disk = on_disk.join(&name);
            if !(is_folder || is_file)
                && look == Look::All
                && leads_out(root, &on_disk)
                && !owner.hides(&on_disk, is_folder)
            {
                self.links_out.push(path.clone());
            }
            if !(is_folder || is_wanted) {
                continue;
            }
            let is_hidden = look != Look::All || owner.hides(&on_disk, is_folder);
            if !is_folder {
                if !is_hidden {
                    self.files.push(path);
                }
                continue;
            }
            let leads_to_submodule = owner.leads_to_submodule(&path);
            let look = match look {
                _ if !is_hidden => Look::All,
                Look::All => Look::Repositories(LEVELS_OF_IGNORED),
                Look::Repositories(0) if leads_to_submodule => Look::Repositories(0),
                Look::Repositories(0) => continue,
                Look::Repositories(levels) => Look::Repositories(levels - 1),
            };
            folders.push(Folder {
                on_disk,
                path,
                owner: owner.clone(),
                look,
            });
        }
    }

    /// Who decides in the folder at `path`, if that is another repository than `owner`'s.
    fn nested(
        &mut self,
        on_disk: &Path,
        path: &TreePath,
        owner: &Owner,
        is_submodule: bool,
        look: Look,
    ) -> Option<Owner> {
        let found = match Repository::at(on_disk) {
            Ok(None) => {
                if is_submodule {
                    self.not_checked_out.push(path.clone());
                }
                return None;
            }
            Ok(Some(repository)) => Some(Arc::new(repository)),
            // What is ignored as a whole and is no repository that can be used stays ignored.
            Err(_) if look != Look::All && !is_submodule => return None,
            Err(_) => None,
        };
        // Another work tree of the same repository shows another of its branches.
        let is_same = |own: &Arc<Repository>, other: &Arc<Repository>| {
            let common = |repository: &Repository| file::resolve(&repository.common_folder()).ok();
            common(own) == common(other)
        };
        if look != Look::All
            && let (Some(own), Some(other)) = (&owner.repository, &found)
            && is_same(own, other)
        {
            return None;
        }
        let tracked =
            match &found {
                None => None,
                Some(repository) => match repository.tracked(is_wanted) {
                    Ok(tracked) => Some(tracked),
                    Err(error) => {
                        self.unlisted.push(Gap {
                        location: Some(Location { file: path.clone(), position: Position::START }),
                        reason: format!("it is not known what this repository tracks: {error}"),
                        hint:
                            "Repair the repository (`git status` in its folder shows what is wrong with it)."
                                .into(),
                    });
                        None
                    }
                },
            };
        let of_its_own = match (&found, &tracked) {
            (Some(repository), Some(tracked)) => {
                let submodules = tracked
                    .iter()
                    .filter(|entry| entry.kind == TrackedKind::Submodule);
                let submodules = submodules.filter_map(|entry| path.join(entry.path.as_bytes()));
                Owner {
                    repository: Some(repository.clone()),
                    rules: outer(repository, on_disk, on_disk),
                    submodules: Arc::new(submodules.collect()),
                }
            }
            _ => Owner::nobody(),
        };
        self.nested.push(Nested {
            path: path.clone(),
            repository: found,
            tracked: tracked.unwrap_or_default(),
        });
        Some(of_its_own)
    }
}

/// What lies at `path` is a link to a folder that is not in `root`, or to something there that is not on this disk.
fn leads_out(root: &Path, path: &Path) -> bool {
    let end = match file::kind(path) {
        _ if !file::is_link(path) => None,
        Ok(FileKind::Folder) => file::resolve(path).ok(),
        Ok(FileKind::Missing) => file::aim(path),
        Ok(FileKind::File(_) | FileKind::Other) | Err(_) => None,
    };
    end.is_some_and(|end| !end.starts_with(root))
}

impl Owner {
    fn nobody() -> Self {
        Self {
            repository: None,
            rules: None,
            submodules: Arc::default(),
        }
    }

    fn hides(&self, on_disk: &Path, is_folder: bool) -> bool {
        let mut rules = self.rules.as_ref();
        while let Some(own) = rules {
            match own.own.matched(on_disk, is_folder) {
                Match::None => rules = own.behind.as_ref(),
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }

    /// A submodule lies at `path` or below it.
    fn leads_to_submodule(&self, path: &TreePath) -> bool {
        self.submodules.contains(path)
            || self
                .submodules
                .range(path..)
                .take_while(|submodule| submodule.as_bytes().starts_with(path.as_bytes()))
                .any(|submodule| submodule.is_in(path))
    }
}

/// The rules that stand behind those of `folder` itself: of the repository alone, then of each folder from its top on.
fn outer(repository: &Repository, top: &Path, folder: &Path) -> Option<Arc<Rules>> {
    let mut behind = None;
    let exclude = repository.common_folder().join("info/exclude");
    if let Some(own) = rules(top, &exclude) {
        behind = Some(Arc::new(Rules { own, behind }));
    }
    let mut between: Vec<&Path> = folder
        .ancestors()
        .skip(1)
        .take_while(|above| above.starts_with(top))
        .collect();
    between.reverse();
    for above in between {
        if let Some(own) = rules(above, &above.join(".gitignore")) {
            behind = Some(Arc::new(Rules { own, behind }));
        }
    }
    behind
}

/// The rules in the file at `path`, on what lies in `folder`. As in git, a link is no file of rules; neither is a pipe.
fn rules(folder: &Path, path: &Path) -> Option<Gitignore> {
    let bytes = file::read_plain(path, MAX_RULES).ok()??;
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.strip_prefix('\u{feff}').unwrap_or(&text).split('\n') {
        // A line that is no glob hides nothing.
        let _ = builder.add_line(None, &as_git_reads(line));
    }
    builder.build().ok()
}

/// A line of rules that the builder reads as git does. At its end, git leaves out spaces that no backslash is before, and the
/// carriage return of a line end, and keeps all other white space, which the builder would leave out. Braces are plain
/// characters for git; for the builder, alternatives stand between them.
fn as_git_reads(line: &str) -> Cow<'_, str> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let is_escaped = |at: usize| {
        let before = line.as_bytes().get(..at).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
    };
    let end = line.trim_end_matches(' ').len();
    let end = match line.get(end..) {
        // The one behind a backslash stays.
        Some(spaces) if !spaces.is_empty() && is_escaped(end) => end + 1,
        Some(_) | None => end,
    };
    let line = line.get(..end).unwrap_or(line);
    let last = line.chars().next_back();
    let Some(last) = last.filter(|last| last.is_whitespace() && *last != ' ') else {
        return plain_braces(line);
    };
    let at = line.len() - last.len_utf8();
    let kept = at - usize::from(is_escaped(at));
    // A class of globs holds single bytes; one alternative holds any text.
    Cow::Owned(format!(
        "{}{{{last}}}",
        plain_braces(line.get(..kept).unwrap_or_default())
    ))
}

/// `glob` with a backslash before each brace that has none and stands in no class.
fn plain_braces(glob: &str) -> Cow<'_, str> {
    if !glob.contains(['{', '}']) {
        return Cow::Borrowed(glob);
    }
    let mut written = String::with_capacity(glob.len() + 4);
    let mut is_escaped = false;
    // Characters of the class so far, without the sign that negates it.
    let mut class: Option<usize> = None;
    for character in glob.chars() {
        class = match (class, character) {
            (None, '[') if !is_escaped => Some(0),
            (Some(0), '!' | '^') => Some(0),
            (Some(1..), ']') => None,
            (Some(characters), _) => Some(characters + 1),
            (None, _) => {
                if matches!(character, '{' | '}') && !is_escaped {
                    written.push('\\');
                }
                None
            }
        };
        is_escaped = character == '\\' && !is_escaped && class.is_none();
        written.push(character);
    }
    Cow::Owned(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `git check-ignore` of git 2.39 says.
    #[test]
    fn lines_are_read_as_git_reads_them() {
        for (line, name, is_hidden) in [
            ("build\t", "build", false),
            ("build\t", "build\t", true),
            ("foo ", "foo", true),
            ("foo ", "foo ", false),
            ("bar\\ ", "bar ", true),
            ("bar\\ ", "bar", false),
            ("baz\\  ", "baz ", true),
            ("baz\\  ", "baz  ", false),
            ("qux\u{a0}", "qux", false),
            ("qux\u{a0}", "qux\u{a0}", true),
            ("vt\u{b}", "vt", false),
            ("vt\u{b}", "vt\u{b}", true),
            ("ff\u{c}", "ff\u{c}", true),
            ("cr\r", "cr", true),
            ("cr\r", "cr\r", false),
            ("tab\\\t", "tab\t", true),
            ("tab\\\t", "tab", false),
            ("tab\t ", "tab\t", true),
            ("slash\\\\ ", "slash\\", true),
            ("web{a,b}", "weba", false),
            ("web{a,b}", "web{a,b}", true),
            ("web{a,b}\t", "web{a,b}\t", true),
            ("lit{x}", "lit{x}", true),
            ("lit{x}", "litx", false),
            ("cls[{]z", "cls{z", true),
            ("not[!{]z{", "notaz{", true),
            ("esc\\{y\\}", "esc{y}", true),
            ("*.{js,ts}", "a.js", false),
        ] {
            let mut builder = GitignoreBuilder::new("/r");
            builder
                .add_line(None, &as_git_reads(line))
                .expect("a line that can be read");
            let rules = builder.build().expect("rules");
            let found = rules.matched(Path::new("/r").join(name), false).is_ignore();
            assert_eq!(found, is_hidden, "{line:?} {name:?}");
        }
    }
}
