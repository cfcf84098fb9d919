//! Edits of `uv.lock` and the lockfiles of uv's scripts, version 1, and of the `pyproject.toml` files of the project.
//!
//! A package that moves is written anew as uv writes it: version, edges, source distribution and wheels; one whose block is not as uv
//! writes it is refused. All wheels are listed that a Python of the project may install. Edges with a version follow the package that
//! they lead to, in all packages. A range of a `pyproject.toml` is repeated in `[package.metadata]`, and changes there too.

use std::collections::BTreeSet;

use super::python_manifest;
use super::splice::{Splice, apply};
use super::uv_check;
use super::uv_entries::{Entry, List, Parts, document, entries, extras_of, normal};
use super::uv_overrides;
use super::{Refused, Relock};
use crate::lockfile::grammar::distribution;
use crate::model::{Release, TreePath};
use crate::plan::python::{Edge, PinChange};
use crate::plan::{Edited, EntryEdit, NewOverride, NewRange, OwnEdit, Plan};
use crate::schema::simple_index::{File, files_of};
use crate::text::tree::Value;
use crate::version::range::RangeSyntax as _;
use crate::version::range::pep440::Pep440;

/// Edits lockfiles of uv.
pub struct UvLock;

impl Relock for UvLock {
    fn format(&self) -> &'static str {
        "uv.lock"
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
        let lock = Lock::of(text, document.root(), &entries);
        let after = lock.edit(plan)?;
        uv_check::check(text, &after, plan).map_err(Refused)?;
        let mut edited = vec![Edited {
            path: path.clone(),
            before: text.to_owned(),
            after,
        }];
        let ranged = plan.ranges.iter().map(NewRange::manifest);
        let overriding = plan.overrides.iter().map(|one| one.manifest.clone());
        let manifests: BTreeSet<String> = ranged.chain(overriding).collect();
        for manifest in manifests {
            let ranges: Vec<&NewRange> = plan
                .ranges
                .iter()
                .filter(|range| range.manifest() == manifest)
                .collect();
            let path = path.parent().join(manifest.as_str());
            let path = path.ok_or_else(|| Refused(format!("{manifest} is outside of the repository.")))?;
            let before = read(&path).ok_or_else(|| Refused(format!("{path} cannot be read.")))?;
            let overrides: Vec<&NewOverride> = plan
                .overrides
                .iter()
                .filter(|one| one.manifest == manifest)
                .collect();
            let after = python_manifest::pyproject_with(&before, &ranges);
            let after = after.and_then(|after| uv_overrides::pyproject_with(&after, &overrides));
            let after = after.ok_or_else(|| {
                Refused(format!(
                    "{path} does not ask for what the lockfile repeats, in a way that is edited."
                ))
            })?;
            edited.push(Edited { path, before, after });
        }
        Ok(edited)
    }
}

/// The lockfile, and how its files are written.
struct Lock<'l> {
    text: &'l str,
    entries: &'l [Entry<'l>],
    line_end: &'static str,
    python: String,
    has_sizes: bool,
    has_times: bool,
}

