//! A document of which the long lists are written piece by piece, by several threads where they are long.

use std::io;

use rayon::prelude::*;
use serde::Serialize;

use super::serializer::Serializer;

/// So many items are one piece of work.
const CHUNK: usize = 256;
/// Fewer items are written sooner than threads are started.
const MANY: usize = 16 * CHUNK;

/// Writes objects that each end with a list, in the same bytes as [`super::document`].
pub(super) struct Pieces<'w> {
    out: Serializer<'w>,
    /// Whether each open list has an item, outermost first.
    lists: Vec<bool>,
}

impl<'w> Pieces<'w> {
    pub(super) fn new(out: &'w mut dyn io::Write) -> Self {
        Self {
            out: Serializer::to(out),
            lists: Vec::new(),
        }
    }

    /// Opens an object, as an item of the open list if there is one: the keys of `head`, at least one, then the key `list`.
    /// Items are added until it is closed.
    pub(super) fn open(&mut self, head: &impl Serialize, list: &str) -> io::Result<()> {
        self.before_item()?;
        self.out.unclosed(head)?;
        self.out.list(list, false)?;
        self.lists.push(false);
        Ok(())
    }

    /// Adds what `of` makes of each item to the open list.
    pub(super) fn items<'i, T: Sync, D: Serialize>(
        &mut self,
        items: &'i [T],
        of: fn(&'i T) -> D,
    ) -> io::Result<()> {
        if items.len() < MANY || rayon::current_num_threads() == 1 {
            if !items.is_empty() {
                self.before_item()?;
            }
            return write_items(items, of, &mut self.out);
        }
        let depth = self.out.depth();
        // Each thread has the next piece ready when its last one is taken, and no more.
        for ahead in items.chunks(
            CHUNK
                .saturating_mul(rayon::current_num_threads())
                .saturating_mul(2),
        ) {
            let texts: Vec<io::Result<Vec<u8>>> = ahead
                .par_chunks(CHUNK)
                .map(|items| {
                    let mut text = Serializer::kept(depth, items.len().saturating_mul(2 * 1024));
                    write_items(items, of, &mut text).map(|()| text.into_bytes())
                })
                .collect();
            for text in texts {
                self.before_item()?;
                self.out.raw(&text?)?;
            }
        }
        Ok(())
    }

    /// Closes the open list and its object.
    pub(super) fn close(&mut self) -> io::Result<()> {
        let has_items = self.lists.pop().unwrap_or_default();
        self.out.close(b']', has_items)?;
        self.out.close(b'}', true)
    }

    /// Ends the document.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.out.raw(b"\n")?;
        self.out.end()
    }

    fn before_item(&mut self) -> io::Result<()> {
        match self.lists.last_mut() {
            Some(has_items) => {
                let is_first = !std::mem::replace(has_items, true);
                self.out.line(is_first)
            }
            None => Ok(()),
        }
    }
}

fn write_items<'i, T, D: Serialize>(
    items: &'i [T],
    of: fn(&'i T) -> D,
    out: &mut Serializer<'_>,
) -> io::Result<()> {
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            out.line(false)?;
        }
        of(item).serialize(&mut *out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serializer;

    #[derive(Serialize)]
    struct Whole {
        a: u32,
        l: Vec<Inner>,
    }

    #[derive(Serialize)]
    struct Inner {
        b: [&'static str; 2],
        m: Vec<Option<u32>>,
    }

    /// A head of one key.
    struct Head<T>(&'static str, T);

    impl<T: Serialize> Serialize for Head<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([(self.0, &self.1)])
        }
    }

    #[test]
    fn pieces_are_the_bytes_of_the_whole() {
        for lengths in [
            &[][..],
            &[0],
            &[1, 0, 3],
            &[256],
            &[257, 2],
            &[4096],
            &[5000, 4097],
        ] {
            let whole = Whole {
                a: 7,
                l: lengths
                    .iter()
                    .map(|length| Inner {
                        b: ["x\u{7f}", "y"],
                        m: (0..*length).map(|item| (item % 3 > 0).then_some(item)).collect(),
                    })
                    .collect(),
            };
            let (mut expected, mut written) = (Vec::new(), Vec::new());
            super::super::document(&whole, &mut expected).expect("written");
            let mut pieces = Pieces::new(&mut written);
            let mut write = || {
                pieces.open(&Head("a", whole.a), "l")?;
                for inner in &whole.l {
                    pieces.open(&Head("b", inner.b), "m")?;
                    pieces.items(&inner.m, |item| item)?;
                    pieces.close()?;
                }
                pieces.close()
            };
            write().expect("written");
            pieces.end().expect("written");
            assert_eq!(
                String::from_utf8_lossy(&written),
                String::from_utf8_lossy(&expected)
            );
        }
    }
}
