//! Which results of one commit belong together: `automationDetails.id`.
//!
//! Code scanning takes what precedes the last slash for the category, and an upload replaces the results of the last one
//! of its category. So two scans of different parts of a repository differ in it, and the same scan has the same one on every ref.

use sha2::{Digest as _, Sha256};

use crate::model::{Outcome, Target};
use crate::text::escape::is_hidden;

/// A longer list of what was scanned is cut, and distinguished by its digest.
const MAX_SHOWN: usize = 200;

/// `lockkeeper/`, and the name that the person gave or what was scanned of the repository if that is not the whole; a
/// slash ends it.
pub(super) fn id(outcome: &Outcome) -> String {
    let name = match &outcome.category {
        Some(category) => category.as_str().to_owned(),
        None => scanned(outcome),
    };
    match name.as_str() {
        "" => "lockkeeper/".to_owned(),
        name => format!("lockkeeper/{name}/"),
    }
}

/// The folders and files that were scanned, from the top of the repository; nothing for the whole.
fn scanned(outcome: &Outcome) -> String {
    let path = |target: &Target| {
        let path = match &target.only {
            Some(file) => target.prefix.join(file.as_bytes()).unwrap_or_default(),
            None => target.prefix.clone(),
        };
        // What joins several is no part of one.
        let shown = path.to_string().replace('+', "%2B");
        let shown = shown.chars().map(|each| match is_hidden(each) {
            true => format!("%{:02X}", u32::from(each)),
            false => each.to_string(),
        });
        shown.collect::<String>()
    };
    let mut paths: Vec<String> = outcome.targets.iter().map(path).collect();
    paths.sort_unstable();
    paths.dedup();
    if paths.iter().any(String::is_empty) {
        return String::new();
    }
    let whole = paths.join("+");
    let shown: String = whole.chars().take(MAX_SHOWN).collect();
    if shown.len() == whole.len() {
        return whole;
    }
    let mut digest = hex::encode(Sha256::digest(&whole));
    digest.truncate(16);
    format!("{shown}~{digest}")
}
