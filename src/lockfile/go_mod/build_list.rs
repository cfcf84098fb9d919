//! From directives to the modules of the build.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::super::Parsed;
use super::directives::{Directives, Replace, Require};
use super::replace::{Replacements, Replacing};
use super::versions::{is_exact, is_pruned, toolchain};
use super::workspace::Workspace;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Tree, TreePath, UpgradeBy};
use crate::text::Span;
use crate::version::{Scheme, go};

/// Puts what `module`, the file at `path`, requires into the graph.
pub(super) fn resolve(
    path: &TreePath,
    module: &Directives<'_>,
    workspace: Option<&Workspace>,
    tree: &dyn Tree,
    parsed: &mut Parsed,
) {
    let name = module
        .module
        .as_ref()
        .map_or_else(String::new, |word| word.text.to_string());
    let mut resolution = Resolution {
        root: parsed.graph.add_root(name.clone(), ""),
        repository: of_repository(&name, path, module),
        name,
        path,
        tree,
        parsed,
    };
    resolution.standard_library(module, workspace);
    match workspace {
        Some(workspace) => resolution.in_workspace(module, workspace),
        None => resolution.alone(module),
    }
    resolution.unlisted(module);
}

/// The graph as it grows.
struct Resolution<'r> {
    parsed: &'r mut Parsed,
    root: NodeId,
    name: String,
    /// Names of modules of the same repository.
    repository: Vec<String>,
    path: &'r TreePath,
    tree: &'r dyn Tree,
}

/// A version and where it stands.
#[derive(Clone, Copy)]
struct Written<'w> {
    version: &'w str,
    /// `None` for the file that is read.
    file: Option<&'w TreePath>,
    span: Span,
    /// The whole line.
    entry: Span,
}

/// A module of the build: the highest version that is required of it.
struct Selected<'d, 't> {
    require: &'d Require<'t>,
    direct: bool,
}

