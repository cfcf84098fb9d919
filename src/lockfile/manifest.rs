//! Manifests that ask for a lockfile: one without its lockfile is a partial gap.

use crate::model::TreePath;

/// A manifest and the lockfiles of which one should lie beside it or above it (workspaces).
#[derive(Debug)]
pub struct ManifestKind {
    /// The manifest's file name.
    pub file_name: &'static str,
    /// A manifest without this text asks for nothing.
    pub needle: &'static str,
    /// File names of the lockfiles that lock it.
    pub locks: &'static [&'static str],
    /// How to make one, as a full instruction.
    pub hint: &'static str,
}

/// Every manifest that is looked for.
pub static MANIFESTS: &[ManifestKind] = &[
    ManifestKind {
        file_name: "Cargo.toml",
        needle: "dependencies",
        locks: &["Cargo.lock"],
        hint: "Run `cargo generate-lockfile` and commit Cargo.lock.",
    },
    ManifestKind {
        file_name: "Gemfile",
        needle: "gem",
        locks: &["Gemfile.lock"],
        hint: "Run `bundle lock` and commit Gemfile.lock.",
    },
    ManifestKind {
        file_name: "Pipfile",
        needle: "packages]",
        locks: &["Pipfile.lock"],
        hint: "Run `pipenv lock` and commit Pipfile.lock.",
    },
    ManifestKind {
        file_name: "composer.json",
        needle: "\"require",
        locks: &["composer.lock"],
        hint: "Run `composer update --lock` and commit composer.lock.",
    },
    ManifestKind {
        file_name: "mix.exs",
        needle: "deps",
        locks: &["mix.lock"],
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
        ],
        hint: "Run `npm install --package-lock-only` and commit package-lock.json.",
    },
    ManifestKind {
        file_name: "pubspec.yaml",
        needle: "dependencies:",
        locks: &["pubspec.lock"],
        hint: "Run `dart pub get` and commit pubspec.lock.",
    },
    ManifestKind {
        file_name: "pyproject.toml",
        needle: "dependencies",
        locks: &[
            "poetry.lock",
            "uv.lock",
            "pdm.lock",
            "pylock.toml",
            "Pipfile.lock",
            "requirements.txt",
        ],
        hint: "Run `uv lock` or `poetry lock` and commit the lockfile.",
    },
];

/// The row of the file at `path`.
#[must_use]
pub fn row(path: &TreePath) -> Option<&'static ManifestKind> {
    MANIFESTS
        .iter()
        .find(|row| row.file_name.as_bytes() == path.file_name())
}

impl ManifestKind {
    /// One of its lockfiles is beside `manifest` or in a folder above it, as `holds` says of a path.
    pub fn is_locked(&self, manifest: &TreePath, holds: impl Fn(&TreePath) -> bool) -> bool {
        let mut folder = manifest.parent();
        loop {
            if self
                .locks
                .iter()
                .any(|lock| folder.join(lock).is_some_and(|path| holds(&path)))
            {
                return true;
            }
            if folder == TreePath::root() {
                return false;
            }
            folder = folder.parent();
        }
    }
}
