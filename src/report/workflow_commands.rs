//! What a runner of GitHub Actions obeys in a log: annotations and masks, and how to keep it from obeying.
//!
//! This is the only file that writes a command. The grammar is the runner's: a line that, after white
//! space, begins with two colons, `name key=value,key=value`, two colons and a message.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io;

use super::phrases::{grace, remedy, short};
use crate::model::{Decision, Finding, Outcome, Target, worst};

/// A step shows so many annotations of a kind; we write that many in all, notices included.
pub const MAX_ANNOTATIONS: usize = 10;

/// How an annotation looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnnotationKind {
    /// Red.
    Error,
    /// Yellow.
    Warning,
    /// Grey.
    Notice,
}

impl AnnotationKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// What is annotated beside findings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asides<'a> {
    /// Why the step fails, where no finding is the reason.
    pub errors: &'a [String],
    /// What else a person should know.
    pub notices: &'a [String],
}

/// Writes at most [`MAX_ANNOTATIONS`] annotations: `asides` first, then the findings that the gate fails,
/// then the warnings that came in since the base, then the other ones, worst first. What was accepted is not
/// annotated. Each counts the rest and names `more_at`, which has them.
///
/// # Errors
/// Only those of `out`.
pub fn annotations(
    outcome: &Outcome,
    asides: &Asides<'_>,
    more_at: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let Asides { errors, notices } = *asides;
    let beside = errors.len().saturating_add(notices.len());
    let mut findings: Vec<(&Target, &Finding)> = outcome
        .findings()
        .filter(|(_, finding)| finding.decision != Decision::Note && finding.is_affected())
        .collect();
    findings.sort_by(|(_, left), (_, right)| {
        let later = |finding: &Finding| (!finding.blocks(), finding.change);
        later(left)
            .cmp(&later(right))
            .then_with(|| worst::first(left, right))
    });
    // The same file may be there twice: at a link, and where that leads.
    let mut seen = BTreeSet::new();
    findings.retain(|(target, finding)| {
        let file = super::places::in_repository(target, finding).into_owned();
        let ref_name = target.ref_name.as_deref();
        seen.insert((
            ref_name,
            file,
            finding.place(),
            &finding.advisory.id,
            finding.version.clone(),
        ))
    });
    let more = more(beside.saturating_add(findings.len()), more_at);
    for error in errors.iter().take(MAX_ANNOTATIONS) {
        let text = format!("{}{more}", short(error, 1_000));
        writeln!(
            out,
            "{}",
            command(AnnotationKind::Error.as_str(), &[("title", "lockkeeper")], &text)
        )?;
    }
    write_notices(notices, &more, out)?;
    let has_several_refs = outcome.targets.len() > 1;
    for (target, finding) in findings.iter().take(MAX_ANNOTATIONS.saturating_sub(beside)) {
        let kind = match finding.decision {
            Decision::Fail => AnnotationKind::Error,
            Decision::Warn | Decision::Note => AnnotationKind::Warning,
        };
        let advisory = &finding.advisory;
        let file = super::places::in_repository(target, finding);
        let place = finding.place();
        let line = place.line.to_string();
        let column = place.column.to_string();
        let title = format!("{} in {} {}", finding.id(), finding.name, finding.version);
        let title = short(&title, 200);
        let mut message = format!("{}\n{}", short(&advisory.summary, 1_000), remedy(finding));
        if let Some(grace) = grace(finding) {
            message.push_str(&format!("\nThe gate only warns now; it {grace}."));
        }
        if let Some(change) = finding.change {
            message.push_str(&format!("\nIt is {}.", super::phrases::change(change)));
        }
        if let Some(ref_name) = target.ref_name.as_ref().filter(|_| has_several_refs) {
            message.push_str(&format!("\nIt is on {}.", short(ref_name, 200)));
        }
        message.push_str(&more);
        let properties = [
            ("file", file.as_ref()),
            ("line", &line),
            ("col", &column),
            ("title", &title),
        ];
        writeln!(
            out,
            "{}",
            command(kind.as_str(), &properties, message.trim_start())
        )?;
    }
    Ok(())
}

