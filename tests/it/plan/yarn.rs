//! What becomes of a project of Yarn, one rule after the other.

use lockkeeper::plan::{Manifests, Wish};
use lockkeeper::version::Distance;
use serde_json::json;

use super::npm_world::{Asked, World, told};
use super::yarn_world::{Files, Keys, edited, keys_of, lock, project};

fn keys(list: &[(&str, &str)]) -> Keys {
    let keys = list
        .iter()
        .map(|(key, version)| ((*key).to_owned(), (*version).to_owned()));
    keys.collect()
}

/// A project that asks for what `dependencies` say.
fn files(world: &World, dependencies: serde_json::Value, locked: &[(&str, &str)]) -> Files {
    let manifest = json!({"name": "project", "version": "1.0.0", "dependencies": dependencies});
    let mut manifest = serde_json::to_string_pretty(&manifest).expect("JSON");
    manifest.push('\n');
    project(&manifest, &lock(world, &keys(locked)))
}

const KEEP: Asked<'_> = Asked {
    flaws: &[("b", "1.0.2")],
    level: Distance::Major,
    manifests: Manifests::Keep,
};

#[test]
fn every_descriptor_gets_the_lowest_fixed_version_of_its_range() {
    let world = World::of("a 1.0.0: b ~1.0.0\nb 1.0.0\nb 1.0.1\nb 1.0.2\nb 1.0.3\nb 1.1.0");
    let before = files(
        &world,
        json!({"a": "^1.0.0", "b": "^1.0.0"}),
        &[
            ("a@^1.0.0", "1.0.0"),
            ("b@^1.0.0", "1.0.0"),
            ("b@~1.0.0", "1.0.0"),
        ],
    );
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (in_range)"]);
    let after = edited(&before, &plan).expect("an edit");
    assert_eq!(
        after["yarn.lock"],
        lock(
            &world,
            &keys(&[
                ("a@^1.0.0", "1.0.0"),
                ("b@^1.0.0", "1.0.2"),
                ("b@~1.0.0", "1.0.2")
            ])
        )
    );
}

#[test]
fn a_fixed_version_that_is_locked_already_comes_first() {
    let world = World::of("a 1.0.0: b ^1.1.0\nb 1.0.0\nb 1.0.2\nb 1.1.0\nb 2.0.0\nc 1.0.0: b ^2.0.0");
    let before = files(
        &world,
        json!({"a": "^1.0.0", "b": ">=1.0.0", "c": "1"}),
        &[
            ("a@^1.0.0", "1.0.0"),
            ("b@>=1.0.0", "1.0.0"),
            ("b@^1.1.0", "1.1.0"),
            ("b@^2.0.0", "2.0.0"),
            ("c@1", "1.0.0"),
        ],
    );
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.1.0 (in_range)"]);
    let after = edited(&before, &plan).expect("an edit");
    assert!(after["yarn.lock"].contains("\nb@>=1.0.0, b@^1.1.0:\n  version \"1.1.0\"\n"));
}

#[test]
fn what_a_new_version_needs_comes_in_and_what_nothing_needs_leaves() {
    let world = World::of(
        "b 1.0.0: old 1.0.0\nb 1.0.2: new ^1.0.0, kept ^1.1.0\nold 1.0.0: older 1\nolder 1.0.0\nnew 1.0.0\nnew 1.5.0\nkept 1.2.0\nkept 1.3.0",
    );
    let before = files(
        &world,
        json!({"b": "^1.0.0", "kept": "^1.0.0"}),
        &[
            ("b@^1.0.0", "1.0.0"),
            ("kept@^1.0.0", "1.2.0"),
            ("old@1.0.0", "1.0.0"),
            ("older@1", "1.0.0"),
        ],
    );
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(
        told(&plan),
        [
            "b 1.0.0 → 1.0.2 (in_range)",
            "+ new 1.5.0",
            "- old 1.0.0",
            "- older 1.0.0"
        ]
    );
    let after = edited(&before, &plan).expect("an edit");
    let now = keys(&[
        ("b@^1.0.0", "1.0.2"),
        ("kept@^1.0.0", "1.2.0"),
        ("kept@^1.1.0", "1.2.0"),
        ("new@^1.0.0", "1.5.0"),
    ]);
    assert_eq!(after["yarn.lock"], lock(&world, &now));
}

