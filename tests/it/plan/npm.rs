//! Plans for npm, case by case.

use lockkeeper::lockfile::package_lock::installed::installed;
use lockkeeper::plan::Manifests;
use lockkeeper::version::Distance;

use super::npm_world::{Asked, World, edited, edited_beside, in_version, lock, manifest_of, told};

/// What a plan says and where packages lie afterwards.
fn planned(world: &str, needs: &str, folders: &str, flaws: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    planned_within(world, needs, folders, flaws, Distance::Minor, Manifests::Change)
}

fn planned_within(
    world: &str,
    needs: &str,
    folders: &str,
    flaws: &[(&str, &str)],
    level: Distance,
    manifests: Manifests,
) -> (Vec<String>, Vec<String>) {
    let world = World::of(world);
    let text = lock(&world, needs, folders);
    let asked = Asked {
        flaws,
        level,
        manifests,
    };
    let (plan, _) = asked.plan(&world, &text);
    let after = edited(&text, &plan).expect("an edit that the check accepts");
    let folders = installed(&after).expect("a lockfile");
    let folders = folders
        .iter()
        .filter(|folder| !folder.is_own)
        .map(|folder| format!("{}@{}", folder.place.replace("node_modules/", ""), folder.version));
    (told(&plan), folders.collect())
}

#[test]
fn the_lowest_version_that_nothing_affects_and_new_packages_at_their_newest() {
    let world = "
        cookie 4.0.0: psl ^1.1.0, case ^0.1.2
        cookie 4.1.2: psl ^1.1.0, case ^0.2.0
        cookie 4.1.3: psl ^1.1.0, case ^0.2.0, url ^1.5.3
        cookie 4.1.4: psl ^1.1.0, case ^0.2.0, url ^1.5.3
        psl 1.1.0
        psl 1.2.0
        case 0.1.2
        case 0.2.0
        url 1.5.3
        url 1.5.9: query ^2.0.0
        query 2.0.0
        query 2.2.0
        query 3.0.0
    ";
    let (told, folders) = planned(
        world,
        "cookie ^4.0.0",
        "cookie@4.0.0, psl@1.1.0, case@0.1.2",
        &[("cookie", "4.1.3")],
    );
    assert_eq!(
        told,
        [
            "cookie 4.0.0 → 4.1.3 (in_range)",
            "~ case 0.1.2 → 0.2.0",
            "+ query 2.2.0",
            "+ url 1.5.9",
        ]
    );
    assert_eq!(
        folders,
        [
            "case@0.2.0",
            "cookie@4.1.3",
            "psl@1.1.0",
            "query@2.2.0",
            "url@1.5.9"
        ]
    );
}

#[test]
fn what_others_hold_stays_and_gets_a_copy_beside_it() {
    let world = "
        cookie 4.0.0: case ^0.1.2
        cookie 4.1.3: case ^0.2.0
        other 1.0.0: case ^0.1.2
        case 0.1.2
        case 0.2.0
    ";
    let (told, folders) = planned(
        world,
        "cookie ^4.0.0, other ^1.0.0",
        "cookie@4.0.0, other@1.0.0, case@0.1.2",
        &[("cookie", "4.1.3")],
    );
    assert_eq!(told, ["cookie 4.0.0 → 4.1.3 (in_range)", "+ case 0.2.0"]);
    assert_eq!(
        folders,
        ["case@0.1.2", "cookie@4.1.3", "cookie/case@0.2.0", "other@1.0.0"]
    );
}

