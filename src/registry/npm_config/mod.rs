//! Where npm takes packages from, and with which credential: `.npmrc` files and `npm_config_*` variables, by the rules of
//! npm's own loader (`@npmcli/config` and the `auth.js` of `npm-registry-fetch`, npm 11).
//!
//! A setting is taken from the first of: the environment (`npm_config_*`, in any case), the project's `.npmrc` files, the
//! user's (`npm_config_userconfig`, else `~/.npmrc`), and the global one (`npm_config_globalconfig` or the user's
//! `globalconfig`, else `etc/npmrc` below `npm_config_prefix`, the user's `prefix`, `PREFIX` or the folder that `node` is
//! installed to). Read are `registry`, `@scope:registry`, `replace-registry-host`, and `:_authToken`, `:_auth`, `:username`
//! and `:_password` behind an address without its scheme, `//host:port/path/`. npm's built-in file and its command line
//! are not.
//!
//! # What a pull request can do
//!
//! It can change the lockfile and the `.npmrc` of its repository, and so name any registry: that one is asked for the
//! packages, and learns their names. It gets no secret by it:
//!
//! - A credential goes to addresses below the one that it is written for, encrypted or on this machine, and along with no
//!   redirect to elsewhere.
//! - npm puts `${VARIABLE}` into values of every file. Here a project's file gets no variable: a pull request that
//!   changes it could send any of them to any host, as a token or as a part of an address. A credential that is written so counts as
//!   not set, so that the user's own file may have one for the same address; a registry that is written so is an error,
//!   for another one in its place may have other packages by the same names.
//! - A project's file names no other file to read (`userconfig`, `globalconfig`, `prefix`).

mod ini;
mod machine;

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::credential::{Credential, without_scheme};
use super::error::RegistryError;
use super::{Configuration, Endpoint};
use crate::sys::web::Address;

pub use machine::Sources;

/// What is set.
#[derive(Debug, Default)]
pub struct NpmConfig {
    registry: Option<Registry>,
    scopes: BTreeMap<String, Registry>,
    /// By the address that each is for, without the scheme.
    credentials: BTreeMap<String, Credential>,
    replaces: Replaces,
    notes: Vec<String>,
}

/// A registry, or why what is set is none.
type Registry = Result<Address, String>;

/// Whose addresses of a lockfile are replaced by the configuration's registry (`replace-registry-host`). npm's default is
/// the host of its public registry, which no code here knows: it counts as none.
#[derive(Debug, Default, PartialEq, Eq)]
enum Replaces {
    #[default]
    Nobodys,
    Everybodys,
    Host(String),
}

/// Who wrote a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// The one who runs this.
    User,
    /// Everybody who may change the repository.
    Project,
}

/// A setting as it counts.
struct Setting {
    value: String,
    place: String,
    /// A variable is missing in it, or is not put in.
    is_open: bool,
    writer: Writer,
}

/// What a person sets where nothing says at which registry to ask.
pub(super) const SETTING: &str =
    "Set `registry` in an .npmrc or npm_config_registry, or name the registry in the policy's `registries`.";

impl Configuration for NpmConfig {
    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn endpoints(
        &self,
        package: &str,
        locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError> {
        Ok(vec![self.endpoint(package, locked, named.iter().copied())?])
    }
}

impl NpmConfig {
    /// What `sources` set.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        let (settings, notes) = settings(sources);
        let mut config = Self {
            notes,
            ..Self::default()
        };
        let mut logins: BTreeMap<&str, BTreeMap<&str, &Setting>> = BTreeMap::new();
        for (key, setting) in &settings {
            if key == "registry" {
                config.registry = config.read_registry(key, setting);
            } else if key == "replace-registry-host" {
                config.replaces = match setting.value.as_str() {
                    "always" => Replaces::Everybodys,
                    "never" | "npmjs" => Replaces::Nobodys,
                    host => Replaces::Host(host.to_owned()),
                };
            } else if let Some(scope) = key.strip_suffix(":registry").filter(|key| key.starts_with('@')) {
                if let Some(registry) = config.read_registry(key, setting) {
                    config.scopes.insert(scope.to_owned(), registry);
                }
            } else if let Some((prefix, name)) = key.rsplit_once(':').filter(|_| key.starts_with("//"))
                && !setting.value.is_empty()
            {
                logins.entry(prefix).or_default().insert(name, setting);
            }
        }
        for (prefix, login) in logins {
            config.read_credential(prefix, &login);
        }
        config
    }

