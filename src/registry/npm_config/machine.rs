//! Where npm's settings are on this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::ConfigFile;
use super::{Writer, ini};
use crate::sys::{environment, file};

/// Everything that is read, as it is.
#[derive(Default)]
pub struct Sources {
    /// What `npm_config_*` variables set, by the names of the settings.
    pub environment: BTreeMap<String, String>,
    /// The project's files, the first of which wins.
    pub project: Vec<ConfigFile>,
    /// The user's.
    pub user: Option<ConfigFile>,
    /// That of the whole machine.
    pub global: Option<ConfigFile>,
    /// What `${VARIABLE}` stands for.
    pub variables: BTreeMap<String, String>,
    /// What could not be read.
    pub notes: Vec<String>,
}

impl Sources {
    /// Those of this machine, with the `.npmrc` files of a project: in the lockfile's folder and at its workspace root.
    #[must_use]
    pub fn of_machine(project: Vec<ConfigFile>) -> Self {
        let variables: BTreeMap<String, String> = environment::variables_after("").into_iter().collect();
        let mut sources = Self {
            environment: of_variables(&variables),
            variables,
            ..Self::default()
        };
        let home = sources.variable("HOME").or(sources.variable("USERPROFILE"));
        let home = home.map(PathBuf::from);
        let at = |text: &str| match (text.strip_prefix("~/"), &home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        };
        let user = match sources.environment.get("userconfig") {
            Some(path) => Some(at(path)),
            None => home.as_ref().map(|home| home.join(".npmrc")),
        };
        sources.user = user.as_deref().and_then(|path| sources.read(path));
        // In the user's own home folder it is the user's file.
        let own = user.and_then(|path| file::resolve(&path).ok());
        let is_own = |place: &str| own.is_some() && file::resolve(Path::new(place)).ok() == own;
        sources.project = project.into_iter().filter(|file| !is_own(&file.place)).collect();
        let of_user = |name: &str| {
            let set = sources.environment.get(name).cloned();
            set.or_else(|| {
                let lines = ini::read(&sources.user.as_ref()?.text);
                let (_, value) = lines.into_iter().find(|(key, _)| key == name)?;
                Some(sources.expanded(&value).0)
            })
        };
        let global = match of_user("globalconfig") {
            Some(path) => Some(at(&path)),
            None => of_user("prefix")
                .map(|prefix| at(&prefix))
                .or_else(|| sources.variable("PREFIX").map(PathBuf::from))
                .or_else(|| sources.folder_of_node())
                .map(|prefix| prefix.join("etc/npmrc")),
        };
        sources.global = global.as_deref().and_then(|path| sources.read(path));
        sources
    }

    /// Each file and who writes it, in the order in which they count.
    pub(super) fn files(&self) -> impl Iterator<Item = (&ConfigFile, Writer)> {
        let project = self.project.iter().map(|file| (file, Writer::Project));
        project.chain(
            [&self.user, &self.global]
                .into_iter()
                .flatten()
                .map(|file| (file, Writer::User)),
        )
    }

    /// `value` with what its variables stand for, and whether one is not set. `${NAME?}` may be absent, and an odd number
    /// of `\` in front escapes.
    pub(super) fn expanded(&self, value: &str) -> (String, bool) {
        let (mut text, mut is_open) = (String::with_capacity(value.len()), false);
        let mut rest = value;
        while let Some((before, after)) = rest.split_once("${") {
            let end = after.find(['$', '{', '}', '?']).unwrap_or(after.len());
            let (name, tail) = after.split_at(end);
            let (may_be_absent, tail) = match tail.strip_prefix('?') {
                Some(tail) => (true, tail),
                None => (false, tail),
            };
            let kept = before.trim_end_matches('\\');
            let escapes = before.len() - kept.len();
            text.push_str(kept);
            text.extend(std::iter::repeat_n('\\', escapes / 2));
            let Some(tail) = tail.strip_prefix('}').filter(|_| !name.is_empty()) else {
                text.extend(std::iter::repeat_n('\\', escapes - escapes / 2));
                text.push_str("${");
                rest = after;
                continue;
            };
            let written = &after[..after.len() - tail.len()];
            match (escapes % 2, self.variable(name)) {
                (1, _) => text.extend(["${", written]),
                (_, Some(value)) => text.push_str(value),
                (_, None) if may_be_absent => {}
                (_, None) => {
                    is_open = true;
                    text.extend(["${", name, "}"]);
                }
            }
            rest = tail;
        }
        text.push_str(rest);
        (text, is_open)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    fn read(&mut self, path: &Path) -> Option<ConfigFile> {
        ConfigFile::read(path, "npm", &mut self.notes)
    }

    /// Above the folder of the `node` in the path.
    fn folder_of_node(&self) -> Option<PathBuf> {
        let path = self.variable("PATH")?;
        let name = if cfg!(windows) { "node.exe" } else { "node" };
        let node = std::env::split_paths(path).find_map(|folder| file::resolve(&folder.join(name)).ok())?;
        let folder = node.parent()?;
        Some(if cfg!(windows) { folder } else { folder.parent()? }.to_owned())
    }
}

/// The settings that variables name; empty ones set nothing.
fn of_variables(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    const PREFIX: &str = "npm_config_";
    let mut settings = BTreeMap::new();
    for (name, value) in variables {
        let Some((prefix, key)) = name.split_at_checked(PREFIX.len()) else {
            continue;
        };
        if !prefix.eq_ignore_ascii_case(PREFIX) || value.is_empty() {
            continue;
        }
        let key = match (key.starts_with("//"), key.chars().next()) {
            (false, Some(first)) => {
                let rest = &key[first.len_utf8()..];
                format!("{first}{}", rest.replace('_', "-")).to_lowercase()
            }
            (true, _) | (false, None) => key.to_owned(),
        };
        settings.insert(key, value.clone());
    }
    settings
}
