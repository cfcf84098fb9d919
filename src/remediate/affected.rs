//! Which advisories affect versions: those that are locked, and those that a plan may take.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashSet;

use crate::advisory::Index;
use crate::ecosystem;
use crate::matching::{self, Assessment};
use crate::model::{Ecosystem, Finding, IndexKey};
use crate::plan::Wish;
use crate::version::Scheme;

/// Groups of advisories.
pub(super) type Groups = HashSet<IndexKey>;

/// The locked versions that advisories affect, by normal name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Affected(BTreeMap<String, BTreeSet<String>>);

impl Affected {
    /// Those that `findings` are about.
    pub(super) fn of<'f>(findings: impl Iterator<Item = &'f Finding>) -> Self {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for finding in findings.filter(|finding| finding.is_affected()) {
            let name = ecosystem::normalise(&finding.ecosystem, &finding.name).into_owned();
            all.entry(name).or_default().insert(finding.version.to_string());
        }
        Self(all)
    }

    /// Each of `groups` affects one locked version of `name` already.
    pub(super) fn have(&self, index: &Index, ecosystem: &Ecosystem, name: &str, groups: &Groups) -> bool {
        let locked = self.0.get(&*ecosystem::normalise(ecosystem, name));
        locked.into_iter().flatten().any(|version| {
            affecting(index, ecosystem, name, version).is_some_and(|known| groups.is_subset(&known))
        })
    }
}

/// The groups of advisories that affect the version, or may affect it; `None` where that is not known.
pub(super) fn affecting(index: &Index, ecosystem: &Ecosystem, name: &str, version: &str) -> Option<Groups> {
    let candidates = index.candidates(ecosystem, name).ok()?;
    let scheme = ecosystem::scheme(ecosystem);
    let mut affecting = Groups::default();
    for group in candidates.groups() {
        match matching::assess(version, scheme, &group).ok()? {
            Assessment::Fixed | Assessment::NotAffected => {}
            Assessment::Affected { .. } | Assessment::Undecided { .. } => {
                affecting.insert(group.key());
            }
        }
    }
    Some(affecting)
}

/// A wish for a version that ends some of the findings, and what still affects it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) wish: Wish,
    pub(super) left: Groups,
}

/// What is less than `wish`, by the versions that fix some of `findings`: that of the highest version first.
pub(super) fn parts(index: &Index, ecosystem: &Ecosystem, wish: &Wish, findings: &[&Finding]) -> Vec<Part> {
    let Some(scheme) = ecosystem::scheme(ecosystem) else {
        return Vec::new();
    };
    let is_about = |finding: &&&Finding| *finding.name == *wish.name && *finding.version == *wish.version;
    let about: Vec<&Finding> = findings.iter().filter(is_about).copied().collect();
    let fixed: BTreeSet<&str> = about
        .iter()
        .flat_map(|finding| finding.fixed.iter().map(String::as_str))
        .collect();
    let mut parts: Vec<Part> = Vec::new();
    for version in sorted(scheme, fixed) {
        let Some(left) = affecting(index, ecosystem, &wish.name, version) else {
            continue;
        };
        let is_left = |id: &String| {
            let mut of_id = about.iter().filter(|finding| finding.advisory.id == *id);
            of_id.any(|finding| finding.group.is_none_or(|group| left.contains(&group)))
        };
        let fixes: Vec<String> = wish.fixes.iter().filter(|id| !is_left(id)).cloned().collect();
        let is_less = !left.is_empty() && !fixes.is_empty() && fixes.len() < wish.fixes.len();
        if is_less && parts.last().is_none_or(|last| last.left != left) {
            let wish = Wish {
                to: Some(version.to_owned()),
                fixes,
                without: Vec::new(),
                ..wish.clone()
            };
            parts.push(Part { wish, left });
        }
    }
    parts
}

/// The highest of `versions` first; those that cannot be ordered are left out.
fn sorted<'v>(scheme: &dyn Scheme, versions: BTreeSet<&'v str>) -> Vec<&'v str> {
    let mut versions: Vec<&str> = versions
        .into_iter()
        .filter(|version| scheme.compare(version, version).is_ok())
        .collect();
    versions.sort_by(|left, right| scheme.compare(right, left).unwrap_or(Ordering::Equal));
    versions
}
