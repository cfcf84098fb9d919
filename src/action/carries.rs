//! Commits carried to release lines, of mode backport: those of a merged pull request, which an event, a label, a comment or an input
//! names, or commits of an input. One pull request for each line, and one table of all on the request they come from.

use std::collections::BTreeSet;

use super::backported::LineCounts;
use super::events::{Event, Kind};
use super::forge::{Connection, JobForge};
use super::inputs::Inputs;
use crate::advisory::own::{OwnAdvisory, OwnStanding};
use crate::cli::arguments::Backport;
use crate::forge::{Access, Forge, ForgeError, Readiness, TokenKind};
use crate::model::carried::{CarriedLine, CarriedLines, CarryState};
use crate::model::verdict::ExitCode;
use crate::model::{Failure, Outcome, Verdict};
use crate::policy::FixSettings;
use crate::propose::{self, Proposed, WantedSeries};
use crate::report::carried::pull_request;
use crate::session::{
    CarryRequest, CarrySource, Carrying, Input, LineSeries, OwnAdvisoryRequest, PolicyRequest, Session,
    merged,
};

/// What a comment begins with that asks to carry its pull request.
const COMMAND: &str = "/backport";

/// Commits on release lines, and what became of their pull requests.
pub struct Carries {
    /// How every line stands.
    pub lines: CarriedLines,
    /// What became of the pull requests.
    pub proposed: Proposed,
    /// What distinguishes the table of this run from those of runs for other lines.
    pub scope: String,
    /// Pull requests were to be opened: the request that they come from has a table of them.
    pub is_proposed: bool,
    /// Whether workflows run on them, as a sentence.
    pub runs: Option<&'static str>,
    /// How the run ended, for what every answer has; it scanned nothing.
    pub outcome: Outcome,
}

/// What is to be carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// These commits.
    Commits(Vec<String>),
    /// A merged pull request.
    Pull {
        /// Its number.
        number: u64,
        /// The lines that it goes to, as globs; `None` for those that are live.
        lines: Option<Vec<String>>,
        /// Who asks for it in a comment.
        by: Option<String>,
    },
    /// The fix of an advisory of the repository itself, to the lines that lack it.
    Advisory(String),
    /// Nothing, with the reason as a sentence.
    Nothing(String),
}

/// What inputs, flags and the event ask to carry; `None` where upgrades are asked for.
///
/// # Errors
/// A [`Failure`] of usage for what they say twice.
pub fn asked(
    inputs: &Inputs,
    flags: &Backport,
    event: &Event,
    looks: &FixSettings,
) -> Result<Option<Asked>, Failure> {
    let commits = [inputs.commits.clone(), flags.commits.clone()].concat();
    let pulls = [inputs.pull_request, flags.pull_request];
    let advisories = [&inputs.advisory, &flags.advisory];
    let pull = pulls.into_iter().flatten().next();
    let advisory = advisories.into_iter().flatten().next();
    let given = usize::from(!commits.is_empty())
        + pulls.into_iter().flatten().count()
        + advisories.into_iter().flatten().count();
    if given > 1 {
        return Err(Failure::usage(
            "the step is to carry two things at once",
            "Give one of the inputs `commit`, `pull-request` and `advisory`, and none of them in `args`.",
        ));
    }
    if let Some(advisory) = advisory {
        return Ok(Some(Asked::Advisory(advisory.clone())));
    }
    if !commits.is_empty() {
        return Ok(Some(Asked::Commits(commits)));
    }
    if let Some(number) = pull {
        return Ok(Some(Asked::Pull {
            number,
            lines: None,
            by: None,
        }));
    }
    Ok(match event.kind {
        Kind::PullRequest if event.is_carrying => Some(by_labels(event, looks)),
        Kind::IssueComment => Some(by_comment(event)),
        Kind::PullRequest
        | Kind::MergeGroup
        | Kind::Push
        | Kind::Tag
        | Kind::Release
        | Kind::Schedule
        | Kind::WorkflowDispatch
        | Kind::Other => None,
    })
}

