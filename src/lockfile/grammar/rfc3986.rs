//! Addresses (RFC 3986), as far as reports must not repeat the secrets in them.

use std::borrow::Cow;

/// `address` with the password or token of its user part (section 3.2.1) put out of sight.
///
/// `https://user:secret@host/` becomes `https://user:****@host/`, and since over HTTP a lone user part is a token
/// more often than a name, `https://token@host/` becomes `https://****@host/`. `ssh://git@host/` stays.
#[must_use]
pub fn without_secrets(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else {
        return Cow::Borrowed(address);
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let Some((user, host)) = authority.rsplit_once('@') else {
        return Cow::Borrowed(address);
    };
    let shown = match user.split_once(':') {
        Some((name, _)) => format!("{name}:****"),
        None if scheme.ends_with("http") || scheme.ends_with("https") => "****".to_owned(),
        None => return Cow::Borrowed(address),
    };
    Cow::Owned(format!("{scheme}://{shown}@{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_put_out_of_sight() {
        for (address, shown) in [
            ("https://u:p@h/x@y", "https://u:****@h/x@y"),
            ("https://t0ken@h", "https://****@h"),
            ("git+https://u:p@h/r.git@v1", "git+https://u:****@h/r.git@v1"),
            ("git+ssh://git@h/r.git@v1", "git+ssh://git@h/r.git@v1"),
            ("https://h/a@b", "https://h/a@b"),
            ("https://u:p@q@h/", "https://u:****@h/"),
            ("../a@b", "../a@b"),
        ] {
            assert_eq!(without_secrets(address), shown);
        }
    }
}
