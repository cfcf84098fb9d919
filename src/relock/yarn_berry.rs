//! Entries of the `yarn.lock` of Yarn 2 and later as they write them (`Manifest.exportTo`, `syml.ts` and `generateLockfile` of 4.18).
//!
//! `checksum` is a hash of an archive that Yarn makes itself, which no registry knows: an entry that comes in has none. `yarn install` accepts
//! that, also with `--immutable`, and writes it down.

use super::Refused;
use super::npm_json::quoted;
use super::yarn_classic::table;
use crate::lockfile::yarn_lock::locked::{Locked, LockedEntry};
use crate::model::Release;
use crate::plan::{Descriptor, EntryChange, NewRange, ResolutionEdit};
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// How the file writes what comes from registries.
pub(super) struct Berry {
    /// Ranges of dependencies have their protocol.
    has_protocols: bool,
    line_end: &'static str,
}

impl Berry {
    pub(super) fn of(text: &str, locked: &Locked) -> Self {
        Self {
            has_protocols: locked.has_protocols,
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
        }
    }

    /// The line with the keys.
    pub(super) fn head(keys: &[String]) -> String {
        let keys = string(&keys.join(", "));
        match keys.len() > 1024 {
            true => format!("? {keys}\n:"),
            false => format!("{keys}:"),
        }
    }

    /// What leads to an entry, as Yarn writes and sorts it.
    pub(super) fn keys(edit: &ResolutionEdit) -> Vec<String> {
        let key =
            |descriptor: &Descriptor| format!("{}@{}", descriptor.name, with_protocol(&descriptor.range));
        let mut keys: Vec<String> = edit.descriptors.iter().map(key).collect();
        keys.sort_by(|left, right| left.encode_utf16().cmp(right.encode_utf16()));
        keys
    }

    /// The entry of `release`; `old` is the one in whose place it comes, with what the registry says of that.
    pub(super) fn entry(
        &self,
        keys: &[String],
        change: &EntryChange,
        release: &Release,
        old: Option<(&LockedEntry, &str, &Release)>,
    ) -> Result<String, Refused> {
        let mut adds_gyp = false;
        if let Some((entry, text, before)) = old {
            adds_gyp = entry
                .needs
                .iter()
                .any(|need| need.name == GYP && need.range == "latest");
            let expected = self.lines(&entry.keys, change, before, adds_gyp)?;
            let is_other = |line: &&str| !line.starts_with("  checksum:");
            if !text
                .lines()
                .filter(is_other)
                .eq(expected.iter().map(String::as_str))
            {
                return Err(Refused(format!(
                    "The entry of {} {} is not what its registry says: Yarn changes it (`packageExtensions`), and what it makes of {} is not known.",
                    entry.name, entry.version, release.version
                )));
            }
        }
        Ok(self.lines(keys, change, release, adds_gyp)?.join(self.line_end))
    }

    /// What stands between two entries.
    pub(super) fn between(&self) -> String {
        self.line_end.repeat(2)
    }

    /// The entry of a module of one's own with another range; `None` where the old one does not stand there.
    pub(super) fn asking(block: &str, range: &NewRange) -> Option<String> {
        let old = |line: &str| {
            let (name, value) = line.strip_prefix("    ")?.split_once(": ")?;
            let plain = |text: &str| text.trim_matches('"').to_owned();
            let value = plain(value);
            let before = value.strip_suffix(range.from.as_str())?;
            let is_it = plain(name) == range.name && (before.is_empty() || before.ends_with([':', '@']));
            is_it.then(|| format!("    {name}: {}", string(&format!("{before}{}", range.to))))
        };
        let mut is_found = false;
        let lines = block.split_inclusive('\n').map(|line| {
            let text = line.trim_end_matches(['\r', '\n']);
            match old(text).filter(|_| !is_found) {
                Some(new) => {
                    is_found = true;
                    format!("{new}{}", line.get(text.len()..).unwrap_or_default())
                }
                None => line.to_owned(),
            }
        });
        let text: String = lines.collect();
        is_found.then_some(text)
    }

    fn lines(
        &self,
        keys: &[String],
        change: &EntryChange,
        release: &Release,
        adds_gyp: bool,
    ) -> Result<Vec<String>, Refused> {
        let document = json::read(&release.document);
        let manifest = document.root();
        let (name, version) = (&change.name, &release.version);
        let mut lines = vec![
            Self::head(keys),
            format!("  version: {}", string(version)),
            format!("  resolution: {}", string(&format!("{name}@npm:{version}"))),
        ];
        let optional = table(manifest, "optionalDependencies");
        let mut needs = table(manifest, "dependencies");
        needs.retain(|(name, _)| !optional.iter().any(|(other, _)| other == name));
        needs.extend(optional.iter().cloned());
        let peers = table(manifest, "peerDependencies");
        if adds_gyp
            && has_scripts(manifest)
            && ![&needs, &peers]
                .into_iter()
                .flatten()
                .any(|(name, _)| name == GYP)
        {
            needs.push((GYP.to_owned(), "latest".to_owned()));
        }
        let needs = needs.into_iter().map(|(name, range)| match self.has_protocols {
            true => (name, with_protocol(&range)),
            false => (name, range),
        });
        section(&mut lines, "dependencies", needs.collect());
        section(&mut lines, "peerDependencies", peers);
        let mut meta: Vec<(String, Vec<(String, String)>)> = Vec::new();
        for (name, fields) in objects(manifest, "dependenciesMeta") {
            meta.push((name, fields));
        }
        for (name, _) in optional {
            let is_optional = ("optional".to_owned(), "true".to_owned());
            match meta.iter_mut().find(|(known, _)| *known == name) {
                Some((_, fields)) => {
                    fields.retain(|(field, _)| field != "optional");
                    fields.push(is_optional);
                }
                None => meta.push((name, vec![is_optional])),
            }
        }
        nested(&mut lines, "dependenciesMeta", meta);
        nested(
            &mut lines,
            "peerDependenciesMeta",
            objects(manifest, "peerDependenciesMeta"),
        );
        section(&mut lines, "bin", bin(name, manifest));
        if let Some(conditions) = conditions(manifest) {
            lines.push(format!("  conditions: {}", string(&conditions)));
        }
        lines.push("  languageName: node".to_owned());
        lines.push("  linkType: hard".to_owned());
        Ok(lines)
    }
}

