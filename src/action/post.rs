//! What the step says at the forge: which ref a SARIF document is for, what stands in the comment and in the issue, and why
//! something is not said. Nothing here changes the verdict.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Counts};
use super::events::{Kind, Trust};
use super::inputs::{Inputs, Mode, Upload};
use super::publish::Told;
use crate::cli::output;
use crate::forge::{self, CodeScanning, Forge, ForgeError, RepositoryName, SarifUpload, Shown, Site};
use crate::git::RemoteError;
use crate::git::remote::Remote;
use crate::model::advisory::{TextKey, Texts};
use crate::model::verdict::ExitCode;
use crate::model::{Finding, Outcome, Target, Verdict};
use crate::publish::{self, Budget, Found, Published, Sticky, Tracking, Work};
use crate::remote::{ForgeRemote, Unreachable};
use crate::report::markdown::COMMENT;
use crate::report::{self, Style};
use crate::scan::FILE_LIMIT;
use crate::session::RemoteOf;
use crate::sys::environment;
use crate::sys::web::{self, Address, BadAddress, Patience, Settings, Web};

/// Room for a marker in a comment and in an issue.
const MARKER: usize = 200;

/// What the runner says of the forge.
#[derive(Debug, Clone, Default)]
pub struct Runner {
    /// `GITHUB_API_URL`.
    api: String,
    /// `GITHUB_GRAPHQL_URL`.
    graphql: String,
    /// `GITHUB_REPOSITORY`.
    repository: String,
    /// `GITHUB_REF`.
    ref_name: String,
    /// `GITHUB_SHA`.
    sha: String,
}

impl Runner {
    /// What the environment says.
    #[must_use]
    pub fn here() -> Self {
        let variable = |name: &str| environment::variable(name).unwrap_or_default();
        Self {
            api: variable("GITHUB_API_URL"),
            graphql: variable("GITHUB_GRAPHQL_URL"),
            repository: variable("GITHUB_REPOSITORY"),
            ref_name: variable("GITHUB_REF"),
            sha: variable("GITHUB_SHA"),
        }
    }

    /// The repository at its forge.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn connect(&self, inputs: &Inputs, web: Arc<Web>) -> Result<Box<dyn Forge>, ConnectError> {
        let api = self.api()?;
        if !api.is_encrypted() && !api.is_loopback() {
            return Err(ConnectError::Unencrypted("GITHUB_API_URL", api));
        }
        let graphql = Address::parse(&self.graphql).ok();
        if let Some(graphql) = &graphql
            && !graphql.is_encrypted()
            && !graphql.is_loopback()
        {
            return Err(ConnectError::Unencrypted("GITHUB_GRAPHQL_URL", graphql.clone()));
        }
        let repository = RepositoryName::parse(&self.repository).ok_or(ConnectError::NoRepository)?;
        let site = Site {
            web,
            graphql,
            repository,
            token: inputs.token.clone(),
            api: api.clone(),
        };
        (forge::kind_at(&api).connect)(site).map_err(ConnectError::Forge)
    }

    /// The forge as the remote of a clone, where there is a forge.
    #[must_use]
    pub fn remote(&self, inputs: &Inputs) -> Option<RemoteOf> {
        if !self.has_forge() {
            return None;
        }
        let remote = web::runtime().map_err(RemoteError::new).and_then(|runtime| {
            let forge = self
                .connect(inputs, Arc::new(Web::new(settings())))
                .map_err(RemoteError::new)?;
            Ok(ForgeRemote::new(forge, runtime, FILE_LIMIT))
        });
        let remote: Arc<dyn Remote> = match remote {
            Ok(remote) => Arc::new(remote),
            Err(error) => Arc::new(Unreachable(error)),
        };
        Some(RemoteOf {
            repository: self.repository.clone(),
            remote,
        })
    }

    fn api(&self) -> Result<Address, ConnectError> {
        Address::parse(&self.api).map_err(ConnectError::NoAddress)
    }

    /// Whether there is a forge to ask at all.
    #[must_use]
    pub fn has_forge(&self) -> bool {
        self.api().is_ok() && RepositoryName::parse(&self.repository).is_some()
    }
}

