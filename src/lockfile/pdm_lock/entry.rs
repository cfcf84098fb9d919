//! The packages of a `pdm.lock`.

use std::borrow::Cow;

use super::DAMAGED;
use crate::ecosystem::normalise;
use crate::lockfile::Parsed;
use crate::lockfile::grammar::distribution;
use crate::lockfile::grammar::pyproject::{Project, Wish};
use crate::lockfile::grammar::rfc3986::without_secrets;
use crate::lockfile::grammar::simple_repository::Indexes;
use crate::model::{Ecosystem, FileSpan, Package, Scope, Source, Spans};
use crate::text::Span;
use crate::text::tree::Value;

/// A `[[package]]`.
pub(super) struct Entry<'d> {
    pub(super) name: Cow<'d, str>,
    pub(super) version: Cow<'d, str>,
    /// Where the version stands.
    pub(super) place: Span,
    /// The extras that it is locked with, normalised and sorted.
    pub(super) extras: Vec<String>,
    pub(super) source: Source,
    pub(super) is_editable: bool,
    span: Span,
    /// The value that says where it comes from.
    address: Option<Value<'d>>,
    groups: Vec<Cow<'d, str>>,
    checksums: Vec<Span>,
    dependencies: Option<Value<'d>>,
}

/// What a package needs, and where that stands.
pub(super) struct Need {
    pub(super) wish: Wish,
    pub(super) span: Span,
}

/// The keys of repositories.
const REPOSITORIES: [&str; 4] = ["git", "hg", "svn", "bzr"];

