//! Random worlds, each a small repository and a project that Composer locked from it: a plan never breaks what holds, fixes whatever an
//! exhaustive search fixes, changes as few locked versions as that, and is the same on every run.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::plan::Manifests;
use lockkeeper::version::Distance;
use lockkeeper::version::range::RangeSyntax as _;
use lockkeeper::version::range::packagist::Packagist;
use proptest::prelude::*;

use super::composer_world::{Files, Held, Said, Table, Wanted, World, edited};

const NAMES: [&str; 5] = ["a/a", "a/b", "a/c", "a/d", "a/e"];
const VERSIONS: [&str; 3] = ["1.0.0", "1.1.0", "2.0.0"];
const RANGES: [&str; 6] = ["*", "^1.0", "^1.1", ">=1.1", "^2.0", "1.0.* || ^2.0"];

/// What each version of each package says: needs, what it refuses, and what it replaces, each by the number of a name and of a range.
type Words = Vec<(Vec<(usize, usize)>, Option<(usize, usize)>, Option<usize>)>;

#[derive(Debug, Clone)]
struct Case {
    words: Words,
    own: Vec<(usize, usize)>,
    dev: Vec<(usize, usize)>,
    flaw: (usize, usize),
}

fn case() -> impl Strategy<Value = Case> {
    let link = || (0..NAMES.len(), 0..RANGES.len());
    let said = (
        prop::collection::vec(link(), 0..3),
        prop::option::weighted(0.12, link()),
        prop::option::weighted(0.06, 0..NAMES.len()),
    );
    (
        prop::collection::vec(said, NAMES.len() * VERSIONS.len()),
        prop::collection::vec(link(), 1..3),
        prop::collection::vec(link(), 0..2),
        (0..NAMES.len(), 1..VERSIONS.len()),
    )
        .prop_map(|(words, own, dev, flaw)| Case {
            words,
            own,
            dev,
            flaw,
        })
}

fn table(links: &[(usize, usize)], but: &str) -> Table {
    let links = links.iter().map(|(name, range)| (NAMES[*name], RANGES[*range]));
    links
        .filter(|(name, _)| *name != but)
        .map(|(name, range)| (name.to_owned(), range.to_owned()))
        .collect()
}

fn world(case: &Case) -> World {
    let mut world = World::default();
    for (number, (needs, refused, replaced)) in case.words.iter().enumerate() {
        let name = NAMES[number / VERSIONS.len()];
        let replaced = replaced
            .iter()
            .map(|other| NAMES[*other])
            .filter(|other| *other != name);
        let refused: Vec<(usize, usize)> = refused.iter().copied().collect();
        let said = Said {
            require: table(needs, name),
            conflict: table(&refused, name),
            replace: replaced
                .map(|other| (other.to_owned(), "self.version".to_owned()))
                .collect(),
        };
        world.add(name, VERSIONS[number % VERSIONS.len()], said);
    }
    world
}

fn is_in(range: &str, version: &str) -> bool {
    Packagist.contains(range, version).expect("a range")
}

/// One version of each of some packages.
type Set = BTreeMap<&'static str, &'static str>;

fn said<'w>(world: &'w World, name: &str, version: &str) -> &'w Said {
    &world.said[name][version]
}

/// Who in the set is `name`, in the range.
fn meeting(world: &World, set: &Set, name: &str, range: &str) -> Vec<&'static str> {
    let meets = |(own, version): &(&&'static str, &&'static str)| {
        (**own == name && is_in(range, version))
            || (said(world, own, version).replace.contains_key(name) && is_in(range, version))
    };
    set.iter().filter(meets).map(|(own, _)| *own).collect()
}

/// What the needs lead to; `None` where one is not met.
fn reached(world: &World, set: &Set, own: &[&Table]) -> Option<BTreeSet<&'static str>> {
    let mut open: Vec<(&String, &String)> = own.iter().flat_map(|table| table.iter()).collect();
    let mut reached = BTreeSet::new();
    while let Some((name, range)) = open.pop() {
        let found = meeting(world, set, name, range);
        if found.is_empty() {
            return None;
        }
        for one in set.keys() {
            let is_one = **one == **name || said(world, one, set[one]).replace.contains_key(name);
            if is_one && reached.insert(*one) {
                open.extend(&said(world, one, set[one]).require);
            }
        }
    }
    Some(reached)
}

/// Whatever is needed is there, nothing else is, and nothing stands beside what it refuses.
fn holds(world: &World, set: &Set, own: &[&Table]) -> bool {
    let together = |one: &str, other: &str| {
        let said = said(world, one, set[one]);
        let version = set[other];
        let refuses = said
            .conflict
            .get(other)
            .is_some_and(|range| is_in(range, version));
        // What replaces another one is refused in its place.
        let stands = self::said(world, other, version)
            .replace
            .keys()
            .any(|name| said.conflict.get(name).is_some_and(|range| is_in(range, version)));
        let both = self::said(world, other, version)
            .replace
            .keys()
            .any(|name| said.replace.contains_key(name));
        !refuses && !stands && !both && !said.replace.contains_key(other)
    };
    let beside = set.keys().all(|one| {
        let mut others = set.keys().filter(|other| *other != one);
        others.all(|other| together(one, other))
    });
    beside && reached(world, set, own).is_some_and(|reached| reached.len() == set.len())
}

