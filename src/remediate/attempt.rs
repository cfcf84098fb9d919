//! Plans and edits one lockfile: all upgrades together, else the most of them that hold together.
//!
//! A plan holds where the check accepts its edit and it brings no package of which a scan of an earlier result found something
//! new. Where it does not, the wishes are halved until those that cannot be fulfilled beside the others stand alone. The order
//! of the wishes decides, so that every run ends with the same.

use super::answers::Answers;
use super::brought::OfFile;
use super::project::ProjectFiles;
use super::{Question, Supplies, fixer, format_of};
use crate::advisory::Index;
use crate::ecosystem;
use crate::matching::{self, Assessment};
use crate::model::Ecosystem;
use crate::plan::{Blocked, Bounds, Edited, Plan, Step, Wish};
use crate::relock::relock;

/// A plan asks registries at most so many times.
const MAX_ROUNDS: usize = 120;

/// At most so many plans are made to find out which upgrades hold together.
const MAX_ATTEMPTS: usize = 60;

/// A lockfile that is planned.
pub(super) struct Attempts<'a> {
    ecosystem: &'a Ecosystem,
    files: &'a ProjectFiles<'a>,
    supplies: Supplies<'a>,
    /// What upgrades of it brought in earlier rounds.
    brought: &'a OfFile,
    /// What registries answered, for all attempts.
    answers: Answers,
    made: usize,
}

/// A plan with the edits that the check accepts.
pub(super) type Held = (Plan, Vec<Edited>);

impl<'a> Attempts<'a> {
    pub(super) fn new(
        (ecosystem, files): (&'a Ecosystem, &'a ProjectFiles<'a>),
        supplies: Supplies<'a>,
        brought: &'a OfFile,
    ) -> Self {
        Self {
            ecosystem,
            files,
            supplies,
            brought,
            answers: Answers::default(),
            made: 0,
        }
    }

    /// The plan for `wishes`, with those blocked that do not hold.
    pub(super) fn best(&mut self, wishes: &[Wish]) -> Held {
        if let Some(reason) = self.brought.gives_up() {
            return (all_blocked(wishes, &reason), Vec::new());
        }
        let wishes: Vec<Wish> = wishes.iter().map(|wish| self.without_known(wish)).collect();
        let (mut plan, edited) = match self.attempt(&wishes) {
            Ok(held) => held,
            Err(reason) => self.split(&wishes, reason),
        };
        self.brought.explain(&mut plan);
        (plan, edited)
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
        let plan = self.asked(wishes);
        if let Some(reason) = self.brought.within(&plan) {
            return Err(reason);
        }
        let mut edited = Vec::new();
        if !plan.entries.is_empty()
            && let Some(format) = format_of(self.files.path)
            && let Some(relock) = relock(format.name())
        {
            let read = self.files.read;
            edited = relock
                .edit(self.files.path, self.files.text, &plan, read)
                .map_err(|refused| refused.to_string())?;
        }
        Ok((plan, edited))
    }

    /// Plans, asks for what is missing, and plans again.
    fn asked(&mut self, wishes: &[Wish]) -> Plan {
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
        let project = match fixer.open(self.files) {
            Ok(project) => project,
            Err(reason) => return all_blocked(wishes, &reason),
        };
        let (index, ecosystem, brought) = (self.supplies.index, self.ecosystem, self.brought);
        let is_affected = |name: &str, version: &str| {
            brought.has(name, version) || is_affected(index, ecosystem, name, version)
        };
        for _ in 0..MAX_ROUNDS {
            let bounds = Bounds {
                is_affected: &is_affected,
                published_before: self.supplies.limits.published_before,
                toolchain: project.toolchain(),
                level: self.supplies.limits.level,
                manifests: self.supplies.limits.manifests,
            };
            match project.plan(wishes, &self.answers, &bounds) {
                Step::Done(mut plan) => {
                    if let Some(sentence) = fixer.no_override()
                        && self.supplies.limits.manifests.add_overrides()
                    {
                        let held = plan.blocked.iter_mut().filter(|blocked| !blocked.by.is_empty());
                        held.for_each(|blocked| blocked.reason = format!("{} {sentence}", blocked.reason));
                    }
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
