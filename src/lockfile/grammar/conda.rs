//! Packages of conda and of Python in one environment: the file names of conda packages (conda's package naming
//! conventions), where a Python package comes from, and which of the locked packages one needs.
//!
//! No advisories speak of packages of conda. Where a file says which project of PyPI one is (`purls`), it stands for that too.

use std::borrow::Cow;
use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

use super::distribution;
use super::rfc3986::{percent_decoded, without_secrets};
use super::simple_repository::Indexes;
use crate::ecosystem::normalise;
use crate::lockfile::Parsed;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans};
use crate::text::Span;
use crate::text::tree::Value;

/// The ecosystem of packages of conda.
pub const CONDA: Ecosystem = Ecosystem::constant("conda");

/// A dependency on one of more packages of one name than this is followed to the first ones, so that a hostile file costs no more
/// than its size.
const MAX_CANDIDATES: usize = 32;

/// A package of conda is taken for so many projects of PyPI.
const MAX_PROJECTS: usize = 8;

/// What the file name of a conda package says: `name-version-build.conda`.
pub struct Archive {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where the version stands in the location.
    pub place: Range<usize>,
}

/// The conda package at `location`, an address or a path; `None` where its file name is none of a conda package.
#[must_use]
pub fn archive(location: &str) -> Option<Archive> {
    let end = location.find(['?', '#']).unwrap_or(location.len());
    let path = location.get(..end)?;
    let start = path.rfind(['/', '\\']).map_or(0, |at| at.saturating_add(1));
    let (file, places) = percent_decoded(path.get(start..)?)?;
    let stem = file
        .strip_suffix(".conda")
        .or_else(|| file.strip_suffix(".tar.bz2"))?;
    let (rest, build) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    if name.is_empty() || version.is_empty() || build.is_empty() {
        return None;
    }
    let at = |offset: usize| places.get(offset).map(|place| start.saturating_add(*place));
    Some(Archive {
        name: name.to_owned(),
        version: version.to_owned(),
        place: at(name.len().saturating_add(1))?..at(rest.len())?,
    })
}

/// The name that a match specification of conda asks for: `conda-forge::numpy >=1.20,<2` asks for `numpy`.
#[must_use]
pub fn asked(specification: &str) -> &str {
    let text = specification.trim();
    let text = text.rsplit_once("::").map_or(text, |(_, text)| text);
    let end = text
        .find(|next: char| next.is_whitespace() || matches!(next, '=' | '<' | '>' | '!' | '~' | '[' | ','))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Where a Python package comes from.
pub struct PythonSource {
    /// The source.
    pub source: Source,
    /// It is a folder: of the repository or of a disk.
    pub is_folder: bool,
    /// Its commit, and where that stands in the location.
    pub commit: Option<(String, Range<usize>)>,
}

/// Where `location` is: an archive of an index, unless it says something else (`direct+`, `git+`, a path).
#[must_use]
pub fn python_source(location: &str, index: Option<&str>) -> PythonSource {
    let shown = without_secrets(location).into_owned();
    let mut found = PythonSource {
        source: Source::Registry(Some(shown.clone())),
        is_folder: false,
        commit: None,
    };
    let repository = ["git+", "hg+", "svn+", "bzr+"];
    if repository.iter().any(|kind| location.starts_with(kind)) {
        found.source = Source::Git(shown);
        found.commit = commit(location);
    } else if let Some(direct) = location.strip_prefix("direct+") {
        found.source = match direct.starts_with("file:") {
            true => Source::Path(shown),
            false => Source::Url(without_secrets(direct).into_owned()),
        };
    } else if location.starts_with("file:") || !location.contains("://") {
        found.is_folder = !distribution::is_archive(location);
        found.source = Source::Path(shown);
    } else if let Some(index) = index {
        found.source = Source::Registry(Some(without_secrets(index).into_owned()));
    }
    found
}

/// The commit in the address of a repository: `git+https://host/x.git?rev=v1#0123…`, or `…@0123…` behind the path.
fn commit(location: &str) -> Option<(String, Range<usize>)> {
    const LEAST: usize = 7;
    let is_commit = |text: &str| text.len() >= LEAST && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let end = location.len();
    let of = |at: usize| {
        let start = at.saturating_add(1);
        let text = location.get(start..end)?;
        is_commit(text).then(|| (text.to_owned(), start..end))
    };
    ['#', '@']
        .into_iter()
        .find_map(|mark| location.rfind(mark).and_then(of))
}

/// An archive of a Python package that is at an address of its own, which may be one on the host of an index.
#[must_use]
pub fn of_index(mut package: Package, location: Value<'_>, indexes: &Indexes) -> Package {
    let text = location.as_str().unwrap_or_default();
    let address = text.strip_prefix("direct+").unwrap_or(&text);
    let Some((source, found)) = indexes.archive(address, Some(&package.name)) else {
        return package;
    };
    if found.is_called(&package.name) && found.is_of_version(&package.version) {
        package.source = source;
    }
    package
}

/// What a package needs.
pub struct Need<'d> {
    /// The name, normalised for a Python package.
    pub name: Cow<'d, str>,
    /// It asks for a package of Python.
    pub is_python: bool,
    /// Where it is asked for.
    pub span: Span,
}