impl<'d> Entry<'d> {
    pub(super) fn read(table: Value<'d>, parsed: &mut Parsed) -> Option<Self> {
        let mut span = table.span();
        let (mut name, mut version, mut files, mut dependencies) = (None, None, None, None);
        let (mut address, mut revision, mut is_editable) = (None, None, false);
        let (mut extras, mut groups) = (Vec::new(), Vec::new());
        for (key, value) in table.entries() {
            // `[package.dependencies]` of the first versions is a table behind the table.
            span = span.join(value.span());
            match key.as_ref() {
                "name" => name = Some(value),
                "version" => version = Some(value),
                "extras" => extras.extend(value.items().filter_map(Value::as_str)),
                "groups" => groups.extend(value.items().filter_map(Value::as_str)),
                "files" => files = Some(value),
                "dependencies" => dependencies = Some(value),
                "path" | "url" | "git" | "hg" | "svn" | "bzr" => address = Some((key, value)),
                "revision" => revision = value.as_str(),
                "editable" => is_editable = value.as_bool() == Some(true),
                _ => {}
            }
        }
        let text = |value: Option<Value<'d>>| value.and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(name), Some(text), Some(place)) = (text(name), text(version), version) else {
            parsed.blind(table.span(), "a package without a name or a version", DAMAGED);
            return None;
        };
        let mut extras: Vec<String> = extras.into_iter().map(|extra| normal(&extra)).collect();
        extras.sort_unstable();
        let mut entry = Self {
            name,
            version: text,
            place: place.text_span(),
            extras,
            source: source(address.as_ref(), revision.as_deref()),
            is_editable,
            span,
            address: address.map(|(_, value)| value),
            groups,
            checksums: Vec::new(),
            dependencies,
        };
        if let Some(files) = files {
            entry.add_files(files, parsed);
        }
        Some(entry)
    }

    /// Adds the hashes of `files`, which are to be of this package.
    pub(super) fn add_files(&mut self, files: Value<'d>, parsed: &mut Parsed) {
        let mut other = None;
        for file in files.items() {
            self.checksums.extend(file.get("hash").map(Value::text_span));
            let named = file.get("url").or_else(|| file.get("file"));
            if let Some(named) = named.filter(|_| other.is_none()) {
                let address = named.as_str().unwrap_or_default();
                other = (!distribution::belongs(&address, &self.name, &self.version)).then_some(named);
            }
        }
        if let Some(named) = other {
            parsed.blind(
                named.text_span(),
                format!("this file is none of {} {}", self.name, self.version),
                DAMAGED,
            );
        }
    }

    /// The folder that it is built from, relative to the lockfile's; empty for that itself.
    pub(super) fn own_folder(&self) -> Option<&str> {
        match &self.source {
            Source::Path(path) if !distribution::is_archive(path) => {
                let path = path.trim_end_matches('/');
                Some(path.strip_prefix("./").unwrap_or(path)).map(|path| if path == "." { "" } else { path })
            }
            Source::Path(_)
            | Source::Registry(_)
            | Source::OtherRegistry(_)
            | Source::Git(_)
            | Source::Url(_) => None,
        }
    }

    /// The package, with the scopes of its groups.
    pub(super) fn package(&self, project: Option<&Project>, indexes: &Indexes) -> Package {
        let mut package = self.archive_of_registry(indexes).unwrap_or_else(|| {
            let place = FileSpan::here(self.place);
            let mut package = Package::new(Ecosystem::PYPI, &*self.name, &*self.version, place);
            package.source = self.source.clone();
            package
        });
        package.spans = Spans {
            entry: Some(self.span),
            source: self.address.map(Value::text_span),
            checksums: self.checksums.iter().copied().collect(),
            edges: self.dependencies.map(Value::span),
        };
        for group in &self.groups {
            let group = normal(group);
            match project {
                _ if group == "default" => package.scopes.add(Scope::Runtime),
                Some(project) if project.has_extra(&group) => package.scopes.add(Scope::Optional),
                Some(_) => package.scopes.add(Scope::Dev),
                // Whether it is an extra or a group for development stands in the manifest alone.
                None => {}
            }
        }
        package
    }

    /// The file says in which groups it is.
    pub(super) fn records_scopes(&self) -> bool {
        !self.groups.is_empty()
    }

    /// The package of the registry whose archive the source names by its address.
    fn archive_of_registry(&self, indexes: &Indexes) -> Option<Package> {
        let Source::Url(_) = self.source else { return None };
        let url = self.address?;
        indexes.package(url, &self.name, &self.version, self.place)
    }

    /// What it needs: a list of specifiers or, in the first versions of the format, a table.
    pub(super) fn needs(&self) -> Vec<Need> {
        let Some(dependencies) = self.dependencies else {
            return Vec::new();
        };
        let listed = dependencies.items().filter_map(|item| {
            let wish = Wish::read(&item.as_str()?)?;
            Some(Need {
                wish,
                span: item.text_span(),
            })
        });
        let tabled = dependencies.entries().map(|(name, value)| {
            let extras = value.get("extras").into_iter().flat_map(Value::items);
            let mut extras: Vec<String> = extras
                .filter_map(Value::as_str)
                .map(|extra| normal(&extra))
                .collect();
            extras.sort_unstable();
            let range = value
                .as_str()
                .or_else(|| value.str("version"))
                .unwrap_or_default();
            Need {
                wish: Wish {
                    name: normal(&name),
                    extras,
                    range: if range == "*" {
                        String::new()
                    } else {
                        range.into_owned()
                    },
                    has_marker: value.get("marker").is_some(),
                },
                span: value.key_span(),
            }
        });
        listed.chain(tabled).collect()
    }
}

/// Where a package comes from: the value of one of its keys; without one, the index.
fn source(address: Option<&(Cow<'_, str>, Value<'_>)>, revision: Option<&str>) -> Source {
    let Some((kind, value)) = address else {
        return Source::Registry(None);
    };
    let address = value.as_str().unwrap_or_default();
    let shown = without_secrets(&address).into_owned();
    match kind.as_ref() {
        "path" => Source::Path(shown),
        kind if REPOSITORIES.contains(&kind) => Source::Git(match revision {
            Some(revision) => format!("{shown}#{revision}"),
            None => shown,
        }),
        // What stands in the tree has its address from the folder of the project.
        _ if address.starts_with("file:") => Source::Path(shown),
        _ => Source::Url(shown),
    }
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}
