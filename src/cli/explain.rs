//! `lockkeeper explain`: why it is here, why this verdict, what would change it.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;

use super::arguments::{Explain, OutputOptions};
use super::console::Console;
use super::{output, pending};
use crate::config::index;
use crate::config::policy::PolicyRequest;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::report::{json, terminal};
use crate::session::{ExplainRequest, Explained, Input};
use crate::text::escape;

/// Runs the command.
///
/// # Errors
/// A [`Failure`] of usage if neither the tree nor the advisory database knows the subject, of incompleteness without one.
pub fn run(arguments: &Explain, options: &OutputOptions, now: Timestamp) -> Result<ExitCode, Failure> {
    let pairs = output::pair(&arguments.reports, &["terminal", "json"])?;
    pending::withdraw_all(&pairs, None);
    let request = ExplainRequest {
        subject: arguments.subject.clone(),
        input: Input::path(arguments.path.as_deref()),
        policy: PolicyRequest::new(arguments.source.policy.clone(), arguments.fail_on.as_deref())?,
    };
    let location = index::locate(arguments.source.db.as_deref())?;
    let console = Console::new(options);
    let explained = console.session(&location, now).explain(&request)?;
    let Explained {
        explanations,
        others,
        is_package,
        end,
    } = explained;
    let is_list = is_package && explanations.len() + others.len() > 1;
    let none = HashMap::new();
    let path = arguments.path.as_deref().filter(|path| *path != Path::new("."));
    let path = path.map_or_else(String::new, |path| {
        format!(" {}", escape::shell(&path.to_string_lossy()))
    });
    let policy = arguments.source.policy.as_deref();
    let policy = policy.map_or_else(String::new, |file| {
        format!(" --policy {}", escape::shell(&file.to_string_lossy()))
    });
    let same = format!("{path}{policy}{}", location.flag());
    for (format, sink) in &pairs {
        let style = output::style(options, sink, &none);
        output::write(sink, |out| {
            if is_list && *format != "json" {
                return terminal::explain_package(&explanations, &others, &same, &style, out);
            }
            for (number, explanation) in explanations.iter().enumerate() {
                match *format {
                    "json" => json::explain(explanation, out)?,
                    _ => {
                        if number > 0 {
                            writeln!(out)?;
                        }
                        terminal::explain(explanation, &style, out)?;
                    }
                }
            }
            Ok(())
        })?;
    }
    end
}
