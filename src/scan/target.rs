//! From the lockfiles of one tree, read and judged, to a target; and from two trees to what changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::Judge;
use super::change::{self, Side};
use super::discover::Found;
use super::judge::{Judged, Known};
use super::read::{self, ReadFile};
use crate::model::coverage::Gap;
use crate::model::outcome::FileState;
use crate::model::{Cost, Coverage, Finding, ScannedFile, Target, TreePath};

/// The target that `read` was read from, its findings not yet decided; and the packages that the index knows.
pub(super) fn target(
    found: &Found,
    read: &[Arc<ReadFile<Judged>>],
    judge: &Judge<'_>,
) -> (Target, Vec<Known>) {
    let mut coverage = Coverage::new(judge.state, judge.age_days);
    let mut files: BTreeMap<TreePath, ScannedFile> = BTreeMap::new();
    let mut findings: Vec<Finding> = Vec::new();
    let mut gaps: Vec<(Cost, Gap)> = read::unopened(found);
    let mut dirty = found.lost();
    let mut known = Vec::new();
    coverage.skipped = found.skipped.clone();
    let mut seen: HashSet<read::Elsewhere> = HashSet::new();
    for file in read {
        coverage.files_read += usize::from(file.readable);
        dirty |= file.differs;
        gaps.extend(file.gaps.iter().cloned());
        findings.extend(file.result.findings.iter().cloned());
        let undecided = file.result.undecided.iter().cloned();
        gaps.extend(undecided.map(|gap| (Cost::Blind, gap)));
        known.extend(file.result.known.iter().cloned());
        let count = files
            .entry(file.path.clone())
            .or_insert_with(|| scanned(&file.path, &file.format));
        count.packages += file.packages;
        for package in &file.elsewhere {
            if seen.insert(package.clone()) {
                files
                    .entry(package.file.clone())
                    .or_insert_with(|| scanned(&package.file, &file.format))
                    .packages += 1;
            }
        }
    }
    gaps.sort_by(|left, right| left.1.cmp(&right.1));
    gaps.dedup();
    for (cost, gap) in gaps {
        if let Some(file) = files.get_mut(&gap.file) {
            let state = match cost {
                Cost::Nothing => FileState::Read,
                Cost::Partial => FileState::Partial,
                Cost::Blind => FileState::Blind,
            };
            file.state = worse(file.state, state);
        }
        coverage.add(cost, gap);
    }
    let files: Vec<ScannedFile> = files.into_values().collect();
    coverage.packages = files.iter().map(|file| file.packages).sum();
    let target = Target {
        root: found.root.clone(),
        prefix: found.prefix.clone(),
        ref_name: found.head.ref_name.clone(),
        commit: found.head.commit.map(|commit| commit.to_string()),
        dirty,
        is_one_of_several_refs: false,
        coverage,
        files,
        findings: joined(findings),
    };
    (target, known)
}

/// Says of each finding of `target` how it came about since `base`. What could not be read there holds nothing back: a
/// finding that it may have held is introduced.
pub(super) fn compare(target: &mut Target, base: &Target, committed: Timestamp) {
    let files = |target: &Target| -> BTreeSet<TreePath> {
        target.files.iter().map(|file| file.path.clone()).collect()
    };
    let changes = change::changes(
        Side {
            findings: &target.findings,
            files: &files(target),
        },
        Side {
            findings: &base.findings,
            files: &files(base),
        },
        committed,
    );
    for (finding, change) in target.findings.iter_mut().zip(changes) {
        finding.change = Some(change);
    }
}

/// One finding per (group, package, version, file), in the order of file, place and id.
fn joined(findings: Vec<Finding>) -> Vec<Finding> {
    let mut joined: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut seen: HashMap<(TreePath, String, String, String), usize> = HashMap::with_capacity(findings.len());
    for finding in findings {
        let key = (
            finding.file.clone(),
            finding.advisory.id.clone(),
            finding.name.clone(),
            finding.version.clone(),
        );
        match seen.get(&key).and_then(|number| joined.get_mut(*number)) {
            Some(known) => finding.places().for_each(|place| known.also_at(place)),
            None => {
                seen.insert(key, joined.len());
                joined.push(finding);
            }
        }
    }
    joined.sort_by(|left, right| {
        (
            &left.file,
            left.place(),
            &left.name,
            &left.version,
            &left.advisory.id,
        )
            .cmp(&(
                &right.file,
                right.place(),
                &right.name,
                &right.version,
                &right.advisory.id,
            ))
    });
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
