//! Random builds of Maven with a random repository: what can be fixed is fixed, at the lowest version that helps; nothing else moves but
//! what shares a text with it and is no worse for it; a plan is the same on every run, and its edits can be taken back.

use std::collections::{BTreeMap, BTreeSet};

use lockkeeper::plan::maven::PomEdit;
use lockkeeper::plan::{EntryChange, EntryEdit, OwnEdit, Plan};
use proptest::prelude::*;

use super::maven_world::{Asked, World, dependency, told, versions};
use crate::support::memory_tree::MemoryTree;

const ARTIFACTS: usize = 4;
const VERSIONS: [&str; 4] = ["1.0", "1.1", "1.2", "1.3"];
const POMS: [&str; 3] = ["pom.xml", "core/pom.xml", "rest/pom.xml"];

fn name(number: usize) -> String {
    format!("org.a{number}.example:a")
}

/// How the version of an artifact is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Managed,
    ManagedByProperty(usize),
    InModules,
    ByPropertyInModules(usize),
}

#[derive(Debug, Clone)]
struct Artifact {
    way: Way,
    /// Which of the versions are there; the first one is.
    there: u8,
    /// Which of them have an advisory.
    flawed: u8,
    /// In which of the two modules it is used.
    used: u8,
}

fn artifact() -> impl Strategy<Value = Artifact> {
    let way = prop_oneof![
        Just(Way::Managed),
        (0..2_usize).prop_map(Way::ManagedByProperty),
        Just(Way::InModules),
        (0..2_usize).prop_map(Way::ByPropertyInModules),
    ];
    (way, 0..16_u8, 0..16_u8, 1..4_u8).prop_map(|(way, there, flawed, used)| Artifact {
        way,
        there: there | 1,
        flawed,
        used,
    })
}

fn tree(artifacts: &[Artifact]) -> MemoryTree {
    let expression = |property: usize| format!("${{p{property}}}");
    let mut managed = String::new();
    let mut modules = [String::new(), String::new()];
    for (number, artifact) in artifacts.iter().enumerate() {
        let version = match artifact.way {
            Way::Managed => {
                managed.push_str(&dependency(&name(number), "1.0"));
                String::new()
            }
            Way::ManagedByProperty(property) => {
                managed.push_str(&dependency(&name(number), &expression(property)));
                String::new()
            }
            Way::InModules => "1.0".to_owned(),
            Way::ByPropertyInModules(property) => expression(property),
        };
        for (module, text) in modules.iter_mut().enumerate() {
            if artifact.used & (1 << module) != 0 {
                text.push_str(&dependency(&name(number), &version));
            }
        }
    }
    let top = format!(
        "<project><groupId>org.shop.example</groupId><artifactId>shop</artifactId><version>7</version><packaging>pom</packaging>\
         <modules><module>core</module><module>rest</module></modules><properties><p0>1.0</p0><p1>1.0</p1></properties>\
         <dependencyManagement><dependencies>{managed}</dependencies></dependencyManagement></project>"
    );
    let module = |name: &str, inside: &str| {
        format!(
            "<project><parent><groupId>org.shop.example</groupId><artifactId>shop</artifactId><version>7</version></parent>\
             <artifactId>{name}</artifactId><dependencies>{inside}</dependencies></project>"
        )
    };
    let (core, rest) = (module("core", &modules[0]), module("rest", &modules[1]));
    MemoryTree::of([
        ("pom.xml", &top),
        ("core/pom.xml", &core),
        ("rest/pom.xml", &rest),
    ])
}

fn world(artifacts: &[Artifact]) -> World {
    let mut world = World::default();
    for (number, artifact) in artifacts.iter().enumerate() {
        for (place, version) in VERSIONS.iter().enumerate() {
            if artifact.there & (1 << place) != 0 {
                world.add(&name(number), version, "");
            }
        }
    }
    world
}

fn is_flawed(artifact: &Artifact, version: &str) -> bool {
    let place = VERSIONS
        .iter()
        .position(|known| *known == version)
        .expect("a version");
    artifact.flawed & (1 << place) != 0
}

/// The edits of `plan` the other way round, in the text that they made.
fn reversed(plan: &Plan) -> Plan {
    let edits: Vec<&PomEdit> = plan
        .entries
        .iter()
        .map(|change| match &change.edit {
            EntryEdit::Own(OwnEdit::Pom(edit)) => &**edit,
            other => panic!("{other:?}"),
        })
        .collect();
    let entries = edits.iter().map(|edit| {
        let before = edits
            .iter()
            .filter(|other| other.file == edit.file && other.at.start < edit.at.start);
        let shift: isize = before
            .map(|other| other.to.len() as isize - other.from.len() as isize)
            .sum();
        let start = edit.at.start.checked_add_signed(shift).expect("a place");
        EntryChange {
            place: edit.file.to_string(),
            name: String::new(),
            edit: EntryEdit::Own(OwnEdit::Pom(Box::new(PomEdit {
                at: start..start + edit.to.len(),
                from: edit.to.clone(),
                to: edit.from.clone(),
                ..(*edit).clone()
            }))),
        }
    });
    Plan {
        entries: entries.collect(),
        ..Plan::default()
    }
}

