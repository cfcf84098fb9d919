//! Which modules provide packages of the build, before and after some of them move.
//!
//! `go mod tidy` knows it from every source file of the project and of all that it needs. Here only the archives of modules are read
//! that can lead to what moves ([`ancestors`]), from the imports of the project on ([`Seeds::Imports`]). Modules that stay and cannot lead there are closed:
//! whatever they import is provided already.
//!
//! Where the project's own sources are not known, or something private may lead to what moves, all archives are read, and every package
//! counts that imports nothing but what is listed ([`Seeds::Packages`]); else the list would not be tidy. Then the list may
//! get a module too many, where a package that is not in use imports something new; it never lacks one.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;

use super::graph::Graph;
use super::modules::{Asks, Modules, Place, Version, Versions, above, folder};
use crate::lockfile::go_mod::archive::{GoArchive, GoPackage};
use crate::plan::failure::Failure;

/// A package: its module and its folder in there.
type PackageAt = (String, String);

/// The archives of modules that are read, by their paths.
pub(super) type Archives = BTreeMap<String, Rc<GoArchive>>;

/// Where the packages in use begin.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seeds<'s> {
    /// The project imports these.
    Imports(&'s BTreeSet<String>),
    /// These may be in use.
    Packages(&'s BTreeSet<PackageAt>),
}

/// A build: before, or after.
#[derive(Clone, Copy)]
pub(super) struct Build<'b> {
    pub(super) modules: Modules<'b>,
    pub(super) listed: &'b Versions,
    pub(super) graph: &'b Graph,
    /// The graph of Go 1.16, where the module is kept fit for that.
    pub(super) whole: Option<&'b Graph>,
    pub(super) archives: &'b Archives,
}

/// What the packages in use lead to.
#[derive(Debug, Default)]
pub(super) struct Used {
    /// Listed modules that provide something which a package that was read imports.
    pub(super) providers: BTreeSet<String>,
    /// Listed modules that provide something for tests of other modules.
    pub(super) test_providers: BTreeSet<String>,
    /// Modules that provide something, and are not listed.
    pub(super) added: BTreeSet<String>,
    /// Versions of modules that are not listed, and whose archives tests of other modules need.
    pub(super) tests: BTreeSet<Version>,
    /// What was imported, and which module provides it.
    imports: BTreeMap<String, String>,
    test_imports: BTreeMap<String, String>,
}

impl Used {
    /// Modules of which a package was imported before, and `after` is not any more, or by tests alone: what it imports itself is
    /// not listed for them.
    pub(super) fn less(&self, after: &Self) -> BTreeSet<String> {
        let by_build = self.imports.iter();
        let by_build = by_build.filter(|(import, _)| !after.imports.contains_key(*import));
        let by_tests = self.test_imports.iter().filter(|(import, _)| {
            !after.imports.contains_key(*import) && !after.test_imports.contains_key(*import)
        });
        let less = by_build.chain(by_tests);
        less.map(|(_, provider)| provider.clone()).collect()
    }
}

/// How a package is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// By the project's own packages and tests, in the end.
    Build,
    /// By tests of other modules alone.
    Tests,
}

/// Modules of `versions` that can lead to one of `to`, these with them; and whether all of their files are known.
///
/// A module that lists its build (Go 1.17) marks what it does not import itself. An older one may also import what those bring that it
/// requires. One that requires nothing at all may have been written before there was a `go.mod`: its archive says what it imports.
pub(super) fn ancestors(
    modules: Modules<'_>,
    versions: &Versions,
    to: &BTreeSet<String>,
) -> Result<(BTreeSet<String>, Whole), Failure> {
    let mut asks = Asks::default();
    let mut dependents: HashMap<String, Vec<&String>> = HashMap::new();
    let mut whole = Whole::Known;
    for (path, version) in versions {
        let file = match asks.known(modules.file(path, version))? {
            None => continue,
            Some(Err(_)) => {
                whole = Whole::InPart;
                continue;
            }
            Some(Ok(file)) => file,
        };
        let imported: BTreeSet<String> = if file.is_complete() {
            let direct = file.requires.iter().filter(|line| !line.indirect);
            direct.map(|line| line.path.clone()).collect()
        } else if file.requires.is_empty() {
            match modules.place(path, version) {
                Place::Folder(_) => BTreeSet::new(),
                Place::Proxy(at) => match asks.known(modules.archive(&at)) {
                    Ok(Some(archive)) => imported_by(&archive, versions),
                    Ok(None) => continue,
                    Err(_) => {
                        whole = Whole::InPart;
                        continue;
                    }
                },
            }
        } else {
            match asks.known(brought(modules, path, version))? {
                Some(brought) => brought,
                None => continue,
            }
        };
        for import in imported {
            dependents.entry(import).or_default().push(path);
        }
    }
    asks.settle()?;
    let mut found = to.clone();
    let mut open: Vec<String> = to.iter().cloned().collect();
    while let Some(path) = open.pop() {
        for dependent in dependents.get(&path).into_iter().flatten() {
            if found.insert((*dependent).clone()) {
                open.push((*dependent).clone());
            }
        }
    }
    Ok((found, whole))
}

