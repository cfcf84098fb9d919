//! `lockkeeper cache`: the folder of what can be fetched again.

use std::path::{Path, PathBuf};

use super::arguments::Cache;
use super::output;

use crate::config::heartbeat;
use crate::model::Failure;
use crate::model::verdict::ExitCode;
use crate::session::update::DOWNLOADS;
use crate::sys::environment;
use crate::sys::file::{self, FileKind};
use crate::text::escape;

/// Runs the command. `clean` removes only what the program put there.
///
/// # Errors
/// A [`Failure`] of usage where no folder is known or it cannot be changed.
pub fn run(command: &Cache) -> Result<ExitCode, Failure> {
    let folder = environment::cache_folder().ok_or_else(|| {
        Failure::usage(
            "the environment names no home, so there is no cache folder",
            "Set LOCKKEEPER_CACHE.",
        )
    })?;
    let failed =
        |error: file::FileError| Failure::usage(error.to_string(), "Make the folder readable and writable.");
    let names = match file::kind(&folder).map_err(failed)? {
        FileKind::Folder => file::list(&folder).map_err(failed)?,
        FileKind::File(_) | FileKind::Other | FileKind::Missing => Vec::new(),
    };
    let downloads = folder.join(DOWNLOADS);
    let fetched = match file::kind(&downloads).map_err(failed)? {
        FileKind::Folder => file::list(&downloads).map_err(failed)?,
        FileKind::File(_) | FileKind::Other | FileKind::Missing => Vec::new(),
    };
    let fetched = fetched
        .into_iter()
        .map(|(name, kind)| (Path::new(DOWNLOADS).join(name), kind));
    let names = names.into_iter().map(|(name, kind)| (PathBuf::from(name), kind));
    let mut text = format!("{}\n", escape::terminal(&folder.to_string_lossy()));
    let mut total = 0;
    for (name, kind) in names.chain(fetched) {
        let FileKind::File(bytes) = kind else { continue };
        let shown = name.to_string_lossy();
        if !is_ours(&shown) {
            continue;
        }
        total += bytes;
        match command {
            Cache::Status => text.push_str(&format!("  {:>12} bytes  {}\n", bytes, escape::terminal(&shown))),
            Cache::Clean => {
                file::remove(&folder.join(&name)).map_err(failed)?;
                text.push_str(&format!("  removed {}\n", escape::terminal(&shown)));
            }
        }
    }
    match command {
        Cache::Status => text.push_str(&format!("  {total:>12} bytes in all\n")),
        Cache::Clean => text.push_str(&format!("  {total} bytes freed\n")),
    }
    output::print(text.as_bytes())?;
    Ok(ExitCode::Pass)
}

/// Indexes, their lock files, files of publications, downloads that were not finished, and when lines were scanned.
fn is_ours(name: &str) -> bool {
    [".lkdb", ".lkdb.lock", ".part", ".part.from", ".installed"]
        .iter()
        .any(|ending| name.ends_with(ending))
        || name.starts_with(".lockkeeper-")
        || [heartbeat::FILE_NAME, heartbeat::LOCK_NAME].contains(&name)
}
