//! Whose publications of the index count, and where they are looked for: flag, then environment, then what the program
//! holds.

use std::path::Path;

use crate::database::signature::{BadKey, PublicKey, SecretKey};
use crate::database::update::{Demanded, Trust};
use crate::feed::osv_export;
use crate::model::Failure;
use crate::sys::{environment, file};

/// The public keys that count: texts of keys or files of them, separated by spaces.
pub const KEY_VARIABLE: &str = "LOCKKEEPER_INDEX_KEY";

/// The secret key of who publishes, so that it stands in no argument and in no file.
pub const SECRET_VARIABLE: &str = "LOCKKEEPER_INDEX_SECRET_KEY";

const KEYS: &str = include_str!("../../data/index.keys");
const ADDRESSES: &str = include_str!("../../data/index.addresses");

/// A file of keys is small.
const LIMIT: u64 = 64 << 10;

/// The keys that count: those of `--key`, else those of the environment, else those that the program holds. Whoever names
/// keys wants every publication signed, also in a folder.
///
/// # Errors
/// A [`Failure`] of usage for what is no key. The text itself is not repeated: it may be a secret.
pub fn trust(flags: &[String]) -> Result<Trust, Failure> {
    let named = match flags {
        [] => {
            let text = environment::variable(KEY_VARIABLE).unwrap_or_default();
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            of_texts(&words, KEY_VARIABLE)?
        }
        flags => of_texts(flags, "--key")?,
    };
    Ok(match named.is_empty() {
        false => Trust {
            keys: named,
            demanded: Demanded::Everywhere,
        },
        true => Trust {
            keys: held(),
            demanded: Demanded::OnTheWeb,
        },
    })
}

/// The secret key of who publishes: in the file that `--key` names, else in the environment; `None` if neither is given.
///
/// # Errors
/// A [`Failure`] of usage, which repeats nothing of the key.
pub fn secret(flag: Option<&Path>) -> Result<Option<SecretKey>, Failure> {
    let (text, whose) = match flag {
        Some(path) => {
            let hint = "Give the file that `lockkeeper db key FILE` wrote.";
            if SecretKey::parse(&path.to_string_lossy()).is_ok() {
                // Its message would repeat the path.
                return Err(Failure::usage(
                    "--key names a file, and this is a key itself",
                    hint,
                ));
            }
            let bytes = file::read(path, LIMIT).map_err(|error| Failure::usage(error.to_string(), hint))?;
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            (text.unwrap_or_default(), "--key")
        }
        None => match environment::variable(SECRET_VARIABLE) {
            Some(text) => (text, SECRET_VARIABLE),
            None => return Ok(None),
        },
    };
    let key = SecretKey::parse(&text).map_err(|bad| {
        Failure::usage(
            format!("{whose}: {bad}"),
            "Give the secret key that `lockkeeper db key FILE` wrote.",
        )
    })?;
    Ok(Some(key))
}

/// Where an index comes from unless it is said: publications whose keys the program holds, then the public export.
#[must_use]
pub fn usual_addresses() -> Vec<&'static str> {
    lines(ADDRESSES).chain([osv_export::PUBLIC]).collect()
}

/// The keys that the program holds; what is no key in its own data is none.
fn held() -> Vec<PublicKey> {
    PublicKey::list(KEYS).unwrap_or_default()
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn of_texts(texts: &[String], whose: &str) -> Result<Vec<PublicKey>, Failure> {
    let mut keys = Vec::new();
    for text in texts {
        let bad = |bad: BadKey| {
            Failure::usage(
                format!("{whose}: {bad}"),
                "Give the line that `lockkeeper db key` printed, or a file that holds it.",
            )
        };
        match PublicKey::parse(text) {
            Ok(key) => keys.push(key),
            Err(BadKey::SecretForPublic) => return Err(bad(BadKey::SecretForPublic)),
            Err(no_key) => {
                let bytes = file::read(Path::new(text), LIMIT).map_err(|_| bad(no_key))?;
                let listed = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                keys.extend(PublicKey::list(&listed.unwrap_or_default()).map_err(bad)?);
            }
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::manifest;
    use crate::database::update::{Origin, Signer};

    #[test]
    fn what_the_program_holds_is_sound() {
        assert_eq!(
            lines(KEYS).count(),
            held().len(),
            "a line of data/index.keys is no key"
        );
        for address in lines(ADDRESSES) {
            assert!(
                address.starts_with("https://") && address.ends_with(manifest::NAME),
                "{address}"
            );
            assert!(
                matches!(Origin::parse(address), Ok(Origin::Published(_, Signer::Trusted))),
                "{address}"
            );
            assert!(!held().is_empty(), "an address whose publisher nobody knows");
        }
        assert_eq!(usual_addresses().last(), Some(&osv_export::PUBLIC));
    }
}
