//! What to do, as one table; the commands for it; and how to accept a finding.

use super::cells::{breakable_code, id, link, place_of, severity};
use super::lists::{Table, details};
use crate::model::{Class, Finding, Outcome, worst};
use crate::remediation::{Kind, Remediation};
use crate::report::exceptions::exception;
use crate::report::job::JobPages;
use crate::report::links;
use crate::report::phrases::{
    self, counted, is_early, is_unnamed, short, thousands, traits, warning_reasons,
};
use crate::text::escape::{markdown, markdown_code, markdown_sentence};
use crate::version::Distance;

/// Rows of the table; the lists below it have the rest.
const MAX_ROWS: usize = 15;
/// Characters of a package's name, so that no column of the table is off the screen.
const MAX_NAME: usize = 48;
/// Characters of a version: the longest of real ones fits.
const MAX_VERSION: usize = 60;

/// Bytes of two versions that fit beside each other.
const MAX_PAIR: usize = 20;

/// How much of the table there is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    /// At most so many bytes.
    Summary(usize),
    /// The same, below which there is no list of findings.
    Comment(usize),
}

/// The upgrades that end what fails, worst first.
pub(super) fn upgrades(steps: &[Remediation<'_>], pages: &JobPages, size: Size) -> String {
    const MANY: usize = 6;
    let (room, more_at) = match size {
        Size::Summary(room) => (room, "they are among the findings below"),
        Size::Comment(room) => (room, "the summary of the run has them"),
    };
    // In a narrow column several ids break at their hyphens, and make a long table longer.
    let ids = if steps.len() > MANY { 1 } else { 3 };
    if steps.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&format!("\n{HEAD}"), room).of(MAX_ROWS);
    for step in steps {
        table.push(|| row(step, pages, ids, ""));
    }
    table.finish_at(|count| left_out(steps, count), more_at)
}

/// `55 more upgrades and 14 packages without one`: the last `count` of the steps.
fn left_out(steps: &[Remediation<'_>], count: usize) -> String {
    let rest = steps.get(steps.len().saturating_sub(count)..).unwrap_or_default();
    let upgrades = rest
        .iter()
        .filter(|step| matches!(step.kind, Kind::Upgrade(_)))
        .count();
    let others = rest.len().saturating_sub(upgrades);
    match (upgrades, others) {
        (_, 0) => counted(upgrades, "more upgrade", "more upgrades"),
        (0, _) => format!(
            "{} without an upgrade",
            counted(others, "more package", "more packages")
        ),
        _ => format!(
            "{} and {} without one",
            counted(upgrades, "more upgrade", "more upgrades"),
            counted(others, "package", "packages")
        ),
    }
}

/// The file is below the package: with a column of its own the table would be wider than GitHub's page.
const HEAD: &str = "| Package and file | Upgrade | Fixes | Worst |\n|---|---|---|---|\n";

/// The same for what only warns, below `<details>`.
pub(super) fn warnings(steps: &[Remediation<'_>], pages: &JobPages, room: usize) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let title = format!("Warnings: {}", counted(steps.len(), "package", "packages"));
    details(&title, room, |room| {
        let head = "| Package and file | Upgrade | Fixes | Worst, and why it warns |\n|---|---|---|---|\n";
        let mut table = Table::new(head, room);
        for step in steps {
            table.push(|| row(step, pages, 3, &reasons(step)));
        }
        table.finish("package", "packages")
    })
}

/// Why what the step fixes warns and does not fail.
fn reasons(step: &Remediation<'_>) -> String {
    const MAX_REASONS: usize = 2;
    let reasons = warning_reasons(step, MAX_REASONS);
    let reasons = reasons.iter().map(|reason| format!("<br>{}", markdown(reason)));
    reasons.collect()
}

fn row(step: &Remediation<'_>, pages: &JobPages, max_ids: usize, below: &str) -> String {
    let name = breakable_code(&short(step.name, MAX_NAME));
    let page = links::package(step.ecosystem, step.name, step.version);
    let name = match page.or_else(|| links::known(step.ecosystem, step.name)) {
        Some(page) => link(&name, &page),
        None => name,
    };
    let from = breakable_code(&short(step.version, MAX_VERSION));
    let what = match step.kind {
        Kind::Upgrade(to) => {
            let major = match step.level() {
                Some(Distance::Major) => " (major)",
                Some(Distance::Minor | Distance::Patch) | None => "",
            };
            // A short pair stays on one line.
            let arrow = match step.version.len() + to.len() {
                0..=MAX_PAIR => "\u{a0}→\u{a0}",
                _ => "<br>→\u{a0}",
            };
            format!("{from}{arrow}{}{major}", breakable_code(&short(to, MAX_VERSION)))
        }
        Kind::Remove => format!("remove {from}"),
        Kind::OwnRegistry => format!("take {from} from your own registry"),
        Kind::NoFix if is_early(step) => format!("{from}: only a pre-release fixes it"),
        Kind::NoFix if is_unnamed(step) => format!("{from}: no fixed version named"),
        Kind::NoFix => format!("{from}: no fixed version yet"),
    };
    let ids: Vec<String> = step
        .fixes
        .iter()
        .take(max_ids)
        .map(|finding| id(finding))
        .collect();
    let more = match step.fixes.len().saturating_sub(max_ids) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more as u64)),
    };
    let also = phrases::also(step).map(|also| format!("<br>{}", markdown(&also)));
    let worst = step
        .fixes
        .first()
        .map(|finding| severity(finding))
        .unwrap_or_default();
    let place = step.places.first();
    let place = place.map(|(target, finding)| place_of(target, finding, pages));
    let files = match step.places.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more as u64)),
    };
    format!(
        "| {name}{}<br>{}{files} | {what} | {}{more}{} | {worst}{below} |\n",
        notes(step),
        place.unwrap_or_default(),
        ids.join(", "),
        also.unwrap_or_default(),
    )
}

