//! Plans and edits of poms.

use lockkeeper::plan::{EntryEdit, OwnEdit};
use lockkeeper::version::Distance;

use super::maven_world::{Asked, World, dependency, text_of, told, versions};
use crate::support::memory_tree::{MemoryTree, tree_path};

const TEXT: &str = "org.text.example:text";
const LANG: &str = "org.text.example:lang";
const SAGA: &str = "org.saga.example:saga-core";
const SAGA_NET: &str = "org.saga.example:saga-net";

/// A pom of the build: the top, or a module below it.
fn pom(artifact: &str, is_top: bool, inside: &str) -> String {
    let head = match is_top {
        true => "<groupId>org.shop.example</groupId>\n<version>1</version>\n<packaging>pom</packaging>\n",
        false => {
            "<parent>\n<groupId>org.shop.example</groupId>\n<artifactId>shop</artifactId>\n<version>1</version>\n</parent>\n"
        }
    };
    format!(
        "<project>\n<modelVersion>4.0.0</modelVersion>\n<artifactId>{artifact}</artifactId>\n{head}{inside}</project>\n"
    )
}

fn managed(entries: &[(&str, &str)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, version)| dependency(name, version))
        .collect();
    format!("<dependencyManagement><dependencies>\n{entries}</dependencies></dependencyManagement>\n")
}

fn dependencies(entries: &[(&str, &str)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, version)| dependency(name, version))
        .collect();
    format!("<dependencies>\n{entries}</dependencies>\n")
}

const MODULES: &str = "<modules><module>core</module><module>rest</module></modules>\n";

fn build(top: &str, core: &str, rest: &str) -> MemoryTree {
    let (top, core, rest) = (
        pom("shop", true, &format!("{MODULES}{top}")),
        pom("core", false, core),
        pom("rest", false, rest),
    );
    MemoryTree::of([
        ("pom.xml", &top),
        ("core/pom.xml", &core),
        ("rest/pom.xml", &rest),
    ])
}

const POMS: [&str; 3] = ["pom.xml", "core/pom.xml", "rest/pom.xml"];

fn world() -> World {
    let mut world = World::default();
    world.needing(TEXT, "1.9", &[(LANG, "3.11")]);
    world.needing(TEXT, "1.10.0", &[(LANG, "3.12.0")]);
    world.needing(TEXT, "1.11.0", &[(LANG, "3.13.0")]);
    for version in ["3.11", "3.12.0", "3.13.0"] {
        world.add(LANG, version, "");
    }
    for version in ["2.0", "2.1", "2.2", "3.0"] {
        world.add(SAGA, version, "");
    }
    for version in ["2.0", "2.2", "3.0"] {
        world.needing(SAGA_NET, version, &[(SAGA, version)]);
    }
    world
}

#[test]
fn a_property_in_the_root_is_one_line_of_one_file() {
    let top = format!(
        "<properties><text.version>1.9</text.version></properties>\n{}",
        managed(&[(TEXT, "${text.version}")])
    );
    let uses = dependencies(&[(TEXT, "")]);
    let tree = build(&top, &uses, &uses);
    let (told, after, lines) = Asked::of(&[(TEXT, "1.9", "1.10.0")]).fix(&world(), &tree);
    assert_eq!(
        told,
        [
            "org.text.example:text 1.9 → 1.10.0",
            "also org.text.example:lang 3.11 → 3.12.0"
        ]
    );
    assert_eq!(
        lines,
        ["pom.xml: <properties><text.version>1.10.0</text.version></properties>"]
    );
    assert_eq!(
        versions(&after, &POMS),
        [
            "core/pom.xml org.text.example:text 1.10.0",
            "rest/pom.xml org.text.example:text 1.10.0"
        ]
    );
}

