//! `lockkeeper db publish` and `lockkeeper db key`.

use std::fmt::Write as _;

use serde_json::json;

use super::arguments::{DbKey, DbPublish, OutputOptions};
use super::console::Console;
use super::db_output::{self, Form};
use super::output;
use crate::config::{index, trust};
use crate::database::manifest::NAME;
use crate::database::publish::{self, Published, Request, Signer};
use crate::database::signature::SecretKey;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::session::Observer as _;
use crate::sys::{file, random};
use crate::text::escape;

/// Publishes an index into a folder.
///
/// # Errors
/// A [`Failure`] of usage without a key, of incompleteness for an index that cannot be used.
pub fn run(arguments: &DbPublish, options: &OutputOptions) -> Result<ExitCode, Failure> {
    let form = db_output::form(arguments.format.as_deref())?;
    let location = index::locate(arguments.db.as_deref())?;
    let key = match arguments.unsigned {
        true => None,
        false => Some(trust::secret(arguments.key.as_deref())?.ok_or_else(|| {
            Failure::usage(
                "there is no key to sign with",
                format!(
                    "Give the file that `lockkeeper db key FILE` wrote with --key, or its content in {}; or publish \
                     with --unsigned, for users who trust the server.",
                    trust::SECRET_VARIABLE
                ),
            )
        })?),
    };
    let request = Request {
        index: &location.path,
        folder: &arguments.folder,
        signer: key.as_ref().map_or(Signer::Nobody, Signer::Key),
    };
    let console = Console::new(options);
    let mut hear = |what: &str| console.working(what);
    let published = publish::publish(&request, &mut hear);
    console.finished();
    let published = published.map_err(|error| {
        let (message, hint) = (error.to_string(), error.hint());
        match error {
            publish::PublishError::Index { .. } => Failure::incomplete(message, hint),
            publish::PublishError::NoEcosystem(_)
            | publish::PublishError::Older { .. }
            | publish::PublishError::Manifest { .. }
            | publish::PublishError::TooLarge(_)
            | publish::PublishError::Part(_)
            | publish::PublishError::File(_) => Failure::usage(message, hint),
        }
    })?;
    match form {
        Form::Text => output::print(summary(&published, key.as_ref()).as_bytes())?,
        Form::Json => db_output::document(&json!({
            "schema": "lockkeeper.db-publish/1",
            "manifest": NAME,
            "sha256": published.sha256,
            "built": published.manifest.built.to_string(),
            "key": key.as_ref().map(|key| key.public().to_string()),
            "files": published.manifest.files.iter().map(|file| json!({
                "name": file.name(),
                "ecosystems": file.ecosystems,
                "bytes": file.bytes,
                "digest": file.digest,
            })).collect::<Vec<_>>(),
            "removed": published.removed,
        }))?,
    }
    Ok(ExitCode::Pass)
}

/// Makes a key.
///
/// # Errors
/// A [`Failure`] of usage where the file is there already or cannot be written.
pub fn key(arguments: &DbKey) -> Result<ExitCode, Failure> {
    let form = db_output::form(arguments.format.as_deref())?;
    let no_chance = |message: String| Failure::usage(message, "Run it again.");
    let seed = random::bytes().map_err(|error| no_chance(error.to_string()))?;
    let key = SecretKey::from_seed(seed).map_err(|error| no_chance(error.to_string()))?;
    file::create_private(&arguments.file, format!("{}\n", key.to_text()).as_bytes()).map_err(|error| {
        Failure::usage(
            error.to_string(),
            "Name a file that is not there yet, in a folder that can be written: a key is never written over.",
        )
    })?;
    let public = key.public();
    match form {
        Form::Text => output::print(format!("{public}\n").as_bytes())?,
        Form::Json => db_output::document(&json!({
            "schema": "lockkeeper.db-key/1",
            "key": public.to_string(),
            "id": public.id().to_string(),
        }))?,
    }
    Ok(ExitCode::Pass)
}

fn summary(published: &Published, key: Option<&SecretKey>) -> String {
    let mut text = String::new();
    for file in &published.manifest.files {
        let what = match file.ecosystems.as_slice() {
            [one] => one.clone(),
            several => format!("{} ecosystems", several.len()),
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  {:<16} {:>12} bytes  {}",
            escape::terminal(&what),
            file.bytes,
            file.name()
        );
    }
    let _ = match key {
        Some(key) => writeln!(text, "signed by {}", key.public()),
        None => writeln!(text, "not signed"),
    };
    if !published.removed.is_empty() {
        let _ = writeln!(
            text,
            "{} files of earlier publications removed",
            published.removed.len()
        );
    }
    text
}
