//! What a change is, wherever it is made: the identity that `git patch-id --stable` is for. Lines with their surroundings and
//! paths count; line numbers, the order of files and white space do not.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::super::error::GitError;
use super::diff;
use super::differences::Difference;
use super::lines::{self, Lines};
use super::objects::Objects;

/// So many lines around a change belong to it.
const CONTEXT: usize = 3;

/// The identity of some differences, as hexadecimal digits; `None` where nothing differs.
pub(super) fn of(objects: &Objects, differences: &[Difference]) -> Result<Option<String>, GitError> {
    let mut files = Vec::new();
    for difference in differences {
        files.push(file(objects, difference)?);
    }
    // The order of files is that of their digests.
    files.sort_unstable();
    Ok((!files.is_empty()).then(|| hex::encode(Sha256::digest(files.concat()))))
}

fn file(objects: &Objects, difference: &Difference) -> Result<Vec<u8>, GitError> {
    let mut hasher = Sha256::new();
    hasher.update((difference.path.len() as u64).to_le_bytes());
    hasher.update(&difference.path);
    let mode = |side: Option<(u32, super::super::entry::ObjectId)>| side.map_or(0, |(mode, _)| mode);
    let (old_mode, new_mode) = (mode(difference.old), mode(difference.new));
    // Only what changes of a mode is part of the change.
    if old_mode != new_mode {
        hasher.update(format!("{old_mode:o} {new_mode:o}\n"));
    }
    let is_submodule = [old_mode, new_mode].contains(&0o160_000);
    let mut ids = String::new();
    for side in [difference.old, difference.new] {
        let _ = writeln!(ids, "{}", side.map_or_else(String::new, |(_, id)| id.to_string()));
    }
    if is_submodule {
        hasher.update(&ids);
        return Ok(hasher.finalize().to_vec());
    }
    let bytes = |side: Option<(u32, super::super::entry::ObjectId)>| match side {
        Some((_, id)) => objects.blob(id.0),
        None => Ok(Some([].into())),
    };
    let (Some(old), Some(new)) = (bytes(difference.old)?, bytes(difference.new)?) else {
        hasher.update(&ids);
        return Ok(hasher.finalize().to_vec());
    };
    if lines::is_binary(&old) || lines::is_binary(&new) {
        hasher.update(&ids);
        return Ok(hasher.finalize().to_vec());
    }
    let mut all = Lines::default();
    let (old, new) = (all.split(&old), all.split(&new));
    let mut line = |mark: u8, text: &[u8]| {
        let mut plain = vec![mark];
        plain.extend(
            text.iter()
                .filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')),
        );
        plain.push(b'\n');
        hasher.update(&plain);
    };
    let mut shown = 0;
    let hunks = diff::hunks(&old.numbers, &new.numbers);
    for (at, hunk) in hunks.iter().enumerate() {
        let before = hunk.old.saturating_sub(CONTEXT).max(shown);
        let following = hunks.get(at + 1).map_or(old.lines.len(), |next| next.old);
        let behind = (hunk.old + hunk.gone + CONTEXT).min(following);
        let parts = [
            (b' ', old.lines.get(before..hunk.old)),
            (b'-', old.lines.get(hunk.old..hunk.old + hunk.gone)),
            (b'+', new.lines.get(hunk.new..hunk.new + hunk.come)),
            (b' ', old.lines.get(hunk.old + hunk.gone..behind)),
        ];
        for (mark, part) in parts {
            part.unwrap_or_default().iter().for_each(|text| line(mark, text));
        }
        shown = behind;
    }
    Ok(hasher.finalize().to_vec())
}
