//! The request that inputs and event stand for, with the flags of `args` on top of it. What both say is refused: which of
//! them was meant is not for the step to guess.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser};
use jiff::Timestamp;

use super::events::{Event, Kind};
use super::inputs::Inputs;
use crate::cli::arguments::{self, OutputOptions};
use crate::cli::{gate, scan, status, upgrades};
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::scan::ExitOptions;
use crate::session::{BackportRequest, Edits, FixRequest, GateRequest, Input, ScanRequest, StatusRequest};

/// The flags of `args`: those of the command that the mode stands for.
#[derive(Debug, Parser)]
#[command(name = "lockkeeper", no_binary_name = true)]
pub struct Flags<A: Args> {
    /// Those of the command.
    #[command(flatten)]
    pub command: A,
    /// Those of every command.
    #[command(flatten)]
    pub options: OutputOptions,
}

impl<A: Args> Flags<A> {
    /// Reads `args`.
    ///
    /// # Errors
    /// A [`Failure`] of usage for what the command does not take.
    pub fn read(inputs: &Inputs) -> Result<Self, Failure> {
        // An input or the event may name the release.
        let command = Self::command().mut_args(|argument| match argument.get_id().as_str() {
            "release" => argument.required(false),
            _ => argument,
        });
        let matches = command.try_get_matches_from(&inputs.args);
        matches
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| {
                let text = error.to_string();
                let first = text.lines().next().unwrap_or_default();
                Failure::usage(
                    first.trim_start_matches("error: "),
                    format!(
                        "Correct the inputs of the step; `args` takes flags of `lockkeeper {}`.",
                        inputs.mode.as_str()
                    ),
                )
            })
    }
}

/// The scan that the step asks for.
///
/// # Errors
/// A [`Failure`] of usage for a value that is none of its kind, and for inputs and flags that exclude each other.
pub fn scan(inputs: &Inputs, flags: &arguments::Scan, now: Timestamp) -> Result<ScanRequest, Failure> {
    refuse_ignore(&flags.ignore)?;
    let over = scan::request(flags, now)?;
    let category = inputs.category.as_deref();
    let category = category
        .map(|name| scan::category("category", name))
        .transpose()?;
    let request = ScanRequest {
        input: Input {
            stdin: over.input.stdin,
            as_format: over.input.as_format,
            reports: over.input.reports,
            ..Input::of(over.input.paths.into_iter().chain(inputs.paths.iter().cloned()))
        },
        base: one("base", inputs.base.clone(), over.base)?,
        staged: over.staged,
        refs: one("refs", inputs.refs.clone(), over.refs)?,
        resolve: inputs.resolve || over.resolve,
        keep: over.keep,
        policy: policy(inputs, flags.source.policy.as_ref(), flags.fail_on.as_ref())?,
        exit: exit(inputs, over.exit),
        category: one("category", category, over.category)?,
        vex: over.vex,
    };
    let (input, refs) = (&request.input, request.refs.is_some());
    let is_one_file = input.stdin.is_some() || input.as_format.is_some();
    for (left, right, both) in [
        ("`base`", "`refs`", request.base.is_some() && refs),
        ("`--staged`", "`refs`", request.staged && refs),
        ("`resolve`", "`refs`", request.resolve && refs),
        ("`resolve`", "one file by itself", request.resolve && is_one_file),
        (
            "`path`",
            "one file by itself",
            !input.paths.is_empty() && is_one_file,
        ),
        (
            "`base`",
            "one file by itself",
            request.base.is_some() && is_one_file,
        ),
        ("`refs`", "one file by itself", refs && is_one_file),
    ] {
        if both {
            return Err(Failure::usage(
                format!("the step is to scan with {left} and {right} at once"),
                "Leave one of them out of the inputs and `args`.",
            ));
        }
    }
    Ok(request)
}

/// The gate that the step asks for.
///
/// # Errors
/// As for [`scan`], and where neither inputs nor flags nor the event name a release.
pub fn gate(
    inputs: &Inputs,
    flags: &arguments::Gate,
    event: &Event,
    now: Timestamp,
) -> Result<GateRequest, Failure> {
    refuse_ignore(&flags.ignore)?;
    let over = gate::request(flags, now)?;
    Ok(GateRequest {
        input: path(inputs, flags.path.as_ref())?,
        release: release(inputs, flags.release.as_deref(), event)?,
        policy: policy(inputs, flags.source.policy.as_ref(), flags.fail_on.as_ref())?,
        exit: exit(inputs, over.exit),
    })
}

