//! The main job: from PATHs to an outcome.
//!
//! `discover` finds lockfiles, `read` reads them, `judge` matches their packages, and this file puts the
//! answer together. `lines` chooses which refs are scanned when more than one tree is. Nothing of the repository is run.

pub mod change;
pub mod discover;
pub mod inventory;
mod judge;
pub mod lines;
pub mod read;
pub mod work_tree;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use crate::advisory::Index;
use crate::model::coverage::Gap;
use crate::model::outcome::{Database, FileState};
use crate::model::verdict::ExitCode;
use crate::model::{
    Cost, Coverage, Decision, Finding, IndexState, Outcome, ScannedFile, Target, TreePath, Verdict, outcome,
};
use crate::policy::Policy;
use crate::text::Position;
use discover::Found;
use read::ReadFile;

/// A lockfile larger than this is not read: 64 MiB.
pub const FILE_LIMIT: u64 = 64 << 20;

/// What a scan needs to know.
pub struct Request<'a> {
    /// What to judge by.
    pub judge: Judge<'a>,
    /// The rules.
    pub policy: &'a Policy,
    /// The moment that ages are counted from.
    pub now: Timestamp,
    /// What a clean answer may look like.
    pub lenience: Lenience,
}

/// The index that judges, or why there is none.
pub struct Judge<'a> {
    /// The index; `None` if it cannot be used.
    pub index: Option<&'a Index>,
    /// Its state.
    pub state: IndexState,
    /// Days since it was built; `None` if that is not known.
    pub age_days: Option<u64>,
    /// What is known of it.
    pub database: Database,
    /// Where it lies, or should.
    pub place: String,
    /// Why it cannot be used, and the way out; empty if it can.
    pub trouble: Option<(String, String)>,
}

/// Which exit codes the user wants to be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lenience {
    /// A blocked verdict ends with 0.
    pub exit_zero: bool,
    /// Nothing to scan ends with 0.
    pub allow_empty: bool,
}

/// A run that cannot give an outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// How the program ends.
    pub code: ExitCode,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// The way out, as a full instruction.
    pub hint: String,
}

