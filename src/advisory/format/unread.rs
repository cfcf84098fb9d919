//! Documents that could not be read when the database was built: source, name, reason, and the packages that they name.

use super::bytes::{Cursor, put_text, put_varint};
use crate::advisory::unread::{Unread, UnreadDocuments};
use crate::model::Ecosystem;

/// Writes the section's blocks: none, or one.
#[must_use]
pub fn write(unread: &UnreadDocuments) -> Vec<Vec<u8>> {
    if unread.is_empty() {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    put_varint(&mut bytes, unread.len() as u64);
    for (source, name, reason, packages) in unread.iter() {
        put_varint(&mut bytes, u64::from(source.0));
        put_text(&mut bytes, name);
        put_text(&mut bytes, reason);
        put_varint(&mut bytes, packages.len() as u64);
        for (ecosystem, name) in packages {
            put_text(&mut bytes, ecosystem.as_str());
            put_text(&mut bytes, name);
        }
    }
    vec![bytes]
}

/// Reads a block that [`write`] wrote.
pub fn read(block: &[u8]) -> Option<Vec<Unread>> {
    let mut cursor = Cursor::new(block);
    let mut all = Vec::new();
    for _ in 0..cursor.varint()? {
        let source = u32::try_from(cursor.varint()?).ok()?;
        let (name, reason) = (cursor.text()?.to_owned(), cursor.text()?.to_owned());
        let mut packages = Vec::new();
        for _ in 0..cursor.varint()? {
            let ecosystem = Ecosystem::named(cursor.text()?);
            packages.push((ecosystem, cursor.text()?.to_owned()));
        }
        all.push(Unread {
            source,
            name,
            reason,
            packages,
        });
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::source::SourceNumber;

    #[test]
    fn unread_documents_survive_and_no_list_that_is_cut_is_read() {
        let documents = [
            Unread {
                source: 1,
                name: "GHSA-1".to_owned(),
                reason: "the id is empty".to_owned(),
                packages: vec![(Ecosystem::NPM, "left".to_owned())],
            },
            Unread {
                source: 300,
                name: "GHSA-2".to_owned(),
                reason: String::new(),
                packages: Vec::new(),
            },
        ];
        let mut unread = UnreadDocuments::default();
        assert!(write(&unread).is_empty());
        for document in documents.clone() {
            unread.add(SourceNumber(document.source), document);
        }
        let blocks = write(&unread);
        assert_eq!(read(&blocks[0]), Some(documents.to_vec()));
        for end in 0..blocks[0].len() {
            assert_eq!(read(&blocks[0][..end]), None, "{end}");
        }
    }
}
