//! `lockkeeper scan`: the main job.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use super::arguments::{Scan, Voice};
use super::output::{self, Sink};
use super::packages;
use super::pending;
use super::trees::{self, Setting, Taken, Trees};
use crate::advisory::Index;
use crate::config::heartbeat;
use crate::config::index::{self, Location};
use crate::config::policy::{self, PolicyOptions};
use crate::model::Failure;
use crate::model::advisory::{TextKey, Texts};
use crate::model::lines::short_name;
use crate::model::outcome::Category;
use crate::model::verdict::ExitCode;
use crate::model::{Outcome, Target};
use crate::policy::Policy;
use crate::report::REPORTS;
use crate::scan::columns::{self, columns};
use crate::scan::discover::Found;
use crate::scan::{self, Keep, Lenience, Request, unfinished};

/// Long texts are read for so many findings at most; a report tells no more than that in full.
const TEXTS_LIMIT: usize = 5_000;

/// Runs the command. Reports are written whatever the verdict.
///
/// # Errors
/// A [`Failure`] of usage, or of a report that cannot be written.
pub fn run(arguments: &Scan, voice: &Voice, now: Timestamp) -> Result<ExitCode, Failure> {
    let known: Vec<&'static str> = REPORTS.iter().map(|report| report.name()).collect();
    let pairs = output::pair(&arguments.reports, &known)?;
    let location = index::locate(arguments.source.db.as_deref())?;
    let setting = Setting::alone(&location, voice, now);
    let refs = arguments.refs.as_deref();
    let is_of_one_ref = |format: &str| refs.is_some() && format == "sarif";
    let none = HashMap::new();
    let (early, late): (Vec<_>, Vec<_>) = pairs
        .iter()
        .cloned()
        .partition(|(format, _)| !is_of_one_ref(format));
    output::write_all(
        &unfinished::unfinished(now),
        &pending::files(&early),
        voice,
        &none,
    )?;
    pending::withdraw_all(&late, refs);
    let begin = |found: &[&Found]| {
        for (format, sink) in pending::files(&late) {
            for (outcome, sink) in by_ref(&unfinished::unread(found, now), &sink)? {
                output::write_all(&outcome, &[(format, sink)], voice, &none)?;
            }
        }
        Ok(())
    };
    let scanned = match scan(arguments, &setting, begin) {
        Ok(scanned) => scanned,
        Err(failure) => {
            if let Some(outcome) = unjudged(arguments, &failure, &setting) {
                output::write_all(&outcome, &pairs, voice, &none)?;
            }
            return Err(failure);
        }
    };
    let wants_texts = pairs
        .iter()
        .any(|(format, _)| matches!(*format, "sarif" | "html"));
    let texts = if wants_texts {
        scanned.texts()
    } else {
        HashMap::new()
    };
    let (of_one_ref, pairs): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(format, _)| is_of_one_ref(format));
    for (format, sink) in &of_one_ref {
        for (outcome, sink) in by_ref(&scanned.outcome, sink)? {
            output::write_all(&outcome, &[(*format, sink)], voice, &texts)?;
        }
    }
    output::write_all(&scanned.outcome, &pairs, voice, &texts)?;
    Ok(scanned.outcome.exit_code)
}

/// What is told of a scan that ended with `failure` before it could judge; `None` if that is no matter of looking.
#[must_use]
pub fn unjudged(arguments: &Scan, failure: &Failure, setting: &Setting<'_>) -> Option<Outcome> {
    let asked = trees::asked(arguments.source.policy.as_ref(), arguments.fail_on.as_deref()).ok()?;
    let mut outcome = trees::unjudged(failure, &arguments.input, &asked, setting)?;
    outcome.category = category(arguments).ok()?;
    Some(outcome)
}

/// What stands in `--output` for the name of a ref.
pub const REF: &str = "{ref}";

/// One outcome a ref, each with a place of its own: code scanning takes the findings of one ref at a time.
///
/// # Errors
/// A [`Failure`] of usage for several refs and a place that does not tell them apart.
pub fn by_ref(outcome: &Outcome, sink: &Sink) -> Result<Vec<(Outcome, Sink)>, Failure> {
    let pattern = match sink {
        Sink::Standard => None,
        Sink::File(path) => path.to_str().filter(|path| path.contains(REF)),
    };
    let Some(pattern) = pattern else {
        return match outcome.targets.len() {
            0 | 1 => Ok(vec![(outcome.clone(), sink.clone())]),
            refs => Err(Failure::usage(
                format!("one SARIF file is for one ref, and --refs names {refs}"),
                "Write one file each: `--format sarif --output 'sarif/{ref}.sarif'`.",
            )),
        };
    };
    let mut taken = BTreeSet::new();
    let mut outcomes = Vec::with_capacity(outcome.targets.len());
    for target in &outcome.targets {
        let short = in_a_name(short_name(target.ref_name.as_deref().unwrap_or("HEAD")));
        let mut name = short.clone();
        // `a/b` and `a-b` are two refs.
        for number in 2.. {
            if taken.insert(name.clone()) {
                break;
            }
            name = format!("{short}~{number}");
        }
        outcomes.push((
            alone(outcome, target),
            Sink::File(pattern.replace(REF, &name).into()),
        ));
    }
    Ok(outcomes)
}

/// The short name of a ref as it stands in the name of a file.
#[must_use]
pub fn in_a_name(short: &str) -> String {
    short.replace('/', "-")
}

