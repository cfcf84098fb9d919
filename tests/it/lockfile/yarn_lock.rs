//! What must never count as a `yarn.lock` without findings: a file that is cut, and one that is none; and how upgrades are made.

use std::collections::BTreeSet;
use std::path::Path;

use lockkeeper::lockfile::{self, Upgrade, UpgradeCommand};
use lockkeeper::model::{Cost, Graph};
use rayon::prelude::*;

use crate::support::memory_tree::{MemoryTree, tree_path};

fn read(text: &str, tree: &MemoryTree) -> (Vec<String>, bool, Graph) {
    let format = lockfile::format("yarn.lock").expect("the format");
    let reading = lockfile::read(format, &tree_path("yarn.lock"), text.as_bytes(), tree);
    let blind = reading
        .parsed
        .problems
        .iter()
        .any(|problem| problem.cost == Cost::Blind);
    let graph = reading.parsed.graph;
    let packages = graph
        .packages()
        .map(|(_, package)| format!("{} {}", package.name, package.version));
    (packages.collect(), blind, graph)
}

fn cases(start: &str) -> Vec<(String, MemoryTree, String)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lockfile/yarn_lock");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&fixtures).expect("the fixtures") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        let folder = fixtures.join(&name);
        let text = std::fs::read_to_string(folder.join("yarn.lock")).expect("a lockfile");
        if name.starts_with(start) && text.len() < 8_000 {
            cases.push((name, MemoryTree::from_folder(&folder), text));
        }
    }
    assert!(cases.len() > 5, "{start}");
    cases
}

#[test]
fn a_cut_lockfile_of_berry_is_blind() {
    for (name, tree, text) in cases("berry-") {
        let packages = |text: &str| read(text, &tree).0.into_iter().collect::<BTreeSet<_>>();
        let whole = packages(&text);
        (0..text.len()).into_par_iter().for_each(|cut| {
            let (before, rest) = text.split_at(cut);
            // Yarn's own patch of a package is a second entry of that package, which no manifest asks for by name.
            let is_own_patch = before.ends_with('\n')
                && rest
                    .trim_start()
                    .lines()
                    .next()
                    .is_some_and(|line| line.contains("builtin<compat/"));
            let is_whole = is_own_patch && packages(before) == whole;
            assert!(is_whole || read(before, &tree).1, "{name}: cut at {cut}");
        });
    }
}

#[test]
fn a_cut_lockfile_of_yarn_1_is_blind_or_ends_after_a_whole_line() {
    for (name, tree, text) in cases("yarn-1") {
        let whole = read(&text, &tree);
        assert!(!whole.1, "{name}");
        (0..text.len()).into_par_iter().for_each(|cut| {
            let (packages, blind, _) = read(&text[..cut], &tree);
            // Nothing ends an entry of Yarn 1: after a whole line one without what follows is an entry, too.
            let may_be_whole =
                text[..cut].ends_with('\n') || text[..cut].lines().last() == Some("# yarn lockfile v1");
            let is_start = whole.0.starts_with(&packages);
            assert!(blind || (may_be_whole && is_start), "{name}: cut at {cut}");
        });
    }
}

#[test]
fn a_file_without_the_marks_is_no_lockfile() {
    let none = MemoryTree::of([]);
    for text in [
        "",
        "\n\n",
        "# a\n",
        "# yarn lockfile\n",
        "  # yarn lockfile v1\n",
        "alpha@^1.0.0:\n  version \"1.0.0\"\n",
        "{}",
        "__metadata",
        " __metadata:\n  version: 8\n",
        "__metadata:\n  version: 8\n",
        "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n",
    ] {
        assert!(read(text, &none).1, "{text}");
    }
    assert!(!read("# yarn lockfile v1\n\n\n", &none).1);
}

#[test]
fn what_the_manifest_asks_for_and_the_file_lacks_is_blind() {
    let asks = MemoryTree::of([("package.json", "{\"dependencies\": {\"alpha\": \"^1.0.0\"}}")]);
    let text = "# yarn lockfile v1\n\n\nalpha@^1.0.0:\n  version \"1.0.0\"\n";
    assert!(!read(text, &asks).1);
    assert!(read(&text.replace("^1", "^2"), &asks).1);
    assert!(read("# yarn lockfile v1\n", &asks).1);
}

