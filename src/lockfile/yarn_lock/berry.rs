//! The lockfile of Yarn 2 and later.

use std::borrow::Cow;

use foldhash::HashMap;

use super::DAMAGED;
use super::catalogs::{Catalogs, is_cataloged};
use super::descriptor::{Reference, Resolution, bound, is_exotic, locator, patched, range, split};
use super::entries::{Dependency, Entries, Entry};
use super::lines::Scalar;
use super::links::{Links, Wish};
use super::manifests::{self, FieldKind, Manifest};
use super::origin;
use super::settings::{Registries, Settings};
use crate::lockfile::{File, Parsed};
use crate::model::{Ecosystem, FileSpan, Package, Ranges, Source, Spans, Tree, UpgradeBy};
use crate::text::Span;

/// The newest `version` of `__metadata` that is known here.
const NEWEST: u64 = 10;

/// The newest `version` that Yarn 2 writes.
const OF_YARN_2: u64 = 4;

/// So many `resolutions` of one name are looked through.
const MAX_RESOLUTIONS: usize = 64;

/// What `all`, the entries of `file`, hold.
pub(super) fn read(file: &File<'_>, all: &Entries<'_>, parsed: Parsed, tree: &dyn Tree) -> Parsed {
    let folder = file.path.parent();
    let Settings { registries, catalogs } = Settings::of(&folder, tree);
    let mut links = Links::new(parsed);
    metadata(all, &mut links.parsed);
    links.reserve(all.entries.len(), all.dependencies.len());
    let mut modules: Vec<(u32, Option<Manifest>)> = Vec::new();
    let mut folders: HashMap<u32, String> = HashMap::default();
    let mut has_root = false;
    for (number, entry) in all.entries.iter().enumerate() {
        if !entry.has_link_type {
            links.parsed.blind(entry.head, "this entry is not whole", DAMAGED);
        }
        let Some(workspace) = add(entry, &registries, &mut links) else {
            continue;
        };
        has_root |= workspace == ".";
        let relative = if workspace == "." { "" } else { workspace.as_str() };
        let manifest = match relative {
            "" => manifests::read(&folder, "", tree),
            relative => folder
                .join(relative)
                .and_then(|folder| manifests::read(&folder, relative, tree)),
        };
        folders.insert(number as u32, relative.to_owned());
        modules.push((number as u32, manifest));
    }
    if !has_root {
        let end = Span::at(file.text.len());
        links.parsed.blind(
            end,
            "the file is not whole: the project itself is not in it",
            DAMAGED,
        );
    }
    let knows_scopes = !modules.is_empty() && modules.iter().all(|(_, manifest)| manifest.is_some());
    let root = modules
        .iter()
        .filter_map(|(number, manifest)| Some((*number, manifest.as_ref()?)))
        .find(|(_, manifest)| manifest.folder.is_empty());
    let lost = |dependency: &Dependency<'_>| catalogs.range(&dependency.name, &dependency.range).is_none();
    let is_lost = all.dependencies.iter().any(lost);
    let index = Index::of(all, root, &catalogs, is_lost, &mut links.parsed);
    let mut manifests: HashMap<u32, HashMap<&str, (bool, bool)>> = HashMap::default();
    for (number, manifest) in &modules {
        manifests.insert(*number, manifest.as_ref().map(kinds).unwrap_or_default());
    }
    for (number, entry) in all.entries.iter().enumerate() {
        let from = number as u32;
        let dependencies = entry.dependencies.start as usize..entry.dependencies.end as usize;
        let kinds = manifests.get(&from);
        for dependency in all.dependencies.get(dependencies).unwrap_or_default() {
            let kind = kinds.and_then(|kinds| kinds.get(&*dependency.name)).copied();
            let (dev, optional) = kind.unwrap_or_default();
            let wish = Wish {
                span: dependency.span,
                range: &dependency.range,
                dev,
                optional: optional || dependency.is_optional,
            };
            match index.find(entry, dependency) {
                Answer::Entry(to) => {
                    links.add_edge(from, to, wish, true);
                    if let Some(ranges) = index.overridden(entry, dependency) {
                        links.asked_by(to, UpgradeBy::Overridden(ranges));
                    } else if let Some(folder) = folders.get(&from) {
                        links.asked_for_alias(to, folder, &dependency.name);
                    }
                }
                Answer::Missing => links.missing(&dependency.name, wish, None),
                Answer::Lost(to) => {
                    links.lost(&dependency.name, wish);
                    if let Some(to) = to {
                        links.add_edge(from, to, wish, false);
                    }
                }
            }
        }
        // A patched package is made from the one that it patches, which is locked beside it.
        for key in all
            .keys
            .get(entry.keys.start as usize..entry.keys.end as usize)
            .unwrap_or_default()
        {
            if let Some((name, range)) = patched(split(&key.text).1)
                && let Some(to) = index.exact(&name, &range).filter(|to| *to != from)
            {
                let wish = Wish {
                    span: entry.head,
                    ..Wish::default()
                };
                links.add_edge(from, to, wish, false);
            }
        }
    }
    let number = all.format.as_ref().and_then(|(text, _)| text.parse::<u64>().ok());
    if number.is_some_and(|number| number <= OF_YARN_2) {
        for number in 0..all.entries.len() as u32 {
            links.asked_by(number, UpgradeBy::Hand);
        }
    }
    links.finish(knows_scopes && !is_lost)
}

