//! The advisory index: records of every source, grouped, compiled to one file, and read back.
//!
//! - [`import`] turns foreign documents into [`Record`]s, one document at a time.
//! - [`Compiler`] takes records of several sources, keeps one of each id, and writes the index. It starts empty
//!   ([`Compiler::new`]) or from an index ([`Compiler::from_index`]), so that an update costs what changed:
//!
//!   ```text
//!   let mut compiler = Compiler::from_index(&index)?;
//!   let npm = compiler.source("osv/npm", Authority::Export);
//!   compiler.remove("GHSA-…");
//!   compiler.add_osv_json(npm, bytes, "GHSA-….json");
//!   compiler.set_note("osv/npm/modified", "2026-11-21T00:00:00Z");
//!   let compiled = compiler.finish(built);
//!   compiled.write(&mut file)?;
//!   ```
//! - [`Parts`] takes an index apart, one part an ecosystem, and [`Compiler::take_in`] puts parts together again.
//! - [`Index`] opens what was written, from anything that gives bytes by position ([`Blocks`]), and answers
//!   [`Index::candidates`] for a package, verifying each block when it is first touched.
//!
//! `docs/index-format.md` describes the layout of the file.
#![cfg_attr(
    not(test),
    deny(
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod blocks;
pub mod candidates;
pub mod compile;
mod contents;
mod encode;
mod exploits;
mod file;
mod format;
mod group;
pub mod import;
pub mod index;
pub mod order;
pub mod own;
pub mod parts;
pub mod record;
pub mod record_view;
pub mod severity;
pub mod source;
pub mod tag_ranges;
pub mod unread;

pub use blocks::Blocks;
pub use candidates::{Candidate, Candidates, Member};
pub use compile::{Added, Compiled, Compiler, Facts};
pub use file::{Damage, OpenError};
pub use format::block::TooLarge;
pub use format::header::Header;
pub use format::statement::Claim;
pub use format::texts::TextAddress;
pub use index::Index;
pub use parts::Parts;
pub use record::{End, Interval, Record, Undecided};
pub use record_view::RecordView;
pub use source::{Authority, Bookkeeping, Counts, Source, SourceNumber};
pub use unread::{Loss, Unread};
