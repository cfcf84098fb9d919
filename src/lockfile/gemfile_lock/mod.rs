//! `Gemfile.lock` and `gems.locked`, of Bundler 1.0 to 4.0.
//!
//! The file has no specification; Bundler's own reader and writer (`lockfile_parser.rb`, `lockfile_generator.rb`) decide.
//!
//! - What stands between a version and its parenthesis behind a hyphen is the platform: `nokogiri (1.16.0-x86_64-linux)` is
//!   version 1.16.0. A gem that is locked for several platforms is one version at several places.
//! - Gems of GEM are the registry's; of several addresses in one block, as old versions of Bundler write them, the file does
//!   not say which one a gem is from. Those of GIT, PATH and PLUGIN SOURCE have that source. Gems in the folder of the
//!   project (PATH with `.` or a folder above) are own modules.
//! - Direct is what DEPENDENCIES lists, and what the project's own gems need. A dependency without a gem in the file is one for platforms that nobody locked,
//!   which Bundler leaves out; a gem that another gem needs is always there, and without it the file is blind. Bundler itself
//!   is never locked.
//! - Scopes are in the `Gemfile` beside the file: see [`gemfile`]. Without one, or with one that cannot be understood, none
//!   is known.
//! - Bundler ends a file with CHECKSUMS, RUBY VERSION or BUNDLED WITH since version 1.10. A file that ends with its
//!   dependencies, and has gems that none of them needs, was cut.

pub mod gemfile;
pub mod literal;
pub mod locked;
pub mod platform;
mod ruby;
mod scopes;
mod sections;

use foldhash::{HashMap, HashMapExt as _};

use self::gemfile::Gemfile;
use self::scopes::Names;
use self::sections::{DAMAGED, Gem, Kind, Lock};
use super::grammar::rfc3986::without_secrets;
use super::{File, Format, Parsed, Upgrade, UpgradeCommand};
use crate::model::{Ecosystem, FileSpan, NodeId, Package, Source, Spans, Tree, UpgradeBy};
use crate::text::Span;
use crate::version::Scheme as _;
use crate::version::range::RangeSyntax as _;
use crate::version::range::rubygems::Rubygems as Range;
use crate::version::rubygems::Rubygems;

/// The lockfile of Bundler.
#[derive(Debug, Clone, Copy)]
pub struct GemfileLock;

/// A dependency is taken for at most so many of the platforms that a gem is locked for.
const MAX_PLATFORMS: usize = 32;

/// So many edges more than dependencies, so that a hostile file costs no more than its size.
const MAX_FURTHER: usize = 1_000_000;

impl Format for GemfileLock {
    fn name(&self) -> &'static str {
        "Gemfile.lock"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::RUBYGEMS
    }

    fn file_names(&self) -> &'static [&'static str] {
        &["Gemfile.lock", "gems.locked", "*.gemfile.lock", "Gemfile.*.lock"]
    }

    fn companions(&self) -> &'static [&'static str] {
        &["Gemfile", "gems.rb", "*.gemfile", "Gemfile.*", "*.gemspec"]
    }

    fn upgrade_command(&self, upgrade: &Upgrade<'_>) -> UpgradeCommand {
        // Where nothing allows another version it ends without an error, and without a change.
        if !UpgradeBy::allows(upgrade.by, |range| Range.contains(range, upgrade.to).ok()) {
            return UpgradeCommand::ByHand(
                "What asks for it does not allow that version: change the Gemfile and run `bundle lock`, or upgrade the gem that brings it.".into(),
            );
        }
        let command = format!("bundle update --conservative {}", upgrade.name);
        UpgradeCommand::Run(match gemfile::name_of(upgrade.file_name) {
            "Gemfile" | "gems.rb" => command,
            other => format!("BUNDLE_GEMFILE={other} {command}"),
        })
    }

    fn read(&self, file: &File<'_>, tree: &dyn Tree) -> Parsed {
        let mut parsed = Parsed::default();
        let lock = Lock::read(file.text, &mut parsed);
        let names = Names::of(&lock);
        let gemfile = Gemfile::beside(file.path, &own_gems(&lock), tree);
        let scopes = gemfile
            .as_ref()
            .map(|gemfile| names.scopes(&lock, gemfile))
            .unwrap_or_default();
        let nodes = add_nodes(&lock, &mut parsed);
        for (number, node) in nodes.gems.iter().enumerate() {
            let gem_scopes = names.number_of(number).and_then(|name| scopes.get(name));
            let package = node.and_then(|node| parsed.graph.package_mut(node));
            if let (Some(package), Some(scopes)) = (package, gem_scopes) {
                package.scopes = *scopes;
            }
        }
        add_edges(&lock, &names, &nodes, &mut parsed);
        add_dependencies(&lock, &names, &nodes, gemfile.as_ref(), &mut parsed);
        if !lock.has_end && names.has_orphan(&lock) {
            parsed.blind(
                Span::at(file.text.len()),
                "nothing asks for some of the gems: the file ends inside DEPENDENCIES",
                DAMAGED,
            );
        }
        parsed.graph.mark_direct();
        parsed
    }
}

