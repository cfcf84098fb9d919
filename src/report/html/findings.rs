//! The findings: a list that can be searched and filtered, each entry with all that is known of it.

use std::collections::HashMap;

use super::markup::{Markup, markup};
use super::page::{
    Section, choice, code, codes, exploitation, exploited, fact, id, level, level_key, link, published,
    select,
};
use super::paths;
use crate::model::advisory::{TextKey, Texts};
use crate::model::{Advisory, Class, Decision, Finding, Level, Outcome, Scope, Target, worst};
use crate::remediation::Kind;
use crate::report::grid::columns::targets;
use crate::report::phrases::{self, counted, short, thousands};
use crate::report::places::from_here;

use super::MAX_FINDINGS;

/// Further locations, ids and references of one finding.
const MAX_LISTED: usize = 20;
/// Versions in the head of an entry, and files of one version.
const MAX_VERSIONS: usize = 3;
const MAX_PLACES: usize = 500;
/// Characters of an advisory's details, and of those of all entries, of which each has at least [`FEW_DETAILS`]; its page has
/// the rest.
const MAX_DETAILS: usize = 3_000;
const ALL_DETAILS: usize = 200_000;
const FEW_DETAILS: usize = 300;
/// References of all entries, of which each has at least [`FEW_REFERENCES`].
const ALL_REFERENCES: usize = 1_000;
const FEW_REFERENCES: usize = 2;

/// How much of its long texts an entry shows.
#[derive(Clone, Copy)]
struct Room {
    details: usize,
    references: usize,
}

impl Room {
    /// Of one of `entries`.
    fn of(entries: usize) -> Self {
        let entries = entries.max(1);
        Self {
            details: (ALL_DETAILS / entries).clamp(FEW_DETAILS, MAX_DETAILS),
            references: (ALL_REFERENCES / entries).clamp(FEW_REFERENCES, MAX_LISTED),
        }
    }
}

/// Findings of one advisory and package, worst first.
struct Group<'o> {
    findings: Vec<Here<'o>>,
}

/// A finding, and the number of its target.
#[derive(Clone, Copy)]
struct Here<'o> {
    tree: usize,
    target: &'o Target,
    finding: &'o Finding,
}

/// The groups in the order of their worst findings.
fn groups<'o>(findings: &[Here<'o>]) -> Vec<Group<'o>> {
    let mut groups: Vec<Group<'o>> = Vec::new();
    let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
    for here in findings {
        let key = (here.finding.advisory.id.as_str(), here.finding.purl.package());
        let number = *numbers.entry(key).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.findings.push(*here),
            None => groups.push(Group {
                findings: vec![*here],
            }),
        }
    }
    groups
}

/// The section with every finding, or as many as the page takes.
pub(super) fn section(outcome: &Outcome, texts: &HashMap<TextKey, Texts>) -> Section {
    let targets_of = outcome.targets.iter().enumerate();
    let mut findings: Vec<Here<'_>> = targets_of
        .flat_map(|(tree, target)| {
            let findings = target.findings.iter();
            findings.map(move |finding| Here {
                tree,
                target,
                finding,
            })
        })
        .collect();
    findings.sort_by(|left, right| worst::first(left.finding, right.finding));
    let all = findings.len();
    findings.truncate(MAX_FINDINGS);
    let trees = targets(outcome);
    let groups = groups(&findings);
    let entries = groups.iter().enumerate();
    let room = Room::of(groups.len());
    let entries = entries.map(|(number, group)| entry(number + 1, group, &trees, texts, room));
    let cut = (all > findings.len()).then(|| {
        markup!(
            "<p class=\"cut\">The worst " (thousands(findings.len() as u64)) " of " (thousands(all as u64))
            " findings are in this page; <code>--format json</code> lists all.</p>\n"
        )
    });
    let content = match (all, outcome.coverage.is_complete()) {
        (0, true) => markup!("<p class=\"empty\">None.</p>\n"),
        (0, false) => markup!("<p class=\"empty\">None in what was checked.</p>\n"),
        _ => markup!(
            "" (filter(&findings, &trees)) "<p class=\"count\" id=\"count\" role=\"status\">"
            (counted(findings.len(), "finding", "findings")) ", worst first</p>\n" (cut)
            "<div class=\"columns\" aria-hidden=\"true\"><span>Decision</span><span>Severity</span><span>Advisory</span>"
            "<span>Package</span><span>Where</span></div>\n<ol class=\"list\" id=\"list\">\n" (entries.collect::<Vec<_>>())
            "</ol>\n<p class=\"empty\" id=\"none\" hidden>Nothing matches the filter.</p>\n"
        ),
    };
    Section {
        id: "findings",
        title: "Findings",
        markup: content,
    }
}

