//! Files that a project leads to: what it imports itself, and what every project takes from the folders above.
//!
//! - An `Import` is followed inside the tree, each file once, as MSBuild does. What the tools bring along (SDKs, `$(MSBuildToolsPath)`,
//!   files in packages) has no packages of the project.
//! - `*`, `?` and `**` stand for what is in the tree, in the order of the names without regard to case, and a `;` is between several files.
//! - One that cannot be followed is a partial gap. A file that is absent is none where `Exists(…)` guards the import, and where a
//!   property leads to it that no file sets.

use std::collections::HashSet;

use super::properties::{Properties, Unknown, path_in_tree};
use super::text::Text;
use super::wildcards::Wildcards;
use super::{CENTRAL, Csproj, DAMAGED, attribute};
use crate::lockfile::{Format as _, Problem, is_named};
use crate::model::{Cost, Tree, TreePath};
use crate::text::xml::{Document, Element};
use crate::text::{Span, decode, xml};

/// Files that are read with one, at most.
const MAX_IMPORTED: usize = 128;

/// Nor is one read behind this many bytes.
const MAX_IMPORTED_BYTES: usize = 16 << 20;

/// Imports that are looked at for one file.
const MAX_IMPORTS: usize = 2000;

/// A longer condition guards nothing.
const MAX_CONDITION: usize = 4096;

const FOLLOW: &str = "Scan from the folder that holds that file, write the path in the import as it is, or keep a lockfile: set RestorePackagesWithLockFile and commit packages.lock.json.";

/// A file that is read with another one.
pub(super) struct Imported {
    pub(super) path: TreePath,
    pub(super) text: String,
}

/// What a project file leads to.
pub(super) struct Sources<'r> {
    pub(super) properties: Properties<'r>,
    /// Files whose items are those of the file that is read.
    pub(super) imported: Vec<Imported>,
    /// Imports that could not be followed.
    pub(super) gaps: Vec<Problem>,
}

/// An `Import` as it is written.
struct Import {
    from: TreePath,
    written: Text<'static>,
    /// Conditions that it stands under, in small letters.
    condition: String,
    /// What the file says counts as said by the one that is read; else only its properties do.
    is_own: bool,
}

/// What becomes of an import.
enum Followed {
    /// These files.
    To(Vec<TreePath>),
    /// What a tool brings, or nothing.
    Nothing,
    /// A property is not known, which a file that is read later may set.
    Open(String),
    Lost(String),
}

struct Gathering<'r> {
    sources: Sources<'r>,
    own: &'r TreePath,
    tree: &'r dyn Tree,
    seen: HashSet<TreePath>,
    bytes: usize,
    imports: usize,
    wildcards: Wildcards,
    pending: Vec<Import>,
}

impl<'r> Sources<'r> {
    /// Those of the file at `own`, which is `document`.
    pub(super) fn of(own: &'r TreePath, document: &Document<'_>, tree: &'r dyn Tree) -> Self {
        let mut gathering = Gathering {
            sources: Sources {
                properties: Properties::new(own, tree),
                imported: Vec::new(),
                gaps: Vec::new(),
            },
            own,
            tree,
            seen: HashSet::from([own.clone()]),
            bytes: 0,
            imports: 0,
            wildcards: Wildcards::default(),
            pending: Vec::new(),
        };
        gathering.add(own, document, true);
        // What it imports itself is its own; a property from above may be wanted for that.
        let open = gathering.follow_known();
        for name in ["Directory.Build.props", CENTRAL] {
            let nearest = own
                .above()
                .filter_map(|folder| called(&folder, name, tree))
                .find(|shared| shared != own);
            if let Some(shared) = nearest {
                gathering.read(shared, None, false);
            }
        }
        let later = gathering.follow_known();
        gathering.pending = open
            .into_iter()
            .chain(later)
            .rev()
            .map(|(import, _)| import)
            .collect();
        for (import, message) in gathering.follow_known() {
            gathering.gap(&import, Cost::Partial, message);
        }
        gathering.sources
    }
}

/// The file called `name` in `folder`, in any case if there is none in this one.
pub(super) fn called(folder: &TreePath, name: &str, tree: &dyn Tree) -> Option<TreePath> {
    let exact = folder.join(name)?;
    if tree.holds(&exact) {
        return Some(exact);
    }
    let files = tree.contents(folder)?.files;
    files.into_iter().find(|path| is_named(path, name))
}

