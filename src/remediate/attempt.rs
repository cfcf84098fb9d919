//! Plans and edits one lockfile: all upgrades together, else the most of them that hold together.
//!
//! A plan holds where the check accepts its edit and it brings no package of which a scan of an earlier result found something
//! new. Where it does not, the wishes are halved until those that cannot be fulfilled beside the others stand alone. The order
//! of the wishes decides, so that every run ends with the same.
//!
//! What is wished goes to a version that no advisory affects. What else moves does, too, unless its locked version is affected
//! already and is not wished away: then another version may be affected by the same advisories, and by no further one. Where no
//! version without any advisory can be had, the one that ends the most is.

use std::collections::{BTreeMap, BTreeSet};

use super::affected::{Affected, Groups, Known, parts};
use super::answers::Answers;
use super::brought::OfFile;
use super::project::{Project, ProjectFiles};
use super::{Question, Supplies, fixer, format_of};
use crate::ecosystem;
use crate::model::{Ecosystem, Finding};
use crate::plan::{Blocked, Bounds, Edited, Plan, Step, Wish};
use crate::relock::relock;

/// A plan asks registries at most so many times.
const MAX_ROUNDS: usize = 120;

/// At most so many plans are made to find out which upgrades hold together.
const MAX_ATTEMPTS: usize = 60;

/// So many upgrades that stand in each other's way are tried without the others.
const MAX_APART: usize = 8;

/// A lockfile that is planned.
pub(super) struct Attempts<'a> {
    ecosystem: &'a Ecosystem,
    files: &'a ProjectFiles<'a>,
    supplies: Supplies<'a>,
    /// What upgrades of it brought in earlier rounds.
    brought: &'a OfFile,
    /// The locked versions that advisories affect.
    affected: &'a Affected,
    /// What affects the versions that are looked at, for all attempts.
    known: Known<'a>,
    /// What is to be fixed.
    findings: &'a [&'a Finding],
    /// What may affect the new version of a package that is wished away, by name.
    left: BTreeMap<String, Groups>,
    /// What registries answered, for all attempts.
    answers: Answers,
    /// The project of the attempt before.
    opened: Option<Box<dyn Project>>,
    made: usize,
}

/// A plan with the edits that the check accepts.
pub(super) type Held = (Plan, Vec<Edited>);

