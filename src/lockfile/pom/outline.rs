//! What the reactor needs to know of a pom, read without the rest of the file.
//!
//! A module's file is looked at once for each file that may depend on it, so this must be cheap. The
//! convention of the field ("POM Code Convention") puts coordinates first; reading stops where the lists begin.

use std::sync::Arc;

use memchr::{memchr, memchr2, memmem};

use crate::model::{Derivation, Derived, TreePath};
use crate::text::decode;

/// An outline that outlives the text it was read from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OwnedOutline {
    /// With what it has from its parent.
    pub(super) group: String,
    pub(super) artifact: String,
    /// With what it has from its parent.
    pub(super) version: String,
    /// Folders or files, of profiles too.
    pub(super) modules: Vec<String>,
}

/// Reads outlines.
#[derive(Debug)]
pub(super) struct Outlining;

impl Derivation for Outlining {
    fn name(&self) -> &'static str {
        "outline of a pom"
    }

    fn derive(&self, _: &TreePath, bytes: &[u8]) -> Derived {
        let decoded = decode::decode(bytes);
        let outline = Outline::read(&decoded.text);
        Arc::new(OwnedOutline {
            group: outline.own_group().to_owned(),
            artifact: outline.artifact.to_owned(),
            version: outline.own_version().to_owned(),
            modules: outline.modules.into_iter().map(str::to_owned).collect(),
        })
    }

    fn essence(&self, derived: &Derived) -> Option<Vec<u8>> {
        let kept = derived.downcast_ref::<OwnedOutline>()?;
        let mut essence = Vec::new();
        for text in [&kept.group, &kept.artifact, &kept.version]
            .into_iter()
            .chain(&kept.modules)
        {
            essence.extend_from_slice(&(text.len() as u64).to_le_bytes());
            essence.extend_from_slice(text.as_bytes());
        }
        Some(essence)
    }
}

/// Coordinates and modules, as they are written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline<'t> {
    pub(super) group: &'t str,
    pub(super) artifact: &'t str,
    pub(super) version: &'t str,
    pub(super) parent_group: &'t str,
    pub(super) parent_version: &'t str,
    /// Folders or files, of profiles too.
    pub(super) modules: Vec<&'t str>,
}

/// Elements are followed this deep; deeper ones are none of ours.
const DEPTH: usize = 6;

impl<'t> Outline<'t> {
    /// Reads a pom as far as needed.
    pub(super) fn read(text: &'t str) -> Self {
        let mut outline = Self::default();
        let mut open: [&str; DEPTH] = [""; DEPTH];
        let mut depth = 0_usize;
        let mut aggregates = false;
        let mut rest = text;
        while let Some(at) = memchr(b'<', rest.as_bytes()) {
            rest = rest.get(at..).unwrap_or_default();
            // A DTD may say more than is followed here; Maven reads on, and no honest pom needs that.
            if rest.starts_with("<!DOCTYPE") {
                break;
            }
            if let Some(end) = skipped(rest) {
                rest = rest.get(end..).unwrap_or_default();
                continue;
            }
            let Some(close) = tag_end(rest) else {
                break;
            };
            let tag = rest.get(1..close).unwrap_or_default();
            rest = rest.get(close.saturating_add(1)..).unwrap_or_default();
            if tag.starts_with('/') {
                depth = depth.saturating_sub(1);
                continue;
            }
            if tag.ends_with('/') {
                continue;
            }
            let name = tag.split_ascii_whitespace().next().unwrap_or_default();
            let name = name.rsplit_once(':').map_or(name, |(_, local)| local);
            if let Some(place) = open.get_mut(depth) {
                *place = name;
            }
            depth = depth.saturating_add(1);
            let content = || {
                let end = memchr(b'<', rest.as_bytes()).unwrap_or(rest.len());
                rest.get(..end).unwrap_or_default().trim()
            };
            match open.get(1..depth.min(DEPTH)).unwrap_or_default() {
                ["groupId"] => outline.group = content(),
                ["artifactId"] => outline.artifact = content(),
                ["version"] => outline.version = content(),
                ["packaging"] => aggregates = content() == "pom",
                ["parent", "groupId"] => outline.parent_group = content(),
                ["parent", "version"] => outline.parent_version = content(),
                ["modules", "module"]
                | ["subprojects", "subproject"]
                | ["profiles", "profile", "modules", "module"]
                | ["profiles", "profile", "subprojects", "subproject"] => outline.modules.push(content()),
                ["dependencies" | "build" | "dependencyManagement"]
                    if !aggregates && !outline.artifact.is_empty() =>
                {
                    break;
                }
                _ => {}
            }
        }
        outline
    }