fn metadata(all: &Entries<'_>, parsed: &mut Parsed) {
    let Some((text, span)) = &all.format else {
        parsed.blind(Span::at(0), "`__metadata` has no `version`", DAMAGED);
        return;
    };
    match text.parse::<u64>() {
        Ok(number) if number > NEWEST => parsed.remark(
            *span,
            format!("version {number} of the lockfile is newer than {NEWEST}, the newest one known here, and is read as that"),
            "Update lockkeeper.",
        ),
        Ok(_) => {}
        Err(_) => parsed.blind(*span, "`version` is no number", DAMAGED),
    }
}

/// Whether a manifest asks for a package for development, and whether it may be absent. A field that installs it with the product
/// wins.
fn kinds(manifest: &Manifest) -> HashMap<&str, (bool, bool)> {
    let mut kinds: HashMap<&str, (bool, bool)> = HashMap::default();
    for asked in &manifest.asked {
        let (dev, optional) = (asked.field == FieldKind::Dev, asked.field == FieldKind::Optional);
        kinds
            .entry(&asked.name)
            .and_modify(|kind| *kind = (kind.0 && dev, kind.1 && optional))
            .or_insert((dev, optional));
    }
    kinds
}

enum Answer {
    Entry(u32),
    Missing,
    /// No catalog says what is asked for. The only entry of the name, if there is one, is it.
    Lost(Option<u32>),
}

/// The entries by what they answer to.
struct Index<'e> {
    by_key: HashMap<(&'e str, &'e str), u32>,
    /// What Yarn patches of itself: it takes the patch for every dependency on what is patched.
    builtin: HashMap<(String, String), u32>,
    resolutions: HashMap<String, Vec<Resolution>>,
    root: Option<&'e str>,
    catalogs: &'e Catalogs,
    /// Nothing is known of `resolutions`.
    is_unruled: bool,
    /// Where something else is not known: the only entry of each name, if there is one.
    only: Option<HashMap<&'e str, Option<u32>>>,
}

