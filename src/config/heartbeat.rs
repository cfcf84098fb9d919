//! When each line was last scanned: a small file beside the fetched indexes, so that a release line that is no longer scanned
//! is seen. It is kept where there is a cache folder, and nothing depends on it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::git::Repository;
use crate::model::Target;
use crate::model::grid::{ReleaseLine, Standing};
use crate::model::lines::short_name;
use crate::policy::duration;
use crate::sys::file::{self, FileKind};
use crate::sys::lock::Lock;

/// The file's name in the cache folder.
pub const FILE_NAME: &str = "heartbeat.json";

/// The file that its lock stands for.
pub const LOCK_NAME: &str = "heartbeat.lock";

/// A larger file is not ours.
const LIMIT: u64 = 4 << 20;

/// Lines that were not scanned for so long are forgotten: two years.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);

const SCHEMA: &str = "lockkeeper.heartbeat/1";

#[derive(Serialize, Deserialize)]
struct Beats {
    schema: String,
    /// By the digest of what names a repository, which may hold a secret; then by the full name of the ref.
    repositories: BTreeMap<String, BTreeMap<String, Timestamp>>,
}

/// Takes note that each of `targets`, judged in whole, was scanned at `now`. What cannot be written is not: a scan does not
/// fail for it.
pub fn record(folder: &Path, repository: &Repository, targets: &[&Target], now: Timestamp) {
    if targets.is_empty() || file::kind(folder).ok() != Some(FileKind::Folder) {
        return;
    }
    let path = folder.join(FILE_NAME);
    let Ok(_lock) = Lock::take(&folder.join(LOCK_NAME), || ()) else {
        return;
    };
    let mut beats = read(&path);
    let lines = beats.repositories.entry(key(repository)).or_default();
    for name in targets.iter().filter_map(|target| target.ref_name.clone()) {
        lines.insert(name, now);
    }
    for lines in beats.repositories.values_mut() {
        lines.retain(|_, scanned| now.duration_since(*scanned) < FORGOTTEN);
    }
    beats.repositories.retain(|_, lines| !lines.is_empty());
    if let Ok(text) = serde_json::to_vec_pretty(&beats) {
        let _ = file::replace(&path, |out| out.write_all(&text));
    }
}

/// Says of each line when it was last scanned, and warns of live ones for which that is longer ago than `within`.
pub fn last_scanned(
    folder: &Path,
    repository: &Repository,
    lines: &mut [ReleaseLine],
    within: Option<SignedDuration>,
    now: Timestamp,
) -> Vec<String> {
    let beats = read(&folder.join(FILE_NAME));
    let known = beats.repositories.get(&key(repository));
    let mut warnings = Vec::new();
    for line in lines {
        line.last_scanned = known.and_then(|known| known.get(&line.ref_name)).copied();
        let Some(within) = within.filter(|_| line.standing == Standing::Live) else {
            continue;
        };
        let (name, limit) = (short_name(&line.ref_name), duration::written(within));
        match line.last_scanned {
            Some(scanned) if now.duration_since(scanned) <= within => {}
            Some(scanned) => warnings.push(format!(
                "{name} was last scanned on {}, which is longer ago than {limit}.",
                scanned.strftime("%Y-%m-%d")
            )),
            None => warnings.push(format!(
                "{name} has no recorded scan; the policy asks for a scan within {limit}."
            )),
        }
    }
    warnings
}

/// What is noted; nothing where the file is missing or is not what was written.
fn read(path: &Path) -> Beats {
    let noted: Option<Beats> = file::read(path, LIMIT)
        .ok()
        .flatten()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    noted.filter(|beats| beats.schema == SCHEMA).unwrap_or(Beats {
        schema: SCHEMA.to_owned(),
        repositories: BTreeMap::new(),
    })
}

fn key(repository: &Repository) -> String {
    let mut key = hex::encode(Sha256::digest(repository.identity().as_bytes()));
    key.truncate(32);
    key
}
