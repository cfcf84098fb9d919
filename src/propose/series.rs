//! Use case: a series of commits as a pull request: made where there is none, brought up to date where what is carried or its base
//! has changed, and left alone as soon as a person has committed to its branch.
//!
//! The text's first line says at which commit a run left the branch. A branch that is elsewhere has a commit of another author, unless
//! it holds the very series that is wanted: then a run died before it could say so.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::branch::{next_name, series_name};
use super::{Proposed, dressed, is_final, sentence};
use crate::forge::{Forge, ForgeError, IssueState, NewCommit, Pull, PullDraft, Readiness, Series};
use crate::model::grid::OpenRequest;
use crate::model::metrics::PastRequest;
use crate::policy::FixSettings;
use crate::text::escape;

/// What a pull request says, and what is in it.
#[derive(Debug, Clone)]
pub struct WantedSeries {
    /// The branch that it is for.
    pub base: String,
    /// Distinguishes it from others into the same branch: what is carried.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The page of this run, which the text names; another one is no reason to write it anew.
    pub run: Option<String>,
    /// Whether it can be merged as it is.
    pub readiness: Readiness,
    /// The commit at the tip of the base.
    pub tip: String,
    /// The tree of that commit.
    pub tree: String,
    /// The commits; none where there is nothing to do.
    pub commits: Vec<NewCommit>,
    /// The ids of the advisories that it fixes.
    pub advisories: BTreeSet<String>,
}

/// What the text's first line begins with.
const BEGIN: &str = "<!-- lockkeeper:carry:";
const END: &str = " -->";

/// How the title of a draft begins on Gitea.
const WIP: &str = "WIP: ";

/// What the first line says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marker {
    /// What the text was written for.
    text: String,
    /// The commit at which a run left the branch.
    head: String,
    /// Which series that is.
    series: String,
    is_draft: bool,
    advisories: BTreeSet<String>,
}

impl Marker {
    fn line(&self) -> String {
        let mut line = format!("{BEGIN}{} {} {}", self.text, self.head, self.series);
        if self.is_draft {
            line.push_str(" draft");
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.');
        let is_id = |id: &&String| {
            id.bytes().all(is_plain)
                && !id.contains("--")
                && id.len() <= 100
                && !id.chars().any(escape::is_hidden)
        };
        for id in self.advisories.iter().filter(is_id).take(500) {
            line.push(' ');
            line.push_str(id);
        }
        line.push_str(END);
        line
    }

    fn read(body: &str) -> Option<Self> {
        let line = body.trim_start().lines().next()?;
        let inside = line.trim_end().strip_prefix(BEGIN)?.strip_suffix(END)?;
        let mut words = inside.split(' ').map(str::to_owned);
        let (text, head, series) = (words.next()?, words.next()?, words.next()?);
        let mut rest: BTreeSet<String> = words.collect();
        Some(Self {
            text,
            head,
            series,
            is_draft: rest.remove("draft"),
            advisories: rest,
        })
    }
}

/// What a pull request of carried commits is for or was for, if `pull` is one.
pub(super) fn past_request(pull: &Pull, settings: &FixSettings) -> Option<PastRequest> {
    let marker = Marker::read(&pull.body).filter(|_| pull.branch.starts_with(&settings.branch_prefix))?;
    Some(PastRequest {
        advisories: marker.advisories,
        ref_name: format!("refs/heads/{}", pull.base),
        page: pull.page.clone(),
        opened: pull.opened,
    })
}

/// What a pull request of carried commits is for, if `pull` is one.
pub(super) fn open_request(pull: &Pull, settings: &FixSettings) -> Option<OpenRequest> {
    let marker = Marker::read(&pull.body).filter(|_| pull.branch.starts_with(&settings.branch_prefix))?;
    Some(OpenRequest {
        number: pull.number,
        page: pull.page.clone(),
        ref_name: format!("refs/heads/{}", pull.base),
        is_draft: marker.is_draft,
        advisories: marker.advisories,
        blocked: BTreeSet::new(),
    })
}

/// Has the forge hold a pull request for `wanted`, or none where nothing is wanted.
pub async fn propose_series(forge: &dyn Forge, settings: &FixSettings, wanted: &WantedSeries) -> Proposed {
    let mut proposed = Proposed::default();
    let run = Run {
        forge,
        settings,
        wanted,
        branch: series_name(settings, &wanted.base, &wanted.key),
    };
    if let Err(error) = run.settle(&mut proposed).await {
        proposed.failed.push(sentence(&error));
        proposed.is_stopped = is_final(&error);
    }
    proposed
}

struct Run<'r> {
    forge: &'r dyn Forge,
    settings: &'r FixSettings,
    wanted: &'r WantedSeries,
    branch: String,
}

