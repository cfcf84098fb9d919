//! Asks registries what a plan has to know: each package where the lockfile and the configuration of the ecosystem's own
//! client say.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::Session;
use crate::model::{Failure, Part, Query};
use crate::policy::Policy;
use crate::registry::{self, Answer, Client, Detail, Reach, RegistryError};
use crate::remediate::{Question, Registries};
use crate::sys::web::{self, Settings, Web};

/// Registries over the network, or the answers of them in the cache.
pub struct PackageRegistries<'s> {
    session: Session<'s>,
    asker: Asker,
}

/// The same for callers that report later: notes are kept until they are taken.
pub(super) struct Asker {
    client: Arc<Client>,
    runtime: tokio::runtime::Runtime,
    policy: Policy,
    notes: Mutex<Notes>,
    /// What was answered, for the other release lines.
    known: Mutex<HashMap<Asked, Arc<Answer>>>,
}

/// A question: the ecosystem and the addresses at which it is asked, and what is asked.
type Asked = (String, Query);

/// What a person should know, once each.
#[derive(Default)]
struct Notes {
    known: HashSet<String>,
    /// What was not shown yet.
    new: Vec<String>,
}

impl<'s> Session<'s> {
    /// Registries as this session may ask them; `policy` names those that nothing else names.
    ///
    /// # Errors
    /// A [`Failure`] where the system cannot start what talks to the network.
    pub(super) fn registries(&self, policy: Policy) -> Result<PackageRegistries<'s>, Failure> {
        Ok(PackageRegistries {
            session: *self,
            asker: self.asker(policy)?,
        })
    }

    /// The same for what outlives the session.
    ///
    /// # Errors
    /// As for [`Session::registries`].
    pub(super) fn asker(&self, policy: Policy) -> Result<Asker, Failure> {
        let web = Web::new(Settings::default()).on_silence(self.observer.silence());
        Asker::new(web, policy, self.location.cache_folder(), self.offline)
    }
}

impl Asker {
    /// Asks as `policy` and the configuration of clients say, and keeps answers below `cache`.
    ///
    /// # Errors
    /// A [`Failure`] where the system cannot start what talks to the network.
    pub(super) fn new(
        web: Web,
        policy: Policy,
        cache: Option<PathBuf>,
        is_offline: bool,
    ) -> Result<Self, Failure> {
        let reach = match is_offline {
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
        Ok(Self {
            client: Arc::new(Client::new(Arc::new(web), cache, reach)),
            runtime,
            policy,
            notes: Mutex::default(),
            known: Mutex::default(),
        })
    }

    /// What there is to say since the last time.
    pub(super) fn take_notes(&self) -> Vec<String> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut notes.new)
    }

    pub(super) fn note(&self, note: &str) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.known.insert(note.to_owned()) {
            notes.new.push(note.to_owned());
        }
    }
}

impl Registries for PackageRegistries<'_> {
    fn ask(&self, question: &Question<'_>) -> BTreeMap<Query, Result<Arc<Answer>, String>> {
        let answers = self.asker.ask(question);
        for note in self.asker.take_notes() {
            self.session.observer.warn(&note);
        }
        answers
    }
}

impl Registries for Asker {
    fn ask(&self, question: &Question<'_>) -> BTreeMap<Query, Result<Arc<Answer>, String>> {
        let Some(registry) = registry::registry(question.ecosystem) else {
            let why = format!("lockkeeper cannot ask registries of {} yet", question.ecosystem);
            let queries = question.queries.iter();
            return queries.map(|query| (query.clone(), Err(why.clone()))).collect();
        };
        let project = question.project;
        let configuration = registry.configuration(project.configuration());
        for note in configuration.notes() {
            self.note(note);
        }
        let detail = match self.policy.supply_chain.min_release_age {
            Some(_) => Detail::Times,
            None => Detail::Installing,
        };
        let named = self.policy.registries.of(question.ecosystem).iter();
        let named: Vec<&str> = named.map(registry_address).collect();
        let mut answers = BTreeMap::new();
        let (mut asked, mut keys) = (Vec::new(), Vec::new());
        for query in question.queries {
            let package = &*query.package;
            let locked = project.locked_address(package);
            // What is new to the lockfile comes from where the rest comes from, if nothing else says.
            let endpoints = match &query.part {
                Part::Proof(_) => configuration.proofs(package),
                Part::Versions | Part::Metadata(_) | Part::Archive(_) | Part::Time(_) => configuration
                    .endpoints(package, locked.as_deref(), &named)
                    .or_else(|error| match project.likely_address(package) {
                        Some(address) => configuration.endpoints(package, Some(&address), &[]),
                        None => Err(error),
                    }),
            };
            match endpoints {
                Ok(endpoints) => {
                    let bases: Vec<String> = endpoints
                        .iter()
                        .map(|endpoint| endpoint.base.to_string())
                        .collect();
                    let key = (
                        format!("{} {}", question.ecosystem, bases.join(" ")),
                        query.clone(),
                    );
                    let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                    match known.get(&key) {
                        Some(answer) => {
                            answers.insert(query.clone(), Ok(Arc::clone(answer)));
                        }
                        None => {
                            keys.push(key);
                            asked.push(registry::Question {
                                query: query.clone(),
                                endpoints,
                                detail,
                            });
                        }
                    }
                }
                Err(error) => {
                    answers.insert(query.clone(), Err(without_stop(&error, error.hint())));
                }
            }
        }
        let given = self.runtime.block_on(self.client.ask(registry, asked));
        for (key, answer) in keys.into_iter().zip(given) {
            let query = key.1.clone();
            if let Ok(answer) = &answer {
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(key, Arc::clone(answer));
            }
            let answer = answer.map_err(|failed| without_stop(&failed.error, failed.hint()));
            answers.insert(query, answer);
        }
        for (query, answer) in &answers {
            if let (Part::Proof(_), Err(reason)) = (&query.part, answer) {
                let package = &query.package;
                self.note(&format!(
                    "hashes of {package} were not compared with a public log: {reason}"
                ));
            }
        }
        answers
    }
}

/// Why there is no answer and what to do, as a sentence without its stop.
fn without_stop(error: &RegistryError, hint: &str) -> String {
    format!("{error}. {}", hint.trim_end_matches('.'))
}

fn registry_address(registry: &crate::policy::registry::Registry) -> &str {
    registry.as_str()
}