#[test]
fn what_the_build_decides_follows_as_far_as_it_is_needed() {
    let asked = Asked::of(&[(TEXT, "1.9", "1.10.0")]);
    let both = [
        "org.text.example:text 1.9 → 1.10.0",
        "also org.text.example:lang 3.11 → 3.12.0",
    ];
    // Managed, or asked for by name: the new version needs a later one than the build would give it.
    for (top, core) in [
        (
            managed(&[(TEXT, "1.9"), (LANG, "3.11")]),
            dependencies(&[(TEXT, "")]),
        ),
        (
            managed(&[(TEXT, "1.9")]),
            dependencies(&[(TEXT, ""), (LANG, "3.11")]),
        ),
    ] {
        let (told, after, lines) = asked.fix(&world(), &build(&top, &core, ""));
        assert_eq!(told, both);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(versions(&after, &POMS).iter().all(|line| !line.ends_with("3.11")));
    }
    // It is late enough, or was too early before.
    for lang in ["3.13.0", "3.10"] {
        let mut world = world();
        world.add(LANG, "3.10", "");
        let tree = build(
            &managed(&[(TEXT, "1.9"), (LANG, lang)]),
            &dependencies(&[(TEXT, "")]),
            "",
        );
        let (told, ..) = asked.fix(&world, &tree);
        assert_eq!(told, ["org.text.example:text 1.9 → 1.10.0"]);
    }
    // What cannot follow keeps the other.
    let tree = build(
        &managed(&[(TEXT, "1.9"), (LANG, "3.11")]),
        &dependencies(&[(TEXT, "")]),
        "",
    );
    let worse = Asked {
        worse: &[(LANG, "3.12.0"), (LANG, "3.13.0")],
        ..asked
    };
    let (plan, _) = worse.plan(&world(), &tree);
    let told = told(&plan).join("\n");
    assert!(
        told.contains("text 1.10.0 needs org.text.example:lang 3.12.0, and pom.xml has 3.11.")
            && told.contains("lang 3.12.0 has a known advisory"),
        "{told}"
    );
    assert!(plan.entries.is_empty());
}

#[test]
fn a_split_property_follows_what_was_split_from_it() {
    let mut world = World::default();
    const BIND: &str = "org.jam.example:bind";
    const CORE: &str = "org.jam.example:core";
    for version in ["2.9", "2.12.7", "2.13.0"] {
        world.add(CORE, version, "");
    }
    world.needing(BIND, "2.9", &[(CORE, "2.9")]);
    world.needing(BIND, "2.12.7.1", &[(CORE, "2.12.7")]);
    let top = "<properties>\n<jam>2.9</jam>\n</properties>\n";
    let tree = build(top, &dependencies(&[(BIND, "${jam}"), (CORE, "${jam}")]), "");
    let (told, after, lines) = Asked::of(&[(BIND, "2.9", "2.12.7.1")]).fix(&world, &tree);
    assert_eq!(
        told,
        [
            "org.jam.example:bind 2.9 → 2.12.7.1",
            "also org.jam.example:core 2.9 → 2.12.7"
        ]
    );
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(
        versions(&after, &POMS),
        [
            "core/pom.xml org.jam.example:bind 2.12.7.1",
            "core/pom.xml org.jam.example:core 2.12.7"
        ]
    );
}

#[test]
fn every_other_byte_stays() {
    let odd =
        dependencies(&[(TEXT, "<!-- was 1.8 -->\n  1.9\t<!-- keep > 1.8 & so -->")]).replace('\n', "\r\n");
    let tree = build("", &odd.replace("& so", "and so"), "");
    let asked = Asked {
        file: "core/pom.xml",
        ..Asked::of(&[(TEXT, "1.9", "1.10.0")])
    };
    let (plan, _) = asked.plan(&world(), &tree);
    let edited = asked.edit(&tree, &plan).unwrap();
    assert_eq!(edited.len(), 1);
    assert_eq!(edited[0].after, edited[0].before.replace("1.9", "1.10.0"));
    assert!(
        edited[0]
            .after
            .contains("<!-- was 1.8 -->\r\n  1.10.0\t<!-- keep")
    );
    // The one version of a range that has one.
    let tree = build("", &dependencies(&[(TEXT, "[1.9]")]), "");
    let (_, _, lines) = Asked {
        file: "core/pom.xml",
        ..Asked::of(&[(TEXT, "1.9", "1.10.0")])
    }
    .fix(&world(), &tree);
    assert!(lines[0].contains("<version>[1.10.0]</version>"), "{lines:?}");
}

