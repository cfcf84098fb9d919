//! `vendor/modules.txt` of Go: the modules of which packages lie in the folder `vendor`, which `go build` takes from there.
//!
//! Source of the rules: the Go Modules Reference ("Vendoring"), and what `cmd/go/internal/modload/vendor.go` reads and
//! `cmd/go/internal/modcmd/vendor.go` writes.
//!
//! - `# path version` begins a module, `# path version => path version` or `=> ./folder` one that is replaced. `## explicit` below it
//!   says that a `go.mod` requires it; all other lines below it are its packages. At the end stand replacements of what is not vendored.
//! - The `go.mod` beside the folder, or those that the `go.work` there uses, say the same, and Go refuses the folder where they differ. So
//!   what a `go.mod` of the same scan requires at the same version is not said twice. Listed are modules that no `go.mod` names: those that are needed
//!   indirectly below `go 1.17`, all where no `go.mod` is scanned, and those whose copy differs, because what is built with a copy that was edited
//!   by hand, or with `-mod=vendor` of an older Go, is the copy.
//! - Go writes a line end and, below each module, a line at least: a file that ends otherwise is cut. What was cut behind that does not show.

use std::collections::{HashMap, HashSet};

use super::go_mod::file::{GoModFile, is_version, uses};
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, Package, Source, Spans, Tree, TreePath};
use crate::text::{Span, decode};

/// What Go has vendored.
#[derive(Debug, Clone, Copy)]
pub struct VendorModules;

const DAMAGED: &str =
    "Restore the file from its last good commit, or run `go mod vendor` (`go work vendor` in a workspace).";

/// Further modules of a workspace are not looked at.
const MAX_MODULES: usize = 1_000;

impl Format for VendorModules {
    fn name(&self) -> &'static str {
        "vendor/modules.txt"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::GO
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["vendor/modules.txt"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        UpgradeCommand::ByHand(
            format!("Run `go get {name}@{to}` and `go mod vendor` in the folder above `vendor` (`go work vendor` in a workspace).").into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let required = Required::beside(&file.path.parent().parent(), tree);
        let mut module: Option<Module<'_>> = None;
        // The last modules were replacements of what is not vendored.
        let mut is_end = false;
        let mut start = 0_usize;
        for whole in file.text.split_inclusive('\n') {
            let line = whole.trim_end();
            let span = Span::new(start, start.saturating_add(line.len()));
            start = start.saturating_add(whole.len());
            if line.contains('\r') {
                parsed.blind(span, "this is no line of vendor/modules.txt", DAMAGED);
            } else if let Some(marks) = line.strip_prefix("## ") {
                if let Some(module) = &mut module {
                    module.is_explicit |= marks.split(';').any(|mark| mark.trim() == "explicit");
                    module.has_lines = true;
                }
            } else if line.starts_with("# ") {
                is_end = module.as_ref().is_some_and(Module::is_not_vendored);
                settle(module.take(), &required, &mut parsed);
                module = Module::read(line, span);
                if module.is_none() {
                    parsed.blind(span, "this is no module of vendor/modules.txt", DAMAGED);
                }
            } else if !line.is_empty() {
                match &mut module {
                    Some(module) if module.holds(line) => module.has_lines = true,
                    Some(_) | None => parsed.blind(span, "this package belongs to no module", DAMAGED),
                }
            }
        }
        let last = module.as_ref().filter(|module| !module.has_lines);
        let is_cut = last.is_some_and(|module| module.new.is_none());
        if let Some(module) =
            last.filter(|module| module.new.is_some() && module.version.is_some() && !is_end)
        {
            parsed.partial(module.span, "the file may be cut behind this", DAMAGED);
        }
        settle(module, &required, &mut parsed);
        if is_cut || !file.text.is_empty() && !file.text.ends_with('\n') {
            parsed.blind(
                Span::at(file.text.trim_end().len()),
                "the file ends within a module: it is cut",
                DAMAGED,
            );
        }
        parsed
    }
}

/// A module as its line says it.
struct Module<'t> {
    path: &'t str,
    /// `None` for the replacement of every version.
    version: Option<(&'t str, Span)>,
    /// Another module with its version, or a folder.
    new: Option<(&'t str, Option<(&'t str, Span)>)>,
    span: Span,
    is_explicit: bool,
    /// Lines stand below it.
    has_lines: bool,
}

