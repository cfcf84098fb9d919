//! Plans for Go modules, each compared with what `go mod tidy` makes of the same upgrade with all sources before it.

use std::collections::BTreeMap;

use lockkeeper::plan::Manifests;
use lockkeeper::version::Distance;

use super::go_world::{Asked, Files, World, archives, edited, tidy, told};

fn roots(listed: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = listed
        .iter()
        .map(|(path, version)| ((*path).to_owned(), (*version).to_owned()));
    owned.collect()
}

fn asked<'a>(flaws: &'a [(&'a str, &'a str)]) -> Asked<'a> {
    Asked {
        flaws,
        level: Distance::Minor,
        manifests: Manifests::Change,
        published_before: None,
        imports: None,
    }
}

/// Plans, edits, and holds the result against `go mod tidy` with `after` raised.
fn fixes(
    world: &World,
    imports: &[&str],
    before: &[(&str, &str)],
    flaws: &[(&str, &str)],
    after: &[(&str, &str)],
) -> Vec<String> {
    let files = tidy(world, "1.23.0", imports, &roots(before));
    let expected = tidy(world, "1.23.0", imports, &roots(after));
    let (plan, _) = asked(flaws).plan(world, &files);
    let done = edited(&files, &plan).expect("the check accepts what the planner made");
    assert_eq!(done, expected, "{:?}", told(&plan));
    // With the project's sources it comes to the same.
    let with_sources = Asked {
        imports: Some(imports),
        ..asked(flaws)
    };
    let (own, _) = with_sources.plan(world, &files);
    assert_eq!(told(&own), told(&plan));
    told(&plan)
}

const A: &str = "a.example/a";
const B: &str = "b.example/b";
const C: &str = "c.example/c";
const D: &str = "d.example/d";

/// Versions 1.0.0 to 1.0.2 of `path`, alike.
fn plain(world: &mut World, path: &str) {
    for version in ["v1.0.0", "v1.0.1", "v1.0.2"] {
        world.add(path, version, "go 1.21", &[("", &[])]);
    }
}

#[test]
fn the_lowest_version_without_a_flaw_is_taken_alone() {
    let mut world = World::default();
    plain(&mut world, A);
    plain(&mut world, B);
    let both = [(A, "v1.0.0"), (B, "v1.0.0")];
    let told = fixes(
        &world,
        &[A, B],
        &both,
        &[(A, "v1.0.1")],
        &[(A, "v1.0.1"), (B, "v1.0.0")],
    );
    assert_eq!(told, ["a.example/a v1.0.0 → v1.0.1"]);
}

#[test]
fn what_the_new_version_requires_rises_and_what_it_imports_comes_in() {
    let mut world = World::default();
    plain(&mut world, C);
    plain(&mut world, B);
    world.add(
        A,
        "v1.0.0",
        &format!("go 1.21\n\nrequire {B} v1.0.0"),
        &[("", &[B])],
    );
    world.add(
        A,
        "v1.1.0",
        &format!("go 1.21\n\nrequire (\n\t{B} v1.0.2\n\t{C} v1.0.1\n\t{D} v1.0.0\n)"),
        &[("", &[B, C]), ("unused", &[D])],
    );
    plain(&mut world, D);
    let told = fixes(
        &world,
        &[A],
        &[(A, "v1.0.0"), (B, "v1.0.0")],
        &[(A, "v1.1.0")],
        &[(A, "v1.1.0")],
    );
    // What only a package that is new and not in use imports does not come in.
    assert_eq!(
        told,
        [
            "a.example/a v1.0.0 → v1.1.0",
            "also b.example/b v1.0.0 → v1.0.2",
            "+ c.example/c v1.0.1"
        ]
    );
}

