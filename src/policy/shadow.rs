//! Rules that can never decide: every finding that they match is decided before they are asked.
//!
//! Only what is certain counts: a rule about malicious packages that does not fail them, and a rule all of whose conditions are
//! as narrow as those of one earlier rule, or narrower. Globs and packages are compared as they are written, and several earlier rules
//! that leave nothing over together are not looked for.

use std::collections::HashMap;

use super::glob::Globs;
use super::rule::{Fix, Rule};
use crate::model::{Class, Decision, Level, PackageUrl, Scope};

/// What to do about [`idle`], as a full instruction.
pub(super) const HINT: &str = "Put the narrower rule first, or take this one out; malicious packages of your own go under `supply-chain`.";

/// The rules that never decide, or never what is written, by their numbers from 0, with the reason as a lowercase fragment.
/// `allows_malicious`: the policy takes some malicious packages out of the built-in rule.
///
/// A rule is compared with the groups of earlier rules that ask for some of its conditions: at most 512 look-ups a rule,
/// however many rules there are.
pub(super) fn idle(rules: &[Rule], allows_malicious: bool) -> Vec<(usize, String)> {
    let mut numbers = Numbers::default();
    let mut earlier: HashMap<Conditions, [Option<Least>; Level::ALL.len()]> = HashMap::new();
    let mut idle = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let fails = rule.then == Decision::Fail && rule.after.is_none();
        if rule.when.class == Some(Class::Malicious) && !fails && !allows_malicious {
            idle.push((number, "malicious packages fail before any rule is asked".into()));
            continue;
        }
        let asked = Requirement::of(rule, &mut numbers);
        let covering = asked.conditions.wider().filter_map(|wider| {
            let levels = earlier.get(&wider)?.get(..=asked.level)?;
            let covers = |least: &&Least| least.epss <= asked.epss;
            levels
                .iter()
                .flatten()
                .filter(covers)
                .map(|least| least.rule)
                .min()
        });
        if let Some(first) = covering.min().and_then(|first| rules.get(first)) {
            let name: String = first.name.chars().take(80).collect();
            let why = format!("the rule {name:?} matches everything that this one does, and is asked first");
            idle.push((number, why));
            continue;
        }
        let levels = earlier.entry(asked.conditions).or_default();
        if let Some(least) = levels.get_mut(asked.level)
            && least.as_ref().is_none_or(|least| asked.epss < least.epss)
        {
            *least = Some(Least {
                epss: asked.epss,
                rule: number,
            });
        }
    }
    idle
}

/// The rule of a group that asks for the lowest EPSS at one severity.
#[derive(Debug, Clone, Copy)]
struct Least {
    epss: f64,
    rule: usize,
}

/// What a rule asks for.
struct Requirement {
    conditions: Conditions,
    /// The severity, as a place among all of them from the lowest one; 0 if it asks for none.
    level: usize,
    /// Below every probability if it asks for none.
    epss: f64,
}

/// The conditions that something either is or is not; 0 is one that a rule does not ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Conditions([u32; 9]);

impl Conditions {
    /// These, and those that ask for less: each matches everything that these do.
    fn wider(self) -> impl Iterator<Item = Self> {
        let part = move |of: u32| {
            let mut kept = self.0;
            for (place, one) in kept.iter_mut().enumerate() {
                *one *= of >> place & 1;
            }
            Self(kept)
        };
        let bit = |(place, one): (usize, &u32)| u32::from(*one != 0) << place;
        let asked: u32 = self.0.iter().enumerate().map(bit).sum();
        let parts = 0..1_u32 << self.0.len();
        parts.filter(move |of| of & !asked == 0).map(part)
    }
}

/// A number, from 1, for each text that rules ask for.
#[derive(Default)]
struct Numbers<'r> {
    globs: HashMap<&'r [String], u32>,
    packages: HashMap<&'r str, u32>,
}

impl<'r> Numbers<'r> {
    fn glob(&mut self, asked: Option<&'r Globs>) -> u32 {
        let next = next(&self.globs);
        asked.map_or(0, |asked| *self.globs.entry(asked.patterns()).or_insert(next))
    }

    fn package(&mut self, asked: Option<&'r PackageUrl>) -> u32 {
        let next = next(&self.packages);
        asked.map_or(0, |asked| *self.packages.entry(asked.as_str()).or_insert(next))
    }
}

fn next<K>(known: &HashMap<K, u32>) -> u32 {
    u32::try_from(known.len()).unwrap_or(u32::MAX).saturating_add(1)
}

impl Requirement {
    fn of<'r>(rule: &'r Rule, numbers: &mut Numbers<'r>) -> Self {
        let when = &rule.when;
        // A severity alone covers vulnerabilities.
        let class = when.class.or(when.severity.map(|_| Class::Vulnerability));
        // A rule that lets pass covers what is for nothing else: see `Rule::unmet`.
        let nothing_else = match (rule.then, when.scope) {
            (Decision::Fail, _) | (_, None | Some(Scope::Runtime)) => 0,
            (_, Some(Scope::Dev | Scope::Build | Scope::Optional)) => 1,
        };
        Self {
            conditions: Conditions([
                code(&Class::ALL, class),
                code(&Fix::ALL, when.fix),
                code(&[true, false], when.known_exploited),
                code(&Scope::ALL, when.scope),
                nothing_else,
                code(&[true, false], when.direct),
                numbers.package(when.package.as_ref()),
                numbers.glob(when.path.as_ref()),
                numbers.glob(when.ref_name.as_ref()),
            ]),
            level: when
                .severity
                .map_or(0, |level| Level::ALL.iter().filter(|each| **each < level).count()),
            epss: when.epss.unwrap_or(f64::NEG_INFINITY),
        }
    }
}

/// The position of `asked` in `all`, from 1.
fn code<T: PartialEq>(all: &[T], asked: Option<T>) -> u32 {
    let place = asked.and_then(|asked| all.iter().position(|each| *each == asked));
    place
        .and_then(|place| u32::try_from(place).ok())
        .map_or(0, |place| place.saturating_add(1))
}
