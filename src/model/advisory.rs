//! An advisory as findings speak of it: a group of records that mean one flaw of one package.

use std::fmt;
use std::num::NonZeroUsize;

use jiff::Timestamp;

/// Records merged by the closure of their aliases, for one package.
#[derive(Debug, Clone, PartialEq)]
pub struct Advisory {
    /// The `MAL-` record's id, else that of the earliest published record.
    pub id: String,
    /// Every other id and alias of the group, sorted.
    pub aliases: Vec<String>,
    /// One line; may be empty.
    pub summary: String,
    /// The worst member's class.
    pub class: Class,
    /// The highest valid score of all members.
    pub severity: Severity,
    /// When the earliest member was published.
    pub published: Option<Timestamp>,
    /// On CISA's list of known exploited vulnerabilities.
    pub known_exploited: bool,
    /// Probability of exploitation within 30 days, 0 to 1 (FIRST's EPSS).
    pub epss: Option<f64>,
    /// Where the index keeps the long texts.
    pub text: Option<TextKey>,
}

impl Advisory {
    /// The severity of a vulnerability, the class of what is none.
    #[must_use]
    pub fn rank(&self) -> &'static str {
        match self.class {
            Class::Vulnerability => self.severity.level.as_str(),
            Class::Malicious
            | Class::Confusion
            | Class::Unsound
            | Class::Unmaintained
            | Class::Yanked
            | Class::Notice => self.class.as_str(),
        }
    }

    /// The place of [`Self::rank`] among all of them, worst first.
    #[must_use]
    pub fn rank_order(&self) -> u8 {
        let class = Class::ALL.iter().position(|class| *class == self.class);
        let level = match self.class {
            Class::Vulnerability => Level::ALL.iter().position(|level| *level == self.severity.level),
            Class::Malicious
            | Class::Confusion
            | Class::Unsound
            | Class::Unmaintained
            | Class::Yanked
            | Class::Notice => None,
        };
        let place = class.unwrap_or_default() * Level::ALL.len() + level.unwrap_or_default();
        u8::try_from(place).unwrap_or(u8::MAX)
    }
}

/// The number of a text block entry; only the index that gave it can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextKey(pub u64);

/// Where an open index keeps a package or a group of advisories: the same key for the same one, as long as the index is open
/// and forgets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IndexKey(NonZeroUsize, u32);

impl IndexKey {
    /// From the address and the length that only one entry has.
    #[must_use]
    pub fn new(offset: usize, length: usize) -> Self {
        let offset = NonZeroUsize::new(offset).unwrap_or(NonZeroUsize::MIN);
        Self(offset, u32::try_from(length).unwrap_or(u32::MAX))
    }
}

/// The long texts of one advisory, read only when shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts {
    /// Markdown as the source wrote it.
    pub details: String,
    /// (OSV reference type, address), in the order of the source.
    pub references: Vec<(String, String)>,
}

/// What kind of statement an advisory makes, from harmless to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Worth knowing (RustSec `notice`).
    Notice,
    /// The registry withdrew this version.
    Yanked,
    /// Nobody mends it any more.
    Unmaintained,
    /// Safe code can reach undefined behaviour.
    Unsound,
    /// A flaw that can be attacked.
    Vulnerability,
    /// A name of one's own comes from another registry than one's own.
    Confusion,
    /// The package was made to harm.
    Malicious,
}

impl Class {
    /// It can be attacked. Others say that a package is not maintained, or that a name is another's: no state of an analysis fits them.
    #[must_use]
    pub const fn is_exploitable(self) -> bool {
        match self {
            Self::Vulnerability | Self::Malicious | Self::Unsound => true,
            Self::Confusion | Self::Unmaintained | Self::Yanked | Self::Notice => false,
        }
    }

    /// Every class, worst first.
    pub const ALL: [Self; 7] = [
        Self::Malicious,
        Self::Confusion,
        Self::Vulnerability,
        Self::Unsound,
        Self::Unmaintained,
        Self::Yanked,
        Self::Notice,
    ];

    /// `malicious`, `confusion`, `vulnerability`, `unsound`, `unmaintained`, `yanked`, `notice`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malicious => "malicious",
            Self::Confusion => "confusion",
            Self::Vulnerability => "vulnerability",
            Self::Unsound => "unsound",
            Self::Unmaintained => "unmaintained",
            Self::Yanked => "yanked",
            Self::Notice => "notice",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The qualitative scale of CVSS v3 and v4; v2 scores are put on the same scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 0.0.
    None,
    /// 0.1 to 3.9.
    Low,
    /// 4.0 to 6.9.
    Medium,
    /// 7.0 to 8.9.
    High,
    /// 9.0 to 10.0.
    Critical,
}

impl Level {
    /// Every level, worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::None];

    /// `none`, `low`, `medium`, `high`, `critical`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The level of a score from 0 to 10 (CVSS v3.1, section 5; v4.0, section 6).
    #[must_use]
    pub fn of(score: f64) -> Self {
        match score {
            score if score >= 9.0 => Self::Critical,
            score if score >= 7.0 => Self::High,
            score if score >= 4.0 => Self::Medium,
            score if score > 0.0 => Self::Low,
            _ => Self::None,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How bad it is, and who says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Severity {
    /// The level.
    pub level: Level,
    /// The score from 0 to 10 that gave the level; `None` if a word did.
    pub score: Option<f64>,
    /// The vector that gave the score.
    pub vector: Option<String>,
    /// OSV's severity type (`CVSS_V3`, …), `database_specific`, or `assumed` where no record says anything.
    pub source: String,
}

impl Severity {
    /// High, since nobody said anything.
    #[must_use]
    pub fn assumed() -> Self {
        Self {
            level: Level::High,
            score: None,
            vector: None,
            source: "assumed".into(),
        }
    }
}