#[test]
fn what_nothing_imports_any_more_leaves() {
    let mut world = World::default();
    plain(&mut world, B);
    plain(&mut world, D);
    world.add(
        C,
        "v1.0.0",
        &format!("go 1.21\n\nrequire {D} v1.0.0"),
        &[("", &[D])],
    );
    let needs =
        format!("go 1.21\n\nrequire (\n\t{B} v1.0.0\n\t{C} v1.0.0\n)\n\nrequire {D} v1.0.0 // indirect");
    world.add(A, "v1.0.0", &needs, &[("", &[B, C])]);
    world.add(
        A,
        "v1.0.1",
        &format!("go 1.21\n\nrequire {B} v1.0.0"),
        &[("", &[B])],
    );
    let told = fixes(&world, &[A], &[(A, "v1.0.0")], &[(A, "v1.0.1")], &[(A, "v1.0.1")]);
    assert_eq!(
        told,
        [
            "a.example/a v1.0.0 → v1.0.1",
            "- c.example/c v1.0.0",
            "- d.example/d v1.0.0"
        ]
    );
}

#[test]
fn a_module_that_another_one_may_import_stays() {
    let mut world = World::default();
    plain(&mut world, C);
    let needs = format!("go 1.21\n\nrequire {C} v1.0.0");
    world.add(A, "v1.0.0", &needs, &[("", &[C])]);
    world.add(A, "v1.0.1", "go 1.21", &[("", &[])]);
    world.add(B, "v1.0.0", &needs, &[("", &[C])]);
    let told = fixes(
        &world,
        &[A, B],
        &[(A, "v1.0.0"), (B, "v1.0.0")],
        &[(A, "v1.0.1")],
        &[(A, "v1.0.1"), (B, "v1.0.0")],
    );
    assert_eq!(told, ["a.example/a v1.0.0 → v1.0.1"]);
}

#[test]
fn sums_of_what_tests_import_follow() {
    let mut world = World::default();
    plain(&mut world, C);
    for (version, needed) in [("v1.0.0", "v1.0.0"), ("v1.0.1", "v1.0.2")] {
        world.add(
            A,
            version,
            &format!("go 1.21\n\nrequire {C} {needed}"),
            &[("", &[&format!("test:{C}")])],
        );
    }
    let told = fixes(&world, &[A], &[(A, "v1.0.0")], &[(A, "v1.0.1")], &[(A, "v1.0.1")]);
    assert_eq!(told, ["a.example/a v1.0.0 → v1.0.1"]);
}

#[test]
fn a_package_of_a_module_that_stays_is_followed() {
    let mut world = World::default();
    plain(&mut world, D);
    // The project's other module has a package that nobody imported.
    world.add(
        B,
        "v1.0.0",
        &format!("go 1.21\n\nrequire {D} v1.0.1"),
        &[("", &[]), ("deep", &[D])],
    );
    world.add(A, "v1.0.0", "go 1.21", &[("", &[])]);
    let needs = format!("go 1.21\n\nrequire {B} v1.0.0\n\nrequire {D} v1.0.1 // indirect");
    world.add(A, "v1.0.1", &needs, &[("", &[&format!("{B}/deep")])]);
    let told = fixes(
        &world,
        &[A, B],
        &[(A, "v1.0.0"), (B, "v1.0.0")],
        &[(A, "v1.0.1")],
        &[(A, "v1.0.1"), (B, "v1.0.0")],
    );
    assert_eq!(told, ["a.example/a v1.0.0 → v1.0.1", "+ d.example/d v1.0.1"]);
}

#[test]
fn what_comes_in_with_a_flaw_is_raised_further() {
    let mut world = World::default();
    plain(&mut world, B);
    world.add(A, "v1.0.0", "go 1.21", &[("", &[])]);
    world.add(
        A,
        "v1.0.1",
        &format!("go 1.21\n\nrequire {B} v1.0.0"),
        &[("", &[B])],
    );
    let told = fixes(
        &world,
        &[A],
        &[(A, "v1.0.0")],
        &[(A, "v1.0.1"), (B, "v1.0.2")],
        &[(A, "v1.0.1"), (B, "v1.0.2")],
    );
    assert_eq!(told, ["a.example/a v1.0.0 → v1.0.1", "+ b.example/b v1.0.2"]);
}

