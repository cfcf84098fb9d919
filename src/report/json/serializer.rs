//! The JSON of this project as a serializer: every item of a list and every key on its own line, two spaces deeper than the bracket
//! around it, hidden characters escaped.
//!
//! A string without anything to escape, as nearly every one is, is found out eight bytes at a time and copied. `serde_json`
//! looks at each byte and writes between two values up to four times: half of the time of a report of many findings.

use std::fmt;
use std::io;

use serde::Serialize;
use serde::ser::{self, Impossible};

use crate::text::escape;

/// The comma before a line's end, the end, and an indentation that is deep enough for most lines.
const LINE: &[u8; SPACES + 2] = b",\n                                ";
/// The same without the comma.
const FIRST_LINE: &[u8; SPACES + 1] = b"\n                                ";
/// How deep that is.
const SPACES: usize = 32;

/// So many bytes are handed to the writer at a time.
const FULL: usize = 64 << 10;

/// Writes values one after another.
pub(super) struct Serializer<'w> {
    /// What was not handed to `out` yet.
    bytes: Vec<u8>,
    /// `None` keeps all of it.
    out: Option<&'w mut dyn io::Write>,
    /// The lists and objects that are open around what comes next.
    depth: usize,
    /// The depth of an object whose end is not written, if there is one.
    unclosed: Option<usize>,
}

impl<'w> Serializer<'w> {
    /// Writes to `out`, in large pieces; the last one with [`Self::end`].
    pub(super) fn to(out: &'w mut dyn io::Write) -> Self {
        Self {
            bytes: Vec::with_capacity(FULL + FULL / 8),
            out: Some(out),
            depth: 0,
            unclosed: None,
        }
    }

    /// Keeps the bytes of values that begin in `depth` lists and objects; about `capacity` of them.
    pub(super) fn kept(depth: usize, capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
            out: None,
            depth,
            unclosed: None,
        }
    }

    /// The bytes that are kept.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Hands over what is left.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.hand_over()?;
        self.out.map_or(Ok(()), io::Write::flush)
    }

    /// The lists and objects that are open around what comes next.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Writes an object, and leaves its end to be written: what comes next is inside it.
    pub(super) fn unclosed(&mut self, object: &impl Serialize) -> io::Result<()> {
        self.unclosed = Some(self.depth);
        object.serialize(&mut *self)?;
        self.unclosed = None;
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    /// Begins a line in what is open, behind a comma unless it `is_first`.
    pub(super) fn line(&mut self, is_first: bool) -> io::Result<()> {
        if self.bytes.len() >= FULL {
            self.hand_over()?;
        }
        let depth = self.depth.saturating_mul(2);
        // Copied as a whole, whose length is known here, and cut: most lines of a report are short.
        match is_first {
            true => self.bytes.extend_from_slice(FIRST_LINE),
            false => self.bytes.extend_from_slice(LINE),
        }
        let length = self.bytes.len();
        match SPACES.checked_sub(depth) {
            Some(more) => self.bytes.truncate(length.saturating_sub(more)),
            None => self
                .bytes
                .resize(length.saturating_add(depth.saturating_sub(SPACES)), b' '),
        }
        Ok(())
    }

    /// Writes what is JSON already.
    pub(super) fn raw(&mut self, json: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(json);
        if self.bytes.len() >= FULL {
            self.hand_over()?;
        }
        Ok(())
    }

    /// Begins a key of the object that is open and the list under it.
    pub(super) fn list(&mut self, key: &str, is_first: bool) -> io::Result<()> {
        self.line(is_first)?;
        self.key(key);
        self.bytes.push(b'[');
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    /// Ends what is open with `bracket`.
    pub(super) fn close(&mut self, bracket: u8, has_value: bool) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.unclosed == Some(self.depth) {
            return Ok(());
        }
        if has_value {
            self.line(true)?;
        }
        self.bytes.push(bracket);
        Ok(())
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if let Some(out) = &mut self.out {
            out.write_all(&self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// Writes `text` in quotes.
    fn string(&mut self, text: &str) {
        self.bytes.reserve(text.len().saturating_add(2));
        if escape::is_plain_json(text) {
            self.bytes.push(b'"');
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.push(b'"');
            return;
        }
        // A string is always written.
        let quoted = serde_json::to_string(text).unwrap_or_default();
        self.bytes.extend_from_slice(escape::json(&quoted).as_bytes());
    }

    fn key(&mut self, key: &str) {
        self.string(key);
        self.bytes.extend_from_slice(b": ");
    }

    /// A key of a struct, which has nothing to escape.
    fn field(&mut self, key: &'static str) {
        debug_assert!(escape::is_plain_json(key), "{key}");
        self.bytes.reserve(key.len().saturating_add(4));
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\": ");
    }

    fn number(&mut self, number: impl Serialize) -> Result<(), Error> {
        // `null` for what is no number; the shortest text that reads back as the same one.
        serde_json::to_writer(&mut self.bytes, &number).map_err(|error| Error(error.into()))
    }

    fn open(&mut self, bracket: u8, close: u8) -> Open<'_, 'w> {
        self.bytes.push(bracket);
        self.depth = self.depth.saturating_add(1);
        Open {
            serializer: self,
            has_value: false,
            close,
        }
    }
}

/// A list or object that is being written.
pub(super) struct Open<'s, 'w> {
    serializer: &'s mut Serializer<'w>,
    has_value: bool,
    close: u8,
}

impl Open<'_, '_> {
    fn item(&mut self, item: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        self.serializer.line(!self.has_value)?;
        self.has_value = true;
        item.serialize(&mut *self.serializer)
    }

    fn key(&mut self, key: &str) -> Result<(), Error> {
        self.serializer.line(!self.has_value)?;
        self.has_value = true;
        self.serializer.key(key);
        Ok(())
    }

    fn close(self) -> Result<(), Error> {
        Ok(self.serializer.close(self.close, self.has_value)?)
    }
}

/// What went wrong: the writer failed, or a value is none that JSON has.
#[derive(Debug)]
pub(super) struct Error(io::Error);

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for Error {}

impl ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(io::Error::other(message.to_string()))
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        error.0
    }
}

