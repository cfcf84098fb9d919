//! Whether a lockfile still fits the manifests that it locks, after these changed without it.
//!
//! A carried commit changes manifests, and lockfiles are planned anew: for what advisories are about, and not for what else a manifest asks for now. Of
//! npm and Cargo a change fits where the lockfile has one version of the package and that is in the range. Other lockfiles repeat what is asked for, or
//! have a hash of it, and fit no other manifest than the one that they were made with.

use std::collections::BTreeMap;

use crate::text::tree::{Kind, Value};
use crate::text::{json, toml};
use crate::version::range::RangeSyntax;
use crate::version::range::cargo::Cargo;
use crate::version::range::npm::Npm;

/// A manifest: its name, the names of the lockfiles that are made with it, and how it says what is asked for.
type Manifest = (&'static str, &'static [&'static str], Reader);

const PACKAGE_JSON: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "deno.lock",
];
const PYPROJECT: &[&str] = &[
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
    "requirements.txt",
];

const MANIFESTS: [Manifest; 10] = [
    ("package.json", PACKAGE_JSON, package_json),
    ("Cargo.toml", &["Cargo.lock"], cargo_toml),
    ("pyproject.toml", PYPROJECT, pyproject),
    ("composer.json", &["composer.lock"], composer_json),
    ("Pipfile", &["Pipfile.lock"], whole),
    ("Gemfile", &["Gemfile.lock"], whole),
    ("go.mod", &["go.sum"], whole),
    ("pubspec.yaml", &["pubspec.lock"], whole),
    ("mix.exs", &["mix.lock"], whole),
    ("pnpm-workspace.yaml", &["pnpm-lock.yaml"], whole),
];

type Reader = fn(&str) -> Asked;

/// What a manifest asks for: a text by where it stands in it.
type Asked = BTreeMap<Vec<String>, String>;

/// The file of this name says what a lockfile locks.
#[must_use]
pub fn is_manifest(name: &str) -> bool {
    MANIFESTS.iter().any(|(manifest, ..)| *manifest == name)
}

/// How the manifest called `name` is read, if the lockfile called `lockfile` is made with it: `dev.txt` with `dev.in`, too, as pip-compile
/// and uv name them.
fn reader(name: &str, lockfile: &str) -> Option<Reader> {
    let is_input = name.strip_suffix(".in");
    if is_input.is_some_and(|stem| lockfile.strip_suffix(".txt") == Some(stem)) {
        return Some(whole);
    }
    let is_its = |(manifest, lockfiles, _): &&Manifest| *manifest == name && lockfiles.contains(&lockfile);
    MANIFESTS.iter().find(is_its).map(|(.., reader)| *reader)
}

/// The lockfile called `lockfile` is made with the manifest called `name`.
#[must_use]
pub fn is_made_with(lockfile: &str, name: &str) -> bool {
    reader(name, lockfile).is_some()
}

/// A manifest before and after.
#[derive(Debug, Clone, Copy)]
pub struct Change<'c> {
    /// The name of the file.
    pub name: &'c str,
    /// What it was; nothing where it is new.
    pub before: &'c str,
    /// What it is; nothing where it is gone.
    pub after: &'c str,
}

/// The lockfile called `lockfile` fits a manifest with `change` as well as it fitted the old one. `versions` are those that it locks of a package.
#[must_use]
pub fn fits(change: Change<'_>, lockfile: &str, versions: impl Fn(&str) -> Vec<String>) -> bool {
    let Some(read) = reader(change.name, lockfile) else {
        return true;
    };
    let (before, after) = (read(change.before), read(change.after));
    if before == after {
        return true;
    }
    let syntax: &dyn RangeSyntax = match (change.name, lockfile) {
        ("package.json", "package-lock.json" | "npm-shrinkwrap.json") => &Npm,
        ("Cargo.toml", "Cargo.lock") => &Cargo,
        _ => return false,
    };
    let is_there = |(place, range): (&Vec<String>, &String)| {
        let Some(name) = requirement(place) else {
            return false;
        };
        let locked = versions(name);
        let [version] = locked.as_slice() else {
            return false;
        };
        syntax.contains(range, version) == Ok(true)
    };
    let is_gone = before.keys().any(|place| !after.contains_key(place));
    let mut changed = after
        .iter()
        .filter(|(place, range)| before.get(*place) != Some(*range));
    !is_gone && changed.all(is_there)
}

