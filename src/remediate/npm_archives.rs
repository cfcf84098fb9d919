//! What the planners of npm's packages find out about a project: where archives are, and on what it runs.

use std::collections::BTreeMap;

use crate::relock::package_lock;
use crate::text::json;
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;

/// Where the archives of a lockfile's packages are.
#[derive(Debug, Default)]
pub(super) struct Archives {
    /// The address of each package's, by name, with the version that it is of.
    known: BTreeMap<String, (String, String)>,
}

impl Archives {
    /// Of packages of registries: name, version, and address if the file says it.
    pub(super) fn of<'p>(packages: impl Iterator<Item = (&'p str, &'p str, Option<&'p str>)>) -> Self {
        let known = packages.filter_map(|(name, version, address)| {
            Some((name.to_owned(), (version.to_owned(), address?.to_owned())))
        });
        Self {
            known: known.collect(),
        }
    }

    pub(super) fn own(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|(_, address)| address.as_str())
    }

    /// The address that the archive of a package would have where another one of its scope comes from.
    pub(super) fn like(&self, name: &str) -> Option<String> {
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
pub(super) fn toolchain(manifest: &str) -> Vec<(String, String)> {
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
