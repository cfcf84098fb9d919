//! Which repositories Maven takes artifacts from, and with which login: `settings.xml` of the user (`~/.m2`) and of the installed
//! Maven (`MAVEN_HOME`, `M2_HOME`, else that of the `mvn` in the path), settings that the repository's own command line names, and the
//! `repositories` of its poms (Settings Reference; "Guide to Mirror Settings"; held against Maven 3.8.7).
//!
//! Repositories are asked in Maven's order: those of the active profiles of the settings, those of the poms, and central. What a
//! mirror takes the place of is asked at the mirror. The address of central is the one that something here names, else the one
//! in the pom that the installed Maven gives every pom (`maven-model-builder`), else that of the policy. Of profiles of the
//! settings count those that `activeProfiles` names, else those that are active by default; profiles of poms are not asked.
//!
//! # What a pull request can do
//!
//! It can name any repository, which is then asked for artifacts and learns their names. It gets no secret by it:
//!
//! - A login goes to the address that the user's own settings have for its id (a mirror or a repository of a profile), encrypted or
//!   on this machine. Where only the repository says which address an id means, the login goes nowhere, and a note says so.
//! - `${env.NAME}` is put in in the user's own files alone. An address that the repository writes with it is an error that names the
//!   place, for another repository in its stead may have other artifacts by the same names.
//! - A password in a file of the repository is not used.

mod machine;
mod settings;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use self::settings::{Login, Mirror, Repository, Settings, Writer};
use super::credential::{Credential, without_scheme};
use super::error::RegistryError;
use super::{ConfigFile, Configuration, Endpoint};
use crate::sys::web::Address;
use crate::text::xml;

pub use machine::Sources;

/// What a person sets where nothing says at which repository to ask.
pub(super) const SETTING: &str = "Name the repository in your settings.xml (a mirror of `central`, or a repository of an active profile) or in the policy's `registries`, or install Maven: the address of central is in no code here.";

const HINT: &str = "Write the address out, or set a mirror for it in your own settings.xml.";

/// The id of Maven's own repository.
const CENTRAL: &str = "central";

/// What is set.
#[derive(Default)]
pub struct MavenConfig {
    /// In the order in which they are asked: a repository, or why what is set is none.
    repositories: Vec<Result<Endpoint, String>>,
    /// Nothing says where central is.
    lacks_central: bool,
    notes: Vec<String>,
}

impl MavenConfig {
    /// What `sources` set.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        let (own, project): (Vec<&ConfigFile>, Vec<&ConfigFile>) =
            sources.project.iter().partition(|file| is_settings(file));
        let of_user = sources.user.iter().chain(&sources.installed);
        let mut all: Vec<Settings> = of_user
            .map(|file| Settings::read(file, Writer::User, sources))
            .collect();
        // Named on the command line, they take the place of the user's.
        let of_project: Vec<Settings> = own
            .into_iter()
            .map(|file| Settings::read(file, Writer::Project, sources))
            .collect();
        let replaces_user = !of_project.is_empty() && sources.user.is_some();
        let built_in = settings::of_poms(sources.built_in.iter(), Writer::User, sources);
        let mut config = Self {
            notes: sources.notes.clone(),
            ..Self::default()
        };
        for settings in of_project.iter().chain(&all) {
            config.notes.extend(settings.notes.iter().cloned());
        }
        let logins = Logins::of(&all, &built_in);
        let mut order: Vec<Settings> = of_project;
        if replaces_user {
            all.remove(0);
        }
        order.append(&mut all);
        let mut mirrors: Vec<Mirror> = Vec::new();
        for mirror in order.iter().flat_map(|settings| &settings.mirrors) {
            let is_known = mirrors
                .iter()
                .any(|known| known.repository.id == mirror.repository.id);
            if !is_known {
                mirrors.push(mirror.clone());
            }
        }
        let mut repositories: Vec<Repository> = order
            .iter()
            .flat_map(|settings| settings.repositories.iter().cloned())
            .collect();
        repositories.extend(settings::of_poms(
            project.iter().copied(),
            Writer::Project,
            sources,
        ));
        repositories.extend(built_in);
        let mut seen = Vec::new();
        repositories.retain(|repository| {
            let is_new = !seen.contains(&repository.id);
            seen.push(repository.id.clone());
            is_new
        });
        config.add_all(&repositories, &mirrors, &logins);
        config
    }

    fn add_all(&mut self, repositories: &[Repository], mirrors: &[Mirror], logins: &Logins) {
        for repository in repositories {
            match mirror_of(mirrors, &repository.id, Some(&repository.address)) {
                Some(mirror) => self.add_mirror(mirror, &repository.id, &repository.place, logins),
                None => self.add(repository, logins),
            }
        }
        if !repositories.iter().any(|repository| repository.id == CENTRAL) {
            match mirror_of(mirrors, CENTRAL, None) {
                Some(mirror) => self.add_mirror(mirror, CENTRAL, &mirror.repository.place, logins),
                None => self.lacks_central = true,
            }
        }
    }

    fn add_mirror(&mut self, mirror: &Mirror, id: &str, place: &str, logins: &Logins) {
        match mirror.is_blocked {
            true => self.notes.push(format!(
                "{place}: the repository `{id}` is not asked, for the mirror `{}` of {} blocks it",
                mirror.repository.id, mirror.repository.place
            )),
            false => self.add(&mirror.repository, logins),
        }
    }

    fn add(&mut self, repository: &Repository, logins: &Logins) {
        let Repository {
            id,
            address,
            place,
            writer,
        } = repository;
        if address.contains("${") {
            let what = match writer {
                Writer::User => "takes a variable that is not set",
                Writer::Project => {
                    "takes a variable, which no file of the repository gets from the environment"
                }
            };
            let reason = format!("{place}: the address of the repository `{id}` {what}");
            self.repositories.push(Err(reason));
            return;
        }
        let base = match Address::parse(address) {
            Ok(base) => base,
            // A folder, or what only an extension of Maven reads.
            Err(error) => {
                let note = format!("{place}: the repository `{id}` is not asked: it is {error}");
                self.notes.push(note);
                return;
            }
        };
        if self.repositories.iter().flatten().any(|known| known.base == base) {
            return;
        }
        let credential = logins.of_address(id, &base);
        if credential.is_none() && logins.servers.contains_key(id) {
            self.notes.push(format!(
                "{place}: your login for `{id}` is not sent to {base}, which your own settings.xml does not have for it"
            ));
        }
        self.repositories.push(Ok(Endpoint { base, credential }));
    }
}

