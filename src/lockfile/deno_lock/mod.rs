//! `deno.lock`, versions 2 to 5.
//!
//! Source of the rules: what Deno 1.46 to 2.9 wrote, and its `deno_lockfile` crate.
//!
//! - A package of npm is a key `name@version` under `npm` (versions 2 and 3: under `npm.packages` and `packages.npm`), with the peers that it was resolved with behind a
//!   `_`: `a@1.0.0_b@2.0.0`. Version 4 and later leave out the version of a dependency where one version of it is locked.
//! - Packages of JSR and modules at addresses are no packages of npm, and no advisories speak of them: they are listed as from another
//!   registry, and from an address.
//! - `deno outdated --update` writes the manifests of members; what only a module imports by its specifier is changed there.
//! - Direct is what `workspace` and `specifiers` name: a specifier that no member of the workspace names is one that a module imports.
//!   The file does not say what is for development: what a `package.json` beside it, or in the folder of a member, names
//!   under `devDependencies` alone is, with all that nothing else leads to. Without such a file everything counts as runtime.
//! - Deno says with its configuration which registry it takes packages from; the file only has addresses of archives that are not where the
//!   registry usually has them (`tarball`): they count as everywhere ([`super::grammar::npm_archive`]).

mod members;
mod tables;

use std::borrow::Cow;

use foldhash::{HashMap, HashSet};

use self::members::Members;
use self::tables::{Tables, split};
use super::grammar::npm_archive::{archive, is_version, says};
use super::grammar::npm_scopes::{Need, of_needs};
use super::{Digests, File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree, UpgradeBy};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The lockfile of Deno.
#[derive(Debug, Clone, Copy)]
pub struct DenoLock;

/// The newest version that is known here.
const NEWEST: u64 = 5;

const DAMAGED: &str = "Restore the file from its last good commit, or delete it and run `deno install`.";

/// The file lists no more modules than this one by one; the rest is counted.
const MAX_MODULES: usize = 10_000;

impl Format for DenoLock {
    fn name(&self) -> &'static str {
        "deno.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::NPM
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["deno.lock"]
    }

    fn digests(&self) -> Digests {
        Digests::Integrity
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, to, .. } = upgrade;
        if upgrade.direct {
            return match upgrade.by {
                Some(UpgradeBy::Hand) => {
                    UpgradeCommand::ByHand(format!("Write `npm:{name}@{to}` where modules import it.").into())
                }
                _ => UpgradeCommand::Run(format!("deno outdated --update --recursive {name}@{to}")),
            };
        }
        UpgradeCommand::ByHand(
            format!(
                "Deno has no command for it: delete deno.lock and run `deno install`, which locks the newest versions that are allowed. \
                 Where none of these is it, name the version under `overrides` in package.json before that (\"{name}\": \"{to}\")."
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = json::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let parts = Tables::of(document.root(), &mut parsed);
        let mut reader = Reader {
            parsed,
            nodes: Vec::new(),
            needs: Vec::new(),
            by_key: HashMap::default(),
            by_name: HashMap::default(),
            missing: 0,
        };
        let folder = file.path.parent();
        let members = Members::of(&parts, &folder, tree);
        for member in &members.list {
            let node = reader.parsed.graph.add_root(member.name.as_str(), "");
            reader.nodes.push(Some(node));
        }
        let packages = reader.add_packages(&parts);
        reader.add_edges(&packages);
        reader.add_direct(&parts, &members);
        reader.add_others(&parts);
        let roots: Vec<u32> = (0..members.list.len() as u32).collect();
        let scopes = of_needs(reader.nodes.len(), &reader.needs, &roots);
        for (node, scopes) in reader.nodes.iter().zip(scopes) {
            if let Some(package) = node.and_then(|node| reader.parsed.graph.package_mut(node)) {
                package.scopes = scopes;
            }
        }
        reader.parsed.graph.mark_direct();
        reader.parsed
    }
}

/// The version of `1.0.0_b@2.0.0`.
fn without_peers(version: &str) -> &str {
    version.split('_').next().unwrap_or_default()
}

struct Reader {
    parsed: Parsed,
    /// Members first, then packages.
    nodes: Vec<Option<NodeId>>,
    needs: Vec<Need>,
    /// Packages by their keys.
    by_key: HashMap<String, u32>,
    /// Packages by name, without the `@`; `None` where there are several.
    by_name: HashMap<String, Option<u32>>,
    missing: usize,
}

