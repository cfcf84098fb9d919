//! A record of the OSV schema, version 1.7 (<https://ossf.github.io/osv-schema/>).
//!
//! Unknown fields, unknown types of ranges and severities, and `null` where the schema has a list are all let
//! pass: databases write them. Texts are borrowed from the document wherever it holds no escape.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One record.
#[derive(Debug, Default, Deserialize)]
pub struct Document<'a> {
    /// The record's id: `GHSA-…`, `MAL-…`, `RUSTSEC-…`.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// When it was last changed, RFC 3339. The schema demands it; a few records lack it.
    #[serde(borrow, default)]
    pub modified: Loose<'a>,
    /// When it was published, RFC 3339.
    #[serde(borrow, default)]
    pub published: Loose<'a>,
    /// When it was withdrawn; anything but `null` means that it was.
    #[serde(borrow, default)]
    pub withdrawn: Option<Loose<'a>>,
    /// Ids of the same problem in other databases.
    #[serde(borrow, default)]
    pub aliases: List<Text<'a>>,
    /// One line.
    #[serde(borrow, default)]
    pub summary: Loose<'a>,
    /// Markdown.
    #[serde(borrow, default)]
    pub details: Loose<'a>,
    /// Scores for all packages.
    #[serde(borrow, default)]
    pub severity: List<Severity<'a>>,
    /// What is affected.
    #[serde(borrow, default)]
    pub affected: List<Affected<'a>>,
    /// Where to read more.
    #[serde(borrow, default)]
    pub references: List<Reference<'a>>,
    /// What only this database says.
    #[serde(borrow, default)]
    pub database_specific: Specific<'a>,
}

/// One entry of `severity`.
#[derive(Debug, Default, Deserialize)]
pub struct Severity<'a> {
    /// `CVSS_V2`, `CVSS_V3`, `CVSS_V4`, `Ubuntu`, …
    #[serde(borrow, rename = "type", default)]
    pub kind: Loose<'a>,
    /// A vector, or the kind's own word.
    #[serde(borrow, default)]
    pub score: Loose<'a>,
}

/// One entry of `affected`.
#[derive(Debug, Default, Deserialize)]
pub struct Affected<'a> {
    /// Absent where only commits are affected.
    #[serde(borrow, default)]
    pub package: Option<Package<'a>>,
    /// Scores for this package alone.
    #[serde(borrow, default)]
    pub severity: List<Severity<'a>>,
    /// Stretches of versions.
    #[serde(borrow, default)]
    pub ranges: List<Range<'a>>,
    /// Single versions.
    #[serde(borrow, default)]
    pub versions: List<Text<'a>>,
    /// What only this database says of the package.
    #[serde(borrow, default)]
    pub database_specific: Specific<'a>,
}

/// A package by name.
#[derive(Debug, Default, Deserialize)]
pub struct Package<'a> {
    /// OSV's name of the ecosystem, with a suffix after `:` for some.
    #[serde(borrow, default)]
    pub ecosystem: Loose<'a>,
    /// The name as the database spells it.
    #[serde(borrow, default)]
    pub name: Loose<'a>,
}

/// One entry of `ranges`.
#[derive(Debug, Default, Deserialize)]
pub struct Range<'a> {
    /// `SEMVER`, `ECOSYSTEM` or `GIT`.
    #[serde(borrow, rename = "type", default)]
    pub kind: Loose<'a>,
    /// What changed at which version.
    #[serde(borrow, default)]
    pub events: List<Event<'a>>,
}

/// One entry of `events`: the schema wants exactly one of them set.
#[derive(Debug, Default, Deserialize)]
pub struct Event<'a> {
    /// The first affected version; `0` means the very first.
    #[serde(borrow, default)]
    pub introduced: Option<Text<'a>>,
    /// The first version that is affected no more.
    #[serde(borrow, default)]
    pub fixed: Option<Text<'a>>,
    /// The last affected version.
    #[serde(borrow, default)]
    pub last_affected: Option<Text<'a>>,
    /// The range says nothing from here on; `*` means no limit.
    #[serde(borrow, default)]
    pub limit: Option<Text<'a>>,
}

/// One entry of `references`.
#[derive(Debug, Default, Deserialize)]
pub struct Reference<'a> {
    /// `ADVISORY`, `FIX`, `WEB`, …
    #[serde(borrow, rename = "type", default)]
    pub kind: Loose<'a>,
    /// The address.
    #[serde(borrow, default)]
    pub url: Loose<'a>,
}

/// The two fields of any `database_specific` that the program reads; everything else in it, and any
/// other type in its place, is passed over.
#[derive(Debug, Default)]
pub struct Specific<'a> {
    /// GitHub's word: `LOW`, `MODERATE`, `HIGH`, `CRITICAL`.
    pub severity: Loose<'a>,
    /// RustSec's word: `unmaintained`, `unsound`, `notice`.
    pub informational: Loose<'a>,
}

/// A text that has to be one.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

/// A text, or nothing if the document holds something else.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Loose<'a>(pub Option<Cow<'a, str>>);

/// A list; `null` is an empty one.
#[derive(Debug)]
pub struct List<T>(pub Vec<T>);

impl Loose<'_> {
    /// The text, empty if there is none.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl<'de> Visitor<'de> for Wanted {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(Wanted)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl<'de> Visitor<'de> for Wanted {
            type Value = Loose<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("anything")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Loose(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Loose(Some(Cow::Owned(text.to_owned()))))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Loose(Some(Cow::Owned(text))))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Loose(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Loose(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Loose(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Loose(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Loose(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose(None))
            }
        }
        deserializer.deserialize_any(Wanted)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Wanted<T> {
            type Value = List<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(List(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(List(items))
            }
        }
        deserializer.deserialize_any(Wanted(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Specific<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;
        impl<'de> Visitor<'de> for Wanted {
            type Value = Specific<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut specific = Specific::default();
                while let Some(Text(key)) = map.next_key()? {
                    match &*key {
                        "severity" => specific.severity = map.next_value()?,
                        "informational" => specific.informational = map.next_value()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(specific)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Specific::default())
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Specific::default())
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Specific::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Specific::default())
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Specific::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Specific::default())
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Specific::default())
            }
        }
        deserializer.deserialize_any(Wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_documents_are_read() {
        let json = r#"{"id": "A\u002d1", "aliases": null, "withdrawn": null, "summary": 7, "news": [{}],
            "database_specific": {"severity": {"a": [1]}, "x": [], "informational": "unsound"},
            "affected": [{"package": {"ecosystem": "npm", "name": "a", "purl": null}, "versions": ["1"],
                          "ranges": null, "database_specific": "text"},
                         {"ranges": [{"type": "GIT", "events": [{"introduced": "0", "x": 1}]}]}]}"#;
        let document: Document<'_> = serde_json::from_str(json).unwrap();
        assert_eq!(document.id.0, "A-1");
        assert!(document.withdrawn.is_none());
        assert_eq!(document.summary.text(), "");
        assert_eq!(document.database_specific.informational.text(), "unsound");
        assert_eq!(document.affected.0.len(), 2);
        let versions = &document.affected.0[0].versions.0;
        assert!(matches!(versions[0].0, Cow::Borrowed("1")));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for json in [
            "[]",
            "{}",
            r#"{"id": 1}"#,
            r#"{"id": "a", "affected": {}}"#,
            r#"{"id": "a"#,
        ] {
            assert!(serde_json::from_str::<Document<'_>>(json).is_err(), "{json}");
        }
    }
}