impl Failure {
    /// The command line or configuration asks for something that cannot be.
    #[must_use]
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: ExitCode::Usage,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// Something that the verdict needs could not be read.
    #[must_use]
    pub fn incomplete(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: ExitCode::Incomplete,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// A server or feed failed.
    #[must_use]
    pub fn remote(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: ExitCode::Remote,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// Scans what `found` found, under `request`.
#[must_use]
pub fn scan(request: &Request<'_>, found: &[Found]) -> Outcome {
    let mut judge = Judge {
        database: request.judge.database.clone(),
        place: request.judge.place.clone(),
        trouble: request.judge.trouble.clone(),
        ..request.judge
    };
    let mut targets: Vec<Target> = Vec::with_capacity(found.len());
    let mut damage: Option<String> = None;
    for found in found {
        let (target, met) = target(found, &judge, request.policy);
        targets.push(target);
        damage = damage.or(met);
    }
    if let Some(reason) = damage {
        judge.state = IndexState::Damaged;
        judge.trouble = Some((
            reason,
            "Build the index again with `lockkeeper db build` or `lockkeeper db update`.".into(),
        ));
    }
    let mut coverage = Coverage::new(judge.state, judge.age_days);
    let several = targets.len() > 1;
    for target in &mut targets {
        target.coverage.index = judge.state;
        let own = target.coverage.clone();
        let named = |gap: Gap| Gap {
            file: within(&target.root, &gap.file, several),
            ..gap
        };
        coverage.files_read += own.files_read;
        coverage.packages += own.packages;
        coverage.blind.extend(own.blind.into_iter().map(named));
        coverage.partial.extend(own.partial.into_iter().map(named));
        coverage.problems.extend(own.problems.into_iter().map(named));
        coverage
            .skipped
            .extend(own.skipped.into_iter().map(|mut skipped| {
                skipped.path = within(&target.root, &skipped.path, several);
                skipped
            }));
    }
    if let Some((reason, hint)) = &judge.trouble {
        let file = TreePath::new(judge.place.trim_start_matches('/')).unwrap_or_default();
        coverage.problems.push(Gap {
            file,
            position: Position::START,
            reason: reason.clone(),
            hint: hint.clone(),
        });
    }
    let nothing = targets.iter().all(|target| target.files.is_empty());
    let blocked = targets
        .iter()
        .flat_map(|target| &target.findings)
        .any(|finding| finding.decision == Decision::Fail);
    let verdict = verdict(blocked, nothing, &coverage);
    Outcome {
        tool_version: env!("CARGO_PKG_VERSION"),
        now: request.now,
        database: judge.database,
        policy: outcome::Policy {
            digest: request.policy.digest(),
            file: None,
        },
        verdict,
        exit_code: exit_code(verdict, request.lenience, &coverage),
        coverage,
        targets,
    }
}

fn verdict(blocked: bool, nothing: bool, coverage: &Coverage) -> Verdict {
    match (blocked, nothing, coverage.is_complete()) {
        (true, _, _) => Verdict::Blocked,
        (false, true, _) => Verdict::NothingToScan,
        (false, false, false) => Verdict::Incomplete,
        (false, false, true) => Verdict::Pass,
    }
}

/// The one place that turns an answer into an exit code.
fn exit_code(verdict: Verdict, lenience: Lenience, coverage: &Coverage) -> ExitCode {
    match verdict {
        Verdict::Pass => ExitCode::Pass,
        Verdict::Blocked if lenience.exit_zero => ExitCode::Pass,
        Verdict::Blocked => ExitCode::Blocked,
        Verdict::Incomplete => ExitCode::Incomplete,
        Verdict::NothingToScan if lenience.allow_empty && coverage.is_complete() => ExitCode::Pass,
        Verdict::NothingToScan if lenience.allow_empty => ExitCode::Incomplete,
        Verdict::NothingToScan => ExitCode::NothingToScan,
        Verdict::Failed => ExitCode::Bug,
    }
}

/// Scans one target; tells damage of the index that a lookup met.
fn target(found: &Found, judge: &Judge<'_>, policy: &Policy) -> (Target, Option<String>) {
    let read = read::read_all(found, |opened| {
        judge
            .index
            .map(|index| judge::judge(opened, index))
            .unwrap_or_default()
    });
    let mut coverage = Coverage::new(judge.state, judge.age_days);
    let mut files: BTreeMap<TreePath, ScannedFile> = BTreeMap::new();
    let mut findings: Vec<Finding> = Vec::new();
    let mut gaps: Vec<(Cost, Gap)> = read::unopened(found);
    let mut dirty = found.deleted;
    let mut damage = None;
    coverage.skipped = found.skipped.clone();
    let mut seen: HashSet<read::Elsewhere> = HashSet::new();
    for ReadFile {
        path,
        format,
        packages,
        readable,
        differs,
        gaps: own,
        elsewhere,
        result,
    } in read
    {
        coverage.files_read += usize::from(readable);
        dirty |= differs;
        gaps.extend(own);
        findings.extend(result.findings);
        gaps.extend(result.undecided.into_iter().map(|gap| (Cost::Blind, gap)));
        damage = damage.or(result.damage);
        let count = files
            .entry(path.clone())
            .or_insert_with(|| scanned(&path, &format));
        count.packages += packages;
        for package in elsewhere {
            if seen.insert(package.clone()) {
                files
                    .entry(package.file.clone())
                    .or_insert_with(|| scanned(&package.file, &format))
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
    let mut findings = joined(findings);
    for finding in &mut findings {
        (finding.decision, finding.rule) = policy.decide(finding);
    }
    let target = Target {
        root: found.root.clone(),
        prefix: found.prefix.clone(),
        ref_name: found.head.ref_name.clone(),
        commit: found.head.commit.map(|commit| commit.to_string()),
        dirty,
        coverage,
        files,
        findings,
    };
    (target, damage)
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

fn worse(left: FileState, right: FileState) -> FileState {
    match (left, right) {
        (FileState::Blind, _) | (_, FileState::Blind) => FileState::Blind,
        (FileState::Partial, _) | (_, FileState::Partial) => FileState::Partial,
        (FileState::Read, FileState::Read) => FileState::Read,
    }
}

/// A path of a target as the whole run tells it: behind its root where there are several targets.
fn within(root: &str, path: &TreePath, several: bool) -> TreePath {
    if !several {
        return path.clone();
    }
    let root = TreePath::new(root.trim_start_matches('/')).unwrap_or_default();
    root.join(path.as_bytes()).unwrap_or_else(|| path.clone())
}
