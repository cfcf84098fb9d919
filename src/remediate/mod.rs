//! Use case: from findings to edited lockfiles. Plans with what registries answer, edits the text, and scans the result with
//! the same database: what counts is what that scan says, not what was planned.

mod affected;
mod answers;
mod attempt;
mod brought;
mod bun_lock;
mod cargo;
mod composer_lock;
mod gemfile_lock;
mod github_workflows;
mod go;
mod left;
mod memory;
pub mod native;
mod npm;
mod npm_archives;
mod overlay;
mod pdm_lock;
pub mod pinned;
mod pipfile_lock;
mod pnpm_lock;
mod pnpm_overrides;
mod poetry_lock;
mod pom;
mod project;
mod published;
mod requirements;
mod shared;
mod unnamed;
mod uv_lock;
mod yarn_lock;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use self::affected::Affected;
use self::attempt::{Attempts, all_blocked};
use self::memory::{Asked, Basis};
use self::shared::Shared;
use self::unnamed::{Stuck, is_unnamed};
use crate::advisory::Index;
use crate::lockfile::{self, Claim, Format, claim};
use crate::model::{Decision, Ecosystem, Finding, Outcome, Query, Target, TreePath};
use crate::plan::{Blocked, LockfilePlan, Manifests, Plan, Wish};
use crate::registry::Answer;
use crate::remediation::Kind;
use crate::scan::discover::DiscoveredTree;
use crate::text::decode;
use crate::version::Distance;
use crate::version::github_actions::is_exact;

pub use brought::Brought;
pub use left::settle;
pub use memory::Memory;
pub use overlay::Overlay;
pub use project::{Fixer, Project, ProjectFiles};
pub use published::Published;

/// Every format that can be planned, in alphabetical order of its name.
pub static FIXERS: &[&dyn Fixer] = &[
    &github_workflows::GithubWorkflows,
    &bun_lock::BunLock,
    &cargo::CargoLock,
    &composer_lock::ComposerLock,
    &gemfile_lock::GemfileLock,
    &go::GoMod,
    &npm::PackageLock,
    &pdm_lock::PdmLock,
    &pipfile_lock::PipfileLock,
    &pnpm_lock::PnpmLock,
    &poetry_lock::PoetryLock,
    &pom::Pom,
    &requirements::Requirements,
    &uv_lock::UvLock,
    &yarn_lock::YarnLock,
];

/// So many dependents stand in a reason.
const MAX_DEPENDENTS: usize = 5;

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
    /// The edits go into a pull request, which changes no workflow of the forge.
    pub for_pull_request: bool,
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
    /// The plans that were made so far.
    pub memory: &'m Memory,
}

/// Plans for every lockfile of `found`, target number `number` of `outcome`, that has something to fix, by path.
#[must_use]
pub fn plans(
    (number, found): (usize, &DiscoveredTree),
    outcome: &Outcome,
    supplies: Supplies<'_>,
) -> Vec<LockfilePlan> {
    let mut of_files: BTreeMap<(bool, &TreePath), Vec<&Finding>> = BTreeMap::new();
    let Some(target) = outcome.targets.get(number) else {
        return Vec::new();
    };
    let repeated = repeated(target);
    for finding in &target.findings {
        if counts(finding, supplies.limits) && !repeated.contains(&finding.file) {
            let place = (shared::follows(&finding.file), &finding.file);
            of_files.entry(place).or_default().push(finding);
        }
    }
    let mut shared = Shared::of(found);
    let mut plans = loop {
        // What several lockfiles have an edit of, a manifest or the pom of a parent, is edited on and on.
        let mut texts: BTreeMap<TreePath, String> = BTreeMap::new();
        let mut plans = Vec::new();
        for ((_, file), findings) in &of_files {
            let files = Files {
                found,
                texts: &texts,
                is_apart: &|path| shared.is_apart(file, path),
            };
            let limits = match shared.keeps(file) {
                true => &Limits {
                    manifests: Manifests::Keep,
                    ..supplies.limits.clone()
                },
                false => supplies.limits,
            };
            let supplies = Supplies { limits, ..supplies };
            let plan = plan_of((number, target), files, (file, findings), supplies);
            for edited in &plan.edited {
                texts.insert(edited.path.clone(), edited.after.clone());
            }
            plans.push(plan);
        }
        if !shared.differ(&plans) {
            break plans;
        }
    };
    shared.say_why(&mut plans);
    plans.sort_by(|left, right| left.file.cmp(&right.file));
    plans
}