/// The grid that the step asks for.
///
/// # Errors
/// As for [`scan`].
pub fn status(inputs: &Inputs, flags: &arguments::Status, now: Timestamp) -> Result<StatusRequest, Failure> {
    refuse_ignore(&flags.ignore)?;
    let over = status::request(flags, now)?;
    Ok(StatusRequest {
        input: path(inputs, flags.path.as_ref())?,
        refs: one("refs", inputs.refs.clone(), over.refs)?,
        history: over.history,
        metrics: over.metrics,
        policy: policy(inputs, flags.source.policy.as_ref(), flags.fail_on.as_ref())?,
    })
}

/// The upgrades that the step asks for. Nothing is written where the step runs.
///
/// # Errors
/// As for [`scan`], and for a flag that would write to the checkout.
pub fn fix(inputs: &Inputs, flags: &arguments::Fix) -> Result<FixRequest, Failure> {
    if flags.allow_dirty {
        return Err(Failure::usage(
            "`--allow-dirty` has no meaning in mode fix: the step changes no file of the checkout",
            "Leave it out of `args`.",
        ));
    }
    let paths = [flags.paths.clone(), inputs.paths.clone()].concat();
    let policy = policy(inputs, flags.source.policy.as_ref(), None)?;
    let mut request = upgrades::request(&paths, &flags.upgrades, policy, Edits::Show);
    request.resolve |= inputs.resolve;
    request.limits.for_pull_request = true;
    Ok(request)
}

/// The upgrades of release lines that the step asks for.
///
/// # Errors
/// As for [`scan`].
pub fn backport(inputs: &Inputs, flags: &arguments::Backport) -> Result<BackportRequest, Failure> {
    if flags.advisory.is_some() {
        return Err(Failure::usage(
            "`--advisory` shows what a release line lacks, and the step opens pull requests with upgrades",
            "Run `lockkeeper backport --advisory` by hand, or leave it out of `args`.",
        ));
    }
    let policy = policy(inputs, flags.source.policy.as_ref(), None)?;
    let input = path(inputs, flags.path.as_ref())?;
    let mut fix = upgrades::request(&input.paths, &flags.upgrades, policy, Edits::Show);
    fix.limits.for_pull_request = true;
    Ok(BackportRequest {
        fix,
        refs: one("refs", inputs.refs.clone(), flags.refs.clone())?,
    })
}

/// The flags of mode fix with `refs` as those of mode backport, which it is.
///
/// # Errors
/// A [`Failure`] of usage for what release lines do not have.
pub fn as_backport(inputs: &Inputs, flags: arguments::Fix) -> Result<arguments::Backport, Failure> {
    let refused = [
        ("`resolve`", inputs.resolve || flags.upgrades.resolve),
        ("several paths", inputs.paths.len().max(flags.paths.len()) > 1),
        ("`--allow-dirty`", flags.allow_dirty),
    ];
    if let Some((what, _)) = refused.iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::usage(
            format!("the step is to fix release lines (`refs`), and {what} has no meaning there"),
            "Leave one of them out of the inputs and `args`.",
        ));
    }
    Ok(arguments::Backport {
        path: flags.paths.into_iter().next(),
        refs: flags.refs,
        commits: Vec::new(),
        pull_request: None,
        advisory: None,
        upgrades: flags.upgrades,
        dry_run: flags.dry_run,
        source: flags.source,
        reports: flags.reports,
    })
}

/// A job that may propose changes of release lines: it runs for what is merged.
///
/// # Errors
/// A [`Failure`] of usage for an event about a change that is not merged.
pub fn may_propose(event: &Event) -> Result<(), Failure> {
    match event.kind {
        Kind::Push | Kind::Schedule | Kind::WorkflowDispatch | Kind::Tag | Kind::Release | Kind::Other => {
            Ok(())
        }
        Kind::PullRequest | Kind::MergeGroup | Kind::IssueComment => Err(Failure::usage(
            "pull requests into release lines are opened from what is merged, and this job is about a change that is not",
            "Run it on `push` to the default branch, `schedule` or `workflow_dispatch`; elsewhere give `args: --dry-run`.",
        )),
    }
}