/// The package of which the text at `place` is the range.
fn requirement(place: &[String]) -> Option<&str> {
    const TABLES: [&str; 5] = [
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "dev-dependencies",
        "build-dependencies",
    ];
    let at = place.iter().position(|part| TABLES.contains(&part.as_str()))?;
    match place.get(at + 1..)? {
        [name] => Some(name),
        [name, key] if key == "version" => Some(name),
        _ => None,
    }
}

/// Every text below `value`.
fn flat(value: Value<'_>, place: &mut Vec<String>, all: &mut Asked) {
    match value.kind() {
        Kind::Object => {
            for (key, inner) in value.entries() {
                place.push(key.into_owned());
                flat(inner, place, all);
                place.pop();
            }
        }
        Kind::Array => {
            for (number, inner) in value.items().enumerate() {
                place.push(number.to_string());
                flat(inner, place, all);
                place.pop();
            }
        }
        _ => {
            let text = value.as_str().unwrap_or_else(|| value.raw().into());
            all.insert(place.clone(), text.into_owned());
        }
    }
}

fn of(root: Value<'_>, is_asked: impl Fn(&[String]) -> bool) -> Asked {
    let mut all = Asked::new();
    flat(root, &mut Vec::new(), &mut all);
    all.retain(|place, _| is_asked(place));
    all
}

fn begins(place: &[String], starts: &[&[&str]]) -> bool {
    let mut starts = starts.iter();
    starts.any(|start| place.len() >= start.len() && start.iter().zip(place).all(|(one, part)| one == part))
}

fn package_json(text: &str) -> Asked {
    const ASKED: [&[&str]; 9] = [
        &["dependencies"],
        &["devDependencies"],
        &["optionalDependencies"],
        &["peerDependencies"],
        &["peerDependenciesMeta"],
        &["overrides"],
        &["resolutions"],
        &["pnpm"],
        &["workspaces"],
    ];
    of(json::read(text).root(), |place| begins(place, &ASKED))
}

fn cargo_toml(text: &str) -> Asked {
    of(toml::read(text).root(), |place| {
        let is_table = |part: &String| part == "dependencies" || part.ends_with("-dependencies");
        let is_feature = place
            .iter()
            .any(|part| part == "features" || part == "default-features");
        place.iter().any(is_table) && !is_feature
            || begins(place, &[&["patch"], &["replace"], &["workspace", "members"]])
    })
}

fn pyproject(text: &str) -> Asked {
    const ASKED: [&[&str]; 10] = [
        &["project", "dependencies"],
        &["project", "optional-dependencies"],
        &["project", "requires-python"],
        &["dependency-groups"],
        &["tool", "poetry", "dependencies"],
        &["tool", "poetry", "dev-dependencies"],
        &["tool", "poetry", "group"],
        &["tool", "poetry", "extras"],
        &["tool", "uv"],
        &["tool", "pdm"],
    ];
    of(toml::read(text).root(), |place| begins(place, &ASKED))
}

fn composer_json(text: &str) -> Asked {
    // What goes into its `content-hash`.
    const ASKED: [&[&str]; 9] = [
        &["require"],
        &["require-dev"],
        &["conflict"],
        &["replace"],
        &["provide"],
        &["minimum-stability"],
        &["prefer-stable"],
        &["repositories"],
        &["extra"],
    ];
    of(json::read(text).root(), |place| {
        begins(place, &ASKED) || begins(place, &[&["config", "platform"]])
    })
}

