//! Addresses of registries, in the one form in which two can be compared.
//!
//! What a client opens decides (WHATWG URL, which npm, uv and Cargo use, and RFC 3986, section 6, which pip and Poetry follow):
//! scheme and host have no case, a default port is none, `.` and `..` are resolved, and the user name and password precede the last
//! `@` of the authority. What clients and servers read in several ways (`\`, white space, encoded dots and slashes) is no
//! address here: nothing comes from a policy's registry by it.
//!
//! Cargo compares the addresses of whole indexes, without `.git` at the end, and on GitHub without scheme and case.

use crate::lockfile::grammar::rfc3986::percent_decoded;
use crate::model::Ecosystem;
use crate::model::finding::RegistryAddress;

/// What Cargo writes before the address of an index.
const PREFIXES: [&str; 2] = ["registry+", "sparse+"];

/// A registry that a policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    spelling: String,
    address: Address,
}

impl Registry {
    /// Reads an address with scheme and host; `None` for anything else, and for one with a name or password in it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let address = Address::read(text).filter(|address| !address.has_user)?;
        Some(Self {
            spelling: text.to_owned(),
            address,
        })
    }

    /// What is at `address` comes from this registry.
    #[must_use]
    pub fn holds(&self, address: &str) -> bool {
        let Some(address) = Address::read(address) else {
            return false;
        };
        if address.is_index {
            return !address.has_query && self.address.canonical() == address.canonical();
        }
        let own = &self.address;
        // A query may lead to anything; below the registry it is one of its own.
        let is_below = address.path.starts_with(&own.path)
            && (!address.has_query || address.path.len() > own.path.len());
        (&own.scheme, &own.host, own.port) == (&address.scheme, &address.host, address.port) && is_below
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.spelling
    }
}

/// The registries of each ecosystem, by OSV's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registries(Vec<(Ecosystem, Vec<Registry>)>);

impl Registries {
    /// Those of `list`.
    #[must_use]
    pub fn new(mut list: Vec<(Ecosystem, Vec<Registry>)>) -> Self {
        list.sort_by(|left, right| left.0.cmp(&right.0));
        Self(list)
    }

    /// Those of one ecosystem.
    #[must_use]
    pub fn of(&self, ecosystem: &Ecosystem) -> &[Registry] {
        let own = self.0.iter().find(|(known, _)| known == ecosystem);
        own.map(|(_, registries)| registries.as_slice())
            .unwrap_or_default()
    }

    /// Each ecosystem with its registries, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&Ecosystem, &[Registry])> {
        self.0
            .iter()
            .map(|(ecosystem, registries)| (ecosystem, registries.as_slice()))
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The parts of an address that decide where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    scheme: String,
    host: String,
    port: Option<u16>,
    /// Decoded, without `.`, `..` and the slash at the end.
    path: Vec<String>,
    has_user: bool,
    has_query: bool,
    /// Of a whole index, as Cargo writes it.
    is_index: bool,
}

impl Address {
    fn read(text: &str) -> Option<Self> {
        if text.contains(|each: char| each == '\\' || each.is_whitespace() || each.is_control()) {
            return None;
        }
        let index = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
        let (scheme, rest) = index.unwrap_or(text).split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        let place = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let (user, server) = match authority.rsplit_once('@') {
            Some((user, server)) => (Some(user), server),
            None => (None, authority),
        };
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            Some(_) | None => (server, ""),
        };
        let port = match port {
            "" => None,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        let usual = match scheme.as_str() {
            "http" => Some(80),
            "https" => Some(443),
            "ssh" => Some(22),
            _ => None,
        };
        (is_scheme && !host.is_empty() && !host.contains('%')).then_some(())?;
        Some(Self {
            host: host.to_ascii_lowercase(),
            port: port.filter(|port| Some(*port) != usual),
            path: segments(path)?,
            has_user: user.is_some_and(|user| scheme != "ssh" || user.contains(':')),
            has_query: place.len() < rest.len(),
            is_index: index.is_some(),
            scheme,
        })
    }

    /// The form in which Cargo compares indexes: scheme, host, port and path.
    fn canonical(&self) -> (String, &str, Option<u16>, Vec<String>) {
        let mut path = self.path.clone();
        if let Some(last) = path.last_mut()
            && let Some(name) = last.strip_suffix(".git").map(str::to_owned)
        {
            *last = name;
        }
        if self.host != "github.com" {
            return (self.scheme.clone(), &self.host, self.port, path);
        }
        let path = path.iter().map(|part| part.to_lowercase()).collect();
        ("https".to_owned(), &self.host, self.port, path)
    }
}

/// The parts of a path, resolved; `None` where it hides what they are.
fn segments(path: &str) -> Option<Vec<String>> {
    // Where one `%` is none, urllib3 encodes every other one once more.
    let is_code = |rest: &str| {
        let code = rest.as_bytes().get(..2);
        code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
    };
    path.split('%').skip(1).all(is_code).then_some(())?;
    let mut segments: Vec<String> = Vec::new();
    for raw in path.split('/') {
        let (part, _) = percent_decoded(raw)?;
        match raw {
            "." => {}
            ".." => {
                segments.pop();
            }
            // Some clients resolve dots that are encoded, and some leave that to the server.
            _ if is_hiding(&part) => return None,
            _ => segments.push(part),
        }
    }
    while segments.last().is_some_and(String::is_empty) {
        segments.pop();
    }
    Some(segments)
}

/// A decoded part of a path that some server takes for more than one, or for `..`: with a slash that was encoded (npm writes
/// that in `@scope%2fname` alone), dots that are encoded twice, or parameters behind dots (`..;x`).
fn is_hiding(part: &str) -> bool {
    let twice = percent_decoded(part).map(|(text, _)| text);
    let dots = |text: &str| {
        let mut parts = text
            .split(['/', '\\'])
            .map(|part| part.split(';').next().unwrap_or_default());
        parts.any(|part| matches!(part, "." | ".."))
    };
    part.contains(char::is_control) || twice.is_none_or(|twice| dots(&twice)) || dots(part)
}