/// The short name of the branch that pull requests are for: the one that started the job.
///
/// # Errors
/// A [`Failure`] of usage for an event that is not about a branch, or is about a change that is not merged.
pub fn base_branch<'r>(event: &Event, ref_name: &'r str) -> Result<&'r str, Failure> {
    let is_of_branch = match event.kind {
        Kind::Push | Kind::Schedule | Kind::WorkflowDispatch | Kind::Other => true,
        Kind::PullRequest | Kind::MergeGroup | Kind::Tag | Kind::Release | Kind::IssueComment => false,
    };
    ref_name
        .strip_prefix("refs/heads/")
        .filter(|_| is_of_branch)
        .ok_or_else(|| {
            Failure::usage(
                "mode fix opens pull requests into the branch that a job runs for, and this job runs for none",
                "Run it on `push` to a branch, `schedule` or `workflow_dispatch`; elsewhere give `args: --dry-run`.",
            )
        })
}

/// Only the policy accepts findings in a workflow: a flag has neither a reason nor a last day.
fn refuse_ignore(ignore: &[String]) -> Result<(), Failure> {
    match ignore {
        [] => Ok(()),
        _ => Err(Failure::usage(
            "`--ignore` in `args` is for local runs: in a workflow, who changes it accepts a risk without a reason and a last day",
            "Accept the advisory in the policy instead, with `reason` and `expires`: `lockkeeper explain ID` prints the exception.",
        )),
    }
}

/// What `input` or a flag says.
fn one<T>(name: &str, input: Option<T>, flag: Option<T>) -> Result<Option<T>, Failure> {
    match (input, flag) {
        (Some(_), Some(_)) => Err(Failure::usage(
            format!("the input `{name}` and `args` say the same thing twice"),
            format!("Leave `{name}` out of one of them."),
        )),
        (input, flag) => Ok(input.or(flag)),
    }
}

fn policy(
    inputs: &Inputs,
    file: Option<&PathBuf>,
    fail_on: Option<&String>,
) -> Result<PolicyRequest, Failure> {
    let file = one("policy", inputs.policy.clone(), file.cloned())?;
    let fail_on = one("fail-on", inputs.fail_on.clone(), fail_on.cloned())?;
    PolicyRequest::new(file, fail_on.as_deref())
}

fn exit(inputs: &Inputs, flags: ExitOptions) -> ExitOptions {
    ExitOptions {
        exit_zero: inputs.exit_zero || flags.exit_zero,
        allow_empty: inputs.allow_empty || flags.allow_empty,
    }
}

fn path(inputs: &Inputs, flag: Option<&PathBuf>) -> Result<Input, Failure> {
    let path = one("path", inputs.paths.first(), flag)?;
    Ok(Input::path(path.map(PathBuf::as_path)))
}

