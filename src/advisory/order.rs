//! Sorting by a version order that may not be transitive, which the standard library's sort does not bear.

use std::cmp::Ordering;

/// Sorts `items` stably by `compare`, in `n log n` comparisons, whatever `compare` answers.
pub fn sort_by<T, E>(
    items: Vec<T>,
    compare: &mut impl FnMut(&T, &T) -> Result<Ordering, E>,
) -> Result<Vec<T>, E> {
    let mut runs: Vec<Vec<T>> = items.into_iter().map(|item| vec![item]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            merged.push(match rest.next() {
                Some(right) => merge(left, right, compare)?,
                None => left,
            });
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
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
        let mut turn = 0;
        let nonsense = sort_by((0..1000).collect(), &mut |_, _| {
            turn += 1;
            Ok::<_, Infallible>([Ordering::Less, Ordering::Greater][turn % 2])
        });
        assert_eq!(nonsense.unwrap().len(), 1000);
    }
}
