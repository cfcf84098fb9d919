//! Sends requests to a forge, with retries.
//!
//! Reads, and writes that end the same however often they are done, are retried after an error of the server or of the
//! network; a write that would be done twice is not. Writes go one after the other, at least a second apart, as GitHub asks
//! (REST API, "Best practices"). A rate limit is waited for as long as the forge asks, within the retry policy: such a request
//! was not done, so that it may be sent again whatever it is. A rate limit is never taken for "not found".

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use super::error::{ApiError, ForgeError, Permission, one_line};
use crate::sys::clock::Stopwatch;
use crate::sys::web::{HttpError, HttpResponse, Retry, Web, retry_after};

/// Longer responses are refused unless the call says otherwise, in bytes.
const LIMIT: u64 = 32 << 20;

/// Longer lists are refused, in bytes of all pages together.
pub(super) const LIST_LIMIT: u64 = 128 << 20;

/// Between two writes.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// What GitHub asks for after a secondary limit that names no time.
const AFTER_SECONDARY: Duration = Duration::from_secs(60);

/// More pages than this are not read: 100 of 100 each.
const MAX_PAGES: usize = 100;

/// A request to an API.
#[derive(Debug)]
pub(super) struct Call {
    /// The method.
    pub method: Method,
    /// The path below the base of the API, with the query.
    pub route: String,
    /// The body.
    pub body: Option<Value>,
    /// The GraphQL side rather than the REST one.
    pub side: Side,
    /// A longer answer is refused.
    pub limit: u64,
    /// Whether it changes something.
    pub effect: Effect,
    /// Whether it may be done twice.
    pub repeat: Repeat,
    /// What is being done, for messages: "uploading SARIF".
    pub doing: &'static str,
    /// The permission that it takes.
    pub needs: Option<Permission>,
}

/// Which of two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Rest,
    Graph,
}

/// Whether a request changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Reads,
    Writes,
}

/// Whether a request may be done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It ends the same.
    Freely,
    /// It would be done twice.
    Never,
}

impl Call {
    /// Something that is read.
    pub fn read(doing: &'static str, route: String) -> Self {
        Self {
            method: Method::GET,
            route,
            body: None,
            side: Side::Rest,
            limit: LIMIT,
            effect: Effect::Reads,
            repeat: Repeat::Freely,
            doing,
            needs: None,
        }
    }

    /// Something that is written.
    pub fn write(
        doing: &'static str,
        needs: Permission,
        method: Method,
        route: String,
        body: Option<Value>,
    ) -> Self {
        let repeat = if method == Method::POST {
            Repeat::Never
        } else {
            Repeat::Freely
        };
        Self {
            method,
            body,
            effect: Effect::Writes,
            repeat,
            needs: Some(needs),
            ..Self::read(doing, route)
        }
    }

    /// The same, which may be done twice.
    pub fn repeated(self) -> Self {
        Self {
            repeat: Repeat::Freely,
            ..self
        }
    }

    /// The same, for something that takes a permission: in a private repository even to look.
    pub fn needing(self, needs: Permission) -> Self {
        Self {
            needs: Some(needs),
            ..self
        }
    }

    /// An error of this call.
    pub fn error(&self, error: ApiError) -> ForgeError {
        ForgeError {
            doing: self.doing,
            needs: self.needs,
            error,
        }
    }
}

/// What sends a call, once.
pub(super) trait Transport: Send + Sync {
    /// Sends `call`.
    fn send<'w>(
        &'w self,
        call: &'w Call,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, ApiError>> + Send + 'w>>;
}

/// Sends calls, with retries.
pub(super) struct Client<W> {
    pub transport: W,
    web: Arc<Web>,
    last_write: Mutex<Option<Stopwatch>>,
}

impl<W: Transport> Client<W> {
    pub fn new(transport: W, web: Arc<Web>) -> Self {
        Self {
            transport,
            web,
            last_write: Mutex::new(None),
        }
    }

    /// Sends `call`, and gives an answer that means success.
    pub async fn send(&self, call: &Call) -> Result<HttpResponse, ForgeError> {
        if call.effect == Effect::Reads {
            return self.with_retries(call).await;
        }
        let mut last = self.last_write.lock().await;
        if let Some(pause) = last.and_then(|last| BETWEEN_WRITES.checked_sub(last.elapsed())) {
            self.web.timer().wait(pause).await;
        }
        let answer = self.with_retries(call).await;
        *last = Some(Stopwatch::start());
        answer
    }

    /// Sends `call` and reads its answer.
    pub async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ForgeError> {
        let response = self.send(call).await?;
        read(call, &response)
    }

