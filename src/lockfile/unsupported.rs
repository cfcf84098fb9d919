//! Lockfiles of known formats that are not read yet: a closed list, so that each is a blind spot
//! and none is skipped in silence.

use super::file_names;
use crate::model::{Ecosystem, TreePath};

/// A file name that is known to be a lockfile.
#[derive(Debug)]
pub struct UnsupportedFormat {
    /// The file's name.
    pub file_name: &'static str,
    /// OSV's name of the ecosystem that it locks.
    pub ecosystem: &'static str,
}

impl UnsupportedFormat {
    /// The ecosystem that it locks.
    #[must_use]
    pub fn ecosystem(&self) -> Ecosystem {
        Ecosystem::named(self.ecosystem)
    }

    /// What to do about one.
    #[must_use]
    pub fn hint(&self) -> String {
        match self.file_name {
            "bun.lockb" => "Run `bun install --save-text-lockfile --frozen-lockfile --lockfile-only`, which writes the same as bun.lock, and commit that in its place; or accept that it is not checked in the policy: `exclude: [\"**/bun.lockb\"]`."
                .into(),
            name => format!(
                "Check its {} packages with another tool, and accept that here in the policy: `exclude: [\"**/{name}\"]`.",
                self.ecosystem
            ),
        }
    }
}

/// The closed list, by file name.
pub static ROWS: &[UnsupportedFormat] = &[
    UnsupportedFormat {
        file_name: "Godeps.json",
        ecosystem: "Go",
    },
    UnsupportedFormat {
        file_name: "Gopkg.lock",
        ecosystem: "Go",
    },
    UnsupportedFormat {
        file_name: "bun.lockb",
        ecosystem: "npm",
    },
    UnsupportedFormat {
        file_name: "dependencies.lock",
        ecosystem: "Maven",
    },
    UnsupportedFormat {
        file_name: "glide.lock",
        ecosystem: "Go",
    },
    UnsupportedFormat {
        file_name: "vlt-lock.json",
        ecosystem: "npm",
    },
];

/// Names of which a part is free, with `*` in its place: what the tools write beside the names above, or instead of
/// them when they are set so. The part that is free is never empty.
pub static PATTERNS: &[UnsupportedFormat] = &[];

/// The row of the file at `path`.
#[must_use]
pub fn row(path: &TreePath) -> Option<&'static UnsupportedFormat> {
    ROWS.iter()
        .chain(PATTERNS)
        .find(|row| file_names::fits(row.file_name, path))
}

/// The names of the rows.
pub(super) fn file_names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().chain(PATTERNS).map(|row| row.file_name)
}
