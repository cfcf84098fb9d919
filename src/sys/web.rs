//! HTTP: bytes from an address, fetched with retries and handed on as they arrive.
//!
//! A [`Request`] wants the bytes of a resource from some offset on. What arrives goes to a [`Sink`]; when a
//! connection is cut, the next attempt goes on where the last one ended, as long as the server proves by an
//! entity tag or a date that the resource is still the same. Nothing here knows what the bytes mean.
//!
//! Clients are built when the first request needs one, and the one for `https` apart from the one for `http`,
//! because a machine without CA certificates cannot build the former and may still read from a loopback
//! address. Proxies come from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`; unencrypted loopback addresses
//! go through none), certificates from the system or from `SSL_CERT_FILE` and `SSL_CERT_DIR`.

mod address;
mod api;
mod download;
mod error;
mod proxy;
mod retry;

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode};

pub use address::{Address, BadAddress};
pub use api::{HttpRequest, HttpResponse};
pub use download::{discard, download};
pub use error::{HttpError, WebError};
pub use retry::{Retry, RetryPolicy, SystemTimer, Timer, retry_after};

/// An HTTP client with its timeouts and retries.
pub struct Web {
    settings: Settings,
    timer: Box<dyn Timer>,
    silence: Silence,
    plain: OnceLock<Client>,
    near: OnceLock<Client>,
    secure: OnceLock<Client>,
}

/// Is told what is waited for when a server does not answer for [`SILENCE`]: an address, and the proxy that the environment
/// names for it, without secrets.
pub type Silence = Box<dyn Fn(&str) + Send + Sync>;

/// So long nobody wonders.
const SILENCE: Duration = Duration::from_secs(3);

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// For a connection with TLS and all.
    pub connect: Duration,
    /// Between two pieces of an answer, and for its head.
    pub idle: Duration,
    /// Below this many bytes a second, measured over each `idle` span, an answer counts as hanging.
    pub slowest: u64,
    /// All attempts of one request together, whatever they bring.
    pub whole: Duration,
    /// When to try again, and when to give up.
    pub retry: RetryPolicy,
    /// Whose proxies are used.
    pub proxies: Proxies,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            slowest: 1 << 10,
            whole: Duration::from_secs(30 * 60),
            retry: RetryPolicy::default(),
            proxies: Proxies::Environment,
        }
    }
}

/// Whose proxies are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxies {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not.
    Environment,
    /// No proxy at all.
    Ignored,
}

/// A request for the bytes `from..until` of an address, unless they are held already.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where.
    pub address: Address,
    /// Bytes before this one are held already; they came with `validator`. 0 for a fresh start.
    pub from: u64,
    /// The first byte that is no longer wanted; `None` for all.
    pub until: Option<u64>,
    /// Proves that the held bytes and the rest are of one piece; needed where `from` is not 0.
    pub validator: Option<Validator>,
    /// If the resource still has this entity tag or date, nothing is sent ([`Reply::NotModified`]).
    pub unless: Option<Validator>,
    /// A resource or a slice of more bytes than this is refused.
    pub limit: u64,
}

impl Request {
    /// All of `address`, at most `limit` bytes.
    #[must_use]
    pub fn whole(address: Address, limit: u64) -> Self {
        Self {
            address,
            from: 0,
            until: None,
            validator: None,
            unless: None,
            limit,
        }
    }
}

/// What identifies one state of a resource (RFC 9110, section 8.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validator {
    /// An entity tag as it was sent, quotes and `W/` included.
    Tag(String),
    /// A `Last-Modified` date as it was sent.
    Date(String),
}

impl Validator {
    /// The validator in a form that [`Validator::parse`] reads back; one line.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Tag(tag) => format!("etag {tag}"),
            Self::Date(date) => format!("date {date}"),
        }
    }

    /// Reads what [`Validator::to_text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim_end().split_once(' ')? {
            ("etag", tag) => Some(Self::Tag(tag.to_owned())),
            ("date", date) => Some(Self::Date(date.to_owned())),
            _ => None,
        }
    }

    /// The best one of an answer: the tag, else the date.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let tag = text_of(headers, &header::ETAG).map(|tag| Self::Tag(tag.to_owned()));
        tag.or_else(|| text_of(headers, &header::LAST_MODIFIED).map(|date| Self::Date(date.to_owned())))
    }

    /// Only a strong tag or a date may join two halves of a file.
    fn joins(&self) -> bool {
        match self {
            Self::Tag(tag) => tag.starts_with('"'),
            Self::Date(_) => true,
        }
    }

    /// The header by which nothing is sent if the resource is still the same.
    ///
    /// # Errors
    /// [`HttpError::Malformed`] for what no header can carry.
    pub fn condition(&self) -> Result<(header::HeaderName, HeaderValue), HttpError> {
        let name = match self {
            Self::Tag(_) => header::IF_NONE_MATCH,
            Self::Date(_) => header::IF_MODIFIED_SINCE,
        };
        Ok((name, self.value()?))
    }

    fn value(&self) -> Result<HeaderValue, HttpError> {
        let (Self::Tag(text) | Self::Date(text)) = self;
        HeaderValue::from_str(text)
            .map_err(|_| HttpError::Malformed("an entity tag that cannot be sent back".into()))
    }
}