#[test]
fn each_yarn_upgrades_as_it_can() {
    let format = lockfile::format("yarn.lock").expect("the format");
    let command = |text: &str, tree: &MemoryTree, name: &str, to: &str| {
        let (_, blind, graph) = read(text, tree);
        assert!(!blind, "{text}");
        let (_, package) = graph
            .packages()
            .find(|(_, package)| &*package.name == name)
            .expect("it");
        format.upgrade_command(&Upgrade {
            name,
            from: &package.version,
            to,
            direct: package.direct,
            file_name: "yarn.lock",
            by: package.upgrade_by.as_deref(),
        })
    };
    let run = |text: &str| UpgradeCommand::Run(text.to_owned());
    let classic = "# yarn lockfile v1\n\n\nalpha@^1.0.0:\n  version \"1.0.0\"\n  dependencies:\n    beta \"^1.0.0\"\n\n\
                   beta@^1.0.0:\n  version \"1.0.0\"\n\ngamma@^1.0.0:\n  version \"1.0.0\"\n";
    let manifests = MemoryTree::of([
        (
            "package.json",
            "{\"workspaces\": [\"packages/*\"], \"dependencies\": {\"alpha\": \"^1.0.0\"}}",
        ),
        (
            "packages/app/package.json",
            "{\"name\": \"app\", \"dependencies\": {\"gamma\": \"^1.0.0\"}}",
        ),
    ]);
    assert_eq!(
        command(classic, &manifests, "alpha", "1.1.0"),
        run("yarn upgrade alpha@1.1.0")
    );
    assert_eq!(
        command(classic, &manifests, "gamma", "1.1.0"),
        run("yarn --cwd packages/app upgrade gamma@1.1.0")
    );
    assert!(matches!(
        command(classic, &manifests, "beta", "1.1.0"),
        UpgradeCommand::ByHand(_)
    ));
    let berry = "__metadata:\n  version: 8\n\n\"alpha@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \"alpha@npm:1.0.0\"\n  dependencies:\n    \
                 beta: \"npm:^1.0.0\"\n  linkType: hard\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  \
                 dependencies:\n    alpha: \"npm:^1.0.0\"\n  linkType: soft\n\n\"beta@npm:^1.0.0\":\n  version: 1.0.0\n  resolution: \
                 \"beta@npm:1.0.0\"\n  linkType: hard\n";
    let none = MemoryTree::of([]);
    assert_eq!(
        command(berry, &none, "alpha", "2.0.0"),
        run("yarn up alpha@2.0.0")
    );
    assert_eq!(command(berry, &none, "beta", "1.1.0"), run("yarn up -R beta"));
    assert!(matches!(
        command(berry, &none, "beta", "2.0.0"),
        UpgradeCommand::ByHand(_)
    ));
    // What a package asks for moves behind what the project asks for.
    let both = berry.replace(
        "alpha: \"npm:^1.0.0\"\n  linkType: soft",
        "alpha: \"npm:^1.0.0\"\n    beta: \"npm:^1.0.0\"\n  linkType: soft",
    );
    assert_eq!(
        command(&both, &none, "beta", "1.1.0"),
        run("yarn up beta@1.1.0 && yarn up -R beta")
    );
    let old = berry.replace("version: 8", "version: 4");
    assert_eq!(command(&old, &none, "alpha", "2.0.0"), run("yarn up alpha@2.0.0"));
    assert!(matches!(
        command(&old, &none, "beta", "1.1.0"),
        UpgradeCommand::ByHand(_)
    ));
}

#[test]
fn hostile_lockfiles_end() {
    let none = MemoryTree::of([]);
    let many = 60_000;
    let rules: Vec<String> = (0..many)
        .map(|number| format!("\"p{number}/alpha\": \"1.0.{number}\""))
        .collect();
    let manifest = format!("{{\"resolutions\": {{{}}}}}", rules.join(","));
    let told = MemoryTree::of([("package.json", manifest.as_str())]);
    let dependencies: String = (0..many)
        .map(|number| format!("    d{number}: \"npm:^1\"\n"))
        .collect();
    let meta: String = (0..many)
        .map(|number| format!("    d{number}:\n      optional: true\n"))
        .collect();
    let all: String = (0..many).map(|_| "    alpha: \"npm:^1\"\n").collect();
    let keys: Vec<String> = (0..many).map(|number| format!("alpha@npm:^1.{number}")).collect();
    let entry = |name: &str, more: &str| {
        format!(
            "\"{name}\":\n  version: 1.0.0\n  resolution: \"alpha@npm:1.0.0\"\n{more}  linkType: hard\n\n"
        )
    };
    for text in [
        entry(
            "a@npm:1",
            &format!("  dependencies:\n{dependencies}  dependenciesMeta:\n{meta}"),
        ),
        entry("a@npm:1", &format!("  dependencies:\n{all}")),
        entry(&keys.join(", "), ""),
        entry("a@npm:1", "").repeat(many),
    ] {
        let text = format!("__metadata:\n  version: 8\n\n{text}");
        for tree in [&none, &told] {
            assert!(read(&text, tree).1);
        }
    }
}
