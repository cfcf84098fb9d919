//! The entries of both layouts, each read in one pass over its fields.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::text::Span;
use crate::text::tree::{Kind, Value, ValueId};

/// A folder with a package, or a link to one. Its fields are kept as numbers: a file may hold a million entries.
pub(super) struct Entry<'d> {
    /// Under `packages` the folder's path, in version 1 the name.
    pub(super) key: Cow<'d, str>,
    pub(super) value: Value<'d>,
    pub(super) place: EntryPlace,
    name: Option<ValueId>,
    version: Option<ValueId>,
    resolved: Option<ValueId>,
    integrity: Option<ValueId>,
    workspaces: Option<ValueId>,
    dependencies: Option<ValueId>,
    dev_dependencies: Option<ValueId>,
    optional_dependencies: Option<ValueId>,
    peer_dependencies: Option<ValueId>,
    peer_dependencies_meta: Option<ValueId>,
    requires: Option<ValueId>,
    pub(super) link: bool,
    /// Its key is the path of a folder outside every `node_modules`.
    is_local: bool,
    /// It is marked as not needed for the product.
    pub(super) is_marked: bool,
}

/// What an entry's key means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryPlace {
    /// A path from the folder of the lockfile.
    Path,
    /// A name in the root's `node_modules`.
    InRoot,
    /// A name in the `node_modules` of the entry with this number.
    Inside(u32),
}

/// Why an entry names another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Runtime,
    Dev,
    Optional,
    Peer,
    /// A requirement of version 1, which may be any of them.
    Unknown,
}

impl Need {
    /// What a field of a `package.json` holds.
    pub(super) fn of(field: &str) -> Option<Self> {
        match field {
            "dependencies" => Some(Self::Runtime),
            "devDependencies" => Some(Self::Dev),
            "optionalDependencies" => Some(Self::Optional),
            "peerDependencies" => Some(Self::Peer),
            _ => None,
        }
    }
}

/// The entries of `packages`, in the order of the file.
pub(super) fn of_packages<'d>(packages: Value<'d>) -> Vec<Entry<'d>> {
    let mut entries = Vec::with_capacity(packages.count());
    entries.extend(
        packages
            .entries()
            .map(|(key, value)| entry(key, EntryPlace::Path, value)),
    );
    entries
}

/// A `package.json`, as the entry of the folder that it is in.
pub(super) fn of_manifest(manifest: Value<'_>) -> Entry<'_> {
    entry(Cow::Borrowed(""), EntryPlace::Path, manifest)
}

/// The entries of version 1's `dependencies` and of all that lie inside them, in the order of the file.
pub(super) fn of_dependencies<'d>(dependencies: Value<'d>) -> Vec<Entry<'d>> {
    let mut entries: Vec<Entry<'d>> = Vec::new();
    let mut open: Vec<(EntryPlace, Value<'d>)> = Vec::new();
    let mut inside = Some((EntryPlace::InRoot, dependencies));
    loop {
        if let Some((place, table)) = inside.take() {
            let first = open.len();
            if table.kind() == Kind::Object {
                open.extend(table.entries().map(|(_, value)| (place, value)));
            }
            if let Some(added) = open.get_mut(first..) {
                added.reverse();
            }
        }
        let Some((place, value)) = open.pop() else {
            return entries;
        };
        let mut next = entry(value.key(), place, value);
        // In version 1 `dependencies` are the packages inside, and `requires` says what is needed.
        let number = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        inside = next
            .dependencies()
            .map(|table| (EntryPlace::Inside(number), table));
        next.dependencies = next.requires;
        entries.push(next);
    }
}

fn entry<'d>(key: Cow<'d, str>, place: EntryPlace, value: Value<'d>) -> Entry<'d> {
    let is_local = place == EntryPlace::Path && is_outside_modules(&key);
    let mut entry = Entry {
        key,
        place,
        value,
        name: None,
        version: None,
        resolved: None,
        integrity: None,
        workspaces: None,
        dependencies: None,
        dev_dependencies: None,
        optional_dependencies: None,
        peer_dependencies: None,
        peer_dependencies_meta: None,
        requires: None,
        link: false,
        is_local,
        is_marked: false,
    };
    let text = |field: Value<'_>| field.as_str().map(|_| field.id());
    for (key, field) in value.entries() {
        match key.as_ref() {
            "name" => entry.name = Some(field.id()),
            "version" => entry.version = Some(field.id()),
            "resolved" => entry.resolved = text(field),
            "integrity" => entry.integrity = text(field),
            "workspaces" => entry.workspaces = Some(field.id()),
            "dependencies" => entry.dependencies = Some(field.id()),
            "devDependencies" => entry.dev_dependencies = Some(field.id()),
            "optionalDependencies" => entry.optional_dependencies = Some(field.id()),
            "peerDependencies" => entry.peer_dependencies = Some(field.id()),
            META => entry.peer_dependencies_meta = Some(field.id()),
            "requires" => entry.requires = Some(field.id()),
            "dev" | "optional" | "devOptional" => entry.is_marked |= field.as_bool() == Some(true),
            "link" => entry.link = field.as_bool() == Some(true),
            _ => {}
        }
    }
    entry
}

