//! Asks registries, whatever their kind.
//!
//! An answer is kept with its entity tag or date, and asked for again with it: what is still right is not sent twice.
//! Requests are tried again as [`Web`]'s policy says. A registry that cannot be reached is not asked for further
//! packages. A redirect is followed; the credential goes along only below its own prefix, and never comes in later.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use reqwest::Method;
use reqwest::header::{self, HeaderValue};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;

use super::cache::{Cache, Kept};
use super::credential::Credential;
use super::error::{PackageError, RegistryError, Sent};
use super::{Answer, Detail, Endpoint, Parts, Place, Question, Registry};
use crate::model::{Part, Query, Release, SharedStr};
use crate::sys::web::{Address, HttpError, HttpRequest, HttpResponse, Validator, Web, WebError, retry_after};

/// So many requests run at once.
const MAX_REQUESTS: usize = 8;

/// Longer answers are refused, in bytes; unpacked too.
const LIMIT: u64 = 64 << 20;

/// One request follows at most this many redirects.
const MAX_REDIRECTS: u32 = 5;

/// Asks registries.
pub struct Client {
    web: Arc<Web>,
    cache: Option<Cache>,
    reach: Reach,
    slots: Semaphore,
    /// Registries that cannot be reached, by scheme, host and port.
    dead: Mutex<BTreeMap<String, Arc<WebError>>>,
    /// Those that have answered: one late answer of theirs says nothing of the others.
    alive: Mutex<BTreeSet<String>>,
    /// Lists of versions that were asked for, by the name under which they are kept.
    lists: Mutex<HashMap<String, Arc<OnceCell<Listed>>>>,
    /// The same of indexes.
    indexes: Mutex<HashMap<String, Arc<OnceCell<Index>>>>,
    limit: u64,
}

/// Whom a client may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Registries.
    Network,
    /// The cache alone: `--offline`.
    Cache,
}

/// What a registry answered when it was asked for versions.
type Listed = Result<Arc<Answer>, RegistryError>;

/// What a registry says of how it is asked.
type Index = Result<Arc<[u8]>, RegistryError>;

/// What came of a request.
enum Fetched {
    New {
        bytes: Vec<u8>,
        validator: Option<Validator>,
    },
    NotModified,
}

impl Client {
    /// A client that keeps answers below `cache`, the user's cache folder, if there is one.
    #[must_use]
    pub fn new(web: Arc<Web>, cache: Option<PathBuf>, reach: Reach) -> Self {
        Self {
            web,
            cache: cache.map(|folder| Cache::below(&folder)),
            reach,
            slots: Semaphore::new(MAX_REQUESTS),
            dead: Mutex::default(),
            alive: Mutex::default(),
            lists: Mutex::default(),
            indexes: Mutex::default(),
            limit: LIMIT,
        }
    }

