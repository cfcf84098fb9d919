//! An entry of `packages`.

use std::borrow::Cow;

use super::{DAMAGED, ecosystem};
use crate::lockfile::Parsed;
use crate::lockfile::grammar::conda::{self, Need, PythonSource, archive, asked, projects, python_source};
use crate::lockfile::grammar::distribution;
use crate::lockfile::grammar::pyproject::Wish;
use crate::lockfile::grammar::rfc3986::without_secrets;
use crate::lockfile::grammar::simple_repository::Indexes;
use crate::model::{Ecosystem, NodeId, Source, Spans};
use crate::text::Span;
use crate::text::tree::Value;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// An archive of conda, or, up to version 6, the folder that one is built from.
    Conda,
    /// Sources that a package of conda is built from: `name[hash] @ location`.
    CondaSource,
    /// A package of Python.
    Python,
}

/// A package.
pub(super) struct Entry<'d> {
    pub(super) key: (What, &'d str),
    /// The value that says where it is.
    location: Value<'d>,
    pub(super) name: Cow<'d, str>,
    /// The version, and where it stands; empty where there is none.
    version: (Cow<'d, str>, Span),
    pub(super) index: Option<Cow<'d, str>>,
    spans: Spans,
    needs: Option<Value<'d>>,
    purls: Option<Value<'d>>,
    /// What it is built with.
    pub(super) builds: Vec<Value<'d>>,
}

/// What `item` names: an entry of an environment, or, from version 6 on, of `packages`.
pub(super) fn key(item: Value<'_>) -> Option<((What, &str), Value<'_>)> {
    for (key, value) in item.entries() {
        let what = match key.as_ref() {
            "conda" => What::Conda,
            "conda_source" => What::CondaSource,
            "pypi" => What::Python,
            _ => continue,
        };
        return Some(((what, borrowed(value)?), value));
    }
    None
}

/// The text of a value. YAML's are borrowed, decoded or not.
fn borrowed(value: Value<'_>) -> Option<&str> {
    match value.as_text()? {
        Cow::Borrowed(text) if !text.is_empty() => Some(text),
        Cow::Borrowed(_) | Cow::Owned(_) => None,
    }
}

impl<'d> Entry<'d> {
    pub(super) fn read(item: Value<'d>, parsed: &mut Parsed) -> Option<Self> {
        let (mut kind, mut url, mut path, mut location) = (None, None, None, None);
        let (mut name, mut version, mut index) = (None, None, None);
        let (mut needs, mut purls, mut builds, mut checksums) = (None, None, Vec::new(), Vec::new());
        for (key, value) in item.entries() {
            match key.as_ref() {
                "kind" => kind = value.as_str(),
                "url" => url = Some(value),
                "path" => path = Some(value),
                "conda" => location = Some((What::Conda, value)),
                "conda_source" => location = Some((What::CondaSource, value)),
                "pypi" => location = Some((What::Python, value)),
                "name" => name = value.as_text(),
                "version" => version = value.as_text().map(|text| (text, value.text_span())),
                "index" => index = value.as_str(),
                "sha256" | "md5" => checksums.push(value.text_span()),
                "depends" | "requires_dist" => needs = Some(value),
                "purls" => purls = Some(value),
                "build_packages" | "host_packages" => builds.extend(value.items()),
                _ => {}
            }
        }
        // Up to version 5 the kind has a key of its own.
        let location = location.or_else(|| {
            let what = match kind.as_deref()? {
                "conda" => What::Conda,
                "pypi" => What::Python,
                _ => return None,
            };
            Some((what, url.or(path)?))
        });
        let key = location.and_then(|(what, value)| Some(((what, borrowed(value)?), value)));
        let Some((key, location)) = key else {
            parsed.blind(item.span(), "a package that says no kind and location", DAMAGED);
            return None;
        };
        let (what, text) = key;
        let found = match what {
            What::Conda => archive(text),
            What::CondaSource | What::Python => None,
        };
        if what == What::CondaSource {
            name = text.split_once('[').map(|(name, _)| Cow::Borrowed(name.trim()));
        }
        if let Some(found) = found {
            name = name.or(Some(Cow::Owned(found.name)));
            version = version.or_else(|| Some((Cow::Owned(found.version), location.span_of(found.place))));
        }
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            parsed.blind(item.span(), "a package without a name", DAMAGED);
            return None;
        };
        Some(Self {
            key,
            location,
            name,
            version: version.unwrap_or((Cow::Borrowed(""), Span::default())),
            index,
            spans: Spans {
                entry: Some(item.span()),
                source: Some(location.text_span()),
                checksums: checksums.into_iter().collect(),
                edges: needs.map(Value::span),
            },
            needs,
            purls,
            builds,
        })
    }

    /// Adds its nodes: itself, and the projects of PyPI that it is, which are named. `None` where nothing can be said of it.
    pub(super) fn add(
        &mut self,
        indexes: &Indexes,
        parsed: &mut Parsed,
    ) -> Option<Vec<(NodeId, Option<String>)>> {
        let (what, text) = self.key;
        let PythonSource {
            source,
            is_folder,
            commit,
        } = match what {
            What::Python => python_source(text, self.index.as_deref()),
            What::Conda => conda_archive(text),
            What::CondaSource => conda_source(text),
        };
        if is_folder {
            let node = parsed.graph.add_own(&*self.name, &*self.version.0);
            return Some(vec![(node, None)]);
        }
        if self.version.0.is_empty()
            && let Some((commit, place)) = commit
        {
            self.version = (Cow::Owned(commit), self.location.span_of(place));
        }
        if self.version.0.is_empty() {
            let hint = "Ask for a release or a commit of it: a branch and a folder have no place in the order of versions.";
            match source {
                Source::Registry(_) => {
                    parsed.blind(self.location.text_span(), "a package without a version", DAMAGED)
                }
                Source::OtherRegistry(_) | Source::Git(_) | Source::Path(_) | Source::Url(_) => {
                    parsed.partial(
                        self.location.text_span(),
                        format!("{} has no exact version", self.name),
                        hint,
                    );
                }
            }
            return None;
        }
        let (version, place) = &self.version;
        let is_python = what == What::Python;
        if is_python && !matches!(source, Source::Git(_)) && !distribution::belongs(text, &self.name, version)
        {
            parsed.blind(
                self.location.text_span(),
                format!("this archive is none of {} {version}", self.name),
                DAMAGED,
            );
        }
        let mut package = conda::package(
            ecosystem(is_python),
            &self.name,
            version,
            *place,
            source,
            &self.spans,
        );
        if is_python && matches!(package.source, Source::Url(_)) {
            package = conda::of_index(package, self.location, indexes);
        }
        let is_archive = !is_python && package.source.is_matched();
        let mut nodes = vec![(parsed.graph.add_package(package), None)];
        for project in projects(self.purls.filter(|_| is_archive)) {
            let source = Source::Registry(None);
            let package = conda::package(Ecosystem::PYPI, &project, version, *place, source, &self.spans);
            nodes.push((parsed.graph.add_package(package), Some(project)));
        }
        Some(nodes)
    }

    pub(super) fn needs(&self) -> Vec<Need<'d>> {
        let is_python = self.key.0 == What::Python;
        let needs = self.needs.into_iter().flat_map(Value::items);
        let needs = needs.filter_map(|value| {
            let text = value.as_text()?;
            let name = match is_python {
                true => Cow::Owned(Wish::read(&text)?.name),
                false => match text {
                    Cow::Borrowed(text) => Cow::Borrowed(asked(text)),
                    Cow::Owned(text) => Cow::Owned(asked(&text).to_owned()),
                },
            };
            Some(Need {
                name,
                is_python,
                span: value.text_span(),
            })
        });
        needs.collect()
    }
}

/// An archive of conda on a channel or a disk, or a folder that one is built from.
fn conda_archive(location: &str) -> PythonSource {
    let shown = without_secrets(location).into_owned();
    let is_address = location.contains("://") && !location.starts_with("file:");
    PythonSource {
        is_folder: !is_address && archive(location).is_none(),
        source: match is_address {
            true => Source::Registry(Some(shown)),
            false => Source::Path(shown),
        },
        commit: None,
    }
}

/// `name[hash] @ location`: a folder, or one in a repository.
fn conda_source(text: &str) -> PythonSource {
    let location = text.split_once(" @ ").map_or(text, |(_, location)| location);
    let mut found = python_source(location, None);
    found.is_folder = !location.contains("://");
    if let Source::Registry(Some(address)) = found.source {
        found.source = Source::Url(address);
    }
    // The location begins behind the name.
    let before = text.len().saturating_sub(location.len());
    let moved = |at: usize| at.saturating_add(before);
    found.commit = found
        .commit
        .map(|(commit, place)| (commit, moved(place.start)..moved(place.end)));
    found
}
