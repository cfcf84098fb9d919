//! `[package.dependencies]` and `[package.extras]` of a package, from its core metadata.

use std::collections::{BTreeMap, BTreeSet};

use super::Refused;
use super::poetry_entries::{Parts, Style, normal, string};
use super::poetry_text::{constraint, marker, specifiers};
use crate::lockfile::grammar::marker::Marker;
use crate::lockfile::grammar::pep508;
use crate::plan::python::PinChange;
use crate::schema::core_metadata::CoreMetadata;

/// A `Requires-Dist`.
struct Line<'m> {
    text: &'m str,
    /// As written.
    name: &'m str,
    /// Normalised.
    extras: BTreeSet<String>,
    range: String,
    /// `None` where nothing is said.
    marker: Option<Marker>,
    /// As written; empty for none.
    written_marker: &'m str,
    is_located: bool,
}

impl Line<'_> {
    /// The extras that bring it, normalised.
    fn brought_by(&self) -> BTreeSet<String> {
        let named = self.marker.iter().flat_map(Marker::extras);
        named.map(normal).collect()
    }

    /// `name[extra]`
    fn complete_name(&self) -> String {
        let extras: Vec<&str> = self.extras.iter().map(String::as_str).collect();
        match extras.is_empty() {
            true => self.name.to_owned(),
            false => format!("{}[{}]", self.name, extras.join(",")),
        }
    }
}

/// The lines of `metadata`. One that is no requirement is passed over, as Poetry does.
fn lines<'m>(metadata: &'m CoreMetadata<'_>) -> Vec<Line<'m>> {
    let lines = metadata.requires_dist.iter().filter_map(|text| {
        let read = pep508::read(text).ok()?;
        let written_marker = read.marker.map_or("", |marker| marker.of(text));
        Some(Line {
            text,
            name: read.name.of(text),
            extras: read.extras.iter().map(|extra| normal(extra.of(text))).collect(),
            range: read.range(text),
            marker: match written_marker {
                "" => None,
                marker => Some(Marker::read(marker).ok()?),
            },
            written_marker,
            is_located: read.address.is_some(),
        })
    });
    lines.collect()
}

/// `[package.dependencies]` of the version that `pin` has. What its metadata says as that of the version `before` did is kept as it stands.
pub(super) fn dependencies(
    name: &str,
    pin: &PinChange,
    (metadata, metadata_before): (&CoreMetadata<'_>, &CoreMetadata<'_>),
    before: &Parts,
    style: Style,
) -> Result<Vec<(String, String)>, Refused> {
    let (new, old) = (lines(metadata), lines(metadata_before));
    let is_needed = |line: &Line<'_>| {
        pin.needs.iter().any(|need| {
            need.name == normal(line.name)
                && need.range == line.range
                && need.extras == line.extras
                && need.marker == line.written_marker
        })
    };
    let mut by_name: BTreeMap<String, Vec<&Line<'_>>> = BTreeMap::new();
    for line in new
        .iter()
        .filter(|line| is_needed(line) && normal(line.name) != name)
    {
        by_name.entry(normal(line.name)).or_default().push(line);
    }
    let mut entries = Vec::new();
    for (needed, own) in by_name {
        let texts = |lines: &[Line<'_>]| -> Vec<String> {
            let lines = lines.iter().filter(|line| normal(line.name) == needed);
            lines.map(|line| line.text.to_owned()).collect()
        };
        let same = texts(&new) == texts(&old);
        let known = before.dependencies.iter().find(|(key, _)| normal(key) == needed);
        if let Some(known) = known.filter(|_| same) {
            entries.push(known.clone());
            continue;
        }
        let Some(first) = own.first() else { continue };
        entries.push((first.name.to_owned(), value(&own, style)?));
    }
    Ok(entries)
}

