//! What becomes of a project of Yarn, one rule after the other.

use lockkeeper::plan::{Manifests, Wish};
use lockkeeper::version::Distance;
use serde_json::json;

use super::npm_world::{Asked, World, told};
use super::yarn_world::{Files, Keys, berry_lock, edited, keys_of, lock, project};

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
fn entries_of_resolutions_move_inside_of_their_range_and_are_raised_as_they_are_written() {
    let world = World::of("a 1.0.0: b ~1.0.0\nb 1.0.0\nb 1.0.2\nb 1.1.0\nb 2.0.0");
    let with = |entry: &str, keys: &[(&str, &str)]| {
        let mut before = files(&world, json!({"a": "^1.0.0"}), keys);
        let manifest =
            before["package.json"].replace("\"name\"", &format!("\"resolutions\": {{{entry}}}, \"name\""));
        before.insert("package.json".to_owned(), manifest);
        before
    };
    let flaws = [("b", "1.0.2")];
    let change = Asked {
        flaws: &flaws,
        manifests: Manifests::Change,
        ..KEEP
    };
    for (entry, rule, written, new) in [
        ("\"**/b\": \"1.0.0\"", "b@1.0.0", "\"**/b\": \"1.0.2\"", "b@1.0.2"),
        (
            "\"**/b\": \"1.0.0\", \"b\": \"0.9.0\"",
            "b@1.0.0",
            "\"**/b\": \"1.0.2\", \"b\": \"0.9.0\"",
            "b@1.0.2",
        ),
        ("\"b\": \"=1.0.0\"", "b@=1.0.0", "\"b\": \"=1.0.2\"", "b@=1.0.2"),
        ("\"b\": \"^1.0.0\"", "b@^1.0.0", "\"b\": \"^1.0.0\"", "b@^1.0.0"),
    ] {
        let locked = [("a@^1.0.0", "1.0.0"), (rule, "1.0.0"), ("b@~1.0.0", "1.0.0")];
        let before = with(entry, &locked);
        let plan = change.plan_yarn(&world, &before);
        let means = if entry == written { "in_range" } else { "manifest" };
        assert_eq!(told(&plan), [format!("b 1.0.0 → 1.0.2 ({means})")], "{entry}");
        let after = edited(&before, &plan).expect("an edit");
        let manifest = before["package.json"].replace(entry, written);
        assert_eq!(
            after.get("package.json").unwrap_or(&before["package.json"]),
            &manifest
        );
        assert_eq!(
            keys_of(&after["yarn.lock"]),
            keys(&[("a@^1.0.0", "1.0.0"), (new, "1.0.2"), ("b@~1.0.0", "1.0.2")]),
            "{entry}"
        );
        // Without it nothing of a manifest changes.
        if means == "manifest" {
            let keep = Asked {
                flaws: &flaws,
                ..KEEP
            };
            let reason = &keep.plan_yarn(&world, &before).blocked[0].reason;
            assert!(
                reason.ends_with("and package.json is not to be changed."),
                "{reason}"
            );
        }
    }
    // What `a` asks for does not count: the entry may lead it further.
    let flaws = [("b", "1.1.0")];
    let change = Asked {
        flaws: &flaws,
        ..change
    };
    let locked = [("a@^1.0.0", "1.0.0"), ("b@1.0.0", "1.0.0"), ("b@~1.0.0", "1.0.0")];
    let plan = change.plan_yarn(&world, &with("\"b\": \"1.0.0\"", &locked));
    assert_eq!(told(&plan), ["b 1.0.0 → 1.1.0 (manifest)"]);
    let flaws = [("b", "2.0.0")];
    let change = Asked {
        flaws: &flaws,
        level: Distance::Minor,
        ..change
    };
    for entry in ["\"b\": \"1.0.0\"", "\"a/b\": \"1.0.0\""] {
        let before = with(entry, &locked);
        let plan = change.plan_yarn(&world, &before);
        assert!(plan.entries.is_empty(), "{entry}");
        let reason = &plan.blocked[0].reason;
        let words = match entry {
            "\"a/b\": \"1.0.0\"" => "`resolutions` in package.json decide about b: change them there.",
            _ => "--level",
        };
        assert!(reason.contains(words), "{entry}: {reason}");
    }
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

/// A project of Yarn 4 that asks for `dependencies`.
fn berry(world: &World, dependencies: &[(&str, &str)], locked: &[(&str, &str)]) -> Files {
    let table: serde_json::Map<_, _> = dependencies
        .iter()
        .map(|(name, range)| ((*name).to_owned(), json!(range)))
        .collect();
    let manifest = json!({"name": "project", "version": "1.0.0", "dependencies": table});
    let asked: Vec<String> = dependencies
        .iter()
        .map(|(name, range)| format!("{name}@{range}"))
        .collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let locked = keys(locked);
    let text = berry_lock(world, &locked, &[(".", "project", &asked)], &locked, 10);
    project(&manifest.to_string(), &text)
}

#[test]
fn a_later_yarn_locks_what_comes_in_without_a_checksum_and_keeps_its_line_ends() {
    let world = World::of(
        "a 1.0.0: b ~1.0.0\nb 1.0.0\nb 1.0.2: new ^1.0.0, optional c 1.x, peer d >=1\nnew 1.5.0\nc 1.0.0\nd 1.0.0",
    );
    let mut before = berry(
        &world,
        &[("a", "^1.0.0"), ("d", "1.0.0")],
        &[("a@^1.0.0", "1.0.0"), ("b@~1.0.0", "1.0.0"), ("d@1.0.0", "1.0.0")],
    );
    let wishes = KEEP.wishes_of_keys(&keys_of(&before["yarn.lock"]));
    let windows = before["yarn.lock"].replace('\n', "\r\n");
    before.insert("yarn.lock".to_owned(), windows);
    let plan = KEEP.plan_wishes(&world, &before, &wishes);
    assert_eq!(
        told(&plan),
        ["b 1.0.0 → 1.0.2 (in_range)", "+ c 1.0.0", "+ new 1.5.0"]
    );
    let after = edited(&before, &plan).expect("an edit");
    let now = keys(&[
        ("a@^1.0.0", "1.0.0"),
        ("b@~1.0.0", "1.0.2"),
        ("c@1.x", "1.0.0"),
        ("d@1.0.0", "1.0.0"),
        ("new@^1.0.0", "1.5.0"),
    ]);
    let hashed = keys(&[("a@^1.0.0", "1.0.0"), ("d@1.0.0", "1.0.0")]);
    let own: [(&str, &str, &[&str]); 1] = [(".", "project", &["a@^1.0.0", "d@1.0.0"])];
    let expected = berry_lock(&world, &now, &own, &hashed, 10);
    assert_eq!(after["yarn.lock"], expected.replace('\n', "\r\n"));
}

/// An entry of the package `fsevents` and one of its patch, as Yarn 4 writes them.
const PATCHED: &str = "\"fsevents@npm:RANGE\":\n  version: 2.3.3\n  resolution: \"fsevents@npm:2.3.3\"\n  languageName: node\n  linkType: hard\n\n\"fsevents@patch:fsevents@npm%3ARANGE#optional!builtin<compat/fsevents>\":\n  version: 2.3.3\n  resolution: \"fsevents@patch:fsevents@npm%3A2.3.3#optional!builtin<compat/fsevents>::version=2.3.3&hash=df0bf1\"\n  languageName: node\n  linkType: hard\n";

/// The lockfile with what is patched, in its place.
fn with_patch(text: &str, range: &str) -> String {
    let entry = PATCHED.replace("RANGE", range);
    let at = text.find("\"project@workspace").expect("the project");
    format!("{}{entry}\n{}", &text[..at], &text[at..])
}

#[test]
fn a_new_range_of_what_yarn_patches_joins_what_is_locked_with_its_patch() {
    let world = World::of(
        "b 1.0.0: optional fsevents ~2.3.1\nb 1.0.2: optional fsevents ~2.3.2\nfsevents 2.3.3\nfsevents 2.4.0",
    );
    let mut before = berry(&world, &[("b", "^1.0.0")], &[("b@^1.0.0", "1.0.0")]);
    let text = with_patch(&before["yarn.lock"], "~2.3.1");
    before.insert("yarn.lock".to_owned(), text);
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (in_range)"]);
    let after = edited(&before, &plan).expect("an edit");
    let keys = keys(&[("b@^1.0.0", "1.0.2")]);
    let own: [(&str, &str, &[&str]); 1] = [(".", "project", &["b@^1.0.0"])];
    let expected = berry_lock(&world, &keys, &own, &Keys::new(), 10);
    assert_eq!(after["yarn.lock"], with_patch(&expected, "~2.3.2"));
}

#[test]
fn what_yarn_patches_stays_with_what_still_asks_for_it() {
    let world =
        World::of("b 1.0.0: optional fsevents ~2.3.1\nb 1.0.2: optional fsevents ~2.3.1\nfsevents 2.3.3");
    let mut before = berry(&world, &[("b", "^1.0.0")], &[("b@^1.0.0", "1.0.0")]);
    let text = with_patch(&before["yarn.lock"], "~2.3.1");
    before.insert("yarn.lock".to_owned(), text);
    let plan = KEEP.plan_yarn(&world, &before);
    let after = edited(&before, &plan).expect("an edit");
    assert_eq!(
        after["yarn.lock"].matches("fsevents@patch:").count(),
        2,
        "{}",
        after["yarn.lock"]
    );
}

#[test]
fn a_range_of_what_yarn_patches_that_is_not_locked_keeps_a_version_out() {
    let world = World::of(
        "b 1.0.0: optional fsevents ~2.3.1\nb 1.0.2: optional fsevents ^2.4.0\nfsevents 2.3.3\nfsevents 2.4.0",
    );
    let mut before = berry(&world, &[("b", "^1.0.0")], &[("b@^1.0.0", "1.0.0")]);
    let text = with_patch(&before["yarn.lock"], "~2.3.1");
    before.insert("yarn.lock".to_owned(), text);
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["stays b 1.0.0"]);
    assert!(
        plan.blocked[0].reason.contains("Yarn patches fsevents"),
        "{}",
        plan.blocked[0].reason
    );
}

