//! Interrupts: programs that were started are ended, temporary files are removed, then the process ends with 130.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, PoisonError};

/// Files to remove when the process is interrupted.
static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The groups of processes of programs that run.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Ends the process with 130 on an interrupt, after ending what [`Group`] names and removing what [`Temporary`] names.
/// A second call changes nothing.
pub fn install() {
    let _ = ctrlc::set_handler(|| {
        for group in GROUPS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            end(group);
        }
        for path in TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // The process ends: errors have no use.
            let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
        }
        #[expect(clippy::exit, reason = "an interrupt ends the process from another thread")]
        std::process::exit(130);
    });
}

/// A program that leads a group of processes, which an interrupt ends as long as this lives. Only Unix has such groups.
#[derive(Debug)]
pub(super) struct Group(u32);

impl Group {
    /// Names the group of `leader`, which was started as the leader of one.
    pub(super) fn of(leader: &Child) -> Self {
        let group = leader.id();
        GROUPS.lock().unwrap_or_else(PoisonError::into_inner).push(group);
        Self(group)
    }

    /// Ends the program and everything that it has started.
    pub(super) fn end(&self) {
        end(self.0);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        GROUPS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|group| *group != self.0);
    }
}

#[cfg(unix)]
fn end(group: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let leader = i32::try_from(group).ok().and_then(Pid::from_raw);
    if let Some(leader) = leader {
        // Those that are gone need no end.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn end(_: u32) {}

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
