//! Use cases: what would fix the findings of a work tree, and fixing them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::resolve::Resolver;
use super::trees::{Taken, Trees};
use super::verify::{self, Asking, Verify};
use super::{Failed, Input, PolicyRequest, Session, database};
use crate::model::{Failure, Finding, Outcome, TreePath};
use crate::plan::{Edited, LockfilePlan, Manifests, Progress, Proposal};
use crate::policy::{FixSettings, Grouping, Means, Policy};
use crate::remediate::{self, Brought, Limits, Memory};
use crate::scan::discover::DiscoveredTree;
use crate::scan::{self, ExitOptions, Keep, Request};
use crate::sys::file::{self, FileKind};
use crate::version::Distance;

/// What to fix, and how far.
#[derive(Debug, Clone)]
pub struct FixRequest {
    /// What is read: work trees.
    pub input: Input,
    /// Which policy decides.
    pub policy: PolicyRequest,
    /// Parents and BOMs that the trees lack are asked for.
    pub resolve: bool,
    /// What the plans may do.
    pub limits: FixLimits,
    /// Who proves the edits.
    pub verify: Verify,
    /// What is done with the edits.
    pub edits: Edits,
}

/// What plans may do, where that is not as the policy says.
#[derive(Debug, Clone, Default)]
pub struct FixLimits {
    /// How far a direct dependency may go.
    pub level: Option<Distance>,
    /// Whether ranges in manifests may change.
    pub manifests: Option<Manifests>,
    /// Ids of advisories and names of packages that are to be fixed; all where there is none.
    pub only: Vec<String>,
    /// The edits go into a pull request.
    pub for_pull_request: bool,
    /// `only` follows from commits, and no person named it: what names no finding is nothing to warn of.
    pub is_only_derived: bool,
}

impl FixLimits {
    /// The limits under `policy`, at the time `now`.
    fn under(&self, policy: &Policy, now: Timestamp) -> Limits {
        Limits {
            level: self.level.unwrap_or(policy.fix.reach()),
            manifests: self.manifests.unwrap_or(
                match (
                    policy.fix.allows(Means::Manifest),
                    policy.fix.allows(Means::Override),
                ) {
                    (true, false) => Manifests::Change,
                    (true, true) => Manifests::ChangeAndOverride,
                    (false, true) => Manifests::Override,
                    (false, false) => Manifests::Keep,
                },
            ),
            only: self.only.clone(),
            published_before: policy
                .supply_chain
                .min_release_age
                .map(|age| now.saturating_sub(age).unwrap_or(Timestamp::MIN)),
            for_pull_request: self.for_pull_request,
        }
    }
}

/// What is done with edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edits {
    /// They are shown.
    Show,
    /// They are written, if git has the files as they are.
    Write,
    /// They are written over changes that are not committed, too.
    WriteOverChanges,
}

/// Plans for pull requests.
#[derive(Debug)]
pub struct Fixes {
    /// What all upgrades together do.
    pub whole: Proposal,
    /// What goes into one pull request by itself: the URL of a package, and its upgrades; none where all go into one.
    pub parts: Vec<(String, Proposal)>,
    /// How pull requests look, by the policy.
    pub settings: FixSettings,
}

