//! The GitHub Actions door: `INPUT_*` and the event to a request, its answer, then summary, annotations and outputs.
//!
//! `inputs` reads what the workflow asks for and `events` what started the job, both without touching the world; `requests`
//! makes a request of them, and `base` finds the base of a change in the clone. `answer` is what a command returned, `report_files` which files it goes to, and
//! `placeholder` what they hold until then. `page` shows the answer, through the files of `runner`, and `upload` sends it to
//! the `forge`. The verdict comes first: what cannot be uploaded is reported in one notice and never changes the exit code.

mod answer;
mod backported;
mod backports;
mod base;
mod carries;
pub mod events;
mod forge;
mod inputs;
mod page;
mod past_requests;
mod placeholder;
mod pull_requests;
mod report_files;
mod requests;
mod runner;
mod step;
mod upload;

use std::path::{Path, PathBuf};

use crate::cli::arguments::{self, ErrorForm, OutputOptions};
use crate::cli::console::Console;
use crate::cli::output;
use crate::config::index::{self, FILE_NAME, Location, Origin};
use crate::model::grid::OpenRequest;
use crate::model::verdict::ExitCode;
use crate::model::{Failure, Grid, Verdict};
use crate::report::workflow_commands;
use crate::scan::discover::DiscoveredTree;
use crate::scan::{unfinished, what_to_do};
use crate::session::{Failed, Input, Observer as _, PolicyRequest, RemoteOf, ScanRequest, Session};
use crate::sys::file::{self, FileKind};
use crate::sys::{clock, environment, interrupt};
use answer::Answer;
use backported::Backported;
use carries::{Asked, Carries, Job};
use events::{Event, Given, Revision, Trust};
use forge::JobForge;
use inputs::{Inputs, Mode};
use report_files::ReportFiles;
use step::StepResult;

/// Runs the step and says how to end.
#[must_use]
pub fn run() -> ExitCode {
    let code = crate::cli::guarded(ErrorForm::Text, || {
        interrupt::install();
        runner::begin();
        step().inspect_err(page::failure)
    });
    if code == ExitCode::Usage {
        placeholder::withdraw();
    }
    if code == ExitCode::Bug {
        runner::broke();
    }
    code
}

/// The verbosity that logs what happens: `-vv`.
const DEBUG: u8 = 2;

/// Standard error, with workflow commands escaped.
struct Escaped;

