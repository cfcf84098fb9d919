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
        file_name: "Gemfile.lock",
        ecosystem: "RubyGems",
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
        file_name: "deno.lock",
        ecosystem: "npm",
    },
    Row {
        file_name: "gems.locked",
        ecosystem: "RubyGems",
    },
    Row {
        file_name: "gradle.lockfile",
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
        file_name: "pdm.lock",
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
        file_name: "stack.yaml.lock",
        ecosystem: "Hackage",
    },
    Row {
        file_name: "yarn.lock",
        ecosystem: "npm",
    },
];

/// The row of the file at `path`.
#[must_use]
pub fn row(path: &TreePath) -> Option<&'static Row> {
    ROWS.iter()
        .find(|row| row.file_name.as_bytes() == path.file_name())
}
