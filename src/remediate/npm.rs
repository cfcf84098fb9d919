//! npm's `package-lock.json` and `npm-shrinkwrap.json`, with the `package.json` and `.npmrc` beside them.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::package_lock::installed::{Described, Installed, described};
use crate::plan::{Bounds, Releases, Step, Wish, npm};
use crate::registry::ConfigFile;
use crate::relock::package_lock;
use crate::text::json;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// Plans lockfiles of npm.
pub struct PackageLock;

impl Fixer for PackageLock {
    fn format(&self) -> &'static str {
        "package-lock.json"
    }

    fn takes_out(&self) -> bool {
        true
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let manifest = files.beside("package.json");
        let described = described(files.text, manifest.as_deref())?;
        let manifest = manifest.unwrap_or_default();
        Ok(Box::new(NpmProject {
            archives: Archives::of(&described.folders),
            described,
            overridden: package_lock::overridden(&manifest),
            toolchain: toolchain(&manifest),
            configuration: files.configuration(".npmrc").into_iter().collect(),
            memory: npm::Memory::default(),
        }))
    }
}

struct NpmProject {
    described: Described,
    archives: Archives,
    /// The names that `overrides` speak of.
    overridden: BTreeSet<String>,
    toolchain: Vec<(String, String)>,
    configuration: Vec<ConfigFile>,
    memory: npm::Memory,
}

impl Project for NpmProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        self.archives.own(package).map(str::to_owned)
    }

    fn likely_address(&self, package: &str) -> Option<String> {
        self.archives.like(package)
    }

    fn toolchain(&self) -> &[(String, String)] {
        &self.toolchain
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        npm::plan(
            &self.described,
            &self.overridden,
            wishes,
            releases,
            bounds,
            &self.memory,
        )
    }
}

/// Where the archives of a lockfile's packages are.
#[derive(Debug, Default)]
struct Archives {
    /// The address of each package's, by name, with the version that it is of.
    known: BTreeMap<String, (String, String)>,
}

impl Archives {
    fn of(installed: &[Installed]) -> Self {
        let known = installed.iter().filter_map(|folder| {
            let address = folder.resolved.clone().filter(|_| folder.is_of_registry)?;
            Some((folder.name.clone(), (folder.version.clone(), address)))
        });
        Self {
            known: known.collect(),
        }
    }

    fn own(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|(_, address)| address.as_str())
    }

    /// The address that the archive of a package would have where another one of its scope comes from.
    fn like(&self, name: &str) -> Option<String> {
        let scope = |name: &str| name.split_once('/').map(|(scope, _)| scope.to_owned());
        let own = scope(name);
        let mut others = self.known.iter().filter(|(other, _)| scope(other) == own);
        others.find_map(|(other, (version, address))| {
            let registry = address.strip_suffix(&package_lock::archive_path(other, version))?;
            Some(format!("{registry}{}", package_lock::archive_path(name, version)))
        })
    }
}

/// The lowest version of each toolchain that the project runs on.
fn toolchain(manifest: &str) -> Vec<(String, String)> {
    let document = json::read(manifest);
    let root = document.root();
    let engines = root
        .get("engines")
        .into_iter()
        .flat_map(|engines| engines.entries());
    let toolchain = engines.filter_map(|(tool, range)| {
        let range = range.as_str()?;
        Some((tool.into_owned(), lowest(&range)?))
    });
    toolchain.collect()
}

/// The lowest version that a range names.
fn lowest(range: &str) -> Option<String> {
    let words = range.split(|character: char| character.is_whitespace() || "|<>=^~".contains(character));
    let mut versions: Vec<[u64; 3]> = words
        .filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .map(|word| {
            let mut numbers = word.split('.').map(|part| part.parse().unwrap_or(0));
            std::array::from_fn(|_| numbers.next().unwrap_or(0))
        })
        .collect();
    versions.sort_unstable();
    let version = |numbers: &[u64; 3]| format!("{}.{}.{}", numbers[0], numbers[1], numbers[2]);
    versions
        .iter()
        .map(version)
        .find(|version| Npm.contains(range, version).unwrap_or(false))
}