impl Gathering<'_> {
    /// Follows what is to be followed, as long as a file that is read says what another import needs; the rest is given back.
    fn follow_known(&mut self) -> Vec<(Import, String)> {
        loop {
            let known = self.sources.properties.len();
            let mut left = Vec::new();
            // The last one is read next: the order of the file is kept.
            while let Some(import) = self.pending.pop() {
                match self.follow(&import) {
                    Followed::To(paths) => {
                        for path in paths {
                            self.read(path, Some(&import), import.is_own);
                        }
                    }
                    Followed::Nothing => {}
                    Followed::Open(message) => left.push((import, message)),
                    Followed::Lost(message) => self.gap(&import, Cost::Partial, message),
                }
            }
            if self.sources.properties.len() == known {
                return left;
            }
            self.pending = left.into_iter().rev().map(|(import, _)| import).collect();
        }
    }

    fn follow(&mut self, import: &Import) -> Followed {
        let written = &import.written.says;
        let is_guarded = import.condition.contains("exists(");
        let expanded = match self
            .sources
            .properties
            .expand(import.written.clone(), &import.from)
        {
            Ok(expanded) => expanded.says,
            Err(Unknown::Unset(name) | Unknown::Open(name)) if is_of_tools(&name) => {
                return Followed::Nothing;
            }
            Err(Unknown::Unset(name)) if is_guarded || is_asked_for(&import.condition, &name) => {
                return Followed::Nothing;
            }
            Err(Unknown::Unset(name) | Unknown::Open(name)) => {
                let function = name.split('(').next().unwrap_or_default().to_lowercase();
                if function.ends_with("offileabove") && import.condition.contains(&function) {
                    return Followed::Nothing;
                }
                return Followed::Open(match name.contains('(') {
                    true => format!(
                        "the import of `{written}` is not followed: what it asks for is not in the tree"
                    ),
                    false => format!("the import of `{written}` is not followed: $({name}) is not known"),
                });
            }
        };
        let last = expanded.rsplit(['/', '\\']).next().unwrap_or_default();
        if ["Sdk.props", "Sdk.targets"]
            .iter()
            .any(|sdk| last.eq_ignore_ascii_case(sdk))
        {
            return Followed::Nothing;
        }
        let is_absolute = written.starts_with(['/', '\\']) || written.get(1..2) == Some(":");
        let mut found = Vec::new();
        let parts = expanded.split(';').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            if part.contains(['*', '?', '%', '@']) {
                let is_known = !is_absolute && !part.contains(['%', '@']);
                let home = import.from.parent();
                let files = is_known.then(|| self.wildcards.files(part, &home, self.tree));
                let Some(files) = files.flatten() else {
                    return Followed::Lost(format!(
                        "which files the import of `{written}` takes, is not known"
                    ));
                };
                found.extend(files);
                continue;
            }
            let path =
                path_in_tree(part, &import.from).filter(|path| !is_absolute && *path != TreePath::root());
            match path {
                Some(path) if self.tree.holds(&path) => found.push(path),
                Some(_) | None if is_guarded => {}
                Some(path) => {
                    return Followed::Lost(format!(
                        "the import of `{written}` is not followed: there is no {path}"
                    ));
                }
                None => {
                    return Followed::Lost(format!(
                        "the import of `{written}` is not followed: it is outside of the tree"
                    ));
                }
            }
        }
        Followed::To(found)
    }

    /// Reads the file at `path`, once.
    fn read(&mut self, path: TreePath, import: Option<&Import>, is_own: bool) {
        if !self.seen.insert(path.clone()) {
            return;
        }
        if self.seen.len() > MAX_IMPORTED || self.bytes > MAX_IMPORTED_BYTES {
            self.pending.clear();
            if let Some(import) = import {
                self.gap(
                    import,
                    Cost::Blind,
                    "too many files are imported; not all are read".into(),
                );
            }
            return;
        }
        let bytes = match self.tree.read(&path) {
            Ok(bytes) => bytes,
            Err(unread) => {
                if let Some(import) = import {
                    let message = format!("the imported file {path} cannot be read: {unread}");
                    self.gap(import, Cost::Blind, message);
                }
                return;
            }
        };
        self.bytes = self.bytes.saturating_add(bytes.len());
        let decoded = decode::decode(&bytes);
        let mut document = xml::read(&decoded.text);
        // A file that is read by itself says its packages there.
        let is_own = is_own && !(Csproj.claims(&path) && self.tree.is_scanned(&path, Csproj.name()));
        if is_own {
            let problems = decoded
                .problem
                .into_iter()
                .chain(std::mem::take(&mut document.problems));
            for problem in problems {
                let message = problem.message.to_string();
                let problem = Problem::elsewhere(Cost::Blind, path.clone(), problem.span, message, DAMAGED);
                self.sources.gaps.push(problem);
            }
        }
        self.add(&path, &document, is_own);
        if is_own {
            let text = decoded.text.into_owned();
            self.sources.imported.push(Imported { path, text });
        }
    }

    /// Takes the properties and the imports of a file.
    fn add(&mut self, path: &TreePath, document: &Document<'_>, is_own: bool) {
        self.sources.properties.add(path, document);
        let mut found = Vec::new();
        let mut open: Vec<(Element<'_>, Option<Element<'_>>)> = vec![(document.root(), None)];
        while let Some((element, mut group)) = open.pop() {
            let is = |name: &str| element.name().eq_ignore_ascii_case(name);
            if ["ItemGroup", "PropertyGroup", "ItemDefinitionGroup", "Target"]
                .into_iter()
                .any(is)
            {
                continue;
            }
            if is("Import") {
                if found.len() <= MAX_IMPORTS {
                    found.extend(import(path, element, group, is_own));
                }
                continue;
            }
            if is("ImportGroup") {
                group = Some(element);
            }
            let from = open.len();
            open.extend(element.children().map(|child| (child, group)));
            open.get_mut(from..).unwrap_or_default().reverse();
        }
        self.imports = self.imports.saturating_add(found.len());
        if self.imports > MAX_IMPORTS {
            if let Some(import) = found.first() {
                self.gap(
                    import,
                    Cost::Blind,
                    "too many files are imported; not all are read".into(),
                );
            }
            return;
        }
        self.pending.extend(found.into_iter().rev());
    }

    fn gap(&mut self, import: &Import, cost: Cost, message: String) {
        if !import.is_own {
            return;
        }
        let span: Span = import.written.span;
        let mut problem = Problem::elsewhere(cost, import.from.clone(), span, message, FOLLOW);
        if import.from == *self.own {
            problem.file = None;
        }
        self.sources.gaps.push(problem);
    }
}