    /// As [`Client::ask`], for a part of a list of which `left` more bytes are read.
    pub async fn ask_part<T: DeserializeOwned>(&self, call: &Call, left: &mut u64) -> Result<T, ForgeError> {
        let response = self.part(call, left).await?;
        read(call, &response)
    }

    async fn part(&self, call: &Call, left: &mut u64) -> Result<HttpResponse, ForgeError> {
        let response = self.send(call).await?;
        *left = left
            .checked_sub(response.body.len() as u64)
            .ok_or_else(|| too_long(call))?;
        Ok(response)
    }

    /// Every item of a list that comes in pages, which the responses' `Link` names. Half a list is none.
    pub async fn pages<T: DeserializeOwned>(&self, call: Call) -> Result<Vec<T>, ForgeError> {
        self.pages_within(call, LIST_LIMIT).await
    }

    async fn pages_within<T: DeserializeOwned>(
        &self,
        mut call: Call,
        mut left: u64,
    ) -> Result<Vec<T>, ForgeError> {
        let mut items = Vec::new();
        let mut last = 1;
        for _ in 0..MAX_PAGES {
            let response = self.part(&call, &mut left).await?;
            items.extend(read::<Vec<T>>(&call, &response)?);
            match response.header("link").and_then(next_page) {
                Some(page) if page > last => {
                    last = page;
                    call.route = with_page(&call.route, page);
                }
                // One that leads back has no end.
                Some(_) => break,
                None => return Ok(items),
            }
        }
        Err(too_long(&call))
    }

    async fn with_retries(&self, call: &Call) -> Result<HttpResponse, ForgeError> {
        let policy = self.web.retry_policy();
        let mut failures = 0;
        let mut waited = Duration::ZERO;
        loop {
            let answer = self.transport.send(call).await;
            let status = answer.as_ref().map(|response| response.status).ok();
            tracing::debug!(doing = call.doing, method = %call.method, route = call.route, ?status, "asked the forge");
            let error = match answer {
                Ok(response) => match failure(&response, self.web.timer().now()) {
                    None => return Ok(response),
                    Some(error) => error,
                },
                Err(error) => error,
            };
            failures += 1;
            let pause = policy.pause(retry(&error, call.repeat), failures, self.web.timer().fraction());
            match pause.filter(|pause| waited.saturating_add(*pause) <= policy.total) {
                Some(pause) => {
                    tracing::debug!(doing = call.doing, %error, ?pause, "trying again");
                    waited = waited.saturating_add(pause);
                    self.web.timer().wait(pause).await;
                }
                None => return Err(call.error(error)),
            }
        }
    }
}

fn too_long(call: &Call) -> ForgeError {
    call.error(ApiError::Unreadable(
        "the list is longer than what is read".into(),
    ))
}

/// Reads the JSON of an answer.
pub(super) fn read<T: DeserializeOwned>(call: &Call, response: &HttpResponse) -> Result<T, ForgeError> {
    serde_json::from_slice(&response.body)
        .map_err(|error| call.error(ApiError::Unreadable(one_line(&error.to_string()))))
}

/// A path: each segment is one, whatever it holds; then the query.
pub(super) fn route(segments: &[&str], query: &[(&str, &str)]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        path.push_str(&encode(segment));
    }
    for (number, (name, value)) in query.iter().enumerate() {
        path.push(if number == 0 { '?' } else { '&' });
        path.push_str(&encode(name));
        path.push('=');
        path.push_str(&encode(value));
    }
    path
}

/// The `Authorization` of a token.
///
/// # Errors
/// [`ApiError::Unusable`] for a token that no header can carry; it repeats nothing of it.
pub(super) fn bearer(scheme: &str, token: &SecretString) -> Result<HeaderValue, ForgeError> {
    let unusable = || ForgeError {
        doing: "reading the token",
        needs: None,
        error: ApiError::Unusable("it holds a character that no token has".into()),
    };
    let text = token.expose_secret();
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(unusable());
    }
    let mut value = HeaderValue::from_str(&format!("{scheme} {text}")).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok(value)
}

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// One segment of a path, or one part of a query.
fn encode(text: &str) -> Cow<'_, str> {
    match text {
        // Clients and servers resolve these segments.
        "." => "%2E".into(),
        ".." => "%2E%2E".into(),
        _ => utf8_percent_encode(text, RESERVED).into(),
    }
}

/// The number of the page that a `Link` calls the next one (RFC 8288). The address around it is not followed.
fn next_page(link: &str) -> Option<u32> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let query = address.split_once('?')?.1;
    let page = query.split('&').find_map(|pair| pair.strip_prefix("page="))?;
    page.parse().ok()
}

