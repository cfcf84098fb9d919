//! `lockkeeper config`: the policy that decides, and the schema of its file.

use super::arguments::Config;
use super::{output, trees};
use crate::config::policy;
use crate::model::verdict::ExitCode;
use crate::policy::JSON_SCHEMA;
use crate::scan::Failure;

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage with every mistake of the policy.
pub fn run(command: &Config) -> Result<ExitCode, Failure> {
    let text = match command {
        Config::Schema => JSON_SCHEMA.to_owned(),
        Config::Show { path, policy: file } => {
            let asked = trees::asked(file.as_ref(), None)?;
            let found = trees::one(path.as_ref())?;
            let policy = policy::effective(&found, &asked, None)?.policy;
            let origin = policy
                .file
                .clone()
                .unwrap_or_else(|| "the built-in rules alone".into());
            let yaml = policy
                .to_yaml()
                .map_err(|error| Failure::usage(error.to_string(), "Report this."))?;
            format!(
                "# from: {}\n# digest: {}\n{yaml}",
                crate::text::escape::terminal(&origin),
                policy.digest()
            )
        }
    };
    output::say(&text)?;
    Ok(ExitCode::Pass)
}
