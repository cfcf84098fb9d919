//! What a runner of GitHub Actions obeys in a log: annotations and masks, and how to keep it from obeying.
//!
//! This is the only file that writes a command. The grammar is the runner's: a line that, after white
//! space, begins with two colons, `name key=value,key=value`, two colons and a message.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::io;

use super::phrases::{
    advisories, counted, grace, is_early, is_unnamed, severities, severity, short, thousands, traits,
};
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

/// Writes at most [`MAX_ANNOTATIONS`] annotations, worst first: errors beside findings, then one for each upgrade and
/// whatever else is to be done, those that the gate fails first, then notices. What was accepted, and what only warns and is no
/// part of the change, is not annotated. The last one counts those that are left out and names `more_at`, which has them.
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
    let warns = |finding: &Finding| finding.decision == Decision::Warn && finding.is_of_this_change();
    let steps = remediations(outcome, |finding| finding.blocks() || warns(finding));
    let (failing, warnings): (Vec<_>, Vec<_>) =
        steps.iter().partition(|step| step.decision() == Decision::Fail);
    let at_lines = at_lines(failing.into_iter().chain(warnings));
    let beside = errors.len().saturating_add(notices.len());
    let room = MAX_ANNOTATIONS.saturating_sub(beside);
    let has_several_refs = outcome.targets.len() > 1;
    let errors = errors
        .iter()
        .map(|error| Annotation::aside(AnnotationKind::Error, error));
    let lines = at_lines
        .iter()
        .take(room)
        .filter_map(|line| line.annotation(has_several_refs));
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

/// What is to be done, and where that is shown.
struct Shown<'a> {
    step: &'a Remediation<'a>,
    /// The worst finding of it there.
    finding: &'a Finding,
    /// The refs that have the package in that file.
    refs: BTreeSet<&'a str>,
    /// Its further files; all of its places where none is checked out.
    others: Vec<String>,
}

/// Where an annotation is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Spot<'a> {
    /// A line of a file that is checked out.
    Line(Cow<'a, str>, u32),
    /// No file: what the step with this number does on other refs. A runner would show a line of another file.
    Elsewhere(usize),
}

/// What is to be done at one place: a runner shows a line once.
struct AtLine<'a> {
    spot: Spot<'a>,
    steps: Vec<Shown<'a>>,
}

/// Each of `steps` once, in their order, those of one line together.
fn at_lines<'a>(steps: impl Iterator<Item = &'a Remediation<'a>>) -> Vec<AtLine<'a>> {
    let mut lines: Vec<AtLine<'a>> = Vec::new();
    let mut known = HashMap::new();
    for (number, step) in steps.enumerate() {
        let Some((spot, shown)) = shown(number, step) else {
            continue;
        };
        let index = *known.entry(spot.clone()).or_insert(lines.len());
        match lines.get_mut(index) {
            Some(line) => line.steps.push(shown),
            None => lines.push(AtLine {
                spot,
                steps: vec![shown],
            }),
        }
    }
    lines
}

