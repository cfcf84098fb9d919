//! `go.sum`: lines `MODULE VERSION h1:HASH` and `MODULE VERSION/go.mod h1:HASH`, and the hashes in them
//! (`golang.org/x/mod/sumdb/dirhash`, Hash1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::text::Span;

/// A line of `go.sum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumLine {
    /// The module.
    pub path: String,
    /// Its version; with `/go.mod` behind it where the line is of that file alone.
    pub version: String,
    /// `h1:` and the hash.
    pub hash: String,
    /// The whole line with its end.
    pub span: Span,
}

/// The lines of `text`, in its order.
///
/// # Errors
/// The number of a line that is none, from 1.
pub fn lines(text: &str) -> Result<Vec<SumLine>, usize> {
    let mut lines = Vec::new();
    let mut start = 0_usize;
    for (number, whole) in text.split_inclusive('\n').enumerate() {
        let end = start.saturating_add(whole.len());
        let mut words = whole.split_ascii_whitespace();
        match (words.next(), words.next(), words.next(), words.next()) {
            (None, ..) => {}
            (Some(path), Some(version), Some(hash), None) => lines.push(SumLine {
                path: path.to_owned(),
                version: version.to_owned(),
                hash: hash.to_owned(),
                span: Span::new(start, end),
            }),
            _ => return Err(number.saturating_add(1)),
        }
        start = end;
    }
    Ok(lines)
}

/// The hash of files: of their names and of the SHA-256 of each.
#[must_use]
pub fn hash(mut files: Vec<(String, [u8; 32])>) -> String {
    files.sort();
    let mut all = Sha256::new();
    for (name, digest) in files {
        all.update(hex::encode(digest));
        all.update("  ");
        all.update(name);
        all.update("\n");
    }
    format!("h1:{}", STANDARD.encode(all.finalize()))
}

/// The SHA-256 of a file.
#[must_use]
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The hash of a `go.mod` file.
#[must_use]
pub fn hash_of_mod(text: &str) -> String {
    hash(vec![("go.mod".to_owned(), digest(text.as_bytes()))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_their_places() {
        let text = "a.example v1.0.0 h1:x=\r\n\na.example v1.0.0/go.mod h1:y=";
        let read = lines(text).unwrap();
        let shown: Vec<_> = read
            .iter()
            .map(|line| (&*line.path, &*line.version, &*line.hash, line.span.of(text)))
            .collect();
        assert_eq!(
            shown,
            [
                ("a.example", "v1.0.0", "h1:x=", "a.example v1.0.0 h1:x=\r\n"),
                (
                    "a.example",
                    "v1.0.0/go.mod",
                    "h1:y=",
                    "a.example v1.0.0/go.mod h1:y="
                )
            ]
        );
        assert_eq!(lines("a b c\na b\n"), Err(2));
        assert_eq!(lines("a b c d\n"), Err(1));
    }

    /// As Go 1.26 has it in the `go.sum` of a module that requires golang.org/x/net v0.38.0.
    #[test]
    fn the_hash_is_that_of_go() {
        let text = "module golang.org/x/net\n\ngo 1.23.0\n\nrequire (\n\tgolang.org/x/crypto v0.36.0\n\t\
            golang.org/x/sys v0.31.0\n\tgolang.org/x/term v0.30.0\n\tgolang.org/x/text v0.23.0\n)\n";
        assert_eq!(
            hash_of_mod(text),
            "h1:ivrbrMbzFq5J41QOQh0siUuly180yBYtLp+CKbEaFx8="
        );
    }
}
