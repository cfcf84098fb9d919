//! Where Maven's settings are on this machine.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use super::super::ConfigFile;
use crate::sys::{environment, file};

/// Everything that is read, as it is.
#[derive(Default)]
pub struct Sources {
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// The user's `settings.xml`. Secrets may be in it.
    pub user: Option<ConfigFile>,
    /// `settings.xml` of the installed Maven.
    pub installed: Option<ConfigFile>,
    /// The pom that every pom inherits from, as the installed Maven has it.
    pub built_in: Option<ConfigFile>,
    /// Files of the repository: poms, the nearest first, and settings that its command line names.
    pub project: Vec<ConfigFile>,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// A longer file of settings is not read.
const LIMIT: u64 = 1 << 20;

/// A longer archive of Maven is not read.
const MAX_ARCHIVE: u64 = 16 << 20;

/// So many entries of an archive, and names of a folder, are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Begins of the names of Maven's own archives that hold the pom that every pom inherits from (3.x; 4.x).
const ARCHIVES: [&str; 2] = ["maven-model-builder-", "maven-impl-"];

/// The name of that pom in the archive.
const BUILT_IN: &str = "/pom-4.0.0.xml";

impl Sources {
    /// Those of this machine and of the files of a project.
    #[must_use]
    pub fn of_machine(project: &[ConfigFile]) -> Self {
        let variables: BTreeMap<String, String> = environment::variables_after("").into_iter().collect();
        Self::of(variables, project)
    }

    /// Those that `variables` lead to, and the files of a project.
    #[must_use]
    pub fn of(variables: BTreeMap<String, String>, project: &[ConfigFile]) -> Self {
        let mut sources = Self {
            variables,
            project: project.to_vec(),
            ..Self::default()
        };
        let user = sources.home().map(|home| home.join(".m2").join("settings.xml"));
        sources.user = user.and_then(|path| sources.read(&path));
        if let Some(folder) = sources.installation() {
            sources.installed = sources.read(&folder.join("conf").join("settings.xml"));
            sources.built_in = built_in(&folder.join("lib"));
        }
        if sources.built_in.is_none() {
            sources.built_in = sources
                .downloaded()
                .into_iter()
                .find_map(|folder| built_in(&folder));
        }
        sources
    }

    /// The value of a variable; an empty one is not set.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// The user's home folder.
    pub(super) fn home(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.variable(name).map(PathBuf::from)
    }

    /// The folder of the installed Maven: the one that a variable names, else that of the `mvn` in the path.
    fn installation(&self) -> Option<PathBuf> {
        let named = self.variable("MAVEN_HOME").or_else(|| self.variable("M2_HOME"));
        if let Some(folder) = named {
            return Some(PathBuf::from(folder));
        }
        let name = if cfg!(windows) { "mvn.cmd" } else { "mvn" };
        let path = self.variable("PATH")?;
        let program =
            std::env::split_paths(path).find_map(|folder| file::resolve(&folder.join(name)).ok())?;
        Some(program.parent()?.parent()?.to_owned())
    }

    /// The `lib` folders of what Maven's wrapper downloaded (`dists/NAME/HASH`, with the distribution's own folder in it for some).
    fn downloaded(&self) -> Vec<PathBuf> {
        let Some(home) = self.home() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for distribution in folders(&home.join(".m2/wrapper/dists")) {
            for version in folders(&distribution) {
                let inner = folders(&version).into_iter().map(|folder| folder.join("lib"));
                found.extend(inner);
                found.push(version.join("lib"));
            }
        }
        found
    }

    fn read(&mut self, path: &Path) -> Option<ConfigFile> {
        ConfigFile::read(path, "Maven", &mut self.notes)
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let names = file::list(path).unwrap_or_default();
    let folders = names.into_iter().take(MAX_ENTRIES);
    let folders = folders.filter(|(_, kind)| matches!(kind, file::FileKind::Folder));
    folders.map(|(name, _)| path.join(name)).collect()
}

/// The pom in one of the archives in `folder`.
fn built_in(folder: &Path) -> Option<ConfigFile> {
    let names = file::list(folder).ok()?;
    let archives = names.iter().filter_map(|(name, _)| {
        let name = name.to_str()?;
        let is_one = ARCHIVES.iter().any(|begin| name.starts_with(begin)) && name.ends_with(".jar");
        is_one.then(|| folder.join(name))
    });
    let mut poms = archives.filter_map(|path| {
        let bytes = file::read(&path, MAX_ARCHIVE).ok()??;
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
        let is_pom = |number: &usize| {
            let name = archive.name_for_index(*number).and_then(Result::ok);
            name.is_some_and(|name| name.ends_with(BUILT_IN))
        };
        let number = (0..archive.len().min(MAX_ENTRIES)).find(is_pom)?;
        let mut text = String::new();
        let entry = archive.by_index(number).ok()?;
        entry.take(LIMIT).read_to_string(&mut text).ok()?;
        Some(ConfigFile {
            place: path.display().to_string(),
            text,
        })
    });
    poms.next()
}
