//! Matches the packages of one lockfile against the index.

use std::collections::BTreeSet;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashSet};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::confusion::{self, Internal, Other};
use super::read::Opened;
use super::tally::Listed;
use crate::advisory::{Candidate, Candidates, Damage, Index};
use crate::ecosystem;
use crate::matching::{self, Because, Locked, upgrade};
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::finding::{LockedVersion, MAX_PATHS, Match};
use crate::model::{
    Advisory, Assessed, Assessment, DependencyPaths, Ecosystem, Finding, Graph, IndexKey, NodeId, Package,
    Scopes, SharedStr, TreePath, UpgradeBy,
};
use crate::text::Position;

/// What the index says of one lockfile.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// Flaws that it holds.
    pub findings: Vec<Finding>,
    /// Packages of which the index could not say.
    pub undecided: Vec<Gap>,
    /// Packages that advisories name, affected or not; none unless they are kept.
    pub assessed: Vec<Assessed>,
    /// The ecosystems of its packages that advisories may speak of.
    pub ecosystems: BTreeSet<Ecosystem>,
    /// Every package, counted.
    pub listed: Listed,
    /// Packages whose name a policy calls internal.
    pub internal: Vec<Internal>,
    /// Others that come from registries of such packages.
    pub others: Vec<Other>,
    /// A block of the index is not what was written: nothing after it was judged.
    pub damage: Option<String>,
}

/// An index, with what was found in it so far: what one lockfile asked for serves the others.
pub struct Judging<'i> {
    index: &'i Index,
    keep: Keep,
    known: Mutex<HashMap<IndexKey, Arc<Group<'i>>>>,
    upgrades: Mutex<Upgrades>,
}

/// Of so many advisories of one package an upgrade is remembered.
const MANY: usize = 8;

/// Of each version of a package that was asked about.
type Upgrades = HashMap<(IndexKey, SharedStr), Option<Arc<Target>>>;

/// What a version of a package is upgraded to.
struct Target {
    version: SharedStr,
    /// The groups that the upgrade does not end.
    leaves: Vec<IndexKey>,
}

/// How much is kept of a lockfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Findings without a version to upgrade to.
    Matches,
    /// Findings.
    Findings,
    /// Findings, and the assessment of each package that advisories name.
    Assessments,
}

/// A group of records that something was found in, and its last match: most versions of a package are inside the same
/// range and have the same fixed versions, and share these texts.
struct Group<'i> {
    advisory: Arc<Advisory>,
    last: Mutex<Option<(Because<'i>, Texts)>>,
}

/// What matches of one group can share.
#[derive(Clone)]
struct Texts {
    record: Option<SharedStr>,
    reason: SharedStr,
    fixed: Arc<[String]>,
}

impl<'i> Judging<'i> {
    /// Judges by `index`.
    #[must_use]
    pub fn by(index: &'i Index, keep: Keep) -> Self {
        Self {
            index,
            keep,
            known: Mutex::default(),
            upgrades: Mutex::default(),
        }
    }

    fn group(&self, candidate: &Candidate<'_>) -> Result<Arc<Group<'i>>, Damage> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(&candidate.key()) {
            return Ok(known.clone());
        }
        let group = Arc::new(Group {
            advisory: Arc::new(candidate.advisory()?),
            last: Mutex::default(),
        });
        Ok(known().entry(candidate.key()).or_insert(group).clone())
    }

    /// What `version` is upgraded to; worked out once for each version of a package that many advisories speak of.
    fn upgrade(
        &self,
        ecosystem: &Ecosystem,
        version: &SharedStr,
        locked: &Locked<'_>,
        package: &Candidates<'_>,
    ) -> Option<Arc<Target>> {
        if self.keep == Keep::Matches {
            return None;
        }
        let target = || {
            let upgrade = upgrade::upgrade(locked, package)?;
            Some(Arc::new(Target {
                version: (&*ecosystem::spelled_like(ecosystem, version, upgrade.version)).into(),
                leaves: upgrade.leaves,
            }))
        };
        if package.count() < MANY {
            return target();
        }
        let known = || self.upgrades.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (package.key(), version.clone());
        if let Some(known) = known().get(&key) {
            return known.clone();
        }
        let target = target();
        known().entry(key).or_insert(target).clone()
    }

