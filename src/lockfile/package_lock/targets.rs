//! Which entries the needs of each entry mean, each looked for once: what a package is used for and the edges both follow
//! from it, and in a large file each search goes to other memory.

use super::entry::Entry;
use super::folders::Folders;

/// The needs of every entry, in the order of [`Entry::needs`] and of its tables.
pub(super) struct Targets {
    /// Where the needs of each entry begin; the next entry's is their end.
    starts: Vec<u32>,
    /// The entry that each need means; [`NONE`] for one that the file does not hold.
    targets: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Targets {
    pub(super) fn of(entries: &[Entry<'_>], folders: &Folders<'_>) -> Self {
        let mut all = Self {
            starts: Vec::with_capacity(entries.len().saturating_add(1)),
            targets: Vec::new(),
        };
        for (number, entry) in entries.iter().enumerate() {
            all.starts.push(all.targets.len() as u32);
            for (name, _) in entry.needs().flat_map(|(_, table)| table.entries()) {
                let target = folders.resolve(number, &name);
                let target = target.and_then(|target| u32::try_from(target).ok());
                all.targets.push(target.unwrap_or(NONE));
            }
        }
        all.starts.push(all.targets.len() as u32);
        all
    }

    /// Those of the needs of entry `number`: `None` where the file does not hold it.
    pub(super) fn of_entry(&self, number: usize) -> impl Iterator<Item = Option<usize>> {
        let start = |number: usize| self.starts.get(number).copied().unwrap_or_default() as usize;
        let end = start(number.saturating_add(1));
        let targets = self.targets.get(start(number)..end).unwrap_or_default();
        targets
            .iter()
            .map(|target| (*target != NONE).then_some(*target as usize))
    }
}
