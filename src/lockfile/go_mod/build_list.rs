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
const PRUNED: &str = "1.17.0";

/// Puts what `module` requires into the graph.
pub(super) fn resolve(module: &Directives<'_>, workspace: Option<&Workspace>, parsed: &mut Parsed) {
    let work = workspace.map(|workspace| (workspace, workspace.directives()));
    let name = module
        .module
        .as_ref()
        .map_or_else(String::new, |word| word.text.to_string());
    let mut resolution = Resolution {
        root: parsed.graph.add_root(name.clone(), ""),
        name,
        replacements: Vec::new(),
        work_path: workspace.map(|workspace| workspace.path.clone()),
        inexact: 0,
        parsed,
    };
    resolution.standard_library(module, work.as_ref().map(|(_, directives)| directives));
    if let Some((_, directives)) = &work {
        resolution
            .replacements
            .push(Replacements::of(&directives.replaces, Origin::Workspace));
    }
    let own = Replacements::of(&module.replaces, Origin::Module);
    for replace in &own.conflicts {
        resolution.parsed.blind(
            replace.span,
            format!("{} is replaced twice, by different modules", replace.old.text),
            "Keep one of the replace directives; Go refuses both.",
        );
    }
    resolution.replacements.push(own);
    let none = HashSet::new();
    let members = workspace.map_or(&none, |workspace| &workspace.members);
    resolution.requirements(module, members);
    resolution.unlisted(module);
}

/// The graph as it grows.
struct Resolution<'r, 'd, 't> {
    parsed: &'r mut Parsed,
    root: NodeId,
    name: String,
    /// In the order in which they are asked.
    replacements: Vec<Replacements<'d, 't>>,
    work_path: Option<TreePath>,
    /// How many requirements had no exact version so far.
    inexact: usize,
}

/// The file that a `replace` stands in.
#[derive(Debug, Clone, Copy)]
enum Origin {
    Module,
    Workspace,
}

/// The `replace` lines of one file.
struct Replacements<'d, 't> {
    origin: Origin,
    by_version: HashMap<(&'d str, &'d str), &'d Replace<'t>>,
    by_path: HashMap<&'d str, &'d Replace<'t>>,
    conflicts: Vec<&'d Replace<'t>>,
}

impl<'d, 't> Replacements<'d, 't> {
    fn of(replaces: &'d [Replace<'t>], origin: Origin) -> Self {
        let mut replacements = Self {
            origin,
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
    fn find(&self, path: &str, version: &str) -> Option<(Origin, &'d Replace<'t>)> {
        let replace = self
            .by_version
            .get(&(path, version))
            .or_else(|| self.by_path.get(path))?;
        Some((self.origin, replace))
    }
}

/// A module of the build: the highest version that is required of it.
struct Selected<'d, 't> {
    require: &'d Require<'t>,
    direct: bool,
}

impl<'d, 't> Resolution<'_, 'd, 't> {
    fn requirements(&mut self, module: &'d Directives<'t>, members: &HashSet<String>) {
        let excluded: HashSet<(&str, &str)> = module
            .excludes
            .iter()
            .map(|exclude| (exclude.path.text.as_ref(), exclude.version.text.as_ref()))
            .collect();
        let mut selected: Vec<Selected<'d, 't>> = Vec::with_capacity(module.requires.len());
        let mut numbers: HashMap<&str, usize> = HashMap::with_capacity(module.requires.len());
        for require in &module.requires {
            let (path, version) = (require.path.text.as_ref(), require.version.text.as_ref());
            if path == self.name {
                continue;
            }
            if members.contains(path) {
                let member = self.parsed.graph.add_own(path, "");
                self.parsed.graph.add_edge(self.root, member, require.path.span);
                continue;
            }
            if !is_exact(version) {
                self.inexact(&require.version, path);
                continue;
            }
            if excluded.contains(&(path, version)) {
                self.partial(
                    require.version.span,
                    format!("{path} {version} is required and excluded, and which version Go takes instead is not listed"),
                    "Run `go mod tidy`, which writes the version that Go takes.",
                );
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
        for selected in &selected {
            self.add(selected);
        }
    }

    /// Adds a module, or what replaces it.
    fn add(&mut self, selected: &Selected<'d, 't>) {
        let require = selected.require;
        let (path, version) = (require.path.text.as_ref(), require.version.text.as_ref());
        let replaced = self
            .replacements
            .iter()
            .find_map(|replacements| replacements.find(path, version));
        let mut package = match replaced {
            None => {
                let mut package = new_package(path, &require.version, Place::here(require.version.span));
                package.spans.entry = Some(require.span);
                package
            }
            Some((origin, replace)) => match &replace.new_version {
                None => {
                    // The version that is asked for is the only one that there is.
                    let mut package = new_package(path, &require.version, Place::here(require.version.span));
                    package.source = Source::Path(replace.new.text.to_string());
                    package.spans.entry = Some(require.span);
                    package
                }
                Some(version) if is_exact(&version.text) => {
                    let place = match (origin, &self.work_path) {
                        (Origin::Workspace, Some(work)) => Place::elsewhere(work.clone(), version.span),
                        (Origin::Workspace | Origin::Module, _) => Place::here(version.span),
                    };
                    let mut package = new_package(&replace.new.text, version, place);
                    if package.place().file.is_some() {
                        package.used_by.push(self.name.clone());
                    }
                    package.spans.entry = Some(replace.span);
                    package.spans.source = Some(replace.new.span);
                    package
                }
                Some(version) => {
                    let name = replace.new.text.to_string();
                    match origin {
                        Origin::Module => self.inexact(version, &name),
                        Origin::Workspace => self.inexact(&require.version, &name),
                    }
                    return;
                }
            },
        };
        package.direct = selected.direct;
        let id = self.parsed.graph.add_package(package);
        if selected.direct {
            self.parsed.graph.add_edge(self.root, id, require.path.span);
        }
    }

    /// The package `stdlib`, at the version of the toolchain that builds. In a workspace its `go.work` decides.
    fn standard_library(&mut self, module: &Directives<'_>, work: Option<&Directives<'_>>) {
        let from_work = work
            .and_then(toolchain)
            .zip(self.work_path.clone())
            .map(|(version, path)| (version.text, Place::elsewhere(path, version.span)));
        let Some((version, place)) =
            from_work.or_else(|| toolchain(module).map(|version| (version.text, Place::here(version.span))))
        else {
            return;
        };
        let mut package = Package::new(Ecosystem::GO, "stdlib", version, place);
        package.direct = true;
        if package.place().file.is_some() {
            package.used_by.push(self.name.clone());
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

    fn inexact(&mut self, version: &Word<'_>, path: &str) {
        self.partial(
            version.span,
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
struct Toolchain {
    text: String,
    span: Span,
}

/// The version that Go switches to: that of `toolchain`, unless `go` is newer or the toolchain names none.
fn toolchain(directives: &Directives<'_>) -> Option<Toolchain> {
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

fn new_package(name: &str, version: &Word<'_>, place: Place) -> Package {
    Package::new(Ecosystem::GO, name, version.text.as_ref(), place)
}

fn text_of<'w>(word: &'w Option<Word<'_>>) -> Option<&'w str> {
    word.as_ref().map(|word| word.text.as_ref())
}

/// `vMAJOR.MINOR.PATCH` with or without what follows `-` or `+`: one version, and no question to a proxy.
fn is_exact(version: &str) -> bool {
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
