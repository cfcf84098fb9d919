//! A number for a gap, the same for equal ones: a file is read again for each other one that includes it.

use std::hash::BuildHasher as _;

use foldhash::quality::FixedState;

use crate::model::{Gap, Location};

/// The number of `gap`.
pub(super) fn gap_number(gap: &Gap) -> u64 {
    let place = gap.location.as_ref().map(|location| {
        let Location { file, position } = location;
        (file.as_bytes(), position.line, position.column)
    });
    FixedState::default().hash_one((place, &gap.reason))
}
