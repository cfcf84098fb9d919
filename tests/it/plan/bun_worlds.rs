//! Random worlds, each a small registry and a project that Bun locked: an edit never breaks what holds, ends whatever is not blocked, puts everything
//! where Bun would, and gives the file back for a plan that moves nothing.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};

use lockkeeper::lockfile::bun_lock::locked::locked;
use lockkeeper::model::TreePath;
use lockkeeper::plan::npm::{self, Overrides};
use lockkeeper::plan::{Bounds, Manifests, Plan, Step};
use lockkeeper::relock::bun_lock::BunLock;
use lockkeeper::relock::{Refused, Relock as _};
use lockkeeper::version::Distance;
use lockkeeper::version::range::RangeSyntax as _;
use lockkeeper::version::range::npm::Npm;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::npm_world::{Asked, Client, World};
use super::npm_worlds::{VERSIONS, case, find, holds, name};

/// Who leads to what: for each package, by name and version, the versions that its needs lead to. The project has no name.
type Graph = BTreeMap<(String, String), BTreeMap<String, String>>;

/// What the project needs, each in the lowest version in range.
fn install(world: &World, needs: &str) -> Option<Graph> {
    let mut graph = Graph::new();
    let root = (String::new(), String::new());
    let mut open = vec![(root, asked(needs))];
    while let Some((id, needs)) = open.pop() {
        if graph.contains_key(&id) {
            continue;
        }
        let mut leads = BTreeMap::new();
        for (name, range) in needs {
            let mut releases = world.releases.get(&name)?.iter();
            let release =
                releases.find(|release| Npm.contains(&range, &release.version).expect("a range"))?;
            leads.insert(name.clone(), release.version.to_string());
            let needs = release.dependencies.iter();
            let needs = needs.map(|need| (need.name.to_string(), need.range.to_string()));
            open.push(((name, release.version.to_string()), needs.collect()));
        }
        graph.insert(id, leads);
    }
    Some(graph)
}

fn asked(needs: &str) -> Vec<(String, String)> {
    let needs = needs
        .split(", ")
        .map(|need| need.split_once(' ').expect("a range"));
    needs
        .map(|(name, range)| (name.to_owned(), range.to_owned()))
        .collect()
}

/// The places, in Bun's order: level by level each goes to the top, as far as the way there is free, else it stays with who needs it.
fn places(graph: &Graph) -> Vec<(String, String)> {
    let mut taken: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut open: VecDeque<(Vec<String>, (String, String))> =
        VecDeque::from([(Vec::new(), (String::new(), String::new()))]);
    while let Some((at, id)) = open.pop_front() {
        for (name, version) in &graph[&id] {
            let place =
                |length: usize| -> Vec<String> { [&at[..length], std::slice::from_ref(name)].concat() };
            let above = (0..=at.len())
                .rev()
                .find(|length| taken.contains_key(&place(*length)));
            let place = match above {
                Some(length) if taken[&place(length)] == *version => continue,
                Some(_) => place(at.len()),
                None => place(0),
            };
            taken.insert(place.clone(), version.clone());
            open.push_back((place, (name.clone(), version.clone())));
        }
    }
    let mut sorted: Vec<(usize, String, String, String)> = taken
        .into_iter()
        .map(|(place, version)| {
            let (name, above) = place.split_last().expect("a name");
            (above.len(), above.join("/"), name.clone(), version)
        })
        .collect();
    sorted.sort();
    sorted
        .into_iter()
        .map(|(_, above, name, version)| match above.as_str() {
            "" => (name, version),
            above => (format!("{above}/{name}"), version),
        })
        .collect()
}

/// Who leads to what in a lockfile, by what each finds; `None` where a package is at two places and finds two versions of another.
fn graph_of(world: &World, needs: &str, folders: &BTreeMap<String, String>) -> Option<Graph> {
    let mut graph = Graph::new();
    let top = (String::new(), String::new());
    let own = (String::new(), top, asked(needs));
    let others = folders.iter().map(|(place, version)| {
        let name = place.rsplit('/').next().expect("a name");
        let needs = world.release(name, version).dependencies.iter();
        let needs = needs.map(|need| (need.name.to_string(), need.range.to_string()));
        (place.clone(), (name.to_owned(), version.clone()), needs.collect())
    });
    for (place, id, needs) in std::iter::once(own).chain(others) {
        let leads: BTreeMap<String, String> = needs
            .into_iter()
            .map(|(name, _)| {
                let found = find(folders, &place, &name).expect("it holds");
                (name, found.1.clone())
            })
            .collect();
        if graph
            .insert(id, leads.clone())
            .is_some_and(|before| before != leads)
        {
            return None;
        }
    }
    Some(graph)
}

