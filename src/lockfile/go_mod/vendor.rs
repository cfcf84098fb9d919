//! `vendor/modules.txt` of a workspace ("Vendoring", Go Modules Reference): with it Go builds what it lists.

use std::cmp::Ordering;

use super::selection::{Chosen, Selection};
use super::versions::is_exact;
use crate::model::TreePath;
use crate::text::{Span, decode};
use crate::version::{Scheme, go};

/// Takes over the versions that the `vendor/modules.txt` at `path` lists, if `go work vendor` wrote it.
pub(super) fn apply(path: &TreePath, bytes: &[u8], selection: &mut Selection) {
    let decoded = decode::decode(bytes);
    let text = decoded.text.as_ref();
    // What `go mod vendor` wrote has no such mark, and a workspace does not use it.
    let is_of_workspace = text
        .split('\n')
        .next()
        .and_then(|line| line.strip_prefix("## "))
        .is_some_and(|marks| marks.split(';').any(|mark| mark.trim() == "workspace"));
    if !is_of_workspace || !text.ends_with('\n') || decoded.problem.is_some() {
        return;
    }
    let mut module: Option<(&str, &str, usize, Span)> = None;
    let mut start = 0_usize;
    let mut is_newer = true;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end();
        let (at, entry) = (start, Span::new(start, start.saturating_add(line.len())));
        start = start.saturating_add(whole.len());
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.split(' ');
            module = match (words.next(), words.next()) {
                (Some(path), Some(version)) if is_exact(version) => {
                    let at = at.saturating_add(path.len()).saturating_add(3);
                    Some((path, version, at, entry))
                }
                _ => None,
            };
        } else if !line.is_empty()
            && !line.starts_with("## ")
            && let Some((name, version, at, entry)) = module.take()
        {
            // The first package of a module: without one the module is not built, only remembered.
            let Some(chosen) = selection.chosen.get_mut(name) else {
                continue;
            };
            match go::Go.compare(version, &chosen.version) {
                Ok(Ordering::Greater) => {
                    *chosen = Chosen {
                        version: version.to_owned(),
                        file: path.clone(),
                        span: Span::new(at, at.saturating_add(version.len())),
                        entry,
                    };
                }
                Ok(Ordering::Equal) => {}
                // A `go.mod` was changed since, and Go refuses the folder.
                Ok(Ordering::Less) | Err(_) => is_newer = false,
            }
        }
    }
    selection.is_vendored = is_newer;
}
