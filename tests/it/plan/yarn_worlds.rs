//! Random worlds, each a small registry and a project that Yarn locked from it: a plan never breaks what holds, fixes whatever an exhaustive
//! search fixes inside of one's own ranges, moves one package alone where its lowest version without a flaw is enough, and is the same
//! on every run.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::plan::Manifests;
use lockkeeper::version::Distance;
use lockkeeper::version::range::RangeSyntax as _;
use lockkeeper::version::range::npm::Npm;
use proptest::prelude::*;

use super::npm_world::{Asked, World};
use super::npm_worlds::{Case, VERSIONS, case, name};
use super::yarn_world::{Keys, berry_lock, edited, keys_of, lock, package, project};

fn is_in(range: &str, version: &str) -> bool {
    Npm.contains(range, version).expect("a range")
}

fn range(key: &str) -> &str {
    key.split_once('@').expect("a range").1
}

/// The keys of what the project asks for.
fn own(needs: &str) -> Vec<String> {
    needs.split(", ").map(|need| need.replacen(' ', "@", 1)).collect()
}

/// The keys of what a version asks for.
fn asked_by(world: &World, key: &str, version: &str) -> Vec<String> {
    let needs = world.release(package(key), version).dependencies.iter();
    needs
        .map(|need| format!("{}@{}", need.name, need.range))
        .collect()
}

/// Locks what the project needs, each in the lowest version in range. `None` where something is not to be had.
fn install(world: &World, needs: &str) -> Option<Keys> {
    let mut keys = Keys::new();
    let mut open = own(needs);
    while let Some(key) = open.pop() {
        if keys.contains_key(&key) {
            continue;
        }
        let mut releases = world.releases.get(package(&key))?.iter();
        let release = releases.find(|release| is_in(range(&key), &release.version))?;
        open.extend(asked_by(world, &key, &release.version));
        keys.insert(key, release.version.to_string());
    }
    Some(keys)
}

/// Whatever is asked for is locked in range, and nothing else is.
fn holds(world: &World, needs: &str, keys: &Keys) -> bool {
    let mut open = own(needs);
    let mut seen = BTreeSet::new();
    while let Some(key) = open.pop() {
        let Some(version) = keys.get(&key).filter(|version| is_in(range(&key), version)) else {
            return false;
        };
        if seen.insert(key.clone()) {
            open.extend(asked_by(world, &key, version));
        }
    }
    seen.len() == keys.len()
}

/// Whether some version in the range of the key, not lower than the one that is locked, is without a flaw, with all that it needs.
fn is_possible(world: &World, asked: &Asked<'_>, before: &Keys, key: &str) -> bool {
    let name = package(key);
    let releases = world.releases.get(name).into_iter().flatten();
    let mut releases = releases.filter(|release| {
        is_in(range(key), &release.version)
            && !asked.is_affected(name, &release.version)
            && before.get(key).is_none_or(|locked| **locked <= *release.version)
    });
    releases.any(|release| {
        let needs = asked_by(world, key, &release.version);
        needs.iter().all(|need| is_possible(world, asked, before, need))
    })
}

/// Whose lockfile it is.
#[derive(Debug, Clone, Copy)]
enum Writer {
    Classic,
    /// A later Yarn, with the number of its lockfiles.
    Berry(u64),
}

impl Writer {
    /// The lockfile of a project that asks for `needs`; `before` is what was locked when the checksums of a later Yarn were written.
    fn lock(self, world: &World, needs: &str, keys: &Keys, before: &Keys) -> String {
        match self {
            Self::Classic => lock(world, keys),
            Self::Berry(number) => {
                let needs = own(needs);
                let mut needs: Vec<&str> = needs.iter().map(String::as_str).collect();
                needs.sort_unstable();
                berry_lock(world, keys, &[(".", "project", &needs)], before, number)
            }
        }
    }
}

