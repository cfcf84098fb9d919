//! The pull request itself: opened, described, dressed with labels and reviewers, and closed.

use super::marker::{self, Marker};
use super::{Carrier, Proposed, Run, StillAffected, Wanted, sentence};
use crate::forge::{Forge, ForgeError, IssueState, Label, Pull, PullDraft, Readiness};
use crate::policy::FixSettings;

impl Run<'_> {
    /// Has the pull request from `branch` be open and say what is on it.
    pub(super) async fn describe(
        &mut self,
        branch: &str,
        open: Option<&Pull>,
        wanted: &Wanted,
        proposed: &mut Proposed,
    ) -> Result<(), ForgeError> {
        let mut marker = Marker::of(wanted, &self.plan_of(wanted));
        marker.is_dressed = !self.is_dressing_wanted();
        let title = filled(self.settings.title.as_deref(), "title", &wanted.title, self.base);
        let text = filled(self.settings.body.as_deref(), "body", &wanted.body, self.base);
        let known = open.and_then(|pull| marker::read(&pull.body));
        let carrier = |number: u64| Carrier {
            key: wanted.key.clone(),
            number,
            branch: branch.to_owned(),
            title: title.clone(),
        };
        let number = match (open, &known) {
            (Some(pull), Some(known)) if known.text == marker.text => {
                if known.is_dressed {
                    proposed.done.push(format!("#{} is up to date.", pull.number));
                    proposed.open.push(pull.number);
                    proposed.carriers.push(carrier(pull.number));
                    return Ok(());
                }
                pull.number
            }
            (Some(pull), _) => {
                marker.is_dressed |= known.as_ref().is_some_and(|known| known.is_dressed);
                let body = format!("{}\n{text}", marker.line());
                self.forge
                    .edit_pull(pull.number, &title, &body, IssueState::Open)
                    .await?;
                proposed
                    .done
                    .push(format!("#{} was brought up to date: {title}.", pull.number));
                pull.number
            }
            (None, _) => {
                let draft = PullDraft {
                    branch: branch.to_owned(),
                    base: self.base.to_owned(),
                    title: title.clone(),
                    body: format!("{}\n{text}", marker.line()),
                    readiness: Readiness::Ready,
                };
                let pull = self.forge.open_pull(&draft).await?;
                self.open = self.open.saturating_add(1);
                proposed.done.push(format!("Opened #{}: {title}.", pull.number));
                pull.number
            }
        };
        proposed.open.push(number);
        proposed.carriers.push(carrier(number));
        if !marker.is_dressed {
            self.dress(number, proposed).await;
            marker.is_dressed = true;
            let body = format!("{}\n{text}", marker.line());
            self.forge
                .edit_pull(number, &title, &body, IssueState::Open)
                .await?;
        }
        Ok(())
    }

    /// The policy asks for labels, reviewers, assignees or a milestone.
    fn is_dressing_wanted(&self) -> bool {
        let lists = [
            &self.settings.labels,
            &self.settings.reviewers,
            &self.settings.assignees,
        ];
        lists.into_iter().any(|list| !list.is_empty()) || self.settings.milestone.is_some()
    }

    /// Labels, reviewers, assignees and milestone. What one of them is refused for keeps none of the others.
    async fn dress(&self, number: u64, proposed: &mut Proposed) {
        proposed
            .held
            .extend(dressed(self.forge, self.settings, number).await);
    }

    /// Why a pull request has nothing left to do; `None` where it has, or where that is not known.
    fn needless(&self, marker: Option<&Marker>) -> Option<String> {
        let StillAffected::All(found) = self.found else {
            return None;
        };
        let ids = || marker.into_iter().flat_map(|marker| &marker.advisories);
        match ids().all(|id| !found.contains(id)) {
            true => Some(format!(
                "Nothing of this is needed any more: {} is at {} now, and a scan of it finds nothing that these upgrades would fix.",
                self.base, self.tip
            )),
            false => ids()
                .all(|id| !found.contains(id) || self.planned.contains(id.as_str()))
                .then(|| "Another pull request has these upgrades now.".to_owned()),
        }
    }

    /// Closes a pull request of ours that has nothing left to fix, and removes its branch.
    pub(super) async fn close(&self, pull: &Pull, proposed: &mut Proposed) -> Result<(), ForgeError> {
        let marker = marker::read(&pull.body);
        let Some(text) = self.needless(marker.as_ref()) else {
            proposed.open.push(pull.number);
            proposed.held.push(format!(
                "#{} is left as it is: this run has no upgrade for it, and what it fixes is not known to be gone.",
                pull.number
            ));
            return Ok(());
        };
        if self.ours(&pull.head).await?.is_none() {
            proposed.open.push(pull.number);
            proposed.held.push(format!(
                "#{} is left open: nothing of it is needed any more, but its branch has a commit of another author.",
                pull.number
            ));
            return Ok(());
        }
        self.forge.add_comment(pull.number, &text).await?;
        let mut marker = marker.unwrap_or(Marker {
            text: String::new(),
            is_dressed: true,
            is_moot: true,
            advisories: Default::default(),
            blocked: Default::default(),
        });
        marker.is_moot = true;
        let body = format!("{}\n{}", marker.line(), marker::rest(&pull.body));
        self.forge
            .edit_pull(pull.number, &pull.title, &body, IssueState::Closed)
            .await?;
        self.forge.remove_branch(&pull.branch).await?;
        proposed.done.push(format!(
            "Closed #{}: nothing of it is needed any more.",
            pull.number
        ));
        Ok(())
    }
}