/// The nodes of the graph.
struct Nodes {
    root: Option<NodeId>,
    /// One for each gem; `None` for one without a version.
    gems: Vec<Option<NodeId>>,
}

fn add_nodes(lock: &Lock<'_>, parsed: &mut Parsed) -> Nodes {
    let own: Vec<usize> = (0..lock.gems.len())
        .filter(|number| is_own(lock, *number))
        .collect();
    // The one gem of a project is the project.
    let only = match own.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let mut root = match only {
        None if !lock.gems.is_empty() => Some(parsed.graph.add_root("", "")),
        None | Some(_) => None,
    };
    let sources: Vec<Source> = lock.sources.iter().map(source).collect();
    let mut gems = Vec::with_capacity(lock.gems.len());
    parsed.graph.reserve(
        lock.gems.len(),
        lock.needs.len().saturating_add(lock.dependencies.len()),
    );
    for (number, gem) in lock.gems.iter().enumerate() {
        let node = if !has_version(gem, parsed) {
            None
        } else if only == Some(number) {
            let node = parsed.graph.add_root(gem.name, gem.version);
            root = Some(node);
            root
        } else if own.binary_search(&number).is_ok() {
            Some(parsed.graph.add_own(gem.name, gem.version))
        } else {
            let source = sources.get(gem.source).cloned();
            Some(parsed.graph.add_package(package(lock, number, gem, source)))
        };
        gems.push(node);
    }
    Nodes { root, gems }
}

fn package(lock: &Lock<'_>, number: usize, gem: &Gem<'_>, source: Option<Source>) -> Package {
    let mut package = Package::new(
        Ecosystem::RUBYGEMS,
        gem.name,
        gem.version,
        FileSpan::here(gem.place),
    );
    package.source = source.unwrap_or(Source::Registry(None));
    let needs = lock.needs_of(number);
    let last = needs.last().map_or(gem.entry, |need| need.place);
    package.spans = Spans {
        entry: Some(gem.entry),
        source: lock
            .sources
            .get(gem.source)
            .and_then(|source| source.remotes.first())
            .map(|(_, span)| *span),
        checksums: gem.checksums.iter().copied().collect(),
        edges: needs
            .first()
            .map(|need| Span::new(need.place.start as usize, gem.entry.join(last).end as usize)),
    };
    package
}

/// The gem has a version, be it one that Bundler refuses the file for.
fn has_version(gem: &Gem<'_>, parsed: &mut Parsed) -> bool {
    if gem.version.is_empty() {
        parsed.partial(
            gem.place,
            format!("{} has no exact version", gem.name),
            "Run `bundle lock`, which writes one for each gem.",
        );
    } else if Rubygems.compare(gem.version, gem.version).is_err() {
        parsed.blind(
            gem.place,
            format!("{} is locked in a version that RubyGems refuses", gem.name),
            DAMAGED,
        );
    }
    !gem.version.is_empty()
}

/// The gem is a part of the project: its folder is that of the lockfile, or one above.
fn is_own(lock: &Lock<'_>, number: usize) -> bool {
    let source = lock.gems.get(number).and_then(|gem| lock.sources.get(gem.source));
    source.is_some_and(|source| {
        source.kind == Kind::Path && source.remotes.iter().all(|(path, _)| is_above(path))
    })
}

fn is_above(path: &str) -> bool {
    path.split('/').all(|part| matches!(part, "" | "." | "..")) && !path.starts_with('/')
}

