//! What a person wrote wrong in a policy.

use std::fmt;

use crate::text::Position;

/// At most this many mistakes are reported; the last one says that there are more.
pub const MAX_MISTAKES: usize = 100;

/// One mistake, with its location and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where in the file.
    pub position: Position,
    /// The keys that lead there: `exceptions[0].expires`; empty for the whole file.
    pub key: String,
    /// What is wrong, as a lowercase fragment. It names the nearest known key where one is near.
    pub message: String,
    /// What to do, as a full instruction.
    pub hint: String,
}

impl fmt::Display for Mistake {
    /// `line:column: key: message`; the caller writes the file in front.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(formatter, "{line}:{column}: ")?;
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        formatter.write_str(&self.message)
    }
}