/// The form above the list. It shows only when the script that serves it runs.
fn filter(findings: &[Here<'_>], trees: &[String]) -> Markup {
    let held = |of: &dyn Fn(&Finding) -> Option<String>| -> Vec<String> {
        let mut values: Vec<String> = findings.iter().filter_map(|here| of(here.finding)).collect();
        values.sort();
        values.dedup();
        values
    };
    let decisions = held(&|finding| Some(decision(finding).to_owned()));
    let decisions = ordered(&["fail", "warn", "note", "excepted"], &decisions);
    let decisions: Vec<(String, String)> = decisions
        .into_iter()
        .map(|value| (value.clone(), decision_text(&value).to_owned()))
        .collect();
    let classes = held(&|finding| Some(finding.advisory.class.as_str().to_owned()));
    let levels = held(&|finding| {
        let key = level_key(&finding.advisory);
        (!key.is_empty()).then(|| key.to_owned())
    });
    let ecosystems = held(&|finding| Some(short(finding.ecosystem.as_str(), 100).into_owned()));
    let fixes = held(&|finding| Some(fix(finding).to_owned()));
    let changes = held(&|finding| Some(finding.change?.as_str().to_owned()));
    let places: Vec<(String, String)> = trees
        .iter()
        .enumerate()
        .map(|(number, name)| (number.to_string(), short(name, 100).into_owned()))
        .collect();
    let choices = vec![
        select("decision", "Decision", &decisions),
        choice(
            "class",
            "Class",
            &ordered(&Class::ALL.map(Class::as_str), &classes),
        ),
        choice(
            "severity",
            "Severity",
            &ordered(&Level::ALL.map(Level::as_str), &levels),
        ),
        choice("ecosystem", "Ecosystem", &ecosystems),
        choice("fix", "Fix", &fixes),
        choice("change", "Since the base", &changes),
        select("tree", "Release line", &places),
    ];
    markup!(
        "<form class=\"filter\" id=\"filter\" role=\"search\" aria-label=\"Filter the findings\" data-list=\"list\" hidden>\n"
        "<label class=\"search\">Search <input type=\"search\" name=\"q\" autocomplete=\"off\" spellcheck=\"false\" "
        "placeholder=\"id, package, file, words\"></label>\n" (choices) "<button type=\"reset\">Clear</button>\n</form>\n"
    )
}

/// The values of `order` that are among `held`.
fn ordered(order: &[&str], held: &[String]) -> Vec<String> {
    order
        .iter()
        .filter(|word| held.iter().any(|value| value == *word))
        .map(|word| (*word).to_owned())
        .collect()
}

fn decision(finding: &Finding) -> &'static str {
    match finding.is_affected() {
        true => finding.decision.as_str(),
        false => finding.state.as_str(),
    }
}

/// A decision or state for people.
fn decision_text(decision: &str) -> &str {
    match decision {
        "excepted" => "accepted",
        "not_affected" => "not affected",
        decision => decision,
    }
}

fn fix(finding: &Finding) -> &'static str {
    match Kind::of(finding) {
        Kind::Remove => "remove",
        Kind::OwnRegistry => "own registry",
        Kind::NoFix => "none yet",
        Kind::Upgrade(_) => "available",
    }
}

