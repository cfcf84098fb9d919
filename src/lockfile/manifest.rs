//! Manifests that ask for a lockfile: one without its lockfile is a partial gap.

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::HashSet;

use super::grammar::npm_workspaces::Workspaces;
use crate::model::TreePath;
use crate::text::{decode, json};

/// A manifest and the lockfiles of which one should lie beside it or above it (workspaces).
#[derive(Debug)]
pub struct ManifestKind {
    /// The manifest's file name.
    pub file_name: &'static str,
    /// A manifest without this text asks for nothing.
    pub needle: &'static str,
    /// Lockfiles that lock it, from the folder that they lock.
    pub locks: &'static [&'static str],
    /// Which lockfiles of folders above lock it.
    pub above: Above,
    /// How to make one, as a full instruction.
    pub hint: &'static str,
}

/// Which lockfiles of folders above lock a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Above {
    /// None: the tool looks in the manifest's own folder alone.
    Never,
    /// Those that name the folder of the manifest, as lockfiles of workspaces do. One whose format names no folders locks it
    /// where it is a workspace of the manifest beside that lockfile.
    Named,
    /// Any.
    Any,
}

/// Every manifest that is looked for.
pub static MANIFESTS: &[ManifestKind] = &[
    ManifestKind {
        file_name: "Cargo.toml",
        needle: "dependencies",
        locks: &["Cargo.lock"],
        above: Above::Any,
        hint: "Run `cargo generate-lockfile` and commit Cargo.lock.",
    },
    ManifestKind {
        file_name: "Gemfile",
        needle: "gem",
        locks: &["Gemfile.lock"],
        above: Above::Never,
        hint: "Run `bundle lock` and commit Gemfile.lock.",
    },
    ManifestKind {
        file_name: "Package.swift",
        needle: ".package(",
        locks: &["Package.resolved"],
        above: Above::Any,
        hint: "Run `swift package resolve` and commit Package.resolved.",
    },
    ManifestKind {
        file_name: "Pipfile",
        needle: "packages]",
        locks: &["Pipfile.lock"],
        above: Above::Never,
        hint: "Run `pipenv lock` and commit Pipfile.lock.",
    },
    ManifestKind {
        file_name: "Project.toml",
        needle: "[deps]",
        locks: &["Manifest.toml", "JuliaManifest.toml"],
        above: Above::Any,
        hint: "Run `julia --project -e 'using Pkg; Pkg.resolve()'` and commit Manifest.toml.",
    },
    ManifestKind {
        file_name: "build.gradle",
        needle: "ependencies",
        locks: &["gradle.lockfile", "gradle/verification-metadata.xml"],
        above: Above::Any,
        hint: "Turn on dependency locking, run `gradle dependencies --write-locks`, and commit gradle.lockfile.",
    },
    ManifestKind {
        file_name: "build.gradle.kts",
        needle: "ependencies",
        locks: &["gradle.lockfile", "gradle/verification-metadata.xml"],
        above: Above::Any,
        hint: "Turn on dependency locking, run `gradle dependencies --write-locks`, and commit gradle.lockfile.",
    },
    ManifestKind {
        file_name: "build.sbt",
        needle: "libraryDependencies",
        locks: &["build.sbt.lock"],
        above: Above::Any,
        hint: "Lock it with the plugin sbt-dependency-lock (`sbt dependencyLockWrite`), and commit build.sbt.lock.",
    },
    ManifestKind {
        file_name: "composer.json",
        needle: "\"require",
        locks: &["composer.lock"],
        above: Above::Never,
        hint: "Run `composer update --lock` and commit composer.lock.",
    },
    ManifestKind {
        file_name: "deno.json",
        needle: "\"imports\"",
        locks: &["deno.lock"],
        above: Above::Named,
        hint: "Run `deno install` and commit deno.lock.",
    },
    ManifestKind {
        file_name: "gems.rb",
        needle: "gem",
        locks: &["gems.locked"],
        above: Above::Never,
        hint: "Run `bundle lock` and commit gems.locked.",
    },
    ManifestKind {
        file_name: "gleam.toml",
        needle: "dependencies",
        locks: &["manifest.toml"],
        above: Above::Never,
        hint: "Run `gleam deps download` and commit manifest.toml.",
    },
    ManifestKind {
        file_name: "mix.exs",
        needle: "deps",
        locks: &["mix.lock"],
        above: Above::Any,
        hint: "Run `mix deps.get` and commit mix.lock.",
    },
    ManifestKind {
        file_name: "package.json",
        needle: "ependencies\"",
        locks: &[
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "bun.lockb",
            "deno.lock",
            "vlt-lock.json",
            "common/config/rush/pnpm-lock.yaml",
            "common/config/subspaces/default/pnpm-lock.yaml",
        ],
        above: Above::Named,
        hint: "Run `npm install --package-lock-only` and commit package-lock.json.",
    },
    ManifestKind {
        file_name: "pubspec.yaml",
        needle: "dependencies:",
        locks: &["pubspec.lock"],
        above: Above::Any,
        hint: "Run `dart pub get` and commit pubspec.lock.",
    },
    ManifestKind {
        file_name: "pyproject.toml",
        needle: "dependencies",
        locks: &[
            "poetry.lock",
            "uv.lock",
            "pdm.lock",
            "pixi.lock",
            "pylock.toml",
            "Pipfile.lock",
            "requirements.txt",
        ],
        above: Above::Named,
        hint: "Run `uv lock` or `poetry lock` and commit the lockfile.",
    },
    ManifestKind {
        file_name: "rebar.config",
        needle: "{deps",
        locks: &["rebar.lock"],
        above: Above::Any,
        hint: "Run `rebar3 lock` and commit rebar.lock.",
    },
    ManifestKind {
        file_name: "setup.py",
        needle: "install_requires",
        locks: &[
            "poetry.lock",
            "uv.lock",
            "pdm.lock",
            "pylock.toml",
            "Pipfile.lock",
            "requirements.txt",
        ],
        above: Above::Any,
        hint: "Run `pip freeze` where it is installed, and commit the result as requirements.txt.",
    },
];