    /// Judges every package of `opened` that advisories may speak of.
    pub fn judge(&self, opened: &Opened<'_>) -> Judged {
        let mut judged = Judged::default();
        let mut affected: Vec<(Vec<NodeId>, Range<usize>)> = Vec::new();
        for group in same(opened) {
            let before = judged.findings.len();
            if let Err(damage) = self.judge_one(opened, &group, &mut judged) {
                judged.damage = Some(damage.to_string());
                break;
            }
            if judged.findings.len() > before {
                affected.push((group.nodes().collect(), before..judged.findings.len()));
            }
        }
        let nodes: Vec<&[NodeId]> = affected.iter().map(|(nodes, _)| nodes.as_slice()).collect();
        judged.findings.shrink_to_fit();
        let (tree, ends) = opened.parsed.graph.shortest_paths(&nodes);
        let tree = Arc::new(tree);
        for ((_, findings), ends) in affected.into_iter().zip(ends) {
            let (paths, total) = DependencyPaths::shortest(&tree, ends, MAX_PATHS);
            for finding in judged.findings.get_mut(findings).unwrap_or_default() {
                finding.paths = paths.clone();
                finding.paths_total = total;
            }
        }
        judged
    }

    fn judge_one(&self, opened: &Opened<'_>, same: &Same<'_>, judged: &mut Judged) -> Result<(), Damage> {
        let package = same.package;
        let candidates = self.index.candidates(&package.ecosystem, &package.name)?;
        if candidates.name().is_empty() {
            return Ok(());
        }
        let each = || same.nodes().filter_map(|id| opened.parsed.graph.package(id));
        let scheme = ecosystem::scheme(&package.ecosystem);
        let locked = Locked::of(
            &package.version,
            scheme,
            candidates.ecosystem(),
            candidates.name(),
        );
        let is_kept = self.keep == Keep::Assessments;
        let mut groups: Vec<(IndexKey, Assessment)> = Vec::new();
        // What all findings of this package share, made for the first one.
        let mut shared: Option<Shared> = None;
        for candidate in candidates.groups() {
            let assessment = match locked.assess(&candidate)? {
                matching::Assessment::NotAffected => Assessment::NotAffected,
                matching::Assessment::Fixed => Assessment::Fixed,
                matching::Assessment::Undecided { reason } => {
                    let (file, position) = opened.position(package.place());
                    let reason = format!("{} {}: {reason}", package.name, package.version);
                    judged.undecided.push(Gap {
                        location: Some(Location { file, position }),
                        reason: reason.clone(),
                        hint: "Compare the version with the advisory by hand: `lockkeeper db show` prints its ranges.".into(),
                    });
                    Assessment::Undecided(reason.into())
                }
                matching::Assessment::Affected { fixed, because } => {
                    let shared = shared.get_or_insert_with(|| {
                        let mut shared = Shared::of(package, opened, each());
                        shared.upgrade =
                            self.upgrade(&package.ecosystem, &shared.package.version, &locked, &candidates);
                        shared
                    });
                    let group = self.group(&candidate)?;
                    let texts = group.shared(because, &fixed)?;
                    let matched = Arc::new(Match {
                        advisory: group.advisory.clone(),
                        group: Some(candidate.key()),
                        record: texts.record,
                        package: shared.package.clone(),
                        fixed: texts.fixed,
                        upgrade: shared.upgrade_from(candidate.key()),
                        reason: texts.reason,
                    });
                    let origin = confusion::origin(&matched.advisory, package);
                    let mut finding = shared.finding(matched.clone());
                    finding.origin = origin;
                    judged.findings.push(finding);
                    Assessment::Affected(matched)
                }
            };
            if is_kept {
                groups.push((candidate.key(), assessment));
            }
        }
        if is_kept {
            let groups: Arc<[_]> = groups.into();
            let name: SharedStr = candidates.name().into();
            let version: SharedStr = (&*package.version).into();
            judged.assessed.extend(each().map(|package| {
                let (file, position) = opened.position(package.place());
                Assessed {
                    ecosystem: package.ecosystem.clone(),
                    name: name.clone(),
                    version: version.clone(),
                    file,
                    position,
                    groups: groups.clone(),
                }
            }));
        }
        Ok(())
    }
}

