//! Where Cargo takes crates from, and with which token: `.cargo/config.toml` files, `CARGO_REGISTRIES_*` variables and
//! `credentials.toml`, by Cargo's reference ("Configuration", "Source Replacement", "Registry Authentication").
//!
//! A setting is taken from the first of: the environment (`CARGO_REGISTRIES_NAME_INDEX`, `…_TOKEN`), the files of the
//! repository from the lockfile's folder upwards, and the one in Cargo's own folder (`CARGO_HOME`, else `~/.cargo`). Read
//! are `[source.NAME]` with `registry`, `replace-with`, `directory`, `local-registry` and `git`, and `[registries.NAME]` with
//! `index` and `token`. Files between the repository and the root of the file system, Cargo's command line, and programs
//! that give credentials are not.
//!
//! Cargo asks a registry's `config.json` whether it wants a token. Here a token that the user has for an index goes along
//! at once; nothing else in that file is needed, for archives are not fetched.
//!
//! # What a pull request can do
//!
//! It can change the lockfile and the configuration of its repository, and so name any registry: that one is asked for the
//! packages, and learns their names. It gets no secret by it:
//!
//! - A token goes below the index that the user's own configuration or environment has for its name, encrypted or on this
//!   machine, and along with no redirect to elsewhere. Where only the repository says which index a name means, the
//!   user's token for that name goes nowhere, and a note says so.
//! - Values are not expanded, by Cargo neither.
//! - A token in a file of the repository is not used.

mod machine;

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::credential::{Credential, without_scheme};
use super::error::RegistryError;
use super::{ConfigFile, Configuration, Endpoint};
use crate::lockfile::cargo_lock::{index_of_crates_io, is_source_of_crates_io};
use crate::sys::web::Address;
use crate::text::toml;
use crate::text::tree::Value;

pub use machine::Sources;

/// What a person sets where nothing says at which registry to ask.
pub(super) const SETTING: &str = "Name the sparse index of the registry: `[source.NAME]` with its `registry` and `replace-with` in .cargo/config.toml, or `sparse+…` as the `index` that the project uses.";

/// What is set.
#[derive(Debug, Default)]
pub struct CargoConfig {
    /// Sources and registries, by name.
    known: BTreeMap<String, Known>,
    /// Tokens, by the index that each is for.
    credentials: Vec<(Address, Credential)>,
    notes: Vec<String>,
}

/// A source or a registry of a name.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The index as it is written: `sparse+https://…`, or that of a repository of git.
    index: Option<String>,
    /// Crates lie in a folder.
    folder: Option<String>,
    /// Another source takes its place.
    replaced_by: Option<String>,
}

/// Who wrote a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// The one who runs this.
    User,
    /// Everybody who may change the repository.
    Project,
}

/// What Cargo calls its own registry.
const CRATES_IO: &str = "crates-io";

/// Sources are replaced at most so many times.
const MAX_REPLACED: usize = 10;

const FOLDER: &str = "Upgrade with Cargo, and fill the folder anew.";
const WRONG: &str = "Correct the setting in .cargo/config.toml.";

