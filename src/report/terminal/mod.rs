//! The report for a person at a terminal: the verdict, what to do first, what was not judged, the next
//! command. It reads the same without colour and fills the width that there is.

mod findings;
mod gaps;
mod page;

use std::collections::BTreeSet;
use std::io;

use page::{Line, Page, Shade};

use super::moves::{Means, Move, moves};
use super::phrases::{counted, thousands};
use super::{Length, Report, Style};
use crate::model::{Decision, IndexState, Outcome, Verdict};

/// `--format terminal`.
#[derive(Debug)]
pub struct Terminal;

impl Report for Terminal {
    fn name(&self) -> &'static str {
        "terminal"
    }

    fn write(&self, outcome: &Outcome, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
        let mut page = Page::new(&mut buffered, style.width, style.colour);
        let failing = moves(outcome, |finding| finding.decision == Decision::Fail);
        verdict(outcome, &failing, &mut page)?;
        match style.length {
            Length::Verdict => {}
            Length::Normal | Length::Full => {
                read(outcome, &mut page)?;
                index(outcome, &mut page)?;
                findings::moves(&failing, style.length, &mut page)?;
                findings::others(outcome, style.length, &mut page)?;
                gaps::blind(outcome, style.length, &mut page)?;
                gaps::partial(outcome, style.length, &mut page)?;
                gaps::skipped(outcome, style.length, &mut page)?;
                next(outcome, &failing, &mut page)?;
                provenance(outcome, &mut page)?;
            }
        }
        io::Write::flush(&mut buffered)
    }
}