#[test]
fn two_flaws_of_one_module_are_one_upgrade_and_several_modules_one_plan() {
    let mut world = World::default();
    plain(&mut world, A);
    plain(&mut world, B);
    let flaws = [(A, "v1.0.1"), (A, "v1.0.2"), (B, "v1.0.1")];
    let told = fixes(
        &world,
        &[A, B],
        &[(A, "v1.0.0"), (B, "v1.0.0")],
        &flaws,
        &[(A, "v1.0.2"), (B, "v1.0.1")],
    );
    assert_eq!(
        told,
        ["a.example/a v1.0.0 → v1.0.2", "b.example/b v1.0.0 → v1.0.1"]
    );
}

#[test]
fn only_archives_of_what_moves_are_asked_for() {
    let mut world = World::default();
    for path in [A, B, C, D] {
        plain(&mut world, path);
    }
    let all = roots(&[(A, "v1.0.0"), (B, "v1.0.0"), (C, "v1.0.0"), (D, "v1.0.0")]);
    let files = tidy(&world, "1.23.0", &[A, B, C, D], &all);
    let with_sources = Asked {
        imports: Some(&[A, B, C, D]),
        ..asked(&[(A, "v1.0.1")])
    };
    let (_, queries) = with_sources.plan(&world, &files);
    assert_eq!(archives(&queries), ["a.example/a v1.0.0", "a.example/a v1.0.1"]);
}

#[test]
fn withdrawn_excluded_and_other_kinds_of_versions_are_not_taken() {
    let mut world = World::default();
    world.add(A, "v1.0.0", "go 1.21", &[("", &[])]);
    for version in ["v1.0.1", "v1.0.2", "v1.0.3-rc.1", "v1.0.3", "v2.0.0+incompatible"] {
        world.add(A, version, "go 1.21", &[("", &[])]);
    }
    world.add(A, "v1.0.4", "go 1.21\n\nretract [v1.0.1, v1.0.1]", &[("", &[])]);
    let mut files = tidy(&world, "1.23.0", &[A], &roots(&[(A, "v1.0.0")]));
    files.file.push_str(&format!("\nexclude {A} v1.0.2\n"));
    let (plan, _) = asked(&[(A, "v1.0.1")]).plan(&world, &files);
    assert_eq!(told(&plan), ["a.example/a v1.0.0 → v1.0.3"]);
    edited(&files, &plan).expect("an edit");
}

#[test]
fn a_later_go_is_taken_where_the_project_is_built_with_it() {
    let mut world = World::default();
    world.add(A, "v1.0.0", "go 1.21", &[("", &[])]);
    world.add(A, "v1.0.1", "go 1.24.1", &[("", &[])]);
    let files = tidy(&world, "1.23.0", &[A], &roots(&[(A, "v1.0.0")]));
    let flaws = [(A, "v1.0.1")];
    let (plan, _) = asked(&flaws).plan(&world, &files);
    assert_eq!(
        told(&plan),
        [
            "stays a.example/a v1.0.0: The project is built with go 1.23.0, and `--level major` raises that. a.example/a v1.0.1 needs go 1.24.1"
        ]
    );
    let with = |line: &str| Files {
        file: files
            .file
            .replace("go 1.23.0\n", &format!("go 1.23.0\n\n{line}\n")),
        ..files.clone()
    };
    for (line, kept) in [("toolchain go1.24.5", true), ("toolchain go1.24.1", false)] {
        let files = with(line);
        let (plan, _) = asked(&flaws).plan(&world, &files);
        let done = edited(&files, &plan).expect("an edit");
        assert!(done.file.contains("\ngo 1.24.1\n"), "{}", done.file);
        assert_eq!(done.file.contains(line), kept, "{}", done.file);
        assert!(!done.file.contains("\n\n\n"), "{}", done.file);
    }
    let major = Asked {
        level: Distance::Major,
        ..asked(&flaws)
    };
    let (plan, _) = major.plan(&world, &files);
    let done = edited(&files, &plan).expect("an edit");
    assert_eq!(done, tidy(&world, "1.24.1", &[A], &roots(&[(A, "v1.0.1")])));
    let keep = Asked {
        manifests: Manifests::Keep,
        ..major
    };
    let (plan, _) = keep.plan(&world, &files);
    assert_eq!(
        told(&plan),
        [
            "stays a.example/a v1.0.0: The go line of go.mod is 1.23.0, and is not to be changed. a.example/a v1.0.1 needs go 1.24.1"
        ]
    );
}

