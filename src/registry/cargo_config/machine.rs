//! Where Cargo's configuration is on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::ConfigFile;
use crate::sys::{environment, file};

/// Everything that is read, as it is.
#[derive(Default)]
pub struct Sources {
    /// Variables that begin with `CARGO_`, without that.
    pub environment: BTreeMap<String, String>,
    /// The repository's files, the first of which wins.
    pub project: Vec<ConfigFile>,
    /// The one in Cargo's own folder.
    pub user: Option<ConfigFile>,
    /// The tokens in Cargo's own folder.
    pub credentials: Option<ConfigFile>,
    /// What could not be read.
    pub notes: Vec<String>,
}

impl Sources {
    /// Those of this machine, with the `.cargo/config.toml` files of a project: in the lockfile's folder and above.
    #[must_use]
    pub fn of_machine(project: Vec<ConfigFile>) -> Self {
        let mut sources = Self {
            environment: environment::variables_after("CARGO_").into_iter().collect(),
            ..Self::default()
        };
        let home = environment::path("CARGO_HOME").or_else(|| {
            let home = environment::path("HOME").or_else(|| environment::path("USERPROFILE"));
            Some(home?.join(".cargo"))
        });
        if let Some(home) = home {
            sources.user = sources.first(&home, ["config", "config.toml"]);
            sources.credentials = sources.first(&home, ["credentials", "credentials.toml"]);
            // In the user's own home folder the project's file is the user's.
            let own = file::resolve(&home).ok();
            let is_own = |file: &ConfigFile| {
                let folder = Path::new(&file.place).parent();
                own.is_some() && folder.and_then(|folder| file::resolve(folder).ok()) == own
            };
            sources.project = project.into_iter().filter(|file| !is_own(file)).collect();
        } else {
            sources.project = project;
        }
        sources
    }

    /// The first of the files `names` that is there, as Cargo takes it.
    fn first(&mut self, folder: &Path, names: [&str; 2]) -> Option<ConfigFile> {
        names.into_iter().find_map(|name| self.read(folder.join(name)))
    }

    fn read(&mut self, path: PathBuf) -> Option<ConfigFile> {
        ConfigFile::read(&path, "Cargo", &mut self.notes)
    }
}
