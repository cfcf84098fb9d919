//! What a pull request with upgrades says: title, text, and the message of its commit.

use std::collections::{BTreeMap, BTreeSet};

use super::markdown::{blocked_row, ids, override_in_words};
use super::shown;
use crate::ecosystem;
use crate::model::{Finding, Outcome};
use crate::plan::lines::LinePlan;
use crate::plan::{LockfilePlan, Move, Proposal};
use crate::remediation::{Remediation, remediations};
use crate::report::phrases::{advisories, counted, rank, severities, short, thousands};
use crate::report::{headline, links};
use crate::text::escape::{markdown, markdown_code};

/// Bytes for what stands below a text: where the table of all release lines is.
const BELOW: usize = 200;

/// The rows that each table may have, and the ranges in each, until the text is short enough. Without any it always is.
const ROWS: [usize; 6] = [200, 60, 20, 5, 1, 0];

/// The longest first line of a commit's message, in characters.
const HEADLINE: usize = 72;

/// What a pull request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its title, on one line.
    pub title: String,
    /// Its text, in the forge's Markdown.
    pub body: String,
    /// The first line of the commit's message.
    pub headline: String,
    /// The rest of it.
    pub message: String,
}

/// What the pull request with the edits of `proposal` into `base` says, in a text of at most `room` bytes. `run` is the page of the run that
/// made it.
#[must_use]
pub fn pull_request(proposal: &Proposal, base: &str, run: Option<&str>, room: usize) -> PullRequest {
    let moves: Vec<(&LockfilePlan, &Move)> = moves(proposal);
    let mut fixes: Vec<&str> = moves
        .iter()
        .flat_map(|(_, one)| one.fixes.iter().map(String::as_str))
        .collect();
    fixes.sort_unstable();
    fixes.dedup();
    let title = title(&moves, &fixes);
    let body = ROWS
        .iter()
        .map(|rows| body(proposal, base, run, *rows))
        .find(|text| text.len() + BELOW <= room)
        .unwrap_or_default();
    let lines = moves.iter().map(|(_, one)| {
        let to = one
            .to
            .as_deref()
            .map_or("gone".to_owned(), |to| short(to, 100).into_owned());
        format!(
            "{} {} -> {to}: {}",
            plain(&one.name),
            short(&one.from, 100),
            one.fixes.join(", ")
        )
    });
    let lines: Vec<String> = lines.map(|line| plain(&line)).take(ROWS[0]).collect();
    PullRequest {
        headline: short(&title, HEADLINE).into_owned(),
        title,
        body,
        message: lines.join("\n"),
    }
}

/// The same for a release line: it names the line and, where there is one, the pull request with the table of all lines.
#[must_use]
pub fn of_line(
    plan: &LinePlan,
    proposal: &Proposal,
    run: Option<&str>,
    table: Option<u64>,
    room: usize,
) -> PullRequest {
    let base = plan.base().unwrap_or_default();
    let mut text = pull_request(proposal, base, run, room);
    if !plan.is_default {
        text.title = format!("[{}] {}", plain(&short(base, 60)), text.title);
        text.headline = short(&text.title, HEADLINE).into_owned();
    }
    if let Some(number) = table {
        text.body.push_str(&format!(
            "\nOne of several release lines, each planned by itself: #{number} has the table of all.\n"
        ));
    }
    text
}

/// The upgrades of `proposal` as a table.
#[must_use]
pub fn upgrades_table(proposal: &Proposal) -> String {
    upgrades(proposal, ROWS[1])
}

/// Each package once that moves in the same way.
fn moves(proposal: &Proposal) -> Vec<(&LockfilePlan, &Move)> {
    let mut moves: Vec<(&LockfilePlan, &Move)> = Vec::new();
    for file in proposal.lockfiles.iter().filter(|file| !file.edited.is_empty()) {
        for one in &file.plan.moves {
            let is_same = |(other, known): &(&LockfilePlan, &Move)| {
                other.ecosystem == file.ecosystem
                    && (&known.name, &known.from, &known.to) == (&one.name, &one.from, &one.to)
            };
            if !moves.iter().any(is_same) {
                moves.push((file, one));
            }
        }
    }
    moves
}

