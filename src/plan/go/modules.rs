//! What is known of modules: their versions, their `go.mod` files and their archives, each read once.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use jiff::Timestamp;

use super::GoProject;
use crate::lockfile::go_mod::archive::GoArchive;
use crate::lockfile::go_mod::file::GoModFile;
use crate::model::{Query, SharedStr};
use crate::plan::failure::{Failure, versions};
use crate::plan::{Known, Releases};

/// What was read of answers; a later plan of the same lockfile, with more answers, need not read it again.
#[derive(Debug, Default)]
pub struct Memory {
    files: RefCell<HashMap<Version, Learnt<GoModFile>>>,
    archives: RefCell<HashMap<Version, Learnt<GoArchive>>>,
    /// What a version brings that was written before Go 1.17.
    pub(super) brought: RefCell<HashMap<Version, BTreeSet<String>>>,
    /// The lines of `go.sum`.
    summed: OnceCell<HashSet<Version>>,
}

/// A module and a version of it.
pub(super) type Version = (String, String);

type Learnt<T> = Result<Rc<T>, String>;

/// Gathers what is not known, so that it is asked for at once.
#[derive(Debug, Default)]
pub(super) struct Asks(BTreeSet<Query>);

impl Asks {
    /// The answer, or nothing where it has to be asked for.
    pub(super) fn known<T>(&mut self, answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(Failure::Ask(queries)) => {
                self.0.extend(queries);
                Ok(None)
            }
            Err(blocked @ Failure::Blocked { .. }) => Err(blocked),
        }
    }

    /// # Errors
    /// [`Failure::Ask`] if something is missing.
    pub(super) fn settle(self) -> Result<(), Failure> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Failure::Ask(self.0)),
        }
    }
}

/// What a requirement leads to, by the `replace` lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A version that a proxy has.
    Proxy(Version),
    /// A folder, as written.
    Folder(String),
}

/// What is known of modules.
#[derive(Clone, Copy)]
pub(super) struct Modules<'p> {
    pub(super) project: &'p GoProject,
    pub(super) releases: &'p dyn Releases,
    pub(super) memory: &'p Memory,
}

