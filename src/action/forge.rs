//! The forge of a job: connects to it, as the remote of a clone and for uploads.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::inputs::Inputs;
use crate::forge::{self, CodeScanning, Forge, ForgeError, RepositoryName, RunPage, Site};
use crate::git::RemoteError;
use crate::git::remote::Remote;
use crate::remote::{ForgeRemote, Unreachable};
use crate::report::job::JobPages;
use crate::scan::FILE_LIMIT;
use crate::session::RemoteOf;
use crate::sys::environment;
use crate::sys::web::{self, Address, BadAddress, RetryPolicy, Settings, Web};

/// A forge, and what its requests run on.
pub struct Connection {
    /// The forge.
    pub forge: Box<dyn Forge>,
    /// What its requests run on.
    pub runtime: Runtime,
}

impl Connection {
    /// Ends it. Where pull requests are open, whether workflows run on them with this token, as a sentence.
    #[must_use]
    pub fn end(self, are_open: bool) -> Option<&'static str> {
        let access = are_open.then(|| self.runtime.block_on(self.forge.access()));
        // A name that is still being looked up must not keep the step.
        self.runtime.shutdown_background();
        access?.ok().map(|access| access.runs().sentence())
    }
}

/// The forge of a job, as the runner's environment names it.
#[derive(Debug, Clone, Default)]
pub struct JobForge {
    /// `GITHUB_API_URL`.
    api: String,
    /// `GITHUB_GRAPHQL_URL`.
    graphql: String,
    /// `GITHUB_REPOSITORY`.
    repository: String,
    /// `GITHUB_REF`.
    pub(super) ref_name: String,
    /// `GITHUB_SHA`.
    pub(super) sha: String,
    /// `GITHUB_SERVER_URL`.
    server: String,
    /// `GITHUB_RUN_ID`.
    run_id: String,
    /// `GITHUB_RUN_NUMBER`.
    run_number: String,
}

impl JobForge {
    /// Reads the environment.
    #[must_use]
    pub fn here() -> Self {
        let variable = |name: &str| environment::variable(name).unwrap_or_default();
        Self {
            api: variable("GITHUB_API_URL"),
            graphql: variable("GITHUB_GRAPHQL_URL"),
            repository: variable("GITHUB_REPOSITORY"),
            ref_name: variable("GITHUB_REF"),
            sha: variable("GITHUB_SHA"),
            server: variable("GITHUB_SERVER_URL"),
            run_id: variable("GITHUB_RUN_ID"),
            run_number: variable("GITHUB_RUN_NUMBER"),
        }
    }

    /// The repository at its forge.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn connect(&self, inputs: &Inputs, web: Arc<Web>) -> Result<Box<dyn Forge>, ConnectError> {
        let api = self.api()?;
        if !api.is_encrypted() && !api.is_loopback() {
            return Err(ConnectError::Unencrypted("GITHUB_API_URL", api));
        }
        let graphql = Address::parse(&self.graphql).ok();
        if let Some(graphql) = &graphql
            && !graphql.is_encrypted()
            && !graphql.is_loopback()
        {
            return Err(ConnectError::Unencrypted("GITHUB_GRAPHQL_URL", graphql.clone()));
        }
        let repository = RepositoryName::parse(&self.repository).ok_or(ConnectError::NoRepository)?;
        let site = Site {
            web,
            graphql,
            repository,
            token: inputs.token.clone(),
            api: api.clone(),
        };
        (forge::kind_at(&api).connect)(site).map_err(ConnectError::Forge)
    }

    /// The repository at its forge, to open pull requests in it.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub fn connection(&self, inputs: &Inputs) -> Result<Connection, ConnectError> {
        if inputs.token.is_none() {
            return Err(ConnectError::NoToken);
        }
        Ok(Connection {
            forge: self.connect(inputs, Arc::new(Web::new(settings())))?,
            runtime: web::runtime().map_err(ConnectError::System)?,
        })
    }

    /// The forge as the remote of a clone, where there is a forge.
    #[must_use]
    pub fn remote(&self, inputs: &Inputs) -> Option<RemoteOf> {
        if !self.has_forge() {
            return None;
        }
        let remote = web::runtime().map_err(RemoteError::new).and_then(|runtime| {
            let forge = self
                .connect(inputs, Arc::new(Web::new(settings())))
                .map_err(RemoteError::new)?;
            Ok(ForgeRemote::new(forge, runtime, FILE_LIMIT))
        });
        let remote: Arc<dyn Remote> = match remote {
            Ok(remote) => Arc::new(remote),
            Err(error) => Arc::new(Unreachable(error)),
        };
        Some(RemoteOf {
            repository: self.repository.clone(),
            remote,
            landing: OnceLock::new(),
        })
    }

    /// Whether the forge has code scanning.
    #[must_use]
    pub fn has_code_scanning(&self) -> bool {
        self.api()
            .is_ok_and(|api| forge::kind_at(&api).code_scanning == CodeScanning::Offered)
    }

    /// The pages of the run and of the repository's files; none for an address that would be no plain link.
    #[must_use]
    pub fn pages(&self) -> JobPages {
        let server = self.server.trim_end_matches('/');
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte);
        let is_web = server.starts_with("https://") || server.starts_with("http://");
        if !is_web || !server.bytes().all(is_plain) || RepositoryName::parse(&self.repository).is_none() {
            return JobPages::default();
        }
        let kind = self.api().map_or(&forge::FORGES[0], |api| forge::kind_at(&api));
        let run = match kind.run_page {
            RunPage::ById => &self.run_id,
            RunPage::ByNumber => &self.run_number,
        };
        let repository = format!("{server}/{}", self.repository);
        let is_number = !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_digit());
        JobPages {
            run: is_number.then(|| format!("{repository}/actions/runs/{run}")),
            commits: Some(format!("{repository}/commit/")),
            files: Some(format!("{repository}/{}/", kind.file_page)),
            event: (!self.ref_name.is_empty()).then(|| (self.sha.clone(), self.ref_name.clone())),
        }
    }

    fn api(&self) -> Result<Address, ConnectError> {
        Address::parse(&self.api).map_err(ConnectError::NoAddress)
    }

    /// Whether there is a forge to ask at all.
    #[must_use]
    pub fn has_forge(&self) -> bool {
        self.api().is_ok() && RepositoryName::parse(&self.repository).is_some()
    }
}

/// Why the forge cannot be reached, each a sentence and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The environment names no API.
    #[error("GITHUB_API_URL names no address. Run the step in a workflow.")]
    NoAddress(#[source] BadAddress),
    /// A token would be sent in plain text: the variable, and the address in it.
    #[error(
        "The address of the API, {1}, is not encrypted, and no token is sent there. Set {0} to an https address."
    )]
    Unencrypted(&'static str, Address),
    /// The environment names no repository.
    #[error("GITHUB_REPOSITORY names no repository. Run the step in a workflow.")]
    NoRepository,
    /// No token was given to write with.
    #[error("There is no token to open pull requests with. Leave the input `token` out, or give it one.")]
    NoToken,
    /// The system refuses what requests run on.
    #[error("The system refuses what a connection needs: {0}.")]
    System(#[source] std::io::Error),
    /// The adapter of the forge refuses it.
    #[error("{0}. {hint}", hint = .0.hint())]
    Forge(#[source] ForgeError),
}

/// Timeouts and retries, short enough that all uploads end within a minute.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        connect: Duration::from_secs(10),
        idle: Duration::from_secs(12),
        retry: RetryPolicy {
            attempts: 3,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(4),
            total: Duration::from_secs(20),
        },
        ..Settings::default()
    }
}
