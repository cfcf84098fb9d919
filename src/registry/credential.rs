//! What a registry is shown so that it answers, and to which addresses that goes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::sys::web::Address;

/// A token or a login for the addresses below a prefix. It prints the prefix alone.
#[derive(Clone)]
pub struct Credential {
    prefix: String,
    header: HeaderValue,
}

/// Why there is no credential. It repeats nothing of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCredential {
    /// Headers have no such characters.
    #[error("it holds a character that no credential has")]
    Character,
    /// `_password` is base64.
    #[error("the password is not base64")]
    Base64,
}

impl Credential {
    /// `Authorization: Bearer`, for what is below `prefix`: `//host:port/path/`.
    ///
    /// # Errors
    /// [`BadCredential`]
    pub fn bearer(prefix: &str, token: &SecretString) -> Result<Self, BadCredential> {
        Self::new(prefix, "Bearer", token.expose_secret())
    }

    /// `Authorization: Basic` with a login that is encoded already.
    ///
    /// # Errors
    /// [`BadCredential`]
    pub fn basic(prefix: &str, login: &SecretString) -> Result<Self, BadCredential> {
        Self::new(prefix, "Basic", login.expose_secret())
    }

    /// `Authorization: Basic` of a user and a password that is encoded alone, as npm's `_password`.
    ///
    /// # Errors
    /// [`BadCredential`]
    pub fn login(prefix: &str, user: &str, password: &SecretString) -> Result<Self, BadCredential> {
        let encoded = password.expose_secret().trim_end_matches('=');
        let padding = "=".repeat((4 - encoded.len() % 4) % 4);
        let password = STANDARD
            .decode(format!("{encoded}{padding}"))
            .map_err(|_| BadCredential::Base64)?;
        let mut login = format!("{user}:").into_bytes();
        login.extend(password);
        Self::new(prefix, "Basic", &STANDARD.encode(login))
    }

    /// `Authorization` with the token as it is, as Cargo sends it: a scheme may stand in it.
    ///
    /// # Errors
    /// [`BadCredential`]
    pub fn verbatim(prefix: &str, token: &SecretString) -> Result<Self, BadCredential> {
        let (scheme, secret) = match token.expose_secret().split_once(' ') {
            Some((scheme, secret)) => (Some(scheme), secret),
            None => (None, token.expose_secret()),
        };
        match scheme {
            Some(scheme) => Self::new(prefix, scheme, secret),
            None => Self::whole(prefix, secret, secret),
        }
    }

    fn new(prefix: &str, scheme: &str, secret: &str) -> Result<Self, BadCredential> {
        Self::whole(prefix, secret, &format!("{scheme} {secret}"))
    }

    fn whole(prefix: &str, secret: &str, header: &str) -> Result<Self, BadCredential> {
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadCredential::Character);
        }
        let header = HeaderValue::from_str(header);
        let mut header = header.map_err(|_| BadCredential::Character)?;
        header.set_sensitive(true);
        let prefix = prefix.to_owned();
        Ok(Self { prefix, header })
    }

    /// Whether it may be sent to `address`: below the prefix, and on a way that nobody else reads.
    #[must_use]
    pub fn belongs_to(&self, address: &Address) -> bool {
        let place = without_scheme(address);
        let rest = place.strip_prefix(&self.prefix);
        let is_below =
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.prefix.ends_with('/'));
        is_below && (address.is_encrypted() || address.is_loopback())
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

/// `//host:port/path` of an address, as npm names the place of a credential.
pub(super) fn without_scheme(address: &Address) -> String {
    let shown = address.to_string();
    match shown.split_once(':') {
        Some((_scheme, place)) => place.to_owned(),
        None => shown,
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credential({})", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn it_goes_below_its_prefix_alone() {
        let credential = Credential::bearer("//registry.example/npm/", &secret("canary")).unwrap();
        for (to, sent) in [
            ("https://registry.example/npm/a", true),
            ("https://user:x@registry.example/npm/@s%2fa?x#y", true),
            ("https://registry.example:443/npm/a", true),
            ("https://registry.example/npm", false),
            ("https://registry.example/npm-other/a", false),
            ("https://registry.example/npm/../a", false),
            ("https://registry.example/npm/%2e%2e/a", false),
            ("https://registry.example:444/npm/a", false),
            ("https://registry.example.evil.example/npm/a", false),
            ("https://evil.example//registry.example/npm/a", false),
            ("http://registry.example/npm/a", false),
        ] {
            assert_eq!(credential.belongs_to(&address(to)), sent, "{to}");
        }
        let whole = Credential::bearer("//registry.example", &secret("canary")).unwrap();
        assert!(whole.belongs_to(&address("https://registry.example/a")));
        assert!(!whole.belongs_to(&address("https://registry.example.evil.example/")));
        let near = Credential::bearer("//127.0.0.1:4873/", &secret("canary")).unwrap();
        assert!(near.belongs_to(&address("http://127.0.0.1:4873/a")));
    }

    #[test]
    fn it_is_not_shown() {
        let credential = Credential::login("//registry.example/", "me", &secret("Y2FuYXJ5")).unwrap();
        assert_eq!(credential.header().to_str().unwrap(), "Basic bWU6Y2FuYXJ5");
        assert_eq!(format!("{credential:?}"), "Credential(//registry.example/)");
        assert!(!format!("{:?}", credential.header()).contains("bWU6"));
        let bad = Credential::bearer("//registry.example/", &secret("a\nb"));
        assert_eq!(bad.unwrap_err(), BadCredential::Character);
        let bad = Credential::login("//registry.example/", "me", &secret("%"));
        assert_eq!(bad.unwrap_err(), BadCredential::Base64);
    }
}
