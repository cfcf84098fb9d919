//! Why a registry's answer about a package is not there.

use std::sync::Arc;

use crate::model::SharedStr;
use crate::sys::web::{Address, WebError};

/// A package of which nothing is known.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{package}: {error}")]
pub struct PackageError {
    /// The package.
    pub package: SharedStr,
    /// Why.
    pub error: RegistryError,
}

/// Why.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RegistryError {
    /// Nothing says at which registry to ask.
    #[error("nothing says at which registry to ask for it")]
    Nowhere {
        /// What to set.
        setting: &'static str,
    },
    /// What the configuration sets cannot be used.
    #[error("{reason}")]
    Configuration {
        /// What is wrong, with the place.
        reason: String,
        /// What a person can do about it.
        hint: &'static str,
    },
    /// The registry has no such package.
    #[error("the registry does not have it: {0}")]
    Missing(Address),
    /// The registry wants another credential, or any.
    #[error("{address}: the registry answered {code}, {}", Shown(*credential))]
    Refused {
        /// Where.
        address: Box<Address>,
        /// 401 or 403.
        code: u16,
        /// What was sent.
        credential: Sent,
    },
    /// It could not be fetched.
    #[error(transparent)]
    Web(Arc<WebError>),
    /// The registry was asked for another package, and nothing came.
    #[error("not asked again: {0}")]
    Dead(Arc<WebError>),
    /// The registry has the package, and not what was asked for of it.
    #[error("{0}")]
    Lacking(String),
    /// It was fetched, and is not what it should be.
    #[error("{address}: {reason}")]
    Unreadable {
        /// Where.
        address: Box<Address>,
        /// Why, as a lowercase fragment.
        reason: String,
    },
    /// `--offline`, and the cache does not have it.
    #[error("{0}: not in the cache, and --offline forbids to ask")]
    NotCached(Address),
}

/// Whether a request had a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The one that the configuration has for the address.
    Credential,
    /// None.
    Nothing,
}

impl PackageError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.error.hint()
    }
}

impl RegistryError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Nowhere { setting } => setting,
            Self::Configuration { hint, .. } => hint,
            Self::Lacking(_) => "Upgrade the package with its own tool.",
            Self::Missing(_) => {
                "Check the package's name and the registry that the configuration names for it."
            }
            Self::Refused {
                credential: Sent::Credential,
                ..
            } => "Renew the token or the login that the configuration has for this address.",
            Self::Refused {
                credential: Sent::Nothing,
                ..
            } => {
                "Set a token for this address in your own configuration; variables of the environment are not put into files of the repository."
            }
            Self::Web(error) | Self::Dead(error) => error.hint(),
            Self::Unreadable { .. } => "Check that the address is that of a registry.",
            Self::NotCached(_) => "Leave --offline out once, so that the answer is cached.",
        }
    }
}

struct Shown(Sent);

impl std::fmt::Display for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self.0 {
            Sent::Credential => "with the credential of the configuration",
            Sent::Nothing => "without a credential",
        })
    }
}
