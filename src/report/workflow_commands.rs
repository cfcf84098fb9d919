//! What a runner of GitHub Actions obeys in a log: annotations and masks, and how to keep it from obeying.
//!
//! This is the only file that writes a command. The grammar is the runner's: a line that, after white
//! space, begins with two colons, `name key=value,key=value`, two colons and a message.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io;

use super::phrases::{advisories, counted, grace, severities, severity, short, thousands};
use crate::model::lines::short_name;
use crate::model::{Decision, Finding, Outcome, Target, TreePath};
use crate::remediation::{Kind, Remediation, remediations};

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

/// Writes at most [`MAX_ANNOTATIONS`] annotations, worst first: errors beside findings, then one for each line of a file where
/// something is to be done, those that the gate fails first, then notices. What was accepted is not annotated. The last one
/// counts those that are left out and names `more_at`, which has them.
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
    let failing = remediations(outcome, Finding::blocks);
    let warnings = remediations(outcome, |finding| {
        finding.is_affected() && finding.decision == Decision::Warn
    });
    let at_lines = at_lines(failing.iter().chain(&warnings));
    let beside = errors.len().saturating_add(notices.len());
    let room = MAX_ANNOTATIONS.saturating_sub(beside);
    let has_several_refs = outcome.targets.len() > 1;
    let errors = errors
        .iter()
        .map(|error| Annotation::aside(AnnotationKind::Error, error));
    let lines = at_lines
        .iter()
        .take(room)
        .map(|line| line.annotation(has_several_refs));
    let notices = notices
        .iter()
        .map(|notice| Annotation::aside(AnnotationKind::Notice, notice));
    let total = beside.saturating_add(at_lines.len());
    write_all(errors.chain(lines).chain(notices).collect(), total, more_at, out)
}

/// Writes at most [`MAX_ANNOTATIONS`] notices alone, where findings are reported elsewhere.
///
/// # Errors
/// Only those of `out`.
pub fn notices(notices: &[String], more_at: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let errors = &[];
    asides(&Asides { errors, notices }, more_at, out)
}

/// Writes what is about no finding.
///
/// # Errors
/// Only those of `out`.
pub fn asides(asides: &Asides<'_>, more_at: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let errors = asides.errors.iter();
    let errors = errors.map(|error| Annotation::aside(AnnotationKind::Error, error));
    let notices = asides.notices.iter();
    let notices = notices.map(|notice| Annotation::aside(AnnotationKind::Notice, notice));
    let all: Vec<_> = errors.chain(notices).collect();
    let total = all.len();
    write_all(all, total, more_at, out)
}

/// An annotation before its text is escaped.
struct Annotation<'a> {
    kind: AnnotationKind,
    properties: Vec<(&'static str, Cow<'a, str>)>,
    message: String,
}

impl Annotation<'_> {
    /// One that is about no file.
    fn aside(kind: AnnotationKind, text: &str) -> Self {
        Self {
            kind,
            properties: vec![("title", "lockkeeper".into())],
            message: short(text, 1_000).into_owned(),
        }
    }
}

/// Writes the first of `all`; the last one that is shown counts the rest of `total`.
fn write_all(
    mut all: Vec<Annotation<'_>>,
    total: usize,
    more_at: &str,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    all.truncate(MAX_ANNOTATIONS);
    let left = total.saturating_sub(all.len());
    if let Some(last) = all.last_mut().filter(|_| left > 0) {
        last.message
            .push_str(&format!("\n{} more: see {more_at}.", thousands(left as u64)));
    }
    for Annotation {
        kind,
        properties,
        message,
    } in &all
    {
        writeln!(out, "{}", command(kind.as_str(), properties, message))?;
    }
    Ok(())
}

/// What is to be done at one place, on every ref that has it there. A runner shows a line once.
struct AtLine<'a> {
    /// The file that is checked out; `None` for what is on other refs alone: a runner would show a line of another file.
    file: Option<Cow<'a, str>>,
    /// The worst finding there.
    worst: &'a Finding,
    steps: Vec<&'a Remediation<'a>>,
    refs: BTreeSet<&'a str>,
    /// The places, where they are on other refs.
    places: Vec<String>,
}

/// Where an annotation is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Spot<'a> {
    /// A line of a file that is checked out.
    Line(Cow<'a, str>, u32),
    /// No file: what the step with this number does on other refs.
    Elsewhere(usize),
}

/// The lines that `steps` are about, in the order of `steps`. A file that was scanned through a link is there once. What is to
/// be done in a file that is checked out is not told again for that file on other refs.
fn at_lines<'a>(steps: impl Iterator<Item = &'a Remediation<'a>>) -> Vec<AtLine<'a>> {
    let mut lines: Vec<AtLine<'a>> = Vec::new();
    let mut known = HashMap::new();
    for (number, step) in steps.enumerate() {
        // A file has the package at one line on one ref and at another one on the next.
        let mut here: HashMap<Cow<'_, str>, u32> = HashMap::new();
        for (target, finding) in step.places.iter().filter(|(target, _)| target.is_checked_out) {
            let file = super::places::in_repository(target, finding);
            here.entry(file).or_insert(finding.place().line);
        }
        for (target, finding) in &step.places {
            let file = super::places::in_repository(target, finding);
            let line = match target.is_checked_out {
                true => Some(finding.place().line),
                false => here.get(&file).copied(),
            };
            let is_known_here = line.is_some();
            let spot = match line {
                Some(line) => Spot::Line(file, line),
                None => Spot::Elsewhere(number),
            };
            let index = *known.entry(spot.clone()).or_insert(lines.len());
            if index == lines.len() {
                lines.push(AtLine {
                    file: match spot {
                        Spot::Line(file, _) => Some(file),
                        Spot::Elsewhere(_) => None,
                    },
                    worst: finding,
                    steps: Vec::new(),
                    refs: BTreeSet::new(),
                    places: Vec::new(),
                });
            }
            let Some(line) = lines.get_mut(index) else {
                continue;
            };
            line.refs.extend(target.ref_name.as_deref());
            if !is_known_here {
                line.places.push(on_its_ref(target, finding));
            }
            if !line.steps.iter().any(|known| std::ptr::eq(*known, step)) {
                line.steps.push(step);
            }
        }
    }
    lines
}

