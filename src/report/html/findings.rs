//! The findings: a list that can be searched and filtered, each entry with all that is known of it.

use std::collections::{BTreeSet, HashMap};

use super::page::{Section, code, fact, level};
use super::paths;
use crate::model::advisory::{TextKey, Texts};
use crate::model::{Class, Finding, Level, Outcome, Target, worst};
use crate::remediation::Kind;
use crate::report::grid::columns::short_names;
use crate::report::phrases::{self, counted, short, thousands};
use crate::report::places::from_here;
use crate::text::escape::html;

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
    let mut markup = String::new();
    if all == 0 {
        markup.push_str(match outcome.coverage.is_complete() {
            true => "<p class=\"empty\">None.</p>\n",
            false => "<p class=\"empty\">None in what was checked.</p>\n",
        });
    } else {
        markup.push_str(&filter(&findings, &trees));
        markup.push_str(&format!(
            "<p class=\"count\" id=\"count\" role=\"status\">{}, worst first</p>\n",
            counted(findings.len(), "finding", "findings")
        ));
        if all > findings.len() {
            markup.push_str(&format!(
                "<p class=\"cut\">The worst {} of {} findings are in this page; <code>--format json</code> lists all.</p>\n",
                thousands(findings.len() as u64),
                thousands(all as u64)
            ));
        }
        markup.push_str(
            "<div class=\"columns\" aria-hidden=\"true\"><span>Decision</span><span>Severity</span><span>Advisory</span>\
             <span>Package</span><span>Where</span></div>\n<ol class=\"list\" id=\"list\">\n",
        );
        for (number, (tree, target, finding)) in findings.iter().enumerate() {
            let name = trees.get(*tree).map(String::as_str).unwrap_or_default();
            markup.push_str(&one(number, *tree, name, target, finding, texts));
        }
        markup.push_str("</ol>\n<p class=\"empty\" id=\"none\" hidden>Nothing matches the filter.</p>\n");
    }
    Section {
        id: "findings",
        title: "Findings",
        markup,
    }
}

/// What tells the targets apart; nothing where there is one.
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
fn filter(findings: &[(usize, &Target, &Finding)], trees: &[String]) -> String {
    let mut text = "<form class=\"filter\" id=\"filter\" role=\"search\" aria-label=\"Filter the findings\" data-list=\"list\" hidden>\n\
         <label class=\"search\">Search <input type=\"search\" name=\"q\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"id, package, file, words\"></label>\n"
        .to_owned();
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
    text.push_str(&choice(
        "decision",
        "Decision",
        &ordered(&["fail", "warn", "note", "excepted"], &decisions),
    ));
    let classes = held(&|finding| Some(finding.advisory.class.as_str().to_owned()));
    text.push_str(&choice(
        "class",
        "Class",
        &ordered(&Class::ALL.map(Class::as_str), &classes),
    ));
    let levels = held(&|finding| Some(finding.advisory.severity.level.as_str().to_owned()));
    text.push_str(&choice(
        "severity",
        "Severity",
        &ordered(&Level::ALL.map(Level::as_str), &levels),
    ));
    let ecosystems = held(&|finding| Some(short(finding.ecosystem.as_str(), 100).into_owned()));
    text.push_str(&choice("ecosystem", "Ecosystem", &ecosystems));
    let fixes = held(&|finding| Some(fix(finding).to_owned()));
    text.push_str(&choice("fix", "Fix", &fixes));
    let changes = held(&|finding| Some(finding.change?.as_str().to_owned()));
    text.push_str(&choice("change", "Since the base", &changes));
    let places: Vec<(String, String)> = trees
        .iter()
        .enumerate()
        .map(|(number, name)| (number.to_string(), short(name, 100).into_owned()))
        .collect();
    text.push_str(&select("tree", "Release line", &places));
    text.push_str("<button type=\"reset\">Clear</button>\n</form>\n");
    text
}