fn by_labels(event: &Event, looks: &FixSettings) -> Asked {
    let (Some(number), Some(merged)) = (event.number, &event.merged) else {
        return Asked::Nothing("The pull request is not merged: nothing is carried.".to_owned());
    };
    let labels = match &merged.label {
        Some(label) => std::slice::from_ref(label),
        None => merged.labels.as_slice(),
    };
    let lines = labels.iter().filter_map(|label| looks.line_of_label(label));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    match lines.is_empty() {
        true => Asked::Nothing(format!(
            "No label of #{number} names a release line (`{}`): nothing is carried.",
            looks.backport_label
        )),
        false => Asked::Pull {
            number,
            lines: Some(lines),
            by: None,
        },
    }
}

fn by_comment(event: &Event) -> Asked {
    let Some(comment) = &event.comment else {
        return Asked::Nothing("It is no new comment on a pull request: nothing is carried.".to_owned());
    };
    let mut words = comment.body.lines().next().unwrap_or_default().split_whitespace();
    if words.next() != Some(COMMAND) {
        return Asked::Nothing(format!(
            "The comment does not begin with `{COMMAND}`: nothing is carried."
        ));
    }
    let lines: Vec<String> = words.map(|word| word.trim_matches(',').to_owned()).collect();
    Asked::Pull {
        number: comment.number,
        lines: (!lines.is_empty()).then_some(lines),
        by: Some(comment.author.clone()),
    }
}

/// What a run is about.
pub struct Job<'j> {
    /// What the workflow asks for.
    pub inputs: &'j Inputs,
    /// The repository.
    pub input: Input,
    /// Its policy.
    pub policy: PolicyRequest,
    /// Globs of release lines that the step names.
    pub refs: Option<String>,
    /// Nothing is asked to be written.
    pub dry_run: bool,
    /// The forge.
    pub forge: &'j JobForge,
    /// How pull requests look.
    pub looks: FixSettings,
}

impl Job<'_> {
    /// Carries what is asked for, and has the forge hold a pull request for each line.
    ///
    /// # Errors
    /// A [`Failure`] where the forge does not say what the pull request is, or nothing could be looked at.
    pub fn run(self, asked: Asked, session: &Session<'_>, outcome: Outcome) -> Result<Carries, Failure> {
        let mut carries = Carries::nothing(outcome);
        if let Asked::Nothing(why) = asked {
            carries.proposed.held.push(why);
            carries.settle();
            return Ok(carries);
        }
        if let Asked::Pull {
            lines: Some(lines), ..
        } = &asked
        {
            let digest = blake3::hash(lines.join(",").as_bytes()).to_hex();
            carries.scope = digest.chars().take(10).collect();
        }
        let needs_forge = match &asked {
            Asked::Pull { .. } => true,
            Asked::Commits(_) | Asked::Advisory(_) | Asked::Nothing(_) => !self.dry_run,
        };
        let connection = match needs_forge {
            true => Some(self.forge.connection(self.inputs).map_err(|error| {
                Failure::new(
                    ExitCode::Remote,
                    error.to_string(),
                    "Give the step a token of the repository.",
                )
            })?),
            false => None,
        };
        let request = match self.request(asked, connection.as_ref(), session, &mut carries.proposed)? {
            Ok(request) => request,
            Err(why) => {
                carries.proposed.held.push(why);
                carries.settle();
                return Ok(carries);
            }
        };
        let key = key(&request.source);
        let carrying = session.carry(&request)?;
        carries.lines = carrying.lines.clone();
        if let (Some(connection), false) = (connection, self.dry_run) {
            carries.is_proposed = true;
            let run = self.forge.pages().run;
            let lines = Lines {
                forge: connection.forge.as_ref(),
                key: &key,
                run: run.as_deref(),
            };
            connection.runtime.block_on(lines.propose(carrying, &mut carries));
            carries.runs = connection.end(!carries.proposed.open.is_empty());
        }
        carries.settle();
        Ok(carries)
    }

    /// What is carried, as the forge knows it; a sentence where nothing is.
    fn request(
        &self,
        asked: Asked,
        connection: Option<&Connection>,
        session: &Session<'_>,
        proposed: &mut Proposed,
    ) -> Result<Result<CarryRequest, String>, Failure> {
        let mut request = CarryRequest {
            input: self.input.clone(),
            refs: self.refs.clone(),
            policy: self.policy.clone(),
            ..CarryRequest::default()
        };
        if self.looks.sign_off
            && let Some(Connection { forge, runtime }) = connection
        {
            request.signer = runtime.block_on(forge.access()).map_err(failed)?.signature;
        }
        match (asked, connection) {
            (Asked::Commits(commits), _) => request.source = CarrySource::Commits(commits),
            (Asked::Pull { number, lines, by }, Some(Connection { forge, runtime })) => {
                if let Some(login) = by
                    && !runtime.block_on(forge.may_write(&login)).map_err(failed)?
                {
                    return Ok(Err(format!(
                        "{login} may not write to the repository: the comment is not obeyed."
                    )));
                }
                let merged = match runtime.block_on(merged(forge.as_ref(), number)).map_err(failed)? {
                    Ok(merged) => merged,
                    Err(why) => return Ok(Err(why)),
                };
                request.source = CarrySource::Merged(merged);
                request.names = lines;
            }
            (Asked::Advisory(advisory), connection) => {
                let own = self.own(advisory, connection, session)?;
                proposed.held.extend(own.notes);
                let of = |standing: &OwnStanding| {
                    let lines = own.lines.iter().filter(|line| line.standing == *standing);
                    lines.map(|line| line.name.as_str()).collect::<Vec<_>>()
                };
                proposed.held.extend(of(&OwnStanding::Unknown).into_iter().map(|line| {
                    format!("{line}: whether it has the fix is not known, since this clone lacks a part of its history.")
                }));
                let lacking = of(&OwnStanding::Affected);
                if lacking.is_empty() {
                    return Ok(Err(format!(
                        "No release line lacks the fix of {}: nothing is carried.",
                        own.id
                    )));
                }
                request.names = Some(lacking.into_iter().map(str::to_owned).collect());
                request.source = CarrySource::Commits(own.commits.carried);
            }
            (Asked::Pull { .. } | Asked::Nothing(_), _) => {}
        }
        Ok(Ok(request))
    }

    /// The advisory of the repository itself.
    fn own(
        &self,
        advisory: String,
        connection: Option<&Connection>,
        session: &Session<'_>,
    ) -> Result<OwnAdvisory, Failure> {
        let document = match connection.filter(|_| OwnAdvisoryRequest::is_of_forge(&advisory)) {
            Some(Connection { forge, runtime }) => {
                runtime.block_on(forge.advisory(&advisory)).map_err(failed)?
            }
            None => None,
        };
        session.own_advisory(&OwnAdvisoryRequest {
            input: self.input.clone(),
            refs: self.refs.clone(),
            policy: self.policy.clone(),
            advisory,
            document,
        })
    }
}

