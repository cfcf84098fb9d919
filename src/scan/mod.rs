//! The main job: from PATHs to an outcome.
//!
//! `discover` finds lockfiles, `read` reads them, `judge` matches their packages, and this file puts the
//! answer together. `lines` chooses which refs are scanned when more than one tree is. Nothing of the repository is run.

mod bill;
pub mod change;
pub mod columns;
pub mod commit;
mod compare;
mod confusion;
pub mod discover;
mod discovered;
mod gap_number;
pub mod grid;
pub mod history;
pub mod inventory;
mod judge;
pub mod knowledge;
mod known;
mod line_past;
pub mod lines;
mod linked;
pub mod metrics;
pub mod near;
pub mod read;
pub mod reader;
mod recording_tree;
pub mod since;
mod starts;
mod submodules;
mod tally;
mod target;
pub mod unfinished;
mod unmatched;
mod walk;
mod walked;
pub mod what_to_do;
pub mod work_tree;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::advisory::Index;
use crate::database;
use crate::model::coverage::Gap;
use crate::model::lines::short_name;
use crate::model::outcome::Database;
use crate::model::verdict::ExitCode;
use crate::model::{
    Cost, Coverage, Decision, Ecosystem, Failure, IndexState, Location, Outcome, SharedStr, Target, TreePath,
    Verdict, outcome,
};
use crate::policy::nearest;
use crate::policy::{DecisionContext, ExceptionMatch, Policy, Strictness};
use crate::text::count::counted;
use crate::text::escape;
use compare::BaseTree;
use discover::DiscoveredTree;
pub use judge::{Keep, Matcher};
pub use knowledge::Knowledge;
use tally::{Listed, Tally};

/// A lockfile larger than this is not read: 64 MiB.
pub const FILE_LIMIT: u64 = 64 << 20;

/// What a scan needs to know.
pub struct Request<'a> {
    /// What to judge by.
    pub judge: Advisories<'a>,
    /// What a person should know of the policies, told with the whole run's problems.
    pub remarks: Vec<Gap>,
    /// The moment that ages are counted from.
    pub now: Timestamp,
    /// What a clean answer may look like.
    pub exit: ExitOptions,
    /// What is kept besides findings.
    pub keep: Keep,
}

/// The index that judges, or why there is none.
pub struct Advisories<'a> {
    /// The index; `None` if it cannot be used.
    pub index: Option<&'a Index>,
    /// Its state.
    pub state: IndexState,
    /// Days since it was built; `None` if that is not known.
    pub age_days: Option<u64>,
    /// What is known of it.
    pub database: Database,
    /// What it knows of.
    pub knowledge: Knowledge,
    /// Where it lies, or should.
    pub place: String,
}

/// Which exit codes the user wants to be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExitOptions {
    /// A blocked verdict ends with 0, or with 3 where not everything was judged.
    pub exit_zero: bool,
    /// Nothing to scan ends with 0.
    pub allow_empty: bool,
}

/// A tree that is judged, by what and beside what.
pub struct ScanTree<'f> {
    /// The tree.
    pub found: &'f DiscoveredTree,
    /// The rules.
    pub policy: &'f Policy,
    /// What it came from; `None` where nothing is compared.
    pub base: Option<Base<'f>>,
}

/// What a tree came from.
pub struct Base<'f> {
    /// The merge base, and the tip of the branch where that is another commit; each with the moment its commit was made.
    pub sides: Vec<(&'f DiscoveredTree, Timestamp)>,
    /// The full name of the branch; `None` if the base has no name.
    pub ref_name: Option<&'f str>,
}