/// The row of the file at `path`. What is installed in `node_modules` asks for nothing by itself.
#[must_use]
pub fn row(path: &TreePath) -> Option<&'static ManifestKind> {
    let row = MANIFESTS
        .iter()
        .find(|row| row.file_name.as_bytes() == path.file_name())?;
    let is_installed = path.components().any(|folder| folder == b"node_modules");
    (!is_installed).then_some(row)
}

impl ManifestKind {
    /// One of its lockfiles locks `manifest`: `holds` says whether a path is one, and `read` gives the text of a file.
    pub fn is_locked(
        &self,
        manifest: &TreePath,
        holds: &dyn Fn(&TreePath) -> bool,
        names: &mut Names,
        read: &dyn Fn(&TreePath) -> Option<Arc<[u8]>>,
    ) -> bool {
        self.locking(manifest, holds, names, read).next().is_some()
    }

    /// The lockfiles that lock `manifest`, from its own folder upwards; where any of those above does, the nearest.
    pub fn locking<'a>(
        &'a self,
        manifest: &'a TreePath,
        holds: &'a dyn Fn(&TreePath) -> bool,
        names: &'a mut Names,
        read: &'a dyn Fn(&TreePath) -> Option<Arc<[u8]>>,
    ) -> impl Iterator<Item = TreePath> + 'a {
        let home = manifest.parent();
        let mut next = Some(home.clone());
        let folders = std::iter::from_fn(move || {
            let folder = next.take()?;
            if folder != TreePath::root() && self.above != Above::Never {
                next = Some(folder.parent());
            }
            Some(folder)
        });
        let mut nearest: Option<TreePath> = None;
        folders
            .flat_map(|folder| {
                let locks = self.locks.iter();
                locks.filter_map(move |lock| Some((folder.clone(), folder.join(lock)?)))
            })
            .filter(move |(folder, lock)| {
                if !holds(lock) {
                    return false;
                }
                let is_beside = *folder == home && lock.parent() == home;
                let locks = is_beside
                    || self.above == Above::Any
                    || names.have(lock, (folder, &home), manifest, read);
                let is_near =
                    self.above != Above::Any || nearest.as_ref().is_none_or(|nearest| nearest == folder);
                if locks && is_near {
                    nearest = Some(folder.clone());
                }
                locks && is_near
            })
            .map(|(_, lock)| lock)
    }
}