impl std::io::Write for Escaped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        std::io::stderr().write_all(workflow_commands::inert(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

fn step() -> Result<ExitCode, Failure> {
    let inputs = inputs::read(environment::variables_after("INPUT_"))?;
    let event = event()?;
    let (flags, mut options) = Flags::of_mode(&inputs)?;
    if environment::variable("RUNNER_DEBUG").as_deref() == Some("1") {
        // Somebody runs the job again "with debug logging".
        options.verbose = options.verbose.max(DEBUG);
    }
    crate::cli::log(&options, || Escaped);
    let now = match &options.now {
        None => clock::now(),
        Some(text) => crate::cli::time(text)?,
    };
    let mut base = None;
    let forge = JobForge::here();
    let remote = forge.remote(&inputs);
    let repository = environment::variable("GITHUB_REPOSITORY").unwrap_or_default();
    let console = Console::new(&options);
    let session = |location| Session {
        location,
        now,
        offline: options.offline,
        observer: &console,
        remote: remote.as_ref(),
        default_branch: event.default_branch.as_deref(),
        repository: &repository,
    };
    let (files, answer) = match flags {
        Flags::Scan(arguments) => {
            let mut request = requests::scan(&inputs, &arguments, now)?;
            if request.resolve && event.trust == Trust::Fork {
                // Its poms may name any repository, and would be asked for with what the runner knows.
                request.resolve = false;
                console.warn("`resolve` is left out on a pull request from a fork");
            }
            let files = ReportFiles::of(&inputs, &arguments.reports)?;
            let location = location(&inputs, arguments.source.db.as_deref())?;
            let files = files.for_refs(request.refs.is_some());
            let reports = files.reports();
            request.keep = output::keep(reports.iter().map(|(_, format, _)| *format));
            let sinks = reports.into_iter().map(|(_, format, sink)| (format, sink));
            request.input.reports = output::files(&sinks.collect::<Vec<_>>());
            let begun = Answer::from(unfinished::unfinished(now));
            files.begin(
                &begun,
                &options,
                inputs.sarif_file.is_some(),
                request.refs.as_deref(),
            );
            let begin = |found: &[&DiscoveredTree]| {
                let outcome = unfinished::unread(found, now);
                files.begin_refs(&outcome, &options, inputs.sarif_file.is_some());
                Ok(())
            };
            let session = session(&location);
            let scanned = match take_base(&mut request, &event, remote.as_ref()) {
                Ok(taken) => {
                    base = taken;
                    session.scan(&request, begin)
                }
                Err(failure) => Err(session.unscanned(&request, failure)),
            };
            (files, ended(scanned, |scanned| Answer::Scan(Box::new(scanned))))
        }
        Flags::Gate(arguments) => {
            let request = requests::gate(&inputs, &arguments, &event, now)?;
            let files = ReportFiles::of(&inputs, &arguments.reports)?;
            let location = location(&inputs, arguments.source.db.as_deref())?;
            let begun = Answer::Gate(what_to_do::gate(unfinished::unfinished(now), &request.release));
            files.begin(&begun, &options, true, None);
            let mut gate = session(&location).gate(&request);
            if let Ok(gate) = &mut gate
                && !gate.blocking.is_empty()
            {
                gate.propose(&open_requests(&request.input, &request.policy, &inputs, &forge));
            }
            (files, ended(gate, Answer::Gate))
        }
        Flags::Status(arguments) => {
            let request = requests::status(&inputs, &arguments, now)?;
            let files = ReportFiles::of(&inputs, &arguments.reports)?;
            let location = location(&inputs, arguments.source.db.as_deref())?;
            let begun = Answer::Status(Grid::without_lines(unfinished::unfinished(now)));
            files.begin(&begun, &options, true, None);
            let mut grid = session(&location).status(&request);
            if let Ok(grid) = &mut grid
                && grid.outcome.verdict == Verdict::Blocked
            {
                grid.propose(&open_requests(&request.input, &request.policy, &inputs, &forge));
            }
            if let Ok(grid) = &mut grid
                && let Ok(policy) = crate::session::policy(&request.input, &request.policy)
            {
                past_requests::put(grid, &policy.fix, &inputs, &forge, now);
            }
            (files, ended(grid, Answer::Status))
        }
        Flags::Backport(arguments) if carried(&inputs, &arguments, &event)?.is_some() => {
            let (job, asked) = carry_job(&inputs, &arguments, &event, &forge)?;
            let files = ReportFiles::of(&inputs, &arguments.reports)?;
            let location = location(&inputs, arguments.source.db.as_deref())?;
            let begun = Answer::Carry(Box::new(Carries::nothing(unfinished::unfinished(now))));
            files.begin(&begun, &options, true, None);
            let carries = job.run(asked, &session(&location), unfinished::unfinished(now));
            let answer = carries.map(|carries| Answer::Carry(Box::new(carries)));
            (files, answer.map_err(Failed::from))
        }
        Flags::Backport(arguments) => {
            let request = requests::backport(&inputs, &arguments)?;
            if !arguments.dry_run {
                requests::may_propose(&event)?;
            }
            let files = ReportFiles::of(&inputs, &arguments.reports)?;
            let location = location(&inputs, arguments.source.db.as_deref())?;
            let nothing = |outcome| Answer::Backport(Box::new(Backported::nothing(outcome)));
            files.begin(&nothing(unfinished::unfinished(now)), &options, true, None);
            let plans = session(&location).backport(&request).map_err(|failed| Failed {
                failure: failed.failure,
                report: failed.report.map(|plans| Box::new(nothing(plans.after))),
            });
            let answer = plans.map(|plans| {
                let backported = backports::propose(plans, arguments.dry_run, &inputs, &forge);
                Answer::Backport(Box::new(backported))
            });
            (files, answer)
        }
        Flags::Fix(arguments) => {
            let request = requests::fix(&inputs, &arguments)?;
            let base = match arguments.dry_run {
                true => None,
                false => Some(requests::base_branch(&event, &forge.ref_name)?),
            };
            let files = ReportFiles::of(&inputs, &arguments.reports)?;
            let location = location(&inputs, arguments.source.db.as_deref())?;
            let begun = Answer::Fix(Box::new(pull_requests::nothing(unfinished::unfinished(now))));
            files.begin(&begun, &options, true, None);
            let fixes = session(&location).fixes(&request).map_err(|failed| Failed {
                failure: failed.failure,
                report: failed
                    .report
                    .map(|proposal| Box::new(Answer::Fix(Box::new(pull_requests::nothing(proposal.after))))),
            });
            let answer = fixes
                .map(|fixes| Answer::Fix(Box::new(pull_requests::propose(fixes, base, &inputs, &forge))));
            (files, answer)
        }
    };
    let result = |files, answer| StepResult {
        inputs: &inputs,
        event: &event,
        base: base.as_ref(),
        options: &options,
        files,
        answer,
        forge: &forge,
    };
    match answer {
        Ok(answer) => {
            page::show(&result(&files, &answer));
            Ok(answer.exit_code())
        }
        Err(Failed { failure, report }) => {
            if let Some(answer) = report {
                // Reports that inputs name are written, and say that nothing was checked.
                page::reports(&result(&files.asked_for(&inputs), &answer));
            }
            Err(failure)
        }
    }
}

/// What is to be carried; `None` where upgrades are asked for.
fn carried(inputs: &Inputs, flags: &arguments::Backport, event: &Event) -> Result<Option<Asked>, Failure> {
    let request = requests::backport(inputs, flags)?;
    let looks = crate::session::policy(&request.fix.input, &request.fix.policy)?.fix;
    carries::asked(inputs, flags, event, &looks)
}

/// The job of carrying it.
fn carry_job<'j>(
    inputs: &'j Inputs,
    flags: &arguments::Backport,
    event: &Event,
    forge: &'j JobForge,
) -> Result<(Job<'j>, Asked), Failure> {
    let request = requests::backport(inputs, flags)?;
    let looks = crate::session::policy(&request.fix.input, &request.fix.policy)?.fix;
    let asked = carries::asked(inputs, flags, event, &looks)?;
    let job = Job {
        inputs,
        input: request.fix.input,
        policy: request.fix.policy,
        refs: request.refs,
        dry_run: flags.dry_run,
        forge,
        looks,
    };
    Ok((job, asked.unwrap_or(Asked::Nothing(String::new()))))
}

/// The pull requests of lockkeeper that are open at the forge of the job.
fn open_requests(input: &Input, policy: &PolicyRequest, inputs: &Inputs, job: &JobForge) -> Vec<OpenRequest> {
    match crate::session::policy(input, policy) {
        Ok(policy) => backports::open(&policy.fix, inputs, job),
        Err(_) => Vec::new(),
    }
}

/// The answer of a use case, or its failure with the answer that says that nothing was checked.
fn ended<T>(result: Result<T, Failed<T>>, answer: impl Fn(T) -> Answer) -> Result<Answer, Failed<Answer>> {
    result.map(&answer).map_err(|Failed { failure, report }| Failed {
        failure,
        report: report.map(|report| Box::new(answer(*report))),
    })
}

/// The flags of `args`, by mode.
enum Flags {
    Scan(Box<arguments::Scan>),
    Gate(Box<arguments::Gate>),
    Status(Box<arguments::Status>),
    Fix(Box<arguments::Fix>),
    Backport(Box<arguments::Backport>),
}

impl Flags {
    fn of_mode(inputs: &Inputs) -> Result<(Self, OutputOptions), Failure> {
        Ok(match inputs.mode {
            Mode::Scan => {
                let flags = requests::Flags::read(inputs)?;
                (Self::Scan(Box::new(flags.command)), flags.options)
            }
            Mode::Gate => {
                let flags = requests::Flags::read(inputs)?;
                (Self::Gate(Box::new(flags.command)), flags.options)
            }
            Mode::Status => {
                let flags = requests::Flags::read(inputs)?;
                (Self::Status(Box::new(flags.command)), flags.options)
            }
            Mode::Fix => {
                let flags: requests::Flags<arguments::Fix> = requests::Flags::read(inputs)?;
                let command = match inputs.refs.is_some() || flags.command.refs.is_some() {
                    true => Self::Backport(Box::new(requests::as_backport(inputs, flags.command)?)),
                    false => Self::Fix(Box::new(flags.command)),
                };
                (command, flags.options)
            }
            Mode::Backport => {
                let flags = requests::Flags::read(inputs)?;
                (Self::Backport(Box::new(flags.command)), flags.options)
            }
        })
    }
}

/// What started the job, by the runner's environment.
fn event() -> Result<Event, Failure> {
    let variable = |name: &str| environment::variable(name).unwrap_or_default();
    let payload = environment::path("GITHUB_EVENT_PATH")
        .and_then(|path| file::read(&path, events::LIMIT).ok())
        .flatten();
    events::read(&Given {
        name: &variable("GITHUB_EVENT_NAME"),
        payload: payload.as_deref(),
        ref_name: &variable("GITHUB_REF"),
        sha: &variable("GITHUB_SHA"),
        base_ref: &variable("GITHUB_BASE_REF"),
    })
}

/// Puts the base of a change into the request, if it names nothing to compare with and there is something to compare.
fn take_base(
    request: &mut ScanRequest,
    event: &Event,
    remote: Option<&RemoteOf>,
) -> Result<Option<Revision>, Failure> {
    let input = &request.input;
    let is_a_tree = input.stdin.is_none() && input.as_format.is_none() && request.refs.is_none();
    let Some(change) = event
        .change
        .as_ref()
        .filter(|_| is_a_tree && request.base.is_none())
    else {
        return Ok(None);
    };
    let base = base::find(change, &input.paths, remote)?;
    request.base = base.as_ref().map(|base| base.name.clone());
    Ok(base)
}

/// Where a fetched index lies if the environment names no home and no input a folder: one of the job, else one that nobody
/// else knew before, since an index that somebody put there would be believed.
fn homeless() -> PathBuf {
    match environment::path("RUNNER_TEMP") {
        Some(folder) => folder.join("lockkeeper"),
        None => file::private_folder().unwrap_or_else(|_| PathBuf::from(".lockkeeper-cache")),
    }
}

fn location(inputs: &Inputs, flag: Option<&Path>) -> Result<Location, Failure> {
    if flag.is_some() {
        return index::locate(flag);
    }
    let folder = inputs.cache_folder.as_ref().map(PathBuf::from);
    match (&inputs.database, folder) {
        // A folder is as good as an address: it has an export or a publication.
        (Some(place), folder)
            if place.contains("://") || file::kind(Path::new(place)).ok() == Some(FileKind::Folder) =>
        {
            let folder = folder.or_else(environment::cache_folder);
            Ok(Location {
                path: folder.unwrap_or_else(homeless).join(FILE_NAME),
                origin: Origin::Address,
                address: Some(place.clone()),
            })
        }
        (Some(file), _) => Ok(Location {
            path: file.into(),
            origin: Origin::Flag,
            address: None,
        }),
        (None, Some(folder)) if environment::path("LOCKKEEPER_DB").is_none() => Ok(Location {
            path: folder.join(FILE_NAME),
            origin: Origin::Cache,
            address: None,
        }),
        // A container may run as nobody in particular.
        (None, _) => Ok(index::locate(None).unwrap_or_else(|_| Location {
            path: homeless().join(FILE_NAME),
            origin: Origin::Cache,
            address: None,
        })),
    }
}