/// A locked package, with what it needs.
pub struct Member<'d> {
    /// Its node.
    pub node: NodeId,
    /// Its name, normalised for a Python package.
    pub name: Cow<'d, str>,
    /// It is a package of Python.
    pub is_python: bool,
    /// The environments and platforms that it is locked for, a bit each.
    pub slots: u64,
    /// What it needs.
    pub needs: Vec<Need<'d>>,
}

/// The bit of the environment or platform numbered `number`; what is behind the last bit shares it.
#[must_use]
pub fn slot(number: usize) -> u64 {
    1 << number.min(63)
}

/// Adds an edge for each need to the packages of that name that are locked for the same environment and platform. Gives the needs
/// of packages of conda that none answers to, by name.
pub fn connect<'m>(members: &'m [Member<'_>], parsed: &mut Parsed) -> Vec<(&'m str, Span)> {
    let mut by_name: HashMap<(bool, &str), Vec<&Member<'_>>> = HashMap::with_capacity(members.len());
    for member in members {
        let named = by_name.entry((member.is_python, &member.name)).or_default();
        if named.len() < MAX_CANDIDATES {
            named.push(member);
        }
    }
    let mut missing = Vec::new();
    for from in members {
        for need in &from.needs {
            let mut found = false;
            // Python packages may be those of conda.
            for is_python in [need.is_python, false] {
                let named = by_name.get(&(is_python, &*need.name)).into_iter().flatten();
                for to in named.filter(|to| to.slots & from.slots != 0) {
                    parsed.graph.add_edge(from.node, to.node, need.span);
                    found = true;
                }
                if found || !need.is_python {
                    break;
                }
            }
            // Names that begin so are of the machine: `__glibc`.
            if !found && !need.is_python && !need.name.starts_with("__") {
                missing.push((&*need.name, need.span));
            }
        }
    }
    missing
}

/// The packages of PyPI that a list of package URLs says a conda package is.
pub fn projects<'d>(purls: Option<Value<'d>>) -> impl Iterator<Item = String> {
    let purls = purls.into_iter().flat_map(Value::items).take(MAX_PROJECTS);
    purls.filter_map(|purl| {
        let text = purl.as_str()?;
        let name = text.strip_prefix("pkg:pypi/")?;
        let end = name.find(['@', '?', '#']).unwrap_or(name.len());
        let name = normalise(&Ecosystem::PYPI, name.get(..end)?).into_owned();
        (!name.is_empty() && !name.contains(['/', '%'])).then_some(name)
    })
}

/// A package at its place.
#[must_use]
pub fn package(
    ecosystem: Ecosystem,
    name: &str,
    version: &str,
    place: Span,
    source: Source,
    spans: &Spans,
) -> Package {
    let mut package = Package::new(ecosystem, name, version, FileSpan::here(place));
    package.source = source;
    package.spans = spans.clone();
    package
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_of_conda() {
        for (location, expected) in [
            (
                "https://c.example/conda-forge/linux-64/ca-certificates-2024.2.2-hf0a4a13_0.conda",
                Some(("ca-certificates", "2024.2.2", "2024.2.2")),
            ),
            (
                "./links/zlib-1.2.13-h53f4e23_5.tar.bz2",
                Some(("zlib", "1.2.13", "1.2.13")),
            ),
            (
                "https://c.example/noarch/x-1%212.0-0.conda",
                Some(("x", "1!2.0", "1%212.0")),
            ),
            ("https://c.example/noarch/x-1.0.conda", None),
            ("https://c.example/noarch/x-1.0-0.zip", None),
            ("x", None),
        ] {
            let found = archive(location);
            let found = found.as_ref().map(|found| {
                (
                    found.name.as_str(),
                    found.version.as_str(),
                    location.get(found.place.clone()).unwrap_or_default(),
                )
            });
            assert_eq!(found, expected, "{location}");
        }
    }

    #[test]
    fn names_of_match_specifications() {
        for (text, name) in [
            ("python >=3.8,<3.9.0a0", "python"),
            ("conda-forge::numpy=1.20", "numpy"),
            ("_libgcc_mutex ==0.1 conda_forge", "_libgcc_mutex"),
            ("xz[version='>=5']", "xz"),
            ("", ""),
        ] {
            assert_eq!(asked(text), name);
        }
    }

    #[test]
    fn commits_of_repositories() {
        for (location, expected) in [
            (
                "git+https://git.example/a/b.git@0106aced5faa299e6ede89d1230bd6784f2c3660",
                Some("0106aced5faa299e6ede89d1230bd6784f2c3660"),
            ),
            ("git+ssh://git@git.example/a/b?rev=v1#0106aced", Some("0106aced")),
            ("git+https://git.example/a/b@main", None),
        ] {
            let found = python_source(location, None).commit.map(|(commit, _)| commit);
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }
}