/// Takes the bytes of an answer.
pub trait Sink: Send {
    /// An answer begins. Its first byte is byte `at` of the resource: what the sink has beyond `at` is void,
    /// and `at` is 0 when nothing that is held can be kept. `total` is the size of the whole resource.
    ///
    /// # Errors
    /// Whatever keeps the sink from taking the bytes; it ends the request at once.
    fn begin(&mut self, at: u64, total: Option<u64>, validator: Option<&Validator>) -> io::Result<()>;

    /// The next bytes.
    ///
    /// # Errors
    /// As for `begin`.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Sink for Vec<u8> {
    fn begin(&mut self, at: u64, _: Option<u64>, _: Option<&Validator>) -> io::Result<()> {
        self.truncate(usize::try_from(at).unwrap_or(usize::MAX));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The sink holds what was asked for.
    Received {
        /// How many bytes of the resource the sink holds now, those held before included.
        held: u64,
        /// The size of the whole resource, if the server says it.
        total: Option<u64>,
        /// What identifies this state of the resource.
        validator: Option<Validator>,
    },
    /// The resource is as [`Request::unless`] knows it.
    NotModified,
}

/// What runs requests: one thread, the caller's own.
///
/// # Errors
/// The system's.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// One request follows at most this many redirects.
const MAX_REDIRECTS: u32 = 5;

/// After an attempt that delivered this many bytes the count of failures starts over.
const PROGRESS: u64 = 1 << 20;

impl Web {
    /// A client that waits by the system's clock.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::with_timer(settings, Box::new(SystemTimer))
    }

    /// A client with a timer of its own, for tests.
    #[must_use]
    pub fn with_timer(settings: Settings, timer: Box<dyn Timer>) -> Self {
        Self {
            settings,
            timer,
            silence: Box::new(|_| {}),
            plain: OnceLock::new(),
            near: OnceLock::new(),
            secure: OnceLock::new(),
        }
    }

    /// The same, which calls `silence` where an answer is late.
    #[must_use]
    pub fn on_silence(self, silence: Silence) -> Self {
        Self { silence, ..self }
    }

    /// When to try again, and when to give up.
    #[must_use]
    pub fn retry_policy(&self) -> RetryPolicy {
        self.settings.retry
    }

    /// Waits between attempts.
    #[must_use]
    pub fn timer(&self) -> &dyn Timer {
        self.timer.as_ref()
    }

