//! Phrases about a finding that several reports share. None is escaped: that is each medium's own.

use std::borrow::Cow;

use crate::model::finding::{Change, Excepted, State};
use crate::model::{Advisory, Class, DependencyPath, Finding, Level, Scope, Severity, Step};
use crate::policy::{GO_DIRECTIVE, NOT_IN_FAIL_ON};
use crate::remediation::{Kind, Remediation};
use crate::version::Distance;

pub use crate::text::count::{counted, thousands};

/// `3 vulnerabilities`; `3 advisories` where one of them is of another class.
#[must_use]
pub fn advisories(findings: &[&Finding]) -> String {
    let count = findings.len();
    format!("{} {}", thousands(count as u64), unit(findings, count))
}

/// What `number` of them are called: vulnerabilities, or advisories where one of them is of another class.
#[must_use]
pub fn unit(findings: &[&Finding], number: usize) -> &'static str {
    let is_vulnerability = |finding: &&Finding| finding.advisory.class == Class::Vulnerability;
    match (findings.iter().all(is_vulnerability), number) {
        (true, 1) => "vulnerability",
        (true, _) => "vulnerabilities",
        (false, 1) => "advisory",
        (false, _) => "advisories",
    }
}

/// `(2 critical, 12 high)`: how many findings of each [`rank`], worst first.
#[must_use]
pub fn severities(findings: &[&Finding]) -> String {
    let classes = |class| match class {
        Class::Vulnerability => Level::ALL.map(Level::as_str).to_vec(),
        Class::Malicious
        | Class::Confusion
        | Class::Unsound
        | Class::Unmaintained
        | Class::Yanked
        | Class::Notice => vec![class.as_str()],
    };
    let counts: Vec<String> = Class::ALL
        .into_iter()
        .flat_map(classes)
        .filter_map(|word| {
            let of_rank = |finding: &&&Finding| rank(&finding.advisory) == word;
            let count = findings.iter().filter(of_rank).count();
            (count > 0).then(|| format!("{} {word}", thousands(count as u64)))
        })
        .collect();
    format!("({})", counts.join(", "))
}

/// `critical`; the class of what is no vulnerability.
#[must_use]
pub fn rank(advisory: &Advisory) -> &'static str {
    advisory.rank()
}

/// `critical 9.1`, `high (assumed)`; the class of what is no vulnerability.
#[must_use]
pub fn severity(advisory: &Advisory) -> String {
    let level = advisory.severity.level;
    match (advisory.class, advisory.severity.score) {
        (Class::Vulnerability, Some(score)) => format!("{level} {score:.1}"),
        (Class::Vulnerability, None) if advisory.severity.source == "assumed" => format!("{level} (assumed)"),
        _ => rank(advisory).to_owned(),
    }
}

/// Who says how severe it is, to follow "rated": `by its CVSS 3 vector`.
#[must_use]
pub fn rated(severity: &Severity) -> Cow<'_, str> {
    match severity.source.as_str() {
        "CVSS_V2" => "by its CVSS 2 vector".into(),
        "CVSS_V3" => "by its CVSS 3 vector".into(),
        "CVSS_V4" => "by its CVSS 4 vector".into(),
        "database_specific" => "in words, by the database that published it".into(),
        "assumed" => "high by assumption, since no source rates it".into(),
        "lockkeeper" => "by lockkeeper".into(),
        source => format!("by {}", short(source, 50)).into(),
    }
}

/// What to do about the finding, as a sentence.
#[must_use]
pub fn remedy(finding: &Finding) -> String {
    if finding.state == State::NotAffected {
        return "Nothing to do.".to_owned();
    }
    match Kind::of(finding) {
        Kind::Remove => match &finding.origin {
            None => "Remove it.".to_owned(),
            Some(origin) => format!(
                "Remove it; the lockfile takes it from {}.",
                short(origin.as_str(), 200)
            ),
        },
        Kind::OwnRegistry => match &finding.origin {
            None => "Take it from your own registry; the lockfile records none.".to_owned(),
            Some(origin) => {
                let origin = short(origin.as_str(), 200);
                format!("Take it from your own registry; the lockfile takes it from {origin}.")
            }
        },
        Kind::NoFix => match finding.fixed.first() {
            Some(early) => format!("Only a pre-release is known to fix it: {}.", short(early, 200)),
            None if finding.ends => "No advisory names a fixed version.".to_owned(),
            None => "There is no fixed version yet.".to_owned(),
        },
        Kind::Upgrade(version) => format!("Upgrade to {}.", short(version, 200)),
    }
}

