//! `pixi.lock`, versions 1 to 7.
//!
//! Source of the rules: pixi's own reader and writer of the file (rattler's crate `rattler_lock`).
//!
//! - Packages of Python are matched. Those of conda are listed, and no advisories speak of them; where `purls` says which project of PyPI one
//!   is, it is that project's package too, at the version of the conda package.
//! - Each environment is an own module and a root. It names the packages of each platform; an edge leads to what is locked for the same
//!   environment and platform.
//! - Direct is what `pixi.toml` or `pyproject.toml` beside the file asks for, in whatever feature; without either, what no other
//!   package needs. The file says nothing of scopes. What is in no environment is there to build a package of sources: build.
//! - Folders are own modules. What is at an address of its own is written `direct+` or `git+`; such an archive on the host of an index, or in a
//!   registry's store, is the registry's package.
//! - Versions 1 to 3 have the shape of `conda-lock.yml`. pixi refuses a later version than 7, and so does this.
//! - The packages stand behind the environments that name them: a file that is cut lacks some, which is blind. One that ends without a line
//!   break, which pixi always writes, is a gap.

mod entry;
mod manifest;

use foldhash::{HashMap, HashMapExt as _};

use self::entry::{Entry, What};
use self::manifest::Asked;
use super::conda_lock;
use super::grammar::conda::{self, Member, connect, slot};
use super::grammar::simple_repository::Indexes;
use super::grammar::yaml_document;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::ecosystem::normalised;
use crate::model::{Ecosystem, NodeId, Scope, Tree};
use crate::text::tree::{Kind, Value};
use crate::text::{Span, yaml};

/// The lockfile of pixi.
#[derive(Debug, Clone, Copy)]
pub struct PixiLock;

const DAMAGED: &str = "Restore the file from its last good commit, or delete it and run `pixi lock`.";

/// The newest version of the format.
const NEWEST: u64 = 7;

impl Format for PixiLock {
    fn name(&self) -> &'static str {
        "pixi.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::PYPI
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["pixi.lock"]
    }

    fn companions(&self) -> &'static [&'static str] {
        manifest::NAMES
    }

    /// `pixi update` takes what the manifest and all packages allow, and says nothing where that is no other version.
    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        UpgradeCommand::ByHand(
            format!(
                "Let pixi.toml or pyproject.toml allow that version, and run `pixi update {}`.",
                upgrade.name
            )
            .into(),
        )
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut document = yaml::read_stream(file.text);
        let mut parsed = Parsed::default();
        parsed.damaged(std::mem::take(&mut document.problems), DAMAGED);
        parsed.ends_with_line_break(file, DAMAGED);
        let Some(root) = yaml_document::only(&document, &mut parsed, DAMAGED) else {
            parsed.blind(Span::at(0), "the file is empty", DAMAGED);
            return parsed;
        };
        let version = root.get("version");
        match version.and_then(Value::as_u64) {
            Some(1..=3) => conda_lock::read_list(root, DAMAGED, &mut parsed),
            Some(4..=NEWEST) => Reader::default().read(root, file, tree, &mut parsed),
            Some(number) => parsed.blind(
                version.map_or(Span::at(0), Value::span),
                format!("version {number} is not known here; the newest one is {NEWEST}"),
                "Update lockkeeper.",
            ),
            None => parsed.blind(
                root.span(),
                "no lockfile of pixi: it has no number `version`",
                DAMAGED,
            ),
        }
        parsed
    }
}

/// What names a package in the lists of environments: its kind and its location.
type Key<'d> = (What, &'d str);

/// Where a package is named.
#[derive(Default)]
struct Named {
    slots: u64,
    /// The environments, each with where it names the package first.
    environments: Vec<(NodeId, Span)>,
    /// The first place.
    span: Span,
    is_there: bool,
}

#[derive(Default)]
struct Reader<'d> {
    named: HashMap<Key<'d>, Named>,
    indexes: Indexes,
}

impl<'d> Reader<'d> {
    fn read(mut self, root: Value<'d>, file: &File<'_>, tree: &dyn Tree, parsed: &mut Parsed) {
        let (mut environments, mut packages) = (None, None);
        for (key, value) in root.entries() {
            match key.as_ref() {
                "environments" => environments = Some(value),
                "packages" => packages = Some(value),
                _ => {}
            }
        }
        let Some(environments) = environments.filter(|table| table.is_object()) else {
            parsed.blind(root.span(), "there is no mapping `environments`", DAMAGED);
            return;
        };
        self.add_environments(environments, parsed);
        let Some(packages) = packages.filter(|list| list.kind() == Kind::Array) else {
            parsed.blind(
                Span::at(file.text.len()),
                "no whole lockfile of pixi: it has no list `packages`",
                DAMAGED,
            );
            return;
        };
        let entries: Vec<Entry<'d>> = packages
            .items()
            .filter_map(|item| Entry::read(item, parsed))
            .collect();
        for entry in &entries {
            if let Some(index) = &entry.index {
                self.indexes.add(index);
            }
        }
        self.add_packages(entries, file, tree, parsed);
    }

