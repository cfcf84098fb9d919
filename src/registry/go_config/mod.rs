//! Where Go takes modules from: the variables that `go env` shows, by the rules of `cmd/go` (Go 1.26).
//!
//! A variable is taken from the first of: the environment, the user's file (`GOENV`, else `go/env` in the user's folder for
//! configuration), and `go.env` in the folder that Go is installed to, which has the defaults. Read are `GOPROXY`, `GOPRIVATE`, `GONOPROXY`, `GONOSUMDB`,
//! `GOSUMDB` and `GOAUTH`. A repository sets none of them.
//!
//! Proxies are asked in the order of `GOPROXY`, and the first that has the module answers; `|` is read as `,`. The repository itself
//! (`direct`) is never asked: a module that `GONOPROXY` or `GOPRIVATE` names has no place.
//!
//! A login is taken from `.netrc` (`NETRC`, else in the home folder), or from the address of the proxy, and goes to that host alone.

mod machine;
mod netrc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use globset::GlobBuilder;
use secrecy::SecretString;

use super::credential::{Credential, without_scheme};
use super::error::RegistryError;
use super::{Configuration, Endpoint};
use crate::sys::web::Address;

pub use machine::Sources;
pub use netrc::Login;

/// What a person sets where nothing names a proxy.
pub(super) const SETTING: &str = "Set GOPROXY, or name the proxy in the policy's `registries`.";

/// What a person does about modules that only their repository has.
const DIRECT: &str =
    "Upgrade it with `go get`, or set GOPROXY (and GONOPROXY) to a proxy that has the module.";

/// What is set.
#[derive(Debug, Default)]
pub struct GoConfig {
    /// `None` where nothing sets it.
    proxies: Option<Vec<Proxy>>,
    /// Patterns of modules that no proxy is asked for, and the variable that says so.
    not_by_proxy: (Vec<String>, &'static str),
    not_in_database: Vec<String>,
    /// The name of the checksum database, and its address where that is another.
    database: Option<(String, Option<Address>)>,
    logins: Vec<Login>,
    notes: Vec<String>,
}

/// An entry of `GOPROXY`.
#[derive(Debug, Clone)]
enum Proxy {
    At(Address, Option<Credential>),
    Direct,
    Off,
}

impl GoConfig {
    /// What `sources` set.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        let mut config = Self {
            notes: sources.notes.clone(),
            ..Self::default()
        };
        let list = |name: &str| -> Vec<String> {
            let value = sources.value(name).unwrap_or_default();
            let parts = value.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let is_set = |name: &str| sources.value(name).is_some();
        config.not_by_proxy = match is_set("GONOPROXY") {
            true => (list("GONOPROXY"), "GONOPROXY"),
            false => (list("GOPRIVATE"), "GOPRIVATE"),
        };
        config.not_in_database = match is_set("GONOSUMDB") {
            true => list("GONOSUMDB"),
            false => list("GOPRIVATE"),
        };
        if sources
            .value("GOAUTH")
            .is_none_or(|value| value.split(';').any(|part| part.trim() == "netrc"))
        {
            config.logins = sources.netrc.as_deref().map(netrc::read).unwrap_or_default();
        } else if sources.value("GOAUTH") != Some("off") {
            let note = "GOAUTH: no program is started for credentials, and only `netrc` is read";
            config.notes.push(note.to_owned());
        }
        if let Some(value) = sources.value("GOPROXY") {
            config.read_proxies(value);
        }
        config.read_database(sources.value("GOSUMDB").unwrap_or("off"));
        config
    }

