//! The entries of a `yarn.lock` and the manifests around it, for those who plan changes.

use std::collections::BTreeSet;
use std::ops::Range;

use super::catalogs::{Catalogs, is_cataloged};
use super::descriptor::{self, Reference, locator, split};
use super::entries::{Entries, Entry, read};
use super::lines::{Field, Syntax, field, lines};
use super::manifests::{self, Around, FieldKind, Manifest};
use super::{origin, syntax};
use crate::lockfile::package_lock::installed::requirement;
use crate::model::{Contents, Requirement, RequirementKind, Source, TreePath};
use crate::text::Span;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Yarn 1's.
    Classic,
    /// Of the others, with this number as `version` of `__metadata`.
    Berry(u64),
}

/// What a lockfile locks.
#[derive(Debug)]
pub struct Locked {
    /// Whose file it is.
    pub dialect: Dialect,
    /// The entries, in the order of the file.
    pub entries: Vec<LockedEntry>,
    /// What entries ask for has its protocol in front, as Yarn 4 writes it.
    pub has_protocols: bool,
}

/// An entry of the lockfile.
#[derive(Debug)]
pub struct LockedEntry {
    /// Where it stands, from its keys to the end of its last line.
    pub at: Range<usize>,
    /// What leads to it, as it is written, `name@range`.
    pub keys: Vec<String>,
    /// The package's own name.
    pub name: String,
    /// The version that is installed.
    pub version: String,
    /// `resolved` of Yarn 1, `resolution` of the others.
    pub origin: Option<String>,
    /// `integrity` of Yarn 1, `checksum` of the others.
    pub checksum: Option<String>,
    /// What it asks for.
    pub needs: Vec<Asked>,
    /// What it expects beside itself; Yarn 1 does not write it.
    pub peers: Vec<Requirement>,
    /// It comes from a registry, as its keys ask.
    pub is_of_registry: bool,
    /// The folder of a module of one's own, which the others list.
    pub module: Option<String>,
}

/// What something asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The name that the dependent has for it.
    pub name: String,
    /// The range, as it is written but for a protocol that stands for no other.
    pub range: String,
    /// It may be left out where it cannot be installed.
    pub is_optional: bool,
}

/// A `package.json` of the project.
#[derive(Debug, Clone, Default)]
pub struct OwnManifest {
    /// Its folder, from that of the lockfile; empty for that itself.
    pub folder: String,
    /// The name of the package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it asks for.
    pub needs: Vec<Asked>,
    /// `resolutions`, in the order of the file.
    pub resolutions: Vec<(String, String)>,
}

/// What the lockfile `text` locks.
///
/// # Errors
/// Why nothing can be planned with it, as a sentence.
pub fn locked(text: &str) -> Result<Locked, &'static str> {
    const DAMAGED: &str = "The lockfile is damaged.";
    let syntax = syntax(text).ok_or("It is no lockfile of Yarn.")?;
    let all = read(text, syntax);
    if !all.problems.is_empty() {
        return Err(DAMAGED);
    }
    let dialect = match syntax {
        Syntax::Classic => Dialect::Classic,
        Syntax::Berry => {
            let number = all.format.as_ref().and_then(|(number, _)| number.parse().ok());
            Dialect::Berry(number.ok_or(DAMAGED)?)
        }
    };
    let entries = all.entries.iter().map(|entry| of_entry(text, &all, entry));
    let entries: Option<Vec<LockedEntry>> = entries.collect();
    let is_registered = |need: &super::entries::Dependency<'_>| need.range.starts_with("npm:");
    Ok(Locked {
        dialect,
        has_protocols: matches!(dialect, Dialect::Berry(8..))
            || all
                .dependencies
                .iter()
                .any(|need| is_registered(need) && plain(&need.range) != need.range),
        entries: entries.ok_or(DAMAGED)?,
    })
}

/// The range without a protocol that stands for no other: of an alias it stays.
#[must_use]
pub fn plain(range: &str) -> &str {
    match range.strip_prefix("npm:") {
        Some(rest) if !rest.contains('@') => rest,
        Some(_) | None => range,
    }
}

/// Takes `name@range` apart.
#[must_use]
pub fn parts(key: &str) -> (&str, &str) {
    let (name, range) = split(key);
    (name, plain(range))
}

fn of_entry(text: &str, all: &Entries<'_>, entry: &Entry<'_>) -> Option<LockedEntry> {
    let within = |range: &Range<u32>| range.start as usize..range.end as usize;
    let keys = all.keys.get(within(&entry.keys))?;
    let said = entry.version.as_ref()?;
    let (called, asked) = split(&keys.first()?.text);
    let needs = all.dependencies.get(within(&entry.dependencies))?;
    let needs = needs.iter().map(|need| Asked {
        name: need.name.to_string(),
        range: plain(&need.range).to_owned(),
        is_optional: need.is_optional,
    });
    let mut locked = LockedEntry {
        at: entry.span.start as usize..entry.span.end as usize,
        keys: keys.iter().map(|key| key.text.to_string()).collect(),
        name: called.to_owned(),
        version: said.text.to_string(),
        origin: entry.origin.as_ref().map(|origin| origin.text.to_string()),
        checksum: entry.checksum.and_then(|span| of(text, span)).map(str::to_owned),
        needs: needs.collect(),
        peers: Vec::new(),
        is_of_registry: false,
        module: None,
    };
    match all.syntax {
        Syntax::Classic => {
            let need = requirement(called, asked, RequirementKind::Runtime);
            let name = entry
                .name
                .as_ref()
                .map_or(need.package().to_owned(), |name| name.text.to_string());
            let is_exotic = need.package.is_none() && need.range.contains([':', '/']);
            let address = locked.origin.as_deref().filter(|origin| !origin.is_empty());
            let origin = origin::of(
                name.into(),
                said,
                address.map(|address| (address, None)),
                is_exotic,
            );
            locked.is_of_registry = !is_exotic
                && !origin.differs
                && !origin.is_unsaid
                && matches!(origin.source, Source::Registry(_));
            locked.name = origin.name.into_owned();
        }
        Syntax::Berry => {
            let (name, reference) = locator(locked.origin.as_deref()?);
            let is_patched = keys.iter().any(|key| split(&key.text).1.starts_with("patch:"));
            locked.name = name;
            match reference {
                Reference::Npm {
                    version,
                    archive: None,
                } => {
                    locked.is_of_registry = !is_patched && version == locked.version;
                    locked.version = version;
                }
                Reference::Workspace(folder) => {
                    locked.module = Some(if folder == "." { String::new() } else { folder });
                }
                _ => {}
            }
            locked.peers = peers(of(text, entry.span)?);
        }
    }
    Some(locked)
}

