//! How a request is sent to a forge, and what becomes of its answer.
//!
//! Reads, and writes that end the same however often they are done, are tried again after a fault of the server or of the
//! way; a write that would be done twice is not. Writes go one after the other, at least a second apart, as GitHub asks
//! (REST API, "Best practices"). Whoever is throttled waits as long as it is told to, if that is within its patience: such
//! a request was not done, so that it may be sent again whatever it is, and a throttle is never taken for "not there".

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use super::trouble::{ForgeError, Permission, Trouble, words_of};
use crate::sys::clock::Stopwatch;
use crate::sys::web::{Answered, Fault, Retry, Web, retry_after};

/// Answers of more bytes are refused unless the call says otherwise.
const LIMIT: u64 = 32 << 20;

/// Lists of more bytes are refused, however many pages they come in.
const LIST_LIMIT: u64 = 128 << 20;

/// Between two writes.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);

/// What GitHub asks for after a secondary limit that names no time.
const AFTER_SECONDARY: Duration = Duration::from_secs(60);

/// More pages than this are not read: 100 of 100 each.
const MOST_PAGES: usize = 100;

/// What a request says of itself.
#[derive(Debug)]
pub(super) struct Call {
    /// How.
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
    /// What is asked for, for messages.
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
    pub fn error(&self, trouble: Trouble) -> ForgeError {
        ForgeError {
            doing: self.doing,
            needs: self.needs,
            trouble,
        }
    }
}

/// What sends a call, once.
pub(super) trait Wire: Send + Sync {
    /// Sends `call`.
    fn send<'w>(
        &'w self,
        call: &'w Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, Trouble>> + Send + 'w>>;
}

/// Sends calls with patience.
pub(super) struct Exchange<W> {
    pub wire: W,
    web: Arc<Web>,
    last_write: Mutex<Option<Stopwatch>>,
}

impl<W: Wire> Exchange<W> {
    pub fn new(wire: W, web: Arc<Web>) -> Self {
        Self {
            wire,
            web,
            last_write: Mutex::new(None),
        }
    }

    /// Sends `call`, and gives an answer that means success.
    pub async fn send(&self, call: &Call) -> Result<Answered, ForgeError> {
        if call.effect == Effect::Reads {
            return self.patiently(call).await;
        }
        let mut last = self.last_write.lock().await;
        if let Some(pause) = last.and_then(|last| BETWEEN_WRITES.checked_sub(last.elapsed())) {
            self.web.waiting().wait(pause).await;
        }
        let answer = self.patiently(call).await;
        *last = Some(Stopwatch::start());
        answer
    }

    /// Sends `call` and reads its answer.
    pub async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ForgeError> {
        let answered = self.send(call).await?;
        read(call, &answered)
    }

    /// Every item of a list that comes in pages, which the answers' `Link` names. Half a list is none.
    pub async fn pages<T: DeserializeOwned>(&self, mut call: Call) -> Result<Vec<T>, ForgeError> {
        let mut items = Vec::new();
        let mut last = 1;
        let mut bytes = 0;
        for _ in 0..MOST_PAGES {
            let answered = self.send(&call).await?;
            bytes += answered.body.len();
            if bytes as u64 > LIST_LIMIT {
                break;
            }
            items.extend(read::<Vec<T>>(&call, &answered)?);
            match answered.header("link").and_then(next_page) {
                Some(page) if page > last => {
                    last = page;
                    call.route = with_page(&call.route, page);
                }
                // One that leads back has no end.
                Some(_) => break,
                None => return Ok(items),
            }
        }
        Err(call.error(Trouble::Garbled("the list is longer than what is read".into())))
    }

