//! Bundler's `Gemfile.lock` and `gems.locked`, with the `Gemfile` and `.bundle/config` beside them.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{Fixer, Project, ProjectFiles};
use crate::lockfile::gemfile_lock::gemfile::name_of;
use crate::lockfile::gemfile_lock::literal::{self, literals};
use crate::lockfile::gemfile_lock::locked::{Locked, in_order, locked};
use crate::lockfile::gemfile_lock::platform::Platform;
use crate::plan::bundler::{self, Bundle, Gem, Root};
use crate::plan::{Bounds, Releases, Step, Wish};
use crate::registry::ConfigFile;
use crate::schema::compact_index::Need;
use crate::version::Scheme as _;
use crate::version::rubygems::Rubygems;

/// Plans lockfiles of Bundler.
pub struct GemfileLock;

impl Fixer for GemfileLock {
    fn format(&self) -> &'static str {
        "Gemfile.lock"
    }

    fn no_override(&self) -> Option<&'static str> {
        Some(
            "Bundler overrides no range: a later version of what asks for it would help, or a fork of that with `git:` in the Gemfile.",
        )
    }

    fn takes_out(&self) -> bool {
        true
    }

    fn open(&self, files: &ProjectFiles<'_>) -> Result<Box<dyn Project>, String> {
        let locked = locked(files.text)?;
        let name = String::from_utf8_lossy(files.path.file_name()).into_owned();
        let manifest = name_of(&name).to_owned();
        let gemfile = files.beside(&manifest);
        let ruby = locked.ruby.clone().or_else(|| {
            let asked = literal::ruby(gemfile.as_deref()?);
            asked.or_else(|| own_ruby(files))
        });
        let sections = locked.sections.iter();
        let registries: BTreeSet<&str> = sections.filter_map(|section| section.registry()).collect();
        let addresses = locked.gems.iter().filter_map(|gem| {
            let registry = locked.sections.get(gem.section)?.registry()?;
            Some((gem.name.clone(), registry.to_owned()))
        });
        Ok(Box::new(Bundled {
            addresses: addresses.collect(),
            only: match registries.iter().copied().collect::<Vec<_>>().as_slice() {
                [only] => Some((*only).to_owned()),
                _ => None,
            },
            toolchain: ruby.map(|ruby| ("ruby".to_owned(), ruby)).into_iter().collect(),
            configuration: files.configuration(".bundle/config").into_iter().collect(),
            bundle: bundle(&locked, manifest, gemfile.as_deref()),
            memory: bundler::Memory::default(),
        }))
    }
}

/// What `.ruby-version` says.
fn own_ruby(files: &ProjectFiles<'_>) -> Option<String> {
    let text = files.beside(".ruby-version")?;
    let version = text.lines().next()?.trim();
    let version = version.strip_prefix("ruby-").unwrap_or(version);
    let is_version = !version.is_empty() && Rubygems.compare(version, version).is_ok();
    is_version.then(|| version.to_owned())
}

/// What the planner takes from the lockfile and the manifest.
fn bundle(locked: &Locked, manifest: String, gemfile: Option<&str>) -> Bundle {
    let mut gems: BTreeMap<String, Gem> = BTreeMap::new();
    for one in &locked.gems {
        let gem = gems.entry(one.name.clone()).or_default();
        if gem.version.is_empty() {
            gem.version.clone_from(&one.version);
        } else if gem.version != one.version {
            gem.is_fixed = Some("it is locked in several versions".to_owned());
            if !gem.others.contains(&one.version) {
                gem.others.push(one.version.clone());
            }
        }
        gem.variants.insert(Platform::of(&one.platform));
        for need in &one.needs {
            if !gem.needs.contains(need) {
                gem.needs.push(need.clone());
            }
        }
        if let Some(section) = locked.sections.get(one.section)
            && section.registry().is_none()
        {
            let reason = match section.kind.as_str() {
                "GIT" => "it comes from a git repository",
                "PATH" => "its source is a folder",
                "GEM" => "the lockfile does not say from which of several registries it comes",
                _ => "a plugin of Bundler brings it",
            };
            gem.is_fixed = Some(reason.to_owned());
        }
    }
    let roots = locked.dependencies.iter().map(|line| Root {
        need: Need {
            name: line.name.clone(),
            range: line.range.clone(),
        },
        is_closed: closed(line.name.as_str(), &line.range, &manifest, gemfile),
    });
    let registries = locked.sections.iter().filter(|section| section.kind == "GEM");
    Bundle {
        roots: roots.collect(),
        platforms: locked.platforms.iter().map(|text| Platform::of(text)).collect(),
        is_closed: (registries.count() != 1).then(|| {
            "The lockfile has gems of several registries, and which of them would have it is for Bundler to say.".to_owned()
        }),
        gems,
        manifest,
    }
}

/// Why the manifest cannot ask for another range of the gem.
fn closed(name: &str, range: &str, manifest: &str, gemfile: Option<&str>) -> Option<String> {
    let Some(gemfile) = gemfile else {
        return Some(format!("{manifest} cannot be read."));
    };
    match literals(gemfile, name) {
        Err(reason) => Some(reason),
        Ok(_) if literal::range(gemfile, name).as_deref() == Some(&in_order(range)) => None,
        Ok(_) => Some(format!(
            "{manifest} does not ask for {name} as the lockfile says."
        )),
    }
}

struct Bundled {
    bundle: Bundle,
    /// The registry of each gem.
    addresses: BTreeMap<String, String>,
    /// The registry, where there is one alone.
    only: Option<String>,
    toolchain: Vec<(String, String)>,
    configuration: Vec<ConfigFile>,
    memory: bundler::Memory,
}

impl Project for Bundled {
    fn configuration(&self) -> &[ConfigFile] {
        &self.configuration
    }

    fn locked_address(&self, package: &str) -> Option<String> {
        self.addresses.get(package).cloned()
    }

    fn likely_address(&self, _package: &str) -> Option<String> {
        self.only.clone()
    }

    fn toolchain(&self) -> &[(String, String)] {
        &self.toolchain
    }

    fn plan(&self, wishes: &[Wish], releases: &dyn Releases, bounds: &Bounds<'_>) -> Step {
        bundler::plan(&self.bundle, wishes, releases, bounds, &self.memory)
    }
}
