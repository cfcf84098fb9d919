//! The directives of `go.mod` and `go.work` (Go Modules Reference, "go.mod files" and "go.work files").

use std::ops::ControlFlow;

use super::syntax::{self, Statement, Word};
use crate::text::{Problems, Span};

/// What to do about a damaged `go.mod`.
pub(super) const DAMAGED: &str = "Correct the line; `go mod edit -json` shows what Go makes of the file.";

/// Said of a file whose last line has no end.
pub(super) const UNENDED: &str = "the file ends here without a line break and may be cut";

/// Which of the two files is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `go.mod`.
    Module,
    /// `go.work`.
    Workspace,
}

/// What one file says, in its order.
#[derive(Debug, Default)]
pub(super) struct Directives<'t> {
    /// The module's own path.
    pub(super) module: Option<Word<'t>>,
    /// The argument of `go`, which is a version of Go.
    pub(super) go: Option<Word<'t>>,
    /// The argument of `toolchain`: `go1.21.3`, `default`.
    pub(super) toolchain: Option<Word<'t>>,
    /// `require` lines.
    pub(super) requires: Vec<Require<'t>>,
    /// `exclude` lines.
    pub(super) excludes: Vec<Exclude<'t>>,
    /// `replace` lines.
    pub(super) replaces: Vec<Replace<'t>>,
    /// Versions that the module's authors withdrew: the lowest and the highest of each `retract` line.
    pub(super) retracts: Vec<(Word<'t>, Word<'t>)>,
    /// Paths of packages that are built as tools.
    pub(super) tools: Vec<Word<'t>>,
    /// Folders that a workspace uses.
    pub(super) uses: Vec<Word<'t>>,
    /// The last directive, where no line break follows it: it may go on in the whole file.
    pub(super) unended: Option<Span>,
}

/// `require path version`.
#[derive(Debug)]
pub(super) struct Require<'t> {
    pub(super) path: Word<'t>,
    pub(super) version: Word<'t>,
    /// Marked `// indirect`.
    pub(super) indirect: bool,
    pub(super) span: Span,
}

/// `exclude path version`.
#[derive(Debug)]
pub(super) struct Exclude<'t> {
    pub(super) path: Word<'t>,
    pub(super) version: Word<'t>,
}

/// `replace old [version] => new [version]`.
#[derive(Debug)]
pub(super) struct Replace<'t> {
    pub(super) old: Word<'t>,
    /// `None` replaces every version.
    pub(super) old_version: Option<Word<'t>>,
    pub(super) new: Word<'t>,
    /// `None` where `new` is a folder.
    pub(super) new_version: Option<Word<'t>>,
    pub(super) span: Span,
}

/// What the `go` command refuses in a directive.
#[derive(Debug, thiserror::Error)]
enum DirectiveError {
    #[error("a path or version is empty")]
    Empty,
    #[error("the go directive takes a version such as 1.23.0")]
    GoVersion,
    #[error("the toolchain directive takes a name such as go1.23.0, or default")]
    Toolchain,
    #[error("the godebug directive takes key=value")]
    Godebug,
    #[error("the retract directive takes a version or an interval")]
    Retract,
    #[error("this directive is not known")]
    Unknown,
    #[error("the replace directive reads `old [version] => new [version]`")]
    Replace,
    #[error("a replacement without a version must be a folder (./…, ../… or /…)")]
    NoFolder,
    #[error("a folder as a replacement has no version")]
    FolderWithVersion,
    #[error("this directive takes exactly one argument")]
    OneArgument,
    #[error("this directive takes a module path and a version")]
    PathAndVersion,
    #[error("the {0} directive stands here a second time")]
    Twice(&'static str),
}

impl<'t> Directives<'t> {
    /// Reads a file.
    pub(super) fn read(text: &'t str, kind: Kind, problems: &mut Problems) -> Self {
        let mut directives = Self::default();
        let mut last = None;
        syntax::read(text, kind.blocks(), problems, |statement, problems| {
            last = Some(statement.span);
            if let Err(error) = directives.add(kind, &statement) {
                problems.add(statement.span, error.to_string());
            }
            ControlFlow::Continue(())
        });
        directives.unended = last.filter(|span| {
            text.get(span.end as usize..)
                .is_some_and(|rest| !rest.contains('\n'))
        });
        if kind == Kind::Module && directives.module.is_none() && text.trim().is_empty() {
            problems.add(Span::at(0), "the file is empty");
        } else if kind == Kind::Module && directives.module.is_none() {
            problems.add(Span::at(0), "there is no module directive");
        }
        directives
    }

