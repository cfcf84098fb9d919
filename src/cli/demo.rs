//! `lockkeeper demo`: the main job on an embedded sample, offline.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;

use super::arguments::{Demo, OutputOptions};
use super::output::{self, Sink};
use super::sample_registry::SampleRegistries;
use crate::advisory::{Added, Authority, Compiler, Index, import};
use crate::config::index;
use crate::model::Failure;
use crate::model::grid::{ReleaseLine, Standing};
use crate::model::verdict::ExitCode;
use crate::model::{Grid, IndexState, Outcome, Verdict};
use crate::plan::{Manifests, Progress, Proposal};
use crate::policy::Policy;
use crate::remediate::{self, Brought, Limits, Memory, Overlay, Supplies};
use crate::report::grid::FORMS;
use crate::report::plan;
use crate::scan::discover::{self, DiscoveredTree, Root};
use crate::scan::{Advisories, ExitOptions, FILE_LIMIT, Keep, Knowledge, Request, ScanTree, grid, scan};
use crate::sys::{file, interrupt};
use crate::text::escape;
use crate::version::Distance;

/// The sample's lockfiles and manifests.
const REPOSITORY: &[(&str, &str)] = &[
    (
        "Cargo.lock",
        include_str!("../../data/demo/repository/Cargo.lock"),
    ),
    (
        "Cargo.toml",
        include_str!("../../data/demo/repository/Cargo.toml"),
    ),
    ("go.mod", include_str!("../../data/demo/repository/go.mod")),
    (
        "package-lock.json",
        include_str!("../../data/demo/repository/package-lock.json"),
    ),
    (
        "package.json",
        include_str!("../../data/demo/repository/package.json"),
    ),
    ("pom.xml", include_str!("../../data/demo/repository/pom.xml")),
];

/// The sample's advisories, one OSV record a line: facts of well-known incidents.
const ADVISORIES: &str = include_str!("../../data/demo/advisories.jsonl");

/// The sample's list of known exploited vulnerabilities.
const KNOWN_EXPLOITED: &str = include_str!("../../data/demo/known-exploited.json");

/// What `main` of the sample has instead of what its release has.
const UPGRADES: &[(&str, &str)] = &[("2.14.1", "2.17.1"), ("v0.3.7", "v0.3.8")];

/// What to do where the sample cannot be written.
const KEEP: &str = "Give a folder that can be written with `--keep FOLDER`.";

/// Runs the demo: it works if the scan finds every advisory of the sample.
///
/// # Errors
/// A [`Failure`] if the sample cannot be written, or the program does not find what it should.
pub fn run(arguments: &Demo, options: &OutputOptions) -> Result<ExitCode, Failure> {
    let broken = |message: String| Failure::new(ExitCode::Bug, message, "Report this.");
    let now: Timestamp = "2022-01-10T00:00:00Z"
        .parse()
        .map_err(|error: jiff::Error| broken(error.to_string()))?;
    let index = sample_index(now).map_err(broken)?;
    let (folder, guard) = match &arguments.keep {
        Some(folder) => {
            let is_taken = file::list(folder).is_ok_and(|names| !names.is_empty())
                || matches!(
                    file::kind(folder),
                    Ok(file::FileKind::File(_) | file::FileKind::Other)
                );
            if is_taken {
                return Err(Failure::usage(
                    format!(
                        "{} is not empty, and the sample would be written over what is there",
                        folder.display()
                    ),
                    "Give `--keep` a new or an empty folder.",
                ));
            }
            (folder.clone(), None)
        }
        None => {
            let temporary =
                file::temporary_folder().map_err(|error| Failure::usage(error.to_string(), KEEP))?;
            let guard = interrupt::Temporary::new(temporary.path());
            (temporary.path().to_owned(), Some((temporary, guard)))
        }
    };
    write_sample(&folder, &[])?;

    let policy = Policy::built_in();
    let bookkeeping = index.bookkeeping().map_err(|damage| broken(damage.to_string()))?;
    let request = |keep| Request {
        judge: Advisories {
            index: Some(&index),
            state: IndexState::Sample,
            age_days: Some(0),
            database: index::described(&index, &bookkeeping),
            knowledge: Knowledge::of(&bookkeeping, &[]),
            place: "the embedded sample".into(),
        },
        remarks: Vec::new(),
        now,
        exit: ExitOptions::default(),
        keep,
    };
    let mut release = found(&folder)?;
    let outcome = scan(&request(Keep::Findings), &[case(&release, &policy)]);

    say(
        "This is a demo: a made-up shop, at its branch release/1.4, checked against\n\
         an embedded sample of well-known incidents.\n\n\
         $ lockkeeper scan\n\n",
    )?;
    let standard = [("terminal", Sink::Standard)];
    output::write_all(&outcome, &standard, options, &HashMap::new())?;

    // The same shop as its next release has it, where two upgrades were made.
    let upgraded = file::temporary_folder().map_err(|error| Failure::usage(error.to_string(), KEEP))?;
    let _upgraded_guard = interrupt::Temporary::new(upgraded.path());
    write_sample(upgraded.path(), UPGRADES)?;
    let mut main = found(upgraded.path())?;
    let mut lines = Vec::new();
    for (found, name, day) in [
        (&mut main, "refs/heads/main", "2022-01-09T00:00:00Z"),
        (&mut release, "refs/heads/release/1.4", "2021-11-30T00:00:00Z"),
    ] {
        found.head.ref_name = Some(name.to_owned());
        lines.push(ReleaseLine {
            ref_name: name.to_owned(),
            commit: String::new(),
            committed: day
                .parse()
                .map_err(|error: jiff::Error| broken(error.to_string()))?,
            standing: Standing::Live,
            reason: "a release line of the sample".to_owned(),
            last_scanned: None,
        });
    }
    let judged = scan(
        &request(Keep::Assessments),
        &[case(&main, &policy), case(&release, &policy)],
    );
    let (rows, joined) = grid::rows(&judged, &[&main, &release]);
    let grid = Grid {
        rows,
        joined,
        outcome: judged,
        lines,
        warnings: Vec::new(),
        history: None,
        metrics: None,
    };
    say("\n$ lockkeeper status\n\n")?;
    output::write_forms(&grid, FORMS, &standard, options)?;

    say("\n$ lockkeeper plan\n\n")?;
    let proposal = proposed(&folder, &outcome, &index, |found| {
        scan(&request(Keep::Findings), &[case(found, &policy)])
    })?;
    output::write_forms(&proposal, plan::FORMS, &standard, options)?;

    let (page, sarif) = (folder.join("lockkeeper.html"), folder.join("lockkeeper.sarif"));
    let shown = |path: &Path| escape::terminal(&path.to_string_lossy());
    output::write_forms(&grid, FORMS, &[("html", Sink::File(page.clone()))], options)?;
    let texts = crate::session::texts(&index, &outcome);
    output::write_all(&outcome, &[("sarif", Sink::File(sarif.clone()))], options, &texts)?;
    say(&format!(
        "\n$ lockkeeper status --format html --output lockkeeper.html\n\n\
         The grid as a page: {}\nThe findings as SARIF: {}\n",
        shown(&page),
        shown(&sarif)
    ))?;
    if let Some((temporary, guard)) = guard {
        drop(guard);
        say(&format!(
            "Both stay with the sample in {}; remove that folder when you have looked.\n",
            shown(&temporary.keep())
        ))?;
    }
    say("\nNext: `lockkeeper scan` in a repository of your own; the first scan fetches its advisories.\n")?;

    // Anything else means that the demo did not work.
    let expected = [
        "CVE-2021-44228",
        "CVE-2022-0778",
        "GHSA-pjwm-rvh2-c87w",
        "NSWG-477",
        "CVE-2022-32149",
    ];
    let is_found = |id: &str| {
        outcome.findings().any(|(_, finding)| {
            finding.advisory.id == id || finding.advisory.aliases.iter().any(|alias| alias == id)
        })
    };
    match expected.iter().find(|id| !is_found(id)) {
        None if outcome.verdict == Verdict::Blocked => Ok(ExitCode::Pass),
        None => Err(broken(format!(
            "the verdict on the sample was {}",
            outcome.verdict
        ))),
        Some(id) => Err(broken(format!("{id} was not found in the sample"))),
    }
}

