//! Numbers in disjoint sets (a union-find).

/// The numbers from 0 on, each in one set; the smallest of a set names it.
#[derive(Debug)]
pub struct DisjointSets(Vec<usize>);

impl DisjointSets {
    /// The numbers below `length`, each in a set of its own.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self((0..length).collect())
    }

    /// The smallest number of the set that `number` is in.
    pub fn find(&mut self, mut number: usize) -> usize {
        while let Some(above) = self.0.get(number).copied().filter(|above| *above != number) {
            // Each look shortens the path of the next one.
            let next = self.0.get(above).copied().unwrap_or(above);
            if let Some(entry) = self.0.get_mut(number) {
                *entry = next;
            }
            number = next;
        }
        number
    }

    /// Joins two sets.
    pub fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        if let Some(entry) = self.0.get_mut(one.max(other)) {
            *entry = one.min(other);
        }
    }
}
