//! `lockkeeper db`: build, update and ask the advisory index.

use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::arguments::{Db, DbBuild, DbRead, OutputOptions, Reports};
use super::console::Console;
use super::db_output::{Form, document, form, losses, sources};
use super::{output, pending, publish, update};
use crate::advisory::{Damage, Index, Interval, OpenError};
use crate::config::{self, index};
use crate::database::build::{BuildError, Built, Step};
use crate::database::query::{self, Query};
use crate::database::{self, terminal};
use crate::model::Failure;
use crate::model::outcome::DatabaseSource;
use crate::model::verdict::ExitCode;
use crate::policy;
use crate::report::phrases::counted;
use crate::report::{json as json_report, workflow_commands};
use crate::scan::knowledge;
use crate::session::{self, Observer as _};

/// Runs a command of `db`.
///
/// # Errors
/// A [`Failure`] of usage, of an index that cannot be used (incomplete), or of a feed.
pub fn run(command: Db, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    match command {
        Db::Build(arguments) => build(&arguments, options, now),
        Db::Update(arguments) => update::run(&arguments, options, now),
        Db::Publish(arguments) => publish::run(&arguments, options),
        Db::Key(arguments) => publish::key(&arguments),
        Db::Status(arguments) => status(&arguments, now),
        Db::Verify(arguments) => verify(&arguments),
        Db::Show { id, read } => {
            let answer = Answer::asked(&read.reports)?;
            let index = open(&read)?;
            let shown = query::show(&index, &id).map_err(damaged(read.db.as_deref()))?;
            let near = match shown.as_slice() {
                [] => query::nearest_id(&index, &id).map_err(damaged(read.db.as_deref()))?,
                [..] => None,
            };
            answer.give(
                &terminal::shown(&shown, &id, near.as_deref()),
                &shown_json(&shown),
            )?;
            Ok(found(!shown.is_empty()))
        }
        Db::Search { package, read } => {
            let answer = Answer::asked(&read.reports)?;
            let purl = session::package_url(&package)?;
            let wanted = match &purl {
                Some(purl) => Query::Package(purl),
                None => Query::Name(&package),
            };
            let searched = query::search(&open(&read)?, wanted).map_err(damaged(read.db.as_deref()))?;
            answer.give(
                &terminal::searched(&searched, &package),
                &searched_json(&searched),
            )?;
            Ok(found(!searched.packages.is_empty()))
        }
        Db::Diff { old, new, reports } => {
            let answer = Answer::asked(&reports)?;
            let named = |path: &Path| index::Location {
                path: path.to_owned(),
                origin: index::Origin::Flag,
                address: None,
            };
            let open = |path: &Path| database::open(path).map_err(|error| refused(&named(path), &error));
            let (before, after) = (open(&old)?, open(&new)?);
            let difference = query::diff(&before, &after).map_err(|damage| {
                let whose = if before.verify().is_err() { &old } else { &new };
                damaged(Some(whose))(damage)
            })?;
            answer.give(&terminal::difference(&difference), &difference_json(&difference))?;
            Ok(ExitCode::Pass)
        }
    }
}

fn build(arguments: &DbBuild, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let form = form(arguments.format.as_deref())?;
    let built = match &arguments.as_of {
        Some(text) => super::time(text)?,
        None => now,
    };
    let location = index::locate(arguments.db.as_deref())?;
    let console = Console::new(options);
    let sources = counted(arguments.sources.len(), "source", "sources");
    let start = format!("building the advisory database from {sources}");
    console.note(&start);
    console.working(&start);
    let mut progress = |step: Step<'_>| console.working(&working(&step));
    let losses = losses(arguments.allow_rejected);
    let built = database::build::build(&arguments.sources, built, &location.path, losses, &mut progress);
    console.finished();
    let built = built.map_err(|error| {
        let hint = match &error {
            BuildError::NoSource(_) | BuildError::Empty => {
                "Give OSV zips or folders, a RustSec checkout or its tar.gz, KEV JSON or EPSS CSV."
            }
            BuildError::File(_) => "Check the paths, their permissions and the space on the disk.",
            BuildError::Broken { .. } => "Fetch the source again: it may be cut short.",
            BuildError::Lost { rejected, .. } => {
                let named = rejected.iter().take(3).map(|(_, rejected)| rejected.to_string());
                let named: Vec<String> = named.collect();
                return Failure::remote(
                    format!("{error}: {}", named.join("; ")),
                    "Fetch the sources again, update lockkeeper, which may be too old for these records, or take what can be read \
                     with `--allow-rejected`.",
                );
            }
            BuildError::TooLarge(_) => "Build an advisory database of fewer ecosystems.",
        };
        Failure::usage(error.to_string(), hint)
    })?;
    match form {
        Form::Text => say(&terminal::built(&built))?,
        Form::Json => document(&built_json(&built))?,
    }
    Ok(ExitCode::Pass)
}

