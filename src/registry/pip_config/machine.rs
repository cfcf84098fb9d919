//! Where pip's and uv's settings are on this machine, and in the files of a project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::super::ConfigFile;
use super::{Index, Indexes, Login, Writer, ini, netrc};
use crate::lockfile::requirements::pins;
use crate::sys::environment;
use crate::text::toml;
use crate::text::tree::Value;

/// Everything that is read.
#[derive(Debug, Default)]
pub struct Sources {
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// Files of the project, the first of which wins: requirements files, `pyproject.toml`, `uv.toml`, a `Pipfile`.
    pub(super) project: Vec<Indexes>,
    /// The user's files and those of the machine, the first of which wins.
    pub(super) user: Vec<Indexes>,
    /// What a netrc file has, by host.
    pub(super) machines: BTreeMap<String, Login>,
    /// What could not be read.
    pub(super) notes: Vec<String>,
}

impl Sources {
    /// Those of this machine and of the files of a project.
    #[must_use]
    pub fn of_machine(project: &[ConfigFile]) -> Self {
        let variables: BTreeMap<String, String> = environment::variables_after("").into_iter().collect();
        Self::of(variables, project)
    }

    /// Those that `variables` lead to, and of the files of a project.
    #[must_use]
    pub fn of(variables: BTreeMap<String, String>, project: &[ConfigFile]) -> Self {
        let mut sources = Self {
            variables,
            project: project.iter().map(of_project).collect(),
            ..Self::default()
        };
        let mut user = Vec::new();
        for path in sources.files_of_pip() {
            if let Some(text) = sources.read(&path) {
                user.push(of_pip(&text, &path.display().to_string()));
            }
        }
        for path in sources.files_of_uv() {
            if let Some(text) = sources.read(&path) {
                let document = toml::read(&text);
                user.push(of_uv(document.root(), &path.display().to_string(), Writer::User));
            }
        }
        sources.user = user;
        let netrc = sources
            .path("NETRC")
            .or_else(|| Some(sources.home()?.join(".netrc")));
        if let Some(text) = netrc.and_then(|path| sources.read(&path)) {
            sources.machines = netrc::read(&text);
        }
        sources
    }

    /// What each place sets, in the order in which they count: requirements files, the environment, other files of the project,
    /// files of the user and of the machine.
    pub(super) fn in_order(&self) -> Vec<Indexes> {
        let is_requirements = |indexes: &&Indexes| {
            let mut all = indexes.main.iter().chain(&indexes.further);
            all.any(|index| index.place.ends_with(".txt") || index.place.ends_with(".in"))
        };
        let (requirements, project): (Vec<&Indexes>, Vec<&Indexes>) =
            self.project.iter().partition(is_requirements);
        let environment = self.of_variables();
        requirements
            .into_iter()
            .chain(&environment)
            .chain(project)
            .chain(&self.user)
            .cloned()
            .collect()
    }

    /// The login that uv's variables have for the index called `name`.
    pub(super) fn login_of(&self, name: &str) -> Option<Login> {
        let upper: String = name
            .chars()
            .map(|letter| match letter.is_ascii_alphanumeric() {
                true => letter.to_ascii_uppercase(),
                false => '_',
            })
            .collect();
        let user = self.variable(&format!("UV_INDEX_{upper}_USERNAME"));
        let password = self.variable(&format!("UV_INDEX_{upper}_PASSWORD"));
        (user.is_some() || password.is_some()).then(|| Login {
            user: user.unwrap_or_default().to_owned(),
            password: SecretString::from(password.unwrap_or_default().to_owned()),
        })
    }