impl<'i> Group<'i> {
    /// The texts; those of the last match where they are the same.
    fn shared(&self, because: Because<'i>, fixed: &[&str]) -> Result<Texts, Damage> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.take();
        let (record, reason) = match &before {
            Some((known, texts)) if *known == because => (texts.record.clone(), texts.reason.clone()),
            Some(_) | None => {
                let record = because.record()?;
                let is_another = record != self.advisory.id;
                (is_another.then(|| record.into()), because.reason()?.into())
            }
        };
        let fixed = match &before {
            Some((_, texts)) if texts.fixed.iter().eq(fixed) => texts.fixed.clone(),
            Some(_) | None => fixed.iter().map(|version| (*version).to_owned()).collect(),
        };
        let texts = Texts {
            record,
            reason,
            fixed,
        };
        *last = Some((because, texts.clone()));
        Ok(texts)
    }
}

/// What the findings of one package and version in one file share.
struct Shared {
    package: Arc<LockedVersion>,
    file: TreePath,
    place: Position,
    further: Vec<Position>,
    scopes: Scopes,
    direct: bool,
    upgrade_by: Option<Box<UpgradeBy>>,
    upgrade: Option<Arc<Target>>,
}

impl Shared {
    /// The version to upgrade to, if that ends the group.
    fn upgrade_from(&self, group: IndexKey) -> Option<SharedStr> {
        let target = self.upgrade.as_ref()?;
        (!target.leaves.contains(&group)).then(|| target.version.clone())
    }

    fn of<'a>(package: &Package, opened: &Opened<'_>, each: impl Iterator<Item = &'a Package>) -> Self {
        let (file, place) = opened.position(package.place());
        let mut shared = Self {
            package: Arc::new(LockedVersion {
                ecosystem: package.ecosystem.clone(),
                name: (&*package.name).into(),
                version: (&*package.version).into(),
                purl: ecosystem::purl::of(&package.ecosystem, &package.name, &package.version),
            }),
            file,
            place,
            further: Vec::new(),
            scopes: Scopes::default(),
            direct: false,
            upgrade_by: None,
            upgrade: None,
        };
        for package in each {
            let (_, place) = opened.position(package.place());
            if place != shared.place {
                shared.further.push(place);
            }
            shared.scopes = shared.scopes.with(package.scopes);
            shared.direct |= package.direct;
            shared.upgrade_by = match (shared.upgrade_by.take(), package.upgrade_by.clone()) {
                (Some(by), Some(other)) => Some(Box::new(by.with(*other))),
                (by, other) => by.or(other),
            };
        }
        shared
    }

    fn finding(&self, matched: Arc<Match>) -> Finding {
        let mut finding = Finding::new(matched, self.file.clone(), self.place);
        finding.scopes = self.scopes;
        finding.direct = self.direct;
        finding.upgrade_by.clone_from(&self.upgrade_by);
        if !self.further.is_empty() {
            finding.also_at(self.further.iter().copied());
        }
        finding
    }
}

/// Packages of one name and version in one file; nearly always one.
struct Same<'a> {
    package: &'a Package,
    first: NodeId,
    further: Box<[NodeId]>,
}

impl Same<'_> {
    fn nodes(&self) -> impl Iterator<Item = NodeId> {
        std::iter::once(self.first).chain(self.further.iter().copied())
    }
}

/// The packages that are matched, in the order of the file: of those that are the same, all stand at the first.
fn same<'a>(opened: &Opened<'a>) -> impl Iterator<Item = Same<'a>> {
    let graph: &'a Graph = &opened.parsed.graph;
    let packages = move || {
        graph
            .packages()
            .filter(|(_, package)| package.source.is_matched())
    };
    let key = |package: &'a Package| (&*package.name, &*package.version, package.place().file.as_ref());
    let hasher = RandomState::default();
    // A file may have a million: the table holds their numbers alone.
    let mut firsts: HashTable<NodeId> = HashTable::with_capacity(packages().count());
    let mut further: HashMap<NodeId, Vec<NodeId>> = HashMap::default();
    let mut is_further = HashSet::default();
    let hash = |id: &NodeId| hasher.hash_one(graph.package(*id).map(key));
    for (id, package) in packages() {
        let own = Some(key(package));
        match firsts.entry(
            hasher.hash_one(own),
            |first| graph.package(*first).map(key) == own,
            hash,
        ) {
            Entry::Occupied(first) => {
                further.entry(*first.get()).or_default().push(id);
                is_further.insert(id);
            }
            Entry::Vacant(vacant) => {
                vacant.insert(id);
            }
        }
    }
    drop(firsts);
    packages()
        .filter(move |(id, _)| !is_further.contains(id))
        .map(move |(id, package)| Same {
            package,
            first: id,
            further: further.remove(&id).unwrap_or_default().into(),
        })
}
