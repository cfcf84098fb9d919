//! Package URLs (ECMA-427): the name of a package across ecosystems.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::SharedStr;

/// A package URL in its canonical spelling, with a version or without.
///
/// Only `ecosystem::purl` makes one, and spells the name as the ecosystem's rule wants it: two that are equal name the same
/// package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageUrl {
    /// `pkg:npm/%40acme/left@1.0.0?arch=x86`.
    text: SharedStr,
    /// Where the name ends in it, in bytes.
    name_end: usize,
    /// Where the version ends.
    version_end: usize,
}

/// The parts of a package URL, none of them percent-encoded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts<'p> {
    /// The type (`npm`), in lower case.
    pub kind: &'p str,
    /// The namespace: an npm scope with its `@`, a Maven group, the folders of a Go module. Empty for none.
    pub namespace: &'p str,
    /// The name.
    pub name: &'p str,
    /// The version; empty for none.
    pub version: &'p str,
    /// Keys in lower case, and what they say.
    pub qualifiers: &'p [(String, String)],
    /// A path inside the package; empty for none.
    pub subpath: &'p str,
}

/// What the specification leaves as it is (section 5.4).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

impl PackageUrl {
    /// The package URL of `parts`. For `ecosystem::purl` alone, which knows how a name is spelled.
    #[must_use]
    pub fn of_parts(parts: &Parts<'_>) -> Self {
        let encoded = |text| utf8_percent_encode(text, ENCODED);
        let mut text = format!("pkg:{}", parts.kind);
        for segment in segments(parts.namespace).chain([parts.name]) {
            text.push('/');
            text.extend(encoded(segment));
        }
        let name_end = text.len();
        if !parts.version.is_empty() {
            text.push('@');
            text.extend(encoded(parts.version));
        }
        let version_end = text.len();
        let mut qualifiers: Vec<&(String, String)> = parts.qualifiers.iter().collect();
        qualifiers.sort();
        for (number, (key, value)) in qualifiers.into_iter().enumerate() {
            text.push(if number == 0 { '?' } else { '&' });
            text.push_str(key);
            text.push('=');
            text.extend(encoded(value));
        }
        for (number, segment) in segments(parts.subpath).enumerate() {
            text.push(if number == 0 { '#' } else { '/' });
            text.extend(encoded(segment));
        }
        Self {
            text: text.into(),
            name_end,
            version_end,
        }
    }

    /// The canonical spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The type: `npm`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.path().split('/').next().unwrap_or_default()
    }

    /// The namespace, decoded: `@acme`; empty for none.
    #[must_use]
    pub fn namespace(&self) -> Cow<'_, str> {
        let (namespace, _) = self.path().rsplit_once('/').unwrap_or_default();
        decoded(namespace.split_once('/').map_or("", |(_, namespace)| namespace))
    }

    /// The name, decoded: `left`.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        decoded(self.path().rsplit('/').next().unwrap_or_default())
    }

    /// The version, decoded.
    #[must_use]
    pub fn version(&self) -> Option<Cow<'_, str>> {
        let version = self.text.get(self.name_end..self.version_end)?;
        version.strip_prefix('@').map(decoded)
    }

    /// It has qualifiers or a subpath: it names one file of a package, or a part of it.
    #[must_use]
    pub fn is_qualified(&self) -> bool {
        self.version_end < self.text.len()
    }

    /// The value of the qualifier `key`, decoded.
    #[must_use]
    pub fn qualifier(&self, key: &str) -> Option<Cow<'_, str>> {
        let rest = self.text.get(self.version_end..)?.strip_prefix('?')?;
        let qualifiers = rest.split('#').next()?;
        let mut pairs = qualifiers.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(name, _)| *name == key)
            .map(|(_, value)| decoded(value))
    }

    /// The spelling without version, qualifiers and subpath.
    #[must_use]
    pub fn package(&self) -> &str {
        self.text.get(..self.name_end).unwrap_or_default()
    }

    /// The package without version, qualifiers and subpath.
    #[must_use]
    pub fn without_version(&self) -> Self {
        Self {
            text: self.package().into(),
            name_end: self.name_end,
            version_end: self.name_end,
        }
    }

    /// It names `other`, whose qualifiers do not matter; without a version of its own it names every version.
    #[must_use]
    pub fn names(&self, other: &Self) -> bool {
        self.package() == other.package()
            && self
                .version()
                .is_none_or(|version| other.version() == Some(version))
    }

    /// What stands between `pkg:` and the version.
    fn path(&self) -> &str {
        self.package().strip_prefix("pkg:").unwrap_or_default()
    }
}

impl fmt::Display for PackageUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_and_read_back() {
        let qualifiers = [
            ("type".to_owned(), "jar".to_owned()),
            ("arch".to_owned(), "a/b&c".to_owned()),
        ];
        let purl = PackageUrl::of_parts(&Parts {
            kind: "npm",
            namespace: "@acme/deep",
            name: "left pad",
            version: "1.0.0+x",
            qualifiers: &qualifiers,
            subpath: "a//b",
        });
        assert_eq!(
            purl.as_str(),
            "pkg:npm/%40acme/deep/left%20pad@1.0.0%2Bx?arch=a%2Fb%26c&type=jar#a/b"
        );
        assert_eq!(purl.to_string(), purl.as_str());
        assert_eq!(purl.kind(), "npm");
        assert_eq!(purl.namespace(), "@acme/deep");
        assert_eq!(purl.name(), "left pad");
        assert_eq!(purl.version().as_deref(), Some("1.0.0+x"));
        assert!(purl.is_qualified());
        assert_eq!(purl.qualifier("arch").as_deref(), Some("a/b&c"));
        assert_eq!(purl.qualifier("rch"), None);
        assert_eq!(purl.without_version().qualifier("type"), None);
        assert_eq!(purl.package(), "pkg:npm/%40acme/deep/left%20pad");
        assert_eq!(purl.without_version().as_str(), purl.package());
        assert_eq!(purl.without_version().version(), None);
    }

    #[test]
    fn a_package_names_its_versions() {
        let of = |name, version| {
            PackageUrl::of_parts(&Parts {
                kind: "cargo",
                name,
                version,
                ..Parts::default()
            })
        };
        assert!(of("a", "").names(&of("a", "1")));
        assert!(of("a", "1").names(&of("a", "1")));
        assert!(!of("a", "1").names(&of("a", "")));
        assert!(!of("a", "1").names(&of("a", "1.0")));
        assert!(!of("a", "").names(&of("ab", "1")));
        assert_eq!(of("a", "").namespace(), "");
        assert!(!of("a", "1").is_qualified());
    }
}
