//! The index file in bytes: what is written and how it is read, side by side, one file a kind of content.
//! `docs/index-format.md` describes the layout; the two change together.
//!
//! Nothing here knows where the bytes are: a writer appends to a buffer, a reader borrows from one. A reader answers
//! `None` where the bytes are not what the writer writes.

pub mod block;
pub mod bookkeeping;
pub mod bytes;
pub mod directory;
pub mod entry;
pub mod exploit;
pub mod header;
pub mod rating;
pub mod record;
pub mod statement;
pub mod strings;
pub mod texts;
pub mod unread;
