//! Interrupts: temporary files are removed, then the process ends with 130.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Files to remove when the process is interrupted.
static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Ends the process with 130 on an interrupt, after removing what [`Temporary`] names.
/// A second call changes nothing.
pub fn install() {
    let _ = ctrlc::set_handler(|| {
        for path in TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // The process ends: errors have no use.
            let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
        }
        #[expect(clippy::exit, reason = "an interrupt ends the process from another thread")]
        std::process::exit(130);
    });
}

/// A file or folder that an interrupt removes, as long as this lives.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// Names `path`.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        TEMPORARY
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        TEMPORARY
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|path| *path != self.0);
    }
}
