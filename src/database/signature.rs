//! Keys and signatures of publications, in minisign's format.
//!
//! minisign's format and not one of our own, because who does not trust this program can check a publication with
//! a tool that exists (`minisign -V`), and because it brings what is needed: a public key is one line, it carries
//! a key id, so that several keys may be valid at once, and the comment that says when a signature was made is signed
//! too. Signatures are made over the bytes themselves (minisign's `-l`, algorithm `Ed`): a manifest is small, and a
//! prehash would bring one more hash function. The prehashed kind (`ED`) is refused by name.
//!
//! Secret keys are in a form of our own: minisign's asks for a password, which a pipeline cannot type. One line holds
//! all, so that a pipeline can keep it as one secret. Nothing here prints it.
//!
//! Ed25519 (RFC 8032) is that of `ring`, which TLS brings along.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

/// A signature file has some 300 bytes; a larger one is none.
pub const SIGNATURE_LIMIT: u64 = 4096;

/// The algorithm of keys, and of signatures over the bytes themselves.
const PLAIN: &[u8; 2] = b"Ed";

/// Signatures over a hash of the bytes.
const PREHASHED: &[u8; 2] = b"ED";

/// What a secret key's text begins with, so that it is found where it does not belong.
const SECRET_PREFIX: &str = "lockkeeper-secret-key:";

/// The name of a key: minisign's, eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    /// As minisign prints it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016X}", u64::from_le_bytes(self.0))
    }
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: KeyId,
    key: [u8; 32],
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not a public key.
    #[error("this is no public key: it has 56 characters and begins with `RW`")]
    Public,
    /// A secret one where a public one belongs.
    #[error("this is a secret key, and a public one is asked for")]
    SecretForPublic,
    /// Not a secret key.
    #[error("this is no secret key: it begins with `lockkeeper-secret-key:`")]
    Secret,
    /// A file without any.
    #[error("it holds no key")]
    None,
}

impl PublicKey {
    /// Reads the one line of a key, as [`fmt::Display`] and `minisign` write it.
    ///
    /// # Errors
    /// [`BadKey`], which repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let text = text.trim();
        if text.starts_with(SECRET_PREFIX) {
            return Err(BadKey::SecretForPublic);
        }
        let bytes = BASE64.decode(text).map_err(|_| BadKey::Public)?;
        let (algorithm, rest) = bytes.split_first_chunk().ok_or(BadKey::Public)?;
        let (id, key) = rest.split_first_chunk().ok_or(BadKey::Public)?;
        match (algorithm, <[u8; 32]>::try_from(key)) {
            (PLAIN, Ok(key)) => Ok(Self { id: KeyId(*id), key }),
            _ => Err(BadKey::Public),
        }
    }

    /// Reads keys, one a line; lines that begin with `#` or with minisign's `untrusted comment:` are passed over.
    ///
    /// # Errors
    /// [`BadKey`] of the first line that is no key, and if there is none.
    pub fn list(text: &str) -> Result<Vec<Self>, BadKey> {
        let lines = text.lines().map(str::trim).filter(|line| {
            !line.is_empty() && !line.starts_with('#') && !line.starts_with("untrusted comment:")
        });
        let keys: Vec<Self> = lines.map(Self::parse).collect::<Result<_, _>>()?;
        match keys.is_empty() {
            true => Err(BadKey::None),
            false => Ok(keys),
        }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [PLAIN.as_slice(), &self.id.0, &self.key].concat();
        formatter.write_str(&BASE64.encode(bytes))
    }
}

/// A secret key. It cannot be printed but by [`SecretKey::to_text`].
pub struct SecretKey {
    pair: Ed25519KeyPair,
    seed: [u8; 32],
    id: KeyId,
}

impl SecretKey {
    /// The key that grows from 32 random bytes. Its id comes from the public key, so that it is the same everywhere.
    ///
    /// # Errors
    /// [`BadKey`] if `ring` refuses the seed.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, BadKey> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| BadKey::Secret)?;
        let hash = Sha256::digest(pair.public_key().as_ref());
        let id = KeyId(*hash.first_chunk().ok_or(BadKey::Secret)?);
        Ok(Self { pair, seed, id })
    }

    /// Reads what [`SecretKey::to_text`] wrote; white space around it is no matter.
    ///
    /// # Errors
    /// [`BadKey`], which repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let encoded = text.trim().strip_prefix(SECRET_PREFIX).ok_or(BadKey::Secret)?;
        let bytes = BASE64.decode(encoded).map_err(|_| BadKey::Secret)?;
        Self::from_seed(bytes.try_into().map_err(|_| BadKey::Secret)?)
    }

    /// The key in one line, for the one file or secret that it is kept in.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{SECRET_PREFIX}{}", BASE64.encode(self.seed))
    }

    /// Its other half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        // Ed25519 keys have 32 bytes.
        for (to, from) in key.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        PublicKey { id: self.id, key }
    }

    /// The text of the signature over `bytes`, with a comment of one line that is signed with it. The same bytes,
    /// comment and key give the same text.
    #[must_use]
    pub fn sign(&self, bytes: &[u8], comment: &str) -> String {
        let comment = comment.lines().next().unwrap_or_default();
        let signature = self.pair.sign(bytes);
        let whole = [PLAIN.as_slice(), &self.id.0, signature.as_ref()].concat();
        let over_comment = self.pair.sign(&[signature.as_ref(), comment.as_bytes()].concat());
        format!(
            "untrusted comment: signature by the key {}\n{}\ntrusted comment: {comment}\n{}\n",
            self.id,
            BASE64.encode(whole),
            BASE64.encode(over_comment),
        )
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey({})", self.id)
    }
}