fn failed(error: ForgeError) -> Failure {
    Failure::new(ExitCode::Remote, error.to_string(), error.hint())
}

/// What distinguishes the branches of this run from others. Of an advisory that is not published nothing shows.
fn key(source: &CarrySource) -> String {
    match source {
        CarrySource::Merged(pull) => pull.number.to_string(),
        CarrySource::Commits(commits) => {
            let digest = blake3::hash(commits.join(" ").as_bytes()).to_hex();
            let digest: String = digest.chars().take(10).collect();
            format!("commits-{digest}")
        }
    }
}

/// What is the same for all lines.
struct Lines<'l> {
    forge: &'l dyn Forge,
    key: &'l str,
    run: Option<&'l str>,
}

impl Lines<'_> {
    async fn propose(&self, carrying: Carrying, carries: &mut Carries) {
        let Carrying {
            lines,
            series,
            settings,
        } = carrying;
        let access = match lines.lines.iter().any(|line| line.changes_workflows) {
            true => self.forge.access().await.ok(),
            false => None,
        };
        for (number, series) in series.into_iter().enumerate() {
            let Some(line) = carries.lines.lines.get_mut(number) else {
                continue;
            };
            let Some(base) = line.ref_name.strip_prefix("refs/heads/").map(str::to_owned) else {
                continue;
            };
            if series.is_none() && line.state != CarryState::Fixed {
                continue;
            }
            if carries.proposed.is_stopped {
                line.note = Some("It was not tried: the forge did not answer before.".to_owned());
                continue;
            }
            if let (Some(_), Some(why)) = (&series, refused_workflows(line, access.as_ref())) {
                line.state = CarryState::Blocked;
                line.reason = why;
                continue;
            }
            let wanted = self.wanted(&lines, line, &base, series);
            let proposed = propose::propose_series(self.forge, &settings, &wanted).await;
            settle(line, &proposed);
            let all = &mut carries.proposed;
            let of_line = |sentence: String| format!("{base}: {sentence}");
            all.open.extend(proposed.open);
            all.done.extend(proposed.done.into_iter().map(of_line));
            all.held.extend(proposed.held.into_iter().map(of_line));
            all.failed.extend(proposed.failed.into_iter().map(of_line));
            all.is_stopped |= proposed.is_stopped;
        }
    }

    fn wanted(
        &self,
        lines: &CarriedLines,
        line: &CarriedLine,
        base: &str,
        series: Option<LineSeries>,
    ) -> WantedSeries {
        let plan = series.as_ref().and_then(|series| series.plan.as_ref());
        let text = pull_request::of(lines, line, base, plan);
        let readiness = match line.state == CarryState::Draft || line.note.is_some() {
            true => Readiness::Draft,
            false => Readiness::Ready,
        };
        let (tip, tree, commits, advisories) = match series {
            Some(series) => (series.tip, series.tree, series.commits, series.advisories),
            None => (line.commit.clone(), String::new(), Vec::new(), BTreeSet::new()),
        };
        WantedSeries {
            base: base.to_owned(),
            key: self.key.to_owned(),
            title: text.title,
            body: text.body,
            run: self.run.map(str::to_owned),
            readiness,
            tip,
            tree,
            commits,
            advisories,
        }
    }
}

