//! `conda-lock.yml`, the unified lockfile of conda-lock 1 to 4, and `*.conda-lock.yml`.
//!
//! Source of the rules: conda-lock's own model of the file (`lockfile/v1/models.py`), and what its releases write.
//!
//! - Packages of pip are matched; those of conda are listed, and no advisories speak of them. Each platform has an entry of its own for a package.
//! - An edge leads to what is locked for the same platform, of pip or of conda. What no other package needs is direct.
//! - `category` is the scope: `main` is runtime, `dev` is dev, any other is optional. Files that have `categories` may name several.
//! - A package of pip may come from an address of its own (`source`), from a repository or a folder.
//! - An entry without one of the fields that conda-lock always writes is blind, and so is a package of conda that another one needs and that is not in
//!   the file.

use std::borrow::Cow;

use super::grammar::conda::{self, Member, Need, archive, connect, python_source, slot};
use super::grammar::distribution;
use super::grammar::rfc3986::without_secrets;
use super::grammar::simple_repository::Indexes;
use super::grammar::yaml_document;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::normalised;
use crate::model::{Ecosystem, Scope, Scopes, Source, Spans, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, yaml};

/// The lockfile of conda-lock.
#[derive(Debug, Clone, Copy)]
pub struct CondaLock;

const DAMAGED: &str = "Restore the file from its last good commit, or write it again with `conda-lock` from its environment file.";

impl Format for CondaLock {
    fn name(&self) -> &'static str {
        "conda-lock.yml"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["conda-lock.yml", "*.conda-lock.yml"]
    }

    /// conda-lock solves again with what the environment file and all packages allow.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Let the environment file allow that version, and run `conda-lock lock --lockfile {} --update {}`.",
                upgrade.file_name, upgrade.name
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        parsed.ends_with_line_break(file, DAMAGED);
        match yaml_document::only(&document, &mut parsed, DAMAGED) {
            Some(root) => read_list(root, DAMAGED, &mut parsed),
            None => parsed.blind(Span::at(0), "the file is empty", DAMAGED),
        }
        parsed
    }
}

/// Reads a document with a list `package`: of conda-lock, or of pixi up to version 3.
pub(super) fn read_list(root: Value<'_>, damaged: &str, parsed: &mut Parsed) {
    let (mut version, mut list, mut platforms) = (None, None, None);
    for (key, value) in root.entries() {
        match key.as_ref() {
            "version" => version = Some(value),
            "package" => list = Some(value),
            "metadata" => platforms = value.get("platforms"),
            _ => {}
        }
    }
    if version.and_then(Value::as_u64).is_none() {
        let end = Span::at(root.span().end as usize);
        parsed.blind(end, "no whole lockfile: it has no number `version`", damaged);
    }
    let Some(list) = list.filter(|list| list.kind() == Kind::Array) else {
        let end = Span::at(root.span().end as usize);
        parsed.blind(end, "no whole lockfile: it has no list `package`", damaged);
        return;
    };
    let mut platforms: Vec<Cow<'_, str>> = platforms
        .into_iter()
        .flat_map(Value::items)
        .filter_map(Value::as_str)
        .collect();
    platforms.sort_unstable();
    platforms.dedup();
    let mut members = Vec::with_capacity(list.count());
    for item in list.items() {
        match Entry::read(item) {
            Some(entry) => {
                let slots = platforms
                    .binary_search(&entry.platform)
                    .map_or_else(|_| slot(usize::MAX), slot);
                members.extend(entry.add(slots, damaged, parsed));
            }
            None => parsed.blind(
                item.span(),
                "a package without a name, version, manager, platform, address, hash or category",
                damaged,
            ),
        }
    }
    for (name, span) in connect(&members, parsed) {
        parsed.blind(span, format!("{name} is not in the file"), damaged);
    }
    if !members.is_empty() {
        parsed.ask_for_unneeded("");
    }
}

/// A package of one platform.
struct Entry<'d> {
    name: Cow<'d, str>,
    version: Cow<'d, str>,
    place: Span,
    is_python: bool,
    platform: Cow<'d, str>,
    url: Value<'d>,
    /// It was asked for at this address.
    is_direct: bool,
    scopes: Scopes,
    spans: Spans,
    needs: Option<Value<'d>>,
}

