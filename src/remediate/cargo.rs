//! Cargo's `Cargo.lock`, with the `Cargo.toml` and `.cargo/config.toml` files of the workspace.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::cargo_lock::locked::locked;
use crate::lockfile::cargo_lock::source_of_crates_io;
use crate::lockfile::cargo_lock::workspace::{Files, Workspace};
use crate::plan::{Bounds, Releases, Step, Wish, cargo};
use crate::registry::ConfigFile;

/// Plans lockfiles of Cargo.
pub struct CargoLock;

/// The toolchain that `rust-version` speaks of.
const RUST: &str = "rust";

impl Fixer for CargoLock {
    fn format(&self) -> &'static str {
        "Cargo.lock"
    }

    fn no_override(&self) -> Option<&'static str> {
        Some(
            "Cargo overrides no range: `[patch]` changes where a crate comes from. A later version of what asks for it would help, or a fork of that in `[patch]`.",
        )
    }

    fn takes_out(&self) -> bool {
        true
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let folder = files.path.parent();
        let workspace = Workspace::read(Files {
            folder: &folder,
            read: files.read,
            list: files.list,
        })?;
        let crates = cargo::Crates::new(locked(files.text)?, workspace)?;
        // The nearest file wins; of two names Cargo takes the old one.
        let above = std::iter::once(folder.clone()).chain(folder.above());
        let configuration = above.filter_map(|folder| {
            let names = [".cargo/config", ".cargo/config.toml"];
            names.into_iter().find_map(|name| {
                let path = folder.join(name)?;
                Some(ConfigFile {
                    text: (files.read)(&path)?,
                    place: format!("{}/{path}", files.root),
                })
            })
        });
        let toolchain = crates.rust_version();
        Ok(Box::new(CargoProject {
            toolchain: toolchain
                .iter()
                .map(|version| (RUST.to_owned(), (*version).to_owned()))
                .collect(),
            configuration: configuration.collect(),
            crates,
            memory: cargo::Memory::default(),
            sources: RefCell::default(),
        }))
    }
}

struct CargoProject {
    crates: cargo::Crates,
    toolchain: Vec<(String, String)>,
    configuration: Vec<ConfigFile>,
    memory: cargo::Memory,
    /// Where crates come from that are new to the lockfile and not from the public registry.
    sources: RefCell<BTreeMap<String, String>>,
}

impl Project for CargoProject {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        let own = self.crates.source(package).map(str::to_owned);
        let new = || self.sources.borrow().get(package).cloned();
        Some(own.or_else(new).unwrap_or_else(source_of_crates_io))
    }

    fn likely_address(&self, package: &str) -> Option<String> {
        self.locked_address(package)
    }

    fn toolchain(&self) -> &[(String, String)] {
        &self.toolchain
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        let step = cargo::plan(&self.crates, wishes, releases, bounds, &self.memory);
        let mut sources = self.sources.borrow_mut();
        sources.extend(self.memory.sources());
        step
    }
}
