//! What the verdict rests on: what was not checked, what was read, and the digests to repeat it with.

use super::page::{Section, code, fact};
use crate::model::Outcome;
use crate::report::headline;
use crate::report::phrases::{counted, short, thousands};
use crate::report::places::{GapHere, from_here, gaps, remarks};
use crate::text::escape::html;

/// Entries of each list.
const MAX_ENTRIES: usize = 1_000;

/// The sections below the findings.
pub(super) fn sections(outcome: &Outcome) -> Vec<Option<Section>> {
    vec![Some(coverage(outcome)), Some(provenance(outcome))]
}

fn coverage(outcome: &Outcome) -> Section {
    let mut markup = String::new();
    let blind = gaps(outcome, |coverage| &coverage.blind);
    match blind.as_slice() {
        [] => markup.push_str(match outcome.coverage.files_read {
            0 => "<p class=\"intro\">No lockfile was read.</p>\n",
            _ => "<p class=\"intro\">Every lockfile was read completely.</p>\n",
        }),
        blind => {
            markup.push_str(&format!(
                "<p class=\"intro\">Not everything was checked ({}): more may be hidden there.</p>\n",
                counted(blind.len(), "gap", "gaps")
            ));
            markup.push_str(&list(blind));
        }
    }
    let remarks = remarks(outcome);
    if !remarks.is_empty() {
        markup.push_str("<p class=\"intro\">Remarks:</p>\n");
        markup.push_str(&list(&remarks));
    }
    let partial = gaps(outcome, |coverage| &coverage.partial);
    if !partial.is_empty() {
        let count = counted(partial.len(), "entry", "entries");
        let title = format!("{count} {}", headline::NOT_PINNED);
        markup.push_str(&fold(&title, &list(&partial)));
    }
    markup.push_str(&skipped(outcome));
    markup.push_str(&files(outcome));
    Section {
        id: "coverage",
        title: "Coverage",
        markup,
    }
}

/// A list that stands closed.
pub(super) fn fold(title: &str, markup: &str) -> String {
    format!("<details class=\"fold\"><summary>{title}</summary>\n{markup}</details>\n")
}

fn list(gaps: &[GapHere<'_>]) -> String {
    let mut text = "<ul class=\"gaps\">\n".to_owned();
    for gap in gaps.iter().take(MAX_ENTRIES) {
        text.push_str(&entry(gap.place(300), "", gap.reason, gap.hint));
    }
    text.push_str("</ul>\n");
    text.push_str(&cut(gaps.len(), "gap", "gaps"));
    text
}

/// One gap; `on` is markup.
pub(super) fn entry(place: Option<String>, on: &str, reason: &str, hint: &str) -> String {
    format!(
        "<li>{}{on}<div class=\"words\">{}</div><div class=\"hint words\">{}</div></li>\n",
        place.map(|place| code(&place)).unwrap_or_default(),
        html(&short(reason, 500)),
        html(&short(hint, 500))
    )
}

/// What was left out of a list.
pub(super) fn cut(all: usize, one: &str, many: &str) -> String {
    match all.saturating_sub(MAX_ENTRIES) {
        0 => String::new(),
        left => format!(
            "<p class=\"cut\">… and {}; <code>--format json</code> lists all.</p>\n",
            counted(left, &format!("more {one}"), &format!("more {many}"))
        ),
    }
}

fn skipped(outcome: &Outcome) -> String {
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
                from_here(target, &skipped.path).into_owned(),
                skipped.reason.as_str(),
            )
        })
        .collect();
    if skipped.is_empty() {
        return String::new();
    }
    let mut text =
        "<table class=\"plain\"><thead><tr><th>Path</th><th>Why</th></tr></thead><tbody>\n".to_owned();
    for (path, reason) in skipped.iter().take(MAX_ENTRIES) {
        text.push_str(&format!(
            "<tr><td>{}</td><td class=\"words\">{}</td></tr>\n",
            code(&short(path, 300)),
            html(&short(reason, 300))
        ));
    }
    text.push_str("</tbody></table>\n");
    text.push_str(&cut(skipped.len(), "path", "paths"));
    fold(&counted(skipped.len(), "skipped path", "skipped paths"), &text)
}

