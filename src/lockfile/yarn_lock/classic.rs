//! The lockfile of Yarn 1.

use std::borrow::Cow;

use foldhash::HashMap;

use super::DAMAGED;
use super::descriptor::{Resolution, is_exotic, split};
use super::entries::{Entries, Entry};
use super::links::{Links, Wish};
use super::manifests::{self, FieldKind, Manifest};
use super::origin;
use crate::lockfile::{File, Parsed};
use crate::model::{Asker, Ecosystem, FileSpan, Package, Source, Spans, Tree, UpgradeBy};
use crate::text::Span;

/// What `all`, the entries of `file`, hold.
pub(super) fn read(file: &File<'_>, all: &Entries<'_>, parsed: Parsed, tree: &dyn Tree) -> Parsed {
    let project = manifests::of_project(&file.path.parent(), tree);
    let mut links = Links::new(parsed);
    links.reserve(all.entries.len(), all.dependencies.len());
    let (manifests, cut) = project.unwrap_or_default();
    let modules: Vec<u32> = match manifests.is_empty() {
        true => vec![links.add_root("", "")],
        false => manifests
            .iter()
            .map(|manifest| links.add_root(&manifest.name, &manifest.version))
            .collect(),
    };
    let first = modules.len() as u32;
    let mut index: HashMap<(&str, &str), u32> =
        HashMap::with_capacity_and_hasher(all.keys.len(), foldhash::fast::RandomState::default());
    for key in &all.keys {
        // Of a key that is written twice the last counts, and all of them are listed.
        index.insert(split(&key.text), first.saturating_add(key.entry));
    }
    let workspaces: HashMap<&str, u32> = manifests
        .iter()
        .zip(&modules)
        .skip(1)
        .map(|(manifest, number)| (manifest.name.as_str(), *number))
        .collect();
    let mut has_addresses = false;
    for entry in &all.entries {
        let needs_none = add(entry, all, &mut links);
        has_addresses |= entry.origin.is_some();
        // What follows the version is cut off, where Yarn writes an address for the others.
        let is_last = entry.keys.end as usize == all.keys.len();
        if is_last && has_addresses && !needs_none && entry.origin.is_none() {
            let message = "the last entry has no `resolved`: the file may be cut";
            links.parsed.blind(entry.head, message, DAMAGED);
        }
    }
    let find = |name: &str, range: &str| {
        let found = index.get(&(name, range)).copied();
        // A workspace is in no lockfile of Yarn 1.
        found.or_else(|| workspaces.get(name).copied())
    };
    for (number, entry) in all.entries.iter().enumerate() {
        let from = first.saturating_add(number as u32);
        let dependencies = entry.dependencies.start as usize..entry.dependencies.end as usize;
        for dependency in all.dependencies.get(dependencies).unwrap_or_default() {
            let wish = Wish {
                span: dependency.span,
                range: &dependency.range,
                dev: false,
                optional: dependency.is_optional,
            };
            match find(&dependency.name, &dependency.range) {
                Some(to) => {
                    links.add_edge(from, to, wish, false);
                    links.asked_by(to, UpgradeBy::Askers(vec![Asker::Package]));
                }
                None => links.missing(&dependency.name, wish, None),
            }
        }
    }
    if manifests.is_empty() {
        // Who asks for what is not known: the project is said to ask for what nothing else needs.
        for to in links.without_dependents() {
            links.add_edge(0, to, Wish::default(), false);
        }
    }
    for (manifest, from) in manifests.iter().zip(&modules) {
        ask(manifest, *from, first, &find, &mut links);
    }
    if let Some(cut) = cut {
        let hint = "Direct packages and scopes may differ: list the folders of the workspaces with fewer and simpler globs.";
        links.parsed.remark(Span::at(0), cut, hint);
    }
    for number in 0..all.entries.len() as u32 {
        // This sets it apart from the later Yarns; what nothing asks for no command moves either.
        links.asked_by(first.saturating_add(number), UpgradeBy::Askers(Vec::new()));
    }
    // Globs aside the root's manifest is the first.
    let resolutions = manifests.first().map_or(&[][..], |root| &root.resolutions);
    let resolutions = resolutions
        .iter()
        .filter_map(|(pattern, range)| Resolution::of(pattern, range));
    links.overridden(&resolutions.map(|resolution| resolution.name).collect());
    links.finish(!manifests.is_empty() && cut.is_none())
}

