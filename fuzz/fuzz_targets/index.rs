//! Damaged indexes: none is taken for whole, and no question to one panics.
//!
//! An input that starts as an index does is one. Any other is a list of changes to a small sound index: two bytes
//! of place, one to put there. `verify` must refuse whatever differs from the sound one.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lockkeeper::advisory::{Authority, Compiler, Index};
use lockkeeper::model::Ecosystem;

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut compiler = Compiler::new();
    let source = compiler.source("fuzz", Authority::Export);
    for number in 0..40 {
        let json = format!(
            r#"{{"id": "FUZZ-{number}", "modified": "2026-01-02T03:04:05Z", "aliases": ["CVE-2026-{number}"],
            "summary": "number {number}", "details": "long text of {number}", "affected": [{{
            "package": {{"ecosystem": "npm", "name": "package-{}"}}, "ranges": [{{"type": "SEMVER", "events":
            [{{"introduced": "1.0.0"}}, {{"fixed": "1.{number}.0"}}]}}], "versions": ["0.{number}.1"]}}]}}"#,
            number / 3
        );
        compiler.add_osv_json(source, json.as_bytes(), "fuzz.json");
    }
    let compiled = compiler.finish(jiff::Timestamp::UNIX_EPOCH).expect("a small index");
    compiled.into_bytes()
});

fuzz_target!(|data: &[u8]| {
    let bytes = if data.starts_with(SOUND.get(..8).expect("a header")) {
        data.to_vec()
    } else {
        let mut bytes = SOUND.clone();
        for change in data.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
            bytes[at] = change[2];
        }
        bytes
    };
    let changed = bytes != *SOUND;
    let Ok(index) = Index::open(bytes) else {
        assert!(changed, "the sound index is refused");
        return;
    };
    for number in 0..14 {
        let Ok(candidates) = index.candidates(&Ecosystem::NPM, &format!("package-{number}")) else {
            continue;
        };
        for group in candidates.groups() {
            if let Ok(advisory) = group.advisory() {
                let _ = advisory;
            }
            for member in group.members() {
                for claim in member.claims() {
                    let _ = (claim.intervals().count(), claim.versions().count(), claim.fixed().count());
                }
                if let Ok(id) = member.id()
                    && let Ok(Some(record)) = index.find(&id)
                    && let Some(key) = record.text_key()
                {
                    let _ = index.texts(key);
                }
            }
        }
    }
    let _ = index.find("FUZZ-7").map(|found| found.map(|record| record.id().len()));
    assert_eq!(index.verify().is_err(), changed, "a changed index passes, or a sound one does not");
});
