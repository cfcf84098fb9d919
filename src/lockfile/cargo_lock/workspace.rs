//! The manifests of one's own packages: who is a member of the workspace, and what each asks for.
//!
//! Cargo's reference, "Workspaces" and "Specifying Dependencies", and Cargo's `core/workspace.rs`: members are what the root
//! manifest lists, and the folders below it that members depend on. A lockfile covers members with all their features and
//! with what they are developed with; other folders are packages like those of a registry.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use globset::{GlobBuilder, GlobMatcher};

use super::declared::{Declared, Dependency, DependencyKind, Origin};
use crate::model::{Contents, TreePath};
use crate::text::toml;
use crate::text::tree::{Document, Kind, Value};

/// The manifests around a lockfile.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// One's own packages, by name.
    pub packages: BTreeMap<String, OwnPackage>,
    /// The lowest release of Rust that every member has to build with.
    pub rust_version: Option<String>,
    /// The names of packages that `[patch]` or `[replace]` decide about.
    pub patched: BTreeSet<String>,
}

/// One of one's own packages.
#[derive(Debug, Clone)]
pub struct OwnPackage {
    /// The folder of its manifest, from that of the lockfile; empty for that itself.
    pub folder: String,
    /// Its version.
    pub version: String,
    /// What it asks for.
    pub declared: Rc<Declared>,
    /// How a lockfile covers it.
    pub standing: Standing,
}

/// How a lockfile covers a package of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A member: with all of its features, and with what it is developed with.
    Member,
    /// As others ask for it.
    Dependency,
}

/// Reads files and folders.
#[derive(Clone, Copy)]
pub struct Files<'f> {
    /// The folder of the lockfile.
    pub folder: &'f TreePath,
    /// Gives the text of a file.
    pub read: &'f dyn Fn(&TreePath) -> Option<String>,
    /// Gives what is in a folder; `None` where that is not known.
    pub list: &'f dyn Fn(&TreePath) -> Option<Contents>,
}

/// At most so many manifests are read.
const MAX_MANIFESTS: usize = 2_000;

const MANIFEST: &str = "Cargo.toml";

impl Workspace {
    /// Reads the manifests around a lockfile.
    ///
    /// # Errors
    /// Why they cannot be understood, as a sentence.
    pub fn read(files: Files<'_>) -> Result<Self, String> {
        let text = manifest_text(files, "").ok_or("There is no Cargo.toml beside the lockfile.")?;
        let document = parsed("", &text)?;
        let root = document.root();
        let table = root.get("workspace");
        let members: Vec<String> = texts(table.and_then(|table| table.get("members")));
        let excluded: Vec<String> = texts(table.and_then(|table| table.get("exclude")));
        let mut reader = Reader {
            files,
            root,
            workspace: Self::default(),
            seen: BTreeSet::new(),
            open: VecDeque::new(),
            members: members.iter().filter_map(|path| below("", path)).collect(),
            excluded: excluded.iter().filter_map(|path| below("", path)).collect(),
        };
        reader.workspace.patched = patched(root);
        reader.open.push_back((String::new(), Standing::Member));
        for member in reader.members.clone() {
            let folders = reader.expanded(&member).ok_or_else(|| {
                format!(
                    "The folders that `members` means by {} cannot be listed here: check all of them out.",
                    shown(&member)
                )
            })?;
            for folder in folders {
                if !reader.is_excluded(&folder) {
                    reader.open.push_back((folder, Standing::Member));
                }
            }
        }
        for table in ["patch", "replace"] {
            for path in paths_in(root.get(table)) {
                reader
                    .open
                    .extend(below("", &path).map(|folder| (folder, Standing::Dependency)));
            }
        }
        reader.read_all()?;
        let mut workspace = reader.workspace;
        if workspace.rust_version.is_none() {
            workspace.rust_version = toolchain(files);
        }
        Ok(workspace)
    }
}

/// The package of the manifest `text` in `folder`, which takes what is shared from `root`, the text of the root manifest.
///
/// # Errors
/// Why they cannot be understood, as a sentence.
pub fn package(root: &str, folder: &str, text: &str) -> Result<OwnPackage, String> {
    let (root, document) = (parsed("", root)?, parsed(folder, text)?);
    let mut reader = Reader {
        files: Files {
            folder: &TreePath::root(),
            read: &|_| None,
            list: &|_| None,
        },
        root: root.root(),
        workspace: Workspace::default(),
        seen: BTreeSet::new(),
        open: VecDeque::new(),
        members: Vec::new(),
        excluded: Vec::new(),
    };
    reader.read_one(folder, document.root(), Standing::Member)?;
    let mut packages = reader.workspace.packages.into_values();
    packages
        .next()
        .ok_or_else(|| format!("{} has no package.", shown(folder)))
}

