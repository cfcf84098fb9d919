//! The list of `--fail-on`: what replaces the built-in rules.

use std::fmt;
use std::str::FromStr;

use super::nearest::{meant, nearest};
use crate::model::{Class, Finding, Level};

/// A comma-separated list of classes, severities, `known-exploited`, `fixable`; or `none`.
/// A finding fails if any word of the list matches it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FailOn(Vec<Word>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Class(Class),
    /// At least this severity; vulnerabilities only.
    Severity(Level),
    KnownExploited,
    Fixable,
}

/// A word that means nothing in a fail-on list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no class, severity, `known-exploited`, `fixable` or `none`{}", meant(*nearest))]
pub struct FailOnError {
    /// The word as written.
    pub word: String,
    /// The nearest known word, if one is near.
    pub nearest: Option<&'static str>,
}

impl FailOn {
    /// The first word that matches `finding`.
    #[must_use]
    pub fn matches(&self, finding: &Finding) -> Option<&'static str> {
        let advisory = &finding.advisory;
        self.0.iter().find_map(|word| {
            let matches = match word {
                Word::Class(class) => advisory.class == *class,
                Word::Severity(level) => {
                    advisory.class == Class::Vulnerability && advisory.severity.level >= *level
                }
                Word::KnownExploited => advisory.known_exploited,
                Word::Fixable => !finding.fixed.is_empty(),
            };
            matches.then(|| word.text())
        })
    }
}

impl FailOn {
    /// Whether it asks which vulnerabilities are known to be exploited.
    #[must_use]
    pub fn asks_for_exploited(&self) -> bool {
        self.0.contains(&Word::KnownExploited)
    }
}

impl Word {
    fn text(self) -> &'static str {
        match self {
            Self::Class(class) => class.as_str(),
            Self::Severity(level) => level.as_str(),
            Self::KnownExploited => "known-exploited",
            Self::Fixable => "fixable",
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        let classes = Class::ALL.into_iter().map(Self::Class);
        // `none` is no threshold: it empties the list.
        let severities = Level::ALL
            .into_iter()
            .filter(|level| *level != Level::None)
            .map(Self::Severity);
        classes
            .chain(severities)
            .chain([Self::KnownExploited, Self::Fixable])
    }
}

impl FromStr for FailOn {
    type Err = FailOnError;

    fn from_str(list: &str) -> Result<Self, FailOnError> {
        let mut words = Vec::new();
        for word in list.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            if word == "none" {
                continue;
            }
            match Word::all().find(|known| known.text() == word) {
                Some(known) => words.push(known),
                None => {
                    return Err(FailOnError {
                        word: word.chars().take(80).collect(),
                        nearest: nearest(word, Word::all().map(Word::text).chain(["none"])),
                    });
                }
            }
        }
        // An unset variable in a script must not switch the gate off.
        if words.is_empty() && !list.split(',').any(|word| word.trim() == "none") {
            return Err(FailOnError {
                word: String::new(),
                nearest: Some("none"),
            });
        }
        words.sort_unstable();
        words.dedup();
        Ok(Self(words))
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("none");
        }
        for (number, word) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(formatter, "{comma}{}", word.text())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written() {
        let list: FailOn = "high, malicious,known-exploited,high".parse().expect("a list");
        assert_eq!(list.to_string(), "malicious,high,known-exploited");
        assert_eq!("none".parse::<FailOn>().expect("a list").to_string(), "none");
        let error = "hihg".parse::<FailOn>().expect_err("a typo");
        assert_eq!(error.nearest, Some("high"));
        let error = "anything".parse::<FailOn>().expect_err("no word");
        assert_eq!(error.nearest, None);
        let error = "criticall".parse::<FailOn>().expect_err("a typo");
        assert_eq!(error.nearest, Some("critical"));
        assert!(error.to_string().contains("did you mean `critical`?"));
    }
}
