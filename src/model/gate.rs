//! Whether one release line may be released now: the result of `lockkeeper gate`.

use super::grid::OpenRequest;
use super::lines::short_name;
use super::{Outcome, PackageUrl, TreePath};

/// The answer for one release.
#[derive(Debug, Clone)]
pub struct Gate {
    /// The scan of that line alone.
    pub outcome: Outcome,
    /// The ref or tag as it was asked for.
    pub release: String,
    /// The full names of the branches that the release is on: of a branch itself; of a tag or a commit those that contain it, as
    /// far as that is known.
    pub lines: Vec<String>,
    /// What blocks it, worst first; empty where nothing does.
    pub blocking: Vec<Blocking>,
}

impl Gate {
    /// Puts the open pull requests of `requests` to what each of them unblocks.
    pub fn propose(&mut self, requests: &[OpenRequest]) {
        let target = self.outcome.targets.first();
        let name = target.and_then(|target| target.ref_name.as_deref());
        for blocking in &mut self.blocking {
            // Behind the upgrade, which they make.
            let mut place = blocking.unblock.len().min(1);
            for line in &self.lines {
                let mut own = requests
                    .iter()
                    .filter(|request| request.fixes(&blocking.id, Some(line.as_str())));
                let Some(request) = own.next() else {
                    continue;
                };
                let what = match request.is_draft {
                    true => "Finish the draft",
                    false => "Merge",
                };
                let step = match name == Some(line.as_str()) {
                    true => format!("{what} #{}, which fixes it: {}", request.number, request.page),
                    false => format!(
                        "{what} #{} into {}, which fixes it there, and release that: {}",
                        request.number,
                        short_name(line),
                        request.page
                    ),
                };
                blocking.unblock.insert(place, step);
                place = place.saturating_add(1);
            }
        }
    }
}

/// One finding that blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocking {
    /// The advisory's id.
    pub id: String,
    /// The package URL with the version.
    pub purl: PackageUrl,
    /// The file that locks it, relative to the target's root.
    pub file: TreePath,
    /// 1-based line of the version's text.
    pub line: u32,
    /// Why it blocks, as a lowercase fragment.
    pub reason: String,
    /// What would let the release go out, each a full instruction; empty where nothing is known to.
    pub unblock: Vec<String>,
}
