//! `Cargo.lock`, versions 1 to 4.
//!
//! The file has no specification; Cargo's own reader and writer (`core/resolver/encode.rs`) decide.
//!
//! - A package without `source` is a workspace member or a path dependency. The file does not distinguish the two
//!   apart; both are own modules.
//! - Roots are the own modules that nothing depends on (`[root]` of version 1 among them). Where own modules
//!   depend on each other in a circle that no root reaches, as through development dependencies, the first
//!   of the circle in the order of the file is a root too.
//! - `[patch.unused]` lists what is not used: it is left out.
//! - A package with `replace` is not built: its replacement takes its place on every edge.
//! - A dependency that is not in the file makes the file blind: Cargo refuses it with `--locked`.
//! - Which registry is crates.io is decided by Cargo's canonical address (`util/canonical_url.rs`).
//! - The file marks neither development nor build dependencies: no scope is known.

pub mod declared;
mod entry;
pub mod locked;
mod manifest;
mod public;
mod references;
pub mod workspace;

use std::borrow::Cow;

use foldhash::{HashMap, HashMapExt as _};

use self::entry::{DAMAGED, Entry, entries};
use self::manifest::Wish;
pub use self::public::{index_of_crates_io, is_source_of_crates_io, source_of_crates_io};
use self::references::{Index, Reference};
use super::{Digests, File, Format, Parsed, Problem, Upgrade, UpgradeCommand};
use crate::model::{Cost, Ecosystem, Graph, NodeId, Source, Tree, UpgradeBy};
use crate::text::tree::Value;
use crate::text::{Span, toml};
use crate::version::range::RangeSyntax as _;
use crate::version::range::cargo::Cargo;

/// The lockfile of Cargo.
pub struct CargoLock;

impl Format for CargoLock {
    fn name(&self) -> &'static str {
        "Cargo.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::CRATES_IO
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["Cargo.lock"]
    }

    fn digests(&self) -> Digests {
        Digests::Sha256
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        let Upgrade { name, from, to, .. } = upgrade;
        let allows = |range: &str| Cargo.contains(range, to).ok();
        // Cargo keeps to the requirements of the manifests. That most of them allow what is compatible is a guess: those of
        // other crates are in no file here.
        if allows(&format!("^{from}")) == Some(false) || !UpgradeBy::allows(upgrade.by, allows) {
            return UpgradeCommand::ByHand(
                "What asks for it does not allow that version: change Cargo.toml, or upgrade the crate that brings it.".into(),
            );
        }
        // With the locked version: a Cargo.lock may have several of one name.
        UpgradeCommand::Run(format!("cargo update -p {name}@{from} --precise {to}"))
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = toml::read(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        let (mut entries, metadata) = entries(file.text, &document, &mut parsed);
        let checksums =
            metadata.map_or_else(Vec::new, |metadata| checksums(metadata, &mut Index::of(&entries)));
        for (number, span) in checksums {
            if let Some(entry) = entries.get_mut(number) {
                entry.checksum.get_or_insert(span);
            }
        }
        let needs = Needs::of(&entries, &mut parsed);
        let roots = needs.roots(&entries);
        if let Some(first) = entries.first()
            && entries.iter().all(|entry| entry.source.is_some())
        {
            parsed.partial(
                first.table.span(),
                "no module of the project is in the file, and Cargo always writes one: it may be cut",
                DAMAGED,
            );
        }
        let mut sources = Sources::default();
        let mut nodes: Vec<Option<NodeId>> = Vec::with_capacity(entries.len());
        parsed.graph.reserve(entries.len(), needs.edges.len());
        for (number, entry) in entries.iter().enumerate() {
            let node = match (entry.source(), needs.replaced.get(number)) {
                (_, Some(Some(_))) => None,
                (None, _) if roots.get(number) == Some(&true) => {
                    Some(parsed.graph.add_root(entry.name(), entry.version()))
                }
                (None, _) => Some(parsed.graph.add_own(entry.name(), entry.version())),
                (Some((source, span)), _) => {
                    let source = sources.source(&source, span, &mut parsed);
                    Some(parsed.graph.add_package(entry.package(source)))
                }
            };
            nodes.push(node);
        }
        let node = |number: usize| nodes.get(number).copied().flatten();
        for edge in &needs.edges {
            if let (Some(from), Some(to)) = (node(edge.from), node(edge.to)) {
                parsed.graph.add_edge(from, to, edge.span);
            }
        }
        parsed.graph.mark_direct();
        add_wishes(
            &manifest::wishes(&file.path.parent(), tree),
            &entries,
            &nodes,
            &mut parsed.graph,
        );
        parsed
    }
}

