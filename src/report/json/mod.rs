//! The JSON documents: `lockkeeper.scan/1` and its sisters.
//!
//! Every key of a document is always there, in the order of its struct; "none" is never anything but
//! `null` and the empty list. Once published, a key keeps its name and meaning; more may be added.

pub(super) mod counts;
mod documents;
pub(super) mod head;
mod pieces;
pub(super) mod scan;
mod serializer;
mod upgrades;

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

use self::serializer::Serializer;
use super::{Report, Style};
use crate::model::Failure;
use crate::model::Outcome;
use crate::model::explanation::Explanation;
use crate::model::inventory::Inventory;
use crate::text::escape;

/// `--format json`: the document `lockkeeper.scan/1`.
#[derive(Debug)]
pub struct Json;

impl Report for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn write(&self, outcome: &Outcome, _: &Style<'_>, out: &mut dyn io::Write) -> io::Result<()> {
        scan::write(outcome, out)
    }
}

/// Writes `lockkeeper.packages/1`.
///
/// # Errors
/// Only those of `out`.
pub fn packages(inventory: &Inventory, out: &mut dyn io::Write) -> io::Result<()> {
    document(&documents::Packages::of(inventory), out)
}

/// Writes `lockkeeper.explain/1`.
///
/// # Errors
/// Only those of `out`.
pub fn explain(explanation: &Explanation, out: &mut dyn io::Write) -> io::Result<()> {
    document(&documents::Explain::of(explanation), out)
}

/// Writes `lockkeeper.error/1`.
///
/// # Errors
/// Only those of `out`.
pub fn error(failure: &Failure, out: &mut dyn io::Write) -> io::Result<()> {
    document(&documents::Error::of(failure), out)
}

/// Writes any document in this project's JSON: two spaces of indentation, a final newline, hidden
/// characters escaped.
///
/// # Errors
/// Those of `out`; a map whose keys are no strings.
pub fn document(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = Serializer::to(out);
    document.serialize(&mut serializer)?;
    serializer.raw(b"\n")?;
    serializer.end()
}

/// Writes any document without white space, hidden characters escaped.
///
/// # Errors
/// Those of `out`; a map whose keys are no strings.
pub fn compact(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut buffered = io::BufWriter::with_capacity(64 * 1024, out);
    let mut serializer = serde_json::Serializer::with_formatter(&mut buffered, Compact);
    document.serialize(&mut serializer)?;
    io::Write::write_all(&mut buffered, b"\n")?;
    io::Write::flush(&mut buffered)
}

/// A list whose items are made as they are written, so that no more than one is there at a time.
struct Each<'o, T, D>(&'o [T], fn(&'o T) -> D);

impl<T, D: Serialize> Serialize for Each<'_, T, D> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

/// JSON without white space in which hidden characters are escaped.
struct Compact;

impl Formatter for Compact {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(escape::json(fragment).as_bytes())
    }
}
