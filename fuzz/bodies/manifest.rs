//! The body of the target `manifest`, which tests run too.

use std::collections::BTreeSet;

use lockkeeper::database::manifest::Manifest;

/// The list of published databases: no panic, and what is read is written and read again as the same.
pub fn run(bytes: &[u8]) {
    let Ok(manifest) = Manifest::parse(bytes) else {
        return;
    };
    let again = Manifest::parse(&manifest.to_bytes()).expect("what was written is read");
    assert_eq!(manifest.to_bytes(), again.to_bytes());
    let all = manifest.ecosystems();
    match manifest.choose(&all) {
        Ok(chosen) => {
            let held: BTreeSet<&str> = chosen
                .iter()
                .flat_map(|file| file.ecosystems.iter().map(String::as_str))
                .collect();
            assert!(all.is_subset(&held), "{all:?} {held:?}");
        }
        Err(name) => assert!(
            manifest
                .files
                .iter()
                .all(|file| file.ecosystems != [name.as_str()]),
            "{name} has a file of its own"
        ),
    }
    assert!(manifest.choose(&BTreeSet::from(["\0"])).is_err());
}
