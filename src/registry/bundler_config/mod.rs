//! Where gems are taken from, and with which credential: what Bundler is set to.
//!
//! A gem is asked for at the `remote:` of the lockfile's section that has it; in its place Bundler takes a mirror, `mirror.all`,
//! `mirror.ADDRESS` or `mirror.HOST`. Settings are those of the project's `.bundle/config` (`BUNDLE_APP_CONFIG`), then of the environment
//! (`BUNDLE_…`), then of the user (`BUNDLE_CONFIG`, `BUNDLE_USER_CONFIG`, `BUNDLE_USER_HOME`, `~/.bundle/config`); the first that has one counts.
//! Whether a mirror answers is not tried before (`fallback_timeout`).
//!
//! # Credentials
//!
//! They come from the address itself (`https://user:password@host/`), else from the setting that has the address, or its host, as its name,
//! and go to that host and port alone, encrypted or on this machine.

mod machine;

use std::collections::BTreeMap;

use super::error::RegistryError;
use super::login::{Login, host_of, without_login};
use super::{Configuration, Endpoint};
use crate::sys::web::Address;

pub use machine::Sources;

/// What a person sets where nothing says at which registry to ask.
pub(super) const SETTING: &str = "Name the registry, Bundler's usual one too, with `bundle config set mirror.all ADDRESS`, or in the policy's `registries`.";

const HINT: &str =
    "Write the address out in the Gemfile, or set a mirror for it in your own Bundler configuration.";

/// What is set.
#[derive(Default)]
pub struct BundlerConfig {
    /// Values and where each is set, by the key as Bundler writes it, without `BUNDLE_`.
    settings: BTreeMap<String, (String, String)>,
    notes: Vec<String>,
}

impl BundlerConfig {
    /// What `sources` set.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        let mut config = Self {
            notes: sources.notes.clone(),
            ..Self::default()
        };
        for file in &sources.project {
            config.add(&file.place, lines(&file.text));
        }
        let variables = sources.environment.iter();
        for (name, value) in variables {
            let setting = (name.to_uppercase(), value.clone());
            config.add(&format!("BUNDLE_{name}"), std::iter::once(setting));
        }
        if let Some(file) = &sources.user {
            config.add(&file.place, lines(&file.text));
        }
        config
    }

    fn add(&mut self, place: &str, settings: impl Iterator<Item = (String, String)>) {
        for (key, value) in settings {
            let value = (value, place.to_owned());
            self.settings.entry(key).or_insert(value);
        }
    }

    fn setting(&self, name: &str) -> Option<(&str, &str)> {
        let (value, place) = self.settings.get(&key(name))?;
        (!value.is_empty()).then_some((value, place))
    }

    /// The mirror that stands in the place of `remote`; of all where there is none.
    fn mirror(&self, remote: Option<&Address>) -> Option<(&str, &str)> {
        let of_remote = || {
            let remote = remote?;
            let by_address = self.setting(&format!("mirror.{}", with_slash(remote)));
            by_address.or_else(|| self.setting(&format!("mirror.{}", remote.host()?)))
        };
        self.setting("mirror.all").or_else(of_remote)
    }

    /// `address` with the login that is set for it.
    fn endpoint(&self, address: &str, place: &str) -> Result<Endpoint, RegistryError> {
        let (bare, login) = without_login(address);
        let base = Address::parse(&bare).map_err(|error| RegistryError::Configuration {
            reason: format!("{place}: the registry is {error}"),
            hint: HINT,
        })?;
        let set = || {
            let by_address = self.setting(&with_slash(&base));
            let (login, _) = by_address.or_else(|| self.setting(base.host()?))?;
            // As in front of the host of an address.
            without_login(&format!("https://{login}@host/")).1
        };
        let login: Option<Login> = login.or_else(set);
        Ok(Endpoint {
            credential: login.and_then(|login| login.credential(&host_of(&base))),
            base,
        })
    }
}

impl Configuration for BundlerConfig {
    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn endpoints(
        &self,
        _package: &str,
        locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError> {
        let remote = locked.and_then(|locked| Address::parse(&without_login(locked).0).ok());
        let mirror = self.mirror(remote.as_ref());
        let chosen = mirror
            .or(locked.map(|locked| (locked, "the lockfile")))
            .or_else(|| Some((*named.first()?, "the policy")));
        let (address, place) = chosen.ok_or(RegistryError::Nowhere { setting: SETTING })?;
        Ok(vec![self.endpoint(address, place)?])
    }
}

/// An address as Bundler has it in names of settings.
fn with_slash(address: &Address) -> String {
    let text = address.to_string();
    match text.ends_with('/') {
        true => text,
        false => format!("{text}/"),
    }
}

/// The key under which Bundler writes a setting, without `BUNDLE_`.
fn key(name: &str) -> String {
    name.replace('-', "___").replace('.', "__").to_uppercase()
}

/// Keys and values of a file: `BUNDLE_KEY: "value"`.
fn lines(text: &str) -> impl Iterator<Item = (String, String)> {
    text.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let name = name.trim_matches(['"', '\'']).strip_prefix("BUNDLE_")?;
        let mut key = key(name);
        let is_address = key.contains("HTTP:") || key.contains("HTTPS:");
        if is_address && !key.ends_with('/') && !key.ends_with("__FALLBACK_TIMEOUT") {
            key.push('/');
        }
        let value = value.trim();
        let inner = ['"', '\''].into_iter().find_map(|quote| {
            let inner = value.strip_prefix(quote)?;
            inner.strip_suffix(quote)
        });
        Some((key, inner.unwrap_or(value).to_owned()))
    })
}
