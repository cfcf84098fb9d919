//! The page around every report: the template, its policy, the answer at the top, the way to each section.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::markup::{Markup, Show, markup};
use crate::model::lines::short_name;
use crate::model::{Advisory, Class, Finding, Outcome, Verdict};
use crate::report::phrases::{self, counted, sentence, short, thousands};
use crate::report::{Style, headline, links};

const TEMPLATE: &str = include_str!("../../../data/report.html");
const STYLE: &str = include_str!("../../../data/report.css");
const SCRIPT: &str = include_str!("../../../data/report.js");

/// A part of the page that the way at the top leads to.
#[derive(Debug)]
pub(super) struct Section {
    /// The fragment that names it.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) markup: Markup,
}

/// A count at the top of the page.
#[derive(Debug)]
pub(super) struct Count {
    key: &'static str,
    label: &'static str,
    count: usize,
    /// How it looks unless it is 0.
    class: &'static str,
}

impl Count {
    /// The label is that of one, and that of any other number.
    pub(super) fn new(
        key: &'static str,
        (one, many): (&'static str, &'static str),
        count: usize,
        class: &'static str,
    ) -> Self {
        Self {
            key,
            label: if count == 1 { one } else { many },
            count,
            class,
        }
    }

    fn markup(&self) -> Markup {
        let class = if self.count == 0 { "" } else { self.class };
        markup!(
            "<div><dt>" (self.label) "</dt><dd class=\"" (class) "\" data-number=\"" (self.key) "\">"
            (thousands(self.count as u64)) "</dd></div>\n"
        )
    }
}

/// Writes the page with `body` in it.
///
/// # Errors
/// Only those of `out`.
pub(super) fn write(verdict: Verdict, body: &Markup, out: &mut dyn io::Write) -> io::Result<()> {
    // A browser reads every line end as a line feed, also where it takes the hash.
    let style = STYLE.replace("\r\n", "\n");
    let script = SCRIPT.replace("\r\n", "\n");
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'",
        hash(&style),
        hash(&script)
    );
    let title = format!("{} · lockkeeper", headline::symbol(verdict));
    let template = TEMPLATE.replace("\r\n", "\n");
    // One pass: what is put in is never looked at again.
    for (number, piece) in template.split("{{").enumerate() {
        let (slot, rest) = match number {
            0 => ("", piece),
            _ => piece.split_once("}}").unwrap_or(("", piece)),
        };
        let text = match slot {
            "policy" => &policy,
            "title" => &title,
            "style" => &style,
            "script" => &script,
            "body" => body.as_str(),
            _ => "",
        };
        out.write_all(text.as_bytes())?;
        out.write_all(rest.as_bytes())?;
    }
    Ok(())
}

/// The page's content: the answer, the way to the sections, the sections.
pub(super) fn body(
    outcome: &Outcome,
    words: &[String],
    bar: Option<Markup>,
    numbers: &[Count],
    sections: &[Section],
    style: &Style<'_>,
) -> Markup {
    let links = sections
        .iter()
        .map(|section| markup!("<li><a href=\"#" (section.id) "\">" (section.title) "</a></li>\n"));
    let parts = sections.iter().map(|Section { id, title, markup }| {
        markup!(
            "<section id=\"" (id) "\" aria-labelledby=\"" (id) "-title\">\n<h2 id=\"" (id) "-title\">" (title) "</h2>\n"
            (markup) "</section>\n"
        )
    });
    markup!(
        "" (answer(outcome, words, bar, numbers, style))
        "<nav aria-label=\"Sections\"><ul class=\"wrap\">\n" (links.collect::<Vec<_>>())
        "</ul></nav>\n<main id=\"main\" class=\"wrap\" tabindex=\"-1\">\n" (parts.collect::<Vec<_>>())
        "</main>\n<footer><div class=\"wrap\">lockkeeper " (outcome.tool_version) "</div></footer>"
    )
}

fn answer(
    outcome: &Outcome,
    words: &[String],
    bar: Option<Markup>,
    numbers: &[Count],
    style: &Style<'_>,
) -> Markup {
    let symbol = headline::symbol(outcome.verdict);
    let (mark, word) = symbol.split_once(' ').unwrap_or(("", symbol));
    let verdict = outcome.verdict.as_str();
    let reasons = words.iter().enumerate().map(|(number, reason)| {
        let class = if number == 0 { "lead" } else { "also" };
        markup!("<p class=\"" (class) "\">" (sentence(reason)) "</p>\n")
    });
    let index = headline::index(outcome).map(|index| markup!("<p class=\"caution\">" (index) "</p>\n"));
    markup!(
        "<header class=\"answer " (verdict) "\"><div class=\"wrap\">\n" (subject(outcome, style)) "<h1 data-verdict=\"" (verdict)
        "\"><span aria-hidden=\"true\">" (mark) "</span>" (word) "</h1>\n" (reasons.collect::<Vec<_>>())
        "" (index) "" (bar) "<dl class=\"numbers\">\n" (numbers.iter().map(Count::markup).collect::<Vec<_>>())
        "</dl>\n</div></header>\n"
    )
}

