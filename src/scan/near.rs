//! The path that somebody may have meant who wrote one that is not there.

use std::path::Path;

use crate::policy::nearest::{meant, nearest};
use crate::sys::file;

/// The question that names the file or folder beside `path` whose name is nearest to its own; empty if none is near.
#[must_use]
pub fn path(path: &Path) -> String {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return String::new();
    };
    let listed = match folder.as_os_str().is_empty() {
        true => file::entries(Path::new(".")),
        false => file::entries(folder),
    };
    let entries = listed.unwrap_or_default();
    let names = entries.iter().filter_map(|entry| entry.name.to_str());
    let near = nearest(name, names).map(|near| folder.join(near).display().to_string());
    meant(near.as_deref())
}