/// The names of packages that the root manifest `text` patches.
#[must_use]
pub fn patched_by(text: &str) -> BTreeSet<String> {
    patched(toml::read(text).root())
}

/// Reads manifest after manifest.
struct Reader<'r> {
    files: Files<'r>,
    /// The root manifest.
    root: Value<'r>,
    workspace: Workspace,
    seen: BTreeSet<String>,
    open: VecDeque<(String, Standing)>,
    members: Vec<String>,
    excluded: Vec<String>,
}

impl Reader<'_> {
    fn read_all(&mut self) -> Result<(), String> {
        // Members first: a folder that is both is one.
        while let Some(next) = self.next() {
            let (folder, standing) = next;
            if self.seen.len() >= MAX_MANIFESTS {
                return Err(format!("The workspace has more than {MAX_MANIFESTS} manifests."));
            }
            if !self.seen.insert(folder.clone()) {
                continue;
            }
            let Some(text) = manifest_text(self.files, &folder) else {
                continue;
            };
            let document = parsed(&folder, &text)?;
            self.read_one(&folder, document.root(), standing)?;
        }
        Ok(())
    }

    fn next(&mut self) -> Option<(String, Standing)> {
        let member = self
            .open
            .iter()
            .position(|(_, standing)| *standing == Standing::Member);
        self.open.remove(member.unwrap_or(0))
    }

    fn read_one(&mut self, folder: &str, manifest: Value<'_>, standing: Standing) -> Result<(), String> {
        let Some(package) = manifest.get("package").or_else(|| manifest.get("project")) else {
            return Ok(());
        };
        let Some(name) = package.str("name") else {
            return Err(format!("{} has no name of a package.", shown(folder)));
        };
        let mut dependencies = Vec::new();
        let targets = manifest.get("target").into_iter().flat_map(Value::entries);
        for table in std::iter::once(manifest).chain(targets.map(|(_, table)| table)) {
            for (key, kind) in TABLES {
                let entries = table.get(key).into_iter().flat_map(Value::entries);
                for (name, value) in entries {
                    dependencies.push(self.dependency(folder, &name, value, kind)?);
                    if let Some(path) = self.path(folder, &name, value) {
                        let is_member = standing == Standing::Member && self.is_inside(&path);
                        let standing = match is_member {
                            true => Standing::Member,
                            false => Standing::Dependency,
                        };
                        self.open.push_back((path, standing));
                    }
                }
            }
        }
        let features = manifest.get("features").into_iter().flat_map(Value::entries);
        let features = features.map(|(name, values)| (name.into_owned(), texts(Some(values))));
        let links = package.str("links").map(std::borrow::Cow::into_owned);
        if standing == Standing::Member
            && let Some(version) = self.inherited(package, "rust-version")
        {
            let lower = match &self.workspace.rust_version {
                Some(known) => numbers(&version) < numbers(known),
                None => true,
            };
            if lower {
                self.workspace.rust_version = Some(version);
            }
        }
        let own = OwnPackage {
            folder: folder.to_owned(),
            version: self
                .inherited(package, "version")
                .unwrap_or_else(|| "0.0.0".to_owned()),
            declared: Rc::new(Declared::new(dependencies, features.collect(), links)),
            standing,
        };
        self.workspace.packages.entry(name.into_owned()).or_insert(own);
        Ok(())
    }

    /// The text under `key` of a package, or that of the workspace where it says so.
    fn inherited(&self, package: Value<'_>, key: &str) -> Option<String> {
        let value = package.get(key)?;
        let text = match value.get("workspace").and_then(Value::as_bool) {
            Some(true) => self.root.get("workspace")?.get("package")?.str(key)?,
            Some(false) | None => value.as_str()?,
        };
        Some(text.into_owned())
    }

    fn dependency(
        &self,
        folder: &str,
        name: &str,
        value: Value<'_>,
        kind: DependencyKind,
    ) -> Result<Dependency, String> {
        let shared = self.shared(name, value);
        if is_shared(value) && shared.is_none() {
            return Err(format!(
                "{} takes {name} from the workspace, which does not have it.",
                shown(folder)
            ));
        }
        let says = shared.unwrap_or(value);
        let flag = |value: Value<'_>, key: &str| value.get(key).and_then(Value::as_bool);
        let defaults =
            |value: Value<'_>| flag(value, "default-features").or_else(|| flag(value, "default_features"));
        let has_defaults = match (shared.map(defaults), defaults(value)) {
            (Some(shared), own) => shared.unwrap_or(true) || own == Some(true),
            (None, own) => own.unwrap_or(true),
        };
        let mut features = texts(says.get("features"));
        if shared.is_some() {
            features.extend(texts(value.get("features")));
        }
        let is_elsewhere = says.get("path").is_some() || says.get("git").is_some();
        Ok(Dependency {
            name: name.to_owned(),
            package: says.str("package").unwrap_or(name.into()).into_owned(),
            range: range_of(says).unwrap_or_else(|| "*".to_owned()),
            features,
            has_defaults,
            is_optional: flag(value, "optional").unwrap_or(false),
            kind,
            origin: match is_elsewhere {
                true => Origin::Elsewhere,
                false => Origin::Registry,
            },
            folder: Some(match shared {
                Some(_) => String::new(),
                None => folder.to_owned(),
            }),
        })
    }

    /// What the root manifest says of a dependency that is shared.
    fn shared(&self, name: &str, value: Value<'_>) -> Option<Value<'_>> {
        let table = self.root.get("workspace").filter(|_| is_shared(value))?;
        table.get("dependencies")?.get(name)
    }

    /// The folder of a dependency that is one's own.
    fn path(&self, folder: &str, name: &str, value: Value<'_>) -> Option<String> {
        match self.shared(name, value) {
            Some(shared) => below("", &shared.str("path")?),
            None => below(folder, &value.str("path")?),
        }
    }

    /// A folder of the workspace that is not left out.
    fn is_inside(&self, folder: &str) -> bool {
        !folder.starts_with("..") && !self.is_excluded(folder)
    }

    fn is_excluded(&self, folder: &str) -> bool {
        let is_below = |above: &String| {
            let rest = folder.strip_prefix(above.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || above.is_empty())
        };
        self.excluded.iter().any(is_below) && !self.members.iter().any(is_below)
    }

    /// The folders that a pattern of `members` names; `None` where they are not known.
    fn expanded(&self, pattern: &str) -> Option<Vec<String>> {
        let mut folders = vec![String::new()];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let mut next = Vec::new();
            for folder in &folders {
                let joined = |name: &str| match folder.as_str() {
                    "" => name.to_owned(),
                    folder => format!("{folder}/{name}"),
                };
                match part.contains(['*', '?', '[']) {
                    false => next.push(joined(part)),
                    true => {
                        let contents = (self.files.list)(&self.files.folder.join(folder)?)?;
                        let matcher = matcher(part);
                        let fits =
                            |name: &&str| matcher.as_ref().is_some_and(|matcher| matcher.is_match(name));
                        let folders = contents.folders.iter();
                        let names = folders.filter_map(|path| std::str::from_utf8(path.file_name()).ok());
                        next.extend(names.filter(fits).map(joined));
                    }
                }
            }
            next.sort();
            next.truncate(MAX_MANIFESTS);
            folders = next;
        }
        Some(folders)
    }
}

