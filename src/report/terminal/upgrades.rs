//! What to do: recommended upgrades, and warnings by the upgrade that ends them.

use std::io;

use super::findings::{INDENT, ids_of, limit, more, path_line, place, severity};
use super::page::{Line, Page, Shade, clean, columns, fit, fit_end};
use crate::model::Finding;
use crate::model::finding::Change;
use crate::remediation::{Kind, Remediation, by_fix};
use crate::report::Length;
use crate::report::phrases::{self, counted, thousands};
use crate::report::places::with_ref;

/// Upgrades that are shown unless all are asked for, and advisories of each.
const MAX_UPGRADES: usize = 15;
const MAX_ADVISORIES: usize = 3;
/// Packages without a fixed version.
const MAX_UNFIXED: usize = 5;
/// The same of warnings.
const MAX_WARNINGS: usize = 10;
const MAX_WARNING_ADVISORIES: usize = 1;
/// Reasons of a warning.
const MAX_REASONS: usize = 2;
/// The last column of the text at the right, so that the eye keeps the line.
const WIDE: usize = 110;
/// Where what belongs to a line starts.
const DEEPER: usize = INDENT + 2;

/// What to do about what blocks, worst first, and what has no fix.
pub(in crate::report) fn upgrades(
    steps: &[Remediation<'_>],
    length: Length,
    page: &mut Page<'_>,
) -> io::Result<()> {
    let (fixing, unfixed) = by_fix(steps);
    let advisories = limit(length, MAX_ADVISORIES);
    let mut entry = |step: Entry<'_, '_>, page: &mut Page<'_>| {
        step.further(length, page)?;
        step.advisories(advisories, page)?;
        step.also(length, page)?;
        step.path(page)?;
        step.command(length, page)
    };
    let shown = limit(length, MAX_UPGRADES);
    list(phrases::UPGRADES, fixing, shown, page, &mut entry)?;
    let shown = limit(length, MAX_UNFIXED);
    list(phrases::UNFIXED, unfixed, shown, page, &mut entry)
}