fn with_page(route: &str, page: u32) -> String {
    let (path, query) = route.split_once('?').unwrap_or((route, ""));
    let mut pairs: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("page="))
        .collect();
    let page = format!("page={page}");
    pairs.push(&page);
    format!("{path}?{}", pairs.join("&"))
}

/// The error that a response means, if it means one.
fn failure(response: &HttpResponse, now: Timestamp) -> Option<ApiError> {
    let code = response.status;
    if (200..300).contains(&code) {
        return None;
    }
    let message = message_of(&response.body);
    let throttled = throttle(response, &message, now);
    Some(match code {
        403 | 429 if throttled.is_some() => ApiError::RateLimited {
            code,
            wait: throttled.flatten(),
        },
        429 => ApiError::RateLimited { code, wait: None },
        401 => ApiError::Unauthorized,
        403 | 451 => ApiError::Forbidden { message },
        404 | 410 => ApiError::NotFound { message },
        405 | 409 | 412 | 423 => ApiError::Conflict { code, message },
        400 | 413 | 415 | 422 => ApiError::Invalid { code, message },
        300..=399 => ApiError::Invalid {
            code,
            message: "it lives somewhere else now".into(),
        },
        _ => ApiError::Server { code, message },
    })
}

/// Whether a response is a rate limit, and how long to wait.
fn throttle(response: &HttpResponse, message: &str, now: Timestamp) -> Option<Option<Duration>> {
    if let Some(after) = response.header("retry-after") {
        return Some(retry_after(after, now));
    }
    if response.header("x-ratelimit-remaining") == Some("0") {
        let reset = response.header("x-ratelimit-reset");
        let reset = reset
            .and_then(|reset| reset.parse().ok())
            .and_then(|reset| Timestamp::from_second(reset).ok());
        let wait = reset.map(|reset| Duration::try_from(reset.duration_since(now)).unwrap_or_default());
        return Some(wait);
    }
    let message = message.to_ascii_lowercase();
    let is_secondary = message.contains("rate limit") || message.contains("abuse detection");
    is_secondary.then_some(Some(AFTER_SECONDARY))
}

fn retry(error: &ApiError, repeat: Repeat) -> Retry {
    match (error, repeat) {
        (
            ApiError::RateLimited {
                wait: Some(after), ..
            },
            _,
        ) => Retry::Later { after: *after },
        (ApiError::RateLimited { wait: None, .. }, _) => Retry::Later {
            after: AFTER_SECONDARY,
        },
        // No connection, no request.
        (ApiError::Http(HttpError::Connect(_)), _) => Retry::Soon,
        (ApiError::Http(error), Repeat::Freely) => error.retry(),
        (
            ApiError::Server {
                code: 500 | 502 | 503 | 504,
                ..
            },
            Repeat::Freely,
        ) => Retry::Soon,
        (
            ApiError::Http(_)
            | ApiError::Server { .. }
            | ApiError::Unauthorized
            | ApiError::Forbidden { .. }
            | ApiError::NotFound { .. }
            | ApiError::Conflict { .. }
            | ApiError::Invalid { .. }
            | ApiError::Unreadable(_)
            | ApiError::Unsupported(_)
            | ApiError::Unusable(_),
            _,
        ) => Retry::Never,
    }
}