/// The tables of a manifest in which dependencies stand.
pub const TABLES: [(&str, DependencyKind); 5] = [
    ("dependencies", DependencyKind::Normal),
    ("build-dependencies", DependencyKind::Build),
    ("build_dependencies", DependencyKind::Build),
    ("dev-dependencies", DependencyKind::Dev),
    ("dev_dependencies", DependencyKind::Dev),
];

fn is_shared(value: Value<'_>) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// The range of a dependency, if it has one.
fn range_of(value: Value<'_>) -> Option<String> {
    let text = match value.kind() {
        Kind::Object => value.str("version")?,
        _ => value.as_str()?,
    };
    Some(text.into_owned())
}

fn texts(value: Option<Value<'_>>) -> Vec<String> {
    let items = value.into_iter().flat_map(Value::items);
    items
        .filter_map(|item| Some(item.as_str()?.into_owned()))
        .collect()
}

fn manifest_text(files: Files<'_>, folder: &str) -> Option<String> {
    let path = files.folder.join(folder)?.join(MANIFEST)?;
    (files.read)(&path)
}

fn parsed<'t>(folder: &str, text: &'t str) -> Result<Document<'t>, String> {
    let document = toml::read(text);
    match document.problems.is_empty() {
        true => Ok(document),
        false => Err(format!("{} is damaged.", shown(folder))),
    }
}