    async fn patiently(&self, call: &Call) -> Result<Answered, ForgeError> {
        let patience = self.web.patience();
        let mut failures = 0;
        let mut waited = Duration::ZERO;
        loop {
            let answer = self.wire.send(call).await;
            let status = answer.as_ref().map(|answered| answered.status).ok();
            tracing::debug!(doing = call.doing, method = %call.method, route = call.route, ?status, "asked the forge");
            let trouble = match answer {
                Ok(answered) => match trouble(&answered, self.web.waiting().now()) {
                    None => return Ok(answered),
                    Some(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            failures += 1;
            let pause = patience.pause(
                retry(&trouble, call.repeat),
                failures,
                self.web.waiting().fraction(),
            );
            match pause.filter(|pause| waited.saturating_add(*pause) <= patience.total) {
                Some(pause) => {
                    tracing::debug!(doing = call.doing, %trouble, ?pause, "trying again");
                    waited = waited.saturating_add(pause);
                    self.web.waiting().wait(pause).await;
                }
                None => return Err(call.error(trouble)),
            }
        }
    }
}

/// Reads the JSON of an answer.
pub(super) fn read<T: DeserializeOwned>(call: &Call, answered: &Answered) -> Result<T, ForgeError> {
    serde_json::from_slice(&answered.body)
        .map_err(|error| call.error(Trouble::Garbled(words_of(&error.to_string()))))
}

/// A path: each segment is one, whatever it holds; then the query.
pub(super) fn route(segments: &[&str], query: &[(&str, &str)]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        encode(segment, &mut path);
    }
    for (number, (name, value)) in query.iter().enumerate() {
        path.push(if number == 0 { '?' } else { '&' });
        encode(name, &mut path);
        path.push('=');
        encode(value, &mut path);
    }
    path
}

/// The `Authorization` of a token.
///
/// # Errors
/// [`Trouble::Unusable`] for a token that no header can carry; it repeats nothing of it.
pub(super) fn bearer(scheme: &str, token: &SecretString) -> Result<HeaderValue, ForgeError> {
    let unusable = || ForgeError {
        doing: "reading the token",
        needs: None,
        trouble: Trouble::Unusable("it holds a character that no token has".into()),
    };
    let text = token.expose_secret();
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(unusable());
    }
    let mut value = HeaderValue::from_str(&format!("{scheme} {text}")).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Percent-encodes all but what RFC 3986 calls unreserved.
fn encode(text: &str, out: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    // A segment that is `.` or `..` would be walked by whoever reads the address.
    let is_walk = text == "." || text == "..";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            b'.' if !is_walk => out.push('.'),
            _ => {
                out.push('%');
                out.extend(DIGITS.get(usize::from(byte >> 4)));
                out.extend(DIGITS.get(usize::from(byte & 15)));
            }
        }
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

/// What an answer means, if it means no success.
fn trouble(answered: &Answered, now: Timestamp) -> Option<Trouble> {
    let code = answered.status;
    if (200..300).contains(&code) {
        return None;
    }
    let said = said(&answered.body);
    let throttled = throttle(answered, &said, now);
    Some(match code {
        403 | 429 if throttled.is_some() => Trouble::Throttled {
            code,
            wait: throttled.flatten(),
        },
        429 => Trouble::Throttled { code, wait: None },
        401 => Trouble::Unauthorized,
        403 | 451 => Trouble::Forbidden { said },
        404 | 410 => Trouble::Missing { said },
        405 | 409 | 412 | 423 => Trouble::Conflict { code, said },
        400 | 413 | 415 | 422 => Trouble::Invalid { code, said },
        300..=399 => Trouble::Invalid {
            code,
            said: "it lives somewhere else now".into(),
        },
        _ => Trouble::Server { code, said },
    })
}

/// Whether an answer tells to ask less, and for how long.
fn throttle(answered: &Answered, said: &str, now: Timestamp) -> Option<Option<Duration>> {
    if let Some(after) = answered.header("retry-after") {
        return Some(retry_after(after, now));
    }
    if answered.header("x-ratelimit-remaining") == Some("0") {
        let reset = answered.header("x-ratelimit-reset");
        let reset = reset
            .and_then(|reset| reset.parse().ok())
            .and_then(|reset| Timestamp::from_second(reset).ok());
        let wait = reset.map(|reset| Duration::try_from(reset.duration_since(now)).unwrap_or_default());
        return Some(wait);
    }
    let said = said.to_ascii_lowercase();
    let is_secondary = said.contains("rate limit") || said.contains("abuse detection");
    is_secondary.then_some(Some(AFTER_SECONDARY))
}

fn retry(trouble: &Trouble, repeat: Repeat) -> Retry {
    match (trouble, repeat) {
        (
            Trouble::Throttled {
                wait: Some(after), ..
            },
            _,
        ) => Retry::Later { after: *after },
        (Trouble::Throttled { wait: None, .. }, _) => Retry::Later {
            after: AFTER_SECONDARY,
        },
        // No connection, no request.
        (Trouble::Web(Fault::Connect(_)), _) => Retry::Soon,
        (Trouble::Web(fault), Repeat::Freely) => fault.retry(),
        (
            Trouble::Server {
                code: 500 | 502 | 503 | 504,
                ..
            },
            Repeat::Freely,
        ) => Retry::Soon,
        (
            Trouble::Web(_)
            | Trouble::Server { .. }
            | Trouble::Unauthorized
            | Trouble::Forbidden { .. }
            | Trouble::Missing { .. }
            | Trouble::Conflict { .. }
            | Trouble::Invalid { .. }
            | Trouble::Garbled(_)
            | Trouble::Unsupported(_)
            | Trouble::Unusable(_),
            _,
        ) => Retry::Never,
    }
}

/// The message of an answer that means failure: GitHub and Gitea send an object with `message`, and `errors` beside it.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Failure {
        message: Option<String>,
        #[serde(default)]
        errors: Vec<Value>,
    }
    let Ok(failure) = serde_json::from_slice::<Failure>(body) else {
        return String::new();
    };
    let mut said = failure.message.unwrap_or_default();
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
        if !said.contains(&text) {
            said.push_str(if said.is_empty() { "" } else { "; " });
            said.push_str(&text);
        }
    }
    words_of(&said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answered {
        let headers = headers.iter().map(|(name, value)| {
            (
                reqwest::header::HeaderName::from_static(name),
                value.parse().expect("a value"),
            )
        });
        Answered {
            status,
            headers: headers.collect(),
            body: body.into(),
        }
    }

    #[test]
    fn a_throttle_is_told_from_a_refusal() {
        let now = Timestamp::from_second(1_000).expect("a time");
        let seconds = |answer: &Answered| match trouble(answer, now) {
            Some(Trouble::Throttled { wait, .. }) => wait.map(|wait| wait.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(seconds(&answered(403, &[("retry-after", "7")], "")), Some(7));
        let used = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")];
        assert_eq!(seconds(&answered(403, &used, "{}")), Some(30));
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!(seconds(&answered(403, &[], secondary)), Some(60));
        assert_eq!(seconds(&answered(429, &[], "")), None);
        let refused = answered(
            403,
            &[("x-ratelimit-remaining", "12")],
            r#"{"message":"Resource not accessible"}"#,
        );
        assert!(
            matches!(trouble(&refused, now), Some(Trouble::Forbidden { said }) if said == "Resource not accessible")
        );
        // Without more, nobody can tell why something is not there; a throttled 404 does not exist.
        assert!(matches!(
            trouble(&answered(404, &used, ""), now),
            Some(Trouble::Missing { .. })
        ));
    }

    #[test]
    fn what_the_forge_says_is_told_in_one_line() {
        let body = r#"{"message":"Validation\nFailed","errors":[{"field":"title","code":"missing"},"x",{"message":"y"}]}"#;
        assert_eq!(said(body.as_bytes()), "Validation Failed; title: missing; x; y");
        assert_eq!(said(b"<html>"), "");
        let long = format!(r#"{{"message":"{}"}}"#, "a".repeat(5_000));
        assert_eq!(said(long.as_bytes()).chars().count(), 301);
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
