//! The plan in Markdown, as the text of a pull request has it.

use std::io;

use super::{shown, words};
use crate::plan::{Blocked, LockfilePlan, Move, NewOverride, Proposal};
use crate::report::phrases::{sentence, short, thousands};
use crate::report::{Style, headline, links};
use crate::text::escape::{markdown, markdown_code};

/// Rows of a table; `--format json` has all.
const MAX_ROWS: usize = 200;

/// Writes the report.
///
/// # Errors
/// Only those of `out`.
pub fn write(proposal: &Proposal, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(whole(proposal).as_bytes())
}

/// The report within `limit` bytes; what does not fit is left out with whole lines.
#[must_use]
pub fn within(proposal: &Proposal, limit: usize) -> String {
    const CUT: &str = "\nThe rest is left out here; `lockkeeper plan` shows all of it.\n";
    let text = whole(proposal);
    if text.len() <= limit {
        return text;
    }
    let room = limit.saturating_sub(CUT.len());
    let kept = text.char_indices().take_while(|(at, _)| *at < room);
    let end = kept.filter(|(_, character)| *character == '\n').last();
    let end = end.map_or(0, |(at, _)| at.saturating_add(1));
    format!("{}{CUT}", text.get(..end).unwrap_or_default())
}

fn whole(proposal: &Proposal) -> String {
    let mut text = format!("## lockkeeper: {}\n\n", headline::symbol(proposal.after.verdict));
    for word in words(proposal) {
        text.push_str(&format!("{}.\n", markdown(&sentence(&word))));
    }
    for file in &proposal.lockfiles {
        text.push_str(&lockfile(proposal, file));
    }
    text
}

/// What a manifest overrides from now on.
pub(super) fn override_in_words(one: &NewOverride) -> String {
    let under = one
        .under
        .as_ref()
        .map(|under| format!(" for {}", markdown_code(&short(under, 200))));
    let from = one
        .from
        .as_ref()
        .map(|from| format!(" instead of {}", markdown_code(&short(from, 100))));
    format!(
        "{} overrides {} with {}{}{}",
        markdown_code(&one.manifest),
        markdown_code(&short(&one.name, 200)),
        markdown_code(&short(&one.to, 100)),
        from.unwrap_or_default(),
        under.unwrap_or_default()
    )
}

pub(in crate::report) fn lockfile(proposal: &Proposal, file: &LockfilePlan) -> String {
    let plan = &file.plan;
    let mut text = format!("\n### {}\n", markdown_code(&shown(proposal, file)));
    if !plan.moves.is_empty() {
        text.push_str("\n| Package | From | To | Fixes |\n|---|---|---|---|\n");
        plan.moves
            .iter()
            .take(MAX_ROWS)
            .for_each(|one| text.push_str(&row(one)));
    }
    let ranges = plan.ranges.iter().map(|range| {
        format!(
            "{} asks for {} {} instead of {}",
            markdown_code(&range.manifest()),
            markdown_code(&range.name),
            markdown_code(&range.to),
            markdown_code(&range.from)
        )
    });
    let beside = plan.collateral.iter().map(|one| {
        let name = markdown_code(&short(&one.name, 200));
        let version = |version: &String| markdown_code(&short(version, 100));
        match (&one.from, &one.to) {
            (Some(from), Some(to)) => format!("{name} {} → {}", version(from), version(to)),
            (None, Some(to)) => format!("adds {name} {}", version(to)),
            (Some(from), None) => format!("removes {name} {}", version(from)),
            (None, None) => name,
        }
    });
    let overrides = plan.overrides.iter().map(override_in_words);
    if let Some(asked) = &file.verified {
        text.push_str(&format!("\nAccepted by {}.\n", markdown_code(asked)));
    }
    let also: Vec<String> = ranges.chain(overrides).chain(beside).take(MAX_ROWS).collect();
    if !also.is_empty() {
        text.push_str("\nAlso:\n\n");
        also.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
    }
    if !plan.blocked.is_empty() {
        text.push_str("\n| Not fixed | Why |\n|---|---|\n");
        plan.blocked
            .iter()
            .take(MAX_ROWS)
            .for_each(|blocked| text.push_str(&blocked_row(blocked, usize::MAX)));
    }
    text
}

fn row(one: &Move) -> String {
    let to = match &one.to {
        Some(to) => markdown_code(&short(to, 100)),
        None => "no longer needed".to_owned(),
    };
    format!(
        "| {} | {} | {to} | {} |\n",
        markdown_code(&short(&one.name, 200)),
        markdown_code(&short(&one.from, 100)),
        ids(&one.fixes)
    )
}

/// What stays, and at most `most` of the ranges that are in the way.
pub(super) fn blocked_row(blocked: &Blocked, most: usize) -> String {
    let mut by: Vec<String> = blocked
        .by
        .iter()
        .take(most)
        .map(|constraint| markdown(&short(&constraint.to_string(), 200)))
        .collect();
    let left_out = blocked.by.len().saturating_sub(most);
    if left_out > 0 {
        by.push(format!("and {} more", thousands(left_out as u64)));
    }
    let by = match by.is_empty() {
        true => String::new(),
        false => format!("{}. ", by.join("; ")),
    };
    format!(
        "| {} {}<br>{} | {by}{} |\n",
        markdown_code(&short(&blocked.name, 200)),
        markdown_code(&short(&blocked.version, 100)),
        ids(&blocked.fixes),
        markdown(&short(&blocked.reason, 500))
    )
}

pub(in crate::report) fn ids(ids: &[String]) -> String {
    const MAX_IDS: usize = 10;
    let link = |id: &String| {
        let shown = markdown_code(&short(id, 100));
        match links::advisory(id) {
            Some(page) => format!("[{shown}]({page})"),
            None => shown,
        }
    };
    let shown: Vec<String> = ids.iter().take(MAX_IDS).map(link).collect();
    match ids.len().saturating_sub(MAX_IDS) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Constraint;

    #[test]
    fn a_row_has_as_many_ranges_as_it_may() {
        let range = |number: usize| Constraint {
            dependent: format!("member-{number}"),
            name: "left".to_owned(),
            range: "^1.0.0".to_owned(),
        };
        let blocked = Blocked {
            name: "left".to_owned(),
            version: "1.0.0".to_owned(),
            fixes: vec!["GHSA-1".to_owned()],
            by: (0..2_000).map(range).collect(),
            reason: "No version is in all of these ranges.".to_owned(),
        };
        let whole = blocked_row(&blocked, usize::MAX);
        assert!(
            whole.contains("member-1999") && !whole.contains("more"),
            "{whole}"
        );
        let short = blocked_row(&blocked, 5);
        assert!(
            short.contains("member-4") && !short.contains("member-5"),
            "{short}"
        );
        assert!(short.contains("and 1,995 more"), "{short}");
        assert!(short.len() < 1_000, "{short}");
        assert!(blocked_row(&blocked, 0).contains("and 2,000 more"));
    }
}
