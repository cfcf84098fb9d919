//! What lockfile version 1 marks wrongly softens nothing: folders of it, and what they require.

use lockkeeper::lockfile;
use lockkeeper::model::Scope;
use serde_json::{Value, json};

use crate::support::memory_tree::{MemoryTree, tree_path};

/// Whether `name` counts as needed in production, read from `lock` beside `manifests`.
fn ships(lock: &Value, manifests: &[(&str, Value)], name: &str) -> bool {
    let mut tree = MemoryTree::default();
    for (path, manifest) in manifests {
        tree.insert(&tree_path(path), manifest.to_string().as_bytes());
    }
    let format = lockfile::format("package-lock.json").expect("the format");
    let text = lock.to_string();
    let reading = lockfile::read(format, &tree_path("package-lock.json"), text.as_bytes(), &tree);
    let packages = || reading.parsed.graph.packages();
    let (_, package) = packages()
        .find(|(_, package)| *package.name == *name)
        .expect("a package");
    package.scopes.iter().any(|scope| scope == Scope::Runtime)
}

/// `part` is a folder or an archive that needs `tool`, which the file marks as one for development.
fn lock(part: &str) -> Value {
    json!({"name": "app", "version": "1.0.0", "lockfileVersion": 1, "requires": true, "dependencies": {
        "part": {"version": part, "requires": {"tool": "*"}},
        "tool": {"version": "1.0.0", "dev": true},
    }})
}

#[test]
fn what_a_folder_requires_is_what_its_manifest_says() {
    let root = json!({"dependencies": {"part": "*"}, "devDependencies": {"tool": "*"}});
    let of_part = |field: &str| json!({"name": "part", "version": "1.0.0", field: {"tool": "*"}});
    for (part, manifest, expected) in [
        ("file:part", Some(of_part("dependencies")), true),
        ("file:part", Some(of_part("optionalDependencies")), false),
        ("file:part", Some(of_part("devDependencies")), false),
        // Nothing tells them apart.
        ("file:part", None, true),
        ("file:../part", None, true),
        ("file:part-1.0.0.tgz", None, true),
        ("1.0.0", None, true),
    ] {
        let mut manifests = vec![("package.json", root.clone())];
        manifests.extend(manifest.clone().map(|manifest| ("part/package.json", manifest)));
        assert_eq!(
            ships(&lock(part), &manifests, "tool"),
            expected,
            "{part} {manifest:?}"
        );
    }
}

#[test]
fn what_is_for_development_only_stays_so() {
    for part in ["file:part", "file:part-1.0.0.tgz", "1.0.0"] {
        let mut lock = lock(part);
        lock["dependencies"]["part"]["dev"] = json!(true);
        let root = json!({"devDependencies": {"part": "*", "tool": "*"}});
        for name in ["part", "tool"] {
            assert!(
                !ships(&lock, &[("package.json", root.clone())], name),
                "{part} {name}"
            );
        }
        // Without the manifest of the root nobody knows.
        assert!(ships(&lock, &[], "tool"), "{part}");
    }
}