proptest! {
    #![proptest_config(super::worlds(150))]

    #[test]
    fn what_can_be_fixed_is_fixed_at_the_lowest_version(
        artifacts in prop::collection::vec(artifact(), ARTIFACTS),
    ) {
        let (world, mut tree) = (world(&artifacts), tree(&artifacts));
        let names: Vec<String> = (0..ARTIFACTS).map(name).collect();
        let flaws: Vec<(String, String)> = artifacts
            .iter()
            .enumerate()
            .flat_map(|(number, artifact)| {
                let flawed = VERSIONS.iter().filter(|version| is_flawed(artifact, version));
                flawed.map(move |version| (name(number), (*version).to_owned()))
            })
            .collect();
        let worse: Vec<(&str, &str)> = flaws.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
        let before = versions(&tree, &POMS);
        for file in POMS {
            let is_top = |way: Way| match way {
                Way::Managed | Way::ManagedByProperty(_) | Way::ByPropertyInModules(_) => true,
                Way::InModules => false,
            };
            let module = POMS.iter().position(|pom| *pom == file).expect("a pom");
            let wished: Vec<usize> = (0..ARTIFACTS)
                .filter(|number| {
                    let artifact = &artifacts[*number];
                    let is_here = match module {
                        0 => is_top(artifact.way),
                        module => !is_top(artifact.way) && artifact.used & (1 << (module - 1)) != 0,
                    };
                    is_here && is_flawed(artifact, "1.0")
                })
                .collect();
            let wishes: Vec<(&str, &str, &str)> = wished.iter().map(|number| (names[*number].as_str(), "1.0", "0")).collect();
            let asked = Asked { file, worse: &worse, ..Asked::of(&wishes) };
            let (plan, _) = asked.plan(&world, &tree);
            let (again, _) = asked.plan(&world, &tree);
            prop_assert_eq!(told(&plan), told(&again));
            let edited = asked.edit(&tree, &plan);
            prop_assert!(edited.is_ok(), "{:?} {:?}", edited, told(&plan));
            let mut after = tree.clone();
            for edited in edited.expect("an edit") {
                after.insert(&edited.path, edited.after.as_bytes());
            }
            let is_split = plan.entries.iter().any(|change| {
                matches!(&change.edit, EntryEdit::Own(OwnEdit::Pom(edit)) if edit.from.contains('$'))
            });
            if !is_split && !plan.entries.is_empty() {
                let back = asked.edit(&after, &reversed(&plan)).expect("the way back");
                for edited in back {
                    prop_assert_eq!(Some(edited.after), super::maven_world::text_of(&tree, &edited.path));
                }
            }
            tree = after;
        }
        let after = versions(&tree, &POMS);
        prop_assert_eq!(before.len(), after.len());
        let mut reached: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (was, is) in before.iter().zip(&after) {
            let number = names.iter().position(|name| was.contains(name.as_str())).expect("an artifact");
            prop_assert!(is.contains(names[number].as_str()));
            let version = is.rsplit(' ').next().expect("a version");
            reached.entry(number).or_default().insert(version.to_owned());
        }
        let fixing = |number: usize| {
            let artifact = &artifacts[number];
            let there = world.versions_of(&names[number]);
            let mut later = there.into_iter().filter(|version| version != "1.0" && !is_flawed(artifact, version));
            later.next()
        };
        let property = |number: usize| match artifacts[number].way {
            Way::ManagedByProperty(property) | Way::ByPropertyInModules(property) => Some(property),
            Way::Managed | Way::InModules => None,
        };
        for (number, reached) in &reached {
            let artifact = &artifacts[*number];
            let shares = |other: &usize| other != number && property(*other).is_some() && property(*other) == property(*number);
            let sharing: Vec<usize> = (0..ARTIFACTS).filter(shares).collect();
            let others_are_wished = sharing.iter().any(|other| is_flawed(&artifacts[*other], "1.0"));
            prop_assert_eq!(reached.len(), 1, "{} is split by modules", number);
            let version = reached.first().expect("a version");
            if is_flawed(artifact, "1.0") {
                match fixing(*number) {
                    Some(lowest) => {
                        prop_assert!(!is_flawed(artifact, version), "{number} is at {version}, and {lowest} helps");
                        if !others_are_wished {
                            prop_assert_eq!(version, &lowest);
                        }
                    }
                    // It goes along with what it shares a text with.
                    None => prop_assert!(version == "1.0" || others_are_wished),
                }
            } else if version != "1.0" {
                prop_assert!(others_are_wished && !is_flawed(artifact, version));
            }
            prop_assert!(world.versions_of(&names[*number]).contains(version));
        }
    }
}
