//! The archive of an ecosystem, read on every core.

use std::collections::HashSet;
use std::path::Path;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::advisory::import::{self, Imported};
use crate::database::archive::Zip;
use crate::sys::positional::Positional;

/// Documents that one core reads in a row.
const CHUNK: usize = 256;

/// Documents of one wave, which are in memory at the same time.
const WAVE: usize = 8192;

/// The ids in the zip at `path`, all of which was inflated once and compared with its checksums.
///
/// # Errors
/// What is wrong with it, as a fragment.
pub(super) fn verified(path: &Path) -> Result<HashSet<String>, String> {
    let mut ids = HashSet::new();
    read(
        path,
        |name, json| json.map(|_| name),
        |name: Result<String, String>| {
            let name = name?;
            ids.insert(name.strip_suffix(".json").unwrap_or(&name).to_owned());
            Ok(())
        },
    )?;
    Ok(ids)
}

/// Hands on every document of the zip at `path`, in its order.
///
/// # Errors
/// What is wrong with the zip, as a fragment.
pub(super) fn imported(path: &Path, mut take: impl FnMut(Imported)) -> Result<(), String> {
    let import = |name: String, json: Result<&[u8], String>| json.map(|json| import::osv::read(json, &name));
    read(path, import, |imported| {
        take(imported?);
        Ok(())
    })
}

/// Makes something of each document on every core, and takes it in one after the other.
fn read<T: Send>(
    path: &Path,
    make: impl Fn(String, Result<&[u8], String>) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), String>,
) -> Result<(), String> {
    let zip = Positional::open(path)
        .map_err(|error| error.to_string())
        .and_then(Zip::open)
        .map_err(|reason| format!("is no zip that can be read: {reason}"))?;
    let total = zip.len();
    for start in (0..total).step_by(WAVE) {
        let end = start.saturating_add(WAVE).min(total);
        let chunks: Vec<usize> = (start..end).step_by(CHUNK).collect();
        let made: Vec<Vec<T>> = chunks
            .into_par_iter()
            .map(|from| {
                let mut reader = zip.reader();
                (from..from.saturating_add(CHUNK).min(end))
                    .filter_map(|number| {
                        let (name, json) = reader.json(number)?;
                        let named = json.map_err(|reason| format!("{name}: {reason}"));
                        Some(make(name, named))
                    })
                    .collect()
            })
            .collect();
        made.into_iter().flatten().try_for_each(&mut take)?;
    }
    Ok(())
}