/// Scans trees, each compared with its base where it has one. The first one's policy is the one that reports name.
#[must_use]
pub fn scan(request: &Request<'_>, trees: &[ScanTree<'_>]) -> Outcome {
    let mut judge = Advisories {
        database: request.judge.database.clone(),
        knowledge: request.judge.knowledge.clone(),
        place: request.judge.place.clone(),
        ..request.judge
    };
    let bases = trees.iter().filter_map(|tree| tree.base.as_ref());
    let all: Vec<&DiscoveredTree> = trees
        .iter()
        .map(|tree| tree.found)
        .chain(bases.flat_map(|base| base.sides.iter().map(|(found, _)| *found)))
        .collect();
    let judging = judge.index.map(|index| Matcher::by(index, request.keep));
    let policies = confusion::policies(trees);
    let mut read = read::read_many(&all, |opened| {
        let judged = judging.as_ref().map(|judging| judging.judge(opened));
        let mut judged = judged.unwrap_or_default();
        judge.knowledge.look(opened, &mut judged);
        judged.listed = Listed::of(opened, |ecosystem| {
            judge.knowledge.is_silent_of(opened.format, ecosystem)
        });
        judged.internal = confusion::internal(opened, &policies);
        judged.others = confusion::others(opened, &policies);
        judged.bill = (request.keep == Keep::Bill).then(|| Arc::new(bill::file(opened)));
        judged
    });
    // What served all lockfiles is of no use any more.
    drop(judging);
    let read_bases = read.split_off(trees.len());
    let held_by_tree: Vec<BTreeSet<Ecosystem>> = read
        .iter()
        .map(|files| {
            files
                .iter()
                .flat_map(|file| &file.result.ecosystems)
                .cloned()
                .collect()
        })
        .collect();
    let held: BTreeSet<Ecosystem> = held_by_tree.iter().flatten().cloned().collect();
    let damage = read
        .iter()
        .chain(&read_bases)
        .flatten()
        .find_map(|file| file.result.damage.clone());
    let mut read_bases = read_bases.into_iter();
    let mut targets: Vec<Target> = Vec::with_capacity(trees.len());
    let mut all_listed = Tally::default();
    let mut met = Vec::new();
    let mut at_bases = Vec::new();
    // Most findings in a row are decided by one rule.
    let mut rule = SharedStr::default();
    for (tree, files) in trees.iter().zip(read) {
        let (mut target, listed) = target::target(tree.found, files, &judge, tree.policy, request.keep);
        all_listed.join(listed);
        let context = DecisionContext {
            now: request.now,
            ref_name: tree.found.head.ref_name.as_deref(),
            prefix: &tree.found.prefix,
        };
        if let Some(base) = &tree.base {
            let sides = base.sides.iter().zip(read_bases.by_ref());
            let befores: Vec<BaseTree> = sides
                .map(|((found, committed), files)| BaseTree {
                    target: target::target(found, files, &judge, tree.policy, Keep::Matches).0,
                    lacking: found.lacking(),
                    committed: *committed,
                })
                .collect();
            let remarks = compare::compare(&mut target, &befores, tree.policy, &context, base.ref_name);
            at_bases.extend(remarks);
        }
        for finding in &mut target.findings {
            let ruled = tree.policy.decide(finding, &context);
            finding.decision = ruled.decision;
            if rule != ruled.rule {
                rule = ruled.rule.into();
            }
            finding.rule = rule.clone();
            finding.fails_from = ruled.fails_from;
            finding.state = ruled.state;
            if let Some(note) = ruled.note {
                finding.reason = format!("{}; {note}", finding.reason).into();
            }
            if trees.first().is_some_and(|first| first.policy == tree.policy) {
                met.extend(ruled.met);
            }
        }
        linked::leave_out(&mut target);
        targets.push(target);
    }
    if let Some(reason) = damage {
        judge.state = IndexState::Damaged;
        let named = judge.database.named.as_deref();
        let flag = named.map_or_else(String::new, |file| format!(" --db {}", escape::shell(file)));
        let reason = format!("{}: {reason}", judge.place);
        judge.database.trouble = Some((reason, database::again(&flag)));
    }
    let mut roots: HashMap<String, usize> = HashMap::new();
    for target in &targets {
        *roots.entry(target.root.clone()).or_default() += 1;
    }
    for target in &mut targets {
        let is_one = roots.get(&target.root) == Some(&1);
        target.is_one_of_several_refs = !is_one && target.ref_name.is_some();
    }
    let mut coverage = whole_coverage(&mut targets, &judge);
    all_listed.counts(judge.index.is_some()).put_into(&mut coverage);
    if judge.state.is_usable() && !coverage.is_unchecked() {
        for target in targets.iter().filter(|target| target.coverage.is_unchecked()) {
            coverage.add(Cost::Blind, unchecked(target));
        }
    }
    let built_in = Policy::built_in();
    let policy = trees.first().map_or(&built_in, |tree| tree.policy);
    let mut remarks = request.remarks.clone();
    remarks.extend(at_bases);
    let policies = trees.iter().map(|tree| tree.policy);
    remarks.extend(judge.knowledge.tell(&held, policies, &judge.place, &mut coverage));
    remarks.extend(idle(policy, &met, trees, &targets, &coverage, request.now));
    coverage.problems.extend(remarks.iter().cloned());
    for ((target, tree), held) in targets.iter_mut().zip(trees).zip(&held_by_tree) {
        let mut alone = target.coverage.clone();
        let policies = std::iter::once(tree.policy);
        judge.knowledge.tell(held, policies, &judge.place, &mut alone);
        target.verdict = verdict(std::slice::from_ref(target), &alone, tree.policy, request.exit);
    }
    let enough = is_enough(&coverage, policy.coverage);
    let verdict = verdict(&targets, &coverage, policy, request.exit);
    Outcome {
        tool_version: env!("CARGO_PKG_VERSION"),
        now: request.now,
        database: judge.database,
        policy: outcome::Policy {
            digest: policy.digest(),
            file: policy.file.clone(),
        },
        verdict,
        exit_code: exit_code(verdict, enough, request.exit),
        coverage,
        remarks,
        targets,
        category: None,
        vex: false,
    }
}

