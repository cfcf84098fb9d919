//! The release of its package manager that a project pins: the one whose opinion of a lockfile counts.
//!
//! npm: `packageManager` and `devEngines.packageManager` of `package.json` (`engines.npm` is advice to those who install, and no pin). Poetry:
//! `requires-poetry` in `[tool.poetry]`. Rust: `channel` of `rust-toolchain.toml` or `rust-toolchain`, where it is a number. Maven: the
//! distribution of the wrapper. `go` and `uv` refuse a project that pins another release by themselves, and pipenv knows no pin.

use crate::model::TreePath;
use crate::sys::program::Tool;
use crate::text::tree::Value;
use crate::text::{json, toml};
use crate::version::range::RangeSyntax as _;
use crate::version::range::npm::Npm;
use crate::version::range::pep440::Pep440;

/// A release, or a range of such, that a project pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Where it does, as a person reads it: `packageManager in package.json`.
    pub place: String,
    /// What it pins, as written there.
    pub release: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Npm,
    Python,
    /// The release, or with fewer numbers each that begins so.
    Exact,
}

impl Pinned {
    /// `version` is what is pinned. What cannot be read pins nothing.
    #[must_use]
    pub fn allows(&self, version: &str) -> bool {
        match self.kind {
            Kind::Npm => Npm.contains(&self.release, version).unwrap_or(true),
            Kind::Python => Pep440.contains(&self.release, version).unwrap_or(true),
            Kind::Exact => {
                let more = version.strip_prefix(self.release.as_str());
                more.is_some_and(|more| more.is_empty() || more.starts_with(['.', '-']))
            }
        }
    }
}

/// What the project in `folder` pins of `tool`; the files of folders above count too, where the tool looks there.
pub fn pinned(tool: Tool, folder: &TreePath, read: &dyn Fn(&TreePath) -> Option<String>) -> Option<Pinned> {
    match tool {
        Tool::Npm => npm(&read(&folder.join("package.json")?)?),
        Tool::Poetry => poetry(&read(&folder.join("pyproject.toml")?)?),
        Tool::Cargo => {
            let mut folders = std::iter::once(folder.clone()).chain(folder.above());
            folders.find_map(|folder| {
                let found = |name: &str| Some((name.to_owned(), read(&folder.join(name)?)?));
                let (name, text) = found("rust-toolchain").or_else(|| found("rust-toolchain.toml"))?;
                rust(&name, &text)
            })
        }
        Tool::Maven => {
            let name = ".mvn/wrapper/maven-wrapper.properties";
            let mut folders = std::iter::once(folder.clone()).chain(folder.above());
            folders.find_map(|folder| maven(name, &read(&folder.join(name)?)?))
        }
        Tool::Go | Tool::Pipenv | Tool::Uv => None,
    }
}

/// The field of a `package.json` that pins the package manager called `name`, and the release, or the range of such.
pub(super) fn package_manager(manifest: Value<'_>, name: &str) -> Option<(&'static str, String)> {
    if let Some(manager) = manifest.str("packageManager") {
        // A hash may follow.
        let release = manager.strip_prefix(name)?.strip_prefix('@')?.split('+').next()?;
        return Some(("packageManager", release.to_owned()));
    }
    let engine = manifest.get("devEngines")?.get("packageManager")?;
    let mut engines = std::iter::once(engine).chain(engine.items());
    let is_it = |engine: &Value<'_>| engine.str("name").as_deref() == Some(name);
    Some(("devEngines", engines.find(is_it)?.str("version")?.into_owned()))
}

fn npm(manifest: &str) -> Option<Pinned> {
    let document = json::read(manifest);
    let (field, release) = package_manager(document.root(), "npm")?;
    Some(Pinned {
        place: format!("`{field}` in package.json"),
        release,
        kind: Kind::Npm,
    })
}

fn poetry(manifest: &str) -> Option<Pinned> {
    let document = toml::read(manifest);
    let release = document
        .root()
        .get("tool")?
        .get("poetry")?
        .str("requires-poetry")?
        .into_owned();
    Some(Pinned {
        place: "`requires-poetry` in pyproject.toml".to_owned(),
        release,
        kind: Kind::Python,
    })
}

fn rust(name: &str, text: &str) -> Option<Pinned> {
    let document = toml::read(text);
    let channel = document
        .root()
        .get("toolchain")
        .and_then(|toolchain| toolchain.str("channel"));
    let channel = match &channel {
        Some(channel) => channel,
        // The old form is the channel alone.
        None => text.trim(),
    };
    let is_number = channel.starts_with(|first: char| first.is_ascii_digit());
    let is_plain = channel
        .chars()
        .all(|letter| letter.is_ascii_digit() || letter == '.');
    (is_number && is_plain).then(|| Pinned {
        place: name.to_owned(),
        release: channel.to_owned(),
        kind: Kind::Exact,
    })
}