/// The words of lockfiles, among which are the folders that they lock. Each lockfile is read once.
#[derive(Default)]
pub struct Names(BTreeMap<TreePath, Words>);

/// What a lockfile names.
enum Words {
    /// Every word in it.
    All(HashSet<Box<[u8]>>),
    /// No folders; the workspaces of the manifest beside it are locked, too.
    NoFolders(Workspaces),
    /// It cannot be read: it may name anything.
    Unknown,
}

impl Names {
    /// The lockfile at `lock`, which locks `top`, names the folder `home` of `manifest`.
    fn have(
        &mut self,
        lock: &TreePath,
        (top, home): (&TreePath, &TreePath),
        manifest: &TreePath,
        read: &dyn Fn(&TreePath) -> Option<Arc<[u8]>>,
    ) -> bool {
        let words = self
            .0
            .entry(lock.clone())
            .or_insert_with(|| Words::of(lock, top, manifest, read));
        let below = |folder: &TreePath| -> Option<Vec<u8>> {
            let rest = home.as_bytes().strip_prefix(folder.as_bytes())?;
            Some(rest.strip_prefix(b"/").unwrap_or(rest).to_vec())
        };
        match words {
            Words::Unknown => true,
            Words::NoFolders(workspaces) => {
                let folder = below(top).and_then(|folder| String::from_utf8(folder).ok());
                workspaces.cut.is_some() || folder.is_some_and(|folder| workspaces.contains(&folder))
            }
            Words::All(words) => {
                let ups = lock
                    .parent()
                    .components()
                    .count()
                    .saturating_sub(top.components().count());
                // Rush installs in another folder than the one that keeps the lockfile.
                below(top).is_some_and(|rest| {
                    let name = |ups: usize| [b"../".repeat(ups), rest.clone()].concat();
                    (ups.min(1)..=ups).any(|ups| words.contains(name(ups).as_slice()))
                })
            }
        }
    }
}

impl Words {
    fn of(
        lock: &TreePath,
        top: &TreePath,
        manifest: &TreePath,
        read: &dyn Fn(&TreePath) -> Option<Arc<[u8]>>,
    ) -> Self {
        let Some(text) = read(lock) else {
            return Self::Unknown;
        };
        let is_classic = memchr::memmem::find(&text, b"# yarn lockfile v1").is_some();
        let names_none = [
            &b"requirements.txt"[..],
            b"Pipfile.lock",
            b"pylock.toml",
            b"bun.lockb",
        ];
        if is_classic {
            let beside = top.join(manifest.file_name()).and_then(|path| read(&path));
            let text = beside.map(|text| decode::decode(&text).text.into_owned());
            let document = json::read(text.as_deref().unwrap_or_default());
            return Self::NoFolders(Workspaces::of(document.root().get("workspaces")));
        }
        if names_none.contains(&lock.file_name()) {
            return Self::Unknown;
        }
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`:,{}[]()@;".contains(byte);
        let words = text.split(is_end).filter(|word| !word.is_empty());
        Self::All(
            words
                .map(|word| word.strip_prefix(b"./").unwrap_or(word).into())
                .collect(),
        )
    }
}
