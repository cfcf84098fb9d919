//! The plan for a person at a terminal.

use std::io;

use super::{shown, step, words};
use crate::plan::{Blocked, Collateral, LockfilePlan, Progress, Proposal};
use crate::report::phrases::thousands;
use crate::report::terminal::page::{Line, Page, Shade, Word};
use crate::report::terminal::{answer, commands_line, gaps, index, provenance, same_place};
use crate::report::{Length, Style};

/// What is shown of a list unless all is asked for.
const MAX_LISTED: usize = 20;
/// What is in the way of one package.
const MAX_CONSTRAINTS: usize = 5;
/// Where the text of an entry starts.
const INDENT: usize = 4;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(proposal: &Proposal, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(16 * 1024, out);
    let mut page = Page::new(&mut buffered, style.width, style.colour);
    answer(&proposal.after, words(proposal), &mut page)?;
    match style.length {
        Length::Verdict => {}
        Length::Normal | Length::Full => {
            index(&proposal.after, &mut page)?;
            for file in &proposal.lockfiles {
                lockfile(proposal, file, style.length, &mut page)?;
            }
            gaps::blind(&proposal.after, style.length, &mut page)?;
            next(proposal, &mut page)?;
            provenance(&proposal.after, style.length, &mut page)?;
        }
    }
    io::Write::flush(&mut buffered)
}

/// What becomes of one lockfile.
pub(in crate::report) fn lockfile(
    proposal: &Proposal,
    file: &LockfilePlan,
    length: Length,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let plan = &file.plan;
    if plan.moves.is_empty() && plan.blocked.is_empty() {
        return Ok(());
    }
    let limit = match length {
        Length::Verdict | Length::Normal => MAX_LISTED,
        Length::Full => usize::MAX,
    };
    page.heading(&shown(proposal, file))?;
    for one in plan.moves.iter().take(limit) {
        let start = Line::indented(2).with(Shade::Good, "↑").padded_to(INDENT, 1);
        page.whole_words(start, INDENT, &[(Shade::Strong, step(one))])?;
        let fixes = Line::indented(INDENT).with(Shade::Dim, "fixes ");
        page.whole_words(fixes, INDENT, &ids(&one.fixes))?;
    }
    more(plan.moves.len().saturating_sub(limit), page)?;
    for range in plan.ranges.iter().take(limit) {
        let text = format!(
            "{} asks for {} {} instead of {}",
            range.manifest(),
            range.name,
            range.to,
            range.from
        );
        page.text(Shade::Plain, INDENT, &text, 2)?;
    }
    for one in plan.overrides.iter().take(limit) {
        page.text(Shade::Plain, INDENT, &one.to_string(), 2)?;
    }
    for one in plan.collateral.iter().take(limit) {
        page.text(Shade::Dim, INDENT, &beside(one), 1)?;
    }
    more(plan.collateral.len().saturating_sub(limit), page)?;
    if let Some(asked) = &file.verified {
        page.text(Shade::Dim, INDENT, &format!("accepted by {asked}"), 2)?;
    }
    for alike in by_reason(&plan.blocked, length) {
        match alike.as_slice() {
            [blocked] => not_fixed(blocked, length, page)?,
            several => none_fixed(several, limit, page)?,
        }
    }
    Ok(())
}

/// What stays, together where only the reason has to be said; each by itself where all is asked for.
fn by_reason(blocked: &[Blocked], length: Length) -> Vec<Vec<&Blocked>> {
    let mut reasons: Vec<Vec<&Blocked>> = Vec::new();
    for one in blocked {
        let reason = of_each(one);
        let is_alike = |other: &&&Blocked| other.by.is_empty() && of_each(other) == reason;
        let known = reasons
            .iter_mut()
            .find(|alike| one.by.is_empty() && alike.first().as_ref().is_some_and(is_alike));
        match (length, known) {
            (Length::Verdict | Length::Normal, Some(alike)) => alike.push(one),
            (Length::Full, _) | (_, None) => reasons.push(vec![one]),
        }
    }
    reasons
}

