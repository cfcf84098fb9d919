//! What to do: the findings of one package's version joined into the moves that end them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::worst;
use crate::ecosystem;
use crate::model::{Class, Ecosystem, Finding, Outcome, Target};

/// One thing to do about one version of a package, and what it ends.
#[derive(Debug)]
pub struct Move<'o> {
    /// The package's ecosystem.
    pub ecosystem: &'o Ecosystem,
    /// Its name.
    pub name: &'o str,
    /// The version held.
    pub version: &'o str,
    /// What is to be done.
    pub means: Means<'o>,
    /// A finding for each flaw that this ends or is about, worst first.
    pub flaws: Vec<&'o Finding>,
    /// A finding for each file that holds the version, in the order of the targets.
    pub places: Vec<Here<'o>>,
}

/// A finding with its target.
type Here<'o> = (&'o Target, &'o Finding);

/// What is to be done about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means<'o> {
    /// It was made to harm: out with it.
    Remove,
    /// It is one's own, and comes from another registry than one's own.
    Registry,
    /// Move up to this version.
    To(&'o str),
    /// No version is known that leaves the flaws.
    Wait,
}

/// The moves for the findings that `counts` picks, worst first.
///
/// A move goes to the lowest fixed version that ends the most flaws of the held one. It is counted as the
/// end of a flaw if it is one of the flaw's fixed versions, or above all of them, or above one of them and
/// on the same release line (more leading numbers in common with it than with the next higher one).
#[must_use]
pub fn moves<'o>(outcome: &'o Outcome, counts: impl Fn(&Finding) -> bool) -> Vec<Move<'o>> {
    let mut held: BTreeMap<(&Ecosystem, Cow<'_, str>, &str), Vec<Here<'o>>> = BTreeMap::new();
    for (target, finding) in outcome.findings().filter(|(_, finding)| counts(finding)) {
        // Files spell one name in several ways (PyPI).
        let name = ecosystem::normalise(&finding.ecosystem, &finding.name);
        held.entry((&finding.ecosystem, name, &finding.version))
            .or_default()
            .push((target, finding));
    }
    let mut moves: Vec<Move<'o>> = held
        .into_values()
        .flat_map(|findings| of_one(&findings))
        .collect();
    moves.sort_by(|left, right| match (left.flaws.first(), right.flaws.first()) {
        (Some(left), Some(right)) => worst::first(left, right),
        (left, right) => left.is_none().cmp(&right.is_none()),
    });
    moves
}

/// The moves for all findings of one version of one package.
fn of_one<'o>(findings: &[Here<'o>]) -> Vec<Move<'o>> {
    let Some((_, sample)) = findings.first() else {
        return Vec::new();
    };
    let mut flaws: Vec<&Finding> = findings.iter().map(|(_, finding)| *finding).collect();
    flaws.sort_by(|left, right| worst::first(left, right));
    let mut seen = BTreeSet::new();
    flaws.retain(|finding| seen.insert(finding.advisory.id.as_str()));

    let join = |means, flaws: Vec<&'o Finding>| {
        let ids: BTreeSet<&str> = flaws.iter().map(|finding| finding.advisory.id.as_str()).collect();
        let mut files = BTreeSet::new();
        let places = findings
            .iter()
            .filter(|(_, finding)| ids.contains(finding.advisory.id.as_str()))
            .filter(|(target, finding)| files.insert((&target.root, &target.ref_name, &finding.file)))
            .copied()
            .collect();
        Move {
            ecosystem: &sample.ecosystem,
            name: &sample.name,
            version: &sample.version,
            means,
            flaws,
            places,
        }
    };
    if flaws
        .iter()
        .any(|finding| finding.advisory.class == Class::Malicious)
    {
        return vec![join(Means::Remove, flaws)];
    }
    let (confused, flaws): (Vec<_>, Vec<_>) = flaws
        .into_iter()
        .partition(|finding| finding.advisory.class == Class::Confusion);
    let mut moves = Vec::new();
    if !confused.is_empty() {
        moves.push(join(Means::Registry, confused));
    }
    let (mut open, unfixed): (Vec<_>, Vec<_>) =
        flaws.into_iter().partition(|finding| !finding.fixed.is_empty());
    while !open.is_empty() && moves.len() <= MAX_ROUNDS {
        let (to, ended) = best(&sample.ecosystem, &open);
        let (ended, left) = open
            .into_iter()
            .enumerate()
            .partition::<Vec<_>, _>(|(number, _)| ended.contains(number));
        open = left.into_iter().map(|(_, finding)| finding).collect();
        moves.push(join(
            Means::To(to),
            ended.into_iter().map(|(_, finding)| finding).collect(),
        ));
    }
    // What no other version ends together is a move of its own.
    for finding in open {
        let to = finding.fixed.first().map(String::as_str).unwrap_or_default();
        moves.push(join(Means::To(to), vec![finding]));
    }
    if !unfixed.is_empty() {
        moves.push(join(Means::Wait, unfixed));
    }
    moves
}