#[test]
fn what_shares_a_property_moves_along() {
    let top = format!(
        "<properties>\n<saga>2.0</saga>\n</properties>\n{}",
        managed(&[(SAGA, "${saga}"), (SAGA_NET, "${saga}")])
    );
    let tree = build(
        &top,
        &dependencies(&[(SAGA, "")]),
        &dependencies(&[(SAGA_NET, "")]),
    );
    let (told, after, lines) = Asked::of(&[(SAGA, "2.0", "2.2")]).fix(&world(), &tree);
    assert_eq!(
        told,
        [
            "org.saga.example:saga-core 2.0 → 2.2",
            "also org.saga.example:saga-net 2.0 → 2.2"
        ]
    );
    assert_eq!(lines, ["pom.xml: <saga>2.2</saga>"]);
    assert_eq!(
        versions(&after, &POMS),
        [
            "core/pom.xml org.saga.example:saga-core 2.2",
            "rest/pom.xml org.saga.example:saga-net 2.2"
        ]
    );
    // Both are to be fixed: the version that fixes both.
    let both = [(SAGA, "2.0", "2.1"), (SAGA_NET, "2.0", "2.2")];
    let (told, ..) = Asked::of(&both).fix(&world(), &tree);
    assert_eq!(
        told,
        [
            "org.saga.example:saga-core 2.0 → 2.2",
            "org.saga.example:saga-net 2.0 → 2.2"
        ]
    );
}

#[test]
fn a_property_is_split_where_another_artifact_lacks_the_version() {
    let top = format!(
        "<properties>\n<saga>2.0</saga>\n</properties>\n{}",
        managed(&[(SAGA, "${saga}"), (SAGA_NET, "${saga}")])
    );
    let tree = build(
        &top,
        &dependencies(&[(SAGA, "")]),
        &dependencies(&[(SAGA_NET, "")]),
    );
    let (told, after, lines) = Asked::of(&[(SAGA, "2.0", "2.1")]).fix(&world(), &tree);
    assert_eq!(told, ["org.saga.example:saga-core 2.0 → 2.1"]);
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].contains("saga-core</artifactId><version>2.1</version>"),
        "{lines:?}"
    );
    assert_eq!(
        versions(&after, &POMS),
        [
            "core/pom.xml org.saga.example:saga-core 2.1",
            "rest/pom.xml org.saga.example:saga-net 2.0"
        ]
    );
    // An expression in a module is split there.
    let top = "<properties>\n<saga>2.0</saga>\n</properties>\n";
    let one = dependencies(&[(SAGA, "${saga}"), (SAGA_NET, "${saga}")]);
    let tree = build(top, &one, "");
    let (_, after, lines) = Asked::of(&[(SAGA, "2.0", "2.1")]).fix(&world(), &tree);
    assert!(lines[0].starts_with("core/pom.xml: "), "{lines:?}");
    assert_eq!(
        versions(&after, &POMS),
        [
            "core/pom.xml org.saga.example:saga-core 2.1",
            "core/pom.xml org.saga.example:saga-net 2.0"
        ]
    );
    // An expression that both have their versions from is not.
    let top = "<properties>\n<base>2.0</base><saga>${base}</saga></properties>\n";
    let name = "<dependencyManagement><dependencies>\n<dependency><groupId>org.saga.example</groupId><artifactId>${one}</artifactId><version>${saga}</version></dependency></dependencies></dependencyManagement>";
    let tree = build(&format!("{top}{name}"), &one, "");
    let asked = Asked::of(&[(SAGA, "2.0", "2.1")]);
    let (_, _, lines) = asked.fix(&world(), &tree);
    assert!(lines[0].starts_with("core/pom.xml: "), "{lines:?}");
}

#[test]
fn a_shared_version_that_is_worse_for_another_is_not_taken() {
    let top = "<properties>\n<saga>2.0</saga>\n</properties>\n";
    let both = dependencies(&[(SAGA, "${saga}"), (SAGA_NET, "${saga}")]);
    let tree = build(top, &both, "");
    let asked = Asked {
        worse: &[(SAGA_NET, "2.2")],
        ..Asked::of(&[(SAGA, "2.0", "2.2")])
    };
    let (told, _, lines) = asked.fix(&world(), &tree);
    assert_eq!(told, ["org.saga.example:saga-core 2.0 → 2.2"]);
    assert!(lines[0].starts_with("core/pom.xml: "), "{lines:?}");
}

