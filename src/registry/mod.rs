//! What registries say of packages: one file a kind of registry.
//!
//! A [`Registry`] knows at which address a package is asked for and what the answer's bytes mean. Where a project's
//! packages come from and who may read them there is in the configuration of the ecosystem's own client
//! ([`npm_config`]). The [`Client`] asks: at most eight requests at once, answers kept in the user's cache folder with
//! what proves that they are still right, and one dead registry fails only its own packages.
//!
//! There is no registry's address in here: it comes from the lockfile, the client's configuration or the policy.

mod cache;
mod client;
mod credential;
mod error;
pub mod npm;
pub mod npm_config;

pub use client::{Client, Reach};
pub use credential::{BadCredential, Credential};
pub use error::{PackageError, RegistryError};

use std::collections::BTreeMap;

use crate::model::release::Release;
use crate::model::{Ecosystem, SharedStr};
use crate::sys::web::Address;

/// A kind of registry.
pub trait Registry: Send + Sync {
    /// How messages call it: `npm`.
    fn name(&self) -> &'static str;

    /// Whose packages it has.
    fn ecosystem(&self) -> Ecosystem;

    /// What a person sets where nothing says at which registry to ask.
    fn setting(&self) -> &'static str;

    /// Where `package` is asked for, below the address of a registry.
    fn address(&self, base: &Address, package: &str) -> Address;

    /// The media types that are asked for (`Accept`).
    fn accept(&self, detail: Detail) -> &'static str;

    /// What an answer about `package` says.
    ///
    /// # Errors
    /// Why it is no such answer, as a lowercase fragment.
    fn read(&self, package: &str, bytes: &[u8]) -> Result<Answer, String>;
}

/// How much is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What an installation takes.
    Installing,
    /// The times of publication too, which make a longer answer at some registries.
    Times,
}

/// What a registry says of a package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Every version that can be read, in the order of their texts.
    pub releases: Vec<Release>,
    /// Versions that have a name at the registry, by it: `latest`, which npm takes before higher ones in its range.
    pub tags: BTreeMap<SharedStr, SharedStr>,
    /// What was left out and why: one sentence each, with text of the registry in it.
    pub notes: Vec<String>,
}

/// Where a package is asked for, and with which credential.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The registry.
    pub base: Address,
    /// What the configuration has for this address.
    pub credential: Option<Credential>,
}

/// A question to a registry.
#[derive(Debug, Clone)]
pub struct Question {
    /// The package.
    pub package: SharedStr,
    /// Where to ask.
    pub endpoint: Endpoint,
    /// How much to ask for.
    pub detail: Detail,
}

/// Every kind of registry, in alphabetical order of its file.
pub static REGISTRIES: &[&dyn Registry] = &[&npm::Npm];

/// The registry of an ecosystem.
#[must_use]
pub fn registry(ecosystem: &Ecosystem) -> Option<&'static dyn Registry> {
    REGISTRIES
        .iter()
        .copied()
        .find(|registry| registry.ecosystem() == *ecosystem)
}