/// Why the forge cannot be reached, each a sentence and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The environment names no API.
    #[error("GITHUB_API_URL names no address. Run the step in a workflow.")]
    NoAddress(#[source] BadAddress),
    /// A token would be sent in plain text: the variable, and the address in it.
    #[error(
        "The address of the API, {1}, is not encrypted, and no token is sent there. Set {0} to an https address."
    )]
    Unencrypted(&'static str, Address),
    /// The environment names no repository.
    #[error("GITHUB_REPOSITORY names no repository. Run the step in a workflow.")]
    NoRepository,
    /// The adapter of the forge refuses it.
    #[error("{0}. {hint}", hint = .0.hint())]
    Forge(#[source] ForgeError),
}

/// How patient the step is with a forge: short enough that the whole ends within a minute.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        connect: Duration::from_secs(10),
        idle: Duration::from_secs(12),
        patience: Patience {
            attempts: 3,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(4),
            total: Duration::from_secs(20),
        },
        ..Settings::default()
    }
}

/// Says at the forge what the inputs ask for.
pub fn post(
    told: &Told<'_>,
    runner: &Runner,
    texts: &std::collections::HashMap<TextKey, Texts>,
) -> Published {
    let mut published = Published::default();
    let work = work(told, runner, texts, &mut published);
    if work.is_empty() {
        return published;
    }
    let web = Arc::new(Web::new(settings()));
    let forge = match runner.connect(told.inputs, web.clone()) {
        Ok(forge) => forge,
        Err(error) => {
            published.missed.push(error.to_string());
            return published;
        }
    };
    let runtime = match web::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            published
                .missed
                .push(format!("The system refuses what a connection needs: {error}."));
            return published;
        }
    };
    let said = runtime.block_on(publish::publish(
        forge.as_ref(),
        &work,
        Budget::default(),
        web.waiting(),
    ));
    // A name that is still being looked up must not keep the step.
    runtime.shutdown_background();
    published.done.extend(said.done);
    published.missed.extend(said.missed);
    if !published.missed.is_empty() {
        published
            .missed
            .extend(token_of(told.event.trust).map(str::to_owned));
    }
    published
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

/// What is said. What is not, though it was asked for, goes to `published`.
fn work(
    told: &Told<'_>,
    runner: &Runner,
    texts: &std::collections::HashMap<TextKey, Texts>,
    published: &mut Published,
) -> Work {
    let Told {
        inputs,
        event,
        answer,
        ..
    } = told;
    let mut work = Work::default();
    if wants_sarif(inputs, runner) {
        match sarif(told, runner, texts) {
            Ok(uploads) => work.sarif = uploads,
            Err(error) => published.missed.push(error.to_string()),
        }
    }
    if inputs.comment
        && let Some(number) = event.number
    {
        work.comment = Some(comment(inputs, number, answer));
    }
    if inputs.tracking_issue && !matches!(event.kind, Kind::PullRequest | Kind::MergeGroup) {
        work.issue = Some(tracking(inputs, answer));
    }
    let asks = !work.is_empty();
    if asks && inputs.token.is_none() {
        published.missed.push(
            "There is no token to publish with. Leave the input `token` out, or give it one.".to_owned(),
        );
        return Work::default();
    }
    work
}

