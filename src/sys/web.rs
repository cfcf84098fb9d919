//! The web: bytes from an HTTP address, fetched patiently and handed on as they arrive.
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
mod download;
mod exchange;
mod fault;
mod patience;

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode};

pub use address::{Address, BadAddress};
pub use download::{discard, download};
pub use exchange::{Answered, Ask};
pub use fault::{Fault, Retry, WebError};
pub use patience::{Patience, RealTime, Waiting, retry_after};

/// An HTTP client with its timeouts and its patience.
pub struct Web {
    settings: Settings,
    waiting: Box<dyn Waiting>,
    plain: OnceLock<Client>,
    near: OnceLock<Client>,
    secure: OnceLock<Client>,
}

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
    pub patience: Patience,
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
            patience: Patience::default(),
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

/// The bytes `from..until` of what lies at an address, unless the holder has them already.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where.
    pub address: Address,
    /// Bytes before this one are held already; they came with `validator`. 0 for a fresh start.
    pub from: u64,
    /// The first byte that is no longer wanted; `None` for all.
    pub until: Option<u64>,
    /// What tells that the held bytes and the rest are of one piece; needed where `from` is not 0.
    pub validator: Option<Validator>,
    /// If the resource still has this entity tag or date, nothing is sent ([`Reply::NotModified`]).
    pub unless: Option<Validator>,
    /// A resource or a slice of more bytes than this is refused.
    pub limit: u64,
}

impl Request {
    /// All of what lies at `address`, at most `limit` bytes.
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
    fn of(headers: &HeaderMap) -> Option<Self> {
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

    fn value(&self) -> Result<HeaderValue, Fault> {
        let (Self::Tag(text) | Self::Date(text)) = self;
        HeaderValue::from_str(text)
            .map_err(|_| Fault::Malformed("an entity tag that cannot be sent back".into()))
    }
}

/// Takes the bytes of an answer.
pub trait Sink: Send {
    /// An answer begins. Its first byte is byte `at` of the resource: what lies beyond `at` in the sink is void,
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
        /// The size of the whole resource, if the server told.
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

/// How often one request may be sent on to another address.
const REDIRECTS: u32 = 5;

/// Whoever delivers this much in one attempt is not refused another because it was cut off again.
const PROGRESS: u64 = 1 << 20;

impl Web {
    /// A client that waits by the machine's clock.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self::with_waiting(settings, Box::new(RealTime))
    }

    /// A client that waits as it is told.
    #[must_use]
    pub fn with_waiting(settings: Settings, waiting: Box<dyn Waiting>) -> Self {
        Self {
            settings,
            waiting,
            plain: OnceLock::new(),
            near: OnceLock::new(),
            secure: OnceLock::new(),
        }
    }

    /// When to try again, and when to give up.
    #[must_use]
    pub fn patience(&self) -> Patience {
        self.settings.patience
    }

    /// The clock that this client waits by.
    #[must_use]
    pub fn waiting(&self) -> &dyn Waiting {
        self.waiting.as_ref()
    }

    /// Fetches `request` into `sink`; tries again as the settings allow. Needs a tokio runtime with its timer on.
    ///
    /// # Errors
    /// The last attempt's fault, once no further attempt is sensible or allowed. What the sink got until then
    /// stays with it.
    pub async fn get(&self, request: &Request, sink: &mut dyn Sink) -> Result<Reply, WebError> {
        let patience = &self.settings.patience;
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
            let fault = match answer {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::Overdue(whole),
            };
            if held.bytes.saturating_sub(before) >= PROGRESS {
                failures = 0;
                waited = Duration::ZERO;
            }
            failures += 1;
            let pause = patience.pause(fault.retry(), failures, self.waiting.fraction());
            match pause.filter(|pause| waited.saturating_add(*pause) <= patience.total) {
                Some(pause) => {
                    tracing::debug!(address = %request.address, %fault, ?pause, "trying again");
                    waited = waited.saturating_add(pause);
                    self.waiting.wait(pause).await;
                }
                None => {
                    return Err(WebError {
                        address: Box::new(request.address.clone()),
                        fault,
                        attempts,
                    });
                }
            }
        }
    }