/// `fixes 3`, `no fix yet for 2`, `no fix named`, `only a pre-release fixes it`.
#[must_use]
pub fn fixes(step: &Remediation<'_>) -> String {
    match (step.kind, step.fixes.len()) {
        (Kind::NoFix, 1) => no_fix(step).to_owned(),
        (Kind::NoFix, _) if is_early(step) => no_fix(step).to_owned(),
        (Kind::NoFix, count) => format!("{} for {}", no_fix(step), thousands(count as u64)),
        (Kind::Remove | Kind::OwnRegistry | Kind::Upgrade(_), count) => {
            format!("fixes {}", thousands(count as u64))
        }
    }
}

/// What is known of a fix where no version is recommended.
fn no_fix(step: &Remediation<'_>) -> &'static str {
    match (is_early(step), is_unnamed(step)) {
        (true, _) => "only a pre-release fixes it",
        (false, true) => "no fix named",
        (false, false) => "no fix yet",
    }
}

/// An advisory of the version names no fixed version, and affects none after some last one: `plan` looks for a later version.
#[must_use]
pub fn is_unnamed(step: &Remediation<'_>) -> bool {
    step.kind == Kind::NoFix && step.fixes.iter().any(|finding| finding.ends)
}

/// Advisories of the version name pre-releases alone as fixed.
#[must_use]
pub fn is_early(step: &Remediation<'_>) -> bool {
    step.kind == Kind::NoFix && step.fixes.iter().all(|finding| !finding.fixed.is_empty())
}

/// What to do where no command upgrades a package: everywhere, or beside the folders in which one does.
#[must_use]
pub fn by_hand(what: &str, is_everywhere: bool) -> Cow<'_, str> {
    match is_everywhere {
        true => what.into(),
        false => format!("In other folders: {what}").into(),
    }
}

