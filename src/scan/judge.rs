//! Matches the packages of one lockfile against the index.

use std::collections::BTreeSet;
use std::hash::BuildHasher as _;
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
use crate::model::bill::BillFile;
use crate::model::coverage::Gap;
use crate::model::finding::{MAX_PATHS, Match, Occurrence};
use crate::model::{
    Advisory, Assessed, Assessment, DependencyPaths, Ecosystem, Finding, Graph, IndexKey, NodeId, Package,
    SharedStr,
};

const COMPARE: &str =
    "Compare the version with the advisory by hand: `lockkeeper db show` prints its ranges.";
const PIN: &str = "Name one release: its whole version, or its commit with `# v1.2.3` behind it.";

/// What the index says of one lockfile.
#[derive(Debug, Clone, Default)]
pub struct LockfileMatches {
    /// Flaws that it holds.
    pub findings: Vec<Finding>,
    /// Packages of which the index could not say.
    pub undecided: Vec<Gap>,
    /// Packages of ecosystems that lie everywhere, of which it could not: mostly versions that move.
    pub inexact: Vec<Gap>,
    /// Ecosystems of its packages of which the index has nothing, where that is no blind spot: each stands for packages that are
    /// counted.
    pub silent: Vec<Gap>,
    /// Packages that advisories name, affected or not; none unless they are kept.
    pub assessed: Vec<Assessed>,
    /// The names of its own modules; none unless assessments are kept.
    pub own: BTreeSet<String>,
    /// All that it locks; none unless it is kept.
    pub bill: Option<Arc<BillFile>>,
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
pub struct Matcher<'i> {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Findings without a version to upgrade to.
    Matches,
    /// Findings.
    #[default]
    Findings,
    /// Findings, and the assessment of each package that advisories name.
    Assessments,
    /// Findings, and all that is locked.
    Bill,
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

impl<'i> Matcher<'i> {
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
    pub fn judge(&self, opened: &Opened<'_>) -> LockfileMatches {
        let mut judged = LockfileMatches::default();
        if self.keep == Keep::Assessments {
            judged.own = opened.parsed.graph.own_names().map(str::to_owned).collect();
        }
        let mut met: Vec<Met<'_>> = Vec::new();
        for same in same(opened) {
            let mut one = Met::of(same);
            let damage = self.look(opened, &mut one, &mut judged).err();
            if !one.said.is_empty() {
                met.push(one);
            }
            if let Some(damage) = damage {
                judged.damage = Some(damage.to_string());
                break;
            }
        }
        // Paths are looked for where something is affected.
        let affected = || met.iter().filter(|met| met.occurrence.is_some());
        let nodes: Vec<Vec<NodeId>> = affected().map(|met| met.same.nodes().collect()).collect();
        let nodes: Vec<&[NodeId]> = nodes.iter().map(Vec::as_slice).collect();
        let (tree, ends) = opened.parsed.graph.shortest_paths(&nodes);
        let (tree, mut ends) = (Arc::new(tree), ends.into_iter());
        let of_met = affected().map(|met| met.said.len());
        judged.findings.reserve_exact(of_met.sum());
        for mut met in met {
            if let Some(occurrence) = &mut met.occurrence {
                let ends = ends.next().unwrap_or_default();
                (occurrence.paths, occurrence.paths_total) =
                    DependencyPaths::shortest(&tree, ends, MAX_PATHS);
            }
            met.put_into(&mut judged, opened, self.keep);
        }
        judged.findings.shrink_to_fit();
        judged
    }