    fn add(&mut self, kind: Kind, statement: &Statement<'_, 't>) -> Result<(), DirectiveError> {
        let words = statement.words;
        if words.iter().any(|word| word.text.is_empty()) {
            return Err(DirectiveError::Empty);
        }
        match (kind, statement.verb) {
            (Kind::Module, "module") => once("module", &mut self.module, one(statement)?),
            (_, "go") => {
                let word = one(statement)?;
                if !is_go_version(&word.text) {
                    return Err(DirectiveError::GoVersion);
                }
                once("go", &mut self.go, word)
            }
            (_, "toolchain") => {
                let word = one(statement)?;
                if word.text != "default" && word.text != "go1" && !word.text.starts_with("go1.") {
                    return Err(DirectiveError::Toolchain);
                }
                once("toolchain", &mut self.toolchain, word)
            }
            (Kind::Module, "require") => {
                let (path, version) = two(statement)?;
                self.requires.push(Require {
                    path,
                    version,
                    indirect: is_indirect(statement.comment),
                    span: statement.span,
                });
                Ok(())
            }
            (Kind::Module, "exclude") => {
                let (path, version) = two(statement)?;
                self.excludes.push(Exclude { path, version });
                Ok(())
            }
            (_, "replace") => {
                self.replaces.push(replace(statement)?);
                Ok(())
            }
            (Kind::Workspace, "use") => {
                self.uses.push(one(statement)?);
                Ok(())
            }
            (Kind::Module, "tool") => {
                self.tools.push(one(statement)?);
                Ok(())
            }
            // It says nothing about what is in the build.
            (Kind::Module, "ignore") => one(statement).map(|_| ()),
            (_, "godebug") => match one(statement)?.text.contains('=') {
                true => Ok(()),
                false => Err(DirectiveError::Godebug),
            },
            (Kind::Module, "retract") => match words {
                [] => Err(DirectiveError::Retract),
                [version] => {
                    self.retracts.push((version.clone(), version.clone()));
                    Ok(())
                }
                [_, low, _, high, ..] => {
                    self.retracts.push((low.clone(), high.clone()));
                    Ok(())
                }
                [_, _] | [_, _, _] => Ok(()),
            },
            _ => Err(DirectiveError::Unknown),
        }
    }
}

impl Kind {
    /// The directives that may open a block.
    fn blocks(self) -> &'static [&'static str] {
        match self {
            Self::Module => &[
                "module", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore",
            ],
            Self::Workspace => &["godebug", "use", "replace"],
        }
    }
}

/// The text names a folder and no module: it is rooted, or starts with `.` or `..`, on any system.
pub(super) fn is_folder(text: &str) -> bool {
    matches!(text, "." | "..")
        || ["./", ".\\", "../", "..\\", "/", "\\"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        || matches!(text.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic())
}

fn replace<'t>(statement: &Statement<'_, 't>) -> Result<Replace<'t>, DirectiveError> {
    let (old, old_version, new) = match statement.words {
        [old, arrow, new @ ..] if arrow.text == "=>" => (old, None, new),
        [old, version, arrow, new @ ..] if arrow.text == "=>" => (old, Some(version), new),
        _ => return Err(DirectiveError::Replace),
    };
    let (new, new_version) = match new {
        [new] if is_folder(&new.text) => (new, None),
        [_] => return Err(DirectiveError::NoFolder),
        [new, _] if is_folder(&new.text) => return Err(DirectiveError::FolderWithVersion),
        [new, version] => (new, Some(version)),
        _ => return Err(DirectiveError::Replace),
    };
    Ok(Replace {
        old: old.clone(),
        old_version: old_version.cloned(),
        new: new.clone(),
        new_version: new_version.cloned(),
        span: statement.span,
    })
}

fn once<'t>(verb: &'static str, place: &mut Option<Word<'t>>, word: Word<'t>) -> Result<(), DirectiveError> {
    match place {
        Some(_) => Err(DirectiveError::Twice(verb)),
        None => {
            *place = Some(word);
            Ok(())
        }
    }
}

fn one<'t>(statement: &Statement<'_, 't>) -> Result<Word<'t>, DirectiveError> {
    match statement.words {
        [word] => Ok(word.clone()),
        _ => Err(DirectiveError::OneArgument),
    }
}

fn two<'t>(statement: &Statement<'_, 't>) -> Result<(Word<'t>, Word<'t>), DirectiveError> {
    match statement.words {
        [path, version] => Ok((path.clone(), version.clone())),
        _ => Err(DirectiveError::PathAndVersion),
    }
}

/// `1.21`, `1.21.3`, `1.21rc2`.
fn is_go_version(text: &str) -> bool {
    let numbers = text.trim_end_matches(|character: char| character.is_ascii_digit());
    // A release candidate ends in letters and a number; what stands before them is read alike.
    let before = numbers.trim_end_matches(|character: char| character.is_ascii_lowercase());
    let release = match numbers.len() {
        length if length == text.len() => return false,
        length if length == before.len() => text,
        _ => before,
    };
    let mut parts = release.split('.');
    let major = parts.next().is_some_and(|part| is_number(part) && part != "0");
    let count = parts.clone().count();
    major && (1..=2).contains(&count) && parts.all(is_number)
}

/// Digits without a leading zero.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'))
}

/// The comment is Go's mark: `indirect`, or `indirect;` before further words.
fn is_indirect(comment: &str) -> bool {
    let mut words = comment.split_whitespace();
    matches!(
        (words.next(), words.next()),
        (Some("indirect"), None) | (Some("indirect;"), Some(_))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go() {
        for good in ["1.21", "1.21.3", "1.21rc2", "1.9beta1", "2.0.0", "1.21.3rc1"] {
            assert!(is_go_version(good), "{good}");
        }
        for bad in [
            "", "1", "1.", "01.2", "1.02", "1.2.3.4", "1.x", "1.2rc", "go1.2", "0.1", "v1.2", "rc1",
        ] {
            assert!(!is_go_version(bad), "{bad}");
        }
    }

    #[test]
    fn the_mark_of_indirect_modules() {
        assert!(is_indirect(" indirect\n"));
        assert!(is_indirect("indirect; because"));
        assert!(!is_indirect("indirect because"));
        assert!(!is_indirect("indirect;"));
        assert!(!is_indirect("not indirect"));
        assert!(!is_indirect(""));
    }

    #[test]
    fn folders_of_any_system() {
        // One letter before a colon is a drive.
        for folder in [".", "..", "./x", "../x", "/x", "C:\\x", "c:x", ".\\x", "\\x"] {
            assert!(is_folder(folder), "{folder}");
        }
        for module in ["x", ".x", "...", "example.com/x", "xy:z"] {
            assert!(!is_folder(module), "{module}");
        }
    }
}