impl<'d> Entry<'d> {
    fn read(item: Value<'d>) -> Option<Self> {
        let (mut name, mut version, mut manager, mut platform, mut url) = (None, None, None, None, None);
        let (mut needs, mut is_direct, mut hash) = (None, false, None);
        let mut scopes = Scopes::default();
        for (key, value) in item.entries() {
            match key.as_ref() {
                "name" => name = value.as_text(),
                "version" => version = value.as_text().map(|text| (text, value.text_span())),
                "manager" => manager = value.as_str(),
                "platform" => platform = value.as_str(),
                "url" => url = Some(value),
                "hash" => hash = Some(value),
                "source" => is_direct = value.get("url").is_some(),
                "dependencies" => needs = Some(value),
                "category" => scopes.add(scope(&value.as_str().unwrap_or_default())),
                "categories" => {
                    for category in value.items().filter_map(Value::as_str) {
                        scopes.add(scope(&category));
                    }
                }
                _ => {}
            }
        }
        // Behind it stands nothing that has to be there.
        if scopes.is_empty() {
            return None;
        }
        let (version, place) = version.filter(|(text, _)| !text.is_empty())?;
        let name = name.filter(|name| !name.is_empty())?;
        let is_python = match manager?.as_ref() {
            "conda" => false,
            "pip" | "pypi" => true,
            _ => return None,
        };
        let checksums = hash?.entries().map(|(_, value)| value.text_span());
        Some(Self {
            name,
            version,
            place,
            is_python,
            platform: platform?,
            url: url.filter(|url| url.as_str().is_some_and(|text| !text.is_empty()))?,
            is_direct,
            scopes,
            spans: Spans {
                entry: Some(item.span()),
                source: url.map(Value::text_span),
                checksums: checksums.collect(),
                edges: needs.map(Value::span),
            },
            needs,
        })
    }

    fn add(self, slots: u64, damaged: &str, parsed: &mut Parsed) -> Option<Member<'d>> {
        let location = self.url.as_str()?;
        let source = match self.is_python {
            true => python_source(&location, None).source,
            false => Source::Registry(Some(without_secrets(&location).into_owned())),
        };
        let source = match source {
            Source::Registry(Some(address)) if self.is_python && self.is_direct => Source::Url(address),
            other => other,
        };
        let is_of_entry = match self.is_python {
            true => {
                matches!(source, Source::Git(_))
                    || distribution::belongs(&location, &self.name, &self.version)
            }
            false => archive(&location)
                .is_none_or(|archive| archive.name == *self.name && archive.version == *self.version),
        };
        if !is_of_entry {
            parsed.blind(
                self.url.text_span(),
                format!("this archive is none of {} {}", self.name, self.version),
                damaged,
            );
        }
        let ecosystem = match self.is_python {
            true => Ecosystem::PYPI,
            false => conda::CONDA,
        };
        let mut package = conda::package(
            ecosystem,
            &self.name,
            &self.version,
            self.place,
            source,
            &self.spans,
        );
        if self.is_direct && self.is_python {
            package = conda::of_index(package, self.url, &Indexes::default());
        }
        package.scopes = self.scopes;
        let node = parsed.graph.add_package(package);
        Some(Member {
            node,
            needs: self.needs(),
            name: match self.is_python {
                true => normalised(&Ecosystem::PYPI, self.name),
                false => self.name,
            },
            is_python: self.is_python,
            slots,
        })
    }

    /// `name: range`, or a list of `name range` (pixi 2 and 3).
    fn needs(&self) -> Vec<Need<'d>> {
        let needs = self.needs.into_iter();
        let tabled = needs
            .clone()
            .flat_map(Value::entries)
            .map(|(name, value)| (name, value.key_span()));
        let listed = needs.flat_map(Value::items).filter_map(|value| {
            let text = value.as_text()?;
            Some((Cow::Owned(conda::asked(&text).to_owned()), value.text_span()))
        });
        let all = tabled.chain(listed).filter(|(name, _)| !name.is_empty());
        all.map(|(name, span)| Need {
            name: match self.is_python {
                true => normalised(&Ecosystem::PYPI, name),
                false => name,
            },
            is_python: self.is_python,
            span,
        })
        .collect()
    }
}

fn scope(category: &str) -> Scope {
    match category {
        "main" | "" => Scope::Runtime,
        "dev" => Scope::Dev,
        _ => Scope::Optional,
    }
}
