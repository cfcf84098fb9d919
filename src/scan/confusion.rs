//! Dependency confusion: packages with a name of one's own that come from another registry than one's own, and advisories
//! about the public package of a name that is one's own here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ScanTree;
use super::read::Opened;
use crate::ecosystem::purl;
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::finding::{MAX_PATHS, Match, Occurrence, RegistryAddress, State};
use crate::model::{
    Advisory, Class, DependencyPaths, Ecosystem, Finding, Level, NodeId, Package, Scopes, Severity,
    SharedStr, Source, TreePath,
};
use crate::policy::registry::{Registry, told};
use crate::policy::{Origin, Policy};
use crate::text;

/// The id of every finding of this class: no database has it.
pub const ID: &str = "dependency-confusion";

/// Formats that record for each package which registry it comes from: there none is another one. In the others a file may
/// tell (`--index-url`), and where it does not, nobody can.
const RECORDING: [&str; 5] = [
    "Cargo.lock",
    "Pipfile.lock",
    "package-lock.json",
    "poetry.lock",
    "uv.lock",
];

/// So many names stand in a gap.
const MAX_NAMES: usize = 10;

/// A package with a name that a policy calls internal, as the finding that it may be.
#[derive(Debug, Clone)]
pub struct Internal {
    finding: Finding,
    /// The registry or archive that the file records.
    address: Option<String>,
    /// The file tells that it is the public registry's.
    is_public: bool,
    /// The name of the file's format.
    format: &'static str,
}

/// The packages of `opened` with a name that one of `policies` calls internal, and that a registry may give.
pub(super) fn internal(opened: &Opened<'_>, policies: &[&Policy]) -> Vec<Internal> {
    let graph = &opened.parsed.graph;
    let mut groups: BTreeMap<Key<'_>, Vec<(NodeId, &Package)>> = BTreeMap::new();
    for (id, package) in graph.packages() {
        let address = match &package.source {
            Source::Registry(address) => address.as_deref(),
            Source::OtherRegistry(address) | Source::Url(address) => Some(address.as_str()),
            Source::Git(_) | Source::Path(_) => continue,
        };
        let is_internal =
            |policy: &&Policy| policy.supply_chain.is_internal(&package.ecosystem, &package.name);
        if policies.iter().any(is_internal) {
            let file = package.place().file.as_ref();
            let key = (&*package.name, &*package.version, file, address);
            groups.entry(key).or_default().push((id, package));
        }
    }
    if groups.is_empty() {
        return Vec::new();
    }
    let nodes: Vec<Vec<NodeId>> = groups
        .values()
        .map(|packages| packages.iter().map(|(node, _)| *node).collect())
        .collect();
    let nodes: Vec<&[NodeId]> = nodes.iter().map(Vec::as_slice).collect();
    let (tree, ends) = graph.shortest_paths(&nodes);
    let tree = Arc::new(tree);
    let confusion = Arc::new(advisory());
    let mut all = Vec::with_capacity(groups.len());
    for (((.., address), packages), ends) in groups.into_iter().zip(ends) {
        let Some((_, package)) = packages.first() else {
            continue;
        };
        let (file, position) = opened.position(package.place());
        let mut occurrence = Occurrence::new(
            package.ecosystem.clone(),
            (&*package.name).into(),
            (&*package.version).into(),
            purl::of(&package.ecosystem, &package.name, &package.version),
            file,
            position,
        );
        occurrence.scopes = packages.iter().fold(Scopes::default(), |scopes, (_, package)| {
            scopes.with(package.scopes)
        });
        occurrence.direct = packages.iter().any(|(_, package)| package.direct);
        occurrence.also_at(
            packages
                .iter()
                .map(|(_, package)| opened.position(package.place()).1),
        );
        (occurrence.paths, occurrence.paths_total) = DependencyPaths::shortest(&tree, ends, MAX_PATHS);
        let mut finding = Finding::new(Arc::new(Match {
            advisory: confusion.clone(),
            group: None,
            record: None,
            package: Arc::new(occurrence),
            upgrade: None,
            fixed: Arc::default(),
            ends: false,
            reason: SharedStr::default(),
        }));
        finding.origin = address.and_then(|address| told(address, &finding.name));
        all.push(Internal {
            finding,
            address: address.map(str::to_owned),
            // Cargo.lock alone tells registries apart.
            is_public: package.ecosystem == Ecosystem::CRATES_IO && package.source.is_matched(),
            format: opened.format,
        });
    }
    all
}

/// Formats that leave out the registry where it is the ecosystem's own.
const LEAVING_OUT: [&str; 2] = ["Cargo.lock", "poetry.lock"];

/// A package that is not internal, and the registry that it comes from: one that a policy names for internal packages, which
/// then gives what is public too, or another one.
#[derive(Debug, Clone)]
pub struct Other {
    ecosystem: Ecosystem,
    name: String,
    /// `None` for the ecosystem's own registry.
    address: Option<String>,
}