/// How a line stands with what became of its pull request.
fn settle(line: &mut CarriedLine, proposed: &Proposed) {
    line.requests.clone_from(&proposed.open);
    if let Some(why) = proposed.failed.first().or(proposed.held.first()) {
        line.note = Some(why.clone());
    }
    let is_open = !proposed.open.is_empty();
    line.state = match (line.state, is_open, proposed.failed.is_empty()) {
        (CarryState::Planned, true, _) => CarryState::Proposed,
        (CarryState::Planned | CarryState::Draft, false, false) => CarryState::Blocked,
        (state, ..) => state,
    };
    if line.state == CarryState::Blocked
        && let Some(why) = proposed.failed.first()
    {
        line.reason = format!("{}; its pull request was refused", line.reason);
        line.note = Some(why.clone());
    }
}

/// Why workflows cannot be changed with this token.
fn refused_workflows(line: &CarriedLine, access: Option<&Access>) -> Option<String> {
    let is_workflows = access.is_some_and(|access| access.token == TokenKind::Workflow);
    (line.changes_workflows && is_workflows).then(|| {
        "the commits change .github/workflows, and the token of a workflow has no right to: give the step a token of an app or a \
         person with the permission `workflows`"
            .to_owned()
    })
}

impl Carries {
    /// An answer of a run that came to nothing.
    #[must_use]
    pub fn nothing(outcome: Outcome) -> Self {
        Self {
            lines: CarriedLines::default(),
            proposed: Proposed::default(),
            scope: String::new(),
            is_proposed: false,
            runs: None,
            outcome,
        }
    }

    /// Puts the end of the run into what every answer has.
    fn settle(&mut self) {
        let code = self.exit_code();
        self.outcome.exit_code = code;
        self.outcome.verdict = match code {
            ExitCode::Pass => Verdict::Pass,
            ExitCode::Blocked | ExitCode::Some => Verdict::Blocked,
            ExitCode::Incomplete => Verdict::Incomplete,
            ExitCode::NothingToScan => Verdict::NothingToScan,
            ExitCode::Usage | ExitCode::Remote | ExitCode::Bug | ExitCode::Interrupted => Verdict::Failed,
        };
    }

    /// How the step ends: as the lines stand, but where the forge failed.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match (self.proposed.failed.is_empty(), self.proposed.done.is_empty()) {
            (true, _) => self.lines.exit_code(),
            (false, true) => ExitCode::Remote,
            (false, false) => ExitCode::Some,
        }
    }

    /// The counts of the outputs.
    #[must_use]
    pub fn counts(&self) -> LineCounts {
        let mut counts = LineCounts {
            all: self.lines.lines.len(),
            open: 0,
            blocked: 0,
            clean: 0,
            unknown: 0,
        };
        for line in &self.lines.lines {
            let count = match line.state {
                _ if !line.requests.is_empty() => &mut counts.open,
                CarryState::Planned | CarryState::Proposed | CarryState::Draft | CarryState::Blocked => {
                    &mut counts.blocked
                }
                CarryState::Unknown => &mut counts.unknown,
                CarryState::Fixed | CarryState::Nothing => &mut counts.clean,
            };
            *count += 1;
        }
        counts
    }
}