    /// Adds a root for each environment, and takes note of the packages that it names.
    fn add_environments(&mut self, environments: Value<'d>, parsed: &mut Parsed) {
        let mut slots = 0;
        for (name, environment) in environments.entries() {
            let root = parsed.graph.add_root(name, "");
            for index in environment.get("indexes").into_iter().flat_map(Value::items) {
                self.indexes.add(&index.as_str().unwrap_or_default());
            }
            let Some(platforms) = environment.get("packages").filter(|table| table.is_object()) else {
                parsed.blind(
                    environment.key_span(),
                    "this environment has no mapping `packages`",
                    DAMAGED,
                );
                continue;
            };
            for (_, list) in platforms.entries() {
                for selector in list.items() {
                    let Some((key, value)) = entry::key(selector) else {
                        parsed.blind(selector.span(), "this names no package", DAMAGED);
                        continue;
                    };
                    let named = self.named.entry(key).or_default();
                    if named.slots == 0 {
                        named.span = value.text_span();
                    }
                    named.slots |= slot(slots);
                    if named.environments.last().is_none_or(|(last, _)| *last != root) {
                        named.environments.push((root, value.text_span()));
                    }
                }
                slots = slots.saturating_add(1);
            }
        }
    }

    fn add_packages(
        &mut self,
        entries: Vec<Entry<'d>>,
        file: &File<'_>,
        tree: &dyn Tree,
        parsed: &mut Parsed,
    ) {
        let mut members: Vec<Member<'d>> = Vec::with_capacity(entries.len());
        let mut starts: Vec<Vec<(NodeId, Span)>> = Vec::with_capacity(entries.len());
        let mut builds = Vec::new();
        let mut keys: HashMap<Key<'d>, NodeId> = HashMap::with_capacity(entries.len());
        for mut entry in entries {
            let Some(nodes) = entry.add(&self.indexes, parsed) else {
                continue;
            };
            let named = self.named.get_mut(&entry.key);
            let (slots, environments) = match named {
                Some(named) => {
                    named.is_there = true;
                    // Of several packages of one location the first one is what the environment leads to.
                    (named.slots, std::mem::take(&mut named.environments))
                }
                None => (0, Vec::new()),
            };
            if let Some((node, _)) = nodes.first() {
                keys.entry(entry.key).or_insert(*node);
                builds.extend(entry.builds.drain(..).map(|need| (*node, need)));
            }
            for (node, name) in nodes {
                let is_python = entry.key.0 == What::Python;
                members.push(Member {
                    node,
                    is_python: is_python || name.is_some(),
                    name: match name {
                        Some(project) => project.into(),
                        None if is_python => normalised(&Ecosystem::PYPI, entry.name.clone()),
                        None => entry.name.clone(),
                    },
                    slots,
                    needs: entry.needs(),
                });
                starts.push(environments.clone());
            }
        }
        connect(&members, parsed);
        self.add_builds(&builds, &keys, parsed);
        self.report_missing(parsed);
        let asked = Asked::read(&file.path.parent(), tree);
        self.add_wishes(&members, &starts, asked.as_ref(), parsed);
    }

    /// What a package of sources is built with.
    fn add_builds(
        &self,
        builds: &[(NodeId, Value<'d>)],
        keys: &HashMap<Key<'d>, NodeId>,
        parsed: &mut Parsed,
    ) {
        for (from, need) in builds {
            let Some((key, value)) = entry::key(*need) else {
                continue;
            };
            let Some(to) = keys.get(&key) else {
                parsed.blind(value.text_span(), "this package is not in `packages`", DAMAGED);
                continue;
            };
            parsed.graph.add_edge(*from, *to, value.text_span());
            if !self.named.contains_key(&key)
                && let Some(package) = parsed.graph.package_mut(*to)
            {
                package.scopes.add(Scope::Build);
            }
        }
    }

    fn report_missing(&self, parsed: &mut Parsed) {
        let missing = self.named.values().filter(|named| !named.is_there);
        let mut missing: Vec<Span> = missing.map(|named| named.span).collect();
        missing.sort_unstable();
        for span in missing.into_iter().take(super::MAX_BLIND) {
            parsed.blind(span, "this package is not in `packages`", DAMAGED);
        }
    }

    /// Marks what is asked for, and lets the environments lead to it.
    fn add_wishes(
        &self,
        members: &[Member<'d>],
        starts: &[Vec<(NodeId, Span)>],
        asked: Option<&Asked>,
        parsed: &mut Parsed,
    ) {
        let unneeded = match asked {
            Some(_) => Vec::new(),
            None => parsed.graph.unneeded(),
        };
        for (member, environments) in members.iter().zip(starts) {
            let is_direct = match asked {
                Some(asked) => asked.holds(member),
                None => unneeded.binary_search(&member.node).is_ok(),
            };
            if !is_direct {
                continue;
            }
            if let Some(package) = parsed.graph.package_mut(member.node) {
                package.direct = true;
            }
            for (environment, span) in environments {
                parsed.graph.add_edge(*environment, member.node, *span);
            }
        }
    }
}

/// The ecosystem of a node's package: what it is, or the project of PyPI that it stands for.
fn ecosystem(is_python: bool) -> Ecosystem {
    match is_python {
        true => Ecosystem::PYPI,
        false => conda::CONDA,
    }
}