/// Notes on each package which versions the project's own manifests allow of it. Of several versions of one name a wish means
/// those that it allows.
fn add_wishes(wishes: &[Wish], entries: &[Entry<'_>], nodes: &[Option<NodeId>], graph: &mut Graph) {
    // So that a manifest and a lockfile full of one name are no trap.
    const MAX_RANGES: usize = 64;
    let mut ranges: HashMap<&str, Vec<&str>> = HashMap::new();
    for wish in wishes {
        let known = ranges.entry(&wish.name).or_default();
        if known.len() < MAX_RANGES {
            known.push(&wish.range);
        }
    }
    for (entry, node) in entries.iter().zip(nodes) {
        let package = node.and_then(|node| graph.package_mut(node));
        let (Some(package), Some(ranges)) = (package, ranges.get(&*entry.name())) else {
            continue;
        };
        for range in ranges
            .iter()
            .filter(|range| Cargo.contains(range, &entry.version()) == Ok(true))
        {
            package.asked_within(range);
        }
    }
}

/// The checksums of version 1, each with the number of its entry: keys are `checksum name version (source)`.
fn checksums(metadata: Value<'_>, index: &mut Index<'_>) -> Vec<(usize, Span)> {
    let mut checksums = Vec::new();
    for (key, value) in metadata.entries() {
        // `<none>` stands where a source, such as git, has no checksum.
        if let Some(reference) = key.strip_prefix("checksum ").filter(|_| value.raw() != "<none>")
            && let Some(number) = index.find(&Reference::of(reference))
        {
            checksums.push((number, value.text_span()));
        }
    }
    checksums
}

/// Who needs whom, by the numbers of entries.
struct Needs {
    /// Grouped by `from`, in the order of the entries.
    edges: Vec<Need>,
    /// For each entry, the first of its edges; one more for the end.
    starts: Vec<usize>,
    /// For each entry, the one that replaces it.
    replaced: Vec<Option<usize>>,
}

struct Need {
    from: usize,
    to: usize,
    span: Span,
}

impl Needs {
    fn of(entries: &[Entry<'_>], parsed: &mut Parsed) -> Self {
        let mut index = Index::of(entries);
        let mut find = |value: Value<'_>| {
            let text = value.as_str();
            let found = text.as_ref().and_then(|text| index.find(&Reference::of(text)));
            if found.is_none() && !text.is_some_and(|text| index.knows(&Reference::of(&text))) {
                parsed.blind(
                    value.span(),
                    "this dependency is not in the file",
                    "Run `cargo metadata` to have Cargo complete the lockfile.",
                );
            } else if found.is_none() {
                // A missing edge hides a path, never a package.
                parsed.problems.push(Problem {
                    cost: Cost::Nothing,
                    file: None,
                    span: value.span(),
                    message: "this dependency names no single package of the file".into(),
                    hint: "Run `cargo metadata` to have Cargo complete the lockfile.".into(),
                });
            }
            found
        };
        let replaced: Vec<Option<usize>> = entries
            .iter()
            .enumerate()
            .map(|(number, entry)| {
                entry
                    .replace()
                    .and_then(&mut find)
                    .filter(|other| *other != number)
            })
            .collect();
        let mut edges = Vec::new();
        let mut starts = Vec::with_capacity(entries.len().saturating_add(1));
        for (from, entry) in entries.iter().enumerate() {
            starts.push(edges.len());
            for value in entry.dependencies() {
                if let Some(found) = find(value) {
                    let to = replaced.get(found).copied().flatten().unwrap_or(found);
                    let span = value.text_span();
                    edges.push(Need { from, to, span });
                }
            }
        }
        starts.push(edges.len());
        Self {
            edges,
            starts,
            replaced,
        }
    }

    /// For each entry, whether it is a root.
    fn roots(&self, entries: &[Entry<'_>]) -> Vec<bool> {
        let mut is_root = vec![true; entries.len()];
        for edge in self.edges.iter().filter(|edge| edge.from != edge.to) {
            set(&mut is_root, edge.to, false);
        }
        for (number, entry) in entries.iter().enumerate() {
            if entry.source.is_some() {
                set(&mut is_root, number, false);
            }
        }
        let mut reached = vec![false; entries.len()];
        for number in 0..entries.len() {
            if is_root.get(number) == Some(&true) {
                self.reach(number, &mut reached);
            }
        }
        for (number, entry) in entries.iter().enumerate() {
            if entry.source.is_none() && reached.get(number) == Some(&false) {
                set(&mut is_root, number, true);
                self.reach(number, &mut reached);
            }
        }
        is_root
    }

    /// Marks everything that `from` needs, itself included. All calls together are linear.
    fn reach(&self, from: usize, reached: &mut [bool]) {
        let mut open = vec![from];
        set(reached, from, true);
        while let Some(at) = open.pop() {
            let start = self.starts.get(at).copied().unwrap_or_default();
            let end = self.starts.get(at.saturating_add(1)).copied().unwrap_or_default();
            for edge in self.edges.get(start..end).unwrap_or_default() {
                if reached.get(edge.to) == Some(&false) {
                    set(reached, edge.to, true);
                    open.push(edge.to);
                }
            }
        }
    }
}

fn set(flags: &mut [bool], number: usize, value: bool) {
    if let Some(flag) = flags.get_mut(number) {
        *flag = value;
    }
}

/// What sources mean. Nearly all packages of a file have the same one: the last answer is kept.
#[derive(Default)]
struct Sources {
    last: Option<(String, Source)>,
}

impl Sources {
    fn source(&mut self, written: &str, span: Span, parsed: &mut Parsed) -> Source {
        match &self.last {
            Some((text, source)) if text == written => source.clone(),
            Some(_) | None => {
                let source = source(written, span, parsed);
                self.last = Some((written.to_owned(), source.clone()));
                source
            }
        }
    }
}

/// Cargo takes the source for crates.io: on GitHub whatever the scheme and the case of the path, and everywhere
/// with or without a slash or `.git` at the end.
fn is_crates_io(source: &cargo_lock::SourceId) -> bool {
    if source.is_default_registry() {
        return true;
    }
    let address = source.url().as_str();
    if !source.is_remote_registry() || source.url().cannot_be_a_base() {
        return false;
    }
    let address = address.strip_suffix('/').unwrap_or(address);
    let mut address = Cow::Borrowed(address);
    if source.url().host_str() == Some("github.com")
        && let Some((_, rest)) = address.split_once(':')
    {
        address = format!("https:{}", rest.to_lowercase()).into();
    }
    let address = address.strip_suffix(".git").unwrap_or(&address);
    // The crate knows both of its addresses, in the canonical form.
    let is_known =
        |text: String| cargo_lock::SourceId::from_url(&text).is_ok_and(|source| source.is_default_registry());
    is_known(format!("registry+{address}")) || is_known(format!("sparse+{address}/"))
}

fn source(text: &str, span: Span, parsed: &mut Parsed) -> Source {
    match cargo_lock::SourceId::from_url(text) {
        Ok(source) if is_crates_io(&source) => Source::Registry(Some(text.to_owned())),
        Ok(source) if source.is_registry() => Source::OtherRegistry(text.to_owned()),
        Ok(source) if source.is_git() => Source::Git(text.strip_prefix("git+").unwrap_or(text).to_owned()),
        Ok(source) if source.is_path() => Source::Path(text.strip_prefix("path+").unwrap_or(text).to_owned()),
        Ok(_) | Err(_) => {
            parsed.blind(span, "a source of an unknown kind", DAMAGED);
            Source::OtherRegistry(text.to_owned())
        }
    }
}