/// Why a signature is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The program was given no key.
    #[error("no key is trusted, so that no signature can be")]
    NoKey,
    /// It is no signature.
    #[error("its signature is not readable")]
    Unreadable,
    /// It is over a hash of the bytes.
    #[error("its signature is over a hash of the bytes, a kind that is not read here")]
    Prehashed,
    /// Whoever made it is not trusted.
    #[error("it is signed by the key {signed}, and trusted is {}", ids(trusted))]
    UnknownKey {
        /// The key that signed.
        signed: KeyId,
        /// The keys that are trusted.
        trusted: Vec<KeyId>,
    },
    /// It is not that of these bytes, or not by this key.
    #[error("its signature by the key {0} is not valid")]
    Wrong(KeyId),
}

/// Holds the text of a signature against `bytes`, and says which of the `trusted` keys made it.
///
/// # Errors
/// [`SignatureError`].
pub fn verify<'k>(
    bytes: &[u8],
    signature: &str,
    trusted: &'k [PublicKey],
) -> Result<&'k PublicKey, SignatureError> {
    if trusted.is_empty() {
        return Err(SignatureError::NoKey);
    }
    let Parts {
        id,
        over_bytes,
        comment,
        over_comment,
    } = Parts::read(signature)?;
    let mut named = trusted.iter().filter(|key| key.id == id).peekable();
    if named.peek().is_none() {
        return Err(SignatureError::UnknownKey {
            signed: id,
            trusted: trusted.iter().map(PublicKey::id).collect(),
        });
    }
    let with_comment = [over_bytes.as_slice(), comment.as_bytes()].concat();
    // Ids are short: two keys may share one.
    let made = |key: &&PublicKey| {
        let key = UnparsedPublicKey::new(&ED25519, key.key);
        key.verify(bytes, &over_bytes).is_ok() && key.verify(&with_comment, &over_comment).is_ok()
    };
    named.find(made).ok_or(SignatureError::Wrong(id))
}

/// What a signature's text holds.
struct Parts<'s> {
    id: KeyId,
    over_bytes: [u8; 64],
    comment: &'s str,
    over_comment: [u8; 64],
}

impl<'s> Parts<'s> {
    fn read(text: &'s str) -> Result<Self, SignatureError> {
        let mut lines = text.lines();
        let mut line = || lines.next().ok_or(SignatureError::Unreadable);
        if !line()?.starts_with("untrusted comment:") {
            return Err(SignatureError::Unreadable);
        }
        let whole = BASE64
            .decode(line()?.trim_end())
            .map_err(|_| SignatureError::Unreadable)?;
        let comment = line()?
            .strip_prefix("trusted comment: ")
            .ok_or(SignatureError::Unreadable)?;
        let over_comment = BASE64
            .decode(line()?.trim_end())
            .map_err(|_| SignatureError::Unreadable)?;
        if lines.any(|line| !line.trim().is_empty()) {
            return Err(SignatureError::Unreadable);
        }
        let (algorithm, rest) = whole.split_first_chunk().ok_or(SignatureError::Unreadable)?;
        let (id, over_bytes) = rest.split_first_chunk().ok_or(SignatureError::Unreadable)?;
        match algorithm {
            PLAIN => Ok(Self {
                id: KeyId(*id),
                over_bytes: over_bytes.try_into().map_err(|_| SignatureError::Unreadable)?,
                comment,
                over_comment: over_comment.try_into().map_err(|_| SignatureError::Unreadable)?,
            }),
            PREHASHED => Err(SignatureError::Prehashed),
            _ => Err(SignatureError::Unreadable),
        }
    }
}