/// `critical 9.1` with its colour and shape.
pub(super) fn level(advisory: &Advisory) -> Markup {
    markup!("<span class=\"level " (phrases::rank(advisory)) "\">" (phrases::severity(advisory)) "</span>")
}

/// The level by which the filter finds it; empty for what is no vulnerability, as in the counts.
pub(super) fn level_key(advisory: &Advisory) -> &'static str {
    match advisory.class {
        Class::Vulnerability => advisory.severity.level.as_str(),
        Class::Malicious
        | Class::Confusion
        | Class::Unsound
        | Class::Unmaintained
        | Class::Yanked
        | Class::Notice => "",
    }
}

/// A link out of the page. `address` is one of the web in plain letters.
pub(super) fn link(address: &str, text: &str) -> Markup {
    markup!("<a href=\"" (address) "\">" (text) "</a>")
}

/// The advisory's id, with a link to its page where there is one.
pub(super) fn id(finding: &Finding) -> Markup {
    let shown = short(finding.id(), 200);
    match links::finding(finding) {
        Some(address) => link(&address, &shown),
        None => Markup::of(shown),
    }
}

/// What was scanned: the repository, the ref and its commit, and of what day the data is.
fn subject(outcome: &Outcome, style: &Style<'_>) -> Markup {
    let first = outcome.targets.first();
    let is_one = outcome.targets.len() == 1;
    let repository = first.and_then(|target| target.repository.as_deref());
    let name = first.and_then(|target| target.ref_name.as_deref());
    let (what, refs) = match (is_one, first.is_some_and(|target| target.is_one_of_several_refs)) {
        (true, _) => ("Ref", name.map(|name| code(short(short_name(name), 200)))),
        (false, true) => ("Refs", Some(Markup::of(outcome.targets.len()))),
        (false, false) => ("Paths", Some(Markup::of(outcome.targets.len()))),
    };
    let commit = first
        .filter(|_| is_one)
        .and_then(|target| target.commit.as_deref());
    let dirty = first
        .is_some_and(|target| is_one && target.dirty)
        .then_some(", with changes");
    let commit =
        commit.map(|commit| markup!("" (code(short(commit.get(..12).unwrap_or(commit), 64))) "" (dirty)));
    let data = outcome.database.data_of().map(|day| {
        let advisories = counted(outcome.database.records as usize, "advisory", "advisories");
        format!("{}, {advisories}", day.strftime("%Y-%m-%d"))
    });
    let scanned = outcome.now.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let facts = [
        fact("Repository", repository.map(|name| short(name, 200))),
        fact(what, refs),
        fact("Commit", commit),
        fact("Advisory data", data),
        fact("Scanned", style.is_dated.then_some(scanned)),
    ];
    let facts = facts.into_iter().filter(|fact| !fact.is_empty());
    let facts = facts.map(|fact| markup!("<div>"(fact)"</div>\n"));
    markup!("<dl class=\"subject\">\n" (facts.collect::<Vec<_>>()) "</dl>\n")
}

