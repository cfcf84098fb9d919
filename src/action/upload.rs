//! What the step uploads to the forge: SARIF and the ref it is for, the comment, the issue, and why something is not uploaded.
//! Nothing here changes the verdict.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::answer::{Answer, Counts};
use super::backported::Backported;
use super::events::{Kind, Trust};
use super::forge::{JobForge, settings};
use super::inputs::{Inputs, Mode, Upload};
use super::step::StepResult;
use crate::cli::output;
use crate::forge::{SarifUpload, Visibility};
use crate::model::advisory::{TextKey, Texts};
use crate::model::verdict::ExitCode;
use crate::model::{Finding, Outcome, Target, Verdict};
use crate::report::job::JobPages;
use crate::report::markdown::ISSUE;
use crate::report::{self, Style};
use crate::sys::web::{self, Web};
use crate::upload::{self, Budget, StickyComment, TrackingIssue, TrackingState, Uploaded, Uploads};

/// Room for a marker in a comment and in an issue.
const MARKER: usize = 200;

/// Distinguishes the table of release lines from other comments.
const TABLE: &str = "backport";

/// The same, of what is carried.
const CARRIED: &str = "carry";

/// Uploads what the inputs ask for.
pub fn upload(step: &StepResult<'_>, texts: &HashMap<TextKey, Texts>) -> Uploaded {
    let mut uploaded = Uploaded::default();
    let work = work(step, texts, &mut uploaded);
    if work.is_empty() {
        return uploaded;
    }
    let web = Arc::new(Web::new(settings()));
    let forge = match step.forge.connect(step.inputs, web.clone()) {
        Ok(forge) => forge,
        Err(error) => {
            uploaded.missed.push(error.to_string());
            return uploaded;
        }
    };
    let runtime = match web::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            uploaded
                .missed
                .push(format!("The system refuses what a connection needs: {error}."));
            return uploaded;
        }
    };
    let done = runtime.block_on(upload::upload(
        forge.as_ref(),
        &work,
        Budget::default(),
        web.timer(),
    ));
    // A name that is still being looked up must not keep the step.
    runtime.shutdown_background();
    uploaded.done.extend(done.done);
    uploaded.missed.extend(done.missed);
    if !uploaded.missed.is_empty() {
        uploaded
            .missed
            .extend(token_of(step.event.trust).map(str::to_owned));
    }
    uploaded
}

/// Why a token may have fewer rights than the workflow asks for.
fn token_of(trust: Trust) -> Option<&'static str> {
    match trust {
        Trust::Own => None,
        Trust::Fork => {
            Some("The token of a pull request from a fork only reads, whatever the workflow asks for.")
        }
        Trust::Dependabot => {
            Some("The token of a change by Dependabot only reads, unless `permissions` ask for more.")
        }
    }
}

/// What is to be uploaded. What is not, though the inputs ask for it, is noted in `uploaded`.
fn work(step: &StepResult<'_>, texts: &HashMap<TextKey, Texts>, uploaded: &mut Uploaded) -> Uploads {
    let StepResult {
        inputs,
        event,
        answer,
        forge,
        ..
    } = step;
    let mut work = Uploads::default();
    if wants_sarif(inputs, forge) {
        match sarif(step, texts) {
            Ok(uploads) => work.sarif = uploads,
            Err(error) => uploaded.missed.push(error.to_string()),
        }
    }
    if inputs.comment
        && let Some(number) = event.number
    {
        work.comment = Some(comment(inputs, number, answer, &forge.pages()));
    }
    if let Answer::Backport(backported) = answer
        && let Some((number, visibility)) = backported.table
    {
        work.comment = Some(StickyComment {
            number,
            key: TABLE.to_owned(),
            text: report::lines::markdown::table(&backported.plans, ISSUE - MARKER),
            visibility,
        });
    }
    if let Answer::Carry(carries) = answer
        && let Some(source) = &carries.lines.source
        && !carries.lines.lines.is_empty()
        && carries.is_proposed
    {
        work.comment = Some(StickyComment {
            number: source.number,
            key: format!("{CARRIED}{}", carries.scope),
            text: report::carried::markdown::comment(&carries.lines),
            visibility: Visibility::Shown,
        });
    }
    if inputs.tracking_issue
        && !matches!(answer, Answer::Carry(_))
        && !matches!(event.kind, Kind::PullRequest | Kind::MergeGroup)
    {
        work.issue = Some(tracking(inputs, answer, &forge.pages()));
    }
    let asks = !work.is_empty();
    if asks && inputs.token.is_none() {
        uploaded.missed.push(
            "There is no token to publish with. Leave the input `token` out, or give it one.".to_owned(),
        );
        return Uploads::default();
    }
    work
}