/// `(dev)`, `via redoc`, `(major)`: what helps to decide about the upgrade.
fn notes(step: &Remediation<'_>) -> String {
    const MAX_PARENTS: usize = 2;
    let mut text = String::new();
    // How far it goes stands with the version.
    let traits: Vec<&str> = traits(step).into_iter().filter(|word| *word != "major").collect();
    if !traits.is_empty() {
        text.push_str(&format!(" ({})", traits.join(", ")));
    }
    let through = step.through();
    if !through.is_empty() {
        let shown = through.iter().take(MAX_PARENTS);
        let shown: Vec<String> = shown.map(|name| breakable_code(&short(name, MAX_NAME))).collect();
        let more = match through.len().saturating_sub(MAX_PARENTS) {
            0 => String::new(),
            more => format!(" and {} more", thousands(more as u64)),
        };
        text.push_str(&format!(" via {}{more}", shown.join(", ")));
    }
    text
}

/// The commands of the upgrades, ready to be pasted, and what to do where there is none.
pub(super) fn commands(steps: &[Remediation<'_>], room: usize) -> String {
    let by_hand = by_hand(steps);
    let room = room.saturating_sub(by_hand.len());
    let mut text = String::new();
    for command in steps.iter().filter_map(Remediation::command) {
        if text.len() + command.len() + 200 > room {
            break;
        }
        text.push_str(&command);
        text.push('\n');
    }
    if !text.is_empty() {
        text = format!("```sh\n{text}```\n");
    }
    match text.is_empty() && by_hand.is_empty() {
        true => String::new(),
        false => details("Commands", room, |_| format!("{text}{by_hand}")),
    }
}

/// `a`, `b`: what to do about upgrades that no command makes, each sentence once.
fn by_hand(steps: &[Remediation<'_>]) -> String {
    const MAX_NAMES: usize = 5;
    let mut sentences: Vec<(String, Vec<&str>)> = Vec::new();
    for step in steps {
        let (command, Some(what)) = step.command_or_hand() else {
            continue;
        };
        let what = phrases::by_hand(&what, command.is_none()).into_owned();
        match sentences.iter_mut().find(|(known, _)| *known == what) {
            Some((_, names)) if names.contains(&step.name) => {}
            Some((_, names)) => names.push(step.name),
            None => sentences.push((what, vec![step.name])),
        }
    }
    let mut text = String::new();
    for (what, names) in sentences {
        let shown = names.iter().take(MAX_NAMES);
        let shown: Vec<String> = shown.map(|name| markdown_code(&short(name, MAX_NAME))).collect();
        let more = match names.len().saturating_sub(MAX_NAMES) {
            0 => String::new(),
            more => format!(" and {} more", thousands(more as u64)),
        };
        text.push_str(&format!(
            "\n- {}{more}: {}\n",
            shown.join(", "),
            markdown_sentence(&what)
        ));
    }
    text
}

/// The exception that would accept the worst finding; no exception accepts a malicious package.
pub(super) fn accept(outcome: &Outcome) -> String {
    let acceptable = |finding: &Finding| match finding.advisory.class {
        Class::Malicious => false,
        Class::Confusion
        | Class::Vulnerability
        | Class::Unsound
        | Class::Unmaintained
        | Class::Yanked
        | Class::Notice => finding.blocks(),
    };
    let findings = outcome.findings().map(|(_, finding)| finding);
    let worst = findings
        .filter(|finding| acceptable(finding))
        .min_by(|left, right| worst::first(left, right));
    let Some(finding) = worst else {
        return String::new();
    };
    let yaml = exception(finding.id(), Some(finding.purl.package()), outcome.now);
    details("Accept a finding until a day", usize::MAX, |_| {
        format!("Add this to `lockkeeper.yml`, and fill it in:\n\n```yaml\n{yaml}\n```\n")
    })
}