impl<'l> Lock<'l> {
    fn of(text: &'l str, root: Value<'_>, entries: &'l [Entry<'l>]) -> Self {
        let files = || {
            let lists = entries.iter().filter_map(|entry| entry.table.get("wheels"));
            let sources = entries.iter().filter_map(|entry| entry.table.get("sdist"));
            lists.flat_map(Value::items).chain(sources)
        };
        Self {
            text,
            entries,
            line_end: match text.split_once('\n') {
                Some((line, _)) if line.ends_with('\r') => "\r\n",
                Some(_) | None => "\n",
            },
            python: root
                .str("requires-python")
                .map(std::borrow::Cow::into_owned)
                .unwrap_or_default(),
            has_sizes: files().any(|file| file.get("size").is_some()),
            has_times: files().any(|file| file.get("upload-time").is_some()),
        }
    }

    fn edit(&self, plan: &Plan) -> Result<String, Refused> {
        let mut splices = Vec::new();
        let mut moved: Vec<(&Entry<'_>, &str)> = Vec::new();
        for change in plan.entries.iter().filter(|change| !change.place.is_empty()) {
            let number: Option<usize> = change.place.parse().ok();
            let entry = number.and_then(|number| self.entries.get(number));
            let entry =
                entry.ok_or_else(|| Refused(format!("The lockfile has no entry for {}.", change.name)))?;
            match &change.edit {
                EntryEdit::Drop => splices.push(Splice {
                    at: entry.block.clone(),
                    text: String::new(),
                }),
                EntryEdit::Own(OwnEdit::Pin(pin)) => {
                    if let Some(release) = &pin.release {
                        moved.push((entry, &release.version));
                        splices.push(self.exchanged(entry, pin, release, plan)?);
                    }
                }
                EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => {
                    return Err(Refused("The plan is one of another ecosystem.".to_owned()));
                }
            }
        }
        for change in plan.entries.iter().filter(|change| change.place.is_empty()) {
            if let EntryEdit::Own(OwnEdit::Pin(pin)) = &change.edit {
                splices.push(self.inserted(&change.name, pin, plan)?);
            }
        }
        let changed: Vec<usize> = plan
            .entries
            .iter()
            .filter_map(|change| change.place.parse().ok())
            .collect();
        let rewritten = |number: &usize| changed.contains(number) && self.is_rewritten(plan, *number);
        for (number, entry) in self.entries.iter().enumerate() {
            if rewritten(&number) {
                continue;
            }
            for (_, edge) in entry.edges() {
                splices.extend(self.followed(edge, &moved));
            }
            splices.extend(ranges(entry, plan));
        }
        if !plan.overrides.is_empty() {
            let splice = uv_overrides::in_lockfile(self.text, &plan.overrides, self.line_end);
            splices.push(splice.ok_or_else(|| {
                Refused("The overrides of the lockfile are not as uv writes them.".to_owned())
            })?);
        }
        let edited =
            apply(self.text, splices).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))?;
        // The last package has no empty line behind it.
        let end = format!("{0}{0}", self.line_end);
        Ok(match edited.strip_suffix(end.as_str()) {
            Some(rest) if !self.text.ends_with(end.as_str()) => format!("{rest}{}", self.line_end),
            Some(_) | None => edited,
        })
    }

    /// The whole block of the package is written anew, or leaves.
    fn is_rewritten(&self, plan: &Plan, number: usize) -> bool {
        let mut of_entry = plan
            .entries
            .iter()
            .filter(|change| change.place == number.to_string());
        of_entry.any(|change| match &change.edit {
            EntryEdit::Drop => true,
            EntryEdit::Own(OwnEdit::Pin(pin)) => pin.release.is_some(),
            EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => false,
        })
    }

    /// The version of an edge that leads to a package that moved.
    fn followed(&self, edge: Value<'_>, moved: &[(&Entry<'_>, &str)]) -> Option<Splice> {
        let version = edge.get("version")?;
        let (_, to) = moved.iter().find(|(entry, _)| entry.is_meant_by(edge))?;
        let span = version.text_span();
        Some(Splice {
            at: span.start as usize..span.end as usize,
            text: (*to).to_owned(),
        })
    }

    fn exchanged(
        &self,
        entry: &Entry<'_>,
        pin: &PinChange,
        release: &Release,
        plan: &Plan,
    ) -> Result<Splice, Refused> {
        let old = Parts::of(entry);
        let block = self.text.get(entry.block.clone()).unwrap_or_default();
        let shown = old.shown(self.line_end);
        let rest = block
            .strip_prefix(shown.as_str())
            .filter(|rest| rest.trim().is_empty());
        let rest =
            rest.ok_or_else(|| Refused(format!("The entry of {} is not as uv writes it.", entry.name)))?;
        let files = files_of(&release.document);
        let parts = Parts {
            version: release.version.to_string(),
            dependencies: self.edges(pin, &List::Dependencies, Some(entry), plan)?,
            sdist: self.source(&files, &entry.name)?,
            wheels: self.wheels(&files, &entry.name)?,
            optional: self.optional(pin, Some(entry), plan)?,
            ..old
        };
        has_files(&parts)?;
        Ok(Splice {
            at: entry.block.clone(),
            text: format!("{}{rest}", parts.shown(self.line_end)),
        })
    }

    fn inserted(&self, name: &str, pin: &PinChange, plan: &Plan) -> Result<Splice, Refused> {
        let release = pin
            .release
            .as_ref()
            .ok_or_else(|| Refused(format!("{name} has no version.")))?;
        // It comes from where what needs it comes from.
        let needs_it = |entry: &&Entry<'_>| {
            entry.registry.is_some()
                && pin
                    .needed_by
                    .as_ref()
                    .is_some_and(|names| names.contains(&entry.name))
        };
        let registries = || self.entries.iter().filter(|entry| entry.registry.is_some());
        let like = self.entries.iter().find(needs_it).or_else(|| registries().next());
        let source = like.and_then(|entry| entry.table.get("source")).map(Value::raw);
        let files = files_of(&release.document);
        let parts = Parts {
            name: name.to_owned(),
            version: release.version.to_string(),
            source: source
                .ok_or_else(|| Refused("No package comes from an index.".to_owned()))?
                .to_owned(),
            markers: None,
            dependencies: self.edges(pin, &List::Dependencies, None, plan)?,
            sdist: self.source(&files, name)?,
            wheels: self.wheels(&files, name)?,
            optional: self.optional(pin, None, plan)?,
        };
        has_files(&parts)?;
        let block = parts.shown(self.line_end);
        let next = self.entries.iter().find(|entry| *entry.name > *name);
        Ok(match next {
            Some(next) => Splice {
                at: next.block.start..next.block.start,
                text: format!("{block}{}", self.line_end),
            },
            None => Splice {
                at: self.text.len()..self.text.len(),
                text: format!("{}{block}", self.line_end),
            },
        })
    }

    fn optional(
        &self,
        pin: &PinChange,
        before: Option<&Entry<'_>>,
        plan: &Plan,
    ) -> Result<Vec<(String, Vec<String>)>, Refused> {
        let extras: BTreeSet<&String> = pin.edges.iter().filter_map(|edge| edge.extra.as_ref()).collect();
        let lists = extras.into_iter().map(|extra| {
            let items = self.edges(pin, &List::Extra(extra.clone()), before, plan)?;
            Ok((extra.clone(), items))
        });
        let lists: Result<Vec<_>, Refused> = lists.collect();
        Ok(lists?
            .into_iter()
            .filter(|(_, items)| !items.is_empty())
            .collect())
    }

    /// The edges of one list, in order.
    fn edges(
        &self,
        pin: &PinChange,
        list: &List,
        before: Option<&Entry<'_>>,
        plan: &Plan,
    ) -> Result<Vec<String>, Refused> {
        let extra = match list {
            List::Extra(extra) => Some(extra),
            List::Dependencies | List::Group(_) => None,
        };
        let mut own: Vec<&Edge> = pin
            .edges
            .iter()
            .filter(|edge| edge.extra.as_ref() == extra)
            .collect();
        own.sort_by_key(|edge| (&edge.name, &edge.extras));
        let mut items = Vec::new();
        for edge in own {
            let old: Vec<Value<'_>> = before
                .into_iter()
                .flat_map(Entry::edges)
                .filter(|(of, item)| of == list && is_same(edge, *item))
                .map(|(_, item)| item)
                .collect();
            if edge.is_as_before && !old.is_empty() {
                for item in old {
                    items.push(self.kept(item, plan)?);
                }
                continue;
            }
            items.push(self.written(edge)?);
        }
        Ok(items)
    }

    /// An edge as it stands, with the version of what it leads to.
    fn kept(&self, item: Value<'_>, plan: &Plan) -> Result<String, Refused> {
        let raw = item.raw();
        let Some(version) = item.get("version") else {
            return Ok(raw.to_owned());
        };
        let number = self.entries.iter().position(|entry| entry.is_meant_by(item));
        let number = number.ok_or_else(|| Refused("An edge leads to no package.".to_owned()))?;
        let change = plan
            .entries
            .iter()
            .find(|change| change.place == number.to_string());
        let to = change.and_then(|change| match &change.edit {
            EntryEdit::Own(OwnEdit::Pin(pin)) => {
                pin.release.as_ref().map(|release| release.version.to_string())
            }
            EntryEdit::Drop | EntryEdit::Lock(..) | EntryEdit::Flags(_) | EntryEdit::Own(_) => None,
        });
        let Some(to) = to else { return Ok(raw.to_owned()) };
        let start = item.span().start as usize;
        let span = version.text_span();
        let splice = Splice {
            at: (span.start as usize).saturating_sub(start)..(span.end as usize).saturating_sub(start),
            text: to,
        };
        apply(raw, vec![splice]).ok_or_else(|| Refused("Two edits meet at one place.".to_owned()))
    }

    /// A new edge, to a package of which one version is locked.
    fn written(&self, edge: &Edge) -> Result<String, Refused> {
        if self
            .entries
            .iter()
            .filter(|entry| entry.name == edge.name)
            .count()
            > 1
        {
            return Err(Refused(format!(
                "{} is locked in several versions, and a new edge to it is not written yet.",
                edge.name
            )));
        }
        let extras: Vec<String> = edge.extras.iter().map(|extra| format!("\"{extra}\"")).collect();
        let extras = match extras.is_empty() {
            true => String::new(),
            false => format!(", extra = [{}]", extras.join(", ")),
        };
        let marker = match edge.marker.as_str() {
            "" => String::new(),
            marker if marker.contains(['"', '\\']) || marker.chars().any(char::is_control) => {
                return Err(Refused(format!("The marker of {} cannot be written.", edge.name)));
            }
            marker => format!(", marker = \"{marker}\""),
        };
        Ok(format!("{{ name = \"{}\"{extras}{marker} }}", edge.name))
    }

    /// The source distribution, if there is one.
    fn source(&self, files: &[File], name: &str) -> Result<Option<String>, Refused> {
        let source = files.iter().find(|file| file.filename.ends_with(".tar.gz"));
        let source = source.or_else(|| files.iter().find(|file| !file.is_wheel()));
        source.map(|file| self.file(file, name)).transpose()
    }

    /// The wheels that a Python of the project may install, by file name.
    fn wheels(&self, files: &[File], name: &str) -> Result<Vec<String>, Refused> {
        let wheels = files
            .iter()
            .filter(|file| file.is_wheel() && may_run(&file.filename, &self.python));
        let mut wheels: Vec<&File> = wheels.collect();
        wheels.sort_by_key(|file| &file.filename);
        wheels.into_iter().map(|file| self.file(file, name)).collect()
    }

    fn file(&self, file: &File, name: &str) -> Result<String, Refused> {
        let refused = |what: &str| Refused(format!("The index has no {what} of {}.", file.filename));
        let hash = file
            .hashes
            .get("sha256")
            .filter(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let hash = hash.ok_or_else(|| refused("sha256 hash"))?;
        let address = file.url.split('#').next().unwrap_or_default();
        let is_plain = address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        let is_whole = address.starts_with("https://") || address.starts_with("http://");
        if !is_plain || !is_whole || !distribution::belongs(address, name, "") {
            return Err(refused("address"));
        }
        let mut text = format!("{{ url = \"{address}\", hash = \"sha256:{hash}\"");
        if let Some(size) = file.size.filter(|_| self.has_sizes) {
            text.push_str(&format!(", size = {size}"));
        }
        if let Some(time) = file.upload_time.as_deref().filter(|_| self.has_times) {
            let time: jiff::Timestamp = time.parse().map_err(|_| refused("time of upload"))?;
            // uv keeps milliseconds.
            let time = jiff::Timestamp::from_millisecond(time.as_millisecond());
            let time = time.map_err(|_| refused("time of upload"))?;
            text.push_str(&format!(", upload-time = \"{time}\""));
        }
        text.push_str(" }");
        Ok(text)
    }
}

