//! Environment variables and the folders that they name.

use std::path::PathBuf;

/// The value of `name`; `None` if it is unset, empty or not Unicode.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The path in `name`; `None` if it is unset or empty.
#[must_use]
pub fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Every variable whose name begins with `prefix`, without it. Values that are not Unicode are passed over.
#[must_use]
pub fn variables_after(prefix: &str) -> Vec<(String, String)> {
    let unicode = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    unicode
        .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value)))
        .collect()
}

/// The working directory; `.` if it is gone.
#[must_use]
pub fn working_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

/// The folder for what can be fetched or built again: `LOCKKEEPER_CACHE`, else the platform's own cache folder
/// (XDG Base Directory Specification; `Library/Caches` on macOS; `LOCALAPPDATA` on Windows).
/// `None` where the environment names no home.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    if let Some(folder) = path("LOCKKEEPER_CACHE") {
        return Some(folder);
    }
    let base = if cfg!(windows) {
        path("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        path("HOME")?.join("Library/Caches")
    } else {
        match path("XDG_CACHE_HOME").filter(|folder| folder.is_absolute()) {
            Some(folder) => folder,
            None => path("HOME")?.join(".cache"),
        }
    };
    Some(base.join("lockkeeper"))
}
