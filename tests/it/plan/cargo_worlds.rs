//! Random worlds of crates, each with a project that was locked from it: a plan never breaks what holds, fixes whatever an exhaustive
//! search fixes by other versions in the slots that are there, moves one crate alone where that is enough, and is the same on
//! every run.

use std::collections::BTreeSet;

use lockkeeper::plan::Manifests;
use lockkeeper::version::Distance;
use proptest::prelude::*;

use super::cargo_world::{Asked, Locked, Needs, World, edited, reached, read, slot};

const CRATES: usize = 5;
const VERSIONS: [&str; 6] = ["0.2.0", "0.2.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0"];

fn name(number: usize) -> String {
    format!("c{number}")
}

/// A need of another crate: which, from which version on, and in which form.
type Need = (usize, usize, usize);

fn need() -> impl Strategy<Value = Need> {
    (0..CRATES, 0..VERSIONS.len(), 0..4_usize)
}

/// Each crate once; crates need only those of higher numbers.
fn needs(above: Option<usize>, needs: &[Need]) -> Needs {
    let mut seen = BTreeSet::new();
    let wanted = needs
        .iter()
        .filter(|(needed, _, _)| above.is_none_or(|above| *needed > above));
    wanted
        .filter(|(needed, _, _)| seen.insert(*needed))
        .map(|(needed, version, form)| {
            let form = ["", "~", "=", ">="][*form];
            (name(*needed), format!("{form}{}", VERSIONS[*version]))
        })
        .collect()
}

fn worlds() -> impl Strategy<Value = World> {
    let version = prop::option::weighted(0.8, prop::collection::vec(need(), 0..3));
    prop::collection::vec(prop::collection::vec(version, VERSIONS.len()), CRATES).prop_map(|crates| {
        let mut world = World::default();
        for (number, versions) in crates.iter().enumerate() {
            for (version, of_version) in VERSIONS.iter().zip(versions) {
                if let Some(of_version) = of_version {
                    world.add(&name(number), version, needs(Some(number), of_version));
                }
            }
        }
        world
    })
}

/// Whether `found` is reached for every choice of later versions, each in its slot: the first for which it is true.
fn any_choice(world: &World, before: &Locked, found: &dyn Fn(&Locked) -> bool) -> bool {
    let choices: Vec<Vec<&str>> = before
        .iter()
        .map(|(own, locked)| {
            let versions = world.versions(&own.0).into_iter();
            let of_slot = versions.filter(|version| slot(&own.0, version) == *own);
            of_slot.skip_while(|version| version != locked).collect()
        })
        .collect();
    let mut numbers = vec![0; before.len()];
    loop {
        let chosen: Locked = before
            .keys()
            .cloned()
            .zip(
                numbers
                    .iter()
                    .zip(&choices)
                    .map(|(number, choices)| choices[*number].to_owned()),
            )
            .collect();
        if found(&chosen) {
            return true;
        }
        let next = numbers
            .iter()
            .zip(&choices)
            .position(|(number, choices)| number + 1 < choices.len());
        let Some(next) = next else { return false };
        numbers[next] += 1;
        numbers[..next].fill(0);
    }
}

/// Packages that are locked in another version than before, or were not locked.
fn changed<'l>(before: &Locked, after: &'l Locked) -> Vec<(&'l str, &'l str)> {
    let new = after
        .iter()
        .filter(|(own, version)| before.get(*own) != Some(version));
    new.map(|((name, _), version)| (name.as_str(), version.as_str()))
        .collect()
}

proptest! {
    #![proptest_config(super::worlds(400))]

    #[test]
    fn plans_hold_and_are_small(
        world in worlds(),
        own in prop::collection::vec(need(), 1..3),
        flawed in 0..CRATES,
        fixed in 1..VERSIONS.len(),
        has_manifests in any::<bool>(),
    ) {
        let own = needs(None, &own);
        let installed = world.install(&own);
        prop_assume!(installed.is_some());
        let mut before = installed.expect("just asked");
        let edges = world.edges(&own, &before);
        prop_assume!(edges.is_some());
        // What an install left behind on its way is not locked.
        let needed = reached(&edges.expect("just asked"));
        before.retain(|own, _| needed.contains(own));
        let edges = world.edges(&own, &before).expect("what is needed is there");
        let text = world.lock(&before, &edges);
        let flawed = name(flawed);
        let manifests = if has_manifests { Manifests::Change } else { Manifests::Keep };
        let asked = Asked { flaw: (&flawed, VERSIONS[fixed]), level: Distance::Major, manifests };
        let wishes = asked.wishes(&before);
        prop_assume!(!wishes.is_empty());

        let plan = asked.plan(&world, &own, &text);
        let (done, needs) = edited(&own, &text, &plan).unwrap_or_else(|refused| panic!("{refused}\n{text}\n{plan:?}"));
        let (after, edges) = read(&done);
        // It holds, nothing is left over, and the bytes are those that Cargo writes.
        prop_assert!(world.holds(&needs, &after, &edges), "{text}\n{plan:?}\n{done}");
        prop_assert_eq!(reached(&edges), after.keys().cloned().collect(), "{}\n{:?}", &text, &plan);
        prop_assert_eq!(&done, &world.lock(&after, &edges));
        // Nothing goes down, and what is affected is blocked.
        for ((name, _), version) in &after {
            let is_blocked = plan.blocked.iter().any(|blocked| blocked.name == *name && blocked.version == *version);
            prop_assert!(!asked.is_affected(name, version) || is_blocked, "{name} {version} of {text}");
        }
        for (own, version) in &before {
            let now = after.get(own);
            prop_assert!(now.is_none_or(|now| now >= version), "{own:?} {version} {now:?}");
        }
        let again = asked.plan(&world, &own, &text);
        prop_assert_eq!(format!("{plan:?}"), format!("{again:?}"));
        if !has_manifests {
            prop_assert_eq!(&needs, &own);
        }

        // Whatever other versions in these slots end is ended.
        let ends = |chosen: &Locked| {
            let edges = world.edges(&own, chosen);
            edges.is_some_and(|edges| reached(&edges).iter().all(|own| !asked.is_affected(&own.0, &chosen[own])))
        };
        if any_choice(&world, &before, &ends) {
            prop_assert!(plan.blocked.is_empty(), "{}\n{:?}", &text, &plan.blocked);
        }
        // One crate in one version, and its lowest version without the flaw is enough by itself: nothing else moves.
        if let [wish] = wishes.as_slice() {
            let own_slot = slot(&wish.name, &wish.version);
            let mut versions = world.versions(&wish.name).into_iter();
            let lowest = versions.find(|version| {
                slot(&wish.name, version) == own_slot && **version > *wish.version && !asked.is_affected(&wish.name, version)
            });
            let alone = lowest.map(|lowest| {
                let mut chosen = before.clone();
                chosen.insert(own_slot, lowest.to_owned());
                chosen
            });
            if let Some(alone) = alone.filter(|alone| ends(alone)) {
                let moved = changed(&before, &after);
                prop_assert_eq!(moved, changed(&before, &alone), "{}\n{:?}", &text, &plan);
                prop_assert_eq!(&needs, &own);
            }
        }
    }
}