    fn of_variables(&self) -> [Indexes; 2] {
        let index = |address: &str, name: &str| Index {
            address: address.to_owned(),
            place: name.to_owned(),
            name: None,
            writer: Writer::User,
        };
        let main = |name: &str| self.variable(name).map(|address| index(address, name));
        let listed = |name: &str| -> Vec<Index> {
            let words = self.variable(name).unwrap_or_default().split_whitespace();
            let named = words.map(|word| match word.split_once('=') {
                Some((called, address)) if address.contains("://") && !called.contains(':') => Index {
                    name: Some(called.to_owned()),
                    ..index(address, name)
                },
                Some(_) | None => index(word, name),
            });
            named.collect()
        };
        let of_uv = main("UV_DEFAULT_INDEX").or_else(|| main("UV_INDEX_URL"));
        let mut further = listed("UV_INDEX");
        further.extend(listed("UV_EXTRA_INDEX_URL"));
        [
            Indexes {
                main: main("PIP_INDEX_URL"),
                further: listed("PIP_EXTRA_INDEX_URL"),
            },
            Indexes { main: of_uv, further },
        ]
    }

    /// pip's, the first of which wins (`pip._internal.configuration` of pip 26): with `PIP_CONFIG_FILE` the user's are not
    /// read, and with that at the null device none.
    fn files_of_pip(&self) -> Vec<PathBuf> {
        let named = self.path("PIP_CONFIG_FILE");
        if named.as_deref() == Some(Path::new("/dev/null")) || named.as_deref() == Some(Path::new("nul")) {
            return Vec::new();
        }
        let mut files: Vec<PathBuf> = Vec::new();
        let has_named = named.is_some();
        files.extend(named);
        let name = if cfg!(windows) { "pip.ini" } else { "pip.conf" };
        files.extend(self.path("VIRTUAL_ENV").map(|folder| folder.join(name)));
        if !has_named {
            files.extend(self.config_folder().map(|folder| folder.join("pip").join(name)));
            let legacy = if cfg!(windows) { "pip" } else { ".pip" };
            files.extend(self.home().map(|home| home.join(legacy).join(name)));
        }
        if cfg!(windows) {
            files.extend(
                self.path("PROGRAMDATA")
                    .map(|folder| folder.join("pip").join(name)),
            );
        } else {
            let folders = self.variable("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
            files.extend(std::env::split_paths(folders).map(|folder| folder.join("pip").join(name)));
            files.push(PathBuf::from("/etc/pip.conf"));
        }
        files
    }

    fn files_of_uv(&self) -> Vec<PathBuf> {
        if let Some(named) = self.path("UV_CONFIG_FILE") {
            return vec![named];
        }
        let user = self.config_folder().map(|folder| folder.join("uv/uv.toml"));
        let machine = (!cfg!(windows)).then(|| PathBuf::from("/etc/uv/uv.toml"));
        user.into_iter().chain(machine).collect()
    }

    fn config_folder(&self) -> Option<PathBuf> {
        if cfg!(windows) {
            return self.path("APPDATA");
        }
        let set = self.path("XDG_CONFIG_HOME");
        set.or_else(|| Some(self.home()?.join(".config")))
    }

    fn home(&self) -> Option<PathBuf> {
        self.path("HOME").or_else(|| self.path("USERPROFILE"))
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name).map(PathBuf::from)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn read(&mut self, path: &Path) -> Option<String> {
        let file = ConfigFile::read(path, "pip", &mut self.notes);
        file.map(|file| file.text)
    }
}

/// What a file of the project sets, by its name.
fn of_project(file: &ConfigFile) -> Indexes {
    let ConfigFile { place, text } = file;
    let name = place.rsplit(['/', '\\']).next().unwrap_or_default();
    match name {
        "uv.toml" => of_uv(toml::read(text).root(), place, Writer::Project),
        "pyproject.toml" => {
            let document = toml::read(text);
            let tool = document.root().get("tool");
            let of = |name: &str| tool.and_then(|tool| tool.get(name));
            let uv = of("uv").map(|uv| of_uv(uv, place, Writer::Project));
            let uv = uv.filter(|indexes| indexes.main.is_some() || !indexes.further.is_empty());
            let sources = |name: &str| of(name).and_then(|tool| tool.get("source"));
            uv.unwrap_or_else(|| match of("poetry") {
                Some(_) => of_sources(sources("poetry"), place),
                None => of_pdm(sources("pdm"), place),
            })
        }
        "Pipfile" => of_sources(toml::read(text).root().get("source"), place),
        _ => {
            let index = |address: String| Index {
                address,
                place: place.clone(),
                name: None,
                writer: Writer::Project,
            };
            let (main, further) = pins::indexes(text);
            Indexes {
                main: main.map(index),
                further: further.into_iter().map(index).collect(),
            }
        }
    }
}

fn of_pip(text: &str, place: &str) -> Indexes {
    let mut indexes = Indexes::default();
    // What is set for `pip install` counts before what is set for all commands.
    for section in ["global", "install"] {
        for (key, value) in ini::section(text, section) {
            let mut listed = value.split_whitespace().map(|address| Index {
                address: address.to_owned(),
                place: place.to_owned(),
                name: None,
                writer: Writer::User,
            });
            match key.as_str() {
                "index-url" => indexes.main = listed.next_back().or(indexes.main),
                "extra-index-url" => indexes.further = listed.collect(),
                _ => {}
            }
        }
    }
    indexes
}

/// uv's settings: `[[index]]`, of which one may be the default, `index-url` and `extra-index-url`.
fn of_uv(settings: Value<'_>, place: &str, writer: Writer) -> Indexes {
    let mut indexes = Indexes::default();
    let index = |address: &str, name: Option<String>| Index {
        address: address.to_owned(),
        place: place.to_owned(),
        name,
        writer,
    };
    for table in settings.get("index").into_iter().flat_map(Value::items) {
        let is = |key: &str| table.get(key).and_then(Value::as_bool).unwrap_or_default();
        let name = table.str("name").map(std::borrow::Cow::into_owned);
        // One that is explicit is for the packages alone that name it.
        let Some(address) = table.str("url").filter(|_| !is("explicit")) else {
            continue;
        };
        match is("default") {
            true => indexes.main = Some(index(&address, name)),
            false => indexes.further.push(index(&address, name)),
        }
    }
    for settings in [Some(settings), settings.get("pip")].into_iter().flatten() {
        if indexes.main.is_none() {
            indexes.main = settings.str("index-url").map(|address| index(&address, None));
        }
        let further = settings.get("extra-index-url").into_iter().flat_map(Value::items);
        let further = further.filter_map(Value::as_str);
        indexes
            .further
            .extend(further.map(|address| index(&address, None)));
    }
    indexes
}

/// The same of PDM: the index for all packages is the one called `pypi`, and all others are asked beside it.
fn of_pdm(list: Option<Value<'_>>, place: &str) -> Indexes {
    let tables = list.into_iter().flat_map(Value::items);
    let is_main = |table: &Value<'_>| table.str("name").as_deref() == Some("pypi");
    let (main, further): (Vec<Value<'_>>, Vec<Value<'_>>) = tables.partition(is_main);
    let index = |table: Value<'_>| {
        Some(Index {
            address: table.str("url")?.into_owned(),
            place: place.to_owned(),
            name: None,
            writer: Writer::Project,
        })
    };
    Indexes {
        main: main.into_iter().find_map(index),
        further: further.into_iter().filter_map(index).collect(),
    }
}

/// Tables that each name an index; the first is the one for all packages.
fn of_sources(list: Option<Value<'_>>, place: &str) -> Indexes {
    let tables = list.into_iter().flat_map(Value::items);
    let addresses = tables.filter(|table| table.str("priority").as_deref() != Some("explicit"));
    let mut addresses = addresses
        .filter_map(|table| table.str("url"))
        .map(|address| Index {
            address: address.into_owned(),
            place: place.to_owned(),
            name: None,
            writer: Writer::Project,
        });
    Indexes {
        main: addresses.next(),
        further: addresses.collect(),
    }
}
