//! What blocks nothing, and how a finding is shown.

use std::io;

use super::page::{Line, Page, Shade, Word, clean, columns, fit, fit_end};
use crate::model::dependency_path::MAX_ENDS;
use crate::model::finding::State;
use crate::model::grid::GridRow;
use crate::model::worst;
use crate::model::{Advisory, Class, Decision, DependencyPath, Finding, Level, Outcome, Step, Target};
use crate::report::Length;
use crate::report::phrases::{self, counted, left_out, thousands};
use crate::report::places::with_ref;

const MAX_EXCEPTED: usize = 10;
/// Where the text of an entry starts.
pub(super) const INDENT: usize = 4;

/// With `-v` notes and what is already in the base, else how many there are.
pub(super) fn others(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let notes = list(outcome, |finding| {
        finding.decision == Decision::Note && finding.is_of_this_change()
    });
    let older = list(outcome, |finding| {
        finding.decision != Decision::Fail && finding.is_affected() && !finding.is_of_this_change()
    });
    for (title, findings) in [("Notes", &notes), ("Already in the base", &older)] {
        if findings.is_empty() {
            continue;
        }
        if length != Length::Full {
            page.heading(&format!(
                "{title}: {} (-v lists them)",
                counted(findings.len(), "finding", "findings")
            ))?;
            continue;
        }
        page.heading(title)?;
        for (target, finding) in findings {
            warning(target, finding, page)?;
        }
    }
    Ok(())
}

/// What an exception accepts, why and until when; and what is about the public package of an internal name.
pub(super) fn excepted(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let excepted = list(outcome, |finding| finding.exception().is_some());
    let others = list(outcome, |finding| finding.state == State::NotAffected);
    for (title, findings) in [("Accepted", excepted), ("Not affected", others)] {
        if findings.is_empty() {
            continue;
        }
        page.heading(&format!(
            "{title}: {}",
            counted(findings.len(), "finding", "findings")
        ))?;
        let shown = limit(length, MAX_EXCEPTED);
        for (target, finding) in findings.iter().take(shown) {
            warning(target, finding, page)?;
        }
        more(findings.len().saturating_sub(shown), page)?;
    }
    Ok(())
}

/// The findings that `counts` picks, worst first.
fn list(outcome: &Outcome, counts: impl Fn(&Finding) -> bool) -> Vec<(&Target, &Finding)> {
    let mut findings: Vec<(&Target, &Finding)> = outcome
        .findings()
        .filter(|(_, finding)| counts(finding))
        .collect();
    findings.sort_by(|(_, left), (_, right)| worst::first(left, right));
    findings
}

pub(super) fn place(target: &Target, finding: &Finding) -> String {
    let file = with_ref(target, &finding.file);
    format!("{}:{}", clean(&file), finding.place().line)
}

/// All ids of an advisory, and what makes it worse.
pub(super) fn ids(advisory: &Advisory) -> Vec<Word> {
    let aliases = advisory.aliases.iter().map(String::as_str);
    named(advisory, &advisory.id, aliases)
}

/// The same of a row of the grid: the id that applies first.
pub(in crate::report) fn ids_of_row(row: &GridRow) -> Vec<Word> {
    named(&row.advisory, row.id(), row.other_ids())
}

/// The same of a finding: the id that applies first.
pub(super) fn ids_of(finding: &Finding) -> Vec<Word> {
    named(&finding.advisory, finding.id(), finding.other_ids())
}

fn named<'a>(advisory: &Advisory, id: &str, others: impl Iterator<Item = &'a str>) -> Vec<Word> {
    let mut words = vec![Word::id(Shade::Strong, id)];
    words.extend(others.map(|id| Word::id(Shade::Plain, id)));
    if advisory.known_exploited {
        words.push((Shade::Worst, "known exploited".to_owned()).into());
    }
    match advisory.epss {
        Some(probability) if probability >= 0.01 => {
            words.push((Shade::Plain, format!("EPSS {:.0}%", probability * 100.0)).into());
        }
        Some(_) | None => {}
    }
    words
}

/// `critical 9.1`, `malicious`, `unmaintained`.
pub(in crate::report) fn severity(advisory: &Advisory) -> (Shade, String) {
    let level = advisory.severity.level;
    let shade = match (advisory.class, level) {
        (Class::Malicious | Class::Confusion, _) | (Class::Vulnerability, Level::Critical) => Shade::Worst,
        (Class::Vulnerability, Level::High) => Shade::Bad,
        (Class::Vulnerability, Level::Medium) | (Class::Unsound, _) => Shade::Warn,
        (Class::Vulnerability, Level::Low | Level::None)
        | (Class::Unmaintained | Class::Yanked | Class::Notice, _) => Shade::Plain,
    };
    (shade, phrases::severity(advisory))
}