/// What stands behind the name of a dependency.
fn value(lines: &[&Line<'_>], style: Style) -> Result<String, Refused> {
    let mut items: Vec<(String, Vec<String>, Vec<Marker>, bool)> = Vec::new();
    for line in lines {
        if line.is_located {
            return Err(Refused(format!("{} is needed from an address.", line.name)));
        }
        let version = constraint(&line.range, style).ok_or_else(|| unwritten(line))?;
        let extras: Vec<String> = line.extras.iter().cloned().collect();
        let markers: Vec<Marker> = vec![line.marker.clone().unwrap_or_else(Marker::always)];
        let is_optional = !line.brought_by().is_empty();
        // The same range under several markers is one, where one of them holds.
        let known = items
            .iter_mut()
            .find(|(other, of, _, _)| *other == version && *of == extras);
        match known {
            Some((_, _, known, optional)) => {
                known.extend(markers);
                *optional |= is_optional;
            }
            None => items.push((version, extras, markers, is_optional)),
        }
    }
    let shown = items.into_iter().map(|(version, extras, markers, is_optional)| {
        let marker = match markers.contains(&Marker::always()) {
            true => String::new(),
            false => marker(&Marker::Any(markers), style),
        };
        (version, extras, marker, is_optional)
    });
    let mut shown: Vec<(String, Vec<String>, String, bool)> = shown.collect();
    if style.has_groups {
        shown.sort_by(|left, right| left.2.cmp(&right.2));
    }
    let is_plain =
        |item: &(String, Vec<String>, String, bool)| item.1.is_empty() && item.2.is_empty() && !item.3;
    let all_plain = shown.iter().all(is_plain);
    let texts: Vec<String> = shown
        .iter()
        .map(|(version, extras, marker, is_optional)| {
            if all_plain {
                return string(version);
            }
            let mut fields = vec![format!("version = {}", string(version))];
            if !extras.is_empty() {
                let extras: Vec<String> = extras.iter().map(|extra| string(extra)).collect();
                fields.push(format!("extras = [{}]", extras.join(", ")));
            }
            if *is_optional {
                fields.push("optional = true".to_owned());
            }
            if !marker.is_empty() {
                fields.push(format!("markers = {}", string(marker)));
            }
            format!("{{{}}}", fields.join(", "))
        })
        .collect();
    Ok(match texts.as_slice() {
        [one] => one.clone(),
        many => {
            let items: String = many.iter().map(|item| format!("    {item},\n")).collect();
            format!("[\n{items}]")
        }
    })
}

/// `[package.extras]` of a version.
pub(super) fn extras(
    (metadata, metadata_before): (&CoreMetadata<'_>, &CoreMetadata<'_>),
    before: &Parts,
    style: Style,
) -> Result<Vec<(String, String)>, Refused> {
    let (new, old) = (lines(metadata), lines(metadata_before));
    let names: BTreeSet<String> = new.iter().flat_map(Line::brought_by).collect();
    let mut lists = Vec::new();
    for extra in names {
        let of = |lines: &[Line<'_>]| -> Vec<String> {
            let lines = lines.iter().filter(|line| line.brought_by().contains(&extra));
            lines.map(|line| line.text.to_owned()).collect()
        };
        let known = before.extras.iter().find(|(key, _)| normal(key) == extra);
        if let Some(known) = known.filter(|_| of(&new) == of(&old)) {
            lists.push(known.clone());
            continue;
        }
        let mut items = Vec::new();
        for line in new.iter().filter(|line| line.brought_by().contains(&extra)) {
            items.push(listed(line, style)?);
        }
        items.sort();
        let items: Vec<String> = items.iter().map(|item| string(item)).collect();
        lists.push((extra, format!("[{}]", items.join(", "))));
    }
    Ok(lists)
}

/// `name[extra] (>=1) ; marker`
fn listed(line: &Line<'_>, style: Style) -> Result<String, Refused> {
    if line.is_located {
        return Err(Refused(format!("An extra needs {} from an address.", line.name)));
    }
    let mut text = line.complete_name();
    let range = specifiers(&line.range, style).ok_or_else(|| unwritten(line))?;
    if !range.is_empty() {
        text.push_str(&format!(" ({range})"));
    }
    let rest = line.marker.as_ref().and_then(Marker::without_extras);
    if let Some(rest) = rest.filter(|_| style.has_groups) {
        text.push_str(&format!(" ; {}", marker(&rest, style)));
    }
    Ok(text)
}

fn unwritten(line: &Line<'_>) -> Refused {
    let short: String = line.text.chars().take(100).collect();
    Refused(format!("What Poetry would write for {short:?} is not known."))
}
