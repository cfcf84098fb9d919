//! A zip of records, as the OSV export and its mirrors have it: `<id>.json` for each.

use std::io::{Read, Seek};

use zip::ZipArchive;

/// A document of more bytes than this is refused, as is one that inflates to more than its entry says.
const DOCUMENT_LIMIT: u64 = 64 << 20;

/// All documents together.
const TOTAL_LIMIT: u64 = 64 << 30;

/// An open zip.
pub struct Archive<R> {
    zip: ZipArchive<R>,
}

/// Why a zip cannot be read: a fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadArchive(String);

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory at the end of the zip; a cut one has none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(reader: R) -> Result<Self, BadArchive> {
        let zip = ZipArchive::new(reader)
            .map_err(|error| BadArchive(format!("is no zip that can be read: {error}")))?;
        Ok(Self { zip })
    }

    /// The names of the documents without `.json`, in the order of the directory.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.zip.file_names_raw().filter_map(id_of)
    }

    /// Inflates each document and hands on its file name and its bytes.
    ///
    /// # Errors
    /// At the first entry that is damaged or too large.
    pub fn read(&mut self, mut each: impl FnMut(&str, &[u8])) -> Result<(), BadArchive> {
        let mut bytes = Vec::new();
        let mut total: u64 = 0;
        for number in 0..self.zip.len() {
            let entry = self
                .zip
                .by_index(number)
                .map_err(|error| BadArchive(format!("entry {number}: {error}")))?;
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if id_of(name.as_bytes()).is_none() {
                continue;
            }
            bytes.clear();
            let read = entry
                .take(DOCUMENT_LIMIT + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| BadArchive(format!("{name}: {error}")))?;
            total = total.saturating_add(read as u64);
            if read as u64 > DOCUMENT_LIMIT || total > TOTAL_LIMIT {
                return Err(BadArchive(format!(
                    "{name}: more than {DOCUMENT_LIMIT} bytes, or {TOTAL_LIMIT} in all"
                )));
            }
            each(&name, &bytes);
        }
        Ok(())
    }
}

fn id_of(name: &[u8]) -> Option<&str> {
    std::str::from_utf8(name)
        .ok()?
        .strip_suffix(".json")
        .filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer
                .start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn documents_come_in_order() {
        let bytes = zip(&[("b.json", b"{}"), ("notes.txt", b"x"), ("a.json", b"[]")]);
        let mut archive = Archive::open(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.ids().collect::<Vec<_>>(), ["b", "a"]);
        let mut read = Vec::new();
        archive
            .read(|name, bytes| read.push((name.to_owned(), bytes.to_vec())))
            .unwrap();
        assert_eq!(
            read,
            [
                ("b.json".to_owned(), b"{}".to_vec()),
                ("a.json".to_owned(), b"[]".to_vec())
            ]
        );
    }

    #[test]
    fn damage_is_noticed() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let bytes = zip(&[("a.json", &text), ("b.json", &text)]);
        assert!(Archive::open(Cursor::new(&bytes[..bytes.len() - 30])).is_err());
        assert!(Archive::open(Cursor::new(b"<html>")).is_err());
        for position in [100, bytes.len() / 2] {
            let mut altered = bytes.clone();
            altered[position] ^= 0x40;
            let mut archive = Archive::open(Cursor::new(altered)).unwrap();
            assert!(archive.read(|_, _| {}).is_err(), "{position}");
        }
    }
}
