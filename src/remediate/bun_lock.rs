//! Bun's `bun.lock`, with the `package.json` files of the project and the settings beside it. It is planned as npm's: a package may be
//! there in several versions, each in a folder of its own.

use super::npm::NpmProject;
use super::npm_archives::{Archives, toolchain};
use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::bun_lock::locked::locked;
use crate::plan::npm::{self, Overrides};

/// Plans lockfiles of Bun.
pub struct BunLock;

impl Fixer for BunLock {
    fn format(&self) -> &'static str {
        "bun.lock"
    }

    fn takes_out(&self) -> bool {
        true
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let locked = locked(files.text)?;
        let described = locked.described();
        let folders = described.folders.iter().filter(|folder| folder.is_of_registry);
        let addresses = folders.map(|folder| (&*folder.name, &*folder.version, folder.resolved.as_deref()));
        Ok(Box::new(NpmProject {
            archives: Archives::of(addresses),
            described,
            overrides: Overrides {
                others: locked.overridden,
                ..Overrides::default()
            },
            toolchain: toolchain(&files.beside("package.json").unwrap_or_default()),
            configuration: files.configuration(".npmrc").into_iter().collect(),
            memory: npm::Memory::default(),
        }))
    }
}
