//! Errors of HTTP, and whether to try again.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

use super::{Address, BadAddress, Retry, Settings};

/// A request that failed for good.
#[derive(Debug, thiserror::Error)]
#[error("{address}: {error}{}", Tries(*attempts))]
pub struct WebError {
    /// Where; shown without secrets.
    pub address: Box<Address>,
    /// That of the last attempt.
    pub error: HttpError,
    /// The number of attempts.
    pub attempts: u32,
}

impl WebError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.error.hint()
    }

    /// Whether the server says that there is no such thing (404 or 410).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.error, HttpError::Status { code: 404 | 410, .. })
    }
}

/// Why one attempt failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No client could be built, which means that there are no CA certificates.
    #[error("no certificates to check the server's with: {0}")]
    Certificates(String),
    /// The server's certificate or the TLS handshake was refused.
    #[error("no trustworthy connection: {0}")]
    Untrusted(String),
    /// No connection.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// Nothing came for too long.
    #[error("no answer for {} s", .0.as_secs_f64())]
    Idle(Duration),
    /// Too little came for too long.
    #[error("only {bytes} bytes in {} s", .span.as_secs())]
    Slow {
        /// Received in the span.
        bytes: u64,
        /// How long that took.
        span: Duration,
    },
    /// All attempts together took too long.
    #[error("not whole after {} s", .0.as_secs_f64())]
    Overdue(Duration),
    /// The connection ended in the middle.
    #[error("the connection broke off: {0}")]
    Cut(String),
    /// An answer that means failure.
    #[error("the server answered {code}{}", Asked(*retry_after))]
    Status {
        /// The HTTP status.
        code: u16,
        /// The pause that the server asks for.
        retry_after: Option<Duration>,
    },
    /// The answer breaks the rules of HTTP.
    #[error("the server sent {0}")]
    Malformed(String),
    /// The held part and the rest are not of one piece; the next attempt starts over.
    #[error("the file changed while it was fetched")]
    Changed,
    /// More bytes than the caller takes.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// A redirect to an address that is refused.
    #[error(transparent)]
    Redirect(BadAddress),
    /// Too many redirects.
    #[error("sent on more than {0} times")]
    Redirects(u32),
    /// The bytes could not be put away.
    #[error("cannot store what was fetched: {0}")]
    Sink(io::Error),
}

impl HttpError {
    /// The retry class.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Certificates(_)
            | Self::Untrusted(_)
            | Self::Malformed(_)
            | Self::TooLarge { .. }
            | Self::Overdue(_)
            | Self::Redirect(_)
            | Self::Redirects(_)
            | Self::Sink(_) => Retry::Never,
            Self::Connect(_) | Self::Idle(_) | Self::Slow { .. } | Self::Cut(_) | Self::Changed => {
                Retry::Soon
            }
            Self::Status {
                code: 403 | 429 | 503,
                retry_after: Some(after),
            } => Retry::Later { after: *after },
            Self::Status {
                code: 408 | 429 | 500 | 502 | 503 | 504,
                ..
            } => Retry::Soon,
            Self::Status { .. } => Retry::Never,
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Certificates(_) => {
                "Install the system's CA certificates, or name a file that holds them in SSL_CERT_FILE."
            }
            Self::Untrusted(_) => {
                "If a proxy or an internal server is between, put its CA certificate into the file that SSL_CERT_FILE names."
            }
            Self::Connect(_) => {
                "Check the address, the network, and HTTPS_PROXY and NO_PROXY; then run it again."
            }
            Self::Idle(_) | Self::Slow { .. } | Self::Cut(_) | Self::Changed => {
                "Run it again: what has been fetched is kept and not fetched twice."
            }
            Self::Status { code: 401 | 403, .. } => "Check that the address may be read without a login.",
            Self::Status { code: 404 | 410, .. } => "Check the address.",
            Self::Status { .. } => "Run it again later, or name another address.",
            Self::Malformed(_) | Self::TooLarge { .. } | Self::Redirect(_) | Self::Redirects(_) => {
                "Check that the address is the right one."
            }
            Self::Overdue(_) => "Run it again on a faster connection, or name another address.",
            Self::Sink(_) => "Make room on the disk, and check that the folder may be written.",
        }
    }

    pub(super) fn of(error: reqwest::Error, settings: &Settings) -> Self {
        let error = error.without_url();
        Self::within(&error, settings)
    }

    /// The error of HTTP that an error of a library is, or wraps.
    pub(super) fn within(error: &(dyn Error + 'static), settings: &Settings) -> Self {
        let sent = causes(error).find_map(|cause| cause.downcast_ref::<reqwest::Error>());
        // What a library wraps around it adds nothing.
        let text = sent.map_or_else(|| chain(error), |sent| chain(sent));
        if causes(error).any(is_tls) {
            Self::Untrusted(text)
        } else if sent.is_some_and(|sent| sent.is_timeout() && !sent.is_connect()) {
            Self::Idle(settings.idle)
        } else if sent.is_some_and(reqwest::Error::is_connect) {
            Self::Connect(text)
        } else {
            Self::Cut(text)
        }
    }
}

