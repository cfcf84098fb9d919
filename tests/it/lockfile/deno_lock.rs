//! What must never count as a `deno.lock` without findings, and how upgrades are made.

use std::path::Path;

use lockkeeper::lockfile::{self, Upgrade, UpgradeCommand};
use lockkeeper::model::{Cost, Graph};
use rayon::prelude::*;

use crate::support::memory_tree::{MemoryTree, tree_path};

fn read(text: &str, tree: &MemoryTree) -> (bool, Graph) {
    let format = lockfile::format("deno.lock").expect("the format");
    let reading = lockfile::read(format, &tree_path("deno.lock"), text.as_bytes(), tree);
    let blind = |cost| cost == Cost::Blind;
    let is_blind = reading.parsed.problems.iter().any(|problem| blind(problem.cost));
    (is_blind, reading.parsed.graph)
}

#[test]
fn a_cut_deno_lock_is_blind() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/deno_lock");
    for case in ["deno-1.46.3-pj", "deno-2.9.6-ws", "modules", "version-2"] {
        let tree = MemoryTree::from_folder(&fixtures.join(case));
        let text = std::fs::read_to_string(fixtures.join(case).join("deno.lock")).expect("a lockfile");
        assert!(!read(&text, &tree).0, "{case}");
        (0..text.trim_end().len()).into_par_iter().for_each(|cut| {
            assert!(read(&text[..cut], &tree).0, "{case}: cut at {cut}");
        });
    }
    let none = MemoryTree::of([]);
    for text in [
        "",
        "{}",
        "[]",
        "{\"packages\": {}}",
        "{\"version\": 5}",
        "{\"version\": \"x\"}",
    ] {
        assert!(read(text, &none).0, "{text}");
    }
}

#[test]
fn deno_upgrades_what_manifests_ask_for() {
    let text = "{\"version\": \"5\", \"specifiers\": {\"npm:alpha@1\": \"1.0.0\", \"npm:gamma@1\": \"1.0.0\"}, \"npm\": {\
                \"alpha@1.0.0\": {\"dependencies\": [\"beta\"]}, \"beta@1.0.0\": {}, \"gamma@1.0.0\": {}}, \
                \"workspace\": {\"dependencies\": [\"npm:alpha@1\"]}}";
    let (blind, graph) = read(text, &MemoryTree::of([]));
    assert!(!blind);
    let format = lockfile::format("deno.lock").expect("the format");
    let command = |name: &str| {
        let (_, package) = graph
            .packages()
            .find(|(_, package)| &*package.name == name)
            .expect("it");
        format.upgrade_command(&Upgrade {
            name,
            from: "1.0.0",
            to: "1.1.0",
            direct: package.direct,
            file_name: "deno.lock",
            by: package.upgrade_by.as_deref(),
        })
    };
    let expected = UpgradeCommand::Run("deno outdated --update --recursive alpha@1.1.0".to_owned());
    assert_eq!(command("alpha"), expected);
    for name in ["beta", "gamma"] {
        assert!(matches!(command(name), UpgradeCommand::ByHand(_)), "{name}");
    }
}
