//! Git repositories, read in process; no program is started.
//!
//! `objects` opens one and reads trees and blobs, `refs` lists what could be a release line, `history` finds
//! revisions, parents and bases, `listing` lists the files of many commits and reads each tree once (a `listed` is
//! the list of one), and `past` tells
//! which commit brought something in and which took it out. What a clone lacks may be asked of somebody else (`further`).

pub mod commit_tree;
mod commits;
pub mod further;
pub mod history;
mod lfs;
pub mod listed;
pub mod listing;
mod merge_base;
pub mod objects;
pub mod past;
mod place;
pub mod refs;
mod reftable;
pub mod staged;
