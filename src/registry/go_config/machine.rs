//! Where Go's variables are on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::ConfigFile;
use crate::sys::{environment, file};

/// Everything that is read, as it is.
#[derive(Default)]
pub struct Sources {
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The user's file.
    pub user: Option<String>,
    /// `go.env` of the installed Go.
    pub installed: Option<String>,
    /// `.netrc`. Secrets are in it.
    pub netrc: Option<String>,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// No value has more bytes (`cmd/go/internal/cfg`).
const MAX_LINE: usize = 64 << 10;

impl Sources {
    /// Those of this machine.
    #[must_use]
    pub fn of_machine() -> Self {
        let environment: BTreeMap<String, String> = environment::variables_after("").into_iter().collect();
        let mut sources = Self {
            environment,
            ..Self::default()
        };
        let user = match sources.variable("GOENV") {
            Some("off") => None,
            Some(path) => Some(PathBuf::from(path)),
            None => sources.configuration_folder().map(|folder| folder.join("go/env")),
        };
        sources.user = user.and_then(|path| sources.read(&path));
        let root = sources.variable("GOROOT").map(PathBuf::from);
        let root = root.or_else(|| sources.folder_of_go());
        sources.installed = root.and_then(|root| sources.read(&root.join("go.env")));
        let name = if cfg!(windows) { "_netrc" } else { ".netrc" };
        let netrc = match sources.variable("NETRC") {
            Some(path) => Some(PathBuf::from(path)),
            None => sources.home().map(|home| home.join(name)),
        };
        sources.netrc = netrc.and_then(|path| sources.read(&path));
        sources
    }

    /// The value of a variable; empty ones are not set.
    pub(super) fn value<'s>(&'s self, name: &str) -> Option<&'s str> {
        let of_file = |text: &'s Option<String>| {
            let lines = text.as_deref().into_iter().flat_map(str::lines);
            let settings = lines
                .filter(|line| line.len() <= MAX_LINE)
                .filter_map(|line| line.split_once('='));
            settings
                .rev()
                .filter(|(key, _)| key.trim() == name)
                .map(|(_, value)| value.trim())
                // The last of several counts.
                .find(|value| !value.is_empty())
        };
        self.variable(name)
            .or_else(|| of_file(&self.user))
            .or_else(|| of_file(&self.installed))
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.variable(name).map(PathBuf::from)
    }

    /// `os.UserConfigDir`.
    fn configuration_folder(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self
                .variable("AppData")
                .or(self.variable("APPDATA"))
                .map(PathBuf::from);
        }
        if cfg!(target_os = "macos") {
            return self.home().map(|home| home.join("Library/Application Support"));
        }
        match self.variable("XDG_CONFIG_HOME") {
            Some(folder) => Some(PathBuf::from(folder)),
            None => self.home().map(|home| home.join(".config")),
        }
    }

    /// Above the folder of the `go` in the path.
    fn folder_of_go(&self) -> Option<PathBuf> {
        let path = self.variable("PATH")?;
        let name = if cfg!(windows) { "go.exe" } else { "go" };
        let go = std::env::split_paths(path).find_map(|folder| file::resolve(&folder.join(name)).ok())?;
        Some(go.parent()?.parent()?.to_owned())
    }

    fn read(&mut self, path: &Path) -> Option<String> {
        let file = ConfigFile::read(path, "Go", &mut self.notes);
        file.map(|file| file.text)
    }
}