impl<'a> Attempts<'a> {
    pub(super) fn new(
        (ecosystem, files): (&'a Ecosystem, &'a ProjectFiles<'a>),
        supplies: Supplies<'a>,
        brought: &'a OfFile,
        (affected, findings): (&'a Affected, &'a [&'a Finding]),
    ) -> Self {
        Self {
            ecosystem,
            files,
            supplies,
            brought,
            affected,
            known: Known::of(supplies.index, ecosystem),
            findings,
            left: BTreeMap::new(),
            answers: Answers::default(),
            opened: None,
            made: 0,
        }
    }

    /// The plan for `wishes`, with those blocked that do not hold.
    pub(super) fn best(&mut self, wishes: &[Wish]) -> Held {
        if let Some(reason) = self.brought.gives_up() {
            return (all_blocked(wishes, &reason), Vec::new());
        }
        let wishes: Vec<Wish> = wishes.iter().map(|wish| self.without_known(wish)).collect();
        let (plan, edited) = match self.attempt(&wishes) {
            Ok(held) => held,
            Err(reason) => self.split(&wishes, reason),
        };
        let (mut plan, edited) = self.apart(&wishes, (plan, edited));
        self.brought.explain(&mut plan);
        (plan, edited)
    }

    /// `held` with more of what it blocks of `wishes`: what can be fulfilled where others that it blocks stay affected, and of
    /// the rest the version that ends the most, if one ends some.
    fn apart(&mut self, wishes: &[Wish], held: Held) -> Held {
        let (blocked, good): (Vec<Wish>, Vec<Wish>) =
            wishes.iter().cloned().partition(|wish| is_blocked(wish, &held.0));
        let is_alone = blocked.len() < 2;
        let blocked = blocked.into_iter().filter(|wish| wish.to.is_some());
        let mut apart = Apart { good, held };
        for wish in blocked.take(MAX_APART) {
            if !is_alone && self.adds(&mut apart, &wish) {
                continue;
            }
            let parts = parts(self.supplies.index, self.ecosystem, &wish, self.findings);
            // The higher a version, the less allows it.
            let (mut from, mut to) = (0, parts.len());
            while let Some(part) = parts.get(from + (to - from) / 2).filter(|_| from < to) {
                let middle = from + (to - from) / 2;
                let before = self.left.insert(wish.name.clone(), part.left.clone());
                if self.adds(&mut apart, &part.wish) {
                    to = middle;
                    continue;
                }
                from = middle + 1;
                match before {
                    Some(before) => self.left.insert(wish.name.clone(), before),
                    None => self.left.remove(&wish.name),
                };
            }
        }
        apart.held
    }

    /// Adds `wish` to `apart`, if it can be fulfilled beside what is in it; in the place of an earlier wish for the same.
    fn adds(&mut self, apart: &mut Apart, wish: &Wish) -> bool {
        let is_same = |other: &&Wish| other.name == wish.name && other.version == wish.version;
        let others = apart.good.iter().filter(|other| !is_same(other));
        let together: Vec<Wish> = others.chain([wish]).cloned().collect();
        if self.made >= MAX_ATTEMPTS {
            return false;
        }
        self.made += 1;
        let mut plan = self.asked(&together, true);
        if together.iter().any(|wish| is_blocked(wish, &plan)) {
            return false;
        }
        let Ok(edited) = self.edited(&plan) else {
            return false;
        };
        let before = std::mem::take(&mut apart.held.0.blocked);
        plan.blocked.extend(before.into_iter().filter_map(|mut one| {
            let fulfilled = together
                .iter()
                .find(|wish| wish.name == one.name && wish.version == one.version);
            if let Some(wish) = fulfilled {
                one.fixes.retain(|id| !wish.fixes.contains(id));
            }
            (fulfilled.is_none() || !one.fixes.is_empty()).then_some(one)
        }));
        apart.good = together;
        apart.held = (plan, edited);
        true
    }

    /// The wish without a version that brought findings.
    fn without_known(&self, wish: &Wish) -> Wish {
        let mut wish = wish.clone();
        wish.to = wish.to.filter(|to| !self.brought.has(&wish.name, to));
        wish
    }

    /// The plan for those of `wishes` that hold together, of which not all do, for `reason`.
    fn split(&mut self, wishes: &[Wish], reason: String) -> Held {
        let mut split = Split {
            first_reason: reason.clone(),
            ..Split::default()
        };
        match wishes {
            [only] => self.refuse(&mut split, only, reason),
            _ => {
                let (first, second) = wishes.split_at(wishes.len() / 2);
                self.add(&mut split, first);
                self.add(&mut split, second);
            }
        }
        let (mut plan, edited) = split.held.unwrap_or_default();
        plan.blocked
            .extend(split.refused.into_iter().map(|(wish, reason)| Blocked {
                fixes: wish.all(),
                name: wish.name,
                version: wish.version,
                by: Vec::new(),
                reason,
            }));
        (plan, edited)
    }

    /// Adds those of `wishes` to `split` that hold together with what is in it.
    fn add(&mut self, split: &mut Split, wishes: &[Wish]) {
        if self.made >= MAX_ATTEMPTS {
            for wish in wishes {
                split.refuse(wish, split.unknown());
            }
            return;
        }
        let together: Vec<Wish> = split.good.iter().chain(wishes).cloned().collect();
        let reason = match self.attempt(&together) {
            Ok(held) => {
                split.good = together;
                split.held = Some(held);
                return;
            }
            Err(reason) => reason,
        };
        match wishes {
            [] => {}
            [only] => self.refuse(split, only, reason),
            _ => {
                let (first, second) = wishes.split_at(wishes.len() / 2);
                self.add(split, first);
                self.add(split, second);
            }
        }
    }

    /// Refuses the one wish `only`, for `reason`; of one that a package leaves, or else gets another version, that it leaves.
    fn refuse(&mut self, split: &mut Split, only: &Wish, reason: String) {
        match only.leaving().filter(|_| only.is_for_another()) {
            Some(leaving) => {
                split.refuse(&leaving, reason);
                let another = Wish {
                    without: Vec::new(),
                    ..only.clone()
                };
                self.add(split, &[another]);
            }
            None => split.refuse(only, reason),
        }
    }

    /// Plans `wishes` and edits the files.
    ///
    /// # Errors
    /// Why the plan does not hold, as a sentence.
    fn attempt(&mut self, wishes: &[Wish]) -> Result<Held, String> {
        self.made += 1;
        let plan = self.asked(wishes, false);
        let edited = self.edited(&plan)?;
        Ok((plan, edited))
    }

    /// The files as `plan` changes them.
    ///
    /// # Errors
    /// Why the plan does not hold, as a sentence.
    fn edited(&self, plan: &Plan) -> Result<Vec<Edited>, String> {
        if let Some(reason) = self.brought.within(plan) {
            return Err(reason);
        }
        if !plan.entries.is_empty()
            && let Some(format) = format_of(self.files.path)
            && let Some(relock) = relock(format.name())
        {
            let read = self.files.read;
            return relock
                .edit(self.files.path, self.files.text, plan, read)
                .map_err(|refused| refused.to_string());
        }
        Ok(Vec::new())
    }

    /// Plans, asks for what is missing, and plans again; where `all_or_nothing`, a plan that blocks something may say only that.
    fn asked(&mut self, wishes: &[Wish], all_or_nothing: bool) -> Plan {
        let Some(format) = format_of(self.files.path) else {
            return all_blocked(wishes, "The file has no name of a lockfile.");
        };
        let Some(fixer) = fixer(format.name()) else {
            let reason = format!(
                "lockkeeper cannot edit {} yet: upgrade it with the command that `lockkeeper scan` shows.",
                format.name()
            );
            return all_blocked(wishes, &reason);
        };
        let project = match self.opened.take().and_then(Project::renewed) {
            Some(project) => project,
            None => match fixer.open(self.files) {
                Ok(project) => project,
                Err(reason) => return all_blocked(wishes, &reason),
            },
        };
        let (ecosystem, brought) = (self.ecosystem, self.brought);
        let normal = |name: &str| ecosystem::normalise(ecosystem, name).into_owned();
        let wished: BTreeSet<String> = wishes.iter().map(|wish| normal(&wish.name)).collect();
        let is_affected = |name: &str, version: &str| {
            brought.has(name, version)
                || match self.known.affecting(name, version) {
                    Some(groups) if groups.is_empty() => false,
                    Some(groups) if wished.contains(&normal(name)) => {
                        !self.left.get(name).is_some_and(|left| groups.is_subset(left))
                    }
                    Some(groups) => !self.affected.have(&self.known, name, &groups),
                    None => true,
                }
        };
        for _ in 0..MAX_ROUNDS {
            let bounds = Bounds {
                is_affected: &is_affected,
                published_before: self.supplies.limits.published_before,
                toolchain: project.toolchain(),
                level: self.supplies.limits.level,
                manifests: self.supplies.limits.manifests,
                all_or_nothing,
            };
            match project.plan(wishes, &self.answers, &bounds) {
                Step::Done(mut plan) => {
                    if let Some(sentence) = fixer.no_override()
                        && self.supplies.limits.manifests.add_overrides()
                    {
                        let held = plan.blocked.iter_mut().filter(|blocked| !blocked.by.is_empty());
                        held.for_each(|blocked| blocked.reason = format!("{} {sentence}", blocked.reason));
                    }
                    self.opened = Some(project);
                    return plan;
                }
                Step::Ask(queries) => {
                    let question = Question {
                        ecosystem,
                        project: &*project,
                        queries: &queries,
                    };
                    let mut given = self.supplies.registries.ask(&question);
                    for query in queries {
                        let answer = given.remove(&query);
                        let answer = answer.unwrap_or_else(|| Err("no registry answered".to_owned()));
                        self.answers.put(query, answer);
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

/// Wishes that hold together, and the plan for them.
struct Apart {
    good: Vec<Wish>,
    held: Held,
}

/// `plan` leaves the version of `wish` where it is.
fn is_blocked(wish: &Wish, plan: &Plan) -> bool {
    let mut blocked = plan.blocked.iter();
    blocked.any(|one| one.name == wish.name && one.version == wish.version)
}

/// Wishes that hold together, and those that do not.
#[derive(Default)]
struct Split {
    good: Vec<Wish>,
    held: Option<Held>,
    /// Each with the reason.
    refused: Vec<(Wish, String)>,
    /// Why not all hold together.
    first_reason: String,
}

impl Split {
    fn refuse(&mut self, wish: &Wish, reason: String) {
        self.refused.push((wish.clone(), reason));
    }

    /// The reason of a wish of which it was not found out whether it holds.
    fn unknown(&self) -> String {
        match self.held {
            None => self.first_reason.clone(),
            Some(_) => format!(
                "Not all upgrades hold together, and {MAX_ATTEMPTS} plans did not find out which do: fix it by itself with `--only`."
            ),
        }
    }
}

pub(super) fn all_blocked(wishes: &[Wish], reason: &str) -> Plan {
    let blocked = wishes.iter().map(|wish| Blocked {
        name: wish.name.clone(),
        version: wish.version.clone(),
        fixes: wish.all(),
        by: Vec::new(),
        reason: reason.to_owned(),
    });
    Plan {
        blocked: blocked.collect(),
        ..Plan::default()
    }
}
