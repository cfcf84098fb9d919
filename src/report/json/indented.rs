//! The white space of this project's JSON, and what is escaped in it.

use std::io;

use serde_json::ser::Formatter;

use crate::text::escape;

/// JSON in lines, two spaces deeper in each list and object, in which hidden characters are escaped. What stands between
/// two values is one write: findings are made of many short values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Indented {
    depth: usize,
    has_value: bool,
    /// The depth of an object whose end is not written, if there is one.
    unclosed: Option<usize>,
}

/// A line's end, the comma before it, and the indentation of the deepest line that one write does.
const LINE: &str = ",\n                                ";

impl Indented {
    /// For a value that begins in `depth` lists and objects.
    pub(super) fn at(depth: usize) -> Self {
        Self {
            depth,
            ..Self::default()
        }
    }

    /// The same for an object whose end is left to be written.
    pub(super) fn unclosed(self) -> Self {
        Self {
            unclosed: Some(self.depth),
            ..self
        }
    }

    /// Begins a line, behind a comma unless it `is_first`.
    pub(super) fn line<W: ?Sized + io::Write>(&self, writer: &mut W, is_first: bool) -> io::Result<()> {
        let comma = usize::from(is_first);
        let depth = self.depth.saturating_mul(2);
        match LINE.get(comma..depth.saturating_add(2)) {
            Some(line) => writer.write_all(line.as_bytes()),
            None => write!(writer, "{}{:depth$}", LINE.get(comma..2).unwrap_or_default(), ""),
        }
    }

    fn open<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_add(1);
        self.has_value = false;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.unclosed == Some(self.depth) {
            return Ok(());
        }
        if self.has_value {
            self.line(writer, true)?;
        }
        writer.write_all(bracket)
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.line(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.line(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(escape::json(fragment).as_bytes())
    }
}
