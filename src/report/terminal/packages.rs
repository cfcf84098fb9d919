//! What is locked, for a person: a heading for each lockfile, a line for each package.

use std::collections::BTreeSet;
use std::io;

use super::page::{Line, Page, Shade, clean, columns, fit};
use crate::model::Scope;
use crate::model::inventory::{Inventory, InventoryFile, LockedPackage};
use crate::report::phrases::counted;

/// Where the words after a package's name start, if the name leaves room.
const WORDS: usize = 40;

pub(super) fn write(inventory: &Inventory, page: &mut Page<'_>) -> io::Result<()> {
    let packages = distinct(inventory.files.iter().flat_map(|file| &file.packages));
    let text = format!(
        "{} in {}",
        counted(packages, "package", "packages"),
        counted(inventory.files.len(), "lockfile", "lockfiles")
    );
    page.line(&Line::new().with(Shade::Strong, &text))?;
    for file in &inventory.files {
        one(file, page)?;
    }
    Ok(())
}

fn one(file: &InventoryFile, page: &mut Page<'_>) -> io::Result<()> {
    let path = match file.root.trim_end_matches('/') {
        "" | "." => file.path.to_string(),
        root => format!("{root}/{}", file.path),
    };
    page.gap()?;
    let packages = distinct(&file.packages);
    let mut count = counted(packages, "package", "packages");
    if packages < file.packages.len() {
        count.push_str(&format!(
            " in {}",
            counted(file.packages.len(), "location", "locations")
        ));
    }
    let words = [
        (Shade::Strong, path),
        (Shade::Dim, file.format.clone()),
        (Shade::Dim, count),
    ];
    page.whole_words(Line::new(), 2, &words)?;
    for problem in &file.problems {
        let line = problem.location.as_ref().map(|location| location.position.line);
        let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let start = Line::indented(2).with(Shade::Warn, &line);
        let indent = start.columns;
        page.whole_words(start, indent, &[(Shade::Plain, problem.reason.clone())])?;
    }
    for held in &file.packages {
        package(held, page)?;
    }
    Ok(())
}

/// How many different packages there are: one that is locked twice counts once, as in every report.
fn distinct<'p>(packages: impl IntoIterator<Item = &'p LockedPackage>) -> usize {
    let packages = packages.into_iter();
    let all: BTreeSet<_> = packages
        .map(|package| (package.purl.to_string(), package.source))
        .collect();
    all.len()
}

fn package(held: &LockedPackage, page: &mut Page<'_>) -> io::Result<()> {
    let mut words = vec![format!("line {}", held.place.line)];
    if held.direct {
        words.push("direct".to_owned());
    }
    words.extend(held.scopes.iter().map(Scope::as_str).map(str::to_owned));
    if held.source != "registry" {
        words.push(held.source.to_owned());
    }
    let words = words.join(", ");
    let room = page.width.saturating_sub(2 + 2 + columns(&words));
    let name = format!("{} {}", held.name, held.version);
    let line = Line::indented(2)
        .with(Shade::Plain, &fit(&clean(&name), room))
        .padded_to(WORDS.min(page.width.saturating_sub(columns(&words))), 2);
    page.line(&line.with(Shade::Dim, &words))
}