fn whole(text: &str) -> Asked {
    Asked::from([(Vec::new(), text.to_owned())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, before: &str, after: &str, lockfile: &str) -> bool {
        let change = Change { name, before, after };
        fits(change, lockfile, |package| match package {
            "a" => vec!["1.2.0".to_owned()],
            "two" => vec!["1.0.0".to_owned(), "2.0.0".to_owned()],
            _ => Vec::new(),
        })
    }

    #[test]
    fn npm_and_cargo_fit_where_the_locked_version_is_in_range() {
        let package = |range: &str, more: &str| {
            format!(r#"{{"version": "1", "dependencies": {{"a": "{range}"{more}}}}}"#)
        };
        for (range, more, yes) in [
            ("^1.0.0", "", true),
            ("^1.2.0", "", true),
            ("^1.3.0", "", false),
            ("^1.0.0", r#", "b": "^1.0.0""#, false),
            ("^1.0.0", r#", "two": "^1.0.0""#, false),
        ] {
            let (before, after) = (package("^1.0.0", ""), package(range, more));
            assert_eq!(
                with("package.json", &before, &after, "package-lock.json"),
                yes,
                "{range}{more}"
            );
            // These say what is asked for.
            let others = before == after;
            for lockfile in ["yarn.lock", "pnpm-lock.yaml", "bun.lock"] {
                assert_eq!(
                    with("package.json", &before, &after, lockfile),
                    others,
                    "{range}{more}"
                );
            }
        }
        assert!(!with(
            "package.json",
            &package("^1.0.0", ""),
            r#"{"version": "1"}"#,
            "package-lock.json"
        ));
        let crates = |more: &str| format!("[package]\nname = \"x\"\n[dependencies]\na = \"1\"\n{more}");
        for (more, yes) in [
            ("", true),
            ("[lints.rust]\nunsafe_code = \"deny\"\n", true),
            (
                "[dev-dependencies.a]\nversion = \"1.1\"\nfeatures = [\"x\"]\n",
                true,
            ),
            ("b = \"1\"\n", false),
            ("[target.'cfg(unix)'.dependencies]\na = \"2\"\n", false),
            ("[patch.crates-io]\na = {path = \"a\"}\n", false),
        ] {
            assert_eq!(
                with("Cargo.toml", &crates(""), &crates(more), "Cargo.lock"),
                yes,
                "{more}"
            );
        }
    }

    #[test]
    fn others_fit_where_nothing_else_is_asked_for() {
        let project = |version: &str, need: &str| {
            format!("[project]\nversion = \"{version}\"\ndependencies = [\"{need}\"]\n")
        };
        let one = project("1", "a>=1");
        for (name, before, after, lockfile, yes) in [
            (
                "pyproject.toml",
                one.clone(),
                project("2", "a>=1"),
                "uv.lock",
                true,
            ),
            (
                "pyproject.toml",
                one.clone(),
                project("1", "a>=1.1"),
                "uv.lock",
                false,
            ),
            (
                "pyproject.toml",
                one,
                project("1", "a>=1.1"),
                "poetry.lock",
                false,
            ),
            (
                "requirements.in",
                "a\n".to_owned(),
                "a>=1\n".to_owned(),
                "requirements.txt",
                false,
            ),
            (
                "Gemfile",
                "gem 'a'\n".to_owned(),
                "gem 'a'\n".to_owned(),
                "Gemfile.lock",
                true,
            ),
            // These have nothing to do with each other.
            ("main.py", "a".to_owned(), "b".to_owned(), "uv.lock", true),
            (
                "config.h.in",
                "a".to_owned(),
                "b".to_owned(),
                "requirements.txt",
                true,
            ),
            (
                "package.json",
                r#"{"dependencies": {}}"#.to_owned(),
                r#"{"dependencies": {"b": "1"}}"#.to_owned(),
                "Cargo.lock",
                true,
            ),
            (
                "Gemfile",
                "a".to_owned(),
                "b".to_owned(),
                "package-lock.json",
                true,
            ),
        ] {
            assert_eq!(with(name, &before, &after, lockfile), yes, "{name}");
        }
    }
}
