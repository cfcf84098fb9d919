//! Lockfiles of PEX (`pex3 lock create`), which Pants keeps, too: JSON with `locked_resolves`. PEX's own reader and writer decide
//! (`pex/resolve/lockfile/json_codec.py`), and what both tools write.
//!
//! - Its name is whatever the project chose: besides `pex.lock` and `*.pex.lock`, a file `*.lock`, `*.lockfile` or `*.lock.json` that no other format claims is one if
//!   it has the word `locked_resolves`. What Pants marks as a lockfile and is in neither of its formats is blind.
//! - Pants writes a comment in front, each line behind `//`.
//! - A resolve has a list of packages, each with its archives and with the requirements of its metadata. There may be several resolves, for
//!   several systems.
//! - Direct is what `requirements` asks for. An edge is a requirement of a package whose name is in the resolve; one that asks for an extra
//!   counts where something asks for the package with that extra.
//! - What a requirement names by an address is from there, and so is a repository or a folder among the archives. All other archives are
//!   an index's.
//! - A requirement without a marker whose package is not there makes the file blind, unless something was left out on purpose.
//! - The file says nothing of scopes.

use std::collections::{HashMap, HashSet};

use super::grammar::distribution::belongs;
use super::grammar::marker::Marker;
use super::grammar::pep508;
use super::grammar::rfc3986::without_secrets;
use super::grammar::simple_repository::Indexes;
use super::{Digests, File, Format, Parsed, Upgrade, UpgradeCommand, file_names};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree, TreePath};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, json};

/// The lockfile of PEX.
#[derive(Debug, Clone, Copy)]
pub struct PexLock;

/// Names of files that may be one.
const NAMES: [&str; 3] = ["*.lock", "*.lockfile", "*.lock.json"];

/// What only a lockfile of PEX has.
const RESOLVES: &str = "locked_resolves";

/// What Pants writes into its lockfiles.
const OF_PANTS: &[u8] = b"BEGIN PANTS LOCKFILE METADATA";

/// What each entry of a lockfile of Pants for the JVM has.
pub(super) const COORDINATES_OF_JVM: &[u8] = b"[entries.coord]";

const DAMAGED: &str =
    "Restore the file from its last good commit, or lock again (`pex3 lock`, `pants generate-lockfiles`).";

