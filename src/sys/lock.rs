//! A lock between processes.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::file::FileError;

/// Held until this is dropped, or until the process ends, however it ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file opens the lock")] File);

/// The longest wait for a lock that another process holds.
pub const MAX_WAIT: Duration = Duration::from_secs(60);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// More of what the holder wrote into the lock is not read.
const NAME: u64 = 100;

impl Lock {
    /// Takes the lock that the file at `path` stands for, which is made if it is missing. Calls `held_by_another`
    /// once if it has to wait, which it does for [`MAX_WAIT`] at most.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::TimedOut`] with the holder's name if another process holds it all the time.
    pub fn take(path: &Path, held_by_another: impl FnOnce()) -> Result<Self, FileError> {
        Self::take_within(path, MAX_WAIT, held_by_another)
    }

    fn take_within(
        path: &Path,
        max_wait: Duration,
        held_by_another: impl FnOnce(),
    ) -> Result<Self, FileError> {
        let take = || {
            super::file::refuse_pipe(path)?;
            let mut file = File::options()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(path)?;
            let begun = Instant::now();
            let mut held_by_another = Some(held_by_another);
            loop {
                match file.try_lock() {
                    Ok(()) => break,
                    Err(TryLockError::WouldBlock) if begun.elapsed() >= max_wait => {
                        return Err(io::Error::new(
                            io::ErrorKind::TimedOut,
                            format!("{} has held it for {} s", holder(&mut file), max_wait.as_secs()),
                        ));
                    }
                    Err(TryLockError::WouldBlock) => {
                        if let Some(held_by_another) = held_by_another.take() {
                            held_by_another();
                        }
                        std::thread::sleep(PAUSE.min(max_wait));
                    }
                    Err(TryLockError::Error(error)) => return Err(error),
                }
            }
            // Processes that wait can name the holder. A lock without a name locks all the same.
            drop(sign(&mut file));
            Ok(Self(file))
        };
        take().map_err(|source| FileError {
            path: path.to_owned(),
            source,
        })
    }
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// `process 4711`, or `another process` where the file does not say.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(NAME).read_to_string(&mut text));
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(process)) => format!("process {process}"),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => "another process".to_owned(),
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

    #[test]
    fn nobody_waits_for_ever_and_the_holder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path, || ()).unwrap();
        let mut waited = false;
        let max_wait = Duration::from_millis(250);
        let error = Lock::take_within(&path, max_wait, || waited = true).unwrap_err();
        assert!(waited);
        assert_eq!(error.source.kind(), io::ErrorKind::TimedOut);
        let told = format!("process {} has held it", std::process::id());
        assert!(error.to_string().contains(&told), "{error}");
        drop(first);
        Lock::take_within(&path, max_wait, || panic!("nobody holds it")).unwrap();
        // What somebody else wrote into it is no name.
        std::fs::write(&path, "ninety nine").unwrap();
        let first = File::options().write(true).open(&path).unwrap();
        first.lock().unwrap();
        let error = Lock::take_within(&path, max_wait, || ()).unwrap_err();
        assert!(error.to_string().contains("another process"), "{error}");
    }
}
