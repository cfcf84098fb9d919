//! Names of Swift packages: the address of a repository, as SwiftPM compares addresses (`CanonicalPackageLocation`).

use std::borrow::Cow;

/// The repository at `address`, without what does not say which one it is: scheme, user, port, query, fragment, `.git` and a slash at the end.
/// `git@host:team/x.git` is `host/team/x`.
#[must_use]
pub fn location(address: &str) -> Cow<'_, str> {
    let address = address.trim();
    let (has_scheme, rest) = match address.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, address),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let rest = rest.trim_end_matches('/');
    let rest = rest.strip_suffix(".git").unwrap_or(rest).trim_end_matches('/');
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.split_once(':') {
        None => Cow::Borrowed(
            rest.get(authority.len().saturating_sub(host.len())..)
                .unwrap_or(rest),
        ),
        Some((host, port)) if has_scheme || port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Cow::Owned(format!("{host}{path}"))
        }
        Some((host, first)) => Cow::Owned(format!("{host}/{first}{path}")),
    }
}

/// The spelling under which the index keeps a name: SwiftPM compares in lower case.
pub(super) fn normalise(name: &str) -> Cow<'_, str> {
    let name = location(name);
    match name.chars().any(char::is_uppercase) {
        true => Cow::Owned(name.to_lowercase()),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_repository_is_one_name() {
        for address in [
            "https://git.example/team/Some-Name.git",
            "http://git.example/team/Some-Name/",
            "https://user:secret@git.example:8443/team/Some-Name.git/?a#b",
            "ssh://git@git.example:22/team/Some-Name",
            "git@git.example:team/Some-Name.git",
            "git.example/team/Some-Name",
            " git.example:443/team/Some-Name ",
        ] {
            assert_eq!(location(address), "git.example/team/Some-Name", "{address}");
            assert_eq!(normalise(address), "git.example/team/some-name");
            assert_eq!(normalise(&normalise(address)), normalise(address));
        }
        for address in ["", "/", ":", "@", "://", "a:b", "é/É"] {
            assert_eq!(normalise(&normalise(address)), normalise(address), "{address}");
        }
    }
}
