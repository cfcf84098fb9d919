//! What registries say of packages, and which of it may be taken.

use std::cmp::Ordering;
use std::rc::Rc;

use super::Project;
use super::machine::Machine;
use super::memory::Memory;
use super::state::Held;
use crate::lockfile::composer_lock::locked::Links;
use crate::model::Release;
use crate::plan::failure::{Failure, versions};
use crate::plan::{Bounds, Known, Releases};
use crate::text::json;
use crate::version::Scheme as _;
use crate::version::packagist::{Packagist, Stability, stability};

/// A release, and whether it may be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'p> {
    pub(super) release: &'p Release,
    /// No known advisory affects it, and the project may have it: it may be taken where it fixes the package itself.
    pub(super) is_clean: bool,
    /// And it is old enough to be taken because of another.
    pub(super) is_good: bool,
}

pub(super) struct Catalogue<'p> {
    pub(super) project: &'p Project,
    pub(super) releases: &'p dyn Releases,
    pub(super) bounds: &'p Bounds<'p>,
    pub(super) machine: &'p Machine,
    pub(super) memory: &'p Memory,
}

impl<'p> Catalogue<'p> {
    /// Nothing is known of the package yet.
    pub(super) fn is_unasked(&self, name: &str) -> bool {
        matches!(self.releases.versions(name), Known::NotAsked)
    }

    /// The versions of a package, lowest first.
    pub(super) fn choices(&self, name: &str) -> Result<Rc<Vec<Choice<'p>>>, Failure> {
        let releases = versions(self.releases, name)?;
        let known = self.memory.rated.borrow().get(name).cloned();
        let rated = known.unwrap_or_else(|| {
            let mut all: Vec<(usize, bool)> = releases
                .iter()
                .enumerate()
                .filter(|(_, release)| Packagist.compare(&release.version, &release.version).is_ok())
                .map(|(number, release)| (number, self.is_clean(name, release)))
                .collect();
            let version = |number: usize| releases.get(number).map_or("", |release| &release.version);
            all.sort_by(|(left, _), (right, _)| {
                let order = Packagist.compare(version(*left), version(*right));
                order.unwrap_or(Ordering::Equal)
            });
            let all = Rc::new(all);
            let mut known = self.memory.rated.borrow_mut();
            known.insert(name.to_owned(), Rc::clone(&all));
            all
        });
        let choice = |(number, is_clean): &(usize, bool)| {
            let release = releases.get(*number)?;
            Some(Choice {
                release,
                is_clean: *is_clean,
                is_good: *is_clean && self.bounds.is_old_enough(release),
            })
        };
        Ok(Rc::new(rated.iter().filter_map(choice).collect()))
    }

    fn is_clean(&self, name: &str, release: &Release) -> bool {
        self.is_possible(name, release) && !(self.bounds.is_affected)(name, &release.version)
    }

    /// Nothing but an advisory keeps it out.
    pub(super) fn is_possible(&self, name: &str, release: &Release) -> bool {
        release.retired.is_none() && self.is_finished(name, &release.version) && self.lacks(release).is_none()
    }

    /// What of the machine a release needs that is not known to be there.
    pub(super) fn lacks(&self, release: &Release) -> Option<String> {
        let needs = release.toolchain.iter();
        self.machine.lacks(needs.map(|(name, range)| (&**name, &**range)))
    }

    /// The project takes versions that are so finished, and a pre-release only follows another.
    pub(super) fn is_finished(&self, name: &str, version: &str) -> bool {
        let locked = &self.project.locked;
        let least = locked.flags.get(name).copied().or(locked.minimum);
        let is_before = |own: Stability| own < Stability::Stable;
        let follows = self
            .project
            .package(name)
            .is_none_or(|one| stability(&one.version).is_some_and(is_before));
        stability(version)
            .is_some_and(|own| own >= least.unwrap_or(Stability::Stable) && (!is_before(own) || follows))
    }

    /// The release as it would be locked.
    pub(super) fn held(&self, name: &str, release: &Release) -> Rc<Held> {
        let known = self.memory.links_of(name, &release.version);
        let links = known.unwrap_or_else(|| {
            let document = json::read(&release.document);
            let mut links = Links::of(document.root(), &release.version);
            links.require.retain(|link| link.name != name);
            let links = Rc::new(links);
            self.memory.keep(name, &release.version, &links);
            links
        });
        Rc::new(Held {
            version: release.version.to_string(),
            aliases: Vec::new(),
            links,
            answers: Rc::clone(&self.memory.answers),
        })
    }
}

pub(super) fn is_later(version: &str, than: &str) -> bool {
    Packagist.compare(version, than).is_ok_and(Ordering::is_lt)
}