/// The files of a tree, with what earlier plans made of them.
#[derive(Clone, Copy)]
struct Files<'f> {
    found: &'f DiscoveredTree,
    texts: &'f BTreeMap<TreePath, String>,
    /// What earlier plans made of a file does not count.
    is_apart: &'f dyn Fn(&TreePath) -> bool,
}

/// The lockfiles that are links to other lockfiles with findings: the same files, which are planned by their own names.
fn repeated(target: &Target) -> BTreeSet<&TreePath> {
    if target.links.is_empty() {
        return BTreeSet::new();
    }
    let files: BTreeSet<&TreePath> = target.findings.iter().map(|finding| &finding.file).collect();
    let from_top = files
        .iter()
        .filter_map(|file| target.prefix.join(file.as_bytes()));
    let from_top: BTreeSet<TreePath> = from_top.collect();
    let links = target.links.iter().filter(|(_, end)| from_top.contains(*end));
    links.map(|(link, _)| link).collect()
}

/// The finding is one that is to be fixed.
fn counts(finding: &Finding, limits: &Limits) -> bool {
    finding.is_affected() && finding.decision != Decision::Note && is_meant(finding, limits)
}

/// `--only` names the finding, by an id or by its package.
fn is_meant(finding: &Finding, limits: &Limits) -> bool {
    limits.only.is_empty() || limits.only.iter().any(|word| names(word, finding))
}

fn names(word: &str, finding: &Finding) -> bool {
    let is_id = finding.advisory.id == *word || finding.advisory.aliases.iter().any(|alias| **alias == *word);
    is_id || *finding.name == *word || finding.purl.as_str() == word || finding.purl.package() == word
}

/// The words of `only` that name no finding of `outcome`.
#[must_use]
pub fn unmet(outcome: &Outcome, only: &[String]) -> Vec<String> {
    let mut unmet = only.to_vec();
    for target in &outcome.targets {
        for finding in &target.findings {
            unmet.retain(|word| !names(word, finding));
        }
    }
    unmet
}

fn plan_of(
    (number, target): (usize, &Target),
    files: Files<'_>,
    (file, findings): (&TreePath, &[&Finding]),
    supplies: Supplies<'_>,
) -> LockfilePlan {
    let link = target.links.get(file);
    let of_file = target.findings.iter().filter(|finding| finding.file == *file);
    let affected = Affected::of(of_file);
    let ecosystem = findings
        .first()
        .map_or(Ecosystem::NPM, |finding| finding.ecosystem.clone());
    let takes_out = takes_out(file);
    let (mut wishes, mut blocked) = wishes(findings, takes_out, supplies.limits, None);
    let found = files.found;
    let brought = supplies.brought.of(number, file, &ecosystem);
    let text = files.text(file);
    let list = |path: &TreePath| found.tree.contents(path);
    let origin = found
        .repository
        .as_ref()
        .and_then(|repository| repository.origin());
    let basis = text.as_deref().map(|text| Basis {
        file: file.clone(),
        text: memory::hash(text),
        root: found.root.clone(),
        findings: findings.iter().map(|finding| signature(finding)).collect(),
        affected: affected.clone(),
        brought: brought.clone(),
        manifests: supplies.limits.manifests,
    });
    let basis = basis.filter(|_| !wishes.is_empty() && link.is_none());
    let known = basis
        .as_ref()
        .and_then(|basis| supplies.memory.find(basis, &|path| files.text(path), &list));
    if let Some(known) = known {
        return LockfilePlan {
            target: number,
            ..known
        };
    }
    let asked = RefCell::new(Asked::default());
    let (mut plan, edited) = match (wishes.is_empty(), link, text) {
        (true, ..) => (Plan::default(), Vec::new()),
        (false, Some(end), _) => {
            let reason = format!(
                "It is a symbolic link to {end}, whose name is that of no lockfile: put the lockfile itself there, or upgrade with \
                 the package manager."
            );
            (all_blocked(&wishes, &reason), Vec::new())
        }
        (false, None, None) => (all_blocked(&wishes, files.why_no_text(file)), Vec::new()),
        (false, None, Some(_)) if supplies.limits.for_pull_request && is_workflow(found, file) => {
            (all_blocked(&wishes, WORKFLOWS), Vec::new())
        }
        (false, None, Some(text)) => {
            let read = |path: &TreePath| {
                let text = files.text(path);
                asked.borrow_mut().file(path, text.as_deref());
                text
            };
            let list = |path: &TreePath| {
                let contents = list(path);
                asked.borrow_mut().folder(path, contents.as_ref());
                contents
            };
            let project = ProjectFiles {
                path: file,
                text: &text,
                root: &found.root,
                origin: origin.as_deref(),
                read: &read,
                list: &list,
            };
            let mut attempts =
                Attempts::new((&ecosystem, &project), supplies, &brought, (&affected, findings));
            let first = attempts.best(&wishes);
            match Stuck::of(&first.0, findings) {
                None => first,
                Some(stuck) => {
                    (wishes, blocked) = self::wishes(findings, takes_out, supplies.limits, Some(&stuck));
                    let (mut plan, edited) = attempts.best(&wishes);
                    stuck.explain(&mut plan.blocked, |first| !first.by.is_empty());
                    stuck.explain(&mut blocked, |_| true);
                    (plan, edited)
                }
            }
        }
    };
    say_why_without(&mut plan, &wishes, findings);
    plan.blocked.append(&mut blocked);
    plan.blocked
        .sort_by(|left, right| (&left.name, &left.version).cmp(&(&right.name, &right.version)));
    let plan = LockfilePlan {
        target: number,
        file: file.clone(),
        ecosystem,
        plan,
        edited,
        verified: None,
    };
    if let Some(basis) = basis {
        supplies.memory.keep(basis, asked.into_inner(), &plan);
    }
    plan
}

