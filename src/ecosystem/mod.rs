//! Ecosystems: one row each with its OSV name, purl type, name rule and version scheme.
//!
//! The index holds the advisories of every ecosystem. Packages of one without rules cannot be compared with them.

pub mod distribution;
pub mod purl;
pub mod swift;

use std::borrow::Cow;

use crate::model::Ecosystem;
use crate::version::{self, Scheme};

/// One ecosystem.
#[derive(Debug)]
pub struct EcosystemRow {
    /// OSV's name.
    pub ecosystem: Ecosystem,
    /// The byte that stands for the name in the index: never 0, never given to another ecosystem.
    pub code: u8,
    /// A new database takes its advisories unless it is asked for others.
    pub is_usual: bool,
    /// `None` where only the name is known.
    pub rules: Option<Rules>,
}

/// How the packages of an ecosystem are named and ordered.
#[derive(Debug)]
pub struct Rules {
    /// The type of its package URLs (purl specification, known types).
    pub purl_type: &'static str,
    /// The namespace of its package URLs if all of them have one: that of a distribution (`pkg:deb/debian/…`).
    pub purl_namespace: &'static str,
    /// The spelling under which the index keeps its names.
    pub normalise: fn(&str) -> Cow<'_, str>,
    /// The name of its version scheme.
    pub scheme: &'static str,
}

/// Every ecosystem that the program knows by name, in the order of the names.
pub static ROWS: &[EcosystemRow] = &[
    distribution("AlmaLinux", 19, "rpm", "almalinux", "rpm"),
    distribution("Alpaquita", 20, "apk", "alpaquita", "alpine"),
    distribution("Alpine", 21, "apk", "alpine", "alpine"),
    distribution("Azure Linux", 22, "rpm", "azure-linux", "rpm"),
    distribution(
        "BellSoft Hardened Containers",
        23,
        "apk",
        "bellsoft-hardened-containers",
        "alpine",
    ),
    // Its packages are R's, and so is their order.
    on_request(with_rules(
        Ecosystem::BIOCONDUCTOR,
        37,
        "bioconductor",
        as_written,
        "cran",
    )),
    with_rules(Ecosystem::CRAN, 15, "cran", as_written, "cran"),
    distribution("Chainguard", 24, "apk", "chainguard", "alpine"),
    on_request(with_rules(
        Ecosystem::CONAN_CENTER,
        16,
        "conan",
        as_written,
        "conan",
    )),
    distribution("Debian", 25, "deb", "debian", "debian"),
    distribution("Echo", 26, "deb", "echo", "debian"),
    // A compiler and its libraries, no packages: no lockfile names them.
    name_only("GHC", 18),
    with_rules(
        Ecosystem::GITHUB_ACTIONS,
        14,
        "github",
        any_case,
        "github_actions",
    ),
    with_rules(Ecosystem::GO, 2, "golang", as_written, "go"),
    with_rules(Ecosystem::HACKAGE, 12, "hackage", as_written, "hackage"),
    with_rules(Ecosystem::HEX, 10, "hex", any_case, "hex"),
    with_rules(Ecosystem::JULIA, 13, "julia", as_written, "julia"),
    distribution("Mageia", 27, "rpm", "mageia", "rpm"),
    with_rules(Ecosystem::MAVEN, 3, "maven", as_written, "maven"),
    distribution("MinimOS", 28, "apk", "minimos", "alpine"),
    with_rules(Ecosystem::NUGET, 8, "nuget", any_case, "nuget"),
    with_rules(Ecosystem::PACKAGIST, 7, "composer", any_case, "packagist"),
    distribution("Photon OS", 29, "rpm", "photon", "rpm"),
    with_rules(Ecosystem::PUB, 9, "pub", any_case, "pub"),
    with_rules(Ecosystem::PYPI, 5, "pypi", pep503, "pep440"),
    distribution("Red Hat", 30, "rpm", "redhat", "rpm"),
    distribution("Rocky Linux", 31, "rpm", "rocky-linux", "rpm"),
    with_rules(Ecosystem::RUBYGEMS, 6, "gem", as_written, "rubygems"),
    distribution("SUSE", 32, "rpm", "suse", "rpm"),
    with_rules(Ecosystem::SWIFT_URL, 11, "swift", swift::normalise, "swift"),
    distribution("Ubuntu", 33, "deb", "ubuntu", "debian"),
    distribution("Wolfi", 34, "apk", "wolfi", "alpine"),
    with_rules(Ecosystem::CRATES_IO, 1, "cargo", as_written, "semver"),
    with_rules(Ecosystem::NPM, 4, "npm", as_written, "npm"),
    on_request(with_rules(Ecosystem::OPAM, 17, "opam", as_written, "opam")),
    distribution("openEuler", 35, "rpm", "openeuler", "rpm"),
    distribution("openSUSE", 36, "rpm", "opensuse", "rpm"),
];

const fn with_rules(
    ecosystem: Ecosystem,
    code: u8,
    purl_type: &'static str,
    normalise: fn(&str) -> Cow<'_, str>,
    scheme: &'static str,
) -> EcosystemRow {
    EcosystemRow {
        ecosystem,
        code,
        rules: Some(Rules {
            purl_type,
            purl_namespace: "",
            normalise,
            scheme,
        }),
        is_usual: true,
    }
}