impl Other {
    /// The registry of `policy` that it comes from.
    fn shares<'p>(&self, policy: &'p Policy) -> Option<&'p Registry> {
        policy.shared(&self.ecosystem, &self.name, self.address.as_deref()?)
    }
}

/// One package for each registry of one of `policies` that gives others than internal ones, and one from another registry.
pub(super) fn others(opened: &Opened<'_>, policies: &[&Policy]) -> Vec<Other> {
    let mut others = Vec::new();
    for policy in policies {
        let mut known: Vec<Option<&Registry>> = Vec::new();
        for (_, package) in opened.parsed.graph.packages() {
            let (ecosystem, name) = (&package.ecosystem, &package.name);
            let address = match &package.source {
                Source::Registry(Some(address)) | Source::OtherRegistry(address) => Some(address),
                Source::Registry(None) if LEAVING_OUT.contains(&opened.format) => None,
                Source::Registry(None) | Source::Git(_) | Source::Path(_) | Source::Url(_) => continue,
            };
            if known.len() > policy.own_registries(ecosystem).len() {
                break;
            }
            let shared = address.and_then(|address| policy.shared(ecosystem, name, address));
            // Another registry of Cargo's is not the public one either.
            let is_told = shared.is_some() || package.source.is_matched();
            if is_told && !known.contains(&shared) && !policy.supply_chain.is_internal(ecosystem, name) {
                known.push(shared);
                others.push(Other {
                    ecosystem: ecosystem.clone(),
                    name: name.to_string(),
                    address: address.cloned(),
                });
            }
        }
    }
    others
}

/// The package of `others` that comes from `registry`, which `policy` names for its internal packages.
pub(super) fn shown_by<'o>(others: &'o [Other], policy: &Policy, registry: &Registry) -> Option<&'o str> {
    let other = others.iter().find(|other| other.shares(policy) == Some(registry));
    other.map(|other| other.name.as_str())
}

/// A package of `others` that is not internal comes from another registry than those of `policy`: so these need not be the
/// public one.
fn is_apart(others: &[Other], policy: &Policy, ecosystem: &Ecosystem) -> bool {
    others.iter().any(|other| {
        other.ecosystem == *ecosystem
            && other.shares(policy).is_none()
            && !policy.supply_chain.is_internal(ecosystem, &other.name)
    })
}

/// The policies of `trees` that call names internal, each once.
pub(super) fn policies<'p>(trees: &[ScanTree<'p>]) -> Vec<&'p Policy> {
    let mut policies: Vec<&Policy> = Vec::new();
    for tree in trees {
        let is_known = policies.iter().any(|known| std::ptr::eq(*known, tree.policy));
        if !tree.policy.supply_chain.internal.is_empty() && !is_known {
            policies.push(tree.policy);
        }
    }
    policies
}

/// Name, version, file and recorded address.
type Key<'p> = (&'p str, &'p str, Option<&'p TreePath>, Option<&'p str>);

/// What a policy says of packages with internal names.
#[derive(Debug, Default)]
pub(super) struct Confused {
    /// Those that come from elsewhere.
    pub(super) findings: Vec<Finding>,
    /// Files that do not tell where they come from, or do not show whether that registry gives public packages too.
    pub(super) gaps: Vec<Gap>,
}

/// What is known of where the internal packages at one place come from; a later one outweighs those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum From<'p> {
    /// The policy's own registry.
    Own(&'p str),
    /// That too, and it gives public packages as well, such as this one.
    Shared(&'p str, &'p str),
    /// Somewhere else.
    Elsewhere,
}

/// What `policy` says of `internal`. Advisories about those that come from the policy's own registry do not apply to `findings`:
/// the public registry's package is another. Where that registry gives `others` too, it may be the public one.
pub(super) fn apply<'f>(
    policy: &Policy,
    internal: &[Internal],
    others: &[Other],
    findings: impl Iterator<Item = &'f mut Finding>,
) -> Confused {
    let mut places: BTreeMap<Place<'_>, From<'_>> = BTreeMap::new();
    let mut open: BTreeMap<&TreePath, Vec<(&Internal, &str)>> = BTreeMap::new();
    let mut confused = Confused::default();
    for one in internal {
        let finding = &one.finding;
        let from = match policy.origin(&finding.ecosystem, &finding.name, one.address.as_deref()) {
            None => continue,
            Some(Origin::Own(registry)) => match shown_by(others, policy, registry) {
                _ if one.is_public => From::Shared(registry.as_str(), &finding.name),
                Some(other) => From::Shared(registry.as_str(), other),
                None => From::Own(registry.as_str()),
            },
            Some(Origin::Foreign(registry)) => {
                if one.address.is_some() || RECORDING.contains(&one.format) {
                    confused.findings.push(one.confusion(registry.as_str()));
                } else {
                    let of_file = open.entry(&finding.file).or_default();
                    of_file.push((one, registry.as_str()));
                }
                From::Elsewhere
            }
        };
        let known = places.entry(place(finding)).or_insert(from);
        *known = from.max(*known);
    }
    confused.gaps = open.into_values().filter_map(|of_file| gap(&of_file)).collect();
    let mut believed: BTreeMap<(&TreePath, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        match places.get(&place(finding)).copied() {
            None | Some(From::Elsewhere) => {}
            Some(From::Own(registry)) => {
                finding.reason = format!(
                    "{}; but the policy calls {} internal, and it comes from {registry}: the advisory is about another package of this name",
                    finding.reason, finding.name
                )
                .into();
                finding.state = State::NotAffected;
                if !is_apart(others, policy, &finding.ecosystem) {
                    believed
                        .entry((&finding.file, registry))
                        .or_default()
                        .push(finding);
                }
            }
            Some(From::Shared(registry, other)) => {
                finding.reason = format!(
                    "{}; the policy calls {} internal, but {registry} gives public packages too ({other}), so that it may be the public one",
                    finding.reason, finding.name
                )
                .into();
            }
        }
    }
    let believed = believed.into_iter();
    confused
        .gaps
        .extend(believed.filter_map(|((_, registry), findings)| taken_on_trust(registry, &findings)));
    confused
}

