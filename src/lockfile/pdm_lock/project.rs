//! What a `pyproject.toml` asks for as PDM counts it: each requirement with the groups that bring it.
//!
//! Groups are `default` (`[project] dependencies`), the extras of the project, and those of `[dependency-groups]` and
//! `[tool.pdm.dev-dependencies]`. A group includes others by `include-group`, or by an extra that the project asks for of itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::ecosystem::normalise;
use crate::lockfile::grammar::pep508;
use crate::lockfile::grammar::pyproject::Wish;
use crate::model::Ecosystem;
use crate::text::toml;
use crate::text::tree::Value;

/// The group of what the project needs anyway.
pub const DEFAULT: &str = "default";

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    /// What it asks for.
    pub asked: Vec<Asked>,
    /// Names, normalised, of packages whose version it decides itself, whatever others ask for.
    pub overridden: BTreeSet<String>,
    /// Names, normalised, of packages that are left out.
    pub excluded: BTreeSet<String>,
    /// The versions of Python that it runs on; empty where it does not say.
    pub python: String,
}

/// A requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The package, normalised.
    pub name: String,
    /// The name as written.
    pub written: String,
    /// The extras that are asked for, normalised.
    pub extras: BTreeSet<String>,
    /// Specifiers without white space; empty for any version.
    pub range: String,
    /// Its marker; empty for none.
    pub marker: String,
    /// The groups that bring it.
    pub groups: BTreeSet<String>,
    /// It comes from an address, a folder or a repository.
    pub is_located: bool,
}

/// The lists of a project, by the group.
#[derive(Default)]
struct Lists {
    texts: Vec<(String, String)>,
    includes: BTreeMap<String, BTreeSet<String>>,
}

/// Reads the text of a `pyproject.toml`; `None` where it is no project.
#[must_use]
pub fn read_text(text: &str) -> Option<Project> {
    let document = toml::read(text);
    let root = document.root();
    let project = root.get("project")?;
    let own = project.str("name").map(|name| normal(&name)).unwrap_or_default();
    let mut lists = Lists::default();
    lists.add(DEFAULT, project.get("dependencies"), &own);
    let pdm = root.get("tool").and_then(|tool| tool.get("pdm"));
    let of_pdm = |key: &str| pdm.and_then(|pdm| pdm.get(key));
    let tables = [
        project.get("optional-dependencies"),
        root.get("dependency-groups"),
        of_pdm("dev-dependencies"),
    ];
    for (group, list) in tables.into_iter().flatten().flat_map(Value::entries) {
        lists.add(&normal(&group), Some(list), &own);
    }
    let resolution = of_pdm("resolution");
    let of_resolution = |key: &str| resolution.and_then(|resolution| resolution.get(key));
    let excluded = of_resolution("excludes").into_iter().flat_map(Value::items);
    let overridden = of_resolution("overrides").into_iter().flat_map(Value::entries);
    Some(Project {
        asked: lists.asked(),
        overridden: overridden.map(|(name, _)| normal(&name)).collect(),
        excluded: excluded
            .filter_map(Value::as_str)
            .map(|name| normal(&name))
            .collect(),
        python: project.str("requires-python").unwrap_or_default().into_owned(),
    })
}

impl Lists {
    fn add(&mut self, group: &str, list: Option<Value<'_>>, own: &str) {
        let includes = self.includes.entry(group.to_owned()).or_default();
        for item in list.into_iter().flat_map(Value::items) {
            if let Some(included) = item.str("include-group") {
                includes.insert(normal(&included));
            }
            let Some(text) = item.as_str() else { continue };
            match Wish::read(&text).filter(|wish| !own.is_empty() && wish.name == own) {
                Some(wish) => includes.extend(wish.extras),
                None => self.texts.push((group.to_owned(), text.into_owned())),
            }
        }
    }

    fn asked(&self) -> Vec<Asked> {
        let mut bringing: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for group in self.includes.keys() {
            let mut open = vec![group.as_str()];
            let mut seen: BTreeSet<&str> = BTreeSet::new();
            while let Some(next) = open.pop() {
                if seen.insert(next) {
                    bringing.entry(next).or_default().insert(group.clone());
                    open.extend(self.includes.get(next).into_iter().flatten().map(String::as_str));
                }
            }
        }
        let texts = self.texts.iter();
        texts
            .filter_map(|(group, text)| {
                let groups = bringing.get(group.as_str()).cloned().unwrap_or_default();
                asked(text, groups)
            })
            .collect()
    }
}

fn asked(text: &str, groups: BTreeSet<String>) -> Option<Asked> {
    let wish = Wish::read(text)?;
    let read = pep508::read(text).ok();
    let marker = read.as_ref().and_then(|read| read.marker);
    Some(Asked {
        written: read
            .as_ref()
            .map_or(wish.name.as_str(), |read| read.name.of(text))
            .to_owned(),
        name: wish.name,
        extras: wish.extras.into_iter().collect(),
        range: wish.range,
        marker: marker.map_or("", |marker| marker.of(text)).to_owned(),
        groups,
        is_located: read.is_none_or(|read| read.address.is_some()),
    })
}

fn normal(name: &str) -> String {
    normalise(&Ecosystem::PYPI, name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_have_the_groups_that_bring_them() {
        let project = read_text(
            "[project]\nname = \"Own\"\ndependencies = [\"A.b >=1, <2; os_name == 'nt'\", \"own[cli]\"]\n\
             [project.optional-dependencies]\ncli = [\"c[X]\"]\n\
             [dependency-groups]\nDev = [\"d\", {include-group = \"lint\"}]\nlint = [\"e\", {include-group = \"dev\"}]\n\
             [tool.pdm.dev-dependencies]\ntest = [\"-e file:///${PROJECT_ROOT}/libs/mine#egg=mine\"]\n\
             [tool.pdm.resolution]\nexcludes = [\"Left_out\"]\noverrides = {Idna = \"3.7\"}\n",
        )
        .expect("a project");
        let shown: Vec<String> = project
            .asked
            .iter()
            .map(|asked| {
                let groups: Vec<&str> = asked.groups.iter().map(String::as_str).collect();
                let extras: Vec<&str> = asked.extras.iter().map(String::as_str).collect();
                let located = if asked.is_located { " located" } else { "" };
                format!(
                    "{} {} [{}] {} {} {}{located}",
                    asked.written,
                    asked.name,
                    extras.join(","),
                    asked.range,
                    asked.marker,
                    groups.join(",")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "A.b a-b [] >=1,<2 os_name == 'nt' default",
                "c c [x]   cli,default",
                "d d []   dev,lint",
                "e e []   dev,lint",
                "mine mine []   test located",
            ]
        );
        assert!(project.excluded.contains("left-out") && project.overridden.contains("idna"));
        assert_eq!(read_text("[build-system]\n"), None);
    }
}