    /// Fetches `request` into `sink`; tries again as the settings allow. Needs a tokio runtime with its timer on.
    ///
    /// # Errors
    /// The last attempt's error, once no further attempt is sensible or allowed. What the sink got until then
    /// stays with it.
    pub async fn get(&self, request: &Request, sink: &mut dyn Sink) -> Result<Reply, WebError> {
        let policy = &self.settings.retry;
        let mut held = Held::of(request);
        let mut attempts = 0;
        let mut failures = 0;
        let mut waited = Duration::ZERO;
        let whole = self.settings.whole;
        let end = tokio::time::Instant::now().checked_add(whole);
        loop {
            attempts += 1;
            let before = held.bytes;
            let attempt = self.attempt(request, &mut held, sink);
            let answer = match end {
                Some(end) => tokio::time::timeout_at(end, attempt).await,
                None => Ok(attempt.await),
            };
            let error = match answer {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(error)) => error,
                Err(_) => HttpError::Overdue(whole),
            };
            if held.bytes.saturating_sub(before) >= PROGRESS {
                failures = 0;
                waited = Duration::ZERO;
            }
            failures += 1;
            let pause = policy.pause(error.retry(), failures, self.timer.fraction());
            match pause.filter(|pause| waited.saturating_add(*pause) <= policy.total) {
                Some(pause) => {
                    tracing::debug!(address = %request.address, %error, ?pause, "trying again");
                    waited = waited.saturating_add(pause);
                    self.timer.wait(pause).await;
                }
                None => {
                    return Err(WebError {
                        address: Box::new(request.address.clone()),
                        error,
                        attempts,
                    });
                }
            }
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        held: &mut Held,
        sink: &mut dyn Sink,
    ) -> Result<Reply, HttpError> {
        if !held.validator.as_ref().is_some_and(Validator::joins) {
            held.restart(None);
        }
        let response = self.send(request, held).await?;
        let status = response.status();
        match status {
            StatusCode::NOT_MODIFIED if request.unless.is_some() => Ok(Reply::NotModified),
            StatusCode::OK => {
                let total = number_of(response.headers(), &header::CONTENT_LENGTH);
                held.restart(Validator::of(response.headers()));
                self.receive(response, total, request, held, sink).await
            }
            StatusCode::PARTIAL_CONTENT => {
                let range = ContentRange::of(response.headers())?;
                let validator = Validator::of(response.headers());
                if range.first != held.bytes || (held.bytes > 0 && held.validator != validator) {
                    held.restart(None);
                    return Err(HttpError::Changed);
                }
                held.validator = validator;
                self.receive(response, range.total, request, held, sink).await
            }
            StatusCode::RANGE_NOT_SATISFIABLE if held.bytes > 0 || request.until.is_some() => {
                match ContentRange::unsatisfied(response.headers()) {
                    Some(total) if total == held.bytes => {
                        sink.begin(held.bytes, Some(total), held.validator.as_ref())
                            .map_err(HttpError::Sink)?;
                        Ok(held.reply(Some(total)))
                    }
                    Some(_) | None => {
                        held.restart(None);
                        Err(HttpError::Changed)
                    }
                }
            }
            _ => Err(HttpError::Status {
                code: status.as_u16(),
                retry_after: text_of(response.headers(), &header::RETRY_AFTER)
                    .and_then(|text| retry_after(text, self.timer.now())),
            }),
        }
    }