/// The release to judge: a branch, a tag or a commit.
fn release(inputs: &Inputs, flag: Option<&str>, event: &Event) -> Result<String, Failure> {
    let input = inputs.refs.as_deref();
    if let Some(refs) = input
        && (refs.contains([',', '*', '?', '[', '{']) || refs.contains(char::is_whitespace))
    {
        return Err(Failure::usage(
            format!("mode gate is for one release, and `refs` is {refs:?}"),
            "Name one branch, tag or commit, and run the step once for each.",
        ));
    }
    let release = one("refs", input, flag)?.or(event.release.as_deref());
    release.map(str::to_owned).ok_or_else(|| {
        Failure::usage(
            format!(
                "mode gate needs a release, and the event ({}) is about none",
                event.kind.as_str()
            ),
            "Name a branch or tag with the input `refs`, or run the step on `release` or on the push of a tag.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::events::{self, Given};
    use crate::action::inputs;

    fn from(pairs: &[(&str, &str)]) -> Result<Inputs, Failure> {
        inputs::read(
            pairs
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        )
    }

    fn scanned(pairs: &[(&str, &str)]) -> Result<ScanRequest, Failure> {
        let inputs = from(pairs)?;
        scan(&inputs, &Flags::read(&inputs)?.command, Timestamp::UNIX_EPOCH)
    }

    /// The gate of inputs on an event.
    fn gated(pairs: &[(&str, &str)], event: &str, ref_name: &str) -> Result<GateRequest, Failure> {
        let given = Given {
            name: event,
            ref_name,
            ..Given::default()
        };
        let inputs = from(pairs)?;
        let flags = Flags::read(&inputs)?;
        gate(
            &inputs,
            &flags.command,
            &events::read(&given)?,
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn inputs_become_a_request_and_flags_are_laid_over_it() {
        let request = scanned(&[
            ("PATH", "a b\n-c"),
            ("FAIL-ON", "high"),
            ("POLICY", "--x"),
            ("BASE", "--main"),
            ("EXIT-ZERO", "true"),
            ("ALLOW-EMPTY", ""),
            ("CATEGORY", "-api"),
            ("ARGS", "--allow-empty 'd e' -v"),
            ("UPLOAD-SARIF", "auto"),
        ]);
        let request = request.expect("a request");
        // No value of an input is taken for a flag.
        let paths: Vec<&str> = request
            .input
            .paths
            .iter()
            .filter_map(|path| path.to_str())
            .collect();
        assert_eq!(paths, ["d e", "a b", "-c"]);
        assert_eq!(request.base.as_deref(), Some("--main"));
        assert_eq!(request.policy.file, Some("--x".into()));
        assert!(request.policy.fail_on.is_some());
        assert!(request.exit.exit_zero && request.exit.allow_empty && !request.staged);
        assert_eq!(request.category.expect("a category").as_str(), "-api");

        let request = scanned(&[("ARGS", "--as cargo-lock 'x y' --category api")]).expect("a request");
        assert_eq!(request.input.as_format, Some(("cargo-lock".into(), "x y".into())));
        let inputs = from(&[
            ("MODE", "status"),
            ("REFS", "*"),
            ("EXIT-ZERO", "true"),
            ("ARGS", "--history"),
        ]);
        let inputs = inputs.expect("inputs");
        let request = status(
            &inputs,
            &Flags::read(&inputs).expect("flags").command,
            Timestamp::UNIX_EPOCH,
        )
        .expect("a request");
        assert!(request.history && request.refs.as_deref() == Some("*"));
    }

    #[test]
    fn what_inputs_and_flags_both_say_is_refused() {
        for wrong in [
            [("BASE", "main"), ("ARGS", "--base main")],
            [("REFS", "main"), ("ARGS", "--refs main")],
            [("FAIL-ON", "high"), ("ARGS", "--fail-on none")],
            [("POLICY", "a.yml"), ("ARGS", "--policy b.yml")],
            [("CATEGORY", "a"), ("ARGS", "--category b")],
            [("BASE", "main"), ("REFS", "main")],
            [("RESOLVE", "true"), ("REFS", "main")],
            [("RESOLVE", "true"), ("ARGS", "--stdin pom.xml")],
            [("BASE", "main"), ("ARGS", "--stdin Cargo.lock")],
            [("REFS", "main"), ("ARGS", "--staged")],
            [("REFS", "main"), ("ARGS", "--as cargo-lock x")],
            [("PATH", "a"), ("ARGS", "--stdin Cargo.lock")],
            [("CATEGORY", "a\u{7}"), ("ARGS", "-v")],
            [("FAIL-ON", "-v"), ("ARGS", "-v")],
            [("PATH", "a"), ("ARGS", "--nonsense")],
            [("PATH", "a"), ("ARGS", "--release main")],
            [("PATH", "a"), ("ARGS", "--ignore CVE-2026-1")],
        ] {
            assert!(scanned(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_gate_judges_the_release_that_is_named_or_that_the_event_is_about() {
        let gate = ("MODE", "gate");
        let named = [gate, ("REFS", "-1.4"), ("ALLOW-EMPTY", "true")];
        let request = gated(&named, "push", "refs/tags/v2").expect("a request");
        assert_eq!(
            (request.release.as_str(), request.exit.allow_empty),
            ("-1.4", true)
        );
        for event in ["push", "release", "workflow_dispatch", "create"] {
            let request = gated(&[gate], event, "refs/tags/v2").expect("a request");
            assert_eq!(request.release, "refs/tags/v2");
        }
        let further = [gate, ("ARGS", "--release=main")];
        let request = gated(&further, "push", "refs/tags/v2").expect("a request");
        assert_eq!(request.release, "main");
        let error = gated(&[gate], "push", "refs/heads/main").expect_err("no release");
        assert!(
            error.to_string().contains("push") && error.hint.contains("`refs`"),
            "{error:?}"
        );
        for several in ["a,b", "release/*", "a b"] {
            assert!(
                gated(&[gate, ("REFS", several)], "push", "refs/tags/v2").is_err(),
                "{several}"
            );
        }
        let twice = [gate, ("REFS", "a"), ("ARGS", "--release=b")];
        assert!(gated(&twice, "push", "refs/tags/v2").is_err());
        let twice = [gate, ("PATH", "a"), ("ARGS", "b")];
        assert!(gated(&twice, "push", "refs/tags/v2").is_err());
    }
}