/// Where `step` is shown: in the file nearest to the top, as SARIF does where it makes one alert of several files. A file that
/// was scanned through a link is there once, and one that is checked out is not named again for other refs.
fn shown<'a>(number: usize, step: &'a Remediation<'a>) -> Option<(Spot<'a>, Shown<'a>)> {
    let file = |(target, finding): &(&'a Target, &'a Finding)| super::places::in_repository(target, finding);
    let here = step.places.iter().filter(|(target, _)| target.is_checked_out);
    let nearest = here
        .map(|place| (file(place), place.1))
        .min_by_key(|(file, _)| (file.matches('/').count(), file.clone()));
    let mut named: BTreeSet<Cow<'_, str>> = BTreeSet::new();
    let mut refs = BTreeSet::new();
    let mut others = Vec::new();
    if let Some((file, _)) = &nearest {
        named.insert(file.clone());
    }
    let (checked_out, elsewhere): (Vec<_>, Vec<_>) =
        step.places.iter().partition(|(target, _)| target.is_checked_out);
    for place in checked_out.into_iter().chain(elsewhere) {
        let (target, finding) = place;
        let file = file(&place);
        let is_shown = match &nearest {
            Some((shown, _)) => *shown == file,
            None => true,
        };
        if is_shown {
            refs.extend(target.ref_name.as_deref());
        }
        match (&nearest, target.is_checked_out) {
            (Some(_), true) if named.insert(file.clone()) => {
                others.push(format!("{}:{}", short(&file, 300), finding.place().line));
            }
            (Some(_), false) if !named.contains(&file) => others.push(on_its_ref(target, finding)),
            (None, _) => others.push(on_its_ref(target, finding)),
            (Some(_), _) => {}
        }
    }
    let (spot, finding) = match nearest {
        Some((file, finding)) => (Spot::Line(file, finding.place().line), finding),
        None => (Spot::Elsewhere(number), step.places.first()?.1),
    };
    Some((
        spot,
        Shown {
            step,
            finding,
            refs,
            others,
        },
    ))
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
    fn annotation(&self, has_several_refs: bool) -> Option<Annotation<'a>> {
        const MAX_STEPS: usize = 5;
        let first = self.steps.first()?;
        let is_here = matches!(self.spot, Spot::Line(..));
        let mut message = String::new();
        for (number, shown) in self.steps.iter().take(MAX_STEPS).enumerate() {
            if number > 0 {
                message.push_str(&format!("\n{}:\n", what_to_do(shown.step)));
            }
            message.push_str(&fixes(shown.step, &shown.finding.file));
            message.push_str(&shown.where_it_is(is_here, has_several_refs));
        }
        if let Some(more) = self.steps.len().checked_sub(MAX_STEPS).filter(|more| *more > 0) {
            message.push_str(&format!("\nAnd {more} more packages on this line."));
        }
        let worst = first.step.fixes.first()?;
        if let Some(grace) = grace(worst) {
            message.push_str(&format!("\nThe gate only warns now; it {grace}."));
        }
        if let Some(change) = worst.change {
            message.push_str(&format!("\nIt is {}.", super::phrases::change(change)));
        }
        let title = what_to_do(first.step);
        let place = first.finding.place();
        let title = ("title", short(&title, 200).into_owned().into());
        Some(Annotation {
            kind: match first.step.decision() {
                Decision::Fail => AnnotationKind::Error,
                Decision::Warn | Decision::Note => AnnotationKind::Warning,
            },
            properties: match &self.spot {
                Spot::Line(file, line) => vec![
                    ("file", file.clone()),
                    ("line", line.to_string().into()),
                    ("col", place.column.to_string().into()),
                    title,
                ],
                Spot::Elsewhere(_) => vec![title],
            },
            message,
        })
    }
}

impl Shown<'_> {
    /// Its refs and further places, a line each.
    fn where_it_is(&self, is_here: bool, has_several_refs: bool) -> String {
        const MAX_SHOWN: usize = 5;
        let list = |names: &[Cow<'_, str>]| {
            let shown: Vec<&str> = names.iter().take(MAX_SHOWN).map(|name| &**name).collect();
            match names.len().saturating_sub(MAX_SHOWN) {
                0 => shown.join(", "),
                more => format!("{} and {more} more", shown.join(", ")),
            }
        };
        let others: Vec<Cow<'_, str>> = self.others.iter().map(|place| place.as_str().into()).collect();
        let mut text = String::new();
        if !is_here {
            text.push_str(&format!("\nIt is at {} (not checked out here).", list(&others)));
            return text;
        }
        if has_several_refs && !self.refs.is_empty() {
            let refs: Vec<Cow<'_, str>> = self.refs.iter().map(|name| short(name, 200)).collect();
            text.push_str(&format!("\nIt is on {}.", list(&refs)));
        }
        if !others.is_empty() {
            text.push_str(&format!("\nIt is also at {}.", list(&others)));
        }
        text
    }
}

/// `Upgrade examplelib from 0.10.30 to 0.10.81`, `Upgrade h2 from 0.3.27 to 0.4.16 (major, dev)`.
fn what_to_do(step: &Remediation<'_>) -> String {
    let (name, version) = (short(step.name, 100), short(step.version, 50));
    match step.kind {
        Kind::Upgrade(to) => {
            let traits = match traits(step) {
                traits if traits.is_empty() => String::new(),
                traits => format!(" ({})", traits.join(", ")),
            };
            format!("Upgrade {name} from {version} to {}{traits}", short(to, 50))
        }
        Kind::Remove => format!("Remove {name} {version}"),
        Kind::OwnRegistry => format!("Take {name} {version} from your own registry"),
        Kind::NoFix if is_early(step) => format!("Only a pre-release fixes {name} {version}"),
        Kind::NoFix if is_unnamed(step) => format!("No advisory names a fixed version of {name} {version}"),
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
    if let Some(how) = step
        .command_for(file)
        .or_else(|| step.by_hand().map(Cow::into_owned))
    {
        text.push_str(&format!("\n{}", short(&how, 300)));
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