    /// Sends the request and follows where it is sent on to, never from `https` to `http`.
    async fn send(&self, request: &Request, held: &Held) -> Result<Response, HttpError> {
        let mut address = request.address.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut builder = self.client(&address)?.get(address.url().clone());
            let wanted_until = request.until.map(|until| until.saturating_sub(1));
            match (held.bytes, wanted_until) {
                (0, None) => {}
                (from, None) => builder = builder.header(header::RANGE, format!("bytes={from}-")),
                (from, Some(last)) => builder = builder.header(header::RANGE, format!("bytes={from}-{last}")),
            }
            // A slice that no longer fits is asked for anew; the rest of a file had better come whole at once.
            if let (1.., None, Some(validator)) = (held.bytes, request.until, &held.validator) {
                builder = builder.header(header::IF_RANGE, validator.value()?);
            }
            if let (0, Some(validator)) = (held.bytes, &request.unless) {
                let (name, value) = validator.condition()?;
                builder = builder.header(name, value);
            }
            let answer = std::pin::pin!(builder.send());
            let response = self
                .patiently(&address, answer)
                .await
                .map_err(|error| self.unsent(&address, error))?;
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => {
                    let target = text_of(response.headers(), &header::LOCATION).ok_or_else(|| {
                        HttpError::Malformed("a redirect that does not say where to".into())
                    })?;
                    address = address.join(target).map_err(HttpError::Redirect)?;
                }
                _ => return Ok(response),
            }
        }
        Err(HttpError::Redirects(MAX_REDIRECTS))
    }

    /// Awaits an answer from `address` or a piece of it, and says so where it is late.
    async fn patiently<F: Future + Unpin>(&self, address: &Address, mut answer: F) -> F::Output {
        if let Ok(answer) = tokio::time::timeout(SILENCE, &mut answer).await {
            return answer;
        }
        (self.silence)(&format!("{address}{}", self.proxy(address)));
        answer.await
    }

    /// The proxy that stands between, in words; empty without one.
    fn proxy(&self, address: &Address) -> String {
        let proxy = match self.settings.proxies {
            Proxies::Environment => proxy::of(address),
            Proxies::Ignored => None,
        };
        proxy.unwrap_or_default()
    }

    /// What an error of a request to `address` means. Who cannot connect is told through which proxy.
    fn unsent(&self, address: &Address, error: reqwest::Error) -> HttpError {
        match HttpError::of(error, &self.settings) {
            HttpError::Connect(text) => HttpError::Connect(format!("{text}{}", self.proxy(address))),
            other => other,
        }
    }

    async fn receive(
        &self,
        mut response: Response,
        total: Option<u64>,
        request: &Request,
        held: &mut Held,
        sink: &mut dyn Sink,
    ) -> Result<Reply, HttpError> {
        if total.is_some_and(|total| total > request.limit) && request.until.is_none() {
            return Err(HttpError::TooLarge { limit: request.limit });
        }
        sink.begin(held.bytes, total, held.validator.as_ref())
            .map_err(HttpError::Sink)?;
        let mut window = tokio::time::Instant::now();
        let mut in_window = 0_u64;
        loop {
            let chunk = std::pin::pin!(response.chunk());
            let chunk = self.patiently(&request.address, chunk).await;
            let chunk = chunk.map_err(|error| HttpError::of(error, &self.settings))?;
            let Some(chunk) = chunk else {
                break;
            };
            let length = chunk.len() as u64;
            held.bytes = held.bytes.saturating_add(length);
            if held.bytes > request.limit {
                return Err(HttpError::TooLarge { limit: request.limit });
            }
            sink.write(&chunk).map_err(HttpError::Sink)?;
            in_window = in_window.saturating_add(length);
            if window.elapsed() >= self.settings.idle {
                if in_window
                    < self
                        .settings
                        .slowest
                        .saturating_mul(window.elapsed().as_secs().max(1))
                {
                    return Err(HttpError::Slow {
                        bytes: in_window,
                        span: window.elapsed(),
                    });
                }
                window = tokio::time::Instant::now();
                in_window = 0;
            }
        }
        Ok(held.reply(total))
    }

    fn client(&self, address: &Address) -> Result<Client, HttpError> {
        let cell = match (address.is_encrypted(), address.is_loopback()) {
            (true, _) => &self.secure,
            (false, true) => &self.near,
            (false, false) => &self.plain,
        };
        if let Some(client) = cell.get() {
            return Ok(client.clone());
        }
        // Whoever installed a provider before has decided; ours is the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = Client::builder()
            .user_agent(concat!("lockkeeper/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.settings.connect)
            .read_timeout(self.settings.idle)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false);
        // What is on this machine is not asked of another one.
        let is_near = !address.is_encrypted() && address.is_loopback();
        if is_near || self.settings.proxies == Proxies::Ignored {
            builder = builder.no_proxy();
        }
        if !address.is_encrypted() {
            // No certificate is needed, so that none need exist. A proxy reached by TLS is then out of reach.
            builder = builder.tls_certs_only([]);
        }
        let client = builder
            .build()
            .map_err(|error| HttpError::Certificates(error::chain(&error)))?;
        Ok(cell.get_or_init(|| client).clone())
    }
}

/// What the sink holds, and what the bytes came with.
struct Held {
    bytes: u64,
    validator: Option<Validator>,
}

impl Held {
    fn of(request: &Request) -> Self {
        Self {
            bytes: request.from,
            validator: request.validator.clone(),
        }
    }

    fn restart(&mut self, validator: Option<Validator>) {
        self.bytes = 0;
        self.validator = validator;
    }

    fn reply(&self, total: Option<u64>) -> Reply {
        Reply::Received {
            held: self.bytes,
            total,
            validator: self.validator.clone(),
        }
    }
}

/// `Content-Range: bytes 0-99/1000` (RFC 9110, section 14.4).
struct ContentRange {
    first: u64,
    total: Option<u64>,
}

impl ContentRange {
    fn of(headers: &HeaderMap) -> Result<Self, HttpError> {
        let parse = || {
            let text = text_of(headers, &header::CONTENT_RANGE)?.strip_prefix("bytes ")?;
            let (range, total) = text.split_once('/')?;
            let (first, _) = range.split_once('-')?;
            Some(Self {
                first: first.trim().parse().ok()?,
                total: total.trim().parse().ok(),
            })
        };
        parse().ok_or_else(|| HttpError::Malformed("a partial answer that does not say which part".into()))
    }

    /// The total of `Content-Range: bytes */1000`, sent with status 416.
    fn unsatisfied(headers: &HeaderMap) -> Option<u64> {
        let text = text_of(headers, &header::CONTENT_RANGE)?.strip_prefix("bytes")?;
        text.trim_start().strip_prefix("*/")?.trim().parse().ok()
    }
}

fn text_of<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn number_of(headers: &HeaderMap, name: &header::HeaderName) -> Option<u64> {
    text_of(headers, name)?.trim().parse().ok()
}