#[test]
fn each_copy_of_a_package_is_judged_by_itself() {
    let world = "
        config 9.0.0: yaml ^4.1.0
        lint 0.49.0: yaml ~4.2.0
        lint 0.49.1: yaml ~5.2.1
        yaml 4.2.0
        yaml 4.3.1
        yaml 4.3.2
        yaml 5.2.1
        yaml 5.2.3
    ";
    let folders = "config@9.0.0, lint@0.49.0, yaml@4.3.1, lint/yaml@4.2.0";
    let needs = "dev config 9.0.0, dev lint 0.49.0";
    let flaws = [("yaml", "4.3.2")];
    let (told, _) = planned_within(world, needs, folders, &flaws, Distance::Minor, Manifests::Keep);
    assert_eq!(told, ["yaml 4.3.1 → 4.3.2 (in_range)", "stays yaml 4.2.0"]);
    let (told, folders) = planned(world, needs, folders, &flaws);
    assert_eq!(
        told,
        [
            "yaml 4.2.0 → 5.2.3 (manifest)",
            "yaml 4.3.1 → 4.3.2 (in_range)",
            "~ lint 0.49.0 → 0.49.1",
            "asks lint 0.49.0 → 0.49.1",
        ]
    );
    assert_eq!(
        folders,
        ["config@9.0.0", "lint@0.49.1", "lint/yaml@5.2.3", "yaml@4.3.2"]
    );
}

#[test]
fn copies_that_come_to_the_same_version_are_shared() {
    let world = "
        chart 5.0.0: base 1.0.0, draw 5.0.0
        chart 5.1.0: base 2.0.0, draw 5.1.0
        draw 5.0.0: base 1.0.0
        draw 5.1.0: base 2.0.0
        base 1.0.0
        base 2.0.0
    ";
    let folders = "chart@5.0.0, draw@5.0.0, base@1.0.0";
    let (told, folders) = planned(world, "chart ^5.0.0", folders, &[("chart", "5.1.0")]);
    assert_eq!(
        told,
        [
            "chart 5.0.0 → 5.1.0 (in_range)",
            "~ base 1.0.0 → 2.0.0",
            "~ draw 5.0.0 → 5.1.0",
        ]
    );
    assert_eq!(folders, ["base@2.0.0", "chart@5.1.0", "draw@5.1.0"]);
    let world = "
        config 9.0.0: yaml ^4.1.0
        lint 0.49.0: yaml ^4.2.0
        yaml 4.2.0
        yaml 4.3.1
        yaml 4.3.2
    ";
    let folders = "config@9.0.0, lint@0.49.0, yaml@4.3.1, lint/yaml@4.2.0";
    let needs = "config 9.0.0, lint 0.49.0";
    let (told, folders) = planned(world, needs, folders, &[("yaml", "4.3.2")]);
    assert_eq!(
        told,
        ["yaml 4.2.0 → 4.3.2 (in_range)", "yaml 4.3.1 → 4.3.2 (in_range)"]
    );
    assert_eq!(folders, ["config@9.0.0", "lint@0.49.0", "yaml@4.3.2"]);
}

#[test]
fn what_is_in_the_way_is_named_with_its_whole_chain() {
    let world = World::of(
        "
        a 1.0.0: b ~1.0.0
        b 1.0.0: c ~1.0.0
        c 1.0.0
        c 1.1.0
        ",
    );
    let text = lock(&world, "a ^1.0.0", "a@1.0.0, b@1.0.0, c@1.0.0");
    let asked = Asked {
        flaws: &[("c", "1.1.0")],
        level: Distance::Major,
        manifests: Manifests::Change,
    };
    let (plan, _) = asked.plan(&world, &text);
    let by: Vec<String> = plan.blocked[0].by.iter().map(ToString::to_string).collect();
    assert_eq!(by, ["b 1.0.0 needs c ~1.0.0"]);
    assert!(
        plan.blocked[0].reason.contains("no later version of b"),
        "{:?}",
        plan.blocked
    );
    assert!(plan.entries.is_empty());
    assert_eq!(edited(&text, &plan).expect("nothing to refuse"), text);
}