impl<'t> Module<'t> {
    fn read(line: &'t str, span: Span) -> Option<Self> {
        let (old, new) = match line.split_once(" => ") {
            Some((old, new)) => (old, Some(new)),
            None => (line, None),
        };
        let place = |version: &str, end: usize| span.inside(end.saturating_sub(version.len())..end);
        let mut words = old.split(' ').skip(1);
        let path = words.next().filter(|path| !path.is_empty())?;
        let version = words.next();
        if words.next().is_some() || version.is_some_and(|version| !is_version(version)) {
            return None;
        }
        let version = version.map(|version| (version, place(version, old.len())));
        let new = match new {
            None => None,
            Some(new) => Some(match new.split_once(' ') {
                Some((path, version)) if is_version(version) && !path.is_empty() => {
                    (path, Some((version, place(version, line.len()))))
                }
                Some((_, version)) if version.starts_with('v') => return None,
                Some(_) | None if !new.is_empty() => (new, None),
                Some(_) | None => return None,
            }),
        };
        (version.is_some() || new.is_some()).then_some(Self {
            path,
            version,
            new,
            span,
            is_explicit: false,
            has_lines: false,
        })
    }

    /// The replacement of a module of which nothing is vendored.
    fn is_not_vendored(&self) -> bool {
        !self.has_lines && self.new.is_some()
    }

