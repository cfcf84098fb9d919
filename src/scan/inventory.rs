//! What is locked, without a judgement.

use std::collections::BTreeMap;

use super::discovered::DiscoveredTree;
use super::read::{self, Opened};
use super::target;
use crate::ecosystem::purl;
use crate::model::inventory::{Inventory, InventoryFile, LockedPackage};
use crate::model::outcome::FileState;
use crate::model::{Cost, TreePath, UpgradeBy};

/// Lists the packages of what was found.
#[must_use]
pub fn inventory(found: &[DiscoveredTree]) -> Inventory {
    Inventory {
        files: found.iter().flat_map(files).collect(),
    }
}

fn files(found: &DiscoveredTree) -> Vec<InventoryFile> {
    let mut files: BTreeMap<TreePath, InventoryFile> = BTreeMap::new();
    let empty = |path: &TreePath, format: &str| InventoryFile {
        root: found.root.clone(),
        path: path.clone(),
        format: format.to_owned(),
        state: FileState::Read,
        packages: Vec::new(),
        problems: Vec::new(),
    };
    let read = read::read_all(found, packages);
    let mut gaps = read::unopened(found);
    for file in &read {
        gaps.extend(file.gaps.iter().cloned());
        files
            .entry(file.path.clone())
            .or_insert_with(|| empty(&file.path, &file.format));
        for (path, held) in &file.result {
            files
                .entry(path.clone())
                .or_insert_with(|| empty(path, &file.format))
                .packages
                .push(held.clone());
        }
    }
    gaps.sort_by(|left, right| left.1.cmp(&right.1));
    gaps.dedup();
    for (cost, gap) in gaps {
        let Some(file) = gap.file().and_then(|file| files.get_mut(file)) else {
            continue;
        };
        file.state = match cost {
            Cost::Nothing => file.state,
            Cost::Partial => target::worse(file.state, FileState::Partial),
            Cost::Blind => FileState::Blind,
        };
        file.problems.push(gap);
    }
    files
        .into_values()
        .map(|mut file| {
            file.packages = joined(file.packages);
            file
        })
        .collect()
}

fn packages(opened: &Opened<'_>) -> Vec<(TreePath, LockedPackage)> {
    opened
        .parsed
        .graph
        .packages()
        .map(|(_, package)| {
            let (file, place) = opened.position(package.place());
            let held = LockedPackage {
                ecosystem: package.ecosystem.clone(),
                name: package.name.to_string(),
                version: package.version.to_string(),
                purl: purl::of(&package.ecosystem, &package.name, &package.version),
                place,
                direct: package.direct,
                scopes: package.scopes,
                source: package.source.as_str(),
                version_from: match package.upgrade_by.as_deref() {
                    Some(UpgradeBy::Managed(name)) => Some(name.to_string()),
                    Some(_) | None => None,
                },
                used_by: package.used_by.iter().map(ToString::to_string).collect(),
            };
            (file, held)
        })
        .collect()
}

/// One entry for each place: what several modules use stands once, with all of them named.
fn joined(mut packages: Vec<LockedPackage>) -> Vec<LockedPackage> {
    packages.sort_by(|left, right| {
        (left.place, &left.name, &left.version).cmp(&(right.place, &right.name, &right.version))
    });
    let mut joined: Vec<LockedPackage> = Vec::with_capacity(packages.len());
    for package in packages {
        match joined.last_mut() {
            Some(last)
                if last.place == package.place
                    && last.name == package.name
                    && last.version == package.version =>
            {
                last.direct |= package.direct;
                last.scopes = last.scopes.with(package.scopes);
                last.used_by.extend(package.used_by);
                last.used_by.sort();
                last.used_by.dedup();
            }
            Some(_) | None => joined.push(package),
        }
    }
    joined
}
