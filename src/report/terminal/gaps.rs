//! What was not checked, and what was skipped.

use std::collections::{BTreeMap, HashMap};
use std::io;

use super::page::{Line, Page, Shade, clean, columns, fit_end};
use crate::model::Outcome;
use crate::report::Length;
use crate::report::phrases::{counted, thousands};
use crate::report::places::{self, GapHere, gaps, with_ref};

/// Gaps that are shown unless all are asked for.
pub(super) const MAX_GAPS: usize = 5;

/// What could not be checked, each with its reason and hint.
pub(in crate::report) fn blind(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let blind = gaps(outcome, |coverage| &coverage.blind);
    if blind.is_empty() {
        return Ok(());
    }
    page.heading(&places::NOT_CHECKED.heading(blind.len()))?;
    let reasons = match length {
        Length::Full => blind.iter().map(|gap| vec![gap]).collect(),
        Length::Verdict | Length::Normal => by_reason(&blind),
    };
    let shown = limit(length);
    for gaps in reasons.iter().take(shown) {
        match gaps.as_slice() {
            [gap] => one(gap, Shade::Bad, page)?,
            gaps => several(gaps, Shade::Bad, page)?,
        }
        let hint = gaps.first().map_or("", |gap| gap.hint);
        if !hint.is_empty() {
            page.text(Shade::Dim, 4, hint, 3)?;
        }
    }
    more(reasons.iter().skip(shown).map(Vec::len).sum(), page)
}

/// The gaps by reason and hint, in the order of the first of each.
fn by_reason<'g, 'o>(gaps: &'g [GapHere<'o>]) -> Vec<Vec<&'g GapHere<'o>>> {
    let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
    let mut reasons: Vec<Vec<&GapHere<'_>>> = Vec::new();
    for gap in gaps {
        let number = *numbers.entry((gap.reason, gap.hint)).or_insert(reasons.len());
        match reasons.get_mut(number) {
            Some(reason) => reason.push(gap),
            None => reasons.push(vec![gap]),
        }
    }
    reasons
}