    /// What was passed over and why; no secret is in it.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where `package` is asked for: at the registry of its address in the lockfile, `resolved`, else at that of its scope
    /// or the one that is set for all, else at the first of `fallback`, which the policy names.
    ///
    /// # Errors
    /// [`RegistryError::Nowhere`], or [`RegistryError::Configuration`] for one that is set and cannot be used.
    pub fn endpoint<'f>(
        &self,
        package: &str,
        resolved: Option<&str>,
        fallback: impl IntoIterator<Item = &'f str>,
    ) -> Result<Endpoint, RegistryError> {
        let scope = package.split_once('/').map(|(scope, _)| scope);
        let set = scope
            .and_then(|scope| self.scopes.get(scope))
            .or(self.registry.as_ref());
        let locked = resolved
            .and_then(|address| registry_of(package, address))
            .filter(|base| set.is_none() || !self.replaces.applies_to(base));
        let base = match (locked, set) {
            (Some(base), _) => base,
            (None, Some(Ok(base))) => base.clone(),
            (None, Some(Err(reason))) => {
                return Err(RegistryError::Configuration {
                    reason: reason.clone(),
                    hint: "Write the address out, or set it in your own .npmrc or npm_config_registry.",
                });
            }
            (None, None) => fallback
                .into_iter()
                .find_map(|text| Address::parse(text).ok())
                .ok_or(RegistryError::Nowhere { setting: SETTING })?,
        };
        let credential = self.credential(&base);
        Ok(Endpoint { base, credential })
    }

    /// The one of the longest address that `base` is below of.
    fn credential(&self, base: &Address) -> Option<Credential> {
        let mut place = without_scheme(base);
        if !place.ends_with('/') {
            place.push('/');
        }
        let mut place = place.as_str();
        while place.len() > "//".len() {
            if let Some(credential) = self.credentials.get(place) {
                return Some(credential.clone());
            }
            // Both `//host/path/` and `//host/path` may be written.
            place = match place.strip_suffix('/') {
                Some(without) => without,
                None => &place[..place.rfind('/')? + 1],
            };
        }
        None
    }

    fn read_registry(&mut self, key: &str, setting: &Setting) -> Option<Registry> {
        let Setting { value, place, .. } = setting;
        if value.is_empty() {
            return None;
        }
        Some(match (setting.is_open, Address::parse(value)) {
            (true, _) => Err(format!("{place}: {}", open(key, setting.writer))),
            (false, Ok(address)) => Ok(address),
            (false, Err(error)) => Err(format!("{place}: `{key}` is {error}")),
        })
    }

    fn read_credential(&mut self, prefix: &str, login: &BTreeMap<&str, &Setting>) {
        let usable = |name: &str| {
            login
                .get(name)
                .map(|setting| (SecretString::from(setting.value.clone()), &setting.place))
        };
        let (credential, place) = if let Some((token, place)) = usable("_authToken") {
            (Credential::bearer(prefix, &token), place)
        } else if let Some((auth, place)) = usable("_auth") {
            (Credential::basic(prefix, &auth), place)
        } else if let (Some(user), Some((password, place))) = (login.get("username"), usable("_password")) {
            (Credential::login(prefix, &user.value, &password), place)
        } else {
            if let Some(setting) = login.get("certfile") {
                let note = format!("{}: client certificates are not used (`{prefix}`)", setting.place);
                self.notes.push(note);
            }
            return;
        };
        match credential {
            Ok(credential) => {
                self.credentials.insert(prefix.to_owned(), credential);
            }
            Err(error) => {
                let note = format!("{place}: the credential for `{prefix}` is not used: {error}");
                self.notes.push(note);
            }
        }
    }
}

impl Replaces {
    fn applies_to(&self, base: &Address) -> bool {
        match self {
            Self::Nobodys => false,
            Self::Everybodys => true,
            Self::Host(host) => {
                let place = without_scheme(base);
                let named = place.trim_start_matches('/').split(['/', ':']).next();
                named.is_some_and(|named| named.eq_ignore_ascii_case(host))
            }
        }
    }
}

/// Every setting as the first that sets it has it. A credential that takes a variable which it does not get is none, and
/// a note.
fn settings(sources: &Sources) -> (BTreeMap<String, Setting>, Vec<String>) {
    let (mut settings, mut notes) = (BTreeMap::new(), sources.notes.clone());
    let mut add = |key: String, value: String, place: &str, writer: Writer, is_open: bool| {
        let is_secret = key.starts_with("//");
        if is_open && is_secret {
            notes.push(format!("{place}: {}", open(&key, writer)));
        } else {
            let place = place.to_owned();
            settings.entry(key).or_insert(Setting {
                value,
                place,
                is_open,
                writer,
            });
        }
    };
    for (key, value) in &sources.environment {
        let (value, is_open) = sources.expanded(value);
        add(key.clone(), value, "the environment", Writer::User, is_open);
    }
    for (file, writer) in sources.files() {
        for (key, value) in ini::read(&file.text) {
            match writer {
                Writer::User => {
                    let (key, _) = sources.expanded(&key);
                    let (value, is_open) = sources.expanded(&value);
                    add(key, value, &file.place, writer, is_open);
                }
                Writer::Project if key.contains("${") => {}
                Writer::Project => {
                    let is_open = value.contains("${");
                    add(key, value, &file.place, writer, is_open);
                }
            }
        }
    }
    (settings, notes)
}

fn open(key: &str, writer: Writer) -> String {
    match writer {
        Writer::Project => {
            format!("`{key}` takes a variable of the environment, which no file of the repository gets")
        }
        Writer::User => format!("`{key}` takes a variable that is not set"),
    }
}

/// The registry that `resolved`, the address of an archive, belongs to: `https://host/path/name/-/name-1.0.0.tgz`.
fn registry_of(package: &str, resolved: &str) -> Option<Address> {
    let address = Address::parse(resolved).ok()?.to_string();
    let spellings = ["/", "%2f", "%2F"].map(|slash| format!("/{}/-/", package.replacen('/', slash, 1)));
    let end = spellings
        .iter()
        .find_map(|spelling| address.rfind(spelling.as_str()))?;
    Address::parse(address.get(..=end)?).ok()
}
