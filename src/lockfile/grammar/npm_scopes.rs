//! What packages of npm are used for, worked out from who needs them.
//!
//! The rule is that of Arborist (`calc-dep-flags.js` of npm 11.11.1): a package is for development, or optional, if every way
//! to it is. Lockfiles of Yarn and Deno mark neither, and the flags that others write down may be wrong: the edges decide.

use crate::model::{Scope, Scopes};

/// Only development leads here.
const DEV: u8 = 1;
/// Only what is optional leads here.
const OPTIONAL: u8 = 2;
/// Development leads here and something optional does, and nothing else.
const DEV_OPTIONAL: u8 = 4;

/// The flags of what nothing led to yet; ways to it take flags away.
pub const ALL: u8 = DEV | OPTIONAL | DEV_OPTIONAL;

/// The flags that a need of something with `flags` leaves to what it needs.
#[must_use]
pub fn left(flags: u8, dev: bool, optional: bool) -> u8 {
    let mut left = ALL;
    if flags & DEV == 0 && !dev {
        left &= !DEV;
    }
    if flags & OPTIONAL == 0 && !optional {
        left &= !OPTIONAL;
    }
    if flags == 0 && !dev && !optional {
        left &= !DEV_OPTIONAL;
    }
    left
}

/// What flags say.
#[must_use]
pub fn of_flags(flags: u8) -> Scopes {
    let mut scopes = Scopes::default();
    let either = flags & (DEV | OPTIONAL) != 0;
    let both = flags & DEV_OPTIONAL != 0 && !either;
    if flags & DEV != 0 || both {
        scopes.add(Scope::Dev);
    }
    if flags & OPTIONAL != 0 || both {
        scopes.add(Scope::Optional);
    }
    match scopes.is_empty() {
        true => Scopes::only(Scope::Runtime),
        false => scopes,
    }
}

/// Entry `from` needs entry `to`, by their numbers.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// The dependent.
    pub from: u32,
    /// The dependency.
    pub to: u32,
    /// For development only.
    pub dev: bool,
    /// It may be absent.
    pub optional: bool,
}

/// The scopes of `count` entries, where ways start from `roots`. What no way leads to counts as installed with the product.
/// Linear in entries and needs: each entry has three flags that can fall.
#[must_use]
pub fn of_needs(count: usize, needs: &[Need], roots: &[u32]) -> Vec<Scopes> {
    let mut starts = vec![0_u32; count.saturating_add(1)];
    for need in needs {
        if let Some(start) = starts.get_mut((need.from as usize).saturating_add(1)) {
            *start = start.saturating_add(1);
        }
    }
    let mut sum = 0_u32;
    for start in &mut starts {
        sum = sum.saturating_add(*start);
        *start = sum;
    }
    let mut next = starts.clone();
    let mut sorted = vec![0_u32; needs.len()];
    for (number, need) in needs.iter().enumerate() {
        let Some(at) = next.get_mut(need.from as usize) else {
            continue;
        };
        if let Some(place) = sorted.get_mut(*at as usize) {
            *place = number as u32;
        }
        *at = at.saturating_add(1);
    }
    let mut flags = vec![ALL; count];
    let mut reached = vec![false; count];
    let mut open: Vec<u32> = Vec::new();
    let mut arrive = |entry: u32, left: u8, open: &mut Vec<u32>, flags: &mut Vec<u8>| {
        let (Some(flags), Some(reached)) = (flags.get_mut(entry as usize), reached.get_mut(entry as usize))
        else {
            return;
        };
        let before = *flags;
        *flags &= left;
        if *flags != before || !*reached {
            *reached = true;
            open.push(entry);
        }
    };
    for root in roots {
        arrive(*root, 0, &mut open, &mut flags);
    }
    while let Some(entry) = open.pop() {
        let own = flags.get(entry as usize).copied().unwrap_or_default();
        let start = starts.get(entry as usize).copied().unwrap_or_default() as usize;
        let end = starts.get(entry as usize + 1).copied().unwrap_or_default() as usize;
        for number in sorted.get(start..end).unwrap_or_default() {
            if let Some(need) = needs.get(*number as usize) {
                arrive(need.to, left(own, need.dev, need.optional), &mut open, &mut flags);
            }
        }
    }
    flags
        .iter()
        .zip(&reached)
        .map(|(flags, reached)| of_flags(if *reached { *flags } else { 0 }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_decides() {
        let need = |from, to, dev, optional| Need {
            from,
            to,
            dev,
            optional,
        };
        // 0 is the root; 1 for development, 2 optional, 3 by both, 4 below 1, 5 by itself and below 1, 6 by nothing.
        let needs = [
            need(0, 1, true, false),
            need(0, 2, false, true),
            need(1, 3, false, false),
            need(2, 3, false, false),
            need(1, 4, false, false),
            need(4, 1, false, false),
            need(0, 5, false, false),
            need(1, 5, false, true),
            need(9, 1, false, false),
            need(1, 9, false, false),
        ];
        let scopes: Vec<String> = of_needs(7, &needs, &[0, 20])
            .iter()
            .map(|scopes| format!("{scopes:?}"))
            .collect();
        let expected = [
            "runtime",
            "dev",
            "optional",
            "dev, optional",
            "dev",
            "runtime",
            "runtime",
        ];
        let expected = expected.map(|list| {
            let list: Vec<String> = list.split(", ").map(|word| format!("{word:?}")).collect();
            format!("{{{}}}", list.join(", "))
        });
        assert_eq!(scopes, expected);
    }
}