#[test]
fn a_long_way_up_moves_what_has_to_and_nothing_else() {
    let world = "
        app 1.0.0: b ~1.0.0
        app 1.1.0: b ~1.1.0
        b 1.0.0: c ~1.0.0
        b 1.1.0: c ~1.1.0
        b 1.1.5: c ~1.1.0
        c 1.0.0: d 1.0.0
        c 1.1.0: d 1.1.0
        d 1.0.0
        d 1.1.0
        d 1.2.0
        e 1.0.0: f ^1.0.0
        f 1.0.0
        f 1.9.0
    ";
    let (told, _) = planned(
        world,
        "app ^1.0.0, e ^1.0.0",
        "app@1.0.0, b@1.0.0, c@1.0.0, d@1.0.0, e@1.0.0, f@1.0.0",
        &[("d", "1.1.0")],
    );
    assert_eq!(
        told,
        [
            "d 1.0.0 → 1.1.0 (parent)",
            "~ app 1.0.0 → 1.1.0",
            "~ b 1.0.0 → 1.1.5",
            "~ c 1.0.0 → 1.1.0",
        ]
    );
}

#[test]
fn what_nothing_needs_any_more_leaves() {
    let world = "
        a 1.0.0: flawed ^1.0.0
        a 1.0.1
        flawed 1.0.0: deep ^1.0.0
        deep 1.0.0
    ";
    // The flawed one itself has no later version.
    let folders = "a@1.0.0, flawed@1.0.0, deep@1.0.0";
    let flaws = [("flawed", "2.0.0")];
    let left = [
        "flawed 1.0.0 leaves (parent)",
        "~ a 1.0.0 → 1.0.1",
        "- deep 1.0.0",
    ];
    let (told, now) = planned(world, "a ^1.0.0", folders, &flaws);
    assert_eq!(
        (told.as_slice(), now.as_slice()),
        (&left.map(String::from)[..], &["a@1.0.1".to_owned()][..])
    );
    let (told, _) = planned(world, "a ^1.0.0, flawed ^1.0.0", folders, &flaws);
    assert_eq!(told, ["stays flawed 1.0.0"]);
    let world = format!("{world}\nflawed 2.0.0");
    let (told, now) = planned(&world, "a ^1.0.0", folders, &flaws);
    assert_eq!(told, left);
    assert_eq!(now, ["a@1.0.1"]);
}

#[test]
fn what_only_optional_peers_ask_for_leaves_too() {
    let world = "
        runner 1.0.0: types ^1.0.0
        runner 1.1.0: peer? types *
        widget 1.0.0: peer? types *
        types 1.0.0: deep ^1.0.0
        deep 1.0.0
    ";
    let flaws = [("runner", "1.1.0")];
    let folders = "runner@1.0.0, widget@1.0.0, types@1.0.0, deep@1.0.0";
    let (told, now) = planned(world, "runner ^1.0.0, widget ^1.0.0", folders, &flaws);
    assert_eq!(
        told,
        ["runner 1.0.0 → 1.1.0 (in_range)", "- deep 1.0.0", "- types 1.0.0"]
    );
    assert_eq!(now, ["runner@1.1.0", "widget@1.0.0"]);
    // An npm before that rule left it there, and what is not planned stays.
    let folders = "runner@1.1.0, widget@1.0.0, types@1.0.0, deep@1.0.0";
    let world = format!("{world}\nwidget 1.0.1: peer? types *");
    let (told, _) = planned(
        &world,
        "runner ^1.0.0, widget ^1.0.0",
        folders,
        &[("widget", "1.0.1")],
    );
    assert_eq!(told, ["widget 1.0.0 → 1.0.1 (in_range)"]);
}

#[test]
fn peers_move_together() {
    let world = "
        react 17.0.0
        react 17.0.2
        dom 17.0.0: peer react 17.0.0
        dom 17.0.2: peer react 17.0.2
        widget 1.0.0: peer react >=17.0.0, peer? types ^1.0.0
    ";
    let (told, _) = planned(
        world,
        "react ^17.0.0, dom ^17.0.0, widget 1.0.0",
        "react@17.0.0, dom@17.0.0, widget@1.0.0",
        &[("dom", "17.0.1")],
    );
    assert_eq!(
        told,
        ["dom 17.0.0 → 17.0.2 (in_range)", "~ react 17.0.0 → 17.0.2"]
    );
}

