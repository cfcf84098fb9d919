//! Why a wish cannot be fulfilled: the chain of what is in the way, and what would end it.

use std::collections::BTreeSet;

use super::Planner;
use super::catalogue::is_later;
use super::state::{State, Who};
use crate::model::Release;
use crate::plan::failure::Failure;
use crate::plan::{Constraint, Wish};

/// A chain is followed so far.
const MAX_DEPTH: usize = 4;

impl Planner<'_> {
    /// Why none of the versions in `helping` is taken, of which the search said `failure`.
    pub(super) fn explained(
        &self,
        state: &State,
        wish: &Wish,
        helping: &[&Release],
        failure: Option<Failure>,
    ) -> Result<Failure, Failure> {
        let name = &wish.name;
        let Some(lowest) = helping.first() else {
            return Ok(Failure::because(self.none_later(wish)?));
        };
        let is_near = |release: &&&Release| self.is_near(name, &wish.version, &release.version);
        let Some(lowest) = helping.iter().find(is_near) else {
            return Ok(Failure::because(format!(
                "{name} {} would help, and is further away than `--level {}` goes.",
                lowest.version,
                self.catalogue.bounds.level.as_str()
            )));
        };
        let mut by = Vec::new();
        let mut sentences = Vec::new();
        let mut seen = BTreeSet::new();
        self.follow(
            state,
            (name, &lowest.version),
            (&mut by, &mut sentences, &mut seen),
            0,
        )?;
        if by.is_empty() {
            return Ok(failure.unwrap_or_else(|| Failure::because("Too many other gems would have to move.")));
        }
        Ok(Failure::Blocked {
            by,
            reason: format!("{name} {} would help. {}", lowest.version, sentences.join(" ")),
        })
    }

    /// What keeps `version` of `name` out, and what keeps that from giving way.
    fn follow(
        &self,
        state: &State,
        (name, version): (&str, &str),
        (by, sentences, seen): (&mut Vec<Constraint>, &mut Vec<String>, &mut BTreeSet<String>),
        depth: usize,
    ) -> Result<(), Failure> {
        for (who, range) in self.users(state, name) {
            if self.catalogue.in_range(&range, version) {
                continue;
            }
            by.push(self.constraint(state, &who, name, &range));
            let label = self.label(state, &who);
            match &who {
                Who::Root(number) => {
                    let closed = self
                        .bundle
                        .roots
                        .get(*number)
                        .and_then(|root| root.is_closed.as_ref());
                    sentences.push(match closed {
                        Some(reason) if self.catalogue.bounds.manifests.change_ranges() => reason.clone(),
                        _ if !self.catalogue.bounds.manifests.change_ranges() => {
                            format!("{label} is not to be changed.")
                        }
                        _ => format!("{label} asks for {name} {range}."),
                    });
                }
                Who::Gem(user) if seen.insert(user.clone()) && depth < MAX_DEPTH => {
                    match self.giving_way(state, user, (name, version))? {
                        Some(later) => {
                            let chain = (&mut *by, &mut *sentences, &mut *seen);
                            self.follow(state, (user, &later), chain, depth + 1)?;
                        }
                        None => sentences.push(
                            match self.bundle.gems.get(user).and_then(|gem| gem.is_fixed.as_ref()) {
                                Some(reason) => format!("{label} stays: {reason}."),
                                None => format!(
                                    "No later version of {user} that may be taken accepts {name} {version}."
                                ),
                            },
                        ),
                    }
                }
                Who::Gem(_) => {}
            }
        }
        Ok(())
    }

    /// The lowest later version of `user` that takes `version` of `name`.
    fn giving_way(
        &self,
        state: &State,
        user: &str,
        (name, version): (&str, &str),
    ) -> Result<Option<String>, Failure> {
        let current = self
            .versions(state, user)
            .first()
            .map(|&current| current.to_owned());
        let is_fixed = self
            .bundle
            .gems
            .get(user)
            .is_some_and(|gem| gem.is_fixed.is_some());
        let Some(current) = current.filter(|_| !is_fixed) else {
            return Ok(None);
        };
        for release in self.catalogue.releases(user)? {
            if !is_later(&release.version, &current) {
                continue;
            }
            let chosen = self.catalogue.chosen(user, release)?;
            let mut same = chosen.needs.iter().filter(|need| need.name == name);
            let takes = same.all(|need| self.catalogue.in_range(&need.range, version));
            if takes && self.catalogue.is_good(user, release)? {
                return Ok(Some(release.version.to_string()));
            }
        }
        Ok(None)
    }

    /// Why no later version of the gem is taken: what keeps the lowest out that no advisory affects.
    fn none_later(&self, wish: &Wish) -> Result<String, Failure> {
        let (name, version) = (&wish.name, &wish.version);
        for release in self.catalogue.releases(name)? {
            let is_later = is_later(&release.version, version);
            if !is_later || (self.catalogue.bounds.is_affected)(name, &release.version) {
                continue;
            }
            let chosen = self.catalogue.chosen(name, release)?;
            if !chosen.is_whole {
                return Ok(format!(
                    "{name} {} would help, and is not there for every platform of the lockfile.",
                    release.version
                ));
            }
            let needs = self
                .catalogue
                .needed_ruby(&chosen)
                .map(|range| format!("Ruby {range}"));
            if needs.is_some() {
                let bounds = self.catalogue.bounds;
                return Ok(bounds.kept_out(name, release, "withdrawn", needs.as_deref()));
            }
        }
        Ok(format!("The registry has no later version of {name} that helps."))
    }
}