/// Every choice of versions.
fn sets() -> Vec<Set> {
    let mut sets = vec![Set::new()];
    for name in NAMES {
        let mut more = Vec::new();
        for set in &sets {
            more.push(set.clone());
            for version in VERSIONS {
                let mut with = set.clone();
                with.insert(name, version);
                more.push(with);
            }
        }
        sets = more;
    }
    sets
}

fn check(case: &Case) -> Result<(), TestCaseError> {
    let world = world(case);
    let (own, dev) = (table(&case.own, ""), table(&case.dev, ""));
    let dev: Table = dev
        .into_iter()
        .filter(|(name, _)| !own.contains_key(name))
        .collect();
    let all = sets();
    let possible: Vec<&Set> = all
        .iter()
        .filter(|set| holds(&world, set, &[&own, &dev]))
        .collect();
    let (flawed, fixed) = (NAMES[case.flaw.0], VERSIONS[case.flaw.1]);
    let flaws = [(flawed, fixed)];
    let wanted = Wanted {
        flaws: &flaws,
        manifests: Manifests::Keep,
        level: Distance::Major,
    };
    // The first choice that has the flaw was locked.
    let before = possible.iter().find(|set| {
        set.get(flawed)
            .is_some_and(|version| wanted.is_affected(flawed, version))
    });
    prop_assume!(before.is_some());
    let before: &Set = before.expect("just asked");
    let runs = reached(&world, before, &[&own]).expect("it holds");
    let held = |set: &Set, runs: &BTreeSet<&str>| -> Held {
        let held = set.iter();
        held.map(|(name, version)| ((*name).to_owned(), ((*version).to_owned(), !runs.contains(name))))
            .collect()
    };
    let files = Files {
        manifest: serde_json::json!({"require": own, "require-dev": dev}).to_string(),
        lock: world.lock(&held(before, &runs)),
    };
    let plan = wanted.plan(&world, &files);
    let after = edited(&files, &plan);
    let after = after.map_err(|refused| TestCaseError::fail(format!("{case:?} {before:?}: {refused}")))?;
    let now = World::held(&after.lock);
    let set: Set = NAMES
        .into_iter()
        .filter_map(|name| {
            let (version, _) = now.get(name)?;
            Some((name, VERSIONS.into_iter().find(|known| known == version)?))
        })
        .collect();
    prop_assert!(holds(&world, &set, &[&own, &dev]), "{case:?} {before:?} {set:?}");
    let runs = reached(&world, &set, &[&own]).expect("it holds");
    prop_assert_eq!(
        &after.lock,
        &world.lock(&held(&set, &runs)),
        "it is as Composer writes it"
    );
    prop_assert_eq!(&after.manifest, &files.manifest);

    let changes = |set: &Set| {
        let kept = set.iter().filter(|(name, _)| before.contains_key(*name));
        kept.filter(|(name, version)| before.get(*name) != Some(version))
            .count()
    };
    let is_later = |set: &&&Set| {
        set.iter().all(|(name, version)| match before.get(name) {
            Some(locked) => version == locked || (version > locked && !wanted.is_affected(name, version)),
            None => !wanted.is_affected(name, version),
        })
    };
    // Nothing is taken for that alone that it stands in the place of another: something asks for it by its name, and what was locked is
    // not exchanged for it.
    let is_asked_for = |set: &&&Set| {
        let changed = set
            .iter()
            .filter(|(name, version)| before.get(*name) != Some(*version));
        let asks = |name: &str, by: &str| said(&world, by, set[by]).require.contains_key(name);
        changed.into_iter().all(|(name, version)| {
            let mut replaced = said(&world, name, version).replace.keys();
            let is_exchanged = |other: &String| before.contains_key(&**other) && !set.contains_key(&**other);
            let is_named = own.contains_key(*name) || dev.contains_key(*name);
            !replaced.any(is_exchanged) && (is_named || set.keys().any(|by| asks(name, by)))
        })
    };
    let is_fixed = |set: &&&Set| {
        set.get(flawed)
            .is_some_and(|version| !wanted.is_affected(flawed, version))
    };
    let fewest = possible
        .iter()
        .filter(is_later)
        .filter(is_fixed)
        .filter(is_asked_for)
        .map(|set| changes(set))
        .min();
    match fewest {
        Some(fewest) => {
            prop_assert!(plan.blocked.is_empty(), "{case:?} {before:?}: {:?}", plan.blocked);
            prop_assert!(changes(&set) <= fewest, "{case:?} {before:?} {set:?}: {fewest}");
        }
        None => {
            let is_left = set
                .get(flawed)
                .is_some_and(|version| wanted.is_affected(flawed, version));
            prop_assert_eq!(
                is_left,
                !plan.blocked.is_empty(),
                "{:?} {:?} {:?}",
                case,
                before,
                set
            );
        }
    }
    let again = wanted.plan(&world, &files);
    prop_assert_eq!(format!("{plan:?}"), format!("{again:?}"));
    Ok(())
}

proptest! {
    #![proptest_config(super::worlds(40))]

    #[test]
    fn composer_plans_hold(case in case()) {
        check(&case)?;
    }
}
