//! npm's `package-lock.json` and `npm-shrinkwrap.json`, with the `package.json` and `.npmrc` beside them.

use super::npm_archives::{Archives, toolchain};
use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::package_lock::installed::{Described, described};
use crate::plan::npm::{self, Overrides};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::package_lock;

/// Plans lockfiles of npm.
pub struct PackageLock;

impl Fixer for PackageLock {
    fn format(&self) -> &'static str {
        "package-lock.json"
    }

    fn takes_out(&self) -> bool {
        true
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let manifest = files.beside("package.json");
        let described = described(files.text, manifest.as_deref())?;
        let manifest = manifest.unwrap_or_default();
        let folders = described.folders.iter().filter(|folder| folder.is_of_registry);
        let addresses = folders.map(|folder| (&*folder.name, &*folder.version, folder.resolved.as_deref()));
        Ok(Box::new(NpmProject {
            archives: Archives::of(addresses),
            described,
            overrides: package_lock::overrides(&manifest),
            toolchain: toolchain(&manifest),
            configuration: files.configuration(".npmrc").into_iter().collect(),
            memory: npm::Memory::default(),
        }))
    }
}

/// A project whose packages lie in folders, as those of npm and Bun do.
pub(super) struct NpmProject {
    pub(super) described: Described,
    pub(super) archives: Archives,
    pub(super) overrides: Overrides,
    pub(super) toolchain: Vec<(String, String)>,
    pub(super) configuration: Vec<ConfigFile>,
    pub(super) memory: npm::Memory,
}

impl Project for NpmProject {
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
            &self.overrides,
            wishes,
            releases,
            bounds,
            &self.memory,
        )
    }

    fn renewed(mut self: Box<Self>) -> Option<Box<dyn Project>> {
        self.memory.forget();
        Some(self)
    }
}