/// Writes at most [`MAX_ANNOTATIONS`] notices alone, where findings are reported elsewhere.
///
/// # Errors
/// Only those of `out`.
pub fn notices(notices: &[String], more_at: &str, out: &mut dyn io::Write) -> io::Result<()> {
    write_notices(notices, &more(notices.len(), more_at), out)
}

/// The text that counts the annotations of `total` that are not shown.
fn more(total: usize, more_at: &str) -> String {
    match total.saturating_sub(MAX_ANNOTATIONS) {
        0 => String::new(),
        left => format!("\n{left} more: see {more_at}."),
    }
}

fn write_notices(notices: &[String], more: &str, out: &mut dyn io::Write) -> io::Result<()> {
    for notice in notices.iter().take(MAX_ANNOTATIONS) {
        let text = format!("{notice}{more}");
        writeln!(
            out,
            "{}",
            command(AnnotationKind::Notice.as_str(), &[("title", "lockkeeper")], &text)
        )?;
    }
    Ok(())
}

/// Writes one error annotation for a run that could not begin or broke.
///
/// # Errors
/// Only those of `out`.
pub fn failure(message: &str, hint: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let text = format!("{}\n{}", short(message, 1_000), short(hint, 1_000));
    writeln!(
        out,
        "{}",
        command(AnnotationKind::Error.as_str(), &[("title", "lockkeeper")], &text)
    )
}

/// Keeps `secret` out of everything that the job logs from here on.
///
/// # Errors
/// Only those of `out`.
pub fn mask(secret: &str, out: &mut dyn io::Write) -> io::Result<()> {
    // The runner masks a line at a time.
    for line in secret.lines().filter(|line| !line.trim().is_empty()) {
        writeln!(out, "{}", command("add-mask", &[], line))?;
    }
    Ok(())
}

/// `text` for a log, line by line: no line begins with two colons, none contains the older `##[`.
/// Where a line did, a backslash is put before it.
#[must_use]
pub fn inert(text: &str) -> Cow<'_, str> {
    let acts = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
    // A runner also ends lines at a carriage return.
    if !text.split(['\n', '\r']).any(acts) {
        return Cow::Borrowed(text);
    }
    let mut inert = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive(['\n', '\r']) {
        let rest = line.trim_start();
        match line.strip_suffix(rest).filter(|_| rest.starts_with("::")) {
            Some(blank) => {
                inert.push_str(blank);
                inert.push('\\');
                inert.push_str(&rest.replace("##[", "##\\["));
            }
            None => inert.push_str(&line.replace("##[", "##\\[")),
        }
    }
    Cow::Owned(inert)
}

/// One command on one line.
fn command(name: &str, properties: &[(&str, &str)], message: &str) -> String {
    let mut text = format!("::{name}");
    for (number, (key, value)) in properties.iter().enumerate() {
        text.push(if number == 0 { ' ' } else { ',' });
        text.push_str(key);
        text.push('=');
        text.push_str(&property(value));
    }
    text.push_str("::");
    text.push_str(&data(message));
    text
}

/// A message: the runner reads `%25` and `%0A` back. A carriage return ends no line here; what else is
/// hidden is shown.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(crate::text::escape::terminal).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

/// A property: as a message, and what ends a property too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_escaped() {
        assert_eq!(
            command("error", &[("file", "a,b:c%\n"), ("line", "1")], "50%\r\n::x"),
            "::error file=a%2Cb%3Ac%25,line=1::50%25%0A::x"
        );
        let mut bytes = Vec::new();
        mask("one\n\ntwo%", &mut bytes).expect("a Vec takes everything");
        assert_eq!(
            String::from_utf8(bytes).expect("UTF-8"),
            "::add-mask::one\n::add-mask::two%25\n"
        );
    }

    #[test]
    fn what_is_logged_is_no_command() {
        assert_eq!(inert("a::b\nc"), "a::b\nc");
        assert!(matches!(inert("std::mem"), Cow::Borrowed(_)));
        assert_eq!(inert("::error::x"), "\\::error::x");
        assert_eq!(
            inert("a\n  \u{a0}::error::x\r::y"),
            "a\n  \u{a0}\\::error::x\r\\::y"
        );
        assert_eq!(inert("a ##[error]x"), "a ##\\[error]x");
    }
}
