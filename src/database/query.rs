//! What people ask the index: how it is, what it says of an id or a package, what changed between two.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::advisory::record::IndexedRecord;
use crate::advisory::record::Record;
use crate::advisory::{Candidate, Damage, Index, RecordView, Source, own};
use crate::ecosystem::purl;
use crate::model::advisory::Texts;
use crate::model::{Advisory, Ecosystem, PackageUrl};
use crate::policy::nearest::{is_near, nearest};

/// How the index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `sha256:…`.
    pub digest: String,
    /// When it was built.
    pub built: Timestamp,
    /// The file, in bytes.
    pub length: u64,
    /// Records in it.
    pub records: u64,
    /// Packages that have an entry.
    pub packages: u64,
    /// Groups over all packages.
    pub groups: u64,
    /// The sources and what became of their documents.
    pub sources: Vec<Source>,
    /// Packages, by ecosystem.
    pub ecosystems: BTreeMap<String, u64>,
}

/// A record that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownRecord {
    /// The record, with its texts.
    pub record: Record,
    /// The name of its source.
    pub source: String,
}

/// A package that was searched for.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageAdvisories {
    /// OSV's name of the ecosystem.
    pub ecosystem: String,
    /// The normalised name.
    pub name: String,
    /// Its groups, by id.
    pub advisories: Vec<Advisory>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SearchResult {
    /// The packages of that name, by ecosystem.
    pub packages: Vec<PackageAdvisories>,
    /// If there are none: packages whose names are near the text or hold it, (ecosystem, name), the nearest first, at most
    /// [`MAX_NEAR`].
    pub near: Vec<(String, String)>,
}

/// At most this many packages with a similar name are listed.
pub const MAX_NEAR: usize = 20;

/// What changed between two indexes, by id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Only in the new one, with the summary.
    pub added: Vec<(String, String)>,
    /// Only in the old one, with the summary.
    pub removed: Vec<(String, String)>,
    /// In both, and not the same, with the new summary.
    pub changed: Vec<(String, String)>,
}

/// How the index is.
///
/// # Errors
/// [`Damage`] of the bookkeeping.
pub fn status(index: &Index) -> Result<Status, Damage> {
    let bookkeeping = index.bookkeeping()?;
    let header = index.header();
    Ok(Status {
        digest: index.digest().to_owned(),
        built: header.built,
        length: header.length,
        records: header.records,
        packages: header.keys,
        groups: header.groups,
        sources: bookkeeping.sources,
        ecosystems: bookkeeping.ecosystems,
    })
}

/// The records that bear the id or name it as an alias, the one that bears it first.
///
/// # Errors
/// The first [`Damage`].
pub fn show(index: &Index, id: &str) -> Result<Vec<ShownRecord>, Damage> {
    let sources = index.bookkeeping()?.sources;
    let bearer = index.find(id)?;
    let mut views: Vec<RecordView<'_>> = bearer.into_iter().collect();
    for view in index.record_views() {
        let view = view?;
        if view.id() != id && view.aliases().any(|alias| alias == id) {
            views.push(view);
        }
    }
    let shown = |view: &RecordView<'_>| -> Result<ShownRecord, Damage> {
        let affected = index.affected_by(view)?;
        let name = affected.first().map_or("", |affected| affected.name.as_str());
        let texts = match view.text_key() {
            Some(key) => index.texts(key)?,
            None => Texts::default(),
        };
        let source = sources.get(view.source() as usize);
        Ok(ShownRecord {
            source: source.map_or_else(String::new, |source| source.name.clone()),
            record: Record {
                id: view.id().to_owned(),
                aliases: view.aliases().map(str::to_owned).collect(),
                published: view.published(),
                modified: view.modified(),
                class: view.class(),
                rating: view.rating()?.map(|rating| rating.map(str::to_owned)),
                summary: view.summary(name)?,
                affected,
                texts,
            },
        })
    };
    views.iter().map(shown).collect()
}