/// `3 × reason`, and where the first one is.
fn several(gaps: &[&GapHere<'_>], shade: Shade, page: &mut Page<'_>) -> io::Result<()> {
    let reason = gaps.first().map_or("", |gap| gap.reason);
    let start = Line::indented(2)
        .with(shade, &format!("{:>3} ×", thousands(gaps.len() as u64)))
        .padded_to(0, 1);
    page.line(&start.with(Shade::Plain, reason))?;
    let Some(place) = gaps.iter().find_map(|gap| gap.place(usize::MAX)) else {
        return Ok(());
    };
    let word = if gaps.len() == 1 { "at " } else { "first at " };
    let room = page.width.saturating_sub(8 + word.len());
    page.line(
        &Line::indented(8)
            .with(Shade::Dim, word)
            .with(Shade::Dim, &fit_end(&clean(&place), room)),
    )
}

/// Remarks on the policy, the base and the refs.
pub(in crate::report) fn remarks(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let remarks = places::remarks(outcome);
    if remarks.is_empty() {
        return Ok(());
    }
    page.heading(&places::REMARKS.heading(remarks.len()))?;
    let shown = limit(length);
    for gap in remarks.iter().take(shown) {
        one(gap, Shade::Warn, page)?;
        page.text(Shade::Dim, 4, gap.hint, 3)?;
    }
    more(remarks.len().saturating_sub(shown), page)
}

/// What was not checked in full, counted by reason.
pub(in crate::report) fn partial(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let partial = gaps(outcome, |coverage| &coverage.partial);
    // Without an advisory database nothing was checked, whatever it is.
    let is_beside_the_point = length != Length::Full && !outcome.coverage.index.is_usable();
    if partial.is_empty() || is_beside_the_point {
        return Ok(());
    }
    page.heading(&places::IN_PART.heading(partial.len()))?;
    // What makes files whole is the same for most of their entries: each hint stands once, below its files.
    let mut hints: BTreeMap<&str, BTreeMap<Option<&str>, Vec<&GapHere<'_>>>> = BTreeMap::new();
    for gap in &partial {
        let file = gap.location.as_ref().map(|(file, _)| file.as_ref());
        hints
            .entry(gap.hint)
            .or_default()
            .entry(file)
            .or_default()
            .push(gap);
    }
    let entries = |files: &BTreeMap<_, Vec<&GapHere<'_>>>| files.values().map(Vec::len).sum::<usize>();
    let mut hints: Vec<_> = hints.into_iter().collect();
    // The sort is stable: equally frequent ones stay in the order of their texts.
    hints.sort_by_key(|(_, files)| std::cmp::Reverse(entries(files)));
    let limit = limit(length);
    for (hint, files) in hints.iter().take(limit) {
        let mut files: Vec<&Vec<&GapHere<'_>>> = files.values().collect();
        files.sort_by_key(|gaps| std::cmp::Reverse(gaps.len()));
        for gaps in files.iter().take(limit) {
            match (length, gaps.as_slice()) {
                (Length::Verdict | Length::Normal, [first, others @ ..]) => {
                    first_of_file(first, others.len(), page)?;
                }
                (Length::Full, all) => all.iter().try_for_each(|gap| one(gap, Shade::Warn, page))?,
                (Length::Verdict | Length::Normal, []) => {}
            }
        }
        let left = files.get(limit..).unwrap_or_default();
        if !left.is_empty() {
            let text = format!(
                "and {} in {}",
                counted(
                    left.iter().map(|gaps| gaps.len()).sum(),
                    "more entry",
                    "more entries"
                ),
                counted(left.len(), "more file", "more files")
            );
            page.line(&Line::indented(2).with(Shade::Dim, &text))?;
        }
        page.text(Shade::Dim, 4, hint, 3)?;
    }
    more(
        hints.iter().skip(limit).map(|(_, files)| entries(files)).sum(),
        page,
    )
}

/// What was skipped on purpose: listed with `-v`, else counted.
pub(super) fn skipped(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let skipped: Vec<(String, &str)> = outcome
        .targets
        .iter()
        .flat_map(|target| {
            target
                .coverage
                .skipped
                .iter()
                .map(move |skipped| (target, skipped))
        })
        .map(|(target, skipped)| {
            (
                with_ref(target, &skipped.path).into_owned(),
                skipped.reason.as_str(),
            )
        })
        .collect();
    if skipped.is_empty() {
        return Ok(());
    }
    let count = counted(skipped.len(), "path", "paths");
    if length != Length::Full {
        return page.heading(&format!("Skipped: {count} (-v lists them)"));
    }
    page.heading(&format!("Skipped: {count}"))?;
    for (path, reason) in &skipped {
        let room = page.width / 2;
        let line = Line::indented(2).with(Shade::Plain, &fit_end(&clean(path), room));
        page.line(&line.padded_to(0, 2).with(Shade::Dim, reason))?;
    }
    Ok(())
}

/// The first entry of a file, and how many `others` it has.
fn first_of_file(first: &GapHere<'_>, others: usize, page: &mut Page<'_>) -> io::Result<()> {
    let others = match others {
        0 => String::new(),
        others => format!(", and {} more", thousands(others as u64)),
    };
    entry(first, &format!("{}{others}", first.reason), Shade::Warn, page)
}

/// `file:line  reason`, on two lines where one is too narrow; the reason alone without a location.
fn one(gap: &GapHere<'_>, shade: Shade, page: &mut Page<'_>) -> io::Result<()> {
    entry(gap, gap.reason, shade, page)
}

fn entry(gap: &GapHere<'_>, reason: &str, shade: Shade, page: &mut Page<'_>) -> io::Result<()> {
    let Some(place) = gap.place(usize::MAX) else {
        return page.text(shade, 2, reason, 3);
    };
    let place = clean(&place);
    let reason = clean(reason);
    if 2 + columns(&place) + 2 + columns(&reason) <= page.width {
        return page.line(
            &Line::indented(2)
                .with(shade, &place)
                .padded_to(0, 2)
                .with(Shade::Plain, &reason),
        );
    }
    page.line(&Line::indented(2).with(shade, &fit_end(&place, page.width - 2)))?;
    page.text(Shade::Plain, 4, &reason, 2)
}

fn more(left: usize, page: &mut Page<'_>) -> io::Result<()> {
    if left == 0 {
        return Ok(());
    }
    let text = format!("… and {} more (-v lists them)", thousands(left as u64));
    page.line(&Line::indented(2).with(Shade::Dim, &text))
}

fn limit(length: Length) -> usize {
    match length {
        Length::Verdict | Length::Normal => MAX_GAPS,
        Length::Full => usize::MAX,
    }
}