/// What is known of one advisory and package: the advisory once, its locations by what is the same about them.
fn entry(
    number: usize,
    group: &Group<'_>,
    trees: &[String],
    texts: &HashMap<TextKey, Texts>,
    room: Room,
) -> Markup {
    let Some(worst) = group.findings.first() else {
        return Markup::default();
    };
    let finding = worst.finding;
    let advisory = &finding.advisory;
    let decision = decision(finding);
    let mut versions: Vec<&str> = Vec::new();
    for here in &group.findings {
        if !versions.contains(&&*here.finding.version) && versions.len() <= MAX_VERSIONS {
            versions.push(&here.finding.version);
        }
    }
    let more = if versions.len() > MAX_VERSIONS {
        ", …"
    } else {
        ""
    };
    let versions: Vec<_> = versions
        .iter()
        .take(MAX_VERSIONS)
        .map(|version| short(version, 100))
        .collect();
    let package = format!("{} {}{more}", short(&finding.name, 200), versions.join(", "));
    let further = group.findings.len().saturating_sub(1);
    let further = (further > 0)
        .then(|| markup!(" <span class=\"about\">and " (counted(further, "more location", "more locations")) "</span>"));
    let details = advisory.text.and_then(|key| texts.get(&key));
    let about = vec![
        fact("Advisory", id(finding)),
        fact(
            "Also known as",
            codes(finding.other_ids().collect::<Vec<_>>().into_iter(), MAX_LISTED),
        ),
        fact("Package", code(short(finding.purl.package(), 500))),
        rating(advisory),
        exploitation(advisory),
        published(advisory),
    ];
    let variants = variants(group);
    let variants = variants.iter().map(|alike| variant(alike, trees));
    markup!(
        "<li id=\"f" (number) "\" data-row=\"" (number) "\" data-class=\"" (advisory.class.as_str())
        "\" data-severity=\"" (level_key(advisory))
        "\" data-ecosystem=\"" (short(finding.ecosystem.as_str(), 100)) "\"><details class=\"finding\">\n<summary><span class=\"decision "
        (decision) "\">" (decision_text(decision)) "</span> " (level(advisory)) " <span><span class=\"id\">"
        (short(finding.id(), 200)) "</span>" (exploited(advisory)) " <span class=\"about\">"
        (short(advisory.summary.trim(), 300)) "</span></span> <span>" (code(package)) " " (to(finding))
        "</span> <span><code class=\"where\">" (place(*worst)) "</code>" (further)
        "</span></summary>\n<div class=\"body\">\n<dl class=\"facts-list\">\n" (about) "</dl>\n" (variants.collect::<Vec<_>>())
        "" (details.map(|texts| long(texts, room))) "</div></details></li>\n"
    )
}

/// What to do, short.
fn to(finding: &Finding) -> Markup {
    match Kind::of(finding) {
        Kind::Remove => markup!("<span class=\"to\">remove it</span>"),
        Kind::OwnRegistry => markup!("<span class=\"to\">take it from your own registry</span>"),
        Kind::Upgrade(to) => markup!("<span class=\"to\">→ " (code(short(to, 100))) "</span>"),
        Kind::NoFix => match finding.fixed.first() {
            Some(early) => {
                markup!("<span class=\"to no\">fixed in " (code(short(early, 100))) ", a pre-release</span>")
            }
            None if finding.ends => markup!("<span class=\"to no\">no fix named</span>"),
            None => markup!("<span class=\"to no\">no fix yet</span>"),
        },
    }
}

/// `Cargo.lock:12, 40`.
fn place(here: Here<'_>) -> String {
    let lines: Vec<String> = here
        .finding
        .places()
        .take(MAX_LISTED)
        .map(|place| place.line.to_string())
        .collect();
    let more = match here.finding.places().count().saturating_sub(MAX_LISTED) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more as u64)),
    };
    let file = from_here(here.target, &here.finding.file);
    format!("{}:{}{more}", short(&file, 300), lines.join(", "))
}

/// Findings that differ in nothing but the file.
fn variants<'o>(group: &Group<'o>) -> Vec<Vec<Here<'o>>> {
    let mut variants: Vec<Vec<Here<'o>>> = Vec::new();
    let mut numbers: HashMap<_, usize> = HashMap::new();
    for here in &group.findings {
        let finding = here.finding;
        let scopes: Vec<&str> = finding.scopes.iter().map(Scope::as_str).collect();
        let key = (
            (here.tree, &*finding.version, &*finding.reason, &*finding.rule),
            (
                decision(finding),
                finding.change,
                finding.fails_from,
                finding.upgrade.as_deref(),
            ),
            (
                scopes,
                finding.direct,
                finding.exception().map(phrases::exception),
            ),
        );
        let number = *numbers.entry(key).or_insert(variants.len());
        match variants.get_mut(number) {
            Some(alike) => alike.push(*here),
            None => variants.push(vec![*here]),
        }
    }
    variants
}

