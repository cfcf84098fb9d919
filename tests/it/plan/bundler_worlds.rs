//! Random worlds, each a small registry of gems and a bundle that was locked from it: a plan never breaks what holds, fixes whatever an
//! exhaustive search fixes, moves nothing that could have stayed, and is the same on every run.

use std::collections::BTreeSet;

use lockkeeper::plan::Manifests;
use lockkeeper::version::Distance;
use lockkeeper::version::range::RangeSyntax as _;
use lockkeeper::version::range::rubygems::Rubygems;
use proptest::prelude::*;

use super::bundler_world::{Asked, Versions, World, edited, lock, project, versions_of};
use super::worlds;

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const VERSIONS: [&str; 4] = ["1.0", "1.1", "2.0", "2.1"];
const RANGES: [&str; 8] = [
    ">= 0",
    "~> 1.0",
    "~> 2.0",
    "= 1.0",
    ">= 1.1",
    "< 2",
    "~> 2.1",
    ">= 1.0 & < 2.1",
];

#[derive(Debug, Clone)]
struct Case {
    world: String,
    roots: Vec<(usize, usize)>,
    platforms: Vec<&'static str>,
    flaws: Vec<(usize, usize)>,
    has_checksums: bool,
    /// Which of the ways to lock it is taken.
    choice: usize,
}

fn needs() -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..NAMES.len(), 0..RANGES.len()), 0..3)
}

fn case() -> impl Strategy<Value = Case> {
    let release = (needs(), proptest::option::weighted(0.2, needs()), 0..10_usize);
    let gem = proptest::collection::vec(release, VERSIONS.len());
    let world = proptest::collection::vec(gem, NAMES.len());
    let roots = proptest::collection::vec((0..NAMES.len(), 0..RANGES.len()), 1..3);
    let platforms = prop_oneof![
        Just(vec!["ruby"]),
        Just(vec!["x86_64-linux"]),
        Just(vec!["ruby", "x86_64-linux"])
    ];
    let flaws = proptest::collection::vec((0..NAMES.len(), 0..VERSIONS.len()), 1..3);
    (world, roots, platforms, flaws, any::<bool>(), any::<usize>()).prop_map(
        |(world, roots, platforms, flaws, has_checksums, choice)| {
            let mut text = String::new();
            for (name, releases) in NAMES.iter().zip(&world) {
                for (version, (own, native, kind)) in VERSIONS.iter().zip(releases) {
                    let needs = |needs: &[(usize, usize)]| {
                        let mut seen = BTreeSet::new();
                        let mut needs: Vec<String> = needs
                            .iter()
                            .filter(|(other, _)| NAMES[*other] != *name && seen.insert(*other))
                            .map(|(other, range)| format!("{} {}", NAMES[*other], RANGES[*range]))
                            .collect();
                        needs.sort();
                        needs.join(", ")
                    };
                    // Some versions are for one platform alone, some are not there.
                    if *kind > 1 {
                        text.push_str(&format!("{name} {version}: {}\n", needs(own)));
                    }
                    if let Some(native) = native {
                        text.push_str(&format!("{name} {version}-x86_64-linux: {}\n", needs(native)));
                    }
                }
            }
            Case {
                world: text,
                roots,
                platforms,
                flaws,
                has_checksums,
                choice,
            }
        },
    )
}

fn is_in(range: &str, version: &str) -> bool {
    Rubygems.contains(range, version).expect("a range")
}

/// Every version is there for the platforms that have to have one, every need is met, and nothing is there without need.
fn holds(world: &World, roots: &[(&str, &str)], versions: &Versions, platforms: &[&str]) -> bool {
    let is_met = |name: &str, range: &str| versions.get(name).is_some_and(|version| is_in(range, version));
    let mut open: Vec<&str> = Vec::new();
    for (name, range) in roots {
        if !is_met(name, range) {
            return false;
        }
        let version = &versions[*name];
        // What the project asks for is there for every platform.
        if platforms
            .iter()
            .any(|platform| world.locked(name, version, &[platform]).is_empty())
        {
            return false;
        }
        open.push(name);
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        if world.locked(name, &versions[name], platforms).is_empty() {
            return false;
        }
        for need in world.needs(name, &versions[name], platforms) {
            if !is_met(&need.name, &need.range) {
                return false;
            }
            open.push(NAMES.iter().find(|known| **known == need.name).expect("a name"));
        }
    }
    seen.len() == versions.len()
}