fn files(outcome: &Outcome) -> String {
    let files: Vec<_> = outcome
        .targets
        .iter()
        .flat_map(|target| target.files.iter().map(move |file| (target, file)))
        .collect();
    if files.is_empty() {
        return String::new();
    }
    let mut text = "<table class=\"plain\"><thead><tr><th>Lockfile</th><th>Format</th><th>Read</th>\
         <th class=\"number\">Packages</th></tr></thead><tbody>\n"
        .to_owned();
    for (target, file) in files.iter().take(MAX_ENTRIES) {
        text.push_str(&format!(
            "<tr><td>{}</td><td class=\"words\" data-name=\"format\">{}</td><td data-name=\"read\">{}</td>\
             <td class=\"number\" data-name=\"packages\">{}</td></tr>\n",
            code(&short(&from_here(target, &file.path), 300)),
            html(&short(&file.format, 100)),
            match file.state {
                crate::model::outcome::FileState::Read => "completely",
                crate::model::outcome::FileState::Partial => "partly",
                crate::model::outcome::FileState::Blind => "not completely",
            },
            thousands(file.packages as u64)
        ));
    }
    text.push_str("</tbody></table>\n");
    text.push_str(&cut(files.len(), "lockfile", "lockfiles"));
    fold(&counted(files.len(), "lockfile", "lockfiles"), &text)
}

/// What the verdict can be repeated with.
pub(super) fn provenance(outcome: &Outcome) -> Section {
    let database = &outcome.database;
    let mut markup = "<dl class=\"facts-list\">\n".to_owned();
    markup.push_str(&fact(
        "Program",
        &format!("lockkeeper {}", html(outcome.tool_version)),
    ));
    markup.push_str(&fact(
        "Verdict",
        &format!(
            "{}, exit code {}",
            outcome.verdict.as_str(),
            outcome.exit_code.number()
        ),
    ));
    markup.push_str(&fact("Scanned at", &outcome.now.to_string()));
    let digest = match &database.digest {
        Some(digest) => code(&short(digest, 200)),
        None => "none".to_owned(),
    };
    markup.push_str(&fact("Advisory database", &digest));
    let age = match outcome.coverage.index_age_days {
        Some(days) => format!(
            "{}, {} old",
            outcome.coverage.index.as_str(),
            counted(days as usize, "day", "days")
        ),
        None => outcome.coverage.index.as_str().to_owned(),
    };
    markup.push_str(&fact("State", &age));
    if let Some(built) = database.built {
        markup.push_str(&fact("Built", &built.to_string()));
    }
    let sources: Vec<String> = database
        .sources
        .iter()
        .take(MAX_ENTRIES)
        .map(|source| {
            let newest = match source.newest {
                Some(newest) => format!(", newest of {}", newest.strftime("%Y-%m-%d")),
                None => String::new(),
            };
            format!(
                "{} ({}{newest})",
                html(&short(&source.name, 100)),
                counted(source.records as usize, "record", "records")
            )
        })
        .collect();
    markup.push_str(&fact("Built from", &sources.join(", ")));
    let policy = match &outcome.policy.file {
        Some(file) => code(&short(file, 300)),
        None => "built-in".to_owned(),
    };
    markup.push_str(&fact(
        "Policy",
        &format!("{policy} {}", code(&short(&outcome.policy.digest, 200))),
    ));
    markup.push_str("</dl>\n");
    markup.push_str(&trees(outcome));
    Section {
        id: "provenance",
        title: "Provenance",
        markup,
    }
}

fn trees(outcome: &Outcome) -> String {
    if outcome.targets.is_empty() {
        return String::new();
    }
    let mut text =
        "<table class=\"plain\"><thead><tr><th>Scanned</th><th>Ref</th><th>Commit</th><th></th></tr></thead><tbody>\n".to_owned();
    for target in outcome.targets.iter().take(MAX_ENTRIES) {
        let or_none = |text: &Option<String>| match text {
            Some(text) => code(&short(text, 200)),
            None => "none".to_owned(),
        };
        text.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            code(&short(&target.root, 300)),
            or_none(&target.ref_name),
            or_none(&target.commit),
            if target.dirty {
                "with lockfiles that differ from the commit"
            } else {
                ""
            }
        ));
    }
    text.push_str("</tbody></table>\n");
    text.push_str(&cut(outcome.targets.len(), "tree", "trees"));
    text
}
