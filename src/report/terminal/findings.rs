//! Recommended upgrades, and what else was found.

use std::io;

use super::page::{Line, Page, Shade, clean, columns, fit, fit_end};
use crate::model::dependency_path::MAX_ENDS;
use crate::model::finding::{Change, State};
use crate::model::worst;
use crate::model::{Advisory, Class, Decision, DependencyPath, Finding, Level, Outcome, Step, Target};
use crate::remediation::{Kind, Remediation};
use crate::report::Length;
use crate::report::phrases::{self, counted, left_out, thousands};
use crate::report::places::with_ref;

/// Upgrades that are shown unless all are asked for.
const MAX_UPGRADES: usize = 15;
/// Advisories of an upgrade.
const MAX_ADVISORIES: usize = 3;
const MAX_WARNINGS: usize = 10;
/// The last column of the text at the right, so that the eye keeps the line.
const WIDE: usize = 110;
/// Where the text of an entry starts.
const INDENT: usize = 4;
/// Where what belongs to a line starts.
const DEEPER: usize = INDENT + 2;

/// What to do, worst first.
pub(super) fn upgrades(steps: &[Remediation<'_>], length: Length, page: &mut Page<'_>) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    page.heading("Recommended upgrades")?;
    let shown = steps
        .get(..limit(length, MAX_UPGRADES).min(steps.len()))
        .unwrap_or_default();
    // Places are aligned where the heads leave room for them.
    let heads = shown
        .iter()
        .map(|step| columns(&clean(&head(step))))
        .max()
        .unwrap_or_default();
    let place_column = INDENT + heads.min(page.width * 2 / 5) + 2;
    for (number, step) in shown.iter().enumerate() {
        if number > 0 && page.width >= 60 {
            page.gap()?;
        }
        one(number + 1, step, place_column, length, page)?;
    }
    more(steps.len() - shown.len(), page)
}

