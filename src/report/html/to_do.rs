//! Recommended upgrades: what each fixes, and where.

use std::collections::HashMap;

use super::markup::{Markup, markup};
use super::page::{Section, code, codes, exploited, id, level, sentence_of};
use super::paths;
use crate::model::{Finding, Outcome, Target};
use crate::remediation::{Kind, Remediation, by_fix};
use crate::report::phrases::{self, counted, short, thousands};
use crate::report::places::from_here;

/// Upgrades in the page beside the open ones.
const MAX_MORE: usize = 190;
/// Advisories, locations, and trees per location of an upgrade.
const MAX_ADVISORIES: usize = 3;
const MAX_PLACES: usize = 3;
const MAX_TREES: usize = 6;

/// The names of an outcome's targets.
pub(super) struct TreeNames<'o> {
    of: HashMap<Key<'o>, String>,
}

/// What no two targets have in common.
type Key<'o> = (&'o str, Option<&'o str>, Option<&'o str>);

fn key(target: &Target) -> Key<'_> {
    (&target.root, target.ref_name.as_deref(), target.commit.as_deref())
}

impl<'o> TreeNames<'o> {
    /// `names` are those of the targets, in their order; none where there is one target.
    pub(super) fn of(outcome: &'o Outcome, names: Vec<String>) -> Self {
        Self {
            of: outcome.targets.iter().map(key).zip(names).collect(),
        }
    }

    fn name<'n>(&'n self, target: &'n Target) -> Option<&'n str> {
        self.of.get(&key(target)).map(String::as_str)
    }
}

