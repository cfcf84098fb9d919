//! `lockkeeper demo`: the main job on an embedded sample, offline.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::arguments::{Demo, OutputOptions};
use super::output::{self, Sink};
use crate::advisory::{Added, Authority, Compiler, Index, import};
use crate::config::index;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::model::{IndexState, Verdict};
use crate::policy::Policy;
use crate::report::terminal;
use crate::scan::discover::{self, Root};
use crate::scan::{ExitOptions, FILE_LIMIT, Judge, Keep, Knowledge, Request, ScanTree};
use crate::sys::{file, interrupt};
use crate::text::escape;

/// The sample's lockfiles.
const REPOSITORY: &[(&str, &str)] = &[
    (
        "Cargo.lock",
        include_str!("../../data/demo/repository/Cargo.lock"),
    ),
    ("go.mod", include_str!("../../data/demo/repository/go.mod")),
    (
        "package-lock.json",
        include_str!("../../data/demo/repository/package-lock.json"),
    ),
    ("pom.xml", include_str!("../../data/demo/repository/pom.xml")),
];

/// The sample's advisories, one OSV record a line: facts of well-known incidents.
const ADVISORIES: &str = include_str!("../../data/demo/advisories.jsonl");

/// The sample's list of known exploited vulnerabilities.
const KNOWN_EXPLOITED: &str = include_str!("../../data/demo/known-exploited.json");

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
            let temporary = file::temporary_folder().map_err(|error| {
                Failure::usage(
                    error.to_string(),
                    "Give a folder that can be written with `--keep FOLDER`.",
                )
            })?;
            let guard = interrupt::Temporary::new(temporary.path());
            (temporary.path().to_owned(), Some((temporary, guard)))
        }
    };
    write_sample(&folder)?;

    let policy = Policy::built_in();
    let mut found = discover::discover(&Root::Path(folder.clone()), FILE_LIMIT)?;
    // Paths are shown as if the sample were the working directory.
    found.root = ".".into();
    let bookkeeping = index.bookkeeping().map_err(|damage| broken(damage.to_string()))?;
    let database = index::described(&index, &bookkeeping);
    let knowledge = Knowledge::of(&bookkeeping, &[]);
    let judge = Judge {
        index: Some(&index),
        state: IndexState::Sample,
        age_days: Some(0),
        database,
        knowledge,
        place: "the embedded sample".into(),
        trouble: None,
    };
    let request = Request {
        judge,
        remarks: Vec::new(),
        now,
        exit: ExitOptions::default(),
        keep: Keep::Findings,
    };
    let case = ScanTree {
        found: &found,
        policy: &policy,
        base: None,
    };
    let outcome = crate::scan::scan(&request, &[case]);

    say(
        "This is a demo: a made-up shop, checked against an embedded sample of well-known incidents.\n\n\
         $ lockkeeper scan\n\n",
    )?;
    output::write_all(
        &outcome,
        &[("terminal", Sink::Standard)],
        options,
        &HashMap::new(),
    )?;

    say("\n$ lockkeeper explain CVE-2021-44228\n\n")?;
    let explanations = crate::session::explain::explain("CVE-2021-44228", &outcome, &index, &policy)?;
    let none = HashMap::new();
    let style = output::style(options, &Sink::Standard, &none);
    output::write(&Sink::Standard, |out| {
        explanations
            .iter()
            .try_for_each(|explanation| terminal::explain(explanation, &style, out))
    })?;

    let sarif = folder.join("lockkeeper.sarif");
    let texts = crate::session::texts(&index, &outcome);
    output::write_all(&outcome, &[("sarif", Sink::File(sarif.clone()))], options, &texts)?;
    let results = outcome.findings().count();
    say(&format!(
        "\n$ lockkeeper scan --format sarif --output lockkeeper.sarif\n\n{results} findings as SARIF 2.1.0: "
    ))?;
    match guard {
        None => say(&format!("{}\n", escape::terminal(&sarif.to_string_lossy())))?,
        Some(guard) => {
            say("written, and removed with the sample (keep it with `lockkeeper demo --keep FOLDER`)\n")?;
            drop(guard);
        }
    }
    say("\nNext: `lockkeeper db update`, then `lockkeeper scan` in a repository of your own.\n")?;

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

fn write_sample(folder: &Path) -> Result<(), Failure> {
    for (name, text) in REPOSITORY {
        let path: PathBuf = folder.join(name);
        file::replace(&path, |out| std::io::Write::write_all(out, text.as_bytes()))
            .map_err(|error| Failure::usage(error.to_string(), "Give a folder that can be written."))?;
    }
    Ok(())
}

fn say(text: &str) -> Result<(), Failure> {
    output::print(text.as_bytes())
}
