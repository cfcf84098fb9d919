//! Random worlds, each a small registry and a project that was installed from it: a plan never breaks what holds, fixes
//! whatever an exhaustive search fixes by other versions in the folders that are there, moves one package alone where its lowest
//! version without a flaw is enough, and is the same on every run.

use std::collections::BTreeMap;

use lockkeeper::lockfile::package_lock::installed::installed;
use lockkeeper::model::RequirementKind;
use lockkeeper::plan::{EntryEdit, Manifests, Plan};
use lockkeeper::version::Distance;
use lockkeeper::version::range::RangeSyntax as _;
use lockkeeper::version::range::npm::Npm;
use proptest::prelude::*;

use super::npm_world::{Asked, World, edited, edited_beside, in_version, lock, manifest_of};

const PACKAGES: usize = 5;
pub(super) const VERSIONS: [&str; 5] = ["1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.1.0"];

/// A world and a project.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) world: String,
    pub(super) needs: String,
    pub(super) flaw: (usize, usize),
}

pub(super) fn name(number: usize) -> String {
    format!("p{number}")
}

/// Packages need only those of higher numbers, so that none needs itself.
pub(super) fn case() -> impl Strategy<Value = Case> {
    let range = (0..VERSIONS.len(), 0..3_usize).prop_map(|(version, form)| {
        let operator = ["^", "~", ""][form];
        format!("{operator}{}", VERSIONS[version])
    });
    let needs = prop::collection::vec((0..PACKAGES, range.clone()), 0..3);
    let releases = prop::collection::vec(
        prop::collection::vec(prop::option::weighted(0.8, needs), VERSIONS.len()),
        PACKAGES,
    );
    let own = prop::collection::vec((0..2_usize, range), 1..3);
    (releases, own, 0..PACKAGES, 1..VERSIONS.len()).prop_map(|(releases, own, flawed, fixed)| {
        let mut world = String::new();
        for (number, versions) in releases.iter().enumerate() {
            for (version, needs) in VERSIONS.iter().zip(versions) {
                let Some(needs) = needs else { continue };
                let needs: BTreeMap<usize, &String> = needs
                    .iter()
                    .filter(|(needed, _)| *needed > number)
                    .map(|(needed, range)| (*needed, range))
                    .collect();
                let needs: Vec<String> = needs
                    .iter()
                    .map(|(needed, range)| format!("{} {range}", name(*needed)))
                    .collect();
                world.push_str(&format!("{} {version}: {}\n", name(number), needs.join(", ")));
            }
        }
        let own: BTreeMap<usize, &String> = own.iter().map(|(number, range)| (*number, range)).collect();
        let needs: Vec<String> = own
            .iter()
            .map(|(number, range)| format!("{} {range}", name(*number)))
            .collect();
        Case {
            world,
            needs: needs.join(", "),
            flaw: (flawed, fixed),
        }
    })
}

/// The same with packages that need one of a lower number beside them: a plugin and its host.
fn case_with_peers() -> impl Strategy<Value = Case> {
    let peers = prop::collection::vec((1..PACKAGES, 0..PACKAGES, 0..VERSIONS.len(), 0..3_usize), 1..5);
    (case(), peers).prop_map(|(case, peers)| {
        let lines = case.world.lines().enumerate().map(|(at, line)| {
            let mut line = line.to_owned();
            for (plugin, host, version, form) in &peers {
                let host = name(host % plugin);
                let is_of_plugin = line.starts_with(&format!("{} ", name(*plugin)));
                if !is_of_plugin || line.contains(&host) || (at + version) % 3 == 0 {
                    continue;
                }
                // A plugin's major version follows its host's.
                let major = if line.contains(" 2.") { "2.0.0" } else { "1.0.0" };
                let range = [
                    format!("^{major}"),
                    format!("~{}", VERSIONS[*version]),
                    ">=1.0.0".to_owned(),
                ];
                let comma = if line.ends_with(": ") { "" } else { ", " };
                line.push_str(&format!("{comma}peer {host} {}", range[*form]));
            }
            line + "\n"
        });
        Case {
            world: lines.collect(),
            ..case
        }
    })
}

