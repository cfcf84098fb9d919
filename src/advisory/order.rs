//! Sorting by a version order that may not be transitive, which the standard library's sort does not bear.

use std::cmp::Ordering;

/// Runs of so many items are made by insertion.
const RUN: usize = 16;

/// Sorts `items` stably by `compare`, in `n log n` comparisons, whatever `compare` answers.
pub fn sort_by<T, E>(
    mut items: Vec<T>,
    compare: &mut impl FnMut(&T, &T) -> Result<Ordering, E>,
) -> Result<Vec<T>, E> {
    if items.len() <= RUN {
        return inserted(items, compare);
    }
    let right = items.split_off(items.len() / 2);
    merge(sort_by(items, compare)?, sort_by(right, compare)?, compare)
}

/// A short list, sorted.
fn inserted<T, E>(
    mut items: Vec<T>,
    compare: &mut impl FnMut(&T, &T) -> Result<Ordering, E>,
) -> Result<Vec<T>, E> {
    for length in 1..items.len() {
        let (mut low, mut high) = (0, length);
        while low < high {
            let middle = low.midpoint(high);
            let (Some(there), Some(item)) = (items.get(middle), items.get(length)) else {
                break;
            };
            match compare(there, item)? {
                Ordering::Less | Ordering::Equal => low = middle.saturating_add(1),
                Ordering::Greater => high = middle,
            }
        }
        if let Some(run) = items.get_mut(low..=length) {
            run.rotate_right(1);
        }
    }
    Ok(items)
}

fn merge<T, E>(
    left: Vec<T>,
    right: Vec<T>,
    compare: &mut impl FnMut(&T, &T) -> Result<Ordering, E>,
) -> Result<Vec<T>, E> {
    let mut merged = Vec::with_capacity(left.len().saturating_add(right.len()));
    let mut left = left.into_iter().peekable();
    let mut right = right.into_iter().peekable();
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let taken = match compare(first, second)? {
            Ordering::Less | Ordering::Equal => left.next(),
            Ordering::Greater => right.next(),
        };
        merged.extend(taken);
    }
    merged.extend(left);
    merged.extend(right);
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn it_is_stable_and_survives_nonsense() {
        let items: Vec<(u32, usize)> = [5, 3, 3, 9, 1, 5, 3].into_iter().zip(0..).collect();
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        let sorted = sort_by(items, &mut |a, b| Ok::<_, Infallible>(a.0.cmp(&b.0))).unwrap();
        assert_eq!(sorted, expected);
        let many: Vec<(u32, usize)> = (0..1000).map(|item| (item * 7919 % 61, item as usize)).collect();
        let mut expected = many.clone();
        expected.sort_by_key(|item| item.0);
        let sorted = sort_by(many, &mut |a, b| Ok::<_, Infallible>(a.0.cmp(&b.0))).unwrap();
        assert_eq!(sorted, expected);
        let mut turn = 0;
        let nonsense = sort_by((0..1000).collect(), &mut |_, _| {
            turn += 1;
            Ok::<_, Infallible>([Ordering::Less, Ordering::Greater][turn % 2])
        });
        assert_eq!(nonsense.unwrap().len(), 1000);
    }
}
