//! Where Bundler's settings are on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::ConfigFile;
use crate::sys::environment;

/// Everything that is read, as it is.
#[derive(Default)]
pub struct Sources {
    /// Variables that begin with `BUNDLE_`, without that.
    pub environment: BTreeMap<String, String>,
    /// Those of the project, the first of which wins.
    pub project: Vec<ConfigFile>,
    /// The user's.
    pub user: Option<ConfigFile>,
    /// What could not be read.
    pub notes: Vec<String>,
}

impl Sources {
    /// Those of this machine, with the `.bundle/config` files of a project.
    #[must_use]
    pub fn of_machine(project: &[ConfigFile]) -> Self {
        let home = environment::path("HOME").or_else(|| environment::path("USERPROFILE"));
        let variables = environment::variables_after("BUNDLE_").into_iter().collect();
        Self::of(variables, home, project)
    }

    /// Those that `environment` and `home` lead to, and of the files of a project.
    #[must_use]
    pub fn of(environment: BTreeMap<String, String>, home: Option<PathBuf>, project: &[ConfigFile]) -> Self {
        let mut sources = Self {
            environment,
            ..Self::default()
        };
        if sources.variable("IGNORE_CONFIG").is_some() {
            return sources;
        }
        // A folder for the settings of the project stands in the place of the one in the project.
        let own = sources.variable("APP_CONFIG").map(PathBuf::from);
        match own.filter(|folder| folder.is_absolute()) {
            Some(folder) => sources.project = sources.read(&folder.join("config")).into_iter().collect(),
            None => sources.project = project.to_vec(),
        }
        let named = sources
            .variable("CONFIG")
            .or_else(|| sources.variable("USER_CONFIG"));
        let user = named.map(PathBuf::from).or_else(|| {
            let folder = sources.variable("USER_HOME").map(PathBuf::from);
            let folder = folder.or_else(|| Some(home?.join(".bundle")));
            Some(folder?.join("config"))
        });
        sources.user = user.and_then(|path| sources.read(&path));
        sources
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let value = self.environment.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn read(&mut self, path: &Path) -> Option<ConfigFile> {
        ConfigFile::read(path, "Bundler", &mut self.notes)
    }
}
