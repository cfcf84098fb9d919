//! Node's way of finding a package in the folders of an npm project, for the check.

use std::collections::BTreeMap;

use crate::lockfile::package_lock::installed::Installed;

/// The folders by their paths.
pub(super) type Folders<'i> = BTreeMap<&'i str, &'i Installed>;

/// The folder that `name` means at `place`: in the `node_modules` there, else above.
pub(super) fn find<'i>(folders: &Folders<'i>, place: &str, name: &str) -> Option<&'i Installed> {
    let mut at = place;
    loop {
        let candidate = match at {
            "" => format!("node_modules/{name}"),
            at => format!("{at}/node_modules/{name}"),
        };
        if let Some(found) = folders.get(candidate.as_str()) {
            return match &found.link {
                Some(target) => folders.get(target.as_str()).copied(),
                None => Some(found),
            };
        }
        if at.is_empty() || at.starts_with("..") {
            return None;
        }
        at = match (at.rfind("/node_modules/"), at.starts_with("node_modules/")) {
            (Some(slash), _) => at.get(..slash)?,
            (None, true) => "",
            (None, false) => at
                .rfind('/')
                .and_then(|slash| at.get(..slash))
                .unwrap_or_default(),
        };
    }
}
