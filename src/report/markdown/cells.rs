//! What stands in the cells of tables: ids, severities and files, each as a link where there is a page.

use crate::model::{Advisory, Class, Finding, Level, Target};
use crate::report::job::JobPages;
use crate::report::phrases::{self, short};
use crate::report::{links, places};
use crate::text::escape::{markdown, markdown_code};

/// Characters of a file's path, the end of it.
const MAX_FILE: usize = 40;

/// A link with a text that is Markdown already, to an address of ours.
pub(in crate::report) fn link(text: &str, address: &str) -> String {
    format!("[{text}]({address})")
}

/// Characters of a word that may stand on one line of a column: GitHub's page has no room for longer ones in several columns.
const MAX_WORD: usize = 20;

/// The parts of a name between which a line may end.
pub(in crate::report) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['/', '-', '_', ':', '.'])
}

/// `text`, in the long words of which a line may end after a mark.
pub(super) fn breakable(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.chars().count() {
        0..=MAX_WORD => markdown(word),
        _ => pieces(word).map(markdown).collect::<Vec<_>>().join("<wbr>"),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The same in the letters of code.
pub(in crate::report) fn breakable_code(text: &str) -> String {
    match text.split(' ').any(|word| word.chars().count() > MAX_WORD) {
        true => format!("<code>{}</code>", breakable(text)),
        false => markdown_code(text),
    }
}

/// The id that people read, as a link to its page.
pub(super) fn id(finding: &Finding) -> String {
    let shown = markdown_code(&short(finding.id(), 100));
    match links::finding(finding) {
        Some(page) => link(&shown, &page),
        None => shown,
    }
}

/// `**critical 9.1**, known exploited`.
pub(super) fn severity(finding: &Finding) -> String {
    let advisory = &finding.advisory;
    let exploited = if advisory.known_exploited {
        ", known exploited"
    } else {
        ""
    };
    format!("{}{exploited}", severity_of(advisory))
}

/// `**critical 9.1**`, `high 7.5`: what is worst stands out.
pub(in crate::report) fn severity_of(advisory: &Advisory) -> String {
    let words = markdown(&phrases::severity(advisory));
    let is_worst = match advisory.class {
        Class::Malicious | Class::Confusion => true,
        Class::Vulnerability => advisory.severity.level == Level::Critical,
        Class::Unsound | Class::Unmaintained | Class::Yanked | Class::Notice => false,
    };
    match is_worst {
        true => format!("**{words}**"),
        false => words,
    }
}

/// The end of the file's path and the line, as a link to it.
pub(super) fn place_of(target: &Target, finding: &Finding, pages: &JobPages) -> String {
    let file = places::with_ref(target, &finding.file);
    let shown = breakable_code(&format!("{}:{}", end(&file, MAX_FILE), finding.place().line));
    match pages.line(target, finding) {
        Some(page) => link(&shown, &page),
        None => shown,
    }
}

/// The last `length` characters of a path, from the start of a part of it where one is there.
fn end(path: &str, length: usize) -> String {
    let Some((start, _)) = path
        .char_indices()
        .rev()
        .nth(length.saturating_sub(1))
        .filter(|(start, _)| *start > 0)
    else {
        return path.to_owned();
    };
    let rest = path.get(start..).unwrap_or_default();
    let part = rest.find('/').and_then(|slash| rest.get(slash..));
    format!("…{}", part.unwrap_or(rest))
}
