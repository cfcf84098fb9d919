//! Use case: from findings to edited lockfiles. Plans with what registries answer, edits the text, and scans the result with
//! the same database: what counts is what that scan says, not what was planned.

mod cargo;
mod go;
mod npm;
mod overlay;
mod project;
mod requirements;
mod uv_lock;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::advisory::Index;
use crate::ecosystem;
use crate::lockfile::{Claim, claim};
use crate::matching::{self, Assessment};
use crate::model::{Decision, Ecosystem, Finding, Outcome, Part, Query, Release, SharedStr, TreePath};
use crate::plan::{Blocked, Bounds, Known, LockfilePlan, Manifests, Plan, Releases, Step, Wish};
use crate::registry::Answer;
use crate::relock::relock;
use crate::scan::discover::Found;
use crate::text::decode;
use crate::version::Distance;

pub use overlay::Overlay;
pub use project::{Fixer, Project, ProjectFiles};

/// Every format that can be planned, in alphabetical order of its name.
pub static FIXERS: &[&dyn Fixer] = &[
    &cargo::CargoLock,
    &go::GoMod,
    &npm::PackageLock,
    &requirements::Requirements,
    &uv_lock::UvLock,
];

/// Who plans for files of the format called `name`.
#[must_use]
pub fn fixer(name: &str) -> Option<&'static dyn Fixer> {
    FIXERS.iter().copied().find(|fixer| fixer.format() == name)
}

/// A plan asks registries at most so many times.
const MAX_ROUNDS: usize = 40;

/// Who asks registries.
pub trait Registries {
    /// An answer to each of the queries of `question`, or why there is none, as a sentence without its stop.
    fn ask(&self, question: &Question<'_>) -> BTreeMap<Query, Result<Arc<Answer>, String>>;
}

/// What a plan has to know.
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// The ecosystem of the packages.
    pub ecosystem: &'q Ecosystem,
    /// Whose packages they are.
    pub project: &'q dyn Project,
    /// What to ask.
    pub queries: &'q BTreeSet<Query>,
}

/// What a run may do.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How far a package may go that a manifest of one's own asks for.
    pub level: Distance,
    /// Whether ranges in manifests may change.
    pub manifests: Manifests,
    /// Ids of advisories and names of packages that are to be fixed; all where there is none.
    pub only: Vec<String>,
    /// What else moves or comes in was published before; `None` for no such bound.
    pub published_before: Option<Timestamp>,
}

/// Plans for every lockfile of `found`, target number `number` of `outcome`, that has something to fix.
#[must_use]
pub fn plans(
    (number, found): (usize, &Found),
    outcome: &Outcome,
    index: &Index,
    registries: &dyn Registries,
    limits: &Limits,
) -> Vec<LockfilePlan> {
    let mut of_files: BTreeMap<&TreePath, Vec<&Finding>> = BTreeMap::new();
    let Some(target) = outcome.targets.get(number) else {
        return Vec::new();
    };
    for finding in &target.findings {
        let is_wanted =
            finding.is_affected() && finding.decision != Decision::Note && is_meant(finding, limits);
        // The same file at a link is the file that it leads to.
        if is_wanted && !target.links.contains_key(&finding.file) {
            of_files.entry(&finding.file).or_default().push(finding);
        }
    }
    let files = of_files.into_iter();
    files
        .map(|(file, findings)| plan_of(number, found, file, &findings, index, registries, limits))
        .collect()
}

/// `--only` names the finding, by an id or by its package.
fn is_meant(finding: &Finding, limits: &Limits) -> bool {
    let names = |word: &String| {
        let is_id =
            finding.advisory.id == *word || finding.advisory.aliases.iter().any(|alias| *alias == **word);
        is_id || *finding.name == **word || finding.purl.as_str() == *word || finding.purl.package() == *word
    };
    limits.only.is_empty() || limits.only.iter().any(names)
}

