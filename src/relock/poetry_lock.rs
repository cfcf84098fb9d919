//! Edits of `poetry.lock`, lock versions 2.0 and 2.1, and of the `pyproject.toml` beside it.
//!
//! A package that moves is written anew as Poetry writes it: version, description, Pythons, files, dependencies and extras, as the index
//! and the metadata have them; one whose block is not as Poetry writes it is refused. Groups, `optional` and markers change only where
//! another package brings it than before. The first line, the lock version and the order stay. A range in `pyproject.toml` changes the
//! `content-hash` too, which is computed as it was before.

use std::collections::BTreeMap;

use super::poetry_entries::{Edge, Entry, Markers, Parts, Style, document, entries, normal, string};
use super::poetry_groups::{Brought, brought, groups_shown, markers, markers_shown};
use super::splice::{Splice, apply};
use super::{Refused, Relock, poetry_check, poetry_manifest, poetry_needs, python_hashes};
use crate::lockfile::poetry_lock::project::{MAIN, Project, read_text};
use crate::model::{Release, TreePath};
use crate::plan::python::PinChange;
use crate::plan::{Edited, EntryEdit, NewRange, OwnEdit, Plan};
use crate::schema::core_metadata;
use crate::schema::simple_index::files_of;
use crate::text::tree::Value;

/// Edits lockfiles of Poetry.
pub struct PoetryLock;

impl Relock for PoetryLock {
    fn format(&self) -> &'static str {
        "poetry.lock"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let document = document(text);
        let entries = entries(&document, text).map_err(Refused)?;
        let style = Style::of(text, document.root()).map_err(Refused)?;
        let manifest = path.parent().join("pyproject.toml");
        let manifest = manifest.and_then(|path| Some((read(&path)?, path)));
        let mut edited_manifest = None;
        let mut hash = None;
        if !plan.ranges.is_empty() {
            let (before, path) = manifest
                .clone()
                .ok_or_else(|| Refused("There is no pyproject.toml beside the lockfile.".to_owned()))?;
            let ranges: Vec<&NewRange> = plan.ranges.iter().collect();
            let after = poetry_manifest::with(&before, &ranges);
            let after = after.ok_or_else(|| {
                Refused(format!(
                    "{path} does not ask for what is to change, in a way that is edited."
                ))
            })?;
            hash = Some(new_hash(document.root(), &before, &after)?);
            edited_manifest = Some(Edited { path, before, after });
        }
        let asks = match (&edited_manifest, &manifest) {
            (Some(edited), _) => Some(edited.after.as_str()),
            (None, Some((text, _))) => Some(text.as_str()),
            (None, None) => None,
        };
        let project = asks.and_then(read_text);
        let project_before = manifest.as_ref().and_then(|(text, _)| read_text(text));
        let lock = Lock {
            text,
            entries: &entries,
            style,
            line_end: match text.split_once('\n') {
                Some((line, _)) if line.ends_with('\r') => "\r\n",
                Some(_) | None => "\n",
            },
        };
        let moved = lock.edit(plan, hash)?;
        let after = lock.with_groups(&moved, plan, (project_before.as_ref(), project.as_ref()))?;
        poetry_check::check(text, &after, plan, project.as_ref()).map_err(Refused)?;
        let lockfile = Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        };
        Ok(std::iter::once(lockfile).chain(edited_manifest).collect())
    }
}

/// The hash of the manifest `after` its edit, and where it stands.
fn new_hash(root: Value<'_>, before: &str, after: &str) -> Result<Splice, Refused> {
    let known = root
        .get("metadata")
        .and_then(|metadata| metadata.get("content-hash"));
    let hash = |known: &str| poetry_manifest::content_hash(before, after, known);
    python_hashes::of_manifest(known, hash).ok_or_else(|| {
        Refused(
            "The content-hash of the lockfile is not the one of pyproject.toml, as far as it can be computed here: run `poetry lock` first."
                .to_owned(),
        )
    })
}

/// The lockfile, and how it is written.
struct Lock<'l> {
    text: &'l str,
    entries: &'l [Entry<'l>],
    style: Style,
    line_end: &'static str,
}