    /// A package at this path is one of its own.
    fn holds(&self, package: &str) -> bool {
        package
            .strip_prefix(self.path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Adds a module, unless it is one that a `go.mod` locks as well.
fn settle(module: Option<Module<'_>>, required: &Required, parsed: &mut Parsed) {
    let Some(module) = module else { return };
    let Some((version, at)) = module.version else {
        return;
    };
    // What is replaced and not vendored.
    if module.is_not_vendored() || required.says(&module, version) {
        return;
    }
    let (name, version, place) = match module.new {
        Some((path, Some((version, at)))) => (path, version, at),
        Some((_, None)) | None => (module.path, version, at),
    };
    let mut package = Package::new(Ecosystem::GO, name, version, FileSpan::here(place));
    if let Some((folder, None)) = module.new {
        package.source = Source::Path(folder.to_owned());
    }
    package.direct = module.is_explicit;
    package.spans = Spans {
        entry: Some(module.span),
        ..Spans::default()
    };
    parsed.graph.add_package(package);
}

/// A module that is replaced, and the version, or every one.
type Old = (String, Option<String>);

/// What the modules beside a folder `vendor` require.
#[derive(Default)]
struct Required {
    versions: HashSet<(String, String)>,
    replaced: HashMap<Old, (String, Option<String>)>,
}

impl Required {
    /// Those of `folder`, as far as the scan reads them.
    fn beside(folder: &TreePath, tree: &dyn Tree) -> Self {
        let mut required = Self::default();
        let work = folder.join("go.work").and_then(|path| tree.read(&path).ok());
        let work = work.and_then(|bytes| {
            let text = decode::decode(&bytes).text.into_owned();
            required.add_replaced(&text);
            uses(&text, folder)
        });
        let folders = work.unwrap_or_else(|| vec![folder.clone()]);
        for path in folders
            .iter()
            .take(MAX_MODULES)
            .filter_map(|folder| folder.join("go.mod"))
        {
            if tree.is_scanned(&path, "go.mod")
                && let Ok(bytes) = tree.read(&path)
                && let Ok(module) = GoModFile::read(&decode::decode(&bytes).text)
            {
                required.add(module);
            }
        }
        required
    }

    /// The replacements of a `go.work`, whose lines are those of a `go.mod`.
    fn add_replaced(&mut self, text: &str) {
        if let Ok(module) = GoModFile::read_foreign(&format!("module work\n{text}")) {
            self.add(module);
        }
    }

    fn add(&mut self, module: GoModFile) {
        let requires = module.requires.into_iter();
        self.versions
            .extend(requires.map(|line| (line.path, line.version.text)));
        for line in module.replaces {
            self.replaced
                .insert((line.old, line.old_version), (line.new, line.new_version));
        }
    }

    /// `module` is required at `version`, and replaced by the same.
    fn says(&self, module: &Module<'_>, version: &str) -> bool {
        let replaced = |version: Option<&str>| {
            self.replaced
                .get(&(module.path.to_owned(), version.map(str::to_owned)))
        };
        let replacement = replaced(Some(version)).or_else(|| replaced(None));
        let is_same = match (&module.new, replacement) {
            (None, None) => true,
            (Some((path, version)), Some((new, new_version))) => {
                path == new && version.map(|(version, _)| version) == new_version.as_deref()
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        is_same
            && self
                .versions
                .contains(&(module.path.to_owned(), version.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Unread;

    /// A scan that reads every `go.mod`.
    struct Scan(&'static [(&'static str, &'static str)]);

    impl Tree for Scan {
        fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, Unread> {
            let found = self.0.iter().find(|(name, _)| path.as_bytes() == name.as_bytes());
            found
                .map(|(_, text)| text.as_bytes().into())
                .ok_or(Unread::Absent)
        }

        fn is_scanned(&self, path: &TreePath, format: &str) -> bool {
            path.file_name() == format.as_bytes()
        }
    }

    fn listed(text: &str, tree: &dyn Tree) -> Vec<String> {
        let path = TreePath::new("a/vendor/modules.txt").expect("a path");
        let parsed = VendorModules.read(&File { path: &path, text }, tree);
        assert_eq!(parsed.problems, [], "{text}");
        let packages = parsed.graph.packages();
        packages
            .map(|(_, package)| format!("{}@{}", package.name, package.version))
            .collect()
    }

    const VENDORED: &str = "# b.example v1.0.0\n## explicit; go 1.20\nb.example/x\n# c.example v1.2.0\n## explicit\nc.example\n\
        # d.example v0.1.0 => e.example v0.2.0\n## explicit\nd.example\n# d.example => e.example v0.2.0\n";

    #[test]
    fn what_a_go_mod_says_is_not_said_twice() {
        let same = Scan(&[(
            "a/go.mod",
            "module a\n\ngo 1.20\n\nrequire (\n\tb.example v1.0.0\n\tc.example v1.2.0 // indirect\n\td.example v0.1.0\n)\n\nreplace d.example v0.1.0 => e.example v0.2.0\n",
        )]);
        assert_eq!(listed(VENDORED, &same), Vec::<String>::new());
        let other = Scan(&[(
            "a/go.mod",
            "module a\n\ngo 1.16\n\nrequire b.example v1.0.1\nrequire d.example v0.1.0\n",
        )]);
        assert_eq!(
            listed(VENDORED, &other),
            ["b.example@v1.0.0", "c.example@v1.2.0", "e.example@v0.2.0"]
        );
        let damaged = Scan(&[("a/go.mod", "module a\nrequire (\n\tb.example v1.0.0\n")]);
        assert_eq!(listed(VENDORED, &damaged).len(), 3);
        assert_eq!(listed(VENDORED, &Scan(&[])).len(), 3);
    }

    #[test]
    fn a_workspace_says_what_its_modules_say() {
        let workspace = Scan(&[
            (
                "a/go.work",
                "go 1.22\n\nuse (\n\t./one\n\t./two\n)\n\nreplace d.example => e.example v0.2.0\n",
            ),
            (
                "a/one/go.mod",
                "module one\n\ngo 1.22\n\nrequire b.example v1.0.0\n",
            ),
            (
                "a/two/go.mod",
                "module two\n\ngo 1.22\n\nrequire d.example v0.1.0\n",
            ),
        ]);
        assert_eq!(listed(VENDORED, &workspace), ["c.example@v1.2.0"]);
    }
}
