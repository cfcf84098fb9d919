//! `lockkeeper packages`: what is locked.

use std::collections::HashMap;

use super::arguments::{OutputOptions, Packages};
use super::{output, pending};
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::outcome::FileState;
use crate::model::verdict::ExitCode;
use crate::registry::Reach;
use crate::report::{json, terminal};
use crate::session::{self, PackagesRequest};

/// Runs the command. A lockfile that cannot be read in whole makes it incomplete.
///
/// # Errors
/// A [`Failure`] of usage for a PATH that is not there.
pub fn run(arguments: &Packages, options: &OutputOptions) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &["terminal", "json"])?;
    pending::withdraw_all(&pairs, None);
    let request = PackagesRequest {
        input: (&arguments.input).into(),
        policy: PolicyRequest::new(arguments.source.policy.clone(), None)?,
        resolve: arguments.resolve.then_some(match options.offline {
            true => Reach::Cache,
            false => Reach::Network,
        }),
    };
    let inventory = session::packages(&request, |note| output::warn(options, note))?;
    for (format, sink) in &pairs {
        output::write(sink, |out| match *format {
            "json" => json::packages(&inventory, out),
            _ => terminal::packages(&inventory, &output::style(options, sink, &HashMap::new()), out),
        })?;
    }
    let blind = inventory.files.iter().any(|file| file.state == FileState::Blind);
    Ok(match (inventory.files.is_empty(), blind) {
        (true, _) => ExitCode::NothingToScan,
        (false, true) => ExitCode::Incomplete,
        (false, false) => ExitCode::Pass,
    })
}
