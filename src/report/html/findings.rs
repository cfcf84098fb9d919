//! The findings: a list that can be searched and filtered, each entry with all that is known of it.

use std::collections::{BTreeSet, HashMap};

use super::markup::{Markup, markup};
use super::page::{Section, choice, code, codes, exploitation, exploited, fact, level, published, select};
use super::paths;
use crate::model::advisory::{TextKey, Texts};
use crate::model::{Advisory, Class, Finding, Level, Outcome, Scope, Target, worst};
use crate::remediation::Kind;
use crate::report::grid::columns::short_names;
use crate::report::phrases::{self, counted, short, thousands};
use crate::report::places::from_here;

use super::MAX_FINDINGS;

/// Further locations, ids and references of one finding.
const MAX_LISTED: usize = 20;
/// Characters of an advisory's details.
const MAX_DETAILS: usize = 3_000;

/// The section with every finding, or as many as the page takes.
pub(super) fn section(outcome: &Outcome, texts: &HashMap<TextKey, Texts>) -> Section {
    let mut findings: Vec<(usize, &Target, &Finding)> = outcome
        .targets
        .iter()
        .enumerate()
        .flat_map(|(number, target)| {
            target
                .findings
                .iter()
                .map(move |finding| (number, target, finding))
        })
        .collect();
    findings.sort_by(|(_, _, left), (_, _, right)| worst::first(left, right));
    let all = findings.len();
    findings.truncate(MAX_FINDINGS);
    let trees = trees(outcome);
    let entries = findings
        .iter()
        .enumerate()
        .map(|(number, (tree, target, finding))| {
            let name = trees.get(*tree).map(String::as_str).unwrap_or_default();
            one(number, *tree, name, target, finding, texts)
        });
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

/// The names of the targets; none where there is one target.
pub(super) fn trees(outcome: &Outcome) -> Vec<String> {
    if outcome.targets.len() < 2 {
        return Vec::new();
    }
    let names = short_names(
        outcome
            .targets
            .iter()
            .filter_map(|target| target.ref_name.as_deref()),
    );
    let roots: BTreeSet<&str> = outcome
        .targets
        .iter()
        .map(|target| target.root.as_str())
        .collect();
    outcome
        .targets
        .iter()
        .map(|target| {
            let name = target.ref_name.as_deref();
            let line = name.and_then(|name| names.get(name).copied());
            match line.filter(|_| roots.len() < outcome.targets.len()) {
                Some(line) => line.to_owned(),
                None => target.root.clone(),
            }
        })
        .collect()
}

/// The form above the list. It shows only when the script that serves it runs.
fn filter(findings: &[(usize, &Target, &Finding)], trees: &[String]) -> Markup {
    let held = |of: &dyn Fn(&Finding) -> Option<String>| -> Vec<String> {
        let mut values: Vec<String> = findings
            .iter()
            .filter_map(|(_, _, finding)| of(finding))
            .collect();
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
    let levels = held(&|finding| Some(finding.advisory.severity.level.as_str().to_owned()));
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

fn one(
    number: usize,
    tree: usize,
    tree_name: &str,
    target: &Target,
    finding: &Finding,
    texts: &HashMap<TextKey, Texts>,
) -> Markup {
    let advisory = &finding.advisory;
    let change = finding
        .change
        .map(|change| markup!(" data-change=\"" (change.as_str()) "\""));
    let file = from_here(target, &finding.file);
    let place = format!("{}:{}", short(&file, 300), finding.place().line);
    let to = match Kind::of(finding) {
        Kind::Remove => markup!("<span class=\"to\">remove it</span>"),
        Kind::OwnRegistry => markup!("<span class=\"to\">take it from your own registry</span>"),
        Kind::Upgrade(to) => markup!("<span class=\"to\">→ " (code(short(to, 100))) "</span>"),
        Kind::NoFix => markup!("<span class=\"to no\">no fix yet</span>"),
    };
    let since = finding
        .change
        .map(|change| markup!(" <span class=\"tag calm\">" (phrases::change(change)) "</span>"));
    let grace = phrases::grace(finding).map(|grace| markup!(" <span class=\"tag warn\">" (grace) "</span>"));
    let package = format!("{} {}", short(&finding.name, 200), short(&finding.version, 100));
    let tree_tag =
        (!tree_name.is_empty()).then(|| markup!("<span class=\"about\">" (short(tree_name, 200)) "</span>"));
    let decision = decision(finding);
    let details = advisory.text.and_then(|key| texts.get(&key));
    markup!(
        "<li id=\"f" (number + 1) "\" data-row=\"" (number + 1) "\" data-decision=\"" (decision)
        "\" data-class=\"" (advisory.class.as_str()) "\" data-severity=\"" (advisory.severity.level.as_str())
        "\" data-ecosystem=\"" (short(finding.ecosystem.as_str(), 100)) "\" data-fix=\"" (fix(finding))
        "\" data-tree=\"" (tree) "\"" (change) "><details class=\"finding\">\n<summary><span class=\"decision " (decision)
        "\">" (decision_text(decision)) "</span> " (level(advisory)) " <span><span class=\"id\">" (short(finding.id(), 200))
        "</span>" (exploited(advisory)) "" (since) "" (grace) " <span class=\"about\">" (short(advisory.summary.trim(), 300))
        "</span></span> <span>" (code(package)) " " (to) "</span> <span><code class=\"where\">" (place)
        "</code> " (tree_tag) "</span></summary>\n<div class=\"body\">\n<dl class=\"facts-list\">\n" (facts(finding))
        "</dl>\n" (paths::tree(finding)) "" (details.map(long)) "</div></details></li>\n"
    )
}

fn facts(finding: &Finding) -> Vec<Markup> {
    let advisory = &finding.advisory;
    let places = finding.places().take(MAX_LISTED);
    let places: Vec<String> = places
        .map(|place| format!("{}:{}", place.line, place.column))
        .collect();
    let count = finding.places().count();
    let more = match count.saturating_sub(MAX_LISTED) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more as u64)),
    };
    let decided = format!(
        "{} by the rule {}",
        phrases::decision(finding),
        short(&finding.rule, 200)
    );
    let scopes: Vec<&str> = finding.scopes.iter().map(Scope::as_str).collect();
    vec![
        fact(
            "Also known as",
            codes(finding.other_ids().collect::<Vec<_>>().into_iter(), MAX_LISTED),
        ),
        fact("Package", code(short(finding.purl.as_str(), 500))),
        fact(
            "Fixed in",
            codes(finding.fixed.iter().map(String::as_str), MAX_LISTED),
        ),
        fact(
            "Locations",
            (count > 1).then(|| format!("{}{more}", places.join(", "))),
        ),
        fact("Why", short(&finding.reason, 500)),
        fact("Decided", decided),
        fact("Accepted", finding.exception().map(phrases::exception)),
        fact("Since the base", finding.change.map(phrases::change)),
        rating(advisory),
        exploitation(advisory),
        published(advisory),
        fact("Used for", scopes.join(", ")),
        paths::direct(finding),
    ]
}

/// By whom it is rated, and how.
fn rating(advisory: &Advisory) -> Markup {
    let severity = &advisory.severity;
    let source = short(&severity.source, 100);
    match &severity.vector {
        Some(vector) => fact("Rated", markup!("" (code(short(vector, 300))) " (" (source) ")")),
        None => fact("Rated", source),
    }
}

/// The long texts of the advisory. Details are shown as their source wrote them, never rendered.
fn long(texts: &Texts) -> Markup {
    let details = texts.details.trim();
    let details = (!details.is_empty())
        .then(|| markup!("<div class=\"text\">" (short(details, MAX_DETAILS)) "</div>\n"));
    let references: Vec<Markup> = texts
        .references
        .iter()
        .filter(|(_, address)| is_address(address))
        .take(MAX_LISTED)
        .map(|(_, address)| {
            markup!("<li><a href=\"" (address) "\" rel=\"noopener noreferrer\">" (address) "</a></li>\n")
        })
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