fn lock(world: &World, needs: &str, places: &[(String, String)]) -> String {
    let own: Vec<String> = asked(needs)
        .iter()
        .map(|(name, range)| format!("        \"{name}\": \"{range}\",\n"))
        .collect();
    let entries: Vec<String> = places
        .iter()
        .map(|(place, version)| {
            let name = place.rsplit('/').next().expect("a name");
            let needs = world.release(name, version).dependencies.iter();
            let needs: Vec<String> = needs
                .map(|need| format!("\"{}\": \"{}\"", need.name, need.range))
                .collect();
            let info = match needs.is_empty() {
                true => "{}".to_owned(),
                false => format!("{{ \"dependencies\": {{ {} }} }}", needs.join(", ")),
            };
            format!("    \"{place}\": [\"{name}@{version}\", \"\", {info}, \"sha512-{name}-{version}\"],\n")
        })
        .collect();
    format!(
        "{{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {{\n    \"\": {{\n      \"name\": \"project\",\n      \"dependencies\": {{\n{}      }},\n    }},\n  }},\n  \"packages\": {{\n{}  }}\n}}\n",
        own.concat(),
        entries.join("\n")
    )
}

fn edited(text: &str, needs: &str, plan: &Plan) -> Result<String, Refused> {
    let own: Map<String, Value> = asked(needs)
        .into_iter()
        .map(|(name, range)| (name, range.into()))
        .collect();
    let manifest = json!({"name": "project", "dependencies": own}).to_string();
    let path = TreePath::new("bun.lock").expect("a path");
    let files = BunLock.edit(&path, text, plan, &|_| Some(manifest.clone()))?;
    Ok(files[0].after.clone())
}

pub(super) fn planned(world: &World, text: &str, asked: &Asked<'_>) -> Plan {
    let described = locked(text).expect("a lockfile").described();
    let wishes = asked.wishes_of(&described);
    let is_affected = |name: &str, version: &str| asked.is_affected(name, version);
    let bounds = Bounds {
        is_affected: &is_affected,
        published_before: None,
        toolchain: &[],
        level: asked.level,
        manifests: asked.manifests,
        all_or_nothing: false,
    };
    let mut client = Client::of(world);
    let memory = npm::Memory::default();
    for _ in 0..100 {
        match npm::plan(
            &described,
            &Overrides::default(),
            &wishes,
            &client,
            &bounds,
            &memory,
        ) {
            Step::Done(plan) => return plan,
            Step::Ask(queries) => client
                .asked
                .extend(queries.iter().map(|query| query.package.to_string())),
        }
    }
    panic!("it asks for ever");
}

fn folders_of(text: &str) -> Vec<(String, String)> {
    let entries = locked(text).expect("a lockfile").entries;
    entries
        .into_iter()
        .map(|entry| (entry.key, entry.version))
        .collect()
}

thread_local! {
    static EDITED: Cell<usize> = const { Cell::new(0) };
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

proptest! {
    #![proptest_config(super::worlds(400))]

    fn edits_hold_and_are_where_bun_puts_them(case in case()) {
        let world = World::of(&case.world);
        let graph = install(&world, &case.needs);
        prop_assume!(graph.is_some());
        let before = places(&graph.expect("just asked"));
        let text = lock(&world, &case.needs, &before);
        prop_assert_eq!(&folders_of(&text), &before);
        prop_assert_eq!(edited(&text, &case.needs, &Plan::default()).expect("nothing moves"), text.clone());
        let flawed = name(case.flaw.0);
        let flaws = [(flawed.as_str(), VERSIONS[case.flaw.1])];
        let asked = Asked { flaws: &flaws, level: Distance::Major, manifests: Manifests::Change };
        prop_assume!(before.iter().any(|(place, version)| asked.is_affected(place.rsplit('/').next().expect("a name"), version)));

        let plan = planned(&world, &text, &asked);
        let after = match edited(&text, &case.needs, &plan) {
            Ok(after) => after,
            // A package is at two places, and would not be the same at both.
            Err(refused) => {
                prop_assert!(refused.0.contains("at two places"), "{case:?} {text}: {refused}");
                REFUSED.set(REFUSED.get() + 1);
                return Ok(());
            }
        };
        EDITED.set(EDITED.get() + 1);
        let needs: Vec<String> = self::asked(&case.needs)
            .into_iter()
            .map(|(name, range)| {
                let new = plan.ranges.iter().find(|new| new.name == name);
                format!("{name} {}", new.map_or(range, |new| new.to.clone()))
            })
            .collect();
        let needs = needs.join(", ");
        let places_after = folders_of(&after);
        let now: BTreeMap<String, String> = places_after.iter().cloned().collect();
        prop_assert!(holds(&world, &needs, &now), "{case:?} {before:?} {now:?}");
        for (place, version) in &now {
            let name = place.rsplit('/').next().expect("a name");
            let is_blocked = plan.blocked.iter().any(|blocked| blocked.name == name && blocked.version == *version);
            prop_assert!(!asked.is_affected(name, version) || is_blocked, "{case:?} {place} {version}");
        }
        let graph = graph_of(&world, &needs, &now);
        prop_assert_eq!(graph.map(|graph| places(&graph)), Some(places_after), "{:?}", case);
        prop_assert_eq!(lock(&world, &needs, &folders_of(&after)), after);
    }
}

#[test]
fn edits_hold_and_everything_is_where_bun_puts_it() {
    edits_hold_and_are_where_bun_puts_them();
    let (edited, refused) = (EDITED.get(), REFUSED.get());
    println!("{edited} edited, {refused} refused");
    assert!(edited > refused * 20, "{edited} edited, {refused} refused");
}