impl Configuration for CargoConfig {
    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn endpoints(
        &self,
        _: &str,
        locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError> {
        let nowhere = RegistryError::Nowhere { setting: SETTING };
        let source = locked.ok_or_else(|| nowhere.clone())?;
        let at = |base: Address| Endpoint {
            credential: self.credential(&base),
            base,
        };
        match self.meant(source)? {
            Meant::Index(base) => Ok(vec![at(base)]),
            Meant::CratesIo => {
                let addresses: Vec<Address> = named.iter().filter_map(|text| sparse(text)).collect();
                let own = || index_of_crates_io().and_then(|text| sparse(&text));
                match addresses.is_empty() {
                    true => Ok(vec![at(own().ok_or(nowhere)?)]),
                    false => Ok(addresses.into_iter().map(at).collect()),
                }
            }
            Meant::Git => Err(nowhere),
        }
    }
}

/// Which registry a source of a lockfile means.
enum Meant {
    /// The public one.
    CratesIo,
    /// The one with this sparse index.
    Index(Address),
    /// One of which only the repository of git is known.
    Git,
}

impl CargoConfig {
    /// What `sources` set.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        let mut config = Self {
            notes: sources.notes.clone(),
            ..Self::default()
        };
        // By name: the token and where it stands.
        let mut tokens: BTreeMap<String, (SecretString, String)> = BTreeMap::new();
        // What the user says that a name's index is.
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &sources.environment {
            let Some(name) = name.strip_prefix("REGISTRIES_").filter(|_| !value.is_empty()) else {
                continue;
            };
            if let Some(name) = name.strip_suffix("_INDEX") {
                let name = of_variable(name);
                config.known.entry(name.clone()).or_default().index = Some(value.clone());
                own.insert(name, value.clone());
            } else if let Some(name) = name.strip_suffix("_TOKEN") {
                let place = "the environment".to_owned();
                tokens.insert(of_variable(name), (SecretString::from(value.clone()), place));
            }
        }
        let project = sources.project.iter().map(|file| (file, Writer::Project));
        let user = [&sources.user, &sources.credentials].into_iter().flatten();
        for (file, writer) in project.chain(user.map(|file| (file, Writer::User))) {
            config.read(file, writer, &mut own, &mut tokens);
        }
        for (name, (token, place)) in tokens {
            config.add_token(&name, &token, &place, own.get(&name).map(String::as_str));
        }
        config
    }

    fn read(
        &mut self,
        file: &ConfigFile,
        writer: Writer,
        own: &mut BTreeMap<String, String>,
        tokens: &mut BTreeMap<String, (SecretString, String)>,
    ) {
        let document = toml::read(&file.text);
        if !document.problems.is_empty() {
            self.notes.push(format!(
                "{}: it is damaged, and only a part of it is used",
                file.place
            ));
        }
        let root = document.root();
        let tables = |key: &str| root.get(key).into_iter().flat_map(Value::entries);
        for (name, table) in tables("source") {
            let text = |key: &str| table.str(key).map(std::borrow::Cow::into_owned);
            let known = self.known.entry(of_name(&name)).or_default();
            set(&mut known.index, text("registry"));
            set(
                &mut known.folder,
                text("directory").or_else(|| text("local-registry")),
            );
            set(&mut known.folder, text("git"));
            set(&mut known.replaced_by, text("replace-with"));
            if let (Writer::User, Some(index)) = (writer, text("registry")) {
                own.entry(of_name(&name)).or_insert(index);
            }
        }
        for (name, table) in tables("registries") {
            let key = of_name(&name);
            if let Some(index) = table.str("index") {
                let known = self.known.entry(key.clone()).or_default();
                set(&mut known.index, Some(index.clone().into_owned()));
                if writer == Writer::User {
                    own.entry(key.clone()).or_insert(index.into_owned());
                }
            }
            match (table.str("token"), writer) {
                (Some(token), Writer::User) => {
                    let token = SecretString::from(token.into_owned());
                    tokens.entry(key).or_insert((token, file.place.clone()));
                }
                (Some(_), Writer::Project) => self.notes.push(format!(
                    "{}: the token of `{name}` is not used, for it is in a file of the repository",
                    file.place
                )),
                (None, Writer::User | Writer::Project) => {}
            }
        }
    }

    fn add_token(&mut self, name: &str, token: &SecretString, place: &str, index: Option<&str>) {
        if name == CRATES_IO {
            // It is for publishing alone.
            return;
        }
        let Some(index) = index else {
            if self.known.contains_key(name) {
                let note = format!(
                    "{place}: the token of `{name}` goes nowhere, for only a file of the repository says which index that is: set CARGO_REGISTRIES_{}_INDEX",
                    name.to_uppercase().replace('-', "_")
                );
                self.notes.push(note);
            }
            return;
        };
        let Some(base) = sparse(index) else { return };
        let prefix = without_scheme(&base);
        match Credential::verbatim(&prefix, token) {
            Ok(credential) => self.credentials.push((base, credential)),
            Err(error) => self
                .notes
                .push(format!("{place}: the token of `{name}` is not used: {error}")),
        }
    }

    fn credential(&self, base: &Address) -> Option<Credential> {
        let mut known = self.credentials.iter();
        let (_, credential) = known.find(|(index, _)| same(&index.to_string(), &base.to_string()))?;
        Some(credential.clone())
    }

    /// What the source of a lockfile means, after what replaces it.
    fn meant(&self, source: &str) -> Result<Meant, RegistryError> {
        let index = source.strip_prefix("registry+").unwrap_or(source);
        let mut name = match is_source_of_crates_io(source) {
            true => Some(CRATES_IO.to_owned()),
            false => self.name_of(index),
        };
        let mut index = match name.as_deref() {
            Some(CRATES_IO) => None,
            Some(_) | None => Some(index.to_owned()),
        };
        for _ in 0..MAX_REPLACED {
            let known = name.as_ref().and_then(|name| self.known.get(name));
            let Some(next) = known.and_then(|known| known.replaced_by.as_ref()) else {
                return Ok(match index.as_deref() {
                    None => Meant::CratesIo,
                    Some(index) if is_public(index) => Meant::CratesIo,
                    Some(index) => match index.starts_with("sparse+") {
                        true => Meant::Index(sparse(index).ok_or_else(|| wrong(index))?),
                        false => Meant::Git,
                    },
                });
            };
            let next = of_name(next);
            let replacement = self.known.get(&next);
            index = match replacement {
                Some(Known {
                    folder: Some(folder), ..
                }) => {
                    return Err(RegistryError::Configuration {
                        reason: format!("Cargo takes its crates from {folder:?} instead of a registry"),
                        hint: FOLDER,
                    });
                }
                Some(Known {
                    index: Some(index), ..
                }) => Some(index.clone()),
                _ if next == CRATES_IO => None,
                _ => {
                    return Err(RegistryError::Configuration {
                        reason: format!("a source is replaced by `{next}`, which is not there"),
                        hint: WRONG,
                    });
                }
            };
            name = Some(next);
        }
        Err(RegistryError::Configuration {
            reason: "sources replace each other without end".to_owned(),
            hint: WRONG,
        })
    }

    /// The name under which the configuration has an index.
    fn name_of(&self, index: &str) -> Option<String> {
        let mut known = self.known.iter();
        let is_it = |known: &Known| known.index.as_deref().is_some_and(|own| same(own, index));
        known
            .find(|(_, known)| is_it(known))
            .map(|(name, _)| name.clone())
    }
}

/// Names of registries as they are compared: in a variable `-` is written `_`, and letters are large.
fn of_variable(name: &str) -> String {
    of_name(&name.to_lowercase().replace('_', "-"))
}

fn of_name(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

fn set(slot: &mut Option<String>, value: Option<String>) {
    if slot.is_none() {
        *slot = value;
    }
}

/// The address of a sparse index.
fn sparse(text: &str) -> Option<Address> {
    Address::parse(text.strip_prefix("sparse+").unwrap_or(text)).ok()
}

fn wrong(index: &str) -> RegistryError {
    let shown: String = index.chars().take(100).collect();
    RegistryError::Configuration {
        reason: format!("{shown:?} is no address of an index"),
        hint: WRONG,
    }
}

/// The index, written as in a configuration, is that of the public registry.
fn is_public(index: &str) -> bool {
    match index.starts_with("sparse+") {
        true => is_source_of_crates_io(index),
        false => is_source_of_crates_io(&format!("registry+{index}")),
    }
}

/// Two spellings of one index.
fn same(left: &str, right: &str) -> bool {
    let plain = |text: &str| {
        let text = text.trim_end_matches('/');
        text.strip_suffix(".git").unwrap_or(text).to_owned()
    };
    plain(left) == plain(right)
}