/// `release/1.4:Cargo.lock:7`.
fn on_its_ref(target: &Target, finding: &Finding) -> String {
    let file = super::places::in_repository(target, finding);
    let line = finding.place().line;
    let name = target.ref_name.as_deref().map(short_name);
    match name.or(target.commit.as_deref()) {
        Some(name) => format!("{}:{}:{line}", short(name, 100), short(&file, 300)),
        None => format!("{}:{line}", short(&file, 300)),
    }
}

impl<'a> AtLine<'a> {
    fn annotation(&self, has_several_refs: bool) -> Annotation<'a> {
        const MAX_STEPS: usize = 5;
        const MAX_REFS: usize = 5;
        let finding = self.worst;
        let mut message = String::new();
        for (number, step) in self.steps.iter().take(MAX_STEPS).enumerate() {
            if number > 0 {
                message.push_str(&format!("\n{}:\n", what_to_do(step)));
            }
            message.push_str(&fixes(step, &finding.file));
        }
        if let Some(more) = self.steps.len().checked_sub(MAX_STEPS).filter(|more| *more > 0) {
            message.push_str(&format!("\nAnd {more} more packages on this line."));
        }
        if let Some(grace) = grace(finding) {
            message.push_str(&format!("\nThe gate only warns now; it {grace}."));
        }
        if let Some(change) = finding.change {
            message.push_str(&format!("\nIt is {}.", super::phrases::change(change)));
        }
        if let Some(first) = self.places.first() {
            let more = match self.places.len().saturating_sub(1) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            message.push_str(&format!("\nIt is at {first}{more} (not checked out here)."));
        } else if has_several_refs && !self.refs.is_empty() {
            let refs: Vec<_> = self
                .refs
                .iter()
                .take(MAX_REFS)
                .map(|name| short(name, 200))
                .collect();
            let more = match self.refs.len().saturating_sub(MAX_REFS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            message.push_str(&format!("\nIt is on {}{more}.", refs.join(", ")));
        }
        let title = self
            .steps
            .first()
            .map(|step| what_to_do(step))
            .unwrap_or_default();
        let place = finding.place();
        let title = ("title", short(&title, 200).into_owned().into());
        Annotation {
            kind: match finding.decision {
                Decision::Fail => AnnotationKind::Error,
                Decision::Warn | Decision::Note => AnnotationKind::Warning,
            },
            properties: match &self.file {
                Some(file) => vec![
                    ("file", file.clone()),
                    ("line", place.line.to_string().into()),
                    ("col", place.column.to_string().into()),
                    title,
                ],
                None => vec![title],
            },
            message,
        }
    }
}

/// `Upgrade examplelib from 0.10.30 to 0.10.81`.
fn what_to_do(step: &Remediation<'_>) -> String {
    let (name, version) = (short(step.name, 100), short(step.version, 50));
    match step.kind {
        Kind::Upgrade(to) => format!("Upgrade {name} from {version} to {}", short(to, 50)),
        Kind::Remove => format!("Remove {name} {version}"),
        Kind::OwnRegistry => format!("Take {name} {version} from your own registry"),
        Kind::NoFix => format!("No version fixes {name} {version} yet"),
    }
}

/// How many advisories of which severity, the worst of them, and the command for the file.
fn fixes(step: &Remediation<'_>, file: &TreePath) -> String {
    const MAX_FIXES: usize = 5;
    let mut text = format!("{} {}", advisories(&step.fixes), severities(&step.fixes));
    for finding in step.fixes.iter().take(MAX_FIXES) {
        let summary = short(finding.advisory.summary.trim(), 200);
        let separator = if summary.is_empty() { "" } else { ": " };
        text.push_str(&format!(
            "\n{} {}{separator}{summary}",
            severity(&finding.advisory),
            short(finding.id(), 100)
        ));
    }
    if let Some(more) = step.fixes.len().checked_sub(MAX_FIXES).filter(|more| *more > 0) {
        text.push_str(&format!("\nand {}", counted(more, "other", "others")));
    }
    if let Some(command) = step.command_for(file) {
        text.push_str(&format!("\n{}", short(&command, 300)));
    }
    text
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
        command(
            AnnotationKind::Error.as_str(),
            &[("title", "lockkeeper".into())],
            &text
        )
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
fn command(name: &str, properties: &[(&str, Cow<'_, str>)], message: &str) -> String {
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
            command(
                "error",
                &[("file", "a,b:c%\n".into()), ("line", "1".into())],
                "50%\r\n::x"
            ),
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