/// The outcome of a run that could not look: reports that were asked for say so, and no list of theirs is taken for clean.
#[must_use]
pub fn unjudged(judge: &Advisories<'_>, policy: &Policy, failure: &Failure, now: Timestamp) -> Outcome {
    let outcome = Outcome {
        tool_version: env!("CARGO_PKG_VERSION"),
        now,
        database: judge.database.clone(),
        policy: outcome::Policy {
            digest: policy.digest(),
            file: policy.file.clone(),
        },
        verdict: Verdict::Failed,
        exit_code: failure.code,
        coverage: Coverage::new(judge.state, judge.age_days),
        remarks: Vec::new(),
        targets: Vec::new(),
        category: None,
        vex: false,
    };
    failed(outcome, failure)
}

/// The same outcome, of a run that ended with `failure`.
#[must_use]
pub fn failed(mut outcome: Outcome, failure: &Failure) -> Outcome {
    // What is missing is missing in the repository, and in no file of it.
    let gap = Gap {
        location: failure.location.clone(),
        reason: failure.to_string(),
        hint: failure.hint.clone(),
    };
    outcome.coverage.add(Cost::Blind, gap);
    outcome.verdict = match failure.code {
        ExitCode::Remote | ExitCode::Bug | ExitCode::Interrupted => Verdict::Failed,
        ExitCode::Pass
        | ExitCode::Blocked
        | ExitCode::Usage
        | ExitCode::Incomplete
        | ExitCode::NothingToScan
        | ExitCode::Some => Verdict::Incomplete,
    };
    outcome.exit_code = failure.code;
    // Why there is none is said, and what to do about that.
    outcome.database.trouble = None;
    outcome
}

/// The gap of a target of whose dependencies not one could be checked, beside others.
fn unchecked(target: &Target) -> Gap {
    let name = target.told_ref().unwrap_or(&target.root);
    let dependencies = counted(target.coverage.unchecked, "dependency", "dependencies");
    Gap {
        location: None,
        reason: format!("{name}: 0 of {dependencies} checked"),
        hint: "What is not checked in full says what each file lacks; leave the path or ref out where that is all right.".to_owned(),
    }
}

