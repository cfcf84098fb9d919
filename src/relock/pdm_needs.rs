//! `dependencies` of a package, from its core metadata: requirements in order, as PDM writes them.
//!
//! All that the metadata says is listed, whether or not its marker holds where the lockfile is for; before PDM 2.17 without what no Python of the
//! project needs. An entry with extras has what these need, and the package itself in its version.

use std::collections::{BTreeMap, BTreeSet};

use super::Refused;
use super::pdm_entries::{Entry, edge};
use super::poetry_entries::{Style, normal, string};
use super::poetry_text;
use crate::lockfile::grammar::marker::Marker;
use crate::lockfile::grammar::pep508;
use crate::schema::core_metadata::CoreMetadata;
use crate::text::tree::Value;

/// Markers are written as those of Poetry before its groups.
const MARKERS: Style = Style {
    has_groups: false,
    has_holes: false,
};

/// Whether something that is needed where this marker holds is listed.
pub(super) type IsListed<'l> = &'l dyn Fn(&str) -> bool;

/// The lines of `metadata` that an entry with these `extras` has: each with the package, normalised. A line that is no requirement is refused, since
/// PDM takes no such version.
fn lines<'m>(
    metadata: &'m CoreMetadata<'_>,
    extras: &BTreeSet<String>,
    is_listed: IsListed<'_>,
) -> Result<Vec<(String, &'m str)>, Refused> {
    let mut lines = Vec::new();
    for text in &metadata.requires_dist {
        let unread = || {
            let short: String = text.chars().take(100).collect();
            Refused(format!("What PDM would write for {short:?} is not known."))
        };
        let read = pep508::read(text).map_err(|_| unread())?;
        let marker = read.marker.map_or("", |marker| marker.of(text));
        let marker = Marker::read(marker).map_err(|_| unread())?;
        let is_there = match extras.is_empty() {
            true => !marker.asks_for_extras(),
            false => {
                let mut named = marker.extras().into_iter();
                named.any(|extra| extras.contains(&normal(extra)))
            }
        };
        let rest = marker.without_extras().map(|rest| rest.to_string());
        if is_there && is_listed(&rest.unwrap_or_default()) {
            lines.push((normal(read.name.of(text)), &**text));
        }
    }
    Ok(lines)
}

/// `dependencies` of the version `version` whose metadata is `metadata`, as TOML. What it says as the metadata of the version before did is kept as it
/// stands in `before`.
pub(super) fn dependencies(
    (metadata, metadata_before): (&CoreMetadata<'_>, &CoreMetadata<'_>),
    before: Option<&Entry<'_>>,
    (name, version, extras): (&str, &str, &BTreeSet<String>),
    is_listed: IsListed<'_>,
) -> Result<Vec<String>, Refused> {
    let new = lines(metadata, extras, is_listed)?;
    let old = lines(metadata_before, extras, is_listed).unwrap_or_default();
    let known: Vec<String> = before
        .and_then(|entry| entry.table.get("dependencies"))
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|item| Some(item.as_str()?.into_owned()))
        .collect();
    let mut texts: Vec<String> = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (needed, line) in &new {
        by_name.entry(needed).or_default().push(line);
    }
    for (needed, own) in by_name {
        let old: Vec<&str> = old
            .iter()
            .filter(|(name, _)| name == needed)
            .map(|(_, line)| *line)
            .collect();
        let kept = || known.iter().filter(|line| is_of(line, needed));
        match own == old && kept().count() == own.len() {
            true => texts.extend(kept().cloned()),
            false => {
                for line in own {
                    texts.push(written(line)?);
                }
            }
        }
    }
    if !extras.is_empty() {
        // The package itself is spelled as what asked for it spelled it.
        let own = known.iter().find(|line| is_of(line, name));
        let spelled = own.and_then(|line| Some(line.split_once("==")?.0.to_owned()));
        texts.retain(|line| !is_of(line, name) || !line.contains("=="));
        texts.push(format!(
            "{}=={version}",
            spelled.unwrap_or_else(|| name.to_owned())
        ));
    }
    texts.sort();
    Ok(texts.iter().map(|text| string(text)).collect())
}

fn is_of(line: &str, name: &str) -> bool {
    edge(line).is_some_and(|edge| edge.name == name)
}

/// A requirement without what it says of extras: `Name[extra]<2,>=1; marker`.
fn written(line: &str) -> Result<String, Refused> {
    let refused = || {
        let short: String = line.chars().take(100).collect();
        Refused(format!("What PDM would write for {short:?} is not known."))
    };
    let read = pep508::read(line).map_err(|_| refused())?;
    if read.address.is_some() {
        return Err(refused());
    }
    let mut extras: Vec<&str> = read.extras.iter().map(|extra| extra.of(line)).collect();
    extras.sort_unstable();
    let extras = match extras.is_empty() {
        true => String::new(),
        false => format!("[{}]", extras.join(",")),
    };
    let range = read.range(line);
    let mut specifiers: Vec<&str> = range.split(',').filter(|part| !part.is_empty()).collect();
    specifiers.sort_unstable();
    specifiers.dedup();
    let is_old_form =
        |part: &&str| part.ends_with(".*") && !part.starts_with("==") && !part.starts_with("!=");
    if specifiers.iter().any(is_old_form) {
        return Err(refused());
    }
    let marker = read.marker.map_or("", |marker| marker.of(line));
    let marker = Marker::read(marker).map_err(|_| refused())?.without_extras();
    let marker = marker
        .map(|marker| poetry_text::marker(&marker, MARKERS))
        .unwrap_or_default();
    let marker = match marker.is_empty() {
        true => String::new(),
        false => format!("; {marker}"),
    };
    Ok(format!(
        "{}{extras}{}{marker}",
        project_name(read.name.of(line)),
        specifiers.join(",")
    ))
}

/// A name with its letters as they are, and `-` for what separates them.
fn project_name(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter.is_ascii_alphanumeric() {
            true => shown.push(letter),
            false if shown.ends_with('-') => {}
            false => shown.push('-'),
        }
    }
    shown
}

/// Where something is meant, as PDM writes it; `None` for a marker that cannot be read.
pub(super) fn marker(text: &str) -> Option<String> {
    let marker = Marker::read(text).ok()?.without_extras();
    Some(
        marker
            .map(|marker| poetry_text::marker(&marker, MARKERS))
            .unwrap_or_default(),
    )
}
