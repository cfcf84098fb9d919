//! Where Python's packages are taken from, and with which credential: what pip and uv are set to.
//!
//! The index is the first of: the one that the lockfile names for a package; `--index-url` of a requirements file; that of the
//! environment (`PIP_INDEX_URL`, `UV_DEFAULT_INDEX`, `UV_INDEX_URL`); that of the project (`[[tool.uv.index]]`, `uv.toml`,
//! `[[tool.poetry.source]]`, `[[tool.pdm.source]]` called `pypi`, `[[source]]` of a Pipfile); that of pip's configuration (`PIP_CONFIG_FILE`, else that of the virtual
//! environment, of the user, of the machine) and of uv's (`~/.config/uv/uv.toml`, `/etc/uv/uv.toml`); those that the policy names.
//! Further indexes (`--extra-index-url` and its kin) are asked before it, since a name that a further index has is
//! meant to come from there. Keyrings and pip's command line are not read.
//!
//! # Credentials
//!
//! They come from the address of an index (`https://user:password@host/`), `UV_INDEX_NAME_USERNAME` and `…_PASSWORD`, or a netrc file,
//! and go to that host and port alone, encrypted or on this machine. The `default` entry of a netrc file is for no host, since a
//! file of the repository may name any. A file of the repository gets no variable of the environment: an address with
//! `${VARIABLE}` in it is an error that names the place, for another index in its stead may have other packages by the same names.

mod ini;
mod machine;
mod netrc;

use std::collections::BTreeMap;

use super::error::RegistryError;
use super::login::{host_of, without_login};
use super::{Configuration, Endpoint};
use crate::sys::web::Address;

pub use super::login::Login;
pub use machine::Sources;

/// What a person sets where nothing says at which index to ask.
pub(super) const SETTING: &str = "Name the index, pip's usual one too: with `index-url` in pip.conf, with PIP_INDEX_URL, or in the policy's `registries`.";

const HINT: &str = "Write the address out, or set it in your own pip.conf or PIP_INDEX_URL.";

/// An index that is set, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    /// The address as written.
    pub(super) address: String,
    /// The file or variable that sets it.
    pub(super) place: String,
    /// How uv calls it.
    pub(super) name: Option<String>,
    pub(super) writer: Writer,
}

/// Who wrote a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The one who runs this.
    User,
    /// Everybody who may change the repository.
    Project,
}

/// What one place sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Indexes {
    /// The index for all packages.
    pub(super) main: Option<Index>,
    /// Further ones.
    pub(super) further: Vec<Index>,
}

/// What is set.
#[derive(Debug, Default)]
pub struct PipConfig {
    /// In the order in which they are asked: an index, or why what is set is none.
    indexes: Vec<Result<Address, String>>,
    /// The main index is among them.
    has_main: bool,
    /// Logins by host and port.
    logins: BTreeMap<String, Login>,
    /// Those of a netrc file, by host.
    machines: BTreeMap<String, Login>,
    notes: Vec<String>,
}

impl PipConfig {
    /// What `sources` set.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        let mut config = Self {
            notes: sources.notes.clone(),
            machines: sources.machines.clone(),
            ..Self::default()
        };
        let places = sources.in_order();
        let main = places.iter().find_map(|indexes| indexes.main.clone());
        let further = places.iter().flat_map(|indexes| indexes.further.iter().cloned());
        let mut indexes: Vec<Index> = Vec::new();
        for index in further.chain(main.clone()) {
            if !indexes.iter().any(|known| known.address == index.address) {
                indexes.push(index);
            }
        }
        config.has_main = main.is_some();
        let read: Vec<_> = indexes.iter().map(|index| config.index(index, sources)).collect();
        config.indexes = read;
        config
    }

    fn index(&mut self, index: &Index, sources: &Sources) -> Result<Address, String> {
        let Index {
            address,
            place,
            writer,
            ..
        } = index;
        if address.contains("${") && *writer == Writer::Project {
            return Err(format!(
                "{place}: the index takes a variable of the environment, which no file of the repository gets"
            ));
        }
        let (bare, login) = without_login(address);
        let base = Address::parse(&bare).map_err(|error| format!("{place}: the index is {error}"))?;
        let named = index.name.as_deref().and_then(|name| sources.login_of(name));
        if let Some(login) = login.or(named) {
            self.logins.insert(host_of(&base), login);
        }
        Ok(base)
    }

    /// What is sent to `base`: the login of its host and port, else the one that a netrc file has for its host.
    fn with_credential(&self, base: Address, own: Option<Login>) -> Endpoint {
        let host = host_of(&base);
        let machine = host
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let machine = machine.map_or(host.as_str(), |(machine, _)| machine);
        let login = own
            .or_else(|| self.logins.get(&host).cloned())
            .or_else(|| self.machines.get(machine).cloned());
        Endpoint {
            credential: login.and_then(|login| login.credential(&host)),
            base,
        }
    }
}

impl Configuration for PipConfig {
    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn endpoints(
        &self,
        _package: &str,
        locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError> {
        if let Some(locked) = locked {
            let (bare, login) = without_login(locked);
            let base = Address::parse(&bare).map_err(|error| RegistryError::Configuration {
                reason: format!("the index in the lockfile is {error}"),
                hint: HINT,
            })?;
            return Ok(vec![self.with_credential(base, login)]);
        }
        let mut endpoints = Vec::new();
        for index in &self.indexes {
            match index {
                Ok(base) => endpoints.push(self.with_credential(base.clone(), None)),
                Err(reason) => {
                    return Err(RegistryError::Configuration {
                        reason: reason.clone(),
                        hint: HINT,
                    });
                }
            }
        }
        if !self.has_main {
            let named = named.iter().filter_map(|address| Address::parse(address).ok());
            endpoints.extend(named.map(|base| self.with_credential(base, None)));
        }
        match endpoints.is_empty() {
            true => Err(RegistryError::Nowhere { setting: SETTING }),
            false => Ok(endpoints),
        }
    }
}