#[test]
fn what_yarn_itself_gives_to_a_package_keeps_major_versions_in_place() {
    let world = World::of(
        "top 1.0.0: old ^4.0.0\ntop 1.1.0: old ^5.0.0\nold 4.0.0\nold 4.0.1\nold 5.0.0\ngiven 8.0.0",
    );
    let before = berry(
        &world,
        &[("top", "^1.0.0")],
        &[
            ("given@^8.0.0", "8.0.0"),
            ("old@^4.0.0", "4.0.0"),
            ("top@^1.0.0", "1.0.0"),
        ],
    );
    let near = Asked {
        flaws: &[("old", "4.0.1")],
        ..KEEP
    };
    let plan = near.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["old 4.0.0 → 4.0.1 (in_range)"]);
    assert!(edited(&before, &plan).is_ok());
    let far = Asked {
        flaws: &[("old", "5.0.0")],
        ..KEEP
    };
    let plan = far.plan_yarn(&world, &before);
    assert_eq!(told(&plan)[0], "old 4.0.0 → 5.0.0 (parent)");
    assert_eq!(
        edited(&before, &plan).expect_err("a refusal").0,
        "Yarn itself has some package need given@npm:^8.0.0, which nothing in the lockfile asks for. That may be old 4.0.0, which would leave."
    );
}

