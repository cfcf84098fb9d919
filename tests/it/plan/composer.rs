//! Plans for lockfiles of Composer, and the edits that they make.

use lockkeeper::plan::{Manifests, Plan, Strategy};
use lockkeeper::version::Distance;

use super::composer_world::{Files, Wanted, World, edited, project};

fn wanted<'w>(flaws: &'w [(&'w str, &'w str)], manifests: Manifests) -> Wanted<'w> {
    Wanted {
        flaws,
        manifests,
        level: Distance::Major,
    }
}

/// What is locked after the plan: `a/a 1.1.0, a/b 2.0.0 dev`.
fn after(world: &World, files: &Files, plan: &Plan) -> String {
    let after = edited(files, plan).unwrap_or_else(|refused| panic!("{refused}"));
    let held = World::held(&after.lock);
    if plan.ranges.is_empty() {
        assert_eq!(after.lock, world.lock(&held), "it is as Composer writes it");
    }
    let shown = held.iter().map(|(name, (version, is_dev))| {
        let dev = if *is_dev { " dev" } else { "" };
        format!("{name} {version}{dev}")
    });
    shown.collect::<Vec<String>>().join(", ")
}

#[test]
fn the_lowest_version_in_range_is_taken() {
    let world = World::of("a/a 1.0.0\na/a 1.1.0\na/a 1.2.0\na/a 2.0.0\na/b 1.0.0: a/a ^1.0");
    let files = project(
        &world,
        "a/b ^1.0",
        "",
        &[("a/a", "1.0.0", false), ("a/b", "1.0.0", false)],
    );
    let plan = wanted(&[("a/a", "1.1.0")], Manifests::Keep).plan(&world, &files);
    assert_eq!(plan.moves.len(), 1);
    assert_eq!(plan.moves[0].strategy, Strategy::InRange);
    assert_eq!(after(&world, &files, &plan), "a/a 1.1.0, a/b 1.0.0");
}

#[test]
fn what_a_new_version_needs_comes_in_and_what_is_not_needed_leaves() {
    let world = World::of(
        "a/a 1.0.0: a/old ^1.0\na/a 1.1.0: a/new ^1.0, php >=7.4\na/old 1.0.0\na/new 1.0.0\na/new 1.5.0\na/new 2.0.0",
    );
    let held = [("a/a", "1.0.0", true), ("a/old", "1.0.0", true)];
    let files = project(&world, "php ^8.1", "a/a ^1.0", &held);
    let plan = wanted(&[("a/a", "1.1.0")], Manifests::Keep).plan(&world, &files);
    assert_eq!(after(&world, &files, &plan), "a/a 1.1.0 dev, a/new 1.5.0 dev");
    assert_eq!(plan.collateral.len(), 2);
}

#[test]
fn a_package_that_runs_now_leaves_the_list_of_development() {
    let world = World::of("a/a 1.0.0\na/a 1.1.0: a/b ^1.0\na/b 1.0.0\na/c 1.0.0: a/b *");
    let held = [
        ("a/a", "1.0.0", false),
        ("a/b", "1.0.0", true),
        ("a/c", "1.0.0", true),
    ];
    let files = project(&world, "a/a ^1.0", "a/c ^1.0", &held);
    let plan = wanted(&[("a/a", "1.1.0")], Manifests::Keep).plan(&world, &files);
    assert_eq!(
        after(&world, &files, &plan),
        "a/a 1.1.0, a/b 1.0.0, a/c 1.0.0 dev"
    );
}

#[test]
fn the_nearest_dependent_makes_way() {
    let world = World::of(
        "a/a 1.0.0\na/a 2.0.0\na/b 1.0.0: a/a ^1.0\na/b 1.1.0: a/a ^1.0 || ^2.0\na/b 1.2.0: a/a ^2.0",
    );
    let files = project(
        &world,
        "a/b ^1.0",
        "",
        &[("a/a", "1.0.0", false), ("a/b", "1.0.0", false)],
    );
    let plan = wanted(&[("a/a", "2.0.0")], Manifests::Keep).plan(&world, &files);
    assert_eq!(plan.moves[0].strategy, Strategy::Parent);
    assert_eq!(after(&world, &files, &plan), "a/a 2.0.0, a/b 1.1.0");
}

