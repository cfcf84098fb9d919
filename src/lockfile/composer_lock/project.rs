//! `composer.json`: what a project asks for, and which repositories it adds to those that Composer knows by itself.

use std::collections::{HashMap, HashSet};

use super::is_platform;
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, Source, Tree, TreePath};
use crate::text::tree::{Document, Value};
use crate::text::{decode, json};

/// The manifest of a project.
pub(super) struct Project {
    pub(super) name: String,
    pub(super) version: String,
    /// The packages of `require` and `require-dev`, in lower case, and the ranges.
    pub(super) requires: Vec<(String, String)>,
    /// The repositories of version control among `repositories`, each in one spelling.
    addresses: HashSet<String>,
    /// Packages that the manifest defines itself, by name in lower case.
    defined: HashMap<String, Source>,
}

impl Project {
    /// The manifest that belongs to `lockfile`: `composer.json` to `composer.lock`, and so on. `None` if there is none that can be
    /// read whole.
    pub(super) fn beside(lockfile: &TreePath, tree: &dyn Tree) -> Option<Self> {
        let name = lockfile.file_name();
        let stem = name.get(..name.len().checked_sub(b".lock".len())?)?;
        let path = lockfile.parent().join([stem, b".json"].concat())?;
        let bytes = tree.read(&path).ok()?;
        let decoded = decode::decode(&bytes);
        let document = json::read(&decoded.text);
        let is_whole = document.problems.is_empty() && decoded.problem.is_none();
        (is_whole && document.root().is_object()).then(|| Self::of(&document))
    }

    pub(super) fn of(document: &Document<'_>) -> Self {
        let root = document.root();
        let text = |key: &str| root.str(key).unwrap_or_default().into_owned();
        let mut project = Self {
            name: text("name"),
            version: text("version"),
            requires: Vec::new(),
            addresses: HashSet::new(),
            defined: HashMap::new(),
        };
        let sections = [root.get("require"), root.get("require-dev")];
        for (name, range) in sections.into_iter().flatten().flat_map(Value::entries) {
            if !is_platform(&name) {
                let name = normalise(&Ecosystem::PACKAGIST, &name);
                let range = range.as_str().unwrap_or_default().into_owned();
                project.requires.push((name.into_owned(), range));
            }
        }
        if let Some(repositories) = root.get("repositories") {
            let named = repositories.entries().map(|(_, repository)| repository);
            for repository in repositories.items().chain(named) {
                project.add_repository(repository);
            }
        }
        project
    }

    fn add_repository(&mut self, repository: Value<'_>) {
        let url = || repository.str("url").unwrap_or_default();
        match repository.str("type").unwrap_or_default().as_ref() {
            "composer" | "path" | "artifact" | "pear" => {}
            "package" => {
                let package = repository.get("package");
                let listed = package.into_iter().flat_map(Value::items);
                for package in package.into_iter().chain(listed) {
                    if let (Some(name), Some(source)) = (package.str("name"), source_of(package)) {
                        let name = normalise(&Ecosystem::PACKAGIST, &name).into_owned();
                        self.defined.insert(name, source);
                    }
                }
            }
            // `vcs` and the names of its drivers: `git`, `github`, `gitlab`, `svn` and others.
            _ => {
                self.addresses.insert(spelled(&url()));
            }
        }
    }

    /// Where `name` with the `source` of its entry comes from, if `composer.json` says so.
    pub(super) fn own_source(&self, name: &str, source: Option<Value<'_>>) -> Option<Source> {
        let is_listed = |address: &str| self.addresses.contains(&spelled(address));
        let address = source.and_then(|source| source.str("url"));
        match address.is_some_and(|address| is_listed(&address)) {
            true => repository_of(source?),
            false => self.defined.get(name).cloned(),
        }
    }
}

/// Where the `source` of an entry, or the package that a manifest defines, lies.
fn source_of(package: Value<'_>) -> Option<Source> {
    let from_repository = || repository_of(package.get("source")?);
    let dist = package.get("dist").and_then(|dist| dist.str("url"));
    match dist {
        Some(url) => Some(Source::Url(super::shown(&url, None))),
        None => from_repository(),
    }
}

fn repository_of(source: Value<'_>) -> Option<Source> {
    let address = super::shown(&source.str("url")?, source.str("reference").as_deref());
    Some(match source.str("type").as_deref() {
        Some("git") => Source::Git(address),
        Some(_) | None => Source::Url(address),
    })
}

/// `https://host/team/x.git`, `git@host:team/x` and other addresses of one repository in one spelling.
fn spelled(address: &str) -> String {
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (host, path) = address.split_once(['/', ':']).unwrap_or((address, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    format!("{host}/{path}").to_ascii_lowercase()
}