fn status(arguments: &DbRead, now: Timestamp) -> Result<ExitCode, Failure> {
    let answer = Answer::asked(&arguments.reports)?;
    let asked = asked(arguments)?;
    let location = index::locate(arguments.db.as_deref())?;
    let found = index::open(&location, &asked, now);
    let status = query::status(found.require()?).map_err(damaged(arguments.db.as_deref()))?;
    let warnings = idle_sources(&status.sources, &asked, now);
    let mut text = terminal::status(&status, now);
    for warning in &warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    let document = json!({
        "schema": "lockkeeper.db-status/1",
        "warnings": warnings,
        "file": location.path.to_string_lossy(),
        "digest": status.digest,
        "built": status.built.to_string(),
        "state": found.state.as_str(),
        "age_days": found.age_days,
        "bytes": status.length,
        "records": status.records,
        "packages": status.packages,
        "groups": status.groups,
        "sources": sources(&status.sources),
        "ecosystems": status.ecosystems,
    });
    answer.give(&text, &document)?;
    match found.database.trouble {
        None => Ok(ExitCode::Pass),
        Some((message, hint)) => Err(Failure::incomplete(message, hint)),
    }
}

/// A fresh index of old sources knows nothing new.
fn idle_sources(
    sources: &[crate::advisory::Source],
    asked: &policy::Database,
    now: Timestamp,
) -> Vec<String> {
    let limit = asked.refuse_age;
    let told = sources.iter().map(knowledge::source);
    let newest = told
        .filter(DatabaseSource::has_advisories)
        .filter_map(|source| source.newest)
        .max();
    let old = newest.filter(|newest| now.duration_since(*newest) > limit);
    old.map(|newest| {
        format!(
            "the newest record of all sources is of {}, more than {} ago: the sources may have stopped",
            newest.strftime("%Y-%m-%d"),
            policy::duration::written(limit)
        )
    })
    .into_iter()
    .collect()
}

fn verify(arguments: &DbRead) -> Result<ExitCode, Failure> {
    let answer = Answer::asked(&arguments.reports)?;
    let asked = asked(arguments)?;
    let location = index::locate(arguments.db.as_deref())?;
    let index = database::verify(&location.path).map_err(|error| refused(&location, &error))?;
    is_asked_for(&index, &asked)?;
    let document = json!({
        "schema": "lockkeeper.db-verify/1",
        "file": location.path.to_string_lossy(),
        "digest": index.digest(),
    });
    let text = format!("every byte is as it was written: {}\n", index.digest());
    answer.give(&text, &document)?;
    Ok(ExitCode::Pass)
}

fn open(arguments: &DbRead) -> Result<Index, Failure> {
    let asked = asked(arguments)?;
    let location = index::locate(arguments.db.as_deref())?;
    let index = database::open(&location.path).map_err(|error| refused(&location, &error))?;
    is_asked_for(&index, &asked)?;
    Ok(index)
}

/// What the policy that was named asks of the index. There is no PATH here whose policy would count otherwise.
fn asked(arguments: &DbRead) -> Result<policy::Database, Failure> {
    let named = arguments
        .policy
        .as_deref()
        .map(config::policy::named)
        .transpose()?;
    Ok(named.map(|policy| policy.database).unwrap_or_default())
}

/// An index that the policy does not ask for is none to look things up in.
fn is_asked_for(index: &Index, asked: &policy::Database) -> Result<(), Failure> {
    match asked.digest.as_deref().filter(|digest| *digest != index.digest()) {
        None => Ok(()),
        Some(digest) => Err(Failure::incomplete(
            format!(
                "the policy asks for the advisory database {digest}, and this is {}",
                index.digest()
            ),
            "Fetch or build that advisory database, or change `database.digest` in the policy.",
        )),
    }
}

