//! `--format sarif`: SARIF 2.1.0 within the limits of GitHub's code scanning.
//!
//! One run. A result is one advisory of one package in one file; further versions and places of it are its
//! related locations. Results and the text of rules are cut, worst kept, where a limit would be passed, and
//! a notification counts the rest. Only this folder knows the types of `serde-sarif`.

mod category;
mod results;
mod rules;

use std::collections::BTreeMap;
use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use serde_sarif::sarif::{
    Invocation, Location, Message, MultiformatMessageString, Notification, PropertyBag, ReportingDescriptor,
    ReportingDescriptorReference, Run, RunAutomationDetails, Sarif, Tool, ToolComponent,
};

use super::phrases::{counted, ended, short};
use super::{Report, Style, headline, json, places};
use crate::model::{IndexState, Outcome};
use crate::text::escape;

/// More results than these are ignored by GitHub, so that we choose which.
pub const MAX_RESULTS: usize = 5_000;

/// An upload may have 10 MB when compressed; some room is left.
pub const MAX_COMPRESSED: u64 = 9_500_000;

/// Gaps are listed one by one up to this many.
const MAX_NOTIFICATIONS: usize = 1_000;

/// The address of the schema.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report.
#[derive(Debug)]
pub struct SarifReport;

impl Report for SarifReport {
    fn name(&self) -> &'static str {
        "sarif"
    }

    fn write(&self, outcome: &Outcome, style: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        let groups = results::groups(outcome);
        let mut limit = MAX_RESULTS;
        loop {
            let mut bytes = Vec::new();
            json::compact(&log(outcome, &groups, limit, style), &mut bytes)?;
            if limit == 0 || compressed(&bytes)? <= MAX_COMPRESSED {
                return out.write_all(&bytes);
            }
            limit = limit.min(groups.len()) / 2;
        }
    }
}

/// The size after compression. What is small as it is need not be tried.
fn compressed(bytes: &[u8]) -> io::Result<u64> {
    if (bytes.len() as u64) <= MAX_COMPRESSED {
        return Ok(bytes.len() as u64);
    }
    let mut encoder = GzEncoder::new(Count(0), Compression::fast());
    io::Write::write_all(&mut encoder, bytes)?;
    Ok(encoder.finish()?.0)
}

/// Counts what is written.
struct Count(u64);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn log(outcome: &Outcome, groups: &[results::Group<'_>], limit: usize, style: &Style<'_>) -> Sarif {
    let shown = groups.get(..limit.min(groups.len())).unwrap_or_default();
    let (rules, indices) = rules::rules(outcome, shown, style.texts);
    let suppressions = results::Suppressions::of(shown);
    let results = shown
        .iter()
        .map(|group| {
            let index = indices.get(group.id()).copied().unwrap_or_default();
            results::result(group, index, suppressions)
        })
        .collect::<Vec<_>>();
    let driver = ToolComponent::builder()
        .name("lockkeeper")
        .version(outcome.tool_version)
        .semantic_version(outcome.tool_version)
        .rules(rules)
        .notifications(NotificationKind::ALL.map(NotificationKind::descriptor).to_vec())
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .automation_details(RunAutomationDetails::builder().id(category::id(outcome)).build())
        .column_kind("unicodeCodePoints")
        .invocations(vec![invocation(outcome, groups.len() - shown.len())])
        .results(results)
        .properties(provenance(outcome))
        .build();
    Sarif::builder()
        .schema(SCHEMA)
        .version("2.1.0")
        .runs(vec![run])
        .build()
}

/// What a notification is about.
#[derive(Debug, Clone, Copy)]
enum NotificationKind {
    Blind,
    Partial,
    Index,
    Cut,
    Remark,
}

impl NotificationKind {
    const ALL: [Self; 5] = [Self::Blind, Self::Partial, Self::Index, Self::Cut, Self::Remark];

    fn id(self) -> &'static str {
        match self {
            Self::Blind => "blind",
            Self::Partial => "partial",
            Self::Index => "index",
            Self::Cut => "cut",
            Self::Remark => "remark",
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::Blind => 0,
            Self::Partial => 1,
            Self::Index => 2,
            Self::Cut => 3,
            Self::Remark => 4,
        }
    }

    fn descriptor(self) -> ReportingDescriptor {
        let text = match self {
            Self::Blind => "Something could not be checked; the scan is incomplete.",
            Self::Partial => {
                "Not checked in full: dependencies without an exact version, from no registry, or without advisories."
            }
            Self::Index => {
                "The advisory database is missing, damaged, stale, or another one than the policy asks for."
            }
            Self::Cut => "Results or notifications were left out to stay within a limit.",
            Self::Remark => "A remark on the policy, the base or the refs.",
        };
        let text = MultiformatMessageString::builder().text(text).build();
        ReportingDescriptor::builder()
            .id(self.id())
            .short_description(text)
            .build()
    }

    fn notification(self, level: &str, text: &str, locations: Vec<Location>) -> Notification {
        let descriptor = ReportingDescriptorReference::builder()
            .id(self.id())
            .index(self.number())
            .build();
        let mut notification = Notification::builder()
            .descriptor(descriptor)
            .level(level)
            .message(message(text))
            .build();
        if !locations.is_empty() {
            notification.locations = Some(locations);
        }
        notification
    }
}

