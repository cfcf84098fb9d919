//! Asks registries what a plan has to know: each package where the lockfile and the configuration of the ecosystem's own
//! client say.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::Session;
use crate::model::{Failure, Release};
use crate::policy::Policy;
use crate::registry::npm_config::{ConfigFile, NpmConfig, Sources};
use crate::registry::{self, Client, Detail, Reach};
use crate::remediate::{Question, Registries};
use crate::sys::web::{self, Settings, Web};

/// Registries over the network, or the answers of them in the cache.
pub struct PackageRegistries<'s> {
    session: Session<'s>,
    client: Arc<Client>,
    runtime: tokio::runtime::Runtime,
    policy: Policy,
    /// Notes about the configuration that were shown.
    told: Mutex<HashSet<String>>,
}

impl<'s> Session<'s> {
    /// Registries as this session may ask them; `policy` names those that nothing else names.
    ///
    /// # Errors
    /// A [`Failure`] where the system cannot start what talks to the network.
    pub(super) fn registries(&self, policy: Policy) -> Result<PackageRegistries<'s>, Failure> {
        let web = Web::new(Settings::default()).on_silence(self.observer.silence());
        let reach = match self.offline {
            true => Reach::Cache,
            false => Reach::Network,
        };
        let runtime = web::runtime().map_err(|error| {
            Failure::new(
                crate::model::verdict::ExitCode::Remote,
                format!("the system cannot start what talks to the network: {error}"),
                "Close other programs and run it again.",
            )
        })?;
        Ok(PackageRegistries {
            session: *self,
            client: Arc::new(Client::new(Arc::new(web), self.location.cache_folder(), reach)),
            runtime,
            policy,
            told: Mutex::default(),
        })
    }
}

impl Registries for PackageRegistries<'_> {
    fn ask(&self, question: &Question<'_>) -> BTreeMap<String, Result<Vec<Release>, String>> {
        let Some(registry) = registry::registry(question.ecosystem) else {
            let why = format!("lockkeeper cannot ask registries of {} yet", question.ecosystem);
            return question
                .names
                .iter()
                .map(|name| (name.clone(), Err(why.clone())))
                .collect();
        };
        let files = question.settings.map(|(place, text)| ConfigFile {
            place: place.to_owned(),
            text: text.to_owned(),
        });
        let config = NpmConfig::of(&Sources::of_machine(files.into_iter().collect()));
        for note in config.notes() {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.insert(note.clone()) {
                self.session.observer.warn(note);
            }
        }
        let mut answers = BTreeMap::new();
        let mut asked = Vec::new();
        for name in question.names {
            let named = self
                .policy
                .registries
                .of(question.ecosystem)
                .iter()
                .map(registry_address);
            // What is new to the lockfile comes from where the rest comes from, if nothing else says.
            let endpoint = config
                .endpoint(name, question.addresses.own(name), named)
                .or_else(|error| match question.addresses.like(name) {
                    Some(address) => config.endpoint(name, Some(&address), []),
                    None => Err(error),
                });
            match endpoint {
                Ok(endpoint) => asked.push(registry::Question {
                    package: name.as_str().into(),
                    endpoint,
                    detail: Detail::Installing,
                }),
                Err(error) => {
                    answers.insert(name.clone(), Err(format!("{error}. {}", error.hint())));
                }
            }
        }
        let names: Vec<String> = asked.iter().map(|asked| asked.package.to_string()).collect();
        let given = self.runtime.block_on(self.client.ask(registry, asked));
        for (name, answer) in names.into_iter().zip(given) {
            let answer = answer
                .map(|answer| answer.releases)
                .map_err(|failed| format!("{}. {}", failed.error, failed.hint()));
            answers.insert(name, answer);
        }
        answers
    }
}

fn registry_address(registry: &crate::policy::registry::Registry) -> &str {
    registry.as_str()
}