#[test]
fn a_plugin_that_needs_its_host_beside_it_moves_with_it() {
    let world = "
        host 4.0.0: plugin ^1.0.0, engine ^1.0.0
        host 4.1.0: plugin ^5.0.0, engine ^1.1.0
        plugin 1.0.0: peer host ~4.0.0, helper ^1.0.0
        plugin 5.0.0: peer host ^4.1.0
        helper 1.0.0: peer host ~4.0.0
        engine 1.0.0
        engine 1.1.0
    ";
    let (told, now) = planned(
        world,
        "host ^4.0.0",
        "host@4.0.0, plugin@1.0.0, helper@1.0.0, engine@1.0.0",
        &[("host", "4.1.0")],
    );
    assert_eq!(
        told,
        [
            "host 4.0.0 → 4.1.0 (in_range)",
            "~ engine 1.0.0 → 1.1.0",
            "- helper 1.0.0",
            "~ plugin 1.0.0 → 5.0.0",
        ]
    );
    assert_eq!(now, ["engine@1.1.0", "host@4.1.0", "plugin@5.0.0"]);
}

#[test]
fn a_plugin_that_the_project_asks_for_too_moves_with_its_host() {
    let world = "
        host 4.0.0: plugin ^1.0.0
        host 4.1.0: plugin ^2.0.0
        plugin 1.0.0: peer host ~4.0.0
        plugin 2.0.0: peer host ^4.1.0
    ";
    let (told, _) = planned(
        world,
        "host ^4.0.0, plugin >=1.0.0",
        "host@4.0.0, plugin@1.0.0",
        &[("host", "4.1.0")],
    );
    assert_eq!(told, ["host 4.0.0 → 4.1.0 (in_range)", "~ plugin 1.0.0 → 2.0.0"]);
}

#[test]
fn what_only_the_old_version_s_packages_need_beside_them_still_counts() {
    // The new host takes the old plugin, and the old plugin does not take the new host.
    let world = "
        host 4.0.0: plugin ^1.0.0
        host 4.1.0: plugin ^1.0.0
        plugin 1.0.0: peer host ~4.0.0
        plugin 1.1.0: peer host ^4.0.0
    ";
    let folders = "host@4.0.0, plugin@1.0.0";
    let flaws = [("host", "4.1.0")];
    let (told, _) = planned(world, "host ^4.0.0", folders, &flaws);
    assert_eq!(told, ["host 4.0.0 → 4.1.0 (parent)", "~ plugin 1.0.0 → 1.1.0"]);
    let world = world.replace("plugin 1.1.0: peer host ^4.0.0", "");
    let (told, _) = planned(&world, "host ^4.0.0", folders, &flaws);
    assert_eq!(told, ["stays host 4.0.0"]);
}

#[test]
fn packages_that_need_each_other_exactly_end_with_a_reason() {
    let world = "
        host 4.0.0: plugin 1.0.0
        host 4.1.0: plugin 1.0.0
        plugin 1.0.0: peer host 4.0.0
        plugin 1.1.0: peer host 4.1.0
    ";
    let (told, _) = planned(
        world,
        "host ^4.0.0, plugin ^1.0.0",
        "host@4.0.0, plugin@1.0.0",
        &[("host", "4.1.0")],
    );
    assert_eq!(told, ["stays host 4.0.0"]);
}

#[test]
fn of_what_comes_in_the_newest_whose_peers_are_there() {
    let world = "
        server 3.0.0
        server 3.1.0: schema ^4.0.0
        bundler 4.0.0
        bundler 5.0.0
        schema 4.3.0
        schema 4.8.0: peer? bundler ^5.0.0
        schema 4.9.0: peer bundler ^5.0.0
    ";
    let flaws = [("server", "3.1.0")];
    let (told, now) = planned(
        world,
        "server ^3.0.0, bundler ^4.0.0",
        "server@3.0.0, bundler@4.0.0",
        &flaws,
    );
    assert_eq!(told, ["server 3.0.0 → 3.1.0 (in_range)", "+ schema 4.3.0"]);
    assert_eq!(now, ["bundler@4.0.0", "schema@4.3.0", "server@3.1.0"]);
    let (told, _) = planned(
        world,
        "server ^3.0.0, bundler ^5.0.0",
        "server@3.0.0, bundler@5.0.0",
        &flaws,
    );
    assert_eq!(told, ["server 3.0.0 → 3.1.0 (in_range)", "+ schema 4.9.0"]);
}

