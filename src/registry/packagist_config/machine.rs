//! Where Composer's settings are on this machine.

use std::path::{Path, PathBuf};

use super::super::ConfigFile;
use crate::sys::{environment, file};

/// Everything that is read, as it is.
#[derive(Default)]
pub struct Sources {
    /// The project's `composer.json`.
    pub manifest: Option<ConfigFile>,
    /// The project's `auth.json`.
    pub project_auth: Option<ConfigFile>,
    /// `config.json` of `COMPOSER_HOME`.
    pub user: Option<ConfigFile>,
    /// `auth.json` of `COMPOSER_HOME`.
    pub user_auth: Option<ConfigFile>,
    /// `COMPOSER_AUTH`.
    pub environment: Option<ConfigFile>,
    /// What could not be read.
    pub notes: Vec<String>,
}

impl Sources {
    /// Those of this machine, with the `composer.json` and the `auth.json` of a project.
    #[must_use]
    pub fn of_machine(project: &[ConfigFile]) -> Self {
        let of = |is_auth: bool| {
            let mut files = project.iter();
            files
                .find(|file| is_name(&file.place, "auth.json") == is_auth)
                .cloned()
        };
        let mut sources = Self {
            manifest: of(false),
            project_auth: of(true),
            environment: environment::variable("COMPOSER_AUTH")
                .filter(|text| !text.trim().is_empty())
                .map(|text| ConfigFile {
                    place: "COMPOSER_AUTH".to_owned(),
                    text,
                }),
            ..Self::default()
        };
        if let Some(folder) = home() {
            sources.user = sources.read(&folder.join("config.json"));
            sources.user_auth = sources.read(&folder.join("auth.json"));
        }
        sources
    }

    fn read(&mut self, path: &Path) -> Option<ConfigFile> {
        ConfigFile::read(path, "Composer", &mut self.notes)
    }
}

fn is_name(place: &str, name: &str) -> bool {
    place.rsplit(['/', '\\']).next() == Some(name)
}

/// `COMPOSER_HOME`, else the first that is there of `composer` in the folder of configuration and `~/.composer`.
fn home() -> Option<PathBuf> {
    if let Some(set) = environment::path("COMPOSER_HOME") {
        return Some(set);
    }
    if cfg!(windows) {
        return environment::path("APPDATA").map(|folder| folder.join("Composer"));
    }
    let user = environment::path("HOME")?;
    let configuration = environment::path("XDG_CONFIG_HOME").unwrap_or_else(|| user.join(".config"));
    let folders = [configuration.join("composer"), user.join(".composer")];
    let is_there = |folder: &&PathBuf| file::list(folder).is_ok();
    folders.iter().find(is_there).or(folders.first()).cloned()
}