impl<'e> Index<'e> {
    fn of(
        all: &'e Entries<'_>,
        root: Option<(u32, &Manifest)>,
        catalogs: &'e Catalogs,
        is_lost: bool,
        parsed: &mut Parsed,
    ) -> Self {
        let mut by_key =
            HashMap::with_capacity_and_hasher(all.keys.len(), foldhash::fast::RandomState::default());
        let mut builtin = HashMap::default();
        for key in &all.keys {
            let (name, asked) = split(&key.text);
            by_key.insert((name, range(asked)), key.entry);
            if asked.starts_with("patch:") && asked.contains("builtin<compat") {
                builtin.extend(patched(asked).map(|patched| (patched, key.entry)));
            }
        }
        let mut resolutions: HashMap<String, Vec<Resolution>> = HashMap::default();
        let rules = root.map_or(&[][..], |(_, manifest)| &manifest.resolutions);
        for resolution in rules
            .iter()
            .filter_map(|(pattern, to)| Resolution::of(pattern, to))
        {
            let same = resolutions.entry(resolution.name.clone()).or_default();
            if same.len() == MAX_RESOLUTIONS {
                let message = format!("`resolutions` has too many rules for {}", resolution.name);
                parsed.partial(Span::at(0), message, "Use fewer `resolutions`.");
            }
            if same.len() <= MAX_RESOLUTIONS {
                same.push(resolution);
            }
        }
        let is_unruled = root.is_none();
        let only = (is_unruled || is_lost).then(|| {
            let mut only: HashMap<&str, Option<u32>> = HashMap::default();
            for key in &all.keys {
                only.entry(split(&key.text).0)
                    .and_modify(|entry| *entry = entry.filter(|entry| *entry == key.entry))
                    .or_insert(Some(key.entry));
            }
            only
        });
        let root = root.and_then(|(number, _)| all.entries.get(number as usize)?.origin.as_ref());
        Self {
            by_key,
            builtin,
            resolutions,
            root: root.map(|root| &*root.text),
            catalogs,
            is_unruled,
            only,
        }
    }

    /// The entry that answers to this descriptor, as it is.
    fn exact(&self, name: &str, range: &str) -> Option<u32> {
        self.by_key.get(&(name, range)).copied()
    }

    /// Where `resolutions` or a catalog decide about what `by` asks for: the ranges that they say, none for a catalog.
    fn overridden(&self, by: &Entry<'_>, dependency: &Dependency<'_>) -> Option<Ranges> {
        let asked = range(&dependency.range);
        if is_cataloged(asked) {
            return Some(Ranges::default());
        }
        let own = by.origin.as_ref().map_or("", |origin| &*origin.text);
        self.resolution(own, &dependency.name, asked).map(Ranges::of)
    }

    fn find(&self, by: &Entry<'_>, dependency: &Dependency<'_>) -> Answer {
        let (name, asked) = (&*dependency.name, range(&dependency.range));
        let own = by.origin.as_ref().map_or("", |origin| &*origin.text);
        let ruled = self.resolution(own, name, asked);
        let ruled = ruled.and_then(|range| self.answer(name, range, self.root.unwrap_or_default()));
        let only = || self.only.as_ref()?.get(name).copied().flatten();
        // What a resolution or a catalog says is bound to the project, and what is asked to who asks.
        let found = match (ruled, self.catalogs.range(name, asked)) {
            (Some(ruled), _) => Some(ruled),
            (None, None) => return Answer::Lost(only()),
            (None, Some(said)) if is_cataloged(asked) => {
                self.answer(name, range(said), self.root.unwrap_or_default())
            }
            (None, Some(asked)) => self.answer(name, asked, own),
        };
        let found = found.or_else(|| only().filter(|_| self.is_unruled));
        found.map_or(Answer::Missing, Answer::Entry)
    }

    /// What `resolutions` say that `own` takes for `name` in the range `asked`.
    fn resolution(&self, own: &str, name: &str, asked: &str) -> Option<&str> {
        let rules = self.resolutions.get(name)?;
        let (by, reference) = split(own);
        let fits = |rule: &&Resolution| {
            rule.range.as_deref().is_none_or(|range| range == asked)
                && rule.from.as_ref().is_none_or(|(from, version)| {
                    from == by
                        && version
                            .as_deref()
                            .is_none_or(|version| version == range(reference))
                })
        };
        Some(&rules.iter().find(fits)?.reference)
    }

    fn answer(&self, name: &str, asked: &str, by: &str) -> Option<u32> {
        if !self.builtin.is_empty()
            && let Some(entry) = self.builtin.get(&(name.to_owned(), asked.to_owned()))
        {
            return Some(*entry);
        }
        if let Some(entry) = self.exact(name, asked) {
            return Some(entry);
        }
        is_exotic(asked)
            .then(|| self.exact(name, &bound(asked, by)))
            .flatten()
    }
}