/// Everything that does not block: warnings, and with `-v` notes and what is already in the base.
pub(super) fn others(outcome: &Outcome, length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let of_this_change = |finding: &Finding| {
        let is_of_it = |change: Change| change.is_of_the_change() || change == Change::Unknown;
        finding.change.is_none_or(is_of_it) && finding.is_affected()
    };
    let warnings = list(outcome, |finding| {
        finding.decision == Decision::Warn && of_this_change(finding)
    });
    let notes = list(outcome, |finding| {
        finding.decision == Decision::Note && of_this_change(finding)
    });
    let older = list(outcome, |finding| {
        finding.decision != Decision::Fail && finding.is_affected() && !of_this_change(finding)
    });
    for (title, findings) in [
        ("Warnings", &warnings),
        ("Notes", &notes),
        ("Already in the base", &older),
    ] {
        if findings.is_empty() {
            continue;
        }
        if title != "Warnings" && length != Length::Full {
            page.heading(&format!(
                "{title}: {} (-v lists them)",
                counted(findings.len(), "finding", "findings")
            ))?;
            continue;
        }
        page.heading(title)?;
        let shown = limit(length, MAX_WARNINGS);
        for (target, finding) in findings.iter().take(shown) {
            warning(target, finding, page)?;
        }
        more(findings.len().saturating_sub(shown), page)?;
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
        let shown = limit(length, MAX_WARNINGS);
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

fn one(
    number: usize,
    step: &Remediation<'_>,
    place_column: usize,
    length: Length,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let head = head(step);
    let head = clean(&head);
    let fixes = match (step.kind, step.fixes.len()) {
        (Kind::NoFix, 1) => "no fix yet".to_owned(),
        (Kind::NoFix, count) => format!("no fix yet for {}", thousands(count as u64)),
        (Kind::Remove | Kind::OwnRegistry | Kind::Upgrade(_), count) => {
            format!("fixes {}", thousands(count as u64))
        }
    };
    let place = places(step);
    let shade = match step.kind {
        Kind::Remove | Kind::OwnRegistry => Shade::Bad,
        Kind::Upgrade(_) | Kind::NoFix => Shade::Strong,
    };
    let start = Line::new()
        .with(Shade::Dim, &format!("{number:>2}"))
        .padded_to(INDENT, 2);
    let end = page.width.min(WIDE).saturating_sub(columns(&fixes));
    let beside = columns(&head) + INDENT + 2 <= place_column && place_column + columns(&place) + 2 <= end;
    let head_room = end.saturating_sub(INDENT + 2);
    let line = start.with(shade, &fit(&head, head_room));
    let line = if beside {
        line.padded_to(place_column, 2).with(Shade::Plain, &place)
    } else {
        line
    };
    page.line(&line.padded_to(end, 2).with(Shade::Dim, &fixes))?;
    if !beside {
        page.line(&Line::indented(INDENT).with(Shade::Plain, &fit_end(&place, page.width - INDENT)))?;
    }
    let shown = limit(length, MAX_ADVISORIES).min(step.fixes.len());
    for finding in step.fixes.iter().take(shown) {
        advisory(finding, page)?;
    }
    if let Some(text) = origin(step) {
        page.text(Shade::Dim, INDENT, &text, 3)?;
    }
    let left = step.fixes.get(shown..).unwrap_or_default();
    if !left.is_empty() {
        let text = format!(
            "and {} more {}; -v lists all",
            thousands(left.len() as u64),
            phrases::severities(left)
        );
        page.line(&Line::indented(INDENT).with(Shade::Dim, &text))?;
    }
    path(step, page)
}

/// The registry that the lockfile names, for a package that may be internal.
fn origin(step: &Remediation<'_>) -> Option<String> {
    let origin = || step.fixes.iter().find_map(|finding| finding.origin.as_ref());
    match step.kind {
        Kind::Upgrade(_) | Kind::NoFix => None,
        Kind::Remove => origin().map(|origin| {
            let origin = origin.as_str();
            format!(
                "the lockfile takes it from {origin}; if it is your own package, name it under `supply-chain.internal` in the policy"
            )
        }),
        Kind::OwnRegistry => Some(match origin() {
            Some(origin) => format!("the lockfile takes it from {}", origin.as_str()),
            None => "the lockfile records no registry for it".to_owned(),
        }),
    }
}

/// `examplelib 0.10.30 → 0.10.81`.
fn head(step: &Remediation<'_>) -> String {
    match step.kind {
        Kind::Remove => format!("remove {} {}", step.name, step.version),
        Kind::OwnRegistry => format!("take {} {} from your own registry", step.name, step.version),
        Kind::Upgrade(to) => format!("{} {} → {to}", step.name, step.version),
        Kind::NoFix => format!("{} {}", step.name, step.version),
    }
}

/// The first place of the worst finding, and how many more there are.
fn places(step: &Remediation<'_>) -> String {
    let Some((target, finding)) = step.places.first() else {
        return String::new();
    };
    let first = place(target, finding);
    let all: usize = step
        .places
        .iter()
        .map(|(_, finding)| finding.places().count())
        .sum();
    match all.saturating_sub(1) {
        0 => first,
        more => format!("{first} and {} more", thousands(more as u64)),
    }
}

fn place(target: &Target, finding: &Finding) -> String {
    let file = with_ref(target, &finding.file);
    format!("{}:{}", clean(&file), finding.place().line)
}

/// Severity and ids on one line, the summary beside them or below.
fn advisory(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let advisory = &finding.advisory;
    let (shade, word) = severity(advisory);
    let start = Line::indented(INDENT).with(shade, &word).padded_to(0, 2);
    let mut ids = ids_of(finding);
    match finding.change {
        None | Some(Change::Introduced) => {}
        Some(change) => {
            ids.push((Shade::Dim, phrases::change(change).to_owned()));
        }
    }
    let summary = clean(&advisory.summary);
    let taken = start.columns
        + ids.iter().map(|(_, id)| columns(&clean(id))).sum::<usize>()
        + 3 * ids.len().saturating_sub(1);
    let room = page.width.saturating_sub(taken + 2);
    if !summary.trim().is_empty() && (columns(&summary) <= room || room >= 50) {
        let mut line = start;
        for (number, (shade, id)) in ids.iter().enumerate() {
            if number > 0 {
                line = line.with(Shade::Dim, " · ");
            }
            line = line.with(*shade, id);
        }
        return page.line(&line.padded_to(0, 2).with(Shade::Plain, &fit(&summary, room)));
    }
    page.whole_words(start, DEEPER, &ids)?;
    page.text(Shade::Plain, DEEPER, &summary, 2)
}

/// All ids of an advisory, and what makes it worse.
pub(in crate::report) fn ids(advisory: &Advisory) -> Vec<(Shade, String)> {
    let aliases = advisory.aliases.iter().map(String::as_str);
    named(advisory, &advisory.id, aliases)
}

/// The same of a finding: the id that applies first.
fn ids_of(finding: &Finding) -> Vec<(Shade, String)> {
    named(&finding.advisory, finding.id(), finding.other_ids())
}

fn named<'a>(advisory: &Advisory, id: &str, others: impl Iterator<Item = &'a str>) -> Vec<(Shade, String)> {
    let mut words = vec![(Shade::Strong, id.to_owned())];
    words.extend(others.map(|id| (Shade::Plain, id.to_owned())));
    if advisory.known_exploited {
        words.push((Shade::Bad, "known exploited".to_owned()));
    }
    match advisory.epss {
        Some(probability) if probability >= 0.01 => {
            words.push((Shade::Plain, format!("EPSS {:.0}%", probability * 100.0)));
        }
        Some(_) | None => {}
    }
    words
}

/// `critical 9.1`, `malicious`, `unmaintained`.
pub(in crate::report) fn severity(advisory: &Advisory) -> (Shade, String) {
    let level = advisory.severity.level;
    let shade = match (advisory.class, level) {
        (Class::Malicious | Class::Confusion, _) | (Class::Vulnerability, Level::Critical | Level::High) => {
            Shade::Bad
        }
        (Class::Vulnerability | Class::Unsound, _) => Shade::Warn,
        (Class::Unmaintained | Class::Yanked | Class::Notice, _) => Shade::Plain,
    };
    (shade, phrases::severity(advisory))
}

/// The shortest path from a root; of a long one the start and the end.
fn path(step: &Remediation<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let Some((finding, path)) = step
        .places
        .iter()
        .find_map(|(_, finding)| Some((finding, finding.paths.first()?)))
    else {
        return Ok(());
    };
    let others = match finding.paths_total.saturating_sub(1) {
        0 => String::new(),
        others => format!("  (and from {})", counted(others, "more root", "more roots")),
    };
    path_line(path, &others, page)
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
    let line = line.padded_to(0, 2).with(Shade::Plain, finding.id());
    let room = page.width.saturating_sub(line.columns + 2);
    let summary = clean(&advisory.summary);
    if columns(&summary) <= room || room >= 40 {
        return page.line(&line.padded_to(0, 2).with(Shade::Dim, &fit(&summary, room)));
    }
    page.line(&line)?;
    page.text(Shade::Dim, INDENT, &advisory.summary, 1)
}

fn more(left: usize, page: &mut Page<'_>) -> io::Result<()> {
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
fn limit(length: Length, normal: usize) -> usize {
    match length {
        Length::Verdict | Length::Normal => normal,
        Length::Full => usize::MAX,
    }
}