impl Reader {
    fn add_packages<'d>(&mut self, parts: &Tables<'d>) -> Vec<(u32, Value<'d>)> {
        let mut packages = Vec::new();
        for (key, value) in parts.npm.into_iter().flat_map(Value::entries) {
            let number = self.nodes.len() as u32;
            let (name, whole) = split(&key);
            let version = without_peers(whole);
            if name.is_empty() || version.is_empty() || !value.is_object() {
                self.parsed
                    .blind(value.key_span(), "a package without a name or a version", DAMAGED);
                self.nodes.push(None);
                continue;
            }
            let start = key.len().saturating_sub(whole.len());
            let at = value.key_span();
            let place = match at.len() == key.len() {
                true => at.inside(start..start.saturating_add(version.len())),
                // What is escaped can't be taken apart by place.
                false => at,
            };
            let package = self.package(name, version, place, value);
            let node = self.parsed.graph.add_package(package);
            self.nodes.push(Some(node));
            if self.by_key.insert(key.to_string(), number).is_some() {
                self.parsed
                    .blind(value.key_span(), format!("{key} is written twice"), DAMAGED);
            }
            self.by_name
                .entry(name.to_owned())
                .and_modify(|only| *only = None)
                .or_insert(Some(number));
            packages.push((number, value));
        }
        packages
    }

    fn package(&mut self, name: &str, version: &str, place: Span, value: Value<'_>) -> Package {
        let mut package = Package::new(Ecosystem::NPM, name, version, FileSpan::here(place));
        let mut spans = Spans {
            entry: Some(Span::new(
                value.key_span().start.saturating_sub(1) as usize,
                value.span().end as usize,
            )),
            ..Spans::default()
        };
        for (field, value) in value.entries() {
            match field.as_ref() {
                "integrity" => spans.checksums = std::iter::once(value.text_span()).collect(),
                "dependencies" => spans.edges = Some(value.span()),
                "tarball" => {
                    spans.source = Some(value.text_span());
                    let Some(address) = value.as_str() else { continue };
                    match archive(&address) {
                        Some(archive) if archive.name != name || !is_version(&archive.version, version) => {
                            self.parsed.remark(
                                value.text_span(),
                                format!(
                                    "the entry says {name} {version}, and `tarball` is the archive of {} {}, which Deno installs",
                                    archive.name, archive.version
                                ),
                                "Delete the entry, run `deno install` and look at the difference.",
                            );
                            let at = archive.place.map_or(value.text_span(), |place| value.span_of(place));
                            package = Package::new(
                                Ecosystem::NPM,
                                archive.name,
                                archive.version,
                                FileSpan::here(at),
                            );
                        }
                        Some(_) => {}
                        None if says(&address, name, version) => {}
                        None => self.parsed.partial(
                            value.text_span(),
                            format!("the address of {name} does not say which package is there"),
                            "Deno installs what is at the address: look there, or lock the package from a registry.",
                        ),
                    }
                    package.source = Source::Registry(Some(address.into_owned()));
                }
                _ => {}
            }
        }
        package.spans = spans;
        package
    }

    /// The package that an entry of `dependencies` means: `name@version`, or a name of which one version is locked.
    fn find(&self, text: &str) -> Option<u32> {
        let known = self.by_key.get(text).copied();
        known.or_else(|| self.by_name.get(text).copied().flatten())
    }

    fn add_edges(&mut self, packages: &[(u32, Value<'_>)]) {
        for (from, value) in packages {
            for (field, list) in value.entries() {
                let optional = match field.as_ref() {
                    "dependencies" => false,
                    "optionalDependencies" | "optionalPeers" => true,
                    _ => continue,
                };
                // Up to version 3 a table: `"alias": "name@version"`.
                let items: Vec<(String, Value<'_>, Span)> = match list.kind() {
                    Kind::Object => list
                        .entries()
                        .filter_map(|(_, value)| {
                            Some((value.as_str()?.into_owned(), value, value.key_span()))
                        })
                        .collect(),
                    Kind::Array => list
                        .items()
                        .filter_map(|value| Some((value.as_str()?.into_owned(), value, value.text_span())))
                        .collect(),
                    _ => {
                        self.parsed
                            .blind(list.span(), format!("`{field}` is no list"), DAMAGED);
                        continue;
                    }
                };
                for (text, _, span) in items {
                    // An alias stands before what it names: `alias@npm:name@version`.
                    let named = text.split_once("@npm:").map_or(text.as_str(), |(_, named)| named);
                    match self.find(named) {
                        Some(to) => self.add_edge(*from, to, span, false, optional),
                        None if optional => {}
                        None => self.lost(span, &text),
                    }
                }
            }
        }
    }

    fn lost(&mut self, span: Span, what: &str) {
        self.missing = self.missing.saturating_add(1);
        if self.missing <= crate::text::MAX_PROBLEMS {
            self.parsed.blind(
                span,
                format!("{what} is not in the file"),
                "Run `deno install` to have Deno complete the lockfile.",
            );
        }
    }

    fn add_edge(&mut self, from: u32, to: u32, span: Span, dev: bool, optional: bool) {
        let node = |number: u32| self.nodes.get(number as usize).copied().flatten();
        if let (Some(source), Some(target)) = (node(from), node(to)) {
            self.parsed.graph.add_edge(source, target, span);
            self.needs.push(Need {
                from,
                to,
                dev,
                optional,
            });
        }
    }

    /// What the members of the workspace, and modules, ask for.
    fn add_direct(&mut self, parts: &Tables<'_>, members: &Members<'_>) {
        let mut specifiers: HashMap<Cow<'_, str>, (Option<u32>, Span)> = HashMap::default();
        for (specifier, value) in parts.specifiers.into_iter().flat_map(Value::entries) {
            let (kind, asked) = match specifier.split_once(':') {
                Some(parts) => parts,
                // Version 2 leaves out the protocol.
                None => ("npm", specifier.as_ref()),
            };
            if kind != "npm" {
                continue;
            }
            let Some(locked) = value.as_str() else {
                self.parsed
                    .blind(value.span(), "a specifier without a version", DAMAGED);
                continue;
            };
            let (name, _) = split(asked.trim_start_matches('/'));
            let locked = locked.strip_prefix("npm:").unwrap_or(&locked).to_owned();
            let whole = match split(&locked) {
                (known, rest) if known == name && !rest.is_empty() => locked.clone(),
                _ => format!("{name}@{locked}"),
            };
            let to = self.by_key.get(&whole).copied();
            if to.is_none() {
                self.lost(value.key_span(), &whole);
            }
            specifiers.insert(specifier.clone(), (to, value.key_span()));
        }
        let mut named: HashSet<String> = HashSet::default();
        for (number, member) in members.list.iter().enumerate() {
            for (ask, of_manifest) in &member.asks {
                let Some(text) = ask.as_str() else { continue };
                let Some(package) = text.strip_prefix("npm:") else {
                    continue;
                };
                let dev = *of_manifest && member.dev.contains(split(package).0);
                named.insert(text.to_string());
                match specifiers.get(&text) {
                    Some((Some(to), _)) => self.add_edge(number as u32, *to, ask.text_span(), dev, false),
                    Some((None, _)) => {}
                    // What no module imports need not be resolved.
                    None => self.parsed.partial(
                        ask.text_span(),
                        format!("{text} is not in `specifiers`"),
                        "Run `deno install` to have Deno complete the lockfile.",
                    ),
                }
            }
        }
        for (specifier, _) in parts.specifiers.into_iter().flat_map(Value::entries) {
            if let Some((Some(to), span)) = specifiers.get(&specifier)
                && !named.contains(&*specifier)
            {
                self.add_edge(0, *to, *span, false, false);
                let node = self.nodes.get(*to as usize).copied().flatten();
                if let Some(package) = node.and_then(|node| self.parsed.graph.package_mut(node)) {
                    package.asked_by(UpgradeBy::Hand);
                }
            }
        }
    }

    /// Packages of JSR and modules at addresses, of which no advisories speak; what packages of JSR need of npm.
    fn add_others(&mut self, parts: &Tables<'_>) {
        for (key, value) in parts.jsr.into_iter().flat_map(Value::entries) {
            let (name, version) = split(&key);
            if name.is_empty() || version.is_empty() {
                self.parsed
                    .blind(value.key_span(), "a package without a name or a version", DAMAGED);
                continue;
            }
            let start = key.len().saturating_sub(version.len());
            let at = value.key_span();
            let place = match at.len() == key.len() {
                true => at.inside(start..key.len()),
                false => at,
            };
            let mut package = Package::new(Ecosystem::NPM, name, version, FileSpan::here(place));
            package.source = Source::OtherRegistry("jsr:".to_owned());
            package.spans = Spans {
                entry: Some(Span::new(
                    at.start.saturating_sub(1) as usize,
                    value.span().end as usize,
                )),
                ..Spans::default()
            };
            let node = self.parsed.graph.add_package(package);
            let from = self.nodes.len() as u32;
            self.nodes.push(Some(node));
            self.add_edge(0, from, at, false, false);
            let needs = value.get("dependencies").into_iter().flat_map(Value::items);
            for need in needs {
                let Some(text) = need.as_str() else { continue };
                let Some(asked) = text.strip_prefix("npm:") else {
                    continue;
                };
                let name = split(asked.trim_start_matches('/')).0;
                if let Some(to) = self.by_name.get(name).copied().flatten() {
                    self.add_edge(from, to, need.text_span(), false, false);
                }
            }
        }
        let modules = parts.remote.into_iter().flat_map(Value::entries);
        for (number, (address, value)) in modules.enumerate() {
            if number >= MAX_MODULES {
                let message = "the modules at addresses from here on are not listed";
                self.parsed.partial(
                    value.key_span(),
                    message,
                    "Advisories speak of packages: depend on these instead.",
                );
                break;
            }
            let mut package = Package::new(
                Ecosystem::NPM,
                address.as_ref(),
                address.as_ref(),
                FileSpan::here(value.key_span()),
            );
            package.source = Source::Url(address.to_string());
            let node = self.parsed.graph.add_package(package);
            let to = self.nodes.len() as u32;
            self.nodes.push(Some(node));
            self.add_edge(0, to, value.key_span(), false, false);
        }
    }
}