/// How severe the `findings` are, as a bar: a part of a kind is as wide as its share.
pub(super) fn bar(findings: &[&Finding]) -> Option<Markup> {
    const WIDTH: usize = 1_000;
    let mut counts: Vec<(&'static str, usize)> = Vec::new();
    for finding in findings {
        let rank = phrases::rank(&finding.advisory);
        match counts.iter_mut().find(|(known, _)| *known == rank) {
            Some((_, count)) => *count += 1,
            None => counts.push((rank, 1)),
        }
    }
    if counts.is_empty() {
        return None;
    }
    counts.sort_by_key(|(rank, _)| RANKS.iter().position(|known| known == rank));
    let mut before = 0;
    let parts: Vec<Markup> = counts
        .iter()
        .map(|(rank, count)| {
            let (start, end) = (before * WIDTH / findings.len(), (before + count) * WIDTH / findings.len());
            before += count;
            markup!(
                "<rect class=\"" (*rank) "\" x=\"" (start) "\" y=\"0\" width=\"" (end - start) "\" height=\"10\"></rect>"
            )
        })
        .collect();
    let words = counts.iter().map(|(rank, count)| {
        markup!("<span class=\"level " (*rank) "\">" (thousands(*count as u64)) " " (*rank) "</span>")
    });
    Some(markup!(
        "<div class=\"severities\">\n<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
        (parts) "</svg>\n<p>" (Markup::joined(words, " ")) "</p></div>\n"
    ))
}

/// Every word of [`phrases::rank`], worst first.
const RANKS: [&str; 11] = [
    "malicious",
    "confusion",
    "critical",
    "high",
    "medium",
    "low",
    "none",
    "unsound",
    "unmaintained",
    "yanked",
    "notice",
];

/// A tag for what is known to be exploited.
pub(super) fn exploited(advisory: &Advisory) -> Option<Markup> {
    let tag = || markup!(" <span class=\"tag bad\">known exploited</span>");
    advisory.known_exploited.then(tag)
}

/// `12.3% within 30 days (EPSS)`.
pub(super) fn exploitation(advisory: &Advisory) -> Markup {
    let words = advisory
        .epss
        .map(|epss| format!("{:.1}% within 30 days (EPSS)", epss * 100.0));
    fact("Exploitation", words)
}

/// The day of publication.
pub(super) fn published(advisory: &Advisory) -> Markup {
    let day = advisory
        .published
        .map(|published| published.strftime("%Y-%m-%d").to_string());
    fact("Published", day)
}

/// A choice of a filter; nothing where there is nothing to choose.
pub(super) fn select(
    name: &'static str,
    label: &'static str,
    options: &[(String, String)],
) -> Option<Markup> {
    let shown = options
        .iter()
        .map(|(value, shown)| markup!("<option value=\"" (value) "\">" (shown) "</option>"));
    (options.len() >= 2).then(|| {
        markup!(
            "<label>" (label) " <select name=\"" (name) "\"><option value=\"\">any</option>"
            (shown.collect::<Vec<_>>()) "</select></label>\n"
        )
    })
}

/// A choice among values that are their own names.
pub(super) fn choice(name: &'static str, label: &'static str, values: &[String]) -> Option<Markup> {
    let options: Vec<(String, String)> = values
        .iter()
        .map(|value| (value.clone(), value.replace('_', " ")))
        .collect();
    select(name, label, &options)
}

/// Text in the letters of code.
pub(super) fn code(text: impl Show) -> Markup {
    markup!("<code>" (text) "</code>")
}

/// A sentence of ours: what stands between two backquotes is code.
pub(super) fn sentence_of(text: &str) -> Markup {
    let mut markup = Markup::default();
    let mut rest = text;
    while let Some((before, (inside, after))) = rest
        .split_once('`')
        .and_then(|(before, after)| Some((before, after.split_once('`')?)))
    {
        markup.add(before);
        markup.add(code(inside));
        rest = after;
    }
    markup.add(rest);
    markup
}

/// At most `most` texts as code, and how many more there are.
pub(super) fn codes<'t>(texts: impl ExactSizeIterator<Item = &'t str>, most: usize) -> Markup {
    let left = texts.len().saturating_sub(most);
    let shown = Markup::joined(texts.take(most).map(|text| code(short(text, 200))), ", ");
    match left {
        0 => shown,
        more => markup!("" (shown) " and " (thousands(more as u64)) " more"),
    }
}

/// A row of a list of facts; nothing without a value.
pub(super) fn fact(name: &'static str, value: impl Show) -> Markup {
    let value = Markup::of(value);
    match value.is_empty() {
        true => value,
        false => markup!("<dt>" (name) "</dt><dd>" (value) "</dd>\n"),
    }
}

/// `sha256-…` as a policy names an element's text.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_put_in_is_a_slot() {
        let mut bytes = Vec::new();
        let body = Markup::of("{{script}} {{nonsense}}");
        write(Verdict::Pass, &body, &mut bytes).expect("a Vec takes everything");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(text.matches("{{script}} {{nonsense}}").count(), 1);
        assert_eq!(text.matches("\"use strict\"").count(), 1);
        for slot in ["{{policy}}", "{{title}}", "{{style}}", "{{body}}"] {
            assert!(!text.contains(slot) && TEMPLATE.contains(slot), "{slot}");
        }
    }

    #[test]
    fn style_and_script_end_nothing() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
    }
}