/// Installs what the project needs, each in the lowest version in range: at the top, else below its dependent. `None` where
/// something is not to be had.
fn install(world: &World, needs: &str) -> Option<String> {
    let mut folders: BTreeMap<String, String> = BTreeMap::new();
    let own = needs
        .split(", ")
        .map(|need| need.split_once(' ').expect("a range"));
    let mut open: Vec<(String, String, String)> = own
        .map(|(name, range)| (String::new(), name.to_owned(), range.to_owned()))
        .collect();
    while let Some((from, name, range)) = open.pop() {
        if find(&folders, &from, &name)
            .is_some_and(|(_, version)| Npm.contains(&range, version).expect("a range"))
        {
            continue;
        }
        let releases = world.releases.get(&name)?;
        let release = releases
            .iter()
            .find(|release| Npm.contains(&range, &release.version).expect("a range"))?;
        let place = match folders.contains_key(&name) {
            false => name.clone(),
            true => format!("{from}/{name}"),
        };
        if place.starts_with('/') {
            return None;
        }
        folders.insert(place.clone(), release.version.to_string());
        let brought = release
            .dependencies
            .iter()
            .filter(|need| need.kind != RequirementKind::Peer);
        for need in brought {
            open.push((place.clone(), need.name.to_string(), need.range.to_string()));
        }
    }
    let folders: Vec<String> = folders
        .iter()
        .map(|(place, version)| format!("{place}@{version}"))
        .collect();
    Some(folders.join(", "))
}

pub(super) fn find<'f>(
    folders: &'f BTreeMap<String, String>,
    from: &str,
    name: &str,
) -> Option<(&'f String, &'f String)> {
    let mut at = Some(from);
    while let Some(folder) = at {
        let place = match folder {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        };
        if let Some(found) = folders.get_key_value(&place) {
            return Some(found);
        }
        at = match folder {
            "" => None,
            folder => Some(folder.rsplit_once('/').map_or("", |(above, _)| above)),
        };
    }
    None
}

/// Everything that is needed is found in range.
pub(super) fn holds(world: &World, needs: &str, folders: &BTreeMap<String, String>) -> bool {
    let own = needs
        .split(", ")
        .map(|need| need.split_once(' ').expect("a range"));
    let mut open: Vec<(String, String, String)> = own
        .map(|(name, range)| (String::new(), name.to_owned(), range.to_owned()))
        .collect();
    let mut seen: Vec<String> = Vec::new();
    while let Some((from, name, range)) = open.pop() {
        let Some((place, version)) = find(folders, &from, &name) else {
            return false;
        };
        if !Npm.contains(&range, version).expect("a range") {
            return false;
        }
        if !seen.contains(place) {
            seen.push(place.clone());
            for need in &world.release(&name, version).dependencies {
                open.push((place.clone(), need.name.to_string(), need.range.to_string()));
            }
        }
    }
    true
}

fn folders_of(text: &str) -> BTreeMap<String, String> {
    let installed = installed(text).expect("a lockfile");
    let folders = installed.into_iter().filter(|folder| !folder.is_own);
    folders
        .map(|folder| (folder.place.replace("node_modules/", ""), folder.version))
        .collect()
}

/// The one flawed folder has a version that is enough by itself: of those that are in every range the lowest without a flaw.
fn is_enough_alone(world: &World, needs: &str, before: &BTreeMap<String, String>, asked: &Asked<'_>) -> bool {
    let name = |place: &str| place.rsplit('/').next().expect("a name").to_owned();
    let flawed: Vec<&String> = before
        .iter()
        .filter(|(place, version)| asked.is_affected(&name(place), version))
        .map(|(place, _)| place)
        .collect();
    let [place] = flawed.as_slice() else { return false };
    let releases = &world.releases[&name(place)];
    let later = releases.iter().filter(|release| {
        *release.version > *before[*place].as_str() && !asked.is_affected(&name(place), &release.version)
    });
    let with = |version: &str| {
        let mut folders = before.clone();
        folders.insert((*place).clone(), version.to_owned());
        folders
    };
    // Whether it is in every range does not depend on what it needs itself.
    let mut without_needs = world.clone();
    for release in without_needs.releases.get_mut(&name(place)).expect("a package") {
        release.dependencies.clear();
    }
    let mut accepted = later.filter(|release| holds(&without_needs, needs, &with(&release.version)));
    accepted
        .next()
        .is_some_and(|lowest| holds(world, needs, &with(&lowest.version)))
}

/// Whether other, later versions in the folders that are there end every flaw.
fn is_possible(world: &World, needs: &str, before: &BTreeMap<String, String>, asked: &Asked<'_>) -> bool {
    let places: Vec<&String> = before.keys().collect();
    let choices: Vec<Vec<&str>> = places
        .iter()
        .map(|place| {
            let name = place.rsplit('/').next().expect("a name");
            let later = world.releases[name].iter().map(|release| &*release.version);
            later
                .filter(|version| *version >= before[*place].as_str())
                .collect()
        })
        .collect();
    let mut numbers = vec![0; places.len()];
    loop {
        let chosen: BTreeMap<String, String> = places
            .iter()
            .zip(&numbers)
            .zip(&choices)
            .map(|((place, number), choices)| ((*place).clone(), choices[*number].to_owned()))
            .collect();
        let is_clean = chosen.iter().all(|(place, version)| {
            let name = place.rsplit('/').next().expect("a name");
            !asked.is_affected(name, version)
        });
        if is_clean && holds(world, needs, &chosen) {
            return true;
        }
        let Some(next) = numbers
            .iter()
            .zip(&choices)
            .position(|(number, choices)| number + 1 < choices.len())
        else {
            return false;
        };
        numbers[next] += 1;
        numbers[..next].fill(0);
    }
}

