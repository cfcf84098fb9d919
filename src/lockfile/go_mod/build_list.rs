//! From directives to the modules of the build.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::super::Parsed;
use super::directives::{Directives, Replace, Require, is_number};
use super::syntax::Word;
use super::workspace::Workspace;
use crate::model::{Ecosystem, NodeId, Package, Place, Source, TreePath};
use crate::text::{MAX_PROBLEMS, Span};
use crate::version::{Scheme, go};

/// The first version of Go whose `go.mod` lists every module of the build.
pub(super) const PRUNED: &str = "1.17.0";

/// What to do about a damaged `go.mod`.
pub(super) const DAMAGED: &str = "Correct the line; `go mod edit -json` tells what Go makes of the file.";

/// Said of a file whose last line has no end.
pub(super) const UNENDED: &str = "the file ends here without a line break and may be cut";

/// Puts what `module`, the file at `path`, requires into the graph.
pub(super) fn resolve(
    path: &TreePath,
    module: &Directives<'_>,
    workspace: Option<&Workspace>,
    parsed: &mut Parsed,
) {
    let name = module
        .module
        .as_ref()
        .map_or_else(String::new, |word| word.text.to_string());
    let mut resolution = Resolution {
        root: parsed.graph.add_root(name.clone(), ""),
        name,
        path,
        inexact: 0,
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
    path: &'r TreePath,
    /// How many requirements had no exact version so far.
    inexact: usize,
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

/// What takes the place of a module.
struct Replacing<'w> {
    new: &'w str,
    new_span: Span,
    /// `None` where `new` is a folder.
    version: Option<Written<'w>>,
}

/// The `replace` lines of one file.
struct Replacements<'d, 't> {
    by_version: HashMap<(&'d str, &'d str), &'d Replace<'t>>,
    by_path: HashMap<&'d str, &'d Replace<'t>>,
    conflicts: Vec<&'d Replace<'t>>,
}

impl<'d, 't> Replacements<'d, 't> {
    fn of(replaces: &'d [Replace<'t>]) -> Self {
        let mut replacements = Self {
            by_version: HashMap::new(),
            by_path: HashMap::new(),
            conflicts: Vec::new(),
        };
        for replace in replaces {
            let path = replace.old.text.as_ref();
            let before = match &replace.old_version {
                Some(version) => replacements.by_version.insert((path, &version.text), replace),
                None => replacements.by_path.insert(path, replace),
            };
            let differs = before.is_some_and(|before| {
                before.new.text != replace.new.text
                    || text_of(&before.new_version) != text_of(&replace.new_version)
            });
            if differs && replacements.conflicts.len() < MAX_PROBLEMS {
                replacements.conflicts.push(replace);
            }
        }
        replacements
    }

    /// The line for one version comes before the line for all of them.
    fn find(&self, path: &str, version: &str) -> Option<Replacing<'d>> {
        let replace = self
            .by_version
            .get(&(path, version))
            .or_else(|| self.by_path.get(path))?;
        Some(Replacing {
            new: &replace.new.text,
            new_span: replace.new.span,
            version: replace.new_version.as_ref().map(|version| Written {
                version: &version.text,
                file: None,
                span: version.span,
                entry: replace.span,
            }),
        })
    }
}

/// A module of the build: the highest version that is required of it.
struct Selected<'d, 't> {
    require: &'d Require<'t>,
    direct: bool,
}

