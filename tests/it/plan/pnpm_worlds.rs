//! Random worlds, each a small registry and a project that pnpm locked from it: a plan never breaks what holds, fixes whatever an exhaustive
//! search fixes inside of one's own ranges, and is the same on every run.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::plan::{Manifests, Wish};
use lockkeeper::version::Distance;
use lockkeeper::version::range::RangeSyntax as _;
use lockkeeper::version::range::npm::Npm;
use proptest::prelude::*;

use super::npm_world::{Asked, World};
use super::npm_worlds::{Case, VERSIONS, case, name};
use super::yarn_world::{Files, edited_in};

const FILE: &str = "pnpm-lock.yaml";

/// What each dependent's need leads to: the package with its version, empty for the project; the name; the version.
type Leads = BTreeMap<(String, String), String>;

fn is_in(range: &str, version: &str) -> bool {
    Npm.contains(range, version).expect("a range")
}

fn own(needs: &str) -> BTreeMap<String, String> {
    let needs = needs
        .split(", ")
        .map(|need| need.split_once(' ').expect("a range"));
    needs
        .map(|(name, range)| (name.to_owned(), range.to_owned()))
        .collect()
}

/// What a package asks for; the project with an empty id.
fn asked_by(world: &World, needs: &str, id: &str) -> BTreeMap<String, String> {
    match id.split_once('@') {
        None => own(needs),
        Some((name, version)) => {
            let needs = world.release(name, version).dependencies.iter();
            needs
                .map(|need| (need.name.to_string(), need.range.to_string()))
                .collect()
        }
    }
}

/// Locks what the project needs, each in the lowest version in range. `None` where something is not to be had.
fn install(world: &World, needs: &str) -> Option<Leads> {
    let mut leads = Leads::new();
    let mut open = vec![String::new()];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        for (name, range) in asked_by(world, needs, &id) {
            let mut releases = world.releases.get(&name)?.iter();
            let release = releases.find(|release| is_in(&range, &release.version))?;
            open.push(format!("{name}@{}", release.version));
            leads.insert((id.clone(), name), release.version.to_string());
        }
    }
    Some(leads)
}

/// The lockfile as pnpm writes it.
fn lock(world: &World, needs: &str, leads: &Leads) -> String {
    let mut text = "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n\nimporters:\n\n  .:\n    dependencies:\n".to_owned();
    for (name, range) in own(needs) {
        let version = &leads[&(String::new(), name.clone())];
        text.push_str(&format!(
            "      {name}:\n        specifier: {range}\n        version: {version}\n"
        ));
    }
    let ids: BTreeSet<String> = leads
        .iter()
        .map(|((_, name), version)| format!("{name}@{version}"))
        .collect();
    text.push_str("\npackages:\n");
    for id in &ids {
        text.push_str(&format!(
            "\n  {id}:\n    resolution: {{integrity: sha512-{}}}\n",
            id.replace('@', "-")
        ));
    }
    text.push_str("\nsnapshots:\n");
    for id in &ids {
        let needs = asked_by(world, needs, id);
        if needs.is_empty() {
            text.push_str(&format!("\n  {id}: {{}}\n"));
            continue;
        }
        text.push_str(&format!("\n  {id}:\n    dependencies:\n"));
        for name in needs.keys() {
            text.push_str(&format!("      {name}: {}\n", leads[&(id.clone(), name.clone())]));
        }
    }
    text
}

/// What leads where, read from a lockfile without a reader of ours.
fn leads_of(text: &str) -> Leads {
    let mut leads = Leads::new();
    let (importers, rest) = text.split_once("\npackages:\n").expect("packages");
    let mut name = "";
    for line in importers.lines() {
        if let Some(version) = line.strip_prefix("        version: ") {
            leads.insert((String::new(), name.to_owned()), version.to_owned());
        } else if line.starts_with("      ") && line.ends_with(':') {
            name = line.trim().trim_end_matches(':');
        }
    }
    let (_, snapshots) = rest.split_once("\nsnapshots:\n").expect("snapshots");
    let mut id = "";
    for line in snapshots.lines() {
        match (line.strip_prefix("      "), line.strip_prefix("  ")) {
            (Some(need), _) => {
                let (name, version) = need.split_once(": ").expect("a version");
                leads.insert((id.to_owned(), name.to_owned()), version.to_owned());
            }
            (None, Some(key)) if !key.starts_with(' ') => id = key.split(':').next().expect("a key"),
            (None, _) => {}
        }
    }
    leads
}

