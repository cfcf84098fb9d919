//! Asks registries, whatever their kind.
//!
//! An answer is kept with its entity tag or date, and asked for again with it: what is still right is not sent twice.
//! Requests are tried again as [`Web`]'s policy says. A registry that cannot be reached is not asked for further
//! packages. A redirect is followed; the credential goes along only below its own prefix, and never comes in later.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use reqwest::Method;
use reqwest::header::{self, HeaderValue};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::cache::{Cache, Kept};
use super::credential::Credential;
use super::error::{PackageError, RegistryError, Sent};
use super::{Answer, Detail, Question, Registry};
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
    ) -> Vec<Result<Answer, PackageError>> {
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

    async fn answer(&self, registry: &dyn Registry, question: &Question) -> Result<Answer, PackageError> {
        self.releases(registry, question)
            .await
            .map_err(|error| PackageError {
                package: question.package.clone(),
                error,
            })
    }

    async fn releases(&self, registry: &dyn Registry, question: &Question) -> Result<Answer, RegistryError> {
        let address = registry.address(&question.endpoint.base, &question.package);
        let name = format!("{}-{}", address.fingerprint(), kept_as(question.detail));
        let read = |bytes: &[u8]| {
            registry
                .read(&question.package, bytes)
                .map_err(|reason| RegistryError::Unreadable {
                    address: Box::new(address.clone()),
                    reason,
                })
        };
        let kept = self
            .cache
            .as_ref()
            .and_then(|cache| cache.read(&name, self.limit));
        if self.reach == Reach::Cache {
            let kept = kept.ok_or_else(|| RegistryError::NotCached(address.clone()))?;
            return read(&kept.bytes);
        }
        // What is kept and cannot be read is asked for anew, whole.
        let kept = kept.and_then(|kept| Some((read(&kept.bytes).ok()?, kept)));
        let validator = kept
            .as_ref()
            .and_then(|(_, Kept { validator, .. })| validator.clone());
        let accept = registry.accept(question.detail);
        let credential = question.endpoint.credential.as_ref();
        match self
            .fetch(&address, accept, credential, validator.as_ref())
            .await?
        {
            Fetched::New { bytes, validator } => {
                let answer = read(&bytes)?;
                if let Some(cache) = &self.cache
                    && let Err(error) = cache.write(&name, validator.as_ref(), &bytes)
                {
                    tracing::debug!(%address, %error, "the answer is not kept");
                }
                Ok(answer)
            }
            Fetched::NotModified => match kept {
                Some((answer, _)) => Ok(answer),
                None => read(&[]),
            },
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

/// Scheme, host and port.
fn origin(address: &Address) -> String {
    let shown = address.to_string();
    let end = shown.match_indices('/').nth(2).map_or(shown.len(), |(at, _)| at);
    shown[..end].to_owned()
}