fn invocation(outcome: &Outcome, left_out: usize) -> Invocation {
    let mut notifications = Vec::new();
    let index = match outcome.coverage.index {
        _ if outcome.is_unfinished() => None,
        IndexState::Fresh => None,
        IndexState::Stale => Some((
            "warning",
            "the advisory database is older than the policy's `max-age`".to_owned(),
        )),
        IndexState::TooOld
        | IndexState::Missing
        | IndexState::Damaged
        | IndexState::Other
        | IndexState::Newer => headline::no_index(outcome).map(|text| ("error", text)),
        IndexState::Sample => Some((
            "note",
            "the advisory database is the embedded sample: this is no verdict on real code".to_owned(),
        )),
    };
    if let Some((level, text)) = index {
        notifications.push(NotificationKind::Index.notification(level, &text, Vec::new()));
    }
    if left_out > 0 {
        let text = format!(
            "{} left out, those of the lowest severity; the JSON report lists all",
            counted(left_out, "result is", "results are")
        );
        notifications.push(NotificationKind::Cut.notification("warning", &text, Vec::new()));
    }
    let blind = places::gaps(outcome, |coverage| &coverage.blind);
    let partial = places::gaps(outcome, |coverage| &coverage.partial);
    let remarks = places::remarks(outcome);
    let gaps = blind.len() + partial.len() + remarks.len();
    let blind = blind.iter().map(|gap| (NotificationKind::Blind, "error", gap));
    let level = if outcome.coverage.is_unchecked() {
        "error"
    } else {
        "note"
    };
    let partial = partial.iter().map(|gap| (NotificationKind::Partial, level, gap));
    let remarks = remarks
        .iter()
        .map(|gap| (NotificationKind::Remark, "warning", gap));
    for (kind, level, gap) in blind.chain(remarks).chain(partial).take(MAX_NOTIFICATIONS) {
        let text = format!("{} {}", ended(&short(gap.reason, 500)), short(gap.hint, 400));
        let locations = gap.in_repository.iter();
        let locations = locations.map(|(file, position)| results::location(file, *position));
        notifications.push(kind.notification(level, text.trim_end(), locations.collect()));
    }
    if gaps > MAX_NOTIFICATIONS {
        let text = format!(
            "{} not listed one by one; the JSON report lists all",
            counted(gaps - MAX_NOTIFICATIONS, "gap is", "gaps are")
        );
        notifications.push(NotificationKind::Cut.notification("warning", &text, Vec::new()));
    }
    let mut invocation = Invocation::builder()
        .execution_successful(outcome.coverage.is_complete())
        .exit_code(i64::from(outcome.exit_code.number()))
        .exit_code_description(outcome.verdict.as_str())
        .build();
    if !notifications.is_empty() {
        invocation.tool_execution_notifications = Some(notifications);
    }
    invocation
}

/// What the verdict can be repeated with.
fn provenance(outcome: &Outcome) -> PropertyBag {
    let targets: Vec<_> = outcome
        .targets
        .iter()
        .map(|target| json!({"ref": target.ref_name, "commit": target.commit, "dirty": target.dirty}))
        .collect();
    bag(BTreeMap::from([
        ("verdict".to_owned(), json!(outcome.verdict.as_str())),
        (
            "index".to_owned(),
            json!({
                "digest": outcome.database.digest,
                "built": outcome.database.built.map(|built| built.to_string()),
                "state": outcome.coverage.index.as_str(),
            }),
        ),
        (
            "policy".to_owned(),
            json!({"digest": outcome.policy.digest, "file": outcome.policy.file}),
        ),
        ("targets".to_owned(), json!(targets)),
    ]))
}

fn bag(properties: BTreeMap<String, serde_json::Value>) -> PropertyBag {
    PropertyBag::builder().additional_properties(properties).build()
}

/// A message. Brackets would make an embedded link of their content (section 3.11.6).
fn message(text: &str) -> Message {
    Message::builder().text(plain(text)).build()
}

/// Text for a message, hidden characters shown.
fn plain(text: &str) -> String {
    let text = escape::terminal(text);
    if !text.contains(['[', ']']) {
        return text;
    }
    text.replace('[', "\\[").replace(']', "\\]")
}