struct Tries(u32);

impl fmt::Display for Tries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 | 1 => Ok(()),
            many => write!(formatter, " (tried {many} times)"),
        }
    }
}

struct Asked(Option<Duration>);

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pause) => write!(formatter, " and asks to wait {} s", pause.as_secs()),
            None => Ok(()),
        }
    }
}

/// Whether an error is one of TLS, or an error of the system around one.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    if cause.is::<rustls::Error>() {
        return true;
    }
    // What the system's error wraps is not among its causes.
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.is_some_and(|inner| causes(inner).any(is_tls))
}

/// An error and what it comes from, from the outside in.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause: &&'e (dyn Error + 'static)| (*cause).source())
}

/// Layers of the libraries that only say that something below them failed.
const LAYERS: [&str; 3] = [
    "error sending request",
    "client error (Connect)",
    "tcp connect error",
];

/// The causes from the outside in, without repetition, empty layers and secrets.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let words = match cause.to_string() {
            tunnel if tunnel == "tunnel error: failed to create underlying connection" => {
                "through the proxy".into()
            }
            words => words,
        };
        if LAYERS.contains(&words.as_str()) && cause.source().is_some() {
            continue;
        }
        if !text.contains(&words) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&words);
        }
    }
    without_logins(&text)
}

/// Takes `user:password@` out of every address in `text`; a proxy's may stand there.
pub(super) fn without_logins(text: &str) -> String {
    let mut parts = text.split("://");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str("://");
        let end = part
            .find(|c: char| c == '/' || c.is_whitespace())
            .unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        clean.push_str(authority.rsplit('@').next().unwrap_or_default());
        clean.push_str(rest);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_taken_out() {
        assert_eq!(
            without_logins("proxy http://me:canary@proxy.example:1/ and https://x@y.example failed"),
            "proxy http://proxy.example:1/ and https://y.example failed"
        );
        assert_eq!(without_logins("plain"), "plain");
    }

    #[test]
    fn classes() {
        let status = |code, seconds: Option<u64>| {
            HttpError::Status {
                code,
                retry_after: seconds.map(Duration::from_secs),
            }
            .retry()
        };
        let later = Retry::Later {
            after: Duration::from_secs(3),
        };
        assert_eq!(status(403, None), Retry::Never);
        assert_eq!(status(404, Some(3)), Retry::Never);
        for code in [403, 429, 503] {
            assert_eq!(status(code, Some(3)), later);
        }
        for code in [429, 500, 503, 504] {
            assert_eq!(status(code, None), Retry::Soon);
        }
    }

    #[test]
    fn tls_is_found_however_deep_it_is_wrapped() {
        let tls = || rustls::Error::General("x".into());
        assert!(is_tls(&tls()));
        assert!(is_tls(&io::Error::other(tls())));
        assert!(is_tls(&io::Error::other(io::Error::other(tls()))));
        assert!(!is_tls(&io::Error::other("rustls")));
    }
}