/// The packages that are locked in another version.
fn locked(plan: &Plan) -> usize {
    let locked = plan.entries.iter();
    locked
        .filter(|entry| matches!(entry.edit, EntryEdit::Lock(..)))
        .count()
}

proptest! {
    #![proptest_config(super::worlds(400))]

    #[test]
    fn plans_hold_where_packages_need_others_beside_them(case in case_with_peers()) {
        let world = World::of(&case.world);
        let folders = install(&world, &case.needs);
        prop_assume!(folders.is_some());
        let text = lock(&world, &case.needs, &folders.expect("just asked"));
        let before = folders_of(&text);
        let has_peers = before.iter().any(|(place, version)| {
            let release = world.release(place.rsplit('/').next().expect("a name"), version);
            release.dependencies.iter().any(|need| need.kind == RequirementKind::Peer)
        });
        prop_assume!(has_peers && before.len() <= 7 && holds(&world, &case.needs, &before));
        let flawed = name(case.flaw.0);
        let flaws = [(flawed.as_str(), VERSIONS[case.flaw.1])];
        let asked = Asked { flaws: &flaws, level: Distance::Major, manifests: Manifests::Keep };
        prop_assume!(!asked.wishes(&text).is_empty());

        let (plan, _) = asked.plan(&world, &text);
        let now = folders_of(&edited(&text, &plan).expect("the check accepts what the planner made"));
        prop_assert!(holds(&world, &case.needs, &now), "{case:?} {before:?} {now:?}");
        let (again, _) = asked.plan(&world, &text);
        prop_assert_eq!(format!("{:?}", &plan), format!("{again:?}"));
        if is_possible(&world, &case.needs, &before, &asked) {
            prop_assert!(plan.blocked.is_empty(), "{case:?} {before:?}: {:?}", plan.blocked);
        }
        if is_enough_alone(&world, &case.needs, &before, &asked) {
            prop_assert_eq!(locked(&plan), 1, "{:?} {:?} {:?}", case, before, now);
        }
    }

    #[test]
    fn plans_hold_and_are_small(case in case()) {
        let world = World::of(&case.world);
        let folders = install(&world, &case.needs);
        prop_assume!(folders.is_some());
        let folders = folders.expect("just asked");
        let text = lock(&world, &case.needs, &folders);
        let before = folders_of(&text);
        prop_assume!(before.len() <= 7 && holds(&world, &case.needs, &before));
        let flawed = name(case.flaw.0);
        let flaws = [(flawed.as_str(), VERSIONS[case.flaw.1])];
        let asked = Asked { flaws: &flaws, level: Distance::Major, manifests: Manifests::Keep };
        prop_assume!(!asked.wishes(&text).is_empty());

        let (plan, _) = asked.plan(&world, &text);
        let after = edited(&text, &plan).expect("the check accepts what the planner made");
        let now = folders_of(&after);
        prop_assert!(holds(&world, &case.needs, &now), "{case:?} {before:?} {now:?}");
        for (place, version) in &now {
            let name = place.rsplit('/').next().expect("a name");
            let is_blocked = plan.blocked.iter().any(|blocked| blocked.name == name && blocked.version == *version);
            prop_assert!(!asked.is_affected(name, version) || is_blocked, "{case:?} {place} {version}");
        }
        // What the project asks for by name goes up, or stays.
        for need in case.needs.split(", ") {
            let (name, _) = need.split_once(' ').expect("a range");
            let (then, now) = (&before[name], &now[name]);
            prop_assert!(now >= then, "{case:?} {before:?} {name} {then} {now}");
        }
        let (again, _) = asked.plan(&world, &text);
        prop_assert_eq!(format!("{:?}", &plan), format!("{again:?}"));

        // The other layouts become what npm would write of the same folders.
        let manifest = manifest_of(&text);
        for version in [1, 2] {
            let other = in_version(&text, version);
            let (plan, _) = asked.plan_beside(&world, &other, Some(&manifest));
            let edited = edited_beside(&other, &manifest, &plan).expect("the check accepts it, too");
            let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
            prop_assert_eq!(json(&edited), json(&in_version(&after, version)), "{:?} {}", &case, version);
        }

        if is_possible(&world, &case.needs, &before, &asked) {
            prop_assert!(plan.blocked.is_empty(), "{case:?} {before:?}: {:?}", plan.blocked);
        }
        if is_enough_alone(&world, &case.needs, &before, &asked) {
            prop_assert_eq!(locked(&plan), 1, "{:?} {:?} {:?}", case, before, now);
        }
    }
}
