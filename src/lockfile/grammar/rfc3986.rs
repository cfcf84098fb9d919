//! Addresses (RFC 3986): which host they name, what is percent-encoded in them, and which secrets reports must not repeat.

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

/// The host and port of an HTTP or HTTPS `address` in one spelling: in lower case, without the dot of the root and
/// the scheme's own port (sections 3.2.2, 3.2.3 and 6.2.3). `None` for any other address.
#[must_use]
pub fn host(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let own_port = if scheme.eq_ignore_ascii_case("https") {
        "443"
    } else if scheme.eq_ignore_ascii_case("http") {
        "80"
    } else {
        return None;
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
        Some(_) | None => (authority, ""),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if name.is_empty() {
        return None;
    }
    Some(if port.is_empty() || port == own_port {
        name
    } else {
        format!("{name}:{port}")
    })
}

/// `text` with its percent-encoded bytes decoded (section 2.1), and where each byte of the result, and its end, stands in
/// `text`. `None` if the bytes are not UTF-8. A `%` without two hexadecimal digits behind it stands for itself, as for
/// Python's `unquote`.
#[must_use]
pub fn percent_decoded(text: &str) -> Option<(String, Vec<usize>)> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len().saturating_add(1));
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        places.push(text.len().saturating_sub(rest.len()));
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let encoded = match (first, after) {
            (b'%', [high, low, after @ ..]) => digit(*high)
                .zip(digit(*low))
                .map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = encoded.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    places.push(text.len());
    Some((String::from_utf8(bytes).ok()?, places))
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

    #[test]
    fn hosts_have_one_spelling() {
        for (address, found) in [
            ("https://Files.Example/a", Some("files.example")),
            ("http://u:p@files.example.:80", Some("files.example")),
            ("https://files.example:80/", Some("files.example:80")),
            ("https://files.example?x", Some("files.example")),
            ("https://a@b@files.example#x", Some("files.example")),
            ("https://files.example\\@other.example/", Some("files.example")),
            ("https://[2001:db8::1]:8443/x", Some("[2001:db8::1]:8443")),
            ("https://[2001:db8::1]/x", Some("[2001:db8::1]")),
            ("ftp://files.example/", None),
            ("files.example/a", None),
            ("https:///a", None),
        ] {
            assert_eq!(host(address).as_deref(), found, "{address}");
        }
    }

    #[test]
    fn percent_encoding() {
        let decoded = |text| percent_decoded(text).map(|(text, _)| text);
        assert_eq!(decoded("a%2Bb%2bc").as_deref(), Some("a+b+c"));
        assert_eq!(decoded("%c3%a4%zz%2").as_deref(), Some("ä%zz%2"));
        assert_eq!(decoded("%ff"), None);
        assert_eq!(
            percent_decoded("a%2Bb").map(|(_, places)| places),
            Some(vec![0, 1, 4, 5])
        );
    }
}
