//! A lock between processes.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::file::FileError;

/// Held until this is dropped, or until the process ends, however it ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file opens the lock")] File);

impl Lock {
    /// Takes the lock that the file at `path` stands for, which is made if it is missing. Calls `held_by_another`
    /// once if it has to wait.
    ///
    /// # Errors
    /// The system's.
    pub fn take(path: &Path, held_by_another: impl FnOnce()) -> Result<Self, FileError> {
        let take = || {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    held_by_another();
                    file.lock()?;
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
            Ok(Self(file))
        };
        take().map_err(|source| FileError {
            path: path.to_owned(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path, || panic!("nobody holds it")).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _second = Lock::take(&path, || sender.send("waits").unwrap()).unwrap();
                sender.send("has it").unwrap();
            });
            assert_eq!(receiver.recv(), Ok("waits"));
            assert!(receiver.try_recv().is_err());
            drop(first);
            assert_eq!(receiver.recv(), Ok("has it"));
        });
    }
}
