//! Where an update comes from: an export, a ready-made index or a publication on the web, or any of them on disk.
//!
//! They are told apart by the address and never by asking: whoever sits between could answer that there is no
//! manifest, and so turn a signed publication into an export that is not.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::fetch::{Fetched, OriginError};
use super::plan::Backward;
use super::{Base, Event, FailedOrigin, Job, Request, Taken, UpdateError, export_zip, note_of, open};
use crate::advisory::{Index, OpenError, Source};
use crate::database::manifest::{INDEX_ENDING, INDEX_LIMIT, NAME, is_sha256};
use crate::database::signature::{BadKey, PublicKey};
use crate::sys::file::{self, Lies};
use crate::sys::web::{self, Address, BadAddress, Reply, Validator};

/// Clocks differ by no more.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(48);

/// One place to update from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An export of OSV's layout.
    Export(Address),
    /// A ready-made index.
    Index(Address),
    /// The manifest of a publication, and who must have signed it.
    Published(Address, Signer),
    /// A ready-made index, a publication, or a folder of OSV's layout with `<ecosystem>/all.zip`.
    Path(PathBuf),
}

/// Who must have signed a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Whoever the run trusts.
    Trusted,
    /// The owner of the key that stands in the address, and nobody else.
    Key(PublicKey),
    /// Nobody: the address itself is trusted.
    Nobody,
}

/// What stands before the address of a publication that nobody signed.
const UNSIGNED: &str = "unsigned+";

/// A text that names no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    /// It is no address.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// What stands after `#` is no key.
    #[error("after the `#` of a publication's address: {0}")]
    Key(#[from] BadKey),
    /// `unsigned+` before something that is never signed.
    #[error("`unsigned+` is for the address of a {NAME}")]
    NeverSigned,
    /// `unsigned+` and a key.
    #[error("`unsigned+` and a key exclude each other")]
    UnsignedWithKey,
    /// Neither signed nor encrypted.
    #[error("a publication that is neither signed nor encrypted may be anybody's")]
    Unprotected,
}