/// One path and a remark behind it; nothing for a path of one step.
pub(super) fn path_line(path: DependencyPath<'_>, remark: &str, page: &mut Page<'_>) -> io::Result<()> {
    if path.len() < 2 {
        return Ok(());
    }
    let last = path.len().saturating_sub(1);
    let word = |number: usize, step: Step<'_>| step_words(step, number == 0 || number == last);
    let words = path.texts(MAX_ENDS, word, left_out);
    let room = page.width.saturating_sub(INDENT + columns(remark));
    let text = shorten(&words, room);
    page.line(
        &Line::indented(INDENT)
            .with(Shade::Dim, &text)
            .with(Shade::Dim, remark),
    )
}

/// Both ends are shown elsewhere with their versions: a name is enough.
fn step_words(step: Step<'_>, end: bool) -> String {
    let name = if step.name.is_empty() { "(root)" } else { step.name };
    match step.version {
        version if !end && !version.is_empty() => clean(&format!("{name} {version}")).into_owned(),
        _ => clean(name).into_owned(),
    }
}

/// `a → b → c`, or `a → … 3 more … → y → z` where that is too wide.
fn shorten(words: &[String], room: usize) -> String {
    let whole = words.join(" → ");
    if columns(&whole) <= room {
        return whole;
    }
    let first = words.first().map(String::as_str).unwrap_or_default();
    let mut kept = Vec::new();
    for dropped in 1..words.len().saturating_sub(1) {
        kept = words.get(dropped + 1..).unwrap_or_default().to_vec();
        let text = format!("{first} → … {dropped} more … → {}", kept.join(" → "));
        if columns(&text) <= room {
            return text;
        }
    }
    let last = kept
        .last()
        .or(words.last())
        .map(String::as_str)
        .unwrap_or_default();
    fit(&format!("{} → … → {last}", fit(first, room / 3)), room).into_owned()
}

/// A warning, and below it its exception, reason and changes.
fn warning(target: &Target, finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    warning_line(target, finding, page)?;
    if let Some(excepted) = finding.exception() {
        page.text(Shade::Plain, INDENT, &phrases::exception(excepted), 3)?;
    }
    if finding.state == State::NotAffected {
        page.text(Shade::Plain, INDENT, &finding.reason, 3)?;
    }
    let mut remarks: Vec<(Shade, String)> = Vec::new();
    remarks.extend(phrases::grace(finding).map(|grace| (Shade::Warn, grace)));
    remarks.extend(
        finding
            .change
            .map(|change| (Shade::Plain, phrases::change(change).to_owned())),
    );
    match remarks.is_empty() {
        true => Ok(()),
        false => page.whole_words(Line::indented(INDENT), INDENT, &remarks),
    }
}

/// It takes a line where it fits, else two.
fn warning_line(target: &Target, finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let advisory = &finding.advisory;
    let (shade, word) = severity(advisory);
    let start = Line::indented(2).with(shade, &word).padded_to(16, 2);
    let package = format!("{} {}", finding.name, finding.version);
    let place = place(target, finding);
    let line = start
        .with(Shade::Strong, &fit(&clean(&package), page.width / 3))
        .padded_to(0, 2)
        .with(Shade::Plain, &fit_end(&place, page.width / 3));
    if columns(&clean(finding.id())) + line.columns + 2 > page.width {
        page.line(&line)?;
        page.whole_words(Line::indented(INDENT), INDENT, &ids_of(finding))?;
        return page.text(Shade::Dim, INDENT, &advisory.summary, 1);
    }
    let line = line
        .padded_to(0, 2)
        .with_word(&Word::id(Shade::Plain, finding.id()));
    let room = page.width.saturating_sub(line.columns + 2);
    let summary = clean(&advisory.summary);
    if columns(&summary) <= room || room >= 40 {
        return page.line(&line.padded_to(0, 2).with(Shade::Dim, &fit(&summary, room)));
    }
    page.line(&line)?;
    page.text(Shade::Dim, INDENT, &advisory.summary, 1)
}

pub(super) fn more(left: usize, page: &mut Page<'_>) -> io::Result<()> {
    if left == 0 {
        return Ok(());
    }
    let text = format!(
        "… and {} more; -v shows them, --format json lists all",
        thousands(left as u64)
    );
    page.line(&Line::indented(2).with(Shade::Dim, &text))
}

/// How much of a list is shown.
pub(super) fn limit(length: Length, normal: usize) -> usize {
    match length {
        Length::Verdict | Length::Normal => normal,
        Length::Full => usize::MAX,
    }
}