impl Run<'_> {
    async fn settle(&self, proposed: &mut Proposed) -> Result<(), ForgeError> {
        let wanted = self.wanted;
        let pulls = self.forge.find_pulls(&self.branch, &wanted.base).await?;
        let open = pulls.iter().find(|pull| pull.state == IssueState::Open);
        let known = open.and_then(|pull| Marker::read(&pull.body));
        if wanted.commits.is_empty() {
            return match open {
                Some(pull) => self.close(pull, known.as_ref(), proposed).await,
                None => Ok(()),
            };
        }
        if let (None, Some(newest)) = (open, pulls.first())
            && !newest.merged
            && Marker::read(&newest.body).is_some()
        {
            proposed.held.push(format!(
                "#{} was closed by a person: no other one is opened for the same. To have it back, reopen it.",
                newest.number
            ));
            return Ok(());
        }
        let tip = self.forge.branch(&wanted.base).await?;
        if tip.as_ref() != Some(&wanted.tip) {
            proposed.held.push(format!(
                "{} has moved on, or the clone is not up to date: it is at {} there. The next run plans anew.",
                wanted.base,
                tip.as_deref().unwrap_or("no commit")
            ));
            return Ok(());
        }
        let Some(head) = self.place(known.as_ref(), open, proposed).await? else {
            return Ok(());
        };
        self.describe(&head, open, known, proposed).await
    }

    /// The commit at which the branch has the series; `None` where it is another author's.
    async fn place(
        &self,
        known: Option<&Marker>,
        open: Option<&Pull>,
        proposed: &mut Proposed,
    ) -> Result<Option<String>, ForgeError> {
        let wanted = self.wanted;
        let from = self.forge.branch(&self.branch).await?;
        let series = |from: Option<String>| Series {
            branch: self.branch.clone(),
            from,
            parent: wanted.tip.clone(),
            tree: wanted.tree.clone(),
            beside: next_name(self.settings, &wanted.base, &wanted.key),
            commits: wanted.commits.clone(),
        };
        let Some(tip) = from else {
            return self.forge.put_series(&series(None)).await.map(Some);
        };
        let is_left_there = known.is_some_and(|known| known.head == tip);
        if is_left_there && known.is_some_and(|known| known.series == self.digest()) {
            return Ok(Some(tip));
        }
        // A run that died put it there, before it could say so.
        if !is_left_there && self.is_series(&tip).await? {
            let beside = next_name(self.settings, &wanted.base, &wanted.key);
            self.forge.remove_branch(&beside).await?;
            return Ok(Some(tip));
        }
        if is_left_there || tip == wanted.tip {
            return self.forge.put_series(&series(Some(tip))).await.map(Some);
        }
        if let Some(pull) = open {
            proposed.open.push(pull.number);
        }
        let name = open.map_or(self.branch.clone(), |pull| {
            format!("#{} ({})", pull.number, self.branch)
        });
        proposed.held.push(format!(
            "{name} is left alone: it has a commit of another author."
        ));
        Ok(None)
    }

    /// The commits behind `tip` are those that are wanted, on the tip of the base.
    async fn is_series(&self, tip: &str) -> Result<bool, ForgeError> {
        let mut at = tip.to_owned();
        for wanted in self.wanted.commits.iter().rev() {
            if at == self.wanted.tip {
                return Ok(false);
            }
            let commit = self.forge.commit(&at).await?;
            let is_same =
                commit.tree == wanted.tree && commit.message.trim_end() == wanted.message.trim_end();
            match (commit.parents.as_slice(), is_same) {
                ([parent], true) => at.clone_from(parent),
                _ => return Ok(false),
            }
        }
        Ok(at == self.wanted.tip)
    }

    /// Which series it is: what it begins on, and what each commit says and has.
    fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(&self.wanted.tip);
        for commit in &self.wanted.commits {
            hasher.update(format!(
                "\n{}\n{}\n{}",
                commit.tree,
                commit.message.len(),
                commit.message
            ));
        }
        hex::encode(hasher.finalize()).chars().take(32).collect()
    }

    /// Has the pull request be open and say what is on its branch.
    async fn describe(
        &self,
        head: &str,
        open: Option<&Pull>,
        known: Option<Marker>,
        proposed: &mut Proposed,
    ) -> Result<(), ForgeError> {
        let wanted = self.wanted;
        let mut text = Sha256::new();
        text.update(&wanted.title);
        text.update("\n");
        text.update(&wanted.body);
        let marker = Marker {
            text: hex::encode(text.finalize()).chars().take(16).collect(),
            head: head.to_owned(),
            series: self.digest(),
            is_draft: wanted.readiness == Readiness::Draft,
            advisories: wanted.advisories.clone(),
        };
        let run = wanted
            .run
            .as_ref()
            .map(|run| format!("\nMade by [this run]({run}).\n"));
        let body = format!("{}\n{}{}", marker.line(), wanted.body, run.unwrap_or_default());
        let number = match (open, known) {
            (Some(pull), Some(known)) if known == marker => {
                proposed.done.push(format!("#{} is up to date.", pull.number));
                pull.number
            }
            (Some(pull), known) => {
                // Where a draft is known by its title, it stays one.
                let title = match (pull.title.strip_prefix(WIP), marker.is_draft) {
                    (Some(_), true) => format!("{WIP}{}", wanted.title),
                    (Some(_) | None, _) => wanted.title.clone(),
                };
                self.forge
                    .edit_pull(pull.number, &title, &body, IssueState::Open)
                    .await?;
                proposed.done.push(format!(
                    "#{} was brought up to date: {}.",
                    pull.number, wanted.title
                ));
                if known.is_some_and(|known| known.is_draft) && !marker.is_draft {
                    proposed.held.push(format!(
                        "#{} has no conflict any more: mark it as ready for review.",
                        pull.number
                    ));
                }
                pull.number
            }
            (None, _) => {
                let draft = PullDraft {
                    branch: self.branch.clone(),
                    base: wanted.base.clone(),
                    title: wanted.title.clone(),
                    body,
                    readiness: wanted.readiness,
                };
                let pull = self.forge.open_pull(&draft).await?;
                proposed
                    .done
                    .push(format!("Opened #{}: {}.", pull.number, wanted.title));
                let missed = dressed(self.forge, self.settings, pull.number).await;
                proposed.held.extend(missed);
                pull.number
            }
        };
        proposed.open.push(number);
        Ok(())
    }

    /// Closes a pull request of which the base has everything, and removes its branch.
    async fn close(
        &self,
        pull: &Pull,
        known: Option<&Marker>,
        proposed: &mut Proposed,
    ) -> Result<(), ForgeError> {
        let Some(known) = known else { return Ok(()) };
        if known.head != pull.head {
            proposed.open.push(pull.number);
            proposed.held.push(format!(
                "#{} is left open: nothing of it is needed any more, but its branch has a commit of another author.",
                pull.number
            ));
            return Ok(());
        }
        let text = format!("Nothing of this is needed any more: {} has it.", self.wanted.base);
        self.forge.add_comment(pull.number, &text).await?;
        self.forge
            .edit_pull(pull.number, &pull.title, &pull.body, IssueState::Closed)
            .await?;
        self.forge.remove_branch(&pull.branch).await?;
        proposed.done.push(format!(
            "Closed #{}: nothing of it is needed any more.",
            pull.number
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let marker = Marker {
            text: "ab".into(),
            head: "12".into(),
            series: "34".into(),
            is_draft: true,
            advisories: BTreeSet::from(["CVE-2026-1".to_owned()]),
        };
        let body = format!("{}\ntext", marker.line());
        assert_eq!(Marker::read(&body), Some(marker));
        assert_eq!(Marker::read("text"), None);
    }
}
