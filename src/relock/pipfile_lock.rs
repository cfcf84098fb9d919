//! Edits of `Pipfile.lock`, version 6, and of the `Pipfile` beside it.
//!
//! A package that moves gets its version, the hashes of all files of the release, and the marker that its Pythons give; an entry that is
//! not as pipenv writes it is refused. What comes in stands in the categories of what needs it. `_meta` stays, but for the hash of a `Pipfile`
//! in which a range changes, which is computed as it was before.

use std::collections::{BTreeMap, BTreeSet};

use super::pipfile_entries::{Entry, Fields, document, entries, list, normal, quoted};
use super::splice::{Splice, apply};
use super::{Refused, Relock, pipfile_check, pipfile_manifest, pipfile_markers, python_hashes};
use crate::model::{Release, TreePath};
use crate::plan::python::PinChange;
use crate::plan::{Edited, EntryEdit, NewRange, OwnEdit, Plan};
use crate::schema::core_metadata;
use crate::text::tree::Value;

/// Edits lockfiles of pipenv.
pub struct PipfileLock;

impl Relock for PipfileLock {
    fn format(&self) -> &'static str {
        "Pipfile.lock"
    }

    fn edit(
        &self,
        path: &TreePath,
        text: &str,
        plan: &Plan,
        read: &dyn Fn(&TreePath) -> Option<String>,
    ) -> Result<Vec<Edited>, Refused> {
        let document = document(text);
        let entries = entries(&document).map_err(Refused)?;
        let mut further = None;
        let mut splices = Vec::new();
        if !plan.ranges.is_empty() {
            let manifest = path
                .parent()
                .join("Pipfile")
                .and_then(|path| Some((read(&path)?, path)));
            let (before, path) =
                manifest.ok_or_else(|| Refused("There is no Pipfile beside the lockfile.".to_owned()))?;
            let ranges: Vec<&NewRange> = plan.ranges.iter().collect();
            let after = pipfile_manifest::with(&before, &ranges);
            let after = after.ok_or_else(|| {
                Refused(format!(
                    "{path} does not ask for what is to change, in a way that is edited."
                ))
            })?;
            splices.push(new_hash(document.root(), &before, &after)?);
            further = Some(Edited { path, before, after });
        }
        let lock = Lock {
            entries: &entries,
            text,
            line_end: match text.split_once('\n') {
                Some((line, _)) if line.ends_with('\r') => "\r\n",
                Some(_) | None => "\n",
            },
        };
        splices.extend(lock.splices(plan)?);
        let after = apply(text, splices).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))?;
        pipfile_check::check(text, &after, plan).map_err(Refused)?;
        let lockfile = Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        };
        Ok(std::iter::once(lockfile).chain(further).collect())
    }
}

/// The hash of the manifest `after` its edit, and where it is.
fn new_hash(root: Value<'_>, before: &str, after: &str) -> Result<Splice, Refused> {
    let known = root
        .get("_meta")
        .and_then(|meta| meta.get("hash"))
        .and_then(|hash| hash.get("sha256"));
    let hash = |known: &str| pipfile_manifest::hash(before, after, known);
    python_hashes::of_manifest(known, hash).ok_or_else(|| {
        Refused(
            "The hash in the lockfile is not the one of the Pipfile, as far as it can be computed here: run `pipenv lock` first."
                .to_owned(),
        )
    })
}

/// The lockfile, and how it is written.
struct Lock<'l> {
    entries: &'l [Entry<'l>],
    text: &'l str,
    line_end: &'static str,
}

