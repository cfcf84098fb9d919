//! The archive of an ecosystem, read on every core.

use std::collections::HashSet;
use std::path::Path;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::advisory::import::Imported;
use crate::database::archive::{ArchiveError, Spoilt, Zip};
use crate::database::build;
use crate::sys::positional::Positional;

/// Documents that one core reads in a row.
const CHUNK: usize = 256;

/// Documents of one wave, which are in memory at the same time.
const WAVE: usize = 8192;

/// What is in a zip.
#[derive(Default)]
pub(super) struct Verified {
    /// The ids of its documents.
    pub(super) ids: HashSet<String>,
    /// The first of its entries that are not what was packed, with the reason.
    pub(super) spoilt: Option<String>,
}

/// The ids in the zip at `path`, all of which was inflated once and compared with its checksums.
///
/// # Errors
/// [`ArchiveError`].
pub(super) fn verified(path: &Path) -> Result<Verified, ArchiveError> {
    let mut verified = Verified::default();
    read(
        path,
        |name, json| (json.err().map(|spoilt| spoilt.error), name),
        |(spoilt, name)| {
            if let (Some(error), None) = (spoilt, &verified.spoilt) {
                verified.spoilt = Some(format!("{name}: {error}"));
            }
            verified
                .ids
                .insert(name.strip_suffix(".json").unwrap_or(&name).to_owned());
        },
    )?;
    Ok(verified)
}

/// Hands on every document of the zip at `path`, in its order.
///
/// # Errors
/// [`ArchiveError`].
pub(super) fn imported(path: &Path, mut take: impl FnMut(Imported)) -> Result<(), ArchiveError> {
    read(path, |name, json| build::of_osv(json, &name), &mut take)
}

/// Makes something of each document on every core, and takes it in one after the other.
fn read<T: Send>(
    path: &Path,
    make: impl Fn(String, Result<&[u8], Spoilt<'_>>) -> T + Sync,
    mut take: impl FnMut(T),
) -> Result<(), ArchiveError> {
    let zip = Zip::open(Positional::open(path)?)?;
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
                        Some(make(name, json))
                    })
                    .collect()
            })
            .collect();
        made.into_iter().flatten().for_each(&mut take);
    }
    Ok(())
}
