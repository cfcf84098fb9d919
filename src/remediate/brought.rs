//! Findings that upgrades bring into a tree: what a scan of the result has, and the scan before had not.

use std::collections::{BTreeMap, BTreeSet};

use crate::ecosystem;
use crate::model::{Decision, Ecosystem, Finding, Gap, Outcome, Target, TreePath};
use crate::plan::{Blocked, LockfilePlan, Plan};

/// A lockfile: the number of its target, and its path.
type File = (usize, TreePath);

/// What upgrades of each lockfile brought, in all rounds so far.
#[derive(Debug, Default)]
pub struct Brought {
    files: BTreeMap<File, OfFile>,
}

/// What upgrades of one lockfile brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfFile {
    ecosystem: Ecosystem,
    /// Packages by normal name and version, with the ids of the advisories. No version: every one of them.
    packages: BTreeMap<(String, Option<String>), BTreeSet<String>>,
    /// Why the result could not be read.
    blind: Option<String>,
    /// So many scans found something.
    rounds: usize,
}

/// After so many scans with new findings nothing of the lockfile is upgraded.
const MAX_ROUNDS: usize = 4;

impl Brought {
    /// Adds what `after` has and `before` had not, for the files that `plans` edit; whether there is any, and plans have to be
    /// made anew.
    pub fn add(&mut self, before: &Outcome, after: &Outcome, plans: &[LockfilePlan]) -> bool {
        let mut again = false;
        for plan in plans.iter().filter(|plan| !plan.edited.is_empty()) {
            let (Some(before), Some(after)) =
                (before.targets.get(plan.target), after.targets.get(plan.target))
            else {
                continue;
            };
            let is_edited = |file: &TreePath| plan.edited.iter().any(|edited| edited.path == *file);
            let new = new_findings(before, after, &is_edited);
            let blind = new_gap(before, after, &is_edited);
            if new.is_empty() && blind.is_none() {
                continue;
            }
            let file = (plan.target, plan.file.clone());
            let of_file = self
                .files
                .entry(file)
                .or_insert_with(|| OfFile::new(&plan.ecosystem));
            of_file.rounds += 1;
            of_file.blind = of_file.blind.take().or(blind.map(|gap| gap.reason.clone()));
            for finding in new {
                // What no advisory says is true of the name, in every version.
                let version = finding.group.is_some().then(|| finding.version.to_string());
                let name = ecosystem::normalise(&finding.ecosystem, &finding.name);
                let ids = of_file.packages.entry((name.into_owned(), version));
                ids.or_default().insert(finding.advisory.id.clone());
            }
            again = true;
        }
        again
    }

    /// What upgrades of `file` in the target `target` brought.
    pub(super) fn of(&self, target: usize, file: &TreePath, ecosystem: &Ecosystem) -> OfFile {
        let known = self.files.get(&(target, file.clone()));
        known.cloned().unwrap_or_else(|| OfFile::new(ecosystem))
    }
}

impl OfFile {
    fn new(ecosystem: &Ecosystem) -> Self {
        Self {
            ecosystem: ecosystem.clone(),
            packages: BTreeMap::new(),
            blind: None,
            rounds: 0,
        }
    }

    /// A version that would bring findings.
    pub(super) fn has(&self, name: &str, version: &str) -> bool {
        let name = ecosystem::normalise(&self.ecosystem, name);
        let of = |version: Option<&str>| {
            let key = (name.clone().into_owned(), version.map(str::to_owned));
            self.packages.contains_key(&key)
        };
        !self.packages.is_empty() && (of(None) || of(Some(version)))
    }

    /// Why nothing of the lockfile is upgraded, as a sentence.
    pub(super) fn gives_up(&self) -> Option<String> {
        match &self.blind {
            Some(reason) => Some(format!("A scan of the result could not read it: {reason}.")),
            None if self.rounds >= MAX_ROUNDS => Some(format!(
                "Every plan brings findings that are not there now: {}.",
                self.named(|_| true)
            )),
            None => None,
        }
    }