    /// The same, which takes answers of at most `limit` bytes.
    #[must_use]
    pub fn with_limit(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// Asks `registry` every question, and gives the answers in their order.
    pub async fn ask(
        self: &Arc<Self>,
        registry: &'static dyn Registry,
        questions: Vec<Question>,
    ) -> Vec<Result<Arc<Answer>, PackageError>> {
        let mut tasks = JoinSet::new();
        let mut answers = Vec::with_capacity(questions.len());
        for (place, question) in questions.into_iter().enumerate() {
            answers.push(None);
            let client = Arc::clone(self);
            tasks.spawn(async move { (place, client.answer(registry, &question).await) });
        }
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok((place, answer)) => answers[place] = Some(answer),
                // A bug is one, wherever it runs.
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_cancelled) => {}
            }
        }
        answers.into_iter().flatten().collect()
    }

    async fn answer(
        &self,
        registry: &dyn Registry,
        question: &Question,
    ) -> Result<Arc<Answer>, PackageError> {
        let mut missing = RegistryError::Nowhere {
            setting: registry.setting(),
        };
        for endpoint in &question.endpoints {
            match self.at(registry, endpoint, question).await {
                Ok(answer) => return Ok(answer),
                // The first one that does not have it is the one that a person expects.
                Err(error @ RegistryError::Missing(_)) => {
                    if matches!(missing, RegistryError::Nowhere { .. }) {
                        missing = error;
                    }
                }
                Err(error) => {
                    missing = error;
                    break;
                }
            }
        }
        Err(PackageError {
            package: question.query.package.clone(),
            error: missing,
        })
    }

    async fn at(&self, registry: &dyn Registry, endpoint: &Endpoint, question: &Question) -> Listed {
        let Query { package, part } = &question.query;
        match part {
            Part::Versions => self.versions(registry, endpoint, package, question.detail).await,
            Part::Metadata(version) | Part::Archive(version) | Part::Time(version) | Part::Proof(version) => {
                let listed = match registry.parts() {
                    Parts::None | Parts::Named => None,
                    Parts::Listed => {
                        let answer = self
                            .versions(registry, endpoint, package, question.detail)
                            .await?;
                        let mut releases = answer.releases.iter();
                        let release = releases.find(|release| release.version == *version);
                        Some(release.cloned().ok_or_else(|| {
                            RegistryError::Lacking(format!("the registry does not have {package} {version}"))
                        })?)
                    }
                };
                let release = self
                    .part(registry, endpoint, &question.query, listed.as_ref())
                    .await?;
                Ok(Arc::new(Answer {
                    releases: vec![release],
                    ..Answer::default()
                }))
            }
        }
    }

    /// A part of a version. It never changes: what is kept is not asked for again.
    async fn part(
        &self,
        registry: &dyn Registry,
        endpoint: &Endpoint,
        Query { package, part }: &Query,
        listed: Option<&Release>,
    ) -> Result<Release, RegistryError> {
        let address = registry
            .part_address(&endpoint.base, package, part, listed)
            .map_err(RegistryError::Lacking)?;
        let name = format!("{}-{}", address.fingerprint(), part_kept_as(part));
        let read = |bytes: &[u8]| {
            registry
                .read_part(package, part, listed, bytes)
                .map_err(|reason| RegistryError::Unreadable {
                    address: Box::new(address.clone()),
                    reason,
                })
        };
        let kept = self
            .cache
            .as_ref()
            .and_then(|cache| cache.read(&name, self.limit));
        let kept = kept.and_then(|kept| match part {
            Part::Versions | Part::Metadata(_) | Part::Time(_) | Part::Proof(_) => read(&kept.bytes).ok(),
            Part::Archive(version) => Some(of_archive(version, listed, kept.bytes)?),
        });
        match (kept, self.reach) {
            (Some(release), _) => return Ok(release),
            (None, Reach::Cache) => return Err(RegistryError::NotCached(address)),
            (None, Reach::Network) => {}
        }
        let credential = endpoint.credential.as_ref();
        match self.fetch(&address, "*/*", credential, None).await? {
            Fetched::New { bytes, .. } => {
                let release = read(&bytes)?;
                let kept = match part {
                    Part::Versions | Part::Metadata(_) | Part::Time(_) | Part::Proof(_) => &bytes,
                    Part::Archive(_) => release.document.as_bytes(),
                };
                self.keep(&name, &address, None, kept);
                Ok(release)
            }
            Fetched::NotModified => read(&[]),
        }
    }

    /// The versions of a package; each list is asked for once.
    async fn versions(
        &self,
        registry: &dyn Registry,
        endpoint: &Endpoint,
        package: &SharedStr,
        detail: Detail,
    ) -> Listed {
        let accept = registry.accept(detail);
        let credential = endpoint.credential.as_ref();
        let (address, index) = match registry.index(&endpoint.base) {
            None => (registry.address(&endpoint.base, package), None),
            Some(own) => {
                let index = self.index(&own, (accept, credential)).await?;
                let unreadable = |reason| RegistryError::Unreadable {
                    address: Box::new(own.clone()),
                    reason,
                };
                let place = registry.place(&endpoint.base, &index, package);
                match place.map_err(unreadable)? {
                    Place::At(address) => (address, Some(index)),
                    Place::Nowhere => return Err(RegistryError::Missing(own)),
                    Place::Inside => {
                        let answer = registry.read_by(&index, package, &index);
                        return answer.map(Arc::new).map_err(unreadable);
                    }
                }
            }
        };
        let name = format!("{}-{}", address.fingerprint(), kept_as(detail));
        let cell = Arc::clone(locked(&self.lists).entry(name.clone()).or_default());
        let listed = cell.get_or_init(|| async {
            let read = |bytes: &[u8]| match &index {
                Some(index) => registry.read_by(index, package, bytes),
                None => registry.read(package, bytes),
            };
            let answer = self.list(&address, &name, (accept, credential), &read).await;
            answer.map(Arc::new)
        });
        listed.await.clone()
    }

    /// The index of a registry; each is asked for once.
    async fn index(
        &self,
        address: &Address,
        (accept, credential): (&'static str, Option<&Credential>),
    ) -> Index {
        let name = format!("{}-index", address.fingerprint());
        let cell = Arc::clone(locked(&self.indexes).entry(name.clone()).or_default());
        let index = cell.get_or_init(|| async {
            let read = |bytes: &[u8]| Ok(Arc::from(bytes));
            self.list(address, &name, (accept, credential), &read).await
        });
        index.await.clone()
    }

    async fn list<T>(
        &self,
        address: &Address,
        name: &str,
        (accept, credential): (&'static str, Option<&Credential>),
        read: &(dyn Fn(&[u8]) -> Result<T, String> + Sync),
    ) -> Result<T, RegistryError> {
        let read = |bytes: &[u8]| {
            read(bytes).map_err(|reason| RegistryError::Unreadable {
                address: Box::new(address.clone()),
                reason,
            })
        };
        let kept = self.cache.as_ref().and_then(|cache| cache.read(name, self.limit));
        if self.reach == Reach::Cache {
            let kept = kept.ok_or_else(|| RegistryError::NotCached(address.clone()))?;
            return read(&kept.bytes);
        }
        // What is kept and cannot be read is asked for anew, whole.
        let kept = kept.and_then(|kept| Some((read(&kept.bytes).ok()?, kept)));
        let validator = kept
            .as_ref()
            .and_then(|(_, Kept { validator, .. })| validator.clone());
        match self
            .fetch(address, accept, credential, validator.as_ref())
            .await?
        {
            Fetched::New { bytes, validator } => {
                let answer = read(&bytes)?;
                self.keep(name, address, validator.as_ref(), &bytes);
                Ok(answer)
            }
            Fetched::NotModified => match kept {
                Some((answer, _)) => Ok(answer),
                None => read(&[]),
            },
        }
    }

    fn keep(&self, name: &str, address: &Address, validator: Option<&Validator>, bytes: &[u8]) {
        if let Some(cache) = &self.cache
            && let Err(error) = cache.write(name, validator, bytes)
        {
            tracing::debug!(%address, %error, "the answer is not kept");
        }
    }

    async fn fetch(
        &self,
        address: &Address,
        accept: &'static str,
        credential: Option<&Credential>,
        unless: Option<&Validator>,
    ) -> Result<Fetched, RegistryError> {
        // It is never closed.
        let _slot = self.slots.acquire().await.ok();
        let origin = origin(address);
        if let Some(error) = locked(&self.dead).get(&origin) {
            return Err(RegistryError::Dead(Arc::clone(error)));
        }
        let credential = credential.filter(|credential| credential.belongs_to(address));
        let policy = self.web.retry_policy();
        let (mut failures, mut waited) = (0, Duration::ZERO);
        loop {
            let mut at = address.clone();
            let error = match self.attempt(&mut at, accept, credential, unless).await {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            failures += 1;
            let pause = policy.pause(error.retry(), failures, self.web.timer().fraction());
            match pause.filter(|pause| waited.saturating_add(*pause) <= policy.total) {
                Some(pause) => {
                    tracing::debug!(%address, %error, ?pause, "trying again");
                    waited = waited.saturating_add(pause);
                    self.web.timer().wait(pause).await;
                }
                None => return Err(self.failed(at, credential, error, failures)),
            }
        }
    }

    /// What the last error means, and whether the server at `address`, where redirects ended, is asked again.
    fn failed(
        &self,
        address: Address,
        credential: Option<&Credential>,
        error: HttpError,
        attempts: u32,
    ) -> RegistryError {
        match error {
            HttpError::Status { code: 404 | 410, .. } => RegistryError::Missing(address),
            HttpError::Status {
                code: code @ (401 | 403),
                retry_after: None,
            } => RegistryError::Refused {
                address: Box::new(address),
                code,
                credential: match credential {
                    Some(_) => Sent::Credential,
                    None => Sent::Nothing,
                },
            },
            error => {
                let origin = origin(&address);
                let is_dead = match &error {
                    HttpError::Connect(_) | HttpError::Certificates(_) | HttpError::Untrusted(_) => true,
                    HttpError::Idle(_) => !locked(&self.alive).contains(&origin),
                    HttpError::Slow { .. }
                    | HttpError::Overdue(_)
                    | HttpError::Cut(_)
                    | HttpError::Status { .. }
                    | HttpError::Malformed(_)
                    | HttpError::Changed
                    | HttpError::TooLarge { .. }
                    | HttpError::Redirect(_)
                    | HttpError::Redirects(_)
                    | HttpError::Sink(_) => false,
                };
                let error = Arc::new(WebError {
                    address: Box::new(address),
                    error,
                    attempts,
                });
                if is_dead {
                    locked(&self.dead).insert(origin, Arc::clone(&error));
                }
                RegistryError::Web(error)
            }
        }
    }

    /// Asks once, at `at` and where that sends on to.
    async fn attempt(
        &self,
        at: &mut Address,
        accept: &'static str,
        credential: Option<&Credential>,
        unless: Option<&Validator>,
    ) -> Result<Fetched, HttpError> {
        let mut credential = credential;
        for _ in 0..=MAX_REDIRECTS {
            let response = self
                .web
                .request(self.request(at, accept, credential, unless)?)
                .await?;
            locked(&self.alive).insert(origin(at));
            match response.status {
                200 => {
                    let validator = Validator::of(&response.headers);
                    let bytes = self.unpacked(response)?;
                    return Ok(Fetched::New { bytes, validator });
                }
                304 if unless.is_some() => return Ok(Fetched::NotModified),
                301 | 302 | 303 | 307 | 308 => {
                    let target = response.header("location").ok_or_else(|| {
                        HttpError::Malformed("a redirect that does not say where to".into())
                    })?;
                    let target = at.join(target).map_err(HttpError::Redirect)?;
                    credential =
                        credential.filter(|own| own.belongs_to(&target) && origin(at) == origin(&target));
                    *at = target;
                }
                code => {
                    let pause = response.header("retry-after");
                    return Err(HttpError::Status {
                        code,
                        retry_after: pause.and_then(|text| retry_after(text, self.web.timer().now())),
                    });
                }
            }
        }
        Err(HttpError::Redirects(MAX_REDIRECTS))
    }

    fn request(
        &self,
        address: &Address,
        accept: &'static str,
        credential: Option<&Credential>,
        unless: Option<&Validator>,
    ) -> Result<HttpRequest, HttpError> {
        let mut headers = vec![
            (header::ACCEPT, HeaderValue::from_static(accept)),
            (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        ];
        if let Some(credential) = credential {
            headers.push((header::AUTHORIZATION, credential.header()));
        }
        if let Some(validator) = unless {
            headers.push(validator.condition()?);
        }
        Ok(HttpRequest {
            method: Method::GET,
            address: address.clone(),
            headers,
            body: None,
            limit: self.limit,
        })
    }

    fn unpacked(&self, response: HttpResponse) -> Result<Vec<u8>, HttpError> {
        match response.header("content-encoding") {
            None | Some("identity" | "") => Ok(response.body),
            Some("gzip" | "x-gzip") => {
                let mut bytes = Vec::new();
                MultiGzDecoder::new(response.body.as_slice())
                    .take(self.limit.saturating_add(1))
                    .read_to_end(&mut bytes)
                    .map_err(|error| HttpError::Cut(error.to_string()))?;
                match bytes.len() as u64 <= self.limit {
                    true => Ok(bytes),
                    false => Err(HttpError::TooLarge { limit: self.limit }),
                }
            }
            Some(_) => Err(HttpError::Malformed("an encoding that was not asked for".into())),
        }
    }
}

/// What one panic leaves is whole: each change is one insertion.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of a kept answer's name.
fn kept_as(detail: Detail) -> &'static str {
    match detail {
        Detail::Installing => "installing",
        Detail::Times => "times",
    }
}

fn part_kept_as(part: &Part) -> &'static str {
    match part {
        Part::Versions => "versions",
        Part::Metadata(_) => "metadata",
        Part::Archive(_) => "archive",
        Part::Time(_) => "time",
        Part::Proof(_) => "proof",
    }
}

/// The release of which `document` was kept.
fn of_archive(version: &SharedStr, listed: Option<&Release>, document: Vec<u8>) -> Option<Release> {
    let document = String::from_utf8(document).ok()?.into_boxed_str();
    Some(match listed {
        Some(listed) => Release {
            document,
            ..listed.clone()
        },
        None => Release {
            version: version.clone(),
            document,
            ..Release::default()
        },
    })
}

/// Scheme, host and port.
fn origin(address: &Address) -> String {
    let shown = address.to_string();
    let end = shown.match_indices('/').nth(2).map_or(shown.len(), |(at, _)| at);
    shown[..end].to_owned()
}
