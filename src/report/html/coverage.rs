//! What the verdict rests on: what was not checked, what was read, and the digests to repeat it with.

use super::markup::{Markup, markup};
use super::page::{Section, code, fact, sentence_of};
use crate::model::outcome::FileState;
use crate::model::{Outcome, Target};
use crate::report::phrases::{counted, short, thousands};
use crate::report::places::{GapHere, IN_PART, from_here, gaps, remarks};

/// Entries of each list.
const MAX_ENTRIES: usize = 1_000;

/// The sections below the findings.
pub(super) fn sections(outcome: &Outcome) -> Vec<Option<Section>> {
    vec![Some(coverage(outcome)), Some(provenance(outcome))]
}

fn coverage(outcome: &Outcome) -> Section {
    let blind = gaps(outcome, |coverage| &coverage.blind);
    let mut markup = match (blind.as_slice(), outcome.coverage.files_read) {
        ([], 0) => markup!("<p class=\"intro\">No lockfile was read.</p>\n"),
        ([], _) => markup!("<p class=\"intro\">Every lockfile was read completely.</p>\n"),
        (blind, _) => markup!(
            "<p class=\"intro\">Not everything was checked (" (counted(blind.len(), "gap", "gaps"))
            "): more may be hidden there.</p>\n" (list(blind))
        ),
    };
    let remarks = remarks(outcome);
    if !remarks.is_empty() {
        markup.add(markup!("<p class=\"intro\">Remarks:</p>\n"(list(&remarks))));
    }
    let partial = gaps(outcome, |coverage| &coverage.partial);
    if !partial.is_empty() {
        markup.add(fold(&IN_PART.phrase(partial.len()), list(&partial)));
    }
    markup.add(skipped(outcome));
    markup.add(files(outcome));
    Section {
        id: "coverage",
        title: "Coverage",
        markup,
    }
}

/// A list that is closed at first.
pub(super) fn fold(title: &str, content: Markup) -> Markup {
    markup!("<details class=\"fold\"><summary>" (title) "</summary>\n" (content) "</details>\n")
}

