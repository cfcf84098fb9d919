//! A tree beside what it came from: the merge base, and the tip of the branch that it goes to.
//!
//! What either of the two has is not introduced. Both sides are judged by one policy, so that what the base lets pass and the
//! tree does not is told apart. Where the clone lacks what the base had, nobody knows what the change brings in: that is a
//! blind spot, and neither "introduced" nor "nothing changed". A file that the base holds and that cannot be read is
//! another thing: no gate has let pass what it holds, and so the change that makes it readable answers for it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::change::{self, Changed, Decided, Side};
use crate::git::commit_tree::Lack;
use crate::model::Location;
use crate::model::coverage::Gap;
use crate::model::finding::Change;
use crate::model::{Cost, Decision, Finding, Target, TreePath};
use crate::policy::{DecisionContext, Policy, Ruled};
use crate::text::Position;

/// A tree that another one came from, judged.
pub(super) struct BaseTree {
    /// What it holds.
    pub target: Target,
    /// What the clone lacks of it.
    pub lacking: BTreeMap<TreePath, Lack>,
    /// When its commit was made.
    pub committed: Timestamp,
}

/// Says of each finding of `target`, not yet decided, how it came about since `befores`; and of what could not be read
/// there, as remarks. The base was judged under `base_ref`, if it has a name.
pub(super) fn compare(
    target: &mut Target,
    befores: &[BaseTree],
    policy: &Policy,
    context: &DecisionContext<'_>,
    base_ref: Option<&str>,
) -> Vec<Gap> {
    // A checkout without a ref is one of the branch that it goes to.
    let at_base = DecisionContext {
        ref_name: context.ref_name.map(|own| base_ref.unwrap_or(own)),
        ..*context
    };
    let decided: Vec<Decided> = target
        .findings
        .iter()
        .map(|finding| stand(&policy.decide(finding, context)))
        .collect();
    let files = files(target);
    let base_files: Vec<BTreeSet<TreePath>> =
        befores.iter().map(|before| self::files(&before.target)).collect();
    let hidden: Vec<Hidden<'_>> = befores
        .iter()
        .zip(&base_files)
        .map(|(before, base_files)| Hidden {
            files: &files,
            base_files,
            lacking: &before.lacking,
        })
        .collect();
    let mut best: Vec<Option<(Change, String)>> = vec![None; target.findings.len()];
    let mut blind: BTreeMap<TreePath, Gap> = BTreeMap::new();
    for (before, hidden) in befores.iter().zip(&hidden) {
        let ruled: Vec<Ruled> = before
            .target
            .findings
            .iter()
            .map(|finding| policy.decide(finding, &at_base))
            .collect();
        let stands: Vec<Decided> = ruled.iter().map(stand).collect();
        let changed = change::changes(
            Side {
                findings: &target.findings,
                decided: &decided,
                files: &files,
            },
            Side {
                findings: &before.target.findings,
                decided: &stands,
                files: hidden.base_files,
            },
            before.committed,
        );
        for ((finding, changed), best) in target.findings.iter().zip(changed).zip(&mut best) {
            let told = told(finding, changed, &ruled, hidden);
            // What one of the two had is not brought in, whatever the other lacks.
            if best.as_ref().is_none_or(|(change, _)| told.0 > *change) {
                *best = Some(told);
            }
        }
    }
    for (finding, best) in target.findings.iter_mut().zip(best) {
        let Some((change, why)) = best else { continue };
        finding.change = Some(change);
        match change {
            Change::Escalated => {
                finding.reason = format!("{}; {why}", finding.reason).into();
            }
            Change::Unknown => {
                let lack = hidden.iter().find_map(|hidden| hidden.by(&finding.file));
                blind
                    .entry(finding.file.clone())
                    .or_insert_with(|| not_compared(&finding.file, lack));
            }
            Change::Introduced | Change::PublishedSince | Change::Moved | Change::PreExisting => {}
        }
    }
    for gap in blind.into_values() {
        target.coverage.add(Cost::Blind, gap);
    }
    let mut remarks: Vec<Gap> = befores.iter().flat_map(unread_at).collect();
    remarks.sort();
    remarks.dedup();
    remarks
}

fn stand(ruled: &Ruled) -> Decided {
    let fails = ruled.decision == Decision::Fail;
    Decided {
        fails,
        will_fail: fails || ruled.fails_from.is_some(),
    }
}

/// The change of one finding since one base, and what there is to say of it.
fn told(finding: &Finding, changed: Changed, ruled: &[Ruled], hidden: &Hidden<'_>) -> (Change, String) {
    if changed.change.is_of_the_change() && hidden.by(&finding.file).is_some() {
        return (Change::Unknown, String::new());
    }
    let was = changed.was.and_then(|was| ruled.get(was));
    let why = was.map(|was| {
        format!(
            "the base has it too, where the decision is {} ({})",
            was.decision.as_str(),
            was.rule
        )
    });
    (changed.change, why.unwrap_or_default())
}

/// What the clone lacks of a base.
struct Hidden<'a> {
    files: &'a BTreeSet<TreePath>,
    base_files: &'a BTreeSet<TreePath>,
    lacking: &'a BTreeMap<TreePath, Lack>,
}

impl<'a> Hidden<'a> {
    /// What may have held the occurrences of `file`: the file itself, its folder, a file that has gone and may have been the
    /// same one, or a further file that readers ask for.
    fn by(&self, file: &TreePath) -> Option<(&'a TreePath, &'a Lack)> {
        if let Some(own) = self.lacking.get_key_value(file) {
            return Some(own);
        }
        let is_new = !self.base_files.contains(file);
        self.lacking.iter().find(|(path, lack)| match lack.is_folder {
            true => file.is_in(path) || is_new,
            false if self.base_files.contains(*path) => is_new && !self.files.contains(*path),
            false => true,
        })
    }
}

fn files(target: &Target) -> BTreeSet<TreePath> {
    target.files.iter().map(|file| file.path.clone()).collect()
}

fn not_compared(file: &TreePath, lack: Option<(&TreePath, &Lack)>) -> Gap {
    let (reason, hint) = match lack {
        None => (String::new(), String::new()),
        Some((path, lack)) if path == file => (lack.reason.clone(), lack.hint.clone()),
        Some((path, lack)) => (format!("{path}: {}", lack.reason), lack.hint.clone()),
    };
    Gap {
        location: Some(Location {
            file: file.clone(),
            position: Position::START,
        }),
        reason: format!(
            "what the change brings into this file is not known, since the clone lacks what the base had: {reason}"
        ),
        hint,
    }
}

/// What a base holds and nobody can read: a finding that it may have held counts as introduced.
fn unread_at(before: &BaseTree) -> Vec<Gap> {
    let blind = before.target.coverage.blind.iter();
    let told = blind
        .filter(|gap| gap.file().is_none_or(|file| !before.lacking.contains_key(file)))
        .cloned()
        .map(|gap| Gap {
            reason: format!("at the base: {}; what it held counts as introduced", gap.reason),
            ..gap
        });
    told.collect()
}