/// A distribution. OSV names its releases (`Debian:12`), and this is what holds for each of them.
const fn distribution(
    name: &'static str,
    code: u8,
    purl_type: &'static str,
    purl_namespace: &'static str,
    scheme: &'static str,
) -> EcosystemRow {
    EcosystemRow {
        ecosystem: Ecosystem::constant(name),
        code,
        is_usual: false,
        rules: Some(Rules {
            purl_type,
            purl_namespace,
            normalise: as_written,
            scheme,
        }),
    }
}

/// An ecosystem whose advisories are taken where they are asked for: an export may not have it.
const fn on_request(mut row: EcosystemRow) -> EcosystemRow {
    row.is_usual = false;
    row
}

const fn name_only(name: &'static str, code: u8) -> EcosystemRow {
    EcosystemRow {
        ecosystem: Ecosystem::constant(name),
        code,
        is_usual: false,
        rules: None,
    }
}

/// `version`, as an advisory spells it, in the spelling of `locked`: Go writes `v1.2.3` for a module and `go1.2.3` for a
/// toolchain, where advisories leave the front out, and `1.27rc3` for a version of its own that advisories call `1.27.0-rc.3`.
#[must_use]
pub fn spelled_like<'v>(ecosystem: &Ecosystem, locked: &str, version: &'v str) -> Cow<'v, str> {
    if *ecosystem != Ecosystem::GO {
        return Cow::Borrowed(version);
    }
    if locked.starts_with('v') {
        return match version.starts_with('v') {
            true => Cow::Borrowed(version),
            false => Cow::Owned(format!("v{version}")),
        };
    }
    // Only Go's own version is written without its third number, or with the candidate's behind the second.
    let own = match version::go::toolchain(locked) == locked {
        true => Cow::Borrowed(version),
        false => version::go::directive(version),
    };
    match locked.starts_with("go") && !own.starts_with("go") {
        true => Cow::Owned(format!("go{own}")),
        false => own,
    }
}

/// Files with packages of `ecosystem` lie in nearly every repository, whatever else is in it, and mostly name versions that move. So what
/// a database cannot say of them is a partial gap, where it is blind for others.
#[must_use]
pub fn lies_everywhere(ecosystem: &Ecosystem) -> bool {
    *ecosystem == Ecosystem::GITHUB_ACTIONS
}

/// Package managers whose packages have no ecosystem in OSV's schema, so that no database of advisories speaks of them: with the type of
/// their package URLs, in the order of the names.
pub static WITHOUT_ADVISORIES: &[(&str, &str)] = &[
    ("Bazel", "bazel"),
    ("CPAN", "cpan"),
    ("CocoaPods", "cocoapods"),
    ("Crystal", "generic"),
    ("Helm", "generic"),
    ("Nimble", "generic"),
    ("Nix", "generic"),
    ("Terraform", "generic"),
    ("conda", "conda"),
    ("git", "generic"),
    ("pre-commit", "generic"),
    ("vcpkg", "vcpkg"),
];

/// No database speaks of packages of `ecosystem`: they are listed, and that they are not checked is a partial gap, since no other
/// database would change it.
#[must_use]
pub fn has_no_advisories(ecosystem: &Ecosystem) -> bool {
    WITHOUT_ADVISORIES
        .iter()
        .any(|(name, _)| *name == ecosystem.as_str())
}

/// The ecosystems with rules.
pub fn with_a_scheme() -> impl Iterator<Item = &'static Ecosystem> {
    ROWS.iter()
        .filter(|row| row.rules.is_some())
        .map(|row| &row.ecosystem)
}

/// The ecosystems that a new database takes unless it is asked for others.
pub fn usual() -> impl Iterator<Item = &'static Ecosystem> {
    ROWS.iter().filter(|row| row.is_usual).map(|row| &row.ecosystem)
}

fn row(name: &str) -> Option<&'static EcosystemRow> {
    ROWS.iter().find(|row| row.ecosystem.as_str() == name)
}

/// The rules of `ecosystem`, which are those of its family: `Debian:12` has those of `Debian`.
#[must_use]
pub fn rules(ecosystem: &Ecosystem) -> Option<&'static Rules> {
    row(ecosystem.family())?.rules.as_ref()
}

/// The byte that stands for the ecosystem called `name` in the index, if one does.
#[must_use]
pub fn code(name: &str) -> Option<u8> {
    row(name).map(|row| row.code)
}

/// The ecosystem that `code` stands for in the index.
#[must_use]
pub fn of_code(code: u8) -> Option<&'static Ecosystem> {
    let row = ROWS.iter().find(|row| row.code == code)?;
    Some(&row.ecosystem)
}

/// The spelling under which the index keeps `name`; ecosystems without rules keep it as written.
#[must_use]
pub fn normalise<'n>(ecosystem: &Ecosystem, name: &'n str) -> Cow<'n, str> {
    rules(ecosystem).map_or(Cow::Borrowed(name), |rules| (rules.normalise)(name))
}