#[test]
fn a_conflict_and_what_stands_in_its_place_keep_a_version_out() {
    let world = World::of(
        "a/a 1.0.0\na/a 1.1.0: ! a/b <2.0\na/a 1.2.0: = a/b 9.0.0\na/a 1.3.0\na/b 1.0.0\na/c 1.0.0: a/b ^1.0",
    );
    let held = [
        ("a/a", "1.0.0", false),
        ("a/b", "1.0.0", false),
        ("a/c", "1.0.0", false),
    ];
    let files = project(&world, "a/a ^1.0, a/b ^1.0, a/c ^1.0", "", &held);
    let plan = wanted(&[("a/a", "1.1.0")], Manifests::Keep).plan(&world, &files);
    assert_eq!(after(&world, &files, &plan), "a/a 1.3.0, a/b 1.0.0, a/c 1.0.0");
}

#[test]
fn a_need_is_met_by_what_stands_in_the_place_of_the_package() {
    let world = World::of("a/a 1.0.0\na/a 1.1.0: a/part ^1.0\na/whole 1.4.0: = a/part self.version");
    let held = [("a/a", "1.0.0", false), ("a/whole", "1.4.0", false)];
    let files = project(&world, "a/a ^1.0, a/whole ^1.0", "", &held);
    let plan = wanted(&[("a/a", "1.1.0")], Manifests::Keep).plan(&world, &files);
    assert_eq!(after(&world, &files, &plan), "a/a 1.1.0, a/whole 1.4.0");
}

#[test]
fn what_the_machine_is_not_known_to_have_keeps_a_version_out() {
    let world = World::of("a/a 1.0.0: php >=7.2\na/a 1.1.0: php >=8.2\na/a 1.2.0: ext-gmp *");
    let files = project(&world, "php ^8.1, a/a ^1.0", "", &[("a/a", "1.0.0", false)]);
    let plan = wanted(&[("a/a", "1.1.0")], Manifests::Keep).plan(&world, &files);
    assert!(plan.moves.is_empty());
    assert_eq!(
        plan.blocked[0].reason,
        "a/a 1.1.0 would help, and needs php >=8.2, more than the project asks for."
    );
}

#[test]
fn a_range_in_the_manifest_changes_with_the_hash() {
    let world = World::of("a/a 1.0.0\na/a 2.1.0");
    let mut files = project(&world, "a/a ^1.0", "", &[("a/a", "1.0.0", false)]);
    let keeps = wanted(&[("a/a", "2.0.0")], Manifests::Keep).plan(&world, &files);
    assert_eq!(
        keeps.blocked[0].reason,
        "a/a 2.1.0 would help, and composer.json is not to be changed."
    );
    assert_eq!(keeps.blocked[0].by[0].to_string(), "composer.json needs a/a ^1.0");
    let plan = wanted(&[("a/a", "2.0.0")], Manifests::Change).plan(&world, &files);
    assert_eq!(plan.moves[0].strategy, Strategy::Manifest);
    let refused = edited(&files, &plan).unwrap_err().to_string();
    assert!(
        refused.contains("run `composer update --lock` first"),
        "{refused}"
    );
    // What PHP says: `md5` of its JSON of both tables, of which the empty one is a list.
    files.lock = files.lock.replace(
        "d751713988987e9331980363e24189ce",
        "a69380d78dabf67a5c812f9ea4c6edc1",
    );
    assert_eq!(after(&world, &files, &plan), "a/a 2.1.0");
    let edited = edited(&files, &plan).unwrap();
    assert!(
        edited.manifest.contains(r#""a/a":"^2.1.0""#),
        "{}",
        edited.manifest
    );
    assert!(edited.lock.contains("\"a5baa6b959fe53abcfdd7dd6c6056412\""));
}