    /// What the index says of a package.
    fn look(
        &self,
        opened: &Opened<'_>,
        met: &mut Met<'_>,
        judged: &mut LockfileMatches,
    ) -> Result<(), Damage> {
        let package = met.same.package;
        let candidates = self.index.candidates(&package.ecosystem, &package.name)?;
        if candidates.name().is_empty() {
            return Ok(());
        }
        let scheme = ecosystem::scheme(&package.ecosystem);
        let locked = Locked::of(
            &package.version,
            scheme,
            candidates.ecosystem(),
            candidates.name(),
        );
        let mut upgrade = None;
        for candidate in candidates.groups() {
            let said = match locked.assess(&candidate)? {
                matching::Assessment::NotAffected => Said::NotAffected,
                matching::Assessment::Fixed => Said::Fixed,
                matching::Assessment::Undecided { reason } => {
                    let (file, position) = opened.position(package.place());
                    let reason = format!("{} {}: {reason}", package.name, package.version);
                    let (gaps, hint) = match ecosystem::lies_everywhere(&package.ecosystem) {
                        true => (&mut judged.inexact, PIN),
                        false => (&mut judged.undecided, COMPARE),
                    };
                    gaps.push(Gap {
                        location: Some(Location { file, position }),
                        reason: reason.clone(),
                        hint: hint.into(),
                    });
                    Said::Undecided(reason.into())
                }
                matching::Assessment::Affected { fixed, because, ends } => {
                    if met.occurrence.is_none() {
                        let occurrence = met.same.occurrence(opened);
                        upgrade = self.upgrade(&package.ecosystem, &occurrence.version, &locked, &candidates);
                        met.occurrence = Some(occurrence);
                    }
                    let group = self.group(&candidate)?;
                    let is_ended_by = |target: &&Arc<Target>| !target.leaves.contains(&candidate.key());
                    Said::Affected(Affecting {
                        advisory: group.advisory.clone(),
                        texts: group.shared(because, &fixed)?,
                        ends,
                        upgrade: upgrade
                            .as_ref()
                            .filter(is_ended_by)
                            .map(|target| target.version.clone()),
                    })
                }
            };
            if self.keep == Keep::Assessments || matches!(said, Said::Affected(_)) {
                met.said.push((candidate.key(), said));
            }
        }
        if self.keep == Keep::Assessments {
            met.name = candidates.name().into();
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
                let record = because.record(&self.advisory.id)?;
                let reason = because.reason(record.as_deref().unwrap_or(&self.advisory.id));
                (record.map(SharedStr::from), reason.into())
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

/// A package that advisories speak of.
struct Met<'a> {
    same: Same<'a>,
    /// As the index writes its name; empty unless assessments are kept.
    name: SharedStr,
    /// What its findings share; `None` as long as nothing affects it.
    occurrence: Option<Occurrence>,
    /// What each group says; those that do not affect it are left out unless assessments are kept.
    said: Vec<(IndexKey, Said)>,
}

/// What a group says of a package, before the paths to it are known.
enum Said {
    NotAffected,
    Fixed,
    Undecided(SharedStr),
    Affected(Affecting),
}

/// A group that affects a package.
struct Affecting {
    advisory: Arc<Advisory>,
    texts: Texts,
    ends: bool,
    upgrade: Option<SharedStr>,
}

impl<'a> Met<'a> {
    fn of(same: Same<'a>) -> Self {
        Self {
            same,
            name: SharedStr::default(),
            occurrence: None,
            said: Vec::new(),
        }
    }

    /// Makes findings and assessments of it.
    fn put_into(self, judged: &mut LockfileMatches, opened: &Opened<'_>, keep: Keep) {
        let occurrence = self.occurrence.map(Arc::new);
        let mut groups: Vec<(IndexKey, Assessment)> = Vec::new();
        for (key, said) in self.said {
            let assessment = match (said, &occurrence) {
                (Said::Affected(affecting), Some(occurrence)) => {
                    let matched = Arc::new(Match {
                        advisory: affecting.advisory,
                        group: Some(key),
                        record: affecting.texts.record,
                        package: occurrence.clone(),
                        fixed: affecting.texts.fixed,
                        ends: affecting.ends,
                        upgrade: affecting.upgrade,
                        reason: affecting.texts.reason,
                    });
                    let mut finding = Finding::new(matched.clone());
                    finding.origin = confusion::origin(&matched.advisory, self.same.package);
                    judged.findings.push(finding);
                    Assessment::Affected(matched)
                }
                (Said::Undecided(reason), _) => Assessment::Undecided(reason),
                (Said::Fixed, _) => Assessment::Fixed,
                (Said::NotAffected | Said::Affected(_), _) => Assessment::NotAffected,
            };
            if keep == Keep::Assessments {
                groups.push((key, assessment));
            }
        }
        if keep == Keep::Assessments {
            let groups: Arc<[_]> = groups.into();
            let version: SharedStr = (&*self.same.package.version).into();
            judged.assessed.extend(self.same.packages(opened).map(|package| {
                let (file, position) = opened.position(package.place());
                Assessed {
                    ecosystem: package.ecosystem.clone(),
                    name: self.name.clone(),
                    version: version.clone(),
                    file,
                    position,
                    groups: groups.clone(),
                }
            }));
        }
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

    fn packages<'o>(&self, opened: &Opened<'o>) -> impl Iterator<Item = &'o Package> {
        let graph = &opened.parsed.graph;
        self.nodes().filter_map(|id| graph.package(id))
    }

    /// All of them together, without paths.
    fn occurrence(&self, opened: &Opened<'_>) -> Occurrence {
        let package = self.package;
        let (file, place) = opened.position(package.place());
        let mut occurrence = Occurrence::new(
            package.ecosystem.clone(),
            (&*package.name).into(),
            (&*package.version).into(),
            ecosystem::purl::of(&package.ecosystem, &package.name, &package.version),
            file,
            place,
        );
        for package in self.packages(opened) {
            occurrence.scopes = occurrence.scopes.with(package.scopes);
            occurrence.direct |= package.direct;
            occurrence.upgrade_by = match (occurrence.upgrade_by.take(), package.upgrade_by.clone()) {
                (Some(by), Some(other)) => Some(Box::new(by.with(*other))),
                (by, other) => by.or(other),
            };
        }
        if !self.further.is_empty() {
            occurrence.also_at(
                self.packages(opened)
                    .map(|package| opened.position(package.place()).1),
            );
        }
        occurrence
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
    let key = |package: &'a Package| {
        // A file may have packages of one name in several ecosystems.
        (
            &package.ecosystem,
            &*package.name,
            &*package.version,
            package.place().file.as_ref(),
        )
    };
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
