//! How numbers, times and texts are written, and the cursor that reads them.

use jiff::Timestamp;

/// Four bytes, little-endian.
pub fn put_u32(bytes: &mut Vec<u8>, number: u32) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

/// Eight bytes, little-endian.
pub fn put_u64(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

/// Seven bits a byte, lowest first; the high bit says that more follow.
pub fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A length, then as many bytes of UTF-8.
pub fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_varint(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Seconds since 1970 as a varint: 0 for none, else twice the distance plus one, plus one more before 1970.
pub fn put_time(bytes: &mut Vec<u8>, time: Option<Timestamp>) {
    let number = time.map_or(0, |time| {
        let second = time.as_second();
        let distance = second.unsigned_abs().saturating_mul(2).saturating_add(1);
        if second < 0 {
            distance.saturating_add(1)
        } else {
            distance
        }
    });
    put_varint(bytes, number);
}

/// Reads what the functions above wrote. Every answer is `None` where the bytes do not hold it.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What was not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The bytes that `walk` walks over.
    pub fn walked(&mut self, walk: impl FnOnce(&mut Self) -> Option<()>) -> Option<&'a [u8]> {
        let whole = self.rest;
        walk(self)?;
        whole.get(..whole.len().checked_sub(self.rest.len())?)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Four bytes, little-endian.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// What [`put_varint`] wrote.
    pub fn varint(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A varint that counts things in memory.
    pub fn count(&mut self) -> Option<usize> {
        self.varint()?.try_into().ok()
    }

    /// A length, then as many bytes.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    /// What [`put_text`] wrote.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// What [`put_time`] wrote.
    pub fn time(&mut self) -> Option<Option<Timestamp>> {
        let number = self.varint()?;
        let Some(distance) = number.checked_sub(1) else {
            return Some(None);
        };
        let second = i64::try_from(distance / 2).ok()?;
        let second = if distance % 2 == 0 {
            second
        } else {
            second.checked_neg()?
        };
        Timestamp::from_second(second).ok().map(Some)
    }
}

/// A counted list that was walked over once and is read when it is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct List<'b> {
    count: usize,
    bytes: &'b [u8],
}

impl<'b> List<'b> {
    /// Reads a count and walks over as many items with `item`.
    pub fn read(cursor: &mut Cursor<'b>, item: impl Fn(&mut Cursor<'b>) -> Option<()>) -> Option<Self> {
        let count = cursor.count()?;
        let bytes = cursor.walked(|cursor| (0..count).try_for_each(|_| item(cursor)))?;
        Some(Self { count, bytes })
    }

    /// Reads a counted list of texts.
    pub fn of_texts(cursor: &mut Cursor<'b>) -> Option<Self> {
        Self::read(cursor, |cursor| cursor.text().map(drop))
    }

    /// Its items, each read by `item`.
    pub fn items<T>(self, item: impl Fn(&mut Cursor<'b>) -> Option<T>) -> impl Iterator<Item = T> {
        let mut cursor = Cursor::new(self.bytes);
        (0..self.count).map_while(move |_| item(&mut cursor))
    }

    /// The items of a list of texts.
    pub fn texts(self) -> impl Iterator<Item = &'b str> {
        self.items(Cursor::text)
    }
}

/// A count, then as many texts; [`List::of_texts`] reads them.
pub fn put_texts(bytes: &mut Vec<u8>, texts: &[String]) {
    put_varint(bytes, texts.len() as u64);
    for text in texts {
        put_text(bytes, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_survive() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            assert_eq!(Cursor::new(&bytes).varint(), Some(number));
            bytes.pop();
            assert_eq!(Cursor::new(&bytes).varint(), None);
        }
        for second in [0, 1, -1, 1_700_000_000, -62_000_000_000] {
            let time = Timestamp::from_second(second).ok();
            let mut bytes = Vec::new();
            put_time(&mut bytes, time);
            assert_eq!(Cursor::new(&bytes).time(), Some(time));
        }
        assert_eq!(Cursor::new(&[0]).time(), Some(None));
    }
}
