//! Entries of the `yarn.lock` of Yarn 1 as it writes them (`stringify.js` of 1.22.22).

use super::Refused;
use super::npm_fields::{Addresses, integrity, of_changed};
use super::npm_json::quoted;
use crate::lockfile::yarn_lock::locked::LockedEntry;
use crate::model::Release;
use crate::plan::EntryChange;
use crate::text::json;
use crate::text::tree::{Kind, Value};

/// How the file writes what comes from registries.
pub(super) struct Classic {
    addresses: Addresses,
    /// Addresses end with the hash of the archive.
    has_fragments: bool,
    /// Entries have hashes of their own.
    has_hashes: bool,
    line_end: &'static str,
}

impl Classic {
    pub(super) fn of(text: &str, entries: &[LockedEntry]) -> Self {
        let registered = || entries.iter().filter(|entry| entry.is_of_registry);
        let with_address = registered().filter_map(|entry| {
            let address = entry.origin.as_deref()?.split('#').next()?.to_owned();
            Some((entry.name.clone(), entry.version.clone(), Some(address)))
        });
        let mut addressed = registered()
            .filter_map(|entry| entry.origin.as_deref())
            .peekable();
        let is_bare = addressed.peek().is_none();
        Self {
            addresses: Addresses::of(with_address),
            has_fragments: is_bare || addressed.any(|address| address.contains('#')),
            has_hashes: entries.iter().any(|entry| entry.checksum.is_some()),
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
        }
    }

    /// The line with the keys.
    pub(super) fn head(keys: &[String]) -> String {
        let keys: Vec<String> = keys.iter().map(|key| wrapped(key)).collect();
        format!("{}:", keys.join(", "))
    }

    /// The entry of `release`; `old` is one of the same package that is there.
    pub(super) fn entry(
        &self,
        keys: &[String],
        change: &EntryChange,
        release: &Release,
        old: Option<&LockedEntry>,
    ) -> Result<String, Refused> {
        let document = json::read(&release.document);
        let manifest = document.root();
        let mut lines = vec![Self::head(keys)];
        lines.push(format!("  version {}", wrapped(&release.version)));
        let address = match old.and_then(|old| Some((old, old.origin.as_deref()?))) {
            Some((old, address)) => {
                let address = address.split('#').next().unwrap_or_default();
                Some(of_changed(address, change, &old.version, release, manifest)?)
            }
            None => self.addresses.of_new(&change.name, &release.version, manifest),
        };
        if let Some(address) = address {
            let sum = manifest
                .get("dist")
                .and_then(|dist| dist.get("shasum"))
                .and_then(Value::as_str);
            let address = match (self.has_fragments, sum) {
                (true, Some(sum)) => format!("{address}#{sum}"),
                (_, _) => address,
            };
            lines.push(format!("  resolved {}", wrapped(&address)));
        }
        // Without one Yarn does not look at what it fetches, where the address has none either.
        let hash = integrity(change, release, manifest);
        match (hash, self.has_hashes) {
            (Ok(hash), true) => lines.push(format!("  integrity {}", wrapped(&hash))),
            (Err(refused), _) => return Err(refused),
            (Ok(_), false) => {}
        }
        let optional = table(manifest, "optionalDependencies");
        let needed = table(manifest, "dependencies");
        let needed = needed
            .into_iter()
            .filter(|(name, _)| !optional.iter().any(|(other, _)| other == name));
        for (field, needs) in [
            ("dependencies", needed.collect()),
            ("optionalDependencies", optional.clone()),
        ] {
            let mut needs: Vec<(String, String)> = needs;
            if needs.is_empty() {
                continue;
            }
            needs.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
            lines.push(format!("  {field}:"));
            let needs = needs
                .iter()
                .map(|(name, range)| format!("    {} {}", wrapped(name), wrapped(range)));
            lines.extend(needs);
        }
        Ok(lines.join(self.line_end))
    }

    /// What stands between two entries.
    pub(super) fn between(&self) -> String {
        self.line_end.repeat(2)
    }
}

/// Names and ranges of a table of the registry's document.
pub(super) fn table(manifest: Value<'_>, name: &str) -> Vec<(String, String)> {
    let table = manifest.get(name).filter(|table| table.kind() == Kind::Object);
    let entries = table.into_iter().flat_map(Value::entries);
    let pairs = entries.filter_map(|(name, range)| Some((name.into_owned(), range.as_str()?.into_owned())));
    pairs.collect()
}

/// A key, in quotes where Yarn writes them.
fn wrapped(text: &str) -> String {
    let is_special = |character: char| {
        character.is_whitespace() || matches!(character, ':' | '\\' | '"' | ',' | '[' | ']')
    };
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && !text.starts_with("true")
        && !text.starts_with("false")
        && !text.contains(is_special);
    match is_plain {
        true => text.to_owned(),
        false => quoted(text),
    }
}
