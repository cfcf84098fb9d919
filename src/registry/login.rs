//! A name and its password, as addresses and settings of package managers have them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::credential::{Credential, without_scheme};
use crate::lockfile::grammar::rfc3986::percent_decoded;
use crate::sys::web::Address;

/// A name and its password.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name; a token stands here where there is no password.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

impl Login {
    /// What is sent to `host`, which may have a port; `None` for a login that no header can hold.
    pub(super) fn credential(&self, host: &str) -> Option<Credential> {
        let login = STANDARD.encode(format!("{}:{}", self.user, self.password.expose_secret()));
        Credential::basic(&format!("//{host}/"), &SecretString::from(login)).ok()
    }
}

/// `address` without what stands in front of its host, and that.
pub(super) fn without_login(address: &str) -> (String, Option<Login>) {
    let Some((scheme, rest)) = address.split_once("://") else {
        return (address.to_owned(), None);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((user, host)) = authority.rsplit_once('@') else {
        return (address.to_owned(), None);
    };
    let decoded = |text: &str| percent_decoded(text).map_or_else(|| text.to_owned(), |(text, _)| text);
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let login = Login {
        user: decoded(user),
        password: SecretString::from(decoded(password)),
    };
    (format!("{scheme}://{host}{path}"), Some(login))
}

/// Host and port of an address, without the port that its scheme has by itself.
pub(super) fn host_of(address: &Address) -> String {
    let place = without_scheme(address);
    let host = place.trim_start_matches('/').split('/').next();
    host.unwrap_or_default().to_owned()
}
