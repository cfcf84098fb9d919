//! Edits of workflows and composite actions: the tag or the commit behind `@`, and the version in the comment behind a commit.
//!
//! The check reads the result anew: what the plan names is at the commit of its tag, as the repository's server lists it, or at the tag itself; every
//! other use, and every byte besides, is as before.

use std::collections::BTreeMap;

use super::{Refused, Relock, Splice, apply};
use crate::lockfile::github_workflows::{Use, is_commit, uses};
use crate::model::{Release, TreePath};
use crate::plan::{Edited, EntryEdit, Plan};
use crate::text::Span;

/// Edits workflows and composite actions.
pub struct GithubWorkflows;

const DAMAGED: &str = "The file is damaged.";

/// By place, what is to be used.
type Changes<'p> = BTreeMap<&'p str, (&'p str, &'p Release)>;

impl Relock for GithubWorkflows {
    fn format(&self) -> &'static str {
        ".github/workflows"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        _read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let refused = |reason: String| Refused(reason);
        let mut changes = Changes::new();
        for change in &plan.entries {
            let EntryEdit::Lock(release, _) = &change.edit else {
                return Err(refused("The plan is one of another format.".to_owned()));
            };
            changes.insert(&change.place, (&change.name, release));
        }
        let mut splices = Vec::new();
        for one in uses(text).ok_or_else(|| refused(DAMAGED.to_owned()))? {
            if let Some((_, release)) = changes.get(place(&one).as_str()) {
                splices.extend(exchanged(&one, text, release));
            }
        }
        let after = apply(text, splices).ok_or_else(|| refused("Two uses stand in one place.".to_owned()))?;
        check(text, &after, &changes).map_err(refused)?;
        Ok(vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        }])
    }
}

/// What names a use among the others.
#[must_use]
pub fn place(one: &Use) -> String {
    one.reference.start.to_string()
}

/// What changes of a use.
fn exchanged(one: &Use, text: &str, release: &Release) -> Vec<Splice> {
    let at = |span: Span, text: String| Splice {
        at: span.start as usize..span.end as usize,
        text,
    };
    if !one.is_commit {
        return vec![at(one.reference, release.version.to_string())];
    }
    let commit = at(one.reference, release.document.to_string());
    let comment = one
        .comment
        .map(|span| at(span, spelled(span.of(text), &release.version)));
    std::iter::once(commit).chain(comment).collect()
}

/// The tag with a `v` in front where the comment has one, and without where not.
fn spelled(before: &str, tag: &str) -> String {
    let number = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    match before.starts_with(['v', 'V']) {
        true if number.len() < tag.len() => tag.to_owned(),
        true => format!("v{number}"),
        false => number.to_owned(),
    }
}

/// Checks the text `after` that comes of `before`.
///
/// # Errors
/// What is wrong, as a sentence.
fn check(before: &str, after: &str, changes: &Changes<'_>) -> Result<(), String> {
    let (old, new) = (
        uses(before).ok_or(DAMAGED)?,
        uses(after).ok_or("The file would be damaged.")?,
    );
    if old.len() != new.len() {
        return Err("Other uses would stand in the file.".to_owned());
    }
    let mut left = changes.clone();
    let (mut rest_before, mut rest_after) = (Rest::of(before), Rest::of(after));
    let mut order: Vec<(&Use, &Use)> = old.iter().zip(&new).collect();
    order.sort_by_key(|(old, _)| old.reference.start);
    for (was, is) in order {
        let same = |span: fn(&Use) -> Span| span(was).of(before) == span(is).of(after);
        if was.name != is.name
            || was.is_commit != is.is_commit
            || was.comment.is_some() != is.comment.is_some()
        {
            return Err(format!("The use of {} would be another.", was.name));
        }
        match left.remove(place(was).as_str()) {
            None if same(|one| one.reference) && same(Use::version) => {}
            None => return Err(format!("The use of {} changed by itself.", was.name)),
            Some((name, release)) => leads_to(is, after, name, release)?,
        }
        rest_before.skip(was).ok_or(DAMAGED)?;
        rest_after.skip(is).ok_or(DAMAGED)?;
    }
    if let Some((name, _)) = left.values().next() {
        return Err(format!("The file does not use {name} there."));
    }
    match rest_before.ended() == rest_after.ended() {
        true => Ok(()),
        false => Err("Something else of the file changed.".to_owned()),
    }
}

/// The use is at the tag of the release, or at its commit with the version in the comment.
fn leads_to(one: &Use, text: &str, name: &str, release: &Release) -> Result<(), String> {
    let number = |version: &str| version.trim_start_matches(['v', 'V']).to_owned();
    let reference = one.reference.of(text);
    let is_right = match one.is_commit {
        true => {
            let said = one.comment.map(|comment| number(comment.of(text)));
            *reference == *release.document && said.is_none_or(|said| said == number(&release.version))
        }
        false => *reference == *release.version,
    };
    match is_right && one.name.eq_ignore_ascii_case(name) && is_commit(&release.document) {
        true => Ok(()),
        false => Err(format!(
            "The use of {} does not lead to {}.",
            one.name, release.version
        )),
    }
}

/// A text without its uses.
struct Rest<'t> {
    text: &'t str,
    done: usize,
    rest: String,
}

impl<'t> Rest<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            text,
            done: 0,
            rest: String::with_capacity(text.len()),
        }
    }

    /// Leaves out the reference and the version of a use.
    fn skip(&mut self, one: &Use) -> Option<()> {
        for span in std::iter::once(one.reference).chain(one.comment) {
            self.rest.push_str(self.text.get(self.done..span.start as usize)?);
            self.rest.push('@');
            self.done = span.end as usize;
        }
        Some(())
    }

    fn ended(mut self) -> String {
        self.rest.push_str(self.text.get(self.done..).unwrap_or_default());
        self.rest
    }
}
