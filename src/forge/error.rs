//! Errors of a forge, and what a person does about them.

use std::fmt;
use std::time::Duration;

use crate::sys::web::HttpError;

/// Longer texts of a forge are cut, in characters.
const MAX_MESSAGE: usize = 300;

/// A failed request to a forge.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {error}")]
pub struct ForgeError {
    /// What was asked for: "uploading SARIF".
    pub doing: &'static str,
    /// The permission that it takes, if it takes more than to read.
    pub needs: Option<Permission>,
    /// Why it failed.
    #[source]
    pub error: ApiError,
}

/// A permission of a token, as GitHub calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Files, commits, refs.
    ReadContents,
    /// To commit.
    WriteContents,
    /// Alerts of code scanning.
    WriteSecurityEvents,
    /// Pull requests, and comments on them.
    WritePullRequests,
    /// Issues, comments on them, and labels.
    WriteIssues,
}

impl Permission {
    /// As a workflow's `permissions` have it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ReadContents => "contents: read",
            Self::WriteContents => "contents: write",
            Self::WriteSecurityEvents => "security-events: write",
            Self::WritePullRequests => "pull-requests: write",
            Self::WriteIssues => "issues: write",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

/// Why a request to an API failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// 401: the token is wrong, or it has expired.
    #[error("the forge does not accept the token (401)")]
    Unauthorized,
    /// 403: the token may not.
    #[error("the forge refuses (403){}", Message(message))]
    Forbidden {
        /// What the forge says.
        message: String,
    },
    /// 404 or 410: there is no such thing, or the token may not know of it.
    #[error(
        "the forge knows nothing of it, or the token may not ask (404){}",
        Message(message)
    )]
    NotFound {
        /// What the forge says.
        message: String,
    },
    /// The rate limit is reached.
    #[error("the forge asks for fewer requests ({code}){}", Wait(*wait))]
    RateLimited {
        /// The HTTP status.
        code: u16,
        /// How long to wait.
        wait: Option<Duration>,
    },
    /// 409, 405 or 412: it is not as it was.
    #[error("it has changed meanwhile ({code}){}", Message(message))]
    Conflict {
        /// The HTTP status.
        code: u16,
        /// What the forge says.
        message: String,
    },
    /// 400, 413, 422: the forge does not want what was sent.
    #[error("the forge does not take it ({code}){}", Message(message))]
    Invalid {
        /// The HTTP status.
        code: u16,
        /// What the forge says.
        message: String,
    },
    /// 5xx, and every other status.
    #[error("the forge failed ({code}){}", Message(message))]
    Server {
        /// The HTTP status.
        code: u16,
        /// What the forge says.
        message: String,
    },
    /// The response is not what it should be.
    #[error("the forge's answer cannot be read: {0}")]
    Unreadable(String),
    /// The kind of forge has nothing of the sort.
    #[error("{0} has nothing of the sort")]
    Unsupported(&'static str),
    /// No request was sent: the token or the address cannot be used.
    #[error("{0}")]
    Unusable(String),
}

impl ForgeError {
    /// What a person can do about it, as full instructions.
    #[must_use]
    pub fn hint(&self) -> String {
        match &self.error {
            ApiError::Forbidden { message } | ApiError::NotFound { message }
                if self.needs == Some(Permission::WriteSecurityEvents) && is_switched_off(message) =>
            {
                "Switch code scanning on in the repository's settings (private repositories need GitHub Code Security), or \
                 set `upload-sarif: false`."
                    .into()
            }
            ApiError::Forbidden { message } if message.contains("create or approve pull requests") => {
                "Allow it under Settings → Actions → General → Workflow permissions: \"Allow GitHub Actions to create and \
                 approve pull requests\"."
                    .into()
            }
            ApiError::Forbidden { .. } | ApiError::NotFound { .. } => match self.needs {
                Some(needs) => format!("Give the job `permissions: {needs}`."),
                None => "Check the token's rights on this repository.".into(),
            },
            ApiError::Unauthorized => {
                "Check the input `token`: it may have expired, or belong to another forge.".into()
            }
            ApiError::RateLimited { .. } => {
                "Run the step again later, or run fewer jobs with the same token at once.".into()
            }
            ApiError::Conflict { .. } => "Run the step again.".into(),
            ApiError::Invalid { .. } => {
                "Look at what the forge says; if it looks like a fault of lockkeeper, report it.".into()
            }
            ApiError::Server { .. } | ApiError::Unreadable(_) => {
                "Look at the forge's status page, and run the step again later.".into()
            }
            ApiError::Unsupported(_) => "Leave the input out on this forge.".into(),
            ApiError::Unusable(_) => "Correct the input `token`.".into(),
            ApiError::Http(error) => http_hint(error).into(),
        }
    }

    /// Whether what was asked for is not there, as far as the token may know.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.error, ApiError::NotFound { .. })
    }

    /// Whether it was refused for good: no repetition helps.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self.error,
            ApiError::Unauthorized
                | ApiError::Forbidden { .. }
                | ApiError::NotFound { .. }
                | ApiError::Unsupported(_)
        )
    }
}

fn http_hint(error: &HttpError) -> &'static str {
    match error {
        HttpError::Certificates(_) => {
            "Install the system's CA certificates, or name a file that holds them in SSL_CERT_FILE."
        }
        HttpError::Untrusted(_) => {
            "If the forge or a proxy has a certificate of your own authority, put that authority's certificate into the file \
             that SSL_CERT_FILE names."
        }
        HttpError::Connect(_) => {
            "Check the address of the forge's API, the network, HTTPS_PROXY and NO_PROXY."
        }
        HttpError::Idle(_) | HttpError::Slow { .. } | HttpError::Overdue(_) | HttpError::Cut(_) => {
            "Look at the forge's status page, and run the step again later."
        }
        HttpError::TooLarge { .. } => {
            "Leave out what is so large, or read it from a clone (`fetch-depth: 0`)."
        }
        HttpError::Status { .. }
        | HttpError::Malformed(_)
        | HttpError::Changed
        | HttpError::Redirect(_)
        | HttpError::Redirects(_)
        | HttpError::Sink(_) => "Check the address of the forge's API.",
    }
}

/// Whether the forge says that the repository has no code scanning, rather than that the token may not.
fn is_switched_off(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let names = ["advanced security", "code security", "code scanning"];
    names.iter().any(|name| message.contains(name)) && message.contains("enabled")
}

/// A message of a forge in one line of at most [`MAX_MESSAGE`] characters.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(MAX_MESSAGE) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

struct Message<'s>(&'s str);

impl fmt::Display for Message<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            message => write!(formatter, ": {message}"),
        }
    }
}

struct Wait(Option<Duration>);

impl fmt::Display for Wait {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(wait) => write!(formatter, ", for {} s", wait.as_secs()),
            None => Ok(()),
        }
    }
}