impl Format for PexLock {
    fn name(&self) -> &'static str {
        "pex.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["pex.lock", "*.pex.lock"]
    }

    fn starts(&self, path: &TreePath, tree: &dyn Tree) -> bool {
        let has = |text: &[u8], word: &[u8]| memchr::memmem::find(text, word).is_some();
        match text_of(path, tree) {
            Some(text) => {
                has(&text, RESOLVES.as_bytes()) || has(&text, OF_PANTS) && !has(&text, COORDINATES_OF_JVM)
            }
            None => false,
        }
    }

    fn companions(&self) -> &'static [&'static str] {
        &NAMES
    }

    fn digests(&self) -> Digests {
        Digests::OfFiles
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade {
            name, to, file_name, ..
        } = upgrade;
        UpgradeCommand::ByHand(
            format!(
                "Run `pex3 lock update --project {name}=={to} {file_name}`, or, where pants.toml names the file, allow that version where it is asked for and run `pants generate-lockfiles`."
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, _: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        if !file.text.contains(RESOLVES) {
            let message = "no lockfile of PEX: it has no list `locked_resolves`";
            parsed.blind(Span::at(0), message, DAMAGED);
            return parsed;
        }
        let mut document = json::read_with_comments(file.text);
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let root = document.root();
        let Some(resolves) = root.get(RESOLVES).filter(|list| list.kind() == Kind::Array) else {
            let message = "no lockfile of PEX: it has no list `locked_resolves`";
            parsed.blind(root.span(), message, DAMAGED);
            return parsed;
        };
        let asked = Asked::of(root, &mut parsed);
        let top = parsed.graph.add_root("", "");
        for resolve in resolves.items() {
            let list = resolve.get("locked_requirements");
            match list.filter(|list| list.kind() == Kind::Array) {
                Some(list) => asked.add(list, top, &mut parsed),
                None => {
                    let message = "a resolve has no list `locked_requirements`";
                    parsed.blind(resolve.span(), message, DAMAGED);
                }
            }
        }
        parsed
    }
}

/// The text of the file at `path`, where its name is one that lockfiles of PEX and of Pants have and it can be read.
pub(super) fn text_of(path: &TreePath, tree: &dyn Tree) -> Option<std::sync::Arc<[u8]>> {
    let is_named = NAMES.iter().any(|name| file_names::fits(name, path));
    is_named.then(|| tree.read(path))?.ok()
}

/// A requirement: of the whole, or of a package.
struct Wish {
    /// Normalised.
    name: String,
    /// Normalised extras that it asks for.
    extras: Vec<String>,
    /// Extras of the package that has it, of which one brings it; `None` if it always counts.
    brought_by: Option<Vec<String>>,
    has_marker: bool,
    /// It names an address.
    has_address: bool,
    span: Span,
}

impl Wish {
    fn read(value: Value<'_>) -> Option<Self> {
        let text = value.as_str()?;
        let found = pep508::read(&text).ok()?;
        let marker = found.marker.map(|marker| Marker::read(marker.of(&text)));
        let brought_by = match &marker {
            Some(Ok(marker)) if marker.asks_for_extras() => {
                Some(marker.extras().into_iter().map(normal).collect())
            }
            Some(_) | None => None,
        };
        Some(Self {
            name: normal(found.name.of(&text)),
            extras: found.extras.iter().map(|extra| normal(extra.of(&text))).collect(),
            brought_by,
            has_marker: marker.is_some(),
            has_address: found.address.is_some(),
            span: value.text_span(),
        })
    }
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}

/// What the file says of all its resolves.
struct Asked {
    wishes: Vec<Wish>,
    /// Packages were left out or exchanged, or only what is asked for was locked.
    is_partial: bool,
}

/// A package of a resolve.
struct Entry {
    node: NodeId,
    needs: Vec<Wish>,
}

impl Asked {
    fn of(root: Value<'_>, parsed: &mut Parsed) -> Self {
        let mut wishes = Vec::new();
        for value in root.get("requirements").into_iter().flat_map(Value::items) {
            match Wish::read(value) {
                Some(wish) => wishes.push(wish),
                None => parsed.blind(value.span(), "this is no requirement", DAMAGED),
            }
        }
        let has_some = |key: &str| root.get(key).is_some_and(|list| list.items().next().is_some());
        let is_alone = root.get("transitive").and_then(Value::as_bool) == Some(false);
        Self {
            wishes,
            is_partial: has_some("excluded") || has_some("overridden") || is_alone,
        }
    }

    /// Adds the packages of one resolve.
    fn add(&self, list: Value<'_>, top: NodeId, parsed: &mut Parsed) {
        let mut tables = Vec::new();
        for table in list.items() {
            let filled = |key: &str| {
                let value = table.get(key)?;
                let text = value.as_str().filter(|text| !text.is_empty())?;
                Some((value, text))
            };
            let (Some((_, name)), Some((version, text))) = (filled("project_name"), filled("version")) else {
                let message = "a package without a name or a version";
                parsed.blind(table.span(), message, DAMAGED);
                continue;
            };
            let needs = table.get("requires_dists").into_iter().flat_map(Value::items);
            let needs: Vec<Wish> = needs.filter_map(Wish::read).collect();
            tables.push((table, name, version.text_span(), text, needs));
        }
        let wishes = tables.iter().flat_map(|(.., needs)| needs).chain(&self.wishes);
        let at_addresses: HashSet<&str> = wishes
            .filter(|wish| wish.has_address)
            .map(|wish| wish.name.as_str())
            .collect();
        let mut indexes = Indexes::default();
        for (table, name, ..) in &tables {
            if !at_addresses.contains(normal(name).as_str()) {
                for address in archives(*table).filter_map(Value::as_str) {
                    indexes.add(&address);
                }
            }
        }
        let at_addresses: HashSet<String> = at_addresses.into_iter().map(str::to_owned).collect();
        let mut entries = Vec::new();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (table, name, place, version, needs) in tables {
            let known = normal(&name);
            let is_at_address = at_addresses.contains(&known);
            let mut package = package(table, &name, &version, place, (is_at_address, &indexes), parsed);
            package.spans.entry = Some(table.span());
            by_name.entry(known).or_default().push(entries.len());
            let node = parsed.graph.add_package(package);
            entries.push(Entry { node, needs });
        }
        self.connect(&entries, &by_name, top, parsed);
    }

    /// Adds the edges of one resolve, from what is asked for on.
    fn connect(
        &self,
        entries: &[Entry],
        by_name: &HashMap<String, Vec<usize>>,
        top: NodeId,
        parsed: &mut Parsed,
    ) {
        // Of each package, what always counts and what an extra brings, so that each is looked at once.
        let mut open: Vec<(usize, String)> = Vec::new();
        let mut seen: HashSet<(usize, String)> = HashSet::new();
        let mut brought: HashMap<(usize, &str), Vec<&Wish>> = HashMap::new();
        for (number, entry) in entries.iter().enumerate() {
            for wish in &entry.needs {
                match &wish.brought_by {
                    None => brought.entry((number, "")).or_default().push(wish),
                    Some(extras) => {
                        for extra in extras {
                            brought.entry((number, extra)).or_default().push(wish);
                        }
                    }
                }
            }
            open.push((number, String::new()));
        }
        for wish in &self.wishes {
            let found = self.find(wish, by_name, parsed);
            for number in found {
                if let Some(entry) = entries.get(*number) {
                    parsed.graph.add_edge(top, entry.node, wish.span);
                    if let Some(package) = parsed.graph.package_mut(entry.node) {
                        package.direct = true;
                    }
                }
                open.extend(wish.extras.iter().map(|extra| (*number, extra.clone())));
            }
        }
        while let Some((number, extra)) = open.pop() {
            if !seen.insert((number, extra.clone())) {
                continue;
            }
            let Some(from) = entries.get(number) else { continue };
            for wish in brought.get(&(number, extra.as_str())).into_iter().flatten() {
                for to in self.find(wish, by_name, parsed) {
                    if let Some(to) = entries.get(*to) {
                        parsed.graph.add_edge(from.node, to.node, wish.span);
                    }
                    open.extend(wish.extras.iter().map(|extra| (*to, extra.clone())));
                }
            }
        }
    }

    /// The entry that `wish` names.
    fn find<'e>(
        &self,
        wish: &Wish,
        by_name: &'e HashMap<String, Vec<usize>>,
        parsed: &mut Parsed,
    ) -> &'e [usize] {
        match by_name.get(&wish.name) {
            // The first one of a name stands for all, so that a hostile file costs no more than its size.
            Some(found) => found.get(..1).unwrap_or_default(),
            None => {
                if !wish.has_marker && !self.is_partial {
                    let message = "this requirement names no package of the file";
                    parsed.blind(wish.span, message, DAMAGED);
                }
                &[]
            }
        }
    }
}