fn ids(ids: &[KeyId]) -> String {
    ids.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(pair).collect()
    }

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed([seed; 32]).unwrap()
    }

    /// RFC 8032, section 7.1, tests 1 to 3.
    #[test]
    fn known_answers_of_the_standard() {
        let known = [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                "72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                "af82",
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            ),
        ];
        for (seed, public, message, expected) in known {
            let key = SecretKey::from_seed(bytes(seed).try_into().unwrap()).unwrap();
            assert_eq!(key.public().key.to_vec(), bytes(public));
            let text = key.sign(&bytes(message), "");
            let whole = BASE64.decode(text.lines().nth(1).unwrap()).unwrap();
            assert_eq!(whole[10..], bytes(expected));
        }
    }

    /// Made by minisign 0.11: `minisign -S -l -m m -t 'timestamp:1<TAB>file:m'`, where `m` holds `hello` and a line end.
    #[test]
    fn what_minisign_made_is_read() {
        let file = "untrusted comment: minisign public key 9CBE79BD59398E75\n\
                    RWR1jjlZvXm+nCRi7bisB3Oti1USGaEVSgaRj+6P9riPQEb/FPSHN692\n";
        let trusted = PublicKey::list(file).unwrap();
        assert_eq!(trusted[0].id().to_string(), "9CBE79BD59398E75");
        assert_eq!(
            trusted[0].to_string(),
            "RWR1jjlZvXm+nCRi7bisB3Oti1USGaEVSgaRj+6P9riPQEb/FPSHN692"
        );
        let signature = "untrusted comment: signature from minisign secret key\n\
            RWR1jjlZvXm+nGLHu8Hi1LSFZWKshojOFe6ZbRAuQgxx/tBBE6eJfgb5WPUVRNLcHZ3v+E4FAsEsgduKWa6hxCF46HMtPEUS3wc=\n\
            trusted comment: timestamp:1\tfile:m\n\
            AsRefXKtQ92lnLEAjbQ8wAYvKRM8zyRxnYH+wyyUpshZxyxXjl9VDuXR6o+VMlirhRtXYXHtQgI6dWMvSG6TAA==\n";
        assert_eq!(verify(b"hello\n", signature, &trusted), Ok(&trusted[0]));
        let id = trusted[0].id();
        assert_eq!(
            verify(b"hellp\n", signature, &trusted),
            Err(SignatureError::Wrong(id))
        );
        let redated = signature.replace("timestamp:1", "timestamp:2");
        assert_eq!(
            verify(b"hello\n", &redated, &trusted),
            Err(SignatureError::Wrong(id))
        );
    }

    #[test]
    fn one_of_several_keys_is_enough_and_a_strange_one_is_not() {
        let (old, new, strange) = (key(1), key(2), key(3));
        let trusted = [old.public(), new.public()];
        for one in [&old, &new] {
            let signature = one.sign(b"bytes", "a comment");
            assert_eq!(verify(b"bytes", &signature, &trusted), Ok(&one.public()));
        }
        let signature = strange.sign(b"bytes", "a comment");
        let refused = verify(b"bytes", &signature, &trusted).unwrap_err();
        let told = refused.to_string();
        assert!(
            told.contains(&strange.id.to_string()) && told.contains(&old.id.to_string()),
            "{told}"
        );
        // A key that takes another's id.
        let impostor = PublicKey {
            id: strange.id,
            ..old.public()
        };
        assert_eq!(
            verify(b"bytes", &signature, std::slice::from_ref(&impostor)),
            Err(SignatureError::Wrong(strange.id))
        );
        assert!(verify(b"bytes", &signature, &[impostor, strange.public()]).is_ok());
        assert_eq!(verify(b"bytes", &signature, &[]), Err(SignatureError::NoKey));
    }

    #[test]
    fn no_altered_byte_passes() {
        let secret = key(7);
        let trusted = [secret.public()];
        let signature = secret.sign(b"bytes", "c");
        let first = signature.find('\n').unwrap() + 1;
        for at in first..signature.len() - 1 {
            let mut altered = signature.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(verify(b"bytes", &altered, &trusted).is_err(), "{at}");
        }
        for end in 0..signature.len() - 1 {
            assert!(verify(b"bytes", &signature[..end], &trusted).is_err(), "{end}");
        }
        assert!(verify(b"bytes", &format!("{signature}more\n"), &trusted).is_err());
        let prehashed = signature.replacen("\nRW", "\nRU", 1);
        assert_ne!(prehashed, signature);
        assert_eq!(
            verify(b"bytes", &prehashed, &trusted),
            Err(SignatureError::Prehashed)
        );
    }

    #[test]
    fn keys_are_read_back_and_told_apart() {
        let secret = key(9);
        let text = secret.to_text();
        assert_eq!(
            SecretKey::parse(&format!(" {text}\n")).unwrap().public(),
            secret.public()
        );
        assert_eq!(
            PublicKey::parse(&secret.public().to_string()),
            Ok(secret.public())
        );
        assert_eq!(PublicKey::parse(&text), Err(BadKey::SecretForPublic));
        assert!(SecretKey::parse(&secret.public().to_string()).is_err());
        assert!(!format!("{secret:?}").contains(&text[SECRET_PREFIX.len()..]));
        for bad in [
            "",
            "RW",
            "x",
            &secret.public().to_string()[1..],
            "lockkeeper-secret-key:AAAA",
        ] {
            assert!(
                PublicKey::parse(bad).is_err() && SecretKey::parse(bad).is_err(),
                "{bad}"
            );
        }
        assert_eq!(PublicKey::list("# none\n\n"), Err(BadKey::None));
    }
}
