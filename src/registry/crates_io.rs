//! The index of a registry of Cargo, sparse (Cargo's reference, "Index Format"): a file a crate, a line a version.
//!
//! Lines that Cargo would not read are left out, with a note, as Cargo leaves them out.

use super::cargo_config::{CargoConfig, SETTING, Sources};
use super::{Answer, ConfigFile, Configuration, Detail, Registry};
use crate::lockfile::cargo_lock::declared::{Dependency, DependencyKind, IndexLine};
use crate::model::Ecosystem;
use crate::model::release::{Release, Requirement, RequirementKind};
use crate::sys::web::Address;

/// Registries of Cargo.
#[derive(Debug, Clone, Copy)]
pub struct CratesIo;

impl Registry for CratesIo {
    fn name(&self) -> &'static str {
        "crates_io"
    }

    fn ecosystem(&self) -> Ecosystem {
        Ecosystem::CRATES_IO
    }

    fn setting(&self) -> &'static str {
        SETTING
    }

    fn address(&self, base: &Address, package: &str) -> Address {
        let name = package.to_lowercase();
        let first = |count: usize| name.chars().take(count).collect::<String>();
        let second: String = name.chars().skip(2).take(2).collect();
        match name.chars().count() {
            0..=2 => base.below([name.chars().count().to_string().as_str(), &name]),
            3 => base.below(["3", &first(1), &name]),
            _ => base.below([first(2).as_str(), &second, &name]),
        }
    }

    fn accept(&self, _: Detail) -> &'static str {
        "text/plain"
    }

    fn read(&self, package: &str, bytes: &[u8]) -> Result<Answer, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8, as an index is".to_owned())?;
        let mut answer = Answer::default();
        let mut unread = None;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match release(package, line) {
                Ok(release) => answer.releases.push(release),
                Err(reason) => {
                    answer
                        .notes
                        .push(format!("a version of {package} was left out: {reason}"));
                    unread.get_or_insert(reason);
                }
            }
        }
        match (answer.releases.is_empty(), unread) {
            (true, Some(reason)) => return Err(reason),
            (true, None) => return Err("it is empty".to_owned()),
            (false, _) => {}
        }
        answer
            .releases
            .sort_by(|left, right| left.version.cmp(&right.version));
        Ok(answer)
    }

    fn configuration(&self, project: &[ConfigFile]) -> Box<dyn Configuration> {
        Box::new(CargoConfig::of(&Sources::of_machine(project.to_vec())))
    }
}

/// What a line says.
fn release(package: &str, text: &str) -> Result<Release, String> {
    let line = IndexLine::read(text)?;
    // Cargo takes `-` and `_`, and letters of either case, for the same in the name of a file.
    if !line.name.eq_ignore_ascii_case(package) {
        let name: String = line.name.chars().take(100).collect();
        return Err(format!("it answers for {name:?}"));
    }
    let is_digest = line.checksum.len() == 64 && line.checksum.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_digest {
        return Err("its checksum is no SHA-256".to_owned());
    }
    Ok(Release {
        version: line.version.as_str().into(),
        published: line.published.and_then(|time| time.parse().ok()),
        retired: line.is_yanked.then(|| "".into()),
        dependencies: line.declared.dependencies.iter().map(requirement).collect(),
        toolchain: line
            .rust_version
            .iter()
            .map(|version| ("rust".into(), version.as_str().into()))
            .collect(),
        document: text.into(),
    })
}

fn requirement(dependency: &Dependency) -> Requirement {
    Requirement {
        name: dependency.name.as_str().into(),
        package: (dependency.package != dependency.name).then(|| dependency.package.as_str().into()),
        range: dependency.range.as_str().into(),
        kind: match (dependency.kind, dependency.is_optional) {
            (DependencyKind::Dev, _) => RequirementKind::Dev,
            (DependencyKind::Normal | DependencyKind::Build, true) => RequirementKind::Optional,
            (DependencyKind::Normal | DependencyKind::Build, false) => RequirementKind::Runtime,
        },
    }
}
