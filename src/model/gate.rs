//! Whether one release line may be released now: the result of `lockkeeper gate`.

use super::grid::OpenRequest;
use super::{Outcome, PackageUrl, TreePath};

/// The answer for one release.
#[derive(Debug, Clone)]
pub struct Gate {
    /// The scan of that line alone.
    pub outcome: Outcome,
    /// The ref or tag as it was asked for.
    pub release: String,
    /// What blocks it, worst first; empty where nothing does.
    pub blocking: Vec<Blocking>,
}

impl Gate {
    /// Puts the open pull requests of `requests` to what each of them unblocks.
    pub fn propose(&mut self, requests: &[OpenRequest]) {
        let target = self.outcome.targets.first();
        let name = target.and_then(|target| target.ref_name.as_deref());
        for blocking in &mut self.blocking {
            if let Some(request) = requests.iter().find(|request| request.fixes(&blocking.id, name)) {
                // Behind the upgrade, which it makes.
                let place = blocking.unblock.len().min(1);
                let what = match request.is_draft {
                    true => "Finish the draft",
                    false => "Merge",
                };
                let step = format!("{what} #{}, which fixes it: {}", request.number, request.page);
                blocking.unblock.insert(place, step);
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