/// Whether SARIF is to be uploaded, if it can be.
fn wants_sarif(inputs: &Inputs, runner: &Runner) -> bool {
    let has_scanning = runner
        .api()
        .is_ok_and(|api| forge::kind_at(&api).code_scanning == CodeScanning::Offered);
    match (inputs.mode, inputs.upload) {
        (Mode::Gate | Mode::Status, _) | (_, Upload::Never) => false,
        (Mode::Scan, Upload::Always) => true,
        // Elsewhere than in a workflow nobody expects an upload.
        (Mode::Scan, Upload::Auto) => has_scanning && runner.has_forge() && inputs.token.is_some(),
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
fn sarif(
    told: &Told<'_>,
    runner: &Runner,
    texts: &std::collections::HashMap<TextKey, Texts>,
) -> Result<Vec<SarifUpload>, NotUploaded> {
    let outcome = told.answer.outcome();
    if told.inputs.upload == Upload::Auto && !outcome.coverage.is_complete() {
        return Err(NotUploaded::Incomplete);
    }
    let mut uploads = Vec::new();
    // Where there is nothing to scan, nothing was found to be clean.
    let parts = match outcome.verdict {
        Verdict::NothingToScan if outcome.exit_code != ExitCode::Pass => Vec::new(),
        Verdict::NothingToScan | Verdict::Pass | Verdict::Blocked | Verdict::Incomplete | Verdict::Failed => {
            parts(outcome, told.plan.of_refs())
        }
    };
    for part in parts {
        let (ref_name, commit) = place(&part, told, runner)?;
        let style = output::style(told.voice, &output::Sink::Standard, texts);
        uploads.push(SarifUpload {
            sarif: rendered(&part, &style),
            ref_name,
            commit,
        });
    }
    Ok(uploads)
}

/// Code scanning takes the findings of one ref at a time, and would show as open what somebody accepted or what does not apply:
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
fn place(outcome: &Outcome, told: &Told<'_>, runner: &Runner) -> Result<(String, String), NotUploaded> {
    let event = told.event;
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
    let found = if told.plan.of_refs() {
        ref_name.map(str::to_owned)
    } else if *commit == runner.sha {
        Some(runner.ref_name.clone())
    } else if event.head() == Some(commit) {
        event.number.map(|number| format!("refs/pull/{number}/head"))
    } else if event.number.is_none() {
        // Another branch was checked out. On a pull request that name may be a stranger's.
        ref_name.map(str::to_owned)
    } else {
        None
    };
    match found.filter(|name| is_ref(name)) {
        Some(name) => Ok((name, commit.clone())),
        None => Err(NotUploaded::NoRef(commit.clone())),
    }
}

fn comment(inputs: &Inputs, number: u64, answer: &Answer) -> Sticky {
    let shown = match is_clean(answer) {
        true => Shown::Minimised,
        false => Shown::Whole,
    };
    Sticky {
        number,
        key: key(inputs),
        text: answer.markdown(COMMENT - MARKER),
        shown,
    }
}

/// Whether a pull request has nothing to answer for.
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

/// What tells the comment of this step from those of other steps: what it looks at.
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

fn tracking(inputs: &Inputs, answer: &Answer) -> Tracking {
    let outcome = answer.outcome();
    let blocking: Vec<_> = outcome
        .findings()
        .filter(|(_, finding)| finding.is_affected() && finding.blocks())
        .collect();
    let state = match (blocking.is_empty(), outcome.verdict) {
        (false, _) => Found::Open,
        (true, Verdict::Pass) => Found::Clean,
        (true, _) => Found::Unsure,
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
        (Found::Open, 0 | 1) => format!(
            "lockkeeper: {} to fix",
            counted(advisories.len(), "advisory", "advisories")
        ),
        (Found::Open, _) => format!(
            "lockkeeper: {} to fix on {}",
            counted(advisories.len(), "advisory", "advisories"),
            counted(lines.len(), "release line", "release lines")
        ),
        (Found::Clean, _) => "lockkeeper: nothing is open".to_owned(),
        (Found::Unsure, _) => "lockkeeper: not everything was checked".to_owned(),
    };
    Tracking {
        key: key(inputs),
        title,
        text: answer.markdown(COMMENT - MARKER),
        state,
    }
}