/// Whether SARIF is to be uploaded, if it can be.
fn wants_sarif(inputs: &Inputs, forge: &JobForge) -> bool {
    match (inputs.mode, inputs.upload) {
        (Mode::Gate | Mode::Status | Mode::Fix | Mode::Backport, _) | (_, Upload::Never) => false,
        (Mode::Scan, Upload::Always) => true,
        // Outside of a workflow no upload is expected.
        (Mode::Scan, Upload::Auto) => {
            forge.has_code_scanning() && forge.has_forge() && inputs.token.is_some()
        }
    }
}

/// Why SARIF is not uploaded, each a sentence and what to do about it.
#[derive(Debug, thiserror::Error)]
enum NotUploaded {
    #[error(
        "SARIF was not uploaded, because not everything was checked: an upload would close alerts that were not checked again. \
         Resolve what was not checked, or set `upload-sarif: true`."
    )]
    Incomplete,
    #[error(
        "SARIF was not uploaded, because what was scanned is no commit of a git repository. Check out with git \
         (`actions/checkout`), or set `upload-sarif: false`."
    )]
    NoCommit,
    #[error(
        "SARIF was not uploaded, because several commits were scanned at once. Run a step for each, or set \
         `upload-sarif: false`."
    )]
    SeveralCommits,
    #[error(
        "SARIF was not uploaded, because the commit that was scanned ({0}) is not the one that the event is about, so \
         that its ref is not known. Check out the event's own commit, or scan branches with the input `refs`."
    )]
    NoRef(String),
}

/// A document for each ref.
fn sarif(step: &StepResult<'_>, texts: &HashMap<TextKey, Texts>) -> Result<Vec<SarifUpload>, NotUploaded> {
    let outcome = step.answer.outcome();
    if step.inputs.upload == Upload::Auto && !outcome.coverage.is_complete() {
        return Err(NotUploaded::Incomplete);
    }
    let mut uploads = Vec::new();
    // Where there is nothing to scan, nothing was found to be clean.
    let parts = match outcome.verdict {
        Verdict::NothingToScan if outcome.exit_code != ExitCode::Pass => Vec::new(),
        Verdict::NothingToScan | Verdict::Pass | Verdict::Blocked | Verdict::Incomplete | Verdict::Failed => {
            parts(outcome, step.files.of_refs())
        }
    };
    for part in parts {
        let (ref_name, commit) = place(&part, step)?;
        let style = output::style(step.options, &output::Sink::Standard, texts);
        uploads.push(SarifUpload {
            sarif: rendered(&part, &style),
            ref_name,
            commit,
        });
    }
    Ok(uploads)
}

/// Code scanning takes the findings of one ref at a time, and would show as open what was accepted or does not apply:
/// it takes no notice of suppressions.
fn parts(outcome: &Outcome, of_refs: bool) -> Vec<Outcome> {
    let mut parts: Vec<Outcome> = match of_refs {
        true => outcome
            .targets
            .iter()
            .map(|target| outcome.alone(target))
            .collect(),
        false => vec![outcome.clone()],
    };
    for target in parts.iter_mut().flat_map(|part| &mut part.targets) {
        target.findings.retain(Finding::is_affected);
    }
    parts
}

fn rendered(outcome: &Outcome, style: &Style<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(report) = report::report("sarif") {
        // A vector takes everything.
        let _ = report.write(outcome, style, &mut bytes);
    }
    bytes
}

/// The ref and the commit that a document is for.
fn place(outcome: &Outcome, step: &StepResult<'_>) -> Result<(String, String), NotUploaded> {
    let event = step.event;
    let of = |target: &Target| (target.ref_name.clone(), target.commit.clone());
    let mut places: Vec<_> = outcome.targets.iter().map(of).collect();
    places.dedup();
    let (ref_name, commit) = match places.as_slice() {
        [(ref_name, Some(commit))] => (ref_name.as_deref(), commit),
        [(_, None)] | [] => {
            return Err(NotUploaded::NoCommit);
        }
        _ => return Err(NotUploaded::SeveralCommits),
    };
    let is_ref = |name: &str| {
        name.starts_with("refs/heads/") || name.starts_with("refs/tags/") || name.starts_with("refs/pull/")
    };
    let found = if step.files.of_refs() {
        ref_name.map(str::to_owned)
    } else if *commit == step.forge.sha {
        Some(step.forge.ref_name.clone())
    } else if event.head() == Some(commit) {
        event.number.map(|number| format!("refs/pull/{number}/head"))
    } else if event.number.is_none() {
        // Another branch was checked out. On a pull request that name is untrusted.
        ref_name.map(str::to_owned)
    } else {
        None
    };
    match found.filter(|name| is_ref(name)) {
        Some(name) => Ok((name, commit.clone())),
        None => Err(NotUploaded::NoRef(commit.clone())),
    }
}

