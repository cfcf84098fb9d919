//! Recommended upgrades: what each fixes, and where.

use std::collections::HashMap;

use super::page::{Section, code, level};
use super::paths;
use crate::model::{Finding, Outcome, Target};
use crate::remediation::{Kind, Remediation};
use crate::report::phrases::{self, counted, short, thousands};
use crate::report::places::from_here;
use crate::text::escape::html;

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

/// What to do about what blocks, `shown` of it open; `None` where nothing blocks.
pub(super) fn section(steps: &[Remediation<'_>], names: &TreeNames<'_>, shown: usize) -> Option<Section> {
    if steps.is_empty() {
        return None;
    }
    let shown = shown.min(steps.len());
    let list = |steps: &[Remediation<'_>], before: usize| {
        let entries: Vec<String> = steps
            .iter()
            .enumerate()
            .map(|(number, step)| one(before + number + 1, step, names))
            .collect();
        format!("<ol class=\"upgrades\">\n{}</ol>\n", entries.concat())
    };
    let mut markup = list(steps.get(..shown).unwrap_or_default(), 0);
    let left = steps.len() - shown;
    if left > 0 {
        let end = steps.len().min(shown + MAX_MORE);
        markup.push_str(&format!(
            "<details class=\"fold\"><summary>{}</summary>\n{}",
            counted(left, "more upgrade", "more upgrades"),
            list(steps.get(shown..end).unwrap_or_default(), shown)
        ));
        if left > MAX_MORE {
            markup.push_str(&format!(
                "<p class=\"cut\">… and {} more of lower severity.</p>\n",
                thousands((left - MAX_MORE) as u64)
            ));
        }
        markup.push_str("</details>\n");
    }
    Some(Section {
        id: "upgrades",
        title: "Recommended upgrades",
        markup,
    })
}

fn one(number: usize, step: &Remediation<'_>, names: &TreeNames<'_>) -> String {
    let package = format!("{} {}", short(step.name, 200), short(step.version, 100));
    let what = match step.kind {
        Kind::Remove => format!("remove {package}"),
        Kind::OwnRegistry => format!("take {package} from your own registry"),
        Kind::Upgrade(to) => format!("{package} → {}", short(to, 100)),
        Kind::NoFix => package,
    };
    let advisories = step.fixes.len();
    let fixes = match (step.kind, advisories) {
        (Kind::NoFix, 1) => "no fix yet".to_owned(),
        (Kind::NoFix, advisories) => format!("no fix yet for {}", thousands(advisories as u64)),
        (Kind::Remove | Kind::OwnRegistry | Kind::Upgrade(_), _) => {
            format!("fixes {}", phrases::advisories(&step.fixes))
        }
    };
    let mut text = format!(
        "<li><span class=\"number\">{number}</span><div>\n<p class=\"upgrade\"><span class=\"what\">{}</span> <span class=\"where\">{}</span> <span class=\"fixes\">{fixes}</span></p>\n<ul class=\"advisories\">\n",
        html(&what),
        places(step, names)
    );
    for finding in step.fixes.iter().take(MAX_ADVISORIES) {
        text.push_str(&advisory(finding));
    }
    match advisories.saturating_sub(MAX_ADVISORIES) {
        0 => {}
        more => text.push_str(&format!(
            "<li class=\"quiet\">and {}</li>\n",
            counted(more, "more advisory", "more advisories")
        )),
    }
    text.push_str("</ul>\n");
    let drawn = step
        .places
        .iter()
        .find(|(_, finding)| finding.paths.first().is_some_and(|path| path.len() > 1));
    if let Some((_, finding)) = drawn {
        text.push_str(&paths::tree(finding));
    }
    text.push_str("</div></li>\n");
    text
}

fn advisory(finding: &Finding) -> String {
    let advisory = &finding.advisory;
    let exploited = match advisory.known_exploited {
        true => " <span class=\"tag bad\">known exploited</span>",
        false => "",
    };
    format!(
        "<li>{} <span class=\"id\">{}</span>{exploited} {}</li>\n",
        level(advisory),
        html(&short(&advisory.id, 200)),
        html(&short(advisory.summary.trim(), 300))
    )
}

/// The first locations of an upgrade and the trees that have it there, and how many more there are.
fn places(step: &Remediation<'_>, names: &TreeNames<'_>) -> String {
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
    let shown: Vec<String> = trees_at
        .iter()
        .take(MAX_PLACES)
        .map(|(place, trees)| match trees.as_slice() {
            [] => code(place),
            trees => format!("{} on {}", code(place), tree_names(trees)),
        })
        .collect();
    match trees_at.len().saturating_sub(MAX_PLACES) {
        0 => shown.join(", "),
        more => format!(
            "{} and {}",
            shown.join(", "),
            counted(more, "more location", "more locations")
        ),
    }
}

fn tree_names(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MAX_TREES)
        .map(|name| code(&short(name, 100)))
        .collect();
    match names.len().saturating_sub(MAX_TREES) {
        0 => shown.join(", "),
        more => format!("{} and {}", shown.join(", "), counted(more, "more", "more")),
    }
}