impl Origin {
    /// Reads what a person wrote: an address with `://` in it, else a path. An address that ends in `.lkdb` is a
    /// ready-made index, one that ends in `lockkeeper-index.json` a publication. A publication's address may be
    /// followed by `#` and the public key that must have signed it; `unsigned+` before it asks for no signature.
    ///
    /// # Errors
    /// [`BadOrigin`].
    pub fn parse(text: &str) -> Result<Self, BadOrigin> {
        if !text.contains("://") {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        let (plain, unsigned) = match text.strip_prefix(UNSIGNED) {
            Some(plain) => (plain, true),
            None => (text, false),
        };
        let (plain, key) = match plain.split_once('#') {
            Some((plain, key)) => (plain, Some(key)),
            None => (plain, None),
        };
        let address = Address::parse(plain)?;
        if address.file_name() != NAME {
            return match (unsigned, address.file_name().ends_with(INDEX_ENDING)) {
                (true, _) => Err(BadOrigin::NeverSigned),
                (false, true) => Ok(Self::Index(address)),
                (false, false) => Ok(Self::Export(address)),
            };
        }
        let signer = match (unsigned, key) {
            (false, None) => Signer::Trusted,
            (false, Some(key)) => Signer::Key(PublicKey::parse(key)?),
            (true, Some(_)) => return Err(BadOrigin::UnsignedWithKey),
            (true, None) if address.is_encrypted() || address.is_loopback() => Signer::Nobody,
            (true, None) => return Err(BadOrigin::Unprotected),
        };
        Ok(Self::Published(address, signer))
    }

    /// What a person should know of it.
    pub(super) fn warning(&self) -> Option<String> {
        match self {
            Self::Export(address) | Self::Index(address)
                if !address.is_encrypted() && !address.is_loopback() =>
            {
                Some(format!(
                    "{address} is not encrypted: whoever sits between can take advisories out. Use an https address."
                ))
            }
            // A publication is signed, or was refused.
            Self::Export(_) | Self::Index(_) | Self::Published(..) | Self::Path(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Export(address) | Self::Index(address) | Self::Published(address, _) => {
                address.fmt(formatter)
            }
            Self::Path(path) => path.display().fmt(formatter),
        }
    }
}

impl OriginError {
    /// In words.
    pub(super) fn into_failed(self, origin: &Origin) -> FailedOrigin {
        let (reason, hint) = match self {
            Self::Failed(error) => (error.to_string(), error.hint().to_owned()),
            Self::Archive(address, error) => (
                format!("{address}: is no zip that can be read: {error}"),
                "Run it again later, or name another address.".to_owned(),
            ),
            Self::Unusable { reason, hint } => (format!("{origin}: {reason}"), hint),
            Self::Behind(newest) => (
                match newest {
                    Some(newest) => {
                        format!("{origin}: its newest data is of {newest}, older than what is held")
                    }
                    None => format!("{origin}: it is empty"),
                },
                "Name another address, or wait until this one has caught up.".to_owned(),
            ),
        };
        FailedOrigin {
            from: origin.to_string(),
            reason,
            hint,
        }
    }
}

/// Fetches a ready-made index and verifies every byte of it.
pub(super) async fn fetch_index(
    job: &Job<'_>,
    address: &Address,
    base: &Base,
    backward: Backward,
) -> Result<Taken, OriginError> {
    let path = job
        .request
        .downloads
        .join(format!("{}.part", address.fingerprint()));
    let unless = installed(job.request, address, base);
    let mut report = |held, total| job.progress.report(&Event::Index { held, total });
    let validator = match web::download(&job.web, address, &path, INDEX_LIMIT, unless, &mut report).await? {
        Reply::NotModified => return Ok(Taken::Same),
        Reply::Received { validator, .. } => validator,
    };
    match usable(&path, base, backward, job.request.now) {
        Ok(true) => Ok(Taken::Index(path, validator)),
        Ok(false) => Ok(Taken::Same),
        Err(error) => {
            // It would be no better the next time.
            drop(web::discard(&path));
            Err(error)
        }
    }
}

/// Takes an index or a folder from the disk.
pub(super) fn local(
    path: &Path,
    base: &mut Base,
    backward: Backward,
    warnings: &mut Vec<String>,
    now: Timestamp,
) -> Result<Taken, OriginError> {
    let unusable = |reason: String| OriginError::Unusable {
        reason,
        hint: format!("Name an index file, or a folder that holds <ecosystem>/all.zip or a {NAME}."),
    };
    match file::look(path).map_err(|error| unusable(error.source.to_string()))? {
        Lies::File(_) => match usable(path, base, backward, now)? {
            true => Ok(Taken::Index(path.to_owned(), None)),
            false => Ok(Taken::Same),
        },
        Lies::Folder => {
            let loaded = base.load(warnings);
            let mut fetched = Vec::with_capacity(loaded.ecosystems.len());
            for followed in &loaded.ecosystems {
                let zip = path.join(&followed.name).join("all.zip");
                let ids = export_zip::verified(&zip)
                    .map_err(|error| {
                        let name = &followed.name;
                        unusable(format!("{name}/all.zip: is no zip that can be read: {error}"))
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
            Ok(Taken::Records(fetched, None))
        }
        Lies::Other | Lies::Nothing => Err(unusable("there is no such file or folder".to_owned())),
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
    clear(request.downloads, &[])?;
    if let Ok(index) = open(request.index) {
        let text = format!("{} {}", index.digest(), validator.to_text());
        file::replace(&note_path(request, address), |writer| {
            std::io::Write::write_all(writer, text.as_bytes())
        })?;
    }
    Ok(())
}

/// Removes every download that lies in `folder`, but for the files of a publication that `keep` names. Nobody else works
/// there: this update has the lock.
pub(super) fn clear(folder: &Path, keep: &[String]) -> Result<(), UpdateError> {
    for (name, _) in file::list(folder)? {
        let text = name.to_string_lossy();
        let piece = text.strip_suffix(INDEX_ENDING).is_some_and(is_sha256);
        let unkept = piece && !keep.iter().any(|keep| *keep == text);
        if unkept || text.ends_with(".part") || text.ends_with(".part.from") {
            file::remove(&folder.join(&name))?;
        }
    }
    Ok(())
}

/// What the installed index came with, if it came from `address` and is still there.
fn installed(request: &Request<'_>, address: &Address, base: &Base) -> Option<Validator> {
    let bytes = file::read(&note_path(request, address), 1 << 16).ok()??;
    let text = String::from_utf8(bytes).ok()?;
    let (digest, validator) = text.split_once(' ')?;
    let suffices = base.digest.as_deref() == Some(digest)
        && lacking(base, &base.bookkeeping.sources).is_none()
        && base.is_sound();
    Validator::parse(validator).filter(|_| suffices)
}

fn note_path(request: &Request<'_>, address: &Address) -> PathBuf {
    request
        .downloads
        .join(format!("{}.installed", address.fingerprint()))
}

/// Whether the index at `path` is worth putting in place; `false` if what is there is as good.
fn usable(path: &Path, base: &Base, backward: Backward, now: Timestamp) -> Result<bool, OriginError> {
    let unusable = |reason: String| OriginError::Unusable {
        reason,
        hint: "Name another address.".to_owned(),
    };
    let verified = || -> Result<(Index, Vec<Source>), OpenError> {
        let index = open(path)?;
        index.verify()?;
        let sources = index.bookkeeping()?.sources;
        Ok((index, sources))
    };
    let (index, sources) = verified().map_err(|error| unusable(error.to_string()))?;
    if let Some(ecosystem) = lacking(base, &sources) {
        return Err(unusable(format!("it does not hold {ecosystem}")));
    }
    if base.digest.as_deref() == Some(index.digest()) {
        return Ok(!base.is_sound());
    }
    if is_of_the_future(index.built(), now) {
        return Err(unusable(format!(
            "it is dated {}, which has not come yet",
            index.built()
        )));
    }
    let held = base.built.filter(|built| !is_of_the_future(*built, now));
    match (held.is_some_and(|built| index.built() < built), backward) {
        (false, _) => Ok(true),
        (true, Backward::Refused) => Err(OriginError::Behind(Some(index.built()))),
        (true, Backward::Accepted) => Ok(false),
    }
}

/// Whether an index was dated later than clocks differ: it would outrank every good one, and never be old.
pub(super) fn is_of_the_future(built: Timestamp, now: Timestamp) -> bool {
    built.duration_since(now) > CLOCKS_DIFFER
}

/// An ecosystem that is to be followed and that no source gives.
fn lacking<'b>(base: &'b Base, sources: &[Source]) -> Option<&'b str> {
    let given = |name: &str| sources.iter().any(|source| source.name == note_of(name));
    base.names.iter().map(String::as_str).find(|name| !given(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        assert!(matches!(
            Origin::parse("https://mirror.example/osv"),
            Ok(Origin::Export(_))
        ));
        assert!(matches!(
            Origin::parse("https://mirror.example/all.lkdb?x=1"),
            Ok(Origin::Index(_))
        ));
        assert!(matches!(Origin::parse("../mirror"), Ok(Origin::Path(_))));
        let manifest = "https://mirror.example/a/lockkeeper-index.json";
        let signer = |text: &str| match Origin::parse(text) {
            Ok(Origin::Published(address, signer)) => Ok((address.to_string(), signer)),
            Ok(other) => panic!("{other:?}"),
            Err(bad) => Err(bad),
        };
        assert_eq!(signer(manifest), Ok((manifest.to_owned(), Signer::Trusted)));
        let key = PublicKey::parse("RWR1jjlZvXm+nCRi7bisB3Oti1USGaEVSgaRj+6P9riPQEb/FPSHN692").unwrap();
        assert_eq!(
            signer(&format!("{manifest}#{key}")),
            Ok((manifest.to_owned(), Signer::Key(key.clone())))
        );
        assert_eq!(
            signer(&format!("{manifest}#RWx")),
            Err(BadOrigin::Key(BadKey::Public))
        );
        assert_eq!(
            signer(&format!("unsigned+{manifest}")),
            Ok((manifest.to_owned(), Signer::Nobody))
        );
        assert_eq!(
            signer(&format!("unsigned+{manifest}#{key}")),
            Err(BadOrigin::UnsignedWithKey)
        );
        let plain = "unsigned+http://mirror.example/lockkeeper-index.json";
        assert_eq!(signer(plain), Err(BadOrigin::Unprotected));
        assert!(signer("unsigned+http://127.0.0.1:1/lockkeeper-index.json").is_ok());
        assert_eq!(
            Origin::parse("unsigned+https://mirror.example/all.lkdb"),
            Err(BadOrigin::NeverSigned)
        );
        assert!(Origin::parse("ftp://mirror.example/").is_err());
        assert!(
            Origin::parse("http://mirror.example/")
                .unwrap()
                .warning()
                .is_some()
        );
        assert!(Origin::parse("http://127.0.0.1:8/").unwrap().warning().is_none());
    }
}
