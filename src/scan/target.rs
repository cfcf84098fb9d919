//! From the lockfiles of one tree, read and judged, to a target.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, btree_map};
use std::sync::Arc;

use super::Advisories;
use super::confusion::{self, Internal, Other};
use super::discovered::DiscoveredTree;
use super::gap_number::gap_number;
use super::judge::{Keep, LockfileMatches};
use super::linked::Linked;
use super::read::{self, ReadFile};
use super::reader::Reader;
use super::tally::Tally;
use super::unmatched::{self, Unmatched};
use crate::model::coverage::Gap;
use crate::model::outcome::FileState;
use crate::model::{Bill, Cost, Coverage, Finding, ScannedFile, SharedStr, Target, TreePath, Verdict};
use crate::policy::{Origin, Policy};
use crate::text::Position;

/// The target that `read` was read from, its findings not yet decided; and how many packages there are.
pub(super) fn target(
    found: &DiscoveredTree,
    read: Vec<Arc<ReadFile<LockfileMatches>>>,
    judge: &Advisories<'_>,
    policy: &Policy,
    keep: Keep,
) -> (Target, Tally) {
    let mut coverage = Coverage::new(judge.state, judge.age_days);
    let mut files: BTreeMap<TreePath, ScannedFile> = BTreeMap::new();
    let mut findings: BTreeMap<TreePath, Findings> = BTreeMap::new();
    let mut gaps: Vec<(Cost, Gap)> = Vec::new();
    let mut silent: Vec<Gap> = Vec::new();
    let mut tally = Tally::default();
    let mut open: Vec<u64> = Vec::new();
    let mut unmatched: Vec<Unmatched> = Vec::new();
    let mut internal: Vec<Internal> = Vec::new();
    let mut others: Vec<Other> = Vec::new();
    let mut dirty = found.lost();
    let mut assessed = Vec::new();
    let mut own = BTreeSet::new();
    let mut bill = (keep == Keep::Bill).then(Bill::default);
    coverage.skipped = found.skipped.clone();
    let links = found.leading();
    let linked = Linked::new(&links, &found.prefix, |path| found.files.contains_key(path));
    let mut seen: HashSet<read::Elsewhere> = HashSet::new();
    for shared in read {
        // What several trees share is copied for each.
        let file = Arc::try_unwrap(shared).unwrap_or_else(|shared| (*shared).clone());
        if file.names_nothing() {
            continue;
        }
        coverage.files_read += usize::from(file.readable && !linked.leads_on(&file.path));
        dirty |= file.differs;
        if let Some(bill) = &mut bill {
            bill.files.extend(file.result.bill);
            bill.gaps.extend(costly(&file.gaps));
        }
        gaps.extend(file.gaps);
        open.extend(file.unlisted);
        let undecided = file.result.undecided.into_iter();
        gaps.extend(undecided.map(|gap| (Cost::Blind, gap)));
        let inexact = file.result.inexact.into_iter();
        gaps.extend(inexact.map(|gap| (Cost::Partial, gap)));
        silent.extend(file.result.silent);
        assessed.extend(file.result.assessed);
        let ecosystem = found.files.get(&file.path).and_then(Reader::ecosystem);
        if let Some(ecosystem) = ecosystem {
            let names = file.result.own.into_iter();
            own.extend(names.map(|name| (ecosystem.clone(), name)));
        }
        collect(&mut findings, file.result.findings);
        tally.add(&file.result.listed);
        unmatched.extend(file.result.listed.unmatched);
        internal.extend(file.result.internal);
        others.extend(file.result.others);
        let count = files
            .entry(file.path.clone())
            .or_insert_with(|| scanned(&file.path, &file.format));
        count.packages += file.packages;
        for package in file.elsewhere {
            let path = package.file.clone();
            if seen.insert(package) {
                files
                    .entry(path.clone())
                    .or_insert_with(|| scanned(&path, &file.format))
                    .packages += 1;
            }
        }
    }
    gaps.extend(judge.knowledge.doubted(&judge.place));
    gaps.sort_by(|left, right| left.1.cmp(&right.1));
    gaps.dedup();
    linked.leave_out(&mut gaps);
    // What a reader could not tell exactly is a dependency without a version.
    let listed = gaps.iter().filter(|(cost, _)| *cost == Cost::Partial);
    open.extend(listed.map(|(_, gap)| gap_number(gap)));
    tally.add_open(open);
    gaps.extend(silent.into_iter().map(|gap| (Cost::Partial, gap)));
    unmatched.retain(|package| {
        let origin = policy.origin(package.ecosystem(), package.name(), package.address());
        let is_own = match origin {
            Some(Origin::Own(registry)) => confusion::shown_by(&others, policy, registry).is_none(),
            Some(Origin::Foreign(_)) | None => false,
        };
        match is_own {
            true => tally.add_own(package),
            false => tally.add_unmatched(package),
        }
        !is_own
    });
    let all = findings.values_mut().flat_map(|of_file| &mut of_file.findings);
    let confused = confusion::apply(policy, &internal, &others, all);
    collect(&mut findings, confused.findings);
    gaps.extend(confused.gaps.into_iter().map(|gap| (Cost::Partial, gap)));
    let unmatched = unmatched::gaps(unmatched.iter().collect())
        .into_iter()
        .map(|gap| (Cost::Partial, gap));
    let unopened = read::unopened(found);
    if let Some(bill) = &mut bill {
        bill.gaps.extend(costly(&unopened));
        bill.gaps.sort();
        bill.gaps.dedup();
    }
    gaps.extend(unopened.into_iter().chain(unmatched));
    linked.leave_out(&mut gaps);
    gaps.sort_by(|left, right| left.1.cmp(&right.1));
    for (cost, gap) in gaps {
        if let Some(file) = gap.file().and_then(|file| files.get_mut(file)) {
            let state = match cost {
                Cost::Nothing => FileState::Read,
                Cost::Partial => FileState::Partial,
                Cost::Blind => FileState::Blind,
            };
            file.state = worse(file.state, state);
        }
        coverage.add(cost, gap);
    }
    for (link, end) in linked.iter() {
        let of_end = files.get(end).map(|file| file.state);
        if let (Some(file), Some(state)) = (files.get_mut(link), of_end) {
            file.state = worse(file.state, state);
        }
    }
    let files: Vec<ScannedFile> = files.into_values().collect();
    tally.counts(judge.index.is_some()).put_into(&mut coverage);
    let target = Target {
        root: found.root.clone(),
        prefix: found.prefix.clone(),
        only: found.only.clone(),
        links,
        repository: found
            .repository
            .as_ref()
            .map(|own| repository_name(&own.identity())),
        ref_name: found.head.ref_name.clone(),
        commit: found.head.commit.map(|commit| commit.to_string()),
        dirty,
        is_checked_out: found.is_checked_out(),
        is_one_of_several_refs: false,
        coverage,
        // Known when its findings are decided.
        verdict: Verdict::Incomplete,
        files,
        findings: in_order(findings),
        assessed,
        own,
        bill,
    };
    (target, tally)
}