/// So many moves of one version are looked for together.
const MAX_ROUNDS: usize = 16;

/// Candidates are tried from the highest downwards, at most so many.
const MAX_CANDIDATES: usize = 256;

/// The lowest version that ends the most of `open`, and the numbers of those that it ends: at least one.
fn best<'o>(ecosystem: &Ecosystem, open: &[&'o Finding]) -> (&'o str, BTreeSet<usize>) {
    let ladder = Ladder::of(ecosystem, open);
    let mut best = ("", BTreeSet::new());
    let skip = ladder.versions.len().saturating_sub(MAX_CANDIDATES);
    for (rank, version) in ladder.versions.iter().enumerate().skip(skip) {
        let ended: BTreeSet<usize> = open
            .iter()
            .enumerate()
            .filter(|(_, finding)| ladder.ends(rank, finding))
            .map(|(number, _)| number)
            .collect();
        if ended.len() > best.1.len() {
            best = (version, ended);
        }
    }
    best
}

/// Every fixed version of some findings in the order of their ecosystem.
struct Ladder<'o> {
    versions: Vec<&'o str>,
    ranks: BTreeMap<&'o str, usize>,
    /// The versions from this rank on cannot be ordered: each stands for itself.
    ordered: usize,
}

impl<'o> Ladder<'o> {
    fn of(ecosystem: &Ecosystem, findings: &[&'o Finding]) -> Self {
        let all: BTreeSet<&str> = findings
            .iter()
            .flat_map(|finding| finding.fixed.iter().map(String::as_str))
            .collect();
        let scheme = ecosystem::scheme(ecosystem);
        let order = |left: &str, right: &str| scheme.and_then(|scheme| scheme.compare(left, right).ok());
        let (mut versions, strange): (Vec<&str>, Vec<&str>) = all
            .into_iter()
            .partition(|version| order(version, version).is_some());
        versions.sort_by(|left, right| order(left, right).unwrap_or(Ordering::Equal));
        let ordered = versions.len();
        versions.extend(strange);
        let ranks = versions
            .iter()
            .enumerate()
            .map(|(rank, version)| (*version, rank))
            .collect();
        Self {
            versions,
            ranks,
            ordered,
        }
    }

    /// Moving to the version at `rank` ends the finding, as far as its fixed versions tell.
    fn ends(&self, rank: usize, finding: &Finding) -> bool {
        let mut below = None;
        let mut above = None;
        for fixed in &*finding.fixed {
            match self.ranks.get(fixed.as_str()).copied() {
                Some(fixed) if fixed == rank => return true,
                Some(fixed) if fixed < rank && fixed < self.ordered => below = below.max(Some(fixed)),
                Some(fixed) if fixed < self.ordered => {
                    above = Some(above.map_or(fixed, |above: usize| above.min(fixed)));
                }
                Some(_) | None => {}
            }
        }
        let at = |rank: usize| self.versions.get(rank).copied().unwrap_or_default();
        match (below, above) {
            _ if rank >= self.ordered => false,
            (None, _) => false,
            (Some(_), None) => true,
            (Some(below), Some(above)) => in_common(at(rank), at(below)) > in_common(at(rank), at(above)),
        }
    }
}

/// How many leading parts two versions share: 2 for `1.2.3` and `1.2.9`.
fn in_common(left: &str, right: &str) -> usize {
    let parts = |version| str::split(version, |character: char| !character.is_ascii_alphanumeric());
    parts(left)
        .zip(parts(right))
        .take_while(|(left, right)| left == right)
        .count()
}