/// Adds what an entry is; gives the folder of a workspace.
fn add(entry: &Entry<'_>, registries: &Registries, links: &mut Links) -> Option<String> {
    let text = entry.origin.as_ref().filter(|origin| !origin.text.is_empty());
    let (Some(resolution), Some(version)) = (text, entry.version.as_ref()) else {
        links
            .parsed
            .blind(entry.head, "an entry without `resolution` or `version`", DAMAGED);
        links.add_nothing();
        return None;
    };
    // As nearly every one is written, and then nothing is copied.
    let (name, reference) = split(&resolution.text);
    let plain = reference
        .strip_prefix("npm:")
        .filter(|version| !version.contains([':', '#']));
    let (name, reference) = match plain {
        Some(version) => (
            Cow::Borrowed(name),
            Reference::Npm {
                version: version.to_owned(),
                archive: None,
            },
        ),
        None => {
            let (name, reference) = locator(&resolution.text);
            (Cow::Owned(name), reference)
        }
    };
    if name.is_empty() {
        links
            .parsed
            .blind(resolution.span, "a `resolution` without a name", DAMAGED);
        links.add_nothing();
        return None;
    }
    let mut unsaid = None;
    let (name, installed, place, source): (Cow<'_, str>, Cow<'_, str>, Span, Source) = match reference {
        Reference::Workspace(folder) => {
            links.add_root(&name, "");
            return Some(folder);
        }
        Reference::Npm {
            version: installed,
            archive,
        } => {
            if installed.is_empty() {
                links
                    .parsed
                    .blind(resolution.span, "a `resolution` without a version", DAMAGED);
                links.add_nothing();
                return None;
            }
            let place = place(&installed, version, resolution);
            if version.text != installed.as_str() {
                links.parsed.remark(
                    place,
                    format!(
                        "the entry says {}, and `resolution` is {name} {installed}, which Yarn installs",
                        version.text
                    ),
                    "Remove the entry, run `yarn install` and look at the difference.",
                );
            }
            match archive {
                None => (
                    name.clone(),
                    Cow::Owned(installed),
                    place,
                    registries.source(&name),
                ),
                Some(archive) => {
                    let said = Scalar {
                        text: Cow::Owned(installed),
                        span: place,
                        is_plain: false,
                        is_quoted: true,
                    };
                    let origin = origin::of(name.clone(), &said, Some((&archive, None)), false);
                    unsaid = origin.is_unsaid.then_some(resolution.span);
                    (
                        Cow::Owned(origin.name.into_owned()),
                        Cow::Owned(origin.version.into_owned()),
                        place,
                        origin.source,
                    )
                }
            }
        }
        Reference::Address(address) => {
            let origin = origin::of(name.clone(), version, Some((&address, None)), true);
            let installed: Cow<'_, str> = Cow::Owned(origin.version.into_owned());
            let at = place(&installed, version, resolution);
            (Cow::Owned(origin.name.into_owned()), installed, at, origin.source)
        }
        other => {
            let source = match other {
                Reference::Path(path) => Source::Path(path),
                Reference::Git(address) => Source::Git(address),
                Reference::Other(address) | Reference::Address(address) => Source::OtherRegistry(address),
                Reference::Workspace(_) | Reference::Npm { .. } => Source::Registry(None),
            };
            (name.clone(), Cow::Borrowed(&*version.text), version.span, source)
        }
    };
    let mut package = Package::new(Ecosystem::NPM, name, installed, FileSpan::here(place));
    package.source = source;
    package.spans = Spans {
        entry: Some(entry.span),
        source: Some(resolution.span),
        checksums: entry.checksum.into_iter().collect(),
        edges: entry.list,
    };
    links.add_package(package, unsaid);
    None
}

/// Where the version that is installed stands.
fn place(installed: &str, version: &Scalar<'_>, resolution: &Scalar<'_>) -> Span {
    if version.text == installed {
        return version.span;
    }
    match resolution.text.find(installed) {
        Some(at) => resolution.span_of(at..at.saturating_add(installed.len())),
        None => resolution.span,
    }
}