impl Resolution<'_> {
    /// The build of the module without a workspace.
    fn alone(&mut self, module: &Directives<'_>) {
        let mut replacements = Replacements::new(self.path.clone(), &module.replaces);
        let mut refused = Vec::new();
        replacements.settle(&mut refused);
        for problem in refused {
            self.parsed.blind(problem.span, problem.message, problem.hint);
        }
        let excluded: HashSet<(&str, &str)> = module
            .excludes
            .iter()
            .map(|exclude| (exclude.path.text.as_ref(), exclude.version.text.as_ref()))
            .collect();
        let mut selected: Vec<Selected<'_, '_>> = Vec::with_capacity(module.requires.len());
        let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(module.requires.len());
        for require in &module.requires {
            let (path, version) = (require.path.text.as_ref(), require.version.text.as_ref());
            if path == self.name {
                continue;
            }
            if !is_exact(version) {
                self.inexact(require.version.span, path);
                continue;
            }
            if excluded.contains(&(path, version)) {
                self.excluded(require);
                continue;
            }
            match numbers.entry(path) {
                Entry::Vacant(entry) => {
                    entry.insert(selected.len());
                    selected.push(Selected {
                        require,
                        direct: !require.indirect,
                    });
                }
                Entry::Occupied(entry) => {
                    if let Some(before) = selected.get_mut(*entry.get()) {
                        before.direct |= !require.indirect;
                        if go::Go.compare(version, &before.require.version.text) == Ok(Ordering::Greater) {
                            before.require = require;
                        }
                    }
                }
            }
        }
        for Selected { require, direct } in selected {
            let written = Written {
                version: &require.version.text,
                file: None,
                span: require.version.span,
                entry: require.span,
            };
            self.add(require, direct, written, &replacements);
        }
    }

    /// The same modules, as the build of a workspace takes them.
    fn in_workspace(&mut self, module: &Directives<'_>, workspace: &Workspace) {
        let selection = &workspace.selection;
        let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(module.requires.len());
        let mut listed: Vec<(&Require<'_>, bool)> = Vec::with_capacity(module.requires.len());
        for require in &module.requires {
            let path = require.path.text.as_ref();
            if path == self.name {
                continue;
            }
            if selection.members.contains(path) {
                if numbers.insert(path, usize::MAX).is_none() {
                    let member = self.parsed.graph.add_own(path, "");
                    self.parsed.graph.add_edge(self.root, member, require.path.span);
                }
                continue;
            }
            match numbers.entry(path) {
                Entry::Vacant(entry) => {
                    entry.insert(listed.len());
                    listed.push((require, !require.indirect));
                }
                Entry::Occupied(entry) => {
                    if let Some((_, direct)) = listed.get_mut(*entry.get()) {
                        *direct |= !require.indirect;
                    }
                }
            }
        }
        for (require, direct) in listed {
            let path = require.path.text.as_ref();
            if selection.inexact.contains(path) || !is_exact(&require.version.text) {
                self.inexact(require.version.span, path);
                continue;
            }
            let version = require.version.text.as_ref();
            let own = Written {
                version,
                file: None,
                span: require.version.span,
                entry: require.span,
            };
            // A damaged workspace may lack this very module.
            let is_usable = is_exact(version) && !selection.is_excluded(path, version);
            let written = match selection.chosen.get(path) {
                Some(chosen)
                    if !is_usable || go::Go.compare(&chosen.version, version) == Ok(Ordering::Greater) =>
                {
                    Written {
                        version: &chosen.version,
                        file: self.elsewhere(&chosen.file),
                        span: chosen.span,
                        entry: chosen.entry,
                    }
                }
                Some(_) | None if is_usable => own,
                Some(_) | None => {
                    self.excluded(require);
                    continue;
                }
            };
            self.add(require, direct, written, &workspace.replacements);
        }
    }

    fn elsewhere<'f>(&self, file: &'f TreePath) -> Option<&'f TreePath> {
        (file != self.path).then_some(file)
    }

    /// Adds a module, or what replaces it.
    fn add(
        &mut self,
        require: &Require<'_>,
        direct: bool,
        written: Written<'_>,
        replacements: &Replacements,
    ) {
        let path = require.path.text.as_ref();
        let mut package = match replacements.find(path, written.version) {
            None => new_package(path, written),
            Some(Replacing {
                version: None,
                folder: Some(folder),
                ..
            }) if self.is_own(path, folder) => {
                let own = self.parsed.graph.add_own(path, "");
                return self.parsed.graph.add_edge(self.root, own, require.path.span);
            }
            Some(Replacing {
                new, version: None, ..
            }) => {
                // The version that is asked for is the only one that there is.
                let mut package = new_package(path, written);
                package.source = Source::Path(new.clone());
                package
            }
            Some(
                line @ Replacing {
                    version: Some((version, span)),
                    ..
                },
            ) => {
                let file = replacements.file(line).and_then(|file| self.elsewhere(file));
                if !is_exact(version) {
                    let span = match file {
                        None => *span,
                        Some(_) => require.version.span,
                    };
                    return self.inexact(span, &line.new);
                }
                let is_elsewhere = file.is_some();
                let written = Written {
                    version,
                    file,
                    span: *span,
                    entry: line.span,
                };
                let mut package = new_package(&line.new, written);
                package.spans.source = Some(line.new_span);
                // No command of this folder changes a line of another file.
                let by = match is_elsewhere {
                    true => UpgradeBy::Hand,
                    false => UpgradeBy::Replace(line.replaced(path).into()),
                };
                package.upgrade_by = Some(Box::new(by));
                package
            }
        };
        if package.place().file.is_some() {
            package.used_by = Some(self.name.as_str().into());
        }
        package.direct = direct;
        let id = self.parsed.graph.add_package(package);
        if direct {
            self.parsed.graph.add_edge(self.root, id, require.path.span);
        }
    }

    /// The module `name` in `folder` is a further one of the repository: the folder holds this module, too, or it has the name of
    /// the same repository. A copy of a module from elsewhere is none.
    fn is_own(&self, name: &str, folder: &TreePath) -> bool {
        let is_read = |path: TreePath| {
            self.tree.holds(&path) && (self.tree.is_scanned(&path, "go.mod") || self.tree.is_left_out(&path))
        };
        let is_alike = |own: &String| are_of_one_repository(name, own);
        (self.path.is_in(folder) || self.repository.iter().any(is_alike))
            && folder.join("go.mod").is_some_and(is_read)
    }

    fn excluded(&mut self, require: &Require<'_>) {
        self.parsed.partial(
            require.version.span,
            format!(
                "{} {} is required and excluded, and which version Go takes instead is not listed",
                require.path.text, require.version.text
            ),
            "Run `go mod tidy`, which writes the version that Go takes.",
        );
    }

    /// The package `stdlib`, at the version of the toolchain that builds. In a workspace its `go.work` decides.
    fn standard_library(&mut self, module: &Directives<'_>, workspace: Option<&Workspace>) {
        let from_work = workspace
            .and_then(|workspace| Some((workspace.toolchain.as_ref()?, &workspace.path)))
            .map(|(version, path)| (version.clone(), FileSpan::elsewhere(path.clone(), version.span)));
        let own = || {
            let version = toolchain(module)?;
            let place = FileSpan::here(version.span);
            Some((version, place))
        };
        let Some((version, place)) = from_work.or_else(own) else {
            return;
        };
        let mut package = Package::new(Ecosystem::GO, "stdlib", version.text, place);
        if version.is_named {
            package.asked_by(UpgradeBy::Property("toolchain".into()));
        }
        package.direct = true;
        if package.place().file.is_some() {
            package.used_by = Some(self.name.as_str().into());
        }
        let span = package.place().span;
        let here = package.place().file.is_none();
        let id = self.parsed.graph.add_package(package);
        self.parsed
            .graph
            .add_edge(self.root, id, if here { span } else { Span::default() });
    }

    /// Before Go 1.17 modules that are needed by others only are not listed.
    fn unlisted(&mut self, module: &Directives<'_>) {
        let pruned = module.go.as_ref().is_some_and(|word| is_pruned(&word.text));
        if pruned || module.requires.is_empty() {
            return;
        }
        let (span, message) = match &module.go {
            Some(word) => (
                word.span,
                format!(
                    "with go {} (below 1.17) the indirect modules are not all listed",
                    word.text
                ),
            ),
            None => (
                module.module.as_ref().map_or(Span::at(0), |word| word.span),
                "without a go directive (1.17 or later) the indirect modules are not all listed".into(),
            ),
        };
        self.parsed.partial(
            span,
            message,
            "Run `go mod tidy -go=1.17` or later, which lists every module of the build.",
        );
    }

    fn inexact(&mut self, span: Span, path: &str) {
        self.parsed.partial(
            span,
            format!("{path} is required without an exact version"),
            "Run `go mod tidy`, which writes the exact version.",
        );
    }
}

