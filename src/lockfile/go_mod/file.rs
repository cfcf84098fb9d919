//! A `go.mod` as a plan of upgrades reads it: what it requires, and where that stands.

use super::directives::{Directives, Kind};
use super::syntax::Word;
use super::versions::{is_exact, is_pruned};
use crate::model::TreePath;
use crate::text::{Problems, Span};

/// What a `go.mod` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GoModFile {
    /// The module's path.
    pub module: String,
    /// The version of Go that it asks for: `1.23.0`.
    pub go: Option<Written>,
    /// The toolchain that it is built with: `go1.23.4`.
    pub toolchain: Option<Written>,
    /// Its `require` lines, in the order of the file.
    pub requires: Vec<RequireLine>,
    /// Its `replace` lines.
    pub replaces: Vec<ReplaceLine>,
    /// Modules and versions that it leaves out.
    pub excludes: Vec<(String, String)>,
    /// The lowest and the highest version of each range that its authors withdrew.
    pub retracts: Vec<(String, String)>,
    /// Paths of packages that are built as tools.
    pub tools: Vec<String>,
}

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What it says.
    pub text: String,
    /// Where that stands.
    pub span: Span,
}

/// `require path version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequireLine {
    /// The module.
    pub path: String,
    /// The lowest version of it.
    pub version: Written,
    /// Marked `// indirect`: no package of one's own imports from it.
    pub indirect: bool,
    /// From the first to the last word of the line; `require` itself is not in it.
    pub span: Span,
}

/// `replace old [version] => new [version]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaceLine {
    /// The module that is replaced.
    pub old: String,
    /// `None` replaces every version.
    pub old_version: Option<String>,
    /// Another module, or a folder.
    pub new: String,
    /// `None` where it is a folder.
    pub new_version: Option<String>,
}

impl GoModFile {
    /// Reads `text`.
    ///
    /// # Errors
    /// What is wrong with it, as a lowercase fragment.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut problems = Problems::default();
        let directives = Directives::read(text, Kind::Module, &mut problems);
        if let Some(problem) = problems.into_vec().into_iter().next() {
            return Err(problem.message);
        }
        Ok(Self::of(&directives))
    }

    /// As [`GoModFile::read`], for the `go.mod` of another module: lines that a later version of Go knows are passed over.
    ///
    /// # Errors
    /// There is no module directive.
    pub fn read_foreign(text: &str) -> Result<Self, String> {
        let directives = Directives::read(text, Kind::Module, &mut Problems::default());
        match directives.module {
            Some(_) => Ok(Self::of(&directives)),
            None => Err("there is no module directive".to_owned()),
        }
    }

    fn of(directives: &Directives<'_>) -> Self {
        let text = |word: &Word<'_>| word.text.to_string();
        let written = |word: &Word<'_>| Written {
            text: word.text.to_string(),
            span: word.span,
        };
        let requires = directives.requires.iter().map(|require| RequireLine {
            path: text(&require.path),
            version: written(&require.version),
            indirect: require.indirect,
            span: require.span,
        });
        let replaces = directives.replaces.iter().map(|replace| ReplaceLine {
            old: text(&replace.old),
            old_version: replace.old_version.as_ref().map(text),
            new: text(&replace.new),
            new_version: replace.new_version.as_ref().map(text),
        });
        let pair = |(left, right): (&Word<'_>, &Word<'_>)| (text(left), text(right));
        Self {
            module: directives.module.as_ref().map(text).unwrap_or_default(),
            go: directives.go.as_ref().map(written),
            toolchain: directives.toolchain.as_ref().map(written),
            requires: requires.collect(),
            replaces: replaces.collect(),
            excludes: directives
                .excludes
                .iter()
                .map(|exclude| pair((&exclude.path, &exclude.version)))
                .collect(),
            retracts: directives
                .retracts
                .iter()
                .map(|(low, high)| pair((low, high)))
                .collect(),
            tools: directives.tools.iter().map(text).collect(),
        }
    }

    /// The file lists every module of the build (Go 1.17 and later).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.go.as_ref().is_some_and(|go| is_pruned(&go.text))
    }

    /// The line that replaces `version` of `path`: the one for that version before the one for all.
    #[must_use]
    pub fn replacement(&self, path: &str, version: &str) -> Option<&ReplaceLine> {
        let lines = || self.replaces.iter().filter(|line| line.old == path);
        lines()
            .rfind(|line| line.old_version.as_deref() == Some(version))
            .or_else(|| lines().rfind(|line| line.old_version.is_none()))
    }
}

/// The folders that the `go.work` with `text` in `home` uses, as far as they are in the tree; `None` if it is damaged.
#[must_use]
pub fn uses(text: &str, home: &TreePath) -> Option<Vec<TreePath>> {
    let mut problems = Problems::default();
    let directives = Directives::read(text, Kind::Workspace, &mut problems);
    if !problems.into_vec().is_empty() {
        return None;
    }
    let folders = directives.uses.iter();
    Some(
        folders
            .filter_map(|used| home.join(used.text.as_bytes()))
            .collect(),
    )
}

/// `vMAJOR.MINOR.PATCH` with or without what follows `-` or `+`: one version, and no question to a proxy.
#[must_use]
pub fn is_version(text: &str) -> bool {
    is_exact(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_go_reads() {
        let file = GoModFile::read(
            "module m.example/a\n\ngo 1.23.0\n\ntoolchain go1.23.4\n\nrequire (\n\tb.example v1.0.0\n\tc.example v0.1.0 // indirect\n)\n\n\
            replace c.example => ../c\nreplace b.example v1.0.0 => d.example v1.0.1\nexclude b.example v1.0.2\n\
            retract (\n\tv1.0.0\n\t[v1.1.0, v1.1.9] // bad\n)\ntool b.example/cmd/x\n",
        )
        .unwrap();
        assert_eq!(file.module, "m.example/a");
        assert!(file.is_complete());
        let requires: Vec<_> = file
            .requires
            .iter()
            .map(|line| (&*line.path, &*line.version.text, line.indirect))
            .collect();
        assert_eq!(
            requires,
            [("b.example", "v1.0.0", false), ("c.example", "v0.1.0", true)]
        );
        let pair = |left: &str, right: &str| (left.to_owned(), right.to_owned());
        assert_eq!(
            file.retracts,
            [pair("v1.0.0", "v1.0.0"), pair("v1.1.0", "v1.1.9")]
        );
        assert_eq!(file.excludes, [pair("b.example", "v1.0.2")]);
        assert_eq!(file.tools, ["b.example/cmd/x"]);
        assert_eq!(file.replacement("b.example", "v1.0.0").unwrap().new, "d.example");
        assert!(file.replacement("b.example", "v1.0.1").is_none());
        assert_eq!(file.replacement("c.example", "v9.0.0").unwrap().new, "../c");
    }

    #[test]
    fn damage_is_no_file_of_ones_own() {
        assert!(GoModFile::read("module a\nrequire (\n").is_err());
        assert!(GoModFile::read_foreign("module a\nfuture x y\nrequire b v1.0.0\n").is_ok());
        assert!(GoModFile::read_foreign("require b v1.0.0\n").is_err());
    }
}
