//! `composer.lock`, with the `composer.json` beside it.

use std::collections::BTreeMap;

use super::project::{Fixer, Project, ProjectFiles};
use crate::ecosystem::normalise;
use crate::lockfile::composer_lock::locked::locked;
use crate::model::Ecosystem;
use crate::plan::composer;
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::relock::composer_lock::manifest_of;

/// Plans lockfiles of Composer.
pub struct ComposerLock;

impl Fixer for ComposerLock {
    fn format(&self) -> &'static str {
        "composer.lock"
    }

    fn takes_out(&self) -> bool {
        true
    }

    fn no_override(&self) -> Option<&'static str> {
        Some(
            "Composer overrides no range: an alias in composer.json (`\"2.0.1 as 1.9.9\"`) has dependents take another version, if it does what they need.",
        )
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let path = manifest_of(files.path).ok_or("The lockfile has an odd name.")?;
        let text = (files.read)(&path).ok_or_else(|| {
            format!(
                "There is no {path} that can be read, and without it nothing says what the project asks for."
            )
        })?;
        let (locked, asked) = locked(files.text, &text)?;
        let manifest = ConfigFile {
            place: format!("{}/{path}", files.root),
            text,
        };
        let configuration: Vec<ConfigFile> = std::iter::once(manifest)
            .chain(files.configuration("auth.json"))
            .collect();
        let mut notified: BTreeMap<String, usize> = BTreeMap::new();
        for address in locked.packages.iter().filter_map(|one| one.notified.clone()) {
            *notified.entry(address).or_default() += 1;
        }
        let usual = notified.iter().max_by_key(|(_, count)| **count);
        Ok(Box::new(ComposerProject {
            usual: usual.map(|(address, _)| address.clone()),
            configuration,
            project: composer::Project {
                locked,
                asked,
                manifest: String::from_utf8_lossy(path.file_name()).into_owned(),
            },
            memory: composer::Memory::default(),
        }))
    }
}

struct ComposerProject {
    project: composer::Project,
    configuration: Vec<ConfigFile>,
    /// Where most packages have their installations counted.
    usual: Option<String>,
    memory: composer::Memory,
}

impl Project for ComposerProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        let name = normalise(&Ecosystem::PACKAGIST, package);
        let mut packages = self.project.locked.packages.iter();
        let own = packages.find(|one| one.name == name);
        own.and_then(|one| one.notified.clone()).or(self.usual.clone())
    }

    fn likely_address(&self, _: &str) -> Option<String> {
        self.usual.clone()
    }

    fn toolchain(&self) -> &[(String, String)] {
        &[]
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        composer::plan(&self.project, wishes, releases, bounds, &self.memory)
    }
}