/// An `Import` of a file, which stands in `group`; one with an `Sdk` takes it from there.
fn import(from: &TreePath, element: Element<'_>, group: Option<Element<'_>>, is_own: bool) -> Option<Import> {
    let written = attribute(element, "Project").filter(|written| !written.value.trim().is_empty())?;
    let mut condition = String::new();
    for holder in [Some(element), group].into_iter().flatten() {
        if let Some(own) = attribute(holder, "Condition").filter(|own| own.value.len() <= MAX_CONDITION) {
            condition.push_str(&own.value.to_lowercase());
            condition.push(' ');
        }
    }
    attribute(element, "Sdk").is_none().then(|| Import {
        from: from.clone(),
        written: Text::of_attribute(written).into_owned(),
        condition,
        is_own,
    })
}

/// The condition asks whether the property has a value.
fn is_asked_for(condition: &str, name: &str) -> bool {
    condition.contains("!=") && condition.contains(&format!("$({})", name.to_lowercase()))
}

/// A property that leads to what a tool brings along: MSBuild, Visual Studio, an SDK, a package.
fn is_of_tools(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "vstoolspath",
        "vsinstalldir",
        "vsinstallroot",
        "devenvdir",
        "fsharptargetspath",
        "wixtargetspath",
        "wixcatargetspath",
        "languagetargets",
        "commontargetspath",
        "userrootdir",
        "nugetpackageroot",
        "nugetpackagesdirectory",
    ];
    let name = name.to_ascii_lowercase();
    let is_of_msbuild = name.starts_with("msbuild")
        && !name.starts_with("msbuildproject")
        && !name.starts_with("msbuildthisfile");
    is_of_msbuild
        || name == "msbuildprojectextensionspath"
        || name.starts_with("vctargetspath")
        || name.starts_with("pkg")
        || NAMES.contains(&&*name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockfile::File;

    /// As a folder does that holds a link to itself: every path has the same two imports.
    struct Endless;

    impl Tree for Endless {
        fn read(&self, _: &TreePath) -> Result<std::sync::Arc<[u8]>, crate::model::Unread> {
            let text = "<Project><Import Project=\"a/x.props\"/><Import Project=\"b/x.props\"/>\
                <ItemGroup><PackageReference Include=\"A\" Version=\"1\"/></ItemGroup></Project>";
            Ok(text.as_bytes().into())
        }
    }

    #[test]
    fn endless_imports_end() {
        let path = TreePath::new("Directory.Build.props").expect("a path");
        let text = "<Project><Import Project=\"a/x.props\"/></Project>";
        let parsed = Csproj.read(&File { path: &path, text }, &Endless);
        assert!(parsed.graph.packages().count() <= MAX_IMPORTED);
        let blind = parsed.problems.iter().find(|problem| problem.cost == Cost::Blind);
        assert!(blind.is_some_and(|problem| problem.message.contains("too many files")));
    }
}