#[test]
fn a_manifest_changes_within_the_level_alone() {
    let world = "
        a 1.0.0
        a 1.4.0
        a 2.0.0
    ";
    let flaws = [("a", "1.4.0")];
    let (told, _) = planned(world, "a 1.0.0", "a@1.0.0", &flaws);
    assert_eq!(told, ["a 1.0.0 → 1.4.0 (manifest)", "asks a 1.0.0 → 1.4.0"]);
    let (told, _) = planned_within(
        world,
        "a 1.0.0",
        "a@1.0.0",
        &flaws,
        Distance::Patch,
        Manifests::Change,
    );
    assert_eq!(told, ["stays a 1.0.0"]);
    let (told, _) = planned(world, "a ~1.0.0", "a@1.0.0", &[("a", "2.0.0")]);
    assert_eq!(told, ["stays a 1.0.0"]);
    let far = planned_within(
        world,
        "a ~1.0.0",
        "a@1.0.0",
        &[("a", "2.0.0")],
        Distance::Major,
        Manifests::Change,
    );
    assert_eq!(far.0, ["a 1.0.0 → 2.0.0 (manifest)", "asks a ~1.0.0 → ~2.0.0"]);
}

#[test]
fn retired_and_flawed_versions_are_taken_for_nothing() {
    let world = "
        a 1.0.0
        a 1.1.0 retired
        a 1.2.0: b ^1.0.0
        b 1.0.0
        b 1.1.0
        b 1.2.0 retired
    ";
    let (told, _) = planned(world, "a ^1.0.0", "a@1.0.0", &[("a", "1.1.0"), ("b", "1.1.0")]);
    assert_eq!(told, ["a 1.0.0 → 1.2.0 (in_range)", "+ b 1.1.0"]);
}

#[test]
fn versions_that_npm_cannot_order_hide_no_other() {
    let world = "
        web 4.17.1
        web 4.19.2
        web 4.2.0beta1
        web 5.0.0
    ";
    let (told, folders) = planned(world, "web 4.17.1", "web@4.17.1", &[("web", "4.19.2")]);
    assert_eq!(
        told,
        ["web 4.17.1 → 4.19.2 (manifest)", "asks web 4.17.1 → 4.19.2"],
        "{folders:?}"
    );
    assert_eq!(folders, ["web@4.19.2"]);
}

