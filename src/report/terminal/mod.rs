//! The report for a person at a terminal: the verdict, recommended upgrades, what was not checked, the next
//! command. It reads the same without colour and fills the width that there is.

mod explain;
mod findings;
pub(super) mod gaps;
mod packages;
pub(super) mod page;
pub(super) mod upgrades;

use std::io;

pub(super) use findings::{ids_of_row, severity};
use page::{Line, Page, Shade};

use super::grid::verdicts;
use super::{Length, Report, Style, headline};
use crate::model::explanation::Explanation;
use crate::model::inventory::Inventory;
use crate::model::verdict::ExitCode;
use crate::model::{Advisory, IndexState, Outcome, Verdict};
use crate::remediation::{Kind, Remediation, to_do};
use crate::text::escape;

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
        let (failing, warnings) = to_do(outcome);
        verdict(outcome, &failing, &mut page)?;
        match style.length {
            Length::Verdict => {}
            Length::Normal | Length::Full => {
                verdicts::terminal(outcome, style.length, &mut page)?;
                read(outcome, &mut page)?;
                index(outcome, &mut page)?;
                upgrades::upgrades(&failing, style.length, &mut page)?;
                upgrades::warnings(&warnings, style.length, &mut page)?;
                findings::others(outcome, style.length, &mut page)?;
                findings::excepted(outcome, style.length, &mut page)?;
                gaps::blind(outcome, style.length, &mut page)?;
                gaps::remarks(outcome, style.length, &mut page)?;
                gaps::partial(outcome, style.length, &mut page)?;
                gaps::skipped(outcome, style.length, &mut page)?;
                next(outcome, &failing, &mut page)?;
                provenance(outcome, style.length, &mut page)?;
            }
        }
        io::Write::flush(&mut buffered)
    }
}

/// What is locked, for `lockkeeper packages`.
///
/// # Errors
/// Only those of `out`.
pub fn packages(inventory: &Inventory, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    packages::write(
        inventory,
        &mut Page::new(&mut buffered, style.width, style.colour),
    )?;
    io::Write::flush(&mut buffered)
}

/// Why something is as it is, for `lockkeeper explain`.
///
/// # Errors
/// Only those of `out`.
pub fn explain(explanation: &Explanation, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    explain::write(
        explanation,
        style.length,
        &mut Page::new(&mut buffered, style.width, style.colour),
    )?;
    io::Write::flush(&mut buffered)
}

/// What is known of a package, for `lockkeeper explain`; `same` is what has the next command look at
/// the same: path and flags, or nothing.
///
/// # Errors
/// Only those of `out`.
pub fn explain_package(
    explanations: &[Explanation],
    others: &[Advisory],
    same: &str,
    style: &Style<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    explain::package(
        explanations,
        others,
        same,
        style.length,
        &mut Page::new(&mut buffered, style.width, style.colour),
    )?;
    io::Write::flush(&mut buffered)
}

