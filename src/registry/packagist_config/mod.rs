//! Which repositories Composer takes packages from, and with which credential: `repositories` of `composer.json` and of the
//! `config.json` in `COMPOSER_HOME`, and `auth.json` of both and `COMPOSER_AUTH`, by the rules of Composer 2.
//!
//! The project's repositories come first, in their order, then the user's, then the default one, whose address no code here knows: it
//! is the one that the lockfile's `notification-url` belongs to, that the configuration calls `packagist`, or that the policy names.
//! `only` and `exclude` say whose packages a repository is asked for. Of repositories that are not `canonical` the first that has a package
//! is asked alone, so that its versions are a part of those that Composer knows. Repositories of version control, folders and
//! archives are no registries.
//!
//! # What a pull request can do
//!
//! It can name any repository: that one learns names of packages. A credential goes to the host that it is written for, encrypted or
//! on this machine, and along with no redirect to elsewhere.

mod machine;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::credential::{Credential, without_scheme};
use super::error::RegistryError;
use super::{ConfigFile, Configuration, Endpoint};
use crate::ecosystem::normalise;
use crate::model::Ecosystem;
use crate::sys::web::Address;
use crate::text::json;
use crate::text::tree::{Kind, Value};

pub use machine::Sources;

/// What a person sets where nothing says at which repository to ask.
pub(super) const SETTING: &str = "Set `repositories` in composer.json or in config.json of COMPOSER_HOME (`packagist` is the name of the default one), or name the repository in the policy's `registries`.";

/// What is set.
#[derive(Debug, Default)]
pub struct PackagistConfig {
    repositories: Vec<Repository>,
    default: Public,
    /// By the host with its port.
    credentials: BTreeMap<String, Credential>,
    notes: Vec<String>,
}

/// The repository that Composer asks by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Public {
    #[default]
    Unsaid,
    Off,
    /// Another takes its place: one of the others.
    Named,
}

/// A Composer repository, or why what is set is none.
#[derive(Debug)]
struct Repository {
    base: Result<Address, String>,
    only: Option<Vec<String>>,
    exclude: Vec<String>,
}

impl Repository {
    fn may_have(&self, name: &str) -> bool {
        let is_in = |list: &[String]| list.iter().any(|pattern| matches(pattern, name));
        self.only.as_deref().is_none_or(is_in) && !is_in(&self.exclude)
    }
}

/// Whether a pattern of names, in which `*` stands for anything, is that of `name`, in any case.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl Configuration for PackagistConfig {
    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn endpoints(
        &self,
        package: &str,
        locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError> {
        let name = normalise(&Ecosystem::PACKAGIST, package);
        let mut endpoints = Vec::new();
        for repository in self.repositories.iter().filter(|one| one.may_have(&name)) {
            match &repository.base {
                Ok(base) => endpoints.push(self.endpoint(base.clone())),
                Err(reason) => {
                    return Err(RegistryError::Configuration {
                        reason: reason.clone(),
                        hint: "Write the address of the repository out.",
                    });
                }
            }
        }
        if self.default == Public::Unsaid {
            let default = locked.and_then(notified).or_else(|| {
                let mut named = named.iter();
                named.find_map(|text| Address::parse(text).ok())
            });
            endpoints.extend(default.map(|base| self.endpoint(base)));
        }
        match endpoints.is_empty() {
            true => Err(RegistryError::Nowhere { setting: SETTING }),
            false => Ok(endpoints),
        }
    }
}

/// The repository that counts installations at `address`: `https://host/downloads/`.
fn notified(address: &str) -> Option<Address> {
    let base = address.trim_end_matches('/').strip_suffix("downloads")?;
    Address::parse(base).ok()
}

impl PackagistConfig {
    /// What `sources` set.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        let mut config = Self {
            notes: sources.notes.clone(),
            ..Self::default()
        };
        for file in [&sources.manifest, &sources.user].into_iter().flatten() {
            config.read_repositories(file);
        }
        // What is read later counts.
        for file in [&sources.user_auth, &sources.project_auth, &sources.environment]
            .into_iter()
            .flatten()
        {
            config.read_credentials(file);
        }
        config
    }

    fn endpoint(&self, base: Address) -> Endpoint {
        let place = without_scheme(&base);
        let authority = place
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default();
        Endpoint {
            credential: self.credentials.get(authority).cloned(),
            base,
        }
    }

    fn read_repositories(&mut self, file: &ConfigFile) {
        let document = json::read(&file.text);
        let Some(repositories) = document.root().get("repositories") else {
            return;
        };
        let named = repositories.entries().map(|(key, value)| (Some(key), value));
        let listed = repositories.items().map(|value| (None, value));
        for (key, value) in named.chain(listed) {
            let key = key.or_else(|| value.str("name"));
            self.read_repository(key.as_deref(), value, &file.place);
        }
    }

    fn read_repository(&mut self, key: Option<&str>, value: Value<'_>, place: &str) {
        let is_default = |key: &str| key.strip_suffix(".org").unwrap_or(key) == "packagist";
        if value.kind() == Kind::Bool {
            if key.is_some_and(is_default) && value.as_bool() == Some(false) {
                self.default = Public::Off;
            }
            return;
        }
        let off = value
            .entries()
            .any(|(key, value)| is_default(&key) && value.as_bool() == Some(false));
        if off {
            self.default = Public::Off;
        }
        if value.str("type").as_deref() != Some("composer") {
            return;
        }
        let url = value.str("url").unwrap_or_default();
        let names = |list: Value<'_>| {
            let names = list.items().filter_map(Value::as_str);
            names.map(|name| name.into_owned()).collect::<Vec<String>>()
        };
        if key.is_some_and(is_default) {
            self.default = Public::Named;
        }
        self.repositories.push(Repository {
            base: Address::parse(&url).map_err(|error| format!("{place}: a repository's `url` is {error}")),
            only: value.get("only").map(names),
            exclude: value.get("exclude").map(names).unwrap_or_default(),
        });
    }

    fn read_credentials(&mut self, file: &ConfigFile) {
        let document = json::read(&file.text);
        let root = document.root();
        let of = |kind: &str| root.get(kind).map(Value::entries).into_iter().flatten();
        for (host, login) in of("http-basic") {
            let part = |key: &str| login.str(key).unwrap_or_default();
            let login = STANDARD.encode(format!("{}:{}", part("username"), part("password")));
            let prefix = format!("//{host}/");
            self.add(
                &host,
                Credential::basic(&prefix, &SecretString::from(login)),
                file,
            );
        }
        for (host, token) in of("bearer") {
            let token = SecretString::from(token.as_str().unwrap_or_default().into_owned());
            self.add(&host, Credential::bearer(&format!("//{host}/"), &token), file);
        }
        for kind in ["custom-headers", "client-certificate"] {
            for (host, _) in of(kind) {
                self.notes
                    .push(format!("{}: `{kind}` of {host} is not used", file.place));
            }
        }
    }

    fn add(&mut self, host: &str, credential: Result<Credential, super::BadCredential>, file: &ConfigFile) {
        match credential {
            Ok(credential) => {
                self.credentials.insert(host.to_owned(), credential);
            }
            Err(error) => self.notes.push(format!(
                "{}: the credential for `{host}` is not used: {error}",
                file.place
            )),
        }
    }
}