fn new_package(name: &str, written: Written<'_>) -> Package {
    let place = match written.file {
        Some(file) => FileSpan::elsewhere(file.clone(), written.span),
        None => FileSpan::here(written.span),
    };
    let mut package = Package::new(Ecosystem::GO, name, written.version, place);
    package.spans.entry = Some(written.entry);
    package
}

/// So many modules above a module say what its repository is called.
const MAX_ABOVE: usize = 4;

/// Names of modules in the repository of `name`, the file at `path`: its own, and those that it takes from folders above.
fn of_repository(name: &str, path: &TreePath, module: &Directives<'_>) -> Vec<String> {
    let home = path.parent();
    let is_above = |replace: &&Replace<'_>| {
        let folder = home.join(replace.new.text.as_bytes());
        replace.new_version.is_none() && folder.is_some_and(|folder| path.is_in(&folder))
    };
    let above = module.replaces.iter().filter(is_above).take(MAX_ABOVE);
    let above = above.map(|replace| replace.old.text.to_string());
    std::iter::once(name.to_owned()).chain(above).collect()
}

/// The names of two modules begin with the same host, owner and repository; of a shorter name, all of it counts.
fn are_of_one_repository(one: &str, other: &str) -> bool {
    let parts = |name: &'_ str| name.split('/').count();
    let count = parts(one).min(parts(other)).min(3);
    count > 1 && one.split('/').take(count).eq(other.split('/').take(count))
}
