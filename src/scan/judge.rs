//! Matches the packages of one lockfile against the index.

use std::collections::HashMap;
use std::sync::Arc;

use super::read::Opened;
use crate::advisory::Index;
use crate::ecosystem;
use crate::matching::{self, Judgement};
use crate::model::coverage::Gap;
use crate::model::finding::{Found, MAX_PATHS};
use crate::model::graph::Paths;
use crate::model::{Ecosystem, Finding, NodeId, Package, Scopes, TreePath};
use crate::text::Position;

/// What the index says of one lockfile.
#[derive(Debug, Default)]
pub struct Judged {
    /// Flaws that it holds.
    pub findings: Vec<Finding>,
    /// Packages of which the index could not say.
    pub undecided: Vec<Gap>,
    /// Packages that the index has an advisory of, affected or not.
    pub known: Vec<Known>,
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
}

/// Judges every package of `opened` that advisories may speak of.
pub fn judge(opened: &Opened<'_>, index: &Index) -> Judged {
    let mut judged = Judged::default();
    let mut paths: Option<Paths<'_>> = None;
    for group in same(opened) {
        if let Err(damage) = judge_one(opened, index, &group, &mut paths, &mut judged) {
            judged.damage = Some(damage);
            break;
        }
    }
    judged
}

/// Packages of one name and version in one file.
struct Same<'a> {
    package: &'a Package,
    nodes: Vec<NodeId>,
}

fn same<'a>(opened: &Opened<'a>) -> Vec<Same<'a>> {
    let mut order: Vec<Same<'a>> = Vec::new();
    let mut known: HashMap<(&str, &str, Option<&TreePath>), usize> = HashMap::new();
    for (id, package) in opened
        .parsed
        .graph
        .packages()
        .filter(|(_, package)| package.source.is_matched())
    {
        let key = (
            package.name.as_str(),
            package.version.as_str(),
            package.place().file.as_ref(),
        );
        let number = *known.entry(key).or_insert(order.len());
        match order.get_mut(number) {
            Some(same) => same.nodes.push(id),
            None => order.push(Same {
                package,
                nodes: vec![id],
            }),
        }
    }
    order
}

fn judge_one<'a>(
    opened: &Opened<'a>,
    index: &Index,
    same: &Same<'a>,
    paths: &mut Option<Paths<'a>>,
    judged: &mut Judged,
) -> Result<(), String> {
    let Same { package, nodes } = same;
    let candidates = index
        .candidates(&package.ecosystem, &package.name)
        .map_err(|damage| damage.to_string())?;
    let scheme = ecosystem::scheme(&package.ecosystem);
    if !candidates.name().is_empty() {
        for package in nodes.iter().filter_map(|id| opened.parsed.graph.package(*id)) {
            let (file, position) = opened.position(package.place());
            judged.known.push(Known {
                ecosystem: package.ecosystem.clone(),
                name: candidates.name().to_owned(),
                version: package.version.clone(),
                file,
                position,
            });
        }
    }
    for candidate in candidates.groups() {
        match matching::judge(&package.version, scheme, &candidate).map_err(|damage| damage.to_string())? {
            Judgement::NotAffected => {}
            Judgement::Undecided { reason } => {
                let (file, position) = opened.position(package.place());
                judged.undecided.push(Gap {
                    file,
                    position,
                    reason: format!("{} {}: {reason}", package.name, package.version),
                    hint: "Compare the version with the advisory by hand: `lockkeeper db show` prints its ranges.".into(),
                });
            }
            Judgement::Affected { fixed, reason } => {
                let advisory = Arc::new(candidate.advisory().map_err(|damage| damage.to_string())?);
                let each = || nodes.iter().filter_map(|id| opened.parsed.graph.package(*id));
                let found = Found {
                    advisory,
                    ecosystem: package.ecosystem.clone(),
                    name: package.name.clone(),
                    version: package.version.clone(),
                    purl: ecosystem::purl::purl(&package.ecosystem, &package.name, &package.version),
                    fixed,
                    reason,
                    scopes: each().fold(Scopes::default(), |scopes, package| scopes.with(package.scopes)),
                    direct: each().any(|package| package.direct),
                };
                let (file, position) = opened.position(package.place());
                let mut finding = found.at(file, position);
                for package in each() {
                    finding.also_at(opened.position(package.place()).1);
                }
                let paths = paths.get_or_insert_with(|| opened.parsed.graph.paths());
                // A version at hundreds of places is told by the paths to the first of them.
                let mut all: Vec<_> = nodes
                    .iter()
                    .take(MAX_PATHS)
                    .flat_map(|node| paths.to(*node))
                    .collect();
                all.sort_by(|left, right| (left.len(), left).cmp(&(right.len(), right)));
                all.dedup();
                finding.paths_total = all.len();
                all.truncate(MAX_PATHS);
                finding.paths = all;
                judged.findings.push(finding);
            }
        }
    }
    Ok(())
}
