//! What registries say of packages: one file a kind of registry.
//!
//! A [`Registry`] knows at which address a package is asked for and what the answer's bytes mean. Where a project's
//! packages come from and who may read them there is in the configuration of the ecosystem's own client
//! ([`Configuration`]). The [`Client`] asks: at most eight requests at once, answers kept in the user's cache folder with
//! what proves that they are still right, and one dead registry fails only its own packages.
//!
//! There is no registry's address in here: it comes from the lockfile, the client's configuration or the policy.

pub mod bundler_config;
mod cache;
pub mod cargo_config;
mod client;
mod config_file;
pub mod crates_io;
mod credential;
mod error;
pub mod git_refs;
pub mod go;
pub mod go_config;
mod login;
pub mod maven;
pub mod maven_config;
pub mod npm;
pub mod npm_config;
pub mod packagist;
pub mod packagist_config;
pub mod pip_config;
pub mod pypi;
pub mod rubygems;

pub use client::{Client, Reach};
pub use credential::{BadCredential, Credential};
pub use error::{PackageError, RegistryError};

use std::collections::BTreeMap;

use crate::model::{Ecosystem, Part, Query, Release, SharedStr};
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

    /// Where the registry at `base` says how it is asked; `None` where the name alone is the address of a package.
    fn index(&self, base: &Address) -> Option<Address> {
        let _ = base;
        None
    }

    /// Where `package` is asked for, as `index` says, the answer of [`Registry::index`].
    ///
    /// # Errors
    /// Why it does not say it, as a lowercase fragment.
    fn place(&self, base: &Address, index: &[u8], package: &str) -> Result<Place, String> {
        let _ = index;
        Ok(Place::At(self.address(base, package)))
    }

    /// What an answer about `package` says, of a registry with an index.
    ///
    /// # Errors
    /// Why it is no such answer, as a lowercase fragment.
    fn read_by(&self, index: &[u8], package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let _ = index;
        self.read(package, bytes)
    }

    /// The media types that are asked for (`Accept`).
    fn accept(&self, detail: Detail) -> &'static str;

    /// What an answer about `package` says.
    ///
    /// # Errors
    /// Why it is no such answer, as a lowercase fragment.
    fn read(&self, package: &str, bytes: &[u8]) -> Result<Answer, String>;

    /// What tells where a part of a version is.
    fn parts(&self) -> Parts {
        Parts::None
    }

    /// Where `part` of a version is: of `release`, which is in the list of versions, for [`Parts::Listed`]; for
    /// [`Parts::Named`] there is none.
    ///
    /// # Errors
    /// Why there is no such place, as a lowercase fragment.
    fn part_address(
        &self,
        base: &Address,
        package: &str,
        part: &Part,
        release: Option<&Release>,
    ) -> Result<Address, String> {
        let _ = (base, package, part, release);
        Err("the registry says everything with the versions".to_owned())
    }

    /// The release with what `bytes`, the answer about that part of it, say. Of [`Part::Metadata`] the bytes are cached, of
    /// [`Part::Archive`] the [`Release::document`] alone: neither ever changes at a registry.
    ///
    /// # Errors
    /// Why it is no such answer, as a lowercase fragment.
    fn read_part(
        &self,
        package: &str,
        part: &Part,
        release: Option<&Release>,
        bytes: &[u8],
    ) -> Result<Release, String> {
        let _ = (package, part, release, bytes);
        Err("the registry says everything with the versions".to_owned())
    }

    /// What the ecosystem's client is configured to on this machine and by `project`, files of the repository.
    fn configuration(&self, project: &[ConfigFile]) -> Box<dyn Configuration>;
}

/// Where a registry with an index has a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At this address.
    At(Address),
    /// In the index itself.
    Inside,
    /// It does not have it.
    Nowhere,
}

/// What tells where a part of a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// The list of versions says everything: there are no parts.
    None,
    /// The list of versions has the address.
    Listed,
    /// The names of the package and of the version tell it.
    Named,
}

/// Where packages come from, and with which credential they are asked for.
pub trait Configuration {
    /// What was passed over and why; no secret is in it.
    fn notes(&self) -> &[String];

    /// Where `package` is asked for: the first that has it answers. `locked` is the address that the lockfile has for it,
    /// `named` are the registries that the policy names.
    ///
    /// # Errors
    /// [`RegistryError::Nowhere`], or [`RegistryError::Configuration`] for one that is set and cannot be used.
    fn endpoints(
        &self,
        package: &str,
        locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError>;

    /// Where a public log is asked for the hashes of `package` ([`Part::Proof`]).
    ///
    /// # Errors
    /// [`RegistryError::Configuration`] says why none is asked.
    fn proofs(&self, package: &str) -> Result<Vec<Endpoint>, RegistryError> {
        Err(RegistryError::Configuration {
            reason: format!("no public log has the hashes of {package}"),
            hint: "There is none for this ecosystem.",
        })
    }
}

/// A file of the client's configuration. Secrets may be in it.
#[derive(Clone)]
pub struct ConfigFile {
    /// How messages call it; on this machine its path.
    pub place: String,
    /// What is in it.
    pub text: String,
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
    /// The one that was asked for, or every version that can be read, in the order of their texts.
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
    /// What to ask.
    pub query: Query,
    /// Where to ask; the first that has the package answers.
    pub endpoints: Vec<Endpoint>,
    /// How much to ask for.
    pub detail: Detail,
}

/// Every kind of registry, in alphabetical order of its file.
pub static REGISTRIES: &[&dyn Registry] = &[
    &crates_io::CratesIo,
    &git_refs::GitRefs,
    &go::Go,
    &maven::Maven,
    &npm::Npm,
    &packagist::Packagist,
    &pypi::PyPi,
    &rubygems::Rubygems,
];

/// The registry of an ecosystem.
#[must_use]
pub fn registry(ecosystem: &Ecosystem) -> Option<&'static dyn Registry> {
    REGISTRIES
        .iter()
        .copied()
        .find(|registry| registry.ecosystem() == *ecosystem)
}
