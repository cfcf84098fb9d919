//! Blocks: what is hashed and read at once. Items are appended to them one after another, each led by its length,
//! and an address says in which block one begins, and where.

use super::bytes::{Cursor, put_varint};

/// A block's hash, in bytes.
pub const BLOCK_HASH: usize = 16;
/// A row of the block table, in bytes: the block's length and its hash.
pub const TABLE_ROW: usize = 4 + BLOCK_HASH;
/// No block has more bytes, unless what begins it has: what does not fit begins the next one.
pub const BLOCK: usize = 1 << OFFSET_BITS;
/// The low bits of an address: the offset in its block.
pub const OFFSET_BITS: u32 = 12;
/// More than the layout can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the advisory database would be larger than its format allows (4 GiB a section)")]
pub struct TooLarge;

/// A block's hash.
#[must_use]
pub fn block_hash(block: &[u8]) -> [u8; BLOCK_HASH] {
    blake3::hash(block)
        .as_bytes()
        .first_chunk()
        .copied()
        .unwrap_or_default()
}

/// The address of what begins at `offset` of the section's block `block`; `None` beyond what an address can express.
#[must_use]
pub fn address(block: usize, offset: usize) -> Option<u32> {
    let block = u32::try_from(block)
        .ok()
        .filter(|block| *block < 1 << (32 - OFFSET_BITS))?;
    let offset = u32::try_from(offset)
        .ok()
        .filter(|offset| *offset < 1 << OFFSET_BITS)?;
    Some(block << OFFSET_BITS | offset)
}

/// The section's block and the offset in it that `address` names.
#[must_use]
pub fn position(address: u32) -> (u32, usize) {
    (
        address >> OFFSET_BITS,
        (address & ((1 << OFFSET_BITS) - 1)) as usize,
    )
}

/// Writes items into blocks.
#[derive(Debug, Default)]
pub struct BlockWriter {
    /// Every block so far; the last one may be open.
    pub blocks: Vec<Vec<u8>>,
}

impl BlockWriter {
    /// Adds an item: the length of `item`, then its bytes.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn add(&mut self, item: &[u8]) -> Result<u32, TooLarge> {
        let fits = |block: &Vec<u8>| block.len().saturating_add(item.len()).saturating_add(5) <= BLOCK;
        if !self.blocks.last().is_some_and(fits) {
            let room = BLOCK.saturating_add(item.len()).saturating_add(5);
            self.blocks.push(Vec::with_capacity(room));
        }
        let number = self.blocks.len().saturating_sub(1);
        let block = self.blocks.last_mut().ok_or(TooLarge)?;
        let address = address(number, block.len()).ok_or(TooLarge)?;
        put_varint(block, item.len() as u64);
        block.extend_from_slice(item);
        Ok(address)
    }

    /// The bytes of the item at `address`.
    pub fn item_mut(&mut self, address: u32) -> Option<&mut [u8]> {
        let (block, offset) = position(address);
        let rest = self.blocks.get_mut(block as usize)?.get_mut(offset..)?;
        let mut cursor = Cursor::new(rest);
        let length = cursor.count()?;
        let start = rest.len().checked_sub(cursor.rest().len())?;
        rest.get_mut(start..start.checked_add(length)?)
    }
}

/// The items of a block, each with its address; `None` in place of one that the block does not hold whole, and
/// nothing after it.
#[derive(Debug)]
pub struct Items<'b> {
    cursor: Cursor<'b>,
    length: usize,
    block: u32,
}

impl<'b> Items<'b> {
    /// The items of `bytes`, which are the section's block `block`.
    #[must_use]
    pub fn of(bytes: &'b [u8], block: u32) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            length: bytes.len(),
            block,
        }
    }
}

impl<'b> Iterator for Items<'b> {
    type Item = Option<(u32, &'b [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.cursor.rest().len();
        if rest == 0 {
            return None;
        }
        let offset = u32::try_from(self.length.saturating_sub(rest)).unwrap_or(u32::MAX);
        let item = self.cursor.bytes();
        if item.is_none() {
            self.cursor = Cursor::new(&[]);
        }
        Some(item.map(|bytes| (self.block << OFFSET_BITS | offset, bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive() {
        assert_eq!(address(5, 4095).map(position), Some((5, 4095)));
        assert_eq!(address(5, 4096), None);
        assert_eq!(address(1 << 20, 0), None);
    }

    #[test]
    fn items_lie_where_their_addresses_say() {
        let items: Vec<Vec<u8>> = (0..300_u16)
            .map(|number| vec![number as u8; usize::from(number)])
            .collect();
        let mut writer = BlockWriter::default();
        let addresses: Vec<u32> = items.iter().map(|item| writer.add(item).unwrap()).collect();
        for (item, address) in items.iter().zip(&addresses) {
            assert_eq!(writer.item_mut(*address).unwrap(), item);
        }
        assert!(writer.blocks.len() > 3);
        let read: Vec<(u32, &[u8])> = (0..)
            .zip(&writer.blocks)
            .flat_map(|(number, block)| Items::of(block, number).map(Option::unwrap))
            .collect();
        assert!(
            read.iter()
                .map(|(address, item)| (*address, item.to_vec()))
                .eq(addresses.into_iter().zip(items))
        );
        let cut: Vec<bool> = Items::of(&[1, 7, 2, 7], 0).map(|item| item.is_some()).collect();
        assert_eq!(cut, [true, false]);
    }
}