/// Where one version is locked, and what was decided of it.
fn variant(alike: &[Here<'_>], trees: &[String]) -> Markup {
    let Some(first) = alike.first() else {
        return Markup::default();
    };
    let finding = first.finding;
    let change = finding
        .change
        .map(|change| markup!(" data-change=\"" (change.as_str()) "\""));
    let since = finding
        .change
        .map(|change| markup!(" <span class=\"tag calm\">" (phrases::change(change)) "</span>"));
    let grace = phrases::grace(finding).map(|grace| markup!(" <span class=\"tag warn\">" (grace) "</span>"));
    let tree = trees
        .get(first.tree)
        .map(|name| markup!(" <span class=\"quiet\">on " (code(short(name, 200))) "</span>"));
    let decision = decision(finding);
    let package = format!("{} {}", short(&finding.name, 200), short(&finding.version, 100));
    let places = alike
        .iter()
        .take(MAX_PLACES)
        .map(|here| markup!("<li>" (code(place(*here))) "</li>\n"));
    let more = alike.len().saturating_sub(MAX_PLACES);
    let more = (more > 0).then(|| markup!("<li>and " (thousands(more as u64)) " more</li>\n"));
    let decided = format!(
        "{} by the rule {}",
        phrases::decision(finding),
        short(&finding.rule, 200)
    );
    let warns = (finding.is_affected() && finding.decision == Decision::Warn)
        .then(|| phrases::why_it_warns(finding))
        .map(|reason| reason.strip_prefix("warns: ").unwrap_or(&reason).to_owned());
    let scopes: Vec<&str> = finding.scopes.iter().map(Scope::as_str).collect();
    let facts = vec![
        fact(
            "Fixed in",
            codes(finding.fixed.iter().map(String::as_str), MAX_LISTED),
        ),
        fact("Why", short(&finding.reason, 500)),
        fact("Decided", decided),
        fact("Why it only warns", warns),
        fact("Accepted", finding.exception().map(phrases::exception)),
        fact("Used for", scopes.join(", ")),
        paths::direct(finding),
    ];
    let drawn = alike
        .iter()
        .find(|here| here.finding.paths.first().is_some_and(|path| path.len() > 1));
    markup!(
        "<div class=\"variant\" data-decision=\"" (decision) "\" data-fix=\"" (fix(finding)) "\" data-tree=\"" (first.tree)
        "\" data-findings=\"" (alike.len()) "\"" (change) ">\n<p><span class=\"decision " (decision) "\">" (decision_text(decision))
        "</span> " (code(package)) " " (to(finding)) "" (tree) "" (since) "" (grace) "</p>\n<ul class=\"places\">\n"
        (places.collect::<Vec<_>>()) "" (more) "</ul>\n<dl class=\"facts-list\">\n" (facts) "</dl>\n"
        (drawn.map(|here| paths::tree(here.finding))) "</div>\n"
    )
}

/// By whom it is rated, and how.
fn rating(advisory: &Advisory) -> Markup {
    let severity = &advisory.severity;
    let rated = phrases::rated(severity);
    match &severity.vector {
        Some(vector) => fact("Rated", markup!("" (rated) " " (code(short(vector, 300))) "")),
        None => fact("Rated", rated),
    }
}

/// The long texts of the advisory. Details are shown as their source wrote them, never rendered.
fn long(texts: &Texts, room: Room) -> Markup {
    let details = texts.details.trim();
    let details = (!details.is_empty())
        .then(|| markup!("<div class=\"text\">" (short(details, room.details)) "</div>\n"));
    let references: Vec<Markup> = texts
        .references
        .iter()
        .filter(|(_, address)| is_address(address))
        .take(room.references)
        .map(|(_, address)| markup!("<li>" (link(address, address)) "</li>\n"))
        .collect();
    let references =
        (!references.is_empty()).then(|| markup!("<ul class=\"words\">\n" (references) "</ul>\n"));
    markup!("" (details) "" (references))
}

/// A link may lead there: an address of the web in plain letters.
fn is_address(address: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&+,;=%".contains(&byte);
    address.len() < 500
        && (address.starts_with("https://") || address.starts_with("http://"))
        && address.bytes().all(harmless)
}
