//! The body of the target `registry`, which tests run too.

use lockkeeper::model::Part;
use lockkeeper::registry::REGISTRIES;

/// Answers of registries that no registry gave: no panic, and every version that is read has a text. The index of a
/// registry that has one, an answer about a package and one about a part of a version are read from the same bytes.
pub fn run(bytes: &[u8]) {
    for registry in REGISTRIES {
        for package in ["a", "acme/left", "org.example:left", "example.org/left/v2"] {
            let read = registry.read(package, bytes);
            let by_index = registry.read_by(bytes, package, bytes);
            for answer in read.iter().chain(&by_index) {
                assert!(
                    answer.releases.iter().all(|release| !release.version.is_empty()),
                    "{}",
                    registry.name()
                );
            }
            let version = || "1.0.0".into();
            let parts = [
                Part::Metadata(version()),
                Part::Archive(version()),
                Part::Time(version()),
                Part::Proof(version()),
            ];
            let first = read.as_ref().ok().and_then(|answer| answer.releases.first());
            for part in &parts {
                let _ = registry.read_part(package, part, first, bytes);
            }
        }
    }
}
