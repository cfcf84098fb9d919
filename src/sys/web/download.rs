//! A file that is fetched over several runs of the program, if need be.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Address, Reply, Request, Sink, Validator, Web, WebError};

/// Fetches `address` into the file at `path`, at most `limit` bytes, going on after what an earlier
/// run left there, unless it is still as `unless` knows it. Beside it lies a file `….from` that says what the bytes came with; remove both together
/// ([`discard`]). `progress` hears the bytes held and the total.
///
/// # Errors
/// Those of [`Web::get`]. What was fetched stays for the next run if that can go on after it, else it is removed.
pub async fn download(
    web: &Web,
    address: &Address,
    path: &Path,
    limit: u64,
    unless: Option<Validator>,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<Reply, WebError> {
    let failed = |error| WebError {
        address: Box::new(address.clone()),
        error: super::HttpError::Sink(error),
        attempts: 1,
    };
    let mut part = Part::open(path, progress).map_err(failed)?;
    let mut request = Request::whole(address.clone(), limit);
    request.validator = std::fs::read_to_string(origin_of(path))
        .ok()
        .and_then(|text| Validator::parse(&text));
    request.from = match request.validator {
        Some(_) => part.held,
        None => 0,
    };
    request.unless = unless.filter(|_| request.from == 0);
    let reply = match web.get(&request, &mut part).await {
        Ok(reply) => reply,
        Err(error) => {
            drop(part);
            if is_in_vain(&error.error, path) {
                drop(discard(path));
            }
            return Err(error);
        }
    };
    part.file.flush().map_err(failed)?;
    Ok(reply)
}

/// No later run can go on after what was fetched: it was too much, or nothing proves that the rest will be of one piece.
fn is_in_vain(error: &super::HttpError, path: &Path) -> bool {
    let came_with = std::fs::read_to_string(origin_of(path)).ok();
    let came_with = came_with.and_then(|text| Validator::parse(&text));
    matches!(error, super::HttpError::TooLarge { .. })
        || !came_with.is_some_and(|validator| validator.joins())
}

/// Removes what [`download`] fetched to `path`.
///
/// # Errors
/// The system's.
pub fn discard(path: &Path) -> io::Result<()> {
    for path in [path, &origin_of(path)] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

struct Part<'p> {
    path: PathBuf,
    file: File,
    held: u64,
    total: Option<u64>,
    progress: &'p mut (dyn FnMut(u64, Option<u64>) + Send),
}

impl<'p> Part<'p> {
    fn open(path: &Path, progress: &'p mut (dyn FnMut(u64, Option<u64>) + Send)) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // A link in a folder that others may write to would lead the bytes elsewhere.
        for path in [path, &origin_of(path)] {
            if std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
                std::fs::remove_file(path)?;
            }
        }
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        Ok(Self {
            path: path.to_owned(),
            held: file.metadata()?.len(),
            file,
            total: None,
            progress,
        })
    }
}

impl Sink for Part<'_> {
    fn begin(&mut self, at: u64, total: Option<u64>, validator: Option<&Validator>) -> io::Result<()> {
        // First the bytes go, then their origin changes: never the other way round, or a crash in between
        // would join two halves of different files.
        self.file.set_len(at)?;
        self.file.seek(SeekFrom::Start(at))?;
        match validator {
            Some(validator) => std::fs::write(origin_of(&self.path), validator.to_text())?,
            None => drop(std::fs::remove_file(origin_of(&self.path))),
        }
        self.held = at;
        self.total = total;
        (self.progress)(at, total);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.held = self.held.saturating_add(bytes.len() as u64);
        (self.progress)(self.held, self.total);
        Ok(())
    }
}

fn origin_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".from");
    PathBuf::from(name)
}
