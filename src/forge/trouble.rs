//! What goes wrong at a forge, and what a person does about it.

use std::fmt;
use std::time::Duration;

use crate::sys::web::Fault;

/// Longer texts of a forge are cut: in characters.
const MOST_TOLD: usize = 300;

/// A forge did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {trouble}")]
pub struct ForgeError {
    /// What was asked for: "uploading SARIF".
    pub doing: &'static str,
    /// The permission that it takes, if it takes more than to read.
    pub needs: Option<Permission>,
    /// What went wrong.
    pub trouble: Trouble,
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
    /// As it stands in a workflow's `permissions`.
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

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// No answer.
    #[error("{0}")]
    Web(Fault),
    /// 401: the token is wrong, or it has expired.
    #[error("the forge does not accept the token (401)")]
    Unauthorized,
    /// 403: the token may not.
    #[error("the forge refuses (403){}", Told(said))]
    Forbidden {
        /// What the forge says.
        said: String,
    },
    /// 404 or 410: there is no such thing, or the token may not know of it.
    #[error("the forge knows nothing of it, or the token may not ask (404){}", Told(said))]
    Missing {
        /// What the forge says.
        said: String,
    },
    /// The forge has been asked too much.
    #[error("the forge asks for fewer requests ({code}){}", Wait(*wait))]
    Throttled {
        /// The HTTP status.
        code: u16,
        /// For how long it wants to hear nothing.
        wait: Option<Duration>,
    },
    /// 409, 405 or 412: it is not as it was.
    #[error("it has changed meanwhile ({code}){}", Told(said))]
    Conflict {
        /// The HTTP status.
        code: u16,
        /// What the forge says.
        said: String,
    },
    /// 400, 413, 422: the forge does not want what was sent.
    #[error("the forge does not take it ({code}){}", Told(said))]
    Invalid {
        /// The HTTP status.
        code: u16,
        /// What the forge says.
        said: String,
    },
    /// 5xx, and what no rule foresees.
    #[error("the forge failed ({code}){}", Told(said))]
    Server {
        /// The HTTP status.
        code: u16,
        /// What the forge says.
        said: String,
    },
    /// The answer is not what it should be.
    #[error("the forge's answer cannot be read: {0}")]
    Garbled(String),
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
        match &self.trouble {
            Trouble::Forbidden { said } | Trouble::Missing { said }
                if self.needs == Some(Permission::WriteSecurityEvents) && is_switched_off(said) =>
            {
                "Switch code scanning on in the repository's settings (private repositories need GitHub Code Security), or \
                 set `upload-sarif: false`."
                    .into()
            }
            Trouble::Forbidden { said } if said.contains("create or approve pull requests") => {
                "Allow it under Settings → Actions → General → Workflow permissions: \"Allow GitHub Actions to create and \
                 approve pull requests\"."
                    .into()
            }
            Trouble::Forbidden { .. } | Trouble::Missing { .. } => match self.needs {
                Some(needs) => format!("Give the job `permissions: {needs}`."),
                None => "Check the token's rights on this repository.".into(),
            },
            Trouble::Unauthorized => {
                "Check the input `token`: it may have expired, or belong to another forge.".into()
            }
            Trouble::Throttled { .. } => {
                "Run the step again later, or run fewer jobs with the same token at once.".into()
            }
            Trouble::Conflict { .. } => "Run the step again.".into(),
            Trouble::Invalid { .. } => {
                "Look at what the forge says; if it looks like a fault of lockkeeper, report it.".into()
            }
            Trouble::Server { .. } | Trouble::Garbled(_) => {
                "Look at the forge's status page, and run the step again later.".into()
            }
            Trouble::Unsupported(_) => "Leave the input out on this forge.".into(),
            Trouble::Unusable(_) => "Correct the input `token`.".into(),
            Trouble::Web(fault) => of_web(fault).into(),
        }
    }

    /// Whether what was asked for is not there, as far as the token may know.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.trouble, Trouble::Missing { .. })
    }

    /// Whether it was refused for good: no repetition helps.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self.trouble,
            Trouble::Unauthorized
                | Trouble::Forbidden { .. }
                | Trouble::Missing { .. }
                | Trouble::Unsupported(_)
        )
    }
}

fn of_web(fault: &Fault) -> &'static str {
    match fault {
        Fault::Certificates(_) => {
            "Install the system's CA certificates, or name a file that holds them in SSL_CERT_FILE."
        }
        Fault::Untrusted(_) => {
            "If the forge or a proxy has a certificate of your own authority, put that authority's certificate into the file \
             that SSL_CERT_FILE names."
        }
        Fault::Connect(_) => "Check the address of the forge's API, the network, HTTPS_PROXY and NO_PROXY.",
        Fault::Idle(_) | Fault::Slow { .. } | Fault::Overdue(_) | Fault::Cut(_) => {
            "Look at the forge's status page, and run the step again later."
        }
        Fault::TooLarge { .. } => "Leave out what is so large, or read it from a clone (`fetch-depth: 0`).",
        Fault::Status { .. }
        | Fault::Malformed(_)
        | Fault::Changed
        | Fault::Redirect(_)
        | Fault::Redirects(_)
        | Fault::Sink(_) => "Check the address of the forge's API.",
    }
}

/// Whether the forge says that the repository has no code scanning, rather than that the token may not.
fn is_switched_off(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let names = ["advanced security", "code security", "code scanning"];
    names.iter().any(|name| said.contains(name)) && said.contains("enabled")
}

/// A forge's own words, without line breaks and not too many.
pub(super) fn words_of(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(MOST_TOLD) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

struct Told<'s>(&'s str);

impl fmt::Display for Told<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            said => write!(formatter, ": {said}"),
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