fn not_written(what: &str) -> Error {
    ser::Error::custom(format!("{what} is nothing that these documents hold"))
}

impl<'s, 'w> ser::Serializer for &'s mut Serializer<'w> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Open<'s, 'w>;
    type SerializeTuple = Open<'s, 'w>;
    type SerializeTupleStruct = Open<'s, 'w>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Open<'s, 'w>;
    type SerializeStruct = Open<'s, 'w>;
    type SerializeStructVariant = Impossible<(), Error>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.bytes.extend_from_slice(word);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.number(value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.string(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.bytes.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.string(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(not_written(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'s, 'w>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'s, 'w>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Open<'s, 'w>, Error> {
        Ok(self.open(b'[', b']'))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(not_written(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Open<'s, 'w>, Error> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'s, 'w>, Error> {
        Ok(self.open(b'{', b'}'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Impossible<(), Error>, Error> {
        Err(not_written(variant))
    }
}

impl ser::SerializeSeq for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl ser::SerializeTuple for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl ser::SerializeTupleStruct for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.item(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl ser::SerializeMap for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        // The text of a key, in quotes; `serde_json` makes one of numbers and refuses what is neither.
        match serde_json::to_value(key).map_err(<Error as ser::Error>::custom)? {
            serde_json::Value::String(key) => self.key(&key),
            serde_json::Value::Number(key) => self.key(&key.to_string()),
            _ => Err(not_written("a key that is no text")),
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.serializer)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

impl ser::SerializeStruct for Open<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.serializer.line(!self.has_value)?;
        self.has_value = true;
        self.serializer.field(key);
        value.serialize(&mut *self.serializer)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(value: &impl Serialize) -> String {
        let mut kept = Serializer::kept(0, 0);
        value.serialize(&mut kept).expect("written");
        String::from_utf8(kept.into_bytes()).expect("UTF-8")
    }

    #[derive(Serialize)]
    struct Record<'r> {
        text: &'r str,
        some: Option<&'r [i64]>,
        none: Option<u8>,
        pair: (bool, f64),
        empty: [u8; 0],
        unit: (),
        letter: char,
        word: Word,
        inner: Box<Inner>,
    }

    #[derive(Serialize)]
    struct Inner {}

    #[derive(Serialize)]
    enum Word {
        Plain,
    }

    #[test]
    fn without_hidden_characters_it_is_the_json_of_serde_json() {
        for text in [
            "",
            "plain",
            "eight in",
            "a \"quote\"",
            "back\\slash",
            "line\nend\ttab\u{1}",
            "mark !#[]^_`{|}~",
            "ümläut 漢字 🦀",
        ] {
            let record = Record {
                text,
                some: Some(&[0, -1, i64::MAX]),
                none: None,
                pair: (true, 7.0),
                empty: [],
                unit: (),
                letter: 'x',
                word: Word::Plain,
                inner: Box::new(Inner {}),
            };
            let theirs = serde_json::to_string_pretty(&record).expect("written");
            assert_eq!(ours(&record), theirs);
            let value: serde_json::Value = serde_json::from_str(&theirs).expect("JSON");
            assert_eq!(
                ours(&value),
                serde_json::to_string_pretty(&value).expect("written")
            );
        }
        for number in [0.1, 1e300, 12.5, f64::NAN] {
            assert_eq!(ours(&number), serde_json::to_string(&number).expect("written"));
        }
    }

    #[test]
    fn every_byte_at_every_place_of_a_string_is_read_back() {
        for length in 1..20 {
            for place in 0..length {
                for special in (0..0x180u32).filter_map(char::from_u32) {
                    let text: String = (0..length)
                        .map(|at| if at == place { special } else { 'a' })
                        .collect();
                    let written = ours(&text);
                    assert_eq!(
                        serde_json::from_str::<String>(&written).ok().as_deref(),
                        Some(text.as_str()),
                        "{written}"
                    );
                    assert!(!written.chars().any(escape::is_hidden), "{written:?}");
                }
            }
        }
    }

    #[test]
    fn deep_values_are_indented_as_deep() {
        let mut value = serde_json::json!({"end": 1});
        for _ in 0..40 {
            value = serde_json::json!({"in": [value]});
        }
        assert_eq!(
            ours(&value),
            serde_json::to_string_pretty(&value).expect("written")
        );
    }

    #[test]
    fn long_documents_are_handed_over_in_pieces() {
        let items: Vec<String> = (0..20_000).map(|item| format!("item {item}")).collect();
        let mut written = Vec::new();
        let mut serializer = Serializer::to(&mut written);
        items.serialize(&mut serializer).expect("written");
        assert!(serializer.bytes.len() < 2 * FULL);
        serializer.end().expect("written");
        assert_eq!(
            String::from_utf8(written).expect("UTF-8"),
            serde_json::to_string_pretty(&items).expect("written")
        );
    }

    #[test]
    fn what_json_has_not_is_an_error() {
        let keys = std::collections::BTreeMap::from([(Some(1), 1), (None, 2)]);
        assert!(keys.serialize(&mut Serializer::kept(0, 0)).is_err());
    }
}
