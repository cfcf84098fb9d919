//! Where an update comes from: an export, a ready-made index or a publication on the web, or any of them on disk.
//!
//! They are distinguished by the address and never by a request: an attacker in between could answer that there is no
//! manifest, and so turn a signed publication into an export that is not.

use std::fmt;
use std::path::PathBuf;

use crate::database::manifest::{INDEX_ENDING, NAME};
use crate::database::signature::{BadKey, PublicKey};
use crate::sys::web::{Address, BadAddress};

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
    /// Only the owner of the key in the address.
    Key(PublicKey),
    /// Nobody: the address itself is trusted.
    Nobody,
}

/// The prefix of the address of a publication without a signature.
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
                    "{address} is not encrypted: an attacker in between can remove advisories. Use an https address."
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
