//! Use case: from findings to edited lockfiles. Plans with what registries answer, edits the text, and scans the result with
//! the same database: what counts is what that scan says, not what was planned.

mod overlay;

use std::collections::{BTreeMap, BTreeSet};

use crate::advisory::Index;
use crate::ecosystem;
use crate::lockfile::package_lock::installed::{Installed, installed};
use crate::lockfile::{Claim, claim};
use crate::matching::{self, Assessment};
use crate::model::{Decision, Ecosystem, Finding, Outcome, Release, TreePath};
use crate::plan::{Blocked, Bounds, Known, LockfilePlan, Manifests, Plan, Releases, Step, Wish, npm};
use crate::relock::{package_lock, relock};
use crate::scan::discover::Found;
use crate::text::{decode, json};
use crate::version::{Distance, range};

pub use overlay::Overlay;

/// A plan asks registries at most so many times.
const MAX_ROUNDS: usize = 40;

/// Who asks registries.
pub trait Registries {
    /// The versions of each package that `question` names, or why they could not be learnt.
    fn ask(&self, question: &Question<'_>) -> BTreeMap<String, Result<Vec<Release>, String>>;
}

/// What a plan has to know.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The ecosystem of the packages.
    pub ecosystem: &'q Ecosystem,
    /// Where its packages come from.
    pub addresses: &'q Addresses,
    /// The settings of the ecosystem's client beside it (`.npmrc`): the place and the text.
    pub settings: Option<(&'q str, &'q str)>,
    /// The packages.
    pub names: &'q BTreeSet<String>,
}

/// Where the packages of a lockfile of npm come from.
#[derive(Debug, Default)]
pub struct Addresses {
    /// The archive of each package, by name, with the version that it is of.
    known: BTreeMap<String, (String, String)>,
}

impl Addresses {
    fn of(installed: &[Installed]) -> Self {
        let known = installed.iter().filter_map(|folder| {
            let address = folder.resolved.clone().filter(|_| folder.is_of_registry)?;
            Some((folder.name.clone(), (folder.version.clone(), address)))
        });
        Self {
            known: known.collect(),
        }
    }

    /// The address of a package's archive in the lockfile.
    #[must_use]
    pub fn own(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(|(_, address)| address.as_str())
    }

    /// The address that the archive of a package would have where another one of its scope comes from.
    #[must_use]
    pub fn like(&self, name: &str) -> Option<String> {
        let scope = |name: &str| name.split_once('/').map(|(scope, _)| scope.to_owned());
        let own = scope(name);
        let mut others = self.known.iter().filter(|(other, _)| scope(other) == own);
        others.find_map(|(other, (version, address))| {
            let registry = address.strip_suffix(&package_lock::archive_path(other, version))?;
            Some(format!("{registry}{}", package_lock::archive_path(name, version)))
        })
    }
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
            let asked = Asked {
                ecosystem: &ecosystem,
                file,
                text: &text,
                registries,
                answers: BTreeMap::new(),
            };
            asked.plan(found, &wishes, index, limits)
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
struct Asked<'a> {
    ecosystem: &'a Ecosystem,
    file: &'a TreePath,
    text: &'a str,
    registries: &'a dyn Registries,
    answers: BTreeMap<String, Result<Vec<Release>, String>>,
}

impl Releases for Asked<'_> {
    fn of(&self, name: &str) -> Known<'_> {
        match self.answers.get(name) {
            None => Known::NotAsked,
            Some(Ok(releases)) => Known::Releases(releases),
            Some(Err(reason)) => Known::Failed(reason),
        }
    }
}

impl Asked<'_> {
    /// Plans, asks for what is missing, and plans again.
    fn plan(mut self, found: &Found, wishes: &[Wish], index: &Index, limits: &Limits) -> Plan {
        let Claim::Read(format) = claim(self.file) else {
            return all_blocked(wishes, "The file has no name of a lockfile.");
        };
        if relock(format.name()).is_none() {
            let reason = format!(
                "lockkeeper cannot edit {} yet: upgrade it with the command that `lockkeeper scan` shows.",
                format.name()
            );
            return all_blocked(wishes, &reason);
        }
        let installed = match installed(self.text) {
            Ok(installed) => installed,
            Err(reason) => return all_blocked(wishes, reason),
        };
        let manifest = self.file.parent().join("package.json");
        let manifest = manifest
            .and_then(|path| text_of(found, &path))
            .unwrap_or_default();
        let is_affected = |name: &str, version: &str| is_affected(index, self.ecosystem, name, version);
        let (overridden, toolchain) = of_manifest(&manifest);
        let memory = npm::Memory::default();
        let addresses = Addresses::of(&installed);
        let settings = self.file.parent().join(".npmrc").and_then(|path| {
            let place = format!("{}/{path}", found.root);
            Some((place, text_of(found, &path)?))
        });
        for _ in 0..MAX_ROUNDS {
            let bounds = Bounds {
                is_affected: &is_affected,
                published_before: None,
                toolchain: &toolchain,
                level: limits.level,
                manifests: limits.manifests,
            };
            match npm::plan(&installed, &overridden, wishes, &self, &bounds, &memory) {
                Step::Done(plan) => return plan,
                Step::Ask(names) => {
                    let question = Question {
                        ecosystem: self.ecosystem,
                        addresses: &addresses,
                        settings: settings
                            .as_ref()
                            .map(|(place, text)| (place.as_str(), text.as_str())),
                        names: &names,
                    };
                    let mut answers = self.registries.ask(&question);
                    for name in names {
                        let answer = answers.remove(&name);
                        let answer = answer.unwrap_or_else(|| Err("no registry answered".to_owned()));
                        self.answers.insert(name, answer);
                    }
                }
            }
        }
        all_blocked(
            wishes,
            "The plan needs more answers of registries than one run asks for.",
        )
    }
}

/// The names that `overrides` speak of, and the lowest version of each toolchain that the project runs on.
fn of_manifest(text: &str) -> (BTreeSet<String>, Vec<(String, String)>) {
    let document = json::read(text);
    let root = document.root();
    let mut names = BTreeSet::new();
    let mut open: Vec<_> = root.get("overrides").into_iter().collect();
    while let Some(table) = open.pop() {
        for (key, value) in table.entries() {
            let name = match key.rfind('@') {
                Some(at) if at > 0 => key.get(..at).unwrap_or_default().to_owned(),
                Some(_) | None => key.into_owned(),
            };
            names.insert(name);
            open.push(value);
        }
    }
    let engines = root
        .get("engines")
        .into_iter()
        .flat_map(|engines| engines.entries());
    let toolchain = engines.filter_map(|(tool, range)| {
        let range = range.as_str()?;
        Some((tool.into_owned(), lowest(&range)?))
    });
    (names, toolchain.collect())
}

/// The lowest version that a range names.
fn lowest(range: &str) -> Option<String> {
    use range::RangeSyntax as _;
    let words = range.split(|character: char| character.is_whitespace() || "|<>=^~".contains(character));
    let mut versions: Vec<[u64; 3]> = words
        .filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .map(|word| {
            let mut numbers = word.split('.').map(|part| part.parse().unwrap_or(0));
            std::array::from_fn(|_| numbers.next().unwrap_or(0))
        })
        .collect();
    versions.sort_unstable();
    let version = |numbers: &[u64; 3]| format!("{}.{}.{}", numbers[0], numbers[1], numbers[2]);
    versions
        .iter()
        .map(version)
        .find(|version| range::npm::Npm.contains(range, version).unwrap_or(false))
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