#[test]
fn bounds_and_gaps_are_reasons() {
    let core = Asked {
        file: "core/pom.xml",
        ..Asked::of(&[(SAGA, "2.0", "3.0")])
    };
    let tree = build("", &dependencies(&[(SAGA, "2.0")]), "");
    assert_eq!(
        told(&core.plan(&world(), &tree).0),
        [
            "org.saga.example:saga-core 2.0 stays: org.saga.example:saga-core 3.0 would help, and is further away than `--level minor` goes."
        ]
    );
    let major = Asked {
        level: Distance::Major,
        ..core
    };
    assert_eq!(
        told(&major.plan(&world(), &tree).0),
        ["org.saga.example:saga-core 2.0 → 3.0"]
    );
    let later = Asked {
        flaws: &[(SAGA, "2.0", "4.0")],
        ..major
    };
    assert_eq!(
        told(&later.plan(&world(), &tree).0),
        ["org.saga.example:saga-core 2.0 stays: The repository has no later version that helps."]
    );
    assert_eq!(
        told(&later.plan(&World::default(), &tree).0),
        [
            "org.saga.example:saga-core 2.0 stays: The versions of org.saga.example:saga-core could not be learnt: the registry does not have it."
        ]
    );
    let composed = build(
        "<properties><minor>0</minor></properties>",
        &dependencies(&[(SAGA, "2.${minor}")]),
        "",
    );
    assert_eq!(
        told(&later.plan(&world(), &composed).0),
        [
            "org.saga.example:saga-core 2.0 stays: The version is put together of several, or is that of a module: change it by hand."
        ]
    );
    let mut moved = world();
    moved.add(
        SAGA,
        "2.3",
        "<distributionManagement><relocation><groupId>org.new.example</groupId></relocation></distributionManagement>",
    );
    let asked = Asked {
        file: "core/pom.xml",
        worse: &[(SAGA, "2.2")],
        ..Asked::of(&[(SAGA, "2.0", "2.2")])
    };
    assert_eq!(
        told(&asked.plan(&moved, &tree).0),
        [
            "org.saga.example:saga-core 2.0 stays: org.saga.example:saga-core 2.3 is published as org.new.example:saga-core: change the name by hand."
        ]
    );
}

#[test]
fn a_version_that_brings_an_advisory_is_passed_over() {
    let tree = build("", &dependencies(&[(TEXT, "1.9")]), "");
    let asked = Asked {
        file: "core/pom.xml",
        worse: &[(LANG, "3.12.0")],
        ..Asked::of(&[(TEXT, "1.9", "1.10.0")])
    };
    let (told, ..) = asked.fix(&world(), &tree);
    assert_eq!(
        told,
        [
            "org.text.example:text 1.9 → 1.11.0",
            "also org.text.example:lang 3.11 → 3.13.0"
        ]
    );
}

#[test]
fn what_a_version_brings_is_found_through_its_parents() {
    let mut world = World::default();
    let parent = |version: &str| {
        format!(
            "<parent><groupId>org.text.example</groupId><artifactId>all</artifactId><version>{version}</version></parent>"
        )
    };
    let needs = dependencies(&[(LANG, "")]);
    for (version, lang) in [("1", "3.11"), ("2", "3.12.0")] {
        world.add("org.text.example:all", version, &managed(&[(LANG, lang)]));
        world.add(
            TEXT,
            &format!("1.{version}"),
            &format!("{}{needs}", parent(version)),
        );
    }
    for (version, deep) in [("3.11", "1"), ("3.12.0", "2")] {
        world.needing(
            LANG,
            version,
            &[("org.deep.example:deep", deep), ("org.deep.example:same", "1")],
        );
    }
    world.needing("org.deep.example:deep", "2", &[("org.deep.example:new", "1")]);
    world.add("org.deep.example:deep", "1", "");
    let tree = build("", &dependencies(&[(TEXT, "1.1")]), "");
    let asked = Asked {
        file: "core/pom.xml",
        ..Asked::of(&[(TEXT, "1.1", "1.2")])
    };
    let (plan, queries) = asked.plan(&world, &tree);
    assert_eq!(
        told(&plan),
        [
            "org.text.example:text 1.1 → 1.2",
            "also org.deep.example:deep 1 → 2",
            "+ org.deep.example:new 1",
            "also org.text.example:lang 3.11 → 3.12.0",
        ]
    );
    // What is the same before and after is not asked for.
    let names: Vec<String> = queries.iter().map(|query| query.package.to_string()).collect();
    assert!(!names.contains(&"org.deep.example:same".to_owned()), "{names:?}");
}