/// What distinguishes a step from a small upgrade of what runs: `major`, `dev`, `optional`.
#[must_use]
pub fn traits(step: &Remediation<'_>) -> Vec<&'static str> {
    let scopes = step.scopes();
    let is_major = step.level() == Some(Distance::Major);
    let only =
        |scope: Scope| scopes.holds(scope) && !scopes.holds(Scope::Runtime) && !scopes.holds(Scope::Build);
    [
        (is_major, "major"),
        (only(Scope::Dev), "dev"),
        (only(Scope::Optional), "optional"),
    ]
    .into_iter()
    .filter_map(|(holds, word)| holds.then_some(word))
    .collect()
}

/// `via redoc`, `via redoc and 2 more`; `None` for a package that is asked for by name, or where the lockfile does not say.
#[must_use]
pub fn via(step: &Remediation<'_>) -> Option<String> {
    let through = step.through();
    let first = short(through.first()?, 100);
    Some(match through.len() {
        1 => format!("via {first}"),
        count => format!(
            "via {first} and {} more",
            thousands(count.saturating_sub(1) as u64)
        ),
    })
}

/// Why a finding warns and does not fail, as a lowercase fragment.
#[must_use]
pub fn why_it_warns(finding: &Finding) -> String {
    let rule = short(&finding.rule, 200);
    if let Some(grace) = grace(finding) {
        return format!("{grace}: the rule {rule} waits until then");
    }
    match finding.change {
        Some(change) if !change.is_of_the_change() => {
            return format!("warns: it is {}", self::change(change));
        }
        Some(_) | None => {}
    }
    if *rule == *GO_DIRECTIVE {
        return "warns: the go directive is a minimum, the toolchain that builds decides".to_owned();
    }
    match rule.strip_prefix("built-in: ") {
        Some(class) => format!("warns: the class {class} does not fail by default"),
        None if *rule == *NOT_IN_FAIL_ON => "warns: it is not in the `--fail-on` list".to_owned(),
        None => format!("warns by the rule {rule}"),
    }
}

/// The heading of what to do about what blocks.
pub const UPGRADES: &str = "Recommended upgrades";

/// The heading of what blocks and has no fix.
pub const UNFIXED: &str = "Without a fixed version";

/// `and ends 2 that only warn (1 low, 1 unsound)`; `None` where there are none.
#[must_use]
pub fn also(step: &Remediation<'_>) -> Option<String> {
    let verb = match step.kind {
        Kind::NoFix => "",
        Kind::Remove | Kind::OwnRegistry | Kind::Upgrade(_) => "ends ",
    };
    let verb_of_them = if step.also.len() == 1 { "warns" } else { "warn" };
    (!step.also.is_empty()).then(|| {
        format!(
            "and {verb}{} that only {verb_of_them} {}",
            thousands(step.also.len() as u64),
            severities(&step.also)
        )
    })
}

/// Why what a step fixes warns and does not fail, at most `limit` different reasons.
#[must_use]
pub fn warning_reasons(step: &Remediation<'_>, limit: usize) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for finding in &step.fixes {
        let reason = why_it_warns(finding);
        if reasons.len() < limit && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

/// `fail`, `warn, fails from 2026-12-01`, `accepted until 2026-12-31`.
#[must_use]
pub fn decision(finding: &Finding) -> String {
    if finding.state == State::NotAffected {
        return "not affected".to_owned();
    }
    match (finding.exception(), grace(finding)) {
        (Some(excepted), _) => format!("accepted until {}", excepted.expires),
        (None, Some(grace)) => format!("{}, {grace}", finding.decision.as_str()),
        (None, None) => finding.decision.as_str().to_owned(),
    }
}

/// `fails from 2026-12-01`; `None` where there is no grace that will end.
#[must_use]
pub fn grace(finding: &Finding) -> Option<String> {
    finding
        .fails_from
        .filter(|_| finding.is_affected())
        .map(|day| format!("fails from {day}"))
}

/// `until 2026-12-31 by @acme/security: the parser reads trusted input only`.
#[must_use]
pub fn exception(excepted: &Excepted) -> String {
    let owner = match &excepted.owner {
        Some(owner) => format!(" by {}", short(owner, 100)),
        None => String::new(),
    };
    format!(
        "until {}{owner}: {}",
        excepted.expires,
        short(excepted.reason.trim(), 500)
    )
}

/// How a finding compares with the base, to follow "it is".
#[must_use]
pub fn change(change: Change) -> &'static str {
    match change {
        Change::Introduced => "introduced",
        Change::Escalated => "escalated since the base",
        Change::Unknown => "not compared with the base",
        Change::PublishedSince => "in the base, with an advisory published since",
        Change::Moved => "moved since the base",
        Change::PreExisting => "already in the base",
    }
}

/// `app → client 0.11.4 → examplelib 0.10.30`, shortened in the middle to at most ten steps.
#[must_use]
pub fn path(path: DependencyPath<'_>) -> String {
    const ENDS: usize = 5;
    let word = |_, step: Step<'_>| {
        let name = if step.name.is_empty() { "(root)" } else { step.name };
        match step.version {
            "" => short(name, 100).into_owned(),
            version => format!("{} {}", short(name, 100), short(version, 50)),
        }
    };
    path.texts(ENDS, word, left_out).join(" → ")
}

/// Replaces the steps of a path that are not shown.
#[must_use]
pub fn left_out(steps: usize) -> String {
    format!("… {steps} more …")
}

/// A fragment that ends a sentence: with a full stop, unless it asks.
#[must_use]
pub fn ended(fragment: &str) -> Cow<'_, str> {
    match fragment.ends_with('?') {
        true => Cow::Borrowed(fragment),
        false => Cow::Owned(format!("{fragment}.")),
    }
}

/// The first `length` characters, with an ellipsis if that is not all.
#[must_use]
pub fn short(text: &str, length: usize) -> Cow<'_, str> {
    match text.char_indices().nth(length) {
        None => Cow::Borrowed(text),
        Some(_) => {
            let end = text
                .char_indices()
                .nth(length.saturating_sub(1))
                .map_or(0, |(offset, _)| offset);
            let (shown, rest) = text.split_at_checked(end).unwrap_or_default();
            // Not inside of a word, unless that is most of what there is.
            let is_inside = !rest.starts_with(char::is_whitespace);
            let word = shown.rfind(char::is_whitespace).filter(|_| is_inside);
            let word = word.filter(|start| start.saturating_mul(2) >= shown.len());
            let shown = word.and_then(|start| shown.get(..start)).unwrap_or(shown);
            let shown = shown.trim_end_matches(|each: char| each.is_whitespace() || each == ',');
            Cow::Owned(format!("{shown}…"))
        }
    }
}

/// `text` with a capital at its start.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}", first.unwrap_or_default(), characters.as_str())
}