/// What only warns, and why.
pub(super) fn warnings(steps: &[Remediation<'_>], length: Length, page: &mut Page<'_>) -> io::Result<()> {
    let shown = limit(length, MAX_WARNINGS);
    let advisories = limit(length, MAX_WARNING_ADVISORIES);
    list("Warnings", steps, shown, page, |step, page| {
        step.further(length, page)?;
        step.advisories(advisories, page)?;
        step.path(page)?;
        step.command(length, page)?;
        step.reasons(page)
    })
}

fn list(
    title: &str,
    steps: &[Remediation<'_>],
    shown: usize,
    page: &mut Page<'_>,
    mut rest: impl FnMut(Entry<'_, '_>, &mut Page<'_>) -> io::Result<()>,
) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    page.heading(title)?;
    let shown = steps.get(..shown.min(steps.len())).unwrap_or_default();
    // Locations are aligned where the heads leave room for them.
    let heads = shown.iter().map(|step| columns(&Entry(step).head())).max();
    let place_column = INDENT + heads.unwrap_or_default().min(page.width * 2 / 5) + 2;
    for (number, step) in shown.iter().enumerate() {
        if number > 0 && page.width >= 60 {
            page.gap()?;
        }
        let entry = Entry(step);
        entry.first_line(number + 1, place_column, page)?;
        rest(entry, page)?;
    }
    more(steps.len() - shown.len(), page)
}

/// One thing to do.
struct Entry<'a, 'o>(&'a Remediation<'o>);

impl Entry<'_, '_> {
    /// What to do with which version, where, and how much that fixes.
    fn first_line(&self, number: usize, place_column: usize, page: &mut Page<'_>) -> io::Result<()> {
        let fixes = phrases::fixes(self.0);
        let place = self.places();
        let shade = match self.0.kind {
            Kind::Remove | Kind::OwnRegistry => Shade::Bad,
            Kind::Upgrade(_) | Kind::NoFix => Shade::Strong,
        };
        let start = Line::new()
            .with(Shade::Dim, &format!("{number:>2}"))
            .padded_to(INDENT, 2);
        let end = page.width.min(WIDE).saturating_sub(columns(&fixes));
        let head = self.head();
        let line = if columns(&head) + INDENT + 2 <= end {
            start.with(shade, &head)
        } else {
            // The version to upgrade to is never cut: it takes a line of its own.
            page.whole_words(start, INDENT, &[(shade, self.held())])?;
            let aim = self.aim();
            if INDENT + columns(&aim) + 2 > end {
                page.whole_words(Line::indented(INDENT), DEEPER, &[(shade, aim)])?;
                Line::indented(INDENT)
            } else {
                Line::indented(INDENT).with(shade, &aim)
            }
        };
        let is_beside = line.columns + 2 <= place_column && place_column + columns(&place) + 2 <= end;
        let line = match is_beside {
            true => line.padded_to(place_column, 2).with(Shade::Plain, &place),
            false => line,
        };
        page.line(&line.padded_to(end, 2).with(Shade::Dim, &fixes))?;
        match is_beside {
            true => Ok(()),
            false => {
                page.line(&Line::indented(INDENT).with(Shade::Plain, &fit_end(&place, page.width - INDENT)))
            }
        }
    }

    /// `examplelib 0.10.30 → 1.2.0 (major, dev)`.
    fn head(&self) -> String {
        let (held, aim) = (self.held(), self.aim());
        match aim.is_empty() {
            true => held,
            false => format!("{held} {aim}"),
        }
    }

    fn held(&self) -> String {
        let Remediation { name, version, .. } = self.0;
        let held = match self.0.kind {
            Kind::Remove => format!("remove {name} {version}"),
            Kind::OwnRegistry => format!("take {name} {version} from your own registry"),
            Kind::Upgrade(_) | Kind::NoFix => format!("{name} {version}"),
        };
        clean(&held).into_owned()
    }

    /// `→ 1.2.0 (major, dev)`.
    fn aim(&self) -> String {
        let traits = phrases::traits(self.0);
        let to = match self.0.kind {
            Kind::Upgrade(to) => format!("→ {}", clean(to)),
            Kind::Remove | Kind::OwnRegistry | Kind::NoFix => String::new(),
        };
        match (to.is_empty(), traits.is_empty()) {
            (_, true) => to,
            (true, false) => format!("({})", traits.join(", ")),
            (false, false) => format!("{to} ({})", traits.join(", ")),
        }
    }

    /// The first place of the worst finding, and how many more there are.
    fn places(&self) -> String {
        let Some((target, finding)) = self.0.places.first() else {
            return String::new();
        };
        let first = place(target, finding);
        let places = self.0.places.iter().map(|(_, finding)| finding.places().count());
        match places.sum::<usize>().saturating_sub(1) {
            0 => first,
            more => format!("{first} and {} more", thousands(more as u64)),
        }
    }

    /// With `-v` its places behind the first one.
    fn further(&self, length: Length, page: &mut Page<'_>) -> io::Result<()> {
        match length {
            Length::Verdict | Length::Normal => Ok(()),
            Length::Full => {
                let places = self.0.places.iter().flat_map(|(target, finding)| {
                    let file = with_ref(target, &finding.file);
                    finding
                        .places()
                        .map(move |at| format!("{}:{}", clean(&file), at.line))
                });
                places.skip(1).try_for_each(|place| {
                    let room = page.width.saturating_sub(DEEPER);
                    page.line(&Line::indented(DEEPER).with(Shade::Dim, &fit_end(&place, room)))
                })
            }
        }
    }

    /// At most `shown` advisories, and how many more there are.
    fn advisories(&self, shown: usize, page: &mut Page<'_>) -> io::Result<()> {
        let fixes = &self.0.fixes;
        let shown = shown.min(fixes.len());
        for finding in fixes.iter().take(shown) {
            advisory(finding, page)?;
        }
        if let Some(text) = self.origin() {
            page.text(Shade::Dim, INDENT, &text, 3)?;
        }
        let left = fixes.get(shown..).unwrap_or_default();
        if left.is_empty() {
            return Ok(());
        }
        let text = format!(
            "and {} more {}; -v lists all",
            thousands(left.len() as u64),
            phrases::severities(left)
        );
        page.line(&Line::indented(INDENT).with(Shade::Dim, &text))
    }

    /// How many it ends that only warn; with `-v` each of them, and why.
    fn also(&self, length: Length, page: &mut Page<'_>) -> io::Result<()> {
        let Some(text) = phrases::also(self.0) else {
            return Ok(());
        };
        page.line(&Line::indented(INDENT).with(Shade::Dim, &text))?;
        match length {
            Length::Verdict | Length::Normal => Ok(()),
            Length::Full => self.0.also.iter().try_for_each(|finding| {
                advisory(finding, page)?;
                page.text(Shade::Warn, DEEPER, &phrases::why_it_warns(finding), 2)
            }),
        }
    }

    /// The registry that the lockfile names, for a package that may be internal.
    fn origin(&self) -> Option<String> {
        let origin = || self.0.fixes.iter().find_map(|finding| finding.origin.as_ref());
        match self.0.kind {
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

    /// The shortest path from a root; of a long one the start and the end.
    fn path(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut places = self.0.places.iter();
        let Some((finding, path)) = places.find_map(|(_, finding)| Some((finding, finding.paths.first()?)))
        else {
            return Ok(());
        };
        let others = match finding.paths_total.saturating_sub(1) {
            0 => String::new(),
            others => format!("  (and from {})", counted(others, "more root", "more roots")),
        };
        path_line(path, &others, page)
    }

    /// The command that upgrades it, in the first of its folders, with `-v` in each; and what to do where none does it.
    fn command(&self, length: Length, page: &mut Page<'_>) -> io::Result<()> {
        let (commands, by_hand) = self.0.command_or_hand();
        let commands: Vec<&str> = commands
            .as_deref()
            .map(str::lines)
            .into_iter()
            .flatten()
            .collect();
        let shown = limit(length, 1).min(commands.len());
        for command in commands.iter().take(shown) {
            for line in broken(command, page.width.saturating_sub(DEEPER)) {
                page.line(&Line::indented(INDENT).with(Shade::Good, &line))?;
            }
        }
        let more = commands.len() - shown;
        if more > 0 {
            let text = format!("and in {}", counted(more, "more folder", "more folders"));
            page.line(&Line::indented(INDENT).with(Shade::Dim, &text))?;
        }
        match by_hand {
            Some(what) => page.text(
                Shade::Dim,
                INDENT,
                &phrases::by_hand(&what, commands.is_empty()),
                3,
            ),
            None => Ok(()),
        }
    }

    /// Why it only warns, and how it compares with the base.
    fn reasons(&self, page: &mut Page<'_>) -> io::Result<()> {
        for reason in phrases::warning_reasons(self.0, MAX_REASONS) {
            page.text(Shade::Warn, INDENT, &reason, 2)?;
        }
        Ok(())
    }
}

/// The lines of `command`, none wider than `room` if its words are not: a shell joins what ends with a backslash.
fn broken(command: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in command.split(' ') {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) + 2 <= room => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) => {
                line.push_str(" \\");
                lines.push(format!("  {word}"));
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Severity and ids on one line, the summary beside them or below.
fn advisory(finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    let (shade, word) = severity(&finding.advisory);
    let start = Line::indented(INDENT).with(shade, &word).padded_to(0, 2);
    let mut ids = ids_of(finding);
    match finding.change {
        None | Some(Change::Introduced) => {}
        Some(change) => ids.push((Shade::Dim, phrases::change(change).to_owned()).into()),
    }
    let summary = clean(&finding.advisory.summary);
    let mut line = start.clone();
    for (number, id) in ids.iter().enumerate() {
        if number > 0 {
            line = line.with(Shade::Dim, " · ");
        }
        line = line.with_word(id);
    }
    let room = page.width.saturating_sub(line.columns + 2);
    if !summary.trim().is_empty() && (columns(&summary) <= room || room >= 50) {
        return page.line(&line.padded_to(0, 2).with(Shade::Plain, &fit(&summary, room)));
    }
    page.whole_words(start, DEEPER, &ids)?;
    page.text(Shade::Plain, DEEPER, &summary, 2)
}