    /// The group, which a child has from its parent.
    pub(super) fn own_group(&self) -> &'t str {
        match self.group {
            "" => self.parent_group,
            group => group,
        }
    }

    /// The version, which a child has from its parent.
    pub(super) fn own_version(&self) -> &'t str {
        match self.version {
            "" => self.parent_version,
            version => version,
        }
    }
}

/// Where the tag at the start of `rest` is closed; `>` may stand in the value of an attribute.
fn tag_end(rest: &str) -> Option<usize> {
    let first = memchr(b'>', rest.as_bytes())?;
    if memchr2(b'"', b'\'', rest.as_bytes().get(..first)?).is_none() {
        return Some(first);
    }
    let mut quote = None;
    rest.bytes().position(|byte| {
        match (byte, quote) {
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            _ => {}
        }
        byte == b'>' && quote.is_none()
    })
}

/// The length of a comment, a CDATA section, a declaration or an instruction at the start of `rest`.
fn skipped(rest: &str) -> Option<usize> {
    let end = match rest.as_bytes() {
        [b'<', b'!', b'-', b'-', ..] => "-->",
        [b'<', b'!', b'[', ..] => "]]>",
        [b'<', b'?', ..] => "?>",
        [b'<', b'!', ..] => ">",
        _ => return None,
    };
    let found = memmem::find(rest.as_bytes(), end.as_bytes());
    Some(found.map_or(rest.len(), |at| at.saturating_add(end.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_and_modules() {
        let outline = Outline::read(
            "<?xml version='1.0'?><!-- <artifactId>no</artifactId> --><project xmlns='x'>
            <parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version><relativePath/></parent>
            <artifactId> a </artifactId><packaging>pom</packaging>
            <dependencies><dependency><groupId>x</groupId><artifactId>y</artifactId></dependency></dependencies>
            <modules><module>one</module><!-- <module>no</module> --><module>../two</module></modules>
            <profiles><profile><id>i</id><modules><module>three</module></modules></profile></profiles></project>",
        );
        assert_eq!(
            outline,
            Outline {
                group: "",
                artifact: "a",
                version: "",
                parent_group: "g",
                parent_version: "1",
                modules: vec!["one", "../two", "three"],
            }
        );
        assert_eq!((outline.own_group(), outline.own_version()), ("g", "1"));
    }

    #[test]
    fn it_stops_at_the_lists_of_a_leaf() {
        let outline = Outline::read(
            "<project><artifactId>a</artifactId><build/><build><version>2</build><modules><module>m</module>",
        );
        assert_eq!(outline.modules, Vec::<&str>::new());
    }

    #[test]
    fn nothing_is_believed_that_stands_elsewhere() {
        for text in [
            "<project xmlns:x='><artifactId>no</artifactId>'><artifactId>a</artifactId></project>",
            "<project><![CDATA[<artifactId>no</artifactId>]]><artifactId>a</artifactId></project>",
            "<project><?x <artifactId>no</artifactId>?><artifactId>a</artifactId></project>",
        ] {
            assert_eq!(Outline::read(text).artifact, "a", "{text}");
        }
        assert_eq!(
            Outline::read("<!DOCTYPE p><project><artifactId>a</artifactId>").artifact,
            ""
        );
    }

    #[test]
    fn damage_ends() {
        for text in [
            "",
            "<",
            "<project",
            "<!--",
            "<project><artifactId>a",
            "</a></b><project>",
            "<a><b><c><d><e><f><g><h>",
            "<a b='>",
        ] {
            Outline::read(text);
        }
    }
}
