//! Files and folders.

use std::ffi::OsString;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::TreePath;

/// Something went wrong with a file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A file, with its size in bytes.
    File(u64),
    /// A folder.
    Folder,
    /// A device, pipe or socket.
    Other,
    /// Nothing, or a link that leads nowhere.
    Missing,
}

/// What is at `path`, links followed.
///
/// # Errors
/// The system's, unless it says that there is nothing.
pub fn kind(path: &Path) -> Result<FileKind, FileError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(FileKind::File(metadata.len())),
        Ok(metadata) if metadata.is_dir() => Ok(FileKind::Folder),
        Ok(_) => Ok(FileKind::Other),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(FileKind::Missing),
            _ => Err(failed(path, error)),
        },
    }
}

/// Refuses a named pipe and a socket: opening one may block for ever.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] for one; what has no metadata is not refused.
pub fn refuse_pipe(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Ok(metadata) = std::fs::metadata(path) {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = metadata.file_type();
        if kind.is_fifo() || kind.is_socket() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is a pipe or socket, and no file",
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// `path` without links, absolute.
///
/// # Errors
/// The system's.
pub fn resolve(path: &Path) -> Result<PathBuf, FileError> {
    std::fs::canonicalize(path).map_err(|error| failed(path, error))
}

/// It is a symbolic link.
#[must_use]
pub fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

/// Where the symbolic link at `path` leads, though nothing may be there; `None` if that cannot be told.
#[must_use]
pub fn aim(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    // Linux follows no more on one path.
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&path) else {
            return Some(path);
        };
        let folder = std::fs::canonicalize(path.parent()?).ok()?;
        path = PathBuf::new();
        for component in folder.join(target).components() {
            match component {
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir => drop(path.pop()),
                other => path.push(other),
            }
        }
    }
    None
}

/// A new folder that only this user may enter, which stays.
///
/// # Errors
/// The system's.
pub fn private_folder() -> io::Result<PathBuf> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("lockkeeper-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    Ok(builder.tempdir()?.keep())
}

/// The bytes of the file at `path`, at most `limit` of them; `None` if there are more.
///
/// # Errors
/// The system's.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let read = || -> io::Result<Option<Vec<u8>>> {
        refuse_pipe(path)?;
        let file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        if length > limit {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok((bytes.len() as u64 <= limit).then_some(bytes))
    };
    read().map_err(|error| failed(path, error))
}

/// The same bytes, to be shared, without a copy of them in between.
///
/// # Errors
/// The system's.
pub fn read_shared(path: &Path, limit: u64) -> Result<Option<Arc<[u8]>>, FileError> {
    let read = || -> io::Result<Option<Arc<[u8]>>> {
        refuse_pipe(path)?;
        let mut file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        let Some(length) = usize::try_from(length.min(limit))
            .ok()
            .filter(|_| length <= limit)
        else {
            return Ok(None);
        };
        let mut shared: Arc<[u8]> = std::iter::repeat_n(0, length).collect();
        let is_full = match Arc::get_mut(&mut shared).map(|bytes| file.read_exact(bytes)) {
            Some(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            Some(Ok(())) => true,
            Some(Err(_)) | None => false,
        };
        // It may have become another one since it was opened.
        let is_whole = is_full && file.read(&mut [0])? == 0;
        Ok(is_whole.then_some(shared))
    };
    match read().map_err(|error| failed(path, error))? {
        Some(shared) => Ok(Some(shared)),
        None => Ok(self::read(path, limit)?.map(Arc::from)),
    }
}

/// The file at `path`, to read from.
///
/// # Errors
/// The system's.
pub fn open(path: &Path) -> Result<std::fs::File, FileError> {
    refuse_pipe(path)
        .and_then(|()| std::fs::File::open(path))
        .map_err(|error| failed(path, error))
}

/// Hands on the bytes of the file at `path`, piece by piece, and says how many there are.
///
/// # Errors
/// The system's.
pub fn read_pieces(path: &Path, mut take: impl FnMut(&[u8])) -> Result<u64, FileError> {
    let mut read = || -> io::Result<u64> {
        refuse_pipe(path)?;
        let mut file = std::fs::File::open(path)?;
        let mut buffer = vec![0; 1 << 16];
        let mut total = 0_u64;
        loop {
            let length = file.read(&mut buffer)?;
            if length == 0 {
                return Ok(total);
            }
            take(buffer.get(..length).unwrap_or_default());
            total = total.saturating_add(length as u64);
        }
    };
    read().map_err(|error| failed(path, error))
}

/// Moves the file at `from` to `to` in the same folder, over what is there.
///
/// # Errors
/// The system's.
pub fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    std::fs::rename(from, to).map_err(|error| failed(from, error))
}