#[test]
fn the_other_layouts_change_in_step() {
    let world = World::of(
        "
        cookie 4.0.0: case ^0.1.2, optional sock ^1.0.0
        cookie 4.1.3: case ^0.2.0, url ^1.5.3, optional sock ^1.0.0, peer widget *
        other 1.0.0: case ^0.1.2
        case 0.1.2: deep ^1.0.0
        case 0.2.0: deep ^1.0.0, deeper npm:deep@^1.0.0
        deep 1.0.0
        url 1.5.9: peer? case *
        sock 1.0.0
        widget 1.0.0
        ",
    );
    let text = lock(
        &world,
        "cookie ^4.0.0, other ^1.0.0, dev widget 1.0.0",
        "cookie@4.0.0, other@1.0.0, case@0.1.2, deep@1.0.0, sock@1.0.0, widget@1.0.0",
    );
    let mut marked: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    marked["packages"]["node_modules/sock"]["optional"] = true.into();
    marked["packages"]["node_modules/widget"]["dev"] = true.into();
    let text = serde_json::to_string_pretty(&marked).expect("JSON");
    let asked = Asked {
        flaws: &[("cookie", "4.1.3")],
        level: Distance::Minor,
        manifests: Manifests::Change,
    };
    let manifest = manifest_of(&text);
    let (plan, _) = asked.plan(&world, &text);
    let after = edited(&text, &plan).expect("an edit");
    assert!(after.contains("node_modules/cookie/node_modules/case"), "{after}");
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let both = in_version(&text, 2);
    let (plan, _) = asked.plan_beside(&world, &both, Some(&manifest));
    let edited = edited_beside(&both, &manifest, &plan).expect("an edit");
    assert_eq!(json(&edited), json(&in_version(&after, 2)));
    // Its two halves have to say the same before, too.
    let halves = both.replacen("sha512-cookie-4.0.0", "sha512-other", 1);
    let (plan, _) = asked.plan_beside(&world, &halves, Some(&manifest));
    assert!(
        edited_beside(&halves, &manifest, &plan).is_ok(),
        "what changes is written anew"
    );

    let first = in_version(&text, 1);
    let (plan, _) = asked.plan_beside(&world, &first, Some(&manifest));
    let edited = json(&edited_beside(&first, &manifest, &plan).expect("an edit"));
    let cookie = &edited["dependencies"]["cookie"];
    assert_eq!(cookie["version"], "4.1.3");
    assert_eq!(cookie["dependencies"]["case"]["version"], "0.2.0");
    let alias = &edited["dependencies"]["deeper"];
    assert_eq!(alias["version"], "npm:deep@1.0.0");
    assert_eq!(edited["dependencies"]["sock"]["optional"], true);
    assert_eq!(edited["dependencies"]["url"]["optional"], serde_json::Value::Null);
    // What the manifest asks for is not in the lockfile, and without it nothing is known.
    let refused = lockkeeper::lockfile::package_lock::installed::described(&first, None);
    assert!(refused.is_err_and(|reason| reason.contains("no package.json beside it")));
}

/// npm 11 exchanges a folder for a later version alone, and gives what needs an earlier one a copy of its own.
#[test]
fn what_the_project_asks_for_does_not_go_down_for_what_comes_in() {
    let world = "
        a 1.0.0: shared ^1.0.0
        a 1.2.0: b ^1.0.0
        b 1.0.0: shared ~1.0.0
        shared 1.0.0
        shared 1.0.1
        shared 1.2.0
    ";
    let (told, folders) = planned(
        world,
        "a ^1.0.0, shared ^1.0.0",
        "a@1.0.0, shared@1.2.0",
        &[("a", "1.2.0")],
    );
    assert_eq!(
        told,
        ["a 1.0.0 → 1.2.0 (in_range)", "+ b 1.0.0", "+ shared 1.0.1"]
    );
    assert_eq!(folders, ["a@1.2.0", "b@1.0.0", "b/shared@1.0.1", "shared@1.2.0"]);
    // What nothing else needs goes where what needs it says.
    let world = "
        a 1.0.0: shared ^1.1.0
        a 1.2.0: shared ~1.0.0
        shared 1.0.0
        shared 1.2.0
    ";
    let (told, folders) = planned(world, "a ^1.0.0", "a@1.0.0, shared@1.2.0", &[("a", "1.2.0")]);
    assert_eq!(told, ["a 1.0.0 → 1.2.0 (in_range)", "~ shared 1.2.0 → 1.0.0"]);
    assert_eq!(folders, ["a@1.2.0", "shared@1.0.0"]);
}

/// What only the old version needed, and something that comes in needs too: the locked version stays, where it is in range.
#[test]
fn what_was_locked_comes_before_what_is_newest() {
    let world = "
        a 1.0.0: shared 1.0.1
        a 1.0.1: b ^1.0.1
        b 1.0.0
        b 1.1.0: shared ^1.0.0
        shared 1.0.1
        shared 1.2.0
    ";
    let (told, _) = planned(
        world,
        "a ^1.0.0, b ^1.0.0",
        "a@1.0.0, b@1.0.0, shared@1.0.1",
        &[("a", "1.0.1")],
    );
    assert_eq!(told, ["a 1.0.0 → 1.0.1 (in_range)", "~ b 1.0.0 → 1.1.0"]);
}