/// The modules of which any package of the archive imports something.
fn imported_by(archive: &GoArchive, versions: &Versions) -> BTreeSet<String> {
    let packages = archive.packages.values();
    let imports = packages.flat_map(|package| package.imports.iter().chain(&package.tests));
    let providers = imports.flat_map(|import| above(versions, import));
    providers.map(|(path, _)| path.to_owned()).collect()
}

/// Everything that a module from before Go 1.17 requires, and what that requires.
fn brought(modules: Modules<'_>, path: &str, version: &str) -> Result<BTreeSet<String>, Failure> {
    let own = (path.to_owned(), version.to_owned());
    if let Some(known) = modules.memory.brought.borrow().get(&own) {
        return Ok(known.clone());
    }
    let mut asks = Asks::default();
    let mut seen: BTreeSet<Version> = BTreeSet::new();
    let mut open = vec![own.clone()];
    while let Some((path, version)) = open.pop() {
        if let Some(Ok(file)) = asks.known(modules.file(&path, &version))? {
            for line in &file.requires {
                let at = (line.path.clone(), line.version.text.clone());
                if seen.insert(at.clone()) {
                    open.push(at);
                }
            }
        }
    }
    asks.settle()?;
    let brought: BTreeSet<String> = seen.into_iter().map(|(path, _)| path).collect();
    modules.memory.brought.borrow_mut().insert(own, brought.clone());
    Ok(brought)
}

/// Whether everything is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    Known,
    InPart,
}

/// Packages of the archives that may be in use: all that they import is provided.
pub(super) fn possible(build: Build<'_>) -> BTreeSet<PackageAt> {
    let tools = &build.modules.project.file.tools;
    let mut packages: BTreeMap<PackageAt, &GoPackage> = BTreeMap::new();
    let listed = build
        .archives
        .iter()
        .filter(|(path, _)| build.listed.contains_key(*path));
    for (path, archive) in listed {
        for (folder, package) in &archive.packages {
            let is_tool = tools.iter().any(|tool| *tool == joined(path, folder));
            if is_importable(folder) && (!package.is_main || is_tool) {
                packages.insert((path.clone(), folder.clone()), package);
            }
        }
    }
    // A package goes if something that it imports is not provided; then those that import it go.
    let mut importers: HashMap<PackageAt, Vec<(PackageAt, &str)>> = HashMap::new();
    let mut gone: Vec<PackageAt> = Vec::new();
    for (at, package) in &packages {
        for import in &package.imports {
            if !is_provided(build, &packages, import) {
                gone.push(at.clone());
            }
            for (path, _) in above(build.listed, import) {
                let needed = (path.to_owned(), folder(path, import).to_owned());
                importers.entry(needed).or_default().push((at.clone(), import));
            }
        }
    }
    while let Some(at) = gone.pop() {
        if packages.remove(&at).is_none() {
            continue;
        }
        for (importer, import) in importers.remove(&at).unwrap_or_default() {
            if packages.contains_key(&importer) && !is_provided(build, &packages, import) {
                gone.push(importer);
            }
        }
    }
    packages.into_keys().collect()
}

fn is_importable(folder: &str) -> bool {
    let mut parts = folder.split('/');
    parts.all(|part| part != "testdata" && part != "vendor" && !part.starts_with(['_', '.']))
}

fn joined(path: &str, folder: &str) -> String {
    match folder {
        "" => path.to_owned(),
        folder => format!("{path}/{folder}"),
    }
}

