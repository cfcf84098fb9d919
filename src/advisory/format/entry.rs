//! The entry of one package: its name, then its groups, each of records by their addresses with what they say of it.

use super::bytes::{Cursor, put_text, put_u32, put_varint};
use super::statement::{self, Claim};
use crate::advisory::record::Affected;
use crate::ecosystem;

/// Writes entries, one after another. The addresses of records are not known yet: each has a slot, which is filled when
/// they are.
#[derive(Debug, Default)]
pub struct EntryWriter {
    bytes: Vec<u8>,
    claims: Vec<u8>,
    slots: Vec<(u32, u32)>,
}

impl EntryWriter {
    /// Begins the entry of a package that has `groups` groups.
    pub fn start(&mut self, ecosystem: &str, name: &str, groups: usize) {
        self.bytes.clear();
        self.slots.clear();
        match ecosystem::code(ecosystem) {
            Some(code) => self.bytes.push(code),
            None => {
                self.bytes.push(0);
                put_text(&mut self.bytes, ecosystem);
            }
        }
        put_text(&mut self.bytes, name);
        put_varint(&mut self.bytes, groups as u64);
    }

    /// Begins a group of `members` records.
    pub fn group(&mut self, members: usize) {
        put_varint(&mut self.bytes, members as u64);
    }

    /// Adds the record numbered `record` to the group, with the `count` statements that it makes.
    pub fn member<'r>(&mut self, record: u32, count: usize, affected: impl Iterator<Item = &'r Affected>) {
        self.claims.clear();
        put_varint(&mut self.claims, count as u64);
        for affected in affected {
            statement::write(&mut self.claims, affected);
        }
        put_varint(&mut self.bytes, self.claims.len().saturating_add(4) as u64);
        self.slots.push((self.bytes.len() as u32, record));
        put_u32(&mut self.bytes, 0);
        self.bytes.extend_from_slice(&self.claims);
    }

    /// The entry.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the entry the address of which record belongs: (offset, number of the record).
    #[must_use]
    pub fn slots(&self) -> &[(u32, u32)] {
        &self.slots
    }
}

/// Puts the address of a record into its slot; `None` where there is no room for it.
pub fn fill_slot(entry: &mut [u8], offset: u32, address: u32) -> Option<()> {
    let offset = offset as usize;
    let slot = entry.get_mut(offset..offset.checked_add(4)?)?;
    slot.copy_from_slice(&address.to_le_bytes());
    Some(())
}

/// An entry as it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry<'b> {
    /// OSV's name of the ecosystem.
    pub ecosystem: &'b str,
    /// The normalised name.
    pub name: &'b str,
    /// How many groups there are.
    pub count: usize,
    /// The groups.
    pub groups: &'b [u8],
}

impl<'b> Entry<'b> {
    /// Reads an entry. It is walked to its end, so that what iterates later cannot end early.
    pub fn read(entry: &'b [u8]) -> Option<Self> {
        let mut cursor = Cursor::new(entry);
        let ecosystem = match cursor.u8()? {
            0 => cursor.text()?,
            code => ecosystem::of_code(code)?.as_str(),
        };
        let read = Self {
            ecosystem,
            name: cursor.text()?,
            count: cursor.count()?,
            groups: cursor.rest(),
        };
        (0..read.count).try_for_each(|_| walk_group(&mut cursor))?;
        Some(read)
    }

    /// The groups in bytes, which [`members`] reads.
    pub fn groups(self) -> impl Iterator<Item = &'b [u8]> {
        let mut cursor = Cursor::new(self.groups);
        (0..self.count).map_while(move |_| {
            cursor.walked(|cursor| (0..cursor.count()?).try_for_each(|_| cursor.bytes().map(drop)))
        })
    }
}

/// Walks over the next group, down to the last text of its claims.
fn walk_group(cursor: &mut Cursor<'_>) -> Option<()> {
    for _ in 0..cursor.count()? {
        let mut member = Cursor::new(cursor.bytes()?);
        member.u32()?;
        for _ in 0..member.count()? {
            Claim::read(&mut member)?;
        }
    }
    Some(())
}

/// The records of a group: the address of each, and its claims in bytes, which [`claims`] reads.
pub fn members(group: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut cursor = Cursor::new(group);
    let count = cursor.count().unwrap_or(0);
    (0..count).map_while(move |_| {
        let mut member = Cursor::new(cursor.bytes()?);
        Some((member.u32()?, member.rest()))
    })
}

/// The claims of a member.
pub fn claims(member: &[u8]) -> impl Iterator<Item = Claim<'_>> {
    let mut cursor = Cursor::new(member);
    let count = cursor.count().unwrap_or(0);
    (0..count).map_while(move |_| Claim::read(&mut cursor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::record::Statement;
    use crate::model::Ecosystem;

    #[test]
    fn entries_survive_and_none_that_is_cut_is_read() {
        let affected = |version: &str| Affected {
            ecosystem: Ecosystem::named("Debian:12"),
            name: "left".to_owned(),
            rating: None,
            statement: Statement {
                versions: vec![version.to_owned()],
                ..Statement::default()
            },
        };
        let (one, two, three) = (affected("1"), affected("2"), affected("3"));
        for ecosystem in ["Debian:12", "npm", "GitHub Actions"] {
            let mut writer = EntryWriter::default();
            writer.start(ecosystem, "left", 2);
            writer.group(1);
            writer.member(0, 2, [&one, &two].into_iter());
            writer.group(2);
            writer.member(1, 1, [&three].into_iter());
            writer.member(2, 0, [].into_iter());
            let mut bytes = writer.bytes().to_vec();
            for (offset, record) in writer.slots() {
                fill_slot(&mut bytes, *offset, record + 70).unwrap();
            }
            let entry = Entry::read(&bytes).unwrap();
            assert_eq!((entry.ecosystem, entry.name), (ecosystem, "left"));
            let versions = |claims: &[u8]| -> Vec<String> {
                super::claims(claims)
                    .flat_map(|claim| claim.to_statement().versions)
                    .collect()
            };
            let groups: Vec<Vec<(u32, Vec<String>)>> = entry
                .groups()
                .map(|group| {
                    members(group)
                        .map(|(record, claims)| (record, versions(claims)))
                        .collect()
                })
                .collect();
            let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
            assert_eq!(
                groups,
                [
                    vec![(70, texts(&["1", "2"]))],
                    vec![(71, texts(&["3"])), (72, texts(&[]))]
                ]
            );
            for end in 0..bytes.len() {
                assert!(Entry::read(&bytes[..end]).is_none(), "{end}");
            }
        }
    }
}
