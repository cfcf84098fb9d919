//! Which kind of source is at a path, by its content and not by its name.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::archive::Window;
use crate::sys::file::{self, FileError, FileKind};
use crate::sys::positional::Positional;

/// A source that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSource {
    /// What the index will call it: `osv/npm`, `rustsec`, `kev`, `epss`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: SourceKind,
}

/// The kinds of sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A zip of OSV documents.
    OsvZip,
    /// OSV documents as files.
    OsvFiles(Vec<PathBuf>),
    /// RustSec's files, as they are in a checkout.
    RustsecFiles(Vec<PathBuf>),
    /// A tar of a RustSec checkout.
    RustsecTar(Packing),
    /// CISA's catalogue.
    Kev,
    /// FIRST's scores.
    Epss(Packing),
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// With gzip.
    Gzip,
}

impl Packing {
    /// The unpacked bytes of `file`.
    pub(super) fn open(self, file: Positional) -> Box<dyn Read> {
        let window = Window::new(Arc::new(file));
        match self {
            Self::Plain => Box::new(window),
            Self::Gzip => Box::new(MultiGzDecoder::new(window)),
        }
    }
}

/// Why a path is no source.
#[derive(Debug, thiserror::Error)]
pub enum NoSource {
    /// The system refused.
    #[error(transparent)]
    Unreadable(#[from] FileError),
    /// There is nothing.
    #[error("{}: there is no such file or folder", .0.display())]
    Nothing(PathBuf),
    /// It holds nothing that is known.
    #[error("{}: it is no OSV zip or JSON, no RustSec database, no KEV catalogue and no EPSS table", .0.display())]
    Unknown(PathBuf),
}

/// Folders nested deeper than this are not looked into.
const DEPTH: usize = 8;

/// Bytes that are read to see what a file is.
const HEAD: u64 = 4096;

/// The sources at `path`: one, or one an ecosystem.
///
/// # Errors
/// [`NoSource`].
pub fn find(path: &Path) -> Result<Vec<FoundSource>, NoSource> {
    match file::kind(path)? {
        FileKind::File(_) => Ok(vec![of_file(path)?]),
        FileKind::Folder => of_folder(path),
        FileKind::Other => Err(NoSource::Unknown(path.to_owned())),
        FileKind::Missing => Err(NoSource::Nothing(path.to_owned())),
    }
}

fn of_file(path: &Path) -> Result<FoundSource, NoSource> {
    let open = || {
        Positional::open(path).map_err(|source| FileError {
            path: path.to_owned(),
            source,
        })
    };
    let head = |packing: Packing| -> Result<Vec<u8>, NoSource> {
        let mut head = Vec::new();
        // What cannot be unpacked is no source; the reason is "unknown".
        let _ = packing.open(open()?).take(HEAD).read_to_end(&mut head);
        Ok(head)
    };
    let plain = head(Packing::Plain)?;
    let (packing, head) = match plain.starts_with(&[0x1f, 0x8b]) {
        true => (Packing::Gzip, head(Packing::Gzip)?),
        false => (Packing::Plain, plain),
    };
    let text = head.trim_ascii_start();
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let (name, kind) = if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        (osv_name(path), SourceKind::OsvZip)
    } else if head.get(257..262) == Some(b"ustar") {
        ("rustsec".to_owned(), SourceKind::RustsecTar(packing))
    } else if text.starts_with(b"#model_version") || text.starts_with(b"cve,") {
        ("epss".to_owned(), SourceKind::Epss(packing))
    } else if text.starts_with(b"{") && packing == Packing::Plain {
        if holds(&head, b"\"vulnerabilities\"") || holds(&head, b"\"catalogVersion\"") {
            ("kev".to_owned(), SourceKind::Kev)
        } else {
            (osv_name(path), SourceKind::OsvFiles(vec![path.to_owned()]))
        }
    } else {
        return Err(NoSource::Unknown(path.to_owned()));
    };
    Ok(FoundSource {
        name,
        path: path.to_owned(),
        kind,
    })
}

fn of_folder(path: &Path) -> Result<Vec<FoundSource>, NoSource> {
    let names = file::list(path)?;
    let mut zips = Vec::new();
    for (name, _) in &names {
        let zip = path.join(name).join("all.zip");
        if matches!(file::kind(&zip)?, FileKind::File(_)) {
            zips.push(of_file(&zip)?);
        }
    }
    let own = path.join("all.zip");
    if matches!(file::kind(&own)?, FileKind::File(_)) {
        zips.push(of_file(&own)?);
    }
    if !zips.is_empty() {
        return Ok(zips);
    }
    if file::kind(&path.join("crates"))? == FileKind::Folder {
        let mut files = Vec::new();
        collect(&path.join("crates"), "md", DEPTH, &mut files)?;
        collect_if_there(&path.join("rust"), "md", &mut files)?;
        files.retain(|file| is_rustsec(file));
        if !files.is_empty() {
            return Ok(vec![FoundSource {
                name: "rustsec".to_owned(),
                path: path.to_owned(),
                kind: SourceKind::RustsecFiles(files),
            }]);
        }
    }
    let mut files = Vec::new();
    collect(path, "json", DEPTH, &mut files)?;
    if files.is_empty() {
        return Err(NoSource::Unknown(path.to_owned()));
    }
    let name = file::resolve(path)?
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Ok(vec![FoundSource {
        name: format!("osv/{}", name.unwrap_or_default()),
        path: path.to_owned(),
        kind: SourceKind::OsvFiles(files),
    }])
}

/// The files below `folder` with this extension, in the order of their paths.
fn collect(folder: &Path, extension: &str, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), FileError> {
    for (name, lies) in file::list(folder)? {
        let path = folder.join(name);
        match lies {
            FileKind::File(_) if path.extension().is_some_and(|found| found == extension) => files.push(path),
            FileKind::Folder => {
                if let Some(depth) = depth.checked_sub(1) {
                    collect(&path, extension, depth, files)?;
                }
            }
            FileKind::File(_) | FileKind::Other | FileKind::Missing => {}
        }
    }
    Ok(())
}

fn collect_if_there(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) -> Result<(), FileError> {
    match file::kind(folder)? {
        FileKind::Folder => collect(folder, extension, DEPTH, files),
        FileKind::File(_) | FileKind::Other | FileKind::Missing => Ok(()),
    }
}

/// `RUSTSEC-….md`.
pub(super) fn is_rustsec(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.starts_with("RUSTSEC-") && name.ends_with(".md"))
}

/// `osv/` and the file's name, or that of its folder if it is called `all`.
fn osv_name(path: &Path) -> String {
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    if stem != "all" {
        return format!("osv/{stem}");
    }
    let folder = file::resolve(path)
        .ok()
        .and_then(|path| Some(path.parent()?.file_name()?.to_string_lossy().into_owned()));
    format!("osv/{}", folder.unwrap_or(stem))
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}
