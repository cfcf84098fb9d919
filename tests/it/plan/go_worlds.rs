//! Random worlds of Go modules, each with a project: a plan takes the lowest versions that an exhaustive search finds, lists whatever
//! `go mod tidy` lists with every source before it, and is the same on every run.

use std::collections::BTreeMap;

use lockkeeper::lockfile::go_mod::file::GoModFile;
use lockkeeper::plan::Manifests;
use lockkeeper::version::Distance;
use proptest::prelude::*;

use super::go_world::{Asked, Files, World, edited, tidy};

const MODULES: usize = 5;
const VERSIONS: [&str; 4] = ["v1.0.0", "v1.0.1", "v1.1.0", "v1.2.0"];

fn name(number: usize) -> String {
    format!("m{number}.example/m")
}

/// What a package imports: the module, its package (0 or 1), and the version that its module asks for; by tests alone or not.
type Import = (usize, usize, usize, bool);

/// Of each module, each version, its two packages.
type Sources = Vec<Vec<[Vec<Import>; 2]>>;

fn sources() -> impl Strategy<Value = Sources> {
    let import = (
        0..MODULES,
        0..2_usize,
        0..VERSIONS.len(),
        prop::bool::weighted(0.25),
    );
    let package = prop::collection::vec(import, 0..3);
    let version = [package.clone(), package];
    prop::collection::vec(prop::collection::vec(version, VERSIONS.len()), MODULES)
}

fn package(module: usize, number: usize) -> String {
    match number {
        0 => name(module),
        _ => format!("{}/p", name(module)),
    }
}

/// Modules import only those of higher numbers, each with the `go.mod` that tidy writes for it.
fn world(sources: &Sources) -> World {
    let mut world = World::default();
    for (module, versions) in sources.iter().enumerate().rev() {
        for (version, packages) in VERSIONS.iter().zip(versions) {
            let own = |number: usize| packages[number].iter().filter(move |import| import.0 > module);
            let all: Vec<&Import> = own(0).chain(own(1)).collect();
            let mut roots: BTreeMap<String, String> = BTreeMap::new();
            for (needed, _, at, _) in &all {
                let known = roots
                    .entry(name(*needed))
                    .or_insert_with(|| VERSIONS[*at].to_owned());
                if known.as_str() < VERSIONS[*at] {
                    *known = VERSIONS[*at].to_owned();
                }
            }
            let imports: Vec<String> = all
                .iter()
                .map(|(needed, part, _, _)| package(*needed, *part))
                .collect();
            let imports: Vec<&str> = imports.iter().map(String::as_str).collect();
            let tidied = tidy(&world, "1.21.0", &imports, &roots).file;
            let lines = tidied
                .split_once("\n\n")
                .expect("a go line")
                .1
                .trim_end()
                .to_owned();
            let written = |number: usize| -> Vec<String> {
                let imports = own(number).map(|(needed, part, _, is_test)| {
                    format!(
                        "{}{}",
                        if *is_test { "test:" } else { "" },
                        package(*needed, *part)
                    )
                });
                imports.collect()
            };
            let (root, below) = (written(0), written(1));
            let root: Vec<&str> = root.iter().map(String::as_str).collect();
            let below: Vec<&str> = below.iter().map(String::as_str).collect();
            world.add(&name(module), version, &lines, &[("", &root), ("p", &below)]);
        }
    }
    world
}

fn listed(files: &Files) -> BTreeMap<String, (String, bool)> {
    let file = GoModFile::read(&files.file).expect("a go.mod");
    file.requires
        .into_iter()
        .map(|line| (line.path, (line.version.text, line.indirect)))
        .collect()
}

/// The versions of what is listed, by trying them all: the flawed module at its lowest version without a flaw, everything finds what it
/// asks for, and whatever was raised is at a version that something asks for.
fn searched(
    world: &World,
    before: &BTreeMap<String, (String, bool)>,
    asked: &Asked<'_>,
) -> Vec<BTreeMap<String, String>> {
    let names: Vec<&String> = before.keys().collect();
    let choices: Vec<Vec<&str>> = names
        .iter()
        .map(|name| {
            let own = before[*name].0.as_str();
            let later = VERSIONS.iter().copied().filter(|version| *version >= own);
            let good: Vec<&str> = later
                .filter(|version| !asked.is_affected(name, version))
                .collect();
            match asked.is_affected(name, own) {
                true => good.into_iter().take(1).collect(),
                false => good,
            }
        })
        .collect();
    let mut found = Vec::new();
    let mut numbers = vec![0; names.len()];
    loop {
        let chosen: BTreeMap<String, String> = names
            .iter()
            .zip(&numbers)
            .zip(&choices)
            .map(|((name, number), choices)| ((*name).clone(), choices[*number].to_owned()))
            .collect();
        let asks: Vec<(String, String)> = chosen
            .iter()
            .flat_map(|(name, version)| world.file(name, version).requires)
            .map(|line| (line.path, line.version.text))
            .collect();
        let holds = asks
            .iter()
            .all(|(path, version)| chosen.get(path).is_none_or(|has| has >= version));
        let is_wanted = |(name, version): (&String, &String)| {
            let own = &before[name].0;
            version == own || asked.is_affected(name, own) || asks.contains(&(name.clone(), version.clone()))
        };
        if holds && chosen.iter().all(is_wanted) {
            found.push(chosen);
        }
        let next = numbers
            .iter()
            .zip(&choices)
            .position(|(number, choices)| number + 1 < choices.len());
        let Some(next) = next else { return found };
        numbers[next] += 1;
        numbers[..next].fill(0);
    }
}