    fn read_proxies(&mut self, value: &str) {
        let mut proxies = Vec::new();
        for entry in value
            .split([',', '|'])
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            let proxy = match entry {
                "off" => Proxy::Off,
                "direct" => Proxy::Direct,
                "noproxy" => continue,
                entry => match self.read_address(entry) {
                    Ok((address, credential)) => Proxy::At(address, credential),
                    Err(reason) => {
                        self.notes.push(format!("GOPROXY: {reason}"));
                        continue;
                    }
                },
            };
            let is_last = !matches!(proxy, Proxy::At(..));
            proxies.push(proxy);
            if is_last {
                break;
            }
        }
        self.proxies = Some(proxies);
    }

    /// An address of `GOPROXY`, with the login that stands in it or in `.netrc`. An error repeats nothing of a login.
    fn read_address(&self, text: &str) -> Result<(Address, Option<Credential>), String> {
        let full = match text.contains("://") || text.contains(":/") {
            true => text.to_owned(),
            false => format!("https://{text}"),
        };
        let (scheme, rest) = full.split_once("://").ok_or("an entry is no address")?;
        if !matches!(scheme, "http" | "https") {
            return Err(format!("proxies at {scheme}: addresses are not read"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        if host.is_empty() {
            return Err("an entry has no host".to_owned());
        }
        let address = Address::parse(&format!("{scheme}://{host}{path}"))
            .map_err(|error| format!("the address at {host} is {error}"))?;
        let login = match login {
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                let plain = |text: &str| {
                    percent_encoding::percent_decode_str(text)
                        .decode_utf8_lossy()
                        .into_owned()
                };
                Some((plain(user), plain(password)))
            }
            None => {
                let name = host.split(':').next().unwrap_or_default();
                let own = self.logins.iter().find(|login| login.machine == name);
                own.map(|login| (login.user.clone(), login.password.clone()))
            }
        };
        let place = without_scheme(&address);
        let end = place
            .get(2..)
            .and_then(|rest| rest.find('/'))
            .map_or(place.len(), |at| at + 2);
        let prefix = format!("{}/", place.get(..end).unwrap_or_default());
        let credential = login.and_then(|(user, password)| {
            let encoded = STANDARD.encode(format!("{user}:{password}"));
            Credential::basic(&prefix, &SecretString::from(encoded)).ok()
        });
        Ok((address, credential))
    }

    /// `NAME`, `NAME+HASH+KEY`, with an address behind it or not, or `off`.
    fn read_database(&mut self, value: &str) {
        let mut words = value.split_ascii_whitespace();
        let name = words.next().unwrap_or("off");
        if name == "off" {
            return;
        }
        let address = words.next().map(Address::parse);
        let address = match address.transpose() {
            Ok(address) => address,
            Err(error) => {
                self.notes.push(format!("GOSUMDB: the address is {error}"));
                return;
            }
        };
        let name = name.split('+').next().unwrap_or_default().to_owned();
        self.database = Some((name, address));
    }

    fn proxies(&self) -> impl Iterator<Item = (&Address, &Option<Credential>)> {
        self.proxies.iter().flatten().filter_map(|proxy| match proxy {
            Proxy::At(address, credential) => Some((address, credential)),
            Proxy::Direct | Proxy::Off => None,
        })
    }
}

impl Configuration for GoConfig {
    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn endpoints(
        &self,
        package: &str,
        _locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError> {
        let (patterns, variable) = &self.not_by_proxy;
        if matches(patterns, package) {
            return Err(RegistryError::Configuration {
                reason: format!("{variable} says that no proxy has it, and its repository is not asked"),
                hint: DIRECT,
            });
        }
        let endpoints: Vec<Endpoint> = self
            .proxies()
            .map(|(base, credential)| Endpoint {
                base: base.clone(),
                credential: credential.clone(),
            })
            .collect();
        if !endpoints.is_empty() {
            return Ok(endpoints);
        }
        match self.proxies.as_deref().and_then(|proxies| proxies.first()) {
            Some(Proxy::Off) => Err(RegistryError::Configuration {
                reason: "GOPROXY is off".to_owned(),
                hint: "Set GOPROXY to a proxy.",
            }),
            Some(Proxy::Direct) => Err(RegistryError::Configuration {
                reason: "GOPROXY is direct, and repositories are not asked".to_owned(),
                hint: DIRECT,
            }),
            Some(Proxy::At(..)) | None => {
                let named: Vec<Endpoint> = named
                    .iter()
                    .filter_map(|text| Address::parse(text).ok())
                    .map(|base| Endpoint {
                        base,
                        credential: None,
                    })
                    .collect();
                match named.is_empty() {
                    false => Ok(named),
                    true => Err(RegistryError::Nowhere { setting: SETTING }),
                }
            }
        }
    }

    fn proofs(&self, package: &str) -> Result<Vec<Endpoint>, RegistryError> {
        let refused = |reason: &str| RegistryError::Configuration {
            reason: reason.to_owned(),
            hint: "Set GOSUMDB, and see GONOSUMDB and GOPRIVATE.",
        };
        let Some((name, address)) = &self.database else {
            return Err(refused("GOSUMDB names no checksum database"));
        };
        if matches(&self.not_in_database, package) {
            return Err(refused(
                "GONOSUMDB or GOPRIVATE keeps it from the checksum database",
            ));
        }
        let mut endpoints: Vec<Endpoint> = self
            .proxies()
            .map(|(base, credential)| Endpoint {
                base: base.below(["sumdb", name]),
                credential: credential.clone(),
            })
            .collect();
        let own = match address {
            Some(address) => Some(address.clone()),
            None => Address::parse(&format!("https://{name}/")).ok(),
        };
        endpoints.extend(own.map(|base| Endpoint {
            base,
            credential: None,
        }));
        Ok(endpoints)
    }
}

/// A pattern fits the path or the start of it (`module.MatchPrefixPatterns`).
fn matches(patterns: &[String], path: &str) -> bool {
    patterns.iter().any(|pattern| {
        let pattern = pattern.trim_end_matches('/');
        let count = pattern.split('/').count();
        let start: Vec<&str> = path.split('/').take(count).collect();
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        start.len() == count
            && match glob {
                Ok(glob) => glob.compile_matcher().is_match(start.join("/")),
                // What cannot be read keeps a module from everybody.
                Err(_) => true,
            }
    })
}