#[test]
fn what_cannot_be_fixed_says_why() {
    let mut world = World::default();
    plain(&mut world, A);
    plain(&mut world, B);
    world.add(A, "v1.1.0", "go 1.21", &[("", &[])]);
    let files = tidy(&world, "1.23.0", &[A, B], &roots(&[(A, "v1.0.0"), (B, "v1.0.0")]));
    let patch = Asked {
        level: Distance::Patch,
        ..asked(&[(A, "v1.1.0"), (B, "v1.1.0")])
    };
    let (plan, _) = patch.plan(&world, &files);
    assert_eq!(
        told(&plan),
        [
            "stays a.example/a v1.0.0: a.example/a v1.1.0 would help, and is further away than `--level patch` goes.",
            "stays b.example/b v1.0.0: No later version of b.example/b helps and may be taken."
        ]
    );
    assert!(plan.entries.is_empty());
    let mut replaced = files.clone();
    replaced.file.push_str(&format!("\nreplace {A} => ../a\n"));
    let (plan, _) = asked(&[(A, "v1.0.1")]).plan(&world, &replaced);
    assert_eq!(
        told(&plan),
        ["stays a.example/a v1.0.0: A `replace` line decides about it: change the version there."]
    );
}

#[test]
fn a_private_module_blocks_only_what_needs_it() {
    let mut world = World::default();
    for path in [A, B, C] {
        plain(&mut world, path);
    }
    let files = tidy(&world, "1.23.0", &[A, B], &roots(&[(A, "v1.0.0"), (B, "v1.0.0")]));
    world.private.insert(B.to_owned());
    let (plan, _) = asked(&[(A, "v1.0.1"), (B, "v1.0.1")]).plan(&world, &files);
    assert_eq!(
        told(&plan),
        [
            "a.example/a v1.0.0 → v1.0.1",
            "stays b.example/b v1.0.0: What versions b.example/b has could not be learnt: GOPRIVATE keeps it."
        ]
    );
    let done = edited(&files, &plan).expect("an edit");
    assert!(done.file.contains("a.example/a v1.0.1"));
    // At which version something new comes in may depend on it.
    world.add(
        A,
        "v1.0.2",
        &format!("go 1.21\n\nrequire {C} v1.0.0"),
        &[("", &[C])],
    );
    let (plan, _) = asked(&[(A, "v1.0.2")]).plan(&world, &files);
    assert_eq!(
        told(&plan),
        [
            "stays a.example/a v1.0.0: c.example/c comes in, and at which version is not known: the go.mod of b.example/b could not be learnt: GOPRIVATE keeps it."
        ]
    );
}

/// A package that is not in use imports something new.
#[test]
fn the_projects_sources_say_what_is_in_use() {
    let mut world = World::default();
    plain(&mut world, D);
    world.add(A, "v1.0.0", "go 1.21", &[("", &[]), ("terminal", &[])]);
    let needs = format!("go 1.21\n\nrequire {D} v1.0.0");
    world.add(A, "v1.0.1", &needs, &[("", &[]), ("terminal", &[D])]);
    // Another module that leads there is read; one that does not is not.
    world.add(
        B,
        "v1.0.0",
        &format!("go 1.21\n\nrequire {A} v1.0.0"),
        &[("", &[A])],
    );
    plain(&mut world, C);
    let files = tidy(&world, "1.23.0", &[B, C], &roots(&[(B, "v1.0.0"), (C, "v1.0.0")]));
    let flaws = [(A, "v1.0.1")];
    let (plan, _) = asked(&flaws).plan(&world, &files);
    assert_eq!(
        told(&plan),
        ["a.example/a v1.0.0 → v1.0.1", "+ d.example/d v1.0.0"]
    );
    let with_sources = Asked {
        imports: Some(&[B, C]),
        ..asked(&flaws)
    };
    let (plan, queries) = with_sources.plan(&world, &files);
    assert_eq!(told(&plan), ["a.example/a v1.0.0 → v1.0.1"]);
    assert_eq!(
        archives(&queries),
        ["a.example/a v1.0.0", "a.example/a v1.0.1", "b.example/b v1.0.0"]
    );
    let done = edited(&files, &plan).expect("an edit");
    let after = roots(&[(A, "v1.0.1"), (B, "v1.0.0"), (C, "v1.0.0")]);
    assert_eq!(done, tidy(&world, "1.23.0", &[B, C], &after));
}

