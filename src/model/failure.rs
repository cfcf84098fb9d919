//! Why a use case has no answer.

use std::error::Error;
use std::fmt;

use super::TreePath;
use super::verdict::ExitCode;
use crate::text::Position;

/// A use case that could not begin or broke: how the program ends, what is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How the program ends.
    pub code: ExitCode,
    /// What is wrong, as a lowercase fragment.
    message: String,
    /// What led to it, the nearest cause first, each a lowercase fragment.
    causes: Vec<String>,
    /// What to do, as a full instruction.
    pub hint: String,
    /// Where, if it is in a file.
    pub location: Option<Location>,
    /// What else is wrong in the same way.
    pub others: Vec<Self>,
}

/// A place in a file, counted in lines and columns from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Relative to the target's root.
    pub file: TreePath,
    /// Where in the file.
    pub position: Position,
}

impl Failure {
    /// A failure that ends with `code`.
    #[must_use]
    pub fn new(code: ExitCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            causes: Vec::new(),
            hint: hint.into(),
            location: None,
            others: Vec::new(),
        }
    }

    /// The command line or configuration asks for something that cannot be.
    #[must_use]
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message, hint)
    }

    /// Something that the verdict needs could not be read.
    #[must_use]
    pub fn incomplete(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ExitCode::Incomplete, message, hint)
    }

    /// A server or feed failed.
    #[must_use]
    pub fn remote(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(ExitCode::Remote, message, hint)
    }

    /// The same, led to by `error` and by what led to that. A cause that only repeats the one before is left out.
    #[must_use]
    pub fn caused_by(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(error) = cause {
            let text = error.to_string();
            let before = self.causes.last().unwrap_or(&self.message);
            if !before.ends_with(&text) {
                self.causes.push(text);
            }
            cause = error.source();
        }
        self
    }

    /// The same, at a place of a file.
    #[must_use]
    pub fn at(self, file: TreePath, position: Position) -> Self {
        Self {
            location: Some(Location { file, position }),
            ..self
        }
    }

    /// The same, with what else is wrong in the same way.
    #[must_use]
    pub fn with_others(self, others: Vec<Self>) -> Self {
        Self { others, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        self.causes
            .iter()
            .try_for_each(|cause| write!(formatter, ": {cause}"))
    }
}

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the table")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Inner(#[source] std::io::Error);

    #[test]
    fn causes_follow_the_message_and_none_is_repeated() {
        let cause = Outer(Inner(std::io::Error::other("disk on fire")));
        let failure = Failure::incomplete("the database is damaged", "Build it again.").caused_by(&cause);
        assert_eq!(
            failure.to_string(),
            "the database is damaged: cannot read the table: disk on fire"
        );
        assert_eq!(failure.code, ExitCode::Incomplete);
        let alone = Failure::usage("no such file", "Name another.");
        assert_eq!(alone.to_string(), "no such file");
    }
}
