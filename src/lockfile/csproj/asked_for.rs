//! Which entries of a central list are packages: the list says versions, and what no project refers to is installed nowhere.
//!
//! Every project below it is looked at, and every file that one could import. Where one of them leaves open what it asks for, or
//! where transitive packages take their versions from the list, nothing is known, and every entry counts.

use std::collections::HashSet;

use super::imports::{Sources, called};
use super::{Kind, NO_ITEMS, attribute, project_name};
use crate::ecosystem::normalise;
use crate::model::{Ecosystem, Tree, TreePath};
use crate::text::xml::{Document, Element};
use crate::text::{decode, xml};

/// Files and folders that are looked at.
const MAX_FILES: usize = 5_000;
const MAX_FOLDERS: usize = 100_000;

/// No further file is read behind this many bytes.
const MAX_BYTES: usize = 128 << 20;

/// SDKs that ask for no package which takes its version from the list.
const SDKS: [&str; 3] = [
    "microsoft.net.sdk",
    "microsoft.build.notargets",
    "microsoft.build.traversal",
];

/// The names that the projects below the folder of `list` refer to, normalised; `None` where that is not known, or where there are none.
pub(super) fn asked_for(list: &TreePath, tree: &dyn Tree) -> Option<HashSet<String>> {
    let mut looking = Looking {
        // The SDK of F# asks for it without a word in the project.
        names: HashSet::from(["fsharp.core".to_owned()]),
        files: 0,
        bytes: 0,
        tree,
    };
    for folder in list.above() {
        for name in ["Directory.Build.props", "Directory.Build.targets"] {
            if let Some(shared) = called(&folder, name, tree) {
                looking.file(&shared, true)?;
            }
        }
    }
    let mut folders = 0_usize;
    let mut has_projects = false;
    let mut open = vec![list.parent()];
    while let Some(folder) = open.pop() {
        folders = folders.saturating_add(1);
        if folders > MAX_FOLDERS {
            return None;
        }
        let contents = tree.contents(&folder)?;
        for path in contents.files {
            if let Some(is_project) = kind(&String::from_utf8_lossy(path.file_name())) {
                has_projects |= is_project;
                looking.file(&path, is_project)?;
            }
        }
        let is_left_out = |path: &TreePath| matches!(path.file_name(), b".git" | b"node_modules");
        open.extend(contents.folders.into_iter().filter(|path| !is_left_out(path)));
    }
    has_projects.then_some(looking.names)
}

struct Looking<'r> {
    names: HashSet<String>,
    files: usize,
    bytes: usize,
    tree: &'r dyn Tree,
}

impl Looking<'_> {
    /// Looks at a file, and at what it imports; `None` where it is not known what they refer to.
    fn file(&mut self, path: &TreePath, imports: bool) -> Option<()> {
        let bytes = self.tree.read(path).ok()?;
        self.files = self.files.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.files > MAX_FILES || self.bytes > MAX_BYTES {
            return None;
        }
        let decoded = decode::decode(&bytes);
        if super::is_of_another_tool(&String::from_utf8_lossy(path.file_name()), &decoded.text) {
            return Some(());
        }
        let document = xml::read(&decoded.text);
        if decoded.problem.is_some() || !document.problems.is_empty() {
            return None;
        }
        add(&document, &mut self.names)?;
        if imports {
            let sources = Sources::of(path, &document, self.tree);
            if !sources.gaps.is_empty() {
                return None;
            }
            for imported in &sources.imported {
                add(&xml::read(&imported.text), &mut self.names)?;
            }
        }
        Some(())
    }
}

/// A file of this name is a project, or one that a project may import; `None` for all others.
fn kind(name: &str) -> Option<bool> {
    if project_name(name).is_some() {
        return Some(true);
    }
    let (_, end) = name.rsplit_once('.')?;
    let end = end.to_ascii_lowercase();
    (end.ends_with("proj") || matches!(&*end, "props" | "targets" | "projitems")).then_some(false)
}

/// Adds what the items of a file refer to; `None` where that is not known.
fn add(document: &Document<'_>, names: &mut HashSet<String>) -> Option<()> {
    let is = |element: Element<'_>, name: &str| element.name().eq_ignore_ascii_case(name);
    let mut open = vec![document.root()];
    while let Some(element) = open.pop() {
        for holder in [
            attribute(element, "Sdk"),
            attribute(element, "Name").filter(|_| is(element, "Sdk")),
        ] {
            let named = holder.map(|sdks| sdks.value.to_lowercase()).unwrap_or_default();
            let is_known = |sdk: &str| SDKS.iter().any(|known| sdk.trim().starts_with(known));
            if !named.is_empty() && !named.split(';').all(is_known) {
                return None;
            }
        }
        if is(element, "PropertyGroup") {
            let mut properties = element.children();
            if properties.any(|property| {
                is(property, "CentralPackageTransitivePinningEnabled")
                    && !property.text().trim().eq_ignore_ascii_case("false")
            }) {
                return None;
            }
        } else if is(element, "ItemGroup") {
            for item in element.children() {
                if Kind::of(item.name()).is_none_or(|kind| kind == Kind::Central) {
                    continue;
                }
                let named = attribute(item, "Include").or_else(|| attribute(item, "Update"));
                for name in named.iter().flat_map(|named| named.value.split(';')) {
                    if name.contains(['$', '@', '%', '*', '?']) {
                        return None;
                    }
                    names.insert(normalise(&Ecosystem::NUGET, name.trim()).into_owned());
                }
            }
        } else if !NO_ITEMS.iter().any(|name| is(element, name)) {
            open.extend(element.children());
        }
    }
    Some(())
}