/// Whatever is asked for is locked in range, and nothing else is.
fn holds(world: &World, needs: &str, leads: &Leads) -> bool {
    let mut open = vec![String::new()];
    let mut seen = BTreeSet::new();
    let mut count = 0;
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        for (name, range) in asked_by(world, needs, &id) {
            let Some(version) = leads
                .get(&(id.clone(), name.clone()))
                .filter(|version| is_in(&range, version))
            else {
                return false;
            };
            count += 1;
            open.push(format!("{name}@{version}"));
        }
    }
    count == leads.len()
}

/// Some version in range, not lower than the one that is locked, is without a flaw, with all that it needs.
fn is_possible(
    world: &World,
    asked: &Asked<'_>,
    before: &Leads,
    dependent: &str,
    (name, range): (&str, &str),
) -> bool {
    let releases = world.releases.get(name).into_iter().flatten();
    let lowest = before.get(&(dependent.to_owned(), name.to_owned()));
    let mut releases = releases.filter(|release| {
        is_in(range, &release.version)
            && !asked.is_affected(name, &release.version)
            && lowest.is_none_or(|locked| **locked <= *release.version)
    });
    releases.any(|release| {
        let id = format!("{name}@{}", release.version);
        let needs = asked_by(world, "", &id);
        needs
            .iter()
            .all(|(name, range)| is_possible(world, asked, before, &id, (name, range)))
    })
}

fn check(case: &Case) -> Result<(), TestCaseError> {
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
    let affected: BTreeSet<(&String, &String)> = before
        .iter()
        .map(|((_, name), version)| (name, version))
        .filter(|(name, version)| asked.is_affected(name, version))
        .collect();
    prop_assume!(!affected.is_empty());
    let wishes: Vec<Wish> = affected
        .into_iter()
        .map(|(name, version)| Wish {
            name: name.clone(),
            version: version.clone(),
            to: None,
            fixes: vec![format!("X-{name}")],
            without: Vec::new(),
        })
        .collect();
    let manifest =
        serde_json::json!({"name": "project", "version": "1.0.0", "dependencies": own(needs)}).to_string();
    let files = Files::from([
        ("package.json".to_owned(), manifest),
        (FILE.to_owned(), lock(&world, needs, &before)),
    ]);
    let plan = asked.plan_in(&world, &files, FILE, &wishes);
    let now = match plan.entries.is_empty() {
        true => before.clone(),
        false => {
            let after = edited_in(&files, FILE, &plan).expect("the check accepts what the planner made");
            let now = leads_of(&after[FILE]);
            prop_assert!(holds(&world, needs, &now), "{case:?} {before:?} {now:?}");
            prop_assert_eq!(
                &after[FILE],
                &lock(&world, needs, &now),
                "it is as pnpm writes it"
            );
            now
        }
    };
    for ((_, name), version) in &now {
        let is_blocked = plan
            .blocked
            .iter()
            .any(|blocked| blocked.name == *name && blocked.version == *version);
        prop_assert!(
            !asked.is_affected(name, version) || is_blocked,
            "{case:?} {name} {version}"
        );
    }
    let again = asked.plan_in(&world, &files, FILE, &wishes);
    prop_assert_eq!(format!("{:?}", &plan), format!("{again:?}"));
    let mut all = own(needs).into_iter();
    if all.all(|(name, range)| is_possible(&world, &asked, &before, "", (&name, &range))) {
        prop_assert!(plan.blocked.is_empty(), "{case:?} {before:?}: {:?}", plan.blocked);
    }
    Ok(())
}

proptest! {
    #![proptest_config(super::worlds(400))]

    #[test]
    fn plans_of_pnpm_hold(case in case()) {
        check(&case)?;
    }
}