/// The gap of one file whose `findings` are about other packages if `registry` gives no public ones, which nothing shows.
fn taken_on_trust(registry: &str, findings: &[&Finding]) -> Option<Gap> {
    let first = findings.first()?;
    let what = match findings.len() {
        1 => "1 advisory about an internal package is".to_owned(),
        count => format!("{count} advisories about internal packages are"),
    };
    Some(Gap {
        location: Some(Location {
            file: first.file.clone(),
            position: first.place(),
        }),
        reason: format!(
            "{what} left out because the policy says so: no public package here comes from another registry than {registry}: {}",
            listed(findings.iter().map(|finding| &*finding.name).collect())
        ),
        hint: format!(
            "Check that {registry} gives no public packages. If it does, take the names that are public out of `supply-chain.internal`."
        ),
    })
}

/// Each of `names` once, the first ones.
fn listed(mut names: Vec<&str>) -> String {
    names.sort_unstable();
    names.dedup();
    text::names::listed(&names, MAX_NAMES)
}

/// File, ecosystem, name and version.
type Place<'f> = (&'f TreePath, &'f Ecosystem, &'f str, &'f str);

fn place(finding: &Finding) -> Place<'_> {
    (&finding.file, &finding.ecosystem, &finding.name, &finding.version)
}

impl Internal {
    /// The finding of it where it does not come from `wanted`.
    fn confusion(&self, wanted: &str) -> Finding {
        let mut confused = self.finding.clone();
        let from = match (&confused.origin, &self.address) {
            (Some(origin), _) => format!("the lockfile takes it from {}", origin.as_str()),
            (None, Some(_)) => {
                "the lockfile takes it from an address that clients read in several ways, or not at all"
                    .to_owned()
            }
            (None, None) => "the lockfile records no registry for it".to_owned(),
        };
        let name = &confused.name;
        confused.reason =
            format!("the policy calls {name} internal and wants it from {wanted}; {from}").into();
        confused
    }
}

/// The gap of one file that does not tell where `packages` come from, each with the registry that it should be.
fn gap(packages: &[(&Internal, &str)]) -> Option<Gap> {
    let (first, wanted) = packages.first()?;
    let names: Vec<&str> = packages.iter().map(|(one, _)| &*one.finding.name).collect();
    let what = match names.iter().collect::<BTreeSet<_>>().len() {
        1 => "1 internal package comes".to_owned(),
        count => format!("{count} internal packages come"),
    };
    Some(Gap {
        location: Some(Location {
            file: first.finding.file.clone(),
            position: first.finding.place(),
        }),
        reason: format!(
            "the file does not say from which registry {what}: {}",
            listed(names)
        ),
        hint: format!(
            "Check that nothing but {wanted} serves them, or lock them in a format that records the registry."
        ),
    })
}

fn advisory() -> Advisory {
    Advisory {
        id: ID.to_owned(),
        aliases: Vec::new(),
        summary: "a package with an internal name comes from another registry than the policy's".to_owned(),
        class: Class::Confusion,
        severity: Severity {
            level: Level::Critical,
            score: None,
            vector: None,
            source: "lockkeeper".to_owned(),
        },
        published: None,
        known_exploited: false,
        epss: None,
        text: None,
    }
}

/// The registry that a malicious package comes from, as its lockfile tells it: it may be one's own.
pub(super) fn origin(advisory: &Advisory, package: &Package) -> Option<RegistryAddress> {
    let address = match &package.source {
        Source::Registry(address) => address.as_ref().filter(|_| advisory.class == Class::Malicious)?,
        Source::OtherRegistry(_) | Source::Git(_) | Source::Path(_) | Source::Url(_) => return None,
    };
    told(address, &package.name)
}
