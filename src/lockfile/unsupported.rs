//! Lockfiles of known formats that nobody here reads yet: a closed list, so that each is a blind spot
//! and none is skipped in silence.

use crate::model::{Ecosystem, TreePath};

/// A file name that is known to be a lockfile.
#[derive(Debug)]
pub struct Row {
    /// The file's name.
    pub file_name: &'static str,
    /// OSV's name of the ecosystem that it locks.
    pub ecosystem: &'static str,
}

impl Row {
    /// The ecosystem that it locks.
    #[must_use]
    pub fn ecosystem(&self) -> Ecosystem {
        Ecosystem::named(self.ecosystem)
    }
}

/// The closed list, by file name.
pub static ROWS: &[Row] = &[
    Row {
        file_name: "Cartfile.resolved",
        ecosystem: "SwiftURL",
    },
    Row {
        file_name: "Gemfile.lock",
        ecosystem: "RubyGems",
    },
    Row {
        file_name: "Gopkg.lock",
        ecosystem: "Go",
    },
    Row {
        file_name: "JuliaManifest.toml",
        ecosystem: "Julia",
    },
    Row {
        file_name: "Package.resolved",
        ecosystem: "SwiftURL",
    },
    Row {
        file_name: "Podfile.lock",
        ecosystem: "CocoaPods",
    },
    Row {
        file_name: "buildscript-gradle.lockfile",
        ecosystem: "Maven",
    },
    Row {
        file_name: "bun.lock",
        ecosystem: "npm",
    },
    Row {
        file_name: "bun.lockb",
        ecosystem: "npm",
    },
    Row {
        file_name: "cabal.project.freeze",
        ecosystem: "Hackage",
    },
    Row {
        file_name: "composer.lock",
        ecosystem: "Packagist",
    },
    Row {
        file_name: "conan.lock",
        ecosystem: "ConanCenter",
    },
    Row {
        file_name: "conda-lock.yml",
        ecosystem: "PyPI",
    },
    Row {
        file_name: "deno.lock",
        ecosystem: "npm",
    },
    Row {
        file_name: "gems.locked",
        ecosystem: "RubyGems",
    },
    Row {
        file_name: "glide.lock",
        ecosystem: "Go",
    },
    Row {
        file_name: "gradle.lockfile",
        ecosystem: "Maven",
    },
    Row {
        file_name: "maven_install.json",
        ecosystem: "Maven",
    },
    Row {
        file_name: "mix.lock",
        ecosystem: "Hex",
    },
    Row {
        file_name: "packages.lock.json",
        ecosystem: "NuGet",
    },
    Row {
        file_name: "paket.lock",
        ecosystem: "NuGet",
    },
    Row {
        file_name: "pdm.lock",
        ecosystem: "PyPI",
    },
    Row {
        file_name: "pixi.lock",
        ecosystem: "PyPI",
    },
    Row {
        file_name: "pnpm-lock.yaml",
        ecosystem: "npm",
    },
    Row {
        file_name: "pubspec.lock",
        ecosystem: "Pub",
    },
    Row {
        file_name: "pylock.toml",
        ecosystem: "PyPI",
    },
    Row {
        file_name: "rebar.lock",
        ecosystem: "Hex",
    },
    Row {
        file_name: "renv.lock",
        ecosystem: "CRAN",
    },
    Row {
        file_name: "settings-gradle.lockfile",
        ecosystem: "Maven",
    },
    Row {
        file_name: "stack.yaml.lock",
        ecosystem: "Hackage",
    },
    Row {
        file_name: "yarn.lock",
        ecosystem: "npm",
    },
];

/// Names of which a part is free, with `*` in its place: what the tools write beside the names above, or instead of
/// them when they are set so. The part that is free is never empty.
pub static PATTERNS: &[Row] = &[
    Row {
        file_name: "*.conda-lock.yml",
        ecosystem: "PyPI",
    },
    Row {
        file_name: "*.gemfile.lock",
        ecosystem: "RubyGems",
    },
    Row {
        file_name: "*.project.freeze",
        ecosystem: "Hackage",
    },
    Row {
        file_name: "*_maven_install.json",
        ecosystem: "Maven",
    },
    Row {
        file_name: "Gemfile.*.lock",
        ecosystem: "RubyGems",
    },
    Row {
        file_name: "JuliaManifest-v*.toml",
        ecosystem: "Julia",
    },
    Row {
        file_name: "Manifest-v*.toml",
        ecosystem: "Julia",
    },
    Row {
        file_name: "composer-*.lock",
        ecosystem: "Packagist",
    },
    Row {
        file_name: "composer.*.lock",
        ecosystem: "Packagist",
    },
    Row {
        file_name: "dependency-locks/*.lockfile",
        ecosystem: "Maven",
    },
    Row {
        file_name: "packages.*.lock.json",
        ecosystem: "NuGet",
    },
    Row {
        file_name: "pdm.*.lock",
        ecosystem: "PyPI",
    },
    Row {
        file_name: "pnpm-lock.*.yaml",
        ecosystem: "npm",
    },
    Row {
        file_name: "pylock.*.toml",
        ecosystem: "PyPI",
    },
    Row {
        file_name: "stack-*.yaml.lock",
        ecosystem: "Hackage",
    },
];

/// The row of the file at `path`.
#[must_use]
pub fn row(path: &TreePath) -> Option<&'static Row> {
    let name = path.file_name();
    ROWS.iter()
        .find(|row| name.eq_ignore_ascii_case(row.file_name.as_bytes()))
        .or_else(|| PATTERNS.iter().find(|row| row.fits(path)))
}

/// A file of the name of `path` may be one of [`PATTERNS`], in some folder.
pub(super) fn may_claim(path: &TreePath) -> bool {
    PATTERNS.iter().any(|row| row.fits_name(path))
}

impl Row {
    /// The path has the form of its name.
    fn fits(&self, path: &TreePath) -> bool {
        let folder = || self.file_name.split_once('/').map(|(folder, _)| folder);
        self.fits_name(path) && folder().is_none_or(|folder| super::is_named(&path.parent(), folder))
    }

    /// The name has the form of its name.
    fn fits_name(&self, path: &TreePath) -> bool {
        let name = path.file_name();
        // Every file of a tree is asked about, and nearly all end otherwise.
        let last = |text: &[u8]| text.last().map(u8::to_ascii_lowercase);
        if last(name) != last(self.file_name.as_bytes()) {
            return false;
        }
        let pattern = self.file_name.rsplit('/').next().unwrap_or_default();
        let Some((start, end)) = pattern.split_once('*') else {
            return false;
        };
        let (before, after) = (name.get(..start.len()), name.len().checked_sub(end.len()));
        let after = after.and_then(|after| name.get(after..));
        name.len() > start.len().saturating_add(end.len())
            && before.is_some_and(|before| before.eq_ignore_ascii_case(start.as_bytes()))
            && after.is_some_and(|after| after.eq_ignore_ascii_case(end.as_bytes()))
    }
}