impl Session<'_> {
    /// Plans upgrades for pull requests, together or package by package as the policy says. Nothing is written.
    ///
    /// # Errors
    /// As for [`Session::fix`].
    pub fn fixes(&self, request: &FixRequest) -> Result<Fixes, Failed<Proposal>> {
        let request = FixRequest {
            edits: Edits::Show,
            ..request.clone()
        };
        let trees = Trees::find(&request.input, Taken::Work, None, &request.policy, None)?;
        let settings = trees.policy().fix;
        let whole = self.fix(&request)?;
        let mut parts = Vec::new();
        match settings.group {
            Grouping::All => {}
            Grouping::Package => {
                for package in packages(&whole) {
                    let mut request = request.clone();
                    request.limits.only = vec![package.clone()];
                    parts.push((package, self.fix(&request)?));
                }
            }
        }
        Ok(Fixes {
            whole,
            parts,
            settings,
        })
    }

    /// Plans upgrades, and writes them where the request says so.
    ///
    /// # Errors
    /// [`Failed`] with a failure of usage, of an advisory database that is missing, or of a file with changes that are not
    /// committed.
    pub fn fix(&self, request: &FixRequest) -> Result<Proposal, Failed<Proposal>> {
        self.observer.working("reading lockfiles");
        let proposed = self.proposed(request);
        self.observer.finished();
        proposed
    }

    fn proposed(&self, request: &FixRequest) -> Result<Proposal, Failed<Proposal>> {
        let find = || Trees::find(&request.input, Taken::Work, None, &request.policy, None);
        let (trees, mut proposal) = self.planned(request, &find, Keep::Findings)?;
        match request.edits {
            Edits::Show => {}
            Edits::Write | Edits::WriteOverChanges => {
                let found: Vec<&DiscoveredTree> = trees.found().collect();
                write(&found, &roots(&request.input), &proposal.lockfiles, request.edits)?;
                proposal.progress = Progress::Written;
            }
        }
        Ok(proposal)
    }

    /// Plans upgrades of the trees that `find` gives, the same ones each time; the scan before keeps what `keep` says. Nothing is
    /// written.
    ///
    /// # Errors
    /// As for [`Session::fix`].
    pub(super) fn planned(
        &self,
        request: &FixRequest,
        find: &dyn Fn() -> Result<Trees, Failure>,
        keep: Keep,
    ) -> Result<(Trees, Proposal), Failed<Proposal>> {
        let trees = find()?;
        let resolver = request
            .resolve
            .then(|| self.resolver(trees.policy()))
            .transpose()?;
        let resolved = |trees: Trees| match &resolver {
            Some(resolver) => resolver.over(trees),
            None => trees,
        };
        let trees = resolved(trees);
        let find = || find().map(&resolved);
        let found: Vec<&DiscoveredTree> = trees.found().collect();
        let opened = database::open(self, &found, &trees.policy())?;
        let has_lockfiles = found.iter().any(|found| !found.files.is_empty());
        let scanned = |trees: &Trees, keep: Keep| -> Outcome {
            let request = Request {
                judge: opened.judge(),
                remarks: trees.remarks.clone(),
                now: self.now,
                exit: ExitOptions::default(),
                keep,
            };
            scan::scan(&request, &trees.scan_trees())
        };
        let before = scanned(&trees, keep);
        for note in resolver.iter().flat_map(Resolver::notes) {
            self.observer.warn(&note);
        }
        if !has_lockfiles {
            let proposal = Proposal {
                after: before.clone(),
                before,
                lockfiles: Vec::new(),
                progress: Progress::Planned,
                pull_request: None,
            };
            return Ok((trees, proposal));
        }
        let index = match opened.require() {
            Ok(index) => index,
            Err(missing) => {
                let failure = match &opened.unfetched {
                    Some(failure) => database::none_fetched(&before.coverage, failure),
                    None => missing,
                };
                let before = scan::failed(before, &failure);
                return Err(Failed {
                    report: Some(Box::new(Proposal {
                        after: before.clone(),
                        before,
                        lockfiles: Vec::new(),
                        progress: Progress::Planned,
                        pull_request: None,
                    })),
                    failure,
                });
            }
        };
        if !request.limits.is_only_derived {
            for word in remediate::unmet(&before, &request.limits.only) {
                self.observer.warn(&format!(
                    "`{word}` names no finding: `--only` takes the id of an advisory, the name of a package or its package URL."
                ));
            }
        }
        self.observer.working("asking registries");
        let limits = request.limits.under(&trees.policy(), self.now);
        let registries = self.registries(trees.policy())?;
        let memory = Memory::default();
        let plans = |brought: &Brought| {
            let supplies = remediate::Supplies {
                index,
                registries: &registries,
                limits: &limits,
                brought,
                memory: &memory,
            };
            let mut lockfiles: Vec<LockfilePlan> = Vec::new();
            for target in found.iter().copied().enumerate() {
                lockfiles.extend(remediate::plans(target, &before, supplies));
            }
            lockfiles
        };
        let mut brought = Brought::default();
        let mut lockfiles = plans(&brought);
        // The very tree that a person would have with the result.
        let edited = |lockfiles: &[LockfilePlan]| -> Result<Trees, Failure> {
            Ok(find()?.edited(|number| {
                let edits = lockfiles.iter().filter(|plan| plan.target == number);
                edits.flat_map(|plan| &plan.edited).collect()
            }))
        };
        let mut after = loop {
            let after = scanned(&edited(&lockfiles)?, Keep::Findings);
            if !brought.add(&before, &after, &lockfiles) {
                break after;
            }
            // Those of which nothing is known that was not known before are in the memory.
            lockfiles = plans(&brought);
        };
        if request.verify == Verify::Native {
            self.observer.working("asking package managers");
            let roots = roots(&request.input);
            let asking = Asking {
                roots: &roots,
                is_offline: self.offline,
            };
            let trees = edited(&lockfiles)?;
            let trees: Vec<&DiscoveredTree> = trees.found().collect();
            let mut refused: Vec<(usize, TreePath, String)> = Vec::new();
            for plan in lockfiles.iter_mut().filter(|plan| !plan.edited.is_empty()) {
                let Some(found) = trees.get(plan.target) else {
                    continue;
                };
                match verify::verify(plan, &*found.tree, asking) {
                    Ok(asked) => plan.verified = Some(asked),
                    Err(reason) => {
                        let paths = plan.edited.iter().map(|edited| edited.path.clone());
                        refused.extend(paths.map(|path| (plan.target, path, reason.clone())));
                        verify::take_back(plan, &reason);
                    }
                }
            }
            // What an edit of the same file was made with is not there any more.
            for plan in &mut lockfiles {
                let is_edited = |path: &TreePath| plan.edited.iter().any(|edited| edited.path == *path);
                let mut of_target = refused.iter().filter(|(target, ..)| *target == plan.target);
                if let Some((_, path, reason)) = of_target.find(|(_, path, _)| is_edited(path)) {
                    let reason =
                        format!("{path} stays as it is, for another lockfile does not fit it. {reason}");
                    verify::take_back(plan, &reason);
                }
            }
            after = scanned(&edited(&lockfiles)?, Keep::Findings);
        }
        remediate::settle(&mut lockfiles, &after, &limits);
        let proposal = Proposal {
            before,
            after,
            lockfiles,
            progress: Progress::Planned,
            pull_request: None,
        };
        Ok((trees, proposal))
    }
}