/// The commits that the records of `group` name as its fix, as they stand there.
///
/// # Errors
/// The first [`Damage`].
pub fn fixes(index: &Index, group: &Candidate<'_>) -> Result<Vec<String>, Damage> {
    let mut references = Vec::new();
    for member in group.members() {
        let id = member.id()?;
        let key = index.find(&id)?.and_then(|view| view.text_key());
        if let Some(key) = key {
            references.extend(index.texts(key)?.references);
        }
    }
    let pairs = || references.iter().map(|(kind, url)| (kind.as_str(), url.as_str()));
    Ok(own::fixes(pairs, true))
}

/// The id or alias that `wanted` may have been meant for: the same digits in the same order, and nearly the same letters. One
/// that differs in a digit is another advisory.
///
/// # Errors
/// The first [`Damage`].
pub fn nearest_id(index: &Index, wanted: &str) -> Result<Option<String>, Damage> {
    let digits = |id: &str| id.bytes().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
    let of_wanted = digits(wanted);
    let mut alike = Vec::new();
    for view in index.record_views() {
        let view = view?;
        let ids = std::iter::once(view.id()).chain(view.aliases());
        alike.extend(ids.filter(|id| digits(id) == of_wanted).map(str::to_owned));
    }
    Ok(nearest(wanted, alike.iter().map(String::as_str)).map(str::to_owned))
}

/// What is searched for.
#[derive(Debug, Clone, Copy)]
pub enum Query<'w> {
    /// The package that a package URL names, whatever its version.
    Package(&'w PackageUrl),
    /// The packages of a name, in every ecosystem.
    Name(&'w str),
}

/// The packages that are wanted, and what is known of them.
///
/// # Errors
/// The first [`Damage`].
pub fn search(index: &Index, wanted: Query<'_>) -> Result<SearchResult, Damage> {
    let mut searched = SearchResult::default();
    let wanted: Vec<(Ecosystem, String)> = match wanted {
        Query::Package(package) => purl::package(package).into_iter().collect(),
        Query::Name(text) => {
            let ecosystems = index.bookkeeping()?.ecosystems.into_keys();
            ecosystems
                .map(|name| (Ecosystem::named(&name), text.to_owned()))
                .collect()
        }
    };
    for (ecosystem, name) in &wanted {
        let candidates = index.candidates(ecosystem, name)?;
        let advisories: Result<Vec<Advisory>, Damage> =
            candidates.groups().map(|group| group.advisory()).collect();
        let advisories = advisories?;
        if !advisories.is_empty() {
            searched.packages.push(PackageAdvisories {
                ecosystem: candidates.ecosystem().to_owned(),
                name: candidates.name().to_owned(),
                advisories,
            });
        }
    }
    if searched.packages.is_empty()
        && let Some((_, name)) = wanted.first()
    {
        let part = name.to_lowercase();
        for candidates in index.entries() {
            let candidates = candidates?;
            if candidates.name().to_lowercase().contains(&part) || is_near(name, candidates.name()) {
                searched
                    .near
                    .push((candidates.ecosystem().to_owned(), candidates.name().to_owned()));
            }
        }
        searched
            .near
            .sort_by_cached_key(|near| (!is_near(name, &near.1), near.1.len(), near.clone()));
        searched.near.truncate(MAX_NEAR);
    }
    Ok(searched)
}

/// What changed from `old` to `new`. Texts are not compared.
///
/// # Errors
/// The first [`Damage`] of either.
pub fn diff(old: &Index, new: &Index) -> Result<Difference, Damage> {
    let by_id = |records: Vec<Box<IndexedRecord>>| -> BTreeMap<String, Record> {
        records
            .into_iter()
            .map(|kept| (kept.record.id.clone(), kept.record))
            .collect()
    };
    let mut old = by_id(old.records()?);
    let mut difference = Difference::default();
    for (id, record) in by_id(new.records()?) {
        match old.remove(&id) {
            None => difference.added.push((id, record.summary)),
            Some(before) if before != record => difference.changed.push((id, record.summary)),
            Some(_) => {}
        }
    }
    difference.removed = old.into_iter().map(|(id, record)| (id, record.summary)).collect();
    Ok(difference)
}