/// How messages call the manifest in `folder`.
#[must_use]
pub fn shown(folder: &str) -> String {
    match folder {
        "" => MANIFEST.to_owned(),
        folder => format!("{folder}/{MANIFEST}"),
    }
}

/// The names that `[patch]` and `[replace]` speak of.
fn patched(root: Value<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let patches = root.get("patch").into_iter().flat_map(Value::entries);
    for (_, patch) in patches {
        for (name, value) in patch.entries() {
            names.insert(value.str("package").unwrap_or(name).into_owned());
        }
    }
    for (key, _) in root.get("replace").into_iter().flat_map(Value::entries) {
        let name = key.split([':', '@']).next().unwrap_or_default();
        names.insert(name.to_owned());
    }
    names
}

/// Every `path` in the tables of `value`.
fn paths_in(value: Option<Value<'_>>) -> Vec<String> {
    let mut paths = Vec::new();
    let tables = value.into_iter().flat_map(Value::entries);
    for (_, table) in tables {
        paths.extend(table.str("path").map(std::borrow::Cow::into_owned));
        let entries = table.entries();
        paths.extend(entries.filter_map(|(_, entry)| Some(entry.str("path")?.into_owned())));
    }
    paths
}

/// The release of Rust that `rust-toolchain.toml` or `rust-toolchain` names by its number.
fn toolchain(files: Files<'_>) -> Option<String> {
    let file = |name: &str| (files.read)(&files.folder.join(name)?);
    let channel = match (file("rust-toolchain.toml"), file("rust-toolchain")) {
        (Some(text), _) => channel(&text)?,
        (None, Some(text)) => channel(&text).unwrap_or_else(|| text.trim().to_owned()),
        (None, None) => return None,
    };
    let is_number = channel.starts_with(|first: char| first.is_ascii_digit())
        && channel.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_number.then_some(channel)
}

fn channel(text: &str) -> Option<String> {
    let document = toml::read(text);
    let table = document.root().get("toolchain")?;
    Some(table.str("channel")?.into_owned())
}

