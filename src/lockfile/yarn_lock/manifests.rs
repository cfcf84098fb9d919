//! The `package.json` files of a project: what its modules ask for, and what `resolutions` have Yarn take instead.

use crate::lockfile::grammar::npm_workspaces::Workspaces;
use crate::model::{Contents, Tree, TreePath};
use crate::text::tree::Value;
use crate::text::{Span, decode, json};

/// Folders that are looked through for workspaces at most.
const MAX_FOLDERS: usize = 20_000;

/// What a `package.json` says.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    /// Where it lies.
    pub(super) path: TreePath,
    /// Its folder, from that of the lockfile; empty for that one itself.
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) asked: Vec<Asked>,
    /// `resolutions`, in the order of the file.
    pub(super) resolutions: Vec<(String, String)>,
}

/// A package that a module asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) range: String,
    pub(super) field: FieldKind,
    /// Where its name stands.
    pub(super) span: Span,
}

/// The fields of which Yarn installs what they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    Runtime,
    Dev,
    Optional,
}

impl FieldKind {
    fn of(key: &str) -> Option<Self> {
        match key {
            "dependencies" => Some(Self::Runtime),
            "devDependencies" => Some(Self::Dev),
            "optionalDependencies" => Some(Self::Optional),
            _ => None,
        }
    }
}

/// The manifest in `folder`, which is called `relative` from the lockfile's.
pub(super) fn read(folder: &TreePath, relative: &str, tree: &dyn Tree) -> Option<Manifest> {
    Some(with_globs(folder, relative, &|path| text_of(tree, path))?.0)
}

/// The text of a file.
fn text_of(tree: &dyn Tree, path: &TreePath) -> Option<String> {
    let bytes = tree.read(path).ok()?;
    Some(decode::decode(&bytes).text.into_owned())
}

/// Where manifests are read from.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// Gives the text of a file.
    pub(super) text: &'a dyn Fn(&TreePath) -> Option<String>,
    /// Gives what is in a folder.
    pub(super) contents: &'a dyn Fn(&TreePath) -> Option<Contents>,
}

fn with_globs(
    folder: &TreePath,
    relative: &str,
    text: &dyn Fn(&TreePath) -> Option<String>,
) -> Option<(Manifest, Globs)> {
    let path = folder.join("package.json")?;
    let text = text(&path)?;
    let document = json::read(&text);
    let (manifest, globs) = of_root(document.root(), relative);
    Some((Manifest { path, ..manifest }, globs))
}

/// The manifest with the text `text`, which is called `relative` from the lockfile's folder; `None` where it is damaged.
pub(super) fn parse(text: &str, relative: &str) -> Option<Manifest> {
    let document = json::read(text);
    document
        .problems
        .is_empty()
        .then(|| of_root(document.root(), relative).0)
}

fn of_root(root: Value<'_>, relative: &str) -> (Manifest, Globs) {
    let mut manifest = Manifest {
        folder: relative.to_owned(),
        ..Manifest::default()
    };
    let mut globs = Globs::default();
    for (key, value) in root.entries() {
        let text = || value.as_str().unwrap_or_default().into_owned();
        match key.as_ref() {
            "name" => manifest.name = text(),
            "version" => manifest.version = text(),
            "workspaces" => globs = Globs::of(value),
            "resolutions" => {
                let pairs = value
                    .entries()
                    .filter_map(|(key, value)| Some((key.into_owned(), value.as_str()?.into_owned())));
                manifest.resolutions = pairs.collect();
            }
            _ => {}
        }
        let Some(field) = FieldKind::of(&key) else {
            continue;
        };
        manifest.asked.extend(value.entries().filter_map(|(name, value)| {
            Some(Asked {
                name: name.into_owned(),
                range: value.as_str()?.into_owned(),
                field,
                span: value.key_span(),
            })
        }));
    }
    (manifest, globs)
}

/// The manifest beside a lockfile of Yarn 1 and those of its workspaces; a message if some of them may not have been found.
pub(super) fn of_project(
    folder: &TreePath,
    tree: &dyn Tree,
) -> Option<(Vec<Manifest>, Option<&'static str>)> {
    let around = Around {
        text: &|path| text_of(tree, path),
        contents: &|path| tree.contents(path),
    };
    of_files(folder, around)
}

