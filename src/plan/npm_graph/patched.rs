//! What the package manager patches of itself: Yarn 2 and later do so with a few packages. A dependent that asks for a range of one gets the version with
//! its patch, and the lockfile has an entry of each: `resolve@^1.1.0`, and `resolve@patch:resolve@^1.1.0#...`. What a patch is belongs to the
//! release of the package manager, so that a new range joins what is locked and patched already, or cannot be added.

use super::graph::{Found, State};
use super::planner::Planner;
use super::{Locked, Patch};
use crate::plan::Descriptor;
use crate::plan::npm_catalogue::is_later;

impl Patch {
    /// The range that is patched by what `range` asks for.
    fn inner<'r>(&self, range: &'r str) -> Option<&'r str> {
        range.strip_prefix(&*self.before)?.strip_suffix(&*self.after)
    }

    /// What asks for the patch of what `descriptor` leads to.
    #[must_use]
    pub fn of(&self, descriptor: &Descriptor) -> Option<Descriptor> {
        // These are written otherwise in there.
        let is_plain = !descriptor.range.contains(['%', ':', '/', '#', '?']);
        let range = format!("{}{}{}", self.before, descriptor.range, self.after);
        is_plain.then(|| Descriptor::new(descriptor.name.clone(), range))
    }

    fn is_in(&self, locked: &Locked) -> bool {
        let mut descriptors = locked.descriptors.iter();
        descriptors.any(|descriptor| self.inner(&descriptor.range).is_some())
    }
}

impl Planner<'_> {
    /// `descriptor`, with what asks for its patch, if there is one.
    pub(super) fn with_patch(&self, descriptor: Descriptor) -> impl Iterator<Item = Descriptor> {
        let patch = self.described.patches.get(&*descriptor.name);
        let patch = patch.and_then(|patch| patch.of(&descriptor));
        std::iter::once(descriptor).chain(patch)
    }

    /// The newest version that is locked with its patch, in the range of `descriptor`, and that no known advisory affects; of what asks for a patch
    /// the entry of that.
    pub(super) fn patched(&self, state: &State, descriptor: &Descriptor) -> Option<Found> {
        let patch = self.described.patches.get(&*descriptor.name)?;
        let inner = patch.inner(&descriptor.range);
        let range = inner.unwrap_or(&descriptor.range);
        let entries = || {
            let entries = self.described.entries.iter().enumerate();
            let entries = entries.filter(|(_, locked)| *locked.name == *descriptor.name);
            // What the lockfile has was numbered first, in its order.
            let entries = entries.map(|(number, locked)| (number as Found, locked));
            entries.filter(|(found, _)| state.leads(*found))
        };
        let of = |version: &str| {
            let mut patches = entries().filter(|(_, locked)| patch.is_in(locked));
            patches.find(|(_, locked)| locked.version == version)
        };
        let originals = entries().filter(|(_, locked)| {
            !locked.descriptors.iter().any(|one| one.range.contains(':'))
                && self.catalogue.in_range(range, &locked.version)
                && !(self.catalogue.bounds.is_affected)(&locked.name, &locked.version)
        });
        let pairs = originals.filter_map(|(original, locked)| {
            let (patched, _) = of(&locked.version)?;
            Some((locked, original, patched))
        });
        let newest = pairs.reduce(|left, right| match is_later(&left.0.version, &right.0.version) {
            true => right,
            false => left,
        });
        newest.map(|(_, original, patched)| if inner.is_some() { patched } else { original })
    }
}
