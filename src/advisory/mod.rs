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
//! `docs/index-format.md` tells the layout of the file.
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
pub mod compile;
mod directory;
mod encode;
mod group;
pub mod import;
pub mod index;
pub mod layout;
pub mod order;
mod pack;
pub mod part;
pub mod record;
pub mod recorded;
pub mod severity;
pub mod stored;
pub mod texts;
pub mod unread;
pub mod view;

pub use blocks::Blocks;
pub use compile::{Added, Authority, Compiled, Compiler, Counts, Facts, Source, SourceNumber};
pub use index::{Damage, Index, OpenError};
pub use part::Parts;
pub use record::Record;
pub use recorded::RecordView;
pub use stored::Bookkeeping;
pub use texts::TextPlace;
pub use unread::{Loss, Unread};
pub use view::{Candidate, CandidateKey, Candidates, Claim, End, Member, Stretch, Unknown};