#[test]
fn the_nearest_dependent_moves_where_its_range_keeps_the_fix_out() {
    let world = World::of(
        "top 1.0.0: a ^1.0.0\na 1.0.0: b 1.0.0\na 1.0.1: b 1.0.1\na 1.1.0: b ^1.0.2\na 1.2.0: b ^1.0.2\nb 1.0.0\nb 1.0.1\nb 1.0.2\nb 1.0.3",
    );
    let before = files(
        &world,
        json!({"top": "^1.0.0"}),
        &[
            ("a@^1.0.0", "1.0.0"),
            ("b@1.0.0", "1.0.0"),
            ("top@^1.0.0", "1.0.0"),
        ],
    );
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (parent)", "~ a 1.0.0 → 1.1.0"]);
    let after = edited(&before, &plan).expect("an edit");
    let now = keys(&[
        ("a@^1.0.0", "1.1.0"),
        ("b@^1.0.2", "1.0.2"),
        ("top@^1.0.0", "1.0.0"),
    ]);
    assert_eq!(after["yarn.lock"], lock(&world, &now));
}

#[test]
fn a_manifest_changes_only_where_it_may() {
    let world = World::of("b 1.0.0\nb 1.0.2\nb 1.0.3");
    let before = files(&world, json!({"b": "1.0.0"}), &[("b@1.0.0", "1.0.0")]);
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["stays b 1.0.0"]);
    assert_eq!(plan.blocked[0].by[0].to_string(), "package.json needs b 1.0.0");
    assert_eq!(
        plan.blocked[0].reason,
        "b 1.0.2 would help, and package.json is not to be changed."
    );
    let change = Asked {
        manifests: Manifests::Change,
        ..KEEP
    };
    let plan = change.plan_yarn(&world, &before);
    assert_eq!(
        told(&plan),
        ["b 1.0.0 → 1.0.2 (manifest)", "asks b 1.0.0 → 1.0.2"]
    );
    let after = edited(&before, &plan).expect("an edit");
    assert_eq!(
        after["package.json"],
        before["package.json"].replace("\"b\": \"1.0.0\"", "\"b\": \"1.0.2\"")
    );
    assert_eq!(keys_of(&after["yarn.lock"]), keys(&[("b@1.0.2", "1.0.2")]));
}

#[test]
fn resolutions_override_where_they_may_and_the_chain_is_named_where_not() {
    let world = World::of("top 1.0.0: a 1.0.0\na 1.0.0: b ~1.0.0\nb 1.0.0\nb 1.2.0\nb 2.0.0");
    let flaws = [("b", "1.2.0")];
    let before = files(
        &world,
        json!({"top": "^1.0.0"}),
        &[
            ("a@1.0.0", "1.0.0"),
            ("b@~1.0.0", "1.0.0"),
            ("top@^1.0.0", "1.0.0"),
        ],
    );
    let keep = Asked {
        flaws: &flaws,
        ..KEEP
    };
    let plan = keep.plan_yarn(&world, &before);
    let blocked = &plan.blocked[0];
    let by: Vec<String> = blocked.by.iter().map(ToString::to_string).collect();
    assert_eq!(by, ["a 1.0.0 needs b ~1.0.0"]);
    assert_eq!(
        blocked.reason,
        "The registry has no later version of a that helps. With `override` in `fix.allow` of the policy, `resolutions` in package.json would decide about it."
    );
    let change = Asked {
        flaws: &flaws,
        manifests: Manifests::ChangeAndOverride,
        ..KEEP
    };
    let plan = change.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.2.0 (override)"]);
    let after = edited(&before, &plan).expect("an edit");
    assert!(
        after["package.json"].contains("\"resolutions\": {\n    \"b\": \"^1.2.0\"\n  }"),
        "{}",
        after["package.json"]
    );
    assert!(
        after["yarn.lock"].contains("\nb@^1.2.0, b@~1.0.0:\n  version \"1.2.0\"\n"),
        "{}",
        after["yarn.lock"]
    );
}