proptest! {
    #![proptest_config(super::worlds(300))]

    #[test]
    fn plans_are_minimal_and_whole(
        sources in sources(),
        own in prop::collection::vec((0..3_usize, 0..2_usize, 0..2_usize), 1..3),
        flawed in 0..MODULES,
        fixed in 1..VERSIONS.len(),
    ) {
        let world = world(&sources);
        let imports: Vec<String> = own.iter().map(|(module, part, _)| package(*module, *part)).collect();
        let imports: Vec<&str> = imports.iter().map(String::as_str).collect();
        let roots = own.iter().map(|(module, _, at)| (name(*module), VERSIONS[*at].to_owned())).collect();
        let files = tidy(&world, "1.23.0", &imports, &roots);
        let before = listed(&files);
        let flawed = name(flawed);
        let flaws = [(flawed.as_str(), VERSIONS[fixed])];
        let asked = Asked { flaws: &flaws, level: Distance::Major, manifests: Manifests::Change, published_before: None, imports: None };
        prop_assume!(before.iter().any(|(name, (version, _))| asked.is_affected(name, version)));

        let (plan, _) = asked.plan(&world, &files);
        prop_assert!(plan.blocked.is_empty(), "{:?}", plan.blocked);
        let done = edited(&files, &plan).unwrap_or_else(|refused| panic!("{refused} {files:?} {plan:?}"));
        let after = listed(&done);
        let (again, _) = asked.plan(&world, &files);
        prop_assert_eq!(format!("{plan:?}"), format!("{again:?}"));

        // Requirements are in no circle here, so that one choice is left.
        let found = searched(&world, &before, &asked);
        let [lowest] = found.as_slice() else { panic!("{found:?}") };
        for (path, (version, indirect)) in &after {
            match before.get(path) {
                Some((_, was_indirect)) => {
                    // What comes in may ask for more than what was there.
                    let is_new = after.keys().any(|path| !before.contains_key(path));
                    prop_assert!(*version == lowest[path] || is_new && *version > lowest[path], "{path} {version}");
                    prop_assert_eq!(indirect, was_indirect);
                }
                None => prop_assert!(*indirect),
            }
        }

        // What `go get` and `go mod tidy` make of it. What is listed besides may raise more.
        let mut raised: BTreeMap<String, String> =
            before.iter().map(|(path, (version, _))| (path.clone(), version.clone())).collect();
        raised.insert(flawed.clone(), VERSIONS[fixed].to_owned());
        let expected = tidy(&world, "1.23.0", &imports, &raised);
        let wanted = listed(&expected);
        let is_alike = after.keys().eq(wanted.keys());
        for (path, (version, indirect)) in &wanted {
            let (own, own_indirect) = after.get(path).unwrap_or_else(|| panic!("{path} of {wanted:?}"));
            prop_assert_eq!(own_indirect, indirect);
            prop_assert!(own == version || !is_alike && own > version, "{path} {own} of {wanted:?}");
        }
        if after == wanted {
            for line in expected.sums.lines() {
                prop_assert!(done.sums.lines().any(|own| own == line), "{line} is missing in {}", &done.sums);
            }
        }
        // With the project's sources it is the same to the byte.
        let exact = Asked { imports: Some(&imports), ..asked };
        let (plan, _) = exact.plan(&world, &files);
        let own = edited(&files, &plan).unwrap_or_else(|refused| panic!("{refused} {files:?} {plan:?}"));
        prop_assert_eq!(own, expected);
    }
}

/// A package of a module that stays is imported by tests of another module alone, once that has moved: what the package imports
/// leaves the list, as `go mod tidy` has it.
#[test]
fn what_only_tests_of_other_modules_still_lead_to_leaves_the_list() {
    let go = "go 1.21.0";
    let mut world = World::default();
    world.add("leaf.example/m", "v1.0.0", go, &[("", &[])]);
    world.add("stays.example/m", "v1.0.0", go, &[("", &[]), ("p", &[])]);
    let asks = format!("{go}\n\nrequire leaf.example/m v1.0.0");
    world.add(
        "stays.example/m",
        "v1.0.1",
        &asks,
        &[("", &["leaf.example/m"]), ("p", &[])],
    );
    let asks = format!("{go}\n\nrequire stays.example/m v1.0.1\n\nrequire leaf.example/m v1.0.0 // indirect");
    world.add("moves.example/m", "v1.0.0", &asks, &[("p", &["stays.example/m"])]);
    let asks = format!("{go}\n\nrequire stays.example/m v1.0.0");
    world.add(
        "moves.example/m",
        "v1.1.0",
        &asks,
        &[("p", &["test:stays.example/m"])],
    );

    let imports = ["moves.example/m/p", "stays.example/m/p"];
    let roots = |version: &str| {
        BTreeMap::from([
            ("moves.example/m".to_owned(), version.to_owned()),
            ("stays.example/m".to_owned(), "v1.0.1".to_owned()),
        ])
    };
    let files = tidy(&world, "1.23.0", &imports, &roots("v1.0.0"));
    assert!(
        files.file.contains("leaf.example/m v1.0.0 // indirect"),
        "{}",
        files.file
    );
    let asked = Asked {
        flaws: &[("moves.example/m", "v1.1.0")],
        level: Distance::Major,
        manifests: Manifests::Change,
        published_before: None,
        imports: Some(&imports),
    };
    let (plan, _) = asked.plan(&world, &files);
    let done = edited(&files, &plan).expect("an edit");
    assert_eq!(done, tidy(&world, "1.23.0", &imports, &roots("v1.1.0")));
    assert!(!done.file.contains("leaf.example"), "{}", done.file);
}