/// Writes a secret to a new file that only its owner may read. What is there already is never written to.
///
/// # Errors
/// The system's; that there is such a file ([`io::ErrorKind::AlreadyExists`]) too.
pub fn create_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let create = || -> io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    create().map_err(|error| failed(path, error))
}

/// Standard input, at most `limit` bytes of it; `None` if there are more.
///
/// # Errors
/// The system's.
pub fn read_standard_input(limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| failed(Path::new("standard input"), error))?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// Replaces the file at `path` by what `write` writes: to a temporary name in the same folder, then renamed.
/// Missing folders are made; the permissions of an old file stay. If `write` fails, the old file stays and nothing is left behind. A link stays a
/// link to the new content; a device or pipe (`/dev/null`, `/dev/stdout`) is written to and never replaced.
///
/// # Errors
/// The system's, or what `write` returned.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<&std::fs::File>) -> io::Result<()>,
) -> Result<(), FileError> {
    let resolved = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path = resolved.as_path();
    let kind = kind(path)?;
    if kind == FileKind::Folder {
        let error = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, and no file");
        return Err(failed(path, error));
    }
    if kind == FileKind::Other {
        let write_through = || -> io::Result<()> {
            let file = std::fs::OpenOptions::new().write(true).open(path)?;
            let mut writer = io::BufWriter::with_capacity(1 << 16, &file);
            write(&mut writer)?;
            writer.flush()
        };
        return write_through().map_err(|error| failed(path, error));
    }
    let replace = || -> io::Result<()> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        make(folder)?;
        let temporary = tempfile::Builder::new()
            .prefix(".lockkeeper-")
            .tempfile_in(folder)?;
        let guard = crate::sys::interrupt::Temporary::new(temporary.path());
        let mut writer = io::BufWriter::with_capacity(1 << 16, temporary.as_file());
        write(&mut writer)?;
        writer.flush()?;
        drop(writer);
        match std::fs::metadata(path) {
            Ok(old) if old.is_file() => temporary.as_file().set_permissions(old.permissions())?,
            Ok(_) | Err(_) => open_to_readers(temporary.as_file())?,
        }
        hand_over(temporary.as_file(), folder)?;
        temporary.persist(path).map_err(|error| error.error)?;
        drop(guard);
        Ok(())
    };
    replace().map_err(|error| failed(path, error))
}

/// Adds `bytes` at the end of the file at `path`.
///
/// # Errors
/// The system's.
pub fn append(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let append = || {
        let is_new = kind(path).is_ok_and(|kind| kind == FileKind::Missing);
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
        if is_new {
            hand_over(&file, path.parent().unwrap_or(Path::new("")))?;
        }
        file.write_all(bytes)
    };
    append().map_err(|error| failed(path, error))
}

/// As [`append`]; where the file ends with `old`, that is replaced.
///
/// # Errors
/// The system's.
pub fn append_over(path: &Path, old: &[u8], bytes: &[u8]) -> Result<(), FileError> {
    let replaced = || -> io::Result<bool> {
        let mut file = std::fs::OpenOptions::new().read(true).write(true).open(path)?;
        let Some(start) = file.metadata()?.len().checked_sub(old.len() as u64) else {
            return Ok(false);
        };
        let mut tail = Vec::with_capacity(old.len());
        file.seek(io::SeekFrom::Start(start))?;
        (&file).take(old.len() as u64).read_to_end(&mut tail)?;
        if old.is_empty() || tail != old {
            return Ok(false);
        }
        file.seek(io::SeekFrom::Start(start))?;
        file.write_all(bytes)?;
        file.set_len(start.saturating_add(bytes.len() as u64))?;
        Ok(true)
    };
    let is_file = matches!(kind(path), Ok(FileKind::File(_)));
    match is_file && replaced().map_err(|error| failed(path, error))? {
        true => Ok(()),
        false => append(path, bytes),
    }
}

/// The first bytes of the file at `path`, at most `limit`; `None` if no regular file can be read there.
#[must_use]
pub fn head(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let Ok(FileKind::File(_)) = kind(path) else {
        return None;
    };
    let mut bytes = Vec::new();
    open(path).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A fresh folder that goes away with its handle.
///
/// # Errors
/// The system's.
pub fn temporary_folder() -> Result<tempfile::TempDir, FileError> {
    let folder = std::env::temp_dir();
    tempfile::Builder::new()
        .prefix("lockkeeper-")
        .tempdir_in(&folder)
        .map_err(|error| failed(&folder, error))
}

/// Removes the file at `path`; `false` if there was none.
///
/// # Errors
/// The system's.
pub fn remove(path: &Path) -> Result<bool, FileError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(path, error)),
    }
}