fn comment(inputs: &Inputs, number: u64, answer: &Answer, pages: &JobPages) -> StickyComment {
    let visibility = match is_clean(answer) {
        true => Visibility::Minimized,
        false => Visibility::Shown,
    };
    StickyComment {
        number,
        key: key(inputs),
        text: answer.comment(pages, MARKER),
        visibility,
    }
}

/// Whether nothing of a pull request is to be reported.
fn is_clean(answer: &Answer) -> bool {
    let Counts {
        affected,
        introduced,
        escalated,
        ..
    } = answer.counts();
    let compared = answer
        .outcome()
        .findings()
        .all(|(_, finding)| finding.change.is_some());
    answer.outcome().verdict == Verdict::Pass
        && match compared {
            true => introduced + escalated == 0,
            false => affected == 0,
        }
}

/// Distinguishes this step from others: a digest of what it scans.
fn key(inputs: &Inputs) -> String {
    let mut text = inputs.mode.as_str().to_owned();
    for path in &inputs.paths {
        text.push('\0');
        text.push_str(&path.to_string_lossy());
    }
    if let Some(refs) = &inputs.refs {
        text.push_str("\0refs\0");
        text.push_str(refs);
    }
    let digest = blake3::hash(text.as_bytes()).to_hex();
    digest.as_str().chars().take(16).collect()
}

/// The issue with the table of release lines: open while one has something to fix.
fn of_lines(inputs: &Inputs, backported: &Backported) -> TrackingIssue {
    let counts = backported.counts();
    let left = counts.open + counts.blocked;
    let (title, state) = match (left, counts.unknown) {
        (0, 0) => ("lockkeeper: nothing is open".to_owned(), TrackingState::Clean),
        (0, _) => (
            "lockkeeper: not everything was checked".to_owned(),
            TrackingState::Incomplete,
        ),
        (left, _) => {
            let lines = report::phrases::counted(left, "release line", "release lines");
            (format!("lockkeeper: {lines} to fix"), TrackingState::Open)
        }
    };
    TrackingIssue {
        key: key(inputs),
        title,
        text: report::lines::markdown::table(&backported.plans, ISSUE - MARKER),
        state,
    }
}

fn tracking(inputs: &Inputs, answer: &Answer, pages: &JobPages) -> TrackingIssue {
    if let Answer::Backport(backported) = answer {
        return of_lines(inputs, backported);
    }
    let outcome = answer.outcome();
    let blocking: Vec<_> = outcome
        .findings()
        .filter(|(_, finding)| finding.is_affected() && finding.blocks())
        .collect();
    let state = match (blocking.is_empty(), outcome.verdict) {
        (false, _) => TrackingState::Open,
        (true, Verdict::Pass) => TrackingState::Clean,
        (true, _) => TrackingState::Incomplete,
    };
    let advisories: BTreeSet<&str> = blocking
        .iter()
        .map(|(_, finding)| finding.advisory.id.as_str())
        .collect();
    let lines: BTreeSet<_> = blocking
        .iter()
        .map(|(target, _)| (&target.root, &target.ref_name))
        .collect();
    let counted = report::phrases::counted;
    let title = match (state, outcome.targets.len()) {
        (TrackingState::Open, 0 | 1) => format!(
            "lockkeeper: {} to fix",
            counted(advisories.len(), "advisory", "advisories")
        ),
        (TrackingState::Open, _) => format!(
            "lockkeeper: {} to fix on {}",
            counted(advisories.len(), "advisory", "advisories"),
            counted(lines.len(), "release line", "release lines")
        ),
        (TrackingState::Clean, _) => "lockkeeper: nothing is open".to_owned(),
        (TrackingState::Incomplete, _) => "lockkeeper: not everything was checked".to_owned(),
    };
    TrackingIssue {
        key: key(inputs),
        title,
        text: answer.markdown(pages, ISSUE - MARKER),
        state,
    }
}
