//! `rebar.lock` and Gleam's `manifest.toml`: what no prefix may hide, and which file is Gleam's.

use std::path::Path;

use lockkeeper::lockfile::{self, Claim, Upgrade, UpgradeCommand};
use lockkeeper::model::Cost;

use crate::support::memory_tree::{MemoryTree, tree_path};

#[test]
fn a_cut_file_is_blind_or_has_every_package() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile");
    for (module, format, file, case) in [
        ("rebar_lock", "rebar.lock", "rebar.lock", "hex"),
        ("rebar_lock", "rebar.lock", "rebar.lock", "beta"),
        ("rebar_lock", "rebar.lock", "rebar.lock", "repositories"),
        ("rebar_lock", "rebar.lock", "rebar.lock", "crlf"),
        ("rebar_lock", "rebar.lock", "rebar.lock", "empty"),
        (
            "gleam_manifest",
            "gleam/manifest.toml",
            "manifest.toml",
            "project",
        ),
        ("gleam_manifest", "gleam/manifest.toml", "manifest.toml", "old"),
    ] {
        let format = lockfile::format(format).expect("the format");
        let tree = MemoryTree::from_folder(&fixtures.join(module).join(case));
        let text = std::fs::read_to_string(fixtures.join(module).join(case).join(file)).expect("a lockfile");
        let read = |text: &str| {
            let reading = lockfile::read(format, &tree_path(file), text.as_bytes(), &tree);
            let problems = &reading.parsed.problems;
            let is_blind = problems.iter().any(|problem| problem.cost == Cost::Blind);
            (is_blind, reading.parsed.graph.packages().count())
        };
        let (is_blind, all) = read(&text);
        assert!(!is_blind, "{case}");
        for cut in 0..text.trim_end().len() {
            let (is_blind, packages) = read(&text[..cut]);
            assert!(is_blind || packages == all, "{case}: cut at {cut}");
        }
    }
}

#[test]
fn a_manifest_is_gleams_only_beside_a_gleam_toml() {
    let tree = MemoryTree::of([
        ("gleam.toml", "name = \"a\"\n"),
        ("manifest.toml", ""),
        ("other/manifest.toml", ""),
        ("Manifest.toml", ""),
    ]);
    let started = |path: &str| lockfile::start(&tree_path(path), &tree).map(|format| format.name());
    assert_eq!(started("manifest.toml"), Some("gleam/manifest.toml"));
    assert_eq!(started("other/manifest.toml"), None);
    assert_eq!(started("Manifest.toml"), None);
    for name in ["manifest.toml", "gleam.toml"] {
        assert!(
            matches!(lockfile::claim(&tree_path(name)), Claim::Nothing),
            "{name}"
        );
        assert!(lockfile::is_companion(name.as_bytes()), "{name}");
    }
}

#[test]
fn commands_are_those_of_the_tools() {
    let command = |format: &str, direct: bool| {
        let format = lockfile::format(format).expect("the format");
        format.upgrade_command(&Upgrade {
            name: "cowboy",
            from: "2.9.0",
            to: "2.10.0",
            direct,
            file_name: "a",
            by: None,
        })
    };
    let run = |text: &str| UpgradeCommand::Run(text.to_owned());
    assert_eq!(command("rebar.lock", true), run("rebar3 upgrade cowboy"));
    assert!(matches!(command("rebar.lock", false), UpgradeCommand::ByHand(_)));
    assert_eq!(
        command("gleam/manifest.toml", false),
        run("gleam deps update cowboy")
    );
}