/// What `.yarnrc.yml` says for the projects below.
const CATALOG: &str = "catalog:\n  b: ^1.0.0\n";

fn with_catalog(world: &World) -> Files {
    let locked = [("b@^1.0.0", "1.0.0"), ("c@~1.0.0", "1.0.0")];
    let mut files = berry(world, &[("b", "catalog:")], &locked);
    files.insert(".yarnrc.yml".to_owned(), CATALOG.to_owned());
    files
}

#[test]
fn what_comes_from_a_catalog_moves_within_its_range() {
    let world = World::of("b 1.0.0: c ~1.0.0\nb 1.0.2: c ~1.0.0\nc 1.0.0");
    let before = with_catalog(&world);
    let plan = KEEP.plan_yarn(&world, &before);
    assert_eq!(told(&plan), ["b 1.0.0 → 1.0.2 (in_range)"]);
    let after = edited(&before, &plan).expect("an edit");
    let locked = keys(&[("b@^1.0.0", "1.0.2"), ("c@~1.0.0", "1.0.0")]);
    let hashed = keys(&[("c@~1.0.0", "1.0.0")]);
    let own: [(&str, &str, &[&str]); 1] = [(".", "project", &["b@catalog:"])];
    assert_eq!(after["yarn.lock"], berry_lock(&world, &locked, &own, &hashed, 10));
    assert_eq!(after["package.json"], before["package.json"]);
    // What only the old version needed leaves.
    let world = World::of("b 1.0.0: c ~1.0.0\nb 1.0.2\nc 1.0.0");
    let plan = KEEP.plan_yarn(&world, &with_catalog(&world));
    let after = edited(&with_catalog(&world), &plan).expect("an edit");
    assert!(!after["yarn.lock"].contains("c@npm:"), "{}", after["yarn.lock"]);
}