fn list(gaps: &[GapHere<'_>]) -> Markup {
    let entries = gaps
        .iter()
        .take(MAX_ENTRIES)
        .map(|gap| entry(gap.place(300), None, gap.reason, gap.hint));
    markup!(
        "<ul class=\"gaps\">\n" (entries.collect::<Vec<_>>()) "</ul>\n" (cut(gaps.len(), "gap", "gaps"))
    )
}

/// One gap, `on` these release lines.
pub(super) fn entry(place: Option<String>, on: Option<Markup>, reason: &str, hint: &str) -> Markup {
    markup!(
        "<li>" (place.map(code)) "" (on) "<div class=\"words\">" (sentence_of(&short(reason, 500)))
        "</div><div class=\"hint words\">" (sentence_of(&short(hint, 500))) "</div></li>\n"
    )
}

/// What was left out of a list.
pub(super) fn cut(all: usize, one: &str, many: &str) -> Option<Markup> {
    let left = all.checked_sub(MAX_ENTRIES).filter(|left| *left > 0)?;
    let more = counted(left, &format!("more {one}"), &format!("more {many}"));
    Some(markup!("<p class=\"cut\">… and " (more) "; <code>--format json</code> lists all.</p>\n"))
}

fn skipped(outcome: &Outcome) -> Option<Markup> {
    let of_target = |target| -> Vec<_> { skipped_of(target).collect() };
    let skipped: Vec<Markup> = outcome.targets.iter().flat_map(of_target).collect();
    if skipped.is_empty() {
        return None;
    }
    let table = markup!(
        "<table class=\"plain\"><thead><tr><th>Path</th><th>Why</th></tr></thead><tbody>\n"
        (skipped.iter().take(MAX_ENTRIES).collect::<Vec<_>>())
        "</tbody></table>\n" (cut(skipped.len(), "path", "paths"))
    );
    Some(fold(
        &counted(skipped.len(), "skipped path", "skipped paths"),
        table,
    ))
}

fn skipped_of(target: &Target) -> impl Iterator<Item = Markup> {
    target.coverage.skipped.iter().map(move |skipped| {
        markup!(
            "<tr><td>" (code(short(&from_here(target, &skipped.path), 300))) "</td><td class=\"words\">"
            (short(&skipped.reason, 300)) "</td></tr>\n"
        )
    })
}

fn files(outcome: &Outcome) -> Option<Markup> {
    let files: Vec<_> = outcome
        .targets
        .iter()
        .flat_map(|target| target.files.iter().map(move |file| (target, file)))
        .collect();
    if files.is_empty() {
        return None;
    }
    let rows = files.iter().take(MAX_ENTRIES).map(|(target, file)| {
        let read = match file.state {
            FileState::Read => "completely",
            FileState::Partial => "partly",
            FileState::Blind => "not completely",
        };
        markup!(
            "<tr><td>" (code(short(&from_here(target, &file.path), 300)))
            "</td><td class=\"words\" data-name=\"format\">" (short(&file.format, 100))
            "</td><td data-name=\"read\">" (read)
            "</td><td class=\"number\" data-name=\"packages\">" (thousands(file.packages as u64)) "</td></tr>\n"
        )
    });
    let table = markup!(
        "<table class=\"plain\"><thead><tr><th>Lockfile</th><th>Format</th><th>Read</th><th class=\"number\">Packages</th></tr></thead><tbody>\n"
        (rows.collect::<Vec<_>>()) "</tbody></table>\n" (cut(files.len(), "lockfile", "lockfiles"))
    );
    Some(fold(&counted(files.len(), "lockfile", "lockfiles"), table))
}

/// What the verdict can be repeated with.
pub(super) fn provenance(outcome: &Outcome) -> Section {
    let database = &outcome.database;
    let or_none = |digest: &Option<String>| match digest {
        Some(digest) => code(short(digest, 200)),
        None => Markup::of("none"),
    };
    let state = outcome.coverage.index.as_str();
    let sources = database.sources.iter().take(MAX_ENTRIES).map(|source| {
        let newest = source.newest.map(|newest| format!(", newest of {}", newest.strftime("%Y-%m-%d")));
        markup!(
            "" (short(&source.name, 100)) " (" (counted(source.records as usize, "record", "records")) "" (newest) ")"
        )
    });
    let policy = match &outcome.policy.file {
        Some(file) => code(short(file, 300)),
        None => Markup::of("built-in"),
    };
    let policy = markup!("" (policy) " " (code(short(&outcome.policy.digest, 200))));
    let verdict = format!(
        "{}, exit code {}",
        outcome.verdict.as_str(),
        outcome.exit_code.number()
    );
    let facts = vec![
        fact("Program", format!("lockkeeper {}", outcome.tool_version)),
        fact("Verdict", verdict),
        fact("Advisory database", or_none(&database.digest)),
        fact("State", state),
        fact("Built", database.built.map(|built| built.to_string())),
        fact("Built from", Markup::joined(sources, ", ")),
        fact("Policy", policy),
    ];
    Section {
        id: "provenance",
        title: "Provenance",
        markup: markup!("<dl class=\"facts-list\">\n" (facts) "</dl>\n" (trees(outcome, or_none))),
    }
}

fn trees(outcome: &Outcome, or_none: impl Fn(&Option<String>) -> Markup) -> Option<Markup> {
    if outcome.targets.is_empty() {
        return None;
    }
    let rows = outcome.targets.iter().take(MAX_ENTRIES).map(|target| {
        let dirty = target
            .dirty
            .then_some("with lockfiles that differ from the commit");
        markup!(
            "<tr><td>" (code(short(&target.root, 300))) "</td><td>" (or_none(&target.ref_name)) "</td><td>"
            (or_none(&target.commit)) "</td><td>" (dirty) "</td></tr>\n"
        )
    });
    Some(markup!(
        "<table class=\"plain\"><thead><tr><th>Scanned</th><th>Ref</th><th>Commit</th><th>Lockfiles</th></tr></thead><tbody>\n"
        (rows.collect::<Vec<_>>()) "</tbody></table>\n" (cut(outcome.targets.len(), "tree", "trees"))
    ))
}