/// The URLs of the packages that are upgraded, in order.
pub(super) fn packages(proposal: &Proposal) -> BTreeSet<String> {
    let is_moved = |finding: &Finding| {
        proposal.lockfiles.iter().any(|file| {
            let mut moves = file.plan.moves.iter();
            file.ecosystem == finding.ecosystem && moves.any(|one| *finding.name == *one.name)
        })
    };
    let findings = proposal.before.findings().map(|(_, finding)| finding);
    findings
        .filter(|finding| is_moved(finding))
        .map(|finding| finding.purl.package().to_owned())
        .collect()
}

/// The folders that the paths of trees count from.
fn roots(input: &Input) -> Vec<PathBuf> {
    let folder = |path: &PathBuf| match file::kind(path) {
        Ok(FileKind::File(_)) => match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            Some(_) | None => PathBuf::from("."),
        },
        Ok(FileKind::Folder | FileKind::Other | FileKind::Missing) | Err(_) => path.clone(),
    };
    match input.paths.as_slice() {
        [] => vec![PathBuf::from(".")],
        paths => paths.iter().map(folder).collect(),
    }
}

/// Writes every edit, or none where one of the files is not as git has it.
fn write(
    found: &[&DiscoveredTree],
    roots: &[PathBuf],
    lockfiles: &[LockfilePlan],
    edits: Edits,
) -> Result<(), Failure> {
    let mut files: Vec<(PathBuf, &Edited)> = Vec::new();
    for plan in lockfiles {
        let (Some(found), Some(root)) = (found.get(plan.target), roots.get(plan.target)) else {
            continue;
        };
        for edited in &plan.edited {
            let is_first = !files.iter().any(|(_, earlier)| earlier.path == edited.path);
            if is_first && edits == Edits::Write && found.differs(&edited.path, edited.before.as_bytes()) {
                return Err(Failure::usage(
                    format!("{} has changes that are not committed", edited.path),
                    "Commit or stash them first, or give `--allow-dirty`. Nothing was written.",
                ));
            }
            let path = file::inside(root, &edited.path).ok_or_else(|| {
                Failure::usage(
                    format!("{} cannot be written on this system", edited.path),
                    "Rename the file. Nothing was written.",
                )
            })?;
            files.push((path, edited));
        }
    }
    let mut done: Vec<(&Path, &Edited)> = Vec::new();
    for (path, edited) in &files {
        match put(path, &edited.after) {
            Ok(()) => done.push((path, edited)),
            Err(error) => {
                for (path, edited) in done {
                    // What cannot be taken back either is said by the first error.
                    let _ = put(path, &edited.before);
                }
                return Err(Failure::usage(
                    format!("{}: {error}", path.display()),
                    "Make the file writable. What had been written before it was taken back.",
                ));
            }
        }
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), file::FileError> {
    file::replace(path, |writer| std::io::Write::write_all(writer, text.as_bytes()))
}
