//! Matches the packages of one lockfile against the index.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::{HashMap, HashMapExt as _};

use super::confusion::{self, Internal, Other};
use super::read::Opened;
use super::tally::Listed;
use crate::advisory::{Candidate, Candidates, Damage, Index};
use crate::ecosystem;
use crate::matching::{self, Because, upgrade};
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::finding::{MAX_PATHS, Match};
use crate::model::{
    Advisory, Assessed, Assessment, DependencyPaths, Ecosystem, Finding, IndexKey, NodeId, Package,
    PackageUrl, Scopes, SharedStr, TreePath, UpgradeBy,
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
        package: &Candidates<'_>,
    ) -> Option<Arc<Target>> {
        if self.keep == Keep::Matches {
            return None;
        }
        let target = || {
            let upgrade = upgrade::upgrade(version, ecosystem::scheme(ecosystem), package)?;
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
        let mut affected: Vec<(usize, Range<usize>)> = Vec::new();
        let groups = same(opened);
        for (number, group) in groups.iter().enumerate() {
            let before = judged.findings.len();
            if let Err(damage) = self.judge_one(opened, group, &mut judged) {
                judged.damage = Some(damage.to_string());
                break;
            }
            if judged.findings.len() > before {
                affected.push((number, before..judged.findings.len()));
            }
        }
        let nodes: Vec<Vec<NodeId>> = affected
            .iter()
            .filter_map(|(number, _)| groups.get(*number))
            .map(|group| group.nodes().collect())
            .collect();
        let nodes: Vec<&[NodeId]> = nodes.iter().map(Vec::as_slice).collect();
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
        let is_kept = self.keep == Keep::Assessments;
        let mut groups: Vec<(IndexKey, Assessment)> = Vec::new();
        // What all findings of this package share, made for the first one.
        let mut shared: Option<Shared> = None;
        for candidate in candidates.groups() {
            let assessment = match matching::assess(&package.version, scheme, &candidate)? {
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
                        shared.upgrade = self.upgrade(&package.ecosystem, &shared.version, &candidates);
                        shared
                    });
                    let group = self.group(&candidate)?;
                    let texts = group.shared(because, &fixed)?;
                    let matched = Arc::new(Match {
                        advisory: group.advisory.clone(),
                        group: Some(candidate.key()),
                        record: texts.record,
                        ecosystem: package.ecosystem.clone(),
                        name: shared.name.clone(),
                        version: shared.version.clone(),
                        purl: shared.purl.clone(),
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
    name: SharedStr,
    version: SharedStr,
    purl: PackageUrl,
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
            name: (&*package.name).into(),
            version: (&*package.version).into(),
            purl: ecosystem::purl::of(&package.ecosystem, &package.name, &package.version),
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
    further: Vec<NodeId>,
}

impl Same<'_> {
    fn nodes(&self) -> impl Iterator<Item = NodeId> {
        std::iter::once(self.first).chain(self.further.iter().copied())
    }
}

fn same<'a>(opened: &Opened<'a>) -> Vec<Same<'a>> {
    let packages = opened.parsed.graph.nodes().len();
    let mut order: Vec<Same<'a>> = Vec::with_capacity(packages);
    let mut known: HashMap<(&str, &str, Option<&TreePath>), usize> = HashMap::with_capacity(packages);
    for (id, package) in opened
        .parsed
        .graph
        .packages()
        .filter(|(_, package)| package.source.is_matched())
    {
        let key = (&*package.name, &*package.version, package.place().file.as_ref());
        let number = *known.entry(key).or_insert(order.len());
        match order.get_mut(number) {
            Some(same) => same.further.push(id),
            None => order.push(Same {
                package,
                first: id,
                further: Vec::new(),
            }),
        }
    }
    order
}
