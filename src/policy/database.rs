//! What a policy asks of the advisory index.

use jiff::SignedDuration;

/// What is asked of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// An older index warns.
    pub max_age: SignedDuration,
    /// An older index is refused.
    pub refuse_age: SignedDuration,
    /// The only index that may judge, by its `sha256:` digest; `None` means any.
    pub digest: Option<String>,
    /// Addresses of indexes and exports, in the order in which they are tried; none means the usual ones.
    pub sources: Vec<String>,
    /// When a scan may fetch the index.
    pub update: Update,
}

impl Default for Database {
    /// Two days warn, fourteen refuse; what is missing, damaged or stale is fetched.
    fn default() -> Self {
        Self {
            max_age: SignedDuration::from_hours(2 * 24),
            refuse_age: SignedDuration::from_hours(14 * 24),
            digest: None,
            sources: Vec::new(),
            update: Update::Stale,
        }
    }
}

/// When a scan may fetch the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// Never.
    Never,
    /// When there is none that can be read, or it has nothing of an ecosystem of the tree.
    Missing,
    /// Then, and when it is older than `max-age`.
    Stale,
}

impl Update {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Never, Self::Missing, Self::Stale];

    /// `never`, `missing`, `stale`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Missing => "missing",
            Self::Stale => "stale",
        }
    }
}
