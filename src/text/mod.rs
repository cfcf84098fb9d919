//! Text with places: spans, lines, decoding, escaping, and the positioned readers of JSON, TOML, XML and YAML.
//!
//! Every reader here keeps the byte span of what it read, never recurses and takes time linear in its input, and all but
//! one go on after damage: of YAML there are two readers, one for what programs write ([`yaml::read_stream`]), and one for what
//! people write ([`yaml::read`]), which stops there. JSON, TOML and YAML give the same [`tree::Document`].
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod count;
pub mod decode;
pub mod escape;
pub mod json;
pub mod lines;
pub mod names;
pub mod span;
pub mod toml;
pub mod tree;
mod unescape;
pub mod xml;
pub mod yaml;

pub use lines::{Lines, Position};
pub use span::Span;

/// Containers nested deeper than this are not read; the reader says so with a [`Problem`].
pub const MAX_DEPTH: usize = 512;

/// A reader reports at most this many problems; the last one says that there are more.
pub const MAX_PROBLEMS: usize = 100;

/// Something wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The damaged bytes.
    pub span: Span,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
}

/// Collects problems up to [`MAX_PROBLEMS`].
#[derive(Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
    more: bool,
}

impl Problems {
    /// Adds one, unless there are too many already.
    pub fn add(&mut self, span: Span, message: impl Into<String>) {
        match self.list.len() {
            length if length < MAX_PROBLEMS => self.list.push(Problem {
                span,
                message: message.into(),
            }),
            _ if !self.more => {
                self.more = true;
                self.list.push(Problem {
                    span,
                    message: "more problems follow; the rest is not listed".into(),
                });
            }
            _ => {}
        }
    }

    /// Nothing was wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The problems in the order in which they were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.list
    }
}
