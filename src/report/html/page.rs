//! The page around every report: the template, its policy, the answer at the top, the way to each section.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::markup::{Markup, Show, markup};
use crate::model::{Advisory, Outcome, Verdict};
use crate::report::headline;
use crate::report::phrases::{self, sentence, short, thousands};

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
    pub(super) fn new(key: &'static str, label: &'static str, count: usize, class: &'static str) -> Self {
        Self {
            key,
            label,
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
    read: &[String],
    numbers: &[Count],
    sections: &[Section],
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
        "" (answer(outcome, words, read, numbers))
        "<nav aria-label=\"Sections\"><ul class=\"wrap\">\n" (links.collect::<Vec<_>>())
        "</ul></nav>\n<main id=\"main\" class=\"wrap\" tabindex=\"-1\">\n" (parts.collect::<Vec<_>>())
        "</main>\n<footer><div class=\"wrap\">lockkeeper " (outcome.tool_version)
        " · scanned at " (outcome.now.to_string()) "</div></footer>"
    )
}

fn answer(outcome: &Outcome, words: &[String], read: &[String], numbers: &[Count]) -> Markup {
    let symbol = headline::symbol(outcome.verdict);
    let (mark, word) = symbol.split_once(' ').unwrap_or(("", symbol));
    let verdict = outcome.verdict.as_str();
    let reasons = words.iter().enumerate().map(|(number, reason)| {
        let class = if number == 0 { "lead" } else { "also" };
        markup!("<p class=\"" (class) "\">" (sentence(reason)) "</p>\n")
    });
    let index = headline::index(outcome).map(|index| markup!("<p class=\"caution\">" (index) "</p>\n"));
    // The first words are counts, which are above.
    let facts = read.get(1..).unwrap_or_default().join(" · ");
    let facts = (!facts.is_empty()).then(|| markup!("<p class=\"facts\">" (sentence(&facts)) "</p>\n"));
    markup!(
        "<header class=\"answer " (verdict) "\"><div class=\"wrap\">\n<h1 data-verdict=\"" (verdict)
        "\"><span aria-hidden=\"true\">" (mark) "</span>" (word) "</h1>\n" (reasons.collect::<Vec<_>>())
        "" (index) "<dl class=\"numbers\">\n" (numbers.iter().map(Count::markup).collect::<Vec<_>>())
        "</dl>\n" (facts) "</div></header>\n"
    )
}

/// `critical 9.1` with its colour and shape.
pub(super) fn level(advisory: &Advisory) -> Markup {
    markup!("<span class=\"level " (phrases::rank(advisory)) "\">" (phrases::severity(advisory)) "</span>")
}

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