/// The message of an answer that means failure: GitHub and Gitea send an object with `message`, and `errors` beside it.
fn message_of(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Failure {
        message: Option<String>,
        #[serde(default)]
        errors: Vec<Value>,
    }
    let Ok(failure) = serde_json::from_slice::<Failure>(body) else {
        return String::new();
    };
    let mut message = failure.message.unwrap_or_default();
    for error in &failure.errors {
        let text = error.as_str().or_else(|| error.get("message")?.as_str());
        let text = match (text, error.get("field").and_then(Value::as_str)) {
            (Some(text), _) => text.to_owned(),
            (None, Some(field)) => {
                let code = error.get("code").and_then(Value::as_str).unwrap_or("is wrong");
                format!("{field}: {code}")
            }
            (None, None) => continue,
        };
        if !message.contains(&text) {
            message.push_str(if message.is_empty() { "" } else { "; " });
            message.push_str(&text);
        }
    }
    one_line(&message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> HttpResponse {
        let headers = headers.iter().map(|(name, value)| {
            (
                reqwest::header::HeaderName::from_static(name),
                value.parse().expect("a value"),
            )
        });
        HttpResponse {
            status,
            headers: headers.collect(),
            body: body.into(),
        }
    }

    #[test]
    fn a_throttle_is_told_from_a_refusal() {
        let now = Timestamp::from_second(1_000).expect("a time");
        let seconds = |answer: &HttpResponse| match failure(answer, now) {
            Some(ApiError::RateLimited { wait, .. }) => wait.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(seconds(&response(403, &[("retry-after", "7")], "")), Some(7));
        let used = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")];
        assert_eq!(seconds(&response(403, &used, "{}")), Some(30));
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!(seconds(&response(403, &[], secondary)), Some(60));
        assert_eq!(seconds(&response(429, &[], "")), None);
        let refused = response(
            403,
            &[("x-ratelimit-remaining", "12")],
            r#"{"message":"Resource not accessible"}"#,
        );
        assert!(
            matches!(failure(&refused, now), Some(ApiError::Forbidden { message }) if message == "Resource not accessible")
        );
        // A 404 is never a rate limit.
        assert!(matches!(
            failure(&response(404, &used, ""), now),
            Some(ApiError::NotFound { .. })
        ));
    }

    /// Gives page after page, each of 100 bytes and with the number of the next one.
    struct Pages(std::sync::atomic::AtomicU64);

    impl Transport for Pages {
        fn send<'w>(
            &'w self,
            _: &'w Call,
        ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, ApiError>> + Send + 'w>> {
            let page = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            let next = format!("<https://a.example/x?page={}>; rel=\"next\"", page + 1);
            let headers = [("link", next.as_str())];
            let headers = if page < 10 { &headers[..] } else { &[] };
            Box::pin(std::future::ready(Ok(response(
                200,
                headers,
                &format!("[{page:98}]"),
            ))))
        }
    }

    #[test]
    fn a_list_that_is_longer_than_its_limit_is_none() {
        let runtime = crate::sys::web::runtime().expect("a runtime");
        let client = || {
            let web = Arc::new(Web::new(crate::sys::web::Settings::default()));
            Client::new(Pages(std::sync::atomic::AtomicU64::new(0)), web)
        };
        let call = || Call::read("reading a list", "/x".into());
        for (limit, expected) in [(1_000, Some(10)), (999, None), (100, None), (0, None)] {
            let client = client();
            let items = runtime.block_on(client.pages_within::<u64>(call(), limit));
            match expected {
                Some(count) => assert_eq!(items.map(|items| items.len()).ok(), Some(count)),
                None => {
                    let error = format!("{:?}", items.expect_err("too long"));
                    assert!(error.contains("longer than what is read"), "{limit}: {error}");
                    // Nothing more is asked for than it takes to know.
                    let asked = client.transport.0.load(std::sync::atomic::Ordering::SeqCst);
                    assert_eq!(asked, limit / 100 + 1, "{limit}");
                }
            }
        }
        assert_eq!(
            runtime
                .block_on(client().pages::<u64>(call()))
                .map(|items| items.len())
                .ok(),
            Some(10)
        );
        let mut left = 150;
        let client = client();
        assert!(
            runtime
                .block_on(client.ask_part::<Vec<u64>>(&call(), &mut left))
                .is_ok()
        );
        assert!(
            runtime
                .block_on(client.ask_part::<Vec<u64>>(&call(), &mut left))
                .is_err()
        );
    }

    #[test]
    fn what_the_forge_says_is_told_in_one_line() {
        let body = r#"{"message":"Validation\nFailed","errors":[{"field":"title","code":"missing"},"x",{"message":"y"}]}"#;
        assert_eq!(
            message_of(body.as_bytes()),
            "Validation Failed; title: missing; x; y"
        );
        assert_eq!(message_of(b"<html>"), "");
        let long = format!(r#"{{"message":"{}"}}"#, "a".repeat(5_000));
        assert_eq!(message_of(long.as_bytes()).chars().count(), 301);
    }

    #[test]
    fn nothing_leaves_its_segment() {
        assert_eq!(
            route(&["repos", "..", "a/b", "x?y#z"], &[("q", "a&b=c")]),
            "/repos/%2E%2E/a%2Fb/x%3Fy%23z?q=a%26b%3Dc"
        );
        assert_eq!(with_page("/x?page=1&per_page=100", 2), "/x?per_page=100&page=2");
        assert_eq!(with_page("/x", 2), "/x?page=2");
        let link = r#"<https://elsewhere.example/x?per_page=100&page=3>; rel="next", <https://a.example/?page=9>; rel="last""#;
        assert_eq!(next_page(link), Some(3));
        assert_eq!(next_page(r#"<https://a.example/?page=1>; rel="prev""#), None);
    }

    #[test]
    fn a_token_is_told_by_no_error_and_no_header() {
        let bad = bearer("Bearer", &SecretString::from("canary\nX: y")).expect_err("a line break");
        assert!(!format!("{bad:?}{bad}{}", bad.hint()).contains("canary"));
        let good = bearer("Bearer", &SecretString::from("canary")).expect("a header");
        assert!(good.is_sensitive() && !format!("{good:?}").contains("canary"));
    }
}
