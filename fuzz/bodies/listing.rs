//! The body of the target: what forges list of refs and trees.

use std::collections::BTreeSet;

use lockkeeper::forge::pages;
use lockkeeper::git::refs::is_ref_name;
use lockkeeper::git::tree_listing::trees;
use lockkeeper::remote::listed;

/// No panic; a tree that is taken is the one of its id, whole; a name that is taken cannot act where it is written.
pub fn run(bytes: &[u8]) {
    if let Ok((entries, _)) = pages::tree(bytes) {
        let sha = serde_json::from_slice::<serde_json::Value>(bytes)
            .ok()
            .and_then(|page| page["sha"].as_str().map(str::to_owned));
        let root = sha.unwrap_or_else(|| "0".repeat(40));
        let listing = listed(entries);
        if let Ok(written) = trees(&root, &listing) {
            assert!(written.contains_key(&root), "{root}");
            let mut found = BTreeSet::new();
            walk(&root, "", &written, &mut found);
            let listed: BTreeSet<String> = listing.iter().map(|listed| listed.path.clone()).collect();
            assert_eq!(found, listed);
        }
    }
    let mut refs = pages::gitea_branches(bytes).unwrap_or_default();
    for prefix in ["refs/heads/", "refs/tags/"] {
        refs.extend(pages::github_refs(bytes, prefix).unwrap_or_default());
    }
    for found in refs.iter().filter(|found| is_ref_name(&found.name)) {
        assert!(found.name.starts_with("refs/") && found.name.len() <= 1024);
        let is_odd = |letter: char| letter.is_control() || letter == ' ' || letter == '\\';
        assert!(!found.name.contains(is_odd), "{:?}", found.name);
        assert!(
            found
                .name
                .split('/')
                .all(|part| !part.is_empty() && part != ".." && part != ".")
        );
    }
}

/// The paths of the files below a tree, as git reads its object: mode, name, NUL, id.
fn walk(
    id: &str,
    folder: &str,
    trees: &std::collections::HashMap<String, Vec<u8>>,
    found: &mut BTreeSet<String>,
) {
    let mut rest = trees.get(id).map(Vec::as_slice).expect("every tree is there");
    let length = id.len() / 2;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0).expect("a name ends");
        let head = std::str::from_utf8(&rest[..end]).expect("UTF-8");
        let (mode, name) = head.split_once(' ').expect("a mode");
        let id: String = rest[end + 1..end + 1 + length]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        rest = &rest[end + 1 + length..];
        let path = format!("{folder}{name}");
        if mode == "40000" {
            walk(&id, &format!("{path}/"), trees, found);
        } else {
            assert!(found.insert(path), "one entry of a name");
        }
    }
}