/// The registry of the package `name` from its `address`, without names and passwords: what a person may write into
/// a policy. `None` where the address is none.
#[must_use]
pub fn told(address: &str, name: &str) -> Option<RegistryAddress> {
    let Address {
        scheme,
        host,
        port,
        path,
        ..
    } = Address::read(address)?;
    let first = name.split('/').next().unwrap_or_default();
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    // An archive is below its registry: `…/NAME/-/NAME-1.0.0.tgz`.
    let is_archive = address.contains("/-/");
    let path: Vec<&str> = path
        .iter()
        .map(String::as_str)
        .take_while(|part| !is_archive || (*part != first && *part != name))
        .collect();
    let slash = if path.is_empty() { "" } else { "/" };
    Some(RegistryAddress::new(format!(
        "{scheme}://{host}{port}/{}{slash}",
        path.join("/")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(registry: &str, address: &str) -> bool {
        Registry::read(registry).expect("a registry").holds(address)
    }

    #[test]
    fn one_registry_has_many_spellings() {
        for address in [
            "https://registry.example/npm/@a/b/-/b-1.0.0.tgz",
            "HTTPS://Registry.Example:443/npm/@a/b/-/b-1.0.0.tgz",
            "https://token:x@registry.example/npm/b",
            "https://registry.example/x/../npm/b",
            "https://registry.example/x/./.././npm/b",
            "https://registry.example/npm/b?token=x",
            "https://registry.example/%6Epm/b",
            "https://registry.example/npm/@a%2Fb",
            "https://registry.example/npm",
            "https://registry.example/npm/b.tgz#integrity",
        ] {
            assert!(holds("https://registry.example/npm/", address), "{address}");
            assert!(holds("https://registry.example:443/npm", address), "{address}");
        }
        for (registry, index) in [
            ("https://h/index", "sparse+https://h/index/"),
            ("sparse+https://h/index/", "sparse+https://h/index/"),
            ("https://h/index", "registry+https://h/index.git"),
            ("https://h/index.git/", "registry+https://H/index"),
            ("ssh://git@h/index", "registry+ssh://git@h:22/index.git"),
            (
                "https://github.com/Acme/Index",
                "registry+ssh://git@github.com/acme/index.git",
            ),
        ] {
            assert!(holds(registry, index), "{index}");
        }
    }

    #[test]
    fn what_only_looks_alike_is_another_one() {
        for address in [
            "http://registry.example/npm/b",
            "https://registry.example:8443/npm/b",
            "https://registry.example.evil/npm/b",
            "https://registry.example@evil.example/npm/b",
            "https://evil.example\\@registry.example/npm/b",
            "https://registry.example\\@evil.example/npm/b",
            "https://registry.example/npm\\..\\public/b",
            "https://registry.example/npm/..;/public/b",
            "https://registry.example/x/%2E%2e/npm/b",
            "https://registry.example/npm/%2e/b",
            "https://registry.example/%6Epm/%/b",
            "https://registry.example/npm/%zz/b",
            "https://registry.example/npm?x=/b",
            "https://registry.example/npm/?x=/b",
            "https://registry.example/npm/..;x=1/public/b",
            "https://registry.example/npm/%252e%252e/public/b",
            "https://registry.example/npm/x%2f..%2f..%2fpublic/b",
            "https://registry.example/npm/x%5c..%5c..%5cpublic/b",
            "https://registry.example/npm/\n../public/b",
            "https://registry.exam\tple/npm/b",
            " https://registry.example/npm/b",
            "https://registry.example%2fnpm/npm/b",
            "https://registry.example:+443/npm/b",
            "https://registry.example:00/npm/b",
            "https://registry.example./npm/b",
            "https://registry.example/npm%00/b",
            "https:registry.example/npm/b",
            "https:/registry.example/npm/b",
            "//registry.example/npm/b",
            "git+https://registry.example/npm/b",
            "sparse+https://registry.example/npm/b/",
            "registry+https://registry.example/npm?b",
            "https://evil.example#@registry.example/npm/b",
            "https://registry.example/npm-public/b",
            "https://registry.example/npm/../public/b",
            "https://registry.example/npm/%2e%2e/public/b",
            "https://registry.example/npm/..%2fpublic/b",
            "https://registry.example/NPM/b",
            "https://registry.example/",
            "https://evil.example/registry.example/npm/b",
            "https://evil.example/?https://registry.example/npm/",
            "registry.example/npm/b",
            "",
            "https://",
        ] {
            assert!(!holds("https://registry.example/npm/", address), "{address}");
        }
    }

    #[test]
    fn an_address_tells_its_registry() {
        for (address, name, expected) in [
            ("https://u:p@h/r/@a/b/-/b-1.tgz", "@a/b", "https://h/r/"),
            ("https://h:8080/b/-/b-1.tgz?x", "b", "https://h:8080/"),
            ("sparse+https://h/index/", "b", "https://h/index/"),
            ("https://h/simple", "simple", "https://h/simple/"),
        ] {
            assert_eq!(
                told(address, name).as_ref().map(RegistryAddress::as_str),
                Some(expected),
                "{address}"
            );
        }
        assert_eq!(told("../x", "x"), None);
        for text in [
            "",
            "registry.example",
            "https://",
            "https://u:p@h/",
            "https://h:x/",
            "https://h/a b",
            "https://h\\x/",
            "https://h/..%2f",
        ] {
            assert_eq!(Registry::read(text), None, "{text}");
        }
    }
}