/// The values that are held, in an order of their own.
fn ordered(order: &[&str], held: &[String]) -> Vec<String> {
    order
        .iter()
        .filter(|word| held.iter().any(|value| value == *word))
        .map(|word| (*word).to_owned())
        .collect()
}

/// A choice among values that are their own names.
fn choice(name: &str, label: &str, values: &[String]) -> String {
    let options: Vec<(String, String)> = values
        .iter()
        .map(|value| (value.clone(), value.replace('_', " ")))
        .collect();
    select(name, label, &options)
}

/// A choice; nothing where there is nothing to choose.
fn select(name: &str, label: &str, options: &[(String, String)]) -> String {
    if options.len() < 2 {
        return String::new();
    }
    let mut text = format!("<label>{label} <select name=\"{name}\"><option value=\"\">any</option>");
    for (value, shown) in options {
        text.push_str(&format!(
            "<option value=\"{}\">{}</option>",
            html(value),
            html(shown)
        ));
    }
    text.push_str("</select></label>\n");
    text
}

fn decision(finding: &Finding) -> &'static str {
    match finding.is_affected() {
        true => finding.decision.as_str(),
        false => finding.state.as_str(),
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
) -> String {
    let advisory = &finding.advisory;
    let change = match finding.change {
        Some(change) => format!(" data-change=\"{}\"", change.as_str()),
        None => String::new(),
    };
    let file = from_here(target, &finding.file);
    let place = format!("{}:{}", short(&file, 300), finding.place().line);
    let to = match Kind::of(finding) {
        Kind::Remove => "<span class=\"to\">remove it</span>".to_owned(),
        Kind::OwnRegistry => "<span class=\"to\">take it from your own registry</span>".to_owned(),
        Kind::Upgrade(to) => format!("<span class=\"to\">→ {}</span>", code(&short(to, 100))),
        Kind::NoFix => "<span class=\"to no\">no fix yet</span>".to_owned(),
    };
    let mut tags = String::new();
    if advisory.known_exploited {
        tags.push_str(" <span class=\"tag bad\">known exploited</span>");
    }
    if let Some(change) = finding.change {
        tags.push_str(&format!(
            " <span class=\"tag calm\">{}</span>",
            phrases::change(change)
        ));
    }
    if let Some(grace) = phrases::grace(finding) {
        tags.push_str(&format!(" <span class=\"tag warn\">{grace}</span>"));
    }
    let held = format!("{} {}", short(&finding.name, 200), short(&finding.version, 100));
    let line = match tree_name {
        "" => String::new(),
        name => format!("<span class=\"about\">{}</span>", html(&short(name, 200))),
    };
    let mut text = format!(
        "<li id=\"f{row}\" data-row=\"{row}\" data-decision=\"{decision}\" data-class=\"{class}\" data-severity=\"{severity}\" \
         data-ecosystem=\"{ecosystem}\" data-fix=\"{fix}\" data-tree=\"{tree}\"{change}><details class=\"finding\">\n\
         <summary><span class=\"decision {decision}\">{decision}</span> {level} <span><span class=\"id\">{id}</span>{tags} \
         <span class=\"about\">{about}</span></span> <span>{held} {to}</span> <span><code class=\"where\">{place}</code> {line}</span></summary>\n",
        row = number + 1,
        decision = decision(finding),
        class = advisory.class.as_str(),
        severity = advisory.severity.level.as_str(),
        ecosystem = html(&short(finding.ecosystem.as_str(), 100)),
        fix = fix(finding),
        level = level(advisory),
        id = html(&short(&advisory.id, 200)),
        about = html(&short(advisory.summary.trim(), 300)),
        held = code(&held),
        place = html(&place),
    );
    text.push_str("<div class=\"body\">\n<dl class=\"facts-list\">\n");
    text.push_str(&facts(finding));
    text.push_str("</dl>\n");
    text.push_str(&paths::tree(finding));
    if let Some(known) = advisory.text.and_then(|key| texts.get(&key)) {
        text.push_str(&long(known));
    }
    text.push_str("</div></details></li>\n");
    text
}