/// The addresses of the archives of an entry.
fn archives(table: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    let list = table.get("artifacts").into_iter().flat_map(Value::items);
    list.filter_map(|archive| archive.get("url"))
}

fn package(
    table: Value<'_>,
    name: &str,
    version: &str,
    place: Span,
    (is_at_address, indexes): (bool, &Indexes),
    parsed: &mut Parsed,
) -> Package {
    let mut package = Package::new(Ecosystem::PYPI, name, version, FileSpan::here(place));
    if let Some(url) = archives(table).next() {
        let address = url.as_str().unwrap_or_default();
        let shown = without_secrets(&address).into_owned();
        if let Some(repository) = repository(&shown) {
            package.source = Source::Git(repository);
        } else if let Some(path) = shown.strip_prefix("file:") {
            package.source = Source::Path(path.trim_start_matches("//").to_owned());
        } else if let Some(of_index) = indexes.package(url, name, version, place) {
            package = of_index;
        } else {
            package.source = match is_at_address {
                true => Source::Url(shown),
                false => Source::Registry(Some(shown)),
            };
        }
        for other in archives(table) {
            let text = other.as_str().unwrap_or_default();
            if package.source.is_matched() && !belongs(&text, name, version) {
                parsed.blind(
                    other.text_span(),
                    format!("this is no archive of {name} {version}"),
                    DAMAGED,
                );
            }
        }
        package.spans.source = Some(url.text_span());
    }
    let hashes = table.get("artifacts").into_iter().flat_map(Value::items);
    let hashes = hashes.filter_map(|archive| archive.get("hash"));
    package.spans = Spans {
        checksums: hashes
            .map(Value::text_span)
            .filter(|span| !span.is_empty())
            .collect(),
        ..package.spans
    };
    package
}

/// `https://host/repository#commit` of `git+https://host/repository@commit#subdirectory=x`; `None` for no repository.
fn repository(address: &str) -> Option<String> {
    let (kind, rest) = address.split_once('+')?;
    if !matches!(kind, "git" | "hg" | "svn" | "bzr") {
        return None;
    }
    let place = rest.split('#').next().unwrap_or_default();
    let last = place.rfind('/').unwrap_or_default();
    Some(
        match place.rsplit_once('@').filter(|(before, _)| before.len() > last) {
            Some((repository, commit)) => format!("{repository}#{commit}"),
            None => place.to_owned(),
        },
    )
}