#[test]
fn an_age_that_is_not_known_keeps_what_is_not_fixed() {
    let top = "<properties>\n<saga>2.0</saga>\n</properties>\n";
    let tree = build(
        top,
        &dependencies(&[(SAGA, "${saga}"), (SAGA_NET, "${saga}")]),
        "",
    );
    let asked = Asked {
        published_before: Some("2026-01-01T00:00:00Z"),
        ..Asked::of(&[(SAGA, "2.0", "2.2")])
    };
    let (told, _, lines) = asked.fix(&world(), &tree);
    assert_eq!(told, ["org.saga.example:saga-core 2.0 → 2.2"]);
    assert!(lines[0].starts_with("core/pom.xml: "), "{lines:?}");
}

#[test]
fn plugins_and_profiles_are_fixed_where_they_are_written() {
    let top = "<build><plugins>\n<plugin><groupId>org.saga.example</groupId><artifactId>saga-core</artifactId><version>2.0</version></plugin>\n</plugins></build>
<profiles><profile><id>p</id>\n<dependencies>\n<dependency><groupId>org.saga.example</groupId><artifactId>saga-core</artifactId><version>2.0</version></dependency>\n</dependencies></profile></profiles>\n";
    let tree = build(top, "", "");
    let (told, after, lines) = Asked::of(&[(SAGA, "2.0", "2.1")]).fix(&world(), &tree);
    assert_eq!(told, ["org.saga.example:saga-core 2.0 → 2.1"]);
    assert_eq!(lines.len(), 2);
    assert!(versions(&after, &POMS).iter().all(|line| line.ends_with("2.1")));
}

#[test]
fn the_check_refuses_what_the_plan_does_not_say() {
    let top = "<properties>\n<saga>2.0</saga>\n</properties>\n";
    let tree = build(
        top,
        &dependencies(&[(SAGA, "${saga}"), (SAGA_NET, "${saga}")]),
        "",
    );
    let asked = Asked::of(&[(SAGA, "2.0", "2.2")]);
    let (plan, _) = asked.plan(&world(), &tree);
    assert!(asked.edit(&tree, &plan).is_ok());
    let altered = |alter: &dyn Fn(&mut lockkeeper::plan::maven::PomEdit)| {
        let (mut plan, _) = asked.plan(&world(), &tree);
        let EntryEdit::Own(OwnEdit::Pom(edit)) = &mut plan.entries[0].edit else {
            panic!("another edit")
        };
        alter(edit);
        asked.edit(&tree, &plan).unwrap_err().to_string()
    };
    let missing = altered(&|edit| {
        edit.uses.pop_last();
    });
    assert_eq!(
        missing,
        "The text 2.0 of pom.xml is not the version of what the plan says."
    );
    let moved = altered(&|edit| edit.at = edit.at.start - 1..edit.at.end);
    assert!(moved.contains("in one piece"), "{moved}");
    let damaging = altered(&|edit| edit.to = "2.2</saga><saga>2.3".to_owned());
    assert!(damaging.ends_with("is no version."), "{damaging}");
    let range = altered(&|edit| edit.to = "[2.2,3)".to_owned());
    assert!(
        range.contains("another dependency") || range.contains("is gone"),
        "{range}"
    );
    // A text that is nobody's version.
    let text = text_of(&tree, &tree_path("pom.xml")).unwrap();
    let at = text.find("<version>1<").unwrap() + "<version>".len();
    let other = altered(&|edit| {
        edit.at = at..at + 1;
        edit.from = "1".to_owned();
    });
    // The modules would not find their parent any more.
    assert_eq!(other, "Another parent or BOM would change.");
}
