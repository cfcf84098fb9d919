//! From the characters that the parser counts to bytes.

use saphyr_parser::Marker;

/// Where the characters of one text begin.
pub(super) struct Offsets {
    /// Where each [`STRIDE`]th character begins; empty if characters are bytes.
    every: Vec<u32>,
}

const STRIDE: usize = 64;

impl Offsets {
    pub(super) fn of(text: &str) -> Self {
        let every = match text.is_ascii() {
            true => Vec::new(),
            false => text
                .char_indices()
                .step_by(STRIDE)
                .map(|(offset, _)| offset as u32)
                .collect(),
        };
        Self { every }
    }

    pub(super) fn byte(&self, text: &str, marker: Marker) -> usize {
        let index = marker.index();
        if self.every.is_empty() {
            return index.min(text.len());
        }
        let near = self
            .every
            .get(index / STRIDE)
            .map_or(text.len(), |offset| *offset as usize);
        let rest = text.get(near..).unwrap_or_default();
        let within = rest.char_indices().nth(index % STRIDE);
        near.saturating_add(within.map_or(rest.len(), |(offset, _)| offset))
    }
}