    /// What `plan` brings of it, as a sentence.
    pub(super) fn within(&self, plan: &Plan) -> Option<String> {
        let moves = plan.moves.iter();
        let moves = moves.filter_map(|one| Some((&one.name, one.to.as_ref()?)));
        let beside = plan.collateral.iter();
        let beside = beside.filter_map(|one| Some((&one.name, one.to.as_ref()?)));
        let mut new = moves.chain(beside);
        let (name, version) = new.find(|(name, version)| self.has(name, version))?;
        let name = ecosystem::normalise(&self.ecosystem, name);
        let is_it = |known: &(String, Option<String>)| {
            known.0 == *name && known.1.as_ref().is_none_or(|known| known == version)
        };
        Some(format!(
            "It would bring findings that are not there now: {}.",
            self.named(is_it)
        ))
    }

    /// Adds to each reason of `plan` what a scan found of the package that it speaks of.
    pub(super) fn explain(&self, plan: &mut Plan) {
        let is_about = |blocked: &Blocked, name: &str| {
            let mut by = blocked.by.iter();
            let is_it = |other: &str| ecosystem::normalise(&self.ecosystem, other) == name;
            is_it(&blocked.name) || by.any(|one| is_it(&one.name)) || blocked.reason.contains(name)
        };
        for blocked in &mut plan.blocked {
            let named = self.named(|(name, _)| is_about(blocked, name));
            if !named.is_empty() && !blocked.reason.contains(&named) {
                blocked.reason = format!(
                    "{} A scan of the result would find what is not there now: {named}.",
                    blocked.reason
                );
            }
        }
    }

    /// The packages that `is_meant` picks, with the ids of their advisories.
    fn named(&self, is_meant: impl Fn(&(String, Option<String>)) -> bool) -> String {
        let packages = self.packages.iter().filter(|(package, _)| is_meant(package));
        let named = packages.map(|((name, version), ids)| {
            let ids = ids.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            match version {
                Some(version) => format!("{ids} in {name} {version}"),
                None => format!("{ids} in {name}"),
            }
        });
        named.collect::<Vec<_>>().join("; ")
    }
}

/// One advisory on one package of one file.
type Key<'o> = (&'o TreePath, &'o str, &'o str);

/// The findings that count, by what they are about.
fn by_key<'o>(
    target: &'o Target,
    is_edited: &dyn Fn(&TreePath) -> bool,
) -> BTreeMap<Key<'o>, Vec<&'o Finding>> {
    let mut all: BTreeMap<Key<'o>, Vec<&'o Finding>> = BTreeMap::new();
    let counts = |finding: &&Finding| {
        finding.is_affected() && finding.decision != Decision::Note && is_edited(&finding.file)
    };
    for finding in target.findings.iter().filter(counts) {
        let key = (&finding.file, &*finding.name, finding.advisory.id.as_str());
        all.entry(key).or_default().push(finding);
    }
    all
}

/// The findings of edited files that are more than before, or that fail where fewer did. A package that moves from one affected
/// version to another has one finding of that advisory less and one more: that is none.
fn new_findings<'o>(
    before: &Target,
    after: &'o Target,
    is_edited: &dyn Fn(&TreePath) -> bool,
) -> Vec<&'o Finding> {
    let failing = |findings: &[&Finding]| {
        let failing = findings
            .iter()
            .filter(|finding| finding.decision == Decision::Fail);
        failing.count()
    };
    let known = by_key(before, is_edited);
    let mut new = Vec::new();
    for (key, findings) in by_key(after, is_edited) {
        let was = known.get(&key).map_or(&[][..], Vec::as_slice);
        if findings.len() <= was.len() && failing(&findings) <= failing(was) {
            continue;
        }
        let is_known = |finding: &Finding| {
            let mut was = was.iter();
            was.any(|was| was.version == finding.version && was.decision == finding.decision)
        };
        new.extend(findings.into_iter().filter(|finding| !is_known(finding)));
    }
    new
}

/// Something of an edited file that was read before and cannot be read after.
fn new_gap<'o>(before: &Target, after: &'o Target, is_edited: &dyn Fn(&TreePath) -> bool) -> Option<&'o Gap> {
    let known = |gap: &Gap| {
        let mut blind = before.coverage.blind.iter();
        blind.any(|known| known.file() == gap.file() && known.reason == gap.reason)
    };
    let mut blind = after.coverage.blind.iter();
    blind.find(|gap| gap.file().is_some_and(is_edited) && !known(gap))
}