fn facts(finding: &Finding) -> String {
    let advisory = &finding.advisory;
    let mut text = String::new();
    text.push_str(&fact("Also known as", &codes(&advisory.aliases)));
    text.push_str(&fact("Package", &code(&short(finding.purl.as_str(), 500))));
    text.push_str(&fact("Fixed in", &codes(&finding.fixed)));
    let places: Vec<String> = finding
        .places()
        .take(MAX_LISTED)
        .map(|place| format!("{}:{}", place.line, place.column))
        .collect();
    let count = finding.places().count();
    let more = match count.saturating_sub(MAX_LISTED) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more as u64)),
    };
    if count > 1 {
        text.push_str(&fact("Locations", &format!("{}{more}", places.join(", "))));
    }
    text.push_str(&fact("Why", &html(&short(&finding.reason, 500))));
    let decided = format!(
        "{} by the rule {}",
        phrases::decision(finding),
        short(&finding.rule, 200)
    );
    text.push_str(&fact("Decided", &html(&decided)));
    if let Some(excepted) = finding.exception() {
        text.push_str(&fact("Accepted", &html(&phrases::exception(excepted))));
    }
    if let Some(change) = finding.change {
        text.push_str(&fact("Since the base", phrases::change(change)));
    }
    text.push_str(&rating(finding));
    let scopes: Vec<&str> = finding.scopes.iter().map(crate::model::Scope::as_str).collect();
    text.push_str(&fact("Used for", &scopes.join(", ")));
    text.push_str(&paths::direct(finding));
    text
}

/// Who rates it, and since when it is known.
fn rating(finding: &Finding) -> String {
    let severity = &finding.advisory.severity;
    let mut text = match (&severity.vector, severity.source.as_str()) {
        (Some(vector), source) => fact(
            "Rated",
            &format!("{} ({})", code(&short(vector, 300)), html(&short(source, 100))),
        ),
        (None, source) => fact("Rated", &html(&short(source, 100))),
    };
    if let Some(epss) = finding.advisory.epss {
        let words = format!("{:.1}% within 30 days (EPSS)", epss * 100.0);
        text.push_str(&fact("Exploitation", &words));
    }
    if let Some(published) = finding.advisory.published {
        text.push_str(&fact("Published", &published.strftime("%Y-%m-%d").to_string()));
    }
    text
}

fn codes(texts: &[String]) -> String {
    let shown: Vec<String> = texts
        .iter()
        .take(MAX_LISTED)
        .map(|text| code(&short(text, 200)))
        .collect();
    match texts.len().saturating_sub(MAX_LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), thousands(more as u64)),
    }
}

/// What the index knows at length. Details are shown as their source wrote them, never rendered.
fn long(texts: &Texts) -> String {
    let mut text = String::new();
    let details = texts.details.trim();
    if !details.is_empty() {
        text.push_str(&format!(
            "<div class=\"text\">{}</div>\n",
            html(&short(details, MAX_DETAILS))
        ));
    }
    let references: Vec<String> = texts
        .references
        .iter()
        .filter(|(_, address)| is_address(address))
        .take(MAX_LISTED)
        .map(|(_, address)| {
            let shown = html(address);
            format!("<li><a href=\"{shown}\" rel=\"noopener noreferrer\">{shown}</a></li>\n")
        })
        .collect();
    if !references.is_empty() {
        text.push_str(&format!("<ul class=\"words\">\n{}</ul>\n", references.concat()));
    }
    text
}

/// A link may lead there: an address of the web in plain letters.
fn is_address(address: &str) -> bool {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&+,;=%".contains(&byte);
    address.len() < 500
        && (address.starts_with("https://") || address.starts_with("http://"))
        && address.bytes().all(harmless)
}