/// The same of files that are not those of a tree.
pub(super) fn of_files(
    folder: &TreePath,
    around: Around<'_>,
) -> Option<(Vec<Manifest>, Option<&'static str>)> {
    let (root, globs) = with_globs(folder, "", around.text)?;
    let mut manifests = vec![root];
    let mut cut = globs
        .is_cut
        .then_some("a glob of `workspaces` is not read, it is one too many or too complex");
    let mut found: Vec<String> = Vec::new();
    let mut walk = Walk {
        around,
        left: MAX_FOLDERS,
    };
    for glob in &globs.list {
        match glob.depth {
            Some(0) => found.push(glob.start.clone()),
            depth => walk.folders(folder, &glob.start, depth, &mut found),
        }
    }
    if walk.left == 0 {
        cut = Some("there are too many folders to look for `workspaces` in");
    }
    found.sort();
    found.dedup();
    for relative in found {
        if !globs.set.as_ref().is_some_and(|set| set.contains(&relative)) {
            continue;
        }
        if let Some(folder) = folder.join(&relative) {
            manifests.extend(with_globs(&folder, &relative, around.text).map(|(manifest, _)| manifest));
        }
    }
    Some((manifests, cut))
}

/// `workspaces`, and where to look for what they match.
#[derive(Default)]
struct Globs {
    set: Option<Workspaces>,
    list: Vec<Glob>,
    is_cut: bool,
}

struct Glob {
    /// The folders before the first wildcard.
    start: String,
    /// How deep below them a match lies; `None` for any depth.
    depth: Option<usize>,
}

impl Globs {
    fn of(field: Value<'_>) -> Self {
        let set = Workspaces::of(Some(field));
        let items = field.get("packages").unwrap_or(field);
        let mut list = Vec::new();
        // `Workspaces` reads no more.
        for item in items.items().take(1_000) {
            let Some(text) = item.as_str() else { continue };
            let text = text.trim_start_matches("./").trim_matches('/');
            let is_wild = |part: &&str| part.contains(['*', '?', '[', '{']);
            let start: Vec<&str> = text.split('/').take_while(|part| !is_wild(part)).collect();
            let deep = text.contains("**");
            let count = text.split('/').count().saturating_sub(start.len());
            if !text.starts_with('!') {
                list.push(Glob {
                    start: start.join("/"),
                    depth: (!deep).then_some(count),
                });
            }
        }
        Self {
            is_cut: set.cut.is_some(),
            set: Some(set),
            list,
        }
    }
}

struct Walk<'t> {
    around: Around<'t>,
    left: usize,
}

impl Walk<'_> {
    /// The folders with a manifest below `start`, at `depth` or, without one, at any.
    fn folders(&mut self, base: &TreePath, start: &str, depth: Option<usize>, found: &mut Vec<String>) {
        let mut open = vec![(start.to_owned(), 0_usize)];
        while let Some((relative, level)) = open.pop() {
            if self.left == 0 {
                return;
            }
            self.left = self.left.saturating_sub(1);
            let Some(folder) = (match relative.is_empty() {
                true => Some(base.clone()),
                false => base.join(&relative),
            }) else {
                continue;
            };
            let Some(contents) = (self.around.contents)(&folder) else {
                continue;
            };
            let has_manifest = contents
                .files
                .iter()
                .any(|file| file.file_name() == b"package.json");
            if has_manifest && depth.is_none_or(|depth| depth == level) {
                found.push(relative.clone());
            }
            if depth.is_some_and(|depth| level >= depth) {
                continue;
            }
            for inside in contents.folders {
                let Ok(name) = std::str::from_utf8(inside.file_name()) else {
                    continue;
                };
                if name != "node_modules" && name != ".git" {
                    let below = match relative.is_empty() {
                        true => name.to_owned(),
                        false => format!("{relative}/{name}"),
                    };
                    open.push((below, level.saturating_add(1)));
                }
            }
        }
    }
}