/// The gaps in which dependencies may be that are not listed.
fn costly(gaps: &[(Cost, Gap)]) -> impl Iterator<Item = Gap> {
    let costly = gaps.iter().filter(|(cost, _)| *cost != Cost::Nothing);
    costly.map(|(_, gap)| gap.clone())
}

/// `owner/name` of an address of a repository, without user and host; the name of a folder.
fn repository_name(identity: &str) -> String {
    let identity = identity.split(['?', '#']).next().unwrap_or(identity);
    // `https://host/owner/name`, or `user@host:owner/name` as git takes it.
    let path = match identity.split_once("://") {
        Some(("file", path)) => Err(path),
        Some((_, rest)) => Ok(rest.split_once('/').map_or("", |(_, path)| path)),
        None => match identity.split_once(':') {
            Some((host, path)) if host.len() > 1 && !host.contains(['/', '\\']) => Ok(path),
            Some(_) | None => Err(identity),
        },
    };
    let (path, most) = match path {
        Ok(path) => (path, 2),
        Err(folder) => (folder, 1),
    };
    let parts = path
        .split(['/', '\\'])
        .filter(|part| !part.is_empty() && *part != ".git");
    let parts: Vec<&str> = parts.collect();
    let name = parts
        .get(parts.len().saturating_sub(most)..)
        .unwrap_or_default()
        .join("/");
    name.strip_suffix(".git").unwrap_or(&name).to_owned()
}