/// Every way to lock it.
fn all(world: &World, roots: &[(&str, &str)], platforms: &[&str]) -> Vec<Versions> {
    let mut found = Vec::new();
    let mut open = vec![(0, Versions::new())];
    while let Some((at, versions)) = open.pop() {
        let Some(name) = NAMES.get(at) else {
            if holds(world, roots, &versions, platforms) {
                found.push(versions);
            }
            continue;
        };
        for release in world.releases.get(*name).into_iter().flatten() {
            let mut next = versions.clone();
            next.insert((*name).to_owned(), release.version.to_string());
            open.push((at + 1, next));
        }
        open.push((at + 1, versions));
    }
    found.sort();
    found
}

/// The platforms for which a version is there.
fn covered(world: &World, name: &str, version: &str, platforms: &[&'static str]) -> Vec<&'static str> {
    let is_there = |platform: &&&'static str| !world.locked(name, version, &[**platform]).is_empty();
    platforms.iter().filter(is_there).copied().collect()
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let world = World::of(&case.world);
    let mut roots: Vec<(&str, String)> = Vec::new();
    for (name, range) in &case.roots {
        if roots.iter().all(|(known, _)| *known != NAMES[*name]) {
            roots.push((NAMES[*name], RANGES[*range].replace(" & ", ", ")));
        }
    }
    roots.sort();
    let roots: Vec<(&str, &str)> = roots
        .iter()
        .map(|(name, range)| (*name, range.as_str()))
        .collect();
    let ways = all(&world, &roots, &case.platforms);
    prop_assume!(!ways.is_empty());
    let before = &ways[case.choice % ways.len()];
    let flaws: Vec<(&str, &str)> = case
        .flaws
        .iter()
        .map(|(name, version)| (NAMES[*name], VERSIONS[*version]))
        .collect();
    let asked = Asked {
        flaws: &flaws,
        level: Distance::Major,
        manifests: Manifests::Keep,
    };
    prop_assume!(!asked.wishes(before).is_empty());
    let files = project(
        &roots,
        &lock(&world, &roots, before, &case.platforms, case.has_checksums),
    );

    let plan = asked.plan(&world, &files);
    let after = edited(&files, &plan).expect("the check accepts what the planner made");
    let now = versions_of(&after["Gemfile.lock"]);
    prop_assert!(
        holds(&world, &roots, &now, &case.platforms),
        "{case:?} {before:?} {now:?}"
    );
    prop_assert_eq!(
        &after["Gemfile.lock"],
        &lock(&world, &roots, &now, &case.platforms, case.has_checksums),
        "it is as Bundler writes it"
    );
    prop_assert_eq!(&after["Gemfile"], &files["Gemfile"]);
    for (name, version) in &now {
        let is_blocked = plan.blocked.iter().any(|blocked| blocked.name == *name);
        prop_assert!(
            !asked.is_affected(name, version) || is_blocked,
            "{case:?} {name} {version}"
        );
        let is_back = before.get(name).is_some_and(|locked| locked > version);
        prop_assert!(!is_back, "{case:?} {name} goes back to {version}");
    }
    let again = asked.plan(&world, &files);
    prop_assert_eq!(format!("{:?}", &plan), format!("{again:?}"));

    let is_solution = |way: &&Versions| {
        way.iter().all(|(name, version)| {
            let is_no_way_back = before.get(name).is_none_or(|locked| locked <= version);
            // What is for a platform stays for it.
            let is_covered = before.get(name).is_none_or(|locked| {
                let old = covered(&world, name, locked, &case.platforms);
                let new = covered(&world, name, version, &case.platforms);
                old.iter().all(|platform| new.contains(platform))
            });
            is_no_way_back && is_covered && !asked.is_affected(name, version)
        })
    };
    if ways.iter().any(|way| is_solution(&way)) {
        prop_assert!(plan.blocked.is_empty(), "{case:?} {before:?}: {:?}", plan.blocked);
    }
    // Nothing moved that could have stayed.
    for (name, version) in &now {
        let Some(locked) = before.get(name).filter(|locked| *locked != version) else {
            continue;
        };
        if asked.is_affected(name, locked) {
            continue;
        }
        let mut back = now.clone();
        back.insert(name.clone(), locked.clone());
        prop_assert!(
            !holds(&world, &roots, &back, &case.platforms),
            "{case:?} {before:?} {now:?}: {name} could have stayed"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(worlds(400))]

    #[test]
    fn what_can_be_fixed_is_fixed(case in case()) {
        check(&case)?;
    }
}