    async fn attempt(&self, request: &Request, held: &mut Held, sink: &mut dyn Sink) -> Result<Reply, Fault> {
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
                    return Err(Fault::Changed);
                }
                held.validator = validator;
                self.receive(response, range.total, request, held, sink).await
            }
            StatusCode::RANGE_NOT_SATISFIABLE if held.bytes > 0 || request.until.is_some() => {
                match ContentRange::unsatisfied(response.headers()) {
                    Some(total) if total == held.bytes => {
                        sink.begin(held.bytes, Some(total), held.validator.as_ref())
                            .map_err(Fault::Sink)?;
                        Ok(held.reply(Some(total)))
                    }
                    Some(_) | None => {
                        held.restart(None);
                        Err(Fault::Changed)
                    }
                }
            }
            _ => Err(Fault::Status {
                code: status.as_u16(),
                retry_after: text_of(response.headers(), &header::RETRY_AFTER)
                    .and_then(|text| retry_after(text, self.waiting.now())),
            }),
        }
    }

    /// Sends the request and follows where it is sent on to, never from `https` to `http`.
    async fn send(&self, request: &Request, held: &Held) -> Result<Response, Fault> {
        let mut address = request.address.clone();
        for _ in 0..=REDIRECTS {
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
                let name = match validator {
                    Validator::Tag(_) => header::IF_NONE_MATCH,
                    Validator::Date(_) => header::IF_MODIFIED_SINCE,
                };
                builder = builder.header(name, validator.value()?);
            }
            let response = builder
                .send()
                .await
                .map_err(|error| Fault::of(error, &self.settings))?;
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => {
                    let target = text_of(response.headers(), &header::LOCATION)
                        .ok_or_else(|| Fault::Malformed("a redirect that does not say where to".into()))?;
                    address = address.join(target).map_err(Fault::Redirect)?;
                }
                _ => return Ok(response),
            }
        }
        Err(Fault::Redirects(REDIRECTS))
    }

    async fn receive(
        &self,
        mut response: Response,
        total: Option<u64>,
        request: &Request,
        held: &mut Held,
        sink: &mut dyn Sink,
    ) -> Result<Reply, Fault> {
        if total.is_some_and(|total| total > request.limit) && request.until.is_none() {
            return Err(Fault::TooLarge { limit: request.limit });
        }
        sink.begin(held.bytes, total, held.validator.as_ref())
            .map_err(Fault::Sink)?;
        let mut window = tokio::time::Instant::now();
        let mut in_window = 0_u64;
        loop {
            let chunk = response
                .chunk()
                .await
                .map_err(|error| Fault::of(error, &self.settings))?;
            let Some(chunk) = chunk else {
                break;
            };
            let length = chunk.len() as u64;
            held.bytes = held.bytes.saturating_add(length);
            if held.bytes > request.limit {
                return Err(Fault::TooLarge { limit: request.limit });
            }
            sink.write(&chunk).map_err(Fault::Sink)?;
            in_window = in_window.saturating_add(length);
            if window.elapsed() >= self.settings.idle {
                if in_window
                    < self
                        .settings
                        .slowest
                        .saturating_mul(window.elapsed().as_secs().max(1))
                {
                    return Err(Fault::Slow {
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

    fn client(&self, address: &Address) -> Result<Client, Fault> {
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
            .map_err(|error| Fault::Certificates(fault::chain(&error)))?;
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
    fn of(headers: &HeaderMap) -> Result<Self, Fault> {
        let parse = || {
            let text = text_of(headers, &header::CONTENT_RANGE)?.strip_prefix("bytes ")?;
            let (range, total) = text.split_once('/')?;
            let (first, _) = range.split_once('-')?;
            Some(Self {
                first: first.trim().parse().ok()?,
                total: total.trim().parse().ok(),
            })
        };
        parse().ok_or_else(|| Fault::Malformed("a partial answer that does not say which part".into()))
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