impl Modules<'_> {
    /// What `version` of `path` leads to.
    pub(super) fn place(&self, path: &str, version: &str) -> Place {
        match self.project.file.replacement(path, version) {
            None => Place::Proxy((path.to_owned(), version.to_owned())),
            Some(line) => match &line.new_version {
                Some(version) => Place::Proxy((line.new.clone(), version.clone())),
                None => Place::Folder(line.new.clone()),
            },
        }
    }

    /// `go.sum` has a line of this version; with `/go.mod` behind it, of that file.
    pub(super) fn is_summed(&self, path: &str, version: &str) -> bool {
        let summed = self.memory.summed.get_or_init(|| {
            let lines = self.project.sums.iter();
            lines
                .map(|line| (line.path.clone(), line.version.clone()))
                .collect()
        });
        summed.contains(&(path.to_owned(), version.to_owned()))
    }

    /// The `go.mod` that counts for `version` of `path`; the inner error is why there is none.
    pub(super) fn file(&self, path: &str, version: &str) -> Result<Learnt<GoModFile>, Failure> {
        let at = match self.place(path, version) {
            Place::Proxy(at) => at,
            Place::Folder(folder) => {
                let file = self.project.folders.get(&folder).cloned();
                return Ok(file.ok_or_else(|| {
                    format!("{folder}, which replaces {path}, has no go.mod that can be read")
                }));
            }
        };
        if let Some(known) = self.memory.files.borrow().get(&at) {
            return Ok(known.clone());
        }
        let learnt = match self.releases.metadata(&at.0, &at.1) {
            Known::NotAsked => return Err(Failure::ask(Query::metadata(at.0, at.1))),
            Known::Failed(reason) => Err(reason.to_owned()),
            Known::Answer(release) => match GoModFile::read_foreign(&release.document) {
                Ok(file) => Ok(Rc::new(file)),
                Err(reason) => Err(reason),
            },
        };
        self.memory.files.borrow_mut().insert(at, learnt.clone());
        Ok(learnt)
    }

    /// The text of the `go.mod` of a version that a proxy has.
    pub(super) fn text(&self, (path, version): &Version) -> Result<&str, Failure> {
        match self.releases.metadata(path, version) {
            Known::NotAsked => Err(Failure::ask(Query::metadata(path.as_str(), version.as_str()))),
            Known::Failed(reason) => Err(Failure::because(format!(
                "The go.mod of {path} {version} could not be learnt: {reason}."
            ))),
            Known::Answer(release) => Ok(&release.document),
        }
    }

    /// The archive of a version that a proxy has.
    pub(super) fn archive(&self, at: &Version) -> Result<Rc<GoArchive>, Failure> {
        let (path, version) = at;
        let refused = |reason: &str| {
            Failure::because(format!(
                "The archive of {path} {version} could not be learnt: {reason}."
            ))
        };
        if let Some(known) = self.memory.archives.borrow().get(at) {
            return known.clone().map_err(|reason| refused(&reason));
        }
        let learnt = match self.releases.archive(path, version) {
            Known::NotAsked => return Err(Failure::ask(Query::archive(path.as_str(), version.as_str()))),
            Known::Failed(reason) => Err(reason.to_owned()),
            Known::Answer(release) => GoArchive::read(&release.document)
                .map(Rc::new)
                .ok_or_else(|| "it cannot be read.".to_owned()),
        };
        self.memory
            .archives
            .borrow_mut()
            .insert(at.clone(), learnt.clone());
        learnt.map_err(|reason| refused(&reason))
    }

    /// When a version was published, if its proxy says.
    pub(super) fn published(&self, (path, version): &Version) -> Result<Option<Timestamp>, Failure> {
        match self.releases.time(path, version) {
            Known::NotAsked => Err(Failure::ask(Query::time(path.as_str(), version.as_str()))),
            Known::Failed(_) => Ok(None),
            Known::Answer(release) => Ok(release.published),
        }
    }

    /// The hash that the public log has for the line `MODULE VERSION` of `go.sum`, if it is asked.
    pub(super) fn logged(&self, (path, version): &Version, line: &str) -> Result<Option<String>, Failure> {
        match self.releases.proof(path, version) {
            Known::NotAsked => Err(Failure::ask(Query::proof(path.as_str(), version.as_str()))),
            Known::Failed(_) => Ok(None),
            Known::Answer(release) => {
                let mut lines = release.document.lines();
                let hash = lines.find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
                Ok(hash.map(str::to_owned))
            }
        }
    }

    /// The public log has no other hash than `hash` for the line `MODULE VERSION` of `go.sum`, or is not asked.
    pub(super) fn is_proven(&self, (path, version): &Version, line: &str, hash: &str) -> Result<(), Failure> {
        match self.releases.proof(path, version) {
            Known::NotAsked => Err(Failure::ask(Query::proof(path.as_str(), version.as_str()))),
            // The session reports it.
            Known::Failed(_) => Ok(()),
            Known::Answer(release) => {
                let known = release
                    .document
                    .lines()
                    .find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
                match known {
                    Some(known) if known == hash => Ok(()),
                    Some(known) => Err(Failure::because(format!(
                        "The checksum database has another hash of {line} ({known}) than its proxy gave ({hash})."
                    ))),
                    None => Err(Failure::because(format!(
                        "The checksum database says nothing of {line}."
                    ))),
                }
            }
        }
    }

    /// The versions of a module that have a tag, as the proxy lists them.
    pub(super) fn versions(&self, path: &str) -> Result<Vec<SharedStr>, Failure> {
        let releases = versions(self.releases, path)?;
        Ok(releases.iter().map(|release| release.version.clone()).collect())
    }
}

/// Modules of a build with a version each.
pub(super) type Versions = BTreeMap<String, String>;

/// The modules among `all` whose path is that of the package `import` or a folder above it, the longest first.
pub(super) fn above<'m, T>(all: &'m BTreeMap<String, T>, import: &str) -> Vec<(&'m str, &'m T)> {
    let mut found = Vec::new();
    let mut path = import;
    loop {
        if let Some((module, value)) = all.get_key_value(path) {
            found.push((module.as_str(), value));
        }
        match path.rsplit_once('/') {
            Some((parent, _)) => path = parent,
            None => return found,
        }
    }
}

/// The folder of the package `import` inside the module `path`.
pub(super) fn folder<'i>(path: &str, import: &'i str) -> &'i str {
    import
        .strip_prefix(path)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or_default()
}