#[test]
fn what_resolutions_decide_about_stays() {
    let world = World::of("a 1.0.0: b ~1.0.0\nb 1.0.0\nb 1.0.2");
    let mut before = files(
        &world,
        json!({"a": "^1.0.0"}),
        &[("a@^1.0.0", "1.0.0"), ("b@1.0.0", "1.0.0"), ("b@~1.0.0", "1.0.0")],
    );
    let manifest =
        before["package.json"].replace("\"name\"", "\"resolutions\": {\"**/b\": \"1.0.0\"}, \"name\"");
    before.insert("package.json".to_owned(), manifest);
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(
        plan.blocked[0].reason,
        "`resolutions` in package.json decide about b: change them there."
    );
    assert!(plan.entries.is_empty());
}

#[test]
fn manifests_of_workspaces_ask_too() {
    let world = World::of("b 1.0.0\nb 1.0.2\nb 1.1.0");
    let mut before = files(&world, json!({}), &[("b@^1.0.0", "1.0.0"), ("b@~1.0.0", "1.0.0")]);
    let root = r#"{"private": true, "workspaces": ["packages/*"]}"#;
    before.insert("package.json".to_owned(), root.to_owned());
    for (name, range) in [("one", "^1.0.0"), ("two", "~1.0.0")] {
        let manifest =
            json!({"name": name, "version": "1.0.0", "dependencies": {"b": range, "one": "1.0.0"}});
        before.insert(format!("packages/{name}/package.json"), manifest.to_string());
    }
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (in_range)"]);
    let flaws = [("b", "1.1.0")];
    let change = Asked {
        flaws: &flaws,
        manifests: Manifests::Change,
        ..KEEP
    };
    let plan = change.plan_yarn(&world, &before);
    assert_eq!(
        told(&plan),
        ["b 1.0.0 → 1.1.0 (manifest)", "asks b ~1.0.0 → ~1.1.0"]
    );
    let after = edited(&before, &plan).expect("an edit");
    assert!(after["packages/two/package.json"].contains("\"b\":\"~1.1.0\""));
    assert_eq!(
        keys_of(&after["yarn.lock"]),
        keys(&[("b@^1.0.0", "1.1.0"), ("b@~1.1.0", "1.1.0")])
    );
}

#[test]
fn an_alias_moves_under_its_own_name() {
    let world = World::of("b 1.0.0\nb 1.0.2");
    let before = files(
        &world,
        json!({"other": "npm:b@^1.0.0"}),
        &[("other@npm:b@^1.0.0", "1.0.0")],
    );
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (in_range)"]);
    let after = edited(&before, &plan).expect("an edit");
    assert!(
        after["yarn.lock"].contains("\"other@npm:b@^1.0.0\":\n  version \"1.0.2\"\n"),
        "{}",
        after["yarn.lock"]
    );
}

#[test]
fn a_package_leaves_with_what_needs_it() {
    let world = World::of("a 1.0.0: bad 1.0.0\na 1.0.1\nbad 1.0.0");
    let before = files(
        &world,
        json!({"a": "^1.0.0"}),
        &[("a@^1.0.0", "1.0.0"), ("bad@1.0.0", "1.0.0")],
    );
    let wish = Wish {
        name: "bad".to_owned(),
        version: "1.0.0".to_owned(),
        to: None,
        fixes: Vec::new(),
        without: vec!["MAL-1".to_owned()],
    };
    let plan = KEEP.plan_wishes(&world, &before, &[wish]);
    assert_eq!(told(&plan), ["bad 1.0.0 leaves (parent)", "~ a 1.0.0 → 1.0.1"]);
    let after = edited(&before, &plan).expect("an edit");
    assert_eq!(keys_of(&after["yarn.lock"]), keys(&[("a@^1.0.0", "1.0.1")]));
}

#[test]
fn a_version_whose_peers_are_there_in_another_version_is_not_taken() {
    let world = World::of(
        "b 1.0.0: peer host ^1.0.0\nb 1.0.2: peer host ^2.0.0\nb 1.0.3: peer host ^1.0.0\nhost 1.0.0",
    );
    let before = files(
        &world,
        json!({"b": "^1.0.0", "host": "^1.0.0"}),
        &[("b@^1.0.0", "1.0.0"), ("host@^1.0.0", "1.0.0")],
    );
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.3 (in_range)"]);
    assert!(edited(&before, &plan).is_ok());
}
