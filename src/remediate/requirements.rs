//! `requirements.txt` and its kin, with the files that they include and those that they were compiled from.

use std::collections::BTreeSet;

use super::project::{Fixer, Project, ProjectFiles};
use crate::ecosystem::normalise;
use crate::lockfile::grammar::pep508;
use crate::lockfile::requirements::pins::{self, Entry, Header, Named};
use crate::lockfile::requirements::project::{Loaded, Role, gather, is_closed, wanted};
use crate::model::{Ecosystem, TreePath};
use crate::plan::python::{self, Asked, Edges, Extras, Language, Others, Pin, Platforms, Pythons};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::text::toml;

/// Plans requirements files.
pub struct Requirements;

impl Fixer for Requirements {
    fn format(&self) -> &'static str {
        "requirements.txt"
    }

    fn no_override(&self) -> Option<&'static str> {
        Some("pip overrides no range: a later version of what asks for it would help.")
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let loaded = gather(files.path, files.text, files.read);
        Ok(Box::new(RequirementsProject {
            configuration: configuration(files, &loaded),
            project: project(files, &loaded),
        }))
    }
}

struct RequirementsProject {
    configuration: Vec<ConfigFile>,
    project: python::Project,
}

impl Project for RequirementsProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, _: &str) -> Option<String> {
        None
    }

    fn likely_address(&self, _: &str) -> Option<String> {
        None
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        python::plan(&self.project, wishes, releases, bounds)
    }
}

/// The requirements files that name indexes, then uv's settings.
fn configuration(files: &ProjectFiles<'_>, loaded: &[Loaded]) -> Vec<ConfigFile> {
    let named = loaded.iter().filter(|loaded| match loaded.role {
        Role::Requirements | Role::Input => {
            let (index, further) = pins::indexes(&loaded.text);
            index.is_some() || !further.is_empty()
        }
        Role::Constraints | Role::Manifest => false,
    });
    let named = named.map(|loaded| ConfigFile {
        place: format!("{}/{}", files.root, loaded.path),
        text: loaded.text.clone(),
    });
    let settings = ["uv.toml", "pyproject.toml"];
    named
        .chain(settings.into_iter().filter_map(|name| files.configuration(name)))
        .collect()
}

fn project(files: &ProjectFiles<'_>, loaded: &[Loaded]) -> python::Project {
    let header = loaded
        .first()
        .map(|own| own.file.header.clone())
        .unwrap_or_default();
    let is_closed = is_closed(loaded);
    let entries = |role: Role| {
        let files = loaded.iter().filter(move |loaded| loaded.role == role);
        files.flat_map(|loaded| loaded.file.entries.iter().map(move |entry| (loaded, entry)))
    };
    // Which packages need which is said by a tool's comments, or as soon as one names a package.
    let says_why = entries(Role::Requirements).any(|(_, entry)| {
        let is_written = header.is_written_by_tool() && entry.via.is_some();
        is_written || packages(entry).next().is_some()
    });
    let open: BTreeSet<String> = entries(Role::Requirements)
        .filter(|(_, entry)| entry.version.is_none() && !entry.is_located)
        .map(|(_, entry)| entry.key())
        .collect();
    let mut pins: Vec<Pin> = entries(Role::Requirements)
        .filter(|(_, entry)| entry.version.is_some() || entry.is_located)
        .map(|(loaded, entry)| pin(loaded, entry, says_why))
        .collect();
    let mut asked = Vec::new();
    for (loaded, entry) in entries(Role::Constraints) {
        // A pin of a constraint is the version of a requirement that has none itself.
        match entry.version.is_some() && open.contains(&entry.key()) {
            true => pins.push(pin(loaded, entry, false)),
            false => asked.push(asked_by(loaded, entry, files.path)),
        }
    }
    asked.extend(entries(Role::Input).map(|(loaded, entry)| asked_by(loaded, entry, files.path)));
    for manifest in loaded.iter().filter(|loaded| loaded.role == Role::Manifest) {
        asked.extend(asked_by_manifest(manifest, files.path));
    }
    python::Project {
        pins,
        asked,
        others: match is_closed {
            true => Others::ComeIn,
            false => Others::AreFound,
        },
        platforms: match header.is_universal {
            true => Platforms::All,
            false => Platforms::One,
        },
        edges: Edges::Written,
        extras: Extras::PerhapsNot,
        published_before: None,
        python: python_of(&header, files),
        pythons: Pythons::Lowest,
        language: Language::Pep440,
        marker: marker_of(&header),
    }
}

fn pin(loaded: &Loaded, entry: &Entry, says_why: bool) -> Pin {
    let names: BTreeSet<String> = packages(entry).map(str::to_owned).collect();
    let via = entry.via.as_ref().filter(|_| says_why);
    let is_asked = via.is_some_and(|via| {
        let own = via.names.iter().any(|name| matches!(name, Named::Own(_)));
        own || names.is_empty()
    });
    Pin {
        place: loaded.place(entry),
        name: entry.key(),
        version: entry
            .version
            .as_ref()
            .map(|(version, _)| version.clone())
            .unwrap_or_default(),
        marker: entry.marker.clone(),
        extras: entry.extras.iter().map(|extra| normal(extra)).collect(),
        needed_by: via.map(|_| names),
        is_asked,
        fixed: entry.is_located.then_some("it does not come from an index"),
    }
}

/// The packages that need it, by the comments.
fn packages(entry: &Entry) -> impl Iterator<Item = &str> {
    let names = entry.via.iter().flat_map(|via| &via.names);
    names.filter_map(|name| match name {
        Named::Package(name) => Some(name.as_str()),
        Named::Own(_) => None,
    })
}

fn asked_by(loaded: &Loaded, entry: &Entry, lockfile: &TreePath) -> Asked {
    Asked {
        file: loaded.shown(lockfile),
        name: entry.key(),
        written: entry.name.clone(),
        range: entry.range.clone(),
        marker: entry.marker.clone(),
    }
}

fn asked_by_manifest(manifest: &Loaded, lockfile: &TreePath) -> Vec<Asked> {
    let all = wanted(&manifest.text);
    let asked = all.iter().filter_map(|wanted| {
        let text = &wanted.text;
        let read = pep508::read(text).ok()?;
        Some(Asked {
            file: manifest.shown(lockfile),
            name: normal(read.name.of(text)),
            written: read.name.of(text).to_owned(),
            range: read.range(text),
            marker: read.marker.map_or("", |marker| marker.of(text)).to_owned(),
        })
    });
    asked.collect()
}

/// The versions of Python that the file is for: that of its header, else those of the project beside it.
fn python_of(header: &Header, files: &ProjectFiles<'_>) -> Option<String> {
    if let Some(python) = &header.python {
        return Some(match header.is_universal {
            true => format!(">={python}"),
            false if python.split('.').count() > 2 => format!("=={python}"),
            false => format!("=={python}.*"),
        });
    }
    let text = files.beside("pyproject.toml")?;
    let document = toml::read(&text);
    let python = document.root().get("project")?.str("requires-python")?;
    Some(python.into_owned())
}

/// The platform that uv was told to compile for.
fn marker_of(header: &Header) -> String {
    let platform = header.option(&["--python-platform"]).unwrap_or_default();
    let system = if platform.contains("linux") {
        "linux"
    } else if platform.contains("windows") {
        "win32"
    } else if platform.contains("macos") || platform.contains("darwin") {
        "darwin"
    } else {
        return String::new();
    };
    format!("sys_platform == '{system}'")
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}