/// The first line.
fn verdict(outcome: &Outcome, failing: &[Remediation<'_>], page: &mut Page<'_>) -> io::Result<()> {
    answer(outcome, headline::words(outcome, failing), page)
}

/// The verdict with its reasons.
pub(super) fn answer(outcome: &Outcome, words: Vec<String>, page: &mut Page<'_>) -> io::Result<()> {
    let verdict = outcome.verdict;
    let shade = match verdict {
        Verdict::Pass if outcome.coverage.unchecked > 0 => Shade::Warn,
        Verdict::Pass => Shade::Good,
        Verdict::Blocked | Verdict::Incomplete | Verdict::Failed => Shade::Bad,
        Verdict::NothingToScan => Shade::Warn,
    };
    let start = Line::new().with(shade, headline::symbol(verdict)).padded_to(0, 2);
    page.whole_words(start, 2, &shaded(Shade::Plain, words))
}

/// What was read; always there.
fn read(outcome: &Outcome, page: &mut Page<'_>) -> io::Result<()> {
    page.whole_words(Line::indented(2), 2, &shaded(Shade::Dim, headline::read(outcome)))
}

/// What is wrong with the index, if anything.
pub(super) fn index(outcome: &Outcome, page: &mut Page<'_>) -> io::Result<()> {
    match headline::index(outcome) {
        // What to do stands at its end.
        Some(text) => page.text(Shade::Warn, 2, &text, 6),
        None => Ok(()),
    }
}

/// The next command.
fn next(outcome: &Outcome, failing: &[Remediation<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let mut commands: Vec<String> = Vec::new();
    let db = db_flag(outcome);
    match outcome.coverage.index {
        // What failed just now, and what is told with the reason, is not told again.
        _ if outcome.verdict == Verdict::Failed || outcome.database.trouble.is_some() => {}
        IndexState::Missing
        | IndexState::Damaged
        | IndexState::TooOld
        | IndexState::Stale
        | IndexState::Other => {
            commands.push(format!("lockkeeper db update{db}"));
        }
        IndexState::Fresh | IndexState::Newer | IndexState::Sample => {}
    }
    commands.extend(plan(outcome, failing, &db));
    let worst = failing
        .first()
        .and_then(|step| Some((step.fixes.first()?, step.places.first()?.0)));
    if let Some((finding, target)) = worst.filter(|(finding, _)| is_plain(finding.id())) {
        commands.push(match target.root.as_str() {
            "" | "." => format!("lockkeeper explain {}{db}", finding.id()),
            root if is_plain(root) => format!("lockkeeper explain {} {root}{db}", finding.id()),
            _ => format!("lockkeeper explain {}{db}", finding.id()),
        });
    }
    match outcome.verdict {
        // Who allowed it has nothing to do.
        Verdict::NothingToScan if outcome.exit_code == ExitCode::Pass => {}
        Verdict::NothingToScan if headline::excluded(outcome) > 0 => {
            commands.extend(["lockkeeper config show", "lockkeeper scan --allow-empty"].map(str::to_owned));
        }
        Verdict::NothingToScan => {
            commands.extend(["lockkeeper scan FOLDER", "lockkeeper scan --allow-empty"].map(str::to_owned));
        }
        Verdict::Incomplete if outcome.coverage.blind.len() > gaps::MAX_GAPS => {
            commands.push(format!("lockkeeper scan -v{}", same_place(outcome)));
        }
        Verdict::Incomplete | Verdict::Pass | Verdict::Blocked | Verdict::Failed => {}
    }
    commands_line(commands, page)
}

/// The command that plans the upgrades, where one ends what blocks in a work tree.
fn plan(outcome: &Outcome, failing: &[Remediation<'_>], db: &str) -> Option<String> {
    let is_upgrade = |step: &&Remediation<'_>| matches!(step.kind, Kind::Upgrade(_));
    let mut places = failing.iter().filter(is_upgrade).flat_map(|step| &step.places);
    let (target, _) = places.find(|(target, _)| target.is_checked_out)?;
    match (target.root.as_str(), outcome.targets.len()) {
        ("" | ".", 1) => Some(format!("lockkeeper plan{db}")),
        (root, 1) if is_plain(root) => Some(format!("lockkeeper plan {root}{db}")),
        _ => None,
    }
}

/// ` --db FILE` for a command that is to use the database of this run, where the command line names it.
pub(super) fn db_flag(outcome: &Outcome) -> String {
    let named = outcome.database.named.as_deref();
    named.map_or_else(String::new, |file| format!(" --db {}", escape::shell(file)))
}

/// ` PATH --db FILE` for a command that is to answer about the same as this run: the one place that was scanned, where that is not the folder
/// in which it ran, and the database, where the command line names it.
pub(super) fn same_place(outcome: &Outcome) -> String {
    let mut roots = outcome.targets.iter().map(|target| target.root.as_str());
    let root = roots
        .next()
        .filter(|root| !matches!(*root, "" | ".") && !root.starts_with('-'));
    let root = root.filter(|root| roots.all(|other| other == *root));
    let root = root.map_or_else(String::new, |root| format!(" {}", escape::shell(root)));
    root + &db_flag(outcome)
}

/// The text needs no quotes in a command.
pub(super) fn is_plain(text: &str) -> bool {
    !text.starts_with('-')
        && !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}

/// `Next: lockkeeper … · lockkeeper …`.
pub(super) fn commands_line(commands: Vec<String>, page: &mut Page<'_>) -> io::Result<()> {
    if commands.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.whole_words(
        Line::new().with(Shade::Strong, "Next:").padded_to(0, 1),
        6,
        &shaded(Shade::Plain, commands),
    )
}

/// What the verdict can be repeated with.
pub(super) fn provenance(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    page.gap()?;
    let policy = match &outcome.policy.file {
        Some(file) => format!("policy of {file}"),
        None => "built-in policy".to_owned(),
    };
    let version = format!("lockkeeper {}", outcome.tool_version);
    page.whole_words(Line::new(), 2, &[(Shade::Dim, version), (Shade::Dim, policy)])?;
    if length != Length::Full {
        return Ok(());
    }
    let index = outcome.database.digest.as_deref().unwrap_or("none");
    for (what, digest) in [("db    ", index), ("policy", &outcome.policy.digest)] {
        let digest = format!("{what} {digest}");
        page.whole_words(Line::new(), 2, &[(Shade::Dim, digest)])?;
    }
    Ok(())
}

pub(super) fn shaded(shade: Shade, words: Vec<String>) -> Vec<(Shade, String)> {
    words.into_iter().map(|word| (shade, word)).collect()
}
