//! Which advisories affect versions: those that are locked, and those that a plan may take.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use foldhash::{HashMap, HashSet};

use crate::advisory::Index;
use crate::ecosystem;
use crate::matching::{Assessment, Locked};
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
    pub(super) fn have(&self, known: &Known<'_>, name: &str, groups: &Groups) -> bool {
        let locked = self.0.get(&*ecosystem::normalise(known.ecosystem, name));
        locked.into_iter().flatten().any(|version| {
            let affecting = known.affecting(name, version);
            affecting.is_some_and(|affecting| groups.is_subset(&affecting))
        })
    }
}

/// Which advisories affect versions of an ecosystem's packages, each looked up once.
pub(super) struct Known<'a> {
    index: &'a Index,
    ecosystem: &'a Ecosystem,
    /// By name.
    affecting: RefCell<HashMap<String, ByVersion>>,
}

/// The groups that affect each version; `None` where that is not known.
type ByVersion = HashMap<String, Option<Rc<Groups>>>;

impl<'a> Known<'a> {
    /// Those of `index`.
    pub(super) fn of(index: &'a Index, ecosystem: &'a Ecosystem) -> Self {
        Self {
            index,
            ecosystem,
            affecting: RefCell::default(),
        }
    }

    /// The groups of advisories that affect the version, or may affect it; `None` where that is not known.
    pub(super) fn affecting(&self, name: &str, version: &str) -> Option<Rc<Groups>> {
        let mut all = self.affecting.borrow_mut();
        if let Some(known) = all.get(name).and_then(|versions| versions.get(version)) {
            return known.clone();
        }
        let found = affecting(self.index, self.ecosystem, name, version).map(Rc::new);
        let versions = all.entry(name.to_owned()).or_default();
        versions.insert(version.to_owned(), found.clone());
        found
    }
}

fn affecting(index: &Index, ecosystem: &Ecosystem, name: &str, version: &str) -> Option<Groups> {
    let candidates = index.candidates(ecosystem, name).ok()?;
    let normal = ecosystem::normalise(ecosystem, name);
    let locked = Locked::of(version, ecosystem::scheme(ecosystem), ecosystem.as_str(), &normal);
    let mut affecting = Groups::default();
    for group in candidates.groups() {
        match locked.assess(&group).ok()? {
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