fn check(case: &Case, writer: Writer) -> Result<(), TestCaseError> {
    let Case { world, needs, flaw } = case;
    let world = World::of(world);
    let before = install(&world, needs);
    prop_assume!(before.is_some());
    let before = before.expect("just asked");
    let flawed = name(flaw.0);
    let flaws = [(flawed.as_str(), VERSIONS[flaw.1])];
    let asked = Asked {
        flaws: &flaws,
        level: Distance::Major,
        manifests: Manifests::Keep,
    };
    prop_assume!(!asked.wishes_of_keys(&before).is_empty());
    let own_needs: BTreeMap<&str, &str> = needs
        .split(", ")
        .map(|need| need.split_once(' ').expect("a range"))
        .collect();
    let manifest =
        serde_json::json!({"name": "project", "version": "1.0.0", "dependencies": own_needs}).to_string();
    let files = project(&manifest, &writer.lock(&world, needs, &before, &before));

    let plan = asked.plan_yarn(&world, &files);
    let after = edited(&files, &plan).expect("the check accepts what the planner made");
    let now = keys_of(&after["yarn.lock"]);
    prop_assert!(holds(&world, needs, &now), "{case:?} {before:?} {now:?}");
    prop_assert_eq!(
        &after["yarn.lock"],
        &writer.lock(&world, needs, &now, &before),
        "it is as Yarn writes it"
    );
    prop_assert_eq!(&after["package.json"], &manifest);
    for (key, version) in &now {
        let name = package(key);
        let is_blocked = plan
            .blocked
            .iter()
            .any(|blocked| blocked.name == name && blocked.version == *version);
        prop_assert!(
            !asked.is_affected(name, version) || is_blocked,
            "{case:?} {key} {version}"
        );
    }
    let again = asked.plan_yarn(&world, &files);
    prop_assert_eq!(format!("{:?}", &plan), format!("{again:?}"));

    if own(needs)
        .iter()
        .all(|key| is_possible(&world, &asked, &before, key))
    {
        prop_assert!(plan.blocked.is_empty(), "{case:?} {before:?}: {:?}", plan.blocked);
    }
    // The one flawed key has a lowest version without a flaw that needs nothing new.
    let keys: Vec<&String> = before
        .keys()
        .filter(|key| asked.is_affected(package(key), &before[*key]))
        .collect();
    if let [key] = keys.as_slice() {
        let others = before.iter().any(|(other, version)| {
            package(other) == package(key) && other != *key && is_in(range(key), version)
        });
        let mut later = world.releases[package(key)].iter().filter(|release| {
            is_in(range(key), &release.version)
                && *release.version > *before[*key].as_str()
                && !asked.is_affected(package(key), &release.version)
        });
        let lowest = later.next();
        if let Some(lowest) = lowest.filter(|lowest| {
            !others
                && asked_by(&world, key, &lowest.version)
                    .iter()
                    .all(|need| before.contains_key(need))
        }) {
            prop_assert_eq!(&now[*key], &*lowest.version);
            for (other, version) in &now {
                prop_assert!(
                    other == *key || before.get(other) == Some(version),
                    "{case:?} {other} {version}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(super::worlds(400))]

    #[test]
    fn plans_of_yarn_hold_and_are_small(case in case()) {
        check(&case, Writer::Classic)?;
    }

    #[test]
    fn plans_of_later_ones_hold_and_are_small(case in case(), number in 4_u64..=10) {
        check(&case, Writer::Berry(number))?;
    }
}

/// Worlds in which the way out is another range of the same package, an older version of something new, or none.
#[test]
fn what_comes_in_is_not_what_leaves() {
    for (world, flaw) in [
        (
            "p0 1.0.0: p2 ~2.0.0\np0 1.0.1: p3 1.0.0\np2 2.0.0: p3 ^1.0.0\np3 1.0.0: \n",
            (3, 1),
        ),
        (
            "p0 1.0.0: p3 ^2.0.0\np0 1.1.0: p3 ^1.0.0\np3 1.0.1: \np3 2.1.0: p4 ^1.0.0\np4 1.1.0: \n",
            (4, 3),
        ),
        (
            "p0 1.0.1: p3 ~1.0.1\np0 1.1.0: p2 ^1.0.0\np2 1.0.1: \np2 1.1.0: p3 ~1.0.1\np3 1.0.1: p4 ^1.0.0\np4 1.1.0: \n",
            (3, 2),
        ),
        (
            "p0 1.0.0: p2 ^1.0.1\np0 1.0.1: p2 ^1.0.0\np2 1.0.0: \np2 1.0.1: p3 ~1.0.0\np3 1.0.1: \n",
            (3, 2),
        ),
        (
            "p0 1.0.1: p2 ^2.1.0, p4 ^1.0.0\np0 1.1.0: p2 ^1.0.0\np2 1.1.0: p4 ^1.0.1\np2 2.1.0: p4 ~1.0.1\np4 1.0.0: \np4 1.0.1: \n",
            (4, 2),
        ),
        (
            "p0 1.0.0: p2 ^1.0.0, p3 ~1.0.1\np0 1.0.1: p2 ^2.0.0\np2 1.0.1: p3 1.0.1\np2 2.0.0: \np2 2.1.0: p3 ~1.0.1\np3 1.0.1: p4 ~1.0.0\np4 1.0.1: \n",
            (4, 2),
        ),
    ] {
        let case = Case {
            world: world.to_owned(),
            needs: "p0 ^1.0.0".to_owned(),
            flaw,
        };
        for writer in [Writer::Classic, Writer::Berry(6), Writer::Berry(10)] {
            if let Err(error) = check(&case, writer) {
                panic!("{writer:?} {error}");
            }
        }
    }
}