/// The plan for the sample in `folder`, whose scan is `before`, with what a scan by `scanned` says of its result.
fn proposed(
    folder: &Path,
    before: &Outcome,
    index: &Index,
    scanned: impl Fn(&DiscoveredTree) -> Outcome,
) -> Result<Proposal, Failure> {
    let limits = Limits {
        level: Distance::Minor,
        manifests: Manifests::Change,
        only: Vec::new(),
        published_before: None,
        for_pull_request: false,
    };
    let mut found = found(folder)?;
    let supplies = Supplies {
        index,
        registries: &SampleRegistries,
        limits: &limits,
        brought: &Brought::default(),
        memory: &Memory::default(),
    };
    let lockfiles = remediate::plans((0, &found), before, supplies);
    let edits = lockfiles.iter().flat_map(|file| &file.edited);
    found.tree = Box::new(Overlay::new(found.tree, edits));
    Ok(Proposal {
        before: before.clone(),
        after: scanned(&found),
        lockfiles,
        progress: Progress::Planned,
        pull_request: None,
    })
}

fn sample_index(now: Timestamp) -> Result<Index, String> {
    let mut compiler = Compiler::new();
    let osv = compiler.source("sample/osv", Authority::Export);
    for (number, line) in ADVISORIES.lines().enumerate() {
        match compiler.add_osv_json(osv, line.as_bytes(), &format!("line {}", number + 1)) {
            Added::Record => {}
            other => {
                return Err(format!(
                    "line {} of the sample was rejected: {other:?}",
                    number + 1
                ));
            }
        }
    }
    let kev = compiler.source("sample/kev", Authority::Origin);
    compiler.set_exploited(
        kev,
        &import::kev::read(KNOWN_EXPLOITED.as_bytes()).map_err(|error| error.to_string())?,
    );
    let compiled = compiler.finish(now).map_err(|error| error.to_string())?;
    Index::open(compiled.into_bytes()).map_err(|error| error.to_string())
}

/// Writes the lockfiles, with `upgrades` made.
fn write_sample(folder: &Path, upgrades: &[(&str, &str)]) -> Result<(), Failure> {
    for (name, text) in REPOSITORY {
        let text = upgrades
            .iter()
            .fold((*text).to_owned(), |text, (from, to)| text.replace(from, to));
        file::replace(&folder.join(name), |out| {
            std::io::Write::write_all(out, text.as_bytes())
        })
        .map_err(|error| Failure::usage(error.to_string(), KEEP))?;
    }
    Ok(())
}

fn case<'f>(found: &'f DiscoveredTree, policy: &'f Policy) -> ScanTree<'f> {
    ScanTree {
        found,
        policy,
        base: None,
    }
}

/// The sample in `folder`, with paths as if that were the working directory.
fn found(folder: &Path) -> Result<DiscoveredTree, Failure> {
    let mut found = discover::discover(&Root::Path(folder.to_owned()), FILE_LIMIT)?;
    found.root = ".".into();
    Ok(found)
}

fn say(text: &str) -> Result<(), Failure> {
    output::print(text.as_bytes())
}