impl<'d> Entry<'d> {
    fn field(&self, id: Option<ValueId>) -> Option<Value<'d>> {
        id.map(|id| self.value.of_id(id))
    }

    /// The name, where the folder is called otherwise.
    pub(super) fn name(&self) -> Option<Value<'d>> {
        self.field(self.name)
    }

    pub(super) fn version(&self) -> Option<Value<'d>> {
        self.field(self.version)
    }

    pub(super) fn resolved(&self) -> Option<Value<'d>> {
        self.field(self.resolved)
    }

    pub(super) fn integrity(&self) -> Option<Value<'d>> {
        self.field(self.integrity)
    }

    pub(super) fn workspaces(&self) -> Option<Value<'d>> {
        self.field(self.workspaces)
    }

    pub(super) fn dependencies(&self) -> Option<Value<'d>> {
        self.field(self.dependencies)
    }

    /// From the quote before the key to the end of the value.
    pub(super) fn span(&self) -> Span {
        let key = self.value.key_span();
        let start = match key.is_empty() {
            true => key.start,
            false => key.start.saturating_sub(1),
        };
        Span::new(start as usize, self.value.span().end as usize)
    }

    /// It is the folder of the lockfile.
    pub(super) fn is_root(&self) -> bool {
        self.place == EntryPlace::Path && self.key.is_empty()
    }

    /// The folder, if it is outside every `node_modules`. Version 1 names it as the version.
    pub(super) fn local_path(&self) -> Option<Cow<'_, str>> {
        match self.place {
            EntryPlace::Path => self.is_local.then_some(Cow::Borrowed(&self.key)),
            EntryPlace::InRoot | EntryPlace::Inside(_) => match self.version()?.as_str()? {
                Cow::Borrowed(version) => version.strip_prefix("file:").map(Cow::Borrowed),
                Cow::Owned(version) => version
                    .strip_prefix("file:")
                    .map(|path| Cow::Owned(path.to_owned())),
            },
        }
    }

    /// It is a folder inside of an installed package, which npm gets with that and not by itself.
    pub(super) fn is_in_package(&self) -> bool {
        let path = self.key.rsplit_once("node_modules/").map(|(_, path)| path);
        let is_deeper = |path: &str| path.split('/').count() > if path.starts_with('@') { 2 } else { 1 };
        self.place == EntryPlace::Path
            && path.is_some_and(is_deeper)
            && self.version().is_none()
            && self.resolved().is_none()
    }

    /// The version, where the field is that and no address.
    pub(super) fn own_version(&self) -> Option<Cow<'_, str>> {
        self.version()?
            .as_str()
            .filter(|_| self.place == EntryPlace::Path)
    }

    /// The name that is written, else that of the folder, with its scope.
    pub(super) fn own_name(&self) -> Cow<'_, str> {
        let written = self.name().and_then(Value::as_str);
        let named = written.filter(|_| self.place == EntryPlace::Path);
        named.unwrap_or_else(|| match self.place {
            EntryPlace::Path => Cow::Borrowed(folder_name(&self.key)),
            EntryPlace::InRoot | EntryPlace::Inside(_) => Cow::Borrowed(&self.key),
        })
    }

    /// Names of peers that `peerDependenciesMeta` lets be absent.
    pub(super) fn peers_that_may_be_absent(&self) -> Absent<'_> {
        may_be_absent(self.field(self.peer_dependencies_meta))
    }

    /// What it names, table by table. Only the root and local folders have their development dependencies
    /// installed.
    pub(super) fn needs(&self) -> impl Iterator<Item = (Need, Value<'_>)> {
        let dev = self.dev_dependencies.filter(|_| self.is_local);
        let tables = match self.place {
            EntryPlace::Path => [
                (Need::Runtime, self.dependencies),
                (Need::Dev, dev),
                (Need::Optional, self.optional_dependencies),
                (Need::Peer, self.peer_dependencies),
            ],
            EntryPlace::InRoot | EntryPlace::Inside(_) => [
                (Need::Unknown, self.dependencies),
                (Need::Unknown, None),
                (Need::Unknown, None),
                (Need::Unknown, None),
            ],
        };
        tables
            .into_iter()
            .filter_map(|(need, table)| Some((need, self.field(table)?)))
    }
}

/// The field that says which peers may be absent.
pub(super) const META: &str = "peerDependenciesMeta";

/// Names of peers that may be absent.
pub(super) type Absent<'d> = HashSet<Cow<'d, str>>;

/// The names in a table of that field.
pub(super) fn may_be_absent(meta: Option<Value<'_>>) -> Absent<'_> {
    let peers = meta.into_iter().flat_map(Value::entries);
    let optional = |peer: &Value<'_>| peer.get("optional").and_then(Value::as_bool) == Some(true);
    peers
        .filter(|(_, peer)| optional(peer))
        .map(|(name, _)| name)
        .collect()
}

/// No folder of `path` is a `node_modules`.
fn is_outside_modules(path: &str) -> bool {
    let mut folders = path.as_bytes().split(|byte| *byte == b'/');
    folders.all(|folder| folder != b"node_modules")
}

/// The last part of a path, with the scope before it.
fn folder_name(path: &str) -> &str {
    let after = |path: &str| {
        path.bytes()
            .rposition(|byte| byte == b'/')
            .map_or(0, |slash| slash + 1)
    };
    let base = after(path);
    let scope = path.get(..base.saturating_sub(1)).map_or(0, after);
    match path.get(scope..) {
        Some(scoped) if scoped.starts_with('@') => scoped,
        Some(_) | None => path.get(base..).unwrap_or_default(),
    }
}
