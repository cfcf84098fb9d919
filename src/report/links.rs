//! Addresses of pages about what a report shows.

use super::places::uri;
use crate::ecosystem;
use crate::model::{Ecosystem, Finding};

/// The page of the OSV database about the advisory `id`; `None` for an id that is none of an advisory database's, or not fit
/// for an address. Only letters, digits, `-`, `.`, `:` and `_` are in it behind the host.
#[must_use]
pub fn advisory(id: &str) -> Option<String> {
    let (database, number) = id.split_once('-')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:_".contains(&byte);
    let fits = id.len() <= 100
        && !database.is_empty()
        && !number.is_empty()
        && database.bytes().all(|byte| byte.is_ascii_alphabetic())
        && number.bytes().all(is_plain);
    fits.then(|| format!("https://osv.dev/vulnerability/{id}"))
}

/// The page about the id that people read first of a finding; `None` for what this program states by itself.
#[must_use]
pub fn finding(finding: &Finding) -> Option<String> {
    finding.group?;
    advisory(finding.id())
}

/// The page of the Open Source Insights service about a version of a package; `None` for an ecosystem that it does not have.
#[must_use]
pub fn package(ecosystem: &Ecosystem, name: &str, version: &str) -> Option<String> {
    const MAX_BYTES: usize = 200;
    let system = match ecosystem {
        _ if *ecosystem == Ecosystem::CRATES_IO => "cargo",
        _ if *ecosystem == Ecosystem::GO && name.contains('/') => "go",
        _ if *ecosystem == Ecosystem::MAVEN => "maven",
        _ if *ecosystem == Ecosystem::NPM => "npm",
        _ if *ecosystem == Ecosystem::PYPI => "pypi",
        _ => return None,
    };
    let fits = !name.is_empty() && name.len() + version.len() <= MAX_BYTES;
    let segment = |text: &str| uri(text.as_bytes()).replace('/', "%2F");
    fits.then(|| format!("https://deps.dev/{system}/{}/{}", segment(name), segment(version)))
}

/// The page of the OSV database that lists what is known of a package.
#[must_use]
pub fn known(ecosystem: &Ecosystem, name: &str) -> Option<String> {
    const MAX_BYTES: usize = 200;
    let value = |text: &str| uri(text.as_bytes()).replace('/', "%2F").replace('+', "%2B");
    let fits = !name.is_empty() && name.len() <= MAX_BYTES && !ecosystem::has_no_advisories(ecosystem);
    fits.then(|| {
        let (name, ecosystem) = (value(name), value(ecosystem.family()));
        format!("https://osv.dev/list?q={name}&ecosystem={ecosystem}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_of_an_advisory_becomes_an_address() {
        for (id, page) in [
            (
                "GHSA-29mw-wpgm-hmr9",
                Some("https://osv.dev/vulnerability/GHSA-29mw-wpgm-hmr9"),
            ),
            (
                "RHSA-2024:1234",
                Some("https://osv.dev/vulnerability/RHSA-2024:1234"),
            ),
            ("MAL-2025-1", Some("https://osv.dev/vulnerability/MAL-2025-1")),
            ("", None),
            ("-1", None),
            ("CVE-", None),
            ("CVE-1/../x", None),
            ("CVE-1)](x", None),
            ("CVE-1\u{7}", None),
        ] {
            assert_eq!(advisory(id).as_deref(), page, "{id}");
        }
    }

    #[test]
    fn a_package_becomes_an_address_without_anything_that_ends_it() {
        let npm = Ecosystem::NPM;
        for (ecosystem, name, version, page) in [
            (
                &npm,
                "@acme/left",
                "1.0.0",
                Some("https://deps.dev/npm/@acme%2Fleft/1.0.0"),
            ),
            (
                &Ecosystem::GO,
                "golang.org/x/net",
                "v0.1.0",
                Some("https://deps.dev/go/golang.org%2Fx%2Fnet/v0.1.0"),
            ),
            (
                &Ecosystem::MAVEN,
                "org.acme:left",
                "1",
                Some("https://deps.dev/maven/org.acme%3Aleft/1"),
            ),
            (
                &npm,
                "a)](b\n<c",
                "1",
                Some("https://deps.dev/npm/a%29%5D%28b%0A%3Cc/1"),
            ),
            (&Ecosystem::GO, "stdlib", "1.26.0", None),
            (&npm, "", "1", None),
        ] {
            assert_eq!(package(ecosystem, name, version).as_deref(), page, "{name}");
        }
        assert_eq!(package(&npm, &"a".repeat(300), "1"), None);
    }

    #[test]
    fn what_is_known_of_a_package_has_an_address() {
        let github = Ecosystem::GITHUB_ACTIONS;
        for (ecosystem, name, page) in [
            (
                &Ecosystem::GO,
                "stdlib",
                Some("https://osv.dev/list?q=stdlib&ecosystem=Go"),
            ),
            (
                &github,
                "acme/run+it&more#1",
                Some("https://osv.dev/list?q=acme%2Frun%2Bit%26more%231&ecosystem=GitHub%20Actions"),
            ),
            (&Ecosystem::named("Nix"), "left", None),
            (&github, "", None),
        ] {
            assert_eq!(known(ecosystem, name).as_deref(), page, "{name}");
        }
    }
}