#[test]
fn the_range_of_a_catalog_stays() {
    let world = World::of("b 1.0.0: c ~1.0.0\nb 2.0.0: c ~1.0.0\nc 1.0.0");
    let asked = Asked {
        flaws: &[("b", "2.0.0")],
        manifests: Manifests::Change,
        ..KEEP
    };
    let plan = asked.plan_yarn(&world, &with_catalog(&world));
    assert_eq!(told(&plan), ["stays b 1.0.0"]);
    let reason = &plan.blocked[0].reason;
    assert!(
        reason.contains("b comes from a catalog of .yarnrc.yml: change the range there."),
        "{reason}"
    );
}

#[test]
fn nothing_is_planned_without_the_catalog() {
    let world = World::of("b 1.0.0\nb 1.0.2\nc 1.0.0");
    let mut files = with_catalog(&world);
    let expected = "b comes from a catalog of .yarnrc.yml, which does not have it.";
    files.insert(
        ".yarnrc.yml".to_owned(),
        "catalogs:\n  b: {b: ^1.0.0}\n".to_owned(),
    );
    assert_eq!(KEEP.refused_in(&world, &files, "yarn.lock"), expected);
    files.remove(".yarnrc.yml");
    assert_eq!(KEEP.refused_in(&world, &files, "yarn.lock"), expected);
}

/// An earlier version of the same package comes in for something else: what used the old one uses the other.
#[test]
fn a_package_has_become_what_its_dependents_use_now() {
    let world = World::of(
        "a 1.0.0: b ~1.0.0\na 1.1.0: b ^2.0.0, q ^1.0.0\nq 1.0.0: b ^1.1.0\nb 1.0.0\nb 1.1.0\nb 2.0.0",
    );
    let before = files(
        &world,
        json!({"a": "^1.0.0"}),
        &[("a@^1.0.0", "1.0.0"), ("b@~1.0.0", "1.0.0")],
    );
    assert_eq!(
        told(&KEEP.plan_yarn(&world, &before)),
        [
            "b 1.0.0 → 2.0.0 (parent)",
            "~ a 1.0.0 → 1.1.0",
            "+ b 1.1.0",
            "+ q 1.0.0"
        ]
    );
}
