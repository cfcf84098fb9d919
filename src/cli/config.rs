//! `lockkeeper config`: the policy that decides, and the schema of its file.

use std::path::PathBuf;

use super::arguments::{Config, Reports};
use super::{output, pending};
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::policy::JSON_SCHEMA;
use crate::report::{json, workflow_commands};
use crate::session::{self, Input};

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage with every mistake of the policy.
pub fn run(command: &Config) -> Result<ExitCode, Failure> {
    match command {
        Config::Schema => output::say(JSON_SCHEMA)?,
        Config::Show {
            path,
            source,
            reports,
        } => show(path.as_ref(), source.policy.as_ref(), reports)?,
    }
    Ok(ExitCode::Pass)
}

fn show(path: Option<&PathBuf>, file: Option<&PathBuf>, reports: &Reports) -> Result<(), Failure> {
    let pairs = output::pair(reports, &["terminal", "json"])?;
    pending::withdraw_all(&pairs, None);
    let request = PolicyRequest::new(file.cloned(), None)?;
    let policy = session::policy(&Input::path(path.map(PathBuf::as_path)), &request)?;
    let origin = policy
        .file
        .clone()
        .unwrap_or_else(|| "the built-in rules alone".into());
    let yaml = policy
        .to_yaml()
        .map_err(|error| Failure::usage(error.to_string(), "Report this."))?;
    let text = format!(
        "# from: {}\n# digest: {}\n{yaml}",
        crate::text::escape::terminal(&origin),
        policy.digest()
    );
    for (format, sink) in &pairs {
        output::write(sink, |out| match *format {
            "json" => json::document(&policy.to_json(), out),
            _ => out.write_all(workflow_commands::inert(&text).as_bytes()),
        })?;
    }
    Ok(())
}
