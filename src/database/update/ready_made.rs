//! A ready-made index on the web or on disk, and a folder of archives on disk.

use std::path::{Path, PathBuf};

use super::base::{Base, open};
use super::error::{OriginError, UpdateError};
use super::export_zip;
use super::fetch::Fetched;
use super::origin::Origin;
use super::plan::Backward;
use super::request::{Event, Job, Request};
use super::state::note_of;
use crate::advisory::{Bookkeeping, Index, OpenError};
use crate::database::manifest::{INDEX_LIMIT, NAME};
use crate::sys::file::{self, FileKind};
use crate::sys::web::{self, Address, Reply, Validator};

/// Fetches a ready-made index and verifies every byte of it.
pub(super) async fn fetch_index(
    job: &Job<'_>,
    address: &Address,
    base: &Base,
    backward: Backward,
) -> Result<Option<(PathBuf, Option<Validator>)>, OriginError> {
    let path = job
        .request
        .downloads
        .join(format!("{}.part", address.fingerprint()));
    let unless = installed(job.request, address, base);
    let mut report = |held, total| job.progress.report(&Event::Index { held, total });
    let validator = match web::download(&job.web, address, &path, INDEX_LIMIT, unless, &mut report).await? {
        Reply::NotModified => return Ok(None),
        Reply::Received { validator, .. } => validator,
    };
    match usable(&path, base, backward, job.request) {
        Ok(true) => Ok(Some((path, validator))),
        Ok(false) => Ok(None),
        Err(error) => {
            // It would be no better the next time.
            drop(web::discard(&path));
            Err(error)
        }
    }
}

/// What there is on disk.
pub(super) enum Local {
    /// An index, verified.
    Index,
    /// The index that is in place, or an older one.
    Same,
    /// A folder of archives.
    Records(Vec<Fetched>),
}

/// Takes an index or a folder from the disk.
pub(super) fn local(
    path: &Path,
    base: &mut Base,
    backward: Backward,
    warnings: &mut Vec<String>,
    request: &Request<'_>,
) -> Result<Local, OriginError> {
    let unusable = |reason: String| OriginError::Unusable {
        reason,
        hint: format!(
            "Name the file of an advisory database, or a folder that holds <ecosystem>/all.zip or a {NAME}."
        ),
    };
    match file::kind(path).map_err(|error| unusable(error.source.to_string()))? {
        FileKind::File(_) => match usable(path, base, backward, request)? {
            true => Ok(Local::Index),
            false => Ok(Local::Same),
        },
        FileKind::Folder => {
            let loaded = base.load(warnings);
            let mut fetched = Vec::with_capacity(loaded.ecosystems.len());
            for followed in &loaded.ecosystems {
                let zip = path.join(&followed.name).join("all.zip");
                let ids = export_zip::verified(&zip)
                    .map_err(|error| {
                        let name = &followed.name;
                        OriginError::Unusable {
                            reason: format!("{name}/all.zip: is no zip that can be read: {error}"),
                            hint: format!(
                                "Put that file there, or name only what the folder holds with `--ecosystem NAME`, once for each. {HELD}"
                            ),
                        }
                    })?
                    .ids;
                let gone = followed.held.iter().filter(|(id, known)| {
                    // What other ecosystems say of it is not known here.
                    known.ours && !ids.contains(id.as_str()) && known.elsewhere.is_empty()
                });
                fetched.push(Fetched::Archive {
                    gone: gone.map(|(id, _)| id.clone()).collect(),
                    path: zip,
                    moved: Vec::new(),
                });
            }
            Ok(Local::Records(fetched))
        }
        FileKind::Other | FileKind::Missing => Err(unusable("there is no such file or folder".to_owned())),
    }
}

/// Puts a verified index in place.
pub(super) fn install(
    request: &Request<'_>,
    origin: &Origin,
    path: &Path,
    validator: Option<Validator>,
) -> Result<(), UpdateError> {
    let mut file = file::open(path)?;
    file::replace(request.index, |writer| std::io::copy(&mut file, writer).map(drop))?;
    let (Origin::Index(address), Some(validator)) = (origin, validator) else {
        return Ok(());
    };
    request.clear_downloads(&[])?;
    if let Ok(index) = open(request.index) {
        let text = format!("{} {}", index.digest(), validator.to_text());
        file::replace(&note_path(request, address), |writer| {
            std::io::Write::write_all(writer, text.as_bytes())
        })?;
    }
    Ok(())
}

/// What follows from an ecosystem that is left out.
const HELD: &str = "Lockfiles of the others are then reported as not checked.";

/// What the installed index came with, if it came from `address` and is still there.
fn installed(request: &Request<'_>, address: &Address, base: &Base) -> Option<Validator> {
    let bytes = file::read(&note_path(request, address), 1 << 16).ok()??;
    let text = String::from_utf8(bytes).ok()?;
    let (digest, validator) = text.split_once(' ')?;
    let suffices = base.digest.as_deref() == Some(digest)
        && lacking(base, &base.bookkeeping).is_none()
        && base.is_sound();
    Validator::parse(validator).filter(|_| suffices)
}

fn note_path(request: &Request<'_>, address: &Address) -> PathBuf {
    request
        .downloads
        .join(format!("{}.installed", address.fingerprint()))
}

/// Whether the index at `path` is worth putting in place; `false` if what is there is as good.
fn usable(path: &Path, base: &Base, backward: Backward, request: &Request<'_>) -> Result<bool, OriginError> {
    let unusable = |reason: String| OriginError::Unusable {
        reason,
        hint: "Name another address.".to_owned(),
    };
    let verified = || -> Result<(Index, Bookkeeping), OpenError> {
        let index = open(path)?;
        index.verify()?;
        let bookkeeping = index.bookkeeping()?;
        Ok((index, bookkeeping))
    };
    let (index, bookkeeping) = verified().map_err(|error| unusable(error.to_string()))?;
    if let Some(ecosystem) = lacking(base, &bookkeeping) {
        return Err(OriginError::Unusable {
            reason: format!("it does not hold {ecosystem}"),
            hint: format!(
                "Name only what it holds with `--ecosystem NAME`, once for each, or another address. {HELD}"
            ),
        });
    }
    if base.digest.as_deref() == Some(index.digest()) {
        return Ok(!base.is_sound());
    }
    if request.is_of_the_future(index.built()) {
        return Err(unusable(format!(
            "it is dated {}, which has not come yet",
            index.built()
        )));
    }
    let held = base.built.filter(|built| !request.is_of_the_future(*built));
    match (held.is_some_and(|built| index.built() < built), backward) {
        (false, _) => Ok(true),
        (true, Backward::Refused) => Err(OriginError::Behind(Some(index.built()))),
        (true, Backward::Accepted) => Ok(false),
    }
}

/// An ecosystem that is to be followed, and of which there is neither a source nor a package.
fn lacking<'b>(base: &'b Base, bookkeeping: &Bookkeeping) -> Option<&'b str> {
    let is_source = |name: &str| {
        let sources = &bookkeeping.sources;
        sources.iter().any(|source| source.name == note_of(name))
    };
    let mut names = base.names.iter().map(String::as_str);
    names.find(|name| !is_source(name) && !bookkeeping.has_packages_of(name))
}
