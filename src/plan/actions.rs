//! Upgrades of what workflows and composite actions use: a tag, or a commit with the tag in a comment, goes to the lowest later tag that no known
//! advisory affects. The commit is that of the tag, as the repository's own server lists it.
//!
//! What moves by itself, a tag such as `v4` or a branch, is not moved: the reason names what to write instead. A commit whose comment names a tag
//! of another commit stays, too, for one of both is not what it says.

use std::collections::BTreeSet;

use super::{Bounds, EntryChange, EntryEdit, Known, Move, Plan, Releases, Step, Strategy, Wish};
use crate::lockfile::github_workflows::is_commit;
use crate::model::{Query, Release};
use crate::version::Scheme as _;
use crate::version::github_actions::{GithubActions, is_exact, is_version};

/// What a workflow or composite action uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionUse {
    /// What names it among the others.
    pub place: String,
    /// `owner/repository`.
    pub name: String,
    /// The version as it is written: behind `@`, or in the comment behind a commit.
    pub version: String,
    /// The commit, where it is one.
    pub commit: Option<String>,
}

/// Plans that the versions in `wishes` leave the file.
#[must_use]
pub fn plan(uses: &[ActionUse], wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
    let mut asked = BTreeSet::new();
    let mut plan = Plan::default();
    for wish in wishes {
        let tags = match releases.versions(&wish.name) {
            Known::Answer(tags) => tags,
            Known::NotAsked => {
                asked.insert(Query::versions(wish.name.as_str()));
                continue;
            }
            Known::Failed(reason) => {
                plan.block(wish, Vec::new(), format!("Its tags are not known: {reason}."));
                continue;
            }
        };
        let own: Vec<&ActionUse> = uses
            .iter()
            .filter(|one| one.name.eq_ignore_ascii_case(&wish.name) && one.version == wish.version)
            .collect();
        if own.is_empty() {
            plan.block(
                wish,
                Vec::new(),
                "It is written in a way that is not edited: change it by hand.".to_owned(),
            );
            continue;
        }
        let tag = match moved(&own, wish, tags, bounds) {
            Ok(tag) => tag,
            Err(reason) => {
                plan.block(wish, Vec::new(), reason);
                continue;
            }
        };
        plan.moves.push(Move {
            name: wish.name.clone(),
            from: wish.version.clone(),
            to: Some(tag.version.to_string()),
            strategy: Strategy::InRange,
            fixes: wish.fixes.clone(),
            published: tag.published,
        });
        plan.entries.extend(own.iter().map(|one| EntryChange {
            place: one.place.clone(),
            name: one.name.clone(),
            edit: EntryEdit::Lock(Box::new(tag.clone()), None),
        }));
    }
    match asked.is_empty() {
        true => Step::Done(plan),
        false => Step::Ask(asked),
    }
}

/// The tag that everything in `own`, which is in the version of the wish, goes to.
///
/// # Errors
/// Why there is none, as a sentence.
fn moved<'t>(
    own: &[&ActionUse],
    wish: &Wish,
    tags: &'t [Release],
    bounds: &Bounds<'_>,
) -> Result<&'t Release, String> {
    let locked = locked(own, wish, tags)?;
    let lowest = lowest(locked, tags, |tag| {
        !(bounds.is_affected)(&wish.name, &tag.version)
    });
    let lowest = lowest.ok_or_else(|| match wish.to.as_ref() {
        Some(to) => format!(
            "{} has no tag of {to} or a later version that no known advisory affects.",
            wish.name
        ),
        None => format!("{} has no later tag that no known advisory affects.", wish.name),
    })?;
    let far = format!(
        "{} {} would help, and is further away than `--level {}` goes.",
        wish.name,
        lowest.version,
        bounds.level.as_str()
    );
    if !is_exact(locked) {
        return Err(format!(
            "`{locked}` is a tag that moves: each run gets what it leads to that day. Write a release in its place: `{}@{} # {}`.",
            wish.name, lowest.document, lowest.version
        ));
    }
    let is_near = GithubActions.distance(plain(locked), plain(&lowest.version)) <= bounds.level;
    match is_near {
        true => Ok(lowest),
        false => Err(far),
    }
}

/// The tag that is in use.
fn locked<'w>(own: &[&ActionUse], wish: &'w Wish, tags: &'w [Release]) -> Result<&'w str, String> {
    let of = |version: &str| tags.iter().find(|tag| is_same(&tag.version, version));
    if is_commit(&wish.version) {
        // The comment does not say which version it is.
        let mut at = tags
            .iter()
            .filter(|tag| *tag.document == *wish.version && is_exact(&tag.version));
        return at.next().map(|tag| &*tag.version).ok_or_else(|| {
            format!(
                "No tag of {} is at this commit: write one that is, with its version in a comment.",
                wish.name
            )
        });
    }
    if !is_version(&wish.version) {
        return Err(format!(
            "`{}` is a branch, or a tag without a version: each run gets what it leads to that day. Write a release in its place.",
            wish.version
        ));
    }
    let commits = own.iter().filter_map(|one| one.commit.as_deref());
    for commit in commits {
        match of(&wish.version) {
            Some(tag) if tag.document.eq_ignore_ascii_case(commit) => {}
            Some(tag) => {
                return Err(format!(
                    "The comment says {}, whose tag is at another commit, {}: either the comment is wrong or the tag was moved. Look at both.",
                    wish.version, tag.document
                ));
            }
            None => {
                return Err(format!(
                    "The comment says {}, and {} has no such tag.",
                    wish.version, wish.name
                ));
            }
        }
    }
    Ok(&wish.version)
}

/// The lowest release later than `locked` that `is_good`; a pre-release only follows another.
fn lowest<'t>(locked: &str, tags: &'t [Release], is_good: impl Fn(&Release) -> bool) -> Option<&'t Release> {
    let is_later = |tag: &&Release| {
        GithubActions
            .compare(locked, &tag.version)
            .is_ok_and(std::cmp::Ordering::is_lt)
    };
    let later = tags.iter().filter(|tag| {
        is_exact(&tag.version)
            && (!GithubActions.is_prerelease(&tag.version) || GithubActions.is_prerelease(locked))
    });
    let good = later.filter(is_later).filter(|tag| is_good(tag));
    // Where a version has two tags, the one that is written like the one in use comes first.
    let is_alike = |tag: &Release| tag.version.starts_with(['v', 'V']) == locked.starts_with(['v', 'V']);
    good.reduce(
        |left, right| match GithubActions.compare(&right.version, &left.version) {
            Ok(std::cmp::Ordering::Less) => right,
            Ok(std::cmp::Ordering::Equal) if is_alike(right) && !is_alike(left) => right,
            _ => left,
        },
    )
}

/// The tag is one of `version`, with its `v` or without.
fn is_same(tag: &str, version: &str) -> bool {
    plain(tag) == plain(version)
}

fn plain(version: &str) -> &str {
    version.strip_prefix(['v', 'V']).unwrap_or(version)
}