/// What an entry of Yarn 2 and later expects beside itself.
fn peers(block: &str) -> Vec<Requirement> {
    let mut peers: Vec<Requirement> = Vec::new();
    let mut section = String::new();
    let mut about = String::new();
    for line in lines(block) {
        let Some(Field { key, value }) = field(&line, Syntax::Berry) else {
            continue;
        };
        match (line.indent, value) {
            (2, None) => section = key.text.into_owned(),
            (2, Some(_)) => section.clear(),
            (4, Some(value)) if section == "peerDependencies" => {
                peers.push(requirement(&key.text, &value.text, RequirementKind::Peer));
            }
            (4, None) if section == "peerDependenciesMeta" => about = key.text.into_owned(),
            (6, Some(value)) if section == "peerDependenciesMeta" && value.text == "true" => {
                let peer = peers.iter_mut().find(|peer| *peer.name == *about);
                if let Some(peer) = peer.filter(|_| key.text == "optional") {
                    peer.kind = RequirementKind::OptionalPeer;
                }
            }
            _ => {}
        }
    }
    peers
}

/// The name and range that Yarn patches under the key, of itself or because the project asks for it.
#[must_use]
pub fn patched(key: &str) -> Option<(String, String)> {
    descriptor::patched(split(key).1)
}

/// The name and range of a key that is bound to who asks for it, as a manifest may write them: `own@portal:./own` of
/// `own@portal:./own::locator=shop%40workspace%3A.`.
#[must_use]
pub fn unbound(key: &str) -> Option<(String, String)> {
    let (name, range) = split(key);
    let (range, _) = range.split_once("::")?;
    Some((name.to_owned(), decoded(range)))
}

/// The range without what is written as `%3A`: Yarn itself writes a colon in a patch so, and a manifest may do either.
#[must_use]
pub fn decoded(range: &str) -> String {
    percent_encoding::percent_decode_str(range)
        .decode_utf8_lossy()
        .into_owned()
}

fn of(text: &str, span: Span) -> Option<&str> {
    text.get(span.start as usize..span.end as usize)
}

/// The manifest beside the lockfile in `folder`, and those of its workspaces: `text` gives the text of a file, `contents` what is in a folder.
///
/// # Errors
/// Why they are not known, as a sentence.
pub fn own_manifests(
    folder: &TreePath,
    text: &dyn Fn(&TreePath) -> Option<String>,
    contents: &dyn Fn(&TreePath) -> Option<Contents>,
) -> Result<Vec<OwnManifest>, &'static str> {
    let (manifests, cut) = manifests::of_files(folder, Around { text, contents }).ok_or(
        "A lockfile of Yarn does not say what its project asks for, and there is no package.json beside it.",
    )?;
    match cut {
        Some(_) => Err(
            "`workspaces` of package.json cannot be read, so that it is not known what the project asks for.",
        ),
        None => Ok(manifests.into_iter().map(own).collect()),
    }
}

/// The manifest with the text `text`, of the folder `folder`; `None` where that is damaged.
#[must_use]
pub fn own_manifest(folder: &str, text: &str) -> Option<OwnManifest> {
    manifests::parse(text, folder).map(own)
}

/// Puts what catalogs say in the place of `catalog:` in a manifest, and gives the names of what was asked for so.
///
/// # Errors
/// What its catalog does not have, as a sentence.
pub fn cataloged(manifest: &mut OwnManifest, catalogs: &Catalogs) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    for need in manifest.needs.iter_mut().filter(|need| is_cataloged(&need.range)) {
        let said = catalogs.range(&need.name, &need.range).ok_or_else(|| {
            format!(
                "{} comes from a catalog of .yarnrc.yml, which does not have it.",
                need.name
            )
        })?;
        need.range = plain(said).to_owned();
        names.insert(need.name.clone());
    }
    Ok(names)
}

fn own(manifest: Manifest) -> OwnManifest {
    let needs = manifest.asked.into_iter().map(|asked| Asked {
        name: asked.name,
        range: plain(&asked.range).to_owned(),
        is_optional: asked.field == FieldKind::Optional,
    });
    OwnManifest {
        folder: manifest.folder,
        name: manifest.name,
        version: manifest.version,
        needs: needs.collect(),
        resolutions: manifest.resolutions,
    }
}
