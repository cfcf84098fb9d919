//! Edits of lockfiles: one file a format. Only what a plan names changes; every other byte stays.
//!
//! An edit is a list of splices on the spans that the positioned readers give. Before it is handed on, a check that is
//! not the planner reads the result: what it does not accept is not written, and the reason is the check.

mod bun_check;
mod bun_entry;
mod bun_layout;
pub mod bun_lock;
mod cargo_check;
pub mod cargo_lock;
mod cargo_manifest;
mod cargo_text;
mod composer_check;
mod composer_json;
pub mod composer_lock;
mod composer_manifest;
mod gemfile_check;
pub mod gemfile_lock;
mod gemfile_text;
pub mod github_workflows;
mod go_check;
pub mod go_mod;
mod npm_check;
mod npm_fields;
mod npm_json;
mod npm_nested;
mod npm_object;
mod npm_overrides;
mod npm_packages;
mod npm_ranges;
mod npm_tree;
pub mod package_lock;
mod pdm_check;
pub mod pdm_entries;
mod pdm_groups;
pub mod pdm_lock;
mod pdm_manifest;
mod pdm_needs;
mod pdm_targets;
mod pipfile_check;
pub mod pipfile_entries;
pub mod pipfile_lock;
mod pipfile_manifest;
mod pipfile_markers;
mod pnpm_build;
mod pnpm_check;
mod pnpm_graph;
pub mod pnpm_lock;
mod pnpm_names;
mod pnpm_overrides;
mod pnpm_text;
mod poetry_check;
pub mod poetry_entries;
mod poetry_groups;
pub mod poetry_lock;
mod poetry_manifest;
mod poetry_needs;
mod poetry_pythons;
mod poetry_text;
pub mod pom;
mod pom_check;
mod python_changes;
mod python_hashes;
mod python_json;
mod python_manifest;
pub mod requirements;
mod requirements_check;
mod splice;
mod uv_check;
pub mod uv_entries;
pub mod uv_lock;
mod uv_overrides;
mod yarn_berry;
mod yarn_check;
mod yarn_classic;
pub mod yarn_lock;

use crate::model::TreePath;
use crate::plan::{Edited, Plan};

pub use splice::{Splice, apply};

/// A format whose files can be edited.
pub trait Relock: Sync {
    /// The name of the format in [`crate::lockfile::FORMATS`].
    fn format(&self) -> &'static str;

    /// The lockfile at `path` and the manifests around it as `plan` has them. `read` gives the text of a file.
    ///
    /// # Errors
    /// Why the edit would not be right, as a sentence.
    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused>;
}

/// Every format that can be edited, in alphabetical order of its file.
pub static RELOCKS: &[&dyn Relock] = &[
    &github_workflows::GithubWorkflows,
    &bun_lock::BunLock,
    &cargo_lock::CargoLock,
    &composer_lock::ComposerLock,
    &gemfile_lock::GemfileLock,
    &go_mod::GoMod,
    &package_lock::PackageLock,
    &pdm_lock::PdmLock,
    &pipfile_lock::PipfileLock,
    &pnpm_lock::PnpmLock,
    &poetry_lock::PoetryLock,
    &pom::Pom,
    &requirements::Requirements,
    &uv_lock::UvLock,
    &yarn_lock::YarnLock,
];

/// Who edits files of the format called `name`.
#[must_use]
pub fn relock(name: &str) -> Option<&'static dyn Relock> {
    RELOCKS.iter().copied().find(|relock| relock.format() == name)
}

/// An edit that was not made, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);