/// The findings of one file, and how many lockfiles they come from: a parent's packages are those of each child.
#[derive(Default)]
struct Findings {
    lockfiles: usize,
    findings: Vec<Finding>,
}

fn collect(all: &mut BTreeMap<TreePath, Findings>, mut findings: Vec<Finding>) {
    findings.sort_by(|left, right| left.file.cmp(&right.file));
    // Nearly every lockfile holds all of its packages itself.
    if let (Some(first), Some(last)) = (findings.first(), findings.last())
        && first.file == last.file
        && let btree_map::Entry::Vacant(vacant) = all.entry(first.file.clone())
    {
        vacant.insert(Findings {
            lockfiles: 1,
            findings,
        });
        return;
    }
    let mut findings = findings.into_iter().peekable();
    while let Some(first) = findings.next() {
        let file = first.file.clone();
        let of_file = all.entry(file.clone()).or_default();
        of_file.lockfiles += 1;
        of_file.findings.push(first);
        while let Some(further) = findings.next_if(|finding| finding.file == file) {
            of_file.findings.push(further);
        }
    }
}

/// One finding per (group, package, version, file), in the order of file, place and id.
fn in_order(all: BTreeMap<TreePath, Findings>) -> Vec<Finding> {
    let count = all.values().map(|of_file| of_file.findings.len()).sum();
    let mut ordered = Vec::with_capacity(count);
    for of_file in all.into_values() {
        // One lockfile names each once.
        let mut findings = match of_file.lockfiles {
            0 | 1 => of_file.findings,
            _ => joined(of_file.findings),
        };
        findings.sort_by(|left, right| {
            let place = left.place().cmp(&right.place());
            place
                .then_with(|| left.name.cmp(&right.name))
                .then_with(|| left.version.cmp(&right.version))
                .then_with(|| left.advisory.id.cmp(&right.advisory.id))
        });
        ordered.append(&mut findings);
    }
    ordered
}

/// Findings of one file, those of the same group, package and version as one.
fn joined(findings: Vec<Finding>) -> Vec<Finding> {
    let mut joined: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut places: Vec<Vec<Position>> = Vec::with_capacity(findings.len());
    let mut seen: HashMap<(String, SharedStr, SharedStr), usize> = HashMap::with_capacity(findings.len());
    for finding in findings {
        let key = (
            finding.advisory.id.clone(),
            finding.name.clone(),
            finding.version.clone(),
        );
        let known = seen.get(&key).copied();
        let known = known.and_then(|number| Some((joined.get_mut(number)?, places.get_mut(number)?)));
        match known {
            Some((known, places)) => {
                places.extend(finding.places());
                // Two files can use one entry, each for its own purpose.
                known.scopes = known.scopes.with(finding.scopes);
                known.direct |= finding.direct;
            }
            None => {
                seen.insert(key, joined.len());
                joined.push(finding);
                places.push(Vec::new());
            }
        }
    }
    for (finding, places) in joined.iter_mut().zip(places) {
        if !places.is_empty() {
            finding.also_at(places);
        }
    }
    joined
}

fn scanned(path: &TreePath, format: &str) -> ScannedFile {
    ScannedFile {
        path: path.clone(),
        format: format.to_owned(),
        packages: 0,
        state: FileState::Read,
    }
}

pub(super) fn worse(left: FileState, right: FileState) -> FileState {
    match (left, right) {
        (FileState::Blind, _) | (_, FileState::Blind) => FileState::Blind,
        (FileState::Partial, _) | (_, FileState::Partial) => FileState::Partial,
        (FileState::Read, FileState::Read) => FileState::Read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_called_as_its_forge_calls_it() {
        for (identity, name) in [
            ("https://user:secret@git.example/acme/shop.git", "acme/shop"),
            ("https://git.example/group/sub/shop?token=secret", "sub/shop"),
            ("git@git.example:acme/shop.git", "acme/shop"),
            ("ssh://git@git.example:22/acme/shop/", "acme/shop"),
            ("file:///srv/git/shop.git", "shop"),
            ("/home/user/shop/.git", "shop"),
            ("/srv/git/shop.git", "shop"),
            ("C:\\code\\shop\\.git", "shop"),
            ("https://git.example", ""),
            ("", ""),
        ] {
            assert_eq!(repository_name(identity), name, "{identity}");
        }
    }
}