/// Makes a folder and those above it.
///
/// # Errors
/// The system's.
pub fn make_folder(path: &Path) -> Result<(), FileError> {
    make(path).map_err(|error| failed(path, error))
}

/// Makes a folder that only its owner may look into, and those above it. One that is there stays as it is.
///
/// # Errors
/// The system's.
pub fn make_private_folder(path: &Path) -> Result<(), FileError> {
    let make = || -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        make(path.parent().unwrap_or(Path::new("")))?;
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        match builder.create(path) {
            // Somebody was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            made => made?,
        }
        hand_over(
            &std::fs::File::open(path)?,
            path.parent().unwrap_or(Path::new("")),
        )
    };
    make().map_err(|error| failed(path, error))
}

/// Makes a folder and those above it, each of the owner of the one above it.
fn make(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && !above.exists())
        .collect();
    std::fs::create_dir_all(folder)?;
    for made in missing.into_iter().rev() {
        hand_over(
            &std::fs::File::open(made)?,
            made.parent().unwrap_or(Path::new("")),
        )?;
    }
    Ok(())
}

/// Gives what root made to the owner of the folder around it. A step in a container runs as root in a workspace that
/// belongs to the user of its runner, who could not remove it otherwise.
fn hand_over(made: &std::fs::File, folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let owner = std::fs::metadata(folder)?;
        let own = made.metadata()?;
        if own.uid() == 0 && owner.uid() != 0 {
            // Root inside of a user namespace may not: then it stays as it is.
            match std::os::unix::fs::fchown(made, Some(owner.uid()), Some(owner.gid())) {
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (made, folder);
    Ok(())
}

/// The names in a folder, sorted, with what each is (links not followed: they are [`FileKind::Other`]).
///
/// # Errors
/// The system's.
pub fn list(path: &Path) -> Result<Vec<(OsString, FileKind)>, FileError> {
    let list = || -> io::Result<Vec<(OsString, FileKind)>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let kind = match kind {
                kind if kind.is_file() => FileKind::File(entry.metadata()?.len()),
                kind if kind.is_dir() => FileKind::Folder,
                _ => FileKind::Other,
            };
            names.push((entry.file_name(), kind));
        }
        names.sort();
        Ok(names)
    };
    list().map_err(|error| failed(path, error))
}

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: OsString,
    /// A folder; a link to one is none.
    pub is_folder: bool,
    /// A regular file; a link to one is none.
    pub is_file: bool,
}

/// The names in a folder, in no order. As [`list`], and nothing is asked of each file.
///
/// # Errors
/// The system's.
pub fn entries(path: &Path) -> Result<Vec<Entry>, FileError> {
    let entries = || -> io::Result<Vec<Entry>> {
        std::fs::read_dir(path)?
            .map(|entry| {
                let entry = entry?;
                let kind = entry.file_type()?;
                Ok(Entry {
                    name: entry.file_name(),
                    is_folder: kind.is_dir(),
                    is_file: kind.is_file(),
                })
            })
            .collect()
    };
    entries().map_err(|error| failed(path, error))
}

/// As [`read`], of a regular file; `None` for a link, a pipe or a device too, which is never opened.
///
/// # Errors
/// The system's.
pub fn read_plain(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let metadata = std::fs::symlink_metadata(path).map_err(|error| failed(path, error))?;
    if metadata.is_file() {
        read(path, limit)
    } else {
        Ok(None)
    }
}

/// `path` inside the folder `root`, as the system spells it; `None` if the system cannot spell it.
#[must_use]
pub fn inside(root: &Path, path: &TreePath) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Some(root.join(std::ffi::OsStr::from_bytes(path.as_bytes())))
    }
    #[cfg(not(unix))]
    {
        // A drive or stream name would lead out of the tree.
        let text = std::str::from_utf8(path.as_bytes())
            .ok()
            .filter(|text| !text.contains([':', '\\']))?;
        Some(root.join(text))
    }
}

/// `path`, which is below the folder `root`, as a path of the tree; `None` if it is not.
#[must_use]
pub fn tree_path(root: &Path, path: &Path) -> Option<TreePath> {
    let relative = path.strip_prefix(root).ok()?;
    let mut bytes: Vec<u8> = Vec::new();
    for component in relative.components() {
        let std::path::Component::Normal(name) = component else {
            return None;
        };
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name.as_encoded_bytes());
    }
    TreePath::new(bytes)
}

fn failed(path: &Path, source: io::Error) -> FileError {
    FileError {
        path: path.to_owned(),
        source,
    }
}

/// Temporary files are private; what is put in place is for everybody to read.
fn open_to_readers(file: &std::fs::File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
