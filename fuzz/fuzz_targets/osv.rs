//! Any bytes as an OSV document, imported and compiled: no panic, and the index that comes of it is whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lockkeeper::advisory::import::{Imported, osv};
use lockkeeper::advisory::{Authority, Compiler, Index};

fuzz_target!(|data: &[u8]| {
    let (id, affected) = match osv::read(data, "fuzz.json") {
        Imported::Record(record, _) => {
            let affected: Vec<_> = record
                .affected
                .iter()
                .map(|affected| (affected.ecosystem.clone(), affected.name.clone()))
                .collect();
            (record.id.clone(), affected)
        }
        Imported::Withdrawn { .. } | Imported::Skipped | Imported::Rejected(_) => return,
    };
    let mut compiler = Compiler::new();
    let source = compiler.source("fuzz", Authority::Export);
    compiler.add_osv_json(source, data, "fuzz.json");
    let Ok(compiled) = compiler.finish(jiff::Timestamp::UNIX_EPOCH) else {
        return;
    };
    let index = Index::open(compiled.into_bytes()).expect("what was compiled opens");
    index.verify().expect("what was compiled is whole");
    assert!(index.find(&id).expect("it is read").is_some(), "{id:?} is not found");
    for (ecosystem, name) in affected {
        let candidates = index.candidates(&ecosystem, &name).expect("it is read");
        assert!(candidates.groups().count() >= 1, "{ecosystem}:{name:?} is not found");
    }
});