/// `adler 1.0.2 · atty 0.2.14 · and 3 more stay`, and why.
fn none_fixed(alike: &[&Blocked], limit: usize, page: &mut Page<'_>) -> io::Result<()> {
    let mut names: Vec<String> = Vec::new();
    for blocked in alike {
        let name = format!("{} {}", blocked.name, blocked.version);
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    let left = names.len().saturating_sub(limit);
    let verb = if names.len() == 1 { "stays" } else { "stay" };
    names.truncate(limit);
    match (left, names.last_mut()) {
        (0, Some(last)) => last.push_str(&format!(" {verb}")),
        (0, None) => {}
        (left, _) => names.push(format!("and {} more {verb}", thousands(left as u64))),
    }
    let start = Line::indented(2).with(Shade::Bad, "✗").padded_to(INDENT, 1);
    let words: Vec<(Shade, String)> = names.into_iter().map(|name| (Shade::Strong, name)).collect();
    page.whole_words(start, INDENT, &words)?;
    let reason = alike.first().map(|blocked| of_each(blocked)).unwrap_or_default();
    page.text(Shade::Plain, INDENT, &reason, 3)
}

/// The reason without the package's name.
fn of_each(blocked: &Blocked) -> String {
    let name = format!(" {} ", blocked.name);
    blocked.reason.replace(&name, " each of them ")
}

/// What else changes: `also universalify 0.1.2 → 0.2.0`.
fn beside(one: &Collateral) -> String {
    match (&one.from, &one.to) {
        (Some(from), Some(to)) => format!("also {} {from} → {to}", one.name),
        (None, Some(to)) => format!("adds {} {to}", one.name),
        (Some(from), None) => format!("removes {} {from}, which nothing needs any more", one.name),
        (None, None) => one.name.clone(),
    }
}

fn not_fixed(blocked: &Blocked, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let start = Line::indented(2).with(Shade::Bad, "✗").padded_to(INDENT, 1);
    let head = format!("{} {} stays", blocked.name, blocked.version);
    page.whole_words(start, INDENT, &[(Shade::Strong, head)])?;
    let fixes = ids(&blocked.fixes);
    if !fixes.is_empty() {
        page.whole_words(Line::indented(INDENT), INDENT, &fixes)?;
    }
    let limit = match length {
        Length::Verdict | Length::Normal => MAX_CONSTRAINTS,
        Length::Full => usize::MAX,
    };
    for constraint in blocked.by.iter().take(limit) {
        page.text(Shade::Plain, INDENT, &constraint.to_string(), 1)?;
    }
    more(blocked.by.len().saturating_sub(limit), page)?;
    page.text(Shade::Plain, INDENT, &blocked.reason, 3)
}

fn ids(ids: &[String]) -> Vec<Word> {
    const MAX_IDS: usize = 3;
    let shown = ids.iter().take(MAX_IDS);
    let mut words: Vec<Word> = shown.map(|id| Word::id(Shade::Dim, id)).collect();
    let left = ids.len().saturating_sub(MAX_IDS);
    words.extend((left > 0).then(|| (Shade::Dim, format!("and {left} more")).into()));
    words
}

fn more(left: usize, page: &mut Page<'_>) -> io::Result<()> {
    match left {
        0 => Ok(()),
        left => {
            let text = format!("… and {} more (-v lists them)", thousands(left as u64));
            page.line(&Line::indented(INDENT).with(Shade::Dim, &text))
        }
    }
}

fn next(proposal: &Proposal, page: &mut Page<'_>) -> io::Result<()> {
    let has_edits = proposal.lockfiles.iter().any(|file| !file.edited.is_empty());
    let is_in_git = proposal
        .before
        .targets
        .iter()
        .any(|target| target.commit.is_some());
    let command = match (proposal.progress, has_edits) {
        (Progress::Planned, true) => format!("lockkeeper fix{}", same_place(&proposal.after)),
        (Progress::Written, true) if is_in_git => "git diff".to_owned(),
        (Progress::Planned | Progress::Written, _) => return Ok(()),
    };
    commands_line(vec![command], page)
}
