//! Plans for bundles: platforms, Ruby, manifests, and what stays where it is.

use lockkeeper::plan::{Manifests, Strategy, Wish};
use lockkeeper::version::Distance;

use super::bundler_world::{Asked, Files, Versions, World, edited, lock, project, versions_of};

fn asked<'a>(flaws: &'a [(&'a str, &'a str)], manifests: Manifests) -> Asked<'a> {
    Asked {
        flaws,
        level: Distance::Major,
        manifests,
    }
}

fn versions(text: &str) -> Versions {
    let pairs = text
        .split(", ")
        .map(|pair| pair.split_once(' ').expect("a version"));
    pairs
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

/// The project with what is asked for, locked so for `platforms`.
fn locked(world: &World, roots: &[(&str, &str)], text: &str, platforms: &[&str]) -> Files {
    project(roots, &lock(world, roots, &versions(text), platforms, true))
}

#[test]
fn a_gem_moves_with_all_of_its_variants() {
    let world = World::of(
        "noko 1.0: mini ~> 2.0, racc\nnoko 1.0-x86_64-linux: racc\nnoko 1.1: mini ~> 2.0\nnoko 1.2: mini ~> 2.0\nnoko 1.2-x86_64-linux:\nmini 2.0:\nracc 1.0:",
    );
    let files = locked(
        &world,
        &[("noko", "~> 1.0")],
        "mini 2.0, noko 1.0, racc 1.0",
        &["ruby", "x86_64-linux"],
    );
    let flaws = [("noko", "1.0")];
    let asked = asked(&flaws, Manifests::Keep);
    let plan = asked.plan(&world, &files);
    // On x86_64-linux the variant for any platform is as good where there is no other.
    assert_eq!(plan.moves[0].to.as_deref(), Some("1.1"), "{plan:?}");
    let after = edited(&files, &plan).unwrap();
    assert_eq!(
        after["Gemfile.lock"],
        lock(
            &world,
            &[("noko", "~> 1.0")],
            &versions("mini 2.0, noko 1.1"),
            &["ruby", "x86_64-linux"],
            true
        )
    );
}

#[test]
fn a_version_that_lacks_a_platform_is_not_taken() {
    let world = World::of(
        "ext 1.0-java:\next 1.0-x86_64-linux:\next 1.1-x86_64-linux:\next 1.2-x86_64-linux:\next 1.2-java:",
    );
    let files = locked(&world, &[("ext", ">= 0")], "ext 1.0", &["java", "x86_64-linux"]);
    let flaws = [("ext", "1.0")];
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    assert_eq!(plan.moves[0].to.as_deref(), Some("1.2"));
    let flaws = [("ext", "1.0"), ("ext", "1.2")];
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    assert_eq!(
        plan.blocked[0].reason,
        "ext 1.1 would help, and is not there for every platform of the lockfile."
    );
}

#[test]
fn ruby_decides_what_may_be_taken() {
    let world = World::of("a 1.0:\na 1.1: | >= 3.2\na 1.2: | >= 3.0 & < 4");
    let mut files = locked(&world, &[("a", "~> 1.0")], "a 1.0", &["ruby"]);
    let flaws = [("a", "1.0")];
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    assert_eq!(
        plan.moves[0].to.as_deref(),
        Some("1.1"),
        "nothing says which Ruby it is"
    );
    let lockfile = files["Gemfile.lock"].replace("\nBUNDLED", "\nRUBY VERSION\n   ruby 3.1.2p20\n\nBUNDLED");
    files.insert("Gemfile.lock".to_owned(), lockfile);
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    assert_eq!(plan.moves[0].to.as_deref(), Some("1.2"));
    let flaws = [("a", "1.0"), ("a", "1.2")];
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    assert!(plan.blocked[0].reason.contains("needs Ruby >= 3.2"), "{plan:?}");
}

#[test]
fn a_parent_moves_where_it_has_to_and_says_who_is_in_the_way() {
    let world = World::of(
        "rails 7.0: active = 7.0, pack = 7.0\nrails 7.1: active = 7.1, pack = 7.1\nactive 7.0:\nactive 7.1:\npack 7.0: active = 7.0\npack 7.1: active = 7.1",
    );
    let flaws = [("active", "7.0")];
    let files = locked(
        &world,
        &[("rails", "~> 7.0")],
        "active 7.0, pack 7.0, rails 7.0",
        &["ruby"],
    );
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    assert_eq!(plan.moves[0].strategy, Strategy::Parent, "{plan:?}");
    let after = edited(&files, &plan).unwrap();
    assert_eq!(
        versions_of(&after["Gemfile.lock"]),
        versions("active 7.1, pack 7.1, rails 7.1")
    );

    let files = locked(
        &world,
        &[("rails", "~> 7.0.0")],
        "active 7.0, pack 7.0, rails 7.0",
        &["ruby"],
    );
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    let blocked = &plan.blocked[0];
    assert_eq!(
        blocked.reason,
        "active 7.1 would help. Gemfile is not to be changed."
    );
    let by: Vec<String> = blocked.by.iter().map(ToString::to_string).collect();
    assert_eq!(
        by,
        [
            "Gemfile needs rails ~> 7.0.0",
            "pack 7.0 needs active = 7.0",
            "rails 7.0 needs active = 7.0",
            "rails 7.0 needs pack = 7.0"
        ]
    );
}

#[test]
fn the_gemfile_asks_for_more_where_it_may() {
    let world = World::of("a 1.2: b\na 2.3:\nb 1.0:");
    let flaws = [("a", "1.2")];
    for (range, gemfile, line) in [
        ("~> 1.2", "gem \"a\", \"~> 2.3\"\n", "  a (~> 2.3)\n"),
        (
            "~> 1.2, >= 1.2",
            "gem \"a\", \"~> 2.3\", \">= 1.2\"\n",
            "  a (~> 2.3, >= 1.2)\n",
        ),
        ("= 1.2", "gem \"a\", \"= 2.3\"\n", "  a (= 2.3)\n"),
    ] {
        let files = locked(&world, &[("a", range)], "a 1.2, b 1.0", &["ruby"]);
        let plan = asked(&flaws, Manifests::Change).plan(&world, &files);
        assert_eq!(plan.moves[0].strategy, Strategy::Manifest, "{plan:?}");
        let after = edited(&files, &plan).unwrap();
        assert!(after["Gemfile"].ends_with(gemfile), "{}", after["Gemfile"]);
        assert!(after["Gemfile.lock"].contains(line), "{}", after["Gemfile.lock"]);
        assert_eq!(versions_of(&after["Gemfile.lock"]), versions("a 2.3"));
        let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
        assert!(plan.moves.is_empty());
    }
    // An upper bound is there for a reason that is not known here.
    let files = locked(&world, &[("a", ">= 1.2, < 2")], "a 1.2, b 1.0", &["ruby"]);
    let plan = asked(&flaws, Manifests::Change).plan(&world, &files);
    assert_eq!(
        plan.blocked[0].reason,
        "a 2.3 would help. Gemfile asks for a >= 1.2, < 2."
    );
    // What is computed is not changed.
    let mut files = locked(&world, &[("a", "~> 1.2")], "a 1.2, b 1.0", &["ruby"]);
    files.insert("Gemfile".to_owned(), "gem \"a\", VERSION\n".to_owned());
    let plan = asked(&flaws, Manifests::Change).plan(&world, &files);
    assert_eq!(
        plan.blocked[0].reason,
        "a 2.3 would help. The Gemfile writes no plain range for a."
    );
}

#[test]
fn a_gem_leaves_where_nothing_needs_it_any_more() {
    let world = World::of("top 1.0: old\ntop 1.1:\nold 1.0:");
    let files = locked(&world, &[("top", ">= 0")], "old 1.0, top 1.0", &["ruby"]);
    let wish = Wish {
        name: "old".to_owned(),
        version: "1.0".to_owned(),
        to: None,
        fixes: Vec::new(),
        without: vec!["X".to_owned()],
    };
    let plan = asked(&[], Manifests::Keep).plan_wishes(&world, &files, &[wish]);
    assert_eq!(plan.moves[0].to, None, "{plan:?}");
    let after = edited(&files, &plan).unwrap();
    assert_eq!(versions_of(&after["Gemfile.lock"]), versions("top 1.1"));
}

#[test]
fn what_needs_a_gem_leaves_with_it() {
    let world = World::of("e 1.0: c ~> 2.1\ne 1.1:\nc 2.1: a < 2\na 1.0:");
    let files = locked(&world, &[("e", ">= 0")], "a 1.0, c 2.1, e 1.0", &["ruby"]);
    let flaws = [("a", "1.0")];
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    assert_eq!(
        (plan.moves[0].strategy, &plan.moves[0].to),
        (Strategy::Parent, &None),
        "{plan:?}"
    );
    let after = edited(&files, &plan).unwrap();
    assert_eq!(versions_of(&after["Gemfile.lock"]), versions("e 1.1"));
}

#[test]
fn gems_of_git_and_of_folders_stay() {
    let world = World::of("a 1.0:\na 1.1:");
    let lockfile = "GIT\n  remote: https://git.example/b\n  revision: 0123\n  specs:\n    b (1.0)\n      a (= 1.0)\n\nGEM\n  remote: https://registry.example/\n  specs:\n    a (1.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  b!\n\nBUNDLED WITH\n   2.3.15\n";
    let files = project(&[], lockfile);
    let flaws = [("a", "1.0"), ("b", "1.0")];
    let plan = asked(&flaws, Manifests::Keep).plan(&world, &files);
    let reasons: Vec<&str> = plan.blocked.iter().map(|blocked| &*blocked.reason).collect();
    assert_eq!(
        reasons,
        [
            "a 1.1 would help. b 1.0 stays: it comes from a git repository.",
            "b 1.0 stays: it comes from a git repository."
        ]
    );
    let lockfile = lockfile.replace("(= 1.0)", "(~> 1.0)");
    let files = project(&[], &lockfile);
    let plan = asked(&flaws[..1], Manifests::Keep).plan(&world, &files);
    let after = edited(&files, &plan).unwrap();
    assert_eq!(
        after["Gemfile.lock"],
        lockfile.replace("    a (1.0)\n", "    a (1.1)\n")
    );
}
