//! Use case: from findings to edited lockfiles. Plans with what registries answer, edits the text, and scans the result with
//! the same database: what counts is what that scan says, not what was planned.

mod answers;
mod attempt;
mod brought;
mod cargo;
mod go;
pub mod native;
mod npm;
mod overlay;
mod pipfile_lock;
mod poetry_lock;
mod pom;
mod project;
mod published;
mod requirements;
mod uv_lock;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use self::attempt::{Attempts, all_blocked};
use crate::advisory::Index;
use crate::model::{Decision, Ecosystem, Finding, Outcome, Query, TreePath};
use crate::plan::{Blocked, LockfilePlan, Manifests, Plan, Wish};
use crate::registry::Answer;
use crate::scan::discover::Found;
use crate::text::decode;
use crate::version::Distance;

pub use brought::Brought;
pub use overlay::Overlay;
pub use project::{Fixer, Project, ProjectFiles};
pub use published::Published;

/// Every format that can be planned, in alphabetical order of its name.
pub static FIXERS: &[&dyn Fixer] = &[
    &cargo::CargoLock,
    &go::GoMod,
    &npm::PackageLock,
    &pipfile_lock::PipfileLock,
    &poetry_lock::PoetryLock,
    &pom::Pom,
    &requirements::Requirements,
    &uv_lock::UvLock,
];

/// Who plans for files of the format called `name`.
#[must_use]
pub fn fixer(name: &str) -> Option<&'static dyn Fixer> {
    FIXERS.iter().copied().find(|fixer| fixer.format() == name)
}

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

/// What plans are made with.
#[derive(Clone, Copy)]
pub struct Supplies<'m> {
    /// The advisories.
    pub index: &'m Index,
    /// Who asks registries.
    pub registries: &'m dyn Registries,
    /// What the plans may do.
    pub limits: &'m Limits,
    /// What upgrades brought in earlier rounds.
    pub brought: &'m Brought,
}

/// Plans for every lockfile of `found`, target number `number` of `outcome`, that has something to fix and that `is_planned`.
#[must_use]
pub fn plans(
    (number, found): (usize, &Found),
    outcome: &Outcome,
    supplies: Supplies<'_>,
    is_planned: &dyn Fn(&TreePath) -> bool,
) -> Vec<LockfilePlan> {
    let mut of_files: BTreeMap<&TreePath, Vec<&Finding>> = BTreeMap::new();
    let Some(target) = outcome.targets.get(number) else {
        return Vec::new();
    };
    for finding in &target.findings {
        let is_wanted = finding.is_affected()
            && finding.decision != Decision::Note
            && is_meant(finding, supplies.limits)
            && is_planned(&finding.file);
        // The same file at a link is the file that it leads to.
        if is_wanted && !target.links.contains_key(&finding.file) {
            of_files.entry(&finding.file).or_default().push(finding);
        }
    }
    // What several lockfiles have an edit of, a manifest or the pom of a parent, is edited on and on.
    let mut texts: BTreeMap<TreePath, String> = BTreeMap::new();
    let mut plans = Vec::new();
    for (file, findings) in of_files {
        let files = Files { found, texts: &texts };
        let plan = plan_of((number, files), file, &findings, supplies);
        for edited in &plan.edited {
            texts.insert(edited.path.clone(), edited.after.clone());
        }
        plans.push(plan);
    }
    plans
}

/// The files of a tree, with what earlier plans made of them.
#[derive(Clone, Copy)]
struct Files<'f> {
    found: &'f Found,
    texts: &'f BTreeMap<TreePath, String>,
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
    (target, files): (usize, Files<'_>),
    file: &TreePath,
    findings: &[&Finding],
    supplies: Supplies<'_>,
) -> LockfilePlan {
    let ecosystem = findings
        .first()
        .map_or(Ecosystem::NPM, |finding| finding.ecosystem.clone());
    let (wishes, mut blocked) = wishes(findings);
    let found = files.found;
    let (mut plan, edited) = match (wishes.is_empty(), files.text(file)) {
        (true, _) => (Plan::default(), Vec::new()),
        (false, None) => (all_blocked(&wishes, "The file cannot be read."), Vec::new()),
        (false, Some(text)) => {
            let project = ProjectFiles {
                path: file,
                text: &text,
                root: &found.root,
                read: &|path| files.text(path),
                list: &|path| found.tree.contents(path),
            };
            let brought = supplies.brought.of(target, file, &ecosystem);
            Attempts::new((&ecosystem, &project), supplies, &brought).best(&wishes)
        }
    };
    plan.blocked.append(&mut blocked);
    plan.blocked
        .sort_by(|left, right| (&left.name, &left.version).cmp(&(&right.name, &right.version)));
    LockfilePlan {
        target,
        file: file.clone(),
        ecosystem,
        plan,
        edited,
        verified: None,
    }
}

impl Files<'_> {
    fn text(&self, path: &TreePath) -> Option<String> {
        if let Some(text) = self.texts.get(path) {
            return Some(text.clone());
        }
        let bytes = self.found.tree.read(path).ok()?;
        let decoded = decode::decode(&bytes);
        // An edit of what was not read letter by letter would write something else.
        (decoded.problem.is_none() && decoded.text.as_bytes() == &*bytes).then(|| decoded.text.into_owned())
    }
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