/// Why a pull request leaves a workflow as it is.
const WORKFLOWS: &str = "A token needs the right `workflows` for a pull request that changes .github/workflows, and none is asked for: run `lockkeeper fix` in a clone.";

/// The file is a workflow of the repository.
fn is_workflow(found: &DiscoveredTree, file: &TreePath) -> bool {
    let path = found.prefix.join(file.as_bytes());
    path.is_some_and(|path| path.as_bytes().starts_with(b".github/workflows/"))
}

/// All that a plan takes from a finding.
fn signature(finding: &Finding) -> String {
    format!(
        "{} {} {} {:?} {:?} {} {} {}",
        finding.advisory.id,
        finding.name,
        finding.version,
        finding.decision,
        Kind::of(finding),
        finding.direct,
        finding.ends,
        dependents(finding)
    )
}

impl Files<'_> {
    fn text(&self, path: &TreePath) -> Option<String> {
        if let Some(text) = self.texts.get(path).filter(|_| !(self.is_apart)(path)) {
            return Some(text.clone());
        }
        let bytes = self.found.tree.read(path).ok()?;
        let decoded = decode::decode(&bytes);
        // An edit of what was not read letter by letter would write something else.
        (decoded.problem.is_none() && decoded.text.as_bytes() == &*bytes).then(|| decoded.text.into_owned())
    }

    /// Why [`Self::text`] gives nothing.
    fn why_no_text(&self, path: &TreePath) -> &'static str {
        let bytes = self.found.tree.read(path).ok();
        match bytes.is_some_and(|bytes| decode::decode(&bytes).problem.is_none()) {
            true => {
                "The file is not plain UTF-8, and lockkeeper edits no other: upgrade by hand, or save it as UTF-8 without a byte order mark."
            }
            false => "The file cannot be read.",
        }
    }
}

/// The planner of the file's format takes packages out.
fn takes_out(file: &TreePath) -> bool {
    format_of(file).is_some_and(|format| fixer(format.name()).is_some_and(Fixer::takes_out))
}

/// The format of a file in which packages stand: that of its name, else that of the lockfile which names it with `-r` or
/// `-c`, for no other lockfile has packages in files of any name.
#[must_use]
pub fn format_of(file: &TreePath) -> Option<&'static dyn Format> {
    match claim(file) {
        Claim::Read(format) => Some(format),
        Claim::Unsupported(_) => None,
        Claim::Nothing => {
            let name = file.file_name();
            let is_listing = name.ends_with(b".txt") || name.ends_with(b".in") || !name.contains(&b'.');
            lockfile::format("requirements.txt").filter(|_| is_listing)
        }
    }
}

/// Puts before the reasons why packages cannot leave why they should.
fn say_why_without(plan: &mut Plan, wishes: &[Wish], findings: &[&Finding]) {
    for blocked in &mut plan.blocked {
        let Some(wish) = wishes.iter().find(|wish| wish.is_leaving(blocked)) else {
            continue;
        };
        let is_of = |finding: &&&Finding| {
            *finding.name == *wish.name
                && *finding.version == *wish.version
                && wish.without.contains(&finding.advisory.id)
        };
        // That of malicious ones comes first.
        let about = findings.iter().filter(is_of);
        if let Some(worst) = about.min_by_key(|finding| Kind::of(finding)) {
            blocked.reason = format!("{} {}", reason_of(worst), blocked.reason);
        }
    }
}

/// What is wished, by name and version.
type Wishes<'f> = BTreeMap<(&'f str, &'f str), Wish>;

