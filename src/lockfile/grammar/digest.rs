//! Digests as lockfiles write them: Subresource Integrity (npm and its like), `algorithm:hexadecimal` (pip), and plain digits.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::model::bill::{Algorithm, Digest, DigestOf};

/// What the checksums of a format are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    /// Of something else than what a registry serves (a cache, what is inside of an archive), or that is not known.
    Unknown,
    /// `sha512-…` in base64, several with spaces between them: of the one archive of a version.
    Integrity,
    /// SHA-256 in hexadecimal digits: of the one archive of a version.
    Sha256,
    /// `sha256:…`: each of one of several archives of a version.
    OfFiles,
}

/// Padding is left out by some.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Digests {
    /// The digests that `checksum` has. What is none is left out.
    pub fn read(self, checksum: &str) -> Vec<Digest> {
        match self {
            Self::Unknown => Vec::new(),
            Self::Integrity => checksum.split_whitespace().filter_map(integrity).collect(),
            Self::Sha256 => hexadecimal(Algorithm::Sha256, checksum, DigestOf::Archive)
                .into_iter()
                .collect(),
            Self::OfFiles => of_file(checksum).into_iter().collect(),
        }
    }
}

fn algorithm(name: &str) -> Option<Algorithm> {
    Algorithm::ALL
        .into_iter()
        .find(|algorithm| algorithm.as_str() == name)
}

fn integrity(text: &str) -> Option<Digest> {
    let (name, value) = text.split_once('-')?;
    // Options may follow (Subresource Integrity, section 3.5).
    let value = value.split('?').next().unwrap_or(value);
    let algorithm = algorithm(name)?;
    let bytes = BASE64.decode(value).ok()?;
    (bytes.len() == algorithm.bytes()).then(|| Digest {
        algorithm,
        hex: hex::encode(bytes),
        of: DigestOf::Archive,
    })
}

fn of_file(text: &str) -> Option<Digest> {
    let (name, value) = text.trim().split_once(':')?;
    hexadecimal(algorithm(name)?, value, DigestOf::OneOfSeveral)
}

fn hexadecimal(algorithm: Algorithm, text: &str, of: DigestOf) -> Option<Digest> {
    let bytes = hex::decode(text).ok()?;
    (bytes.len() == algorithm.bytes()).then(|| Digest {
        algorithm,
        hex: hex::encode(bytes),
        of,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(digests: Digests, text: &str) -> Vec<String> {
        let read = digests.read(text);
        let shown = read
            .iter()
            .map(|digest| format!("{} {}", digest.algorithm.as_str(), digest.hex));
        shown.collect()
    }

    #[test]
    fn digests_are_read_as_they_are_written() {
        let sha1 = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
        let empty = "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709";
        for (digests, text, read) in [
            (Digests::Integrity, sha1, vec![empty]),
            (
                Digests::Integrity,
                &*format!("{sha1}?x  {sha1}"),
                vec![empty, empty],
            ),
            (
                Digests::Integrity,
                "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk",
                vec![empty],
            ),
            // Of another length, another alphabet, another algorithm.
            (Digests::Integrity, "sha512-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", vec![]),
            (Digests::Integrity, "sha1-2jmj7l5rSw0yVb_vlWAYkK_YBwk=", vec![]),
            (
                Digests::Integrity,
                "10c0/da39a3ee5e6b4b0d3255bfef95601890afd80709",
                vec![],
            ),
            (
                Digests::Sha256,
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                vec![],
            ),
            (
                Digests::OfFiles,
                "sha1:DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
                vec![empty],
            ),
            (
                Digests::OfFiles,
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                vec![],
            ),
            (Digests::Unknown, sha1, vec![]),
        ] {
            assert_eq!(shown(digests, text), read, "{text}");
        }
        let long = "AB".repeat(32);
        let sha256 = format!("sha256 {}", long.to_lowercase());
        assert_eq!(shown(Digests::Sha256, &long), [sha256]);
    }
}
