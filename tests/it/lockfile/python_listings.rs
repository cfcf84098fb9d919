//! The packages of fixtures as the tools that wrote them list them: each file in `tests/tables/python` is called
//! after a fixture and what it lists, and starts with the command that wrote it.

use std::collections::BTreeSet;
use std::path::Path;

use lockkeeper::lockfile;
use lockkeeper::model::{Package, Scope, Source};

use crate::support::memory_tree::{MemoryTree, tree_path};

#[test]
fn packages_are_those_that_the_tools_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut listings = 0;
    for listing in std::fs::read_dir(folder.join("tables/python")).expect("listings") {
        let listing = listing.expect("a listing").path();
        let stem = listing
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name");
        let (module, rest) = stem.split_once('.').expect("a fixture's module");
        let (case, which) = rest.rsplit_once('.').expect("a case and what is listed");
        let file = match module {
            "pipfile_lock" => "Pipfile.lock",
            "poetry_lock" => "poetry.lock",
            "uv_lock" => "uv.lock",
            _ => panic!("{stem}"),
        };
        let tree = MemoryTree::from_folder(&folder.join("fixtures/lockfile").join(module).join(case));
        let path = tree_path(file);
        let format = lockfile::format(file).expect("the format");
        let (_, bytes) = tree.files().find(|(other, _)| **other == path).expect(file);
        let reading = lockfile::read(format, &path, bytes, &tree);
        let belongs = |package: &&Package| match which {
            "all" => true,
            "runtime" => package.scopes.holds(Scope::Runtime),
            "dev" => package.scopes.holds(Scope::Dev),
            _ => panic!("{stem}"),
        };
        // Poetry lists what it takes from elsewhere too; the others write addresses for that, left out here, and for what
        // the registry has at an address.
        let is_named = |package: &Package| match package.spans.source {
            Some(source) => source.of(&reading.text).contains("registry = "),
            None => true,
        };
        let is_listed = |package: &&Package| {
            module == "poetry_lock" || matches!(package.source, Source::Registry(_)) && is_named(package)
        };
        let found: BTreeSet<String> = reading
            .parsed
            .graph
            .packages()
            .map(|(_, package)| package)
            .filter(belongs)
            .filter(is_listed)
            .map(|package| format!("{} {}", package.name, package.version))
            .collect();
        let text = std::fs::read_to_string(&listing).expect("a text");
        let expected: BTreeSet<String> = text.lines().skip(1).map(str::to_owned).collect();
        assert_eq!(found, expected, "{stem}");
        listings += 1;
    }
    assert!(listings >= 9, "only {listings} listings");
}
