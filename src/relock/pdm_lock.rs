//! Edits of `pdm.lock`, lock versions 4.3 to 4.5, and of the `pyproject.toml` beside it.
//!
//! A package that moves is written anew as PDM writes it, in each of its entries: with extras it has one of its own beside the one
//! without. One whose block is not as PDM writes it is refused. Groups change where another package brings it than before; an
//! entry with extras comes in or leaves as something asks for them. `[metadata]` stays, but for the `content_hash` where a range in
//! `pyproject.toml` changes.

use std::collections::{BTreeMap, BTreeSet};

use super::pdm_entries::{Entry, Parts, Style, document, entries, key, list};
use super::pdm_groups::Graph;
use super::poetry_entries::{normal, string};
use super::splice::{Splice, apply};
use super::{Refused, Relock, pdm_check, pdm_manifest, pdm_needs, python_hashes, python_manifest};
use crate::lockfile::pdm_lock::project::{DEFAULT, Project, read_text};
use crate::model::{Release, TreePath};
use crate::plan::python::{PinChange, Sample};
use crate::plan::{Edited, EntryEdit, NewRange, OwnEdit, Plan};
use crate::schema::core_metadata;
use crate::schema::simple_index::{File, files_of};
use crate::text::tree::Value;
use crate::version::pep440;

/// Edits lockfiles of PDM.
pub struct PdmLock;

/// Extras ask for extras at most so deep.
const MAX_ROUNDS: usize = 10;

impl Relock for PdmLock {
    fn format(&self) -> &'static str {
        "pdm.lock"
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
        let manifest = path.parent().join("pyproject.toml");
        let manifest = manifest.and_then(|path| Some((read(&path)?, path)));
        let project_before = manifest.as_ref().and_then(|(text, _)| read_text(text));
        let style = Style::of(document.root(), project_before.as_ref()).map_err(Refused)?;
        let mut edited_manifest = None;
        let mut hash = None;
        if !plan.ranges.is_empty() {
            let (before, path) = manifest
                .clone()
                .ok_or_else(|| Refused("There is no pyproject.toml beside the lockfile.".to_owned()))?;
            let is_own = |range: &NewRange| range.manifest() == "pyproject.toml";
            if let Some(other) = plan.ranges.iter().find(|range| !is_own(range)) {
                return Err(Refused(format!(
                    "{} asks for {}{}, and is not edited.",
                    other.manifest(),
                    other.name,
                    other.from
                )));
            }
            let ranges: Vec<&NewRange> = plan.ranges.iter().collect();
            let after = python_manifest::pyproject_with(&before, &ranges);
            let after = after.ok_or_else(|| {
                Refused(format!(
                    "{path} does not ask for what is to change, in a way that is edited."
                ))
            })?;
            hash = new_hash(document.root(), &before, &after)?;
            edited_manifest = Some(Edited { path, before, after });
        }
        let asks = match (&edited_manifest, &manifest) {
            (Some(edited), _) => Some(edited.after.as_str()),
            (None, Some((text, _))) => Some(text.as_str()),
            (None, None) => None,
        };
        let project = asks.and_then(read_text);
        let (python, marker) = style.environments();
        let markers = entries.iter().map(|entry| entry.marker.as_str());
        let sample = Sample::of(markers, &python, &marker);
        let lock = Lock {
            text,
            entries: &entries,
            style: &style,
            sample: &sample,
            line_end: match text.split_once('\n') {
                Some((line, _)) if line.ends_with('\r') => "\r\n",
                Some(_) | None => "\n",
            },
        };
        let projects = (project_before.as_ref(), project.as_ref());
        let mut after = lock.edit(plan, hash)?;
        for _ in 0..MAX_ROUNDS {
            let next = lock.with_extras(&after, plan, projects)?;
            if next == after {
                break;
            }
            after = next;
        }
        if style.has_groups {
            after = lock.with_groups(&after, projects)?;
        }
        pdm_check::check((text, &after), plan, projects, &style, &sample).map_err(Refused)?;
        let lockfile = Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        };
        Ok(std::iter::once(lockfile).chain(edited_manifest).collect())
    }
}

