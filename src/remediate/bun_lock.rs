//! Bun's `bun.lock`, with the `package.json` files of the project and the settings beside it. It is planned as npm's: a package may be
//! there in several versions, each in a folder of its own.

use super::npm_archives::{Archives, toolchain};
use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::bun_lock::locked::{Locked, locked};
use crate::lockfile::package_lock::installed::Described;
use crate::plan::{Bounds, Releases, Step, Wish, npm};
use crate::registry::ConfigFile;

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
        Ok(Box::new(BunProject {
            archives: Archives::of(addresses),
            described,
            locked,
            toolchain: toolchain(&files.beside("package.json").unwrap_or_default()),
            configuration: files.configuration(".npmrc").into_iter().collect(),
            memory: npm::Memory::default(),
        }))
    }
}

struct BunProject {
    described: Described,
    locked: Locked,
    archives: Archives,
    toolchain: Vec<(String, String)>,
    configuration: Vec<ConfigFile>,
    memory: npm::Memory,
}

impl Project for BunProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        self.archives.own(package).map(str::to_owned)
    }

    fn likely_address(&self, package: &str) -> Option<String> {
        self.archives.like(package)
    }

    fn toolchain(&self) -> &[(String, String)] {
        &self.toolchain
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        npm::plan(
            &self.described,
            &self.locked.overridden,
            wishes,
            releases,
            bounds,
            &self.memory,
        )
    }
}