/// What `outcome` says of `target` alone.
#[must_use]
pub fn alone(outcome: &Outcome, target: &Target) -> Outcome {
    // What is no target's stands behind what is one's, and holds for each.
    let of_targets = outcome
        .targets
        .iter()
        .map(|target| target.coverage.blind.len())
        .sum();
    let mut coverage = target.coverage.clone();
    coverage
        .blind
        .extend(outcome.coverage.blind.iter().skip(of_targets).cloned());
    Outcome {
        coverage,
        targets: vec![target.clone()],
        ..outcome.clone()
    }
}

/// An outcome with the index that gave it.
pub struct Scanned {
    /// What was found.
    pub outcome: Outcome,
    index: index::FoundDatabase,
}

impl Scanned {
    /// The long texts of the advisories that were found.
    #[must_use]
    pub fn texts(&self) -> HashMap<TextKey, Texts> {
        self.index
            .index
            .as_ref()
            .map(|index| texts(index, &self.outcome))
            .unwrap_or_default()
    }
}

/// Scans what the command line names by the index at `location`. `begin` is called when the trees are known, before one is
/// read.
///
/// # Errors
/// A [`Failure`] of usage, of a base or ref that cannot be found, or of the feed where a missing index was to be fetched; that
/// of `begin`.
pub fn scan(
    arguments: &Scan,
    setting: &Setting<'_>,
    begin: impl FnOnce(&[&Found]) -> Result<(), Failure>,
) -> Result<Scanned, Failure> {
    let category = category(arguments)?;
    let asked = trees::asked(arguments.source.policy.as_ref(), arguments.fail_on.as_deref())?;
    let lenience = Lenience {
        exit_zero: arguments.exit_zero,
        allow_empty: arguments.allow_empty,
    };
    let trees = match &arguments.refs {
        None => {
            let taken = if arguments.staged {
                Taken::Staged
            } else {
                Taken::Work
            };
            let base = arguments.base.as_deref();
            Trees::find(&arguments.input, taken, base, &asked, setting.remote)?
        }
        Some(_) => of_refs(arguments, setting, &asked)?,
    };
    let found: Vec<&Found> = trees.found().collect();
    begin(&found)?;
    let index = trees::open(setting, &found, &trees.policy())?;
    let request = Request {
        judge: index.judge(),
        remarks: trees.remarks.clone(),
        now: setting.now,
        lenience,
        keep: Keep::Findings,
    };
    let mut outcome = scan::scan(&request, &trees.cases());
    outcome.category = category;
    if !arguments.staged {
        beat(setting.location, &found, &outcome, setting.now);
    }
    Ok(Scanned { outcome, index })
}

/// What the command line calls the scan.
fn category(arguments: &Scan) -> Result<Option<Category>, Failure> {
    let read = |text: &String| {
        Category::new(text).ok_or_else(|| {
            Failure::usage(
                "`--category` is no name of a scan",
                format!(
                    "Give it 1 to {} characters on one line, none of them a control character: `--category api`.",
                    Category::MAX_CHARACTERS
                ),
            )
        })
    };
    arguments.category.as_ref().map(read).transpose()
}

/// Takes note of the lines that were judged in whole.
fn beat(location: &Location, found: &[&Found], outcome: &Outcome, now: Timestamp) {
    let (Some(folder), Some(repository)) = (
        location.cache_folder(),
        found.first().and_then(|found| found.repository.as_ref()),
    ) else {
        return;
    };
    let whole: Vec<&Target> = found
        .iter()
        .zip(&outcome.targets)
        .filter(|(found, target)| found.is_whole() && target.coverage.is_complete())
        .map(|(_, target)| target)
        .collect();
    heartbeat::record(&folder, repository, &whole, now);
}

/// The trees of every ref that `--refs` names, for each PATH.
fn of_refs(arguments: &Scan, setting: &Setting<'_>, asked: &PolicyOptions<'_>) -> Result<Trees, Failure> {
    let mut lines = Vec::new();
    let mut remarks = Vec::new();
    let mut policy = Policy::built_in();
    for found in packages::find(&arguments.input)? {
        setting.reach(&found);
        policy = policy::effective(&found, asked, None)?.policy;
        let choice = trees::choice(arguments.refs.as_deref(), &policy);
        let columns = columns(&found, &choice, trees::prefer(), setting.now)?;
        let live: BTreeSet<&str> = columns.chosen.live().map(|line| line.ref_name.as_str()).collect();
        remarks.extend(columns::remarks(&columns.refs, |name| live.contains(name)));
        lines.extend(columns.trees);
    }
    let mut trees = Trees::of(lines, &policy);
    trees.remarks = remarks;
    Ok(trees)
}

/// The long texts of the advisories that `outcome` tells of.
#[must_use]
pub fn texts(index: &Index, outcome: &Outcome) -> HashMap<TextKey, Texts> {
    let keys = outcome
        .findings()
        .filter_map(|(_, finding)| finding.advisory.text)
        .take(TEXTS_LIMIT);
    let mut texts = HashMap::new();
    for key in keys {
        // A damaged text costs its paragraph, not the verdict: what judged was verified block by block.
        if !texts.contains_key(&key)
            && let Ok(text) = index.texts(key)
        {
            texts.insert(key, text);
        }
    }
    texts
}
