//! The list of published databases: no panic, and what is read is written and read again as the same.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use lockkeeper::database::manifest::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = Manifest::parse(bytes) else {
        return;
    };
    let again = Manifest::parse(&manifest.to_bytes()).expect("what was written is read");
    assert_eq!(manifest.to_bytes(), again.to_bytes());
    let all = manifest.ecosystems();
    let chosen = manifest.choose(&all).expect("each ecosystem has a file");
    let held: BTreeSet<&str> = chosen
        .iter()
        .flat_map(|file| file.ecosystems.iter().map(String::as_str))
        .collect();
    assert!(all.is_subset(&held), "{all:?} {held:?}");
    assert!(manifest.choose(&BTreeSet::from(["\0"])).is_err());
});
