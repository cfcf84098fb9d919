//! The proxy that the environment names for an address, as messages say it.

use super::Address;
use super::error::without_logins;
use crate::sys::environment;

/// ` (HTTPS_PROXY is http://proxy.example)` where the environment names a proxy for `address`.
pub(super) fn of(address: &Address) -> Option<String> {
    let names: &[&str] = match (address.is_encrypted(), address.is_loopback()) {
        (true, _) => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        (false, true) => &[],
        (false, false) => &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    let (name, value) = names
        .iter()
        .find_map(|name| Some((*name, environment::variable(name)?)))?;
    let direct = environment::variable("NO_PROXY").or_else(|| environment::variable("no_proxy"));
    let host = address.url().host_str().unwrap_or_default();
    if direct.is_some_and(|direct| is_among(host, &direct)) {
        return None;
    }
    let value = without_logins(&value);
    let proxy = value.rsplit('@').next().unwrap_or_default();
    Some(format!(" ({name} is {proxy})"))
}

/// Whether `host` is one of the names in `direct`, or below one, as `NO_PROXY` counts them.
fn is_among(host: &str, direct: &str) -> bool {
    direct.split(',').map(str::trim).any(|name| {
        let name = name.trim_start_matches('.');
        let before = host.strip_suffix(name);
        name == "*"
            || (!name.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with('.')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_a_proxy_are_known() {
        for (host, direct) in [
            ("a.example", "b.example, a.example"),
            ("x.a.example", ".a.example"),
            ("x.a.example", "a.example"),
            ("a.example", "*"),
        ] {
            assert!(is_among(host, direct), "{host} {direct}");
        }
        for (host, direct) in [("xa.example", "a.example"), ("a.example", ""), ("a.example", ",")] {
            assert!(!is_among(host, direct), "{host} {direct}");
        }
    }
}