/// What to do about what blocks, and what has no fix, `shown` of each open; no section where there is none.
pub(super) fn sections(
    steps: &[Remediation<'_>],
    names: &TreeNames<'_>,
    shown: usize,
) -> [Option<Section>; 2] {
    let (fixing, unfixed) = by_fix(steps);
    let upgrades = ("more upgrade", "more upgrades");
    let packages = ("more package", "more packages");
    [
        section(("upgrades", phrases::UPGRADES), fixing, names, (shown, upgrades)),
        section(("unfixed", phrases::UNFIXED), unfixed, names, (shown, packages)),
    ]
}

fn section(
    (id, title): (&'static str, &'static str),
    steps: &[Remediation<'_>],
    names: &TreeNames<'_>,
    (shown, (one, many)): (usize, (&str, &str)),
) -> Option<Section> {
    if steps.is_empty() {
        return None;
    }
    let list = |steps: &[Remediation<'_>], before: usize| {
        let entries = steps.iter().enumerate();
        let entries = entries.map(|(number, step)| entry(before + number + 1, step, names));
        markup!("<ol class=\"upgrades\">\n" (entries.collect::<Vec<_>>()) "</ol>\n")
    };
    let (open, closed) = steps.split_at(shown.min(steps.len()));
    let mut content = list(open, 0);
    if !closed.is_empty() {
        let cut = closed.len().saturating_sub(MAX_MORE);
        let cut =
            (cut > 0).then(|| markup!("<p class=\"cut\">… and " (thousands(cut as u64)) " more.</p>\n"));
        content.add(markup!(
            "<details class=\"fold\"><summary>" (counted(closed.len(), one, many)) "</summary>\n"
            (list(closed.get(..MAX_MORE).unwrap_or(closed), open.len())) "" (cut) "</details>\n"
        ));
    }
    Some(Section {
        id,
        title,
        markup: content,
    })
}

fn entry(number: usize, step: &Remediation<'_>, names: &TreeNames<'_>) -> Markup {
    let package = format!("{} {}", short(step.name, 200), short(step.version, 100));
    let what = match step.kind {
        Kind::Remove => format!("remove {package}"),
        Kind::OwnRegistry => format!("take {package} from your own registry"),
        Kind::Upgrade(to) => format!("{package} → {}", short(to, 100)),
        Kind::NoFix => package,
    };
    let traits = phrases::traits(step);
    let traits =
        (!traits.is_empty()).then(|| markup!(" <span class=\"about\">(" (traits.join(", ")) ")</span>"));
    let fixes = match step.kind {
        Kind::NoFix => phrases::fixes(step),
        Kind::Remove | Kind::OwnRegistry | Kind::Upgrade(_) => {
            format!("fixes {}", phrases::advisories(&step.fixes))
        }
    };
    let shown = step.fixes.iter().take(MAX_ADVISORIES);
    let shown: Vec<Markup> = shown.map(|finding| advisory(finding)).collect();
    let more = step.fixes.len().saturating_sub(MAX_ADVISORIES);
    let more = (more > 0).then(
        || markup!("<li class=\"quiet\">and " (counted(more, "more advisory", "more advisories")) "</li>\n"),
    );
    let also = phrases::also(step).map(|also| markup!("<li class=\"quiet\">" (also) "</li>\n"));
    let drawn = step
        .places
        .iter()
        .find(|(_, finding)| finding.paths.first().is_some_and(|path| path.len() > 1));
    markup!(
        "<li><span class=\"number\">" (number) "</span><div>\n<p class=\"upgrade\"><span class=\"what\">" (what)
        "</span>" (traits) " <span class=\"where\">" (places(step, names)) "</span> <span class=\"fixes\">" (fixes)
        "</span></p>\n<ul class=\"advisories\">\n" (shown) "" (more) "" (also) "</ul>\n"
        (drawn.map(|(_, finding)| paths::tree(finding))) "" (how(step)) "</div></li>\n"
    )
}

/// The command in the first folder, or what to do where none does it.
fn how(step: &Remediation<'_>) -> Option<Markup> {
    let (commands, by_hand) = step.command_or_hand();
    let by_hand = by_hand.map(|what| {
        let what = phrases::by_hand(&what, commands.is_none()).into_owned();
        markup!("<p class=\"quiet\">" (sentence_of(&what)) "</p>\n")
    });
    let Some(commands) = commands else {
        return by_hand;
    };
    let mut commands = commands.lines();
    let first = code(commands.next().unwrap_or_default());
    let more = match commands.count() {
        0 => None,
        more => Some(markup!(" and in "(counted(more, "more folder", "more folders")))),
    };
    Some(markup!("<p class=\"command\">" (first) "" (more) "</p>\n" (by_hand)))
}

fn advisory(finding: &Finding) -> Markup {
    let advisory = &finding.advisory;
    markup!(
        "<li>" (level(advisory)) " <span class=\"id\">" (id(finding)) "</span>" (exploited(advisory))
        " " (short(advisory.summary.trim(), 300)) "</li>\n"
    )
}

/// The first locations of an upgrade and the trees that have it there, and how many more there are.
fn places(step: &Remediation<'_>, names: &TreeNames<'_>) -> Markup {
    let mut trees_at: Vec<(String, Vec<&str>)> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (target, finding) in &step.places {
        let file = from_here(target, &finding.file);
        let place = format!("{}:{}", short(&file, 300), finding.place().line);
        let number = *numbers.entry(place.clone()).or_insert_with(|| {
            trees_at.push((place, Vec::new()));
            trees_at.len() - 1
        });
        if let (Some((_, trees)), Some(name)) = (trees_at.get_mut(number), names.name(target)) {
            trees.push(name);
        }
    }
    let shown = trees_at.iter().take(MAX_PLACES);
    let shown = shown.map(|(place, trees)| match trees.as_slice() {
        [] => code(place),
        trees => markup!("" (code(place)) " on " (codes(trees.iter().copied(), MAX_TREES))),
    });
    let shown = Markup::joined(shown, ", ");
    match trees_at.len().saturating_sub(MAX_PLACES) {
        0 => shown,
        more => markup!("" (shown) " and " (counted(more, "more location", "more locations"))),
    }
}
