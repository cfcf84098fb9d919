//! The forge of a clone, for commands that a person runs: where its API is, and which repository.

use std::sync::Arc;

use secrecy::SecretString;

use crate::forge::{self, Forge, RepositoryName, Site};
use crate::model::Failure;
use crate::sys::environment;
use crate::sys::web::{Address, Settings, Web};

/// Names the API: `https://api.github.com`, `https://HOST/api/v3`, `https://HOST/api/v1`.
const API: &str = "LOCKKEEPER_FORGE";
/// Names the repository, where that does not follow from `origin`.
const REPOSITORY: &str = "LOCKKEEPER_REPOSITORY";
/// The token; public repositories are read without one.
const TOKEN: &str = "LOCKKEEPER_TOKEN";

/// The API of the forge is named.
#[must_use]
pub fn is_named() -> bool {
    environment::variable(API).is_some()
}

/// Connects to the repository whose clone has the address `origin`.
///
/// # Errors
/// A [`Failure`] of usage where it is not known what to ask.
pub fn connect(origin: &str) -> Result<Box<dyn Forge>, Failure> {
    let hint = "Set LOCKKEEPER_FORGE to the API of the forge, such as https://HOST/api/v1, or give the commits themselves (`--commit`).";
    let api = environment::variable(API)
        .ok_or_else(|| Failure::usage("which forge has the pull request is not known", hint))?;
    let api = Address::parse(&api)
        .map_err(|error| Failure::usage(format!("{API} is no address: {error}"), hint))?;
    let token = environment::variable(TOKEN).map(SecretString::from);
    if token.is_some() && !api.is_encrypted() && !api.is_loopback() {
        return Err(Failure::usage(
            format!("{api} is not encrypted, and no token is sent there"),
            "Set LOCKKEEPER_FORGE to an https address.",
        ));
    }
    let named = environment::variable(REPOSITORY);
    let name = named
        .as_deref()
        .map_or_else(|| of_origin(origin), RepositoryName::parse);
    let repository = name.ok_or_else(|| {
        Failure::usage(
            "which repository of the forge this is a clone of is not known",
            "Set LOCKKEEPER_REPOSITORY to OWNER/NAME.",
        )
    })?;
    let site = Site {
        web: Arc::new(Web::new(Settings::default())),
        graphql: None,
        repository,
        token,
        api: api.clone(),
    };
    (forge::kind_at(&api).connect)(site)
        .map_err(|error| Failure::usage(error.to_string(), format!("Correct {TOKEN}.")))
}

/// `OWNER/NAME` at the end of an address.
fn of_origin(origin: &str) -> Option<RepositoryName> {
    let path = origin.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let mut parts = path.rsplit(['/', ':']);
    let (name, owner) = (parts.next()?, parts.next()?);
    RepositoryName::parse(&format!("{owner}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_the_end_of_its_address() {
        for origin in [
            "https://forge.example/acme/shop.git",
            "https://forge.example/acme/shop/",
            "git@forge.example:acme/shop.git",
            "ssh://git@forge.example:22/acme/shop",
        ] {
            let name = of_origin(origin).map(|name| name.to_string());
            assert_eq!(name.as_deref(), Some("acme/shop"), "{origin}");
        }
        assert!(of_origin("shop").is_none());
    }
}