/// Where an answer goes, and in which forms.
struct Answer(Vec<(&'static str, output::Sink)>);

impl Answer {
    /// What the flags ask for. A report of an earlier run is none of this one.
    fn asked(reports: &Reports) -> Result<Self, Failure> {
        let pairs = output::pair(reports, &["terminal", "json"])?;
        pending::withdraw_all(&pairs, None);
        Ok(Self(pairs))
    }

    /// Writes the answer: for people, and as a document.
    fn give(&self, text: &str, document: &serde_json::Value) -> Result<(), Failure> {
        for (format, sink) in &self.0 {
            output::write(sink, |out| match *format {
                "json" => json_report::document(document, out),
                _ => out.write_all(workflow_commands::inert(text).as_bytes()),
            })?;
        }
        Ok(())
    }
}

/// What one index has and the other has not.
fn difference_json(difference: &query::Difference) -> serde_json::Value {
    let list = |entries: &[(String, String)]| -> serde_json::Value {
        let entry = |(id, summary): &(String, String)| json!({"id": id, "summary": summary});
        entries.iter().map(entry).collect()
    };
    json!({
        "schema": "lockkeeper.db-diff/1",
        "added": list(&difference.added),
        "removed": list(&difference.removed),
        "changed": list(&difference.changed),
    })
}

fn built_json(built: &Built) -> serde_json::Value {
    json!({
        "schema": "lockkeeper.db-build/1",
        "digest": built.digest,
        "bytes": built.facts.length,
        "records": built.facts.records,
        "packages": built.facts.packages,
        "groups": built.facts.groups,
        "merged_groups": built.facts.merged_groups,
        "sources": sources(&built.facts.sources),
        "rejected": built.rejected.iter().map(|(source, rejected)| json!({
            "source": source, "file": rejected.name, "reason": rejected.reason,
        })).collect::<Vec<_>>(),
    })
}

/// The records of an id, as the index keeps them; ranges are told in the words of the terminal.
fn shown_json(shown: &[query::ShownRecord]) -> serde_json::Value {
    let record = |shown: &query::ShownRecord| {
        let record = &shown.record;
        json!({
            "id": record.id,
            "aliases": record.aliases,
            "source": shown.source,
            "class": record.class.as_str(),
            "published": record.published.map(|published| published.to_string()),
            "modified": record.changed().map(|modified| modified.to_string()),
            "summary": record.summary,
            "details": record.texts.details,
            "affected": record.affected.iter().map(|affected| json!({
                "ecosystem": affected.ecosystem.as_str(),
                "name": affected.name,
                "ranges": affected.statement.intervals.iter().map(Interval::to_string).collect::<Vec<_>>(),
                "versions": affected.statement.versions,
            })).collect::<Vec<_>>(),
        })
    };
    json!({
        "schema": "lockkeeper.db-show/1",
        "records": shown.iter().map(record).collect::<Vec<_>>(),
    })
}

/// The advisories of the packages that were found, or names that are near.
fn searched_json(searched: &query::SearchResult) -> serde_json::Value {
    let advisory = |advisory: &crate::model::Advisory| {
        json!({
            "id": advisory.id,
            "aliases": advisory.aliases,
            "summary": advisory.summary,
            "class": advisory.class.as_str(),
            "severity": advisory.severity.level.as_str(),
        })
    };
    let package = |package: &query::PackageAdvisories| {
        json!({
            "ecosystem": package.ecosystem,
            "name": package.name,
            "advisories": package.advisories.iter().map(advisory).collect::<Vec<_>>(),
        })
    };
    let near = searched.near.iter();
    json!({
        "schema": "lockkeeper.db-search/1",
        "packages": searched.packages.iter().map(package).collect::<Vec<_>>(),
        "near": near.map(|(ecosystem, name)| json!({"ecosystem": ecosystem, "name": name})).collect::<Vec<_>>(),
    })
}

fn say(text: &str) -> Result<(), Failure> {
    output::say(text)
}

/// Something was asked for: nothing found is an answer that scripts can tell.
fn found(found: bool) -> ExitCode {
    if found {
        ExitCode::Pass
    } else {
        ExitCode::NothingToScan
    }
}

/// The failure of a database of which a part is damaged that was only touched now.
fn damaged(db: Option<&Path>) -> impl Fn(Damage) -> Failure {
    move |damage| match index::locate(db) {
        Ok(location) => refused(&location, &OpenError::from(damage).into()),
        Err(failure) => failure,
    }
}

fn refused(location: &index::Location, error: &database::DatabaseError) -> Failure {
    let message = format!(
        "{}: {error}{}",
        location.path.display(),
        index::meant(location, error)
    );
    Failure::incomplete(message, error.hint(&location.flag()))
}

fn working(step: &Step<'_>) -> String {
    match step.total {
        0 => format!("{}: {}", step.source, step.done),
        total => format!("{}: {} of {total}", step.source, step.done),
    }
}