impl Configuration for MavenConfig {
    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn endpoints(
        &self,
        _package: &str,
        locked: Option<&str>,
        named: &[&str],
    ) -> Result<Vec<Endpoint>, RegistryError> {
        let mut endpoints = Vec::new();
        for repository in &self.repositories {
            match repository {
                Ok(endpoint) => endpoints.push(endpoint.clone()),
                Err(reason) => {
                    return Err(RegistryError::Configuration {
                        reason: reason.clone(),
                        hint: HINT,
                    });
                }
            }
        }
        if self.lacks_central {
            // No lockfile of Maven has an address: what is likely is what the wrapper comes from.
            let further = named.iter().copied().chain(locked);
            let further = further.filter_map(|address| Address::parse(address).ok());
            let before = endpoints.len();
            endpoints.extend(further.map(|base| Endpoint {
                base,
                credential: None,
            }));
            if endpoints.len() == before {
                // Other repositories have few artifacts: what they lack would seem to be nowhere.
                return Err(RegistryError::Nowhere { setting: SETTING });
            }
        }
        match endpoints.is_empty() {
            true => Err(RegistryError::Nowhere { setting: SETTING }),
            false => Ok(endpoints),
        }
    }
}

/// The logins of the user, and the addresses that each is for.
struct Logins {
    /// By id.
    servers: BTreeMap<String, Login>,
    /// By id.
    addresses: BTreeMap<String, Vec<Address>>,
}

impl Logins {
    /// Those of `settings`, the first of which counts, and of the pom that Maven itself brings.
    fn of(settings: &[Settings], built_in: &[Repository]) -> Self {
        let mut logins = Self {
            servers: BTreeMap::new(),
            addresses: BTreeMap::new(),
        };
        for one in settings {
            for (id, login) in &one.servers {
                logins.servers.entry(id.clone()).or_insert_with(|| login.clone());
            }
        }
        let mirrors = settings.iter().flat_map(|one| &one.mirrors);
        let repositories = settings.iter().flat_map(|one| &one.repositories);
        let all = mirrors
            .map(|mirror| &mirror.repository)
            .chain(repositories)
            .chain(built_in);
        for repository in all {
            if let Ok(address) = Address::parse(&repository.address) {
                let of_id = logins.addresses.entry(repository.id.clone()).or_default();
                of_id.push(address);
            }
        }
        logins
    }

    /// What is sent to `base`, which is asked as the repository called `id`.
    fn of_address(&self, id: &str, base: &Address) -> Option<Credential> {
        let is_own = self.addresses.get(id).is_some_and(|own| own.contains(base));
        let login = self.servers.get(id).filter(|_| is_own)?;
        let prefix = without_scheme(base);
        match login {
            Login::Basic { user, password } => {
                let login = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
                Credential::basic(&prefix, &SecretString::from(login)).ok()
            }
            Login::Header(value) => Credential::verbatim(&prefix, value).ok(),
        }
    }
}

/// The file is a `settings.xml`, and no pom.
fn is_settings(file: &ConfigFile) -> bool {
    xml::read(&file.text).root().child("settings").is_some()
}

/// The mirror of the repository called `id` (`DefaultMirrorSelector`): one of exactly that id, else the first with a pattern
/// that it fits. `None` for the address of one that nothing names.
fn mirror_of<'m>(mirrors: &'m [Mirror], id: &str, address: Option<&str>) -> Option<&'m Mirror> {
    let exact = mirrors.iter().find(|mirror| mirror.of == id);
    exact.or_else(|| mirrors.iter().find(|mirror| fits(&mirror.of, id, address)))
}

fn fits(pattern: &str, id: &str, address: Option<&str>) -> bool {
    let host = address.and_then(|address| Some(Address::parse(address).ok()?.host()?.to_owned()));
    // That of central is on no machine of one's own.
    let is_external = match (address, host.as_deref()) {
        (None, _) => true,
        (Some(_), Some(host)) => !matches!(host, "localhost" | "127.0.0.1"),
        (Some(_), None) => false,
    };
    let is_open = address.is_some_and(|address| {
        let scheme = address.split(':').next().unwrap_or_default();
        matches!(scheme.to_ascii_lowercase().as_str(), "http" | "dav" | "dav+http")
    });
    let mut result = false;
    for part in pattern.split(',').map(str::trim) {
        match part.strip_prefix('!') {
            Some(other) if other == id => return false,
            Some(_) => {}
            None if part == id => return true,
            None => match part {
                "*" => result = true,
                "external:*" => result |= is_external,
                "external:http:*" => result |= is_external && is_open,
                _ => {}
            },
        }
    }
    result
}