/// All targets' coverage together.
fn whole_coverage(targets: &mut [Target], judge: &Advisories<'_>) -> Coverage {
    let mut coverage = Coverage::new(judge.state, judge.age_days);
    let several = targets.len() > 1;
    for target in targets {
        target.coverage.index = judge.state;
        let own = target.coverage.clone();
        let named = |gap: Gap| Gap {
            location: gap.location.map(|location| Location {
                file: within(&target.root, &location.file, several),
                ..location
            }),
            reason: match target.told_ref() {
                None => gap.reason,
                Some(name) => format!("on {name}: {}", gap.reason),
            },
            ..gap
        };
        coverage.files_read += own.files_read;
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
    if let Some((reason, hint)) = &judge.database.trouble {
        coverage.problems.push(Gap {
            location: knowledge::at(&judge.place),
            reason: reason.clone(),
            hint: hint.clone(),
        });
    }
    coverage
}

/// The exceptions of a policy that expired, and those that covered nothing, as far as this run can tell: a part of a
/// repository says nothing of the rest, nor one ref of another, nor what could not be judged of anything.
fn idle(
    policy: &Policy,
    met: &[ExceptionMatch],
    trees: &[ScanTree<'_>],
    targets: &[Target],
    coverage: &Coverage,
    now: Timestamp,
) -> Vec<Gap> {
    let file = policy_place(policy);
    let is_whole = coverage.is_complete()
        && trees
            .iter()
            .all(|tree| tree.found.is_whole() || tree.found.repository.is_none());
    let is_about = |number: usize| {
        let about = policy
            .exceptions
            .list()
            .get(number)
            .and_then(|own| own.ref_name.as_ref());
        about.is_none_or(|globs| {
            let names = trees
                .iter()
                .filter_map(|tree| tree.found.head.ref_name.as_deref());
            names.map(short_name).any(|name| globs.match_any(name))
        })
    };
    policy
        .unused(met, now)
        .into_iter()
        .filter(|remark| remark.is_missed || (is_whole && is_about(remark.exception)))
        .map(|remark| Gap {
            location: remark.position.map(|position| Location {
                file: file.clone(),
                position,
            }),
            reason: format!(
                "{}{}",
                remark.message,
                meant_id(policy, remark.exception, targets)
            ),
            hint: remark.hint,
        })
        .collect()
}

/// The question that names the finding's id nearest to that of an exception, where no finding has it.
fn meant_id(policy: &Policy, exception: usize, targets: &[Target]) -> String {
    let Some(exception) = policy.exceptions.list().get(exception) else {
        return String::new();
    };
    let findings = targets.iter().flat_map(|target| &target.findings);
    let ids: Vec<&str> = findings
        .flat_map(|finding| std::iter::once(&finding.advisory.id).chain(&finding.advisory.aliases))
        .map(String::as_str)
        .collect();
    match ids.iter().any(|id| id.eq_ignore_ascii_case(&exception.id)) {
        true => String::new(),
        false => nearest::meant(nearest::nearest(&exception.id, ids)),
    }
}

/// The policy's file, as gaps tell files.
fn policy_place(policy: &Policy) -> TreePath {
    let file = policy.file.as_deref();
    file.and_then(TreePath::outside).unwrap_or_default()
}

/// Enough was seen for a verdict.
fn is_enough(coverage: &Coverage, strictness: Strictness) -> bool {
    match strictness {
        Strictness::Usual => coverage.is_complete(),
        Strictness::Strict => coverage.is_complete() && coverage.partial.is_empty(),
    }
}

/// The answer for `targets`, whose findings are decided.
fn verdict(targets: &[Target], coverage: &Coverage, policy: &Policy, exit: ExitOptions) -> Verdict {
    let mut findings = targets.iter().flat_map(|target| &target.findings);
    let blocked = findings.any(|finding| finding.decision == Decision::Fail);
    // Where something could not be looked at, nobody knows that there is nothing.
    let nothing = targets.iter().all(|target| target.files.is_empty()) && coverage.blind.is_empty();
    match (blocked, nothing, is_enough(coverage, policy.coverage)) {
        (true, _, _) => Verdict::Blocked,
        // An empty tree is allowed, and the index is still not there.
        (false, true, _) if exit.allow_empty && !coverage.is_complete() => Verdict::Incomplete,
        (false, true, _) => Verdict::NothingToScan,
        (false, false, false) => Verdict::Incomplete,
        (false, false, true) => Verdict::Pass,
    }
}

/// The one place that turns an answer into an exit code. What blocks can be let through; what nobody looked at cannot.
fn exit_code(verdict: Verdict, enough: bool, exit: ExitOptions) -> ExitCode {
    match verdict {
        Verdict::Pass => ExitCode::Pass,
        Verdict::Blocked if exit.exit_zero && enough => ExitCode::Pass,
        Verdict::Blocked if exit.exit_zero => ExitCode::Incomplete,
        Verdict::Blocked => ExitCode::Blocked,
        Verdict::Incomplete => ExitCode::Incomplete,
        Verdict::NothingToScan if exit.allow_empty => ExitCode::Pass,
        Verdict::NothingToScan => ExitCode::NothingToScan,
        Verdict::Failed => ExitCode::Bug,
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