/// The names of the project's own gems, and the folder of each, as the lockfile writes it.
fn own_gems<'t>(lock: &Lock<'t>) -> Vec<(&'t str, &'t str)> {
    let own = (0..lock.gems.len()).filter(|number| is_own(lock, *number));
    own.filter_map(|number| {
        let gem = lock.gems.get(number)?;
        let folder = lock.sources.get(gem.source)?.remotes.first();
        Some((gem.name, folder.map_or(".", |(folder, _)| *folder)))
    })
    .collect()
}

fn source(source: &sections::Source<'_>) -> Source {
    let address = match source.remotes.as_slice() {
        [(address, _)] => Some(without_secrets(address).into_owned()),
        _ => None,
    };
    match source.kind {
        Kind::Gem => Source::Registry(address),
        Kind::Path => Source::Path(address.unwrap_or_default()),
        Kind::Plugin => Source::Url(address.unwrap_or_default()),
        Kind::Git => {
            let mut address = address.unwrap_or_default();
            if !source.revision.is_empty() {
                address.push('#');
                address.push_str(source.revision);
            }
            Source::Git(address)
        }
    }
}

fn add_edges(lock: &Lock<'_>, names: &Names<'_>, nodes: &Nodes, parsed: &mut Parsed) {
    let mut further = 0_usize;
    for (number, (gem, from)) in lock.gems.iter().zip(&nodes.gems).enumerate() {
        for need in lock.needs_of(number) {
            let found = names.gems(need.name);
            if found.is_empty() && need.name != "bundler" {
                parsed.blind(
                    need.place,
                    format!("{} is not in the file", need.name),
                    "Run `bundle lock` to have Bundler complete the lockfile.",
                );
            }
            let most = if further > MAX_FURTHER { 1 } else { MAX_PLATFORMS };
            let found = of_each_version(lock, found.get(..most).unwrap_or(found), gem.platform);
            further = further.saturating_add(found.len().saturating_sub(1));
            for to in found {
                if let (Some(from), Some(Some(to))) = (from, nodes.gems.get(to)) {
                    parsed.graph.add_edge(*from, *to, need.place);
                    allow(parsed, *to, need.requirement);
                }
            }
        }
    }
}

/// Of `gems`, one of each version: that for `platform` where there is one.
fn of_each_version(lock: &Lock<'_>, gems: &[usize], platform: &str) -> Vec<usize> {
    let mut found: Vec<(usize, &Gem<'_>)> = Vec::with_capacity(1);
    for number in gems {
        let Some(gem) = lock.gems.get(*number) else {
            continue;
        };
        match found.iter_mut().find(|(_, known)| known.version == gem.version) {
            Some(known) if gem.platform == platform => *known = (*number, gem),
            Some(_) => {}
            None => found.push((*number, gem)),
        }
    }
    found.into_iter().map(|(number, _)| number).collect()
}

/// Notes what asks for a gem.
fn allow(parsed: &mut Parsed, node: NodeId, requirement: &str) {
    let is_any = matches!(requirement, "" | ">= 0");
    if let Some(package) = parsed.graph.package_mut(node).filter(|_| !is_any) {
        package.asked_within(requirement);
    }
}

fn add_dependencies(
    lock: &Lock<'_>,
    names: &Names<'_>,
    nodes: &Nodes,
    gemfile: Option<&Gemfile>,
    parsed: &mut Parsed,
) {
    let mut seen: HashMap<&str, ()> = HashMap::new();
    for need in &lock.dependencies {
        let found = names.gems(need.name);
        // A name that is listed twice is one dependency, as for Bundler.
        let is_first = seen.insert(need.name, ()).is_none();
        if found.is_empty() && need.name != "bundler" && is_first {
            let message = format!("{} is asked for and not locked", need.name);
            if gemfile.is_some_and(|gemfile| gemfile.is_for_some_platforms(need.name)) {
                parsed.remark(
                    need.place,
                    format!("{message}: it is for platforms that are not in the file"),
                    "Run `bundle lock --add-platform` with the platforms that you use.",
                );
            } else {
                parsed.partial(
                    need.place,
                    message,
                    "Run `bundle lock`; a gem for other platforms is locked with `bundle lock --add-platform`.",
                );
            }
        }
        for number in found.iter().filter(|_| is_first) {
            if let (Some(root), Some(Some(to))) = (nodes.root, nodes.gems.get(*number)) {
                parsed.graph.add_edge(root, *to, need.place);
                allow(parsed, *to, need.requirement);
            }
        }
    }
}