#[test]
fn a_package_that_the_new_version_lacks_is_not_lost() {
    let mut world = World::default();
    world.add(A, "v1.0.0", "go 1.21", &[("", &[]), ("old", &[])]);
    world.add(A, "v1.0.1", "go 1.21", &[("", &[])]);
    let old = format!("{A}/old");
    let files = tidy(&world, "1.23.0", &[&old], &roots(&[(A, "v1.0.0")]));
    let flaws = [(A, "v1.0.1")];
    let with_sources = Asked {
        imports: Some(&[&old]),
        ..asked(&flaws)
    };
    let (plan, _) = with_sources.plan(&world, &files);
    assert_eq!(
        told(&plan),
        [
            "stays a.example/a v1.0.0: the project imports a.example/a/old, and no module of the build has that package then."
        ]
    );
}

#[test]
fn what_tests_imported_may_come_in() {
    let mut world = World::default();
    plain(&mut world, C);
    let needs = format!("go 1.21\n\nrequire {C} v1.0.0");
    world.add(B, "v1.0.0", &needs, &[("", &[&format!("test:{C}")]), ("p", &[])]);
    world.add(B, "v1.0.1", &needs, &[("", &[]), ("p", &[C])]);
    world.add(
        A,
        "v1.0.0",
        &format!("go 1.21\n\nrequire {B} v1.0.0"),
        &[("", &[B])],
    );
    let files = tidy(&world, "1.23.0", &[A], &roots(&[(A, "v1.0.0")]));
    let (plan, _) = asked(&[(B, "v1.0.1")]).plan(&world, &files);
    assert_eq!(
        told(&plan),
        ["b.example/b v1.0.0 → v1.0.1", "+ c.example/c v1.0.0"]
    );
    let done = edited(&files, &plan).unwrap_or_else(|refused| panic!("{refused} {files:?} {plan:?}"));
    assert!(done.sums.contains("c.example/c v1.0.0 h1:"));
}

#[test]
fn what_comes_in_is_old_enough_and_the_fix_itself_may_be_young() {
    let mut world = World::default();
    plain(&mut world, C);
    world.add(A, "v1.0.0", "go 1.21", &[("", &[])]);
    world.add(
        A,
        "v1.0.1",
        &format!("go 1.21\n\nrequire {C} v1.0.0"),
        &[("", &[C])],
    );
    world.published(A, "v1.0.1", "2026-01-09T00:00:00Z");
    world.published(C, "v1.0.0", "2026-01-02T00:00:00Z");
    let files = tidy(&world, "1.23.0", &[A], &roots(&[(A, "v1.0.0")]));
    let flaws = [(A, "v1.0.1")];
    let plan_of = |world: &World, bound| {
        let asked = Asked {
            published_before: Some(bound),
            ..asked(&flaws)
        };
        told(&asked.plan(world, &files).0)
    };
    assert_eq!(
        plan_of(&world, "2026-01-03T00:00:00Z"),
        ["a.example/a v1.0.0 → v1.0.1", "+ c.example/c v1.0.0"]
    );
    assert_eq!(
        plan_of(&world, "2026-01-01T00:00:00Z"),
        [
            "stays a.example/a v1.0.0: c.example/c v1.0.0 would come in, and is younger than `min-release-age` of the policy allows."
        ]
    );
}
