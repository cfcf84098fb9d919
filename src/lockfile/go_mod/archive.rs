//! What the archive of a module version says: its hash, and which of its packages import what.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// An archive, without its sources.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GoArchive {
    /// `h1:` and the hash of all its files.
    pub hash: String,
    /// The packages, by their folders inside the module; empty for that of the module itself.
    pub packages: BTreeMap<String, GoPackage>,
}

/// A folder with Go files.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GoPackage {
    /// It is a program, which nothing imports.
    #[serde(default, rename = "main", skip_serializing_if = "is_no")]
    pub is_main: bool,
    /// What it imports on any system.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub imports: BTreeSet<String>,
    /// What its tests import besides.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tests: BTreeSet<String>,
}

fn is_no(value: &bool) -> bool {
    !value
}

impl GoArchive {
    /// Reads what [`GoArchive::to_text`] writes.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Adds the Go file at `path` inside the module.
    pub fn add(&mut self, path: &str, bytes: &[u8]) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(stem) = name.strip_suffix(".go") else {
            return;
        };
        // A folder is a package whatever is in its files.
        let package = self.packages.entry(folder.to_owned()).or_default();
        if name.starts_with(['_', '.']) {
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        let Some(head) = super::source::head(&text) else {
            return;
        };
        match stem.ends_with("_test") {
            true => package.tests.extend(head.imports),
            false => {
                package.is_main |= head.package == "main";
                package.imports.extend(head.imports);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_make_packages() {
        let mut archive = GoArchive::default();
        archive.add("a.go", b"package a\nimport \"b.example/b\"\n");
        archive.add("a_test.go", b"package a_test\nimport \"t.example\"\n");
        archive.add("cmd/x/main.go", b"package main\n");
        archive.add(
            "gen/gen.go",
            b"//go:build ignore\n\npackage main\nimport \"no\"\n",
        );
        archive.add("gen/_x.go", b"package gen\nimport \"no\"\n");
        archive.add("README.md", b"package no\n");
        let keys: Vec<_> = archive.packages.keys().map(String::as_str).collect();
        assert_eq!(keys, ["", "cmd/x", "gen"]);
        assert!(archive.packages["cmd/x"].is_main);
        assert!(archive.packages["gen"].imports.is_empty());
        assert_eq!(archive.packages[""].tests.len(), 1);
        assert_eq!(GoArchive::read(&archive.to_text()).unwrap(), archive);
        assert_eq!(GoArchive::read("{"), None);
    }
}