fn title(moves: &[(&LockfilePlan, &Move)], fixes: &[&str]) -> String {
    let what = match fixes {
        [one] => format!("fixes {}", plain(&short(one, 60))),
        several => format!("fixes {}", counted(several.len(), "advisory", "advisories")),
    };
    let title = match moves {
        [(_, one)] => match &one.to {
            Some(to) => format!(
                "Upgrade {} from {} to {}, which {what}",
                plain(&short(&one.name, 80)),
                plain(&short(&one.from, 40)),
                plain(&short(to, 40))
            ),
            None => format!("Drop {}, which {what}", plain(&short(&one.name, 80))),
        },
        several => {
            let verb = if several.len() == 1 {
                what
            } else {
                what.replacen("fixes", "fix", 1)
            };
            format!("{} that {verb}", counted(several.len(), "upgrade", "upgrades"))
        }
    };
    short(&title, 200).into_owned()
}

/// One line without anything that a forge makes a mention or a reference of.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|character| !crate::text::escape::is_hidden(*character))
        .collect()
}

fn body(proposal: &Proposal, base: &str, run: Option<&str>, rows: usize) -> String {
    let (before, after) = (&proposal.before, &proposal.after);
    let mut text = String::new();
    let (all, left) = (blocking(before), blocking(after));
    let fixed: Vec<&Finding> = all
        .iter()
        .copied()
        .filter(|finding| !left.iter().any(|other| other.advisory.id == finding.advisory.id))
        .collect();
    let base = markdown_code(base);
    match fixed.is_empty() {
        true => text.push_str(&format!(
            "Nothing that blocks {base} is fixed by this; what it ends only warns.\n"
        )),
        false => text.push_str(&format!(
            "Fixes {} of {} {} that block {base}.\n",
            thousands(fixed.len() as u64),
            advisories(&all),
            severities(&all)
        )),
    }
    let exploited = fixed
        .iter()
        .filter(|finding| finding.advisory.known_exploited)
        .count();
    if exploited > 0 {
        text.push_str(&format!("**{exploited} of them known to be exploited.**\n"));
    }
    text.push_str(&upgrades(proposal, rows));
    text.push_str(&beside(proposal, rows));
    text.push_str(&blocked(proposal, rows));
    let asked: BTreeSet<&String> = proposal
        .lockfiles
        .iter()
        .filter_map(|file| file.verified.as_ref())
        .collect();
    text.push_str(&format!(
        "\n### How it was checked\n\n\
         - Each lockfile was read again by a check that knows nothing of the plan: hashes, ranges, and nothing left over.\n\
         - The result was scanned with the same advisory database{}: {}. The numbers above are those of that scan.\n\
         - Every other byte of the files stayed; {}no script was started.\n",
        headline::index(after).map(|index| format!(" ({})", markdown(&index))).unwrap_or_default(),
        headline::symbol(after.verdict),
        match asked.is_empty() {
            true => "no package manager and ",
            false => "",
        },
    ));
    for asked in asked {
        text.push_str(&format!("- Accepted on a copy by {}.\n", markdown_code(asked)));
    }
    text.push_str(
        "\n### If you do not want it\n\n\
         Close it: lockkeeper opens no other one for the same advisories, and every scan goes on showing them. \
         A commit of yours on this branch makes it yours: lockkeeper leaves it alone then. \
         To accept an advisory until a day, put an exception into the policy (`lockkeeper explain ID` prints it).\n",
    );
    let run = run.map(|run| format!(", [this run]({run})")).unwrap_or_default();
    text.push_str(&format!(
        "\n<sub>lockkeeper {}{run}</sub>\n",
        env!("CARGO_PKG_VERSION")
    ));
    text
}

/// A finding for each advisory that blocks.
fn blocking(outcome: &Outcome) -> Vec<&Finding> {
    let mut by_id: BTreeMap<&str, &Finding> = BTreeMap::new();
    for (_, finding) in outcome.findings().filter(|(_, finding)| finding.blocks()) {
        by_id.entry(&finding.advisory.id).or_insert(finding);
    }
    by_id.into_values().collect()
}

fn upgrades(proposal: &Proposal, rows: usize) -> String {
    let known = remediations(&proposal.before, Finding::is_affected);
    let moves = moves(proposal);
    let mut text = String::from("\n| Package | From | To | Fixes |\n|---|---|---|---|\n");
    for (file, one) in moves.iter().take(rows) {
        let step = known.iter().find(|step| {
            *step.ecosystem == file.ecosystem && step.name == one.name && step.version == one.from
        });
        text.push_str(&upgrade(file, one, step));
    }
    text.push_str(&more(moves.len(), rows, "upgrade", "upgrades"));
    text
}

/// The line below a table or a list that was cut.
fn more(all: usize, shown: usize, one: &str, many: &str) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        more => format!("\nand {} more\n", counted(more, one, many)),
    }
}

