//! The package that an exception is about, by its package URL.

use crate::ecosystem::ROWS;

/// A package URL of type and name, with or without a version (ECMA-427).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageUrl {
    spelling: String,
    parts: Parts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    kind: String,
    /// Decoded, and spelled as the ecosystem's index spells it.
    name: String,
    /// Decoded.
    version: Option<String>,
}

impl PackageUrl {
    /// Reads `pkg:type/name` or `pkg:type/name@version`; `None` for anything else. Qualifiers and subpaths are refused:
    /// an exception could not tell packages apart by them.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let odd = |character: char| character.is_whitespace() || matches!(character, '?' | '#' | '*');
        let (kind, path) = text.strip_prefix("pkg:")?.split_once('/')?;
        let is_kind = kind.starts_with(|first: char| first.is_ascii_alphabetic())
            && kind
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'));
        let is_path = path
            .split('/')
            .all(|part| !part.is_empty() && !part.ends_with('@') && !part.contains(odd));
        (is_kind && is_path).then(|| Self {
            spelling: text.to_owned(),
            parts: Parts::of(kind, path),
        })
    }

    /// It names the package that a finding calls `purl`; without a version of its own it names every version.
    #[must_use]
    pub fn names(&self, purl: &str) -> bool {
        let found = purl
            .strip_prefix("pkg:")
            .and_then(|rest| rest.split_once('/'))
            .map(|(kind, path)| Parts::of(kind, path));
        found.is_some_and(|found| {
            let Parts { kind, name, version } = &self.parts;
            *kind == found.kind && *name == found.name && (version.is_none() || *version == found.version)
        })
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.spelling
    }
}

impl Parts {
    fn of(kind: &str, path: &str) -> Self {
        let kind = kind.to_ascii_lowercase();
        // The `@` of an npm scope opens a part; that of a version stands inside of the last one.
        let version = path
            .rfind('@')
            .filter(|at| *at > path.rfind('/').map_or(0, |slash| slash.saturating_add(1)));
        let (name, version) = match version.and_then(|at| path.split_at_checked(at)) {
            Some((name, version)) => (name, Some(decoded(version.trim_start_matches('@')))),
            None => (path, None),
        };
        let name = decoded(name);
        let row = ROWS.iter().find(|row| row.purl_type == kind);
        let name = row.map_or_else(|| name.clone(), |row| (row.normalise)(&name).into_owned());
        Self { kind, name, version }
    }
}

/// The text without percent-encoding; what is no UTF-8 then is told apart all the same by U+FFFD.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let escaped = match (byte, behind) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            (_, _) => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_however_they_are_spelled() {
        for (written, purl, expected) in [
            ("pkg:npm/example", "pkg:npm/example@1.0.0", true),
            ("pkg:npm/example@1.0.0", "pkg:npm/example@1.0.0", true),
            ("pkg:npm/example@1.0.1", "pkg:npm/example@1.0.0", false),
            ("pkg:npm/examples", "pkg:npm/example@1.0.0", false),
            ("pkg:npm/@a/b", "pkg:npm/%40a/b@1", true),
            ("pkg:npm/@a/b@1", "pkg:npm/%40a/b@1", true),
            ("pkg:npm/%40a/b", "pkg:npm/%40a/b@1", true),
            ("pkg:NPM/@a/b@2", "pkg:npm/%40a/b@1", false),
            ("pkg:pypi/Django_Foo", "pkg:pypi/django-foo@1", true),
            ("pkg:maven/org.a/b@1+2", "pkg:maven/org.a/b@1%2B2", true),
            (
                "pkg:golang/github.com/A/b",
                "pkg:golang/github.com/A/b@v1.0.0",
                true,
            ),
            ("pkg:cargo/example", "pkg:npm/example@1.0.0", false),
        ] {
            let package = PackageUrl::read(written).unwrap_or_else(|| panic!("{written}"));
            assert_eq!(package.names(purl), expected, "{written} {purl}");
            assert_eq!(package.as_str(), written);
        }
        for text in [
            "",
            "example",
            "pkg:",
            "pkg:npm",
            "pkg:npm/",
            "pkg:/a",
            "pkg:npm//a",
            "pkg:npm/a@",
            "pkg:1/a",
            "pkg:npm/a b",
            "pkg:npm/a?b=c",
            "pkg:npm/a#b",
            "pkg:npm/*",
            "npm/a",
        ] {
            assert_eq!(PackageUrl::read(text), None, "{text}");
        }
    }
}