impl Lock<'_> {
    /// With the versions of the plan; what comes in is brought by no group yet.
    fn edit(&self, plan: &Plan, hash: Option<Splice>) -> Result<String, Refused> {
        let mut splices: Vec<Splice> = hash.into_iter().collect();
        for change in &plan.entries {
            let number: Option<usize> = change.place.parse().ok();
            let entry = number.and_then(|number| self.entries.get(number));
            match (&change.edit, entry, change.place.is_empty()) {
                (EntryEdit::Own(OwnEdit::Pin(pin)), None, true) => {
                    splices.push(self.inserted(&change.name, pin)?)
                }
                (EntryEdit::Drop, Some(entry), _) => splices.push(Splice {
                    at: entry.block.clone(),
                    text: String::new(),
                }),
                (EntryEdit::Own(OwnEdit::Pin(pin)), Some(entry), _) => {
                    if let Some(release) = &pin.release {
                        splices.push(self.exchanged(entry, pin, release)?);
                    }
                }
                (EntryEdit::Drop | EntryEdit::Own(OwnEdit::Pin(_)), None, _) => {
                    return Err(Refused(format!("The lockfile has no entry for {}.", change.name)));
                }
                (EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_), _, _) => {
                    return Err(Refused("The plan is one of another ecosystem.".to_owned()));
                }
            }
        }
        apply(self.text, splices).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))
    }

    fn exchanged(&self, entry: &Entry<'_>, pin: &PinChange, release: &Release) -> Result<Splice, Refused> {
        let old = Parts::of(entry);
        let parts = self.parts(&entry.name, pin, release, &old)?;
        Ok(Splice {
            at: entry.block.clone(),
            text: self.in_place_of(self.text, entry, &old, &parts)?,
        })
    }

    /// The block of `entry`, which stands in `text` with the parts `old`, with those of `new`.
    fn in_place_of(
        &self,
        text: &str,
        entry: &Entry<'_>,
        old: &Parts,
        new: &Parts,
    ) -> Result<String, Refused> {
        let block = text.get(entry.block.clone()).unwrap_or_default();
        let shown = old.shown(self.line_end);
        let rest = block
            .strip_prefix(shown.as_str())
            .filter(|rest| rest.trim().is_empty());
        let rest =
            rest.ok_or_else(|| Refused(format!("The entry of {} is not as Poetry writes it.", entry.name)))?;
        Ok(format!("{}{rest}", new.shown(self.line_end)))
    }

    /// What the index and the metadata say of the version that `pin` has.
    fn parts(&self, name: &str, pin: &PinChange, release: &Release, old: &Parts) -> Result<Parts, Refused> {
        let metadata = core_metadata::read(&pin.metadata);
        let before = core_metadata::read(&pin.metadata_before);
        let pythons = metadata.requires_python.as_deref().unwrap_or("*");
        Ok(Parts {
            version: string(&release.version),
            description: string(&metadata.summary),
            pythons: string(pythons),
            files: files(name, release)?,
            dependencies: poetry_needs::dependencies(name, pin, (&metadata, &before), old, self.style)?,
            extras: poetry_needs::extras((&metadata, &before), old, self.style)?,
            ..old.clone()
        })
    }

    fn inserted(&self, name: &str, pin: &PinChange) -> Result<Splice, Refused> {
        let release = pin
            .release
            .as_ref()
            .ok_or_else(|| Refused(format!("{name} has no version.")))?;
        let bare = Parts {
            name: string(name),
            category: self
                .entries
                .iter()
                .any(|entry| entry.category.is_some())
                .then(|| string(MAIN)),
            optional: "false".to_owned(),
            groups: self.style.has_groups.then(|| "[]".to_owned()),
            source: self.one_source(),
            ..Parts::default()
        };
        let block = self.parts(name, pin, release, &bare)?.shown(self.line_end);
        let next = self.entries.iter().find(|entry| *entry.name > *name);
        let last = self.entries.last();
        let (at, text) = match (next, last) {
            (Some(next), _) => (next.block.start, format!("{block}{}", self.line_end)),
            (None, Some(last)) => (last.block.end, format!("{block}{}", self.line_end)),
            (None, None) => return Err(Refused("The lockfile has no package.".to_owned())),
        };
        Ok(Splice { at: at..at, text })
    }

    /// The source that all packages have, if it is one; what comes in has it too.
    fn one_source(&self) -> Vec<(String, String)> {
        let mut all = self.entries.iter().map(|entry| Parts::of(entry).source);
        let first = all.next().unwrap_or_default();
        match all.all(|other| other == first) {
            true => first,
            false => Vec::new(),
        }
    }

    /// `moved`, the lockfile with the versions of the plan, with the groups and markers of what comes in, and of what is brought otherwise
    /// than before.
    fn with_groups(
        &self,
        moved: &str,
        plan: &Plan,
        (project_before, project): (Option<&Project>, Option<&Project>),
    ) -> Result<String, Refused> {
        let document = document(moved);
        let all = entries(&document, moved).map_err(Refused)?;
        let (old, new) = (brought(self.entries, project_before), brought(&all, project));
        let metadata = document.root().get("metadata");
        let pythons = metadata
            .and_then(|metadata| metadata.str("python-versions"))
            .unwrap_or_default();
        let before = |entry: &Entry<'_>| {
            let same = self.entries.iter().enumerate();
            let mut same = same.filter(|(_, other)| other.name == entry.name);
            let found = same
                .clone()
                .find(|(_, other)| other.version == entry.version)
                .or_else(|| same.next());
            found.map(|(number, other)| (old.get(number).cloned().unwrap_or_default(), other))
        };
        let is_always = |parent: &Entry<'_>, edge: &Edge| {
            let mut changes = plan
                .entries
                .iter()
                .filter(|change| normal(&change.name) == parent.name);
            changes.any(|change| match &change.edit {
                EntryEdit::Own(OwnEdit::Pin(pin)) => {
                    let is_it = pin
                        .release
                        .as_ref()
                        .is_some_and(|release| *release.version == *parent.version);
                    let mut own = pin.edges.iter();
                    is_it && own.any(|own| own.name == edge.name && own.marker.is_empty())
                }
                EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => false,
            })
        };
        let condition = |parent: &Entry<'_>, edge: &Edge| match is_always(parent, edge) {
            true => Some(String::new()),
            false => Some(edge.marker.clone()),
        };
        let mut changing: Vec<(usize, &Brought)> = Vec::new();
        for (number, (entry, brought)) in all.iter().zip(&new).enumerate() {
            match before(entry) {
                Some((known, _)) if known == *brought => {}
                Some((known, other)) => {
                    let is_as_written = known.is_optional == other.is_optional
                        && other
                            .category
                            .as_ref()
                            .is_none_or(|category| *category == known.category())
                        && (!self.style.has_groups
                            || known.groups.iter().all(|group| other.groups.contains(group))
                                && known.groups.len() == other.groups.len());
                    if !is_as_written {
                        return Err(Refused(format!(
                            "Which groups bring {} is not what the lockfile says: run `poetry lock` first.",
                            entry.name
                        )));
                    }
                    changing.push((number, brought));
                }
                None => changing.push((number, brought)),
            }
        }
        let mut known: BTreeMap<usize, Markers> = BTreeMap::new();
        // What comes in for something that comes in is meant where that is: at most so many rounds.
        let rounds = if self.style.has_groups {
            changing.len().min(MAX_ROUNDS)
        } else {
            0
        };
        for _ in 0..rounds {
            let round: BTreeMap<usize, Markers> = changing
                .iter()
                .map(|(number, brought)| {
                    let style = (pythons.as_ref(), self.style);
                    let markers = markers(&all, *number, brought, &known, &condition, style);
                    let name = all.get(*number).map_or("", |entry| &entry.name);
                    let markers = markers
                        .ok_or_else(|| Refused(format!("Where {name} is needed cannot be written.")))?;
                    Ok((*number, markers))
                })
                .collect::<Result<_, Refused>>()?;
            if round == known {
                break;
            }
            known = round;
        }
        let mut splices = Vec::new();
        for (number, brought) in changing {
            let Some(entry) = all.get(number) else { continue };
            let old = Parts::of(entry);
            let mut parts = Parts {
                optional: brought.is_optional.to_string(),
                ..old.clone()
            };
            if parts.category.is_some() {
                parts.category = Some(string(brought.category()));
            }
            if self.style.has_groups {
                parts.groups = Some(groups_shown(&brought.groups));
                parts.markers = known.get(&number).and_then(markers_shown);
            }
            splices.push(Splice {
                at: entry.block.clone(),
                text: self.in_place_of(moved, entry, &old, &parts)?,
            });
        }
        apply(moved, splices).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))
    }
}

/// Markers of new packages are followed so far.
const MAX_ROUNDS: usize = 32;

/// The files of a release with their hashes, by name.
fn files(name: &str, release: &Release) -> Result<Vec<String>, Refused> {
    let mut files = files_of(&release.document);
    files.sort_by(|left, right| left.filename.cmp(&right.filename));
    let shown = files.iter().map(|file| {
        let hash = python_hashes::sha256(file)?;
        Ok(format!(
            "{{file = \"{}\", hash = \"sha256:{hash}\"}}",
            file.filename
        ))
    });
    let shown: Vec<String> = shown.collect::<Result<_, Refused>>()?;
    match shown.is_empty() {
        true => Err(Refused(format!(
            "The index has no file of {name} {} that is read.",
            release.version
        ))),
        false => Ok(shown),
    }
}