fn maven(name: &str, text: &str) -> Option<Pinned> {
    let address = text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "distributionUrl").then_some(value.trim())
    })?;
    let (_, file) = address.rsplit_once("/apache-maven-")?;
    let release = file.split("-bin").next().filter(|release| !release.is_empty())?;
    Some(Pinned {
        place: name.to_owned(),
        release: release.to_owned(),
        kind: Kind::Exact,
    })
}

/// The version in what a tool writes for `--version`: `Poetry (version 2.1.3)`, `cargo 1.95.0 (f2d3ce0bd 2026-03-21)`, `11.19.1`.
#[must_use]
pub fn version_in(text: &str) -> Option<&str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || ".-+".contains(letter);
    let mut words = text.split(|letter: char| !is_part(letter));
    words.find(|word| {
        word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.') && !word.ends_with('.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(tool: Tool, folder: &str, files: &[(&str, &str)]) -> Option<Pinned> {
        let folder = TreePath::root().join(folder).expect("a path");
        pinned(tool, &folder, &|path| {
            let path = path.to_string();
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn pins_are_where_each_tool_has_them() {
        let engines = r#"{"devEngines": {"packageManager": [{"name": "yarn", "version": "4"}, {"name": "npm", "version": "^10.2"}]}}"#;
        for (tool, file, text, release, yes, no) in [
            (
                Tool::Npm,
                "a/package.json",
                r#"{"packageManager": "npm@10.2.0+sha512.ab"}"#,
                "10.2.0",
                "10.2.0",
                "10.2.1",
            ),
            (Tool::Npm, "a/package.json", engines, "^10.2", "10.9.0", "11.0.0"),
            (
                Tool::Poetry,
                "a/pyproject.toml",
                "[tool.poetry]\nrequires-poetry = \">=2.0,<3\"\n",
                ">=2.0,<3",
                "2.1.3",
                "1.8.5",
            ),
            (
                Tool::Cargo,
                "a/rust-toolchain.toml",
                "[toolchain]\nchannel = \"1.80\"\n",
                "1.80",
                "1.80.1",
                "1.8.0",
            ),
            (
                Tool::Cargo,
                "rust-toolchain",
                "1.79.0\n",
                "1.79.0",
                "1.79.0",
                "1.79.1",
            ),
            (
                Tool::Maven,
                ".mvn/wrapper/maven-wrapper.properties",
                "wrapperVersion=3.3.2\ndistributionUrl=https://registry.example/apache-maven/3.9.6/apache-maven-3.9.6-bin.zip\n",
                "3.9.6",
                "3.9.6",
                "3.9.60",
            ),
        ] {
            let found = of(tool, "a", &[(file, text)]).expect(file);
            assert_eq!(found.release, release);
            assert!(found.allows(yes) && !found.allows(no), "{found:?}");
        }
        for (tool, file, text) in [
            (
                Tool::Npm,
                "a/package.json",
                r#"{"packageManager": "pnpm@9.0.0", "engines": {"npm": "9"}}"#,
            ),
            (Tool::Npm, "package.json", r#"{"packageManager": "npm@9.0.0"}"#),
            (
                Tool::Cargo,
                "rust-toolchain.toml",
                "[toolchain]\nchannel = \"stable\"\n",
            ),
            (Tool::Cargo, "rust-toolchain", "nightly-2025-01-01"),
            (Tool::Poetry, "a/pyproject.toml", "[tool.poetry]\nname = \"a\"\n"),
            (
                Tool::Uv,
                "a/pyproject.toml",
                "[tool.uv]\nrequired-version = \"1\"\n",
            ),
        ] {
            assert_eq!(of(tool, "a", &[(file, text)]), None, "{text}");
        }
    }

    #[test]
    fn the_version_stands_in_what_a_tool_says() {
        for (text, version) in [
            ("11.19.1\n", Some("11.19.1")),
            ("cargo 1.95.0 (f2d3ce0bd 2026-03-21)", Some("1.95.0")),
            ("Poetry (version 2.1.3)", Some("2.1.3")),
            (
                "Apache Maven 3.9.6 (bc0240f3c744dd6b6ec2920b3cd08dcc295161ae)",
                Some("3.9.6"),
            ),
            ("cargo 1.81.0-nightly (1 2)", Some("1.81.0-nightly")),
            ("no version", None),
        ] {
            assert_eq!(version_in(text), version);
        }
    }
}