/// The line that says it all.
fn verdict(outcome: &Outcome, failing: &[Move<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let (shade, word) = match outcome.verdict {
        Verdict::Pass => (Shade::Good, "✓ PASS"),
        Verdict::Blocked => (Shade::Bad, "✗ BLOCKED"),
        Verdict::Incomplete => (Shade::Bad, "? INCOMPLETE"),
        Verdict::NothingToScan => (Shade::Warn, "∅ NOTHING TO SCAN"),
        Verdict::Failed => (Shade::Bad, "! FAILED"),
    };
    let partial = outcome.coverage.partial.len();
    let mut words = vec![match outcome.verdict {
        Verdict::Blocked => blocking(outcome, failing),
        Verdict::Pass => match count_warnings(outcome) {
            0 => "no known flaw".to_owned(),
            warnings => format!("nothing blocks; {}", counted(warnings, "warning", "warnings")),
        },
        Verdict::Incomplete => cause(outcome),
        Verdict::NothingToScan => "there is no lockfile here".to_owned(),
        Verdict::Failed => "the run broke; nothing can be said".to_owned(),
    }];
    if outcome.verdict == Verdict::Blocked && !outcome.coverage.is_complete() {
        words.push(format!("more may be hidden: {}", cause(outcome)));
    }
    if partial > 0 {
        words.push(format!("{} judged in part", counted(partial, "place", "places")));
    }
    let start = Line::new().with(shade, word).padded_to(0, 2);
    let indent = 2;
    let words: Vec<(Shade, String)> = words.into_iter().map(|word| (Shade::Plain, word)).collect();
    page.whole_words(start, indent, &words)
}

/// `6 flaws in 3 of 880 packages; 2 moves end 5 of them`.
fn blocking(outcome: &Outcome, failing: &[Move<'_>]) -> String {
    let flaws: usize = failing.iter().map(|step| step.flaws.len()).sum();
    let packages: BTreeSet<_> = failing
        .iter()
        .map(|step| (step.ecosystem, step.name, step.version))
        .collect();
    let mut text = format!(
        "{} in {} of {}",
        counted(flaws, "flaw", "flaws"),
        thousands(packages.len() as u64),
        counted(outcome.coverage.packages, "package", "packages"),
    );
    let ending: Vec<&Move<'_>> = failing.iter().filter(|step| step.means != Means::Wait).collect();
    let ended: usize = ending.iter().map(|step| step.flaws.len()).sum();
    match (ending.len(), ended) {
        (0, _) => text.push_str("; no move ends any of them"),
        (1, ended) => text.push_str(&format!("; 1 move ends {}", part(ended, flaws))),
        (moves, ended) => {
            text.push_str(&format!(
                "; {} moves end {}",
                thousands(moves as u64),
                part(ended, flaws)
            ));
        }
    }
    text
}

fn part(some: usize, all: usize) -> String {
    match (some, all) {
        (1, 1) => "it".to_owned(),
        _ if some == all => "all of them".to_owned(),
        _ => format!("{} of them", thousands(some as u64)),
    }
}

/// Why not everything was judged.
fn cause(outcome: &Outcome) -> String {
    let coverage = &outcome.coverage;
    let index = match coverage.index {
        IndexState::Missing => Some("there is no advisory index"),
        IndexState::Damaged => Some("the advisory index is damaged"),
        IndexState::Newer => Some("the advisory index was written by a newer lockkeeper"),
        IndexState::TooOld => Some("the advisory index is too old to judge by"),
        IndexState::Fresh | IndexState::Stale | IndexState::Sample => None,
    };
    match (index, coverage.blind.len()) {
        (Some(index), 0) => index.to_owned(),
        (Some(index), blind) => format!(
            "{index}, and {} could not be judged",
            counted(blind, "place", "places")
        ),
        (None, blind) => format!("{} could not be judged", counted(blind, "place", "places")),
    }
}

/// What was read; always there.
fn read(outcome: &Outcome, page: &mut Page<'_>) -> io::Result<()> {
    let coverage = &outcome.coverage;
    let mut words = vec![format!(
        "read {} with {}",
        counted(coverage.files_read, "lockfile", "lockfiles"),
        counted(coverage.packages, "package", "packages"),
    )];
    if let Some(built) = outcome.database.built {
        words.push(format!(
            "index of {}, {} advisories",
            built.strftime("%Y-%m-%d"),
            thousands(outcome.database.records)
        ));
    }
    let words: Vec<(Shade, String)> = words.into_iter().map(|word| (Shade::Dim, word)).collect();
    page.whole_words(Line::indented(2), 2, &words)
}

/// What there is to say about the index, if it is not as it should be.
fn index(outcome: &Outcome, page: &mut Page<'_>) -> io::Result<()> {
    let age = match outcome.coverage.index_age_days {
        Some(days) => format!("{} old", counted(days as usize, "day", "days")),
        None => "too old".to_owned(),
    };
    let text = match outcome.coverage.index {
        IndexState::Fresh => return Ok(()),
        IndexState::Stale => format!("The index is {age}: advisories published since are missing."),
        IndexState::TooOld => format!("The index is {age}: no verdict can rest on it."),
        IndexState::Missing => "Without an index nothing can be matched.".to_owned(),
        IndexState::Damaged => "The index is not what was written; none of it is believed.".to_owned(),
        IndexState::Newer => {
            "This program cannot read the index: update lockkeeper, or build the index with it.".to_owned()
        }
        IndexState::Sample => "The index is the embedded sample: this is no verdict on real code.".to_owned(),
    };
    page.text(Shade::Warn, 2, &text, 3)
}

/// The next command.
fn next(outcome: &Outcome, failing: &[Move<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let mut commands: Vec<String> = Vec::new();
    match outcome.coverage.index {
        IndexState::Missing | IndexState::Damaged | IndexState::TooOld | IndexState::Stale => {
            commands.push("lockkeeper db update".to_owned());
        }
        IndexState::Fresh | IndexState::Newer | IndexState::Sample => {}
    }
    let plain = |text: &str| {
        !text.starts_with('-')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
    };
    let worst = failing
        .first()
        .and_then(|step| Some((step.flaws.first()?, step.places.first()?.0)));
    if let Some((finding, target)) = worst.filter(|(finding, _)| plain(&finding.advisory.id)) {
        commands.push(match target.root.as_str() {
            "" | "." => format!("lockkeeper explain {}", finding.advisory.id),
            root if plain(root) => format!("lockkeeper explain {} {root}", finding.advisory.id),
            _ => format!("lockkeeper explain {}", finding.advisory.id),
        });
    }
    match outcome.verdict {
        Verdict::NothingToScan => commands.extend([
            "lockkeeper scan FOLDER".to_owned(),
            "lockkeeper scan --allow-empty".to_owned(),
        ]),
        Verdict::Incomplete if outcome.coverage.blind.len() > gaps::SHOWN => {
            commands.push("lockkeeper scan -v".to_owned());
        }
        Verdict::Incomplete | Verdict::Pass | Verdict::Blocked | Verdict::Failed => {}
    }
    if commands.is_empty() {
        return Ok(());
    }
    page.gap()?;
    let commands: Vec<(Shade, String)> = commands
        .into_iter()
        .map(|command| (Shade::Plain, command))
        .collect();
    page.whole_words(
        Line::new().with(Shade::Strong, "Next:").padded_to(0, 1),
        6,
        &commands,
    )
}

/// What the verdict can be repeated with.
fn provenance(outcome: &Outcome, page: &mut Page<'_>) -> io::Result<()> {
    page.gap()?;
    let policy = match &outcome.policy.file {
        Some(file) => format!("policy of {file}"),
        None => "built-in policy".to_owned(),
    };
    let version = format!("lockkeeper {}", outcome.tool_version);
    page.whole_words(Line::new(), 2, &[(Shade::Dim, version), (Shade::Dim, policy)])?;
    let index = outcome.database.digest.as_deref().unwrap_or("none");
    for (what, digest) in [("index ", index), ("policy", &outcome.policy.digest)] {
        let digest = format!("{what} {digest}");
        page.whole_words(Line::new(), 2, &[(Shade::Dim, digest)])?;
    }
    Ok(())
}

fn count_warnings(outcome: &Outcome) -> usize {
    outcome
        .findings()
        .filter(|(_, finding)| finding.decision == Decision::Warn)
        .count()
}