/// The edge is the one of the plan: the same package with the same extras.
fn is_same(edge: &Edge, item: Value<'_>) -> bool {
    let name = item.str("name").map(|name| normal(&name));
    name.as_ref() == Some(&edge.name)
        && extras_of(item).into_iter().collect::<BTreeSet<String>>() == edge.extras
}

fn has_files(parts: &Parts) -> Result<(), Refused> {
    match parts.sdist.is_none() && parts.wheels.is_empty() {
        true => Err(Refused(format!(
            "The index has no file of {} {} that is read.",
            parts.name, parts.version
        ))),
        false => Ok(()),
    }
}

/// The specifiers of one's own project that change.
fn ranges(entry: &Entry<'_>, plan: &Plan) -> Vec<Splice> {
    let Some(folder) = &entry.folder else {
        return Vec::new();
    };
    let mut splices = Vec::new();
    for item in entry.asked() {
        let (Some(name), Some(specifier)) = (item.str("name"), item.get("specifier")) else {
            continue;
        };
        let own = plan.ranges.iter().find(|range| {
            range.folder == *folder
                && normal(&range.name) == normal(&name)
                && specifier.as_str().as_deref() == Some(&range.from)
        });
        if let Some(range) = own {
            let span = specifier.text_span();
            splices.push(Splice {
                at: span.start as usize..span.end as usize,
                text: range.to.clone(),
            });
        }
    }
    splices
}