fn upgrade(file: &LockfilePlan, one: &Move, step: Option<&Remediation<'_>>) -> String {
    let name = markdown_code(&short(&one.name, 200));
    let page = |version: &str| links::package(&file.ecosystem, &one.name, version);
    let name = match one.to.as_deref().and_then(page) {
        Some(page) => format!("[{name}]({page})"),
        None => name,
    };
    let mut notes: Vec<String> = Vec::new();
    if let Some(step) = step {
        notes.push(match (step.is_direct(), step.through().first()) {
            (true, _) => "direct".to_owned(),
            (false, Some(parent)) => format!("via {}", markdown_code(&short(parent, 100))),
            (false, None) => "indirect".to_owned(),
        });
        if let Some(worst) = step.fixes.first() {
            notes.push(rank(&worst.advisory).to_owned());
        }
    }
    let to = match &one.to {
        None => "no longer needed".to_owned(),
        Some(to) => {
            let scheme = ecosystem::scheme(&file.ecosystem);
            if let Some(scheme) = scheme {
                notes.push(scheme.distance(&one.from, to).as_str().to_owned());
            }
            let published = one
                .published
                .map(|published| format!("<br>of {}", published.to_zoned(jiff::tz::TimeZone::UTC).date()));
            format!(
                "{}{}",
                markdown_code(&short(to, 100)),
                published.unwrap_or_default()
            )
        }
    };
    format!(
        "| {name}<br>{} | {} | {to} | {} |\n",
        notes.join(" · "),
        markdown_code(&short(&one.from, 100)),
        ids(&one.fixes)
    )
}

/// What changes beside the upgrades.
fn beside(proposal: &Proposal, rows: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for file in proposal.lockfiles.iter().filter(|file| !file.edited.is_empty()) {
        for range in &file.plan.ranges {
            lines.push(format!(
                "{} asks for {} {} instead of {}",
                markdown_code(&range.manifest()),
                markdown_code(&short(&range.name, 200)),
                markdown_code(&short(&range.to, 100)),
                markdown_code(&short(&range.from, 100))
            ));
        }
        lines.extend(file.plan.overrides.iter().map(override_in_words));
        for one in &file.plan.collateral {
            let name = markdown_code(&short(&one.name, 200));
            let version = |version: &str| markdown_code(&short(version, 100));
            let what = match (&one.from, &one.to) {
                (Some(from), Some(to)) => format!("{name} {} → {}", version(from), version(to)),
                (None, Some(to)) => format!("adds {name} {}", version(to)),
                (Some(from), None) => format!("removes {name} {}", version(from)),
                (None, None) => continue,
            };
            lines.push(format!("{what} in {}", markdown_code(&shown(proposal, file))));
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let all = lines.len();
    let list: Vec<String> = lines
        .into_iter()
        .take(rows)
        .map(|line| format!("- {line}\n"))
        .collect();
    format!(
        "\n<details><summary>{} with them</summary>\n\n{}{}\n</details>\n",
        counted(all, "thing changes", "things change"),
        list.concat(),
        more(all, rows, "change", "changes"),
    )
}

fn blocked(proposal: &Proposal, rows: usize) -> String {
    let all: Vec<_> = proposal
        .lockfiles
        .iter()
        .flat_map(|file| &file.plan.blocked)
        .collect();
    if all.is_empty() {
        return String::new();
    }
    let list: Vec<String> = all
        .iter()
        .take(rows)
        .map(|blocked| blocked_row(blocked, rows))
        .collect();
    format!(
        "\n### Not fixed by it\n\n| Package | Why |\n|---|---|\n{}{}",
        list.concat(),
        more(all.len(), rows, "package", "packages"),
    )
}

/// The files that change, from the top of the repository, with their bytes before and after.
#[must_use]
pub fn files(proposal: &Proposal) -> Vec<(String, &str, &str)> {
    let mut files: Vec<(String, &str, &str)> = Vec::new();
    for file in &proposal.lockfiles {
        let Some(target) = proposal.before.targets.get(file.target) else {
            continue;
        };
        for edited in &file.edited {
            if let Some(path) = target.prefix.join(edited.path.as_bytes())
                && let Ok(path) = std::str::from_utf8(path.as_bytes())
            {
                match files.iter_mut().find(|(known, ..)| known == path) {
                    // Several lockfiles have an edit of it, one after the other.
                    Some((_, _, after)) => *after = &edited.after,
                    None => files.push((path.to_owned(), &edited.before, &edited.after)),
                }
            }
        }
    }
    files.retain(|(_, before, after)| before != after);
    files.sort();
    files
}
