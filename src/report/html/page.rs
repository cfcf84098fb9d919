//! The page around every report: the template, its policy, the answer at the top, the way to each section.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::model::{Advisory, Outcome, Verdict};
use crate::report::headline;
use crate::report::phrases::{self, thousands};
use crate::text::escape::html;

const TEMPLATE: &str = include_str!("../../../data/report.html");
const STYLE: &str = include_str!("../../../data/report.css");
const SCRIPT: &str = include_str!("../../../data/report.js");

/// A part of the page that the way at the top leads to.
#[derive(Debug)]
pub(super) struct Section {
    /// The fragment that names it.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// Markup of ours with escaped text in it.
    pub(super) markup: String,
}

/// A count that stands at the top of the page.
#[derive(Debug)]
pub(super) struct Number {
    key: &'static str,
    label: &'static str,
    count: usize,
    /// How it looks unless it is 0.
    class: &'static str,
}

impl Number {
    pub(super) fn new(key: &'static str, label: &'static str, count: usize, class: &'static str) -> Self {
        Self {
            key,
            label,
            count,
            class,
        }
    }

    fn markup(&self) -> String {
        let class = if self.count == 0 { "" } else { self.class };
        format!(
            "<div><dt>{}</dt><dd class=\"{class}\" data-number=\"{}\">{}</dd></div>\n",
            self.label,
            self.key,
            thousands(self.count as u64)
        )
    }
}

/// Writes the page with `body` in it.
///
/// # Errors
/// Only those of `out`.
pub(super) fn write(verdict: Verdict, body: &str, out: &mut dyn io::Write) -> io::Result<()> {
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
            "body" => body,
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
    numbers: &[Number],
    sections: &[Section],
) -> String {
    let mut text = answer(outcome, words, read, numbers);
    text.push_str("<nav aria-label=\"Sections\"><ul class=\"wrap\">\n");
    for section in sections {
        text.push_str(&format!(
            "<li><a href=\"#{}\">{}</a></li>\n",
            section.id, section.title
        ));
    }
    text.push_str("</ul></nav>\n<main id=\"main\" class=\"wrap\" tabindex=\"-1\">\n");
    for section in sections {
        text.push_str(&format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{}</h2>\n",
            section.title,
            id = section.id
        ));
        text.push_str(&section.markup);
        text.push_str("</section>\n");
    }
    text.push_str("</main>\n");
    text.push_str(&format!(
        "<footer><div class=\"wrap\">lockkeeper {} · scanned at {}</div></footer>",
        html(outcome.tool_version),
        outcome.now
    ));
    text
}

fn answer(outcome: &Outcome, words: &[String], read: &[String], numbers: &[Number]) -> String {
    let symbol = headline::symbol(outcome.verdict);
    let (mark, word) = symbol.split_once(' ').unwrap_or(("", symbol));
    let mut text = format!(
        "<header class=\"answer {}\"><div class=\"wrap\">\n<h1 data-verdict=\"{}\"><span aria-hidden=\"true\">{mark}</span>{word}</h1>\n",
        outcome.verdict.as_str(),
        outcome.verdict.as_str(),
    );
    for (number, word) in words.iter().enumerate() {
        let class = if number == 0 { "lead" } else { "also" };
        text.push_str(&format!(
            "<p class=\"{class}\">{}</p>\n",
            html(&headline::sentence(word))
        ));
    }
    if let Some(index) = headline::index(outcome) {
        text.push_str(&format!("<p class=\"caution\">{}</p>\n", html(&index)));
    }
    text.push_str("<dl class=\"numbers\">\n");
    for number in numbers {
        text.push_str(&number.markup());
    }
    text.push_str("</dl>\n");
    // The first words are counts, which stand above.
    let facts = read.get(1..).unwrap_or_default().join(" · ");
    if !facts.is_empty() {
        text.push_str(&format!(
            "<p class=\"facts\">{}</p>\n",
            html(&headline::sentence(&facts))
        ));
    }
    text.push_str("</div></header>\n");
    text
}

/// `critical 9.1` with its colour and shape.
pub(super) fn level(advisory: &Advisory) -> String {
    let class = phrases::rank(advisory);
    format!(
        "<span class=\"level {class}\">{}</span>",
        html(&phrases::severity(advisory))
    )
}

/// Text in the letters of code.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", html(text))
}

/// A row of a list of facts; nothing without a value. `value` is markup.
pub(super) fn fact(name: &str, value: &str) -> String {
    match value {
        "" => String::new(),
        value => format!("<dt>{name}</dt><dd>{value}</dd>\n"),
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
        write(Verdict::Pass, "{{script}} {{nonsense}}", &mut bytes).expect("a Vec takes everything");
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