/// A Python that `range` takes may install the wheel, as far as its tag of Python says (PEP 425).
fn may_run(wheel: &str, range: &str) -> bool {
    let stem = wheel.strip_suffix(".whl").unwrap_or(wheel);
    let mut tags = stem.rsplit('-');
    let (_platform, abi, python) = (
        tags.next(),
        tags.next().unwrap_or_default(),
        tags.next().unwrap_or_default(),
    );
    let takes = |minor: u32| {
        let mut patches = [0, 1, 30].into_iter();
        patches.any(|patch| {
            Pep440
                .contains(range, &format!("3.{minor}.{patch}"))
                .unwrap_or(true)
        })
    };
    let later = |minor: u32| (minor..=40).any(takes);
    python.split('.').any(|tag| {
        let digits = tag.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        let kind = tag.strip_suffix(digits).unwrap_or_default();
        let minor = digits
            .strip_prefix('3')
            .map(|minor| minor.split('_').next().unwrap_or_default());
        match (kind, minor) {
            (_, None) => false,
            ("py", Some(minor)) => minor.parse().map_or(true, later),
            ("cp", Some(minor)) if abi.split('.').any(|abi| abi == "abi3" || abi == "none") => {
                minor.parse().map_or(true, later)
            }
            (_, Some(minor)) => minor.parse().map_or(true, takes),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::may_run;

    #[test]
    fn wheels_of_other_pythons_are_left_out() {
        for (wheel, runs) in [
            ("a-1-py3-none-any.whl", true),
            ("a-1-py2.py3-none-any.whl", true),
            ("a-1-py2-none-any.whl", false),
            ("a-1-cp27-cp27m-win32.whl", false),
            (
                "a-1-cp37-cp37m-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                false,
            ),
            ("a-1-cp36-abi3-win32.whl", true),
            ("a-1-cp39-cp39-win32.whl", true),
            ("a-1-cp312-cp312-win32.whl", true),
            ("a-1-pp38-pypy38_pp73-win32.whl", false),
            ("a-1-pp39-pypy39_pp73-win32.whl", true),
        ] {
            assert_eq!(may_run(wheel, ">=3.9"), runs, "{wheel}");
        }
    }
}