/// What a manifest asks for.
fn ask(
    manifest: &Manifest,
    from: u32,
    first: u32,
    find: &dyn Fn(&str, &str) -> Option<u32>,
    links: &mut Links,
) {
    for asked in &manifest.asked {
        let wish = Wish {
            span: Span::default(),
            range: &asked.range,
            dev: asked.field == FieldKind::Dev,
            optional: asked.field == FieldKind::Optional,
        };
        match find(&asked.name, &asked.range) {
            Some(to) => {
                links.add_edge(from, to, wish, false);
                if to >= first {
                    links.asked_for(to, &manifest.folder, &asked.name);
                }
            }
            None => {
                let wish = Wish {
                    span: asked.span,
                    ..wish
                };
                links.missing(&asked.name, wish, Some(&manifest.path));
            }
        }
    }
}

/// Adds the package of an entry; gives whether it comes from a path, which Yarn writes no address for.
fn add(entry: &Entry<'_>, all: &Entries<'_>, links: &mut Links) -> bool {
    let keys = entry.keys.start as usize..entry.keys.end as usize;
    let key = all.keys.get(keys).and_then(<[_]>::first);
    let (called, asked) = key.map_or(("", ""), |key| split(&key.text));
    let Some(version) = entry.version.as_ref().filter(|version| !version.text.is_empty()) else {
        links
            .parsed
            .blind(entry.head, "a package without a version", DAMAGED);
        links.add_nothing();
        return false;
    };
    if called.is_empty() {
        links
            .parsed
            .blind(entry.head, "a package without a name", DAMAGED);
        links.add_nothing();
        return false;
    }
    let alias = asked.strip_prefix("npm:").map(|alias| split(alias).0);
    let name = match (&entry.name, alias) {
        (Some(name), _) => Cow::Borrowed(&*name.text),
        (None, Some(alias)) if !alias.is_empty() => Cow::Borrowed(alias),
        (None, _) => Cow::Borrowed(called),
    };
    let by_address = alias.is_none() && is_exotic(asked);
    let resolved = entry.origin.as_ref().filter(|resolved| !resolved.text.is_empty());
    // A folder or an archive beside the project (`file:`, `link:`, `./x`) needs no address.
    let is_path = by_address
        && (["file:", "link:", ".", "/", "~"]
            .iter()
            .any(|start| asked.starts_with(start))
            || !asked.contains(':'));
    let address = match resolved {
        Some(resolved) => Some((&*resolved.text, Some(resolved))),
        None => (by_address && !is_path).then_some((asked, None)),
    };
    let mut origin = origin::of(name, version, address, by_address);
    if resolved.is_none() && is_path {
        let path = asked.split_once(':').map_or(asked, |(_, path)| path);
        origin.source = Source::Path(path.to_owned());
    }
    if origin.differs {
        links.parsed.remark(
            origin.place,
            format!(
                "the entry says {called} {}, and `resolved` is the archive of {} {}, which Yarn installs",
                version.text, origin.name, origin.version
            ),
            "Remove the entry, run `yarn install` and look at the difference.",
        );
    }
    let mut package = Package::new(
        Ecosystem::NPM,
        origin.name,
        origin.version,
        FileSpan::here(origin.place),
    );
    package.source = origin.source;
    package.spans = Spans {
        entry: Some(entry.span),
        source: resolved.map(|resolved| resolved.span),
        checksums: entry.checksum.into_iter().collect(),
        edges: entry.list,
    };
    let unsaid = origin
        .is_unsaid
        .then(|| resolved.map_or(version.span, |resolved| resolved.span));
    links.add_package(package, unsaid);
    is_path
}