/// Gives a pull request labels, reviewers, assignees and milestone, and says what was refused.
pub(super) async fn dressed(forge: &dyn Forge, settings: &FixSettings, number: u64) -> Vec<String> {
    let FixSettings {
        labels,
        reviewers,
        assignees,
        milestone,
        ..
    } = settings;
    let mut errors: Vec<ForgeError> = Vec::new();
    if !labels.is_empty() {
        for name in labels {
            let label = Label {
                name: name.clone(),
                colour: "d73a4a",
                description: "",
            };
            errors.extend(forge.make_label(&label).await.err());
        }
        errors.extend(forge.add_labels(number, labels).await.err());
    }
    if !assignees.is_empty() || milestone.is_some() {
        let assigned = forge.assign(number, assignees, milestone.as_deref()).await;
        errors.extend(assigned.err());
    }
    if !reviewers.is_empty() {
        let teams = reviewers.iter().filter_map(|name| team(name));
        let teams: Vec<String> = teams.map(str::to_owned).collect();
        let people = reviewers.iter().filter(|name| team(name).is_none());
        let people: Vec<String> = people
            .map(|name| name.trim_start_matches('@').to_owned())
            .collect();
        errors.extend(forge.ask_review(number, &people, &teams).await.err());
    }
    errors
        .iter()
        .map(|error| format!("#{number}: {}", sentence(error)))
        .collect()
}

/// The team of `@owner/team`.
fn team(name: &str) -> Option<&str> {
    name.strip_prefix('@')?.split_once('/').map(|(_, team)| team)
}

/// `template` with `{WORD}` as `usual` and `{ref}` as `base`, in one pass: nothing that is put in is looked at again.
fn filled(template: Option<&str>, word: &str, usual: &str, base: &str) -> String {
    let Some(template) = template else {
        return usual.to_owned();
    };
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let name = after.split_once('}');
        rest = match name {
            Some((name, tail)) if name == word => {
                text.push_str(usual);
                tail
            }
            Some(("ref", tail)) => {
                text.push_str(base);
                tail
            }
            Some(_) | None => {
                text.push('{');
                after
            }
        };
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_once() {
        for (template, expected) in [
            (None, "usual {ref}"),
            (Some("{title}"), "usual {ref}"),
            (Some("[{ref}] {title} {} { {x}"), "[main] usual {ref} {} { {x}"),
        ] {
            assert_eq!(filled(template, "title", "usual {ref}", "main"), expected);
        }
    }

    #[test]
    fn teams_are_told_from_people() {
        assert_eq!(team("@acme/security"), Some("security"));
        assert_eq!((team("@octocat"), team("octocat")), (None, None));
    }
}