/// The numbers of a release of Rust.
#[must_use]
pub fn numbers(version: &str) -> [u64; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// `path` below `folder`, without `.`, and with `..` only in front; `None` for one from the root of the file system.
fn below(folder: &str, path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    let all = folder.split('/').chain(path.split('/'));
    for part in all.filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            (part, _) => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A longer pattern, or one with more wildcards, names nothing.
const MAX_PATTERN: usize = 512;
const MAX_WILDCARDS: usize = 8;

/// What fits one part of a pattern of `members`.
fn matcher(part: &str) -> Option<GlobMatcher> {
    let wildcards = part.bytes().filter(|byte| b"*?[{,".contains(byte)).count();
    let is_small = part.len() <= MAX_PATTERN && wildcards <= MAX_WILDCARDS;
    let glob = is_small.then(|| GlobBuilder::new(part).literal_separator(true).build().ok());
    Some(glob??.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Workspace, String> {
        let folder = TreePath::new("top").expect("a path");
        let text = |path: &TreePath| {
            let mut known = files.iter();
            let found = known.find(|(name, _)| TreePath::new(format!("top/{name}")).as_ref() == Some(path));
            found.map(|(_, text)| (*text).to_owned())
        };
        let list = |path: &TreePath| {
            let names = files.iter().filter_map(|(name, _)| {
                let path = path.to_string();
                let rest = format!("top/{name}");
                let rest = rest.strip_prefix(&path)?.strip_prefix('/')?.to_owned();
                Some(rest.split_once('/')?.0.to_owned())
            });
            let names: BTreeSet<String> = names.collect();
            Some(Contents {
                folders: names.iter().filter_map(|name| path.join(name)).collect(),
                ..Contents::default()
            })
        };
        Workspace::read(Files {
            folder: &folder,
            read: &text,
            list: &list,
        })
    }

    const ROOT: &str = "[workspace]\nmembers = [\"crates/*\", \"tool\"]\nexclude = [\"crates/old\"]\n\
        [workspace.package]\nversion = \"2.0.0\"\nrust-version = \"1.70\"\n\
        [workspace.dependencies]\nserde = { version = \"1.0.1\", default-features = false, features = [\"derive\"] }\n\
        near = { path = \"crates/b\" }\n[patch.crates-io]\nrand = { path = \"rand\" }\nother = { git = \"x\", package = \"real\" }\n";

    #[test]
    fn members_are_found_and_take_what_is_shared() {
        let workspace = read(&[
            ("Cargo.toml", ROOT),
            (
                "crates/a/Cargo.toml",
                "[package]\nname = \"a\"\nversion.workspace = true\nrust-version.workspace = true\n[dependencies]\n\
                 serde = { workspace = true, features = [\"rc\"], optional = true }\nnear.workspace = true\n\
                 [target.'cfg(unix)'.build-dependencies]\ncc = { version = \"1\", package = \"real-cc\" }\n\
                 [dev-dependencies.far]\npath = \"../../../far\"\nversion = \"3\"\n[features]\nx = [\"serde?/std\"]\n",
            ),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\nrust-version = \"1.65.0\"\n"),
            ("crates/old/Cargo.toml", "[package]\nname = \"old\"\n"),
            ("tool/Cargo.toml", "[package]\nname = \"tool\"\nversion = \"0.1.0\"\n"),
            ("rand/Cargo.toml", "[package]\nname = \"rand\"\nversion = \"0.8.5\"\n"),
            ("../far/Cargo.toml", "[package]\nname = \"far\"\nversion = \"3.1.0\"\n"),
        ])
        .expect("a workspace");
        let all: Vec<(&str, &str, &str, Standing)> = workspace
            .packages
            .iter()
            .map(|(name, own)| {
                (
                    name.as_str(),
                    own.folder.as_str(),
                    own.version.as_str(),
                    own.standing,
                )
            })
            .collect();
        assert_eq!(
            all,
            [
                ("a", "crates/a", "2.0.0", Standing::Member),
                ("b", "crates/b", "0.0.0", Standing::Member),
                ("far", "../far", "3.1.0", Standing::Dependency),
                ("rand", "rand", "0.8.5", Standing::Dependency),
                ("tool", "tool", "0.1.0", Standing::Member),
            ]
        );
        assert_eq!(workspace.rust_version.as_deref(), Some("1.65.0"));
        let patched: Vec<&String> = workspace.patched.iter().collect();
        assert_eq!(patched, ["rand", "real"]);
        let [serde, near, far, cc] = workspace.packages["a"].declared.dependencies.as_slice() else {
            panic!("{workspace:?}")
        };
        assert_eq!(
            (serde.range.as_str(), serde.folder.as_deref()),
            ("1.0.1", Some(""))
        );
        assert_eq!((serde.is_optional, serde.has_defaults), (true, false));
        assert_eq!(serde.features, ["derive", "rc"]);
        assert_eq!((near.range.as_str(), &near.origin), ("*", &Origin::Elsewhere));
        assert_eq!((far.range.as_str(), far.kind), ("3", DependencyKind::Dev));
        assert_eq!(
            (cc.package.as_str(), cc.folder.as_deref()),
            ("real-cc", Some("crates/a"))
        );
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        assert_eq!(
            read(&[]).unwrap_err(),
            "There is no Cargo.toml beside the lockfile."
        );
        assert_eq!(
            read(&[("Cargo.toml", "[")]).unwrap_err(),
            "Cargo.toml is damaged."
        );
        let lost = "[package]\nname = \"a\"\n[dependencies]\nx.workspace = true\n";
        assert_eq!(
            read(&[("Cargo.toml", lost)]).unwrap_err(),
            "Cargo.toml takes x from the workspace, which does not have it."
        );
        // A circle of folders, and one out of everything.
        let round = "[package]\nname = \"a\"\n[dependencies]\na = { path = \".\" }\nb = { path = \"/etc\" }\n\
            c = { path = \"../../../../..\" }\n";
        assert_eq!(
            read(&[("Cargo.toml", round)]).expect("a package").packages.len(),
            1
        );
    }

    #[test]
    fn a_toolchain_counts_where_no_package_names_a_release() {
        let package = "[package]\nname = \"a\"\n";
        for (file, text, expected) in [
            (
                "rust-toolchain.toml",
                "[toolchain]\nchannel = \"1.74.0\"\n",
                Some("1.74.0"),
            ),
            ("rust-toolchain", "1.60\n", Some("1.60")),
            ("rust-toolchain", "stable\n", None),
            (
                "rust-toolchain.toml",
                "[toolchain]\nchannel = \"nightly-2026-01-01\"\n",
                None,
            ),
        ] {
            let workspace = read(&[("Cargo.toml", package), (file, text)]).expect("a package");
            assert_eq!(workspace.rust_version.as_deref(), expected, "{text}");
        }
        assert!(numbers("1.70") < numbers("1.70.1"));
    }
}