/// The import is of the standard library, or of the main module.
fn is_own_or_standard(modules: Modules<'_>, import: &str) -> bool {
    let own = &modules.project.file.module;
    let is_own = import
        .strip_prefix(own.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_own || !import.split('/').next().unwrap_or_default().contains('.')
}

fn is_provided(build: Build<'_>, packages: &BTreeMap<PackageAt, &GoPackage>, import: &str) -> bool {
    let candidates = above(build.listed, import);
    if candidates.is_empty() {
        return is_own_or_standard(build.modules, import);
    }
    candidates.into_iter().any(|(path, _)| {
        let at = (path.to_owned(), folder(path, import).to_owned());
        !build.archives.contains_key(path) || packages.contains_key(&at)
    })
}

/// An archive that a walk asks for.
enum Read {
    Known(Rc<GoArchive>),
    /// It has to be asked for.
    Asked,
    /// It cannot be had.
    Never,
}

struct Walk {
    used: Used,
    open: VecDeque<(PackageAt, Need)>,
    seen: BTreeMap<PackageAt, Need>,
    /// Archives of modules that stay, and of which another package is imported than before.
    further: Archives,
    asks: Asks,
}

impl Walk {
    fn push(&mut self, path: &str, folder: &str, need: Need) {
        let at = (path.to_owned(), folder.to_owned());
        if self.seen.get(&at).is_none_or(|known| need < *known) {
            self.seen.insert(at.clone(), need);
            self.open.push_back((at, need));
        }
    }
}

impl Build<'_> {
    /// Follows imports from `seeds` on. `before` is what was in use before anything moved: whatever that imported is provided.
    pub(super) fn used(self, seeds: Seeds<'_>, before: Option<&Used>) -> Result<Used, Failure> {
        let mut walk = Walk {
            used: Used::default(),
            open: VecDeque::new(),
            seen: BTreeMap::new(),
            further: Archives::new(),
            asks: Asks::default(),
        };
        match seeds {
            Seeds::Imports(imports) => {
                for import in imports {
                    self.provide(&mut walk, "the project", import, Need::Build, before)?;
                }
            }
            Seeds::Packages(packages) => {
                // What left the list is there for tests at most.
                for (path, folder) in packages.iter().filter(|(path, _)| self.listed.contains_key(path)) {
                    let archive = self.archives.get(path);
                    if archive.is_some_and(|archive| archive.packages.contains_key(folder)) {
                        walk.push(path, folder, Need::Build);
                    }
                }
            }
        }
        while let Some(((path, folder), need)) = walk.open.pop_front() {
            let archive = self
                .archives
                .get(&path)
                .or_else(|| walk.further.get(&path))
                .cloned();
            let Some(package) = archive.as_ref().and_then(|archive| archive.packages.get(&folder)) else {
                continue;
            };
            for import in &package.imports {
                self.provide(&mut walk, &path, import, need, before)?;
            }
            if need == Need::Build {
                for import in &package.tests {
                    self.provide(&mut walk, &path, import, Need::Tests, before)?;
                }
            }
        }
        walk.asks.settle()?;
        Ok(walk.used)
    }

    /// An archive. What only tests need, and cannot be learnt, is done without.
    fn archive(self, walk: &mut Walk, at: &Version, need: Need) -> Result<Read, Failure> {
        match (walk.asks.known(self.modules.archive(at)), need) {
            (Ok(Some(archive)), _) => Ok(Read::Known(archive)),
            (Ok(None), _) => Ok(Read::Asked),
            (Err(_), Need::Tests) => Ok(Read::Never),
            (Err(failure), Need::Build) => Err(failure),
        }
    }

    /// Finds the module that provides the package `import`, which one of `from` imports.
    fn provide(
        self,
        walk: &mut Walk,
        from: &str,
        import: &str,
        need: Need,
        before: Option<&Used>,
    ) -> Result<(), Failure> {
        let listed = above(self.listed, import);
        if listed.is_empty() && is_own_or_standard(self.modules, import) {
            return Ok(());
        }
        let is_known = before.is_none_or(|before| {
            before.imports.contains_key(import)
                || need == Need::Tests && before.test_imports.contains_key(import)
        });
        let mut is_open = false;
        for (path, version) in listed {
            let folder = folder(path, import);
            if let Some(archive) = self.archives.get(path) {
                if archive.packages.contains_key(folder) {
                    self.found(walk, (path, folder), import, need);
                    return Ok(());
                }
                continue;
            }
            let place = self.modules.place(path, version);
            let Place::Proxy(at) = place else {
                self.found(walk, (path, folder), import, need);
                return Ok(());
            };
            if is_known {
                self.found(walk, (path, folder), import, need);
                return Ok(());
            }
            match self.archive(walk, &at, need)? {
                Read::Asked => is_open = true,
                Read::Never => {}
                Read::Known(archive) if archive.packages.contains_key(folder) => {
                    walk.further.insert(path.to_owned(), archive);
                    self.found(walk, (path, folder), import, need);
                    return Ok(());
                }
                Read::Known(_) => {}
            }
        }
        if is_open {
            return Ok(());
        }
        self.provide_unlisted(walk, from, import, need, (before.is_some(), is_known))
    }

    /// As [`Build::provide`], by a module that is not listed. `is_after`: something moved.
    fn provide_unlisted(
        self,
        walk: &mut Walk,
        from: &str,
        import: &str,
        need: Need,
        (is_after, is_known): (bool, bool),
    ) -> Result<(), Failure> {
        for (path, version) in above(&self.graph.selected, import) {
            if self.listed.contains_key(path) {
                continue;
            }
            let folder = folder(path, import);
            let is_summed = self.modules.is_summed(path, version);
            let archive = match (self.archives.get(path), self.modules.place(path, version)) {
                (Some(archive), _) => Read::Known(Rc::clone(archive)),
                // Before anything moved the list was whole.
                (None, _) if !is_after && need == Need::Build => Read::Never,
                (None, _) if need == Need::Tests && is_known && is_summed => {
                    self.found(walk, (path, folder), import, need);
                    return Ok(());
                }
                (None, _) if !is_after => Read::Never,
                (None, Place::Proxy(at)) => self.archive(walk, &at, need)?,
                (None, Place::Folder(_)) => {
                    walk.used.added.insert(path.to_owned());
                    return Ok(());
                }
            };
            match archive {
                Read::Asked => return Ok(()),
                // It may have the package, and a line of `go.sum` too many does no harm.
                Read::Never if is_after && need == Need::Tests => {
                    self.found(walk, (path, folder), import, need);
                    return Ok(());
                }
                Read::Never => {}
                Read::Known(archive) if archive.packages.contains_key(folder) => {
                    if !self.archives.contains_key(path) {
                        walk.further.insert(path.to_owned(), archive);
                    }
                    self.found(walk, (path, folder), import, need);
                    return Ok(());
                }
                Read::Known(_) => {}
            }
        }
        // What came in is listed first: then its requirements count.
        let is_last = walk.used.added.is_empty();
        match is_after && is_last && need == Need::Build {
            true => Err(Failure::because(format!(
                "{from} imports {import}, and no module of the build has that package then."
            ))),
            false => Ok(()),
        }
    }

    /// Notes who provides the package.
    fn found(self, walk: &mut Walk, (path, folder): (&str, &str), import: &str, need: Need) {
        walk.push(path, folder, need);
        let imports = match need {
            Need::Build => &mut walk.used.imports,
            Need::Tests => &mut walk.used.test_imports,
        };
        imports.insert(import.to_owned(), path.to_owned());
        let is_listed = self.listed.contains_key(path);
        match (is_listed, need) {
            (true, Need::Build) => {
                walk.used.providers.insert(path.to_owned());
            }
            (false, Need::Build) => {
                walk.used.added.insert(path.to_owned());
            }
            (true, Need::Tests) => {
                walk.used.test_providers.insert(path.to_owned());
            }
            (false, Need::Tests) => {}
        }
        // Go looks into every module that could have the package.
        let mut note = |graph: &Graph| {
            for (module, version) in above(&graph.selected, import) {
                if self.listed.get(module) != Some(version)
                    && let Place::Proxy(at) = self.modules.place(module, version)
                {
                    walk.used.tests.insert(at);
                }
            }
        };
        if !is_listed {
            note(self.graph);
        }
        if let Some(whole) = self.whole {
            note(whole);
        }
    }
}