fn plan_of(
    target: usize,
    found: &Found,
    file: &TreePath,
    findings: &[&Finding],
    index: &Index,
    registries: &dyn Registries,
    limits: &Limits,
) -> LockfilePlan {
    let ecosystem = findings
        .first()
        .map_or(Ecosystem::NPM, |finding| finding.ecosystem.clone());
    let (wishes, mut blocked) = wishes(findings);
    let mut plan = match (wishes.is_empty(), text_of(found, file)) {
        (true, _) => Plan::default(),
        (false, None) => all_blocked(&wishes, "The file cannot be read."),
        (false, Some(text)) => {
            let files = ProjectFiles {
                path: file,
                text: &text,
                root: &found.root,
                read: &|path| text_of(found, path),
                list: &|path| found.tree.contents(path),
            };
            asked((&ecosystem, &files), &wishes, index, registries, limits)
        }
    };
    let mut edited = Vec::new();
    if !plan.entries.is_empty()
        && let (Claim::Read(format), Some(text)) = (claim(file), text_of(found, file))
        && let Some(relock) = relock(format.name())
    {
        match relock.edit(file, &text, &plan, &|path| text_of(found, path)) {
            Ok(edits) => edited = edits,
            Err(refused) => plan = all_blocked(&wishes, &refused.to_string()),
        }
    }
    plan.blocked.append(&mut blocked);
    plan.blocked
        .sort_by(|left, right| (&left.name, &left.version).cmp(&(&right.name, &right.version)));
    LockfilePlan {
        target,
        file: file.clone(),
        ecosystem,
        plan,
        edited,
    }
}

fn text_of(found: &Found, path: &TreePath) -> Option<String> {
    let bytes = found.tree.read(path).ok()?;
    let decoded = decode::decode(&bytes);
    // An edit of what was not read letter by letter would write something else.
    (decoded.problem.is_none() && decoded.text.as_bytes() == &*bytes).then(|| decoded.text.into_owned())
}

/// What is wished, by version, and what no upgrade can fix.
fn wishes(findings: &[&Finding]) -> (Vec<Wish>, Vec<Blocked>) {
    let mut wishes: BTreeMap<(&str, &str), Wish> = BTreeMap::new();
    let mut blocked: Vec<Blocked> = Vec::new();
    for finding in findings {
        let reason = match crate::remediation::Kind::of(finding) {
            crate::remediation::Kind::Upgrade(to) => {
                let wish = wishes
                    .entry((&finding.name, &finding.version))
                    .or_insert_with(|| Wish {
                        name: finding.name.to_string(),
                        version: finding.version.to_string(),
                        to: Some(to.to_owned()),
                        fixes: Vec::new(),
                    });
                wish.fixes.push(finding.advisory.id.clone());
                continue;
            }
            crate::remediation::Kind::Remove => "It is malicious: remove it, and whatever needs it.",
            crate::remediation::Kind::OwnRegistry => "It has to come from your own registry.",
            crate::remediation::Kind::NoFix => "No version fixes it yet.",
        };
        blocked.push(Blocked {
            name: finding.name.to_string(),
            version: finding.version.to_string(),
            fixes: vec![finding.advisory.id.clone()],
            by: Vec::new(),
            reason: reason.to_owned(),
        });
    }
    (wishes.into_values().collect(), blocked)
}

fn all_blocked(wishes: &[Wish], reason: &str) -> Plan {
    let blocked = wishes.iter().map(|wish| Blocked {
        name: wish.name.clone(),
        version: wish.version.clone(),
        fixes: wish.fixes.clone(),
        by: Vec::new(),
        reason: reason.to_owned(),
    });
    Plan {
        blocked: blocked.collect(),
        ..Plan::default()
    }
}

/// The registries' answers for one lockfile.
#[derive(Default)]
struct Answers {
    versions: HashMap<SharedStr, Result<Arc<Answer>, String>>,
    metadata: HashMap<SharedStr, HashMap<SharedStr, Result<Arc<Answer>, String>>>,
    archives: HashMap<SharedStr, HashMap<SharedStr, Result<Arc<Answer>, String>>>,
    times: HashMap<SharedStr, HashMap<SharedStr, Result<Arc<Answer>, String>>>,
    proofs: HashMap<SharedStr, HashMap<SharedStr, Result<Arc<Answer>, String>>>,
}