/// The hash of the manifest `after` its edit, and where it stands; `None` where what PDM was given is written down instead of a hash, and
/// no range is a part of it.
fn new_hash(root: Value<'_>, before: &str, after: &str) -> Result<Option<Splice>, Refused> {
    let metadata = root.get("metadata");
    let of = |key: &str| metadata.and_then(|metadata| metadata.get(key));
    let known = of("content_hash");
    if known.is_none() && of("lock_inputs").is_some() {
        return Ok(None);
    }
    let hash = |known: &str| pdm_manifest::content_hash(before, after, known);
    let splice = python_hashes::of_manifest(known, hash).ok_or_else(|| {
        Refused(
            "The content_hash of the lockfile is not the one of pyproject.toml, as far as it can be computed here: run `pdm lock --update-reuse` first."
                .to_owned(),
        )
    })?;
    Ok(Some(splice))
}

/// The lockfile, and how it is written.
struct Lock<'l> {
    text: &'l str,
    entries: &'l [Entry<'l>],
    style: &'l Style,
    sample: &'l Sample,
    line_end: &'static str,
}

/// The project before and after.
type Projects<'p> = (Option<&'p Project>, Option<&'p Project>);

impl Lock<'_> {
    /// With the versions of the plan; what comes in is brought by no group yet.
    fn edit(&self, plan: &Plan, hash: Option<Splice>) -> Result<String, Refused> {
        let mut splices: Vec<Splice> = hash.into_iter().collect();
        for change in &plan.entries {
            let number: Option<usize> = change.place.parse().ok();
            let entry = number.and_then(|number| self.entries.get(number));
            match (&change.edit, entry, change.place.is_empty()) {
                (EntryEdit::Own(OwnEdit::Pin(pin)), None, true) => {
                    splices.push(self.inserted(self.entries, &change.name, &BTreeSet::new(), pin)?);
                }
                (EntryEdit::Drop, Some(entry), _) => {
                    let all = self.entries.iter().filter(|other| other.is_beside(entry));
                    splices.extend(all.map(without));
                }
                (EntryEdit::Own(OwnEdit::Pin(pin)), Some(entry), _) => {
                    if let Some(release) = &pin.release {
                        for entry in self.entries.iter().filter(|other| other.is_beside(entry)) {
                            splices.push(self.exchanged(entry, pin, release)?);
                        }
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
        self.applied(self.text, splices)
    }

    /// `text` with the splices, and one empty line between its packages as before.
    fn applied(&self, text: &str, splices: Vec<Splice>) -> Result<String, Refused> {
        let edited = apply(text, splices).ok_or_else(overlap)?;
        let double = format!("{0}{0}{0}[[package]]", self.line_end);
        let edited = match self.text.contains(&double) {
            true => edited,
            false => edited.replace(&double, &format!("{0}{0}[[package]]", self.line_end)),
        };
        // The last package has no empty line behind it.
        let end = format!("{0}{0}", self.line_end);
        Ok(match edited.strip_suffix(end.as_str()) {
            Some(rest) if !self.text.ends_with(end.as_str()) => format!("{rest}{}", self.line_end),
            Some(_) | None => edited,
        })
    }

    fn exchanged(&self, entry: &Entry<'_>, pin: &PinChange, release: &Release) -> Result<Splice, Refused> {
        let old = Parts::of(entry);
        let block = self.text.get(entry.block.clone()).unwrap_or_default();
        let shown = old.shown(self.line_end);
        let rest = block
            .strip_prefix(shown.as_str())
            .filter(|rest| rest.trim().is_empty());
        let rest =
            rest.ok_or_else(|| Refused(format!("The entry of {} is not as PDM writes it.", entry.name)))?;
        let extras = &entry.extras;
        let parts = self.parts((&entry.name, extras), pin, release, Some(entry), old)?;
        Ok(Splice {
            at: entry.block.clone(),
            text: format!("{}{rest}", parts.shown(self.line_end)),
        })
    }

    /// What the index and the metadata say of the version that `pin` has.
    fn parts(
        &self,
        (name, extras): (&str, &BTreeSet<String>),
        pin: &PinChange,
        release: &Release,
        before: Option<&Entry<'_>>,
        old: Parts,
    ) -> Result<Parts, Refused> {
        let metadata = core_metadata::read(&pin.metadata);
        let metadata_before = core_metadata::read(&pin.metadata_before);
        let version = pep440::normalised(&release.version).filter(|version| !version.contains('+'));
        let version = version.ok_or_else(|| {
            Refused(format!(
                "How PDM writes version {} is not known.",
                release.version
            ))
        })?;
        let files = files_of(&release.document);
        let pythons = self.style.pythons(&files, metadata.requires_python.as_deref());
        let own = before.map_or(pin.marker.as_str(), |entry| &entry.marker);
        let is_listed = |marker: &str| self.style.lists_need(marker, own, self.sample);
        Ok(Parts {
            version: string(&version),
            pythons: pythons.as_deref().map(string),
            summary: string(&metadata.summary),
            dependencies: pdm_needs::dependencies(
                (&metadata, &metadata_before),
                before,
                (name, &version, extras),
                &is_listed,
            )?,
            files: self.files(name, release, &files)?,
            ..old
        })
    }

    /// The files of a release with their hashes, in order.
    fn files(&self, name: &str, release: &Release, files: &[File]) -> Result<Vec<String>, Refused> {
        let mut rows: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        for file in files.iter().filter(|file| self.style.lists(file)) {
            let hash = python_hashes::sha256(file)?;
            rows.insert(match self.style.has_addresses {
                true => (self.address(file)?, hash, "url"),
                false => (&file.filename, hash, "file"),
            });
        }
        if rows.is_empty() {
            return Err(Refused(format!(
                "The index has no file of {name} {} that is read.",
                release.version
            )));
        }
        let shown = rows.into_iter();
        Ok(shown
            .map(|(named, hash, key)| format!("{{{key} = \"{named}\", hash = \"sha256:{hash}\"}}"))
            .collect())
    }

    /// The address of a file, on the host that the lockfile has its files from.
    fn address<'f>(&self, file: &'f File) -> Result<&'f str, Refused> {
        let host = |address: &str| {
            let mut parts = address.splitn(4, '/').map(str::to_owned);
            (parts.next(), parts.nth(1))
        };
        let address = file.url.split('#').next().unwrap_or_default();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        let is_whole = address.starts_with("https://") || address.starts_with("http://");
        if !is_whole || !address.bytes().all(is_plain) {
            return Err(Refused(format!("The index has no address of {}.", file.filename)));
        }
        let lists = self.entries.iter().filter_map(|entry| entry.table.get("files"));
        let mut known = lists
            .flat_map(Value::items)
            .filter_map(|file| file.str("url"))
            .peekable();
        match known.peek().is_none() || known.any(|known| host(&known) == host(address)) {
            true => Ok(address),
            false => Err(Refused(format!(
                "The lockfile has no file from where the index has {}.",
                file.filename
            ))),
        }
    }

    /// A new entry among `entries`, which is brought by no group yet.
    fn inserted(
        &self,
        entries: &[Entry<'_>],
        name: &str,
        extras: &BTreeSet<String>,
        pin: &PinChange,
    ) -> Result<Splice, Refused> {
        let release = pin
            .release
            .as_ref()
            .ok_or_else(|| Refused(format!("{name} has no version.")))?;
        let marker = pdm_needs::marker(&pin.marker);
        let marker = marker.ok_or_else(|| Refused(format!("Where {name} is needed cannot be written.")))?;
        let bare = Parts {
            name: string(name),
            extras: (!extras.is_empty()).then(|| list(extras.iter().map(String::as_str))),
            groups: self.style.has_groups.then(|| "[]".to_owned()),
            marker: (self.style.has_groups && !marker.is_empty()).then(|| string(&marker)),
            ..Parts::default()
        };
        let parts = self.parts((name, extras), pin, release, None, bare)?;
        let block = parts.shown(self.line_end);
        let own = key(name, extras);
        let next = entries.iter().find(|entry| entry.key() > own);
        let (at, text) = match (next, entries.last()) {
            (Some(next), _) => (next.block.start, format!("{block}{}", self.line_end)),
            (None, Some(last)) => (last.block.end, format!("{}{block}", self.line_end)),
            (None, None) => return Err(Refused("The lockfile has no package.".to_owned())),
        };
        Ok(Splice { at: at..at, text })
    }

    fn graph<'g>(&'g self, entries: &'g [Entry<'g>], project: Option<&'g Project>) -> Graph<'g> {
        Graph::of(entries, project, self.style, self.sample)
    }

    /// `moved` with an entry for each set of extras that something asks for, as far as the plan has its version, and without those that nothing
    /// asks for any more.
    fn with_extras(&self, moved: &str, plan: &Plan, projects: Projects<'_>) -> Result<String, Refused> {
        let document = document(moved);
        let all = entries(&document, moved).map_err(Refused)?;
        let (old, new) = (self.graph(self.entries, projects.0), self.graph(&all, projects.1));
        let (needed_before, needed) = (old.needed(), new.needed());
        let was_needed = |entry: &Entry<'_>| {
            let same = self.entries.iter().enumerate();
            let mut same = same.filter(|(_, other)| other.name == entry.name && other.extras == entry.extras);
            same.any(|(number, _)| needed_before.contains(&number))
        };
        let mut splices = Vec::new();
        for (number, entry) in all.iter().enumerate() {
            let is_there_for_extras = !entry.extras.is_empty() && entry.is_of_index;
            if is_there_for_extras && !needed.contains(&number) && was_needed(entry) {
                splices.push(without(entry));
            }
        }
        for (name, extras) in lacking(&all, &new) {
            let pins = plan.entries.iter().filter(|change| normal(&change.name) == name);
            let pins = pins.filter_map(|change| match &change.edit {
                EntryEdit::Own(OwnEdit::Pin(pin)) if pin.release.is_some() => Some(pin),
                EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => None,
            });
            // In several versions it is not known which of them is meant; the check says that it is missing.
            let pins: Vec<&PinChange> = pins.map(|pin| &**pin).collect();
            if let [pin] = pins.as_slice() {
                splices.push(self.inserted(&all, &name, &extras, pin)?);
            }
        }
        self.applied(moved, splices)
    }

    /// `moved`, the lockfile with the versions of the plan, with the groups of what comes in, and of what is brought otherwise than before.
    fn with_groups(&self, moved: &str, projects: Projects<'_>) -> Result<String, Refused> {
        let document = document(moved);
        let all = entries(&document, moved).map_err(Refused)?;
        let old = self.graph(self.entries, projects.0).brought();
        let new = self.graph(&all, projects.1).brought();
        let before = |entry: &Entry<'_>| {
            let same = self.entries.iter().enumerate();
            let mut same = same.filter(|(_, other)| other.name == entry.name && other.extras == entry.extras);
            let found = same
                .clone()
                .find(|(_, other)| other.version == entry.version)
                .or_else(|| same.next());
            found.map(|(number, other)| (old.get(number).cloned().unwrap_or_default(), other))
        };
        let mut splices = Vec::new();
        for (entry, brought) in all.iter().zip(&new) {
            match before(entry) {
                Some((known, _)) if known == *brought => continue,
                Some((known, other)) if known != other.groups => {
                    return Err(Refused(format!(
                        "Which groups bring {} is not what the lockfile says: run `pdm lock --update-reuse` first.",
                        entry.name
                    )));
                }
                Some(_) | None => {}
            }
            let Some(groups) = entry.table.get("groups") else {
                return Err(Refused(format!("{} has no groups.", entry.name)));
            };
            let mut shown: Vec<&str> = brought.iter().map(String::as_str).collect();
            shown.sort_by_key(|group| (*group != DEFAULT, *group));
            let span = groups.span();
            splices.push(Splice {
                at: span.start as usize..span.end as usize,
                text: list(shown.into_iter()),
            });
        }
        apply(moved, splices).ok_or_else(overlap)
    }
}

/// Packages with the extras that something asks for and no entry has.
fn lacking(entries: &[Entry<'_>], graph: &Graph<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut lacking = BTreeMap::new();
    let is_there = |name: &str| {
        let mut own = entries.iter().filter(|entry| entry.name == name);
        own.any(|entry| entry.is_of_index)
    };
    for (from, edges) in graph.edges.iter().enumerate() {
        for edge in edges.iter().filter(|edge| !edge.extras.is_empty()) {
            if graph.targets(from, edge).is_empty() && is_there(&edge.name) {
                lacking.insert(edge.name.clone(), edge.extras.clone());
            }
        }
    }
    for (asked, _) in graph.asked() {
        if !asked.extras.is_empty() && graph.asked_for(asked).is_empty() && is_there(&asked.name) {
            lacking.insert(asked.name.clone(), asked.extras.clone());
        }
    }
    lacking
}

fn without(entry: &Entry<'_>) -> Splice {
    Splice {
        at: entry.block.clone(),
        text: String::new(),
    }
}

fn overlap() -> Refused {
    Refused("Two edits meet at one place.".to_owned())
}