/// What is wished of the version of `finding`.
fn wished<'w, 'f>(wishes: &'w mut Wishes<'f>, finding: &'f Finding) -> &'w mut Wish {
    let wish = wishes.entry((&finding.name, &finding.version));
    wish.or_insert_with(|| Wish {
        name: finding.name.to_string(),
        version: finding.version.to_string(),
        to: None,
        fixes: Vec::new(),
        without: Vec::new(),
    })
}

/// What is wished, by version, and what stays. With `takes_out` it is wished, too, that a package leaves of which no version
/// fixes what the gate fails, or what `--only` names; none fixes what is `stuck`.
fn wishes(
    findings: &[&Finding],
    takes_out: bool,
    limits: &Limits,
    stuck: Option<&Stuck<'_>>,
) -> (Vec<Wish>, Vec<Blocked>) {
    let is_unnamed =
        |finding: &Finding| is_unnamed(finding) && !stuck.is_some_and(|stuck| stuck.has(finding));
    let mut wishes = Wishes::new();
    let mut blocked: Vec<Blocked> = Vec::new();
    for finding in findings {
        let is_urgent = finding.decision == Decision::Fail || !limits.only.is_empty();
        let id = finding.advisory.id.clone();
        match Kind::of(finding) {
            Kind::Upgrade(to) => {
                let wish = wished(&mut wishes, finding);
                wish.to.get_or_insert_with(|| to.to_owned());
                wish.fixes.push(id);
            }
            // A pre-release fixes it, and whether a release came after that is known to the registry alone.
            Kind::NoFix if !finding.fixed.is_empty() || is_unnamed(finding) => {
                wished(&mut wishes, finding).fixes.push(id);
            }
            // Of a tag that moves it is not known which version it is, and the planner says so.
            Kind::NoFix if finding.ecosystem == Ecosystem::GITHUB_ACTIONS && !is_exact(&finding.version) => {
                wished(&mut wishes, finding).fixes.push(id);
            }
            Kind::Remove | Kind::NoFix if takes_out && is_urgent => {
                wished(&mut wishes, finding).without.push(id);
            }
            Kind::Remove | Kind::NoFix | Kind::OwnRegistry => blocked.push(Blocked {
                name: finding.name.to_string(),
                version: finding.version.to_string(),
                fixes: vec![id],
                by: Vec::new(),
                reason: match is_urgent {
                    true => format!("{}{}", reason_of(finding), dependents(finding)),
                    false => reason_of(finding),
                },
            }),
        }
    }
    // A version that other advisories name is the lowest that ends these, and the registry may have one that ends all.
    for finding in findings.iter().filter(|finding| is_unnamed(finding)) {
        wished(&mut wishes, finding).to = None;
    }
    (wishes.into_values().collect(), blocked)
}

/// Why nothing fixes the finding where it is, as a sentence.
fn reason_of(finding: &Finding) -> String {
    match Kind::of(finding) {
        Kind::Upgrade(to) => format!("{to} fixes it: plan again when this is merged."),
        Kind::Remove => "It is malicious: remove it, and whatever needs it.".to_owned(),
        Kind::OwnRegistry => "It has to come from your own registry.".to_owned(),
        Kind::NoFix => match finding.fixed.first() {
            Some(early) => format!("Only a pre-release is known to fix it: {early}."),
            None if finding.ends => "No advisory names a version that fixes it.".to_owned(),
            None => "No version fixes it yet.".to_owned(),
        },
    }
}

/// What needs the package of a finding, and what ends it, as a further sentence; empty where the lockfile does not say.
fn dependents(finding: &Finding) -> String {
    if Kind::of(finding) == Kind::OwnRegistry {
        return String::new();
    }
    if finding.direct {
        return " The project asks for it by name: take it out there, or put another package in its place."
            .to_owned();
    }
    let users = finding.paths.iter().filter_map(|path| {
        let steps = path.last_steps();
        let user = steps.len().checked_sub(2).and_then(|at| steps.get(at))?;
        Some(format!("{} {}", user.name, user.version).trim().to_owned())
    });
    let users: BTreeSet<String> = users.filter(|user| !user.is_empty()).collect();
    let shown: Vec<&str> = users.iter().take(MAX_DEPENDENTS).map(String::as_str).collect();
    match (shown.as_slice(), users.len().saturating_sub(MAX_DEPENDENTS)) {
        ([], _) => String::new(),
        ([one], _) => format!(" {one} needs it: a version of that which does without it ends this."),
        (_, 0) => format!(
            " {} need it: versions of these which do without it end this.",
            shown.join(", ")
        ),
        (_, more) => format!(
            " {} and {more} more need it: versions of these which do without it end this.",
            shown.join(", ")
        ),
    }
}
