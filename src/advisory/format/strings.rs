//! Texts that several records share: written once into blocks of their own, and referred to by their address.

use std::collections::HashMap;

use super::block::{BlockWriter, TooLarge};
use super::bytes::{Cursor, put_text, put_varint};

/// A text is shared if it occurs at least this often.
const SHARED: u32 = 3;

/// Writes texts that may be shared.
#[derive(Debug, Default)]
pub struct SharedTexts<'t> {
    counts: HashMap<&'t str, u32>,
    addresses: HashMap<&'t str, u32>,
    /// The shared texts.
    pub writer: BlockWriter,
}

impl<'t> SharedTexts<'t> {
    /// Counts an occurrence; every one is counted before the first is written.
    pub fn count(&mut self, text: &'t str) {
        let count = self.counts.entry(text).or_default();
        *count = count.saturating_add(1);
    }

    /// It occurs often enough to be written once.
    #[must_use]
    pub fn is_shared(&self, text: &str) -> bool {
        self.counts.get(text).is_some_and(|count| *count >= SHARED)
    }

    /// Writes 0 and the text, or the address of a shared one plus one.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn write(&mut self, bytes: &mut Vec<u8>, text: &'t str) -> Result<(), TooLarge> {
        if !self.is_shared(text) {
            put_varint(bytes, 0);
            put_text(bytes, text);
            return Ok(());
        }
        let address = match self.addresses.get(text) {
            Some(address) => *address,
            None => {
                let address = self.writer.add(text.as_bytes())?;
                self.addresses.insert(text, address);
                address
            }
        };
        put_varint(bytes, u64::from(address).saturating_add(1));
        Ok(())
    }
}

/// A text that may be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared<'b> {
    /// The text itself.
    Here(&'b str),
    /// The address of a shared one.
    At(u32),
}

impl<'b> Shared<'b> {
    /// Reads what [`SharedTexts::write`] wrote.
    pub fn read(cursor: &mut Cursor<'b>) -> Option<Self> {
        match cursor.varint()?.checked_sub(1) {
            None => cursor.text().map(Self::Here),
            Some(address) => u32::try_from(address).ok().map(Self::At),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::format::block::Items;

    #[test]
    fn what_occurs_often_is_written_once() {
        let mut texts = SharedTexts::default();
        for text in ["often", "seldom", "often", "often"] {
            texts.count(text);
        }
        let mut bytes = Vec::new();
        for text in ["often", "seldom", "often"] {
            texts.write(&mut bytes, text).unwrap();
        }
        let mut cursor = Cursor::new(&bytes);
        let mut read = || Shared::read(&mut cursor).unwrap();
        let (first, second, third) = (read(), read(), read());
        assert_eq!((first, second), (third, Shared::Here("seldom")));
        let shared: Vec<_> = Items::of(&texts.writer.blocks[0], 0).flatten().collect();
        assert_eq!(shared, [(0, "often".as_bytes())]);
        assert_eq!(first, Shared::At(0));
    }
}
