//! Matches the packages of one lockfile against the index.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::{HashMap, HashMapExt as _};

use super::confusion::{self, Internal};
use super::read::Opened;
use super::tally::Listed;
use crate::advisory::{Candidate, CandidateKey, Candidates, Damage, Index};
use crate::ecosystem;
use crate::matching::{self, Because, Judgement, upgrade};
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::finding::{MAX_PATHS, Match};
use crate::model::{
    Advisory, DependencyPaths, Ecosystem, Finding, NodeId, Package, PackageUrl, Scopes, SharedStr, TreePath,
};
use crate::text::Position;

/// What the index says of one lockfile.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// Flaws that it holds.
    pub findings: Vec<Finding>,
    /// Packages of which the index could not say.
    pub undecided: Vec<Gap>,
    /// Packages that the index has an advisory of, affected or not.
    pub known: Vec<Known>,
    /// The ecosystems of its packages that advisories may speak of.
    pub ecosystems: BTreeSet<Ecosystem>,
    /// Every package, counted.
    pub listed: Listed,
    /// Packages whose name a policy calls internal.
    pub internal: Vec<Internal>,
    /// A block of the index is not what was written: nothing after it was judged.
    pub damage: Option<String>,
}

/// A package that a lockfile holds and that the index has an advisory of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known {
    /// Its ecosystem.
    pub ecosystem: Ecosystem,
    /// Its name, in the spelling of the index.
    pub name: String,
    /// The version as written.
    pub version: String,
    /// The file in which it stands.
    pub file: TreePath,
    /// Where in the file.
    pub position: Position,
    /// The id of an advisory that nobody can hold its version against, and the reason of the gap; `None` if it was held against all.
    pub undecided: Option<Box<(String, String)>>,
}

/// An index, with what was found in it so far: what one lockfile asked for serves the others.
pub struct Judging<'i> {
    index: &'i Index,
    keep: Keep,
    known: Mutex<HashMap<CandidateKey, Arc<Group<'i>>>>,
    upgrades: Mutex<Upgrades>,
}

/// Of so many advisories of one package an upgrade is remembered.
const MANY: usize = 8;

/// Of each version of a package that was asked about.
type Upgrades = HashMap<(CandidateKey, SharedStr), Option<Arc<Target>>>;

/// What a version of a package is upgraded to.
struct Target {
    version: SharedStr,
    /// The groups that the upgrade does not end.
    leaves: Vec<CandidateKey>,
}

/// What is kept of a lockfile besides what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing, and what to upgrade to is not asked.
    Matches,
    /// Nothing.
    Findings,
    /// The packages that the index knows, affected or not.
    KnownPackages,
}

/// A group of records that something was found in, and the texts that its matches share: most versions of a package are
/// inside the same range and have the same way up.
struct Group<'i> {
    advisory: Arc<Advisory>,
    last: Mutex<Option<Last<'i>>>,
}

/// The last match of a group.
struct Last<'i> {
    because: Because<'i>,
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
        let kept = match self.keep {
            Keep::Matches | Keep::Findings => None,
            Keep::KnownPackages => Some(each()),
        };
        for package in kept.into_iter().flatten() {
            let (file, position) = opened.position(package.place());
            judged.known.push(Known {
                ecosystem: package.ecosystem.clone(),
                name: candidates.name().to_owned(),
                version: package.version.to_string(),
                file,
                position,
                undecided: None,
            });
        }
        // What all findings of this package share, made for the first one.
        let mut shared: Option<Shared> = None;
        for candidate in candidates.groups() {
            match matching::judge(&package.version, scheme, &candidate)? {
                Judgement::NotAffected => {}
                Judgement::Undecided { reason } => {
                    let (file, position) = opened.position(package.place());
                    let reason = format!("{} {}: {reason}", package.name, package.version);
                    if self.keep == Keep::KnownPackages {
                        let id = self.group(&candidate)?.advisory.id.clone();
                        judged.known.push(Known {
                            ecosystem: package.ecosystem.clone(),
                            name: candidates.name().to_owned(),
                            version: package.version.to_string(),
                            file: file.clone(),
                            position,
                            undecided: Some(Box::new((id, reason.clone()))),
                        });
                    }
                    judged.undecided.push(Gap {
                        location: Some(Location { file, position }),
                        reason,
                        hint: "Compare the version with the advisory by hand: `lockkeeper db show` prints its ranges.".into(),
                    });
                }
                Judgement::Affected { fixed, because } => {
                    let shared = shared.get_or_insert_with(|| {
                        let mut shared = Shared::of(package, opened, each());
                        shared.upgrade = self.upgrade(&package.ecosystem, &shared.version, &candidates);
                        shared
                    });
                    let group = self.group(&candidate)?;
                    let (reason, fixed) = group.shared(because, &fixed)?;
                    let matched = Match {
                        advisory: group.advisory.clone(),
                        ecosystem: package.ecosystem.clone(),
                        name: shared.name.clone(),
                        version: shared.version.clone(),
                        purl: shared.purl.clone(),
                        fixed,
                        upgrade: shared.upgrade_from(candidate.key()),
                        reason,
                    };
                    let origin = confusion::origin(&matched.advisory, package);
                    let mut finding = shared.finding(matched);
                    finding.origin = origin;
                    judged.findings.push(finding);
                }
            }
        }
        Ok(())
    }
}

impl<'i> Group<'i> {
    /// The texts; those of the last match where they are the same.
    fn shared(&self, because: Because<'i>, fixed: &[&str]) -> Result<(SharedStr, Arc<[String]>), Damage> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let told = last.take();
        let reason = match &told {
            Some(last) if last.because == because => last.reason.clone(),
            Some(_) | None => because.reason()?.into(),
        };
        let fixed = match &told {
            Some(last) if last.fixed.iter().eq(fixed) => last.fixed.clone(),
            Some(_) | None => fixed.iter().map(|version| (*version).to_owned()).collect(),
        };
        *last = Some(Last {
            because,
            reason: reason.clone(),
            fixed: fixed.clone(),
        });
        Ok((reason, fixed))
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
    upgrade: Option<Arc<Target>>,
}

impl Shared {
    /// The version to upgrade to, if that ends the group.
    fn upgrade_from(&self, group: CandidateKey) -> Option<SharedStr> {
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
            upgrade: None,
        };
        for package in each {
            let (_, place) = opened.position(package.place());
            if place != shared.place {
                shared.further.push(place);
            }
            shared.scopes = shared.scopes.with(package.scopes);
            shared.direct |= package.direct;
        }
        shared
    }

    fn finding(&self, matched: Match) -> Finding {
        let mut finding = Finding::new(Arc::new(matched), self.file.clone(), self.place);
        finding.scopes = self.scopes;
        finding.direct = self.direct;
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
