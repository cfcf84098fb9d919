//! A lockfile that is one document of YAML, as most tools write and read it.

use crate::lockfile::Parsed;
use crate::text::tree::{Document, Value};

/// The document of the `stream`, which [`crate::text::yaml::read_stream`] gave; `None` for an empty one. What stands in a second
/// document is read by no tool here: the file is blind then, and `hint` says what to do.
pub fn only<'d>(stream: &'d Document<'_>, parsed: &mut Parsed, hint: &str) -> Option<Value<'d>> {
    let mut documents = stream.root().items();
    let first = documents.next();
    if let Some(second) = documents.next() {
        parsed.blind(
            second.span(),
            "a second document begins here, and only the first one counts",
            hint,
        );
    }
    first
}