impl Resolution<'_> {
    /// The build of the module without a workspace.
    fn alone(&mut self, module: &Directives<'_>) {
        let replacements = Replacements::of(&module.replaces);
        for replace in &replacements.conflicts {
            self.parsed.blind(
                replace.span,
                format!("{} is replaced twice, by different modules", replace.old.text),
                "Keep one of the replace directives; Go refuses both.",
            );
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
            let replacing = replacements.find(&require.path.text, written.version);
            self.add(require, direct, written, replacing);
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
            let line = workspace.replacements.find(path, written.version);
            let replacing = line.map(|line| Replacing {
                new: &line.new,
                new_span: line.new_span,
                version: line.version.as_ref().map(|(version, span)| Written {
                    version,
                    file: workspace
                        .replacements
                        .file(line)
                        .and_then(|file| self.elsewhere(file)),
                    span: *span,
                    entry: line.span,
                }),
            });
            self.add(require, direct, written, replacing);
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
        replacing: Option<Replacing<'_>>,
    ) {
        let mut package = match replacing {
            None => new_package(&require.path.text, written),
            Some(Replacing {
                new, version: None, ..
            }) => {
                // The version that is asked for is the only one that there is.
                let mut package = new_package(&require.path.text, written);
                package.source = Source::Path(new.to_owned());
                package
            }
            Some(Replacing {
                new,
                new_span,
                version: Some(version),
            }) => {
                if !is_exact(version.version) {
                    let span = match version.file {
                        None => version.span,
                        Some(_) => require.version.span,
                    };
                    return self.inexact(span, new);
                }
                let mut package = new_package(new, version);
                package.spans.source = Some(new_span);
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

    fn excluded(&mut self, require: &Require<'_>) {
        self.partial(
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
            .map(|((version, span), path)| (version.clone(), Place::elsewhere(path.clone(), *span)));
        let Some((version, place)) =
            from_work.or_else(|| toolchain(module).map(|version| (version.text, Place::here(version.span))))
        else {
            return;
        };
        let mut package = Package::new(Ecosystem::GO, "stdlib", version, place);
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
        let version = module.go.as_ref().map(|word| go::toolchain(&word.text));
        let pruned =
            version.is_some_and(|version| go::Go.compare(&version, PRUNED).is_ok_and(Ordering::is_ge));
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
        self.partial(
            span,
            format!("{path} is required without an exact version"),
            "Run `go mod tidy`, which writes the exact version.",
        );
    }

    /// Tells a gap, unless there are too many already.
    fn partial(&mut self, span: Span, message: String, hint: &str) {
        self.inexact = self.inexact.saturating_add(1);
        match self.inexact.cmp(&MAX_PROBLEMS) {
            Ordering::Less => self.parsed.partial(span, message, hint),
            Ordering::Equal => self.parsed.partial(
                span,
                "more requirements are not exact; the rest is not listed",
                hint,
            ),
            Ordering::Greater => {}
        }
    }
}

/// A version of Go and where it stands.
pub(super) struct Toolchain {
    pub(super) text: String,
    pub(super) span: Span,
}

/// The version that Go switches to: that of `toolchain`, unless `go` is newer or the toolchain names none.
pub(super) fn toolchain(directives: &Directives<'_>) -> Option<Toolchain> {
    let go = directives.go.as_ref().map(|word| Toolchain {
        text: word.text.to_string(),
        span: word.span,
    });
    let named = directives.toolchain.as_ref().and_then(|word| {
        let version = word.text.strip_prefix("go")?;
        // A suffix names a vendor's build.
        let version = version.split_once('-').map_or(version, |(version, _)| version);
        Some(Toolchain {
            text: version.to_owned(),
            span: word.span.inside(2..version.len().saturating_add(2)),
        })
    });
    match (go, named) {
        (Some(go), Some(named)) => {
            match go::Go.compare(&go::toolchain(&go.text), &go::toolchain(&named.text)) {
                Ok(Ordering::Greater) => Some(go),
                Ok(Ordering::Less | Ordering::Equal) | Err(_) => Some(named),
            }
        }
        (go, named) => named.or(go),
    }
}

fn new_package(name: &str, written: Written<'_>) -> Package {
    let place = match written.file {
        Some(file) => Place::elsewhere(file.clone(), written.span),
        None => Place::here(written.span),
    };
    let mut package = Package::new(Ecosystem::GO, name, written.version, place);
    package.spans.entry = Some(written.entry);
    package
}

fn text_of<'w>(word: &'w Option<Word<'_>>) -> Option<&'w str> {
    word.as_ref().map(|word| word.text.as_ref())
}

/// `vMAJOR.MINOR.PATCH` with or without what follows `-` or `+`: one version, and no question to a proxy.
pub(super) fn is_exact(version: &str) -> bool {
    let Some(numbers) = version.strip_prefix('v') else {
        return false;
    };
    let (numbers, suffix) = numbers.split_at(numbers.find(['-', '+']).unwrap_or(numbers.len()));
    let mut parts = numbers.split('.');
    let three = [parts.next(), parts.next(), parts.next()]
        .into_iter()
        .all(|part| part.is_some_and(is_number));
    three
        && parts.next().is_none()
        && suffix.len() != 1
        && suffix
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
}
