//! A version that is compared many times: read once where that can be done.

use std::cmp::Ordering;

use crate::version::Scheme;

/// A version and, where its scheme calls it plain, its numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Release<'v> {
    pub(super) text: &'v str,
    numbers: Option<[u64; 3]>,
}

impl<'v> Release<'v> {
    pub(super) fn of(text: &'v str, scheme: &dyn Scheme) -> Self {
        Self::known(text, scheme.plain(text))
    }

    /// With what [`Scheme::plain`] says of it.
    pub(super) fn known(text: &'v str, numbers: Option<[u64; 3]>) -> Self {
        Self { text, numbers }
    }

    /// Its numbers say all of it: it can be ordered, and is no pre-release.
    pub(super) fn is_plain(&self) -> bool {
        self.numbers.is_some()
    }

    /// [`Scheme::compare`]; `None` if the two cannot be ordered.
    pub(super) fn compare(&self, other: &Self, scheme: &dyn Scheme) -> Option<Ordering> {
        match (self.numbers, other.numbers) {
            (Some(own), Some(others)) => Some(own.cmp(&others)),
            (_, _) => scheme.compare(self.text, other.text).ok(),
        }
    }

    /// [`Scheme::compare_with_bound`]; `None` if the two cannot be ordered.
    pub(super) fn compare_with_bound(&self, bound: &Self, scheme: &dyn Scheme) -> Option<Ordering> {
        match (self.numbers, bound.numbers) {
            (Some(own), Some(others)) => Some(own.cmp(&others)),
            (_, _) => scheme.compare_with_bound(self.text, bound.text).ok(),
        }
    }

    /// It is `listed`, as the same text or by the order.
    pub(super) fn is(&self, listed: &Self, scheme: &dyn Scheme) -> bool {
        self.text == listed.text
            || match (self.numbers, listed.numbers) {
                (Some(own), Some(others)) => own == others,
                (_, _) => scheme.is_same(self.text, listed.text),
            }
    }
}