/// What Yarn has packages need whose scripts call it.
const GYP: &str = "node-gyp";

fn has_scripts(manifest: Value<'_>) -> bool {
    manifest.get("hasInstallScript").and_then(Value::as_bool) == Some(true)
        || manifest.get("scripts").is_some()
}

/// The range with the protocol of registries where it has none.
pub(super) fn with_protocol(range: &str) -> String {
    match range.contains(':') {
        true => range.to_owned(),
        false => format!("npm:{range}"),
    }
}

fn section(lines: &mut Vec<String>, field: &str, mut pairs: Vec<(String, String)>) {
    if pairs.is_empty() {
        return;
    }
    pairs.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
    lines.push(format!("  {field}:"));
    lines.extend(
        pairs
            .iter()
            .map(|(name, value)| format!("    {}: {}", string(name), string(value))),
    );
}

fn nested(lines: &mut Vec<String>, field: &str, mut all: Vec<(String, Vec<(String, String)>)>) {
    all.retain(|(_, fields)| !fields.is_empty());
    if all.is_empty() {
        return;
    }
    all.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
    lines.push(format!("  {field}:"));
    for (name, mut fields) in all {
        fields.sort();
        lines.push(format!("    {}:", string(&name)));
        lines.extend(
            fields
                .iter()
                .map(|(field, value)| format!("      {field}: {value}")),
        );
    }
}

/// Flags of a table of tables: `built`, `optional`, `unplugged`.
fn objects(manifest: Value<'_>, field: &str) -> Vec<(String, Vec<(String, String)>)> {
    let table = manifest.get(field).filter(|table| table.kind() == Kind::Object);
    let entries = table.into_iter().flat_map(Value::entries);
    entries
        .map(|(name, flags)| {
            let flags = flags.entries().filter_map(|(flag, value)| {
                let is_known = matches!(&*flag, "built" | "optional" | "unplugged");
                is_known.then(|| Some((flag.into_owned(), value.as_bool()?.to_string())))?
            });
            (name.into_owned(), flags.collect())
        })
        .collect()
}

fn bin(name: &str, manifest: Value<'_>) -> Vec<(String, String)> {
    let base = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    match manifest.get("bin") {
        Some(bin) if bin.kind() == Kind::Object => table(manifest, "bin")
            .into_iter()
            .map(|(name, path)| (base(&name), path.replace('\\', "/")))
            .collect(),
        Some(bin) => bin
            .as_str()
            .into_iter()
            .map(|path| (base(name), path.replace('\\', "/")))
            .collect(),
        None => Vec::new(),
    }
}

/// The systems for which a package is, as Yarn writes them.
fn conditions(manifest: Value<'_>) -> Option<String> {
    let line = |field: &str| {
        let values = manifest.get(field)?;
        let values: Vec<String> = values
            .items()
            .filter_map(|value| Some(value.as_str()?.into_owned()))
            .collect();
        let token = |value: &String| match value.strip_prefix('!') {
            Some(rest) => format!("!{field}={rest}"),
            None => format!("{field}={value}"),
        };
        match values.as_slice() {
            [] => None,
            [one] => Some(token(one)),
            several => Some(format!(
                "({})",
                several.iter().map(token).collect::<Vec<_>>().join(" | ")
            )),
        }
    };
    let lines: Vec<String> = ["os", "cpu", "libc"].into_iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join(" & "))
}

/// A text, in quotes where Yarn writes them.
pub(super) fn string(text: &str) -> String {
    let is_special =
        |character: char| matches!(character, ',' | ']' | '[' | '{' | '}' | ':' | '#' | '\r' | '\n');
    let starts_plain = !text.starts_with(|first: char| {
        matches!(
            first,
            '-' | '?'
                | ':'
                | ','
                | ']'
                | '['
                | '{'
                | '}'
                | '#'
                | '&'
                | '*'
                | '!'
                | '|'
                | '>'
                | '\''
                | '"'
                | '%'
                | '@'
                | '`'
                | ' '
                | '\t'
                | '\r'
                | '\n'
        )
    });
    let is_plain =
        !text.is_empty() && starts_plain && !text.contains(is_special) && !text.ends_with([' ', '\t']);
    match is_plain {
        true => text.to_owned(),
        false => quoted(text),
    }
}