impl Lock<'_> {
    fn splices(&self, plan: &Plan) -> Result<Vec<Splice>, Refused> {
        let mut splices = Vec::new();
        let mut gone: BTreeSet<usize> = BTreeSet::new();
        let mut fresh: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        for change in &plan.entries {
            let number: Option<usize> = change.place.parse().ok();
            let entry = number.and_then(|number| Some((number, self.entries.get(number)?)));
            match (&change.edit, entry, change.place.is_empty()) {
                (EntryEdit::Own(OwnEdit::Pin(pin)), None, true) => {
                    let object = self.new_object(&change.name, pin)?;
                    for category in self.categories(pin, plan) {
                        let own = fresh.entry(category).or_default();
                        own.push((normal(&change.name), object.clone()));
                    }
                }
                (EntryEdit::Drop, Some((number, _)), _) => {
                    gone.insert(number);
                }
                (EntryEdit::Own(OwnEdit::Pin(pin)), Some((_, entry)), _) => {
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
        let categories: BTreeSet<&str> = self.entries.iter().map(|entry| entry.category.as_str()).collect();
        for category in categories {
            let new = fresh.remove(category).unwrap_or_default();
            splices.extend(self.come_and_gone(category, &gone, new)?);
        }
        match fresh.is_empty() {
            true => Ok(splices),
            false => Err(Refused("What comes in has no category.".to_owned())),
        }
    }

    /// The categories of what needs `pin`, as it is after the plan.
    fn categories(&self, pin: &PinChange, plan: &Plan) -> BTreeSet<&str> {
        let mut names: BTreeSet<String> = pin.needed_by.clone().unwrap_or_default();
        let mut categories = BTreeSet::new();
        // What came in for something that came in is where that is.
        loop {
            let own = self.entries.iter().filter(|entry| names.contains(&entry.name));
            categories.extend(own.map(|entry| entry.category.as_str()));
            let mut further = names.clone();
            for change in plan.entries.iter().filter(|change| change.place.is_empty()) {
                if let (EntryEdit::Own(OwnEdit::Pin(other)), true) =
                    (&change.edit, names.contains(&change.name))
                {
                    further.extend(other.needed_by.iter().flatten().cloned());
                }
            }
            if further == names {
                return categories;
            }
            names = further;
        }
    }

    fn exchanged(&self, entry: &Entry<'_>, pin: &PinChange, release: &Release) -> Result<Splice, Refused> {
        let mut fields = Fields::of(entry);
        let span = entry.value.span();
        let at = span.start as usize..span.end as usize;
        let is_plain = self.text.get(at.clone()) == Some(fields.shown(self.line_end).as_str());
        if !is_plain || !entry.hashes().is_sorted() {
            return Err(Refused(format!(
                "The entry of {} is not as pipenv writes it.",
                entry.name
            )));
        }
        let (metadata, before) = (
            core_metadata::read(&pin.metadata),
            core_metadata::read(&pin.metadata_before),
        );
        let marker = match pin.metadata_before.is_empty() {
            true => entry.marker.clone(),
            false => pipfile_markers::followed(
                &entry.marker,
                before.requires_python.as_deref(),
                metadata.requires_python.as_deref(),
            ),
        };
        fields.set("version", Some(quoted(&format!("=={}", release.version))));
        fields.set("hashes", Some(self.hashes(&entry.name, release, entry)?));
        fields.set("markers", (!marker.is_empty()).then(|| quoted(&marker)));
        Ok(Splice {
            at,
            text: fields.shown(self.line_end),
        })
    }

    fn new_object(&self, name: &str, pin: &PinChange) -> Result<String, Refused> {
        let release = pin
            .release
            .as_ref()
            .ok_or_else(|| Refused(format!("{name} has no version.")))?;
        let metadata = core_metadata::read(&pin.metadata);
        let marker = pipfile_markers::fresh(&pin.marker, metadata.requires_python.as_deref());
        let hashes: Vec<String> = python_hashes::hashes(release, "sha256", name)?
            .into_iter()
            .collect();
        let mut fields = Fields::none();
        fields.set("version", Some(quoted(&format!("=={}", release.version))));
        fields.set("hashes", Some(list(&hashes, self.line_end)));
        fields.set("markers", (!marker.is_empty()).then(|| quoted(&marker)));
        Ok(fields.shown(self.line_end))
    }

    /// The hashes of all files of the release, in the algorithm of the entry.
    fn hashes(&self, name: &str, release: &Release, entry: &Entry<'_>) -> Result<String, Refused> {
        let known = entry.hashes();
        let algorithm = known
            .first()
            .map_or("sha256", |hash| python_hashes::algorithm(hash));
        let hashes: Vec<String> = python_hashes::hashes(release, algorithm, name)?
            .into_iter()
            .collect();
        Ok(list(&hashes, self.line_end))
    }

    /// What leaves a category, and what comes into it at its place by name.
    fn come_and_gone(
        &self,
        category: &str,
        gone: &BTreeSet<usize>,
        mut new: Vec<(String, String)>,
    ) -> Result<Vec<Splice>, Refused> {
        let own: Vec<(usize, &Entry<'_>)> = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.category == category)
            .collect();
        let mut splices = Vec::new();
        new.sort();
        let between = format!(",{}        ", self.line_end);
        let is_plain = own.windows(2).all(|pair| match pair {
            [(_, left), (_, right)] => {
                self.text.get(left.span.end..right.span.start) == Some(between.as_str())
            }
            _ => true,
        });
        let leaves = |number: &usize| gone.contains(number);
        if own.iter().any(|(number, _)| leaves(number)) || !new.is_empty() {
            if !is_plain {
                return Err(Refused(format!("{category} is not as pipenv writes it.")));
            }
            if own.iter().all(|(number, _)| leaves(number)) {
                return Err(Refused(format!("Nothing would be left in {category}.")));
            }
        }
        let stays = |at: usize| own.iter().skip(at).any(|(number, _)| !leaves(number));
        for (at, (number, entry)) in own.iter().enumerate() {
            if !leaves(number) {
                continue;
            }
            // With the comma behind it, or the one in front where nothing that stays follows.
            let next = own.get(at.saturating_add(1)).map(|(_, next)| next.span.start);
            let before = at
                .checked_sub(1)
                .and_then(|at| own.get(at))
                .map(|(_, before)| before.span.end);
            let range = match (next.filter(|_| stays(at)), before) {
                (Some(next), _) => entry.span.start..next,
                (None, Some(before)) => before..entry.span.end,
                (None, None) => entry.span.clone(),
            };
            splices.push(Splice {
                at: range,
                text: String::new(),
            });
        }
        for (name, object) in new {
            let text = format!("{}: {object}", quoted(&name));
            let next = own
                .iter()
                .find(|(number, entry)| entry.name > name && !leaves(number));
            let last = own.iter().rev().find(|(number, _)| !leaves(number));
            splices.push(match (next, last) {
                (Some((_, next)), _) => Splice {
                    at: next.span.start..next.span.start,
                    text: format!("{text}{between}"),
                },
                (None, Some((_, last))) => Splice {
                    at: last.span.end..last.span.end,
                    text: format!("{between}{text}"),
                },
                (None, None) => return Err(Refused(format!("Nothing would be left in {category}."))),
            });
        }
        Ok(splices)
    }
}
