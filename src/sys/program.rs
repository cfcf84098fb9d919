//! Programs: the package managers of [`Tool`] and no other, for `--verify native` alone.
//!
//! A program is found in the absolute folders of `PATH` that are outside of the trees under judgement. It runs in a folder made for
//! it, with the variables that are named here and no other, without input, and is ended when its time is over, on Unix with everything
//! that it has started. What it writes goes to files of that folder's neighbour, so that a child that outlives it holds nothing up.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::clock::Stopwatch;
use super::environment;
use super::interrupt::Group;

/// A program that may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// Rust's.
    Cargo,
    /// Go's.
    Go,
    /// Java's.
    Maven,
    /// Node's.
    Npm,
    /// Python's.
    Pipenv,
    /// Python's, too.
    Poetry,
    /// Python's as well.
    Uv,
}

impl Tool {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Cargo,
        Self::Go,
        Self::Maven,
        Self::Npm,
        Self::Pipenv,
        Self::Poetry,
        Self::Uv,
    ];

    /// The name of the program.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Go => "go",
            Self::Maven => "mvn",
            Self::Npm => "npm",
            Self::Pipenv => "pipenv",
            Self::Poetry => "poetry",
            Self::Uv => "uv",
        }
    }

    /// Variables that it gets beside [`VARIABLES`]: where it keeps what it has fetched, and whom it asks. None of a token.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Self::Cargo => &["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"],
            Self::Go => &[
                "GOPATH",
                "GOMODCACHE",
                "GOCACHE",
                "GOPROXY",
                "GOSUMDB",
                "GOPRIVATE",
                "GONOSUMDB",
                "GONOPROXY",
                "GOROOT",
            ],
            Self::Maven => &["JAVA_HOME", "MAVEN_HOME"],
            Self::Pipenv => &["PIPENV_CACHE_DIR"],
            Self::Poetry => &["POETRY_CACHE_DIR"],
            Self::Npm => &[
                "npm_config_cache",
                "npm_config_registry",
                "NPM_CONFIG_CACHE",
                "NPM_CONFIG_REGISTRY",
            ],
            Self::Uv => &[
                "UV_CACHE_DIR",
                "UV_INDEX_URL",
                "UV_DEFAULT_INDEX",
                "UV_PYTHON_INSTALL_DIR",
            ],
        }
    }
}

/// Variables that every program gets.
const VARIABLES: [&str; 12] = [
    "PATH",
    "HOME",
    "USERPROFILE",
    "SYSTEMROOT",
    "LOCALAPPDATA",
    "APPDATA",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "LANG",
];

/// Variables with an address in which a password may be: they are passed on only without one.
const PROXIES: [&str; 6] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// So much of what a program writes is read, in bytes.
const MAX_OUTPUT: u64 = 64 << 10;

/// How often it is looked whether a program has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'r> {
    /// Which program.
    pub tool: Tool,
    /// Where [`find`] found it.
    pub program: &'r Path,
    /// Its arguments.
    pub arguments: &'r [&'r str],
    /// The folder in which it runs.
    pub folder: &'r Path,
    /// A folder for what it writes to its standard streams.
    pub streams: &'r Path,
    /// Further variables.
    pub environment: &'r [(&'r str, &'r str)],
    /// It is ended after that.
    pub at_most: Duration,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// It ended with 0.
    pub is_good: bool,
    /// What it wrote to standard error and then to standard output, in that order, cut after 64 KiB each.
    pub text: String,
    /// What it wrote to standard output alone.
    pub output: String,
}

/// A program that did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The system did not start it, or its output cannot be written down.
    #[error("it cannot be started: {0}")]
    Start(#[from] std::io::Error),
    /// It took too long.
    #[error("it did not end within {} seconds", .0.as_secs())]
    TooLong(Duration),
}

/// The program of `tool` in the folders of `PATH`, leaving out those inside of `trees` and those that are no absolute paths.
#[must_use]
pub fn find(tool: Tool, trees: &[PathBuf]) -> Option<PathBuf> {
    let path = environment::path("PATH")?;
    let names: &[&str] = match cfg!(windows) {
        true => &[".exe", ".cmd"],
        false => &[""],
    };
    let trees: Vec<PathBuf> = trees.iter().filter_map(|tree| tree.canonicalize().ok()).collect();
    let is_inside = |program: &Path| trees.iter().any(|tree| program.starts_with(tree));
    let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let programs = folders.flat_map(|folder| {
        names
            .iter()
            .map(move |ending| folder.join(format!("{}{ending}", tool.as_str())))
    });
    programs
        .filter(|program| program.is_file() && !is_inside(program))
        // A link may lead into a tree.
        .find(|program| program.canonicalize().is_ok_and(|target| !is_inside(&target)))
}

/// Runs a program to its end.
///
/// # Errors
/// [`ProgramError`] where it cannot be started or does not end in time.
pub fn run(run: &Run<'_>) -> Result<Ran, ProgramError> {
    let (output, errors) = (run.streams.join("output"), run.streams.join("errors"));
    let mut command = Command::new(run.program);
    command
        .args(run.arguments)
        .current_dir(run.folder)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&output)?)
        .stderr(std::fs::File::create(&errors)?);
    for name in VARIABLES.iter().chain(run.tool.variables()) {
        if let Some(value) = environment::path(name).filter(|value| !has_password(&value.to_string_lossy())) {
            command.env(name, value);
        }
    }
    for name in PROXIES {
        if let Some(value) = environment::variable(name).filter(|value| !has_password(value)) {
            command.env(name, value);
        }
    }
    command.envs(run.environment.iter().copied());
    // What it starts is of its group, and ends with it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    let group = Group::of(&child);
    let watch = Stopwatch::start();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if watch.elapsed() > run.at_most {
            group.end();
            child.kill()?;
            child.wait()?;
            return Err(ProgramError::TooLong(run.at_most));
        }
        std::thread::sleep(PAUSE);
    };
    let output = start_of(&output)?;
    Ok(Ran {
        is_good: status.success(),
        text: format!("{}\n{output}", start_of(&errors)?),
        output,
    })
}

/// An address in it has something before an `@`.
fn has_password(value: &str) -> bool {
    value.split([',', '|']).any(|one| {
        let rest = one.split_once("://").map_or(one, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        one.contains("://") && authority.contains('@')
    })
}

fn start_of(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_OUTPUT)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_a_name_or_password_are_seen() {
        for (value, has) in [
            ("https://proxy.example:8080", false),
            ("https://user:secret@proxy.example:8080/a", true),
            ("https://token@goproxy.example,direct", true),
            ("https://goproxy.example|https://token@other.example", true),
            ("https://goproxy.example/@v/list", false),
            ("/home/user@host/.cache", false),
        ] {
            assert_eq!(has_password(value), has, "{value}");
        }
    }
}
