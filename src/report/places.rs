//! The paths of files, relative to what each reader of a report expects.

use std::borrow::Cow;

use crate::model::{Coverage, Finding, Gap, Outcome, Target, TreePath};
use crate::text::Position;

/// The finding's file from the top of the repository, as annotations and SARIF want it: at the end of a symbolic link, since
/// nothing can be shown at the link itself. From the target's root outside git.
#[must_use]
pub fn in_repository<'f>(target: &Target, finding: &'f Finding) -> Cow<'f, str> {
    match (target.links.get(&finding.file), target.prefix.as_bytes()) {
        (Some(end), _) => Cow::Owned(end.to_string()),
        (None, []) => finding.file.display(),
        (None, _) => Cow::Owned(format!("{}/{}", target.prefix, finding.file)),
    }
}

/// A file of `target` from where the command was started, so that an editor can open it.
#[must_use]
pub fn from_here<'f>(target: &Target, file: &'f TreePath) -> Cow<'f, str> {
    match target.root.trim_end_matches('/') {
        "" if target.root.is_empty() => file.display(),
        "." => file.display(),
        root => Cow::Owned(format!("{root}/{file}")),
    }
}

/// A file of `target` for people: from where the command was started, and behind its ref (as git writes it,
/// `release/1.4:Cargo.lock`) where the same root is there at several refs.
#[must_use]
pub fn with_ref<'f>(target: &Target, file: &'f TreePath) -> Cow<'f, str> {
    match target.told_ref() {
        None => from_here(target, file),
        Some(name) => Cow::Owned(format!("{name}:{}", from_here(target, file))),
    }
}

/// A gap of any target.
#[derive(Debug)]
pub struct GapHere<'o> {
    /// The file.
    pub file: Cow<'o, str>,
    /// The file from the top of the repository.
    pub in_repository: Vec<u8>,
    /// Where in it.
    pub position: Position,
    /// Why.
    pub reason: &'o str,
    /// The way out.
    pub hint: &'o str,
}

/// The gaps of one list of the coverage, of all targets.
#[must_use]
pub fn gaps<'o>(outcome: &'o Outcome, list: impl Fn(&'o Coverage) -> &'o [Gap]) -> Vec<GapHere<'o>> {
    let here = |file, in_repository, gap: &'o Gap| GapHere {
        file,
        in_repository,
        position: gap.position,
        reason: &gap.reason,
        hint: &gap.hint,
    };
    let of_targets: Vec<GapHere<'o>> = outcome
        .targets
        .iter()
        .flat_map(|target| list(&target.coverage).iter().map(move |gap| (target, gap)))
        .map(|(target, gap)| {
            here(
                with_ref(target, &gap.file),
                bytes_in_repository(target, &gap.file),
                gap,
            )
        })
        .collect();
    let whole = list(&outcome.coverage);
    // A gap that is no target's stands only in the whole run's coverage.
    if of_targets.len() < whole.len() {
        return whole
            .iter()
            .map(|gap| here(gap.file.display(), gap.file.as_bytes().to_vec(), gap))
            .collect();
    }
    of_targets
}

/// Remarks on the policy, the base and the refs.
#[must_use]
pub fn remarks(outcome: &Outcome) -> Vec<GapHere<'_>> {
    let here = outcome.remarks.iter().map(|gap| GapHere {
        file: gap.file.display(),
        in_repository: gap.file.as_bytes().to_vec(),
        position: gap.position,
        reason: &gap.reason,
        hint: &gap.hint,
    });
    here.collect()
}

/// The bytes of a file's path from the top of the repository, at the end of a symbolic link; from the target's root outside git.
#[must_use]
pub fn bytes_in_repository(target: &Target, file: &TreePath) -> Vec<u8> {
    match target.links.get(file) {
        Some(end) => end.as_bytes().to_vec(),
        None => as_named(target, file),
    }
}

/// The same with the link itself.
#[must_use]
pub fn as_named(target: &Target, file: &TreePath) -> Vec<u8> {
    match target.prefix.as_bytes() {
        [] => file.as_bytes().to_vec(),
        prefix => [prefix, b"/", file.as_bytes()].concat(),
    }
}
