//! Which module a `replace` line puts in the place of another ("replace directive", Go Modules Reference), in a
//! workspace as `cmd/go/internal/modload` joins the lines of all its files.

use std::collections::HashMap;

use super::super::{MAX_BLIND, Problem};
use super::directives::Replace;
use crate::model::{Cost, TreePath};
use crate::text::Span;

/// The `replace` lines of a `go.work` and of its modules.
#[derive(Debug)]
pub(super) struct Replacements {
    /// The files that the lines stand in; the first is the `go.work`.
    files: Vec<TreePath>,
    work: Lines,
    modules: Lines,
}

/// Lines by the path that they replace.
type Lines = HashMap<String, Vec<Replacing>>;

/// A `replace` line without the path that it replaces.
#[derive(Debug)]
pub(super) struct Replacing {
    /// `None` replaces every version.
    old_version: Option<String>,
    /// Number of the file that it stands in.
    file: usize,
    /// The new module, or a folder as written.
    pub(super) new: String,
    /// Where that stands.
    pub(super) new_span: Span,
    /// The version of the new module, and where it stands; `None` where that is a folder.
    pub(super) version: Option<(String, Span)>,
    /// The whole line.
    pub(super) span: Span,
    /// The folder in the tree.
    pub(super) folder: Option<TreePath>,
}

impl Replacing {
    /// Replaces every version of its module.
    pub(super) fn is_for_all(&self) -> bool {
        self.old_version.is_none()
    }

    /// What the line replaces, as `go mod edit -replace` names it: the module `path`, or one version of it.
    pub(super) fn replaced(&self, path: &str) -> String {
        match &self.old_version {
            None => path.to_owned(),
            Some(version) => format!("{path}@{version}"),
        }
    }

    fn leads_elsewhere(&self, other: &Self) -> bool {
        let version = |line: &Self| line.version.as_ref().map(|(version, _)| version.clone());
        match (&self.folder, &other.folder) {
            // Within one file Go compares what is written.
            (Some(one), Some(two)) if self.file != other.file => one != two,
            _ => self.new != other.new || version(self) != version(other),
        }
    }
}

impl Replacements {
    /// The lines of the `go.work` at `path`.
    pub(super) fn new(path: TreePath, replaces: &[Replace<'_>]) -> Self {
        let mut replacements = Self {
            files: Vec::new(),
            work: Lines::new(),
            modules: Lines::new(),
        };
        replacements.add(path, replaces);
        replacements
    }

    /// Adds the lines of the `go.mod` at `path`.
    pub(super) fn add(&mut self, path: TreePath, replaces: &[Replace<'_>]) {
        let file = self.files.len();
        let lines = match file {
            0 => &mut self.work,
            _ => &mut self.modules,
        };
        let home = path.parent();
        for replace in replaces {
            let version = replace.new_version.as_ref();
            lines
                .entry(replace.old.text.to_string())
                .or_default()
                .push(Replacing {
                    old_version: replace.old_version.as_ref().map(|word| word.text.to_string()),
                    file,
                    new: replace.new.text.to_string(),
                    new_span: replace.new.span,
                    version: version.map(|word| (word.text.to_string(), word.span)),
                    span: replace.span,
                    folder: match version {
                        Some(_) => None,
                        None => home.join(replace.new.text.as_bytes()),
                    },
                });
        }
        self.files.push(path);
    }

    /// Makes the lines ready to be asked, and says which of them Go refuses together.
    pub(super) fn settle(&mut self, problems: &mut Vec<Problem>) {
        let mut refused = Vec::new();
        for (lines, settled) in [(&mut self.work, None), (&mut self.modules, Some(()))] {
            for (path, lines) in lines {
                lines.sort_by(|left, right| {
                    (&left.old_version, left.file, left.span.start).cmp(&(
                        &right.old_version,
                        right.file,
                        right.span.start,
                    ))
                });
                for (one, two) in lines.iter().zip(lines.iter().skip(1)) {
                    if one.old_version == two.old_version && one.leads_elsewhere(two) {
                        refused.push((path.clone(), settled, one.file, two.file, two.span));
                    }
                }
            }
        }
        // One line of `go.work` for any version of a module settles what its modules say of it.
        refused.retain(|(path, settled, one, two, _)| {
            settled.is_none() || one == two || !self.work.contains_key(path)
        });
        refused.sort_by_key(|(_, _, _, file, span)| (*file, span.start));
        for (path, _, one, two, span) in refused.into_iter().take(MAX_BLIND) {
            problems.extend(self.refusal(&path, one, two, span));
        }
    }

    fn refusal(&self, path: &str, one: usize, two: usize, span: Span) -> Option<Problem> {
        let (message, hint) = match one == two {
            true => (
                format!("{path} is replaced twice, by different modules"),
                "Keep one of the replace directives; Go refuses both.",
            ),
            false => (
                format!(
                    "{path} is replaced here by another module than in {}",
                    self.files.get(one)?
                ),
                "Keep one of the replace lines, or decide with `go work edit -replace`; Go refuses both.",
            ),
        };
        let file = self.files.get(two)?.clone();
        Some(Problem::elsewhere(Cost::Blind, file, span, message, hint))
    }

    /// The line that replaces a version: the one for that version comes before the one for all of them, and what
    /// `go.work` says before what its modules say.
    pub(super) fn find(&self, path: &str, version: &str) -> Option<&Replacing> {
        fn last<'l>(lines: &'l Lines, path: &str, version: &str) -> Option<&'l Replacing> {
            let lines = lines.get(path)?;
            let last = |version: Option<&str>| {
                let end = lines.partition_point(|line| line.old_version.as_deref() <= version);
                let line = lines.get(end.checked_sub(1)?)?;
                (line.old_version.as_deref() == version).then_some(line)
            };
            last(Some(version)).or_else(|| last(None))
        }
        last(&self.work, path, version).or_else(|| last(&self.modules, path, version))
    }

    /// Where one module replaces the version that is built and another module replaces every version by something
    /// else, which Go refuses too.
    pub(super) fn clash(&self, path: &str, version: &str) -> Option<Problem> {
        let line = self.find(path, version)?;
        let lines = self.modules.get(path)?;
        if line.file == 0 || line.is_for_all() {
            return None;
        }
        let of_version = |file: usize| {
            lines
                .iter()
                .any(|line| line.file == file && line.old_version.as_deref() == Some(version))
        };
        let other = lines
            .iter()
            .take_while(|other| other.is_for_all())
            .find(|other| other.leads_elsewhere(line) && !of_version(other.file))?;
        self.refusal(path, other.file, line.file, line.span)
    }

    /// The file that `line` stands in.
    pub(super) fn file(&self, line: &Replacing) -> Option<&TreePath> {
        self.files.get(line.file)
    }

    /// The line is written in the file at `path`, or that says the same of `module`.
    pub(super) fn is_written_in(&self, path: &TreePath, module: &str, line: &Replacing) -> bool {
        self.modules.get(module).is_some_and(|lines| {
            lines.iter().any(|other| {
                self.files.get(other.file) == Some(path)
                    && other.old_version == line.old_version
                    && !other.leads_elsewhere(line)
            })
        })
    }
}