/// As [`normalise`], of a text that may be borrowed for longer.
#[must_use]
pub fn normalised<'n>(ecosystem: &Ecosystem, name: Cow<'n, str>) -> Cow<'n, str> {
    let changed = match normalise(ecosystem, &name) {
        Cow::Borrowed(_) => None,
        Cow::Owned(changed) => Some(changed),
    };
    changed.map_or(name, Cow::Owned)
}

/// The version order of `ecosystem`; `None` for one without rules.
#[must_use]
pub fn scheme(ecosystem: &Ecosystem) -> Option<&'static dyn Scheme> {
    version::scheme(rules(ecosystem)?.scheme)
}

fn as_written(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

/// Names whose case says nothing.
fn any_case(name: &str) -> Cow<'_, str> {
    match name.chars().any(char::is_uppercase) {
        true => Cow::Owned(name.to_lowercase()),
        false => Cow::Borrowed(name),
    }
}

/// PEP 503: lower case, runs of `-`, `_` and `.` become one `-`.
fn pep503(name: &str) -> Cow<'_, str> {
    let normal = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if normal && !name.contains("--") {
        return Cow::Borrowed(name);
    }
    let mut normalised = String::with_capacity(name.len());
    let mut run = false;
    for character in name.chars() {
        let separator = matches!(character, '-' | '_' | '.');
        if !separator {
            normalised.push(character.to_ascii_lowercase());
        } else if !run {
            normalised.push('-');
        }
        run = separator;
    }
    Cow::Owned(normalised)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn go_has_three_spellings() {
        for (locked, version, written) in [
            ("v1.2.3", "1.2.4", "v1.2.4"),
            ("v1.2.3", "2.0.0-rc.1", "v2.0.0-rc.1"),
            ("1.2.3", "2.0.0-rc.1", "2.0.0-rc.1"),
            ("go1.27.0", "1.27.1", "go1.27.1"),
            ("go1.27", "1.27.0-rc.3", "go1.27rc3"),
            ("1.27", "1.27.0-rc.3", "1.27rc3"),
            ("1.27rc1", "1.27.0-rc.3", "1.27rc3"),
            ("1.27", "1.27.1", "1.27.1"),
        ] {
            assert_eq!(spelled_like(&Ecosystem::GO, locked, version), written, "{locked}");
        }
        assert_eq!(
            spelled_like(&Ecosystem::NPM, "1.27", "1.27.0-rc.3"),
            "1.27.0-rc.3"
        );
    }

    #[test]
    fn each_row_has_a_code_of_its_own_and_a_scheme_that_there_is() {
        let codes: BTreeSet<u8> = ROWS.iter().map(|row| row.code).collect();
        assert_eq!(codes, (1..=37).collect());
        assert!(ROWS.is_sorted_by_key(|row| row.ecosystem.as_str()));
        for ecosystem in with_a_scheme() {
            assert!(scheme(ecosystem).is_some(), "{ecosystem}");
        }
    }

    #[test]
    fn what_has_no_advisories_has_no_rules() {
        assert!(WITHOUT_ADVISORIES.is_sorted());
        for (name, _) in WITHOUT_ADVISORIES {
            assert!(row(name).is_none(), "{name}");
        }
    }

    #[test]
    fn releases_have_the_rules_of_their_distribution() {
        for (name, scheme_name) in [
            ("Debian:12", "debian"),
            ("Ubuntu:22.04:LTS", "debian"),
            ("Ubuntu:Pro:18.04:LTS", "debian"),
            ("Alpine:v3.19", "alpine"),
            ("Wolfi", "alpine"),
            ("Red Hat:enterprise_linux:9::baseos", "rpm"),
            ("Rocky Linux:9", "rpm"),
            ("SUSE:Linux Enterprise Server 15 SP5", "rpm"),
            ("openSUSE:Leap 15.6", "rpm"),
        ] {
            let ecosystem = Ecosystem::named(name);
            let found = scheme(&ecosystem).map(Scheme::name);
            assert_eq!(found, Some(scheme_name), "{name}");
            // Names in an index are whole.
            assert_eq!(code(name).is_some(), !name.contains(':'), "{name}");
            assert!(
                !usual().any(|usual| usual.as_str() == ecosystem.family()),
                "{name}"
            );
        }
        assert!(rules(&Ecosystem::named("Debianish:12")).is_none());
    }

    #[test]
    fn names_are_normalised() {
        assert_eq!(normalise(&Ecosystem::PYPI, "Django__Foo.-bar"), "django-foo-bar");
        assert_eq!(
            normalise(&Ecosystem::GO, "github.com/BurntSushi/toml"),
            "github.com/BurntSushi/toml"
        );
        assert_eq!(normalise(&Ecosystem::NUGET, "Acme.Web_2"), "acme.web_2");
        assert_eq!(normalise(&Ecosystem::PACKAGIST, "Acme/Log_a"), "acme/log_a");
        assert_eq!(normalise(&Ecosystem::named("Acme"), "A"), "A");
    }
}
