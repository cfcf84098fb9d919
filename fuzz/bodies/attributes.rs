//! The body of the target `attributes`, which tests run too.

use lockkeeper::git::merge::driver_name;

/// A `.gitattributes` at the root: no panic, one answer, and the same one behind a further comment.
pub fn run(bytes: &[u8]) {
    for path in ["a", "Cargo.lock", "a/b.txt", "docs/a b/\u{e9}.md"] {
        let name = driver_name(bytes, path.as_bytes());
        let commented = [bytes, b"\n# a comment\n"].concat();
        assert_eq!(name, driver_name(&commented, path.as_bytes()), "{path}");
        let binary = [bytes, b"\n* -merge\n"].concat();
        assert_eq!(driver_name(&binary, path.as_bytes()), "binary", "{path}");
    }
}