impl Answers {
    fn put(&mut self, query: Query, answer: Result<Arc<Answer>, String>) {
        match query.part {
            Part::Versions => self.versions.insert(query.package, answer),
            Part::Metadata(version) => {
                let of_package = self.metadata.entry(query.package).or_default();
                of_package.insert(version, answer)
            }
            Part::Archive(version) => {
                let of_package = self.archives.entry(query.package).or_default();
                of_package.insert(version, answer)
            }
            Part::Time(version) => {
                let of_package = self.times.entry(query.package).or_default();
                of_package.insert(version, answer)
            }
            Part::Proof(version) => {
                let of_package = self.proofs.entry(query.package).or_default();
                of_package.insert(version, answer)
            }
        };
    }
}

/// What `answer` says of the one version that was asked for.
fn one(answer: Option<&Result<Arc<Answer>, String>>) -> Known<'_, Release> {
    match answer {
        None => Known::NotAsked,
        Some(Err(reason)) => Known::Failed(reason),
        Some(Ok(answer)) => match answer.releases.first() {
            Some(release) => Known::Answer(release),
            None => Known::Failed("the registry does not have it"),
        },
    }
}

impl Releases for Answers {
    fn versions(&self, name: &str) -> Known<'_, [Release]> {
        match self.versions.get(name) {
            None => Known::NotAsked,
            Some(Ok(answer)) => Known::Answer(&answer.releases),
            Some(Err(reason)) => Known::Failed(reason),
        }
    }

    fn metadata(&self, name: &str, version: &str) -> Known<'_, Release> {
        one(self
            .metadata
            .get(name)
            .and_then(|of_package| of_package.get(version)))
    }

    fn archive(&self, name: &str, version: &str) -> Known<'_, Release> {
        one(self
            .archives
            .get(name)
            .and_then(|of_package| of_package.get(version)))
    }

    fn time(&self, name: &str, version: &str) -> Known<'_, Release> {
        one(self
            .times
            .get(name)
            .and_then(|of_package| of_package.get(version)))
    }

    fn proof(&self, name: &str, version: &str) -> Known<'_, Release> {
        one(self
            .proofs
            .get(name)
            .and_then(|of_package| of_package.get(version)))
    }
}

/// Plans, asks for what is missing, and plans again.
fn asked(
    (ecosystem, files): (&Ecosystem, &ProjectFiles<'_>),
    wishes: &[Wish],
    index: &Index,
    registries: &dyn Registries,
    limits: &Limits,
) -> Plan {
    let Claim::Read(format) = claim(files.path) else {
        return all_blocked(wishes, "The file has no name of a lockfile.");
    };
    let Some(fixer) = fixer(format.name()) else {
        let reason = format!(
            "lockkeeper cannot edit {} yet: upgrade it with the command that `lockkeeper scan` shows.",
            format.name()
        );
        return all_blocked(wishes, &reason);
    };
    let project = match fixer.open(files) {
        Ok(project) => project,
        Err(reason) => return all_blocked(wishes, &reason),
    };
    let is_affected = |name: &str, version: &str| is_affected(index, ecosystem, name, version);
    let mut answers = Answers::default();
    for _ in 0..MAX_ROUNDS {
        let bounds = Bounds {
            is_affected: &is_affected,
            published_before: limits.published_before,
            toolchain: project.toolchain(),
            level: limits.level,
            manifests: limits.manifests,
        };
        match project.plan(wishes, &answers, &bounds) {
            Step::Done(plan) => return plan,
            Step::Ask(queries) => {
                let question = Question {
                    ecosystem,
                    project: &*project,
                    queries: &queries,
                };
                let mut given = registries.ask(&question);
                for query in queries {
                    let answer = given.remove(&query);
                    let answer = answer.unwrap_or_else(|| Err("no registry answered".to_owned()));
                    answers.put(query, answer);
                }
            }
        }
    }
    all_blocked(
        wishes,
        "The plan needs more answers of registries than one run asks for.",
    )
}

/// An advisory of the database affects the version, or it is not known whether one does.
fn is_affected(index: &Index, ecosystem: &Ecosystem, name: &str, version: &str) -> bool {
    let Ok(candidates) = index.candidates(ecosystem, name) else {
        return true;
    };
    let scheme = ecosystem::scheme(ecosystem);
    candidates
        .groups()
        .any(|group| match matching::assess(version, scheme, &group) {
            Ok(Assessment::Fixed | Assessment::NotAffected) => false,
            Ok(Assessment::Affected { .. } | Assessment::Undecided { .. }) | Err(_) => true,
        })
}
