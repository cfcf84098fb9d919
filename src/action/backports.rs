//! Pull requests into release lines, of mode backport and of mode fix with `refs`: one for each line, or for each package of
//! a line, and one table of all lines.

use std::collections::BTreeSet;

use super::backported::Backported;
use super::forge::{Connection, JobForge};
use super::inputs::Inputs;
use super::pull_requests::{advisories, files, found};
use crate::forge::{Forge, Visibility};
use crate::model::grid::OpenRequest;
use crate::plan::lines::{LinePlan, LinePlans};
use crate::policy::FixSettings;
use crate::propose::{self, OpenRequests, Proposals, Wanted};
use crate::report::plan::pull_request;
use crate::session::Backports;

/// Has the forge hold a pull request for each line of `backports` with upgrades; in a dry run nothing is asked of it.
#[must_use]
pub fn propose(backports: Backports, dry_run: bool, inputs: &Inputs, job: &JobForge) -> Backported {
    let Backports {
        whole,
        parts,
        settings: looks,
    } = backports;
    let mut backported = Backported::of(whole);
    if dry_run {
        return backported;
    }
    let connection = match job.connection(inputs) {
        Ok(connection) => connection,
        Err(error) => {
            backported.proposed.failed.push(error.to_string());
            return backported;
        }
    };
    let run = job.pages().run;
    let lines = Lines {
        forge: connection.forge.as_ref(),
        looks: &looks,
        parts: &parts,
        run: run.as_deref(),
    };
    connection.runtime.block_on(lines.propose(&mut backported));
    backported.runs = connection.end(!backported.proposed.open.is_empty());
    backported
}

/// The pull requests of lockkeeper that are open, for what a report shows beside findings; none where there is no token or the
/// forge does not give them, which changes no verdict.
#[must_use]
pub fn open(looks: &FixSettings, inputs: &Inputs, job: &JobForge) -> Vec<OpenRequest> {
    if !job.has_forge() {
        return Vec::new();
    }
    let Ok(Connection { forge, runtime }) = job.connection(inputs) else {
        return Vec::new();
    };
    let open = runtime.block_on(OpenRequests::of(forge.as_ref(), looks));
    runtime.shutdown_background();
    match open {
        Ok(open) => open.list().collect(),
        Err(error) => {
            tracing::info!("open pull requests are not shown: {error}");
            Vec::new()
        }
    }
}

/// What is the same for all lines.
struct Lines<'l> {
    forge: &'l dyn Forge,
    looks: &'l FixSettings,
    parts: &'l [(String, LinePlans)],
    run: Option<&'l str>,
}

impl Lines<'_> {
    async fn propose(&self, backported: &mut Backported) {
        let open = match OpenRequests::of(self.forge, self.looks).await {
            Ok(open) => open,
            Err(error) => {
                backported.proposed.failed.push(propose::in_words(&error));
                return;
            }
        };
        // The default branch comes first: its request has the table that the others lead to.
        let mut order: Vec<usize> = (0..backported.plans.plans.len()).collect();
        order.sort_by_key(|number| is_other_line(&backported.plans, *number));
        let mut is_place_known = false;
        for number in order {
            let is_default = !is_other_line(&backported.plans, number);
            if !is_default && !is_place_known {
                is_place_known = true;
                self.find_table(backported).await;
            }
            let table = backported.table.map(|(number, _)| number).filter(|_| !is_default);
            let wanted = self.wanted(&backported.plans, number, table);
            let Some(plan) = backported.plans.plans.get_mut(number) else {
                continue;
            };
            let Some(base) = plan.base().map(str::to_owned) else {
                if plan.proposal.lockfiles.iter().any(|file| !file.edited.is_empty()) {
                    plan.note = Some("A tag stays as it is: no pull request is opened for it.".to_owned());
                }
                continue;
            };
            // Nothing is asked of the forge for a line that has nothing to do.
            if wanted.iter().all(|wanted| wanted.files.is_empty()) && !open.has(&base) {
                continue;
            }
            if backported.proposed.is_stopped {
                plan.note = Some("It was not tried: the forge did not answer before.".to_owned());
                continue;
            }
            let proposals = Proposals {
                base: &base,
                settings: self.looks,
                wanted,
                found: found(&plan.proposal.before),
            };
            let proposed = propose::propose_beside(self.forge, &proposals, &open).await;
            plan.requests.clone_from(&proposed.open);
            plan.note = proposed.failed.first().or(proposed.held.first()).cloned();
            let all = &mut backported.proposed;
            let of_line = |sentence: String| format!("{base}: {sentence}");
            all.open.extend(proposed.open);
            all.done.extend(proposed.done.into_iter().map(of_line));
            all.held.extend(proposed.held.into_iter().map(of_line));
            all.failed.extend(proposed.failed.into_iter().map(of_line));
            all.is_stopped |= proposed.is_stopped;
        }
        if !is_place_known {
            self.find_table(backported).await;
        }
    }

    /// Finds the pull request that the table belongs to: that of the default branch.
    async fn find_table(&self, backported: &mut Backported) {
        let plans = &backported.plans;
        let default = plans.plans.iter().find(|plan| plan.is_default);
        let (Some(base), false) = (default.and_then(LinePlan::base), backported.proposed.is_stopped) else {
            return;
        };
        let others = plans.plans.iter().filter(|plan| !plan.is_default);
        let ids: BTreeSet<String> = others
            .flat_map(|plan| plan.proposal.before.findings())
            .filter(|(_, finding)| finding.is_affected())
            .map(|(_, finding)| finding.advisory.id.clone())
            .collect();
        // A comment that says that nothing is left is edited, and never added.
        let is_left = !ids.is_empty() || default.is_some_and(|plan| !plan.requests.is_empty());
        let visibility = match is_left && plans.plans.len() > 1 {
            true => Visibility::Shown,
            false => Visibility::Minimized,
        };
        match propose::table_place(self.forge, self.looks, base, &ids).await {
            Ok(place) => backported.table = place.map(|number| (number, visibility)),
            Err(error) => backported.proposed.held.push(format!(
                "The table of all release lines is not kept: {}",
                propose::in_words(&error)
            )),
        }
    }

    /// What goes into the pull requests of a line.
    fn wanted(&self, plans: &LinePlans, number: usize, table: Option<u64>) -> Vec<Wanted> {
        let of = |key: &str, plan: &LinePlan| {
            let (advisories, blocked) = advisories(&plan.proposal);
            let room = propose::room(self.looks, &advisories, &blocked);
            let text = pull_request::of_line(plan, &plan.proposal, self.run, table, room);
            Wanted {
                key: key.to_owned(),
                title: text.title,
                body: text.body,
                headline: text.headline,
                message: text.message,
                files: files(&plan.proposal),
                advisories,
                blocked,
                table,
            }
        };
        match self.parts {
            [] => plans
                .plans
                .get(number)
                .map(|plan| of("", plan))
                .into_iter()
                .collect(),
            parts => parts
                .iter()
                .filter_map(|(key, plans)| Some(of(key, plans.plans.get(number)?)))
                .collect(),
        }
    }
}

fn is_other_line(plans: &LinePlans, number: usize) -> bool {
    !plans.plans.get(number).is_some_and(|plan| plan.is_default)
}
